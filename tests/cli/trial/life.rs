//! One life of the process: started, perhaps struck, ended.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keyholder::sim::{Op, Phase, Seen};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use super::draw::{Moment, Strike};
use crate::knobs::pause;
use crate::world::{Ended, World};

/// What one life left.
#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) args: Vec<String>,
    pub(crate) strike: Option<Strike>,
    pub(crate) ended: Ended,
    /// Whether SIGKILL found it alive.
    pub(crate) killed: bool,
}

/// Strikes a process at one of its requests, from within the simulator, which waits meanwhile.
#[derive(Debug, Clone, Default)]
pub(crate) struct Striker(Arc<Mutex<Option<Armed>>>);

#[derive(Debug)]
struct Armed {
    pid: Pid,
    left: usize,
    writes: bool,
    phase: Phase,
    signals: Vec<Signal>,
}

impl Striker {
    /// Watches a world from now on.
    pub(crate) fn watch(world: &World) -> Self {
        let striker = Self::default();
        let watching = striker.clone();
        world.sim.at_request(move |seen, phase| watching.see(seen, phase));
        striker
    }

    fn see(&self, seen: &Seen, phase: Phase) {
        let mut slot = self.0.lock().unwrap();
        let Some(armed) = slot.as_mut() else { return };
        let meant = armed.phase == phase
            && seen.workspace.is_some()
            && (!armed.writes || seen.operation.is_some_and(Op::writes));
        if !meant {
            return;
        }
        armed.left -= 1;
        if armed.left == 0 {
            for signal in &armed.signals {
                // It is not waited for before the slot is empty, so the id is still its own.
                let _gone = kill_process(armed.pid, *signal);
            }
            *slot = None;
        }
    }
}

/// Lets a command live, and strikes it as drawn.
pub(crate) fn live(world: &World, striker: &Striker, args: &[String], strike: Option<&Strike>, nth: usize) -> Life {
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let mut command = world.command(&words);
    // Files, not pipes: nobody reads while it lives.
    let paths = ["out", "err"].map(|name| world.folder().join(format!("{nth}.{name}")));
    command.stdout(File::create(&paths[0]).unwrap()).stderr(File::create(&paths[1]).unwrap());
    let status = struck(world, striker, command, strike);
    let [stdout, stderr] = paths.map(|path| std::fs::read_to_string(path).expect("output is UTF-8"));
    let ended = world.checked(Ended { code: status.code(), stdout, stderr });
    let killed = status.signal() == Some(Signal::KILL.as_raw());
    drain(world);
    Life { args: args.to_vec(), strike: strike.cloned(), ended, killed }
}

fn struck(world: &World, striker: &Striker, mut command: Command, strike: Option<&Strike>) -> std::process::ExitStatus {
    let mut slot = striker.0.lock().unwrap();
    let mut child = command.spawn().unwrap();
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    let ended =
        |options| waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | options).unwrap().is_some();
    // Not waited for yet, so the id is its own; where it has ended by itself the signal goes nowhere.
    let send = |strike: &Strike| {
        for (at, signal) in strike.signals.iter().enumerate() {
            if at > 0 {
                pause(strike.gap);
            }
            let _gone = kill_process(pid, *signal);
        }
    };
    match strike {
        None => drop(slot),
        Some(strike) => match strike.moment {
            Moment::Request { nth, writes, phase } => {
                *slot = Some(Armed { pid, left: nth, writes, phase, signals: strike.signals.clone() });
                drop(slot);
            }
            Moment::After(long) => {
                drop(slot);
                pause(long);
                send(strike);
            }
            Moment::Ledger { nth } => {
                drop(slot);
                let mut left = nth;
                let mut last = look(&world.root());
                while left > 0 && !ended(WaitIdOptions::NOHANG) {
                    pause(Duration::from_micros(300));
                    let now = look(&world.root());
                    left -= usize::from(now != last);
                    last = now;
                }
                send(strike);
            }
        },
    }
    ended(WaitIdOptions::empty());
    *striker.0.lock().unwrap() = None;
    child.wait().unwrap()
}

/// Looks at the ledger's files as a strike does: anything that changes with each commit.
fn look(root: &Path) -> [Option<(u64, std::time::SystemTime)>; 2] {
    ["ledger.db", "ledger.db-wal"].map(|name| {
        let found = std::fs::metadata(root.join(".keyholder").join(name)).ok()?;
        Some((found.len(), found.modified().ok()?))
    })
}

/// Waits until the simulator has handled whatever a process had sent that did not wait for the answer: connections are taken in the order they came. Without
/// this, a crowded machine could let a request land after the next life's settle time, which no API is allowed to do.
fn drain(world: &World) {
    for _ in 0..3 {
        let mut line = TcpStream::connect(world.base_url().trim_start_matches("http://")).unwrap();
        line.write_all(b"GET /nothing HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
        line.read_to_end(&mut Vec::new()).unwrap();
    }
}
