//! `keyholder trail`: what the vendor's audit log tells, row by row.
//!
//! Rows stand in config order, within a workspace as the API tells them: newest first, as far as anybody has seen. The workspace whose turn it
//! is is written while it is read; of those that are ahead little is kept in memory, and the rest in a file without a name.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

use clap::Args;
use futures::StreamExt as _;
use serde_json::json;

use super::export::moment::Reader;
use super::spool::Spool;
use super::told::{self, Found};
use super::wanted::Wanted;
use crate::api::TrailFilter;
use crate::cli::args::Select;
use crate::cli::session::Session;
use crate::cli::watch::Watch;
use crate::cli::{closing, open_files, perform, tables};
use crate::config::Purpose;
use crate::domain::{TrailLine, UserId};
use crate::report::bulk::{Stamp, trail_row};
use crate::report::listing::{self, Format, Listing};
use crate::report::summary::{meaning, total};
use crate::report::trail_rows::TRAIL;
use crate::report::{Coverage, Unlisted};
use crate::run::{Deck, LaneTrouble, Target, TrailEnd, TrailHome, TrailTaker, TrailTold, lane, read_trail};
use crate::trouble::{Advise as _, Exit, Trouble};
use crate::ui::{Printer, words};

/// Which records.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Rows")]
pub struct Look {
    /// Only what this person did, by the accounts of that address.
    #[arg(long, value_name = "EMAIL")]
    pub(super) person: Option<String>,
    /// Only what a key of this id did; repeatable.
    #[arg(long, value_name = "ID")]
    pub(super) key: Vec<String>,
    /// Only this activity, such as `leads-exported` or 34; repeatable; see `help trail`.
    #[arg(long = "type", value_name = "WORD|CODE")]
    pub(super) kind: Vec<String>,
    /// Only from then on: a day (UTC), such as 2026-08-01, or an age, such as 14d or 6h.
    #[arg(long, value_name = "DAY|AGE")]
    pub(super) since: Option<String>,
    /// Only up to then; a day is meant whole.
    #[arg(long, value_name = "DAY|AGE")]
    pub(super) until: Option<String>,
}

/// Rows that a table for people shows: its columns are as wide as the widest, so it is kept until its end.
const IN_A_TABLE: u64 = 10_000;

/// Most workspaces that are named in one line.
const NAMED: usize = 10;

impl Look {
    /// Runs the command.
    pub async fn run(self, session: &Session<'_>, select: &Select) -> Result<Exit, Trouble> {
        let door = session.door;
        let mut wanted = Wanted::parse(&self, door.clock.now())?;
        let chosen = session.choose(select, Purpose::Read)?;
        remember(session, &mut wanted).await;
        let keys = session.keys(&chosen).await?;
        let targets = session.targets(&chosen, &keys);
        let deck = session.deck(None)?;
        open_files::for_talking_and_files(&deck, &targets, lane::AHEAD.min(targets.len()))?;
        let mut out = door.printer.data();
        let header = listing::header(None, "trail", &select.describe());
        let listing =
            Listing::begin(&mut out, session.format(), "trail", TRAIL, &header).map_err(tables::unwritable)?;
        let sheet = RefCell::new(Sheet {
            listing,
            most: (session.format() == Format::Table).then_some(IN_A_TABLE),
            turn: 0,
            rows: 0,
        });
        let mut seen = Seen {
            coverage: Coverage { asked: targets.len(), ..Coverage::default() },
            unseen: Vec::new(),
            nothing: Vec::new(),
            strangers: Vec::new(),
        };
        sweep(session, &deck, &targets, &wanted, &sheet, &mut seen).await?;
        let Sheet { listing, rows, most, .. } = sheet.into_inner();
        end(session, &deck, &wanted, listing, (rows, most), seen)
    }
}

/// Asks the ledger for the accounts of somebody; without it, those of the members alone are known.
async fn remember(session: &Session<'_>, wanted: &mut Wanted) {
    let Some(person) = wanted.person.clone() else { return };
    let printer = &session.door.printer;
    let known = async {
        let ledger = perform::open_ledger(session).await?;
        let known = ledger.accounts_of(&BTreeSet::from([person])).await;
        let _closed = ledger.close().await;
        known.map_err(|error| {
            let advice = error.advice();
            advice.into_iter().fold(Trouble::new(Exit::Output, error.to_string()), Trouble::advise)
        })
    };
    match known.await {
        Ok(accounts) => wanted.know(accounts),
        Err(trouble) => {
            printer.warn(&format!("which accounts the ledger knows is not known: {trouble}"));
            for advice in &trouble.advice {
                printer.hint(advice);
            }
        }
    }
}

