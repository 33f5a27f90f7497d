//! `keyholder check`: one line per workspace: key, identity, name, plan, scopes.

use clap::Args;
use futures::StreamExt as _;
use serde_json::json;

use super::args::Select;
use super::session::{self, Keys, Session};
use super::watch::Watch;
use super::{Door, closing, open_files, tables};
use crate::api::{Client, Error, MemberFilter, Refusal};
use crate::config::{Purpose, key};
use crate::domain::fleet::Reach;
use crate::domain::{Identity, Mode, Workspace, WorkspaceId};
use crate::report::listing::{self, Listing};
use crate::report::summary::meaning;
use crate::report::{Cell, Coverage, rows};
use crate::run::{Deck, LaneTrouble, Target, TroubleKind, lane};
use crate::trouble::{Exit, Trouble};
use crate::ui::words;

/// Verify every key, identity and scope, one line per workspace. Sends reads only.
#[derive(Debug, Args)]
#[command(
    after_help = "A scope is `has`, `lacks` or `unknown`: whether a key may write cannot be probed without writing."
)]
pub struct Check {
    #[command(flatten)]
    select: Select,
    /// Exit 10 when there are findings.
    #[arg(long)]
    detailed_exitcode: bool,
}

/// What a key may do, as far as a harmless read can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    Has,
    Lacks,
    Unknown,
}

impl Scope {
    fn of<T>(result: &Result<T, Error>) -> Self {
        match result {
            Ok(_) => Self::Has,
            Err(Error::Refused { refusal: Refusal::Scope, .. }) => Self::Lacks,
            Err(_) => Self::Unknown,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Has => "has",
            Self::Lacks => "lacks",
            Self::Unknown => "unknown",
        }
    }
}

/// What was found out about one workspace.
#[derive(Debug)]
struct Looked {
    identity: Result<Identity, LaneTrouble>,
    workspaces_read: Scope,
    members_read: Scope,
    members: Option<LaneTrouble>,
}

impl Check {
    /// Runs the command.
    pub async fn run(self, door: &Door<'_>) -> Result<Exit, Trouble> {
        let session = Session::open(door)?;
        let chosen = session.choose(&self.select, Purpose::Read)?;
        let keys = session.keys(&chosen).await?;
        let targets = session.targets(&chosen, &keys);
        let deck = session.deck(None)?;
        open_files::for_talking(&deck, &targets)?;
        let watch = Watch::begin(&door.printer, &deck, "checking", &targets);
        let looking = async {
            let lanes = lane::each(&targets, |target| look(&deck, target));
            futures::pin_mut!(lanes);
            let mut looked: Vec<Option<Looked>> = targets.iter().map(|_| None).collect();
            while let Some((place, result)) = lanes.next().await {
                let failed = !matches!(&result, Ok(Looked { identity: Ok(_), .. }));
                watch.ended(targets[place].name.as_str(), failed);
                looked[place] = result.ok();
            }
            looked
        };
        let looked = watch.around(deck.stop.unless_draining(looking)).await;
        let looked = looked.ok_or_else(|| session.interrupted())?;
        self.report(&session, &deck, &chosen, &keys, &looked)
    }

