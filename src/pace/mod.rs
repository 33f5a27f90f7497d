//! When a workspace may be spoken to, and what an answer means for trying again.
//!
//! Owns the places of DESIGN section 5 ("Pacing"), the slowdown after a 429, the delays between attempts and the pure
//! question whether to try again. It knows nothing of HTTP, of the API or of what a workspace is: a pacer is keyed by
//! whatever shares a quota, and answers reach it as "answered" or "throttled".
//!
//! ```text
//! admit ─► Ticket (a place is reserved) ─► sent ─► answered | throttled | dropped ─► the place comes free
//!   ▲ FIFO; only the first in the queue has a timer, the others just stand in line
//! ```

pub mod backoff;
mod pacer;
mod places;
mod registry;
pub mod verdict;

#[cfg(test)]
mod laws;

pub use backoff::Backoff;
pub use pacer::{Pacer, Ticket};
pub use places::{CAP, HELD_AT_MOST};
pub use registry::{Pace, Pacers, Tickets, mixed};
pub use verdict::{Certainty, Kind, Tries, Verdict, verdict};
