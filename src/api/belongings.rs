//! What people own and make, on the wire (contract sections 10 and 11): campaigns, lead lists, leads, sending accounts, keys, webhooks, jobs,
//! the trail.

use super::client::Client;
use super::error::Error;
use super::operation::Operation;
use super::page::Listing;
use crate::domain::{
    Campaign, CampaignId, Job, KeyInfo, Lead, LeadId, LeadList, SendingAccount, TrailRecord, UserId, Webhook,
    WorkspaceId,
};

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

impl Client {
    /// Lists the campaigns that `keep` wants, those run by AI sales agents too (contract section 11).
    pub async fn campaigns(
        &self,
        expected: &WorkspaceId,
        keep: impl FnMut(&Campaign) -> bool,
    ) -> Result<Listing<Campaign>, Error> {
        let _unused = (expected, keep);
        Err(self.misread(Operation::CampaignList, "not offered yet"))
    }

    /// Reads one campaign again.
    pub async fn campaign(&self, expected: &WorkspaceId, id: &CampaignId) -> Result<Campaign, Error> {
        let _unused = (expected, id);
        Err(self.misread(Operation::CampaignGet, "not offered yet"))
    }

    /// Lists the lead lists that `keep` wants.
    pub async fn lead_lists(
        &self,
        expected: &WorkspaceId,
        keep: impl FnMut(&LeadList) -> bool,
    ) -> Result<Listing<LeadList>, Error> {
        let _unused = (expected, keep);
        Err(self.misread(Operation::LeadListList, "not offered yet"))
    }

    /// Lists the leads that `keep` wants, over at most [`MOST_LEAD_PAGES`] pages.
    pub async fn leads(
        &self,
        expected: &WorkspaceId,
        query: &LeadsQuery,
        keep: impl FnMut(&Lead) -> bool,
    ) -> Result<Listing<Lead>, Error> {
        let _unused = (expected, query, keep);
        Err(self.misread(Operation::LeadsList, "not offered yet"))
    }

    /// Lists the sending accounts that `keep` wants.
    pub async fn sending_accounts(
        &self,
        expected: &WorkspaceId,
        keep: impl FnMut(&SendingAccount) -> bool,
    ) -> Result<Listing<SendingAccount>, Error> {
        let _unused = (expected, keep);
        Err(self.misread(Operation::AccountList, "not offered yet"))
    }

    /// Lists all API keys. Their secrets never leave decoding: only whether one is the key in use is told.
    pub async fn keys(&self, expected: &WorkspaceId) -> Result<Listing<KeyInfo>, Error> {
        let _unused = expected;
        Err(self.misread(Operation::KeyList, "not offered yet"))
    }

    /// Lists all webhooks, without their headers.
    pub async fn webhooks(&self, expected: &WorkspaceId) -> Result<Listing<Webhook>, Error> {
        let _unused = expected;
        Err(self.misread(Operation::WebhookList, "not offered yet"))
    }

    /// Lists the background jobs that `keep` wants.
    pub async fn jobs(&self, expected: &WorkspaceId, keep: impl FnMut(&Job) -> bool) -> Result<Listing<Job>, Error> {
        let _unused = (expected, keep);
        Err(self.misread(Operation::JobList, "not offered yet"))
    }

    /// Reads the audit log, of one activity or of all, a thousand records a page; `keep` sees every record, so that millions can be
    /// folded without being kept.
    pub async fn trail(
        &self,
        expected: &WorkspaceId,
        activity: Option<i64>,
        keep: impl FnMut(&TrailRecord) -> bool,
    ) -> Result<Listing<TrailRecord>, Error> {
        let _unused = (expected, activity, keep);
        Err(self.misread(Operation::TrailList, "not offered yet"))
    }
}
