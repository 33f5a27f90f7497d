//! What is told of a report: its files on standard output, what it lacks on standard error.

use serde_json::json;

use super::Report;
use super::asked::Asked;
use super::finish::Made;
use super::kept;
use crate::cli::session::Session;
use crate::cli::tables;
use crate::report::listing::{self, Listing};
use crate::report::summary::{meaning, rounded};
use crate::report::{Cell, Column, Coverage};
use crate::run::Deck;
use crate::trouble::{Exit, Trouble};
use crate::ui::words;

/// The columns: the files at the top of the folder.
pub const FILE: &[Column] = &[
    Column::shown("file"),
    Column::shown("rows"),
    Column::shown("exact"),
    Column::shown("bytes"),
    Column::detail("sha256"),
];

/// Tells what was written.
pub fn report(
    session: &Session<'_>,
    deck: &Deck,
    report: &Report,
    asked: &Asked,
    coverage: &Coverage,
    made: &Made,
) -> Result<Exit, Trouble> {
    let exit = coverage.exit();
    list(session, deck, coverage, Some(asked), made, exit)?;
    let printer = &session.door.printer;
    tables::unread(printer, coverage);
    let partial = coverage.asked - coverage.complete - coverage.unreadable.len();
    let lacks = match (partial, coverage.unreadable.len()) {
        (0, 0) => String::new(),
        (partial, unreadable) => format!(", {partial} in part, {unreadable} not at all"),
    };
    printer.say(&format!(
        "the report of {} is in {}: {} of {} whole{lacks}; {}; {} in {}",
        asked.period,
        report.out.display(),
        coverage.complete,
        words::count(coverage.asked, "workspace"),
        words::count(made.files, "file"),
        words::count(usize::try_from(deck.tally.requests()).unwrap_or(usize::MAX), "request"),
        words::duration(deck.clock.elapsed()),
    ));
    Ok(exit)
}

/// Tells that nothing could be read: there is no report.
pub fn nothing(session: &Session<'_>, deck: &Deck, coverage: &Coverage) -> Result<Exit, Trouble> {
    let exit = coverage.exit();
    let made = Made::default();
    list(session, deck, coverage, None, &made, exit)?;
    tables::unread(&session.door.printer, coverage);
    session.door.printer.insist("no workspace could be read, and no report was written");
    Ok(exit)
}

fn list(
    session: &Session<'_>,
    deck: &Deck,
    coverage: &Coverage,
    asked: Option<&Asked>,
    made: &Made,
    exit: Exit,
) -> Result<(), Trouble> {
    let mut out = session.door.printer.data();
    let selection = asked.map(|asked| asked.selection.clone()).unwrap_or_default();
    let header = listing::header(None, "report", &selection);
    let mut listing = Listing::begin(&mut out, session.format(), "file", FILE, &header).map_err(tables::unwritable)?;
    let merged = made.tables.iter().filter_map(|merged| {
        let name = kept::table_name(asked?, merged.table);
        Some([
            Cell::text(name),
            Cell::Number(merged.rows),
            Cell::Flag(merged.exact),
            Cell::Number(merged.file.bytes),
            Cell::text(merged.file.sha256.as_str()),
        ])
    });
    let others = made.others.iter().map(|(name, file)| {
        [
            Cell::text(name.as_str()),
            Cell::Nothing,
            Cell::Nothing,
            Cell::Number(file.bytes),
            Cell::text(file.sha256.as_str()),
        ]
    });
    for cells in merged.chain(others) {
        listing.row(&cells).map_err(tables::unwritable)?;
    }
    let summary = json!({
        "type": "summary",
        "exit": exit.code(),
        "outcome": meaning(exit),
        "files": made.files,
        "period": asked.map(|asked| json!({ "first": asked.period.first().to_string(), "last": asked.period.last().to_string() })),
        "coverage": coverage.record(),
        "requests": deck.tally.requests(),
        "throttled": deck.tally.throttled(),
        "seconds": rounded(deck.clock.elapsed().as_secs_f64()),
    });
    listing.end(&summary).map_err(tables::unwritable)
}
