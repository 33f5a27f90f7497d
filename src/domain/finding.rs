//! Findings: their stable codes, how grave each is unless the agency says otherwise, and what one finding tells.
//!
//! Owns the words and the order they are told in. What makes a finding stands in the room that audits; what an agency makes of it in its policy.

use std::cmp::{Ordering, Reverse};
use std::fmt;

use jiff::civil::Date;
use sha2::{Digest as _, Sha256};

use super::fleet::Place;
use super::id::hex;
use super::{KeyId, WorkspaceId, WorkspaceName};

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Untidy.
    Low,
    /// To be looked at.
    Medium,
    /// To be mended soon.
    High,
    /// To be mended now.
    Critical,
}

impl Severity {
    /// All, least grave first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// Returns the word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.as_str() == text)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The code of a finding. The word is stable; scripts, policies and acceptances depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingCode {
    /// A scope of the wildcard resource: `all:…`.
    WildcardScope,
    /// Write or delete on everything of one resource.
    ResourceWide,
    /// It can make keys or add people.
    GrantsAccess,
    /// Older than `max_age`.
    KeyAge,
    /// No logged activity for `max_idle`.
    KeyIdle,
    /// Two keys of one workspace bear one name.
    DuplicateName,
    /// The name is not as `naming` wants it.
    BadName,
    /// The register names no owner.
    NoOwner,
    /// Who made it is no member any more.
    MakerLeft,
    /// A rotation of ours put another key in its place, and it is still there.
    ReplacedLeft,
    /// Made outside keyholder's runs since the first look.
    MadeOutside,
    /// The same secret is configured for two workspaces.
    SharedSecret,
    /// The configured key opens another workspace.
    OpensAnother,
    /// The configured key may do more than the configured commands need.
    KeyTooWide,
    /// A scope the API does not document.
    UndocumentedScope,
    /// The register's `rotate_by` is over.
    RotateBy,
    /// The register names a key that is not there any more.
    RegisterStale,
    /// An acceptance is over.
    AcceptanceExpired,
    /// Two tags of one workspace bear one label.
    TagDuplicate,
    /// Two labels differ in case, spaces or dashes alone.
    TagNearDuplicate,
    /// A tag that no `[[tags]]` names.
    TagUnknown,
    /// A sending account cannot send: connection error, bounces, sending error.
    AccountDisconnected,
    /// A sending account bounces more than it should.
    AccountBounces,
    /// A sending account has no owner.
    AccountNoOwner,
    /// A sending account has several owners.
    AccountOwners,
    /// A sending account belongs to somebody who is no member.
    OwnerNotMember,
    /// A workspace is in the group and in no file of ours.
    GroupUnconfigured,
    /// A workspace is to be reached over the group and is not in it.
    GroupMissing,
    /// An invitation into the group waits for an answer.
    GroupPending,
    /// An invitation into the group was refused.
    GroupRejected,
    /// A workspace is in the group of another admin workspace than the configured one.
    GroupOtherAdmin,
}

impl FindingCode {
    /// The codes about keys, in the order they are reported: those of `keys audit` and of the key policy.
    pub const KEYS: [Self; 18] = {
        let mut keys = [Self::OpensAnother; 18];
        let mut place = 0;
        while place < keys.len() {
            keys[place] = Self::ALL[place];
            place += 1;
        }
        keys
    };

    /// All codes, in the order they are reported; those about keys come first.
    pub const ALL: [Self; 31] = [
        Self::OpensAnother,
        Self::SharedSecret,
        Self::WildcardScope,
        Self::GrantsAccess,
        Self::KeyTooWide,
        Self::ResourceWide,
        Self::UndocumentedScope,
        Self::MakerLeft,
        Self::ReplacedLeft,
        Self::MadeOutside,
        Self::KeyAge,
        Self::RotateBy,
        Self::KeyIdle,
        Self::NoOwner,
        Self::DuplicateName,
        Self::BadName,
        Self::RegisterStale,
        Self::AcceptanceExpired,
        Self::TagDuplicate,
        Self::TagNearDuplicate,
        Self::TagUnknown,
        Self::AccountDisconnected,
        Self::AccountBounces,
        Self::AccountNoOwner,
        Self::AccountOwners,
        Self::OwnerNotMember,
        Self::GroupUnconfigured,
        Self::GroupMissing,
        Self::GroupPending,
        Self::GroupRejected,
        Self::GroupOtherAdmin,
    ];

