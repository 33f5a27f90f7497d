//! One lane of a report: a workspace is read, its tables are written, its facts are kept. Nothing of another workspace is in reach.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::asked::Asked;
use super::file::{TableFile, WrittenTable};
use super::judge::{self, Judging};
use super::kept::{self, Kept};
use super::place::Staging;
use crate::cli::keys::memory::{Memory, Remembered};
use crate::cli::sightings::Sightings;
use crate::config::whole;
use crate::domain::{Fleet, Inventory, ReportKind, Table, TrailLine, Workspace, WorkspaceId};
use crate::report::bulk::facts::{TableFact, TroubleFact};
use crate::report::bulk::tables::columns;
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
    /// Where the report is made.
    pub staging: &'a Staging,
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

/// The summary of one workspace's table.
fn summary(fact: &TableFact) -> Value {
    json!({
        "type": "summary",
        "rows": { "count": fact.rows, "exact": !fact.rows_unsure },
        "incomplete": fact.incomplete,
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
            return Err(self.unwritable(name, Some(Table::Trail), error));
        }
        let kept = match taken {
            Ok(inventory) => {
                self.remember(&inventory).await;
                let context = self.context(target, stamp, &inventory).await;
                self.write(&inventory, &context, file)?
            }
            Err(trouble) => {
                drop(file);
                self.remove(name).map_err(|error| self.unwritable(name, None, error))?;
                Kept::of(self.troubled(target, &trouble))
            }
        };
        kept.keep(self.staging).map_err(|error| self.unwritable(name, None, error))?;
        Ok(kept)
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
        let name = target.name.as_str();
        let kept = Kept::of(self.troubled(target, &LaneTrouble::bug()));
        self.remove(name).and_then(|()| kept.keep(self.staging)).map_err(|error| self.unwritable(name, None, error))?;
        Ok(kept)
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

    fn write(&self, inventory: &Inventory, context: &Context, mut trail: Option<TableFile>) -> Result<Kept, Trouble> {
        let name = context.stamp.workspace.as_str();
        let (mut seen, mut tables) = (BTreeMap::new(), BTreeMap::new());
        for table in self.asked.tables() {
            let begun = if table == Table::Trail { trail.take() } else { None };
            // The lines of a trail were written as they came: of them there are no rows here.
            let written = self.table(table, begun, inventory, context);
            let (fact, written) = written.map_err(|error| self.unwritable(name, Some(table), error))?;
            seen.insert(table, fact);
            tables.insert(table, written);
        }
        Ok(Kept { facts: Facts::of(inventory, context, seen), tables, sizes: inventory.sizes.clone() })
    }

    fn table(
        &self,
        table: Table,
        begun: Option<TableFile>,
        inventory: &Inventory,
        context: &Context,
    ) -> io::Result<(TableFact, WrittenTable)> {
        let mut file = match begun {
            Some(file) => file,
            None => self.begin(&context.stamp.workspace, table)?,
        };
        bulk::rows(table, inventory, context, &mut |cells| file.row(cells))?;
        let fact = bulk::table_fact(table, inventory, file.rows());
        let written = file.end(&summary(&fact))?;
        Ok((fact, written))
    }

    fn begin(&self, workspace: &str, table: Table) -> io::Result<TableFile> {
        let folder = kept::folder(self.staging, workspace);
        match whole::create_private_folder(&folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let path = kept::table_file(self.staging, self.asked, workspace, table);
        TableFile::create(&path, self.asked.files, table.as_str(), columns(table), &header(self.asked, table))
    }

    /// Removes what was written of a workspace of which nothing is to be shown.
    fn remove(&self, workspace: &str) -> io::Result<()> {
        match fs::remove_dir_all(kept::folder(self.staging, workspace)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
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

    fn unwritable(&self, workspace: &str, table: Option<Table>, error: io::Error) -> Trouble {
        let path = match table {
            Some(table) => kept::table_file(self.staging, self.asked, workspace, table),
            None => self.staging.lanes().join(workspace),
        };
        unwritable(&path, error)
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
            file => file.insert(self.lanes.begin(&self.stamp.workspace, Table::Trail)?),
        };
        file.row(&bulk::trail_row(line, self.stamp))
    }
}