    fn report(
        &self,
        session: &Session<'_>,
        deck: &Deck,
        chosen: &[&Workspace],
        keys: &Keys,
        looked: &[Option<Looked>],
    ) -> Result<Exit, Trouble> {
        let door = session.door;
        let shared = key::shared_secrets(keys);
        let mut coverage = Coverage { asked: chosen.len(), ..Coverage::default() };
        let mut out = door.printer.data();
        let header = listing::header(None, "check", &self.select.describe());
        let mut listing =
            Listing::begin(&mut out, session.format(), "check", rows::CHECK, &header).map_err(tables::unwritable)?;
        let mut findings = 0;
        let (mut wrong, mut good) = (0, 0);
        let mut wrongs = Vec::new();
        for (workspace, looked) in chosen.iter().zip(looked) {
            let line = Line::of(workspace, keys, looked.as_ref(), &shared);
            match &line.trouble {
                None => coverage.complete += 1,
                Some(trouble) => session::unreadable(&mut coverage, workspace.name.as_str(), trouble),
            }
            findings += usize::from(line.finding.is_some());
            wrong += usize::from(line.wrong);
            good += usize::from(line.trouble.is_none() && !line.wrong && workspace.mode != Mode::Off);
            if let Some(advice) = &line.advice {
                wrongs.push(format!("{}: {advice}", workspace.name));
            }
            listing.row(&line.cells(workspace)).map_err(tables::unwritable)?;
        }
        let exit = if wrong > 0 { Exit::Config } else { coverage.exit() };
        let exit = if exit == Exit::Complete && findings > 0 && self.detailed_exitcode { Exit::Changes } else { exit };
        let summary = closing::summary(
            deck,
            json!({
                "type": "summary",
                "exit": exit.code(),
                "outcome": meaning(exit),
                "findings": findings,
                "coverage": coverage.record(),
            }),
        );
        listing.end(&summary).map_err(tables::unwritable)?;
        for line in &wrongs {
            door.printer.say(line);
        }
        let mut told = std::collections::BTreeSet::new();
        for lane in &coverage.unreadable {
            for advice in &lane.advice {
                if told.insert(advice.clone()) {
                    door.printer.say(&format!("{}: {advice}", lane.workspace));
                }
            }
        }
        door.printer.say(&format!(
            "{} of {} answered as they should; {}",
            good,
            words::count(coverage.asked, "workspace"),
            words::count(findings, "finding")
        ));
        Ok(exit)
    }
}

/// One line of the report.
struct Line {
    key: String,
    identity: &'static str,
    name: Option<String>,
    plan: String,
    scopes: [Scope; 2],
    finding: Option<String>,
    trouble: Option<LaneTrouble>,
    /// A mistake in our files: a missing key, a shared secret, a key of another workspace.
    wrong: bool,
    /// What to do about it.
    advice: Option<String>,
}

impl Line {
    fn of(
        workspace: &Workspace,
        keys: &Keys,
        looked: Option<&Looked>,
        shared: &[Vec<crate::domain::WorkspaceName>],
    ) -> Self {
        let key = match keys.get(&workspace.name) {
            Some(Ok(access)) => match &workspace.reach {
                Reach::Own(_) => access.key().fingerprint(),
                Reach::Via(admin) => format!("via {admin}"),
            },
            Some(Err(_)) => "missing".to_owned(),
            None => "not looked up".to_owned(),
        };
        let mut line = Self {
            key,
            identity: "unknown",
            name: None,
            plan: "unknown".to_owned(),
            scopes: [Scope::Unknown; 2],
            finding: None,
            trouble: None,
            wrong: false,
            advice: None,
        };
        line.look(workspace, keys, looked);
        if let Some(group) = shared.iter().find(|group| group.contains(&workspace.name)) {
            let others: Vec<String> =
                group.iter().filter(|name| **name != workspace.name).map(ToString::to_string).collect();
            line.find(format!("shares its key with {}", others.join(", ")), true);
            line.advice = Some("give each workspace a key of its own".to_owned());
        }
        line
    }

    fn look(&mut self, workspace: &Workspace, keys: &Keys, looked: Option<&Looked>) {
        if workspace.mode == Mode::Off {
            return self.find("its mode is off: not asked".to_owned(), false);
        }
        if let Some(Err(trouble)) = keys.get(&workspace.name) {
            self.trouble = Some(session::key_trouble(trouble));
            return self.find(trouble.to_string(), true);
        }
        let Some(looked) = looked else {
            self.trouble = Some(LaneTrouble::bug());
            return self.find("keyholder itself failed in this lane".to_owned(), false);
        };
        self.scopes = [looked.workspaces_read, looked.members_read];
        match &looked.identity {
            Ok(identity) => self.identify(workspace, identity),
            Err(trouble) => {
                if trouble.kind == TroubleKind::Plan {
                    "lapsed".clone_into(&mut self.plan);
                }
                self.find(trouble.text.clone(), false);
                self.trouble = Some(trouble.clone());
            }
        }
        if let (None, Some(trouble)) = (&self.trouble, &looked.members) {
            self.find(trouble.text.clone(), false);
            self.trouble = Some(trouble.clone());
        }
    }

