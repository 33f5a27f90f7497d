//! What the ledger remembers of keys: earlier looks, keys of our own making, people by their accounts. A reading does not fail where it
//! cannot be asked; it says so and knows less.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cli::perform;
use crate::cli::session::Session;
use crate::domain::{Email, KeyId, KeyInfo, RunId, StepKind, UserId, WorkspaceId};
use crate::journal::{Attributes, FirstSeen, Ledger, LedgerError, Listing, ReplacedLeft};
use crate::plan::Observed;
use crate::run::Target;
use crate::trouble::Advise as _;
use crate::ui::Printer;

/// What a listing of keys is called among the sightings.
pub const KIND: &str = "key";

/// Workspaces whose listings are kept in one commit: a thousand cost five syncs, and no more than so many are held.
const AT_ONCE: usize = 200;

/// The ledger, as far as it answers.
#[derive(Debug)]
pub struct Memory<'a> {
    printer: &'a Printer,
    ledger: Option<Ledger>,
    pending: Vec<Listing>,
    /// What rotations left behind, asked for once: the question reads every step about keys, whatever workspace it is for.
    replaced: BTreeMap<WorkspaceId, BTreeMap<KeyId, RunId>>,
}

/// What is remembered of one workspace.
#[derive(Debug, Clone, Default)]
pub struct Remembered {
    /// Whether the ledger answered.
    pub asked: bool,
    /// When its keys were first listed completely.
    pub first_look: Option<Timestamp>,
    /// When this look was taken.
    pub looked_at: Option<Timestamp>,
    /// When each key was first seen.
    pub first_seen: BTreeMap<KeyId, Timestamp>,
    /// The keys our own runs made.
    pub ours: BTreeSet<KeyId>,
    /// The keys that a rotation of ours put another one in the place of, and that no run of ours revoked.
    pub replaced_left: BTreeMap<KeyId, RunId>,
    /// Why `ours` may lack one.
    pub unsettled: Option<String>,
    /// Addresses of accounts that no member row bears any more.
    pub people: BTreeMap<UserId, Email>,
}

impl<'a> Memory<'a> {
    /// Opens the ledger.
    pub async fn open(session: &'a Session<'_>) -> Self {
        let printer = &session.door.printer;
        let ledger = match perform::open_ledger(session).await {
            Ok(ledger) => Some(ledger),
            Err(trouble) => {
                warn(printer, &trouble.to_string(), trouble.advice.first().map(String::as_str));
                None
            }
        };
        let mut memory = Self { printer, ledger, pending: Vec::new(), replaced: BTreeMap::new() };
        memory.ask_for_replaced(session.fleet.workspaces.iter().filter_map(|workspace| workspace.id.clone())).await;
        memory
    }

    async fn ask_for_replaced(&mut self, workspaces: impl Iterator<Item = WorkspaceId>) {
        let Some(ledger) = &self.ledger else { return };
        match ledger.replaced_left(&workspaces.collect::<Vec<_>>()).await {
            Ok(left) => {
                for ReplacedLeft { workspace_id, key, run, .. } in left {
                    self.replaced.entry(workspace_id).or_default().insert(key, run);
                }
            }
            Err(error) => self.lose(&error),
        }
    }

    /// Says of each target which key the configured one is, where a run of ours made it.
    pub async fn know_keys(&mut self, session: &Session<'_>, targets: &mut [Target]) {
        let Some(ledger) = &self.ledger else { return };
        if let Err(error) = session.know_keys(ledger, targets).await {
            self.lose(&error);
        }
    }

    /// Returns which keys of some workspaces runs of ours made; none where the ledger cannot be asked.
    pub async fn ours(&mut self, workspaces: &[WorkspaceId]) -> Option<BTreeSet<KeyId>> {
        match self.ledger.as_ref()?.made_keys(workspaces).await {
            Ok(made) => Some(made.into_iter().map(|made| made.key).collect()),
            Err(error) => {
                self.lose(&error);
                None
            }
        }
    }

