//! `keyholder resume [RUN]`: go on with a run that did not come to its end.
//!
//! The plan was approved when the run began, so nobody is asked again; everything else is checked again: the chain, the plan's id,
//! who the workspaces are, the guards of today. What may have taken effect is looked for before anything is decided.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;

use super::aftermath::Aftermath;
use super::args::{Approve, Select};
use super::change::{self, Drawn, Request};
use super::events::Events;
use super::keys::create;
use super::keys::enrol::{self, Enrol};
use super::reading::{Asked, Column};
use super::recall::{self, Recall};
use super::session::{self, Session};
use super::watch::Watch;
use super::{Door, approval, open_files, perform, reading, road};
use crate::config::Selection;
use crate::domain::{Change, Held, HeldReason, Outcome, RunId, StepId, Workspace};
use crate::journal::{KeyDid, Ledger, LedgerError, Record, RunState};
use crate::plan::Rules;
use crate::run::{
    Deck, LaneEnd, LaneTrouble, Onward, Ring, Sight, Standing, StepEnd, TagQuest, Target, Task, Work, observe,
    observe_keys, observe_links, observe_tags,
};
use crate::trouble::{Exit, Trouble};
use crate::ui::words;

/// Go on with a run that did not come to its end: looks for what may have taken effect, then sends what is missing.
#[derive(Debug, Args)]
#[command(after_help = "The plan was approved when the run began: nobody is asked again. See `help resume`.")]
pub struct Resume {
    /// A run's id, the beginning of one, or `last`; without it, the last one that is not finished.
    #[arg(value_name = "RUN")]
    run: Option<String>,
    /// Only find out what became of the steps in doubt; send nothing.
    #[arg(long)]
    settle_only: bool,
    /// Workspaces to leave out: their steps stay as they are, and not one request goes there.
    #[arg(short = 'x', long = "exclude", value_name = "GLOB")]
    exclude: Vec<String>,
    /// More workspaces that may fail than when the run began, such as `7` or `10%`.
    #[arg(long, value_name = "N|P%")]
    max_failures: Option<String>,
    /// Longest run, such as `30m`; lanes beyond it are parked.
    #[arg(long, value_name = "DURATION")]
    deadline: Option<String>,
    /// Append the run's records to this file, one a line.
    #[arg(long, value_name = "FILE")]
    events: Option<std::path::PathBuf>,
    /// Wait for a workspace another run is writing to, instead of giving up.
    #[arg(long)]
    wait: bool,
}

/// The lanes of a run that goes on.
#[derive(Debug, Default)]
struct Lanes {
    /// Those that can be spoken to.
    work: Vec<Work>,
    /// Those that cannot, or are left out: ended as they stood.
    left: Vec<LaneEnd>,
}

impl Resume {
    /// Runs the command.
    pub async fn run(self, door: &Door<'_>) -> Result<Exit, Trouble> {
        let session = Session::open(door)?;
        let ledger = perform::open_ledger(&session).await?;
        let Some(id) = self.find(&session, &ledger).await? else { return Ok(Exit::Complete) };
        let recall = Recall::of(&ledger, id.as_str()).await?;
        if recall.is_finished() {
            return Ok(finished(door, &recall));
        }
        let deadline = match &self.deadline {
            Some(text) => Some(session::duration("--deadline", text)?),
            None => None,
        };
        let leave_out = self.leave_out(&recall)?;
        let chosen = recall.workspaces(&session, &leave_out)?;
        let keys = session.keys(&chosen).await?;
        // A key that cannot be had is its lane's trouble: what the others have open must not wait for it.
        let mut targets = session.targets(&chosen, &keys);
        session.know_keys(&ledger, &mut targets).await.map_err(|error| Trouble::advised(error.exit(), error))?;
        let mut deck = session.deck(deadline)?;
        // What the run sent may land as late as was thought when it was sent.
        deck.settle = deck.settle.max(recall.settle());
        open_files::for_writing(&deck, &targets, targets.len())?;
        let _locks = perform::lock(&session, &deck, &targets, &id, self.wait).await?;
        // While the locks were waited for, somebody else may have gone on with it.
        let recall = Recall::of(&ledger, id.as_str()).await?;
        if recall.is_finished() {
            return Ok(finished(door, &recall));
        }
        self.secrets_have_a_place(door, &recall, &leave_out)?;
        self.go_on(&session, &deck, &ledger, recall, &chosen, targets).await
    }

