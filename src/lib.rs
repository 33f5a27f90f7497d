//! keyholder: an agency's hand in all of its client workspaces at once.
//!
//! The way of the data; arrows between rooms point one way only, and a test keeps them so:
//!
//! ```text
//! argv, env ── cli::Args ── Settings ─┐
//! keyholder.toml, workspaces/ ─ config ┴─► Fleet ─► lanes, one per workspace
//!                                                    │ api: observe ───────────────► Observed
//!                                                    │ plan::draw(Wish, Observed) ──► Plan  (shown, saved)
//!                                                    │ worker: Step ► journal started ► send ► Outcome
//!                               dispatcher ◄─ Event ─┘
//!                    journal · progress · events ─► Summary ─► report ─► exit code
//! ```
//!
//! | room | what it is for |
//! | --- | --- |
//! | [`domain`] | the nouns: workspace, member, step, outcome; no I/O |
//! | [`config`] | TOML and CSV in, a checked fleet out; keys by reference |
//! | [`api`] | the typed client; one `Transport`, the network behind it |
//! | [`pace`] | when a workspace may be spoken to, and what an answer means for trying again |
//! | [`plan`] | pure: from what should be and what was observed to what is to be done, or held |
//! | [`audit`] | pure: what is to be said against the keys of a workspace, one file per rule |
//! | [`journal`] | the ledger: written down before it acts, chained |
//! | [`run`] | lanes, workers, the dispatcher, stopping |
//! | [`report`] | the numbers of a run, and their faces |
//! | [`sim`] | a stand-in for the API, in-process and on loopback |
//! | [`ui`] | printing, progress, words |
//! | [`cli`] | the doors: one file per command |

pub mod api;
pub mod audit;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod env;
pub mod journal;
pub mod pace;
pub mod plan;
pub mod report;
pub mod run;
pub mod sim;
pub mod trouble;
pub mod ui;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
