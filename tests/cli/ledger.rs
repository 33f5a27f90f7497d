//! The ledger's file, looked at and changed from outside, as another program could.

use std::path::PathBuf;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, Row as _, SqliteConnection};

use crate::world::World;

/// Returns where the ledger is.
pub(crate) fn path(world: &World) -> PathBuf {
    world.root().join(".keyholder/ledger.db")
}

/// Does something with the ledger's database.
pub(crate) fn with<T>(world: &World, work: impl AsyncFnOnce(&mut SqliteConnection) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = SqliteConnectOptions::new().filename(path(world));
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        let done = work(&mut connection).await;
        connection.close().await.unwrap();
        done
    })
}

/// Returns all entries, as they were written; none where there is no ledger.
pub(crate) fn entries(world: &World) -> Vec<String> {
    if !path(world).exists() {
        return Vec::new();
    }
    with(world, async |connection| {
        let rows = sqlx::query("SELECT bytes FROM entries ORDER BY run, seq").fetch_all(connection).await;
        let rows = rows.unwrap_or_default();
        rows.iter().map(|row| String::from_utf8_lossy(&row.get::<Vec<u8>, _>(0)).into_owned()).collect()
    })
}
