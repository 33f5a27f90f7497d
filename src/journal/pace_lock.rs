//! Pace locks: the share of a workspace's limit holds over all processes of a machine that use this root (design section 5).
//!
//! Whoever talks to a workspace, reads included, holds its pace lock for as long as it talks: a kernel lock on an open file, which
//! dies with its holder. The file says who talks; on a clean release it says what of the share is still spent and until when, so
//! that whoever takes it next begins with so much less. A file that still says "talking" had a holder that died: then all of the
//! share counts as spent this very moment.
//!
//! It knows files and moments; what a share is, and how long a request spends it, is `pace`'s business. The note is not worth
//! money: a root whose folder cannot be written paces each process by itself. For the same reason a file is not looked at twice:
//! whoever removes one while it is held takes the sharing from those two processes and nothing else.

use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::error::LedgerError;
use super::folder;
use crate::clock::Clock;

/// How often a waiting lane looks whether the lock is free: at first as often as a short talk ends, later as `WriteLock` does.
const LOOK_AGAIN: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(250));

/// Length of a note. All have the same, so that writing one is a single call and leaves nothing of the one before.
const NOTE: usize = 320;

/// Who talks, as it says itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Talker {
    /// Its process.
    pub pid: u32,
    /// Its command.
    pub command: String,
    /// Since when.
    pub since: Timestamp,
}

impl std::fmt::Display for Talker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`keyholder {}` (process {}) since {:.0}", self.command, self.pid, self.since)
    }
}

/// What of a share is spent, and until when at the latest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// Places that are held; none is all there are.
    pub places: Option<u32>,
    /// How long from now.
    pub wait: Duration,
}

/// Why a pace lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum PaceTrouble {
    /// Somebody else had it until the deadline.
    #[error("{} talks to the workspace, and two at once would share its limit", by.as_ref().map_or_else(|| "another process".to_owned(), ToString::to_string))]
    Held {
        /// Who, if it could be read.
        by: Option<Talker>,
    },
    /// The lock's file cannot be made, written or locked.
    #[error("the locks in `{}` cannot be used", path.display())]
    Unusable {
        /// Where.
        path: PathBuf,
        /// Why.
        source: Box<LedgerError>,
    },
}

/// The pace locks of a root, as one process uses them.
#[derive(Debug)]
pub struct PaceLocks {
    folder: PathBuf,
    command: String,
    /// Tells what this one left from what others did: who takes a lock again still knows what it spent itself.
    token: String,
}

impl PaceLocks {
    /// Opens the folder of the locks, made if it is not there.
    pub fn open(state_dir: &Path, command: &str, clock: &Clock) -> Result<Self, PaceTrouble> {
        static OPENED: AtomicU64 = AtomicU64::new(0);
        let locks = folder::locks(state_dir);
        let secured = folder::secure_folder(state_dir).and_then(|()| folder::secure_folder(&locks));
        secured.map_err(|source| PaceTrouble::Unusable { path: locks.clone(), source: Box::new(source) })?;
        let number = OPENED.fetch_add(1, Ordering::Relaxed);
        let token = format!("{}-{number}-{}", std::process::id(), clock.start().as_millisecond());
        let command = command.chars().filter(char::is_ascii_graphic).take(40).collect();
        Ok(Self { folder: locks, command, token })
    }

