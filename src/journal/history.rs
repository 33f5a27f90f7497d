//! What looks showed over time: who was there, as what, from when to when.
//!
//! Complete looks are kept as spans: a span says that every complete look from one moment to another showed a thing alike, so that a year of
//! daily looks at what does not change costs one row. What an incomplete look showed is kept beside them as it was (a glimpse): it proves a
//! presence and never an absence. Spans are the longest there are, so that looks may be recorded in any order and leave the same.
//!
//! Nothing is judged here; who changed what is for the audit of access.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use sqlx::{Row as _, SqliteConnection};

use super::columns::{moment_of, number_of, run_id_of};
use super::db::{self, moment};
use super::error::LedgerError;
use super::ledger::Ledger;
use super::query::{StepRow, step_row};
use super::sighting::Listing;
use crate::domain::id::hex;
use crate::domain::{RunId, WorkspaceId};

/// Of which kinds a history is kept: nobody asks for that of others.
const KINDS: [&str; 1] = ["member"];

/// Parameters of one question; SQLite takes many more.
const AT_ONCE: usize = 200;

/// One look at a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Look {
    /// When it was finished.
    pub at: Timestamp,
    /// When it was begun.
    pub began: Timestamp,
    /// Whether every page came.
    pub complete: bool,
}

/// All complete looks of a time that showed a thing alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// The thing's id.
    pub id: String,
    /// What was seen of it.
    pub attributes: Value,
    /// The first of these looks.
    pub from: Timestamp,
    /// The last.
    pub until: Timestamp,
}

/// What an incomplete look showed of a thing.
#[derive(Debug, Clone, PartialEq)]
pub struct Glimpse {
    /// The thing's id.
    pub id: String,
    /// What was seen of it.
    pub attributes: Value,
    /// When the look was finished.
    pub at: Timestamp,
}

/// Everything that was seen of one kind of thing in one workspace.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    /// The looks, oldest first.
    pub looks: Vec<Look>,
    /// What the complete ones showed, by id and moment.
    pub spans: Vec<Span>,
    /// What the others showed, by id and moment.
    pub glimpses: Vec<Glimpse>,
}

/// A step about a membership, with the run it is of.
#[derive(Debug, Clone)]
pub struct MemberWrite {
    /// The run.
    pub run: RunId,
    /// Its place among all runs.
    pub ordinal: u64,
    /// When it was begun: nothing of it was sent before.
    pub started: Timestamp,
    /// Who ran it.
    pub operator: String,
    /// Why, if that was said.
    pub reason: Option<String>,
    /// The step.
    pub step: StepRow,
}

impl Ledger {
    /// Returns what was seen of one kind of thing in a workspace over time.
    pub async fn history(&self, workspace_id: &WorkspaceId, kind: &str) -> Result<History, LedgerError> {
        let (workspace, kind) = (workspace_id.as_str().to_owned(), kind.to_owned());
        self.with(async move |connection| {
            let looks = looks(connection, &workspace, &kind).await?;
            let newest = looks.iter().rfind(|look| look.complete).map(|look| look.at);
            let sql = "SELECT id, attributes, from_at, until_at FROM spans WHERE workspace_id = ? AND kind = ?
                       ORDER BY id, from_at";
            let rows = sqlx::query(sql).bind(workspace.clone()).bind(kind.clone()).fetch_all(&mut *connection).await?;
            let mut spans = Vec::with_capacity(rows.len());
            for row in &rows {
                let open = row.try_get::<Option<String>, _>("until_at")?.is_none();
                let until = if open { newest } else { Some(moment_of(row, "until_at")?) };
                spans.push(Span {
                    id: row.try_get("id")?,
                    attributes: attributes_of(row)?,
                    from: moment_of(row, "from_at")?,
                    until: until.ok_or_else(|| LedgerError::unreadable("a span without a look"))?,
                });
            }
            let sql = "SELECT id, attributes, at FROM glimpses WHERE workspace_id = ? AND kind = ? ORDER BY id, at";
            let rows = sqlx::query(sql).bind(workspace).bind(kind).fetch_all(&mut *connection).await?;
            let glimpse = |row| {
                Ok(Glimpse {
                    id: sqlx::Row::try_get(row, "id")?,
                    attributes: attributes_of(row)?,
                    at: moment_of(row, "at")?,
                })
            };
            let glimpses = rows.iter().map(glimpse).collect::<Result<_, LedgerError>>()?;
            Ok(History { looks, spans, glimpses })
        })
        .await
    }

