//! The plan of requests: what is told before is what is counted after, once sizes are known; and a sweep takes what latency asks, no more.

use std::time::Duration;

use keyholder::sim::{Fault, FaultBody, FaultKind, LocalSettings, World};
use serde_json::Value;

use crate::support::{Outcome, Stage};
use crate::three;

/// Returns what was foretold, whether exactly, and what was sent.
fn counts(ran: &Outcome) -> (u64, bool, u64) {
    let summary: Value = serde_json::from_str(ran.stdout.lines().last().unwrap()).unwrap();
    let foretold = &summary["foretold"];
    (foretold["count"].as_u64().unwrap(), foretold["exact"].as_bool().unwrap(), summary["requests"].as_u64().unwrap())
}

#[test]
fn the_first_report_foretells_a_bound_and_the_second_the_very_number() {
    let stage = three("");
    let first = stage.run("report all --format ndjson --out one").exits(0).says("at least");
    let (foretold, exact, sent) = counts(&first);
    assert!(!exact && foretold <= sent && foretold > 0, "{foretold} {sent}");
    assert_eq!(sent, stage.world.requests().len() as u64);
    let second = stage.run("report all --format ndjson --out two").exits(0).says("up to 2026-11-20");
    assert_eq!(counts(&second), (sent, true, sent));
    // Of fewer kinds the lists are known as well; of a longer trail they are not.
    let fewer = stage.run("report members lists --format ndjson --out three").exits(0);
    let (foretold, exact, sent) = counts(&fewer);
    assert!(exact && foretold == sent, "{foretold} {sent}");
    let longer = stage.run("report trail --since 2026-01-01 --format ndjson --out four").exits(0);
    assert!(!counts(&longer).1);
}

#[test]
fn a_workspace_that_could_not_be_read_counts_as_one_request_the_next_time() {
    let stage = three("");
    let refused = FaultKind::Status { status: 401, body: FaultBody::Json, retry_after: None };
    let strike = || stage.world.add_fault(Fault::once(refused.clone()).on("birch"));
    let _ran = stage.run("report all --out one").exits(0);
    strike();
    let died = stage.run("report all --format ndjson --out two").exits(33);
    let (foretold, exact, sent) = counts(&died);
    assert!(exact && sent < foretold, "nobody knew that it was dead: {foretold} {sent}");
    strike();
    let dead = stage.run("report all --format ndjson --out three").exits(33).says("at least");
    let dead = dead.says("if they can be read").says("1 could not be read the last time, and counts as one request");
    assert_eq!(counts(&dead), (sent, false, sent));
    // Nobody foretold that it would be read again; the bound held.
    let alive = stage.run("report all --format ndjson --out four").exits(0);
    let (foretold, _, sent) = counts(&alive);
    assert!(foretold < sent, "{foretold} {sent}");
    let again = stage.run("report all --format ndjson --out five").exits(0);
    assert_eq!(counts(&again), (sent, true, sent));
}

#[test]
fn a_fleet_of_which_some_are_dead_is_not_told_that_it_took_more_than_it_did() {
    let stage = three("");
    stage.world.revoke_keys("birch");
    let first = stage.run("report all --format ndjson --out one").exits(33).says("if they can be read");
    let (foretold, _, sent) = counts(&first);
    let beyond = foretold > sent;
    assert_eq!(beyond, !first.stderr.contains(&format!("(at least {foretold} foretold)")), "{first}");
    let _ran = first.says(&format!("{foretold} foretold"));
}

#[test]
fn a_sweep_takes_no_more_than_latency_and_rates_permit() {
    const FLEET: usize = 200;
    let world = World::generated(FLEET, 3, 7);
    let mut stage = Stage::of(world);
    let latency = Duration::from_millis(50);
    stage.road = LocalSettings { latency, ..LocalSettings::default() };
    stage.searched_once.set(true);
    let ran = stage.run("report all --format ndjson --out november --quiet --in-flight 256").exits(0);
    let requests = stage.world.requests();
    // What may be in flight at once, and how long a workspace's longest chain of answers is.
    let in_flight: u32 = 256;
    let all = u32::try_from(requests.len()).unwrap();
    let floor = latency * all.div_ceil(in_flight);
    println!("{all} requests, {:?} of virtual time, floor {floor:?}", ran.took);
    let most = floor.mul_f64(1.05) + latency * 4;
    assert!(ran.took <= most, "{:?} for {all} requests; the floor is {floor:?}", ran.took);
}
