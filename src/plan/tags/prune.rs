//! Which tags are deleted: those alone that nothing carries, by the whole list of what carries what. Of what a wish names one stays.

use std::collections::BTreeSet;

use super::super::draw::{Item, Note};
use super::super::observed::{Carried, Observed, Tagging};
use super::sync::Synced;
use super::{TagWish, called, step, uncounted, unproven};
use crate::domain::{Change, Disposition, HeldReason, RestsOn, Tag, TagChange, TagId};

/// Draws the steps, by label and id.
pub(super) fn draw(observed: &Observed, wishes: &[TagWish], synced: &Synced, notes: &mut Vec<Note>) -> Vec<Item> {
    let pruned = |wish: &TagWish| if let TagWish::Pruned { tag } = wish { Some(tag.clone()) } else { None };
    let tags: BTreeSet<TagId> = wishes.iter().filter_map(pruned).collect();
    let mut items: Vec<(String, Item)> =
        tags.iter().filter_map(|tag| one(observed, tag, wishes, synced, notes)).collect();
    // Stable: those of one label stay in the order of their ids.
    items.sort_by(|a, b| a.0.cmp(&b.0));
    items.into_iter().map(|(_, item)| item).collect()
}

fn one(
    observed: &Observed,
    id: &TagId,
    wishes: &[TagWish],
    synced: &Synced,
    notes: &mut Vec<Note>,
) -> Option<(String, Item)> {
    let nothing = Tagging::default();
    let tagging = observed.tagging.as_deref().unwrap_or(&nothing);
    let tag = tagging.tags.rows.iter().find(|tag| tag.id == *id);
    let label = tag.map_or_else(|| id.to_string(), |tag| tag.label.clone());
    let step = |rests_on| step(observed, TagChange::Delete { tag: id.clone(), label: label.clone() }, rests_on);
    if let Some(held) = unproven(observed) {
        return Some((label.clone(), Item::held(step(tag.map_or(RestsOn::NoTag, RestsOn::tag)), held)));
    }
    let Some(tag) = tag else {
        let seen = "no tag of this id is in the list of tags".to_owned();
        return Some((label.clone(), Item::already(step(RestsOn::NoTag), seen)));
    };
    if let Some(named) = synced.named(tag) {
        let there = called(tagging, named);
        if tag.is_called(named) {
            // Of several that bear the label one stays: what most things carry, else the oldest id.
            let count = |tag: &&&Tag| tagging.counts.get(&tag.id).map_or(usize::MAX, |carried| carried.all());
            let stays = there.iter().max_by_key(|tag| (count(tag), std::cmp::Reverse(&tag.id)));
            if stays.is_none_or(|stays| stays.id == tag.id) {
                return None;
            }
        } else if synced.renames(id) {
            return None;
        } else if there.is_empty() {
            // What is asked for, or only nearly so, is nobody's rubbish; a note says why it stays.
            notes.push(Note::new(observed, &label, format!("left alone: \"{named}\" of [[tags]] may mean it")));
            return None;
        }
    }
    let wanted = |wish: &TagWish| matches!(wish, TagWish::Assigned { label, .. } if tag.is_called(label));
    if wishes.iter().any(wanted) {
        return None;
    }
    // A job that prunes every night is done where only such are left.
    if let (None, Some(carried)) = (uncounted(tagging), tagging.counts.get(id).filter(|carried| carried.all() > 0)) {
        notes.push(Note::new(observed, &label, left(carried)));
        return None;
    }
    let step = step(RestsOn::tag(tag));
    // A tag that nobody counted is not one that nothing carries.
    let held = uncounted(tagging).or_else(|| match tagging.counts.get(id) {
        None => Some(super::super::leave::incomplete("custom-tag-mappings", "it was not counted")),
        Some(carried) if carried.all() == 0 => None,
        Some(_) => None,
    });
    Some((label, held.map_or_else(|| Item::send(step.clone()), |held| Item::held(step.clone(), held))))
}

/// Says why a tag stays that somebody still uses.
fn left(carried: &Carried) -> String {
    let Carried { campaigns, accounts, others } = carried;
    let others = if *others > 0 { format!(", {others} of another kind") } else { String::new() };
    format!(
        "not deleted, for it is carried: campaigns {campaigns}, accounts {accounts}{others}; `keyholder tags unassign` takes it off"
    )
}

/// Fixes the description of a tag that bore its label with others, where all those others go in this very plan: after the last of them.
pub(super) fn settle(observed: &Observed, items: &mut Vec<Item>, deleted: &[Item]) {
    let nothing = Tagging::default();
    let tagging = observed.tagging.as_deref().unwrap_or(&nothing);
    for item in items {
        let Change::Tag(TagChange::Alter { from: None, label, description, .. }) = &item.step.change else { continue };
        if !matches!(&item.disposition, Disposition::Held(held) if held.reason == HeldReason::TagAmbiguous) {
            continue;
        }
        let going = |tag: &Tag| {
            let goes = |other: &&Item| {
                other.sends()
                    && matches!(&other.step.change, Change::Tag(TagChange::Delete { tag: id, .. }) if *id == tag.id)
            };
            deleted.iter().rfind(goes)
        };
        let there = called(tagging, label);
        let stay: Vec<&&Tag> = there.iter().filter(|tag| going(tag).is_none()).collect();
        let (&[only], Some(last)) =
            (&stay[..], deleted.iter().rfind(|item| there.iter().any(|tag| going(tag) == Some(*item))))
        else {
            continue;
        };
        let (label, description) = (label.clone(), description.clone());
        *item = if only.description.as_deref().map(str::trim) == description.as_deref() {
            let change = TagChange::Create { label, description };
            Item::already(step(observed, change, RestsOn::tag(only)), format!("tag {} bears this label", only.id))
        } else {
            let change = TagChange::Alter { tag: only.id.clone(), from: None, label, description };
            Item::send(step(observed, change, RestsOn::tag(only)).after(&last.step))
        };
    }
}
