//! Taking up the making of a key: what an earlier life of the run wrote down of it, and what the configured reference leads to now, decide
//! (the table stands in `making`).

use super::answer::Attempt;
use super::end::StepEnd;
use super::hand::Hand;
use super::keeper::Secret;
use super::key_past::{Made, Making};
use super::making::{Kept, is_stored_for_good};
use super::rotating::{Leads, WAYS_OUT};
use super::settle::{self, Cut, Waited};
use super::step::{History, Progress};
use super::whose;
use super::work::{Onward, Past, Standing, Task};
use crate::domain::{ApiKey, Change, Keep, Outcome, Step};
use crate::journal::{Effect, KeyDid};

/// What is said of a key whose secret is lost in a run that only settles.
const NOT_DELETED: &str = "its secret is lost; `keyholder resume` without --settle-only deletes it";

/// What is said of a key that is surely not the stored one in a run that only settles.
const NOT_STORED: &str = "`keyholder resume` without --settle-only deletes it";

impl Hand<'_> {
    /// Takes up a step of which a key may have come.
    pub(super) async fn remake(&mut self, task: &Task, making: &Making, followed: bool) -> Progress {
        let Task { step, past } = task;
        let Change::CreateKey { keep, replaces, .. } = &step.change else { unreachable!("it makes a key") };
        let Some(made) = &making.made else { return self.look_for_it(task, followed).await };
        let Some(replaced) = replaces else {
            if is_stored_for_good(keep, making.did) {
                return self.go_on(step, made, past).await;
            }
            // A kill may have come between the file and the word of it.
            if self.deck.keeper.holds(&self.observed.workspace, keep, &made.fingerprint).await {
                if !self.note_key(step, KeyDid::Stored, made, &keep.to_string()).await {
                    return self.undecided(step, "the ledger could not be written".to_owned(), past).await;
                }
                return self.go_on(step, made, past).await;
            }
            return self.let_go(task, made, followed).await;
        };
        if is_stored_for_good(keep, making.did) {
            return match self.settled_reference(made, replaced).await {
                Ok(Leads::New(_)) => self.go_on(step, made, past).await,
                Ok(leads) => self.replaced_since(step, (made, replaced), &leads, past).await,
                Err(cut) => self.undecided(step, cut, past).await,
            };
        }
        if let Err(cut) = self.no_store_lingers().await {
            return self.undecided(step, cut.to_string(), past).await;
        }
        match self.leads(made, replaced).await {
            Leads::Old => self.let_go(task, made, followed).await,
            Leads::New(key) => match self.taken_over(step, (made, replaced), key).await {
                Kept::Yes => self.go_on(step, made, past).await,
                Kept::No(why, _) | Kept::Unclear(why) => self.undecided(step, why, past).await,
            },
            leads => self.led_astray(task, (made, replaced), leads).await,
        }
    }

    /// Waits until a store that the killed life began can have come to its end: what it stores after a look would take the place of a key that
    /// was stored since. The settle time is over already.
    async fn no_store_lingers(&self) -> Result<(), Cut> {
        let longer = self.deck.keeper.lingers(&self.observed.workspace).saturating_sub(self.deck.settle);
        if longer.is_zero() { Ok(()) } else { settle::wait(self.deck, longer).await }
    }

    /// The reference leads to the new key: that is made to last, for the kill may have come before it did, and then it is proven.
    async fn taken_over(&mut self, step: &Step, (made, replaced): (&Made, &str), key: ApiKey) -> Kept {
        let Change::CreateKey { keep, .. } = &step.change else { unreachable!("it makes a key") };
        let secret =
            Secret { workspace: self.observed.workspace.clone(), name: made.name.clone(), keep: keep.clone(), key };
        match self.switch_surely(&secret).await {
            Ok(()) => self.prove_stored(step, made, replaced, &keep.to_string()).await,
            Err(why) => Kept::Unclear(why),
        }
    }

    /// It was stored and proven in an earlier life, and the reference does not lead to it any more.
    async fn replaced_since(
        &self,
        step: &Step,
        (made, replaced): (&Made, &str),
        leads: &Leads,
        past: &Past,
    ) -> Progress {
        let told = leads.told(made, replaced);
        let (effect, then) = match leads {
            Leads::Unread(_) => (Effect::Unclear, WAYS_OUT.to_owned()),
            _ => (
                Effect::There,
                format!(
                    "another hand put that there. The new key \"{}\" stays; if nothing uses it: `keyholder keys revoke -w {} --id {}`",
                    made.name, step.workspace, made.key
                ),
            ),
        };
        self.note_look(step, effect, told.clone()).await;
        let why = format!("it was made, stored and proven, and now {told}; {then}");
        Progress::ended(StepEnd::new(Outcome::Unverified, why).after(past.attempts))
    }

    /// The reference leads to neither key, or cannot be read. Where the new key is gone, or the reference was seen to lead to the working key
    /// that the lane itself speaks with, the new one is surely not the stored one: then this is over. Else both stay.
    async fn led_astray(&self, task: &Task, (made, replaced): (&Made, &str), leads: Leads) -> Progress {
        let Task { step, past } = task;
        let told = leads.told(made, replaced);
        let failed = |what: String| {
            let why = format!("{told}; {what}; the old key {replaced} was not touched");
            let advice = vec![format!("see which keys are there: `keyholder keys -w {}`", step.workspace)];
            Progress::ended(StepEnd { advice, ..StepEnd::new(Outcome::Failed, why).after(past.attempts) })
        };
        match self.is_gone(step, made).await {
            Err(why) => return self.undecided(step, format!("{told}; {why}; both keys stay"), past).await,
            Ok(true) if self.note_key(step, KeyDid::Discarded, made, &made.name).await => {
                return failed(format!("the new key {} is not there any more: another hand deleted it", made.key));
            }
            Ok(true) => return self.undecided(step, "the ledger could not be written".to_owned(), past).await,
            Ok(false) => {}
        }
        let its = matches!(&leads, Leads::Third(key) if key.same_secret(self.client.speaks_with()));
        if !its || past.onward == Onward::Look {
            let way = if its { NOT_STORED } else { WAYS_OUT };
            let why = format!("{told}; the new key {} stays, and so does the old one; {way}", made.key);
            return self.undecided(step, why, past).await;
        }
        match self.discard(step, &made.key, Some(&made.fingerprint), &made.name).await {
            Ok(said) => {
                let said = said.map_or_else(String::new, |said| format!(", {said}"));
                failed(format!("that one works, so the new key {} was deleted again{said}", made.key))
            }
            Err(left) => {
                self.undecided(step, format!("{told}; the new key {} is still there: {left}", made.key), past).await
            }
        }
    }

    /// Tells whether a made key is gone: two complete lists must say so.
    async fn is_gone(&self, step: &Step, made: &Made) -> Result<bool, String> {
        for look in 0..2 {
            if look > 0 {
                settle::wait(self.deck, self.deck.settle).await.map_err(|cut| cut.to_string())?;
            }
            let keys = whose::keys(&self.client, &step.workspace_id).await.map_err(whose::Unread::why)?;
            if keys.iter().any(|key| key.id == made.key) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// It stays unknown: what was looked at did not decide it.
    async fn undecided(&self, step: &Step, why: String, past: &Past) -> Progress {
        self.note_look(step, Effect::Unclear, why.clone()).await;
        Progress::ended(StepEnd::unknown(why, past.attempts))
    }

    /// It was kept: the closing look is missing. One that was not seen by that of its run is looked for, and that decides.
    async fn go_on(&mut self, step: &Step, made: &Made, past: &Past) -> Progress {
        self.kept_it(step, made.clone());
        if past.onward != Onward::Look {
            // Of what is still there after this, the closing look tells.
            let _left = self.discard_late(step, made, past.attempts).await;
        }
        if self.client.speaks_with().fingerprint() == made.fingerprint {
            self.key_id = Some(made.key.clone());
        }
        if past.standing == Standing::Unverified {
            let keys = whose::keys(&self.client, &step.workspace_id).await;
            let end = match keys {
                Ok(keys) if keys.iter().any(|key| key.id == made.key) => None,
                Ok(_) => {
                    self.note_look(step, Effect::Absent, "the key list does not show the key".to_owned()).await;
                    Some("it was made and kept, and after the settle time the key list does not show it: another hand deleted it".to_owned())
                }
                Err(unread) => {
                    let why = unread.why();
                    self.note_look(step, Effect::Unclear, why.clone()).await;
                    Some(format!("it was made and kept, but could not be read back: {why}"))
                }
            };
            if let Some(why) = end {
                return Progress::ended(StepEnd::new(Outcome::Unverified, why).after(past.attempts));
            }
        }
        self.note_look(step, Effect::There, format!("{} was made and kept", made.key)).await;
        Progress::sent(past.attempts, None)
    }

    /// It was made, and its secret is lost: it is deleted, and may then be made once more.
    async fn let_go(&mut self, task: &Task, made: &Made, followed: bool) -> Progress {
        let Task { step, past } = task;
        if past.onward == Onward::Look {
            return self.undecided(step, format!("the key {} was made; {NOT_DELETED}", made.key), past).await;
        }
        if let Change::CreateKey { keep: Keep::Folder(folder), .. } = &step.change {
            // Whether the file was written is not known: a kill may have come between the file and the word of it.
            let remark = format!(
                "an earlier life of the run may have left a key file in {folder} that opens nothing: of several files of this workspace \
                 the newest is the living one"
            );
            self.remarks.insert(step.id.clone(), remark);
        }
        match self.discard(step, &made.key, Some(&made.fingerprint), &made.name).await {
            Ok(None) => self.once_more(task, followed, "its secret was lost, and it was deleted again").await,
            Ok(Some(said)) => {
                let why = format!("its secret was lost, and it was deleted again, {said}");
                Progress::ended(StepEnd::new(Outcome::Failed, why).after(past.attempts))
            }
            Err(left) => {
                let why = format!("its secret is lost, and the key {} is still there: {left}", made.key);
                self.undecided(step, why, past).await
            }
        }
    }

    /// Nobody knows whether one was made.
    async fn look_for_it(&mut self, task: &Task, followed: bool) -> Progress {
        let Task { step, past } = task;
        let attempts = past.attempts;
        let why = match &past.standing {
            Standing::InDoubt { why } => why.clone(),
            _ => "the run was cut before the key was written down".to_owned(),
        };
        if past.onward == Onward::Look {
            return Progress::ended(match self.orphans(step, attempts, Waited::Already).await {
                Ok(orphans) if orphans.is_empty() => {
                    StepEnd::new(Outcome::Failed, format!("{why}; no key of it is there, and it was not sent again"))
                        .after(attempts)
                }
                Ok(_) => StepEnd::unknown(format!("{why}; the key was made, and {NOT_DELETED}"), attempts),
                Err(left) => StepEnd::unknown(format!("{why}; looking did not settle it: {left}"), attempts),
            });
        }
        let mut history = History { doubt: Some(why.clone()), ..self.history(attempts) };
        match self.lost_key(step, &why, &mut history, Waited::Already).await {
            Attempt::Over(progress) => progress,
            Attempt::Again => self.once_more(task, followed, "no key of an earlier attempt is left").await,
        }
    }

    /// Nothing is left of it: it is made anew, unless a later run stands above this one.
    async fn once_more(&mut self, task: &Task, followed: bool, left: &str) -> Progress {
        let Task { step, past: Past { attempts, onward, .. } } = task;
        if let Onward::Overtaken(by) = onward {
            let why = format!("{left}; run {by} had to do with it here since, so it was not sent again");
            return Progress::ended(StepEnd::new(Outcome::Failed, why).after(*attempts));
        }
        let history = History { without_effect: *attempts, ..self.history(*attempts) };
        self.perform(step, followed, history).await
    }
}
