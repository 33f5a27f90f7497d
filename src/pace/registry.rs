//! Which pacers a request must pass: one per quota, made on first use, shared by all who spend it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::{Pacer, Ticket};
use crate::clock::Clock;

/// All pacers of a run, by what shares a quota: the workspace's id, or its name as long as the id is not known.
#[derive(Debug)]
pub struct Pacers {
    clock: Clock,
    seed: u64,
    by_key: Mutex<BTreeMap<String, Arc<Pacer>>>,
}

impl Pacers {
    /// Makes an empty registry; each pacer derives its own chance from seed and key, so adding one changes no other.
    pub fn new(clock: Clock, seed: u64) -> Self {
        Self { clock, seed, by_key: Mutex::new(BTreeMap::new()) }
    }

    /// Returns the pacer of a key, made with so many places if it is the first to ask.
    pub fn get(&self, key: &str, places: u32) -> Arc<Pacer> {
        let mut pacers = self.by_key.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pacer) = pacers.get(key) {
            return Arc::clone(pacer);
        }
        let pacer = Pacer::seeded(self.clock, places, mixed(self.seed, key));
        pacers.insert(key.to_owned(), Arc::clone(&pacer));
        pacer
    }

    /// Returns the most requests of ours that any workspace may have seen within one second so far, and how many answers 429 in all came while
    /// we had sent more than our places.
    pub fn spent(&self) -> (u32, u64) {
        let pacers = self.by_key.lock().unwrap_or_else(PoisonError::into_inner);
        pacers.values().map(|pacer| pacer.used()).fold((0, 0), |all, used| (all.0.max(used.0), all.1 + used.1))
    }
}

/// Derives a seed from a seed and a name, the same on every machine and in every version (FNV-1a: any mixing will do, it only has
/// to differ from name to name).
pub fn mixed(seed: u64, name: &str) -> u64 {
    name.bytes()
        .fold(seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The pacers one request must pass.
#[derive(Debug, Clone)]
pub struct Pace {
    own: Arc<Pacer>,
    admin: Option<Arc<Pacer>>,
}

impl Pace {
    /// Paces by the workspace alone.
    pub fn of(own: Arc<Pacer>) -> Self {
        Self { own, admin: None }
    }

    /// Paces by a sub workspace and the admin workspace whose key reaches it: who of them pays is unpublished (contract
    /// section 4), so both must admit.
    pub fn via(own: Arc<Pacer>, admin: Arc<Pacer>) -> Self {
        // The same pacer twice would take two places a request, and with one place wait for itself.
        let admin = (!Arc::ptr_eq(&own, &admin)).then_some(admin);
        Self { own, admin }
    }

    /// Waits until all admit: first the workspace's own, which few wait for, then the admin's, which many do.
    pub async fn admit(&self) -> Tickets {
        loop {
            let own = self.own.admit().await;
            let admin = match &self.admin {
                Some(admin) => Some(admin.admit().await),
                None => None,
            };
            let tickets = Tickets { own, admin };
            if !tickets.is_stale() {
                return tickets;
            }
        }
    }

    /// Waits like [`Pace::admit`], but returns nothing once it cannot be had before the deadline.
    pub async fn admit_before(&self, deadline: Instant) -> Option<Tickets> {
        loop {
            let own = self.own.admit_before(deadline).await?;
            let admin = match &self.admin {
                Some(admin) => Some(admin.admit_before(deadline).await?),
                None => None,
            };
            let tickets = Tickets { own, admin };
            if !tickets.is_stale() {
                return Some(tickets);
            }
        }
    }

    /// Returns when the next request may go, for progress; nothing if at once.
    pub fn next_free(&self) -> Option<Instant> {
        self.own.next_free().max(self.admin.as_ref().and_then(|admin| admin.next_free()))
    }
}

/// The places of one request, one with each pacer.
#[derive(Debug)]
#[must_use = "dropped tickets give their places back"]
pub struct Tickets {
    own: Ticket,
    admin: Option<Ticket>,
}

impl Tickets {
    /// Tells whether a slowdown began since they were admitted; then drop them and queue anew.
    pub fn is_stale(&self) -> bool {
        self.own.is_stale() || self.admin.as_ref().is_some_and(Ticket::is_stale)
    }

    /// Marks the moment of sending: now.
    pub fn sent(&mut self) {
        self.own.sent();
        if let Some(admin) = &mut self.admin {
            admin.sent();
        }
    }

    /// Notes that an answer came which was no 429.
    pub fn answered(self) {
        self.own.answered();
        if let Some(admin) = self.admin {
            admin.answered();
        }
    }

    /// Notes that a 429 came. Whose quota it was is not told: the workspace's own slows down, the admin's once two of its
    /// workspaces say the same within a minute. So one workspace that is limited for ever, or parked for an hour by its
    /// `Retry-After`, does not take the whole group with it; and if it is the admin's, the second rejection tells.
    pub fn throttled(self, retry_after: Option<Duration>) {
        let witness = self.own.witness();
        self.own.throttled(retry_after);
        if let Some(admin) = self.admin {
            admin.perhaps_throttled(witness, retry_after);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock() -> Clock {
        Clock::starting_at(jiff::Timestamp::UNIX_EPOCH)
    }

    #[tokio::test(start_paused = true)]
    async fn the_same_key_is_the_same_pacer_and_another_is_not() {
        let pacers = Pacers::new(clock(), 7);
        assert!(Arc::ptr_eq(&pacers.get("a", 2), &pacers.get("a", 50)));
        assert!(!Arc::ptr_eq(&pacers.get("a", 2), &pacers.get("b", 2)));
    }

    #[tokio::test(start_paused = true)]
    async fn one_limited_workspace_does_not_stop_its_group_and_two_slow_the_admin() {
        let clock = clock();
        let admin = Pacer::new(clock, 50);
        let lanes: Vec<Pace> = (0..3).map(|_| Pace::via(Pacer::new(clock, 50), Arc::clone(&admin))).collect();
        let reject = async |lane: &Pace, hint| {
            let mut tickets = lane.admit().await;
            tickets.sent();
            clock.sleep(Duration::from_millis(20)).await;
            tickets.throttled(Some(Duration::from_secs(hint)));
        };
        for _ in 0..3 {
            reject(&lanes[0], 10).await;
        }
        assert!(lanes[0].next_free().is_some());
        assert!(lanes[1].next_free().is_none() && admin.next_free().is_none());
        reject(&lanes[1], 100).await;
        assert!(lanes[2].next_free() >= Some(clock.instant() + Duration::from_secs(100)));
    }

    #[tokio::test(start_paused = true)]
    async fn via_both_must_admit_and_the_narrower_decides() {
        let clock = clock();
        let pace = Pace::via(Pacer::new(clock, 5), Pacer::new(clock, 1));
        let mut first = pace.admit().await;
        first.sent();
        first.answered();
        let before = clock.instant();
        let second = pace.admit().await;
        assert_eq!(clock.instant() - before, Duration::from_secs(1));
        drop(second);
        let own = Pacer::new(clock, 1);
        assert!(pace.next_free().is_none());
        let alone = Pace::via(Arc::clone(&own), own);
        drop(alone.admit().await);
    }
}
