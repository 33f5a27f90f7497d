//! The world as others hold it: a handle to look into it, to script it, and to hand it requests.
//!
//! One request is settled under one lock; nothing waits while it is held.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::engine::{At, Door, Inner};
use super::fault::{Fault, FaultCount};
use super::hand::Hand;
use super::name;
use super::op::Op;
use super::paper;
use super::record::{Effect, Header, Named, Phase, Spoken, SpokenAs, Told, Watch};
use super::routes::Ask;
use super::settings::Settings;
use super::state::State;
use super::things::put::{LongTrail, Put};
use super::wire::Fate;
use crate::api::transport::Method;

/// One request that arrived, as the log keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// When, since the world's clock began.
    pub moment: Duration,
    /// Name of the workspace it was for, where its key is known.
    pub workspace: Option<Arc<str>>,
    /// The operation; none is an unknown route.
    pub operation: Option<Op>,
    /// The method.
    pub method: Method,
    /// Whether it acted as another workspace than its key's.
    pub acted_as: bool,
    /// What was answered; none is no answer.
    pub status: Option<u16>,
    /// Whether it was a write that took effect, late ones included once they land.
    pub wrote: bool,
    /// The fault that settled its fate.
    pub fault: Option<&'static str>,
}

/// A row of a workspace, for looking at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimMember {
    /// Membership id.
    pub id: String,
    /// Invited address.
    pub email: String,
    /// Account id.
    pub user_id: String,
    /// The account's address, once accepted.
    pub user_email: Option<String>,
    /// Role, as on the wire.
    pub role: String,
    /// Permissions, in the order they were sent.
    pub permissions: Option<Vec<String>>,
    /// Whether accepted.
    pub accepted: bool,
    /// Nickname.
    pub nickname: Option<String>,
    /// Who invited.
    pub issuer_id: Option<String>,
    /// When the row was made, as on the wire.
    pub timestamp_created: String,
}

/// A simulated API with everything in it. Cheap to clone; clones are the same world.
#[derive(Clone)]
pub struct World {
    inner: Arc<Mutex<Inner>>,
    /// The fleet's own files, for `root::write`; empty where they are to be generated.
    pub(super) files: &'static [(&'static str, &'static str)],
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.lock();
        f.debug_struct("World")
            .field("workspaces", &inner.state.workspaces.len())
            .field("requests", &inner.requests)
            .finish_non_exhaustive()
    }
}

impl World {
    /// Requests the log keeps unless [`World::record`] says otherwise: enough for any scenario, some ten megabytes at most.
    pub const RECORDED: usize = 100_000;

