//! `keyholder runs prune`: what goes is shown and approved, and what stays is proven.

use crate::world::{Ended, World};

/// Runs a command on another day.
fn on(world: &World, day: &str, args: &[&str]) -> Ended {
    let mut command = world.command(args);
    command.env("KEYHOLDER_TEST_START", format!("{day}T09:00:00Z"));
    world.finish(command)
}

/// Three finished runs, in three months.
fn three_runs() -> World {
    let world = World::three();
    for (day, person) in [("2026-01-10", "ana"), ("2026-02-10", "ben"), ("2026-03-10", "cyd")] {
        let person = format!("{person}@agency.example");
        on(&world, day, &["onboard", &person, "--role", "view", "-w", "acme", "--yes"]).exits(0).done();
    }
    world
}

#[test]
fn nothing_goes_before_it_was_shown_and_approved() {
    let world = three_runs();
    let prune = ["runs", "prune", "--older-than", "400d"];
    for age in ["47h", "1d", "0d", "soon"] {
        on(&world, "2027-03-20", &["runs", "prune", "--older-than", age, "--yes"]).exits(2).done();
    }
    let shown = on(&world, "2027-03-20", &[&prune[..], &["--plan-only"]].concat()).exits(0);
    let shown = shown.says("2 runs of 3 can go").says("it is younger");
    assert_eq!(shown.rows().len(), 2, "{shown}");
    on(&world, "2027-03-20", &prune).exits(32).says("nothing was removed").says("keyholder evidence").done();
    assert_eq!(world.run(&["runs"]).exits(0).rows().len(), 3);
    on(&world, "2026-03-11", &[&prune[..], &["--yes"]].concat()).exits(0).says("no run can go").done();
    assert_eq!(world.run(&["runs"]).exits(0).never("pruned by").rows().len(), 3);
}

#[test]
fn what_stays_is_proven_and_the_ledger_says_who_removed_what() {
    let world = three_runs();
    let prune = ["runs", "prune", "--older-than", "400d", "--yes", "--reason", "we keep\u{1b}[31m a year"];
    let removed = on(&world, "2027-03-20", &prune).exits(0).says("2 runs removed");
    assert_eq!(removed.rows().len(), 2);
    let listed = world.run(&["runs"]).exits(0);
    let listed = listed.says("2 runs begun until 2026-02-10T09:00:00Z were pruned by tester on 2027-03-20T09:00:00Z");
    assert_eq!(listed.rows().len(), 1);
    assert!(!listed.stderr.contains('\u{1b}'), "{listed}");
    let summary = world.run(&["runs", "--format", "ndjson"]).exits(0).records().pop().unwrap();
    assert_eq!(
        (summary["pruned"][0]["runs"].as_u64(), summary["pruned"][0]["operator"].as_str()),
        (Some(2), Some("tester"))
    );
    world.run(&["show"]).exits(0).says("unbroken").done();
    world.run(&["show", "20260110"]).exits(2).done();
    world.run(&["evidence", "--out", "../proof"]).exits(0).done();
    // And it goes on: a new run, all of the old ones gone, a new run again.
    let onboard = ["onboard", "dan@agency.example", "--role", "view", "-w", "acme", "--yes"];
    on(&world, "2027-03-21", &onboard).exits(0).done();
    world.run(&["show"]).exits(0).says("unbroken").done();
    on(&world, "2029-01-01", &prune).exits(0).says("2 runs removed").done();
    world.run(&["runs"]).exits(0).says("no run is in the ledger").says("were pruned by tester on 2029-01-01").done();
    on(&world, "2029-01-02", &onboard).exits(0).done();
    world.run(&["show"]).exits(0).says("unbroken").done();
}
