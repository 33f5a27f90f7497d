//! What could be seen: how many workspaces whole, in part, not at all, and why.

use crate::report::bulk::Facts;
use crate::report::bulk::page::parts::{self, Head};
use crate::report::bulk::page::words::{count, grouped};
use crate::report::html::Html;

/// Workspaces that are named with what they lack; all are in `summary.json`.
const MOST: usize = 60;

/// Writes the section.
pub(super) fn body(facts: &[Facts]) -> Html {
    let mut html = Html::default();
    let unread: Vec<&Facts> = facts.iter().filter(|facts| facts.trouble.is_some()).collect();
    let in_part: Vec<&Facts> = facts
        .iter()
        .filter(|facts| facts.trouble.is_none() && facts.tables.values().any(|table| table.incomplete.is_some()))
        .collect();
    let whole = facts.len() - unread.len() - in_part.len();
    html.raw(if whole == facts.len() {
        "<div class=\"note good\"><strong>✓ Complete</strong>\n<p>"
    } else {
        "<div class=\"note bad\"><strong>? Incomplete</strong>\n<p>"
    });
    html.text(&format!(
        "{} asked: {} seen whole, {} in part, {} not at all.",
        count(facts.len() as u64, "workspace"),
        grouped(whole as u64),
        grouped(in_part.len() as u64),
        grouped(unread.len() as u64)
    ));
    html.raw("</p>\n");
    if whole < facts.len() {
        html.raw("<p>A total that lacks something is a bound: <em>≥</em> stands before it. What was not seen at all is not known, never zero.</p>\n");
    }
    html.raw("</div>\n");
    if whole == facts.len() {
        return html;
    }
    parts::head(
        &mut html,
        "Workspaces that were not seen whole",
        &[Head::Text("Workspace"), Head::Text("Seen"), Head::Text("Why")],
    );
    for facts in unread.iter().chain(&in_part).take(MOST) {
        html.raw("<tr>");
        parts::workspace(&mut html, facts);
        if let Some(trouble) = &facts.trouble {
            html.raw("<td><span class=\"o bad\"><span aria-hidden=true>✕ </span>not at all</span></td><td>");
            html.text(&trouble.reason);
            for advice in &trouble.advice {
                html.raw("<br><span class=soft>").text(advice).raw("</span>");
            }
            html.raw("</td>");
        } else {
            html.raw("<td><span class=\"o wait\"><span aria-hidden=true>? </span>in part</span></td><td>");
            let reasons = facts.tables.iter().filter_map(|(table, fact)| Some((table, fact.incomplete.as_ref()?)));
            for (at, (table, why)) in reasons.enumerate() {
                html.raw(if at > 0 { "<br>" } else { "" });
                html.element("b", &table.as_str().replace('_', " ")).raw(": ").text(why);
            }
            html.raw("</td>");
        }
        html.raw("</tr>\n");
    }
    parts::close(&mut html);
    parts::more(&mut html, (unread.len() + in_part.len()).saturating_sub(MOST), "summary.json");
    html
}
