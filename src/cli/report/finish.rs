//! What is made of all lanes together once they ended: the end of the merged tables, pages, sums, and last the manifest.

use std::path::Path;
use std::sync::Arc;

use super::asked::Asked;
use super::book;
use super::file::{self, Written};
use super::kept::{self, Tables};
use super::lane::unwritable;
use super::merge::{self, Merged};
use super::place::Staging;
use super::writer::{Files, Writer};
use crate::domain::Colour;
use crate::report::Coverage;
use crate::report::bulk::page::{self, FleetInput};
use crate::report::bulk::{Facts, summary};
use crate::report::evidence::MANIFEST;
use crate::run::Stop;
use crate::trouble::Trouble;

/// The page of the agency.
const PAGE: &str = "index.html";

/// The numbers.
const SUMMARY: &str = "summary.json";

/// What was read of all workspaces.
#[derive(Debug)]
pub struct Whole {
    /// The agency's name.
    pub agency: Option<String>,
    /// Its colour.
    pub colour: Option<Colour>,
    /// Where the report is made.
    pub staging: Arc<Staging>,
    /// What was asked.
    pub asked: Arc<Asked>,
    /// The facts, in config order.
    pub facts: Vec<Facts>,
    /// The files, in the same order.
    pub tables: Vec<Tables>,
    /// The clients' pages that are drawn already, in the same order.
    pub pages: Vec<Option<Written>>,
    /// What could be seen.
    pub coverage: Coverage,
}

/// What was made.
#[derive(Debug, Default)]
pub struct Made {
    /// The merged tables.
    pub tables: Vec<Merged>,
    /// The other files at the top of the folder, in the order they were made.
    pub others: Vec<(String, Written)>,
    /// How many files there are in all.
    pub files: usize,
}

/// The manifest while it grows: a path and its hash a line, as `sha256sum -c` reads it.
#[derive(Debug, Default)]
struct Manifest {
    text: String,
    lines: usize,
}

impl Manifest {
    fn add(&mut self, path: &str, written: &Written) {
        for part in [written.sha256.as_str(), "  ", path, "\n"] {
            self.text.push_str(part);
        }
        self.lines += 1;
    }

    fn append(&mut self, other: &Self) {
        self.text.push_str(&other.text);
        self.lines += other.lines;
    }
}

/// What stands beside the tables.
#[derive(Debug, Default)]
struct Pages {
    /// Files at the top of the folder.
    others: Vec<(String, Written)>,
    /// The lines of the clients' folders.
    clients: Manifest,
}

impl Whole {
    /// Makes everything but the rename: what is left to be merged by the writer's thread, and the pages meanwhile on this one. `stop` ends
    /// both, and `interrupted` says so.
    pub async fn make(
        self: &Arc<Self>,
        writer: &Writer,
        stop: &Stop,
        interrupted: impl Fn() -> Trouble,
    ) -> Result<Made, Trouble> {
        let between = async || {
            // Files are written without waiting for anything; a signal is heard in between.
            tokio::task::yield_now().await;
            if stop.is_draining() { Err(interrupted()) } else { Ok(()) }
        };
        let (merging, paging) = futures::join!(writer.end(self), self.pages(writer.files(), between));
        let (mut made, mut manifest) = (Made::default(), Manifest::default());
        made.tables = merging?.ok_or_else(&interrupted)?;
        let Pages { others, clients } = paging?;
        for merged in &made.tables {
            check(&self.staging.out().join(kept::table_name(&self.asked, merged.table)), &merged.file)?;
            manifest.add(&kept::table_name(&self.asked, merged.table), &merged.file);
        }
        made.others = others;
        if self.asked.workbook {
            let written = book::write(self, between).await?;
            made.others.push((book::FILE.to_owned(), written));
        }
        for (name, written) in &made.others {
            manifest.add(name, written);
        }
        manifest.append(&clients);
        let written = write(&self.staging.out().join(MANIFEST), manifest.text.as_bytes())?;
        made.others.push((MANIFEST.to_owned(), written));
        made.files = manifest.lines + 1;
        Ok(made)
    }

    /// Writes the numbers, the page of the agency and those of the clients that are not drawn yet.
    async fn pages(&self, files: &Files, between: impl AsyncFn() -> Result<(), Trouble>) -> Result<Pages, Trouble> {
        between().await?;
        let mut pages = Pages::default();
        pages.others.push((SUMMARY.to_owned(), self.summary()?));
        between().await?;
        pages.others.push((PAGE.to_owned(), self.page()?));
        for at in 0..self.facts.len() {
            between().await?;
            self.client(at, files, &mut pages.clients)?;
        }
        Ok(pages)
    }

    /// Adds the folder of one client to the manifest, and its page where that is not drawn yet.
    fn client(&self, at: usize, files: &Files, manifest: &mut Manifest) -> Result<(), Trouble> {
        let facts = &self.facts[at];
        if facts.trouble.is_some() {
            // Of whom nothing was read nothing is handed on.
            return Ok(());
        }
        let name = &facts.workspace;
        for (table, written) in &self.tables[at] {
            check(&kept::table_file(&self.staging, &self.asked, name, *table), &written.file)?;
            manifest.add(&format!("workspaces/{name}/{}", kept::table_name(&self.asked, *table)), &written.file);
        }
        let page = match &self.pages[at] {
            Some(page) => page,
            None => &files.page(facts)?,
        };
        manifest.add(&format!("workspaces/{name}/{}", kept::PAGE), page);
        Ok(())
    }

    fn page(&self) -> Result<Written, Trouble> {
        // The newest look: two reports of an unchanged fleet differ in nothing else.
        let made_at = self.facts.iter().map(|facts| facts.observed_at.as_str()).max().unwrap_or_default();
        let page = page::fleet(&FleetInput {
            agency: self.agency.as_deref(),
            colour: self.colour,
            period: self.asked.period,
            made_at,
            kinds: &self.asked.kinds,
            ending: self.asked.files.as_str(),
            facts: &self.facts,
        });
        write(&self.staging.out().join(PAGE), page.as_bytes())
    }

    fn summary(&self) -> Result<Written, Trouble> {
        let asked =
            summary::Asked { agency: self.agency.as_deref(), period: self.asked.period, kinds: &self.asked.kinds };
        let path = self.staging.out().join(SUMMARY);
        file::write_record(&path, &summary::record(&asked, &self.facts)).map_err(|error| unwritable(&path, error))
    }
}

/// Checks that a table is still there: it was written, and merged, while others were still read.
fn check(path: &Path, written: &Written) -> Result<(), Trouble> {
    if kept::is_as_long(path, written) { Ok(()) } else { Err(merge::changed(path)) }
}

fn write(path: &Path, bytes: &[u8]) -> Result<Written, Trouble> {
    file::write(path, bytes).map_err(|error| unwritable(path, error))
}
