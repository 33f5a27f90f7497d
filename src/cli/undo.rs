//! `keyholder undo RUN`: draw what gives back what was there before a run, and apply it like any plan.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;

use super::args::{Approve, Select};
use super::change::{self, Drawn, Request};
use super::earlier::{Again, EarlierRun};
use super::keys::enrol::Enrol;
use super::reading::{self, Asked, Reading};
use super::session::Session;
use super::{Door, approval, perform};
use crate::domain::{Change, Keep};
use crate::journal::RunState;
use crate::plan::{Earlier, Ending, Observed, undo};
use crate::trouble::{Exit, Trouble};
use crate::ui::words;

/// Undo one run: draw what gives back what was there before, and apply it like any plan.
///
/// Who was invited is removed, a changed role is given back, who was removed is invited again and has to accept anew. Only what is
/// still as the run left it is touched; the rest stands in the plan as held, and why. Without a selection: all workspaces of the run.
#[derive(Debug, Args)]
#[command(after_help = "What can be undone and what cannot: `keyholder help undoing`.")]
pub struct Undo {
    /// A run's id, the beginning of one, or `last`.
    #[arg(value_name = "RUN", default_value = "last")]
    run: String,
    #[command(flatten)]
    select: Select,
    #[command(flatten)]
    approve: Approve,
}

impl Undo {
    /// Runs the command.
    pub async fn run(self, door: &Door<'_>) -> Result<Exit, Trouble> {
        approval::check(&self.approve)?;
        let session = Session::open(door)?;
        let guards = change::guards(&session, &self.approve)?;
        let ledger = perform::open_ledger(&session).await?;
        let run = EarlierRun::read(&ledger, &self.run).await?;
        // It is opened again below, with everything else a writing command needs.
        let _open = ledger.close().await;
        if run.row.state == RunState::Running {
            return Err(Trouble::new(
                Exit::TryLater,
                format!("run {} is being written right now; nothing was sent", run.row.id),
            )
            .advise("wait until it has ended, or stop it and settle it with `keyholder resume`; then undo it"));
        }
        talk(door, &run);
        let chosen = run.workspaces(&session, &self.select, Earlier::may_have_changed)?;
        let (deck, ledger, targets) = change::begin(&session, &self.approve, &chosen).await?;
        let rules = reading::rules(guards, &ledger, &deck, &targets, Asked::ToPlan).await?;
        let reading = run.read_again(&session, &deck, targets, Again::ToUndo).await?;
        let Reading { targets, observed, coverage, took, .. } = reading;
        let seen: Vec<(Observed, Vec<Earlier>)> = observed
            .iter()
            .map(|observed| {
                let steps = run.of(&observed.id).map_or_else(Vec::new, |past| past.steps.clone());
                (observed.clone(), steps)
            })
            .collect();
        let plan = undo::draw(&seen, run.row.id.as_str(), &rules);
        let drawn =
            Drawn { plan, targets, coverage, reading: took, observed, rules, leaving: None, enrol: Enrol::default() };
        let request =
            Request { command: "undo", select: &self.select, approve: &self.approve, undoes: Some(&run.row.id) };
        change::proceed(&session, &deck, &ledger, &request, drawn).await
    }
}

/// Says which run it is, and what of it there is to undo.
fn talk(door: &Door<'_>, run: &EarlierRun) {
    let row = &run.row;
    let say = |line: String| door.printer.say(&crate::report::cell::printable(&line));
    say(format!("undoing run {}: {}, by {}, begun {}", row.id, row.command, row.operator, row.started));
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for one in run.steps() {
        *counts.entry(kind(one.ending)).or_default() += 1;
    }
    let of = |what: &str| counts.get(what).copied().unwrap_or_default();
    let mut line = format!("{} took effect", words::count(of(APPLIED), "step"));
    let nothing: Vec<String> = [ALREADY, NOT_APPLIED]
        .into_iter()
        .filter(|what| of(what) > 0)
        .map(|what| format!("{} {what}", of(what)))
        .collect();
    if !nothing.is_empty() {
        line = format!("{line}; nothing to undo of {}", nothing.join(" and "));
    }
    if of(UNSETTLED) > 0 {
        line = format!("{line}; {} {UNSETTLED}: settle them with `keyholder resume {}` first", of(UNSETTLED), row.id);
    }
    say(line);
    for folder in folders(run) {
        say(format!(
            "the files with the secrets of its keys in {folder} stay: once the keys are gone, delete the files"
        ));
    }
    if row.state == RunState::Cut && row.planned > 0 {
        door.printer.warn(&format!(
            "the run did not come to its end: {} not sent, and resuming it would still send them",
            words::count(usize::try_from(row.planned).unwrap_or(usize::MAX), "step")
        ));
    }
}

/// The folders into which the run wrote secrets of keys that are there.
fn folders(run: &EarlierRun) -> BTreeSet<&str> {
    let applied = run.steps().filter(|one| kind(one.ending) == APPLIED);
    applied
        .filter_map(|one| match &one.step.change {
            Change::CreateKey { keep: Keep::Folder(folder), .. } => Some(folder.as_str()),
            _ => None,
        })
        .collect()
}

const APPLIED: &str = "applied";
const ALREADY: &str = "already so";
const NOT_APPLIED: &str = "not applied";
const UNSETTLED: &str = "without a known end";

fn kind(ending: Ending) -> &'static str {
    match ending {
        Ending::Applied { .. } => APPLIED,
        Ending::Already => ALREADY,
        Ending::NotApplied => NOT_APPLIED,
        Ending::Unsettled => UNSETTLED,
    }
}
