//! What a person at a terminal sees while lanes run: how many are done, failed or waiting, and what the slowest waits for.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::pin::pin;
use std::time::Duration;

use crate::run::{Deck, Event, Target};
use crate::ui::{Printer, Progress, words};

/// How often the numbers are refreshed: often enough to be believed, rarely enough to cost nothing, for it looks at every lane.
const TICK: Duration = Duration::from_millis(500);

/// A wait that is worth a word; shorter ones are just the pace.
const WORTH_A_WORD: Duration = Duration::from_secs(1);

/// One phase of lanes, watched.
#[derive(Debug)]
pub struct Watch<'a> {
    progress: &'a Progress,
    deck: &'a Deck,
    targets: &'a [Target],
    ended: RefCell<BTreeSet<String>>,
    settling: RefCell<BTreeSet<String>>,
}

impl<'a> Watch<'a> {
    /// Begins a phase.
    pub fn begin(printer: &'a Printer, deck: &'a Deck, what: &'static str, targets: &'a [Target]) -> Self {
        printer.progress().begin(what, targets.len());
        Self { progress: printer.progress(), deck, targets, ended: RefCell::default(), settling: RefCell::default() }
    }

    /// One lane ended.
    pub fn ended(&self, workspace: &str, failed: bool) {
        if self.progress.is_visible() {
            self.ended.borrow_mut().insert(workspace.to_owned());
            self.settling.borrow_mut().remove(workspace);
            self.progress.lane_ended(failed);
        }
    }

    /// Something happened in a run.
    pub fn event(&self, event: &Event) {
        match event {
            Event::LaneEnded { workspace, trouble } => self.ended(workspace, trouble.is_some()),
            Event::LaneWaits { workspace } => {
                self.settling.borrow_mut().insert(workspace.clone());
            }
            Event::StepEnded { step, .. } => {
                self.settling.borrow_mut().remove(&step.workspace);
            }
            Event::LaneStarted { .. } => {}
        }
    }

    /// Runs the lanes and keeps the numbers fresh while a person watches.
    pub async fn around<T>(&self, work: impl Future<Output = T>) -> T {
        if !self.progress.is_visible() {
            return work.await;
        }
        let mut work = pin!(work);
        let done = loop {
            tokio::select! {
                biased;
                done = &mut work => break done,
                () = self.deck.clock.sleep(TICK) => self.note(),
            }
        };
        self.progress.end();
        done
    }

    fn note(&self) {
        let tally = &self.deck.tally;
        self.progress.note(tally.requests(), tally.throttled(), tally.limited(), self.waiting().as_deref());
    }

    /// Says how many lanes wait, and what the slowest waits for.
    fn waiting(&self) -> Option<String> {
        let ended = self.ended.borrow();
        let settling = self.settling.borrow();
        let now = self.deck.clock.instant();
        let limits = self.targets.iter().filter(|target| !ended.contains(target.name.as_str())).filter_map(|target| {
            let waits = target.next_free(self.deck)?.saturating_duration_since(now);
            (waits > WORTH_A_WORD).then_some((waits, target.name.as_str()))
        });
        let limits: Vec<(Duration, &str)> = limits.collect();
        let slowest =
            limits.iter().max().map(|(waits, name)| format!("{name}: its limit, {}", words::duration(*waits)));
        let slowest = slowest.or_else(|| settling.first().map(|name| format!("{name}: a lost answer to settle")))?;
        Some(format!("{} waiting ({slowest})", limits.len() + settling.len()))
    }
}
