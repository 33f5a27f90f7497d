//! The agency's own page over all of its clients: what could be seen first, then what needs attention.

use std::collections::BTreeMap;

use super::chart::{self, Days};
use super::parts::{self, Head, Section};
use super::sums::{self, Sum};
use super::words::{count, moment};
use super::{FleetInput, look};
use crate::domain::ReportKind;
use crate::report::bulk::Facts;
use crate::report::html::Html;

mod coverage;

/// Writes the page.
pub(super) fn page(input: &FleetInput<'_>) -> String {
    let FleetInput { agency, colour, period, made_at, kinds, ending: _, facts } = *input;
    let title = format!("Report over {}", count(facts.len() as u64, "workspace"));
    let mut html = Html::default();
    html.raw("<header>\n");
    if let Some(agency) = agency {
        html.element("p class=brand", agency).raw("\n");
    }
    html.element("h1", &title).raw("\n<p>").text(&period.to_string());
    html.raw(" <span class=soft>(compared with ").text(&period.prior().to_string());
    html.raw("; whole days, UTC). Made ").with("time", "datetime", made_at, &moment(made_at)).raw(".</span></p>\n");
    parts::not_asked(&mut html, kinds);
    html.raw("<p class=soft>This page is the agency's own: it names several clients. Do not hand it to one of them; each has a page of its own.</p>\n</header>\n");
    let mut all = vec![Section::of("coverage", "What could be seen", coverage::body(facts))];
    if kinds.contains(&ReportKind::Campaigns) {
        all.push(Section::of("campaigns", "Campaigns", campaigns(input)));
    }
    parts::sections(&mut html, &all);
    html.into_page_as(&title, &look(colour))
}

fn campaigns(input: &FleetInput<'_>) -> Html {
    let mut html = Html::default();
    let all = |which: fn(&Facts) -> Sum| Sum::over(input.facts.iter().map(which));
    let now = all(|facts| Sum::of(facts, |campaign| campaign.now));
    let before = all(|facts| Sum::of(facts, |campaign| campaign.prior));
    html.raw("<ul class=figures>\n");
    for one in [sums::SENT, sums::CONTACTED, sums::OPENED, sums::REPLIED] {
        parts::count_figure(&mut html, now, before, one);
    }
    html.raw("</ul>\n");
    let days: Vec<&BTreeMap<_, _>> = input.facts.iter().filter_map(|facts| facts.days.as_ref()).collect();
    chart::charts(&mut html, &Days::of(input.period, days.iter().copied(), days.len() == input.facts.len()));
    parts::head(&mut html, "Each workspace", &[Head::Text("Workspace"), Head::Number("Sent")]);
    for facts in input.facts {
        html.raw("<tr>").element("th scope=row", &facts.workspace);
        parts::count_cell(
            &mut html,
            Sum::of(facts, |campaign| campaign.now),
            Sum::of(facts, |campaign| campaign.prior),
            sums::SENT,
        );
        html.raw("</tr>\n");
    }
    parts::close(&mut html);
    html
}
