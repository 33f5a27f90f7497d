//! What is said of one workspace, end by end: rows, keys, what was never sent, when it was seen.

use super::*;

fn place(evidence: &Evidence) -> Place {
    Certificate::of(evidence, &email()).unwrap().places.remove(0)
}

fn whys(place: &Place) -> Vec<(&str, &str)> {
    place.left.iter().map(|left| (left.id.as_str(), left.why.as_str())).collect()
}

/// A step that was planned, and that the run never came to.
fn never_sent(mut facts: StepFacts) -> StepFacts {
    (facts.outcome, facts.attempts) = (None, 0);
    facts
}

/// A step that was begun to be sent, and of which nothing says how it ended.
fn cut(mut facts: StepFacts) -> StepFacts {
    facts.outcome = None;
    facts.started_at = Some("2026-11-02T09:00:30Z".to_owned());
    facts
}

#[test]
fn what_was_planned_and_never_started_is_not_sent_and_what_was_started_is_not_known() {
    let resume = "not sent yet: go on with `keyholder resume 20261102T090000Z-0001`";
    let mut evidence = whole(DONE, DONE, DONE);
    evidence.steps = evidence.steps.into_iter().map(never_sent).collect();
    let told = place(&evidence);
    assert_eq!(whys(&told), [("m-1", resume), ("k-1", resume)]);
    assert!(told.gaps.is_empty(), "{:?}", told.gaps);
    let hand = told.by_hand.iter().find(|one| one.task == Task::NotHandedOver).unwrap();
    assert_eq!(hand.why.as_deref(), Some(resume));
    assert_eq!(claim(&evidence), (Word::AccessLeft, true), "it is known that nothing was done");

    let mut evidence = whole(DONE, DONE, DONE);
    evidence.steps = evidence.steps.into_iter().map(cut).collect();
    let told = place(&evidence);
    let unknown =
        [("m-1", "it is not known whether it was removed"), ("k-1", "it is not known whether it was revoked")];
    assert_eq!((whys(&told), told.gaps.len()), (unknown.to_vec(), 3));
    assert_eq!(claim(&evidence), (Word::AccessLeft, false));
}

#[test]
fn every_end_of_a_row_is_left_or_gone_and_says_why() {
    let told = |outcome, reason: Option<&str>| {
        let mut evidence = evidence(traces(), vec![revoked(DONE), removed(&row("m-1", Role::Editor), outcome)]);
        evidence.steps[1].reason = reason.map(str::to_owned);
        let place = place(&evidence);
        (whys(&place).into_iter().map(|(_, why)| why.to_owned()).collect::<Vec<_>>(), place.gaps.len())
    };
    for outcome in [Outcome::Done, Outcome::Already] {
        assert_eq!(told(Some(outcome), None), (vec![], 0), "{outcome:?}");
    }
    let why = vec!["the mode is observe".to_owned()];
    assert_eq!(told(Some(Outcome::Held), Some(&why[0])), (why.clone(), 0));
    assert_eq!(told(Some(Outcome::Failed), Some(&why[0])), (why, 0));
    for outcome in [Outcome::Unknown, Outcome::Unverified] {
        let unknown = vec!["it is not known whether it was removed".to_owned()];
        assert_eq!(told(Some(outcome), Some("the answer was lost")), (unknown, 1), "{outcome:?}");
    }
}

#[test]
fn who_was_invited_again_meanwhile_is_left_by_the_closing_look_and_the_page_says_when_that_was() {
    let mut evidence = whole(DONE, DONE, DONE);
    let again = RestsOn::row(&Member { accepted: false, ..row("m-2", Role::View) });
    (evidence.steps[2].seen, evidence.steps[2].settled_at) =
        (Some(json!([again])), Some("2026-11-02T09:00:59Z".into()));
    let told = place(&evidence);
    assert_eq!((told.left[0].kind, told.left[0].id.as_str()), ("invitation", "m-2"));
    assert_eq!(whys(&told), [("m-2", "the closing look showed it, and no step was about it")]);
    assert_eq!(told.closing_look_at.as_deref(), Some("2026-11-02T09:00:59Z"));
    let certificate = Certificate::of(&evidence, &email()).unwrap();
    let document: Value = serde_json::from_slice(&certificate.json()).unwrap();
    let seen = &document["workspaces"][0]["seen_at"];
    assert_eq!((&seen["memberships"], &seen["keys"]), (&json!("2026-11-02T09:00:59Z"), &json!("2026-11-02T09:00:00Z")));
    let page = certificate.html();
    assert!(page.contains("members looked at again 2026-11-02T09:00:59Z") && !page.contains("when the run ended"));
}

