//! Keys that runs made: kept in the commit of their entries, and compared with them.

use super::*;
use crate::domain::{Keep, KeyId};

fn create(number: usize) -> Step {
    let change = Change::CreateKey {
        name: "client — reports [{nonce}]".to_owned(),
        scopes: vec!["campaigns:read".to_owned()],
        keep: Keep::Shown,
        replaces: None,
    };
    Step::new(&named(number), &workspace(number), change, RestsOn::NoKey)
}

fn key(step: &StepId, did: KeyDid, id: &str) -> Record {
    Record::Key {
        step: step.clone(),
        did,
        key: Some(KeyId::parse(id).unwrap()),
        fingerprint: Some("k:00000001".to_owned()),
        detail: "client — reports [0123abcd]".to_owned(),
    }
}

async fn begun(ledger: &Ledger) -> (RunId, StepId) {
    let (run, step) = (run_id(1), create(1));
    ledger.begin(header(&run, vec![step.clone()])).await.unwrap();
    (run, step.id)
}

#[tokio::test(start_paused = true)]
async fn only_what_is_about_to_leave_yields_a_permit_and_a_discarded_key_may_be_made_again() {
    let world = World::new();
    let ledger = world.open().await;
    let (run, step) = begun(&ledger).await;
    let refused = ledger.append(&run, vec![key(&step, KeyDid::Discarding, "k-1")]).await;
    assert!(refused.is_err(), "nothing was sent that could have made a key");
    let permits = ledger
        .append(
            &run,
            vec![
                started(&step, 1),
                answered(&step, 1, Class::Acknowledged),
                key(&step, KeyDid::Made, "k-1"),
                key(&step, KeyDid::Discarding, "k-1"),
                key(&step, KeyDid::Discarded, "k-1"),
                started(&step, 2),
            ],
        )
        .await
        .unwrap();
    let told: Vec<bool> = permits.iter().map(Option::is_some).collect();
    assert_eq!(told, [true, false, false, true, false, true]);
    let made = ledger.made_keys(&[workspace(1), workspace(2)]).await.unwrap();
    assert_eq!(made.len(), 1);
    assert!(made[0].gone_at.is_some() && made[0].stored.is_none());
    assert!(made_by_step(&made, &run).is_empty(), "a key that was not kept is none to undo");
    ledger.verify_chain(&run).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_row_of_a_made_key_that_was_changed_breaks_the_chain() {
    let world = World::new();
    let ledger = world.open().await;
    let (run, step) = begun(&ledger).await;
    let records = vec![
        started(&step, 1),
        answered(&step, 1, Class::Acknowledged),
        key(&step, KeyDid::Made, "k-1"),
        key(&step, KeyDid::Stored, "k-1"),
        settled(&step, Outcome::Done),
    ];
    let _permits = ledger.append(&run, records).await.unwrap();
    ledger.verify_chain(&run).await.unwrap();
    let made = ledger.made_keys(&[workspace(1)]).await.unwrap();
    assert_eq!(made_by_step(&made, &run)[&step].key.as_str(), "k-1");
    for statement in ["UPDATE keys SET fingerprint = 'k:00000002'", "DELETE FROM keys"] {
        tamper(&ledger, statement).await;
        assert!(matches!(ledger.verify_chain(&run).await.unwrap_err(), ChainBreak::Keys), "{statement}");
    }
}

fn refused(step: &StepId) -> Vec<Record> {
    vec![started(step, 1), answered(step, 1, Class::Refused), settled(step, Outcome::Failed)]
}

fn rotation() -> (Step, Step) {
    let change = Change::CreateKey {
        name: "client — ops [{nonce}]".to_owned(),
        scopes: vec!["all:all".to_owned()],
        keep: Keep::Configured("secrets/client-1.key".to_owned()),
        replaces: Some("k:00000001".to_owned()),
    };
    let make = Step::new(&named(1), &workspace(1), change, RestsOn::Speaking { with: "k:00000001".to_owned() });
    let change = Change::Retire {
        replaced: "k:00000001".to_owned(),
        key: Some(KeyId::parse("k-old").unwrap()),
        name: "client — ops".to_owned(),
    };
    let rests_on = RestsOn::Key { created: "2026-08-01T00:00:00Z".to_owned(), by: None };
    let retire = Step::new(&named(1), &workspace(1), change, rests_on).after(&make);
    (make, retire)
}

#[tokio::test(start_paused = true)]
async fn a_replaced_key_is_left_until_a_run_has_deleted_it() {
    let world = World::new();
    let ledger = world.open().await;
    let (make, retire) = rotation();
    let run = run_id(1);
    ledger.begin(header(&run, vec![make.clone(), retire.clone()])).await.unwrap();
    let here = [workspace(1), workspace(2)];
    assert_eq!(ledger.replaced_left(&here).await.unwrap(), [], "nothing was replaced yet");
    let _permits = ledger.append(&run, whole_way(&make.id, Outcome::Done)).await.unwrap();
    let left = ledger.replaced_left(&here).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!((left[0].key.as_str(), left[0].name.as_str(), &left[0].run), ("k-old", "client — ops", &run));
    assert_eq!(ledger.replaced_left(&[workspace(2)]).await.unwrap(), [], "of other workspaces nothing was asked");
    let _permits = ledger.append(&run, refused(&retire.id)).await.unwrap();
    ledger.append(&run, vec![ended(20)]).await.unwrap();
    assert_eq!(ledger.replaced_left(&here).await.unwrap(), left);
    let change = Change::Revoke {
        key: KeyId::parse("k-old").unwrap(),
        name: "client — ops".to_owned(),
        email: None,
        record: None,
    };
    let revoke = Step::new(&named(1), &workspace(1), change, retire.rests_on.clone());
    let second = run_id(2);
    ledger.begin(header(&second, vec![revoke.clone()])).await.unwrap();
    let _permits = ledger.append(&second, whole_way(&revoke.id, Outcome::Done)).await.unwrap();
    assert_eq!(ledger.replaced_left(&here).await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn where_no_key_took_its_place_none_was_replaced() {
    let world = World::new();
    let ledger = world.open().await;
    let (make, retire) = rotation();
    let run = run_id(1);
    ledger.begin(header(&run, vec![make.clone(), retire])).await.unwrap();
    let _permits = ledger.append(&run, refused(&make.id)).await.unwrap();
    assert_eq!(ledger.replaced_left(&[workspace(1)]).await.unwrap(), []);
}
