//! A lane that writes: identity, a fresh look, the steps in order, the closing look.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use super::closing::Sent;
use super::deck::Target;
use super::end::StepEnd;
use super::event::Event;
use super::hand::Hand;
use super::key_past::Made;
use super::look::{self, Known};
use super::rotating;
use super::step::{Fate, Progress, deadline};
use super::stop::Why;
use super::tag_length::Length;
use super::talks::Talking;
use super::trouble::{LaneTrouble, TroubleKind};
use super::volley::{self, Orders};
use super::work::{Standing, Task};
use super::worker::{Shared, Trace};
use crate::api::Client;
use crate::domain::fleet::FailureBudget;
use crate::domain::{Held, HeldReason, Identity, Step, StepId, WorkspaceId};
use crate::journal::Record;
use crate::plan::Observed;

/// One lane while it writes.
pub(super) struct Lane<'a> {
    pub(super) shared: &'a Shared<'a>,
    pub(super) target: &'a Target,
    pub(super) trace: &'a Trace,
    /// Steps that ended well in an earlier life of the run.
    pub(super) ended_well: &'a BTreeSet<StepId>,
    /// Keys that steps of it made in an earlier life of the run.
    pub(super) made: &'a BTreeMap<StepId, Made>,
    /// How long the list of what carries tags will be, where planning saw that.
    pub(super) mapped: Option<Length>,
    pub(super) trouble: Option<LaneTrouble>,
}

