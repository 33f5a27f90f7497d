//! `keyholder keys`: the API keys of all workspaces, and each verb about them in a file of its own.
//!
//! Owns the tree of verbs alone. What a key is, what is asked of keys and how they are read stands in the rooms.

pub mod adopt;
pub mod audit;
pub mod case;
pub mod list;
pub mod memory;
pub mod reconcile;
pub mod sweep;
pub mod vault;

use clap::{Args, Subcommand};

use super::Door;
use super::args::Select;
use super::session::Session;
use crate::trouble::{Exit, Trouble};

/// List the API keys of all workspaces; audit, make, replace and revoke them.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Keys {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    list: list::List,
    #[command(flatten)]
    select: Select,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Judge the keys of all workspaces by the agency's policy.
    Audit(audit::Audit),
    /// Fill the register of keys (keys.csv) from what is seen.
    Adopt(adopt::Adopt),
}

impl Keys {
    /// Runs the command.
    pub async fn run(self, door: &Door<'_>) -> Result<Exit, Trouble> {
        let session = Session::open(door)?;
        match self.verb {
            Some(Verb::Audit(audit)) => audit.run(&session).await,
            Some(Verb::Adopt(adopt)) => adopt.run(&session).await,
            None => list::run(&session, &self.list, &self.select).await,
        }
    }
}
