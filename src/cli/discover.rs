//! `keyholder discover`: a workspace file for every accepted sub workspace of a group.
//!
//! Only what was seen is written: each workspace is asked who it is, in its own name, before its file is made. Whoever does not answer, or
//! answers as another, gets none. Nor does one that may be in a file already, under a name whose id is not known.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use serde_json::json;

use super::groups::admin;
use super::reading;
use super::session::{self, Keys, Session};
use super::watch::Watch;
use super::{Door, closing, open_files, survey, tables};
use crate::config::found::{self, Found};
use crate::domain::fleet::Reach;
use crate::domain::{Access, Identity, Link, LinkStatus, Mode, Workspace, WorkspaceId, WorkspaceName};
use crate::report::cell::printable;
use crate::report::group_rows::{self, FOUND};
use crate::report::listing::{self, Listing};
use crate::report::summary::meaning;
use crate::report::{Cell, Coverage};
use crate::run::{Deck, LaneTrouble, Sight, Target, observe_links, who_answers};
use crate::trouble::{Exit, Trouble};
use crate::ui::words;

/// Write a workspace file for every accepted sub workspace of a group that no file names yet.
///
/// Each is asked who it is, in its own name, before its file is written: mode `observe`, its id pinned, reached `via` the admin workspace.
/// No file that is there is touched.
#[derive(Debug, Args)]
#[command(after_help = "What a group is, and what must be accepted in the app: `keyholder help groups`.")]
pub struct Discover {
    /// The admin workspace, by its name in the files.
    #[arg(long, value_name = "WORKSPACE")]
    via: String,
    /// Show what would be written and write nothing.
    #[arg(long)]
    dry_run: bool,
}

/// What came of one link.
struct Row {
    link: Link,
    name: Option<WorkspaceName>,
    outcome: &'static str,
    file: Option<String>,
    why: Option<String>,
}

/// Everything the command tells.
#[derive(Default)]
struct Told {
    rows: Vec<Row>,
    coverage: Coverage,
    written: usize,
    unwritten: usize,
}

impl Discover {
    /// Runs the command.
    pub async fn run(self, door: &Door<'_>) -> Result<Exit, Trouble> {
        let session = Session::open(door)?;
        let admin = admin(&session, &self.via)?;
        if let Reach::Via(over) = &admin.reach {
            let what = format!("`{}` is itself reached via `{over}`, and a sub workspace heads no group", admin.name);
            return Err(Trouble::new(Exit::Config, what).advise(format!("did you mean `--via {over}`?")));
        }
        let chosen = vec![admin];
        let keys = session.keys(&chosen).await?;
        reading::keys_or_trouble(&keys, &chosen)?;
        let targets = session.targets(&chosen, &keys);
        let deck = session.deck(None)?;
        let sights = reading::watched(&session, &deck, "reading", &targets, async |seen| {
            observe_links(&deck, &targets, seen).await
        })
        .await?;
        // Whose links these are must be sure: they become files.
        reading::strangers(&targets, &sights)?;
        let mut told = Told::default();
        told.coverage.asked = 1;
        for (target, sight) in targets.iter().zip(sights) {
            match survey::seen_or_why(sight) {
                Err(trouble) => session::unreadable(&mut told.coverage, target.name.as_str(), &trouble),
                Ok(observed) => {
                    let links = observed.links.map(|links| *links).unwrap_or_default();
                    match links.incomplete {
                        None => told.coverage.complete += 1,
                        Some(why) => {
                            told.coverage.partial.push((admin.name.to_string(), format!("the list of links: {why}")));
                        }
                    }
                    let known = Known::of(&session, &deck, &links.rows, &mut told.coverage).await?;
                    let new = sort(admin, links.rows, &known, &mut told.rows);
                    self.adopt(&session, &deck, (admin, &keys), new, &mut told).await?;
                }
            }
        }
        self.show(&session, &deck, admin, &told)
    }

