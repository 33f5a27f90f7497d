//! Who is told of every commit: tests, which end a run at an exact place of the protocol.

use std::fmt::Debug;

use super::record::Record;

/// When a commit is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Moment {
    /// Nothing of it is on disk.
    Before,
    /// All of it is on disk, and nobody has had the word yet.
    After,
}

/// What becomes of a commit that was told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Go {
    /// It goes on.
    On,
    /// It never comes back, as if the process had been killed there.
    Halt,
}

/// Is told of every commit of a ledger.
pub trait Probe: Debug + Send + Sync {
    /// Is told of the records of one commit; the beginning of a run has none.
    fn commit(&self, moment: Moment, records: &[Record]) -> Go;
}
