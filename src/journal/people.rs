//! Questions about people: by which accounts the ledger knows them, and what a run saw of those who were to leave.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures::TryStreamExt as _;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use sqlx::{Row as _, SqliteConnection};

use super::columns::{moment_of, number_of, run_id_of, workspace_id_of};
use super::error::LedgerError;
use super::ledger::Ledger;
use super::query;
use crate::domain::{Email, HeldReason, MemberId, RestsOn, RunId, StepId, UserId, WorkspaceId};

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

/// Parameters of one question; SQLite takes many more.
const AT_ONCE: usize = 200;

/// How many entries are held at once; what was seen of one person can be long.
const PAGE: u32 = 100;

/// The steps of a run whose closing look may show an account first, with where and whom they are about.
type Looks = HashMap<StepId, (WorkspaceId, Email)>;

impl Ledger {
    /// Returns the accounts of these people, workspace by workspace: those of the rows of theirs that steps of earlier runs rested on,
    /// those that the closing looks of such steps showed, and those that runs about their leaving saw. Rows of which it could not be told
    /// whose they are tell none.
    pub async fn accounts_of(&self, people: &BTreeSet<Email>) -> Result<BTreeSet<Account>, LedgerError> {
        let people = people.clone();
        self.with(async move |connection| {
            let mut accounts = BTreeSet::new();
            let mut looks: BTreeMap<RunId, Looks> = BTreeMap::new();
            let all: Vec<&Email> = people.iter().collect();
            for some in all.chunks(AT_ONCE) {
                planned(connection, some, &mut accounts, &mut looks).await?;
            }
            for (run, looks) in &looks {
                settled(connection, run, looks, &mut accounts).await?;
            }
            for run in leaving_runs(connection).await? {
                if run.people().any(|email| people.contains(&email)) {
                    sighted(connection, &run, |one| {
                        accounts.extend(one.accounts().filter(|account| people.contains(&account.email)));
                    })
                    .await?;
                }
            }
            Ok(accounts)
        })
        .await
    }
}

impl Ledger {
    /// Returns by which addresses the ledger knows some accounts of a workspace: those of the rows that steps about members rested on. An
    /// account that is known by several is in nobody's name.
    pub async fn addresses_of(
        &self,
        workspace_id: &WorkspaceId,
        accounts: BTreeSet<UserId>,
    ) -> Result<BTreeMap<UserId, Email>, LedgerError> {
        let workspace = workspace_id.as_str().to_owned();
        self.with(async move |connection| {
            let mut known: BTreeMap<UserId, BTreeSet<Email>> = BTreeMap::new();
            let mut rows = sqlx::query(
                "SELECT e.bytes FROM steps s JOIN entries e ON e.run = s.run AND e.seq = s.planned_seq
                 WHERE s.workspace_id = ? AND s.kind LIKE 'member.%'",
            )
            .bind(workspace)
            .fetch(&mut *connection);
            while let Some(row) = rows.try_next().await? {
                let mut entry: Value = serde_json::from_slice(&row.try_get::<Vec<u8>, _>("bytes")?)
                    .map_err(|_not_json| LedgerError::unreadable("the `planned` entry of a step"))?;
                let rests_on = serde_json::from_value(entry["step"]["rests_on"].take());
                if let Ok(RestsOn::Row { email, user_id: Some(user), .. }) = rests_on
                    && accounts.contains(&user)
                {
                    known.entry(user).or_default().insert(email);
                }
            }
            let sole = |emails: BTreeSet<Email>| if emails.len() == 1 { emails.into_iter().next() } else { None };
            Ok(known.into_iter().filter_map(|(user, emails)| Some((user, sole(emails)?))).collect())
        })
        .await
    }
}

