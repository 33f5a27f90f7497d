//! Small charts over the days of a period, as inline SVG whose numbers stand beside it as text.
//!
//! A chart holds shapes alone: letters in it would shrink on a phone with the rest. It is styled by classes of the page.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::parts::{self, Head};
use super::words::{Known, Rate, grouped, tenths};
use crate::domain::{DayCounts, Period};
use crate::report::html::Html;

/// Days whose replies and contacted leads are put together for one point of a curve: a week, as weekends have no mail and replies come later.
const WEEK: usize = 7;

/// What was sent and got on the days of a period.
#[derive(Debug, Clone)]
pub(super) struct Days {
    period: Period,
    each: Vec<(Date, DayCounts)>,
    whole: bool,
}

impl Days {
    /// Puts days of several workspaces together; `whole` tells whether all of them are there.
    pub(super) fn of<'a>(
        period: Period,
        parts: impl Iterator<Item = &'a BTreeMap<Date, DayCounts>>,
        whole: bool,
    ) -> Self {
        let mut sums: BTreeMap<Date, DayCounts> = BTreeMap::new();
        let mut day = period.first();
        while period.holds(day) {
            sums.insert(day, DayCounts::default());
            match day.tomorrow() {
                Ok(next) => day = next,
                Err(_the_end_of_time) => break,
            }
        }
        for (day, counts) in parts.flatten() {
            if let Some(sum) = sums.get_mut(day) {
                let DayCounts { sent, contacted, opened, replied, opportunities } = *counts;
                sum.sent = sum.sent.saturating_add(sent);
                sum.contacted = sum.contacted.saturating_add(contacted);
                sum.opened = sum.opened.saturating_add(opened);
                sum.replied = sum.replied.saturating_add(replied);
                sum.opportunities = sum.opportunities.saturating_add(opportunities);
            }
        }
        Self { period, each: sums.into_iter().collect(), whole }
    }

    /// Returns the last day of each week of the curve with its replies and contacted leads.
    fn weeks(&self) -> Vec<(usize, u64, u64)> {
        let sum = |at: usize, of: fn(&DayCounts) -> u64| {
            self.each[(at + 1).saturating_sub(WEEK)..=at].iter().fold(0u64, |sum, day| sum.saturating_add(of(&day.1)))
        };
        (WEEK - 1..self.each.len()).map(|at| (at, sum(at, |day| day.replied), sum(at, |day| day.contacted))).collect()
    }
}

/// Writes the charts of sent mail and of the reply rate, and all their numbers as a table that opens.
pub(super) fn charts(html: &mut Html, days: &Days) {
    html.raw("<div class=charts>\n");
    sent(html, days);
    replies(html, days);
    html.raw("</div>\n<details><summary>Day by day, as a table</summary>\n");
    let caption = format!("Sent and got each day, {}, UTC", days.period);
    let columns = ["Sent", "Leads contacted", "Opened", "Replied", "Opportunities"].map(Head::Number);
    parts::head(html, &caption, &[&[Head::Text("Day")], &columns[..]].concat());
    for (day, counts) in &days.each {
        html.raw("<tr>").element("th scope=row", &day.to_string());
        for number in [counts.sent, counts.contacted, counts.opened, counts.replied, counts.opportunities] {
            parts::number(html, Known::of(number, days.whole));
        }
        html.raw("</tr>\n");
    }
    parts::close(html);
    html.raw("</details>\n");
}

fn sent(html: &mut Html, days: &Days) {
    let most = days.each.iter().max_by_key(|(day, counts)| (counts.sent, std::cmp::Reverse(*day)));
    let told = match most {
        Some((day, counts)) if counts.sent > 0 => {
            format!("Most: {} on {day}.", Known::of(counts.sent, days.whole))
        }
        _ if days.whole => "Nothing was sent on any day.".to_owned(),
        _ => "Nothing is known to have been sent.".to_owned(),
    };
    html.raw("<figure class=chart><figcaption id=c-sent>Sent a day</figcaption>\n");
    open(html, "c-sent", &format!("0 0 {} 100", days.each.len() * 10), &told, "d-sent");
    grid(html, days.each.len() * 10);
    bars(html, &days.each);
    html.raw("</svg>");
    ends(html, days);
    html.element("p class=soft", &told).raw("</figure>\n");
}

