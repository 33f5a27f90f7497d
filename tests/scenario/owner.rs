//! Giving a workspace to another owner: sent once, looked for where its answer is lost, never sent again.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use keyholder::sim::{Fault, FaultBody, FaultKind, Hand, Op, When};

use crate::support::{Outcome, Stage};
use crate::three;

const LEAD: &str = "lead@agency.example";
const FOUNDER: &str = "founder@agency.example";
const TRANSFER: &str = "owner transfer acme --to lead@agency.example";

/// Puts a security token of acme where the command reads it.
fn hand_token(stage: &Stage) {
    let path = stage.root.join("secrets/token");
    fs::write(&path, format!("{}\n", stage.world.security_token("acme").unwrap())).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn planned(stage: &Stage) -> Outcome {
    stage.run(&format!("{TRANSFER} --plan-only"))
}

/// Transfers acme with a fresh token, by the plan that is drawn now.
fn transfer(stage: &Stage) -> Outcome {
    let line = confirmed(stage);
    stage.run(&line)
}

fn confirmed(stage: &Stage) -> String {
    hand_token(stage);
    let plan = planned(stage).plan_id();
    format!("{TRANSFER} --security-token-file secrets/token --confirm {plan}")
}

/// The transfers that were asked for, whether or not they took.
fn sent(stage: &Stage) -> usize {
    stage.world.requests().iter().filter(|seen| seen.operation == Some(Op::OwnerChange)).count()
}

fn owner(stage: &Stage) -> String {
    stage.world.owner("acme").unwrap()
}

fn at(kind: FaultKind) -> Fault {
    Fault::once(kind).at(Op::OwnerChange)
}

#[test]
fn it_is_done_when_the_workspace_shows_it_and_asked_again_it_is_already() {
    let stage = three("");
    let done = transfer(&stage).exits(0);
    assert_eq!(done.outcomes(), ["acme done"]);
    assert_eq!((owner(&stage).as_str(), sent(&stage)), (LEAD, 1));
    let again = transfer(&stage).exits(0);
    assert_eq!((again.outcomes(), sent(&stage)), (vec!["acme already".to_owned()], 1));
}

#[test]
fn undoing_it_is_impossible_and_it_is_said_why() {
    let stage = three("");
    let _done = transfer(&stage).exits(0);
    let undone = stage.run("undo --plan-only").exits(30);
    assert!(undone.stdout.contains("only who owns the workspace now can give it back"), "{undone}");
    assert_eq!(undone.planned(), ["acme owner.transfer held not_undoable"]);
    let verified = stage.run("verify last").exits(0);
    assert_eq!(verified.rows()[0]["state"], "holds", "{verified}");
    // Somebody gave it back in the app.
    assert!(stage.world.hand("acme", &Hand::MakeOwner { email: FOUNDER.into() }));
    let drifted = stage.run("verify last");
    assert_eq!(drifted.rows()[0]["state"], "drifted", "{drifted}");
}

#[test]
fn the_forecast_is_what_it_takes() {
    let stage = three("");
    let line = confirmed(&stage);
    let before = stage.world.request_count();
    let planned = stage.run(&format!("{line} --format ndjson"));
    let records = planned.records();
    let summary = records.last().unwrap();
    assert_eq!(summary["requests"], stage.world.request_count() - before, "{planned}");
}

#[test]
fn an_answer_that_is_lost_after_it_took_effect_is_looked_for() {
    for kind in [
        FaultKind::LoseAnswer,
        FaultKind::Truncate,
        FaultKind::Html,
        FaultKind::Delay { by: Duration::from_secs(31) },
        FaultKind::StatusAfter { status: 500, body: FaultBody::Json },
        FaultKind::Late { after: Duration::from_secs(50) },
    ] {
        let stage = three("");
        stage.world.add_fault(at(kind.clone()));
        let ended = transfer(&stage).exits(0);
        assert_eq!((ended.outcomes(), sent(&stage)), (vec!["acme done".to_owned()], 1), "{kind:?}");
        assert_eq!(stage.story("acme"), ["started", "answered ambiguous", "looked there", "settled done"], "{kind:?}");
    }
}

#[test]
fn one_that_never_arrived_is_unknown_and_a_resume_looks_and_sends_nothing() {
    for kind in [FaultKind::LoseRequest, FaultKind::Status { status: 500, body: FaultBody::Json, retry_after: None }] {
        let stage = three("");
        stage.world.add_fault(at(kind.clone()));
        let ended = transfer(&stage).exits(22);
        assert_eq!((ended.outcomes(), sent(&stage)), (vec!["acme unknown".to_owned()], 1), "{kind:?}");
        assert!(ended.took >= Duration::from_mins(1), "it was judged after the settle time: {:?}", ended.took);
        // Until it is settled nobody else is given the workspace either.
        let other = stage.run("owner transfer acme --to ops@agency.example --plan-only").exits(30);
        assert_eq!(other.planned(), ["acme owner.transfer held in_doubt"]);
        let resumed = stage.run("resume").exits(21);
        assert!(resumed.stdout.contains("never sent again by itself"), "{resumed}");
        assert_eq!((resumed.outcomes(), sent(&stage)), (vec!["acme failed".to_owned()], 1));
        assert_eq!(owner(&stage), FOUNDER);
        // It is settled: with a new token it is done.
        let again = transfer(&stage).exits(0);
        assert_eq!((again.outcomes(), sent(&stage)), (vec!["acme done".to_owned()], 2));
    }
}

#[test]
fn one_that_lands_after_the_run_gave_it_up_is_found_by_the_resume() {
    let stage = three("");
    stage.world.add_fault(at(FaultKind::Late { after: Duration::from_secs(90) }));
    let ended = transfer(&stage).exits(22);
    assert_eq!(ended.outcomes(), ["acme unknown"]);
    stage.wait(Duration::from_mins(1));
    let resumed = stage.run("resume").exits(0);
    assert_eq!((resumed.outcomes(), owner(&stage).as_str(), sent(&stage)), (vec!["acme done".to_owned()], LEAD, 1));
}

#[test]
fn cut_at_the_request_it_is_settled_by_a_resume_that_has_no_token() {
    for took in [true, false] {
        let stage = three("");
        let line = confirmed(&stage);
        if !took {
            stage.world.add_fault(at(FaultKind::LoseRequest));
        }
        let cut = std::sync::Arc::clone(&stage.cut);
        let seen = std::sync::atomic::AtomicBool::new(false);
        stage.at_request(move |request| {
            // The next request after the transfer is never sent.
            let transfer = request.path.ends_with("change-owner");
            if seen.fetch_or(transfer, std::sync::atomic::Ordering::SeqCst) && !transfer {
                cut.notify_one();
            }
        });
        assert!(stage.run_until_cut(&line));
        stage.at_request(|_| {});
        fs::remove_file(stage.root.join("secrets/token")).unwrap();
        let resumed = stage.run("resume").exits(if took { 0 } else { 21 });
        let expected = if took { "acme done" } else { "acme failed" };
        assert_eq!((resumed.outcomes(), sent(&stage)), (vec![expected.to_owned()], 1));
        let requests = stage.world.request_count();
        let _nothing = stage.run("resume").exits(0);
        assert_eq!(stage.world.request_count(), requests);
    }
}

#[test]
fn what_was_never_sent_is_held_for_want_of_a_token_by_apply_and_resume() {
    let stage = three("");
    let saved = stage.run(&format!("{TRANSFER} -o plan.json")).exits(0).says("a saved plan keeps no security token");
    let plan = saved.plan_id();
    let applied = stage.run(&format!("apply plan.json --confirm {plan}")).exits(30).says("--security-token-file FILE");
    assert_eq!((applied.outcomes(), applied.plan_id()), (vec!["acme held token_missing".to_owned()], plan));

    // The lane ends before it sends anything: the plan and the lane ask who it is.
    let line = confirmed(&stage);
    let refused = FaultKind::Status { status: 403, body: FaultBody::Json, retry_after: None };
    stage.world.add_fault(Fault::once(refused).at(Op::WorkspaceCurrent).skip(1));
    let cut = stage.run(&line);
    assert_eq!(cut.outcomes(), ["acme held lane_ended"], "{cut}");
    let resumed = stage.run("resume").exits(30);
    assert!(resumed.stdout.contains("`keyholder owner transfer` alone takes one"), "{resumed}");
    assert_eq!((resumed.outcomes(), sent(&stage)), (vec!["acme held token_missing".to_owned()], 0));
    assert_eq!(owner(&stage), FOUNDER);
}

#[test]
fn a_wrong_token_is_refused_and_nothing_is_sent_again() {
    let stage = three("");
    let line = confirmed(&stage);
    fs::write(stage.root.join("secrets/token"), "wrong-token-4711\n").unwrap();
    let ended = stage.run(&line).exits(21).says("help ownership").says("workspaces:update");
    assert_eq!((ended.outcomes(), sent(&stage), owner(&stage).as_str()), (vec!["acme failed".to_owned()], 1, FOUNDER));
    assert!(!format!("{ended}").contains("wrong-token"), "{ended}");
}

#[test]
fn an_answer_that_repeats_the_token_puts_it_nowhere() {
    for status in [400, 403, 409, 500] {
        let stage = three("");
        stage.world.add_fault(at(FaultKind::EchoSecrets { status }));
        // Every output and every file is searched for every token after every run.
        let ended = transfer(&stage);
        assert!([21, 22, 0].contains(&ended.exit), "{status}: {ended}");
        assert_eq!(sent(&stage), 1);
    }
}

#[test]
fn a_200_that_changed_nothing_is_no_transfer() {
    let stage = three("");
    stage.world.add_fault(at(FaultKind::Ignore));
    let ended = transfer(&stage).exits(22);
    assert!(ended.stdout.contains("still shows the former owner"), "{ended}");
    assert_eq!((ended.outcomes(), sent(&stage)), (vec!["acme unverified".to_owned()], 1));
    let resumed = stage.run("resume").exits(22);
    assert_eq!((resumed.outcomes(), sent(&stage)), (vec!["acme unverified".to_owned()], 1));
}

#[test]
fn the_world_is_read_again_just_before() {
    // Who was to have it left meanwhile.
    let meanwhile = |hand: Hand| FaultKind::Meanwhile { when: When::After, hand };
    let stage = three("");
    let line = confirmed(&stage);
    let leaves = meanwhile(Hand::Remove { email: LEAD.into() });
    stage.world.add_fault(Fault::once(leaves).at(Op::MemberList).skip(1));
    let ended = stage.run(&line).exits(30);
    assert_eq!((ended.outcomes(), sent(&stage)), (vec!["acme held heir_not_member".to_owned()], 0));

    // Another hand gave it to her, or to somebody else.
    for (to, exit, outcome) in [(LEAD, 0, "acme already"), ("ops@agency.example", 31, "acme held stale")] {
        let stage = three("");
        let line = confirmed(&stage);
        let given = meanwhile(Hand::MakeOwner { email: to.into() });
        stage.world.add_fault(Fault::once(given).at(Op::MemberList).skip(1));
        let ended = stage.run(&line).exits(exit);
        assert_eq!((ended.outcomes(), sent(&stage)), (vec![outcome.to_owned()], 0), "{to}");
    }
}

#[test]
fn it_is_sent_again_only_where_it_surely_was_not_processed() {
    let stage = three("");
    let throttled = FaultKind::Status { status: 429, body: FaultBody::Json, retry_after: None };
    stage.world.add_fault(at(throttled));
    let ended = transfer(&stage).exits(0);
    assert_eq!((ended.outcomes(), sent(&stage)), (vec!["acme done".to_owned()], 2));
}

#[test]
fn through_the_admin_workspace_it_is_the_sub_workspace_that_changes_hands() {
    let stage = Stage::script(VIA);
    let done = transfer(&stage).exits(0);
    assert_eq!(done.outcomes(), ["acme done"]);
    assert_eq!((owner(&stage).as_str(), stage.world.owner("agency").as_deref()), (LEAD, Some(FOUNDER)));
}

const VIA: &str = r#"
[[workspace]]
name = "agency"
owner = "founder@agency.example"
admin = ["lead@agency.example"]

[[workspace]]
name = "acme"
keys = []
owner = "founder@agency.example"
admin = ["lead@agency.example"]

[[group]]
admin = "agency"
accepted = ["acme"]
"#;
