//! The numbers of a run: outcomes, coverage, and the exit code that follows from them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::domain::held::HeldClass;
use crate::domain::{HeldReason, Outcome};
use crate::trouble::Exit;

/// The kind of a workspace whose mode is `off`.
pub const OFF: &str = "off";

/// A workspace that could not be read, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Its name.
    pub workspace: String,
    /// The kind of trouble, one word.
    pub kind: Cow<'static, str>,
    /// What happened.
    pub reason: String,
    /// What to do next.
    pub advice: Vec<String>,
    /// Whether it may go through later by itself.
    pub may_pass: bool,
}

/// A listing of belongings that could not be read, or not whole.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unlisted {
    /// The workspace.
    pub workspace: String,
    /// The listing: the API's resource.
    pub listing: String,
    /// Why.
    pub reason: String,
}

/// What a total could see, and what it could not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coverage {
    /// Workspaces asked for.
    pub asked: usize,
    /// Seen whole.
    pub complete: usize,
    /// Seen in part, with the reason.
    pub partial: Vec<(String, String)>,
    /// Members seen whole, but not all of what people own there: what was planned about members stands, and the lane did not fail.
    pub unseen: Vec<Unlisted>,
    /// Not seen.
    pub unreadable: Vec<Unreadable>,
}

impl Coverage {
    /// Tells whether everything asked for was seen whole.
    pub fn is_complete(&self) -> bool {
        self.partial.is_empty() && self.unreadable.is_empty() && self.unseen.is_empty()
    }

    /// Notes listings of belongings that were not seen whole: the workspaces they are of count as seen in part.
    pub fn note_unseen(&mut self, unseen: impl IntoIterator<Item = Unlisted>) {
        let whole = |coverage: &Self| {
            let names: BTreeSet<&str> = coverage.unseen.iter().map(|one| one.workspace.as_str()).collect();
            names.into_iter().filter(|name| coverage.partial.iter().all(|(other, _)| other != name)).count()
        };
        let before = whole(self);
        self.unseen.extend(unseen);
        self.unseen.sort();
        self.unseen.dedup_by(|a, b| (&a.workspace, &a.listing) == (&b.workspace, &b.listing));
        self.complete = self.complete.saturating_sub(whole(self) - before);
    }

    /// Counts the workspaces that failed: not those whose mode is `off`, of which nothing was asked.
    pub fn failed(&self) -> usize {
        self.failed_names().count()
    }

    /// Returns their names.
    pub fn failed_names(&self) -> impl Iterator<Item = &str> {
        let partial = self.partial.iter().map(|(name, _)| name.as_str());
        let unreadable = self.unreadable.iter().filter(|lane| lane.kind != OFF);
        partial.chain(unreadable.map(|lane| lane.workspace.as_str()))
    }

    /// Returns the exit code of a reading command (design section 4).
    pub fn exit(&self) -> Exit {
        if self.is_complete() {
            Exit::Complete
        } else if self.complete == 0 && self.partial.is_empty() && self.unseen.is_empty() {
            if self.unreadable.iter().all(|lane| lane.may_pass) { Exit::TryLater } else { Exit::AllFailed }
        } else {
            Exit::Incomplete
        }
    }

    /// Reads it from what [`Coverage::record`] wrote; what to do about a workspace is not in it.
    pub fn from_record(record: &Value) -> Self {
        let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
        let count = |name: &str| record[name].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or_default();
        let list = |name: &str| record[name].as_array().map(Vec::as_slice).unwrap_or_default();
        Self {
            asked: count("asked"),
            complete: count("complete"),
            partial: list("partial")
                .iter()
                .filter(|lane| lane["listing"].is_null())
                .map(|lane| (text(lane, "workspace"), text(lane, "reason")))
                .collect(),
            unseen: list("partial")
                .iter()
                .filter(|lane| lane["listing"].is_string())
                .map(|lane| Unlisted {
                    workspace: text(lane, "workspace"),
                    listing: text(lane, "listing"),
                    reason: text(lane, "reason"),
                })
                .collect(),
            unreadable: list("unreadable")
                .iter()
                .map(|lane| Unreadable {
                    workspace: text(lane, "workspace"),
                    kind: Cow::Owned(text(lane, "kind")),
                    reason: text(lane, "reason"),
                    advice: Vec::new(),
                    may_pass: false,
                })
                .collect(),
        }
    }

