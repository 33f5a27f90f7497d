//! The rate limits of one workspace: so many requests a second and so many a minute (contract section 4).
//!
//! Pure: moments come in as the time since the world began. Requests that are refused cost nothing.

use std::collections::VecDeque;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);

/// How requests are counted; the vendor does not publish it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// In every second and minute, wherever it begins. The strictest reading, so the default.
    Sliding,
    /// In seconds and minutes that begin with the clock's: up to twice the limit across a border.
    Fixed,
    /// A bucket that fills at the second's rate and holds so many: punishes bursts.
    Bucket {
        /// Requests a full bucket holds.
        burst: u32,
    },
}

/// The limits of a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Requests a second; published: 100.
    pub per_second: u32,
    /// Requests a minute; published: 6,000.
    pub per_minute: u32,
    /// How they are counted.
    pub window: Window,
}

impl Default for Rates {
    fn default() -> Self {
        Self { per_second: 100, per_minute: 6_000, window: Window::Sliding }
    }
}

/// What one workspace has spent.
#[derive(Debug, Clone, Default)]
pub(super) struct Meter {
    /// Moments of admitted requests, oldest first, for the sliding window and the bucket's minute.
    admitted: VecDeque<Duration>,
    second: Counted,
    minute: Counted,
    bucket: Option<Bucket>,
    /// How many requests of other tools came so far.
    foreign: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    window: u64,
    count: u32,
}

impl Counted {
    fn at(self, window: u64) -> u32 {
        if self.window == window { self.count } else { 0 }
    }

    fn add(&mut self, window: u64) {
        *self = Self { window, count: self.at(window) + 1 };
    }
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    /// Billionths of a request, so that no rounding ever lets one more through.
    filling: u128,
    at: Duration,
}

impl Bucket {
    const WHOLE: u128 = 1_000_000_000;

    fn filled(before: Option<Self>, rates: &Rates, burst: u32, now: Duration) -> Self {
        let most = u128::from(burst) * Self::WHOLE;
        let filling = before.map_or(most, |bucket| {
            let passed = now.saturating_sub(bucket.at).as_nanos();
            (bucket.filling + passed * u128::from(rates.per_second)).min(most)
        });
        Self { filling, at: now }
    }
}

impl Meter {
    /// Tells whether a request may pass now. Moments never go back.
    pub(super) fn has_room(&mut self, rates: &Rates, now: Duration) -> bool {
        match rates.window {
            Window::Fixed => {
                self.second.at(now.as_secs()) < rates.per_second
                    && self.minute.at(now.as_secs() / 60) < rates.per_minute
            }
            Window::Sliding => self.minute_has_room(rates, now) && self.second_has_room(rates, now),
            Window::Bucket { burst } => {
                self.minute_has_room(rates, now)
                    && Bucket::filled(self.bucket, rates, burst, now).filling >= Bucket::WHOLE
            }
        }
    }

    /// Counts a request that passes now.
    pub(super) fn take(&mut self, rates: &Rates, now: Duration) {
        match rates.window {
            Window::Fixed => {
                self.second.add(now.as_secs());
                self.minute.add(now.as_secs() / 60);
            }
            Window::Sliding => self.admitted.push_back(now),
            Window::Bucket { burst } => {
                self.admitted.push_back(now);
                let mut bucket = Bucket::filled(self.bucket, rates, burst, now);
                bucket.filling = bucket.filling.saturating_sub(Bucket::WHOLE);
                self.bucket = Some(bucket);
            }
        }
    }

    /// Lets the requests come that other tools sent until now, so many a second and evenly; as everybody's, they pass where there is room.
    pub(super) fn crowd(&mut self, rates: &Rates, foreign: u32, now: Duration) {
        let gap = SECOND / foreign;
        let come = u64::try_from(now.as_nanos() / gap.as_nanos()).unwrap_or(u64::MAX);
        // What came more than a minute ago no window remembers.
        self.foreign = self.foreign.max(come.saturating_sub(u64::from(foreign) * 60));
        while self.foreign < come {
            self.foreign += 1;
            let at =
                Duration::from_nanos(u64::try_from(gap.as_nanos()).unwrap_or(u64::MAX).saturating_mul(self.foreign));
            if self.has_room(rates, at) {
                self.take(rates, at);
            }
        }
    }

    fn minute_has_room(&mut self, rates: &Rates, now: Duration) -> bool {
        while self.admitted.front().is_some_and(|first| *first + MINUTE <= now) {
            self.admitted.pop_front();
        }
        self.admitted.len() < rates.per_minute as usize
    }

