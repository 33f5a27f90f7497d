//! The plan about tags: which are made, renamed, described, assigned, pruned; in each workspace from the complete list of its tags, and of
//! what carries them.
//!
//! Pure. It knows nothing of members and of keys.

mod assign;
mod draw;
mod prune;
mod sync;

pub use draw::draw_tags;
pub(super) use draw::draw_workspace;

use super::observed::{Observed, Tagging};
use crate::domain::{Change, Held, HeldReason, ResourceId, ResourceKind, RestsOn, Step, Tag, TagChange, TagId};

/// What should be, about one tag in one workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagWish {
    /// A tag of this label should be there, described so.
    Present {
        /// Its label.
        label: String,
        /// Its description; none leaves what is there.
        description: Option<String>,
        /// Labels it had before.
        former: Vec<String>,
    },
    /// A tag should be gone, where nothing carries it.
    Pruned {
        /// The tag.
        tag: TagId,
    },
    /// Resources should carry a tag, or not.
    Assigned {
        /// The tag's label.
        label: String,
        /// Of which kind they are.
        on: ResourceKind,
        /// Which; of any number, written as the API writes them. What one wish puts on, another does not take off.
        resources: Vec<ResourceId>,
        /// Whether they should carry it.
        assign: bool,
        /// Whether a tag that is missing is made first, and how it is described.
        make: Option<Option<String>>,
    },
}

pub(super) fn step(observed: &Observed, change: TagChange, rests_on: RestsOn) -> Step {
    Step::new(&observed.workspace, &observed.id, Change::Tag(change), rests_on)
}

/// Returns why the list of tags proves nothing, or nothing. Where nobody read it, it proves nothing either.
fn unproven(observed: &Observed) -> Option<Held> {
    let Some(tagging) = observed.tagging.as_deref() else {
        return Some(super::leave::incomplete("custom-tags", "it was not read"));
    };
    tagging.tags.incomplete.as_deref().map(|why| super::leave::incomplete("custom-tags", why))
}

/// Returns why it is not known what carries the tags, or nothing.
fn uncounted(tagging: &Tagging) -> Option<Held> {
    tagging.carried_incomplete.as_deref().map(|why| super::leave::incomplete("custom-tag-mappings", why))
}

/// Several tags bear one label, so it cannot be told which one is meant.
fn several(label: &str, of: usize) -> Held {
    Held::new(
        HeldReason::TagAmbiguous,
        format!("{of} tags of the workspace bear the label \"{label}\""),
        "move what carries one of them to another and delete that one in the app; `keyholder tags` tells how much carries each",
    )
}

/// Returns the tags of a label in the order of their ids: the order of a listing must not choose.
pub(super) fn called<'a>(tagging: &'a Tagging, label: &'a str) -> Vec<&'a Tag> {
    let mut tags: Vec<&Tag> = tagging.called(label).collect();
    tags.sort_by(|a, b| a.id.cmp(&b.id));
    // A page that came twice shows a tag twice.
    tags.dedup_by(|a, b| a.id == b.id);
    tags
}

/// Counts which of an assignment's resources are as asked, and how many it has, where that was read; a plan is about those alone that were
/// not, so another hand did it.
fn as_asked(step: &Step, observed: &Observed) -> Option<(usize, usize)> {
    let (Change::Tag(TagChange::Assign { on, resources, assign, .. }), RestsOn::Tag { id, .. }) =
        (&step.change, &step.rests_on)
    else {
        return None;
    };
    let tagging = observed.tagging.as_deref().filter(|tagging| tagging.carried.contains_key(id))?;
    // A list that may lack something shows what carries the tag, and not what does not.
    if !assign && tagging.carried_incomplete.is_some() {
        return None;
    }
    let so = resources.iter().filter(|one| tagging.carries(id, *on, one) == *assign).count();
    Some((so, resources.len()))
}

/// Tells whether all of an assignment that was to be sent is as asked by now.
pub(super) fn is_as_asked(step: &Step, observed: &Observed) -> bool {
    as_asked(step, observed).is_some_and(|(so, of)| so == of)
}

/// Says how an assignment moved of which some is as asked by now: sent, it would count as all the run's own, and so would be undone.
pub(super) fn partly_as_asked(step: &Step, observed: &Observed) -> Option<String> {
    let (so, of) = as_asked(step, observed).filter(|(so, of)| *so > 0 && so < of)?;
    let Change::Tag(TagChange::Assign { assign, on, .. }) = &step.change else { return None };
    let state = if *assign { "carry it by now" } else { "do not carry it any more" };
    Some(format!("{so} of {of} {} {state}", on.words().1))
}

/// Tells whether what a plan found already so still is.
pub(super) fn still_so(change: &TagChange, observed: &Observed) -> bool {
    let Some(tagging) = observed.tagging.as_deref() else { return true };
    match change {
        TagChange::Create { label, .. } => tagging.called(label).next().is_some(),
        TagChange::Alter { tag, label, .. } => {
            tagging.tags.rows.iter().any(|row| row.id == *tag && row.is_called(label))
        }
        TagChange::Delete { tag, .. } => tagging.tags.rows.iter().all(|row| row.id != *tag),
        TagChange::Assign { label, on, resources, assign } => {
            let tags: Vec<&TagId> = tagging.called(label).map(|tag| &tag.id).collect();
            resources.iter().all(|one| tags.iter().any(|tag| tagging.carries(tag, *on, one)) == *assign)
        }
    }
}
