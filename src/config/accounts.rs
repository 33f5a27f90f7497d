//! `[accounts]` of `keyholder.toml`, and the list of owners beside it: whose each sending account is, and how much may bounce.
//!
//! Owns how both are written. A list is kept in a spreadsheet: every bad line is told with its number.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::cells::{self, CsvProblem, Row, Schema};
use super::nearest::nearest;
use super::problem::Problem;
use super::smell::shown;
use super::toml::{Section, text_of};
use crate::domain::fleet::Place;
use crate::domain::{AccountPolicy, Email, Fleet, Mailbox, OwnerRule, Owners, Rate, WorkspaceName, undefused};

/// The columns of a list of owners.
const COLUMNS: [&str; 3] = ["email", "owner", "workspace"];

const SCHEMA: Schema = Schema { known: &COLUMNS, required: &["email", "owner"], repeatable: &[], prefixes: &[] };

/// Largest list that is read: a line for each of a million accounts is some 60 MB.
const MOST_BYTES: u64 = 128 * 1024 * 1024;

/// Longest prefix of a tag's label.
const LONGEST_PREFIX: usize = 60;

/// Names that are looked for among those of workspaces, at most: a list has many lines, a fleet many names.
const MOST_LOOKS: usize = 50;

/// Reads the table.
pub(super) fn read(section: Section<'_>) -> AccountPolicy {
    let standard = AccountPolicy::default();
    let tag_prefix = section.parsed(
        "tag_prefix",
        "the beginning of a tag's label",
        "it like \"owner: \": two letters or more, no comma and no line break",
        |text| {
            // With one letter, tags of all kinds would look like an owner's.
            let fits = text.trim().chars().count() > 1
                && text.chars().count() <= LONGEST_PREFIX
                && !text.chars().any(|c| c.is_control() || c == ',');
            fits.then(|| text.trim_start().to_owned())
        },
    );
    let max_bounces = section.parsed("max_bounces", "a part in percent", "it like \"5%\" or \"2.5%\"", Rate::parse);
    let bounce_sample = section.count("bounce_sample").and_then(|found| {
        if found.value == 0 {
            found.refuse("of no mail at all no part can be told", "write 1 or more; 20 is usual");
        }
        u64::try_from(found.value).ok()
    });
    let rules = section.section("owners").map(|table| read_owners(&table)).unwrap_or_default();
    let owners_file = section.text("owners_file").and_then(|text| {
        if text.value.trim().is_empty() {
            text.refuse("the name of the file is blank", "write it like \"owners.csv\", relative to the root");
            return None;
        }
        Some((text.value.to_owned(), section.source().place(text.at.start)))
    });
    let at = section.at();
    let source = section.source();
    section.close(&[("owner", "write [accounts.owners] with a line for each mailbox, or owners_file")]);
    let owners = Owners::of(rules).unwrap_or_else(|error| {
        // Each glob was read by itself before; together they can only be too many.
        source.report(at, "accounts.owners", format!("these globs cannot be used: {error}"), ["use fewer of them"]);
        Owners::default()
    });
    AccountPolicy {
        owners,
        owners_file,
        tag_prefix: tag_prefix.map_or(standard.tag_prefix, |found| found.value),
        max_bounces: max_bounces.map_or(standard.max_bounces, |found| found.value),
        bounce_sample: bounce_sample.unwrap_or(standard.bounce_sample),
    }
}

fn read_owners(table: &Section<'_>) -> Vec<OwnerRule> {
    let mut rules = Vec::new();
    let mut seen = Seen::default();
    for (name, item) in table.entries() {
        let mailbox = match Mailbox::parse(name.value) {
            Ok(mailbox) => Some(mailbox),
            Err(why) => {
                name.refuse(why, "write \"noor@mail.example\" = \"PERSON\", or a glob such as \"*@north.example\"");
                None
            }
        };
        let owner = text_of(&item).and_then(|text| match Email::parse(text.value) {
            Ok(owner) => Some(owner),
            Err(bad) => {
                text.refuse(format!("this is not an e-mail address: {}", bad.why), "name a person by address");
                None
            }
        });
        let (Some(mailbox), Some(owner)) = (mailbox, owner) else { continue };
        let rule = OwnerRule { mailbox, owner, workspace: None, place: table.source().place(name.at.start) };
        if let Some(other) = seen.other(&rule) {
            name.refuse(already(&other), "keep one of the two lines");
        }
        rules.push(rule);
    }
    rules
}

/// What was said so far of each mailbox, by the first line that says it.
#[derive(Default)]
struct Seen(HashMap<(Option<WorkspaceName>, Mailbox), (Email, Place)>);

impl Seen {
    /// Notes a rule; returns the place of an earlier one that says another person of just the same mailbox.
    fn other(&mut self, rule: &OwnerRule) -> Option<(Email, Place)> {
        let OwnerRule { mailbox, owner, workspace, place } = rule;
        let first =
            self.0.entry((workspace.clone(), mailbox.clone())).or_insert_with(|| (owner.clone(), place.clone()));
        (first.0 != *owner).then(|| first.clone())
    }
}

