//! Lead lists on the wire (contract section 11).

use serde::Deserialize;

use super::row;
use crate::api::classify::{decode, only_error};
use crate::api::page::{Incomplete, Row};
use crate::api::wire::{Reference, Text};
use crate::domain::{LeadList, LeadListId, WorkspaceId};

/// Where lead lists live.
pub(crate) const PATH: &str = "/api/v2/lead-lists";

/// A lead list as it came. Unknown members are ignored, everything may be missing; [`LeadListRow::check`] judges.
#[derive(Debug, Default, Hash, Deserialize)]
#[serde(default)]
pub(super) struct LeadListRow<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    organization_id: Text<'a>,
    #[serde(borrow)]
    owned_by: Reference<'a>,
    #[serde(borrow)]
    timestamp_created: Text<'a>,
    #[serde(borrow)]
    has_enrichment_task: Text<'a>,
}

impl Row for LeadListRow<'_> {
    fn id(&self) -> Option<&str> {
        self.id.filled()
    }
}

impl LeadListRow<'_> {
    /// Takes the row for a lead list of the expected workspace, or says why it cannot be.
    pub(super) fn check(self, expected: &WorkspaceId) -> Result<LeadList, Incomplete> {
        let Self { id, name, organization_id, owned_by, timestamp_created, has_enrichment_task } = self;
        let id = row::id(&id, LeadListId::parse)?;
        row::of(&organization_id, expected, id.as_str())?;
        let owned_by = row::person(&owned_by, id.as_str(), "owned_by")?;
        let (created, enrichment) = (row::told(&timestamp_created), row::truth(&has_enrichment_task));
        Ok(LeadList { id, name: row::text(name), owned_by, created, enrichment })
    }
}

/// Decodes one lead list: the one that was asked for.
pub(crate) fn decode_lead_list(body: &[u8], expected: &WorkspaceId, asked: &LeadListId) -> Result<LeadList, String> {
    let row: LeadListRow<'_> = decode(body)?;
    if let Some(error) = row.id.filled().is_none().then(|| only_error(body)).flatten() {
        return Err(error);
    }
    let list = row.check(expected).map_err(|fault| fault.to_string())?;
    if list.id == *asked { Ok(list) } else { Err("the answer is about another lead list".to_owned()) }
}
