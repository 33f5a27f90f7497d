//! What a certificate claims, case by case.

mod ends;

use serde_json::json;

use super::*;
use crate::domain::change::Thing as Handed;
use crate::domain::{
    CampaignId, Change, Disposition, Held, HeldReason, KeyId, LeadId, Member, MemberId, Outcome, PlanId, RestsOn, Role,
    Step, UserId, WorkspaceId, WorkspaceName,
};
use crate::report::evidence::{ChainFacts, CoverageFacts, SightedFact, Stands, StepFacts};

const LEE: &str = "lee@agency.example";

fn email() -> Email {
    Email::observed(LEE)
}

fn row(id: &str, role: Role) -> Member {
    Member {
        id: MemberId::parse(id).unwrap(),
        email: email(),
        user_id: Some(UserId::parse("u-lee").unwrap()),
        user_email: None,
        role,
        permissions: None,
        accepted: true,
        nickname: None,
        name: None,
        issuer_id: None,
        timestamp_created: "2026-01-01T00:00:00Z".to_owned(),
        workspace_id: WorkspaceId::parse("id-of-acme").unwrap(),
    }
}

fn step(change: Change, rests_on: RestsOn, outcome: Option<Outcome>) -> StepFacts {
    let (name, id) = (WorkspaceName::parse("acme").unwrap(), WorkspaceId::parse("id-of-acme").unwrap());
    StepFacts {
        step: Step::new(&name, &id, change, rests_on),
        disposition: Disposition::Send,
        outcome,
        attempts: 1,
        reason: None,
        seen: outcome.filter(|outcome| *outcome == Outcome::Done).map(|_| json!([])),
        started_at: None,
        settled_at: None,
    }
}

fn removed(row: &Member, outcome: Option<Outcome>) -> StepFacts {
    step(Change::Remove { member: row.id.clone(), email: row.email.clone() }, RestsOn::row(row), outcome)
}

/// What was seen in acme before: a row, a key, and a campaign.
fn traces() -> Value {
    json!({
        "accounts": ["u-lee"],
        "rows": [row("m-1", Role::Editor)],
        "campaigns": [{ "id": "c-1", "name": "Spring", "record": null }],
        "leads": { "count": 0, "exact": true },
        "keys": [{ "id": "k-1", "name": "zap", "record": "r-1" }],
        "unseen": [],
        "looked": true,
    })
}

fn run() -> RunFacts {
    let plan = PlanId::of(b"a plan");
    RunFacts {
        id: "20261102T090000Z-0001".to_owned(),
        command: "offboard".to_owned(),
        operator: "ada".to_owned(),
        reason: None,
        plan: plan.to_string(),
        begun: plan.to_string(),
        approved_by: "confirm".to_owned(),
        version: "0.1.0".to_owned(),
        selection: json!("--all"),
        began: "2026-11-02T09:00:00.000000Z".to_owned(),
        ended: Some("2026-11-02T09:01:00.000000Z".to_owned()),
        stands: Stands::Finished,
        exit: Some(0),
        outcome: Some("complete".to_owned()),
        requests: Some(12),
        resumed: Vec::new(),
        stops: Vec::new(),
    }
}

fn evidence(traces: Value, steps: Vec<StepFacts>) -> Evidence {
    Evidence {
        run: run(),
        workspaces: vec![("acme".to_owned(), "id-of-acme".to_owned())],
        planned: json!([]),
        recomputed: Some(PlanId::of(b"a plan")),
        steps,
        identities: Vec::new(),
        lanes: Vec::new(),
        coverage: CoverageFacts { asked: Some(1), complete: Some(1), ..CoverageFacts::default() },
        leaving: json!({ "people": [{ "email": LEE, "revoke_keys": true, "hand_over_to": "heir@agency.example" }] }),
        sighted: vec![SightedFact {
            workspace_id: "id-of-acme".to_owned(),
            subject: email(),
            read_at: "2026-11-02T09:00:00Z".to_owned(),
            traces,
        }],
        chain: ChainFacts {
            hangs_on: "0".repeat(64),
            previous: None,
            count: 1,
            head: "a".repeat(64),
            entries: vec![(b"{}".to_vec(), "a".repeat(64))],
        },
    }
}