    /// Returns the steps about memberships in these workspaces that are to be held against looks since a moment, in the order of runs and
    /// plans: in each workspace those that moved last when the last complete look before that moment ended, or later. Where there is no such
    /// look, all of them.
    pub async fn member_writes(
        &self,
        workspaces: &[WorkspaceId],
        since: Timestamp,
    ) -> Result<Vec<MemberWrite>, LedgerError> {
        let workspaces: Vec<String> = workspaces.iter().map(|id| id.as_str().to_owned()).collect();
        self.with(async move |connection| {
            let mut found = Vec::new();
            for some in workspaces.chunks(AT_ONCE) {
                let marks = vec!["?"; some.len()].join(", ");
                let sql = format!(
                    "SELECT s.id, s.workspace, s.workspace_id, s.kind, s.subject, s.removal, s.state, s.attempt, s.answer, s.effect,
                            s.outcome, s.reason_code, s.reason, s.status, s.changed_at, s.planned_seq, e.bytes,
                            r.id AS run, r.ordinal, r.started_at, r.operator, r.reason AS why
                     FROM steps s JOIN runs r ON r.id = s.run JOIN entries e ON e.run = s.run AND e.seq = s.planned_seq
                     LEFT JOIN (SELECT workspace_id, MAX(at) AS at FROM looks
                                WHERE workspace_id IN ({marks}) AND kind = 'member' AND complete = 1 AND at <= ?
                                GROUP BY workspace_id) AS base ON base.workspace_id = s.workspace_id
                     WHERE s.workspace_id IN ({marks}) AND s.changed_at >= COALESCE(base.at, '')
                       AND s.state NOT IN ('held', 'already', 'planned')
                       AND (s.kind LIKE 'member.%' OR s.kind = 'owner.transfer')"
                );
                let bind = |query, id: &String| sqlx::query::Query::bind(query, id.clone());
                let query = some.iter().fold(sqlx::query(sqlx::AssertSqlSafe(sql)), bind).bind(moment(since));
                for row in some.iter().fold(query, bind).fetch_all(&mut *connection).await? {
                    let write = MemberWrite {
                        run: run_id_of(&row, "run")?,
                        ordinal: number_of(&row, "ordinal")?,
                        started: moment_of(&row, "started_at")?,
                        operator: row.try_get("operator")?,
                        reason: row.try_get("why")?,
                        step: step_row(&row)?,
                    };
                    found.push((number_of::<u64>(&row, "planned_seq")?, write));
                }
            }
            found.sort_by_key(|(seq, write)| (write.ordinal, *seq));
            Ok(found.into_iter().map(|(_, write)| write).collect())
        })
        .await
    }
}

fn attributes_of(row: &sqlx::sqlite::SqliteRow) -> Result<Value, LedgerError> {
    let text: String = row.try_get("attributes")?;
    serde_json::from_str(&text).map_err(|_not_json| LedgerError::unreadable("the attributes of a sighting"))
}

async fn looks(connection: &mut SqliteConnection, workspace: &str, kind: &str) -> Result<Vec<Look>, LedgerError> {
    let sql = "SELECT at, began_at, complete FROM looks WHERE workspace_id = ? AND kind = ? ORDER BY at";
    let rows = sqlx::query(sql).bind(workspace.to_owned()).bind(kind.to_owned()).fetch_all(&mut *connection).await?;
    rows.iter()
        .map(|row| {
            let complete = row.try_get::<i64, _>("complete")? != 0;
            Ok(Look { at: moment_of(row, "at")?, began: moment_of(row, "began_at")?, complete })
        })
        .collect()
}

/// A span as its row has it; one that is open goes on to the newest complete look. Moments are texts that sort as moments do.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Kept {
    id: String,
    attributes: String,
    from: String,
    until: Option<String>,
}

impl Kept {
    /// Tells whether a complete look is among those of the span.
    fn covers(&self, look: &str) -> bool {
        self.from.as_str() <= look && self.until.as_deref().is_none_or(|until| look <= until)
    }
}

/// A complete look that is put between others.
#[derive(Debug)]
struct Between<'a> {
    /// The complete look before it.
    left: Option<&'a str>,
    /// Itself.
    at: &'a str,
    /// The complete look behind it.
    right: Option<&'a str>,
}

