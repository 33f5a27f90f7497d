//! The plan about the links of groups: whom an admin workspace invites, and whom it removes; from the complete list of its links.
//!
//! Pure. It knows nothing of members and of keys.

use super::draw::{Item, Note, Plan, of_each};
use super::guard::Rules;
use super::observed::Observed;
use crate::domain::{LinkChange, LinkStatus, WorkspaceId};

/// What should be, about one workspace under an admin workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkWish {
    /// It should be in the group, or be invited.
    In {
        /// The sub workspace.
        sub: WorkspaceId,
        /// Its name in our files; empty where it is in none.
        name: String,
    },
    /// It should be out of the group: neither linked nor invited.
    Out {
        /// The sub workspace.
        sub: WorkspaceId,
        /// Its name in our files; empty where it is in none.
        name: String,
        /// The configured workspaces that are reached over the link, which is then left.
        needed_by: Vec<String>,
    },
}

/// Draws the plan: for every observed admin workspace its wishes, each step judged by the guards. The order of the wishes does not matter.
pub fn draw_links(seen: &[(Observed, Vec<LinkWish>)], rules: &Rules) -> Plan {
    of_each(seen, rules, draw_workspace)
}

fn draw_workspace(_observed: &Observed, _wishes: &[LinkWish], _rules: &Rules) -> (Vec<Item>, Vec<Note>) {
    unreachable!("no command has one yet")
}

/// Tells whether what a plan found already so still is.
pub(super) fn still_so(change: &LinkChange, observed: &Observed) -> bool {
    let Some(links) = observed.links.as_deref() else { return true };
    match change {
        LinkChange::Invite { sub, .. } => {
            links.rows.iter().any(|link| link.sub == *sub && link.status != LinkStatus::Rejected)
        }
        LinkChange::Remove { link, .. } => links.rows.iter().all(|other| other.id != *link),
    }
}
