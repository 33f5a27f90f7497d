//! Who left, and from where, as the runs of the ledger tell it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::cli::leaving::Leaving;
use crate::config::Selection;
use crate::domain::{Email, HeldReason, RunId, WorkspaceId};
use crate::journal::{Departure, Offboarding, Offboardings};

/// Why access that is there today is worth a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Case {
    /// A run took them out, or found them absent.
    Left { run: RunId, at: Timestamp },
    /// A run was to take them out and did not.
    NotRemoved { run: RunId, at: Timestamp, why: String },
    /// No run had a step about them here, but one was asked for all workspaces.
    NeverHere { run: RunId, at: Timestamp },
}

impl Case {
    /// Returns the word of every output.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Left { .. } => "left",
            Self::NotRemoved { .. } => "not_removed",
            Self::NeverHere { .. } => "never_offboarded_here",
        }
    }

    /// Says it to a person.
    pub(super) fn say(&self) -> String {
        match self {
            Self::Left { run, .. } => format!("left by run {run}, and access is there again"),
            Self::NotRemoved { run, why, .. } => format!("run {run} did not remove it: {why}"),
            Self::NeverHere { run, .. } => format!("never offboarded here, but run {run} was asked for all"),
        }
    }

    /// Returns when the run began.
    pub(super) fn at(&self) -> String {
        match self {
            Self::Left { at, .. } | Self::NotRemoved { at, .. } | Self::NeverHere { at, .. } => at.to_string(),
        }
    }

    /// Returns the run.
    pub(super) fn run(&self) -> &str {
        match self {
            Self::Left { run, .. } | Self::NotRemoved { run, .. } | Self::NeverHere { run, .. } => run.as_str(),
        }
    }
}

/// A run that was asked for all workspaces.
#[derive(Debug)]
struct Sweep {
    case: Case,
    exclude: Selection,
}

/// Everybody who left.
#[derive(Debug, Default)]
pub(super) struct Past {
    people: BTreeSet<Email>,
    cases: BTreeMap<Email, BTreeMap<WorkspaceId, Option<Case>>>,
    sweeps: BTreeMap<Email, Sweep>,
}

impl Past {
    /// Reads the runs in their order: of one person in one workspace the last word counts.
    pub(super) fn of(told: &Offboardings, since: Option<Timestamp>, now: Timestamp) -> Self {
        let mut past = Self::default();
        for run in told.runs.iter().filter(|run| since.is_none_or(|since| run.started >= since)) {
            past.take(run, told, now);
        }
        // A leaver is who was taken out somewhere, or found absent; who was only ever held has not left.
        let left = |cases: &BTreeMap<WorkspaceId, Option<Case>>| {
            cases.values().any(|case| matches!(case, Some(Case::Left { .. })))
        };
        past.people = past.cases.iter().filter(|(_, cases)| left(cases)).map(|(email, _)| email.clone()).collect();
        past
    }

    fn take(&mut self, run: &Offboarding, told: &Offboardings, now: Timestamp) {
        let leavers = Leaving::read(&run.leaving);
        let today = now.to_zoned(TimeZone::UTC).date();
        for Departure { workspace_id, subject, gone, why, reason } in &run.steps {
            let of_theirs = leavers.iter().filter(|leaver| leaver.email == *subject);
            let last_day = of_theirs.filter_map(|leaver| leaver.last_day).max();
            let not_yet =
                reason.as_deref() == Some(HeldReason::LastDay.as_str()) && last_day.is_none_or(|day| today <= day);
            if not_yet {
                continue;
            }
            let invited = told.invited.get(&(workspace_id.clone(), subject.clone()));
            let (id, at) = (run.run.clone(), run.started);
            let case = match gone {
                _ if invited.is_some_and(|ordinal| *ordinal > run.ordinal) => None,
                true => Some(Case::Left { run: id, at }),
                false => Some(Case::NotRemoved {
                    run: id,
                    at,
                    why: why.clone().unwrap_or_else(|| "no end is known".to_owned()),
                }),
            };
            let here = self.cases.entry(subject.clone()).or_default().entry(workspace_id.clone()).or_default();
            // Two rows of one person: that one was not removed outweighs that the other was.
            let same_run = here.as_ref().is_some_and(|before| before.run() == run.run.as_str());
            if !(same_run && matches!(here, Some(Case::NotRemoved { .. }))) {
                *here = case;
            }
        }
        let (all, exclude) = Leaving::read_selected(&run.leaving);
        if all {
            for leaver in leavers.iter().filter(|leaver| leaver.workspaces.is_none()) {
                let case = Case::NeverHere { run: run.run.clone(), at: run.started };
                let exclude = Selection { exclude: exclude.clone(), ..Selection::default() };
                self.sweeps.insert(leaver.email.clone(), Sweep { case, exclude });
            }
        }
    }

    /// Returns who left.
    pub(super) fn people(&self) -> &BTreeSet<Email> {
        &self.people
    }

    /// Says what the ledger knows of a leaver in a workspace; none where their access there is nobody's mistake.
    pub(super) fn case(&self, person: &Email, name: &str, id: Option<&WorkspaceId>) -> Option<&Case> {
        if let Some(known) = id.and_then(|id| self.cases.get(person)?.get(id)) {
            return known.as_ref();
        }
        self.sweeps.get(person).filter(|sweep| !sweep.exclude.excludes(name)).map(|sweep| &sweep.case)
    }
}
