//! One client's page holds nothing of another client, and nothing of its own that is the agency's business.

use keyholder::report::bulk::Facts;
use serde_json::Value;

use super::hostile::poison;
use super::sample::{client_page, make_troubled};

/// Makes every name, id and number of a workspace one that no other workspace has.
fn canaries(facts: &Facts, mark: u64) -> Facts {
    let mut at = 0;
    let named = poison(facts, &mut || {
        at += 1;
        format!("canary-{mark}-{at}")
    });
    let mut value = serde_json::to_value(named).unwrap();
    number(&mut value, mark, &mut at);
    serde_json::from_value(value).unwrap()
}

fn number(value: &mut Value, mark: u64, at: &mut u64) {
    match value {
        Value::Number(number) => {
            *at += 1;
            // Seven digits of the workspace before six of the place: a sum of a few keeps them.
            *number = (mark * 1_000_000_007 + *at).into();
        }
        Value::Array(all) => all.iter_mut().for_each(|one| self::number(one, mark, at)),
        Value::Object(all) => all.iter_mut().for_each(|(_, one)| self::number(one, mark, at)),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// Every number of facts, as a page would write it.
fn numbers(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Number(number) => {
            let digits = number.to_string();
            let grouped = digits.as_bytes().rchunks(3).rev().map(|three| std::str::from_utf8(three).unwrap());
            out.push(grouped.collect::<Vec<_>>().join(","));
            out.push(digits);
        }
        Value::Array(all) => all.iter().for_each(|one| numbers(one, out)),
        Value::Object(all) => all.values().for_each(|one| numbers(one, out)),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

#[test]
fn no_name_id_or_number_of_one_client_is_on_the_page_of_another() {
    let fleet: Vec<Facts> =
        make_troubled(9, 4).iter().zip(1_000..).map(|(facts, mark)| canaries(facts, mark)).collect();
    let told: Vec<Vec<String>> = fleet
        .iter()
        .map(|facts| {
            let mut out = Vec::new();
            numbers(&serde_json::to_value(facts).unwrap(), &mut out);
            out
        })
        .collect();
    for (at, facts) in fleet.iter().enumerate() {
        let page = client_page(facts);
        let own = 1_000 + at;
        for (other, numbers) in told.iter().enumerate().filter(|(other, _)| *other != at) {
            let mark = 1_000 + other;
            assert!(!page.contains(&format!("canary-{mark}-")), "{own} tells of {mark}");
            assert!(numbers.iter().all(|number| !page.contains(number)), "{own} counts what is of {mark}");
        }
        assert!(facts.trouble.is_some() || page.contains(&format!("canary-{own}-")), "{own} tells of itself");
    }
}

#[test]
fn a_clients_page_is_the_same_whatever_fleet_it_is_in() {
    let (small, large) = (make_troubled(9, 4), make_troubled(90, 4));
    for (one, other) in small.iter().zip(&large) {
        assert_eq!(client_page(one), client_page(other));
    }
}

#[test]
fn what_is_the_agencys_own_business_is_not_on_a_clients_page() {
    for (facts, mark) in make_troubled(9, 4).iter().zip(1_000..) {
        let facts = canaries(facts, mark);
        let page = client_page(&facts);
        let without = Facts {
            labels: std::collections::BTreeMap::new(),
            findings: Vec::new(),
            attention: Vec::new(),
            subscriptions: Vec::new(),
            keys: None,
            workspace_id: None,
            ..facts.clone()
        };
        assert_eq!(page, client_page(&without), "labels, findings, attention, prices and keys change nothing");
        let mut other = facts.clone();
        if let Some(trouble) = &mut other.trouble {
            trouble.reason = "agency's key of another".to_owned();
            trouble.advice.clear();
            trouble.kind.clear();
        }
        for campaign in &mut other.campaigns {
            campaign.owner = None;
        }
        for account in &mut other.accounts {
            account.owner = None;
        }
        assert_eq!(page, client_page(&other), "why a key was refused, and whose a campaign is, change nothing");
    }
}
