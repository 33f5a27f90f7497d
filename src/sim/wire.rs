//! What leaves the world: an answer, or what is to happen instead of one, with the faults that bend it.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::bent;
use super::fault::{FaultBody, FaultKind, RetryAfter};
use super::paper::{self, Refusal};
use super::routes::{self, Ask, Reply, Wrote};
use super::state::State;

const JSON: &str = "application/json; charset=utf-8";
const HTML: &str = "text/html; charset=UTF-8";

/// An answer as it goes on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) status: u16,
    pub(super) content_type: Option<&'static str>,
    pub(super) retry_after: Option<String>,
    pub(super) location: Option<&'static str>,
    pub(super) body: Vec<u8>,
}

impl Sent {
    fn plain(status: u16, content_type: Option<&'static str>, body: Vec<u8>) -> Self {
        Self { status, content_type, retry_after: None, location: None, body }
    }

    fn json(status: u16, body: &Value) -> Self {
        Self::plain(status, Some(JSON), body.to_string().into_bytes())
    }
}

impl From<Refusal> for Sent {
    fn from((status, body): Refusal) -> Self {
        Self::json(status, &body)
    }
}

impl From<&Reply> for Sent {
    fn from(reply: &Reply) -> Self {
        Self::json(reply.status, &reply.body)
    }
}

/// What becomes of a request.
#[derive(Debug)]
pub(super) enum Fate {
    /// It is answered, so much later.
    Answer(Sent, Duration),
    /// Its connection is reset, so much later.
    Reset(Duration),
    /// Nothing ever comes.
    Hang,
    /// It never arrived.
    NotSent,
}

impl Fate {
    pub(super) fn at_once(sent: Sent) -> Self {
        Self::Answer(sent, Duration::ZERO)
    }

    pub(super) fn status(&self) -> Option<u16> {
        match self {
            Self::Answer(sent, _) => Some(sent.status),
            Self::Reset(_) | Self::Hang | Self::NotSent => None,
        }
    }

    pub(super) fn delay(&mut self, by: Duration) {
        match self {
            Self::Answer(_, delay) | Self::Reset(delay) => *delay += by,
            Self::Hang | Self::NotSent => {}
        }
    }
}

/// Settles a request's fate; tells what it changed.
pub(super) fn settle(state: &mut State, ask: &Ask, now: i64, fault: Option<&FaultKind>) -> (Fate, Option<Wrote>) {
    let Some(fault) = fault else {
        if let Some(body) = routes::written(state, ask, now) {
            return (Fate::at_once(Sent::plain(200, Some(JSON), body.into_bytes())), None);
        }
        return applied(state, ask, now, |reply| Fate::at_once(Sent::from(reply)));
    };
    match fault {
        FaultKind::Status { status, body, retry_after } => {
            (Fate::at_once(scripted(*status, *body, retry_after.as_ref(), now)), None)
        }
        FaultKind::StatusAfter { status, body } => {
            applied(state, ask, now, |_| Fate::at_once(scripted(*status, *body, None, now)))
        }
        FaultKind::LoseAnswer => applied(state, ask, now, |_| Fate::Reset(Duration::ZERO)),
        FaultKind::LoseRequest | FaultKind::Late { .. } => (Fate::Reset(Duration::ZERO), None),
        FaultKind::Hang => (Fate::Hang, None),
        FaultKind::NotSent => (Fate::NotSent, None),
        FaultKind::Truncate => applied(state, ask, now, |reply| {
            let mut sent = Sent::from(reply);
            sent.body.truncate(sent.body.len() / 2);
            Fate::at_once(sent)
        }),
        FaultKind::Html => {
            applied(state, ask, now, |_| Fate::at_once(Sent::plain(200, Some(HTML), paper::html(200).into_bytes())))
        }
        FaultKind::Oversized { bytes } => applied(state, ask, now, |_| Fate::at_once(oversized(*bytes))),
        FaultKind::EchoKey { status } => {
            let message = format!("Request with key {} failed", ask.key().unwrap_or(""));
            (Fate::at_once(paper::envelope(*status, paper::reason(*status), &message).into()), None)
        }
        FaultKind::EchoSecrets { status } => {
            let mut secrets = bent::secrets(state, ask, now);
            let wrote = if *status >= 500 {
                let reply = routes::answer(state, ask, now);
                secrets.extend(reply.body["key"].as_str().map(str::to_owned));
                reply.wrote
            } else {
                None
            };
            let message = format!("Request with {} failed", secrets.join(", "));
            (Fate::at_once(paper::envelope(*status, paper::reason(*status), &message).into()), wrote)
        }
        FaultKind::Redirect => {
            let location = Some("https://elsewhere.example/api/v2/");
            (Fate::at_once(Sent { location, ..Sent::plain(302, None, Vec::new()) }), None)
        }
        FaultKind::Ignore => (Fate::at_once(Sent::from(&bent::ignored(state, ask, now))), None),
        FaultKind::CursorLoop => (Fate::at_once(Sent::from(&bent::looped(state, ask, now))), None),
        FaultKind::Foreign => {
            let mut reply = routes::answer(state, ask, now);
            bent::foreign(state, ask, now, &mut reply);
            (Fate::at_once(Sent::from(&reply)), reply.wrote)
        }
        FaultKind::NoSuccess { applied } => {
            let reply = bent::no_success(state, ask, now, *applied);
            (Fate::at_once(Sent::from(&reply)), reply.wrote)
        }
        FaultKind::Partial { rows } => {
            let reply = bent::partial(state, ask, now, *rows);
            (Fate::at_once(Sent::from(&reply)), reply.wrote)
        }
        FaultKind::Delay { .. } | FaultKind::Meanwhile { .. } => unreachable!("these settle nothing"),
    }
}

fn applied(state: &mut State, ask: &Ask, now: i64, fate: impl FnOnce(&Reply) -> Fate) -> (Fate, Option<Wrote>) {
    let reply = routes::answer(state, ask, now);
    (fate(&reply), reply.wrote)
}

fn scripted(status: u16, body: FaultBody, retry_after: Option<&RetryAfter>, now: i64) -> Sent {
    let sent = match body {
        FaultBody::Json => Sent::json(status, &paper::of_status(status)),
        FaultBody::Html => Sent::plain(status, Some(HTML), paper::html(status).into_bytes()),
        FaultBody::Empty => Sent::plain(status, Some("text/plain"), Vec::new()),
    };
    Sent { retry_after: retry_after.map(|after| header(after, now)), ..sent }
}

/// Writes a `retry-after`: seconds, or a date of whole seconds rounded up, so that nobody is let in early.
fn header(after: &RetryAfter, now: i64) -> String {
    match after {
        RetryAfter::Seconds(seconds) => seconds.to_string(),
        RetryAfter::Date(later) => {
            let millis = now.saturating_add(i64::try_from(later.as_millis()).unwrap_or(i64::MAX));
            let second = millis.saturating_add(999).div_euclid(1000);
            let date = Timestamp::from_second(second).unwrap_or(Timestamp::MAX);
            date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
        }
    }
}

/// A body that is JSON and too long for anybody.
fn oversized(bytes: usize) -> Sent {
    let frame = br#"{"items":[],"padding":""}"#;
    let mut body = frame[..frame.len() - 2].to_vec();
    body.resize(bytes.saturating_sub(2).max(body.len()), b'x');
    body.extend_from_slice(b"\"}");
    Sent::plain(200, Some(JSON), body)
}
