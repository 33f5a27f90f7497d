//! An assignment that is refused because of one of its resources: which of them the workspace does not have is read from its list, and the
//! others are sent as the same step.
//!
//! The API refuses all of a call where it does not know one of the resources (contract section 10), and does not say which.

use std::collections::{BTreeMap, BTreeSet};

use tokio::time::Instant;

use super::answer::Attempt;
use super::end::StepEnd;
use super::hand::Hand;
use super::step::Progress;
use super::things::FRESH;
use super::whose::{self, Unread};
use crate::api::Error;
use crate::domain::{Change, Outcome, ResourceId, ResourceKind, Step, StepId, TagChange, WorkspaceId};
use crate::journal::Effect;

/// How often a step is narrowed: somebody may delete another one meanwhile, but nobody does so all the time.
const MOST: u32 = 2;

/// How many resources are named in words; all of them stand in the ledger.
const NAMED: usize = 3;

/// What is known of resources that were named and are not there.
#[derive(Debug, Default)]
pub(super) struct Gone {
    of: BTreeMap<StepId, (BTreeSet<ResourceId>, u32)>,
    /// What the workspace has, in lower case, and when it was read.
    listed: BTreeMap<ResourceKind, (Result<BTreeSet<String>, Unread>, Instant)>,
}

impl Gone {
    /// The resources of a step that the workspace does not have.
    pub(super) fn of(&self, step: &StepId) -> impl Iterator<Item = &ResourceId> {
        self.of.get(step).into_iter().flat_map(|(gone, _)| gone)
    }

    /// Tells whether a step is sent without some of its resources.
    pub(super) fn narrows(&self, step: &StepId) -> bool {
        self.of.contains_key(step)
    }

    fn times(&self, step: &StepId) -> u32 {
        self.of.get(step).map_or(0, |(_, times)| *times)
    }
}

/// What a look after a refusal makes of a step.
pub(super) enum Narrowed {
    /// It may be sent without what is gone.
    Again,
    /// It ended so.
    Ended(StepEnd),
    /// It is as it was refused, and this may be said beside that.
    AsItWas(Option<String>),
}

impl Hand<'_> {
    /// Returns a step without the resources that the workspace does not have: still the same step, for the ledger and every look.
    pub(super) fn without_gone(&self, mut step: Step) -> Step {
        if let Change::Tag(TagChange::Assign { resources, .. }) = &mut step.change {
            let gone: BTreeSet<&ResourceId> = self.things.tags.gone.of(&step.id).collect();
            resources.retain(|resource| !gone.contains(resource));
        }
        step
    }

    /// Judges a refused assignment: sent once more without what is gone, or ended.
    pub(super) async fn toggle_refused(&mut self, step: &Step, error: &Error, attempts: u32) -> Attempt {
        let end = match self.narrow(step, attempts, &error.to_string()).await {
            Narrowed::Again => return Attempt::Again,
            Narrowed::Ended(end) => end,
            Narrowed::AsItWas(beside) => {
                let failed = StepEnd::failed(error, attempts);
                StepEnd { reason: beside.or(failed.reason), ..failed }
            }
        };
        Attempt::Over(Progress::ended(end))
    }

    /// Looks why an assignment was refused: it may be as asked, its tag gone, or some of its resources. `said` is the refusal.
    pub(super) async fn narrow(&mut self, step: &Step, attempts: u32, said: &str) -> Narrowed {
        if let Some(end) = self.after_tag_refusal(step, attempts, said).await
            && end.outcome != Outcome::Failed
        {
            if end.outcome == Outcome::Already {
                // A narrowed step that was refused again was found absent before.
                self.note_look(step, Effect::There, end.reason.clone().unwrap_or_default()).await;
            }
            return Narrowed::Ended(end);
        }
        let Change::Tag(TagChange::Assign { on, resources, .. }) = &step.change else { return Narrowed::AsItWas(None) };
        let deck = self.deck;
        let looking = self.absent(&step.workspace_id, *on, resources);
        let Some(looked) = deck.stop.unless_now(looking).await else { return Narrowed::AsItWas(None) };
        let (_, several) = on.words();
        let gone = match looked {
            Ok(gone) => gone,
            Err(why) => {
                return Narrowed::AsItWas(Some(format!("{said}; which {several} are gone could not be read: {why}")));
            }
        };
        if gone.is_empty() {
            return Narrowed::AsItWas(None);
        }
        let whole = gone.len() == resources.len();
        let told = format!("the workspace does not have {}", named(&gone));
        if whole || self.things.tags.gone.times(&step.id) >= MOST {
            return Narrowed::AsItWas(Some(format!("{said}; {told}")));
        }
        // Of what was refused nothing was done, and what is left is another request.
        if !self.note_look(step, Effect::Absent, format!("{told}; the others are sent without it")).await {
            return Narrowed::AsItWas(None);
        }
        let entry = self.things.tags.gone.of.entry(step.id.clone()).or_default();
        entry.0.extend(gone);
        entry.1 += 1;
        let all: Vec<ResourceId> = entry.0.iter().cloned().collect();
        self.remarks
            .insert(step.id.clone(), format!("not sent for what the workspace does not have ({})", named(&all)));
        Narrowed::Again
    }

    /// Says which resources a complete list of the workspace does not show.
    async fn absent(
        &mut self,
        workspace: &WorkspaceId,
        on: ResourceKind,
        resources: &[ResourceId],
    ) -> Result<Vec<ResourceId>, String> {
        let now = self.deck.clock.instant();
        let listed = self.things.tags.gone.listed.get(&on);
        let age = listed.map(|(_, at)| now.duration_since(*at));
        // Once a lane: a list that cannot be read is not read again, and what an old one shows may be gone since.
        let settled = |shown: &BTreeSet<String>| resources.iter().any(|one| !shown.contains(&lower(one.as_str())));
        let again = match listed {
            None => true,
            Some((Ok(shown), _)) => !settled(shown) && age.is_none_or(|age| age > FRESH),
            Some((Err(_), _)) => false,
        };
        if again {
            let shown = self.list(workspace, on).await;
            self.things.tags.gone.listed.insert(on, (shown, self.deck.clock.instant()));
        }
        let (shown, _) = self.things.tags.gone.listed.get(&on).expect("it was just read");
        let shown = shown.as_ref().map_err(|unread| unread.why.clone())?;
        Ok(resources.iter().filter(|one| !shown.contains(&lower(one.as_str()))).cloned().collect())
    }

    async fn list(&self, workspace: &WorkspaceId, on: ResourceKind) -> Result<BTreeSet<String>, Unread> {
        let mut shown = BTreeSet::new();
        match on {
            ResourceKind::Account => {
                let keep = |account: &crate::domain::SendingAccount| {
                    shown.insert(lower(&account.email));
                    false
                };
                whose::whole(self.client.sending_accounts(workspace, keep).await)?;
            }
            ResourceKind::Campaign => {
                let keep = |campaign: &crate::domain::Campaign| {
                    shown.insert(lower(campaign.id.as_str()));
                    false
                };
                whose::whole(self.client.campaigns(workspace, keep).await)?;
            }
        }
        Ok(shown)
    }
}

/// Addresses compare without regard to case, and ids have none to disregard.
fn lower(text: &str) -> String {
    text.trim().to_ascii_lowercase()
}

fn named(gone: &[ResourceId]) -> String {
    let first: Vec<&str> = gone.iter().take(NAMED).map(ResourceId::as_str).collect();
    match gone.len().saturating_sub(NAMED) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}