    fn identify(&mut self, workspace: &Workspace, identity: &Identity) {
        self.name = Some(identity.name.clone());
        self.plan = identity.plan_id.clone().unwrap_or_else(|| "none named".to_owned());
        if let Some(when) = &identity.scheduled_for_removal_at {
            self.find(format!("the workspace is to be removed at {when}"), false);
        }
        match &workspace.id {
            Some(pinned) if *pinned == identity.id => self.identity = "pinned",
            Some(pinned) => {
                self.identity = "other";
                self.find(format!("its key opens another workspace: {} (pinned is {pinned})", identity.id), true);
                self.advice = Some("give it the key that belongs to it, or correct its id by hand".to_owned());
            }
            None => {
                self.identity = "unpinned";
                self.find("no id is pinned: run `keyholder pin` before any change".to_owned(), false);
            }
        }
    }

    fn find(&mut self, text: String, wrong: bool) {
        self.wrong |= wrong;
        self.finding = Some(match self.finding.take() {
            Some(first) => format!("{first}; {text}"),
            None => text,
        });
    }

    fn cells<'a>(&'a self, workspace: &'a Workspace) -> Vec<Cell<'a>> {
        let trouble = self.trouble.iter().flat_map(|trouble| trouble.advice.clone());
        let advice: Vec<String> = trouble.chain(self.advice.clone()).collect();
        vec![
            Cell::text(workspace.name.as_str()),
            Cell::text(workspace.mode.as_str()),
            Cell::text(self.key.clone()),
            Cell::text(self.identity),
            Cell::maybe(self.name.clone()),
            Cell::text(self.plan.clone()),
            Cell::text(self.scopes[0].as_str()),
            Cell::text(self.scopes[1].as_str()),
            // A write scope cannot be probed harmlessly.
            Cell::text(Scope::Unknown.as_str()),
            Cell::maybe(self.finding.clone()),
            Cell::maybe(workspace.id.as_ref().map(WorkspaceId::as_str)),
            Cell::maybe((!advice.is_empty()).then(|| advice.join("; "))),
        ]
    }
}

async fn look(deck: &Deck, target: &Target) -> Looked {
    let ready = async { Ok((target.talk(deck).await?, target.client(deck)?)) };
    let (_talking, client) = match ready.await {
        Ok(ready) => ready,
        Err(trouble) => {
            return Looked {
                identity: Err(trouble),
                workspaces_read: Scope::Unknown,
                members_read: Scope::Unknown,
                members: None,
            };
        }
    };
    let identity = client.current().await;
    let workspaces_read = Scope::of(&identity);
    // After a dead key or a lapsed plan the second question would only be answered the same way.
    let ask = match &identity {
        Ok(_) => true,
        Err(error) => matches!(error, Error::Refused { refusal: Refusal::Scope | Refusal::Route, .. }),
    };
    let members = if ask { Some(first_members(&client, target, &identity).await) } else { None };
    Looked {
        workspaces_read,
        members_read: members.as_ref().map_or(Scope::Unknown, Scope::of),
        members: members.and_then(Result::err).map(LaneTrouble::from),
        identity: identity.map_err(LaneTrouble::from),
    }
}

/// Reads the first page of members: tells whether the key may.
async fn first_members(client: &Client, target: &Target, identity: &Result<Identity, Error>) -> Result<(), Error> {
    let id = match (identity, &target.pinned) {
        (Ok(identity), _) => identity.id.clone(),
        (Err(_), Some(pinned)) => pinned.clone(),
        // Whose rows should come is unknown; that they may be read is all that is asked.
        (Err(error), None) => return Err(error.clone()),
    };
    let pages = client.member_pages(&id, &MemberFilter::default());
    futures::pin_mut!(pages);
    match pages.next().await {
        Some(Err(error)) => Err(error),
        Some(Ok(_)) | None => Ok(()),
    }
}
