//! Performing an approved plan: locks, ledger, lanes, and the end of the run.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::aftermath::{Aftermath, EndedBefore};
use super::change::{Drawn, Request};
use super::events::Events;
use super::keys::enrol::{self, Enrol};
use super::leaving::Leaving;
use super::reading;
use super::session::{STATE, Session, private_file};
use super::watch::Watch;
use super::{Door, certificate, road};
use crate::config;
use crate::domain::{Approval, Outcome, RunId, Step, WorkspaceName};
use crate::journal::{Holder, Ledger, Record, RunHeader, WriteLock};
use crate::plan::Observed;
use crate::plan::forecast::Forecast;
use crate::report::summary::{Cost, Stopped};
use crate::run::{Deck, Dispatched, Event, LaneEnd, Length, Logbook, Target, Work, apply, dispatch};
use crate::trouble::{Advise as _, Exit, Trouble};

/// Opens the root's ledger.
pub async fn open_ledger(session: &Session<'_>) -> Result<Ledger, Trouble> {
    let opened = Ledger::open(&session.state_dir(), session.door.clock).await;
    let ledger = opened.map_err(|error| Trouble::advised(Exit::Output, error))?;
    Ok(ledger.probed(session.door.probe.clone()))
}

/// Opens the ledger of a root without reading the rest of it: what was done can be told although the files are broken now.
pub async fn open_root_ledger(door: &Door<'_>) -> Result<Ledger, Trouble> {
    let root = config::find_root(&door.env.cwd, door.global.root.as_deref());
    let root = root.map_err(|error| Trouble::advised(Exit::Config, error))?;
    let opened = Ledger::open(&root.join(STATE), door.clock).await;
    Ok(opened.map_err(|error| Trouble::advised(Exit::Output, error))?.probed(door.probe.clone()))
}

