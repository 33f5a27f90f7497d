//! The question which keys the ledger ever knew: made or deleted by a run, or seen in a listing. A key that is gone is told from one that
//! never was by it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sqlx::{Row as _, SqliteConnection};

use super::columns::workspace_id_of;
use super::error::LedgerError;
use super::ledger::Ledger;
use crate::domain::{Change, KeyId, WorkspaceId};

/// Keys by where they were, with their names.
pub type KnownKeys = BTreeMap<(WorkspaceId, KeyId), String>;

impl Ledger {
    /// Returns those of some keys that it knew in any workspace. `kind` is what a listing of keys is called among the sightings.
    pub async fn known_keys(&self, asked: BTreeSet<KeyId>, kind: &str) -> Result<KnownKeys, LedgerError> {
        let kind = kind.to_owned();
        self.with(async move |connection| {
            let mut known = KnownKeys::new();
            for key in &asked {
                seen(connection, key, &kind, &mut known).await?;
            }
            deleted(connection, &asked, &mut known).await?;
            Ok(known)
        })
        .await
    }
}

async fn seen(
    connection: &mut SqliteConnection,
    key: &KeyId,
    kind: &str,
    known: &mut KnownKeys,
) -> Result<(), LedgerError> {
    let rows = sqlx::query("SELECT workspace_id, attributes FROM sightings WHERE kind = ? AND id = ?")
        .bind(kind.to_owned())
        .bind(key.as_str().to_owned())
        .fetch_all(&mut *connection)
        .await?;
    for row in &rows {
        let attributes: Value = serde_json::from_str(&row.try_get::<String, _>("attributes")?).unwrap_or_default();
        let name = attributes["name"].as_str().unwrap_or_default().to_owned();
        known.insert((workspace_id_of(row)?, key.clone()), name);
    }
    let rows = sqlx::query("SELECT workspace_id, name FROM keys WHERE key_id = ?")
        .bind(key.as_str().to_owned())
        .fetch_all(&mut *connection)
        .await?;
    for row in &rows {
        known.insert((workspace_id_of(row)?, key.clone()), row.try_get("name")?);
    }
    Ok(())
}

/// A step that was to delete a key was planned from a list that had it, unless it was never sent.
async fn deleted(
    connection: &mut SqliteConnection,
    asked: &BTreeSet<KeyId>,
    known: &mut KnownKeys,
) -> Result<(), LedgerError> {
    let rows = sqlx::query(
        "SELECT s.workspace_id, e.bytes FROM steps s JOIN entries e ON e.run = s.run AND e.seq = s.planned_seq
         WHERE s.kind = 'key.revoke' AND s.attempt > 0",
    )
    .fetch_all(&mut *connection)
    .await?;
    for row in &rows {
        let mut entry: Value = serde_json::from_slice(&row.try_get::<Vec<u8>, _>("bytes")?).unwrap_or_default();
        // Of another shape it is a step of a later version: then nothing is known of what it deletes.
        let (key, name) = match serde_json::from_value::<Change>(entry["step"]["change"].take()) {
            Ok(Change::Revoke { key, name, .. } | Change::Retire { key: Some(key), name, .. }) => (key, name),
            _ => continue,
        };
        if asked.contains(&key) {
            known.entry((workspace_id_of(row)?, key)).or_insert(name);
        }
    }
    Ok(())
}
