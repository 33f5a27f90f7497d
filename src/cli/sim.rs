//! `keyholder sim`: the simulator as a server on loopback, with a root that points at it.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::tables;
use crate::clock::Clock;
use crate::env::Env;
use crate::sim::{LocalSettings, World, root, server};
use crate::trouble::{Exit, Trouble};
use crate::ui::{Printer, words};

/// Run the simulator on this machine and write a root that points at it. For rehearsals: nothing leaves this machine.
#[derive(Debug, Args)]
pub struct Sim {
    /// Folder for the root; must be new or empty.
    #[arg(long, value_name = "DIR", default_value = "keyholder-sim")]
    root: PathBuf,
    /// Port on 127.0.0.1; 0 takes any that is free.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// A world script instead of the built-in agency.
    #[arg(long, value_name = "FILE", conflicts_with = "workspaces")]
    world: Option<PathBuf>,
    /// A generated fleet of so many workspaces instead of the built-in agency.
    #[arg(long, value_name = "N", value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=100_000))]
    workspaces: Option<usize>,
    /// Members in each generated workspace.
    #[arg(long, value_name = "N", default_value_t = 8)]
    members: usize,
    /// Milliseconds one request takes, there and back.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    latency: u64,
    /// Seed of everything that is invented.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Sim {
    /// Runs the command until it is stopped.
    pub fn run(self, env: &Env, printer: &Printer) -> Result<Exit, Trouble> {
        let world = match (&self.world, self.workspaces) {
            (Some(path), _) => {
                let bytes = super::session::read_bounded(&env.cwd.join(path)).map_err(|error| {
                    Trouble::because(Exit::Usage, format!("`{}` could not be read", path.display()), error)
                })?;
                World::from_script(&String::from_utf8_lossy(&bytes), self.seed)
                    .map_err(|error| Trouble::because(Exit::Usage, "the world script cannot be used", error))?
            }
            (None, Some(workspaces)) => World::generated(workspaces, self.members, self.seed),
            (None, None) => World::northwind(self.seed),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Trouble::new(Exit::Bug, error))?;
        let settings =
            LocalSettings { latency: Duration::from_millis(self.latency), seed: self.seed, ..LocalSettings::default() };
        runtime.block_on(async {
            let clock = Clock::starting_at(env.start);
            let mut running = server::start(world.clone(), clock, self.port, settings).map_err(|error| {
                Trouble::new(Exit::Config, error).advise("the port may be taken; --port 0 takes any that is free")
            })?;
            let dir = env.cwd.join(&self.root);
            let written = root::write(&world, &dir, running.base_url())
                .map_err(|error| Trouble::new(Exit::Config, error).advise("name a new or empty folder with --root"))?;
            let mut out = printer.data();
            writeln!(out, "{}", running.base_url()).and_then(|()| out.flush()).map_err(tables::unwritable)?;
            printer.say(&format!(
                "{} simulated at {}; the root is {}",
                words::count(written.workspaces, "workspace"),
                running.base_url(),
                written.root.display()
            ));
            printer.say(&format!("try it from another terminal: keyholder -C {} check", written.root.display()));
            printer.say("Ctrl-C ends it");
            running.wait().await.map_err(|error| Trouble::new(Exit::Bug, error))?;
            Ok(Exit::Complete)
        })
    }
}
