//! Sending once, and what the answer means for the step (design section 5, answers and retry).

use tokio::time::Instant;

use super::blind;
use super::end::StepEnd;
use super::event::Event;
use super::footing::{Footing, reached};
use super::hand::{self, Hand};
use super::letter::{self, Answer, Told, noted};
use super::making;
use super::settle::{self, Cut, Found, Waited};
use super::step::{History, Progress, Ready, deadline, operation, stale};
use crate::api::client::certainty;
use crate::api::{Error, Refusal, Slot};
use crate::domain::{Change, LinkChange, Permit, Step, TagChange};
use crate::journal::Effect;
use crate::pace::{Kind, Verdict, verdict};
use crate::plan::person::{self, Person};

/// What one attempt came to.
pub(super) enum Attempt {
    /// It may be sent again, after looking again.
    Again,
    /// That was the last one.
    Over(Progress),
}

/// Attempts of a write that is harmless to repeat and did not take.
const ATTEMPTS_HARMLESS: u32 = 3;

/// Attempts of an invitation, or of the creation of a tag, whose answers are lost: sent once more and never again.
const ATTEMPTS_INVITATION: u32 = 2;

/// Attempts of a transfer of ownership whose answer is lost: it is looked for, and never sent again.
const ATTEMPTS_TRANSFER: u32 = 1;

