//! How many requests a plan will take, and about how long.

use super::draw::Plan;
use crate::domain::Change;

/// What a plan will cost.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Forecast {
    /// Requests, all workspaces together, when nothing goes wrong.
    pub requests: usize,
    /// Seconds until the slowest workspace is done.
    pub seconds: f64,
}

/// Rows a page carries (contract section 3).
const PAGE: usize = 100;

/// Assumed seconds for one request and its answer. Only forecasts rest on it; 100 ms is what a client on another continent sees.
const ROUND_TRIP: f64 = 0.1;

impl Forecast {
    /// Counts the requests of a plan's writing half, with so many requests in flight over all workspaces.
    pub fn of(plan: &Plan, in_flight: usize) -> Self {
        let mut requests = 0;
        let mut longest = 0;
        let mut begin = 0;
        for planned in &plan.workspaces {
            // Items stand workspace by workspace, in the order of `workspaces`.
            let count = plan.items[begin..].iter().take_while(|item| item.step.workspace == planned.name).count();
            let steps = plan.items[begin..begin + count].iter().filter(|item| item.sends());
            begin += count;
            let writes: usize = steps
                .map(|item| match item.step.change {
                    Change::Invite { .. } => 1,
                    Change::HandOver { .. } | Change::Revoke { .. } => 1,
                    // The row is read again just before.
                    Change::SetRole { .. } | Change::Remove { .. } => 2,
                    Change::StayAbsent { .. } => 0,
                })
                .sum();
            if writes > 0 {
                let listing = planned.members.div_ceil(PAGE).max(1);
                let lane = 1 + listing + writes + listing;
                requests += lane;
                longest = longest.max(lane);
            }
        }
        let rounds = longest.max(requests.div_ceil(in_flight.max(1)));
        #[expect(clippy::cast_precision_loss, reason = "a forecast")]
        let seconds = rounds as f64 * ROUND_TRIP;
        Self { requests, seconds }
    }
}
