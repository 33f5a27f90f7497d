//! A lane that writes: identity, a fresh look, the steps in order, the closing look.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::deck::{Deck, Target};
use super::event::{Event, Logbook};
use super::footing::reached;
use super::lane;
use super::look::{self, Known};
use super::settle;
use super::step::{Hand, Progress};
use super::stop::Why;
use super::trouble::{LaneTrouble, TroubleKind};
use crate::api::{Client, Error, Writer};
use crate::domain::fleet::FailureBudget;
use crate::domain::held::HeldClass;
use crate::domain::{Approval, Change, Held, HeldReason, Identity, Member, Outcome, Step, WorkspaceId};
use crate::journal::{Effect, Record};
use crate::plan::person::{self, Person};
use crate::plan::{Observed, Rules};
use crate::trouble::Advise as _;

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepEnd {
    /// The outcome.
    pub outcome: Outcome,
    /// Why, in words for people.
    pub reason: Option<String>,
    /// The refusal, where it was held.
    pub held: Option<Held>,
    /// What to do next, where it failed.
    pub advice: Vec<String>,
    /// Attempts that may have left.
    pub attempts: u32,
}

impl StepEnd {
    fn new(outcome: Outcome, reason: impl Into<String>) -> Self {
        Self { outcome, reason: Some(reason.into()), held: None, advice: Vec::new(), attempts: 0 }
    }

    /// Nothing had to be sent.
    pub fn already(seen: impl Into<String>) -> Self {
        Self::new(Outcome::Already, seen)
    }

    /// It was not sent.
    pub fn held(held: Held) -> Self {
        Self { held: Some(held.clone()), ..Self::new(Outcome::Held, held.detail) }
    }

    /// It surely was not applied.
    pub fn failed(error: &Error, attempts: u32) -> Self {
        Self { advice: error.advice(), attempts, ..Self::new(Outcome::Failed, error.to_string()) }
    }

    /// It left, and nobody knows.
    pub fn unknown(why: impl Into<String>, attempts: u32) -> Self {
        Self { attempts, ..Self::new(Outcome::Unknown, why) }
    }

    /// Tells whether the step was only not started: the ledger keeps it as planned, so that the run can be taken up again.
    fn may_go_on(&self) -> bool {
        self.held.as_ref().is_some_and(|held| matches!(held.reason.class(), HeldClass::NotStarted | HeldClass::Stopped))
    }

    /// Says how many attempts were made.
    #[must_use]
    pub fn after(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }
}

/// How a lane ended.
#[derive(Debug, Clone)]
pub struct LaneEnd {
    /// Its workspace.
    pub workspace: String,
    /// Its steps, in plan order, each with its end.
    pub steps: Vec<(Step, StepEnd)>,
    /// Why it ended before its end.
    pub trouble: Option<LaneTrouble>,
}

impl LaneEnd {
    /// Tells whether the lane counts as failed: trouble, or a step that failed, is unknown or was not seen afterwards.
    pub fn is_failed(&self) -> bool {
        self.trouble.is_some()
            || self
                .steps
                .iter()
                .any(|(_, end)| matches!(end.outcome, Outcome::Failed | Outcome::Unknown | Outcome::Unverified))
    }
}

/// What came of applying a plan.
#[derive(Debug)]
pub struct Applied {
    /// The lanes, in the order given.
    pub lanes: Vec<LaneEnd>,
}

/// What the lanes of one apply share.
#[derive(Debug)]
struct Shared<'a> {
    deck: &'a Deck,
    rules: &'a Rules,
    approval: &'a Approval,
    logbook: Logbook,
    failed: Arc<AtomicUsize>,
    lanes: usize,
}

