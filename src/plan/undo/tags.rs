//! Undoing what was done about tags: a made one is deleted if nothing carries it, an altered one gets back what it had, a deleted one is made
//! again, and what was put on is taken off, and the other way round; each only where it is still as the run left it.

use std::collections::BTreeSet;

use super::inverse::{changed, step};
use super::not_undoable;
use crate::domain::{Change, Held, HeldReason, ResourceId, ResourceKind, RestsOn, Step, Tag, TagChange, TagId};
use crate::plan::draw::Item;
use crate::plan::earlier::Earlier;
use crate::plan::observed::{Observed, Tagging};

/// Returns the item that undoes a step about a tag. `steps` are all of the run's in this workspace.
pub(super) fn of(one: &Earlier, change: &TagChange, steps: &[Earlier], observed: &Observed) -> Item {
    let outline = || step(observed, one.step.change.clone(), one.step.rests_on.clone());
    let Some(tagging) = observed.tagging.as_deref() else {
        return Item::held(outline(), not_undoable("the tags were not read", "undo the run again"));
    };
    if let Some(why) = &tagging.tags.incomplete {
        return Item::held(outline(), Held::incomplete(why));
    }
    match (change, &one.step.rests_on) {
        (TagChange::Create { label, description }, _) => {
            delete(one, (label, description.as_deref()), steps, tagging, observed)
        }
        (TagChange::Alter { tag, from, label, description }, RestsOn::Tag { label: was, description: said, .. }) => {
            let back = TagChange::Alter {
                tag: tag.clone(),
                from: from.is_some().then(|| label.clone()),
                label: was.clone(),
                // A description that was not there is an empty one.
                description: description.as_ref().map(|_| said.clone().unwrap_or_default()),
            };
            alter_back(tag, (label, description.as_deref()), back, tagging, observed)
        }
        (TagChange::Delete { label, .. }, RestsOn::Tag { description, .. }) => {
            let create = TagChange::Create { label: label.clone(), description: description.clone() };
            let rests_on = tagging.called(label).next().map_or(RestsOn::NoTag, RestsOn::tag);
            let there = rests_on != RestsOn::NoTag;
            let create = step(observed, Change::Tag(create), rests_on);
            if there { Item::already(create, "a tag of this label is there".to_owned()) } else { Item::send(create) }
        }
        (TagChange::Assign { label, on, resources, assign }, _) => {
            toggle_back(one, (label, *on, resources, *assign), tagging, observed)
        }
        _ => Item::held(
            outline(),
            not_undoable("the ledger does not say what was there before", "look at the tag in the app"),
        ),
    }
}

/// A tag that is deleted comes behind what takes it off; the last such step of the plan so far.
pub(super) fn behind(item: Item, items: &[Item]) -> Item {
    let Change::Tag(TagChange::Delete { label, .. }) = &item.step.change else { return item };
    let takes_off = |other: &&Item| {
        let change = &other.step.change;
        other.sends()
            && matches!(change, Change::Tag(TagChange::Assign { label: off, assign: false, .. }) if off == label)
    };
    match items.iter().rev().find(takes_off) {
        Some(before) => Item { step: item.step.after(&before.step), ..item },
        None => item,
    }
}

/// The tag that is meant: by its id where that is known, else the only one of its label.
fn meant<'a>(id: Option<&TagId>, label: &'a str, tagging: &'a Tagging) -> Result<Option<&'a Tag>, Held> {
    if let Some(id) = id {
        return Ok(tagging.tags.rows.iter().find(|tag| tag.id == *id));
    }
    let mut called = tagging.called(label);
    match (called.next(), called.next()) {
        (first, None) => Ok(first),
        _ => Err(Held::new(
            HeldReason::TagAmbiguous,
            format!("several tags are called \"{label}\""),
            "look at these tags in the app, and change the one that is meant there",
        )),
    }
}

/// Undoes a creation.
fn delete(
    one: &Earlier,
    (label, description): (&str, Option<&str>),
    steps: &[Earlier],
    tagging: &Tagging,
    observed: &Observed,
) -> Item {
    let made = one.made_tag.as_ref();
    let step_of = |tag: TagId, rests_on| {
        step(observed, Change::Tag(TagChange::Delete { tag, label: label.to_owned() }), rests_on)
    };
    let outline = || match made {
        Some(id) => step_of(id.clone(), RestsOn::NoTag),
        None => step(observed, one.step.change.clone(), one.step.rests_on.clone()),
    };
    let tag = match meant(made, label, tagging) {
        Ok(Some(tag)) => tag,
        Ok(None) => return Item::already(outline(), "the tag that was made is not in the list any more".to_owned()),
        Err(held) => return Item::held(outline(), held),
    };
    let delete = step_of(tag.id.clone(), RestsOn::tag(tag));
    if !tag.is_called(label) || !tag.is_described(description) {
        let how = format!("the tag is {} now", RestsOn::tag(tag).describe());
        return Item::held(delete, changed(&how, "tags", observed));
    }
    if let Some(why) = &tagging.carried_incomplete {
        return Item::held(delete, Held::incomplete(why));
    }
    match remaining(tag, steps, tagging) {
        0 => Item::send(delete),
        some => Item::held(
            delete,
            Held::new(
                HeldReason::TagAssigned,
                format!("{some} more than the run put it on carry it"),
                format!("take it off them first: `keyholder tags show \"{label}\"` lists them"),
            ),
        ),
    }
}

