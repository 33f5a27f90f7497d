//! Laws: what holds for every fleet, plan, summary and text, over generated ones.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[expect(clippy::allow_attributes, reason = "each test binary uses a part of the test world")]
#[allow(dead_code, reason = "each test binary uses a part of the test world")]
#[path = "../support/mod.rs"]
mod support;

mod accounts_owned;
mod converge;
mod csv_cells;
mod exits;
mod generate;
mod guarded;
mod keys_planned;
mod listing;
mod look_alikes;
mod looks;
mod offboarded;
mod order;
mod pace;
mod plan_file;
mod refusals;
mod secrets;
mod tags_planned;
mod undo;
