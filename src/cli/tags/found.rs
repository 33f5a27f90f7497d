//! Findings of a listing: told in words, counted in its summary. Nothing here grows with the fleet.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::domain::{About, Finding, FindingCode, Severity};
use crate::report::Coverage;
use crate::report::cell::printable;
use crate::trouble::Exit;
use crate::ui::{Printer, words};

/// Findings that are told one by one; the rest is counted.
const TOLD: usize = 20;

/// What was found.
#[derive(Debug, Default)]
pub struct Found {
    by_severity: BTreeMap<Severity, usize>,
    by_code: BTreeMap<FindingCode, usize>,
    first: Vec<Finding>,
}

impl Found {
    /// Takes what was found in one workspace.
    pub fn take(&mut self, findings: Vec<Finding>) {
        for finding in findings {
            *self.by_severity.entry(finding.severity).or_default() += 1;
            *self.by_code.entry(finding.code).or_default() += 1;
            self.first.push(finding);
        }
        // Of many the gravest are told.
        if self.first.len() > TOLD {
            self.first.sort();
            self.first.truncate(TOLD);
        }
    }

    /// Counts them.
    pub fn count(&self) -> usize {
        self.by_code.values().sum()
    }

    /// Returns the exit code: that something was not seen goes before what was found (design section 4).
    pub fn exit(&self, coverage: &Coverage, detailed: bool) -> Exit {
        match coverage.exit() {
            Exit::Complete if detailed && self.count() > 0 => Exit::Changes,
            exit => exit,
        }
    }

    /// Returns the numbers for a summary, by severity.
    pub fn severities(&self) -> Value {
        let count = |severity: Severity| self.by_severity.get(&severity).copied().unwrap_or(0);
        Severity::ALL.into_iter().rev().map(|severity| (severity.to_string(), Value::from(count(severity)))).collect()
    }

    /// Returns the numbers for a summary, by code.
    pub fn codes(&self) -> Value {
        self.by_code.iter().map(|(code, count)| (code.to_string(), Value::from(*count))).collect()
    }

    /// Returns the first of them for a summary.
    pub fn records(&self) -> Value {
        let one = |finding: &Finding| {
            json!({
                "id": finding.id(),
                "code": finding.code,
                "severity": finding.severity,
                "workspace": finding.workspace.as_ref().map(crate::domain::WorkspaceName::as_str),
                "about": about(finding),
                "evidence": finding.evidence,
                "advice": finding.advice,
            })
        };
        let mut first: Vec<&Finding> = self.first.iter().collect();
        first.sort();
        first.into_iter().map(one).collect()
    }

    /// Tells them, gravest first, with what to do.
    pub fn talk(&self, printer: &Printer) {
        let mut first: Vec<&Finding> = self.first.iter().collect();
        first.sort();
        for finding in first {
            let workspace = finding.workspace.as_ref().map_or("", crate::domain::WorkspaceName::as_str);
            printer.say(&format!(
                "{} {} {workspace}: \"{}\": {}",
                finding.severity,
                finding.code,
                printable(about(finding)),
                printable(&finding.evidence),
            ));
            printer.say(&format!("  -> {}", printable(&finding.advice)));
        }
        let more = self.count().saturating_sub(TOLD);
        if more > 0 {
            printer.say(&format!("… and {}", words::count(more, "more finding")));
            printer.hint("`keyholder tags audit` has a row for each of them");
        }
    }

    /// Says how many there are, in words; `whole` tells whether everything asked for was read.
    pub fn say(&self, whole: bool) -> String {
        if self.count() == 0 {
            return if whole { "no findings" } else { "no findings in what could be read" }.to_owned();
        }
        let by: Vec<String> =
            self.by_severity.iter().rev().map(|(severity, count)| format!("{count} {severity}")).collect();
        format!("{}: {}", words::count(self.count(), "finding"), by.join(", "))
    }
}

fn about(finding: &Finding) -> &str {
    match &finding.about {
        About::Tag { label } => label,
        About::Account { email } => email,
        About::Sub { name, .. } | About::Key { name, .. } => name,
        About::Workspace | About::Place(_) => "",
    }
}
