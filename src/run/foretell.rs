//! How long something will take, foretold from its requests. Pure.
//!
//! It is the longest of what bounds a run: the requests of all over how many may be in flight, the longest chain of one workspace, and the
//! places of whoever pays. Of `n` places the first `n` requests go at once and the next `n` a second and a round trip later (the guarantee of
//! [`pace`](crate::pace)); a chain takes up its places no faster than its answers come.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::api::breadth;
use crate::pace::CAP;

/// How far away the API is, as far as is known, and how many requests may be in flight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Road {
    /// From sending to answer.
    pub round_trip: Duration,
    /// Requests in flight at most.
    pub in_flight: usize,
    /// Whether that number must first be found.
    pub opens: bool,
}

impl Road {
    /// Assumed where nothing was measured yet: what a client on another continent sees.
    pub const FAR: Duration = Duration::from_millis(100);
}

/// What one workspace costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaneCost<'a> {
    /// Its requests.
    pub requests: u64,
    /// Those of them that must wait for each other.
    pub chain: u64,
    /// Who pays, with the places of each.
    pub pays: &'a [(String, u32)],
}

/// Foretells how long it takes until the last of these is done.
pub fn foretell<'a>(lanes: impl IntoIterator<Item = LaneCost<'a>>, road: Road) -> Duration {
    let (mut requests, mut longest) = (0_u64, 0_u64);
    let mut paid: BTreeMap<&str, (u64, u32)> = BTreeMap::new();
    for lane in lanes {
        requests = requests.saturating_add(lane.requests);
        longest = longest.max(lane.chain);
        for (payer, places) in lane.pays {
            let all = paid.entry(payer).or_insert((0, *places));
            all.0 = all.0.saturating_add(lane.requests);
        }
    }
    let paced = paid.values().map(|(requests, places)| paced(*requests, *places, road.round_trip)).max();
    let all = usize::try_from(requests).unwrap_or(usize::MAX);
    let rounds = if road.opens { breadth::rounds(all, road.in_flight) } else { all.div_ceil(road.in_flight.max(1)) };
    let times = |count: u64| road.round_trip.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX));
    times(rounds as u64).max(times(longest)).max(paced.unwrap_or_default())
}

/// Returns how long so many requests take at so many places: the last of them goes in the round it falls into, and is answered.
fn paced(requests: u64, places: u32, round_trip: Duration) -> Duration {
    let Some(rounds) = requests.checked_sub(1).map(|before| before / u64::from(places.max(1))) else {
        return Duration::ZERO;
    };
    let round = Duration::from_secs(1) + round_trip.min(CAP);
    round.saturating_mul(u32::try_from(rounds).unwrap_or(u32::MAX)).saturating_add(round_trip)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEAR: Road = Road { round_trip: Duration::from_millis(50), in_flight: 256, opens: false };

    /// Requests, chain, and who pays.
    type Lane<'a> = (u64, u64, &'a [(String, u32)]);

    fn took(lanes: &[Lane<'_>]) -> u128 {
        let lanes = lanes.iter().map(|(requests, chain, pays)| LaneCost { requests: *requests, chain: *chain, pays });
        foretell(lanes, NEAR).as_millis()
    }

    #[test]
    fn what_bounds_it_decides() {
        let own = |name: &str, places| [(name.to_owned(), places)];
        assert_eq!(took(&[]), 0);
        // In flight: 2,560 requests are ten rounds.
        let (a, b) = (own("a", 50), own("b", 50));
        let many: Vec<_> = (0..256).map(|lane| own(&format!("w{lane}"), 50)).collect();
        let lanes: Vec<_> = many.iter().map(|pays| (10, 5, &pays[..])).collect();
        assert_eq!(took(&lanes), 500);
        // The longest chain.
        assert_eq!(took(&[(20, 20, &a), (3, 3, &b)]), 1_000);
        // Places: 51 requests side by side at 50 places are two rounds.
        assert_eq!(took(&[(51, 2, &a)]), 1_050 + 50);
        assert_eq!(took(&[(50, 2, &a)]), 100);
        // Two workspaces that one admin workspace pays for.
        let pays = |name: &str| [(name.to_owned(), 50), ("admin".to_owned(), 10)];
        assert_eq!(took(&[(10, 2, &pays("a")), (11, 2, &pays("b"))]), 2 * 1_050 + 50);
    }

    #[test]
    fn opening_up_takes_its_rounds() {
        let pays = [("a".to_owned(), 100_000)];
        let cost = LaneCost { requests: 64 + 128 + 256, chain: 1, pays: &pays };
        assert_eq!(foretell([cost], Road { opens: true, ..NEAR }), Duration::from_millis(150));
        assert_eq!(foretell([cost], NEAR), Duration::from_millis(100));
    }
}
