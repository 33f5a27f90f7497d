//! What is kept of a lane that ended: its facts, and its files with their hashes. Appears whole, after the files themselves.
//!
//! Nothing here is synced: whatever a machine that died left torn is found by its hash, and read again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::asked::Asked;
use super::file::{self, Hashing, Written, WrittenTable};
use super::place::Staging;
use crate::config::whole;
use crate::domain::{Sizes, Table};
use crate::report::bulk::Facts;

/// The page of a client, in its folder.
pub const PAGE: &str = "index.html";

/// The files of one workspace.
pub type Tables = BTreeMap<Table, WrittenTable>;

/// A lane that ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// Its facts.
    pub facts: Facts,
    /// Its tables.
    pub tables: Tables,
    /// How long its lists were.
    pub sizes: Sizes,
    /// Its page, where this process drew it: what an earlier one drew may have been of another name or colour of the agency.
    #[serde(skip)]
    pub page: Option<Written>,
}

impl Kept {
    /// Keeps facts without tables: of a workspace that could not be read.
    pub fn of(facts: Facts) -> Self {
        Self { facts, tables: Tables::new(), sizes: Sizes::default(), page: None }
    }

    /// Tells whether the lane needs not be asked again: it was seen whole.
    pub fn is_whole(&self) -> bool {
        self.facts.trouble.is_none() && self.facts.tables.values().all(|table| table.incomplete.is_none())
    }

    /// Writes it down, whole or not at all.
    pub fn keep(&self, staging: &Staging) -> io::Result<()> {
        let path = path(staging, &self.facts.workspace);
        let aside = path.with_extension("new");
        drop(fs::remove_file(&aside));
        let mut out = io::BufWriter::new(Hashing::create(&aside)?);
        serde_json::to_writer(&mut out, self)?;
        out.flush()?;
        fs::rename(&aside, &path)
    }

    fn read(staging: &Staging, workspace: &str) -> Option<Self> {
        let kept: Self = serde_json::from_slice(&fs::read(path(staging, workspace)).ok()?).ok()?;
        (kept.facts.workspace == workspace).then_some(kept)
    }

    /// Tells whether every file of it is still what was written.
    fn holds(&self, asked: &Asked, staging: &Staging) -> bool {
        let tables: BTreeSet<Table> = asked.tables().collect();
        self.tables.keys().copied().collect::<BTreeSet<_>>() == tables
            && self.tables.iter().all(|(table, written)| {
                let path = table_file(staging, asked, &self.facts.workspace, *table);
                is_as_long(&path, &written.file)
                    && written.from <= written.to
                    && written.to <= written.file.bytes
                    && file::hash(&path).is_ok_and(|found| found == written.file)
            })
    }
}

fn path(staging: &Staging, workspace: &str) -> PathBuf {
    // A name may hold dots: the ending is added, not put in the place of another.
    staging.lanes().join(format!("{workspace}.json"))
}

/// Returns where the folder of a workspace is.
pub fn folder(staging: &Staging, workspace: &str) -> PathBuf {
    staging.workspaces().join(workspace)
}

/// Returns where a table of a workspace is.
pub fn table_file(staging: &Staging, asked: &Asked, workspace: &str, table: Table) -> PathBuf {
    folder(staging, workspace).join(table_name(asked, table))
}

/// Returns the name of a table's file.
pub fn table_name(asked: &Asked, table: Table) -> String {
    format!("{}.{}", table.as_str(), asked.files.as_str())
}

/// Tells whether a file is there and as long as it was written: whether something was removed or cut since.
pub fn is_as_long(path: &Path, written: &Written) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_file() && found.len() == written.bytes)
}

/// Returns the lanes that need not be asked again, and removes whatever else an earlier process left.
pub fn tidy(staging: &Staging, asked: &Asked) -> io::Result<BTreeMap<String, Kept>> {
    let mut whole_lanes = BTreeMap::new();
    for workspace in &asked.workspaces {
        if let Some(kept) = Kept::read(staging, &workspace.name).filter(Kept::is_whole)
            && kept.holds(asked, staging)
        {
            whole_lanes.insert(workspace.name.clone(), kept);
        }
    }
    for folder in [staging.lanes(), staging.out(), staging.workspaces()] {
        match whole::create_private_folder(&folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    let lanes: BTreeSet<String> = whole_lanes.keys().map(|name| format!("{name}.json")).collect();
    remove_all_but(&staging.lanes(), &lanes)?;
    remove_all_but(&staging.out(), &BTreeSet::from(["workspaces".to_owned()]))?;
    remove_all_but(&staging.workspaces(), &whole_lanes.keys().cloned().collect())?;
    let tables: BTreeSet<String> = asked.tables().map(|table| table_name(asked, table)).collect();
    for name in whole_lanes.keys() {
        remove_all_but(&folder(staging, name), &tables)?;
    }
    Ok(whole_lanes)
}

/// Removes what is in a folder but for some names. A link is removed itself, never what it points at.
fn remove_all_but(folder: &Path, names: &BTreeSet<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|name| names.contains(name)) {
            continue;
        }
        if entry.file_type()?.is_dir() { fs::remove_dir_all(entry.path())? } else { fs::remove_file(entry.path())? }
    }
    Ok(())
}
