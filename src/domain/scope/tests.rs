//! Checked against every operation of the API as it is described, which knows nothing of these rules.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

/// Method and path of an operation, and the scopes any one of which is enough; none where none is published.
struct Row {
    name: &'static str,
    scopes: Vec<&'static str>,
}

fn table() -> Vec<Row> {
    let text = include_str!("../../../tests/data/operations.txt");
    let rows: Vec<Row> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let split = line.match_indices(' ').nth(1).expect("method, path, scopes").0;
            let (name, scopes) = (&line[..split], &line[split + 1..]);
            Row { name, scopes: if scopes == "-" { Vec::new() } else { scopes.split(' ').collect() } }
        })
        .collect();
    assert!(rows.len() == 73 && rows.iter().filter(|row| row.scopes.is_empty()).count() == 14, "{}", rows.len());
    rows
}

/// What a key may call, by the table alone.
fn calls<S: AsRef<str>>(table: &[Row], held: &[S]) -> Vec<bool> {
    table.iter().map(|row| row.scopes.iter().any(|one| held.iter().any(|held| held.as_ref() == *one))).collect()
}

/// All subsets of some words.
fn subsets<'a>(words: &'a [&'a str]) -> impl Iterator<Item = Vec<&'a str>> {
    (0_u32..1 << words.len())
        .map(|bits| words.iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1).map(|(_, word)| *word).collect())
}

fn words_of(resource: &str) -> Vec<&'static str> {
    documented().filter(|scope| scope.split_once(':').unwrap().0 == resource).collect()
}

#[test]
fn for_every_operation_and_every_scope_the_rule_agrees_with_the_table() {
    let strange = ["supersearch_enrichments:read", "analytics:read", "campaigns:activate", "campaigns", ""];
    for Row { name, scopes } in table() {
        for scope in documented().chain(strange) {
            let listed = scopes.contains(&scope);
            assert_eq!(allows(&[scope], &scopes), listed, "{scope} at {name}");
            if let Some(narrowest) = scopes.first() {
                assert_eq!(covers(&[scope], narrowest), listed, "{scope} for {narrowest}");
            }
        }
        assert!(scopes.iter().all(|scope| is_documented(scope)), "{name}");
    }
}

#[test]
fn the_first_scope_of_every_operation_is_enough_and_the_least_there_is() {
    for Row { name, scopes } in table().into_iter().filter(|row| !row.scopes.is_empty()) {
        let least = &scopes[..1];
        assert!(allows(least, &scopes) && !allows(&least[1..], &scopes), "{name}");
        assert_eq!(fold(least), least, "{name}");
        for wider in &scopes[1..] {
            assert!(covers(&[wider], least[0]) && !covers(least, wider), "{wider} at {name}");
            assert!(excess(least, &[wider]).is_empty() && !excess(&[wider], least).is_empty(), "{wider} at {name}");
        }
    }
}

#[test]
fn no_operation_needs_more_of_a_resource_than_its_actions() {
    // So four scopes may be folded into one, and one that is `resource:all` is covered by four.
    for Row { name, scopes } in table().iter().filter(|row| !row.scopes.is_empty()) {
        let (resource, action) = scopes[0].split_once(':').unwrap();
        assert_ne!(action, "all", "{name}");
        assert!(words_of(resource).contains(&scopes[0]), "{name}");
        let actions: Vec<&str> = words_of(resource).into_iter().filter(|word| !word.ends_with(":all")).collect();
        assert!(allows(&actions, scopes) && covers(&actions, &format!("{resource}:all")), "{name}");
    }
}

#[test]
fn folding_every_subset_of_every_resource_keeps_its_power_in_the_fewest_words() {
    let table = table();
    let wild = words_of("all");
    for (resource, _) in RESOURCES.iter().skip(1) {
        let own = words_of(resource);
        let words = [wild.clone(), own.clone()].concat();
        let rows: Vec<Row> = table
            .iter()
            .filter(|row| row.scopes.iter().any(|scope| own.contains(scope)))
            .map(|row| Row { name: row.name, scopes: row.scopes.clone() })
            .collect();
        // What is held, told without the code that is tested: each action on all, and on the resource.
        let power = |held: &[&str]| -> Vec<bool> {
            let has = |word: &str| held.contains(&word);
            let on_all = |action: &str| has(&format!("all:{action}")) || has("all:all");
            let actions = ["create", "read", "update", "delete"].into_iter();
            let on_it = |action: &str| {
                let can = own.contains(&&*format!("{resource}:{action}"));
                can && (has(&format!("{resource}:{action}")) || has(&format!("{resource}:all")) || on_all(action))
            };
            actions.clone().map(on_all).chain(actions.map(on_it)).collect()
        };
        let mut fewest: HashMap<Vec<bool>, usize> = HashMap::new();
        for held in subsets(&words) {
            let least = fewest.entry(power(&held)).or_insert(usize::MAX);
            *least = held.len().min(*least);
        }
        for held in subsets(&words) {
            let folded = fold(&held);
            let told: Vec<&str> = folded.iter().map(String::as_str).collect();
            assert_eq!(power(&told), power(&held), "{held:?} as {folded:?}");
            assert_eq!(folded.len(), fewest[&power(&held)], "{held:?} as {folded:?}");
            assert_eq!(calls(&rows, &folded), calls(&rows, &held), "{held:?} as {folded:?}");
            for word in &words {
                assert_eq!(covers(&folded, word), covers(&held, word), "{word} by {held:?} as {folded:?}");
            }
        }
    }
}

