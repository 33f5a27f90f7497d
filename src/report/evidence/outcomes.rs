//! `outcomes.csv`: every step of the run, one row each.

use super::StepFacts;
use crate::report::cell::{Cell, Column};
use crate::report::listing::{Format, Listing};
use crate::report::rows;

/// Columns; their order is stable.
const COLUMNS: &[Column] = &[
    Column::shown("workspace"),
    Column::shown("workspace_id"),
    Column::shown("step"),
    Column::shown("kind"),
    Column::shown("subject"),
    Column::shown("before"),
    Column::shown("wanted"),
    Column::shown("outcome"),
    Column::shown("after"),
    Column::shown("reason"),
    Column::shown("attempts"),
    Column::shown("started_at"),
    Column::shown("settled_at"),
];

/// Writes the table.
pub(super) fn csv(steps: &[StepFacts]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut listing = Listing::begin(&mut out, Format::Csv, "step", COLUMNS, &serde_json::Value::Null)
        .expect("memory takes everything");
    for step in steps {
        listing.row(&cells(step)).expect("memory takes everything");
    }
    listing.end(&serde_json::Value::Null).expect("memory takes everything");
    out
}

fn cells(facts: &StepFacts) -> Vec<Cell<'_>> {
    let step = &facts.step;
    let mut cells = rows::about(step);
    cells.extend([
        Cell::text(step.rests_on.describe()),
        Cell::text(step.change.wanted()),
        Cell::text(facts.word()),
        Cell::maybe(facts.after()),
        Cell::maybe(facts.reason.as_deref()),
        Cell::Number(u64::from(facts.attempts)),
        Cell::maybe(facts.started_at.as_deref()),
        Cell::maybe(facts.settled_at.as_deref()),
    ]);
    cells
}
