//! What an export came to: its rows, `export.json`, and what is said.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::store::Ended;
use super::{Sheet, second};
use crate::cli::args::Select;
use crate::cli::closing;
use crate::cli::session::Session;
use crate::cli::tables;
use crate::cli::trail::told::Found;
use crate::domain::{Table, WorkspaceId};
use crate::journal::Exported;
use crate::report::bulk::columns;
use crate::report::listing::{self, Format, Listing};
use crate::report::summary::{meaning, total};
use crate::report::trail_rows::{self, EXPORTED, ExportedRow};
use crate::run::{Deck, Target};
use crate::trouble::{Exit, Trouble};
use crate::ui::words;

/// What stands in `export.json` for whoever reads it years later.
const NOTE: &str = "No record before `first` was told by the vendor: that is where its retention or the plan begins, not where history \
                    begins. A record is kept as it was told first. Members, roles, owners, tags and groups are not in the vendor's log.";

/// How one workspace's export ended.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) found: Found,
    pub(super) why: Option<String>,
    pub(super) at: Option<Timestamp>,
    pub(super) ended: Option<Ended>,
}

/// All of them together.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    pub(super) added: u64,
    pub(super) known: u64,
    pub(super) records: u64,
}

/// What a workspace's files hold together.
#[derive(Debug, Clone, Copy, Default)]
struct Held {
    records: u64,
    bytes: u64,
    files: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

impl Held {
    fn of(exported: &Exported) -> Self {
        let mut held = Self::default();
        for file in exported.files.values() {
            held.records += file.rows;
            held.bytes += file.length;
            held.files += 1;
            held.first = held.first.into_iter().chain(file.first).min();
            held.last = held.last.max(file.last);
        }
        held
    }
}

/// Writes `export.json`, the rows and the summary, and says how it went.
pub(super) fn tell(
    session: &Session<'_>,
    deck: &Deck,
    targets: &[Target],
    sheet: Sheet<'_>,
    select: &Select,
) -> Result<Exit, Trouble> {
    let Sheet { folder, held, coverage, lines, mut sums, ledger: _ } = sheet;
    let printer = &session.door.printer;
    let exit = coverage.exit();
    let rows: Vec<ExportedRow> =
        targets.iter().enumerate().map(|(at, target)| row(target, lines.get(&at), &held)).collect();
    for line in lines.values() {
        if let Some(ended) = &line.ended {
            sums.added += ended.tally.added;
            sums.known += ended.tally.known;
        }
    }
    sums.records = rows.iter().map(|row| row.records).sum();
    let whole = coverage.is_complete();
    let record = json!({
        "updated_at": second(deck.clock.now()),
        "note": NOTE,
        "columns": columns(Table::Trail).iter().map(|column| column.name).collect::<Vec<_>>(),
        "coverage": coverage.record(),
        "records": total(usize::try_from(sums.records).unwrap_or(usize::MAX), whole),
        "workspaces": rows.iter().map(|row| listing::record("workspace", EXPORTED, &trail_rows::exported(row))).collect::<Vec<_>>(),
        "others": others(&held, targets),
    });
    folder.say(record).map_err(|error| {
        let what =
            format!("`export.json` in `{}` could not be written; the records are there", folder.path().display());
        Trouble::because(Exit::Output, what, error).advise("run the same command again: it adds no record twice")
    })?;

    let mut out = printer.data();
    let header = listing::header(None, "trail export", &select.describe());
    // The rows are about files: whoever asks for files of a form gets what is said of them in it too.
    let mut listing =
        Listing::begin(&mut out, session.format(), "exported", EXPORTED, &header).map_err(tables::unwritable)?;
    for row in &rows {
        listing.row(&trail_rows::exported(row)).map_err(tables::unwritable)?;
    }
    let summary = closing::summary(
        deck,
        json!({
            "type": "summary",
            "exit": exit.code(),
            "outcome": meaning(exit),
            "rows": total(rows.len(), whole),
            "added": total(usize::try_from(sums.added).unwrap_or(usize::MAX), whole),
            "records": total(usize::try_from(sums.records).unwrap_or(usize::MAX), whole),
            "folder": folder.path().display().to_string(),
            "coverage": coverage.record(),
        }),
    );
    listing.end(&summary).map_err(tables::unwritable)?;
    for (at, line) in &lines {
        for remark in line.ended.iter().flat_map(|ended| &ended.remarks) {
            printer.warn(&format!("{}: {remark}", targets[*at].name));
        }
    }
    tables::unread(printer, &coverage);
    empty(session, targets, &lines);
    let told = format!(
        "{}{} added, {} in `{}`; {} read whole",
        closing::at_least(whole),
        words::count(usize::try_from(sums.added).unwrap_or(usize::MAX), "record"),
        sums.records,
        folder.path().display(),
        closing::of_asked(&coverage),
    );
    closing::say(printer, deck, &told);
    if !whole {
        printer.hint(
            "what could not be read is asked for again by the next export: the same command goes on where it stood",
        );
    }
    Ok(exit)
}

fn row(target: &Target, line: Option<&Line>, held: &BTreeMap<WorkspaceId, Exported>) -> ExportedRow {
    let exported = target.pinned.as_ref().and_then(|id| held.get(id));
    let all = exported.map(Held::of).unwrap_or_default();
    let tally = line.and_then(|line| line.ended.as_ref()).map(|ended| ended.tally);
    let mut found = line.map_or(Found::Unreadable, |line| line.found);
    // What is asked for is only what may be new: that nothing is says nothing of what was there before.
    if found == Found::Empty && all.records > 0 {
        found = Found::Records;
    }
    ExportedRow {
        workspace: target.name.to_string(),
        workspace_id: target.pinned.as_ref().map(ToString::to_string),
        observed_at: line.and_then(|line| line.at).map(second),
        trail: found.as_str(),
        added: tally.map(|tally| tally.added),
        there_already: tally.map(|tally| tally.known),
        records: all.records,
        bytes: all.bytes,
        files: all.files,
        first: all.first.map(|at| at.to_string()),
        last: all.last.map(|at| at.to_string()),
        read_whole_at: exported.and_then(|exported| exported.complete_at).map(second),
        why: line.and_then(|line| line.why.clone()),
    }
}

/// What the folder holds of workspaces that were not selected this time.
fn others(held: &BTreeMap<WorkspaceId, Exported>, targets: &[Target]) -> Vec<Value> {
    let selected = |id: &WorkspaceId| targets.iter().any(|target| target.pinned.as_ref() == Some(id));
    let mut others: Vec<(&WorkspaceId, &Exported)> = held.iter().filter(|(id, _)| !selected(id)).collect();
    others.sort_by_key(|(_, exported)| &exported.folder);
    let one = |(id, exported): (&WorkspaceId, &Exported)| {
        let all = Held::of(exported);
        json!({
            "workspace": exported.folder,
            "workspace_id": id,
            "records": all.records,
            "bytes": all.bytes,
            "files": all.files,
            "first": all.first,
            "last": all.last,
            "read_whole_at": exported.complete_at.map(second),
        })
    };
    others.into_iter().map(one).collect()
}

/// Says whose trail is empty: nothing is wrong there, and nothing was ever recorded.
fn empty(session: &Session<'_>, targets: &[Target], lines: &BTreeMap<usize, Line>) {
    let empty =
        |line: &Line| line.found == Found::Empty && line.ended.as_ref().is_none_or(|ended| ended.held.files.is_empty());
    let names: Vec<String> =
        lines.iter().filter(|(_, line)| empty(line)).map(|(at, _)| targets[*at].name.to_string()).collect();
    if !names.is_empty() && session.format() == Format::Table {
        session.door.printer.say(&format!("no activity recorded: {}", words::some(&names, 10)));
    }
}
