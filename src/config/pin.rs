//! Pinning: writes the ids that were seen into the workspace files, and nothing else.
//!
//! The parser finds the place; the line is then put into the text itself, so comments, order, formatting and line ends stay as
//! they are to the byte (a document printed by the parser would lose CRLF).

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml_edit::Document;

use super::{WORKSPACES, whole};
use crate::domain::{WorkspaceId, WorkspaceName};
use crate::trouble::Advise;

/// What became of one workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    /// The workspace.
    pub name: WorkspaceName,
    /// Its id.
    pub id: WorkspaceId,
    /// Its file, relative to the root.
    pub file: PathBuf,
    /// Whether the file was changed; it was not where the same id already stood there.
    pub changed: bool,
}

/// Why nothing, or not all, was pinned.
#[derive(Debug, thiserror::Error)]
pub enum PinError {
    /// Another id stands in the file: the key opens another workspace than it should.
    #[error("`{name}` is pinned to `{pinned}` in {}, but its key opens `{seen}`", .file.display())]
    Mismatch {
        /// The workspace.
        name: WorkspaceName,
        /// The id in the file.
        pinned: String,
        /// The id seen.
        seen: WorkspaceId,
        /// The file, relative to the root.
        file: PathBuf,
    },
    /// Two different ids for one workspace, or one id for two.
    #[error("`{name}` and `{other}` were seen as one and the same workspace")]
    Twice {
        /// The first.
        name: WorkspaceName,
        /// The second.
        other: WorkspaceName,
    },
    /// No file has it.
    #[error("no file in `workspaces` names `{name}`")]
    Missing {
        /// The workspace.
        name: WorkspaceName,
    },
    /// A file is no longer what `load` accepted.
    #[error("{} changed while it was read", .file.display())]
    Changed {
        /// The file, relative to the root.
        file: PathBuf,
    },
    /// A file could not be read or written. Files before it in order of name are written, each of them whole.
    #[error("{} could not be read or written", .file.display())]
    Io {
        /// The file, relative to the root.
        file: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
}

impl Advise for PinError {
    fn advice(&self) -> Vec<String> {
        let advice = match self {
            Self::Mismatch { .. } => {
                "nothing was written; if the key is the right one, correct the id by hand, else replace the key"
            }
            Self::Twice { .. } => "their keys open the same workspace: replace the key of the wrong one",
            Self::Missing { .. } | Self::Changed { .. } => "nothing was written; run `keyholder check`",
            Self::Io { .. } => "mend the cause and run `keyholder pin` again: what is pinned stays so",
        };
        vec![advice.to_owned()]
    }
}

/// Writes ids into the tables of the workspaces they were seen for. Every refusal comes before the first write.
pub fn write(root: &Path, seen: &[(WorkspaceName, WorkspaceId)]) -> Result<Vec<Pinned>, PinError> {
    let mut wanted: BTreeMap<&str, (&WorkspaceName, &WorkspaceId)> = BTreeMap::new();
    let mut names: BTreeMap<String, &WorkspaceName> = BTreeMap::new();
    for (name, id) in seen {
        if let Some(other) = names.insert(id.as_str().to_ascii_lowercase(), name).filter(|other| *other != name) {
            return Err(PinError::Twice { name: other.clone(), other: name.clone() });
        }
        wanted.insert(name.as_str(), (name, id));
    }
    let mut pinned = Vec::with_capacity(seen.len());
    let mut writes = Vec::new();
    for file in files(root)? {
        let io = |source| PinError::Io { file: file.clone(), source };
        let bytes = std::fs::read(root.join(&file)).map_err(io)?;
        let text = String::from_utf8(bytes).map_err(|_not_utf8| PinError::Changed { file: file.clone() })?;
        let found = pin_text(&file, &text, &wanted)?;
        for (name, _) in &found.seen {
            wanted.remove(name.as_str());
        }
        pinned.extend(found.seen.into_iter().map(|(name, (id, changed))| Pinned {
            name,
            id,
            file: file.clone(),
            changed,
        }));
        if found.text != text {
            writes.push((file, found.text));
        }
    }
    if let Some((name, _)) = wanted.into_values().next() {
        return Err(PinError::Missing { name: name.clone() });
    }
    for (file, text) in writes {
        whole::replace(&root.join(&file), text.as_bytes()).map_err(|source| PinError::Io { file, source })?;
    }
    Ok(pinned)
}

fn files(root: &Path) -> Result<Vec<PathBuf>, PinError> {
    let folder = PathBuf::from(WORKSPACES);
    let io = |source| PinError::Io { file: folder.clone(), source };
    let mut files = Vec::new();
    for entry in root.join(&folder).read_dir().map_err(io)? {
        let entry = entry.map_err(io)?;
        let file = folder.join(entry.file_name());
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if !hidden
            && file.extension().is_some_and(|ending| ending == "toml")
            && entry.file_type().map_err(io)?.is_file()
        {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

#[derive(Debug)]
struct PinnedText {
    text: String,
    seen: Vec<(WorkspaceName, (WorkspaceId, bool))>,
}

type Wanted<'w> = BTreeMap<&'w str, (&'w WorkspaceName, &'w WorkspaceId)>;

/// Puts the wanted ids into one file's text.
fn pin_text(file: &Path, text: &str, wanted: &Wanted<'_>) -> Result<PinnedText, PinError> {
    // The parser counts from behind a byte order mark.
    let (mark, body) = text.strip_prefix('\u{feff}').map_or(("", text), |body| ("\u{feff}", body));
    let changed = || PinError::Changed { file: file.to_owned() };
    let document = Document::parse(body).map_err(|_quotes_lines| changed())?;
    let root = document.as_table();
    let tables: Vec<&toml_edit::Table> = match root.get("workspace").and_then(toml_edit::Item::as_array_of_tables) {
        Some(tables) => tables.iter().collect(),
        None => vec![root],
    };
    let mut seen = Vec::new();
    let mut lines: Vec<(usize, &WorkspaceId)> = Vec::new();
    for table in tables {
        let Some(item) = table.get("name") else { continue };
        let Some((name, id)) = item.as_str().and_then(|name| wanted.get(name)) else { continue };
        match table.get("id").map(toml_edit::Item::as_str) {
            Some(Some(pinned)) if pinned == id.as_str() => seen.push(((*name).clone(), ((*id).clone(), false))),
            Some(Some(pinned)) => {
                let pinned = WorkspaceId::parse(pinned).map_or_else(|_unusable| "…".to_owned(), |id| id.to_string());
                let (name, seen) = ((*name).clone(), (*id).clone());
                return Err(PinError::Mismatch { name, pinned, seen, file: file.to_owned() });
            }
            Some(None) => return Err(changed()),
            None => {
                let Range { end, .. } = item.span().ok_or_else(changed)?;
                lines.push((end, id));
                seen.push(((*name).clone(), ((*id).clone(), true)));
            }
        }
    }
    Ok(PinnedText { text: format!("{mark}{}", insert(body, &lines)), seen })
}

/// Puts an `id` line behind the line in which each `name` ends, with that line's own line end and indentation.
fn insert(body: &str, after: &[(usize, &WorkspaceId)]) -> String {
    let mut out = String::with_capacity(body.len() + after.len() * 64);
    let mut copied = 0;
    for (end, id) in after {
        let start = body[..*end].rfind('\n').map_or(0, |at| at + 1);
        let indent: &str = &body[start..][..body[start..].bytes().take_while(|b| matches!(b, b' ' | b'\t')).count()];
        let line = body[*end..].find('\n').map(|at| end + at + 1);
        let newline = match line {
            Some(at) if body[..at].ends_with("\r\n") => "\r\n",
            None if body.contains("\r\n") => "\r\n",
            _ => "\n",
        };
        let to = line.unwrap_or(body.len());
        out.push_str(&body[copied..to]);
        // At the very end of a file without a last line end, the new line keeps it so.
        let (before, behind) = if line.is_some() { ("", newline) } else { (newline, "") };
        for part in [before, indent, "id = \"", id.as_str(), "\"", behind] {
            out.push_str(part);
        }
        copied = to;
    }
    out.push_str(&body[copied..]);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> WorkspaceName {
        WorkspaceName::parse(text).unwrap()
    }

    fn id(text: &str) -> WorkspaceId {
        WorkspaceId::parse(text).unwrap()
    }

    fn root(files: &[(&str, &str)]) -> tempfile::TempDir {
        let temp = tempfile::tempdir().unwrap();
        std::fs::create_dir(temp.path().join(WORKSPACES)).unwrap();
        for (file, text) in files {
            std::fs::write(temp.path().join(WORKSPACES).join(file), text).unwrap();
        }
        temp
    }

    fn text(root: &tempfile::TempDir, file: &str) -> String {
        std::fs::read_to_string(root.path().join(WORKSPACES).join(file)).unwrap()
    }

    #[test]
    fn the_id_lands_in_the_right_table_and_nothing_else_changes() {
        let temp = root(&[
            ("acme.toml", "# ours\r\nname = 'acme'  # since 2024\r\nkey = { env = \"A\" }\r\n"),
            (
                "group.toml",
                "[[workspace]]\n  name = \"one\"\n  key = { env = \"B\" }\n\n[[workspace]]\nid = \"id-2\"\nkey = { env = \"C\" }\nname = \"two\"",
            ),
        ]);
        let seen = [(name("two"), id("id-2")), (name("acme"), id("id-a")), (name("one"), id("id-1"))];
        let pinned = write(temp.path(), &seen).unwrap();
        assert_eq!(
            pinned.iter().map(|p| (p.name.as_str(), p.changed)).collect::<Vec<_>>(),
            [("acme", true), ("one", true), ("two", false)]
        );
        assert_eq!(
            text(&temp, "acme.toml"),
            "# ours\r\nname = 'acme'  # since 2024\r\nid = \"id-a\"\r\nkey = { env = \"A\" }\r\n"
        );
        assert_eq!(
            text(&temp, "group.toml"),
            "[[workspace]]\n  name = \"one\"\n  id = \"id-1\"\n  key = { env = \"B\" }\n\n[[workspace]]\nid = \"id-2\"\nkey = { env = \"C\" }\nname = \"two\""
        );
        assert!(write(temp.path(), &seen).unwrap().iter().all(|p| !p.changed));
    }

    #[test]
    fn another_id_is_a_mismatch_and_nothing_is_written() {
        let temp = root(&[("a.toml", "name = \"a\"\n"), ("b.toml", "name = \"b\"\nid = \"id-old\"\n")]);
        let error = write(temp.path(), &[(name("a"), id("id-a")), (name("b"), id("id-b"))]).unwrap_err();
        assert_eq!(error.to_string(), "`b` is pinned to `id-old` in workspaces/b.toml, but its key opens `id-b`");
        assert_eq!(text(&temp, "a.toml"), "name = \"a\"\n");
        let twice = write(temp.path(), &[(name("a"), id("id-a")), (name("b"), id("ID-A"))]).unwrap_err();
        assert!(matches!(twice, PinError::Twice { .. }));
        assert!(matches!(write(temp.path(), &[(name("c"), id("id-c"))]), Err(PinError::Missing { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn the_mode_of_a_file_stays() {
        use std::os::unix::fs::PermissionsExt as _;
        let temp = root(&[("a.toml", "name = \"a\"\n")]);
        let path = temp.path().join("workspaces/a.toml");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        write(temp.path(), &[(name("a"), id("id-a"))]).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
    }

    fn table() -> impl Strategy<Value = String> {
        let field = prop_oneof![
            "# [ -~äß]{0,20}",
            Just("mode = \"manage\" # later".to_owned()),
            Just("display_name = '''\nTwo\nlines'''".to_owned()),
            Just("labels.tier = \"gold\"".to_owned()),
            Just(String::new()),
        ];
        (proptest::collection::vec(field.clone(), 0..3), proptest::collection::vec(field, 0..3)).prop_filter_map(
            "fields once",
            |(before, after)| {
                let whole = format!("{}\nname = \"NAME\"  # who\n{}\n", before.join("\n"), after.join("\n"));
                Document::parse(whole.clone()).is_ok().then_some(whole)
            },
        )
    }

    proptest! {
        #[test]
        fn without_the_id_lines_the_file_is_what_it_was(
            tables in proptest::collection::vec(table(), 1..6),
            crlf in any::<bool>(),
            mark in any::<bool>(),
        ) {
            let mut text = if mark { "\u{feff}".to_owned() } else { String::new() };
            for (at, table) in tables.iter().enumerate() {
                text.push_str("[[workspace]]\n");
                text.push_str(&table.replace("NAME", &format!("w{at}")));
            }
            if crlf {
                text = text.replace('\n', "\r\n");
            }
            let names: Vec<_> = (0..tables.len()).map(|at| (name(&format!("w{at}")), id(&format!("pin-{at}")))).collect();
            let wanted: Wanted<'_> = names.iter().map(|(name, id)| (name.as_str(), (name, id))).collect();
            let pinned = pin_text(Path::new("w.toml"), &text, &wanted).unwrap();
            let without: String = pinned.text.split_inclusive('\n').filter(|line| !line.starts_with("id = \"pin-")).collect();
            prop_assert_eq!(without, text);
            let body = pinned.text.trim_start_matches('\u{feff}');
            let document = Document::parse(body).unwrap();
            let tables = document.get("workspace").unwrap().as_array_of_tables().unwrap();
            for (at, table) in tables.iter().enumerate() {
                prop_assert_eq!(table.get("id").unwrap().as_str().unwrap(), format!("pin-{at}"));
            }
        }
    }
}
