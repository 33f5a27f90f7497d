//! Sending accounts of all workspaces: how they are, each workspace, and those that cannot send as they should.

use crate::domain::Table;
use crate::report::bulk::Facts;
use crate::report::bulk::facts::AccountFact;
use crate::report::bulk::page::FleetInput;
use crate::report::bulk::page::health::Health;
use crate::report::bulk::page::parts::{self, Head};
use crate::report::bulk::page::sums::Seen;
use crate::report::bulk::page::words::{Known, Rate};
use crate::report::html::Html;

/// Ill accounts that are told one by one; all are in the table's file.
const MOST: usize = 60;

/// Writes the section.
pub(super) fn body(input: &FleetInput<'_>) -> Html {
    let mut html = Html::default();
    let mut health = Health::default();
    input.facts.iter().flat_map(|facts| &facts.accounts).for_each(|account| health.add(account));
    health.write(&mut html, input.facts.iter().all(|facts| Seen::of(facts, Table::Accounts).has_all_rows()));
    ill(&mut html, input);
    let columns = ["Accounts", "Cannot send as they should", "Sent", "Bounced", "Bounce rate"].map(Head::Number);
    parts::head(
        &mut html,
        "Each workspace, and what its accounts sent in the period",
        &[&[Head::Text("Workspace")], &columns[..]].concat(),
    );
    for facts in input.facts {
        html.raw("<tr>");
        parts::workspace(&mut html, facts);
        row(&mut html, facts);
        html.raw("</tr>\n");
    }
    parts::close(&mut html);
    html
}

fn row(html: &mut Html, facts: &Facts) {
    let seen = Seen::of(facts, Table::Accounts);
    let whole = seen.has_all_rows();
    let known = |number: u64, whole: bool| match seen {
        Seen::Unread | Seen::NotAsked => Known::Unknown,
        _ => Known::of(number, whole),
    };
    parts::number(html, known(facts.accounts.len() as u64, whole));
    parts::number(html, known(facts.accounts.iter().filter(|account| account.ill).count() as u64, whole));
    let sum = |of: fn(&AccountFact) -> Option<u64>| {
        let told = facts.accounts.iter().filter_map(of).fold(0, u64::saturating_add);
        (told, whole && facts.accounts.iter().all(|account| of(account).is_some()))
    };
    let ((sent, sent_whole), (bounced, bounced_whole)) = (sum(|account| account.sent), sum(|account| account.bounced));
    parts::number(html, known(sent, sent_whole));
    parts::number(html, known(bounced, bounced_whole));
    let rate = match (seen, sent_whole && bounced_whole) {
        (Seen::Unread | Seen::NotAsked, _) => Rate::Unknown,
        (_, whole) => Rate::of(bounced, sent, whole),
    };
    parts::rate(html, rate);
}

fn ill(html: &mut Html, input: &FleetInput<'_>) {
    let all: Vec<(&Facts, &AccountFact)> = input
        .facts
        .iter()
        .flat_map(|facts| facts.accounts.iter().map(move |account| (facts, account)))
        .filter(|(_, account)| account.ill)
        .collect();
    if all.is_empty() {
        return;
    }
    parts::head(
        html,
        "Accounts that cannot send as they should",
        &[
            Head::Text("Account"),
            Head::Text("Workspace"),
            Head::Text("State"),
            Head::Text("Warm-up"),
            Head::Number("Sent"),
            Head::Number("Bounced"),
            Head::Text("Whose"),
        ],
    );
    for (facts, account) in all.iter().take(MOST) {
        html.raw("<tr>")
            .element("th scope=row class=address", &account.email)
            .element("td", &facts.workspace)
            .raw("<td>");
        parts::account_state(html, account);
        html.raw("</td><td>");
        parts::state(html, account.warmup.as_deref().unwrap_or_default());
        html.raw("</td>");
        for number in [account.sent, account.bounced] {
            parts::number(html, number.map_or(Known::Unknown, Known::Exact));
        }
        match &account.owner {
            Some(owner) => html.element("td", owner),
            None => html.raw("<td><span class=unknown>not known</span></td>"),
        };
        html.raw("</tr>\n");
    }
    parts::close(html);
    parts::more(html, all.len().saturating_sub(MOST), &format!("accounts.{}", input.ending));
}
