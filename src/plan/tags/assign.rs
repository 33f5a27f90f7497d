//! What is to carry a tag, or to carry it no more: steps of at most [`TagChange::MOST`] resources, of those alone that lack the wanted state.

use std::collections::{BTreeMap, BTreeSet};

use super::super::draw::{Item, Note};
use super::super::observed::{Observed, Tagging};
use super::sync::Synced;
use super::{TagWish, called, several, step, uncounted, unproven};
use crate::domain::{Held, HeldReason, ResourceId, ResourceKind, RestsOn, Tag, TagChange};

/// What one tag is put on, or taken off. What is put on comes first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Wanted<'a> {
    off: bool,
    label: &'a str,
    on: ResourceKind,
}

/// Draws the steps. What two wishes say of one tag is one wish; what one puts on, no other takes off.
pub(super) fn draw(observed: &Observed, wishes: &[TagWish], synced: &Synced, notes: &mut Vec<Note>) -> Vec<Item> {
    let mut wanted: BTreeMap<Wanted<'_>, BTreeSet<&ResourceId>> = BTreeMap::new();
    for wish in wishes {
        let TagWish::Assigned { label, on, resources, assign, make: _ } = wish else { continue };
        wanted.entry(Wanted { off: !assign, label: label.trim(), on: *on }).or_default().extend(resources);
    }
    let mut items = Vec::new();
    for (one, resources) in &wanted {
        let kept = wanted.get(&Wanted { off: false, ..one.clone() }).filter(|_| one.off);
        let resources: Vec<&ResourceId> =
            resources.iter().copied().filter(|one| kept.is_none_or(|kept| !kept.contains(one))).collect();
        items.extend(of_label(observed, one, &resources, synced, notes));
    }
    items
}

fn of_label(
    observed: &Observed,
    wanted: &Wanted<'_>,
    resources: &[&ResourceId],
    synced: &Synced,
    notes: &mut Vec<Note>,
) -> Vec<Item> {
    if resources.is_empty() {
        return Vec::new();
    }
    let assign = !wanted.off;
    let steps = |resources: &[&ResourceId], rests_on: &RestsOn| -> Vec<crate::domain::Step> {
        let change = |some: &[&ResourceId]| TagChange::Assign {
            label: wanted.label.to_owned(),
            on: wanted.on,
            resources: some.iter().copied().cloned().collect(),
            assign,
        };
        resources.chunks(TagChange::MOST).map(|some| step(observed, change(some), rests_on.clone())).collect()
    };
    let held = |rests_on: &RestsOn, why: &Held| -> Vec<Item> {
        steps(resources, rests_on).into_iter().map(|step| Item::held(step, why.clone())).collect()
    };
    if let Some(why) = unproven(observed) {
        return held(&RestsOn::NoTag, &why);
    }
    let nothing = Tagging::default();
    let tagging = observed.tagging.as_deref().unwrap_or(&nothing);
    let first_of_all = &resources[..resources.len().min(TagChange::MOST)];
    let already = |rests_on: &RestsOn, seen: String| -> Vec<Item> {
        steps(first_of_all, rests_on).into_iter().map(|step| Item::already(step, seen.clone())).collect()
    };
    let tag: &Tag = match &called(tagging, wanted.label)[..] {
        [tag] => tag,
        [] => {
            return match synced.making(wanted.label) {
                _ if wanted.off => already(&RestsOn::NoTag, "no tag bears this label".to_owned()),
                Some(made) => {
                    let steps = steps(resources, &RestsOn::TagToCome).into_iter();
                    steps.map(|step| Item::send(step.after(&made.step))).collect()
                }
                None => held(&RestsOn::NoTag, &missing(wanted.label)),
            };
        }
        tags => return held(&RestsOn::tag(tags[0]), &several(wanted.label, tags.len())),
    };
    if let Some(why) = uncounted(tagging) {
        return held(&RestsOn::tag(tag), &why);
    }
    let lacks = |one: &&ResourceId| tagging.carries(&tag.id, wanted.on, one) != assign;
    let lacking: Vec<&ResourceId> = resources.iter().copied().filter(lacks).collect();
    let (so, of) = (resources.len() - lacking.len(), resources.len());
    let (one, more) = wanted.on.words();
    let word = if of == 1 { one } else { more };
    let state = if assign { "carry it already" } else { "do not carry it" };
    if lacking.is_empty() {
        return already(&RestsOn::tag(tag), format!("{so} of {of} {word} {state}"));
    }
    if so > 0 {
        notes.push(Note::new(observed, wanted.label, format!("{so} of {of} {word} {state}")));
    }
    steps(&lacking, &RestsOn::tag(tag)).into_iter().map(Item::send).collect()
}

fn missing(label: &str) -> Held {
    Held::new(
        HeldReason::TagMissing,
        format!("the workspace has no tag \"{label}\""),
        "make it first: name it in [[tags]] of keyholder.toml and run `keyholder tags sync`, or say --create",
    )
}
