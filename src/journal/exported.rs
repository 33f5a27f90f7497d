//! What exports of the trail hold: of each folder and workspace up to which moment everything is there, and how long each file is.
//!
//! The files are the truth about rows, this is the truth about how much of them is whole: what stands behind a recorded length was written
//! by an export that was cut. Nothing here is chained, and `runs prune` leaves it alone: no run wrote it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::columns::{number_of, workspace_id_of};
use super::db::{self, moment};
use super::error::LedgerError;
use super::ledger::Ledger;
use crate::domain::WorkspaceId;

/// One file of an export: the records of one month of one workspace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExportedFile {
    /// Bytes of it that are on disk for sure.
    pub length: u64,
    /// Records in them.
    pub rows: u64,
    /// The oldest of them; none where no moment of any could be read.
    pub first: Option<Timestamp>,
    /// The newest of them.
    pub last: Option<Timestamp>,
}

/// What an export holds of one workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exported {
    /// The folder its files are in: the workspace's name when they were written.
    pub folder: String,
    /// The newest record of the last listing that came whole: everything up to a day before it is there. None where none had a record.
    pub mark: Option<Timestamp>,
    /// When the trail was last read whole.
    pub complete_at: Option<Timestamp>,
    /// The files by name, without folder.
    pub files: BTreeMap<String, ExportedFile>,
}

impl Ledger {
    /// Writes down that an export begins, with its format; one that is known already stays as it is.
    pub async fn begin_export(&self, export: &str, format: &str) -> Result<(), LedgerError> {
        let (export, format, at) = (export.to_owned(), format.to_owned(), moment(self.now()));
        self.with(async move |connection| {
            sqlx::query("INSERT INTO exports (id, format, begun_at) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING")
                .bind(export)
                .bind(format)
                .bind(at)
                .execute(&mut *connection)
                .await?;
            Ok(())
        })
        .await
    }

    /// Returns the format of an export; none where this ledger knows none of this id.
    pub async fn export_format(&self, export: &str) -> Result<Option<String>, LedgerError> {
        let export = export.to_owned();
        self.with(async move |connection| {
            let row = sqlx::query("SELECT format FROM exports WHERE id = ?").bind(export).fetch_optional(connection);
            Ok(row.await?.map(|row| row.try_get("format")).transpose()?)
        })
        .await
    }

    /// Returns what an export holds, workspace by workspace.
    pub async fn exported(&self, export: &str) -> Result<BTreeMap<WorkspaceId, Exported>, LedgerError> {
        let export = export.to_owned();
        self.with(async move |connection| {
            let mut all = BTreeMap::new();
            let marks = "SELECT workspace_id, folder, mark, complete_at FROM export_marks WHERE export = ?";
            for row in sqlx::query(marks).bind(export.clone()).fetch_all(&mut *connection).await? {
                let one = Exported {
                    folder: row.try_get("folder")?,
                    mark: maybe(&row, "mark")?,
                    complete_at: maybe(&row, "complete_at")?,
                    files: BTreeMap::new(),
                };
                all.insert(workspace_id_of(&row)?, one);
            }
            let files =
                "SELECT workspace_id, file, length, rows_in, first_at, last_at FROM export_files WHERE export = ?";
            for row in sqlx::query(files).bind(export).fetch_all(&mut *connection).await? {
                let file = ExportedFile {
                    length: number_of(&row, "length")?,
                    rows: number_of(&row, "rows_in")?,
                    first: maybe(&row, "first_at")?,
                    last: maybe(&row, "last_at")?,
                };
                all.entry(workspace_id_of(&row)?).or_default().files.insert(row.try_get("file")?, file);
            }
            Ok(all)
        })
        .await
    }

    /// Writes down what an export holds of some workspaces now, in one commit. To be called once the files are on disk, never before.
    pub async fn record_exported(&self, export: &str, held: Vec<(WorkspaceId, Exported)>) -> Result<(), LedgerError> {
        let export = export.to_owned();
        self.with(async move |connection| {
            db::transaction(connection, async move |connection| {
                for (workspace, exported) in &held {
                    record(connection, &export, workspace, exported).await?;
                }
                Ok(())
            })
            .await
        })
        .await
    }
}

fn maybe(row: &SqliteRow, column: &str) -> Result<Option<Timestamp>, LedgerError> {
    let text: Option<String> = row.try_get(column)?;
    let read = |text: String| text.parse().map_err(|_odd| LedgerError::unreadable(format!("a moment in `{column}`")));
    text.map(read).transpose()
}

