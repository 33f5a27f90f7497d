//! The state machine of a step (design section 5): which record may follow which.
//!
//! ```text
//! held      already                                       (planned so; nothing follows)
//! planned ─► started(n) ─► answered(class) ─► looked(effect)… ─► settled(outcome)
//!    │ ▲         ▲  │  └───────────────────────────▲   │  ▲           │
//!    └─┘ looked  │  └─► settled(unknown)               │  └───────────┘ unknown, unverified: resume looks again
//!                └── not_sent, throttled, looked(absent)
//! ```
//!
//! What it keeps true: nothing is `done` that was not sent and acknowledged or seen; nothing is sent again before it is sure that it
//! did not take; attempts count without a gap; what has a sure outcome stays so.

use std::fmt;

use crate::domain::Outcome;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Returns the word the ledger keeps.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// Reads the word back.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

words!(
    /// What an answer says about whether the request took effect (design section 5, Answers).
    Class {
        /// A 2xx.
        Acknowledged = "acknowledged",
        /// It left, and nobody knows.
        Ambiguous = "ambiguous",
        /// A 4xx: no effect.
        Refused = "refused",
        /// 429: no effect.
        Throttled = "throttled",
        /// It never left.
        NotSent = "not_sent",
    }
);

words!(
    /// What a look says about the effect that the step asks for. Of a removal it is `There` when the row is gone.
    Effect {
        /// The asked state is there.
        There = "there",
        /// The asked state is not there.
        Absent = "absent",
        /// It could not be told: the listing is incomplete, or another state than either.
        Unclear = "unclear",
    }
);

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// To be sent.
    Planned,
    /// Planned so: not to be sent.
    Held,
    /// Planned so: nothing to send.
    Already,
    /// On disk, and from then on perhaps on the wire.
    Started {
        /// Attempts so far.
        attempt: u32,
    },
    /// An answer came, or it is known why none will.
    Answered {
        /// Attempts so far.
        attempt: u32,
        /// What it says.
        class: Class,
    },
    /// It was looked whether the effect is there.
    Looked {
        /// Attempts so far.
        attempt: u32,
        /// What the last answer said, where one came.
        answer: Option<Class>,
        /// What was seen.
        effect: Effect,
    },
    /// The step has ended.
    Settled {
        /// Attempts it took.
        attempt: u32,
        /// What the last answer said, where one came.
        answer: Option<Class>,
        /// How it ended.
        outcome: Outcome,
    },
}

/// What a record does to a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// It is about to be sent.
    Start {
        /// Which attempt, from 1.
        attempt: u32,
    },
    /// An answer came.
    Answer {
        /// Of which attempt.
        attempt: u32,
        /// What it says.
        class: Class,
    },
    /// It was looked.
    Look(Effect),
    /// It ends.
    Settle(Outcome),
}

/// A move that the state does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{to}` cannot follow `{from}`")]
pub struct Illegal {
    /// The state.
    pub from: String,
    /// The move.
    pub to: String,
}

impl State {
    /// Returns the state after a move, or why it is refused.
    pub fn after(self, step: Move) -> Result<Self, Illegal> {
        let next = match step {
            Move::Start { attempt } => self.start(attempt),
            Move::Answer { attempt, class } => match self {
                Self::Started { attempt: running } if running == attempt => Some(Self::Answered { attempt, class }),
                _ => None,
            },
            Move::Look(effect) => self.look(effect),
            Move::Settle(outcome) => self.settle(outcome),
        };
        next.ok_or_else(|| Illegal { from: self.to_string(), to: step.to_string() })
    }

    fn start(self, next: u32) -> Option<Self> {
        let sure_of_no_effect = match self {
            Self::Planned => true,
            Self::Answered { class, .. } => matches!(class, Class::NotSent | Class::Throttled),
            Self::Looked { effect, .. } => effect == Effect::Absent,
            Self::Held | Self::Already | Self::Started { .. } | Self::Settled { .. } => false,
        };
        (sure_of_no_effect && self.attempts().checked_add(1) == Some(next)).then_some(Self::Started { attempt: next })
    }

    fn look(self, effect: Effect) -> Option<Self> {
        match self {
            // The row is read again just before sending (design section 5); it stays to be sent.
            Self::Planned => Some(Self::Planned),
            Self::Started { attempt } => Some(Self::Looked { attempt, answer: None, effect }),
            Self::Answered { attempt, class } => Some(Self::Looked { attempt, answer: Some(class), effect }),
            Self::Looked { attempt, answer, .. }
            | Self::Settled { attempt, answer, outcome: Outcome::Unknown | Outcome::Unverified } => {
                Some(Self::Looked { attempt, answer, effect })
            }
            Self::Held | Self::Already | Self::Settled { .. } => None,
        }
    }

