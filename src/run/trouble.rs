//! Why a lane ended: a value, counted and reported, never the end of the run.

use std::fmt;

use crate::api;
use crate::trouble::Advise as _;

/// What kind of trouble a lane has; the word is stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TroubleKind {
    /// Its key could not be had.
    KeyMissing,
    /// 401.
    KeyRefused,
    /// 402.
    Plan,
    /// 403.
    Scope,
    /// The edge network refused, or sent the request elsewhere.
    Edge,
    /// The route is not offered.
    Route,
    /// No answer, or none that helps: timeouts, resets, 5xx.
    Unreachable,
    /// Throttled beyond patience.
    Limited,
    /// It would have had to wait beyond the run's deadline.
    Deadline,
    /// Answers that cannot be read.
    Unreadable,
    /// Its listing is not complete.
    Incomplete,
    /// Its key opens another workspace than the pinned one.
    Identity,
    /// Its mode is `off`.
    Off,
    /// A bug of ours.
    Bug,
    /// Any other refusal.
    Refused,
}

impl TroubleKind {
    /// Returns the word of every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::KeyMissing => "key_missing",
            Self::KeyRefused => "key_refused",
            Self::Plan => "no_paid_plan",
            Self::Scope => "scope_lacking",
            Self::Edge => "edge_refusal",
            Self::Route => "route_missing",
            Self::Unreachable => "unreachable",
            Self::Limited => "limited",
            Self::Deadline => "deadline",
            Self::Unreadable => "unreadable",
            Self::Incomplete => "incomplete",
            Self::Identity => "identity",
            Self::Off => "off",
            Self::Bug => "bug",
            Self::Refused => "refused",
        }
    }

    /// Tells whether the same may well go through later without anyone doing anything (exit 75).
    pub fn may_pass(self) -> bool {
        matches!(self, Self::Unreachable | Self::Limited | Self::Deadline)
    }
}

/// Why a lane ended, in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneTrouble {
    /// The kind.
    pub kind: TroubleKind,
    /// What happened.
    pub text: String,
    /// What to do next.
    pub advice: Vec<String>,
}

impl LaneTrouble {
    /// Makes one.
    pub fn new(kind: TroubleKind, text: impl Into<String>, advice: Vec<String>) -> Self {
        Self { kind, text: text.into(), advice }
    }

    /// A panic in the lane: the lane's trouble, not the run's.
    pub fn bug() -> Self {
        Self::new(
            TroubleKind::Bug,
            "keyholder itself failed in this lane",
            vec!["this is a bug in keyholder; please report it with the ledger's entries of this run".to_owned()],
        )
    }
}

impl fmt::Display for LaneTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<api::Error> for LaneTrouble {
    fn from(error: api::Error) -> Self {
        use api::{Error, Refusal};
        let kind = match &error {
            Error::NotSent { .. } | Error::Ambiguous { .. } => TroubleKind::Unreachable,
            Error::Throttled { .. } => TroubleKind::Limited,
            Error::BeyondDeadline { .. } => TroubleKind::Deadline,
            Error::Unreadable { .. } => TroubleKind::Unreadable,
            Error::Refused { refusal, .. } => match refusal {
                Refusal::Key => TroubleKind::KeyRefused,
                Refusal::Plan => TroubleKind::Plan,
                Refusal::Scope => TroubleKind::Scope,
                Refusal::Edge | Refusal::Redirect => TroubleKind::Edge,
                Refusal::Route => TroubleKind::Route,
                Refusal::Missing | Refusal::Conflict | Refusal::Invalid => TroubleKind::Refused,
            },
        };
        Self { kind, text: error.to_string(), advice: error.advice() }
    }
}
