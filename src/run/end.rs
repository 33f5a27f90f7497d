//! How steps and lanes end: values, counted and reported.

use serde_json::Value;

use super::trouble::LaneTrouble;
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
    /// The person's rows in the look that decided it, where there was one; an empty list is an absence.
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

    /// It surely was not applied.
    pub fn failed(error: &Error, attempts: u32) -> Self {
        Self { advice: error.advice(), attempts, ..Self::new(Outcome::Failed, error.to_string()) }
    }

    /// It left, and nobody knows.
    pub fn unknown(why: impl Into<String>, attempts: u32) -> Self {
        Self { attempts, ..Self::new(Outcome::Unknown, why) }
    }

    /// Tells whether the step was only not started: the ledger keeps it as planned, so that the run can be taken up again.
    pub(super) fn may_go_on(&self) -> bool {
        self.held.as_ref().is_some_and(|held| matches!(held.reason.class(), HeldClass::NotStarted | HeldClass::Stopped))
    }

    /// Says how many attempts were made.
    #[must_use]
    pub fn after(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }
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
        self.trouble.is_some()
            || self
                .steps
                .iter()
                .any(|(_, end)| matches!(end.outcome, Outcome::Failed | Outcome::Unknown | Outcome::Unverified))
    }
}
