//! The audit log on the wire (contract section 10).

use serde::Deserialize;

use super::row;
use crate::api::page::{Incomplete, Row};
use crate::api::wire::{Reference, Text, Words};
use crate::domain::{KeyId, TrailRecord, WebhookId, WorkspaceId};

/// Where the audit log lives.
pub(super) const PATH: &str = "/api/v2/audit-logs";
/// Longest name that is kept, in characters.
const LONGEST_NAME: usize = 256;
/// Most ids that one record can name.
const MOST_NAMED: usize = 64;

/// A record as it came. Unknown members are ignored, everything may be missing; [`TrailRow::check`] judges.
#[derive(Debug, Default, Hash, Deserialize)]
#[serde(default)]
pub(super) struct TrailRow<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    organization_id: Text<'a>,
    #[serde(borrow)]
    timestamp: Text<'a>,
    #[serde(borrow)]
    activity_type: Text<'a>,
    #[serde(borrow)]
    user_id: Reference<'a>,
    #[serde(borrow)]
    user_name: Text<'a>,
    #[serde(borrow)]
    api_key_id: Text<'a>,
    #[serde(borrow)]
    webhook_id: Text<'a>,
    #[serde(borrow)]
    affected_count: Text<'a>,
    audit_metadata: Words,
}

impl Row for TrailRow<'_> {
    fn id(&self) -> Option<&str> {
        self.id.filled()
    }
}

impl TrailRow<'_> {
    /// Takes the row for a record of the expected workspace, or says why it cannot be. What was done, when and by whom must be told, or
    /// the last thing somebody did is not known.
    pub(super) fn check(self, expected: &WorkspaceId) -> Result<TrailRecord, Incomplete> {
        let Self {
            id,
            organization_id,
            timestamp,
            activity_type,
            user_id,
            user_name,
            api_key_id,
            webhook_id,
            affected_count,
            audit_metadata,
        } = self;
        let id = row::opaque(&id)?;
        row::of(&organization_id, expected, &id)?;
        let Words(mut named, name) = audit_metadata;
        named.retain(|text| row::fits(text));
        named.truncate(MOST_NAMED);
        Ok(TrailRecord {
            at: timestamp.filled().ok_or_else(|| row::lacks(&id, "timestamp"))?.to_owned(),
            activity: row::number(&activity_type).ok_or_else(|| row::lacks(&id, "activity_type"))?,
            user_id: row::person(&user_id, &id, "user_id")?,
            api_key_id: api_key_id.filled().and_then(|id| KeyId::parse(id).ok()),
            webhook_id: webhook_id.filled().and_then(|id| WebhookId::parse(id).ok()),
            affected: row::number(&affected_count),
            named,
            user_name: user_name.filled().map(plain).filter(|name| !name.is_empty()),
            name: name.map(|name| plain(&name)).filter(|name| !name.is_empty()),
            id,
        })
    }
}

/// A name without control characters, of a bounded length.
fn plain(name: &str) -> String {
    name.chars().filter(|one| !one.is_control()).take(LONGEST_NAME).collect()
}
