//! What people own and make in a workspace besides their membership (contract section 11): as the API tells it, without secrets.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{CampaignId, KeyId, LeadId, LeadListId, Tag, UserId, WebhookId};

/// A campaign.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Campaign {
    /// Its id.
    pub id: CampaignId,
    /// Its name.
    pub name: String,
    /// The raw status (contract section 11).
    pub status: Option<i64>,
    /// Who owns it; PATCH can change it.
    pub owned_by: Option<UserId>,
    /// Who made it; published from about 2026-09.
    pub created_by: Option<UserId>,
    /// When it was made, as the API wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// How many messages it may send a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daily_limit: Option<i64>,
    /// The raw reason why it is not sending now (contract section 11).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_sending: Option<i64>,
    /// Whether opened mails are counted at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_tracking: Option<bool>,
}

impl Campaign {
    /// A campaign of which nothing but its id and name is known.
    pub fn of(id: CampaignId, name: &str) -> Self {
        Self {
            id,
            name: name.to_owned(),
            status: None,
            owned_by: None,
            created_by: None,
            created: None,
            daily_limit: None,
            not_sending: None,
            open_tracking: None,
        }
    }
}

/// A lead list.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LeadList {
    /// Its id.
    pub id: LeadListId,
    /// Its name.
    pub name: String,
    /// Who owns it; PATCH can change it.
    pub owned_by: Option<UserId>,
    /// When it was made, as the API wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// Whether its leads are being enriched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enrichment: Option<bool>,
}

/// A lead, as far as it says whose it is.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Lead {
    /// Its id.
    pub id: LeadId,
    /// Who works on it.
    pub assigned_to: Option<UserId>,
}

/// A sending account; its address is its identity. Beside that everything may be untold.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SendingAccount {
    /// The address.
    pub email: String,
    /// Who connected it.
    pub added_by: Option<UserId>,
    /// The raw status (contract section 11).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<i64>,
    /// The raw code of the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<i64>,
    /// The raw status of its warm-up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warmup_status: Option<i64>,
    /// How many messages it may send a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daily_limit: Option<i64>,
    /// The score of its warm-up, of 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warmup_score: Option<i64>,
    /// When it was connected, as the API wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// Its tags, where they were asked for and told: a hint, for the mappings decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<Tag>>,
}

/// An API key without its secret.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct KeyInfo {
    /// Its id.
    pub id: KeyId,
    /// Its name.
    pub name: String,
    /// Its scopes, as the API wrote them.
    pub scopes: Vec<String>,
    /// When it was made, as the API wrote it.
    pub created: String,
    /// Whether its secret is the one this lane speaks with; none where the answer did not show it whole.
    pub in_use: Option<bool>,
}

/// A webhook. Its headers, usually a shared secret, are not read.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Its name.
    pub name: Option<String>,
    /// Where it delivers: scheme and host, and of the rest, which may be a secret, `w:` and 8 hex digits of its SHA-256.
    pub target: String,
    /// What it delivers; none is what the API left open.
    pub event: Option<String>,
    /// The raw status: 1 active, -1 stopped after failures.
    pub status: Option<i64>,
    /// The campaign it is about; none is all, or not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<CampaignId>,
    /// When it was made, as the API wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// When it failed last, as the API wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// A background job.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Job {
    /// Its id: 24 hexadecimal digits.
    pub id: String,
    /// Who started it.
    pub user_id: Option<UserId>,
    /// What it does, the API's word.
    pub kind: String,
    /// How far it is, the API's word.
    pub status: String,
    /// When it was started, as the API wrote it.
    pub created: String,
    /// When something was last told of it, as the API wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated: Option<String>,
    /// How far it is, of 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<i64>,
    /// What it works on: the API's word, and its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity_kind: Option<String>,
    /// The id of what it works on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity_id: Option<String>,
}

impl Job {
    /// Tells whether it has ended (contract section 11); an unknown word has not.
    pub fn is_over(&self) -> bool {
        matches!(self.status.as_str(), "success" | "failed" | "cancelled")
    }
}

/// A record of the vendor's audit log (contract section 10).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TrailRecord {
    /// Its id.
    pub id: String,
    /// When, as the API wrote it.
    pub at: String,
    /// The code of what was done.
    pub activity: i64,
    /// Who did it.
    pub user_id: Option<UserId>,
    /// The key that acted, where one did.
    pub api_key_id: Option<KeyId>,
    /// The webhook it is about.
    pub webhook_id: Option<WebhookId>,
    /// How many rows it was about.
    pub affected: Option<u64>,
    /// Every text of `audit_metadata`, at any depth, that could be an id: which of its members names a new key is unpublished.
    pub named: Vec<String>,
    /// Their name, as the record has it.
    #[serde(default)]
    pub user_name: Option<String>,
    /// The `name` of `audit_metadata`, without control characters: what it is about, by a name that another thing may bear as well.
    #[serde(default)]
    pub name: Option<String>,
}

/// When keys were last used, by the `api_key_id` of the trail's records (contract section 10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// The moment from which the trail was read; what happened before is not told.
    pub since: Timestamp,
    /// The last record of each key, as the API wrote its moment.
    pub last: BTreeMap<KeyId, String>,
    /// Why the trail could not be read whole, where it could not: a key that is not in `last` may still have been used.
    pub incomplete: Option<String>,
}

/// The codes of the audit log that say something of a person (contract section 10).
pub mod activity {
    /// A login.
    pub const LOGIN: i64 = 1;
    /// A webhook was made.
    pub const WEBHOOK_CREATED: i64 = 18;
    /// TOTP enrolment started, enabled, replacement started, replaced, disabled; recovery codes made, one used; a challenge failed, failed
    /// too often; a login succeeded.
    pub const MFA: std::ops::RangeInclusive<i64> = 22..=31;
    /// TOTP was enabled.
    pub const TOTP_ENABLED: i64 = 23;
    /// TOTP was replaced.
    pub const TOTP_REPLACED: i64 = 25;
    /// TOTP was disabled.
    pub const TOTP_DISABLED: i64 = 26;
    /// A login with a second factor succeeded.
    pub const MFA_LOGIN: i64 = 31;
    /// Leads were exported.
    pub const LEADS_EXPORTED: i64 = 34;
    /// An API key was made.
    pub const KEY_CREATED: i64 = 37;
}
