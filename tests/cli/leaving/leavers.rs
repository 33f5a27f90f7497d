//! `keyholder leavers`: who left, and can get in today.

use keyholder::sim::{Hand, Op};

use super::{HEIR, LEE, agency, carried_out};
use crate::world::World;

fn left() -> World {
    let world = agency();
    carried_out(&world, &["offboard", LEE, "--hand-over-to", HEIR, "--revoke-keys", "--all"]).exits(0).done();
    world
}

fn comes(world: &World, workspace: &str, accepted: bool) {
    world.sim.hand(workspace, &Hand::Add { email: LEE.to_owned(), role: "view".into(), accepted });
}

#[test]
fn nobody_who_left_can_get_in_and_that_is_complete() {
    let world = agency();
    world.run(&["leavers", "--detailed-exitcode"]).exits(0).says("the ledger knows nobody who left").done();
    let world = left();
    let ended = world.run(&["leavers", "--detailed-exitcode"]).exits(0);
    assert_eq!(ended.rows().len(), 0, "{ended}");
    ended.says("1 leaver looked for: 0 with access").done();
}

#[test]
fn who_is_there_again_is_found_with_the_run_they_left_by() {
    let world = left();
    comes(&world, "acme", true);
    comes(&world, "initech", false);
    let ended = world.run(&["leavers", "--detailed-exitcode"]).exits(10);
    let rows = ended.rows();
    let found: Vec<_> =
        rows.iter().map(|row| (row["workspace"].as_str(), row["found"].as_str(), row["case"].as_str())).collect();
    assert_eq!(found, [("acme", "membership", "left"), ("initech", "invitation", "left")], "{ended}");
    assert!(rows[0]["how"].starts_with("left by run 2026"), "{ended}");
    assert_eq!(world.run(&["leavers", "-x", "acme"]).exits(0).rows().len(), 1);
    let records = world.run(&["leavers", "--format", "ndjson"]).exits(0).records();
    assert_eq!((records.len(), &records[1]["type"]), (4, &serde_json::json!("access")));
}

#[test]
fn who_we_invited_again_is_no_finding() {
    let world = left();
    let onboard = ["onboard", LEE, "--role", "view", "-w", "acme", "--yes"];
    world.run(&onboard).exits(0).done();
    assert_eq!(world.run(&["leavers"]).exits(0).rows().len(), 0);
}

#[test]
fn a_key_that_was_left_is_found_and_a_workspace_that_was_not_asked_for_counts_only_with_all() {
    let world = agency();
    carried_out(&world, &["offboard", LEE, "-w", "acme"]).exits(0).done();
    let ended = world.run(&["leavers", "--detailed-exitcode"]).exits(10);
    let rows = ended.rows();
    let found: Vec<_> = rows.iter().map(|row| (row["workspace"].as_str(), row["found"].as_str())).collect();
    assert_eq!(found, [("acme", "key")], "globex was never asked for\n{ended}");
    carried_out(&world, &["offboard", LEE, "--all", "-x", "globex"]).done();
    assert!(world.run(&["leavers"]).exits(0).rows().iter().all(|row| row["workspace"] != "globex"));
}

#[test]
fn a_workspace_that_could_not_be_read_then_counts_where_all_were_asked_for() {
    let world = agency();
    world.sim.add_fault(
        keyholder::sim::Fault::once(keyholder::sim::FaultKind::Status {
            status: 402,
            body: keyholder::sim::FaultBody::Json,
            retry_after: None,
        })
        .on("globex")
        .at(Op::WorkspaceCurrent),
    );
    let plan = world.run(&["offboard", LEE, "--all", "-o", "plan.json"]).exits(20).plan_id();
    world.run(&["apply", "plan.json", "--confirm", &plan]).exits(20).done();
    let ended = world.run(&["leavers"]).exits(0);
    let rows = ended.rows();
    let globex = rows.iter().find(|row| row["workspace"] == "globex").unwrap_or_else(|| panic!("{ended}"));
    assert_eq!(globex["case"], "never_offboarded_here");
    assert!(globex["how"].contains("was asked for all"), "{ended}");
}

#[test]
fn only_who_left_within_the_time_asked_for() {
    let world = left();
    comes(&world, "acme", true);
    let later = |within: &str| {
        let mut command = world.command(&["leavers", "--left-within", within]);
        command.env("KEYHOLDER_TEST_START", "2027-01-01T00:00:00Z");
        world.finish(command).exits(0).rows().len()
    };
    assert_eq!((later("90d"), later("30d")), (1, 0));
    world.run(&["leavers", "--left-within", "soon"]).exits(2).done();
}

#[test]
fn what_cannot_be_read_makes_it_incomplete() {
    let world = left();
    world.sim.revoke_keys("globex");
    comes(&world, "acme", true);
    world.run(&["leavers", "--detailed-exitcode"]).exits(33).says("globex: not read").done();
}
