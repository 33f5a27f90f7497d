//! What both pages are put together from: sections, tables, large figures, counts with the period before.

use super::sums::{self, Count, Part, Sum};
use super::words::{Known, Rate, change, rate_change};
use crate::domain::{ReportKind, Severity, WorkspaceName};
use crate::report::bulk::Facts;
use crate::report::bulk::facts::AccountFact;
use crate::report::html::Html;

/// A section with its place in the contents.
#[derive(Debug)]
pub(super) struct Section {
    id: &'static str,
    title: &'static str,
    body: Html,
}

impl Section {
    /// Makes a section.
    pub(super) fn of(id: &'static str, title: &'static str, body: Html) -> Self {
        Self { id, title, body }
    }
}

/// Writes the contents, then the sections.
pub(super) fn sections(html: &mut Html, sections: Vec<Section>) {
    html.raw("<nav aria-label=\"On this page\"><ul>\n");
    for section in &sections {
        html.raw("<li><a href=\"#").raw(section.id).raw("\">").raw(section.title).raw("</a></li>\n");
    }
    html.raw("</ul></nav>\n");
    for Section { id, title, body } in sections {
        html.raw("<section aria-labelledby=\"").raw(id).raw("\">\n<h2 id=\"").raw(id).raw("\">").raw(title);
        html.raw("</h2>\n").add(body).raw("</section>\n");
    }
}

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub(super) enum Head {
    /// Of texts.
    Text(&'static str),
    /// Of numbers.
    Number(&'static str),
}

/// Opens a table; [`close`] ends it.
pub(super) fn head(html: &mut Html, caption: &str, columns: &[Head]) {
    html.raw("<div class=wide role=region tabindex=0").attribute("aria-label", caption).raw("><table>");
    html.element("caption", caption).raw("<thead><tr>");
    for column in columns {
        match column {
            Head::Text(name) => html.raw("<th scope=col>").raw(name).raw("</th>"),
            Head::Number(name) => html.raw("<th scope=col class=number>").raw(name).raw("</th>"),
        };
    }
    html.raw("</tr></thead><tbody>\n");
}

/// Ends a table.
pub(super) fn close(html: &mut Html) {
    html.raw("</tbody></table></div>\n");
}

/// Writes a cell of a number.
pub(super) fn number(html: &mut Html, number: Known) {
    html.raw("<td class=number>");
    known(html, number);
    html.raw("</td>");
}

/// Writes a number; one that is not known is told by more than the lack of digits.
pub(super) fn known(html: &mut Html, number: Known) {
    match number {
        Known::Unknown => html.raw("<span class=unknown>not known</span>"),
        number => html.text(&number.to_string()),
    };
}

/// Writes a cell of a count, and beneath it the one of the period before.
pub(super) fn count_cell(html: &mut Html, now: Sum, before: Sum, count: Count) {
    html.raw("<td class=number>");
    known(html, now.count(count));
    html.raw("<br><span class=soft>");
    known(html, before.count(count));
    html.raw("</span></td>");
}

/// Writes a cell of a rate, and beneath it the one of the period before.
pub(super) fn rate_cell(html: &mut Html, now: Sum, before: Sum, rate: Part) {
    html.raw("<td class=number>");
    part(html, now.rate(rate));
    html.raw("<br><span class=soft>");
    part(html, before.rate(rate));
    html.raw("</span></td>");
}

/// Writes a cell of a rate.
pub(super) fn rate(html: &mut Html, rate: Rate) {
    html.raw("<td class=number>");
    part(html, rate);
    html.raw("</td>");
}

fn part(html: &mut Html, rate: Rate) {
    match rate {
        Rate::Unknown => html.raw("<span class=unknown>not known</span>"),
        Rate::InPart(part, whole) => {
            html.text(&Rate::Exact(part, whole).to_string()).raw(" <span class=soft>of what was seen</span>")
        }
        rate @ Rate::Exact(..) => html.text(&rate.to_string()),
    };
}

/// Writes a workspace's name as the head of its row, with the way to the page of its own.
pub(super) fn workspace(html: &mut Html, facts: &Facts) {
    html.raw("<th scope=row>");
    // A workspace that could not be read has no page.
    if facts.trouble.is_some() {
        html.text(&facts.workspace).raw("</th>");
        return;
    }
    // A name of another shape cannot be one of our folders; no text becomes an address of its own making.
    match WorkspaceName::parse(&facts.workspace) {
        Ok(name) => html.with("a", "href", &format!("workspaces/{name}/index.html"), name.as_str()),
        Err(_no_folder) => html.text(&facts.workspace),
    };
    html.raw("</th>");
}

/// Writes a state, our word for the API's number, with a sign for the good and the bad.
pub(super) fn state(html: &mut Html, word: &str) {
    const BAD: [&str; 9] = [
        "accounts-unhealthy",
        "bounce-protection",
        "account-suspended",
        "connection-error",
        "soft-bounce",
        "sending-error",
        "banned",
        "spam-folder-unknown",
        "suspended",
    ];
    match word {
        "" => html.raw("<span class=unknown>not told</span>"),
        "active" => html.raw("<span class=\"o good\"><span aria-hidden=true>✓ </span>active</span>"),
        word if BAD.contains(&word) => html
            .raw("<span class=\"o bad\"><span aria-hidden=true>✕ </span>")
            .text(&word.replace('-', " "))
            .raw("</span>"),
        word => html.text(&word.replace('-', " ")),
    };
}

/// Writes the state of a sending account. One that cannot send as it should is never shown as well, whatever the API calls it.
pub(super) fn account_state(html: &mut Html, account: &AccountFact) {
    if let Some(words) = bad_words(account) {
        html.raw("<span class=\"o bad\"><span aria-hidden=true>✕ </span>").text(&words).raw("</span>");
    } else {
        state(html, &account.status);
    }
}

/// Says what is wrong with a sending account; none where nothing is. One whose own state is no bad one is ill for its bounces.
pub(super) fn bad_words(account: &AccountFact) -> Option<String> {
    let word = account.status.replace('-', " ");
    account.ill.then(|| match account.status.as_str() {
        "" => "too many bounces".to_owned(),
        "active" | "paused" | "maintenance" => format!("{word}, too many bounces"),
        _ => word,
    })
}

/// Writes the large figures of what campaigns sent and got.
pub(super) fn figures(html: &mut Html, now: Sum, before: Sum) {
    html.raw("<ul class=figures>\n");
    for count in [sums::SENT, sums::CONTACTED, sums::OPENED, sums::REPLIED] {
        count_figure(html, now, before, count);
    }
    rate_figure(html, now, before, sums::REPLY_RATE);
    count_figure(html, now, before, sums::BOUNCED);
    rate_figure(html, now, before, sums::BOUNCE_RATE);
    count_figure(html, now, before, sums::OPPORTUNITIES);
    html.raw("</ul>\n");
}

/// Writes a large figure of a count.
fn count_figure(html: &mut Html, now: Sum, before: Sum, count: Count) {
    let (now, before) = (now.count(count), before.count(count));
    figure(html, count.name, &now.to_string(), "", &before.to_string(), &change(now, before));
}

/// Writes a large figure of a rate.
fn rate_figure(html: &mut Html, now: Sum, before: Sum, rate: Part) {
    let (now, before) = (now.rate(rate), before.rate(rate));
    // In large letters there is room for the number alone; beneath it is said what it is of.
    let (large, of) = match now {
        Rate::InPart(part, whole) => (Rate::Exact(part, whole), "of what was seen"),
        now => (now, ""),
    };
    figure(html, rate.name, &large.to_string(), of, &before.to_string(), &rate_change(now, before));
}

fn figure(html: &mut Html, name: &'static str, now: &str, of: &'static str, before: &str, change: &str) {
    html.raw("<li><span>").raw(name).raw("</span> <span class=big>").text(now).raw("</span>");
    if !of.is_empty() {
        html.raw(" <span class=soft>").raw(of).raw("</span>");
    }
    html.raw(" <span class=soft>").text(&format!("before: {before}")).raw("</span>");
    if !change.is_empty() {
        html.raw(" <span class=soft>").text(change).raw("</span>");
    }
    html.raw("</li>\n");
}

/// Writes how grave something is: a word, a sign and a colour that says the same.
pub(super) fn severity(html: &mut Html, severity: Severity) {
    html.raw(match severity {
        Severity::Critical => "<span class=\"o bad\"><span aria-hidden=true>✕ </span>critical</span>",
        Severity::High => "<span class=\"o bad\"><span aria-hidden=true>▲ </span>high</span>",
        Severity::Medium => "<span class=\"o wait\"><span aria-hidden=true>● </span>medium</span>",
        Severity::Low => "<span class=\"o still\"><span aria-hidden=true>○ </span>low</span>",
    });
}

/// Says what was not asked for, which no section tells of.
pub(super) fn not_asked(html: &mut Html, asked: &std::collections::BTreeSet<ReportKind>) {
    let kinds: Vec<&str> =
        ReportKind::ALL.iter().filter(|kind| !asked.contains(kind)).map(|kind| kind.as_str()).collect();
    if !kinds.is_empty() {
        html.raw("<p class=soft>Not asked for, so not told of: ").text(&kinds.join(", ")).raw(".</p>\n");
    }
}

/// Says how many more there are, and where they stand.
pub(super) fn more(html: &mut Html, number: usize, file: &str) {
    if number > 0 {
        html.raw("<p>and ")
            .text(&super::words::grouped(number as u64))
            .raw(" more: see ")
            .element("code", file)
            .raw("</p>\n");
    }
}
