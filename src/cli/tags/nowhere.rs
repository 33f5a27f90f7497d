//! Labels that a listing is narrowed by and that no workspace has: an empty listing must not pass for an answer.

use std::collections::BTreeSet;

use crate::cli::resources::Query;
use crate::config::did_you_mean;
use crate::plan::Tagging;
use crate::report::Coverage;
use crate::report::cell::printable;
use crate::ui::{Printer, words};

/// The labels of a query that were in no workspace so far.
#[derive(Debug)]
pub struct Nowhere {
    missing: BTreeSet<String>,
    others: BTreeSet<String>,
}

impl Nowhere {
    /// Begins with all labels of a query.
    pub fn of(query: &Query) -> Self {
        Self { missing: query.labels(), others: BTreeSet::new() }
    }

    /// Takes what is in one workspace.
    pub fn see(&mut self, tagging: &Tagging) {
        self.missing.retain(|label| tagging.called(label).next().is_none());
        if self.missing.is_empty() {
            self.others.clear();
        } else {
            self.others.extend(tagging.tags.rows.iter().map(|tag| tag.label.trim().to_owned()));
        }
    }

    /// Warns of those that were nowhere, with what is near.
    pub fn tell(&self, printer: &Printer, coverage: &Coverage) {
        let read = words::count(coverage.asked - coverage.unreadable.len(), "workspace");
        for label in &self.missing {
            printer.warn(&format!("no tag \"{}\" is in the {read} that could be read", printable(label)));
            if let Some(near) = did_you_mean(label, self.others.iter().map(String::as_str)) {
                printer.hint(&printable(&near));
            }
        }
    }
}
