//! What a folder of evidence lacks, in plain words: the one place that decides whether it is complete.

use std::collections::BTreeMap;

use super::{Evidence, Stands, counted};
use crate::domain::Outcome;

/// A reason why evidence is not complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gap {
    /// The steps and workspaces in the ledger do not make the plan id that the run bears.
    AnotherPlan {
        /// The id the run bears.
        bears: String,
        /// The id its steps make.
        has: String,
    },
    /// The ledger does not hold what the plan id is computed from.
    PlanNotProven,
    /// The run was still being written.
    Running,
    /// The run was cut.
    Cut,
    /// Steps were started and have no known end.
    InDoubt(u64),
    /// Steps ended as unknown.
    Unknown(u64),
    /// Steps were acknowledged and not seen.
    Unverified(u64),
    /// Steps were to be sent and were not, and nothing says why.
    NotSent(u64),
    /// The ledger does not tell how many workspaces were asked.
    CoverageUnknown,
}

impl Gap {
    /// Says it to a person.
    pub fn say(&self) -> String {
        match self {
            Self::AnotherPlan { bears, has } => format!(
                "THE RECORD CONTRADICTS ITSELF: the run says it carried out plan {bears}, but its workspaces and steps make plan \
                 {has}. Do not rely on it as proof of what was approved"
            ),
            Self::PlanNotProven => {
                "the ledger does not hold the workspaces of the plan, so its id cannot be computed again".to_owned()
            }
            Self::Running => "the run was still going on when this was written".to_owned(),
            Self::Cut => "the run was cut: it never said that it ended".to_owned(),
            Self::InDoubt(count) => format!(
                "{} without a known end: begun to be sent, and nothing says whether it took effect",
                counted(*count, "step")
            ),
            Self::Unknown(count) => {
                format!(
                    "{} with an unknown outcome: the answer was lost, and looking did not settle it",
                    counted(*count, "step")
                )
            }
            Self::Unverified(count) => {
                format!("{} acknowledged but not seen afterwards", counted(*count, "step"))
            }
            Self::NotSent(count) => format!("{} never sent", counted(*count, "step")),
            Self::CoverageUnknown => "the ledger does not tell how many workspaces were asked".to_owned(),
        }
    }
}

/// What the evidence comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Every outcome with its number of steps, then those without an outcome.
    pub counts: Vec<(&'static str, u64)>,
    /// Steps that may have taken effect without anybody having seen it.
    pub unsettled: u64,
    /// Why it is not complete, gravest first.
    pub gaps: Vec<Gap>,
}

impl Verdict {
    /// Judges what the ledger holds of a run.
    pub fn of(evidence: &Evidence) -> Self {
        let mut by_word: BTreeMap<&'static str, u64> = BTreeMap::new();
        for step in &evidence.steps {
            *by_word.entry(step.word()).or_default() += 1;
        }
        let count = |word: &str| by_word.get(word).copied().unwrap_or(0);
        let words = Outcome::ALL.iter().map(|outcome| outcome.as_str()).chain(["in_doubt", "not_sent"]);
        let counts = words.map(|word| (word, count(word))).collect();

        let mut gaps = Vec::new();
        match &evidence.recomputed {
            Some(has) if has.as_str() != evidence.run.begun => {
                gaps.push(Gap::AnotherPlan { bears: evidence.run.begun.clone(), has: has.to_string() });
            }
            Some(_) => {}
            None => gaps.push(Gap::PlanNotProven),
        }
        match evidence.run.stands {
            Stands::Finished => {}
            Stands::Running => gaps.push(Gap::Running),
            Stands::Cut => gaps.push(Gap::Cut),
        }
        let some = |number: u64, gap: fn(u64) -> Gap| (number > 0).then(|| gap(number));
        gaps.extend(some(count("in_doubt"), Gap::InDoubt));
        gaps.extend(some(count("unknown"), Gap::Unknown));
        gaps.extend(some(count("unverified"), Gap::Unverified));
        gaps.extend(some(count("not_sent"), Gap::NotSent));
        if evidence.coverage.asked.is_none() {
            gaps.push(Gap::CoverageUnknown);
        }
        let unsettled = count("in_doubt") + count("unknown") + count("unverified");
        Self { counts, unsettled, gaps }
    }

    /// Tells whether nothing is missing.
    pub fn is_complete(&self) -> bool {
        self.gaps.is_empty()
    }

    /// Tells whether the record contradicts itself.
    pub fn contradicts(&self) -> bool {
        self.gaps.iter().any(|gap| matches!(gap, Gap::AnotherPlan { .. }))
    }
}
