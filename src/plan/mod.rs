//! From what should be and what was observed to what is to be done, or held.
//!
//! Pure and total: the same inputs give the same plan, in any input order; nothing is sent, read or timed here. What it
//! decides *not* to do is part of the plan, with reasons. It knows `domain` alone.

pub mod account_owners;
mod again;
mod claims;
pub mod doubt;
pub mod draw;
pub mod earlier;
pub mod file;
pub mod forecast;
pub mod guard;
mod heir;
pub mod holds;
pub mod keys;
mod leave;
pub mod limits;
pub mod links;
mod members;
pub mod observed;
pub mod owner;
pub mod person;
mod picture;
pub mod refusal;
pub mod tags;
pub mod traces;
pub mod undo;
pub mod weight;
pub mod wish;

pub use account_owners::draw_account_owners;
pub use doubt::{Doubt, Doubts};
pub use draw::{Item, Note, Plan, Planned, draw};
pub use earlier::{Earlier, Ending, quest_of};
pub use guard::Rules;
pub use keys::{KeyWish, draw_keys};
pub use links::{LinkWish, draw_links};
pub use observed::{Activity, Belongings, Carried, Found, Observed, Tagging};
pub use owner::{OwnerWish, draw_owners};
pub use refusal::Refusal;
pub use tags::{TagWish, draw_tags};
pub use traces::Traces;
pub use weight::Weight;
pub use wish::{AccessWish, Leave, Wish};
