//! One lane's hand: its tools, and its picture of the workspace while it performs its steps.

use std::collections::{BTreeMap, BTreeSet};

use tokio::time::Instant;

use super::deck::{Deck, Target};
use super::event::Logbook;
use super::key_past::Made;
use super::things::Things;
use super::work::Task;
use super::worker::Shared;
use crate::api::{Client, Error, Operation, Writer};
use crate::domain::{ApiKey, Approval, Change, KeyId, Member, MemberId, Role, Step, StepId};
use crate::journal::{Class, Effect, Record};
use crate::plan::{Observed, Rules};

/// One lane's tools while it performs its steps.
#[derive(Debug)]
pub(super) struct Hand<'a> {
    pub(super) deck: &'a Deck,
    /// Speaks with the configured key: from a rotation's switch on, with the new one.
    pub(super) client: Client,
    pub(super) writer: Writer,
    approval: &'a Approval,
    pub(super) logbook: &'a Logbook,
    pub(super) rules: &'a Rules,
    /// Seed of this lane's jitter.
    pub(super) seed: u64,
    /// The workspace as last read, with what the lane itself did since.
    pub(super) observed: Observed,
    /// When its listing was last read.
    pub(super) observed_at: Instant,
    /// What people own there, as far as the lane's steps need it.
    pub(super) things: Things,
    /// Calls about belongings that the key may not make here, and what was said: they are not tried again, and the lane goes on.
    pub(super) barred: BTreeMap<Operation, String>,
    /// Which of the workspace's keys it speaks with, where that is known from when it was made or adopted.
    pub(super) key_id: Option<KeyId>,
    /// The keys that the run made here and that were kept, by their steps.
    pub(super) made: BTreeMap<StepId, Made>,
    /// What is to be said of steps that end well.
    pub(super) remarks: BTreeMap<StepId, String>,
    own: Own,
}

/// What the lane itself did, or may have done: an API that shows a change late must not make a guard count it as undone.
#[derive(Debug, Default)]
struct Own {
    removed: BTreeSet<MemberId>,
    roles: BTreeMap<MemberId, Role>,
}

impl<'a> Hand<'a> {
    /// Makes a hand for a workspace that was just read.
    pub(super) fn new(
        shared: &'a Shared<'_>,
        target: &Target,
        tasks: &[Task],
        made: BTreeMap<StepId, Made>,
        client: Client,
        observed: Observed,
    ) -> Self {
        let Shared { deck, rules, logbook, approval, .. } = shared;
        let writer = Writer::new(client.clone(), approval);
        // A key that this very run made and switched to is known by its id, whatever the list shows.
        let fingerprint = client.speaks_with().fingerprint();
        let own = made.values().find(|made| made.fingerprint == fingerprint).map(|made| made.key.clone());
        Self {
            deck,
            client,
            writer,
            approval,
            logbook,
            rules,
            seed: target.seed(deck),
            observed,
            observed_at: deck.clock.instant(),
            things: Things::of(tasks),
            barred: BTreeMap::new(),
            key_id: own.or_else(|| target.key_id.clone()),
            made,
            remarks: BTreeMap::new(),
            own: Own::default(),
        }
    }

    /// Speaks with another key from now on: the one that the configured reference leads to.
    pub(super) fn speak_with(&mut self, key: ApiKey, id: KeyId) {
        self.client = self.client.with_key(key);
        self.writer = Writer::new(self.client.clone(), self.approval);
        self.key_id = Some(id);
        self.things.forget_keys();
    }

    /// Reads the listing again.
    pub(super) async fn refresh(&mut self) -> Result<(), Error> {
        let listing = self.client.members(&self.observed.id.clone()).await?;
        self.observed.incomplete = listing.complete.err().map(|why| why.to_string());
        self.observed.members = self.with_own(listing.rows);
        self.observed_at = self.deck.clock.instant();
        Ok(())
    }

    /// Takes one row as just read. What the listing knew and the row leaves out stays known: guards go by it.
    pub(super) fn take_row(&mut self, row: Member) -> Member {
        let known = self.observed.row(&row.id).and_then(|known| known.user_email.clone());
        let row = Member { user_email: row.user_email.or(known), ..row };
        self.observed.members.retain(|member| member.id != row.id);
        self.observed.members.push(row.clone());
        row
    }

    /// Keeps the picture in step with what the lane did. A change in doubt counts where it takes something away, so that a guard
    /// errs to the safe side.
    pub(super) fn fold(&mut self, step: &Step, in_doubt: bool) {
        if in_doubt && !step.is_removal() {
            return;
        }
        match &step.change {
            Change::Remove { member, .. } => {
                self.own.removed.insert(member.clone());
            }
            Change::SetRole { member, role, .. } => {
                self.own.roles.insert(member.clone(), role.clone());
            }
            Change::Invite { .. }
            | Change::HandOver { .. }
            | Change::CreateKey { .. }
            | Change::Revoke { .. }
            | Change::Retire { .. }
            | Change::Tag(_)
            | Change::Group(_)
            | Change::Transfer { .. }
            | Change::StayAbsent { .. } => {}
        }
        let rows = std::mem::take(&mut self.observed.members);
        self.observed.members = self.with_own(rows);
    }

    /// Returns rows as they are with what the lane itself did.
    pub(super) fn with_own(&self, mut rows: Vec<Member>) -> Vec<Member> {
        rows.retain(|row| !self.own.removed.contains(&row.id));
        for row in &mut rows {
            if let Some(role) = self.own.roles.get(&row.id) {
                row.role = role.clone();
            }
        }
        rows
    }

    /// Writes down what a look found; tells whether it is on disk.
    pub(super) async fn note_look(&self, step: &Step, effect: Effect, found: String) -> bool {
        self.logbook.write(Record::Looked { step: step.id.clone(), effect, found }).await.is_ok()
    }
}

/// Writes down what an attempt was answered (its class, what was said, the status of a refusal); tells whether it is on disk.
pub(super) async fn note_answer(
    logbook: &Logbook,
    step: &Step,
    attempt: u32,
    (class, detail, status): (Class, String, Option<u16>),
) -> bool {
    let record = Record::Answered { step: step.id.clone(), attempt, class: class.as_str(), detail, status };
    // If this cannot be written the dispatcher drains the run and hands the record back to be shown.
    logbook.write(record).await.is_ok()
}
