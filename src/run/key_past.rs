//! What the entries of a step tell of the key it makes: read back by a resume.

use serde_json::Value;

use crate::domain::KeyId;
use crate::journal::KeyDid;

/// A key that a step made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The key.
    pub key: KeyId,
    /// The fingerprint of its secret.
    pub fingerprint: String,
    /// Its name.
    pub name: String,
}

/// How far the making of a key came.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Making {
    /// The key of the last attempt, where its answer came and it was not discarded.
    pub made: Option<Made>,
    /// The last that was done about it.
    pub did: Option<KeyDid>,
}

impl Making {
    /// Takes the next entry of the step.
    pub fn take(&mut self, entry: &Value) {
        if entry["type"] == "started" {
            *self = Self::default();
        }
        if entry["type"] != "key" {
            return;
        }
        let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        let key = entry["key"].as_str().and_then(|key| KeyId::parse(key).ok());
        match (entry["did"].as_str().and_then(KeyDid::parse), key) {
            (Some(KeyDid::Made), Some(key)) => {
                let made = Made { key, fingerprint: text("fingerprint"), name: text("detail") };
                *self = Self { made: Some(made), did: Some(KeyDid::Made) };
            }
            // An orphan is discarded beside the key of the last attempt, and says nothing of that.
            (Some(did), key) if key.is_some() && key.as_ref() == self.made.as_ref().map(|made| &made.key) => {
                *self = match did {
                    KeyDid::Discarded => Self::default(),
                    _ => Self { made: self.made.take(), did: Some(did) },
                };
            }
            _ => {}
        }
    }

    /// Reads it from the entries of a step, in their order.
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a Value>) -> Self {
        let mut making = Self::default();
        entries.into_iter().for_each(|entry| making.take(entry));
        making
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::domain::{Change, Disposition, Keep, PlanId, RestsOn, RunId, Step, WorkspaceId, WorkspaceName};
    use crate::journal::{Class, Ledger, Record, RunHeader, made_by_step};

    fn step() -> Step {
        let change = Change::CreateKey {
            name: "client [{nonce}]".to_owned(),
            scopes: vec!["leads:read".to_owned()],
            keep: Keep::Shown,
            replaces: None,
        };
        let (name, id) = (WorkspaceName::parse("client").unwrap(), WorkspaceId::parse("w-1").unwrap());
        Step::new(&name, &id, change, RestsOn::NoKey)
    }

    /// What the entries tell, and what the rows beside them tell, of the key that was kept.
    async fn told(did: &[KeyDid]) -> (Option<KeyId>, Option<KeyId>) {
        let root = tempfile::tempdir().unwrap();
        let clock = Clock::starting_at("2026-11-22T04:30:00Z".parse().unwrap());
        let ledger = Ledger::open(root.path(), clock).await.unwrap();
        let (run, step) = (RunId::parse("20261122T043000Z-0001").unwrap(), step());
        let header = RunHeader {
            run: run.clone(),
            command: "keys create".to_owned(),
            operator: "ada".to_owned(),
            reason: None,
            plan: PlanId::of(b"a plan"),
            applied: PlanId::of(b"a plan"),
            approved_by: "yes".to_owned(),
            selection: Value::Null,
            workspaces: Value::Null,
            fleet_digest: "f".repeat(64),
            version: "0.1.0",
            settings: Value::Null,
            steps: vec![(step.clone(), Disposition::Send)],
        };
        ledger.begin(header).await.unwrap();
        let answered = Record::Answered {
            step: step.id.clone(),
            attempt: 1,
            class: Class::Acknowledged.as_str(),
            detail: String::new(),
            status: Some(200),
        };
        let mut records = vec![Record::Started { step: step.id.clone(), attempt: 1 }, answered];
        records.extend(did.iter().map(|did| Record::Key {
            step: step.id.clone(),
            did: *did,
            key: Some(KeyId::parse("k-1").unwrap()),
            fingerprint: Some("k:00000001".to_owned()),
            detail: "client [0123abcd]".to_owned(),
        }));
        let _permits = ledger.append(&run, records).await.unwrap();
        let made = ledger.made_keys(std::slice::from_ref(&step.workspace_id)).await.unwrap();
        let by_row = made_by_step(&made, &run).get(&step.id).map(|made| made.key.clone());
        let entries = ledger.entries(&run).await.unwrap();
        let values: Vec<Value> = entries.iter().map(|entry| entry.value().unwrap()).collect();
        let making = Making::of(values.iter().filter(|entry| entry["step"] == step.id.as_str()));
        (making.made.map(|made| made.key), by_row)
    }

    #[tokio::test(start_paused = true)]
    async fn the_entries_and_the_rows_beside_them_tell_the_same_key() {
        use KeyDid::{Discarded, Discarding, Made, Proven, ProvenStored, Stored, Switched};
        let kept = Some(KeyId::parse("k-1").unwrap());
        assert_eq!(told(&[]).await, (None, None));
        assert_eq!(told(&[Made, Stored]).await, (kept.clone(), kept.clone()));
        assert_eq!(told(&[Made, Proven, Stored, Switched, ProvenStored]).await, (kept.clone(), kept));
        assert_eq!(told(&[Made, Discarding, Discarded]).await, (None, None));
        assert_eq!(told(&[Made, Stored, Discarding, Discarded]).await, (None, None));
    }
}
