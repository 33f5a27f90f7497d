//! Keys that runs made: which ones, by which run, where their secrets went, and which of them are gone again.
//!
//! An index of the entries, kept in the same commit. It holds fingerprints, never a secret.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::columns::{moment_of, run_id_of, workspace_id_of};
use super::db::moment;
use super::entry::Tail;
use super::error::LedgerError;
use super::ledger::Ledger;
use super::record::{KeyDid, Record};
use crate::domain::{Change, KeyId, Outcome, RunId, StepId, WorkspaceId};

/// A key that a run made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeKey {
    /// Where.
    pub workspace_id: WorkspaceId,
    /// The key.
    pub key: KeyId,
    /// The fingerprint of its secret; none of a key whose answer was lost.
    pub fingerprint: Option<String>,
    /// Its name.
    pub name: String,
    /// The run that made it.
    pub run: RunId,
    /// The step that made it.
    pub step: StepId,
    /// When that was written down.
    pub made_at: Timestamp,
    /// Where its secret went, in words; none where it was not kept.
    pub stored: Option<String>,
    /// When a run had deleted it.
    pub gone_at: Option<Timestamp>,
}

/// Parameters of one question; SQLite takes many more.
const AT_ONCE: usize = 200;

impl Ledger {
    /// Returns the keys that runs made in these workspaces, the oldest first; those that are gone again too.
    pub async fn made_keys(&self, workspaces: &[WorkspaceId]) -> Result<Vec<MadeKey>, LedgerError> {
        let workspaces = workspaces.to_vec();
        self.with(async move |connection| {
            let mut made = Vec::new();
            for some in workspaces.chunks(AT_ONCE) {
                let marks = vec!["?"; some.len()].join(", ");
                let sql = format!("SELECT * FROM keys WHERE workspace_id IN ({marks})");
                let query = some
                    .iter()
                    .fold(sqlx::query(sqlx::AssertSqlSafe(sql)), |query, id| query.bind(id.as_str().to_owned()));
                for row in query.fetch_all(&mut *connection).await? {
                    made.push(read(&row)?);
                }
            }
            made.sort_by(|one: &MadeKey, other| {
                let place = |key: &MadeKey| (key.made_at, key.workspace_id.clone(), key.run.clone(), key.key.clone());
                place(one).cmp(&place(other))
            });
            Ok(made)
        })
        .await
    }
}

fn read(row: &SqliteRow) -> Result<MadeKey, LedgerError> {
    let (key, step): (String, String) = (row.try_get("key_id")?, row.try_get("step")?);
    let gone: Option<String> = row.try_get("gone_at")?;
    Ok(MadeKey {
        workspace_id: workspace_id_of(row)?,
        key: KeyId::parse(&key).map_err(|_bad_id| LedgerError::unreadable("the id of a made key"))?,
        fingerprint: row.try_get("fingerprint")?,
        name: row.try_get("name")?,
        run: run_id_of(row, "run")?,
        step: StepId::from_stored(&step),
        made_at: moment_of(row, "made_at")?,
        stored: row.try_get("stored")?,
        gone_at: gone.map(|_there| moment_of(row, "gone_at")).transpose()?,
    })
}

/// Fingerprints of made keys, by workspace and key.
pub(super) type Prints = BTreeMap<(String, String), Option<String>>;

/// Returns the keys that a run made, with their fingerprints, as the rows have them.
pub(super) async fn of_run(connection: &mut SqliteConnection, run: &RunId) -> Result<Prints, LedgerError> {
    let rows = sqlx::query("SELECT workspace_id, key_id, fingerprint FROM keys WHERE run = ?")
        .bind(run.as_str().to_owned())
        .fetch_all(&mut *connection)
        .await?;
    let read =
        |row: &SqliteRow| Ok(((row.try_get("workspace_id")?, row.try_get("key_id")?), row.try_get("fingerprint")?));
    rows.iter().map(read).collect()
}