fn replies(html: &mut Html, days: &Days) {
    let weeks = days.weeks();
    let rate = |week: &(usize, u64, u64)| tenths(week.1, week.2);
    let top = weeks.iter().filter_map(rate).max().unwrap_or(0).max(1);
    let told = match (weeks.iter().find(|week| week.2 > 0), weeks.iter().rev().find(|week| week.2 > 0)) {
        (Some(first), Some(last)) => {
            let say = |week: &(usize, u64, u64)| {
                let rate = if days.whole { Rate::Exact(week.1, week.2) } else { Rate::InPart(week.1, week.2) };
                format!("{rate} in the week to {}", days.each[week.0].0)
            };
            let height = format!("The chart's top is {}.{}%.", grouped(top / 10), top % 10);
            if first == last { format!("{}.", say(first)) } else { format!("{}, {}. {height}", say(first), say(last)) }
        }
        _ if weeks.is_empty() => "The period is shorter than a week.".to_owned(),
        _ => "In no week was a lead known to be contacted.".to_owned(),
    };
    html.raw("<figure class=chart><figcaption id=c-reply>Reply rate, over the week to each day</figcaption>\n");
    open(html, "c-reply", &format!("0 0 {} 100", days.each.len() * 10), &told, "d-reply");
    grid(html, days.each.len() * 10);
    let mut drawn = false;
    html.raw("<path class=curve d=\"");
    for week in &weeks {
        match rate(week) {
            Some(tenths) => {
                html.raw(if drawn { "L" } else { "M" }).number((week.0 * 10 + 5) as u64).raw(" ");
                let height = u128::from(tenths.min(top)) * 96 / u128::from(top);
                html.number(100 - u64::try_from(height).unwrap_or(96));
                drawn = true;
            }
            // A week without a contacted lead has no rate: the curve stops and begins anew.
            None => drawn = false,
        }
    }
    html.raw("\"/></svg>");
    ends(html, days);
    html.element("p class=soft", &told).raw("</figure>\n");
}

/// Writes bars of what was sent a day, small enough for a row of a table; its numbers stand in the row and in the file of days.
pub(super) fn spark(html: &mut Html, days: &BTreeMap<Date, DayCounts>) {
    let days: Vec<(Date, DayCounts)> = days.iter().map(|(day, counts)| (*day, *counts)).collect();
    html.raw("<svg class=spark aria-hidden=true focusable=false preserveAspectRatio=none");
    html.attribute("viewBox", &format!("0 0 {} 100", days.len() * 10)).raw(">");
    bars(html, &days);
    html.raw("</svg>");
}

fn bars(html: &mut Html, days: &[(Date, DayCounts)]) {
    let most = days.iter().map(|(_, counts)| counts.sent).max().unwrap_or(0);
    html.raw("<path class=bar d=\"");
    for (at, (_, counts)) in days.iter().enumerate() {
        if counts.sent > 0 {
            // A day with mail is seen, however little it was beside the greatest.
            let height = (u128::from(counts.sent) * 96 / u128::from(most)).clamp(2, 96);
            html.text(&format!("M{} 100v-{height}h8v{height}z", at * 10 + 1));
        }
    }
    html.raw("\"/>");
}

fn grid(html: &mut Html, width: usize) {
    for height in [4, 52] {
        html.raw("<path class=grid").attribute("d", &format!("M0 {height}H{width}")).raw("/>");
    }
}

fn open(html: &mut Html, title: &'static str, view: &str, told: &str, id: &'static str) {
    html.raw("<svg role=img preserveAspectRatio=none focusable=false").attribute("viewBox", view);
    html.attribute("aria-labelledby", title).attribute("aria-describedby", id).raw("><desc").attribute("id", id);
    html.raw(">").text(told).raw("</desc>");
}

fn ends(html: &mut Html, days: &Days) {
    html.raw("<p class=ends><span>").text(&days.period.first().to_string()).raw("</span><span>");
    html.text(&days.period.last().to_string()).raw("</span></p>");
}
