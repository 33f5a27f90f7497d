//! The queue in front of the places: first come, first served, at the cost of one timer however many wait.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::places::{Grant, Places, Wait};
use crate::clock::Clock;

/// Decides when whoever shares one quota may send. Waiting is cancel-safe: a dropped wait gives everything back, its turn in
/// the queue included.
#[derive(Debug)]
pub struct Pacer {
    clock: Clock,
    /// Held by the first in the queue. tokio's mutex hands over in order of asking; so only one waiter has a timer, nobody
    /// holds a slot while waiting, and after a 429 all of them stand in line anew.
    turn: tokio::sync::Mutex<()>,
    places: Mutex<Places>,
    /// Tells the first in the queue that its wait may be shorter than it thinks.
    news: Notify,
    /// Tells those with a deadline that a pause may reach beyond it.
    slowed: Notify,
    /// The last 429 that may have been about this quota, or about that of the pacer named.
    rumour: Mutex<Option<(Witness, Instant)>>,
}

/// How long a 429 that may be about either of two quotas is remembered: the longest published window (contract section 4).
const REMEMBERED: Duration = Duration::from_mins(1);

/// Names a pacer, for telling two apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Witness(usize);

impl Pacer {
    /// Makes a pacer that admits at most `places` requests (at least 1) into any window of a second.
    pub fn new(clock: Clock, places: u32) -> Arc<Self> {
        Self::seeded(clock, places, 0)
    }

    /// Makes a pacer whose jitter comes from a seed.
    pub fn seeded(clock: Clock, places: u32, seed: u64) -> Arc<Self> {
        Arc::new(Self {
            clock,
            turn: tokio::sync::Mutex::new(()),
            places: Mutex::new(Places::new(clock, places, seed)),
            news: Notify::new(),
            slowed: Notify::new(),
            rumour: Mutex::new(None),
        })
    }

    /// Waits for a place and reserves it.
    pub async fn admit(self: &Arc<Self>) -> Ticket {
        let _turn = self.turn.lock().await;
        loop {
            // `take` stands in a statement of its own, so that the book is closed before anything is awaited.
            let taken = self.places().take(self.clock.instant());
            match taken {
                Ok(Grant { id, era }) => return Ticket { pacer: Arc::clone(self), id, era, state: State::Reserved },
                Err(Wait::News) => self.news.notified().await,
                Err(Wait::Until(moment)) => tokio::select! {
                    () = self.clock.sleep_until(moment) => {}
                    () = self.news.notified() => {}
                },
            }
        }
    }

    /// Waits for a place until a deadline; returns nothing once none can be had before it, which a long pause makes known at
    /// once.
    pub async fn admit_before(self: &Arc<Self>, deadline: Instant) -> Option<Ticket> {
        tokio::select! {
            biased;
            () = self.hopeless(deadline) => None,
            ticket = self.admit() => Some(ticket),
        }
    }

    /// Notes a 429 for a request sent at the given moment: one slowdown a burst, for all who wait (see [`Ticket::throttled`]).
    pub fn throttled(&self, sent: &Instant, retry_after: Option<Duration>) {
        self.places().throttled(*sent, retry_after, self.clock.instant());
        self.slowed.notify_waiters();
    }

    /// Returns when the next place can be had, for progress; nothing if at once, or if it hangs on requests not sent yet.
    pub fn next_free(&self) -> Option<Instant> {
        self.places().next_free(self.clock.instant())
    }

    /// Holds places for requests that another process sent on the same quota; none is all there are.
    pub fn occupy(&self, places: Option<u32>, until: Instant) {
        self.places().occupy(places, until);
    }

    /// Returns how many places are held now, and until when at the latest.
    pub fn held(&self) -> (u32, Option<Instant>) {
        self.places().spent(self.clock.instant())
    }

    /// Returns the most requests of ours that may have arrived within one second so far, and how many answers 429 came while that was more
    /// than there are places.
    pub fn used(&self) -> (u32, u64) {
        self.places().used()
    }

