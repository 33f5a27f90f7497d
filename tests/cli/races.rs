//! Many processes at once on one root: exactly one writes.

use std::collections::BTreeSet;
use std::process::Child;
use std::time::Duration;

use keyholder::sim::Phase;
use rustix::process::Signal;

use crate::knobs;
use crate::trial::draw::{Moment, Strike};
use crate::trial::life::{Striker, live};
use crate::world::{Ended, World};

/// Three workspaces, and a timeout that no crowd reaches.
fn patient() -> World {
    let world = World::three();
    world.agency(|text| {
        text.replace("timeout = \"1s\"", "timeout = \"10s\"")
            .replace("settle = \"2s\"", "settle = \"20s\"")
            .replace("deadline = \"20s\"", "deadline = \"30m\"")
    });
    world
}

/// Starts a command so many times at once and waits for all.
fn race(world: &World, args: &[&str], times: usize) -> Vec<Ended> {
    let start = |n: usize| {
        // Chance is what tells their runs apart.
        let mut command = world.command(args);
        command.env("KEYHOLDER_TEST_SEED", (n + 1_000).to_string());
        command.spawn().unwrap()
    };
    let children: Vec<Child> = (0..times).map(start).collect();
    // Each is read by a thread of its own: one that nobody reads might wait for its reader.
    std::thread::scope(|scope| {
        let waiting: Vec<_> = children.into_iter().map(|child| scope.spawn(|| world.wait(child))).collect();
        waiting.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// Requires that each write took effect once.
fn once_each(world: &World, writes: usize) {
    assert_eq!(world.writes(), writes);
    for name in world.sim.names() {
        let effects = world.sim.effects(&name);
        let different: BTreeSet<_> = effects.iter().map(|effect| (effect.operation, effect.email.clone())).collect();
        assert_eq!(different.len(), effects.len(), "{effects:?}");
        let emails = world.emails(&name);
        assert_eq!(emails.iter().collect::<BTreeSet<_>>().len(), emails.len(), "{emails:?}");
    }
}

/// Requires that one wrote, and that the others name it or found nothing to do; returns how many were turned away.
fn one_wrote(all: &[Ended]) -> usize {
    let did = |ended: &&Ended| ended.code == Some(0) && ended.rows().iter().any(|row| row["outcome"] != "already");
    assert_eq!(all.iter().filter(did).count(), 1, "exactly one writes");
    let mut away = 0;
    for ended in all.iter().filter(|ended| !did(ended)) {
        match ended.code {
            Some(0) => {}
            Some(75) => {
                away += 1;
                assert!(ended.stderr.contains("is held by run ") && ended.stderr.contains("--wait"), "{ended}");
            }
            _ => panic!("{ended}"),
        }
    }
    away
}

#[test]
fn of_two_and_of_fifty_who_onboard_or_offboard_at_once_exactly_one_writes() {
    for times in [2, 50] {
        let world = patient();
        let people = ["ana@agency.example", "ben@agency.example"];
        let onboard = [&["onboard"], &people[..], &["--role", "view", "-l", "tier=gold", "--yes"]].concat();
        let away = one_wrote(&race(&world, &onboard, times));
        once_each(&world, 4);
        let offboard = [&["offboard"], &people[..], &["-l", "tier=gold"]].concat();
        let plan = world.run(&[&offboard[..], &["--plan-only"]].concat()).exits(0).plan_id();
        let all = race(&world, &[&offboard[..], &["--confirm", &plan]].concat(), times);
        // Who reads after the one has written draws another plan than the one that was reviewed.
        let (moved, all): (Vec<Ended>, Vec<Ended>) = all.into_iter().partition(|ended| ended.code == Some(31));
        let away = away + one_wrote(&all);
        once_each(&world, 8);
        println!(
            "race of {times}: 1 wrote each time, {away} were turned away, {} found another plan; 0 duplicated",
            moved.len()
        );
    }
}

#[test]
fn those_who_wait_all_end_well_and_nothing_is_done_twice() {
    let times = if knobs::is_full() { 50 } else { 6 };
    let world = patient();
    let people = ["ana@agency.example", "ben@agency.example"];
    let onboard = [&["onboard"], &people[..], &["--role", "view", "-l", "tier=gold", "--yes", "--wait"]].concat();
    let all = race(&world, &onboard, times);
    println!("race of those who wait: {times}, all ended well");
    for ended in all {
        let ended = ended.exits(0);
        assert!(ended.rows().iter().all(|row| ["waiting", "already"].contains(&row["outcome"].as_str())), "{ended}");
    }
    once_each(&world, 4);
    let runs = world.run(&["runs", "--limit", "100"]).exits(0);
    assert!(runs.rows().iter().all(|row| row["exit"] == "0"), "{runs}");
}

#[test]
fn of_two_who_resume_one_run_at_once_exactly_one_goes_on() {
    let world = World::three();
    let striker = Striker::watch(&world);
    let command = ["onboard", "ana@agency.example", "ben@agency.example", "--role", "view", "-w", "acme", "--yes"];
    let strike = Strike {
        moment: Moment::Request { nth: 1, writes: true, phase: Phase::Handled },
        signals: vec![Signal::KILL],
        gap: Duration::ZERO,
    };
    assert!(live(&world, &striker, &command.map(str::to_owned), Some(&strike), 0).killed);
    let all = race(&world, &["resume"], 2);
    let went_on: Vec<&Ended> = all.iter().filter(|ended| ended.stdout.contains("outcome")).collect();
    assert_eq!(went_on.len(), 1, "{} {}", all[0], all[1]);
    assert_eq!(went_on[0].code, Some(0), "{}", went_on[0]);
    for ended in all.iter().filter(|ended| !ended.stdout.contains("outcome")) {
        let turned_away = ended.code == Some(75) && ended.stderr.contains("hint: ");
        let came_after = ended.code == Some(0)
            && (ended.stderr.contains("nothing was sent") || ended.stderr.contains("nothing to resume"));
        assert!(turned_away || came_after, "{ended}");
    }
    once_each(&world, 2);
}
