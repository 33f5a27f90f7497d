//! The closing look: a step is done only when a complete listing says so.
//!
//! Read as far as the steps that were sent need it, each listing once a look; the member list always where a member was removed, for it is
//! what a certificate rests on.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::end::StepEnd;
use super::footing::reached;
use super::links;
use super::owner;
use super::settle;
use super::tag_length::Length;
use super::tag_seen::{Seen, TagPicture};
use super::whose::{self, Owners, Wanted, Whose};
use super::writing::Lane;
use crate::api::Client;
use crate::domain::{
    CampaignId, Change, Identity, KeyId, KeyInfo, LeadId, LeadListId, Link, Member, Outcome, ResourceId, RestsOn, Step,
    StepId, TagChange, TagId, Thing, UserId, WorkspaceId,
};
use crate::journal::{Effect, Record};
use crate::plan::keys::same_power;
use crate::plan::person::{self, Person};

/// Waits between looks at what was written, for an API that shows a change late. Nothing publishes a lag; a change that is not
/// seen after [`FEW`] of these looks is `unverified`. A reassignment of leads is only accepted and done afterwards, by a job that no answer
/// names (contract section 11): it has all of them, as far as the settle time goes.
const LOOKS: [Duration; 6] = [
    Duration::ZERO,
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(20),
    Duration::from_secs(30),
];

/// Looks at a change that is done when it is answered.
const FEW: usize = 3;

/// A step that left, and what the closing look needs of it.
pub(super) struct Sent {
    pub(super) step: Step,
    pub(super) attempts: u32,
    pub(super) doubt: Option<String>,
    /// The key it made, where it made one that was kept.
    pub(super) made: Option<KeyId>,
    /// The names of the keys that its other attempts may have made: one may land after the one that was kept.
    pub(super) others: Vec<String>,
    /// The tag it made or is about, where that is known.
    pub(super) tag: Option<TagId>,
    /// What it was not sent for, because the workspace does not have it.
    pub(super) gone: Vec<ResourceId>,
    /// What is to be said of it where it ends well.
    pub(super) remark: Option<String>,
}

impl Sent {
    /// Tells whether it is done some time after it is answered.
    fn is_slow(&self) -> bool {
        matches!(self.step.change, Change::HandOver { thing: Thing::Leads { .. }, .. })
    }
}

/// A listing that was read or not; none was not needed.
type Part<T> = Option<Result<T, String>>;

/// What one look saw, as far as the steps in question need it.
#[derive(Debug, Default)]
struct Picture {
    members: Part<Vec<Member>>,
    campaigns: Part<Owners<CampaignId>>,
    lead_lists: Part<Owners<LeadListId>>,
    keys: Part<Vec<KeyInfo>>,
    links: Part<Vec<Link>>,
    owner: Part<Option<UserId>>,
    leads: BTreeMap<StepId, Result<Owners<LeadId>, String>>,
    tags: TagPicture,
}

/// What a look says of one step.
#[derive(Debug)]
pub(super) struct Shown {
    /// How it ended, where it is as asked.
    pub(super) outcome: Option<Outcome>,
    /// What was seen, as the ledger keeps it.
    pub(super) seen: Value,
    /// It took, and is not as asked all the same: who was to be invited is there in another form, or an heir is gone.
    pub(super) otherwise: bool,
    /// What was seen in place of what was asked.
    pub(super) contrary: String,
}