fn revoked(outcome: Option<Outcome>) -> StepFacts {
    let change = Change::Revoke {
        key: KeyId::parse("k-1").unwrap(),
        name: "zap".to_owned(),
        email: Some(email()),
        record: Some("r-1".to_owned()),
    };
    step(change, RestsOn::Key { created: "2026-01-01".to_owned(), by: Some(UserId::parse("u-lee").unwrap()) }, outcome)
}

fn handed(outcome: Option<Outcome>) -> StepFacts {
    let change = Change::HandOver {
        thing: Handed::Campaign { id: CampaignId::parse("c-1").unwrap(), name: "Spring".to_owned() },
        email: email(),
        heir: Email::observed("heir@agency.example"),
        to: Some(UserId::parse("u-heir").unwrap()),
    };
    step(change, RestsOn::Owned { by: UserId::parse("u-lee").unwrap(), back: false }, outcome)
}

fn whole(hand: Option<Outcome>, key: Option<Outcome>, membership: Option<Outcome>) -> Evidence {
    evidence(traces(), vec![handed(hand), revoked(key), removed(&row("m-1", Role::Editor), membership)])
}

#[track_caller]
fn claim(evidence: &Evidence) -> (Word, bool) {
    let certificate = Certificate::of(evidence, &email()).unwrap();
    // Both faces can be made of whatever there is.
    assert!(certificate.html().contains(certificate.verdict.word.say()));
    let document: Value = serde_json::from_slice(&certificate.json()).unwrap();
    assert_eq!(document["verdict"], certificate.verdict.word.as_str());
    (certificate.verdict.word, certificate.verdict.is_complete())
}

const DONE: Option<Outcome> = Some(Outcome::Done);

#[test]
fn no_access_is_claimed_only_where_every_row_and_key_is_gone_and_all_was_seen() {
    use Outcome::{Already, Failed, Held as NotSent, Unknown, Unverified};
    assert_eq!(claim(&whole(DONE, DONE, DONE)), (Word::NoAccessLeft, true));
    assert_eq!(claim(&whole(DONE, Some(Already), Some(Already))), (Word::NoAccessLeft, true));
    for outcome in [Some(Failed), Some(NotSent)] {
        assert_eq!(claim(&whole(DONE, outcome, DONE)), (Word::AccessLeft, true), "{outcome:?}");
        assert_eq!(claim(&whole(DONE, DONE, outcome)), (Word::AccessLeft, true), "{outcome:?}");
        assert_eq!(claim(&whole(outcome, DONE, DONE)), (Word::NoAccessLeft, true), "a campaign is no access");
    }
    for outcome in [None, Some(Unknown), Some(Unverified)] {
        assert_eq!(claim(&whole(DONE, outcome, DONE)), (Word::AccessLeft, false), "{outcome:?}");
        assert_eq!(claim(&whole(outcome, DONE, DONE)), (Word::Incomplete, false), "{outcome:?}");
    }
}

