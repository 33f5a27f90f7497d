//! `keyholder runs`: the runs in the ledger, newest first; `runs prune` removes the oldest.

mod prune;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::session::Session;
use super::{Door, perform, tables};
use crate::journal::{Pruned, RunRow};
use crate::report::listing::{self, Listing};
use crate::report::{Cell, rows};
use crate::trouble::{Exit, Trouble};

/// List the runs in the ledger, newest first.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Runs {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// At most so many.
    #[arg(long, default_value_t = 50, value_name = "N")]
    limit: u32,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Remove whole runs from the old end of the ledger; what remains can still be proven.
    Prune(prune::Prune),
}

impl Runs {
    /// Runs the command.
    pub async fn run(self, door: &Door<'_>) -> Result<Exit, Trouble> {
        if let Some(Verb::Prune(prune)) = self.verb {
            return prune.run(door).await;
        }
        let session = Session::open(door)?;
        let ledger = perform::open_ledger(&session).await?;
        let runs = ledger.runs(self.limit).await.map_err(|error| Trouble::advised(Exit::Output, error))?;
        let pruned = ledger.pruned().await.map_err(|error| Trouble::advised(error.exit(), error))?;
        let mut out = door.printer.data();
        let header = listing::header(None, "runs", &Value::Null);
        let mut listing =
            Listing::begin(&mut out, session.format(), "run", rows::RUN, &header).map_err(tables::unwritable)?;
        for run in &runs {
            listing.row(&cells(run)).map_err(tables::unwritable)?;
        }
        let summary =
            json!({ "type": "summary", "runs": runs.len(), "pruned": pruned.iter().map(record).collect::<Vec<_>>() });
        listing.end(&summary).map_err(tables::unwritable)?;
        for one in &pruned {
            door.printer.say(&crate::report::cell::printable(&prune::told(one)));
        }
        if runs.is_empty() {
            door.printer.say("no run is in the ledger yet");
        }
        Ok(Exit::Complete)
    }
}

fn record(pruned: &Pruned) -> Value {
    let Pruned { at, operator, reason, runs, entries, first_run, last_run, last_started } = pruned;
    json!({
        "at": at.to_string(),
        "operator": operator,
        "reason": reason,
        "runs": runs,
        "entries": entries,
        "first_run": first_run,
        "last_run": last_run,
        "last_started_at": last_started.to_string(),
    })
}

/// Makes the row of one run.
pub fn cells(run: &RunRow) -> Vec<Cell<'_>> {
    let mut counts: Vec<String> = run
        .counts
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(outcome, count)| format!("{count} {outcome}"))
        .collect();
    for (count, what) in [(run.in_doubt, "in doubt"), (run.planned, "not sent")] {
        if count > 0 {
            counts.push(format!("{count} {what}"));
        }
    }
    vec![
        Cell::text(run.id.as_str()),
        Cell::text(run.started.to_string()),
        Cell::text(run.command.clone()),
        Cell::text(run.operator.clone()),
        Cell::text(run.state.as_str()),
        Cell::text(counts.join(", ")),
        run.exit.map_or(Cell::Nothing, |exit| Cell::Number(u64::from(exit))),
        Cell::maybe(run.reason.clone()),
        Cell::maybe(run.ended.map(|ended| ended.to_string())),
        Cell::text(run.plan.as_str()),
    ]
}
