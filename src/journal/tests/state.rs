//! The state machine of a step against a table written for people.

use std::collections::BTreeSet;

use super::super::record::KeyDid;
use super::*;

/// The machine once more, as a table for people: from what, and what may follow. Written from the design, not from the code above.
const TABLE: &[(&str, &str)] = &[
    ("planned", "start | look | settle held failed already"),
    ("held", ""),
    ("already", ""),
    ("started", "answer | look | settle unknown"),
    ("answered acknowledged", "look | settle done waiting unverified unknown"),
    ("answered ambiguous", "look | settle unknown"),
    ("answered refused", "look | settle failed already unknown"),
    ("answered throttled", "start | look | settle held failed already unknown"),
    ("answered not_sent", "start | look | settle held failed already unknown"),
    ("looked there", "look | settle done waiting already unverified unknown"),
    ("looked absent", "start | look | settle failed held unverified unknown"),
    ("looked unclear none", "look | settle unverified unknown"),
    ("looked unclear ambiguous", "look | settle unverified unknown"),
    ("looked unclear acknowledged", "look | settle unverified unknown"),
    ("looked unclear refused", "look | settle failed already unverified unknown"),
    ("looked unclear throttled", "look | settle held failed already unverified unknown"),
    ("looked unclear not_sent", "look | settle held failed already unverified unknown"),
    ("settled unknown", "look"),
    ("settled unverified", "look"),
    ("settled done", ""),
    ("settled already", ""),
    ("settled waiting", ""),
    ("settled held", ""),
    ("settled failed", ""),
];

/// An independent model of one step: remembers words, consults the table.
#[derive(Debug, Clone)]
pub(super) struct Model {
    pub(super) row: String,
    answer: &'static str,
    attempts: u32,
}

impl Model {
    pub(super) fn planned() -> Self {
        Self { row: "planned".to_owned(), answer: "none", attempts: 0 }
    }

    /// Takes the move if the table has it.
    pub(super) fn take(&mut self, step: Move) -> bool {
        let (_, allowed) = TABLE.iter().find(|(row, _)| *row == self.row).expect("every row is in the table");
        let parts: Vec<Vec<&str>> = allowed.split(" | ").map(|part| part.split(' ').collect()).collect();
        let has = |verb: &str| parts.iter().any(|part| part[0] == verb);
        match step {
            Move::Start { attempt } if has("start") && attempt == self.attempts + 1 => {
                *self = Self { row: "started".to_owned(), answer: "none", attempts: attempt };
            }
            Move::Answer { attempt, class } if has("answer") && attempt == self.attempts => {
                self.row = format!("answered {class}");
                self.answer = class.as_str();
            }
            Move::Look(_) if self.row == "planned" => {}
            Move::Look(Effect::Unclear) if has("look") => self.row = format!("looked unclear {}", self.answer),
            Move::Look(effect) if has("look") => self.row = format!("looked {effect}"),
            Move::Key(did) => {
                let words = ["started", "answered", "looked", "settled unknown", "settled unverified"];
                if !words.iter().any(|word| self.row.starts_with(word)) {
                    return false;
                }
                if did == KeyDid::Discarded {
                    (self.row, self.answer) = ("looked absent".to_owned(), "none");
                }
            }
            Move::Settle(outcome)
                if parts.iter().any(|part| part[0] == "settle" && part[1..].contains(&outcome.as_str())) =>
            {
                self.row = format!("settled {outcome}");
            }
            _ => return false,
        }
        true
    }
}

pub(super) fn moves(attempts: u32) -> Vec<Move> {
    let mut moves = vec![Move::Start { attempt: attempts + 1 }, Move::Start { attempt: attempts + 2 }];
    moves.extend(Class::ALL.iter().map(|class| Move::Answer { attempt: attempts, class: *class }));
    moves.push(Move::Answer { attempt: attempts + 1, class: Class::Acknowledged });
    moves.extend(Effect::ALL.iter().map(|effect| Move::Look(*effect)));
    moves.extend(Outcome::ALL.iter().map(|outcome| Move::Settle(*outcome)));
    moves.extend(KeyDid::ALL.iter().map(|did| Move::Key(*did)));
    moves
}

#[test]
fn every_reachable_state_takes_exactly_the_moves_of_the_table() {
    let mut seen = BTreeSet::new();
    let mut open = vec![(State::Planned, Model::planned())];
    while let Some((state, model)) = open.pop() {
        if state.attempts() > 2 || !seen.insert(format!("{state:?}")) {
            continue;
        }
        for step in moves(state.attempts()) {
            let mut model = model.clone();
            let by_model = model.take(step);
            match state.after(step) {
                Ok(next) => {
                    assert!(by_model, "{state} took {step}");
                    open.push((next, model));
                }
                Err(_) => assert!(!by_model, "{state} refused {step}"),
            }
        }
    }
    assert!(seen.len() > 60, "the walk reached only {} states", seen.len());
}

#[test]
fn nothing_follows_what_was_planned_not_to_be_sent() {
    for state in [State::Held, State::Already] {
        for step in moves(0) {
            let refused = state.after(step).unwrap_err();
            assert_eq!((refused.from, refused.to), (state.to_string(), step.to_string()));
        }
    }
}

#[test]
fn states_survive_being_stored() {
    let answer = Some(Class::Refused);
    let states = [
        State::Planned,
        State::Held,
        State::Already,
        State::Started { attempt: 2 },
        State::Answered { attempt: 1, class: Class::Throttled },
        State::Looked { attempt: 1, answer: None, effect: Effect::Unclear },
        State::Settled { attempt: 3, answer, outcome: Outcome::Failed, effect: None },
        State::Settled { attempt: 3, answer, outcome: Outcome::Unverified, effect: Some(Effect::There) },
    ];
    for state in states {
        let parts = (state.as_str(), state.attempts(), state.answer(), state.effect(), state.outcome());
        assert_eq!(State::from_parts(parts.0, parts.1, parts.2, parts.3, parts.4), Some(state));
    }
}
