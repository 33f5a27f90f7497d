//! From the entries of a run to what its evidence is made of.

use std::collections::HashMap;

use serde_json::Value;

use crate::domain::id::hex;
use crate::domain::{Disposition, Email, RunId, Step, StepId};
use crate::journal::{ChainReport, Entry, Replay, disposition_of};
use crate::plan::{Plan, Planned};
use crate::report::evidence::{
    ChainFacts, CoverageFacts, Evidence, IdentityFact, RunFacts, SightedFact, Stands, StepFacts,
};
use crate::trouble::{Exit, Trouble};

/// What is wanted of the chain itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Chain {
    /// Every entry, to be shown.
    Whole,
    /// Only how long it is and its newest hash: the entries of a large run are many times what they tell.
    Told,
}

/// Takes up the entries of a run whose chain was just proven, one after the other.
pub(super) struct Gatherer {
    wanted: Chain,
    hangs_on: String,
    entries: Vec<(Vec<u8>, String)>,
    story: Story,
    replay: Replay,
    trouble: Option<Trouble>,
}

impl Gatherer {
    pub(super) fn new(wanted: Chain) -> Self {
        let (story, replay) = (Story::default(), Replay::default());
        Self { wanted, hangs_on: String::new(), entries: Vec::new(), story, replay, trouble: None }
    }

    pub(super) fn take(&mut self, entry: Entry) {
        if self.trouble.is_none() {
            self.trouble = self.tell(&entry).err();
        }
        if entry.seq == 1 {
            self.hangs_on = hex(&entry.prev_hash);
        }
        if self.wanted == Chain::Whole {
            self.entries.push((entry.bytes, hex(&entry.hash)));
        }
    }

    fn tell(&mut self, entry: &Entry) -> Result<(), Trouble> {
        let value = entry.value().map_err(|error| Trouble::advised(error.exit(), error))?;
        self.replay.take(entry.seq, &value).map_err(|impossible| Trouble::new(Exit::Output, impossible))?;
        self.story.take(entry.seq, &value)
    }

    /// Puts it together. `unfinished` says how the run stands if no entry says that it ended.
    pub(super) fn evidence(self, run: &RunId, report: &ChainReport, unfinished: Stands) -> Result<Evidence, Trouble> {
        let Self { hangs_on, entries, mut story, replay, trouble, .. } = self;
        if let Some(trouble) = trouble {
            return Err(trouble);
        }
        story.stand(&replay);
        let chain = ChainFacts {
            hangs_on,
            previous: report.previous.as_ref().map(|head| (head.run.clone(), head.seq)),
            count: report.entries,
            head: report.head.hash.clone(),
            entries,
        };
        Ok(put_together(run, story, &replay, unfinished, chain))
    }
}

fn put_together(run: &RunId, story: Story, replay: &Replay, unfinished: Stands, chain: ChainFacts) -> Evidence {
    let stands = if replay.ended.is_some() { Stands::Finished } else { unfinished };
    let Story { header, steps, identities, lanes, sighted, resumed, stops, ended, .. } = story;
    let planned: Option<Vec<Planned>> = serde_json::from_value(header["workspaces"].clone()).ok();
    let recomputed = planned
        .as_ref()
        .map(|workspaces| Plan::id_of(workspaces, steps.iter().map(|facts| (&facts.step, &facts.disposition))));
    let ended = if replay.ended.is_some() { ended } else { Value::Null };
    Evidence {
        run: RunFacts {
            id: run.to_string(),
            command: text(&header, "command"),
            operator: text(&header, "operator"),
            reason: header["reason"].as_str().map(str::to_owned),
            plan: text(&header, "plan"),
            begun: text(&header, if header["applied"].is_string() { "applied" } else { "plan" }),
            approved_by: text(&header, "approved_by"),
            version: text(&header, "version"),
            selection: header["selection"].clone(),
            began: text(&header, "at"),
            ended: ended["at"].as_str().map(str::to_owned),
            stands,
            exit: ended["exit"].as_u64(),
            outcome: ended["outcome"].as_str().map(str::to_owned),
            requests: ended["requests"].as_u64(),
            resumed,
            stops,
        },
        workspaces: planned.unwrap_or_default().into_iter().map(|one| (one.name, one.id.to_string())).collect(),
        planned: header["workspaces"].clone(),
        recomputed,
        steps,
        identities,
        lanes,
        coverage: CoverageFacts::read(&header["settings"]["coverage"]),
        leaving: header["settings"]["leaving"].clone(),
        sighted,
        chain,
    }
}

