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
    #[error("{operation} {}: {detail}", if operation.is_write() { "may have been applied" } else { "had no usable answer" })]
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
        match self {
            Self::NotSent { .. } => vec![
                "the API could not be reached: check the network, the name in `base_url` and the machine's certificates"
                    .to_owned(),
            ],
            Self::Ambiguous { operation, timed_out, .. } => {
                let mut advice = Vec::new();
                if operation.is_write() {
                    advice.push("it is not known whether this took: `keyholder resume` settles it, it waits and looks before it sends anything".to_owned());
                }
                if *timed_out {
                    advice.push("if answers are always this slow, raise `timeout` in `[defaults]`".to_owned());
                } else if !operation.is_write() {
                    advice.push("the API or the way to it had trouble: try again later".to_owned());
                }
                advice
            }
            Self::Refused { operation, refusal, .. } => refusal.advice(*operation),
            Self::Throttled { .. } => vec![
                "other tools are using up this workspace's limit (100 requests a second, 6,000 a minute, shared by all its keys)"
                    .to_owned(),
                "try again later, or lower `share`".to_owned(),
            ],
            Self::Unreadable { .. } => {
                vec!["the API may have changed or be under maintenance: try again later, or look for a newer keyholder".to_owned()]
            }
            Self::BeyondDeadline { .. } => {
                vec!["it would have had to wait longer than the run may take (`deadline` in [defaults], or --deadline): run it again later".to_owned()]
            }
        }
    }
}

impl Refusal {
    /// Returns what to do about this kind of no to this call.
    fn advice(self, operation: Operation) -> Vec<String> {
        match self {
            Self::Key => vec![
                "the key is wrong or was revoked: make a new one in the settings of the workspace it belongs to (Integrations, API \
                 Keys; with `via` that is the admin workspace) and put it where its `key` points"
                    .to_owned(),
            ],
            Self::Plan => vec![
                "this workspace has no active paid plan, or lacks the add-on behind this call: renew it in the vendor's app, or set \
                 `mode = \"off\"`"
                    .to_owned(),
            ],
            Self::Scope | Self::Invalid | Self::Route if operation == Operation::OwnerChange => owner_advice(self, operation),
            Self::Scope => vec![
                scope_advice(operation),
                "scopes of a key cannot be changed: make a new key with the scope and delete the old one".to_owned(),
                "where the workspace is reached with `via`, it is the admin workspace's key that needs the scope, and the workspace must \
                 have accepted the group's invitation"
                    .to_owned(),
            ],
            Self::Edge => vec![
                "the network in front of the API refused this, not the API; the key may be fine: check for a proxy or a blocked \
                 address, and try again later"
                    .to_owned(),
            ],
            Self::Route | Self::Missing | Self::Invalid if operation == Operation::LinkCreate => vec![
                "the API may know no workspace of this id, or not let this one be invited: look at the id in the settings of that \
                 workspace, then try again"
                    .to_owned(),
            ],
            Self::Missing if operation == Operation::TagToggle => vec![
                "the tag, or a campaign or account that it is for, is not in this workspace any more: plan again".to_owned(),
            ],
            Self::Route => {
                vec!["the API does not offer this now; nothing is wrong with the workspace: try again later".to_owned()]
            }
            Self::Missing => vec!["it is gone, or belongs to another workspace: plan again".to_owned()],
            Self::Conflict => vec!["it collides with something that is there already: plan again".to_owned()],
            Self::Invalid => vec!["the API did not accept the values that were sent: see its message".to_owned()],
            Self::Redirect => {
                vec!["a key goes to one origin only, so redirects are not followed: correct `base_url`".to_owned()]
            }
        }
    }
}

/// A refused transfer: whether for want of a scope or because of the token is unpublished, so both are named.
fn owner_advice(refusal: Refusal, operation: Operation) -> Vec<String> {
    let token = "most likely the security token is wrong, used, too old or another owner's: let who owns the workspace now ask the vendor's \
                 app for a new one (`keyholder help ownership`); or the owner may not be allowed to give the workspace away, or the \
                 person may not be one who can have it";
    let scope = (refusal == Refusal::Scope).then(|| scope_advice(operation));
    // First what is likelier: a key that could not do it would mostly have failed before.
    std::iter::once(token.to_owned()).chain(scope).collect()
}

/// Says which scope a call needs, or that nobody publishes it.
fn scope_advice(operation: Operation) -> String {
    let list = |scopes: &[&str]| scopes.iter().map(|scope| format!("`{scope}`")).collect::<Vec<_>>().join(", ");
    match operation.scopes() {
        [] => format!(
            "which scope a key needs {} is unpublished: try a key with {} or `all:all`",
            operation.purpose(),
            list(operation.likely_scopes())
        ),
        scopes => format!("{}, a key needs one of the scopes {}", operation.purpose(), list(scopes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_404_or_400_of_a_call_without_an_id_may_mean_is_not_called_nothing_wrong() {
        let told = |operation, status, refusal| {
            Error::Refused { operation, status, refusal, message: String::new() }.advice().join(" ")
        };
        for (status, refusal) in [(404, Refusal::Route), (404, Refusal::Missing), (400, Refusal::Invalid)] {
            let link = told(Operation::LinkCreate, status, refusal);
            assert!(link.contains("no workspace of this id") && !link.contains("nothing is wrong"), "{link}");
        }
        for refusal in [Refusal::Route, Refusal::Invalid] {
            let owner = told(Operation::OwnerChange, 404, refusal);
            assert!(owner.contains("security token") && !owner.contains("nothing is wrong"), "{owner}");
        }
        assert!(told(Operation::TagToggle, 404, Refusal::Missing).contains("not in this workspace any more"));
        assert!(told(Operation::MemberCreate, 404, Refusal::Route).contains("nothing is wrong with the workspace"));
    }

    #[test]
    fn a_missing_scope_is_named_with_what_it_is_for() {
        let refused = |refusal| Error::Refused {
            operation: Operation::MemberCreate,
            status: 403,
            refusal,
            message: String::new(),
        };
        let advice = refused(Refusal::Scope).advice().join("\n");
        assert!(advice.contains("to invite people") && advice.contains("`workspace_members:create`"), "{advice}");
        for operation in Operation::ALL {
            let error = Error::Refused { operation, status: 403, refusal: Refusal::Scope, message: String::new() };
            let advice = error.advice().join("\n");
            assert!(advice.contains(operation.purpose()), "{operation}: {advice}");
            for scope in [operation.scopes(), operation.likely_scopes()].concat() {
                assert!(advice.contains(&format!("`{scope}`")), "{operation}: {advice}");
            }
            assert_eq!(advice.contains("is unpublished"), operation.scopes().is_empty(), "{advice}");
        }
        for refusal in [Refusal::Key, Refusal::Plan, Refusal::Scope, Refusal::Edge, Refusal::Redirect] {
            assert!(refused(refusal).ends_lane() && !refused(refusal).advice().is_empty());
        }
        for refusal in [Refusal::Route, Refusal::Missing, Refusal::Conflict, Refusal::Invalid] {
            assert!(!refused(refusal).ends_lane() && !refused(refusal).advice().is_empty());
        }
    }
}
