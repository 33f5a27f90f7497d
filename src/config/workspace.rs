//! `workspaces/*.toml`: one client workspace a table, each read for itself. What lies between them is `cross`'s.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::agency;
use super::pieces::pieces;
use super::smell::{shown, smells};
use super::source::{Source, three_ways};
use super::toml::{Found, Section, text_of, texts_of};
use crate::domain::fleet::{Place, Reach, Share};
use crate::domain::{KeyRef, Mode, WorkspaceId, WorkspaceName};

/// A workspace as its table says, with the places the cross checks need. What could not be read is absent and reported.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) place: Place,
    pub(super) name: Option<(WorkspaceName, Place)>,
    pub(super) id: Option<(WorkspaceId, Place)>,
    /// `via` where it is one; the key where that is; none where neither could be read.
    pub(super) reach: Option<(Reach, Place)>,
    pub(super) store: Option<Vec<String>>,
    pub(super) mode: Option<Mode>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) display_name: Option<String>,
    pub(super) share: Option<Share>,
}

/// Workspaces that are parsed at a time.
const AT_ONCE: usize = 512;

/// Reads a file: one workspace at the top level, or several `[[workspace]]`.
pub(super) fn read(source: &Source) -> Vec<Draft> {
    read_in_pieces(source, AT_ONCE)
}

/// Reads a file, a long one in pieces. Where a piece is no TOML it is read whole, so that what is said does not depend on where it was cut.
fn read_in_pieces(source: &Source, most: usize) -> Vec<Draft> {
    let pieces = pieces(source.text(), most).and_then(|pieces| {
        source.attempt(|| {
            let read = |piece| Some(read_document(source, source.parse_piece(piece)?.as_table()));
            Some(pieces.into_iter().map(read).collect::<Option<Vec<_>>>()?.into_iter().flatten().collect())
        })
    });
    pieces.or_else(|| Some(read_document(source, source.parse()?.as_table()))).unwrap_or_default()
}

fn read_document(source: &Source, root: &toml_edit::Table) -> Vec<Draft> {
    let Some(list) = root.get("workspace") else {
        // The place of a workspace is its first key, not the comment above it.
        let first = root.iter().next().and_then(|(name, _)| root.key(name)).and_then(toml_edit::Key::span);
        return vec![read_one(Section::new(source, root, "", first.unwrap_or(0..0)))];
    };
    let top = Section::new(source, root, "", 0..0);
    let drafts = if let Some(tables) = list.as_array_of_tables() {
        let begin = |table: &toml_edit::Table| table.span().unwrap_or(0..0);
        tables.iter().map(|table| read_one(Section::new(source, table, "workspace", begin(table)))).collect()
    } else {
        if let Some(item) = top.item("workspace") {
            item.refuse("`workspace` is not a list of tables", "begin each workspace with [[workspace]]");
        }
        Vec::new()
    };
    drop(top.item("workspace"));
    top.close(&[
        ("name", "a file holds one workspace at the top or several [[workspace]], not both"),
        ("key", "a file holds one workspace at the top or several [[workspace]], not both"),
        ("id", "a file holds one workspace at the top or several [[workspace]], not both"),
    ]);
    drafts
}

fn read_one(section: Section<'_>) -> Draft {
    let source = section.source();
    let placed = |at: std::ops::Range<usize>| source.place(at.start);
    let (reach, store) = read_reach(&section);
    let draft = Draft {
        place: placed(section.at()),
        name: read_name(&section).map(|found| (found.value, placed(found.at))),
        id: read_id(&section).map(|found| (found.value, placed(found.at))),
        reach,
        store,
        mode: section.word("mode", &Mode::WORDS).map(|found| found.value),
        labels: section.section("labels").map(|labels| read_labels(&labels)).unwrap_or_default(),
        display_name: section.text("display_name").map(|found| found.value.to_owned()),
        share: agency::share(&section),
    };
    let in_defaults = "this belongs to [defaults] in keyholder.toml";
    section.close(&[
        ("base_url", in_defaults),
        ("timeout", in_defaults),
        ("settle", in_defaults),
        ("deadline", in_defaults),
        (
            "api_key",
            "write key = { file = \"secrets/NAME.key\" }, { env = \"…\" } or { command = […] }; never the key itself",
        ),
        (
            "token",
            "write key = { file = \"secrets/NAME.key\" }, { env = \"…\" } or { command = […] }; never the key itself",
        ),
    ]);
    draft
}

