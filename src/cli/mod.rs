//! The doors: one file per command, mapping what was typed to the rooms and their results to an exit code.

pub mod access;
pub mod accounts;
pub mod aftermath;
pub mod apply;
pub mod approval;
pub mod args;
pub mod campaigns;
pub mod certificate;
pub mod change;
pub mod check;
pub mod closing;
pub mod demo;
pub mod discover;
pub mod earlier;
pub mod events;
pub mod evidence;
pub mod filter;
pub mod groups;
pub mod held_folder;
pub mod help;
pub mod init;
pub mod keys;
pub mod leavers;
pub mod leaving;
pub mod members;
pub mod offboard;
pub mod onboard;
pub mod open_files;
pub mod owner;
pub mod people;
pub mod perform;
pub mod person;
pub mod pin;
pub mod reading;
pub mod recall;
pub mod refusals;
pub mod report;
pub mod resources;
pub mod resume;
pub mod road;
pub mod runs;
pub mod session;
pub mod show;
pub mod sightings;
pub mod signals;
pub mod sim;
pub mod survey;
pub mod sweep;
pub mod tables;
pub mod tags;
pub mod trail;
pub mod undo;
pub mod verify;
pub mod watch;

use std::sync::{Arc, OnceLock};

use clap::{Parser, Subcommand};

use crate::api::transport::Transport;
use crate::clock::Clock;
use crate::env::{Env, variable};
use crate::journal::Probe;
use crate::run::{Deck, Keeper, Stop};
use crate::trouble::{Exit, Trouble};
use crate::ui::printer::Colour;
use crate::ui::{Printer, Progress, Sink};

/// An agency's hand in all of its Instantly.ai client workspaces at once: planned, written down, verified.
#[derive(Debug, Parser)]
#[command(name = "keyholder", version, disable_help_subcommand = true, max_term_width = 100)]
#[command(
    after_help = "Begin with `keyholder demo`: everything below, on a built-in simulated fleet, no account needed."
)]
pub struct Cli {
    #[command(flatten)]
    global: args::Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the main job on a built-in simulated fleet: no account, no network beyond this machine.
    Demo(demo::Demo),
    /// Start a root: a commented keyholder.toml and one workspace file, or one per line of a client list.
    Init(init::Init),
    /// Verify every key, identity and scope, one line per workspace.
    Check(check::Check),
    /// Write the ids that the keys opened into the workspace files.
    Pin(pin::Pin),
    /// Write a workspace file for every accepted sub workspace of a group.
    Discover(discover::Discover),
    /// Bring people into workspaces.
    Onboard(onboard::Onboard),
    /// Take people out of workspaces: memberships, open invitations, and what they would leave behind.
    Offboard(offboard::Offboard),
    /// Show everything one person is or left, over all workspaces.
    Person(person::PersonCommand),
    /// List past leavers with any access found today.
    Leavers(leavers::Leavers),
    /// List members and open invitations, or send stale invitations again.
    Members(members::Members),
    /// Show who has access where: people and workspaces, roles, last logins, and what changed since.
    Access(access::AccessCommand),
    /// List the sending accounts of all workspaces: who sends from what, and whether it is healthy; keep whose they are.
    Accounts(accounts::Accounts),
    /// List the links of groups; hold them against the files, invite and remove workspaces.
    Groups(groups::Groups),
    /// List the API keys of all workspaces; audit, make, replace and revoke them.
    Keys(keys::Keys),
    /// Show who owns the workspaces, or give one workspace another owner.
    Owner(owner::Owner),
    /// List the tags of all workspaces; keep them as `[[tags]]` says, put them on, take them off.
    Tags(tags::Tags),
    /// List the campaigns of all workspaces: state, owner, tags.
    Campaigns(campaigns::Campaigns),
    /// Write bulk reports over all workspaces: tables of each and merged, sums, a page for the agency and one for each client.
    Report(report::Report),
    /// Show what the vendor's audit log tells of all workspaces: who did what, when, by which key; keep it in files.
    Trail(trail::Trail),
    /// Apply exactly a plan that a writing command saved with -o.
    Apply(apply::Apply),
    /// Go on with a run that did not come to its end.
    Resume(resume::Resume),
    /// List the runs in the ledger.
    Runs(runs::Runs),
    /// Show one run: who, why, which plan, every step and its outcome.
    Show(show::Show),
    /// Undo one run: draw what gives back what was there before, and apply it like any plan.
    Undo(undo::Undo),
    /// Read again what one run changed: what still holds, and what has drifted.
    Verify(verify::Verify),
    /// Write what proves a run to somebody who does not trust us.
    Evidence(evidence::EvidenceCommand),
    /// Run the simulator on this machine and write a root that points at it.
    Sim(sim::Sim),
    /// Print a shell's completions.
    Completions(help::Completions),
    /// Print the manual page.
    Man,
    /// Explain a topic or a command.
    Help(help::Help),
}

