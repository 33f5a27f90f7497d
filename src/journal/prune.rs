//! Pruning: whole runs are removed from the old end of the ledger, and what remains can still be proven.
//!
//! ```text
//! prunable(before) ─► the longest prefix of runs that ended before, are settled, and whose chains hold ─► shown, approved
//! prune(these)     ─► batches: each one transaction ─► are they what was shown? ─► guards off, rows out, record in, guards on
//! ```
//!
//! **The chain.** The first remaining run hangs on an entry that is gone. The record of the removal keeps that entry's place and hash
//! (`anchor`) and the head of the last removed run, on which the next run hangs where none remains.
//!
//! **Not vacuumed.** `VACUUM` rewrites the whole file under a lock; a run that writes meanwhile would wait for longer than it may and
//! stop. What is removed is overwritten in its place (`secure_delete`), its pages are used again, and the write-ahead log is emptied.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::chain::{self, ChainBreak, Head};
use super::columns::{moment_of, number_of, run_id_of};
use super::db::{self, moment};
use super::entry::{Entry, whole};
use super::error::LedgerError;
use super::ledger::Ledger;
use super::lock::RunLock;
use super::unfinished::{SEEN_SINCE, UNSURE_END};
use super::{folder, query, sql};
use crate::domain::RunId;
use crate::domain::id::hex;

/// What the guard of removals per rolling day may still count is never removed; the second day is for clocks that disagree.
pub const YOUNGEST: SignedDuration = SignedDuration::from_hours(48);

/// Entries removed in one commit. A run that writes meanwhile waits for that commit: some hundred thousand rows take about a second, and
/// it waits for fifteen at most.
const BATCH: u64 = 100_000;

/// A run that may be removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its id.
    pub id: RunId,
    /// When it was begun.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// How many entries it has.
    pub entries: u64,
    head_hash: Vec<u8>,
}

/// Why a run and all behind it stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PruneStop {
    /// It ended later than asked for.
    Young,
    /// A process writes it now.
    Running,
    /// It was cut and never taken up again.
    Cut,
    /// So many of its steps may have taken effect, and nobody has looked since.
    Unsettled(u64),
}

/// What can be removed from the old end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prunable {
    /// The runs, oldest first.
    pub runs: Vec<Candidate>,
    /// The run that stops it, and why; none where all can go.
    pub stop: Option<(RunId, PruneStop)>,
    /// How many runs stay.
    pub remaining: u64,
}

/// Who prunes and why.
#[derive(Debug, Clone)]
pub struct PruneNote {
    /// Who.
    pub operator: String,
    /// Why, if that was said.
    pub reason: Option<String>,
    /// The version of keyholder.
    pub version: &'static str,
}

/// One pruning that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pruned {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub operator: String,
    /// Why, if that was said.
    pub reason: Option<String>,
    /// How many runs were removed.
    pub runs: u64,
    /// How many entries they had.
    pub entries: u64,
    /// The oldest removed run.
    pub first_run: String,
    /// The newest removed run.
    pub last_run: String,
    /// When the newest removed run was begun.
    pub last_started: Timestamp,
}

/// What the newest record says about the link to what is gone.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) last_run: String,
    pub(super) last_ordinal: u64,
    pub(super) head: (u64, Vec<u8>),
    anchor: Option<(u64, Vec<u8>)>,
}

impl Link {
    /// Tells whether what a run says it hangs on is what was removed.
    pub(super) fn holds(&self, previous: &Head) -> bool {
        let fits = |(seq, hash): &(u64, Vec<u8>)| *seq == previous.seq && hex(hash) == previous.hash;
        self.last_run == previous.run && (fits(&self.head) || self.anchor.as_ref().is_some_and(fits))
    }
}

