//! Groups: an admin workspace over sub workspaces, and the links between them (contract section 9).

use std::fmt;

use super::{LinkId, WorkspaceId};

/// How far a link got.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LinkStatus {
    /// The sub workspace's owner has yet to accept.
    Pending,
    /// It stands.
    Accepted,
    /// The sub workspace's owner refused.
    Rejected,
    /// A word this version does not know, as the API wrote it.
    Other(String),
}

impl LinkStatus {
    /// Reads the API's word.
    pub fn observed(text: &str) -> Self {
        match text {
            "pending" => Self::Pending,
            "accepted" => Self::Accepted,
            "rejected" => Self::Rejected,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Returns the API's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Other(other) => other,
        }
    }
}

impl fmt::Display for LinkStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One link of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its id: not the workspace's.
    pub id: LinkId,
    /// The admin workspace.
    pub admin: WorkspaceId,
    /// The sub workspace.
    pub sub: WorkspaceId,
    /// How far it got.
    pub status: LinkStatus,
    /// What the API calls the sub workspace, where it says so; of a pending one it does not.
    pub sub_name: Option<String>,
    /// What the API calls the admin workspace.
    pub admin_name: Option<String>,
    /// When it was made, as the API wrote it.
    pub created: String,
}

/// What a step does about a link, in the admin workspace.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum LinkChange {
    /// Invite a workspace under the admin workspace (POST); its owner must accept in the app.
    Invite {
        /// The workspace.
        sub: WorkspaceId,
        /// Its name in our files, or as the API has it; empty where neither says one.
        name: String,
    },
    /// Remove a link, or withdraw an invitation (DELETE), at once.
    Remove {
        /// The link.
        link: LinkId,
        /// Whose it is.
        sub: WorkspaceId,
        /// Its name.
        name: String,
    },
    /// No link to remove. It is only ever `already`, kept so that the asked state is told.
    StayOut {
        /// The workspace.
        sub: WorkspaceId,
        /// Its name; empty where none is known.
        name: String,
    },
}

impl LinkChange {
    /// Returns the sub workspace.
    pub fn sub(&self) -> &WorkspaceId {
        match self {
            Self::Invite { sub, .. } | Self::Remove { sub, .. } | Self::StayOut { sub, .. } => sub,
        }
    }

    /// Returns its name; empty where none is known.
    pub fn name(&self) -> &str {
        match self {
            Self::Invite { name, .. } | Self::Remove { name, .. } | Self::StayOut { name, .. } => name,
        }
    }

    /// Returns the wanted state in a few words.
    pub fn wanted(&self) -> String {
        let called = if self.name().is_empty() { String::new() } else { format!(" (\"{}\")", self.name()) };
        match self {
            Self::Invite { .. } => format!("in the group{called}"),
            Self::Remove { .. } | Self::StayOut { .. } => format!("out of the group{called}"),
        }
    }
}
