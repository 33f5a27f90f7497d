//! `keyholder access --changes-since`: who gained, lost or changed what, by whom, from what the ledger kept of every look.

use std::collections::BTreeMap;

use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::json;

use super::past::Ours;
use super::wanted::Wanted;
use super::{WIDTH, remember, sweep};
use crate::audit::access::{AccessChange, By, ChangeKind, Gap, Since};
use crate::cli::args::Select;
use crate::cli::session::{self, Session};
use crate::cli::sightings::{KIND, Sightings};
use crate::cli::{Door, closing, perform, tables};
use crate::config::Purpose;
use crate::domain::{Email, Workspace, WorkspaceId};
use crate::journal::{Ledger, LedgerError};
use crate::report::Coverage;
use crate::report::access_rows::{self, CHANGE, ChangeRow};
use crate::report::change_lines;
use crate::report::listing::{self, Format, Listing};
use crate::report::summary::{meaning, total};
use crate::trouble::{Exit, Trouble};
use crate::ui::words;

/// What changed since.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Changes (see `help changes`)")]
pub struct Changes {
    /// Say who gained, lost or changed what since a run was begun or a day (UTC) began, and by whom.
    ///
    /// It goes with --person, --external and the selection; roles, shapes and logins (--no-logins too) are of the matrix alone, and are
    /// refused beside it.
    #[arg(
        id = "changes_since",
        long = "changes-since",
        value_name = "RUN|DATE",
        conflicts_with_all = ["role", "pending", "by", "wide", "matrix", "logins_since", "no_logins"]
    )]
    since: Option<String>,
    /// Ask the ledger alone: no workspace is looked at now.
    #[arg(long, requires = "changes_since")]
    no_look: bool,
    /// Exit 10 when somebody's access was changed by nobody of ours, or it cannot be told by whom.
    #[arg(long, requires = "changes_since")]
    detailed_exitcode: bool,
}

/// What is not ours, and not the person's own.
const OUTSIDE: &str = "outside keyholder";

/// Whoever accepted an invitation.
const THE_PERSON: &str = "the person";

/// What is said of a change of which it is not known who made it.
const UNKNOWN: &str = "unknown";

/// The numbers of an answer.
#[derive(Debug, Default)]
struct Counts {
    changes: BTreeMap<&'static str, usize>,
    by: BTreeMap<&'static str, usize>,
    gaps: usize,
}

impl Counts {
    fn of(&self, word: &str) -> usize {
        self.changes.get(word).or_else(|| self.by.get(word)).copied().unwrap_or(0)
    }

    fn all(&self) -> usize {
        self.changes.values().sum()
    }
}

/// How changes are shown: as rows, or drawn by the width of the terminal once all are known.
enum Face<'a> {
    Rows(Listing<'a>),
    Drawn(Vec<ChangeRow>),
}

impl Face<'_> {
    fn take(&mut self, row: ChangeRow) -> std::io::Result<()> {
        match self {
            Self::Rows(listing) => listing.row(&access_rows::change(&row)),
            Self::Drawn(rows) => {
                rows.push(row);
                Ok(())
            }
        }
    }

    fn end(self, door: &Door<'_>, summary: &serde_json::Value) -> std::io::Result<()> {
        match self {
            Self::Rows(listing) => listing.end(summary),
            Self::Drawn(rows) => super::drawn(door, &change_lines::lines(&rows, door.env.width.unwrap_or(WIDTH))),
        }
    }
}

impl Changes {
    /// Tells whether changes are asked for.
    pub fn is_asked(&self) -> bool {
        self.since.is_some()
    }

