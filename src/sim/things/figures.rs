//! What campaigns sent and got, by campaign and by day (contract section 11): bare arrays, without pages.
//!
//! The numbers of a campaign and a day come from its id and the day alone, so every sum over days and every sum over campaigns agree.

use std::ops::Range;

use serde_json::{Value, json};

use super::Turn;
use super::campaigns::Campaign;
use super::days::{DAY, bound, midnight};
use crate::sim::name;
use crate::sim::paper::{self, Refusal};
use crate::sim::state::State;

/// The days that are meant where no beginning is said.
const USUAL_DAYS: i64 = 30;

/// What a campaign sent and got on one day, or on several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Day {
    sent: u64,
    contacted: u64,
    opened: u64,
    /// Of everybody, automatic ones too.
    replied: u64,
    automatic: u64,
    clicked: u64,
    bounced: u64,
    unsubscribed: u64,
    opportunities: u64,
}

impl std::ops::AddAssign for Day {
    fn add_assign(&mut self, other: Self) {
        let Self { sent, contacted, opened, replied, automatic, clicked, bounced, unsubscribed, opportunities } = other;
        self.sent += sent;
        self.contacted += contacted;
        self.opened += opened;
        self.replied += replied;
        self.automatic += automatic;
        self.clicked += clicked;
        self.bounced += bounced;
        self.unsubscribed += unsubscribed;
        self.opportunities += opportunities;
    }
}

/// What a campaign sent and got on the day of a midnight: nothing before it was made, after today, at weekends, and while it was a draft.
fn on(campaign: &Campaign, day: i64, now: i64) -> Option<Day> {
    let weekday = day.div_euclid(DAY).rem_euclid(7);
    // The first day of Unix time was a Thursday.
    let weekend = matches!(weekday, 2 | 3);
    let made = name::millis(campaign.id);
    if campaign.sends == 0 || campaign.status == 0 || weekend || day.saturating_add(DAY) <= made || day > now {
        return None;
    }
    let low = u64::try_from(campaign.id & u128::from(u64::MAX)).unwrap_or(0);
    let mut chance = fastrand::Rng::with_seed(name::scattered(low ^ name::scattered(day.unsigned_abs())));
    let mut part = |of: u64, percent: Range<u64>| of * chance.u64(percent) / 100;
    let sent = part(campaign.sends.into(), 70..131);
    let contacted = part(sent, 55..76);
    let replied = part(contacted, 2..9);
    let automatic = part(replied, 0..40);
    Some(Day {
        sent,
        contacted,
        opened: part(contacted, 35..61),
        replied,
        automatic,
        clicked: part(contacted, 0..4),
        bounced: part(sent, 0..4),
        unsubscribed: part(contacted, 0..2),
        opportunities: part(replied - automatic, 15..60),
    })
}

/// The midnights that are asked for: from the first moment to before the last one.
fn asked(state: &State, turn: Turn<'_>, usual: Option<i64>) -> Result<Range<i64>, Refusal> {
    let Turn { ask, now, .. } = turn;
    let to = bound(ask, "end_date")?.map_or(now.saturating_add(1), |(at, is_date)| {
        if is_date && state.settings.end_date_included { at.saturating_add(DAY) } else { at }
    });
    let from = bound(ask, "start_date")?.map(|(at, _)| at);
    if from.is_some_and(|from| from >= to) {
        return Err(paper::message_alone(paper::invalid("Start Date must be earlier than End Date")));
    }
    let from = from.or(usual.map(|days| midnight(to.saturating_sub(days * DAY))));
    Ok(from.unwrap_or(i64::MIN)..to)
}

/// The midnights of a span on which a campaign may have sent.
fn days(span: &Range<i64>, made: i64, now: i64) -> impl Iterator<Item = i64> + use<> {
    let first = midnight(span.start.max(midnight(made)));
    let first = if first < span.start { first + DAY } else { first };
    let end = span.end.min(now.saturating_add(1));
    (0..).map(move |at| first + at * DAY).take_while(move |day| *day < end)
}

