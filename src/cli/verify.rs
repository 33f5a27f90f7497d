//! `keyholder verify RUN`: read again what a run changed, and say what still holds.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::{Value, json};

use super::args::Select;
use super::earlier::{Again, EarlierRun};
use super::reading::Reading;
use super::session::Session;
use super::{Door, closing, perform, show, tables};
use crate::domain::{Workspace, WorkspaceId};
use crate::journal::{RunState, StepRow};
use crate::plan::holds::{self, Finding, Word};
use crate::plan::{Earlier, Observed};
use crate::report::listing::{self, Listing};
use crate::report::summary::{meaning, total};
use crate::report::{Cell, Column, Coverage, Unlisted};
use crate::run::Deck;
use crate::trouble::{Exit, Trouble};
use crate::ui::words;

/// Read again what one run changed: what still holds, and what has drifted.
///
/// Checks the run's hash chain first, and sends nothing but reads. Without a selection: all workspaces of the run.
#[derive(Debug, Args)]
#[command(after_help = "What the words of the column `state` mean: `keyholder help undoing`.")]
pub struct Verify {
    /// A run's id, the beginning of one, or `last`.
    #[arg(value_name = "RUN", default_value = "last")]
    run: String,
    /// Exit 10 when anything has drifted or took effect late.
    #[arg(long)]
    detailed_exitcode: bool,
    #[command(flatten)]
    select: Select,
}

/// Columns of the listing.
const VERIFIED: &[Column] = &[
    Column::shown("workspace"),
    Column::detail("workspace_id"),
    Column::detail("id"),
    Column::shown("kind"),
    Column::shown("subject"),
    Column::shown("wanted"),
    Column::shown("ended"),
    Column::shown("state"),
    Column::shown("how"),
    Column::detail("read_at"),
];

/// What is said of one step.
struct Line<'a> {
    workspace: &'a str,
    row: &'a StepRow,
    one: &'a Earlier,
    finding: Finding,
}

impl Verify {
    /// Runs the command.
    pub async fn run(self, door: &Door<'_>) -> Result<Exit, Trouble> {
        let session = Session::open(door)?;
        let ledger = perform::open_ledger(&session).await?;
        let run = EarlierRun::read(&ledger, &self.run).await?;
        let header = ledger.header(&run.row.id).await.map_err(|error| Trouble::advised(error.exit(), error))?;
        let then = Coverage::from_record(&header["settings"]["coverage"]);
        if run.row.state == RunState::Running {
            door.printer.warn("the run is being written right now: what it has yet to do is shown as not applied");
        }
        let chosen = run.workspaces(&session, &self.select, |_| true)?;
        let keys = session.keys(&chosen).await?;
        let deck = session.deck(None)?;
        let mut targets = session.targets(&chosen, &keys);
        session.know_keys(&ledger, &mut targets).await.map_err(|error| Trouble::advised(error.exit(), error))?;
        let _open = ledger.close().await;
        let mut reading = run.read_again(&session, &deck, targets, Again::ToCompare).await?;
        let lines = compare(&run, &chosen, &reading);
        let unseen: Vec<Unlisted> = unlisted(&lines, &reading.coverage).collect();
        reading.coverage.note_unseen(unseen);
        never_planned(door, &then);
        self.show(&session, &deck, &run, &reading.coverage, &lines)
    }

