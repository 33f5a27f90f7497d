//! One step: look again, ask the guards again, write it down, send; again where that is right.

use std::time::Duration;

use super::answer::Attempt;
use super::blind;
use super::end::StepEnd;
use super::footing::Footing;
use super::hand::{self, Hand};
use super::trouble::LaneTrouble;
use crate::api::{Error, Operation, Slot};
use crate::domain::{Change, Held, HeldReason, LeadId, LinkChange, Outcome, Permit, RestsOn, Step, TagChange, Thing};
use crate::journal::{Class, Effect};
use crate::pace::{Backoff, Tries};

/// How far a step came.
#[derive(Debug)]
pub(super) enum Fate {
    /// It ended.
    Ended(StepEnd),
    /// It was acknowledged, or seen, and the closing look decides. `doubt` says why it may not have been applied at all.
    Sent {
        /// Attempts so far.
        attempts: u32,
        /// What speaks against it.
        doubt: Option<String>,
    },
}

/// How far a step came, and whether its lane goes on.
#[derive(Debug)]
pub(super) struct Progress {
    /// The step.
    pub(super) fate: Fate,
    /// Why the lane ends with it.
    pub(super) over: Option<LaneTrouble>,
}

impl Progress {
    /// The step ended, the lane goes on.
    pub(super) fn ended(end: StepEnd) -> Self {
        Self { fate: Fate::Ended(end), over: None }
    }

    /// The step left, the closing look decides.
    pub(super) fn sent(attempts: u32, doubt: Option<String>) -> Self {
        Self { fate: Fate::Sent { attempts, doubt }, over: None }
    }

    /// The step ended, and so does the lane.
    pub(super) fn over(end: StepEnd, trouble: impl Into<LaneTrouble>) -> Self {
        Self { fate: Fate::Ended(end), over: Some(trouble.into()) }
    }
}

/// How the attempts of one step went so far.
#[derive(Debug)]
pub(super) struct History {
    /// Attempts that may have left.
    pub(super) attempts: u32,
    /// What the attempts that surely were not processed leave of their budget.
    pub(super) budget: Tries,
    /// Attempts that left and did not take.
    pub(super) not_taken: u32,
    /// Why an earlier attempt may still take effect: its answer was lost, and it was not there when looked for.
    pub(super) doubt: Option<String>,
    /// The attempts, from the first on, of which it is proven that none took effect: the settle time was over before it was looked, or what
    /// was answered says so.
    pub(super) without_effect: u32,
    /// Waits before a host that could not be reached is tried again.
    pub(super) backoff: Backoff,
}

impl History {
    /// The last attempt surely had no effect, by its answer or because it never left.
    pub(super) fn came_to_nothing(&mut self) {
        if self.without_effect + 1 == self.attempts {
            self.without_effect = self.attempts;
        }
    }
}

/// A step that may be sent this moment.
pub(super) struct Ready {
    pub(super) step: Step,
    pub(super) slot: Slot,
    pub(super) permit: Permit,
}

/// First and longest wait before a host that could not be reached is tried again.
const UNREACHED: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(10));

/// How old the last look at what a step rests on may be when it is sent. Pace and permit are waited for after the look; where that
/// took longer (a 429 in between), it is looked once more. Once only: where a whole group shares one pace, each look waits as long
/// as each send, and a second condition on it would let nobody send at all.
const FRESH: Duration = Duration::from_secs(5);

/// How old the list may be that an absence rests on. It is read whole, so in a workspace of a thousand members each reading takes the places of ten
/// invitations, and their time; who is invited by somebody else in these seconds is told by the answer or by the closing look.
const LISTED: Duration = Duration::from_secs(15);

