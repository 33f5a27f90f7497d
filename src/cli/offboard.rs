//! `keyholder offboard`: take people out of workspaces, and with them what they would leave behind.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;

use super::args::{Approve, Select};
use super::change::{self, Drawn, Request};
use super::keys::enrol::Enrol;
use super::leaving::{Leaver, Leaving};
use super::people;
use super::reading::{self, Asked, Reading};
use super::session::Session;
use super::{Door, approval, evidence};
use crate::config::Purpose;
use crate::domain::{Email, Workspace};
use crate::plan::{Observed, Wish, draw};
use crate::trouble::{Exit, Trouble};

/// Take people out of workspaces: memberships, open invitations, and what they would leave behind.
///
/// In each workspace first what they own is handed over (--hand-over-to), then keys they made are revoked (--revoke-keys), then their
/// membership is removed. What is left, and what a person must still do by hand, is listed after the run and in the certificates.
#[derive(Debug, Args)]
#[command(
    after_help = "A plan that removes, revokes or transfers anything is applied by typing the first six characters of its id, or with \
                  --confirm ID. More: `keyholder help offboarding`; the CSV file: `keyholder help people`."
)]
pub struct Offboard {
    /// Addresses.
    #[arg(value_name = "EMAIL")]
    emails: Vec<String>,
    /// People from a CSV file, each with `hand_over_to` and `last_day`, if they have one.
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Who is to have their campaigns, lead lists and leads: a member of the workspace, else these steps are held.
    #[arg(long, value_name = "EMAIL")]
    hand_over_to: Option<String>,
    /// Revoke the API keys that the audit log ties to them.
    #[arg(long)]
    revoke_keys: bool,
    /// Write the certificates here too; the folder must not exist, or be empty. (`--out` is where a plan is saved.)
    #[arg(long, value_name = "DIR", conflicts_with = "out")]
    certificates: Option<PathBuf>,
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
        let people = self.people(door, &chosen)?;
        if let Some(out) = &self.certificates {
            evidence::check_free(&door.path(out))?;
        }
        let guards = change::guards(&session, &self.approve)?;
        let (deck, ledger, targets) = change::begin(&session, &self.approve, &chosen).await?;
        let rules = reading::rules(guards, &ledger, &deck, &targets, Asked::ToPlan).await?;
        let mut leaving = Leaving::known_to(&ledger, people).await?.selected(self.select.all, &self.select.exclude);
        leaving.out.clone_from(&self.certificates);
        let quest = |observed: &Observed| leaving.quest(observed);
        let reading = Reading::with_belongings(&session, &deck, targets, quest).await?;
        let Reading { targets, observed, mut coverage, requests, took } = reading;
        let now = deck.clock.now();
        leaving.look(&observed, &mut coverage, now);
        leaving.requests = requests;
        let with_wishes = |observed: Observed| {
            let wishes = leaving.wishes(&observed, now);
            (observed, wishes)
        };
        let seen: Vec<(Observed, Vec<Wish>)> = observed.into_iter().map(with_wishes).collect();
        change::strays(&session, &seen, &leaving.emails());
        let plan = draw(&seen, &rules);
        let observed = seen.into_iter().map(|(observed, _)| observed).collect();
        let drawn = Drawn {
            plan,
            targets,
            coverage,
            reading: took,
            observed,
            rules,
            leaving: Some(leaving),
            enrol: Enrol::default(),
        };
        let request = Request { command: "offboard", select: &self.select, approve: &self.approve, undoes: None };
        change::proceed(&session, &deck, &ledger, &request, drawn).await
    }

    /// Puts together who leaves and how: a row of the file stands above the flags.
    fn people(&self, door: &Door<'_>, chosen: &[&Workspace]) -> Result<Vec<Leaver>, Trouble> {
        let refused = |what: String| Trouble::new(Exit::Usage, format!("{what}; nothing was sent"));
        let heir = self.hand_over_to.as_deref().map(Email::parse).transpose();
        let heir = heir.map_err(|error| refused(format!("{error} (--hand-over-to)")))?;
        let people = people::leavers(door, &self.emails, self.from.as_ref(), heir.as_ref(), chosen)?;
        let going: BTreeSet<&Email> = people.iter().map(|person| &person.email).collect();
        if let Some(heir) = heir.as_ref().filter(|heir| going.contains(heir)) {
            return Err(refused(format!("{heir} leaves as well and cannot take anything over (--hand-over-to)"))
                .advise("name a colleague who stays"));
        }
        let leaver = |person: &people::Person| {
            let row = person.row.as_ref();
            let narrowed = row.filter(|row| !(row.workspaces.is_empty() && row.labels.is_empty()));
            Leaver {
                email: person.email.clone(),
                heir: row.and_then(|row| row.hand_over_to.clone()).or_else(|| heir.clone()),
                revoke_keys: self.revoke_keys,
                last_day: row.and_then(|row| row.last_day),
                workspaces: narrowed.map(|row| {
                    chosen
                        .iter()
                        .filter(|workspace| row.applies_to(workspace))
                        .map(|one| one.name.to_string())
                        .collect()
                }),
            }
        };
        Ok(people.iter().map(leaver).collect())
    }
}