    /// Writes it as a value.
    pub fn record(&self) -> Value {
        let Self { asked, complete, partial, unseen, unreadable } = self;
        let unseen = unseen.iter().map(|Unlisted { workspace, listing, reason }| {
            json!({ "workspace": workspace, "listing": listing, "reason": reason })
        });
        let partial: Vec<Value> = partial
            .iter()
            .map(|(workspace, reason)| json!({ "workspace": workspace, "reason": reason }))
            .chain(unseen)
            .collect();
        let unreadable: Vec<Value> = unreadable
            .iter()
            .map(|lane| json!({ "workspace": lane.workspace, "kind": lane.kind, "reason": lane.reason }))
            .collect();
        json!({ "asked": asked, "complete": complete, "partial": partial, "unreadable": unreadable })
    }
}

/// A number that knows whether it lacks something.
pub fn total(count: usize, exact: bool) -> Value {
    json!({ "count": count, "exact": exact })
}

/// How one step ended, as far as the numbers care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepTally {
    /// The outcome.
    pub outcome: Outcome,
    /// Why it was held.
    pub held: Option<HeldReason>,
}

/// How a run was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// SIGINT.
    Interrupted,
    /// SIGTERM or SIGHUP.
    Terminated,
    /// Another workspace answered to a key.
    Identity,
    /// The ledger could not be written.
    Ledger,
}

/// What something costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    /// Requests.
    pub requests: u64,
    /// Seconds.
    pub seconds: f64,
}

impl Cost {
    fn record(self) -> Value {
        json!({ "requests": self.requests, "seconds": rounded(self.seconds) })
    }
}

/// The numbers of a run that was to write.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Summary {
    /// The run's id, where one was begun.
    pub run: Option<String>,
    /// The steps.
    pub steps: Vec<StepTally>,
    /// Lanes selected.
    pub lanes: usize,
    /// Lanes that failed: unreadable, or with a step that failed, is unknown or was not seen.
    pub lanes_failed: usize,
    /// Whether a lane failed by a bug of ours.
    pub bug: bool,
    /// How it was stopped, if so.
    pub stopped: Option<Stopped>,
    /// What could be seen while planning.
    pub coverage: Coverage,
    /// Requests sent.
    pub requests: u64,
    /// The fewest in which it could have been done, where that is told.
    pub least: Option<u64>,
    /// What the writing half was foretold to take, and what it took.
    pub foretold: Option<(Cost, Cost)>,
    /// 429 answers.
    pub throttled: u64,
    /// What was used of the published limit, as a value.
    pub limit: Value,
    /// How long it took.
    pub seconds: f64,
}

impl Summary {
    /// Counts the steps by outcome, every outcome named.
    pub fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts: BTreeMap<&'static str, usize> =
            Outcome::ALL.iter().map(|outcome| (outcome.as_str(), 0)).collect();
        for step in &self.steps {
            *counts.entry(step.outcome.as_str()).or_default() += 1;
        }
        counts
    }

    fn any(&self, outcomes: &[Outcome]) -> bool {
        self.steps.iter().any(|step| outcomes.contains(&step.outcome))
    }

    fn held(&self, class: HeldClass) -> bool {
        self.steps.iter().any(|step| step.held.is_some_and(|reason| reason.class() == class))
    }

    /// Returns the exit code: of those that hold the first, in the order of design section 4.
    pub fn exit(&self) -> Exit {
        let sent = self.any(&[Outcome::Done, Outcome::Waiting, Outcome::Unverified, Outcome::Unknown]);
        let mut holds = Vec::new();
        if self.bug {
            holds.push(Exit::Bug);
        }
        match self.stopped {
            Some(Stopped::Ledger) => holds.push(Exit::Output),
            Some(Stopped::Interrupted) => holds.push(Exit::Interrupted),
            Some(Stopped::Terminated) => holds.push(Exit::Terminated),
            // Before any write an identity that does not fit is 3; once something was sent the run failed in part.
            Some(Stopped::Identity) if !sent && !self.any(&[Outcome::Failed]) => return Exit::Config,
            Some(Stopped::Identity) => holds.push(Exit::SomeFailed),
            None => {}
        }
        if self.any(&[Outcome::Unknown, Outcome::Unverified]) {
            holds.push(Exit::Unknown);
        }
        if self.lanes > 0 && self.lanes_failed == self.lanes {
            let all_may_pass = !self.coverage.unreadable.is_empty()
                && self.coverage.unreadable.len() == self.lanes
                && self.coverage.unreadable.iter().all(|lane| lane.may_pass);
            holds.push(if all_may_pass { Exit::TryLater } else { Exit::AllFailed });
        } else if self.lanes_failed > 0 {
            holds.push(Exit::SomeFailed);
        }
        // A step that was stopped although the run was not: whatever the reason, it was not sent.
        if self.held(HeldClass::Stopped) && self.stopped.is_none() {
            holds.push(Exit::SomeFailed);
        }
        if self.held(HeldClass::NotStarted) {
            let only_deadline = self.steps.iter().all(|step| {
                step.outcome.is_settled_well() && step.outcome == Outcome::Already
                    || step.held == Some(HeldReason::Deadline)
            });
            holds.push(if only_deadline && !sent { Exit::TryLater } else { Exit::SomeFailed });
        }
        if self.held(HeldClass::Moved) {
            holds.push(Exit::Moved);
        }
        if self.held(HeldClass::Guard) {
            holds.push(Exit::Guard);
        }
        // What could not be seen makes every certificate of this run incomplete.
        if !self.coverage.unseen.is_empty() {
            holds.push(Exit::Incomplete);
        }
        PRECEDENCE.into_iter().find(|exit| holds.contains(exit)).unwrap_or(Exit::Complete)
    }

    /// Writes the summary record.
    pub fn record(&self, exit: Exit) -> Value {
        json!({
            "type": "summary",
            "exit": exit.code(),
            "outcome": meaning(exit),
            "run": self.run,
            "steps": self.counts(),
            "lanes": { "selected": self.lanes, "failed": self.lanes_failed },
            "coverage": self.coverage.record(),
            "requests": self.requests,
            "requests_least": self.least,
            "foretold": self.foretold.map(|(foretold, _)| foretold.record()),
            "applying": self.foretold.map(|(_, took)| took.record()),
            "throttled": self.throttled,
            "limit": self.limit,
            "seconds": rounded(self.seconds),
        })
    }
}