/// What the entries tell beside where the steps stand.
#[derive(Default)]
struct Story {
    header: Value,
    steps: Vec<StepFacts>,
    places: HashMap<StepId, usize>,
    identities: Vec<IdentityFact>,
    lanes: Vec<(String, String, String)>,
    sighted: Vec<SightedFact>,
    resumed: Vec<(String, String, String)>,
    stops: Vec<(String, String)>,
    ended: Value,
}

impl Story {
    fn take(&mut self, seq: u64, entry: &Value) -> Result<(), Trouble> {
        let at = text(entry, "at");
        match entry["type"].as_str().unwrap_or_default() {
            "run" => self.header = entry.clone(),
            "planned" => {
                let facts = planned(entry, at).ok_or_else(|| {
                    Trouble::new(
                        Exit::Output,
                        format!("entry {seq} plans a step that this keyholder does not understand"),
                    )
                    .advise("a newer keyholder wrote it: let that one write the evidence")
                })?;
                self.places.insert(facts.step.id.clone(), self.steps.len());
                self.steps.push(facts);
            }
            "started" => {
                if let Some(step) = self.step(entry) {
                    step.started_at.get_or_insert(at);
                    (step.settled_at, step.seen) = (None, None);
                }
            }
            // A step whose end was not sure is looked at again; until it ends anew it has no end.
            "looked" => {
                if let Some(step) = self.step(entry) {
                    (step.settled_at, step.seen) = (None, None);
                }
            }
            "settled" => {
                if let Some(step) = self.step(entry) {
                    step.settled_at = Some(at);
                    step.seen = Some(entry["seen"].clone()).filter(|seen| !seen.is_null());
                }
            }
            "identity" => self.identities.push(IdentityFact {
                at,
                workspace_id: text(entry, "workspace_id"),
                seen: text(entry, "seen"),
                matches: entry["matches"] == true,
            }),
            "sighted" => self.sighted.push(SightedFact {
                workspace_id: text(entry, "workspace_id"),
                subject: Email::observed(&text(entry, "subject")),
                read_at: text(entry, "read_at"),
                traces: entry["traces"].clone(),
            }),
            "lane" => self.lanes.push((at, text(entry, "workspace"), text(entry, "trouble"))),
            "resumed" => self.resumed.push((at, text(entry, "operator"), text(entry, "version"))),
            "stop" => self.stops.push((at, text(entry, "why"))),
            "ended" => self.ended = entry.clone(),
            // A newer minor may write more; its entries are in the folder all the same.
            _ => {}
        }
        Ok(())
    }

    fn step(&mut self, entry: &Value) -> Option<&mut StepFacts> {
        let place = *self.places.get(&StepId::from_stored(entry["step"].as_str()?))?;
        self.steps.get_mut(place)
    }

    /// Takes over where the fold says that every step stands.
    fn stand(&mut self, replay: &Replay) {
        for facts in &mut self.steps {
            if let Some(told) = replay.steps.get(&facts.step.id) {
                facts.outcome = told.state.outcome();
                facts.attempts = told.state.attempts();
                facts.reason.clone_from(&told.reason);
            }
        }
    }
}

/// Reads a planned step; none where it is of a kind or held for a reason that is not known here.
fn planned(entry: &Value, at: String) -> Option<StepFacts> {
    let step: Step = serde_json::from_value(entry["step"].clone()).ok()?;
    let disposition = disposition_of(entry)?;
    let settled_at = (disposition != Disposition::Send).then_some(at);
    Some(StepFacts {
        step,
        disposition,
        outcome: None,
        attempts: 0,
        reason: None,
        seen: None,
        started_at: None,
        settled_at,
    })
}

fn text(entry: &Value, name: &str) -> String {
    entry[name].as_str().unwrap_or_default().to_owned()
}
