//! What a finished report holds, and what is refused before anything is sent.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use keyholder::sim::{Fault, FaultBody, FaultKind, Op};

use super::{files, manifest_holds, places, same, without_moments};
use crate::three;

#[test]
fn a_report_has_each_workspaces_rows_and_all_of_them_merged_in_config_order() {
    let stage = three("");
    let _ran = stage.run("report members --out november").exits(0).says("3 of 3 workspaces whole");
    let (report, staging) = places(&stage, "november");
    assert!(!staging.exists());
    manifest_holds(&report);
    let files = files(&report);
    let text = |path: &str| String::from_utf8(files[path].clone()).unwrap();
    let merged = text("members.csv");
    let (head, _) = merged.split_once("\r\n").unwrap();
    let mut together = format!("{head}\r\n");
    for name in ["acme", "birch", "cedar"] {
        let one = text(&format!("workspaces/{name}/members.csv"));
        assert!(one.starts_with(head) && one.lines().count() > 2, "{one}");
        assert!(one.lines().skip(1).all(|line| line.starts_with(&format!("{name},"))), "{one}");
        together.push_str(one.strip_prefix(&format!("{head}\r\n")).unwrap());
    }
    assert_eq!(merged, together);
    for path in files.keys() {
        assert_eq!(fs::metadata(report.join(path)).unwrap().permissions().mode() & 0o777, 0o600, "{path}");
    }
    for folder in [report.clone(), report.join("workspaces"), report.join("workspaces/acme")] {
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700, "{}", folder.display());
    }
}

#[test]
fn two_reports_of_an_unchanged_fleet_differ_in_nothing_but_when_it_was_looked_at() {
    let stage = three("");
    for format in ["csv", "ndjson", "json"] {
        for name in ["one", "two"] {
            let line = format!("report all --format {format} --out {name}-{format} --until 2026-11-01");
            let _ran = stage.run(&line).exits(0);
            stage.wait(Duration::from_hours(3));
        }
        let [one, two] = ["one", "two"].map(|name| without_moments(&stage.root.join(format!("{name}-{format}"))));
        same(&one, &two, format);
    }
}

#[test]
fn json_tables_are_one_document_and_records_begin_with_a_header_and_end_with_a_summary() {
    let stage = three("");
    let _ran = stage.run("report members --format json --out documents").exits(0);
    let _ran = stage.run("report members --format ndjson --out records").exits(0);
    let read = |path: &str| fs::read_to_string(stage.root.join(path)).unwrap();
    for folder in ["", "workspaces/birch/"] {
        let document: serde_json::Value =
            serde_json::from_str(&read(&format!("documents/{folder}members.json"))).unwrap();
        let records: Vec<serde_json::Value> = read(&format!("records/{folder}members.ndjson"))
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(document["rows"].as_array().unwrap().len(), records.len() - 2);
        assert_eq!(document["header"], records[0]);
        assert_eq!(document["summary"], records[records.len() - 1]);
        assert_eq!(document["summary"]["rows"]["count"].as_u64().unwrap(), records.len() as u64 - 2);
    }
}

#[test]
fn a_workspace_that_cannot_be_read_is_told_and_the_others_are_whole() {
    let stage = three("");
    stage.world.revoke_keys("birch");
    let ran = stage.run("report members --out november").exits(33).says("birch").says("1 not at all");
    assert!(ran.stdout.lines().any(|line| line.starts_with("members.csv,") && line.contains(",no,")), "{ran}");
    let (report, _) = places(&stage, "november");
    manifest_holds(&report);
    assert!(!report.join("workspaces/birch").exists());
    assert!(report.join("workspaces/cedar/members.csv").exists());
}

#[test]
fn a_key_that_may_not_read_all_is_told_with_the_scopes_it_needs() {
    let stage = three("");
    for operation in [Op::MemberList, Op::WebhookList] {
        let refused = FaultKind::Status { status: 403, body: FaultBody::Json, retry_after: None };
        stage.world.add_fault(Fault::always(refused).at(operation).on("cedar"));
    }
    let ran = stage.run("report members webhooks --out november").exits(33).says("2 of 3 workspaces whole, 1 in part");
    let ran = ran.says("cedar: read only in part: members, webhooks (");
    let _ran = ran.says("cedar: for all that was asked the key needs `workspace_members:read`, `webhooks:read` too");
    let read = |path: &str| fs::read_to_string(stage.root.join("november").join(path)).unwrap();
    let (agency, client) = (read("index.html"), read("workspaces/cedar/index.html"));
    assert!(agency.contains("scope lacking") && agency.contains("it needs workspace_members:read, webhooks:read too"));
    assert!(!client.contains("403") && client.contains("was not available for this report"), "{client}");
    let summary: serde_json::Value = serde_json::from_str(&read("summary.json")).unwrap();
    assert_eq!(summary["attention"]["scope-lacking"]["count"], 1);
    assert_eq!(summary["workspaces"][2]["attention"][0]["what"], "scope-lacking");
}

