//! How warm accounts are (contract section 11): by address and day, of the thirty days before today.
//!
//! The numbers of an account and a day come from its address and the day alone.

use serde_json::{Map, Value, json};

use super::Turn;
use super::accounts::Account;
use super::days::{DAY, midnight};
use crate::sim::name;
use crate::sim::paper::{self, Refusal};
use crate::sim::routes::object;
use crate::sim::state::State;

/// The most accounts one request may name.
const MOST_ACCOUNTS: usize = 100;
/// The days that are told.
const DAYS: i64 = 30;

pub(crate) fn list(state: &State, turn: Turn<'_>) -> Result<Value, Refusal> {
    let Turn { ask, workspace, now, .. } = turn;
    let body = object(ask)?;
    let emails = match body.get("emails") {
        Some(Value::Array(emails)) => emails.iter().filter_map(Value::as_str).collect::<Vec<_>>(),
        Some(_) => return Err(paper::invalid("body/emails must be array")),
        None => return Err(paper::missing_property("emails")),
    };
    if emails.is_empty() {
        return Err(paper::invalid("body/emails must NOT have fewer than 1 items"));
    }
    if emails.len() > MOST_ACCOUNTS {
        return Err(paper::invalid("body/emails must NOT have more than 100 items"));
    }
    let accounts = &state.workspaces[workspace].things.accounts;
    let (mut daily, mut sums) = (Map::new(), Map::new());
    for email in emails {
        let Some(account) = accounts.number_of(email).map(|number| accounts.numbered(number)) else { continue };
        if account.warmup_status() != 1 {
            continue;
        }
        let (days, sum) = of(account, now);
        daily.insert(email.to_owned(), days);
        sums.insert(email.to_owned(), sum);
    }
    Ok(json!({ "email_date_data": daily, "aggregate_data": sums }))
}

fn of(account: &Account, now: i64) -> (Value, Value) {
    let mut days = Map::new();
    let (mut sent, mut inbox, mut spam, mut received) = (0, 0, 0, 0);
    let today = midnight(now);
    let first = (today - DAYS * DAY).max(midnight(account.created));
    let seed = name::seed_of(0, &["warm-up", &account.email]);
    let score = account.shown_score().unwrap_or(60);
    for day in (0..).map(|at| first + at * DAY).take_while(|day| *day < today) {
        let mut chance = fastrand::Rng::with_seed(seed ^ name::scattered(day.unsigned_abs()));
        let here = chance.u32(8..=12);
        let lost = (0..here).filter(|_| chance.u8(0..100) >= score).count();
        let lost = u32::try_from(lost).unwrap_or(here);
        let back = chance.u32(7..=13);
        days.insert(
            paper::moment(day)[..10].to_owned(),
            json!({ "sent": here, "landed_inbox": here - lost, "landed_spam": lost, "received": back }),
        );
        sent += here;
        inbox += here - lost;
        spam += lost;
        received += back;
    }
    let sum = json!({
        "sent": sent,
        "received": received,
        "landed_inbox": inbox,
        "landed_spam": spam,
        "health_score_label": format!("{score}%"),
        "health_score": score,
    });
    (Value::Object(days), sum)
}
