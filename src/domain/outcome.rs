//! How a step ended (design section 5).

use std::fmt;

/// The end of a step: exactly one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Sent and seen.
    Done,
    /// Nothing to send.
    Already,
    /// Our part is done and seen; a person must accept.
    Waiting,
    /// Not sent: guard, stale, budget, not started.
    Held,
    /// Surely not applied.
    Failed,
    /// Acknowledged, and a re-read disagrees.
    Unverified,
    /// It left, no answer came, and looking did not settle it.
    Unknown,
}

impl Outcome {
    /// All of them, in the order they are reported.
    pub const ALL: [Self; 7] =
        [Self::Done, Self::Already, Self::Waiting, Self::Held, Self::Failed, Self::Unverified, Self::Unknown];

    /// Returns the word used in every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Already => "already",
            Self::Waiting => "waiting",
            Self::Held => "held",
            Self::Failed => "failed",
            Self::Unverified => "unverified",
            Self::Unknown => "unknown",
        }
    }

    /// Reads the word back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == text)
    }

    /// Tells whether the asked state was reached as far as it is in our hands.
    pub fn is_settled_well(self) -> bool {
        matches!(self, Self::Done | Self::Already | Self::Waiting)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
