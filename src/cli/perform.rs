//! Performing an approved plan: locks, ledger, lanes, outcomes, summary.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::change::{Drawn, Request, show_event};
use super::session::{Session, private_file};
use super::tables;
use crate::domain::{Approval, Disposition, Outcome, RunId, Step};
use crate::journal::{Holder, Ledger, Record, RunHeader, WriteLock};
use crate::plan::forecast::Forecast;
use crate::plan::{Plan, Rules};
use crate::report::summary::{StepTally, Stopped};
use crate::report::{Summary, listing, rows};
use crate::run::{Deck, Event, LaneEnd, Logbook, StepEnd, Target, TroubleKind, Why, apply, dispatch};
use crate::trouble::{Exit, Trouble};

/// Opens the root's ledger.
pub async fn open_ledger(session: &Session<'_>) -> Result<Ledger, Trouble> {
    Ledger::open(&session.state_dir(), session.door.clock).await.map_err(|error| Trouble::advised(Exit::Output, error))
}

/// Saves a plan where nobody else can read it.
pub fn save_plan(path: &Path, plan: &Plan, command: &str) -> Result<(), Trouble> {
    let text = crate::plan::file::save(plan, command);
    private_file(path, false)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .map_err(|error| {
            Trouble::new(Exit::Output, error).advise(format!("the plan could not be saved to `{}`", path.display()))
        })
}

/// Performs an approved plan and reports it.
pub async fn perform(
    session: &Session<'_>,
    deck: &Deck,
    ledger: &Ledger,
    request: &Request<'_>,
    drawn: Drawn,
    approval: &Approval,
    forecast: &Forecast,
) -> Result<Exit, Trouble> {
    let fresh = ledger.fresh_run_id(session.door.env.seed).await;
    let run = fresh.map_err(|error| Trouble::advised(error.exit(), error))?;
    let mut events = Events::open(session, request, &run, &drawn, forecast)?;
    let work = work(&drawn);
    let _locks = lock(session, deck, &work, &run, request.approve.wait).await?;
    let header = run_header(session, request, &drawn, approval, &run);
    ledger.begin(header).await.map_err(|error| Trouble::advised(error.exit(), error))?;

    let (logbook, mut inbox) = Logbook::open();
    let rules = Rules { guards: session.fleet.guards.clone() };
    let failed_before = drawn.coverage.unreadable.len() + drawn.coverage.partial.len();
    let printer = &session.door.printer;
    printer.progress().begin("applying", work.len());
    let lanes = apply(deck, &rules, approval, logbook, work, failed_before, drawn.coverage.asked);
    let dispatching = dispatch(ledger, &run, &mut inbox, &deck.stop, |event| {
        show_event(deck, printer, event);
        events.note(event);
    });
    let (applied, mut dispatched) = futures::join!(lanes, dispatching);
    printer.progress().end();

    let ended = in_plan_order(&drawn, &applied.lanes);
    let mut summary = summarize(deck, &drawn, &applied.lanes, &ended, &run);
    if dispatched.error.is_some() {
        summary.stopped = Some(Stopped::Ledger);
    }
    let exit = summary.exit();
    close(ledger, &run, &summary, exit, &mut dispatched).await;
    report_unwritten(session, &dispatched);

    let record = summary.record(if dispatched.error.is_some() { Exit::Output } else { exit });
    events.end(&record)?;
    let header = listing::header(Some(run.as_str()), request.command, &request.select.describe());
    tables::outcomes_to_stdout(printer, session.format(), &header, &ended, &record)?;
    advice(session, &applied.lanes, &ended);
    let exit = if dispatched.error.is_some() { Exit::Output } else { exit };
    tables::summary_talk(printer, &summary, exit);
    going_on(session, &run, exit);
    Ok(exit)
}

/// The lanes that have something to send.
fn work(drawn: &Drawn) -> Vec<(Target, Vec<Step>)> {
    let mut steps: BTreeMap<&str, Vec<Step>> = BTreeMap::new();
    for item in drawn.plan.items.iter().filter(|item| item.sends()) {
        steps.entry(item.step.workspace.as_str()).or_default().push(item.step.clone());
    }
    drawn.targets.iter().filter_map(|target| Some((target.clone(), steps.remove(target.name.as_str())?))).collect()
}

