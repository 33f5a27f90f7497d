//! A faithful stand-in for the API (design section 9): bearer keys, scopes, both limits, cursors, the real error bodies,
//! groups with `x-as-workspace`, invitations that a person accepts later, and scripted, counted faults.
//!
//! ```text
//!  world.toml ─ script ─┐                       ┌─ local:  Transport, in-process, virtual time
//!  n, m, seed ─ fleet ──┴─► World ◄─ one Ask ───┤
//!                            │                  └─ server: axum on 127.0.0.1, its own thread
//!                            ├ engine  one request, from arrival to log
//!                            ├ limit   both limits, per workspace
//!                            ├ record  what is remembered, and who is told
//!                            ├ fault   what goes wrong, and how often ─ bent
//!                            ├ routes  who may ask, what is valid, what changes ─ state
//!                            ├ things  what people own and make, one file a resource
//!                            ├ hand    what others do meanwhile
//!                            └ paper   the JSON, in the words of the contract's samples
//! ```
//!
//! It stands in for the API, so it knows of ours only the seam it stands behind (`api::transport`), the clock, and how a key
//! and an origin are written. It shares no wire types with the client: both are checked against the contract's samples and not
//! against each other. Where the contract is silent, [`Settings`] says what happens.
//!
//! Everything is deterministic: ids, keys and jitter come from a seed, moments from the clock it is given.

mod bent;
mod engine;
mod fault;
mod fleet;
mod hand;
mod limit;
mod local;
mod name;
mod northwind;
mod op;
mod paper;
mod record;
pub mod root;
mod routes;
pub mod script;
mod script_fault;
mod script_things;
pub mod server;
mod settings;
mod state;
mod things;
mod tree;
mod wire;
mod world;

#[cfg(test)]
mod tests;

pub use fault::{Fault, FaultBody, FaultCount, FaultKind, RetryAfter, When};
pub use hand::Hand;
pub use limit::{Rates, Window};
pub use local::{Local, LocalSettings};
pub use op::Op;
pub use record::{Effect, Header, Phase, Spoken};
pub use script::ScriptError;
pub use settings::{Invitations, KeyRecord, KeyShown, Labels, LastPage, Pays, RepeatInvite, Settings};
pub use things::look::{SimAccount, SimCampaign, SimJob, SimKey, SimLead, SimLeadList, SimRecord, SimWebhook};
pub use things::put;
pub use things::tagged::{SimLink, SimMapping, SimTag};
pub use world::{Seen, SimMember, World};
