//! Volleys: steps of one lane that have nothing to do with each other are sent while the answers of those before are still awaited.
//!
//! One after the other, a thousand invitations take a thousand round trips, whatever the pace allows. What stands before a request stands
//! before each of these too, in the plan's order and one at a time: gate, footing, guards, pace, the `started` entry. Only waiting for the
//! answer is shared. It begins with one and opens up with every acknowledgement; with the first answer that is none, nothing more is begun
//! until every answer is there and each step is judged as if it had been alone.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::FuturesUnordered;
use futures::{StreamExt as _, future};

use super::answer::Attempt;
use super::end::StepEnd;
use super::hand::Hand;
use super::letter::Letter;
use super::settle::{Found, Waited};
use super::step::{Fate, History, Progress};
use super::trouble::LaneTrouble;
use super::work::{Standing, Task};
use super::worker::Shared;
use crate::domain::{Held, Step, StepId};

/// Requests of one lane under way at most: more than the hundred a second that a workspace is allowed (contract section 5) never find a place.
const WIDEST: usize = 128;

/// Returns how many of these steps, from the first on, may be under way together: none of them was ever sent, needs a request of its own for
/// what it rests on, comes after another, or is about whom or what another is about. What no guard counts is all they do.
pub(super) fn length(tasks: &[Task]) -> usize {
    let mut about = BTreeSet::new();
    tasks.iter().take_while(|task| may_share(task).is_some_and(|what| about.insert(what))).count()
}

/// Returns what a step is about, if it may be under way beside others.
fn may_share(Task { step, past }: &Task) -> Option<&str> {
    let fresh = past.standing == Standing::ToSend && past.attempts == 0 && !past.resumed;
    step.beside_others().filter(|_| fresh)
}

/// What its lane says to a volley.
pub(super) struct Orders<'a> {
    /// What the lanes share.
    pub(super) shared: &'a Shared<'a>,
    /// Whether a step may still be begun.
    pub(super) may_begin: &'a dyn Fn(&Task) -> bool,
    /// Told of each step before it may leave.
    pub(super) begin: &'a dyn Fn(&Step),
    /// The steps that others come after.
    pub(super) followed: &'a BTreeSet<&'a StepId>,
}

/// What is under way, and what came back.
struct Mail {
    /// Requests that may be under way now.
    window: usize,
    landed: BTreeMap<usize, Letter>,
}

impl Mail {
    fn land(&mut self, letter: Letter) {
        self.window = if letter.is_acknowledged() { (self.window + 1).min(WIDEST) } else { 0 };
        self.landed.insert(letter.place, letter);
    }

    /// Tells whether everything so far was acknowledged.
    fn is_sound(&self) -> bool {
        self.window > 0
    }
}

impl Hand<'_> {
    /// Performs some steps that may be under way together; returns how far each came, in their order, and ends early where one of them says so.
    pub(super) async fn volley(&mut self, tasks: &[Task], orders: &Orders<'_>) -> Vec<Progress> {
        let mut mail = Mail { window: 1, landed: BTreeMap::new() };
        let mut ends = self.post_all(tasks, orders, &mut mail).await;
        let found = self.look_for_all(&mail).await;
        let mut over = ends.iter().flatten().find_map(|progress| progress.over.clone());
        for (place, task) in tasks.iter().enumerate().take(ends.len()) {
            let Some(letter) = mail.landed.remove(&place) else { continue };
            let progress = self.settle_letter(task, letter, found.get(&place).cloned(), over.as_ref(), orders).await;
            over = over.or_else(|| progress.over.clone());
            ends[place] = Some(progress);
        }
        ends.into_iter().map(|end| end.expect("every letter comes back")).collect()
    }

    /// Sends as many as may be sent, and waits for every answer. An end stands where a step was not sent.
    async fn post_all(&mut self, tasks: &[Task], orders: &Orders<'_>, mail: &mut Mail) -> Vec<Option<Progress>> {
        let mut under_way = FuturesUnordered::new();
        let mut ends: Vec<Option<Progress>> = Vec::new();
        for (place, task) in tasks.iter().enumerate() {
            while mail.is_sound() && under_way.len() >= mail.window {
                mail.land(under_way.next().await.expect("the window is never empty"));
            }
            // The lane asked for the first of them itself.
            if !mail.is_sound() || place > 0 && !(orders.may_begin)(task) {
                break;
            }
            (orders.begin)(&task.step);
            let history = self.history(0);
            let ready = {
                let ready = self.ready(&task.step, orders.followed.contains(&task.step.id), &history);
                tokio::pin!(ready);
                loop {
                    tokio::select! {
                        biased;
                        Some(letter) = under_way.next(), if !under_way.is_empty() => mail.land(letter),
                        ready = &mut ready => break ready,
                    }
                }
            };
            match ready {
                Ok(ready) => {
                    under_way.push(Letter::post(orders.shared, self.writer.clone(), place, ready));
                    ends.push(None);
                }
                Err(progress) => {
                    let over = progress.over.is_some();
                    ends.push(Some(self.conclude(&task.step, &history, progress).await));
                    if over {
                        break;
                    }
                }
            }
        }
        while let Some(letter) = under_way.next().await {
            mail.land(letter);
        }
        ends
    }

    /// Looks for all whose answers were lost, side by side: the settle time is the same for all of them.
    async fn look_for_all(&self, mail: &Mail) -> BTreeMap<usize, Found> {
        let lost = mail.landed.values().filter(|letter| letter.is_lost());
        let looks = lost.map(async |letter| (letter.place, self.look_for_lost(&letter.step, 1, Waited::NotYet).await));
        future::join_all(looks).await.into_iter().collect()
    }

    /// Judges the first attempt of one step, and goes on with it alone where it may be sent again. `over` says why its lane has ended.
    async fn settle_letter(
        &mut self,
        task: &Task,
        letter: Letter,
        found: Option<Found>,
        over: Option<&LaneTrouble>,
        orders: &Orders<'_>,
    ) -> Progress {
        let step = &task.step;
        let mut history = History { attempts: 1, ..self.history(0) };
        let Letter { step: sent, came, noted, .. } = letter;
        let progress = match (self.judge(&sent, came, noted, found, &mut history).await, over) {
            (Attempt::Over(progress), _) => self.conclude(step, &history, progress).await,
            (Attempt::Again, Some(why)) => {
                let held = Progress::ended(StepEnd::held(Held::lane_ended(why)).after(history.attempts));
                self.conclude(step, &history, held).await
            }
            (Attempt::Again, None) => self.perform(step, orders.followed.contains(&step.id), history).await,
        };
        if let Fate::Sent { doubt, .. } = &progress.fate {
            self.fold(step, doubt.is_some());
        }
        progress
    }
}
