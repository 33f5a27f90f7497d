//! The simulator on loopback: plain HTTP/1.1, and HTTP/2 by prior knowledge, on a thread of its own.
//!
//! A lost connection is a real one: over HTTP/1.1 the socket is reset, over HTTP/2 the one stream is.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, Response, StatusCode, Version, header};
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::engine::{At, Door};
use super::local::{LocalSettings, Road};
use super::paper;
use super::routes::Ask;
use super::wire::{Fate, Sent};
use super::world::World;
use crate::api::transport::Method;
use crate::clock::Clock;

/// Longest request body that is read; ours have a few hundred bytes.
const MOST_BODY: usize = 1024 * 1024;

/// A running server. Dropping it stops it.
pub struct Running {
    base_url: String,
    stop: Option<oneshot::Sender<()>>,
    ended: oneshot::Receiver<io::Result<()>>,
    thread: Option<JoinHandle<()>>,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

impl Running {
    /// Returns the origin to configure as `base_url`.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Waits until the server ends by itself, which it only does when it breaks.
    pub async fn wait(&mut self) -> io::Result<()> {
        (&mut self.ended).await.unwrap_or_else(|_gone| Err(io::Error::other("the simulator's thread ended")))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic in there was already told by its own thread.
            drop(thread.join());
        }
    }
}

/// Starts a server for a world on 127.0.0.1; port 0 takes a free one. Returns once it listens.
///
/// The log of requests is off here, for a server may run for days; `World::record` after this turns it on.
///
/// # Errors
/// When the port cannot be had, or no thread or runtime.
pub fn start(world: World, clock: Clock, port: u16, settings: LocalSettings) -> io::Result<Running> {
    world.record(0);
    let listener = std::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    listener.set_nonblocking(true)?;
    let base_url = format!("http://{}", listener.local_addr()?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (stop, stopped) = oneshot::channel::<()>();
    let (end, ended) = oneshot::channel();
    let door = Shop { world, clock, road: Arc::new(Road::new(settings)) };
    let thread = std::thread::Builder::new().name("simulator".to_owned()).spawn(move || {
        let served = runtime.block_on(async {
            tokio::select! {
                served = serve(listener, door) => served,
                _ = stopped => Ok(()),
            }
        });
        // Nobody listens any more where the handle was dropped.
        drop(end.send(served));
    })?;
    Ok(Running { base_url, stop: Some(stop), ended, thread: Some(thread) })
}

async fn serve(listener: std::net::TcpListener, shop: Shop) -> io::Result<()> {
    let lines = Lines(TcpListener::from_std(listener)?);
    let router = Router::new().fallback(answer).with_state(shop);
    axum::serve(lines, router.into_make_service_with_connect_info::<Cut>()).await
}

#[derive(Clone)]
struct Shop {
    world: World,
    clock: Clock,
    road: Arc<Road>,
}

impl Shop {
    /// Waits until so long after a moment, unless that is over: the runtime's timer rounds even nothing up to a millisecond.
    async fn wait(&self, since: Instant, long: Duration) {
        // What is too far away to be told is as good as never.
        let Some(until) = since.checked_add(long) else { return std::future::pending().await };
        if until > self.clock.instant() {
            self.clock.sleep_until(until).await;
        }
    }
}

fn method(request: &Request) -> Option<Method> {
    let methods = [Method::Get, Method::Post, Method::Patch, Method::Delete];
    methods.into_iter().find(|method| method.as_str() == request.method().as_str())
}

async fn answer(State(shop): State<Shop>, ConnectInfo(cut): ConnectInfo<Cut>, request: Request) -> Response<Body> {
    let version = request.version();
    let Some(method) = method(&request) else {
        return response(paper::no_route(request.method().as_str(), request.uri().path()).into());
    };
    let Some(ask) = read(method, request).await else { return gone(&cut, version) };
    // Of a server that is so far away its own work is a part of the way, and so it is here.
    let asked = shop.clock.instant();
    let (there, back) = shop.road.travel(&ask);
    shop.wait(asked, there).await;
    let (fate, told) = shop.world.handle(&ask, At::of(shop.clock), Door::Loopback);
    match fate {
        Fate::Answer(sent, delay) => {
            shop.wait(asked, there.saturating_add(delay).saturating_add(back)).await;
            told.answering();
            response(sent)
        }
        Fate::Reset(delay) => {
            shop.wait(asked, there.saturating_add(delay).saturating_add(back)).await;
            gone(&cut, version)
        }
        Fate::Hang | Fate::NotSent => std::future::pending().await,
    }
}

/// Reads a request; `None` where its body broke off or is longer than any of ours.
async fn read(method: Method, request: Request) -> Option<Ask> {
    let (head, body) = request.into_parts();
    let text = |headers: &HeaderMap, name: &str| headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let content_type = text(&head.headers, "content-type");
    Some(Ask {
        method,
        path: head.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
        authorization: text(&head.headers, "authorization"),
        acts_as: text(&head.headers, "x-as-workspace"),
        json: content_type.is_some_and(|kind| kind.starts_with("application/json")),
        body: to_bytes(body, MOST_BODY).await.ok()?.to_vec(),
    })
}

fn response(sent: Sent) -> Response<Body> {
    let Sent { status, content_type, retry_after, location, body } = sent;
    let mut out = Response::builder().status(status);
    let headers = [
        (header::CONTENT_TYPE, content_type.map(str::to_owned)),
        (header::RETRY_AFTER, retry_after),
        (header::LOCATION, location.map(str::to_owned)),
    ];
    for (name, value) in headers {
        if let Some(value) = value {
            out = out.header(name, value);
        }
    }
    // A script may ask for a status or header that HTTP does not have.
    out.body(Body::from(body)).unwrap_or_else(|_not_http| {
        let mut broken = Response::new(Body::empty());
        *broken.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        broken
    })
}

/// Ends an exchange without an answer.
fn gone(cut: &Cut, version: Version) -> Response<Body> {
    if version != Version::HTTP_2 {
        cut.0.store(true, Ordering::Release);
    }
    // Over HTTP/2 other lanes share the connection: a body that fails resets this stream alone.
    let broken = futures::stream::once(async { Err::<Bytes, _>(io::Error::from(io::ErrorKind::ConnectionReset)) });
    Response::new(Body::from_stream(broken))
}

/// Says that a connection is to be reset instead of written to.
#[derive(Clone)]
struct Cut(Arc<AtomicBool>);

impl Connected<IncomingStream<'_, Lines>> for Cut {
    fn connect_info(stream: IncomingStream<'_, Lines>) -> Self {
        stream.io().cut.clone()
    }
}

/// Accepts connections that can be cut.
struct Lines(TcpListener);

impl Listener for Lines {
    type Io = Line;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Line, SocketAddr) {
        let (stream, from) = Listener::accept(&mut self.0).await;
        // Small answers must not wait for the one before to be acknowledged; where it cannot be set, they do.
        drop(stream.set_nodelay(true));
        (Line { stream, cut: Cut(Arc::new(AtomicBool::new(false))) }, from)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// A connection that can be cut.
struct Line {
    stream: TcpStream,
    cut: Cut,
}

impl Line {
    /// Fails once the connection was cut; closing it then sends a reset.
    fn check(&self) -> io::Result<()> {
        if self.cut.0.load(Ordering::Acquire) {
            drop(self.stream.set_zero_linger());
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }
}

impl AsyncRead for Line {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