    fn settle(self, outcome: Outcome) -> Option<Self> {
        use Outcome::{Already, Done, Failed, Held, Unknown, Unverified, Waiting};
        let answer = self.answer();
        let without_effect = |outcome| match answer {
            Some(Class::NotSent | Class::Throttled) => matches!(outcome, Held | Failed | Already),
            Some(Class::Refused) => matches!(outcome, Failed | Already),
            Some(Class::Acknowledged) => outcome == Unverified,
            Some(Class::Ambiguous) | None => false,
        };
        let fits = match self {
            Self::Planned => matches!(outcome, Held | Failed | Already),
            Self::Held | Self::Already | Self::Settled { .. } => false,
            // Once something was sent, not to know is always honest.
            _ if outcome == Unknown => true,
            Self::Started { .. } => false,
            Self::Answered { class: Class::Acknowledged, .. } => matches!(outcome, Done | Waiting | Unverified),
            Self::Answered { .. } => without_effect(outcome),
            Self::Looked { effect: Effect::There, .. } => matches!(outcome, Done | Waiting | Already | Unverified),
            Self::Looked { effect: Effect::Absent, .. } => matches!(outcome, Failed | Held | Unverified),
            Self::Looked { effect: Effect::Unclear, .. } => without_effect(outcome),
        };
        fits.then_some(Self::Settled { attempt: self.attempts(), answer, outcome })
    }

    /// Returns how often the step was started.
    pub fn attempts(self) -> u32 {
        match self {
            Self::Planned | Self::Held | Self::Already => 0,
            Self::Started { attempt }
            | Self::Answered { attempt, .. }
            | Self::Looked { attempt, .. }
            | Self::Settled { attempt, .. } => attempt,
        }
    }

    /// Returns what the last answer said.
    pub fn answer(self) -> Option<Class> {
        match self {
            Self::Answered { class, .. } => Some(class),
            Self::Looked { answer, .. } | Self::Settled { answer, .. } => answer,
            Self::Planned | Self::Held | Self::Already | Self::Started { .. } => None,
        }
    }

    /// Returns what the last look saw, while that decides what may follow.
    pub fn effect(self) -> Option<Effect> {
        if let Self::Looked { effect, .. } = self { Some(effect) } else { None }
    }

    /// Returns how the step ended, if it has.
    pub fn outcome(self) -> Option<Outcome> {
        match self {
            Self::Held => Some(Outcome::Held),
            Self::Already => Some(Outcome::Already),
            Self::Settled { outcome, .. } => Some(outcome),
            Self::Planned | Self::Started { .. } | Self::Answered { .. } | Self::Looked { .. } => None,
        }
    }

    /// Returns the state's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Held => "held",
            Self::Already => "already",
            Self::Started { .. } => "started",
            Self::Answered { .. } => "answered",
            Self::Looked { .. } => "looked",
            Self::Settled { .. } => "settled",
        }
    }

    /// Puts a state together from what the ledger keeps of it.
    pub(super) fn from_parts(
        word: &str,
        attempt: u32,
        answer: Option<Class>,
        effect: Option<Effect>,
        outcome: Option<Outcome>,
    ) -> Option<Self> {
        Some(match word {
            "planned" => Self::Planned,
            "held" => Self::Held,
            "already" => Self::Already,
            "started" => Self::Started { attempt },
            "answered" => Self::Answered { attempt, class: answer? },
            "looked" => Self::Looked { attempt, answer, effect: effect? },
            "settled" => Self::Settled { attempt, answer, outcome: outcome? },
            _ => return None,
        })
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Planned | Self::Held | Self::Already => f.write_str(self.as_str()),
            Self::Started { attempt } => write!(f, "started, attempt {attempt}"),
            Self::Answered { attempt, class } => write!(f, "answered: {class}, attempt {attempt}"),
            Self::Looked { attempt, effect, .. } => write!(f, "looked: {effect}, attempt {attempt}"),
            Self::Settled { outcome, .. } => write!(f, "settled: {outcome}"),
        }
    }
}

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start { attempt } => write!(f, "started, attempt {attempt}"),
            Self::Answer { attempt, class } => write!(f, "answered: {class}, attempt {attempt}"),
            Self::Look(effect) => write!(f, "looked: {effect}"),
            Self::Settle(outcome) => write!(f, "settled: {outcome}"),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeSet;

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
        ("looked unclear none", "look | settle unknown"),
        ("looked unclear ambiguous", "look | settle unknown"),
        ("looked unclear acknowledged", "look | settle unverified unknown"),
        ("looked unclear refused", "look | settle failed already unknown"),
        ("looked unclear throttled", "look | settle held failed already unknown"),
        ("looked unclear not_sent", "look | settle held failed already unknown"),
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
    pub(in crate::journal) struct Model {
        pub(in crate::journal) row: String,
        answer: &'static str,
        attempts: u32,
    }

    impl Model {
        pub(in crate::journal) fn planned() -> Self {
            Self { row: "planned".to_owned(), answer: "none", attempts: 0 }
        }

        /// Takes the move if the table has it.
        pub(in crate::journal) fn take(&mut self, step: Move) -> bool {
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

    pub(in crate::journal) fn moves(attempts: u32) -> Vec<Move> {
        let mut moves = vec![Move::Start { attempt: attempts + 1 }, Move::Start { attempt: attempts + 2 }];
        moves.extend(Class::ALL.iter().map(|class| Move::Answer { attempt: attempts, class: *class }));
        moves.push(Move::Answer { attempt: attempts + 1, class: Class::Acknowledged });
        moves.extend(Effect::ALL.iter().map(|effect| Move::Look(*effect)));
        moves.extend(Outcome::ALL.iter().map(|outcome| Move::Settle(*outcome)));
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
            State::Settled { attempt: 3, answer, outcome: Outcome::Failed },
        ];
        for state in states {
            let parts = (state.as_str(), state.attempts(), state.answer(), state.effect(), state.outcome());
            assert_eq!(State::from_parts(parts.0, parts.1, parts.2, parts.3, parts.4), Some(state));
        }
    }
}
