//! A transport that answers from a script and notes what it was asked: for tests of the client alone.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::time::Instant;

use super::transport::{Answer, Failure, Request, Transport};
use super::{Client, ClientSettings, Permits, Tally};
use crate::clock::Clock;
use crate::domain::fleet::BaseUrl;
use crate::domain::{Access, ApiKey, WorkspaceId};
use crate::pace::{Pace, Pacer};

/// The secret of every test here.
pub(super) const CANARY: &str = "canary-5f2e81c0aa94";

/// One line of a script.
#[derive(Debug, Clone)]
pub(super) enum Line {
    /// Status and body.
    Answer(u16, String),
    /// A 429 with its hint.
    Throttle(Option<&'static str>),
    /// No connection.
    NotSent,
    /// A reset after sending.
    Reset,
    /// Nothing, ever.
    Hang,
}

/// What was asked, when, and how many global permits were left meanwhile.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) at: Duration,
    pub(super) line: String,
    pub(super) body: Option<String>,
    pub(super) permits_left: usize,
}

/// The transport. A script with lines left over, or asked for more than it has, fails its test.
#[derive(Debug)]
pub(super) struct Script {
    lines: Mutex<VecDeque<Line>>,
    seen: Mutex<Vec<Seen>>,
    latency: Duration,
    clock: Clock,
    permits: Arc<Permits>,
}

impl Transport for Script {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, Failure>> {
        self.seen.lock().unwrap().push(Seen {
            at: self.clock.elapsed(),
            line: format!("{} {}", request.method, request.path),
            body: request.body,
            permits_left: self.permits.available(),
        });
        let line = self.lines.lock().unwrap().pop_front().expect("the script has no more lines");
        async move {
            self.clock.sleep(self.latency).await;
            let answer = |status, retry_after: Option<&str>, body: String| {
                Ok(Answer {
                    status,
                    content_type: Some("application/json".to_owned()),
                    retry_after: retry_after.map(str::to_owned),
                    body: Bytes::from(body),
                })
            };
            match line {
                Line::Answer(status, body) => answer(status, None, body),
                Line::Throttle(hint) => answer(429, hint, r#"{"message": "slow down"}"#.to_owned()),
                Line::NotSent => Err(Failure::NotSent { detail: "connection refused".to_owned() }),
                Line::Reset => Err(Failure::Lost { detail: "connection reset".to_owned(), timed_out: false }),
                Line::Hang => std::future::pending().await,
            }
        }
        .boxed()
    }
}

/// A client over a script, with what it is made of at hand.
pub(super) struct Stage {
    pub(super) client: Client,
    pub(super) script: Arc<Script>,
    pub(super) clock: Clock,
    pub(super) pacer: Arc<Pacer>,
    pub(super) permits: Arc<Permits>,
    pub(super) tally: Arc<Tally>,
}

/// How a stage differs from the usual one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting {
    pub(super) places: u32,
    pub(super) permits: usize,
    pub(super) deadline: Option<Duration>,
    pub(super) acts_as: Option<&'static str>,
}

impl Default for Setting {
    fn default() -> Self {
        Self { places: 50, permits: 4, deadline: None, acts_as: None }
    }
}

impl Stage {
    pub(super) fn playing(lines: impl IntoIterator<Item = Line>) -> Self {
        Self::set(Setting::default(), lines)
    }

    pub(super) fn set(setting: Setting, lines: impl IntoIterator<Item = Line>) -> Self {
        let clock = Clock::starting_at(jiff::Timestamp::UNIX_EPOCH);
        let permits = Permits::fixed(setting.permits);
        let script = Arc::new(Script {
            lines: Mutex::new(lines.into_iter().collect()),
            seen: Mutex::default(),
            latency: Duration::from_millis(20),
            clock,
            permits: Arc::clone(&permits),
        });
        let key = ApiKey::parse(CANARY).unwrap();
        let access = match setting.acts_as {
            None => Access::Own(key),
            Some(workspace) => Access::As { key, workspace: WorkspaceId::parse(workspace).unwrap() },
        };
        let pacer = Pacer::new(clock, setting.places);
        let tally = Arc::new(Tally::default());
        let client = Client::new(ClientSettings {
            transport: Arc::clone(&script) as Arc<dyn Transport>,
            access,
            base: BaseUrl::parse("http://127.0.0.1:1").unwrap(),
            pace: Pace::of(Arc::clone(&pacer)),
            in_flight: Arc::clone(&permits),
            clock,
            timeout: Duration::from_secs(30),
            deadline: setting.deadline.map(|deadline: Duration| -> Instant { clock.instant() + deadline }),
            seed: 7,
            tally: Arc::clone(&tally),
        });
        Self { client, script, clock, pacer, permits, tally }
    }

    /// Returns what was asked, and asserts that the script was played to its end and that all was given back.
    pub(super) fn ended(&self) -> Vec<Seen> {
        assert!(self.script.lines.lock().unwrap().is_empty(), "lines of the script were never asked for");
        self.seen()
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.script.seen.lock().unwrap().clone()
    }
}
