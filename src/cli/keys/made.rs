//! Which keys a run made, from what its ledger entries say.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::domain::{KeyId, StepId};
use crate::journal::KeyDid;

/// A key that a step made and that was not given up again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its id.
    pub key: KeyId,
    /// Its name.
    pub name: String,
    /// The fingerprint of its secret.
    pub fingerprint: Option<String>,
    /// Where its secret went, in words; none where it was not kept.
    pub stored: Option<String>,
}

/// Tells whether an entry is about a made key.
pub fn is_of_key(entry: &Value) -> bool {
    entry["type"] == "key"
}

/// Reads the made keys from the entries of a run, in their order.
pub fn of(entries: &[Value]) -> BTreeMap<StepId, Made> {
    let mut made: BTreeMap<StepId, Made> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| is_of_key(entry)) {
        let text = |name: &str| entry[name].as_str().map(str::to_owned);
        let (Some(step), Some(did)) = (text("step"), text("did").and_then(|did| KeyDid::parse(&did))) else { continue };
        let (step, key) = (StepId::from_stored(&step), text("key").and_then(|key| KeyId::parse(&key).ok()));
        match (did, key) {
            (KeyDid::Made, Some(key)) => {
                let (name, fingerprint) = (text("detail").unwrap_or_default(), text("fingerprint"));
                made.insert(step, Made { key, name, fingerprint, stored: None });
            }
            (KeyDid::Stored, key) => {
                if let Some(made) = made.get_mut(&step).filter(|made| key.as_ref().is_none_or(|key| *key == made.key)) {
                    made.stored = text("detail");
                }
            }
            (KeyDid::Discarded, Some(key)) if made.get(&step).is_some_and(|made| made.key == key) => {
                made.remove(&step);
            }
            _ => {}
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_last_key_of_a_step_that_was_not_discarded_is_the_one_it_made() {
        let entry = |did: &str, key: &str, detail: &str| json!({ "type": "key", "step": "s-1", "did": did, "key": key, "fingerprint": "k:0a1b2c3d", "detail": detail });
        let step = StepId::from_stored("s-1");
        let mut entries =
            vec![entry("made", "k-1", "ops [1]"), entry("discarding", "k-1", ""), entry("discarded", "k-1", "")];
        assert!(of(&entries).is_empty());
        entries.extend([
            entry("made", "k-2", "ops [2]"),
            entry("proven", "k-2", ""),
            entry("stored", "k-2", "file a.key"),
        ]);
        let made = of(&entries).remove(&step).unwrap();
        assert_eq!(
            (made.key.as_str(), made.name.as_str(), made.stored.as_deref()),
            ("k-2", "ops [2]", Some("file a.key"))
        );
        entries.push(entry("discarded", "k-1", "late"));
        assert_eq!(of(&entries).len(), 1, "another key of the step");
    }
}
