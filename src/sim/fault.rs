//! Faults: scripted, counted, never drawn at random.
//!
//! A fault names a workspace and an operation, or any; skips so many matching requests, then fires so many times. Of the
//! faults that settle a request's fate the first in order that matches takes it, and later ones do not see it, so
//! "429 twice, then lose an answer" is two faults. Delays and other hands ([`FaultKind::Delay`], [`FaultKind::Meanwhile`]) settle nothing and
//! go with any other.

use std::fmt;
use std::time::Duration;

use super::hand::Hand;
use super::op::Op;

/// The body of a [`FaultKind::Status`] or [`FaultKind::StatusAfter`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FaultBody {
    /// The common envelope (contract section 5).
    #[default]
    Json,
    /// A page of HTML, as gateways and the edge network send.
    Html,
    /// Nothing.
    Empty,
}

/// The `retry-after` of a [`FaultKind::Status`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// As seconds.
    Seconds(u64),
    /// As a date so far from now; dates have whole seconds.
    Date(Duration),
}

/// When another hand acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Just before the matching request is looked at.
    Before,
    /// Just after it was answered.
    After,
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// Answers a status; nothing is applied.
    Status {
        /// HTTP status.
        status: u16,
        /// Body.
        body: FaultBody,
        /// `retry-after`.
        retry_after: Option<RetryAfter>,
    },
    /// Applies the request and then answers a status: a server that failed after its work was done.
    StatusAfter {
        /// HTTP status.
        status: u16,
        /// Body.
        body: FaultBody,
    },
    /// Applies the request and loses the answer: the connection is reset.
    LoseAnswer,
    /// Loses the request before it is applied: the connection is reset.
    LoseRequest,
    /// Loses the answer of a write now and applies it later: a killed or late request that still lands.
    Late {
        /// How much later.
        after: Duration,
    },
    /// Applies the request and answers late.
    Delay {
        /// How late.
        by: Duration,
    },
    /// Never answers and applies nothing.
    Hang,
    /// Applies the request and answers the first half of the body, as if it were whole.
    Truncate,
    /// Applies the request and answers 200 with a page of HTML.
    Html,
    /// Answers a list's first page with its cursor, whatever the request's cursor: following it goes round for ever.
    CursorLoop,
    /// Answers a write 200 (an assignment 202) in the right shape and changes nothing.
    Ignore,
    /// Answers a tagging 200 with `{"success": false}`.
    NoSuccess {
        /// Whether it is applied all the same.
        applied: bool,
    },
    /// Answers only so many rows of a page, its cursor as if it were whole: rows are missed. Of an assignment, only so many leads are assigned;
    /// of a tagging, only so many resources are tagged.
    Partial {
        /// Rows, leads or resources.
        rows: usize,
    },
    /// Answers a status whose message repeats the caller's key (contract section 5: it happened).
    EchoKey {
        /// HTTP status.
        status: u16,
    },
    /// Answers a status whose message repeats every secret that the request could be about: the caller's key, of a listing of keys all that
    /// are listed, of a making the new one, of a deletion the deleted one. With a 5xx it fails after its work was done, else before.
    EchoSecrets {
        /// HTTP status.
        status: u16,
    },
    /// Answers rows that say they are another workspace's.
    Foreign,
    /// Another hand changes the workspace.
    Meanwhile {
        /// Before or after the matching request.
        when: When,
        /// What it does.
        hand: Hand,
    },
    /// Answers 302 to another origin.
    Redirect,
    /// Refuses the connection, so the request never arrives. In-process only: a server cannot refuse what it accepted.
    NotSent,
    /// Applies the request and answers 200 with a body of so many bytes of JSON.
    Oversized {
        /// Bytes.
        bytes: usize,
    },
}

