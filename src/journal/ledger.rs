//! The ledger's handle: opening, beginning a run, adding to it.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use futures::executor::block_on;
use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::{Connection as _, Row as _, SqliteConnection};

use super::db::{self, moment, number_of};
use super::entry::{Hash, NOTHING_BEFORE, Tail, whole};
use super::error::LedgerError;
use super::lock::{Holder, RunLock};
use super::query;
use super::record::{Disposition, Record, RunHeader, header_json, planned_json};
use super::run_id::new_run_id;
use super::state::{Move, State};
use crate::clock::Clock;
use crate::domain::id::hex;
use crate::domain::{Permit, RunId, Step, StepId, WorkspaceId};

/// The ledger of one root. Cheap to clone; all clones share one connection.
#[derive(Clone)]
pub struct Ledger {
    inner: Arc<Inner>,
}

struct Inner {
    state_dir: PathBuf,
    clock: Clock,
    connection: Mutex<Option<SqliteConnection>>,
    /// The runs this process writes.
    ours: Mutex<HashMap<RunId, RunLock>>,
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("state_dir", &self.inner.state_dir).finish_non_exhaustive()
    }
}

impl Ledger {
    /// Opens the ledger in a state folder (`.keyholder`), making folder and file and upgrading the schema as needed.
    pub async fn open(state_dir: &Path, clock: Clock) -> Result<Self, LedgerError> {
        let folder = state_dir.to_owned();
        let now = clock.now();
        let opened = tokio::task::spawn_blocking(move || block_on(db::open(&folder, now))).await;
        let connection = opened.unwrap_or_else(|_panicked| Err(LedgerError::Crashed))?;
        Ok(Self {
            inner: Arc::new(Inner {
                state_dir: state_dir.to_owned(),
                clock,
                connection: Mutex::new(Some(connection)),
                ours: Mutex::default(),
            }),
        })
    }

