//! Lists of people: who is to come, who is to go, where, and as what (design section 5, CSV in).

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;

use super::cells::{self, CsvProblem, CsvProblems, Row, Schema, Sheet, several};
use super::nearest::did_you_mean;
use super::preset;
use super::select::{Pattern, holds, nearest_workspace, split_label};
use super::smell::shown;
use crate::domain::{Email, Permissions, Preset, Role, Workspace};
use crate::trouble::Advise as _;

mod leavers;

pub use leavers::{Beside, read_leavers};

/// The columns of a list of people, for help pages.
pub const COLUMNS: [&str; 9] =
    ["email", "role", "preset", "permissions", "nickname", "workspace", "label", "hand_over_to", "last_day"];

/// Longest nickname (contract section 8).
pub const LONGEST_NICKNAME: usize = 80;

const SCHEMA: Schema =
    Schema { known: &COLUMNS, required: &["email"], repeatable: &["workspace", "label"], prefixes: &[] };

/// One line of a list of people.
#[derive(Debug, Clone)]
pub struct PersonRow {
    /// The file it came from, as named.
    pub source: Arc<Path>,
    /// Its line, from 1.
    pub line: usize,
    /// The person.
    pub email: Email,
    /// The role asked for.
    pub role: Option<Role>,
    /// The preset asked for, in place of a role.
    pub preset: Option<String>,
    /// The permissions asked for.
    pub permissions: Option<Permissions>,
    /// The nickname to set.
    pub nickname: Option<String>,
    /// Names or globs: the line is about these workspaces alone. Empty: all that are selected.
    pub workspaces: Vec<String>,
    /// Labels that must all hold.
    pub labels: Vec<(String, String)>,
    /// Who takes over what the person leaves behind.
    pub hand_over_to: Option<Email>,
    /// The person's last day.
    pub last_day: Option<Date>,
    patterns: Vec<Pattern>,
}

impl PersonRow {
    /// Tells whether the line is about a workspace: any of its names or globs, and all of its labels.
    pub fn applies_to(&self, workspace: &Workspace) -> bool {
        (self.patterns.is_empty() || self.patterns.iter().any(|pattern| pattern.matches(workspace)))
            && self.labels.iter().all(|(key, value)| holds(workspace, key, value))
    }

    /// Tells whether two lines share a workspace whatever the fleet is; the rest is left to [`check_scope`].
    fn surely_overlaps(&self, other: &Self) -> bool {
        let everywhere = |row: &Self| row.workspaces.is_empty() && row.labels.is_empty();
        let same = self.workspaces == other.workspaces && self.labels == other.labels;
        let named = self.labels.is_empty()
            && other.labels.is_empty()
            && self.workspaces.iter().any(|name| other.workspaces.contains(name));
        everywhere(self) || everywhere(other) || same || named
    }
}

/// Reads a list of people. `source` is the file as the user named it, for messages.
///
/// The header is required; `workspace` and `label` may be repeated, and a cell of them may hold several, separated by `;` or
/// blanks. Every bad line is told at once.
pub fn read(bytes: &[u8], source: &Path) -> Result<Vec<PersonRow>, CsvProblems> {
    let (rows, problems) = read_sheet(&cells::read(bytes, source, &SCHEMA));
    CsvProblems::check(source, problems).map(|()| rows)
}

fn read_sheet(sheet: &Sheet) -> (Vec<PersonRow>, Vec<CsvProblem>) {
    let mut problems = sheet.problems.clone();
    let rows: Vec<PersonRow> =
        sheet.rows.iter().filter_map(|row| read_row(row, &sheet.source, &mut problems)).collect();
    if sheet.rows.is_empty() && problems.is_empty() {
        problems.push(cells::problem(1, "", "the list names nobody", ["add a line for each person"]));
    }
    for lines in by_person(&rows).into_values() {
        for (at, second) in lines.iter().enumerate() {
            if let Some(first) = lines[..at].iter().find(|first| first.surely_overlaps(second)) {
                problems.push(duplicate(first, second, None));
            }
        }
    }
    (rows, problems)
}

