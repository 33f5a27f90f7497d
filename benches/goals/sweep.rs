//! A sweep beside its bound, and its first row.

use crate::fleet::Fleet;
use crate::floor::Written;
use crate::goal::{Bound, Row, Ways, count};
use crate::real::{LISTS, floor, in_flight, report};
use crate::serve::{self, Away};
use crate::support::{Took, by_turns, cpu, first_row, median, memory, wall};

/// How far away the simulator is: enough that two cores, which serve too, are not what decides.
const FAR: Away = Away { latency: std::time::Duration::from_millis(250), jitter: std::time::Duration::ZERO };

/// The sweep of four lists over 10, 100 and 1,000 workspaces.
pub(crate) fn sweep(rounds: usize) -> Vec<Row> {
    let wanted = 256;
    let (flights, words) = (wanted, in_flight(wanted));
    let mut rows: Vec<Row> =
        [10, 100, 1_000].into_iter().map(|workspaces| one(rounds, workspaces, flights, &words, "≤ 1.10")).collect();
    rows.push(one(rounds, 1_000, 512, &in_flight(512), "≤ 1.25"));
    rows
}

fn one(rounds: usize, workspaces: usize, flights: usize, words: &[String], target: &'static str) -> Row {
    let fleet = Fleet::of_lists(workspaces);
    let sim = serve::start(&fleet, FAR);
    let mut requests = 0;
    let served = sim.cpu();
    let ours: &mut dyn FnMut() -> Took = &mut || {
        let reported = report(&sim, &LISTS, words);
        requests = reported.requests;
        reported.took
    };
    let [ours, bare] = by_turns(rounds, [ours, &mut || floor(&sim, flights, Written::Merged)]);
    let served = (sim.cpu() - served) / count(2 * (rounds + 1));
    // The pages of the longest list, and who it is beside them; all pages of all four in one workspace.
    let (chain, most) = (fleet.longest(), 1 + 4 * fleet.longest());
    let ways = Ways { in_flight: flights, places: 50, latency: FAR.mean() };
    let bound = Bound { cpu: median(&bare, cpu), ..Bound::of(requests, chain, most, ways) };
    let took = median(&ours, wall);
    Row::new(
        format!("sweep of {workspaces} workspaces ÷ bound, {flights} in flight"),
        target,
        format!("{:.2} ({took:.2} s of {:.2} s; {})", took / bound.seconds(), bound.seconds(), bound.decided_by()),
        format!(
            "{requests} requests, 250 ms away; bare floor {:.2} s; CPU {:.2} s, floor {:.2} s, simulator {served:.2} s; {:.0} MB",
            median(&bare, wall),
            median(&ours, cpu),
            median(&bare, cpu),
            median(&ours, memory),
        ),
    )
}

/// The first row of a listing over a thousand workspaces.
pub(crate) fn first(rounds: usize) -> Vec<Row> {
    let latency = 50;
    let fleet = Fleet { workspaces: 1_000, members: 50, ..Fleet::default() };
    let sim = serve::start(&fleet, Away::steady(latency));
    let mut taken: Vec<f64> = (0..=rounds)
        .map(|_| first_row(sim.keyholder().args(["--quiet", "--format", "csv", "members"])).as_secs_f64() * 1e3)
        .skip(1)
        .collect();
    taken.sort_by(f64::total_cmp);
    vec![Row::new(
        "first row",
        "≤ round trip + 30 ms",
        format!("{:.0} ms", taken[taken.len() / 2]),
        format!("`members` of 1,000 pinned workspaces, {latency} ms away, from before the start"),
    )]
}
