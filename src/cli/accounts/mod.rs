//! `keyholder accounts`: the sending accounts of all workspaces, and the verbs about their owners in files of their own.
//!
//! Owns the tree of verbs alone. What is asked of accounts and how they are read stands in the rooms.

pub mod audit;
pub mod list;
pub mod seen;
pub mod sweep;
pub mod sync;

use clap::{Args, Subcommand};

use super::Door;
use super::args::Select;
use super::session::Session;
use crate::trouble::{Exit, Trouble};

/// List the sending accounts of all workspaces: who sends from what, and whether it is healthy; keep whose they are.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(
    after_help = "What a query can say: `keyholder help tags`. Whose an account is, and what is a finding: `keyholder help accounts`."
)]
pub struct Accounts {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    list: list::List,
    #[command(flatten)]
    select: Select,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Keep one owner's tag on every sending account, as the files say; or tell which accounts have no owner, or several.
    Owners(Owners),
}

/// Keep one owner's tag on every sending account, as the files say; or tell which accounts have no owner, or several.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, subcommand_required = true)]
pub struct Owners {
    #[command(subcommand)]
    verb: OwnersVerb,
}

#[derive(Debug, Subcommand)]
enum OwnersVerb {
    /// Put on every sending account the tag of the owner that the files name, and take those of others off it.
    Sync(sync::Sync),
    /// Tell which sending accounts have no owner, several, or one who is no member. It reads, and writes nothing.
    Audit(audit::Audit),
}

impl Accounts {
    /// Runs the command.
    pub async fn run(self, door: &Door<'_>) -> Result<Exit, Trouble> {
        let session = Session::open(door)?;
        match self.verb {
            Some(Verb::Owners(Owners { verb: OwnersVerb::Sync(sync) })) => Box::pin(sync.run(&session)).await,
            Some(Verb::Owners(Owners { verb: OwnersVerb::Audit(audit) })) => audit.run(&session).await,
            None => list::run(&session, &self.list, &self.select).await,
        }
    }
}
