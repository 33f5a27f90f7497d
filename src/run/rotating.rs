//! A new key takes the configured one's place: proven, stored, switched to, and proven from where it is stored.
//!
//! The states stand in `making`. Whatever a store says, the reference is read afterwards: a store may say yes and have emptied the place.

use std::time::Duration;

use super::end::StepEnd;
use super::hand::Hand;
use super::keeper::{NotKept, Secret};
use super::key_past::Made;
use super::making::Kept;
use super::settle;
use crate::api::{Client, Error, Refusal};
use crate::domain::held::HeldClass;
use crate::domain::{ApiKey, Change, Held, HeldReason, Keep, Outcome, Step};
use crate::journal::{KeyDid, Record};
use crate::plan::keys::same_power;

/// What a configured reference leads to.
pub(super) enum Leads {
    /// The new key, as it was read.
    New(ApiKey),
    /// The key that is to be replaced.
    Old,
    /// Another key, as it was read.
    Third(ApiKey),
    /// It cannot be read; why.
    Unread(String),
}

impl Leads {
    /// Says what it leads to.
    pub(super) fn told(&self, made: &Made, replaced: &str) -> String {
        let new = &made.fingerprint;
        match self {
            Self::New(_) => format!("the configured reference leads to the new key {new}"),
            Self::Old => format!("the configured reference leads to the old key {replaced}"),
            Self::Third(key) => format!(
                "the configured reference leads to {}: neither the old key {replaced} nor the new one {new}",
                key.fingerprint()
            ),
            Self::Unread(why) => format!("what the configured reference leads to cannot be read: {why}"),
        }
    }
}

/// How often a switch is asked for again of which nobody knows whether it will last.
const SWITCHES: u32 = 3;

