//! The way of every writing command: observe, draw, show, approve, perform.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

use super::args::{Approve, Select};
use super::keys::enrol::Enrol;
use super::leaving::Leaving;
use super::reading::{self, Asked, Reading};
use super::session::{self, Session};
use super::{approval, open_files, perform, road, tables};
use crate::config::Purpose;
use crate::domain::fleet::FailureBudget;
use crate::domain::{Email, Guards, RunId, Workspace, WorkspaceName};
use crate::journal::Ledger;
use crate::plan::person::{self, Person};
use crate::plan::{Observed, Plan, Rules, Wish, draw};
use crate::report::Coverage;
use crate::run::{Deck, Target};
use crate::trouble::{Exit, Trouble};
use crate::ui::words;

/// A plan with what it was drawn from.
#[derive(Debug)]
pub struct Drawn {
    /// The plan.
    pub plan: Plan,
    /// The lanes it was drawn for, in config order.
    pub targets: Vec<Target>,
    /// What could be seen.
    pub coverage: Coverage,
    /// How long the reading took.
    pub reading: Duration,
    /// What it was drawn from.
    pub observed: Vec<Observed>,
    /// What its guards went by.
    pub rules: Rules,
    /// Who leaves, where it is about leaving.
    pub leaving: Option<Leaving>,
    /// What the register is told of keys that are made.
    pub enrol: Enrol,
}

impl Drawn {
    /// Counts the workspaces something will be sent to.
    fn written_to(&self) -> usize {
        let names = self.plan.items.iter().filter(|item| item.sends()).map(|item| item.step.workspace.as_str());
        names.collect::<BTreeSet<_>>().len()
    }
}

/// What a writing command wants, before anything was read.
#[derive(Debug)]
pub struct Request<'a> {
    /// Its name, for the ledger.
    pub command: &'static str,
    /// Which workspaces.
    pub select: &'a Select,
    /// How it is to be approved.
    pub approve: &'a Approve,
    /// The run it undoes.
    pub undoes: Option<&'a RunId>,
}

impl Request<'_> {
    /// Says what was selected, for records: an undoing is about the workspaces of a run.
    pub fn selection(&self) -> Value {
        let Some(run) = self.undoes else { return self.select.describe() };
        if self.select.is_empty() {
            return format!("run {run}").into();
        }
        let narrowed = self.select.selection().describe();
        format!("run {run} {}", narrowed.trim_start_matches("--all").trim_start()).trim_end().into()
    }

    /// Says what a plan file keeps of it: the command, and of an undoing the run.
    pub fn origin(&self) -> String {
        match self.undoes {
            Some(run) => format!("{UNDO}{run}"),
            None => self.command.to_owned(),
        }
    }
}

/// What stands before the run in the origin of a plan that undoes one.
const UNDO: &str = "undo ";

/// Returns the run that a saved plan undoes, from what its file keeps.
pub fn undone_by(origin: &str) -> Option<RunId> {
    RunId::parse(origin.strip_prefix(UNDO)?).ok()
}

/// Runs a writing command. `expected` are people who should be in some workspace already.
pub async fn run(
    session: &Session<'_>,
    request: &Request<'_>,
    wishes: impl Fn(&Workspace, &Observed) -> Vec<Wish>,
    expected: &BTreeSet<Email>,
) -> Result<Exit, Trouble> {
    approval::check(request.approve)?;
    let guards = guards(session, request.approve)?;
    let chosen = session.choose(request.select, Purpose::Write)?;
    let (deck, ledger, targets) = begin(session, request.approve, &chosen).await?;
    // Before anybody looks: what is settled only after the look was perhaps not there to be seen yet.
    let rules = reading::rules(guards, &ledger, &deck, &targets, Asked::ToPlan).await?;
    let Reading { targets, observed, coverage, took, .. } = Reading::take(session, &deck, targets).await?;
    let workspaces: BTreeMap<&WorkspaceName, &Workspace> =
        chosen.iter().map(|workspace| (&workspace.name, *workspace)).collect();
    let seen: Vec<(Observed, Vec<Wish>)> = observed
        .into_iter()
        .map(|observed| {
            let wishes = wishes(workspaces[&observed.workspace], &observed);
            (observed, wishes)
        })
        .collect();
    strays(session, &seen, expected);
    let plan = draw(&seen, &rules);
    let observed = seen.into_iter().map(|(observed, _)| observed).collect();
    let drawn =
        Drawn { plan, targets, coverage, reading: took, observed, rules, leaving: None, enrol: Enrol::default() };
    proceed(session, &deck, &ledger, request, drawn).await
}