    /// Does some work with the connection, from first to last statement inside one `spawn_blocking`: while it runs, a paused clock
    /// stands still. If the caller stops waiting, the work goes on to its end: what was started is then on disk without a permit,
    /// which is the safe side.
    pub(super) async fn with<T, F>(&self, work: F) -> Result<T, LedgerError>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut SqliteConnection) -> Result<T, LedgerError> + Send + 'static,
    {
        let inner = Arc::clone(&self.inner);
        let done = tokio::task::spawn_blocking(move || {
            // Poisoned: a call panicked, perhaps within a transaction. Nothing may be added behind it.
            let mut connection = inner.connection.lock().map_err(|_poisoned| LedgerError::Crashed)?;
            block_on(work(connection.as_mut().ok_or(LedgerError::Closed)?))
        });
        done.await.unwrap_or_else(|_panicked| Err(LedgerError::Crashed))
    }

    /// Closes the connection and waits until the file is at rest. Later calls of any clone fail.
    pub async fn close(&self) -> Result<(), LedgerError> {
        let inner = Arc::clone(&self.inner);
        let done = tokio::task::spawn_blocking(move || {
            let connection = inner.connection.lock().map_err(|_poisoned| LedgerError::Crashed)?.take();
            connection.map_or(Ok(()), |connection| block_on(connection.close()).map_err(LedgerError::from))
        });
        done.await.unwrap_or_else(|_panicked| Err(LedgerError::Crashed))
    }

    pub(super) fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    pub(super) fn state_dir(&self) -> &Path {
        &self.inner.state_dir
    }

    /// Returns an id for a new run: [`new_run_id`], or the next that is free.
    pub async fn fresh_run_id(&self, seed: u64) -> Result<RunId, LedgerError> {
        let clock = self.inner.clock;
        self.with(async move |connection| {
            let mut seed = seed;
            loop {
                let id = new_run_id(&clock, seed);
                if !query::exists(connection, &id).await? {
                    return Ok(id);
                }
                seed = seed.wrapping_add(1);
            }
        })
        .await
    }

    /// Begins a run: its row, its steps, and the first entries of its chain, in one commit. The first entry holds the head of the
    /// run that was begun before.
    pub async fn begin(&self, header: RunHeader) -> Result<(), LedgerError> {
        let run = header.run.clone();
        let at = self.now();
        let mark = self.take_run(&run)?;
        let begun = self.with(async move |connection| {
            db::transaction(connection, async move |connection| begin(connection, &header, at).await).await
        });
        match begun.await {
            Ok(()) => {
                self.ours()?.insert(run, mark);
                Ok(())
            }
            Err(error) => {
                mark.retire();
                Err(error)
            }
        }
    }

    /// Adds records to a run, in one commit that is on disk when this returns. For each `Started` a permit comes back, in its place.
    ///
    /// If any record is refused, nothing of the batch is written. Many workers' records belong in one batch: each commit costs a sync.
    pub async fn append(&self, run: &RunId, records: Vec<Record>) -> Result<Vec<Option<Permit>>, LedgerError> {
        let newly = self.hold(run)?;
        let ends = matches!(records.last(), Some(Record::Ended { .. }));
        let at = self.now();
        let of = run.clone();
        let written = self
            .with(async move |connection| {
                db::transaction(connection, async move |connection| append(connection, of, at, &records).await).await
            })
            .await;
        // The run is not ours after all if its first batch was refused.
        if (ends && written.is_ok() || newly && written.is_err())
            && let Some(mark) = self.ours()?.remove(run)
        {
            mark.retire();
        }
        let started = written?;
        // Only here, behind the commit, may permits exist.
        let permit = |(workspace, step, attempt)| Permit::issue(workspace, step, attempt);
        Ok(started.into_iter().map(|started| started.map(permit)).collect())
    }

    fn ours(&self) -> Result<std::sync::MutexGuard<'_, HashMap<RunId, RunLock>>, LedgerError> {
        self.inner.ours.lock().map_err(|_poisoned| LedgerError::Crashed)
    }

    /// Makes sure that it is we who write this run. Tells whether we began to only now.
    fn hold(&self, run: &RunId) -> Result<bool, LedgerError> {
        let mut ours = self.ours()?;
        let newly = !ours.contains_key(run);
        if newly {
            ours.insert(run.clone(), self.take_run(run)?);
        }
        Ok(newly)
    }

    fn take_run(&self, run: &RunId) -> Result<RunLock, LedgerError> {
        let note = Holder::this_process(run, &self.inner.clock);
        RunLock::take(&self.inner.state_dir, run, &note)
            .map_err(|source| LedgerError::RunBusy { run: run.clone(), source })
    }
}

async fn begin(connection: &mut SqliteConnection, header: &RunHeader, at: Timestamp) -> Result<(), LedgerError> {
    if query::exists(connection, &header.run).await? {
        return Err(LedgerError::RunExists { run: header.run.clone() });
    }
    let before = sqlx::query("SELECT id, ordinal, head_seq, head_hash FROM runs ORDER BY ordinal DESC LIMIT 1")
        .fetch_optional(&mut *connection)
        .await?;
    let (ordinal, hash, previous) = match before {
        None => (1, NOTHING_BEFORE, Value::Null),
        Some(row) => {
            let hash = hash_of(row.try_get("head_hash")?, "head_hash")?;
            let (id, seq): (String, u64) = (row.try_get("id")?, number_of(&row, "head_seq")?);
            let previous = json!({ "run": id, "seq": seq, "hash": hex(&hash) });
            (number_of::<u64>(&row, "ordinal")? + 1, hash, previous)
        }
    };
    sqlx::query(
        "INSERT INTO runs (id, ordinal, started_at, command, operator, reason, plan, approved_by, fleet_digest, version, head_seq, head_hash)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)",
    )
    .bind(header.run.as_str().to_owned())
    .bind(whole(ordinal))
    .bind(moment(at))
    .bind(header.command.clone())
    .bind(header.operator.clone())
    .bind(header.reason.clone())
    .bind(header.plan.as_str().to_owned())
    .bind(header.approved_by.clone())
    .bind(header.fleet_digest.clone())
    .bind(header.version)
    .bind(hash.to_vec())
    .execute(&mut *connection)
    .await?;
    let mut tail = Tail { run: header.run.clone(), seq: 0, hash, at };
    tail.add(connection, header_json(header, &previous)).await?;
    for (step, disposition) in &header.steps {
        let seq = tail.add(connection, planned_json(step, disposition)).await?;
        insert_step(connection, &tail, seq, step, disposition).await?;
    }
    tail.store(connection).await
}

