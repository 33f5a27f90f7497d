//! `keyholder keys`: what is listed, what is said not to be known, and what it costs.

use std::fmt::Write as _;

use keyholder::sim::put::Key;
use keyholder::sim::{Fault, FaultBody, FaultKind, KeyRecord, KeyShown, Op};

use crate::support::{Outcome, Stage};
use crate::three;

const ANA: &str = "sam@agency.example";

/// Three workspaces; in the first, sam made one key that the trail names by id and one that it does not name.
fn stage() -> Stage {
    let stage = three("");
    let made = "2026-08-02T00:00:00Z".parse().unwrap();
    let key = |name: &str| Key::of(ANA, name).at(made);
    stage.world.put("acme", key("zapier").recorded(KeyRecord::Id("created_key_id".into())));
    stage.world.put("acme", key("old").recorded(KeyRecord::Absent));
    stage
}

fn row(outcome: &Outcome, workspace: &str, name: &str) -> std::collections::BTreeMap<String, String> {
    let rows = outcome.rows();
    let found = rows.into_iter().find(|row| row["workspace"] == workspace && row["name"] == name);
    found.unwrap_or_else(|| panic!("no row of {name} in {workspace}\n{outcome}"))
}

fn fault(operation: Op, kind: FaultKind) -> Fault {
    Fault { kind, workspace: Some("acme".to_owned()), operation: Some(operation), skip: 0, times: None }
}

fn status(status: u16) -> FaultKind {
    FaultKind::Status { status, body: FaultBody::Json, retry_after: None }
}

#[test]
fn each_key_is_told_with_what_is_known_of_it_and_no_more() {
    let stage = stage();
    std::fs::write(
        stage.root.join("keys.csv"),
        format!(
            "workspace,workspace_id,key_id,name,owner,purpose,stored,rotate_by,fingerprint\n\
             acme,,{},zapier,ops@agency.example,leads to the CRM,,2027-01-31,\n",
            stage.world.api_keys("acme").iter().find(|key| key.name == "zapier").unwrap().id
        ),
    )
    .unwrap();
    let listed = stage.run("keys").exits(0).says("5 keys in 3 of 3 workspaces");
    let zapier = row(&listed, "acme", "zapier");
    let told = |name: &str| zapier[name].as_str();
    assert_eq!(told("scopes"), "all:all");
    assert_eq!(told("age"), "110");
    assert_eq!((told("created_by"), told("created_by_source")), (ANA, "trail"));
    assert_eq!((told("owner"), told("purpose")), ("ops@agency.example", "leads to the CRM"));
    assert_eq!((told("rotate_by"), told("in_use")), ("2027-01-31", "no"));
    assert_eq!((told("last_activity"), told("activity")), ("", "none since 2026-08-22"));
    let old = row(&listed, "acme", "old");
    assert_eq!((old["created_by"].as_str(), old["created_by_source"].as_str()), ("", "not in the trail"));
    assert_eq!(row(&listed, "birch", "main")["in_use"], "yes");
}

#[test]
fn rows_stand_in_config_order_and_filters_narrow_them() {
    let stage = stage();
    let names = |line: &str| -> Vec<String> {
        stage.run(line).exits(0).rows().iter().map(|row| format!("{} {}", row["workspace"], row["name"])).collect()
    };
    assert_eq!(names("keys"), ["acme main", "acme old", "acme zapier", "birch main", "cedar main"]);
    assert_eq!(names("keys --name ZAP* --name old"), ["acme old", "acme zapier"]);
    assert_eq!(names("keys --older-than 100d --name zapier --name old"), ["acme old", "acme zapier"]);
    assert_eq!(names("keys --in-use -w acme -w cedar"), ["acme main", "cedar main"]);
    assert_eq!(names("keys --scope api_keys:create -w birch"), ["birch main"]);
    assert_eq!(names("keys --owner ops@*"), Vec::<String>::new());
    let _outcome = stage.run("keys --scope campaign:read").exits(0).says("did you mean `campaigns:read`");
    let _outcome = stage.run("keys --activity-since 2027-01-01").exits(2);
}

#[test]
fn which_key_is_in_use_is_told_where_it_is_shown_and_never_guessed() {
    for (shown, main, other) in [
        (KeyShown::Whole, "yes", "no"),
        (KeyShown::Masked, "unknown", "unknown"),
        (KeyShown::Absent, "unknown", "unknown"),
    ] {
        let stage = stage();
        stage.world.configure(|settings| settings.key_shown = shown);
        let listed = stage.run("keys -w acme").exits(0);
        assert_eq!(row(&listed, "acme", "main")["in_use"], main, "{shown:?}");
        assert_eq!(row(&listed, "acme", "zapier")["in_use"], other, "{shown:?}");
    }
}

