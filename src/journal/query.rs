//! Questions to the ledger.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;
use serde_json::Value;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::columns::{moment_of, number_of, run_id_of, state_of, status_of, word_of, workspace_id_of};
use super::db::moment;
use super::entry::{Entry, whole};
use super::error::LedgerError;
use super::ledger::Ledger;
use super::lock::RunLock;
use super::record::disposition_of;
use super::state::State;
use super::unfinished::{SEEN_SINCE, UNSURE_END};
use crate::domain::{Disposition, Outcome, PlanId, RunId, Step, StepId, WorkspaceId};

/// Whether a run has come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// A process writes it now.
    Running,
    /// It ended and said so.
    Finished,
    /// It did not say that it ended, and nobody writes it.
    Cut,
}

impl RunState {
    /// Returns the word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Cut => "cut",
        }
    }
}

/// One run, for lists.
#[derive(Debug, Clone)]
pub struct RunRow {
    /// Its id.
    pub id: RunId,
    /// When it was begun.
    pub started: Timestamp,
    /// When it ended, if it did.
    pub ended: Option<Timestamp>,
    /// The command.
    pub command: String,
    /// Who ran it.
    pub operator: String,
    /// Why, if that was said.
    pub reason: Option<String>,
    /// The plan.
    pub plan: PlanId,
    /// How the plan was approved.
    pub approved_by: String,
    /// Digest of the fleet it ran on.
    pub fleet_digest: String,
    /// The version of keyholder.
    pub version: String,
    /// Whether it has come to its end.
    pub state: RunState,
    /// Steps by outcome.
    pub counts: BTreeMap<Outcome, u64>,
    /// Steps that are to be sent and were not.
    pub planned: u64,
    /// Steps that were started and have no outcome yet.
    pub in_doubt: u64,
    /// Exit code, if it ended.
    pub exit: Option<u8>,
    /// The end in words, if it ended.
    pub outcome: Option<String>,
    /// Requests that were sent, if it ended.
    pub requests: Option<u64>,
}

/// One step of a run.
#[derive(Debug, Clone)]
pub struct StepRow {
    /// Its id.
    pub id: StepId,
    /// The workspace's name at that time.
    pub workspace: String,
    /// The workspace's identity.
    pub workspace_id: WorkspaceId,
    /// The kind, as a word: a newer keyholder may know more kinds.
    pub kind: String,
    /// Whom or what it is about.
    pub subject: String,
    /// Whether guards count it as a removal.
    pub removal: bool,
    /// Where it stands.
    pub state: State,
    /// The reason's code, of a step that was planned as held.
    pub reason_code: Option<String>,
    /// Why it stands there.
    pub reason: Option<String>,
    /// Status of the last answer.
    pub status: Option<u16>,
    /// When it last moved.
    pub changed: Timestamp,
    /// The step as it was planned.
    pub planned: Value,
    /// What was to become of it when it was planned.
    pub disposition: Disposition,
}

impl StepRow {
    /// Reads the step as it was planned.
    pub fn step(&self) -> Result<Step, LedgerError> {
        serde_json::from_value(self.planned.clone())
            .map_err(|_another_shape| LedgerError::unreadable(format!("step `{}`", self.id)))
    }
}

/// A step that may have taken effect, and nobody has looked since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsettled {
    /// The workspace.
    pub workspace_id: WorkspaceId,
    /// Whom or what it is about.
    pub subject: String,
    /// The kind, as a word.
    pub kind: String,
    /// The step.
    pub step: StepId,
    /// The run that sent it.
    pub run: RunId,
    /// Whether a process writes that run now: then its end may come any moment.
    pub running: bool,
}

/// Columns of the table of runs that [`run_row`] reads.
pub(super) const RUN_COLUMNS: &str = "id, started_at, ended_at, command, operator, reason, plan, approved_by, fleet_digest, version, exit_code, outcome, requests";

