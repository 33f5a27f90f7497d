//! Runs that have not come to their end, and what a later run has done about their steps.

use std::collections::BTreeMap;

use futures::TryStreamExt as _;
use serde_json::Value;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::columns::run_id_of;
use super::error::LedgerError;
use super::ledger::Ledger;
use super::lock::RunLock;
use super::query::{self, RunRow};
use crate::domain::{AccountPolicy, Change, ResourceKind, RunId, StepId, StepKind, TagChange, Thing};

/// An end of step `s` that a look can still make a better one. Who is there in another form than was asked, or not there after the settle
/// time, will not change by itself.
pub(super) const UNSURE_END: &str = "(s.state = 'settled' AND (s.outcome = 'unknown'
    OR (s.outcome = 'unverified' AND (s.effect IS NULL OR s.effect = 'unclear'))))";

/// A later run than `r` has seen what became of the subject of step `s`; that a campaign went to somebody else says nothing of the
/// membership. Another step about the same subject tells it only in a later
/// run, only by having seen a state, and only after `s` moved last.
pub(super) const SEEN_SINCE: &str = "EXISTS (
    SELECT 1 FROM steps t JOIN runs q ON q.id = t.run
    WHERE t.workspace_id = s.workspace_id AND t.subject = s.subject AND q.ordinal > r.ordinal
      AND t.changed_at >= s.changed_at
      AND (t.id = s.id OR (t.kind LIKE 'member.%' AND s.kind LIKE 'member.%'))
      AND (t.state = 'already' OR (t.state = 'settled'
        AND (t.outcome IN ('done', 'already', 'waiting') OR (t.id = s.id AND t.outcome = 'failed')))))";

/// A later run than `r` had to do with the membership of the subject of step `s`. A thing or a key is looked for whoever dealt with its
/// person since: what surely is not so after the settle time has an end then, and until then it holds every plan about them.
const SUPERSEDED: &str = "EXISTS (SELECT 1 FROM steps t JOIN runs q ON q.id = t.run
    WHERE t.workspace_id = s.workspace_id AND t.subject = s.subject AND t.state <> 'held' AND q.ordinal > r.ordinal
      AND t.kind LIKE 'member.%' AND s.kind LIKE 'member.%')";

// A later wish about somebody's membership stands above an earlier one. Who is wanted here again keeps what is theirs; that they are to be
// absent says nothing against a hand-over or a revocation, nor does one of these against their membership.
const BY_PERSON: &str = "SELECT s.id AS step, q.id AS run, q.ordinal FROM steps s JOIN runs r ON r.id = s.run
    JOIN steps t ON t.workspace_id = s.workspace_id AND t.subject = s.subject AND t.state <> 'held'
    JOIN runs q ON q.id = t.run AND q.ordinal > r.ordinal
    WHERE s.run = ? AND t.kind LIKE 'member.%' AND (s.kind LIKE 'member.%' OR t.kind IN ('member.invite', 'member.set_role'))";

const THINGS: &str =
    "SELECT s.id AS step, s.workspace_id, s.run, r.ordinal, e.bytes FROM steps s JOIN runs r ON r.id = s.run
    JOIN entries e ON e.run = s.run AND e.seq = s.planned_seq
    WHERE s.run = ? AND s.kind NOT LIKE 'member.%'";

// What was already so was not touched.
const LATER_THINGS: &str =
    "SELECT t.id AS step, t.workspace_id, t.run, q.ordinal, e.bytes FROM steps t JOIN runs q ON q.id = t.run
    JOIN entries e ON e.run = t.run AND e.seq = t.planned_seq
    WHERE t.kind NOT LIKE 'member.%' AND t.state NOT IN ('held', 'already')
      AND q.ordinal > (SELECT ordinal FROM runs WHERE id = ?)";

/// A thing that a step is about: its workspace, the kind of step, its id.
type Place = (String, StepKind, String);

/// A step about things, in its run.
struct OfThings {
    step: StepId,
    run: RunId,
    ordinal: i64,
    places: Vec<Place>,
}

impl OfThings {
    fn read(row: &SqliteRow, policy: &AccountPolicy) -> Result<Self, LedgerError> {
        let step: String = row.try_get("step")?;
        let workspace: String = row.try_get("workspace_id")?;
        let entry: Value = serde_json::from_slice(&row.try_get::<Vec<u8>, _>("bytes")?).unwrap_or_default();
        // Of a kind of tomorrow it is not known what it is about.
        let change = serde_json::from_value::<Change>(entry["step"]["change"].clone()).ok();
        let places =
            change.iter().flat_map(|change| things(change, policy).into_iter().map(|id| (dealing(change.kind()), id)));
        let places = places.map(|(kind, id)| (workspace.clone(), kind, id)).collect();
        Ok(Self {
            step: StepId::from_stored(&step),
            run: run_id_of(row, "run")?,
            ordinal: row.try_get("ordinal")?,
            places,
        })
    }
}

/// The kind that stands for all that deal with the same: who takes a tag off something has dealt with its being put on.
fn dealing(kind: StepKind) -> StepKind {
    match kind {
        StepKind::TagUnassign => StepKind::TagAssign,
        StepKind::TagRename | StepKind::TagDescribe | StepKind::TagDelete => StepKind::TagCreate,
        StepKind::GroupRemove => StepKind::GroupInvite,
        kind => kind,
    }
}

