//! The simulator in a process of its own: this program once more, so that fleets can have in them what the command line cannot say.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use jiff::Timestamp;
use keyholder::clock::Clock;
use keyholder::sim::{LocalSettings, root, server};

use crate::fleet::Fleet;
use crate::support::{Sim, folder};

/// How far away it is: a round trip, and the most that chance adds each way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Away {
    pub(crate) latency: Duration,
    pub(crate) jitter: Duration,
}

impl Away {
    pub(crate) fn steady(millis: u64) -> Self {
        Self { latency: Duration::from_millis(millis), jitter: Duration::ZERO }
    }

    /// Returns the mean round trip in seconds.
    pub(crate) fn mean(&self) -> f64 {
        (self.latency + self.jitter).as_secs_f64()
    }
}

/// Starts it and returns once it answers.
pub(crate) fn start(fleet: &Fleet, away: Away) -> Sim {
    let folder = folder();
    let mut command = Command::new(std::env::current_exe().expect("this program has a path"));
    command.arg("--serve").arg(serde_json::to_string(fleet).expect("it can be written"));
    command.arg(away.latency.as_millis().to_string()).arg(away.jitter.as_millis().to_string());
    command.arg(folder.path().join("root"));
    Sim::listening(folder, &mut command)
}

/// Is it, until it is killed.
#[expect(clippy::print_stdout, reason = "its first line says where it listens")]
pub(crate) fn serve(fleet: &str, latency: &str, jitter: &str, home: &str) {
    let fleet: Fleet = serde_json::from_str(fleet).expect("a fleet");
    let millis = |text: &str| Duration::from_millis(text.parse().expect("milliseconds"));
    let settings = LocalSettings { latency: millis(latency), jitter: millis(jitter), seed: 7, serves: None };
    let world = fleet.world();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
    runtime.block_on(async {
        let clock = Clock::starting_at(Timestamp::now());
        let mut running = server::start(world.clone(), clock, 0, settings).expect("a port is free");
        root::write(&world, Path::new(home), running.base_url()).expect("a root can be written");
        println!("{}", running.base_url());
        running.wait().await.expect("it goes on");
    });
}