/// Reads the newest record of a removal.
pub(super) async fn newest(connection: &mut SqliteConnection) -> Result<Option<Link>, LedgerError> {
    let row = sqlx::query(
        "SELECT last_run, last_ordinal, head_seq, head_hash, anchor_seq, anchor_hash FROM pruned ORDER BY number DESC LIMIT 1",
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let anchor_hash: Option<Vec<u8>> = row.try_get("anchor_hash")?;
    Ok(Some(Link {
        last_run: row.try_get("last_run")?,
        last_ordinal: number_of(&row, "last_ordinal")?,
        head: (number_of(&row, "head_seq")?, row.try_get("head_hash")?),
        anchor: anchor_hash.map(|hash| Ok::<_, LedgerError>((number_of(&row, "anchor_seq")?, hash))).transpose()?,
    }))
}

impl Ledger {
    /// Returns the longest row of oldest runs that ended before a moment and are settled, each chain proven. The moment is never later
    /// than [`YOUNGEST`] ago.
    pub async fn prunable(&self, before: Timestamp) -> Result<Prunable, ChainBreak> {
        let state_dir = self.state_dir().to_owned();
        let before = before.min(self.now() - YOUNGEST);
        self.with(async move |connection| {
            // A read of one snapshot: in WAL it keeps no writer waiting, however long it proves.
            db::run(connection, "BEGIN").await?;
            let found = survey(connection, &state_dir, before).await;
            db::run(connection, sql::COMMIT).await?;
            Ok(found)
        })
        .await?
    }

    /// Removes runs that were shown, in batches of one commit each, and returns how many. Where one is not what it was, it and those
    /// behind it stay and the error says so.
    pub async fn prune(&self, shown: &Prunable, note: &PruneNote) -> Result<u64, LedgerError> {
        let (state_dir, at) = (self.state_dir().to_owned(), self.now());
        let (runs, note) = (shown.runs.clone(), note.clone());
        self.with(async move |connection| {
            db::run(connection, sql::ERASE).await?;
            let mut removed = 0;
            for batch in batches(&runs, BATCH) {
                db::transaction(connection, async |connection| remove(connection, &state_dir, batch, &note, at).await)
                    .await?;
                removed += batch.len() as u64;
                // A run that was killed as it ended leaves its mark; without the run it would look like a ledger that was lost.
                for run in batch {
                    drop(std::fs::remove_file(RunLock::path(&state_dir, &run.id)));
                }
            }
            // Another reader may keep the log in use; it is emptied at the next chance then.
            drop(db::run(connection, sql::EMPTY_LOG).await);
            Ok(removed)
        })
        .await
    }

    /// Returns what was pruned, newest first; batches of one pruning are one.
    pub async fn pruned(&self) -> Result<Vec<Pruned>, LedgerError> {
        self.with(async move |connection| {
            let rows = sqlx::query("SELECT * FROM pruned ORDER BY number DESC").fetch_all(&mut *connection).await?;
            let mut all: Vec<Pruned> = Vec::new();
            for row in &rows {
                let one = pruned_of(row)?;
                match all.last_mut().filter(|last| (last.at, &last.operator) == (one.at, &one.operator)) {
                    Some(last) => {
                        last.runs += one.runs;
                        last.entries += one.entries;
                        last.first_run = one.first_run;
                    }
                    None => all.push(one),
                }
            }
            Ok(all)
        })
        .await
    }
}

fn pruned_of(row: &SqliteRow) -> Result<Pruned, LedgerError> {
    Ok(Pruned {
        at: moment_of(row, "at")?,
        operator: row.try_get("operator")?,
        reason: row.try_get("reason")?,
        runs: number_of(row, "runs")?,
        entries: number_of(row, "entries")?,
        first_run: row.try_get("first_run")?,
        last_run: row.try_get("last_run")?,
        last_started: moment_of(row, "last_started_at")?,
    })
}

async fn survey(
    connection: &mut SqliteConnection,
    state_dir: &Path,
    before: Timestamp,
) -> Result<Prunable, ChainBreak> {
    let rows = sqlx::query("SELECT id, started_at, ended_at, head_seq, head_hash FROM runs ORDER BY ordinal")
        .fetch_all(&mut *connection)
        .await
        .map_err(LedgerError::from)?;
    let mut found = Prunable { runs: Vec::new(), stop: None, remaining: 0 };
    for row in &rows {
        let id = run_id_of(row, "id")?;
        if let Some(stop) = stop(connection, state_dir, row, &id, before).await? {
            found.stop = Some((id, stop));
            break;
        }
        // What is broken is not swept away.
        chain::verify(connection, &id).await?;
        found.runs.push(Candidate {
            id,
            started: moment_of(row, "started_at")?,
            ended: moment_of(row, "ended_at")?,
            entries: number_of(row, "head_seq")?,
            head_hash: row.try_get("head_hash").map_err(LedgerError::from)?,
        });
    }
    found.remaining = (rows.len() - found.runs.len()) as u64;
    Ok(found)
}

async fn stop(
    connection: &mut SqliteConnection,
    state_dir: &Path,
    row: &SqliteRow,
    id: &RunId,
    before: Timestamp,
) -> Result<Option<PruneStop>, LedgerError> {
    // A run that ended can be taken up again: whoever does holds its mark before saying so.
    if RunLock::is_held(state_dir, id.as_str()) {
        return Ok(Some(PruneStop::Running));
    }
    if row.try_get::<Option<String>, _>("ended_at")?.is_none() {
        return Ok(Some(PruneStop::Cut));
    }
    if moment_of(row, "ended_at")? >= before {
        return Ok(Some(PruneStop::Young));
    }
    let open =
        sqlx::query(sqlx::AssertSqlSafe(open_sql())).bind(id.as_str().to_owned()).fetch_one(&mut *connection).await?;
    let open: u64 = number_of(&open, "n")?;
    Ok((open > 0).then_some(PruneStop::Unsettled(open)))
}

// Stricter than what holds a new plan: a step without an end, or whose end nobody saw, unless a later run has seen its subject. What was
// never sent does not keep a run: nobody goes on with one that old.
fn open_sql() -> String {
    format!(
        "SELECT COUNT(*) AS n FROM steps s JOIN runs r ON r.id = s.run
         WHERE s.run = ? AND (s.state IN ('started', 'answered', 'looked') OR {UNSURE_END}) AND NOT {SEEN_SINCE}"
    )
}

/// Parts runs into batches of at most so many entries, but at least one run each.
fn batches(runs: &[Candidate], most: u64) -> Vec<&[Candidate]> {
    let mut batches = Vec::new();
    let (mut from, mut entries) = (0, 0);
    for (place, run) in runs.iter().enumerate() {
        if place > from && entries + run.entries > most {
            batches.push(&runs[from..place]);
            (from, entries) = (place, 0);
        }
        entries += run.entries;
    }
    if from < runs.len() {
        batches.push(&runs[from..]);
    }
    batches
}

async fn remove(
    connection: &mut SqliteConnection,
    state_dir: &Path,
    batch: &[Candidate],
    note: &PruneNote,
    at: Timestamp,
) -> Result<(), LedgerError> {
    let (Some(first), Some(last)) = (batch.first(), batch.last()) else { return Ok(()) };
    let rows = sqlx::query("SELECT id, ordinal, ended_at, head_hash FROM runs ORDER BY ordinal LIMIT ?")
        .bind(whole(batch.len() as u64))
        .fetch_all(&mut *connection)
        .await?;
    let mut ordinal = 0_u64;
    for (place, run) in batch.iter().enumerate() {
        let moved = || LedgerError::PruneMoved { run: run.id.to_string() };
        let row = rows.get(place).ok_or_else(moved)?;
        let same = row.try_get::<String, _>("id")? == run.id.as_str()
            && row.try_get::<Option<String>, _>("ended_at")?.is_some()
            && row.try_get::<Vec<u8>, _>("head_hash")? == run.head_hash
            && !RunLock::is_held(state_dir, run.id.as_str());
        if !same {
            return Err(moved());
        }
        ordinal = number_of(row, "ordinal")?;
    }
    let anchor = anchor(connection, last, ordinal).await?;
    for statement in sql::UNGUARD {
        db::run(connection, statement).await?;
    }
    for statement in [
        "DELETE FROM entries WHERE run IN (SELECT id FROM runs WHERE ordinal <= ?)",
        "DELETE FROM steps WHERE run IN (SELECT id FROM runs WHERE ordinal <= ?)",
        "DELETE FROM runs WHERE ordinal <= ?",
    ] {
        sqlx::query(statement).bind(whole(ordinal)).execute(&mut *connection).await?;
    }
    sqlx::query(
        "INSERT INTO pruned (number, at, operator, reason, version, runs, entries, first_run, first_started_at, last_run,
                             last_started_at, last_ordinal, head_seq, head_hash, anchor_seq, anchor_hash)
         SELECT COALESCE(MAX(number), 0) + 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM pruned",
    )
    .bind(moment(at))
    .bind(note.operator.clone())
    .bind(note.reason.clone())
    .bind(note.version)
    .bind(whole(batch.len() as u64))
    .bind(whole(batch.iter().map(|run| run.entries).sum()))
    .bind(first.id.as_str().to_owned())
    .bind(moment(first.started))
    .bind(last.id.as_str().to_owned())
    .bind(moment(last.started))
    .bind(whole(ordinal))
    .bind(whole(last.entries))
    .bind(last.head_hash.clone())
    .bind(anchor.as_ref().map(|(seq, _)| whole(*seq)))
    .bind(anchor.map(|(_, hash)| hash))
    .execute(&mut *connection)
    .await?;
    for statement in sql::GUARD {
        db::run(connection, statement).await?;
    }
    db::mark_pruned(connection, &folder::ledger_file(state_dir)).await
}