    /// The n-th admitted request from the end must be a second old.
    fn second_has_room(&self, rates: &Rates, now: Duration) -> bool {
        match self.admitted.len().checked_sub(rates.per_second as usize) {
            None => true,
            Some(at) => self.admitted.get(at).is_some_and(|nth| *nth + SECOND <= now),
        }
    }
}

/// The most requests that arrived within one second, wherever it begins; refused ones included.
#[derive(Debug, Clone, Default)]
pub(super) struct Busiest {
    recent: VecDeque<Duration>,
    most: usize,
}

impl Busiest {
    /// Notes an arrival.
    pub(super) fn arrived(&mut self, now: Duration) {
        while self.recent.front().is_some_and(|first| *first + SECOND <= now) {
            self.recent.pop_front();
        }
        self.recent.push_back(now);
        self.most = self.most.max(self.recent.len());
    }

    /// Returns the most arrivals of any second so far.
    pub(super) fn most(&self) -> usize {
        self.most
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn admitted(rates: &Rates, gaps: &[u64]) -> Vec<Duration> {
        let mut meter = Meter::default();
        let mut now = Duration::ZERO;
        let mut passed = Vec::new();
        for gap in gaps {
            now += Duration::from_millis(*gap);
            if meter.has_room(rates, now) {
                meter.take(rates, now);
                passed.push(now);
            }
        }
        passed
    }

    /// Most moments within any half-open window of the given length.
    fn densest(moments: &[Duration], length: Duration) -> usize {
        moments
            .iter()
            .map(|from| moments.iter().filter(|at| *at >= from && **at < *from + length).count())
            .max()
            .unwrap_or(0)
    }

    proptest! {
        #[test]
        fn no_sliding_window_lets_more_than_its_limit_through(
            n in 1_u32..8, m in 1_u32..40, gaps in prop::collection::vec(0_u64..900, 0..300)
        ) {
            let rates = Rates { per_second: n, per_minute: m, window: Window::Sliding };
            let passed = admitted(&rates, &gaps);
            prop_assert!(densest(&passed, SECOND) <= n as usize);
            prop_assert!(densest(&passed, MINUTE) <= m as usize);
        }

        #[test]
        fn no_fixed_window_lets_more_than_its_limit_through(
            n in 1_u32..8, m in 1_u32..40, gaps in prop::collection::vec(0_u64..900, 0..300)
        ) {
            let rates = Rates { per_second: n, per_minute: m, window: Window::Fixed };
            let passed = admitted(&rates, &gaps);
            for at in &passed {
                let same = |length: u64| passed.iter().filter(|other| other.as_secs() / length == at.as_secs() / length).count();
                prop_assert!(same(1) <= n as usize && same(60) <= m as usize);
            }
        }

        #[test]
        fn a_bucket_lets_a_burst_and_then_its_rate_through(
            n in 1_u32..8, burst in 1_u32..8, gaps in prop::collection::vec(0_u64..900, 0..200)
        ) {
            let rates = Rates { per_second: n, per_minute: 6_000, window: Window::Bucket { burst } };
            let passed = admitted(&rates, &gaps);
            for (first, from) in passed.iter().enumerate() {
                for (last, to) in passed.iter().enumerate().skip(first) {
                    let most = u128::from(burst) * 1_000_000_000 + to.saturating_sub(*from).as_nanos() * u128::from(n);
                    prop_assert!((last - first + 1) as u128 * 1_000_000_000 <= most);
                }
            }
        }

        #[test]
        fn the_busiest_second_is_the_densest(gaps in prop::collection::vec(0_u64..900, 1..200)) {
            let mut busiest = Busiest::default();
            let mut now = Duration::ZERO;
            let moments: Vec<_> = gaps.iter().map(|gap| { now += Duration::from_millis(*gap); now }).collect();
            for at in &moments {
                busiest.arrived(*at);
            }
            prop_assert_eq!(busiest.most(), densest(&moments, SECOND));
        }
    }

    #[test]
    fn a_limit_is_spent_whole_and_comes_back_after_exactly_a_second() {
        let rates = Rates::default();
        let mut gaps = vec![0; 150];
        gaps.extend([999, 1]);
        let passed = admitted(&rates, &gaps);
        assert_eq!(passed.len(), 101);
        assert_eq!(passed[100], SECOND);
    }
}