/// Applies approved steps, one lane per workspace. `failed_before` lanes of `selected` could not be read while planning and count
/// against the failure budget.
pub async fn apply(
    deck: &Deck,
    rules: &Rules,
    approval: &Approval,
    logbook: Logbook,
    work: Vec<(Target, Vec<Step>)>,
    failed_before: usize,
    selected: usize,
) -> Applied {
    let shared =
        Shared { deck, rules, approval, logbook, failed: Arc::new(AtomicUsize::new(failed_before)), lanes: selected };
    let names: Vec<(String, Vec<Step>)> =
        work.iter().map(|(target, steps)| (target.name.to_string(), steps.clone())).collect();
    let ended = lane::all(&work, |(target, steps)| lane_of(&shared, target, steps)).await;
    let lanes = ended
        .into_iter()
        .zip(names)
        .map(|(end, (workspace, steps))| end.unwrap_or_else(|_panicked| panicked(workspace, steps)))
        .collect();
    Applied { lanes }
}

/// A lane that panicked: what it may have sent is unknown.
fn panicked(workspace: String, steps: Vec<Step>) -> LaneEnd {
    let steps =
        steps.into_iter().map(|step| (step, StepEnd::unknown("keyholder itself failed in this lane", 0))).collect();
    LaneEnd { workspace, steps, trouble: Some(LaneTrouble::bug()) }
}

async fn lane_of(shared: &Shared<'_>, target: &Target, steps: &[Step]) -> LaneEnd {
    let workspace = target.name.to_string();
    shared.logbook.tell(Event::LaneStarted { workspace: workspace.clone() }).await;
    let mut lane = Lane { shared, target, ends: Vec::new(), trouble: None };
    lane.run(steps).await;
    let Lane { ends, trouble, .. } = lane;
    let end = LaneEnd { workspace: workspace.clone(), steps: ends, trouble: trouble.clone() };
    if end.is_failed() {
        shared.failed.fetch_add(1, Ordering::Relaxed);
    }
    shared.logbook.tell(Event::LaneEnded { workspace, trouble }).await;
    end
}

/// Waits between looks at what was written, for an API that shows a change late. Nothing publishes a lag; a change that is not
/// seen after these looks is `unverified`.
const LOOKS: [Duration; 3] = [Duration::ZERO, Duration::from_secs(1), Duration::from_secs(5)];

struct Lane<'a> {
    shared: &'a Shared<'a>,
    target: &'a Target,
    ends: Vec<(Step, StepEnd)>,
    trouble: Option<LaneTrouble>,
}

