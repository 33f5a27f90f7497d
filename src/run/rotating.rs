//! A new key takes the configured one's place: proven, stored, switched to, and proven from where it is stored.
//!
//! The states stand in `making`.

use super::closing::same_scopes;
use super::hand::Hand;
use super::keeper::{NotKept, Secret};
use super::key_past::Made;
use super::making::Kept;
use super::settle;
use crate::api::Client;
use crate::domain::{ApiKey, Step};
use crate::journal::KeyDid;

/// What a configured reference leads to.
pub(super) enum Leads {
    /// The new key, as it was read.
    New(ApiKey),
    /// The key that is to be replaced.
    Old,
    /// Neither, or it cannot be read; why.
    Elsewhere(String),
}

impl Hand<'_> {
    /// Lets a key that was just made take the place of the configured one.
    pub(super) async fn rotated(
        &mut self,
        step: &Step,
        (made, secret): (&Made, &Secret),
        (scopes, asked): (&[String], &[String]),
        replaced: &str,
    ) -> Kept {
        if !same_scopes(scopes, asked) {
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
        let mut sure = true;
        match self.deck.keeper.store(secret).await {
            Ok(()) => {}
            Err(NotKept { surely: true, why }) => {
                return Kept::No(format!("it could not be stored: {why}"), Vec::new());
            }
            Err(NotKept { surely: false, why }) => match self.settled_reference(made, replaced).await {
                Leads::New(_) => sure = false,
                Leads::Old => return Kept::No(format!("it could not be stored: {why}"), Vec::new()),
                Leads::Elsewhere(read) => return Kept::Unclear(unclear(&why, &read)),
            },
        }
        let place = secret.keep.to_string();
        if !self.note_key(step, KeyDid::Stored, made, &place).await {
            return Kept::Unclear("the ledger could not be written".to_owned());
        }
        if sure && let Err(NotKept { surely, why }) = self.deck.keeper.switch(secret).await {
            if surely {
                return Kept::No(format!("the reference could not be switched to it: {why}"), Vec::new());
            }
            match self.settled_reference(made, replaced).await {
                Leads::New(_) => {}
                Leads::Old => return Kept::No(format!("the reference could not be switched to it: {why}"), Vec::new()),
                Leads::Elsewhere(read) => return Kept::Unclear(unclear(&why, &read)),
            }
        }
        if !self.note_key(step, KeyDid::Switched, made, &place).await {
            return Kept::Unclear("the ledger could not be written".to_owned());
        }
        self.prove_stored(step, made, replaced, &place).await
    }

    /// Reads the configured reference anew: only what stands there counts. From here on the lane speaks with it.
    pub(super) async fn prove_stored(&mut self, step: &Step, made: &Made, replaced: &str, place: &str) -> Kept {
        let key = match self.settled_reference(made, replaced).await {
            Leads::New(key) => key,
            Leads::Old => {
                let why = "it was said to be stored, and the configured reference still leads to the old key";
                let advice = "see what the `store` command of the workspace does with its standard input";
                return Kept::No(why.to_owned(), vec![advice.to_owned()]);
            }
            Leads::Elsewhere(why) => return Kept::Unclear(why),
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

    /// Asks a key which workspace it opens.
    async fn proves(&self, client: &Client) -> Result<(), String> {
        match client.current().await {
            Ok(identity) if identity.id == self.observed.id => Ok(()),
            Ok(identity) => Err(format!("it opens {} instead of the pinned workspace", identity.id)),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Reads what the configured reference leads to; where it still leads to the old key, once more after the settle time: a store command
    /// may still be at work.
    async fn settled_reference(&self, made: &Made, replaced: &str) -> Leads {
        match self.leads(made, replaced).await {
            Leads::Old => match settle::wait(self.deck, self.deck.settle).await {
                Ok(()) => self.leads(made, replaced).await,
                Err(cut) => Leads::Elsewhere(cut.to_string()),
            },
            leads => leads,
        }
    }

    /// Reads what the configured reference leads to.
    pub(super) async fn leads(&self, made: &Made, replaced: &str) -> Leads {
        match self.deck.keeper.configured(&self.observed.workspace).await {
            Err(why) => Leads::Elsewhere(format!("what the configured reference leads to cannot be read: {why}")),
            Ok(key) => match key.fingerprint() {
                shown if shown == made.fingerprint => Leads::New(key),
                shown if shown == replaced => Leads::Old,
                shown => Leads::Elsewhere(format!(
                    "the configured reference leads to {shown}: neither the old key {replaced} nor the new one {}",
                    made.fingerprint
                )),
            },
        }
    }
}

fn unclear(why: &str, read: &str) -> String {
    format!("{why}; {read}; both keys stay")
}