impl Ledger {
    /// Returns the newest runs, newest first.
    pub async fn runs(&self, limit: u32) -> Result<Vec<RunRow>, LedgerError> {
        let state_dir = self.state_dir().to_owned();
        self.with(async move |connection| {
            let sql = format!("SELECT {RUN_COLUMNS} FROM runs ORDER BY ordinal DESC LIMIT ?");
            let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(i64::from(limit)).fetch_all(&mut *connection).await?;
            let mut runs = Vec::with_capacity(rows.len());
            for row in rows {
                runs.push(run_row(connection, &row, &state_dir).await?);
            }
            Ok(runs)
        })
        .await
    }

    /// Returns the run with this id or the only one that begins like it; `last` is the newest.
    pub async fn run(&self, asked: &str) -> Result<RunRow, LedgerError> {
        let state_dir = self.state_dir().to_owned();
        let asked = asked.to_owned();
        self.with(async move |connection| {
            let id = find(connection, &asked).await?;
            let sql = format!("SELECT {RUN_COLUMNS} FROM runs WHERE id = ?");
            let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id).fetch_one(&mut *connection).await?;
            run_row(connection, &row, &state_dir).await
        })
        .await
    }

    /// Returns the steps of a run in the order of its plan.
    pub async fn steps(&self, run: &RunId) -> Result<Vec<StepRow>, LedgerError> {
        let run = run.as_str().to_owned();
        self.with(async move |connection| {
            let rows = sqlx::query(
                "SELECT s.id, s.workspace, s.workspace_id, s.kind, s.subject, s.removal, s.state, s.attempt, s.answer, s.effect,
                        s.outcome, s.reason_code, s.reason, s.status, s.changed_at, e.bytes
                 FROM steps s JOIN entries e ON e.run = s.run AND e.seq = s.planned_seq
                 WHERE s.run = ? ORDER BY s.planned_seq",
            )
            .bind(run)
            .fetch_all(&mut *connection)
            .await?;
            rows.iter().map(step_row).collect()
        })
        .await
    }

    /// Returns the first entry of a run: its header.
    pub async fn header(&self, run: &RunId) -> Result<Value, LedgerError> {
        let run = run.clone();
        self.with(async move |connection| {
            let first = entries(connection, &run, 0, 1).await?;
            first.first().ok_or_else(|| LedgerError::unreadable(format!("the header of run `{run}`")))?.value()
        })
        .await
    }

    /// Returns the entries of a run in their order.
    pub async fn entries(&self, run: &RunId) -> Result<Vec<Entry>, LedgerError> {
        let run = run.clone();
        self.with(async move |connection| entries(connection, &run, 0, u32::MAX).await).await
    }

    /// Returns the steps of these workspaces that may have taken effect without anybody having looked: started and not settled, or
    /// settled as unknown or unverified, and no later run has since settled the same step or seen the same subject.
    pub async fn unsettled(&self, workspaces: &[WorkspaceId]) -> Result<Vec<Unsettled>, LedgerError> {
        let wanted: HashSet<WorkspaceId> = workspaces.iter().cloned().collect();
        let mut running = Running::new(self);
        self.with(async move |connection| {
            let rows = sqlx::query(sqlx::AssertSqlSafe(unsettled_sql())).fetch_all(&mut *connection).await?;
            let mut found = Vec::new();
            for row in rows {
                let workspace_id = workspace_id_of(&row)?;
                if wanted.contains(&workspace_id) {
                    let (subject, step): (String, String) = (row.try_get("subject")?, row.try_get("id")?);
                    let (run, ended): (RunId, Option<String>) = (run_id_of(&row, "run")?, row.try_get("ended_at")?);
                    found.push(Unsettled {
                        workspace_id,
                        subject,
                        kind: row.try_get("kind")?,
                        step: StepId::from_stored(&step),
                        running: ended.is_none() && running.is(run.as_str()),
                        run,
                    });
                }
            }
            Ok(found)
        })
        .await
    }

    /// Returns the moments of the removals since a moment, over all runs, that took effect or may have, oldest first. What surely
    /// failed does not count; what a run that is being written now still has to send does, for nothing will ask again before it.
    ///
    /// A removal's moment is when its step last moved, which is never before it was sent. Whoever takes up a cut run asks before
    /// it writes to it: from then on the run counts as being written.
    pub async fn removals_within(&self, since: Timestamp) -> Result<Vec<Timestamp>, LedgerError> {
        let mut running = Running::new(self);
        self.with(async move |connection| {
            let rows = sqlx::query(REMOVALS).bind(moment(since)).fetch_all(&mut *connection).await?;
            let mut moments = Vec::with_capacity(rows.len());
            for row in rows {
                let (state, run): (String, String) = (row.try_get("state")?, row.try_get("run")?);
                if state != "planned" || running.is(&run) {
                    moments.push(moment_of(&row, "changed_at")?);
                }
            }
            Ok(moments)
        })
        .await
    }
}

