//! Deleting a key that was made and is not kept: its secret is lost, or could not be stored.
//!
//! The request is written down first, like any; it goes by the key's id, so to send it again is harmless. It is only ever about a key that a
//! step of this run made, and never about one that may be the stored one: that is asked again before every single request, for a store that
//! was given up may be at work still, and a request may have to wait for minutes.

use std::time::Duration;

use super::hand::Hand;
use super::key_past::Made;
use super::rotating::Leads;
use super::settle;
use super::whose;
use crate::api::{Error, Operation, Refusal};
use crate::domain::{Change, KeyId, Step};
use crate::journal::{KeyDid, Record};

/// How often a deletion is sent that did not take.
const ATTEMPTS: u32 = 3;

/// Waits between looks at whether a deleted key is gone, for an API that shows a change late.
const LOOKS: [Duration; 4] = [Duration::ZERO, Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(10)];

impl Hand<'_> {
    /// Deletes a key that this step made; the error says why it is still there, or may be. The secret's fingerprint is known where the
    /// answer came. Returns what must be told of a reference that leads to the deleted key all the same.
    pub(super) async fn discard(
        &self,
        step: &Step,
        key: &KeyId,
        fingerprint: Option<&str>,
        name: &str,
    ) -> Result<Option<String>, String> {
        if fingerprint == Some(self.client.speaks_with().fingerprint().as_str()) {
            return Err("it is the key keyholder speaks with".to_owned());
        }
        let rotation = match (&step.change, fingerprint) {
            (Change::CreateKey { replaces: Some(replaced), .. }, Some(fingerprint)) => {
                let made = Made { key: key.clone(), fingerprint: fingerprint.to_owned(), name: name.to_owned() };
                Some((made, replaced.as_str()))
            }
            _ => None,
        };
        if let Some((made, replaced)) = &rotation {
            self.require_not_stored(made, replaced).await?;
            // What is left aside holds a dead secret and is recognised as that.
            let _left = self.deck.keeper.forget(&self.observed.workspace).await;
        }
        let mut why = String::new();
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                self.pause(Duration::from_secs(1 << attempt)).await?;
            }
            match self.delete(step, (key, fingerprint, name), rotation.as_ref()).await? {
                None => {
                    return Ok(match &rotation {
                        Some((made, replaced)) => self.dead_end(step, made, replaced).await,
                        None => None,
                    });
                }
                Some(still) => why = still,
            }
        }
        Err(why)
    }

    /// Requires that the configured reference leads to another key that works: to the old one, or to the very one the lane speaks with.
    async fn require_not_stored(&self, made: &Made, replaced: &str) -> Result<(), String> {
        match self.leads(made, replaced).await {
            Leads::Old => Ok(()),
            Leads::New(_) => Err("the configured reference leads to it".to_owned()),
            Leads::Third(key) if key.same_secret(self.client.speaks_with()) => Ok(()),
            other => Err(other.told(made, replaced)),
        }
    }

    /// Looks whether the configured reference leads to a key that was just deleted: a store that was given up may have landed. Then the old
    /// one is put back, and in any case it is said.
    async fn dead_end(&self, step: &Step, made: &Made, replaced: &str) -> Option<String> {
        let Leads::New(_) = self.leads(made, replaced).await else { return None };
        let Change::CreateKey { keep, .. } = &step.change else { return None };
        Some(match self.put_back(step, keep, replaced).await {
            Ok(()) => format!(
                "then the configured reference led to that deleted key {}, so the old key {replaced} was put back there, and works",
                made.fingerprint
            ),
            Err(left) => format!(
                "and NOW THE CONFIGURED REFERENCE LEADS TO THAT DELETED KEY {}: put a working key of this workspace there (the old one, \
                 {replaced}, still works, and could not be put back: {left})",
                made.fingerprint
            ),
        })
    }

    /// Sends the deletion once and looks. Returns why the key is still there, where it may be sent again; the error says why not.
    async fn delete(
        &self,
        step: &Step,
        (key, fingerprint, name): (&KeyId, Option<&str>, &str),
        rotation: Option<&(Made, &str)>,
    ) -> Result<Option<String>, String> {
        let halt = &self.deck.stop;
        let stopped = || "the run was stopped; `keyholder resume` deletes it".to_owned();
        let slot = halt.unless_draining(self.client.slot(Operation::KeyDelete)).await.ok_or_else(stopped)?;
        let slot = slot.map_err(|error| error.to_string())?;
        let record = |did| Record::Key {
            step: step.id.clone(),
            did,
            key: Some(key.clone()),
            fingerprint: fingerprint.map(str::to_owned),
            detail: name.to_owned(),
        };
        let unwritten = || "the ledger could not be written".to_owned();
        // It may have waited long for its slot: whatever was true before is asked anew.
        if let Some((made, replaced)) = rotation {
            self.require_not_stored(made, replaced).await?;
        }
        let permit = self.logbook.write(record(KeyDid::Discarding)).await.ok().flatten().ok_or_else(unwritten)?;
        if halt.is_draining() {
            return Err(stopped());
        }
        let sent = self.writer.revoke_key(slot, permit, &step.workspace_id, key);
        match halt.unless_now(sent).await.ok_or_else(stopped)? {
            Ok(()) => {}
            // It may not be in the list yet, and be there: only after the settle time an absence says something, and of this workspace alone.
            Err(Error::Refused { refusal: Refusal::Missing, .. }) => {
                let identity = halt.unless_now(self.client.current()).await.ok_or_else(stopped)?;
                if identity.map_err(|error| error.to_string())?.id != self.observed.id {
                    return Err("the key that asks opens another workspace than the pinned one".to_owned());
                }
                self.pause(self.deck.settle).await?;
            }
            Err(Error::Ambiguous { .. } | Error::Unreadable { .. }) => self.pause(self.deck.settle).await?,
            Err(error @ (Error::NotSent { .. } | Error::Throttled { .. })) => return Ok(Some(error.to_string())),
            Err(error) => return Err(error.to_string()),
        }
        for wait in LOOKS {
            self.pause(wait).await?;
            let keys = halt.unless_now(whose::keys(&self.client, &step.workspace_id)).await.ok_or_else(stopped)?;
            if keys.map_err(whose::Unread::why)?.iter().all(|found| found.id != *key) {
                let told = self.logbook.write(record(KeyDid::Discarded)).await;
                return told.map(|_no_permit| None).map_err(|_not_written| unwritten());
            }
        }
        Ok(Some("it was deleted, and the key list still shows it".to_owned()))
    }

    async fn pause(&self, time: Duration) -> Result<(), String> {
        if time.is_zero() {
            return Ok(());
        }
        settle::wait(self.deck, time).await.map_err(|cut| cut.to_string())
    }
}
