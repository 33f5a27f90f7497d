//! Bulk reports: the tables of one workspace, the facts that pages and sums are made of, and what all of it could not see.
//!
//! Owns columns, rows, facts, the summary of a report and its pages. Everything here is made of one [`Inventory`](crate::domain::Inventory) at a
//! time, or of the [`Facts`] that were kept of several; no row of one workspace is ever in reach while another one is written. It reads and sends
//! nothing, and knows no file.

pub mod facts;
pub mod page;
pub mod tables;

pub use facts::Facts;
