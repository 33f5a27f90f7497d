//! `keyholder accounts`: who sends from what, and is it healthy; whose each account is.

use std::collections::BTreeMap;

use keyholder::sim::{Fault, FaultBody, FaultKind, Op};

use crate::keys_world::{asked, confirmed, told};
use crate::world::{Ended, World};

/// Two workspaces; the child believes that it is 2 November.
fn script(settings: &str) -> String {
    format!(
        r#"
version = 1
begin = "2026-03-02T09:00:00Z"

[settings]
{settings}

[[workspace]]
name = "acme"
id = "0195b2aa-7c1e-7d00-8000-000000000001"
title = "Acme Corp"
owner = "founder@agency.example"
editor = ["ana@agency.example", "ben@agency.example"]
invited = [{{ email = "cleo@agency.example", role = "view" }}]
accounts = [
  {{ email = "healthy@north.example", provider = 2, daily_limit = 30, score = 98, sent = 20, bounced = 0 }},
  {{ email = "broken@north.example", status = -1, warmup = -1, provider = 3 }},
  {{ email = "bouncing@north.example", sent = 20, bounced = 2 }},
  {{ email = "spiking@south.example", sent = 100, bounced = 1, days = [{{ date = "2026-11-02", sent = 40, bounced = 5 }}] }},
  {{ email = "quiet@south.example", status = 2, sent = 5, bounced = 5, days = [
    {{ date = "2026-10-27", sent = 0 }}, {{ date = "2026-10-28", sent = 0 }}, {{ date = "2026-10-29", sent = 0 }},
    {{ date = "2026-10-30", sent = 0 }}, {{ date = "2026-10-31", sent = 0 }} ] }},
]
tags = [
  {{ label = "owner: ben@agency.example", accounts = ["healthy@north.example", "quiet@south.example"] }},
  {{ label = "north", accounts = ["healthy@north.example", "broken@north.example"] }},
]

[[workspace]]
name = "globex"
id = "0195b2aa-7c1e-7d00-8000-000000000002"
title = "Globex Ltd"
owner = "founder@agency.example"
editor = ["ana@agency.example"]
accounts = [{{ email = "healthy@north.example", sent = 10, bounced = 0 }}]
"#
    )
}

const OWNERS: &str = r#"
[accounts]
owners_file = "owners.csv"
[accounts.owners]
"*@north.example" = "ana@agency.example"
"#;

const LIST: &str = "email,owner,workspace\nspiking@south.example,Ben@agency.example,acme\n";

fn world() -> World {
    with_settings("")
}

fn with_settings(settings: &str) -> World {
    let world = World::of(&script(settings));
    world.write("owners.csv", LIST);
    world.agency(|text| text + OWNERS);
    world
}

fn cells(row: &BTreeMap<String, String>, columns: &[&str]) -> String {
    columns.iter().map(|name| row[*name].as_str()).collect::<Vec<_>>().join(" | ")
}

fn rows(ended: &Ended, columns: &[&str]) -> Vec<String> {
    ended.rows().iter().map(|row| cells(row, columns)).collect()
}

/// What carries which owner's tag in a workspace.
fn owners(world: &World, workspace: &str) -> Vec<String> {
    let mut all: Vec<String> = world
        .sim
        .mappings(workspace)
        .into_iter()
        .filter(|mapping| mapping.label.starts_with("owner"))
        .map(|mapping| format!("{} | {}", mapping.resource, mapping.label))
        .collect();
    all.sort();
    all
}

