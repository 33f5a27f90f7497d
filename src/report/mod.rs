//! The numbers of a run, computed once, and their faces.
//!
//! Everything that stdout, the events file or a saved table carries is made here: rows, records, the summary, the exit code. It
//! knows `domain` and the values handed to it; it sends nothing and reads nothing.

pub mod access_matrix;
pub mod access_rows;
pub mod account_rows;
pub mod bulk;
pub mod cell;
pub mod certificate;
pub mod change_lines;
pub mod csv_row;
pub mod evidence;
pub mod findings;
pub mod group_rows;
pub mod html;
pub mod key_rows;
pub mod listing;
mod member_rows;
pub mod owner_rows;
pub mod register_rows;
pub mod rows;
pub mod summary;
pub mod tag_rows;
pub mod trail_rows;

pub use cell::{Cell, Column};
pub use listing::{Format, Listing};
pub use summary::{Coverage, Summary, Unlisted, Unreadable};
