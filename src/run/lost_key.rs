//! A key whose answer was lost, and with it its secret: found by its name's nonce, and deleted.

use super::answer::Attempt;
use super::end::StepEnd;
use super::hand::Hand;
use super::key_past::Made;
use super::settle::{self, Waited};
use super::step::{History, Progress};
use super::whose;
use crate::domain::{Change, KeyInfo, Outcome, Step};
use crate::journal::Effect;

/// Attempts to make a key whose answers are lost: sent once more and never again.
const ATTEMPTS_MAKING: u32 = 2;

impl Hand<'_> {
    /// The answer was lost, and with it the secret: what is found by the nonce of any attempt is deleted, and then, or where nothing is
    /// found, it may be sent once more.
    pub(super) async fn lost_key(&mut self, step: &Step, lost: &str, history: &mut History, waited: Waited) -> Attempt {
        let attempts = history.attempts;
        let unknown = |why: String| Attempt::Over(Progress::ended(StepEnd::unknown(why, attempts)));
        let orphans = match self.orphans(step, attempts, waited).await {
            Ok(orphans) => orphans,
            Err(why) => return unknown(format!("{lost}; looking did not settle it: {why}")),
        };
        history.not_taken += 1;
        let most = history.not_taken >= ATTEMPTS_MAKING;
        if orphans.is_empty() {
            let doubt = format!("{lost}, and the key did not show afterwards");
            if most {
                return unknown(doubt);
            }
            history.doubt = Some(doubt);
            return Attempt::Again;
        }
        for KeyInfo { id, name, .. } in orphans {
            // Nobody ever had its secret, so no reference leads to it.
            if let Err(left) = self.discard(step, &id, None, &name).await {
                return unknown(format!("{lost}; the key was made, its secret is lost, and it is still there: {left}"));
            }
        }
        if most {
            let why = format!("{lost}; its secret was lost, and the key was deleted again");
            return Attempt::Over(Progress::ended(StepEnd::new(Outcome::Failed, why).after(attempts)));
        }
        Attempt::Again
    }

    /// Looks for keys that bear the nonce of any attempt of a step. A creation may land late: it is judged only after the settle time, and
    /// absent only when two complete lists say so.
    pub(super) async fn orphans(&self, step: &Step, attempts: u32, waited: Waited) -> Result<Vec<KeyInfo>, String> {
        let looked = self.deck.stop.unless_now(self.look_for_orphans(step, attempts, waited)).await;
        let looked = looked.unwrap_or_else(|| Err(settle::Cut::Stopped.to_string()));
        let (effect, found) = match &looked {
            Ok(orphans) if orphans.is_empty() => (Effect::Absent, format!("no key of {attempts} attempts is there")),
            Ok(orphans) => {
                let ids: Vec<&str> = orphans.iter().map(|key| key.id.as_str()).collect();
                (Effect::There, format!("made, and its secret is lost: {}", ids.join(" ")))
            }
            Err(why) => (Effect::Unclear, why.clone()),
        };
        if self.note_look(step, effect, found).await {
            looked
        } else {
            Err("the ledger could not be written".to_owned())
        }
    }

    /// Returns the names of the keys that the other attempts of a step may have made, where one was kept.
    pub(super) fn names_beside(&self, step: &Step, attempts: u32) -> Vec<String> {
        let (Change::CreateKey { name, .. }, Some(made)) = (&step.change, self.made.get(&step.id)) else {
            return Vec::new();
        };
        let names = (1..=attempts).map(|attempt| self.name_of(step, name, attempt));
        names.filter(|name| *name != made.name).collect()
    }

    /// Deletes keys that other attempts of a step made after all; the error says which are left, and why.
    pub(super) async fn discard_late(&self, step: &Step, made: &Made, attempts: u32) -> Result<(), String> {
        let names = self.names_beside(step, attempts);
        if names.is_empty() {
            return Ok(());
        }
        let keys = whose::keys(&self.client, &step.workspace_id).await.map_err(whose::Unread::why)?;
        let late = |key: &&KeyInfo| key.id != made.key && names.contains(&key.name) && key.in_use != Some(true);
        for KeyInfo { id, name, .. } in keys.iter().filter(late) {
            self.discard(step, id, None, name).await.map_err(|left| format!("{id}: {left}"))?;
        }
        Ok(())
    }

    async fn look_for_orphans(&self, step: &Step, attempts: u32, waited: Waited) -> Result<Vec<KeyInfo>, String> {
        let Change::CreateKey { name, .. } = &step.change else { unreachable!("it makes a key") };
        let names: Vec<String> = (1..=attempts).map(|attempt| self.name_of(step, name, attempt)).collect();
        for look in 0..2 {
            if look > 0 || waited == Waited::NotYet {
                settle::wait(self.deck, self.deck.settle).await.map_err(|cut| cut.to_string())?;
            }
            let keys = whose::keys(&self.client, &step.workspace_id).await.map_err(whose::Unread::why)?;
            let ours: Vec<KeyInfo> = keys.into_iter().filter(|key| names.contains(&key.name)).collect();
            if ours.iter().any(|key| key.in_use == Some(true)) {
                return Err("the key in use bears the name of an attempt".to_owned());
            }
            if !ours.is_empty() {
                return Ok(ours);
            }
        }
        Ok(Vec::new())
    }
}