    pub(super) fn of(state: State, faults: Vec<Fault>) -> Self {
        Self { inner: Arc::new(Mutex::new(Inner::new(state, faults))), files: &[] }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic of a test while it looked must not hide what the test says.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn with_state<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.lock().state)
    }

    /// Changes what is there, at the moment of the last request.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State, i64) -> T) -> T {
        let mut inner = self.lock();
        let now = inner.last.now;
        change(&mut inner.state, now)
    }

    /// Adds a fault behind those that are there.
    pub fn add_fault(&self, fault: Fault) {
        self.lock().faults.add(fault);
    }

    /// Ends all trouble: later requests meet no fault that was added before, whether it fired or not.
    pub fn clear_faults(&self) {
        self.lock().faults.clear();
    }

    /// Returns every fault with how often it was to fire and did.
    pub fn faults(&self) -> Vec<FaultCount> {
        self.lock().faults.counts()
    }

    /// Fails with the faults that did not fire as often as was wanted, one a line: a test that scripted them tested nothing.
    pub fn require_all_faults_fired(&self) -> Result<(), String> {
        let unmet: Vec<String> =
            self.faults().iter().filter(|count| !count.is_met()).map(ToString::to_string).collect();
        if unmet.is_empty() { Ok(()) } else { Err(unmet.join("\n")) }
    }

    /// Returns how the world behaves where the contract is silent.
    pub fn settings(&self) -> Settings {
        self.lock().state.settings.clone()
    }

    /// Changes how the world behaves where the contract is silent.
    pub fn configure(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.lock().state.settings);
    }

    /// Returns every secret key in the world, dead ones included: what no output may contain.
    pub fn keys(&self) -> Vec<String> {
        self.lock().state.keys.iter().map(|key| key.secret.to_string()).collect()
    }

    /// Returns the first key of a workspace.
    pub fn key_of(&self, name: &str) -> Option<String> {
        let inner = self.lock();
        let workspace = inner.state.named(name)?;
        inner.state.workspaces[workspace].key.map(|key| inner.state.keys[key].secret.to_string())
    }

    /// Returns the secrets of the live keys of a workspace, in the order they came into the world: what opens it at this moment.
    pub fn live_secrets(&self, name: &str) -> Vec<String> {
        let inner = self.lock();
        let Some(workspace) = inner.state.named(name) else { return Vec::new() };
        let live = inner.state.keys.iter().filter(|key| key.workspace == workspace && !key.dead);
        live.map(|key| key.secret.to_string()).collect()
    }

    /// Revokes every key of a workspace.
    pub fn revoke_keys(&self, name: &str) {
        let mut inner = self.lock();
        if let Some(workspace) = inner.state.named(name) {
            inner.state.keys.iter_mut().filter(|key| key.workspace == workspace).for_each(|key| key.dead = true);
        }
    }

    /// Returns the id of a workspace.
    pub fn workspace_id(&self, name: &str) -> Option<String> {
        let inner = self.lock();
        inner.state.named(name).map(|workspace| inner.state.workspaces[workspace].id.to_string())
    }

    /// Returns the names of all workspaces, in the world's order.
    pub fn names(&self) -> Vec<String> {
        self.lock().state.workspaces.iter().map(|workspace| workspace.name.to_string()).collect()
    }

    /// Returns the rows of a workspace in order of their ids; nothing where there is no such workspace.
    pub fn members(&self, name: &str) -> Vec<SimMember> {
        let inner = self.lock();
        let Some(workspace) = inner.state.named(name) else { return Vec::new() };
        let shown = inner.state.workspaces[workspace].rows.iter().map(|row| {
            let person = &inner.state.people[row.person];
            SimMember {
                id: name::show(row.id),
                email: row.email.to_string(),
                user_id: name::show(person.user_id),
                user_email: row.accepted.then(|| person.email.to_string()),
                role: row.role.to_string(),
                permissions: row.permissions.as_ref().map(|names| names.iter().map(ToString::to_string).collect()),
                accepted: row.accepted,
                nickname: row.nickname.as_deref().map(str::to_owned),
                issuer_id: row.issuer.map(name::show),
                timestamp_created: paper::moment(row.created),
            }
        });
        shown.collect()
    }

    /// Lets a person accept their open invitations to a workspace; tells whether there was one.
    pub fn accept(&self, name: &str, email: &str) -> bool {
        let mut inner = self.lock();
        let now = inner.last.now;
        inner.state.named(name).is_some_and(|workspace| inner.state.accept(workspace, email, now))
    }

    /// Lets another hand change a workspace, right after the last request; tells whether there is such a workspace.
    pub fn hand(&self, name: &str, hand: &Hand) -> bool {
        let mut inner = self.lock();
        let now = inner.last.now;
        inner.state.named(name).map(|workspace| inner.state.hand(workspace, hand, now)).is_some()
    }

    /// Puts belongings into a workspace, made before the world began unless they say when; returns their ids, of sending accounts the
    /// addresses, of leads nothing ([`World::leads`] has them). Nothing where there is no such workspace.
    pub fn put(&self, name: &str, what: impl Into<Put>) -> Vec<String> {
        let mut inner = self.lock();
        let Some(workspace) = inner.state.named(name) else { return Vec::new() };
        inner.state.put(workspace, &what.into(), None)
    }

    /// Gives every workspace a trail of so many records, a minute apart and the newest of 2026-11-20T00:00:00Z: never stored, made page by
    /// page.
    pub fn trail_rows(&self, rows: u64) {
        let newest = Timestamp::from_millisecond(1_795_132_800_000).unwrap_or(Timestamp::MAX);
        let trail = Put::LongTrail(LongTrail { rows, newest, apart: Duration::from_mins(1) });
        let mut inner = self.lock();
        for workspace in 0..inner.state.workspaces.len() {
            inner.state.put(workspace, &trail, None);
        }
    }

    /// Lands every late effect and every accepted assignment now, as if its time had come.
    pub fn land_all(&self) {
        let mut inner = self.lock();
        let now = inner.last.now;
        inner.land(Duration::MAX, now);
        inner.land_assignments(i64::MAX);
    }

    /// Keeps the last so many requests for [`World::requests`] and effects for [`World::effects`]; 0 keeps none. Counts go on.
    pub fn record(&self, most: usize) {
        let mut inner = self.lock();
        inner.log.keep(most);
        inner.effects.keep(most);
    }

    /// Tells somebody of every request: as it arrives, once it is handled, and just before its answer is sent. The request waits meanwhile,
    /// and behind a server every other request too.
    pub fn at_request(&self, watch: impl Fn(&Seen, Phase) + Send + Sync + 'static) {
        self.lock().watch = Some(Watch(Arc::new(watch)));
    }

    /// Returns the requests that arrived, oldest first, as far as they are kept.
    pub fn requests(&self) -> Vec<Seen> {
        self.lock().log.kept.iter().cloned().collect()
    }

    /// Returns how many requests arrived in all.
    pub fn request_count(&self) -> usize {
        self.lock().requests
    }

    /// Returns how many requests came with whose key and named whom, for every request that arrived, refused ones included.
    pub fn spoken_as(&self) -> BTreeMap<Spoken, usize> {
        let inner = self.lock();
        let name = |at: usize| Arc::clone(&inner.state.workspaces[at].name);
        let spoken = inner.spoken.iter().map(|(spoken, count)| {
            let header = match spoken.header {
                Named::Absent => Header::Absent,
                Named::Nobody => Header::Nobody,
                Named::Workspace(at) => Header::Workspace(name(at)),
            };
            let SpokenAs { home, operation, let_in, .. } = *spoken;
            (Spoken { key_of: home.map(name), header, operation, let_in }, *count)
        });
        spoken.collect()
    }

    /// Returns the writes that took effect in a workspace, in the order they did, as far as they are kept; [`World::writes`] counts all.
    pub fn effects(&self, name: &str) -> Vec<Effect> {
        self.lock().effects.kept.iter().filter(|effect| &*effect.workspace == name).cloned().collect()
    }

    /// Returns how many writes took effect in a workspace.
    pub fn writes(&self, name: &str) -> usize {
        let inner = self.lock();
        inner.state.named(name).map_or(0, |workspace| inner.state.workspaces[workspace].writes)
    }

    /// Returns the most requests that arrived in one second for a workspace's limit, wherever that second begins.
    pub fn busiest_second(&self, name: &str) -> usize {
        let inner = self.lock();
        inner.state.named(name).map_or(0, |workspace| inner.state.workspaces[workspace].busiest.most())
    }

    /// Returns how many answers were 429, scripted ones included.
    pub fn throttled(&self) -> usize {
        self.lock().throttled
    }

    /// Settles one request.
    pub(super) fn handle(&self, ask: &Ask, at: At, door: Door) -> (Fate, Told) {
        let arrived = self.lock().watched(ask, at);
        if let Some((watch, seen)) = arrived {
            (watch.0)(&seen, Phase::Arrived);
        }
        let (fate, told) = self.lock().handle(ask, at, door);
        if let Told(Some((watch, seen))) = &told {
            (watch.0)(seen, Phase::Handled);
        }
        (fate, told)
    }
}
