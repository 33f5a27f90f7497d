//! Sending accounts on the wire (contract section 11). They have no id: the address is.

use serde::Deserialize;

use super::row;
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
        let Self { email: _, organization, added_by } = self;
        row::of(&organization, expected, &email)?;
        let added_by = row::person(&added_by, &email, "added_by")?;
        Ok(SendingAccount { email, added_by })
    }
}
