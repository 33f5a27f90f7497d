//! Delays between attempts: growing, capped, jittered, and the same for the same seed.

use std::time::Duration;

/// An endless iterator of delays. The `k`-th lies between half and the whole of `first × 2^k`, never above the cap: half
/// is sure, so a struggling server gets its rest; half is chance, so that those who failed together do not return together.
#[derive(Debug, Clone)]
pub struct Backoff {
    rng: fastrand::Rng,
    first: Duration,
    next: Duration,
    cap: Duration,
}

impl Backoff {
    /// Begins a sequence whose first delay is at most `first`, and none is above `cap`.
    pub fn new(seed: u64, first: Duration, cap: Duration) -> Self {
        let first = first.min(cap);
        Self { rng: fastrand::Rng::with_seed(seed), first, next: first, cap }
    }

    /// Lets the sequence grow from its beginning again; chance goes on where it was.
    pub fn reset(&mut self) {
        self.next = self.first;
    }

    /// Returns the next delay.
    pub fn delay(&mut self) -> Duration {
        let whole = self.next;
        self.next = whole.saturating_mul(2).min(self.cap);
        self.jittered(whole)
    }

    /// Returns a random part of a span, at most all of it.
    pub fn part_of(&mut self, span: Duration) -> Duration {
        span.mul_f64(self.rng.f64()).min(span)
    }

    fn jittered(&mut self, whole: Duration) -> Duration {
        let half = whole / 2;
        half + self.part_of(whole.saturating_sub(half))
    }
}

impl Iterator for Backoff {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        Some(self.delay())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_delay_is_above_the_cap_and_the_seed_decides_all(seed: u64, first in 0u64..100_000, cap in 0u64..100_000) {
            let (first, cap) = (Duration::from_millis(first), Duration::from_millis(cap));
            let delays: Vec<_> = Backoff::new(seed, first, cap).take(40).collect();
            prop_assert!(delays.iter().all(|delay| *delay <= cap));
            prop_assert_eq!(delays, Backoff::new(seed, first, cap).take(40).collect::<Vec<_>>());
        }

        #[test]
        fn delays_grow_until_the_cap(seed: u64) {
            let delays: Vec<_> = Backoff::new(seed, Duration::from_secs(1), Duration::from_secs(30)).take(8).collect();
            for (k, delay) in delays.iter().enumerate() {
                let whole = Duration::from_secs(1 << k).min(Duration::from_secs(30));
                prop_assert!(*delay >= whole / 2 && *delay <= whole, "{k}: {delay:?}");
            }
        }
    }

    #[test]
    fn a_reset_begins_small_again() {
        let mut backoff = Backoff::new(7, Duration::from_secs(1), Duration::from_secs(30));
        for _ in 0..5 {
            backoff.delay();
        }
        backoff.reset();
        assert!(backoff.delay() <= Duration::from_secs(1));
    }
}
