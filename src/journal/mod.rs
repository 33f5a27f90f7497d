//! The ledger: written down before it acts, chained, on disk (design section 6).
//!
//! Owns `.keyholder/`: the SQLite file and the locks. It knows domain nouns, the clock and nothing of the network, plans or lanes.
//!
//! ```text
//! begin(RunHeader) ─► entry 1 `run` (head of the run before) ─► entries `planned`, one a step
//! append([Started]) ─► state.rs: may it? ─► entry, step row, run head ─ one commit, synced ─► Permit
//!                                     └─ no: nothing of the batch is written
//! entries ─► replay.rs: fold ─► state of every step ─► chain.rs compares it with the rows
//! ```
//!
//! | file | what it owns |
//! | --- | --- |
//! | `folder` | the state folder: modes, no symbolic links |
//! | `sql` | every word of SQL that is SQLite's own, the schema and its migrations |
//! | `db`, `columns` | the one connection, transactions, reading rows |
//! | `ledger`, `write` | [`Ledger`]: begin, append |
//! | `record`, `entry` | what can be written down, and its canonical bytes and hash |
//! | `state` | the state machine of a step |
//! | `replay`, `chain` | the fold over entries, and the proof that none was changed |
//! | `made`, `replaced`, `known` | keys that runs made, those they replaced and left, those that ever were |
//! | `exported` | what exports of the trail hold, and how much of it is whole |
//! | `query`, `people`, `departures`, `unfinished`, `sighting` | questions |
//! | `history` | what looks showed over time: spans and glimpses |
//! | `lock` | who may write to a workspace |
//! | `pace_lock` | who talks to a workspace, and what of its share is spent |
//! | `prune` | removing whole runs from the old end, and the record of it |
//! | `probe` | who is told of every commit |
//!
//! **Entries are the truth; `steps` and `runs` are an index of them**, kept in the same commit and compared by
//! [`Ledger::verify_chain`].
//!
//! **Virtual time.** sqlx answers from a thread of its own; awaiting it would let a paused clock jump over every timer. So every call
//! runs to its end inside one `spawn_blocking`, during which the runtime does not advance its clock.

mod chain;
mod columns;
mod db;
mod departures;
mod entry;
mod error;
mod exported;
mod folder;
mod history;
mod known;
mod ledger;
mod lock;
mod made;
mod pace_lock;
mod people;
mod probe;
mod prune;
mod query;
mod record;
mod replaced;
mod replay;
mod run_id;
mod sighting;
mod sql;
mod state;
#[cfg(test)]
mod tests;
mod unfinished;
mod write;

pub use chain::{ChainBreak, ChainReport, Head};
pub use departures::{Departure, Offboarding, Offboardings};
pub use entry::Entry;
pub use error::LedgerError;
pub use exported::{Exported, ExportedFile};
pub use history::{Glimpse, History, Look, MemberWrite, Span};
pub use known::KnownKeys;
pub use ledger::Ledger;
pub use lock::{Holder, LockTrouble, Turn, WriteLock};
pub use made::{MadeKey, made_by_step};
pub use pace_lock::{Left, PaceLock, PaceLocks, PaceTrouble, Talker};
pub use people::Account;
pub use probe::{Go, Moment, Probe};
pub use prune::{Candidate, Prunable, PruneNote, PruneStop, Pruned, YOUNGEST};
pub use query::{RunRow, RunState, StepRow, Unsettled};
pub use record::{KeyDid, Record, RunHeader, disposition_of};
pub use replaced::ReplacedLeft;
pub use replay::{Replay, ReplayTrouble, Replayed, replay};
pub use run_id::new_run_id;
pub use sighting::{Attributes, FirstSeen, Listing, Sighting, Watermark};
pub use state::{Class, Effect, Illegal, Move, State};
