//! `keyholder runs prune --older-than AGE`: old runs leave the ledger, shown and approved first.

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::cli::approval::answer;
use crate::cli::{Door, perform, session, tables};
use crate::journal::{Prunable, PruneNote, PruneStop, Pruned, YOUNGEST};
use crate::report::listing::{self, Listing};
use crate::report::{Cell, Column};
use crate::trouble::{Exit, Trouble};
use crate::ui::words;

/// Remove whole runs from the old end of the ledger: those that ended before, as far as they are settled.
#[derive(Debug, Args)]
#[command(
    after_help = "Take `keyholder evidence RUN` of what must be kept first: a removed run cannot be shown, proven or undone, and\n`keyholder leavers` does not look for who left by it. See `keyholder help ledger`."
)]
pub(super) struct Prune {
    /// Age of what goes, such as `400d`; two days at least.
    #[arg(long, value_name = "AGE")]
    older_than: String,
    /// Show what would go and stop.
    #[arg(long)]
    plan_only: bool,
    /// Remove without asking.
    #[arg(long, conflicts_with = "plan_only")]
    yes: bool,
    /// Why, for the ledger.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Columns of what goes.
const GOES: &[Column] =
    &[Column::shown("run"), Column::shown("started_at"), Column::shown("ended_at"), Column::shown("entries")];

impl Prune {
    /// Runs the command.
    pub(super) async fn run(self, door: &Door<'_>) -> Result<Exit, Trouble> {
        let before = self.before(door)?;
        let ledger = perform::open_root_ledger(door).await?;
        let shown = ledger.prunable(before).await.map_err(|broken| {
            let what = Trouble::advised(broken.exit(), broken);
            what.advise("nothing was removed: a broken chain is not swept away")
        })?;
        describe(door, &shown, before);
        if !shown.runs.is_empty() && !self.plan_only {
            approve(door, self.yes, &shown).await?;
            let note = PruneNote {
                operator: door.operator(),
                reason: self.reason.clone(),
                version: env!("CARGO_PKG_VERSION"),
            };
            let removed = ledger.prune(&shown, &note).await.map_err(|error| Trouble::advised(error.exit(), error))?;
            door.printer.say(&format!(
                "{} removed; the chain of what remains holds as before",
                words::count(usize::try_from(removed).unwrap_or(usize::MAX), "run")
            ));
        }
        list(door, &shown, self.plan_only)?;
        Ok(Exit::Complete)
    }

    /// Returns the moment before which a run must have ended.
    fn before(&self, door: &Door<'_>) -> Result<Timestamp, Trouble> {
        let age = session::duration("--older-than", &self.older_than)?;
        let age = SignedDuration::try_from(age).unwrap_or(SignedDuration::MAX);
        if age < YOUNGEST {
            return Err(Trouble::new(Exit::Usage, format!("`{}` is less than two days", self.older_than))
                .advise("younger runs stay: the limit of removals per day counts what they removed"));
        }
        // An age beyond all time is older than any run.
        Ok(door.clock.now().checked_sub(age).unwrap_or(Timestamp::MIN))
    }
}

/// Says what would go, and what stops it.
fn describe(door: &Door<'_>, shown: &Prunable, before: Timestamp) {
    let printer = &door.printer;
    match (shown.runs.first(), shown.runs.last()) {
        (Some(first), Some(last)) => printer.say(&format!(
            "{} of {} can go: begun from {:.0} to {:.0}, ended before {before:.0}",
            words::count(shown.runs.len(), "run"),
            shown.runs.len() as u64 + shown.remaining,
            first.started,
            last.started,
        )),
        _ => printer.say(&format!("no run can go that ended before {before:.0}")),
    }
    if let Some((run, stop)) = &shown.stop {
        let why = match stop {
            PruneStop::Young => "it is younger".to_owned(),
            PruneStop::Running => "it is being written now".to_owned(),
            PruneStop::Cut => "it was cut; `keyholder resume` brings it to its end".to_owned(),
            PruneStop::Unsettled(steps) => format!(
                "nobody knows how {} of it ended; `keyholder resume` settles that",
                words::count(usize::try_from(*steps).unwrap_or(usize::MAX), "step")
            ),
        };
        let behind = shown.remaining.saturating_sub(1);
        printer.say(&format!("run {run} stays, and {behind} behind it: {why}"));
    }
}

async fn approve(door: &Door<'_>, yes: bool, shown: &Prunable) -> Result<(), Trouble> {
    let printer = &door.printer;
    printer.hint("what is removed cannot be shown, proven or undone any more: take `keyholder evidence RUN` first");
    let declined = |what: &str| Trouble::new(Exit::NotApproved, format!("{what}; nothing was removed"));
    if yes {
        return Ok(());
    }
    if !(door.env.stdin_is_terminal && door.env.stderr_is_terminal) {
        return Err(declined("nobody is there to approve it").advise("look at it with --plan-only, then add --yes"));
    }
    let question = format!("Remove {} from the ledger? Type yes: ", words::count(shown.runs.len(), "run"));
    let typed = answer(door, &question).await;
    if door.stop.is_draining() {
        return Err(Trouble::new(Exit::Interrupted, "stopped; nothing was removed"));
    }
    if typed.trim().eq_ignore_ascii_case("yes") { Ok(()) } else { Err(declined("not approved")) }
}

fn list(door: &Door<'_>, shown: &Prunable, plan_only: bool) -> Result<(), Trouble> {
    let mut out = door.printer.data();
    let header = listing::header(None, "runs prune", &json!(null));
    let mut listing = Listing::begin(&mut out, door.format(), "run", GOES, &header).map_err(tables::unwritable)?;
    for run in &shown.runs {
        let cells = [
            Cell::text(run.id.as_str()),
            Cell::text(run.started.to_string()),
            Cell::text(run.ended.to_string()),
            Cell::Number(run.entries),
        ];
        listing.row(&cells).map_err(tables::unwritable)?;
    }
    let summary = json!({
        "type": "summary",
        "runs": shown.runs.len(),
        "removed": if plan_only { 0 } else { shown.runs.len() },
        "remaining": if plan_only { shown.remaining + shown.runs.len() as u64 } else { shown.remaining },
        "stopped_by": shown.stop.as_ref().map(|(run, _)| run),
    });
    listing.end(&summary).map_err(tables::unwritable)
}

/// Says that runs were removed before.
pub(super) fn told(pruned: &Pruned) -> String {
    let Pruned { at, operator, reason, runs, last_started, .. } = pruned;
    let runs = words::count(usize::try_from(*runs).unwrap_or(usize::MAX), "run");
    let because = reason.as_ref().map_or_else(String::new, |why| format!(", because: {why}"));
    format!("{runs} begun until {last_started:.0} were pruned by {operator} on {at:.0}{because}")
}
