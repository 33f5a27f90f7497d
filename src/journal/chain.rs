//! The proof that nothing of a run was changed, left out or put elsewhere since it was written.

use std::collections::BTreeSet;

use serde_json::Value;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::columns::{number_of, state_of};
use super::entry::{Entry, NOTHING_BEFORE, hash, whole};
use super::error::LedgerError;
use super::ledger::Ledger;
use super::replay::{Replay, ReplayTrouble};
use super::{made, prune, query};
use crate::domain::id::hex;
use crate::domain::{RunId, StepId, StepKind};
use crate::trouble::{Advise, Exit};

/// Entries read at a time, so that a long run is proven in bounded memory.
const PAGE: u32 = 1_000;

/// The newest entry of a run at some moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The run.
    pub run: String,
    /// Place of the entry.
    pub seq: u64,
    /// Its hash, in hex digits.
    pub hash: String,
}

/// A chain that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainReport {
    /// How many entries it has.
    pub entries: u64,
    /// Its newest entry.
    pub head: Head,
    /// The entry of the run before that it hangs on; none for the first run of a ledger.
    pub previous: Option<Head>,
}

/// Where and how a chain breaks.
#[derive(Debug, thiserror::Error)]
pub enum ChainBreak {
    /// An entry is not where it belongs.
    #[error("entry {expected} is missing; what follows there is {found}", found = found.map_or("nothing".to_owned(), |seq| format!("entry {seq}")))]
    Missing {
        /// The place.
        expected: u64,
        /// What came instead.
        found: Option<u64>,
    },
    /// An entry's hash is not that of its bytes.
    #[error("entry {seq} was altered: its hash is not that of its bytes")]
    Altered {
        /// The entry.
        seq: u64,
    },
    /// An entry does not hang on the one before.
    #[error("entry {seq} does not hang on the entry before it")]
    Unlinked {
        /// The entry.
        seq: u64,
    },
    /// An entry's columns do not say what its bytes say, or its bytes are not canonical.
    #[error("entry {seq} is not what it says of itself")]
    Mislabelled {
        /// The entry.
        seq: u64,
    },
    /// The run says that its chain ends elsewhere.
    #[error("the run ends at another entry than the ledger says")]
    Head,
    /// The run before does not hold the entry that this one hangs on.
    #[error("run `{run}`, on which this one hangs, does not hold that entry any more")]
    Previous {
        /// The run before.
        run: String,
    },
    /// The entries cannot have happened in this order.
    #[error("the entries tell something impossible")]
    Impossible(#[from] ReplayTrouble),
    /// The row of the run says something else than the entries.
    #[error("the row of the run says something else than the entries")]
    Run,
    /// The row of a step says something else than the entries.
    #[error("the row of step `{step}` says something else than the entries")]
    Step {
        /// The step.
        step: StepId,
    },
    /// The rows of the keys that the run made say something else than the entries.
    #[error("the rows of the keys that the run made say something else than the entries")]
    Keys,
    /// The ledger cannot be read.
    #[error("the ledger could not be read")]
    Ledger(#[from] LedgerError),
}

impl ChainBreak {
    /// Returns the exit code.
    pub fn exit(&self) -> Exit {
        if let Self::Ledger(error) = self { error.exit() } else { Exit::Output }
    }
}

impl Advise for ChainBreak {
    fn advice(&self) -> Vec<String> {
        match self {
            Self::Ledger(error) => error.advice(),
            _ => vec![
                "somebody or something changed the ledger after it was written: compare it with a backup".to_owned(),
                "do not rely on this run's record; `keyholder members` shows what is true now".to_owned(),
            ],
        }
    }
}

impl Ledger {
    /// Returns the entries of a run whose chain holds, from the very snapshot that was proven.
    pub async fn proven(&self, run: &RunId) -> Result<(ChainReport, Vec<Entry>), ChainBreak> {
        self.proven_into(run, Vec::new(), Vec::push).await
    }

    /// Hands the entries of a run whose chain holds to `take`, from the very snapshot that was proven and a page at a time: a run of a
    /// hundred thousand steps need not be in memory at once.
    pub async fn proven_into<T: Send + 'static>(
        &self,
        run: &RunId,
        mut into: T,
        take: fn(&mut T, Entry),
    ) -> Result<(ChainReport, T), ChainBreak> {
        let run = run.clone();
        self.with(async move |connection| {
            sqlx::raw_sql("BEGIN").execute(&mut *connection).await?;
            let proven = proven(connection, &run, &mut into, take).await;
            sqlx::raw_sql("COMMIT").execute(&mut *connection).await?;
            Ok(proven.map(|report| (report, into)))
        })
        .await?
    }

    /// Proves a run's chain: every hash, every link, no gap, the link to the run before, and that the rows of its steps are what the
    /// entries tell.
    pub async fn verify_chain(&self, run: &RunId) -> Result<ChainReport, ChainBreak> {
        let run = run.clone();
        self.with(async move |connection| {
            // One snapshot: a run that is being written must not look broken.
            sqlx::raw_sql("BEGIN").execute(&mut *connection).await?;
            let verified = verify(connection, &run).await;
            sqlx::raw_sql("COMMIT").execute(&mut *connection).await?;
            Ok(verified)
        })
        .await?
    }
}

/// Proves a run's chain; see [`Ledger::verify_chain`].
pub(super) async fn verify(connection: &mut SqliteConnection, run: &RunId) -> Result<ChainReport, ChainBreak> {
    let row = sqlx::query("SELECT * FROM runs WHERE id = ?")
        .bind(run.as_str().to_owned())
        .fetch_optional(&mut *connection)
        .await
        .map_err(LedgerError::from)?
        .ok_or_else(|| LedgerError::NoSuchRun { asked: run.to_string() })?;
    let head_seq: u64 = number_of(&row, "head_seq")?;
    let head_hash: Vec<u8> = row.try_get("head_hash").map_err(LedgerError::from)?;

    let mut walk = Walk::default();
    loop {
        let page = query::entries(connection, run, walk.seq, PAGE).await?;
        for entry in &page {
            walk.take(run, entry)?;
        }
        if page.len() < PAGE as usize {
            break;
        }
    }
    if walk.seq < head_seq || walk.seq == 0 {
        return Err(ChainBreak::Missing { expected: walk.seq + 1, found: None });
    }
    if walk.seq != head_seq || walk.hash != head_hash {
        return Err(ChainBreak::Head);
    }
    check_previous(connection, run, &walk).await?;
    check_run(&row, &walk)?;
    check_steps(connection, run, &walk.replay).await?;
    if made::of_run(connection, run).await? != walk.made {
        return Err(ChainBreak::Keys);
    }
    let head = Head { run: run.to_string(), seq: walk.seq, hash: hex(&walk.hash) };
    Ok(ChainReport { entries: walk.seq, head, previous: walk.previous })
}

async fn proven<T>(
    connection: &mut SqliteConnection,
    run: &RunId,
    into: &mut T,
    take: fn(&mut T, Entry),
) -> Result<ChainReport, ChainBreak> {
    let report = verify(connection, run).await?;
    let mut behind = 0;
    while behind < report.entries {
        let page = query::entries(connection, run, behind, PAGE).await?;
        behind += page.len() as u64;
        for entry in page {
            take(into, entry);
        }
    }
    Ok(report)
}

/// The way along a chain.
#[derive(Default)]
struct Walk {
    seq: u64,
    hash: Vec<u8>,
    first_prev_hash: Vec<u8>,
    previous: Option<Head>,
    header: Value,
    replay: Replay,
    /// The keys it made, with their fingerprints.
    made: made::Prints,
}

impl Walk {
    fn take(&mut self, run: &RunId, entry: &Entry) -> Result<(), ChainBreak> {
        let seq = self.seq + 1;
        if entry.seq != seq {
            return Err(ChainBreak::Missing { expected: seq, found: Some(entry.seq) });
        }
        if hash(&entry.prev_hash, &entry.bytes)[..] != entry.hash {
            return Err(ChainBreak::Altered { seq });
        }
        let value = entry.value().map_err(|_not_json| ChainBreak::Mislabelled { seq })?;
        let labels = (value["run"].as_str(), value["seq"].as_u64(), value["at"].as_str());
        if labels != (Some(run.as_str()), Some(seq), Some(entry.at.as_str())) || entry.run != run.as_str() {
            return Err(ChainBreak::Mislabelled { seq });
        }
        if seq == 1 {
            self.begin(entry, &value)?;
        } else if entry.prev_hash != self.hash {
            return Err(ChainBreak::Unlinked { seq });
        }
        self.replay.take(seq, &value)?;
        if let (Some("key"), Some("made"), Some(key), Some(step)) =
            (value["type"].as_str(), value["did"].as_str(), value["key"].as_str(), value["step"].as_str())
            && let Some(told) = self.replay.steps.get(&StepId::from_stored(step))
        {
            let workspace = told.step["workspace_id"].as_str().unwrap_or_default();
            let fingerprint = value["fingerprint"].as_str().map(str::to_owned);
            self.made.insert((workspace.to_owned(), key.to_owned()), fingerprint);
        }
        self.seq = seq;
        self.hash.clone_from(&entry.hash);
        Ok(())
    }

