//! `keyholder person EMAIL`: everything one person is or left, over all workspaces.

mod findings;

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use serde_json::json;

use super::args::Select;
use super::leaving::{self, Leaver, Leaving};
use super::session::Session;
use super::survey::Survey;
use super::{Door, closing, perform, tables};
use crate::config::Purpose;
use crate::domain::Email;
use crate::plan::{Observed, Traces};
use crate::report::listing::{self, Listing};
use crate::report::summary::{meaning, total};
use crate::report::{Cell, Column};
use crate::run::Quest;
use crate::trouble::{Exit, Trouble};
use crate::ui::words;
use findings::{Finding, Kind};

/// Show everything one person is or left: memberships, what they own, made or started, what the audit log tells of them.
#[derive(Debug, Args)]
#[command(
    after_help = "One row per finding; what the API cannot tell is said as such: \"no logged activity\" does not mean that there was \
                  none. See `keyholder help offboarding`."
)]
pub struct PersonCommand {
    /// The person.
    #[arg(value_name = "EMAIL")]
    email: String,
    #[command(flatten)]
    select: Select,
}

/// Columns of the findings.
pub const FINDING: &[Column] = &[
    Column::shown("workspace"),
    Column::detail("workspace_id"),
    Column::detail("observed_at"),
    Column::detail("person"),
    Column::shown("kind"),
    Column::detail("id"),
    Column::shown("name"),
    Column::shown("detail"),
    Column::shown("at"),
    Column::shown("count"),
    Column::detail("exact"),
    Column::shown("source"),
];

impl PersonCommand {
    /// Runs the command.
    pub async fn run(self, door: &Door<'_>) -> Result<Exit, Trouble> {
        let email = Email::parse(&self.email).map_err(|error| Trouble::new(Exit::Usage, error))?;
        let session = Session::open(door)?;
        let chosen = session.choose(&self.select, Purpose::Read)?;
        let ledger = perform::open_ledger(&session).await?;
        let leaving = Leaving::known_to(&ledger, vec![Leaver::plain(&email)]).await?;
        let _closed = ledger.close().await;
        let quest = |observed: &Observed| {
            leaving.quest_of(observed, |_| true).map(|quest| Quest { whole_trail: true, ..quest })
        };
        let Survey { deck, observed, mut coverage, read_at } = Survey::take(&session, &chosen, quest).await?;

        let mut out = door.printer.data();
        let header = listing::header(None, "person", &self.select.describe());
        let mut listing =
            Listing::begin(&mut out, session.format(), "finding", FINDING, &header).map_err(tables::unwritable)?;
        let mut counts: BTreeMap<Kind, usize> = BTreeMap::new();
        let mut places: BTreeSet<&str> = BTreeSet::new();
        let mut shown = 0;
        let mut unlooked = 0_usize;
        for observed in &observed {
            let traces = Traces::of(observed, &email, &leaving.known(observed, &email));
            coverage.note_unseen(leaving::unlisted(observed, &traces));
            unlooked += usize::from(!traces.looked);
            for finding in findings::of(observed, &traces) {
                if finding.kind.is_about_them() {
                    places.insert(observed.workspace.as_str());
                    *counts.entry(finding.kind).or_default() += 1;
                }
                listing.row(&cells(observed, &read_at, &email, &finding)).map_err(tables::unwritable)?;
                shown += 1;
            }
        }
        let exit = coverage.exit();
        // Where no account of theirs is known, what they own could be anything; their rows are told all the same.
        let exact = coverage.is_complete() && unlooked == 0;
        let kinds: BTreeMap<&str, _> = Kind::ALL
            .iter()
            .map(|kind| {
                let exact =
                    exact || kind.is_of_members() && coverage.partial.is_empty() && coverage.unreadable.is_empty();
                (kind.as_str(), total(counts.get(kind).copied().unwrap_or(0), exact))
            })
            .collect();
        let summary = closing::summary(
            &deck,
            json!({
                "type": "summary",
                "exit": exit.code(),
                "outcome": meaning(exit),
                "person": email,
                "rows": total(shown, exact),
                "kinds": kinds,
                "not_looked_for": unlooked,
                "coverage": coverage.record(),
            }),
        );
        listing.end(&summary).map_err(tables::unwritable)?;
        tables::unread(&door.printer, &coverage);
        let told: Vec<String> =
            counts.iter().map(|(kind, count)| format!("{count} × {}", kind.as_str().replace('_', " "))).collect();
        let told = if told.is_empty() {
            "nothing found".to_owned()
        } else {
            format!("{}{}", closing::at_least(exact), told.join(", "))
        };
        let asked = words::count(coverage.asked, "workspace");
        let told = format!("{email}: {told}, in {} of {asked}; {} read whole", places.len(), coverage.complete);
        closing::say(&door.printer, &deck, &told);
        if unlooked > 0 {
            door.printer.say(&format!(
                "belongings could not be looked for in {}: no account of theirs is known there",
                words::count(unlooked, "workspace")
            ));
        }
        Ok(exit)
    }
}

fn cells<'a>(observed: &'a Observed, read_at: &'a str, email: &'a Email, finding: &'a Finding) -> Vec<Cell<'a>> {
    let Finding { kind, id, name, detail, at, count, source } = finding;
    vec![
        Cell::text(observed.workspace.as_str()),
        Cell::text(observed.id.as_str()),
        Cell::text(read_at),
        Cell::text(email.as_str()),
        Cell::text(kind.as_str()),
        Cell::maybe(id.as_deref()),
        Cell::maybe(name.as_deref()),
        Cell::text(detail.as_str()),
        Cell::maybe(at.as_deref()),
        count.map_or(Cell::Nothing, |count| Cell::Number(count.count)),
        count.map_or(Cell::Nothing, |count| Cell::Flag(count.exact)),
        Cell::text(source.as_str()),
    ]
}
