//! What a step changes: the kinds, and what each carries.

use std::fmt;

use super::{CampaignId, Email, KeyId, LeadId, LeadListId, LinkChange, MemberId, Permissions, Role, TagChange, UserId};

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
    /// Give a campaign another owner.
    #[serde(rename = "campaign.hand_over")]
    CampaignHandOver,
    /// Give a lead list another owner.
    #[serde(rename = "lead_list.hand_over")]
    LeadListHandOver,
    /// Assign leads to somebody else.
    #[serde(rename = "leads.reassign")]
    LeadsReassign,
    /// Make an API key.
    #[serde(rename = "key.create")]
    KeyCreate,
    /// Delete an API key.
    #[serde(rename = "key.revoke")]
    KeyRevoke,
    /// Make a tag.
    #[serde(rename = "tag.create")]
    TagCreate,
    /// Give a tag another label.
    #[serde(rename = "tag.rename")]
    TagRename,
    /// Give a tag another description.
    #[serde(rename = "tag.describe")]
    TagDescribe,
    /// Put a tag on accounts or campaigns.
    #[serde(rename = "tag.assign")]
    TagAssign,
    /// Take a tag off accounts or campaigns.
    #[serde(rename = "tag.unassign")]
    TagUnassign,
    /// Delete a tag.
    #[serde(rename = "tag.delete")]
    TagDelete,
    /// Invite a workspace into the group.
    #[serde(rename = "group.invite")]
    GroupInvite,
    /// Remove a workspace from the group.
    #[serde(rename = "group.remove")]
    GroupRemove,
    /// Give a workspace another owner.
    #[serde(rename = "owner.transfer")]
    OwnerTransfer,
}

impl StepKind {
    /// All kinds.
    pub const ALL: [Self; 17] = [
        Self::MemberInvite,
        Self::MemberSetRole,
        Self::MemberRemove,
        Self::CampaignHandOver,
        Self::LeadListHandOver,
        Self::LeadsReassign,
        Self::KeyCreate,
        Self::KeyRevoke,
        Self::TagCreate,
        Self::TagRename,
        Self::TagDescribe,
        Self::TagAssign,
        Self::TagUnassign,
        Self::TagDelete,
        Self::GroupInvite,
        Self::GroupRemove,
        Self::OwnerTransfer,
    ];

    /// Returns the word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MemberInvite => "member.invite",
            Self::MemberSetRole => "member.set_role",
            Self::MemberRemove => "member.remove",
            Self::CampaignHandOver => "campaign.hand_over",
            Self::LeadListHandOver => "lead_list.hand_over",
            Self::LeadsReassign => "leads.reassign",
            Self::KeyCreate => "key.create",
            Self::KeyRevoke => "key.revoke",
            Self::TagCreate => "tag.create",
            Self::TagRename => "tag.rename",
            Self::TagDescribe => "tag.describe",
            Self::TagAssign => "tag.assign",
            Self::TagUnassign => "tag.unassign",
            Self::TagDelete => "tag.delete",
            Self::GroupInvite => "group.invite",
            Self::GroupRemove => "group.remove",
            Self::OwnerTransfer => "owner.transfer",
        }
    }

    /// Tells whether it makes or deletes keys.
    pub fn is_about_keys(self) -> bool {
        matches!(self, Self::KeyCreate | Self::KeyRevoke)
    }

    /// Tells whether it is about tags.
    pub fn is_about_tags(self) -> bool {
        matches!(
            self,
            Self::TagCreate
                | Self::TagRename
                | Self::TagDescribe
                | Self::TagAssign
                | Self::TagUnassign
                | Self::TagDelete
        )
    }

    /// Tells whether it is about the links of a group.
    pub fn is_about_links(self) -> bool {
        matches!(self, Self::GroupInvite | Self::GroupRemove)
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

/// What can be handed over.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Thing {
    /// A campaign, by its `owned_by`.
    Campaign {
        /// The campaign.
        id: CampaignId,
        /// Its name.
        name: String,
    },
    /// A lead list, by its `owned_by`.
    LeadList {
        /// The list.
        id: LeadListId,
        /// Its name.
        name: String,
    },
    /// Leads, by their `assigned_to`: named one by one, never by a filter.
    Leads {
        /// At most [`Thing::LEADS`] of them, in order.
        ids: Vec<LeadId>,
    },
}

