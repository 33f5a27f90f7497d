//! The question which replaced keys are left: a rotation put another key in their place, and nobody saw them deleted.
//!
//! What it tells is what the ledger knows; whether such a key is still there, only the list of keys says.

use std::collections::BTreeSet;

use serde_json::Value;
use sqlx::Row as _;

use super::columns::{run_id_of, state_of, workspace_id_of};
use super::error::LedgerError;
use super::ledger::Ledger;
use crate::domain::{Change, KeyId, Outcome, RunId, Step, StepId, WorkspaceId};

/// A replaced key whose deletion did not end well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplacedLeft {
    /// Where.
    pub workspace_id: WorkspaceId,
    /// The key.
    pub key: KeyId,
    /// Its name.
    pub name: String,
    /// The run that replaced it.
    pub run: RunId,
    /// The step of that run that made the key in its place.
    pub by: StepId,
}

impl Ledger {
    /// Returns the keys of these workspaces that a run replaced and that neither it nor any other run is known to have deleted, the oldest
    /// first. Where the key that was to take its place was not made, stored and proven, nothing was replaced.
    pub async fn replaced_left(&self, workspaces: &[WorkspaceId]) -> Result<Vec<ReplacedLeft>, LedgerError> {
        let wanted: BTreeSet<WorkspaceId> = workspaces.iter().cloned().collect();
        self.with(async move |connection| {
            let rows = sqlx::query(
                "SELECT s.run, s.id, s.workspace_id, s.state, s.attempt, s.answer, s.effect, s.outcome, e.bytes
                 FROM steps s JOIN runs r ON r.id = s.run JOIN entries e ON e.run = s.run AND e.seq = s.planned_seq
                 WHERE s.kind IN ('key.create', 'key.revoke') ORDER BY r.ordinal, s.planned_seq",
            )
            .fetch_all(&mut *connection)
            .await?;
            let (mut made, mut gone, mut left) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
            for row in &rows {
                let workspace_id = workspace_id_of(row)?;
                if !wanted.contains(&workspace_id) {
                    continue;
                }
                let run = run_id_of(row, "run")?;
                let mut entry: Value = serde_json::from_slice(&row.try_get::<Vec<u8>, _>("bytes")?).unwrap_or_default();
                // Of another shape it is a step of a later version: then nothing is known of it.
                let Ok(step) = serde_json::from_value::<Step>(entry["step"].take()) else { continue };
                let well = matches!(state_of(row)?.outcome(), Some(Outcome::Done | Outcome::Already));
                match (step.change, step.after) {
                    (Change::CreateKey { .. }, _) if well => drop(made.insert((run, step.id))),
                    (Change::Retire { key: Some(key), name, .. }, Some(by)) if !well => {
                        left.push(ReplacedLeft { workspace_id, key, name, run, by });
                    }
                    (Change::Revoke { key, .. } | Change::Retire { key: Some(key), .. }, _) if well => {
                        gone.insert((workspace_id, key));
                    }
                    _ => {}
                }
            }
            left.retain(|one: &ReplacedLeft| {
                made.contains(&(one.run.clone(), one.by.clone()))
                    && !gone.contains(&(one.workspace_id.clone(), one.key.clone()))
            });
            Ok(left)
        })
        .await
    }
}
