//! `keyholder show RUN`: one run, every step and its outcome.

use clap::Args;
use serde_json::json;

use super::session::Session;
use super::{Door, perform, tables};
use crate::domain::Change;
use crate::journal::{RunRow, RunState, State, StepRow};
use crate::report::listing::{self, Listing};
use crate::report::{Cell, Column};
use crate::trouble::{Exit, Trouble};

/// Show one run: who, why, which plan, every step and its outcome. Checks the run's hash chain.
#[derive(Debug, Args)]
pub struct Show {
    /// A run's id, the beginning of one, or `last`.
    #[arg(value_name = "RUN", default_value = "last")]
    run: String,
}

/// Columns of the steps of a run.
const STEP: &[Column] = &[
    Column::shown("workspace"),
    Column::detail("workspace_id"),
    Column::detail("id"),
    Column::shown("kind"),
    Column::shown("subject"),
    Column::shown("wanted"),
    Column::shown("state"),
    Column::shown("reason"),
    Column::detail("reason_code"),
    Column::detail("attempts"),
    Column::shown("changed_at"),
];

impl Show {
    /// Runs the command.
    pub async fn run(self, door: &Door<'_>) -> Result<Exit, Trouble> {
        let session = Session::open(door)?;
        let ledger = perform::open_ledger(&session).await?;
        let run = ledger.run(&self.run).await.map_err(|error| Trouble::advised(error.exit(), error))?;
        let steps = ledger.steps(&run.id).await.map_err(|error| Trouble::advised(error.exit(), error))?;
        let chain = ledger.verify_chain(&run.id).await.map_err(|broken| Trouble::advised(broken.exit(), broken))?;
        let header = ledger.header(&run.id).await.map_err(|error| Trouble::advised(error.exit(), error))?;
        let undoes = header["settings"]["undoes"].as_str();
        describe(door, &run, undoes);
        door.printer.say(&format!(
            "chain: {} entries, unbroken, head {}",
            chain.entries,
            chain.head.hash.get(..16).unwrap_or(&chain.head.hash)
        ));

        let mut out = door.printer.data();
        let header = listing::header(Some(run.id.as_str()), &run.command, &json!(null));
        let mut listing =
            Listing::begin(&mut out, session.format(), "step", STEP, &header).map_err(tables::unwritable)?;
        for step in &steps {
            listing.row(&cells(step)).map_err(tables::unwritable)?;
        }
        let summary = json!({
            "type": "summary",
            "run": run.id,
            "plan": run.plan,
            "approved_by": run.approved_by,
            "operator": run.operator,
            "reason": run.reason,
            "undoes": undoes,
            "started_at": run.started.to_string(),
            "ended_at": run.ended.map(|ended| ended.to_string()),
            "state": run.state.as_str(),
            "exit": run.exit,
            "outcome": run.outcome,
            "steps": run.counts.iter().map(|(outcome, count)| (outcome.as_str(), *count)).collect::<std::collections::BTreeMap<_, _>>(),
            "in_doubt": run.in_doubt,
            "not_sent": run.planned,
            "requests": run.requests,
            "chain": { "entries": chain.entries, "head": chain.head.hash },
        });
        listing.end(&summary).map_err(tables::unwritable)?;
        Ok(Exit::Complete)
    }
}

fn describe(door: &Door<'_>, run: &RunRow, undoes: Option<&str>) {
    // The operator's name and reason are what somebody typed.
    let say = |line: String| door.printer.say(&crate::report::cell::printable(&line));
    say(format!("run {}: {}, {}", run.id, run.command, run.state.as_str()));
    if let Some(undone) = undoes {
        say(format!("undoes {undone}"));
    }
    say(format!("by {}{}", run.operator, run.reason.as_ref().map_or(String::new(), |why| format!(", because: {why}"))));
    let ended = run.ended.map_or("no end".to_owned(), |ended| ended.to_string());
    say(format!("from {} to {ended}, keyholder {}", run.started, run.version));
    say(format!("plan {}, approved by {}", run.plan, run.approved_by));
    if let (Some(exit), Some(outcome)) = (run.exit, &run.outcome) {
        say(format!("exit {exit}: {outcome}"));
    }
    let count = |number: u64| crate::ui::words::count(usize::try_from(number).unwrap_or(usize::MAX), "step");
    if run.in_doubt > 0 {
        say(format!("started, without a known end: {}", count(run.in_doubt)));
    }
    if run.planned > 0 {
        say(format!("not sent: {}", count(run.planned)));
    }
    if run.in_doubt + run.planned > 0 && run.state != RunState::Running {
        say(format!("go on with `keyholder resume {}`", run.id));
    }
}

/// Says where a step stands: its outcome, or how far it came.
pub fn state(step: &StepRow) -> &'static str {
    match (step.state.outcome(), step.state) {
        (Some(outcome), _) => outcome.as_str(),
        (None, State::Planned) => "not sent",
        (None, state) => state.as_str(),
    }
}

/// Says what the step was to bring about; nothing where it is of a kind that is not known here.
fn wanted(step: &StepRow) -> Option<String> {
    let change: Change = serde_json::from_value(step.planned["change"].clone()).ok()?;
    Some(change.wanted())
}

fn cells(step: &StepRow) -> Vec<Cell<'_>> {
    vec![
        Cell::text(step.workspace.clone()),
        Cell::text(step.workspace_id.as_str()),
        Cell::text(step.id.as_str()),
        Cell::text(step.kind.clone()),
        Cell::text(step.subject.clone()),
        Cell::maybe(wanted(step)),
        Cell::text(state(step)),
        Cell::maybe(step.reason.clone()),
        Cell::maybe(step.reason_code.clone()),
        Cell::Number(u64::from(step.state.attempts())),
        Cell::text(step.changed.to_string()),
    ]
}
