//! `keyholder trail`: what the vendor wrote down of what was done, looked at and kept.
//!
//! Owns the tree of verbs alone.

pub mod export;
pub mod look;
pub mod spool;
pub mod told;
pub mod wanted;

use clap::{Args, Subcommand};

use super::Door;
use super::args::Select;
use super::session::Session;
use crate::trouble::{Exit, Trouble};

/// Show what the vendor's audit log tells of all workspaces: who did what, when, by which key; keep it in files.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "What the log has and lacks, and the words for what was done: `keyholder help trail`.")]
pub struct Trail {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    look: look::Look,
    #[command(flatten)]
    select: Select,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Keep the vendor's audit log of all workspaces in files, one a month and workspace, and add to them what is new.
    Export(export::Export),
}

impl Trail {
    /// Runs the command.
    pub async fn run(self, door: &Door<'_>) -> Result<Exit, Trouble> {
        let session = Session::open(door)?;
        match self.verb {
            Some(Verb::Export(export)) => Box::pin(export.run(&session)).await,
            None => Box::pin(self.look.run(&session, &self.select)).await,
        }
    }
}
