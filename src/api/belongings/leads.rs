//! Leads on the wire (contract section 11): whose they are, and nothing of the people they are.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::row;
use crate::api::classify::{decode, only_error};
use crate::api::page::{Incomplete, Row};
use crate::api::wire::{Reference, Text};
use crate::domain::{Lead, LeadId, WorkspaceId};

/// Where leads are listed: a POST that reads.
pub(super) const LIST: &str = "/api/v2/leads/list";
/// Where leads are assigned.
pub(crate) const ASSIGN: &str = "/api/v2/leads/bulk-assign";

/// A lead as it came. Unknown members are ignored, everything may be missing; [`LeadRow::check`] judges.
#[derive(Debug, Default, Hash, Deserialize)]
#[serde(default)]
pub(super) struct LeadRow<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    organization: Text<'a>,
    #[serde(borrow)]
    assigned_to: Reference<'a>,
}

impl Row for LeadRow<'_> {
    fn id(&self) -> Option<&str> {
        self.id.filled()
    }
}

impl LeadRow<'_> {
    /// Takes the row for a lead of the expected workspace, or says why it cannot be.
    pub(super) fn check(self, expected: &WorkspaceId) -> Result<Lead, Incomplete> {
        let Self { id, organization, assigned_to } = self;
        let id = row::id(&id, LeadId::parse)?;
        row::of(&organization, expected, id.as_str())?;
        let assigned_to = row::person(&assigned_to, id.as_str(), "assigned_to")?;
        Ok(Lead { id, assigned_to })
    }
}

/// Reads the answer to an assignment: any object that is no error. It names neither lead nor job, so it proves nothing but arrival.
pub(crate) fn decode_accepted(body: &[u8]) -> Result<(), String> {
    let members: Map<String, Value> = decode(body)?;
    if members.get("error").is_some_and(|error| !error.is_null()) {
        return Err(only_error(body).unwrap_or_else(|| "the answer carries an error".to_owned()));
    }
    Ok(())
}
