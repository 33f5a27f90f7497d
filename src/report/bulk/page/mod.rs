//! The pages of a bulk report: one for the agency over all of its clients, and one for each client to be handed on to it.
//!
//! Made of [`Facts`] alone, so a page is the same whether a report went through at once or was resumed. Each is one file without a script that
//! needs no network. What was not asked for has no section; what was asked for and not seen is written out as not known, never as zero; a sum
//! that lacks something is a bound.
//!
//! The fleet's page names every client and is the agency's own. The client's page is made of that client's facts alone and tells what a client
//! is told: campaigns, sending accounts, who has access, how much of it was seen. Keys and findings, labels, prices and why a key was refused
//! are the agency's business and stand on the fleet's page only.

mod chart;
mod client;
mod fleet;
mod health;
mod parts;
mod style;
mod sums;
mod words;

use std::collections::BTreeSet;

use super::Facts;
use crate::domain::{Colour, Period, ReportKind};
use crate::report::html::{Accent, Look};

/// What the fleet's page is made of.
#[derive(Debug, Clone, Copy)]
pub struct FleetInput<'a> {
    /// The agency's name.
    pub agency: Option<&'a str>,
    /// Its colour.
    pub colour: Option<Colour>,
    /// The period; the one before it is told beside.
    pub period: Period,
    /// When the report was made, RFC 3339.
    pub made_at: &'a str,
    /// What was asked for.
    pub kinds: &'a BTreeSet<ReportKind>,
    /// The ending of the tables' files, without a dot: `csv`, `ndjson`, `json`.
    pub ending: &'static str,
    /// Every workspace that was asked, in config order.
    pub facts: &'a [Facts],
}

/// What the page of one client is made of.
#[derive(Debug, Clone, Copy)]
pub struct ClientInput<'a> {
    /// The agency's name.
    pub agency: Option<&'a str>,
    /// Its colour.
    pub colour: Option<Colour>,
    /// The period; the one before it is told beside.
    pub period: Period,
    /// What was asked for.
    pub kinds: &'a BTreeSet<ReportKind>,
    /// The ending of the tables' files, without a dot: `csv`, `ndjson`, `json`.
    pub ending: &'static str,
    /// The client.
    pub facts: &'a Facts,
}

/// Writes the page over all workspaces, `index.html` of the report.
pub fn fleet(input: &FleetInput<'_>) -> String {
    fleet::page(input)
}

/// Writes the page of one workspace, `workspaces/NAME/index.html`: to be handed to the client it is about.
pub fn client(input: &ClientInput<'_>) -> String {
    client::page(input)
}

/// Returns how pages of an agency look.
fn look(colour: Option<Colour>) -> Look {
    let accent = colour.map_or_else(Accent::default, Accent::of);
    Look { accent, style: style::STYLE, print: style::PRINT }
}

#[cfg(test)]
mod tests;
