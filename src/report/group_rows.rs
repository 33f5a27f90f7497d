//! The rows of `groups` and of `discover`: links, and what became of each that was found.

use super::cell::{Cell, Column};
use crate::domain::{Link, WorkspaceId};

/// Columns of `groups`.
pub const LINK: &[Column] = &[
    Column::shown("admin"),
    Column::detail("admin_id"),
    Column::detail("observed_at"),
    Column::shown("workspace"),
    Column::shown("sub_workspace_id"),
    Column::shown("name"),
    Column::shown("status"),
    Column::day("since"),
    Column::shown("configured"),
    Column::detail("via"),
    Column::detail("link_id"),
];

/// What is known of one link.
#[derive(Debug, Clone, Copy)]
pub struct LinkRow<'a> {
    /// The admin workspace's name.
    pub admin: &'a str,
    /// When it was looked at.
    pub observed_at: &'a str,
    /// The link.
    pub link: &'a Link,
    /// The sub workspace's name in our files, where it is in one.
    pub workspace: Option<&'a str>,
    /// The admin workspace it is reached over, by our files.
    pub via: Option<&'a str>,
}

/// Cells of one link.
pub fn link(row: LinkRow<'_>) -> Vec<Cell<'_>> {
    let LinkRow { admin, observed_at, link, workspace, via } = row;
    let Link { id, admin: admin_id, sub, status, sub_name, admin_name: _, created } = link;
    vec![
        Cell::text(admin),
        Cell::text(admin_id.as_str()),
        Cell::text(observed_at),
        Cell::maybe(workspace),
        Cell::text(sub.as_str()),
        Cell::maybe(sub_name.as_deref()),
        Cell::text(status.as_str()),
        Cell::text(created.as_str()),
        Cell::Flag(workspace.is_some()),
        Cell::maybe(via),
        Cell::text(id.as_str()),
    ]
}

/// Columns of `discover`.
pub const FOUND: &[Column] = &[
    Column::shown("workspace"),
    Column::shown("workspace_id"),
    Column::shown("name"),
    Column::shown("status"),
    Column::shown("outcome"),
    Column::shown("file"),
    Column::beneath("why", ""),
];

/// Cells of one workspace that was found.
pub fn found<'a>(
    workspace: Option<&'a str>,
    id: &'a WorkspaceId,
    (name, status): (Option<&'a str>, &'a str),
    (outcome, file, why): (&'a str, Option<String>, Option<String>),
) -> Vec<Cell<'a>> {
    vec![
        Cell::maybe(workspace),
        Cell::text(id.as_str()),
        Cell::maybe(name),
        Cell::text(status),
        Cell::text(outcome),
        Cell::maybe(file),
        Cell::maybe(why),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{LinkId, LinkStatus};

    #[test]
    fn cells_stand_under_their_columns() {
        let id = WorkspaceId::parse("w-1").unwrap();
        let shown = Link {
            id: LinkId::parse("l-1").unwrap(),
            admin: id.clone(),
            sub: id.clone(),
            status: LinkStatus::Pending,
            sub_name: Some("=Globex".to_owned()),
            admin_name: None,
            created: "2026-08-01T00:00:00Z".to_owned(),
        };
        let row = LinkRow { admin: "agency", observed_at: "now", link: &shown, workspace: None, via: None };
        let cells = link(row);
        assert_eq!(cells.len(), LINK.len());
        assert_eq!((cells[5].for_csv().as_ref(), cells[8].for_csv().as_ref()), ("'=Globex", "no"));
        let cells = found(None, &id, (None, "pending"), ("waits", None, None));
        assert_eq!(cells.len(), FOUND.len());
    }
}