    /// Makes sure, before anything is sent, that the secret of every key that may still be made has a place to go to: a key whose answer was
    /// lost is deleted and made again.
    fn secrets_have_a_place(&self, door: &Door<'_>, recall: &Recall, leave_out: &Selection) -> Result<(), Trouble> {
        if self.settle_only {
            return Ok(());
        }
        let kept = |task: &Task| matches!(task.past.making.did, Some(KeyDid::Stored));
        let may_be_made = recall.open.iter().filter(|task| !leave_out.excludes(&task.step.workspace) && !kept(task));
        let changes: Vec<&Change> = may_be_made.map(|task| &task.step.change).collect();
        if changes.iter().any(|change| create::shows_when_made(change)) {
            create::needs_a_terminal(door)?;
        }
        create::check_folders_of(changes.into_iter())
    }

    /// Reads which workspaces are left out; each pattern must mean one that has open steps.
    fn leave_out(&self, recall: &Recall) -> Result<Selection, Trouble> {
        for pattern in &self.exclude {
            let one = Selection { exclude: vec![pattern.clone()], ..Selection::default() };
            if !recall.open.iter().any(|task| one.excludes(&task.step.workspace)) {
                let what = format!("`-x {pattern}` matches no workspace with an open step of run {}", recall.run.id);
                return Err(Trouble::new(Exit::Selection, what)
                    .advise(format!("`keyholder show {}` lists its steps with their workspaces", recall.run.id)));
            }
        }
        Ok(Selection { exclude: self.exclude.clone(), ..Selection::default() })
    }

    /// Finds the run that is meant; none where there is nothing to resume.
    async fn find(&self, session: &Session<'_>, ledger: &Ledger) -> Result<Option<RunId>, Trouble> {
        let failed = |error: LedgerError| Trouble::advised(error.exit(), error);
        lost(session, ledger, self.run.as_deref()).await?;
        let busy = |run: &RunId| {
            Trouble::new(Exit::TryLater, format!("run {run} is still going on; nothing was sent"))
                .advise("wait for it to end; it says how to go on, if that is needed")
        };
        if let Some(asked) = &self.run {
            let run = ledger.run(asked).await.map_err(failed)?;
            return if run.state == RunState::Running { Err(busy(&run.id)) } else { Ok(Some(run.id)) };
        }
        let mut unfinished = ledger.unfinished().await.map_err(failed)?;
        let Some(place) = unfinished.iter().position(|run| run.state != RunState::Running) else {
            if let Some(run) = unfinished.first() {
                return Err(busy(&run.id));
            }
            nothing(session, ledger).await?;
            return Ok(None);
        };
        Ok(Some(unfinished.swap_remove(place).id))
    }