#[test]
fn who_sends_from_what_and_whether_it_is_healthy_is_one_command() {
    for settings in ["", "end_date_included = true"] {
        let world = with_settings(settings);
        let listed = world.run(&["accounts"]).exits(0);
        let columns =
            ["workspace", "email", "status", "status_code", "warmup", "provider", "daily_limit", "warmup_score"];
        assert_eq!(
            rows(&listed, &columns)[..3],
            [
                "acme | bouncing@north.example | active | 1 | active | google | 30 | 98",
                "acme | broken@north.example | connection-error | -1 | banned | microsoft | 30 | ",
                "acme | healthy@north.example | active | 1 | active | google | 30 | 98",
            ]
        );
        let sent = ["email", "sent_today", "sent_7d", "bounced_7d", "bounce_rate", "findings"];
        assert_eq!(
            rows(&listed, &sent),
            [
                "bouncing@north.example | 20 | 140 | 14 | 10% | account-bounces",
                "broken@north.example | 0 | 0 | 0 |  | account-disconnected",
                "healthy@north.example | 20 | 140 | 0 | 0% | ",
                "quiet@south.example | 5 | 10 | 10 | 100% | ",
                "spiking@south.example | 40 | 640 | 11 | 1.72% | account-bounces",
                "healthy@north.example | 10 | 70 | 0 | 0% | ",
            ],
            "{settings}"
        );
        let owner = ["email", "owner", "owner_source", "tags"];
        assert_eq!(
            rows(&listed, &owner)[2..5],
            [
                "healthy@north.example | ana@agency.example | files | north; owner: ben@agency.example",
                "quiet@south.example | ben@agency.example | tag | owner: ben@agency.example",
                "spiking@south.example | ben@agency.example | files | ",
            ]
        );
        listed
            .says("account-bounces acme: \"spiking@south.example\": today 5 of 40 bounced")
            .says("6 accounts in 2 of 2")
            .done();
        // One for who it is, one page of accounts, one for what all of them sent.
        let each = [Op::WorkspaceCurrent, Op::AccountList, Op::AccountDaily];
        for operation in each {
            assert_eq!(asked(&world).into_iter().filter(|seen| *seen == operation).count(), 2, "{operation:?}");
        }
        assert_eq!(asked(&world).len(), 6);
    }
}

#[test]
fn rows_are_narrowed_before_what_they_sent_is_asked() {
    let world = world();
    let emails = |args: &[&str]| -> Vec<String> {
        let listed = world.run(&[&["accounts"], args].concat()).exits(0);
        listed.rows().into_iter().map(|row| format!("{}/{}", row["workspace"], row["email"])).collect()
    };
    assert_eq!(emails(&["--unhealthy"]).len(), 3);
    assert_eq!(emails(&["--tag", "north", "--status", "active"]), ["acme/healthy@north.example"]);
    assert_eq!(emails(&["--status", "connection-error|paused"]).len(), 2);
    assert_eq!(emails(&["--query", "provider:microsoft"]), ["acme/broken@north.example"]);
    assert_eq!(emails(&["--owner", "ben@*"]), ["acme/quiet@south.example", "acme/spiking@south.example"]);
    assert_eq!(emails(&["--owner", "none"]), [""; 0]);
    assert_eq!(emails(&["--name", "*@south.example", "-w", "globex"]), [""; 0]);
    world.agency(|text| text);
    assert_eq!(emails(&["--owner", "none", "-w", "globex"]), ["globex/healthy@north.example"]);
}

#[test]
fn without_analytics_nothing_is_said_of_what_they_sent() {
    let world = world();
    let listed = world.run(&["accounts", "--no-analytics", "--format", "ndjson"]).exits(0).says("was not asked");
    let records = listed.records();
    assert!(records.iter().filter(|record| record["type"] == "account").all(|record| record["sent_7d"].is_null()));
    let summary = records.last().unwrap();
    assert_eq!((summary["rows"]["count"].as_u64(), summary["sent_7d"].is_null()), (Some(6), true));
    assert_eq!(summary["findings"]["account-disconnected"], 1);
    assert!(summary["findings"]["account-bounces"].is_null());
    assert_eq!(asked(&world).len(), 4);
}

#[test]
fn totals_are_counts_and_findings_have_an_exit_code_of_their_own() {
    let world = world();
    let listed = world.run(&["accounts", "--detailed-exitcode", "--format", "ndjson"]).exits(10);
    let summary = listed.records().pop().unwrap();
    assert_eq!(summary["sent_7d"], serde_json::json!({ "count": 1000, "exact": true }));
    assert_eq!(summary["bounced_7d"], serde_json::json!({ "count": 35, "exact": true }));
    assert_eq!(summary["days"], serde_json::json!({ "first": "2026-10-27", "last": "2026-11-02" }));
    assert_eq!(summary["findings"], serde_json::json!({ "account-bounces": 2, "account-disconnected": 1 }));
    world.run(&["accounts", "--detailed-exitcode", "-w", "globex"]).exits(0).done();
    world.agency(|text| text + "[accounts]\nmax_bounces = \"50%\"\n");
    world.run(&["accounts", "--detailed-exitcode", "--name", "bouncing*"]).exits(0).says("no findings").done();
}