impl Command {
    /// Returns the name of a command on a fleet, for those who wait for it.
    fn name(&self) -> &'static str {
        match self {
            Self::Check(_) => "check",
            Self::Pin(_) => "pin",
            Self::Discover(_) => "discover",
            Self::Groups(_) => "groups",
            Self::Onboard(_) => "onboard",
            Self::Offboard(_) => "offboard",
            Self::Members(_) => "members",
            Self::Access(_) => "access",
            Self::Accounts(_) => "accounts",
            Self::Keys(_) => "keys",
            Self::Owner(_) => "owner",
            Self::Tags(_) => "tags",
            Self::Campaigns(_) => "campaigns",
            Self::Trail(_) => "trail",
            Self::Person(_) => "person",
            Self::Leavers(_) => "leavers",
            Self::Report(_) => "report",
            Self::Apply(_) => "apply",
            Self::Resume(_) => "resume",
            Self::Undo(_) => "undo",
            Self::Verify(_) => "verify",
            _ => "command",
        }
    }
}

/// What every command is handed.
#[derive(Debug, Clone)]
pub struct Door<'a> {
    /// The environment.
    pub env: &'a Env,
    /// The command's name.
    pub command: &'static str,
    /// Flags of every command.
    pub global: args::Global,
    /// The printer.
    pub printer: Printer,
    /// The clock.
    pub clock: Clock,
    /// Stopping.
    pub stop: Stop,
    /// What carries requests, where it is not the network.
    pub transport: Option<Arc<dyn Transport>>,
    /// Who is told of every commit to the ledger, in tests.
    pub probe: Option<Arc<dyn Probe>>,
    /// Who keeps the secrets of made keys, in tests.
    pub keeper: Option<Arc<dyn Keeper>>,
    /// What the lanes of the command share, once it has any.
    pub deck: Arc<OnceLock<Deck>>,
}

/// Runs the program and returns its exit code.
pub fn run(env: &Env) -> Exit {
    match Cli::try_parse_from(&env.args) {
        Ok(cli) => enter(env, cli),
        Err(error) => {
            // clap knows whether this is help (stdout, 0) or a mistake (stderr, 2).
            match error.print() {
                _ if error.use_stderr() => Exit::Usage,
                Err(unwritten) if unwritten.kind() != std::io::ErrorKind::BrokenPipe => Exit::Output,
                _ => Exit::Complete,
            }
        }
    }
}

fn enter(env: &Env, cli: Cli) -> Exit {
    let Cli { global, command } = cli;
    let colour = match global.color {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => env.stderr_is_terminal && env.var(variable::NO_COLOR).is_none(),
    };
    let progress = Progress::new(env.stderr_is_terminal && !global.quiet);
    let printer = Printer::new(global.quiet, colour, progress).at_root(global.root.as_deref());
    let result = match command {
        // These hold no key and talk to nobody, or run other commands themselves.
        Command::Demo(demo) => demo.run(env, &printer),
        Command::Init(init) => init.run(env, &global, &printer),
        Command::Sim(sim) => sim.run(env, &printer),
        Command::Completions(completions) => completions.run(&printer),
        Command::Man => help::man(&printer),
        Command::Help(help) => help.run(&printer),
        other => in_runtime(env, global, &printer, other),
    };
    result.unwrap_or_else(|trouble| {
        printer.trouble(&trouble);
        trouble.exit
    })
}

fn in_runtime(env: &Env, global: args::Global, printer: &Printer, command: Command) -> Result<Exit, Trouble> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Trouble::new(Exit::Bug, error))?;
    let result = runtime.block_on(async {
        let door = Door {
            env,
            command: command.name(),
            global,
            printer: printer.clone(),
            clock: Clock::starting_at(env.start),
            stop: Stop::default(),
            transport: None,
            probe: None,
            keeper: None,
            deck: Arc::default(),
        };
        let work = dispatch(&door, command);
        tokio::select! {
            biased;
            result = work => result,
            never = signals::watch(&door.stop, printer) => match never {},
        }
    });
    // A prompt may still be reading standard input on its own thread; nobody waits for it.
    runtime.shutdown_background();
    result
}

