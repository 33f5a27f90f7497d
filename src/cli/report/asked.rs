//! What is asked of a report, as typed and as it is kept: whoever goes on with it goes on with the very same.

use std::collections::BTreeSet;
use std::fs;
use std::io;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::Report;
use super::file::Shape;
use super::place::{Place, Staging};
use crate::cli::keys::list::horizon;
use crate::cli::session::Session;
use crate::config::Purpose;
use crate::domain::{Fleet, NoPeriod, Period, ReportKind, Table, Workspace};
use crate::report::Format;
use crate::run::InventoryQuest;
use crate::trouble::{Exit, Trouble};

/// The word for every kind.
pub const ALL: &str = "all";

/// The version of what is kept of an unfinished report.
const VERSION: u32 = 1;

/// What is asked, as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// The version of this file.
    pub version: u32,
    /// Which keyholder began it: another one may have other columns.
    pub keyholder: String,
    /// When it was begun: ages are counted to it, however late it is gone on with.
    pub begun: Timestamp,
    /// The kinds.
    pub kinds: BTreeSet<ReportKind>,
    /// The period.
    pub period: Period,
    /// The shape of the tables.
    pub files: Shape,
    /// Whether there is to be a workbook.
    pub workbook: bool,
    /// The selection, as typed.
    pub selection: serde_json::Value,
    /// The workspaces, in config order.
    pub workspaces: Vec<AskedOf>,
}

/// A workspace that is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedOf {
    /// Its name.
    pub name: String,
    /// The pinned identity.
    pub id: Option<String>,
}

impl AskedOf {
    fn of(workspace: &Workspace) -> Self {
        Self { name: workspace.name.to_string(), id: workspace.id.as_ref().map(ToString::to_string) }
    }
}

impl Asked {
    /// Takes what was typed for a new report.
    pub fn typed(report: &Report, session: &Session<'_>, chosen: &[&Workspace]) -> Result<Self, Trouble> {
        let kinds = kinds(&report.kinds)?;
        if kinds.is_empty() {
            let words: Vec<&str> = ReportKind::ALL.iter().map(|kind| kind.as_str()).collect();
            return Err(Trouble::new(Exit::Usage, "no kind of report is named; nothing was sent")
                .advise(format!("name some of {}, or `{ALL}`", words.join(", "))));
        }
        let now = session.door.clock.now();
        Ok(Self {
            version: VERSION,
            keyholder: env!("CARGO_PKG_VERSION").to_owned(),
            begun: now,
            kinds,
            period: period(report, now)?,
            files: shape(session.door.global.format)?,
            workbook: report.xlsx,
            selection: report.select.describe(),
            workspaces: chosen.iter().map(|workspace| AskedOf::of(workspace)).collect(),
        })
    }

    /// Reads what was asked of an unfinished report.
    pub fn kept(staging: &Staging) -> Result<Self, Trouble> {
        let path = staging.asked();
        let beyond = |what: &str| {
            Trouble::new(
                Exit::Config,
                format!("the unfinished report in `{}` {what}; nothing was sent", staging.place().staging().display()),
            )
            .advise("remove that folder and begin the report anew")
        };
        let bytes = fs::read(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => beyond("does not say what was asked"),
            _ => {
                Trouble::because(Exit::Output, format!("`{}` cannot be read; nothing was sent", path.display()), error)
            }
        })?;
        let asked: Self = serde_json::from_slice(&bytes).map_err(|_unreadable| {
            beyond("cannot be gone on with: what was asked is written in a way this keyholder does not know")
        })?;
        if asked.version != VERSION || asked.keyholder != env!("CARGO_PKG_VERSION") {
            return Err(beyond(&format!(
                "was begun by keyholder {}, this is {}, and their tables may differ",
                asked.keyholder,
                env!("CARGO_PKG_VERSION")
            )));
        }
        Ok(asked)
    }

    /// Chooses the workspaces of an unfinished report, and refuses whatever is asked otherwise than when it was begun.
    pub fn go_on<'a>(
        &self,
        report: &Report,
        session: &'a Session<'_>,
        place: &Place,
    ) -> Result<Vec<&'a Workspace>, Trouble> {
        let differs = |what: &str, then: String, now: String| {
            let text = format!("the report was begun with {what} {then}, and now {now} is asked; nothing was sent");
            Trouble::new(Exit::Config, text).advise(format!(
                "leave {what} away to go on as it was begun, or remove `{}` and begin anew",
                place.staging().display()
            ))
        };
        let typed = kinds(&report.kinds)?;
        if !typed.is_empty() && typed != self.kinds {
            return Err(differs("the kinds", words(&self.kinds), words(&typed)));
        }
        for (flag, typed, kept) in
            [("--since", report.since, self.period.first()), ("--until", report.until, self.period.last())]
        {
            if let Some(typed) = typed.filter(|typed| *typed != kept) {
                return Err(differs(flag, kept.to_string(), typed.to_string()));
            }
        }
        if let Some(format) = session.door.global.format {
            let shape = shape(Some(format))?;
            if shape != self.files {
                return Err(differs("--format", self.files.as_str().to_owned(), shape.as_str().to_owned()));
            }
        }
        if report.xlsx && !self.workbook {
            return Err(differs("no workbook", String::new(), "--xlsx".to_owned()));
        }
        let chosen = self.workspaces(report, session)?;
        let now: Vec<AskedOf> = chosen.iter().map(|workspace| AskedOf::of(workspace)).collect();
        if let Some(text) = difference(&self.workspaces, &now) {
            return Err(Trouble::new(
                Exit::Config,
                format!("the report was begun for other workspaces: {text}; nothing was sent"),
            )
            .advise("put the files back as they were, or begin the report anew in another folder"));
        }
        Ok(chosen)
    }

    /// Chooses what is typed, or else those the report was begun for.
    fn workspaces<'a>(&self, report: &Report, session: &'a Session<'_>) -> Result<Vec<&'a Workspace>, Trouble> {
        if !report.select.is_empty() {
            return session.choose(&report.select, Purpose::Read);
        }
        let every = session.choose(&crate::cli::args::Select { all: true, ..Default::default() }, Purpose::Read)?;
        Ok(every
            .into_iter()
            .filter(|one| self.workspaces.iter().any(|asked| asked.name == one.name.as_str()))
            .collect())
    }

    /// Writes down what is asked.
    pub fn keep(&self, staging: &Staging) -> Result<(), Trouble> {
        let mut bytes = serde_json::to_vec_pretty(self).map_err(|error| Trouble::new(Exit::Bug, error))?;
        bytes.push(b'\n');
        crate::config::whole::create(&staging.asked(), &bytes).map_err(|error| {
            Trouble::because(
                Exit::Output,
                format!("`{}` cannot be written; nothing was sent", staging.asked().display()),
                error,
            )
        })
    }

    /// Returns what is asked of each workspace: where keys are judged, the trail as far back as their use is looked for.
    pub fn quest(&self, fleet: &Fleet) -> InventoryQuest {
        let used_since = self.kinds.contains(&ReportKind::Keys).then(|| horizon(&fleet.key_policy, self.begun));
        InventoryQuest { kinds: self.kinds.clone(), period: self.period, used_since }
    }

    /// Returns the tables, in the order they are written.
    pub fn tables(&self) -> impl Iterator<Item = Table> + use<'_> {
        self.kinds.iter().flat_map(|kind| kind.tables()).copied()
    }
}

