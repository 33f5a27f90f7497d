//! Tests of the ledger as a whole.

mod chain;
mod damage;
mod laws;
mod made;
mod people;
mod prune;
mod runs;
mod state;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::json;
use sqlx::SqliteConnection;

use super::*;
use crate::clock::Clock;
use crate::domain::{
    Change, Disposition, Email, MemberId, Outcome, PlanId, RestsOn, Role, RunId, Step, StepId, WorkspaceId,
    WorkspaceName,
};

/// A state folder that vanishes with its test.
struct World {
    root: tempfile::TempDir,
    clock: Clock,
}

impl World {
    fn new() -> Self {
        let start = "2026-11-22T04:30:00Z".parse().unwrap();
        Self { root: tempfile::tempdir().unwrap(), clock: Clock::starting_at(start) }
    }

    fn state_dir(&self) -> PathBuf {
        self.root.path().join(".keyholder")
    }

    fn file(&self) -> PathBuf {
        self.state_dir().join("ledger.db")
    }

    async fn open(&self) -> Ledger {
        Ledger::open(&self.state_dir(), self.clock).await.unwrap()
    }
}

fn run_id(number: u32) -> RunId {
    RunId::parse(&format!("20261122T043000Z-{number:04x}")).unwrap()
}

fn workspace(number: usize) -> WorkspaceId {
    WorkspaceId::parse(&format!("0195b2aa-7c1e-7d00-8000-{number:012}")).unwrap()
}

fn named(number: usize) -> WorkspaceName {
    WorkspaceName::parse(&format!("client-{number}")).unwrap()
}

fn invite(number: usize, email: &str) -> Step {
    let email = Email::parse(email).unwrap();
    let change = Change::Invite { email, role: Role::Editor, permissions: None, nickname: None };
    Step::new(&named(number), &workspace(number), change, RestsOn::Absent)
}

fn remove(number: usize, email: &str) -> Step {
    let (member, email) = (MemberId::parse(&format!("m-{number}")).unwrap(), Email::parse(email).unwrap());
    let rests_on = RestsOn::Row {
        id: member.clone(),
        email: email.clone(),
        user_id: None,
        role: Role::Editor,
        permissions: None,
        accepted: true,
        nickname: None,
    };
    Step::new(&named(number), &workspace(number), Change::Remove { member, email }, rests_on)
}

fn lower(number: usize, email: &str) -> Step {
    let (member, email) = (MemberId::parse(&format!("m-{number}")).unwrap(), Email::parse(email).unwrap());
    let rests_on = RestsOn::Row {
        id: member.clone(),
        email: email.clone(),
        user_id: None,
        role: Role::Admin,
        permissions: None,
        accepted: true,
        nickname: None,
    };
    let change = Change::SetRole { member, email, role: Role::View };
    Step::new(&named(number), &workspace(number), change, rests_on)
}

fn header(run: &RunId, steps: Vec<Step>) -> RunHeader {
    RunHeader {
        run: run.clone(),
        command: "keyholder onboard ida@agency.example --all".to_owned(),
        operator: "ada".to_owned(),
        reason: Some("new colleague".to_owned()),
        plan: PlanId::of(b"a plan"),
        applied: PlanId::of(b"a plan"),
        approved_by: "yes".to_owned(),
        selection: json!({ "all": true }),
        workspaces: json!([]),
        fleet_digest: "f".repeat(64),
        version: "0.1.0",
        settings: json!({ "share": 0.5, "timeout": "30s" }),
        steps: steps.into_iter().map(|step| (step, Disposition::Send)).collect(),
    }
}

fn started(step: &StepId, attempt: u32) -> Record {
    Record::Started { step: step.clone(), attempt }
}

fn answered(step: &StepId, attempt: u32, class: Class) -> Record {
    let detail = "as the API put it".to_owned();
    Record::Answered { step: step.clone(), attempt, class: class.as_str(), detail, status: Some(200) }
}

fn looked(step: &StepId, effect: Effect) -> Record {
    Record::Looked { step: step.clone(), effect, found: "editor, invited".to_owned() }
}

fn settled(step: &StepId, outcome: Outcome) -> Record {
    Record::Settled {
        step: step.clone(),
        outcome,
        reason: Some("because".to_owned()),
        attempts: 1,
        held: None,
        seen: None,
    }
}

fn ended(exit: u8) -> Record {
    let counts = BTreeMap::from([(Outcome::Done, 1)]);
    Record::Ended { exit, outcome: "complete".to_owned(), counts, requests: 4 }
}

/// The records of a step from its start to its outcome.
fn whole_way(step: &StepId, outcome: Outcome) -> Vec<Record> {
    let class = if outcome == Outcome::Unknown { Class::Ambiguous } else { Class::Acknowledged };
    vec![started(step, 1), answered(step, 1, class), settled(step, outcome)]
}

/// Begins a run with two steps, brings one to its end and ends the run.
async fn finished_run(ledger: &Ledger, number: u32) -> RunId {
    let run = run_id(number);
    let steps = vec![invite(1, "ida@agency.example"), invite(2, "ida@agency.example")];
    let step = steps[0].id.clone();
    ledger.begin(header(&run, steps)).await.unwrap();
    ledger.append(&run, whole_way(&step, Outcome::Done)).await.unwrap();
    ledger.append(&run, vec![ended(0)]).await.unwrap();
    run
}

/// Runs any statement behind the ledger's back.
async fn tamper(ledger: &Ledger, statement: &str) {
    let statement = statement.to_owned();
    let work = async move |connection: &mut SqliteConnection| {
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut *connection).await?;
        Ok(())
    };
    ledger.with(work).await.unwrap();
}

async fn drop_triggers(ledger: &Ledger) {
    tamper(ledger, "DROP TRIGGER entries_are_not_updated; DROP TRIGGER entries_are_not_deleted").await;
}

async fn count(ledger: &Ledger, statement: &'static str) -> i64 {
    ledger
        .with(async move |connection| Ok(sqlx::query_scalar(statement).fetch_one(&mut *connection).await?))
        .await
        .unwrap()
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
}
