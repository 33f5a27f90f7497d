//! Who a key says it is.

use super::{UserId, WorkspaceId};

/// What `GET /workspaces/current` tells (contract section 7), as far as keyholder uses it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Identity {
    /// The workspace the key opens, or that `x-as-workspace` names.
    pub id: WorkspaceId,
    /// Its name in the vendor's app.
    pub name: String,
    /// The owner's account.
    pub owner: Option<UserId>,
    /// The plan's code, where there is one.
    pub plan_id: Option<String>,
    /// When the workspace will be removed, if that was asked for; as the API wrote it.
    pub scheduled_for_removal_at: Option<String>,
}