/// Warns of people who should be somewhere and are nowhere: one letter wrong in a leaver's address would look like a clean end.
pub fn strays(session: &Session<'_>, seen: &[(Observed, Vec<Wish>)], expected: &BTreeSet<Email>) {
    for email in expected {
        if seen.iter().all(|(observed, _)| person::find(&observed.members, email) == Person::Nobody) {
            session.door.printer.warn(&format!(
                "{email} is in none of the {} that could be read; is the address right?",
                words::count(seen.len(), "workspace")
            ));
        }
    }
}

/// Warns where so many workspaces could not be read that nothing would be sent.
fn budget(session: &Session<'_>, drawn: &Drawn) {
    let (failed, asked) = (drawn.coverage.failed(), drawn.coverage.asked);
    let budget = drawn.rules.guards.max_failures;
    if budget.exceeded(failed, asked) {
        session.door.printer.warn(&format!(
            "{failed} of {} could not be read, more than `guards.max_failures` ({budget}) allows: nothing would be sent; leave \
             them out with --exclude, or raise it, for this run with --max-failures",
            words::count(asked, "workspace")
        ));
    }
}

/// Returns the guards of this run: those of the files, but for what was said otherwise on the command line.
pub fn guards(session: &Session<'_>, approve: &Approve) -> Result<Guards, Trouble> {
    let mut guards = session.fleet.guards.clone();
    guards.reached_over = session.fleet.reached_over();
    if let Some(text) = &approve.max_failures {
        guards.max_failures = FailureBudget::parse(text).ok_or_else(|| {
            Trouble::new(Exit::Usage, format!("`{text}` is not a failure budget (--max-failures); nothing was sent"))
                .advise("write a number of workspaces (7) or a part of them (10%)")
        })?;
    }
    Ok(guards)
}

/// Makes what a writing command needs before it reads: keys that can be had, lanes, the ledger.
pub async fn begin(
    session: &Session<'_>,
    approve: &Approve,
    chosen: &[&Workspace],
) -> Result<(Deck, Ledger, Vec<Target>), Trouble> {
    let deadline = match &approve.deadline {
        Some(text) => Some(session::duration("--deadline", text)?),
        None => None,
    };
    let keys = session.keys(chosen).await?;
    reading::keys_or_trouble(&keys, chosen)?;
    let mut targets = session.targets(chosen, &keys);
    let deck = session.deck(deadline)?;
    let ledger = perform::open_ledger(session).await?;
    session.know_keys(&ledger, &mut targets).await.map_err(|error| Trouble::advised(error.exit(), error))?;
    reading::after_a_lost_ledger(session, &deck, &ledger).await?;
    Ok((deck, ledger, targets))
}

/// Shows a drawn plan, has it approved and performs it, or stops where that was asked.
pub async fn proceed(
    session: &Session<'_>,
    deck: &Deck,
    ledger: &Ledger,
    request: &Request<'_>,
    drawn: Drawn,
) -> Result<Exit, Trouble> {
    let approve = request.approve;
    let door = session.door;
    let forecast = road::forecast(&drawn.plan, &drawn.targets, road::known(session, deck));
    let header = crate::report::listing::header(None, request.command, &request.selection());
    if approve.plan_only || approve.out.is_some() {
        let exit = tables::plan_exit(&drawn, approve.detailed_exitcode);
        tables::plan_to_stdout(&door.printer, session.format(), &header, deck, &drawn, &forecast, exit)?;
        tables::plan_talk(&door.printer, &drawn, &forecast);
        budget(session, &drawn);
        if let Some(path) = &approve.out {
            if door.path(path).exists() {
                door.printer.insist(&format!("`{}` is replaced by this plan", path.display()));
            }
            perform::save_plan(&door.path(path), &drawn, &request.origin())?;
            door.printer.say(&format!("saved; apply it with `keyholder apply {}`", path.display()));
        }
        return Ok(exit);
    }
    let asks = !approve.yes && approve.confirm.is_none();
    tables::plan_to_stderr(&door.printer, &drawn, asks)?;
    tables::plan_talk(&door.printer, &drawn, &forecast);
    budget(session, &drawn);
    // Before anybody is asked: an approval that cannot be used is a nuisance.
    open_files::for_writing(deck, &drawn.targets, drawn.written_to())?;
    let asked = deck.clock.instant();
    let approval = approval::approve(session, approve, &drawn.plan).await?;
    // The deadline is the run's; a person may take as long as they like over the plan.
    let thought = deck.clock.instant().duration_since(asked);
    let deck = Deck { deadline: deck.deadline + thought, ..deck.clone() };
    perform::perform(session, &deck, ledger, request, drawn, &approval, &forecast).await
}