impl FaultKind {
    /// Returns the word of scripts and counts.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::StatusAfter { .. } => "status-after",
            Self::LoseAnswer => "lose-answer",
            Self::LoseRequest => "lose-request",
            Self::Late { .. } => "late",
            Self::Delay { .. } => "delay",
            Self::Hang => "hang",
            Self::Truncate => "truncate",
            Self::Html => "html",
            Self::CursorLoop => "cursor-loop",
            Self::Ignore => "ignore",
            Self::NoSuccess { .. } => "no-success",
            Self::Partial { .. } => "partial",
            Self::EchoKey { .. } => "echo-key",
            Self::EchoSecrets { .. } => "echo-secrets",
            Self::Foreign => "foreign",
            Self::Meanwhile { .. } => "meanwhile",
            Self::Redirect => "redirect",
            Self::NotSent => "not-sent",
            Self::Oversized { .. } => "oversized",
        }
    }

    /// Returns 429 with the common envelope and a `retry-after` in seconds where one is given.
    pub fn throttled(retry_after: Option<u64>) -> Self {
        Self::Status { status: 429, body: FaultBody::Json, retry_after: retry_after.map(RetryAfter::Seconds) }
    }

    /// Tells whether the kind can happen to an operation; a request it cannot happen to neither fires it nor is skipped by it.
    fn fits(&self, op: Option<Op>) -> bool {
        match self {
            Self::Ignore | Self::Late { .. } => op.is_some_and(Op::writes),
            Self::CursorLoop => op.is_some_and(Op::lists),
            Self::Partial { .. } => op.is_some_and(|op| op.lists() || matches!(op, Op::LeadsAssign | Op::TagToggle)),
            Self::NoSuccess { .. } => op == Some(Op::TagToggle),
            Self::Foreign => op.is_some_and(|op| !Self::says_nothing_of_whose(op)),
            _ => true,
        }
    }

    /// Tells whether an operation's answer has no member that says whose it is, or says so of two.
    fn says_nothing_of_whose(op: Op) -> bool {
        matches!(
            op,
            Op::GroupList
                | Op::GroupGet
                | Op::GroupAdmin
                | Op::GroupCreate
                | Op::GroupDelete
                | Op::LeadsAssign
                | Op::TagToggle
                | Op::AccountDaily
        )
    }

    fn settles(&self) -> bool {
        !matches!(self, Self::Delay { .. } | Self::Meanwhile { .. })
    }
}

/// A fault: what goes wrong, where, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// Name of the workspace meant; none is any.
    pub workspace: Option<String>,
    /// Operation meant; none is any.
    pub operation: Option<Op>,
    /// Matching requests let through first.
    pub skip: usize,
    /// How often it fires; none is always.
    pub times: Option<usize>,
}

impl Fault {
    /// Makes a fault that fires once, at the first request of any workspace.
    pub fn once(kind: FaultKind) -> Self {
        Self { kind, workspace: None, operation: None, skip: 0, times: Some(1) }
    }

    /// Makes a fault that always fires.
    pub fn always(kind: FaultKind) -> Self {
        Self { times: None, ..Self::once(kind) }
    }

    /// Means one workspace, by its name.
    #[must_use]
    pub fn on(mut self, workspace: impl Into<String>) -> Self {
        self.workspace = Some(workspace.into());
        self
    }

    /// Means one operation.
    #[must_use]
    pub fn at(mut self, operation: Op) -> Self {
        self.operation = Some(operation);
        self
    }

    /// Lets so many matching requests through first.
    #[must_use]
    pub fn skip(mut self, requests: usize) -> Self {
        self.skip = requests;
        self
    }

    /// Fires so many times.
    #[must_use]
    pub fn times(mut self, times: usize) -> Self {
        self.times = Some(times);
        self
    }
}

/// How often a fault was to fire and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultCount {
    /// The fault.
    pub fault: Fault,
    /// How often it was to fire; none is always, which wants once at least.
    pub wanted: Option<usize>,
    /// How often it fired.
    pub fired: usize,
}

impl FaultCount {
    /// Tells whether it fired as often as was wanted.
    pub fn is_met(&self) -> bool {
        self.wanted.map_or(self.fired > 0, |wanted| self.fired == wanted)
    }
}

impl fmt::Display for FaultCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fault, wanted, fired } = self;
        write!(f, "{}", fault.kind.as_str())?;
        if let Some(workspace) = &fault.workspace {
            write!(f, " on {workspace}")?;
        }
        if let Some(op) = fault.operation {
            write!(f, " at {op}")?;
        }
        match wanted {
            Some(wanted) => write!(f, ": fired {fired} of {wanted}"),
            None => write!(f, ": fired {fired}, wanted always"),
        }
    }
}

/// The faults of a world, with their counts.
#[derive(Debug, Default)]
pub(super) struct Faults {
    list: Vec<Counted>,
}

/// A fault, the requests it let through, and how often it fired.
#[derive(Debug)]
struct Counted {
    fault: Fault,
    skipped: usize,
    fired: usize,
}

