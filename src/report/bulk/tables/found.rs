//! Which findings there are about each thing, gathered once for all things of a workspace.

use std::collections::HashMap;
use std::hash::Hash;

use crate::domain::{About, Finding};
use crate::report::bulk::context::Context;
use crate::report::cell::Cell;

/// The findings by what they are about.
#[derive(Debug)]
pub(super) struct Found<'a, T>(HashMap<T, Vec<&'a Finding>>);

impl<'a, T: Eq + Hash> Found<'a, T> {
    /// Gathers those about things of one kind.
    pub(super) fn of(context: &'a Context, thing: impl Fn(&'a About) -> Option<T>) -> Self {
        let mut found: HashMap<T, Vec<&Finding>> = HashMap::new();
        for finding in &context.said.findings {
            if let Some(thing) = thing(&finding.about) {
                found.entry(thing).or_default().push(finding);
            }
        }
        Self(found)
    }

    /// Returns the codes and the facts of those about one thing.
    pub(super) fn cells(&self, thing: &T) -> [Cell<'a>; 2] {
        let Some(of) = self.0.get(thing) else { return [Cell::Nothing, Cell::Nothing] };
        let facts: Vec<&str> = of.iter().map(|finding| finding.evidence.as_str()).collect();
        [Cell::list(of.iter().map(|finding| finding.code.as_str())), Cell::text(facts.join("; "))]
    }
}
