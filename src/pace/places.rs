//! The book of one quota: which places are held, until when, and how much a 429 left of them. Synchronous; told the time.
//!
//! **Why no window sees more than `n`.** A place is held from its reservation until the earlier of *sent + 1 s + cap* and
//! *answered + 1 s*. Let request `j` take over the place of request `i`, and let arrivals shift by less than cap. Either
//! `j` is sent at least 1 s + cap after `i`, and `i` arrived less than cap after it was sent; or `j` is sent at least 1 s after
//! the answer to `i`, which `i`'s arrival preceded. Both ways they arrive at least 1 s apart. So of the requests of one
//! place no two lie in one second, and there are `n` places.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::time::Instant;

use super::Backoff;
use crate::clock::Clock;

/// By how much the time from sending to arriving may vary without any window seeing too much.
pub const CAP: Duration = Duration::from_millis(50);
/// The window of the published limit (contract section 4).
const WINDOW: Duration = Duration::from_secs(1);
/// How long a place is held after its request was sent, at most.
pub const HELD_AT_MOST: Duration = WINDOW.saturating_add(CAP);
/// The first pause after a 429 without a hint: a window, after which a fixed or sliding second is empty again.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause without a hint. A used-up minute (contract section 4) is over after two of them.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How long it takes to win back everything, from nothing; half of it after a single slowdown. A lane that shares its
/// workspace with other tools probes for more all the time, and each probe that fails costs a rejection and a pause of about
/// a second: at ten seconds between them that is a tenth of the time and, at 50 a second, one request in five hundred.
const FULL_RECOVERY: Duration = Duration::from_secs(20);
/// A calm of this length ends the smooth mode: the longest published window has forgotten everything.
const CALM: Duration = Duration::from_mins(1);
/// Stands for a moment too far away to be computed.
const FAR: Duration = Duration::from_hours(24 * 365 * 10);

/// What the first in the queue has to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// A moment; news may come earlier.
    Until(Instant),
    /// News: every place is reserved for a request that was not sent yet.
    News,
}

/// The right to send once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) id: u64,
    /// The slowdown in force when it was granted.
    pub(super) era: u64,
}

/// governor reads our clock: its own would run on under a paused runtime.
#[derive(Debug, Clone, Copy)]
struct Ticking(Clock);

impl GovernorClock for Ticking {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

type Limiter = RateLimiter<NotKeyed, InMemoryState, Ticking, NoOpMiddleware<Duration>>;

/// Evenly spaced sending, for a server whose bucket punishes bursts.
struct Smooth {
    limiter: Limiter,
    rate: NonZeroU32,
    /// When the next cell is due, for progress; governor cannot be asked without taking a cell.
    due: Option<Instant>,
}

impl Smooth {
    fn at(rate: NonZeroU32, clock: Clock) -> Self {
        let quota = Quota::per_second(rate).allow_burst(NonZeroU32::MIN);
        Self { limiter: RateLimiter::direct_with_clock(quota, Ticking(clock)), rate, due: None }
    }

    fn take(&mut self, now: Instant) -> Result<(), Instant> {
        match self.limiter.check() {
            Ok(()) => {
                self.due = now.checked_add(WINDOW / self.rate.get());
                Ok(())
            }
            Err(not_until) => Err(later(now, not_until.wait_time_from(self.limiter.clock().now()))),
        }
    }

    /// Goes on at another rate. The cell just taken is charged to the new limiter, so a change of rate is never a burst.
    fn retune(&mut self, rate: NonZeroU32, clock: Clock, now: Instant) {
        if rate != self.rate {
            *self = Self::at(rate, clock);
            self.take(now).expect("a new limiter has its one cell");
        }
    }
}

/// What a 429 began.
#[derive(Debug, Clone, Copy)]
struct Slowdown {
    /// When the first 429 of its burst came.
    begun: Instant,
    /// Before this nothing is admitted.
    resume: Instant,
    /// Places left at `resume`; they grow back from there.
    left: f64,
}

/// The book.
pub(super) struct Places {
    clock: Clock,
    n: u32,
    reserved: u32,
    /// When the place of each sent request comes free.
    sent: BTreeSet<(Instant, u64)>,
    /// Places that are held for requests somebody else sent.
    others: BTreeSet<(Instant, u64)>,
    /// The most of `sent` at once so far.
    busiest: u32,
    /// How many 429 came while there were more of `sent` than places.
    ours: u64,
    next_id: u64,
    era: u64,
    slowdown: Option<Slowdown>,
    smooth: Option<Smooth>,
    backoff: Backoff,
}

impl Places {
    pub(super) fn new(clock: Clock, n: u32, seed: u64) -> Self {
        Self {
            clock,
            n: n.max(1),
            reserved: 0,
            sent: BTreeSet::new(),
            others: BTreeSet::new(),
            busiest: 0,
            ours: 0,
            next_id: 0,
            era: 0,
            slowdown: None,
            smooth: None,
            backoff: Backoff::new(seed, FIRST_PAUSE, LONGEST_PAUSE),
        }
    }

