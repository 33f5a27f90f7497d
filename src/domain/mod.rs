//! The nouns of the house: what a workspace, a member, a step and an outcome *are*.
//!
//! Owns the types every other room speaks in, and the rules that make a value valid. It does no I/O, knows no
//! clock, no network and no file, and uses no other room.

pub mod access;
pub mod address;
pub mod belongings;
pub mod canonical;
pub mod change;
pub mod codes;
pub mod command_names;
pub mod finding;
pub mod fleet;
pub mod held;
pub mod id;
pub mod identity;
pub mod key_policy;
pub mod link;
pub mod member;
pub mod outcome;
pub mod permit;
pub mod scope;
pub mod secret;
pub mod step;
pub mod tag;

pub use access::Access;
pub use address::Email;
pub use belongings::{Campaign, Job, KeyInfo, Lead, LeadList, SendingAccount, TrailRecord, Webhook};
pub use canonical::canonical;
pub use change::{Change, Keep, StepKind, Subject, Thing};
pub use command_names::{COMMAND_NAMES, is_command};
pub use finding::{About, Accepted, Finding, FindingCode, NotJudged, Severity};
pub use fleet::{Fleet, Guards, KeyRef, Mode, Preset, Workspace};
pub use held::{Disposition, Held, HeldReason};
pub use id::{
    CampaignId, KeyId, LeadId, LeadListId, LinkId, MemberId, PlanId, RunId, StepId, TagId, UserId, WebhookId,
    WorkspaceId, WorkspaceName,
};
pub use identity::Identity;
pub use key_policy::{Acceptance, KeyEntry, KeyPolicy, KeyPreset, Register};
pub use link::{Link, LinkChange, LinkStatus};
pub use member::{Member, PermissionWish, Permissions, Role};
pub use outcome::Outcome;
pub use permit::{Approval, Permit};
pub use secret::ApiKey;
pub use step::{RestsOn, Step};
pub use tag::{ResourceId, ResourceKind, Tag, TagChange, TagMapping, TagSpec};
