//! `trail export`: every record once, whatever cut, throttled or lied to it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keyholder::api::transport::Method;

use super::*;

/// Notes the paths of later requests.
fn noted(stage: &Stage) -> Arc<Mutex<Vec<String>>> {
    let paths: Arc<Mutex<Vec<String>>> = Arc::default();
    let note = Arc::clone(&paths);
    stage.at_request(move |request| note.lock().unwrap().push(request.path.clone()));
    paths
}

#[test]
fn records_are_kept_by_month_and_workspace_and_asked_for_once() {
    let stage = three("");
    let export = stage.root.join("kept");
    logins(&stage, "acme", "2026-10-30T00:00:00Z", 5);
    logins(&stage, "acme", "2026-11-10T00:00:00Z", 3);
    logins(&stage, "birch", "2026-11-11T00:00:00Z", 2);
    let first = stage.run("trail export --out kept --all").exits(0).says("10 records added, 10 in").says("3 of 3");
    let row = |outcome: &crate::support::Outcome, place: usize| outcome.rows()[place].clone();
    assert_eq!((row(&first, 0)["trail"].as_str(), row(&first, 0)["records"].as_str()), ("records", "8"));
    assert_eq!(row(&first, 0)["first"], "2026-10-30T00:00:00Z");
    assert_eq!((row(&first, 2)["trail"].as_str(), row(&first, 2)["records"].as_str()), ("empty", "0"));
    assert_eq!(files(&export, "acme").into_keys().collect::<Vec<_>>(), ["2026-10.csv", "2026-11.csv"]);
    assert!(files(&export, "cedar").is_empty(), "nothing was recorded there");
    for (_, path) in files(&export, "acme") {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    for name in ["acme", "birch"] {
        holds_all(&stage, &export, name);
    }
    // Nothing is new: the files stay as they are to the byte, and a day before the newest is asked for.
    let paths = noted(&stage);
    let bytes = |name: &str| files(&export, name).into_values().map(|path| fs::read(path).unwrap()).collect::<Vec<_>>();
    let was = bytes("acme");
    let _ran = stage.run("trail export --out kept --all").exits(0).says("0 records added, 10 in");
    assert_eq!(bytes("acme"), was);
    let paths = paths.lock().unwrap().clone();
    assert!(paths.iter().any(|path| path.contains("start_date=2026-11-08")), "{paths:?}");
    // What is new is added behind, and one that was written down late.
    logins(&stage, "acme", "2026-11-19T00:00:00Z", 4);
    logins(&stage, "acme", "2026-11-09T13:00:00Z", 1);
    let _ran = stage.run("trail export --out kept --all").exits(0).says("5 records added, 15 in");
    holds_all(&stage, &export, "acme");
    let said: serde_json::Value = serde_json::from_slice(&fs::read(export.join("export.json")).unwrap()).unwrap();
    assert_eq!(said["workspaces"][0]["records"], 13);
    assert!(said["note"].as_str().unwrap().contains("not where history begins"));
    assert!(said["columns"].as_array().unwrap().len() > 10);
}

#[test]
fn lines_of_json_are_kept_as_well_and_a_folder_keeps_its_form() {
    let stage = three("");
    logins(&stage, "acme", "2026-11-10T00:00:00Z", 3);
    let _ran = stage.run("trail export --out kept -w acme --format ndjson").exits(0);
    logins(&stage, "acme", "2026-11-10T00:10:00Z", 3);
    let _ran = stage.run("trail export --out kept -w acme").exits(0).says("3 records added, 6 in");
    let text = fs::read_to_string(stage.root.join("kept/workspaces/acme/2026-11.ndjson")).unwrap();
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ids: BTreeSet<String> = lines.iter().map(|line| line["record_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!((lines.len(), ids), (6, recorded(&stage, "acme")));
    assert_eq!((lines[0]["type"].as_str(), lines[0]["activity"].as_str()), (Some("trail"), Some("login")));
    let _ran =
        stage.run("trail export --out kept -w acme --format csv").exits(3).says("holds ndjson, and csv was asked for");
    let _ran = stage.run("trail export --out kept -w acme --format table").exits(2);
}

#[test]
fn an_empty_trail_one_the_plan_refuses_and_one_the_key_refuses_are_three_things() {
    let stage = three("");
    logins(&stage, "birch", "2026-11-10T00:00:00Z", 3);
    let told = |outcome: &crate::support::Outcome, workspace: &str| {
        let rows = outcome.rows();
        rows.iter().find(|row| row["workspace"] == workspace).unwrap()["trail"].clone()
    };
    for (code, word, says) in
        [(402, "plan", "its plan does not allow the audit log"), (403, "scope", "audit_logs:read")]
    {
        stage.world.clear_faults();
        stage.world.add_fault(fault(Op::TrailList, status(code)));
        let outcome = stage.run(&format!("trail export --out kept-{code} --all")).exits(33).says(says);
        assert_eq!(
            [told(&outcome, "acme"), told(&outcome, "birch"), told(&outcome, "cedar")],
            [word, "records", "empty"]
        );
        let looked = stage.run("trail --all").exits(33).says(says).says("no activity recorded: cedar");
        assert_eq!(looked.rows().len(), 3);
    }
    stage.world.clear_faults();
    stage.world.add_fault(fault(Op::TrailList, status(500)));
    let outcome = stage.run("trail export --out kept --all").exits(33);
    assert_eq!(told(&outcome, "acme"), "unreadable");
    stage.forgive_unfired_faults();
}

#[test]
fn a_listing_that_is_not_whole_adds_what_came_and_does_not_move_the_mark() {
    let stage = three("");
    let export = stage.root.join("kept");
    logins(&stage, "acme", "2026-11-01T00:00:00Z", 2_500);
    // The second page and every try for it fail: the first page came.
    stage.world.add_fault(Fault { skip: 1, ..fault(Op::TrailList, status(500)) });
    let cut = stage.run("trail export --out kept -w acme").exits(33).says("read only in part");
    assert_eq!((cut.rows()[0]["trail"].as_str(), cut.rows()[0]["added"].as_str()), ("partial", "1000"));
    assert_eq!((rows(&export, "acme").len(), cut.rows()[0]["read_whole_at"].as_str()), (1_000, ""));
    stage.world.clear_faults();
    stage.world.add_fault(Fault { skip: 1, ..fault(Op::TrailList, FaultKind::CursorLoop) });
    let _ran = stage.run("trail export --out kept -w acme").exits(33).says("same cursor twice");
    stage.world.clear_faults();
    let whole = stage.run("trail export --out kept -w acme").exits(0);
    holds_all(&stage, &export, "acme");
    assert_ne!(whole.rows()[0]["read_whole_at"], "");
    stage.forgive_unfired_faults();
}

#[test]
fn throttles_and_lost_answers_cost_time_and_no_record() {
    let stage = three("");
    logins(&stage, "acme", "2026-11-01T00:00:00Z", 3_500);
    for (skip, kind) in [(0, status(429)), (1, FaultKind::LoseAnswer), (2, FaultKind::Truncate), (3, status(503))] {
        stage.world.add_fault(Fault { skip, times: Some(1), ..fault(Op::TrailList, kind) });
    }
    let _ran = stage.run("trail export --out kept -w acme").exits(0);
    holds_all(&stage, &stage.root.join("kept"), "acme");
}

/// Exports between batches of records, in any split, with cuts and faults: in the end the same rows stand there as in an export that was made at
/// once.
#[test]
fn any_sequence_of_exports_comes_to_what_one_export_does() {
    for seed in 0..6 {
        let mut random = fastrand::Rng::with_seed(seed);
        let stage = three("");
        stage.forgive_unfired_faults();
        let mut newest = at("2026-10-28T00:00:00Z");
        for batch in 0..random.u32(2..6) {
            // Newer ones, some of them many pages, and late ones within the overlap.
            newest += hours(random.i64(1..200));
            logins(&stage, "acme", &newest.to_string(), random.u32(1..1_300));
            let late = newest - hours(random.i64(0..20));
            logins(&stage, "acme", &late.to_string(), random.u32(0..20));
            logins(&stage, "birch", &newest.to_string(), random.u32(0..3));
            newest += hours(1_800 / 60);
            match random.u32(0..4) {
                0 => {
                    let cut = Arc::clone(&stage.cut);
                    stage.at_nth(Method::Get, random.usize(1..12), move || cut.notify_one());
                    let _cut_or_not = stage.run_or_cut(&["trail", "export", "--out", "kept", "--all"]);
                    stage.at_request(|_| {});
                }
                1 => {
                    let kind = random.choice([status(500), FaultKind::CursorLoop, FaultKind::Html]).unwrap();
                    stage.world.add_fault(Fault { skip: random.usize(0..3), ..fault(Op::TrailList, kind) });
                    let _any_exit = stage.run("trail export --out kept --all");
                    stage.world.clear_faults();
                }
                2 => drop(stage.run("trail export --out kept --all").exits(0)),
                _ => {}
            }
            stage.wait(Duration::from_hours(1));
            assert!(batch < 6, "seed {seed}");
        }
        let _ran = stage.run("trail export --out kept --all").exits(0);
        let _ran = stage.run("trail export --out once --all").exits(0);
        for name in ["acme", "birch", "cedar"] {
            holds_all(&stage, &stage.root.join("kept"), name);
            assert_eq!(rows(&stage.root.join("kept"), name), rows(&stage.root.join("once"), name), "seed {seed}");
        }
    }
}

#[test]
fn files_that_are_missing_short_or_changed_are_said_and_exported_anew() {
    let stage = three("");
    let export = stage.root.join("kept");
    logins(&stage, "acme", "2026-10-01T00:00:00Z", 50);
    logins(&stage, "acme", "2026-11-10T00:00:00Z", 50);
    let _ran = stage.run("trail export --out kept -w acme").exits(0);
    let october = export.join("workspaces/acme/2026-10.csv");
    let bytes = fs::read(&october).unwrap();

    fs::remove_file(&october).unwrap();
    let _ran = stage
        .run("trail export --out kept -w acme")
        .exits(0)
        .says("2026-10.csv is not there any more")
        .says("50 records added");
    assert_eq!(rows(&export, "acme").len(), 100);

    fs::write(&october, &bytes[..bytes.len() / 2]).unwrap();
    let _ran = stage.run("trail export --out kept -w acme").exits(0).says("2026-10.csv has");
    holds_all(&stage, &export, "acme");

    // A spreadsheet saved it in its own way: it is put aside whole.
    let longer = [b"\xef\xbb\xbfsep=;\r\n".as_slice(), &bytes, &bytes].concat();
    fs::write(&october, &longer).unwrap();
    let _ran = stage.run("trail export --out kept -w acme").exits(0).says("2026-10.csv was changed by somebody else");
    assert_eq!(fs::read(export.join("workspaces/acme/2026-10.csv.changed-1")).unwrap(), longer);
    fs::remove_file(export.join("workspaces/acme/2026-10.csv.changed-1")).unwrap();
    holds_all(&stage, &export, "acme");
    let _ran = stage.run("trail export --out kept -w acme").exits(0).says("0 records added, 100 in");
}

#[test]
fn a_folder_of_another_root_or_of_somebody_else_is_refused_and_left_alone() {
    let stage = three("");
    let other = three("");
    logins(&stage, "acme", "2026-11-10T00:00:00Z", 3);
    let _ran = stage.run("trail export --out kept -w acme").exits(0);
    let theirs = stage.root.join("kept").display().to_string();
    let before = other.world.requests().len();
    let _ran = other.run(&format!("trail export --out {theirs} -w acme")).exits(3).says("export of another root");
    fs::create_dir(other.root.join("mine")).unwrap();
    fs::write(other.root.join("mine/thesis.txt"), "precious").unwrap();
    let _ran = other.run("trail export --out mine -w acme").exits(3).says("holds something else than an export");
    fs::write(other.root.join("mine/export.json"), "{\"what\":\"keyholder trail export\",\"version\":9}").unwrap();
    let _ran = other.run("trail export --out mine -w acme").exits(3).says("is of version 9");
    std::os::unix::fs::symlink(other.root.join("mine"), other.root.join("link")).unwrap();
    let _ran = other.run("trail export --out link -w acme").exits(2).says("is a symbolic link");
    let _ran = other.run("trail export --out keyholder.toml -w acme").exits(2).says("is not a folder");
    let _ran = other.run("trail export --out nowhere/kept -w acme").exits(2).says("does not exist");
    assert_eq!(other.world.requests().len(), before, "nothing was sent");
}

#[test]
fn an_export_that_was_killed_before_it_had_said_what_it_is_is_begun_anew() {
    let stage = three("");
    logins(&stage, "acme", "2026-11-10T00:00:00Z", 3);
    fs::create_dir(stage.root.join("kept")).unwrap();
    fs::write(stage.root.join("kept/.export.json.new"), "{\"what\":").unwrap();
    let _ran = stage.run("trail export --out kept --all").exits(0);
    holds_all(&stage, &stage.root.join("kept"), "acme");
    assert!(!stage.root.join("kept/.export.json.new").exists());
}

#[test]
fn of_two_exports_at_once_one_is_turned_away() {
    let stage = three("");
    logins(&stage, "acme", "2026-11-10T00:00:00Z", 3);
    let [first, second] = stage.run_within("trail export --out kept --all", "trail export --out kept --all");
    let _ran = second.exits(75).says("another export is writing to");
    let _ran = first.exits(0);
    holds_all(&stage, &stage.root.join("kept"), "acme");
}

#[test]
fn a_workspace_that_is_called_otherwise_now_takes_its_files_along() {
    let stage = three("");
    logins(&stage, "acme", "2026-11-10T00:00:00Z", 3);
    let _ran = stage.run("trail export --out kept --all").exits(0);
    stage.edit("workspaces/acme.toml", "name = \"acme\"", "name = \"apex\"");
    let _ran =
        stage.run("trail export --out kept --all").exits(0).says("it was called `acme` before").says("0 records added");
    let export = stage.root.join("kept");
    assert!(!export.join("workspaces/acme").exists() && export.join("workspaces/apex/2026-11.csv").exists());
}

#[test]
fn two_workspaces_that_changed_their_names_never_find_each_others_files() {
    let stage = three("");
    logins(&stage, "acme", "2026-11-10T00:00:00Z", 3);
    logins(&stage, "birch", "2026-11-11T00:00:00Z", 2);
    let _ran = stage.run("trail export --out kept --all").exits(0);
    stage.edit("workspaces/acme.toml", "name = \"acme\"", "name = \"birch\"");
    stage.edit("workspaces/birch.toml", "name = \"birch\"", "name = \"acme\"");
    let (requests, export) = (stage.world.requests().len(), stage.root.join("kept/workspaces"));
    let kept = |name: &str| fs::read(export.join(name).join("2026-11.csv")).unwrap();
    let before = [kept("acme"), kept("birch")];
    let refused = stage.run("trail export --out kept --all").exits(3).says("workspaces/acme is of ").says("--out");
    assert!(refused.stderr.contains("nothing was sent"), "{refused}");
    assert_eq!(stage.world.requests().len(), requests);
    assert_eq!([kept("acme"), kept("birch")], before);
    // Whoever did not change its name goes on.
    let _ran = stage.run("trail export --out kept --all -x acme -x birch").exits(0);
}
