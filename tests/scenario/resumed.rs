//! What a resume must not do: end a re-invitation with its destructive half, trust today's files where the run's own word counts, or
//! pass by the limits of today.

use std::sync::Arc;
use std::time::Duration;

use keyholder::api::transport::Method;
use keyholder::sim::{Fault, FaultKind, Op};

use crate::support::Stage;
use crate::{ONBOARD, THREE, three};

const NIA: &str = "nia@agency.example";

/// Nia is invited to acme, and is to be invited anew.
fn invited() -> Stage {
    let stage = Stage::script(&THREE.replace("at-once", "wait"));
    let _told = stage.run("onboard nia@agency.example --role view -w acme --yes").exits(0);
    stage.wait(Duration::from_secs(5));
    stage
}

fn reinvite(stage: &Stage, more: &str) -> String {
    let line = format!("members reinvite nia@agency.example -w acme{more}");
    let plan = stage.run(&format!("{line} --plan-only")).exits(0).plan_id();
    format!("{line} --confirm {plan}")
}

#[test]
fn a_reinvitation_whose_withdrawal_was_parked_is_resumed_whole() {
    let stage = invited();
    stage.world.add_fault(Fault::once(FaultKind::throttled(Some(50))).on("acme").at(Op::MemberDelete));
    let parked = stage.run(&reinvite(&stage, " --deadline 40s"));
    assert_eq!(parked.outcomes(), ["acme held deadline", "acme held lane_ended"], "{parked}");
    stage.wait(Duration::from_mins(1));
    let outcome = stage.run("resume").exits(0);
    assert_eq!(outcome.outcomes(), ["acme done", "acme waiting"], "{outcome}");
    assert_eq!(stage.rows_of("acme", NIA), 1);
}

#[test]
fn a_parked_withdrawal_does_not_remove_somebody_who_accepted_meanwhile() {
    let stage = invited();
    stage.world.add_fault(Fault::once(FaultKind::throttled(Some(50))).on("acme").at(Op::MemberDelete));
    let _parked = stage.run(&reinvite(&stage, " --deadline 40s"));
    assert!(stage.world.hand("acme", &keyholder::sim::Hand::Accept { email: NIA.into() }));
    stage.wait(Duration::from_mins(1));
    let outcome = stage.run("resume").exits(31);
    assert_eq!(outcome.outcomes()[0], "acme held stale", "{outcome}");
    let row = stage.world.members("acme").into_iter().find(|row| row.email == NIA).unwrap();
    assert!(row.accepted, "the membership is untouched");
}

#[test]
fn a_withdrawal_in_doubt_that_took_effect_is_followed_by_its_invitation() {
    let stage = invited();
    stage.world.add_fault(Fault::once(FaultKind::LoseAnswer).on("acme").at(Op::MemberDelete));
    let stop = stage.stop.clone();
    stage.at_nth(Method::Delete, 1, move || stop.now(keyholder::run::Why::Interrupted));
    let line = reinvite(&stage, "");
    let _stopped = stage.run(&line).exits(22);
    let mut stage = unhooked(stage);
    stage.stop = keyholder::run::Stop::default();
    let outcome = stage.run("resume").exits(0);
    assert_eq!(outcome.outcomes(), ["acme done", "acme waiting"], "{outcome}");
}

#[test]
fn the_day_that_has_no_room_holds_both_halves() {
    let stage = invited();
    let cut = Arc::clone(&stage.cut);
    let line = reinvite(&stage, "");
    stage.at_nth(Method::Get, 3, move || cut.notify_one());
    assert!(stage.run_until_cut(&line));
    let stage = unhooked(stage);
    stage.add("keyholder.toml", "[guards]\nmax_removals = { per_day = 0 }");
    let outcome = stage.run("resume").exits(30);
    assert_eq!(outcome.outcomes(), ["acme held limit_per_day", "acme held after"], "{outcome}");
    assert_eq!(stage.rows_of("acme", NIA), 1);
    stage.edit("keyholder.toml", "per_day = 0", "per_day = 9");
    assert_eq!(stage.run("resume").exits(0).outcomes(), ["acme done", "acme waiting"]);
}

