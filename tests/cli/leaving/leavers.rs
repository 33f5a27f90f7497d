//! `keyholder leavers`: who left, and can get in today.

use keyholder::sim::{Hand, Op};

use super::{HEIR, LEE, agency, carried_out};
use crate::world::{Ended, World};

/// Ann, whose row in `acme` bears the address she was invited by, and not the one she signs in with.
const ALIASED: &str = r#"
version = 1
begin = "2026-03-02T09:00:00Z"

[[person]]
email = "old@agency.example"
account = "ann@agency.example"

[[workspace]]
name = "acme"
id = "0195b2aa-7c1e-7d00-8000-000000000001"
title = "Acme Corp"
owner = "founder@agency.example"
admin = ["ops@agency.example", "second@agency.example"]
editor = ["old@agency.example"]

[[workspace]]
name = "initech"
id = "0195b2aa-7c1e-7d00-8000-000000000003"
title = "Initech"
owner = "founder@agency.example"
admin = ["ops@agency.example"]
"#;
const ANN: &str = "ann@agency.example";
const BORNE: &str = "old@agency.example";

fn on(world: &World, day: &str, args: &[&str]) -> Ended {
    let mut command = world.command(args);
    command.env("KEYHOLDER_TEST_START", format!("{day}T09:00:00Z"));
    world.finish(command)
}

/// Who was found where, by what, and why it is told.
fn found(ended: &Ended) -> Vec<(String, String, String)> {
    let rows = ended.rows();
    rows.iter().map(|row| (row["workspace"].clone(), row["name"].clone(), row["case"].clone())).collect()
}

fn one(workspace: &str, name: &str, case: &str) -> (String, String, String) {
    (workspace.to_owned(), name.to_owned(), case.to_owned())
}

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
    // Hired again, there of all places: that is our own doing, until they leave once more.
    world.sim.hand("globex", &Hand::Remove { email: LEE.to_owned() });
    world.run(&["onboard", LEE, "--role", "view", "-w", "globex", "--yes"]).exits(0).done();
    let ended = world.run(&["leavers"]).exits(0);
    assert!(ended.rows().iter().all(|row| row["workspace"] != "globex"), "{ended}");
}

#[test]
fn who_had_a_row_under_another_address_is_looked_for_by_both() {
    let world = World::of(ALIASED);
    carried_out(&world, &["offboard", ANN, "--all"]).exits(0).done();
    assert!(!world.emails("acme").contains(&BORNE.to_owned()));
    let quiet = world.run(&["leavers", "--detailed-exitcode"]).exits(0);
    quiet.says("1 leaver looked for: 0 with access").done();
    let add = |email: &str, accepted: bool| {
        world.sim.hand("acme", &Hand::Add { email: email.to_owned(), role: "view".into(), accepted });
    };
    add(ANN, true);
    let ended = world.run(&["leavers", "--detailed-exitcode"]).exits(10);
    assert_eq!(found(&ended), [one("acme", "ann@agency.example as view", "left")], "{ended}");
    let verified = world.run(&["verify", "--detailed-exitcode"]).exits(10);
    assert!(verified.rows()[0]["how"].starts_with("is a member again: view"), "{verified}");
    world.sim.hand("acme", &Hand::Remove { email: ANN.to_owned() });
    add(BORNE, false);
    let ended = world.run(&["leavers", "--detailed-exitcode"]).exits(10);
    assert_eq!(found(&ended), [one("acme", "old@agency.example as view", "left")], "{ended}");
    assert_eq!(ended.rows()[0]["person"], ANN, "{ended}");
    world.sim.hand("acme", &Hand::Remove { email: BORNE.to_owned() });
    world.run(&["onboard", ANN, "--role", "view", "-w", "acme", "--yes"]).exits(0).done();
    assert_eq!(found(&world.run(&["leavers", "--detailed-exitcode"]).exits(0)), []);
}

#[test]
fn what_somebody_owned_is_still_found_by_the_account_of_a_row_under_another_address() {
    let world = World::of(ALIASED);
    let key = keyholder::sim::put::Key::of(ANN, "anns key").recorded(keyholder::sim::KeyRecord::Id("id".into()));
    drop(world.sim.put("acme", key));
    carried_out(&world, &["offboard", ANN, "-w", "acme"]).exits(0).done();
    let ended = world.run(&["leavers", "--detailed-exitcode"]).exits(10);
    assert_eq!(found(&ended), [one("acme", "anns key", "left")], "{ended}");
}

