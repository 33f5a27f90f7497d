//! Taking up the making of a key: what an earlier life of the run wrote down of it, and what the configured reference leads to now, decide
//! (the table stands in `making`).

use super::answer::Attempt;
use super::end::StepEnd;
use super::hand::Hand;
use super::key_past::{Made, Making};
use super::making::{Kept, is_stored_for_good};
use super::rotating::Leads;
use super::settle::Waited;
use super::step::{History, Progress};
use super::whose;
use super::work::{Onward, Past, Standing, Task};
use crate::domain::{Change, Keep, Outcome, Step};
use crate::journal::Effect;

/// What is said of a key whose secret is lost in a run that only settles.
const NOT_DELETED: &str = "its secret is lost; `keyholder resume` without --settle-only deletes it";

impl Hand<'_> {
    /// Takes up a step of which a key may have come.
    pub(super) async fn remake(&mut self, task: &Task, making: &Making, followed: bool) -> Progress {
        let Task { step, past } = task;
        let Change::CreateKey { keep, replaces, .. } = &step.change else { unreachable!("it makes a key") };
        let Some(made) = &making.made else { return self.look_for_it(task, followed).await };
        if is_stored_for_good(keep, making.did) {
            return self.go_on(step, made, past).await;
        }
        let Some(replaced) = replaces else { return self.let_go(task, made, followed).await };
        match self.leads(made, replaced).await {
            Leads::Old => self.let_go(task, made, followed).await,
            Leads::Elsewhere(why) => self.undecided(step, format!("{why}; both keys stay"), past).await,
            Leads::New(_) => match self.prove_stored(step, made, replaced, &keep.to_string()).await {
                Kept::Yes => self.go_on(step, made, past).await,
                Kept::No(why, _) | Kept::Unclear(why) => self.undecided(step, why, past).await,
            },
        }
    }

    /// It stays unknown: what was looked at did not decide it.
    async fn undecided(&self, step: &Step, why: String, past: &Past) -> Progress {
        self.note_look(step, Effect::Unclear, why.clone()).await;
        Progress::ended(StepEnd::unknown(why, past.attempts))
    }

    /// It was kept: the closing look is missing. One that was not seen by that of its run is looked for, and that decides.
    async fn go_on(&mut self, step: &Step, made: &Made, past: &Past) -> Progress {
        self.made.insert(step.id.clone(), made.clone());
        if self.client.speaks_with().fingerprint() == made.fingerprint {
            self.key_id = Some(made.key.clone());
        }
        if past.standing == Standing::Unverified {
            let keys = whose::keys(&self.client, &step.workspace_id).await;
            let end = match keys {
                Ok(keys) if keys.iter().any(|key| key.id == made.key) => None,
                Ok(_) => {
                    self.note_look(step, Effect::Absent, "the key list does not show the key".to_owned()).await;
                    Some("it was made and kept, and after the settle time the key list does not show it: another hand deleted it".to_owned())
                }
                Err(unread) => {
                    let why = unread.why();
                    self.note_look(step, Effect::Unclear, why.clone()).await;
                    Some(format!("it was made and kept, but could not be read back: {why}"))
                }
            };
            if let Some(why) = end {
                return Progress::ended(StepEnd::new(Outcome::Unverified, why).after(past.attempts));
            }
        }
        self.note_look(step, Effect::There, format!("{} was made and kept", made.key)).await;
        Progress::sent(past.attempts, None)
    }

    /// It was made, and its secret is lost: it is deleted, and may then be made once more.
    async fn let_go(&mut self, task: &Task, made: &Made, followed: bool) -> Progress {
        let Task { step, past } = task;
        if past.onward == Onward::Look {
            return self.undecided(step, format!("the key {} was made; {NOT_DELETED}", made.key), past).await;
        }
        if let Change::CreateKey { keep: Keep::Folder(folder), .. } = &step.change {
            // Whether the file was written is not known: a kill may have come between the file and the word of it.
            let remark = format!(
                "an earlier life of the run may have left a key file in {folder} that opens nothing: of several files of this workspace \
                 the newest is the living one"
            );
            self.remarks.insert(step.id.clone(), remark);
        }
        match self.discard(step, &made.key, Some(&made.fingerprint), &made.name).await {
            Ok(()) => self.once_more(task, followed, "its secret was lost, and it was deleted again").await,
            Err(left) => {
                let why = format!("its secret is lost, and the key {} is still there: {left}", made.key);
                self.undecided(step, why, past).await
            }
        }
    }

    /// Nobody knows whether one was made.
    async fn look_for_it(&mut self, task: &Task, followed: bool) -> Progress {
        let Task { step, past } = task;
        let attempts = past.attempts;
        let why = match &past.standing {
            Standing::InDoubt { why } => why.clone(),
            _ => "the run was cut before the key was written down".to_owned(),
        };
        if past.onward == Onward::Look {
            return Progress::ended(match self.orphans(step, attempts, Waited::Already).await {
                Ok(orphans) if orphans.is_empty() => {
                    StepEnd::new(Outcome::Failed, format!("{why}; no key of it is there, and it was not sent again"))
                        .after(attempts)
                }
                Ok(_) => StepEnd::unknown(format!("{why}; the key was made, and {NOT_DELETED}"), attempts),
                Err(left) => StepEnd::unknown(format!("{why}; looking did not settle it: {left}"), attempts),
            });
        }
        let mut history = History { doubt: Some(why.clone()), ..self.history(attempts) };
        match self.lost_key(step, &why, &mut history, Waited::Already).await {
            Attempt::Over(progress) => progress,
            Attempt::Again => self.once_more(task, followed, "no key of an earlier attempt is left").await,
        }
    }

    /// Nothing is left of it: it is made anew, unless a later run stands above this one.
    async fn once_more(&mut self, task: &Task, followed: bool, left: &str) -> Progress {
        let Task { step, past: Past { attempts, onward, .. } } = task;
        if let Onward::Overtaken(by) = onward {
            let why = format!("{left}; run {by} had to do with it here since, so it was not sent again");
            return Progress::ended(StepEnd::new(Outcome::Failed, why).after(*attempts));
        }
        let history = History { without_effect: *attempts, ..self.history(*attempts) };
        self.perform(step, followed, history).await
    }
}
