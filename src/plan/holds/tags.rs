//! Whether a tag, or what carries it, is still as a run left it.

use super::{Effect, there};
use crate::domain::TagChange;
use crate::plan::earlier::Earlier;
use crate::plan::observed::{Observed, Tagging};

/// What became of a step about a tag.
pub(super) fn effect(_one: &Earlier, change: &TagChange, observed: &Observed) -> Effect {
    let Some(tagging) = observed.tagging.as_deref() else {
        return Effect::Unseen("the tags were not read".to_owned());
    };
    let absent = |what: &str| match &tagging.tags.incomplete {
        Some(why) => Effect::Unseen(why.clone()),
        None => Effect::Gone(what.to_owned()),
    };
    match change {
        TagChange::Create { label, .. } => match tagging.tags.rows.iter().find(|tag| tag.is_called(label)) {
            Some(_) => there(),
            None => absent("no tag of this label is in the list"),
        },
        TagChange::Alter { tag, label, description, .. } => match tagging.tags.rows.iter().find(|row| row.id == *tag) {
            Some(row) if !row.is_called(label) => Effect::Gone(format!("the label is \"{}\" now", row.label)),
            Some(row) if !row.is_described(description.as_deref()) => {
                Effect::Gone("the description is another now".to_owned())
            }
            Some(_) => there(),
            None => absent("the tag is not in the list any more"),
        },
        TagChange::Delete { tag, .. } => {
            match (tagging.tags.rows.iter().any(|row| row.id == *tag), &tagging.tags.incomplete) {
                (true, _) => Effect::Gone("the tag is in the list".to_owned()),
                (false, Some(why)) => Effect::Unseen(why.clone()),
                (false, None) => there(),
            }
        }
        TagChange::Assign { .. } => assigned(change, tagging),
    }
}

/// All of the resources of a step hold together.
fn assigned(change: &TagChange, tagging: &Tagging) -> Effect {
    let TagChange::Assign { label, on, resources, assign } = change else { return there() };
    if let Some(why) = tagging.tags.incomplete.as_ref() {
        return Effect::Unseen(why.clone());
    }
    let mut called = tagging.tags.rows.iter().filter(|tag| tag.is_called(label));
    let tag = match (called.next(), called.next()) {
        (Some(tag), None) => tag,
        (None, _) if *assign => return Effect::Gone("no tag of this label is in the list any more".to_owned()),
        (None, _) => return there(),
        (Some(_), Some(_)) => return Effect::Unseen("several tags bear this label now".to_owned()),
    };
    let carries = |resource: &&crate::domain::ResourceId| tagging.carries(&tag.id, *on, resource);
    let carrying = resources.iter().filter(carries).count();
    let of = resources.len();
    let (told, contrary) = if *assign {
        (carrying == of, format!("{} of {of} do not carry it any more", of - carrying))
    } else {
        (carrying == 0, format!("{carrying} of {of} carry it again"))
    };
    match &tagging.carried_incomplete {
        // What was seen to carry it was seen.
        None if told => there(),
        Some(_) if told && *assign => there(),
        Some(why) if *assign || told => Effect::Unseen(why.clone()),
        _ => Effect::Gone(contrary),
    }
}
