//! Which tags are made, renamed and described: one for each label that is wanted, and none beside one that is nearly the same.

use std::collections::{BTreeMap, BTreeSet};

use super::super::draw::{Item, Note};
use super::super::observed::{Observed, Tagging};
use super::{TagWish, called, several, step, unproven};
use crate::domain::tag::loose;
use crate::domain::{Change, Disposition, Held, HeldReason, RestsOn, Step, Tag, TagChange, TagId};

/// A tag that is wanted, by one wish or by several.
#[derive(Debug, Clone, Default)]
struct Want {
    description: Option<String>,
    former: BTreeSet<String>,
    /// Whether a wish says that it should be there; else it is only made where something is to carry it.
    present: bool,
}

/// What becomes of every label that is wanted.
#[derive(Debug, Default)]
pub(super) struct Synced {
    wants: BTreeMap<String, Want>,
    items: BTreeMap<String, Item>,
}

impl Synced {
    /// Returns the steps, in the order of the labels.
    pub(super) fn items(&self) -> impl Iterator<Item = &Item> {
        self.items.values()
    }

    /// Returns the step that makes a tag of this label, or gives it this label, where there is none yet.
    pub(super) fn making(&self, label: &str) -> Option<&Item> {
        let is_new = |item: &&Item| {
            let change = &item.step.change;
            matches!(change, Change::Tag(TagChange::Create { .. } | TagChange::Alter { from: Some(_), .. }))
                && !matches!(item.disposition, Disposition::Already(_))
        };
        self.items.get(label.trim()).filter(is_new)
    }

    /// Tells whether a tag gets another label.
    pub(super) fn renames(&self, tag: &TagId) -> bool {
        let is_meant = |item: &Item| {
            let change = &item.step.change;
            matches!(change, Change::Tag(TagChange::Alter { tag: meant, from: Some(_), .. }) if meant == tag)
        };
        self.items.values().any(is_meant)
    }

    /// Returns the former labels of the tag that a change makes, or gives its label.
    pub(super) fn former_of(&self, change: &Change) -> impl Iterator<Item = &str> {
        let label = match change {
            Change::Tag(TagChange::Create { label, .. } | TagChange::Alter { from: Some(_), label, .. }) => Some(label),
            _ => None,
        };
        let former = label.and_then(|label| self.wants.get(label)).map(|want| &want.former);
        former.into_iter().flatten().map(String::as_str)
    }

    /// Finds the wanted label that a tag bears, bore, or nearly bears.
    pub(super) fn named(&self, tag: &Tag) -> Option<&str> {
        let near = loose(&tag.label);
        let names = |(label, want): &(&String, &Want)| {
            loose(label) == near || want.former.iter().any(|former| tag.is_called(former))
        };
        self.wants.iter().find(names).map(|(label, _)| label.as_str())
    }
}

/// Gathers what is wanted. Of two wishes about one label the smaller description counts, whichever came first.
fn wants(wishes: &[TagWish]) -> BTreeMap<String, Want> {
    let mut wants: BTreeMap<String, Want> = BTreeMap::new();
    let mut described: BTreeMap<String, (bool, String)> = BTreeMap::new();
    for wish in wishes {
        let (label, description, former, present) = match wish {
            TagWish::Present { label, description, former } => (label, description, &former[..], true),
            TagWish::Assigned { label, make: Some(description), assign: true, .. } => {
                (label, description, &[][..], false)
            }
            TagWish::Assigned { .. } | TagWish::Pruned { .. } => continue,
        };
        let label = label.trim().to_owned();
        if let Some(text) = description {
            let told = (!present, text.trim().to_owned());
            let least = described.entry(label.clone()).or_insert_with(|| told.clone());
            if told < *least {
                *least = told;
            }
        }
        let want = wants.entry(label).or_default();
        want.former.extend(former.iter().map(|former| former.trim().to_owned()));
        want.present |= present;
    }
    for (label, (only_made, text)) in described {
        if let Some(want) = wants.get_mut(&label)
            // How a tag is described that is only made does not change one that is there.
            && !(only_made && want.present)
        {
            want.description = Some(text);
        }
    }
    // A label is nobody's former one, and a former one is one tag's alone.
    let labels: BTreeSet<String> = wants.keys().map(|label| loose(label)).collect();
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for (label, want) in &mut wants {
        let own = loose(label);
        want.former.remove(label);
        want.former.retain(|former| {
            let near = loose(former);
            (near == own || !labels.contains(&near)) && !taken.contains(&near)
        });
        taken.extend(want.former.iter().map(|former| loose(former)));
    }
    wants
}

