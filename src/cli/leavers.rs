//! `keyholder leavers`: past leavers with any access found today.

mod away;
mod past;

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use jiff::SignedDuration;
use serde_json::json;

use super::args::Select;
use super::leaving::{self, Leaver, Leaving};
use super::session::{self, Session};
use super::survey::Survey;
use super::{Door, closing, perform, tables};
use crate::domain::{Email, Member, MemberId, Workspace};
use crate::journal::LedgerError;
use crate::plan::{Observed, Traces};
use crate::report::listing::{self, Listing};
use crate::report::summary::{meaning, total};
use crate::report::{Cell, Column};
use crate::trouble::{Exit, Trouble};
use crate::ui::words;
use past::{Case, Past};

/// List past leavers with any access found today: rows, open invitations, and keys that the audit log ties to them.
///
/// Who left is what the ledger says: people of offboarding runs of whom a membership was removed, or found absent, or whose last day is
/// over. A workspace that no offboarding of theirs had a step in counts only where one was asked for --all.
#[derive(Debug, Args)]
#[command(
    after_help = "Meant for a scheduled job, such as daily, so that it looks at 30 and at 90 days after a leaver's last day too:\n  \
                  17 6 * * * cd /path/to/root && keyholder leavers --detailed-exitcode --left-within 100d --format csv\n\
                  Exit 10 says that somebody who left can get in, 33 that not everything could be read. See `keyholder help offboarding`."
)]
pub struct Leavers {
    /// Exit 10 when any access is found.
    #[arg(long)]
    detailed_exitcode: bool,
    /// Only who left within this time, such as `90d`.
    #[arg(long, value_name = "DURATION")]
    left_within: Option<String>,
    #[command(flatten)]
    select: Select,
}

/// Columns of the findings.
pub const LEAVER: &[Column] = &[
    Column::shown("workspace"),
    Column::detail("workspace_id"),
    Column::detail("observed_at"),
    Column::shown("person"),
    Column::shown("found"),
    Column::detail("id"),
    Column::shown("name"),
    Column::shown("since"),
    Column::shown("case"),
    Column::shown("how"),
    Column::shown("left_at"),
    Column::detail("run"),
];

/// Access that is there today.
struct Access<'a> {
    observed: &'a Observed,
    person: &'a Email,
    found: &'static str,
    id: String,
    name: String,
    since: Option<String>,
    case: &'a Case,
}

impl Leavers {
    /// Runs the command.
    pub async fn run(self, door: &Door<'_>) -> Result<Exit, Trouble> {
        let since = match &self.left_within {
            Some(text) => {
                let within = session::duration("--left-within", text)?;
                let within = SignedDuration::try_from(within).unwrap_or(SignedDuration::MAX);
                door.clock.now().checked_sub(within).ok()
            }
            None => None,
        };
        let session = Session::open(door)?;
        let ledger = perform::open_ledger(&session).await?;
        let unread = |error: LedgerError| Trouble::advised(error.exit(), error);
        let offboardings = ledger.offboardings().await.map_err(unread)?;
        let pruned = ledger.pruned().await.map_err(unread)?;
        let past = Past::of(&offboardings, since, door.clock.now());
        let (chosen, unlooked) = away::choose(&session, &self.select, &past)?;
        let people = past.people().iter().map(Leaver::plain).collect();
        let leaving = Leaving::known_to(&ledger, people).await?;
        let _closed = ledger.close().await;
        let concerned: Vec<&Workspace> = chosen
            .into_iter()
            .filter(|workspace| {
                past.people()
                    .iter()
                    .any(|person| past.case(person, workspace.name.as_str(), workspace.id.as_ref()).is_some())
            })
            .collect();
        if concerned.is_empty() {
            door.printer.say("the ledger knows nobody who left any of the selected workspaces");
        }
        let quest = |observed: &Observed| {
            let about =
                |leaver: &Leaver| past.case(&leaver.email, observed.workspace.as_str(), Some(&observed.id)).is_some();
            leaving.quest_of(observed, about)
        };
        let mut survey = Survey::take(&session, &concerned, quest).await?;
        unlooked.tell(&mut survey.coverage, &door.printer);
        let forgotten = pruned.iter().find(|pruned| since.is_none_or(|since| pruned.last_started >= since));
        if let Some(pruned) = forgotten {
            door.printer.warn(&format!(
                "runs begun until {:.0} were pruned: who left by one of them is not looked for",
                pruned.last_started
            ));
        }
        self.show(&session, survey, &past, &leaving, forgotten.is_none())
    }

