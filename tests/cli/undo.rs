//! `keyholder undo RUN`: drawn, approved, applied and told like any plan.

use keyholder::sim::{Fault, FaultBody, FaultKind, Hand, Op};

use crate::tee::Tee;
use crate::world::World;

const ONBOARD: [&str; 7] = ["onboard", "ana@agency.example", "--role", "view", "-l", "tier=gold", "--yes"];
const OFFBOARD: [&str; 4] = ["offboard", "mia@agency.example", "-w", "acme"];

#[test]
fn an_undoing_takes_the_same_approvals_and_names_the_run_it_undoes() {
    let world = World::three();
    world.run(&["undo"]).exits(2).says("no run").done();
    world.run(&ONBOARD).exits(0).done();
    let run = world.run(&["runs"]).exits(0).rows()[0]["run"].clone();
    world.run(&["undo"]).exits(32).says("nobody is there to approve").done();
    world.run(&["undo", "--yes"]).exits(32).says("the plan has 2 removals").done();
    world.run(&["undo", "--confirm", "0123456789ab"]).exits(31).done();
    world.run(&["undo", "--plan-only", "--detailed-exitcode"]).exits(10).done();
    let plan = world.run(&["undo", "--plan-only"]).exits(0);
    let id = plan.plan_id();
    assert_eq!(world.writes(), 2);
    let undone = world.run(&["undo", &run[..15], "--confirm", &id, "--reason", "wrong person"]).exits(0);
    assert!(undone.rows().iter().all(|row| row["outcome"] == "done" && row["kind"] == "member.remove"), "{undone}");
    assert_eq!(world.role("acme", "ana@agency.example"), None);
    world.run(&["show"]).exits(0).says(&format!("undoes {run}")).says("because: wrong person").done();
    let runs = world.run(&["runs"]).exits(0).rows();
    assert_eq!((runs.len(), runs[0]["command"].as_str()), (2, "undo"));
    let header = world.run(&["undo", &run, "--format", "ndjson", "--plan-only"]).exits(0).records().remove(0);
    assert_eq!(
        (header["command"].as_str(), header["selection"].as_str()),
        (Some("undo"), Some(&*format!("run {run}")))
    );
}

#[test]
fn a_saved_undoing_invites_again_with_everything_and_an_edited_one_is_refused() {
    let world = World::three();
    let before = world.sim.members("acme").into_iter().find(|row| row.email == "mia@agency.example").unwrap();
    let id = world.run(&[&OFFBOARD[..], &["--plan-only"]].concat()).exits(0).plan_id();
    world.run(&[&OFFBOARD[..], &["--confirm", &id]].concat()).exits(0).done();
    world.run(&["undo", "-o", "back.json"]).exits(0).says("keyholder apply back.json").done();
    let text = world.read("back.json");
    world.write("other.json", &text.replace("\"command\": \"undo ", "\"command\": \"undo 1"));
    world.run(&["apply", "other.json", "--yes"]).exits(3).says("changed after it was saved").done();
    let applied = world.run(&["apply", "back.json", "--yes"]).exits(0);
    assert_eq!(applied.rows()[0]["outcome"], "waiting", "{applied}");
    let after = world.sim.members("acme").into_iter().find(|row| row.email == "mia@agency.example").unwrap();
    assert_eq!((after.role, after.permissions, after.nickname), (before.role, before.permissions, before.nickname));
    assert!(!after.accepted && after.id != before.id);
    world.run(&["show"]).exits(0).says("undoes ").done();
}

#[test]
fn what_cannot_be_undone_stands_in_the_plan_with_what_to_do() {
    let world = World::three();
    let offboard = ["offboard", "boss@acme.example", "lee@agency.example", "-w", "acme"];
    let id = world.run(&[&offboard[..], &["--plan-only"]].concat()).exits(0).plan_id();
    world.run(&[&offboard[..], &["--confirm", &id]].concat()).exits(0).done();
    world.sim.hand("acme", &Hand::Add { email: "lee@agency.example".into(), role: "view".into(), accepted: false });
    let plan = world.run(&["undo", "--plan-only"]).exits(30);
    let held: Vec<String> = plan.rows().iter().map(|row| row["held"].clone()).collect();
    assert_eq!(held, ["stale", "not_undoable"], "{plan}");
    plan.says("bring boss@acme.example back as `client` in the app").done();
    assert_eq!(world.writes(), 2);
}

fn forbidden() -> FaultKind {
    FaultKind::Status { status: 403, body: FaultBody::Json, retry_after: None }
}

#[test]
fn after_a_failure_the_advice_names_the_run_and_not_the_newest() {
    let world = World::three();
    world.run(&ONBOARD).exits(0).done();
    let run = world.run(&["runs"]).exits(0).rows()[0]["run"].clone();
    let id = world.run(&["undo", "--plan-only"]).exits(0).plan_id();
    world.sim.add_fault(Fault::always(forbidden()).on("acme").at(Op::MemberDelete));
    let ended = world.run(&["undo", "--confirm", &id]).exits(20);
    ended.says(&format!("`keyholder undo {run}` again")).never("run the same command again").done();
}

#[test]
fn a_run_that_is_being_written_is_left_alone() {
    let world = World::three();
    // In acme everything is so already: no lane of the run talks to it, and whoever reads it there waits for nobody.
    world.run(&[&ONBOARD[..], &["-w", "acme"]].concat()).exits(0).done();
    let tee = Tee::before(world.base_url());
    // Only the test ends what it holds, not the clock.
    world.agency(|text| {
        text.replace(world.base_url(), &tee.base_url)
            .replace("timeout = \"1s\"", "timeout = \"60s\"")
            .replace("settle = \"2s\"", "settle = \"120s\"")
            .replace("deadline = \"20s\"", "deadline = \"10m\"")
    });
    let child = world.command(&ONBOARD).spawn().unwrap();
    tee.wait_for_invitation();
    world.run(&["undo", "--plan-only"]).exits(75).says("is being written right now").says("nothing was sent").done();
    world.run(&["verify", "-w", "acme"]).exits(0).says("is being written right now").done();
    tee.release();
    world.wait(child).exits(0).done();
    world.run(&["undo", "--plan-only"]).exits(0).done();
}
