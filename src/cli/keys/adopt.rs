//! `keyholder keys adopt`: fills the register of keys from what is seen. It sends nothing that writes, and writes one file of ours.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use clap::Args;
use jiff::civil::Date;
use serde_json::json;

use super::super::args::Select;
use super::super::session::{self, Session};
use super::super::survey::Survey;
use super::super::tables;
use super::enrol;
use super::memory::Memory;
use super::reconcile::{Change, Row, Seen, Terms, reconcile};
use crate::cli::closing;
use crate::config::Purpose;
use crate::config::register::{self, RegisterError};
use crate::domain::{KeyEntry, KeyId, WorkspaceId};
use crate::report::cell::printable;
use crate::report::listing::{self, Listing};
use crate::report::register_rows;
use crate::report::summary::{meaning, total};
use crate::run::Quest;
use crate::trouble::{Exit, Trouble};
use crate::ui::{Printer, words};

/// Fill the register of keys (keys.csv) from what is seen.
///
/// Adds a row for each key that has none and fills blank cells. What somebody wrote stays, unless --replace says otherwise. Nothing
/// is written in any workspace.
#[derive(Debug, Args)]
pub struct Adopt {
    /// Only keys of this id; repeatable.
    #[arg(long, value_name = "ID", help_heading = "Keys")]
    id: Vec<String>,
    /// Only keys whose name matches; repeatable.
    #[arg(long, value_name = "GLOB", help_heading = "Keys")]
    name: Vec<String>,
    /// Who answers for them; else whom the trail shows to have made a key.
    #[arg(long, value_name = "WHO", help_heading = "Row")]
    owner: Option<String>,
    /// What they are for.
    #[arg(long, value_name = "TEXT", help_heading = "Row")]
    purpose: Option<String>,
    /// Where their secrets are kept, in words; else the configured reference of the key in use.
    #[arg(long, value_name = "TEXT", help_heading = "Row")]
    stored: Option<String>,
    /// The day by which they are to be rotated, or how long from today, such as `90d`.
    #[arg(long, value_name = "DATE|DURATION", help_heading = "Row")]
    rotate_by: Option<String>,
    /// Write --owner, --purpose, --stored and --rotate-by, and names as they are now, over what stands there.
    #[arg(long, help_heading = "Row")]
    replace: bool,
    /// Remove the rows of keys that are gone; else they are only told.
    #[arg(long, help_heading = "Row")]
    prune: bool,
    /// Show what would become of the register and write nothing.
    #[arg(long)]
    plan_only: bool,
    #[command(flatten)]
    select: Select,
}

impl Adopt {
    /// Runs the command.
    pub(super) async fn run(self, session: &Session<'_>) -> Result<Exit, Trouble> {
        let terms = self.terms(session)?;
        let chosen = session.choose(&self.select, Purpose::Read)?;
        let keys = session.keys(&chosen).await?;
        // No account: the keys alone are looked at, and who made them.
        let quest = |_: &_| Some(Quest { accounts: BTreeSet::new(), whole_trail: false, activity_since: None });
        let mut memory = Memory::open(session).await;
        let mut targets = session.targets(&chosen, &keys);
        memory.know_keys(session, &mut targets).await;
        session.tell_of_strange_rows();
        let surveyed = Survey::of_targets(session, &targets, quest).await;
        let ids: Vec<WorkspaceId> = chosen.iter().filter_map(|workspace| workspace.id.clone()).collect();
        let ours = if surveyed.is_ok() { memory.ours(&ids).await } else { None };
        memory.close().await;
        let mut survey = surveyed?;
        survey.keys_unseen();
        let seen: Vec<Seen<'_>> = survey
            .observed
            .iter()
            .filter_map(|observed| {
                let own = session.fleet.workspace(&observed.workspace)?;
                Seen::of(observed, own, keys.get(&observed.workspace).and_then(|access| access.as_ref().ok()))
            })
            .collect();
        let rows = if self.plan_only {
            reconcile(&mut session.fleet.register.clone(), &seen, &terms)
        } else {
            let state = session.state_dir();
            register::update(&session.fleet, &state, |register| reconcile(register, &seen, &terms)).map_err(unkept)?
        };
        let exit = self.tell(session, survey, &rows)?;
        if let Some(ours) = ours {
            tell_of_foreign(&session.door.printer, &rows, &ours);
        }
        Ok(exit)
    }

    fn terms(&self, session: &Session<'_>) -> Result<Terms, Trouble> {
        let ids = self.id.iter().map(|text| KeyId::parse(text.trim())).collect::<Result<Vec<_>, _>>();
        let mut names = globset::GlobSetBuilder::new();
        for pattern in &self.name {
            let bad = |error| Trouble::new(Exit::Usage, error).advise("--name takes a key's name or a glob");
            names.add(globset::Glob::new(pattern.trim()).map_err(bad)?);
        }
        Ok(Terms {
            ids: ids.map_err(|error| Trouble::new(Exit::Usage, error))?,
            names: names.build().map_err(|error| Trouble::new(Exit::Usage, error))?,
            owner: enrol::said("--owner", self.owner.as_deref())?,
            purpose: enrol::said("--purpose", self.purpose.as_deref())?,
            stored: enrol::said("--stored", self.stored.as_deref())?,
            rotate_by: self.rotate_by.as_deref().map(|text| rotate_by(text, session)).transpose()?,
            replace: self.replace,
            prune: self.prune,
        })
    }

