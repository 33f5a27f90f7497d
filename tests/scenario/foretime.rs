//! How long it takes, as told before, is how long it took: within a fifth, whatever bounds it.

use std::time::Duration;

use keyholder::sim::{Pays, World, put};
use serde_json::Value;

use crate::support::{Outcome, Stage};

const NEAR: Duration = Duration::from_millis(50);

fn staged(world: World) -> Stage {
    let mut stage = Stage::of(world);
    stage.road.latency = NEAR;
    stage.searched_once.set(true);
    stage
}

#[track_caller]
fn near(what: &str, foretold: f64, took: f64) {
    assert!((foretold - took).abs() <= 0.2 * took, "{what}: foretold {foretold}, took {took}");
}

fn summary(ran: &Outcome) -> Value {
    ran.records().pop().unwrap()
}

/// Requires it of a report whose lists were read before.
#[track_caller]
fn report_takes_what_it_foretold(what: &str, stage: &Stage) {
    drop(stage.run("report all --format ndjson --out before --quiet").exits(0));
    stage.wait(Duration::from_secs(5));
    let ran = stage.run("report all --format ndjson --out after").exits(0).says("foretold");
    let summary = summary(&ran);
    assert_eq!(summary["foretold"]["count"], summary["requests"]);
    near(what, summary["foretold"]["seconds"].as_f64().unwrap(), summary["reading_seconds"].as_f64().unwrap());
}

#[test]
fn a_report_over_many_small_workspaces() {
    report_takes_what_it_foretold("many small", &staged(World::generated(300, 3, 7)));
}

#[test]
fn a_report_with_one_giant() {
    let world = World::generated(20, 3, 7);
    let giant = world.names().pop().unwrap();
    world.put(&giant, put::Jobs::of("founder@agency.example", 8_000));
    report_takes_what_it_foretold("one giant", &staged(world));
}

#[test]
fn a_report_with_a_small_share() {
    let stage = staged(World::generated(10, 3, 7));
    stage.add("keyholder.toml", "share = 0.05");
    report_takes_what_it_foretold("a small share", &stage);
}

#[test]
fn a_report_of_a_group_that_one_admin_workspace_pays_for() {
    let workspace = |number: usize| {
        let keys = if number == 0 { "" } else { "keys = []\n" };
        format!(
            "[[workspace]]\nname = \"w{number:02}\"\nid = \"0195b2aa-7c1e-7d00-8000-0000000000{number:02}\"\n{keys}\
             owner = \"founder@agency.example\"\nadmin = [\"ops@agency.example\"]\n"
        )
    };
    let workspaces: String = (0..12).map(workspace).collect();
    let names: Vec<String> = (1..12).map(|number| format!("\"w{number:02}\"")).collect();
    let group = format!("[[group]]\nadmin = \"w00\"\naccepted = [{}]\n", names.join(", "));
    let world = World::from_script(&format!("version = 1\n{workspaces}{group}"), 7).unwrap();
    world.configure(|settings| settings.pays = Pays::Both);
    let stage = staged(world);
    stage.add("keyholder.toml", "share = 0.2");
    report_takes_what_it_foretold("a group", &stage);
}

#[test]
fn an_onboarding_of_many_small_workspaces_and_one_with_a_small_share() {
    for (what, workspaces, people, share) in [("many small", 200, 1, "0.5"), ("a small share", 3, 30, "0.05")] {
        let stage = staged(World::generated(workspaces, 3, 7));
        stage.add("keyholder.toml", &format!("share = {share}"));
        let people: Vec<String> = (0..people).map(|person| format!("p{person}@agency.example")).collect();
        let line = format!("onboard {} --role view --all --yes --format ndjson", people.join(" "));
        let summary = summary(&stage.run(&line).exits(0).says("foretold"));
        let requests = |when: &str| summary[when]["requests"].as_f64().unwrap();
        near(&format!("{what}, requests"), requests("foretold"), requests("applying"));
        near(what, summary["foretold"]["seconds"].as_f64().unwrap(), summary["applying"]["seconds"].as_f64().unwrap());
        assert_eq!((&summary["throttled"], &summary["limit"]["throttled_ours"]), (&0.into(), &0.into()));
    }
}
