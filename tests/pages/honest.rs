//! Whoever sees less may claim less: what is taken away from what was seen turns numbers into bounds and bounds into nothing, never into
//! other numbers.

use keyholder::domain::{Counts, Table};
use keyholder::report::bulk::Facts;
use keyholder::report::bulk::facts::TroubleFact;
use keyholder::report::bulk::summary;
use proptest::prelude::*;

use super::sample::{client_page, fleet_page, make};
use super::tokens::{Token, read};

/// What a large figure or a cell claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Claim {
    Exact(u64),
    AtLeast(u64),
    Nothing,
}

fn claim(text: &str) -> Claim {
    let number = |text: &str| text.replace(',', "").parse().unwrap_or_else(|_| panic!("no number: {text:?}"));
    match (text, text.strip_prefix("≥ ")) {
        ("not known", _) => Claim::Nothing,
        (_, Some(bound)) => Claim::AtLeast(number(bound)),
        (text, None) => Claim::Exact(number(text)),
    }
}

/// Returns the large figures that count, by name.
fn figures(page: &str) -> Vec<(String, Claim)> {
    let tokens = read(page).unwrap();
    let mut out = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let Token::Open { attributes, .. } = token else { continue };
        if attributes.get("class").is_none_or(|class| class != "big") {
            continue;
        }
        let (Token::Text(name), Token::Text(number)) = (&tokens[at - 3], &tokens[at + 1]) else { panic!("no figure") };
        if !name.ends_with("rate") {
            out.push((name.clone(), claim(number)));
        }
    }
    assert_eq!(out.len(), 6, "{out:?}");
    out
}

/// What may be missing of a workspace.
fn forget(facts: &mut Facts, how: u8) -> bool {
    match how {
        0 => return false,
        1 => {
            let trouble = TroubleFact { kind: "key_refused".to_owned(), ..TroubleFact::default() };
            *facts = Facts::unreadable(&facts.workspace, None, &facts.labels, &facts.observed_at, trouble);
        }
        2 => {
            drop(facts.campaigns.pop());
            cut(facts, true);
        }
        _ => {
            facts.campaigns[0].now = None;
            cut(facts, false);
        }
    }
    true
}

fn cut(facts: &mut Facts, rows_unsure: bool) {
    facts.days = None;
    let fact = facts.tables.get_mut(&Table::Campaigns).unwrap();
    fact.incomplete = Some("campaigns: the list broke off".to_owned());
    fact.rows_unsure = rows_unsure;
}

fn holds(less: Claim, truth: Claim) -> bool {
    match (less, truth) {
        (Claim::Nothing, _) => true,
        (Claim::AtLeast(less), Claim::Exact(truth)) => 0 < less && less <= truth,
        _ => false,
    }
}

/// Page and summary tell the same sums, each of them exact or a bound alike.
fn agrees(facts: &[Facts]) -> Result<(), TestCaseError> {
    let sum = summary::sum(facts, false);
    let Counts { sent, contacted, opened, replied, bounced, opportunities, .. } = sum.counts;
    let told = [sent, contacted, opened, replied, bounced, opportunities];
    for ((name, claim), count) in figures(&fleet_page(facts)).into_iter().zip(told) {
        let told = match (sum.exact && (name != "Opened" || sum.opened_exact), count) {
            (true, count) => Claim::Exact(count),
            (false, 0) => Claim::Nothing,
            (false, count) => Claim::AtLeast(count),
        };
        prop_assert_eq!(claim, told, "{}", name);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn what_was_not_seen_turns_numbers_into_bounds(
        ways in proptest::collection::vec(0..4u8, 1..9),
    ) {
        let truth = make(ways.len(), 3);
        let mut seen = truth.clone();
        let any = seen.iter_mut().zip(&ways).fold(false, |any, (facts, how)| forget(facts, *how) || any);
        agrees(&seen)?;
        let (whole, less) = (figures(&fleet_page(&truth)), figures(&fleet_page(&seen)));
        for ((name, truth), (_, less)) in whole.iter().zip(&less) {
            prop_assert!(if any { holds(*less, *truth) } else { less == truth }, "{name}: {less:?} of {truth:?}");
        }
        for ((facts, seen), how) in truth.iter().zip(&seen).zip(&ways) {
            for ((name, truth), (_, less)) in figures(&client_page(facts)).iter().zip(&figures(&client_page(seen))) {
                prop_assert!(if *how > 0 { holds(*less, *truth) } else { less == truth }, "{name}: {less:?} of {truth:?}");
            }
        }
    }
}

#[test]
fn of_a_workspace_that_could_not_be_read_no_number_is_told() {
    let mut facts = make(1, 3).remove(0);
    assert!(forget(&mut facts, 1));
    let page = client_page(&facts);
    assert!(figures(&page).iter().all(|(_, claim)| *claim == Claim::Nothing));
    let body =
        page.split_once("</header>").unwrap().1.replace("2026-11-22T10:00:07Z", "").replace("2026-11-22 10:00", "");
    let body = body.replace('\n', " ");
    let digits: Vec<&str> = body.split(|c: char| !c.is_ascii_digit()).filter(|word| !word.is_empty()).collect();
    assert!(digits.iter().all(|digit| "2".contains(digit)), "{digits:?} (the 2 of headings)");
}
