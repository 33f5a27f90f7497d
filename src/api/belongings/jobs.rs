//! Background jobs on the wire (contract section 11).

use serde::Deserialize;

use super::row;
use crate::api::page::{Incomplete, Row};
use crate::api::wire::{Aside, Reference, Text};
use crate::domain::{Job, WorkspaceId};

/// Where background jobs live.
pub(super) const PATH: &str = "/api/v2/background-jobs";

/// A job as it came. Unknown members are ignored, everything may be missing; [`JobRow::check`] judges.
#[derive(Debug, Default, Hash, Deserialize)]
#[serde(default)]
pub(super) struct JobRow<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    workspace_id: Text<'a>,
    #[serde(borrow)]
    user_id: Reference<'a>,
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    status: Text<'a>,
    #[serde(borrow)]
    created_at: Text<'a>,
    #[serde(borrow)]
    updated_at: Aside<'a>,
    #[serde(borrow)]
    progress: Aside<'a>,
    #[serde(borrow)]
    entity_type: Text<'a>,
    #[serde(borrow)]
    entity_id: Text<'a>,
}

impl Row for JobRow<'_> {
    fn id(&self) -> Option<&str> {
        self.id.filled()
    }
}

impl JobRow<'_> {
    /// Takes the row for a job of the expected workspace, or says why it cannot be. A job that does not say how far it is has not ended.
    pub(super) fn check(self, expected: &WorkspaceId) -> Result<Job, Incomplete> {
        let Self {
            id,
            workspace_id,
            user_id,
            kind,
            status,
            created_at,
            updated_at: Aside(updated),
            progress: Aside(progress),
            entity_type,
            entity_id,
        } = self;
        let id = row::opaque(&id)?;
        row::of(&workspace_id, expected, &id)?;
        let user_id = row::person(&user_id, &id, "user_id")?;
        let (kind, status, created) = (row::text(kind), row::text(status), row::text(created_at));
        Ok(Job {
            id,
            user_id,
            kind,
            status,
            created,
            updated: row::told(&updated),
            // It may have a fraction.
            progress: row::number::<f64>(&progress).and_then(row::rounded),
            entity_kind: row::told(&entity_type),
            entity_id: row::told(&entity_id),
        })
    }
}
