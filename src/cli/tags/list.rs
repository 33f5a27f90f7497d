//! `keyholder tags`: list the tags of all workspaces, and what carries each.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::found::Found;
use super::{named, sweep};
use crate::cli::args::Select;
use crate::cli::closing;
use crate::cli::session::Session;
use crate::cli::tables;
use crate::config::Purpose;
use crate::domain::{Fleet, WorkspaceName};
use crate::plan::{Carried, Observed, Tagging};
use crate::report::listing::{self, Listing};
use crate::report::summary::{meaning, total};
use crate::report::tag_rows::{self, Counts, LABEL, Seen, TAG};
use crate::run::{Carrying, TagQuest};
use crate::trouble::{Exit, Trouble};
use crate::ui::words;

/// How the tags are listed.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Rows")]
pub struct List {
    /// A row for each tag of each workspace, or for each label of the fleet.
    #[arg(long, value_enum, default_value_t)]
    by: By,
    /// Exit 10 where there is any finding: two tags of one label, labels that are nearly the same, tags that no `[[tags]]` names.
    #[arg(long)]
    detailed_exitcode: bool,
}

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum By {
    /// One tag of one workspace.
    #[default]
    Tag,
    /// One label over all workspaces.
    Label,
}

/// What one label is over the fleet.
#[derive(Debug, Default)]
struct OfLabel {
    workspaces: usize,
    last: Option<WorkspaceName>,
    tags: usize,
    carried: Carried,
    /// Whether all of it was counted.
    counted: bool,
    named: &'static str,
}

/// Lists them.
pub async fn run(session: &Session<'_>, list: &List, select: &Select) -> Result<Exit, Trouble> {
    let door = session.door;
    let chosen = session.choose(select, Purpose::Read)?;
    let keys = session.keys(&chosen).await?;
    let targets = session.targets(&chosen, &keys);
    let deck = session.deck(None)?;
    let quest = TagQuest { carried: Carrying::Counts, ..TagQuest::TAGS };
    let (kind, columns) = if list.by == By::Label { ("label", LABEL) } else { ("tag", TAG) };
    let mut out = door.printer.data();
    let header = listing::header(None, "tags", &select.describe());
    let listing = Listing::begin(&mut out, session.format(), kind, columns, &header).map_err(tables::unwritable)?;
    let mut sheet = Sheet {
        fleet: &session.fleet,
        by: list.by,
        listing,
        found: Found::default(),
        labels: BTreeMap::new(),
        shown: 0,
    };
    let coverage = sweep::sweep(session, &deck, &targets, &quest, |observed, tagging, at| {
        sheet.take(observed, tagging, at).map_err(tables::unwritable)
    })
    .await?;
    sheet.labels().map_err(tables::unwritable)?;
    let Sheet { listing, found, shown, .. } = sheet;
    let exit = found.exit(&coverage, list.detailed_exitcode);
    // Which tags there are is known although what carries them may not be.
    let exact = coverage.partial.is_empty() && coverage.unreadable.is_empty();
    let summary = closing::summary(
        &deck,
        json!({
            "type": "summary",
            "exit": exit.code(),
            "outcome": meaning(exit),
            "rows": total(shown, exact),
            "findings": found.severities(),
            "codes": found.codes(),
            "found": found.records(),
            "coverage": coverage.record(),
        }),
    );
    listing.end(&summary).map_err(tables::unwritable)?;
    let printer = &door.printer;
    tables::unread(printer, &coverage);
    found.talk(printer);
    let at_least = closing::at_least(exact);
    let told = format!("{at_least}{} in {}", words::count(shown, kind), closing::of_asked(&coverage));
    closing::say(printer, &deck, &format!("{told}; {at_least}{}", found.say(coverage.is_complete())));
    Ok(exit)
}

/// The listing while it is written.
struct Sheet<'a> {
    fleet: &'a Fleet,
    by: By,
    listing: Listing<'a>,
    found: Found,
    labels: BTreeMap<String, OfLabel>,
    shown: usize,
}

impl Sheet<'_> {
    fn take(&mut self, observed: &Observed, tagging: &Tagging, at: &str) -> std::io::Result<()> {
        let workspace = self.fleet.workspace(&observed.workspace).expect("targets are made of the fleet's workspaces");
        self.found.take(named::findings(self.fleet, workspace, observed, tagging));
        let specs = named::specs(self.fleet, workspace);
        let counted = tagging.carried_incomplete.is_none();
        for tag in named::in_order(tagging) {
            let carried = tagging.counts.get(&tag.id).copied().filter(|_| counted);
            let word = named::word(self.fleet, &specs, &tag.label);
            if self.by == By::Tag {
                let name = observed.workspace.as_str();
                let seen = Seen { workspace: name, workspace_id: &observed.id, observed_at: at };
                self.listing.row(&tag_rows::tag(seen, tag, carried.map(numbers), word))?;
                self.shown += 1;
                continue;
            }
            let new = || OfLabel { counted: true, named: word, ..OfLabel::default() };
            let of = self.labels.entry(tag.label.trim().to_owned()).or_insert_with(new);
            of.tags += 1;
            if of.last.as_ref() != Some(&observed.workspace) {
                of.workspaces += 1;
                of.last = Some(observed.workspace.clone());
            }
            // In one workspace it may be named and in another not.
            of.named = if of.named == word { word } else { "some" };
            of.counted &= carried.is_some();
            let Carried { campaigns, accounts, others } = carried.unwrap_or_default();
            of.carried.campaigns += campaigns;
            of.carried.accounts += accounts;
            of.carried.others += others;
        }
        Ok(())
    }

    /// Writes the rows about labels, which stand at the end: a label is known when all workspaces are.
    fn labels(&mut self) -> std::io::Result<()> {
        for (label, of) in std::mem::take(&mut self.labels) {
            let counts = of.counted.then(|| numbers(of.carried));
            self.listing.row(&tag_rows::label(&label, of.workspaces, of.tags, counts, of.named))?;
            self.shown += 1;
        }
        Ok(())
    }
}

fn numbers(Carried { campaigns, accounts, others }: Carried) -> <Counts as IntoIterator>::Item {
    (campaigns, accounts, others)
}
