//! The network against a bare listener on loopback: real time, no waits.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::http::{Http, HttpSettings, Protocol};
use super::transport::{Answer, Failure, Method, Request, Transport as _};
use crate::domain::fleet::BaseUrl;
use crate::domain::{Access, ApiKey, WorkspaceId};

const CANARY: &str = "canary-http-90ab12";
const LARGEST: usize = 1000;

struct Loopback {
    listener: TcpListener,
    http: Http,
}

impl Loopback {
    async fn new() -> Self {
        let settings = HttpSettings { largest: LARGEST, ..HttpSettings::default() };
        Self { listener: TcpListener::bind("127.0.0.1:0").await.unwrap(), http: Http::new(settings).unwrap() }
    }

    fn request(&self, method: Method, body: Option<&str>) -> Request {
        let port = self.listener.local_addr().unwrap().port();
        Request {
            method,
            base: BaseUrl::parse(&format!("http://127.0.0.1:{port}")).unwrap(),
            path: "/api/v2/workspace-members?search=someone%40agency.example".to_owned(),
            access: Access::Own(ApiKey::parse(CANARY).unwrap()),
            body: body.map(str::to_owned),
            timeout: Duration::from_secs(20),
        }
    }

    /// Answers each connection with the next text, then closes it; returns what was asked.
    async fn serve(&self, answers: &[&str]) -> Vec<String> {
        let mut asked = Vec::new();
        for answer in answers {
            let (mut stream, _) = self.listener.accept().await.unwrap();
            asked.push(head_and_body(&mut stream).await);
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
        }
        asked
    }

    async fn exchange(&self, request: Request, answer: &str) -> (Result<Answer, Failure>, String) {
        let (came, mut asked) = tokio::join!(self.http.send(request), self.serve(std::slice::from_ref(&answer)));
        (came, asked.remove(0))
    }

    /// Tells whether somebody else knocked meanwhile.
    async fn is_quiet(&self) -> bool {
        // What was sent before stands in the listener's queue already; yielding lets the reactor see it.
        tokio::select! {
            biased;
            _ = self.listener.accept() => false,
            () = async { for _ in 0..50 { tokio::task::yield_now().await; } } => true,
        }
    }
}

/// Reads one request as far as its length says.
async fn head_and_body(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return String::from_utf8(read).unwrap();
            }
        }
        assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0, "the request ended early");
    }
}

fn has(asked: &str, header: &str) -> bool {
    asked.lines().any(|line| line.eq_ignore_ascii_case(header))
}

fn names(asked: &str, header: &str) -> bool {
    asked.to_lowercase().contains(&format!("\r\n{header}:"))
}

#[tokio::test]
async fn a_request_carries_its_key_and_nothing_that_was_not_asked() {
    let loopback = Loopback::new().await;
    let answer =
        "HTTP/1.1 429 Too Many\r\ncontent-type: application/json\r\nretry-after: 7\r\ncontent-length: 2\r\n\r\n{}";
    let (came, asked) = loopback.exchange(loopback.request(Method::Delete, None), answer).await;
    let came = came.unwrap();
    assert_eq!((came.status, came.retry_after.as_deref(), &came.body[..]), (429, Some("7"), &b"{}"[..]));
    assert_eq!(came.content_type.as_deref(), Some("application/json"));
    assert!(
        asked.starts_with("DELETE /api/v2/workspace-members?search=someone%40agency.example HTTP/1.1\r\n"),
        "{asked}"
    );
    assert!(has(&asked, &format!("authorization: Bearer {CANARY}")));
    assert!(has(&asked, concat!("user-agent: keyholder/", env!("CARGO_PKG_VERSION"))));
    for absent in ["content-type", "x-as-workspace", "cookie", "accept-encoding", "referer", "content-length"] {
        assert!(!names(&asked, absent), "{absent}: {asked}");
    }
}

