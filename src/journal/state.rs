//! The state machine of a step (design section 5): which record may follow which.
//!
//! ```text
//! held      already                                       (planned so; nothing follows)
//! planned ─► started(n) ─► answered(class) ─► looked(effect)… ─► settled(outcome)
//!    │ ▲         ▲  │  └───────────────────────────▲   │  ▲           │
//!    └─┘ looked  │  └─► settled(unknown)               │  └───────────┘ unknown, unverified: resume looks again
//!                └── not_sent, throttled, looked(absent), key(discarded)
//! ```
//!
//! What is done about a made key (`key`) leaves the step where it is, but for the last word: a key that was discarded is as good as one that
//! was never made, so the step stands as looked at and absent, whatever was answered before.
//!
//! What it keeps true: nothing is `done` that was not sent and acknowledged or seen; nothing is sent again before it is sure that it
//! did not take; attempts count without a gap; what has a sure outcome stays so.

use std::fmt;

use super::record::KeyDid;
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
        /// What the look that decided it saw, where there was one.
        effect: Option<Effect>,
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
    /// Something was done about the key it makes, or is about to be.
    Key(KeyDid),
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
            Move::Key(did) => self.key(did),
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
            | Self::Settled { attempt, answer, outcome: Outcome::Unknown | Outcome::Unverified, .. } => {
                Some(Self::Looked { attempt, answer, effect })
            }
            Self::Held | Self::Already | Self::Settled { .. } => None,
        }
    }

    /// A key is only ever made by a request that left; what has a sure end stays so.
    fn key(self, did: KeyDid) -> Option<Self> {
        let open = match self {
            Self::Started { .. } | Self::Answered { .. } | Self::Looked { .. } => true,
            Self::Settled { outcome, .. } => matches!(outcome, Outcome::Unknown | Outcome::Unverified),
            Self::Planned | Self::Held | Self::Already => false,
        };
        let after = match did {
            KeyDid::Discarded => Self::Looked { attempt: self.attempts(), answer: None, effect: Effect::Absent },
            _ => self,
        };
        open.then_some(after)
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
        // Once something was sent, not to know is always honest.
        let was_sent = matches!(self, Self::Started { .. } | Self::Answered { .. } | Self::Looked { .. });
        let fits = match self {
            _ if was_sent && outcome == Unknown => true,
            Self::Held | Self::Already | Self::Settled { .. } | Self::Started { .. } => false,
            Self::Planned => matches!(outcome, Held | Failed | Already),
            Self::Answered { class: Class::Acknowledged, .. } => matches!(outcome, Done | Waiting | Unverified),
            Self::Looked { effect: Effect::There, .. } => matches!(outcome, Done | Waiting | Already | Unverified),
            Self::Looked { effect: Effect::Absent, .. } => matches!(outcome, Failed | Held | Unverified),
            // It may have been seen by one look, and the last one could not be taken.
            Self::Looked { effect: Effect::Unclear, .. } => without_effect(outcome) || outcome == Unverified,
            Self::Answered { .. } => without_effect(outcome),
        };
        let effect = self.effect();
        fits.then_some(Self::Settled { attempt: self.attempts(), answer, outcome, effect })
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

    /// Returns what the last look saw.
    pub fn effect(self) -> Option<Effect> {
        match self {
            Self::Looked { effect, .. } => Some(effect),
            Self::Settled { effect, .. } => effect,
            Self::Planned | Self::Held | Self::Already | Self::Started { .. } | Self::Answered { .. } => None,
        }
    }

    /// Tells whether a row keeps this state. Rows of an end that were written before 0.2 do not say what its look saw.
    pub(super) fn is_kept_as(self, row: Self) -> bool {
        match (self, row) {
            (Self::Settled { attempt, answer, outcome, .. }, Self::Settled { effect: None, .. }) => {
                row == Self::Settled { attempt, answer, outcome, effect: None }
            }
            _ => self == row,
        }
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
            "settled" => Self::Settled { attempt, answer, outcome: outcome?, effect },
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
            Self::Key(did) => write!(f, "key: {}", did.as_str()),
            Self::Settle(outcome) => write!(f, "settled: {outcome}"),
        }
    }
}
