//! `keyholder report KIND… --out DIR`: tables, sums and pages over every client, in one folder that appears whole.
//!
//! ```text
//! place ─► asked ─► lanes: inventory ─► tables, page, facts (kept, whole) ─┬─► pages, summary, workbook ─► manifest ─► rename
//!                                                                           └─► merge, while lanes are read ─► its end ─┘
//! ```
//!
//! Owns the order of these. What stands in the tables and pages is for `report::bulk`.

pub mod asked;
pub mod book;
pub mod file;
pub mod finish;
pub mod foretold;
pub mod hush;
pub mod judge;
pub mod kept;
pub mod lane;
pub mod merge;
pub mod place;
pub mod sweep;
pub mod told;
pub mod writer;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use jiff::civil::Date;
use tokio::sync::Mutex;

use super::Door;
use super::args::Select;
use super::keys::memory::Memory;
use super::road;
use super::session::Session;
use super::sightings::Sightings;
use crate::config::Purpose;
use crate::domain::{Listed, ReportKind, Workspace};
use crate::report::Coverage;
use crate::report::bulk::summary;
use crate::run::Why;
use crate::trouble::{Exit, Trouble};
use crate::ui::words;
use asked::Asked;
use finish::Whole;
use foretold::Foretold;
use judge::Judging;
use lane::Lanes;
use place::{Found, Place, Staging};
use sweep::Swept;
use told::Told;
use writer::Writer;

/// Write bulk reports over all workspaces: tables of each and merged, sums, a page for the agency and one for each client.
///
/// The folder appears whole or not at all. What was interrupted is gone on with by --resume.
#[derive(Debug, Args)]
#[command(after_help = "Tables, columns, the period and what the folder holds: `keyholder help reports`.")]
pub struct Report {
    /// What to report: members, keys, tags, groups, campaigns, accounts, trail, billing, webhooks, lists, jobs, or `all`.
    #[arg(value_name = "KIND")]
    kinds: Vec<String>,
    /// The folder; it must not exist, or be empty.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// First day of the period (UTC), itself meant; else 30 days ending yesterday.
    #[arg(long, value_name = "DAY", value_parser = asked::day)]
    since: Option<Date>,
    /// Last day of the period (UTC), itself meant.
    #[arg(long, value_name = "DAY", value_parser = asked::day)]
    until: Option<Date>,
    /// Write a workbook too: report.xlsx, a sheet for each table.
    #[arg(long)]
    xlsx: bool,
    /// Go on with a report that did not come to its end.
    #[arg(long)]
    resume: bool,
    #[command(flatten)]
    select: Select,
}