    fn begin(&mut self, entry: &Entry, header: &Value) -> Result<(), ChainBreak> {
        if header["type"] != "run" {
            return Err(ChainBreak::Mislabelled { seq: 1 });
        }
        let previous = &header["previous"];
        let linked = match (previous["run"].as_str(), previous["seq"].as_u64(), previous["hash"].as_str()) {
            (Some(run), Some(seq), Some(hash)) => {
                self.previous = Some(Head { run: run.to_owned(), seq, hash: hash.to_owned() });
                hash == hex(&entry.prev_hash)
            }
            _ => previous.is_null() && entry.prev_hash == NOTHING_BEFORE,
        };
        self.first_prev_hash.clone_from(&entry.prev_hash);
        self.header.clone_from(header);
        if linked { Ok(()) } else { Err(ChainBreak::Unlinked { seq: 1 }) }
    }
}

/// The run before must hold the entry that this one hangs on; and only the first run of all hangs on nothing.
async fn check_previous(connection: &mut SqliteConnection, run: &RunId, walk: &Walk) -> Result<(), ChainBreak> {
    let before = sqlx::query(
        "SELECT id FROM runs WHERE ordinal < (SELECT ordinal FROM runs WHERE id = ?) ORDER BY ordinal DESC LIMIT 1",
    )
    .bind(run.as_str().to_owned())
    .fetch_optional(&mut *connection)
    .await
    .map_err(LedgerError::from)?;
    let before: Option<String> = before.map(|row| row.try_get(0)).transpose().map_err(LedgerError::from)?;
    let pruned = if before.is_none() { prune::newest(connection).await? } else { None };
    let Some(previous) = &walk.previous else {
        let missed = before.or(pruned.map(|pruned| pruned.last_run));
        return missed.map_or(Ok(()), |run| Err(ChainBreak::Previous { run }));
    };
    let broken = || ChainBreak::Previous { run: previous.run.clone() };
    if let Some(pruned) = pruned {
        // The run before is gone; the record of its removal kept what this one hangs on.
        return if pruned.holds(previous) { Ok(()) } else { Err(broken()) };
    }
    if before.as_deref() != Some(previous.run.as_str()) {
        return Err(broken());
    }
    let row = sqlx::query("SELECT prev_hash, hash, bytes FROM entries WHERE run = ? AND seq = ?")
        .bind(previous.run.clone())
        .bind(whole(previous.seq))
        .fetch_optional(&mut *connection)
        .await
        .map_err(LedgerError::from)?
        .ok_or_else(broken)?;
    let column = |name: &str| row.try_get::<Vec<u8>, _>(name).map_err(LedgerError::from);
    let holds = column("hash")? == walk.first_prev_hash
        && hash(&column("prev_hash")?, &column("bytes")?)[..] == walk.first_prev_hash;
    if holds { Ok(()) } else { Err(broken()) }
}

fn check_run(row: &SqliteRow, walk: &Walk) -> Result<(), ChainBreak> {
    for name in ["command", "operator", "reason", "plan", "approved_by", "fleet_digest", "version"] {
        let column: Option<String> = row.try_get(name).map_err(LedgerError::from)?;
        if column.as_deref() != walk.header[name].as_str() {
            return Err(ChainBreak::Run);
        }
    }
    let began: String = row.try_get("started_at").map_err(LedgerError::from)?;
    let exit: Option<i64> = row.try_get("exit_code").map_err(LedgerError::from)?;
    let agrees = walk.header["at"].as_str() == Some(began.as_str()) && exit == walk.replay.ended.map(i64::from);
    if agrees { Ok(()) } else { Err(ChainBreak::Run) }
}

/// Returns the kind of step that a change makes. One that only stays absent is a removal that had nothing to remove; what is handed over
/// makes the kind of a hand-over.
fn kind_of(change: &Value) -> Option<&str> {
    match change["kind"].as_str() {
        Some("member.absent") => Some(StepKind::MemberRemove.as_str()),
        Some("key.retire") => Some(StepKind::KeyRevoke.as_str()),
        Some("hand_over") => {
            let thing = change["thing"].as_object()?.keys().next()?;
            Some(match thing.as_str() {
                "campaign" => StepKind::CampaignHandOver.as_str(),
                "lead_list" => StepKind::LeadListHandOver.as_str(),
                "leads" => StepKind::LeadsReassign.as_str(),
                other => other,
            })
        }
        Some("tag") => Some(match (change["verb"].as_str()?, change["assign"].as_bool()) {
            ("create", _) => StepKind::TagCreate.as_str(),
            ("alter", _) if change["from"].is_string() => StepKind::TagRename.as_str(),
            ("alter", _) => StepKind::TagDescribe.as_str(),
            ("delete", _) => StepKind::TagDelete.as_str(),
            ("assign", Some(true)) => StepKind::TagAssign.as_str(),
            ("assign", _) => StepKind::TagUnassign.as_str(),
            (other, _) => other,
        }),
        Some("group") => Some(match change["verb"].as_str()? {
            "invite" => StepKind::GroupInvite.as_str(),
            "remove" | "stay_out" => StepKind::GroupRemove.as_str(),
            other => other,
        }),
        kind => kind,
    }
}

/// Returns whom or what a change is about: a person, else a key by its id, by the fingerprint where that is not known, or by its name where it
/// is to be made; a tag by its label, a link by its sub workspace.
fn subject_of(change: &Value) -> Option<&str> {
    match change["kind"].as_str() {
        Some("tag") => return change["label"].as_str(),
        Some("group") => return change["sub"].as_str(),
        _ => {}
    }
    ["email", "key", "replaced", "name"].into_iter().find_map(|member| change[member].as_str())
}

async fn check_steps(connection: &mut SqliteConnection, run: &RunId, replay: &Replay) -> Result<(), ChainBreak> {
    let rows = sqlx::query(
        "SELECT id, planned_seq, workspace, workspace_id, kind, subject, removal, state, attempt, answer, effect, outcome, reason
         FROM steps WHERE run = ?",
    )
    .bind(run.as_str().to_owned())
    .fetch_all(&mut *connection)
    .await
    .map_err(LedgerError::from)?;
    let mut left: BTreeSet<&StepId> = replay.steps.keys().collect();
    for row in &rows {
        let text = |name: &str| row.try_get::<String, _>(name).map_err(LedgerError::from);
        let id = StepId::from_stored(&text("id")?);
        let broken = || ChainBreak::Step { step: id.clone() };
        let told = replay.steps.get(&id).ok_or_else(broken)?;
        let step = &told.step;
        let agrees = told.planned_seq == number_of::<u64>(row, "planned_seq")?
            && told.state.is_kept_as(state_of(row)?)
            && told.reason == row.try_get::<Option<String>, _>("reason").map_err(LedgerError::from)?
            && i64::from(told.removal) == row.try_get::<i64, _>("removal").map_err(LedgerError::from)?
            && step["workspace"].as_str() == Some(text("workspace")?.as_str())
            && step["workspace_id"].as_str() == Some(text("workspace_id")?.as_str())
            && kind_of(&step["change"]) == Some(text("kind")?.as_str())
            && subject_of(&step["change"]) == Some(text("subject")?.as_str());
        if !agrees {
            return Err(broken());
        }
        left.remove(&id);
    }
    left.first().map_or(Ok(()), |step| Err(ChainBreak::Step { step: (*step).clone() }))
}
