//! What sending accounts sent, day by day, on the wire (contract section 11): a bare array, of accounts that must be named.
//!
//! Nothing here is ever zero because it was not seen: an account is told with numbers, or as not seen.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::Deserialize;

use super::row;
use crate::api::classify::decode;
use crate::api::client::Client;
use crate::api::error::Error;
use crate::api::operation::Operation;
use crate::api::page::percent_encoded;
use crate::api::wire::Text;
use crate::domain::{Days, Email, Period, Sent, SentDaily};

/// Where it is told.
const PATH: &str = "/api/v2/accounts/analytics/daily";

/// The most accounts one request names (contract section 11).
const MOST_ACCOUNTS: usize = 200;

/// The longest list of accounts in one query, as it is sent: servers take request lines of 8 KiB, and the rest of the line needs some.
const LONGEST_QUERY: usize = 7 * 1024;

/// One account on one day, as it came.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct DayRow<'a> {
    #[serde(borrow)]
    date: Text<'a>,
    #[serde(borrow)]
    email_account: Text<'a>,
    #[serde(borrow)]
    sent: Text<'a>,
    #[serde(borrow)]
    bounced: Text<'a>,
}

impl Client {
    /// Reads what these accounts sent on some days, in as few requests as their addresses allow. What cannot be read is told as not seen:
    /// no answer ends anything else. After one that says that no more can be had, no more is asked.
    pub async fn account_daily(&self, accounts: &[&str], days: Days) -> SentDaily {
        let mut all = SentDaily::default();
        let mut rest = accounts;
        let mut over = false;
        while !rest.is_empty() {
            let (asked, after) = rest.split_at(fitting(rest));
            rest = after;
            if over {
                all.unseen.extend(asked.iter().map(|account| Email::observed(account)));
                continue;
            }
            let path = query(asked, days);
            match self.one(Operation::AccountDaily, path, |body| read(body, asked, days)).await {
                Ok(part) => {
                    all.days.extend(part.days);
                    all.unseen.extend(part.unseen);
                    all.incomplete = all.incomplete.or(part.incomplete);
                }
                Err(error) => {
                    over = error.ends_lane() || matches!(error, Error::BeyondDeadline { .. });
                    all.unseen.extend(asked.iter().map(|account| Email::observed(account)));
                    all.incomplete.get_or_insert_with(|| error.to_string());
                }
            }
        }
        all
    }
}

impl Client {
    /// Reads what these accounts sent in a period, span after span as the API bounds them. An account of which one span was not seen is not
    /// seen: what it sent would lack something.
    pub async fn account_daily_over(&self, accounts: &[&str], period: Period) -> SentDaily {
        let mut all = SentDaily::default();
        for days in period.spans() {
            let part = self.account_daily(accounts, days).await;
            for (account, days) in part.days {
                all.days.entry(account).or_default().extend(days);
            }
            all.unseen.extend(part.unseen);
            all.incomplete = all.incomplete.or(part.incomplete);
            // Nothing can be said of any of them any more.
            if !accounts.is_empty() && accounts.iter().all(|account| all.unseen.contains(&Email::observed(account))) {
                break;
            }
        }
        let SentDaily { days, unseen, .. } = &mut all;
        days.retain(|account, _| !unseen.contains(account));
        all
    }

    /// Counts the requests that what some accounts sent over one span of days takes.
    pub fn account_daily_requests(accounts: &[&str]) -> u64 {
        let (mut rest, mut requests) = (accounts, 0);
        while !rest.is_empty() {
            rest = &rest[fitting(rest)..];
            requests += 1;
        }
        requests
    }
}

/// Counts the accounts that one request can name.
fn fitting(accounts: &[&str]) -> usize {
    let mut length = 0;
    let fits = |account: &&&str| {
        length += "&emails=".len() + percent_encoded(account).len();
        length <= LONGEST_QUERY
    };
    // An address of any length is asked for by itself, whatever comes of it: it must not be passed over.
    accounts.iter().take(MOST_ACCOUNTS).take_while(fits).count().max(1)
}

