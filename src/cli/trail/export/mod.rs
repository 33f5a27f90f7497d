//! `keyholder trail export`: the trail of every workspace, kept for longer than the vendor does.
//!
//! ```text
//! ledger: what DIR holds ─► lanes: since the mark less the overlap ─► store: what is not there is appended
//!        ▲                                                              │ the lane ended, its files are on disk
//!        └── lengths, and the mark where the trail came whole ◄──────────┘
//! ```

pub mod folder;
pub mod form;
pub mod moment;
pub mod room;
pub mod scan;
pub mod store;
mod summary;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use clap::Args;
use futures::StreamExt as _;
use jiff::Timestamp;

use self::folder::Folder;
use self::form::Form;
use self::room::Room;
use self::store::{Ended, Place, Store};
use self::summary::{Line, Sums};
use super::told;
use crate::api::TrailFilter;
use crate::cli::args::Select;
use crate::cli::session::{self, Session};
use crate::cli::watch::Watch;
use crate::cli::{open_files, perform};
use crate::config::Purpose;
use crate::domain::{TrailLine, WorkspaceId};
use crate::journal::{Exported, Ledger};
use crate::report::bulk::Stamp;
use crate::report::{Coverage, Format};
use crate::run::{Deck, LaneTrouble, Target, TrailEnd, TrailHome, TrailTaker, TrailTold, lane, read_trail};
use crate::trouble::{Exit, Trouble};

/// Keep the vendor's audit log of all workspaces in files, one a month and workspace, and add to them what is new.
#[derive(Debug, Args)]
#[command(
    after_help = "Run it again, from cron if you like: it asks only for what may be new. What the log has and lacks, the layout of the \
                  folder and what a cut leaves behind: `keyholder help trail`."
)]
pub struct Export {
    /// The folder of the export: a new one, or one that an export before made.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// How far back behind the newest record is read again, for records that the vendor wrote down late.
    #[arg(long, value_name = "DURATION", default_value = "1d")]
    overlap: String,
    #[command(flatten)]
    select: Select,
}

/// Workspaces that are read at once: a hundred and more, so that latency costs little. Each has a page and a few open files.
const AT_ONCE: usize = 128;

/// Ended lanes that are recorded in one commit.
const IN_ONE_COMMIT: usize = 64;

impl Export {
    /// Runs the command.
    pub async fn run(self, session: &Session<'_>) -> Result<Exit, Trouble> {
        let form = match session.door.global.format {
            None => None,
            Some(Format::Csv) => Some(Form::Csv),
            Some(Format::Ndjson) => Some(Form::Ndjson),
            Some(Format::Table | Format::Json) => {
                return Err(Trouble::new(Exit::Usage, "an export is csv or ndjson (--format); nothing was sent")
                    .advise("files of rows that are added to can be neither a table nor one document"));
            }
        };
        let overlap = session::duration("--overlap", &self.overlap)?;
        let chosen = session.choose(&self.select, Purpose::Read)?;
        let ledger = perform::open_ledger(session).await?;
        let folder = Folder::open(session, &ledger, &self.out, form).await?;
        let keys = session.keys(&chosen).await?;
        let targets = session.targets(&chosen, &keys);
        let deck = session.deck(None)?;
        open_files::for_talking_and_files(&deck, &targets, AT_ONCE * (store::MOST_OPEN + 1))?;
        let held = ledger.exported(folder.id()).await.map_err(|error| Trouble::advised(Exit::Output, error))?;
        strangers(&targets, &held)?;
        let place = Place { workspaces: folder.workspaces(), form: folder.form(), overlap, room: Room::default() };
        let mut sheet = Sheet {
            ledger: &ledger,
            folder: &folder,
            held,
            coverage: Coverage { asked: targets.len(), ..Coverage::default() },
            lines: BTreeMap::new(),
            sums: Sums::default(),
        };
        let swept = sheet.sweep(session, &deck, &targets, &place).await;
        let told = match swept {
            Ok(()) => summary::tell(session, &deck, &targets, sheet, &self.select),
            Err(trouble) => Err(trouble),
        };
        // Whatever comes of closing it, what is recorded is on disk.
        let _closed = ledger.close().await;
        told
    }
}

/// What is known while lanes end.
struct Sheet<'a> {
    ledger: &'a Ledger,
    folder: &'a Folder,
    held: BTreeMap<WorkspaceId, Exported>,
    coverage: Coverage,
    /// By the place of their targets.
    lines: BTreeMap<usize, Line>,
    sums: Sums,
}

/// How one lane ended: what was told, and its files, where any were opened.
struct LaneEnd {
    told: Result<TrailTold, LaneTrouble>,
    ended: Option<Ended>,
}

