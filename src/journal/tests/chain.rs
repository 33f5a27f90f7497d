//! The chain: whatever is changed shows.

use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use super::*;

#[tokio::test(start_paused = true)]
async fn ten_lines_without_our_code_verify_an_export() {
    let world = World::new();
    let ledger = world.open().await;
    finished_run(&ledger, 1).await;
    let run = finished_run(&ledger, 2).await;
    let mut export = Vec::new();
    for entry in ledger.entries(&run).await.unwrap() {
        export.push((entry.prev_hash, entry.hash, entry.bytes));
    }

    // The ten lines: nothing but SHA-256.
    let mut head: Option<Vec<u8>> = None;
    for (prev_hash, hash, bytes) in &export {
        assert!(head.is_none_or(|head| head == *prev_hash));
        assert_eq!(Sha256::digest([&prev_hash[..], &bytes[..]].concat())[..], hash[..]);
        head = Some(hash.clone());
    }
    let first: serde_json::Value = serde_json::from_slice(&export[0].2).unwrap();
    assert_eq!(first["previous"]["hash"], crate::domain::id::hex(&export[0].0));
    assert_eq!(export.len(), 1 + 2 + 3 + 1);
}

#[tokio::test(start_paused = true)]
async fn entries_can_neither_be_changed_nor_taken_away() {
    let world = World::new();
    let ledger = world.open().await;
    finished_run(&ledger, 1).await;
    for statement in [
        "UPDATE entries SET at = at",
        "DELETE FROM entries WHERE seq = 2",
        "INSERT OR REPLACE INTO entries SELECT * FROM entries",
    ] {
        let refused = ledger
            .with(async move |connection| Ok(sqlx::raw_sql(statement).execute(&mut *connection).await.map(drop)?))
            .await
            .unwrap_err();
        assert!(
            matches!(&refused, LedgerError::Store { source } if source.to_string().contains("append-only")),
            "{statement}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn missing_moved_and_added_entries_break_the_chain() {
    let tamperings = [
        ("DELETE FROM entries WHERE seq = 3", "entry 3 is missing; what follows there is entry 4"),
        ("DELETE FROM entries WHERE seq = 7", "entry 7 is missing; what follows there is nothing"),
        ("DELETE FROM entries", "entry 1 is missing; what follows there is nothing"),
        (
            "UPDATE entries SET seq = 100 WHERE seq = 3; UPDATE entries SET seq = 3 WHERE seq = 4;
             UPDATE entries SET seq = 4 WHERE seq = 100",
            "entry 3 is not what it says of itself",
        ),
        (
            "INSERT INTO entries SELECT run, 8, at, prev_hash, hash, bytes FROM entries WHERE seq = 7",
            "entry 8 is not what it says of itself",
        ),
        ("UPDATE runs SET head_seq = 6", "the run ends at another entry than the ledger says"),
        ("UPDATE runs SET operator = 'eve'", "the row of the run says something else than the entries"),
        ("UPDATE runs SET exit_code = 1", "the row of the run says something else than the entries"),
    ];
    for (statement, wanted) in tamperings {
        let world = World::new();
        let ledger = world.open().await;
        let run = finished_run(&ledger, 1).await;
        drop_triggers(&ledger).await;
        tamper(&ledger, statement).await;
        assert_eq!(ledger.verify_chain(&run).await.unwrap_err().to_string(), wanted, "{statement}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_index_of_steps_that_lies_is_found_out() {
    for statement in [
        "UPDATE steps SET outcome = 'failed' WHERE state = 'settled'",
        "UPDATE steps SET state = 'held', outcome = 'held' WHERE state = 'planned'",
        "UPDATE steps SET subject = 'eve@agency.example'",
        "UPDATE steps SET workspace_id = 'other'",
        "UPDATE steps SET removal = 1",
        "UPDATE steps SET reason = 'another'",
        "DELETE FROM steps WHERE state = 'planned'",
    ] {
        let world = World::new();
        let ledger = world.open().await;
        let run = finished_run(&ledger, 1).await;
        tamper(&ledger, statement).await;
        let broken = ledger.verify_chain(&run).await.unwrap_err();
        assert!(matches!(broken, ChainBreak::Step { .. }), "{statement}: {broken:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_hangs_on_the_head_of_the_run_before() {
    let world = World::new();
    let ledger = world.open().await;
    let runs = [finished_run(&ledger, 1).await, finished_run(&ledger, 2).await, finished_run(&ledger, 3).await];
    let head = ledger.verify_chain(&runs[0]).await.unwrap().head;
    assert_eq!(ledger.verify_chain(&runs[1]).await.unwrap().previous, Some(head));

    drop_triggers(&ledger).await;
    tamper(&ledger, "PRAGMA foreign_keys = OFF").await;
    // A middle run that disappears whole is missed by the one behind it.
    let name = &runs[1];
    tamper(
        &ledger,
        &format!("DELETE FROM entries WHERE run = '{name}'; DELETE FROM steps WHERE run = '{name}'; DELETE FROM runs WHERE id = '{name}'"),
    )
    .await;
    ledger.verify_chain(&runs[0]).await.unwrap();
    assert!(matches!(ledger.verify_chain(&runs[2]).await.unwrap_err(), ChainBreak::Previous { .. }));
}

/// Rewrites an entry of run 1 as a forger would who knows how hashes are made: other bytes, and the hash that fits them.
async fn forge(ledger: &Ledger, seq: i64) -> Vec<u8> {
    let work = async move |connection: &mut SqliteConnection| {
        let select = "SELECT prev_hash, bytes FROM entries WHERE run = ? AND seq = ?";
        let found = sqlx::query_as(select).bind(run_id(1).to_string()).bind(seq).fetch_one(&mut *connection);
        let (prev_hash, bytes): (Vec<u8>, Vec<u8>) = found.await?;
        let bytes = String::from_utf8(bytes).unwrap().replace("because", "becalmed").replace("complete", "compleat");
        let hash = Sha256::digest([&prev_hash[..], bytes.as_bytes()].concat()).to_vec();
        sqlx::query("UPDATE entries SET bytes = ?, hash = ? WHERE run = ? AND seq = ?")
            .bind(bytes.into_bytes())
            .bind(hash.clone())
            .bind(run_id(1).to_string())
            .bind(seq)
            .execute(&mut *connection)
            .await?;
        Ok(hash)
    };
    ledger.with(work).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_forged_entry_whose_own_hash_fits_is_betrayed_by_what_hangs_on_it() {
    let world = World::new();
    let ledger = world.open().await;
    let (run, after) = (finished_run(&ledger, 1).await, finished_run(&ledger, 2).await);
    drop_triggers(&ledger).await;
    forge(&ledger, 6).await;
    assert!(matches!(ledger.verify_chain(&run).await.unwrap_err(), ChainBreak::Unlinked { seq: 7 }));

    let world = World::new();
    let ledger_two = world.open().await;
    let (run, after_two) = (finished_run(&ledger_two, 1).await, finished_run(&ledger_two, 2).await);
    drop_triggers(&ledger_two).await;
    let head: String = crate::domain::id::hex(&forge(&ledger_two, 7).await);
    assert!(matches!(ledger_two.verify_chain(&run).await.unwrap_err(), ChainBreak::Head));
    // Even with the run's own head made to fit, the run behind it tells.
    tamper(&ledger_two, &format!("UPDATE runs SET head_hash = x'{head}' WHERE id = '{run}'")).await;
    ledger_two.verify_chain(&run).await.unwrap();
    assert!(matches!(ledger_two.verify_chain(&after_two).await.unwrap_err(), ChainBreak::Previous { .. }));
    ledger.verify_chain(&after).await.unwrap();
}

/// One byte of one column of one entry, turned by a mask.
#[derive(Debug, Clone)]
struct Flip {
    seq: u64,
    column: &'static str,
    place: usize,
    mask: u8,
}

fn flips() -> impl Strategy<Value = Flip> {
    let column = prop::sample::select(vec!["bytes", "hash", "prev_hash", "at", "run"]);
    (1..=7_u64, column, any::<usize>(), 1..=255_u8).prop_map(|(seq, column, place, mask)| Flip {
        seq,
        column,
        place,
        mask,
    })
}

async fn apply(ledger: &Ledger, flip: Flip) {
    let Flip { seq, column, place, mask } = flip;
    let work = async move |connection: &mut SqliteConnection| {
        let select = format!("SELECT CAST({column} AS BLOB) FROM entries WHERE run = ? AND seq = ?");
        let row = sqlx::query_scalar(sqlx::AssertSqlSafe(select))
            .bind(run_id(2).to_string())
            .bind(i64::try_from(seq).unwrap());
        let mut bytes: Vec<u8> = row.fetch_one(&mut *connection).await?;
        let place = place % bytes.len();
        bytes[place] ^= mask;
        let kind = if matches!(column, "at" | "run") { "TEXT" } else { "BLOB" };
        let update = format!("UPDATE entries SET {column} = CAST(? AS {kind}) WHERE run = ? AND seq = ?");
        sqlx::query(sqlx::AssertSqlSafe(update))
            .bind(bytes)
            .bind(run_id(2).to_string())
            .bind(i64::try_from(seq).unwrap())
            .execute(&mut *connection)
            .await?;
        Ok(())
    };
    ledger.with(work).await.unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]
    #[test]
    fn a_flip_of_any_byte_of_an_entry_is_detected(flip in flips()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let world = World::new();
            let ledger = world.open().await;
            finished_run(&ledger, 1).await;
            let run = finished_run(&ledger, 2).await;
            let after = finished_run(&ledger, 3).await;
            drop_triggers(&ledger).await;
            tamper(&ledger, "PRAGMA foreign_keys = OFF").await;
            ledger.verify_chain(&run).await.unwrap();
            let last = flip.seq == 7 && flip.column != "at";
            apply(&ledger, flip.clone()).await;
            assert!(ledger.verify_chain(&run).await.is_err(), "{flip:?}");
            if last {
                let broken = ledger.verify_chain(&after).await;
                assert!(matches!(broken, Err(ChainBreak::Previous { .. } | ChainBreak::Ledger(_))), "{flip:?}: {broken:?}");
            }
        });
    }
}
