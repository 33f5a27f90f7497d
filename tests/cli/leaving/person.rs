//! `keyholder person`.

use keyholder::sim::Op;
use serde_json::Value;

use super::{LEE, agency};

#[test]
fn everything_somebody_is_or_left_is_a_row() {
    let world = agency();
    let ended = world.run(&["person", " LEE@agency.example ", "--format", "csv"]).exits(0);
    let head = "workspace,workspace_id,observed_at,person,kind,id,name,detail,at,count,exact,source\r\n";
    assert!(ended.stdout.starts_with(head), "{ended}");
    let rows = ended.rows();
    let kind =
        |kind: &str| rows.iter().filter(|row| row["workspace"] == "acme" && row["kind"] == kind).collect::<Vec<_>>();
    for (word, count) in [
        ("membership", 1),
        ("campaign", 2),
        ("campaign_made", 1),
        ("lead_list", 1),
        ("leads", 1),
        ("sending_account", 1),
        ("key", 1),
        ("webhook", 1),
        ("job", 1),
        ("last_activity", 1),
        ("logins", 1),
        ("second_factor", 1),
        ("exports", 1),
    ] {
        assert_eq!(kind(word).len(), count, "{word}\n{ended}");
    }
    let count = |word: &str| (kind(word)[0]["count"].as_str(), kind(word)[0]["exact"].as_str());
    assert_eq!((count("leads"), count("logins"), count("exports")), ((("3"), ("yes")), ("2", "yes"), ("1", "yes")));
    assert!(kind("second_factor")[0]["detail"].contains("mfa-login"), "{ended}");
    assert!(kind("membership")[0]["detail"].starts_with("editor; "), "{ended}");
    assert!(kind("key")[0]["source"].starts_with("api-keys, audit-logs record "), "{ended}");
    // In globex nobody has written anything down about Lee: that is all that can be said.
    let quiet = rows.iter().find(|row| row["workspace"] == "globex" && row["kind"] == "last_activity").unwrap();
    assert_eq!(quiet["detail"], "no logged activity");
    assert!(rows.iter().all(|row| row["workspace"] != "initech"), "{ended}");
    ended.never("unused").never("canary").done();
}

#[test]
fn all_four_shapes_say_the_same() {
    let world = agency();
    let shape = |format| world.run(&["person", LEE, "--format", format]).exits(0);
    let csv = shape("csv").rows();
    let json: Value = serde_json::from_str(&shape("json").stdout).unwrap();
    let lines = shape("ndjson").records();
    assert_eq!(json["rows"].as_array().unwrap().len(), csv.len());
    assert_eq!(lines.len(), csv.len() + 2);
    let of = |row: &Value| (row["kind"].clone(), row["id"].clone());
    for (row, (line, cells)) in json["rows"].as_array().unwrap().iter().zip(lines[1..].iter().zip(&csv)) {
        assert_eq!(of(row), of(line));
        assert_eq!(row["kind"].as_str(), Some(cells["kind"].as_str()));
    }
    let summary = lines.last().unwrap();
    let kind = |kind: &str| (summary["kinds"][kind]["count"].clone(), summary["kinds"][kind]["exact"].clone());
    assert_eq!(kind("campaign"), (2.into(), false.into()), "nobody knows an account of Lee's in initech");
    assert_eq!(kind("membership"), (2.into(), true.into()), "rows are told without one");
    assert_eq!(summary["not_looked_for"], 1);
    assert_eq!(summary["coverage"]["complete"], 3);
    let table = shape("table").stdout;
    assert!(
        table.starts_with("WORKSPACE") && table.contains("campaign made").eq(&false) && table.contains("campaign_made")
    );
}

#[test]
fn where_somebody_is_known_everywhere_the_summary_is_exact() {
    let ended = agency().run(&["person", LEE, "-w", "acme", "--format", "ndjson"]).exits(0);
    let summary = ended.records().pop().unwrap();
    assert_eq!(summary["kinds"]["campaign"], serde_json::json!({ "count": 2, "exact": true }));
    assert_eq!(summary["not_looked_for"], 0);
    ended.never("could not be looked for").never("at least").done();
}

#[test]
fn what_cannot_be_read_is_a_row_and_the_exit_code_says_so() {
    let world = agency();
    world.sim.add_fault(refused(Op::WebhookList));
    let ended = world.run(&["person", LEE]).exits(33);
    let rows = ended.rows();
    let unseen = rows.iter().find(|row| row["kind"] == "unseen").unwrap();
    assert_eq!((unseen["workspace"].as_str(), unseen["source"].as_str()), ("acme", "webhooks"));
    for name in world.sim.names() {
        world.sim.revoke_keys(&name);
    }
    world.run(&["person", LEE]).exits(21).done();
    world.run(&["person", "lee"]).exits(2).says("is not an e-mail address").done();
}

pub(super) fn refused(op: Op) -> keyholder::sim::Fault {
    use keyholder::sim::{Fault, FaultBody, FaultKind};
    Fault::always(FaultKind::Status { status: 403, body: FaultBody::Json, retry_after: None }).on("acme").at(op)
}

#[test]
fn a_look_alike_is_somebody_else() {
    let world = agency();
    for other in ["lee+x@agency.example", "leе@agency.example", "1ee@agency.example"] {
        let ended = world.run(&["person", other]).exits(0);
        assert_eq!(ended.rows().len(), 0, "{other}\n{ended}");
        ended.says("nothing found").says("belongings could not be looked for in 3 workspaces: no account").done();
    }
}
