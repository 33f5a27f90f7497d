//! A run as the ledger remembers it: its plan, where every step stands, how those ended that have.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

use super::aftermath::EndedBefore;
use super::session::Session;
use crate::config::Selection;
use crate::domain::fleet::FailureBudget;
use crate::domain::{Disposition, Held, HeldReason, Outcome, Step, StepId, Workspace};
use crate::journal::{Entry, Ledger, RunRow, StepRow};
use crate::plan::{Item, Plan, Planned, Rules, limits};
use crate::report::Coverage;
use crate::run::{Made, Making, Past, Standing, StepEnd, Task};
use crate::trouble::{Exit, Trouble};

/// A run as the ledger remembers it, its chain proven.
#[derive(Debug)]
pub struct Recall {
    /// The run.
    pub run: RunRow,
    /// What its first entry says.
    pub header: Value,
    /// Its plan, put together again.
    pub plan: Plan,
    /// The steps that have not come to an end, in plan order.
    pub open: Vec<Task>,
    /// How the others ended that were to be sent.
    pub ended: EndedBefore,
    /// The keys that its steps made and that were not discarded.
    pub made: BTreeMap<StepId, Made>,
}

impl Recall {
    /// Recalls a run; the error says that the chain is broken or something in it cannot be read.
    pub async fn of(ledger: &Ledger, asked: &str) -> Result<Self, Trouble> {
        let failed = |error: crate::journal::LedgerError| Trouble::advised(error.exit(), error);
        let run = ledger.run(asked).await.map_err(failed)?;
        let proven = ledger.proven(&run.id).await;
        let (_report, proven) = proven.map_err(|broken| Trouble::advised(broken.exit(), broken))?;
        let rows = ledger.steps(&run.id).await.map_err(failed)?;
        let entries = proven.iter().map(Entry::value).collect::<Result<Vec<_>, _>>().map_err(failed)?;
        let header = entries.first().cloned().unwrap_or_default();
        if !Ledger::understands(header["ledger"].as_str()) {
            return Err(Trouble::new(
                Exit::Output,
                format!("run {} was begun by a newer keyholder ({}); nothing was sent", run.id, run.version),
            )
            .advise("use that keyholder, or a newer one"));
        }
        let mut stories: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
        for entry in &entries {
            if let Some(step) = entry["step"].as_str() {
                stories.entry(step).or_default().push(entry);
            }
        }
        let mut items = Vec::new();
        let mut open = Vec::new();
        let mut ended = EndedBefore::new();
        let mut made = BTreeMap::new();
        for row in rows {
            let step = row.step().map_err(failed)?;
            let story = stories.get(row.id.as_str()).map(Vec::as_slice).unwrap_or_default();
            if row.disposition == Disposition::Send {
                made.extend(Making::of(story.iter().copied()).made.map(|key| (row.id.clone(), key)));
                match Past::of(row.state, story.iter().copied()) {
                    Some(past) => open.push(Task { step: step.clone(), past }),
                    None => drop(ended.insert(row.id.clone(), end_of(&row, story))),
                }
            }
            items.push(Item { step, disposition: row.disposition });
        }
        let workspaces: Vec<Planned> = serde_json::from_value(header["workspaces"].clone()).unwrap_or_default();
        let plan = Plan::of(workspaces, items, Vec::new());
        Ok(Self { run, header, plan, open, ended, made })
    }

    /// Returns what could be seen when the plan was drawn.
    pub fn coverage(&self) -> Coverage {
        Coverage::from_record(&self.header["settings"]["coverage"])
    }

    /// Returns how long the run thought that a lost write may take to land.
    pub fn settle(&self) -> Duration {
        Duration::from_millis(self.header["settings"]["settle_ms"].as_u64().unwrap_or_default())
    }

    /// Returns the failure budget that the run was begun with, unless it is used up already: then that of today decides.
    pub fn budget(&self) -> Option<FailureBudget> {
        let budget = FailureBudget::parse(self.header["settings"]["max_failures"].as_str()?)?;
        let coverage = self.coverage();
        (!budget.exceeded(coverage.failed(), coverage.asked)).then_some(budget)
    }

    /// Tells whether there is nothing to go on with.
    pub fn is_finished(&self) -> bool {
        self.open.is_empty() && self.run.ended.is_some()
    }

