//! What was seen of sending accounts: the coverage, gathered while a fleet is read, and which labels each account carries.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use crate::cli::session;
use crate::domain::{Finding, FindingCode, ResourceKind, SentDaily};
use crate::plan::{Observed, Tagging};
use crate::report::cell::printable;
use crate::report::{Coverage, Unlisted};
use crate::run::{LaneTrouble, Target};
use crate::ui::{Printer, words};

/// What the coverage says of a sweep, gathered while it goes on.
#[derive(Debug, Default)]
pub struct Seen {
    coverage: Coverage,
    unseen: Vec<Unlisted>,
}

impl Seen {
    /// Begins with how many workspaces are asked for.
    pub fn of(targets: &[Target]) -> Self {
        Self { coverage: Coverage { asked: targets.len(), ..Coverage::default() }, unseen: Vec::new() }
    }

    /// Notes what was seen of a workspace, and what of it was not.
    pub fn observed(&mut self, observed: &Observed, members: bool, sent: &SentDaily) {
        let name = observed.workspace.as_str();
        let tagging = observed.tagging.as_deref();
        match tagging.and_then(|tagging| tagging.accounts.incomplete.as_ref()) {
            None => self.coverage.complete += 1,
            Some(why) => self.coverage.partial.push((name.to_owned(), format!("the list of accounts: {why}"))),
        }
        let lists = [
            ("workspace-members", observed.incomplete.as_ref().filter(|_| members)),
            ("custom-tags", tagging.and_then(|tagging| tagging.tags.incomplete.as_ref())),
            ("custom-tag-mappings", tagging.and_then(|tagging| tagging.carried_incomplete.as_ref())),
            ("accounts/analytics/daily", sent.incomplete.as_ref()),
        ];
        self.unseen.extend(lists.into_iter().filter_map(|(listing, why)| {
            let (workspace, listing) = (name.to_owned(), listing.to_owned());
            Some(Unlisted { workspace, listing, reason: why?.clone() })
        }));
    }

    /// Notes a workspace that could not be read.
    pub fn unreadable(&mut self, target: &Target, trouble: &LaneTrouble) {
        session::unreadable(&mut self.coverage, target.name.as_str(), trouble);
    }

    /// Returns the whole.
    pub fn coverage(self) -> Coverage {
        let Self { mut coverage, unseen } = self;
        coverage.note_unseen(unseen);
        coverage
    }
}

/// Which labels the accounts of a workspace carry; what is not known is not told.
#[derive(Debug)]
pub struct Labels<'a> {
    known: bool,
    of: HashMap<&'a str, Vec<String>>,
}

impl<'a> Labels<'a> {
    /// Gathers them in one pass.
    pub fn of(tagging: &'a Tagging) -> Self {
        let mut of: HashMap<&str, Vec<String>> = HashMap::new();
        for tag in &tagging.tags.rows {
            for (kind, resource) in tagging.carried.get(&tag.id).into_iter().flatten() {
                if *kind == ResourceKind::Account {
                    of.entry(resource.as_str()).or_default().push(tag.label.clone());
                }
            }
        }
        for labels in of.values_mut() {
            labels.sort();
        }
        Self { known: tagging.tags.incomplete.is_none() && tagging.carried_incomplete.is_none(), of }
    }

    /// Returns those of one account.
    pub fn of_account(&self, email: &str) -> Option<&[String]> {
        self.known.then(|| self.of.get(email.trim().to_ascii_lowercase().as_str()).map_or(&[][..], Vec::as_slice))
    }
}

/// What was found, in numbers, and the first few of each kind: nothing here grows with the fleet.
#[derive(Debug, Default)]
pub struct Found {
    by_code: BTreeMap<FindingCode, (usize, Vec<String>)>,
}

/// How many findings of one kind are told in words where they are no rows.
pub(super) const NAMED: usize = 5;

impl Found {
    /// Counts one.
    pub fn note(&mut self, finding: &Finding) {
        let (count, first) = self.by_code.entry(finding.code).or_default();
        *count += 1;
        if first.len() < NAMED {
            let workspace = finding.workspace.as_ref().map(ToString::to_string).unwrap_or_default();
            let about = match &finding.about {
                crate::domain::About::Account { email } => printable(email),
                _ => String::new(),
            };
            let (severity, code) = (finding.severity, finding.code);
            first.push(format!("{severity} {code} {workspace}: \"{about}\": {}", printable(&finding.evidence)));
        }
    }

    /// Counts all of them.
    pub fn all(&self) -> usize {
        self.by_code.values().map(|(count, _)| count).sum()
    }

    /// Returns the counts for records, by code.
    pub fn record(&self) -> Value {
        self.by_code.iter().map(|(code, (count, _))| (code.to_string(), Value::from(*count))).collect()
    }

    /// Tells them, the first few of each kind by name; where they stand under the rows already, only what to do.
    pub fn talk(&self, printer: &Printer, are_shown: bool) {
        for (code, (count, first)) in &self.by_code {
            for one in first.iter().filter(|_| !are_shown) {
                printer.say(one);
            }
            if *count > first.len() && !are_shown {
                printer.say(&format!("… and {} more {code}", count - first.len()));
            }
            printer.hint(&format!("`keyholder help {code}` says what to do"));
        }
    }

    /// Says how many there are; `whole` tells whether everything asked for was read.
    pub fn say(&self, whole: bool) -> String {
        match self.all() {
            0 if whole => "no findings".to_owned(),
            0 => "no findings in what could be read".to_owned(),
            all => words::count(all, "finding"),
        }
    }
}