    /// Takes the lock of a workspace, waiting for it until the deadline; then says who talks. Also returns what those before left
    /// spent, if anything; `longest` is how long anything is spent at most.
    pub async fn take(
        &self,
        key: &str,
        longest: Duration,
        clock: &Clock,
        deadline: Instant,
    ) -> Result<(PaceLock, Option<Left>), PaceTrouble> {
        let path = self.folder.join(format!("pace-{key}.lock"));
        let unusable = |source| PaceTrouble::Unusable {
            path: path.clone(),
            source: Box::new(LedgerError::Folder { path: path.clone(), source }),
        };
        let file = folder::lock_file(&path).map_err(unusable)?;
        let mut pause = LOOK_AGAIN.0;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if clock.instant() < deadline => {
                    clock.sleep_until(deadline.min(clock.instant() + pause)).await;
                    pause = LOOK_AGAIN.1.min(pause * 2);
                }
                Err(TryLockError::WouldBlock) => return Err(PaceTrouble::Held { by: talker(&file) }),
                Err(TryLockError::Error(source)) => return Err(unusable(source)),
            }
        }
        let left = self.left(read(&file).map_err(unusable)?.as_deref(), longest, clock);
        let since = clock.now().to_string();
        let note = json!({
            "token": self.token, "talking": true, "pid": std::process::id(), "command": self.command, "since": since,
        });
        write(&file, &note).map_err(unusable)?;
        Ok((PaceLock { file, token: self.token.clone() }, left))
    }

    /// Reads what the last one left, at a moment when nobody talks.
    fn left(&self, note: Option<&[u8]>, longest: Duration, clock: &Clock) -> Option<Left> {
        let note = note?;
        let dead = Left { places: None, wait: longest };
        let Ok(note) = serde_json::from_slice::<Value>(note) else { return Some(dead) };
        if note["token"].as_str() == Some(&self.token) {
            return None;
        }
        let (Some(places), Some(until)) = (note["places"].as_u64(), note["until_ms"].as_i64()) else {
            return Some(dead);
        };
        // A moment further ahead than anything is spent is a clock that was set back: it tells nothing, so the longest counts.
        let ahead = until.saturating_sub(clock.now().as_millisecond());
        let wait = Duration::from_millis(u64::try_from(ahead).unwrap_or(0)).min(longest);
        (places > 0 && !wait.is_zero()).then(|| Left { places: u32::try_from(places).ok(), wait })
    }
}

/// The right to talk to a workspace. Dropped without [`PaceLock::leave`], it is as if its holder had died.
#[derive(Debug)]
pub struct PaceLock {
    file: File,
    token: String,
}

impl PaceLock {
    /// Gives the lock back and says what of the share is spent, and how long from now at the latest.
    pub fn leave(self, places: u32, wait: Duration, clock: &Clock) {
        let wait = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
        // A millisecond more, for the part of one that the moment does not tell.
        let until = clock.now().as_millisecond().saturating_add(wait).saturating_add(1);
        // If it cannot be written the file says "talking", which errs to the safe side.
        drop(write(&self.file, &json!({ "token": self.token, "places": places, "until_ms": until })));
    }
}

/// Reads a note; nothing of a file in which nothing was ever written.
fn read(file: &File) -> io::Result<Option<Vec<u8>>> {
    let mut note = vec![0; NOTE];
    let length = file.read_at(&mut note, 0)?;
    note.truncate(length);
    Ok((length > 0).then_some(note))
}

fn write(file: &File, note: &Value) -> io::Result<()> {
    let mut bytes = note.to_string().into_bytes();
    bytes.resize(NOTE, b' ');
    file.write_all_at(&bytes, 0)
}

