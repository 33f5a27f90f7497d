//! What is to be said against keys, tags, accounts and links, by how grave it is.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::domain::{ReportKind, Severity, Table};
use crate::report::bulk::Facts;
use crate::report::bulk::facts::FindingFact;
use crate::report::bulk::page::FleetInput;
use crate::report::bulk::page::parts::{self, Head};
use crate::report::bulk::page::sums::Seen;
use crate::report::bulk::page::words::Known;
use crate::report::html::Html;

/// Findings of one gravity that are told one by one.
const MOST: usize = 40;

/// The kinds that are judged.
pub(super) const ASKED_BY: [ReportKind; 4] =
    [ReportKind::Keys, ReportKind::Tags, ReportKind::Groups, ReportKind::Accounts];

/// Findings of one code, and the workspaces they are of.
type Codes<'a> = BTreeMap<(Reverse<Severity>, &'a str), (u64, BTreeSet<&'a str>)>;

/// Writes the section.
pub(super) fn body(input: &FleetInput<'_>) -> Html {
    let mut html = Html::default();
    let tables: Vec<Table> =
        ASKED_BY.iter().filter(|kind| input.kinds.contains(kind)).map(|kind| kind.tables()[0]).collect();
    let whole =
        input.facts.iter().all(|facts| tables.iter().all(|table| matches!(Seen::of(facts, *table), Seen::Whole)));
    let all: Vec<(&Facts, &FindingFact)> =
        input.facts.iter().flat_map(|facts| facts.findings.iter().map(move |finding| (facts, finding))).collect();
    html.raw("<p>Judged: ").text(&tables.iter().map(|table| table.as_str()).collect::<Vec<_>>().join(", ")).raw(".");
    html.raw(if whole { "</p>\n" } else { " Not all could be seen, so there may be more.</p>\n" });
    if all.is_empty() {
        html.raw("<p>Nothing is to be said against what was seen.</p>\n");
        return html;
    }
    overview(&mut html, &all, whole);
    for severity in Severity::ALL.into_iter().rev() {
        let of: Vec<_> = all.iter().filter(|(_, finding)| finding.severity == severity).collect();
        if of.is_empty() {
            continue;
        }
        html.raw("<h3>");
        parts::severity(&mut html, severity);
        html.raw("</h3>\n");
        parts::head(
            &mut html,
            &format!("Findings that are {severity}"),
            &[
                Head::Text("Finding"),
                Head::Text("Workspace"),
                Head::Text("About"),
                Head::Text("What is so, and what to do"),
            ],
        );
        for (facts, finding) in of.iter().take(MOST) {
            html.raw("<tr>").element("th scope=row", &finding.code).element("td", &facts.workspace);
            html.element("td", &finding.about).raw("<td>").text(&finding.evidence);
            html.raw("<br><span class=soft>").text(&finding.advice).raw("</span></td></tr>\n");
        }
        parts::close(&mut html);
        parts::more(&mut html, of.len().saturating_sub(MOST), "the tables' files, column `findings`");
    }
    html
}

fn overview(html: &mut Html, all: &[(&Facts, &FindingFact)], whole: bool) {
    let mut codes: Codes<'_> = BTreeMap::new();
    for (facts, finding) in all {
        let (number, workspaces) = codes.entry((Reverse(finding.severity), &finding.code)).or_default();
        *number += 1;
        workspaces.insert(&facts.workspace);
    }
    parts::head(
        html,
        "Findings by how grave they are",
        &[Head::Text("Finding"), Head::Text("How grave"), Head::Number("Number"), Head::Number("Workspaces")],
    );
    for ((Reverse(severity), code), (number, workspaces)) in &codes {
        html.raw("<tr>").element("th scope=row", code).raw("<td>");
        parts::severity(html, *severity);
        html.raw("</td>");
        parts::number(html, Known::of(*number, whole));
        parts::number(html, Known::of(workspaces.len() as u64, whole));
        html.raw("</tr>\n");
    }
    parts::close(html);
}