/// Returns place and hash of the entry of the last removed run that the first remaining one hangs on. Where it does not hang on it,
/// nothing may be removed: the broken link would be gone with it.
async fn anchor(
    connection: &mut SqliteConnection,
    last: &Candidate,
    ordinal: u64,
) -> Result<Option<(u64, Vec<u8>)>, LedgerError> {
    let next = sqlx::query("SELECT id FROM runs WHERE ordinal > ? ORDER BY ordinal LIMIT 1")
        .bind(whole(ordinal))
        .fetch_optional(&mut *connection)
        .await?;
    let Some(next) = next else { return Ok(None) };
    let next = run_id_of(&next, "id")?;
    let broken = || LedgerError::unreadable(format!("run `{next}` does not hang on the run before it"));
    let first: Entry = query::entries(connection, &next, 0, 1).await?.into_iter().next().ok_or_else(broken)?;
    let header: Value = first.value()?;
    let previous = &header["previous"];
    let seq = previous["seq"].as_u64().filter(|_| previous["run"] == last.id.as_str()).ok_or_else(broken)?;
    let before = query::entries(connection, &last.id, seq.saturating_sub(1), 1).await?;
    let held = before.first().filter(|entry| entry.seq == seq && entry.hash == first.prev_hash).ok_or_else(broken)?;
    Ok(Some((seq, held.hash.clone())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_bounded_keep_the_order_and_never_part_a_run() {
        let run = |number: u32, entries| Candidate {
            id: RunId::parse(&format!("20261122T043000Z-{number:04x}")).unwrap(),
            started: Timestamp::UNIX_EPOCH,
            ended: Timestamp::UNIX_EPOCH,
            entries,
            head_hash: Vec::new(),
        };
        let runs = [run(1, 5), run(2, 4), run(3, 30), run(4, 1), run(5, 9)];
        let parts: Vec<Vec<u64>> =
            batches(&runs, 10).iter().map(|part| part.iter().map(|run| run.entries).collect()).collect();
        assert_eq!(parts, [vec![5, 4], vec![30], vec![1, 9]]);
        assert!(batches(&[], 10).is_empty());
    }
}