impl Picture {
    async fn take(client: &Client, workspace: &WorkspaceId, sent: &[Sent], mapped: Option<Length>) -> Self {
        let mut picture = Self::default();
        let wanted = Wanted::of(sent.iter().map(|sent| &sent.step));
        let why = whose::Unread::why;
        for Sent { step, .. } in sent {
            // Who was handed something must still be a member when it is looked at.
            if picture.members.is_none()
                && !matches!(
                    step.change,
                    Change::Revoke { .. }
                        | Change::Retire { .. }
                        | Change::CreateKey { .. }
                        | Change::Tag(_)
                        | Change::Group(_)
                        | Change::Transfer { .. }
                        | Change::StayAbsent { .. }
                )
            {
                picture.members = Some(settle::rows(client, workspace).await);
            }
            match &step.change {
                Change::HandOver { thing: Thing::Campaign { .. }, .. } if picture.campaigns.is_none() => {
                    picture.campaigns = Some(whose::campaigns(client, workspace, &wanted.campaigns).await.map_err(why));
                }
                Change::HandOver { thing: Thing::LeadList { .. }, .. } if picture.lead_lists.is_none() => {
                    picture.lead_lists =
                        Some(whose::lead_lists(client, workspace, &wanted.lead_lists).await.map_err(why));
                }
                Change::HandOver { thing: Thing::Leads { ids }, .. } => {
                    let leads = whose::leads(client, workspace, ids).await.map_err(why);
                    picture.leads.insert(step.id.clone(), leads);
                }
                Change::CreateKey { .. } | Change::Revoke { .. } | Change::Retire { .. } if picture.keys.is_none() => {
                    picture.keys = Some(whose::keys(client, workspace).await.map_err(why));
                }
                Change::Group(_) if picture.links.is_none() => {
                    picture.links = Some(whose::links(client, workspace).await.map_err(why));
                }
                Change::Transfer { .. } if picture.owner.is_none() => {
                    picture.owner = Some(owner::owner(client, workspace).await);
                }
                _ => {}
            }
        }
        let tags: Vec<_> = sent.iter().filter(|sent| sent.step.kind().is_about_tags()).collect();
        if !tags.is_empty() {
            let tags: Vec<_> = tags.into_iter().map(|sent| (&sent.step, sent.tag.as_ref())).collect();
            picture.tags = TagPicture::take(client, workspace, &tags, mapped).await;
        }
        picture
    }

    /// Says what it shows of a step, or why it does not.
    fn shows(&self, Sent { step, made, others, tag, gone, .. }: &Sent) -> Result<Shown, String> {
        match &step.change {
            Change::HandOver { thing, heir, to, .. } => {
                let to = to.as_ref();
                let stays = person::is_accepted(part(self.members.as_ref())?, heir, to);
                let whose = match thing {
                    Thing::Campaign { id, .. } => Whose::of([id], part(self.campaigns.as_ref())?, to),
                    Thing::LeadList { id, .. } => Whose::of([id], part(self.lead_lists.as_ref())?, to),
                    Thing::Leads { ids } => Whose::of(ids, part(self.leads.get(&step.id))?, to),
                };
                Ok(Shown {
                    outcome: (whose.is_as_asked() && stays).then_some(Outcome::Done),
                    seen: whose.record(thing),
                    otherwise: whose.is_as_asked(),
                    contrary: if stays || !whose.is_as_asked() {
                        whose.contrary(thing)
                    } else {
                        format!("{heir} is no accepted member here any more: hand the {thing} to somebody else")
                    },
                })
            }
            Change::CreateKey { scopes, .. } => Ok(created(part(self.keys.as_ref())?, (made.as_ref(), others), scopes)),
            Change::Retire { key: None, .. } => Err("it is not known which key it is".to_owned()),
            Change::Revoke { key, .. } | Change::Retire { key: Some(key), .. } => {
                let listed = part(self.keys.as_ref())?.iter().any(|found| found.id == *key);
                Ok(Shown {
                    outcome: (!listed).then_some(Outcome::Done),
                    seen: json!({ "listed": listed }),
                    otherwise: false,
                    contrary: "the key list still shows the key".to_owned(),
                })
            }
            Change::Tag(change) => {
                let Seen { as_asked, otherwise, seen, contrary } = self.tags.shows(step, change, tag.as_ref(), gone)?;
                Ok(Shown { outcome: as_asked.then_some(Outcome::Done), seen, otherwise, contrary })
            }
            Change::Group(change) => Ok(links::shown(change, part(self.links.as_ref())?)),
            Change::Transfer { .. } => {
                let (as_asked, seen, contrary) = owner::shown(part(self.owner.as_ref())?.as_ref(), step);
                Ok(Shown { outcome: as_asked.then_some(Outcome::Done), seen, otherwise: false, contrary })
            }
            Change::Invite { .. } | Change::SetRole { .. } | Change::Remove { .. } | Change::StayAbsent { .. } => {
                let rows = part(self.members.as_ref())?;
                let about = rows_about(step, rows);
                Ok(Shown {
                    outcome: seen_as(step, rows),
                    otherwise: matches!(step.change, Change::Invite { .. }) && !about.is_empty(),
                    contrary: if matches!(step.change, Change::Invite { .. }) && !about.is_empty() {
                        "it is there in another form than was asked".to_owned()
                    } else {
                        contrary(step).to_owned()
                    },
                    seen: about.into(),
                })
            }
        }
    }
}

