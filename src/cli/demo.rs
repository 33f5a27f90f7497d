//! `keyholder demo`: the main job on a simulated fleet, each command shown as a person would type it.

use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use clap::Args;
use rustix::process::{Pid, Signal, kill_process};

use crate::clock::Clock;
use crate::env::Env;
use crate::sim::server::Running;
use crate::sim::{LocalSettings, Phase, World, root, server};
use crate::trouble::{Exit, Trouble};
use crate::ui::{Printer, words};

/// Run the main job on a built-in simulated fleet, over real HTTP on this machine: no account, nothing leaves it.
#[derive(Debug, Args)]
pub struct Demo {
    /// Folder for its files; must be new or empty. Else a new one among the temporary files.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Leave the simulator running afterwards, so that every command can be repeated.
    #[arg(long)]
    keep: bool,
}

/// The two who come and the one who goes.
const NEW: [&str; 2] = ["nadia.new@northwind.example", "omar.new@northwind.example"];
const LEAVER: &str = "marta.leaver@northwind.example";

/// Selects all but the workspaces that cannot be read or written.
const HEALTHY: [&str; 9] = ["--all", "-x", "harrow-lane", "-x", "old-mill", "-x", "quickstep", "-x", "silverline"];

/// Removals that take effect before the process is killed.
const KILLED_AFTER: usize = 7;

/// What one request takes, there and back: enough to see the lanes run at once.
const LATENCY: Duration = Duration::from_millis(20);

impl Demo {
    /// Runs the command.
    pub fn run(self, env: &Env, printer: &Printer) -> Result<Exit, Trouble> {
        let dir = self.folder(env)?;
        let world = World::northwind(1);
        let settings = LocalSettings { latency: LATENCY, ..LocalSettings::default() };
        let running = server::start(world.clone(), Clock::starting_at(env.start), 0, settings)
            .map_err(|error| Trouble::because(Exit::Bug, "the simulator could not listen on 127.0.0.1", error))?;
        root::write(&world, &dir, running.base_url()).map_err(|error| {
            Trouble::because(Exit::Config, "the demo's files could not be written", error)
                .advise("name a new or empty folder with --dir")
        })?;
        let stage = Stage { world, dir, program: program()?, printer, table: !env.stdout_is_terminal };
        stage.play()?;
        if self.keep {
            keep(&stage, running)?;
        }
        Ok(Exit::Complete)
    }

    fn folder(&self, env: &Env) -> Result<PathBuf, Trouble> {
        if let Some(dir) = &self.dir {
            return Ok(env.cwd.join(dir));
        }
        let mark = format!("keyholder-demo-{:08x}", env.seed & 0xffff_ffff);
        let parent = env.var("TMPDIR").map_or_else(|| PathBuf::from("/tmp"), PathBuf::from);
        let dir = parent.join(mark);
        std::fs::create_dir(&dir).map_err(|error| {
            Trouble::because(Exit::Config, format!("`{}` could not be made", dir.display()), error)
                .advise("name a folder with --dir")
        })?;
        Ok(dir)
    }
}

/// The demo runs the very program it is part of, as a person would.
fn program() -> Result<PathBuf, Trouble> {
    std::env::current_exe().map_err(|error| Trouble::new(Exit::Bug, error))
}

/// The folder, the simulator and the way commands are shown.
struct Stage<'a> {
    world: World,
    dir: PathBuf,
    program: PathBuf,
    printer: &'a Printer,
    /// Whether a table must be asked for, because nobody's terminal is behind standard output.
    table: bool,
}

