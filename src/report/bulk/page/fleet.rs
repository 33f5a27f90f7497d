//! The agency's own page over all of its clients: what could be seen first, then what needs attention, then one section for what was asked.
//!
//! However many workspaces there are, it stays a page: lists are bounded and say where the rest stands.

mod accounts;
mod attention;
mod billing;
mod campaigns;
mod coverage;
mod files;
mod findings;
mod matrix;
mod people;

use super::parts::{self, Section};
use super::words::{count, moment};
use super::{FleetInput, look};
use crate::domain::ReportKind;
use crate::report::html::Html;

/// Writes the page.
pub(super) fn page(input: &FleetInput<'_>) -> String {
    let FleetInput { agency, colour, period, made_at, kinds, ending: _, facts } = *input;
    let title = format!("Report over {}", count(facts.len() as u64, "workspace"));
    let asked = |kind: ReportKind| kinds.contains(&kind);
    let mut html = Html::default();
    html.raw("<header>\n");
    if let Some(agency) = agency {
        html.element("p class=brand", agency).raw("\n");
    }
    html.element("h1", &title).raw("\n<p>").text(&period.to_string());
    html.raw(" <span class=soft>(compared with ").text(&period.prior().to_string());
    html.raw("; whole days, UTC). Made ").with("time", "datetime", made_at, &moment(made_at)).raw(".</span></p>\n");
    html.raw("<p class=soft>This page is the agency's own");
    html.raw(match facts.len() {
        1 => ": do not hand it to the client, who has a page of its own.",
        _ => ": it names several clients. Do not hand it to one of them; each has a page of its own.",
    });
    html.raw("</p>\n</header>\n");
    let mut all = vec![
        Section::of("coverage", "What could be seen", coverage::body(facts)),
        Section::of("attention", "What needs attention", attention::body(input)),
    ];
    if asked(ReportKind::Campaigns) {
        all.push(Section::of("campaigns", "Campaigns", campaigns::body(input)));
    }
    if asked(ReportKind::Accounts) {
        all.push(Section::of("accounts", "Sending accounts", accounts::body(input)));
    }
    if asked(ReportKind::Members) {
        all.push(Section::of("people", "People and access", people::body(input)));
    }
    if findings::ASKED_BY.into_iter().any(asked) {
        all.push(Section::of("findings", "Findings", findings::body(input)));
    }
    if asked(ReportKind::Billing) {
        all.push(Section::of("billing", "Billing", billing::body(input)));
    }
    all.push(Section::of("files", "All rows", files::body(input)));
    parts::sections(&mut html, all);
    html.raw("<footer>Times are UTC. Rates are made of sums, never of other rates: opened and replied are of the leads contacted, ");
    html.raw("bounced of the mails sent.</footer>");
    html.into_page_as(&title, &look(colour))
}