/// Which code wins when several hold (design section 4). 75 stands alone, so its place does not matter.
const PRECEDENCE: [Exit; 11] = [
    Exit::Bug,
    Exit::Output,
    Exit::Unknown,
    Exit::Interrupted,
    Exit::Terminated,
    Exit::AllFailed,
    Exit::SomeFailed,
    Exit::Moved,
    Exit::Guard,
    Exit::Incomplete,
    Exit::TryLater,
];

/// Says an exit code in words.
pub fn meaning(exit: Exit) -> &'static str {
    Exit::ALL.iter().find(|(other, _)| *other == exit).map_or("", |(_, meaning)| meaning)
}

/// Rounds seconds to milliseconds: more digits would only pretend.
pub fn rounded(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(outcome: Outcome) -> StepTally {
        StepTally { outcome, held: None }
    }

    fn held(reason: HeldReason) -> StepTally {
        StepTally { outcome: Outcome::Held, held: Some(reason) }
    }

    fn exit(steps: &[StepTally], lanes: usize, failed: usize) -> Exit {
        Summary { steps: steps.to_vec(), lanes, lanes_failed: failed, ..Summary::default() }.exit()
    }

    #[test]
    fn the_first_code_that_holds_wins() {
        use Outcome::{Already, Done, Failed, Unknown, Unverified, Waiting};
        assert_eq!(exit(&[step(Done), step(Already), step(Waiting)], 3, 0), Exit::Complete);
        assert_eq!(exit(&[step(Done), step(Failed)], 2, 1), Exit::SomeFailed);
        assert_eq!(exit(&[step(Failed), step(Failed)], 2, 2), Exit::AllFailed);
        assert_eq!(exit(&[step(Failed), step(Unknown)], 2, 2), Exit::Unknown);
        assert_eq!(exit(&[step(Unverified), held(HeldReason::Owner)], 2, 1), Exit::Unknown);
        assert_eq!(exit(&[step(Done), held(HeldReason::Owner)], 2, 0), Exit::Guard);
        assert_eq!(exit(&[held(HeldReason::Stale), held(HeldReason::Owner)], 2, 0), Exit::Moved);
        assert_eq!(exit(&[step(Done), held(HeldReason::FailureBudget)], 2, 0), Exit::SomeFailed);
        assert_eq!(exit(&[held(HeldReason::Deadline)], 1, 0), Exit::TryLater);
        assert_eq!(exit(&[step(Done), held(HeldReason::Deadline)], 2, 0), Exit::SomeFailed);
    }

    #[test]
    fn a_reading_is_complete_incomplete_or_nothing() {
        let lane = |may_pass| Unreadable {
            workspace: "a".to_owned(),
            kind: "x".into(),
            reason: String::new(),
            advice: vec![],
            may_pass,
        };
        let coverage = |complete, unreadable| Coverage { asked: 2, complete, unreadable, ..Coverage::default() };
        assert_eq!(coverage(2, vec![]).exit(), Exit::Complete);
        assert_eq!(coverage(1, vec![lane(true)]).exit(), Exit::Incomplete);
        assert_eq!(coverage(0, vec![lane(true), lane(false)]).exit(), Exit::AllFailed);
        assert_eq!(coverage(0, vec![lane(true), lane(true)]).exit(), Exit::TryLater);
    }
}
