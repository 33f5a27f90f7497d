//! The network: one request out, one answer back, by reqwest over rustls.
//!
//! **Nothing here repeats a request.** reqwest's own retries (of HTTP/2 requests that a server refused or that met a graceful
//! GOAWAY) are turned off by `retry::never()`. One repetition stays, in hyper-util, and reqwest offers no switch for it
//! (`retry_canceled_requests`): a request that was given an idle connection which turns out to be closed goes to another
//! one. It does so only when the connection hands the message back whole, that is before its first byte was
//! written (hyper, `proto/h1/dispatch.rs`: "the message was never even started"; on a fresh connection never). The
//! server cannot see such a request twice. Redirects are not followed: the key goes to one origin.
//!
//! **HTTP/1.1, not 2**, as measured and then weighed. On loopback without TLS (`cargo bench --bench sweep -- protocols`: a
//! thousand requests, 128 in flight) HTTP/2 took 1.05 and 1.10 times the wall time and 1.00 and 0.94 times the CPU of HTTP/1.1,
//! medians of two takings whose rounds spread wider than that: no gain. It saved the buffers of 126 connections, about 6 MB.
//! TLS was not measured. It does not save handshakes there as this pool goes about it:
//! where ALPN decides, the pool opens a connection for every request that starts before the first answer of a server has said
//! `h2`, and throws all but one away (hyper-util, `client/legacy/client.rs`, "another connection has already upgraded"), so a
//! run that begins with 128 lanes begins with 128 handshakes either way. Against it: one connection carries a hundred streams,
//! so one that breaks, or a GOAWAY, leaves up to a hundred writes ambiguous, each with its settle time, and not one; and what
//! exceeds its streams waits inside, unseen by the pacers. [`Protocol::Negotiated`] offers both, with as many clients as their
//! streams take, should the real API prove to want it.

use std::error::Error as StdError;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, RETRY_AFTER};

use super::text::clean;
use super::transport::{Answer, Failure, Method, Request, Transport};
use crate::domain::ApiKey;

/// Requests one HTTP/2 connection carries at once: what servers usually grant.
const STREAMS: usize = 100;
/// Room that an announced length is given before its bytes are there: a page of a thousand records of the trail fits, and is not copied
/// about while it grows. What is announced and never comes takes addresses, not memory.
const ROOM: usize = 1024 * 1024;
/// The header that names the workspace acted as (contract section 1).
const AS_WORKSPACE: &str = "x-as-workspace";

/// Which protocol is spoken over https.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/2 where the server takes it (ALPN), else HTTP/1.1.
    Negotiated,
    /// HTTP/1.1 only.
    Http1,
}

/// How the network is used.
#[derive(Debug, Clone, Copy)]
pub struct HttpSettings {
    /// Protocol over https.
    pub protocol: Protocol,
    /// Requests in flight at once, at most: so many connections are kept, or as many as carry them.
    pub in_flight: usize,
    /// Longest wait for a connection, name look-up and TLS included. Well below the default time limit of a whole request
    /// (30 s), so that an unreachable host is known as *not sent* and not as a lost answer.
    pub connect_timeout: Duration,
    /// How long an idle connection is kept. Short: a write sent into a connection that the server is just closing is a lost
    /// answer, and costs its settle time. Servers commonly close after 60 s or more.
    pub idle: Duration,
    /// The largest answer that is read, in bytes. A page of a hundred members is about 50 kB.
    pub largest: usize,
    /// Whether https is spoken at all. Without it no certificates of the platform are needed: a rehearsal against this machine runs
    /// where none are installed.
    pub encrypted: bool,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            protocol: Protocol::Http1,
            in_flight: 256,
            connect_timeout: Duration::from_secs(10),
            idle: Duration::from_secs(20),
            largest: 8 * 1024 * 1024,
            encrypted: true,
        }
    }
}

