//! One step, from the last look before it to the answer.

use std::time::Duration;

use tokio::time::Instant;

use super::deck::Deck;
use super::event::{Event, Logbook, NotWritten};
use super::footing::{Footing, reached};
use super::settle::{self, Found};
use super::stop::Why;
use super::trouble::LaneTrouble;
use super::worker::StepEnd;
use crate::api::client::certainty;
use crate::api::{Client, Error, Invite, Operation, Refusal, Slot, Writer};
use crate::domain::{Change, Held, HeldReason, Member, Permit, RestsOn, Step};
use crate::journal::{Class, Effect, Record};
use crate::pace::{Backoff, Kind, Tries as Budget, Verdict, verdict};
use crate::plan::person::{self, Person};
use crate::plan::{Observed, Rules};

/// How far a step came.
#[derive(Debug)]
pub(super) enum Progress {
    /// It ended.
    Ended(StepEnd),
    /// It was acknowledged, or seen, and the closing look decides. `doubt` says why it may not have been applied at all.
    Sent {
        /// Attempts so far.
        attempts: u32,
        /// What speaks against it.
        doubt: Option<String>,
    },
    /// It ended, and so does the lane.
    LaneOver(StepEnd, LaneTrouble),
}

/// Attempts of a write that is harmless to repeat and did not take.
const ATTEMPTS_HARMLESS: u32 = 3;

/// First and longest wait before a host that could not be reached is tried again.
const UNREACHED: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(10));

/// One lane's tools while it performs its steps.
#[derive(Debug)]
pub(super) struct Hand<'a> {
    pub(super) deck: &'a Deck,
    pub(super) client: &'a Client,
    pub(super) writer: &'a Writer,
    pub(super) logbook: &'a Logbook,
    pub(super) rules: &'a Rules,
    /// The workspace as read at the lane's beginning, kept up to date by what the lane itself did.
    pub(super) observed: Observed,
    /// When its listing was last read.
    pub(super) observed_at: Instant,
}

/// How the attempts so far went.
#[derive(Debug)]
struct Tries {
    attempts: u32,
    budget: Budget,
    not_taken: u32,
    /// Whether the last attempt left, and looking found that it did not take.
    absent: bool,
    backoff: Backoff,
}

/// What one attempt came to.
enum Attempt {
    Again,
    Over(Progress),
}

/// A step that may be sent this moment.
struct Ready {
    step: Step,
    slot: Slot,
    permit: Permit,
}

/// How old the last look at what a step rests on may be when it is sent. Pace and permit are waited for after the look; where that
/// took longer (a 429 in between), it is looked again.
const FRESH: Duration = Duration::from_secs(5);

