//! `keyholder onboard`: bring people into workspaces.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;

use super::args::{Approve, Select};
use super::change::{self, Request};
use super::people::{self, AccessFlags, Person};
use super::session::Session;
use super::{Door, approval};
use crate::config::Purpose;
use crate::domain::{Email, Workspace};
use crate::plan::{AccessWish, Wish};
use crate::trouble::{Exit, Trouble};

/// Bring people into workspaces: invites who is not there, changes the role of who is there with another.
#[derive(Debug, Args)]
#[command(after_help = "What a role or preset gives: `keyholder help access`. The CSV file: `keyholder help people`.")]
pub struct Onboard {
    /// Addresses.
    #[arg(value_name = "EMAIL")]
    emails: Vec<String>,
    /// A role of the API: admin, editor or view.
    #[arg(long, conflicts_with_all = ["preset", "like"])]
    role: Option<String>,
    /// A template: admin, manager, sdr, viewer, or one of your own (keyholder.toml).
    #[arg(long, conflicts_with_all = ["like", "permissions"])]
    preset: Option<String>,
    /// Permissions that narrow the role, separated by commas; they can be set at invitation only.
    #[arg(long, value_name = "LIST", requires = "role")]
    permissions: Option<String>,
    /// Give, per workspace, what this colleague has there.
    #[arg(long, value_name = "COLLEAGUE")]
    like: Option<String>,
    /// Nickname of a new invitation, seen by the workspace's owner only (80 characters at most).
    #[arg(long, value_name = "NAME")]
    nickname: Option<String>,
    /// People from a CSV file.
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    #[command(flatten)]
    select: Select,
    #[command(flatten)]
    approve: Approve,
}

impl Onboard {
    /// Runs the command.
    pub async fn run(self, door: &Door<'_>) -> Result<Exit, Trouble> {
        approval::check(&self.approve)?;
        let session = Session::open(door)?;
        let chosen = session.choose(&self.select, Purpose::Write)?;
        let people = self.people(&session, &chosen)?;
        let request = Request { command: "onboard", select: &self.select, approve: &self.approve, undoes: None };
        let wishes = |workspace: &Workspace, _: &_| {
            people
                .iter()
                .filter(|(person, _)| person.applies_to(workspace))
                .map(|(person, access)| Wish::Present {
                    email: person.email.clone(),
                    access: access.clone(),
                    nickname: person
                        .row
                        .as_ref()
                        .and_then(|row| row.nickname.clone())
                        .or_else(|| self.nickname.clone()),
                })
                .collect()
        };
        let colleagues: BTreeSet<Email> = people
            .iter()
            .filter_map(|(_, access)| match access {
                AccessWish::Like(colleague) => Some(colleague.clone()),
                AccessWish::Fixed { .. } => None,
            })
            .collect();
        change::run(&session, &request, wishes, &colleagues).await
    }

    fn people(&self, session: &Session<'_>, chosen: &[&Workspace]) -> Result<Vec<(Person, AccessWish)>, Trouble> {
        people::nickname(self.nickname.as_deref())?;
        let flags = AccessFlags {
            role: self.role.as_deref(),
            preset: self.preset.as_deref(),
            permissions: self.permissions.as_deref(),
            like: self.like.as_deref(),
        };
        let flags = flags.resolve(&session.fleet)?;
        people::gather(session.door, &self.emails, self.from.as_ref(), chosen)?
            .into_iter()
            .map(|person| {
                let access = people::access_of(&session.fleet, &person, flags.as_ref())?;
                people::nickname(person.row.as_ref().and_then(|row| row.nickname.as_deref()))?;
                Ok((person, access))
            })
            .collect()
    }
}
