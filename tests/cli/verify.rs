//! `keyholder verify RUN`: what still holds, in every shape of output.

use keyholder::sim::Hand;

use crate::world::World;

const ONBOARD: [&str; 7] = ["onboard", "ana@agency.example", "--role", "view", "-l", "tier=gold", "--yes"];

#[test]
fn what_still_holds_is_told_in_words_rows_and_records() {
    let world = World::three();
    world.run(&["verify"]).exits(2).says("no run").done();
    world.run(&ONBOARD).exits(0).done();
    let writes = world.writes();
    let ended = world.run(&["verify"]).exits(0).says("2 waiting; chain unbroken; 2 of 2 workspaces read whole");
    let rows = ended.rows();
    assert!(rows.iter().all(|row| row["state"] == "waiting" && row["ended"] == "waiting"), "{ended}");
    assert!(world.sim.accept("acme", "ana@agency.example"));
    world.sim.hand("globex", &Hand::Remove { email: "ana@agency.example".into() });
    world.run(&["verify", "--detailed-exitcode"]).exits(10).done();
    let table = world.run(&["verify", "--format", "table"]).exits(0);
    table.prints("accepted").prints("drifted   gone: neither a member nor invited").done();
    let records = world.run(&["verify", "--format", "ndjson"]).exits(0).records();
    let types: Vec<&str> = records.iter().filter_map(|record| record["type"].as_str()).collect();
    assert_eq!(types, ["header", "verified", "verified", "summary"]);
    let states = &records[3]["states"];
    assert_eq!((states["accepted"]["count"].as_u64(), states["drifted"]["count"].as_u64()), (Some(1), Some(1)));
    assert_eq!(records[0]["run"], records[3]["run"]);
    assert_eq!(world.writes(), writes);
    assert_eq!(world.run(&["runs"]).exits(0).rows().len(), 1, "to verify is no run");
}

#[test]
fn a_workspace_that_cannot_be_read_is_unseen_and_one_that_was_not_in_the_run_is_no_selection() {
    let world = World::three();
    world.run(&ONBOARD).exits(0).done();
    world.sim.revoke_keys("globex");
    let ended = world.run(&["verify"]).exits(33).says("globex: not read");
    assert_eq!(ended.rows().iter().map(|row| row["state"].as_str()).collect::<Vec<_>>(), ["waiting", "unseen"]);
    world.run(&["verify", "-w", "globex"]).exits(21).done();
    world.run(&["verify", "-w", "initech"]).exits(4).says("no workspace of run").done();
    world.run(&["verify", "-w", "nowhere"]).exits(4).done();
    world.write("secrets/globex.key", &world.sim.key_of("acme").unwrap());
    world.run(&["verify"]).exits(3).says("globex: pinned is").done();
}