    fn tell(&self, session: &Session<'_>, survey: Survey, rows: &[Row]) -> Result<Exit, Trouble> {
        let Survey { deck, coverage, .. } = survey;
        let printer = &session.door.printer;
        let exit = coverage.exit();
        let mut out = printer.data();
        let header = listing::header(None, "keys adopt", &self.select.describe());
        let mut listing = Listing::begin(&mut out, session.format(), "register", register_rows::REGISTER, &header)
            .map_err(tables::unwritable)?;
        for Row { entry, change } in rows {
            listing.row(&register_rows::register(entry, change.as_str())).map_err(tables::unwritable)?;
        }
        let count = |change: Change| rows.iter().filter(|row| row.change == change).count();
        let changes: BTreeMap<&str, usize> = Change::ALL.map(|change| (change.as_str(), count(change))).into();
        let summary = closing::summary(
            &deck,
            json!({
                "type": "summary",
                "exit": exit.code(),
                "outcome": meaning(exit),
                "rows": total(rows.len(), coverage.is_complete()),
                "changes": changes,
                "written": !self.plan_only,
                "coverage": coverage.record(),
            }),
        );
        listing.end(&summary).map_err(tables::unwritable)?;
        tables::unread(printer, &coverage);
        let what = if self.plan_only { "would be" } else { "were" };
        printer.say(&format!(
            "{} {what} added to {}, {} filled or replaced, {} removed; {} complete",
            words::count(count(Change::Added), "row"),
            register::FILE,
            count(Change::Changed),
            count(Change::Removed),
            words::count(coverage.complete, "workspace"),
        ));
        let gone = count(Change::Gone);
        if gone > 0 {
            printer.say(&format!("{} about keys that are not there any more", words::count(gone, "row")));
            printer.hint("`keyholder keys adopt --prune` removes them");
        }
        if self.plan_only {
            printer.say("nothing was written (--plan-only)");
        }
        Ok(exit)
    }
}

/// Most keys that are named in one line.
const MOST_NAMED: usize = 10;

/// Says which of the keys that got a row were made outside our runs: a row must not make anybody forget to ask who made them.
fn tell_of_foreign(printer: &Printer, rows: &[Row], ours: &BTreeSet<KeyId>) {
    let foreign: Vec<&Row> =
        rows.iter().filter(|row| row.change == Change::Added && !ours.contains(&row.entry.key)).collect();
    if foreign.is_empty() {
        return;
    }
    let named = foreign.iter().take(MOST_NAMED).map(|row| {
        let KeyEntry { workspace, key, name, .. } = &row.entry;
        let name = if name.is_empty() { key.as_str() } else { name.as_str() };
        format!("{} \"{}\"", printable(workspace), printable(name))
    });
    let named: Vec<String> = named.collect();
    let more = foreign.len().saturating_sub(MOST_NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    printer.say(&format!(
        "{} of these made outside our runs: {}{more}",
        words::count(foreign.len(), "key"),
        named.join(", ")
    ));
    let nobodys = foreign.iter().filter(|row| row.entry.owner.is_none()).count();
    if nobodys > 0 {
        printer.hint(&format!(
            "{} among them has no owner: a row without one does not end the finding `made-outside`; say who answers with --owner",
            words::count(nobodys, "row")
        ));
    }
}

fn rotate_by(text: &str, session: &Session<'_>) -> Result<Date, Trouble> {
    let today = session.door.clock.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    if let Some(date) = register::date(text.trim()) {
        if date < today {
            let what = format!("{date} is over already (--rotate-by)");
            return Err(
                Trouble::new(Exit::Usage, what).advise("say a day to come; `keyholder keys rotate` rotates now")
            );
        }
        return Ok(date);
    }
    let advise = |trouble: Trouble| trouble.advise("write a day like `2027-03-31`, or how long from today like `90d`");
    let length: Duration = session::duration("--rotate-by", text).map_err(advise)?;
    let now = session.door.clock.now();
    let then = now.checked_add(length).map_err(|_too_far| {
        advise(Trouble::new(Exit::Usage, format!("`{text}` from today is further than a calendar goes (--rotate-by)")))
    })?;
    Ok(then.to_zoned(jiff::tz::TimeZone::UTC).date())
}

fn unkept(error: RegisterError) -> Trouble {
    let exit = if matches!(error, RegisterError::Bad(_)) { Exit::Config } else { Exit::Output };
    Trouble::advised(exit, error)
}
