//! The ledger's handle: opening, beginning a run, adding to it.

use std::collections::HashMap;
use std::fmt;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use futures::executor::block_on;
use jiff::Timestamp;
use sqlx::{Connection as _, SqliteConnection};

use super::db;
use super::error::LedgerError;
use super::folder;
use super::lock::{Holder, RunLock, Turn};
use super::probe::{Go, Moment, Probe};
use super::query;
use super::record::{Record, RunHeader};
use super::run_id::new_run_id;
use super::sql::{NEWEST, Version};
use super::write;
use crate::clock::Clock;
use crate::domain::{Permit, RunId};

/// The ledger of one root. Cheap to clone; all clones share one connection.
#[derive(Clone)]
pub struct Ledger {
    inner: Arc<Inner>,
    probe: Option<Arc<dyn Probe>>,
}

struct Inner {
    state_dir: PathBuf,
    clock: Clock,
    /// Which file was opened.
    place: Option<Place>,
    connection: Mutex<Option<SqliteConnection>>,
    /// The runs this process writes.
    ours: Mutex<HashMap<RunId, RunLock>>,
}

impl Inner {
    /// Refuses to write to a file that has lost its name: nobody would ever read it.
    fn still_there(&self) -> Result<(), LedgerError> {
        let path = folder::ledger_file(&self.state_dir);
        if Place::of(&path) == self.place { Ok(()) } else { Err(LedgerError::Gone { path }) }
    }
}

/// Which file a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    device: u64,
    inode: u64,
}

impl Place {
    fn of(path: &Path) -> Option<Self> {
        let found = std::fs::symlink_metadata(path).ok()?;
        Some(Self { device: found.dev(), inode: found.ino() })
    }
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
        let opened = tokio::task::spawn_blocking(move || {
            let connection = block_on(db::open(&folder, now))?;
            Ok((connection, Place::of(&folder::ledger_file(&folder))))
        });
        let (connection, place) = opened.await.unwrap_or_else(|_panicked| Err(LedgerError::Crashed))?;
        Ok(Self {
            inner: Arc::new(Inner {
                state_dir: state_dir.to_owned(),
                clock,
                place,
                connection: Mutex::new(Some(connection)),
                ours: Mutex::default(),
            }),
            probe: None,
        })
    }

    /// Returns the ledger with somebody who is told of every commit before and after, and may let it never come back.
    #[must_use]
    pub fn probed(self, probe: Option<Arc<dyn Probe>>) -> Self {
        Self { probe, ..self }
    }

    async fn pass(&self, moment: Moment, records: &[Record]) {
        if let Some(probe) = &self.probe
            && probe.commit(moment, records) == Go::Halt
        {
            std::future::pending::<()>().await;
        }
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

    /// Tells whether this version understands what a run wrote whose header names this schema. One without a name is of the first.
    pub fn understands(schema: Option<&str>) -> bool {
        schema.is_none_or(|schema| Version::parse(schema).is_some_and(|version| version <= NEWEST))
    }

    /// Returns the state folder it is in.
    pub fn folder(&self) -> &Path {
        self.state_dir()
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

    /// Waits for the turn to begin a run. Keep it from asking what earlier runs left until the run is begun, and no longer.
    pub async fn turn(&self) -> Result<Turn, LedgerError> {
        let state_dir = self.inner.state_dir.clone();
        let taken = tokio::task::spawn_blocking(move || Turn::take(&state_dir)).await;
        taken.unwrap_or_else(|_panicked| Err(LedgerError::Crashed))
    }

    /// Returns this id if no run has it by now, else the next that is free: two processes may have drawn the same in one second.
    pub async fn still_free(&self, drawn: RunId, seed: u64) -> Result<RunId, LedgerError> {
        let wanted = drawn.clone();
        let taken = self.with(async move |connection| query::exists(connection, &wanted).await).await?;
        if taken { self.fresh_run_id(seed.wrapping_add(1)).await } else { Ok(drawn) }
    }

    /// Begins a run: its row, its steps, and the first entries of its chain, in one commit. The first entry holds the head of the
    /// run that was begun before.
    pub async fn begin(&self, header: RunHeader) -> Result<(), LedgerError> {
        self.begin_with(header, Vec::new()).await
    }

    /// Begins a run as [`Ledger::begin`] does, with its first records in the same commit: a run that is cut has all of them or is not there.
    pub async fn begin_with(&self, header: RunHeader, first: Vec<Record>) -> Result<(), LedgerError> {
        let run = header.run.clone();
        let at = self.now();
        let mut mark = self.take_run(&run)?;
        self.pass(Moment::Before, &[]).await;
        let begun = self.with(async move |connection| {
            db::transaction(connection, async move |connection| {
                let of = header.run.clone();
                write::begin(connection, &header, at).await?;
                if !first.is_empty() {
                    let _no_permits = write::append(connection, of, at, &first).await?;
                }
                Ok(())
            })
            .await
        });
        match begun.await {
            Ok(()) => {
                mark.begun();
                self.ours()?.insert(run, mark);
                self.pass(Moment::After, &[]).await;
                Ok(())
            }
            Err(error) => {
                mark.retire();
                Err(error)
            }
        }
    }

    /// Adds records to a run, in one commit that is on disk when this returns. For each `Started`, and each key
    /// that is about to be discarded, a permit comes back, in its place.
    ///
    /// If any record is refused, nothing of the batch is written. Many workers' records belong in one batch: each commit costs a sync.
    pub async fn append(&self, run: &RunId, records: Vec<Record>) -> Result<Vec<Option<Permit>>, LedgerError> {
        let newly = self.hold(run)?;
        let ends = matches!(records.last(), Some(Record::Ended { .. }));
        let at = self.now();
        let of = run.clone();
        self.pass(Moment::Before, &records).await;
        let told = self.probe.as_ref().map(|_probe| records.clone());
        let inner = Arc::clone(&self.inner);
        let written = self
            .with(async move |connection| {
                inner.still_there()?;
                db::transaction(connection, async move |connection| write::append(connection, of, at, &records).await)
                    .await
            })
            .await;
        // The run is not ours after all if its first batch was refused.
        if (ends && written.is_ok() || newly && written.is_err())
            && let Some(mark) = self.ours()?.remove(run)
        {
            mark.retire();
        }
        let started = written?;
        if let Some(records) = told {
            self.pass(Moment::After, &records).await;
        }
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
            let mut mark = self.take_run(run)?;
            mark.begun();
            ours.insert(run.clone(), mark);
        }
        Ok(newly)
    }

    fn take_run(&self, run: &RunId) -> Result<RunLock, LedgerError> {
        let note = Holder::this_process(run, &self.inner.clock);
        RunLock::take(&self.inner.state_dir, run, &note)
            .map_err(|source| LedgerError::RunBusy { run: run.clone(), source })
    }
}