    fn show(
        &self,
        session: &Session<'_>,
        survey: Survey,
        past: &Past<'_>,
        leaving: &Leaving,
        all_runs: bool,
    ) -> Result<Exit, Trouble> {
        let printer = &session.door.printer;
        let Survey { deck, observed, mut coverage, read_at } = survey;
        let mut found: Vec<Access<'_>> = Vec::new();
        for observed in &observed {
            for person in past.people() {
                let Some(case) = past.case(person, observed.workspace.as_str(), Some(&observed.id)) else { continue };
                let traces = Traces::of(observed, person, &leaving.known(observed, person));
                coverage.note_unseen(leaving::unlisted(observed, &traces));
                found.extend(access(observed, person, &traces, case));
                found.extend(by_alias(observed, person, past, &traces, case));
            }
        }
        let exit = match coverage.exit() {
            Exit::Complete if !found.is_empty() && self.detailed_exitcode => Exit::Changes,
            exit => exit,
        };
        let people: BTreeSet<&Email> = found.iter().map(|one| one.person).collect();
        let mut cases: BTreeMap<&str, usize> = BTreeMap::new();
        for one in &found {
            *cases.entry(one.case.word()).or_default() += 1;
        }
        let exact = coverage.is_complete() && all_runs;
        let summary = closing::summary(
            &deck,
            json!({
                "type": "summary",
                "exit": exit.code(),
                "outcome": meaning(exit),
                "rows": total(found.len(), exact),
                "people": total(people.len(), exact),
                "looked_for": past.people().len(),
                "cases": cases,
                "coverage": coverage.record(),
            }),
        );
        let mut out = printer.data();
        let header = listing::header(None, "leavers", &self.select.describe());
        let mut write = || -> std::io::Result<()> {
            let mut listing = Listing::begin(&mut out, session.format(), "access", LEAVER, &header)?;
            for one in &found {
                listing.row(&cells(one, &read_at))?;
            }
            listing.end(&summary)
        };
        write().map_err(tables::unwritable)?;
        tables::unread(printer, &coverage);
        let at_least = if exact { "" } else { "at least " };
        let line = format!(
            "{} looked for: {at_least}{} with access, in {}; {} of {} read whole",
            words::count(past.people().len(), "leaver"),
            people.len(),
            words::count(
                found.iter().map(|one| one.observed.workspace.as_str()).collect::<BTreeSet<_>>().len(),
                "workspace"
            ),
            coverage.complete,
            words::count(coverage.asked, "workspace"),
        );
        if found.is_empty() {
            printer.say(&line);
        } else {
            printer.warn(&line);
        }
        Ok(exit)
    }
}

/// The access one leaver has in one workspace.
fn access<'a>(observed: &'a Observed, person: &'a Email, traces: &Traces, case: &'a Case) -> Vec<Access<'a>> {
    let whose = if traces.ambiguous { " (whose row it is cannot be told)" } else { "" };
    let rows = traces.rows.iter().map(|member| row(observed, person, member, whose, case));
    let keys = traces.keys.iter().map(|key| Access {
        observed,
        person,
        found: "key",
        id: key.id.clone(),
        name: key.name.clone(),
        since: None,
        case,
    });
    rows.chain(keys).collect()
}

/// Rows by which a leaver is there again under an address that a removed row of theirs bore; those of another leaver's are told there.
fn by_alias<'a>(
    observed: &'a Observed,
    person: &'a Email,
    past: &Past<'_>,
    traces: &Traces,
    case: &'a Case,
) -> Vec<Access<'a>> {
    let own: BTreeSet<&MemberId> = traces.rows.iter().map(|row| &row.id).collect();
    let aliases: BTreeSet<&Email> = past.aliases(person).filter(|alias| !past.people().contains(*alias)).collect();
    let theirs = observed.members.iter().filter(|row| aliases.contains(&row.email) && !own.contains(&row.id));
    theirs.map(|member| row(observed, person, member, "", case)).collect()
}

fn row<'a>(observed: &'a Observed, person: &'a Email, member: &Member, whose: &str, case: &'a Case) -> Access<'a> {
    Access {
        observed,
        person,
        found: if member.accepted { "membership" } else { "invitation" },
        id: member.id.to_string(),
        name: format!("{} as {}{whose}", member.email, member.role),
        since: Some(member.timestamp_created.clone()),
        case,
    }
}

fn cells<'a>(one: &'a Access<'_>, read_at: &'a str) -> Vec<Cell<'a>> {
    vec![
        Cell::text(one.observed.workspace.as_str()),
        Cell::text(one.observed.id.as_str()),
        Cell::text(read_at),
        Cell::text(one.person.as_str()),
        Cell::text(one.found),
        Cell::text(one.id.as_str()),
        Cell::text(one.name.as_str()),
        Cell::maybe(one.since.as_deref()),
        Cell::text(one.case.word()),
        Cell::text(one.case.say()),
        Cell::text(one.case.at()),
        Cell::text(one.case.run()),
    ]
}
