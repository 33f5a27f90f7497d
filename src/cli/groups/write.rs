//! `keyholder groups invite` and `groups remove`: the lane is the admin workspace, the steps are about the others.

use clap::Args;

use super::admin;
use crate::cli::approval;
use crate::cli::args::{Approve, Select};
use crate::cli::change::{self, Drawn, Request};
use crate::cli::keys::enrol::Enrol;
use crate::cli::reading::{self, Asked, Reading};
use crate::cli::session::Session;
use crate::config::{Purpose, did_you_mean};
use crate::domain::{WorkspaceId, WorkspaceName};
use crate::plan::{LinkWish, Observed, draw_links};
use crate::report::cell::printable;
use crate::trouble::{Exit, Trouble};

/// Invite workspaces into the group of an admin workspace.
///
/// The vendor asks the owner of each, who must accept in the app: a step ends as `waiting` until then. A refused invitation is removed and
/// sent again.
#[derive(Debug, Args)]
#[command(after_help = "What a group is, and what must be accepted in the app: `keyholder help groups`.")]
pub struct Invite {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    approve: Approve,
}

/// Remove workspaces from the group of an admin workspace, or withdraw their invitations.
///
/// A workspace that the files reach over the link is held: without the link nothing reaches it any more.
#[derive(Debug, Args)]
#[command(after_help = "What a group is, and what must be accepted in the app: `keyholder help groups`.")]
pub struct Remove {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    approve: Approve,
}

#[derive(Debug, Args)]
struct Which {
    /// The workspaces: by their names in the files, or by their ids.
    #[arg(value_name = "WORKSPACE|ID", required = true)]
    subs: Vec<String>,
    /// The admin workspace, by its name in the files.
    #[arg(long, value_name = "WORKSPACE")]
    via: String,
}

impl Invite {
    /// Runs the command.
    pub async fn run(self, session: &Session<'_>) -> Result<Exit, Trouble> {
        run(session, "groups invite", &self.which, &self.approve, |sub, name| LinkWish::In { sub, name }).await
    }
}

impl Remove {
    /// Runs the command.
    pub async fn run(self, session: &Session<'_>) -> Result<Exit, Trouble> {
        run(session, "groups remove", &self.which, &self.approve, |sub, name| LinkWish::Out { sub, name }).await
    }
}

async fn run(
    session: &Session<'_>,
    command: &'static str,
    which: &Which,
    approve: &Approve,
    wish: impl Fn(WorkspaceId, String) -> LinkWish,
) -> Result<Exit, Trouble> {
    approval::check(approve)?;
    let guards = change::guards(session, approve)?;
    let admin = admin(session, &which.via)?;
    let wishes = which.subs.iter().map(|text| named(session, text)).collect::<Result<Vec<_>, Trouble>>()?;
    let wishes: Vec<LinkWish> = wishes.into_iter().map(|(sub, name)| wish(sub, name)).collect();
    let select = Select { workspace: vec![admin.name.to_string()], ..Select::default() };
    let chosen = session.choose(&select, Purpose::Write)?;
    let (deck, ledger, targets) = change::begin(session, approve, &chosen).await?;
    let rules = reading::rules(guards, &ledger, &deck, &targets, Asked::ToPlan).await?;
    let Reading { targets, observed, coverage, took, .. } = Reading::of_links(session, &deck, targets).await?;
    let seen: Vec<(Observed, Vec<LinkWish>)> =
        observed.into_iter().map(|observed| (observed, wishes.clone())).collect();
    let plan = draw_links(&seen, &rules);
    let observed = seen.into_iter().map(|(observed, _)| observed).collect();
    let drawn =
        Drawn { plan, targets, coverage, reading: took, observed, rules, leaving: None, enrol: Enrol::default() };
    let request = Request { command, select: &select, approve, undoes: None };
    change::proceed(session, &deck, &ledger, &request, drawn).await
}

/// Guesses which workspace was meant by a name that is none's.
pub(super) fn nearest(session: &Session<'_>, text: &str) -> Option<String> {
    did_you_mean(text, session.fleet.workspaces.iter().map(|workspace| workspace.name.as_str()))
}

/// Finds out which workspace is meant: by its name in the files, or by its id; with its name, where the files have one.
fn named(session: &Session<'_>, text: &str) -> Result<(WorkspaceId, String), Trouble> {
    let fleet = &session.fleet;
    if let Some(workspace) = WorkspaceName::parse(text).ok().and_then(|name| fleet.workspace(&name)) {
        let id = workspace.id.clone().ok_or_else(|| {
            Trouble::new(Exit::Config, format!("workspace `{}` has no id yet; nothing was sent", workspace.name))
                .advise(format!("write it into its file with `keyholder pin -w {}`", workspace.name))
        })?;
        return Ok((id, workspace.name.to_string()));
    }
    // A name with a letter wrong is an id too, by its letters alone; ids of workspaces are UUIDs.
    let Some(id) = WorkspaceId::parse(text).ok().filter(|_| is_uuid(text)) else {
        let what =
            format!("`{}` is neither the name of a workspace nor a workspace's id; nothing was sent", printable(text));
        let trouble = nearest(session, text).into_iter().fold(Trouble::new(Exit::Selection, what), Trouble::advise);
        return Err(trouble.advise(
            "`keyholder groups` lists what is in the group, with ids; `keyholder check` lists the workspaces",
        ));
    };
    let known = fleet.workspaces.iter().find(|workspace| workspace.id.as_ref() == Some(&id));
    Ok((id, known.map_or_else(String::new, |known| known.name.to_string())))
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}
