//! Who left, and from where, as the runs of the ledger tell it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::cli::leaving::{Leaver, Leaving};
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

    /// Returns when they left, or were to: when the run began, or when their last day was over.
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

/// What the runs say of one person in one workspace.
#[derive(Debug)]
struct Word {
    case: Case,
    /// Their last day is over, and nobody ran the offboarding since.
    lapsed: bool,
    /// The run's place among all runs.
    ordinal: u64,
}

/// A run that was asked for all workspaces.
#[derive(Debug)]
struct Sweep {
    case: Case,
    ordinal: u64,
    exclude: Selection,
}

/// A workspace that people left.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    /// Its name, as the last run knew it.
    pub(super) name: String,
    /// Who had a row there.
    pub(super) members: BTreeSet<Email>,
}

/// Everybody who left.
#[derive(Debug)]
pub(super) struct Past<'a> {
    told: &'a Offboardings,
    since: Option<Timestamp>,
    today: Date,
    people: BTreeSet<Email>,
    aliases: BTreeMap<Email, BTreeSet<Email>>,
    words: BTreeMap<Email, BTreeMap<WorkspaceId, Word>>,
    sweeps: BTreeMap<Email, Sweep>,
    places: BTreeMap<WorkspaceId, Place>,
}

impl<'a> Past<'a> {
    /// Reads the runs in their order: of one person in one workspace the last word counts.
    pub(super) fn of(told: &'a Offboardings, since: Option<Timestamp>, now: Timestamp) -> Self {
        let mut past = Self {
            told,
            since,
            today: now.to_zoned(TimeZone::UTC).date(),
            people: BTreeSet::new(),
            aliases: BTreeMap::new(),
            words: BTreeMap::new(),
            sweeps: BTreeMap::new(),
            places: BTreeMap::new(),
        };
        for run in &told.runs {
            past.take(run);
        }
        // A leaver is who was taken out somewhere, or found absent, or whose last day is over; who was only ever held has not left.
        let left = |email: &Email, words: &BTreeMap<WorkspaceId, Word>| {
            words.iter().any(|(workspace, word)| {
                let has_left = word.lapsed || matches!(word.case, Case::Left { .. });
                has_left && !past.came_back(email, workspace, word.ordinal)
            })
        };
        past.people =
            past.words.iter().filter(|(email, words)| left(email, words)).map(|(email, _)| email.clone()).collect();
        past
    }

    fn take(&mut self, run: &Offboarding) {
        let leavers = Leaving::read(&run.leaving);
        for departure in &run.steps {
            let about =
                leavers.iter().filter(|one| one.email == departure.person && one.is_about(&departure.workspace));
            let last_day = about.filter_map(|leaver| leaver.last_day).max();
            self.hear(run, departure, last_day);
        }
        let (all, exclude) = Leaving::read_selected(&run.leaving);
        if all {
            for Leaver { email, last_day, .. } in leavers.into_iter().filter(|leaver| leaver.workspaces.is_none()) {
                let at = over(last_day, run.started);
                if last_day.is_none_or(|day| self.today > day) && self.since.is_none_or(|since| at >= since) {
                    let case = Case::NeverHere { run: run.run.clone(), at };
                    let exclude = Selection { exclude: exclude.clone(), ..Selection::default() };
                    self.sweeps.insert(email, Sweep { case, ordinal: run.ordinal, exclude });
                }
            }
        }
    }

