//! One request that writes what needs nothing of its lane's picture, and what is written down of an answer.
//!
//! It borrows nothing of a [`Hand`](super::hand::Hand), so that a lane can have several under way.

use tokio::time::Instant;

use super::hand;
use super::step::{Ready, operation};
use super::worker::Shared;
use crate::api::{Error, Invite, MadeKey, Slot, Writer};
use crate::domain::{Change, Permit, RestsOn, Step, Tag, Thing, UserId};
use crate::journal::Class;

/// What a success says.
pub(super) enum Told {
    /// In words.
    Words(String),
    /// A key, with its secret.
    Made(MadeKey),
    /// A tag, and in words.
    Tag(Tag, String),
}

/// An answer; none where the run was stopped at once, before it came.
pub(super) type Came = Option<Result<Told, Error>>;

/// What came back for an attempt.
pub(super) struct Answer {
    /// The answer.
    pub(super) came: Came,
    /// When it came.
    pub(super) at: Instant,
    /// Whether it is on disk.
    pub(super) noted: bool,
}

/// What is written down of an answer: its class, what it said, and the status of a refusal.
pub(super) fn noted(came: &Came) -> (Class, String, Option<u16>) {
    match came {
        None => (Class::Ambiguous, "the run was stopped at once".to_owned(), None),
        Some(Ok(Told::Words(told) | Told::Tag(_, told))) => (Class::Acknowledged, told.clone(), None),
        Some(Ok(Told::Made(made))) => (Class::Acknowledged, format!("made {}", made.id), None),
        Some(Err(error)) => {
            let (class, status) = match error {
                Error::Throttled { .. } => (Class::Throttled, None),
                Error::NotSent { .. } | Error::BeyondDeadline { .. } => (Class::NotSent, None),
                Error::Ambiguous { .. } | Error::Unreadable { .. } => (Class::Ambiguous, None),
                Error::Refused { status, .. } => (Class::Refused, Some(*status)),
            };
            (class, error.to_string(), status)
        }
    }
}

/// A request on its way, and whose answer it is.
pub(super) struct Letter {
    /// The place of its step.
    pub(super) place: usize,
    /// The step, as it was found just before.
    pub(super) step: Step,
    /// What came back.
    pub(super) answer: Answer,
}

impl Letter {
    /// Sends the first attempt of a step and writes down what comes back, as soon as it comes.
    pub(super) async fn post(shared: &Shared<'_>, writer: Writer, place: usize, ready: Ready) -> Self {
        let Ready { step, slot, permit } = ready;
        let came = shared.deck.stop.unless_now(send(&writer, slot, permit, &step)).await;
        let at = shared.deck.clock.instant();
        let noted = hand::note_answer(&shared.logbook, &step, 1, noted(&came)).await;
        Self { place, step, answer: Answer { came, at, noted } }
    }

    /// Takes back a step that was to be sent: while it waited for its pace or was written down, an answer came that lets nothing more leave.
    pub(super) async fn unsent(shared: &Shared<'_>, place: usize, ready: Ready) -> Self {
        let Ready { step, slot, permit: _ } = ready;
        drop(slot);
        let detail = "the answer to another step came first, and was no acknowledgement".to_owned();
        let came = Some(Err(Error::NotSent { operation: operation(&step.change), detail }));
        let at = shared.deck.clock.instant();
        let noted = hand::note_answer(&shared.logbook, &step, 1, noted(&came)).await;
        Self { place, step, answer: Answer { came, at, noted } }
    }

    /// Tells whether the step left, and nothing is to be asked about it before the closing look.
    pub(super) fn is_acknowledged(&self) -> bool {
        matches!(self.answer.came, Some(Ok(_)))
    }

    /// Tells whether nobody knows if it took effect.
    pub(super) fn is_lost(&self) -> bool {
        matches!(self.answer.came, Some(Err(Error::Ambiguous { .. } | Error::Unreadable { .. })))
    }
}

/// Sends a change that needs nothing but what it says itself, once: about a member, or about whose something is. Returns what the answer says.
pub(super) async fn send(writer: &Writer, slot: Slot, permit: Permit, step: &Step) -> Result<Told, Error> {
    let workspace = &step.workspace_id;
    let row = match &step.change {
        Change::Invite { email, role, permissions, nickname } => {
            let invite = Invite {
                email: email.clone(),
                role: role.clone(),
                permissions: permissions.clone(),
                nickname: nickname.clone(),
            };
            writer.invite(slot, permit, workspace, &invite).await?
        }
        Change::SetRole { member, role, .. } => writer.set_role(slot, permit, workspace, member, role).await?,
        Change::Remove { member, .. } => writer.remove(slot, permit, workspace, member).await?,
        Change::HandOver { thing, to, .. } => {
            return hand_over(writer, slot, permit, step, (thing, to.as_ref())).await.map(Told::Words);
        }
        _ => unreachable!("it needs its lane's picture"),
    };
    Ok(Told::Words(row.role.to_string()))
}

async fn hand_over(
    writer: &Writer,
    slot: Slot,
    permit: Permit,
    step: &Step,
    (thing, to): (&Thing, Option<&UserId>),
) -> Result<String, Error> {
    let (workspace, to) = (&step.workspace_id, to.expect("a step without an heir's account is held"));
    let owner = match thing {
        Thing::Campaign { id, .. } => writer.hand_over_campaign(slot, permit, workspace, id, to).await?.owned_by,
        Thing::LeadList { id, .. } => writer.hand_over_list(slot, permit, workspace, id, to).await?.owned_by,
        Thing::Leads { ids } => {
            let RestsOn::Owned { by, .. } = &step.rests_on else { unreachable!("its footing was firm") };
            writer.reassign_leads(slot, permit, workspace, ids, by, to).await?;
            return Ok("accepted".to_owned());
        }
    };
    Ok(owner.map_or_else(|| "owned by nobody".to_owned(), |owner| format!("owned by {owner}")))
}
