//! What accounts sent, day by day (contract section 11). A bare array, without pages.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::Turn;
use super::accounts::Account;
use crate::sim::paper::{self, Refusal};
use crate::sim::routes::Ask;
use crate::sim::state::State;

pub(super) const DAY: i64 = 86_400_000;
/// The most days one request may ask for.
const MOST_DAYS: i64 = 31;
/// The days that are meant where no beginning is said.
const USUAL_DAYS: i64 = 30;
/// The most accounts one request may name.
const MOST_ACCOUNTS: usize = 200;

/// What accounts that are alike send: so much on every day since they were connected, but on some days something else.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Sending {
    pub(crate) every_day: Option<Sent>,
    /// Midnights of days as Unix milliseconds, in order.
    pub(crate) days: Vec<(i64, Sent)>,
}

/// What an account sent on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) sent: u32,
    pub(crate) bounced: u32,
}

impl Sending {
    /// What was sent on the day of a midnight; nothing before the account was connected or after today.
    fn on(&self, midnight: i64, created: i64, now: i64) -> Option<Sent> {
        let said = self.days.binary_search_by_key(&midnight, |(day, _)| *day).ok().map(|at| self.days[at].1);
        let usual = self.every_day.filter(|_| midnight.saturating_add(DAY) > created && midnight <= now);
        said.or(usual)
    }
}

pub(crate) fn list(state: &State, turn: Turn<'_>) -> Result<Value, Refusal> {
    let Turn { ask, workspace, now, .. } = turn;
    let emails = ask.queries("emails");
    if emails.is_empty() {
        return Err(paper::too_much_analytics());
    }
    if emails.len() > MOST_ACCOUNTS {
        let refusal = paper::invalid("querystring/emails must NOT have more than 200 items");
        return Err(paper::message_alone(refusal));
    }
    let to = bound(ask, "end_date")?.map_or(now, |(at, is_date)| {
        if is_date && state.settings.end_date_included { at.saturating_add(DAY) } else { at }
    });
    let from = bound(ask, "start_date")?.map_or(midnight(to.saturating_sub(USUAL_DAYS * DAY)), |(at, _)| at);
    if to.saturating_sub(from) > MOST_DAYS * DAY {
        return Err(paper::too_much_analytics());
    }
    let accounts = &state.workspaces[workspace].things.accounts;
    let numbers = emails.iter().filter_map(|email| accounts.number_of(email));
    let asked: Vec<&Account> = numbers.map(|number| accounts.numbered(number)).collect();
    let mut rows = Vec::new();
    let mut day = midnight(from);
    while day < to {
        for account in &asked {
            let sent = account.sending.as_ref().and_then(|sending| sending.on(day, account.created, now));
            rows.extend(sent.map(|sent| show(account, day, sent)));
        }
        day = day.saturating_add(DAY);
    }
    Ok(rows.into())
}

pub(super) fn midnight(at: i64) -> i64 {
    at.div_euclid(DAY) * DAY
}

/// Reads a date, which means its midnight UTC (contract section 11), or a moment; tells which it was.
pub(super) fn bound(ask: &Ask, member: &str) -> Result<Option<(i64, bool)>, Refusal> {
    let Some(text) = ask.query(member) else { return Ok(None) };
    if let Ok(date) = text.parse::<Date>()
        && text.len() == 10
        && let Ok(at) = date.to_zoned(TimeZone::UTC)
    {
        return Ok(Some((at.timestamp().as_millisecond(), true)));
    }
    let wrong = |_no_moment| {
        paper::message_alone(paper::invalid(&format!("querystring/{member} must match format \"date-time\"")))
    };
    Ok(Some((text.parse::<Timestamp>().map_err(wrong)?.as_millisecond(), false)))
}

fn show(account: &Account, day: i64, Sent { sent, bounced }: Sent) -> Value {
    json!({
        "date": paper::moment(day)[..10],
        "email_account": &*account.email,
        "sent": sent,
        "bounced": bounced,
        "contacted": sent,
        "new_leads_contacted": sent / 2,
        "opened": 0,
        "unique_opened": 0,
        "replies": 0,
        "unique_replies": 0,
        "replies_automatic": 0,
        "unique_replies_automatic": 0,
        "clicks": 0,
        "unique_clicks": 0,
    })
}