/// Counts what will still carry a tag once this run's assignments are undone.
fn remaining(tag: &Tag, steps: &[Earlier], tagging: &Tagging) -> usize {
    let taken_off: BTreeSet<(ResourceKind, ResourceId)> = steps
        .iter()
        .filter(|one| one.is_applied())
        .filter_map(|one| match &one.step.change {
            Change::Tag(TagChange::Assign { label, on, resources, assign: true }) if tag.is_called(label) => {
                Some(resources.iter().map(|resource| (*on, resource.folded(*on))))
            }
            _ => None,
        })
        .flatten()
        .collect();
    let carried = tagging.carried.get(&tag.id);
    let known = carried.map_or(0, BTreeSet::len);
    let ours = carried.map_or(0, |carried| carried.iter().filter(|one| taken_off.contains(one)).count());
    // Of things of an unknown kind only the count is known.
    let all = tagging.counts.get(&tag.id).map_or(known, |count| count.all().max(known));
    all - ours
}

/// Undoes a renaming or a description.
fn alter_back(
    tag: &TagId,
    (label, description): (&str, Option<&str>),
    back: TagChange,
    tagging: &Tagging,
    observed: &Observed,
) -> Item {
    let TagChange::Alter { label: former, description: said, .. } = &back else { unreachable!("it gives back") };
    let (former, said) = (former.clone(), said.clone());
    let row = tagging.tags.rows.iter().find(|row| row.id == *tag);
    let step = step(observed, Change::Tag(back), row.map_or(RestsOn::NoTag, RestsOn::tag));
    let Some(row) = row else {
        return Item::held(
            step,
            not_undoable("the tag is not there any more", "make it again in the app, if it is missed"),
        );
    };
    if row.is_called(&former) && row.is_described(said.as_deref()) {
        return Item::already(step, "it is called and described as before".to_owned());
    }
    if !row.is_called(label) || !row.is_described(description) {
        let how = format!("the tag is {} now", RestsOn::tag(row).describe());
        return Item::held(step, changed(&how, "tags", observed));
    }
    if tagging.called(&former).any(|other| other.id != *tag) {
        let why = format!("another tag is called \"{former}\" now");
        return Item::held(step, Held::new(HeldReason::TagAmbiguous, why, "look at these tags in the app"));
    }
    Item::send(step)
}

/// Undoes an assignment, or taking off, as far as it still stands.
fn toggle_back(
    one: &Earlier,
    (label, on, resources, assign): (&str, ResourceKind, &[ResourceId], bool),
    tagging: &Tagging,
    observed: &Observed,
) -> Item {
    let toggle = |resources: Vec<ResourceId>, rests_on: RestsOn| -> Step {
        let change = TagChange::Assign { label: label.to_owned(), on, resources, assign: !assign };
        step(observed, Change::Tag(change), rests_on)
    };
    let by_id = match &one.step.rests_on {
        RestsOn::Tag { id, .. } => Some(id),
        _ => one.made_tag.as_ref(),
    };
    let tag = match meant(by_id, label, tagging) {
        Ok(Some(tag)) => tag,
        Ok(None) if assign => {
            return Item::already(
                toggle(resources.to_vec(), RestsOn::NoTag),
                "the tag is gone, and so nothing carries it".to_owned(),
            );
        }
        Ok(None) => {
            let why = not_undoable(
                "the tag is not there any more",
                "make it again, then assign it with `keyholder tags assign`",
            );
            return Item::held(toggle(resources.to_vec(), RestsOn::NoTag), why);
        }
        Err(held) => return Item::held(toggle(resources.to_vec(), one.step.rests_on.clone()), held),
    };
    if !tag.is_called(label) {
        let how = format!("the tag is {} now", RestsOn::tag(tag).describe());
        return Item::held(toggle(resources.to_vec(), RestsOn::tag(tag)), changed(&how, "tags", observed));
    }
    if let Some(why) = &tagging.carried_incomplete {
        return Item::held(toggle(resources.to_vec(), RestsOn::tag(tag)), Held::incomplete(why));
    }
    let stands = |resource: &&ResourceId| tagging.carries(&tag.id, on, resource) == assign;
    let left: Vec<ResourceId> = resources.iter().filter(stands).cloned().collect();
    if left.is_empty() {
        let how = if assign { "nothing of it carries it any more" } else { "all of it carries it again" };
        return Item::already(toggle(resources.to_vec(), RestsOn::tag(tag)), how.to_owned());
    }
    Item::send(toggle(left, RestsOn::tag(tag)))
}
