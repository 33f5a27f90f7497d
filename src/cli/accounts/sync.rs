//! `keyholder accounts owners sync`: one owner's tag on every sending account that has an owner in the files, and no other.

use clap::Args;

use super::audit::Strays;
use crate::cli::approval;
use crate::cli::args::{Approve, Select};
use crate::cli::change::{self, Drawn, Request};
use crate::cli::keys::enrol::Enrol;
use crate::cli::reading::{self, Asked, Reading};
use crate::cli::session::Session;
use crate::config::Purpose;
use crate::plan::draw_account_owners;
use crate::run::{Carrying, TagQuest};
use crate::trouble::{Exit, Trouble};

/// Put on every sending account the tag of the owner that the files name, and take those of others off it.
///
/// Tags are made where they are missing. Accounts that no rule of the files is about are left alone. An account that rules of one rank give
/// to different people, or whose owner is no accepted member of its workspace, is held as it is.
#[derive(Debug, Args)]
#[command(
    after_help = "Whose an account is stands in [accounts.owners] of keyholder.toml and in the list of owners. A plan that takes tags off \
                  is applied by typing the first six characters of its id, or with --confirm ID. More: `keyholder help accounts`."
)]
pub struct Sync {
    #[command(flatten)]
    select: Select,
    #[command(flatten)]
    approve: Approve,
}

impl Sync {
    /// Runs the command.
    pub async fn run(self, session: &Session<'_>) -> Result<Exit, Trouble> {
        approval::check(&self.approve)?;
        let policy = &session.fleet.accounts;
        if policy.owners.rules().is_empty() {
            return Err(Trouble::new(Exit::Config, "the files name no owner of any sending account; nothing was sent")
                .advise("write [accounts.owners] in keyholder.toml, or name a list with `owners_file`; see `keyholder help accounts`"));
        }
        let guards = change::guards(session, &self.approve)?;
        let chosen = session.choose(&self.select, Purpose::Write)?;
        let request =
            Request { command: "accounts owners sync", select: &self.select, approve: &self.approve, undoes: None };
        let (deck, ledger, targets) = change::begin(session, &self.approve, &chosen).await?;
        let rules = reading::rules(guards, &ledger, &deck, &targets, Asked::ToPlan).await?;
        let quest = TagQuest { members: true, campaigns: false, accounts: true, carried: Carrying::All };
        let reading = Reading::of_tags(session, &deck, targets, &quest).await?;
        let Reading { targets, observed, coverage, took, .. } = reading;
        let mut strays = Strays::of(&session.fleet, &targets);
        for tagging in observed.iter().filter_map(|observed| observed.tagging.as_deref()) {
            tagging.accounts.rows.iter().for_each(|account| strays.seen(&account.email));
        }
        if coverage.partial.is_empty() && coverage.unreadable.is_empty() {
            strays.talk(&session.door.printer);
        }
        let (plan, observed) = draw_account_owners(observed, policy, &rules);
        let enrol = Enrol::default();
        let drawn = Drawn { plan, targets, coverage, reading: took, observed, rules, leaving: None, enrol };
        change::proceed(session, &deck, &ledger, &request, drawn).await
    }
}