/// Takes the write lock of every workspace the plan writes to: one run at a time writes to a workspace.
async fn lock(
    session: &Session<'_>,
    deck: &Deck,
    work: &[(Target, Vec<Step>)],
    run: &RunId,
    wait: bool,
) -> Result<Vec<WriteLock>, Trouble> {
    let state = session.state_dir();
    let note = Holder::this_process(run, &deck.clock);
    let mut locks = Vec::new();
    // All runs take their locks in the same order, so two that wait for each other cannot exist.
    let mut ids: Vec<_> = work.iter().filter_map(|(target, _)| target.pinned.clone()).collect();
    ids.sort();
    for id in ids {
        let taken = if wait {
            let waiting = WriteLock::wait(&state, &id, &note, &deck.clock, deck.deadline);
            deck.stop.unless_draining(waiting).await.ok_or_else(|| session.interrupted())?
        } else {
            WriteLock::try_take(&state, &id, &note)
        };
        locks.push(taken.map_err(|trouble| {
            let exit = trouble.exit();
            Trouble::advised(exit, trouble)
        })?);
    }
    Ok(locks)
}

fn run_header(
    session: &Session<'_>,
    request: &Request<'_>,
    drawn: &Drawn,
    approval: &Approval,
    run: &RunId,
) -> RunHeader {
    let identities: Vec<Value> =
        drawn.plan.workspaces.iter().map(|planned| json!({ "name": planned.name, "id": planned.id })).collect();
    let defaults = &session.fleet.defaults;
    RunHeader {
        run: run.clone(),
        command: request.command.to_owned(),
        operator: session.door.operator(),
        reason: request.approve.reason.clone(),
        plan: drawn.plan.id.clone(),
        approved_by: approval.by().as_str().to_owned(),
        selection: request.select.describe(),
        fleet_digest: crate::domain::PlanId::of(Value::from(identities).to_string().as_bytes()).to_string(),
        version: env!("CARGO_PKG_VERSION"),
        settings: json!({
            "base_url": defaults.base_url.origin(),
            "timeout_ms": u64::try_from(defaults.timeout.as_millis()).unwrap_or(u64::MAX),
            "settle_ms": u64::try_from(defaults.settle.as_millis()).unwrap_or(u64::MAX),
            "unreadable": drawn.coverage.record()["unreadable"],
        }),
        steps: drawn.plan.items.iter().map(|item| (item.step.clone(), item.disposition.clone())).collect(),
    }
}

/// Puts what was sent, already so and held into one list, in plan order.
fn in_plan_order(drawn: &Drawn, lanes: &[LaneEnd]) -> Vec<(Step, StepEnd)> {
    let sent: BTreeMap<(&str, &str), &StepEnd> = lanes
        .iter()
        .flat_map(|lane| lane.steps.iter())
        .map(|(step, end)| ((step.workspace.as_str(), step.id.as_str()), end))
        .collect();
    drawn
        .plan
        .items
        .iter()
        .map(|item| {
            let end = match &item.disposition {
                Disposition::Already(seen) => StepEnd::already(seen.clone()),
                Disposition::Held(held) => StepEnd::held(held.clone()),
                Disposition::Send => sent
                    .get(&(item.step.workspace.as_str(), item.step.id.as_str()))
                    .map_or_else(|| StepEnd::unknown("the lane ended without a word", 0), |end| (*end).clone()),
            };
            (item.step.clone(), end)
        })
        .collect()
}

fn summarize(deck: &Deck, drawn: &Drawn, lanes: &[LaneEnd], ended: &[(Step, StepEnd)], run: &RunId) -> Summary {
    let failed: usize = lanes.iter().filter(|lane| lane.is_failed()).count();
    let stopped = deck.stop.why().map(|why| match why {
        Why::Interrupted => Stopped::Interrupted,
        Why::Terminated => Stopped::Terminated,
        Why::Identity { .. } => Stopped::Identity,
        Why::Ledger => Stopped::Ledger,
    });
    Summary {
        run: Some(run.to_string()),
        steps: ended
            .iter()
            .map(|(_, end)| StepTally { outcome: end.outcome, held: end.held.as_ref().map(|held| held.reason) })
            .collect(),
        lanes: drawn.coverage.asked,
        lanes_failed: failed + drawn.coverage.unreadable.len() + drawn.coverage.partial.len(),
        bug: lanes.iter().any(|lane| lane.trouble.as_ref().is_some_and(|trouble| trouble.kind == TroubleKind::Bug)),
        stopped,
        coverage: drawn.coverage.clone(),
        requests: deck.tally.requests(),
        throttled: deck.tally.throttled(),
        seconds: deck.clock.elapsed().as_secs_f64(),
    }
}

