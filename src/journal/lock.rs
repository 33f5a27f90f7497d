//! Locks: one run at a time writes to a workspace (design section 5).
//!
//! A lock is a kernel lock on an open file. It dies with its holder, so there is no stale lock and no command to break one. The
//! file of a workspace stays, with the note of its last holder, when the lock is released; where a file is removed, whoever locks it next looks whether
//! it still has its name. A lock and the note of its holder come together: whoever is turned away is told by whom.

use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::error::LedgerError;
use super::folder;
use crate::clock::Clock;
use crate::domain::{RunId, WorkspaceId};
use crate::trouble::{Advise, Exit};

/// What stands behind the note in the mark of a run that is in the ledger.
const BEGUN: &[u8] = b"\nbegun\n";

/// How often a waiting run looks whether the lock is free. Short for a person, long for the machine.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// Who holds a lock, as it says itself; for messages alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its process.
    pub pid: u32,
    /// Its run.
    pub run: String,
    /// Since when.
    pub since: Timestamp,
}

impl Holder {
    /// Describes this process, writing a run from now on.
    pub fn this_process(run: &RunId, clock: &Clock) -> Self {
        Self { pid: std::process::id(), run: run.to_string(), since: clock.now() }
    }

    fn read(file: &mut File) -> Option<Self> {
        let mut text = String::new();
        file.seek(SeekFrom::Start(0)).ok()?;
        file.take(4096).read_to_string(&mut text).ok()?;
        let note: Value = serde_json::from_str(text.lines().next()?).ok()?;
        Some(Self {
            pid: u32::try_from(note["pid"].as_u64()?).ok()?,
            run: note["run"].as_str()?.chars().filter(|c| !c.is_control()).collect(),
            since: note["since"].as_str()?.parse().ok()?,
        })
    }

    fn write(&self, file: &mut File) -> io::Result<()> {
        let note = json!({ "pid": self.pid, "run": self.run, "since": self.since.to_string() });
        file.set_len(0)?;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(note.to_string().as_bytes())
    }
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "run {} (process {}) since {:.0}", self.run, self.pid, self.since)
    }
}

/// Why a lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockTrouble {
    /// Somebody else has it.
    #[error("`{what}` is held by {}", by.as_ref().map_or_else(|| "another process".to_owned(), ToString::to_string))]
    Held {
        /// What is locked.
        what: String,
        /// Who has it, if it could be read.
        by: Option<Holder>,
    },
    /// The lock's file cannot be made.
    #[error("the lock on `{what}` cannot be taken")]
    Folder {
        /// What should be locked.
        what: String,
        /// Why.
        source: Box<LedgerError>,
    },
    /// The system refused the lock, as some network file systems do.
    #[error("the lock file `{}` cannot be locked", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl LockTrouble {
    /// Returns the exit code: 75 where somebody else has it, else 74.
    pub fn exit(&self) -> Exit {
        if matches!(self, Self::Held { .. }) { Exit::TryLater } else { Exit::Output }
    }
}

impl Advise for LockTrouble {
    fn advice(&self) -> Vec<String> {
        match self {
            Self::Held { .. } => {
                vec!["wait for it to end, or let `--wait` wait for it; the lock ends with its holder".to_owned()]
            }
            Self::Folder { source, .. } => source.advice(),
            Self::Refused { .. } => {
                vec!["keep the root on a local disk: this one does not support file locks".to_owned()]
            }
        }
    }
}

/// The right to write to a workspace, for as long as it is kept. Released on drop, and by the kernel when the process dies.
#[derive(Debug)]
pub struct WriteLock {
    _file: File,
}

impl WriteLock {
    /// Takes the lock of a workspace if nobody has it. Two handles in one process conflict as two processes do.
    pub fn try_take(state_dir: &Path, workspace: &WorkspaceId, note: &Holder) -> Result<Self, LockTrouble> {
        take(state_dir, &format!("write-{workspace}.lock"), workspace.as_str(), note).map(|file| Self { _file: file })
    }

