//! What a person should look at, the gravest first: by what it is, then by what is to be said of it, so that a hundred workspaces with one
//! trouble are one line.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::domain::{ReportKind, Severity, Table};
use crate::report::bulk::page::FleetInput;
use crate::report::bulk::page::parts;
use crate::report::bulk::page::words::{count, grouped};
use crate::report::html::Html;

/// Lines of one sort that are told one by one.
const LINES: usize = 12;
/// Workspaces that are named on one line.
const NAMES: usize = 20;

/// Workspaces by what is to be said of them.
type Lines<'a> = Vec<(&'a str, Vec<&'a str>)>;

/// Writes the section.
pub(super) fn body(input: &FleetInput<'_>) -> Html {
    let mut html = Html::default();
    let mut sorts: BTreeMap<(Reverse<Severity>, &str), Lines<'_>> = BTreeMap::new();
    for facts in input.facts {
        for one in &facts.attention {
            let lines = sorts.entry((Reverse(one.severity), &one.what)).or_default();
            match lines.iter_mut().find(|(text, _)| *text == one.text) {
                Some((_, names)) => names.push(&facts.workspace),
                None => lines.push((&one.text, vec![&facts.workspace])),
            }
        }
    }
    if sorts.is_empty() {
        html.raw("<p>Nothing, in what was seen.</p>\n");
        return html;
    }
    let mut grave = None;
    for ((Reverse(severity), what), lines) in &sorts {
        if grave.replace(*severity) != Some(*severity) {
            let of: Vec<_> = sorts.iter().filter(|((Reverse(one), _), _)| one == severity).collect();
            let number: usize = of.iter().flat_map(|(_, lines)| lines.iter()).map(|(_, names)| names.len()).sum();
            html.raw("<h3>");
            parts::severity(&mut html, *severity);
            html.raw(" <span class=soft>").text(&grouped(number as u64)).raw("</span></h3>\n");
        }
        sort(&mut html, input, what, lines);
    }
    html
}

fn sort(html: &mut Html, input: &FleetInput<'_>, what: &str, lines: &Lines<'_>) {
    let number: usize = lines.iter().map(|(_, names)| names.len()).sum();
    html.raw("<h4>").text(&what.replace('-', " ")).raw(" <span class=soft>");
    html.text(&count(number as u64, "workspace")).raw("</span></h4>\n<ul>\n");
    for (text, names) in lines.iter().take(LINES) {
        html.raw("<li>");
        for (at, name) in names.iter().take(NAMES).enumerate() {
            html.raw(if at > 0 { ", " } else { "" }).element("b", name);
        }
        if names.len() > NAMES {
            html.raw(" and ").text(&grouped((names.len() - NAMES) as u64)).raw(" more");
        }
        html.raw(": ").text(text).raw("</li>\n");
    }
    let told: usize = lines.iter().take(LINES).map(|(_, names)| names.len()).sum();
    if told < number {
        html.raw("<li class=soft>and ").text(&grouped((number - told) as u64)).raw(" more: see ");
        html.element("code", &file(what, input)).raw("</li>\n");
    }
    html.raw("</ul>\n");
}

/// Names the file that has all of a sort.
fn file(what: &str, input: &FleetInput<'_>) -> String {
    let table = match what.split('-').next().unwrap_or_default() {
        "account" if what != "account-suspended" => Table::Accounts,
        "campaign" | "bounce" | "accounts" | "account" => Table::Campaigns,
        "webhook" => Table::Webhooks,
        "job" => Table::Jobs,
        "plan" => Table::Billing,
        "invitation" => Table::Members,
        "tag" => Table::Tags,
        "group" => Table::Groups,
        _ => Table::Keys,
    };
    let asked = |kind: ReportKind| input.kinds.contains(&kind);
    // What kept a workspace from being read stands in no table.
    let unread = ["key-dead", "key-missing", "key-opens-another", "scope-lacking", "unreachable", "unreadable"];
    if unread.contains(&what) || !asked(table.kind()) {
        return "summary.json".to_owned();
    }
    format!("{}.{}", table.as_str(), input.ending)
}