impl Lane<'_> {
    /// Runs the lane to its end; returns why it ended before.
    pub(super) async fn run(mut self, tasks: &[Task]) -> Option<LaneTrouble> {
        self.write(tasks).await;
        self.trouble
    }

    async fn write(&mut self, tasks: &[Task]) {
        let (client, identity, observed, _talking) = match self.open(tasks).await {
            Ok(open) => open,
            Err(held) => return self.hold_all(tasks, &held).await,
        };
        if let Some(why) = &observed.incomplete {
            let held = Held::incomplete(why);
            let advice = vec![held.remedy.clone()];
            self.trouble = Some(LaneTrouble::new(TroubleKind::Incomplete, held.detail.clone(), advice));
            return self.hold_all(tasks, &held).await;
        }
        let mut hand = Hand::new(self.shared, self.target, tasks, self.made.clone(), client, observed);
        let sent = self.perform_all(&mut hand, tasks).await;
        // With the key that is stored by now: where it was replaced, the look proves it once more.
        let client = hand.client.clone();
        self.close(&client, &identity, sent).await;
    }

    /// Opens the lane: budget, identity with the very key that will write, a fresh listing.
    async fn open(&mut self, tasks: &[Task]) -> Result<(Client, Identity, Observed, Talking), Held> {
        let gated: Option<Vec<Held>> = tasks.iter().map(|task| self.gate(task)).collect();
        if let Some(held) = gated.and_then(|mut held| held.pop()) {
            return Err(held);
        }
        let deck = self.shared.deck;
        let opened = deck.stop.unless_draining(async {
            let talking = self.target.talk(deck).await?;
            let (identity, client) = match look::identify(deck, self.target).await? {
                Known::Pinned(identity, client) => (identity, client),
                Known::Stranger { pinned, seen } => {
                    self.note_identity(&pinned, &seen.id, false).await;
                    return Ok(Err((pinned.to_string(), seen.id.to_string())));
                }
                Known::Unpinned(seen) => return Ok(Err(("none".to_owned(), seen.id.to_string()))),
            };
            self.note_identity(&identity.id, &identity.id, true).await;
            let about_people = tasks.iter().any(|task| task.step.change.person().is_some());
            let observed = if about_people {
                look::listing(&client, self.target, &identity).await?
            } else {
                look::unlisted(self.target, &identity)
            };
            Ok::<_, LaneTrouble>(Ok((client, identity, observed, talking)))
        });
        match opened.await {
            None => Err(deck.stop.held()),
            Some(Ok(Ok(open))) => Ok(open),
            Some(Ok(Err((pinned, seen)))) => Err(self.stranger(pinned, seen)),
            // Parked, not failed: nothing is wrong with the workspace.
            Some(Err(trouble)) if trouble.kind == TroubleKind::Deadline => {
                let held = deadline();
                Err(Held { detail: format!("{}: {trouble}", held.detail), ..held })
            }
            Some(Err(trouble)) => {
                let held = Held::lane_ended(&trouble);
                self.trouble = Some(trouble);
                Err(held)
            }
        }
    }

    async fn note_identity(&self, pinned: &WorkspaceId, seen: &WorkspaceId, matches: bool) {
        let record = Record::Identity { workspace_id: pinned.clone(), seen: seen.to_string(), matches };
        // If this cannot be written the dispatcher drains the run, and the next step is held.
        let _unwritten = self.shared.logbook.write(record).await;
    }

    /// Another workspace answered to the key that was to write: every lane stops sending.
    fn stranger(&mut self, pinned: String, seen: String) -> Held {
        let why = Why::Identity { workspace: self.target.name.to_string(), pinned, seen };
        self.trouble = Some(LaneTrouble::new(
            TroubleKind::Identity,
            why.to_string(),
            vec!["give the workspace the right key, then run `keyholder check`".to_owned()],
        ));
        self.shared.deck.stop.drain(why.clone());
        Held::new(HeldReason::Identity, why.to_string(), "give the workspace the right key")
    }

    /// Says why nothing new may be sent, if so. What an earlier life of the run left in doubt is looked for whatever the failure
    /// budget says: it is in progress.
    fn gate(&self, task: &Task) -> Option<Held> {
        let stop = &self.shared.deck.stop;
        if stop.is_draining() {
            return Some(stop.held());
        }
        if task.past.standing.is_in_doubt() {
            return None;
        }
        let failed = self.shared.failed.load(Ordering::Relaxed);
        let budget: FailureBudget = self.shared.rules.guards.max_failures;
        budget.exceeded(failed, self.shared.lanes).then(|| {
            Held::new(
                HeldReason::FailureBudget,
                format!("{failed} of {} lanes failed, the budget is {budget}", self.shared.lanes),
                "mend or --exclude the failed workspaces, or raise `guards.max_failures`",
            )
        })
    }

    /// Performs the steps in order, those together that may be under way together; returns those the closing look decides.
    async fn perform_all(&mut self, hand: &mut Hand<'_>, tasks: &[Task]) -> Vec<Sent> {
        let followed: BTreeSet<&StepId> = tasks.iter().filter_map(|task| task.step.after.as_ref()).collect();
        let mut sent: Vec<Sent> = Vec::new();
        let mut rest = tasks;
        while let Some((task, others)) = rest.split_first() {
            let step = &task.step;
            if let Some(held) = self.gate(task) {
                self.hold_all(&rest[..1], &held).await;
                rest = others;
                continue;
            }
            if task.past.standing == Standing::ToSend && !self.may_follow(step, &sent) {
                self.end(step, StepEnd::held(self.held_behind(step, &sent)).after(task.past.attempts)).await;
                rest = others;
                continue;
            }
            let came = match volley::length(rest) {
                0 | 1 => {
                    self.trace.begin(step);
                    vec![hand.take_up(task, followed.contains(&step.id)).await]
                }
                together => {
                    let may_begin = |task: &Task| self.gate(task).is_none();
                    let begin = |step: &Step| self.trace.begin(step);
                    let orders =
                        Orders { shared: self.shared, may_begin: &may_begin, begin: &begin, followed: &followed };
                    hand.volley(&rest[..together], &orders).await
                }
            };
            let (begun, left) = rest.split_at(came.len());
            let mut over = None;
            for (Task { step, .. }, Progress { fate, over: why }) in begun.iter().zip(came) {
                match fate {
                    Fate::Ended(end) => self.end(step, end).await,
                    Fate::Sent { attempts, doubt } => sent.push(sent_of(hand, step, attempts, doubt)),
                }
                over = over.or(why);
            }
            if let Some(trouble) = over {
                let held = Held::lane_ended(&trouble);
                self.trouble = Some(trouble);
                self.hold_all(left, &held).await;
                break;
            }
            rest = left;
        }
        sent
    }

    /// Tells whether the step that this one comes after ended well enough.
    fn may_follow(&self, step: &Step, sent: &[Sent]) -> bool {
        step.after.as_ref().is_none_or(|before| {
            sent.iter().any(|sent| sent.step.id == *before && sent.doubt.is_none())
                || self.trace.was_already(before)
                || self.ended_well.contains(before)
        })
    }

    /// Says why a step is held behind the one it comes after. Where that one may still end well, in a resume or by the closing look,
    /// this one stays to be sent: else the first half of a re-invitation would be all that is ever done.
    fn held_behind(&self, step: &Step, sent: &[Sent]) -> Held {
        let in_doubt = |before: &StepId| sent.iter().any(|sent| sent.step.id == *before);
        if step.after.as_ref().is_some_and(|before| in_doubt(before) || self.trace.is_open(before)) {
            return Held::new(
                HeldReason::LaneEnded,
                "not sent: the step it comes after has no end yet",
                "go on with `keyholder resume`",
            );
        }
        Held::new(HeldReason::After, "the step it comes after did not end well", "see that step")
    }

    async fn hold_all(&mut self, tasks: &[Task], held: &Held) {
        if !tasks.is_empty() {
            let record = Record::Lane { workspace: self.target.name.to_string(), trouble: held.to_string() };
            let _unwritten = self.shared.logbook.write(record).await;
        }
        for Task { step, past } in tasks {
            self.end(step, StepEnd::left(past, held.clone())).await;
        }
    }

    /// Ends a step: writes it down, tells it, keeps it.
    pub(super) async fn end(&mut self, step: &Step, end: StepEnd) {
        let end = rotating::told_of_retiring(step, end);
        if !end.may_go_on() {
            let record = Record::Settled {
                step: step.id.clone(),
                outcome: end.outcome,
                reason: end.reason.clone(),
                attempts: end.attempts,
                held: end.held.as_ref().map(|held| held.reason),
                seen: end.seen.as_deref().cloned(),
            };
            // If this cannot be written the dispatcher drains the run and hands the record back to be shown.
            let _unwritten = self.shared.logbook.write(record).await;
        }
        self.shared.logbook.tell(Event::StepEnded { step: Box::new(step.clone()), end: end.clone() }).await;
        self.trace.end(step, end);
    }
}

/// A step that left, with what the closing look needs of it.
fn sent_of(hand: &Hand<'_>, step: &Step, attempts: u32, doubt: Option<String>) -> Sent {
    let made = hand.made.get(&step.id).map(|made| made.key.clone());
    let remark = hand.remarks.get(&step.id).cloned();
    let others = made.as_ref().map_or_else(Vec::new, |_kept| hand.names_beside(step, attempts));
    let tag = hand.things.tags.meant(&step.id).cloned();
    let gone = hand.things.tags.gone.of(&step.id).cloned().collect();
    Sent { step: step.clone(), attempts, doubt, made, others, tag, gone, remark }
}
