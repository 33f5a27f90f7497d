//! Many steps in one workspace: they wait for the pace and not for each other's answers, and whatever happens to one of them is its own trouble.

use std::time::Duration;

use fastrand::Rng;
use keyholder::api::transport::Method;
use keyholder::journal::Moment;
use keyholder::run::{Stop, Why};
use keyholder::sim::put::{Campaigns, LeadLists};
use keyholder::sim::{Fault, FaultBody, FaultKind, Invitations, LocalSettings, Op, RepeatInvite, World};

use crate::resume::cut_at;
use crate::support::{Outcome, Stage};

const AWAY: Duration = Duration::from_millis(200);

/// One workspace, some way off, that makes a second row of whoever is invited twice.
fn one() -> Stage {
    let world = World::generated(1, 3, 7);
    world.configure(|settings| {
        settings.invitations = Invitations::AtOnce;
        settings.repeat_invite = RepeatInvite::Duplicate;
    });
    let mut stage = Stage::of(world);
    stage.road = LocalSettings { latency: AWAY, seed: 3, ..LocalSettings::default() };
    stage.searched_once.set(true);
    stage
}

fn people(count: usize) -> Vec<String> {
    (0..count).map(|at| format!("p{at:03}@agency.example")).collect()
}

fn onboard(people: &[String]) -> String {
    format!("onboard {} --role view --all --yes", people.join(" "))
}

/// When each request of a kind came, in order.
fn moments(stage: &Stage, operation: Op) -> Vec<Duration> {
    stage.world.requests().iter().filter(|seen| seen.operation == Some(operation)).map(|seen| seen.moment).collect()
}

/// The most requests of a kind that were on their way at one moment.
fn most_at_once(stage: &Stage, operation: Op) -> usize {
    let moments = moments(stage, operation);
    let within = |from: &Duration| moments.iter().filter(|at| (*from..*from + AWAY).contains(at)).count();
    moments.iter().map(within).max().unwrap_or(0)
}

fn ended(outcome: &Outcome, how: &str) -> usize {
    outcome.outcomes().iter().filter(|text| text.ends_with(&format!(" {how}"))).count()
}

#[track_caller]
fn each_is_there_once(stage: &Stage, people: &[String]) {
    for person in people {
        assert_eq!(stage.rows_of("client-0001", person), 1, "{person}");
    }
}

#[test]
fn invitations_wait_for_the_pace_and_not_for_each_other() {
    let (stage, people) = (one(), people(200));
    let outcome = stage.run(&onboard(&people)).exits(0);
    assert_eq!(ended(&outcome, "done"), 200, "{outcome}");
    each_is_there_once(&stage, &people);
    let moments = moments(&stage, Op::MemberCreate);
    let took = moments[199].saturating_sub(moments[0]);
    // Fifty places, each held for a second and a round trip of which 50 ms count; one after the other it would be 40 s.
    assert!(took < Duration::from_secs(6), "{took:?}");
    // Nothing is written down later than it is sent, and nothing is closed before it is answered.
    let story = stage.entries();
    let started = story.iter().filter(|entry| entry["type"] == "started").count();
    let answered = story.iter().filter(|entry| entry["type"] == "answered").count();
    assert_eq!((started, answered), (200, 200));
}

#[test]
fn a_volley_begins_with_one_and_opens_up_with_what_is_acknowledged() {
    let (stage, people) = (one(), people(15));
    let _done = stage.run(&onboard(&people)).exits(0);
    let moments = moments(&stage, Op::MemberCreate);
    let rounds: Vec<usize> = (0..4)
        .map(|round| AWAY * round + AWAY / 2)
        .map(|until| moments.iter().filter(|at| at.saturating_sub(moments[0]) < until).count())
        .collect();
    assert_eq!(rounds, [1, 3, 7, 15]);
}

#[test]
fn campaigns_and_lead_lists_of_one_who_leaves_change_hands_together_and_the_membership_ends_after_them() {
    let stage = one();
    let leaver = stage.world.members("client-0001").pop().unwrap();
    let owner = "founder@agency.example";
    drop(stage.world.put("client-0001", Campaigns::of(&leaver.email, 40)));
    drop(stage.world.put("client-0001", LeadLists::of(&leaver.email, 40)));
    let line = format!("offboard {} --hand-over-to {owner} --all", leaver.email);
    let plan = stage.run(&format!("{line} --plan-only")).exits(0).plan_id();
    let outcome = stage.run(&format!("{line} --confirm {plan}")).exits(0);
    assert_eq!(ended(&outcome, "done"), 81, "{outcome}");
    assert!(most_at_once(&stage, Op::CampaignPatch) > 10, "{}", most_at_once(&stage, Op::CampaignPatch));
    let last = moments(&stage, Op::CampaignPatch).into_iter().chain(moments(&stage, Op::LeadListPatch)).max().unwrap();
    assert!(moments(&stage, Op::MemberDelete)[0] >= last + AWAY, "access goes once everything was acknowledged");
}