    /// Takes the lock of a workspace, waiting for it until the deadline; then says who has it.
    pub async fn wait(
        state_dir: &Path,
        workspace: &WorkspaceId,
        note: &Holder,
        clock: &Clock,
        deadline: Instant,
    ) -> Result<Self, LockTrouble> {
        loop {
            match Self::try_take(state_dir, workspace, note) {
                Err(LockTrouble::Held { .. }) if clock.instant() < deadline => {
                    clock.sleep_until(deadline.min(clock.instant() + LOOK_AGAIN)).await;
                }
                taken => return taken,
            }
        }
    }
}

/// The mark of a run that is being written. While it is held the run is running; a run without end that nobody holds was cut.
#[derive(Debug)]
pub(super) struct RunLock {
    file: File,
    path: PathBuf,
}

impl RunLock {
    pub(super) fn take(state_dir: &Path, run: &RunId, note: &Holder) -> Result<Self, LockTrouble> {
        let name = name_of_run(run.as_str());
        let path = Self::path(state_dir, run);
        take(state_dir, &name, run.as_str(), note).map(|file| Self { file, path })
    }

    /// Returns where the mark of a run is.
    pub(super) fn path(state_dir: &Path, run: &RunId) -> PathBuf {
        folder::locks(state_dir).join(name_of_run(run.as_str()))
    }

    /// Writes into the mark that the run is in the ledger: from here on a mark without a run means that the ledger was lost.
    pub(super) fn begun(&mut self) {
        // A mark that cannot be written (a full disk) only makes a lost ledger harder to notice.
        drop(self.file.seek(SeekFrom::End(0)).and_then(|_end| self.file.write_all(BEGUN)));
    }

    /// Returns the runs that were begun and have a mark that nobody holds, oldest first.
    pub(super) fn left(state_dir: &Path) -> Vec<RunId> {
        let Ok(found) = std::fs::read_dir(folder::locks(state_dir)) else { return Vec::new() };
        let names = found.filter_map(|found| found.ok()?.file_name().into_string().ok());
        let of_run = |name: String| RunId::parse(name.strip_prefix("run-")?.strip_suffix(".lock")?).ok();
        let was_begun = |run: &RunId| {
            let note = std::fs::read(Self::path(state_dir, run)).unwrap_or_default();
            note.ends_with(BEGUN) && !Self::is_held(state_dir, run.as_str())
        };
        let mut runs: Vec<RunId> = names.filter_map(of_run).filter(was_begun).collect();
        runs.sort();
        runs
    }

    /// Removes the file of a run that has ended, while it is still locked. Whoever opens it now finds the run ended.
    pub(super) fn retire(self) {
        drop(std::fs::remove_file(&self.path));
    }

    /// Tells whether somebody holds the mark of this run.
    pub(super) fn is_held(state_dir: &Path, run: &str) -> bool {
        // A shared lock, so that two who ask do not see each other. The file is not made: without it nobody holds it.
        let path = folder::locks(state_dir).join(name_of_run(run));
        folder::refuse_link(&path).is_ok()
            && File::open(&path).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }
}

fn name_of_run(run: &str) -> String {
    format!("run-{run}.lock")
}

/// The turn to ask what the ledger remembers and to begin a run by it: no other run is begun between the two.
#[derive(Debug)]
pub struct Turn {
    _file: File,
}

impl Turn {
    pub(super) fn take(state_dir: &Path) -> Result<Self, LedgerError> {
        let locks = folder::locks(state_dir);
        folder::secure_folder(&locks)?;
        turn(&locks.join("run.beginning")).map(|file| Self { _file: file })
    }
}

/// Waits for a turn at something short; for threads that may block.
pub(super) fn turn(path: &Path) -> Result<File, LedgerError> {
    let file = folder::secure_file(path)?;
    file.lock().map_err(|source| LedgerError::Folder { path: path.to_owned(), source })?;
    Ok(file)
}

