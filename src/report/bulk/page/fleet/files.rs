//! The files beside the page, how many rows each has, and what was not asked for.

use crate::domain::Table;
use crate::report::bulk::page::FleetInput;
use crate::report::bulk::page::parts::{self, Head};
use crate::report::bulk::page::sums::Seen;
use crate::report::bulk::page::words::Known;
use crate::report::html::Html;

/// Writes the section.
pub(super) fn body(input: &FleetInput<'_>) -> Html {
    let mut html = Html::default();
    html.raw(
        "<p>Every row of every table stands in a file beside this page, and each client's alone in its folder under ",
    );
    html.raw(
        "<code>workspaces</code>. <code>MANIFEST.sha256</code> tells whether they are as they were written.</p>\n",
    );
    parts::head(
        &mut html,
        "Files, and how many rows there are",
        &[Head::Text("File"), Head::Number("Rows"), Head::Number("Workspaces not seen whole")],
    );
    for table in Table::ALL.into_iter().filter(|table| input.kinds.contains(&table.kind())) {
        let seen: Vec<Seen<'_>> = input.facts.iter().map(|facts| Seen::of(facts, table)).collect();
        let rows = input
            .facts
            .iter()
            .filter_map(|facts| facts.tables.get(&table))
            .map(|fact| fact.rows)
            .fold(0, u64::saturating_add);
        let file = format!("{}.{}", table.as_str(), input.ending);
        html.raw("<tr><th scope=row>").with("a", "href", &file, &file).raw("</th>");
        parts::number(&mut html, Known::of(rows, seen.iter().all(|seen| seen.has_all_rows())));
        let lacking = seen.iter().filter(|seen| !matches!(seen, Seen::Whole)).count() as u64;
        parts::number(&mut html, Known::Exact(lacking));
        html.raw("</tr>\n");
    }
    parts::close(&mut html);
    parts::not_asked(&mut html, input.kinds);
    html
}