/// Why the network cannot be used: TLS could not be set up, mostly for want of the platform's certificates.
#[derive(Debug, thiserror::Error)]
#[error("the network client could not be set up")]
pub struct BuildError(#[source] reqwest::Error);

impl crate::trouble::Advise for BuildError {
    fn advice(&self) -> Vec<String> {
        vec!["install the system's CA certificates (package `ca-certificates` on most Linux systems)".to_owned()]
    }
}

/// The network transport. Its clients share nothing but settings; requests go to them in turn.
#[derive(Debug)]
pub struct Http {
    clients: Vec<reqwest::Client>,
    turn: AtomicUsize,
    largest: usize,
}

impl Http {
    /// Sets the network up; sends nothing yet.
    pub fn new(settings: HttpSettings) -> Result<Self, BuildError> {
        // reqwest asks rustls for the process's provider. A second install fails and leaves the first, which is ring too.
        drop(rustls::crypto::ring::default_provider().install_default());
        let HttpSettings { protocol, in_flight, connect_timeout, idle, largest, encrypted } = settings;
        let (clients, kept) = match protocol {
            Protocol::Negotiated => (in_flight.div_ceil(STREAMS).max(1), in_flight),
            Protocol::Http1 => (1, in_flight),
        };
        let clients =
            (0..clients).map(|_| client(protocol, connect_timeout, idle, kept, encrypted)).collect::<Result<_, _>>();
        Ok(Self { clients: clients.map_err(BuildError)?, turn: AtomicUsize::new(0), largest })
    }

    /// Returns the client whose turn it is. Over http there is no HTTP/2, and one pool finds idle connections best.
    fn client(&self, encrypted: bool) -> &reqwest::Client {
        let turn = if encrypted { self.turn.fetch_add(1, Ordering::Relaxed) } else { 0 };
        &self.clients[turn % self.clients.len()]
    }

    async fn exchange(&self, request: Request) -> Result<Answer, Failure> {
        let Request { method, base, path, access, body, timeout } = request;
        let key = access.key();
        let url = format!("{}{path}", base.origin());
        let mut out = self
            .client(url.starts_with("https:"))
            .request(wire_method(method), url)
            .bearer_auth(key.expose())
            .header(ACCEPT, "application/json")
            .timeout(timeout);
        if let Some(workspace) = access.acts_as() {
            out = out.header(AS_WORKSPACE, workspace.as_str());
        }
        // With a body only: a DELETE that announced JSON and carried none was refused (contract section 1).
        if let Some(body) = body {
            out = out.header(CONTENT_TYPE, "application/json").body(body);
        }
        let mut response = out.send().await.map_err(|error| failure(error, key))?;
        let text = |headers: &HeaderMap, name| {
            headers.get(name).and_then(|value: &reqwest::header::HeaderValue| value.to_str().ok()).map(str::to_owned)
        };
        Ok(Answer {
            status: response.status().as_u16(),
            content_type: text(response.headers(), CONTENT_TYPE),
            retry_after: text(response.headers(), RETRY_AFTER),
            body: self.whole_body(&mut response, key).await?,
        })
    }

    /// Reads a body piece by piece, so that an endless one ends at the limit and not in memory.
    async fn whole_body(&self, response: &mut reqwest::Response, key: &ApiKey) -> Result<Bytes, Failure> {
        // Room for what was announced, as far as it is believed.
        let announced = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
        let mut whole = BytesMut::with_capacity(announced.min(ROOM.min(self.largest)));
        while let Some(piece) = response.chunk().await.map_err(|error| lost(error, key))? {
            if whole.len() + piece.len() > self.largest {
                let detail = format!("the answer is larger than {} bytes", self.largest);
                return Err(Failure::Lost { detail, timed_out: false });
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }
}

impl Transport for Http {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, Failure>> {
        self.exchange(request).boxed()
    }
}

fn client(
    protocol: Protocol,
    connect_timeout: Duration,
    idle: Duration,
    kept: usize,
    encrypted: bool,
) -> Result<reqwest::Client, reqwest::Error> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("keyholder/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        // A proxy from the environment would be another party that sees where keys go; https alone hides what.
        .no_proxy()
        .connect_timeout(connect_timeout)
        .pool_idle_timeout(idle)
        .pool_max_idle_per_host(kept);
    if !encrypted {
        builder = builder.tls_certs_only([]);
    }
    match protocol {
        Protocol::Negotiated => builder,
        Protocol::Http1 => builder.http1_only(),
    }
    .build()
}

fn wire_method(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
        Method::Patch => reqwest::Method::PATCH,
        Method::Delete => reqwest::Method::DELETE,
    }
}

/// Sorts an error of sending. Without a connection (name, TCP, TLS) and without a well-formed request nothing left; in every
/// other case something may have.
fn failure(error: reqwest::Error, key: &ApiKey) -> Failure {
    if error.is_connect() || error.is_dns() || error.is_builder() {
        Failure::NotSent { detail: words(error, key) }
    } else {
        lost(error, key)
    }
}

fn lost(error: reqwest::Error, key: &ApiKey) -> Failure {
    let timed_out = error.is_timeout();
    Failure::Lost { detail: words(error, key), timed_out }
}

/// The chain of causes in one line, without the URL (a query names people) and without the key.
fn words(error: reqwest::Error, key: &ApiKey) -> String {
    let error = error.without_url();
    let mut line = Line(error.to_string());
    let mut source = error.source();
    while let Some(cause) = source {
        line.add(cause);
        source = cause.source();
    }
    clean(&line.0, key)
}

struct Line(String);

impl Line {
    fn add(&mut self, cause: &dyn fmt::Display) {
        let words = cause.to_string();
        // Many errors repeat their cause.
        if !self.0.contains(&words) {
            self.0.push_str(": ");
            self.0.push_str(&words);
        }
    }
}
