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
    assert_eq!(made_by_step(&made, &run)[&step].as_str(), "k-1");
    for statement in ["UPDATE keys SET fingerprint = 'k:00000002'", "DELETE FROM keys"] {
        tamper(&ledger, statement).await;
        assert!(matches!(ledger.verify_chain(&run).await.unwrap_err(), ChainBreak::Keys), "{statement}");
    }
}
