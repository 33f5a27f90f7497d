//! The plan about tags: which are made, renamed, described, assigned, pruned; in each workspace from the complete list of its tags, and of
//! what carries them.
//!
//! Pure. It knows nothing of members and of keys.

use super::draw::{Item, Note, Plan, of_each};
use super::guard::Rules;
use super::observed::Observed;
use crate::domain::{ResourceId, ResourceKind, TagChange, TagId};

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
        /// Which; of any number.
        resources: Vec<ResourceId>,
        /// Whether they should carry it.
        assign: bool,
        /// Whether a tag that is missing is made first, and how it is described.
        make: Option<Option<String>>,
    },
}

/// Draws the plan: for every observed workspace its wishes, each step judged by the guards. The order of the wishes does not matter.
pub fn draw_tags(seen: &[(Observed, Vec<TagWish>)], rules: &Rules) -> Plan {
    of_each(seen, rules, draw_workspace)
}

fn draw_workspace(_observed: &Observed, _wishes: &[TagWish], _rules: &Rules) -> (Vec<Item>, Vec<Note>) {
    unreachable!("no command has one yet")
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
