//! What a certificate claims: the one place that decides it.

use super::Place;
use crate::report::evidence::{self, Evidence, Gap};

/// What is claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// Everything asked for was seen whole, and no access is left.
    NoAccessLeft,
    /// Access is left, and it is known where.
    AccessLeft,
    /// No access is known to be left, and not everything could be seen.
    Incomplete,
}

impl Word {
    /// Returns the word of the document.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoAccessLeft => "no_access_left",
            Self::AccessLeft => "access_left",
            Self::Incomplete => "incomplete",
        }
    }

    /// Says it to a person.
    pub fn say(self) -> &'static str {
        match self {
            Self::NoAccessLeft => "No access left",
            Self::AccessLeft => "Access is left",
            Self::Incomplete => "Incomplete",
        }
    }
}

/// The claim of a certificate, and what keeps it from being more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The claim.
    pub word: Word,
    /// What could not be seen or is not known: where (none: the run as a whole), and what.
    pub gaps: Vec<(Option<String>, String)>,
}

impl Verdict {
    pub(super) fn of(evidence: &Evidence, places: &[Place], unread: &[(String, String)]) -> Self {
        let of_run = evidence::Verdict::of(evidence).gaps;
        // Steps are told where they are, and only those of the person.
        let of_run = of_run
            .iter()
            .filter(|gap| !matches!(gap, Gap::InDoubt(_) | Gap::Unknown(_) | Gap::Unverified(_) | Gap::NotSent(_)));
        let mut gaps: Vec<(Option<String>, String)> = of_run.map(|gap| (None, gap.say())).collect();
        if evidence.leaving.is_null() {
            gaps.push((None, "the run did not write down who was to leave, and where".to_owned()));
        }
        if places.is_empty() && unread.is_empty() {
            gaps.push((None, "no workspace of the run is known to have been asked for".to_owned()));
        }
        gaps.extend(unread.iter().map(|(name, why)| (Some(name.clone()), format!("it could not be read: {why}"))));
        for place in places {
            gaps.extend(place.gaps.iter().map(|gap| (Some(place.name.clone()), gap.clone())));
        }
        let word = match (places.iter().any(|place| !place.left.is_empty()), gaps.is_empty()) {
            (true, _) => Word::AccessLeft,
            (false, true) => Word::NoAccessLeft,
            (false, false) => Word::Incomplete,
        };
        Self { word, gaps }
    }

    /// Tells whether everything that was asked for could be seen and is known.
    pub fn is_complete(&self) -> bool {
        self.gaps.is_empty()
    }
}
