//! Making a key: sending once, and keeping what was made.
//!
//! **The states of a step that makes a key.** What is on disk, what is so then, and what follows; a run that is killed anywhere is taken up
//! from the row it stands in. In a rotation "stored" is aside, and the configured reference leads to the old key until the switch.
//!
//! | on disk | what is so | what follows | taken up after a kill |
//! | --- | --- | --- | --- |
//! | started n | a key named with nonce n may be there, or come | the answer | settle time, two lists, by every attempt's nonce: there, it is discarded; absent twice, started n+1 |
//! | answered: acknowledged | it is there; its secret is in memory | made | as above: nobody knows its id, and its secret is lost |
//! | made | the same, its id and fingerprint are known | shown or in a folder: stored; rotation: proven | in a folder that holds it whole: stored; else shown or in a folder: discarded; rotation: what the reference leads to decides |
//! | proven | the new key opens the pinned workspace | stored | what the reference leads to decides |
//! | stored | shown or in a folder: all is done. Rotation: aside, or in the store | closing look; rotation: switched | closing look; rotation: what the reference leads to decides |
//! | switched | the reference leads to the new key | proven stored | what the reference leads to decides |
//! | proven stored | the lane speaks with the new key, read anew from where it is stored | closing look, then the old one is retired | the same, where the reference still leads to it; else unverified |
//! | discarding | it is being deleted, with the old key | discarded | deleted again, which is harmless |
//! | discarded | nothing is left of it | failed, or started n+1 | started n+1 |
//!
//! *What the reference leads to decides*: to the new key, it is switched to once more, proven and kept; to the old one, the new one is
//! discarded and another may be made; to a third one that the lane itself speaks with, the new one is discarded and that is the end; to
//! anything else, or where it cannot be read, nothing is deleted and the step stays unknown. So a key is deleted only where it is sure
//! that it is not the one that is stored, and the old one only after the new one was read back from where it is stored and opened the
//! pinned workspace: at every moment a working key is stored.
//!
//! Two things are only so in the life that stores. A store or a switch that said yes and left the reference leading to the old key proves
//! nothing, for what is read may be a copy that lags behind: only a later life discards. And a store that left the reference leading to
//! neither key, or to nothing, has the old one put back, for its secret is still in memory.

use super::answer::Attempt;
use super::end::StepEnd;
use super::footing::Footing;
use super::hand::Hand;
use super::keeper::{NotKept, Secret};
use super::key_past::Made;
use super::step::Progress;
use super::whose;
use crate::api::{Error, MadeKey};
use crate::domain::{Change, Held, HeldReason, Keep, KeyInfo, Outcome, RestsOn, Step};
use crate::journal::{KeyDid, Record};
use crate::plan::keys::{bears, name_of, nonce, same_power};

/// More attempts than any budget of a step allows.
const MOST_ATTEMPTS: u32 = 100;

/// What became of a key that was just made.
pub(super) enum Kept {
    /// It is kept.
    Yes,
    /// It surely is not where it was to go; why, and what to do about it.
    No(String, Vec<String>),
    /// That cannot be told; why.
    Unclear(String),
}

/// A step that stays unknown because the ledger does not take a word more: whoever takes it up finds the key.
pub(super) fn unwritten(attempts: u32) -> Progress {
    Progress::ended(StepEnd::unknown(
        "a key was made, and the ledger could not be written: its secret is lost",
        attempts,
    ))
}

