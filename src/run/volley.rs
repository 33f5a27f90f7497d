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
use super::step::{History, Progress};
use super::trouble::LaneTrouble;
use super::work::{Standing, Task};
use super::worker::Shared;
use crate::domain::{Held, Step, StepId};

/// Requests of one lane under way at most: a workspace is allowed a hundred a second (contract section 5), and answers that take longer than that
/// are no reason to have ever more of them in doubt.
const WIDEST: usize = 128;

/// Returns how many of these steps, from the first on, may be under way together: of one kind, so that a call which is refused is tried once;
/// and none of them was ever sent, comes after another, or is about whom or what another is about.
pub(super) fn length(tasks: &[Task]) -> usize {
    let mut about = BTreeSet::new();
    let kind = tasks.first().map(|task| task.step.kind());
    let alike = tasks.iter().take_while(|task| Some(task.step.kind()) == kind);
    alike.take_while(|task| may_share(task).is_some_and(|what| about.insert(what))).count()
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
        // Once closed it stays so: others that were under way may well be acknowledged after a refusal.
        let opens = letter.is_acknowledged() && self.is_sound();
        self.window = if opens { (self.window + 1).min(WIDEST) } else { 0 };
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
                Ok(ready) if mail.is_sound() => {
                    under_way.push(Letter::post(orders.shared, self.writer.clone(), place, ready));
                    ends.push(None);
                }
                Ok(ready) => {
                    mail.land(Letter::unsent(orders.shared, place, ready).await);
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
        let Letter { step: sent, answer, .. } = letter;
        let progress = match (self.judge(&sent, answer, found, &mut history).await, over) {
            (Attempt::Over(progress), _) => self.conclude(step, &history, progress).await,
            (Attempt::Again, Some(why)) => {
                let held = Progress::ended(StepEnd::held(Held::lane_ended(why)).after(history.attempts));
                self.conclude(step, &history, held).await
            }
            (Attempt::Again, None) => self.perform(step, orders.followed.contains(&step.id), history).await,
        };
        self.folded(step, progress)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        CampaignId, Change, Email, MemberId, RestsOn, Role, Thing, UserId, WorkspaceId, WorkspaceName,
    };
    use crate::run::work::Past;

    fn step(change: Change, rests_on: RestsOn) -> Step {
        let name = WorkspaceName::parse("acme").unwrap();
        Step::new(&name, &WorkspaceId::parse("w-1").unwrap(), change, rests_on)
    }

    fn invite(who: &str) -> Step {
        let email = Email::parse(&format!("{who}@agency.example")).unwrap();
        step(Change::Invite { email, role: Role::View, permissions: None, nickname: None }, RestsOn::Absent)
    }

    fn hand_over(campaign: &str) -> Step {
        let [email, heir] = ["eda", "ops"].map(|who| Email::parse(&format!("{who}@agency.example")).unwrap());
        let thing = Thing::Campaign { id: CampaignId::parse(campaign).unwrap(), name: "Spring".to_owned() };
        let [by, to] = ["u-1", "u-2"].map(|user| UserId::parse(user).unwrap());
        step(Change::HandOver { thing, email, heir, to: Some(to) }, RestsOn::Owned { by, back: false })
    }

    fn remove() -> Step {
        let email = Email::parse("eda@agency.example").unwrap();
        step(Change::Remove { member: MemberId::parse("m-1").unwrap(), email }, RestsOn::Absent)
    }

    fn long(steps: impl IntoIterator<Item = Step>) -> usize {
        let tasks: Vec<Task> = steps.into_iter().map(|step| Task { step, past: Past::default() }).collect();
        length(&tasks)
    }

    #[test]
    fn steps_go_together_as_far_as_none_has_to_do_with_another() {
        assert_eq!(long([]), 0);
        assert_eq!(long([remove(), invite("a")]), 0);
        assert_eq!(long([invite("a"), invite("b"), remove(), invite("c")]), 2);
        assert_eq!(long([hand_over("c-1"), hand_over("c-2"), hand_over("c-3"), invite("a")]), 3);
        // The same person, the same campaign.
        assert_eq!(long([invite("a"), invite("b"), invite("a")]), 2);
        assert_eq!(long([hand_over("c-1"), hand_over("c-1")]), 1);
        // What comes after another one waits for it.
        let first = invite("a");
        assert_eq!(long([first.clone(), invite("b").after(&first)]), 1);
    }

    #[test]
    fn what_an_earlier_life_of_the_run_left_goes_alone() {
        for past in [
            Past { attempts: 1, ..Past::default() },
            Past { resumed: true, ..Past::default() },
            Past { standing: Standing::Acknowledged, ..Past::default() },
        ] {
            let tasks = [Task { step: invite("a"), past: Past::default() }, Task { step: invite("b"), past }];
            assert_eq!(length(&tasks), 1);
        }
    }
}
