//! What was once in doubt stays in doubt: no later refusal, stop or deadline makes a lost answer a sure failure.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use keyholder::api::transport::Method;
use keyholder::clock::Clock;
use keyholder::domain::{Change, Disposition, Email, PlanId, RestsOn, Role, RunId, Step, WorkspaceId, WorkspaceName};
use keyholder::journal::{Ledger, Record, RunHeader};
use keyholder::run::{Stop, Why};
use keyholder::sim::Hand;
use serde_json::Value;

use crate::support::{START, Stage};
use crate::{ONBOARD, THREE, TOLERANT, three};

const NIA: &str = "nia@agency.example";
const SAM: &str = "sam@agency.example";

fn fault(fault: &str, operation: &str) -> String {
    format!("[[fault]]\n{fault}\nworkspace = \"acme\"\noperation = \"{operation}\"\n")
}

/// Saves a plan and applies it by its id.
fn offboard(stage: &Stage) -> crate::support::Outcome {
    let plan = stage.run("offboard sam@agency.example --all -o plan.json").exits(0).plan_id();
    stage.run(&format!("apply plan.json --confirm {plan}"))
}

#[test]
fn a_removal_that_was_lost_and_then_refused_is_unknown_and_not_failed() {
    let refused = "kind = \"status\"\nstatus = 403\nskip = 0";
    let stage =
        three(&format!("{}{}", fault("kind = \"lose-request\"", "member.delete"), fault(refused, "member.delete")));
    let outcome = offboard(&stage).exits(22);
    assert_eq!(outcome.outcomes()[0], "acme unknown", "{outcome}");
    let story = stage.story("acme");
    assert_eq!(
        story,
        ["started", "answered ambiguous", "looked absent", "started", "answered refused", "settled unknown"]
    );
}

#[test]
fn a_removal_of_ours_that_lands_late_is_done_and_not_somebody_elses() {
    // The answer is lost, the row still stands when looked for, and goes before the second attempt arrives.
    let late = "kind = \"late\"\nafter = \"10ms\"";
    let slow = "kind = \"delay\"\nby = \"1s\"\nskip = 1";
    let stage = three(&format!("{}{}", fault(late, "member.delete"), fault(slow, "member.get")));
    let outcome = offboard(&stage).exits(0);
    assert_eq!(outcome.outcomes()[0], "acme done", "{outcome}");
    assert_eq!(stage.rows_of("acme", SAM), 0);
}

#[test]
fn a_stop_after_a_lost_answer_does_not_call_it_held() {
    let stage = three(&fault("kind = \"lose-request\"", "member.delete"));
    let (deletes, stop) = (Arc::new(AtomicUsize::new(0)), stage.stop.clone());
    let plan = stage.run("offboard sam@agency.example -w acme -o plan.json").exits(0).plan_id();
    stage.at_request(move |request| {
        // The look after the lost answer: the run is stopped while it is under way.
        let lost = deletes.fetch_add(usize::from(request.method == Method::Delete), Ordering::Relaxed) > 0;
        if lost && request.method == Method::Get {
            stop.drain(Why::Interrupted);
        }
    });
    let outcome = stage.run(&format!("apply plan.json --confirm {plan}"));
    assert_eq!((outcome.exit, outcome.outcomes()), (22, vec!["acme unknown".to_owned()]), "{outcome}");
}

#[test]
fn who_is_found_already_there_settles_an_earlier_doubt() {
    // Two lost answers: the run ends in doubt although the invitation is there.
    let stage = Stage::script(&format!(
        "{}{}{}",
        THREE.replace("at-once", "wait"),
        fault("kind = \"late\"\nafter = \"5m\"", "member.create"),
        fault("kind = \"late\"\nafter = \"5m\"", "member.create"),
    ));
    stage.add("keyholder.toml", TOLERANT);
    let _told = stage.run(ONBOARD).exits(22);
    let leave = "offboard nia@agency.example -w acme --plan-only";
    assert_eq!(stage.run(leave).exits(30).planned(), ["acme member.remove held in_doubt"]);
    stage.world.land_all();
    // Seen is not settled: the withdrawal waits for whoever looks with the wish that was lost.
    assert_eq!(stage.run(leave).exits(30).planned(), ["acme member.remove held in_doubt"]);
    let second = stage.run(ONBOARD).exits(0);
    assert_eq!(second.outcomes(), ["acme already", "birch already", "cedar already"]);
    assert_eq!(stage.run(leave).exits(0).planned(), ["acme member.remove send"]);
}

