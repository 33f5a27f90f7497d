//! The client of one workspace lane: reads, and the slot every attempt must have.

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt as _, stream};
use tokio::time::Instant;

use super::classify::{classify, decode, misread};
use super::error::{Error, Refusal};
use super::members::{self, MemberRow, decode_member};
use super::operation::Operation;
use super::page::{Ask, Listing, MemberFilter, Page, Pager};
use super::permits::{Leave, Permits};
use super::scrub::{scrubbed, untold, wipe};
use super::transport::{Failure, Request, Transport};
use super::workspace::{self, decode_identity};
use crate::clock::Clock;
use crate::domain::fleet::BaseUrl;
use crate::domain::{Access, ApiKey, Identity, Member, MemberId, SecurityToken, WorkspaceId};
use crate::pace::{Backoff, Certainty, Kind, Pace, Tickets, Tries, Verdict, verdict};

/// The first delay between attempts of a read, at most; they double up to [`LONGEST_DELAY`].
const FIRST_DELAY: Duration = Duration::from_millis(500);
/// The longest delay between attempts of a read.
const LONGEST_DELAY: Duration = Duration::from_secs(30);

/// Numbers of a run, counted where they arise.
#[derive(Debug, Default)]
pub struct Tally {
    requests: AtomicU64,
    throttled: AtomicU64,
    writes: AtomicU64,
    limited: AtomicU64,
    /// What was asked and answered with something that could be read, as hashes: each question of a lane once.
    taken: Mutex<HashSet<u64>>,
}

impl Tally {
    /// Returns how many requests were sent, repeated ones included.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Returns how many of them were answered 429.
    pub fn throttled(&self) -> u64 {
        self.throttled.load(Ordering::Relaxed)
    }

    /// Returns how many of them were writes.
    pub fn writes(&self) -> u64 {
        self.writes.load(Ordering::Relaxed)
    }

    /// Returns the time all lanes together waited for their pace.
    pub fn limited(&self) -> Duration {
        Duration::from_micros(self.limited.load(Ordering::Relaxed))
    }

