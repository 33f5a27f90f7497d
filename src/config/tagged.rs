//! Lists of what is to carry a tag, or to carry it no more: sending accounts by address, campaigns by id.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::cells::{self, CsvProblem, CsvProblems, Row, Schema, several};
use super::select::{Pattern, nearest_workspace};
use super::smell::shown;
use crate::domain::{ResourceId, ResourceKind, Workspace};

const SCHEMA: Schema = Schema {
    known: &["resource", "account", "campaign", "workspace"],
    required: &[],
    repeatable: &["workspace"],
    prefixes: &[],
};

/// The columns that can name what a line is about.
const NAMING: [&str; 3] = ["resource", "account", "campaign"];

/// One line of such a list.
#[derive(Debug, Clone)]
pub struct TaggedRow {
    /// The file it came from, as named.
    pub source: Arc<Path>,
    /// Its line, from 1.
    pub line: usize,
    /// What kind of thing it names.
    pub kind: ResourceKind,
    /// The address or id, as it was written.
    pub resource: ResourceId,
    workspaces: Vec<(String, Pattern)>,
}

impl TaggedRow {
    /// Tells whether the line is about a workspace.
    pub fn applies_to(&self, workspace: &Workspace) -> bool {
        self.workspaces.is_empty() || self.workspaces.iter().any(|(_, pattern)| pattern.matches(workspace))
    }

    /// Tells whether the line means a thing: addresses compare without regard to case.
    pub fn means(&self, kind: ResourceKind, id: &str) -> bool {
        self.kind == kind
            && match kind {
                ResourceKind::Account => self.resource.as_str().eq_ignore_ascii_case(id.trim()),
                ResourceKind::Campaign => self.resource.as_str() == id,
            }
    }

    /// Makes a problem of this line.
    pub fn problem(&self, message: impl Into<String>, advice: impl Into<String>) -> CsvProblem {
        cells::problem(self.line, "", message, [advice.into()])
    }
}

/// Reads a list. `source` is the file as the user named it, for messages. Every bad line is told at once.
pub fn read(bytes: &[u8], source: &Path) -> Result<Vec<TaggedRow>, CsvProblems> {
    let sheet = cells::read(bytes, source, &SCHEMA);
    let mut problems = sheet.problems.clone();
    if let Some(first) = sheet.rows.first().filter(|row| !NAMING.iter().any(|column| row.has(column))) {
        let advice = ["name the accounts in a column `account`, campaigns in `campaign`, either in `resource`"];
        problems.push(cells::problem(first.line.saturating_sub(1).max(1), "", "no column says what is meant", advice));
    } else if sheet.rows.is_empty() && problems.is_empty() {
        problems.push(cells::problem(1, "", "the list names nothing", ["add a line for each account or campaign"]));
    }
    let named = |row: &Row| NAMING.iter().any(|column| row.has(column));
    let rows: Vec<TaggedRow> = sheet
        .rows
        .iter()
        .filter(|row| named(row))
        .filter_map(|row| read_row(row, &sheet.source, &mut problems))
        .collect();
    let mut seen: HashMap<(ResourceKind, String, Vec<&str>), usize> = HashMap::new();
    for row in &rows {
        let scope: Vec<&str> = row.workspaces.iter().map(|(name, _)| name.as_str()).collect();
        if let Some(first) = seen.insert((row.kind, row.resource.as_str().to_lowercase(), scope), row.line) {
            problems.push(row.problem(format!("the same stands in line {first}"), "keep one of the lines"));
        }
    }
    refuse(source, problems).map(|()| rows)
}

