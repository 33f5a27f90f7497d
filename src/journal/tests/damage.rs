//! Folders, modes, links, full disks, damaged files, other schemas.

use std::os::unix::fs::{PermissionsExt as _, symlink};

use proptest::prelude::*;

use super::super::{db, sql};
use super::*;
use crate::trouble::{Advise as _, Exit};

async fn refused(world: &World) -> LedgerError {
    let error = Ledger::open(&world.state_dir(), world.clock).await.unwrap_err();
    assert_eq!(error.exit(), Exit::Output, "{error:?}");
    assert!(!error.advice().is_empty(), "{error:?}");
    error
}

#[tokio::test(start_paused = true)]
async fn the_folder_and_every_file_in_it_are_for_their_owner_alone() {
    let world = World::new();
    std::fs::create_dir(world.state_dir()).unwrap();
    std::fs::set_permissions(world.state_dir(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let ledger = world.open().await;
    let run = run_id(1);
    ledger.begin(header(&run, vec![invite(1, "ida@agency.example")])).await.unwrap();
    assert_eq!((mode(&world.state_dir()), mode(&world.state_dir().join("locks"))), (0o700, 0o700));
    for folder in [world.state_dir(), world.state_dir().join("locks")] {
        for found in std::fs::read_dir(folder).unwrap().map(|found| found.unwrap().path()).filter(|path| path.is_file())
        {
            assert_eq!(mode(&found), 0o600, "{}", found.display());
        }
    }
    for name in ["ledger.db-wal", "ledger.db-shm"] {
        assert!(world.state_dir().join(name).exists(), "{name}");
    }
    assert_eq!(count(&ledger, "PRAGMA synchronous").await, 2);
    assert_eq!(count(&ledger, "PRAGMA foreign_keys").await, 1);
    assert_eq!(count(&ledger, "SELECT COUNT(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'").await, 1);
}

#[tokio::test(start_paused = true)]
async fn symbolic_links_in_the_state_folder_are_refused() {
    for name in ["", "locks", "ledger.db", "ledger.db-wal", "ledger.db-shm", "locks/ledger.opening"] {
        let world = World::new();
        let elsewhere = tempfile::tempdir().unwrap();
        let link = if name.is_empty() { world.state_dir() } else { world.state_dir().join(name) };
        std::fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(elsewhere.path(), link).unwrap();
        assert!(matches!(refused(&world).await, LedgerError::Symlink { .. }), "{name}");
        assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_folder_or_no_ledger_is_left_alone() {
    let world = World::new();
    std::fs::write(world.state_dir(), "a file").unwrap();
    assert!(matches!(refused(&world).await, LedgerError::WrongType { .. }));

    let world = World::new();
    let nowhere = world.root.path().join("missing/.keyholder");
    let error = Ledger::open(&nowhere, world.clock).await.unwrap_err();
    assert!(matches!(error, LedgerError::Folder { .. }));

    let world = World::new();
    std::fs::create_dir(world.state_dir()).unwrap();
    std::fs::write(world.file(), "my notes, which look nothing like a database").unwrap();
    assert!(matches!(refused(&world).await, LedgerError::Foreign { .. }));
    assert!(std::fs::read_to_string(world.file()).unwrap().starts_with("my notes"));

    let world = World::new();
    let ledger = world.open().await;
    tamper(&ledger, "PRAGMA foreign_keys = OFF; DROP TABLE steps; CREATE TABLE recipes (name TEXT)").await;
    ledger.close().await.unwrap();
    assert!(matches!(refused(&world).await, LedgerError::Foreign { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_leaves_nothing_of_the_batch_and_what_was_there_stays() {
    let world = World::new();
    let ledger = world.open().await;
    let run = finished_run(&ledger, 1).await;
    let before = ledger.entries(&run).await.unwrap();
    let next = run_id(2);
    let step = invite(1, "eve@agency.example");
    ledger.begin(header(&next, vec![step.clone()])).await.unwrap();

    // As full as it is now: no page more.
    let pages = count(&ledger, "PRAGMA page_count").await;
    tamper(&ledger, &format!("PRAGMA max_page_count = {pages}")).await;
    let mut batch = vec![started(&step.id, 1)];
    batch.extend((0..500).map(|n| Record::Lane { workspace: format!("client-{n}"), trouble: "x".repeat(200) }));
    let full = ledger.append(&next, batch.clone()).await.unwrap_err();
    assert!(matches!(full, LedgerError::Full { .. }), "{full:?}");
    assert_eq!((full.exit(), full.advice().len()), (Exit::Output, 1));
    assert_eq!(ledger.entries(&next).await.unwrap().len(), 2);
    assert_eq!(ledger.steps(&next).await.unwrap()[0].state, State::Planned);
    let full = ledger.begin(header(&run_id(3), (0..500).map(|n| invite(n, "ida@agency.example")).collect())).await;
    assert!(matches!(full.unwrap_err(), LedgerError::Full { .. }));

    tamper(&ledger, "PRAGMA max_page_count = 1000000").await;
    assert!(ledger.append(&next, batch).await.unwrap()[0].is_some());
    ledger.verify_chain(&next).await.unwrap();
    assert_eq!(ledger.entries(&run).await.unwrap(), before);
    assert_eq!(ledger.runs(10).await.unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_ledger_that_may_not_be_written_says_so_and_gives_no_permit() {
    let world = World::new();
    let ledger = world.open().await;
    let run = run_id(1);
    let step = invite(1, "ida@agency.example");
    ledger.begin(header(&run, vec![step.clone()])).await.unwrap();
    tamper(&ledger, "PRAGMA query_only = ON").await;
    let refused = ledger.append(&run, vec![started(&step.id, 1)]).await.unwrap_err();
    assert!(matches!(refused, LedgerError::ReadOnly { .. }), "{refused:?}");
    assert_eq!(refused.exit(), Exit::Output);
    assert_eq!(ledger.entries(&run).await.unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_newer_minor_is_read_and_a_newer_major_refused() {
    let world = World::new();
    let ledger = world.open().await;
    finished_run(&ledger, 1).await;
    tamper(&ledger, "UPDATE meta SET value = '1.999' WHERE name = 'schema'").await;
    ledger.close().await.unwrap();
    let ledger = world.open().await;
    assert_eq!(ledger.runs(10).await.unwrap().len(), 1);
    assert_eq!(count(&ledger, "SELECT COUNT(*) FROM meta WHERE value = '1.999'").await, 1);
    tamper(&ledger, "UPDATE meta SET value = '3.0' WHERE name = 'schema'").await;
    ledger.close().await.unwrap();
    let error = refused(&world).await;
    assert!(matches!(&error, LedgerError::Newer { found, .. } if found == "3.0"));
    assert!(error.to_string().contains(&sql::NEWEST.to_string()));
}

#[tokio::test(start_paused = true)]
async fn an_older_ledger_is_upgraded_and_keeps_its_runs() {
    let world = World::new();
    let ledger = world.open().await;
    let run = finished_run(&ledger, 1).await;
    // Back to the first schema, statement by statement.
    tamper(
        &ledger,
        "DROP INDEX steps_by_subject; DROP INDEX steps_by_state; DROP TABLE sightings; DROP TABLE watermarks; DROP TABLE pruned; DROP TABLE keys;
         DROP TABLE export_files; DROP TABLE export_marks; DROP TABLE exports;
         DROP TABLE looks; DROP TABLE spans; DROP TABLE glimpses;
         UPDATE meta SET value = '1.0' WHERE name = 'schema'",
    )
    .await;
    ledger.close().await.unwrap();
    let ledger = world.open().await;
    ledger.verify_chain(&run).await.unwrap();
    let seen = vec![("m-1".to_owned(), json!({}))];
    for kind in ["member", "key"] {
        ledger.record_sightings(world.clock.now(), &workspace(1), kind, seen.clone(), true).await.unwrap();
    }
    let newest = format!("SELECT COUNT(*) FROM meta WHERE name = 'schema' AND value = '{}'", sql::NEWEST);
    assert_eq!(count(&ledger, newest.leak()).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_migration_that_fails_leaves_the_schema_as_it_was() {
    let world = World::new();
    let ledger = world.open().await;
    tamper(&ledger, "DROP INDEX steps_by_subject; UPDATE meta SET value = '1.0' WHERE name = 'schema'").await;
    ledger.close().await.unwrap();
    // `sightings` is there already, so the upgrade fails half-way.
    assert!(matches!(refused_any(&world).await, LedgerError::Store { .. }));
    let connection = db::open(&world.state_dir(), world.clock.now()).await;
    assert!(connection.is_err());
}

async fn refused_any(world: &World) -> LedgerError {
    Ledger::open(&world.state_dir(), world.clock).await.unwrap_err()
}

#[tokio::test(start_paused = true)]
async fn an_append_after_a_crash_within_a_call_is_refused_and_never_panics() {
    let world = World::new();
    let ledger = world.open().await;
    let crashed: Result<(), _> = ledger.with(async |_| panic!("on purpose")).await;
    assert!(matches!(crashed.unwrap_err(), LedgerError::Crashed));
    assert!(matches!(ledger.begin(header(&run_id(1), Vec::new())).await.unwrap_err(), LedgerError::Crashed));
}

/// The bytes of a ledger with two finished runs, at rest.
fn ledger_bytes() -> Vec<u8> {
    paused().block_on(async {
        let world = World::new();
        let ledger = world.open().await;
        finished_run(&ledger, 1).await;
        finished_run(&ledger, 2).await;
        ledger.close().await.unwrap();
        std::fs::read(world.file()).unwrap()
    })
}

fn paused() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

/// Opens damaged bytes and asks everything. Nothing may panic; what still verifies must be what was written.
fn question(bytes: &[u8]) {
    paused().block_on(async {
        let world = World::new();
        std::fs::create_dir(world.state_dir()).unwrap();
        std::fs::write(world.file(), bytes).unwrap();
        let Ok(ledger) = Ledger::open(&world.state_dir(), world.clock).await else { return };
        drop(ledger.runs(10).await);
        for run in [run_id(1), run_id(2)] {
            let (verified, entries) = (ledger.verify_chain(&run).await, ledger.entries(&run).await);
            drop((ledger.run(run.as_str()).await, ledger.steps(&run).await));
            if let (Ok(report), Ok(entries)) = (verified, entries) {
                assert_eq!((report.entries, entries.len()), (7, 7));
            }
        }
        drop((ledger.unsettled(&[workspace(1)]).await, ledger.removals_within(world.clock.now()).await));
        drop(ledger.begin(header(&run_id(3), vec![invite(9, "ida@agency.example")])).await);
        drop(ledger.close().await);
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_ledger_cut_at_any_byte_opens_or_errors(cut in any::<prop::sample::Index>()) {
        let bytes = ledger_bytes();
        question(&bytes[..cut.index(bytes.len())]);
    }

    #[test]
    fn a_ledger_with_damaged_pages_opens_or_errors(at in any::<prop::sample::Index>(), noise in prop::collection::vec(any::<u8>(), 1..200)) {
        let mut bytes = ledger_bytes();
        let place = at.index(bytes.len() - noise.len());
        bytes[place..place + noise.len()].copy_from_slice(&noise);
        question(&bytes);
    }
}
