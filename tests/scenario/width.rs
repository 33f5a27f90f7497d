//! How many requests are in flight: as many as were asked for, else as many as the network and the server take; what is written never depends
//! on it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keyholder::sim::World;

use crate::support::{Outcome, Stage};

const NEAR: Duration = Duration::from_millis(50);

/// So many workspaces of a few people, as far away as most.
fn fleet(workspaces: usize) -> Stage {
    let mut stage = Stage::of(World::generated(workspaces, 3, 7));
    stage.road.latency = NEAR;
    stage.searched_once.set(true);
    stage
}

/// Runs a listing and returns it, how many requests arrived, and the most that left within one round trip.
fn listed(stage: &Stage, line: &str) -> (Outcome, u32, usize) {
    let before = stage.world.request_count();
    let left: Arc<Mutex<BTreeMap<u128, usize>>> = Arc::default();
    let (note, begun) = (Arc::clone(&left), stage.now());
    let clock = stage.clock();
    stage.at_request(move |_| {
        let at = clock.elapsed().saturating_sub(begun).as_millis() / NEAR.as_millis();
        *note.lock().unwrap().entry(at).or_default() += 1;
    });
    let ran = stage.run(line).exits(0);
    let widest = left.lock().unwrap().values().copied().max().unwrap_or(0);
    (ran, u32::try_from(stage.world.request_count() - before).unwrap(), widest)
}

/// Returns what was listed without the moments of looking.
fn timeless(ran: &Outcome) -> String {
    let moment = regex::Regex::new(r"2026-11-20T08:\d\d:\d\dZ").unwrap();
    moment.replace_all(&ran.stdout, "<moment>").into_owned()
}

#[test]
fn in_a_flat_network_a_sweep_opens_up_and_ends_within_a_tenth_of_what_is_possible() {
    let stage = fleet(1_500);
    let (ran, requests, widest) = listed(&stage, "members --quiet");
    // Three rounds until it is as wide as it gets are a part of this.
    let bound = NEAR * requests.div_ceil(512);
    println!("{requests} requests, {widest} at once, {:?}, bound {bound:?}", ran.took);
    assert!(widest >= 256, "{widest}");
    let bound = NEAR * requests.div_ceil(256);
    assert!(ran.took <= bound.mul_f64(1.10), "{:?} for {requests} requests; the bound is {bound:?}", ran.took);
}

#[test]
fn where_answers_take_longer_the_more_there_are_it_goes_back_and_the_server_stays_busy() {
    const SERVES: u32 = 100;
    let mut stage = fleet(1_500);
    stage.road.serves = Some(SERVES as usize);
    let (ran, requests, _) = listed(&stage, "members --quiet");
    let bound = NEAR * requests.div_ceil(SERVES);
    println!("{requests} requests, {:?}, bound {bound:?}", ran.took);
    assert!(ran.took <= bound.mul_f64(1.10), "{:?} for {requests} requests; the bound is {bound:?}", ran.took);
}

#[test]
fn what_was_asked_for_is_kept_to_and_nothing_written_depends_on_it() {
    let stage = fleet(600);
    let (usual, ..) = listed(&stage, "members --format csv");
    for number in [1, 7, 64, 512] {
        stage.wait(Duration::from_secs(2));
        let (ran, _, widest) = listed(&stage, &format!("members --format csv --in-flight {number}"));
        assert!(widest <= number, "{widest} of {number}");
        assert!(timeless(&ran) == timeless(&usual), "{number} in flight: other rows, or in another order");
    }
}

#[test]
fn a_number_that_is_none_is_refused_before_anything_is_sent() {
    let stage = fleet(1);
    for number in ["0", "513", "many", "-1"] {
        drop(stage.run(&format!("members --in-flight {number}")).exits(2));
    }
    assert_eq!(stage.world.request_count(), 0);
}
