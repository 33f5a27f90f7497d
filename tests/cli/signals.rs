//! Ctrl-C in the middle of a run, just while an invitation is on its way.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Child;

use rustix::process::{Pid, Signal, kill_process};

use crate::tee::Tee;
use crate::world::{Ended, World};

fn send(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

/// A run of two steps in one workspace, at the moment its first invitation is on its way.
struct Caught {
    world: World,
    tee: Tee,
    child: Child,
    stderr: BufReader<std::process::ChildStderr>,
    seen: String,
}

impl Caught {
    fn in_flight() -> Self {
        let world = World::three();
        let tee = Tee::before(world.base_url());
        // Only the test ends what it holds, not the clock.
        world.agency(|text| {
            text.replace(world.base_url(), &tee.base_url)
                .replace("timeout = \"1s\"", "timeout = \"60s\"")
                .replace("settle = \"2s\"", "settle = \"120s\"")
                .replace("deadline = \"20s\"", "deadline = \"10m\"")
        });
        let people = ["ana@agency.example", "ben@agency.example"];
        let args = [&["onboard"], &people[..], &["--role", "view", "-w", "acme", "--yes"]].concat();
        let mut child = world.command(&args).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        tee.wait_for_invitation();
        Self { world, tee, child, stderr, seen: String::new() }
    }

    /// Sends a signal and waits until the child says that it heard it.
    fn signal(&mut self, signal: Signal, heard: &str) {
        send(&self.child, signal);
        while !self.seen.contains(heard) {
            assert_ne!(self.stderr.read_line(&mut self.seen).unwrap(), 0, "it ended first:\n{}", self.seen);
        }
    }

    fn end(mut self) -> (World, Ended) {
        self.stderr.read_to_string(&mut self.seen).unwrap();
        let mut ended = self.world.wait(self.child);
        ended.stderr = self.seen;
        let base = self.world.base_url().to_owned();
        self.world.edit("keyholder.toml", |text| text.replace(&self.tee.base_url, &base));
        (self.world, ended)
    }
}

#[test]
fn the_first_signal_lets_what_is_in_flight_end_and_sends_nothing_new() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let mut caught = Caught::in_flight();
        caught.signal(signal, "stopping: nothing new is sent");
        caught.tee.release();
        let (world, ended) = caught.end();
        let ended = ended.exits(code).says("go on with `keyholder resume");
        let rows = ended.rows();
        assert!(["done", "waiting"].contains(&rows[0]["outcome"].as_str()), "{ended}");
        assert_eq!(rows[1]["outcome"], "held", "{ended}");
        assert!(rows[1]["reason"].starts_with("stopped"), "{ended}");
        assert_eq!(world.writes(), 1);
        // The ledger is whole, and the same command does the rest.
        world.run(&["show"]).exits(0).says("unbroken").done();
        let args = ["onboard", "ana@agency.example", "ben@agency.example", "--role", "view", "-w", "acme", "--yes"];
        let ended = world.run(&args).exits(0);
        let outcomes: Vec<String> = ended.rows().into_iter().map(|row| row["outcome"].clone()).collect();
        assert_eq!(outcomes, ["already", "waiting"], "{ended}");
        assert_eq!(world.writes(), 2, "nothing twice");
    }
}

#[test]
fn the_second_signal_ends_at_once_and_what_is_in_flight_is_unknown() {
    let mut caught = Caught::in_flight();
    caught.signal(Signal::INT, "stopping: nothing new is sent");
    caught.signal(Signal::INT, "stopping at once");
    let (world, ended) = caught.end();
    let ended = ended.exits(22).says("settle them with `keyholder resume");
    assert_eq!(ended.rows()[0]["outcome"], "unknown", "{ended}");
    assert_eq!(ended.rows()[1]["outcome"], "held", "{ended}");
    assert_eq!(world.writes(), 0);
    world.run(&["show"]).exits(0).says("unbroken").done();
}
