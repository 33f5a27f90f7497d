//! Belongings for looking at: plain values, without secrets.

use super::jobs;
use super::trail;
use super::who::Who;
use crate::sim::name;
use crate::sim::paper::moment;
use crate::sim::state::State;
use crate::sim::world::World;

/// A campaign, for looking at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimCampaign {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Who owns it.
    pub owned_by: Option<String>,
    /// Who made it.
    pub created_by: Option<String>,
    /// The raw status.
    pub status: i64,
    /// Whether an AI sales agent runs it.
    pub by_agent: bool,
}

/// A lead list, for looking at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimLeadList {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Who owns it.
    pub owned_by: Option<String>,
    /// When it was made, as on the wire.
    pub timestamp_created: String,
}

/// A lead, for looking at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimLead {
    /// Its id.
    pub id: String,
    /// Who works on it.
    pub assigned_to: Option<String>,
    /// Who brought it in.
    pub uploaded_by: Option<String>,
    /// The campaign it is in.
    pub campaign: Option<String>,
    /// The list it is in.
    pub list_id: Option<String>,
}

/// A sending account, for looking at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimAccount {
    /// Its address.
    pub email: String,
    /// Who connected it.
    pub added_by: Option<String>,
    /// Who changed it last.
    pub modified_by: Option<String>,
    /// The raw status.
    pub status: i64,
}

/// A live key, for looking at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimKey {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its scopes.
    pub scopes: Vec<String>,
    /// When it was made, as on the wire.
    pub timestamp_created: String,
}

/// A webhook, for looking at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimWebhook {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// Where it delivers.
    pub target: String,
}

/// A background job, for looking at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimJob {
    /// Its id.
    pub id: String,
    /// Who started it.
    pub user_id: Option<String>,
    /// What it does.
    pub kind: String,
    /// How far it is.
    pub status: String,
}

/// A record of the trail, for looking at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimRecord {
    /// Its id.
    pub id: String,
    /// When, as on the wire.
    pub timestamp: String,
    /// The code.
    pub activity: i64,
    /// Who acted in the app.
    pub user_id: Option<String>,
    /// The key that acted over the API.
    pub api_key_id: Option<String>,
    /// The record as on the wire.
    pub json: String,
}

impl World {
    /// Returns the campaigns of a workspace in order of their ids; nothing where there is no such workspace. Like everything below, as the
    /// last request found them: what is late or accepted and not done lands with [`World::land_all`].
    pub fn campaigns(&self, name: &str) -> Vec<SimCampaign> {
        self.look(name, |state, at| {
            let all = state.workspaces[at].things.campaigns.iter().map(|campaign| SimCampaign {
                id: name::show(campaign.id),
                name: campaign.name.to_string(),
                owned_by: show(state, campaign.owner),
                created_by: show(state, campaign.creator),
                status: i64::from(campaign.status),
                by_agent: campaign.by_agent,
            });
            all.collect()
        })
    }

    /// Returns the lead lists of a workspace in the order they were made.
    pub fn lead_lists(&self, name: &str) -> Vec<SimLeadList> {
        self.look(name, |state, at| {
            let all = state.workspaces[at].things.lead_lists.iter().map(|list| SimLeadList {
                id: name::show(list.id),
                name: list.name.to_string(),
                owned_by: show(state, list.owner),
                timestamp_created: moment(list.created),
            });
            all.collect()
        })
    }

    /// Returns the leads of a workspace in order of their ids.
    pub fn leads(&self, name: &str) -> Vec<SimLead> {
        self.look(name, |state, at| {
            let Some(seed) = state.workspaces[at].things.seed else { return Vec::new() };
            let leads = &state.workspaces[at].things.leads;
            let all = (0..leads.len()).map(|number| SimLead {
                id: name::show(leads.id(seed, number)),
                assigned_to: show(state, leads.assigned(number)),
                uploaded_by: show(state, leads.run(number).uploaded_by),
                campaign: leads.run(number).campaign.map(name::show),
                list_id: leads.run(number).list.map(name::show),
            });
            all.collect()
        })
    }

    /// Returns the sending accounts of a workspace in the order they were connected.
    pub fn accounts(&self, name: &str) -> Vec<SimAccount> {
        self.look(name, |state, at| {
            let all = state.workspaces[at].things.accounts.iter().map(|account| SimAccount {
                email: account.email.to_string(),
                added_by: show(state, account.added_by),
                modified_by: show(state, account.modified_by),
                status: i64::from(account.status),
            });
            all.collect()
        })
    }

    /// Returns the live keys of a workspace in the order they came into the world, without their secrets ([`World::keys`] has all of those).
    pub fn api_keys(&self, name: &str) -> Vec<SimKey> {
        self.look(name, |state, at| {
            let all = state.live_keys(at).map(|key| SimKey {
                id: name::show(key.id),
                name: key.name.to_string(),
                scopes: key.scopes.iter().map(ToString::to_string).collect(),
                timestamp_created: moment(key.created),
            });
            all.collect()
        })
    }

    /// Returns the webhooks of a workspace in order of their ids.
    pub fn webhooks(&self, name: &str) -> Vec<SimWebhook> {
        self.look(name, |state, at| {
            let all = state.workspaces[at].things.webhooks.iter().map(|webhook| SimWebhook {
                id: name::show(webhook.id),
                name: webhook.name.as_deref().map(str::to_owned),
                target: webhook.target.to_string(),
            });
            all.collect()
        })
    }

    /// Returns the background jobs of a workspace in order of their ids.
    pub fn jobs(&self, name: &str) -> Vec<SimJob> {
        self.look(name, |state, at| {
            let all = state.workspaces[at].things.jobs.iter().map(|job| SimJob {
                id: jobs::show_id(job.id),
                user_id: show(state, job.user),
                kind: job.kind.to_string(),
                status: job.status.to_string(),
            });
            all.collect()
        })
    }

    /// Returns the trail of a workspace, the oldest record first.
    pub fn trail(&self, name: &str) -> Vec<SimRecord> {
        self.look(name, |state, at| {
            let all = state.workspaces[at].things.trail.iter().map(|record| SimRecord {
                id: name::show(record.id),
                timestamp: moment(name::millis(record.id)),
                activity: record.activity,
                user_id: show(state, record.user),
                api_key_id: record.key.map(|key| name::show(state.keys[key].id)),
                json: trail::show(state, at, record).to_string(),
            });
            all.collect()
        })
    }

    /// Returns the user id of a person, by an address that occurs in the world.
    pub fn user_id(&self, email: &str) -> Option<String> {
        self.with_state(|state| state.person_called(email).map(|person| name::show(person.user_id)))
    }

    pub(super) fn look<T>(&self, name: &str, look: impl FnOnce(&State, usize) -> Vec<T>) -> Vec<T> {
        self.with_state(|state| state.named(name).map_or_else(Vec::new, |at| look(state, at)))
    }
}

fn show(state: &State, who: Option<Who>) -> Option<String> {
    who.map(|who| name::show(state.users.id(who)))
}
