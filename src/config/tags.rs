//! `[[tags]]` of `keyholder.toml`: which tags there should be, what they were called before, and in which workspaces.
//!
//! Owns how it is written, and that no two of them mean one tag. What is done about them is planned elsewhere.

use std::collections::BTreeMap;

use super::key_policy::tables_of;
use super::smell::shown;
use super::toml::{Found, Section, text_of};
use crate::domain::fleet::Place;
use crate::domain::tag::loose;
use crate::domain::{AccountPolicy, TagSpec};

/// The longest label and description: what the API takes is unpublished, and nobody reads more.
const LONGEST: usize = 200;

/// A text with the place it stands at.
type Placed<'s> = Found<'s, String>;

/// A spec, and where each of its labels stands.
struct Draft<'s> {
    label: Placed<'s>,
    former: Vec<Placed<'s>>,
    description: Option<String>,
    workspaces: BTreeMap<String, String>,
    place: Place,
}

/// Reads all of them.
pub(super) fn read(root: &Section<'_>, accounts: &AccountPolicy) -> Vec<TagSpec> {
    let Some(item) = root.item("tags") else { return Vec::new() };
    let Some(tables) = tables_of(item.value) else {
        item.refuse("`tags` is not a list of tables", "begin each tag with [[tags]]");
        return Vec::new();
    };
    let source = root.source();
    let opened = |(table, at): (_, Option<_>)| {
        Section::new(source, table, item.path.clone(), at.unwrap_or_else(|| item.at.clone()))
    };
    let drafts: Vec<Draft<'_>> = tables.into_iter().map(opened).filter_map(read_one).collect();
    check(&drafts);
    for draft in &drafts {
        claim(draft, accounts);
    }
    drafts.into_iter().map(TagSpec::from).collect()
}

impl From<Draft<'_>> for TagSpec {
    fn from(draft: Draft<'_>) -> Self {
        let Draft { label, former, description, workspaces, place } = draft;
        let former = former.into_iter().map(|found| found.value).collect();
        Self { label: label.value, description, former, workspaces, place }
    }
}

fn read_one(section: Section<'_>) -> Option<Draft<'_>> {
    let place = section.source().place(section.at().start);
    let label = section.text("label").and_then(|text| line(&text, "label", "name the tag, or take the entry out"));
    if section.item("label").is_none() {
        section.missing("label", "write label = \"Team North\"");
    }
    let described = "leave `description` out: what is there stays as it is";
    let description = section.text("description").and_then(|text| line(&text, "description", described));
    let former = section.texts("former").map(|list| list.value).unwrap_or_default();
    let former = former.iter().filter_map(|text| line(text, "former label", "take it out of the list")).collect();
    let workspaces = section.section("workspaces").map(|table| read_selector(&table)).unwrap_or_default();
    section.close(&[
        ("name", "a tag has a `label`"),
        ("labels", "the labels a workspace must have stand in `workspaces = { tier = \"gold\" }`"),
        ("color", "tags have no colour in the API"),
        ("colour", "tags have no colour in the API"),
    ]);
    Some(Draft { label: label?, former, description: description.map(|found| found.value), workspaces, place })
}

/// Takes one line of text without what surrounds it; the API compares labels after trimming.
fn line<'s>(text: &Found<'s, &'s str>, what: &str, blank: &str) -> Option<Placed<'s>> {
    let trimmed = text.value.trim();
    if trimmed.is_empty() {
        text.refuse(format!("the {what} is blank"), blank);
    } else if trimmed.chars().any(char::is_control) {
        text.refuse(format!("the {what} holds a control character"), "write it in one line, without tabs");
    } else if trimmed.chars().count() > LONGEST {
        text.refuse(format!("the {what} is longer than {LONGEST} characters"), "shorten it");
    } else {
        return Some(text.with(trimmed.to_owned()));
    }
    None
}

fn read_selector(table: &Section<'_>) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    for (name, item) in table.entries() {
        if name.value.is_empty() || name.value.contains('=') || name.value.chars().any(char::is_whitespace) {
            name.refuse("a label's name has no blanks and no `=`", "name a label as the workspaces' files have it");
        }
        if let Some(text) = text_of(&item) {
            labels.insert(name.value.to_owned(), text.value.to_owned());
        }
    }
    labels
}

/// Refuses what would make two of them one tag, where both can be in one workspace: a label or former label of one that is nearly one of
/// another.
fn check(drafts: &[Draft<'_>]) {
    for (at, draft) in drafts.iter().enumerate() {
        if let Some(own) = draft.former.iter().find(|former| former.value == draft.label.value) {
            own.refuse("this is the label itself, not a former one", "take it out of the list");
        }
        for earlier in drafts.iter().take(at).filter(|earlier| may_meet(earlier, draft)) {
            clash(earlier, draft);
        }
    }
}

/// Refuses a label that the owners of sending accounts keep: two parts of the files would pull at one tag.
fn claim(draft: &Draft<'_>, accounts: &AccountPolicy) {
    for one in std::iter::once(&draft.label).chain(&draft.former).filter(|one| accounts.keeps(&one.value)) {
        one.refuse(
            format!("{} is the tag of a sending account's owner, and [[tags]] may not name it", shown(&one.value)),
            "say whose an account is in [accounts.owners] or in the list of owners; `keyholder accounts owners sync` keeps its tag",
        );
    }
}

/// Tells whether a workspace may have the labels of both.
fn may_meet(one: &Draft<'_>, other: &Draft<'_>) -> bool {
    one.workspaces.iter().all(|(name, value)| other.workspaces.get(name).is_none_or(|its| its == value))
}

fn clash(earlier: &Draft<'_>, draft: &Draft<'_>) {
    let same = |one: &Placed<'_>, other: &Placed<'_>| loose(&one.value) == loose(&other.value);
    let at = &earlier.place;
    if same(&earlier.label, &draft.label) {
        let how = if earlier.label.value == draft.label.value { "the same label" } else { "nearly the same label" };
        draft.label.refuse(
            format!("{how} stands at {at}, and both may be in one workspace"),
            "make one of them, or part them with `workspaces = { … }`; what a tag was called before stands in `former`",
        );
    }
    let former = "a label can be a tag's, or a former one of one tag: drop it from one of them";
    for one in draft.former.iter().filter(|one| same(one, &earlier.label)) {
        one.refuse(format!("{} is the label of the tag at {at}", shown(&one.value)), former);
    }
    for one in earlier.former.iter().filter(|one| same(one, &draft.label)) {
        draft.label.refuse(format!("{} is a former label of the tag at {at}", shown(&one.value)), former);
    }
    let twice = |one: &&Placed<'_>| earlier.former.iter().any(|other| same(one, other));
    for one in draft.former.iter().filter(twice) {
        one.refuse(format!("{} is a former label of the tag at {at} too", shown(&one.value)), former);
    }
}

#[cfg(test)]
mod tests;
