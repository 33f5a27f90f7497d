//! Taking up a step of which an earlier life of the run left something: look first, and only then decide (design section 5).

use super::answer::Attempt;
use super::end::StepEnd;
use super::footing::Footing;
use super::hand::Hand;
use super::narrowing::Narrowed;
use super::settle::{Found, Waited};
use super::step::{Fate, History, Progress, stale};
use super::tag_seen;
use super::work::{Onward, Past, Standing, Task};
use crate::domain::{Change, Outcome, RunId, Step, Subject, TagChange};
use crate::journal::Effect;

impl Hand<'_> {
    /// Performs a step from where it stands. `followed` says that another step comes after it.
    pub(super) async fn take_up(&mut self, task: &Task, followed: bool) -> Progress {
        let Task { step, past: Past { attempts, standing, onward, making, resumed } } = task;
        let attempts = *attempts;
        if matches!(step.change, Change::CreateKey { .. }) && standing.is_in_doubt() {
            return self.remake(task, making, followed).await;
        }
        let progress = match standing {
            Standing::InDoubt { why } if matches!(step.change, Change::Transfer { .. }) => {
                self.transfer_in_doubt(step, attempts, why).await
            }
            Standing::ToSend => match if *resumed { self.as_asked_since(step).await } else { None } {
                Some(end) => Progress::ended(end.after(attempts)),
                None => self.perform(step, followed, self.history(attempts)).await,
            },
            Standing::Acknowledged => Progress::sent(attempts, None),
            Standing::Refused { said } => self.was_refused(step, followed, attempts, said).await,
            Standing::Unverified => self.was_not_seen(step, attempts, onward).await,
            Standing::InDoubt { why } => self.in_doubt(step, followed, attempts, why, onward).await,
        };
        self.folded(step, progress)
    }

    /// Keeps the picture in step with a step that left.
    pub(super) fn folded(&mut self, step: &Step, progress: Progress) -> Progress {
        if let Fate::Sent { doubt, .. } = &progress.fate {
            self.fold(step, doubt.is_some());
        }
        progress
    }

    /// Looks what carries the tag of an assignment that is long planned: what another hand did since must not count as this run's, for who
    /// undoes the run would undo that too. None where nothing is as asked yet, or it cannot be told: then the footing decides.
    async fn as_asked_since(&mut self, step: &Step) -> Option<StepEnd> {
        let Change::Tag(TagChange::Assign { resources, assign, .. }) = &step.change else { return None };
        let looking = tag_seen::missing(&self.client, step, self.things.tags.meant(&step.id));
        let missing = self.deck.stop.unless_draining(looking).await?.ok()?;
        if missing.is_empty() {
            return Some(StepEnd::already("it is as asked by now, and not by this run"));
        }
        let told = tag_seen::told(resources, &missing, *assign);
        (missing.len() < resources.len())
            .then(|| StepEnd::held(stale(&format!("another hand did some of it: the mappings show {told}"))))
    }

    /// It may have taken effect. There, it is done; surely not there, it is sent once more; else it stays unknown.
    async fn in_doubt(&mut self, step: &Step, followed: bool, attempts: u32, why: &str, onward: &Onward) -> Progress {
        let mut history = History { doubt: Some(why.to_owned()), ..self.history(attempts) };
        let judged = self.judge_lost(step, why, &mut history, Waited::Already).await;
        if matches!((&judged, onward), (Attempt::Again, Onward::Look | Onward::Overtaken(_)))
            && let Some(end) = self.in_part(step).await
        {
            return Progress::ended(end.after(attempts));
        }
        let end = match (judged, onward) {
            (Attempt::Over(progress), _) => return progress,
            (Attempt::Again, Onward::Send) => {
                history.without_effect = attempts;
                return self.perform(step, followed, history).await;
            }
            (Attempt::Again, Onward::Look) => {
                StepEnd::new(Outcome::Failed, format!("{why}; the change does not show, and it was not sent again"))
            }
            // The settle time is over, so nothing of it can land any more: who plans anew goes by whose it is then.
            (Attempt::Again, Onward::Overtaken(by))
                if matches!(
                    step.change,
                    Change::HandOver { .. }
                        | Change::Revoke { .. }
                        | Change::Retire { .. }
                        | Change::CreateKey { .. }
                        | Change::Tag(_)
                        | Change::Group(_)
                ) =>
            {
                StepEnd::new(Outcome::Failed, format!("{}; it was not sent again", overtaken(step, why, by)))
            }
            (Attempt::Again, Onward::Overtaken(by)) => StepEnd::unknown(overtaken(step, why, by), attempts),
        };
        Progress::ended(end.after(attempts))
    }

    /// It was acknowledged, and the closing look of its run did not show it: now nothing can land late any more.
    async fn was_not_seen(&mut self, step: &Step, attempts: u32, onward: &Onward) -> Progress {
        let found = self.look_after(step, attempts, Waited::Already).await;
        if matches!(found, Found::Absent)
            && let Some(end) = self.in_part(step).await
        {
            return Progress::ended(end.after(attempts));
        }
        let end = match (found, onward) {
            (Found::There, _) => return Progress::sent(attempts, None),
            (Found::Absent, Onward::Overtaken(by)) => {
                StepEnd::new(Outcome::Unverified, overtaken(step, "it was acknowledged and not seen", by))
            }
            // Not `failed`: it may have taken effect, and another hand have undone it since.
            (Found::Absent, Onward::Send | Onward::Look) => StepEnd::new(
                Outcome::Unverified,
                "it was acknowledged, and after the settle time the change still does not show: it did not take, or another hand \
                 undid it",
            ),
            (Found::Unclear(why), _) => {
                StepEnd::new(Outcome::Unverified, format!("it was acknowledged, but could not be read back: {why}"))
            }
        };
        Progress::ended(end.after(attempts))
    }

    /// Looks whether an assignment that is not there as a whole took in part: that is an effect, and can be undone.
    async fn in_part(&mut self, step: &Step) -> Option<StepEnd> {
        let Change::Tag(TagChange::Assign { resources, assign, .. }) = &step.change else { return None };
        let looking = tag_seen::missing(&self.client, step, self.things.tags.meant(&step.id));
        let missing = self.deck.stop.unless_now(looking).await?.ok()?;
        if missing.is_empty() || missing.len() == resources.len() {
            return None;
        }
        let told = format!("it took in part: the mappings show {}", tag_seen::told(resources, &missing, *assign));
        let written = self.note_look(step, Effect::There, told.clone()).await;
        written.then(|| StepEnd::new(Outcome::Unverified, told))
    }

    /// It was refused: a failure, unless what it asks for is there.
    async fn was_refused(&mut self, step: &Step, followed: bool, attempts: u32, said: &str) -> Progress {
        let deck = self.deck;
        let seen = match step.change {
            Change::Remove { .. } => match deck.stop.unless_now(self.gone(step)).await {
                Some(Ok(Footing::AsAsked(seen))) => Some(seen),
                _ => None,
            },
            Change::Invite { .. } => deck.stop.unless_now(self.there_already(step)).await.flatten(),
            Change::HandOver { .. } | Change::Revoke { .. } | Change::Retire { .. } => {
                let end = self.after_refusal(step, attempts).await;
                return Progress::ended(end.unwrap_or_else(|| StepEnd::new(Outcome::Failed, said).after(attempts)));
            }
            Change::Tag(TagChange::Assign { .. }) => {
                let end = match self.narrow(step, attempts, said).await {
                    Narrowed::Again => return self.perform(step, followed, self.history(attempts)).await,
                    Narrowed::Ended(end) => end,
                    Narrowed::AsItWas(beside) => StepEnd::new(Outcome::Failed, beside.as_deref().unwrap_or(said)),
                };
                return Progress::ended(end.after(attempts));
            }
            Change::Tag(_) => {
                let end = self.after_tag_refusal(step, attempts, said).await;
                return Progress::ended(end.unwrap_or_else(|| StepEnd::new(Outcome::Failed, said).after(attempts)));
            }
            Change::Group(ref change) => {
                let end = self.link_refused(step, change, said, attempts).await;
                // Which refusal it was is not known any more: only what is there says something.
                let end = end.filter(|end| end.outcome == Outcome::Already);
                return Progress::ended(end.unwrap_or_else(|| StepEnd::new(Outcome::Failed, said).after(attempts)));
            }
            Change::SetRole { .. } | Change::CreateKey { .. } | Change::Transfer { .. } | Change::StayAbsent { .. } => {
                None
            }
        };
        let end = seen.map_or_else(|| StepEnd::new(Outcome::Failed, said), StepEnd::already);
        Progress::ended(end.after(attempts))
    }
}

/// Why nothing can be told any more of a step whose effect is not there.
fn overtaken(step: &Step, why: &str, by: &RunId) -> String {
    let same = match step.change.subject() {
        Subject::Person(_) => "person",
        Subject::Key(_) => "key",
        Subject::Tag(_) => "tag",
        Subject::Sub(_) => "workspace",
    };
    format!(
        "{why}; the change does not show, but run {by} had to do with the same {same} here since and may have undone it"
    )
}
