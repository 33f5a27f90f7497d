//! `keyholder keys audit`: what is found, what is said not to be judged, what it remembers, what it costs.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keyholder::run::lane;
use keyholder::sim::put::Key;
use keyholder::sim::{Fault, FaultBody, FaultKind, Hand, KeyRecord, KeyShown, Op, Phase, RetryAfter, World};

use crate::support::{Outcome, Stage};
use crate::three;

const SAM: &str = "sam@agency.example";

/// Keys of an ordinary kind: nothing is found about them but that nobody owns them.
fn plain(name: &str) -> Key {
    let made = "2026-11-01T00:00:00Z".parse().unwrap();
    Key::of(SAM, name).scoped(&["leads:read"]).recorded(KeyRecord::Id("created_key_id".into())).at(made)
}

/// Reads findings as `code workspace key`.
#[track_caller]
fn found(outcome: &Outcome) -> Vec<String> {
    let short = |row: &std::collections::BTreeMap<String, String>| {
        format!("{} {} {}", row["code"], row["workspace"], row["key_name"]).trim_end().to_owned()
    };
    outcome.rows().iter().map(short).collect()
}

fn fault(operation: Op, kind: FaultKind) -> Fault {
    Fault { kind, workspace: Some("acme".to_owned()), operation: Some(operation), skip: 0, times: None }
}

fn status(status: u16) -> FaultKind {
    FaultKind::Status { status, body: FaultBody::Json, retry_after: None }
}

#[test]
fn findings_stand_in_config_order_and_the_gravest_first() {
    let stage = three("");
    stage.world.put("acme", plain("job"));
    let audited = stage.run("keys audit").exits(0);
    let rows = audited.rows();
    let lanes: Vec<&str> = rows.iter().map(|row| row["workspace"].as_str()).collect();
    assert!(lanes.is_sorted(), "{lanes:?}");
    let grave = ["critical", "high", "medium", "low"];
    for lane in ["acme", "birch", "cedar"] {
        let ranks = rows.iter().filter(|row| row["workspace"] == lane);
        let ranks: Vec<_> = ranks.map(|row| grave.iter().position(|word| *word == row["severity"])).collect();
        assert!(!ranks.is_empty() && ranks.is_sorted(), "{lane}: {ranks:?}");
    }
    assert!(found(&audited).contains(&"wildcard-scope birch main".to_owned()), "{audited}");
    assert!(found(&audited).contains(&"no-owner acme job".to_owned()), "{audited}");
    let only = stage.run("keys audit --code no-owner --code bad-name -w acme").exits(0);
    assert_eq!(found(&only), ["no-owner acme main", "no-owner acme job"]);
    let _outcome = stage.run("keys audit --code no-such-code").exits(2);
}

#[test]
fn exit_codes_tell_what_was_found_and_first_of_all_what_was_not_seen() {
    let stage = three("");
    for (line, code) in [
        ("keys audit", 0),
        ("keys audit --detailed-exitcode", 10),
        ("keys audit --fail-on low", 10),
        ("keys audit --fail-on high", 10),
        ("keys audit --fail-on critical", 0),
        ("keys audit --code bad-name --detailed-exitcode", 0),
        ("keys audit --fail-on grave", 2),
    ] {
        let _outcome = stage.run(line).exits(code);
    }
    stage.world.add_fault(fault(Op::TrailList, status(402)));
    let _outcome = stage.run("keys audit --fail-on low").exits(33);
    stage.world.add_fault(fault(Op::WorkspaceCurrent, status(401)));
    let _outcome = stage.run("keys audit --fail-on low -w acme").exits(21);
}

#[test]
fn a_key_that_appeared_is_found_until_somebody_answers_for_it() {
    let stage = three("");
    let line = "keys audit -w acme -w birch --code made-outside --detailed-exitcode";
    let first = stage.run(line).exits(0).says("not judged: made-outside: acme: this is the first complete look");
    assert_eq!(first.rows().len(), 0);
    assert!(first.stderr.contains("(and in 1 other workspace)"), "{first}");
    stage.wait(Duration::from_hours(1));
    let id = stage.world.put("acme", plain("surprise")).remove(0);
    for _ in 0..3 {
        assert_eq!(found(&stage.run(line).exits(10)), ["made-outside acme surprise"]);
        stage.wait(Duration::from_hours(1));
    }
    let row = format!(
        "workspace,workspace_id,key_id,name,owner,purpose,stored,rotate_by,fingerprint\nacme,,{id},surprise,{SAM},,,,\n"
    );
    std::fs::write(stage.root.join("keys.csv"), row).unwrap();
    assert_eq!(found(&stage.run(line).exits(0)), Vec::<String>::new());
}

