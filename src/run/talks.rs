//! Who talks to which workspace: the pace locks of this process, one a workspace, shared by all its lanes.
//!
//! ```text
//! Target::talk ─► admin's lock (with `via`) ─► own lock ─► what others left spent goes into the pacers ─► Talking ─► the lane talks
//!                                                   drop ─► the last one out leaves what its pacer still holds, and the lock
//! ```
//!
//! **Why nobody waits for ever.** A lane takes at most two locks, the admin's first and its own then, and waits for its own while
//! it holds the admin's. The admin of a workspace has a key of its own, so an own lock is never anybody's second admin's: who
//! holds its own lock has all it takes and waits for no other, so it ends, be it at its deadline. Then who waits for an own lock gets it,
//! and ends; then who waits for an admin's. Within a process the admin's lock is held once for the whole group, so no lane of a group
//! waits for another of it. Write locks are all taken before the first lane begins, at a time when no lane talks.
//!
//! A lane keeps its lock while it waits out a settle time or a `Retry-After`: others wait with it, until their own deadline.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::time::Instant;

use super::trouble::{LaneTrouble, TroubleKind};
use crate::clock::Clock;
use crate::journal::{Left, PaceLock, PaceLocks, PaceTrouble};
use crate::pace::{HELD_AT_MOST, Pacer};

/// Who is told, once, that the pace is not shared.
type Tell = dyn Fn(&PaceTrouble) + Send + Sync;

/// The pace locks of this process.
pub struct Talks {
    state_dir: PathBuf,
    command: String,
    clock: Clock,
    /// Opened by the first who talks; none where it cannot be.
    locks: OnceLock<Option<PaceLocks>>,
    workspaces: Mutex<BTreeMap<String, Arc<Workspace>>>,
    told: OnceLock<()>,
    unshared: Box<Tell>,
}

impl fmt::Debug for Talks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Talks").field("state_dir", &self.state_dir).finish_non_exhaustive()
    }
}

/// One workspace's lock within this process.
#[derive(Debug, Default)]
struct Workspace {
    /// Held by the lane that waits for the lock; the others of this process wait behind it.
    turn: tokio::sync::Mutex<()>,
    held: Mutex<Held>,
}

/// The lock, and how many lanes talk under it.
#[derive(Debug, Default)]
struct Held {
    lock: Option<PaceLock>,
    lanes: usize,
}

impl Workspace {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Joins the lanes that talk already, if there are any.
    fn join(&self) -> bool {
        let mut held = self.held();
        held.lanes += usize::from(held.lock.is_some());
        held.lock.is_some()
    }
}

impl Talks {
    /// Makes the locks of a command; `unshared` is told, once, if they cannot be used: then this process paces itself alone.
    pub fn new(
        state_dir: PathBuf,
        command: &str,
        clock: Clock,
        unshared: impl Fn(&PaceTrouble) + Send + Sync + 'static,
    ) -> Self {
        Self {
            state_dir,
            command: command.to_owned(),
            clock,
            locks: OnceLock::new(),
            workspaces: Mutex::default(),
            told: OnceLock::new(),
            unshared: Box::new(unshared),
        }
    }

    /// Takes the locks of a lane, given as it pays: its own workspace first, then the admin's with `via`.
    pub(super) async fn begin(&self, pays: &[(String, Arc<Pacer>)], deadline: Instant) -> Result<Talking, LaneTrouble> {
        let mut grips = Vec::new();
        for (key, pacer) in pays.iter().rev() {
            grips.extend(self.hold(key, pacer, deadline).await.map_err(|trouble| {
                let advice = "run the command again later, or with a longer --deadline where it has one".to_owned();
                LaneTrouble::new(TroubleKind::Deadline, trouble.to_string(), vec![advice])
            })?);
        }
        // The own lock goes first, as it came last.
        grips.reverse();
        Ok(Talking { _grips: grips })
    }

    /// Holds one lock; nothing where it cannot be used.
    async fn hold(&self, key: &str, pacer: &Arc<Pacer>, deadline: Instant) -> Result<Option<Grip>, PaceTrouble> {
        // Some file systems do not tell the case of letters.
        let key = key.to_ascii_lowercase();
        let Some(locks) = self.locks() else { return Ok(None) };
        let workspace = {
            let mut workspaces = self.workspaces.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(workspaces.entry(key.clone()).or_default())
        };
        let grip = |workspace: &Arc<Workspace>| {
            Some(Grip { workspace: Arc::clone(workspace), pacer: Arc::clone(pacer), clock: self.clock })
        };
        let _turn = workspace.turn.lock().await;
        if workspace.join() {
            return Ok(grip(&workspace));
        }
        match locks.take(&key, HELD_AT_MOST, &self.clock, deadline).await {
            Ok((lock, left)) => {
                if let Some(Left { places, wait }) = left {
                    pacer.occupy(places, self.clock.instant() + wait);
                }
                *workspace.held() = Held { lock: Some(lock), lanes: 1 };
                Ok(grip(&workspace))
            }
            Err(trouble @ PaceTrouble::Held { .. }) => Err(trouble),
            Err(trouble @ PaceTrouble::Unusable { .. }) => {
                self.tell(&trouble);
                Ok(None)
            }
        }
    }

    fn locks(&self) -> Option<&PaceLocks> {
        let opened = self.locks.get_or_init(|| {
            let opened = PaceLocks::open(&self.state_dir, &self.command, &self.clock);
            opened.inspect_err(|trouble| self.tell(trouble)).ok()
        });
        opened.as_ref()
    }

    fn tell(&self, trouble: &PaceTrouble) {
        if self.told.set(()).is_ok() {
            (self.unshared)(trouble);
        }
    }
}

/// The right of a lane to talk to its workspace, for as long as it is kept.
#[derive(Debug, Default)]
#[must_use = "dropped, others may talk"]
pub struct Talking {
    _grips: Vec<Grip>,
}

/// A lane's part in one lock.
#[derive(Debug)]
struct Grip {
    workspace: Arc<Workspace>,
    pacer: Arc<Pacer>,
    clock: Clock,
}

impl Drop for Grip {
    fn drop(&mut self) {
        let mut held = self.workspace.held();
        held.lanes -= 1;
        if held.lanes == 0
            && let Some(lock) = held.lock.take()
        {
            let now = self.clock.instant();
            let (places, until) = self.pacer.held();
            lock.leave(places, until.map_or_else(Default::default, |until| until - now), &self.clock);
        }
    }
}
