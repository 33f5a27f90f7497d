//! What a lane knows of belongings while it writes, and whether a hand-over or a revocation still rests on what it rested on.
//!
//! Each listing is read once, when the first step that needs it is due, and again when it is old or a doubt came up: a request a thing
//! would double what an offboarding costs. A listing that cannot be read never ends a lane, for access goes first: what rests on it is
//! held, and the membership is removed all the same.

use std::time::Duration;

use tokio::time::Instant;

use super::footing::Footing;
use super::hand::Hand;
use super::tagging::Tags;
use super::whose::{self, Owners, Unread, Wanted, Whose};
use super::work::Task;
use crate::api::Error;
use crate::domain::{CampaignId, Change, Held, KeyId, KeyInfo, LeadId, LeadListId, Link, RestsOn, Step, Thing, UserId};
use crate::plan::{Found, keys::in_use};

/// How old a listing of belongings or tags may be when a step rests on it. Two hundred campaigns are two pages and 200 writes, one after the other:
/// some 30 to 60 seconds, so this costs a handful of requests where a look at each thing would cost 200. Who gives a campaign to somebody
/// else within this time loses it to the heir, and can be given it again; nothing is lost by it, as would be by a removal. Fifty assignments
/// of a tag to a hundred things take some seconds; who renames it within this time finds it assigned all the same, for it goes by its id.
pub(super) const FRESH: Duration = Duration::from_secs(30);

/// A listing, and when it was read. One that could not be read is not read again in the same lane: its steps would each wait for it.
#[derive(Debug)]
pub(super) struct Read<T> {
    pub(super) rows: Result<T, Unread>,
    pub(super) at: Instant,
}

/// The belongings of a lane, as last read.
#[derive(Debug)]
pub(super) struct Things {
    wanted: Wanted,
    campaigns: Option<Read<Owners<CampaignId>>>,
    lead_lists: Option<Read<Owners<LeadListId>>>,
    keys: Option<Read<Found<KeyInfo>>>,
    pub(super) tags: Tags,
    pub(super) links: Option<Read<Vec<Link>>>,
}

impl Things {
    /// Knows nothing yet, but what its lane's steps are about.
    pub(super) fn of(tasks: &[Task]) -> Self {
        let wanted = Wanted::of(tasks.iter().map(|task| &task.step));
        Self { wanted, campaigns: None, lead_lists: None, keys: None, tags: Tags::default(), links: None }
    }
}

impl Things {
    /// Lets the keys be read again before a step rests on them.
    pub(super) fn forget_keys(&mut self) {
        self.keys = None;
    }
}

/// Takes what was read, unless it is old or in doubt.
pub(super) fn fresh<T>(read: Option<&Read<T>>, now: Instant, doubtful: bool) -> bool {
    read.is_some_and(|read| !doubtful && (read.rows.is_err() || now.duration_since(read.at) <= FRESH))
}

