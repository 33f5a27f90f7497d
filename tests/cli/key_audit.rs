//! `keyholder keys` and `keyholder keys audit` through the real binary: shapes, exit codes, and no key in anything.

use crate::world::World;

#[test]
fn the_sample_fleet_has_keys_worth_a_word() {
    let world = World::northwind();
    let listed = world.run(&["keys", "--format", "ndjson"]).exits(33);
    let records = listed.records();
    assert_eq!(records[0]["command"], "keys");
    let summary = records.last().unwrap();
    assert_eq!(summary["type"], "summary");
    assert_eq!(summary["rows"]["exact"], false, "some workspaces cannot be read: {summary}");
    let keys: Vec<_> = records.iter().filter(|record| record["type"] == "key").collect();
    assert_eq!(summary["rows"]["count"], keys.len());
    assert!(keys.iter().all(|key| key["scopes"].is_array() && key["key_id"].is_string()), "{keys:?}");

    let audited = world.run(&["keys", "audit", "--format", "json", "--fail-on", "high"]).exits(33);
    let document: serde_json::Value = serde_json::from_str(&audited.stdout).unwrap();
    let rows = document["rows"].as_array().unwrap();
    let codes: std::collections::BTreeSet<&str> = rows.iter().map(|row| row["code"].as_str().unwrap()).collect();
    for code in ["wildcard-scope", "no-owner", "maker-left", "duplicate-name", "undocumented-scope"] {
        assert!(codes.contains(code), "no {code} in {codes:?}");
    }
    let high = rows.iter().filter(|row| row["severity"] == "high").count();
    assert_eq!(document["summary"]["findings"]["high"], high);
}

#[test]
fn a_person_reads_a_table_and_a_spreadsheet_runs_nothing() {
    let world = World::three();
    let table = world.run(&["keys", "-w", "acme", "--format", "table"]).exits(0);
    assert!(table.stdout.starts_with("WORKSPACE"), "{table}");
    assert!(table.stdout.contains("all:all"), "{table}");
    let csv = world.run(&["keys", "audit", "-w", "acme"]).exits(0);
    assert!(csv.stdout.starts_with("severity,code,workspace,"), "{csv}");
    csv.says("; 5 requests in ").done();
}

#[test]
fn ten_is_only_said_where_it_is_asked_for() {
    let world = World::three();
    let audit = |more: &[&str]| world.run(&[&["keys", "audit", "-w", "acme"], more].concat());
    audit(&[]).exits(0).done();
    audit(&["--detailed-exitcode"]).exits(10).done();
    audit(&["--fail-on", "critical"]).exits(0).done();
    world.run(&["keys", "audit", "--fail-on", "low"]).exits(33).says("initech: not read").done();
    world.run(&["keys", "audit", "-w", "nowhere"]).exits(4).done();
    world.run(&["keys", "audit", "--code", "no-such"]).exits(2).says("wildcard-scope").done();
    assert_eq!(world.writes(), 0);
}