/// Saves a plan where nobody else can read it.
pub fn save_plan(path: &Path, drawn: &Drawn, command: &str) -> Result<(), Trouble> {
    let mut coverage = drawn.coverage.record();
    if let Some(leaving) = &drawn.leaving {
        coverage["leaving"] = leaving.record();
    }
    if drawn.enrol != Enrol::default() {
        coverage["enrol"] = drawn.enrol.record();
    }
    let text = crate::plan::file::save(&drawn.plan, command, &coverage);
    private_file(path, false)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .map_err(|error| {
            Trouble::because(Exit::Output, format!("the plan could not be saved to `{}`", path.display()), error)
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
    if *approval.plan() != drawn.plan.id {
        return Err(Trouble::new(Exit::Bug, "the approval is for another plan; nothing was sent"));
    }
    let began = deck.clock.elapsed();
    let fresh = ledger.fresh_run_id(session.door.env.seed).await;
    let run = fresh.map_err(|error| Trouble::advised(error.exit(), error))?;
    let targets = written_to(&drawn);
    let _locks = lock(session, deck, &targets, &run, request.approve.wait).await?;
    // No other run is begun between the question what earlier ones left and the beginning of this one.
    let turn = ledger.turn().await.map_err(|error| Trouble::advised(error.exit(), error))?;
    let run =
        ledger.still_free(run, session.door.env.seed).await.map_err(|error| Trouble::advised(error.exit(), error))?;
    let mut drawn = reading::doubts_again(session, deck, ledger, drawn).await?;
    let mut events = Events::open(session, request, &run, &drawn, forecast)?;
    let header = run_header(session, request, &drawn, approval, &run);
    // In one commit with the run's beginning: a certificate begins with what was there before the first write.
    let sighted = drawn.leaving.as_ref().map(Leaving::records).unwrap_or_default();
    ledger.begin_with(header, sighted).await.map_err(|error| Trouble::advised(error.exit(), error))?;
    drop(turn);
    let lengths = lengths(&drawn);
    // From here on every lane looks for itself, and what was seen of the leavers is in the ledger.
    drawn.observed = Vec::new();
    drawn.leaving.iter_mut().for_each(|leaving| leaving.seen = Vec::new());

    let work = work(&drawn, &lengths);
    let targets: Vec<Target> = work.iter().map(|work| work.target.clone()).collect();
    let watch = Watch::begin(&session.door.printer, deck, "applying", &targets);
    let (sent, set_out) = (deck.tally.requests(), deck.clock.elapsed());
    let carrying = carry_out(deck, ledger, &run, approval, &drawn, work, |event| {
        watch.event(event);
        events.note(event);
    });
    let (lanes, mut dispatched) = watch.around(carrying).await;
    let seconds = (drawn.reading + deck.clock.elapsed().saturating_sub(began)).as_secs_f64();
    let took = Cost {
        requests: deck.tally.requests().saturating_sub(sent),
        seconds: deck.clock.elapsed().saturating_sub(set_out).as_secs_f64(),
    };
    road::keep(session, deck);
    let mut aftermath = Aftermath::of(deck, &mut drawn, lanes, EndedBefore::new(), &run, seconds);
    let foretold = Cost { requests: forecast.requests as u64, seconds: forecast.seconds };
    aftermath.summary.foretold = Some((foretold, took));
    close(ledger, deck, &mut aftermath, &mut dispatched).await;
    let exit = aftermath.report(session, request, &dispatched, events)?;
    enrol::after_run(session, &run, &aftermath.ended, &drawn.enrol, exit).await;
    let leaving = drawn.leaving.take();
    // A certificate reads the ledger alone; both in memory would be twice a large run.
    drop((aftermath, drawn, dispatched));
    match leaving {
        Some(leaving) => certified(session, &run, leaving.out.as_deref(), exit).await,
        None => Ok(exit),
    }
}

/// Writes the certificates of a run that came to its end, whatever that was.
pub(super) async fn certified(
    session: &Session<'_>,
    run: &RunId,
    out: Option<&Path>,
    exit: Exit,
) -> Result<Exit, Trouble> {
    if matches!(exit, Exit::Bug | Exit::Output) {
        // The ledger could not be written or is in doubt: nothing is certified from it now.
        return Ok(exit);
    }
    let complete = certificate::after_run(session, run, out).await?;
    Ok(certificate::joined(exit, complete))
}

/// Lets the lanes run beside the dispatcher until both are done.
pub(super) async fn carry_out(
    deck: &Deck,
    ledger: &Ledger,
    run: &RunId,
    approval: &Approval,
    drawn: &Drawn,
    work: Vec<Work>,
    tell: impl FnMut(&Event),
) -> (Vec<LaneEnd>, Dispatched) {
    let (logbook, mut inbox) = Logbook::open(run);
    let Drawn { rules, coverage, .. } = drawn;
    let applied = apply(deck, rules, approval, logbook, work, coverage.failed(), coverage.asked);
    futures::future::join(applied, dispatch(ledger, run, &mut inbox, &deck.stop, tell)).await
}

/// The workspaces that something is to be sent to.
fn written_to(drawn: &Drawn) -> Vec<Target> {
    let sends: BTreeSet<&str> =
        drawn.plan.items.iter().filter(|item| item.sends()).map(|item| item.step.workspace.as_str()).collect();
    drawn.targets.iter().filter(|target| sends.contains(target.name.as_str())).cloned().collect()
}

/// How long the list of what carries tags will be in each workspace, where that was seen.
fn lengths(drawn: &Drawn) -> BTreeMap<WorkspaceName, Length> {
    let mut steps: BTreeMap<&str, Vec<&Step>> = BTreeMap::new();
    for item in drawn.plan.items.iter().filter(|item| item.sends()) {
        steps.entry(item.step.workspace.as_str()).or_default().push(&item.step);
    }
    let length = |observed: &Observed| {
        let steps = steps.get(observed.workspace.as_str())?;
        Some((observed.workspace.clone(), Length::of(observed, steps.iter().copied())?))
    };
    drawn.observed.iter().filter_map(length).collect()
}

/// The lanes that have something to send.
fn work(drawn: &Drawn, lengths: &BTreeMap<WorkspaceName, Length>) -> Vec<Work> {
    let mut steps: BTreeMap<&str, Vec<Step>> = BTreeMap::new();
    for item in drawn.plan.items.iter().filter(|item| item.sends()) {
        steps.entry(item.step.workspace.as_str()).or_default().push(item.step.clone());
    }
    let targets = drawn.targets.iter();
    let lane = |target: &Target| {
        let work = Work::fresh(target.clone(), steps.remove(target.name.as_str())?);
        Some(Work { mapped: lengths.get(&target.name).copied(), ..work })
    };
    targets.filter_map(lane).collect()
}

/// Takes the write lock of every workspace the plan writes to: one run at a time writes to a workspace.
pub(super) async fn lock(
    session: &Session<'_>,
    deck: &Deck,
    targets: &[Target],
    run: &RunId,
    wait: bool,
) -> Result<Vec<WriteLock>, Trouble> {
    let state = session.state_dir();
    let note = Holder::this_process(run, &deck.clock);
    let mut locks = Vec::new();
    // All runs take their locks in the same order, so two that wait for each other cannot exist.
    let mut ids: Vec<_> = targets.iter().filter_map(|target| target.pinned.clone()).collect();
    ids.sort();
    for id in ids {
        let taken = if wait {
            let waiting = WriteLock::wait(&state, &id, &note, &deck.clock, deck.deadline);
            deck.stop.unless_draining(waiting).await.ok_or_else(|| session.interrupted())?
        } else {
            WriteLock::try_take(&state, &id, &note)
        };
        locks.push(taken.map_err(|trouble| {
            let name = targets.iter().find(|target| target.pinned.as_ref() == Some(&id)).map(|target| &target.name);
            let what = name.map_or_else(String::new, |name| {
                format!("workspace `{name}` cannot be written to now; nothing was sent")
            });
            let (exit, advice) = (trouble.exit(), trouble.advice());
            advice.into_iter().fold(Trouble::because(exit, what, trouble), Trouble::advise)
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
    let coverage = drawn.coverage.record();
    RunHeader {
        run: run.clone(),
        command: request.command.to_owned(),
        operator: session.door.operator(),
        reason: request.approve.reason.clone(),
        plan: drawn.plan.id.clone(),
        applied: drawn.plan.id_as_it_is(),
        approved_by: approval.by().as_str().to_owned(),
        selection: request.selection(),
        workspaces: serde_json::to_value(&drawn.plan.workspaces).expect("plain data serializes"),
        fleet_digest: crate::domain::PlanId::of(Value::from(identities).to_string().as_bytes()).to_string(),
        version: env!("CARGO_PKG_VERSION"),
        settings: json!({
            "base_url": defaults.base_url.origin(),
            "timeout_ms": u64::try_from(defaults.timeout.as_millis()).unwrap_or(u64::MAX),
            "settle_ms": u64::try_from(defaults.settle.as_millis()).unwrap_or(u64::MAX),
            "coverage": coverage,
            "max_failures": drawn.rules.guards.max_failures.to_string(),
            "undoes": request.undoes,
            "leaving": drawn.leaving.as_ref().map(Leaving::record),
            "enrol": drawn.enrol.record(),
        }),
        steps: drawn.plan.items.iter().map(|item| (item.step.clone(), item.disposition.clone())).collect(),
    }
}

/// Writes the end of the run and leaves the ledger's files at rest.
pub(super) async fn close(ledger: &Ledger, deck: &Deck, aftermath: &mut Aftermath, dispatched: &mut Dispatched) {
    let Aftermath { summary, run, .. } = &mut *aftermath;
    summary.bug |= dispatched.refused.is_some();
    if dispatched.error.is_some() {
        summary.stopped = Some(Stopped::Ledger);
    }
    let exit = summary.exit();
    let mut counts: BTreeMap<Outcome, u64> = BTreeMap::new();
    for step in &summary.steps {
        *counts.entry(step.outcome).or_default() += 1;
    }
    let mut last = Vec::new();
    if let Some(why) = deck.stop.why() {
        last.push(Record::Stop { why: why.to_string() });
    }
    last.push(Record::Ended {
        exit: exit.code(),
        outcome: crate::report::summary::meaning(exit).to_owned(),
        counts,
        requests: summary.requests,
    });
    if dispatched.error.is_none() {
        match ledger.append(run, last.clone()).await {
            Ok(_) => last.clear(),
            Err(error) => {
                dispatched.error = Some(error);
                summary.stopped = Some(Stopped::Ledger);
            }
        }
    }
    dispatched.unwritten.extend(last);
    if exit == Exit::Unknown {
        // Where that cannot be told, a resume can.
        let unfinished = ledger.unfinished().await;
        aftermath.unfinished = unfinished.map_or(true, |runs| runs.iter().any(|open| open.id == aftermath.run));
    }
    // Everything is committed; a file that cannot be closed neatly is opened again all the same.
    let _open = ledger.close().await;
}