const MARK: &str = "INSERT INTO export_marks (export, workspace_id, folder, mark, complete_at) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (export, workspace_id) DO UPDATE SET
        folder = excluded.folder, mark = excluded.mark, complete_at = excluded.complete_at";

const FILE: &str = "INSERT INTO export_files (export, workspace_id, file, length, rows_in, first_at, last_at)
    VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (export, workspace_id, file) DO UPDATE SET
        length = excluded.length, rows_in = excluded.rows_in, first_at = excluded.first_at, last_at = excluded.last_at";

async fn record(
    connection: &mut SqliteConnection,
    export: &str,
    workspace: &WorkspaceId,
    exported: &Exported,
) -> Result<(), LedgerError> {
    let Exported { folder, mark, complete_at, files } = exported;
    let known = sqlx::query("SELECT file FROM export_files WHERE export = ? AND workspace_id = ?")
        .bind(export.to_owned())
        .bind(workspace.as_str().to_owned())
        .fetch_all(&mut *connection)
        .await?;
    for row in known {
        let file: String = row.try_get("file")?;
        if !files.contains_key(&file) {
            sqlx::query("DELETE FROM export_files WHERE export = ? AND workspace_id = ? AND file = ?")
                .bind(export.to_owned())
                .bind(workspace.as_str().to_owned())
                .bind(file)
                .execute(&mut *connection)
                .await?;
        }
    }
    sqlx::query(MARK)
        .bind(export.to_owned())
        .bind(workspace.as_str().to_owned())
        .bind(folder.clone())
        .bind(mark.map(moment))
        .bind(complete_at.map(moment))
        .execute(&mut *connection)
        .await?;
    for (file, ExportedFile { length, rows, first, last }) in files {
        sqlx::query(FILE)
            .bind(export.to_owned())
            .bind(workspace.as_str().to_owned())
            .bind(file.clone())
            .bind(whole(*length)?)
            .bind(whole(*rows)?)
            .bind(first.map(moment))
            .bind(last.map(moment))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

fn whole(number: u64) -> Result<i64, LedgerError> {
    i64::try_from(number).map_err(|_too_large| LedgerError::unreadable("a length that no file has"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn an_export_is_told_as_it_was_recorded_last_and_no_other_one_knows_of_it() {
        let root = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(root.path(), Clock::starting_at(at("2026-11-22T04:30:00Z"))).await.unwrap();
        let (acme, globex) = (WorkspaceId::parse("w-1").unwrap(), WorkspaceId::parse("w-2").unwrap());
        ledger.begin_export("e-1", "csv").await.unwrap();
        ledger.begin_export("e-1", "ndjson").await.unwrap();
        assert_eq!(ledger.export_format("e-1").await.unwrap().as_deref(), Some("csv"));
        assert_eq!(ledger.export_format("e-2").await.unwrap(), None);

        let file = |length, rows| ExportedFile {
            length,
            rows,
            first: Some(at("2026-11-01T00:00:00Z")),
            last: Some(at("2026-11-02T00:00:00.5Z")),
        };
        let first = Exported {
            folder: "acme".to_owned(),
            mark: Some(at("2026-11-02T00:00:00.5Z")),
            complete_at: Some(at("2026-11-03T00:00:00Z")),
            files: BTreeMap::from([("2026-10.csv".to_owned(), file(10, 1)), ("2026-11.csv".to_owned(), file(20, 2))]),
        };
        let empty = Exported { folder: "globex".to_owned(), ..Exported::default() };
        let both = vec![(acme.clone(), first.clone()), (globex.clone(), empty.clone())];
        ledger.record_exported("e-1", both).await.unwrap();
        assert_eq!(
            ledger.exported("e-1").await.unwrap(),
            BTreeMap::from([(acme.clone(), first.clone()), (globex.clone(), empty.clone())])
        );

        let mut second = first;
        second.files.remove("2026-10.csv");
        second.files.insert("2026-11.csv".to_owned(), file(30, 3));
        ledger.record_exported("e-1", vec![(acme.clone(), second.clone())]).await.unwrap();
        assert_eq!(ledger.exported("e-1").await.unwrap(), BTreeMap::from([(acme, second), (globex, empty)]));
        assert!(ledger.exported("e-2").await.unwrap().is_empty());
    }
}