    /// Reserves a place, or says what to wait for.
    pub(super) fn take(&mut self, now: Instant) -> Result<Grant, Wait> {
        self.calm_down(now);
        if let Some(wait) = self.obstacle(now) {
            return Err(wait);
        }
        let rate = self.allowed(now);
        if let Some(smooth) = &mut self.smooth {
            smooth.take(now).map_err(Wait::Until)?;
            smooth.retune(rate, self.clock, now);
        }
        self.reserved += 1;
        self.next_id += 1;
        Ok(Grant { id: self.next_id, era: self.era })
    }

    /// Returns when the next place can be had: nothing if at once, or if it hangs on requests not sent yet.
    pub(super) fn next_free(&mut self, now: Instant) -> Option<Instant> {
        match self.obstacle(now) {
            Some(Wait::Until(moment)) => Some(moment),
            Some(Wait::News) => None,
            None => self.smooth.as_ref().and_then(|smooth| smooth.due).filter(|due| *due > now),
        }
    }

    /// Returns the moment before which nothing is admitted, where a 429 set one.
    pub(super) fn resume(&self) -> Option<Instant> {
        self.slowdown.map(|slowdown| slowdown.resume)
    }

    /// Returns the most requests of ours that may have arrived within one second, and how many 429 came while there were more than places.
    pub(super) fn used(&self) -> (u32, u64) {
        (self.busiest, self.ours)
    }

    pub(super) fn era(&self) -> u64 {
        self.era
    }

    /// Notes that a reserved place's request leaves now; returns when the place comes free at the latest.
    pub(super) fn sent(&mut self, id: u64, now: Instant) -> Instant {
        let free = now + HELD_AT_MOST;
        self.reserved -= 1;
        self.held(now);
        self.sent.insert((free, id));
        self.busiest = self.busiest.max(u32::try_from(self.sent.len()).unwrap_or(u32::MAX));
        free
    }

    /// Gives a reserved place back whose request never left.
    pub(super) fn unsent(&mut self) {
        self.reserved -= 1;
    }

    /// Notes that the answer came: the place comes free a second from now, if that is earlier.
    pub(super) fn answered(&mut self, id: u64, free: Instant, now: Instant) {
        let earlier = now + WINDOW;
        if earlier < free && self.sent.remove(&(free, id)) {
            self.sent.insert((earlier, id));
        }
    }

    /// Holds places for requests that somebody else sent on the same quota; none is all there are.
    pub(super) fn occupy(&mut self, places: Option<u32>, until: Instant) {
        for _ in 0..places.unwrap_or(self.n).min(self.n) {
            self.next_id += 1;
            self.others.insert((until, self.next_id));
        }
    }

    /// Returns how many places are held, and until when at the latest: what somebody else on the same quota must know.
    pub(super) fn spent(&mut self, now: Instant) -> (u32, Option<Instant>) {
        let held = self.held(now);
        let last = self.sent.last().max(self.others.last()).map(|(free, _)| *free);
        (held, if self.reserved > 0 { Some(now + HELD_AT_MOST) } else { last })
    }

    /// Notes that a request sent after the last slowdown began was not throttled: pauses begin small again.
    pub(super) fn accepted(&mut self, sent: Instant) {
        if self.slowdown.is_none_or(|slowdown| sent > slowdown.begun) {
            self.backoff.reset();
        }
    }