fn talker(file: &File) -> Option<Talker> {
    let note: Value = serde_json::from_slice(&read(file).ok()??).ok()?;
    Some(Talker {
        pid: u32::try_from(note["pid"].as_u64()?).ok()?,
        command: note["command"].as_str()?.chars().filter(|c| !c.is_control()).collect(),
        since: note["since"].as_str()?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Duration = Duration::from_millis(1_050);
    const KEY: &str = "0195b2aa-7c1e-7d00-8000-000000000001";

    struct Root {
        folder: tempfile::TempDir,
        clock: Clock,
    }

    impl Root {
        fn new() -> Self {
            let clock = Clock::starting_at("2026-11-22T04:30:00Z".parse().unwrap());
            Self { folder: tempfile::tempdir().unwrap(), clock }
        }

        /// Stands for another process.
        fn process(&self) -> PaceLocks {
            PaceLocks::open(&self.folder.path().join(".keyholder"), "members", &self.clock).unwrap()
        }

        async fn take(&self, locks: &PaceLocks) -> (PaceLock, Option<Left>) {
            let deadline = self.clock.instant() + Duration::from_secs(10);
            locks.take(KEY, LONGEST, &self.clock, deadline).await.unwrap()
        }

        fn file(&self) -> PathBuf {
            self.folder.path().join(format!(".keyholder/locks/pace-{KEY}.lock"))
        }
    }

    fn left(places: u32, millis: u64) -> Left {
        Left { places: Some(places), wait: Duration::from_millis(millis) }
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_next_is_told_what_is_spent_and_until_when() {
        let root = Root::new();
        let (first, second) = (root.process(), root.process());
        let (lock, before) = root.take(&first).await;
        assert_eq!(before, None, "nobody ever talked");
        lock.leave(7, Duration::from_millis(900), &root.clock);
        root.clock.sleep(Duration::from_millis(300)).await;
        let (lock, before) = root.take(&second).await;
        assert_eq!(before, Some(left(7, 601)));
        lock.leave(0, Duration::ZERO, &root.clock);
        assert_eq!(root.take(&first).await.1, None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_spent_long_ago_or_by_oneself_is_nobodys_wait() {
        let root = Root::new();
        let (first, second) = (root.process(), root.process());
        root.take(&first).await.0.leave(7, LONGEST, &root.clock);
        let (lock, before) = root.take(&first).await;
        assert_eq!(before, None, "its own pacer knows");
        lock.leave(7, LONGEST, &root.clock);
        root.clock.sleep(LONGEST + Duration::from_millis(1)).await;
        assert_eq!(root.take(&second).await.1, None);
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_holder_that_died_everything_counts_as_spent_now() {
        let root = Root::new();
        drop(root.take(&root.process()).await);
        root.clock.sleep(Duration::from_hours(1)).await;
        let dead = Some(Left { places: None, wait: LONGEST });
        assert_eq!(root.take(&root.process()).await.1, dead);
        std::fs::write(root.file(), "half a no").unwrap();
        assert_eq!(root.take(&root.process()).await.1, dead, "so does a note that cannot be read");
    }

    #[tokio::test(start_paused = true)]
    async fn a_moment_in_the_future_waits_no_longer_than_anything_is_spent() {
        let root = Root::new();
        root.take(&root.process()).await.0.leave(3, Duration::from_hours(9), &root.clock);
        assert_eq!(root.take(&root.process()).await.1, Some(left(3, 1_050)));
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_ends_when_the_talk_does_or_at_the_deadline_with_who_talks() {
        let root = Root::new();
        let (first, second) = (root.process(), root.process());
        let (lock, _) = root.take(&first).await;
        let deadline = root.clock.instant() + Duration::from_secs(10);
        let late = second.take(KEY, LONGEST, &root.clock, deadline).await.unwrap_err();
        assert_eq!(root.clock.elapsed(), Duration::from_secs(10));
        let text = late.to_string();
        assert!(
            text.contains("`keyholder members` (process ") && text.contains("since 2026-11-22T04:30:00Z"),
            "{text}"
        );
        let let_go = async {
            root.clock.sleep(Duration::from_secs(3)).await;
            lock.leave(1, LONGEST, &root.clock);
        };
        let ((_lock, before), ()) = tokio::join!(root.take(&second), let_go);
        assert_eq!(before.unwrap().places, Some(1));
        assert!(root.clock.elapsed() < Duration::from_millis(13_300));
    }

    #[tokio::test(start_paused = true)]
    async fn a_folder_that_cannot_be_made_and_a_link_in_the_place_of_a_lock_are_refused() {
        let root = Root::new();
        let file = root.folder.path().join("file");
        std::fs::write(&file, "precious").unwrap();
        assert!(matches!(PaceLocks::open(&file, "check", &root.clock), Err(PaceTrouble::Unusable { .. })));
        let locks = root.process();
        std::os::unix::fs::symlink(&file, root.file()).unwrap();
        let refused = locks.take(KEY, LONGEST, &root.clock, root.clock.instant()).await;
        assert!(matches!(refused, Err(PaceTrouble::Unusable { .. })));
        assert_eq!(std::fs::read_to_string(file).unwrap(), "precious");
    }
}