/// Says what the list of keys shows of one that was made, and of those that other attempts made since.
fn created(keys: &[KeyInfo], (made, others): (Option<&KeyId>, &[String]), scopes: &[String]) -> Shown {
    let row = made.and_then(|made| keys.iter().find(|key| key.id == *made));
    let orphans: Vec<&str> = keys
        .iter()
        .filter(|key| Some(&key.id) != made && others.contains(&key.name))
        .map(|key| key.id.as_str())
        .collect();
    if !orphans.is_empty() {
        return Shown {
            outcome: None,
            seen: json!({ "listed": row.is_some(), "key": made, "orphans": orphans }),
            // A resume has something to do about it.
            otherwise: false,
            contrary: format!(
                "a key of another attempt came late, whose secret nobody has: {}; `keyholder resume` deletes it",
                orphans.join(" ")
            ),
        };
    }
    let as_asked = row.is_some_and(|row| same_power(&row.scopes, scopes));
    Shown {
        outcome: as_asked.then_some(Outcome::Done),
        seen: json!({ "listed": row.is_some(), "key": made, "scopes": row.map(|row| &row.scopes) }),
        otherwise: row.is_some(),
        contrary: match row {
            Some(row) => format!("the key list shows it with the scopes {}", row.scopes.join(" ")),
            None => "the key list does not show the key".to_owned(),
        },
    }
}

fn part<T>(part: Option<&Result<T, String>>) -> Result<&T, String> {
    match part {
        Some(Ok(rows)) => Ok(rows),
        Some(Err(why)) => Err(why.clone()),
        None => Err("no look was taken".to_owned()),
    }
}

impl Lane<'_> {
    /// Looks until every step that was sent is seen, or has had its looks.
    pub(super) async fn close(&mut self, client: &Client, identity: &Identity, mut sent: Vec<Sent>) {
        let deck = self.shared.deck;
        let mut picture = Picture::default();
        let mut waited = Duration::ZERO;
        for (place, wait) in LOOKS.into_iter().enumerate() {
            if place == FEW {
                let (slow, quick) = sent.into_iter().partition(Sent::is_slow);
                self.unseen(quick, &picture).await;
                sent = slow;
            }
            // What is slow is looked at for the last time when the settle time is over.
            let wait = if place < FEW { wait } else { wait.min(deck.settle.saturating_sub(waited)) };
            waited += wait;
            if sent.is_empty() || place >= FEW && wait.is_zero() {
                break;
            }
            // A stop does not end the first look: what was sent is worth one reading, which sends nothing new.
            if !wait.is_zero() && settle::wait(deck, wait).await.is_err() {
                break;
            }
            let Some(taken) = deck.stop.unless_now(Picture::take(client, &identity.id, &sent, self.mapped)).await
            else {
                break;
            };
            picture = taken;
            let mut open = Vec::new();
            for sent in sent {
                match picture.shows(&sent) {
                    Ok(Shown { outcome: Some(outcome), seen, .. }) => self.seen(&sent, outcome, seen).await,
                    _ => open.push(sent),
                }
            }
            sent = open;
        }
        self.unseen(sent, &picture).await;
    }

    /// Ends a step that the closing look shows as asked.
    async fn seen(&mut self, sent: &Sent, outcome: Outcome, seen: Value) {
        if sent.doubt.is_some() {
            // What looking had left open is settled by this list.
            let found = format!("the {} it", shown_by(&sent.step.change));
            let record = Record::Looked { step: sent.step.id.clone(), effect: Effect::There, found };
            let _unwritten = self.shared.logbook.write(record).await;
        }
        let seen = Some(Box::new(seen));
        let reason = sent.remark.clone();
        let end = StepEnd { outcome, reason, held: None, advice: Vec::new(), attempts: sent.attempts, seen };
        self.end(&sent.step, end).await;
    }

    /// Ends steps that no look showed as asked; the last one decides what is said of them.
    async fn unseen(&mut self, sent: Vec<Sent>, picture: &Picture) {
        for sent in sent {
            let shown = picture.shows(&sent);
            let Sent { step, attempts, doubt, remark, .. } = sent;
            if doubt.is_none() {
                // Whatever an earlier look saw, this one decides whether a resume has anything to look for.
                let (effect, found) = match &shown {
                    Err(why) => (Effect::Unclear, why.clone()),
                    Ok(shown) if shown.otherwise => (Effect::There, shown.contrary.clone()),
                    // Nothing is absent for sure before the settle time.
                    Ok(shown) => (Effect::Unclear, shown.contrary.clone()),
                };
                let record = Record::Looked { step: step.id.clone(), effect, found };
                let _unwritten = self.shared.logbook.write(record).await;
            }
            let end = match (doubt, &shown) {
                (Some(doubt), _) => StepEnd::unknown(doubt, attempts),
                (None, Ok(shown)) => StepEnd::new(Outcome::Unverified, format!("it was taken, but {}", shown.contrary)),
                (None, Err(why)) => {
                    StepEnd::new(Outcome::Unverified, format!("it was taken, but could not be read back: {why}"))
                }
            };
            // Whoever has to do something about a made key needs to know which one it is.
            let reason = match (remark, end.reason) {
                (Some(remark), Some(why)) => Some(format!("{remark}: {why}")),
                (remark, why) => remark.or(why),
            };
            let end = StepEnd { reason, ..end };
            let seen = shown.ok().map(|shown| Box::new(shown.seen));
            self.end(&step, StepEnd { seen, ..end.after(attempts) }).await;
        }
    }
}

