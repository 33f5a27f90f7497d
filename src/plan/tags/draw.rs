//! The order of a workspace's steps about tags, and the guards over them.

use std::collections::BTreeSet;

use super::super::draw::{Item, Note, Plan, of_each};
use super::super::guard::Rules;
use super::super::observed::Observed;
use super::{TagWish, assign, prune, step, sync};
use crate::domain::{Change, Disposition, Mode, RestsOn, TagChange};

/// Draws the plan: for every observed workspace its wishes, each step judged by the guards. The order of the wishes does not matter.
pub fn draw_tags(seen: &[(Observed, Vec<TagWish>)], rules: &Rules) -> Plan {
    of_each(seen, rules, draw_workspace)
}

/// What takes the place of something comes before what goes: tags are made and renamed, then put on, then taken off, then deleted. Where a
/// run ends early, nothing has lost what it was to keep.
pub(in crate::plan) fn draw_workspace(
    observed: &Observed,
    wishes: &[TagWish],
    rules: &Rules,
) -> (Vec<Item>, Vec<Note>) {
    let mut notes = Vec::new();
    let synced = sync::draw(observed, wishes, &mut notes);
    let mut items: Vec<Item> = synced.items().cloned().collect();
    items.extend(assign::draw(observed, wishes, &synced, &mut notes));
    let deleted = prune::draw(observed, wishes, &synced, &mut notes);
    prune::settle(observed, &mut items, &deleted);
    items.extend(deleted);
    // What comes after a deletion stands after it.
    let (first, then): (Vec<Item>, Vec<Item>) = items.into_iter().partition(|item| !follows_a_deletion(item));
    let mut items: Vec<Item> = first.into_iter().chain(then).collect();
    let mut seen = BTreeSet::new();
    items.retain(|item| seen.insert(item.step.id.clone()));
    for item in &mut items {
        // Of a workspace that is `off` nothing is known, so not even an `already` may be said.
        if (item.sends() || observed.mode == Mode::Off)
            && let Some(held) = rules.judge(&item.step, observed, 0)
        {
            item.disposition = Disposition::Held(held);
        }
        if let Some(held) = rules.in_doubt.judge(item, observed) {
            item.disposition = Disposition::Held(held);
        }
        // A former label that may be just being made would stand beside the new one.
        for former in synced.former_of(&item.step.change) {
            let made = TagChange::Create { label: former.to_owned(), description: None };
            let made = Item::send(step(observed, made, RestsOn::NoTag));
            if item.sends()
                && let Some(held) = rules.in_doubt.judge(&made, observed)
            {
                item.disposition = Disposition::Held(held);
            }
        }
    }
    notes.sort_by(|a: &Note, b| (&a.subject, &a.text).cmp(&(&b.subject, &b.text)));
    notes.dedup();
    (items, notes)
}

/// Tells whether it fixes the description of what is the only one of its label once the others are deleted.
fn follows_a_deletion(item: &Item) -> bool {
    item.step.after.is_some() && matches!(item.step.change, Change::Tag(TagChange::Alter { from: None, .. }))
}

#[cfg(test)]
mod tests;
