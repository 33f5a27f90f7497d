//! Sending accounts on the wire (contract section 11). They have no id: the address is.

use serde::Deserialize;

use super::row;
use super::tags::TagList;
use crate::api::page::{Incomplete, Row};
use crate::api::wire::{Reference, Text};
use crate::domain::{SendingAccount, WorkspaceId};

/// Where sending accounts live.
pub(super) const PATH: &str = "/api/v2/accounts";

/// A sending account as it came. Unknown members are ignored, everything may be missing; [`AccountRow::check`] judges.
#[derive(Debug, Default, Hash, Deserialize)]
#[serde(default)]
pub(super) struct AccountRow<'a> {
    #[serde(borrow)]
    email: Text<'a>,
    #[serde(borrow)]
    organization: Text<'a>,
    #[serde(borrow)]
    added_by: Reference<'a>,
    #[serde(borrow)]
    status: Text<'a>,
    #[serde(borrow)]
    provider_code: Text<'a>,
    #[serde(borrow)]
    warmup_status: Text<'a>,
    #[serde(borrow)]
    daily_limit: Text<'a>,
    #[serde(borrow)]
    stat_warmup_score: Text<'a>,
    #[serde(borrow)]
    timestamp_created: Text<'a>,
    tags: TagList,
}

impl Row for AccountRow<'_> {
    fn id(&self) -> Option<&str> {
        self.email.filled().map(str::trim)
    }
}

impl AccountRow<'_> {
    /// Takes the row for a sending account of the expected workspace, or says why it cannot be.
    pub(super) fn check(self, expected: &WorkspaceId) -> Result<SendingAccount, Incomplete> {
        let email = self.id().filter(|email| email.contains('@')).ok_or(Incomplete::IdUnusable)?.to_owned();
        let Self {
            email: _,
            organization,
            added_by,
            status,
            provider_code,
            warmup_status,
            daily_limit,
            stat_warmup_score,
            timestamp_created,
            tags,
        } = self;
        row::of(&organization, expected, &email)?;
        Ok(SendingAccount {
            added_by: row::person(&added_by, &email, "added_by")?,
            status: row::number(&status),
            provider: row::number(&provider_code),
            warmup_status: row::number(&warmup_status),
            daily_limit: row::number(&daily_limit),
            // A score may have a fraction.
            warmup_score: row::number::<f64>(&stat_warmup_score).and_then(row::rounded),
            created: row::told(&timestamp_created),
            tags: tags.into_tags(),
            email,
        })
    }
}