/// Takes from a record what it says of made keys, and of keys that were deleted.
pub(super) async fn note(connection: &mut SqliteConnection, tail: &Tail, record: &Record) -> Result<(), LedgerError> {
    match record {
        Record::Key { step, did, key: Some(key), fingerprint, detail } => {
            let Some(workspace) = workspace_of(connection, tail, step).await? else { return Ok(()) };
            match did {
                KeyDid::Made => insert(connection, tail, (&workspace, key, step), fingerprint.as_deref(), detail).await,
                KeyDid::Stored | KeyDid::ProvenStored => set(connection, "stored", detail, (&workspace, key)).await,
                KeyDid::Discarded => set(connection, "gone_at", &moment(tail.at), (&workspace, key)).await,
                KeyDid::Proven | KeyDid::Switched | KeyDid::Discarding => Ok(()),
            }
        }
        Record::Settled { step, outcome: Outcome::Done | Outcome::Already, .. } => {
            match deleted_by(connection, tail, step).await? {
                Some((workspace, key)) => set(connection, "gone_at", &moment(tail.at), (&workspace, &key)).await,
                None => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

async fn insert(
    connection: &mut SqliteConnection,
    tail: &Tail,
    (workspace, key, step): (&WorkspaceId, &KeyId, &StepId),
    fingerprint: Option<&str>,
    name: &str,
) -> Result<(), LedgerError> {
    sqlx::query(
        "INSERT INTO keys (workspace_id, key_id, fingerprint, name, run, step, made_at) VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (workspace_id, key_id) DO NOTHING",
    )
    .bind(workspace.as_str().to_owned())
    .bind(key.as_str().to_owned())
    .bind(fingerprint.map(str::to_owned))
    .bind(name.to_owned())
    .bind(tail.run.as_str().to_owned())
    .bind(step.as_str().to_owned())
    .bind(moment(tail.at))
    .execute(&mut *connection)
    .await?;
    Ok(())
}

async fn set(
    connection: &mut SqliteConnection,
    column: &'static str,
    value: &str,
    (workspace, key): (&WorkspaceId, &KeyId),
) -> Result<(), LedgerError> {
    sqlx::query(sqlx::AssertSqlSafe(format!("UPDATE keys SET {column} = ? WHERE workspace_id = ? AND key_id = ?")))
        .bind(value.to_owned())
        .bind(workspace.as_str().to_owned())
        .bind(key.as_str().to_owned())
        .execute(&mut *connection)
        .await?;
    Ok(())
}

async fn workspace_of(
    connection: &mut SqliteConnection,
    tail: &Tail,
    step: &StepId,
) -> Result<Option<WorkspaceId>, LedgerError> {
    let row = sqlx::query("SELECT workspace_id FROM steps WHERE run = ? AND id = ?")
        .bind(tail.run.as_str().to_owned())
        .bind(step.as_str().to_owned())
        .fetch_optional(&mut *connection)
        .await?;
    row.map(|row| workspace_id_of(&row)).transpose()
}

/// Finds the key that a step deletes.
async fn deleted_by(
    connection: &mut SqliteConnection,
    tail: &Tail,
    step: &StepId,
) -> Result<Option<(WorkspaceId, KeyId)>, LedgerError> {
    let row = sqlx::query(
        "SELECT s.workspace_id, e.bytes FROM steps s JOIN entries e ON e.run = s.run AND e.seq = s.planned_seq
         WHERE s.run = ? AND s.id = ? AND s.kind = 'key.revoke'",
    )
    .bind(tail.run.as_str().to_owned())
    .bind(step.as_str().to_owned())
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let mut entry: Value = serde_json::from_slice(&row.try_get::<Vec<u8>, _>("bytes")?).unwrap_or_default();
    // Of another shape it is a step of a later version: then nothing is known of what it deletes.
    let change = serde_json::from_value::<Change>(entry["step"]["change"].take()).ok();
    let key = change.as_ref().and_then(Change::deleted_key).cloned();
    key.map(|key| Ok((workspace_id_of(&row)?, key))).transpose()
}

/// Which key the making step of a run made and kept, by step: of a step that made several, the one that was not discarded.
pub fn made_by_step<'a>(made: &'a [MadeKey], run: &RunId) -> BTreeMap<StepId, &'a MadeKey> {
    let kept = made.iter().filter(|key| key.run == *run && key.stored.is_some() && key.gone_at.is_none());
    kept.map(|key| (key.step.clone(), key)).collect()
}