#[test]
fn a_list_beside_the_keys_that_cannot_be_read_is_said_and_the_keys_are_told() {
    for code in [402, 403] {
        for (operation, listing) in [(Op::TrailList, "audit-logs"), (Op::MemberList, "workspace-members")] {
            let stage = stage();
            stage.world.add_fault(fault(operation, status(code)));
            let listed = stage.run("keys").exits(33).says(&format!("acme: {listing} not read whole"));
            assert_eq!(listed.rows().len(), 5, "{listed}");
            let zapier = row(&listed, "acme", "zapier");
            if operation == Op::TrailList {
                assert_eq!(zapier["created_by_source"], "trail not readable");
                assert_eq!(zapier["activity"], "not readable");
            } else {
                // Who made it is known by the record alone.
                assert_eq!(zapier["created_by_source"], "trail");
                assert_ne!(zapier["created_by"], "");
            }
        }
    }
}

#[test]
fn a_workspace_whose_keys_cannot_be_read_is_not_silently_missing() {
    let stage = stage();
    stage.world.add_fault(fault(Op::KeyList, status(403)));
    let listed = stage.run("keys").exits(33).says("at least 2 keys in 2 of 3 workspaces");
    assert!(listed.rows().iter().all(|row| row["workspace"] != "acme"), "{listed}");
    let _outcome = stage.run("keys -w acme").exits(21);
}

#[test]
fn a_list_that_goes_round_is_told_in_part() {
    let stage = stage();
    for number in 0..120 {
        stage.world.put("acme", Key::of(ANA, &format!("k{number:03}")).recorded(KeyRecord::Absent));
    }
    assert_eq!(stage.run("keys -w acme").exits(0).rows().len(), 123, "two pages");
    stage.world.add_fault(fault(Op::KeyList, FaultKind::CursorLoop));
    let listed = stage.run("keys -w acme").exits(33).says("acme: read only in part: the list of keys");
    assert!(listed.stderr.contains("at least"), "{listed}");
}

#[test]
fn another_workspace_behind_a_key_is_never_shown() {
    let stage = stage();
    let swapped = std::fs::read_to_string(stage.root.join("secrets/acme.key")).unwrap();
    std::fs::write(stage.root.join("secrets/birch.key"), swapped).unwrap();
    let listed = stage.run("keys").exits(33).says("nothing of it is shown");
    assert!(listed.rows().iter().all(|row| row["workspace"] != "birch"), "{listed}");
}

#[test]
fn a_fleet_is_listed_in_the_fewest_requests() {
    let mut script = String::new();
    for number in 0..40 {
        let _infallible = write!(
            script,
            "[[workspace]]\nname = \"client-{number:02}\"\nowner = \"founder@agency.example\"\nadmin = [\"{ANA}\"]\n"
        );
    }
    let stage = Stage::script(&script);
    for lane in stage.world.names() {
        for number in 0..49 {
            stage.world.put(&lane, Key::of(ANA, &format!("k{number:02}")).recorded(KeyRecord::Absent));
        }
    }
    let before = stage.world.request_count();
    let listed = stage.run("keys --format ndjson").exits(0);
    // The identity, one page each of members, keys, records of made keys and records since.
    assert_eq!(stage.world.request_count() - before, 40 * 5);
    let records = listed.records();
    assert_eq!(records.len(), 40 * 50 + 2);
    let summary = records.last().unwrap();
    assert_eq!(summary["requests"], 200);
    assert_eq!(summary["rows"]["count"], 2000);
}

#[test]
fn what_was_seen_is_remembered_without_anything_secret() {
    let stage = stage();
    let _listed = stage.run("keys").exits(0);
    let id = keyholder::domain::WorkspaceId::parse(&stage.world.workspace_id("acme").unwrap()).unwrap();
    let (seen, first) = stage.ledger(async |ledger| {
        (ledger.sightings(&id, "key").await.unwrap(), ledger.first_seen(&id, "key").await.unwrap())
    });
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|key| key.complete && key.attributes["name"].is_string()), "{seen:?}");
    assert_eq!(first.first_complete, Some(seen[0].first_seen));
}

#[test]
fn a_ledger_that_cannot_be_opened_is_said_and_stops_nothing() {
    let stage = stage();
    std::fs::create_dir_all(stage.root.join(".keyholder")).unwrap();
    std::fs::write(stage.root.join(".keyholder/ledger.db"), "this is no ledger").unwrap();
    let listed = stage.run("keys").exits(0).says("neither remembered nor compared");
    assert_eq!(listed.rows().len(), 5);
}

#[test]
fn a_key_that_the_api_repeats_in_an_error_stays_unsaid() {
    let stage = stage();
    // The stage searches all that was written for every key of the world.
    stage.world.add_fault(fault(Op::TrailList, FaultKind::EchoKey { status: 403 }));
    let _listed = stage.run("keys").exits(33);
    stage.world.add_fault(fault(Op::KeyList, FaultKind::EchoKey { status: 400 }));
    let _listed = stage.run("keys").exits(33);
}