    async fn go_on(
        &self,
        session: &Session<'_>,
        deck: &Deck,
        ledger: &Ledger,
        mut recall: Recall,
        chosen: &[&Workspace],
        targets: Vec<Target>,
    ) -> Result<Exit, Trouble> {
        let failed = |error: LedgerError| Trouble::advised(error.exit(), error);
        let door = session.door;
        let began = deck.clock.elapsed();
        let approval = approval::resumed(&recall.run.plan, recall.header["applied"].as_str(), &recall.plan)?;
        let id = recall.run.id.clone();
        door.printer.insist(&format!(
            "resuming run {id}: {}, begun {:.0} by {}; {}",
            recall.run.command,
            recall.run.started,
            crate::report::cell::printable(&recall.run.operator),
            recall::left(&recall),
        ));
        let on = |trouble: Trouble| match trouble.exit {
            Exit::Interrupted | Exit::Terminated => trouble.advise(format!("go on with `keyholder resume {id}`")),
            _ => trouble,
        };
        let about = Column::of(recall.open.iter().map(|task| &task.step.change));
        let sights = reading::watched(session, deck, "checking", &targets, async |seen| match about {
            Column::Keys => observe_keys(deck, &targets, Ring::Keys, seen).await,
            Column::Tags => observe_tags(deck, &targets, &TagQuest::TAGS, seen).await,
            Column::Links => observe_links(deck, &targets, seen).await,
            Column::People => observe(deck, &targets, |_| None, seen).await,
        });
        let sights = sights.await.map_err(on)?;
        reading::strangers(&targets, &sights)?;
        settle(session, deck, &recall).await.map_err(on)?;

        let max_failures = self.max_failures.clone();
        let approve = Approve { wait: self.wait, events: self.events.clone(), max_failures, ..Approve::default() };
        let mut guards = change::guards(session, &approve)?;
        if let (None, Some(then)) = (&self.max_failures, recall.budget()) {
            guards.max_failures = then;
        }
        // No other run is begun or resumed between the question what may still be sent and the word that this one goes on.
        let turn = ledger.turn().await.map_err(failed)?;
        let mut rules = reading::rules(guards, ledger, deck, &targets, Asked::ToSend).await?;
        rules.in_doubt = rules.in_doubt.iter().filter(|doubt| doubt.run != id).cloned().collect();
        let superseded = ledger.superseded(&id, &session.fleet.accounts).await.map_err(failed)?;
        let (passed_over, held) = self.pass_over(&mut recall, &superseded, &rules);
        let mut first = vec![Record::Resumed { operator: door.operator(), version: env!("CARGO_PKG_VERSION") }];
        first.extend(held);
        let lanes = lanes(&recall, targets, &sights);
        let mut coverage = recall.coverage();
        for lane in &lanes.left {
            if let Some(trouble) = &lane.trouble
                && coverage.failed_names().all(|name| name != lane.workspace)
            {
                coverage.complete = coverage.complete.saturating_sub(1);
                session::unreadable(&mut coverage, &lane.workspace, trouble);
            }
        }
        let forecast = road::forecast(&recall.plan, &[], road::known(session, deck));
        let leaves = !recall.header["settings"]["leaving"].is_null();
        let enrol = Enrol::read(&recall.header["settings"]["enrol"]);
        let Recall { plan, mut ended, .. } = recall;
        let (observed, reading) = (Vec::new(), std::time::Duration::ZERO);
        let mut drawn = Drawn { plan, targets: Vec::new(), coverage, reading, observed, rules, leaving: None, enrol };
        let names = chosen.iter().map(|workspace| workspace.name.to_string()).collect();
        let select = Select { workspace: names, ..Select::default() };
        let request = Request { command: "resume", select: &select, approve: &approve, undoes: None };
        let mut events = Events::open(session, &request, &id, &drawn, &forecast)?;
        ledger.append(&id, first).await.map_err(failed)?;
        drop(turn);

        let speaking: Vec<Target> = lanes.work.iter().map(|work| work.target.clone()).collect();
        let watch = Watch::begin(&door.printer, deck, "resuming", &speaking);
        let carrying = perform::carry_out(deck, ledger, &id, &approval, &drawn, lanes.work, |event| {
            watch.event(event);
            events.note(event);
        });
        let (mut ends, mut dispatched) = watch.around(carrying).await;
        ends.extend(lanes.left);
        ended.extend(passed_over);
        let seconds = deck.clock.elapsed().saturating_sub(began).as_secs_f64();
        let mut aftermath = Aftermath::of(deck, &mut drawn, ends, ended, &id, seconds);
        perform::close(ledger, deck, &mut aftermath, &mut dispatched).await;
        let exit = aftermath.report(session, &request, &dispatched, events)?;
        enrol::after_run(session, &id, &aftermath.ended, &drawn.enrol, exit).await;
        drop((aftermath, drawn, dispatched));
        door.printer.say("the requests and the time are those of this resume alone");
        if !leaves {
            return Ok(exit);
        }
        let joined = perform::certified(session, &id, None, exit).await?;
        if !matches!(exit, Exit::Bug | Exit::Output) {
            door.printer
                .say("certificates that were written elsewhere with --certificates are of before this: take those");
        }
        Ok(joined)
    }

    /// Takes out of the open steps what is not to be sent: where a later run had to do with the same person, or where the run is only
    /// to be settled, or where a removal limit of today holds it. What is in doubt is still looked for, and then left. Returns the ends, and the records of those that are final.
    fn pass_over(
        &self,
        recall: &mut Recall,
        superseded: &BTreeMap<StepId, RunId>,
        rules: &Rules,
    ) -> (BTreeMap<StepId, StepEnd>, Vec<Record>) {
        let mut ends = BTreeMap::new();
        let mut records = Vec::new();
        let run = recall.run.id.clone();
        let over = recall.over_limits(|step| !superseded.contains_key(&step.id), rules);
        recall.open.retain_mut(|Task { step, past }| {
            let by = superseded.get(&step.id);
            past.onward = match by {
                Some(by) => Onward::Overtaken(by.clone()),
                None if self.settle_only => Onward::Look,
                None => Onward::Send,
            };
            let held = match (&past.standing, &past.onward) {
                (Standing::ToSend, Onward::Overtaken(by)) => Held::new(
                    HeldReason::Superseded,
                    format!("run {by} had to do with {} here since", step.change.subject()),
                    "run the command again, if it is still wanted",
                ),
                (Standing::ToSend, Onward::Look) => Held::new(
                    HeldReason::SettleOnly,
                    "not sent: the run was only to be settled",
                    format!("go on with `keyholder resume {run}`"),
                ),
                (Standing::ToSend, Onward::Send) => match over.get(&step.id) {
                    Some(over) => over.clone(),
                    None => return true,
                },
                _ => return true,
            };
            let end = StepEnd::held(held.clone()).after(past.attempts);
            if by.is_some() {
                records.push(Record::Settled {
                    step: step.id.clone(),
                    outcome: Outcome::Held,
                    reason: end.reason.clone(),
                    attempts: past.attempts,
                    held: Some(held.reason),
                    seen: None,
                });
            }
            ends.insert(step.id.clone(), end);
            false
        });
        (ends, records)
    }
}