fn read_row(row: &Row, source: &Arc<Path>, problems: &mut Vec<CsvProblem>) -> Option<PersonRow> {
    let email = row.get("email").and_then(|cell| read_email(row, "email", cell, problems));
    if row.has("email") && row.get("email").is_none() {
        problems.push(row.problem("email", "there is no address", ["every line names a person"]));
    }
    let (role, preset, permissions) = read_access(row, problems);
    let nickname = row.get("nickname").map(str::to_owned);
    if let Some(nickname) = &nickname
        && (nickname.chars().count() > LONGEST_NICKNAME || nickname.chars().any(char::is_control))
    {
        let message = format!("a nickname has at most {LONGEST_NICKNAME} characters, on one line");
        problems.push(row.problem("nickname", message, ["shorten it"]));
    }
    let before = problems.len();
    let (workspaces, patterns) = read_workspaces(row, problems);
    let labels = read_labels(row, problems);
    let scoped = problems.len() == before;
    let hand_over_to = row.get("hand_over_to").and_then(|cell| read_email(row, "hand_over_to", cell, problems));
    if hand_over_to.is_some() && hand_over_to == email {
        problems.push(row.problem("hand_over_to", "a person cannot take over from themselves", ["name a colleague"]));
    }
    let last_day = row.get("last_day").and_then(|cell| read_date(row, cell, problems));
    // A line is compared with the others even if something else is wrong with it, but not where its scope is unknown.
    scoped.then_some(())?;
    Some(PersonRow {
        source: Arc::clone(source),
        line: row.line,
        email: email?,
        role,
        preset,
        permissions,
        nickname,
        workspaces,
        labels,
        hand_over_to,
        last_day,
        patterns,
    })
}

fn read_email(row: &Row, column: &str, cell: &str, problems: &mut Vec<CsvProblem>) -> Option<Email> {
    match Email::parse(cell) {
        Ok(email) => Some(email),
        Err(bad) => {
            let message = format!("{} is not an e-mail address: {}", shown(cell), bad.why);
            problems.push(row.problem(column, message, ["one address a cell, like name@agency.example"]));
            None
        }
    }
}

type Asked = (Option<Role>, Option<String>, Option<Permissions>);

fn read_access(row: &Row, problems: &mut Vec<CsvProblem>) -> Asked {
    let role = row.get("role").and_then(|cell| match preset::role(cell) {
        Ok(role) => Some(role),
        Err(bad) => {
            problems.push(row.problem("role", bad.to_string(), bad.advice()));
            None
        }
    });
    let permissions = row.get("permissions").and_then(|cell| match preset::permissions(cell) {
        Ok(permissions) => Some(permissions),
        Err(bad) => {
            problems.push(row.problem("permissions", bad.to_string(), bad.advice()));
            None
        }
    });
    let preset = row.get("preset").map(str::to_owned);
    for other in ["role", "permissions"] {
        if preset.is_some() && row.get(other).is_some() {
            let message = format!("`preset` and `{other}` both say what the person gets");
            problems.push(row.problem(
                "preset",
                message,
                ["keep one of them: a preset is a role with its permissions"],
            ));
        }
    }
    (role, preset, permissions)
}

fn read_workspaces(row: &Row, problems: &mut Vec<CsvProblem>) -> (Vec<String>, Vec<Pattern>) {
    let mut names = Vec::new();
    let mut patterns = Vec::new();
    for name in row.all("workspace").flat_map(several) {
        match Pattern::parse(name) {
            Some(pattern) => {
                names.push(name.to_owned());
                patterns.push(pattern);
            }
            None => problems.push(row.problem(
                "workspace",
                format!("{} is not a name or glob", shown(name)),
                ["globs know `*`, `?`, `[abc]` and `{a,b}`"],
            )),
        }
    }
    (names, patterns)
}

fn read_labels(row: &Row, problems: &mut Vec<CsvProblem>) -> Vec<(String, String)> {
    let mut labels = Vec::new();
    for label in row.all("label").flat_map(several) {
        if let Some((key, value)) = split_label(label) {
            labels.push((key.to_owned(), value.to_owned()));
        } else {
            let message = format!("{} is not of the form KEY=VALUE", shown(label));
            problems.push(row.problem("label", message, ["write it like tier=gold"]));
        }
    }
    labels.sort();
    labels.dedup();
    labels
}

