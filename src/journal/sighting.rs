//! Sightings: what was observed, when, and whether all of it was (design section 5, Sightings). Of what has a history, that is all that is kept.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use sqlx::{Row as _, SqliteConnection};

use super::columns::moment_of;
use super::db::{self, moment};
use super::error::LedgerError;
use super::history;
use super::ledger::Ledger;
use crate::domain::{WorkspaceId, canonical};

/// One listing of one kind of thing in one workspace.
#[derive(Debug, Clone)]
pub struct Listing {
    /// The workspace.
    pub workspace_id: WorkspaceId,
    /// What was listed, such as `member`.
    pub kind: String,
    /// When the listing was begun.
    pub began: Timestamp,
    /// When the listing was finished.
    pub at: Timestamp,
    /// Each thing's id and what was seen of it. No key material.
    pub rows: Vec<(String, Attributes)>,
    /// Whether every page came: only then is what is not in it absent.
    pub complete: bool,
}

/// What was seen of one thing, as canonical JSON: two that are equal were seen alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attributes(String);

impl Attributes {
    /// Takes what names its members in their order, and nothing else that could be told in two ways: of such a thing plain JSON is canonical.
    pub fn in_order(seen: &impl Serialize) -> Self {
        Self(serde_json::to_string(seen).expect("texts, flags and lists of them can be written"))
    }

    /// Returns the JSON.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&Value> for Attributes {
    fn from(seen: &Value) -> Self {
        Self(String::from_utf8(canonical(seen)).expect("JSON is UTF-8"))
    }
}

/// What is known of one thing.
#[derive(Debug, Clone, PartialEq)]
pub struct Sighting {
    /// Its id.
    pub id: String,
    /// What was seen of it last.
    pub attributes: Value,
    /// When it was seen first.
    pub first_seen: Timestamp,
    /// When it was seen last.
    pub last_seen: Timestamp,
    /// Whether the listing that showed it last was complete.
    pub complete: bool,
}

/// When a kind of thing was listed in a workspace. A thing last seen before `complete` was is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watermark {
    /// The last listing.
    pub listed: Timestamp,
    /// The last complete listing.
    pub complete: Option<Timestamp>,
}

/// What is new among things of a kind in a workspace, told by when they were seen first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FirstSeen {
    /// The first complete listing; none where there was none yet, and nothing can be called new.
    pub first_complete: Option<Timestamp>,
    /// When each thing was seen first, by its id.
    pub things: BTreeMap<String, Timestamp>,
}

impl Ledger {
    /// Keeps what one listing showed.
    pub async fn record_sightings(
        &self,
        at: Timestamp,
        workspace_id: &WorkspaceId,
        kind: &str,
        rows: Vec<(String, Value)>,
        complete: bool,
    ) -> Result<(), LedgerError> {
        let rows = rows.into_iter().map(|(id, seen)| (id, Attributes::from(&seen))).collect();
        let listing =
            Listing { workspace_id: workspace_id.clone(), kind: kind.to_owned(), began: at, at, rows, complete };
        self.record_listings(vec![listing]).await
    }

    /// Keeps what many listings showed, in one commit: a sweep over a thousand workspaces costs one sync.
    pub async fn record_listings(&self, listings: Vec<Listing>) -> Result<(), LedgerError> {
        self.with(async move |connection| {
            db::transaction(connection, async move |connection| {
                for listing in &listings {
                    record(connection, listing).await?;
                }
                Ok(())
            })
            .await
        })
        .await
    }

    /// Returns what is known of one kind of thing in a workspace, by id.
    pub async fn sightings(&self, workspace_id: &WorkspaceId, kind: &str) -> Result<Vec<Sighting>, LedgerError> {
        let (workspace, kind) = (workspace_id.as_str().to_owned(), kind.to_owned());
        self.with(async move |connection| {
            let rows = sqlx::query(
                "SELECT id, attributes, first_seen, last_seen, complete FROM sightings
                 WHERE workspace_id = ? AND kind = ? ORDER BY id",
            )
            .bind(workspace)
            .bind(kind)
            .fetch_all(&mut *connection)
            .await?;
            rows.iter()
                .map(|row| {
                    let attributes: String = row.try_get("attributes")?;
                    Ok(Sighting {
                        id: row.try_get("id")?,
                        attributes: serde_json::from_str(&attributes)
                            .map_err(|_not_json| LedgerError::unreadable("the attributes of a sighting"))?,
                        first_seen: moment_of(row, "first_seen")?,
                        last_seen: moment_of(row, "last_seen")?,
                        complete: row.try_get::<i64, _>("complete")? != 0,
                    })
                })
                .collect()
        })
        .await
    }

