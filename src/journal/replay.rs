//! The fold over entries: where every step stands, from nothing but what was written down.

use std::collections::BTreeMap;

use serde_json::Value;

use super::record::move_of;
use super::state::{Illegal, State};
use crate::domain::StepId;

/// A step as the entries tell it.
#[derive(Debug, Clone, PartialEq)]
pub struct Replayed {
    /// The entry that planned it.
    pub planned_seq: u64,
    /// Where it stands.
    pub state: State,
    /// The step as it was planned.
    pub step: Value,
    /// Whether guards count it as a removal.
    pub removal: bool,
    /// Why it stands there, in words.
    pub reason: Option<String>,
}

/// A run as its entries tell it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Replay {
    /// Its steps.
    pub steps: BTreeMap<StepId, Replayed>,
    /// The exit code, if the last word is that it ended.
    pub ended: Option<u8>,
}

/// An entry that cannot follow those before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayTrouble {
    /// It lacks something.
    #[error("entry {seq} cannot be read: {why}")]
    Unreadable {
        /// The entry.
        seq: u64,
        /// What it lacks.
        why: String,
    },
    /// It speaks of a step that was not planned.
    #[error("entry {seq} speaks of step `{step}`, which was not planned")]
    NoSuchStep {
        /// The entry.
        seq: u64,
        /// The step.
        step: StepId,
    },
    /// The state machine refuses it.
    #[error("entry {seq} is impossible for step `{step}`")]
    Illegal {
        /// The entry.
        seq: u64,
        /// The step.
        step: StepId,
        /// From where to where.
        source: Illegal,
    },
}

impl Replay {
    /// Takes the next entry. Types it does not know (of a newer minor version) change no step.
    pub fn take(&mut self, seq: u64, entry: &Value) -> Result<(), ReplayTrouble> {
        let unreadable = |why: &str| ReplayTrouble::Unreadable { seq, why: why.to_owned() };
        match entry["type"].as_str() {
            Some("planned") => {
                let id = entry["step"]["id"].as_str().ok_or_else(|| unreadable("the step has no id"))?;
                let state = match entry["state"].as_str() {
                    Some("planned") => State::Planned,
                    Some("held") => State::Held,
                    Some("already") => State::Already,
                    _ => return Err(unreadable("a step is planned, held or already")),
                };
                let planned = Replayed {
                    planned_seq: seq,
                    state,
                    step: entry["step"].clone(),
                    removal: entry["removal"].as_bool().ok_or_else(|| unreadable("`removal` is missing"))?,
                    reason: entry["reason"].as_str().map(str::to_owned),
                };
                if self.steps.insert(StepId::from_stored(id), planned).is_some() {
                    return Err(unreadable("the step was planned before"));
                }
            }
            Some("ended") => {
                let exit = entry["exit"].as_u64().and_then(|exit| u8::try_from(exit).ok());
                self.ended = Some(exit.ok_or_else(|| unreadable("`exit` is missing"))?);
            }
            Some("resumed") => self.ended = None,
            _ => {}
        }
        let Some((id, step)) = move_of(entry).map_err(|why| unreadable(&why))? else { return Ok(()) };
        let replayed = self.steps.get_mut(&id).ok_or(ReplayTrouble::NoSuchStep { seq, step: id.clone() })?;
        replayed.state =
            replayed.state.after(step).map_err(|source| ReplayTrouble::Illegal { seq, step: id, source })?;
        if entry["type"] == "settled" {
            replayed.reason = entry["reason"].as_str().map(str::to_owned);
        }
        Ok(())
    }
}

/// Folds the entries of one run, given with their places.
pub fn replay<'a>(entries: impl IntoIterator<Item = (u64, &'a Value)>) -> Result<Replay, ReplayTrouble> {
    let mut replay = Replay::default();
    for (seq, entry) in entries {
        replay.take(seq, entry)?;
    }
    Ok(replay)
}
