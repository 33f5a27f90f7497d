//! What one person is or left in one workspace: a value that is shown, kept in the ledger and certified.

use std::collections::BTreeSet;

use super::keys;
use super::observed::{Belongings, Found, Observed};
use super::person::{self, Person};
use crate::domain::belongings::activity;
use crate::domain::{Email, Job, Member, TrailRecord, UserId, WebhookId};

/// Something a person owns, made or added.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Trace {
    /// Its id; of a sending account the address.
    pub id: String,
    /// What a person would recognize it by.
    pub name: String,
    /// The record of the trail that ties it to the person, where that is what does.
    pub record: Option<String>,
}

/// A number that may be a bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Count {
    /// At least so many.
    pub count: u64,
    /// Whether it is all there is.
    pub exact: bool,
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = if self.exact { self.count.to_string() } else { format!("≥ {}", self.count) };
        f.pad(&text)
    }
}

/// What the trail tells of somebody's doings; none of it says that there was no more.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Activity {
    /// The last record of any kind: its moment and its code.
    pub last: Option<(String, i64)>,
    /// The last login.
    pub last_login: Option<String>,
    /// Logins that are recorded.
    pub logins: u64,
    /// The last record about a second factor: its moment and its code.
    pub last_mfa: Option<(String, i64)>,
    /// The last export of leads: its moment.
    pub last_export: Option<String>,
    /// Exports of leads that are recorded.
    pub exports: u64,
    /// The leads these exports were about, as far as their records say.
    #[serde(default)]
    pub leads_exported: u64,
}

/// A listing that could not be read, or not whole.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Unseen {
    /// The listing: the API's resource.
    pub listing: String,
    /// Why.
    pub reason: String,
}

/// What one person is or left in one workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Traces {
    /// The accounts the person is known by here: of their rows, and of rows the ledger saw before.
    pub accounts: BTreeSet<UserId>,
    /// Their memberships and invitations.
    pub rows: Vec<Member>,
    /// Rows under another address that bear one of their accounts.
    #[serde(default)]
    pub same_account: Vec<Member>,
    /// Whether it cannot be told whose these rows are.
    pub ambiguous: bool,
    /// Campaigns they own.
    pub campaigns: Vec<Trace>,
    /// Campaigns they made, whoever owns them: a hand-over does not change who made one.
    pub campaigns_created: Vec<Trace>,
    /// Lead lists they own.
    pub lead_lists: Vec<Trace>,
    /// Leads assigned to them.
    pub leads: Count,
    /// Sending accounts they added.
    pub sending_accounts: Vec<Trace>,
    /// Keys that a record of the trail ties to them.
    pub keys: Vec<Trace>,
    /// Keys whose name a record of theirs bears, and that no record ties to anybody: it cannot be told whether it is this one.
    #[serde(default)]
    pub keys_by_name: Vec<Trace>,
    /// Keys that may be theirs for all that is known: no record tells who made them, or, where no account of the person is known, the
    /// record names somebody who is no member today.
    pub keys_of_unknown_maker: Vec<Trace>,
    /// The key keyholder speaks with here, unless it is theirs: whoever knows it is in.
    #[serde(default)]
    pub key_in_use: Option<Trace>,
    /// Webhooks that a record of the trail ties to them.
    pub webhooks: Vec<Trace>,
    /// Webhooks whose maker no record tells.
    pub webhooks_of_unknown_maker: Vec<Trace>,
    /// Their background jobs that have not ended.
    pub jobs: Vec<Trace>,
    /// What the trail tells of their doings; none where it was not asked.
    pub activity: Option<Activity>,
    /// What could not be seen. An empty list: everything here is complete.
    pub unseen: Vec<Unseen>,
    /// Whether belongings could be looked for at all: without an account nothing can be told to be theirs.
    pub looked: bool,
    /// Whether the keys were asked for; without an account that is all there is to ask.
    #[serde(default)]
    pub keys_read: bool,
}

