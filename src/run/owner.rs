//! A transfer of ownership on its way: read again who owns the workspace and who is there, sent once and never again.
//!
//! Who receives a workspace can lock out whoever had it, and a security token may be good for one use: so where the answer is lost it is
//! looked for and nothing more, in the same run and in every resume.

use serde_json::{Value, json};

use super::end::StepEnd;
use super::footing::Footing;
use super::hand::Hand;
use super::settle::{Found, Waited};
use super::step::Progress;
use crate::api::{Client, Error, Slot};
use crate::domain::{Held, Identity, Outcome, Permit, RestsOn, Step, UserId, WorkspaceId};
use crate::plan::owner::without_token;

impl Hand<'_> {
    /// Reads again who owns the workspace and who is in it. Whether the person may have it is the guards' question, who go by that list.
    pub(super) async fn ownership(&mut self, step: &Step) -> Result<Footing, Error> {
        let RestsOn::Ownership { is, to } = &step.rests_on else {
            return Ok(Footing::Moved("the step does not say what it rests on".to_owned()));
        };
        let identity = self.client.current().await?;
        if identity.id != self.observed.id {
            return Ok(Footing::Moved("another workspace answered".to_owned()));
        }
        self.observed.owner = identity.owner;
        match &self.observed.owner {
            Some(owner) if owner == to => {
                return Ok(Footing::AsAsked(format!("{} owns the workspace already", step.change.subject())));
            }
            Some(owner) if owner == is => {}
            Some(owner) => return Ok(Footing::Moved(format!("account {owner} owns it now"))),
            None => return Ok(Footing::Moved("the workspace does not say any more who owns it".to_owned())),
        }
        self.refresh().await?;
        if let Some(why) = &self.observed.incomplete {
            return Ok(Footing::Held(Held::incomplete(why)));
        }
        Ok(if self.deck.token.is_some() {
            Footing::Firm(step.rests_on.clone())
        } else {
            Footing::Held(without_token(step))
        })
    }

    /// Sends it once; returns what the answer says. The account is not quoted where it is not the one that was asked for: whatever stands
    /// there is somebody else's word.
    pub(super) async fn transfer(&self, slot: Slot, permit: Permit, step: &Step) -> Result<String, Error> {
        let (Some(token), Some(email)) = (&self.deck.token, step.change.person()) else {
            unreachable!("a step without a token is held");
        };
        let identity = self.writer.change_owner(slot, permit, &step.workspace_id, email, token).await?;
        let told = match (&identity.owner, &step.rests_on) {
            (Some(owner), RestsOn::Ownership { to, .. }) if owner == to => "owned by the person asked for",
            (Some(_), _) => "owned by somebody else than asked for",
            (None, _) => "owned by nobody it names",
        };
        Ok(told.to_owned())
    }

    /// Takes up a transfer that may have taken effect, the settle time being over: it is there, or it surely is not. It is never sent again.
    pub(super) async fn transfer_in_doubt(&self, step: &Step, attempts: u32, why: &str) -> Progress {
        match self.look_after(step, attempts, Waited::Already).await {
            Found::There => Progress::sent(attempts, None),
            Found::Absent => {
                let reason = format!(
                    "its answer was lost, and looking again showed that it did not take effect: the workspace has not got the new owner; a \
                     transfer is never sent again by itself: run the command again with a new security token, if it is still wanted ({why})"
                );
                Progress::ended(StepEnd::new(Outcome::Failed, reason).after(attempts))
            }
            Found::Unclear(unclear) => {
                Progress::sent(attempts, Some(format!("{why}; looking did not settle it: {unclear}")))
            }
        }
    }
}

/// Looks whether a transfer took effect.
pub(super) async fn look(client: &Client, step: &Step) -> Found {
    let RestsOn::Ownership { to, .. } = &step.rests_on else {
        return Found::Unclear("the step does not say who was to own it".to_owned());
    };
    match owner(client, &step.workspace_id).await {
        Ok(Some(owner)) if owner == *to => Found::There,
        Ok(Some(_)) => Found::Absent,
        Ok(None) => Found::Unclear("the workspace does not say who owns it".to_owned()),
        Err(why) => Found::Unclear(why),
    }
}

/// Reads who owns a workspace, or says why that could not be had.
pub(super) async fn owner(client: &Client, workspace: &WorkspaceId) -> Result<Option<UserId>, String> {
    match client.current().await {
        Ok(Identity { id, owner, .. }) if id == *workspace => Ok(owner),
        Ok(_) => Err("another workspace answered".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Says what a workspace shows of a transfer: whether it is as asked, what was seen as the ledger keeps it, and in words what stands in its
/// place.
pub(super) fn shown(owner: Option<&UserId>, step: &Step) -> (bool, Value, String) {
    let as_asked = matches!((&step.rests_on, owner), (RestsOn::Ownership { to, .. }, Some(owner)) if owner == to);
    let contrary = match (owner, &step.rests_on) {
        (Some(owner), RestsOn::Ownership { is, .. }) if owner == is => {
            "the workspace still shows the former owner".to_owned()
        }
        (Some(owner), _) => format!("the workspace shows account {owner} as its owner"),
        (None, _) => "the workspace does not say who owns it".to_owned(),
    };
    (as_asked, json!({ "owner": owner }), contrary)
}