impl Lane<'_> {
    async fn run(&mut self, steps: &[Step]) {
        let (client, identity, observed) = match self.open().await {
            Ok(open) => open,
            Err(held) => return self.hold_all(steps, &held).await,
        };
        if let Some(why) = &observed.incomplete {
            let held = Held::new(
                HeldReason::IncompleteListing,
                format!("the member list could not be read completely: {why}"),
                "run the command again",
            );
            self.trouble =
                Some(LaneTrouble::new(TroubleKind::Incomplete, held.detail.clone(), vec![held.remedy.clone()]));
            return self.hold_all(steps, &held).await;
        }
        let writer = Writer::new(client.clone(), self.shared.approval);
        let mut hand = Hand {
            deck: self.shared.deck,
            client: &client,
            writer: &writer,
            logbook: &self.shared.logbook,
            rules: self.shared.rules,
            observed,
            observed_at: self.shared.deck.clock.instant(),
        };
        let sent = self.perform_all(&mut hand, steps).await;
        self.close(&client, &identity, sent).await;
        self.ends.sort_by_key(|(step, _)| steps.iter().position(|other| other.id == step.id));
    }

    /// Opens the lane: budget, identity with the very key that will write, a fresh listing.
    async fn open(&mut self) -> Result<(Client, Identity, Observed), Held> {
        if let Some(held) = self.gate() {
            return Err(held);
        }
        let deck = self.shared.deck;
        let opened = deck.stop.unless_draining(async {
            let (identity, client) = match look::identify(deck, self.target).await? {
                Known::Pinned(identity, client) => (identity, client),
                Known::Stranger { pinned, seen } => {
                    self.note_identity(&pinned, &seen.id, false).await;
                    return Ok(Err((pinned.to_string(), seen.id.to_string())));
                }
                Known::Unpinned(seen) => return Ok(Err(("none".to_owned(), seen.id.to_string()))),
            };
            self.note_identity(&identity.id, &identity.id, true).await;
            let observed = look::listing(&client, self.target, &identity).await?;
            Ok::<_, LaneTrouble>(Ok((client, identity, observed)))
        });
        match opened.await {
            None => Err(self.gate().unwrap_or_else(|| stopped("the run was stopped"))),
            Some(Ok(Ok(open))) => Ok(open),
            Some(Ok(Err((pinned, seen)))) => Err(self.stranger(pinned, seen)),
            Some(Err(trouble)) => {
                let held = Held::new(HeldReason::LaneEnded, format!("not sent: {trouble}"), "run the command again");
                self.trouble = Some(trouble);
                Err(held)
            }
        }
    }

    async fn note_identity(&self, pinned: &WorkspaceId, seen: &WorkspaceId, matches: bool) {
        let record = Record::Identity { workspace_id: pinned.clone(), seen: seen.to_string(), matches };
        // If this cannot be written the dispatcher drains the run, and the next step is held.
        let _unwritten = self.shared.logbook.write(record).await;
    }

    /// Another workspace answered to the key that was to write: every lane stops sending.
    fn stranger(&mut self, pinned: String, seen: String) -> Held {
        let why = Why::Identity { workspace: self.target.name.to_string(), pinned, seen };
        self.trouble = Some(LaneTrouble::new(
            TroubleKind::Identity,
            why.to_string(),
            vec!["give the workspace the right key, then run `keyholder check`".to_owned()],
        ));
        self.shared.deck.stop.drain(why.clone());
        Held::new(HeldReason::Identity, why.to_string(), "give the workspace the right key")
    }

    /// Says why nothing new may be sent, if so.
    fn gate(&self) -> Option<Held> {
        let stop = &self.shared.deck.stop;
        if stop.is_draining() {
            return Some(match stop.why() {
                Some(why @ Why::Identity { .. }) => Held::new(HeldReason::Identity, why.to_string(), "see the error"),
                Some(Why::Ledger) => Held::new(HeldReason::Ledger, Why::Ledger.to_string(), "see the error"),
                why => stopped(&why.map_or("the run was stopped".to_owned(), |why| format!("the run was {why}"))),
            });
        }
        let failed = self.shared.failed.load(Ordering::Relaxed);
        let budget: FailureBudget = self.shared.rules.guards.max_failures;
        budget.exceeded(failed, self.shared.lanes).then(|| {
            Held::new(
                HeldReason::FailureBudget,
                format!("{failed} of {} lanes failed, the budget is {budget}", self.shared.lanes),
                "mend or --exclude the failed workspaces, or raise `guards.max_failures`",
            )
        })
    }

    /// Performs the steps in order; returns those the closing look decides.
    async fn perform_all(&mut self, hand: &mut Hand<'_>, steps: &[Step]) -> Vec<(Step, u32, Option<String>)> {
        let mut sent: Vec<(Step, u32, Option<String>)> = Vec::new();
        for (place, step) in steps.iter().enumerate() {
            if let Some(held) = self.gate() {
                self.hold_all(&steps[place..], &held).await;
                break;
            }
            let firm = step.after.as_ref().is_none_or(|before| {
                sent.iter().any(|(other, _, doubt)| other.id == *before && doubt.is_none())
                    || self.ends.iter().any(|(other, end)| other.id == *before && end.outcome == Outcome::Already)
            });
            if !firm {
                let held = Held::new(HeldReason::After, "the step it comes after did not end well", "see that step");
                self.end(step, StepEnd::held(held)).await;
                continue;
            }
            let followed = steps.iter().any(|other| other.after.as_ref() == Some(&step.id));
            match hand.perform(step, followed).await {
                Progress::Ended(end) => self.end(step, end).await,
                Progress::Sent { attempts, doubt } => sent.push((step.clone(), attempts, doubt)),
                Progress::LaneOver(end, trouble) => {
                    self.end(step, end).await;
                    let held =
                        Held::new(HeldReason::LaneEnded, format!("not sent: {trouble}"), "run the command again");
                    self.trouble = Some(trouble);
                    self.hold_all(&steps[place + 1..], &held).await;
                    break;
                }
            }
        }
        sent
    }

    /// The closing look: a step is done only when the complete list says so.
    async fn close(&mut self, client: &Client, identity: &Identity, mut sent: Vec<(Step, u32, Option<String>)>) {
        let deck = self.shared.deck;
        let mut seen = Err("no look was taken".to_owned());
        for wait in LOOKS {
            if sent.is_empty() {
                return;
            }
            // A stop does not end the first look: what was sent is worth one reading, which sends nothing new.
            if !wait.is_zero() && settle::wait(deck, wait).await.is_err() {
                break;
            }
            let Some(rows) = deck.stop.unless_now(settle::rows(client, &identity.id)).await else { break };
            if let Ok(rows) = &rows {
                let (there, open): (Vec<_>, Vec<_>) =
                    sent.into_iter().partition(|(step, _, _)| verdict(step, rows).is_some());
                for (step, attempts, doubt) in there {
                    if doubt.is_some() {
                        // What looking had left open is settled by this list.
                        let found = "the member list shows it".to_owned();
                        let record = Record::Looked { step: step.id.clone(), effect: Effect::There, found };
                        let _unwritten = self.shared.logbook.write(record).await;
                    }
                    let outcome = verdict(&step, rows).expect("just partitioned by it");
                    let end = StepEnd { outcome, reason: None, held: None, advice: Vec::new(), attempts };
                    self.end(&step, end).await;
                }
                sent = open;
            }
            seen = rows;
        }
        for (step, attempts, doubt) in sent {
            let end = match (doubt, &seen) {
                (Some(doubt), _) => StepEnd::unknown(doubt, attempts),
                (None, Ok(_)) => {
                    StepEnd::new(Outcome::Unverified, "acknowledged, but the member list does not show it")
                        .after(attempts)
                }
                (None, Err(why)) => {
                    StepEnd::new(Outcome::Unverified, format!("acknowledged, but it could not be read back: {why}"))
                        .after(attempts)
                }
            };
            self.end(&step, end).await;
        }
    }

    async fn hold_all(&mut self, steps: &[Step], held: &Held) {
        if !steps.is_empty() {
            let record = Record::Lane { workspace: self.target.name.to_string(), trouble: held.to_string() };
            let _unwritten = self.shared.logbook.write(record).await;
        }
        for step in steps {
            self.end(step, StepEnd::held(held.clone())).await;
        }
    }

    /// Ends a step: writes it down, tells it, keeps it.
    async fn end(&mut self, step: &Step, end: StepEnd) {
        if !end.may_go_on() {
            let record = Record::Settled {
                step: step.id.clone(),
                outcome: end.outcome,
                reason: end.reason.clone(),
                attempts: end.attempts,
            };
            // If this cannot be written the dispatcher drains the run and hands the record back to be shown.
            let _unwritten = self.shared.logbook.write(record).await;
        }
        self.shared.logbook.tell(Event::StepEnded { step: Box::new(step.clone()), end: end.clone() }).await;
        self.ends.push((step.clone(), end));
    }
}

/// Says how a step that was sent ended, by a complete list; `None` where the list does not show it.
fn verdict(step: &Step, rows: &[Member]) -> Option<Outcome> {
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
    }
}

fn stopped(why: &str) -> Held {
    Held::new(HeldReason::Stopped, why, "run the command again: it plans what is missing")
}
