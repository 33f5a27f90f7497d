//! Run ids: short, and sorted by time.

use crate::clock::Clock;
use crate::domain::RunId;

/// Makes the id of a run from the clock's start and a seed, such as `20261122T043000Z-1f3a`.
///
/// It may be taken; [`Ledger::fresh_run_id`](super::Ledger::fresh_run_id) goes on to the next free one.
pub fn new_run_id(clock: &Clock, seed: u64) -> RunId {
    let text = format!("{}-{:04x}", clock.start().strftime("%Y%m%dT%H%M%SZ"), seed & 0xffff);
    RunId::parse(&text).expect("digits, letters and a hyphen")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn ids_sort_by_the_moment_and_are_short() {
        let at = |text: &str| Clock::starting_at(text.parse().unwrap());
        let first = new_run_id(&at("2026-11-22T04:30:00Z"), 0x7_1f3a);
        assert_eq!(first.as_str(), "20261122T043000Z-1f3a");
        assert!(first < new_run_id(&at("2026-11-22T04:30:01.5Z"), 0));
    }
}
