//! Bulk reports: the tables of one workspace, the facts that pages and sums are made of, and what all of it could not see.
//!
//! Owns columns, rows, facts, the summary of a report and its pages. Everything here is made of one [`Inventory`](crate::domain::Inventory) at a
//! time, or of the [`Facts`] that were kept of several; no row of one workspace is ever in reach while another one is written. It reads and sends
//! nothing, and knows no file.

pub mod attention;
pub mod context;
pub mod facts;
pub mod page;
#[cfg(test)]
mod sample;
mod seen;
pub mod summary;
pub mod sums;
pub mod tables;

pub use context::{Context, KeySaid, OwnerSaid, Said, Stamp};
pub use facts::Facts;
pub use seen::table_fact;
pub use tables::{columns, is_number, rows, trail_row};
