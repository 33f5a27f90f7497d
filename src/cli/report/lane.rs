//! One lane of a report: a workspace is read, its tables are written, its facts are kept. Nothing of another workspace is in reach.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Value, json};

use super::asked::Asked;
use super::file::{TableFile, WrittenTable};
use super::kept::{self, Kept};
use super::made;
use super::place::Staging;
use crate::cli::keys::list::to_the_second;
use crate::config::whole;
use crate::domain::{Fleet, Inventory, Table, TrailLine};
use crate::report::bulk::Facts;
use crate::report::bulk::facts::{TableFact, TroubleFact};
use crate::report::bulk::tables::columns;
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
        let mut trail = Trail { lanes: self, target, file: None, at: None, error: None };
        let quest = InventoryQuest { kinds: self.asked.kinds.clone(), period: self.asked.period };
        let taken = take_inventory(self.deck, target, &quest, &mut |line| trail.take(line)).await;
        let Trail { file, error, .. } = trail;
        if let Some(error) = error {
            return Err(self.unwritable(name, Some(Table::Trail), error));
        }
        let kept = match taken {
            Ok(inventory) => self.write(target, &inventory, file)?,
            Err(trouble) => {
                drop(file);
                self.remove(name).map_err(|error| self.unwritable(name, None, error))?;
                Kept { facts: self.troubled(target, &trouble), tables: BTreeMap::new() }
            }
        };
        kept.keep(self.staging).map_err(|error| self.unwritable(name, None, error))?;
        Ok(kept)
    }

    /// Keeps the trouble of a lane that panicked.
    pub fn bug(&self, target: &Target) -> Result<Kept, Trouble> {
        let name = target.name.as_str();
        let kept = Kept { facts: self.troubled(target, &LaneTrouble::bug()), tables: BTreeMap::new() };
        self.remove(name).and_then(|()| kept.keep(self.staging)).map_err(|error| self.unwritable(name, None, error))?;
        Ok(kept)
    }

    fn write(&self, target: &Target, inventory: &Inventory, trail: Option<TableFile>) -> Result<Kept, Trouble> {
        let name = target.name.as_str();
        let context = made::context(self.fleet, self.asked, target, inventory);
        let facts = made::facts(inventory, &context);
        let mut trail = trail;
        let mut tables = BTreeMap::new();
        for table in self.asked.tables() {
            let fact = facts.tables.get(&table).cloned().unwrap_or_default();
            let begun = if table == Table::Trail { trail.take() } else { None };
            let written = self.table(name, table, begun, &fact, |file| {
                made::rows(table, inventory, &context, &mut |cells| file.row(cells))
            });
            tables.insert(table, written.map_err(|error| self.unwritable(name, Some(table), error))?);
        }
        Ok(Kept { facts, tables })
    }

    fn table(
        &self,
        workspace: &str,
        table: Table,
        begun: Option<TableFile>,
        fact: &TableFact,
        rows: impl FnOnce(&mut TableFile) -> io::Result<()>,
    ) -> io::Result<WrittenTable> {
        let mut file = match begun {
            Some(file) => file,
            None => self.begin(workspace, table)?,
        };
        // The lines of a trail were written as they came.
        if table != Table::Trail {
            rows(&mut file)?;
        }
        file.end(&summary(fact))
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
        Facts {
            workspace: target.name.to_string(),
            workspace_id: target.pinned.as_ref().map(ToString::to_string),
            labels: made::labels(self.fleet, target),
            observed_at: to_the_second(self.deck.clock.now()).to_string(),
            trouble: Some(TroubleFact {
                kind: trouble.kind.as_str().to_owned(),
                reason: trouble.text.clone(),
                advice: trouble.advice.clone(),
                may_pass: trouble.kind.may_pass(),
            }),
            ..Facts::default()
        }
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
struct Trail<'a> {
    lanes: &'a Lanes<'a>,
    target: &'a Target,
    file: Option<TableFile>,
    at: Option<String>,
    error: Option<io::Error>,
}

impl Trail<'_> {
    fn take(&mut self, line: &TrailLine<'_>) -> io::Result<()> {
        let taken = self.write(line);
        taken.map_err(|error| {
            let kind = error.kind();
            self.error = Some(error);
            kind.into()
        })
    }

    fn write(&mut self, line: &TrailLine<'_>) -> io::Result<()> {
        let name = self.target.name.as_str();
        let file = match &mut self.file {
            Some(file) => file,
            file => file.insert(self.lanes.begin(name, Table::Trail)?),
        };
        let at = self.at.get_or_insert_with(|| to_the_second(self.lanes.deck.clock.now()).to_string());
        made::trail_row(self.target, at, line, |cells| file.row(cells))
    }
}
