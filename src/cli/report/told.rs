//! What is told of a report: its files on standard output, what it will take and what it lacks on standard error.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::asked::Asked;
use super::finish::Made;
use super::foretold::Requests;
use super::kept;
use crate::cli::closing;
use crate::cli::session::Session;
use crate::cli::tables;
use crate::report::bulk::Facts;
use crate::report::listing::{self, Listing};
use crate::report::summary::{meaning, rounded};
use crate::report::{Cell, Column, Coverage};
use crate::run::Deck;
use crate::trouble::{Exit, Trouble};
use crate::ui::{Printer, words};

/// The columns: the files at the top of the folder.
pub const FILE: &[Column] = &[
    Column::shown("file"),
    Column::shown("rows"),
    Column::shown("exact"),
    Column::shown("bytes"),
    Column::detail("sha256"),
];

/// How many workspaces of one trouble are named.
const NAMED: usize = 8;

/// Tells the plan of requests, before anything is sent.
pub fn beforehand(printer: &Printer, asked: &Asked, requests: &Requests, whole: usize) {
    let kinds: Vec<&str> = asked.kinds.iter().map(|kind| kind.as_str()).collect();
    printer.say(&format!("report of {} over {}", kinds.join(", "), asked.period));
    if whole > 0 {
        let read = words::count(whole, "workspace");
        printer.say(&format!("{read} were read whole before, and are not asked again"));
    }
    printer.say(&requests.say());
}

/// A report that came to its end.
#[derive(Debug)]
pub struct Told<'a> {
    /// The session.
    pub session: &'a Session<'a>,
    /// What the lanes shared.
    pub deck: &'a Deck,
    /// What was asked.
    pub asked: &'a Asked,
    /// What could be seen.
    pub coverage: &'a Coverage,
    /// What was seen of each workspace.
    pub facts: &'a [Facts],
    /// What was foretold.
    pub requests: Requests,
    /// How long the lanes took.
    pub reading: Duration,
    /// Where it was to go, as typed.
    pub out: &'a Path,
}

impl Told<'_> {
    /// Tells that nothing could be read: there is no report.
    pub fn nothing(&self) -> Result<Exit, Trouble> {
        self.list(&Made::default())?;
        let printer = &self.session.door.printer;
        tables::unread(printer, self.coverage);
        printer.insist("no workspace could be read, and no report was written");
        Ok(self.coverage.exit())
    }

    /// Tells what was written.
    pub fn report(&self, made: &Made) -> Result<Exit, Trouble> {
        let Self { session, deck, asked, coverage, facts: _, requests, reading, out } = self;
        self.list(made)?;
        let printer = &session.door.printer;
        tables::unread(printer, coverage);
        self.scopes_lacking();
        let partial = coverage.asked - coverage.complete - coverage.unreadable.len();
        let lacks = match (partial, coverage.unreadable.len()) {
            (0, 0) => String::new(),
            (partial, unreadable) => format!(", {partial} in part, {unreadable} not at all"),
        };
        printer.say(&format!(
            "the report of {} is in {}: {} of {} whole{lacks}; {}; {} ({}), read in {} ({} foretold), {} in all",
            asked.period,
            out.display(),
            coverage.complete,
            words::count(coverage.asked, "workspace"),
            words::count(made.files, "file"),
            words::count(usize::try_from(deck.tally.requests()).unwrap_or(usize::MAX), "request"),
            requests.say_after(deck.tally.requests()),
            words::duration(*reading),
            words::duration(requests.time),
            words::duration(deck.clock.elapsed()),
        ));
        Ok(coverage.exit())
    }

    /// Says which keys may not read what was asked, and what they need: those that need the same in one line.
    fn scopes_lacking(&self) {
        let mut names: BTreeMap<&[String], Vec<String>> = BTreeMap::new();
        for one in self.facts.iter().filter(|one| !one.scopes_lacking.is_empty()) {
            names.entry(&one.scopes_lacking).or_default().push(one.workspace.clone());
        }
        let printer = &self.session.door.printer;
        for (scopes, names) in &names {
            let scopes: Vec<String> = scopes.iter().map(|scope| format!("`{scope}`")).collect();
            printer.hint(&format!(
                "{}: for all that was asked the key needs {} too; scopes of a key cannot be changed, so make a new one (`keyholder help scopes`)",
                words::some(names, NAMED),
                scopes.join(", "),
            ));
        }
    }

    fn list(&self, made: &Made) -> Result<(), Trouble> {
        let Self { session, deck, asked, coverage, requests, reading, .. } = self;
        let mut out = session.door.printer.data();
        let header = listing::header(None, "report", &asked.selection);
        let mut listing =
            Listing::begin(&mut out, session.format(), "file", FILE, &header).map_err(tables::unwritable)?;
        let merged = made.tables.iter().map(|merged| {
            let (rows, exact) = (Cell::Number(merged.rows), Cell::Flag(merged.exact));
            (kept::table_name(asked, merged.table), rows, exact, &merged.file)
        });
        let others = made.others.iter().map(|(name, file)| (name.clone(), Cell::Nothing, Cell::Nothing, file));
        for (name, rows, exact, file) in merged.chain(others) {
            let cells = [Cell::text(name), rows, exact, Cell::Number(file.bytes), Cell::text(file.sha256.as_str())];
            listing.row(&cells).map_err(tables::unwritable)?;
        }
        let exit = coverage.exit();
        let day = |day: jiff::civil::Date| Value::from(day.to_string());
        let summary = closing::summary(
            deck,
            json!({
                "type": "summary",
                "exit": exit.code(),
                "outcome": meaning(exit),
                "files": made.files,
                "period": { "first": day(asked.period.first()), "last": day(asked.period.last()) },
                "coverage": coverage.record(),
                "foretold": requests.record(),
                "reading_seconds": rounded(reading.as_secs_f64()),
            }),
        );
        listing.end(&summary).map_err(tables::unwritable)
    }
}