async fn insert_step(
    connection: &mut SqliteConnection,
    tail: &Tail,
    seq: u64,
    step: &Step,
    disposition: &Disposition,
) -> Result<(), LedgerError> {
    let state = disposition.state();
    let inserted = sqlx::query(
        "INSERT INTO steps (run, id, planned_seq, workspace, workspace_id, kind, subject, removal, state, attempt, outcome, reason_code, reason, changed_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?)",
    )
    .bind(tail.run.as_str().to_owned())
    .bind(step.id.as_str().to_owned())
    .bind(whole(seq))
    .bind(step.workspace.clone())
    .bind(step.workspace_id.as_str().to_owned())
    .bind(step.kind().as_str())
    .bind(step.change.subject().as_str().to_owned())
    .bind(i64::from(step.is_removal()))
    .bind(state.as_str())
    .bind(state.outcome().map(crate::domain::Outcome::as_str))
    .bind(disposition.code().map(str::to_owned))
    .bind(disposition.text().map(str::to_owned))
    .bind(moment(tail.at))
    .execute(&mut *connection)
    .await;
    match inserted {
        Ok(_) => Ok(()),
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            Err(LedgerError::SameStepTwice { step: step.id.clone() })
        }
        Err(error) => Err(error.into()),
    }
}

/// What a permit is made of, once the commit succeeded.
type Started = Option<(WorkspaceId, StepId, u32)>;

async fn append(
    connection: &mut SqliteConnection,
    run: RunId,
    at: Timestamp,
    records: &[Record],
) -> Result<Vec<Started>, LedgerError> {
    let (mut tail, mut ended) = tail(connection, run, at).await?;
    let mut touched = HashMap::new();
    let mut started = Vec::with_capacity(records.len());
    for record in records {
        let resumes = matches!(record, Record::Resumed { .. });
        if ended && !resumes {
            return Err(LedgerError::RunEnded { run: tail.run });
        }
        let permit = match record.step_move()? {
            None => None,
            Some((id, step)) => {
                if !touched.contains_key(id) {
                    touched.insert(id.clone(), Touched::load(connection, &tail.run, id).await?);
                }
                touched.get_mut(id).and_then(|touched| touched.take(id, step, record).transpose()).transpose()?
            }
        };
        tail.add(connection, record.json()).await?;
        started.push(permit);
        if resumes {
            reopen(connection, &tail).await?;
        } else if let Record::Ended { exit, outcome, requests, .. } = record {
            end(connection, &tail, *exit, outcome, *requests).await?;
        }
        ended = matches!(record, Record::Ended { .. });
    }
    for (id, touched) in &touched {
        touched.store(connection, &tail, id).await?;
    }
    tail.store(connection).await?;
    Ok(started)
}

/// Reads the end of a run's chain, and whether the run has ended.
async fn tail(connection: &mut SqliteConnection, run: RunId, at: Timestamp) -> Result<(Tail, bool), LedgerError> {
    let row = sqlx::query("SELECT head_seq, head_hash, ended_at FROM runs WHERE id = ?")
        .bind(run.as_str().to_owned())
        .fetch_optional(&mut *connection)
        .await?
        .ok_or_else(|| LedgerError::NoSuchRun { asked: run.to_string() })?;
    let ended: Option<String> = row.try_get("ended_at")?;
    let (seq, hash) = (number_of(&row, "head_seq")?, hash_of(row.try_get("head_hash")?, "head_hash")?);
    Ok((Tail { run, seq, hash, at }, ended.is_some()))
}

