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
