//! What is known about a request that did not simply succeed.
//!
//! Decided by status and shape, never by the words of a message (design section 5, answers). Every text in here is already
//! redacted and free of control characters.

use std::time::Duration;

use super::operation::Operation;
use crate::trouble::Advise;

/// What kind of "no" a 4xx is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// 401: the key is missing, wrong or revoked. Ends the lane.
    Key,
    /// 402: no active paid plan, or a missing add-on. Ends the lane.
    Plan,
    /// 403 as JSON: the key lacks the scope, or its workspace may not act as the other. Ends the lane.
    Scope,
    /// A refusal that is not JSON: the edge network, not the API. Ends the lane.
    Edge,
    /// 404 where no id is named: the route is not offered now.
    Route,
    /// 404 for an id: no such thing, or another workspace's.
    Missing,
    /// 409.
    Conflict,
    /// Any other 4xx: the request was not accepted.
    Invalid,
    /// 3xx: redirects are not followed, the key goes to one origin only. Ends the lane.
    Redirect,
}

/// Why a call has no result, split by what is known about the request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It surely never left.
    #[error("{operation} was not sent: {detail}")]
    NotSent {
        /// The call.
        operation: Operation,
        /// What the network said.
        detail: String,
    },
    /// It left, or may have: timeout, reset, GOAWAY, 408, 5xx, a 2xx that cannot be read or names something else.
    #[error("{operation} may have been applied: {detail}")]
    Ambiguous {
        /// The call.
        operation: Operation,
        /// What came instead of an answer.
        detail: String,
        /// Whether our own time limit ended it.
        timed_out: bool,
    },
    /// The API said no; nothing was applied.
    #[error("{operation} was refused with {status}{}", if message.is_empty() { String::new() } else { format!(": {message}") })]
    Refused {
        /// The call.
        operation: Operation,
        /// HTTP status.
        status: u16,
        /// What kind of no.
        refusal: Refusal,
        /// The API's own words, shortened.
        message: String,
    },
    /// 429: not processed; the workspace is over its limit.
    #[error("{operation} was throttled")]
    Throttled {
        /// The call.
        operation: Operation,
        /// What `Retry-After` asked for.
        retry_after: Option<Duration>,
    },
    /// A read was answered 2xx with something that is not what was asked for.
    #[error("the answer to {operation} could not be read: {detail}")]
    Unreadable {
        /// The call.
        operation: Operation,
        /// JSON path and fault.
        detail: String,
    },
    /// The next moment at which it could be sent lies beyond the run's deadline.
    #[error("{operation} would have to wait beyond the deadline of the run")]
    BeyondDeadline {
        /// The call.
        operation: Operation,
    },
}

impl Error {
    /// Tells whether nothing more can be had from this workspace in this run (401, 402, 403, redirect, edge refusal).
    pub fn ends_lane(&self) -> bool {
        matches!(
            self,
            Self::Refused {
                refusal: Refusal::Key | Refusal::Plan | Refusal::Scope | Refusal::Edge | Refusal::Redirect,
                ..
            }
        )
    }
}

impl Advise for Error {
    fn advice(&self) -> Vec<String> {
        Vec::new()
    }
}