/// What putting a look between others does to the spans of one thing: which rows go (by `from`), and which come.
#[derive(Debug, Default, PartialEq, Eq)]
struct Stroke {
    out: Vec<String>,
    new: Vec<Kept>,
}

/// Says what a complete look does to the spans of one thing, of which it showed `seen`, or nothing.
fn stroke(spans: &[&Kept], id: &str, seen: Option<&str>, place: &Between<'_>) -> Stroke {
    let Between { left, at, right } = *place;
    let around = |look: Option<&str>| look.and_then(|look| spans.iter().copied().find(|span| span.covers(look)));
    let (before, behind) = (around(left), around(right));
    let kept = |from: &str, until: Option<&str>, attributes: &str| Kept {
        id: id.to_owned(),
        attributes: attributes.to_owned(),
        from: from.to_owned(),
        until: until.map(str::to_owned),
    };
    // The newest look leaves its spans open.
    let alone = |attributes: &str| kept(at, right.map(|_| at), attributes);
    let mut stroke = Stroke::default();
    let alike = |span: Option<&Kept>| span.is_some_and(|span| Some(span.attributes.as_str()) == seen);
    if let (Some(one), Some(other)) = (before, behind)
        && one == other
    {
        if !alike(before) {
            stroke.out.push(one.from.clone());
            stroke.new.push(kept(&one.from, left, &one.attributes));
            stroke.new.extend(seen.map(alone));
            stroke.new.push(kept(right.unwrap_or(at), one.until.as_deref(), &one.attributes));
        }
        return stroke;
    }
    match (before.filter(|_| alike(before)), behind.filter(|_| alike(behind))) {
        (Some(before), Some(behind)) => {
            stroke.out.extend([before.from.clone(), behind.from.clone()]);
            stroke.new.push(kept(&before.from, behind.until.as_deref(), &before.attributes));
        }
        (Some(before), None) => {
            let until = right.map(|_| at);
            if before.until.as_deref() != until {
                stroke.out.push(before.from.clone());
                stroke.new.push(kept(&before.from, until, &before.attributes));
            }
        }
        (None, Some(behind)) => {
            stroke.out.push(behind.from.clone());
            stroke.new.push(kept(at, behind.until.as_deref(), &behind.attributes));
        }
        (None, None) => {}
    }
    // What was open ends before a look that does not show it so.
    if let Some(before) = before.filter(|before| before.until.is_none() && !alike(Some(before))) {
        stroke.out.push(before.from.clone());
        stroke.new.push(kept(&before.from, left, &before.attributes));
    }
    if !alike(before) && !alike(behind) {
        stroke.new.extend(seen.map(alone));
    }
    stroke
}

/// Tells whether a history is kept of things of a kind.
pub(super) fn is_kept_of(kind: &str) -> bool {
    KINDS.contains(&kind)
}

/// Adds a listing to the history. A second look of the very same moment adds nothing.
pub(super) async fn add(connection: &mut SqliteConnection, listing: &Listing) -> Result<(), LedgerError> {
    let Listing { workspace_id, kind, began, at, rows, complete } = listing;
    let (workspace, at) = (workspace_id.as_str(), moment(*at));
    let mut seen: Vec<(&str, &str)> = rows.iter().map(|(id, seen)| (id.as_str(), seen.as_str())).collect();
    // One id twice is the row that came last.
    seen.reverse();
    seen.sort_by_key(|(id, _)| *id);
    seen.dedup_by_key(|(id, _)| *id);
    let digest = complete.then(|| digest(&seen));
    let sql = "INSERT INTO looks (workspace_id, kind, at, began_at, complete, digest) VALUES (?, ?, ?, ?, ?, ?)
               ON CONFLICT (workspace_id, kind, at) DO NOTHING";
    let new = sqlx::query(sql)
        .bind(workspace.to_owned())
        .bind(kind.clone())
        .bind(at.clone())
        .bind(moment((*began).min(listing.at)))
        .bind(i64::from(*complete))
        .bind(digest.clone())
        .execute(&mut *connection)
        .await?;
    if new.rows_affected() == 0 {
        return Ok(());
    }
    if let Some(digest) = digest {
        return span(connection, workspace, kind, &at, &digest, &seen.into_iter().collect()).await;
    }
    let insert = "INSERT INTO glimpses (workspace_id, kind, id, at, attributes) ";
    db::put(connection, insert, &seen, "", |values, (id, attributes)| {
        values
            .push_bind(workspace)
            .push_bind(kind.as_str())
            .push_bind(*id)
            .push_bind(at.as_str())
            .push_bind(*attributes);
    })
    .await
}

