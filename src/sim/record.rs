//! What the world remembers for whoever asks afterwards, and whom it tells while it happens.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::op::Op;
use super::world::Seen;

/// A write that took effect: what an independent count of "nothing twice, nothing lost" adds up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// When it took effect, since the world's clock began.
    pub moment: Duration,
    /// Name of the workspace.
    pub workspace: Arc<str>,
    /// What was done.
    pub operation: Op,
    /// Id of the row or other thing that was made, changed or removed; of an assignment, one lead; of a tagging, the first tag that was put on
    /// or taken off anything.
    pub row: String,
    /// Invited address of that row, name of that thing; a lead has none.
    pub email: Arc<str>,
    /// The row's role after the write; of a row that was removed, before it. Of a tagging `on` or `off`, of another thing nothing.
    pub role: String,
    /// The account whose a thing was.
    pub from: Option<String>,
    /// The account whose it is after the write.
    pub to: Option<String>,
    /// Whether it landed after its answer had been lost.
    pub late: bool,
}

/// Whom a request named in `x-as-workspace`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Header {
    /// There was no such header: the key's own workspace is meant.
    Absent,
    /// A workspace, by its name; whether the key may act as it is another matter.
    Workspace(Arc<str>),
    /// An id of no workspace.
    Nobody,
}

/// Requests that are alike in whose key they came with and whom they meant: what shows that nothing was said in another's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spoken {
    /// Name of the workspace whose key it was; none is an unknown key, or none at all.
    pub key_of: Option<Arc<str>>,
    /// Whom the header named.
    pub header: Header,
    /// The operation; none is an unknown route.
    pub operation: Option<Op>,
    /// Whether the key was live and might act there, at that moment.
    pub let_in: bool,
}

/// Whom a request named, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Named {
    Absent,
    Workspace(usize),
    Nobody,
}

/// The same in numbers, for counting a hundred thousand of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct SpokenAs {
    pub(super) home: Option<usize>,
    pub(super) header: Named,
    pub(super) operation: Option<Op>,
    pub(super) let_in: bool,
}

/// How far a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// It arrived and was not looked at yet: what is seen of it lacks the answer. In-process, a connection that is then refused is told too.
    Arrived,
    /// It was handled: if it was to change anything, it has, and [`Seen::wrote`] says so.
    Handled,
    /// Its answer is about to be sent, after all delays; not told where there is none.
    Answering,
}

type Tell = dyn Fn(&Seen, Phase) + Send + Sync;

/// Who is told of every request. It may ask the world anything: nothing is locked meanwhile.
#[derive(Clone)]
pub(super) struct Watch(pub(super) Arc<Tell>);

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

/// A request between its handling and its answer, for whoever watches.
#[derive(Debug)]
pub(super) struct Told(pub(super) Option<(Watch, Seen)>);

impl Told {
    /// Says that the answer is about to be sent.
    pub(super) fn answering(self) {
        if let Some((watch, seen)) = self.0 {
            (watch.0)(&seen, Phase::Answering);
        }
    }
}

/// The last so many entries of a log.
#[derive(Debug)]
pub(super) struct Log<T> {
    most: usize,
    dropped: usize,
    pub(super) kept: VecDeque<T>,
}

impl<T> Log<T> {
    pub(super) fn new(most: usize) -> Self {
        Self { most, dropped: 0, kept: VecDeque::new() }
    }

    pub(super) fn push(&mut self, entry: T) {
        self.kept.push_back(entry);
        self.shrink();
    }

    /// Keeps the last so many entries from now on.
    pub(super) fn keep(&mut self, most: usize) {
        self.most = most;
        self.shrink();
    }

    fn shrink(&mut self) {
        while self.kept.len() > self.most {
            self.kept.pop_front();
            self.dropped += 1;
        }
    }

    /// The number of the youngest entry, kept or not.
    pub(super) fn last(&self) -> usize {
        (self.dropped + self.kept.len()).saturating_sub(1)
    }

    pub(super) fn at(&mut self, number: usize) -> Option<&mut T> {
        self.kept.get_mut(number.checked_sub(self.dropped)?)
    }
}
