//! What campaigns sent and got, how warm sending accounts are, and what a workspace pays for (contract section 11).
//!
//! Owns counts and the rates that are made of them. A rate is never averaged: it is made of the sums of its counts. A count that was not told
//! is none, never zero.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::{CampaignId, Email};

/// Counts of one campaign, or of several, over a period.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Counts {
    /// Mails sent.
    pub sent: u64,
    /// Leads that got at least one.
    pub contacted: u64,
    /// Mails opened, each lead once.
    pub opened: u64,
    /// Replies of people, each lead once; automatic ones are not among them.
    pub replied: u64,
    /// Automatic replies, each lead once; none where the API did not tell.
    pub replied_automatic: Option<u64>,
    /// Mails that bounced.
    pub bounced: u64,
    /// Leads that took themselves off.
    pub unsubscribed: u64,
    /// Opportunities.
    pub opportunities: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        let Self { sent, contacted, opened, replied, replied_automatic, bounced, unsubscribed, opportunities } = other;
        self.sent = self.sent.saturating_add(sent);
        self.contacted = self.contacted.saturating_add(contacted);
        self.opened = self.opened.saturating_add(opened);
        self.replied = self.replied.saturating_add(replied);
        self.replied_automatic = match (self.replied_automatic, replied_automatic) {
            (None, None) => None,
            (one, other) => Some(one.unwrap_or_default().saturating_add(other.unwrap_or_default())),
        };
        self.bounced = self.bounced.saturating_add(bounced);
        self.unsubscribed = self.unsubscribed.saturating_add(unsubscribed);
        self.opportunities = self.opportunities.saturating_add(opportunities);
    }
}

/// What all campaigns of a workspace together sent and got on one day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DayCounts {
    /// Mails sent.
    pub sent: u64,
    /// Leads contacted.
    pub contacted: u64,
    /// Mails opened, each lead once.
    pub opened: u64,
    /// Replies, each lead once, automatic ones taken off where the API tells them.
    pub replied: u64,
    /// Opportunities.
    pub opportunities: u64,
}

/// Counts by campaign; of a campaign that never sent the API tells nothing, and that is zero.
pub type CampaignCounts = BTreeMap<CampaignId, Counts>;

/// Counts by day; a day that is not told was without mail.
pub type DailyCounts = BTreeMap<Date, DayCounts>;

/// Warm-up of one account on one day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Warm {
    /// Warm-up mails sent.
    pub sent: u64,
    /// Of those, landed in an inbox.
    pub inbox: u64,
    /// Of those, landed in spam.
    pub spam: u64,
    /// Warm-up mails received.
    pub received: u64,
}

/// What was seen of some accounts' warm-up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Warmups {
    /// Of each account, by day.
    pub days: BTreeMap<Email, BTreeMap<Date, Warm>>,
    /// The score of each account, of 100.
    pub scores: BTreeMap<Email, u64>,
    /// The accounts of which nothing can be said: never zero.
    pub unseen: BTreeSet<Email>,
    /// Why.
    pub incomplete: Option<String>,
}

/// One subscription of a workspace; every member may be untold.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Subscription {
    /// What it is for: `outreach`, `credits`, …, the API's word.
    pub product: String,
    /// The plan's name.
    pub plan: Option<String>,
    /// The API's id of the product.
    pub product_id: Option<String>,
    /// How often it is paid, the API's word.
    pub interval: Option<String>,
    /// Its price a period, in cents of a dollar.
    pub price_cents: Option<i64>,
    /// How many of it.
    pub quantity: Option<i64>,
    /// When the paid period ends, Unix seconds as the API has it.
    pub period_end: Option<i64>,
    /// When it is to end for good, Unix seconds.
    pub cancel_at: Option<i64>,
    /// What it allows of its own unit: leads, credits.
    pub limit: Option<i64>,
    /// What of that is used; of credits what is gone.
    pub used: Option<i64>,
}

/// What a workspace pays for.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Billing {
    /// Its subscriptions, by product.
    pub subscriptions: Vec<Subscription>,
    /// Whether all were cancelled; none where that was not told.
    pub all_cancelled: Option<bool>,
}