    fn show(
        &self,
        session: &Session<'_>,
        deck: &Deck,
        run: &EarlierRun,
        coverage: &Coverage,
        lines: &[Line<'_>],
    ) -> Result<Exit, Trouble> {
        let printer = &session.door.printer;
        let mut counts: BTreeMap<Word, usize> = Word::ALL.into_iter().map(|word| (word, 0)).collect();
        for line in lines {
            *counts.entry(line.finding.word).or_default() += 1;
        }
        let findings: usize = counts.iter().filter(|(word, _)| word.is_finding()).map(|(_, count)| count).sum();
        let exit = match coverage.exit() {
            Exit::Complete if findings > 0 && self.detailed_exitcode => Exit::Changes,
            exit => exit,
        };
        let selection = if self.select.is_empty() { Value::Null } else { self.select.describe() };
        let header = listing::header(Some(run.row.id.as_str()), "verify", &selection);
        let read_at = deck.clock.now().to_string();
        let mut out = printer.data();
        let mut write = || -> std::io::Result<()> {
            let mut listing = Listing::begin(&mut out, session.format(), "verified", VERIFIED, &header)?;
            for line in lines {
                listing.row(&cells(line, &read_at))?;
            }
            let exact = coverage.is_complete();
            let states: BTreeMap<&str, Value> =
                counts.iter().map(|(word, count)| (word.as_str(), total(*count, exact))).collect();
            listing.end(&closing::summary(
                deck,
                json!({
                    "type": "summary",
                    "exit": exit.code(),
                    "outcome": meaning(exit),
                    "run": run.row.id,
                    "states": states,
                    "coverage": coverage.record(),
                }),
            ))
        };
        write().map_err(tables::unwritable)?;
        tables::unread(printer, coverage);
        let told: Vec<String> = counts
            .iter()
            .filter(|(_, count)| **count > 0)
            .map(|(word, count)| format!("{count} {}", word.as_str().replace('_', " ")))
            .collect();
        let told = if told.is_empty() { "no step to look at".to_owned() } else { told.join(", ") };
        printer.insist(&format!(
            "run {}: {told}; chain unbroken; {} of {} read whole",
            run.row.id,
            coverage.complete,
            words::count(coverage.asked, "workspace"),
        ));
        Ok(exit)
    }
}

/// Says of every step of the chosen workspaces what became of it, in config order.
fn compare<'a>(run: &'a EarlierRun, chosen: &'a [&'a Workspace], reading: &Reading) -> Vec<Line<'a>> {
    let seen: BTreeMap<&WorkspaceId, &Observed> =
        reading.observed.iter().map(|observed| (&observed.id, observed)).collect();
    let mut lines = Vec::new();
    for workspace in chosen {
        let Some((id, past)) = workspace.id.as_ref().and_then(|id| Some((id, run.of(id)?))) else { continue };
        let unread = reading.coverage.unreadable.iter().find(|lane| lane.workspace == workspace.name.as_str());
        let findings = match (unread, seen.get(id)) {
            (None, Some(observed)) => holds::compare(&past.steps, observed),
            (lane, _) => {
                let why = lane.map_or("it was not read", |lane| &lane.reason);
                past.steps.iter().map(|_| holds::unseen(why)).collect()
            }
        };
        for ((row, one), finding) in past.rows.iter().zip(&past.steps).zip(findings) {
            lines.push(Line { workspace: workspace.name.as_str(), row, one, finding });
        }
    }
    lines
}

/// Names what could not be seen of what a step was about, in a workspace whose members were read.
fn unlisted<'a>(lines: &'a [Line<'_>], coverage: &'a Coverage) -> impl Iterator<Item = Unlisted> {
    let seen = |line: &&Line<'_>| {
        let told = coverage.partial.iter().map(|(name, _)| name.as_str());
        let mut told = told.chain(coverage.unreadable.iter().map(|lane| lane.workspace.as_str()));
        told.all(|name| name != line.workspace)
    };
    lines.iter().filter(|line| line.finding.word == Word::Unseen).filter(seen).map(|line| Unlisted {
        workspace: line.workspace.to_owned(),
        listing: line.row.kind.clone(),
        reason: line.finding.how.clone().unwrap_or_default(),
    })
}

/// Names the workspaces of which nothing was planned, because they could not be read then: no step of theirs can be verified.
fn never_planned(door: &Door<'_>, then: &Coverage) {
    let unread: Vec<String> = then.unreadable.iter().map(|lane| lane.workspace.clone()).collect();
    if !unread.is_empty() {
        door.printer.warn(&format!(
            "when the run was planned, {} could not be read, and nothing was planned there: {}; run the command again for them",
            words::count(unread.len(), "workspace"),
            words::some(&unread, 10)
        ));
    }
}

fn cells<'a>(line: &'a Line<'_>, read_at: &'a str) -> Vec<Cell<'a>> {
    vec![
        Cell::text(line.workspace),
        Cell::text(line.row.workspace_id.as_str()),
        Cell::text(line.row.id.as_str()),
        Cell::text(line.row.kind.as_str()),
        Cell::text(line.row.subject.as_str()),
        Cell::text(line.one.step.change.wanted()),
        Cell::text(show::state(line.row)),
        Cell::text(line.finding.word.as_str()),
        Cell::maybe(line.finding.how.as_deref()),
        Cell::text(read_at),
    ]
}
