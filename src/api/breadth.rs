//! How many requests may be in flight, found out while they are: pure, told of answers, asked for a number.
//!
//! Owns the judgement; who waits and who goes is for [`permits`](super::permits). It knows no clock and no network.
//!
//! It begins at [`FIRST`] and grows by one with every answer as long as somebody waits: so it doubles in a round trip, as TCP's slow start does,
//! and in a flat network it is at [`MOST`] after three. Once a *round* of answers (as many as were allowed) took longer than it should, it goes
//! back by a quarter, and from then on grows evenly: an eighth of where it began with each round. What is long is judged by operation, for a page
//! of a thousand records takes longer than an identity however few there are; and by means, for chance makes single answers fast. The least is
//! let rise slowly: a network that has become slower for good is not what we did to it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::operation::Operation;

/// Where it begins: at 50 ms 1,280 requests a second, which any machine takes, and a quarter of a second from there to what most take.
pub const FIRST: usize = 64;
/// The fewest it ever goes back to.
pub const LEAST: usize = 16;
/// The most: at 50 ms 10,240 requests a second, more than two cores decode.
pub const MOST: usize = 512;
/// By how much an answer may take longer than at its best before there are too many.
const SLOWER: f64 = 1.5;
/// By how much at most it may be while there are to be more.
const NEAR: f64 = 1.25;
/// What is left after a round that took too long.
const BACK: f64 = 0.75;
/// Answers of an operation before its mean says anything.
const ENOUGH: u32 = 8;
/// How much of a mean the newest answer is.
const NEWEST: f64 = 0.125;
/// How fast the least forgets, a round: in two hundred rounds it is what is measured now. Faster, and what we did ourselves would soon be
/// taken for the network's.
const FORGETS: f64 = 0.005;

/// What is known of the answers of one operation, in seconds.
#[derive(Debug, Clone, Copy)]
struct Known {
    answers: u32,
    mean: f64,
    least: f64,
}

impl Known {
    fn first(seconds: f64) -> Self {
        Self { answers: 1, mean: seconds, least: f64::INFINITY }
    }

    fn take(&mut self, seconds: f64) {
        self.answers = self.answers.saturating_add(1);
        self.mean += (seconds - self.mean) * NEWEST.max(1.0 / f64::from(self.answers));
        if self.answers >= ENOUGH {
            self.least = self.least.min(self.mean);
        }
    }

    /// Returns how many times its best the operation takes now.
    fn slower(&self) -> f64 {
        if self.least.is_finite() && self.least > 0.0 { self.mean / self.least } else { 1.0 }
    }
}

/// The number, and what it was judged by.
#[derive(Debug, Clone)]
pub struct Breadth {
    now: f64,
    least: usize,
    most: usize,
    /// Whether it still doubles.
    opening: bool,
    known: BTreeMap<Operation, Known>,
    round: Round,
    /// Answers to requests that left before it went back: they tell of before.
    stale: usize,
}

/// The answers since it was judged last.
#[derive(Debug, Clone, Copy, Default)]
struct Round {
    answers: usize,
    waited: usize,
    slower: f64,
    back: bool,
}

impl Breadth {
    /// Begins a number that finds itself, at most so many (at least 1).
    pub fn adaptive(most: usize) -> Self {
        let most = most.clamp(1, MOST);
        Self::between(LEAST.min(most), FIRST.min(most), most)
    }

    /// Keeps to a number.
    pub fn fixed(number: usize) -> Self {
        let number = number.max(1);
        Self::between(number, number, number)
    }

    fn between(least: usize, first: usize, most: usize) -> Self {
        Self {
            now: whole(first),
            least,
            most,
            opening: true,
            known: BTreeMap::new(),
            round: Round::default(),
            stale: 0,
        }
    }

    /// Returns how many may be in flight.
    pub fn now(&self) -> usize {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 1 and 512, or as was asked"
        )]
        let now = self.now as usize;
        now.clamp(self.least, self.most)
    }

    /// Returns how many may ever be.
    pub fn most(&self) -> usize {
        self.most
    }

    /// Allows at most so many from now on; not where a number was asked for, nor fewer than the fewest. Tells whether it does.
    pub fn narrow(&mut self, most: usize) -> bool {
        let allows = !self.is_fixed() && most >= self.least;
        if allows {
            self.most = self.most.min(most);
            self.set(self.now);
        }
        allows
    }

    /// Tells whether it stays what it is.
    pub fn is_fixed(&self) -> bool {
        self.least == self.most
    }

    /// Takes an answer that was no refusal: how long it took, and whether somebody waits for his turn.
    pub fn answered(&mut self, operation: Operation, took: Duration, waits: bool) {
        let seconds = took.as_secs_f64();
        let known = self.known.entry(operation).and_modify(|known| known.take(seconds));
        let slower = known.or_insert_with(|| Known::first(seconds)).slower();
        if self.stale > 0 {
            self.stale -= 1;
            return;
        }
        let round = &mut self.round;
        round.answers += 1;
        round.waited += usize::from(waits);
        round.slower += slower;
        if self.opening && waits && slower <= NEAR {
            self.set(self.now + 1.0);
        }
        if self.round.answers >= self.now() {
            self.judge();
        }
    }

    /// Takes a connection that could not be had: once a round there are half as many.
    pub fn failed(&mut self) {
        if !self.round.back {
            self.back(0.5);
        }
    }

    fn judge(&mut self) {
        let Round { answers, waited, slower, .. } = std::mem::take(&mut self.round);
        for known in self.known.values_mut().filter(|known| known.least.is_finite()) {
            known.least += (known.mean - known.least) * FORGETS;
        }
        let slower = slower / whole(answers);
        if slower > SLOWER {
            self.back(BACK);
        } else if slower <= NEAR && !self.opening && 2 * waited >= answers {
            self.set(self.now + whole(FIRST) / 8.0);
        }
    }

    fn back(&mut self, part: f64) {
        self.stale = self.now();
        self.set(self.now * part);
        self.opening = false;
        self.round = Round { back: true, ..Round::default() };
    }

    fn set(&mut self, now: f64) {
        self.now = now.clamp(whole(self.least), whole(self.most));
    }
}

