//! After a write whose answer was lost: look, and only then decide (design section 5, retry).

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use super::deck::Deck;
use super::links;
use super::tag_seen;
use super::whose::{self, Owners, Whose};
use crate::api::{Client, Error, Refusal};
use crate::domain::{Change, Email, KeyId, Member, MemberId, Role, Step, TagChange, Thing, UserId, WorkspaceId};
use crate::plan::person::{self, Person};

/// What looking after a lost answer found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// The asked state is there.
    There,
    /// It surely is not, as long as nothing lands late.
    Absent,
    /// It could not be told, and why.
    Unclear(String),
}

/// Why a wait was not waited to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// The run's deadline comes first.
    Deadline,
    /// The run was stopped.
    Stopped,
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deadline => "the run's deadline came before it could be settled",
            Self::Stopped => "the run was stopped before it could be settled",
        })
    }
}

/// Whether the settle time has passed already since the request could have left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waited {
    /// The answer was lost just now.
    NotYet,
    /// The whole run waited for it before its lanes began.
    Already,
}

/// Looks whether a change whose answer was lost took effect.
pub(super) async fn look(deck: &Deck, client: &Client, step: &Step, waited: Waited) -> Found {
    let workspace = &step.workspace_id;
    match &step.change {
        Change::Invite { email, .. } => invitation(deck, client, workspace, email, waited).await,
        Change::SetRole { member, role, .. } => late_role(deck, client, workspace, (member, role), waited).await,
        Change::Remove { member, .. } => removal(client, workspace, member).await,
        Change::HandOver { thing, to, .. } => late_owner(deck, client, workspace, (thing, to.as_ref()), waited).await,
        // A made key is looked for by its name's nonce: what is found decides more than whether it is there.
        Change::CreateKey { .. } | Change::Retire { key: None, .. } => {
            Found::Unclear("it is not known which key it is".to_owned())
        }
        Change::Revoke { key, .. } | Change::Retire { key: Some(key), .. } => revocation(client, workspace, key).await,
        Change::Group(change) => links::look(deck, client, workspace, change, waited).await,
        Change::Tag(change @ TagChange::Create { .. }) => created_tag(deck, client, step, change, waited).await,
        Change::Tag(change) => late(deck, waited, async || tag_seen::look(client, step, change).await).await,
        Change::Transfer { .. } => unreachable!("no plan has one yet"),
        Change::StayAbsent { .. } => Found::There,
    }
}

/// A creation may land late: it is judged only after the settle time, and absent only when two complete listings say so.
async fn invitation(deck: &Deck, client: &Client, workspace: &WorkspaceId, email: &Email, waited: Waited) -> Found {
    for look in 0..2 {
        if (look > 0 || waited == Waited::NotYet)
            && let Err(cut) = wait(deck, deck.settle).await
        {
            return Found::Unclear(cut.to_string());
        }
        match rows(client, workspace).await {
            Ok(rows) => {
                if person::find(&rows, email) != Person::Nobody {
                    return Found::There;
                }
            }
            Err(why) => return Found::Unclear(why),
        }
    }
    Found::Absent
}

/// A role that lands late could undo what a later plan sets: that it did not take is judged only after the settle time.
async fn late_role(
    deck: &Deck,
    client: &Client,
    workspace: &WorkspaceId,
    (member, role): (&MemberId, &Role),
    waited: Waited,
) -> Found {
    late(deck, waited, async || set_role(client, workspace, member, role).await).await
}

/// Looks, and where the change is not there looks again when the settle time is over: what lands late could undo what a later plan does.
async fn late(deck: &Deck, waited: Waited, look: impl AsyncFn() -> Found) -> Found {
    match (look().await, waited) {
        (Found::Absent, Waited::NotYet) => match wait(deck, deck.settle).await {
            Ok(()) => look().await,
            Err(cut) => Found::Unclear(cut.to_string()),
        },
        (found, _) => found,
    }
}

