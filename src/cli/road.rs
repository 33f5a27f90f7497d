//! How far away the API was last time, kept in the state folder: so that the next run can foretell how long it takes.
//!
//! Owns the file `round-trip.json`. It is a memory aid alone: where it is not there, or cannot be read, a distance is assumed.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::session::Session;
use crate::config::whole;
use crate::plan::Plan;
use crate::plan::forecast::{Forecast, LaneForecast};
use crate::run::{Deck, LaneCost, Road, Target, foretell};

/// The file in the state folder.
const FILE: &str = "round-trip.json";

/// What is kept.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Kept {
    seconds: f64,
}

/// Returns what is known of the road a run is about to take: what this run measured already, else what the last one did.
pub fn known(session: &Session<'_>, deck: &Deck) -> Road {
    let kept = || {
        let bytes = fs::read(session.state_dir().join(FILE)).ok()?;
        let kept: Kept = serde_json::from_slice(&bytes).ok()?;
        Duration::try_from_secs_f64(kept.seconds).ok().filter(|time| *time < deck.timeout)
    };
    Road {
        round_trip: deck.in_flight.round_trip().or_else(kept).unwrap_or(Road::FAR),
        in_flight: deck.in_flight.most(),
        opens: !deck.in_flight.is_fixed(),
    }
}

/// Foretells the writing half of a plan.
pub fn forecast(plan: &Plan, targets: &[Target], road: Road) -> Forecast {
    Forecast::of(plan, |lanes| {
        let pays: BTreeMap<&str, &[(String, u32)]> =
            targets.iter().map(|target| (target.name.as_str(), &target.pays[..])).collect();
        let cost = |lane: &LaneForecast| LaneCost {
            requests: lane.requests as u64,
            chain: lane.chain as u64,
            pays: pays.get(lane.name.as_str()).copied().unwrap_or_default(),
        };
        foretell(lanes.iter().map(cost), road)
    })
}

/// Keeps how far away it was. Nobody is told where that fails: the next run assumes what this one did.
pub fn keep(session: &Session<'_>, deck: &Deck) {
    let Some(round_trip) = deck.in_flight.round_trip() else { return };
    let kept = Kept { seconds: round_trip.as_secs_f64() };
    if let Ok(mut bytes) = serde_json::to_vec(&kept) {
        bytes.push(b'\n');
        drop(whole::put(&session.state_dir().join(FILE), &bytes));
    }
}
