//! Why a step was not sent, and the smallest change that would let it pass.

use std::fmt;

/// Why a step is held. The word is stable; scripts may depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldReason {
    /// It is about the workspace's owner.
    Owner,
    /// It is about a person under `guards.protected`.
    Protected,
    /// Fewer than `guards.min_admins` admins would remain.
    LastAdmin,
    /// The workspace's mode forbids it.
    Mode,
    /// It rests on a listing that is not complete.
    IncompleteListing,
    /// It can't be told whose row it is.
    AmbiguousPerson,
    /// The permissions differ, and the API cannot change them.
    PermissionsDiffer,
    /// The API does not grant this role.
    RoleNotGrantable,
    /// Who is to have what is handed over is no accepted member.
    HeirNotMember,
    /// The key may be the one in use.
    KeyInUse,
    /// It can't be told which of the listed keys the one is that was replaced.
    KeyUnknown,
    /// A key of this name has other scopes, and the API cannot change them.
    KeyDiffers,
    /// It can't be told which scopes the new key is to have, or the API does not grant them.
    KeyScopes,
    /// There is no place where the new key could be kept.
    KeyStorage,
    /// The workspace has no tag of this label.
    TagMissing,
    /// Several tags of the workspace bear this label, or one nearly the same.
    TagAmbiguous,
    /// Something carries the tag.
    TagAssigned,
    /// A configured workspace is reached over this link.
    LinkInUse,
    /// The workspace is in another group, or heads one.
    LinkElsewhere,
    /// There is no security token to transfer a workspace with.
    TokenMissing,
    /// Their last day is not over.
    LastDay,
    /// More removals in one workspace than allowed.
    LimitPerWorkspace,
    /// More removals in one run than allowed.
    LimitPerRun,
    /// More removals in a rolling day, over all runs of the ledger, than allowed.
    LimitPerDay,
    /// An earlier run left a write about the same person without a known end.
    InDoubt,
    /// A step of an earlier run that cannot be undone, or not yet.
    NotUndoable,
    /// The row it rests on is not what it was.
    Stale,
    /// A later run had to do with the same person in the same workspace.
    Superseded,
    /// The step it comes after did not end well.
    After,
    /// Its lane ended before.
    LaneEnded,
    /// More lanes failed than allowed.
    FailureBudget,
    /// The run's deadline came first.
    Deadline,
    /// The run was stopped first.
    Stopped,
    /// The run was only to be settled.
    SettleOnly,
    /// A key opened another workspace than the pinned one, somewhere in the run.
    Identity,
    /// The ledger could not be written.
    Ledger,
}

/// What a held step means for the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldClass {
    /// A guard refused it (30).
    Guard,
    /// The world moved (31).
    Moved,
    /// It was not started: budget, deadline, a failed lane (20).
    NotStarted,
    /// The run was stopped (130, 143) or could not be written down (74).
    Stopped,
}

impl HeldReason {
    /// Returns the word of every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Protected => "protected",
            Self::LastAdmin => "last_admin",
            Self::Mode => "mode",
            Self::IncompleteListing => "incomplete_listing",
            Self::AmbiguousPerson => "ambiguous_person",
            Self::PermissionsDiffer => "permissions_differ",
            Self::RoleNotGrantable => "role_not_grantable",
            Self::HeirNotMember => "heir_not_member",
            Self::KeyInUse => "key_in_use",
            Self::KeyUnknown => "key_unknown",
            Self::KeyDiffers => "key_differs",
            Self::KeyScopes => "key_scopes",
            Self::KeyStorage => "key_storage",
            Self::TagMissing => "tag_missing",
            Self::TagAmbiguous => "tag_ambiguous",
            Self::TagAssigned => "tag_assigned",
            Self::LinkInUse => "link_in_use",
            Self::LinkElsewhere => "link_elsewhere",
            Self::TokenMissing => "token_missing",
            Self::LastDay => "last_day",
            Self::LimitPerWorkspace => "limit_per_workspace",
            Self::LimitPerRun => "limit_per_run",
            Self::LimitPerDay => "limit_per_day",
            Self::InDoubt => "in_doubt",
            Self::NotUndoable => "not_undoable",
            Self::Stale => "stale",
            Self::Superseded => "superseded",
            Self::After => "after",
            Self::LaneEnded => "lane_ended",
            Self::FailureBudget => "failure_budget",
            Self::Deadline => "deadline",
            Self::Stopped => "stopped",
            Self::SettleOnly => "settle_only",
            Self::Identity => "identity",
            Self::Ledger => "ledger",
        }
    }

    /// Returns what it means for the exit code.
    pub fn class(self) -> HeldClass {
        match self {
            Self::Owner
            | Self::Protected
            | Self::LastAdmin
            | Self::Mode
            | Self::AmbiguousPerson
            | Self::PermissionsDiffer
            | Self::RoleNotGrantable
            | Self::HeirNotMember
            | Self::KeyInUse
            | Self::KeyUnknown
            | Self::KeyDiffers
            | Self::KeyScopes
            | Self::KeyStorage
            | Self::TagMissing
            | Self::TagAmbiguous
            | Self::TagAssigned
            | Self::LinkInUse
            | Self::LinkElsewhere
            | Self::TokenMissing
            | Self::LastDay
            | Self::LimitPerWorkspace
            | Self::LimitPerRun
            | Self::LimitPerDay
            | Self::InDoubt
            | Self::NotUndoable
            | Self::After => HeldClass::Guard,
            Self::Stale | Self::Superseded => HeldClass::Moved,
            Self::IncompleteListing | Self::LaneEnded | Self::FailureBudget | Self::Deadline | Self::SettleOnly => {
                HeldClass::NotStarted
            }
            Self::Stopped | Self::Identity | Self::Ledger => HeldClass::Stopped,
        }
    }
}

impl fmt::Display for HeldReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A refusal to send: reason, particulars, remedy.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Held {
    /// The reason.
    pub reason: HeldReason,
    /// The particulars, for people.
    pub detail: String,
    /// The smallest change that would let it pass.
    pub remedy: String,
}

impl Held {
    /// Makes a refusal.
    pub fn new(reason: HeldReason, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { reason, detail: detail.into(), remedy: remedy.into() }
    }
}

impl Held {
    /// What rests on a listing that is not complete.
    pub fn incomplete(why: &str) -> Self {
        Self::new(
            HeldReason::IncompleteListing,
            format!("the member list could not be read completely: {why}"),
            "run the command again; if it stays, look at the workspace in the app",
        )
    }

    /// Tells whether it is for a listing that is not complete: then its lane counts as failed.
    pub fn rests_on_cut_listing(&self) -> bool {
        self.reason == HeldReason::IncompleteListing
    }

    /// What was not sent because its lane ended before.
    pub fn lane_ended(why: impl fmt::Display) -> Self {
        Self::new(HeldReason::LaneEnded, format!("not sent: {why}"), "mend it, then go on with `keyholder resume`")
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason, self.detail)
    }
}

/// What is to become of a step.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    /// It is sent once the plan is approved.
    Send,
    /// The asked state is already there; the text says what was seen.
    Already(String),
    /// It is not sent.
    Held(Held),
}