fn read_row(row: &Row, source: &Arc<Path>, problems: &mut Vec<CsvProblem>) -> Option<TaggedRow> {
    let filled: Vec<(&str, &str)> = NAMING.iter().filter_map(|column| Some((*column, row.get(column)?))).collect();
    let [(column, cell)] = filled[..] else {
        let message = if filled.is_empty() { "the line names nothing" } else { "the line names several things" };
        problems.push(row.problem("", message, ["one account or one campaign a line"]));
        return None;
    };
    let kind = match column {
        "account" => ResourceKind::Account,
        "campaign" => ResourceKind::Campaign,
        _ if cell.contains('@') => ResourceKind::Account,
        _ => ResourceKind::Campaign,
    };
    let fits = kind == ResourceKind::Campaign || cell.contains('@');
    let resource = match ResourceId::parse(cell) {
        Ok(resource) if fits => resource,
        Ok(_) => {
            let message = format!("{} is not the address of an account", shown(cell));
            problems.push(row.problem(column, message, ["write it like name@mail.example; ids stand in `campaign`"]));
            return None;
        }
        Err(bad) => {
            problems.push(row.problem(column, format!("{} is no address or id: {bad}", shown(cell)), [""; 0]));
            return None;
        }
    };
    let mut workspaces = Vec::new();
    for name in row.all("workspace").flat_map(several) {
        match Pattern::parse(name) {
            Some(pattern) => workspaces.push((name.to_owned(), pattern)),
            None => problems.push(row.problem(
                "workspace",
                format!("{} is not a name or glob", shown(name)),
                ["globs know `*`, `?`, `[abc]` and `{a,b}`"],
            )),
        }
    }
    Some(TaggedRow { source: Arc::clone(source), line: row.line, kind, resource, workspaces })
}

/// Checks the lines against what is selected: a line about a workspace nobody selected is an error.
pub fn check_scope(rows: &[TaggedRow], source: &Path, chosen: &[&Workspace]) -> Result<(), CsvProblems> {
    let mut problems = Vec::new();
    for row in rows {
        for (name, pattern) in &row.workspaces {
            if !chosen.iter().any(|workspace| pattern.matches(workspace)) {
                let near =
                    nearest_workspace(name, chosen.iter().copied()).map(|near| format!("did you mean `{near}`?"));
                let advice = near.into_iter().chain(["or select it too: `-w`, `-l` or `--all`".to_owned()]);
                let message = format!("no selected workspace is {}", shown(name));
                problems.push(cells::problem(row.line, "workspace", message, advice));
            }
        }
    }
    refuse(source, problems)
}

/// Refuses a list that has problems.
pub fn refuse(source: &Path, problems: Vec<CsvProblem>) -> Result<(), CsvProblems> {
    CsvProblems::check(source, problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        read(text.as_bytes(), Path::new("t.csv")).unwrap_err().to_string()
    }

    #[test]
    fn a_line_names_an_account_or_a_campaign() {
        let text = "resource,Workspace\nAnn@mail.example,\n0195-c1,acme;glo*\n";
        let rows = read(text.as_bytes(), Path::new("t.csv")).unwrap();
        let seen: Vec<_> = rows.iter().map(|row| (row.line, row.kind, row.resource.as_str())).collect();
        assert_eq!(seen, [(2, ResourceKind::Account, "Ann@mail.example"), (3, ResourceKind::Campaign, "0195-c1")]);
        assert!(rows[0].means(ResourceKind::Account, "ann@MAIL.example"));
        assert!(!rows[0].means(ResourceKind::Campaign, "Ann@mail.example"));
        let text = "account,campaign\na@x.example,\n,c1\n";
        assert_eq!(read(text.as_bytes(), Path::new("t.csv")).unwrap().len(), 2);
    }

    #[test]
    fn a_bad_line_is_told_with_its_number() {
        for (text, words) in [
            ("adress\na@x.example\n", "unknown column `adress`"),
            ("workspace\nacme\n", "t.csv:1: no column says what is meant"),
            ("account\n", "the list names nothing"),
            ("account,campaign\na@x.example,c1\n", "t.csv:2: the line names several things"),
            ("account,workspace\n,acme\n", "t.csv:2: the line names nothing"),
            ("account\nann\n", "t.csv:2: account: `ann` is not the address"),
            ("account\na b@x.example\n", "t.csv:2: account:"),
            ("account\na@x.example\nA@x.example\n", "t.csv:3: the same stands in line 2"),
            ("account,workspace\na@x.example,[\n", "t.csv:2: workspace:"),
        ] {
            assert!(told(text).contains(words), "{text}\n{}", told(text));
        }
    }
}