#[test]
fn what_was_refused_is_not_seen_and_never_zero() {
    let world = world();
    let refusal = FaultKind::Status { status: 413, body: FaultBody::Json, retry_after: None };
    world.sim.add_fault(Fault::always(refusal).on("acme").at(Op::AccountDaily));
    let listed = world.run(&["accounts", "--format", "ndjson"]).exits(33);
    let listed = listed.says("accounts/analytics/daily not read whole").says("at least 10 sent today");
    let records = listed.records();
    let of_acme = records.iter().filter(|record| record["workspace"] == "acme");
    assert!(of_acme.into_iter().all(|record| record["sent_7d"].is_null() && record["bounce_rate"].is_null()));
    let summary = records.last().unwrap();
    assert_eq!(summary["sent_7d"], serde_json::json!({ "count": 70, "exact": false }));
    assert_eq!(summary["rows"], serde_json::json!({ "count": 6, "exact": true }));
}

#[test]
fn a_label_that_no_workspace_has_is_told_and_not_passed_over() {
    let world = world();
    world
        .run(&["accounts", "--tag", "nroth"])
        .exits(0)
        .says("no tag \"nroth\" is in the 2 workspaces")
        .says("north")
        .done();
    world.run(&["campaigns", "--tag", "nroth"]).exits(0).says("no tag \"nroth\" is in the 2 workspaces").done();
    let there = world.run(&["accounts", "--tag", "north"]).exits(0);
    assert!(!there.to_string().contains("no tag"), "{there}");
}

#[test]
fn findings_are_quiet_where_quiet_is_asked_for_and_none_is_claimed_of_what_was_not_read() {
    let world = world();
    let quiet = world.run(&["accounts", "-q"]).exits(0);
    assert!(!quiet.stderr.contains("account-bounces"), "{quiet}");
    world.run(&["accounts"]).exits(0).says("high account-bounces acme").done();
    let refusal = FaultKind::Status { status: 413, body: FaultBody::Json, retry_after: None };
    world.sim.add_fault(Fault::always(refusal).at(Op::AccountDaily));
    let listed = world.run(&["accounts", "-w", "globex"]).exits(33).says("no findings in what could be read");
    listed.says("keyholder help scopes").done();
}

#[test]
fn syncing_the_owners_leaves_one_tag_on_each_account_and_the_second_time_sends_nothing() {
    let world = world();
    let sync = ["accounts", "owners", "sync", "--all"];
    world.run(&[&sync[..], &["--yes"]].concat()).exits(32).done();
    assert_eq!(world.writes(), 0, "what takes a tag off is typed or confirmed");
    let synced = confirmed(&world, &sync).exits(0);
    assert!(told(&synced, ["workspace", "kind", "outcome"]).iter().all(|row| row.ends_with("done")), "{synced}");
    assert_eq!(
        owners(&world, "acme"),
        [
            "bouncing@north.example | owner: ana@agency.example",
            "broken@north.example | owner: ana@agency.example",
            "healthy@north.example | owner: ana@agency.example",
            "quiet@south.example | owner: ben@agency.example",
            "spiking@south.example | owner: ben@agency.example",
        ]
    );
    assert_eq!(owners(&world, "globex"), ["healthy@north.example | owner: ana@agency.example"]);
    synced.says("1 account has no owner in the files").done();
    let before = world.writes();
    let again = world.run(&[&sync[..], &["--yes"]].concat()).exits(0);
    assert!(told(&again, ["workspace", "kind", "outcome"]).iter().all(|row| row.ends_with("already")), "{again}");
    assert_eq!(world.writes(), before);
    world.run(&["accounts", "owners", "audit", "--detailed-exitcode"]).exits(0).says("no findings").done();
}

