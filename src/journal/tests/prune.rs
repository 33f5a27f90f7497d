//! Pruning: what goes, what stops it, and that what remains is proven still.

use std::time::Duration;

use super::*;
use crate::journal::sql::NEWEST;
use crate::trouble::Exit;

const DAY: Duration = Duration::from_hours(24);

fn note() -> PruneNote {
    PruneNote { operator: "ada".to_owned(), reason: Some("two years are kept".to_owned()), version: "0.1.0" }
}

/// Finishes runs of these numbers, ten days apart; the last one ended just now.
async fn runs(world: &World, ledger: &Ledger, numbers: std::ops::RangeInclusive<u32>) -> Vec<RunId> {
    let mut runs = Vec::new();
    for number in numbers {
        world.clock.sleep(10 * DAY).await;
        runs.push(finished_run(ledger, number).await);
    }
    runs
}

fn days_ago(world: &World, days: i64) -> jiff::Timestamp {
    world.clock.now() - jiff::SignedDuration::from_hours(24 * days)
}

async fn prune(world: &World, ledger: &Ledger, days: i64) -> u64 {
    let shown = ledger.prunable(days_ago(world, days)).await.unwrap();
    ledger.prune(&shown, &note()).await.unwrap()
}

async fn schema(ledger: &Ledger) -> String {
    let select = "SELECT value FROM meta WHERE name = 'schema'";
    ledger
        .with(async move |connection| Ok(sqlx::query_scalar(select).fetch_one(&mut *connection).await?))
        .await
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_old_end_goes_and_what_remains_is_proven_still() {
    let world = World::new();
    let ledger = world.open().await;
    let all = runs(&world, &ledger, 1..=5).await;
    let shown = ledger.prunable(days_ago(&world, 15)).await.unwrap();
    assert_eq!(shown.runs.iter().map(|run| &run.id).collect::<Vec<_>>(), all[..3].iter().collect::<Vec<_>>());
    assert_eq!((shown.stop.clone(), shown.remaining), (Some((all[3].clone(), PruneStop::Young)), 2));
    assert_eq!(schema(&ledger).await, NEWEST.to_string(), "an older keyholder reads a ledger that was never pruned");
    assert_eq!(ledger.prune(&shown, &note()).await.unwrap(), 3);

    for run in &all[3..] {
        ledger.verify_chain(run).await.unwrap();
    }
    for run in &all[..3] {
        assert!(matches!(ledger.run(run.as_str()).await.unwrap_err(), LedgerError::NoSuchRun { .. }));
    }
    assert_eq!(count(&ledger, "SELECT COUNT(*) FROM entries").await, 14);
    assert_eq!(count(&ledger, "SELECT COUNT(*) FROM steps").await, 4);
    let told = ledger.pruned().await.unwrap();
    assert_eq!((told.len(), told[0].runs, told[0].entries), (1, 3, 21));
    assert_eq!((told[0].operator.as_str(), told[0].reason.as_deref()), ("ada", Some("two years are kept")));
    assert_eq!((&told[0].first_run, &told[0].last_run), (&all[0].to_string(), &all[2].to_string()));
    assert_eq!(schema(&ledger).await, format!("2.{}", NEWEST.minor));

    // The guards are back, and the record of the removal is guarded too.
    for statement in [
        "DELETE FROM entries",
        "UPDATE entries SET at = at",
        "DELETE FROM pruned",
        "UPDATE pruned SET operator = 'eve'",
    ] {
        let refused = ledger
            .with(async move |connection| Ok(sqlx::raw_sql(statement).execute(&mut *connection).await.map(drop)?))
            .await
            .unwrap_err();
        assert!(matches!(&refused, LedgerError::Store { source } if source.to_string().contains("append-only")));
    }
    // It goes on: other runs, another opening, another pruning.
    let more = runs(&world, &ledger, 6..=7).await;
    ledger.close().await.unwrap();
    let ledger = world.open().await;
    assert_eq!(prune(&world, &ledger, 15).await, 2);
    for run in &more {
        ledger.verify_chain(run).await.unwrap();
    }
    assert_eq!(ledger.pruned().await.unwrap().iter().map(|one| one.runs).collect::<Vec<_>>(), [2, 3]);
}

#[tokio::test(start_paused = true)]
async fn where_all_runs_went_the_next_one_hangs_on_the_last_of_them() {
    let world = World::new();
    let ledger = world.open().await;
    let all = runs(&world, &ledger, 1..=2).await;
    let head = ledger.verify_chain(&all[1]).await.unwrap().head;
    world.clock.sleep(3 * DAY).await;
    assert_eq!(prune(&world, &ledger, 2).await, 2);
    assert!(ledger.runs(10).await.unwrap().is_empty());
    let next = finished_run(&ledger, 3).await;
    assert_eq!(ledger.verify_chain(&next).await.unwrap().previous, Some(head));
    assert_eq!(count(&ledger, "SELECT ordinal FROM runs").await, 3);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_hangs_in_the_middle_of_the_one_before_stays_proven() {
    let world = World::new();
    let ledger = world.open().await;
    let (early, late) = (run_id(1), run_id(2));
    let step = invite(1, "ida@agency.example");
    ledger.begin(header(&early, vec![step.clone()])).await.unwrap();
    ledger.begin(header(&late, Vec::new())).await.unwrap();
    ledger.append(&early, whole_way(&step.id, Outcome::Done)).await.unwrap();
    ledger.append(&early, vec![ended(0)]).await.unwrap();
    world.clock.sleep(3 * DAY).await;
    ledger.append(&late, vec![ended(0)]).await.unwrap();
    assert_eq!(prune(&world, &ledger, 2).await, 1);
    let report = ledger.verify_chain(&late).await.unwrap();
    assert_eq!(report.previous.unwrap().seq, 2);
}

#[tokio::test(start_paused = true)]
async fn a_link_that_is_not_what_was_pruned_is_found_out() {
    for statement in [
        "UPDATE pruned SET anchor_hash = zeroblob(32), head_hash = zeroblob(32)",
        "UPDATE pruned SET last_run = 'another'",
        "UPDATE pruned SET head_seq = 6, anchor_seq = 6",
        "DELETE FROM pruned",
    ] {
        let world = World::new();
        let ledger = world.open().await;
        let all = runs(&world, &ledger, 1..=2).await;
        assert_eq!(prune(&world, &ledger, 5).await, 1);
        tamper(&ledger, "DROP TRIGGER pruned_is_not_updated; DROP TRIGGER pruned_is_not_deleted").await;
        tamper(&ledger, statement).await;
        let broken = ledger.verify_chain(&all[1]).await.unwrap_err();
        assert!(matches!(broken, ChainBreak::Previous { .. }), "{statement}: {broken:?}");
    }
    // And where somebody takes the first remaining run away too, the next one tells.
    let world = World::new();
    let ledger = world.open().await;
    let all = runs(&world, &ledger, 1..=3).await;
    assert_eq!(prune(&world, &ledger, 15).await, 1);
    drop_triggers(&ledger).await;
    let name = &all[1];
    tamper(
        &ledger,
        &format!("DELETE FROM entries WHERE run = '{name}'; DELETE FROM steps WHERE run = '{name}'; DELETE FROM runs WHERE id = '{name}'"),
    )
    .await;
    assert!(matches!(ledger.verify_chain(&all[2]).await.unwrap_err(), ChainBreak::Previous { .. }));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_settled_stops_it_until_a_later_run_has_looked() {
    for outcome in [Outcome::Unknown, Outcome::Unverified] {
        let world = World::new();
        let ledger = world.open().await;
        runs(&world, &ledger, 1..=1).await;
        let (open, step) = (run_id(2), invite(1, "eve@agency.example"));
        ledger.begin(header(&open, vec![step.clone()])).await.unwrap();
        ledger.append(&open, whole_way(&step.id, outcome)).await.unwrap();
        ledger.append(&open, vec![ended(22)]).await.unwrap();
        world.clock.sleep(10 * DAY).await;
        let shown = ledger.prunable(days_ago(&world, 2)).await.unwrap();
        assert_eq!((shown.runs.len(), shown.stop), (1, Some((open.clone(), PruneStop::Unsettled(1)))));
        let later = run_id(3);
        ledger.begin(header(&later, vec![step.clone()])).await.unwrap();
        ledger.append(&later, whole_way(&step.id, Outcome::Waiting)).await.unwrap();
        ledger.append(&later, vec![ended(0)]).await.unwrap();
        let shown = ledger.prunable(days_ago(&world, 2)).await.unwrap();
        assert_eq!((shown.runs.len(), shown.stop), (2, Some((later, PruneStop::Young))));
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_without_an_end_stops_it_whether_somebody_writes_it_or_not() {
    let world = World::new();
    let ledger = world.open().await;
    let step = invite(1, "ida@agency.example");
    ledger.begin(header(&run_id(1), vec![step.clone()])).await.unwrap();
    world.clock.sleep(10 * DAY).await;
    finished_run(&ledger, 2).await;
    world.clock.sleep(10 * DAY).await;
    let stopped_by = async |ledger: &Ledger| ledger.prunable(days_ago(&world, 2)).await.unwrap().stop.unwrap().1;
    assert_eq!(stopped_by(&ledger).await, PruneStop::Running);
    ledger.close().await.unwrap();
    drop(ledger);
    let ledger = world.open().await;
    assert_eq!(stopped_by(&ledger).await, PruneStop::Cut);
    assert_eq!(prune(&world, &ledger, 2).await, 0);
    assert!(ledger.pruned().await.unwrap().is_empty(), "a pruning of nothing leaves no record");
    assert_eq!(schema(&ledger).await, NEWEST.to_string());
}

#[tokio::test(start_paused = true)]
async fn what_the_rolling_day_counts_is_never_removed() {
    let world = World::new();
    let ledger = world.open().await;
    let run = run_id(1);
    let step = remove(1, "eve@agency.example");
    ledger.begin(header(&run, vec![step.clone()])).await.unwrap();
    ledger.append(&run, whole_way(&step.id, Outcome::Done)).await.unwrap();
    ledger.append(&run, vec![ended(0)]).await.unwrap();
    world.clock.sleep(DAY + Duration::from_secs(86_399)).await;
    let shown = ledger.prunable(world.clock.now()).await.unwrap();
    assert_eq!(shown.stop, Some((run, PruneStop::Young)), "whatever age was asked for");
    world.clock.sleep(Duration::from_secs(2)).await;
    assert_eq!(ledger.prunable(world.clock.now()).await.unwrap().runs.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_broken_chain_is_not_swept_away() {
    let world = World::new();
    let ledger = world.open().await;
    runs(&world, &ledger, 1..=3).await;
    tamper(&ledger, "UPDATE steps SET subject = 'eve@agency.example'").await;
    assert!(matches!(ledger.prunable(days_ago(&world, 5)).await.unwrap_err(), ChainBreak::Step { .. }));

    // Nor a link that is broken between what goes and what stays.
    let world = World::new();
    let ledger = world.open().await;
    let all = runs(&world, &ledger, 1..=2).await;
    let shown = ledger.prunable(days_ago(&world, 5)).await.unwrap();
    drop_triggers(&ledger).await;
    tamper(&ledger, &format!("UPDATE entries SET prev_hash = zeroblob(32) WHERE seq = 1 AND run = '{}'", all[1])).await;
    tamper(&ledger, "CREATE TRIGGER entries_are_not_updated BEFORE UPDATE ON entries BEGIN SELECT 1; END").await;
    tamper(&ledger, "CREATE TRIGGER entries_are_not_deleted BEFORE DELETE ON entries BEGIN SELECT 1; END").await;
    assert!(matches!(ledger.prune(&shown, &note()).await.unwrap_err(), LedgerError::Unreadable { .. }));
    assert_eq!(ledger.runs(10).await.unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_run_taken_up_again_after_it_was_shown_stays() {
    let world = World::new();
    let (ledger, other) = (world.open().await, world.open().await);
    let all = runs(&world, &ledger, 1..=3).await;
    let shown = ledger.prunable(days_ago(&world, 5)).await.unwrap();
    let resumed = Record::Resumed { operator: "ben".to_owned(), version: "0.1.0" };
    other.append(&all[1], vec![resumed]).await.unwrap();
    let refused = ledger.prune(&shown, &note()).await.unwrap_err();
    assert!(matches!(&refused, LedgerError::PruneMoved { run } if *run == all[1].to_string()), "{refused:?}");
    assert_eq!(refused.exit(), Exit::Moved);
    other.append(&all[1], vec![ended(0)]).await.unwrap();
    let refused = ledger.prune(&shown, &note()).await.unwrap_err();
    assert!(matches!(&refused, LedgerError::PruneMoved { .. }), "it has other entries now");
    assert_eq!(ledger.runs(10).await.unwrap().len(), 3);
    for run in &all {
        ledger.verify_chain(run).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn runs_that_begin_at_the_same_moment_lose_nothing() {
    let world = World::new();
    let (ledger, other) = (world.open().await, world.open().await);
    let mut number = 0;
    for _round in 0..12 {
        let first = number + 1;
        runs(&world, &ledger, first..=first + 2).await;
        number = first + 3;
        world.clock.sleep(3 * DAY).await;
        let shown = ledger.prunable(days_ago(&world, 2)).await.unwrap();
        let note = note();
        let (pruned, ()) = tokio::join!(ledger.prune(&shown, &note), async {
            other.begin(header(&run_id(number), Vec::new())).await.unwrap();
            other.append(&run_id(number), vec![ended(0)]).await.unwrap();
        });
        assert!(pruned.unwrap() >= 3);
        let left = ledger.runs(10).await.unwrap();
        assert_eq!(left.iter().map(|run| run.id.clone()).collect::<Vec<_>>(), [run_id(number)]);
        ledger.verify_chain(&run_id(number)).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_of_what_was_pruned_is_left_in_the_files() {
    let world = World::new();
    let ledger = world.open().await;
    let run = run_id(1);
    let step = invite(1, "canary-of-a-client@globex.example");
    ledger.begin(header(&run, vec![step.clone()])).await.unwrap();
    ledger.append(&run, whole_way(&step.id, Outcome::Done)).await.unwrap();
    ledger.append(&run, vec![ended(0)]).await.unwrap();
    let holds = || {
        ["ledger.db", "ledger.db-wal"].iter().any(|name| {
            let bytes = std::fs::read(world.state_dir().join(name)).unwrap();
            bytes.windows(18).any(|window| window == b"canary-of-a-client")
        })
    };
    assert!(holds());
    world.clock.sleep(10 * DAY).await;
    assert_eq!(prune(&world, &ledger, 5).await, 1);
    assert!(!holds());
}

#[tokio::test(start_paused = true)]
async fn a_keyholder_that_does_not_know_of_pruning_refuses_a_pruned_ledger_and_reads_any_other() {
    use super::super::sql::{NEWEST, PRUNED_MAJOR, Version};
    let world = World::new();
    let ledger = world.open().await;
    runs(&world, &ledger, 1..=2).await;
    let version = async |ledger: &Ledger| Version::parse(&schema(ledger).await).unwrap();
    assert!(version(&ledger).await.is_understood_by(1));
    prune(&world, &ledger, 5).await;
    assert!(!version(&ledger).await.is_understood_by(1) && version(&ledger).await.is_understood_by(PRUNED_MAJOR));
    // A pruned ledger of an older minor is upgraded and stays marked.
    tamper(
        &ledger,
        "DROP INDEX steps_by_subject; DROP INDEX steps_by_state; DROP TABLE sightings; DROP TABLE watermarks; DROP TABLE pruned; DROP TABLE keys;
         DROP TABLE export_files; DROP TABLE export_marks; DROP TABLE exports;
         DROP TABLE looks; DROP TABLE spans; DROP TABLE glimpses;
         UPDATE meta SET value = '2.0' WHERE name = 'schema'",
    )
    .await;
    ledger.close().await.unwrap();
    let ledger = world.open().await;
    assert_eq!(schema(&ledger).await, format!("{PRUNED_MAJOR}.{}", NEWEST.minor));
}