/// Returns in how many round trips so many requests are answered, at most so many in flight, where the number is still to be found.
pub fn rounds(requests: usize, most: usize) -> usize {
    let (mut left, mut now, mut rounds) = (requests, FIRST.min(most.max(1)), 0);
    while left > 0 && now < most {
        left = left.saturating_sub(now);
        now = (2 * now).min(most);
        rounds += 1;
    }
    rounds + left.div_ceil(most.max(1))
}

#[expect(clippy::cast_precision_loss, reason = "numbers of requests in flight are small")]
fn whole(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NEAR_BY: Duration = Duration::from_millis(50);
    const READ: Operation = Operation::MemberList;

    /// Lets the number find itself against a network that answers in so long with so many in flight.
    fn settle(breadth: &mut Breadth, rounds: usize, takes: impl Fn(usize) -> Duration) -> Vec<usize> {
        let round = |breadth: &mut Breadth| {
            let now = breadth.now();
            (0..now).for_each(|_| breadth.answered(READ, takes(now), true));
            now
        };
        (0..rounds).map(|_| round(breadth)).collect()
    }

    fn answers() -> impl Strategy<Value = Vec<(u64, bool, bool)>> {
        prop::collection::vec((0_u64..400, any::<bool>(), prop::bool::weighted(0.02)), 0..3_000)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_stays_within_its_bounds_whatever_comes(most in 1_usize..700, answers in answers()) {
            let mut breadth = Breadth::adaptive(most);
            for (millis, waits, fails) in answers {
                if fails { breadth.failed() } else { breadth.answered(READ, Duration::from_millis(millis), waits) }
                prop_assert!(breadth.now() >= LEAST.min(most) && breadth.now() <= most.min(MOST), "{}", breadth.now());
            }
        }

        #[test]
        fn nobody_waiting_it_never_grows(answers in answers()) {
            let mut breadth = Breadth::adaptive(MOST);
            let mut before = breadth.now();
            for (millis, _, fails) in answers {
                if fails { breadth.failed() } else { breadth.answered(READ, Duration::from_millis(millis), false) }
                prop_assert!(breadth.now() <= before);
                before = breadth.now();
            }
        }

        #[test]
        fn what_was_asked_for_is_kept_to(number in 1_usize..600, answers in answers()) {
            let mut breadth = Breadth::fixed(number);
            for (millis, waits, fails) in answers {
                if fails { breadth.failed() } else { breadth.answered(READ, Duration::from_millis(millis), waits) }
                prop_assert_eq!(breadth.now(), number);
            }
        }

        #[test]
        fn it_settles_where_the_server_begins_to_queue(serves in FIRST..400) {
            let mut breadth = Breadth::adaptive(MOST);
            // Beyond so many at once everybody waits his turn.
            let takes = |now: usize| NEAR_BY.mul_f64((whole(now) / whole(serves)).max(1.0));
            let way = settle(&mut breadth, 60, takes);
            // Enough to keep the server busy, and not many more than it takes. (What it is like at its best is not known of a server that takes
            // fewer than we begin with.)
            for now in &way[20..] {
                prop_assert!(*now + 1 >= serves, "{now} of {serves}: {way:?}");
                prop_assert!(whole(*now) <= 2.0 * whole(serves), "{now} of {serves}: {way:?}");
            }
        }
    }

    #[test]
    fn in_a_flat_network_it_is_at_its_most_after_three_rounds() {
        let mut breadth = Breadth::adaptive(MOST);
        assert_eq!(settle(&mut breadth, 5, |_| NEAR_BY), [64, 128, 256, 512, 512]);
        assert_eq!((rounds(64, MOST), rounds(65, MOST), rounds(448 + 513, MOST), rounds(1000, 10)), (1, 2, 5, 100));
    }

    #[test]
    fn chance_in_single_answers_is_not_taken_for_load() {
        let mut breadth = Breadth::adaptive(MOST);
        let mut chance = fastrand::Rng::with_seed(7);
        for _ in 0..20_000 {
            breadth.answered(READ, Duration::from_millis(chance.u64(30..=70)), true);
        }
        assert!(breadth.now() >= 500, "{}", breadth.now());
    }

    #[test]
    fn an_operation_that_takes_longer_is_not_taken_for_load() {
        let mut breadth = Breadth::adaptive(MOST);
        settle(&mut breadth, 4, |_| NEAR_BY);
        for _ in 0..2_000 {
            breadth.answered(Operation::TrailList, 4 * NEAR_BY, true);
        }
        assert_eq!(breadth.now(), MOST);
    }

    #[test]
    fn connections_that_cannot_be_had_halve_it_once_a_round() {
        let mut breadth = Breadth::adaptive(MOST);
        (0..100).for_each(|_| breadth.failed());
        assert_eq!(breadth.now(), 32);
        settle(&mut breadth, 20, |_| NEAR_BY);
        assert!(breadth.now() > 100, "it grows back: {}", breadth.now());
    }
}
