//! How steps and lanes end: values, counted and reported.

use serde_json::Value;

use super::trouble::LaneTrouble;
use super::work::{Past, Standing};
use crate::api::Error;
use crate::domain::held::HeldClass;
use crate::domain::{Held, Outcome, Step};
use crate::trouble::Advise as _;

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepEnd {
    /// The outcome.
    pub outcome: Outcome,
    /// Why, in words for people.
    pub reason: Option<String>,
    /// The refusal, where it was held.
    pub held: Option<Held>,
    /// What to do next, where it failed.
    pub advice: Vec<String>,
    /// Attempts that may have left.
    pub attempts: u32,
    /// What the look that decided it saw, where there was one: of a member step the person's rows (an empty list is an absence), else a
    /// small object about the thing.
    pub seen: Option<Box<Value>>,
}

impl StepEnd {
    pub(super) fn new(outcome: Outcome, reason: impl Into<String>) -> Self {
        Self { outcome, reason: Some(reason.into()), held: None, advice: Vec::new(), attempts: 0, seen: None }
    }

    /// Nothing had to be sent.
    pub fn already(seen: impl Into<String>) -> Self {
        Self::new(Outcome::Already, seen)
    }

    /// It was not sent.
    pub fn held(held: Held) -> Self {
        Self { held: Some(held.clone()), ..Self::new(Outcome::Held, held.detail) }
    }

    /// It was left where it stood: what was not sent is not sent, what was in doubt still is.
    pub fn left(past: &Past, held: Held) -> Self {
        let as_it_was = |outcome, what: &str| Self {
            held: Some(held.clone()),
            ..Self::new(outcome, format!("{what}, and could not be looked at now: {}", unprefixed(&held.detail)))
        };
        let end = match &past.standing {
            Standing::ToSend => Self::held(held),
            Standing::Refused { said } => as_it_was(Outcome::Failed, said),
            Standing::Acknowledged => as_it_was(Outcome::Unverified, "it was taken"),
            Standing::Unverified => as_it_was(Outcome::Unverified, "it was taken and not seen"),
            Standing::InDoubt { why } if why.is_empty() => as_it_was(Outcome::Unknown, "its end is not known"),
            Standing::InDoubt { why } => as_it_was(Outcome::Unknown, why),
        };
        end.after(past.attempts)
    }

    /// It surely was not applied.
    pub fn failed(error: &Error, attempts: u32) -> Self {
        Self { advice: error.advice(), attempts, ..Self::new(Outcome::Failed, error.to_string()) }
    }

    /// It left, and nobody knows.
    pub fn unknown(why: impl Into<String>, attempts: u32) -> Self {
        Self { attempts, ..Self::new(Outcome::Unknown, why) }
    }

    /// Tells whether the step makes its lane count as failed.
    pub fn is_failure(&self) -> bool {
        matches!(self.outcome, Outcome::Failed | Outcome::Unknown | Outcome::Unverified)
    }

    /// Tells whether the step was only left where it stood: the ledger keeps it so, and the run can be taken up again.
    pub fn may_go_on(&self) -> bool {
        self.held.as_ref().is_some_and(|held| matches!(held.reason.class(), HeldClass::NotStarted | HeldClass::Stopped))
    }

    /// Says how many attempts were made.
    #[must_use]
    pub fn after(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }
}

/// Takes from a reason why something was not sent what it says of not being sent: this one was.
fn unprefixed(detail: &str) -> &str {
    detail.strip_prefix("not sent: ").unwrap_or(detail)
}

/// How a lane ended.
#[derive(Debug, Clone)]
pub struct LaneEnd {
    /// Its workspace.
    pub workspace: String,
    /// Its steps, in plan order, each with its end.
    pub steps: Vec<(Step, StepEnd)>,
    /// Why it ended before its end.
    pub trouble: Option<LaneTrouble>,
}

impl LaneEnd {
    /// Tells whether the lane counts as failed: trouble, or a step that failed, is unknown or was not seen afterwards.
    pub fn is_failed(&self) -> bool {
        self.trouble.is_some() || self.steps.iter().any(|(_, end)| end.is_failure())
    }
}