fn query(accounts: &[&str], days: Days) -> String {
    let (from, to) = days.to_ask();
    let mut path = format!("{PATH}?start_date={from}&end_date={to}");
    for account in accounts {
        path.push_str("&emails=");
        path.push_str(&percent_encoded(account));
    }
    path
}

/// Reads an answer. Rows about accounts that were not asked for, and about other days, are passed over.
fn read(body: &[u8], asked: &[&str], days: Days) -> Result<SentDaily, String> {
    let rows: Vec<DayRow<'_>> = decode(body)?;
    let asked: BTreeSet<Email> = asked.iter().map(|account| Email::observed(account)).collect();
    let mut told: BTreeMap<Email, BTreeMap<Date, Sent>> = BTreeMap::new();
    let mut unseen = BTreeSet::new();
    let mut why = None;
    for row in rows {
        let account = row.email_account.filled().map(Email::observed);
        let account = account.ok_or("a row names no account")?;
        if !asked.contains(&account) {
            continue;
        }
        let mut doubt = |what: &str| {
            why.get_or_insert_with(|| format!("a day of {account} {what}"));
            unseen.insert(account.clone());
        };
        let Some(day) = row.date.filled().and_then(day) else {
            doubt("has no usable `date`");
            continue;
        };
        if !days.holds(day) {
            continue;
        }
        let (Some(sent), Some(bounced)) = (row::number(&row.sent), row::number(&row.bounced)) else {
            doubt("has no usable `sent` and `bounced`");
            continue;
        };
        let here = Sent { sent, bounced };
        let before = told.entry(account.clone()).or_default().insert(day, here);
        if before.is_some_and(|before| before != here) {
            doubt("came twice and differed");
        }
    }
    told.retain(|account, _| !unseen.contains(account));
    Ok(SentDaily { days: told, unseen, incomplete: why })
}

