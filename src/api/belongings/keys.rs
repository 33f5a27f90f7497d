//! API keys on the wire (contract section 10), without their secrets: an answer may show them whole, so all of it is treated as secret.

use std::hash::{Hash, Hasher};

use serde::{Deserialize, Deserializer};

use super::row;
use crate::api::classify::decode;
use crate::api::page::{Incomplete, Row};
use crate::api::wire::{Text, Words};
use crate::domain::{ApiKey, KeyId, KeyInfo, WorkspaceId};

/// Where keys live.
pub(crate) const PATH: &str = "/api/v2/api-keys";

/// A key as it came. Unknown members are ignored, everything may be missing; [`KeyRow::check`] judges.
#[derive(Debug, Default, Hash, Deserialize)]
#[serde(default)]
pub(super) struct KeyRow<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    name: Text<'a>,
    scopes: Words,
    key: Shown,
    #[serde(borrow)]
    organization_id: Text<'a>,
    #[serde(borrow)]
    timestamp_created: Text<'a>,
}

/// What stands where the secret would: wrapped as soon as it is read, zeroed when the row is dropped.
#[derive(Debug, Default)]
struct Shown(Option<ApiKey>);

impl Hash for Shown {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.as_ref().map(ApiKey::fingerprint).hash(state);
    }
}

impl<'de> Deserialize<'de> for Shown {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // What cannot be sent as a key (blanks, bullets) is none that is shown whole.
        Ok(Self(Text::deserialize(deserializer)?.filled().and_then(|text| ApiKey::parse(text).ok())))
    }
}

impl Row for KeyRow<'_> {
    fn id(&self) -> Option<&str> {
        self.id.filled()
    }
}

impl KeyRow<'_> {
    /// Takes the row for a key of the expected workspace, or says why it cannot be. `own` is the key that asks.
    pub(super) fn check(self, expected: &WorkspaceId, own: &ApiKey) -> Result<KeyInfo, Incomplete> {
        let Self { id, name, scopes, key, organization_id, timestamp_created } = self;
        let id = row::id(&id, KeyId::parse)?;
        row::of(&organization_id, expected, id.as_str())?;
        let in_use = key.0.as_ref().and_then(|shown| own.is_shown_as(shown));
        let name = row::text(name);
        Ok(KeyInfo {
            id,
            // Somebody may have named a key by itself.
            name: key.0.filter(|_| in_use.is_some()).map_or_else(|| name.clone(), |shown| shown.redact(&name)),
            scopes: scopes.0,
            created: row::text(timestamp_created),
            in_use,
        })
    }
}

/// A key just made, with its secret: the one moment at which it is surely shown.
#[derive(Debug)]
pub struct MadeKey {
    /// Its id.
    pub id: KeyId,
    /// Its name, as the answer has it.
    pub name: String,
    /// Its scopes, as the answer has them.
    pub scopes: Vec<String>,
    /// Its secret.
    pub secret: ApiKey,
}

/// Takes the key that was made with this name for the expected workspace, or says why the answer cannot be about it.
pub(crate) fn decode_made(body: &[u8], expected: &WorkspaceId, asked: &str) -> Result<MadeKey, String> {
    let KeyRow { id, name, scopes, key, organization_id, timestamp_created: _ } = decode(body)?;
    let id = row::id(&id, KeyId::parse).map_err(|fault| fault.to_string())?;
    row::of(&organization_id, expected, id.as_str()).map_err(|fault| fault.to_string())?;
    let name = row::text(name);
    if name != asked {
        return Err("the answer is about a key of another name".to_owned());
    }
    let secret = key.0.ok_or("the answer shows no secret")?;
    Ok(MadeKey { id, name, scopes: scopes.0, secret })
}

/// The answer to a deletion, as far as it is read: not its secret.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Deleted<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    organization_id: Text<'a>,
}

/// Makes sure that an answer is about the deleted key of the expected workspace.
pub(crate) fn decode_deleted(body: &[u8], expected: &WorkspaceId, asked: &KeyId) -> Result<(), String> {
    let Deleted { id, organization_id } = decode(body)?;
    let id = row::id(&id, KeyId::parse).map_err(|fault| fault.to_string())?;
    row::of(&organization_id, expected, id.as_str()).map_err(|fault| fault.to_string())?;
    if id == *asked { Ok(()) } else { Err("the answer is about another key".to_owned()) }
}
