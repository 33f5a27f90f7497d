//! The links of a group while a lane writes: whether a step still rests on what it rested on, what became of one whose answer was lost, and
//! what the closing look shows.
//!
//! The list of links is read once and again when it is old, in doubt, or changed by the lane itself; only a complete one says anything.

use serde_json::{Value, json};

use super::closing::Shown;
use super::deck::Deck;
use super::end::StepEnd;
use super::footing::Footing;
use super::hand::Hand;
use super::settle::{self, Found, Waited};
use super::things::{Read, fresh};
use super::whose;
use crate::api::{Client, Error};
use crate::domain::{HeldReason, Link, LinkChange, LinkId, LinkStatus, Outcome, RestsOn, Step, WorkspaceId};
use crate::journal::Effect;

impl Hand<'_> {
    /// Reads the links again and says whether the step may be sent. `doubtful` says that an earlier attempt may have taken effect.
    pub(super) async fn link_footing(
        &mut self,
        step: &Step,
        change: &LinkChange,
        doubtful: bool,
    ) -> Result<Footing, Error> {
        // What comes after another step of the lane rests on what that one left.
        let again = doubtful || step.after.is_some();
        if !fresh(self.things.links.as_ref(), self.deck.clock.instant(), again) {
            let rows = whose::links(&self.client, &step.workspace_id).await;
            self.things.links = Some(Read { rows, at: self.deck.clock.instant() });
        }
        let links = match self.things.links.as_ref().expect("it was just read").rows.as_ref() {
            Ok(links) => links,
            Err(unread) => return Ok(Footing::Held(unread.held("list of links"))),
        };
        Ok(match change {
            LinkChange::Invite { sub, .. } => match open_to(links, sub) {
                Some(link) => Footing::AsAsked(there(link)),
                None if links.iter().any(|link| link.sub == *sub) => {
                    Footing::Moved("a refused link to the workspace is in the list now".to_owned())
                }
                None => Footing::Firm(RestsOn::NoLink),
            },
            LinkChange::Remove { link, sub, .. } => match links.iter().find(|found| found.id == *link) {
                None => return self.link_gone(step, link).await,
                Some(found) if found.sub != *sub => {
                    Footing::Moved(format!("the link is to workspace {} now", found.sub))
                }
                Some(found) => compare(step, found),
            },
            LinkChange::StayOut { .. } => Footing::AsAsked("nothing is to be removed".to_owned()),
        })
    }

    /// A link is not there any more: as asked, if the complete list of the right workspace says so too.
    pub(super) async fn link_gone(&mut self, step: &Step, link: &LinkId) -> Result<Footing, Error> {
        let identity = self.client.current().await?;
        self.things.links = None;
        Ok(match whose::links(&self.client, &step.workspace_id).await {
            Err(unread) => Footing::Held(unread.held("list of links")),
            Ok(links) if identity.id == self.observed.id && links.iter().all(|found| found.id != *link) => {
                Footing::AsAsked("the link is gone already".to_owned())
            }
            Ok(_) => Footing::Moved("the link is there and cannot be had".to_owned()),
        })
    }

    /// Looks again after a refusal: an invitation that was refused because one is open is as asked, one that was refused for another reason
    /// of the same status is told with what that must be; a link that is not there any more is gone. None leaves it failed.
    pub(super) async fn link_refused(
        &mut self,
        step: &Step,
        change: &LinkChange,
        said: &str,
        attempts: u32,
    ) -> Option<StepEnd> {
        let deck = self.deck;
        match change {
            LinkChange::Invite { sub, .. } => {
                self.things.links = None;
                let links = deck.stop.unless_now(whose::links(&self.client, &step.workspace_id)).await?.ok()?;
                let end = match open_to(&links, sub) {
                    Some(link) => StepEnd::already(format!("refused, because {}", there(link))),
                    None => elsewhere(said),
                };
                Some(end.after(attempts))
            }
            LinkChange::Remove { link, .. } => match deck.stop.unless_now(self.link_gone(step, link)).await? {
                Ok(Footing::AsAsked(seen)) => Some(StepEnd::already(seen).after(attempts)),
                Ok(Footing::Moved(how)) => {
                    self.note_look(step, Effect::Absent, how).await;
                    None
                }
                _ => None,
            },
            LinkChange::StayOut { .. } => None,
        }
    }
}

/// A 409 where this admin workspace has neither a link nor an invitation: another one has.
fn elsewhere(said: &str) -> StepEnd {
    let reason = format!(
        "{}: {said}; no link of this admin workspace is in the way, so the workspace is in another group, is invited into one, or heads one",
        HeldReason::LinkElsewhere,
    );
    StepEnd {
        advice: vec!["its owner sees its group in the app, and can leave it there; then invite it again".to_owned()],
        ..StepEnd::new(Outcome::Failed, reason)
    }
}