/// Reads a day, with or without a time behind it.
pub(super) fn day(text: &str) -> Option<Date> {
    let text = text.trim();
    text.get(..10).filter(|_| text.len() == 10 || text.as_bytes()[10] == b'T')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::script::{Line, Setting, Stage};

    fn days() -> Days {
        Days::new("2026-11-16".parse().unwrap(), "2026-11-22".parse().unwrap()).unwrap()
    }

    fn at(date: &str, account: &str, sent: u64, bounced: u64) -> serde_json::Value {
        json!({"date": date, "email_account": account, "sent": sent, "bounced": bounced})
    }

    fn answer(rows: &[serde_json::Value]) -> Line {
        Line::Answer(200, json!(rows).to_string())
    }

    fn unseen(seen: &SentDaily) -> Vec<&str> {
        seen.unseen.iter().map(Email::as_str).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn the_recorded_answer_is_read_and_the_days_are_asked_for_to_the_one_after() {
        let recorded = include_str!("../../../tests/contract/fixtures/accounts.analytics-daily.json");
        let stage = Stage::playing([Line::Answer(200, recorded.to_owned())]);
        let seen = stage.client.account_daily(&["Noor@mail-one.example", "tomas+x@mail-two.example"], days()).await;
        let noor = seen.of(&Email::observed("noor@mail-one.example"), days()).unwrap();
        assert_eq!((noor.all(), noor.today), (Sent { sent: 28, bounced: 0 }, Sent::default()));
        assert_eq!((seen.unseen.len(), seen.incomplete), (0, None));
        let asked = stage.ended();
        let path = "GET /api/v2/accounts/analytics/daily?start_date=2026-11-16&end_date=2026-11-23\
                    &emails=Noor%40mail-one.example&emails=tomas%2Bx%40mail-two.example";
        assert_eq!((asked.len(), asked[0].line.as_str()), (1, path));
    }

    #[tokio::test(start_paused = true)]
    async fn a_day_outside_of_the_span_and_an_account_that_was_not_asked_for_count_for_nothing() {
        let rows = [
            at("2026-11-15", "a@x.example", 90, 90),
            at("2026-11-16T00:00:00.000Z", "A@x.example", 7, 1),
            at("2026-11-22", "a@x.example", 5, 0),
            at("2026-11-23", "a@x.example", 90, 90),
            at("2026-11-22", "b@x.example", 90, 90),
        ];
        let stage = Stage::playing([answer(&rows)]);
        let seen = stage.client.account_daily(&["a@x.example"], days()).await;
        let told = seen.of(&Email::observed("a@x.example"), days()).unwrap();
        assert_eq!((told.today.sent, told.all()), (5, Sent { sent: 12, bounced: 1 }));
        assert_eq!(seen.days.len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_be_read_of_an_account_is_not_seen_and_never_zero() {
        let odd = [
            json!({"date": "2026-11-17", "email_account": "a@x.example", "sent": 5}),
            json!({"date": "someday", "email_account": "b@x.example", "sent": 5, "bounced": 0}),
            at("2026-11-17", "c@x.example", 5, 0),
            at("2026-11-17", "c@x.example", 6, 0),
            at("2026-11-17", "d@x.example", 5, 0),
            at("2026-11-17", "d@x.example", 5, 0),
            json!({"date": "2026-11-17", "email_account": "e@x.example", "sent": 5.0, "bounced": null}),
            json!({"date": "2026-11-17", "email_account": "f@x.example", "sent": -5, "bounced": 0}),
        ];
        let accounts = ["a@x.example", "b@x.example", "c@x.example", "d@x.example", "e@x.example", "f@x.example"];
        let stage = Stage::playing([answer(&odd)]);
        let seen = stage.client.account_daily(&accounts, days()).await;
        assert_eq!(unseen(&seen), ["a@x.example", "b@x.example", "c@x.example", "e@x.example", "f@x.example"]);
        assert_eq!(seen.of(&Email::observed("d@x.example"), days()).unwrap().all().sent, 5);
        assert!(seen.incomplete.unwrap().contains("a@x.example"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_that_is_refused_as_too_large_is_not_seen_and_the_others_are() {
        let accounts: Vec<String> = (0..401).map(|n| format!("a{n:03}@x.example")).collect();
        let accounts: Vec<&str> = accounts.iter().map(String::as_str).collect();
        let too_large = Line::Answer(413, r#"{"message": "too many accounts"}"#.to_owned());
        let stage = Stage::playing([answer(&[]), too_large, answer(&[at("2026-11-22", "a400@x.example", 3, 0)])]);
        let seen = stage.client.account_daily(&accounts, days()).await;
        assert_eq!(seen.unseen.len(), 200);
        assert!(seen.incomplete.as_deref().unwrap().contains("413"), "{seen:?}");
        assert_eq!(seen.of(&Email::observed("a000@x.example"), days()).unwrap().all(), Sent::default());
        assert_eq!(seen.of(&Email::observed("a200@x.example"), days()), None);
        assert_eq!(seen.of(&Email::observed("a400@x.example"), days()).unwrap().today.sent, 3);
        stage.ended();
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_refusal_that_ends_all_no_more_is_asked() {
        let accounts: Vec<String> = (0..401).map(|n| format!("a{n:03}@x.example")).collect();
        let accounts: Vec<&str> = accounts.iter().map(String::as_str).collect();
        let stage = Stage::playing([Line::Answer(403, r#"{"message": "no"}"#.to_owned())]);
        let seen = stage.client.account_daily(&accounts, days()).await;
        assert_eq!((seen.unseen.len(), stage.ended().len()), (401, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn no_account_is_no_request() {
        let stage = Stage::set(Setting::default(), []);
        assert_eq!(stage.client.account_daily(&[], days()).await, SentDaily::default());
    }

    #[test]
    fn no_request_line_is_longer_than_servers_take_and_every_account_is_in_one() {
        let long = format!("{}@{}.example", "ü".repeat(60), "x".repeat(60));
        let accounts: Vec<&str> = std::iter::repeat_n(long.as_str(), 450).collect();
        let mut rest = &accounts[..];
        let mut all = 0;
        while !rest.is_empty() {
            let (some, after) = rest.split_at(fitting(rest));
            assert!(query(some, days()).len() < 8 * 1024 - 100 && some.len() <= MOST_ACCOUNTS);
            all += some.len();
            rest = after;
        }
        assert_eq!(all, 450);
        assert_eq!(fitting(&["x".repeat(9000).as_str()]), 1);
        assert_eq!(fitting(&vec!["a@x.example"; 300]), MOST_ACCOUNTS);
    }
}
