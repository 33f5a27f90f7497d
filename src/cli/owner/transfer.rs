//! `keyholder owner transfer WORKSPACE`: give one workspace another owner.

use std::path::PathBuf;

use clap::Args;

use crate::cli::approval;
use crate::cli::args::{Approve, Select};
use crate::cli::change::{self, Drawn, Request};
use crate::cli::keys::enrol::Enrol;
use crate::cli::reading::{self, Asked, Reading};
use crate::cli::session::Session;
use crate::config::Purpose;
use crate::config::key::token;
use crate::domain::{Email, SecurityToken, WorkspaceName};
use crate::plan::{Observed, OwnerWish, draw_owners};
use crate::run::Deck;
use crate::trouble::{Advise as _, Exit, Trouble};

/// Give one workspace another owner, who must be an accepted member of it.
///
/// The API wants a security token for it and hands out none: who owns the workspace now gets one in the vendor's app. It is read from a file
/// that only you may read, sent once, and kept nowhere: not in a plan, not in the ledger, not in any output. So a saved plan, `apply` and
/// `resume` cannot send a transfer; `resume` only finds out what became of one.
#[derive(Debug, Args)]
#[command(
    after_help = "It is approved by typing the workspace's name, or with --confirm ID; --yes is not enough, and nothing undoes it. \
                  More: `keyholder help ownership`."
)]
pub struct Transfer {
    /// The workspace, by its name in the files: exactly one.
    #[arg(value_name = "WORKSPACE")]
    workspace: String,
    /// Who is to own it.
    #[arg(long, value_name = "EMAIL")]
    to: String,
    /// The file with the security token; only its owner may read it (chmod 600).
    #[arg(long, value_name = "FILE")]
    security_token_file: Option<PathBuf>,
    #[command(flatten)]
    approve: Approve,
}

impl Transfer {
    /// Runs the command.
    pub async fn run(self, session: &Session<'_>) -> Result<Exit, Trouble> {
        approval::check(&self.approve)?;
        let email = Email::parse(&self.to)
            .map_err(|error| Trouble::new(Exit::Usage, format!("{error} (--to); nothing was sent")))?;
        let name = WorkspaceName::parse(&self.workspace).map_err(|error| {
            Trouble::new(Exit::Usage, format!("{error}; nothing was sent")).advise(
                "name one workspace as the files call it: one at a time is transferred, so no glob and no label",
            )
        })?;
        let select = Select { workspace: vec![name.to_string()], ..Select::default() };
        let chosen = session.choose(&select, Purpose::Write)?;
        let token = self.token(session)?;
        let guards = change::guards(session, &self.approve)?;
        let (deck, ledger, targets) = change::begin(session, &self.approve, &chosen).await?;
        let deck = Deck { token, ..deck };
        let rules = reading::rules(guards, &ledger, &deck, &targets, Asked::ToPlan).await?;
        let Reading { targets, observed, coverage, took, .. } = Reading::take(session, &deck, targets).await?;
        let seen: Vec<(Observed, Vec<OwnerWish>)> =
            observed.into_iter().map(|observed| (observed, vec![OwnerWish { email: email.clone() }])).collect();
        let plan = draw_owners(&seen, &rules);
        if plan.sends() > 0 && session.fleet.is_external(&email) == Some(true) {
            session.door.printer.warn(&format!("{email} is outside `agency.domains`: the workspace leaves the agency"));
        }
        let observed = seen.into_iter().map(|(observed, _)| observed).collect();
        let enrol = Enrol::default();
        let drawn = Drawn { plan, targets, coverage, reading: took, observed, rules, leaving: None, enrol };
        let request = Request { command: "owner transfer", select: &select, approve: &self.approve, undoes: None };
        let exit = change::proceed(session, &deck, &ledger, &request, drawn).await?;
        if self.approve.out.is_some() {
            session.door.printer.warn("a saved plan keeps no security token, so `keyholder apply` holds the transfer; it is there to be reviewed");
            session
                .door
                .printer
                .hint("run this command without -o, with --security-token-file and the plan's id after --confirm");
        }
        Ok(exit)
    }

    /// Reads the token, before anything is asked of the network.
    fn token(&self, session: &Session<'_>) -> Result<Option<SecurityToken>, Trouble> {
        let Some(path) = &self.security_token_file else {
            if self.approve.plan_only || self.approve.out.is_some() {
                return Ok(None);
            }
            return Err(Trouble::new(
                Exit::Usage,
                "a transfer needs a security token, and no --security-token-file names one; nothing was sent",
            )
            .advise("who gets one, where, and what happens without: `keyholder help ownership`")
            .advise("--plan-only shows the plan without one"));
        };
        let read = token::read(&session.door.env.cwd, path);
        read.map(Some).map_err(|error| {
            let advice = error.advice();
            let what = "the security token cannot be had; nothing was sent";
            advice.into_iter().fold(Trouble::because(Exit::Config, what, error), Trouble::advise)
        })
    }
}
