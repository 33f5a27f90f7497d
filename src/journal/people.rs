//! Questions about people: by which accounts the ledger knows them, and who was to leave.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use serde_json::Value;
use sqlx::Row as _;

use super::columns::{moment_of, number_of, run_id_of, state_of, workspace_id_of};
use super::error::LedgerError;
use super::ledger::Ledger;
use super::state::State;
use crate::domain::{Email, HeldReason, Outcome, RestsOn, RunId, StepKind, UserId, WorkspaceId};

/// An account by which the ledger knows a person in one workspace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Account {
    /// Where: an equal id elsewhere says nothing.
    pub workspace_id: WorkspaceId,
    /// Who.
    pub email: Email,
    /// The account.
    pub user_id: UserId,
}

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

/// One removal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departure {
    /// Where.
    pub workspace_id: WorkspaceId,
    /// Who.
    pub subject: Email,
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
    /// The last run that invited a person to a workspace, or may have, by its place among all runs.
    pub invited: BTreeMap<(WorkspaceId, Email), u64>,
}

/// Parameters of one question; SQLite takes many more.
const AT_ONCE: usize = 200;

impl Ledger {
    /// Returns the accounts of these people, workspace by workspace: those of the rows of theirs that steps of earlier runs rested on. Rows
    /// of which it could not be told whose they are tell none.
    pub async fn accounts_of(&self, people: &BTreeSet<Email>) -> Result<BTreeSet<Account>, LedgerError> {
        let people: Vec<String> = people.iter().map(|email| email.as_str().to_owned()).collect();
        self.with(async move |connection| {
            let mut accounts = BTreeSet::new();
            for some in people.chunks(AT_ONCE) {
                let marks = vec!["?"; some.len()].join(", ");
                let sql = format!(
                    "SELECT s.workspace_id, s.subject, s.id, e.bytes FROM steps s
                     JOIN entries e ON e.run = s.run AND e.seq = s.planned_seq
                     WHERE s.subject IN ({marks}) AND (s.reason_code IS NULL OR s.reason_code <> ?)"
                );
                let query = sqlx::query(sqlx::AssertSqlSafe(sql));
                let query = some.iter().fold(query, |query, email| query.bind(email.clone()));
                let query = query.bind(HeldReason::AmbiguousPerson.as_str());
                for row in query.fetch_all(&mut *connection).await? {
                    let (subject, bytes): (String, Vec<u8>) = (row.try_get("subject")?, row.try_get("bytes")?);
                    let email = Email::observed(&subject);
                    let unreadable = |_not_json| LedgerError::unreadable("the `planned` entry of a step".to_owned());
                    let entry: Value = serde_json::from_slice(&bytes).map_err(unreadable)?;
                    let workspace_id = workspace_id_of(&row)?;
                    accounts.extend(account(&entry, &email).map(|user_id| Account {
                        workspace_id,
                        email: email.clone(),
                        user_id,
                    }));
                }
            }
            Ok(accounts)
        })
        .await
    }
}

impl Ledger {
    /// Returns the runs that were to take people out, with their removals, and who was invited since.
    pub async fn offboardings(&self) -> Result<Offboardings, LedgerError> {
        self.with(async move |connection| {
            let mut told = Offboardings::default();
            let mut places: HashMap<String, usize> = HashMap::new();
            for row in sqlx::query(OFFBOARDINGS).fetch_all(&mut *connection).await? {
                let (command, bytes): (String, Vec<u8>) = (row.try_get("command")?, row.try_get("bytes")?);
                let run = run_id_of(&row, "id")?;
                let unreadable = |_not_json| LedgerError::unreadable(format!("the header of run `{run}`"));
                let header: Value = serde_json::from_slice(&bytes).map_err(unreadable)?;
                let leaving = header["settings"]["leaving"].clone();
                // A plan that was applied says itself whether it was about leaving.
                if command != "offboard" && leaving.is_null() {
                    continue;
                }
                places.insert(run.to_string(), told.runs.len());
                let (ordinal, started) = (number_of(&row, "ordinal")?, moment_of(&row, "started_at")?);
                told.runs.push(Offboarding { run, ordinal, started, leaving, steps: Vec::new() });
            }
            for row in sqlx::query(MEMBERS).fetch_all(&mut *connection).await? {
                let (kind, run, subject): (String, String, String) =
                    (row.try_get("kind")?, row.try_get("run")?, row.try_get("subject")?);
                let (workspace_id, subject) = (workspace_id_of(&row)?, Email::observed(&subject));
                let state = state_of(&row)?;
                let outcome = state.outcome();
                if kind == StepKind::MemberInvite.as_str() {
                    if !matches!(outcome, Some(Outcome::Held | Outcome::Failed)) && state != State::Planned {
                        told.invited.insert((workspace_id, subject), number_of(&row, "ordinal")?);
                    }
                } else if let Some(place) = places.get(&run) {
                    let gone = matches!(outcome, Some(Outcome::Done | Outcome::Already));
                    let (why, reason) = (row.try_get("reason")?, row.try_get("reason_code")?);
                    told.runs[*place].steps.push(Departure { workspace_id, subject, gone, why, reason });
                }
            }
            Ok(told)
        })
        .await
    }
}

const OFFBOARDINGS: &str = "SELECT r.id, r.ordinal, r.started_at, r.command, e.bytes FROM runs r
    JOIN entries e ON e.run = r.id AND e.seq = 1
    WHERE r.command IN ('offboard', 'apply') ORDER BY r.ordinal";

const MEMBERS: &str =
    "SELECT s.run, s.kind, s.workspace_id, s.subject, s.state, s.attempt, s.answer, s.effect, s.outcome,
        s.reason, s.reason_code, r.ordinal
    FROM steps s JOIN runs r ON r.id = s.run
    WHERE s.kind IN ('member.remove', 'member.invite') ORDER BY r.ordinal, s.planned_seq";

/// The account of the row that a step rests on, where the row bears the address.
fn account(planned: &Value, email: &Email) -> Option<UserId> {
    match serde_json::from_value(planned["step"]["rests_on"].clone()).ok()? {
        RestsOn::Row { email: bears, user_id, .. } if bears == *email => user_id,
        _ => None,
    }
}
