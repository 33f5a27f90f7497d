//! After a write whose answer was lost: look, and only then decide (design section 5, retry).

use std::fmt;
use std::time::Duration;

use super::deck::Deck;
use crate::api::{Client, Error, Refusal};
use crate::domain::{Change, Email, Member, MemberId, Role, WorkspaceId};
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
pub(super) async fn look(
    deck: &Deck,
    client: &Client,
    workspace: &WorkspaceId,
    change: &Change,
    waited: Waited,
) -> Found {
    match change {
        Change::Invite { email, .. } => invitation(deck, client, workspace, email, waited).await,
        Change::SetRole { member, role, .. } => late_role(deck, client, workspace, (member, role), waited).await,
        Change::Remove { member, .. } => removal(client, workspace, member).await,
        Change::HandOver { .. } | Change::Revoke { .. } => Found::Unclear("it is not looked for yet".to_owned()),
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
    match (set_role(client, workspace, member, role).await, waited) {
        (Found::Absent, Waited::NotYet) => match wait(deck, deck.settle).await {
            Ok(()) => set_role(client, workspace, member, role).await,
            Err(cut) => Found::Unclear(cut.to_string()),
        },
        (found, _) => found,
    }
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