/// Takes the accounts of the rows that steps about these people rested on. The index of subjects begins with the workspace, so this reads
/// the steps once, and the entries of those that count.
async fn planned(
    connection: &mut SqliteConnection,
    people: &[&Email],
    accounts: &mut BTreeSet<Account>,
    looks: &mut BTreeMap<RunId, Looks>,
) -> Result<(), LedgerError> {
    let marks = vec!["?"; people.len()].join(", ");
    let sql = format!(
        "SELECT s.run, s.id, s.kind, s.attempt, s.workspace_id, s.subject, e.bytes FROM steps s
         JOIN entries e ON e.run = s.run AND e.seq = s.planned_seq
         WHERE s.subject IN ({marks}) AND s.kind IN ('member.invite', 'member.set_role', 'member.remove')
           AND (s.reason_code IS NULL OR s.reason_code <> ?)"
    );
    let query = people
        .iter()
        .fold(sqlx::query(sqlx::AssertSqlSafe(sql)), |query, email| query.bind(email.as_str().to_owned()))
        .bind(HeldReason::AmbiguousPerson.as_str());
    for row in query.fetch_all(&mut *connection).await? {
        let (kind, subject, bytes): (String, String, Vec<u8>) =
            (row.try_get("kind")?, row.try_get("subject")?, row.try_get("bytes")?);
        let (workspace_id, email) = (workspace_id_of(&row)?, Email::observed(&subject));
        let mut entry: Value = serde_json::from_slice(&bytes)
            .map_err(|_not_json| LedgerError::unreadable("the `planned` entry of a step"))?;
        let rests_on = serde_json::from_value(entry["step"]["rests_on"].take()).ok();
        accounts.extend(rests_on.as_ref().and_then(|rests_on| account(rests_on, &workspace_id, &email)));
        // A look after a removal shows what is left, and of that the plan knew.
        if kind != "member.remove" && number_of::<u64>(&row, "attempt")? > 0 {
            let step: String = row.try_get("id")?;
            let of_run = looks.entry(run_id_of(&row, "run")?).or_default();
            of_run.insert(StepId::from_stored(&step), (workspace_id, email));
        }
    }
    Ok(())
}

/// Takes the accounts that closing looks of a run showed: who was only invited by us is known by nothing else. A step that has ended moved
/// last when that was written down, so the entries are read once and few of them looked into.
async fn settled(
    connection: &mut SqliteConnection,
    run: &RunId,
    looks: &Looks,
    accounts: &mut BTreeSet<Account>,
) -> Result<(), LedgerError> {
    let rows = sqlx::query(
        "SELECT bytes FROM entries WHERE run = ? AND at IN
            (SELECT changed_at FROM steps WHERE run = ? AND kind IN ('member.invite', 'member.set_role'))",
    )
    .bind(run.as_str().to_owned())
    .bind(run.as_str().to_owned())
    .fetch_all(&mut *connection)
    .await?;
    for row in rows {
        let bytes: Vec<u8> = row.try_get("bytes")?;
        // Of another shape where no look decided it, or a later version wrote it: then it tells nothing.
        let Ok(Settled { step, seen }) = serde_json::from_slice(&bytes) else { continue };
        let Some((workspace_id, email)) = looks.get(&step) else { continue };
        if !is_contested(&seen, email) {
            accounts.extend(seen.iter().filter_map(|row| account(row, workspace_id, email)));
        }
    }
    Ok(())
}

#[derive(Deserialize)]
struct Settled {
    step: StepId,
    seen: Vec<RestsOn>,
}

/// Tells whether a row that bears another address is of another account: then it cannot be told whose the rows are.
fn is_contested(rows: &[RestsOn], email: &Email) -> bool {
    let mut own = BTreeSet::new();
    let mut aliased = false;
    for row in rows {
        if let RestsOn::Row { email: bears, user_id, .. } = row {
            aliased |= bears != email;
            own.insert(user_id);
        }
    }
    aliased && own.len() > 1
}