    /// Returns what is remembered of a workspace.
    pub async fn of(&mut self, observed: &Observed) -> Remembered {
        let Some(ledger) = &self.ledger else { return Remembered::default() };
        match recall(ledger, observed).await {
            Ok(remembered) => {
                let replaced_left = self.replaced.get(&observed.id).cloned().unwrap_or_default();
                Remembered { replaced_left, ..remembered }
            }
            Err(error) => {
                self.lose(&error);
                Remembered::default()
            }
        }
    }

    /// Keeps which keys were seen, without anything secret of them; written down some hundred workspaces at a time.
    pub async fn keep(&mut self, observed: &Observed, at: Timestamp) {
        let Some(belongings) = observed.belongings.as_deref().filter(|_| self.ledger.is_some()) else { return };
        self.pending.push(Listing {
            workspace_id: observed.id.clone(),
            kind: KIND.to_owned(),
            began: at,
            at,
            rows: belongings
                .keys
                .rows
                .iter()
                .map(|key| (key.id.to_string(), Attributes::from(&attributes(key))))
                .collect(),
            complete: belongings.keys.incomplete.is_none(),
        });
        if self.pending.len() >= AT_ONCE {
            self.write_down().await;
        }
    }

    async fn write_down(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        if let Some(ledger) = self.ledger.as_ref().filter(|_| !pending.is_empty())
            && let Err(error) = ledger.record_listings(pending).await
        {
            self.lose(&error);
        }
    }

    /// Writes down what is left and closes the ledger.
    pub async fn close(mut self) {
        self.write_down().await;
        if let Some(ledger) = self.ledger {
            let _closed = ledger.close().await;
        }
    }

    fn lose(&mut self, error: &LedgerError) {
        warn(self.printer, &error.to_string(), error.advice().first().map(String::as_str));
        self.ledger = None;
        self.pending.clear();
    }
}

fn warn(printer: &Printer, why: &str, advice: Option<&str>) {
    printer.warn(&format!("{why}; the listing goes on, but what was seen of keys is neither remembered nor compared"));
    if let Some(advice) = advice {
        printer.say(&format!("hint: {advice}"));
    }
}

fn attributes(key: &KeyInfo) -> Value {
    json!({ "name": key.name, "scopes": key.scopes, "created": key.created })
}

async fn recall(ledger: &Ledger, observed: &Observed) -> Result<Remembered, LedgerError> {
    let FirstSeen { first_complete, things } = ledger.first_seen(&observed.id, KIND).await?;
    let unsettled = ledger.unsettled(std::slice::from_ref(&observed.id)).await?;
    let creation = unsettled.iter().find(|step| StepKind::parse(&step.kind) == Some(StepKind::KeyCreate));
    Ok(Remembered {
        asked: true,
        first_look: first_complete,
        looked_at: None,
        first_seen: things.into_iter().filter_map(|(id, at)| Some((KeyId::parse(&id).ok()?, at))).collect(),
        ours: ours(ledger, &observed.id).await?,
        replaced_left: BTreeMap::new(),
        unsettled: creation.map(|step| {
            format!(
                "run {} may have made a key here whose answer is not known yet; `keyholder resume` settles it",
                step.run
            )
        }),
        people: strangers_by_address(ledger, observed).await?,
    })
}

/// Returns the keys that our own runs made in a workspace.
async fn ours(ledger: &Ledger, workspace: &WorkspaceId) -> Result<BTreeSet<KeyId>, LedgerError> {
    let made = ledger.made_keys(std::slice::from_ref(workspace)).await?;
    Ok(made.into_iter().map(|made| made.key).collect())
}

/// Returns the addresses of those who made keys and have no row any more.
async fn strangers_by_address(ledger: &Ledger, observed: &Observed) -> Result<BTreeMap<UserId, Email>, LedgerError> {
    let Some(belongings) = observed.belongings.as_deref() else { return Ok(BTreeMap::new()) };
    let has_row = |user: &UserId| observed.members.iter().any(|member| member.user_id.as_ref() == Some(user));
    let makers = belongings.trail.rows.iter().filter_map(|record| record.user_id.as_ref());
    let away: BTreeSet<UserId> = makers.filter(|user| !has_row(user)).cloned().collect();
    if away.is_empty() { Ok(BTreeMap::new()) } else { ledger.addresses_of(&observed.id, away).await }
}
