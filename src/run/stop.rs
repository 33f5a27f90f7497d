//! Stopping, in two strengths.
//!
//! `Drain`: nothing new is sent, what is in flight ends and is recorded. `Now`: what is in flight is dropped and becomes
//! `unknown`. Every wait of a worker listens for one of them.

use std::fmt;
use std::sync::{Arc, OnceLock};

use tokio::sync::watch;

use crate::domain::{Held, HeldReason};

/// How far a run is to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// On.
    Run,
    /// To the end of what is in flight.
    Drain,
    /// Not a moment longer.
    Now,
}

/// Why a run was stopped; the first reason stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// SIGINT.
    Interrupted,
    /// SIGTERM or SIGHUP.
    Terminated,
    /// A key opened another workspace than the pinned one.
    Identity {
        /// The workspace's name in our files.
        workspace: String,
        /// The id pinned there.
        pinned: String,
        /// The id its key opened.
        seen: String,
    },
    /// The ledger could not be written.
    Ledger,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interrupted => f.write_str("interrupted"),
            Self::Terminated => f.write_str("terminated"),
            Self::Identity { workspace, pinned, seen } => {
                write!(f, "the key of workspace `{workspace}` opened {seen} instead of the pinned {pinned}")
            }
            Self::Ledger => f.write_str("the ledger could not be written"),
        }
    }
}

/// A handle on stopping; clones are the same handle.
#[derive(Debug, Clone)]
pub struct Stop {
    level: Arc<watch::Sender<Level>>,
    why: Arc<OnceLock<Why>>,
}

impl Default for Stop {
    fn default() -> Self {
        Self { level: Arc::new(watch::Sender::new(Level::Run)), why: Arc::default() }
    }
}

impl Stop {
    /// Lets nothing new be sent.
    pub fn drain(&self, why: Why) {
        self.raise(Level::Drain, why);
    }

    /// Drops what is in flight too.
    pub fn now(&self, why: Why) {
        self.raise(Level::Now, why);
    }

    fn raise(&self, level: Level, why: Why) {
        // A second reason changes nothing: the first one stopped the run.
        let _second = self.why.set(why);
        self.level.send_if_modified(|current| {
            let higher = level > *current;
            *current = level.max(*current);
            higher
        });
    }

    /// Returns how far the run is to go on.
    pub fn level(&self) -> Level {
        *self.level.borrow()
    }

    /// Tells whether nothing new may be sent.
    pub fn is_draining(&self) -> bool {
        self.level() >= Level::Drain
    }

    /// Returns why the run was stopped.
    pub fn why(&self) -> Option<Why> {
        self.why.get().cloned()
    }

    /// Says what a step is held for once nothing new may be sent.
    pub fn held(&self) -> Held {
        match self.why() {
            Some(why @ Why::Identity { .. }) => Held::new(
                HeldReason::Identity,
                why.to_string(),
                "give the workspace the key that belongs to it, then run the command again",
            ),
            Some(Why::Ledger) => {
                Held::new(HeldReason::Ledger, "the ledger could not be written", "see the error about the ledger")
            }
            why => Held::new(
                HeldReason::Stopped,
                why.map_or("the run was stopped".to_owned(), |why| format!("the run was {why}")),
                "go on with `keyholder resume`",
            ),
        }
    }

    /// Waits until nothing new may be sent.
    pub async fn draining(&self) {
        self.reaches(Level::Drain).await;
    }

    /// Waits until what is in flight is to be dropped.
    pub async fn immediately(&self) {
        self.reaches(Level::Now).await;
    }

    async fn reaches(&self, level: Level) {
        let mut watched = self.level.subscribe();
        // The sender lives in `self`, so the channel cannot close while this waits.
        let _level = watched.wait_for(|current| *current >= level).await;
    }

    /// Runs something until nothing new may be sent; `None` if it was cut short.
    pub async fn unless_draining<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.draining() => None,
            done = work => Some(done),
        }
    }

    /// Runs something until what is in flight is to be dropped; `None` if it was cut short.
    pub async fn unless_now<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.immediately() => None,
            done = work => Some(done),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_reason_stays_and_the_level_only_rises() {
        let stop = Stop::default();
        stop.now(Why::Interrupted);
        stop.drain(Why::Terminated);
        assert_eq!((stop.level(), stop.why()), (Level::Now, Some(Why::Interrupted)));
        assert_eq!(stop.unless_draining(std::future::ready(1)).await, None);
    }

    #[tokio::test]
    async fn draining_lets_what_is_in_flight_end() {
        let stop = Stop::default();
        stop.drain(Why::Interrupted);
        assert_eq!(stop.unless_now(std::future::ready(1)).await, Some(1));
        assert_eq!(stop.unless_draining(std::future::ready(1)).await, None);
    }
}
