//! `keyholder runs` and `show`, and the events of a run.

use sqlx::Connection as _;

use crate::world::{World, records};

const ONBOARD: [&str; 7] = ["onboard", "ana@agency.example", "--role", "view", "-l", "tier=gold", "--yes"];

#[test]
fn runs_and_show_tell_who_why_what_and_that_the_chain_holds() {
    let world = World::three();
    world.run(&["runs"]).exits(0).says("no run is in the ledger yet").done();
    world.run(&["show"]).exits(2).done();
    world.run(&[&ONBOARD[..], &["--reason", "a new SDR"]].concat()).exits(0).done();
    world.run(&["onboard", "ben@agency.example", "--role", "view", "--all", "--yes"]).exits(20).done();
    let ended = world.run(&["runs"]).exits(0);
    let rows = ended.rows();
    assert_eq!(rows.len(), 2, "newest first\n{ended}");
    assert_eq!((rows[1]["operator"].as_str(), rows[1]["reason"].as_str()), ("tester", "a new SDR"));
    assert_eq!((rows[1]["exit"].as_str(), rows[1]["steps"].as_str()), ("0", "2 waiting"));
    assert_eq!(rows[0]["exit"], "20");

    let first = world.run(&["show", &rows[1]["run"], "--format", "ndjson"]).exits(0);
    let first = first.says("by tester, because: a new SDR").says("approved by yes").says("unbroken");
    let shown = first.records();
    let steps: Vec<_> = shown.iter().filter(|record| record["type"] == "step").collect();
    assert_eq!(steps.len(), 2);
    assert!(steps.iter().all(|step| step["state"] == "waiting"), "every step's outcome is told\n{first}");
    let summary = shown.last().unwrap();
    assert_eq!((summary["operator"].as_str(), summary["exit"].as_u64()), (Some("tester"), Some(0)));
    assert!(summary["chain"]["entries"].as_u64().unwrap() >= 6);
    let last = world.run(&["show"]).exits(0);
    assert_eq!(
        last.rows().iter().map(|row| row["state"].as_str()).collect::<Vec<_>>(),
        ["waiting", "waiting", "failed"]
    );
    world.run(&["show", "20990101"]).exits(2).says("there is no run `20990101`").says("keyholder runs").done();
    assert_eq!(world.run(&["runs", "--limit", "1"]).exits(0).rows().len(), 1);
}

#[test]
fn a_ledger_that_somebody_changed_is_told_as_broken() {
    let world = World::three();
    world.run(&ONBOARD).exits(0).done();
    world.run(&["show"]).exits(0).says("unbroken").done();
    let path = world.root().join(".keyholder/ledger.db");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
        let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
        let changed = sqlx::query("UPDATE steps SET subject = 'eve@agency.example'").execute(&mut connection).await;
        assert_eq!(changed.unwrap().rows_affected(), 2);
        connection.close().await.unwrap();
    });
    world.run(&["show"]).exits(74).says("says something else than the entries").says("a backup").done();
}

#[test]
fn a_run_with_somebody_who_was_not_there_has_an_unbroken_chain_too() {
    let world = World::three();
    world.run(&["offboard", "nobody@agency.example", "-w", "acme", "--yes"]).exits(0).done();
    world.run(&["show"]).exits(0).says("unbroken").done();
}

#[test]
fn the_events_file_has_the_whole_stream_of_a_run_and_grows() {
    let world = World::three();
    world.run(&[&ONBOARD[..], &["--events", "events.ndjson"]].concat()).exits(0).done();
    let text = world.read("events.ndjson");
    let types: Vec<String> = records(&text).iter().map(|record| record["type"].as_str().unwrap().to_owned()).collect();
    assert_eq!(types, ["header", "plan", "planned", "planned", "step", "step", "summary"]);
    let all = records(&text);
    assert_eq!((all[1]["steps"].as_u64(), all[1]["removals"].as_u64()), (Some(2), Some(0)));
    assert_eq!(all[0]["run"], all[6]["run"]);
    assert_eq!(all[6]["steps"]["waiting"], 2);
    let run = world.run(&["runs"]).exits(0).rows()[0]["run"].clone();
    assert_eq!(all[0]["run"], run.as_str());
    world.run(&[&ONBOARD[..], &["--events", "events.ndjson"]].concat()).exits(0).done();
    assert!(world.read("events.ndjson").starts_with(&text), "a second run is put behind the first");
    let before = world.writes();
    let nowhere = ["onboard", "ben@agency.example", "--role", "view", "--all", "--yes", "--events", "no/such/file"];
    world.run(&nowhere).exits(74).says("no/such/file").done();
    assert_eq!(world.writes(), before, "nothing is sent that could not be told");
}

#[test]
fn the_state_folder_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::three();
    world.run(&ONBOARD).exits(0).done();
    let mode = |path: &str| world.root().join(path).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(".keyholder"), mode(".keyholder/ledger.db")), (0o700, 0o600));
}