/// Says how two lists of workspaces differ.
fn difference(then: &[AskedOf], now: &[AskedOf]) -> Option<String> {
    let find = |list: &[AskedOf], name: &str| list.iter().find(|one| one.name == name).cloned();
    for one in then {
        match find(now, &one.name) {
            None => return Some(format!("`{}` is no longer among them", one.name)),
            Some(other) if other.id != one.id => return Some(format!("`{}` is pinned to another id", one.name)),
            Some(_) => {}
        }
    }
    let new = now.iter().find(|one| find(then, &one.name).is_none());
    match new {
        Some(new) => Some(format!("`{}` was not among them", new.name)),
        None => (then != now).then(|| "their order is another one".to_owned()),
    }
}

fn words(kinds: &BTreeSet<ReportKind>) -> String {
    let words: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    words.join(" ")
}

/// Reads the kinds; none where none is named.
fn kinds(typed: &[String]) -> Result<BTreeSet<ReportKind>, Trouble> {
    let mut kinds = BTreeSet::new();
    for word in typed {
        if word == ALL {
            kinds.extend(ReportKind::ALL);
            continue;
        }
        let kind = ReportKind::parse(word).ok_or_else(|| {
            let words: Vec<&str> = ReportKind::ALL.iter().map(|kind| kind.as_str()).chain([ALL]).collect();
            Trouble::new(Exit::Usage, format!("`{word}` is no kind of report; nothing was sent"))
                .advise(format!("the kinds are {}", words.join(", ")))
        })?;
        kinds.insert(kind);
    }
    Ok(kinds)
}

fn period(report: &Report, now: Timestamp) -> Result<Period, Trouble> {
    Period::said(now, report.since, report.until).map_err(|error| {
        let trouble = Trouble::new(Exit::Usage, format!("{error}; nothing was sent"));
        match error {
            NoPeriod::NotOver { yesterday, .. } => trouble
                .advise(format!("end the period on {yesterday}, yesterday, or before"))
                .advise("`keyholder accounts` tells what was sent today so far, and `keyholder trail` its records"),
            _ => trouble.advise("--since names the first day and --until the last, both meant, in UTC"),
        }
    })
}

fn shape(format: Option<Format>) -> Result<Shape, Trouble> {
    match format {
        None | Some(Format::Csv) => Ok(Shape::Csv),
        Some(Format::Ndjson) => Ok(Shape::Ndjson),
        Some(Format::Json) => Ok(Shape::Json),
        Some(Format::Table) => {
            Err(Trouble::new(Exit::Usage, "`--format table` is no shape of files; nothing was sent")
                .advise("`csv`, `ndjson` and `json` are; the page, index.html, is what people read"))
        }
    }
}

/// Reads a day.
pub fn day(text: &str) -> Result<Date, String> {
    text.trim().parse().map_err(|_unreadable| "a day is written like `2026-11-01`".to_owned())
}
