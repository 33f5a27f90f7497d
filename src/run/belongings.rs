//! Reading what some people own, made or started in one workspace (contract section 11).
//!
//! A listing that cannot be read, or not whole, never ends a lane: what it would have shown is told as not seen. Where no account is known,
//! nothing can be told to be anybody's, and only the keys are read: an old one may still open the workspace.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::api::{Client, Error, LeadsQuery, Listing};
use crate::domain::belongings::activity;
use crate::domain::{KeyId, TrailRecord, UserId, WorkspaceId};
use crate::plan::{Activity, Belongings, Found};

/// Whose belongings are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quest {
    /// The accounts; none: the keys alone are looked at, and who made them.
    pub accounts: BTreeSet<UserId>,
    /// Whether the whole trail is read, or only the records of made keys and webhooks, as an offboarding needs them.
    pub whole_trail: bool,
    /// From which moment on the trail is read for when keys were last used; none does not read it for that.
    pub activity_since: Option<Timestamp>,
}

/// Reads everything the quest asks for; listings are read side by side, each paying the pace.
pub(super) async fn read(client: &Client, workspace: &WorkspaceId, quest: &Quest) -> Belongings {
    let Quest { accounts, whole_trail, activity_since } = quest;
    if accounts.is_empty() {
        let (keys, trail, activity) = futures::join!(
            client.keys(workspace),
            made(client, workspace, activity::KEY_CREATED),
            last_used(client, workspace, *activity_since),
        );
        return Belongings { keys: found(keys), trail, activity, ..Belongings::default() };
    }
    let theirs = |user: &Option<UserId>| user.as_ref().is_some_and(|user| accounts.contains(user));
    let query = LeadsQuery::AssignedTo(accounts.iter().cloned().collect());
    let (campaigns, lead_lists, leads, sending_accounts, keys, webhooks, jobs, trail, activity) = futures::join!(
        client.campaigns(workspace, |campaign| theirs(&campaign.owned_by) || theirs(&campaign.created_by)),
        client.lead_lists(workspace, |list| theirs(&list.owned_by)),
        client.leads(workspace, &query, |lead| theirs(&lead.assigned_to)),
        client.sending_accounts(workspace, |account| theirs(&account.added_by)),
        client.keys(workspace),
        client.webhooks(workspace),
        client.jobs(workspace, |job| theirs(&job.user_id)),
        trail(client, workspace, quest),
        last_used(client, workspace, *activity_since),
    );
    Belongings {
        accounts: accounts.clone(),
        campaigns: found(campaigns),
        lead_lists: found(lead_lists),
        leads: found(leads),
        sending_accounts: found(sending_accounts),
        keys: found(keys),
        webhooks: found(webhooks),
        jobs: found(jobs),
        trail,
        activity,
        whole_trail: *whole_trail,
    }
}

async fn trail(client: &Client, workspace: &WorkspaceId, quest: &Quest) -> Found<TrailRecord> {
    if quest.whole_trail {
        let makes = |record: &TrailRecord| matches!(record.activity, activity::KEY_CREATED | activity::WEBHOOK_CREATED);
        let theirs = |record: &TrailRecord| record.user_id.as_ref().is_some_and(|user| quest.accounts.contains(user));
        return found(client.trail(workspace, None, |record| makes(record) || theirs(record)).await);
    }
    let (mut keys, webhooks) = futures::join!(
        made(client, workspace, activity::KEY_CREATED),
        made(client, workspace, activity::WEBHOOK_CREATED),
    );
    keys.rows.extend(webhooks.rows);
    keys.incomplete = keys.incomplete.or(webhooks.incomplete);
    keys
}

/// The records of one kind, of everybody: a key that two records tie to two people is nobody's.
pub(super) async fn made(client: &Client, workspace: &WorkspaceId, activity: i64) -> Found<TrailRecord> {
    found(client.trail(workspace, Some(activity), |record| record.activity == activity).await)
}

/// Reads from a moment on when each key was last used. Of a trail of millions one moment a key is kept.
pub(super) async fn last_used(client: &Client, workspace: &WorkspaceId, since: Option<Timestamp>) -> Option<Activity> {
    let since = since?;
    let mut last: BTreeMap<KeyId, Timestamp> = BTreeMap::new();
    let mut odd = None;
    let listing = client.trail_since(workspace, since, |record| {
        if let Some(key) = &record.api_key_id {
            match record.at.parse::<Timestamp>() {
                // The API's filter narrows, it never decides.
                Ok(at) if at < since => {}
                Ok(at) => {
                    let newest = last.entry(key.clone()).or_insert(at);
                    *newest = at.max(*newest);
                }
                // It may be the newest of its key.
                Err(_no_moment) => odd = odd.take().or_else(|| Some(record.id.clone())),
            }
        }
        false
    });
    let unread = found(listing.await).incomplete;
    let incomplete = unread.or_else(|| odd.map(|id| format!("record `{id}` has no moment that can be read")));
    let last = last.into_iter().map(|(key, at)| (key, at.to_string())).collect();
    Some(Activity { since, last, incomplete })
}

pub(super) fn found<T>(listing: Result<Listing<T>, Error>) -> Found<T> {
    match listing {
        Ok(Listing { rows, complete, .. }) => Found { rows, incomplete: complete.err().map(|why| why.to_string()) },
        Err(error) => Found { rows: Vec::new(), incomplete: Some(error.to_string()) },
    }
}