impl Traces {
    /// Reads from an observed workspace what one person is or left there. `known` are accounts the ledger knows the person by here.
    pub fn of(observed: &Observed, email: &Email, known: &BTreeSet<UserId>) -> Self {
        let (rows, ambiguous) = match person::find(&observed.members, email) {
            Person::Nobody => (Vec::new(), false),
            Person::Rows(rows) => (rows, false),
            Person::Ambiguous(rows) => (rows, true),
        };
        let accounts = accounts_of(observed, email, known);
        let is_their_row = |row: &Member| rows.iter().any(|theirs| theirs.id == row.id);
        let others = || observed.members.iter().filter(|row| !is_their_row(row));
        let same_account = others().filter(|row| row.user_id.as_ref().is_some_and(|user| accounts.contains(user)));
        let same_account: Vec<Member> = same_account.cloned().collect();
        let others: BTreeSet<&UserId> = others().filter_map(|row| row.user_id.as_ref()).collect();
        let mut traces = Self { rows: rows.into_iter().cloned().collect(), same_account, ambiguous, ..Self::default() };
        if let Some(reason) = &observed.incomplete {
            traces.unseen.push(Unseen { listing: "workspace-members".to_owned(), reason: reason.clone() });
        }
        if let Some(belongings) = observed.belongings.as_deref() {
            // What was read for somebody else's sake tells nothing of who has no account here, and lacks nothing of theirs.
            if !accounts.is_empty() {
                traces.take(belongings, &accounts);
            }
            traces.note_unseen(belongings, |listing| {
                !accounts.is_empty() || ["api-keys", "audit-logs"].contains(&listing)
            });
            traces.take_keys(belongings, &accounts, &others);
        }
        traces.accounts = accounts;
        traces
    }

    fn take(&mut self, belongings: &Belongings, accounts: &BTreeSet<UserId>) {
        let theirs = |user: &Option<UserId>| user.as_ref().is_some_and(|user| accounts.contains(user));
        // Looked for is what every account of theirs was asked for: what an account nobody asked for owns was not kept.
        self.looked = !accounts.is_empty() && accounts.is_subset(&belongings.accounts);
        for campaign in &belongings.campaigns.rows {
            let trace = Trace::new(campaign.id.as_str(), &campaign.name);
            if theirs(&campaign.owned_by) {
                self.campaigns.push(trace.clone());
            }
            if theirs(&campaign.created_by) {
                self.campaigns_created.push(trace);
            }
        }
        let lists = belongings.lead_lists.rows.iter().filter(|list| theirs(&list.owned_by));
        self.lead_lists = lists.map(|list| Trace::new(list.id.as_str(), &list.name)).collect();
        let leads = belongings.leads.rows.iter().filter(|lead| theirs(&lead.assigned_to)).count();
        self.leads = Count {
            count: u64::try_from(leads).unwrap_or(u64::MAX),
            exact: self.looked && belongings.leads.incomplete.is_none(),
        };
        let added = belongings.sending_accounts.rows.iter().filter(|account| theirs(&account.added_by));
        self.sending_accounts = added.map(|account| Trace::new(&account.email, &account.email)).collect();
        for webhook in &belongings.webhooks.rows {
            let target = &webhook.target;
            let name = webhook.name.as_ref().map_or_else(|| target.clone(), |name| format!("{name}, to {target}"));
            match maker_of_webhook(&webhook.id, &belongings.trail) {
                Some(record) if theirs(&record.user_id) => {
                    self.webhooks.push(Trace::by(webhook.id.as_str(), &name, record));
                }
                Some(_) => {}
                None => self.webhooks_of_unknown_maker.push(Trace::new(webhook.id.as_str(), &name)),
            }
        }
        let jobs = belongings.jobs.rows.iter().filter(|job| theirs(&job.user_id) && !job.is_over());
        self.jobs = jobs.map(|Job { id, kind, status, .. }| Trace::new(id, &format!("{kind}, {status}"))).collect();
        if belongings.whole_trail {
            let records = belongings.trail.rows.iter().filter(|record| theirs(&record.user_id));
            self.activity = Some(Activity::of(records));
        }
        for account in accounts.difference(&belongings.accounts) {
            let reason = format!("what account {account} owns was not looked for");
            self.unseen.push(Unseen { listing: "belongings".to_owned(), reason });
        }
    }

    /// Tells the keys apart. `others` are the accounts of all rows that are not the person's.
    fn take_keys(&mut self, belongings: &Belongings, accounts: &BTreeSet<UserId>, others: &BTreeSet<&UserId>) {
        self.keys_read = true;
        for key in &belongings.keys.rows {
            let record = keys::maker(key, belongings);
            let maker = record.and_then(|record| record.user_id.as_ref());
            let trace = Trace::new(key.id.as_str(), &key.name);
            if let Some(record) = keys::same_name(key, belongings, accounts) {
                self.keys_by_name.push(Trace::by(key.id.as_str(), &key.name, record));
                if key.in_use == Some(true) {
                    self.key_in_use = Some(trace);
                }
                continue;
            }
            match (record, maker) {
                (Some(record), Some(maker)) if accounts.contains(maker) => {
                    self.keys.push(Trace::by(key.id.as_str(), &key.name, record));
                }
                _ if key.in_use == Some(true) => self.key_in_use = Some(trace),
                // Of whose accounts none is known may have had the one that made it, unless somebody else has it today.
                (_, Some(maker)) if !accounts.is_empty() || others.contains(maker) => {}
                _ => self.keys_of_unknown_maker.push(trace),
            }
        }
    }

