//! Steps: one change in one workspace, what it rests on, and how to undo it.

use std::fmt;

use super::{Email, Member, MemberId, Permissions, Role, StepId, UserId, WorkspaceId, WorkspaceName};

/// The kinds of step that exist so far; the word is the API's resource and a verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum StepKind {
    /// Invite a person.
    #[serde(rename = "member.invite")]
    MemberInvite,
    /// Give a member or an open invitation another role.
    #[serde(rename = "member.set_role")]
    MemberSetRole,
    /// Remove a member or withdraw an invitation.
    #[serde(rename = "member.remove")]
    MemberRemove,
}

impl StepKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::MemberInvite, Self::MemberSetRole, Self::MemberRemove];

    /// Returns the word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MemberInvite => "member.invite",
            Self::MemberSetRole => "member.set_role",
            Self::MemberRemove => "member.remove",
        }
    }

    /// Reads the word back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

impl fmt::Display for StepKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a step changes.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "kind")]
pub enum Change {
    /// Invite a person (contract section 8, POST).
    #[serde(rename = "member.invite")]
    Invite {
        /// The address to invite.
        email: Email,
        /// The role to grant.
        role: Role,
        /// The permissions to send; none means whatever the role gives.
        permissions: Option<Permissions>,
        /// The nickname to set.
        nickname: Option<String>,
    },
    /// Change a role (contract section 8, PATCH).
    #[serde(rename = "member.set_role")]
    SetRole {
        /// The row.
        member: MemberId,
        /// Whose row it is.
        email: Email,
        /// The role to set.
        role: Role,
    },
    /// Remove a member or withdraw an invitation (contract section 8, DELETE).
    #[serde(rename = "member.remove")]
    Remove {
        /// The row.
        member: MemberId,
        /// Whose row it is.
        email: Email,
    },
    /// Nobody to remove. It is only ever `already`, kept so that the asked state is told.
    #[serde(rename = "member.absent")]
    StayAbsent {
        /// Who is to be absent.
        email: Email,
    },
}

impl Change {
    /// Returns the kind.
    pub fn kind(&self) -> StepKind {
        match self {
            Self::Invite { .. } => StepKind::MemberInvite,
            Self::SetRole { .. } => StepKind::MemberSetRole,
            Self::Remove { .. } | Self::StayAbsent { .. } => StepKind::MemberRemove,
        }
    }

    /// Returns whom it is about.
    pub fn subject(&self) -> &Email {
        match self {
            Self::Invite { email, .. }
            | Self::SetRole { email, .. }
            | Self::Remove { email, .. }
            | Self::StayAbsent { email } => email,
        }
    }

    /// Returns the wanted state in a few words.
    pub fn wanted(&self) -> String {
        match self {
            Self::SetRole { role, .. } => role.to_string(),
            Self::Invite { role, permissions, nickname, .. } => {
                let permissions = permissions.as_ref().map_or(String::new(), |permissions| match permissions.0.len() {
                    1 => ", 1 permission".to_owned(),
                    several => format!(", {several} permissions"),
                });
                let nickname = nickname.as_ref().map_or(String::new(), |name| format!(", called \"{name}\""));
                format!("{role}{permissions}{nickname}")
            }
            Self::Remove { .. } | Self::StayAbsent { .. } => "absent".to_owned(),
        }
    }
}

/// The observed state that a step was drawn from. It must still hold just before the step is sent.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RestsOn {
    /// No row of the complete listing is this person's.
    Absent,
    /// This row, as it was.
    Row {
        /// Membership id.
        id: MemberId,
        /// Invited address.
        email: Email,
        /// Account.
        user_id: Option<UserId>,
        /// Role.
        role: Role,
        /// Permissions.
        permissions: Option<Permissions>,
        /// Whether accepted.
        accepted: bool,
        /// Nickname, kept for undoing.
        nickname: Option<String>,
    },
}