impl Counted {
    fn fires(&mut self, workspace: Option<&str>, op: Option<Op>) -> bool {
        let Self { fault, skipped, fired } = self;
        let meant = fault.workspace.as_deref().is_none_or(|name| Some(name) == workspace)
            && fault.operation.is_none_or(|meant| Some(meant) == op)
            && fault.kind.fits(op);
        if !meant || fault.times.is_some_and(|times| *fired >= times) {
            return false;
        }
        if *skipped < fault.skip {
            *skipped += 1;
            return false;
        }
        *fired += 1;
        true
    }
}

/// The faults that fire at one request.
#[derive(Debug, Default)]
pub(super) struct Fired {
    pub(super) settling: Option<FaultKind>,
    pub(super) delay: Duration,
    pub(super) before: Vec<Hand>,
    pub(super) after: Vec<Hand>,
}

impl Faults {
    pub(super) fn add(&mut self, fault: Fault) {
        self.list.push(Counted { fault, skipped: 0, fired: 0 });
    }

    pub(super) fn clear(&mut self) {
        self.list.clear();
    }

    pub(super) fn counts(&self) -> Vec<FaultCount> {
        self.list
            .iter()
            .map(|Counted { fault, fired, .. }| FaultCount { fault: fault.clone(), wanted: fault.times, fired: *fired })
            .collect()
    }

    /// Tells whether the connection is refused. Asked first: what is refused never arrives and fires nothing else.
    pub(super) fn refuses(&mut self, workspace: Option<&str>, op: Option<Op>) -> bool {
        let mut refusals = self.list.iter_mut().filter(|counted| counted.fault.kind == FaultKind::NotSent);
        refusals.any(|counted| counted.fires(workspace, op))
    }

    /// Fires whatever matches a request that arrived.
    pub(super) fn fire(&mut self, workspace: Option<&str>, op: Option<Op>) -> Fired {
        let mut out = Fired::default();
        for counted in self.list.iter_mut().filter(|counted| counted.fault.kind != FaultKind::NotSent) {
            let taken = counted.fault.kind.settles() && out.settling.is_some();
            if taken || !counted.fires(workspace, op) {
                continue;
            }
            match &counted.fault.kind {
                FaultKind::Delay { by } => out.delay += *by,
                FaultKind::Meanwhile { when: When::Before, hand } => out.before.push(hand.clone()),
                FaultKind::Meanwhile { when: When::After, hand } => out.after.push(hand.clone()),
                kind => out.settling = Some(kind.clone()),
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_come_in_order_after_their_skips_and_are_counted() {
        let mut faults = Faults::default();
        faults.add(Fault::once(FaultKind::throttled(None)).on("acme").times(2));
        faults.add(Fault::once(FaultKind::LoseAnswer).on("acme").at(Op::MemberCreate).skip(1));
        let mut at = |workspace, op| faults.fire(Some(workspace), Some(op)).settling.map(|kind| kind.as_str());
        assert_eq!(at("globex", Op::MemberCreate), None);
        assert_eq!(at("acme", Op::MemberCreate), Some("status"));
        assert_eq!(at("acme", Op::MemberList), Some("status"));
        assert_eq!(at("acme", Op::MemberCreate), None, "one is let through");
        assert_eq!(at("acme", Op::MemberList), None);
        assert_eq!(at("acme", Op::MemberCreate), Some("lose-answer"));
        assert_eq!(at("acme", Op::MemberCreate), None);
        assert!(faults.counts().iter().all(FaultCount::is_met));
    }

    #[test]
    fn a_fault_that_never_fired_is_unmet_and_says_so() {
        let mut faults = Faults::default();
        faults.add(Fault::always(FaultKind::Hang).on("acme"));
        faults.add(Fault::once(FaultKind::Ignore));
        let fired = faults.fire(Some("globex"), Some(Op::MemberList));
        assert!(fired.settling.is_none(), "a read cannot be ignored");
        let texts: Vec<String> = faults.counts().iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["hang on acme: fired 0, wanted always", "ignore: fired 0 of 1"]);
        assert!(faults.counts().iter().all(|count| !count.is_met()));
    }

    #[test]
    fn delays_and_other_hands_go_with_a_fault_that_settles() {
        let mut faults = Faults::default();
        let hand = Hand::Remove { email: "a@b.example".into() };
        faults.add(Fault::once(FaultKind::Delay { by: Duration::from_secs(1) }));
        faults.add(Fault::once(FaultKind::Html));
        faults.add(Fault::once(FaultKind::Meanwhile { when: When::Before, hand: hand.clone() }));
        let fired = faults.fire(None, None);
        assert_eq!(fired.settling, Some(FaultKind::Html));
        assert_eq!((fired.delay, fired.before), (Duration::from_secs(1), vec![hand]));
    }
}
