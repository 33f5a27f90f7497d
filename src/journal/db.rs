//! The one connection: opening, migrating, transactions.

use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::query_builder::{QueryBuilder, Separated};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, Row as _, Sqlite, SqliteConnection};

use super::error::LedgerError;
use super::sql::{self, Version};
use super::{folder, lock};

/// How long a writer waits for another process's commit. Real time, since it is the other process that is waited for. A commit takes
/// milliseconds, that of a plan of 10,000 steps about a second; who waits for longer waits for something that is stuck.
const BUSY: Duration = Duration::from_secs(15);

/// Opens the ledger of a state folder, made and migrated as needed. Blocks; for `spawn_blocking`.
pub(super) async fn open(state_dir: &Path, now: Timestamp) -> Result<SqliteConnection, LedgerError> {
    folder::secure_folder(state_dir)?;
    folder::secure_folder(&folder::locks(state_dir))?;
    // One opener at a time: switching to WAL and migrating do not wait for each other by the busy timeout alone.
    let _turn = lock::turn(&folder::locks(state_dir).join("ledger.opening"))?;
    let file = folder::ledger_file(state_dir);
    for suffix in ["-wal", "-shm", "-journal"] {
        folder::refuse_link(&folder::companion(&file, suffix))?;
    }
    probe(&file)?;
    // An absolute path: SQLite reads a name that begins with `file:` as a URI.
    let absolute = std::fs::canonicalize(&file).map_err(|source| LedgerError::Folder { path: file.clone(), source })?;
    let mut connection = connect(&absolute).await?;
    migrate(&mut connection, &file, now).await?;
    Ok(connection)
}

/// Makes the file with our mode (its companions inherit it), and refuses one that is no database before SQLite touches it.
fn probe(file: &Path) -> Result<(), LedgerError> {
    let mut head = Vec::new();
    folder::secure_file(file)?
        .take(16)
        .read_to_end(&mut head)
        .map_err(|source| LedgerError::Folder { path: file.to_owned(), source })?;
    if head.is_empty() || head == *b"SQLite format 3\0" {
        Ok(())
    } else {
        Err(LedgerError::Foreign { path: file.to_owned() })
    }
}

async fn connect(file: &Path) -> Result<SqliteConnection, LedgerError> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY)
        // Without it `INSERT OR REPLACE` deletes behind the triggers' back.
        .pragma("recursive_triggers", "ON")
        .pragma("trusted_schema", "OFF")
        .disable_statement_logging();
    Ok(SqliteConnection::connect_with(&options).await?)
}

async fn migrate(connection: &mut SqliteConnection, file: &Path, now: Timestamp) -> Result<(), LedgerError> {
    let found = version(connection, file).await?;
    if let Some(found) = found.filter(|found| !found.is_understood_by(sql::PRUNED_MAJOR)) {
        return Err(LedgerError::Newer { found: found.to_string(), known: sql::NEWEST.to_string() });
    }
    if found.is_some_and(|found| found.minor >= sql::NEWEST.minor) {
        return Ok(());
    }
    transaction(connection, async |connection| {
        let missing = |version: Version| found.is_none_or(|found| version.minor > found.minor);
        for (version, statements) in sql::MIGRATIONS.iter().filter(|(version, _)| missing(*version)) {
            for statement in *statements {
                run(connection, statement).await?;
            }
            let major = found.map_or(version.major, |found| found.major.max(version.major));
            set_meta(connection, "schema", &Version { major, ..*version }.to_string()).await?;
        }
        if found.is_none() {
            set_meta(connection, "created_at", &moment(now)).await?;
        }
        Ok(())
    })
    .await
}

async fn version(connection: &mut SqliteConnection, file: &Path) -> Result<Option<Version>, LedgerError> {
    let tables = sqlx::query(sql::TABLES).fetch_all(&mut *connection).await?;
    let names: Vec<String> = tables.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    if names.is_empty() {
        return Ok(None);
    }
    if !["meta", "runs", "steps", "entries"].iter().all(|ours| names.iter().any(|name| name == ours)) {
        return Err(LedgerError::Foreign { path: file.to_owned() });
    }
    let row = sqlx::query("SELECT value FROM meta WHERE name = 'schema'").fetch_optional(&mut *connection).await?;
    let text: String = row.ok_or_else(|| LedgerError::Foreign { path: file.to_owned() })?.try_get(0)?;
    Version::parse(&text)
        .map(Some)
        .ok_or_else(|| LedgerError::unreadable(format!("the schema version `{}`", text.escape_debug())))
}

/// Says in the file that runs were removed from its old end, so that a keyholder which does not know that refuses it.
pub(super) async fn mark_pruned(connection: &mut SqliteConnection, file: &Path) -> Result<(), LedgerError> {
    let found = version(connection, file).await?.unwrap_or(sql::NEWEST);
    let major = found.major.max(sql::PRUNED_MAJOR);
    set_meta(connection, "schema", &Version { major, ..found }.to_string()).await
}

async fn set_meta(connection: &mut SqliteConnection, name: &str, value: &str) -> Result<(), LedgerError> {
    let upsert = "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    sqlx::query(upsert).bind(name.to_owned()).bind(value.to_owned()).execute(&mut *connection).await?;
    Ok(())
}

/// Rows of one statement: far below every limit on parameters, and enough that the way to SQLite's own thread and back, which a statement
/// costs, is not what a row costs.
const ROWS_AT_ONCE: usize = 200;

/// Puts rows into a table, many of them by one statement: `INSERT INTO … (columns)`, the values of each row, and what follows them.
pub(super) async fn put<R>(
    connection: &mut SqliteConnection,
    insert: &'static str,
    rows: &[R],
    on_conflict: &'static str,
    mut bind: impl FnMut(&mut Separated<'_, Sqlite, &'static str>, &R),
) -> Result<(), LedgerError> {
    for some in rows.chunks(ROWS_AT_ONCE) {
        let mut query = QueryBuilder::new(insert);
        query.push_values(some, |mut values, row| bind(&mut values, row)).push(on_conflict);
        // Only the statement of a full chunk comes again in the same words.
        query.build().persistent(some.len() == ROWS_AT_ONCE).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Runs one statement without parameters and without rows.
pub(super) async fn run(connection: &mut SqliteConnection, statement: &'static str) -> Result<(), LedgerError> {
    sqlx::raw_sql(statement).execute(&mut *connection).await?;
    Ok(())
}

/// Does some work in one transaction: all of it is on disk when this returns `Ok`, and none of it otherwise.
///
/// Transactions are driven by hand, not by sqlx's guard: that one's rollback is not awaited, and a full disk may have rolled back already.
pub(super) async fn transaction<T>(
    connection: &mut SqliteConnection,
    work: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, LedgerError>,
) -> Result<T, LedgerError> {
    run(connection, sql::BEGIN).await?;
    let worked = match work(connection).await {
        Ok(value) => run(connection, sql::COMMIT).await.map(|()| value),
        Err(error) => Err(error),
    };
    if worked.is_err() {
        // It may fail because SQLite rolled back by itself; then there is nothing to take back.
        drop(run(connection, sql::ROLLBACK).await);
    }
    worked
}

/// Writes a moment so that texts sort as moments do: UTC, always six digits of a second.
pub(super) fn moment(at: Timestamp) -> String {
    format!("{at:.6}")
}
