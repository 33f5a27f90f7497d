//! The rows of `tags`, `tags show` and `campaigns`.

use super::cell::{Cell, Column};
use crate::domain::codes::CAMPAIGN_STATUS;
use crate::domain::{Campaign, Tag, UserId, WorkspaceId};

/// Where a row was seen, and when: what every row of a listing begins with.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The workspace's name in our files.
    pub workspace: &'a str,
    /// Its identity.
    pub workspace_id: &'a WorkspaceId,
    /// When it was looked at.
    pub observed_at: &'a str,
}

impl<'a> Seen<'a> {
    fn cells(self) -> [Cell<'a>; 3] {
        [Cell::text(self.workspace), Cell::text(self.workspace_id.as_str()), Cell::text(self.observed_at)]
    }
}

/// Columns of `tags`.
pub const TAG: &[Column] = &[
    Column::shown("workspace"),
    Column::detail("workspace_id"),
    Column::detail("observed_at"),
    Column::shown("label"),
    Column::detail("tag_id"),
    Column::shown("campaigns"),
    Column::shown("accounts"),
    Column::detail("others"),
    Column::shown("named"),
    Column::shown("description"),
];

/// How much carries a tag; none where it is not known.
pub type Counts = Option<(usize, usize, usize)>;

fn number(count: usize) -> Cell<'static> {
    Cell::Number(u64::try_from(count).unwrap_or(u64::MAX))
}

fn numbers(counts: Counts) -> [Cell<'static>; 3] {
    counts.map_or([Cell::Nothing, Cell::Nothing, Cell::Nothing], |(campaigns, accounts, others)| {
        [number(campaigns), number(accounts), number(others)]
    })
}

/// Cells of one tag. `named` says what `[[tags]]` makes of it.
pub fn tag<'a>(seen: Seen<'a>, tag: &'a Tag, counts: Counts, named: &'a str) -> Vec<Cell<'a>> {
    let Tag { id, label, description } = tag;
    let [campaigns, accounts, others] = numbers(counts);
    let mut cells = seen.cells().to_vec();
    cells.extend([
        Cell::text(label.as_str()),
        Cell::text(id.as_str()),
        campaigns,
        accounts,
        others,
        Cell::text(named),
        Cell::maybe(description.as_deref()),
    ]);
    cells
}

/// Columns of `tags --by label`.
pub const LABEL: &[Column] = &[
    Column::shown("label"),
    Column::shown("workspaces"),
    Column::detail("tags"),
    Column::shown("campaigns"),
    Column::shown("accounts"),
    Column::detail("others"),
    Column::shown("named"),
];

/// Cells of one label over the fleet.
pub fn label<'a>(label: &'a str, workspaces: usize, tags: usize, counts: Counts, named: &'a str) -> Vec<Cell<'a>> {
    let [campaigns, accounts, others] = numbers(counts);
    vec![Cell::text(label), number(workspaces), number(tags), campaigns, accounts, others, Cell::text(named)]
}

/// Columns of `tags show`.
pub const CARRIER: &[Column] = &[
    Column::shown("workspace"),
    Column::detail("workspace_id"),
    Column::detail("observed_at"),
    Column::detail("label"),
    Column::detail("tag_id"),
    Column::shown("kind"),
    Column::shown("id"),
    Column::shown("name"),
];

/// Cells of one thing that carries a tag.
pub fn carrier<'a>(seen: Seen<'a>, tag: &'a Tag, kind: &'a str, id: &'a str, name: Option<&'a str>) -> Vec<Cell<'a>> {
    let mut cells = seen.cells().to_vec();
    cells.extend([
        Cell::text(tag.label.as_str()),
        Cell::text(tag.id.as_str()),
        Cell::text(kind),
        Cell::text(id),
        Cell::maybe(name),
    ]);
    cells
}

/// Columns of `campaigns`.
pub const CAMPAIGN: &[Column] = &[
    Column::shown("workspace"),
    Column::detail("workspace_id"),
    Column::detail("observed_at"),
    Column::detail("campaign_id"),
    Column::shown("name"),
    Column::shown("status"),
    Column::detail("status_code"),
    Column::shown("owner"),
    Column::detail("owner_id"),
    Column::shown("tags"),
];

/// Cells of one campaign. Its tags are none where they are not known.
pub fn campaign<'a>(
    seen: Seen<'a>,
    campaign: &'a Campaign,
    owner: Option<&'a str>,
    tags: Option<&[&str]>,
) -> Vec<Cell<'a>> {
    let Campaign { id, name, status, owned_by, .. } = campaign;
    let mut cells = seen.cells().to_vec();
    cells.extend([
        Cell::text(id.as_str()),
        Cell::text(name.as_str()),
        Cell::maybe(status.map(|status| CAMPAIGN_STATUS.word(status))),
        status.map_or(Cell::Nothing, Cell::Signed),
        Cell::maybe(owner),
        Cell::maybe(owned_by.as_ref().map(UserId::as_str)),
        tags.map_or(Cell::Nothing, |tags| Cell::text(tags.join(", "))),
    ]);
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{CampaignId, TagId};

    #[test]
    fn every_row_has_a_cell_for_each_of_its_columns() {
        let id = WorkspaceId::parse("w-1").unwrap();
        let seen = Seen { workspace: "acme", workspace_id: &id, observed_at: "2026-11-22T00:00:00Z" };
        let one = Tag { id: TagId::parse("t-1").unwrap(), label: "=VIP".to_owned(), description: None };
        let row = tag(seen, &one, Some((3, 4, 5)), "yes");
        assert_eq!((row.len(), row[3].for_csv().as_ref(), row[5].for_csv().as_ref()), (TAG.len(), "'=VIP", "3"));
        assert_eq!(label("VIP", 1, 2, None, "no").len(), LABEL.len());
        assert_eq!(carrier(seen, &one, "account", "a@x.example", None).len(), CARRIER.len());
        let paused = Campaign { status: Some(-99), ..Campaign::of(CampaignId::parse("c-1").unwrap(), "North") };
        let row = campaign(seen, &paused, None, Some(&["A", "B"]));
        assert_eq!(row.len(), CAMPAIGN.len());
        assert_eq!(row[5..7].iter().map(Cell::for_csv).collect::<Vec<_>>(), ["account-suspended", "-99"]);
        assert_eq!(row[9].for_csv(), "A, B");
    }
}