impl Hand<'_> {
    /// Reads again whose something is, or whether a key is there. `doubtful` says that an earlier attempt may have taken effect.
    pub(super) async fn belonging(&mut self, step: &Step, doubtful: bool) -> Result<Footing, Error> {
        match (&step.change, &step.rests_on) {
            (Change::HandOver { thing, heir, to: Some(to), .. }, RestsOn::Owned { by, .. }) => {
                let (whose, some) = match self.whose(step, thing, (by, to), doubtful).await {
                    Ok(read) => read,
                    Err(held) => return Ok(Footing::Held(held)),
                };
                if whose.is_as_asked() {
                    return Ok(Footing::AsAsked(match thing {
                        Thing::Leads { ids } if ids.len() > 1 => format!("the leads are {heir}'s already"),
                        _ => format!("the {thing} is {heir}'s already"),
                    }));
                }
                if !whose.is_still_of(by) {
                    return Ok(Footing::Moved(whose.contrary(thing)));
                }
                // Whether the heir may have it is the guards' question, who go by the member list.
                if self.deck.clock.instant().duration_since(self.observed_at) > FRESH {
                    self.refresh().await?;
                }
                Ok(some.map_or_else(|| Footing::Firm(step.rests_on.clone()), Footing::Some))
            }
            (Change::Revoke { key, .. }, RestsOn::Key { created, .. }) => {
                match self.key_footing(step, key, created, doubtful).await? {
                    firm @ Footing::Firm(_) => Ok(self.spoken_key_is_stored().await.unwrap_or(firm)),
                    footing => Ok(footing),
                }
            }
            (Change::Retire { replaced, key: Some(key), .. }, RestsOn::Key { created, .. }) => {
                // The reference is read last: another hand may change it any moment.
                match self.key_footing(step, key, created, doubtful).await? {
                    firm @ Footing::Firm(_) => Ok(self.stored_key(step, replaced).await.unwrap_or(firm)),
                    footing => Ok(footing),
                }
            }
            (Change::CreateKey { .. }, RestsOn::NoKey | RestsOn::Speaking { .. }) => self.making(step, doubtful).await,
            _ => Ok(Footing::Moved("the step does not say what it rests on".to_owned())),
        }
    }

    /// Tells whose something is; of leads also which are still the leaver's, where not all of them are: no other may be sent.
    async fn whose(
        &mut self,
        step: &Step,
        thing: &Thing,
        (by, to): (&UserId, &UserId),
        doubtful: bool,
    ) -> Result<(Whose, Option<Vec<LeadId>>), Held> {
        let (now, client, things) = (self.deck.clock.instant(), &self.client, &mut self.things);
        let workspace = &step.workspace_id;
        match thing {
            Thing::Campaign { id, .. } => {
                if !fresh(things.campaigns.as_ref(), now, doubtful) {
                    let rows = whose::campaigns(client, workspace, &things.wanted.campaigns).await;
                    things.campaigns = Some(Read { rows, at: self.deck.clock.instant() });
                }
                let owners = taken(things.campaigns.as_ref()).map_err(|unread| unread.held("list of campaigns"))?;
                Ok((Whose::of([id], owners, Some(to)), None))
            }
            Thing::LeadList { id, .. } => {
                if !fresh(things.lead_lists.as_ref(), now, doubtful) {
                    let rows = whose::lead_lists(client, workspace, &things.wanted.lead_lists).await;
                    things.lead_lists = Some(Read { rows, at: self.deck.clock.instant() });
                }
                let owners = taken(things.lead_lists.as_ref()).map_err(|unread| unread.held("list of lead lists"))?;
                Ok((Whose::of([id], owners, Some(to)), None))
            }
            Thing::Leads { ids } => {
                let owners =
                    whose::leads(client, workspace, ids).await.map_err(|unread| unread.held("list of leads"))?;
                let theirs = |id: &&LeadId| owners.get(*id).is_some_and(|owner| owner.as_ref() == Some(by));
                let some: Vec<LeadId> = ids.iter().filter(theirs).cloned().collect();
                Ok((Whose::of(ids, &owners, Some(to)), (some.len() < ids.len()).then_some(some)))
            }
        }
    }

    pub(super) async fn key_footing(
        &mut self,
        step: &Step,
        key: &KeyId,
        created: &str,
        doubtful: bool,
    ) -> Result<Footing, Error> {
        if !fresh(self.things.keys.as_ref(), self.deck.clock.instant(), doubtful) {
            let keys = whose::keys(&self.client, &step.workspace_id).await;
            let rows = keys.map(|rows| Found { rows: whose::told_apart(rows, self.key_id.as_ref()), incomplete: None });
            self.things.keys = Some(Read { rows, at: self.deck.clock.instant() });
        }
        let keys = match taken(self.things.keys.as_ref()) {
            Ok(keys) => keys,
            Err(unread) => return Ok(Footing::Held(unread.held("list of API keys"))),
        };
        let Some(found) = keys.rows.iter().find(|found| found.id == *key) else {
            return self.key_gone(step, key).await;
        };
        if found.created != created {
            return Ok(Footing::Moved(format!("the key was made {} instead of {created}", found.created)));
        }
        // The key that took its place is the one in use, by the very answer that made it: an API that lists it late tells nothing against that.
        let replaced =
            matches!(step.change, Change::Retire { .. }) && self.key_id.as_ref().is_some_and(|own| own != key);
        if replaced && found.in_use != Some(true) {
            return Ok(Footing::Firm(step.rests_on.clone()));
        }
        Ok(match in_use(key, keys, self.observed.acts_as) {
            Some(held) => Footing::Held(held),
            None => Footing::Firm(step.rests_on.clone()),
        })
    }

    /// A key is not there any more: as asked, if the complete list of the right workspace says so too.
    pub(super) async fn key_gone(&mut self, step: &Step, key: &KeyId) -> Result<Footing, Error> {
        let identity = self.client.current().await?;
        self.things.keys = None;
        Ok(match whose::keys(&self.client, &step.workspace_id).await {
            Err(unread) => Footing::Held(unread.held("list of API keys")),
            Ok(keys) if identity.id == self.observed.id && keys.iter().all(|found| found.id != *key) => {
                Footing::AsAsked("the key is gone already".to_owned())
            }
            Ok(_) => Footing::Moved("the key is there and cannot be had".to_owned()),
        })
    }
}

fn taken<T>(read: Option<&Read<T>>) -> Result<&T, &Unread> {
    read.expect("it was just read").rows.as_ref()
}