    /// Notes a 429 for a request sent at `sent`. One slowdown a burst: what was sent before the last one began tells
    /// nothing new, but a longer `Retry-After` among them is honoured still. Returns whether a slowdown began.
    pub(super) fn throttled(&mut self, sent: Instant, retry_after: Option<Duration>, now: Instant) -> bool {
        let held = self.held(now);
        self.ours += u64::from(self.sent.len() > self.n as usize);
        let fresh = self.slowdown.is_none_or(|slowdown| sent > slowdown.begun);
        if !fresh && retry_after.is_none() {
            return false;
        }
        // A little chance on top keeps processes apart that were told the same moment; never earlier than asked.
        let pause = match retry_after {
            Some(asked) => asked.saturating_add(self.backoff.part_of(CAP)),
            None => self.backoff.delay(),
        };
        let resume = later(now, pause);
        if !fresh {
            if let Some(slowdown) = &mut self.slowdown {
                slowdown.resume = slowdown.resume.max(resume);
            }
            return false;
        }
        let left = (self.allowed_exactly(now) / 2.0).max(1.0);
        let resume = self.resume().map_or(resume, |before| before.max(resume));
        self.slowdown = Some(Slowdown { begun: now, resume, left });
        self.era += 1;
        if held < self.n && self.smooth.is_none() {
            self.smooth = Some(Smooth::at(self.allowed(now), self.clock));
        }
        true
    }

    fn obstacle(&mut self, now: Instant) -> Option<Wait> {
        if let Some(resume) = self.resume().filter(|resume| *resume > now) {
            return Some(Wait::Until(resume));
        }
        if self.held(now) < self.allowed(now).get() {
            return None;
        }
        let freed = [&self.sent, &self.others].into_iter().filter_map(|held| held.first()).min().map(|(free, _)| *free);
        let regrown = self.regrown(now);
        match (freed, regrown) {
            (Some(freed), Some(regrown)) => Some(Wait::Until(freed.min(regrown))),
            (Some(moment), None) | (None, Some(moment)) => Some(Wait::Until(moment)),
            (None, None) => Some(Wait::News),
        }
    }

    fn held(&mut self, now: Instant) -> u32 {
        for held in [&mut self.sent, &mut self.others] {
            while held.first().is_some_and(|(free, _)| *free <= now) {
                held.pop_first();
            }
        }
        // At most n of ours are ever held, and n of others each time they are told of: far fewer than a number holds, so this is exact.
        self.reserved + u32::try_from(self.sent.len() + self.others.len()).unwrap_or(u32::MAX)
    }

    fn allowed(&self, now: Instant) -> NonZeroU32 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and n")]
        NonZeroU32::new(self.allowed_exactly(now) as u32).unwrap_or(NonZeroU32::MIN)
    }

    fn allowed_exactly(&self, now: Instant) -> f64 {
        let n = f64::from(self.n);
        let Some(Slowdown { resume, left, .. }) = self.slowdown else { return n };
        let regrown = now.saturating_duration_since(resume).as_secs_f64() * self.per_second();
        (left + regrown).min(n)
    }

    /// Places that grow back in a second: the same number each second, whatever is left (additive).
    fn per_second(&self) -> f64 {
        f64::from(self.n) / FULL_RECOVERY.as_secs_f64()
    }

    /// Returns when one more place will have grown back, while any is missing.
    fn regrown(&self, now: Instant) -> Option<Instant> {
        let have = self.allowed_exactly(now);
        let missing = have.floor() + 1.0 - have;
        // A millisecond more than computed, lest rounding makes a waiter wake just too early and turn in circles.
        (have < f64::from(self.n))
            .then(|| later(now, Duration::from_secs_f64(missing / self.per_second()) + Duration::from_millis(1)))
    }

    /// Forgets a slowdown from which everything has grown back; the smooth mode only after a calm.
    fn calm_down(&mut self, now: Instant) {
        let calm = self.slowdown.is_some_and(|Slowdown { begun, resume, .. }| {
            now.saturating_duration_since(begun.max(resume)) >= CALM && self.allowed(now).get() == self.n
        });
        if calm {
            self.slowdown = None;
            self.smooth = None;
        }
    }
}

impl std::fmt::Debug for Places {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Places")
            .field("n", &self.n)
            .field("reserved", &self.reserved)
            .field("sent", &self.sent.len())
            .field("slowdown", &self.slowdown)
            .field("smooth", &self.smooth.as_ref().map(|smooth| smooth.rate))
            .finish_non_exhaustive()
    }
}

fn later(now: Instant, by: Duration) -> Instant {
    now.checked_add(by).unwrap_or(now + FAR)
}
