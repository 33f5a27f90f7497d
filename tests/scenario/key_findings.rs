//! What an audit finds after runs of our own, and that it says the same of the same.

use std::collections::BTreeMap;
use std::time::Duration;

use keyholder::sim::put::Key;
use keyholder::sim::{Fault, FaultBody, FaultKind, KeyRecord, Op};

use crate::support::Outcome;
use crate::three;

const SAM: &str = "sam@agency.example";

fn plain(name: &str) -> Key {
    let made = "2026-07-01T00:00:00Z".parse().unwrap();
    Key::of(SAM, name).scoped(&["leads:read"]).recorded(KeyRecord::Id("created_key_id".into())).at(made)
}

fn status(status: u16) -> FaultKind {
    FaultKind::Status { status, body: FaultBody::Json, retry_after: None }
}

/// The rows without the moment they were looked at.
fn lasting(outcome: &Outcome) -> Vec<BTreeMap<String, String>> {
    let mut rows = outcome.rows();
    for row in &mut rows {
        row.remove("observed_at");
    }
    rows
}

#[test]
fn a_key_that_a_rotation_left_is_found_until_it_is_gone() {
    let stage = three("");
    let line = "keys audit -w acme --code replaced-left --detailed-exitcode";
    assert_eq!(stage.run(line).exits(0).rows().len(), 0);
    let plan = stage.run("keys rotate -w acme --plan-only").plan_id();
    stage.world.add_fault(Fault::once(status(403)).at(Op::KeyDelete));
    let rotated = stage.run(&format!("keys rotate -w acme --confirm {plan}"));
    let left = stage.run(line).exits(10).rows().remove(0);
    assert_eq!((left["code"].as_str(), left["severity"].as_str()), ("replaced-left", "high"), "{rotated}");
    let command = format!("keyholder keys revoke -w acme --id {}", left["key_id"]);
    assert!(left["advice"].contains(&command) && left["evidence"].starts_with("run "), "{left:?}");
    assert_eq!(stage.run("keys audit -w birch --code replaced-left --detailed-exitcode").exits(0).rows().len(), 0);
    let revoke = format!("keys revoke -w acme --id {}", left["key_id"]);
    let plan = stage.run(&format!("{revoke} --plan-only")).plan_id();
    let _outcome = stage.run(&format!("{revoke} --confirm {plan}")).exits(0);
    assert_eq!(stage.run(line).exits(0).rows().len(), 0);
}

#[test]
fn two_looks_at_one_fleet_tell_the_same_but_for_the_moment() {
    let stage = three("");
    let _first_look = stage.run("keys audit").exits(0);
    stage.wait(Duration::from_hours(1));
    stage.world.put("acme", plain("surprise"));
    let told = |line: &str| lasting(&stage.run(line).exits(0));
    let once = (told("keys audit"), told("keys"));
    stage.wait(Duration::from_millis(7_321));
    let again = (told("keys audit"), told("keys"));
    assert_eq!(once.0, again.0);
    assert_eq!(once.1, again.1);
    assert!(
        once.0.iter().any(|row| row["code"] == "made-outside") && once.0.iter().any(|row| row["code"] == "key-idle")
    );
    assert!(once.1.iter().all(|row| row["activity_since"].ends_with("T00:00:00Z")), "{once:?}");
}

#[test]
fn a_row_without_an_owner_leaves_a_surprise_a_surprise() {
    let stage = three("");
    let line = "keys audit -w acme --code made-outside";
    let _first_look = stage.run(line).exits(0);
    stage.wait(Duration::from_hours(1));
    let id = stage.world.put("acme", plain("surprise")).remove(0);
    let adopted = |owner: &str| {
        let rows = format!("workspace,key_id,name,owner\nacme,{id},surprise,{owner}\n");
        std::fs::write(stage.root.join("keys.csv"), rows).unwrap();
        stage.run(line).exits(0).rows()
    };
    assert_eq!(adopted("").len(), 1);
    assert_eq!(adopted(SAM).len(), 0);
}

#[test]
fn secrets_that_were_not_compared_are_said() {
    let stage = three("");
    let narrow = stage.run("keys audit -w acme --format ndjson").exits(0);
    let narrow = narrow.says("not judged: shared-secret: against 2 workspaces that were left out of the selection");
    let summary = narrow.records().pop().unwrap();
    let unjudged = summary["not_judged"].as_array().unwrap();
    let shared: Vec<_> = unjudged.iter().filter(|one| one["code"] == "shared-secret").collect();
    assert_eq!((shared.len(), shared[0]["workspaces"].as_u64()), (1, Some(2)));
    for line in ["keys audit", "keys audit -w acme --code no-owner"] {
        let whole = stage.run(line).exits(0);
        assert!(!whole.stderr.contains("shared-secret"), "{line}: {whole}");
    }
}

#[test]
fn an_audit_log_that_was_cut_is_told_wherever_findings_choose_keys() {
    for line in ["keys audit -w acme --code key-idle", "keys revoke -w acme --finding key-idle --plan-only"] {
        let stage = three("");
        stage.world.put("acme", plain("idle"));
        // The records of made keys are read whole; those since a day are not.
        stage.world.add_fault(Fault { skip: 1, times: None, ..Fault::once(status(403)).at(Op::TrailList) });
        let told = stage.run(line);
        assert!(format!("{}{}", told.stdout, told.stderr).contains("audit-logs"), "{line}: {told}");
    }
}

#[test]
fn an_acceptance_for_a_workspace_that_is_not_there_is_said() {
    let stage = three("");
    let accept = |workspace: &str| {
        format!(
            "[[key_policy.accept]]\ncode = \"no-owner\"\nworkspace = \"{workspace}\"\nreason = \"x\"\nuntil = \"2026-12-31\"\n"
        )
    };
    stage.add("keyholder.toml", &accept("acmee"));
    stage.add("keyholder.toml", &accept("ac*e"));
    let audited = stage.run("keys audit --code no-owner").exits(0);
    let audited = audited.says("no-owner is accepted for workspace `acmee`, and no workspace is called that");
    assert_eq!(audited.stderr.matches("no workspace is called that").count(), 1, "{audited}");
    assert!(audited.rows().iter().all(|row| row["workspace"] != "acme"), "the glob accepts it");
}

#[test]
fn tables_of_keys_and_findings_stand_in_a_terminal_with_id_day_and_advice() {
    let stage = three("");
    let id = stage.world.put("acme", plain("job")).remove(0);
    let listed = stage.run("keys -w acme --name job --format table").exits(0);
    let lines: Vec<&str> = listed.stdout.lines().collect();
    assert!(lines[0].contains("KEY ID") && lines[0].contains("CREATED"), "{listed}");
    assert!(lines[1].contains(&id) && lines[1].contains(" 2026-07-01 "), "{listed}");
    assert!(lines[2].starts_with("    leads:read · made by "), "{listed}");
    assert!(lines.iter().all(|line| line.chars().count() <= 110), "{listed}");
    let audited = stage.run("keys audit -w acme --code no-owner --format table").exits(0);
    let lines: Vec<&str> = audited.stdout.lines().collect();
    assert!(lines[2].starts_with("    the register has no row of it"), "{audited}");
    assert!(lines[3].starts_with("    -> find out who uses it"), "{audited}");
}