fn take(state_dir: &Path, name: &str, what: &str, note: &Holder) -> Result<File, LockTrouble> {
    let locks = folder::locks(state_dir);
    let path = locks.join(name);
    let failed = |source| LockTrouble::Folder { what: what.to_owned(), source: Box::new(source) };
    folder::secure_folder(state_dir).map_err(failed)?;
    folder::secure_folder(&locks).map_err(failed)?;
    // Locking and signing are one act to all who look: else the one turned away in between could not say by whom.
    let _turn = turn(&locks.join("lock.taking")).map_err(failed)?;
    let mut file = loop {
        let mut file = folder::secure_file(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) if is_still_at(&file, &path) => break file,
            // Its last holder removed the name between our opening and locking it.
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LockTrouble::Held { what: what.to_owned(), by: Holder::read(&mut file) });
            }
            Err(TryLockError::Error(source)) => return Err(LockTrouble::Refused { path, source }),
        }
    };
    // A note that cannot be written (a full disk) does not make the lock worse.
    drop(note.write(&mut file));
    Ok(file)
}

fn is_still_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), std::fs::symlink_metadata(path)) {
        (Ok(held), Ok(named)) => (held.dev(), held.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world() -> (tempfile::TempDir, WorkspaceId, Holder, Clock) {
        let clock = Clock::starting_at("2026-11-22T04:30:00Z".parse().unwrap());
        let run = RunId::parse("20261122T043000Z-0001").unwrap();
        let workspace = WorkspaceId::parse("0195b2aa-7c1e-7d00-8000-000000000001").unwrap();
        (tempfile::tempdir().unwrap(), workspace, Holder::this_process(&run, &clock), clock)
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_taker_is_told_who_has_it_and_gets_it_after_the_first() {
        let (root, workspace, note, _) = world();
        let state = root.path().join(".keyholder");
        let first = WriteLock::try_take(&state, &workspace, &note).unwrap();
        let Err(LockTrouble::Held { by, .. }) = WriteLock::try_take(&state, &workspace, &note) else {
            panic!("two handles of one process must conflict");
        };
        assert_eq!(by, Some(note.clone()));
        let other = WorkspaceId::parse("another").unwrap();
        WriteLock::try_take(&state, &other, &note).unwrap();
        drop(first);
        WriteLock::try_take(&state, &workspace, &note).unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_ends_when_the_holder_lets_go_or_at_the_deadline() {
        let (root, workspace, note, clock) = world();
        let first = WriteLock::try_take(root.path(), &workspace, &note).unwrap();
        let deadline = clock.instant() + Duration::from_secs(10);
        let late = WriteLock::wait(root.path(), &workspace, &note, &clock, deadline).await;
        assert_eq!(late.unwrap_err().exit(), Exit::TryLater);
        assert_eq!(clock.elapsed(), Duration::from_secs(10));

        let deadline = clock.instant() + Duration::from_secs(10);
        let let_go = async {
            clock.sleep(Duration::from_secs(3)).await;
            drop(first);
        };
        let (taken, ()) = tokio::join!(WriteLock::wait(root.path(), &workspace, &note, &clock, deadline), let_go);
        taken.unwrap();
        assert!(clock.elapsed() < Duration::from_secs(14));
    }

    #[tokio::test(start_paused = true)]
    async fn a_symbolic_link_in_the_place_of_a_lock_is_refused() {
        let (root, workspace, note, _) = world();
        let locks = root.path().join("locks");
        folder::secure_folder(&locks).unwrap();
        let target = root.path().join("precious");
        std::fs::write(&target, "text").unwrap();
        std::os::unix::fs::symlink(&target, locks.join(format!("write-{workspace}.lock"))).unwrap();
        let refused = WriteLock::try_take(root.path(), &workspace, &note).unwrap_err();
        assert!(
            matches!(&refused, LockTrouble::Folder { source, .. } if matches!(**source, LedgerError::Symlink { .. }))
        );
        assert_eq!(std::fs::read_to_string(target).unwrap(), "text");
    }
}