/// Says that there is nothing to resume: because every run is finished, or because the ledger knows of none.
async fn nothing(session: &Session<'_>, ledger: &Ledger) -> Result<(), Trouble> {
    let printer = &session.door.printer;
    if !ledger.runs(1).await.map_err(|error| Trouble::advised(error.exit(), error))?.is_empty() {
        printer.say("every run in the ledger is finished; nothing to resume");
        return Ok(());
    }
    let settle = words::duration(session.fleet.defaults.settle);
    printer.insist("the ledger of this root holds no run: there is nothing to resume");
    printer.hint(&format!(
        "if a run was cut here and `.keyholder` was deleted since, nothing remembers what was sent: wait {settle} for what may still \
         land, then run the command again; the plan holds only what is missing"
    ));
    Ok(())
}

/// A run that has left its mark in the state folder and is not in the ledger: the ledger was removed or replaced.
async fn lost(session: &Session<'_>, ledger: &Ledger, asked: Option<&str>) -> Result<(), Trouble> {
    let lost = ledger.lost_runs().await.map_err(|error| Trouble::advised(error.exit(), error))?;
    let meant = lost.iter().find(|run| asked.is_none_or(|asked| asked == "last" || run.as_str().starts_with(asked)));
    let Some(run) = meant else { return Ok(()) };
    let settle = words::duration(session.fleet.defaults.settle);
    Err(Trouble::new(
        Exit::Output,
        format!(
            "run {run} was begun here and did not end, and the ledger does not know it: it was removed or replaced, and nothing \
             else remembers what was sent; nothing was sent now"
        ),
    )
    .advise("put the ledger of that run back, with its -wal file, and resume")
    .advise(format!(
        "or plan again: run the command of that run, which waits {settle} for what may still land, and plans only what is missing"
    )))
}

fn finished(door: &Door<'_>, recall: &Recall) -> Exit {
    let run = &recall.run;
    let how = match (run.exit, &run.outcome) {
        (Some(0) | None, _) | (_, None) => String::new(),
        (Some(exit), Some(outcome)) => {
            format!(" It ended with exit {exit}: {outcome}; what failed or was held is planned by a new run.")
        }
    };
    door.printer.say(&format!("run {} is finished; nothing was sent.{how}", run.id));
    Exit::Complete
}

/// Waits the settle time, once for all steps in doubt: after it nothing of the earlier life can land any more.
async fn settle(session: &Session<'_>, deck: &Deck, recall: &Recall) -> Result<(), Trouble> {
    if !recall.is_in_doubt() {
        return Ok(());
    }
    let why = format!("waiting {} so that nothing can land after the look", words::duration(deck.settle));
    reading::wait_the_settle_time(session, deck, &why).await
}

/// Gives every lane its open steps.
fn lanes(recall: &Recall, targets: Vec<Target>, sights: &[Sight]) -> Lanes {
    let mut tasks: BTreeMap<&str, Vec<Task>> = BTreeMap::new();
    for task in &recall.open {
        tasks.entry(&task.step.workspace).or_default().push(task.clone());
    }
    let mut ended_well: BTreeMap<&str, BTreeSet<StepId>> = BTreeMap::new();
    for item in &recall.plan.items {
        if recall.ended.get(&item.step.id).is_some_and(|end| end.outcome.is_settled_well()) {
            ended_well.entry(&item.step.workspace).or_default().insert(item.step.id.clone());
        }
    }
    let mut lanes = Lanes::default();
    for (target, sight) in targets.into_iter().zip(sights) {
        let Some(tasks) = tasks.remove(target.name.as_str()) else { continue };
        if let Sight::Unreadable(trouble) = sight {
            lanes.left.push(left(target.name.as_str(), &tasks, &Held::lane_ended(trouble), Some(trouble)));
        } else {
            let ended_well: BTreeSet<StepId> = ended_well.remove(target.name.as_str()).unwrap_or_default();
            let made = recall.made.iter().filter(|(step, _)| ended_well.contains(step));
            let made = made.map(|(step, made)| (step.clone(), made.clone())).collect();
            lanes.work.push(Work { target, tasks, ended_well, made, mapped: None });
        }
    }
    let out = Held::new(HeldReason::LaneEnded, "not sent: left out with --exclude", "go on with `keyholder resume`");
    lanes.left.extend(tasks.iter().map(|(workspace, tasks)| left(workspace, tasks, &out, None)));
    lanes
}

fn left(workspace: &str, tasks: &[Task], held: &Held, trouble: Option<&LaneTrouble>) -> LaneEnd {
    let end = |Task { step, past }: &Task| (step.clone(), StepEnd::left(past, held.clone()));
    LaneEnd { workspace: workspace.to_owned(), steps: tasks.iter().map(end).collect(), trouble: trouble.cloned() }
}