impl Hand<'_> {
    /// Sends once and judges the answer.
    pub(super) async fn attempt(&mut self, ready: Ready, history: &mut History) -> Attempt {
        let Ready { step, slot, permit } = ready;
        history.attempts += 1;
        let attempts = history.attempts;
        let came = self.deck.stop.unless_now(self.write(slot, permit, &step, attempts)).await;
        let at = self.deck.clock.instant();
        let noted = hand::note_answer(self.logbook, &step, attempts, noted(&came)).await;
        self.judge(&step, Answer { came, at, noted }, None, history).await
    }

    /// Judges what came of the last attempt, once that was written down; `looked` is what was found by who looked already for a write whose
    /// answer was lost.
    pub(super) async fn judge(
        &mut self,
        step: &Step,
        Answer { came, at, noted }: Answer,
        looked: Option<Found>,
        history: &mut History,
    ) -> Attempt {
        let attempts = history.attempts;
        let Some(answer) = came else {
            let why = "the run was stopped while the request was in flight";
            return Attempt::Over(Progress::ended(StepEnd::unknown(why, attempts)));
        };
        match answer {
            Ok(Told::Words(_)) => Attempt::Over(Progress::sent(attempts, None)),
            Ok(Told::Tag(tag, _)) => {
                self.things.tags.took(step, tag, self.deck.clock.instant());
                Attempt::Over(Progress::sent(attempts, None))
            }
            Ok(Told::Made(made)) if noted => self.keep(step, made, attempts).await,
            Ok(Told::Made(_)) => Attempt::Over(making::unwritten(attempts)),
            Err(error @ (Error::NotSent { .. } | Error::Throttled { .. } | Error::BeyondDeadline { .. })) => {
                self.unprocessed(error, at, history).await
            }
            Err(error @ (Error::Ambiguous { .. } | Error::Unreadable { .. })) => {
                let lost = error.to_string();
                match looked {
                    Some(found) => self.decide_lost(step, &lost, found, history),
                    None => self.judge_lost(step, &lost, history, Waited::NotYet).await,
                }
            }
            Err(Error::Refused { operation, status, refusal, message }) => {
                let error = Error::Refused { operation, status, refusal, message };
                history.came_to_nothing();
                if is_toggle(&step.change) && matches!(refusal, Refusal::Missing | Refusal::Invalid) {
                    return self.toggle_refused(step, &error, attempts).await;
                }
                Attempt::Over(self.refused(step, attempts, error, refusal).await)
            }
        }
    }

    /// Sends once; returns what the answer says of it.
    async fn write(&self, slot: Slot, permit: Permit, step: &Step, attempt: u32) -> Result<Told, Error> {
        let workspace = &step.workspace_id;
        match &step.change {
            Change::Invite { .. } | Change::SetRole { .. } | Change::Remove { .. } | Change::HandOver { .. } => {
                letter::send(&self.writer, slot, permit, step).await
            }
            Change::CreateKey { name, scopes, .. } => {
                let name = self.name_of(step, name, attempt);
                self.writer.create_key(slot, permit, workspace, &name, scopes).await.map(Told::Made)
            }
            Change::Revoke { key, .. } | Change::Retire { key: Some(key), .. } => {
                self.writer.revoke_key(slot, permit, workspace, key).await?;
                Ok(Told::Words("deleted".to_owned()))
            }
            Change::Tag(change) => {
                let (tag, words) = self.write_tag(slot, permit, step, change).await?;
                Ok(match tag {
                    Some(tag) => Told::Tag(tag, words),
                    None => Told::Words(words),
                })
            }
            Change::Group(LinkChange::Invite { sub, .. }) => {
                let link = self.writer.invite_sub(slot, permit, workspace, sub).await?;
                Ok(Told::Words(format!("link {}, {}", link.id, link.status)))
            }
            Change::Group(LinkChange::Remove { link, .. }) => {
                self.writer.remove_link(slot, permit, workspace, link).await?;
                Ok(Told::Words("removed".to_owned()))
            }
            Change::Transfer { .. } => self.transfer(slot, permit, step).await.map(Told::Words),
            Change::Retire { key: None, .. } => unreachable!("a step without a key is held"),
            Change::Group(LinkChange::StayOut { .. }) | Change::StayAbsent { .. } => {
                unreachable!("a step that is `already` is never given to a lane")
            }
        }
    }

    /// The request surely was not processed, as was answered at that moment: it may be sent again, within its budget.
    async fn unprocessed(&self, error: Error, at: Instant, history: &mut History) -> Attempt {
        let attempts = history.attempts;
        history.came_to_nothing();
        let certainty = certainty(&error);
        history.budget.count(certainty);
        let cut = match verdict(Kind::Write, certainty, history.budget, history.backoff.delay()) {
            Verdict::Again { after } => {
                // Where several were thrown back together, the wait for one was the wait of all.
                let waited = self.deck.clock.instant().saturating_duration_since(at);
                match settle::wait(self.deck, after.saturating_sub(waited)).await {
                    Ok(()) => return Attempt::Again,
                    Err(cut) => cut,
                }
            }
            Verdict::Look | Verdict::End => {
                return Attempt::Over(Progress::over(StepEnd::failed(&error, attempts), error));
            }
        };
        let held = match cut {
            Cut::Deadline => deadline(),
            Cut::Stopped => self.deck.stop.held(),
        };
        Attempt::Over(Progress::ended(StepEnd::held(held).after(attempts)))
    }

    /// Looks for a write of which nobody knows whether it took effect, and decides.
    pub(super) async fn judge_lost(
        &mut self,
        step: &Step,
        lost: &str,
        history: &mut History,
        waited: Waited,
    ) -> Attempt {
        if matches!(step.change, Change::CreateKey { .. }) {
            return self.lost_key(step, lost, history, waited).await;
        }
        let found = self.look_for_lost(step, history.attempts, waited).await;
        self.decide_lost(step, lost, found, history)
    }

    /// Looks for a write whose answer was lost.
    pub(super) async fn look_for_lost(&self, step: &Step, attempts: u32, waited: Waited) -> Found {
        if blind::RESENDS { self.not_looked(step).await } else { self.look_after(step, attempts, waited).await }
    }

    /// Decides what becomes of a step whose answer was lost, by what looking for it found.
    fn decide_lost(&mut self, step: &Step, lost: &str, found: Found, history: &mut History) -> Attempt {
        let attempts = history.attempts;
        match found {
            Found::There => Attempt::Over(Progress::sent(attempts, None)),
            Found::Unclear(why) => {
                let doubt = format!("{lost}; looking did not settle it: {why}");
                Attempt::Over(Progress::sent(attempts, Some(doubt)))
            }
            Found::Absent => {
                let doubt = format!("{lost}, and the change did not show afterwards");
                history.not_taken += 1;
                let most = match step.change {
                    Change::Invite { .. }
                    | Change::Tag(TagChange::Create { .. })
                    | Change::Group(LinkChange::Invite { .. }) => ATTEMPTS_INVITATION,
                    Change::Transfer { .. } => ATTEMPTS_TRANSFER,
                    _ => ATTEMPTS_HARMLESS,
                };
                if history.not_taken >= most {
                    if is_about_belongings(&step.change) {
                        // Each such step costs several settle times: with hundreds of them the membership would never have its turn.
                        self.barred.insert(operation(&step.change), format!("{lost}, {most} times for one step"));
                    }
                    return Attempt::Over(Progress::sent(attempts, Some(doubt)));
                }
                history.doubt = (!blind::RESENDS).then_some(doubt);
                Attempt::Again
            }
        }
    }

    /// Claims that a write did not take effect: what no keyholder does but the one that tests must find out.
    async fn not_looked(&self, step: &Step) -> Found {
        self.note_look(step, Effect::Absent, "nobody looked".to_owned()).await;
        Found::Absent
    }

    /// Looks whether a write took effect, and has what was found written down.
    pub(super) async fn look_after(&self, step: &Step, attempt: u32, waited: Waited) -> Found {
        self.logbook.tell(Event::LaneWaits { workspace: step.workspace.clone() }).await;
        let look = settle::look(self.deck, &self.client, step, waited);
        let found = self.deck.stop.unless_now(look).await;
        let found = found.unwrap_or_else(|| Found::Unclear(Cut::Stopped.to_string()));
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

    /// Judges a refusal: usually a failure, sometimes proof that the asked state is there.
    async fn refused(&mut self, step: &Step, attempts: u32, error: Error, refusal: Refusal) -> Progress {
        let failed = StepEnd::failed(&error, attempts);
        if is_about_belongings(&step.change) && matches!(refusal, Refusal::Plan | Refusal::Scope | Refusal::Route) {
            // Access goes first: a key that may not hand over can still remove the membership.
            self.barred.insert(operation(&step.change), error.to_string());
            return Progress::ended(failed);
        }
        if error.ends_lane() {
            return Progress::over(failed, error);
        }
        let deck = self.deck;
        let seen = match (&step.change, refusal) {
            (Change::Remove { .. }, Refusal::Missing) => match deck.stop.unless_now(self.gone(step)).await {
                Some(Ok(Footing::AsAsked(seen))) => Some(seen),
                _ => None,
            },
            // What a repeated invitation answers is unpublished (contract section 6): look whether it is one.
            (Change::Invite { .. }, Refusal::Conflict | Refusal::Invalid) => {
                deck.stop.unless_now(self.there_already(step)).await.flatten()
            }
            // What toggle-resource answers of an unknown resource is a 404 like that of a route.
            (Change::Tag(_), _) => {
                let said = failed.reason.clone().unwrap_or_default();
                return Progress::ended(self.after_tag_refusal(step, attempts, &said).await.unwrap_or(failed));
            }
            (Change::Group(change @ LinkChange::Invite { .. }), Refusal::Conflict)
            | (Change::Group(change @ LinkChange::Remove { .. }), Refusal::Missing) => {
                let end = self.link_refused(step, change, &error.to_string(), attempts).await;
                return Progress::ended(end.unwrap_or(failed));
            }
            (Change::Revoke { .. } | Change::Retire { .. }, Refusal::Missing)
            | (Change::HandOver { .. }, Refusal::Missing | Refusal::Conflict | Refusal::Invalid) => {
                return Progress::ended(self.after_refusal(step, attempts).await.unwrap_or(failed));
            }
            _ => None,
        };
        Progress::ended(seen.map_or(failed, |seen| StepEnd::already(seen).after(attempts)))
    }

    /// Looks again at what a refused hand-over or revocation is about: it may be as asked, or not there any more. None leaves it failed.
    pub(super) async fn after_refusal(&mut self, step: &Step, attempts: u32) -> Option<StepEnd> {
        let deck = self.deck;
        let looked = match &step.change {
            Change::Revoke { key, .. } | Change::Retire { key: Some(key), .. } => {
                deck.stop.unless_now(self.key_gone(step, key)).await?
            }
            _ => deck.stop.unless_now(self.belonging(step, true)).await?,
        };
        match looked {
            Ok(Footing::AsAsked(seen)) => Some(StepEnd::already(seen).after(attempts)),
            Ok(Footing::Moved(how)) if matches!(step.change, Change::HandOver { .. }) => {
                // The refusal had no effect, and what was seen says why: it was not there to be handed over.
                self.note_look(step, Effect::Absent, how.clone()).await;
                Some(StepEnd::held(stale(&how)).after(attempts))
            }
            _ => None,
        }
    }

    /// Tells whether a person whose invitation was refused is there as asked.
    pub(super) async fn there_already(&self, step: &Step) -> Option<String> {
        let rows = self.with_own(settle::rows(&self.client, &step.workspace_id).await.ok()?);
        match person::of_change(&rows, &step.change) {
            Person::Rows(found) if found.iter().any(|row| reached(&step.change, row)) => {
                Some("refused, because the person is there already".to_owned())
            }
            _ => None,
        }
    }
}

/// Tells whether a change puts a tag on things, or takes it off.
fn is_toggle(change: &Change) -> bool {
    matches!(change, Change::Tag(TagChange::Assign { .. }))
}

/// Tells whether a change is about what somebody owns or made. Where such calls cannot be made, the lane goes on: access goes first.
fn is_about_belongings(change: &Change) -> bool {
    matches!(change, Change::HandOver { .. } | Change::Revoke { .. } | Change::Retire { .. })
}