impl Sheet<'_> {
    async fn sweep(
        &mut self,
        session: &Session<'_>,
        deck: &Deck,
        targets: &[Target],
        place: &Place,
    ) -> Result<(), Trouble> {
        let watch = Watch::begin(&session.door.printer, deck, "exporting", targets);
        let held = std::mem::take(&mut self.held);
        let swept = async {
            let lanes = lane::at_most(AT_ONCE, targets, |target| async {
                let end = export(deck, target, place, &held).await;
                watch.ended(target.name.as_str(), !matches!(&end, Ok(LaneEnd { told: Ok(_), .. })));
                end
            });
            let mut lanes = std::pin::pin!(lanes.ready_chunks(IN_ONE_COMMIT));
            while let Some(ended) = lanes.next().await {
                self.record(targets, ended).await?;
            }
            Ok(())
        };
        let swept = watch.around(deck.stop.unless_draining(swept)).await;
        let mut before = held;
        before.append(&mut self.held);
        self.held = before;
        swept.unwrap_or_else(|| Err(stopped(session, self.folder)))
    }

    /// Takes lanes that ended: what their files hold is recorded in one commit. A disk that failed ends the command once the others are.
    async fn record(
        &mut self,
        targets: &[Target],
        ended: Vec<(usize, Result<io::Result<LaneEnd>, lane::Panicked>)>,
    ) -> Result<(), Trouble> {
        let mut recorded = Vec::new();
        let mut failed = None;
        for (at, end) in ended {
            let end = end.unwrap_or_else(|_panicked| Ok(LaneEnd { told: Err(LaneTrouble::bug()), ended: None }));
            let target = &targets[at];
            match end {
                Ok(LaneEnd { told, ended }) => {
                    let (found, why) = told::cover(&mut self.coverage, target, told.as_ref());
                    let home = told.as_ref().ok().map(|told| &told.home);
                    if let (Some(home), Some(ended)) = (home, &ended) {
                        recorded.push((home.identity.id.clone(), ended.held.clone()));
                        self.held.insert(home.identity.id.clone(), ended.held.clone());
                    }
                    self.lines.insert(at, Line { found, why, at: home.map(|home| home.at), ended });
                }
                Err(error) => failed = Some(unwritten(target, self.folder, error)),
            }
        }
        let recording = self.ledger.record_exported(self.folder.id(), recorded).await;
        recording.map_err(|error| Trouble::advised(Exit::Output, error))?;
        failed.map_or(Ok(()), Err)
    }
}

/// Exports the trail of one workspace. Fails where its files cannot be written.
async fn export(
    deck: &Deck,
    target: &Target,
    place: &Place,
    held: &BTreeMap<WorkspaceId, Exported>,
) -> io::Result<LaneEnd> {
    let mut keep = Keep { place, target, held, store: None };
    let told = match read_trail(deck, target, false, &mut keep).await {
        Ok(told) => Ok(told),
        Err(TrailEnd::Lane(trouble)) => Err(trouble),
        Err(TrailEnd::Taker(error)) => return Err(error),
    };
    let whole = told.as_ref().is_ok_and(|told| told.incomplete.is_none());
    let ended = keep.store.map(|store| store.end(whole, deck.clock.now())).transpose()?;
    Ok(LaneEnd { told, ended })
}

/// Puts the records of one workspace into its files.
struct Keep<'a> {
    place: &'a Place,
    target: &'a Target,
    held: &'a BTreeMap<WorkspaceId, Exported>,
    store: Option<Store>,
}

impl TrailTaker for Keep<'_> {
    async fn begin(&mut self, home: &TrailHome) -> io::Result<Option<TrailFilter>> {
        let id = &home.identity.id;
        let stamp = Stamp::new(self.target.name.as_str(), id.as_str(), home.at);
        let mut store = Store::open(self.place, stamp, self.held.get(id).cloned())?;
        store.recollect(self.place).await?;
        let since = store.since(self.place.overlap);
        self.store = Some(store);
        Ok(Some(TrailFilter { since, ..TrailFilter::default() }))
    }

    fn take(&mut self, line: &TrailLine<'_>) -> io::Result<()> {
        match &mut self.store {
            Some(store) => store.take(line),
            None => Err(io::Error::other("a record came before its files were open")),
        }
    }
}

/// Refuses names that were another workspace's when their folders were written: whoever is called so now would find a stranger's log there, and
/// two that changed their names would move each other's folders at once.
fn strangers(targets: &[Target], held: &BTreeMap<WorkspaceId, Exported>) -> Result<(), Trouble> {
    let whose = |target: &Target| {
        let name = target.name.as_str();
        let other = |id: &WorkspaceId| target.pinned.as_ref().is_some_and(|pinned| pinned != id);
        held.iter().find(|(id, exported)| exported.folder == name && other(id)).map(|(id, _)| (name.to_owned(), id))
    };
    let taken: Vec<String> =
        targets.iter().filter_map(whose).map(|(name, id)| format!("  workspaces/{name} is of {id}")).collect();
    if taken.is_empty() {
        return Ok(());
    }
    let what = format!(
        "the folder holds the logs of other workspaces under names that are given anew; nothing was sent\n{}",
        taken.join("\n")
    );
    Err(Trouble::new(Exit::Config, what).advise(
        "name a new folder with --out and keep this one as it is, or leave these workspaces out with --exclude",
    ))
}

fn unwritten(target: &Target, folder: &Folder, error: io::Error) -> Trouble {
    let what =
        format!("the files of workspace `{}` in `{}` could not be written", target.name, folder.path().display());
    Trouble::because(Exit::Output, what, error)
        .advise("what was written before is whole and stays")
        .advise("put right what is wrong, then run the same command again: it goes on, and adds no record twice")
}

fn stopped(session: &Session<'_>, folder: &Folder) -> Trouble {
    let trouble = session.interrupted();
    let what = format!("stopped; what is in `{}` is whole, and not all of it is recorded yet", folder.path().display());
    Trouble::new(trouble.exit, what).advise("run the same command again: it goes on, and adds no record twice")
}

/// Writes a moment to the second.
fn second(at: Timestamp) -> String {
    crate::cli::keys::list::to_the_second(at).to_string()
}
