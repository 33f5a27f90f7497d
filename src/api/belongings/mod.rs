//! What people own and make, on the wire (contract sections 9 to 11): campaigns, lead lists, leads, sending accounts, keys, tags, webhooks,
//! jobs, the trail, and the links of a group.
//!
//! Owns the wire forms, one file a resource, and which page of what is asked for. Whose a thing is, and what follows from that, is for
//! whoever asks.

mod account_daily;
mod account_warmup;
mod accounts;
mod analytics;
mod billing;
mod campaigns;
mod jobs;
mod keys;
mod lead_lists;
mod leads;
mod links;
mod row;
mod tags;
mod trail;
mod trail_lines;
mod webhooks;

#[cfg(test)]
mod figures_tests;
#[cfg(test)]
mod read_tests;
#[cfg(test)]
mod tags_tests;
#[cfg(test)]
mod walk_tests;
#[cfg(test)]
mod write_tests;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::classify::decode;
use super::client::Client;
use super::error::Error;
use super::operation::Operation;
use super::page::{Incomplete, LIMIT, Listing, Pager, TRAIL_LIMIT};
use crate::domain::{
    Campaign, CampaignId, Job, KeyInfo, Lead, LeadId, LeadList, Link, SendingAccount, TrailRecord, UserId, Webhook,
    WorkspaceId,
};

pub(super) use campaigns::{PATH as CAMPAIGNS, decode_campaign};
pub use keys::MadeKey;
pub(super) use keys::{PATH as KEYS, decode_deleted, decode_made};
pub(super) use lead_lists::{PATH as LEAD_LISTS, decode_lead_list};
pub(super) use leads::{ASSIGN, decode_accepted};
pub use links::Above;
pub(super) use links::{PATH as LINKS, decode_invited, decode_removed};
pub use tags::Mappings;
pub use trail_lines::{TrailFailure, TrailFilter, TrailRead};

/// Which leads to list. The API's filters narrow, they never decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeadsQuery {
    /// Those assigned to one of these people.
    AssignedTo(Vec<UserId>),
    /// Exactly these.
    Ids(Vec<LeadId>),
}

/// The most pages of one listing of leads: a workspace can hold millions, and an API that drops the filter would list them all.
pub const MOST_LEAD_PAGES: usize = 100;

impl LeadsQuery {
    /// Returns the filter, or nothing where nobody's leads, and none, are asked for: an empty filter would mean all of them.
    fn filter(&self) -> Option<(&'static str, Value)> {
        let (name, texts): (_, Vec<Value>) = match self {
            Self::AssignedTo(people) => {
                ("organization_user_ids", people.iter().map(|id| Value::from(id.as_str())).collect())
            }
            Self::Ids(leads) => ("ids", leads.iter().map(|id| Value::from(id.as_str())).collect()),
        };
        (!texts.is_empty()).then_some((name, Value::Array(texts)))
    }
}