    /// Returns the word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WildcardScope => "wildcard-scope",
            Self::ResourceWide => "resource-wide",
            Self::GrantsAccess => "grants-access",
            Self::KeyAge => "key-age",
            Self::KeyIdle => "key-idle",
            Self::DuplicateName => "duplicate-name",
            Self::BadName => "bad-name",
            Self::NoOwner => "no-owner",
            Self::MakerLeft => "maker-left",
            Self::ReplacedLeft => "replaced-left",
            Self::MadeOutside => "made-outside",
            Self::SharedSecret => "shared-secret",
            Self::OpensAnother => "opens-another",
            Self::KeyTooWide => "key-too-wide",
            Self::UndocumentedScope => "undocumented-scope",
            Self::RotateBy => "rotate-by",
            Self::RegisterStale => "register-stale",
            Self::AcceptanceExpired => "acceptance-expired",
            Self::TagDuplicate => "tag-duplicate",
            Self::TagNearDuplicate => "tag-near-duplicate",
            Self::TagUnknown => "tag-unknown",
            Self::AccountDisconnected => "account-disconnected",
            Self::AccountBounces => "account-bounces",
            Self::AccountNoOwner => "account-no-owner",
            Self::AccountOwners => "account-owners",
            Self::OwnerNotMember => "owner-not-member",
            Self::GroupUnconfigured => "group-unconfigured",
            Self::GroupMissing => "group-missing",
            Self::GroupPending => "group-pending",
            Self::GroupRejected => "group-rejected",
            Self::GroupOtherAdmin => "group-other-admin",
        }
    }

    /// Tells whether it is about keys: those are the codes of `keys audit` and of the key policy.
    pub fn is_about_keys(self) -> bool {
        Self::KEYS.contains(&self)
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == text)
    }

    /// Returns how grave it is unless the policy says otherwise.
    pub fn severity(self) -> Severity {
        match self {
            Self::OpensAnother | Self::SharedSecret => Severity::Critical,
            Self::WildcardScope
            | Self::GrantsAccess
            | Self::MakerLeft
            | Self::ReplacedLeft
            | Self::MadeOutside
            | Self::AccountDisconnected
            | Self::AccountBounces
            | Self::OwnerNotMember
            | Self::GroupMissing
            | Self::GroupOtherAdmin => Severity::High,
            Self::KeyTooWide
            | Self::ResourceWide
            | Self::KeyAge
            | Self::RotateBy
            | Self::AcceptanceExpired
            | Self::TagDuplicate
            | Self::AccountNoOwner
            | Self::AccountOwners
            | Self::GroupUnconfigured
            | Self::GroupRejected => Severity::Medium,
            Self::UndocumentedScope
            | Self::KeyIdle
            | Self::NoOwner
            | Self::DuplicateName
            | Self::BadName
            | Self::RegisterStale
            | Self::TagNearDuplicate
            | Self::TagUnknown
            | Self::GroupPending => Severity::Low,
        }
    }
}

impl fmt::Display for FindingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum About {
    /// The workspace and how it is reached.
    Workspace,
    /// One of its keys.
    Key {
        /// The key.
        id: KeyId,
        /// Its name, as the API or our register wrote it.
        name: String,
    },
    /// A tag.
    Tag {
        /// Its label, as the API or our file wrote it.
        label: String,
    },
    /// A sending account, by its address.
    Account {
        /// The address.
        email: String,
    },
    /// A sub workspace, or one that should be one.
    Sub {
        /// Its id.
        id: WorkspaceId,
        /// Its name.
        name: String,
    },
    /// A place in our own files.
    Place(Place),
}

impl About {
    /// Returns the key it is about.
    pub fn key(&self) -> Option<(&KeyId, &str)> {
        match self {
            Self::Key { id, name } => Some((id, name)),
            Self::Workspace | Self::Place(_) | Self::Tag { .. } | Self::Account { .. } | Self::Sub { .. } => None,
        }
    }
}

/// Why a finding is accepted, and until when.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Accepted {
    /// Why.
    pub reason: String,
    /// The last day it holds, in UTC.
    pub until: Date,
}

/// Something that is to be said against a key, or against how a workspace is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub code: FindingCode,
    /// How grave it is, by the agency's policy.
    pub severity: Severity,
    /// The workspace; none where it is about our own files.
    pub workspace: Option<WorkspaceName>,
    /// Its identity.
    pub workspace_id: Option<WorkspaceId>,
    /// What it is about.
    pub about: About,
    /// The facts, in words. May hold text of the API: names, scopes.
    pub evidence: String,
    /// What to do next; a command where there is one.
    pub advice: String,
    /// Why it does not count, where the agency accepted it.
    pub accepted: Option<Accepted>,
}

impl Finding {
    /// Returns an id that is the same whenever the same is found again: 16 hex digits over code, workspace and what it is about.
    pub fn id(&self) -> String {
        let workspace = match (&self.workspace_id, &self.workspace) {
            (Some(id), _) => id.as_str(),
            (None, Some(name)) => name.as_str(),
            (None, None) => "",
        };
        let about = match &self.about {
            About::Workspace => String::new(),
            About::Key { id, .. } => id.to_string(),
            About::Tag { label } => label.clone(),
            About::Account { email } => email.clone(),
            About::Sub { id, .. } => id.to_string(),
            About::Place(place) => place.to_string(),
        };
        hex(&Sha256::digest(format!("{} {workspace} {about}", self.code).as_bytes()))[..16].to_owned()
    }

    /// Tells whether it counts: nobody accepted it.
    pub fn counts(&self) -> bool {
        self.accepted.is_none()
    }
}

impl Ord for Finding {
    /// Gravest first, then by code as [`FindingCode::ALL`] has them, workspace and what it is about.
    fn cmp(&self, other: &Self) -> Ordering {
        let Self { code, severity, workspace, workspace_id, about, evidence, advice, accepted } = self;
        let place = |code: FindingCode| FindingCode::ALL.iter().position(|other| *other == code);
        (Reverse(severity), place(*code), workspace, about, workspace_id, evidence, advice, accepted).cmp(&(
            Reverse(&other.severity),
            place(other.code),
            &other.workspace,
            &other.about,
            &other.workspace_id,
            &other.evidence,
            &other.advice,
            &other.accepted,
        ))
    }
}

impl PartialOrd for Finding {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// What a rule could not judge, and why: silence would read as a clean bill.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotJudged {
    /// The rule.
    pub code: FindingCode,
    /// The workspace.
    pub workspace: WorkspaceName,
    /// What was not judged: a key, or the workspace as a whole.
    pub about: About,
    /// Why. May hold text of the API.
    pub why: String,
}