/// Draws the steps about the tags themselves.
pub(super) fn draw(observed: &Observed, wishes: &[TagWish], notes: &mut Vec<Note>) -> Synced {
    let wants = wants(wishes);
    let unproven = unproven(observed);
    let nothing = Tagging::default();
    let tagging = observed.tagging.as_deref().unwrap_or(&nothing);
    let pruned: BTreeSet<&TagId> = wishes
        .iter()
        .filter_map(|wish| if let TagWish::Pruned { tag } = wish { Some(tag) } else { None })
        .filter(|tag| tagging.counts.get(*tag).is_some_and(|carried| carried.all() == 0))
        .collect();
    let mut items = BTreeMap::new();
    let mut coming: BTreeMap<String, &str> = BTreeMap::new();
    // Where one is renamed its place is free, and what is to be there is as good as there.
    let renamed: BTreeSet<TagId> =
        wants.iter().filter_map(|(label, want)| to_rename(tagging, label, want)).map(|tag| tag.id.clone()).collect();
    for (label, want) in &wants {
        let near = || {
            let tags = tagging.tags.rows.iter().filter(|tag| !renamed.contains(&tag.id));
            let mut there: Vec<&str> =
                tags.map(|tag| tag.label.trim()).filter(|other| loose(other) == loose(label)).collect();
            there.sort_unstable();
            there.first().copied().or_else(|| coming.get(&loose(label)).copied())
        };
        let item = match &unproven {
            Some(held) => Some(Item::held(create(observed, label, want), held.clone())),
            None => one(observed, tagging, (label, want), near, &pruned, notes),
        };
        if let Some(item) = item {
            coming.entry(loose(label)).or_insert(label);
            items.insert(label.clone(), item);
        }
    }
    Synced { wants, items }
}

fn creation(label: &str, want: &Want) -> TagChange {
    TagChange::Create { label: label.to_owned(), description: want.description.clone() }
}

fn create(observed: &Observed, label: &str, want: &Want) -> Step {
    step(observed, creation(label, want), RestsOn::NoTag)
}

/// Returns the tag that is to get this label: the only one of a former label, where no tag bears the label itself.
fn to_rename<'a>(tagging: &'a Tagging, label: &str, want: &Want) -> Option<&'a Tag> {
    match &before(tagging, want)[..] {
        [only] if tagging.called(label).next().is_none() => Some(*only),
        _ => None,
    }
}

/// Returns the tags of former labels, by label and id.
fn before<'a>(tagging: &'a Tagging, want: &Want) -> Vec<&'a Tag> {
    let is_former = |tag: &&Tag| want.former.iter().any(|former| tag.is_called(former));
    let mut tags: Vec<&Tag> = tagging.tags.rows.iter().filter(is_former).collect();
    tags.sort_by(|a, b| (&a.label, &a.id).cmp(&(&b.label, &b.id)));
    tags.dedup_by(|a, b| a.id == b.id);
    tags
}

fn one<'a>(
    observed: &Observed,
    tagging: &Tagging,
    (label, want): (&str, &Want),
    near: impl Fn() -> Option<&'a str>,
    pruned: &BTreeSet<&TagId>,
    notes: &mut Vec<Note>,
) -> Option<Item> {
    let there = called(tagging, label);
    let former = before(tagging, want);
    if let Some(first) = there.first() {
        // Only made where it is missing: then nothing is to be said of it.
        if !want.present {
            return None;
        }
        for tag in former.iter().filter(|tag| !pruned.contains(&tag.id)) {
            let was = &tag.label;
            let text = format!(
                "the former label \"{was}\" is there too, and nothing was merged: put \"{label}\" on what carries it (`keyholder tags \
                 assign`, query `tag:\"{was}\"`), take \"{was}\" off (`keyholder tags unassign`), then `keyholder tags sync --prune`"
            );
            notes.push(Note::new(observed, label, text));
        }
        let differs = |tag: &&&Tag| described(tag) != want.description.as_deref() && want.description.is_some();
        let change = TagChange::Alter {
            tag: first.id.clone(),
            from: None,
            label: label.to_owned(),
            description: want.description.clone(),
        };
        let there_already = || step(observed, creation(label, want), RestsOn::tag(first));
        return Some(match (there.len(), there.iter().find(differs)) {
            (1, Some(_)) => Item::send(step(observed, change, RestsOn::tag(first))),
            (1, None) => Item::already(there_already(), format!("tag {} bears this label", first.id)),
            (several, None) => Item::already(there_already(), format!("{several} tags bear this label")),
            (of, Some(_)) => Item::held(step(observed, change, RestsOn::tag(first)), several(label, of)),
        });
    }
    match &former[..] {
        [] => Some(match near() {
            Some(other) => Item::held(create(observed, label, want), nearly(label, other)),
            None => Item::send(create(observed, label, want)),
        }),
        [tag] => {
            let differs = want.description.is_some() && described(tag) != want.description.as_deref();
            let change = TagChange::Alter {
                tag: tag.id.clone(),
                from: Some(tag.label.clone()),
                label: label.to_owned(),
                description: if differs { want.description.clone() } else { None },
            };
            let step = step(observed, change, RestsOn::tag(tag));
            Some(match near() {
                Some(other) => Item::held(step, nearly(label, other)),
                None => Item::send(step),
            })
        }
        several => {
            let labels: Vec<String> = several.iter().map(|tag| format!("\"{}\"", tag.label)).collect();
            Some(Item::held(
                create(observed, label, want),
                Held::new(
                    HeldReason::TagAmbiguous,
                    format!("{} tags bear former labels of it: {}", several.len(), labels.join(", ")),
                    "name in `former` only the one that is to be renamed, or rename one of them in the app",
                ),
            ))
        }
    }
}

fn described(tag: &Tag) -> Option<&str> {
    tag.description.as_deref().map(str::trim)
}

/// A tag beside one that is nearly the same is what a taxonomy is to prevent.
fn nearly(label: &str, other: &str) -> Held {
    Held::new(
        HeldReason::TagAmbiguous,
        format!("a tag \"{other}\" is there, nearly the same as \"{label}\""),
        format!(
            "use the label that is there; or, to rename it, have \"{label}\" in [[tags]] of keyholder.toml with `former = [\"{other}\"]` and \
             run `keyholder tags sync`"
        ),
    )
}