impl Thing {
    /// The most leads one step reassigns: as many as one page shows, so that one request reads them back.
    pub const LEADS: usize = 100;
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Campaign { name, .. } => write!(f, "campaign \"{name}\""),
            Self::LeadList { name, .. } => write!(f, "lead list \"{name}\""),
            Self::Leads { ids } if ids.len() == 1 => f.write_str("1 lead"),
            Self::Leads { ids } => write!(f, "{} leads", ids.len()),
        }
    }
}

/// Where the secret of a made key goes: shown or stored once, never written into a ledger, a plan or a pipe.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// Shown on the terminal, once.
    Shown,
    /// Into a file of its own in this folder (0700; the file 0600).
    Folder(String),
    /// To where the workspace's configured reference leads, in the reference's own words: a key file, or the program of a store command.
    Configured(String),
}

impl fmt::Display for Keep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shown => f.write_str("shown once"),
            Self::Folder(folder) => write!(f, "written to {folder}"),
            Self::Configured(reference) => write!(f, "stored in {reference}"),
        }
    }
}

/// Whom or what a change is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject<'a> {
    /// A person.
    Person(&'a Email),
    /// A key: its id, or the name or fingerprint where there is none yet or none is known.
    Key(&'a str),
    /// A tag, by the label it is to have.
    Tag(&'a str),
    /// A sub workspace, by its id.
    Sub(&'a str),
}

impl<'a> Subject<'a> {
    /// Returns the text that stands for it in plans and in the ledger.
    pub fn as_str(self) -> &'a str {
        match self {
            Self::Person(email) => email.as_str(),
            Self::Key(text) | Self::Tag(text) | Self::Sub(text) => text,
        }
    }

    /// Returns the person, where it is one.
    pub fn person(self) -> Option<&'a Email> {
        if let Self::Person(email) = self { Some(email) } else { None }
    }
}

impl fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl serde::Serialize for Subject<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl PartialEq<Email> for Subject<'_> {
    fn eq(&self, other: &Email) -> bool {
        self.person() == Some(other)
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
    /// Give what somebody owns to somebody else, who must be an accepted member (contract section 11).
    #[serde(rename = "hand_over")]
    HandOver {
        /// What is handed over.
        thing: Thing,
        /// Who leaves it.
        email: Email,
        /// Who is to have it.
        heir: Email,
        /// The heir's account; none where the heir is no member here, and then the step is held.
        to: Option<UserId>,
    },
    /// Make an API key (contract section 10, POST). Its secret is in that answer and, if ever, in listings; it must be kept or be lost.
    #[serde(rename = "key.create")]
    CreateKey {
        /// Its name, in which `{nonce}` stands for what tells this attempt's key from every other.
        name: String,
        /// Its scopes, each one of the documented, in their documented order.
        scopes: Vec<String>,
        /// Where its secret goes.
        keep: Keep,
        /// The fingerprint of the configured key it takes the place of, in a rotation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaces: Option<String>,
    },
    /// Delete an API key (contract section 10, DELETE).
    #[serde(rename = "key.revoke")]
    Revoke {
        /// The key.
        key: KeyId,
        /// Its name.
        name: String,
        /// Whose it is, in an offboarding: who made it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        email: Option<Email>,
        /// The trail's record that says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        record: Option<String>,
    },
    /// Delete the key that a rotation replaced. It comes after the [`Change::CreateKey`] that took its place.
    #[serde(rename = "key.retire")]
    Retire {
        /// Its fingerprint.
        replaced: String,
        /// Which one of the workspace's keys it is; none where neither the list nor the register tells, and then the step is held.
        key: Option<KeyId>,
        /// Its name, where it is known which one it is.
        name: String,
    },
    /// Make, alter, delete or assign a tag (contract section 10).
    #[serde(rename = "tag")]
    Tag(TagChange),
    /// Make or remove a link of a group (contract section 9).
    #[serde(rename = "group")]
    Group(LinkChange),
    /// Give the workspace another owner (contract section 7, change-owner).
    #[serde(rename = "owner.transfer")]
    Transfer {
        /// Who is to own it.
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
    /// The words a change is written with in plan files and the ledger.
    pub const TAGS: [&'static str; 11] = [
        "member.invite",
        "member.set_role",
        "member.remove",
        "hand_over",
        "key.create",
        "key.revoke",
        "key.retire",
        "tag",
        "group",
        "owner.transfer",
        "member.absent",
    ];

    /// Returns the kind.
    pub fn kind(&self) -> StepKind {
        match self {
            Self::Invite { .. } => StepKind::MemberInvite,
            Self::SetRole { .. } => StepKind::MemberSetRole,
            Self::Remove { .. } | Self::StayAbsent { .. } => StepKind::MemberRemove,
            Self::HandOver { thing: Thing::Campaign { .. }, .. } => StepKind::CampaignHandOver,
            Self::HandOver { thing: Thing::LeadList { .. }, .. } => StepKind::LeadListHandOver,
            Self::HandOver { thing: Thing::Leads { .. }, .. } => StepKind::LeadsReassign,
            Self::CreateKey { .. } => StepKind::KeyCreate,
            Self::Revoke { .. } | Self::Retire { .. } => StepKind::KeyRevoke,
            Self::Tag(TagChange::Create { .. }) => StepKind::TagCreate,
            Self::Tag(TagChange::Alter { from: Some(_), .. }) => StepKind::TagRename,
            Self::Tag(TagChange::Alter { from: None, .. }) => StepKind::TagDescribe,
            Self::Tag(TagChange::Delete { .. }) => StepKind::TagDelete,
            Self::Tag(TagChange::Assign { assign: true, .. }) => StepKind::TagAssign,
            Self::Tag(TagChange::Assign { assign: false, .. }) => StepKind::TagUnassign,
            Self::Group(LinkChange::Invite { .. }) => StepKind::GroupInvite,
            Self::Group(LinkChange::Remove { .. } | LinkChange::StayOut { .. }) => StepKind::GroupRemove,
            Self::Transfer { .. } => StepKind::OwnerTransfer,
        }
    }

    /// Returns whom or what it is about.
    pub fn subject(&self) -> Subject<'_> {
        match self {
            Self::Invite { email, .. }
            | Self::SetRole { email, .. }
            | Self::Remove { email, .. }
            | Self::HandOver { email, .. }
            | Self::Revoke { email: Some(email), .. }
            | Self::Transfer { email }
            | Self::StayAbsent { email } => Subject::Person(email),
            Self::Tag(change) => Subject::Tag(change.label()),
            Self::Group(change) => Subject::Sub(change.sub().as_str()),
            Self::CreateKey { name, .. } => Subject::Key(name),
            Self::Revoke { key, email: None, .. } | Self::Retire { key: Some(key), .. } => Subject::Key(key.as_str()),
            Self::Retire { replaced, key: None, .. } => Subject::Key(replaced),
        }
    }

    /// Returns the person it is about, where it is about one.
    pub fn person(&self) -> Option<&Email> {
        self.subject().person()
    }

    /// Returns the key it deletes, where it deletes one.
    pub fn deleted_key(&self) -> Option<&KeyId> {
        match self {
            Self::Revoke { key, .. } => Some(key),
            Self::Retire { key, .. } => key.as_ref(),
            _ => None,
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
            Self::HandOver { thing, heir, .. } => format!("{thing} to {heir}"),
            Self::CreateKey { name, scopes, keep, replaces } => {
                let what = if replaces.is_some() { "new key" } else { "key" };
                let with = if scopes.is_empty() { String::new() } else { format!(" with {}", scopes.join(" ")) };
                // No place: of a key that is not made, because there is none for it or because it is there.
                let kept = match keep {
                    Keep::Configured(reference) if reference.is_empty() => String::new(),
                    keep => format!(", {keep}"),
                };
                format!("{what} \"{name}\"{with}{kept}")
            }
            Self::Revoke { key, name, .. } if name.is_empty() => format!("key {key} revoked"),
            Self::Revoke { name, .. } => format!("key \"{name}\" revoked"),
            Self::Retire { replaced, key: None, .. } => format!("replaced key {replaced} revoked"),
            Self::Retire { name, .. } => format!("replaced key \"{name}\" revoked"),
            Self::Tag(change) => change.wanted(),
            Self::Group(change) => change.wanted(),
            Self::Transfer { .. } => "owner".to_owned(),
        }
    }
}
