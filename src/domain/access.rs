//! How a workspace is reached.

use super::{ApiKey, WorkspaceId};

/// The way to a workspace: its own key, or a group's admin key acting as it (contract section 1).
///
/// A request is made from an `Access` and nothing else, so with `via` a request without the `x-as-workspace` header
/// cannot be expressed.
#[derive(Debug, Clone)]
pub enum Access {
    /// The workspace's own key.
    Own(ApiKey),
    /// The admin workspace's key, and the sub workspace it acts as.
    As {
        /// The admin workspace's key.
        key: ApiKey,
        /// The sub workspace, sent as `x-as-workspace`.
        workspace: WorkspaceId,
    },
}

impl Access {
    /// Returns the key that travels with the request.
    pub fn key(&self) -> &ApiKey {
        match self {
            Self::Own(key) | Self::As { key, .. } => key,
        }
    }

    /// Returns the value of `x-as-workspace`, where one is sent.
    pub fn acts_as(&self) -> Option<&WorkspaceId> {
        match self {
            Self::Own(_) => None,
            Self::As { workspace, .. } => Some(workspace),
        }
    }
}