#[test]
fn what_happens_to_one_in_the_middle_is_its_own_trouble() {
    let status = |status| FaultKind::Status { status, body: FaultBody::Json, retry_after: None };
    for (kind, how, sent) in [
        (FaultKind::LoseAnswer, "done", 40),
        (FaultKind::LoseRequest, "done", 41),
        (FaultKind::Late { after: Duration::from_secs(20) }, "done", 40),
        (FaultKind::Truncate, "done", 40),
        (FaultKind::throttled(None), "done", 41),
        (status(500), "done", 41),
        (status(400), "failed", 40),
    ] {
        let (stage, people) = (one(), people(40));
        let told = format!("{kind:?}");
        stage.world.add_fault(Fault::once(kind).at(Op::MemberCreate).skip(20));
        let outcome = stage.run(&onboard(&people));
        assert_eq!(ended(&outcome, "done"), if how == "done" { 40 } else { 39 }, "{told}\n{outcome}");
        assert_eq!(outcome.exit, if how == "done" { 0 } else { 21 }, "{told}\n{outcome}");
        assert!(most_at_once(&stage, Op::MemberCreate) > 4, "{told}: others were on their way");
        assert_eq!(moments(&stage, Op::MemberCreate).len(), sent, "{told}");
        let there = people.iter().map(|person| stage.rows_of("client-0001", person)).collect::<Vec<_>>();
        assert!(there.iter().all(|rows| *rows <= 1), "{told}: {there:?}");
        assert_eq!(there.iter().sum::<usize>(), ended(&outcome, "done"), "{told}");
        assert_eq!(outcome.outcomes().len(), 40, "in the plan's order, each once");
    }
}

#[test]
fn many_lost_answers_are_looked_for_together() {
    let (stage, people) = (one(), people(40));
    stage.world.add_fault(Fault::once(FaultKind::LoseAnswer).at(Op::MemberCreate).skip(15).times(12));
    let outcome = stage.run(&onboard(&people)).exits(0);
    each_is_there_once(&stage, &people);
    assert_eq!(moments(&stage, Op::MemberCreate).len(), 40);
    // The time limit of a request, and one settle time for all of them.
    assert!(outcome.took < Duration::from_mins(3), "{:?}", outcome.took);
}

#[test]
fn a_key_that_dies_in_the_middle_ends_the_lane_and_what_had_left_is_told_apart() {
    let (stage, people) = (one(), people(60));
    let world = stage.world.clone();
    stage.at_nth(Method::Post, 30, move || world.revoke_keys("client-0001"));
    let outcome = stage.run(&onboard(&people));
    let sent = moments(&stage, Op::MemberCreate).len();
    assert!((30..60).contains(&sent), "what was on its way goes on, and the rest is held: {sent}");
    assert_eq!(ended(&outcome, "held lane_ended"), 60 - sent, "{outcome}");
    let there = people.iter().filter(|person| stage.rows_of("client-0001", person) > 0).count();
    assert!(there < sent, "some were refused");
    assert_eq!(ended(&outcome, "failed"), sent - there, "{outcome}");
}

#[test]
fn what_is_acknowledged_after_a_refusal_opens_nothing_and_what_waited_for_its_pace_does_not_leave() {
    let (stage, people) = (one(), people(60));
    let refused = FaultKind::Status { status: 403, body: FaultBody::Json, retry_after: None };
    // It comes among others that are acknowledged after it, while the next one waits for the pace.
    stage.world.add_fault(Fault::once(refused).at(Op::MemberCreate).skip(40));
    let outcome = stage.run(&onboard(&people));
    let moments = moments(&stage, Op::MemberCreate);
    let sent = moments.len();
    assert!((42..60).contains(&sent), "others were on their way: {sent}\n{outcome}");
    assert!(moments[sent - 1] <= moments[40] + AWAY, "nothing leaves once the refusal is there: {moments:?}");
    assert_eq!((ended(&outcome, "done"), ended(&outcome, "failed")), (sent - 1, 1), "{outcome}");
    assert_eq!(ended(&outcome, "held lane_ended"), 60 - sent, "{outcome}");
    let unsent =
        stage.entries().iter().filter(|entry| entry["type"] == "answered" && entry["class"] == "not_sent").count();
    assert_eq!(unsent, 1, "it had been written down, and so is that it did not leave");
}

#[test]
fn an_interrupt_sends_nothing_new_and_what_is_on_its_way_is_awaited() {
    let (mut stage, people) = (one(), people(60));
    let stop = stage.stop.clone();
    stage.at_nth(Method::Post, 30, move || stop.drain(Why::Interrupted));
    let outcome = stage.run(&onboard(&people)).exits(130);
    assert_eq!(moments(&stage, Op::MemberCreate).len(), 30);
    assert_eq!((ended(&outcome, "done"), ended(&outcome, "held stopped")), (30, 30), "{outcome}");
    assert!(most_at_once(&stage, Op::MemberCreate) > 10);

    stage.stop = Stop::default();
    let again = stage.run("resume").exits(0);
    assert_eq!(ended(&again, "done"), 60, "{again}");
    each_is_there_once(&stage, &people);
}