fn read_name<'s>(section: &Section<'s>) -> Option<Found<'s, WorkspaceName>> {
    let Some(text) = section.text("name") else {
        if section.item("name").is_none() {
            section.missing("name", "every workspace has a name of its own: name = \"acme\"");
        }
        return None;
    };
    if smells(text.value) {
        text.refuse(
            "something here looks like an API key, not a name",
            "name the workspace; name the key by reference",
        );
        return None;
    }
    let Ok(name) = WorkspaceName::parse(text.value) else {
        let hint = WorkspaceName::slug(text.value)
            .filter(|_| shown(text.value).starts_with('`'))
            .map(|slug| format!("write name = \"{slug}\"; the name for people goes into `display_name`"));
        text.refuse_with(format!("this is not a workspace name: {}", WorkspaceName::RULE), hint);
        return None;
    };
    section.parsed("name", "a workspace name", WorkspaceName::RULE, |_| Some(name))
}

fn read_id<'s>(section: &Section<'s>) -> Option<Found<'s, WorkspaceId>> {
    section.parsed(
        "id",
        "a workspace id",
        "the workspace's id as `keyholder check` shows it, or leave it out and run `keyholder pin`",
        |text| WorkspaceId::parse(text).ok().filter(|_| !smells(text)),
    )
}

fn read_labels(section: &Section<'_>) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    for (name, item) in section.entries() {
        if name.value.is_empty() || name.value.contains('=') || name.value.chars().any(char::is_whitespace) {
            name.refuse("a label's name has no blanks and no `=`", "`-l NAME=VALUE` must be able to say it");
        }
        if let Some(text) = text_of(&item) {
            labels.insert(name.value.to_owned(), text.value.to_owned());
        }
    }
    labels
}

/// A key by reference, and the program that stores another one there.
type Named = (KeyRef, Option<Vec<String>>);

/// Reads `key` or `via`; exactly one of them must stand there.
fn read_reach(section: &Section<'_>) -> (Option<(Reach, Place)>, Option<Vec<String>>) {
    let key = section.item("key");
    let via = section.item("via");
    let place = |at: &std::ops::Range<usize>| section.source().place(at.start);
    match (key, via) {
        (None, None) => {
            section.source().report(
                section.at(),
                "key",
                "neither `key` nor `via` says how it is reached",
                three_ways(),
            );
            (None, None)
        }
        (Some(key), Some(via)) => {
            via.refuse("a workspace has a key of its own or is reached `via` another, not both", "drop one of them");
            drop(read_key(&key));
            (None, None)
        }
        (Some(key), None) => match read_key(&key) {
            Some((reference, store)) => (Some((Reach::Own(reference), place(&key.at))), store),
            None => (None, None),
        },
        (None, Some(via)) => (read_via(section, &via), None),
    }
}

fn read_via(section: &Section<'_>, via: &Found<'_, &toml_edit::Item>) -> Option<(Reach, Place)> {
    let text = text_of(via)?;
    let Ok(name) = WorkspaceName::parse(text.value) else {
        text.refuse("this is not a workspace name", "`via` names the workspace whose key is used");
        return None;
    };
    if section.item("id").is_none() {
        section.missing("id", "a workspace reached `via` another is addressed by its id alone, so it must stand here");
    }
    Some((Reach::Via(name), section.source().place(text.at.start)))
}

fn read_key(item: &Found<'_, &toml_edit::Item>) -> Option<Named> {
    if item.value.is_str() {
        item.refuse_with("an API key must not stand in this file: name the key by reference", three_ways());
        return None;
    }
    let section = Section::of(item)?;
    let (env, file, command) = (section.item("env"), section.item("file"), section.item("command"));
    let given = [&env, &file, &command].into_iter().flatten().count();
    let reference = match (env, file, command) {
        _ if given != 1 => {
            item.refuse_with("a key is named by exactly one of `env`, `file` and `command`", three_ways());
            None
        }
        (Some(env), ..) => read_env(&env),
        (_, Some(file), _) => read_file(&file),
        (.., Some(command)) => read_command(&command),
        _ => None,
    };
    let store = section.item("store").and_then(|item| read_store(&item, reference.as_ref()));
    section.close(&[]);
    Some((reference?, store))
}

/// Reads the store command, which makes sense only beside a key command: what it keeps must be read back to prove it.
fn read_store(item: &Found<'_, &toml_edit::Item>, reference: Option<&KeyRef>) -> Option<Vec<String>> {
    match reference {
        Some(KeyRef::File(_)) => {
            item.refuse("keyholder writes a key file itself", "drop `store`; it belongs beside `command`");
            return None;
        }
        Some(KeyRef::Env(_)) => {
            item.refuse(
                "what a store command keeps cannot be read back from a variable of this process",
                "name the key by the command that reads it: key = { command = […], store = […] }",
            );
            return None;
        }
        Some(KeyRef::Command(_)) | None => {}
    }
    if item.value.is_str() {
        item.refuse("a command is a list of words: it is run without a shell", "store = [\"pass\", \"insert\", \"…\"]");
        return None;
    }
    let texts = texts_of(item)?;
    let words = checked_words(texts.value.iter().map(|text| text.value.to_owned()).collect());
    if words.is_none() {
        texts.refuse(
            "this is not a command that stores a key",
            "name a program that reads the key on its standard input: store = [\"pass\", \"insert\", \"…\"]",
        );
    }
    words
}