impl RestsOn {
    /// Takes what a step rests on from an observed row.
    pub fn row(member: &Member) -> Self {
        Self::Row {
            id: member.id.clone(),
            email: member.email.clone(),
            user_id: member.user_id.clone(),
            role: member.role.clone(),
            permissions: member.permissions.clone(),
            accepted: member.accepted,
            nickname: member.nickname.clone(),
        }
    }

    /// Tells whether the step would take admin rights from an accepted admin.
    pub fn is_acting_admin(&self) -> bool {
        matches!(self, Self::Row { role: Role::Admin, accepted: true, .. })
    }

    /// Says it in a few words.
    pub fn describe(&self) -> String {
        match self {
            Self::Absent => "absent".to_owned(),
            Self::Row { role, accepted: true, .. } => role.to_string(),
            Self::Row { role, accepted: false, .. } => format!("{role}, invited"),
        }
    }
}

/// How a step can be undone.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Undo {
    /// Remove who was invited.
    Remove,
    /// Give the former role back.
    SetRole(Role),
    /// Invite again, with the former role and permissions; the person must accept anew.
    Invite,
    /// It can't be, and why.
    Impossible(String),
}

/// One change at its place in a plan.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Step {
    /// Stable over runs.
    pub id: StepId,
    /// The workspace's name in our files.
    pub workspace: String,
    /// The workspace's pinned identity.
    pub workspace_id: WorkspaceId,
    /// What changes.
    pub change: Change,
    /// What it rests on.
    pub rests_on: RestsOn,
    /// How to undo it.
    pub undo: Undo,
    /// The step of the same workspace that must have ended well before this one is sent.
    pub after: Option<StepId>,
}

impl Step {
    /// Makes a step; its id comes from workspace id, kind, subject and wanted state.
    pub fn new(workspace: &WorkspaceName, workspace_id: &WorkspaceId, change: Change, rests_on: RestsOn) -> Self {
        let undo = match (&change, &rests_on) {
            (Change::Invite { .. }, _) => Undo::Remove,
            (Change::SetRole { .. }, RestsOn::Row { role, .. }) if Role::grantable(role.as_str()).is_some() => {
                Undo::SetRole(role.clone())
            }
            (Change::Remove { .. }, RestsOn::Row { role, .. }) if Role::grantable(role.as_str()).is_some() => {
                Undo::Invite
            }
            (_, RestsOn::Row { role, .. }) => {
                Undo::Impossible(format!("the API cannot grant the former role `{role}`"))
            }
            (_, RestsOn::Absent) => Undo::Impossible("nothing was sent".to_owned()),
        };
        Self {
            id: identify(workspace_id, &change),
            workspace: workspace.to_string(),
            workspace_id: workspace_id.clone(),
            change,
            rests_on,
            undo,
            after: None,
        }
    }

    /// Tells whether the id is the one its workspace and change have, so that an edited step is found out.
    pub fn is_consistent(&self) -> bool {
        self.id == identify(&self.workspace_id, &self.change)
    }

    /// Says that this step is only sent once another one ended well.
    #[must_use]
    pub fn after(mut self, other: &Self) -> Self {
        self.after = Some(other.id.clone());
        self
    }

    /// Returns the kind.
    pub fn kind(&self) -> StepKind {
        self.change.kind()
    }

    /// Tells whether every guard counts this step as a removal: removing a member or an invitation, and lowering an admin's role.
    pub fn is_removal(&self) -> bool {
        match &self.change {
            Change::Remove { .. } => true,
            Change::SetRole { role, .. } => {
                *role != Role::Admin && matches!(&self.rests_on, RestsOn::Row { role: Role::Admin, .. })
            }
            Change::Invite { .. } | Change::StayAbsent { .. } => false,
        }
    }
}

fn identify(workspace_id: &WorkspaceId, change: &Change) -> StepId {
    StepId::of(&serde_json::to_vec(&(workspace_id, change)).expect("plain data serializes"))
}