#[test]
fn a_look_that_was_cut_and_a_look_at_no_key_are_told_apart() {
    let stage = three("");
    stage.world.put("acme", plain("job").times(120));
    let line = "keys audit -w acme --code made-outside";
    stage.world.add_fault(Fault { times: Some(1), ..fault(Op::KeyList, FaultKind::Foreign) });
    let _outcome = stage.run(line).exits(33);
    // The first complete look, although most were seen before.
    assert_eq!(found(&stage.run(line).exits(0)), Vec::<String>::new());
    stage.wait(Duration::from_hours(1));
    stage.world.put("acme", plain("late"));
    assert_eq!(found(&stage.run(line).exits(0)), ["made-outside acme late"]);
}

#[test]
fn without_a_ledger_it_is_audited_all_the_same_and_said() {
    let stage = three("");
    std::fs::create_dir_all(stage.root.join(".keyholder")).unwrap();
    std::fs::write(stage.root.join(".keyholder/ledger.db"), "this is no ledger").unwrap();
    let audited = stage.run("keys audit").exits(0).says("neither remembered nor compared");
    assert!(audited.stderr.contains("not judged: made-outside"), "{audited}");
    assert!(!audited.rows().is_empty());
}

#[test]
fn the_keys_of_who_left_are_found_and_nobody_is_accused_on_half_a_list() {
    let stage = three("");
    stage.world.put("acme", plain("job"));
    let line = "keys audit -w acme --code maker-left";
    assert_eq!(found(&stage.run(line).exits(0)), Vec::<String>::new(), "still a member");
    assert!(stage.world.hand("acme", &Hand::Remove { email: SAM.to_owned() }));
    assert_eq!(found(&stage.run(line).exits(0)), ["maker-left acme job"]);
    stage.world.add_fault(fault(Op::MemberList, status(403)));
    let unjudged = stage.run(line).exits(33).says("not judged: maker-left: acme: the list of members");
    assert_eq!(found(&unjudged), Vec::<String>::new());
}

#[test]
fn a_leaver_that_keyholder_took_out_is_named_by_address() {
    let stage = three("");
    stage.world.put("acme", plain("job"));
    let _outcome = stage.run("offboard sam@agency.example -w acme --plan-only").exits(0);
    let plan = stage.run("offboard sam@agency.example -w acme --plan-only").plan_id();
    let _outcome = stage.run(&format!("offboard sam@agency.example -w acme --confirm {plan}"));
    assert_eq!(stage.rows_of("acme", SAM), 0);
    let audited = stage.run("keys audit -w acme --code maker-left");
    assert_eq!(found(&audited), ["maker-left acme job"]);
    assert!(audited.rows()[0]["evidence"].contains(SAM), "{audited}");
    let listed = stage.run("keys -w acme --name job").exits(0);
    assert_eq!(listed.rows()[0]["created_by"], SAM);
}

#[test]
fn idle_is_what_a_trail_that_was_read_whole_does_not_show() {
    let stage = three("");
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
    let old = |name: &str| plain(name).at(at("2026-07-10T00:00:00Z"));
    stage.world.put("acme", old("used").used(at("2026-11-18T10:00:00Z")));
    stage.world.put("acme", old("idle").used(at("2026-08-01T10:00:00Z")));
    // The trail is read from the beginning of a day on, and what is idle is measured to the second.
    stage.world.put("acme", old("edge").used(at("2026-08-22T07:59:00Z")));
    let line = "keys audit -w acme --code key-idle";
    let idle = found(&stage.run(line).exits(0));
    assert!(
        idle.contains(&"key-idle acme idle".to_owned()) && !idle.contains(&"key-idle acme used".to_owned()),
        "{idle:?}"
    );
    let listed = stage.run("keys -w acme --name used --name idle --name edge").exits(0);
    let activity: Vec<String> = listed.rows().iter().map(|row| row["activity"].clone()).collect();
    assert_eq!(activity, ["2026-08-22", "none since 2026-08-22", "2026-11-18"]);
    let long = stage.run("keys -w acme --name idle --activity-since 2026-07-20").exits(0);
    assert_eq!(long.rows()[0]["last_activity"], "2026-08-01T10:00:00Z");
    stage.world.add_fault(fault(Op::TrailList, status(403)));
    let unjudged = stage.run(line).exits(33).says("not judged: key-idle: acme: the trail");
    assert_eq!(found(&unjudged), Vec::<String>::new());
}

