//! Runs that have not come to their end, and what a later run has done about their steps.

use std::collections::BTreeMap;

use sqlx::Row as _;

use super::columns::run_id_of;
use super::error::LedgerError;
use super::ledger::Ledger;
use super::lock::RunLock;
use super::query::{self, RunRow};
use crate::domain::{RunId, StepId};

/// An end of step `s` that a look can still make a better one. Who is there in another form than was asked, or not there after the settle
/// time, will not change by itself.
pub(super) const UNSURE_END: &str = "(s.state = 'settled' AND (s.outcome = 'unknown'
    OR (s.outcome = 'unverified' AND (s.effect IS NULL OR s.effect = 'unclear'))))";

/// A later run than `r` has seen what became of the subject of step `s`; that a campaign went to somebody else says nothing of the
/// membership. Another step about the same subject tells it only in a later
/// run, only by having seen a state, and only after `s` moved last.
pub(super) const SEEN_SINCE: &str = "EXISTS (
    SELECT 1 FROM steps t JOIN runs q ON q.id = t.run
    WHERE t.workspace_id = s.workspace_id AND t.subject = s.subject AND q.ordinal > r.ordinal
      AND t.changed_at >= s.changed_at
      AND (t.id = s.id OR (t.kind LIKE 'member.%' AND s.kind LIKE 'member.%'))
      AND (t.state = 'already' OR (t.state = 'settled'
        AND (t.outcome IN ('done', 'already', 'waiting') OR (t.id = s.id AND t.outcome = 'failed')))))";

/// A later run than `r` had to do with the subject of step `s`.
const SUPERSEDED: &str = "EXISTS (SELECT 1 FROM steps t JOIN runs q ON q.id = t.run
    WHERE t.workspace_id = s.workspace_id AND t.subject = s.subject AND t.state <> 'held' AND q.ordinal > r.ordinal)";

impl Ledger {
    /// Returns the runs that did not say that they ended, or ended with a step that is still to be sent or in doubt;
    /// newest first. What was looked at and is unsure because a later run overtook it stays so, and is left alone.
    pub async fn unfinished(&self) -> Result<Vec<RunRow>, LedgerError> {
        let state_dir = self.state_dir().to_owned();
        self.with(async move |connection| {
            let sql = format!(
                "SELECT {} FROM runs WHERE ended_at IS NULL
                 OR id IN (SELECT run FROM steps WHERE state IN ('planned', 'started', 'answered', 'looked'))
                 OR id IN (SELECT s.run FROM steps s JOIN runs r ON r.id = s.run WHERE {UNSURE_END} AND NOT {SUPERSEDED})
                 ORDER BY ordinal DESC",
                query::RUN_COLUMNS
            );
            let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&mut *connection).await?;
            let mut runs = Vec::with_capacity(rows.len());
            for row in rows {
                runs.push(query::run_row(connection, &row, &state_dir).await?);
            }
            Ok(runs)
        })
        .await
    }

    /// Returns the runs that left their mark in the state folder, which only the end of a run takes away, and that the ledger does
    /// not know: it was removed or replaced since.
    pub async fn lost_runs(&self) -> Result<Vec<RunId>, LedgerError> {
        let marked = RunLock::left(self.state_dir());
        self.with(async move |connection| {
            let mut lost = Vec::new();
            for run in marked {
                if !query::exists(connection, &run).await? {
                    lost.push(run);
                }
            }
            Ok(lost)
        })
        .await
    }

    /// Takes the marks of lost runs away, once nothing they sent can land any more.
    pub fn forget(&self, lost: &[RunId]) {
        for run in lost {
            // A mark that cannot be removed is only waited for once more.
            drop(std::fs::remove_file(RunLock::path(self.state_dir(), run)));
        }
    }

    /// Returns the steps of a run whose person a later run had to do with in the same workspace, each with the newest such run: a
    /// later wish stands above what this run did not get to.
    pub async fn superseded(&self, run: &RunId) -> Result<BTreeMap<StepId, RunId>, LedgerError> {
        let run = run.as_str().to_owned();
        self.with(async move |connection| {
            let rows = sqlx::query(
                "SELECT s.id AS step, q.id AS run FROM steps s JOIN runs r ON r.id = s.run
                 JOIN steps t ON t.workspace_id = s.workspace_id AND t.subject = s.subject AND t.state <> 'held'
                 JOIN runs q ON q.id = t.run AND q.ordinal > r.ordinal
                 WHERE s.run = ? ORDER BY q.ordinal",
            )
            .bind(run)
            .fetch_all(&mut *connection)
            .await?;
            rows.iter()
                .map(|row| {
                    let step: String = row.try_get("step")?;
                    Ok((StepId::from_stored(&step), run_id_of(row, "run")?))
                })
                .collect()
        })
        .await
    }
}
