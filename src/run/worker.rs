//! Applying a plan: one writing lane per workspace, each ended whatever happens in it.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use futures::FutureExt as _;

use super::deck::Deck;
use super::end::{LaneEnd, StepEnd};
use super::event::{Event, Logbook};
use super::lane;
use super::trouble::LaneTrouble;
use super::work::{Task, Work};
use super::writing::Lane;
use crate::domain::{Approval, Held, Outcome, Step, StepId};
use crate::plan::Rules;

/// What the lanes of one apply share.
#[derive(Debug)]
pub(super) struct Shared<'a> {
    pub(super) deck: &'a Deck,
    pub(super) rules: &'a Rules,
    pub(super) approval: &'a Approval,
    pub(super) logbook: Logbook,
    /// Lanes that failed so far.
    pub(super) failed: AtomicUsize,
    /// Lanes selected.
    pub(super) lanes: usize,
}

/// What one lane did so far; it outlives a panic in the lane.
#[derive(Debug, Default)]
pub(super) struct Trace {
    begun: Mutex<BTreeSet<StepId>>,
    ends: Mutex<Vec<(Step, StepEnd)>>,
}

impl Trace {
    /// A step is about to be performed: from here on it may leave.
    pub(super) fn begin(&self, step: &Step) {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).insert(step.id.clone());
    }

    /// A step ended.
    pub(super) fn end(&self, step: &Step, end: StepEnd) {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner).push((step.clone(), end));
    }

    /// Tells whether a step ended as already so.
    pub(super) fn was_already(&self, id: &StepId) -> bool {
        let ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        ends.iter().any(|(step, end)| step.id == *id && end.outcome == Outcome::Already)
    }

    /// Tells whether a step was left where a resume may go on with it.
    pub(super) fn is_open(&self, id: &StepId) -> bool {
        let ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        let open = |end: &StepEnd| end.may_go_on() || matches!(end.outcome, Outcome::Unknown | Outcome::Unverified);
        ends.iter().any(|(step, end)| step.id == *id && open(end))
    }

    /// Returns every step with its end, in plan order. One without an end was lost in a panic.
    fn ends_of(self, tasks: &[Task]) -> Vec<(Step, StepEnd)> {
        let ends = self.ends.into_inner().unwrap_or_else(PoisonError::into_inner);
        let begun = self.begun.into_inner().unwrap_or_else(PoisonError::into_inner);
        let lost = |Task { step, past }: &Task| {
            if begun.contains(&step.id) {
                StepEnd::unknown("keyholder itself failed in this step", past.attempts)
            } else {
                StepEnd::left(past, Held::lane_ended("keyholder itself failed in this lane"))
            }
        };
        tasks
            .iter()
            .map(|task| {
                let end = ends.iter().find(|(ended, _)| ended.id == task.step.id).map(|(_, end)| end.clone());
                (task.step.clone(), end.unwrap_or_else(|| lost(task)))
            })
            .collect()
    }
}

/// Applies approved steps, one lane per workspace, and returns their ends in the order given. `failed_before` lanes of `selected`
/// could not be read while planning and count against the failure budget.
pub async fn apply(
    deck: &Deck,
    rules: &Rules,
    approval: &Approval,
    logbook: Logbook,
    work: Vec<Work>,
    failed_before: usize,
    selected: usize,
) -> Vec<LaneEnd> {
    let failed = AtomicUsize::new(failed_before);
    let shared = Shared { deck, rules, approval, logbook, failed, lanes: selected };
    let ended = lane::all(&work, |work| lane_of(&shared, work)).await;
    ended.into_iter().map(|end| end.expect("a lane catches its own panics")).collect()
}

async fn lane_of(shared: &Shared<'_>, work: &Work) -> LaneEnd {
    let Work { target, tasks, ended_well, made, mapped } = work;
    let workspace = target.name.to_string();
    shared.logbook.tell(Event::LaneStarted { workspace: workspace.clone() }).await;
    let trace = Trace::default();
    let lane = Lane { shared, target, trace: &trace, ended_well, made, mapped: *mapped, trouble: None };
    let trouble = AssertUnwindSafe(lane.run(tasks)).catch_unwind().await;
    let trouble = trouble.unwrap_or_else(|_panic| Some(LaneTrouble::bug()));
    let end = LaneEnd { workspace: workspace.clone(), steps: trace.ends_of(tasks), trouble: trouble.clone() };
    if end.is_failed() {
        shared.failed.fetch_add(1, Ordering::Relaxed);
    }
    shared.logbook.tell(Event::LaneEnded { workspace, trouble }).await;
    end
}