impl Hand<'_> {
    /// Returns the history of a step that was started so often, none of it of consequence.
    pub(super) fn history(&self, attempts: u32) -> History {
        let backoff = Backoff::new(self.seed, UNREACHED.0, UNREACHED.1);
        History { attempts, budget: Tries::default(), not_taken: 0, doubt: None, without_effect: 0, backoff }
    }

    /// Performs one step. `followed` says that another step comes after it.
    pub(super) async fn perform(&mut self, step: &Step, followed: bool, mut history: History) -> Progress {
        let progress = loop {
            let ready = match self.ready(step, followed, &history).await {
                Ok(ready) => ready,
                Err(progress) => break progress,
            };
            match self.attempt(ready, &mut history).await {
                Attempt::Again => {}
                Attempt::Over(progress) => break progress,
            }
        };
        self.conclude(step, &history, progress).await
    }

    /// Looks, asks the guards, waits for pace and permit, and has the attempt written down: all that must stand before a request.
    pub(super) async fn ready(&mut self, step: &Step, followed: bool, history: &History) -> Result<Ready, Progress> {
        let attempts = history.attempts;
        let held = |held: Held| Progress::ended(StepEnd::held(held).after(attempts));
        let deck = self.deck;
        let mut looked_twice = false;
        loop {
            let Some(fresh) = deck.stop.unless_draining(self.firm(step, followed, history)).await else {
                return Err(held(deck.stop.held()));
            };
            let fresh = fresh?;
            if let Some(refused) = self.rules.judge(&fresh, &self.observed, 0) {
                return Err(held(refused));
            }
            let looked = deck.clock.instant();
            let slot = match deck.stop.unless_draining(self.client.slot(operation(&step.change))).await {
                None => return Err(held(deck.stop.held())),
                Some(Err(_beyond)) => return Err(held(deadline())),
                Some(Ok(slot)) => slot,
            };
            if !looked_twice && deck.clock.instant().duration_since(looked) > FRESH {
                looked_twice = true;
                continue;
            }
            // The slot is held over the commit: some milliseconds, in which no other lane of the same pace could be sent anyway.
            return match self.logbook.started(&step.id, attempts + 1).await {
                // A whole fleet can wait for one commit, and the run be stopped meanwhile: then nothing new is sent.
                Ok(_unused) if deck.stop.is_draining() => {
                    let stopped = deck.stop.held();
                    let unsent = (Class::NotSent, stopped.detail.clone(), None);
                    hand::note_answer(self.logbook, step, attempts + 1, unsent).await;
                    Err(held(stopped))
                }
                Ok(permit) => Ok(Ready { step: fresh, slot, permit }),
                Err(word) => Err(held(word.held())),
            };
        }
    }

    /// Reads again what the step rests on, and returns the step as it may be sent; the error says how it ended where that does not hold.
    async fn firm(&mut self, step: &Step, followed: bool, history: &History) -> Result<Step, Progress> {
        let attempts = history.attempts;
        if blind::RESENDS && attempts > 0 {
            return Ok(step.clone());
        }
        // An absence rests on the listing, a row is read by itself. What surely was not processed changed nothing that it shows.
        let old = self.deck.clock.instant().duration_since(self.observed_at) > LISTED;
        if step.rests_on == RestsOn::Absent
            && (attempts > history.without_effect || old)
            && let Err(error) = self.refresh().await
        {
            return Err(lost_before_sending(error, attempts));
        }
        let ended = |end: StepEnd| Progress::ended(end.after(attempts));
        if let Some(why) = self.barred.get(&operation(&step.change)) {
            return Err(ended(StepEnd::held(Held::lane_ended(why))));
        }
        match self.footing(step, followed, history.doubt.is_some()).await {
            Ok(Footing::Firm(rests_on)) => Ok(self.without_gone(Step { rests_on, ..step.clone() })),
            Ok(Footing::Some(ids)) => Ok(narrowed(step, ids)),
            Ok(Footing::AsAsked(seen)) => Err(ended(StepEnd::already(seen))),
            Ok(Footing::Moved(how)) => Err(ended(StepEnd::held(stale(&how)))),
            Ok(Footing::Held(held)) => Err(ended(StepEnd::held(held))),
            Err(error) => Err(lost_before_sending(error, attempts)),
        }
    }

    /// Ends a step of which an earlier attempt left and its answer was lost: no later refusal, stop or deadline can say that it
    /// surely was not applied, and if the asked state is there now, it may well be our doing. The closing look decides.
    pub(super) async fn conclude(&self, step: &Step, history: &History, progress: Progress) -> Progress {
        let Fate::Ended(end) = &progress.fate else { return progress };
        if history.doubt.is_none() && end.outcome == Outcome::Already && self.things.tags.gone.narrows(&step.id) {
            // What was refused was found absent before the rest of it was to be sent.
            self.note_look(step, Effect::There, end.reason.clone().unwrap_or_default()).await;
        }
        let Some(doubt) = &history.doubt else { return progress };
        let reason = end.reason.clone().unwrap_or_default();
        let doubt = match end.outcome {
            Outcome::Already => {
                self.note_look(step, Effect::There, reason).await;
                None
            }
            // What was sent before its absence was proven came to nothing, and so did all since: nothing of it can come.
            Outcome::Held | Outcome::Failed if history.attempts == history.without_effect => return progress,
            Outcome::Held | Outcome::Failed => Some(format!("{doubt}; then: {reason}")),
            Outcome::Done | Outcome::Waiting | Outcome::Unverified | Outcome::Unknown => return progress,
        };
        Progress { fate: Fate::Sent { attempts: history.attempts, doubt }, over: progress.over }
    }
}

