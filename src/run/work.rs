//! What one lane is given to do, and what an earlier life of the run left of each step.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::deck::Target;
use super::key_past::{Made, Making};
use super::tag_length::Length;
use crate::domain::{Outcome, RunId, Step, StepId};
use crate::journal::{Class, Effect, KeyDid, State};

/// What one lane is given to do.
#[derive(Debug, Clone)]
pub struct Work {
    /// The workspace.
    pub target: Target,
    /// Its open steps, in plan order.
    pub tasks: Vec<Task>,
    /// Steps of it that ended well in an earlier life of the run: others may come after them.
    pub ended_well: BTreeSet<StepId>,
    /// Keys that steps of it made in an earlier life of the run, and that were kept.
    pub made: BTreeMap<StepId, Made>,
    /// How long its list of what carries tags will be, where planning saw that.
    pub mapped: Option<Length>,
}

impl Work {
    /// Makes the work of a run that begins.
    pub fn fresh(target: Target, steps: Vec<Step>) -> Self {
        let tasks = steps.into_iter().map(|step| Task { step, past: Past::default() }).collect();
        Self { target, tasks, ended_well: BTreeSet::new(), made: BTreeMap::new(), mapped: None }
    }
}

/// One step, and where it stands.
#[derive(Debug, Clone)]
pub struct Task {
    /// The step.
    pub step: Step,
    /// Where it stands.
    pub past: Past,
}

/// What an earlier life of the run left of a step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Past {
    /// How often it was started.
    pub attempts: u32,
    /// What that came to.
    pub standing: Standing,
    /// What may still be done about it.
    pub onward: Onward,
    /// What is known of the key it makes, where it makes one.
    pub making: Making,
    /// Whether an earlier life of the run left it: the world may have moved for hours since.
    pub resumed: bool,
}

/// What may still be done about a step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Onward {
    /// It may be sent, or sent again where looking shows that it did not take.
    #[default]
    Send,
    /// It is looked for, and never sent again.
    Look,
    /// A later run had to do with the same person: it is looked for and never sent again, and that its effect is not there says nothing
    /// any more.
    Overtaken(RunId),
}

/// What the attempts so far came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Standing {
    /// Surely nothing: it is to be sent.
    #[default]
    ToSend,
    /// It was refused, and its end was not written down.
    Refused {
        /// What was answered.
        said: String,
    },
    /// It was acknowledged, and the closing look is missing.
    Acknowledged,
    /// It was acknowledged, and the closing look did not show it.
    Unverified,
    /// It may have taken effect.
    InDoubt {
        /// Why nobody knows.
        why: String,
    },
}

impl Standing {
    /// Tells whether the effect may be there, or may still come.
    pub fn is_in_doubt(&self) -> bool {
        match self {
            Self::ToSend | Self::Refused { .. } => false,
            Self::Acknowledged | Self::Unverified | Self::InDoubt { .. } => true,
        }
    }
}

/// What a step's entries tell of its attempts.
#[derive(Debug, Default)]
struct Told {
    /// An attempt was started and nothing more is known of it.
    unanswered: bool,
    doubt: Option<String>,
    refused: Option<String>,
}

impl Told {
    fn take(&mut self, entry: &Value) {
        let detail = || entry["detail"].as_str().unwrap_or_default().to_owned();
        match entry["type"].as_str() {
            Some("started") => {
                self.cut();
                self.unanswered = true;
            }
            Some("answered") => {
                self.unanswered = false;
                match entry["class"].as_str().and_then(Class::parse) {
                    Some(Class::Ambiguous) | None => self.doubt = Some(detail()),
                    Some(Class::Refused) => self.refused = Some(detail()),
                    Some(Class::Acknowledged | Class::Throttled | Class::NotSent) => {}
                }
            }
            Some("key") if entry["did"] == KeyDid::Discarded.as_str() => {
                self.doubt = Some("a key of an earlier attempt was deleted again".to_owned());
            }
            _ => {}
        }
    }

    fn cut(&mut self) {
        if self.unanswered {
            self.doubt = Some("the run was cut before an answer was written down".to_owned());
        }
    }
}

