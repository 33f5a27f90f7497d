//! `keyholder tags show`: what carries a tag, over all workspaces.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use serde_json::json;

use super::{named, sweep};
use crate::cli::args::Select;
use crate::cli::closing;
use crate::cli::session::Session;
use crate::cli::tables;
use crate::config::{Purpose, did_you_mean};
use crate::domain::{ResourceKind, Tag};
use crate::plan::{Observed, Tagging};
use crate::report::cell::printable;
use crate::report::listing::{self, Listing};
use crate::report::summary::{meaning, total};
use crate::report::tag_rows::{self, CARRIER, Seen};
use crate::run::{Carrying, TagQuest};
use crate::trouble::{Exit, Trouble};
use crate::ui::words;

/// List what carries a tag.
///
/// A row for each campaign and sending account that carries a tag of this label, by the list of what carries what. A label that is in no
/// workspace is exit 4.
#[derive(Debug, Args)]
pub struct Show {
    /// The tag's label.
    #[arg(id = "tag_label", value_name = "LABEL")]
    label: String,
    #[command(flatten)]
    select: Select,
}

impl Show {
    /// Runs the command.
    pub async fn run(self, session: &Session<'_>) -> Result<Exit, Trouble> {
        let door = session.door;
        let label = named::label(&self.label)?;
        let chosen = session.choose(&self.select, Purpose::Read)?;
        let keys = session.keys(&chosen).await?;
        let targets = session.targets(&chosen, &keys);
        let deck = session.deck(None)?;
        // The list of campaigns is for their names; accounts are called by their addresses.
        let quest = TagQuest { campaigns: true, carried: Carrying::All, ..TagQuest::TAGS };
        let mut out = door.printer.data();
        let header = listing::header(None, "tags show", &self.select.describe());
        let mut listing =
            Listing::begin(&mut out, session.format(), "carrier", CARRIER, &header).map_err(tables::unwritable)?;
        let (mut shown, mut there) = (0_usize, 0_usize);
        let mut labels: BTreeSet<String> = BTreeSet::new();
        let coverage = sweep::sweep(session, &deck, &targets, &quest, |observed, tagging, at| {
            let mut found = false;
            for tag in named::in_order(tagging) {
                if !tag.is_called(&label) {
                    labels.insert(tag.label.trim().to_owned());
                    continue;
                }
                found = true;
                shown += rows(&mut listing, observed, tagging, tag, at).map_err(tables::unwritable)?;
            }
            there += usize::from(found);
            Ok(())
        })
        .await?;
        let whole = coverage.partial.is_empty() && coverage.unreadable.is_empty();
        let exit = match coverage.exit() {
            Exit::Complete if there == 0 && whole => Exit::Selection,
            exit => exit,
        };
        let exact = coverage.is_complete();
        let summary = closing::summary(
            &deck,
            json!({
                "type": "summary",
                "exit": exit.code(),
                "outcome": meaning(exit),
                "rows": total(shown, exact),
                "workspaces": total(there, whole),
                "coverage": coverage.record(),
            }),
        );
        listing.end(&summary).map_err(tables::unwritable)?;
        let printer = &door.printer;
        tables::unread(printer, &coverage);
        if there == 0 {
            let read = words::count(coverage.asked - coverage.unreadable.len(), "workspace");
            printer.warn(&format!("no tag \"{}\" is in the {read} that could be read", printable(&label)));
            if let Some(near) = did_you_mean(&label, labels.iter().map(String::as_str)) {
                printer.hint(&printable(&near));
            }
        }
        let asked = words::count(coverage.asked, "workspace");
        let told = format!("{}{shown} that carry it; the tag is in {there} of {asked}", closing::at_least(exact));
        closing::say(printer, &deck, &told);
        Ok(exit)
    }
}

/// Writes what carries one tag, campaigns by their names first, and counts it.
fn rows(
    listing: &mut Listing<'_>,
    observed: &Observed,
    tagging: &Tagging,
    tag: &Tag,
    at: &str,
) -> std::io::Result<usize> {
    let names: BTreeMap<&str, &str> =
        tagging.campaigns.rows.iter().map(|row| (row.id.as_str(), row.name.as_str())).collect();
    let name = observed.workspace.as_str();
    let seen = Seen { workspace: name, workspace_id: &observed.id, observed_at: at };
    let mut carriers: Vec<(bool, Option<&str>, &str)> = tagging
        .carried
        .get(&tag.id)
        .into_iter()
        .flatten()
        .map(|(kind, id)| {
            let is_account = *kind == ResourceKind::Account;
            (is_account, names.get(id.as_str()).copied().filter(|_| !is_account), id.as_str())
        })
        .collect();
    carriers.sort_unstable();
    for (is_account, name, id) in &carriers {
        let kind = if *is_account { ResourceKind::Account } else { ResourceKind::Campaign };
        listing.row(&tag_rows::carrier(seen, tag, kind.words().0, id, *name))?;
    }
    Ok(carriers.len())
}