/// What shows a change, and that it does.
fn shown_by(change: &Change) -> &'static str {
    match change {
        Change::HandOver { thing: Thing::Campaign { .. }, .. } => "list of campaigns shows",
        Change::HandOver { thing: Thing::LeadList { .. }, .. } => "list of lead lists shows",
        Change::HandOver { thing: Thing::Leads { .. }, .. } => "leads show",
        Change::CreateKey { .. } | Change::Revoke { .. } | Change::Retire { .. } => "key list shows",
        Change::Tag(TagChange::Assign { .. }) => "mappings show",
        Change::Tag(_) => "list of tags shows",
        Change::Group(_) => "list of links shows",
        Change::Transfer { .. } => "workspace shows",
        Change::Invite { .. } | Change::SetRole { .. } | Change::Remove { .. } | Change::StayAbsent { .. } => {
            "member list shows"
        }
    }
}

/// Returns the rows of the step's person, as the ledger keeps them.
fn rows_about(step: &Step, rows: &[Member]) -> Vec<Value> {
    let rows = person::of_change(rows, &step.change).bearing().into_iter().map(RestsOn::row);
    rows.map(|row| serde_json::to_value(row).expect("plain data serializes")).collect()
}

/// Says what the member list shows in place of what was asked.
fn contrary(step: &Step) -> &'static str {
    match step.change {
        Change::Invite { .. } => "the member list does not show the invitation as asked",
        Change::SetRole { .. } => "the member list does not show the role",
        _ => "the member list still shows the row",
    }
}

/// Says how a step about a member ended, by a complete list; `None` where the list does not show it.
fn seen_as(step: &Step, rows: &[Member]) -> Option<Outcome> {
    match &step.change {
        Change::Invite { email, .. } => match person::find(rows, email) {
            Person::Rows(found) => found
                .iter()
                .find(|row| reached(&step.change, row))
                .map(|row| if row.accepted { Outcome::Done } else { Outcome::Waiting }),
            Person::Nobody | Person::Ambiguous(_) => None,
        },
        Change::SetRole { .. } => rows.iter().any(|row| reached(&step.change, row)).then_some(Outcome::Done),
        Change::Remove { member, .. } => rows.iter().all(|row| row.id != *member).then_some(Outcome::Done),
        Change::StayAbsent { .. } => Some(Outcome::Already),
        Change::HandOver { .. }
        | Change::CreateKey { .. }
        | Change::Revoke { .. }
        | Change::Retire { .. }
        | Change::Tag(_)
        | Change::Group(_)
        | Change::Transfer { .. } => None,
    }
}