#[test]
fn whose_last_day_is_over_without_anybody_having_gone_on_is_found() {
    let world = agency();
    world.write("leavers.csv", "email,last_day\nlee@agency.example,2026-11-30\n");
    // Nowhere is Lee absent, so that nothing but the last day tells of having left.
    carried_out(&world, &["offboard", "--from", "leavers.csv", "-w", "acme", "-w", "globex"]).exits(30).done();
    let leavers = ["leavers", "--detailed-exitcode", "--left-within", "10d"];
    for day in ["2026-11-03", "2026-11-30"] {
        let ended = on(&world, day, &leavers).exits(0);
        assert_eq!(found(&ended), [], "until then they have not left anywhere\n{ended}");
    }
    let ended = on(&world, "2026-12-09", &leavers).exits(10);
    let rows = ended.rows();
    let told: Vec<_> = rows.iter().map(|row| (row["workspace"].as_str(), row["found"].as_str())).collect();
    assert_eq!(told, [("acme", "membership"), ("acme", "key"), ("globex", "membership")], "{ended}");
    assert!(rows.iter().all(|row| row["case"] == "not_removed" && row["left_at"] == "2026-12-01T00:00:00Z"), "{ended}");
    let words = "their last day was 2026-11-30, and nobody ran the offboarding since";
    assert!(rows.iter().all(|row| row["how"].ends_with(words)), "{ended}");
    assert_eq!(found(&on(&world, "2026-12-12", &leavers).exits(0)), [], "eleven days after it");
}

#[test]
fn what_pruned_runs_told_is_missed_and_that_is_said() {
    let world = left();
    comes(&world, "acme", true);
    let later = "2028-01-01";
    assert_eq!(found(&on(&world, later, &["leavers"]).exits(0)).len(), 1);
    on(&world, later, &["runs", "prune", "--older-than", "400d", "--yes"]).exits(0).says("1 run removed").done();
    let ended = on(&world, later, &["leavers", "--format", "ndjson"]).exits(0);
    let ended =
        ended.says("runs begun until 2026-11-02T09:00:00Z were pruned: who left by one of them is not looked for");
    let summary = ended.records().pop().unwrap();
    assert_eq!(summary["rows"], serde_json::json!({ "count": 0, "exact": false }), "{ended}");
    on(&world, later, &["leavers", "--left-within", "100d"]).exits(0).never("were pruned").done();
    world.run(&["runs", "prune", "--help"]).exits(0).prints("`keyholder leavers`").done();
}

#[test]
fn a_workspace_that_left_the_files_or_is_off_is_not_passed_over_in_silence() {
    let world = left();
    std::fs::remove_file(world.root().join("workspaces/initech.toml")).unwrap();
    let absent = world.run(&["leavers", "--detailed-exitcode"]).exits(0);
    absent.says("the leavers were found absent there: initech").done();
    std::fs::remove_file(world.root().join("workspaces/globex.toml")).unwrap();
    let gone = world.run(&["leavers", "--detailed-exitcode", "--format", "ndjson"]).exits(33);
    let gone = gone.says("globex: not read: it is not in the files any more, or under another id; lee@agency.example");
    let coverage = gone.records().pop().unwrap()["coverage"].clone();
    assert_eq!((&coverage["asked"], &coverage["complete"]), (&2.into(), &1.into()), "{coverage}");
    assert_eq!(coverage["unreadable"][0]["kind"], "not_in_files", "{coverage}");
    for narrowed in [&["-x", "globex"][..], &["-x", "{globex,initech}"], &["-w", "acme"], &["-l", "tier=gold"]] {
        world.run(&[&["leavers"], narrowed].concat()).exits(0).never("globex: not read").done();
    }
    world.run(&["leavers", "-x", "glonex"]).exits(4).done();
}

#[test]
fn a_workspace_that_is_off_by_now_is_not_passed_over_either() {
    let world = left();
    world.edit("workspaces/globex.toml", |text| format!("{text}mode = \"off\"\n"));
    let ended = world.run(&["leavers", "--detailed-exitcode"]).exits(33);
    ended.says("globex: not read: its mode is `off`; lee@agency.example left it").done();
    world.run(&["leavers", "-w", "acme"]).exits(0).never("globex").done();
    world.run(&["leavers", "-x", "globex"]).exits(0).never("globex").done();
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
    let ended = world.run(&["leavers", "--detailed-exitcode", "--left-within", "90d"]).exits(33);
    assert_eq!(found(&ended).len(), 1, "the gap weighs more than what was found beside it\n{ended}");
    ended.says("globex: not read").done();
}
