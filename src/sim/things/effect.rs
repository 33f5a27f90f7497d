//! What a write on a belonging did, for whoever counts.

use crate::sim::op::Op;
use crate::sim::routes::Wrote;

impl Wrote {
    /// A thing changed hands, was made or was deleted.
    pub(super) fn thing(op: Op, thing: u128, name: &str) -> Self {
        Self { op, row: thing, email: name.into(), role: "".into(), from: None, to: None, queued: false }
    }

    /// From whom to whom.
    pub(super) fn between(mut self, from: Option<u128>, to: Option<u128>) -> Self {
        (self.from, self.to) = (from, to);
        self
    }

    /// Accepted, and done later.
    pub(super) fn queued(mut self) -> Self {
        self.queued = true;
        self
    }
}
