//! Reports of the real binary: on a disk that is full at any size, killed at any moment, and checked with tools that are not ours.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::disk::limited;
use crate::world::World;

const COMMAND: [&str; 6] = ["report", "members", "keys", "tags", "--out", "november"];
const RESUME: [&str; 4] = ["report", "--resume", "--out", "november"];

/// A fleet whose every key may read what is asked.
fn world() -> World {
    let world = World::three();
    world.agency(|text| {
        text.replace("timeout = \"1s\"", "timeout = \"10s\"").replace("settle = \"2s\"", "settle = \"20s\"")
    });
    world
}

/// Returns the tables of a report without the third column, the moment of looking.
fn tables(folder: &Path) -> BTreeMap<String, Vec<Vec<String>>> {
    let mut found = BTreeMap::new();
    for name in ["members.csv", "keys.csv", "tags.csv", "workspaces/acme/members.csv", "workspaces/globex/keys.csv"] {
        let text = fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_slice());
        let cells = |record: csv::StringRecord| {
            record.iter().enumerate().filter(|(place, _)| *place != 2).map(|(_, cell)| cell.to_owned()).collect()
        };
        found.insert(name.to_owned(), reader.records().map(|record| cells(record.unwrap())).collect());
    }
    found
}

/// Requires that `sha256sum` finds every file as the manifest says.
fn manifest_holds(folder: &Path) {
    let checked =
        Command::new("sha256sum").args(["--strict", "-c", "MANIFEST.sha256"]).current_dir(folder).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
}

#[test]
fn on_a_disk_that_is_full_at_any_size_nothing_has_the_final_name_and_the_rest_is_gone_on_with() {
    let (mut failed, mut at) = (0, 512);
    loop {
        let world = world();
        let report = world.root().join("november");
        let ended = limited(&world, &COMMAND, at / 512);
        if ended.code == Some(33) {
            manifest_holds(&report);
            break;
        }
        failed += 1;
        assert!(!report.exists(), "at {at} bytes\n{ended}");
        let ended = ended.exits(74).says("error: ");
        let rest: &[&str] = if world.root().join("november.unfinished/report.json").exists() {
            if ended.stderr.contains("--resume") { &RESUME } else { break_of(&world) }
        } else {
            break_of(&world)
        };
        let _ended = world.run(rest).exits(33);
        manifest_holds(&report);
        at *= 2;
    }
    assert!(failed > 2, "the disk was never full");
    println!("report: {failed} sizes failed, each gone on with");
}

/// Removes what a report left that came to nothing before anything was asked, and returns how to begin anew.
fn break_of(world: &World) -> &'static [&'static str] {
    drop(fs::remove_dir_all(world.root().join("november.unfinished")));
    &COMMAND
}

#[test]
fn killed_at_any_moment_a_report_is_gone_on_with_to_the_same_tables() {
    let wanted = {
        let world = world();
        let _ended = world.run(&COMMAND).exits(33);
        tables(&world.root().join("november"))
    };
    let mut unfinished = 0;
    for wait in [5, 15, 30, 60, 120, 250] {
        let world = world();
        let report = world.root().join("november");
        let mut child = world.command(&COMMAND).spawn().unwrap();
        std::sync::mpsc::channel::<()>().1.recv_timeout(Duration::from_millis(wait)).unwrap_err();
        child.kill().unwrap();
        child.wait().unwrap();
        if !report.exists() {
            let staging = world.root().join("november.unfinished");
            unfinished += usize::from(staging.exists());
            let begun = staging.join("report.json").exists();
            let rest: &[&str] = if begun { &RESUME } else { break_of(&world) };
            let _ended = world.run(rest).exits(33);
        }
        manifest_holds(&report);
        assert_eq!(tables(&report), wanted, "killed after {wait} ms");
    }
    println!("report: killed 6 times, {unfinished} times with a report unfinished");
}