/// Which runs a process writes now; each is asked about once.
struct Running {
    state_dir: std::path::PathBuf,
    known: HashMap<String, bool>,
}

impl Running {
    fn new(ledger: &Ledger) -> Self {
        Self { state_dir: ledger.state_dir().to_owned(), known: HashMap::new() }
    }

    fn is(&mut self, run: &str) -> bool {
        let Self { state_dir, known } = self;
        *known.entry(run.to_owned()).or_insert_with(|| RunLock::is_held(state_dir, run))
    }
}

// A first attempt that was refused, throttled or never left is surely without effect; a later one may follow one that was not.
const REMOVALS: &str = "SELECT s.run, s.state, s.changed_at FROM steps s JOIN runs r ON r.id = s.run
    WHERE s.removal = 1
      AND ((s.changed_at >= ?
            AND (s.state IN ('started', 'looked')
                 OR (s.state = 'answered' AND (s.attempt > 1 OR s.answer IN ('acknowledged', 'ambiguous')))
                 OR (s.state = 'settled' AND s.outcome IN ('done', 'waiting', 'unverified', 'unknown'))))
           OR (s.state = 'planned' AND r.ended_at IS NULL))
    ORDER BY s.changed_at";

// A first attempt that was refused, throttled or never left is surely without effect; a later one may follow one that was not.
fn unsettled_sql() -> String {
    format!(
        "SELECT s.run, s.id, s.workspace_id, s.kind, s.subject, r.ended_at FROM steps s JOIN runs r ON r.id = s.run
         WHERE (s.state IN ('started', 'looked') OR {UNSURE_END}
                OR (s.state = 'answered' AND (s.attempt > 1 OR s.answer IN ('acknowledged', 'ambiguous'))))
           AND NOT {SEEN_SINCE}
         ORDER BY r.ordinal, s.planned_seq"
    )
}

/// Tells whether there is a run of this id.
pub(super) async fn exists(connection: &mut SqliteConnection, run: &RunId) -> Result<bool, LedgerError> {
    let row = sqlx::query("SELECT 1 FROM runs WHERE id = ?")
        .bind(run.as_str().to_owned())
        .fetch_optional(&mut *connection)
        .await?;
    Ok(row.is_some())
}

/// Returns at most so many entries of a run behind a place.
pub(super) async fn entries(
    connection: &mut SqliteConnection,
    run: &RunId,
    behind: u64,
    most: u32,
) -> Result<Vec<Entry>, LedgerError> {
    let rows = sqlx::query(
        "SELECT run, seq, at, prev_hash, hash, bytes FROM entries WHERE run = ? AND seq > ? ORDER BY seq LIMIT ?",
    )
    .bind(run.as_str().to_owned())
    .bind(whole(behind))
    .bind(i64::from(most))
    .fetch_all(&mut *connection)
    .await?;
    rows.iter().map(Entry::from_row).collect()
}

async fn find(connection: &mut SqliteConnection, asked: &str) -> Result<String, LedgerError> {
    let none = || LedgerError::NoSuchRun { asked: asked.chars().filter(|c| !c.is_control()).take(80).collect() };
    let rows = if asked == "last" {
        sqlx::query("SELECT id FROM runs ORDER BY ordinal DESC LIMIT 1").fetch_all(&mut *connection).await?
    } else if asked.is_empty() {
        return Err(none());
    } else {
        let length = whole(asked.chars().count() as u64);
        sqlx::query("SELECT id FROM runs WHERE id = ? OR substr(id, 1, ?) = ? ORDER BY ordinal DESC LIMIT 6")
            .bind(asked.to_owned())
            .bind(length)
            .bind(asked.to_owned())
            .fetch_all(&mut *connection)
            .await?
    };
    let mut fits: Vec<String> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    if let Some(exact) = fits.iter().position(|id| id == asked) {
        return Ok(fits.swap_remove(exact));
    }
    match fits.len() {
        0 => Err(none()),
        1 => Ok(fits.remove(0)),
        _ => Err(LedgerError::Ambiguous { asked: asked.to_owned(), fits }),
    }
}

