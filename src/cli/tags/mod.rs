//! `keyholder tags`: the tags of all workspaces, and each verb about them in a file of its own.
//!
//! Owns the tree of verbs, and what the agency's files make of a label. What a tag is, and how tags are read and planned, stands in the rooms.

pub mod assign;
pub mod audit;
pub mod found;
pub mod list;
pub mod named;
mod nowhere;
pub mod show;
pub mod sweep;
pub mod sync;
pub mod which;
pub mod write;

use clap::{Args, Subcommand};

pub use nowhere::Nowhere;

use super::Door;
use super::args::Select;
use super::session::Session;
use crate::trouble::{Exit, Trouble};

/// List the tags of all workspaces; keep them as `[[tags]]` says, put them on, take them off.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "What [[tags]] and a query can say: `keyholder help tags`.")]
pub struct Tags {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    list: list::List,
    #[command(flatten)]
    select: Select,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make, rename and describe tags as `[[tags]]` of keyholder.toml says.
    Sync(sync::Sync),
    /// Put a tag on campaigns or sending accounts.
    Assign(assign::Assign),
    /// Take a tag off campaigns or sending accounts.
    Unassign(assign::Unassign),
    /// Tell which labels stand twice or nearly twice, and which no `[[tags]]` names. It reads, and writes nothing.
    Audit(audit::Audit),
    /// List what carries a tag.
    Show(show::Show),
}

impl Tags {
    /// Runs the command.
    pub async fn run(self, door: &Door<'_>) -> Result<Exit, Trouble> {
        let session = Session::open(door)?;
        match self.verb {
            Some(Verb::Sync(sync)) => Box::pin(sync.run(&session)).await,
            Some(Verb::Assign(assign)) => Box::pin(assign.run(&session)).await,
            Some(Verb::Unassign(unassign)) => Box::pin(unassign.run(&session)).await,
            Some(Verb::Audit(audit)) => Box::pin(audit.run(&session)).await,
            Some(Verb::Show(show)) => Box::pin(show.run(&session)).await,
            None => list::run(&session, &self.list, &self.select).await,
        }
    }
}
