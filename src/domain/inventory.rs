//! All that was read of one workspace for a bulk report.
//!
//! Owns the difference between what was not asked for, what was seen whole, and what was not. It is one workspace's alone; nothing here knows
//! another.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::analytics::{Billing, CampaignCounts, DailyCounts, Warmups};
use super::belongings::Activity;
use super::link::Link;
use super::{
    Campaign, Identity, Job, KeyInfo, LeadList, Member, ResourceId, ResourceKind, SendingAccount, SentDaily, Sizes,
    Tag, TagId, TrailRecord, UserId, Webhook,
};

/// What was asked for and seen, with why it is not all, where it is not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told<T> {
    /// What was seen.
    pub value: T,
    /// Why there may be more.
    pub incomplete: Option<String>,
}

impl<T> Told<T> {
    /// All there is.
    pub fn whole(value: T) -> Self {
        Self { value, incomplete: None }
    }
}

/// What carries each tag.
pub type Carriers = BTreeMap<TagId, Vec<(ResourceKind, ResourceId)>>;

/// The trail of a workspace, as it passed by; its lines were written as they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrailSeen {
    /// How many records of the period passed, and were handed to whoever writes them.
    pub records: u64,
    /// The moment from which it was read; who is not in `logins` may have logged in before. None where it was not read for that.
    pub since: Option<Timestamp>,
    /// The last login of each account, as the API wrote its moment.
    pub logins: BTreeMap<UserId, String>,
    /// When keys were used last.
    pub activity: Option<Activity>,
    /// Records that tell who made keys.
    pub made: Vec<TrailRecord>,
}

/// What was read of one workspace. None is what was not asked for.
#[derive(Debug, Clone)]
pub struct Inventory {
    /// Who it is.
    pub identity: Identity,
    /// When it was looked at.
    pub at: Timestamp,
    /// Whether it is reached as a sub workspace, with the key of another one.
    pub acts_as: bool,
    /// Memberships and invitations.
    pub members: Option<Told<Vec<Member>>>,
    /// Keys.
    pub keys: Option<Told<Vec<KeyInfo>>>,
    /// Tags.
    pub tags: Option<Told<Vec<Tag>>>,
    /// What carries each tag.
    pub carried: Option<Told<Carriers>>,
    /// Links of the group it heads.
    pub links: Option<Told<Vec<Link>>>,
    /// Campaigns.
    pub campaigns: Option<Told<Vec<Campaign>>>,
    /// What each campaign sent and got in the period.
    pub counts: Option<Told<CampaignCounts>>,
    /// And in the period of equal length before.
    pub prior_counts: Option<Told<CampaignCounts>>,
    /// What all campaigns sent and got day by day.
    pub daily: Option<Told<DailyCounts>>,
    /// Sending accounts.
    pub accounts: Option<Told<Vec<SendingAccount>>>,
    /// What they sent day by day in the period.
    pub sent: Option<SentDaily>,
    /// Their warm-up day by day.
    pub warmups: Option<Warmups>,
    /// The trail.
    pub trail: Option<Told<TrailSeen>>,
    /// What it pays for.
    pub billing: Option<Told<Billing>>,
    /// Webhooks.
    pub webhooks: Option<Told<Vec<Webhook>>>,
    /// Lead lists.
    pub lists: Option<Told<Vec<LeadList>>>,
    /// Background jobs.
    pub jobs: Option<Told<Vec<Job>>>,
    /// How many requests each of its lists took that was read whole.
    pub sizes: Sizes,
    /// The least scopes that the key would have needed for what it was refused (403), in the fewest words.
    pub scopes_lacking: Vec<String>,
}

impl Inventory {
    /// A workspace of which nothing but its identity was asked.
    pub fn of(identity: Identity, at: Timestamp, acts_as: bool) -> Self {
        Self {
            identity,
            at,
            acts_as,
            members: None,
            keys: None,
            tags: None,
            carried: None,
            links: None,
            campaigns: None,
            counts: None,
            prior_counts: None,
            daily: None,
            accounts: None,
            sent: None,
            warmups: None,
            trail: None,
            billing: None,
            webhooks: None,
            lists: None,
            jobs: None,
            sizes: Sizes::default(),
            scopes_lacking: Vec::new(),
        }
    }
}
