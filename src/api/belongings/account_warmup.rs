//! How warm sending accounts are, on the wire (contract section 11): asked for in a body, answered by address and day.
//!
//! Nothing here is ever zero because it was not seen. Of which days the API tells is unpublished: a day that is not told is not known.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::account_daily::day;
use super::row;
use crate::api::classify::{decode, only_error};
use crate::api::client::Client;
use crate::api::error::Error;
use crate::api::operation::Operation;
use crate::domain::{Email, Period, Warm, Warmups};

/// Where it is told.
const PATH: &str = "/api/v2/accounts/warmup-analytics";

/// The most accounts one request names (contract section 11).
pub(super) const MOST_ACCOUNTS: usize = 100;

impl Client {
    /// Reads the warm-up of these accounts: the days of it that are in a period, and the score of each account. What cannot be read is told
    /// as not seen: no answer ends anything else. After one that says that no more can be had, no more is asked.
    pub async fn account_warmups(&self, accounts: &[&str], period: Period) -> Warmups {
        let mut all = Warmups::default();
        let mut over = false;
        for asked in accounts.chunks(MOST_ACCOUNTS) {
            let unseen = asked.iter().map(|account| Email::observed(account));
            if over {
                all.unseen.extend(unseen);
                continue;
            }
            let body = json!({ "emails": asked }).to_string();
            match self.asked(Operation::AccountWarmup, PATH, body, |body| read(body, asked, period)).await {
                Ok(Warmups { days, scores, unseen, incomplete }) => {
                    all.days.extend(days);
                    all.scores.extend(scores);
                    all.unseen.extend(unseen);
                    all.incomplete = all.incomplete.or(incomplete);
                }
                Err(error) => {
                    over = error.ends_lane() || matches!(error, Error::BeyondDeadline { .. });
                    all.unseen.extend(unseen);
                    all.incomplete.get_or_insert_with(|| error.to_string());
                }
            }
        }
        all
    }

    /// Counts the requests that the warm-up of some accounts takes.
    pub fn account_warmup_requests(accounts: &[&str]) -> u64 {
        accounts.len().div_ceil(MOST_ACCOUNTS) as u64
    }
}

/// Reads an answer. What is about accounts that were not asked for, and about other days, is passed over.
fn read(body: &[u8], asked: &[&str], period: Period) -> Result<Warmups, String> {
    let answer: Map<String, Value> = decode(body)?;
    let by_account = |member: &str| match answer.get(member) {
        Some(Value::Object(accounts)) => Some(accounts),
        _ => None,
    };
    let (daily, sums) = (by_account("email_date_data"), by_account("aggregate_data"));
    if daily.is_none() && sums.is_none() {
        return Err(only_error(body).unwrap_or_else(|| "it has no warm-up in it".to_owned()));
    }
    let asked: BTreeSet<Email> = asked.iter().map(|account| Email::observed(account)).collect();
    let mut told = Warmups::default();
    for (account, days) in daily.into_iter().flatten() {
        let account = Email::observed(account);
        if !asked.contains(&account) {
            continue;
        }
        let Some(days) = days.as_object() else {
            doubt(&mut told, account, "are not told by day");
            continue;
        };
        for (text, warm) in days {
            match (day(text), counts(warm)) {
                (Some(date), Some(warm)) => keep(&mut told, &account, date, warm, period),
                (None, _) => doubt(&mut told, account.clone(), "have a day that cannot be read"),
                (_, None) => doubt(&mut told, account.clone(), &format!("cannot be read for {text}")),
            }
        }
    }
    if daily.is_none() {
        for account in &asked {
            doubt(&mut told, account.clone(), "are not told by day");
        }
    }
    for (account, sums) in sums.into_iter().flatten() {
        let account = Email::observed(account);
        let score = sums.get("health_score").and_then(Value::as_f64).and_then(row::rounded);
        let score = score.and_then(|score| u64::try_from(score).ok());
        told.scores.extend(score.filter(|_| asked.contains(&account)).map(|score| (account, score)));
    }
    let Warmups { days, unseen, .. } = &mut told;
    days.retain(|account, _| !unseen.contains(account));
    Ok(told)
}

fn keep(told: &mut Warmups, account: &Email, date: Date, warm: Warm, period: Period) {
    if !period.holds(date) {
        return;
    }
    let before = told.days.entry(account.clone()).or_default().insert(date, warm);
    if before.is_some_and(|before| before != warm) {
        doubt(told, account.clone(), "came twice and differed");
    }
}

fn doubt(told: &mut Warmups, account: Email, what: &str) {
    told.incomplete.get_or_insert_with(|| format!("the warm-ups of {account} {what}"));
    told.unseen.insert(account);
}

/// Takes the counts of a day. The API leaves out what did not happen, so of a day that is told a missing count is zero; one that is there and
/// is no count makes the day unreadable.
fn counts(warm: &Value) -> Option<Warm> {
    let warm = warm.as_object()?;
    let count = |member: &str| match warm.get(member) {
        None | Some(Value::Null) => Some(0),
        Some(value) => value.as_f64().and_then(row::rounded).and_then(|count| u64::try_from(count).ok()),
    };
    Some(Warm {
        sent: count("sent")?,
        inbox: count("landed_inbox")?,
        spam: count("landed_spam")?,
        received: count("received")?,
    })
}
