//! `keyholder keys`: the API keys of all workspaces, and each verb about them in a file of its own.
//!
//! Owns the tree of verbs alone. What a key is, what is asked of keys and how they are read stands in the rooms.

pub mod adopt;
pub mod audit;
pub mod case;
pub mod create;
pub mod enrol;
pub mod list;
pub mod memory;
pub mod pick;
pub mod reconcile;
pub mod revoke;
pub mod rotate;
pub mod scopes;
pub mod sweep;
pub mod template;
pub mod vault;
pub mod write;

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
    /// Make a key in every selected workspace, from a preset or with scopes of your own.
    Create(create::Create),
    /// Delete keys: by id, name, finding or who made them. The key keyholder speaks with is never among them.
    Revoke(revoke::Revoke),
    /// Put a new key in the place of each configured one, and delete the old one.
    Rotate(rotate::Rotate),
}

impl Keys {
    /// Runs the command.
    pub async fn run(self, door: &Door<'_>) -> Result<Exit, Trouble> {
        let session = Session::open(door)?;
        match self.verb {
            Some(Verb::Audit(audit)) => audit.run(&session).await,
            Some(Verb::Adopt(adopt)) => adopt.run(&session).await,
            Some(Verb::Create(create)) => Box::pin(create.run(&session)).await,
            Some(Verb::Revoke(revoke)) => Box::pin(revoke.run(&session)).await,
            Some(Verb::Rotate(rotate)) => Box::pin(rotate.run(&session)).await,
            None => list::run(&session, &self.list, &self.select).await,
        }
    }
}