    fn note_unseen(&mut self, belongings: &Belongings, matters: impl Fn(&str) -> bool) {
        let listings = [
            ("campaigns", &belongings.campaigns.incomplete),
            ("lead-lists", &belongings.lead_lists.incomplete),
            ("leads", &belongings.leads.incomplete),
            ("accounts", &belongings.sending_accounts.incomplete),
            ("api-keys", &belongings.keys.incomplete),
            ("webhooks", &belongings.webhooks.incomplete),
            ("background-jobs", &belongings.jobs.incomplete),
            ("audit-logs", &belongings.trail.incomplete),
        ];
        for (listing, reason) in listings.into_iter().filter(|(listing, _)| matters(listing)) {
            if let Some(reason) = reason {
                self.unseen.push(Unseen { listing: listing.to_owned(), reason: reason.clone() });
            }
        }
    }
}

impl Trace {
    fn new(id: &str, name: &str) -> Self {
        Self { id: id.to_owned(), name: name.to_owned(), record: None }
    }

    fn by(id: &str, name: &str, record: &TrailRecord) -> Self {
        Self { record: Some(record.id.clone()), ..Self::new(id, name) }
    }
}

impl Activity {
    fn of<'a>(records: impl Iterator<Item = &'a TrailRecord>) -> Self {
        let mut told = Self::default();
        let later = |seen: &mut Option<String>, at: &str| {
            if seen.as_deref().is_none_or(|seen| moment(seen) < moment(at)) {
                *seen = Some(at.to_owned());
            }
        };
        let later_code = |seen: &mut Option<(String, i64)>, record: &TrailRecord| {
            let is_later = |(at, code): &(String, i64)| (moment(at), *code) < (moment(&record.at), record.activity);
            if seen.as_ref().is_none_or(is_later) {
                *seen = Some((record.at.clone(), record.activity));
            }
        };
        for record in records {
            later_code(&mut told.last, record);
            match record.activity {
                activity::LOGIN => {
                    told.logins += 1;
                    later(&mut told.last_login, &record.at);
                }
                activity::LEADS_EXPORTED => {
                    told.exports += 1;
                    told.leads_exported = told.leads_exported.saturating_add(record.affected.unwrap_or_default());
                    later(&mut told.last_export, &record.at);
                }
                code if activity::MFA.contains(&code) => later_code(&mut told.last_mfa, record),
                _ => {}
            }
        }
        told
    }
}

/// When something was, to compare by: the API writes moments with milliseconds or without (contract section 12), and texts of both do not
/// sort by time. What is no moment is earlier than all that are.
fn moment(at: &str) -> (Option<jiff::Timestamp>, &str) {
    (at.parse().ok(), at)
}

/// The accounts a person is known by in a workspace. Rows of which it cannot be told whose they are tell none.
pub fn accounts_of(observed: &Observed, email: &Email, known: &BTreeSet<UserId>) -> BTreeSet<UserId> {
    let rows = person::find(&observed.members, email).surely();
    rows.into_iter().filter_map(|row| row.user_id.clone()).chain(known.iter().cloned()).collect()
}

/// Finds the record that ties a webhook to its maker.
fn maker_of_webhook<'a>(webhook: &WebhookId, trail: &'a Found<TrailRecord>) -> Option<&'a TrailRecord> {
    let names = |record: &&TrailRecord| {
        record.activity == activity::WEBHOOK_CREATED && record.webhook_id.as_ref() == Some(webhook)
    };
    sole(trail.rows.iter().filter(names))
}

/// Of records that are all by the same person the one with the least id: the order of a listing must not choose it.
pub(super) fn sole<'a>(records: impl Iterator<Item = &'a TrailRecord>) -> Option<&'a TrailRecord> {
    let records: Vec<&TrailRecord> = records.collect();
    let first = records.iter().copied().min_by(|a, b| a.id.cmp(&b.id))?;
    (first.user_id.is_some() && records.iter().all(|other| other.user_id == first.user_id)).then_some(first)
}

#[cfg(test)]
pub(super) mod tests;