pub(crate) fn by_campaign(state: &State, turn: Turn<'_>) -> Result<Value, Refusal> {
    let Turn { ask, workspace, now, .. } = turn;
    let span = asked(state, turn, None)?;
    let ids: Vec<String> = [ask.queries("ids"), ask.queries("id")].concat();
    let without_leads = ask.query("exclude_total_leads_count").as_deref() == Some("true");
    let mut rows = Vec::new();
    for campaign in &state.workspaces[workspace].things.campaigns {
        let id = name::show(campaign.id);
        let made = name::millis(campaign.id);
        let ever = days(&(i64::MIN..i64::MAX), made, now).any(|day| on(campaign, day, now).is_some());
        if !ever || !(ids.is_empty() || ids.contains(&id)) {
            continue;
        }
        let mut sum = Day::default();
        days(&span, made, now).filter_map(|day| on(campaign, day, now)).for_each(|day| sum += day);
        rows.push(show(campaign, &id, sum, without_leads));
    }
    Ok(rows.into())
}

pub(crate) fn by_day(state: &State, turn: Turn<'_>) -> Result<Value, Refusal> {
    let Turn { ask, workspace, now, .. } = turn;
    let span = asked(state, turn, Some(USUAL_DAYS))?;
    let only = ask.query("campaign_id");
    let campaigns = state.workspaces[workspace].things.campaigns.iter();
    let meant: Vec<&Campaign> = campaigns
        .filter(|campaign| campaign.sends > 0)
        .filter(|campaign| only.as_ref().is_none_or(|only| name::show(campaign.id) == *only))
        .collect();
    let Some(first) = meant.iter().map(|campaign| name::millis(campaign.id)).min() else { return Ok(json!([])) };
    let rows = days(&span, first, now).map(|day| {
        let mut sum = Day::default();
        meant.iter().filter_map(|campaign| on(campaign, day, now)).for_each(|one| sum += one);
        json!({
            "date": paper::moment(day)[..10],
            "sent": sum.sent,
            "contacted": sum.contacted,
            "new_leads_contacted": sum.contacted / 2,
            "opened": sum.opened + sum.opened / 2,
            "unique_opened": sum.opened,
            "replies": sum.replied + sum.replied / 8,
            "unique_replies": sum.replied,
            "replies_automatic": sum.automatic,
            "unique_replies_automatic": sum.automatic,
            "clicks": sum.clicked,
            "unique_clicks": sum.clicked,
            "opportunities": sum.opportunities,
            "unique_opportunities": sum.opportunities,
        })
    });
    Ok(rows.collect())
}

fn show(campaign: &Campaign, id: &str, sum: Day, without_leads: bool) -> Value {
    json!({
        "campaign_name": campaign.name.to_string(),
        "campaign_id": id,
        "campaign_status": campaign.status,
        "campaign_is_evergreen": false,
        "leads_count": if without_leads { 0 } else { sum.contacted + sum.contacted / 2 },
        "contacted_count": sum.contacted,
        "emails_sent_count": sum.sent,
        "new_leads_contacted_count": sum.contacted / 2,
        "open_count": sum.opened + sum.opened / 2,
        "open_count_unique": sum.opened,
        "open_count_unique_by_step": sum.opened,
        "reply_count": sum.replied + sum.replied / 8,
        "reply_count_unique": sum.replied,
        "reply_count_unique_by_step": sum.replied,
        "reply_count_automatic": sum.automatic,
        "reply_count_automatic_unique": sum.automatic,
        "reply_count_automatic_unique_by_step": sum.automatic,
        "link_click_count": sum.clicked,
        "link_click_count_unique": sum.clicked,
        "link_click_count_unique_by_step": sum.clicked,
        "bounced_count": sum.bounced,
        "unsubscribed_count": sum.unsubscribed,
        "completed_count": sum.contacted / 3,
        "total_opportunities": sum.opportunities,
        "total_opportunity_value": sum.opportunities * 250,
    })
}
