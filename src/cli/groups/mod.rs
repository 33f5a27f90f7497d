//! `keyholder groups`: the admin workspaces of the fleet and what is under them, and each verb about links in a file of its own.
//!
//! Owns the tree of verbs, and which workspaces are asked for their links.

pub mod coverage;
pub mod list;
pub mod write;

use std::collections::BTreeSet;

use clap::{Args, Subcommand};

use super::Door;
use super::args::Select;
use super::session::Session;
use crate::config::Purpose;
use crate::domain::fleet::Reach;
use crate::domain::{Mode, Workspace, WorkspaceName};
use crate::report::cell::printable;
use crate::trouble::{Exit, Trouble};

/// List the links of groups over the fleet: which admin workspace holds which sub workspaces.
///
/// Every workspace with a key of its own is asked which workspaces are linked under it; one that heads no group has none.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "What a group is, and what must be accepted in the app: `keyholder help groups`.")]
pub struct Groups {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    list: list::List,
    #[command(flatten)]
    select: Select,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Hold the groups against the files: who is in one and not in the other, who has not answered, who refused.
    Coverage(coverage::Coverage),
    /// Invite workspaces into the group of an admin workspace; their owners must accept in the app.
    Invite(write::Invite),
    /// Remove workspaces from the group of an admin workspace, or withdraw their invitations.
    Remove(write::Remove),
}

impl Groups {
    /// Runs the command.
    pub async fn run(self, door: &Door<'_>) -> Result<Exit, Trouble> {
        let session = Session::open(door)?;
        match self.verb {
            Some(Verb::Coverage(coverage)) => coverage.run(&session).await,
            Some(Verb::Invite(invite)) => Box::pin(invite.run(&session)).await,
            Some(Verb::Remove(remove)) => Box::pin(remove.run(&session)).await,
            None => list::run(&session, &self.list, &self.select).await,
        }
    }
}

/// What a selection means for groups.
#[derive(Debug)]
pub struct Chosen<'f> {
    /// The workspaces that are asked for their links, in config order: those chosen that have a key of their own, and those that chosen ones
    /// are reached over.
    pub heads: Vec<&'f Workspace>,
    /// The chosen ones.
    names: BTreeSet<&'f WorkspaceName>,
    /// Whether nothing was narrowed.
    all: bool,
}

impl<'f> Chosen<'f> {
    /// Reads a selection. What is left out with --exclude is never asked, whoever is reached over it.
    pub fn of(session: &'f Session<'_>, select: &Select) -> Result<Self, Trouble> {
        let chosen = session.choose(select, Purpose::Read)?;
        let names: BTreeSet<&WorkspaceName> = chosen.iter().map(|workspace| &workspace.name).collect();
        let over: BTreeSet<&WorkspaceName> = chosen.iter().filter_map(|workspace| admin_of(workspace)).collect();
        let selection = select.selection();
        let head = |workspace: &&Workspace| {
            let own = matches!(workspace.reach, Reach::Own(_));
            let asked = names.contains(&workspace.name) || over.contains(&workspace.name);
            own && asked && workspace.mode != Mode::Off && !selection.excludes(workspace.name.as_str())
        };
        let heads = session.fleet.workspaces.iter().filter(head).collect();
        let all = select.workspace.is_empty() && select.label.is_empty();
        Ok(Self { heads, names, all })
    }

    /// Tells whether what is said of an admin workspace and a workspace of the files was asked for.
    pub fn takes(&self, admin: &WorkspaceName, sub: Option<&WorkspaceName>) -> bool {
        self.all || self.names.contains(admin) || sub.is_some_and(|sub| self.names.contains(sub))
    }

    /// Tells whether what is said of a workspace was asked for.
    pub fn means(&self, name: &WorkspaceName) -> bool {
        self.names.contains(name)
    }
}

/// The admin workspace that another one is reached over.
pub fn admin_of(workspace: &Workspace) -> Option<&WorkspaceName> {
    match &workspace.reach {
        Reach::Via(admin) => Some(admin),
        Reach::Own(_) => None,
    }
}

/// Finds the admin workspace by its name.
pub fn admin<'f>(session: &'f Session<'_>, text: &str) -> Result<&'f Workspace, Trouble> {
    let found = WorkspaceName::parse(text).ok().and_then(|name| session.fleet.workspace(&name));
    found.ok_or_else(|| {
        let what = format!("no workspace is named `{}` (--via); nothing was sent", printable(text));
        let guessed = write::nearest(session, text);
        let trouble = guessed.into_iter().fold(Trouble::new(Exit::Selection, what), Trouble::advise);
        trouble.advise("name the admin workspace as the files do; `keyholder check` lists the workspaces")
    })
}