fn already((owner, place): &(Email, Place)) -> String {
    format!("this mailbox is {owner}'s at {}:{}", place.file.display(), place.line)
}

/// Returns what the files and the list say together; what is wrong with the list is added to the problems, and then none of it is believed.
pub(super) fn gather(root: &Path, fleet: &Fleet, problems: &mut Vec<Problem>) -> Owners {
    let owners = &fleet.accounts.owners;
    let Some((file, named_at)) = &fleet.accounts.owners_file else { return owners.clone() };
    let file = PathBuf::from(file);
    let told =
        |place: Place, field: String, message: String, advice: Vec<String>| Problem { place, field, message, advice };
    let bytes = match bytes(&root.join(&file)) {
        Ok(bytes) => bytes,
        Err(why) => {
            let message = format!("the list of owners `{}` cannot be read: {why}", file.display());
            let advice = vec!["owners_file is relative to the root; leave it out where there is no list".to_owned()];
            problems.push(told(named_at.clone(), "accounts.owners_file".to_owned(), message, advice));
            return owners.clone();
        }
    };
    let (rules, bad) = rows(&bytes, &file, fleet);
    let before = problems.len();
    problems.extend(bad.into_iter().map(|CsvProblem { line, column, message, advice }| {
        told(Place { file: file.clone(), line, column: 1 }, column, message, advice)
    }));
    if problems.len() > before {
        return owners.clone();
    }
    let all: Vec<OwnerRule> = owners.rules().iter().cloned().chain(rules).collect();
    Owners::of(all).unwrap_or_else(|error| {
        let message = format!("these globs cannot be used: {error}");
        problems.push(told(Place { file, line: 1, column: 1 }, String::new(), message, Vec::new()));
        owners.clone()
    })
}

fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    let read = || {
        let found = path.metadata()?;
        // Asked first: opening a pipe would wait for ever.
        if !found.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        if found.len() > MOST_BYTES {
            return Err(io::Error::other("it is too large to be a list of owners"));
        }
        fs::read(path)
    };
    read().map_err(|error| match error.kind() {
        io::ErrorKind::Other => error.to_string(),
        _ => super::why(&error),
    })
}

/// Reads the lines of a list, each beside those of keyholder.toml.
fn rows(bytes: &[u8], file: &Path, fleet: &Fleet) -> (Vec<OwnerRule>, Vec<CsvProblem>) {
    let sheet = cells::read(bytes, file, &SCHEMA);
    let mut problems = sheet.problems;
    let mut seen = Seen::default();
    for rule in fleet.accounts.owners.rules() {
        seen.other(rule);
    }
    let names: HashMap<&str, &WorkspaceName> =
        fleet.workspaces.iter().map(|workspace| (workspace.name.as_str(), &workspace.name)).collect();
    let mut looks = 0;
    let mut rules = Vec::new();
    for row in &sheet.rows {
        let before = problems.len();
        let mailbox = required(row, "email", &mut problems, Mailbox::parse);
        let owner = required(row, "owner", &mut problems, |text| {
            Email::parse(text).map_err(|bad| format!("this is not an e-mail address: {}", bad.why))
        });
        let workspace = row.get("workspace").map(|name| {
            let found = names.get(name).copied().cloned();
            if found.is_none() {
                looks += 1;
                let near = (looks <= MOST_LOOKS).then(|| nearest(name, names.keys().copied())).flatten();
                let advice = near.map(|name| format!("did you mean `{name}`?"));
                problems.push(row.problem("workspace", format!("no workspace is named {}", shown(name)), advice));
            }
            found
        });
        let (Some(mailbox), Some(owner), true) = (mailbox, owner, problems.len() == before) else { continue };
        let place = Place { file: file.to_owned(), line: row.line, column: 1 };
        let rule = OwnerRule { mailbox, owner, workspace: workspace.flatten(), place };
        if let Some(other) = seen.other(&rule) {
            problems.push(row.problem("email", already(&other), ["keep one of the two lines"]));
        }
        rules.push(rule);
    }
    (rules, problems)
}

fn required<T>(
    row: &Row,
    column: &'static str,
    problems: &mut Vec<CsvProblem>,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Option<T> {
    let Some(cell) = row.get(column) else {
        if row.has(column) {
            problems.push(row.problem(column, "the cell is empty", ["every line names a mailbox and its owner"]));
        }
        return None;
    };
    // A spreadsheet keeps a text that would run as a formula behind an apostrophe.
    match parse(undefused(cell)) {
        Ok(value) => Some(value),
        Err(why) => {
            problems.push(row.problem(column, why, ["write it like noor@mail.example"]));
            None
        }
    }
}

#[cfg(test)]
mod tests;
