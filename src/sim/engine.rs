//! What happens to one request, from its arrival to the log: late effects land, the limits are asked, faults fire, the routes answer.
//!
//! Time comes in with the request, so the same requests at the same moments give the same world.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::fault::{Fault, FaultKind, Faults};
use super::name;
use super::paper;
use super::record::{Effect, Log, Named, SpokenAs, Told, Watch};
use super::routes::{self, Ask, Caller, Wrote};
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

pub(super) struct Inner {
    pub(super) state: State,
    pub(super) faults: Faults,
    late: Vec<Late>,
    pub(super) log: Log<Seen>,
    pub(super) effects: Log<Effect>,
    pub(super) watch: Option<Watch>,
    pub(super) last: At,
    pub(super) requests: usize,
    pub(super) throttled: usize,
    pub(super) spoken: HashMap<SpokenAs, usize>,
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
            log: Log::new(World::RECORDED),
            effects: Log::new(World::RECORDED),
            watch: None,
            last: At { elapsed: Duration::ZERO, now: 0 },
            requests: 0,
            throttled: 0,
            spoken: HashMap::new(),
        }
    }

    /// Arrivals can overtake each other on their way to the lock; the world's time never goes back.
    fn no_earlier(&self, at: At) -> At {
        At { elapsed: at.elapsed.max(self.last.elapsed), now: at.now.max(self.last.now) }
    }

    /// Returns whom to tell of a request, and what is seen of it as it arrives.
    pub(super) fn watched(&self, ask: &Ask, at: At) -> Option<(Watch, Seen)> {
        let watch = self.watch.clone()?;
        Some((watch, self.arrived(ask, self.no_earlier(at), Caller::of(&self.state, ask))))
    }

    fn arrived(&self, ask: &Ask, at: At, caller: Caller) -> Seen {
        Seen {
            moment: at.elapsed,
            workspace: caller.target.or(caller.home).map(|at| Arc::clone(&self.state.workspaces[at].name)),
            operation: ask.route().map(|(op, _)| op),
            method: ask.method,
            acted_as: ask.acts_as.is_some(),
            status: None,
            wrote: false,
            fault: None,
        }
    }

    /// Settles one request.
    pub(super) fn handle(&mut self, ask: &Ask, at: At, door: Door) -> (Fate, Told) {
        let at = self.no_earlier(at);
        self.last = at;
        self.land(at.elapsed, at.now);
        self.land_assignments(at.now);
        let caller = Caller::of(&self.state, ask);
        let meant = caller.target.or(caller.home);
        let seen = self.arrived(ask, at, caller);
        if door == Door::InProcess && self.faults.refuses(seen.workspace.as_deref(), seen.operation) {
            return (Fate::NotSent, Told(None));
        }
        self.requests += 1;
        let spoken = SpokenAs {
            home: caller.home,
            header: match &ask.acts_as {
                None => Named::Absent,
                Some(id) => self.state.with_id(id).map_or(Named::Nobody, Named::Workspace),
            },
            operation: seen.operation,
            let_in: caller.is_let_in(&self.state),
        };
        *self.spoken.entry(spoken).or_default() += 1;
        if !self.pay(caller, at.elapsed) {
            let sent = Sent { retry_after: self.state.settings.retry_after.clone(), ..paper::throttled().into() };
            return self.note(seen, Fate::at_once(sent), meant, None);
        }
        self.settle(ask, at, meant, seen)
    }

    /// Lets faults fire and the routes answer.
    fn settle(&mut self, ask: &Ask, at: At, meant: Option<usize>, mut seen: Seen) -> (Fate, Told) {
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
        if let Some(workspace) = meant {
            fired.after.iter().for_each(|hand| self.state.hand(workspace, hand, at.now));
        }
        let noted = self.note(seen, fate, meant, wrote);
        if let Some(due) = late {
            self.late.push(Late { due, ask: ask.clone(), seen: self.log.last() });
        }
        noted
    }

    /// Counts and logs what became of a request.
    fn note(&mut self, mut seen: Seen, fate: Fate, meant: Option<usize>, wrote: Option<Wrote>) -> (Fate, Told) {
        seen.status = fate.status();
        seen.wrote = wrote.is_some();
        self.throttled += usize::from(seen.status == Some(429));
        if let (Some(workspace), Some(wrote)) = (meant, wrote) {
            self.took_effect(workspace, wrote, seen.moment, false);
        }
        let told = Told(self.watch.clone().map(|watch| (watch, seen.clone())));
        self.log.push(seen);
        (fate, told)
    }

    fn took_effect(&mut self, workspace: usize, wrote: Wrote, moment: Duration, late: bool) {
        self.state.workspaces[workspace].writes += 1;
        if !wrote.queued {
            self.tell_effect(workspace, wrote, moment, late);
        }
    }

    fn tell_effect(&mut self, workspace: usize, wrote: Wrote, moment: Duration, late: bool) {
        let Wrote { op: operation, row, email, role, from, to, queued: _ } = wrote;
        let workspace = Arc::clone(&self.state.workspaces[workspace].name);
        let (row, role) = (name::show(row), role.into_owned());
        let (from, to) = (from.map(name::show), to.map(name::show));
        self.effects.push(Effect { moment, workspace, operation, row, email, role, from, to, late });
    }

    /// Does the accepted assignments that are due.
    pub(super) fn land_assignments(&mut self, until: i64) {
        for landed in self.state.land_assignments(until) {
            let since = u64::try_from(self.last.now.saturating_sub(landed.when)).unwrap_or(0);
            let moment = self.last.elapsed.saturating_sub(Duration::from_millis(since));
            self.tell_effect(landed.workspace, landed.wrote, moment, false);
        }
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
        let foreign = self.state.settings.foreign;
        if foreign > 0 {
            for payer in payers {
                self.state.workspaces[*payer].meter.crowd(&rates, foreign, now);
            }
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
        let landing: Vec<Late> = self.late.drain(..due).collect();
        for late in landing {
            // It took effect when it was due, though nobody looked before now.
            let moment = late.due.min(self.last.elapsed);
            let since = self.last.elapsed.saturating_sub(moment).as_millis();
            let then = now.saturating_sub(i64::try_from(since).unwrap_or(0));
            let reply = routes::answer(&mut self.state, &late.ask, then);
            if let (Some(wrote), Some(workspace)) = (reply.wrote, Caller::of(&self.state, &late.ask).target) {
                if let Some(seen) = self.log.at(late.seen) {
                    seen.wrote = true;
                }
                self.took_effect(workspace, wrote, moment, true);
            }
        }
    }
}