#[test]
fn where_nothing_was_removed_members_stand_as_they_were_read() {
    let told = place(&evidence(traces(), vec![revoked(DONE)]));
    assert_eq!((told.closing_look_at, told.read_at.as_deref()), (None, Some("2026-11-02T09:00:00Z")));
    assert_eq!(told.left[0].why, "it was there when it was read, and no step was about it");
}

#[test]
fn without_what_was_before_nothing_is_certified_and_the_steps_are_told_all_the_same() {
    let mut evidence = whole(DONE, DONE, Some(Outcome::Failed));
    evidence.sighted.clear();
    let told = place(&evidence);
    assert_eq!(told.gaps, ["what was there before the run is not written down"]);
    assert_eq!((told.left[0].id.as_str(), told.steps.len()), ("m-1", 3));
    assert_eq!(claim(&evidence), (Word::AccessLeft, false));
}

#[test]
fn a_row_with_another_address_is_theirs_by_what_was_seen_before() {
    let alias =
        Member { email: Email::observed("other@agency.example"), user_email: Some(email()), ..row("m-3", Role::View) };
    let mut before = traces();
    (before["rows"], before["keys"]) = (json!([alias]), json!([]));
    let told = place(&evidence(before.clone(), vec![removed(&alias, Some(Outcome::Failed))]));
    assert_eq!((told.left[0].name.as_str(), told.steps.len()), ("view other@agency.example", 1));
    assert_eq!(claim(&evidence(before, vec![removed(&alias, DONE)])), (Word::NoAccessLeft, true));
}

#[test]
fn keys_that_nobody_looked_at_are_a_gap_and_looked_at_without_an_account_they_are_not() {
    let told = |traces: Value| {
        let evidence = evidence(traces, Vec::new());
        (claim(&evidence), place(&evidence).gaps)
    };
    let unlooked = json!({ "leads": { "count": 0, "exact": false }, "looked": false });
    let (claimed, gaps) = told(unlooked.clone());
    assert_eq!((claimed, gaps.len()), ((Word::Incomplete, false), 1));
    let mut looked = unlooked;
    looked["keys_read"] = json!(true);
    looked["keys_of_unknown_maker"] = json!([{ "id": "k-9", "name": "old", "record": null }]);
    let (claimed, gaps) = told(looked.clone());
    assert_eq!((claimed, gaps.len()), ((Word::NoAccessLeft, true), 0));
    let certificate = Certificate::of(&evidence(looked, Vec::new()), &email()).unwrap();
    assert_eq!((certificate.without_account(), certificate.places[0].by_hand[0].task), (1, Task::KeyOfUnknownMaker));
    assert!(certificate.html().contains("Workspaces in which no account of this person is known: 1."));
}

#[test]
fn the_key_in_use_is_the_last_thing_to_do_and_makes_no_workspace_worth_a_section() {
    let mut before = traces();
    before["key_in_use"] = json!({ "id": "k-own", "name": "main", "record": null });
    let told = place(&evidence(before, Vec::new()));
    assert_eq!(told.by_hand.last().map(|one| (one.task, one.id.as_str())), Some((Task::KeyInUse, "k-own")));
    assert!(!told.is_quiet());
    let nothing = json!({ "leads": { "count": 0, "exact": true }, "keys_read": true, "key_in_use": { "id": "k", "name": "main" } });
    let told = place(&evidence(nothing, Vec::new()));
    assert!(told.is_quiet() && told.by_hand.len() == 1);
    assert_eq!(Task::ALL.last(), Some(&Task::KeyInUse));
}