#[test]
fn a_second_interrupt_leaves_what_is_on_its_way_unknown_and_a_resume_settles_it() {
    let (mut stage, people) = (one(), people(60));
    let stop = stage.stop.clone();
    stage.at_nth(Method::Post, 30, move || {
        stop.drain(Why::Interrupted);
        stop.now(Why::Interrupted);
    });
    let outcome = stage.run(&onboard(&people)).exits(22);
    assert!(ended(&outcome, "unknown") > 10, "{outcome}");
    assert!(outcome.took < Duration::from_secs(20), "it waits for nothing: {:?}", outcome.took);

    stage.stop = Stop::default();
    let again = stage.run("resume").exits(0);
    assert_eq!(ended(&again, "done"), 60, "{again}");
    each_is_there_once(&stage, &people);
}

#[test]
fn a_crash_with_many_on_their_way_is_resumed_to_the_same_end() {
    for (moment, nth) in [(Moment::Before, 20), (Moment::After, 20), (Moment::Before, 45), (Moment::After, 46)] {
        let (stage, people) = (one(), people(60));
        cut_at(&stage, moment, nth);
        assert!(stage.run_until_cut(&onboard(&people)), "the run was cut");
        *stage.probe.borrow_mut() = None;
        let open =
            stage.steps().iter().filter(|step| step.state.attempts() > 0 && step.state.answer().is_none()).count();
        assert!(open > 1, "several were on their way at {moment:?} {nth}: {open}");
        let outcome = stage.run("resume").exits(0);
        assert_eq!(ended(&outcome, "done"), 60, "{outcome}");
        each_is_there_once(&stage, &people);
    }
}

#[test]
fn a_ledger_that_fails_in_the_middle_lets_nothing_more_be_sent() {
    let (stage, people) = (one(), people(60));
    let _opened = stage.run("runs");
    stage.sql(
        "CREATE TRIGGER full BEFORE INSERT ON entries WHEN NEW.seq > 110 BEGIN SELECT RAISE(ABORT, 'disk full'); END",
    );
    let outcome = stage.run(&onboard(&people)).exits(74);
    let started = stage.steps().iter().filter(|step| step.state.attempts() > 0).count();
    let kept: Vec<serde_json::Value> =
        outcome.stderr.lines().filter_map(|line| serde_json::from_str(line.trim()).ok()).collect();
    let unsent = kept.iter().filter(|record| record["type"] == "answered" && record["class"] == "not_sent").count();
    assert!(started > 5 && started < 60, "{started}\n{outcome}");
    assert_eq!(
        moments(&stage, Op::MemberCreate).len() + unsent,
        started,
        "what was sent was written down before\n{outcome}"
    );
    assert_eq!(stage.writes(), moments(&stage, Op::MemberCreate).len(), "what was on its way took effect");
}

/// Draws faults over a volley and plays it, resumes included, until nothing is open. Whatever happens, nobody is there twice, whoever is told
/// to be done is there, and who is told to have failed is not.
#[test]
fn whatever_happens_on_the_way_nobody_is_invited_twice() {
    for seed in 0..60 {
        let mut chance = Rng::with_seed(seed);
        let (mut stage, people) = (one(), people(chance.usize(2..50)));
        stage.forgive_unfired_faults();
        stage.road.jitter = Duration::from_millis(chance.u64(0..150));
        for _ in 0..chance.usize(0..5) {
            let kind = match chance.u8(0..8) {
                0 => FaultKind::LoseAnswer,
                1 => FaultKind::LoseRequest,
                2 => FaultKind::Late { after: Duration::from_secs(chance.u64(1..80)) },
                3 => FaultKind::Truncate,
                4 => FaultKind::throttled(None),
                5 => FaultKind::Status { status: 500, body: FaultBody::Html, retry_after: None },
                6 => FaultKind::Delay { by: Duration::from_secs(chance.u64(1..40)) },
                _ => FaultKind::Status { status: 400, body: FaultBody::Json, retry_after: None },
            };
            let fault = Fault::once(kind).at(Op::MemberCreate).skip(chance.usize(0..40)).times(chance.usize(1..6));
            stage.world.add_fault(fault);
        }
        if chance.bool() {
            let (stop, now) = (stage.stop.clone(), chance.bool());
            stage.at_nth(Method::Post, chance.usize(1..60), move || {
                stop.drain(Why::Interrupted);
                if now {
                    stop.now(Why::Interrupted);
                }
            });
        }
        let mut outcome = stage.run(&onboard(&people));
        for _ in 0..3 {
            if !matches!(outcome.exit, 22 | 130) {
                break;
            }
            stage.stop = Stop::default();
            outcome = stage.run("resume");
        }
        for person in &people {
            assert!(stage.rows_of("client-0001", person) <= 1, "seed {seed}: {person} is there twice\n{outcome}");
        }
        for row in outcome.rows() {
            let there = stage.rows_of("client-0001", &row["subject"]);
            match row["outcome"].as_str() {
                "done" | "already" => assert_eq!(there, 1, "seed {seed}: {row:?}"),
                "failed" | "held" => assert_eq!(there, 0, "seed {seed}: {row:?}"),
                _ => {}
            }
        }
    }
}
