//! A ledger that was changed from outside, or by a newer keyholder: nobody relies on it, and nothing is sent.

use std::fs;

use keyholder::sim::Phase;
use rustix::process::Signal;

use crate::ledger;
use crate::trial::draw::{Moment, Strike};
use crate::trial::life::{Striker, live};
use crate::world::World;

const COMMAND: [&str; 8] =
    ["onboard", "ana@agency.example", "ben@agency.example", "--role", "view", "-l", "tier=gold", "--yes"];

/// A run that was killed as its third write was about to be answered, its ledger at rest.
fn cut() -> World {
    let world = World::three();
    let striker = Striker::watch(&world);
    let strike = Strike {
        moment: Moment::Request { nth: 3, writes: true, phase: Phase::Handled },
        signals: vec![Signal::KILL],
        gap: std::time::Duration::ZERO,
    };
    let life = live(&world, &striker, &COMMAND.map(str::to_owned), Some(&strike), 0);
    assert!(life.killed, "{}", life.ended);
    ledger::with(&world, async |connection| {
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(connection).await.unwrap();
    });
    world
}

/// The ledger's file alone; without its log and index, which belong to the file as it was.
fn put(world: &World, bytes: &[u8]) {
    for name in ["ledger.db-wal", "ledger.db-shm"] {
        drop(fs::remove_file(world.root().join(".keyholder").join(name)));
    }
    fs::write(ledger::path(world), bytes).unwrap();
}

/// Requires that neither `show` nor `resume` relies on the ledger as it is.
fn refused(world: &World, what: &str) {
    let before = world.sim.request_count();
    for args in [&["show"][..], &["resume"], &["resume", "last", "--settle-only"]] {
        let ended = world.run(args);
        assert_eq!(ended.code, Some(74), "{what}, {args:?}\n{ended}");
        assert!(ended.stderr.contains("hint: "), "{what}, {args:?}\n{ended}");
    }
    assert_eq!(world.sim.request_count(), before, "{what}: something was sent");
}

#[test]
fn a_flipped_bit_in_any_column_of_an_entry_is_found_out_before_anything_is_sent() {
    let world = cut();
    let sound = fs::read(ledger::path(&world)).unwrap();
    let mut rng = fastrand::Rng::with_seed(7);
    let entries = ledger::entries(&world).len();
    assert!(entries > 8, "{entries}");
    for seq in 1..=entries {
        for column in ["bytes", "hash", "prev_hash", "at"] {
            put(&world, &sound);
            ledger::with(&world, async |connection| {
                let drop = "DROP TRIGGER entries_are_not_updated; DROP TRIGGER entries_are_not_deleted";
                sqlx::raw_sql(drop).execute(&mut *connection).await.unwrap();
                let select = format!("SELECT CAST({column} AS BLOB) FROM entries WHERE seq = {seq}");
                let mut bytes: Vec<u8> =
                    sqlx::query_scalar(sqlx::AssertSqlSafe(select)).fetch_one(&mut *connection).await.unwrap();
                let at = rng.usize(..bytes.len());
                // The lowest bit: text stays text.
                bytes[at] ^= 1;
                let text = if column == "at" { "CAST(? AS TEXT)" } else { "?" };
                let update = format!("UPDATE entries SET {column} = {text} WHERE seq = {seq}");
                sqlx::query(sqlx::AssertSqlSafe(update)).bind(bytes).execute(&mut *connection).await.unwrap();
            });
            refused(&world, &format!("a bit of `{column}` of entry {seq}"));
        }
    }
    put(&world, &sound);
    world.run(&["resume"]).exits(0).done();
    assert_eq!(world.writes(), 4, "as it was, it is resumed");
}

#[test]
fn a_flipped_bit_in_the_file_is_found_out_wherever_it_hits_an_entry() {
    let world = cut();
    let sound = fs::read(ledger::path(&world)).unwrap();
    let mut rng = fastrand::Rng::with_seed(11);
    let mut tried = 0;
    let entries = ledger::entries(&world);
    for entry in &entries {
        // A long entry goes on in another page; its first bytes stand together.
        let begin = &entry.as_bytes()[..64];
        let places: Vec<usize> = (0..sound.len() - begin.len()).filter(|at| sound[*at..].starts_with(begin)).collect();
        for place in places {
            let mut bytes = sound.clone();
            let at = place + rng.usize(..begin.len());
            bytes[at] ^= 1 << rng.u8(..8);
            put(&world, &bytes);
            // A page keeps what was once in it: a copy that nobody reads is no entry.
            if ledger::entries(&world) == entries {
                continue;
            }
            refused(&world, &format!("byte {at} of the file"));
            tried += 1;
        }
    }
    assert!(tried >= entries.len(), "{tried} of {}", entries.len());
    put(&world, &sound);
    world.run(&["resume"]).exits(0).done();
}

#[test]
fn a_ledger_of_a_newer_schema_is_refused_by_every_command_that_writes_or_resumes() {
    let world = cut();
    world.run(&["offboard", "lee@agency.example", "-w", "acme", "-o", "leaver.json"]).exits(0).done();
    ledger::with(&world, async |connection| {
        sqlx::query("UPDATE meta SET value = '3.0' WHERE name = 'schema'").execute(connection).await.unwrap();
    });
    let before = world.sim.request_count();
    for args in [
        &COMMAND[..],
        &["offboard", "lee@agency.example", "--all", "--yes"],
        &["members", "reinvite", "--older-than", "14d", "--all", "--yes"],
        &["apply", "leaver.json", "--yes"],
        &["resume"],
        &["show"],
        &["runs"],
    ] {
        world.run(args).exits(74).says("schema `3.0`").says("newer keyholder").done();
    }
    assert_eq!(world.sim.request_count(), before);
    ledger::with(&world, async |connection| {
        let kept: String =
            sqlx::query_scalar("SELECT value FROM meta WHERE name = 'schema'").fetch_one(connection).await.unwrap();
        assert_eq!(kept, "3.0", "nothing is changed");
    });
}
