//! The typed client: what can be asked of the API, and what is known about an answer.
//!
//! Owns the wire forms, the paging rules, the sorting of answers and the network behind the one [`transport::Transport`].
//! Tolerant towards the API (contract section 12), strict about what counts as proof. It repeats reads as `pace` says and
//! never a write. It knows no plan, no ledger and no fleet.
//!
//! ```text
//! Client ─ read ─► slot (pace, then the global permit) ─► Transport ─► classify ─► decode ─► Member, Identity
//! Writer ─ one attempt, with a Permit ────────────────────────┘
//! ```

mod ahead;
mod belongings;
pub mod breadth;
mod classify;
pub mod client;
pub mod error;
pub mod http;
pub mod members;
pub mod needs;
pub mod operation;
pub mod page;
pub mod permits;
mod scrub;
mod seen;
mod text;
pub mod transport;
mod wire;
mod workspace;
pub mod writer;

#[cfg(test)]
mod client_tests;
#[cfg(test)]
mod http_tests;
#[cfg(test)]
mod owner_tests;
#[cfg(test)]
mod script;

pub use belongings::{Above, LeadsQuery, MOST_LEAD_PAGES, MadeKey, Mappings, TrailFailure, TrailFilter, TrailRead};
pub use client::{Client, ClientSettings, Slot, Tally};
pub use error::{Error, Refusal};
pub use http::{Http, HttpSettings};
pub use members::Invite;
pub use operation::Operation;
pub use page::{Incomplete, Listing, MemberFilter, Page};
pub use permits::Permits;
pub use writer::Writer;