#[tokio::test]
async fn a_body_brings_its_type_and_an_admin_key_the_workspace_it_acts_as() {
    let loopback = Loopback::new().await;
    let mut request = loopback.request(Method::Post, Some(r#"{"role":"view"}"#));
    request.access =
        Access::As { key: ApiKey::parse(CANARY).unwrap(), workspace: WorkspaceId::parse("sub-1").unwrap() };
    let (came, asked) = loopback.exchange(request, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    assert_eq!(came.unwrap().status, 200);
    assert!(has(&asked, "content-type: application/json") && has(&asked, "x-as-workspace: sub-1"));
    assert!(asked.ends_with("\r\n\r\n{\"role\":\"view\"}"));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let loopback = Loopback::new().await;
    let port = loopback.listener.local_addr().unwrap().port();
    for status in [301, 302, 303, 307, 308] {
        let answer =
            format!("HTTP/1.1 {status} Moved\r\nlocation: http://127.0.0.1:{port}/x\r\ncontent-length: 0\r\n\r\n");
        let (came, _) = loopback.exchange(loopback.request(Method::Get, None), &answer).await;
        assert_eq!(came.unwrap().status, status);
        assert!(loopback.is_quiet().await, "{status} was followed");
    }
}

#[tokio::test]
async fn a_lost_answer_is_lost_and_asked_for_once() {
    let loopback = Loopback::new().await;
    for method in [Method::Get, Method::Post, Method::Patch, Method::Delete] {
        for answer in ["", "HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhalf", "nonsense\r\n\r\n"] {
            let body = matches!(method, Method::Post | Method::Patch).then_some("{}");
            let (came, _) = loopback.exchange(loopback.request(method, body), answer).await;
            assert!(matches!(came, Err(Failure::Lost { timed_out: false, .. })), "{method}: {came:?}");
            assert!(loopback.is_quiet().await, "{method} was repeated");
        }
    }
}

#[tokio::test]
async fn an_idle_connection_that_dies_under_a_write_repeats_nothing_that_was_read() {
    let loopback = Loopback::new().await;
    let serve = async {
        let (mut stream, _) = loopback.listener.accept().await.unwrap();
        head_and_body(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        let second = head_and_body(&mut stream).await;
        // Read whole, then cut: the server may have done it.
        drop(stream);
        second
    };
    let ask = async {
        loopback.http.send(loopback.request(Method::Get, None)).await.unwrap();
        loopback.http.send(loopback.request(Method::Post, Some("{}"))).await
    };
    let (second, came) = tokio::join!(serve, ask);
    assert!(second.starts_with("POST"));
    assert!(matches!(came, Err(Failure::Lost { timed_out: false, .. })), "{came:?}");
    assert!(loopback.is_quiet().await);
}

#[tokio::test]
async fn an_answer_without_end_ends_at_the_limit() {
    let loopback = Loopback::new().await;
    let endless = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(LARGEST + 1));
    let (came, _) = loopback.exchange(loopback.request(Method::Get, None), &endless).await;
    let Err(Failure::Lost { detail, timed_out: false }) = came else { panic!("{came:?}") };
    assert_eq!(detail, "the answer is larger than 1000 bytes");
    let fitting = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(LARGEST));
    let (came, _) = loopback.exchange(loopback.request(Method::Get, None), &fitting).await;
    assert_eq!(came.unwrap().body.len(), LARGEST);
}

#[tokio::test]
async fn where_nobody_listens_nothing_was_sent() {
    let loopback = Loopback::new().await;
    let request = loopback.request(Method::Post, Some("{}"));
    let Loopback { listener, http } = loopback;
    drop(listener);
    let came = http.send(request).await;
    let Err(Failure::NotSent { detail }) = came else { panic!("{came:?}") };
    assert!(detail.contains("refused") && !detail.contains("agency.example"), "{detail}");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_at_the_time_limit() {
    let loopback = Loopback::new().await;
    let request = Request { timeout: Duration::from_millis(30), ..loopback.request(Method::Post, Some("{}")) };
    let came = loopback.http.send(request).await;
    assert!(matches!(came, Err(Failure::Lost { timed_out: true, .. })), "{came:?}");
}

#[test]
fn neither_the_network_nor_a_request_shows_a_key() {
    let http = Http::new(HttpSettings { protocol: Protocol::Http1, ..HttpSettings::default() }).unwrap();
    let request = Request {
        method: Method::Get,
        base: BaseUrl::parse("https://api.example").unwrap(),
        path: "/".to_owned(),
        access: Access::Own(ApiKey::parse(CANARY).unwrap()),
        body: None,
        timeout: Duration::from_secs(1),
    };
    assert!(!format!("{http:?} {request:?}").contains("canary"));
}