#[test]
fn another_workspace_behind_a_key_is_a_finding_and_the_audit_goes_on() {
    let stage = three("");
    let swapped = std::fs::read_to_string(stage.root.join("secrets/acme.key")).unwrap();
    std::fs::write(stage.root.join("secrets/birch.key"), swapped).unwrap();
    let audited = stage.run("keys audit --fail-on critical").exits(33);
    let critical: Vec<String> =
        found(&audited).into_iter().filter(|one| one.starts_with("opens") || one.starts_with("shared")).collect();
    assert_eq!(critical, ["shared-secret acme", "opens-another birch", "shared-secret birch"]);
    // Of birch nothing else is said: what was listed would be acme's.
    assert_eq!(audited.rows().iter().filter(|row| row["workspace"] == "birch").count(), 2, "{audited}");
    assert!(audited.rows().iter().any(|row| row["workspace"] == "cedar"), "{audited}");
}

#[test]
fn what_is_accepted_does_not_count_until_its_day_is_over() {
    let stage = three("");
    let accept = |until: &str| {
        format!(
            "[[key_policy.accept]]\ncode = \"wildcard-scope\"\nworkspace = \"acme\"\nreason = \"the CRM needs it\"\nuntil = \"{until}\"\n"
        )
    };
    stage.add("keyholder.toml", &accept("2026-12-31"));
    let line = "keys audit --code wildcard-scope --code acceptance-expired";
    assert_eq!(found(&stage.run(line).exits(0)), ["wildcard-scope birch main", "wildcard-scope cedar main"]);
    let all = stage.run(&format!("{line} --accepted --format ndjson")).exits(0);
    let records = all.records();
    assert_eq!(records[1]["accepted_reason"], "the CRM needs it");
    let summary = records.last().unwrap();
    assert_eq!((summary["accepted"].as_u64(), summary["findings"]["high"].as_u64()), (Some(1), Some(2)));
    stage.edit("keyholder.toml", "2026-12-31", "2026-11-19");
    assert_eq!(
        found(&stage.run(line).exits(0)),
        ["acceptance-expired", "wildcard-scope acme main", "wildcard-scope birch main", "wildcard-scope cedar main"]
    );
}

#[test]
fn which_key_is_too_wide_is_said_only_where_it_can_be_told_which_is_in_use() {
    for shown in [KeyShown::Whole, KeyShown::Masked, KeyShown::Absent] {
        let stage = three("");
        stage.world.configure(|settings| settings.key_shown = shown);
        let audited = stage.run("keys audit -w acme --code key-too-wide").exits(0);
        if shown == KeyShown::Whole {
            assert_eq!(found(&audited), ["key-too-wide acme main"]);
            let advice = &audited.rows()[0]["advice"];
            assert!(advice.contains("api_keys:read") && !advice.contains("all:all"), "{advice}");
        } else {
            assert_eq!(found(&audited), Vec::<String>::new());
            let _outcome =
                audited.says("not judged: key-too-wide: acme: which of the listed keys is the configured one");
        }
    }
}

#[test]
fn no_secret_is_said_where_the_api_says_them_all() {
    // The stage searches everything that was written for every key of the world.
    let stage = three("");
    stage.world.put("acme", plain("job"));
    for (operation, code) in
        [(Op::TrailList, 403), (Op::MemberList, 500), (Op::KeyList, 403), (Op::WorkspaceCurrent, 400)]
    {
        stage.world.add_fault(Fault { times: None, ..fault(operation, FaultKind::EchoSecrets { status: code }) });
        for line in ["keys audit --format ndjson", "keys --format json"] {
            let _outcome = stage.run(line).exits(33);
        }
    }
}

