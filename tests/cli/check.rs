//! `keyholder check`: one line per workspace.

use keyholder::sim::{Fault, FaultBody, FaultKind, Op};

use crate::world::World;

#[test]
fn each_workspace_has_a_line_with_key_identity_name_plan_and_scopes() {
    let world = World::three();
    let ended = world.run(&["check"]).exits(0).says("3 of 3 workspaces answered as they should");
    let rows = ended.rows();
    assert_eq!(rows.iter().map(|row| row["workspace"].as_str()).collect::<Vec<_>>(), ["acme", "globex", "initech"]);
    let row = &rows[0];
    assert!(row["key"].starts_with("k:") && row["key"].len() == 10, "{ended}");
    assert_eq!((row["identity"].as_str(), row["name"].as_str()), ("pinned", "Acme Corp"));
    assert_eq!(row["plan"], "pid_hg_v1");
    assert_eq!((row["workspaces_read"].as_str(), row["members_read"].as_str()), ("has", "has"));
    assert_eq!(row["members_write"], "unknown", "a write scope cannot be probed harmlessly");
    assert_eq!(world.writes(), 0);
}

#[test]
fn a_missing_scope_is_lacks_and_names_the_scope() {
    let world = World::three();
    world.sim.add_fault(
        Fault::always(FaultKind::Status { status: 403, body: FaultBody::Json, retry_after: None })
            .on("globex")
            .at(Op::MemberList),
    );
    let ended = world.run(&["check"]).exits(33);
    let row = &ended.rows()[1];
    assert_eq!((row["workspaces_read"].as_str(), row["members_read"].as_str()), ("has", "lacks"), "{ended}");
    assert!(row["advice"].contains("workspace_members:read"), "{ended}");
}

#[test]
fn two_workspaces_that_share_a_secret_are_named_at_both() {
    let world = World::three();
    world.write("secrets/globex.key", &world.sim.key_of("acme").unwrap());
    let ended = world.run(&["check"]).exits(3);
    let rows = ended.rows();
    assert!(rows[0]["finding"].contains("shares its key with globex"), "{ended}");
    assert!(rows[1]["finding"].contains("shares its key with acme"), "{ended}");
    assert!(rows[1]["finding"].contains("its key opens another workspace"), "{ended}");
    assert_eq!(rows[1]["identity"], "other");
    assert_eq!(rows[2]["finding"], "");
}

#[test]
fn a_dead_key_ends_its_own_line_with_how_to_replace_it() {
    let world = World::three();
    world.sim.revoke_keys("globex");
    let ended = world.run(&["check"]).exits(33).says("globex: ");
    let rows = ended.rows();
    assert_eq!((rows[0]["identity"].as_str(), rows[2]["identity"].as_str()), ("pinned", "pinned"));
    assert_eq!(rows[1]["identity"], "unknown");
    assert!(rows[1]["finding"].contains("401") && rows[1]["advice"].contains("key"), "{ended}");
}

#[test]
fn a_lapsed_plan_is_told_as_one() {
    let world = World::northwind();
    let ended = world.run(&["check", "-w", "old-mill", "-w", "orchard"]).exits(33);
    let rows = ended.rows();
    assert_eq!(rows[0]["plan"], "lapsed", "{ended}");
    assert!(rows[0]["finding"].contains("402") && !rows[0]["advice"].is_empty(), "{ended}");
    assert_eq!(rows[1]["identity"], "pinned");
}

#[test]
fn a_refusal_by_the_edge_network_is_not_taken_for_the_apis() {
    let world = World::three();
    world.sim.add_fault(
        Fault::always(FaultKind::Status { status: 403, body: FaultBody::Html, retry_after: None }).on("acme"),
    );
    let ended = world.run(&["check"]).exits(33).never("<html").never("<!DOCTYPE");
    let row = &ended.rows()[0];
    assert_eq!(row["workspaces_read"], "unknown", "not a word about scopes can be read out of a page\n{ended}");
    assert!(!row["advice"].is_empty(), "{ended}");
}

#[test]
fn findings_are_an_exit_code_only_when_asked() {
    let world = World::three();
    world.drop_line("workspaces/globex.toml", "id");
    world.run(&["check"]).exits(0).says("1 finding").done();
    world.run(&["check", "--detailed-exitcode"]).exits(10).done();
    world.edit("workspaces/acme.toml", |text| format!("mode = \"off\"\n{text}"));
    let before = world.sim.request_count();
    let ended = world.run(&["check", "-w", "acme"]);
    assert_eq!(ended.rows()[0]["finding"], "its mode is off: not asked", "{ended}");
    assert_eq!(world.sim.request_count(), before, "not one request goes there");
}

#[test]
fn a_key_that_is_repeated_in_an_answer_does_not_reach_any_output() {
    let world = World::three();
    world.sim.add_fault(Fault::always(FaultKind::EchoKey { status: 400 }).on("acme"));
    // The canary search is in `run`; what stands there instead is the fingerprint.
    let ended = world.run(&["check", "-w", "acme", "--format", "json"]);
    assert!(ended.stdout.contains("k:"), "{ended}");
    world.sim.require_all_faults_fired().unwrap();
}