    /// Returns how many different questions were asked whose answer was taken: each page of a listing once, each identity once. What had
    /// to be repeated, and what was asked twice, is in it once.
    pub fn taken(&self) -> u64 {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).len() as u64
    }

    fn take(&self, lane: u64, operation: Operation, ask: &Ask) {
        let mut hasher = DefaultHasher::new();
        (lane, operation, &ask.path, &ask.body).hash(&mut hasher);
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).insert(hasher.finish());
    }

    fn count(&self, operation: Operation) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        if operation.is_write() {
            self.writes.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn waited(&self, time: Duration) {
        self.limited.fetch_add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// What a client is made of.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// What carries requests.
    pub transport: Arc<dyn Transport>,
    /// How the workspace is reached.
    pub access: Access,
    /// Where requests go.
    pub base: BaseUrl,
    /// When the workspace may be spoken to.
    pub pace: Pace,
    /// The global permits: how many requests of the whole run may be in flight.
    pub in_flight: Arc<Permits>,
    /// The clock.
    pub clock: Clock,
    /// Longest wait for one answer.
    pub timeout: Duration,
    /// When the run is to end: nothing waits beyond it.
    pub deadline: Option<Instant>,
    /// Seed of the delays between attempts: every lane has its own.
    pub seed: u64,
    /// The numbers of the run.
    pub tally: Arc<Tally>,
}

/// Reads of one workspace. Cheap to clone; `Debug` shows no key.
#[derive(Clone)]
pub struct Client {
    settings: Arc<ClientSettings>,
    /// Calls made, so that each has delays of its own.
    calls: Arc<AtomicU64>,
    /// Calls that were refused with 403: the key may not make them.
    forbidden: Arc<Mutex<BTreeSet<Operation>>>,
}

/// The right to make one attempt: a place with the pacers and a global permit. Dropped, it gives both back.
#[derive(Debug)]
#[must_use = "a dropped slot gives its place back"]
pub struct Slot {
    tickets: Tickets,
    permit: Leave,
}

/// How often one call has tried, the delays in between, and how far its chain of pages has come.
pub(super) struct Patience {
    tries: Tries,
    backoff: Backoff,
    /// How many pages of the chain were answered.
    pub(super) depth: u32,
}

impl Client {
    /// Makes the client of one lane.
    pub fn new(settings: ClientSettings) -> Self {
        Self { settings: Arc::new(settings), calls: Arc::default(), forbidden: Arc::default() }
    }

    /// Returns how the workspace is reached.
    pub(super) fn access(&self) -> &Access {
        &self.settings.access
    }

    /// Returns the key it speaks with.
    pub fn speaks_with(&self) -> &ApiKey {
        self.settings.access.key()
    }

    /// Makes a client of the same lane that speaks with another key of the same workspace: the same pace, and its own key's name on
    /// nothing else. Only a workspace with a key of its own can be spoken to so.
    #[must_use]
    pub fn with_key(&self, key: ApiKey) -> Self {
        let access = match &self.settings.access {
            Access::Own(_) => Access::Own(key),
            Access::As { workspace, .. } => Access::As { key, workspace: workspace.clone() },
        };
        Self {
            settings: Arc::new(ClientSettings { access, ..(*self.settings).clone() }),
            calls: Arc::clone(&self.calls),
            forbidden: Arc::default(),
        }
    }

    /// Returns the calls that were refused so far for want of a scope (403).
    pub fn forbidden(&self) -> BTreeSet<Operation> {
        self.forbidden.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks which workspace the key opens (contract section 7).
    pub async fn current(&self) -> Result<Identity, Error> {
        self.current_telling(|| ()).await
    }

    /// Asks like [`Client::current`], and calls `hindered` after every attempt that was not answered with an identity.
    pub async fn current_telling(&self, hindered: impl FnMut()) -> Result<Identity, Error> {
        let ask = Ask::of(workspace::PATH);
        self.read_telling(Operation::WorkspaceCurrent, &ask, &mut self.patience(), decode_identity, hindered).await
    }

    /// Reads one member again; one that is gone is `Refused` as [`Missing`](super::Refusal::Missing). The row says itself
    /// which workspace it is of; another than expected is for the caller to judge.
    pub async fn member(&self, id: &MemberId) -> Result<Member, Error> {
        let ask = Ask::of(format!("{}/{id}", members::PATH));
        let decode = |body: &[u8]| match decode_member(body, None)? {
            member if member.id == *id => Ok(member),
            _ => Err("the answer is about another member".to_owned()),
        };
        self.read(Operation::MemberGet, &ask, &mut self.patience(), decode).await
    }

    /// Lists all members and open invitations.
    pub async fn members(&self, expected: &WorkspaceId) -> Result<Listing<Member>, Error> {
        let mut pages = std::pin::pin!(self.member_pages(expected, &MemberFilter::default()));
        let mut listing = Listing::default();
        while let Some(page) = pages.next().await {
            listing.add(page?);
        }
        Ok(listing)
    }

    /// Lists members page by page, narrowed by the API's own filters; ends after an error. Attempts are counted anew for each page.
    pub fn member_pages<'a>(
        &'a self,
        expected: &'a WorkspaceId,
        filter: &MemberFilter,
    ) -> impl Stream<Item = Result<Page<Member>, Error>> + Send + use<'a> {
        let start = (Pager::of_members(filter), self.patience());
        stream::try_unfold(start, move |(mut pager, mut patience)| async move {
            let Some(ask) = pager.next().cloned() else { return Ok(None) };
            // Taken while the body is there, which its rows borrow from; the pager turns only on what could be read.
            let take = |body: &[u8]| Ok(pager.take(decode(body)?, |row: MemberRow<'_>| row.check(Some(expected))));
            let page = self.read(Operation::MemberList, &ask, &mut patience, take).await?;
            patience.turn();
            Ok(Some((page, (pager, patience))))
        })
    }

    /// Walks through a list to its end. `keep` sees each row once, in the order they came; what it does not want is dropped with its
    /// page.
    pub(super) async fn walk<T>(
        &self,
        operation: Operation,
        pager: &mut Pager,
        mut take: impl FnMut(&mut Pager, &[u8]) -> Result<Page<T>, String>,
        mut keep: impl FnMut(&T) -> bool,
    ) -> Result<Listing<T>, Error> {
        let mut patience = self.patience();
        let mut listing = Listing::default();
        while let Some(ask) = pager.next().cloned() {
            let mut page = self.read(operation, &ask, &mut patience, |body| take(&mut *pager, body)).await?;
            patience.turn();
            page.rows.retain(&mut keep);
            listing.add(page);
        }
        Ok(listing)
    }

    /// Reads one thing.
    pub(super) async fn one<T>(
        &self,
        operation: Operation,
        path: String,
        decode: impl FnMut(&[u8]) -> Result<T, String>,
    ) -> Result<T, Error> {
        self.read(operation, &Ask::of(path), &mut self.patience(), decode).await
    }

    /// Reads one thing that is asked for in a body.
    pub(super) async fn asked<T>(
        &self,
        operation: Operation,
        path: &str,
        body: String,
        decode: impl FnMut(&[u8]) -> Result<T, String>,
    ) -> Result<T, Error> {
        let ask = Ask { path: path.to_owned(), body: Some(body) };
        self.read(operation, &ask, &mut self.patience(), decode).await
    }

    /// Waits for the right to make one request: first for the pace, then for the global permit, so that who waits for the pace
    /// keeps nobody else from sending. Fails with `BeyondDeadline` as soon as it is known that none can be had in time.
    pub async fn slot(&self, operation: Operation) -> Result<Slot, Error> {
        self.slot_at(operation, 0).await
    }

    /// Waits like [`Client::slot`], for a request of a chain of which so many were answered.
    async fn slot_at(&self, operation: Operation, depth: u32) -> Result<Slot, Error> {
        let settings = &*self.settings;
        loop {
            let began = settings.clock.instant();
            let tickets = match settings.deadline {
                Some(deadline) => settings.pace.admit_before(deadline).await,
                None => Some(settings.pace.admit().await),
            };
            settings.tally.waited(settings.clock.instant().saturating_duration_since(began));
            let tickets = tickets.ok_or(Error::BeyondDeadline { operation })?;
            let permit = self.global_permit(operation, depth).await?;
            // A 429 that came while the permit was awaited moved everyone's next slot: queue anew.
            if !tickets.is_stale() {
                return Ok(Slot { tickets, permit });
            }
        }
    }

    /// Makes one attempt. The body of a success is not judged yet.
    pub(super) async fn attempt(
        &self,
        slot: Slot,
        operation: Operation,
        path: String,
        body: Option<String>,
    ) -> Result<Bytes, Error> {
        self.attempt_with(slot, operation, path, body, None).await
    }

    /// Makes one attempt whose body carries a security token: nothing that comes back shows it.
    pub(super) async fn attempt_with(
        &self,
        slot: Slot,
        operation: Operation,
        path: String,
        body: Option<String>,
        token: Option<&SecurityToken>,
    ) -> Result<Bytes, Error> {
        let settings = &*self.settings;
        let Slot { mut tickets, permit } = slot;
        let request = Request {
            method: operation.method(),
            base: settings.base.clone(),
            path,
            access: settings.access.clone(),
            body,
            timeout: settings.timeout,
        };
        settings.tally.count(operation);
        tickets.sent();
        let sent = settings.clock.instant();
        // The transport keeps the time limit; should it not, the lane must not hang on it.
        let came = tokio::select! {
            biased;
            came = settings.transport.send(request) => came,
            () = settings.clock.sleep(settings.timeout) => Err(Failure::Lost {
                detail: format!("no whole answer within {} s", settings.timeout.as_secs_f64()),
                timed_out: true,
            }),
        };
        let took = settings.clock.instant().saturating_duration_since(sent);
        match &came {
            // A refusal comes faster than what it refuses, and tells nothing of the way.
            Ok(answer) if answer.status < 400 => permit.answered(operation, took),
            Err(Failure::NotSent { .. }) => permit.failed(),
            _ => drop(permit),
        }
        let came = match token {
            Some(token) => untold(came, token),
            None => came,
        };
        let answered = came.is_ok();
        let sorted = classify(operation, came, settings.access.key(), settings.clock.now());
        if let Err(Error::Refused { refusal: Refusal::Scope, .. }) = &sorted {
            self.forbidden.lock().unwrap_or_else(PoisonError::into_inner).insert(operation);
        }
        match &sorted {
            Err(Error::Throttled { retry_after, .. }) => {
                settings.tally.throttled.fetch_add(1, Ordering::Relaxed);
                tickets.throttled(*retry_after);
            }
            _ if answered => tickets.answered(),
            // Nobody knows when it arrived, so the places are held for their full time.
            _ => drop(tickets),
        }
        sorted.map(|body| scrubbed(body, settings.access.key()))
    }

    /// Says what a success is that cannot be read.
    pub(super) fn misread(&self, operation: Operation, detail: &str) -> Error {
        misread(operation, detail, self.settings.access.key())
    }

    /// Makes attempts until one is read or the verdict ends it; each pays the pacer and the permit anew.
    async fn read<T>(
        &self,
        operation: Operation,
        ask: &Ask,
        patience: &mut Patience,
        decode: impl FnMut(&[u8]) -> Result<T, String>,
    ) -> Result<T, Error> {
        self.read_telling(operation, ask, patience, decode, || ()).await
    }

    async fn read_telling<T>(
        &self,
        operation: Operation,
        ask: &Ask,
        patience: &mut Patience,
        mut decode: impl FnMut(&[u8]) -> Result<T, String>,
        mut hindered: impl FnMut(),
    ) -> Result<T, Error> {
        loop {
            let error = match self.once(operation, ask, patience.depth).await {
                Ok(body) => {
                    let read = decode(&body);
                    if operation.carries_secrets() {
                        wipe(body);
                    }
                    match read {
                        Ok(read) => {
                            self.took(operation, ask);
                            return Ok(read);
                        }
                        Err(fault) => self.misread(operation, &fault),
                    }
                }
                Err(error) => error,
            };
            hindered();
            self.again(operation, patience, error).await?;
        }
    }

    /// Waits for a slot and makes one attempt of a read, of a chain of which so many were answered.
    pub(super) async fn once(&self, operation: Operation, ask: &Ask, depth: u32) -> Result<Bytes, Error> {
        let slot = self.slot_at(operation, depth).await?;
        self.attempt(slot, operation, ask.path.clone(), ask.body.clone()).await
    }

    /// Notes that a question was answered with something that could be read.
    pub(super) fn took(&self, operation: Operation, ask: &Ask) {
        self.settings.tally.take(self.settings.seed, operation, ask);
    }

    /// Waits until a read may be tried again after this error, or returns it where it may not.
    pub(super) async fn again(&self, operation: Operation, patience: &mut Patience, error: Error) -> Result<(), Error> {
        match patience.judge(&error) {
            Verdict::Again { after } => self.pause(operation, after).await,
            Verdict::Look | Verdict::End => Err(error),
        }
    }

    async fn global_permit(&self, operation: Operation, depth: u32) -> Result<Leave, Error> {
        let Self { settings, .. } = self;
        let beyond = async {
            match settings.deadline {
                Some(deadline) => settings.clock.sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            permit = settings.in_flight.acquire(depth) => Ok(permit),
            () = beyond => Err(Error::BeyondDeadline { operation }),
        }
    }

    /// Waits between attempts, holding neither place nor permit.
    async fn pause(&self, operation: Operation, after: Duration) -> Result<(), Error> {
        let clock = self.settings.clock;
        if self.settings.deadline.is_some_and(|deadline| clock.instant() + after > deadline) {
            return Err(Error::BeyondDeadline { operation });
        }
        if !after.is_zero() {
            clock.sleep(after).await;
        }
        Ok(())
    }

    pub(super) fn patience(&self) -> Patience {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let seed = self.settings.seed.wrapping_add(call.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        Patience { tries: Tries::default(), backoff: Backoff::new(seed, FIRST_DELAY, LONGEST_DELAY), depth: 0 }
    }
}

impl Patience {
    /// A page came: attempts are counted anew, and the chain is one deeper.
    pub(super) fn turn(&mut self) {
        self.tries.renew();
        self.depth = self.depth.saturating_add(1);
    }

    fn judge(&mut self, error: &Error) -> Verdict {
        let certainty = certainty(error);
        self.tries.count(certainty);
        verdict(Kind::Read, certainty, self.tries, self.backoff.delay())
    }
}

/// Says what is known about a request in the words of `pace`. An answer that cannot be read is as good as a lost one (DESIGN
/// section 5): a truncated body or a maintenance page is gone a second later.
pub fn certainty(error: &Error) -> Certainty {
    match error {
        Error::NotSent { .. } => Certainty::NotSent,
        Error::Throttled { .. } => Certainty::Throttled,
        Error::Ambiguous { timed_out, .. } => Certainty::Ambiguous { timed_out: *timed_out },
        Error::Unreadable { .. } => Certainty::Ambiguous { timed_out: false },
        Error::Refused { .. } | Error::BeyondDeadline { .. } => Certainty::Refused,
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("access", &self.settings.access)
            .field("base", &self.settings.base.origin())
            .finish_non_exhaustive()
    }
}
