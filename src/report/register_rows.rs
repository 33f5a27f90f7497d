//! The rows of a change to the register of keys.

use super::cell::{Cell, Column};
use crate::domain::{KeyEntry, WorkspaceId};

/// Columns of `keys adopt`: those of the register, and what became of the row.
pub const REGISTER: &[Column] = &[
    Column::shown("workspace"),
    Column::detail("workspace_id"),
    Column::shown("key_id"),
    Column::shown("name"),
    Column::shown("owner"),
    Column::shown("purpose"),
    Column::shown("stored"),
    Column::shown("rotate_by"),
    Column::detail("fingerprint"),
    Column::shown("change"),
];

/// Cells of one row of the register.
pub fn register<'a>(entry: &'a KeyEntry, change: &'a str) -> Vec<Cell<'a>> {
    let KeyEntry { workspace, workspace_id, key, name, owner, purpose, stored, rotate_by, fingerprint, vouched: _ } =
        entry;
    vec![
        Cell::text(workspace.as_str()),
        Cell::maybe(workspace_id.as_ref().map(WorkspaceId::as_str)),
        Cell::text(key.as_str()),
        Cell::text(name.as_str()),
        Cell::maybe(owner.as_deref()),
        Cell::maybe(purpose.as_deref()),
        Cell::maybe(stored.as_deref()),
        Cell::maybe(rotate_by.map(|date| date.to_string())),
        Cell::maybe(fingerprint.as_deref()),
        Cell::text(change),
    ]
}
