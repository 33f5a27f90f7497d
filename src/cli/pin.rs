//! `keyholder pin`: write the ids that the keys opened into the workspace files.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::json;

use super::args::Select;
use super::session::{self, Session};
use super::{Door, reading, tables};
use crate::config::{self, Purpose};
use crate::domain::{WorkspaceId, WorkspaceName};
use crate::report::listing::{self, Listing};
use crate::report::summary::meaning;
use crate::report::{Coverage, rows};
use crate::run::{LaneTrouble, Sight, observe};
use crate::trouble::{Exit, Trouble};
use crate::ui::words;

/// Write the ids that the keys opened into the workspace files, keeping comments. Look at the names first: a pin is what every later write is checked against.
#[derive(Debug, Args)]
pub struct Pin {
    #[command(flatten)]
    select: Select,
    /// Show what would be pinned and write nothing.
    #[arg(long)]
    dry_run: bool,
}

/// What came of one workspace.
enum Answer {
    Pin(WorkspaceId, String),
    Already(WorkspaceId),
    Other { pinned: WorkspaceId, seen: WorkspaceId, name: String },
    Unreadable(LaneTrouble),
}

impl Pin {
    /// Runs the command.
    pub async fn run(self, door: &Door<'_>) -> Result<Exit, Trouble> {
        let session = Session::open(door)?;
        let chosen = session.choose(&self.select, Purpose::Read)?;
        let keys = session.keys(&chosen).await?;
        let targets = session.targets(&chosen, &keys);
        let deck = session.deck(None)?;
        let sights = reading::watched(&session, &deck, "asking", &targets, async |seen| {
            observe(&deck, &targets, |_| None, seen).await
        })
        .await?;
        let results: Vec<(WorkspaceName, Answer)> =
            targets.iter().map(|target| target.name.clone()).zip(sights.into_iter().map(result)).collect();
        twins(&session, &results)?;
        let new: Vec<(WorkspaceName, WorkspaceId)> = results
            .iter()
            .filter_map(|(name, result)| match result {
                Answer::Pin(id, _) => Some((name.clone(), id.clone())),
                _ => None,
            })
            .collect();
        if !self.dry_run && !new.is_empty() {
            config::pin::write(&session.fleet.root, &new).map_err(|error| Trouble::advised(Exit::Config, error))?;
        }
        self.report(&session, &results)
    }

    fn report(&self, session: &Session<'_>, results: &[(WorkspaceName, Answer)]) -> Result<Exit, Trouble> {
        let mut out = session.door.printer.data();
        let header = listing::header(None, "pin", &self.select.describe());
        let mut listing =
            Listing::begin(&mut out, session.format(), "pin", rows::PIN, &header).map_err(tables::unwritable)?;
        let mut coverage = Coverage { asked: results.len(), ..Coverage::default() };
        let (mut pinned, mut other) = (0, 0);
        for (name, result) in results {
            let cells = match result {
                Answer::Pin(id, label) => {
                    pinned += 1;
                    coverage.complete += 1;
                    let word = if self.dry_run { "would pin" } else { "pinned" };
                    rows::pin(name.as_str(), Some(id), Some(label), word, None)
                }
                Answer::Already(id) => {
                    coverage.complete += 1;
                    rows::pin(name.as_str(), Some(id), None, "already", None)
                }
                Answer::Other { pinned, seen, name: label } => {
                    other += 1;
                    coverage.complete += 1;
                    let why = format!("pinned is {pinned}; the id was left as it is");
                    rows::pin(name.as_str(), Some(seen), Some(label), "other", Some(why))
                }
                Answer::Unreadable(trouble) => {
                    session::unreadable(&mut coverage, name.as_str(), trouble);
                    rows::pin(name.as_str(), None, None, "unreadable", Some(trouble.text.clone()))
                }
            };
            listing.row(&cells).map_err(tables::unwritable)?;
        }
        let exit = if other > 0 { Exit::Config } else { coverage.exit() };
        let summary =
            json!({ "type": "summary", "exit": exit.code(), "outcome": meaning(exit), "coverage": coverage.record() });
        listing.end(&summary).map_err(tables::unwritable)?;
        tables::unread(&session.door.printer, &coverage);
        session.door.printer.say(&format!(
            "{} {}",
            words::count(pinned, "id"),
            if self.dry_run { "to pin" } else { "pinned" }
        ));
        if other > 0 {
            session.door.printer.warn(
                "a key opens another workspace than the pinned one: give it the right key, or correct the id by hand",
            );
        }
        Ok(exit)
    }
}

fn result(sight: Sight) -> Answer {
    match sight {
        Sight::Seen(observed) => Answer::Already(observed.id),
        Sight::Unpinned { seen } => Answer::Pin(seen.id, seen.name),
        Sight::Stranger { pinned, seen } => Answer::Other { pinned, seen: seen.id, name: seen.name },
        Sight::Unreadable(trouble) => Answer::Unreadable(trouble),
    }
}

/// Two workspaces that answer with one id would be two names for one client: nothing is pinned.
fn twins(session: &Session<'_>, results: &[(WorkspaceName, Answer)]) -> Result<(), Trouble> {
    let mut names: BTreeMap<&WorkspaceId, Vec<String>> = BTreeMap::new();
    for (name, result) in results {
        if let Answer::Pin(id, _) = result {
            names.entry(id).or_default().push(name.to_string());
        }
    }
    for workspace in &session.fleet.workspaces {
        if let Some(id) = &workspace.id
            && let Some(others) = names.get_mut(id)
        {
            others.push(workspace.name.to_string());
        }
    }
    let twins: Vec<String> = names
        .into_iter()
        .filter(|(_, names)| names.len() > 1)
        .map(|(id, names)| format!("  {} all open {id}", names.join(", ")))
        .collect();
    if twins.is_empty() {
        return Ok(());
    }
    Err(Trouble::new(
        Exit::Config,
        format!("several workspaces have keys of one workspace; nothing was pinned\n{}", twins.join("\n")),
    )
    .advise("give each workspace its own key"))
}