fn read_env(item: &Found<'_, &toml_edit::Item>) -> Option<KeyRef> {
    let text = text_of(item)?;
    let reference = env_name(text.value);
    if reference.is_none() {
        text.refuse_with("this is not the name of a variable: name the key by reference", three_ways());
    }
    reference
}

/// Takes the name of a variable; what smells of a key is none.
pub(super) fn env_name(text: &str) -> Option<KeyRef> {
    let fits = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && text.bytes().next().is_some_and(|b| !b.is_ascii_digit())
        && text.len() <= 128
        && !smells(text);
    fits.then(|| KeyRef::Env(text.to_owned()))
}

fn read_file(item: &Found<'_, &toml_edit::Item>) -> Option<KeyRef> {
    let text = text_of(item)?;
    if text.value.starts_with('~') {
        text.refuse("`~` is a shell's word and not expanded here", "write the whole path, or one relative to the root");
        return None;
    }
    let reference = file_path(text.value);
    if reference.is_none() {
        text.refuse_with("this is not the path of a file: name the key by reference", three_ways());
    }
    reference
}

/// Takes the path of a key file; what smells of a key is none.
pub(super) fn file_path(text: &str) -> Option<KeyRef> {
    let fits = !text.trim().is_empty() && !text.contains('\0') && !smells(text) && !text.contains('\n');
    fits.then(|| KeyRef::File(PathBuf::from(text)))
}

fn read_command(item: &Found<'_, &toml_edit::Item>) -> Option<KeyRef> {
    if item.value.is_str() {
        item.refuse("a command is a list of words: it is run without a shell", "command = [\"op\", \"read\", \"…\"]");
        return None;
    }
    let texts = texts_of(item)?;
    let reference = command_words(texts.value.iter().map(|text| text.value.to_owned()).collect());
    if reference.is_none() {
        texts.refuse_with("this is not a command that prints a key: name the key by reference", three_ways());
    }
    reference
}

/// Takes a program and its arguments; none without a program, with a NUL, or where a word smells of a key.
pub(super) fn command_words(words: Vec<String>) -> Option<KeyRef> {
    checked_words(words).map(KeyRef::Command)
}

fn checked_words(words: Vec<String>) -> Option<Vec<String>> {
    let fits = words.first().is_some_and(|program| !program.trim().is_empty())
        && words.iter().all(|word| !word.contains('\0') && !smells(word));
    fits.then_some(words)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    /// What is read of a text, and what is said about it.
    fn read(text: &str, most: usize) -> (String, String) {
        let source = Source::new(Path::new("workspaces/fleet.toml"), text.as_bytes().to_vec()).unwrap();
        let drafts = read_in_pieces(&source, most);
        let mut problems: Vec<String> = source.finish().iter().map(|problem| format!("{problem:?}")).collect();
        problems.sort();
        (format!("{drafts:#?}"), problems.join("\n"))
    }

    fn lines() -> impl Strategy<Value = String> {
        let line = prop_oneof![
            6 => Just("[[workspace]]"),
            6 => Just("name = \"acme\""),
            4 => Just("key = { file = \"secrets/acme.key\" }"),
            2 => Just("[workspace.labels]\nplan = \"gold\""),
            2 => Just("display_name = \"ä, 'ö'\" # ü"),
            1 => Just("  [[workspace]]\t# birch"),
            1 => Just("nmae = 3"),
            1 => Just("mode = \"sometimes\""),
            1 => Just("name = "),
            1 => Just("id = [\n[[workspace]]\n]"),
            1 => Just("display_name = \"\"\"\n[[workspace]]\n\"\"\""),
            1 => Just("[workspace]"),
            1 => Just("[other]\nname = 1"),
            1 => Just("[[workspace.more]]"),
            1 => Just("\r"),
            1 => Just(""),
        ];
        prop::collection::vec(line, 0..14).prop_map(|lines| lines.join("\n"))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn a_file_that_is_read_in_pieces_says_what_it_says_whole(text in lines(), most in 1..4_usize) {
            prop_assert_eq!(read(&text, most), read(&text, usize::MAX));
        }
    }

    #[test]
    fn pieces_are_read_where_there_are_several() {
        let text = "[[workspace]]\nname = \"a\"\n[[workspace]]\nname = \"b\"\n";
        assert_eq!(pieces(text, 1).map(|pieces| pieces.len()), Some(2));
        assert_eq!(read(text, 1), read(text, 2));
    }
}