    /// Tells whether any step may still take effect without anybody having seen it.
    pub fn is_in_doubt(&self) -> bool {
        self.open.iter().any(|task| task.past.standing.is_in_doubt())
    }

    /// Returns the open steps that are surely not in effect and still to be sent.
    pub fn to_send(&self) -> impl Iterator<Item = &Step> {
        self.open.iter().filter(|task| task.past.standing == Standing::ToSend).map(|task| &task.step)
    }

    /// Returns which of the steps that are still to be sent and `go_on` the limits of today hold, and why.
    pub fn over_limits(&self, go_on: impl Fn(&Step) -> bool, rules: &Rules) -> BTreeMap<StepId, Held> {
        let to_send: BTreeSet<&StepId> = self.to_send().map(|step| &step.id).collect();
        let open: BTreeSet<StepId> = self.to_send().filter(|step| go_on(step)).map(|step| step.id.clone()).collect();
        let counts = |step: &&Step| match self.ended.get(&step.id) {
            Some(end) => matches!(end.outcome, Outcome::Done | Outcome::Waiting | Outcome::Unverified),
            None => open.contains(&step.id) || !to_send.contains(&step.id),
        };
        let sent = self.plan.items.iter().filter(|item| item.sends()).map(|item| &item.step);
        limits::of_the_rest(&sent.filter(counts).collect::<Vec<_>>(), &open, rules)
    }

    /// Finds the workspaces of the open steps in this fleet, in config order, by name and identity, and makes sure that it is
    /// the same API that the run spoke to. Those that are left out by name need not be there any more.
    pub fn workspaces<'f>(
        &self,
        session: &'f Session<'_>,
        leave_out: &Selection,
    ) -> Result<Vec<&'f Workspace>, Trouble> {
        let origin = session.fleet.defaults.base_url.origin();
        let then = self.header["settings"]["base_url"].as_str().unwrap_or_default();
        if then != origin {
            return Err(Trouble::new(
                Exit::Config,
                format!("run {} spoke to {then}, and `base_url` is {origin} now; nothing was sent", self.run.id),
            )
            .advise("give `base_url` in keyholder.toml its former value to go on with this run"));
        }
        let mut names = std::collections::BTreeSet::new();
        for Task { step, .. } in self.open.iter().filter(|task| !leave_out.excludes(&task.step.workspace)) {
            let known = session.fleet.workspaces.iter().find(|workspace| workspace.name.as_str() == step.workspace);
            if known.and_then(|workspace| workspace.id.as_ref()) != Some(&step.workspace_id) {
                return Err(Trouble::new(
                    Exit::Config,
                    format!(
                        "run {} has open steps in workspace `{}` with id {}, this fleet has not; nothing was sent",
                        self.run.id, step.workspace, step.workspace_id
                    ),
                )
                .advise("give the workspace its former name and id back, then resume; another id is another client")
                .advise("or leave it out with --exclude: its steps stay as they are"));
            }
            names.insert(step.workspace.as_str());
        }
        let fleet = session.fleet.workspaces.iter();
        Ok(fleet.filter(|workspace| names.contains(workspace.name.as_str())).collect())
    }
}

/// Says how a step ended, as the ledger tells it.
fn end_of(row: &StepRow, story: &[&Value]) -> StepEnd {
    let outcome = row.state.outcome().unwrap_or(Outcome::Unknown);
    let code = story.iter().rev().find(|entry| entry["type"] == "settled").map(|entry| entry["reason_code"].clone());
    let reason = code.and_then(|code| serde_json::from_value::<HeldReason>(code).ok());
    let detail = row.reason.clone();
    StepEnd {
        outcome,
        reason: detail.clone(),
        held: reason.map(|reason| Held::new(reason, detail.unwrap_or_default(), "see the run it was held in")),
        advice: Vec::new(),
        attempts: row.state.attempts(),
        seen: None,
    }
}

/// Says in a few words what is left of a run.
pub fn left(recall: &Recall) -> String {
    let to_send = recall.to_send().count();
    let in_doubt = recall.open.len() - to_send;
    let parts = [(in_doubt, "to be looked for"), (to_send, "not sent yet")];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", crate::ui::words::count(count, "step")))
        .collect();
    parts.join(", ")
}