/// A tag that is made late would be a second one of its label, or one that nobody knows of: as with an invitation, absent is what two complete
/// listings say after the settle time.
async fn created_tag(deck: &Deck, client: &Client, step: &Step, change: &TagChange, waited: Waited) -> Found {
    for look in 0..2 {
        if (look > 0 || waited == Waited::NotYet)
            && let Err(cut) = wait(deck, deck.settle).await
        {
            return Found::Unclear(cut.to_string());
        }
        match tag_seen::look(client, step, change).await {
            Found::Absent => {}
            found => return found,
        }
    }
    Found::Absent
}

async fn set_role(client: &Client, workspace: &WorkspaceId, member: &MemberId, role: &Role) -> Found {
    match client.member(member).await {
        Ok(row) if row.role == *role => Found::There,
        Ok(_) => Found::Absent,
        // Who is gone has no role, and never will have: the complete list says so.
        Err(Error::Refused { refusal: Refusal::Missing, .. }) => match rows(client, workspace).await {
            Ok(rows) if rows.iter().any(|row| row.id == *member && row.role == *role) => Found::There,
            Ok(_) => Found::Absent,
            Err(why) => Found::Unclear(why),
        },
        Err(error) => Found::Unclear(error.to_string()),
    }
}

/// A hand-over that lands late could undo what a later plan hands over, and leads are assigned some time after the answer: that it did not
/// take is judged only after the settle time.
async fn late_owner(
    deck: &Deck,
    client: &Client,
    workspace: &WorkspaceId,
    (thing, to): (&Thing, Option<&UserId>),
    waited: Waited,
) -> Found {
    late(deck, waited, async || owner(client, workspace, thing, to).await).await
}

async fn owner(client: &Client, workspace: &WorkspaceId, thing: &Thing, to: Option<&UserId>) -> Found {
    let whose = match thing {
        Thing::Campaign { id, .. } => match client.campaign(workspace, id).await {
            Ok(campaign) => Ok(Whose::of([id], &Owners::from([(id.clone(), campaign.owned_by)]), to)),
            // What is gone has no owner, and never will have.
            Err(Error::Refused { refusal: Refusal::Missing, .. }) => return Found::Absent,
            Err(error) => return Found::Unclear(error.to_string()),
        },
        Thing::LeadList { id, .. } => whose::lead_lists(client, workspace, &BTreeSet::from([id.clone()]))
            .await
            .map(|owners| Whose::of([id], &owners, to)),
        Thing::Leads { ids } => whose::leads(client, workspace, ids).await.map(|owners| Whose::of(ids, &owners, to)),
    };
    match whose {
        Ok(whose) if whose.is_as_asked() => Found::There,
        Ok(_) => Found::Absent,
        Err(unread) => Found::Unclear(unread.why()),
    }
}

async fn revocation(client: &Client, workspace: &WorkspaceId, key: &KeyId) -> Found {
    match whose::keys(client, workspace).await {
        Ok(keys) if keys.iter().all(|found| found.id != *key) => Found::There,
        Ok(_) => Found::Absent,
        Err(unread) => Found::Unclear(unread.why()),
    }
}

async fn removal(client: &Client, workspace: &WorkspaceId, member: &MemberId) -> Found {
    match client.member(member).await {
        Ok(_) => Found::Absent,
        // A 404 alone could be another workspace's id: only the complete list proves an absence.
        Err(Error::Refused { refusal: Refusal::Missing, .. }) => match rows(client, workspace).await {
            Ok(rows) if rows.iter().all(|row| row.id != *member) => Found::There,
            Ok(_) => Found::Absent,
            Err(why) => Found::Unclear(why),
        },
        Err(error) => Found::Unclear(error.to_string()),
    }
}

/// Reads the complete member list, or says why it could not be had.
pub(super) async fn rows(client: &Client, workspace: &WorkspaceId) -> Result<Vec<Member>, String> {
    let listing = client.members(workspace).await.map_err(|error| error.to_string())?;
    match listing.complete {
        Ok(()) => Ok(listing.rows),
        Err(why) => Err(format!("the member list is not complete: {why}")),
    }
}

/// Waits, unless the run is stopped or its deadline comes first.
pub(super) async fn wait(deck: &Deck, duration: Duration) -> Result<(), Cut> {
    if deck.clock.instant() + duration > deck.deadline {
        return Err(Cut::Deadline);
    }
    deck.stop.unless_draining(deck.clock.sleep(duration)).await.ok_or(Cut::Stopped)
}