#[test]
fn what_was_acknowledged_and_not_seen_is_in_doubt_too() {
    let stage = three(&fault("kind = \"ignore\"", "member.delete"));
    let outcome = offboard(&stage).exits(22).says("keyholder resume");
    assert!(["acme unverified", "acme unknown"].contains(&outcome.outcomes()[0].as_str()), "{outcome}");
    let again = stage.run("offboard sam@agency.example --all --plan-only").exits(30).says("keyholder resume");
    let planned = ["acme member.remove held in_doubt", "birch member.remove already", "cedar member.remove already"];
    assert_eq!(again.planned(), planned);
    let raised = stage.run("onboard sam@agency.example --role admin -w acme --plan-only").exits(30);
    assert_eq!(raised.planned(), ["acme member.set_role held in_doubt"]);
    // As he is now he need not stay: the lost removal may still land.
    let stays = stage.run("onboard sam@agency.example --role editor -w acme --plan-only").exits(30);
    assert_eq!(stays.planned(), ["acme member.invite held in_doubt"]);
}

/// Writes a run into the ledger whose invitation of Nia to a workspace has no known end, as another process would.
fn leave_in_doubt(root: &Path, id: &str) {
    let id = WorkspaceId::parse(id).unwrap();
    let change =
        Change::Invite { email: Email::parse(NIA).unwrap(), role: Role::View, permissions: None, nickname: None };
    let step = Step::new(&WorkspaceName::parse("acme").unwrap(), &id, change, RestsOn::Absent);
    let (run, step_id) = (RunId::parse("20261120T075959Z-00aa").unwrap(), step.id.clone());
    let header = RunHeader {
        run: run.clone(),
        command: "onboard".to_owned(),
        operator: "bea".to_owned(),
        reason: None,
        plan: PlanId::of(b"another plan"),
        applied: PlanId::of(b"another plan"),
        approved_by: "yes".to_owned(),
        selection: Value::Null,
        workspaces: Value::Null,
        fleet_digest: String::new(),
        version: "0.1.0",
        settings: Value::Null,
        steps: vec![(step, Disposition::Send)],
    };
    let state = root.join(".keyholder");
    let other = async move {
        let ledger = Ledger::open(&state, Clock::starting_at(START.parse().unwrap())).await.unwrap();
        ledger.begin(header).await.unwrap();
        ledger.append(&run, vec![Record::Started { step: step_id, attempt: 1 }]).await.unwrap();
        ledger.close().await.unwrap();
    };
    let process = move || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(other);
    std::thread::spawn(process).join().unwrap();
}

#[test]
fn a_doubt_that_came_up_while_the_plan_was_read_is_held_before_the_run_begins() {
    let stage = three("");
    // The moment the plan is read, another run has begun and sends; it dies with its answer on the way.
    let (root, begun) = (stage.root.clone(), AtomicUsize::new(0));
    let id = stage.world.workspace_id("acme").unwrap();
    stage.at_request(move |_| {
        if begun.fetch_add(1, Ordering::Relaxed) == 5 {
            leave_in_doubt(&root, &id);
        }
    });
    let plan = "onboard nia@agency.example --role editor --all --yes";
    let outcome = stage.run(plan).exits(30).says("held since the plan was drawn (in_doubt)").says("keyholder resume");
    assert_eq!(outcome.outcomes(), ["acme held in_doubt", "birch done", "cedar done"]);
    assert_eq!((stage.rows_of("acme", NIA), stage.write_requests()), (0, 2));
    assert!(stage.story("acme").is_empty());
}