fn lost_before_sending(error: Error, attempts: u32) -> Progress {
    if matches!(error, Error::BeyondDeadline { .. }) {
        return Progress::ended(StepEnd::held(deadline()).after(attempts));
    }
    let held = Held::lane_ended(format_args!("what it rests on could not be read again: {error}"));
    Progress::over(StepEnd::held(held).after(attempts), error)
}

/// Returns the call a change needs.
pub(super) fn operation(change: &Change) -> Operation {
    match change {
        Change::Invite { .. } => Operation::MemberCreate,
        Change::SetRole { .. } => Operation::MemberPatch,
        Change::Remove { .. } | Change::StayAbsent { .. } => Operation::MemberDelete,
        Change::HandOver { thing: Thing::Campaign { .. }, .. } => Operation::CampaignPatch,
        Change::HandOver { thing: Thing::LeadList { .. }, .. } => Operation::LeadListPatch,
        Change::HandOver { thing: Thing::Leads { .. }, .. } => Operation::LeadsAssign,
        Change::CreateKey { .. } => Operation::KeyCreate,
        Change::Revoke { .. } | Change::Retire { .. } => Operation::KeyDelete,
        Change::Tag(TagChange::Create { .. }) => Operation::TagCreate,
        Change::Tag(TagChange::Alter { .. }) => Operation::TagPatch,
        Change::Tag(TagChange::Delete { .. }) => Operation::TagDelete,
        Change::Tag(TagChange::Assign { .. }) => Operation::TagToggle,
        Change::Group(LinkChange::Invite { .. }) => Operation::LinkCreate,
        Change::Group(LinkChange::Remove { .. } | LinkChange::StayOut { .. }) => Operation::LinkDelete,
        Change::Transfer { .. } => Operation::OwnerChange,
    }
}

/// A step about some of its leads: still the same step, for the ledger and every look.
fn narrowed(step: &Step, ids: Vec<LeadId>) -> Step {
    let mut narrowed = step.clone();
    if let Change::HandOver { thing, .. } = &mut narrowed.change {
        *thing = Thing::Leads { ids };
    }
    narrowed
}

pub(super) fn stale(how: &str) -> Held {
    Held::new(HeldReason::Stale, format!("the world moved since the plan was drawn: {how}"), "plan again")
}

/// A step that would have had to wait too long.
pub(super) fn deadline() -> Held {
    Held::new(
        HeldReason::Deadline,
        "it would have had to wait beyond the run's deadline",
        "go on with `keyholder resume` later, or with a longer --deadline",
    )
}
