//! A report of everything over a thousand workspaces, beside what latency and the allowed rates permit.

use std::time::Duration;

use crate::fleet::Fleet;
use crate::goal::{Bound, Row, Ways};
use crate::real::{Reported, in_flight, report};
use crate::serve::{self, Away};
use crate::stage::{Ended, Stage};
use crate::support::{memory, wall};

const WORKSPACES: usize = 1_000;
const DAYS: &str = "--since 2026-10-21 --until 2026-11-19";

pub(crate) fn all() -> Vec<Row> {
    // The simulated fleets of the schedule stay in this process, and its children would be said to have had them: so the binary comes first.
    let [real, heavy] = [1_000, 5_000].map(over_loopback);
    vec![scheduled(), real, heavy]
}

/// In virtual time: the schedule alone. The second report knows how long the lists are.
fn scheduled() -> Row {
    let away = Duration::from_millis(250);
    let (flights, words) = (256, in_flight(256));
    let stage = Stage::new(Fleet::of_all(WORKSPACES).world(), away, Duration::ZERO, 0.5);
    let once = |out: &str| {
        let line = format!("report all {DAYS} --out {out} {}", words.join(" "));
        stage.run(&line.split_whitespace().collect::<Vec<_>>()).well()
    };
    let (first, second) = (once("one"), once("two"));
    let over = |ended: &Ended| {
        let bound = bound(&stage, ended, flights, away);
        (ended.took / bound.seconds(), bound)
    };
    let (ratio, bound) = over(&second);
    Row::new(
        format!("`report all` over {WORKSPACES} workspaces ÷ what latency and rates permit: the schedule"),
        "≤ 1.05",
        format!("{ratio:.3} (first time, lengths unknown: {:.3})", over(&first).0),
        format!(
            "virtual time, in process, 250 ms away, {flights} in flight: {:.1} s of {:.1} s ({}); {} foretold, {} sent",
            second.took,
            bound.seconds(),
            bound.decided_by(),
            foretold(&second.err),
            second.requests
        ),
    )
}

/// The bound of what a workspace was asked: who it is, accounts, what they sent, and whatever depends on both, one after the other.
fn bound(stage: &Stage, ended: &Ended, in_flight: usize, away: Duration) -> Bound {
    let mut each: std::collections::BTreeMap<_, usize> = std::collections::BTreeMap::new();
    let seen = stage.world.requests();
    let over = ended.began + Duration::from_secs_f64(ended.took);
    for seen in seen.iter().filter(|seen| (ended.began..=over).contains(&seen.moment)) {
        *each.entry(seen.workspace.clone()).or_default() += 1;
    }
    let most = each.values().copied().max().unwrap_or(0);
    // Identity, then the longest of: five pages of the trail, accounts and their figures.
    Bound::of(ended.requests, 1 + 5, most, Ways { in_flight, places: 50, latency: away.as_secs_f64() })
}

fn foretold(said: &str) -> String {
    let line = said.lines().find(|line| line.contains(" foretold)")).expect("it counts");
    let begin = line.find('(').expect("in brackets") + 1;
    line[begin..].split(" foretold").next().expect("a number").to_owned()
}

/// By the real binary, with so many records of the trail in each workspace: how much there is to decode and to write decides whether it is
/// the network that it waits for or the machine.
fn over_loopback(trail: u64) -> Row {
    let away = Away::steady(250);
    let (flights, words) = (256, in_flight(256));
    let sim = serve::start(&Fleet { trail, ..Fleet::of_all(WORKSPACES) }, away);
    let first = report(&sim, &["all"], &words);
    let served = sim.cpu();
    let Reported { took, requests, foretold } = report(&sim, &["all"], &words);
    let served = sim.cpu() - served;
    let each = requests.div_ceil(WORKSPACES);
    let bound = Bound::of(requests, 6, each, Ways { in_flight: flights, places: 50, latency: away.mean() });
    Row::new(
        format!(
            "the same by the binary, {trail} records of the trail in each: {requests} requests, {foretold} foretold ({} the first time)",
            first.foretold
        ),
        "≤ 1.05",
        format!("{:.3} (first time {:.3})", wall(&took) / bound.seconds(), wall(&first.took) / bound.seconds()),
        format!(
            "loopback, 250 ms away, {flights} in flight, once each: {:.1} s of {:.1} s; CPU {:.1} s; simulator {served:.1} s of CPU; {:.0} MB",
            wall(&took),
            bound.seconds(),
            crate::support::cpu(&took),
            memory(&took),
        ),
    )
}
