//! `keyholder offboard`: take people out of workspaces.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;

use super::args::{Approve, Select};
use super::change::{self, Request};
use super::people;
use super::session::Session;
use super::{Door, approval};
use crate::config::Purpose;
use crate::domain::{Email, Workspace};
use crate::plan::Wish;
use crate::trouble::{Exit, Trouble};

/// Take people out of workspaces: removes memberships and withdraws open invitations.
#[derive(Debug, Args)]
#[command(
    after_help = "A plan that removes anything is applied by typing the first six characters of its id, or with --confirm ID."
)]
pub struct Offboard {
    /// Addresses.
    #[arg(value_name = "EMAIL")]
    emails: Vec<String>,
    /// People from a CSV file.
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    #[command(flatten)]
    select: Select,
    #[command(flatten)]
    approve: Approve,
}

impl Offboard {
    /// Runs the command.
    pub async fn run(self, door: &Door<'_>) -> Result<Exit, Trouble> {
        approval::check(&self.approve)?;
        let session = Session::open(door)?;
        let chosen = session.choose(&self.select, Purpose::Write)?;
        let people = people::gather(door, &self.emails, self.from.as_ref(), &chosen)?;
        let later: Vec<&str> = people
            .iter()
            .filter(|person| {
                person.row.as_ref().is_some_and(|row| row.hand_over_to.is_some() || row.last_day.is_some())
            })
            .map(|person| person.email.as_str())
            .collect();
        if !later.is_empty() {
            return Err(Trouble::new(
                Exit::Usage,
                format!("`hand_over_to` and `last_day` are not supported yet ({}); nothing was sent", later.join(", ")),
            )
            .advise("take these columns out of the file, and hand over in the app first"));
        }
        let leavers: BTreeSet<Email> = people.iter().map(|person| person.email.clone()).collect();
        let request = Request { command: "offboard", select: &self.select, approve: &self.approve, undoes: None };
        let wishes = |workspace: &Workspace, _: &_| {
            people
                .iter()
                .filter(|person| person.applies_to(workspace))
                .map(|person| Wish::Absent { email: person.email.clone() })
                .collect()
        };
        change::run(&session, &request, wishes, &leavers).await
    }
}
