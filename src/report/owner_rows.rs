//! The rows of `owner show`: one workspace each.

use super::cell::{Cell, Column};
use crate::domain::{Email, Member, UserId, WorkspaceId};

/// Columns of `owner show`.
pub const OWNER: &[Column] = &[
    Column::shown("workspace"),
    Column::detail("workspace_id"),
    Column::detail("observed_at"),
    Column::detail("owner_id"),
    Column::shown("email"),
    Column::detail("user_email"),
    Column::shown("name"),
    Column::day("since"),
    Column::shown("external"),
    Column::shown("protected"),
    Column::shown("listed"),
];

/// Who owns a workspace, as it is told.
#[derive(Debug)]
pub struct OwnerRow<'a> {
    /// The workspace's name in our files.
    pub workspace: &'a str,
    /// Its identity.
    pub workspace_id: &'a WorkspaceId,
    /// When it was looked at.
    pub observed_at: &'a str,
    /// The owner's account.
    pub owner: Option<&'a UserId>,
    /// The owner's row; none where the member list shows none.
    pub row: Option<&'a Member>,
    /// Whether the address is outside the agency's domains; none where that cannot be told.
    pub external: Option<bool>,
    /// Whether the person is protected; none where that cannot be told.
    pub protected: Option<bool>,
    /// Whether the member list shows the owner; none where it was not read whole.
    pub listed: Option<bool>,
}

/// Cells of one workspace.
pub fn owner<'a>(one: &OwnerRow<'a>) -> Vec<Cell<'a>> {
    let OwnerRow { workspace, workspace_id, observed_at, owner, row, external, protected, listed } = *one;
    let flag = |flag: Option<bool>| flag.map_or(Cell::Nothing, Cell::Flag);
    vec![
        Cell::text(workspace),
        Cell::text(workspace_id.as_str()),
        Cell::text(observed_at),
        Cell::maybe(owner.map(UserId::as_str)),
        Cell::maybe(row.map(|row| row.email.as_str())),
        Cell::maybe(row.and_then(|row| row.user_email.as_ref()).map(Email::as_str)),
        Cell::maybe(row.and_then(|row| row.name.as_deref())),
        Cell::maybe(row.map(|row| row.timestamp_created.as_str())),
        flag(external),
        flag(protected),
        flag(listed),
    ]
}
