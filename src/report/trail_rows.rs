//! The rows of `trail` and `trail export`: a record for people, and what an export came to in one workspace.

use super::cell::{Cell, Column};

/// Columns of `trail`: those of the report's table, of which a table for people shows some.
pub const TRAIL: &[Column] = &[
    Column::shown("workspace"),
    Column::detail("workspace_id"),
    Column::detail("observed_at"),
    Column::detail("record_id"),
    Column::shown("at"),
    Column::shown("activity"),
    Column::detail("activity_code"),
    Column::detail("user_id"),
    Column::shown("user_name"),
    Column::shown("api_key_id"),
    Column::detail("from_api"),
    Column::shown("ip_address"),
    Column::detail("user_agent"),
    Column::shown("affected"),
    Column::detail("campaign_id"),
    Column::detail("subsequence_id"),
    Column::detail("list_id"),
    Column::detail("webhook_id"),
    Column::beneath("metadata", ""),
];

/// Columns of `trail export`: one row a workspace.
pub const EXPORTED: &[Column] = &[
    Column::shown("workspace"),
    Column::detail("workspace_id"),
    Column::detail("observed_at"),
    Column::shown("trail"),
    Column::shown("added"),
    Column::detail("there_already"),
    Column::shown("records"),
    Column::detail("bytes"),
    Column::detail("files"),
    Column::shown("first"),
    Column::shown("last"),
    Column::detail("read_whole_at"),
    Column::beneath("why", "! "),
];

/// What an export came to in one workspace.
#[derive(Debug, Clone, Default)]
pub struct ExportedRow {
    /// Its name.
    pub workspace: String,
    /// Its identity, where it was seen or pinned.
    pub workspace_id: Option<String>,
    /// When it was looked at, to the second.
    pub observed_at: Option<String>,
    /// How the trail was found, one word.
    pub trail: &'static str,
    /// Records that were added.
    pub added: Option<u64>,
    /// Records that came and were there already.
    pub there_already: Option<u64>,
    /// Records there are now.
    pub records: u64,
    /// Bytes they take.
    pub bytes: u64,
    /// Files they are in.
    pub files: u64,
    /// The oldest of them.
    pub first: Option<String>,
    /// The newest of them.
    pub last: Option<String>,
    /// When the trail was last read whole.
    pub read_whole_at: Option<String>,
    /// Why it was not now.
    pub why: Option<String>,
}

/// Cells of what an export came to in one workspace.
pub fn exported(row: &ExportedRow) -> Vec<Cell<'_>> {
    let number = |number: Option<u64>| number.map_or(Cell::Nothing, Cell::Number);
    vec![
        Cell::text(row.workspace.as_str()),
        Cell::maybe(row.workspace_id.as_deref()),
        Cell::maybe(row.observed_at.as_deref()),
        Cell::text(row.trail),
        number(row.added),
        number(row.there_already),
        Cell::Number(row.records),
        Cell::Number(row.bytes),
        Cell::Number(row.files),
        Cell::maybe(row.first.as_deref()),
        Cell::maybe(row.last.as_deref()),
        Cell::maybe(row.read_whole_at.as_deref()),
        Cell::maybe(row.why.as_deref()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Table;
    use crate::report::bulk::columns;

    #[test]
    fn a_record_is_shown_under_the_columns_of_the_report() {
        let names = |columns: &[Column]| columns.iter().map(|column| column.name).collect::<Vec<_>>();
        assert_eq!(names(TRAIL), names(columns(Table::Trail)));
        assert_eq!(exported(&ExportedRow::default()).len(), EXPORTED.len());
    }
}
