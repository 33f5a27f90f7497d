//! What the workspaces pay for, as it stood when each was looked at: counted by plan, then one by one.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::analytics::Paid;
use crate::domain::{Subscription, Table};
use crate::report::bulk::Facts;
use crate::report::bulk::page::FleetInput;
use crate::report::bulk::page::parts::{self, Head};
use crate::report::bulk::page::sums::Seen;
use crate::report::bulk::page::words::{Known, grouped};
use crate::report::html::Html;

/// Subscriptions that are told one by one; all are in the table's file.
const MOST: usize = 120;

/// Writes the section.
pub(super) fn body(input: &FleetInput<'_>) -> Html {
    let mut html = Html::default();
    let all: Vec<(&Facts, &Subscription, Option<Paid>)> = input
        .facts
        .iter()
        .flat_map(|facts| facts.subscriptions.iter().map(move |one| (facts, one, paid(facts, one))))
        .filter(|(_, _, paid)| *paid != Some(Paid::Nothing))
        .collect();
    let whole = input.facts.iter().all(|facts| Seen::of(facts, Table::Billing).has_all_rows());
    if all.is_empty() {
        html.raw(if whole {
            "<p>No workspace has a subscription.</p>\n"
        } else {
            "<p class=unknown>Not known: no subscription was seen, but not all could be.</p>\n"
        });
        return html;
    }
    by_plan(&mut html, &all, whole);
    parts::head(
        &mut html,
        "Subscriptions",
        &[
            Head::Text("Workspace"),
            Head::Text("For"),
            Head::Text("Plan"),
            Head::Text("State"),
            Head::Number("Price"),
            Head::Text("Paid until"),
            Head::Text("Ends"),
            Head::Number("Used"),
        ],
    );
    // What ends or has ended stands first; else as in the files. The sort is stable.
    let mut first: Vec<_> = all.iter().collect();
    first.sort_by_key(|(_, _, paid)| !matches!(paid, Some(Paid::Ending | Paid::Ended | Paid::Lapsed)));
    for (facts, one, paid) in first.iter().take(MOST) {
        html.raw("<tr>");
        parts::workspace(&mut html, facts);
        row(&mut html, one, *paid);
        html.raw("</tr>\n");
    }
    parts::close(&mut html);
    parts::more(&mut html, all.len().saturating_sub(MOST), &format!("billing.{}", input.ending));
    html
}

fn paid(facts: &Facts, one: &Subscription) -> Option<Paid> {
    facts.observed_at.parse::<Timestamp>().ok().map(|at| one.paid(at))
}

fn by_plan(html: &mut Html, all: &[(&Facts, &Subscription, Option<Paid>)], whole: bool) {
    let mut plans: BTreeMap<(&str, &str), (u64, BTreeSet<&str>)> = BTreeMap::new();
    for (facts, one, _) in all {
        let name = one.plan.as_deref().or(one.product_id.as_deref()).unwrap_or("not told");
        let (number, workspaces) = plans.entry((&one.product, name)).or_default();
        *number += 1;
        workspaces.insert(&facts.workspace);
    }
    parts::head(
        html,
        "Plans",
        &[Head::Text("For"), Head::Text("Plan"), Head::Number("Subscriptions"), Head::Number("Workspaces")],
    );
    for ((product, plan), (number, workspaces)) in &plans {
        html.raw("<tr>").element("th scope=row", product).element("td", plan);
        parts::number(html, Known::of(*number, whole));
        parts::number(html, Known::of(workspaces.len() as u64, whole));
        html.raw("</tr>\n");
    }
    parts::close(html);
}

fn row(html: &mut Html, one: &Subscription, paid: Option<Paid>) {
    html.element("td", &one.product);
    html.element("td", one.plan.as_deref().or(one.product_id.as_deref()).unwrap_or("not told")).raw("<td>");
    html.raw(match paid {
        Some(Paid::Active) => "<span class=\"o good\"><span aria-hidden=true>✓ </span>active</span>",
        Some(Paid::Ending) => "<span class=\"o wait\"><span aria-hidden=true>… </span>ending</span>",
        Some(Paid::Ended) => "<span class=\"o bad\"><span aria-hidden=true>✕ </span>ended</span>",
        Some(Paid::Lapsed) => "<span class=\"o bad\"><span aria-hidden=true>✕ </span>lapsed</span>",
        Some(Paid::Nothing | Paid::Unknown) | None => "<span class=unknown>not known</span>",
    });
    html.raw("</td><td class=number>");
    match (one.price_cents, &one.interval) {
        (Some(cents), Some(interval)) => html.text(&format!("{} a {interval}", dollars(cents))),
        (Some(cents), None) => html.text(&dollars(cents)),
        (None, _) => html.raw("<span class=unknown>not told</span>"),
    };
    html.raw("</td>");
    for seconds in [one.period_end, one.cancel_at] {
        html.element("td", &seconds.map(day).unwrap_or_default());
    }
    html.raw("<td class=number>");
    match (one.used, one.limit) {
        (Some(used), Some(limit)) => html.text(&format!("{} of {}", signed(used), signed(limit))),
        (Some(used), None) => html.text(&signed(used)),
        (None, Some(limit)) => html.text(&format!("of {}", signed(limit))),
        (None, None) => html.raw("<span class=unknown>not told</span>"),
    };
    html.raw("</td>");
}

fn dollars(cents: i64) -> String {
    let sign = if cents < 0 { "−" } else { "" };
    let cents = cents.unsigned_abs();
    format!("{sign}${}.{:02}", grouped(cents / 100), cents % 100)
}

fn signed(number: i64) -> String {
    let sign = if number < 0 { "−" } else { "" };
    format!("{sign}{}", grouped(number.unsigned_abs()))
}

fn day(seconds: i64) -> String {
    let at = Timestamp::from_second(seconds).ok().map(|at| at.to_zoned(TimeZone::UTC).date().to_string());
    at.unwrap_or_else(|| format!("{seconds} s, which is no day"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_and_days_are_written_for_people() {
        assert_eq!(
            (dollars(9_700), dollars(123_456), dollars(-5)),
            ("$97.00".into(), "$1,234.56".into(), "−$0.05".into())
        );
        assert_eq!(day(1_764_547_200), "2025-12-01");
        assert!(day(i64::MAX).ends_with("no day"));
    }
}
