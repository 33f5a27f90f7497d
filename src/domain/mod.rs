//! The nouns of the house: what a workspace, a member, a step and an outcome *are*.
//!
//! Owns the types every other room speaks in, and the rules that make a value valid. It does no I/O, knows no
//! clock, no network and no file, and uses no other room.

pub mod access;
pub mod account_days;
pub mod account_policy;
pub mod address;
pub mod analytics;
pub mod belongings;
pub mod canonical;
pub mod change;
pub mod codes;
pub mod colour;
pub mod command_names;
pub mod finding;
pub mod fleet;
pub mod held;
pub mod id;
pub mod identity;
pub mod inventory;
pub mod key_policy;
pub mod link;
pub mod member;
pub mod outcome;
pub mod period;
pub mod permit;
pub mod report_kind;
pub mod scope;
pub mod secret;
pub mod sizes;
pub mod spreadsheet;
pub mod step;
pub mod tag;
pub mod token;
pub mod trail;

pub use access::Access;
pub use account_days::{Days, Sending, Sent, SentDaily};
pub use account_policy::{AccountPolicy, Mailbox, Owned, OwnerRule, Owners, Rate};
pub use address::Email;
pub use analytics::{Billing, CampaignCounts, Counts, DailyCounts, DayCounts, Paid, Subscription, Warm, Warmups};
pub use belongings::{Campaign, Job, KeyInfo, Lead, LeadList, SendingAccount, TrailRecord, Webhook};
pub use canonical::canonical;
pub use change::{Change, Keep, StepKind, Subject, Thing};
pub use colour::Colour;
pub use command_names::{COMMAND_NAMES, commands_of, is_command};
pub use finding::{About, Accepted, Finding, FindingCode, NotJudged, Severity};
pub use fleet::{Fleet, Guards, KeyRef, Mode, Preset, Workspace};
pub use held::{Disposition, Held, HeldReason};
pub use id::{
    CampaignId, KeyId, LeadId, LeadListId, LinkId, MemberId, PlanId, RunId, StepId, TagId, UserId, WebhookId,
    WorkspaceId, WorkspaceName,
};
pub use identity::Identity;
pub use inventory::{Carriers, Inventory, Told, TrailSeen};
pub use key_policy::{Acceptance, KeyEntry, KeyPolicy, KeyPreset, Register};
pub use link::{Link, LinkChange, LinkStatus};
pub use member::{Member, PermissionWish, Permissions, Role};
pub use outcome::Outcome;
pub use period::{NoPeriod, Period};
pub use permit::{Approval, Permit};
pub use report_kind::{ReportKind, Table};
pub use secret::{ApiKey, InJson};
pub use sizes::{Listed, Sizes};
pub use spreadsheet::{defused, undefused};
pub use step::{RestsOn, Step};
pub use tag::{ResourceId, ResourceKind, Tag, TagChange, TagMapping, TagSpec};
pub use token::SecurityToken;
pub use trail::TrailLine;
