//! What is told of a report: its files on standard output, what it will take and what it lacks on standard error.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::asked::Asked;
use super::finish::Made;
use super::foretold::Requests;
use super::kept;
use crate::cli::session::Session;
use crate::cli::tables;
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
        let Self { session, deck, asked, coverage, requests, reading, out } = self;
        self.list(made)?;
        let printer = &session.door.printer;
        tables::unread(printer, coverage);
        let partial = coverage.asked - coverage.complete - coverage.unreadable.len();
        let lacks = match (partial, coverage.unreadable.len()) {
            (0, 0) => String::new(),
            (partial, unreadable) => format!(", {partial} in part, {unreadable} not at all"),
        };
        printer.say(&format!(
            "the report of {} is in {}: {} of {} whole{lacks}; {}; {} ({}{} foretold), read in {} ({} foretold), {} in all",
            asked.period,
            out.display(),
            coverage.complete,
            words::count(coverage.asked, "workspace"),
            words::count(made.files, "file"),
            words::count(usize::try_from(deck.tally.requests()).unwrap_or(usize::MAX), "request"),
            if requests.forecast.exact { "" } else { "at least " },
            requests.forecast.requests,
            words::duration(*reading),
            words::duration(requests.time),
            words::duration(deck.clock.elapsed()),
        ));
        Ok(coverage.exit())
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
        let summary = json!({
            "type": "summary",
            "exit": exit.code(),
            "outcome": meaning(exit),
            "files": made.files,
            "period": { "first": day(asked.period.first()), "last": day(asked.period.last()) },
            "coverage": coverage.record(),
            "foretold": requests.record(),
            "reading_seconds": rounded(reading.as_secs_f64()),
            "requests": deck.tally.requests(),
            "throttled": deck.tally.throttled(),
            "limit": deck.used(),
            "seconds": rounded(deck.clock.elapsed().as_secs_f64()),
        });
        listing.end(&summary).map_err(tables::unwritable)
    }
}