/// What is gathered while workspaces are taken in their order.
struct Seen {
    coverage: Coverage,
    unseen: Vec<Unlisted>,
    /// Workspaces of which nothing is shown, and all was read.
    nothing: Vec<String>,
    /// Workspaces where no account of the person is known.
    strangers: Vec<String>,
}

/// The listing, and whose turn it is.
struct Sheet<'a> {
    listing: Listing<'a>,
    most: Option<u64>,
    turn: usize,
    rows: u64,
}

impl Sheet<'_> {
    fn row(&mut self, line: &TrailLine<'_>, stamp: &Stamp) -> io::Result<()> {
        self.rows += 1;
        if self.most.is_some_and(|most| self.rows > most) {
            return Ok(());
        }
        self.listing.row(&trail_row(line, stamp))
    }
}

/// Shows the records of one workspace, or keeps them until its turn has come.
struct Show<'a, 's> {
    sheet: &'a RefCell<Sheet<'s>>,
    wanted: &'a Wanted,
    target: &'a Target,
    state_dir: PathBuf,
    place: usize,
    people: Option<BTreeSet<UserId>>,
    stranger: bool,
    stamp: Option<Stamp>,
    spool: Spool,
    reader: Reader,
    shown: u64,
}

impl TrailTaker for Show<'_, '_> {
    async fn begin(&mut self, home: &TrailHome) -> io::Result<Option<TrailFilter>> {
        self.stamp = Some(Stamp::new(self.target.name.as_str(), home.identity.id.as_str(), home.at));
        self.people = self.wanted.people(home);
        self.stranger = self.people.as_ref().is_some_and(BTreeSet::is_empty);
        Ok((!self.stranger).then(|| self.wanted.filter()))
    }

    fn take(&mut self, line: &TrailLine<'_>) -> io::Result<()> {
        if !self.wanted.takes(line, self.people.as_ref(), &mut self.reader) {
            return Ok(());
        }
        self.shown += 1;
        let mut sheet = self.sheet.borrow_mut();
        if sheet.turn != self.place {
            return self.spool.keep(line, &self.state_dir);
        }
        if let Some(stamp) = &self.stamp {
            self.spool.empty(|kept| sheet.row(kept, stamp))?;
            sheet.row(line, stamp)?;
        }
        Ok(())
    }
}

/// How one lane ended.
struct LaneEnd {
    told: Result<TrailTold, LaneTrouble>,
    stamp: Option<Stamp>,
    spool: Spool,
    shown: u64,
    stranger: bool,
}

async fn sweep(
    session: &Session<'_>,
    deck: &Deck,
    targets: &[Target],
    wanted: &Wanted,
    sheet: &RefCell<Sheet<'_>>,
    seen: &mut Seen,
) -> Result<(), Trouble> {
    let watch = Watch::begin(&session.door.printer, deck, "reading", targets);
    let sweeping = async {
        let lanes = lane::in_turn(targets.iter().enumerate(), |(place, target)| {
            let show = Show {
                sheet,
                wanted,
                target,
                state_dir: session.state_dir(),
                place,
                people: None,
                stranger: false,
                stamp: None,
                spool: Spool::default(),
                reader: Reader::default(),
                shown: 0,
            };
            let watch = &watch;
            async move {
                let end = look(deck, target, wanted.person.is_some(), show).await;
                watch.ended(target.name.as_str(), !matches!(&end, Ok(LaneEnd { told: Ok(_), .. })));
                end
            }
        });
        let mut lanes = std::pin::pin!(lanes);
        for target in targets {
            let end = lanes.next().await.and_then(Result::ok).unwrap_or_else(|| Ok(LaneEnd::bug()));
            seen.take(sheet, target, end.map_err(tables::unwritable)?).map_err(tables::unwritable)?;
        }
        Ok(())
    };
    watch.around(deck.stop.unless_draining(sweeping)).await.ok_or_else(|| session.interrupted())?
}

async fn look(deck: &Deck, target: &Target, members: bool, mut show: Show<'_, '_>) -> io::Result<LaneEnd> {
    let told = match read_trail(deck, target, members, &mut show).await {
        Ok(told) => Ok(told),
        Err(TrailEnd::Lane(trouble)) => Err(trouble),
        Err(TrailEnd::Taker(error)) => return Err(error),
    };
    let Show { stamp, spool, shown, stranger, .. } = show;
    Ok(LaneEnd { told, stamp, spool, shown, stranger })
}

