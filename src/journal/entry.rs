//! Entries: canonical bytes, each hashed together with the hash of the one before.

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::columns::number_of;
use super::db::moment;
use super::error::LedgerError;
use crate::domain::{RunId, canonical};

/// A SHA-256.
pub(super) type Hash = [u8; 32];

/// What stands before the first entry of the first run.
pub(super) const NOTHING_BEFORE: Hash = [0; 32];

/// One entry as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The run.
    pub run: String,
    /// Place in the run, from 1.
    pub seq: u64,
    /// When it was written, as text: what is wrong is shown, not repaired.
    pub at: String,
    /// Hash of the entry before; of a run's first entry, the head of the run before, or 32 zero bytes.
    pub prev_hash: Vec<u8>,
    /// SHA-256 over `prev_hash` and `bytes`.
    pub hash: Vec<u8>,
    /// Canonical JSON with `run`, `seq`, `at`, `type` and what the type holds.
    pub bytes: Vec<u8>,
}

impl Entry {
    /// Reads the JSON.
    pub fn value(&self) -> Result<Value, LedgerError> {
        serde_json::from_slice(&self.bytes)
            .map_err(|_not_json| LedgerError::unreadable(format!("entry {} of run `{}`", self.seq, self.run)))
    }

    pub(super) fn from_row(row: &SqliteRow) -> Result<Self, LedgerError> {
        Ok(Self {
            run: row.try_get("run")?,
            seq: number_of(row, "seq")?,
            at: row.try_get("at")?,
            prev_hash: row.try_get("prev_hash")?,
            hash: row.try_get("hash")?,
            bytes: row.try_get("bytes")?,
        })
    }
}

/// Returns the hash of an entry.
pub(super) fn hash(previous: &[u8], bytes: &[u8]) -> Hash {
    Sha256::new().chain_update(previous).chain_update(bytes).finalize().into()
}

/// The end of a run's chain, to which entries are added.
#[derive(Debug, Clone)]
pub(super) struct Tail {
    pub(super) run: RunId,
    pub(super) seq: u64,
    pub(super) hash: Hash,
    pub(super) at: Timestamp,
}

impl Tail {
    /// Adds an entry: completes its JSON, chains and inserts it. Returns its place.
    pub(super) async fn add(
        &mut self,
        connection: &mut SqliteConnection,
        mut value: Value,
    ) -> Result<u64, LedgerError> {
        let seq = self.seq + 1;
        let at = moment(self.at);
        value["run"] = json!(self.run);
        value["seq"] = json!(seq);
        value["at"] = json!(at);
        let bytes = canonical(&value);
        let next = hash(&self.hash, &bytes);
        sqlx::query("INSERT INTO entries (run, seq, at, prev_hash, hash, bytes) VALUES (?, ?, ?, ?, ?, ?)")
            .bind(self.run.as_str().to_owned())
            .bind(whole(seq))
            .bind(at)
            .bind(self.hash.to_vec())
            .bind(next.to_vec())
            .bind(bytes)
            .execute(&mut *connection)
            .await?;
        self.seq = seq;
        self.hash = next;
        Ok(seq)
    }

    /// Writes down where the chain of the run ends now.
    pub(super) async fn store(&self, connection: &mut SqliteConnection) -> Result<(), LedgerError> {
        sqlx::query("UPDATE runs SET head_seq = ?, head_hash = ? WHERE id = ?")
            .bind(whole(self.seq))
            .bind(self.hash.to_vec())
            .bind(self.run.as_str().to_owned())
            .execute(&mut *connection)
            .await?;
        Ok(())
    }
}

/// Turns a count into what a column holds.
pub(super) fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