fn read_date(row: &Row, cell: &str, problems: &mut Vec<CsvProblem>) -> Option<Date> {
    // Only the one form: 11/12/2026 is two different days to two colleagues.
    let date = (cell.len() == 10 && cell.is_ascii()).then(|| cell.parse().ok()).flatten();
    if date.is_none() {
        problems.push(row.problem("last_day", "this is not a date", ["write it like 2026-11-30"]));
    }
    date
}

fn by_person(rows: &[PersonRow]) -> HashMap<&Email, Vec<&PersonRow>> {
    let mut by_person: HashMap<&Email, Vec<&PersonRow>> = HashMap::new();
    for row in rows {
        by_person.entry(&row.email).or_default().push(row);
    }
    by_person
}

fn duplicate(first: &PersonRow, second: &PersonRow, shared: Option<&Workspace>) -> CsvProblem {
    let place = shared.map(|workspace| format!(", both for `{}`", workspace.name)).unwrap_or_default();
    let message = format!("`{}` already stands in line {}{place}", second.email, first.line);
    cells::problem(second.line, "email", message, ["keep one line, or narrow both by `workspace` or `label`"])
}

/// Checks that presets the lines name exist; `presets` is [`super::presets`] of the fleet.
pub fn check_presets(rows: &[PersonRow], presets: &BTreeMap<String, Preset>) -> Result<(), CsvProblems> {
    let mut problems = Vec::new();
    for row in rows {
        let Some(name) = row.preset.as_ref().filter(|name| !presets.contains_key(*name)) else { continue };
        let hint = did_you_mean(name, presets.keys().map(String::as_str));
        problems.push(cells::problem(row.line, "preset", format!("there is no preset {}", shown(name)), hint));
    }
    check(rows, problems)
}

/// Checks the lines against what is selected: a line about a workspace nobody selected is an error, and so are two lines
/// about one person in one workspace.
pub fn check_scope(rows: &[PersonRow], chosen: &[&Workspace]) -> Result<(), CsvProblems> {
    check(rows, scope_problems(rows, chosen))
}

fn scope_problems(rows: &[PersonRow], chosen: &[&Workspace]) -> Vec<CsvProblem> {
    let mut problems = Vec::new();
    let names: HashMap<&str, &Workspace> =
        chosen.iter().map(|workspace| (workspace.name.as_str(), *workspace)).collect();
    for row in rows {
        let stray = problems.len();
        for (text, pattern) in row.workspaces.iter().zip(&row.patterns) {
            let found = match pattern {
                Pattern::Name(name) => names.contains_key(name.as_str()),
                Pattern::Glob(_) => chosen.iter().any(|workspace| pattern.matches(workspace)),
            };
            if !found {
                let near =
                    nearest_workspace(text, chosen.iter().copied()).map(|near| format!("did you mean `{near}`?"));
                let advice = near.into_iter().chain(["or select it too: `-w`, `-l` or `--all`".to_owned()]);
                let message = format!("no selected workspace is {}", shown(text));
                problems.push(cells::problem(row.line, "workspace", message, advice));
            }
        }
        if problems.len() == stray && !chosen.iter().any(|workspace| row.applies_to(workspace)) {
            let column = if row.labels.is_empty() { "" } else { "label" };
            let advice = ["widen the line or the selection; names and labels of a line must hold together"];
            problems.push(cells::problem(row.line, column, "the line is about no selected workspace", advice));
        }
    }
    for lines in by_person(rows).into_values().filter(|lines| lines.len() > 1) {
        let mut taken: HashMap<&str, &PersonRow> = HashMap::new();
        for second in lines {
            let about = chosen.iter().filter(|workspace| second.applies_to(workspace));
            let mut clash = None;
            for workspace in about {
                if let Some(first) = taken.insert(workspace.name.as_str(), second) {
                    clash = clash.or(Some((first, *workspace)));
                }
            }
            if let Some((first, shared)) = clash {
                problems.push(duplicate(first, second, Some(shared)));
            }
        }
    }
    problems
}

fn check(rows: &[PersonRow], problems: Vec<CsvProblem>) -> Result<(), CsvProblems> {
    CsvProblems::check(rows.first().map_or(Path::new(""), |row| &row.source), problems)
}

#[cfg(test)]
mod tests;
