//! Members of a workspace: roles, permissions, rows as the API tells them.

use std::collections::BTreeSet;
use std::fmt;

use super::{Email, MemberId, UserId, WorkspaceId};

/// A member's role (contract section 8). A role the contract does not know is kept as it came.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// The one owner; cannot be granted.
    Owner,
    /// Everything but deleting the workspace.
    Admin,
    /// Edits, no workspace settings.
    Editor,
    /// Read-only.
    View,
    /// White-label portal; not available in the API.
    Client,
    /// A role added after this was written.
    Other(String),
}

impl Role {
    /// The roles `POST /workspace-members` takes.
    pub const GRANTABLE: [&'static str; 3] = ["admin", "editor", "view"];

    /// Reads a role as the API writes it; never fails.
    pub fn observed(text: &str) -> Self {
        match text {
            "owner" => Self::Owner,
            "admin" => Self::Admin,
            "editor" => Self::Editor,
            "view" => Self::View,
            "client" => Self::Client,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Reads a role a person asked for: only those that can be granted.
    pub fn grantable(text: &str) -> Option<Self> {
        Self::GRANTABLE.contains(&text).then(|| Self::observed(text))
    }

    /// Returns the API's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Editor => "editor",
            Self::View => "view",
            Self::Client => "client",
            Self::Other(text) => text,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl serde::Serialize for Role {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for Role {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Ok(Self::observed(&<String as serde::Deserialize>::deserialize(d)?))
    }
}

/// The permissions of a member, as a set: order and repetition mean nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Permissions(pub BTreeSet<String>);

impl Permissions {
    /// The 31 published values (contract section 8, state of 2026-08).
    pub const KNOWN: [&'static str; 31] = [
        "dashboard.view",
        "campaigns.view",
        "campaigns.create",
        "campaigns.edit",
        "campaigns.delete",
        "organization.manage",
        "organization.integrations",
        "organization.billing",
        "organization.users.manage",
        "leadFinder.view",
        "customLeadLabels.create",
        "customLeadLabels.edit",
        "customLeadLabels.delete",
        "unibox.all",
        "analytics.view",
        "websiteChat.view",
        "websiteChat.manage",
        "agency.manage",
        "accounts.view",
        "accounts.manage",
        "leadManagement.view",
        "leads.move",
        "crm.view",
        "websiteVisitors.view",
        "blocklist.manage",
        "preferences.manage",
        "inboxPlacement.view",
        "aiAgents.manage",
        "workspaceGroupMembers.invite",
        "workspaceGroupMembers.remove",
        "workspaceGroupMembers.leave",
    ];

    /// Collects permissions from their names.
    pub fn of<T: Into<String>>(names: impl IntoIterator<Item = T>) -> Self {
        Self(names.into_iter().map(Into::into).collect())
    }

    /// Returns the names in order, joined by `separator`.
    pub fn join(&self, separator: &str) -> String {
        self.0.iter().map(String::as_str).collect::<Vec<_>>().join(separator)
    }
}

/// What is asked of a person's permissions.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PermissionWish {
    /// Nothing is asked: whatever stands there is right, and an invitation carries none.
    Any,
    /// What the role gives, not narrowed: an invitation carries none, and a member must have none.
    RoleDefault,
    /// Exactly these.
    Exactly(Permissions),
}

impl PermissionWish {
    /// Tells whether a member's permissions are what is asked. Null and absent are what the role gives (contract section 8).
    pub fn allows(&self, observed: Option<&Permissions>) -> bool {
        match self {
            Self::Any => true,
            Self::RoleDefault => observed.is_none(),
            Self::Exactly(wanted) => observed == Some(wanted),
        }
    }

    /// Returns what an invitation carries.
    pub fn to_send(&self) -> Option<&Permissions> {
        match self {
            Self::Any | Self::RoleDefault => None,
            Self::Exactly(wanted) => Some(wanted),
        }
    }
}

/// One row of a workspace's member list: a membership, or an invitation nobody accepted yet.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Member {
    /// The membership's id; removals go by it.
    pub id: MemberId,
    /// The invited address.
    pub email: Email,
    /// The account of the person.
    pub user_id: Option<UserId>,
    /// The account's own address, which can differ from the invited one.
    pub user_email: Option<Email>,
    /// The role.
    pub role: Role,
    /// The permissions; none means whatever the role gives.
    pub permissions: Option<Permissions>,
    /// Whether the invitation was accepted.
    pub accepted: bool,
    /// A nickname that only the owner sees.
    pub nickname: Option<String>,
    /// First and last name, as far as known.
    pub name: Option<String>,
    /// Who invited.
    pub issuer_id: Option<UserId>,
    /// When the row was made, as the API wrote it.
    pub timestamp_created: String,
    /// The workspace the row belongs to.
    pub workspace_id: WorkspaceId,
}

impl Member {
    /// Tells whether this is an accepted member with role admin: what `min_admins` counts (the owner and open invitations do not).
    pub fn is_acting_admin(&self) -> bool {
        self.accepted && self.role == Role::Admin
    }
}
