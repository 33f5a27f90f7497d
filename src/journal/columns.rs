//! Reading columns: what is in them is checked, never trusted and never a reason to panic.

use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::error::LedgerError;
use super::state::{Class, Effect, State};
use crate::domain::{Outcome, RunId, WorkspaceId};

/// Reads a moment column.
pub(super) fn moment_of(row: &SqliteRow, column: &str) -> Result<Timestamp, LedgerError> {
    let text: String = row.try_get(column)?;
    text.parse().map_err(|_not_a_moment| LedgerError::unreadable(format!("a moment in column `{column}`")))
}

/// Reads a number column that cannot be negative.
pub(super) fn number_of<T: TryFrom<i64>>(row: &SqliteRow, column: &str) -> Result<T, LedgerError> {
    let number: i64 = row.try_get(column)?;
    T::try_from(number).map_err(|_out_of_range| LedgerError::unreadable(format!("a number in column `{column}`")))
}

/// Reads a column of known words.
pub(super) fn word_of<T>(
    row: &SqliteRow,
    column: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, LedgerError> {
    let text: Option<String> = row.try_get(column)?;
    text.map(|text| {
        parse(&text).ok_or_else(|| LedgerError::unreadable(format!("`{}` in column `{column}`", text.escape_debug())))
    })
    .transpose()
}

/// Reads the state of a step from its columns.
pub(super) fn state_of(row: &SqliteRow) -> Result<State, LedgerError> {
    let word: String = row.try_get("state")?;
    State::from_parts(
        &word,
        number_of(row, "attempt")?,
        word_of(row, "answer", Class::parse)?,
        word_of(row, "effect", Effect::parse)?,
        word_of(row, "outcome", Outcome::parse)?,
    )
    .ok_or_else(|| LedgerError::unreadable(format!("the state `{}` of a step", word.escape_debug())))
}

/// Reads the HTTP status of the last answer.
pub(super) fn status_of(row: &SqliteRow) -> Result<Option<u16>, LedgerError> {
    let status: Option<i64> = row.try_get("status")?;
    Ok(status.and_then(|status| u16::try_from(status).ok()))
}

/// Reads the workspace's identity.
pub(super) fn workspace_id_of(row: &SqliteRow) -> Result<WorkspaceId, LedgerError> {
    let text: String = row.try_get("workspace_id")?;
    WorkspaceId::parse(&text).map_err(|_bad_id| LedgerError::unreadable("a workspace id"))
}

/// Reads a run's id.
pub(super) fn run_id_of(row: &SqliteRow, column: &str) -> Result<RunId, LedgerError> {
    let text: String = row.try_get(column)?;
    RunId::parse(&text).map_err(|_bad_id| LedgerError::unreadable("a run id"))
}
