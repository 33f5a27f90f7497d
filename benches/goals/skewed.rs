//! Fleets whose workspaces differ by orders of magnitude, in virtual time: how near the schedule comes to its bound, without and with the
//! sizes of the last report, and what giants cost the small.

use std::collections::BTreeMap;
use std::time::Duration;

use keyholder::sim::{World, put};

use crate::goal::{Bound, Row, Ways, count};
use crate::real::in_flight;
use crate::stage::{Ended, Stage};

const AWAY: Duration = Duration::from_millis(50);
const OWNER: &str = "founder@agency.example";

pub(crate) fn skewed() -> Vec<Row> {
    let zipf: Vec<usize> = (1..=2_000).map(|rank| (200 / rank).max(1)).collect();
    // Nearly 400 pages take twenty seconds at 50 ms a page. The giants stand last: nothing but their length tells them apart.
    let mut giants = vec![1; 9_995];
    giants.extend([398; 5]);
    let mut rows = one("2,000 workspaces by Zipf's law, the longest 200 pages", &shuffled(&zipf), false);
    rows.extend(one("9,995 small workspaces, then 5 giants of 398 pages", &giants, true));
    rows
}

/// Puts them into an order of their own, the same every time.
fn shuffled(pages: &[usize]) -> Vec<usize> {
    let mut pages = pages.to_vec();
    let mut chance = chances(7);
    for at in (1..pages.len()).rev() {
        pages.swap(at, chance() % (at + 1));
    }
    pages
}

/// A small generator: the order of a fleet needs no better.
fn chances(seed: u64) -> impl FnMut() -> usize {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).expect("31 bits fit")
    }
}

fn one(what: &str, pages: &[usize], beside: bool) -> Vec<Row> {
    let world = World::generated(pages.len(), 1, 7);
    for (name, pages) in world.names().iter().zip(pages) {
        let lists = u32::try_from(100 * (pages - 1) + 50).expect("few");
        drop(world.put(name, put::LeadLists::of(OWNER, lists)));
    }
    // With fewer, small workspaces alone take longer than the giants may cost them.
    let (flights, words) = (512, in_flight(512));
    let stage = Stage::new(world, AWAY, Duration::ZERO, 1.0);
    let run = |out: &str| {
        let line = format!("report lists --out {out} {}", words.join(" "));
        stage.run(&line.split_whitespace().collect::<Vec<_>>()).well()
    };
    let (first, again) = (run("one"), run("two"));
    // The pages of the longest list; who it is and members stand beside it.
    let longest = *pages.iter().max().expect("there are some");
    let ways = Ways { in_flight: flights, places: 100, latency: AWAY.as_secs_f64() };
    let bound = |ended: &Ended| Bound::of(ended.requests, longest, 2 + longest, ways);
    let mut rows: Vec<Row> = [(&first, "sizes unknown", "≤ 1.08"), (&again, "sizes known from the last run", "≤ 1.03")]
        .into_iter()
        .map(|(ended, sizes, target)| {
            let bound = bound(ended);
            Row::new(
                format!("{what} ÷ bound, {sizes}"),
                target,
                format!(
                    "{:.3} ({:.1} s of {:.1} s; {})",
                    ended.took / bound.seconds(),
                    ended.took,
                    bound.seconds(),
                    bound.decided_by()
                ),
                format!("virtual time, 50 ms away, {flights} in flight, {} requests of `report lists`", ended.requests),
            )
        })
        .collect();
    if beside {
        for (ended, sizes) in [(&first, "sizes unknown"), (&again, "sizes known")] {
            let (small, giant) = ends(&stage, ended, pages);
            rows.push(Row::new(
                format!("small workspaces beside five giants, 95th percentile of their end, {sizes}"),
                "≤ 5 s where the giants take 20",
                format!("{small:.1} s"),
                format!(
                    "the same fleet; the last giant ended after {giant:.1} s; the small alone take {:.1} s at least",
                    count((ended.requests - 5 * 400).div_ceil(flights)) * AWAY.as_secs_f64()
                ),
            ));
        }
    }
    rows
}

/// Returns when 95 in a hundred of the small had ended, and when the last of all.
fn ends(stage: &Stage, ended: &Ended, pages: &[usize]) -> (f64, f64) {
    let names = stage.world.names();
    let place: BTreeMap<&str, usize> = names.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
    let mut last = vec![0.0_f64; pages.len()];
    let over = ended.began.as_secs_f64() + ended.took;
    for seen in stage.world.requests() {
        let moment = seen.moment.as_secs_f64();
        if let Some(at) = seen.workspace.as_deref().and_then(|name| place.get(name))
            && moment >= ended.began.as_secs_f64()
            && moment <= over
        {
            last[*at] = last[*at].max(moment - ended.began.as_secs_f64() + AWAY.as_secs_f64() / 2.0);
        }
    }
    let mut small: Vec<f64> = last.iter().zip(pages).filter(|(_, pages)| **pages == 1).map(|(end, _)| *end).collect();
    small.sort_by(f64::total_cmp);
    (small[small.len() * 95 / 100], last.iter().copied().fold(0.0, f64::max))
}