#[test]
fn the_limits_of_today_hold_what_is_not_sent_yet() {
    for limit in ["per_workspace", "per_run", "per_day"] {
        let stage = three("");
        let plan = stage.run("offboard sam@agency.example --all --plan-only").exits(0).plan_id();
        let cut = Arc::clone(&stage.cut);
        stage.at_nth(Method::Delete, 1, move || cut.notify_one());
        // All lanes stand at their first removal: nothing was sent, what was written down is in doubt, the rest is to be sent.
        assert!(stage.run_until_cut(&format!("offboard sam@agency.example --all --confirm {plan}")));
        let stage = unhooked(stage);
        let limits = format!("max_failures = \"50%\"\nmax_removals = {{ {limit} = 0 }}");
        stage.edit("keyholder.toml", "max_failures = \"50%\"", &limits);
        let before = stage.steps().iter().filter(|step| step.state.attempts() == 0).count();
        let outcome = stage.run("resume");
        let held = outcome.outcomes().iter().filter(|end| end.contains("held limit_")).count();
        assert_eq!(held, before, "{limit}: everything that was still to be sent\n{outcome}");
    }
}

#[test]
fn a_lost_write_is_waited_for_as_long_as_its_own_run_would_have() {
    let stage = three("");
    stage
        .world
        .add_fault(Fault::once(FaultKind::Late { after: Duration::from_secs(40) }).on("acme").at(Op::MemberCreate));
    let cut = Arc::clone(&stage.cut);
    stage.at_nth(Method::Post, 3, move || cut.notify_one());
    assert!(stage.run_until_cut(ONBOARD));
    let stage = unhooked(stage);
    stage.add("keyholder.toml", "");
    stage.edit("keyholder.toml", "[defaults]", "[defaults]\nsettle = \"10s\"\ntimeout = \"2s\"");
    let _outcome = stage.run("resume").exits(0);
    for workspace in ["acme", "birch", "cedar"] {
        assert_eq!(stage.rows_of(workspace, NIA), 1, "{workspace}");
    }
    assert_eq!(stage.world.effects("acme").len(), 1);
}

#[test]
fn a_workspace_that_left_the_fleet_can_be_left_out() {
    let stage = three("");
    let cut = Arc::clone(&stage.cut);
    stage.at_nth(Method::Post, 3, move || cut.notify_one());
    assert!(stage.run_until_cut(ONBOARD));
    let stage = unhooked(stage);
    std::fs::remove_file(stage.root.join("workspaces/birch.toml")).unwrap();
    let refused = stage.run("resume").exits(3).says("`birch`").says("--exclude");
    assert_eq!(refused.stdout, "");
    let _typo = stage.run("resume -x brich").exits(4).says("matches no workspace with an open step");
    let outcome = stage.run("resume -x birch");
    assert_eq!(outcome.outcomes()[0], "acme done", "{outcome}");
    assert_eq!(outcome.outcomes()[2], "cedar done", "{outcome}");
    assert_eq!(stage.rows_of("acme", NIA) + stage.rows_of("cedar", NIA), 2);
}

#[test]
fn the_failure_budget_of_the_run_goes_on_and_does_not_keep_doubts_from_being_looked_at() {
    let stage = three("");
    stage.edit("keyholder.toml", "max_failures = \"50%\"", "max_failures = \"0%\"");
    let dead = Fault::always(FaultKind::EchoKey { status: 401 }).on("cedar");
    stage.world.add_fault(dead);
    let cut = Arc::clone(&stage.cut);
    stage.at_nth(Method::Post, 2, move || cut.notify_one());
    assert!(stage.run_until_cut(&format!("{ONBOARD} --max-failures 50%")));
    let stage = unhooked(stage);
    let outcome = stage.run("resume").exits(20);
    assert_eq!(outcome.outcomes(), ["acme done", "birch done"], "{outcome}");
}

fn unhooked(stage: Stage) -> Stage {
    stage.at_request(|_| {});
    stage
}
