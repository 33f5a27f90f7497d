//! Undoing the creation of a key: the very key that the run made is revoked.
//!
//! Owns how that key is told from every other: by the id the ledger has of it, else by the nonce in its name, which only that run's own
//! attempts can have.

use super::inverse::step;
use super::not_undoable;
use crate::domain::{Change, KeyId, KeyInfo, RestsOn, RunId};
use crate::plan::draw::Item;
use crate::plan::earlier::Earlier;
use crate::plan::keys::{name_of, nonce, unproven};
use crate::plan::observed::Observed;

/// More attempts than any step has.
const ATTEMPTS: u32 = 16;

/// Returns the item that revokes the key a step made.
pub(super) fn of(one: &Earlier, template: &str, observed: &Observed, run: &str) -> Item {
    let keys = observed.belongings.as_deref().map_or(&[][..], |belongings| &belongings.keys.rows);
    let found = keys.iter().find(|key| is_it(one, template, key, run));
    if let Some(key) = found {
        let revoke = step(observed, revoke(&key.id, &key.name), rests_on(key));
        return match unproven(observed) {
            None => Item::send(revoke),
            Some(held) => Item::held(revoke, held),
        };
    }
    // What stands for a key that is not there: what is known of it.
    let Some(id) = &one.made_key else {
        let gone = step(observed, one.step.change.clone(), one.step.rests_on.clone());
        let why = "which key it made is not known, and none bears a name that only this run gives";
        return Item::held(gone, not_undoable(why, "look for the key in the app, and delete it there if it is there"));
    };
    let gone = step(observed, revoke(id, template), RestsOn::NoKey);
    match unproven(observed) {
        None => Item::already(gone, "the key that was made is not in the list any more".to_owned()),
        Some(held) => Item::held(gone, held),
    }
}

fn is_it(one: &Earlier, template: &str, key: &KeyInfo, run: &str) -> bool {
    if let Some(id) = &one.made_key {
        return key.id == *id;
    }
    let Ok(run) = RunId::parse(run) else { return false };
    (1..=ATTEMPTS).any(|attempt| key.name == name_of(template, &nonce(&run, &one.step.id, attempt)))
}

fn revoke(key: &KeyId, name: &str) -> Change {
    Change::Revoke { key: key.clone(), name: name.to_owned(), email: None, record: None }
}

fn rests_on(key: &KeyInfo) -> RestsOn {
    RestsOn::Key { created: key.created.clone(), by: None }
}
