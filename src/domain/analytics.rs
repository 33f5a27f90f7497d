//! What campaigns sent and got, how warm sending accounts are, and what a workspace pays for (contract section 11).
//!
//! Owns counts and the rates that are made of them. A rate is never averaged: it is made of the sums of its counts. A count that was not told
//! is none, never zero.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;

use super::{CampaignId, Email, Rate};

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

impl Counts {
    /// What is known of a campaign that never sent: nothing of anything.
    pub const NOTHING: Self = Self {
        sent: 0,
        contacted: 0,
        opened: 0,
        replied: 0,
        replied_automatic: Some(0),
        bounced: 0,
        unsubscribed: 0,
        opportunities: 0,
    };

    /// Of the leads that got a mail, the part that opened one.
    pub fn open_rate(&self) -> Option<Rate> {
        Rate::of(self.opened, self.contacted)
    }

    /// Of the leads that got a mail, the part that replied.
    pub fn reply_rate(&self) -> Option<Rate> {
        Rate::of(self.replied, self.contacted)
    }

    /// Of the mails sent, the part that bounced.
    pub fn bounce_rate(&self) -> Option<Rate> {
        Rate::of(self.bounced, self.sent)
    }

    /// Of the leads that got a mail, the part that became an opportunity.
    pub fn opportunity_rate(&self) -> Option<Rate> {
        Rate::of(self.opportunities, self.contacted)
    }
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

impl DayCounts {
    /// Of the leads contacted on the day, as many as opened a mail on it.
    pub fn open_rate(&self) -> Option<Rate> {
        Rate::of(self.opened, self.contacted)
    }

    /// Of the leads contacted on the day, as many as replied on it.
    pub fn reply_rate(&self) -> Option<Rate> {
        Rate::of(self.replied, self.contacted)
    }
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

/// How a subscription stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Paid {
    /// It is paid until a day to come, and goes on.
    Active,
    /// It is paid, and ends for good at a moment to come.
    Ending,
    /// Its end has come.
    Ended,
    /// What was paid for is over, and nothing says that it was to end.
    Lapsed,
    /// Nothing is subscribed to under this product.
    Nothing,
    /// The API does not say enough.
    Unknown,
}

impl Paid {
    /// Returns the word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Ending => "ending",
            Self::Ended => "ended",
            Self::Lapsed => "lapsed",
            Self::Nothing => "none",
            Self::Unknown => "unknown",
        }
    }
}

impl Subscription {
    /// Tells how it stands at a moment.
    pub fn paid(&self, at: Timestamp) -> Paid {
        let now = at.as_second();
        match (self.cancel_at, self.period_end) {
            _ if self.plan.is_none() && self.product_id.is_none() && self.price_cents.is_none() => Paid::Nothing,
            (Some(end), _) if end <= now => Paid::Ended,
            (_, Some(paid_until)) if paid_until < now => Paid::Lapsed,
            (Some(_), _) => Paid::Ending,
            (None, Some(_)) => Paid::Active,
            (None, None) => Paid::Unknown,
        }
    }
}

/// What a workspace pays for.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Billing {
    /// Its subscriptions, by product.
    pub subscriptions: Vec<Subscription>,
    /// Whether all were cancelled; none where that was not told.
    pub all_cancelled: Option<bool>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_made_of_the_sums_of_its_counts_and_nothing_has_none() {
        let counts =
            |sent, contacted, replied, bounced| Counts { sent, contacted, replied, bounced, ..Counts::NOTHING };
        let (small, large) = (counts(10, 10, 5, 1), counts(990, 490, 5, 1));
        let mut both = small;
        both += large;
        assert_eq!(small.reply_rate().unwrap().to_string(), "50%");
        assert_eq!(both.reply_rate().unwrap().to_string(), "2%", "not the middle of 50% and 1.02%");
        assert_eq!(both.bounce_rate().unwrap().to_string(), "0.2%");
        assert_eq!(Counts::NOTHING.reply_rate(), None);
        assert_eq!(DayCounts { replied: 1, ..DayCounts::default() }.reply_rate(), None);
    }

    #[test]
    fn a_subscription_is_said_to_be_no_more_than_the_api_tells() {
        let at: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let (before, after) = (at.as_second() - 1, at.as_second() + 1);
        let paid = |cancel_at, period_end| {
            let plan = Some("Hypergrowth".to_owned());
            Subscription { plan, period_end, cancel_at, ..Subscription::default() }.paid(at)
        };
        assert_eq!(paid(None, Some(after)), Paid::Active);
        assert_eq!(paid(Some(after), Some(after)), Paid::Ending);
        assert_eq!(paid(Some(before), Some(after)), Paid::Ended);
        assert_eq!(paid(None, Some(before)), Paid::Lapsed);
        assert_eq!(paid(None, None), Paid::Unknown);
        let other = Subscription { product: "crm".to_owned(), period_end: Some(after), ..Subscription::default() };
        assert_eq!(other.paid(at), Paid::Nothing);
    }
}
