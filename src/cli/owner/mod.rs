//! `keyholder owner`: who owns each workspace, and giving one another owner.
//!
//! Owns the tree of verbs alone.

pub mod show;
pub mod transfer;

use clap::{Args, Subcommand};

use super::Door;
use super::session::Session;
use crate::trouble::{Exit, Trouble};

/// Show who owns the workspaces, or give one workspace another owner.
#[derive(Debug, Args)]
pub struct Owner {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show who owns each workspace.
    Show(show::Show),
    /// Give one workspace another owner.
    Transfer(transfer::Transfer),
}

impl Owner {
    /// Runs the command.
    pub async fn run(self, door: &Door<'_>) -> Result<Exit, Trouble> {
        let session = Session::open(door)?;
        match self.verb {
            Verb::Show(show) => show.run(&session).await,
            Verb::Transfer(transfer) => Box::pin(transfer.run(&session)).await,
        }
    }
}