#[test]
fn where_nothing_can_be_read_there_is_no_report_and_nothing_in_the_way_of_the_next() {
    let stage = three("");
    for name in stage.world.names() {
        stage.world.revoke_keys(&name);
    }
    let _ran = stage.run("report members --out november").exits(21).says("no report was written");
    let (report, staging) = places(&stage, "november");
    assert!(!report.exists() && !staging.exists());
    let unreachable = three("");
    unreachable.world.add_fault(Fault::always(FaultKind::Hang));
    let _ran = unreachable.run("report members --out november").exits(75);
    assert!(!unreachable.root.join("november").exists());
}

#[test]
fn a_place_that_is_taken_is_refused_before_anything_is_sent() {
    let stage = three("");
    let (report, staging) = places(&stage, "november");
    fs::create_dir(&report).unwrap();
    fs::write(report.join("notes.txt"), "mine").unwrap();
    let _ran = stage.run("report members --out november").exits(2).says("is not empty");
    std::os::unix::fs::symlink(&report, stage.root.join("linked")).unwrap();
    let _ran = stage.run("report members --out linked").exits(2).says("symbolic link");
    let _ran = stage.run("report members --out keyholder.toml").exits(2).says("is not a folder");
    let _ran = stage.run("report members --out nowhere/november").exits(2).says("does not exist");
    let _ran = stage.run("report members --out november --format table").exits(2);
    let _ran = stage.run("report memebrs --out other").exits(2).says("no kind of report");
    let _ran = stage.run("report --out other").exits(2).says("no kind of report is named");
    let _ran = stage.run("report members --out other --since 2026-11-09 --until 2026-11-01").exits(2);
    for days in ["--until 2026-11-20", "--until 2026-12-31", "--since 2026-11-20", "--since 9999-12-31"] {
        let ran = stage.run(&format!("report campaigns --out other {days}")).exits(2).says("is not over yet");
        let _ran = ran.says("nothing was sent").says("end the period on 2026-11-19, yesterday");
    }
    let _ran =
        stage.run("report all --out other --until 1899-12-31 --xlsx").exits(2).says("on 2000-01-01 at the earliest");
    let _ran = stage.run("report members --out other --resume").exits(2).says("no unfinished report");
    fs::remove_file(report.join("notes.txt")).unwrap();
    std::os::unix::fs::symlink(&report, &staging).unwrap();
    let _ran = stage.run("report members --out november").exits(2).says("is in the way");
    fs::remove_file(&staging).unwrap();
    assert_eq!(stage.world.requests().len(), 0);
    // An empty folder is as good as none.
    let _ran = stage.run("report members --out november").exits(0);
    manifest_holds(&report);
}

#[test]
fn two_at_once_for_one_place_are_one_report_and_one_refusal() {
    let stage = three("");
    let [first, second] = stage.run_within("report members --out november", "report keys --out november");
    drop((first.exits(0), second.exits(75)));
    manifest_holds(&stage.root.join("november"));
}

#[test]
fn a_report_whose_place_was_taken_meanwhile_is_kept_and_put_there_later_without_a_request() {
    let stage = three("");
    let (report, staging) = places(&stage, "november");
    let taken = report.clone();
    stage.at_nth(keyholder::api::transport::Method::Get, 2, move || {
        fs::create_dir(&taken).unwrap();
        fs::write(taken.join("notes.txt"), "mine").unwrap();
    });
    let _ran = stage.run("report members --out november").exits(74).says("--resume --out november");
    assert_eq!(files(&report).keys().collect::<Vec<_>>(), ["notes.txt"]);
    assert!(staging.exists());
    fs::remove_file(report.join("notes.txt")).unwrap();
    let before = stage.world.requests().len();
    let _ran = stage.run("report --resume --out november").exits(0);
    assert_eq!(stage.world.requests().len(), before);
    manifest_holds(&report);
    assert!(!staging.exists());
}

#[test]
fn a_workbook_of_the_same_world_at_the_same_moment_is_the_same_to_the_byte() {
    let book = || {
        let stage = three("");
        let _ran = stage.run("report all --xlsx --out out").exits(0);
        fs::read(stage.root.join("out/report.xlsx")).unwrap()
    };
    let one = book();
    assert!(one.starts_with(b"PK") && one.len() > 10_000, "{} bytes", one.len());
    assert!(one == book(), "two workbooks differ");
}