/// The account of a row, where the row bears the address.
fn account(row: &RestsOn, workspace_id: &WorkspaceId, email: &Email) -> Option<Account> {
    match row {
        RestsOn::Row { email: bears, user_id: Some(user_id), .. } if bears == email => {
            Some(Account { workspace_id: workspace_id.clone(), email: email.clone(), user_id: user_id.clone() })
        }
        _ => None,
    }
}

/// A run that was to take people out.
pub(super) struct LeavingRun {
    pub(super) id: RunId,
    pub(super) ordinal: u64,
    pub(super) started: Timestamp,
    /// Who was to leave and how; nothing in runs of before that was written down.
    pub(super) leaving: Value,
    /// How many steps its plan had.
    steps: u64,
}

impl LeavingRun {
    fn people(&self) -> impl Iterator<Item = Email> {
        let people = self.leaving["people"].as_array().into_iter().flatten();
        people.filter_map(|one| one["email"].as_str()).map(Email::observed)
    }
}

/// Returns the runs that were to take people out, oldest first; of each run one entry is read.
pub(super) async fn leaving_runs(connection: &mut SqliteConnection) -> Result<Vec<LeavingRun>, LedgerError> {
    let rows = sqlx::query(
        "SELECT id, ordinal, started_at, command FROM runs WHERE command IN ('offboard', 'apply') ORDER BY ordinal",
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut runs = Vec::new();
    for row in rows {
        let (id, command): (RunId, String) = (run_id_of(&row, "id")?, row.try_get("command")?);
        let unreadable = || LedgerError::unreadable(format!("the header of run `{id}`"));
        let first = query::entries(connection, &id, 0, 1).await?.into_iter().next().ok_or_else(unreadable)?;
        let mut header = first.value()?;
        let leaving = header["settings"]["leaving"].take();
        // A plan that was applied says itself whether it was about leaving.
        if command == "offboard" || !leaving.is_null() {
            let steps = header["steps"].as_u64().unwrap_or_default();
            let (ordinal, started) = (number_of(&row, "ordinal")?, moment_of(&row, "started_at")?);
            runs.push(LeavingRun { id, ordinal, started, leaving, steps });
        }
    }
    Ok(runs)
}

/// What a run saw of one person in one workspace before its first write, as far as it tells who they are.
#[derive(Deserialize)]
pub(super) struct Sighted {
    pub(super) workspace_id: WorkspaceId,
    pub(super) subject: Email,
    traces: Traces,
}

#[derive(Deserialize)]
struct Traces {
    accounts: BTreeSet<UserId>,
    rows: Vec<SightedRow>,
}

#[derive(Deserialize)]
struct SightedRow {
    id: MemberId,
}

impl Sighted {
    fn accounts(self) -> impl Iterator<Item = Account> {
        let Self { workspace_id, subject: email, traces } = self;
        let account = move |user_id| Account { workspace_id: workspace_id.clone(), email: email.clone(), user_id };
        traces.accounts.into_iter().map(account)
    }

    /// Returns the person's rows, whatever addresses they bear.
    pub(super) fn rows(&self) -> impl Iterator<Item = &MemberId> {
        self.traces.rows.iter().map(|row| &row.id)
    }
}

/// Reads what a run saw of those who were to leave: it stands right behind the plan, up to the first entry of another kind. What has
/// another shape tells nothing.
pub(super) async fn sighted(
    connection: &mut SqliteConnection,
    run: &LeavingRun,
    mut take: impl FnMut(Sighted),
) -> Result<(), LedgerError> {
    #[derive(Deserialize)]
    struct Kind {
        r#type: String,
    }
    let mut behind = run.steps + 1;
    loop {
        let page = query::entries(connection, &run.id, behind, PAGE).await?;
        for entry in &page {
            if serde_json::from_slice::<Kind>(&entry.bytes).is_ok_and(|kind| kind.r#type != "sighted") {
                return Ok(());
            }
            if let Ok(one) = serde_json::from_slice(&entry.bytes) {
                take(one);
            }
        }
        let Some(last) = page.last() else { return Ok(()) };
        behind = last.seq;
    }
}