impl Stage<'_> {
    fn play(&self) -> Result<(), Trouble> {
        let names = self.world.names().len();
        self.say(&format!(
            "A simulated agency with {names} client workspaces runs on this machine; its root is {}",
            self.dir.display()
        ));
        self.say(
            "harrow-lane's key is dead, old-mill's plan has lapsed, quickstep is over its limit, silverline may only be observed; \
             larkspur and tidewater are reached through the agency's own key.",
        );

        self.act(
            "Is every key what the files say? One line per workspace; three have trouble, each with its own advice:",
        );
        self.run(&["check"], &[Exit::Incomplete])?;

        self.act(
            "Bring two people into every workspace. Three cannot be read, one may only be observed; all others go on:",
        );
        let onboard = ["onboard", NEW[0], NEW[1], "--preset", "sdr", "--all", "--yes", "--reason", "new SDRs"];
        self.run(&onboard, &[Exit::SomeFailed])?;

        self.act("The same wish again: everything is there already, so nothing is sent (those four left out with -x):");
        let before = self.written();
        self.run(&with(&onboard[..5], &HEALTHY, &["--yes"]), &[Exit::Complete])?;
        self.say(&format!("  the simulator counted {} in that run", words::count(self.written() - before, "write")));

        self.act(&format!(
            "{LEAVER} leaves. First the plan, saved for review; pemberton's key may not list keys, and one of theirs may be there:"
        ));
        let plan = "leaver.plan.json";
        let offboard = ["offboard", LEAVER];
        self.run(&with(&offboard, &HEALTHY, &["-o", plan, "--detailed-exitcode"]), &[Exit::Incomplete])?;

        self.act("A plan that removes anyone is applied by its id, never by --yes: the reviewed plan or nothing:");
        let id = self.plan_id(plan)?;
        self.say(&format!("  (and after {KILLED_AFTER} removals the process is killed, as a crash would)"));
        self.run_killed(&["apply", plan, "--confirm", &id[..12], "--reason", "left the company"], KILLED_AFTER)?;

        self.act(
            "It died half-way. What it did is in the ledger; resume looks, sends what is missing, and nothing twice. The certificate \
             of the leaver is incomplete, and says that it is pemberton's keys:",
        );
        self.run(&["resume"], &[Exit::Incomplete])?;

        self.act("Does it hold? Every workspace of the run is read again; and what proves the run is written for the client:");
        self.run(&["verify"], &[Exit::Complete])?;
        self.run(&["evidence", "--out", "proof"], &[Exit::Complete])?;
        self.say(&format!(
            "  {0}/proof/index.html is the page for people, {0}/proof/CHECK.md says how to check it",
            self.dir.display()
        ));

        self.act(
            "Keys outlive people, and the API shows neither maker nor last use. What is there to be said against the clients' keys? \
             Here four of the rules; without --code it is all of them, and `keyholder help CODE` explains each:",
        );
        let rules = ["maker-left", "undocumented-scope", "duplicate-name", "resource-wide"];
        let codes: Vec<&str> = rules.into_iter().flat_map(|rule| ["--code", rule]).collect();
        self.run(&with(&["keys", "audit"], &HEALTHY, &codes), &[Exit::Incomplete])?;

        self.act(
            "So do mailboxes and labels. Whose are the sending accounts (one is still the leaver's), and does every workspace have \
             the tags that keyholder.toml names?",
        );
        let all_but = with(&HEALTHY, &["-x", "pemberton"], &[]);
        self.run(&with(&["accounts", "owners", "audit"], &all_but, &[]), &[Exit::Complete])?;
        self.run(&with(&["tags", "sync"], &all_but, &["--yes"]), &[Exit::Complete])?;

        self.act("Who is in there now, as CSV for a spreadsheet:");
        self.run_into(&with(&["members"], &HEALTHY, &["--format", "csv"]), "members.csv", &[Exit::Complete])?;

        self.act(
            "And all of it at once: tables, sums, a workbook and pages, for the agency and for each client alone. It is incomplete, and \
             says what it could not see:",
        );
        self.run_as_typed(&["report", "all", "--xlsx", "--out", "report"], &[Exit::Incomplete])?;
        self.say(&format!(
            "  {0}/report/index.html is the agency's page, {0}/report/workspaces/amberfield/index.html what one client is given",
            self.dir.display()
        ));

        self.act("Everything was written down before it was sent, in a chain that can be checked:");
        self.run(&["runs"], &[Exit::Complete])?;

        let left = self
            .world
            .names()
            .iter()
            .filter(|name| self.world.members(name).iter().any(|member| member.email == LEAVER))
            .count();
        self.say("");
        self.say(&format!(
            "Done. {LEAVER} is still in {}: where the key is dead and nothing could be read or done. It was left out by name, so \
             no report above claims it.",
            words::count(left, "workspace")
        ));
        self.say(&format!(
            "Look around in {}: members.csv, report/, {plan}, workspaces/, .keyholder/ledger.db",
            self.dir.display()
        ));
        Ok(())
    }

    fn say(&self, line: &str) {
        self.printer.insist(line);
    }

    fn act(&self, line: &str) {
        self.say("");
        self.say(&self.printer.painted(&format!("# {line}"), "1"));
    }

    /// Writes that took effect in the simulated world so far.
    fn written(&self) -> usize {
        self.world.names().iter().map(|name| self.world.writes(name)).sum()
    }

    fn plan_id(&self, file: &str) -> Result<String, Trouble> {
        let text = std::fs::read_to_string(self.dir.join(file)).map_err(|error| Trouble::new(Exit::Bug, error))?;
        let loaded = crate::plan::file::load(&text).map_err(|error| Trouble::new(Exit::Bug, error))?;
        Ok(loaded.plan.id.to_string())
    }

    fn run(&self, args: &[&str], expected: &[Exit]) -> Result<(), Trouble> {
        let mut args = args.to_vec();
        if self.table {
            args.extend(["--format", "table"]);
        }
        self.run_as_typed(&args, expected)
    }

    fn run_as_typed(&self, args: &[&str], expected: &[Exit]) -> Result<(), Trouble> {
        self.say(&format!("$ cd {} && keyholder {}", self.dir.display(), shown(args)));
        self.finish(self.command(args).status(), expected)
    }

    fn run_into(&self, args: &[&str], file: &str, expected: &[Exit]) -> Result<(), Trouble> {
        self.say(&format!("$ cd {} && keyholder {} > {file}", self.dir.display(), shown(args)));
        let out = super::session::private_file(&self.dir.join(file), false)
            .map_err(|error| Trouble::new(Exit::Output, error))?;
        self.finish(self.command(args).stdout(Stdio::from(out)).status(), expected)
    }

    /// Runs a command and kills it as soon as so many of its writes took effect.
    fn run_killed(&self, args: &[&str], writes: usize) -> Result<(), Trouble> {
        self.say(&format!("$ cd {} && keyholder {}", self.dir.display(), shown(args)));
        let victim: Arc<OnceLock<Pid>> = Arc::default();
        let (to_kill, done) = (Arc::clone(&victim), AtomicUsize::new(0));
        self.world.at_request(move |seen, phase| {
            let wrote = phase == Phase::Handled && seen.wrote;
            if wrote && done.fetch_add(1, Ordering::Relaxed) + 1 == writes {
                // One that has ended by itself cannot be killed, and is found out below.
                let _gone = to_kill.get().map(|pid| kill_process(*pid, Signal::KILL));
            }
        });
        let bug = |error| Trouble::new(Exit::Bug, error);
        let mut child = self.command(args).spawn().map_err(bug)?;
        let _once = victim.set(Pid::from_child(&child));
        let status = child.wait().map_err(bug)?;
        self.world.at_request(|_, _| {});
        if status.signal() == Some(Signal::KILL.as_raw()) {
            return Ok(());
        }
        Err(Trouble::new(Exit::Bug, format!("the command was to be killed, and ended with {status}")))
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(&self.dir).args(args).stdin(Stdio::null());
        command
    }

    fn finish(&self, status: std::io::Result<std::process::ExitStatus>, expected: &[Exit]) -> Result<(), Trouble> {
        let status = status.map_err(|error| Trouble::new(Exit::Bug, error))?;
        let code = status.code();
        if expected.iter().any(|exit| code == Some(i32::from(exit.code()))) {
            return Ok(());
        }
        let expected: Vec<String> = expected.iter().map(|exit| exit.code().to_string()).collect();
        Err(Trouble::new(
            Exit::Bug,
            format!("the command ended with {status}, expected was exit {}", expected.join(" or ")),
        )
        .advise(format!("its files are in {}", self.dir.display())))
    }
}

fn with<'s>(first: &[&'s str], middle: &[&'s str], last: &[&'s str]) -> Vec<&'s str> {
    [first, middle, last].concat()
}

/// Writes arguments as a person would type them.
fn shown(args: &[&str]) -> String {
    let quoted: Vec<String> =
        args.iter().map(|arg| if arg.contains(' ') { format!("\"{arg}\"") } else { (*arg).to_owned() }).collect();
    quoted.join(" ")
}

/// Leaves the simulator running until Ctrl-C.
fn keep(stage: &Stage<'_>, mut running: Running) -> Result<(), Trouble> {
    stage.say(&format!("The simulator goes on at {}; repeat any command above. Ctrl-C ends it.", running.base_url()));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Trouble::new(Exit::Bug, error))?;
    runtime.block_on(async { running.wait().await }).map_err(|error| Trouble::new(Exit::Bug, error))
}