impl Hand<'_> {
    /// Performs one step: look again, ask the guards again, write it down, send, judge the answer; again where that is right.
    pub(super) async fn perform(&mut self, step: &Step, followed: bool) -> Progress {
        let backoff = Backoff::new(self.deck.seed, UNREACHED.0, UNREACHED.1);
        let mut tries = Tries { attempts: 0, budget: Budget::default(), not_taken: 0, absent: false, backoff };
        loop {
            let ready = match self.ready(step, followed, &tries).await {
                Ok(ready) => ready,
                Err(progress) => return progress,
            };
            let fresh = ready.step.clone();
            match self.attempt(ready, &mut tries).await {
                Attempt::Again => {}
                Attempt::Over(progress) => {
                    if matches!(progress, Progress::Sent { doubt: None, .. }) {
                        self.fold(&fresh);
                    }
                    return progress;
                }
            }
        }
    }

    /// Looks, asks the guards, waits for pace and permit, and has the attempt written down: all that must stand before a request.
    async fn ready(&mut self, step: &Step, followed: bool, tries: &Tries) -> Result<Ready, Progress> {
        let attempts = tries.attempts;
        let held = |held: Held| Progress::Ended(StepEnd::held(held).after(attempts));
        loop {
            let looked = self.deck.clock.instant();
            let deck = self.deck;
            let Some(rests_on) = deck.stop.unless_draining(self.firm(step, followed, tries)).await else {
                return Err(held(self.stopped()));
            };
            let rests_on = rests_on?;
            let fresh = Step { rests_on, ..step.clone() };
            if let Some(refused) = self.rules.judge(&fresh, &self.observed, 0) {
                return Err(held(refused));
            }
            let slot = match self.deck.stop.unless_draining(self.client.slot_for(operation(&step.change))).await {
                None => return Err(held(self.stopped())),
                Some(Err(_beyond)) => return Err(held(deadline())),
                Some(Ok(slot)) => slot,
            };
            if self.deck.clock.instant().duration_since(looked) > FRESH {
                continue;
            }
            return match self.logbook.started(&step.id, attempts + 1).await {
                // A whole fleet can wait for one commit, and the run be stopped meanwhile: then nothing new is sent.
                Ok(_unused) if self.deck.stop.is_draining() => {
                    let stopped = self.stopped();
                    self.note_answer(step, attempts + 1, Class::NotSent, &stopped.detail, None).await;
                    Err(held(stopped))
                }
                Ok(permit) => Ok(Ready { step: fresh, slot, permit }),
                Err(NotWritten) => Err(held(Held::new(
                    HeldReason::Ledger,
                    "it could not be written down, so it was not sent",
                    "see the error about the ledger",
                ))),
            };
        }
    }

    /// Reads again what the step rests on; the error says how it ended where that does not hold.
    async fn firm(&mut self, step: &Step, followed: bool, tries: &Tries) -> Result<RestsOn, Progress> {
        let attempts = tries.attempts;
        // An absence rests on the listing, a row is read by itself.
        let old = self.deck.clock.instant().duration_since(self.observed_at) > FRESH;
        if step.rests_on == RestsOn::Absent
            && (attempts > 0 || old)
            && let Err(error) = self.refresh().await
        {
            return Err(self.lost_before_sending(error, attempts));
        }
        match self.footing(step, followed).await {
            Ok(Footing::Firm(rests_on)) => Ok(rests_on),
            Ok(Footing::AsAsked(seen)) if tries.absent => {
                // What left before has landed after all.
                self.note_look(step, Effect::There, seen).await;
                Err(Progress::Sent { attempts, doubt: None })
            }
            Ok(Footing::Moved(how)) if tries.absent => Err(Progress::Sent { attempts, doubt: Some(how) }),
            Ok(Footing::AsAsked(seen)) => Err(Progress::Ended(StepEnd::already(seen).after(attempts))),
            Ok(Footing::Moved(how)) => Err(Progress::Ended(StepEnd::held(stale(&how)).after(attempts))),
            Err(error) => Err(self.lost_before_sending(error, attempts)),
        }
    }

    /// Sends once and judges the answer.
    async fn attempt(&mut self, ready: Ready, tries: &mut Tries) -> Attempt {
        let Ready { step, slot, permit } = ready;
        tries.attempts += 1;
        tries.absent = false;
        let attempts = tries.attempts;
        let Some(answer) = self.deck.stop.unless_now(self.write(slot, permit, &step)).await else {
            self.note_answer(&step, attempts, Class::Ambiguous, "the run was stopped at once", None).await;
            let end = StepEnd::unknown("the run was stopped while the request was in flight", attempts);
            return Attempt::Over(Progress::Ended(end));
        };
        match answer {
            Ok(row) => {
                self.note_answer(&step, attempts, Class::Acknowledged, row.role.as_str(), Some(200)).await;
                Attempt::Over(Progress::Sent { attempts, doubt: None })
            }
            Err(error @ Error::BeyondDeadline { .. }) => {
                self.note_answer(&step, attempts, Class::NotSent, &error.to_string(), None).await;
                Attempt::Over(Progress::Ended(StepEnd::held(deadline()).after(attempts)))
            }
            Err(error @ (Error::NotSent { .. } | Error::Throttled { .. })) => {
                self.unprocessed(&step, error, tries).await
            }
            Err(error @ (Error::Ambiguous { .. } | Error::Unreadable { .. })) => self.lost(&step, error, tries).await,
            Err(error @ Error::Refused { .. }) => Attempt::Over(self.refused(&step, attempts, error).await),
        }
    }

    /// The request surely was not processed: it may be sent again, within its budget.
    async fn unprocessed(&self, step: &Step, error: Error, tries: &mut Tries) -> Attempt {
        let class = if matches!(error, Error::Throttled { .. }) { Class::Throttled } else { Class::NotSent };
        self.note_answer(step, tries.attempts, class, &error.to_string(), None).await;
        let certainty = certainty(&error);
        tries.budget.count(certainty);
        match verdict(Kind::Write, certainty, tries.budget, tries.backoff.delay()) {
            Verdict::Again { after } => match settle::wait(self.deck, after).await {
                Ok(()) => Attempt::Again,
                Err(why) => Attempt::Over(Progress::Ended(StepEnd::held(not_started(why)).after(tries.attempts))),
            },
            Verdict::Look | Verdict::End => {
                Attempt::Over(Progress::LaneOver(StepEnd::failed(&error, tries.attempts), error.into()))
            }
        }
    }

    /// The answer was lost: look, and only then decide.
    async fn lost(&self, step: &Step, error: Error, tries: &mut Tries) -> Attempt {
        let attempts = tries.attempts;
        self.note_answer(step, attempts, Class::Ambiguous, &error.to_string(), None).await;
        match self.look_after(step, attempts).await {
            Found::There => Attempt::Over(Progress::Sent { attempts, doubt: None }),
            Found::Unclear(why) => Attempt::Over(Progress::Sent { attempts, doubt: Some(why) }),
            Found::Absent => {
                tries.not_taken += 1;
                // An invitation is sent once more and never again; a role or a removal is harmless to repeat.
                let most = if matches!(step.change, Change::Invite { .. }) { 2 } else { ATTEMPTS_HARMLESS };
                if tries.not_taken >= most {
                    let doubt = format!("{error}, and it was not there afterwards");
                    return Attempt::Over(Progress::Sent { attempts, doubt: Some(doubt) });
                }
                tries.absent = true;
                Attempt::Again
            }
        }
    }

    async fn write(&self, slot: Slot, permit: Permit, step: &Step) -> Result<Member, Error> {
        let workspace = &step.workspace_id;
        match &step.change {
            Change::Invite { email, role, permissions, nickname } => {
                let invite = Invite {
                    email: email.clone(),
                    role: role.clone(),
                    permissions: permissions.clone(),
                    nickname: nickname.clone(),
                };
                self.writer.invite(slot, permit, workspace, &invite).await
            }
            Change::SetRole { member, role, .. } => self.writer.set_role(slot, permit, workspace, member, role).await,
            Change::Remove { member, .. } => self.writer.remove(slot, permit, workspace, member).await,
            Change::StayAbsent { .. } => unreachable!("`footing` never lets a step without a request through"),
        }
    }

    async fn look_after(&self, step: &Step, attempt: u32) -> Found {
        self.logbook.tell(Event::LaneWaits { workspace: step.workspace.clone() }).await;
        let found = settle::look(self.deck, self.client, &step.workspace_id, &step.change).await;
        let (effect, text) = match &found {
            Found::There => (Effect::There, "the asked state is there".to_owned()),
            Found::Absent => (Effect::Absent, format!("not there after attempt {attempt}")),
            Found::Unclear(why) => (Effect::Unclear, why.clone()),
        };
        if self.note_look(step, effect, text).await {
            found
        } else {
            Found::Unclear("the ledger could not be written".to_owned())
        }
    }

    /// Writes down what a look found; tells whether it is on disk.
    async fn note_look(&self, step: &Step, effect: Effect, found: String) -> bool {
        self.logbook.write(Record::Looked { step: step.id.clone(), effect, found }).await.is_ok()
    }

    /// Judges a refusal: usually a failure, sometimes proof that the asked state is there.
    async fn refused(&mut self, step: &Step, attempt: u32, error: Error) -> Progress {
        let Error::Refused { status, refusal, .. } = &error else { unreachable!("asked for refusals alone") };
        self.note_answer(step, attempt, Class::Refused, &error.to_string(), Some(*status)).await;
        let failed = StepEnd::failed(&error, attempt);
        if error.ends_lane() {
            return Progress::LaneOver(failed, error.into());
        }
        match (&step.change, refusal) {
            (Change::Remove { .. }, Refusal::Missing) => match self.gone(step).await {
                Ok(Footing::AsAsked(seen)) => Progress::Ended(StepEnd::already(seen).after(attempt)),
                _ => Progress::Ended(failed),
            },
            // What a repeated invitation answers is unpublished (contract section 6): look whether it is one.
            (Change::Invite { email, .. }, Refusal::Conflict | Refusal::Invalid) => {
                match settle::rows(self.client, &step.workspace_id).await {
                    Ok(rows) => match person::find(&rows, email) {
                        Person::Rows(found) if found.iter().any(|row| reached(&step.change, row)) => {
                            let seen = "refused, because the person is there already".to_owned();
                            Progress::Ended(StepEnd::already(seen).after(attempt))
                        }
                        _ => Progress::Ended(failed),
                    },
                    Err(_) => Progress::Ended(failed),
                }
            }
            _ => Progress::Ended(failed),
        }
    }

    fn lost_before_sending(&self, error: Error, attempts: u32) -> Progress {
        if self.deck.stop.is_draining() {
            return Progress::Ended(StepEnd::held(self.stopped()).after(attempts));
        }
        let held = Held::new(
            HeldReason::LaneEnded,
            format!("not sent: what it rests on could not be read again: {error}"),
            "run the command again",
        );
        Progress::LaneOver(StepEnd::held(held).after(attempts), error.into())
    }

    fn stopped(&self) -> Held {
        match self.deck.stop.why() {
            Some(why @ Why::Identity { .. }) => Held::new(HeldReason::Identity, why.to_string(), "see the error"),
            Some(Why::Ledger) => {
                Held::new(HeldReason::Ledger, "the ledger could not be written", "see the error about the ledger")
            }
            why => Held::new(
                HeldReason::Stopped,
                why.map_or("the run was stopped".to_owned(), |why| format!("the run was {why}")),
                "run the command again: it plans what is missing",
            ),
        }
    }

    async fn note_answer(&self, step: &Step, attempt: u32, class: Class, detail: &str, status: Option<u16>) {
        let record = Record::Answered {
            step: step.id.clone(),
            attempt,
            class: class.as_str(),
            detail: detail.to_owned(),
            status,
        };
        // If this cannot be written the dispatcher drains the run and hands the record back to be shown.
        let _unwritten = self.logbook.write(record).await;
    }

    /// Keeps the lane's picture in step with what it just did, so the guards count right for the next step.
    fn fold(&mut self, step: &Step) {
        match &step.change {
            Change::Remove { member, .. } => self.observed.members.retain(|row| row.id != *member),
            Change::SetRole { member, role, .. } => {
                if let Some(row) = self.observed.members.iter_mut().find(|row| row.id == *member) {
                    row.role = role.clone();
                }
            }
            Change::Invite { .. } | Change::StayAbsent { .. } => {}
        }
    }
}

/// Returns the call a change needs.
fn operation(change: &Change) -> Operation {
    match change {
        Change::Invite { .. } => Operation::MemberCreate,
        Change::SetRole { .. } => Operation::MemberPatch,
        Change::Remove { .. } | Change::StayAbsent { .. } => Operation::MemberDelete,
    }
}

fn stale(how: &str) -> Held {
    Held::new(HeldReason::Stale, format!("the world moved since the plan was drawn: {how}"), "plan again")
}

fn deadline() -> Held {
    Held::new(
        HeldReason::Deadline,
        "it would have had to wait beyond the run's deadline",
        "run the command again later, or with a longer --deadline",
    )
}

fn not_started(why: &str) -> Held {
    Held::new(HeldReason::Stopped, format!("not sent: {why}"), "run the command again")
}
