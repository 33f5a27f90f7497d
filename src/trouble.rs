//! The one top-level error: why the program could not go on, what to do next, and the exit code.
//!
//! Rooms have their own errors; the doors (`cli`) wrap them here. It prints nothing.

use std::error::Error;
use std::fmt;

/// Exit codes (design section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Exit {
    /// All that was selected is in the asked state and verified, or the listing is complete.
    Complete = 0,
    /// A bug in keyholder.
    Bug = 1,
    /// The command line is wrong.
    Usage = 2,
    /// Configuration, key reference or identity; nothing was written.
    Config = 3,
    /// The selection is empty or names an unknown workspace.
    Selection = 4,
    /// Findings or changes, only when asked.
    Changes = 10,
    /// Some workspaces failed, others did not.
    SomeFailed = 20,
    /// Every selected workspace failed.
    AllFailed = 21,
    /// A write has an unknown outcome, or was acknowledged and not seen.
    Unknown = 22,
    /// A guard refused all or part of the plan.
    Guard = 30,
    /// The world moved since the plan was drawn.
    Moved = 31,
    /// Not approved.
    NotApproved = 32,
    /// A listing, report or certificate is incomplete.
    Incomplete = 33,
    /// Output or ledger could not be written.
    Output = 74,
    /// Try again later.
    TryLater = 75,
    /// Interrupted.
    Interrupted = 130,
    /// Terminated.
    Terminated = 143,
}

impl Exit {
    /// Every code with its meaning, for `help exit-codes`.
    pub const ALL: [(Self, &'static str); 17] = [
        (Self::Complete, "all that was selected is in the asked state and verified; or the listing is complete"),
        (Self::Bug, "a bug in keyholder"),
        (Self::Usage, "the command line is wrong"),
        (Self::Config, "configuration, key reference or identity: nothing was written"),
        (Self::Selection, "the selection is empty or names an unknown workspace"),
        (Self::Changes, "findings or changes, only when asked with --detailed-exitcode"),
        (Self::SomeFailed, "some workspaces failed, others did not"),
        (Self::AllFailed, "every selected workspace failed"),
        (Self::Unknown, "at least one write has an unknown outcome, or was acknowledged and not seen"),
        (Self::Guard, "a guard refused all or part of the plan"),
        (Self::Moved, "the world moved since the plan was drawn: plan again"),
        (Self::NotApproved, "not approved: nothing was sent"),
        (Self::Incomplete, "a listing or a certificate is incomplete"),
        (Self::Output, "output or ledger could not be written"),
        (Self::TryLater, "try again later: every workspace unreachable or limited beyond the deadline"),
        (Self::Interrupted, "interrupted (SIGINT); the ledger is valid"),
        (Self::Terminated, "terminated (SIGTERM, SIGHUP); the ledger is valid"),
    ];

    /// Returns the number.
    pub fn code(self) -> u8 {
        self as u8
    }
}

/// Room errors that know what to do next.
pub trait Advise {
    /// Returns what to do next, most useful first.
    fn advice(&self) -> Vec<String> {
        Vec::new()
    }
}

/// What was being done when a cause struck.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
struct Because {
    what: String,
    source: Box<dyn Error + Send + Sync>,
}

/// Why the program could not go on.
#[derive(Debug)]
pub struct Trouble {
    /// Exit code.
    pub exit: Exit,
    /// What happened and why; the printer walks its sources.
    pub cause: Box<dyn Error + Send + Sync>,
    /// What to do next.
    pub advice: Vec<String>,
}

impl Trouble {
    /// Wraps a cause.
    pub fn new(exit: Exit, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { exit, cause: cause.into(), advice: Vec::new() }
    }

    /// Says what could not be done, and wraps why.
    pub fn because(exit: Exit, what: impl Into<String>, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(exit, Because { what: what.into(), source: source.into() })
    }

    /// Wraps a room's error with its own advice.
    pub fn advised<E: Error + Advise + Send + Sync + 'static>(exit: Exit, cause: E) -> Self {
        let advice = cause.advice();
        Self { exit, cause: Box::new(cause), advice }
    }

    /// Adds a piece of advice.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice.push(advice.into());
        self
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.cause, f)
    }
}

impl Error for Trouble {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.source()
    }
}