    /// Returns when things of one kind were seen first in a workspace, and when all of them first were: a workspace that had none at the first
    /// look was looked at all the same.
    pub async fn first_seen(&self, workspace_id: &WorkspaceId, kind: &str) -> Result<FirstSeen, LedgerError> {
        let (workspace, kind) = (workspace_id.as_str().to_owned(), kind.to_owned());
        self.with(async move |connection| {
            let looked = sqlx::query(
                "SELECT first_complete_at FROM watermarks
                 WHERE workspace_id = ? AND kind = ? AND first_complete_at IS NOT NULL",
            )
            .bind(workspace.clone())
            .bind(kind.clone())
            .fetch_optional(&mut *connection)
            .await?;
            let rows = sqlx::query("SELECT id, first_seen FROM sightings WHERE workspace_id = ? AND kind = ?")
                .bind(workspace)
                .bind(kind)
                .fetch_all(&mut *connection)
                .await?;
            let things = rows.iter().map(|row| Ok((row.try_get("id")?, moment_of(row, "first_seen")?)));
            Ok(FirstSeen {
                first_complete: looked.map(|row| moment_of(&row, "first_complete_at")).transpose()?,
                things: things.collect::<Result<_, LedgerError>>()?,
            })
        })
        .await
    }

    /// Returns when one kind of thing was listed in a workspace.
    pub async fn watermark(&self, workspace_id: &WorkspaceId, kind: &str) -> Result<Option<Watermark>, LedgerError> {
        let (workspace, kind) = (workspace_id.as_str().to_owned(), kind.to_owned());
        self.with(async move |connection| {
            let row = sqlx::query("SELECT listed_at, complete_at FROM watermarks WHERE workspace_id = ? AND kind = ?")
                .bind(workspace)
                .bind(kind)
                .fetch_optional(&mut *connection)
                .await?;
            row.map(|row| {
                let complete: Option<String> = row.try_get("complete_at")?;
                Ok(Watermark {
                    listed: moment_of(&row, "listed_at")?,
                    complete: complete.map(|_| moment_of(&row, "complete_at")).transpose()?,
                })
            })
            .transpose()
        })
        .await
    }
}

// A listing may be recorded after a later one (two processes): what is newer stays.
const SEEN: &str = "INSERT INTO sightings (workspace_id, kind, id, attributes, first_seen, last_seen, complete) ";
const SEEN_AGAIN: &str = " ON CONFLICT (workspace_id, kind, id) DO UPDATE SET
        attributes = CASE WHEN excluded.last_seen >= sightings.last_seen THEN excluded.attributes ELSE sightings.attributes END,
        complete = CASE WHEN excluded.last_seen >= sightings.last_seen THEN excluded.complete ELSE sightings.complete END,
        first_seen = CASE WHEN excluded.first_seen < sightings.first_seen THEN excluded.first_seen ELSE sightings.first_seen END,
        last_seen = CASE WHEN excluded.last_seen > sightings.last_seen THEN excluded.last_seen ELSE sightings.last_seen END";

const LISTED: &str = "INSERT INTO watermarks (workspace_id, kind, listed_at, complete_at, first_complete_at)
    VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (workspace_id, kind) DO UPDATE SET
        listed_at = CASE WHEN excluded.listed_at > watermarks.listed_at THEN excluded.listed_at ELSE watermarks.listed_at END,
        complete_at = CASE WHEN watermarks.complete_at IS NULL OR excluded.complete_at > watermarks.complete_at
                           THEN excluded.complete_at ELSE watermarks.complete_at END,
        first_complete_at = CASE WHEN watermarks.first_complete_at IS NULL
                                   OR excluded.first_complete_at < watermarks.first_complete_at
                                 THEN excluded.first_complete_at ELSE watermarks.first_complete_at END";

