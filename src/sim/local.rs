//! The simulator in-process: a [`Transport`] without a socket.
//!
//! Latency, delays and hangs are waits on the runtime's timer, so under a paused clock they are virtual and exact.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::future::{BoxFuture, Either, select};
use tokio::sync::Semaphore;

use super::engine::{At, Door};
use super::name;
use super::routes::Ask;
use super::wire::Fate;
use super::world::World;
use crate::api::transport::{Answer, Failure, Request, Transport};
use crate::clock::Clock;

/// How far away the simulated API is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LocalSettings {
    /// Round trip without jitter; half of it each way.
    pub latency: Duration,
    /// Most that chance adds to each way.
    pub jitter: Duration,
    /// Seed of the jitter. Each key and acted-as workspace has its own chance, so lanes do not reshuffle each other.
    pub seed: u64,
    /// How many requests are on their way at once, at most: the others queue up before it, as at a server or on a machine that has enough to
    /// do. None is any number.
    pub serves: Option<usize>,
}

/// The jitter of every lane, each from its own generator.
#[derive(Debug, Default)]
pub(super) struct Road {
    settings: LocalSettings,
    lanes: Mutex<HashMap<u64, fastrand::Rng>>,
}

impl Road {
    pub(super) fn new(settings: LocalSettings) -> Self {
        Self { settings, lanes: Mutex::default() }
    }

    /// Returns how long the next request of a lane travels, there and back.
    pub(super) fn travel(&self, ask: &Ask) -> (Duration, Duration) {
        let half = self.settings.latency / 2;
        if self.settings.jitter.is_zero() {
            return (half, half);
        }
        let lane = [ask.authorization.as_deref().unwrap_or(""), ask.acts_as.as_deref().unwrap_or("")];
        let lane = name::seed_of(self.settings.seed, &lane);
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let chance = lanes.entry(lane).or_insert_with(|| fastrand::Rng::with_seed(lane));
        let most = u64::try_from(self.settings.jitter.as_nanos()).unwrap_or(u64::MAX);
        let mut way = || half + Duration::from_nanos(chance.u64(0..=most));
        (way(), way())
    }
}

/// The in-process transport.
#[derive(Debug)]
pub struct Local {
    world: World,
    clock: Clock,
    road: Road,
    crowd: Option<Semaphore>,
    most_body: usize,
}

impl Local {
    /// Bytes of an answer above which it is cut off, unless [`Local::limit_body`] says otherwise.
    pub const MOST_BODY: usize = 16 * 1024 * 1024;

    /// Makes a transport into a world. The clock is the one the run uses.
    pub fn new(world: World, clock: Clock, settings: LocalSettings) -> Self {
        let crowd = settings.serves.map(Semaphore::new);
        Self { world, clock, road: Road::new(settings), crowd, most_body: Self::MOST_BODY }
    }

    /// Cuts answers off above so many bytes, as the network transport does at its own size limit.
    #[must_use]
    pub fn limit_body(mut self, bytes: usize) -> Self {
        self.most_body = bytes;
        self
    }

    async fn exchange(&self, ask: Ask) -> Result<Answer, Failure> {
        let _served = match &self.crowd {
            Some(crowd) => crowd.acquire().await.ok(),
            None => None,
        };
        let (there, back) = self.road.travel(&ask);
        self.wait(there).await;
        let (fate, told) = self.world.handle(&ask, At::of(self.clock), Door::InProcess);
        match fate {
            Fate::NotSent => Err(Failure::NotSent { detail: "connection refused".to_owned() }),
            Fate::Hang => std::future::pending().await,
            Fate::Reset(delay) => {
                self.wait(delay.saturating_add(back)).await;
                Err(Failure::Lost { detail: "connection reset by peer".to_owned(), timed_out: false })
            }
            Fate::Answer(sent, delay) => {
                self.wait(delay.saturating_add(back)).await;
                told.answering();
                if sent.body.len() > self.most_body {
                    let detail = format!("the answer is longer than {} bytes", self.most_body);
                    return Err(Failure::Lost { detail, timed_out: false });
                }
                Ok(Answer {
                    status: sent.status,
                    content_type: sent.content_type.map(str::to_owned),
                    retry_after: sent.retry_after,
                    body: Bytes::from(sent.body),
                })
            }
        }
    }

    async fn wait(&self, long: Duration) {
        if !long.is_zero() {
            self.clock.sleep(long).await;
        }
    }
}

impl Transport for Local {
    /// Settles a request. The time limit ends it wherever it is: before it arrived nothing is applied, after that what was applied stays.
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, Failure>> {
        let ask = Ask {
            method: request.method,
            path: request.path,
            authorization: Some(format!("Bearer {}", request.access.key().expose())),
            acts_as: request.access.acts_as().map(ToString::to_string),
            json: request.body.is_some(),
            body: request.body.map(String::into_bytes).unwrap_or_default(),
        };
        let limit = request.timeout;
        Box::pin(async move { within(self.clock, limit, self.exchange(ask)).await })
    }
}

async fn within(
    clock: Clock,
    limit: Duration,
    exchange: impl Future<Output = Result<Answer, Failure>>,
) -> Result<Answer, Failure> {
    match select(Box::pin(exchange), Box::pin(clock.sleep(limit))).await {
        Either::Left((settled, _)) => settled,
        Either::Right(_) => {
            Err(Failure::Lost { detail: "no answer within the time limit".to_owned(), timed_out: true })
        }
    }
}
