//! What is kept of looks: the same in whatever order they are recorded, and folded over time the difference of the first and the last.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use keyholder::audit::access::{By, Look, Past, Row, Standing, Stretch};
use keyholder::clock::Clock;
use keyholder::domain::{Email, Role, WorkspaceId};
use keyholder::journal::{Attributes, History, Ledger, Listing};
use proptest::prelude::*;
use serde_json::{Value, json};

const ROLES: [&str; 3] = ["admin", "editor", "view"];

/// What one look showed: each of four people's role, or nothing; and whether it was complete.
type Showed = ([Option<usize>; 4], bool);

fn looks() -> impl Strategy<Value = Vec<Showed>> {
    let person = || proptest::option::weighted(0.7, 0_usize..2);
    prop::collection::vec((prop::array::uniform4(person()), prop::bool::weighted(0.8)), 1..9)
}

fn at(place: usize) -> Timestamp {
    let start: Timestamp = "2026-11-01T08:00:00Z".parse().unwrap();
    start + SignedDuration::from_hours(i64::try_from(place).unwrap())
}

fn id(person: usize) -> String {
    format!("m-{person}")
}

fn attributes(person: usize, role: usize) -> Value {
    json!({ "email": format!("p{person}@agency.example"), "role": ROLES[role], "permissions": null, "accepted": true })
}

fn listing(workspace: &WorkspaceId, place: usize, (roles, complete): &Showed) -> Listing {
    let row =
        |(person, role): (usize, &Option<usize>)| Some((id(person), Attributes::from(&attributes(person, (*role)?))));
    Listing {
        workspace_id: workspace.clone(),
        kind: "member".to_owned(),
        began: at(place),
        at: at(place),
        rows: roles.iter().enumerate().filter_map(row).collect(),
        complete: *complete,
    }
}

/// Records looks in some order and returns what is kept.
fn kept(looks: &[Showed], order: &[usize]) -> History {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let root = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let ledger = Ledger::open(root.path(), Clock::starting_at(at(0))).await.unwrap();
        let workspace = WorkspaceId::parse("w-1").unwrap();
        for place in order {
            ledger.record_listings(vec![listing(&workspace, *place, &looks[*place])]).await.unwrap();
        }
        let history = ledger.history(&workspace, "member").await.unwrap();
        ledger.close().await.unwrap();
        history
    })
}

fn row(id: &str, kept: &Value) -> Row {
    let role = Role::observed(kept["role"].as_str().unwrap());
    Row { id: Some(id.to_owned()), standing: Standing { role, permissions: Some(None), accepted: true } }
}

fn stretch(id: &str, kept: &Value, from: Timestamp, until: Timestamp) -> Stretch {
    Stretch { email: Email::observed(kept["email"].as_str().unwrap()), row: row(id, kept), from, until }
}

fn past(history: &History) -> Past {
    let span = |span: &keyholder::journal::Span| stretch(&span.id, &span.attributes, span.from, span.until);
    let glimpse = |one: &keyholder::journal::Glimpse| stretch(&one.id, &one.attributes, one.at, one.at);
    Past {
        looks: history
            .looks
            .iter()
            .map(|look| Look { began: look.began, at: look.at, complete: look.complete })
            .collect(),
        spans: history.spans.iter().map(span).collect(),
        glimpses: history.glimpses.iter().map(glimpse).collect(),
        ..Past::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_in_which_looks_are_recorded_does_not_matter(
        (looks, order) in looks().prop_flat_map(|looks| {
            let order = Just((0..looks.len()).collect::<Vec<_>>()).prop_shuffle();
            (Just(looks), order)
        })
    ) {
        let straight: Vec<usize> = (0..looks.len()).collect();
        prop_assert_eq!(kept(&looks, &straight), kept(&looks, &order));
    }

    #[test]
    fn what_is_kept_tells_every_complete_look_as_it_was_and_nothing_more(looks in looks()) {
        let order: Vec<usize> = (0..looks.len()).rev().collect();
        let history = kept(&looks, &order);
        for (place, (roles, _)) in looks.iter().enumerate().filter(|(_, (_, complete))| *complete) {
            for (person, role) in roles.iter().enumerate() {
                let covers = |span: &&keyholder::journal::Span| {
                    span.id == id(person) && span.from <= at(place) && at(place) <= span.until
                };
                let found: Vec<&Value> = history.spans.iter().filter(covers).map(|span| &span.attributes).collect();
                let wanted: Vec<Value> = role.iter().map(|role| attributes(person, *role)).collect();
                prop_assert_eq!(found, wanted.iter().collect::<Vec<_>>());
            }
        }
        for span in &history.spans {
            prop_assert!(history.looks.iter().any(|look| look.complete && look.at == span.from));
            prop_assert!(history.looks.iter().any(|look| look.complete && look.at == span.until));
        }
    }

    #[test]
    fn changes_lead_from_the_first_complete_look_to_the_last(looks in looks()) {
        let whole: Vec<usize> = (0..looks.len()).filter(|place| looks[*place].1).collect();
        prop_assume!(!whole.is_empty());
        let (first, last) = (whole[0], whole[whole.len() - 1]);
        // Behind the last complete look an incomplete one may show more.
        let order: Vec<usize> = (first..=last).collect();
        let told = past(&kept(&looks, &order)).since(at(first));
        let state = |place: usize| -> BTreeMap<Email, String> {
            let roles = looks[place].0.iter().enumerate();
            roles.filter_map(|(person, role)| {
                Some((Email::observed(&format!("p{person}@agency.example")), ROLES[(*role)?].to_owned()))
            }).collect()
        };
        let mut folded = state(first);
        for change in &told.changes {
            prop_assert_eq!(&change.by, &By::Outside);
            prop_assert_eq!(folded.get(&change.who), change.before.as_ref(), "{:?}", change);
            prop_assert!(change.not_before < Some(change.not_after));
            match &change.after {
                Some(after) => drop(folded.insert(change.who.clone(), after.clone())),
                None => drop(folded.remove(&change.who)),
            }
        }
        prop_assert_eq!(folded, state(last));
        let seen_since = first != last || told.gaps.len() == 1;
        prop_assert!(seen_since, "{:?}", told.gaps);
    }
}