fn some_scopes(most: usize) -> impl Strategy<Value = Vec<String>> {
    let all: Vec<String> =
        documented().chain(["analytics:read", "supersearch_enrichments:all", "odd"]).map(str::to_owned).collect();
    prop::collection::vec(prop::sample::select(all), 0..most)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn folding_changes_no_call_whatever_the_order(held in some_scopes(40), turn in 0_usize..40) {
        let folded = fold(&held);
        prop_assert_eq!(calls(&table(), &folded), calls(&table(), &held));
        prop_assert_eq!(&fold(&folded), &folded);
        prop_assert_eq!(&canonical(&folded), &folded);
        let mut turned = held.clone();
        turned.rotate_left(turn.min(held.len()));
        prop_assert_eq!(fold(&turned), folded.clone());
        prop_assert!(held.iter().all(|scope| covers(&folded, scope)) && folded.iter().all(|scope| covers(&held, scope)));
    }

    #[test]
    fn what_is_beyond_is_held_and_not_needed_and_with_the_needed_allows_all_that_is_held(
        held in some_scopes(20), needed in some_scopes(20)
    ) {
        let beyond = excess(&held, &needed);
        prop_assert!(beyond.iter().all(|scope| covers(&held, scope)), "{:?}", beyond);
        prop_assert!(beyond.iter().all(|scope| !covers(&needed, scope)), "{:?}", beyond);
        let both = [beyond.clone(), needed.clone()].concat();
        prop_assert!(held.iter().all(|scope| covers(&both, scope)), "{:?}", beyond);
        prop_assert!(excess(&held, &both).is_empty());
        prop_assert_eq!(beyond.is_empty(), held.iter().all(|scope| covers(&needed, scope)));
    }
}

#[test]
fn scopes_are_said_in_the_fewest_words_in_the_order_of_the_api() {
    let cases: [(&[&str], &[&str]); 9] = [
        (&["campaigns:delete", "campaigns:read", "campaigns:update", "campaigns:create"], &["campaigns:all"]),
        (&["leads:read", "campaigns:all", "campaigns:read", "leads:read"], &["campaigns:all", "leads:read"]),
        (&["leads:read", "leads:delete", "all:read"], &["all:read", "leads:delete"]),
        (&["leads:create", "leads:delete", "leads:update", "all:read"], &["all:read", "leads:all"]),
        (&["all:create", "all:read", "all:update", "all:delete", "leads:read"], &["all:all"]),
        (&["email_verifications:create", "email_verifications:read"], &["email_verifications:all"]),
        (&["lead-labels:all", "background-jobs:read"], &["background-jobs:read", "lead-labels:all"]),
        (&["odd", "all:all", "analytics:read", "odd"], &["all:all", "analytics:read", "odd"]),
        (&[], &[]),
    ];
    for (held, folded) in cases {
        assert_eq!(fold(held), folded, "{held:?}");
    }
}

#[test]
fn what_is_beyond_is_said_folded_and_a_wildcard_stays_one() {
    let cases: [(&[&str], &[&str], &[&str]); 7] = [
        (&["campaigns:all"], &["campaigns:read"], &["campaigns:create", "campaigns:update", "campaigns:delete"]),
        (&["campaigns:all", "leads:all"], &["campaigns:read", "campaigns:all"], &["leads:all"]),
        (&["all:all"], &["workspaces:read"], &["all:all"]),
        (&["all:all"], &["all:read"], &["all:create", "all:update", "all:delete"]),
        (&["all:read", "leads:read"], &["leads:read"], &["all:read"]),
        (&["analytics:read", "odd"], &["all:read"], &["odd"]),
        (&["leads:read"], &["leads:all"], &[]),
    ];
    for (held, needed, beyond) in cases {
        assert_eq!(excess(held, needed), beyond, "{held:?} beyond {needed:?}");
    }
}

#[test]
fn a_slip_finds_the_scope_that_was_meant() {
    assert_eq!(nearest("campaign:read"), Some("campaigns:read"));
    assert_eq!(nearest("background_jobs:read"), Some("background-jobs:read"));
    assert_eq!(nearest("Leads:All "), Some("leads:all"));
    assert_eq!(nearest("whatever"), None);
}

#[test]
fn the_list_is_the_one_that_is_documented() {
    assert_eq!(documented().count(), 178);
    assert_eq!(RESOURCES.len(), 36);
    let odd: Vec<_> = RESOURCES.iter().filter(|(_, actions)| actions.len() != 4).collect();
    assert_eq!(odd, [&("email_verifications", vec!["create", "read"])]);
    assert_eq!(
        undocumented(&["leads:read", "z:read", "email_verifications:delete"]),
        ["email_verifications:delete", "z:read"]
    );
}
