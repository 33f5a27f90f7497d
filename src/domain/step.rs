//! Steps: one change in one workspace, what it rests on, and how to undo it.

use super::{
    Change, Email, LinkChange, Member, MemberId, Permissions, Role, StepId, StepKind, Tag, TagChange, TagId, Thing,
    UserId, WorkspaceId, WorkspaceName,
};

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
    /// What is handed over is this account's.
    Owned {
        /// The account of `owned_by` or `assigned_to`.
        by: UserId,
        /// Whether they have it by an earlier run, whose undoing gives it back to who had it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        back: bool,
    },
    /// The key is in the list, made at this moment.
    Key {
        /// When it was made, as the API wrote it.
        created: String,
        /// Whose account made it, as the trail's record says; none where nobody is tied to it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<UserId>,
    },
    /// No key of the complete list bears the name that is to be made, whatever its nonce.
    NoKey,
    /// Keyholder speaks here with the configured key of this fingerprint, which is to be replaced.
    Speaking {
        /// The fingerprint.
        with: String,
    },
    /// No tag of the complete list bears the label.
    NoTag,
    /// This tag, as it was.
    Tag {
        /// Its id.
        id: TagId,
        /// Its label.
        label: String,
        /// Its description.
        description: Option<String>,
    },
    /// The tag of this label that another step of the plan makes first.
    TagToCome,
    /// No link of the complete list is to this workspace.
    NoLink,
    /// The link is in the list.
    Link {
        /// How far it got, the API's word.
        status: String,
        /// When it was made, as the API wrote it.
        created: String,
    },
    /// The workspace is this account's, and the person who is to have it is an accepted member with that one.
    Ownership {
        /// Who owns it.
        is: UserId,
        /// Who is to own it.
        to: UserId,
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

    /// Takes what a step rests on from an observed tag.
    pub fn tag(tag: &Tag) -> Self {
        let Tag { id, label, description } = tag.clone();
        Self::Tag { id, label, description }
    }

    /// Returns the row, where it rests on one.
    pub fn member(&self) -> Option<&MemberId> {
        if let Self::Row { id, .. } = self { Some(id) } else { None }
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
            Self::Owned { .. } => "theirs".to_owned(),
            Self::Key { created, .. } => format!("made {created}"),
            Self::NoKey => "no such key".to_owned(),
            Self::Speaking { with } => format!("in use: {with}"),
            Self::NoTag => "no such tag".to_owned(),
            Self::Tag { label, description: None, .. } => format!("\"{label}\""),
            Self::Tag { label, description: Some(description), .. } => format!("\"{label}\": {description}"),
            Self::TagToCome => "made by this plan".to_owned(),
            Self::NoLink => "no link".to_owned(),
            Self::Link { status, .. } => status.clone(),
            Self::Ownership { is, .. } => format!("owned by {is}"),
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
    /// Hand back to the account it was taken from, whose person must be an accepted member again.
    HandBack,
    /// Revoke the key that was made.
    RevokeKey,
    /// Delete the tag that was made, if nothing carries it.
    DeleteTag,
    /// Give the tag its former label and description.
    AlterTag,
    /// Make the tag again.
    CreateTag,
    /// Take the tag off what it was put on.
    Unassign,
    /// Put the tag on what it was taken off.
    Assign,
    /// Remove the link, or withdraw its invitation.
    RemoveLink,
    /// Invite the workspace again; its owner must accept anew.
    InviteSub,
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
            (Change::HandOver { .. }, RestsOn::Owned { .. }) => Undo::HandBack,
            (Change::CreateKey { replaces: None, .. }, _) => Undo::RevokeKey,
            (Change::CreateKey { .. }, _) => {
                Undo::Impossible("the key it replaced is revoked; rotate again for another one".to_owned())
            }
            (Change::Revoke { .. } | Change::Retire { .. }, _) => {
                Undo::Impossible("a revoked key cannot be brought back".to_owned())
            }
            (Change::Tag(TagChange::Create { .. }), _) => Undo::DeleteTag,
            (Change::Tag(TagChange::Alter { .. }), RestsOn::Tag { .. }) => Undo::AlterTag,
            (Change::Tag(TagChange::Delete { .. }), RestsOn::Tag { .. }) => Undo::CreateTag,
            (Change::Tag(TagChange::Assign { assign: true, .. }), _) => Undo::Unassign,
            (Change::Tag(TagChange::Assign { assign: false, .. }), _) => Undo::Assign,
            (Change::Group(LinkChange::Invite { .. }), _) => Undo::RemoveLink,
            (Change::Group(LinkChange::Remove { .. }), _) => Undo::InviteSub,
            (Change::Transfer { .. }, _) => Undo::Impossible(
                "only who owns the workspace now can give it back, with a token of their own".to_owned(),
            ),
            _ => Undo::Impossible("nothing was sent".to_owned()),
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

    /// Tells whether every guard counts this step as a removal: removing a member or an invitation, lowering an admin's role, and
    /// revoking a key.
    pub fn is_removal(&self) -> bool {
        match &self.change {
            Change::Remove { .. } | Change::Revoke { .. } | Change::Group(LinkChange::Remove { .. }) => true,
            Change::SetRole { role, .. } => {
                *role != Role::Admin && matches!(&self.rests_on, RestsOn::Row { role: Role::Admin, .. })
            }
            // Where the key in use gives way to another one, nothing is taken from anybody, so no limit counts it.
            Change::Invite { .. }
            | Change::StayAbsent { .. }
            | Change::HandOver { .. }
            | Change::CreateKey { .. }
            | Change::Retire { .. }
            | Change::Tag(_)
            | Change::Group(LinkChange::Invite { .. } | LinkChange::StayOut { .. })
            | Change::Transfer { .. } => false,
        }
    }

    /// Returns what it is about, if it may be under way together with steps of its workspace about others: a list that was read once shows
    /// what it rests on, no guard counts it, and it comes after no other step.
    pub fn beside_others(&self) -> Option<&str> {
        let about = match &self.change {
            Change::Invite { email, .. } if self.rests_on == RestsOn::Absent => email.as_str(),
            Change::HandOver { thing: Thing::Campaign { id, .. }, .. } => id.as_str(),
            Change::HandOver { thing: Thing::LeadList { id, .. }, .. } => id.as_str(),
            _ => return None,
        };
        self.after.is_none().then_some(about)
    }

    /// Tells whether `--yes` is not enough for it: it removes, revokes or transfers something (design section 3).
    pub fn needs_typing(&self) -> bool {
        // What loses its tag is counted by no limit, but a person should have seen it.
        self.is_removal()
            || matches!(
                self.change,
                Change::HandOver { .. }
                    | Change::Retire { .. }
                    | Change::Tag(TagChange::Delete { .. } | TagChange::Assign { assign: false, .. })
                    | Change::Transfer { .. }
            )
    }
}

fn identify(workspace_id: &WorkspaceId, change: &Change) -> StepId {
    StepId::of(&serde_json::to_vec(&(workspace_id, change)).expect("plain data serializes"))
}
