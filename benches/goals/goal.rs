//! The table: what was aimed at, what was measured, and how.

use std::fmt::Write as _;

/// One line of the table.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) goal: String,
    pub(crate) target: &'static str,
    pub(crate) measured: String,
    pub(crate) how: String,
}

impl Row {
    pub(crate) fn new(
        goal: impl Into<String>,
        target: &'static str,
        measured: impl Into<String>,
        how: impl Into<String>,
    ) -> Self {
        Self { goal: goal.into(), target, measured: measured.into(), how: how.into() }
    }
}

/// Writes the table as Markdown.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut text = "| goal | target | measured | how |\n| --- | --- | --- | --- |\n".to_owned();
    for Row { goal, target, measured, how } in rows {
        writeln!(text, "| {goal} | {target} | {measured} | {how} |").expect("writing to a String cannot fail");
    }
    text
}

/// The least a sweep can take, in seconds; the largest of these is the bound.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Bound {
    /// Questions that must follow one another, each a round trip.
    pub(crate) chain: f64,
    /// All requests in full flights.
    pub(crate) flights: f64,
    /// What the pace of the busiest workspace permits.
    pub(crate) rate: f64,
    /// Processor time of the bare floor.
    pub(crate) cpu: f64,
}

impl Bound {
    /// Of so many requests, the longest chain of them in one workspace, the most of them in one workspace, and the latency in seconds.
    pub(crate) fn of(requests: usize, chain: usize, most: usize, ways: Ways) -> Self {
        let Ways { in_flight, places, latency } = ways;
        Self {
            chain: count(chain) * latency,
            flights: count(requests.div_ceil(in_flight)) * latency,
            // The first go at once; the answers to the last are still to come.
            rate: count(most.div_ceil(places).saturating_sub(1)) + latency,
            cpu: 0.0,
        }
    }

    pub(crate) fn seconds(&self) -> f64 {
        [self.chain, self.flights, self.rate, self.cpu].into_iter().fold(0.0, f64::max)
    }

    /// Says what decides.
    pub(crate) fn decided_by(&self) -> &'static str {
        let all = [
            (self.chain, "the longest chain"),
            (self.flights, "requests in flight"),
            (self.rate, "the pace"),
            (self.cpu, "the floor's CPU"),
        ];
        all.into_iter().max_by(|(one, _), (other, _)| one.total_cmp(other)).map_or("nothing", |(_, what)| what)
    }
}

/// What permits requests to go: how many at once over all, how many a second in one workspace, how long one takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ways {
    pub(crate) in_flight: usize,
    pub(crate) places: usize,
    pub(crate) latency: f64,
}

/// A count as a number to divide by.
#[expect(clippy::cast_precision_loss, reason = "figures are told to a few digits")]
pub(crate) fn count(count: usize) -> f64 {
    count as f64
}
