//! Runs that end before their end: budgets, deadlines, Ctrl-C, a ledger that cannot be written.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use keyholder::api::transport::Method;
use keyholder::run::Why;
use keyholder::sim::{Fault, FaultBody, FaultKind, Invitations, LocalSettings, Op, World};

use crate::support::Stage;
use crate::{ONBOARD, three};

/// Twenty workspaces, some way off.
fn twenty() -> Stage {
    let world = World::generated(20, 3, 7);
    world.configure(|settings| settings.invitations = Invitations::AtOnce);
    let mut stage = Stage::of(world);
    stage.road = LocalSettings {
        latency: Duration::from_millis(100),
        jitter: Duration::from_millis(80),
        seed: 3,
        ..LocalSettings::default()
    };
    stage
}

fn refused() -> FaultKind {
    FaultKind::Status { status: 400, body: FaultBody::Json, retry_after: None }
}

fn held(outcome: &crate::support::Outcome, reason: &str) -> usize {
    outcome.outcomes().iter().filter(|text| text.ends_with(&format!(" held {reason}"))).count()
}

#[test]
fn above_the_failure_budget_no_lane_starts() {
    let stage = twenty();
    for name in ["client-0003", "client-0009", "client-0015"] {
        stage.world.revoke_keys(name);
    }
    let outcome = stage.run(ONBOARD).exits(20);
    assert_eq!(held(&outcome, "failure_budget"), 17, "{outcome}");
    assert_eq!(stage.write_requests(), 0);
    assert!(stage.steps().iter().all(|step| step.state.outcome().is_none()), "they may go on in another run");
}

#[test]
fn at_the_failure_budget_all_others_are_done() {
    let stage = twenty();
    for name in ["client-0003", "client-0009"] {
        stage.world.revoke_keys(name);
    }
    let outcome = stage.run(ONBOARD).exits(20);
    assert_eq!(outcome.outcomes().iter().filter(|text| text.ends_with(" done")).count(), 18, "{outcome}");
}

#[test]
fn failures_while_applying_stop_lanes_that_have_not_sent_yet() {
    let stage = twenty();
    let names = stage.world.names();
    for name in &names[..3] {
        stage.world.add_fault(Fault::once(refused()).on(name.as_str()).at(Op::MemberCreate));
    }
    for name in &names[3..] {
        let late = FaultKind::Delay { by: Duration::from_secs(5) };
        stage.world.add_fault(Fault::once(late).on(name.as_str()).at(Op::WorkspaceCurrent).skip(1));
    }
    let outcome = stage.run(ONBOARD).exits(20);
    assert_eq!(held(&outcome, "failure_budget"), 17, "{outcome}");
    assert_eq!((stage.writes(), stage.write_requests()), (0, 3));
}

#[test]
fn a_first_interrupt_lets_what_is_in_flight_end_and_sends_nothing_new() {
    for (why, exit) in [(Why::Interrupted, 130), (Why::Terminated, 143)] {
        let stage = twenty();
        let sent = Arc::new(AtomicUsize::new(0));
        let (counter, stop) = (Arc::clone(&sent), stage.stop.clone());
        stage.at_request(move |request| {
            if request.method == Method::Post && counter.fetch_add(1, Ordering::Relaxed) + 1 == 5 {
                stop.drain(why.clone());
            }
        });
        let outcome = stage.run(ONBOARD).exits(exit).says("go on with `keyholder resume");
        assert_eq!(sent.load(Ordering::Relaxed), 5, "nothing new was sent after the interrupt");
        let done = outcome.outcomes().iter().filter(|text| text.ends_with(" done")).count();
        assert_eq!((done, held(&outcome, "stopped")), (5, 15), "what was in flight was awaited and seen\n{outcome}");
        assert_eq!(stage.writes(), 5);
        let entries = stage.entries();
        assert_eq!(entries.last().unwrap()["type"], "ended");
    }
}

#[test]
fn after_an_interrupt_the_same_command_does_what_is_missing() {
    let mut stage = twenty();
    let stop = stage.stop.clone();
    stage.at_nth(Method::Post, 5, move || stop.drain(Why::Interrupted));
    let _stopped = stage.run(ONBOARD).exits(130);
    stage.stop = keyholder::run::Stop::default();
    let outcome = stage.run(ONBOARD).exits(0);
    let count = |word: &str| outcome.outcomes().iter().filter(|text| text.ends_with(word)).count();
    assert_eq!((count(" already"), count(" done")), (5, 15));
    assert_eq!(stage.writes(), 20);
}

#[test]
fn a_second_interrupt_leaves_what_is_in_flight_unknown_and_the_next_run_holds_it() {
    let mut stage = twenty();
    let stop = stage.stop.clone();
    stage.at_nth(Method::Post, 5, move || {
        stop.drain(Why::Interrupted);
        stop.now(Why::Interrupted);
    });
    let outcome = stage.run(ONBOARD).exits(22);
    let unknown = outcome.outcomes().iter().filter(|text| text.ends_with(" unknown")).count();
    assert!((1..=5).contains(&unknown), "{outcome}");
    assert!(outcome.took < Duration::from_secs(2), "it waits for nothing: {:?}", outcome.took);
    assert_eq!(stage.entries().last().unwrap()["type"], "ended");

    stage.stop = keyholder::run::Stop::default();
    let again = stage.run(ONBOARD).exits(30).says("keyholder resume");
    // Of those in flight some have landed and are seen; the others are held, and the rest is done.
    let count = |word: &str| again.outcomes().iter().filter(|text| text.ends_with(word)).count();
    assert!(count(" held in_doubt") <= unknown && count(" already") + count(" done") + count(" held in_doubt") == 20);
    for row in again.rows() {
        let there = stage.rows_of(&row["workspace"], "nia@agency.example");
        assert_eq!(there, usize::from(row["outcome"] != "held"), "{}", row["workspace"]);
    }
}

