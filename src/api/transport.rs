//! The one seam: a request goes out, an answer comes back, or what is known about its loss.
//!
//! Two real implementations stand behind it, the network (`api::http`) and the simulator in-process (`sim::local`). It
//! knows nothing of workspaces' meaning, of retries or of pace.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;

use crate::domain::Access;
use crate::domain::fleet::BaseUrl;

/// The four methods the contract uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Reads.
    Get,
    /// Creates.
    Post,
    /// Alters.
    Patch,
    /// Removes.
    Delete,
}

impl Method {
    /// Returns the word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One request, complete. `Debug` shows no key, for `Access` does not, and nothing of the body, which may carry a security token.
#[derive(Clone)]
pub struct Request {
    /// Method.
    pub method: Method,
    /// Origin.
    pub base: BaseUrl,
    /// Path and query, beginning with `/api/v2/`, percent-encoded.
    pub path: String,
    /// Key, and the workspace acted as.
    pub access: Access,
    /// JSON body; `content-type` is sent only with one (contract section 1).
    pub body: Option<String>,
    /// Longest wait for the whole answer.
    pub timeout: Duration,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, base, path, access, body, timeout } = self;
        f.debug_struct("Request")
            .field("method", method)
            .field("base", base)
            .field("path", path)
            .field("access", access)
            .field("body", &body.as_ref().map(String::len))
            .field("timeout", timeout)
            .finish()
    }
}

/// One answer, of any status, its body read whole within the size limit.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `content-type`, as sent.
    pub content_type: Option<String>,
    /// `retry-after`, as sent.
    pub retry_after: Option<String>,
    /// Body.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The request surely never left: no connection, name or TLS session could be had.
    #[error("the request could not be sent: {detail}")]
    NotSent {
        /// What the network said; redacted.
        detail: String,
    },
    /// The request left, or may have, and no whole answer came.
    #[error("no whole answer came: {detail}")]
    Lost {
        /// What the network said; redacted.
        detail: String,
        /// Whether the time limit ended it.
        timed_out: bool,
    },
}

/// What carries a request to the API. Never repeats one, never follows a redirect.
pub trait Transport: fmt::Debug + Send + Sync {
    /// Sends one request once.
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, Failure>>;
}
