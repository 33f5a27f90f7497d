//! `trail export` by the real binary: struck at any moment, on a full disk; what it left is gone on with.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use keyholder::sim::put::Records;

use crate::disk::limited;
use crate::knobs;
use crate::world::World;

const EXPORT: [&str; 5] = ["trail", "export", "--out", "kept", "--all"];
const RECORDS: u32 = 7_300;

fn world() -> World {
    let world = World::three();
    for name in ["acme", "globex"] {
        let records = Records {
            count: RECORDS,
            activity: 34,
            by: Some("ops@agency.example".to_owned()),
            key: None,
            at: Some("2026-10-29T00:00:00Z".parse().unwrap()),
            affected: Some(3),
        };
        let _ids = world.sim.put(name, records);
    }
    world
}

/// Every record of a workspace stands once in its files.
#[track_caller]
fn holds_all(world: &World, name: &str) {
    let folder = world.root().join("kept/workspaces").join(name);
    let mut ids = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let mut reader = csv::Reader::from_path(entry.unwrap().path()).unwrap();
        let at = reader.headers().unwrap().iter().position(|column| column == "record_id").unwrap();
        ids.extend(reader.records().map(|row| row.unwrap()[at].to_owned()));
    }
    let told = world.sim.trail(name).into_iter().map(|record| {
        serde_json::from_str::<serde_json::Value>(&record.json).unwrap()["id"].as_str().unwrap().to_owned()
    });
    let (count, ids) = (ids.len(), ids.into_iter().collect::<BTreeSet<String>>());
    assert_eq!(count, ids.len(), "{name}: some record stands twice");
    assert_eq!(ids, told.collect(), "{name}");
}

#[test]
fn killed_at_any_moment_and_run_again_every_record_stands_once() {
    let world = world();
    let mut struck = 0;
    for millis in [5, 30, 60, 90, 120, 160, 200, 300, 400] {
        let mut child = world.command(&EXPORT).spawn().unwrap();
        knobs::pause(Duration::from_millis(millis));
        child.kill().unwrap();
        struck += usize::from(world.wait(child).code != Some(0));
    }
    println!("struck {struck} times before its end");
    // The third key may not read the log.
    world.run(&EXPORT).exits(33).says("2 of 3 workspaces read whole").done();
    for name in ["acme", "globex"] {
        holds_all(&world, name);
    }
    world.run(&EXPORT).exits(33).says("0 records added").done();
}

#[test]
fn a_disk_that_is_full_is_told_and_gone_on_with_when_there_is_room() {
    let world = world();
    let full = limited(&world, &EXPORT, 800).exits(74).says("could not be written").says("run the same command again");
    assert!(full.stderr.contains("kept"), "{full}");
    world.run(&EXPORT).exits(33).done();
    for name in ["acme", "globex"] {
        holds_all(&world, name);
    }
}