    /// Runs the command.
    pub async fn run(&self, session: &Session<'_>, wanted: &Wanted<'_>, select: &Select) -> Result<Exit, Trouble> {
        let asked = self.since.as_deref().unwrap_or_default();
        let door = session.door;
        let failed = |error: LedgerError| Trouble::advised(error.exit(), error);
        let ledger = perform::open_ledger(session).await?;
        let since = moment(&ledger, asked, door.clock.now()).await?;
        let chosen = session.choose(select, Purpose::Read)?;
        let deck = session.deck(None)?;
        let mut coverage = Coverage { asked: chosen.len(), ..Coverage::default() };
        if !self.no_look {
            look(session, &deck, &chosen, &mut coverage).await?;
        }
        let ids: Vec<WorkspaceId> = chosen.iter().filter_map(|workspace| workspace.id.clone()).collect();
        let mut ours = Ours::of(ledger.member_writes(&ids, since).await.map_err(failed)?);
        let mut out = door.printer.data();
        let header = listing::header(None, "access changes", &select.describe());
        let drawn = session.format() == Format::Table;
        let mut face = if drawn {
            Face::Drawn(Vec::new())
        } else {
            let listing = Listing::begin(&mut out, session.format(), "access_change", CHANGE, &header);
            Face::Rows(listing.map_err(tables::unwritable)?)
        };
        let mut counts = Counts::default();
        for workspace in &chosen {
            let (told, looked) = match &workspace.id {
                None => (
                    Since {
                        gaps: vec![of_all("no id is pinned; nothing is known of it".to_owned())],
                        ..Since::default()
                    },
                    None,
                ),
                Some(id) => {
                    let history = ledger.history(id, KIND).await.map_err(failed)?;
                    let looked = history.looks.last().map(|look| look.at);
                    (ours.past(id, history).since(since), looked)
                }
            };
            let mut told = if self.no_look { known_until(told, looked, door.clock.now()) } else { told };
            told.gaps.retain(|gap| gap.who.as_ref().is_none_or(|who| wanted.is_about(who)));
            note(&mut coverage, workspace.name.as_str(), &told);
            for row in rows(workspace, &told, looked, since, &ours, wanted, &mut counts) {
                face.take(row).map_err(tables::unwritable)?;
            }
        }
        let _closed = ledger.close().await;
        let exit = self.exit(&coverage, &counts);
        let exact = coverage.is_complete();
        let numbers = |words: &[&'static str]| -> BTreeMap<&'static str, serde_json::Value> {
            words.iter().map(|word| (*word, total(counts.of(word), exact))).collect()
        };
        let summary = closing::summary(
            &deck,
            json!({
                "type": "summary",
                "exit": exit.code(),
                "outcome": meaning(exit),
                "since": since.to_string(),
                "changes": numbers(&["gained", "lost", "changed"]),
                "by": numbers(&["keyholder", OUTSIDE, THE_PERSON, UNKNOWN]),
                "gaps": counts.gaps,
                "coverage": coverage.record(),
            }),
        );
        face.end(door, &summary).map_err(tables::unwritable)?;
        let printer = &door.printer;
        if drawn {
            // What is known in part stands among the lines, and is not said twice.
            tables::unread(printer, &Coverage { partial: Vec::new(), ..coverage.clone() });
        } else {
            tables::unread(printer, &coverage);
        }
        let at_least = closing::at_least(exact);
        printer.say(&format!(
            "since {since:.0}: {at_least}{} gained, {} lost, {} changed; {} by keyholder, {} outside keyholder, {} by the person, {} unknown; \
             {} of {} known whole",
            counts.of("gained"),
            counts.of("lost"),
            counts.of("changed"),
            counts.of("keyholder"),
            counts.of(OUTSIDE),
            counts.of(THE_PERSON),
            counts.of(UNKNOWN),
            coverage.complete,
            words::count(coverage.asked, "workspace"),
        ));
        if counts.all() == 0 && exact {
            printer.say("no change");
        }
        Ok(exit)
    }

    fn exit(&self, coverage: &Coverage, counts: &Counts) -> Exit {
        match coverage.exit() {
            Exit::Complete if self.detailed_exitcode && counts.of(OUTSIDE) + counts.of(UNKNOWN) > 0 => Exit::Changes,
            other => other,
        }
    }
}

/// Looks at every workspace now, and keeps what was seen.
async fn look(
    session: &Session<'_>,
    deck: &crate::run::Deck,
    chosen: &[&Workspace],
    coverage: &mut Coverage,
) -> Result<(), Trouble> {
    let keys = session.keys(chosen).await?;
    let targets = session.targets(chosen, &keys);
    let mut sightings = Sightings::open(session).await;
    let swept = sweep(session, deck, &targets, None, async |target, looked| {
        match &looked {
            Ok(looked) => remember(&mut sightings, looked).await,
            Err(trouble) => session::unreadable(coverage, target.name.as_str(), trouble),
        }
        Ok(())
    });
    let swept = swept.await;
    sightings.close().await;
    swept
}

/// Says, where nobody looks now, that what happened after the last look is not known.
fn known_until(mut told: Since, looked: Option<Timestamp>, now: Timestamp) -> Since {
    let known = told.gaps.iter().all(|gap| gap.who.is_some());
    if let Some(last) = looked.filter(|last| known && *last < now) {
        told.gaps.push(of_all(format!("it was looked at last at {last:.0}: what changed since is not known")));
    }
    told
}

/// What cannot be told of a whole workspace.
fn of_all(why: String) -> Gap {
    Gap { who: None, why }
}

/// Counts a workspace as known whole, or says of what time it is not. One that could not be read now is counted already.
fn note(coverage: &mut Coverage, name: &str, told: &Since) {
    if coverage.unreadable.iter().any(|lane| lane.workspace == name) {
        return;
    }
    if told.gaps.is_empty() {
        coverage.complete += 1;
    } else {
        let say = |Gap { who, why }: &Gap| match who {
            Some(who) => format!("{who}: {why}"),
            None => why.clone(),
        };
        coverage.partial.push((name.to_owned(), told.gaps.iter().map(say).collect::<Vec<_>>().join("; ")));
    }
}

/// Makes the rows of a workspace: first what cannot be told, then the changes, oldest first.
fn rows(
    workspace: &Workspace,
    told: &Since,
    looked: Option<Timestamp>,
    since: Timestamp,
    ours: &Ours,
    wanted: &Wanted<'_>,
    counts: &mut Counts,
) -> Vec<ChangeRow> {
    let blank = ChangeRow {
        workspace: workspace.name.to_string(),
        workspace_id: workspace.id.clone(),
        observed_at: looked,
        ..ChangeRow::default()
    };
    let gap = |Gap { who, why }: &Gap| ChangeRow {
        email: who.as_ref().map(Email::to_string),
        change: "not known",
        note: Some(why.clone()),
        ..blank.clone()
    };
    let mut rows: Vec<ChangeRow> = told.gaps.iter().map(gap).collect();
    counts.gaps += rows.len();
    for change in told.changes.iter().filter(|change| wanted.is_about(&change.who)) {
        *counts.changes.entry(change.kind.as_str()).or_default() += 1;
        let (whose, row) = row(change, since, ours, &blank);
        *counts.by.entry(whose).or_default() += 1;
        rows.push(row);
    }
    rows
}

fn row(change: &AccessChange, since: Timestamp, ours: &Ours, blank: &ChangeRow) -> (&'static str, ChangeRow) {
    let mut notes: Vec<String> = Vec::new();
    let (whose, by, run) = match &change.by {
        By::Run(run) => ("keyholder", run.to_string(), Some(run)),
        By::Outside => (OUTSIDE, OUTSIDE.to_owned(), None),
        By::Person => {
            notes.push("the invitation was accepted".to_owned());
            (THE_PERSON, THE_PERSON.to_owned(), None)
        }
        By::Unknown(run) => {
            notes.push(format!("run {run} sent this, and whether it took effect is not known"));
            (UNKNOWN, UNKNOWN.to_owned(), Some(run))
        }
    };
    if !change.looked_since {
        notes.push("not looked at since".to_owned());
    }
    if change.not_before.is_none_or(|not_before| not_before < since) && run.is_none() {
        notes.push(format!("it may have been before {since:.0}"));
    }
    let told = run.and_then(|run| ours.runs.get(run));
    let row = ChangeRow {
        email: Some(change.who.to_string()),
        change: change.kind.as_str(),
        before: change.before.clone(),
        after: change.after.clone(),
        not_before: change.not_before,
        not_after: Some(change.not_after),
        by: Some(by),
        operator: told.map(|told| told.operator.clone()),
        reason: told.and_then(|told| told.reason.clone()),
        note: (!notes.is_empty()).then(|| notes.join("; ")),
        ..blank.clone()
    };
    debug_assert!(ChangeKind::Lost != change.kind || row.after.is_none(), "who was lost is nothing afterwards");
    (whose, row)
}

/// Returns the moment that is meant: the beginning of a day (UTC), a moment, or when a run was begun.
async fn moment(ledger: &Ledger, asked: &str, now: Timestamp) -> Result<Timestamp, Trouble> {
    let text = asked.trim();
    let moment = if let Ok(moment) = text.parse::<Timestamp>() {
        moment
    } else if let Ok(date) = text.parse::<Date>() {
        date.to_zoned(TimeZone::UTC).map_err(|error| Trouble::new(Exit::Usage, error))?.timestamp()
    } else {
        let run = ledger.run(text).await.map_err(|error| {
            Trouble::advised(error.exit(), error)
                .advise("a day is written like `2026-11-01`, and means its beginning (UTC)")
        })?;
        return Ok(run.started);
    };
    if moment > now {
        return Err(Trouble::new(Exit::Usage, format!("{moment} is still to come (--changes-since)")));
    }
    Ok(moment)
}
