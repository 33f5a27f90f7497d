//! The question who was to leave, from where, and what came of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use serde_json::Value;
use sqlx::{Row as _, SqliteConnection};

use super::columns::{number_of, state_of, workspace_id_of};
use super::error::LedgerError;
use super::ledger::Ledger;
use super::people::{LeavingRun, leaving_runs, sighted};
use super::state::State;
use crate::domain::{Email, MemberId, Outcome, RestsOn, RunId, WorkspaceId};

/// What a run that was to take people out tells of it.
#[derive(Debug, Clone)]
pub struct Offboarding {
    /// The run.
    pub run: RunId,
    /// Its place among all runs.
    pub ordinal: u64,
    /// When it was begun.
    pub started: Timestamp,
    /// Who was to leave and how, as its first entry tells it.
    pub leaving: Value,
    /// Its removals, in the order of the plan.
    pub steps: Vec<Departure>,
}

/// One removal of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departure {
    /// Where, by the name of then.
    pub workspace: String,
    /// Where.
    pub workspace_id: WorkspaceId,
    /// Who was asked to leave; the row's address, in runs that did not write down whose it is.
    pub person: Email,
    /// The address their row bore; their own where they had none.
    pub address: Email,
    /// Whether a row of theirs was there.
    pub was_there: bool,
    /// Whether they were taken out, or found absent.
    pub gone: bool,
    /// Why not, in words.
    pub why: Option<String>,
    /// The code of the reason it was held for.
    pub reason: Option<String>,
}

/// All offboardings of a ledger.
#[derive(Debug, Clone, Default)]
pub struct Offboardings {
    /// The runs, oldest first.
    pub runs: Vec<Offboarding>,
    /// The last run that invited an address to a workspace, or may have, by its place among all runs.
    pub invited: BTreeMap<(WorkspaceId, Email), u64>,
}

impl Ledger {
    /// Returns the runs that were to take people out, with their removals, and who was invited since. Whose a row is that bears another
    /// address, the run itself says. Every step is read once, and of each run no more than its plan and what it saw of the leavers.
    pub async fn offboardings(&self) -> Result<Offboardings, LedgerError> {
        self.with(async move |connection| {
            let mut told = Offboardings { runs: Vec::new(), invited: invited(connection).await? };
            for run in leaving_runs(connection).await? {
                told.runs.push(offboarding(connection, run).await?);
            }
            Ok(told)
        })
        .await
    }
}

/// Says who was invited, and by which run last.
async fn invited(connection: &mut SqliteConnection) -> Result<BTreeMap<(WorkspaceId, Email), u64>, LedgerError> {
    let rows = sqlx::query(
        "SELECT s.workspace_id, s.subject, s.state, s.attempt, s.answer, s.effect, s.outcome, r.ordinal
         FROM steps s JOIN runs r ON r.id = s.run WHERE s.kind = 'member.invite' ORDER BY r.ordinal",
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut invited = BTreeMap::new();
    for row in rows {
        let state = state_of(&row)?;
        if !matches!(state.outcome(), Some(Outcome::Held | Outcome::Failed)) && state != State::Planned {
            let subject: String = row.try_get("subject")?;
            invited.insert((workspace_id_of(&row)?, Email::observed(&subject)), number_of(&row, "ordinal")?);
        }
    }
    Ok(invited)
}

async fn offboarding(connection: &mut SqliteConnection, run: LeavingRun) -> Result<Offboarding, LedgerError> {
    let mut whose: HashMap<(WorkspaceId, MemberId), BTreeSet<Email>> = HashMap::new();
    sighted(connection, &run, |one| {
        for row in one.rows() {
            whose.entry((one.workspace_id.clone(), row.clone())).or_default().insert(one.subject.clone());
        }
    })
    .await?;
    let rows = sqlx::query(
        "SELECT s.workspace, s.workspace_id, s.subject, s.state, s.attempt, s.answer, s.effect, s.outcome, s.reason, s.reason_code, e.bytes
         FROM steps s JOIN entries e ON e.run = s.run AND e.seq = s.planned_seq
         WHERE s.run = ? AND s.kind = 'member.remove' ORDER BY s.planned_seq",
    )
    .bind(run.id.as_str().to_owned())
    .fetch_all(&mut *connection)
    .await?;
    let mut steps = Vec::new();
    for row in rows {
        let (subject, bytes): (String, Vec<u8>) = (row.try_get("subject")?, row.try_get("bytes")?);
        let (workspace_id, address) = (workspace_id_of(&row)?, Email::observed(&subject));
        let mut entry: Value = serde_json::from_slice(&bytes)
            .map_err(|_not_json| LedgerError::unreadable(format!("a `planned` entry of run `{}`", run.id)))?;
        let rests_on: Option<RestsOn> = serde_json::from_value(entry["step"]["rests_on"].take()).ok();
        let member = rests_on.as_ref().and_then(RestsOn::member);
        let asked = member.and_then(|member| whose.get(&(workspace_id.clone(), member.clone())));
        for person in asked.cloned().unwrap_or_else(|| BTreeSet::from([address.clone()])) {
            steps.push(Departure {
                workspace: row.try_get("workspace")?,
                workspace_id: workspace_id.clone(),
                person,
                address: address.clone(),
                was_there: member.is_some(),
                gone: matches!(state_of(&row)?.outcome(), Some(Outcome::Done | Outcome::Already)),
                why: row.try_get("reason")?,
                reason: row.try_get("reason_code")?,
            });
        }
    }
    let LeavingRun { id, ordinal, started, leaving, .. } = run;
    Ok(Offboarding { run: id, ordinal, started, leaving, steps })
}