#[test]
fn an_interrupt_while_reading_writes_nothing_at_all() {
    let stage = twenty();
    let stop = stage.stop.clone();
    stage.at_nth(Method::Get, 8, move || stop.drain(Why::Interrupted));
    let _stopped = stage.run(ONBOARD).exits(130).says("stopped before anything was written");
    assert_eq!(stage.write_requests(), 0);
    assert!(stage.ledger(async |ledger| ledger.runs(5).await.unwrap()).is_empty());
}

#[test]
fn an_interrupt_ends_a_long_wait() {
    let stage = three("[[fault]]\nkind = \"lose-request\"\nworkspace = \"acme\"\noperation = \"member.create\"\n");
    let stop = stage.stop.clone();
    // The first look of acme's settling is the only listing after the closing looks of the other two.
    let posts = AtomicUsize::new(0);
    stage.at_request(move |request| {
        if request.method == Method::Post && posts.fetch_add(1, Ordering::Relaxed) + 1 == 3 {
            stop.drain(Why::Interrupted);
        }
    });
    let outcome = stage.run(ONBOARD);
    assert!(outcome.took < Duration::from_secs(30), "{outcome}");
    assert_eq!(outcome.exit, 22, "acme's invitation was lost and could not be settled\n{outcome}");
}

#[test]
fn a_ledger_that_cannot_be_written_stops_every_new_send() {
    let stage = twenty();
    let _opened = stage.run("runs");
    // The run's own entries and steps fit, the twenty identities, and the first eight of what happens then; then the disk is full.
    stage.sql(
        "CREATE TRIGGER full BEFORE INSERT ON entries WHEN NEW.seq > 49 BEGIN SELECT RAISE(ABORT, 'disk full'); END",
    );
    let outcome = stage.run(ONBOARD).exits(74).says("the ledger could not be written").says("keep them:");
    let started = stage.steps().iter().filter(|step| step.state.attempts() > 0).count();
    let kept: Vec<serde_json::Value> =
        outcome.stderr.lines().filter_map(|line| serde_json::from_str(line.trim()).ok()).collect();
    let answers =
        |class: &str| kept.iter().filter(|record| record["type"] == "answered" && record["class"] == class).count();
    // What was written down was sent, or is known not to have been; what was sent was awaited, and its answers are shown.
    assert!(started > 0 && started < 20, "{outcome}");
    assert_eq!(stage.write_requests() + answers("not_sent"), started, "{outcome}");
    assert!(answers("acknowledged") > 0, "{outcome}");
    assert_eq!(stage.writes(), stage.write_requests(), "what was in flight took effect");
    assert_eq!(kept.last().unwrap()["type"], "ended");
}

#[test]
fn a_ledger_that_cannot_take_the_plan_lets_nothing_be_sent() {
    let stage = twenty();
    let _opened = stage.run("runs");
    stage.sql("CREATE TRIGGER full BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'disk full'); END");
    let _refused = stage.run(ONBOARD).exits(74);
    assert_eq!(stage.write_requests(), 0);
}

#[test]
fn lanes_beyond_the_deadline_are_parked() {
    let stage = three(
        "[[fault]]\nkind = \"delay\"\nby = \"29s\"\nworkspace = \"acme\"\noperation = \"workspace.current\"\nskip = 1\n\
         [[fault]]\nkind = \"status\"\nstatus = 429\nretry_after = 25\nworkspace = \"acme\"\noperation = \"member.create\"\n",
    );
    let outcome = stage.run(&format!("{ONBOARD} --deadline 40s")).exits(20);
    assert_eq!(outcome.outcomes(), ["acme held deadline", "birch done", "cedar done"]);
    assert!(outcome.took < Duration::from_secs(40), "{:?}", outcome.took);
}

#[test]
fn an_interrupt_is_obeyed_even_by_those_who_wait_for_the_same_commit() {
    // Without jitter all twenty lanes have their attempt written down in one commit; the first to be sent interrupts.
    let mut stage = twenty();
    stage.road.jitter = Duration::ZERO;
    let sent = Arc::new(AtomicUsize::new(0));
    let (counter, stop) = (Arc::clone(&sent), stage.stop.clone());
    stage.at_request(move |request| {
        if request.method == Method::Post && counter.fetch_add(1, Ordering::Relaxed) == 0 {
            stop.drain(Why::Interrupted);
        }
    });
    let outcome = stage.run(ONBOARD).exits(130);
    assert_eq!((sent.load(Ordering::Relaxed), stage.writes()), (1, 1), "{outcome}");
    assert_eq!(held(&outcome, "stopped"), 19, "{outcome}");

    // What was written down and not sent is known not to have been sent: nothing has to be waited for.
    stage.stop = keyholder::run::Stop::default();
    let again = stage.run(ONBOARD).exits(0);
    assert!(again.took < Duration::from_secs(30), "{:?}", again.took);
    assert_eq!(stage.writes(), 20);
}