#[test]
fn leads_that_were_handed_over_are_counted() {
    let leads = |count, outcome| {
        let ids = (0..count).map(|id| LeadId::parse(&format!("l-{id}")).unwrap()).collect();
        let heir = Email::observed("heir@agency.example");
        let change = Change::HandOver { thing: Handed::Leads { ids }, email: email(), heir, to: None };
        step(change, RestsOn::Owned { by: UserId::parse("u-lee").unwrap(), back: false }, outcome)
    };
    let mut before = traces();
    before["leads"] = json!({ "count": 230, "exact": true });
    let told = |last| {
        let steps = vec![leads(100, DONE), leads(100, DONE), leads(30, last)];
        Certificate::of(&evidence(before.clone(), steps), &email()).unwrap().html()
    };
    assert!(told(DONE).contains("230 before, 230 handed over"));
    assert!(told(Some(Outcome::Failed)).contains("230 before, 200 handed over"));
}

#[test]
fn a_key_of_a_name_they_gave_one_is_a_gap_and_never_no_access_left() {
    let mut evidence = whole(DONE, DONE, DONE);
    evidence.sighted[0].traces["keys_by_name"] = json!([{ "id": "k-7", "name": "zapier lee", "record": "r-7" }]);
    assert_eq!(claim(&evidence), (Word::Incomplete, false));
    let told = place(&evidence);
    assert!(told.gaps[0].contains("zapier lee") && told.gaps[0].contains("cannot be told"), "{:?}", told.gaps);
    assert!(told.by_hand.iter().any(|one| one.task == Task::KeyByName && one.id == "k-7"));
    assert_eq!(claim(&whole(DONE, DONE, DONE)).0, Word::NoAccessLeft);
}

#[test]
fn the_same_account_under_another_address_is_access_left_until_its_row_is_gone() {
    let other = Member { email: Email::observed("lee@private.example"), accepted: false, ..row("m-9", Role::View) };
    let mut evidence = whole(DONE, DONE, DONE);
    evidence.sighted[0].traces["same_account"] = json!([other]);
    assert_eq!(claim(&evidence), (Word::AccessLeft, true));
    let told = place(&evidence);
    assert_eq!(
        (told.left[0].kind, whys(&told)),
        ("invitation", vec![("m-9", "the same account, under another address")])
    );
    evidence.steps.push(removed(&other, DONE));
    assert_eq!(claim(&evidence), (Word::NoAccessLeft, true), "another leaver's step took it away");
}

#[test]
fn no_access_left_says_where_unless_all_was_asked_for() {
    let headline = |evidence: &Evidence| Certificate::of(evidence, &email()).unwrap().headline();
    let mut evidence = whole(DONE, DONE, DONE);
    assert_eq!(headline(&evidence), "No access left");
    evidence.run.selection = json!("-w acme");
    assert_eq!(headline(&evidence), "No access left in the 1 workspace asked for (-w acme)");
    let page = Certificate::of(&evidence, &email()).unwrap().html();
    assert!(page.contains("No access left in the 1 workspace asked for (-w acme)"));
}

#[test]
fn an_address_that_nothing_was_found_of_is_asked_about() {
    let nothing = json!({ "leads": { "count": 0, "exact": true }, "keys_read": true });
    for (traces, found) in [(nothing, false), (traces(), true)] {
        let certificate = Certificate::of(&evidence(traces, Vec::new()), &email()).unwrap();
        let document: Value = serde_json::from_slice(&certificate.json()).unwrap();
        assert_eq!(document["found_anywhere"], found);
        assert_eq!(certificate.html().contains(NOTHING_FOUND), !found);
    }
}

#[test]
fn leads_nobody_could_see_are_not_counted() {
    let mut before = traces();
    before["leads"] = json!({ "count": 0, "exact": false });
    let told = place(&evidence(before, Vec::new()));
    assert!(told.by_hand.iter().any(|one| one.name == "leads: could not be seen"), "{:?}", told.by_hand);
}
