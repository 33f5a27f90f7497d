//! One step, from the last look before it to the answer.

use std::time::Duration;

use super::deck::Deck;
use super::event::{Event, Logbook, NotWritten};
use super::settle::{self, Found};
use super::stop::Why;
use super::trouble::LaneTrouble;
use super::worker::StepEnd;
use crate::api::{Client, Error, Invite, Refusal, Writer};
use crate::domain::{Change, Held, HeldReason, Member, Permit, RestsOn, Step};
use crate::journal::{Class, Effect, Record};
use crate::pace::Backoff;
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

/// Whether what a step rests on still holds.
enum Footing {
    Firm(RestsOn),
    AsAsked(String),
    Moved(String),
}

/// Attempts of a write that surely was not processed (could not be sent, throttled). The pacer waits in between.
const ATTEMPTS_UNPROCESSED: u32 = 8;

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
}

impl Hand<'_> {
    /// Performs one step: look again, ask the guards again, write it down, send, judge the answer.
    pub(super) async fn perform(&mut self, step: &Step, followed: bool) -> Progress {
        let rests_on = match self.footing(step, followed).await {
            Ok(Footing::Firm(rests_on)) => rests_on,
            Ok(Footing::AsAsked(seen)) => return Progress::Ended(StepEnd::already(seen)),
            Ok(Footing::Moved(how)) => return Progress::Ended(StepEnd::held(stale(&how))),
            Err(error) => return self.lost_before_sending(error),
        };
        let fresh = Step { rests_on, ..step.clone() };
        if let Some(held) = self.rules.judge(&fresh, &self.observed, 0) {
            return Progress::Ended(StepEnd::held(held));
        }
        let progress = self.send(&fresh).await;
        if matches!(progress, Progress::Sent { doubt: None, .. }) {
            self.fold(&fresh);
        }
        progress
    }

    /// Reads again what the step rests on, just before it is sent.
    async fn footing(&mut self, step: &Step, followed: bool) -> Result<Footing, Error> {
        let id = match &step.rests_on {
            RestsOn::Absent => {
                let email = step.change.subject();
                return Ok(match person::find(&self.observed.members, email) {
                    Person::Nobody => Footing::Firm(RestsOn::Absent),
                    Person::Rows(rows) if rows.iter().any(|row| reached(&step.change, row)) => {
                        Footing::AsAsked("somebody else invited the person meanwhile".to_owned())
                    }
                    Person::Rows(_) | Person::Ambiguous(_) => {
                        Footing::Moved(format!("{email} is in the workspace now"))
                    }
                });
            }
            RestsOn::Row { id, .. } => id.clone(),
        };
        let row = match self.client.member(&id).await {
            Ok(row) => row,
            Err(Error::Refused { refusal: Refusal::Missing, .. }) => return self.gone(step).await,
            Err(error) => return Err(error),
        };
        self.observed.members.retain(|member| member.id != row.id);
        self.observed.members.push(row.clone());
        if step.is_removal() && row.is_acting_admin() {
            self.refresh().await?;
        }
        Ok(compare(step, &row, followed))
    }

    /// The row is not there any more: asked for, if the complete list of the right workspace says so too.
    async fn gone(&mut self, step: &Step) -> Result<Footing, Error> {
        let identity = self.client.current().await?;
        self.refresh().await?;
        let RestsOn::Row { id, .. } = &step.rests_on else { return Ok(Footing::Firm(RestsOn::Absent)) };
        let absent = identity.id == self.observed.id && self.observed.row(id).is_none();
        Ok(match (&step.change, absent) {
            (Change::Remove { .. }, true) => Footing::AsAsked("the row is gone already".to_owned()),
            _ => Footing::Moved("the row is not there any more".to_owned()),
        })
    }

    async fn refresh(&mut self) -> Result<(), Error> {
        let listing = self.client.members(&self.observed.id.clone()).await?;
        self.observed.incomplete = listing.complete.err().map(|why| why.to_string());
        self.observed.members = listing.rows;
        Ok(())
    }

    /// Sends the step as often as is right, and judges each answer.
    async fn send(&mut self, step: &Step) -> Progress {
        let mut unprocessed = 0;
        let mut repeated = 0;
        let mut backoff = Backoff::new(self.deck.seed, UNREACHED.0, UNREACHED.1);
        for attempt in 1.. {
            let permit = match self.admitted(step, attempt).await {
                Ok(permit) => permit,
                Err(progress) => return progress,
            };
            let (slot, permit) = permit;
            let Some(answer) = self.deck.stop.unless_now(self.write(slot, permit, step)).await else {
                self.note_answer(step, attempt, Class::Ambiguous, "the run was stopped at once", None).await;
                return Progress::Ended(StepEnd::unknown(
                    "the run was stopped while the request was in flight",
                    attempt,
                ));
            };
            match answer {
                Ok(row) => {
                    self.note_answer(step, attempt, Class::Acknowledged, row.role.as_str(), Some(200)).await;
                    return Progress::Sent { attempts: attempt, doubt: None };
                }
                Err(error @ Error::BeyondDeadline { .. }) => {
                    self.note_answer(step, attempt, Class::NotSent, &error.to_string(), None).await;
                    return Progress::Ended(StepEnd::held(deadline()).after(attempt));
                }
                Err(error @ (Error::NotSent { .. } | Error::Throttled { .. })) => {
                    let throttled = matches!(error, Error::Throttled { .. });
                    let class = if throttled { Class::Throttled } else { Class::NotSent };
                    self.note_answer(step, attempt, class, &error.to_string(), None).await;
                    unprocessed += 1;
                    if unprocessed >= ATTEMPTS_UNPROCESSED {
                        return Progress::LaneOver(StepEnd::failed(&error, attempt), error.into());
                    }
                    // The pacer already makes a throttled workspace wait; a host that cannot be reached has no pacer.
                    if !throttled && let Err(why) = settle::wait(self.deck, backoff.delay()).await {
                        return Progress::Ended(StepEnd::held(not_started(why)).after(attempt));
                    }
                }
                Err(error @ (Error::Ambiguous { .. } | Error::Unreadable { .. })) => {
                    self.note_answer(step, attempt, Class::Ambiguous, &error.to_string(), None).await;
                    match self.look_after(step, attempt).await {
                        Found::There => return Progress::Sent { attempts: attempt, doubt: None },
                        Found::Unclear(why) => return Progress::Sent { attempts: attempt, doubt: Some(why) },
                        Found::Absent => {
                            repeated += 1;
                            // An invitation is sent once more and never again; a role or a removal is harmless to repeat.
                            let most = if matches!(step.change, Change::Invite { .. }) { 2 } else { ATTEMPTS_HARMLESS };
                            if repeated >= most {
                                let doubt = format!("{error}, and it was not there afterwards");
                                return Progress::Sent { attempts: attempt, doubt: Some(doubt) };
                            }
                        }
                    }
                }
                Err(error @ Error::Refused { .. }) => return self.refused(step, attempt, error).await,
            }
        }
        unreachable!("the loop ends by its budgets")
    }

    /// Waits for pace and permit, has the attempt written down, and returns what the write needs.
    async fn admitted(&self, step: &Step, attempt: u32) -> Result<(crate::api::Slot, Permit), Progress> {
        let held = |held: Held| Progress::Ended(StepEnd::held(held).after(attempt - 1));
        let slot = match self.deck.stop.unless_draining(self.client.slot()).await {
            None => return Err(held(self.stopped())),
            Some(Err(_beyond)) => return Err(held(deadline())),
            Some(Ok(slot)) => slot,
        };
        match self.logbook.started(&step.id, attempt).await {
            // A whole fleet can wait for one commit, and the run be stopped meanwhile: then nothing new is sent.
            Ok(_unused) if self.deck.stop.is_draining() => {
                let stopped = self.stopped();
                self.note_answer(step, attempt, Class::NotSent, &stopped.detail, None).await;
                Err(held(stopped))
            }
            Ok(permit) => Ok((slot, permit)),
            Err(NotWritten) => Err(held(Held::new(
                HeldReason::Ledger,
                "it could not be written down, so it was not sent",
                "see the error about the ledger",
            ))),
        }
    }

    async fn write(&self, slot: crate::api::Slot, permit: Permit, step: &Step) -> Result<Member, Error> {
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
        self.logbook
            .tell(Event::LaneWaits { workspace: step.workspace.clone(), what: "a lost answer to settle" })
            .await;
        let found = settle::look(self.deck, self.client, &step.workspace_id, &step.change).await;
        let (effect, text) = match &found {
            Found::There => (Effect::There, "the asked state is there".to_owned()),
            Found::Absent => (Effect::Absent, format!("not there after attempt {attempt}")),
            Found::Unclear(why) => (Effect::Unclear, why.clone()),
        };
        let looked = Record::Looked { step: step.id.clone(), effect, found: text };
        match self.logbook.write(looked).await {
            Ok(_) => found,
            Err(NotWritten) => Found::Unclear("the ledger could not be written".to_owned()),
        }
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

    fn lost_before_sending(&self, error: Error) -> Progress {
        if self.deck.stop.is_draining() {
            return Progress::Ended(StepEnd::held(self.stopped()));
        }
        let held = Held::new(
            HeldReason::LaneEnded,
            format!("not sent: what it rests on could not be read again: {error}"),
            "run the command again",
        );
        Progress::LaneOver(StepEnd::held(held), error.into())
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

/// Compares a row read again with what the step rests on (design section 5: another e-mail, role, owner or workspace is stale).
fn compare(step: &Step, row: &Member, followed: bool) -> Footing {
    let RestsOn::Row { email, user_id, role, accepted, .. } = &step.rests_on else {
        return Footing::Firm(step.rests_on.clone());
    };
    if row.workspace_id != step.workspace_id {
        return Footing::Moved("the row belongs to another workspace".to_owned());
    }
    if row.email != *email {
        return Footing::Moved(format!("the row bears {} instead of {email}", row.email));
    }
    if row.user_id != *user_id {
        return Footing::Moved("the row belongs to another account".to_owned());
    }
    if let Change::SetRole { role: wanted, .. } = &step.change
        && row.role == *wanted
    {
        return Footing::AsAsked(format!("somebody else set the role {wanted} meanwhile"));
    }
    if row.role != *role {
        return Footing::Moved(format!("the role is {} instead of {role}", row.role));
    }
    // A withdrawal that is to be followed by a new invitation must not remove someone who accepted meanwhile.
    if followed && row.accepted != *accepted {
        return Footing::Moved("the invitation was accepted meanwhile".to_owned());
    }
    Footing::Firm(RestsOn::row(row))
}

/// Tells whether a row of the person is what the change asks for.
pub(super) fn reached(change: &Change, row: &Member) -> bool {
    match change {
        Change::Invite { role, permissions, .. } => {
            row.role == *role && permissions.as_ref().is_none_or(|wanted| row.permissions.as_ref() == Some(wanted))
        }
        Change::SetRole { member, role, .. } => row.id == *member && row.role == *role,
        Change::Remove { .. } | Change::StayAbsent { .. } => false,
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
