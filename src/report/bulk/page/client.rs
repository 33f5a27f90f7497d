//! The page of one client, made of its facts alone: what was sent and what came of it, how the sending accounts are, who has access, and how
//! much of it was seen. It is what an agency hands to that client each month.

use super::chart::{self, Days};
use super::health::Health;
use super::parts::{self, Head, Section};
use super::sums::{self, Seen, Sum};
use super::words::{Known, Rate, moment};
use super::{ClientInput, look};
use crate::domain::{ReportKind, Table};
use crate::report::bulk::Facts;
use crate::report::html::Html;

/// Sending accounts that are told one by one; all are in the table's file.
const MOST: usize = 150;

/// Writes the page.
pub(super) fn page(input: &ClientInput<'_>) -> String {
    let ClientInput { agency, colour, period, kinds, ending: _, facts } = *input;
    let name = facts.title.as_deref().unwrap_or(&facts.workspace);
    let mut html = Html::default();
    html.raw("<header>\n");
    if let Some(agency) = agency {
        html.element("p class=brand", agency).raw("\n");
    }
    html.element("h1", &format!("Report for {name}")).raw("\n<p>").text(&period.to_string());
    html.raw(" <span class=soft>(compared with ").text(&period.prior().to_string());
    html.raw("; whole days, UTC)</span></p>\n</header>\n");
    let mut all = Vec::new();
    if kinds.contains(&ReportKind::Campaigns) {
        all.push(Section::of("results", "Results", results(input)));
        all.push(Section::of("campaigns", "Campaigns", campaigns(facts)));
    }
    if kinds.contains(&ReportKind::Accounts) {
        all.push(Section::of("accounts", "Sending accounts", accounts(input)));
    }
    if kinds.contains(&ReportKind::Members) {
        all.push(Section::of("people", "Who has access", people(facts)));
    }
    all.push(Section::of("seen", "What could be seen", seen(facts)));
    state(&mut html, facts);
    parts::sections(&mut html, all);
    html.raw("<footer>Times are UTC. Rates are made of sums: opened and replied are of the leads contacted, bounced of the mails sent.</footer>");
    html.into_page_as(&format!("Report for {name}"), &look(colour))
}

/// What must be known before anything else is read.
fn state(html: &mut Html, facts: &Facts) {
    if facts.trouble.is_some() {
        html.raw("<section class=\"note bad\" aria-label=\"State of this report\"><strong>✕ Nothing could be read</strong>\n");
        html.raw("<p>When this report was made, nothing of this workspace could be read. Nothing below is known.</p></section>\n");
    } else if facts.tables.values().any(|table| table.incomplete.is_some()) {
        html.raw("<section class=\"note bad\" aria-label=\"State of this report\"><strong>? Not all could be seen</strong>\n");
        html.raw("<p>Numbers that lack something say so: <em>≥</em> stands before what may be more. <a href=\"#seen\">What could be seen</a> says what is missing.</p></section>\n");
    }
}

fn results(input: &ClientInput<'_>) -> Html {
    let facts = input.facts;
    let mut html = Html::default();
    let (now, before) = (Sum::of(facts, |campaign| campaign.now), Sum::of(facts, |campaign| campaign.prior));
    parts::figures(&mut html, now, before);
    match &facts.days {
        Some(days) => chart::charts(&mut html, &Days::of(input.period, std::iter::once(days), true)),
        None => drop(html.raw("<p class=unknown>Day by day it is not known.</p>\n")),
    }
    html
}

fn campaigns(facts: &Facts) -> Html {
    let mut html = Html::default();
    if nothing(&mut html, Seen::of(facts, Table::Campaigns), facts.campaigns.len(), "campaign") {
        return html;
    }
    parts::head(
        &mut html,
        "Each campaign in the period, and beneath each number the one of the period before",
        &[
            Head::Text("Campaign"),
            Head::Text("State"),
            Head::Number("Sent"),
            Head::Number("Opened"),
            Head::Number("Replied"),
            Head::Number("Reply rate"),
            Head::Number("Bounced"),
            Head::Number("Opportunities"),
        ],
    );
    for campaign in &facts.campaigns {
        let (now, before) = (Sum::one(campaign, |one| one.now), Sum::one(campaign, |one| one.prior));
        html.raw("<tr>").element("th scope=row", &campaign.name);
        html.raw("<td>");
        parts::state(&mut html, &campaign.status);
        html.raw("</td>");
        for count in [sums::SENT, sums::OPENED, sums::REPLIED] {
            parts::count_cell(&mut html, now, before, count);
        }
        parts::rate_cell(&mut html, now, before, sums::REPLY_RATE);
        for count in [sums::BOUNCED, sums::OPPORTUNITIES] {
            parts::count_cell(&mut html, now, before, count);
        }
        html.raw("</tr>\n");
    }
    parts::close(&mut html);
    html
}

