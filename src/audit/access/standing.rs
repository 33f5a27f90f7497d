//! What somebody is in a workspace: their rows, and what a write of ours does to them.

use crate::domain::{Permissions, Role};

/// What one membership is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The role.
    pub role: Role,
    /// The permissions: the inner none is what the role gives, the outer one what was not told.
    pub permissions: Option<Option<Permissions>>,
    /// Whether the invitation was accepted.
    pub accepted: bool,
}

/// One membership or invitation of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its id; none of what was invited and not seen yet.
    pub id: Option<String>,
    /// What it is worth.
    pub standing: Standing,
}

/// What a step about a membership does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Does {
    /// Invites.
    Invite(Standing),
    /// Sets the role of a row.
    SetRole {
        /// The row.
        member: String,
        /// The role.
        role: Role,
    },
    /// Removes a row.
    Remove {
        /// The row.
        member: String,
    },
    /// Gives the workspace to them.
    Own,
}

impl Does {
    /// Returns the rows after it.
    pub(super) fn to(&self, rows: &[Row]) -> Vec<Row> {
        let mut rows = rows.to_vec();
        match self {
            Self::Invite(standing) => rows.push(Row { id: None, standing: standing.clone() }),
            Self::SetRole { member, role } => match place(&rows, member) {
                Some(place) => rows[place].standing.role = role.clone(),
                None => rows.push(Row {
                    id: Some(member.clone()),
                    standing: Standing { role: role.clone(), permissions: None, accepted: true },
                }),
            },
            Self::Remove { member } => {
                if let Some(place) = place(&rows, member) {
                    rows.remove(place);
                }
            }
            Self::Own => match rows.as_mut_slice() {
                [] => rows.push(Row {
                    id: None,
                    standing: Standing { role: Role::Owner, permissions: None, accepted: true },
                }),
                rows => rows.iter_mut().for_each(|row| row.standing.role = Role::Owner),
            },
        }
        rows
    }
}

/// Finds the row of an id, or the only one that has none yet.
fn place(rows: &[Row], member: &str) -> Option<usize> {
    let named = rows.iter().position(|row| row.id.as_deref() == Some(member));
    named.or_else(|| rows.iter().position(|row| row.id.is_none()))
}

/// Tells whether rows are the same: as many, and each with the id, role, permissions and acceptance of one of the others, as far as both
/// tell them.
pub(super) fn same(a: &[Row], b: &[Row]) -> bool {
    alike(a, b, |a, b| ids_fit(a, b) && a.standing.accepted == b.standing.accepted)
}

/// Tells whether rows differ by nothing but that somebody accepted.
pub(super) fn accepts(a: &[Row], b: &[Row]) -> bool {
    alike(a, b, |a, b| {
        let (before, after) = (a.standing.accepted, b.standing.accepted);
        // Whether an invitation keeps its id when it is accepted is unpublished.
        (ids_fit(a, b) && before == after) || (!before && after)
    }) && !same(a, b)
}

fn ids_fit(a: &Row, b: &Row) -> bool {
    a.id.is_none() || b.id.is_none() || a.id == b.id
}

fn alike(a: &[Row], b: &[Row], fits: impl Fn(&Row, &Row) -> bool) -> bool {
    let mut left: Vec<&Row> = b.iter().collect();
    let worth = |a: &Standing, b: &Standing| {
        a.role == b.role && (a.permissions.is_none() || b.permissions.is_none() || a.permissions == b.permissions)
    };
    a.len() == b.len()
        && a.iter().all(|row| {
            let found = left.iter().position(|other| worth(&row.standing, &other.standing) && fits(row, other));
            found.map(|place| left.swap_remove(place)).is_some()
        })
}

/// Says two states of somebody in words: the role, whether invited, and permissions only where they are not alike.
pub(super) fn words(before: &[Row], after: &[Row]) -> (Option<String>, Option<String>) {
    let told = |rows: &[Row]| rows.iter().map(|row| row.standing.permissions.clone()).collect::<Vec<_>>();
    let (one, other) = (told(before), told(after));
    let untold = one.iter().chain(&other).any(Option::is_none);
    let narrowed = !untold && !before.is_empty() && !after.is_empty() && one != other;
    let say = |rows: &[Row]| {
        let texts: Vec<String> = rows.iter().map(|row| word(&row.standing, narrowed)).collect();
        (!texts.is_empty()).then(|| texts.join(" and "))
    };
    let (said, next) = (say(before), say(after));
    // Alike in words and yet not the same: another membership took the place of the first.
    let next = if said == next { next.map(|next| format!("{next}, a new membership")) } else { next };
    (said, next)
}

fn word(standing: &Standing, narrowed: bool) -> String {
    let Standing { role, permissions, accepted } = standing;
    let mut text = role.to_string();
    if !accepted {
        text.push_str(", invited");
    }
    match permissions {
        Some(Some(permissions)) if narrowed => {
            text.push_str(", only ");
            text.push_str(&permissions.join(" "));
        }
        Some(None) if narrowed => text.push_str(", all that the role gives"),
        _ => {}
    }
    text
}