async fn record(connection: &mut SqliteConnection, listing: &Listing) -> Result<(), LedgerError> {
    let Listing { workspace_id, kind, began: _, at, rows, complete } = listing;
    // It tells all of this and more, and a look that shows nothing new costs it one row, not one a thing.
    if history::is_kept_of(kind) {
        return history::add(connection, listing).await;
    }
    let at = moment(*at);
    db::put(connection, SEEN, rows, SEEN_AGAIN, |values, (id, attributes)| {
        values
            .push_bind(workspace_id.as_str())
            .push_bind(kind.as_str())
            .push_bind(id.as_str())
            .push_bind(attributes.as_str())
            .push_bind(at.as_str())
            .push_bind(at.as_str())
            .push_bind(i64::from(*complete));
    })
    .await?;
    sqlx::query(LISTED)
        .bind(workspace_id.as_str().to_owned())
        .bind(kind.clone())
        .bind(at.clone())
        .bind(complete.then(|| at.clone()))
        .bind(complete.then_some(at))
        .execute(&mut *connection)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clock::Clock;

    #[tokio::test(start_paused = true)]
    async fn what_was_seen_keeps_its_first_and_last_moment_whatever_order_it_is_told_in() {
        let root = tempfile::tempdir().unwrap();
        let clock = Clock::starting_at("2026-11-22T04:30:00Z".parse().unwrap());
        let ledger = Ledger::open(root.path(), clock).await.unwrap();
        let workspace = WorkspaceId::parse("w-1").unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (noon, half, one) = (at("2026-11-22T12:00:00Z"), at("2026-11-22T12:00:00.5Z"), at("2026-11-22T13:00:00Z"));
        let row = |role: &str| vec![("m-1".to_owned(), json!({ "role": role }))];
        ledger.record_sightings(half, &workspace, "webhook", row("editor"), true).await.unwrap();
        ledger.record_sightings(one, &workspace, "webhook", row("admin"), false).await.unwrap();
        ledger.record_sightings(noon, &workspace, "webhook", row("view"), true).await.unwrap();

        let seen = ledger.sightings(&workspace, "webhook").await.unwrap();
        let wanted = Sighting {
            id: "m-1".to_owned(),
            attributes: json!({ "role": "admin" }),
            first_seen: noon,
            last_seen: one,
            complete: false,
        };
        assert_eq!(seen, [wanted]);
        let watermark = ledger.watermark(&workspace, "webhook").await.unwrap().unwrap();
        assert_eq!(watermark, Watermark { listed: one, complete: Some(half) });
        let first = ledger.first_seen(&workspace, "webhook").await.unwrap();
        let things = BTreeMap::from([("m-1".to_owned(), noon)]);
        assert_eq!(first, FirstSeen { first_complete: Some(noon), things });
        assert!(ledger.sightings(&workspace, "tag").await.unwrap().is_empty());
        assert_eq!(ledger.watermark(&workspace, "tag").await.unwrap(), None);
        assert_eq!(ledger.first_seen(&workspace, "tag").await.unwrap(), FirstSeen::default());
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_at_nothing_counts_as_a_look_and_one_that_was_cut_does_not() {
        let root = tempfile::tempdir().unwrap();
        let clock = Clock::starting_at("2026-11-22T04:30:00Z".parse().unwrap());
        let ledger = Ledger::open(root.path(), clock).await.unwrap();
        let workspace = WorkspaceId::parse("w-1").unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (one, two) = (at("2026-11-22T12:00:00Z"), at("2026-11-22T13:00:00Z"));
        ledger.record_sightings(one, &workspace, "key", Vec::new(), false).await.unwrap();
        assert_eq!(ledger.first_seen(&workspace, "key").await.unwrap().first_complete, None);
        ledger.record_sightings(two, &workspace, "key", Vec::new(), true).await.unwrap();
        ledger.record_sightings(at("2026-11-22T14:00:00Z"), &workspace, "key", Vec::new(), true).await.unwrap();
        assert_eq!(ledger.first_seen(&workspace, "key").await.unwrap().first_complete, Some(two));
    }
}