impl Hand<'_> {
    /// Returns the name of the key that one attempt makes.
    pub(super) fn name_of(&self, step: &Step, template: &str, attempt: u32) -> String {
        name_of(template, &nonce(self.logbook.run(), &step.id, attempt))
    }

    /// Tells whether a name is one that an attempt of this step gave, or could give.
    fn is_ours(&self, step: &Step, template: &str, name: &str) -> bool {
        (1..=MOST_ATTEMPTS).any(|attempt| self.name_of(step, template, attempt) == name)
    }

    /// Reads again what the making of a key rests on.
    pub(super) async fn making(&mut self, step: &Step, doubtful: bool) -> Result<Footing, Error> {
        let Change::CreateKey { name, scopes, replaces, .. } = &step.change else { unreachable!("it makes a key") };
        if let Some(replaced) = replaces {
            return Ok(self.speaking(step, replaced).await);
        }
        let keys = match whose::keys(&self.client, &step.workspace_id).await {
            Ok(keys) => keys,
            Err(unread) => return Ok(Footing::Held(unread.held("list of API keys"))),
        };
        let named: Vec<&KeyInfo> = keys.iter().filter(|key| bears(&key.name, name)).collect();
        // A key of an earlier attempt is none that was there: its secret is lost.
        let own = named.iter().any(|key| self.is_ours(step, name, &key.name));
        Ok(match named.first() {
            None => Footing::Firm(RestsOn::NoKey),
            Some(key) if !doubtful && !own && named.len() == 1 && same_power(&key.scopes, scopes) => {
                Footing::AsAsked(format!("a key of that name is there already: {}", key.id))
            }
            Some(_) => Footing::Moved("a key of that name is there now".to_owned()),
        })
    }

    /// Tells whether keyholder speaks with the key that is to be replaced, and the configured reference still leads to it.
    async fn speaking(&self, step: &Step, replaced: &str) -> Footing {
        if self.observed.acts_as {
            return Footing::Moved("the workspace is reached with another one's key".to_owned());
        }
        let own = self.client.speaks_with();
        if own.fingerprint() != replaced {
            return Footing::Moved(format!("keyholder speaks with {} here, not with {replaced}", own.fingerprint()));
        }
        match self.deck.keeper.configured(&self.observed.workspace).await {
            Ok(key) if key.same_secret(own) => Footing::Firm(step.rests_on.clone()),
            Ok(key) => Footing::Moved(format!("the configured reference leads to {} now", key.fingerprint())),
            Err(why) => Footing::Held(unread_reference(&why)),
        }
    }

    /// Tells what stands against revoking a key: the lane must speak with the very key that is stored, for whoever reads the reference next
    /// speaks with that. With another workspace's key, none of this one's is in use.
    pub(super) async fn spoken_key_is_stored(&self) -> Option<Footing> {
        let own = self.client.speaks_with();
        if self.observed.acts_as {
            return None;
        }
        match self.deck.keeper.configured(&self.observed.workspace).await {
            Ok(key) if key.same_secret(own) => None,
            Ok(key) => Some(Footing::Moved(format!(
                "the configured reference leads to {} now, and keyholder speaks with {} here",
                key.fingerprint(),
                own.fingerprint()
            ))),
            Err(why) => Some(Footing::Held(unread_reference(&why))),
        }
    }

    /// Tells what stands against retiring a key: the lane must speak with the key that its rotation made, and the configured reference
    /// must lead to that.
    pub(super) async fn stored_key(&self, step: &Step, replaced: &str) -> Option<Footing> {
        let own = self.client.speaks_with();
        let made = step.after.as_ref().and_then(|step| self.made.get(step));
        if own.fingerprint() == replaced || made.is_none_or(|made| made.fingerprint != own.fingerprint()) {
            return Some(Footing::Moved("keyholder does not speak with the key that takes its place".to_owned()));
        }
        self.spoken_key_is_stored().await
    }

    /// Keeps a key that was just made: written down first, then where it is to go.
    pub(super) async fn keep(&mut self, step: &Step, made: MadeKey, attempts: u32) -> Attempt {
        let Change::CreateKey { keep, .. } = &step.change else { unreachable!("it makes a key") };
        let MadeKey { id, name, scopes, secret } = made;
        let made = Made { key: id, fingerprint: secret.fingerprint(), name: name.clone() };
        if !self.note_key(step, KeyDid::Made, &made, &name).await {
            return Attempt::Over(unwritten(attempts));
        }
        let secret = Secret { workspace: self.observed.workspace.clone(), name, keep: keep.clone(), key: secret };
        let halt = self.deck.stop.clone();
        let kept = halt.unless_now(self.kept(step, &made, &secret, &scopes)).await;
        drop(secret);
        let kept = kept.unwrap_or_else(|| Kept::Unclear("the run was stopped before the key was kept".to_owned()));
        Attempt::Over(Progress::ended(match kept {
            Kept::Yes => {
                self.kept_it(step, made);
                return Attempt::Over(Progress::sent(attempts, None));
            }
            Kept::Unclear(why) => StepEnd::unknown(why, attempts),
            Kept::No(why, advice) => match self.discard(step, &made.key, Some(&made.fingerprint), &made.name).await {
                Ok(said) => {
                    let said = said.map_or_else(String::new, |said| format!(", {said}"));
                    let end = StepEnd::new(Outcome::Failed, format!("{why}; the new key was deleted again{said}"));
                    StepEnd { advice, ..end.after(attempts) }
                }
                Err(left) => StepEnd::unknown(format!("{why}; the new key is still there: {left}"), attempts),
            },
        }))
    }

    /// Takes a made key for kept: what the lane knows of it, and what is to be said of it.
    pub(super) fn kept_it(&mut self, step: &Step, made: Made) {
        let Change::CreateKey { keep, .. } = &step.change else { unreachable!("it makes a key") };
        let said = format!("made \"{}\" (id {}), {keep}", made.name, made.key);
        let remark = match self.remarks.remove(&step.id) {
            Some(remark) => format!("{said}; {remark}"),
            None => said,
        };
        self.remarks.insert(step.id.clone(), remark);
        self.made.insert(step.id.clone(), made);
    }

    async fn kept(&mut self, step: &Step, made: &Made, secret: &Secret, scopes: &[String]) -> Kept {
        let Change::CreateKey { scopes: asked, replaces, .. } = &step.change else { unreachable!("it makes a key") };
        let Some(replaced) = replaces else {
            return match self.deck.keeper.store(secret).await {
                Ok(()) if self.note_key(step, KeyDid::Stored, made, &secret.keep.to_string()).await => Kept::Yes,
                Ok(()) => Kept::Unclear("it was kept, and the ledger could not be written".to_owned()),
                Err(NotKept { why, .. }) => Kept::No(format!("the secret could not be kept: {why}"), Vec::new()),
            };
        };
        self.rotated(step, (made, secret), (scopes, asked), replaced).await
    }

    /// Writes down what was done about a made key; tells whether it is on disk.
    pub(super) async fn note_key(&self, step: &Step, did: KeyDid, made: &Made, detail: &str) -> bool {
        let record = Record::Key {
            step: step.id.clone(),
            did,
            key: Some(made.key.clone()),
            fingerprint: Some(made.fingerprint.clone()),
            detail: detail.to_owned(),
        };
        self.logbook.write(record).await.is_ok()
    }
}

/// A reference may be readable again in a moment, where a key command was only signed out: nothing moved, and the run can go on.
pub(super) fn unread_reference(why: &str) -> Held {
    Held::new(
        HeldReason::LaneEnded,
        format!("not sent: what the configured reference leads to cannot be read: {why}"),
        "make it readable, then go on with `keyholder resume`",
    )
}

/// Tells whether the making of a key ends with what it stored: everywhere but in a rotation.
pub(super) fn is_stored_for_good(keep: &Keep, did: Option<KeyDid>) -> bool {
    match keep {
        Keep::Shown | Keep::Folder(_) => did == Some(KeyDid::Stored),
        Keep::Configured(_) => did == Some(KeyDid::ProvenStored),
    }
}
