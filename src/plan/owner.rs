//! The plan about who owns a workspace: one transfer, to somebody who is an accepted member there.

use super::draw::{Item, Note, Plan, of_each};
use super::guard::Rules;
use super::observed::Observed;
use crate::domain::Email;

/// Who should own a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerWish {
    /// The person.
    pub email: Email,
}

/// Draws the plan: for every observed workspace its wish, judged by the guards.
pub fn draw_owners(seen: &[(Observed, Vec<OwnerWish>)], rules: &Rules) -> Plan {
    of_each(seen, rules, draw_workspace)
}

fn draw_workspace(_observed: &Observed, _wishes: &[OwnerWish], _rules: &Rules) -> (Vec<Item>, Vec<Note>) {
    unreachable!("no command has one yet")
}