/// The digest of all that a look showed, by id: two looks of one digest showed the same.
fn digest(seen: &[(&str, &str)]) -> String {
    let mut hash = Sha256::new();
    for (id, attributes) in seen {
        // Ids and JSON that nothing was put between have no line breaks.
        for part in [id, "\n", attributes, "\n"] {
            hash.update(part.as_bytes());
        }
    }
    hex(&hash.finalize())
}

async fn span(
    connection: &mut SqliteConnection,
    workspace: &str,
    kind: &str,
    at: &str,
    digest: &str,
    seen: &BTreeMap<&str, &str>,
) -> Result<(), LedgerError> {
    let left = neighbour(
        connection,
        workspace,
        kind,
        at,
        "SELECT at, digest FROM looks WHERE workspace_id = ? AND kind = ? AND complete = 1 AND at < ?
         ORDER BY at DESC LIMIT 1",
    );
    let left = left.await?;
    let right = neighbour(
        connection,
        workspace,
        kind,
        at,
        "SELECT at, digest FROM looks WHERE workspace_id = ? AND kind = ? AND complete = 1 AND at > ?
         ORDER BY at LIMIT 1",
    );
    let right = right.await?.map(|(at, _)| at);
    // Nearly every look is the newest, and shows what the one before it did: then what is open stays open, and need not be read.
    if right.is_none() && left.as_ref().is_some_and(|(_, before)| before.as_deref() == Some(digest)) {
        return Ok(());
    }
    let left = left.map(|(at, _)| at);
    // The newest look, as nearly every one is, can only touch what is open.
    let open = if right.is_none() { "AND until_at IS NULL" } else { "" };
    let sql = format!("SELECT id, attributes, from_at, until_at FROM spans WHERE workspace_id = ? AND kind = ? {open}");
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(workspace.to_owned())
        .bind(kind.to_owned())
        .fetch_all(&mut *connection)
        .await?;
    let mut spans: BTreeMap<String, Vec<Kept>> = BTreeMap::new();
    for row in rows {
        let kept = Kept {
            id: row.try_get("id")?,
            attributes: row.try_get("attributes")?,
            from: row.try_get("from_at")?,
            until: row.try_get("until_at")?,
        };
        spans.entry(kept.id.clone()).or_default().push(kept);
    }
    let place = Between { left: left.as_deref(), at, right: right.as_deref() };
    let mut come = Vec::new();
    let ids: BTreeSet<&str> = spans.keys().map(String::as_str).chain(seen.keys().copied()).collect();
    for id in ids {
        let of: Vec<&Kept> = spans.get(id).into_iter().flatten().collect();
        let Stroke { out, new } = stroke(&of, id, seen.get(id).copied(), &place);
        for from in out {
            sqlx::query("DELETE FROM spans WHERE workspace_id = ? AND kind = ? AND id = ? AND from_at = ?")
                .bind(workspace.to_owned())
                .bind(kind.to_owned())
                .bind(id.to_owned())
                .bind(from)
                .execute(&mut *connection)
                .await?;
        }
        come.extend(new);
    }
    let insert = "INSERT INTO spans (workspace_id, kind, id, from_at, until_at, attributes) ";
    db::put(connection, insert, &come, "", |values, Kept { id, attributes, from, until }| {
        values
            .push_bind(workspace)
            .push_bind(kind)
            .push_bind(id.as_str())
            .push_bind(from.as_str())
            .push_bind(until.as_deref())
            .push_bind(attributes.as_str());
    })
    .await
}

/// Returns the look beside a moment, and its digest.
async fn neighbour(
    connection: &mut SqliteConnection,
    workspace: &str,
    kind: &str,
    at: &str,
    sql: &'static str,
) -> Result<Option<(String, Option<String>)>, LedgerError> {
    let row = sqlx::query(sql)
        .bind(workspace.to_owned())
        .bind(kind.to_owned())
        .bind(at.to_owned())
        .fetch_optional(&mut *connection)
        .await?;
    row.map(|row| Ok((row.try_get("at")?, row.try_get("digest")?))).transpose()
}