impl Client {
    /// Lists the campaigns that `keep` wants, those run by AI sales agents too (contract section 11).
    pub async fn campaigns(
        &self,
        expected: &WorkspaceId,
        mut keep: impl FnMut(&Campaign) -> bool,
    ) -> Result<Listing<Campaign>, Error> {
        let take = |pager: &mut Pager, body: &[u8]| {
            Ok(pager.take(decode(body)?, |row: campaigns::CampaignRow<'_>| row.check(expected)))
        };
        // Without it, since about September 2026, they are left out.
        let mut pager = Pager::new(campaigns::PATH, LIMIT, &[("include_ai_sales_agent_campaigns", "true")]);
        match self.walk(Operation::CampaignList, &mut pager, take, &mut keep).await {
            // An API that does not know the parameter leaves nothing out without it.
            Err(Error::Refused { status: 400, .. }) if pager.is_at_start() => {
                let mut pager = Pager::new(campaigns::PATH, LIMIT, &[]);
                self.walk(Operation::CampaignList, &mut pager, take, keep).await
            }
            other => other,
        }
    }

    /// Reads one campaign again; one that is gone is `Refused` as [`Missing`](super::Refusal::Missing).
    pub async fn campaign(&self, expected: &WorkspaceId, id: &CampaignId) -> Result<Campaign, Error> {
        let path = format!("{}/{id}", campaigns::PATH);
        self.one(Operation::CampaignGet, path, |body| decode_campaign(body, expected, id)).await
    }

    /// Lists the lead lists that `keep` wants.
    pub async fn lead_lists(
        &self,
        expected: &WorkspaceId,
        keep: impl FnMut(&LeadList) -> bool,
    ) -> Result<Listing<LeadList>, Error> {
        let mut pager = Pager::new(lead_lists::PATH, LIMIT, &[]);
        let take = |pager: &mut Pager, body: &[u8]| {
            Ok(pager.take(decode(body)?, |row: lead_lists::LeadListRow<'_>| row.check(expected)))
        };
        self.walk(Operation::LeadListList, &mut pager, take, keep).await
    }

    /// Lists the leads that `keep` wants, over at most [`MOST_LEAD_PAGES`] pages. A query for nobody's leads sends nothing.
    pub async fn leads(
        &self,
        expected: &WorkspaceId,
        query: &LeadsQuery,
        keep: impl FnMut(&Lead) -> bool,
    ) -> Result<Listing<Lead>, Error> {
        let Some((name, value)) = query.filter() else { return Ok(Listing::default()) };
        let filters = Map::from_iter([(name.to_owned(), value)]);
        let mut pager = Pager::posting(leads::LIST, filters).at_most(MOST_LEAD_PAGES, Incomplete::TooManyLeads);
        let take = |pager: &mut Pager, body: &[u8]| {
            Ok(pager.take(decode(body)?, |row: leads::LeadRow<'_>| row.check(expected)))
        };
        self.walk(Operation::LeadsList, &mut pager, take, keep).await
    }

    /// Lists the sending accounts that `keep` wants.
    pub async fn sending_accounts(
        &self,
        expected: &WorkspaceId,
        keep: impl FnMut(&SendingAccount) -> bool,
    ) -> Result<Listing<SendingAccount>, Error> {
        self.accounts_of(expected, &[], keep).await
    }

    /// Lists the sending accounts that `keep` wants, each with its tags.
    pub async fn tagged_accounts(
        &self,
        expected: &WorkspaceId,
        keep: impl FnMut(&SendingAccount) -> bool,
    ) -> Result<Listing<SendingAccount>, Error> {
        self.accounts_of(expected, &[("include_tags", "true")], keep).await
    }

    async fn accounts_of(
        &self,
        expected: &WorkspaceId,
        filter: &[(&str, &str)],
        keep: impl FnMut(&SendingAccount) -> bool,
    ) -> Result<Listing<SendingAccount>, Error> {
        let mut pager = Pager::new(accounts::PATH, LIMIT, filter);
        let take = |pager: &mut Pager, body: &[u8]| {
            Ok(pager.take(decode(body)?, |row: accounts::AccountRow<'_>| row.check(expected)))
        };
        self.walk(Operation::AccountList, &mut pager, take, keep).await
    }

    /// Lists all API keys. Their secrets never leave decoding: only whether one is the key in use is told.
    pub async fn keys(&self, expected: &WorkspaceId) -> Result<Listing<KeyInfo>, Error> {
        let own = self.access().key();
        let mut pager = Pager::new(keys::PATH, LIMIT, &[]);
        let take = |pager: &mut Pager, body: &[u8]| {
            Ok(pager.take(decode(body)?, |row: keys::KeyRow<'_>| row.check(expected, own)))
        };
        self.walk(Operation::KeyList, &mut pager, take, |_| true).await
    }

    /// Lists the links of the group that this workspace heads (contract section 9). A row that names another admin workspace is of another
    /// group, and then the listing is not complete.
    pub async fn links(&self, expected: &WorkspaceId) -> Result<Listing<Link>, Error> {
        let mut pager = Pager::new(links::PATH, LIMIT, &[]);
        let take = |pager: &mut Pager, body: &[u8]| {
            Ok(pager.take(decode(body)?, |row: links::LinkRow<'_>| row.check(expected)))
        };
        self.walk(Operation::LinkList, &mut pager, take, |_| true).await
    }

    /// Asks which group this workspace is in, as a sub workspace; none is in none.
    pub async fn link_admin(&self) -> Result<Option<Above>, Error> {
        self.one(Operation::LinkAdmin, links::ADMIN.to_owned(), links::decode_above).await
    }

    /// Lists all webhooks, without their headers.
    pub async fn webhooks(&self, expected: &WorkspaceId) -> Result<Listing<Webhook>, Error> {
        let mut pager = Pager::new(webhooks::PATH, LIMIT, &[]);
        let mut targets = webhooks::Targets::default();
        let take = |pager: &mut Pager, body: &[u8]| {
            Ok(pager.take(decode(body)?, |row: webhooks::WebhookRow<'_>| row.check(expected, &mut targets)))
        };
        self.walk(Operation::WebhookList, &mut pager, take, |_| true).await
    }

    /// Lists the background jobs that `keep` wants.
    pub async fn jobs(&self, expected: &WorkspaceId, keep: impl FnMut(&Job) -> bool) -> Result<Listing<Job>, Error> {
        let mut pager = Pager::new(jobs::PATH, LIMIT, &[]);
        let take =
            |pager: &mut Pager, body: &[u8]| Ok(pager.take(decode(body)?, |row: jobs::JobRow<'_>| row.check(expected)));
        self.walk(Operation::JobList, &mut pager, take, keep).await
    }

    /// Reads the audit log, of one activity or of all, a thousand records a page; `keep` sees every record, so that millions can be
    /// folded without being kept.
    pub async fn trail(
        &self,
        expected: &WorkspaceId,
        activity: Option<i64>,
        keep: impl FnMut(&TrailRecord) -> bool,
    ) -> Result<Listing<TrailRecord>, Error> {
        let code = activity.map(|code| code.to_string());
        let filter: Vec<(&str, &str)> = code.iter().map(|code| ("activity_type", code.as_str())).collect();
        self.trail_of(expected, &filter, keep).await
    }

    /// Reads the audit log from about a moment on, of all activities. Whether the API's `start_date` takes in its own day, and whose midnight
    /// it means, is unpublished (contract section 10): a day more is asked for, and older records may come. Which of them count is for
    /// `keep` to judge by their own moments.
    pub async fn trail_since(
        &self,
        expected: &WorkspaceId,
        since: Timestamp,
        keep: impl FnMut(&TrailRecord) -> bool,
    ) -> Result<Listing<TrailRecord>, Error> {
        self.trail_of(expected, &[("start_date", &asked_from(since))], keep).await
    }

    /// Reads the records of one activity from about a moment on, as [`trail_since`](Self::trail_since) does those of all.
    pub async fn trail_of_since(
        &self,
        expected: &WorkspaceId,
        activity: i64,
        since: Timestamp,
        keep: impl FnMut(&TrailRecord) -> bool,
    ) -> Result<Listing<TrailRecord>, Error> {
        let (code, from) = (activity.to_string(), asked_from(since));
        self.trail_of(expected, &[("activity_type", &code), ("start_date", &from)], keep).await
    }

    async fn trail_of(
        &self,
        expected: &WorkspaceId,
        filter: &[(&str, &str)],
        keep: impl FnMut(&TrailRecord) -> bool,
    ) -> Result<Listing<TrailRecord>, Error> {
        let mut pager = Pager::new(trail::PATH, TRAIL_LIMIT, filter);
        let take = |pager: &mut Pager, body: &[u8]| {
            Ok(pager.take(decode(body)?, |row: trail::TrailRow<'_>| row.check(expected)))
        };
        self.walk(Operation::TrailList, &mut pager, take, keep).await
    }
}

/// Returns the day from which records are asked for that are to be those since a moment.
fn asked_from(since: Timestamp) -> String {
    let from = since.saturating_sub(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MIN);
    from.to_zoned(TimeZone::UTC).date().to_string()
}
