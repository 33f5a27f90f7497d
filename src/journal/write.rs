//! What a begun run and an added batch do to the tables; always inside a transaction of the caller's.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::{Row as _, SqliteConnection};

use super::columns::{number_of, state_of, status_of, workspace_id_of};
use super::db::moment;
use super::entry::{Hash, NOTHING_BEFORE, Tail, whole};
use super::error::LedgerError;
use super::record::{KeyDid, Record, RunHeader, first_state, header_json, held_code, held_text, planned_json};
use super::state::{Class, Effect, Move, State};
use super::{made, prune, query};
use crate::domain::id::hex;
use crate::domain::{Disposition, Outcome, RunId, Step, StepId, WorkspaceId};

/// Writes a run's row, its steps and the first entries of its chain.
pub(super) async fn begin(
    connection: &mut SqliteConnection,
    header: &RunHeader,
    at: Timestamp,
) -> Result<(), LedgerError> {
    if query::exists(connection, &header.run).await? {
        return Err(LedgerError::RunExists { run: header.run.clone() });
    }
    let before = sqlx::query("SELECT id, ordinal, head_seq, head_hash FROM runs ORDER BY ordinal DESC LIMIT 1")
        .fetch_optional(&mut *connection)
        .await?;
    let (ordinal, hash, previous) = match before {
        None => match prune::newest(connection).await? {
            None => (1, NOTHING_BEFORE, Value::Null),
            // Every run was removed; the chain goes on all the same.
            Some(pruned) => {
                let previous = json!({ "run": pruned.last_run, "seq": pruned.head.0, "hash": hex(&pruned.head.1) });
                (pruned.last_ordinal + 1, hash_of(pruned.head.1, "head_hash")?, previous)
            }
        },
        Some(row) => {
            let hash = hash_of(row.try_get("head_hash")?, "head_hash")?;
            let (id, seq): (String, u64) = (row.try_get("id")?, number_of(&row, "head_seq")?);
            let previous = json!({ "run": id, "seq": seq, "hash": hex(&hash) });
            (number_of::<u64>(&row, "ordinal")? + 1, hash, previous)
        }
    };
    sqlx::query(
        "INSERT INTO runs (id, ordinal, started_at, command, operator, reason, plan, approved_by, fleet_digest, version, head_seq, head_hash)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)",
    )
    .bind(header.run.as_str().to_owned())
    .bind(whole(ordinal))
    .bind(moment(at))
    .bind(header.command.clone())
    .bind(header.operator.clone())
    .bind(header.reason.clone())
    .bind(header.plan.as_str().to_owned())
    .bind(header.approved_by.clone())
    .bind(header.fleet_digest.clone())
    .bind(header.version)
    .bind(hash.to_vec())
    .execute(&mut *connection)
    .await?;
    let mut tail = Tail { run: header.run.clone(), seq: 0, hash, at };
    tail.add(connection, header_json(header, &previous)).await?;
    for (step, disposition) in &header.steps {
        let seq = tail.add(connection, planned_json(step, disposition)).await?;
        insert_step(connection, &tail, seq, step, disposition).await?;
    }
    tail.store(connection).await
}

async fn insert_step(
    connection: &mut SqliteConnection,
    tail: &Tail,
    seq: u64,
    step: &Step,
    disposition: &Disposition,
) -> Result<(), LedgerError> {
    let state = first_state(disposition);
    let inserted = sqlx::query(
        "INSERT INTO steps (run, id, planned_seq, workspace, workspace_id, kind, subject, removal, state, attempt, outcome, reason_code, reason, changed_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?)",
    )
    .bind(tail.run.as_str().to_owned())
    .bind(step.id.as_str().to_owned())
    .bind(whole(seq))
    .bind(step.workspace.clone())
    .bind(step.workspace_id.as_str().to_owned())
    .bind(step.kind().as_str())
    .bind(step.change.subject().as_str().to_owned())
    .bind(i64::from(step.is_removal()))
    .bind(state.as_str())
    .bind(state.outcome().map(Outcome::as_str))
    .bind(held_code(disposition).map(str::to_owned))
    .bind(held_text(disposition).map(str::to_owned))
    .bind(moment(tail.at))
    .execute(&mut *connection)
    .await;
    match inserted {
        Ok(_) => Ok(()),
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            Err(LedgerError::SameStepTwice { step: step.id.clone() })
        }
        Err(error) => Err(error.into()),
    }
}

/// What a permit is made of, once the commit succeeded.
pub(super) type Started = Option<(WorkspaceId, StepId, u32)>;

/// Adds records to a run's chain and moves its steps on. Returns, in the place of each request that may leave now, what a permit is made of.
pub(super) async fn append(
    connection: &mut SqliteConnection,
    run: RunId,
    at: Timestamp,
    records: &[Record],
) -> Result<Vec<Started>, LedgerError> {
    let (mut tail, mut ended) = tail(connection, run, at).await?;
    let mut touched = HashMap::new();
    let mut started = Vec::with_capacity(records.len());
    for record in records {
        let resumes = matches!(record, Record::Resumed { .. });
        if ended && !resumes {
            return Err(LedgerError::RunEnded { run: tail.run });
        }
        let permit = match record.step_move()? {
            None => None,
            Some((id, step)) => {
                if !touched.contains_key(id) {
                    touched.insert(id.clone(), Touched::load(connection, &tail.run, id).await?);
                }
                touched.get_mut(id).and_then(|touched| touched.take(id, step, record).transpose()).transpose()?
            }
        };
        tail.add(connection, record.json()).await?;
        made::note(connection, &tail, record).await?;
        started.push(permit);
        if resumes {
            reopen(connection, &tail).await?;
        } else if let Record::Ended { exit, outcome, requests, .. } = record {
            end(connection, &tail, *exit, outcome, *requests).await?;
        }
        ended = matches!(record, Record::Ended { .. });
    }
    for (id, touched) in &touched {
        touched.store(connection, &tail, id).await?;
    }
    tail.store(connection).await?;
    Ok(started)
}