    /// Asks each new workspace who it is, and writes its file.
    async fn adopt(
        &self,
        session: &Session<'_>,
        deck: &Deck,
        (admin, keys): (&Workspace, &Keys),
        new: Vec<Link>,
        told: &mut Told,
    ) -> Result<(), Trouble> {
        let targets: Vec<Target> = new.iter().map(|link| target(session, admin, keys, link)).collect();
        let (sights, answered) = ask(session, deck, &targets).await?;
        told.coverage.asked += targets.len();
        let mut seen: Vec<(Link, Found)> = Vec::new();
        for ((link, target), sight) in new.into_iter().zip(&targets).zip(sights) {
            match survey::seen_or_why(sight) {
                Ok(_) => {
                    told.coverage.complete += 1;
                    let title = link.sub_name.clone().filter(|name| !name.trim().is_empty());
                    let title = title.or_else(|| answered.get(&target.name).map(|identity| identity.name.clone()));
                    seen.push((link.clone(), Found { id: link.sub, title: title.unwrap_or_default() }));
                }
                Err(trouble) => {
                    let trouble = unanswered(&link, &trouble);
                    session::unreadable(&mut told.coverage, link.sub.as_str(), &trouble);
                    told.rows.push(Row {
                        link,
                        name: None,
                        outcome: "unanswered",
                        file: None,
                        why: Some(trouble.text),
                    });
                }
            }
        }
        let found: Vec<Found> = seen.iter().map(|(_, found)| found.clone()).collect();
        let names = found::names(&session.fleet, &found);
        let files: Vec<(WorkspaceName, Found)> = names.into_iter().zip(found).collect();
        if self.dry_run {
            for ((link, _), (name, _)) in seen.into_iter().zip(files) {
                let file = Some(found::file(&name).display().to_string());
                told.rows.push(Row { link, name: Some(name), outcome: "would write", file, why: None });
                told.written += 1;
            }
            return Ok(());
        }
        let written = found::write(&session.fleet.root, &files, &admin.name).map_err(|problems| {
            Trouble::advised(Exit::Config, problems)
                .advise("the root changed while the group was read; nothing was written")
        })?;
        for (((link, _), (name, _)), written) in seen.into_iter().zip(files).zip(written) {
            let file = Some(found::file(&name).display().to_string());
            let (outcome, why) = match written {
                Ok(_) => ("written", None),
                Err(error) => ("not written", Some(error.to_string())),
            };
            if why.is_none() {
                told.written += 1;
            } else {
                told.unwritten += 1;
            }
            told.rows.push(Row { link, name: Some(name), outcome, file, why });
        }
        Ok(())
    }

    fn show(&self, session: &Session<'_>, deck: &Deck, admin: &Workspace, told: &Told) -> Result<Exit, Trouble> {
        let printer = &session.door.printer;
        let exit = if told.unwritten > 0 { Exit::Output } else { told.coverage.exit() };
        let mut rows: Vec<&Row> = told.rows.iter().collect();
        rows.sort_by_key(|row| {
            (row.name.clone(), row.link.sub_name.clone(), row.link.sub.clone(), row.link.id.clone())
        });
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut out = printer.data();
        let selection = format!("--via {}", admin.name).into();
        let header = listing::header(None, "discover", &selection);
        let mut listing =
            Listing::begin(&mut out, session.format(), "found", FOUND, &header).map_err(tables::unwritable)?;
        for row in rows {
            *counts.entry(row.outcome).or_default() += 1;
            listing.row(&cells(row)).map_err(tables::unwritable)?;
        }
        let summary = closing::summary(
            deck,
            json!({
                "type": "summary",
                "exit": exit.code(),
                "outcome": meaning(exit),
                "outcomes": counts,
                "coverage": told.coverage.record(),
            }),
        );
        listing.end(&summary).map_err(tables::unwritable)?;
        tables::unread(printer, &told.coverage);
        let what = if self.dry_run { "to write" } else { "written" };
        let others: Vec<String> = counts
            .iter()
            .filter(|(outcome, _)| !matches!(**outcome, "written" | "would write"))
            .map(|(outcome, count)| format!("{count} {outcome}"))
            .collect();
        let others = if others.is_empty() { String::new() } else { format!("; {}", others.join(", ")) };
        printer.say(&format!("{} {what}{others}", words::count(told.written, "file")));
        if counts.contains_key("held") {
            printer.hint("write the ids into the files with `keyholder pin`, then run the command again");
        }
        if told.written > 0 && !self.dry_run {
            printer.hint("`keyholder check` tests them; they only read until you set another mode");
        }
        Ok(exit)
    }
}

fn cells(row: &Row) -> Vec<Cell<'_>> {
    let Row { link, name, outcome, file, why } = row;
    group_rows::found(
        name.as_ref().map(WorkspaceName::as_str),
        &link.sub,
        (link.sub_name.as_deref(), link.status.as_str()),
        (outcome, file.clone(), why.clone()),
    )
}

/// Which workspaces the files name, by their ids: those that stand there, and those that keys opened where none does.
struct Known<'f> {
    by_id: BTreeMap<WorkspaceId, &'f Workspace>,
    /// One of those that have no id and did not say who they are: it may be any workspace that no file seems to name.
    unknown: Option<&'f Workspace>,
}

impl<'f> Known<'f> {
    /// Asks each workspace that has no id who it is, one request each, where that matters: where a link leads to none of the others.
    async fn of(
        session: &'f Session<'_>,
        deck: &Deck,
        links: &[Link],
        coverage: &mut Coverage,
    ) -> Result<Self, Trouble> {
        let workspaces = &session.fleet.workspaces;
        let mut by_id: BTreeMap<WorkspaceId, &Workspace> =
            workspaces.iter().filter_map(|workspace| Some((workspace.id.clone()?, workspace))).collect();
        let is_new = |link: &Link| link.status == LinkStatus::Accepted && !by_id.contains_key(&link.sub);
        let matters = links.iter().any(is_new);
        let unpinned: Vec<&Workspace> = workspaces.iter().filter(|workspace| workspace.id.is_none()).collect();
        let mut unknown = None;
        if matters && !unpinned.is_empty() {
            let keys = session.keys(&unpinned).await?;
            let targets = session.targets(&unpinned, &keys);
            let (sights, _) = ask(session, deck, &targets).await?;
            coverage.asked += targets.len();
            for (workspace, sight) in unpinned.into_iter().zip(sights) {
                if let Sight::Unpinned { seen } = sight {
                    coverage.complete += 1;
                    by_id.entry(seen.id).or_insert(workspace);
                } else if let Err(trouble) = survey::seen_or_why(sight) {
                    session::unreadable(coverage, workspace.name.as_str(), &trouble);
                    unknown = unknown.or(Some(workspace));
                }
            }
        }
        Ok(Self { by_id, unknown })
    }
}

