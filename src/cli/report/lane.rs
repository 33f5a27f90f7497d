//! One lane of a report: a workspace is read, its tables are written, its facts are kept. Nothing of another workspace is in reach.

use std::io;
use std::path::Path;

use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::asked::Asked;
use super::file::TableFile;
use super::judge::{self, Judging};
use super::kept::Kept;
use super::writer::Writer;
use crate::cli::keys::memory::{Memory, Remembered};
use crate::cli::sightings::Sightings;
use crate::domain::{Fleet, Inventory, ReportKind, Table, TrailLine, Workspace, WorkspaceId};
use crate::report::bulk::facts::TroubleFact;
use crate::report::bulk::{self, Context, Facts, Said, Stamp};
use crate::report::listing::SCHEMA;
use crate::run::{Deck, InventoryQuest, LaneTrouble, Target, take_inventory};
use crate::trouble::{Exit, Trouble};

/// What all lanes of a report share.
#[derive(Debug)]
pub struct Lanes<'a> {
    /// The fleet, for what our files say of a workspace.
    pub fleet: &'a Fleet,
    /// What all lanes of a run share.
    pub deck: &'a Deck,
    /// What writes down what was read.
    pub writer: Writer,
    /// What is asked.
    pub asked: &'a Asked,
    /// The same, as it is asked of each workspace.
    pub quest: &'a InventoryQuest,
    /// The rules, by which tables and facts say what is wrong.
    pub judging: Judging<'a>,
    /// What the ledger remembers of keys; none where no keys are asked for.
    pub memory: Option<Mutex<Memory<'a>>>,
    /// Where it is kept who was seen; none where no members are read.
    pub sightings: Option<Mutex<Sightings<'a>>>,
}

/// The header of a table's file. It says nothing of when or for whom: the rows do.
pub fn header(asked: &Asked, table: Table) -> Value {
    let prior = asked.period.prior();
    json!({
        "type": "header",
        "schema": SCHEMA,
        "command": "report",
        "table": table.as_str(),
        "period": { "first": asked.period.first().to_string(), "last": asked.period.last().to_string() },
        "prior": { "first": prior.first().to_string(), "last": prior.last().to_string() },
    })
}

impl Lanes<'_> {
    /// Reads one workspace and writes what was read. The error is of the disk, and ends the report.
    pub async fn read(&self, target: &Target) -> Result<Kept, Trouble> {
        let name = target.name.as_str();
        let stamp = self.stamp(target);
        let mut trail = Trail { lanes: self, stamp: &stamp, file: None, error: None };
        let taken = take_inventory(self.deck, target, self.quest, &mut |line| trail.take(line)).await;
        let Trail { file, error, .. } = trail;
        if let Some(error) = error {
            return Err(self.writer.files().unwritable(name, Some(Table::Trail), error));
        }
        match taken {
            Ok(inventory) => {
                self.remember(&inventory).await;
                let context = self.context(target, stamp, &inventory).await;
                self.writer.write(inventory, context, file).await
            }
            Err(trouble) => {
                drop(file);
                self.writer.files().keep_nothing_but(self.troubled(target, &trouble))
            }
        }
    }

    /// Keeps who was seen, as `access` and `members` do.
    async fn remember(&self, inventory: &Inventory) {
        let (Some(sightings), Some(members)) = (&self.sightings, &inventory.members) else { return };
        let mut sightings = sightings.lock().await;
        let when = (inventory.at, self.deck.clock.now());
        sightings.keep(&inventory.identity.id, when, &members.value, members.incomplete.is_none()).await;
    }

    /// Keeps the trouble of a lane that panicked.
    pub fn bug(&self, target: &Target) -> Result<Kept, Trouble> {
        self.writer.files().keep_nothing_but(self.troubled(target, &LaneTrouble::bug()))
    }

    fn stamp(&self, target: &Target) -> Stamp {
        // Nothing but the pinned workspace is ever shown.
        let id = target.pinned.as_ref().map(ToString::to_string).unwrap_or_default();
        Stamp::new(target.name.as_str(), id, self.deck.clock.now())
    }

    fn workspace(&self, target: &Target) -> &Workspace {
        self.fleet.workspace(&target.name).expect("targets are made of the fleet's workspaces")
    }

    /// Gathers what our files, our ledger and our rules say of a workspace.
    async fn context(&self, target: &Target, stamp: Stamp, inventory: &Inventory) -> Context {
        let workspace = self.workspace(target);
        let what = (&self.asked.kinds, self.asked.period);
        let said = if judge::judges(&self.asked.kinds) {
            let observed = judge::observed(workspace, inventory);
            let remembered = match &self.memory {
                Some(memory) => memory.lock().await.of(&observed).await,
                None => Remembered::default(),
            };
            let remembered = Remembered { looked_at: Some(inventory.at), ..remembered };
            self.judging.said((workspace, target), inventory, &observed, &remembered, what)
        } else {
            Said::default()
        };
        judge::context(self.fleet, workspace, stamp, what, said)
    }

    fn troubled(&self, target: &Target, trouble: &LaneTrouble) -> Facts {
        let Stamp { workspace, observed_at, .. } = self.stamp(target);
        let fact = TroubleFact {
            kind: trouble.kind.as_str().to_owned(),
            reason: trouble.text.clone(),
            advice: trouble.advice.clone(),
            may_pass: trouble.kind.may_pass(),
        };
        let id = target.pinned.as_ref().map(WorkspaceId::as_str);
        Facts::unreadable(&workspace, id, &self.workspace(target).labels, &observed_at, fact)
    }
}

/// Says that a file of a report could not be written.
pub fn unwritable(path: &Path, error: io::Error) -> Trouble {
    Trouble::because(Exit::Output, format!("`{}` could not be written", path.display()), error)
}

/// The trail of a workspace while it passes by.
struct Trail<'a, 'l> {
    lanes: &'a Lanes<'l>,
    stamp: &'a Stamp,
    file: Option<TableFile>,
    error: Option<io::Error>,
}

impl Trail<'_, '_> {
    fn take(&mut self, line: &TrailLine<'_>) -> io::Result<()> {
        self.write(line).map_err(|error| {
            let kind = error.kind();
            self.error = Some(error);
            kind.into()
        })
    }

    fn write(&mut self, line: &TrailLine<'_>) -> io::Result<()> {
        if !self.lanes.asked.kinds.contains(&ReportKind::Trail) {
            return Ok(());
        }
        let file = match &mut self.file {
            Some(file) => file,
            file => file.insert(self.lanes.writer.files().begin(&self.stamp.workspace, Table::Trail)?),
        };
        file.row(&bulk::trail_row(line, self.stamp))
    }
}
