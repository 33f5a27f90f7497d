//! Judging keys, and in [`tags`] tags: what is to be said against those of one workspace.
//!
//! Owns the rules, one file each under `rules`, and what the agency's policy makes of their findings: how grave each is, and which are
//! accepted until when. It looks at one workspace at a time and keeps nothing over workspaces; what concerns several, such as one
//! secret in two places, is handed to it. It knows `domain` alone: it reads nothing, sends nothing and knows no clock.
//!
//! It never accuses wrongly: what cannot be told is no finding but a [`NotJudged`].

mod acceptance;
pub mod access;
pub mod accounts;
mod bench;
pub mod case;
pub mod groups;
pub mod judge;
mod rules;
pub mod tags;
mod words;

#[cfg(test)]
mod sample;

pub use crate::domain::{About, Accepted, Finding, FindingCode, NotJudged, Severity};
pub use case::{Case, Configured, Maker, Opened, Sighted};
pub use judge::{Judge, Judgement, judge};
pub use rules::expired;
