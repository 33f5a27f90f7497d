//! Writing what was read of one workspace: its tables, its facts, and what of it is kept; and merging it, once its turn has come.
//!
//! Owns the files of a lane. They are written by another thread than the one that talks to the API, a workspace at a time: hashing and writing
//! take about as long as reading does. What the files hold is not decided here.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::panic;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::{Mutex, oneshot};
use tokio::task::JoinError;

use super::asked::Asked;
use super::file::{self, TableFile, Written, WrittenTable};
use super::finish::Whole;
use super::kept::{self, Kept};
use super::lane::{header, unwritable};
use super::merge::{Ended, Merged, Merging};
use super::place::Staging;
use crate::config::whole;
use crate::domain::{Colour, Fleet, Inventory, Table};
use crate::report::bulk::facts::TableFact;
use crate::report::bulk::page::{self, ClientInput};
use crate::report::bulk::tables::columns;
use crate::report::bulk::{self, Context, Facts};
use crate::run::Stop;
use crate::trouble::{Exit, Trouble};

/// Writes what was read of workspaces, one after the other, and merges it.
#[derive(Debug)]
pub struct Writer {
    files: Arc<Files>,
    /// Whoever has it writes.
    merging: Arc<Mutex<Merging>>,
    stop: Stop,
}

/// The files of lanes: where they are written, what is asked of them, and who is told once a lane has all of its own.
#[derive(Debug)]
pub struct Files {
    staging: Arc<Staging>,
    asked: Arc<Asked>,
    agency: Option<String>,
    colour: Option<Colour>,
    ended: Arc<Ended>,
}

/// The summary of one workspace's table.
fn summary(fact: &TableFact) -> Value {
    json!({
        "type": "summary",
        "rows": { "count": fact.rows, "exact": !fact.rows_unsure },
        "incomplete": fact.incomplete,
    })
}

impl Writer {
    /// Makes one for a report of which some workspaces were read before. Once `stop` drains, nothing more is merged.
    pub fn new<'a>(
        fleet: &Fleet,
        staging: &Arc<Staging>,
        asked: &Arc<Asked>,
        before: impl IntoIterator<Item = &'a Kept>,
        stop: &Stop,
    ) -> Result<Self, Trouble> {
        let ended = Arc::new(Ended::new(asked));
        before.into_iter().for_each(|kept| ended.add(kept));
        let merging = Merging::begin(staging, asked, &ended)?;
        let files = Files {
            staging: Arc::clone(staging),
            asked: Arc::clone(asked),
            agency: fleet.agency.clone(),
            colour: fleet.colour,
            ended,
        };
        Ok(Self { files: Arc::new(files), merging: Arc::new(Mutex::new(merging)), stop: stop.clone() })
    }

    /// Returns the files, for what is written on this thread.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// Writes what was read of one workspace, and keeps it; of a trail the lines were written as they came. What can be merged then is, and
    /// nobody waits for that. If the caller stops waiting, it is written to its end.
    ///
    /// # Errors
    /// What the disk said of its files, which ends the report.
    ///
    /// # Panics
    /// Where the writing did, so that it is the lane's trouble.
    pub async fn write(
        &self,
        inventory: Inventory,
        context: Context,
        trail: Option<TableFile>,
    ) -> Result<Kept, Trouble> {
        let (files, stop) = (Arc::clone(&self.files), self.stop.clone());
        let mut merging = Arc::clone(&self.merging).lock_owned().await;
        let (tell, told) = oneshot::channel();
        let working = tokio::task::spawn_blocking(move || {
            // Nobody listens where the report was ended meanwhile.
            drop(tell.send(files.write(&inventory, &context, trail)));
            merging.go_on(|| stop.is_draining());
        });
        match told.await {
            Ok(kept) => kept,
            Err(_gone) => Err(ended_badly(working.await.expect_err("it tells what it wrote, or panics"))),
        }
    }

    /// Ends the merged tables of workspaces that have all ended; none where somebody wants it to end first.
    pub async fn end(&self, whole: &Arc<Whole>) -> Result<Option<Vec<Merged>>, Trouble> {
        let (whole, stop) = (Arc::clone(whole), self.stop.clone());
        let mut merging = Arc::clone(&self.merging).lock_owned().await;
        let working =
            tokio::task::spawn_blocking(move || merging.end(&whole.facts, &whole.coverage, || stop.is_draining()));
        working.await.unwrap_or_else(|ended| Err(ended_badly(ended)))
    }
}

/// Goes on with the panic of a piece of work, or says that it was given up.
fn ended_badly(ended: JoinError) -> Trouble {
    match ended.try_into_panic() {
        Ok(panicked) => panic::resume_unwind(panicked),
        Err(ended) => Trouble::new(Exit::Output, ended),
    }
}

impl Files {
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
        let facts = Facts::of(inventory, context, seen);
        let page = Some(self.page(&facts)?);
        let kept = Kept { facts, tables, sizes: inventory.sizes.clone(), page };
        // Last: what may be merged is never taken back.
        self.keep(&kept)?;
        Ok(kept)
    }

    /// Draws the page of one client.
    pub fn page(&self, facts: &Facts) -> Result<Written, Trouble> {
        let page = page::client(&ClientInput {
            agency: self.agency.as_deref(),
            colour: self.colour,
            period: self.asked.period,
            kinds: &self.asked.kinds,
            ending: self.asked.files.as_str(),
            facts,
        });
        let path = kept::folder(&self.staging, &facts.workspace).join(kept::PAGE);
        file::write(&path, page.as_bytes()).map_err(|error| unwritable(&path, error))
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

    /// Begins the file of a table.
    pub fn begin(&self, workspace: &str, table: Table) -> io::Result<TableFile> {
        let folder = kept::folder(&self.staging, workspace);
        match whole::create_private_folder(&folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let path = kept::table_file(&self.staging, &self.asked, workspace, table);
        TableFile::create(&path, self.asked.files, table.as_str(), columns(table), &header(&self.asked, table))
    }

    /// Keeps the facts of a workspace of which nothing is to be shown, and removes what was written of it.
    pub fn keep_nothing_but(&self, facts: Facts) -> Result<Kept, Trouble> {
        let kept = Kept::of(facts);
        let name = &kept.facts.workspace;
        match fs::remove_dir_all(kept::folder(&self.staging, name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(self.unwritable(name, None, error)),
            _ => {}
        }
        self.keep(&kept)?;
        Ok(kept)
    }

    /// Keeps a lane that ended, and has it merged in its turn.
    fn keep(&self, kept: &Kept) -> Result<(), Trouble> {
        kept.keep(&self.staging).map_err(|error| self.unwritable(&kept.facts.workspace, None, error))?;
        self.ended.add(kept);
        Ok(())
    }

    /// Says that a table of a workspace, or what is kept of it, could not be written.
    pub fn unwritable(&self, workspace: &str, table: Option<Table>, error: io::Error) -> Trouble {
        let path = match table {
            Some(table) => kept::table_file(&self.staging, &self.asked, workspace, table),
            None => self.staging.lanes().join(workspace),
        };
        unwritable(&path, error)
    }
}
