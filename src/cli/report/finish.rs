//! What is made of all lanes together once they ended: merged tables, pages, sums, and last the manifest.

use super::asked::Asked;
use super::file::{self, Written};
use super::kept::{self, Kept};
use super::lane::unwritable;
use super::merge::{self, Merged};
use super::place::Staging;
use crate::cli::session::Session;
use crate::report::evidence::MANIFEST;
use crate::report::{Coverage, Unlisted, Unreadable};
use crate::trouble::Trouble;

/// What was made.
#[derive(Debug)]
pub struct Made {
    /// The merged tables.
    pub tables: Vec<Merged>,
    /// The other files at the top of the folder, in the order they were made.
    pub others: Vec<(String, Written)>,
    /// How many files there are in all.
    pub files: usize,
}

/// Says what could be seen and what could not.
pub fn coverage(lanes: &[Kept]) -> Coverage {
    let mut coverage = Coverage { asked: lanes.len(), ..Coverage::default() };
    let mut unseen = Vec::new();
    for Kept { facts, .. } in lanes {
        match &facts.trouble {
            Some(trouble) => coverage.unreadable.push(Unreadable {
                workspace: facts.workspace.clone(),
                kind: trouble.kind.clone().into(),
                reason: trouble.reason.clone(),
                advice: trouble.advice.clone(),
                may_pass: trouble.may_pass,
            }),
            None => coverage.complete += 1,
        }
        unseen.extend(facts.tables.iter().filter_map(|(table, fact)| {
            let (workspace, listing) = (facts.workspace.clone(), table.as_str().to_owned());
            Some(Unlisted { workspace, listing, reason: fact.incomplete.clone()? })
        }));
    }
    coverage.note_unseen(unseen);
    coverage
}

/// Makes everything but the rename.
pub async fn make(
    _session: &Session<'_>,
    staging: &Staging,
    asked: &Asked,
    lanes: &[Kept],
    coverage: &Coverage,
    stopped: impl Fn() -> Result<(), Trouble>,
) -> Result<Made, Trouble> {
    let between = async || {
        // Files are written without waiting for anything; a signal is heard in between.
        tokio::task::yield_now().await;
        stopped()
    };
    let mut manifest = Vec::new();
    let mut tables = Vec::new();
    for table in asked.tables() {
        let merged = merge::merge(staging, asked, lanes, coverage, table, between).await?;
        manifest.push((kept::table_name(asked, table), merged.file.sha256.clone()));
        tables.push(merged);
    }
    for lane in lanes {
        let name = &lane.facts.workspace;
        for (table, written) in &lane.tables {
            let path = format!("workspaces/{name}/{}", kept::table_name(asked, *table));
            manifest.push((path, written.file.sha256.clone()));
        }
    }
    let mut others = Vec::new();
    let files = manifest.len() + 1;
    let listed: String = manifest.iter().flat_map(|(path, digest)| [digest.as_str(), "  ", path, "\n"]).collect();
    let path = staging.out().join(MANIFEST);
    others
        .push((MANIFEST.to_owned(), file::write(&path, listed.as_bytes()).map_err(|error| unwritable(&path, error))?));
    Ok(Made { tables, others, files })
}