#[test]
fn an_owner_who_is_no_accepted_member_holds_their_accounts_and_the_others_go_on() {
    let world = world();
    world.write(
        "owners.csv",
        "email,owner\nspiking@south.example,cleo@agency.example\nquiet@south.example,dora@agency.example\n",
    );
    let synced = confirmed(&world, &["accounts", "owners", "sync", "-w", "acme"]).exits(30);
    let synced = synced.says("has not accepted yet (owners.csv:2").says("is no member of the workspace (owners.csv:3");
    assert_eq!(
        told(&synced, ["kind", "reason", "outcome"]).iter().filter(|row| row.contains("held")).count(),
        2,
        "{synced}"
    );
    assert!(owners(&world, "acme").contains(&"quiet@south.example | owner: ben@agency.example".to_owned()));
    let audit = world.run(&["accounts", "owners", "audit", "-w", "acme", "--detailed-exitcode"]).exits(10);
    assert_eq!(
        rows(&audit, &["code", "about"]),
        [
            "owner-not-member | quiet@south.example",
            "owner-not-member | spiking@south.example",
            "account-no-owner | spiking@south.example",
            "account-owners | quiet@south.example",
        ],
        "{audit}"
    );
}

#[test]
fn the_audit_tells_of_accounts_of_nobody_of_several_and_of_somebody_else_and_writes_nothing() {
    let world = world();
    world.agency(|text| {
        text + "[accounts.owners]\n\"*@north.example\" = \"ana@agency.example\"\n\"broken*\" = \"ben@agency.example\"\n"
    });
    let audit = world.run(&["accounts", "owners", "audit"]).exits(0);
    assert_eq!(
        rows(&audit, &["workspace", "code", "about"]),
        [
            "acme | account-no-owner | bouncing@north.example",
            "acme | account-no-owner | spiking@south.example",
            "acme | account-owners | broken@north.example",
            "acme | account-owners | healthy@north.example",
            "globex | account-no-owner | healthy@north.example",
        ],
        "{audit}"
    );
    let evidence = rows(&audit, &["evidence"]);
    assert!(evidence[0].contains("says ana@agency.example, and no tag does"), "{evidence:?}");
    assert!(evidence[2].contains("keyholder.toml:") && evidence[2].contains("says ben@agency.example"), "{evidence:?}");
    assert_eq!(world.writes(), 0);
    assert_eq!(asked(&world).len(), 6, "who it is, the accounts, the members, in two workspaces");
}

#[test]
fn what_is_typed_or_written_wrong_is_told_before_anything_is_sent() {
    let world = world();
    let refused = |args: &[&str], code: i32, text: &str| world.run(args).exits(code).says(text).done();
    refused(&["accounts", "--status", "activ"], 2, "did you mean `active`?");
    refused(&["accounts", "--query", "campaign:x"], 2, "--query");
    refused(&["accounts", "--owner", "[a"], 2, "--owner takes");
    refused(&["accounts", "--tag", " "], 2, "the label is blank");
    refused(&["accounts", "-w", "nobody"], 4, "nobody");
    refused(&["accounts", "owners", "sync"], 2, "");
    refused(&["accounts", "owners"], 2, "Usage");
    world.write("owners.csv", "email,owner\nspiking@south.example,nobody\n");
    refused(&["accounts"], 3, "owners.csv:2:1: owner: this is not an e-mail address");
    refused(&["check"], 3, "owners.csv:2:1");
    world.run(&["members"]).exits(0).says("the list of owners is not as it should be").done();
    world.agency(|text| text);
    refused(&["accounts", "owners", "sync", "--all", "--plan-only"], 3, "the files name no owner");
    let writes = world.writes();
    assert_eq!(writes, 0);
}

#[test]
fn a_line_about_an_account_that_is_nowhere_is_told() {
    let world = world();
    world.write("owners.csv", "email,owner,workspace\nspikign@south.example,ben@agency.example,acme\n");
    let told = "owners.csv:2: no sending account spikign@south.example is in any workspace that was read";
    world.run(&["accounts", "owners", "audit"]).exits(0).says(told).done();
    world.run(&["accounts", "owners", "sync", "-w", "acme", "--plan-only"]).exits(0).says(told).done();
    world.run(&["accounts", "owners", "audit", "-w", "globex"]).exits(0).never("spikign").done();
}