async fn end(
    connection: &mut SqliteConnection,
    tail: &Tail,
    exit: u8,
    outcome: &str,
    requests: u64,
) -> Result<(), LedgerError> {
    sqlx::query("UPDATE runs SET ended_at = ?, exit_code = ?, outcome = ?, requests = ? WHERE id = ?")
        .bind(moment(tail.at))
        .bind(i64::from(exit))
        .bind(outcome.to_owned())
        .bind(whole(requests))
        .bind(tail.run.as_str().to_owned())
        .execute(&mut *connection)
        .await?;
    Ok(())
}

async fn reopen(connection: &mut SqliteConnection, tail: &Tail) -> Result<(), LedgerError> {
    sqlx::query("UPDATE runs SET ended_at = NULL, exit_code = NULL, outcome = NULL, requests = NULL WHERE id = ?")
        .bind(tail.run.as_str().to_owned())
        .execute(&mut *connection)
        .await?;
    Ok(())
}

fn hash_of(bytes: Vec<u8>, column: &str) -> Result<Hash, LedgerError> {
    bytes.try_into().map_err(|_wrong_length| LedgerError::unreadable(format!("a hash in column `{column}`")))
}

/// A step that a batch moves on.
struct Touched {
    workspace: WorkspaceId,
    state: State,
    status: Option<u16>,
    reason: Option<String>,
}

impl Touched {
    async fn load(connection: &mut SqliteConnection, run: &RunId, id: &StepId) -> Result<Self, LedgerError> {
        let row = sqlx::query(
            "SELECT workspace_id, state, attempt, answer, effect, outcome, status, reason FROM steps WHERE run = ? AND id = ?",
        )
        .bind(run.as_str().to_owned())
        .bind(id.as_str().to_owned())
        .fetch_optional(&mut *connection)
        .await?
        .ok_or_else(|| LedgerError::NoSuchStep { run: run.clone(), step: id.clone() })?;
        Ok(Self {
            workspace: query::workspace_id_of(&row)?,
            state: query::state_of(&row)?,
            status: query::status_of(&row)?,
            reason: row.try_get("reason")?,
        })
    }

    /// Moves the step on, or refuses. Returns what a permit is made of.
    fn take(&mut self, id: &StepId, step: Move, record: &Record) -> Result<Started, LedgerError> {
        self.state = self.state.after(step).map_err(|source| LedgerError::Illegal { step: id.clone(), source })?;
        match record {
            Record::Answered { status, .. } => self.status = *status,
            Record::Settled { reason, .. } => self.reason.clone_from(reason),
            _ => {}
        }
        Ok(match step {
            Move::Start { attempt } => Some((self.workspace.clone(), id.clone(), attempt)),
            _ => None,
        })
    }

    async fn store(&self, connection: &mut SqliteConnection, tail: &Tail, id: &StepId) -> Result<(), LedgerError> {
        sqlx::query(
            "UPDATE steps SET state = ?, attempt = ?, answer = ?, effect = ?, outcome = ?, status = ?, reason = ?, changed_at = ?
             WHERE run = ? AND id = ?",
        )
        .bind(self.state.as_str())
        .bind(i64::from(self.state.attempts()))
        .bind(self.state.answer().map(super::state::Class::as_str))
        .bind(self.state.effect().map(super::state::Effect::as_str))
        .bind(self.state.outcome().map(crate::domain::Outcome::as_str))
        .bind(self.status.map(i64::from))
        .bind(self.reason.clone())
        .bind(moment(tail.at))
        .bind(tail.run.as_str().to_owned())
        .bind(id.as_str().to_owned())
        .execute(&mut *connection)
        .await?;
        Ok(())
    }
}
