//! What was kept and cannot be read, as where another version of keyholder wrote it: it proves nothing, and nothing is claimed against it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::walk::{By, Turn};
use super::{Gap, second};
use crate::domain::{Email, RunId};

/// What it is that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kept {
    /// A row that looks showed.
    Row,
    /// A step of a run of ours.
    Step(RunId),
}

/// Something of a workspace that was kept and cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// Whom it is about; none where that is not known, and it may be about anybody.
    pub who: Option<Email>,
    /// What it is.
    pub kept: Kept,
    /// It is of no moment before this one.
    pub from: Timestamp,
    /// And of none after this one.
    pub until: Timestamp,
}

impl Doubt {
    /// Tells whether what was found of somebody may not be so: that they are gone, or that nobody of ours did it.
    pub(super) fn gainsays(&self, email: &Email, turn: &Turn) -> bool {
        let claims = match turn.by {
            By::Outside | By::Unknown(_) => true,
            // A step that surely took effect, and whoever accepted an invitation that both looks show, are proven without it.
            By::Run(_) | By::Person => false,
        };
        let meets = self.from <= turn.not_after && turn.not_before.is_none_or(|not_before| not_before <= self.until);
        claims && meets && self.who.as_ref().is_none_or(|who| who == email)
    }
}

/// Says of whom nothing can be told for doubts: a line for each person and thing.
pub(super) fn gaps(doubts: &[&Doubt]) -> Vec<Gap> {
    let mut times: BTreeMap<(Option<&Email>, &Kept), (Timestamp, Timestamp)> = BTreeMap::new();
    for Doubt { who, kept, from, until } in doubts {
        let time = times.entry((who.as_ref(), kept)).or_insert((*from, *until));
        *time = (time.0.min(*from), time.1.max(*until));
    }
    let gap = |((who, kept), (from, until)): ((Option<&Email>, &Kept), (Timestamp, Timestamp))| {
        let whose = if who.is_some() { "" } else { ", nor whose it is" };
        let (from, until) = (second(from), second(until));
        let when = if from == until { format!("at {from}") } else { format!("from {from} to {until}") };
        let why = match kept {
            Kept::Row => {
                format!("what looks showed {when} cannot be read{whose}: what changed around it cannot be told")
            }
            Kept::Step(run) => {
                format!("a step of run {run} ({when}) cannot be read{whose}: what changed by it cannot be told")
            }
        };
        Gap { who: who.cloned(), why }
    };
    times.into_iter().map(gap).collect()
}