#[test]
fn whatever_could_not_be_seen_makes_it_incomplete() {
    let fine = || whole(DONE, DONE, DONE);
    let mut cut = fine();
    (cut.run.stands, cut.run.ended) = (Stands::Cut, None);
    let mut unread = fine();
    unread.coverage.unreadable = vec![("globex".to_owned(), "no answer".to_owned())];
    let mut unlisted = fine();
    unlisted.sighted[0].traces["unseen"] = json!([{ "listing": "webhooks", "reason": "403" }]);
    let mut unsighted = fine();
    unsighted.sighted.clear();
    let mut forged = fine();
    forged.recomputed = Some(PlanId::of(b"another"));
    let mut unsaid = fine();
    unsaid.leaving = Value::Null;
    let mut strange = fine();
    strange.sighted[0].traces = json!({ "rows": "many" });
    for (what, evidence) in [
        ("cut", cut),
        ("unread", unread),
        ("unlisted", unlisted),
        ("unsighted", unsighted),
        ("forged", forged),
        ("unsaid", unsaid),
        ("strange", strange),
    ] {
        let (word, complete) = claim(&evidence);
        assert!(!complete && word != Word::NoAccessLeft, "{what}: {word:?}");
    }
}

#[test]
fn what_the_closing_look_still_showed_is_left() {
    let mut evidence = whole(DONE, DONE, DONE);
    let again = RestsOn::row(&row("m-2", Role::View));
    evidence.steps[2].seen = Some(json!([again]));
    assert_eq!(claim(&evidence), (Word::AccessLeft, true));
    let certificate = Certificate::of(&evidence, &email()).unwrap();
    assert_eq!(certificate.places[0].left[0].id, "m-2");
}

#[test]
fn an_owners_row_is_a_thing_to_do_and_a_key_nobody_asked_to_revoke_is_left() {
    let mut held = removed(&row("m-1", Role::Owner), Some(Outcome::Held));
    held.disposition = Disposition::Held(Held::new(HeldReason::Owner, "they own it", "transfer it"));
    held.reason = Some("they own it".to_owned());
    let mut before = traces();
    before["rows"] = json!([row("m-1", Role::Owner)]);
    let evidence = evidence(before, vec![held]);
    let certificate = Certificate::of(&evidence, &email()).unwrap();
    let tasks: Vec<Task> = certificate.by_hand().map(|(_, one)| one.task).collect();
    assert_eq!(tasks, [Task::Owner, Task::Key, Task::NotHandedOver]);
    assert_eq!(certificate.verdict.word, Word::AccessLeft);
}

#[test]
fn who_was_not_asked_to_leave_has_no_certificate_and_a_narrowed_line_counts_its_workspaces_alone() {
    let mut evidence = whole(DONE, DONE, DONE);
    assert!(Certificate::of(&evidence, &Email::observed("ida@agency.example")).is_none());
    evidence.coverage.unreadable = vec![("globex".to_owned(), "no answer".to_owned())];
    evidence.leaving["people"][0]["workspaces"] = json!(["acme"]);
    assert_eq!(claim(&evidence), (Word::NoAccessLeft, true), "nobody asked about globex");
}

#[test]
fn workspaces_where_nothing_was_found_are_folded_into_one_table() {
    let mut evidence = whole(DONE, DONE, DONE);
    for number in 0..300 {
        let (name, id) = (format!("quiet-{number}"), format!("id-{number}"));
        let absent = Change::StayAbsent { email: email() };
        let (step_name, step_id) = (WorkspaceName::parse(&name).unwrap(), WorkspaceId::parse(&id).unwrap());
        let mut facts = step(absent.clone(), RestsOn::Absent, Some(Outcome::Already));
        facts.step = Step::new(&step_name, &step_id, absent, RestsOn::Absent);
        evidence.steps.push(facts);
        let traces = json!({ "leads": { "count": 0, "exact": true }, "looked": false, "keys_read": true });
        evidence.sighted.push(SightedFact {
            workspace_id: id.clone(),
            subject: email(),
            read_at: "2026-11-02T09:00:00Z".to_owned(),
            traces,
        });
        evidence.workspaces.push((name, id));
    }
    assert_eq!(claim(&evidence), (Word::NoAccessLeft, true));
    let page = Certificate::of(&evidence, &email()).unwrap().html();
    assert_eq!(page.matches("<section class=place>").count(), 1, "only acme has a section of its own");
    assert!(page.contains("quiet-299") && page.contains("Nothing found"));
}
