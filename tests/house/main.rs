//! Rules of the house: what the documents promise is there, the rooms know only whom they may, and the tree is tidy.
#![expect(clippy::unwrap_used, reason = "all of it is test code, helpers too")]

mod examples;
mod fleets;
mod pages;
mod readme;
mod rooms;
mod tree;
mod words;