impl Past {
    /// Reads where a step stands from its state and its own entries, in their order; none where it has ended for good.
    pub fn of<'a>(state: State, entries: impl IntoIterator<Item = &'a Value>) -> Option<Self> {
        let mut told = Told::default();
        let mut making = Making::default();
        for entry in entries {
            told.take(entry);
            making.take(entry);
        }
        told.cut();
        let doubt = |why: Option<String>| Standing::InDoubt { why: why.unwrap_or_default() };
        let standing = match state {
            State::Settled { outcome: Outcome::Unknown, .. } => doubt(told.doubt),
            // There in another form than was asked, or not there after the settle time: no look makes that a better end.
            State::Settled { outcome: Outcome::Unverified, effect: Some(Effect::There | Effect::Absent), .. } => {
                return None;
            }
            State::Settled { outcome: Outcome::Unverified, .. } => Standing::Unverified,
            State::Held | State::Already | State::Settled { .. } => return None,
            State::Planned => Standing::ToSend,
            // A resume had looked for what its run did not see, and was cut before it could say how that ends.
            State::Looked { effect: Effect::Absent | Effect::Unclear, answer: Some(Class::Acknowledged), .. } => {
                Standing::Unverified
            }
            State::Started { .. } | State::Answered { .. } | State::Looked { .. } => match (told.doubt, state.answer())
            {
                // What was lost once stays lost, whatever was answered later, until it is seen: only an acknowledgement of a
                // later attempt says that the asked state is there.
                (_, Some(Class::Acknowledged)) => Standing::Acknowledged,
                (Some(why), _) => doubt(Some(why)),
                (None, Some(Class::Refused)) => Standing::Refused { said: told.refused.unwrap_or_default() },
                (None, Some(Class::NotSent | Class::Throttled)) => Standing::ToSend,
                (None, Some(Class::Ambiguous) | None) => doubt(None),
            },
        };
        Some(Self { attempts: state.attempts(), standing, onward: Onward::Send, making, resumed: true })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::journal::Move;

    /// Plays records from `planned` on, and reads where the step then stands.
    fn after(words: &[&str]) -> Option<Standing> {
        let mut state = State::Planned;
        let mut entries = Vec::new();
        let mut attempt = 0;
        for word in words {
            let (step, entry) = match *word {
                "started" => {
                    attempt += 1;
                    (Move::Start { attempt }, json!({ "type": "started" }))
                }
                word => match (Class::parse(word), Effect::parse(word), Outcome::parse(word)) {
                    (Some(class), _, _) => {
                        let entry = json!({ "type": "answered", "class": word, "detail": format!("{word} {attempt}") });
                        (Move::Answer { attempt, class }, entry)
                    }
                    (_, Some(effect), _) => (Move::Look(effect), json!({ "type": "looked", "effect": word })),
                    (_, _, Some(outcome)) => (Move::Settle(outcome), json!({ "type": "settled", "outcome": word })),
                    _ => panic!("`{word}` is no word of the ledger"),
                },
            };
            state = state.after(step).unwrap();
            entries.push(entry);
        }
        let past = Past::of(state, &entries)?;
        assert_eq!(past.attempts, attempt);
        Some(past.standing)
    }

    fn doubt(why: &str) -> Standing {
        Standing::InDoubt { why: why.to_owned() }
    }

    #[test]
    fn what_surely_had_no_effect_is_to_be_sent() {
        assert_eq!(after(&[]), Some(Standing::ToSend));
        assert_eq!(after(&["started", "not_sent"]), Some(Standing::ToSend));
        assert_eq!(after(&["started", "throttled", "started", "throttled"]), Some(Standing::ToSend));
    }

    #[test]
    fn what_was_started_and_has_no_answer_is_in_doubt() {
        let cut = "the run was cut before an answer was written down";
        assert_eq!(after(&["started"]), Some(doubt(cut)));
        assert_eq!(after(&["started", "absent", "started"]), Some(doubt(cut)));
        assert_eq!(after(&["started", "ambiguous"]), Some(doubt("ambiguous 1")));
        assert_eq!(after(&["started", "ambiguous", "unclear", "unknown"]), Some(doubt("ambiguous 1")));
    }

    #[test]
    fn a_doubt_outlives_later_attempts_that_were_refused_throttled_or_not_sent() {
        let lost = ["started", "ambiguous", "absent", "started"];
        for word in ["refused", "throttled", "not_sent"] {
            assert_eq!(after(&[&lost[..], &[word]].concat()), Some(doubt("ambiguous 1")), "{word}");
        }
        assert_eq!(after(&[&lost[..], &["acknowledged"]].concat()), Some(Standing::Acknowledged));
        assert_eq!(
            after(&["started", "absent", "started", "throttled"]),
            Some(doubt("the run was cut before an answer was written down"))
        );
    }

    #[test]
    fn an_answer_whose_end_is_missing_is_taken_up_and_an_end_is_left_alone() {
        assert_eq!(after(&["started", "acknowledged"]), Some(Standing::Acknowledged));
        assert_eq!(after(&["started", "acknowledged", "unverified"]), Some(Standing::Unverified));
        assert_eq!(after(&["started", "acknowledged", "unverified", "there", "unverified"]), None, "in another form");
        for seen in ["absent", "unclear"] {
            let cut = ["started", "acknowledged", "unverified", seen];
            assert_eq!(after(&cut), Some(Standing::Unverified), "{seen}");
        }
        assert_eq!(after(&["started", "refused"]), Some(Standing::Refused { said: "refused 1".to_owned() }));
        for end in [&["started", "acknowledged", "done"][..], &["started", "refused", "failed"], &["held"]] {
            assert_eq!(after(end), None, "{end:?}");
        }
    }
}