async fn close(ledger: &Ledger, run: &RunId, summary: &Summary, exit: Exit, dispatched: &mut crate::run::Dispatched) {
    let mut counts: BTreeMap<Outcome, u64> = BTreeMap::new();
    for step in &summary.steps {
        *counts.entry(step.outcome).or_default() += 1;
    }
    let ended = Record::Ended {
        exit: exit.code(),
        outcome: crate::report::summary::meaning(exit).to_owned(),
        counts,
        requests: summary.requests,
    };
    if dispatched.error.is_some() {
        dispatched.unwritten.push(ended);
    } else if let Err(error) = ledger.append(run, vec![ended.clone()]).await {
        dispatched.error = Some(error);
        dispatched.unwritten.push(ended);
    }
}

/// What is not on disk is shown, so that nothing is lost with it.
fn report_unwritten(session: &Session<'_>, dispatched: &crate::run::Dispatched) {
    let Some(error) = &dispatched.error else { return };
    let printer = &session.door.printer;
    printer.insist(&format!("error: the ledger could not be written: {error}"));
    printer.insist("these records are not in the ledger; keep them:");
    for record in &dispatched.unwritten {
        printer.insist(&format!("  {}", record.json()));
    }
}

/// What to do about lanes and steps that failed, each advice once.
fn advice(session: &Session<'_>, lanes: &[LaneEnd], ended: &[(Step, StepEnd)]) {
    let printer = &session.door.printer;
    let mut told: Vec<&String> = Vec::new();
    for lane in lanes {
        if let Some(trouble) = &lane.trouble {
            printer.warn(&format!("{}: {}", lane.workspace, crate::report::cell::printable(&trouble.text)));
            told.extend(&trouble.advice);
        }
    }
    for (_, end) in ended {
        told.extend(&end.advice);
    }
    let mut seen = std::collections::BTreeSet::new();
    for advice in told {
        if seen.insert(advice) {
            printer.say(&format!("  {} {advice}", printer.painted("hint:", "36")));
        }
    }
}

/// Says how to go on where a run did not come to its end.
fn going_on(session: &Session<'_>, run: &RunId, exit: Exit) {
    let printer = &session.door.printer;
    match exit {
        Exit::Complete | Exit::Guard => {}
        Exit::Unknown => printer.insist(&format!(
            "some writes have no known end; run the same command again: it waits until nothing can land late, looks, \
             and plans only what is missing (`keyholder show {run}` has the particulars)"
        )),
        _ => printer.insist(&format!(
            "run the same command again: it plans only what is missing (`keyholder show {run}` has the particulars)"
        )),
    }
}

/// The machine stream of a run.
struct Events {
    file: Option<std::fs::File>,
    failed: bool,
}

impl Events {
    fn open(
        session: &Session<'_>,
        request: &Request<'_>,
        run: &RunId,
        drawn: &Drawn,
        forecast: &Forecast,
    ) -> Result<Self, Trouble> {
        let Some(path) = &request.approve.events else { return Ok(Self { file: None, failed: false }) };
        let path = session.door.path(path);
        let file = private_file(&path, true).map_err(|error| {
            Trouble::new(Exit::Output, error)
                .advise(format!("the events file `{}` could not be opened", path.display()))
        })?;
        let mut events = Self { file: Some(file), failed: false };
        let header = listing::header(Some(run.as_str()), request.command, &request.select.describe());
        events.line(&header);
        events.line(&tables::plan_record(drawn, forecast));
        for item in &drawn.plan.items {
            let cells = rows::planned(&item.step, &item.disposition);
            events.line(&listing::record("planned", rows::PLANNED, &cells));
        }
        Ok(events)
    }

    fn note(&mut self, event: &Event) {
        if let Event::StepEnded { step, end } = event {
            self.line(&listing::record("step", rows::STEP, &tables::step_row(step, end)));
        }
    }

    fn line(&mut self, record: &Value) {
        if let Some(file) = &mut self.file {
            self.failed |= writeln!(file, "{record}").is_err();
        }
    }

    fn end(mut self, summary: &Value) -> Result<(), Trouble> {
        self.line(summary);
        if self.failed {
            return Err(Trouble::new(
                Exit::Output,
                "the events file could not be written; the run itself is in the ledger",
            ));
        }
        Ok(())
    }
}