/// Reads the end of a run's chain, and whether the run has ended.
async fn tail(connection: &mut SqliteConnection, run: RunId, at: Timestamp) -> Result<(Tail, bool), LedgerError> {
    let row = sqlx::query("SELECT head_seq, head_hash, ended_at FROM runs WHERE id = ?")
        .bind(run.as_str().to_owned())
        .fetch_optional(&mut *connection)
        .await?
        .ok_or_else(|| LedgerError::NoSuchRun { asked: run.to_string() })?;
    let ended: Option<String> = row.try_get("ended_at")?;
    let (seq, hash) = (number_of(&row, "head_seq")?, hash_of(row.try_get("head_hash")?, "head_hash")?);
    Ok((Tail { run, seq, hash, at }, ended.is_some()))
}

async fn end(
    connection: &mut SqliteConnection,
    tail: &Tail,
    exit: u8,
    outcome: &str,
    requests: u64,
) -> Result<(), LedgerError> {
    sqlx::query("UPDATE runs SET ended_at = ?, exit_code = ?, outcome = ?, requests = ? WHERE id = ?")
        .bind(moment(tail.at))
        .bind(i64::from(exit))
        .bind(outcome.to_owned())
        .bind(whole(requests))
        .bind(tail.run.as_str().to_owned())
        .execute(&mut *connection)
        .await?;
    Ok(())
}

async fn reopen(connection: &mut SqliteConnection, tail: &Tail) -> Result<(), LedgerError> {
    sqlx::query("UPDATE runs SET ended_at = NULL, exit_code = NULL, outcome = NULL, requests = NULL WHERE id = ?")
        .bind(tail.run.as_str().to_owned())
        .execute(&mut *connection)
        .await?;
    Ok(())
}

fn hash_of(bytes: Vec<u8>, column: &str) -> Result<Hash, LedgerError> {
    bytes.try_into().map_err(|_wrong_length| LedgerError::unreadable(format!("a hash in column `{column}`")))
}

/// A step that a batch moves on.
struct Touched {
    workspace: WorkspaceId,
    state: State,
    status: Option<u16>,
    reason: Option<String>,
    reason_code: Option<String>,
}

impl Touched {
    async fn load(connection: &mut SqliteConnection, run: &RunId, id: &StepId) -> Result<Self, LedgerError> {
        let row = sqlx::query(
            "SELECT workspace_id, state, attempt, answer, effect, outcome, status, reason, reason_code FROM steps WHERE run = ? AND id = ?",
        )
        .bind(run.as_str().to_owned())
        .bind(id.as_str().to_owned())
        .fetch_optional(&mut *connection)
        .await?
        .ok_or_else(|| LedgerError::NoSuchStep { run: run.clone(), step: id.clone() })?;
        Ok(Self {
            workspace: workspace_id_of(&row)?,
            state: state_of(&row)?,
            status: status_of(&row)?,
            reason: row.try_get("reason")?,
            reason_code: row.try_get("reason_code")?,
        })
    }

    /// Moves the step on, or refuses. Returns what a permit is made of.
    fn take(&mut self, id: &StepId, step: Move, record: &Record) -> Result<Started, LedgerError> {
        self.state = self.state.after(step).map_err(|source| LedgerError::Illegal { step: id.clone(), source })?;
        match record {
            Record::Answered { status, .. } => self.status = *status,
            Record::Settled { reason, held, .. } => {
                self.reason.clone_from(reason);
                self.reason_code = held.map(|held| held.as_str().to_owned());
            }
            _ => {}
        }
        Ok(match step {
            Move::Start { attempt } => Some((self.workspace.clone(), id.clone(), attempt)),
            // The request that takes a key back is another one than the step's own, and is written down first like any.
            Move::Key(KeyDid::Discarding) => Some((self.workspace.clone(), id.clone(), self.state.attempts())),
            _ => None,
        })
    }

    async fn store(&self, connection: &mut SqliteConnection, tail: &Tail, id: &StepId) -> Result<(), LedgerError> {
        sqlx::query(
            "UPDATE steps SET state = ?, attempt = ?, answer = ?, effect = ?, outcome = ?, status = ?, reason = ?, reason_code = ?, changed_at = ?
             WHERE run = ? AND id = ?",
        )
        .bind(self.state.as_str())
        .bind(i64::from(self.state.attempts()))
        .bind(self.state.answer().map(Class::as_str))
        .bind(self.state.effect().map(Effect::as_str))
        .bind(self.state.outcome().map(Outcome::as_str))
        .bind(self.status.map(i64::from))
        .bind(self.reason.clone())
        .bind(self.reason_code.clone())
        .bind(moment(tail.at))
        .bind(tail.run.as_str().to_owned())
        .bind(id.as_str().to_owned())
        .execute(&mut *connection)
        .await?;
        Ok(())
    }
}