#[test]
fn behind_an_admin_key_the_keys_are_the_sub_workspaces_own_and_none_of_them_is_in_use() {
    let stage = Stage::script(
        "[[workspace]]\nname = \"agency\"\nowner = \"founder@agency.example\"\nadmin = [\"ops@agency.example\"]\n\
         [[workspace]]\nname = \"globex\"\nowner = \"boss@globex.example\"\nkeys = []\n\
         [[group]]\nadmin = \"agency\"\naccepted = [\"globex\"]\n",
    );
    stage.world.put("globex", plain("job"));
    let listed = stage.run("keys -w globex").exits(0);
    let told: Vec<(String, String)> =
        listed.rows().iter().map(|row| (row["name"].clone(), row["in_use"].clone())).collect();
    assert!(told.contains(&("job".to_owned(), "no".to_owned())), "{listed}");
    assert!(told.iter().all(|(_, in_use)| in_use != "yes"), "{listed}");
    let audited = stage.run("keys audit --code key-too-wide --code shared-secret").exits(0);
    assert_eq!(found(&audited), ["key-too-wide agency main"], "the admin's key is judged once, where it is");
}

/// A fleet of so many workspaces with so many keys each.
fn fleet(workspaces: usize, keys: u32) -> Stage {
    let mut script = String::new();
    for number in 0..workspaces {
        let _infallible = write!(
            script,
            "[[workspace]]\nname = \"client-{number:04}\"\nowner = \"founder@agency.example\"\nadmin = [\"{SAM}\"]\n"
        );
    }
    let stage = Stage::of(World::from_script(&format!("version = 1\n{script}"), 7).unwrap());
    stage.searched_once.set(true);
    for lane in stage.world.names() {
        stage.world.put(&lane, plain("k").times(keys - 1));
    }
    stage
}

#[test]
fn a_fleet_is_audited_in_the_fewest_requests_and_twice_alike() {
    let stage = fleet(60, 50);
    let before = stage.world.request_count();
    let first = stage.run("keys audit --format ndjson --quiet").exits(0);
    assert_eq!(stage.world.request_count() - before, 60 * 5);
    let again = stage.run("keys audit --format ndjson --quiet").exits(0);
    let rows = |outcome: &Outcome| {
        outcome.records().into_iter().filter(|one| one["type"] == "key_finding").collect::<Vec<_>>()
    };
    assert_eq!(rows(&first), rows(&again));
    let summary = again.records().pop().unwrap();
    assert_eq!(summary["requests"], 300);
    assert_eq!(summary["coverage"]["complete"], 60);
}

#[test]
fn a_lane_that_hangs_holds_up_the_telling_and_no_more_than_a_bounded_part_of_the_fleet() {
    let stage = fleet(lane::AHEAD + 60, 2);
    stage.world.add_fault(Fault {
        kind: FaultKind::Status { status: 429, body: FaultBody::Json, retry_after: Some(RetryAfter::Seconds(20)) },
        workspace: Some("client-0000".to_owned()),
        operation: Some(Op::WorkspaceCurrent),
        skip: 0,
        times: Some(1),
    });
    // Who was begun before the one that hangs is asked once more, and who after.
    let begun: Arc<Mutex<(BTreeSet<String>, Option<usize>)>> = Arc::default();
    let seen = Arc::clone(&begun);
    stage.world.at_request(move |request, phase| {
        let mut seen = seen.lock().unwrap();
        let Some(lane) = request.workspace.clone() else { return };
        let asked = request.operation == Some(Op::WorkspaceCurrent) && phase == Phase::Arrived;
        if asked && !seen.0.insert(lane.to_string()) {
            seen.1 = seen.1.or(Some(seen.0.len()));
        }
    });
    let audited = stage.run("keys audit --code no-owner --quiet").exits(0);
    let begun = begun.lock().unwrap();
    assert_eq!(begun.1, Some(lane::AHEAD), "as many as may wait, all the others behind it");
    assert_eq!(begun.0.len(), lane::AHEAD + 60);
    let rows = audited.rows();
    assert!(rows.iter().map(|row| row["workspace"].as_str()).is_sorted());
    assert_eq!(rows.len(), (lane::AHEAD + 60) * 2);
}