impl LaneEnd {
    fn bug() -> Self {
        Self { told: Err(LaneTrouble::bug()), stamp: None, spool: Spool::default(), shown: 0, stranger: false }
    }
}

impl Seen {
    /// Takes the workspace whose turn it is: what is kept of it is written, and the next one's turn comes.
    fn take(&mut self, sheet: &RefCell<Sheet<'_>>, target: &Target, end: LaneEnd) -> io::Result<()> {
        let LaneEnd { told, stamp, mut spool, shown, stranger } = end;
        let mut sheet = sheet.borrow_mut();
        if let Some(stamp) = &stamp {
            spool.empty(|kept| sheet.row(kept, stamp))?;
        }
        sheet.turn += 1;
        let (found, _) = told::cover(&mut self.coverage, target, told.as_ref());
        let members = told.ok().and_then(|told| told.home.members);
        if let Some(reason) = members.and_then(|members| members.incomplete) {
            let (workspace, listing) = (target.name.to_string(), "workspace-members".to_owned());
            self.unseen.push(Unlisted { workspace, listing, reason });
        }
        match found {
            _ if stranger => self.strangers.push(target.name.to_string()),
            Found::Empty | Found::Records if shown == 0 => self.nothing.push(target.name.to_string()),
            _ => {}
        }
        Ok(())
    }
}

fn end(
    session: &Session<'_>,
    deck: &Deck,
    wanted: &Wanted,
    listing: Listing<'_>,
    (rows, most): (u64, Option<u64>),
    seen: Seen,
) -> Result<Exit, Trouble> {
    let Seen { mut coverage, unseen, nothing, strangers } = seen;
    coverage.note_unseen(unseen);
    let exit = coverage.exit();
    let whole = coverage.is_complete();
    let count = usize::try_from(rows).unwrap_or(usize::MAX);
    let summary = closing::summary(
        deck,
        json!({
            "type": "summary",
            "exit": exit.code(),
            "outcome": meaning(exit),
            "rows": total(count, whole),
            "nothing_recorded": nothing,
            "keys_unnamed": wanted.unnamed(),
            "person_unknown": wanted.person.as_ref().map(|_| &strangers),
            "coverage": coverage.record(),
        }),
    );
    listing.end(&summary).map_err(tables::unwritable)?;
    let printer = &session.door.printer;
    tables::unread(printer, &coverage);
    say_nothing(printer, wanted, &nothing, &strangers);
    say_unnamed(printer, wanted, coverage.asked);
    if let Some(most) = most.filter(|most| rows > *most) {
        printer.warn(&format!(
            "{} more are not shown here",
            words::count(usize::try_from(rows - most).unwrap_or(usize::MAX), "record")
        ));
        printer.hint("narrow it with --since, --type, --person or --key; --format csv has every row");
    }
    closing::rows(printer, deck, &coverage, whole, &words::count(count, "record"));
    Ok(exit)
}

/// Says that what was asked for may not be at all: nothing recorded of a key that is none is no news of a key.
fn say_unnamed(printer: &Printer, wanted: &Wanted, asked: usize) {
    let unnamed = wanted.unnamed();
    if !unnamed.is_empty() {
        let keys = words::some(&unnamed, NAMED);
        let place = words::count(asked, "workspace");
        printer.warn(&format!(
            "no record that was read in {place} names the key {keys}, which says nothing of a key that is none"
        ));
        printer.hint("check the id: `keyholder keys` lists the keys there are, by id");
    }
    for code in wanted.wordless() {
        printer.warn(&format!("the code {code} has no word here: the vendor may have added it, or it may be none"));
        printer.hint("`keyholder help trail` has the words there are");
    }
}

/// Says where there is nothing, in words that say no more than is known.
fn say_nothing(printer: &Printer, wanted: &Wanted, nothing: &[String], strangers: &[String]) {
    if !nothing.is_empty() {
        let names = words::some(nothing, NAMED);
        if wanted.is_everything() {
            printer.say(&format!("no activity recorded: {names}"));
        } else {
            printer.say(&format!("nothing of that is recorded: {names}"));
        }
        printer.say("that is what the vendor's log tells, as far back as it goes; it has no word of members, roles, tags or groups");
    }
    if let (Some(person), false) = (&wanted.person, strangers.is_empty()) {
        let names = words::some(strangers, NAMED);
        printer.say(&format!(
            "no account of {person} is known in: {names}; what somebody did there who left before keyholder saw them cannot be told apart"
        ));
    }
}
