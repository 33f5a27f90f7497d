//! Reports that were cut, stopped or lost a workspace on the way: gone on with, they have the bytes of one that was not.

use std::fs;
use std::time::Duration;

use keyholder::run::Why;
use keyholder::sim::{Fault, FaultBody, FaultKind};

use super::{manifest_holds, places, same, without_moments};
use crate::support::Stage;
use crate::three;

const ALL: &str = "report all --out november --until 2026-11-01";

/// Runs the command without any hindrance, and returns the bytes of its report.
fn unhindered() -> std::collections::BTreeMap<String, String> {
    let stage = three("");
    let _ran = stage.run(ALL).exits(0);
    without_moments(&stage.root.join("november"))
}

/// Returns how many lanes are kept whole.
fn kept(stage: &Stage) -> usize {
    let lanes = fs::read_dir(stage.root.join("november.unfinished/lanes"));
    lanes
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|end| end == "json"))
        .count()
}

/// Returns which workspaces were asked anything after so many requests.
fn asked_since(stage: &Stage, before: usize) -> Vec<String> {
    let requests = stage.world.requests();
    let names = requests.iter().skip(before).filter_map(|seen| seen.workspace.as_deref().map(str::to_owned));
    names.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

#[test]
fn a_report_that_was_cut_at_any_request_is_gone_on_with_to_the_same_bytes() {
    let wanted = unhindered();
    let requests = {
        let stage = three("");
        let _ran = stage.run(ALL).exits(0);
        stage.world.requests().len()
    };
    let mut lanes_kept = std::collections::BTreeSet::new();
    for nth in 1..=requests {
        let stage = three("");
        // Each ends at a time of its own.
        for (name, seconds) in [("acme", 1), ("birch", 3), ("cedar", 9)] {
            stage.world.add_fault(Fault::always(FaultKind::Delay { by: Duration::from_secs(seconds) }).on(name));
        }
        stage.forgive_unfired_faults();
        let cut = std::sync::Arc::clone(&stage.cut);
        let seen = std::sync::atomic::AtomicUsize::new(0);
        stage.at_request(move |_| {
            if seen.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1 == nth {
                cut.notify_one();
            }
        });
        assert!(stage.run_until_cut(ALL), "at request {nth}");
        stage.at_request(|_| {});
        let (report, staging) = places(&stage, "november");
        assert!(!report.exists(), "at request {nth}");
        lanes_kept.insert(kept(&stage));
        // Without the flag nothing is touched.
        if staging.exists() {
            let _ran = stage.run(ALL).exits(2).says("`keyholder report --resume --out november`");
            let rooted = stage.run(&format!("{ALL} -C .")).exits(2);
            let _ran = rooted.says("`keyholder -C . report --resume --out november`");
            let _ran = stage.run("report --resume --out november").exits(0);
        } else {
            let _ran = stage.run(ALL).exits(0);
        }
        same(&without_moments(&report), &wanted, &format!("at request {nth}"));
        manifest_holds(&report);
        assert!(!staging.exists());
    }
    assert_eq!(lanes_kept.into_iter().collect::<Vec<_>>(), [0, 1, 2], "a cut at every boundary of lanes");
}

#[test]
fn a_lane_that_ended_is_not_asked_again_and_one_that_was_not_seen_whole_is() {
    let wanted = unhindered();
    let stage = three("");
    stage.world.add_fault(Fault::always(FaultKind::Delay { by: Duration::from_secs(20) }).on("cedar"));
    let refused = FaultKind::Status { status: 403, body: FaultBody::Json, retry_after: None };
    stage.world.add_fault(Fault::once(refused).on("birch"));
    let stop = stage.stop.clone();
    let lanes = stage.root.join("november.unfinished/lanes");
    // The others are done long before the first answer of the one that is slow.
    let (seen, far) = (std::sync::atomic::AtomicUsize::new(0), lanes);
    stage.at_request(move |_| {
        seen.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let ended = fs::read_dir(&far).into_iter().flatten().count();
        if ended == 2 {
            stop.drain(Why::Interrupted);
        }
    });
    let _ran = stage.run(ALL).exits(130).says("stopped after 2 of 3 workspaces").says("--resume --out november");
    assert_eq!(kept(&stage), 2);
    let (report, _) = places(&stage, "november");
    assert!(!report.exists());
    let mut stage = stage;
    stage.stop = keyholder::run::Stop::default();
    stage.at_request(|_| {});
    let before = stage.world.requests().len();
    let _ran = stage.run("report --resume --out november").exits(0);
    let asked = asked_since(&stage, before);
    assert_eq!(asked, ["birch", "cedar"]);
    same(&without_moments(&report), &wanted, "gone on with");
}

#[test]
fn a_file_that_changed_since_it_was_written_is_read_again() {
    let wanted = unhindered();
    let stage = three("");
    let (report, staging) = places(&stage, "november");
    let taken = report.clone();
    stage.at_nth(keyholder::api::transport::Method::Get, 2, move || fs::write(&taken, "in the way").unwrap());
    let _ran = stage.run(ALL).exits(74);
    fs::remove_file(&report).unwrap();
    let damaged = staging.join("out/workspaces/birch/members.csv");
    let mut bytes = fs::read(&damaged).unwrap();
    bytes.truncate(bytes.len() - 3);
    fs::write(&damaged, bytes).unwrap();
    let before = stage.world.requests().len();
    let _ran = stage.run("report --resume --out november").exits(0);
    let asked = asked_since(&stage, before);
    assert_eq!(asked, ["birch"]);
    same(&without_moments(&report), &wanted, "gone on with");
}

/// Does something once two of three lanes are kept, while the slow one is still read.
fn once_two_are_kept(stage: &Stage, act: impl Fn(&std::path::Path) + Send + Sync + 'static) {
    stage.world.add_fault(Fault::always(FaultKind::Delay { by: Duration::from_secs(20) }).on("cedar"));
    let (staging, done) = (stage.root.join("november.unfinished"), std::sync::Once::new());
    stage.at_request(move |_| {
        if fs::read_dir(staging.join("lanes")).into_iter().flatten().count() == 2 {
            done.call_once(|| act(&staging));
        }
    });
}

#[test]
fn a_file_that_is_cut_after_it_was_merged_is_noticed_and_read_again() {
    let wanted = unhindered();
    let stage = three("");
    once_two_are_kept(&stage, |staging| {
        let damaged = staging.join("out/workspaces/acme/members.csv");
        let mut bytes = fs::read(&damaged).unwrap();
        bytes.truncate(bytes.len() - 3);
        fs::write(&damaged, bytes).unwrap();
    });
    let said = "out/workspaces/acme/members.csv` is not what was written to it; the report is not put in its place";
    let _ran = stage.run(ALL).exits(74).says(said).says("--resume --out november");
    stage.at_request(|_| {});
    let before = stage.world.requests().len();
    let _ran = stage.run("report --resume --out november").exits(0);
    assert_eq!(asked_since(&stage, before), ["acme"]);
    same(&without_moments(&places(&stage, "november").0), &wanted, "gone on with");
}

#[test]
fn pages_that_were_drawn_under_another_name_of_the_agency_are_drawn_anew() {
    let stage = three("");
    let (before, after) = ("Simulated Agency", "Southsea Outreach");
    let stop = stage.stop.clone();
    once_two_are_kept(&stage, move |staging| {
        let page = fs::read_to_string(staging.join("out/workspaces/acme/index.html")).unwrap();
        assert!(page.contains(before));
        stop.drain(Why::Interrupted);
    });
    let _ran = stage.run(ALL).exits(130);
    let mut stage = stage;
    stage.stop = keyholder::run::Stop::default();
    stage.at_request(|_| {});
    let config = stage.root.join("keyholder.toml");
    fs::write(&config, fs::read_to_string(&config).unwrap().replace(before, after)).unwrap();
    let _ran = stage.run("report --resume --out november").exits(0);
    let (report, _) = places(&stage, "november");
    for name in ["acme", "birch", "cedar"] {
        let page = fs::read_to_string(report.join(format!("workspaces/{name}/index.html"))).unwrap();
        assert!(page.contains(after) && !page.contains(before), "{name}");
    }
    manifest_holds(&report);
}

#[test]
fn a_report_that_was_cut_before_it_said_what_was_asked_is_begun_anew() {
    let stage = three("");
    let (report, staging) = places(&stage, "november");
    let cut = || {
        fs::create_dir(&staging).unwrap();
        fs::create_dir(staging.join("lanes")).unwrap();
        fs::write(staging.join(".report.json.7-0.new"), "{").unwrap();
    };
    cut();
    let _ran = stage.run("report --resume --out november").exits(2).says("leave --resume away to begin one");
    assert!(!staging.exists());
    cut();
    let _ran = stage.run("report members --out november").exits(0);
    manifest_holds(&report);
    assert!(!staging.exists());
    // What somebody may miss is left where it is.
    fs::create_dir(stage.root.join("december.unfinished")).unwrap();
    fs::write(stage.root.join("december.unfinished/notes.txt"), "mine").unwrap();
    let _ran = stage.run("report --resume --out december").exits(3).says("does not say what was asked");
    assert!(stage.root.join("december.unfinished/notes.txt").exists());
}

#[test]
fn what_is_asked_otherwise_than_when_it_was_begun_is_refused() {
    let stage = three("");
    let (report, _) = places(&stage, "november");
    let taken = report.clone();
    stage.at_nth(keyholder::api::transport::Method::Get, 2, move || fs::write(&taken, "in the way").unwrap());
    let _ran = stage.run(ALL).exits(74);
    fs::remove_file(&report).unwrap();
    let before = stage.world.requests().len();
    for (line, word) in [
        ("report members", "the kinds"),
        ("report --until 2026-11-02", "--until"),
        ("report --since 2026-11-01", "--since"),
        ("report --format ndjson", "--format"),
        ("report --xlsx", "workbook"),
        ("report -w acme", "other workspaces"),
    ] {
        let _ran = stage.run(&format!("{line} --resume --out november")).exits(3).says(word);
    }
    stage.add("workspaces/birch.toml", "mode = \"off\"");
    let _ran = stage.run("report --resume --out november").exits(3).says("birch");
    stage.edit("workspaces/birch.toml", "mode = \"off\"", "");
    assert_eq!(stage.world.requests().len(), before);
    let _ran = stage.run(&format!("{ALL} --resume")).exits(0);
    assert_eq!(stage.world.requests().len(), before);
}
