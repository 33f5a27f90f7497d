//! Campaigns of all workspaces: sums, days, each workspace, and the campaigns that sent most.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::domain::Table;
use crate::report::bulk::Facts;
use crate::report::bulk::facts::CampaignFact;
use crate::report::bulk::page::FleetInput;
use crate::report::bulk::page::chart::{self, Days};
use crate::report::bulk::page::parts::{self, Head};
use crate::report::bulk::page::sums::{self, Seen, Sum};
use crate::report::bulk::page::words::Known;
use crate::report::html::Html;

/// Campaigns that are told one by one; all are in the table's file.
const MOST: usize = 50;

/// What every row tells, after its own columns.
const COLUMNS: [Head; 8] = [
    Head::Number("Sent"),
    Head::Number("Opened"),
    Head::Number("Replied"),
    Head::Number("Bounced"),
    Head::Number("Opportunities"),
    Head::Number("Open rate"),
    Head::Number("Reply rate"),
    Head::Number("Bounce rate"),
];

/// Writes the section.
pub(super) fn body(input: &FleetInput<'_>) -> Html {
    let mut html = Html::default();
    let sums: Vec<(Sum, Sum)> = input
        .facts
        .iter()
        .map(|facts| (Sum::of(facts, |campaign| campaign.now), Sum::of(facts, |campaign| campaign.prior)))
        .collect();
    let now = Sum::over(sums.iter().map(|(now, _)| *now));
    let before = Sum::over(sums.iter().map(|(_, before)| *before));
    parts::figures(&mut html, now, before);
    days(&mut html, input);
    parts::head(
        &mut html,
        "Each workspace in the period; beneath each number the one of the period before",
        &[&[Head::Text("Workspace"), Head::Text("Sent a day"), Head::Number("Campaigns")], &COLUMNS[..]].concat(),
    );
    for (facts, (now, before)) in input.facts.iter().zip(&sums) {
        html.raw("<tr>");
        parts::workspace(&mut html, facts);
        html.raw("<td>");
        if let Some(days) = &facts.days {
            chart::spark(&mut html, days);
        }
        html.raw("</td>");
        parts::number(&mut html, campaigns(facts));
        numbers(&mut html, *now, *before);
        html.raw("</tr>\n");
    }
    parts::close(&mut html);
    most(&mut html, input);
    html
}

fn campaigns(facts: &Facts) -> Known {
    match Seen::of(facts, Table::Campaigns) {
        Seen::Unread | Seen::NotAsked => Known::Unknown,
        seen => Known::of(facts.campaigns.len() as u64, seen.has_all_rows()),
    }
}

fn days(html: &mut Html, input: &FleetInput<'_>) {
    let known: Vec<&BTreeMap<_, _>> = input.facts.iter().filter_map(|facts| facts.days.as_ref()).collect();
    if known.is_empty() {
        html.raw("<p class=unknown>Day by day nothing is known.</p>\n");
        return;
    }
    let whole = known.len() == input.facts.len();
    if !whole {
        html.raw("<p>Day by day ").number(known.len() as u64).raw(" of ").number(input.facts.len() as u64);
        html.raw(" workspaces are known; the charts are of them.</p>\n");
    }
    chart::charts(html, &Days::of(input.period, known.into_iter(), whole));
}

fn most(html: &mut Html, input: &FleetInput<'_>) {
    let mut all: Vec<(&Facts, &CampaignFact)> =
        input.facts.iter().flat_map(|facts| facts.campaigns.iter().map(move |campaign| (facts, campaign))).collect();
    let number = all.len();
    // The sort is stable: what sent alike stays in the order of the tables.
    all.sort_by_key(|(_, campaign)| Reverse(campaign.now.map(|now| now.sent)));
    all.truncate(MOST);
    if all.is_empty() {
        return;
    }
    let caption = if number > MOST { "The 50 campaigns that sent most" } else { "Every campaign, by what it sent" };
    parts::head(
        html,
        caption,
        &[&[Head::Text("Campaign"), Head::Text("Workspace"), Head::Text("State")], &COLUMNS[..]].concat(),
    );
    for (facts, campaign) in all {
        html.raw("<tr>").element("th scope=row", &campaign.name).element("td", &facts.workspace);
        html.raw("<td>");
        parts::state(html, &campaign.status);
        html.raw("</td>");
        numbers(html, Sum::one(campaign, |one| one.now), Sum::one(campaign, |one| one.prior));
        html.raw("</tr>\n");
    }
    parts::close(html);
    parts::more(html, number.saturating_sub(MOST), &format!("campaigns.{}", input.ending));
}

fn numbers(html: &mut Html, now: Sum, before: Sum) {
    for count in [sums::SENT, sums::OPENED, sums::REPLIED, sums::BOUNCED, sums::OPPORTUNITIES] {
        parts::count_cell(html, now, before, count);
    }
    for part in [sums::OPEN_RATE, sums::REPLY_RATE, sums::BOUNCE_RATE] {
        parts::rate_cell(html, now, before, part);
    }
}