#[test]
fn a_saved_plan_does_not_call_absent_who_was_invited_again() {
    let stage = three("");
    let plan = stage.run("offboard nia@agency.example --all -o plan.json").exits(0).plan_id();
    let back = Hand::Add { email: NIA.into(), role: "editor".into(), accepted: true };
    assert!(stage.world.hand("acme", &back));
    let outcome = stage.run(&format!("apply plan.json --confirm {plan}")).exits(31);
    assert_eq!(outcome.outcomes(), ["acme held stale", "birch already", "cedar already"]);
}

#[test]
fn a_reinvitation_cut_in_half_is_made_whole_by_resume() {
    let mut stage = Stage::script(&THREE.replace("at-once", "wait"));
    let _told = stage.run("onboard nia@agency.example --role view --nickname Ni -w acme --yes").exits(0);
    let plan = stage.run("members reinvite nia@agency.example -w acme -o plan.json").exits(0).plan_id();
    let stop = stage.stop.clone();
    stage.at_request(move |request| {
        if request.method == Method::Delete {
            stop.drain(Why::Interrupted);
        }
    });
    let outcome = stage.run(&format!("apply plan.json --confirm {plan}")).exits(130);
    assert_eq!(outcome.outcomes(), ["acme done", "acme held stopped"]);
    assert!(outcome.stderr.contains("was withdrawn and not sent again yet; `keyholder resume"), "{outcome}");
    stage.at_request(|_| {});
    stage.stop = Stop::default();
    let resumed = stage.run("resume").exits(0);
    assert_eq!(resumed.outcomes(), ["acme done", "acme waiting"]);
}

#[test]
fn a_panic_in_a_lane_is_that_lanes_own() {
    let stage = three("");
    let posts = AtomicUsize::new(0);
    stage.at_request(move |request| {
        let first = request.method == Method::Post && posts.fetch_add(1, Ordering::Relaxed) == 0;
        assert!(!first, "a bug of ours, on purpose");
    });
    let outcome = stage.run(ONBOARD);
    assert_eq!(outcome.exit, 1, "{outcome}");
    let mut ends = outcome.outcomes();
    ends.sort_by_key(|end| end.ends_with("unknown"));
    assert!(ends[0].ends_with(" done") && ends[1].ends_with(" done") && ends[2].ends_with(" unknown"), "{outcome}");
}

#[test]
fn people_who_are_nowhere_are_told_and_so_is_a_budget_that_is_used_up() {
    let stage = three("");
    let _told = stage
        .run("offboard smm@agency.example --all --plan-only")
        .exits(0)
        .says("smm@agency.example is in none of the 3");
    let _told = stage
        .run("onboard nia@agency.example --like smm@agency.example --all --plan-only")
        .exits(0)
        .says("is in none of");
    let _told = stage.run("onboard nia@agency.example --role view --all --plan-only").exits(0).says("plan");
    stage.world.revoke_keys("acme");
    stage.world.revoke_keys("birch");
    let _told = stage.run(&ONBOARD.replace("--yes", "--plan-only")).exits(20).says("allows: nothing would be sent");
}

#[test]
fn a_whole_group_on_one_pace_gets_its_turn() {
    // Forty workspaces on an admin key of two requests a second: every look is twenty seconds old before its write can leave.
    let names: Vec<String> = (0..40).map(|sub| format!("sub-{sub}")).collect();
    let workspace = |name: &str, keys: &str| {
        format!("[[workspace]]\nname = \"{name}\"\n{keys}owner = \"founder@agency.example\"\n")
    };
    let subs: Vec<String> = names.iter().map(|name| workspace(name, "keys = []\n")).collect();
    let accepted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    let stage = Stage::script(&format!(
        "[settings]\ninvitations = \"at-once\"\n{}{}[[group]]\nadmin = \"agency\"\naccepted = [{}]\n",
        workspace("agency", ""),
        subs.concat(),
        accepted.join(", ")
    ));
    stage.add("keyholder.toml", "share = 0.02");
    let outcome = stage.run("onboard nia@agency.example --role view -w sub-* --yes").exits(0);
    assert!(outcome.outcomes().iter().all(|end| end.ends_with(" done")), "{outcome}");
    // Two requests to plan and four to write are the least; looking once more may double a few.
    assert!(stage.world.request_count() < 40 * 10, "{}", stage.world.request_count());
}