/// The ids of what a change hands over, revokes or tags. Of tags that say whose an account is it carries one alone: what puts on or takes
/// off any of them has dealt with the account's owner.
fn things(change: &Change, policy: &AccountPolicy) -> Vec<String> {
    match change {
        Change::HandOver { thing: Thing::Campaign { id, .. }, .. } => vec![id.to_string()],
        Change::HandOver { thing: Thing::LeadList { id, .. }, .. } => vec![id.to_string()],
        Change::HandOver { thing: Thing::Leads { ids }, .. } => ids.iter().map(ToString::to_string).collect(),
        Change::Revoke { key, .. } | Change::Retire { key: Some(key), .. } => vec![key.to_string()],
        Change::CreateKey { name, .. } => vec![name.clone()],
        Change::Tag(TagChange::Assign { label, on, resources, .. }) => {
            let is_owners = *on == ResourceKind::Account && policy.named_by(label).is_some();
            let label = if is_owners { policy.tag_prefix.as_str() } else { label };
            resources.iter().map(|resource| format!("{label} {resource}")).collect()
        }
        // Who gives a tag another label has dealt with both.
        Change::Tag(TagChange::Alter { from: Some(from), label, .. }) => vec![from.clone(), label.clone()],
        Change::Tag(change) => vec![change.label().to_owned()],
        Change::Group(change) => vec![change.sub().to_string()],
        Change::Transfer { .. } => vec!["owner".to_owned()],
        Change::Invite { .. }
        | Change::SetRole { .. }
        | Change::Remove { .. }
        | Change::Retire { key: None, .. }
        | Change::StayAbsent { .. } => Vec::new(),
    }
}

impl Ledger {
    /// Returns the runs that did not say that they ended, or ended with a step that is still to be sent or in doubt;
    /// newest first. What was looked at and is unsure because a later run overtook it stays so, and is left alone.
    pub async fn unfinished(&self) -> Result<Vec<RunRow>, LedgerError> {
        let state_dir = self.state_dir().to_owned();
        self.with(async move |connection| {
            let sql = format!(
                "SELECT {} FROM runs WHERE ended_at IS NULL
                 OR id IN (SELECT run FROM steps WHERE state IN ('planned', 'started', 'answered', 'looked'))
                 OR id IN (SELECT s.run FROM steps s JOIN runs r ON r.id = s.run WHERE {UNSURE_END} AND NOT {SUPERSEDED})
                 ORDER BY ordinal DESC",
                query::RUN_COLUMNS
            );
            let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&mut *connection).await?;
            let mut runs = Vec::with_capacity(rows.len());
            for row in rows {
                runs.push(query::run_row(connection, &row, &state_dir).await?);
            }
            Ok(runs)
        })
        .await
    }

    /// Returns the runs that left their mark in the state folder, which only the end of a run takes away, and that the ledger does
    /// not know: it was removed or replaced since.
    pub async fn lost_runs(&self) -> Result<Vec<RunId>, LedgerError> {
        let marked = RunLock::left(self.state_dir());
        self.with(async move |connection| {
            let mut lost = Vec::new();
            for run in marked {
                if !query::exists(connection, &run).await? {
                    lost.push(run);
                }
            }
            Ok(lost)
        })
        .await
    }

    /// Takes the marks of lost runs away, once nothing they sent can land any more.
    pub fn forget(&self, lost: &[RunId]) {
        for run in lost {
            // A mark that cannot be removed is only waited for once more.
            drop(std::fs::remove_file(RunLock::path(self.state_dir(), run)));
        }
    }

    /// Returns the steps of a run that a later run stands above, each with the newest such run: one about the same membership, about the
    /// same thing, or, of what somebody owns or made, one that wants its person here again. The policy says which tags are owners'.
    pub async fn superseded(
        &self,
        run: &RunId,
        policy: &AccountPolicy,
    ) -> Result<BTreeMap<StepId, RunId>, LedgerError> {
        let run = run.as_str().to_owned();
        // Who owns what does not matter here.
        let policy = AccountPolicy { tag_prefix: policy.tag_prefix.clone(), ..AccountPolicy::default() };
        self.with(async move |connection| {
            let mut newest: BTreeMap<StepId, (i64, RunId)> = BTreeMap::new();
            let mut take = |step: StepId, ordinal: i64, run: RunId| {
                if newest.get(&step).is_none_or(|(other, _)| *other < ordinal) {
                    newest.insert(step, (ordinal, run));
                }
            };
            for row in sqlx::query(BY_PERSON).bind(run.clone()).fetch_all(&mut *connection).await? {
                let step: String = row.try_get("step")?;
                take(StepId::from_stored(&step), row.try_get("ordinal")?, run_id_of(&row, "run")?);
            }
            let mut own: BTreeMap<Place, Vec<StepId>> = BTreeMap::new();
            for row in sqlx::query(THINGS).bind(run.clone()).fetch_all(&mut *connection).await? {
                let OfThings { step, places, .. } = OfThings::read(&row, &policy)?;
                for place in places {
                    own.entry(place).or_default().push(step.clone());
                }
            }
            if !own.is_empty() {
                let mut later = sqlx::query(LATER_THINGS).bind(run).fetch(&mut *connection);
                while let Some(row) = later.try_next().await? {
                    let OfThings { run, ordinal, places, .. } = OfThings::read(&row, &policy)?;
                    for step in places.iter().filter_map(|place| own.get(place)).flatten() {
                        take(step.clone(), ordinal, run.clone());
                    }
                }
            }
            Ok(newest.into_iter().map(|(step, (_, run))| (step, run)).collect())
        })
        .await
    }
}