/// The link to a workspace that stands, or is waited for.
fn open_to<'a>(links: &'a [Link], sub: &WorkspaceId) -> Option<&'a Link> {
    let mut open: Vec<&Link> =
        links.iter().filter(|link| link.sub == *sub && link.status != LinkStatus::Rejected).collect();
    open.sort_by_key(|link| (link.status != LinkStatus::Accepted, link.id.clone()));
    open.first().copied()
}

fn there(link: &Link) -> String {
    match &link.status {
        LinkStatus::Accepted => "the workspace is in the group already".to_owned(),
        LinkStatus::Pending => "the workspace is invited already".to_owned(),
        other => format!("a link to the workspace is there already, of status {other}"),
    }
}

/// Compares a link read again with what the step rests on: another status is another world, for what is taken is another thing then.
fn compare(step: &Step, link: &Link) -> Footing {
    match &step.rests_on {
        RestsOn::Link { status, created } if *status != link.status.as_str() || *created != link.created => {
            Footing::Moved(format!(
                "the link is {} since {}, it was {status} since {created}",
                link.status, link.created
            ))
        }
        RestsOn::Link { .. } => Footing::Firm(step.rests_on.clone()),
        _ => Footing::Moved("the step does not say what it rests on".to_owned()),
    }
}

/// Looks whether a change whose answer was lost took effect.
pub(super) async fn look(
    deck: &Deck,
    client: &Client,
    workspace: &WorkspaceId,
    change: &LinkChange,
    waited: Waited,
) -> Found {
    match change {
        LinkChange::Invite { sub, .. } => invitation(deck, client, workspace, sub, waited).await,
        LinkChange::Remove { link, .. } => match whose::links(client, workspace).await {
            Ok(links) if links.iter().all(|found| found.id != *link) => Found::There,
            Ok(_) => Found::Absent,
            Err(unread) => Found::Unclear(unread.why()),
        },
        LinkChange::StayOut { .. } => Found::There,
    }
}

/// A creation may land late: it is judged only after the settle time, and absent only when two complete listings say so. No link was there
/// before it left, so any is its own, one that was refused meanwhile too.
async fn invitation(deck: &Deck, client: &Client, workspace: &WorkspaceId, sub: &WorkspaceId, waited: Waited) -> Found {
    for look in 0..2 {
        if (look > 0 || waited == Waited::NotYet)
            && let Err(cut) = settle::wait(deck, deck.settle).await
        {
            return Found::Unclear(cut.to_string());
        }
        match whose::links(client, workspace).await {
            Ok(links) if links.iter().any(|link| link.sub == *sub) => return Found::There,
            Ok(_) => {}
            Err(unread) => return Found::Unclear(unread.why()),
        }
    }
    Found::Absent
}

/// Says what the list of links shows of a step that was sent.
pub(super) fn shown(change: &LinkChange, links: &[Link]) -> Shown {
    match change {
        LinkChange::Invite { sub, .. } => {
            let open = open_to(links, sub);
            let found = open.or_else(|| links.iter().find(|link| link.sub == *sub));
            Shown {
                outcome: open.map(|link| match link.status {
                    LinkStatus::Accepted => Outcome::Done,
                    // Its owner must accept in the app.
                    LinkStatus::Pending | LinkStatus::Rejected | LinkStatus::Other(_) => Outcome::Waiting,
                }),
                seen: found.map_or_else(|| json!({ "link": Value::Null }), record),
                otherwise: open.is_none() && found.is_some(),
                contrary: match found {
                    Some(_) => "the workspace's owner has refused the invitation".to_owned(),
                    None => "the list of links does not show the invitation".to_owned(),
                },
            }
        }
        LinkChange::Remove { link, .. } => {
            let found = links.iter().find(|found| found.id == *link);
            Shown {
                outcome: found.is_none().then_some(Outcome::Done),
                seen: found.map_or_else(|| json!({ "link": Value::Null }), record),
                otherwise: false,
                contrary: "the list of links still shows the link".to_owned(),
            }
        }
        LinkChange::StayOut { .. } => {
            Shown { outcome: Some(Outcome::Already), seen: Value::Null, otherwise: false, contrary: String::new() }
        }
    }
}

/// A link as the ledger keeps it.
fn record(link: &Link) -> Value {
    json!({ "link": link.id, "status": link.status.as_str(), "created": link.created })
}
