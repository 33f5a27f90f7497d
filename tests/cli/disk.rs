//! A ledger that cannot be written: a full disk at any size, a folder that is none, a file that loses its name.

use std::collections::BTreeMap;
use std::process::Command;
use std::thread;

use keyholder::sim::{Op, Phase};

use crate::ledger;
use crate::world::{Ended, World};

const COMMAND: [&str; 7] = ["onboard", "ana@agency.example", "--role", "view", "-l", "tier=gold", "--yes"];

/// Bytes between two sizes that are tried; a page of the ledger has as many, and every commit adds several.
const STEP: u64 = 4096;

/// Sizes that are tried at once.
const AT_ONCE: usize = 8;

/// Runs with files of so many blocks of 512 bytes at most. The signal that goes with it is ignored, so that a write fails as on a disk
/// that is full, and not the process.
pub(crate) fn limited(world: &World, args: &[&str], blocks: u64) -> Ended {
    let inner = world.command(args);
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\""));
    command.arg(inner.get_program()).args(inner.get_args());
    command.current_dir(world.root()).env_clear();
    command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    world.finish(command)
}

/// Returns how far a run came on disk, and the steps that were started there.
fn on_disk(world: &World) -> (&'static str, usize) {
    let entries = ledger::entries(world);
    let has = |kind: &str| entries.iter().filter(|entry| entry.contains(&format!("\"type\":\"{kind}\""))).count();
    let words = ["ended", "settled", "answered", "started", "run"];
    (words.into_iter().find(|kind| has(kind) > 0).unwrap_or("nothing"), has("started"))
}

/// Runs with files of so many bytes at most, then without the limit to the end; returns how far the ledger came, none where the
/// limit was no hindrance.
fn filled(size: u64) -> Option<&'static str> {
    let world = World::three();
    let ended = limited(&world, &COMMAND, size / 512);
    let (far, started) = on_disk(&world);
    let sent = world.sim.requests().iter().filter(|seen| seen.operation.is_some_and(Op::writes)).count();
    assert!(sent <= started, "{sent} writes were sent and {started} written down, at {size} bytes\n{ended}");
    let well = ended.code == Some(0);
    if !well {
        let ended = ended.exits(74).says("error: ");
        // What is not on disk is shown: the answer to whatever was sent, and the end of the run.
        if sent > 0 {
            let shown = ended.stderr.matches("\"type\":\"answered\"").count();
            let kept = ledger::entries(&world).iter().filter(|entry| entry.contains("\"type\":\"answered\"")).count();
            assert!(shown + kept >= sent, "{shown} answers shown, {kept} on disk, {sent} sent\n{ended}");
            assert!(ended.stderr.contains("\"type\":\"ended\""), "{ended}");
        }
    }
    let rest: &[&str] = if far == "nothing" { &COMMAND } else { &["resume"] };
    world.run(rest).exits(0).done();
    assert_eq!(
        (world.writes(), world.sim.effects("acme").len()),
        (2, 1),
        "nothing twice, nothing lost, at {size} bytes"
    );
    assert_eq!(world.role("globex", "ana@agency.example").as_deref(), Some("view"));
    world.run(&["show"]).exits(0).says("unbroken").done();
    (!well).then_some(far)
}

#[test]
fn wherever_the_disk_is_full_nothing_more_is_sent_and_the_run_is_resumed() {
    let mut met: BTreeMap<&str, usize> = BTreeMap::new();
    let mut sizes = (0..).map(|page| page * STEP);
    loop {
        let sizes: Vec<u64> = sizes.by_ref().take(AT_ONCE).collect();
        let failed: Vec<Option<&str>> = thread::scope(|scope| {
            let threads: Vec<_> = sizes.into_iter().map(|size| scope.spawn(move || filled(size))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        for far in failed.iter().flatten() {
            *met.entry(*far).or_default() += 1;
        }
        if failed.iter().all(Option::is_none) {
            break;
        }
    }
    println!("full_disk: failed with this as the last in the ledger: {met:?}; 0 duplicated 0 lost");
    // The failing write hit before the run, before a request was written down, before an answer was, before an outcome was.
    for far in ["nothing", "run", "started", "answered"] {
        assert!(met.contains_key(far), "never failed with `{far}` as the last on disk: {met:?}");
    }
}

#[test]
fn a_state_folder_that_cannot_be_written_stops_before_anything_is_sent() {
    // None of these can be overcome by a user who may do anything.
    let in_the_way: [fn(&World); 4] = [
        |world| world.write(".keyholder", "a file in place of the folder"),
        |world| std::fs::create_dir_all(world.root().join(".keyholder/ledger.db")).unwrap(),
        |world| std::fs::create_dir_all(world.root().join(".keyholder/ledger.db-wal")).unwrap(),
        |world| {
            std::fs::create_dir(world.root().join(".keyholder")).unwrap();
            world.write(".keyholder/locks", "a file in place of the folder");
        },
    ];
    for (at, block) in in_the_way.into_iter().enumerate() {
        let world = World::three();
        block(&world);
        for args in [&COMMAND[..], &["resume"], &["offboard", "lee@agency.example", "--all", "--yes"]] {
            let ended = world.run(args).exits(74);
            assert!(ended.stderr.contains("hint: "), "{at} {args:?}\n{ended}");
        }
        assert_eq!(world.sim.request_count(), 0, "{at}");
    }
}

#[test]
fn a_ledger_that_is_deleted_in_the_middle_stops_the_run_and_the_second_plan_holds_only_what_is_missing() {
    let world = World::three();
    let people = ["ana@agency.example", "ben@agency.example"];
    let command = [&["onboard"], &people[..], &["--role", "view", "-w", "acme", "--yes"]].concat();
    let folder = world.root().join(".keyholder");
    let remove = move || {
        for name in ["ledger.db", "ledger.db-wal", "ledger.db-shm"] {
            drop(std::fs::remove_file(folder.join(name)));
        }
    };
    world.sim.at_request(move |seen, phase| {
        if seen.wrote && phase == Phase::Handled {
            remove();
        }
    });
    world.run(&command).exits(74).says("was removed or replaced").done();
    assert_eq!(world.writes(), 1, "nothing more is sent");
    let before = world.sim.request_count();
    world.run(&["resume"]).exits(74).says("nothing else remembers").says("plan again").done();
    assert_eq!(world.sim.request_count(), before);
    world.sim.at_request(|_, _| {});
    let ended = world.run(&command).exits(0);
    let outcomes: Vec<String> = ended.rows().into_iter().map(|row| row["outcome"].clone()).collect();
    assert_eq!(outcomes, ["already", "waiting"], "{ended}");
    assert_eq!(world.writes(), 2);
}