    /// Returns a name by which this pacer can be told from others that live.
    pub(super) fn witness(self: &Arc<Self>) -> Witness {
        Witness(Arc::as_ptr(self).addr())
    }

    /// Takes a 429 that was about this quota or about the witness's own; tells whether it counts here: only if another
    /// witness said so lately.
    fn confirms(&self, witness: Witness) -> bool {
        let now = self.clock.instant();
        let mut rumour = self.rumour.lock().unwrap_or_else(PoisonError::into_inner);
        let before = rumour.replace((witness, now));
        before.is_some_and(|(other, at)| other != witness && now.saturating_duration_since(at) < REMEMBERED)
    }

    /// Ends as soon as nothing can be admitted before the deadline.
    async fn hopeless(&self, deadline: Instant) {
        loop {
            let slowed = self.slowed.notified();
            let mut slowed = std::pin::pin!(slowed);
            slowed.as_mut().enable();
            let resume = self.places().resume();
            if self.clock.instant() >= deadline || resume.is_some_and(|resume| resume > deadline) {
                return;
            }
            tokio::select! {
                () = slowed => {}
                () = self.clock.sleep_until(deadline) => return,
            }
        }
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        // The book is consistent between any two statements, so a panic elsewhere does not spoil it.
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Clone, Copy)]
enum State {
    Reserved,
    Sent { at: Instant, free: Instant },
    Settled,
}

/// A place, reserved for one request. Dropped unsent, the place is free at once; sent and never answered, it is held for its
/// full time.
#[derive(Debug)]
#[must_use = "a dropped ticket gives its place back"]
pub struct Ticket {
    pacer: Arc<Pacer>,
    id: u64,
    era: u64,
    state: State,
}

impl Ticket {
    /// Tells whether a slowdown began since this was admitted. A stale ticket that was not sent should be dropped and its
    /// holder queue anew: letting reserved slots go right after a 429 halves the throughput.
    pub fn is_stale(&self) -> bool {
        self.pacer.places().era() != self.era
    }

    /// Marks the moment of sending: now. Marking twice changes nothing.
    pub fn sent(&mut self) {
        if matches!(self.state, State::Reserved) {
            let at = self.pacer.clock.instant();
            let free = self.pacer.places().sent(self.id, at);
            self.state = State::Sent { at, free };
            self.pacer.news.notify_one();
        }
    }

    /// Returns the name of its pacer.
    pub(super) fn witness(&self) -> Witness {
        self.pacer.witness()
    }

    /// Returns when it was sent.
    pub fn sent_at(&self) -> Option<Instant> {
        match self.state {
            State::Sent { at, .. } => Some(at),
            State::Reserved | State::Settled => None,
        }
    }

    /// Notes that an answer came which was no 429.
    pub fn answered(mut self) {
        if let State::Sent { at, free } = self.state {
            self.settle(free);
            self.pacer.places().accepted(at);
        }
    }

    /// Notes that a 429 came: slows everyone who shares the quota, once for a burst, until `Retry-After` (unclamped) or a
    /// growing pause is over; halves what is allowed, which then grows back evenly.
    pub fn throttled(mut self, retry_after: Option<Duration>) {
        if let State::Sent { at, free } = self.state {
            self.pacer.throttled(&at, retry_after);
            self.settle(free);
        }
    }

    /// Notes that a 429 came which may have been about this quota or about the witness's own.
    pub(super) fn perhaps_throttled(mut self, witness: Witness, retry_after: Option<Duration>) {
        if self.pacer.confirms(witness) {
            self.throttled(retry_after);
        } else if let State::Sent { free, .. } = self.state {
            self.settle(free);
        }
    }

    fn settle(&mut self, free: Instant) {
        self.pacer.places().answered(self.id, free, self.pacer.clock.instant());
        self.pacer.news.notify_one();
        self.state = State::Settled;
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if matches!(self.state, State::Reserved) {
            self.pacer.places().unsent();
            self.pacer.news.notify_one();
        }
    }
}
