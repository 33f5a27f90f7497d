//! The agency's files: TOML and CSV in, a checked [`Fleet`](crate::domain::Fleet) out; keys by reference.
//!
//! Owns the form of `keyholder.toml` and `workspaces/*.toml`, how a key reference becomes a key, how a selection is
//! understood, the lists of people and clients, the register of keys, where the secret of a new key is kept, and the only
//! writes into a user's files. It is strict with all of them, reports every problem of every file at once with its place, and never quotes what may hold a key.
//!
//! ```text
//! keyholder.toml, workspaces/*.toml ── toml (places, strictness) ── agency, workspace ── cross ─► Fleet | Problems
//! Fleet, Selection ─► &[Workspace] ── key ─► Access | KeyTrouble          people.csv ── people ─► PersonRow
//! keys.csv ── register ─► Register, and back                              a new secret ── key::store ─► a key file, a program
//! clients.csv ── init ─► new files                                        ids seen ── pin ─► the same files, one line more
//! ```
//!
//! It must not know the API, plans, runs or the ledger. Only [`key`] waits for anything; the rest is plain code.

mod accounts;
mod agency;
mod cells;
mod clients;
mod cross;
pub mod found;
pub mod init;
pub mod key;
pub mod key_policy;
mod load;
mod nearest;
pub mod people;
mod pieces;
pub mod pin;
pub mod preset;
mod problem;
pub mod register;
mod root;
pub mod select;
mod smell;
mod source;
pub mod tagged;
mod tags;
mod toml;
pub mod whole;
mod workspace;

pub use cells::{CsvProblem, CsvProblems};
pub use load::{Lists, load, load_with};
pub(crate) use nearest::did_you_mean;
pub use preset::presets;
pub use problem::{Problem, Problems};
pub use root::{ConfigError, find_root};
pub use select::{Purpose, Selection, SelectionError};

/// The file that makes a folder a root.
pub const AGENCY_FILE: &str = "keyholder.toml";
/// The folder with one file per client workspace.
pub const WORKSPACES: &str = "workspaces";
/// The folder `init` proposes for key files.
pub const SECRETS: &str = "secrets";

/// Says why a file cannot be had, in words of our own: the system's may name more than is meant to be shown.
fn why(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "it does not exist".to_owned(),
        kind => kind.to_string(),
    }
}