/// Reads one run.
pub(super) async fn run_row(
    connection: &mut SqliteConnection,
    row: &SqliteRow,
    state_dir: &std::path::Path,
) -> Result<RunRow, LedgerError> {
    let id = run_id_of(row, "id")?;
    let ended = row.try_get::<Option<String>, _>("ended_at")?.map(|_| moment_of(row, "ended_at")).transpose()?;
    let state = match ended {
        Some(_) => RunState::Finished,
        None if RunLock::is_held(state_dir, id.as_str()) => RunState::Running,
        None => RunState::Cut,
    };
    let mut counts = BTreeMap::new();
    let (mut planned, mut in_doubt) = (0, 0);
    for (state, count) in counted(connection, &id).await? {
        match state {
            (_, Some(outcome)) => *counts.entry(outcome).or_insert(0) += count,
            (word, None) if word == "planned" => planned += count,
            (_, None) => in_doubt += count,
        }
    }
    let plan: String = row.try_get("plan")?;
    let exit: Option<i64> = row.try_get("exit_code")?;
    let requests: Option<i64> = row.try_get("requests")?;
    Ok(RunRow {
        id,
        started: moment_of(row, "started_at")?,
        ended,
        command: row.try_get("command")?,
        operator: row.try_get("operator")?,
        reason: row.try_get("reason")?,
        plan: PlanId::from_stored(&plan),
        approved_by: row.try_get("approved_by")?,
        fleet_digest: row.try_get("fleet_digest")?,
        version: row.try_get("version")?,
        state,
        counts,
        planned,
        in_doubt,
        exit: exit.and_then(|code| u8::try_from(code).ok()),
        outcome: row.try_get("outcome")?,
        requests: requests.and_then(|count| u64::try_from(count).ok()),
    })
}

type Counted = HashMap<(String, Option<Outcome>), u64>;

async fn counted(connection: &mut SqliteConnection, run: &RunId) -> Result<Counted, LedgerError> {
    let rows = sqlx::query("SELECT state, outcome, COUNT(*) AS n FROM steps WHERE run = ? GROUP BY state, outcome")
        .bind(run.as_str().to_owned())
        .fetch_all(&mut *connection)
        .await?;
    rows.iter()
        .map(|row| Ok(((row.try_get("state")?, word_of(row, "outcome", Outcome::parse)?), number_of(row, "n")?)))
        .collect()
}

/// Reads one step, with its `planned` entry.
pub(super) fn step_row(row: &SqliteRow) -> Result<StepRow, LedgerError> {
    let id: String = row.try_get("id")?;
    let bytes: Vec<u8> = row.try_get("bytes")?;
    let unreadable = || LedgerError::unreadable(format!("the `planned` entry of step `{id}`"));
    let mut entry: Value = serde_json::from_slice(&bytes).map_err(|_not_json| unreadable())?;
    let disposition = disposition_of(&entry).ok_or_else(unreadable)?;
    Ok(StepRow {
        id: StepId::from_stored(&id),
        workspace: row.try_get("workspace")?,
        workspace_id: workspace_id_of(row)?,
        kind: row.try_get("kind")?,
        subject: row.try_get("subject")?,
        removal: row.try_get::<i64, _>("removal")? != 0,
        state: state_of(row)?,
        reason_code: row.try_get("reason_code")?,
        reason: row.try_get("reason")?,
        status: status_of(row)?,
        changed: moment_of(row, "changed_at")?,
        planned: entry.get_mut("step").map(Value::take).unwrap_or_default(),
        disposition,
    })
}