fn accounts(input: &ClientInput<'_>) -> Html {
    let facts = input.facts;
    let mut html = Html::default();
    let seen = Seen::of(facts, Table::Accounts);
    if nothing(&mut html, seen, facts.accounts.len(), "sending account") {
        return html;
    }
    let mut health = Health::default();
    facts.accounts.iter().for_each(|account| health.add(account));
    health.write(&mut html, seen.has_all_rows());
    parts::head(
        &mut html,
        "Each sending account, and what it sent in the period",
        &[
            Head::Text("Account"),
            Head::Text("State"),
            Head::Text("Warm-up"),
            Head::Number("Sent"),
            Head::Number("Bounced"),
            Head::Number("Bounce rate"),
        ],
    );
    for account in facts.accounts.iter().take(MOST) {
        html.raw("<tr>").element("th scope=row class=address", &account.email).raw("<td>");
        parts::account_state(&mut html, account);
        html.raw("</td><td>");
        parts::state(&mut html, account.warmup.as_deref().unwrap_or_default());
        html.raw("</td>");
        for number in [account.sent, account.bounced] {
            parts::number(&mut html, number.map_or(Known::Unknown, Known::Exact));
        }
        let both = account.sent.zip(account.bounced);
        parts::rate(&mut html, both.map_or(Rate::Unknown, |(sent, bounced)| Rate::Exact(bounced, sent)));
        html.raw("</tr>\n");
    }
    parts::close(&mut html);
    let more = facts.accounts.len().saturating_sub(MOST);
    parts::more(&mut html, more, &format!("accounts.{}", input.ending));
    html
}

fn people(facts: &Facts) -> Html {
    let mut html = Html::default();
    if nothing(&mut html, Seen::of(facts, Table::Members), facts.people.len(), "person") {
        return html;
    }
    parts::head(
        &mut html,
        "Everybody with access, and open invitations",
        &[Head::Text("Person"), Head::Text("Role"), Head::Text("State")],
    );
    for person in &facts.people {
        html.raw("<tr>").element("th scope=row class=address", &person.email).element("td", &person.role);
        html.raw(if person.accepted { "<td>has access</td>" } else { "<td>invited, has not accepted</td>" });
        html.raw("</tr>\n");
    }
    parts::close(&mut html);
    html
}

/// Says so where there is no row to show; returns whether that was so.
fn nothing(html: &mut Html, seen: Seen<'_>, rows: usize, noun: &'static str) -> bool {
    match seen {
        Seen::NotAsked | Seen::Unread => html.raw("<p class=unknown>Not known.</p>\n"),
        Seen::Rows(_) if rows == 0 => {
            html.raw("<p class=unknown>Not known: none was seen, but not all could be.</p>\n")
        }
        Seen::Whole | Seen::Beside(_) if rows == 0 => html.raw("<p>There is no ").raw(noun).raw(".</p>\n"),
        _ => return false,
    };
    true
}

fn seen(facts: &Facts) -> Html {
    let mut html = Html::default();
    html.raw("<p>Read ").with("time", "datetime", &facts.observed_at, &moment(&facts.observed_at)).raw(".</p>\n");
    if facts.trouble.is_some() {
        html.raw("<p>Nothing could be read.</p>\n");
        return html;
    }
    parts::head(
        &mut html,
        "What was read of this workspace, and how much of it was seen",
        &[Head::Text("What"), Head::Number("Rows"), Head::Text("Seen")],
    );
    for (table, fact) in &facts.tables {
        html.raw("<tr>").element("th scope=row", &table.as_str().replace('_', " "));
        parts::number(&mut html, Known::of(fact.rows, !fact.rows_unsure));
        match &fact.incomplete {
            None => html.raw("<td><span class=\"o good\"><span aria-hidden=true>✓ </span>whole</span></td>"),
            // Why that is so is between the agency and the API.
            Some(_) => html
                .raw("<td><span class=\"o bad\"><span aria-hidden=true>? </span>not whole</span>: ")
                .raw(match (fact.rows_unsure, fact.rows) {
                    (true, 0) => "was not available for this report",
                    (true, _) => "not all of it was available for this report",
                    (false, _) => {
                        "every row is there, but not all that stands beside them was available for this report"
                    }
                })
                .raw("</td>"),
        };
        html.raw("</tr>\n");
    }
    parts::close(&mut html);
    html
}