/// Tells of the links that need no file, and returns those that need one: accepted, in no file, each workspace once.
fn sort(admin: &Workspace, links: Vec<Link>, known: &Known<'_>, rows: &mut Vec<Row>) -> Vec<Link> {
    let mut new = Vec::new();
    let mut taken: BTreeSet<WorkspaceId> = BTreeSet::new();
    let stands: BTreeSet<WorkspaceId> =
        links.iter().filter(|link| link.status == LinkStatus::Accepted).map(|link| link.sub.clone()).collect();
    for link in links {
        let ours = known.by_id.get(&link.sub).copied();
        let name = ours.map(|ours| ours.name.clone());
        let file = ours.map(|ours| ours.place.file.display().to_string());
        let (outcome, why) = match (&link.status, ours, known.unknown) {
            (LinkStatus::Accepted, ..) if !taken.insert(link.sub.clone()) => continue,
            (LinkStatus::Accepted, Some(ours), _) => ("already", other_way(ours, admin)),
            (LinkStatus::Accepted, None, Some(unknown)) => {
                let name = &unknown.name;
                let why = format!(
                    "it may be `{name}`, whose file has no id and whose key did not say who it is: write the id with `keyholder pin -w {name}`"
                );
                ("held", Some(why))
            }
            (LinkStatus::Accepted, None, None) => {
                new.push(link);
                continue;
            }
            // A newer link stands.
            _ if stands.contains(&link.sub) => continue,
            (LinkStatus::Pending, ..) => {
                ("pending", Some("its owner must accept the invitation in the app".to_owned()))
            }
            (LinkStatus::Rejected, ..) => ("rejected", Some("its owner refused the invitation".to_owned())),
            (LinkStatus::Other(_), ..) => ("unknown", Some("what this status means is not published".to_owned())),
        };
        rows.push(Row { link, name, outcome, file, why });
    }
    new
}

/// Says where a workspace that is in a file is not reached over this group.
fn other_way(known: &Workspace, admin: &Workspace) -> Option<String> {
    match &known.reach {
        Reach::Via(via) if *via == admin.name => None,
        Reach::Via(via) => Some(format!("its file says `via = \"{via}\"`")),
        Reach::Own(_) if known.id.is_none() => {
            Some(format!("its file gives it a key of its own, and has no id: `keyholder pin -w {}`", known.name))
        }
        Reach::Own(_) => Some("its file gives it a key of its own".to_owned()),
    }
}

/// A lane to a workspace that is in no file yet: the admin workspace's key in its own name, and no other way.
fn target(session: &Session<'_>, admin: &Workspace, keys: &Keys, link: &Link) -> Target {
    let access = match keys.get(&admin.name) {
        Some(Ok(access)) => Ok(Access::As { key: access.key().clone(), workspace: link.sub.clone() }),
        Some(Err(trouble)) => Err(session::key_trouble(trouble)),
        None => Err(LaneTrouble::bug()),
    };
    let admin_key = admin.id.as_ref().map_or(admin.name.as_str(), |id| id.as_str());
    Target {
        // A lane has a name; no two ids are the same without their case either, and this one is written nowhere.
        name: WorkspaceName::slug(link.sub.as_str()).unwrap_or_else(|| admin.name.clone()),
        pinned: Some(link.sub.clone()),
        mode: Mode::Observe,
        access,
        key_id: None,
        pays: vec![
            (link.sub.to_string(), session.fleet.defaults.share.places()),
            (admin_key.to_owned(), admin.share.places()),
        ],
    }
}

async fn ask(
    session: &Session<'_>,
    deck: &Deck,
    targets: &[Target],
) -> Result<(Vec<Sight>, BTreeMap<WorkspaceName, Identity>), Trouble> {
    open_files::for_talking(deck, targets)?;
    let watch = Watch::begin(&session.door.printer, deck, "asking", targets);
    let seen = |place: usize, sight: &Sight| {
        watch.ended(targets[place].name.as_str(), matches!(sight, Sight::Unreadable(_)));
    };
    watch.around(who_answers(deck, targets, seen)).await.ok_or_else(|| session.interrupted())
}

/// Says of a workspace that did not answer as itself what that means here.
fn unanswered(link: &Link, trouble: &LaneTrouble) -> LaneTrouble {
    let called = link.sub_name.as_ref().map_or_else(String::new, |name| format!(" (\"{}\")", printable(name)));
    let text = format!("asked in its own name{called}: {}; no file is written for it", trouble.text);
    let advice = vec!["run the command again; if it stays, look at the group in the app".to_owned()];
    LaneTrouble::new(trouble.kind, text, advice)
}
