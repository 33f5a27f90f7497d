//! Fleets of which a few workspaces are as large as all others together: the giants decide when all is done, and nobody waits for them.

use std::collections::BTreeMap;
use std::time::Duration;

use keyholder::sim::{World, put};

use crate::support::{Outcome, Stage};

const NEAR: Duration = Duration::from_millis(50);
/// Pages of a giant's list.
const PAGES: u32 = 100;

/// So many workspaces of which those at these places are giants.
fn fleet(workspaces: usize, giants: &[usize]) -> Stage {
    let world = World::generated(workspaces, 3, 7);
    let names = world.names();
    for giant in giants {
        world.put(&names[*giant], put::Jobs::of("founder@agency.example", PAGES * 100));
    }
    let mut stage = Stage::of(world);
    stage.road.latency = NEAR;
    stage.searched_once.set(true);
    stage
}

fn report(stage: &Stage, out: &str) -> (Outcome, f64, u32) {
    let before = stage.world.request_count();
    let ran = stage.run(&format!("report jobs --format ndjson --out {out} --quiet")).exits(0);
    let summary = ran.records().pop().unwrap();
    let requests = u32::try_from(stage.world.request_count() - before).unwrap();
    let reading = summary["reading_seconds"].as_f64().unwrap();
    (ran, reading, requests)
}

#[test]
fn with_sizes_of_the_last_report_giants_that_stand_last_end_with_the_first() {
    let giants: Vec<usize> = (595..600).collect();
    let stage = fleet(600, &giants);
    let chain = NEAR * (PAGES + 1);
    let (_, first, requests) = report(&stage, "one");
    let bound = chain.max(NEAR * requests.div_ceil(512)).as_secs_f64();
    stage.wait(Duration::from_secs(2));
    let (_, second, _) = report(&stage, "two");
    println!("{requests} requests, bound {bound:.2} s; without sizes {:.3}, with {:.3}", first / bound, second / bound);
    assert!(second <= 1.03 * bound, "{second} s, the bound is {bound} s");
    assert!(first <= 1.15 * bound, "{first} s, the bound is {bound} s");
}

#[test]
fn small_workspaces_end_while_giants_go_on() {
    let stage = fleet(400, &[0, 50, 100, 200, 399]);
    let begun = stage.now();
    let (_, reading, _) = report(&stage, "one");
    let mut ends: BTreeMap<String, Duration> = BTreeMap::new();
    for seen in stage.world.requests() {
        let end = ends.entry(seen.workspace.unwrap().to_string()).or_default();
        *end = (*end).max(seen.moment.saturating_sub(begun));
    }
    let mut ends: Vec<f64> = ends.values().map(Duration::as_secs_f64).collect();
    ends.sort_by(f64::total_cmp);
    let late = ends[ends.len() * 95 / 100];
    println!("the 95th of a hundred small ones ends after {late:.2} s, the giants take {reading:.2} s");
    assert!(late <= reading / 4.0, "{late} of {reading}");
}