/// What a run inside another program is given in place of the process's own: the simulator in-process instead of the network,
/// memory instead of the streams.
#[derive(Debug, Clone)]
pub struct Inside {
    /// What carries requests.
    pub transport: Arc<dyn Transport>,
    /// Who is told of every commit to the ledger.
    pub probe: Option<Arc<dyn Probe>>,
    /// Who keeps the secrets of made keys, where it is not the files' own way.
    pub keeper: Option<Arc<dyn Keeper>>,
    /// The clock; under a paused runtime all waiting is virtual.
    pub clock: Clock,
    /// Stopping.
    pub stop: Stop,
    /// Standard output.
    pub out: Sink,
    /// Standard error.
    pub err: Sink,
}

/// Runs a command on a fleet inside a runtime that is already there, and returns its exit code.
pub async fn run_inside(env: &Env, inside: &Inside) -> Exit {
    let printer = |quiet| Printer::new(quiet, false, Progress::new(false)).into(inside.out.clone(), inside.err.clone());
    let cli = match Cli::try_parse_from(&env.args) {
        Ok(cli) => cli,
        Err(error) => {
            printer(false).insist(&error.render().to_string());
            return if error.use_stderr() { Exit::Usage } else { Exit::Complete };
        }
    };
    let door = Door {
        env,
        command: cli.command.name(),
        printer: printer(cli.global.quiet).at_root(cli.global.root.as_deref()),
        global: cli.global,
        clock: inside.clock,
        stop: inside.stop.clone(),
        transport: Some(Arc::clone(&inside.transport)),
        probe: inside.probe.clone(),
        keeper: inside.keeper.clone(),
        deck: Arc::default(),
    };
    dispatch(&door, cli.command).await.unwrap_or_else(|trouble| {
        door.printer.trouble(&trouble);
        trouble.exit
    })
}

/// Runs a command, and says what it used of the limit where that is worth a word.
async fn dispatch(door: &Door<'_>, command: Command) -> Result<Exit, Trouble> {
    let exit = Box::pin(perform_one(door, command)).await?;
    if let Some(said) = door.deck.get().and_then(|deck| deck.used().say()) {
        door.printer.say(&said);
    }
    Ok(exit)
}

async fn perform_one(door: &Door<'_>, command: Command) -> Result<Exit, Trouble> {
    match command {
        Command::Check(check) => check.run(door).await,
        Command::Pin(pin) => pin.run(door).await,
        Command::Discover(discover) => Box::pin(discover.run(door)).await,
        Command::Groups(groups) => Box::pin(groups.run(door)).await,
        Command::Onboard(onboard) => Box::pin(onboard.run(door)).await,
        Command::Offboard(offboard) => Box::pin(offboard.run(door)).await,
        Command::Person(person) => Box::pin(person.run(door)).await,
        Command::Leavers(leavers) => Box::pin(leavers.run(door)).await,
        Command::Members(members) => Box::pin(members.run(door)).await,
        Command::Access(access) => Box::pin(access.run(door)).await,
        Command::Accounts(accounts) => Box::pin(accounts.run(door)).await,
        Command::Keys(keys) => Box::pin(keys.run(door)).await,
        Command::Owner(owner) => Box::pin(owner.run(door)).await,
        Command::Tags(tags) => Box::pin(tags.run(door)).await,
        Command::Campaigns(campaigns) => Box::pin(campaigns.run(door)).await,
        Command::Report(report) => Box::pin(report.run(door)).await,
        Command::Trail(trail) => Box::pin(trail.run(door)).await,
        Command::Apply(apply) => Box::pin(apply.run(door)).await,
        Command::Resume(resume) => Box::pin(resume.run(door)).await,
        Command::Runs(runs) => runs.run(door).await,
        Command::Show(show) => show.run(door).await,
        Command::Undo(undo) => Box::pin(undo.run(door)).await,
        Command::Verify(verify) => Box::pin(verify.run(door)).await,
        Command::Evidence(evidence) => evidence.run(door).await,
        Command::Demo(_)
        | Command::Init(_)
        | Command::Sim(_)
        | Command::Completions(_)
        | Command::Man
        | Command::Help(_) => {
            Err(Trouble::new(Exit::Usage, "this command runs on its own, not inside another program"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
