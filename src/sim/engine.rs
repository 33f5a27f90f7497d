//! What happens to one request, from its arrival to the log: late effects land, the limits are asked, faults fire, the routes answer.
//!
//! Time comes in with the request, so the same requests at the same moments give the same world.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::fault::{Fault, FaultKind, Faults};
use super::paper;
use super::routes::{self, Ask, Caller};
use super::settings::Pays;
use super::state::State;
use super::wire::{self, Fate, Sent};
use super::world::{Seen, World};
use crate::clock::Clock;

/// When a request arrived: since the world began, and as a date.
#[derive(Debug, Clone, Copy)]
pub(super) struct At {
    pub(super) elapsed: Duration,
    /// Unix milliseconds.
    pub(super) now: i64,
}

impl At {
    pub(super) fn of(clock: Clock) -> Self {
        Self { elapsed: clock.elapsed(), now: clock.now().as_millisecond() }
    }
}

/// Whether the connection itself can still be refused when the world is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    InProcess,
    Loopback,
}

/// A write whose answer was lost and whose effect is still to come.
struct Late {
    due: Duration,
    ask: Ask,
    /// Its number in the log.
    seen: usize,
}

/// The requests that were seen, the last ones of them.
pub(super) struct Log {
    most: usize,
    dropped: usize,
    pub(super) kept: VecDeque<Seen>,
}

impl Log {
    fn push(&mut self, seen: Seen) {
        self.kept.push_back(seen);
        self.shrink();
    }

    /// Keeps the last so many entries from now on.
    pub(super) fn keep(&mut self, most: usize) {
        self.most = most;
        self.shrink();
    }

    fn shrink(&mut self) {
        while self.kept.len() > self.most {
            self.kept.pop_front();
            self.dropped += 1;
        }
    }

    /// The number of the youngest entry, kept or not.
    fn last(&self) -> usize {
        (self.dropped + self.kept.len()).saturating_sub(1)
    }

    fn at(&mut self, number: usize) -> Option<&mut Seen> {
        self.kept.get_mut(number.checked_sub(self.dropped)?)
    }
}

pub(super) struct Inner {
    pub(super) state: State,
    pub(super) faults: Faults,
    late: Vec<Late>,
    pub(super) log: Log,
    pub(super) last: At,
    pub(super) requests: usize,
    pub(super) throttled: usize,
}

impl Inner {
    pub(super) fn new(state: State, faults: Vec<Fault>) -> Self {
        let mut all = Faults::default();
        for fault in faults {
            all.add(fault);
        }
        Self {
            state,
            faults: all,
            late: Vec::new(),
            log: Log { most: World::RECORDED, dropped: 0, kept: VecDeque::new() },
            last: At { elapsed: Duration::ZERO, now: 0 },
            requests: 0,
            throttled: 0,
        }
    }

    /// Settles one request.
    pub(super) fn handle(&mut self, ask: &Ask, at: At, door: Door) -> Fate {
        // Arrivals can overtake each other on their way to the lock; the world's time never goes back.
        let at = At { elapsed: at.elapsed.max(self.last.elapsed), now: at.now.max(self.last.now) };
        self.last = at;
        self.land(at.elapsed, at.now);
        let caller = Caller::of(&self.state, ask);
        let meant = caller.target.or(caller.home);
        let workspace = meant.map(|at| Arc::clone(&self.state.workspaces[at].name));
        let op = ask.route().map(|(op, _)| op);
        if door == Door::InProcess && self.faults.refuses(workspace.as_deref(), op) {
            return Fate::NotSent;
        }
        self.requests += 1;
        let seen = Seen {
            moment: at.elapsed,
            workspace,
            operation: op,
            method: ask.method,
            acted_as: ask.acts_as.is_some(),
            status: None,
            wrote: false,
            fault: None,
        };
        if !self.pay(caller, at.elapsed) {
            let sent = Sent { retry_after: self.state.settings.retry_after.clone(), ..paper::throttled().into() };
            return self.note(seen, Fate::at_once(sent), meant);
        }
        self.settle(ask, at, meant, seen)
    }

    /// Lets faults fire and the routes answer.
    fn settle(&mut self, ask: &Ask, at: At, meant: Option<usize>, mut seen: Seen) -> Fate {
        let fired = self.faults.fire(seen.workspace.as_deref(), seen.operation);
        if let Some(workspace) = meant {
            fired.before.iter().for_each(|hand| self.state.hand(workspace, hand, at.now));
        }
        seen.fault = fired.settling.as_ref().map(FaultKind::as_str);
        let late = match &fired.settling {
            Some(FaultKind::Late { after }) => Some(at.elapsed.saturating_add(*after)),
            _ => None,
        };
        let (mut fate, wrote) = wire::settle(&mut self.state, ask, at.now, fired.settling.as_ref());
        fate.delay(fired.delay);
        seen.wrote = wrote;
        if let Some(workspace) = meant {
            fired.after.iter().for_each(|hand| self.state.hand(workspace, hand, at.now));
        }
        let fate = self.note(seen, fate, meant);
        if let Some(due) = late {
            self.late.push(Late { due, ask: ask.clone(), seen: self.log.last() });
        }
        fate
    }

    /// Counts and logs what became of a request.
    fn note(&mut self, mut seen: Seen, fate: Fate, meant: Option<usize>) -> Fate {
        seen.status = fate.status();
        self.throttled += usize::from(seen.status == Some(429));
        if let Some(workspace) = meant {
            self.state.workspaces[workspace].writes += usize::from(seen.wrote);
        }
        self.log.push(seen);
        fate
    }

    /// Charges the limits; tells whether there was room. A request that no key lets in costs nobody anything.
    fn pay(&mut self, caller: Caller, now: Duration) -> bool {
        if !caller.is_let_in(&self.state) {
            return true;
        }
        let (Some(home), Some(target)) = (caller.home, caller.target) else { return true };
        let payers: &[usize] = match self.state.settings.pays {
            _ if home == target => &[target],
            Pays::Sub => &[target],
            Pays::Admin => &[home],
            Pays::Both => &[home, target],
        };
        let rates = self.state.settings.rates;
        for payer in payers {
            self.state.workspaces[*payer].busiest.arrived(now);
        }
        let room = payers.iter().all(|payer| self.state.workspaces[*payer].meter.has_room(&rates, now));
        if room {
            for payer in payers {
                self.state.workspaces[*payer].meter.take(&rates, now);
            }
        }
        room
    }

    /// Applies the late effects that are due, in the order of their time.
    pub(super) fn land(&mut self, until: Duration, now: i64) {
        if self.late.is_empty() {
            return;
        }
        self.late.sort_by_key(|late| late.due);
        let due = self.late.iter().take_while(|late| late.due <= until).count();
        for late in self.late.drain(..due) {
            let reply = routes::answer(&mut self.state, &late.ask, now);
            if reply.wrote {
                if let Some(seen) = self.log.at(late.seen) {
                    seen.wrote = true;
                }
                if let Some(workspace) = Caller::of(&self.state, &late.ask).target {
                    self.state.workspaces[workspace].writes += 1;
                }
            }
        }
    }
}