    fn hear(&mut self, run: &Offboarding, departure: &Departure, last_day: Option<Date>) {
        let Departure { workspace, workspace_id, person, address, was_there, gone, why, reason } = departure;
        let held = reason.as_deref() == Some(HeldReason::LastDay.as_str());
        // Until then they have not left anywhere, not even where they were found absent.
        if last_day.map_or(held, |day| self.today <= day) {
            return;
        }
        let (id, at) = (run.run.clone(), over(last_day, run.started));
        if self.since.is_some_and(|since| at < since) {
            return;
        }
        let case = match (gone, last_day.filter(|_| held)) {
            (true, _) => Case::Left { run: id, at },
            (false, Some(day)) => {
                let why = format!("their last day was {day}, and nobody ran the offboarding since");
                Case::NotRemoved { run: id, at, why }
            }
            (false, None) => {
                let why = why.clone().unwrap_or_else(|| "no end is known".to_owned());
                Case::NotRemoved { run: id, at, why }
            }
        };
        let place = self.places.entry(workspace_id.clone()).or_default();
        place.name.clone_from(workspace);
        if *was_there {
            place.members.insert(person.clone());
        }
        if address != person {
            self.aliases.entry(person.clone()).or_default().insert(address.clone());
        }
        let here = self.words.entry(person.clone()).or_default();
        // Two rows of one person: that one was not removed outweighs that the other was.
        let stays = |word: &Word| word.ordinal == run.ordinal && matches!(word.case, Case::NotRemoved { .. });
        if !here.get(workspace_id).is_some_and(stays) {
            here.insert(workspace_id.clone(), Word { case, lapsed: held, ordinal: run.ordinal });
        }
    }

    /// Tells whether we invited a person ourselves after a run, by whichever address.
    fn came_back(&self, person: &Email, workspace: &WorkspaceId, ordinal: u64) -> bool {
        let invited = |email: &Email| self.told.invited.get(&(workspace.clone(), email.clone()));
        std::iter::once(person).chain(self.aliases(person)).filter_map(invited).any(|later| *later > ordinal)
    }

    /// Returns who left.
    pub(super) fn people(&self) -> &BTreeSet<Email> {
        &self.people
    }

    /// Returns the other addresses that rows of a leaver bore.
    pub(super) fn aliases(&self, person: &Email) -> impl Iterator<Item = &Email> {
        self.aliases.get(person).into_iter().flatten()
    }

    /// Returns the workspaces that people left and did not come back to by our own doing.
    pub(super) fn places(&self) -> impl Iterator<Item = (&WorkspaceId, Place)> {
        self.places.iter().filter_map(|(id, place)| {
            let about: BTreeSet<&Email> = self.people.iter().filter(|person| self.word(person, id).is_some()).collect();
            let members = place.members.iter().filter(|person| about.contains(person)).cloned().collect();
            (!about.is_empty()).then(|| (id, Place { name: place.name.clone(), members }))
        })
    }

    /// Returns every workspace that any run was to take somebody out of, with its name of then.
    pub(super) fn ever(&self) -> impl Iterator<Item = (&WorkspaceId, &str)> {
        let steps = self.told.runs.iter().flat_map(|run| &run.steps);
        steps.map(|departure| (&departure.workspace_id, departure.workspace.as_str()))
    }

    fn word(&self, person: &Email, workspace: &WorkspaceId) -> Option<&Word> {
        let word = self.words.get(person)?.get(workspace)?;
        (!self.came_back(person, workspace, word.ordinal)).then_some(word)
    }

    /// Says what the ledger knows of a leaver in a workspace; none where their access there is nobody's mistake.
    pub(super) fn case(&self, person: &Email, name: &str, id: Option<&WorkspaceId>) -> Option<&Case> {
        if let Some(word) = id.and_then(|id| self.word(person, id)) {
            return Some(&word.case);
        }
        let sweep = self.sweeps.get(person).filter(|sweep| !sweep.exclude.excludes(name))?;
        let came_back = id.is_some_and(|id| self.came_back(person, id, sweep.ordinal));
        (!came_back).then_some(&sweep.case)
    }
}

/// When somebody left by a run: as it began, or once their last day was over.
fn over(last_day: Option<Date>, started: Timestamp) -> Timestamp {
    let next = last_day.and_then(|day| day.tomorrow().ok()?.to_zoned(TimeZone::UTC).ok());
    next.map_or(started, |next| next.timestamp().max(started))
}