impl Hand<'_> {
    /// Lets a key that was just made take the place of the configured one.
    pub(super) async fn rotated(
        &mut self,
        step: &Step,
        (made, secret): (&Made, &Secret),
        (scopes, asked): (&[String], &[String]),
        replaced: &str,
    ) -> Kept {
        if !same_power(scopes, asked) {
            let why = format!("the API made the key with other scopes than asked: {}", scopes.join(" "));
            return Kept::No(why, vec!["rotate with --scope or --preset, naming scopes that it grants".to_owned()]);
        }
        let new = self.client.with_key(secret.key.clone());
        if let Err(why) = self.proves(&new).await {
            return Kept::No(format!("the new key did not prove to work: {why}"), Vec::new());
        }
        if !self.note_key(step, KeyDid::Proven, made, "it opened the pinned workspace").await {
            return Kept::Unclear("the ledger could not be written".to_owned());
        }
        match self.deck.keeper.store(secret).await {
            Ok(()) => {}
            Err(NotKept { surely: true, why }) => {
                return Kept::No(format!("it could not be stored: {why}"), Vec::new());
            }
            Err(NotKept { surely: false, why }) => match self.settled_reference(made, replaced).await {
                Ok(Leads::New(_)) => {}
                Ok(Leads::Old) => return Kept::No(format!("it could not be stored: {why}"), Vec::new()),
                Ok(leads) => return self.astray(step, (made, replaced), &leads, &why).await,
                Err(cut) => return Kept::Unclear(format!("{why}; {cut}; both keys stay")),
            },
        }
        let place = secret.keep.to_string();
        if !self.note_key(step, KeyDid::Stored, made, &place).await {
            return Kept::Unclear("the ledger could not be written".to_owned());
        }
        if let Err(NotKept { surely, why }) = self.deck.keeper.switch(secret).await {
            if surely {
                return Kept::No(format!("the reference could not be switched to it: {why}"), Vec::new());
            }
            match self.settled_reference(made, replaced).await {
                Ok(Leads::New(_)) => {
                    if let Err(why) = self.switch_surely(secret).await {
                        return Kept::Unclear(why);
                    }
                }
                Ok(Leads::Old) => {
                    return Kept::No(format!("the reference could not be switched to it: {why}"), Vec::new());
                }
                Ok(leads) => return self.astray(step, (made, replaced), &leads, &why).await,
                Err(cut) => return Kept::Unclear(format!("{why}; {cut}; both keys stay")),
            }
        }
        if !self.note_key(step, KeyDid::Switched, made, &place).await {
            return Kept::Unclear("the ledger could not be written".to_owned());
        }
        self.prove_stored(step, made, replaced, &place).await
    }

    /// Asks for a switch that the reference shows already, until it is sure that it lasts: what is not synced is gone with the power.
    pub(super) async fn switch_surely(&self, secret: &Secret) -> Result<(), String> {
        let mut left = String::new();
        for again in 0..SWITCHES {
            if again > 0
                && let Err(cut) = settle::wait(self.deck, Duration::from_secs(1 << again)).await
            {
                left = format!("{left}; {cut}");
                break;
            }
            match self.deck.keeper.switch(secret).await {
                Ok(()) => return Ok(()),
                Err(NotKept { why, .. }) => left = why,
            }
        }
        Err(format!(
            "the configured reference leads to the new key, but it is not sure that this lasts: {left}; both keys stay: mend the place, \
             then `keyholder resume`"
        ))
    }

    /// Reads the configured reference anew: only what stands there counts. From here on the lane speaks with it.
    pub(super) async fn prove_stored(&mut self, step: &Step, made: &Made, replaced: &str, place: &str) -> Kept {
        let key = match self.settled_reference(made, replaced).await {
            Ok(Leads::New(key)) => key,
            // What is read may be a copy that lags behind: to delete the new key now could be to delete the stored one.
            Ok(Leads::Old) => {
                return Kept::Unclear(
                    "it was said to be stored, and the configured reference still leads to the old key; both keys stay: see what the \
                     `store` command does with its standard input and what the key command reads (a copy that lags behind?), then \
                     `keyholder resume`"
                        .to_owned(),
                );
            }
            Ok(leads) => {
                return self.astray(step, (made, replaced), &leads, "it was said to be stored").await;
            }
            Err(cut) => return Kept::Unclear(format!("{cut}; both keys stay")),
        };
        if let Err(why) = self.proves(&self.client.with_key(key.clone())).await {
            return Kept::Unclear(format!("the stored key did not prove to work: {why}; the old key stays"));
        }
        if !self.note_key(step, KeyDid::ProvenStored, made, place).await {
            return Kept::Unclear("the ledger could not be written".to_owned());
        }
        self.speak_with(key, made.key.clone());
        Kept::Yes
    }

    /// The reference leads to neither key, or nowhere: the old key is put back where that takes nothing from anybody, and the new one may
    /// go. Else both stay.
    async fn astray(&self, step: &Step, (made, replaced): (&Made, &str), leads: &Leads, why: &str) -> Kept {
        let Change::CreateKey { keep, .. } = &step.change else { unreachable!("it makes a key") };
        let why = format!("{why}; {}", leads.told(made, replaced));
        let put_back = match leads {
            Leads::Third(key) => match self.is_dead(key).await {
                Ok(()) => self.put_back(step, keep, replaced).await,
                Err(alive) => Err(alive),
            },
            _ => self.put_back(step, keep, replaced).await,
        };
        match put_back {
            Ok(()) => Kept::No(
                format!("{why}; the old key was put back there, and works"),
                vec!["see what the `store` command of the workspace does with its standard input".to_owned()],
            ),
            Err(left) => Kept::Unclear(format!(
                "{why}; the old key was not put back: {left}; both keys work and neither is known to be stored: the old one {replaced} \
                 and the new one {} (id {}); {WAYS_OUT}",
                made.fingerprint, made.key
            )),
        }
    }

    /// Requires that a key surely opens nothing: a working one was put there by another hand, and is not to be overwritten.
    async fn is_dead(&self, key: &ApiKey) -> Result<(), String> {
        match self.client.with_key(key.clone()).current().await {
            Err(Error::Refused { refusal: Refusal::Key, .. }) => Ok(()),
            Err(error) => Err(format!("whether {} works is not known: {error}", key.fingerprint())),
            Ok(identity) => Err(format!("another hand put {} there, which opens {}", key.fingerprint(), identity.id)),
        }
    }

    /// Puts the old key back where the configured reference leads, reads it from there and proves it. Only while the lane still speaks with
    /// it is its secret known.
    pub(super) async fn put_back(&self, step: &Step, keep: &Keep, replaced: &str) -> Result<(), String> {
        let old = self.client.speaks_with();
        if old.fingerprint() != replaced {
            return Err("keyholder does not speak with it here".to_owned());
        }
        let secret = Secret {
            workspace: self.observed.workspace.clone(),
            name: "the replaced key".to_owned(),
            keep: keep.clone(),
            key: old.clone(),
        };
        self.deck.keeper.store(&secret).await.map_err(|not| not.why)?;
        self.deck.keeper.switch(&secret).await.map_err(|not| not.why)?;
        let read = self.deck.keeper.configured(&secret.workspace).await?;
        if !read.same_secret(old) {
            return Err(format!("the configured reference leads to {} afterwards", read.fingerprint()));
        }
        self.proves(&self.client.with_key(read)).await?;
        // It is no key that was made: the entry names no id, and says nothing of the one that was.
        let record = Record::Key {
            step: step.id.clone(),
            did: KeyDid::ProvenStored,
            key: None,
            fingerprint: Some(replaced.to_owned()),
            detail: format!("the old key was put back, {keep}"),
        };
        self.logbook.write(record).await.map(drop).map_err(|_unwritten| "the ledger could not be written".to_owned())
    }

    /// Asks a key which workspace it opens.
    async fn proves(&self, client: &Client) -> Result<(), String> {
        match client.current().await {
            Ok(identity) if identity.id == self.observed.id => Ok(()),
            Ok(identity) => Err(format!("it opens {} instead of the pinned workspace", identity.id)),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Reads what the configured reference leads to; where it does not lead to the new key, once more after the settle time: a store command
    /// may still be at work. The error says why it was not waited for that long, where it leads to the old one; what leads astray cannot wait.
    pub(super) async fn settled_reference(&self, made: &Made, replaced: &str) -> Result<Leads, String> {
        let leads = self.leads(made, replaced).await;
        if matches!(leads, Leads::New(_)) {
            return Ok(leads);
        }
        match settle::wait(self.deck, self.deck.settle).await {
            Ok(()) => Ok(self.leads(made, replaced).await),
            Err(cut) if matches!(leads, Leads::Old) => Err(cut.to_string()),
            Err(_cut) => Ok(leads),
        }
    }

    /// Reads what the configured reference leads to.
    pub(super) async fn leads(&self, made: &Made, replaced: &str) -> Leads {
        match self.deck.keeper.configured(&self.observed.workspace).await {
            Err(why) => Leads::Unread(why),
            Ok(key) => match key.fingerprint() {
                shown if shown == made.fingerprint => Leads::New(key),
                shown if shown == replaced => Leads::Old,
                _third => Leads::Third(key),
            },
        }
    }
}

/// What a person can do about a reference that leads to neither key.
pub(super) const WAYS_OUT: &str = "put a working key of this workspace where the configured reference leads (one of the two, where you have \
                                   it, or another one that you make in the app), then `keyholder resume`";

/// Says of a step that retires a key and is over how the key may go all the same: to plan the rotation again would replace the new key, and
/// leave the old one for ever. Where the rotation itself did not end well, the old key is to stay.
pub(super) fn told_of_retiring(step: &Step, end: StepEnd) -> StepEnd {
    let Change::Retire { key: Some(key), .. } = &step.change else { return end };
    let way = format!(
        "the old key stays; once nothing uses it any more: `keyholder keys revoke -w {} --id {key}` (another rotation would replace the new \
         key)",
        step.workspace
    );
    match (end.outcome, end.held) {
        (Outcome::Held, Some(held)) if is_over(&held) => {
            let held = Held { detail: format!("{}; {way}", held.detail), remedy: way, ..held };
            StepEnd { reason: Some(held.detail.clone()), held: Some(held), ..end }
        }
        (Outcome::Failed, held) => {
            let reason = end.reason.map_or_else(|| way.clone(), |why| format!("{why}; {way}"));
            let advice = end.advice.into_iter().filter(|advice| !advice.contains("plan again")).collect();
            StepEnd { reason: Some(reason), advice, held, ..end }
        }
        (_, held) => StepEnd { held, ..end },
    }
}

/// Tells whether a retirement that is held for this is never taken up again, although its rotation ended well.
fn is_over(held: &Held) -> bool {
    held.reason != HeldReason::After && matches!(held.reason.class(), HeldClass::Guard | HeldClass::Moved)
}