impl Report {
    /// Runs the command.
    pub async fn run(self, door: &Door<'_>) -> Result<Exit, Trouble> {
        let session = Session::open(door)?;
        let place = Place::new(&door.path(&self.out))?;
        let begun = self.begin(&session, &place)?;
        let keys = session.keys(&begun.chosen).await?;
        let mut targets = session.targets(&begun.chosen, &keys);
        let deck = session.deck(None)?;
        let Begun { asked, staging, .. } = begun;
        let staging = if let Some(staging) = staging {
            staging
        } else {
            let staging = place.begin()?;
            asked.keep(&staging)?;
            staging
        };
        let (asked, staging) = (Arc::new(asked), Arc::new(staging));
        let goes_on = |trouble: Trouble| trouble.advise(resume_line(&self.out));
        let whole = kept::tidy(&staging, &asked).map_err(|error| lane::unwritable(staging.place().staging(), error))?;
        let quest = asked.quest(&session.fleet);
        let mut foretold = Foretold::read(&session.state_dir());
        let left = targets.iter().filter(|target| !whole.contains_key(target.name.as_str()));
        let requests = foretold.requests(&quest, left, road::known(&session, &deck));
        told::beforehand(&door.printer, &asked, &requests, whole.len());
        let writer = Writer::new(&session.fleet, &staging, &asked, whole.values(), &deck.stop).map_err(goes_on)?;
        let memory = if asked.kinds.contains(&ReportKind::Keys) {
            let mut memory = Memory::open(&session).await;
            memory.know_keys(&session, &mut targets).await;
            Some(Mutex::new(memory))
        } else {
            None
        };
        let sightings =
            if quest.reads(Listed::Members) { Some(Mutex::new(Sightings::open(&session).await)) } else { None };
        let judging = Judging::new(&session.fleet, asked.begun);
        let fleet = &session.fleet;
        let lanes = Lanes { fleet, deck: &deck, writer, asked: &asked, quest: &quest, judging, memory, sightings };
        let set_out = door.clock.elapsed();
        let swept = sweep::sweep(&session, &lanes, &targets, whole, |target| foretold.chain(&quest, target)).await;
        if let Some(memory) = lanes.memory {
            memory.into_inner().close().await;
        }
        if let Some(sightings) = lanes.sightings {
            sightings.into_inner().close().await;
        }
        let Swept { facts, tables, pages, sizes } = swept.map_err(goes_on)?;
        let reading = door.clock.elapsed().saturating_sub(set_out);
        road::keep(&session, &deck);
        let all = Arc::new(Whole {
            agency: fleet.agency.clone(),
            colour: fleet.colour,
            staging: Arc::clone(&staging),
            asked: Arc::clone(&asked),
            coverage: summary::coverage(&facts),
            facts,
            tables,
            pages,
        });
        let told = Told {
            session: &session,
            deck: &deck,
            asked: &asked,
            coverage: &all.coverage,
            facts: &all.facts,
            requests,
            reading,
            out: &self.out,
        };
        let mut note = || {
            foretold.note(&quest, &all.facts, &sizes, door.clock.now());
            if let Err(error) = foretold.keep() {
                door.printer
                    .warn(&format!("how long the lists were is not kept, and the next report foretells less: {error}"));
            }
        };
        if nothing(&all.coverage) {
            note();
            drop(lanes.writer);
            staging.abandon().map_err(|error| lane::unwritable(place.staging(), error))?;
            return told.nothing();
        }
        let everyone = targets.len();
        let made =
            all.make(&lanes.writer, &deck.stop, || interrupted(&session, everyone, everyone)).await.map_err(goes_on)?;
        staging.finish().map_err(|error| {
            let what =
                format!("the report could not be put in its place, `{}`; nothing is there", place.target().display());
            goes_on(Trouble::because(Exit::Output, what, error))
        })?;
        note();
        told.report(&made)
    }

    /// Finds what is asked of which workspaces, for a new report or one that is gone on with.
    fn begin<'a>(&self, session: &'a Session<'_>, place: &Place) -> Result<Begun<'a>, Trouble> {
        match (place.look()?, self.resume) {
            (Found::Free, false) => {
                let chosen = session.choose(&self.select, Purpose::Read)?;
                let asked = Asked::typed(self, session, &chosen)?;
                Ok(Begun { asked, chosen, staging: None })
            }
            (Found::Unfinished(staging), true) => {
                let asked = Asked::kept(&staging)?;
                let chosen = asked.go_on(self, session, place)?;
                Ok(Begun { asked, chosen, staging: Some(staging) })
            }
            (Found::Free, true) => {
                let what = format!("no unfinished report is there for `{}`; nothing was sent", self.out.display());
                Err(Trouble::new(Exit::Usage, what).advise("leave --resume away to begin one"))
            }
            (Found::Unfinished(_), false) => {
                let what = format!(
                    "a report was begun for `{}` and did not come to its end; nothing was sent",
                    self.out.display()
                );
                Err(Trouble::new(Exit::Usage, what)
                    .advise(resume_line(&self.out))
                    .advise(format!("or remove `{}` to begin anew", place.staging().display())))
            }
        }
    }
}

/// What is asked, and of whom.
struct Begun<'a> {
    asked: Asked,
    chosen: Vec<&'a Workspace>,
    staging: Option<Staging>,
}

/// Says how to go on.
fn resume_line(out: &std::path::Path) -> String {
    format!("go on with `keyholder report --resume --out {}`", words::shell_word(&out.to_string_lossy()))
}

/// Tells whether there is nothing to report.
fn nothing(coverage: &Coverage) -> bool {
    matches!(coverage.exit(), Exit::AllFailed | Exit::TryLater)
}

/// Says that the report was stopped after so many workspaces.
pub fn interrupted(session: &Session<'_>, read: usize, asked: usize) -> Trouble {
    let exit = match session.door.stop.why() {
        Some(Why::Terminated) => Exit::Terminated,
        _ => Exit::Interrupted,
    };
    let what =
        format!("stopped after {read} of {asked} workspaces; what was read is kept, and no report is in its place yet");
    Trouble::new(exit, what)
}
