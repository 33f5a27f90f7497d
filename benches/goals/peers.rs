//! The same sweep by good scripts, by the bare floor and by us: side by side, in turn.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::fleet::Fleet;
use crate::floor::Written;
use crate::goal::{Row, count};
use crate::real::{LISTS, contender, floor, in_flight, report};
use crate::serve::{self, Away};
use crate::support::{Took, by_turns, cpu, median, memory, wall};

/// 50 ± 20 ms.
const AWAY: Away = Away { latency: Duration::from_millis(30), jitter: Duration::from_millis(20) };

pub(crate) fn peers(rounds: usize) -> Vec<Row> {
    let mut rows = beside(1_000, rounds, "≥ 4 × ahead, ≥ 5 × less CPU");
    rows.extend(beside(3_000, rounds.min(1), "≥ 5 × ahead, ≥ 5 × less CPU"));
    rows
}

fn beside(workspaces: usize, rounds: usize, target: &'static str) -> Vec<Row> {
    let (flights, words) = (512, in_flight(512));
    let sim = serve::start(&Fleet::of_lists(workspaces), AWAY);
    let mut requests = 0;
    let served = sim.cpu();
    let ours: &mut dyn FnMut() -> Took = &mut || {
        let reported = report(&sim, &LISTS, &words);
        requests = reported.requests;
        reported.took
    };
    let (python, node) = (python(), node());
    let script =
        |command: Option<Command>| command.map_or_else(Took::default, |mut c| contender(&sim, &mut c, flights));
    let [ours, bare, filing, aiohttp, fetch] = by_turns(
        rounds,
        [
            ours,
            &mut || floor(&sim, flights, Written::Merged),
            &mut || floor(&sim, flights, Written::Filed),
            &mut || script(python.as_ref().map(Script::command)),
            &mut || script(node.as_ref().map(Script::command)),
        ],
    );
    let mut rows = Vec::new();
    let served = sim.cpu() - served;
    let best = [&aiohttp, &fetch].into_iter().filter(|taken| median(taken, wall) > 0.0);
    let least = |measure: fn(&Took) -> f64| best.clone().map(|taken| median(taken, measure)).fold(f64::MAX, f64::min);
    let measured = if python.is_none() && node.is_none() {
        "neither script could be run".to_owned()
    } else {
        format!("{:.1} × ahead, {:.1} × less CPU", least(wall) / median(&ours, wall), least(cpu) / median(&ours, cpu))
    };
    let taken = |name: &str, taken: &[Took]| match median(taken, wall) {
        0.0 => format!("{name}: not there"),
        took => format!("{name} {took:.1} s, CPU {:.1} s, {:.0} MB", median(taken, cpu), median(taken, memory)),
    };
    let all =
        [taken("keyholder", &ours), taken("floor", &bare), taken("aiohttp", &aiohttp), taken("Node fetch", &fetch)];
    rows.push(Row::new(
        format!("ahead of the best script, {workspaces} workspaces"),
        target,
        measured,
        format!(
            "{requests} requests, of them {workspaces} for identities that only keyholder asks; 50 ± 20 ms, {flights} in flight; {}; the simulator, on the same cores, {served:.0} s of CPU in all",
            all.join("; ")
        ),
    ));
    let each = |taken: &[Took], requests: usize| median(taken, cpu) * 1e6 / count(requests);
    let [ours, bare, filing] =
        [each(&ours, requests), each(&bare, requests - workspaces), each(&filing, requests - workspaces)];
    rows.push(Row::new(
        format!("CPU a request ÷ bare floor with the same decoding and writing, {workspaces} workspaces"),
        "≤ 1.3",
        format!("{:.2}; beside merged lists alone {:.2}", ours / filing, ours / bare),
        format!("{ours:.0} µs; {filing:.0} µs with a hashed file for each list of each workspace, hashed again and merged; {bare:.0} µs with merged lists alone"),
    ));
    rows
}

/// A script and what runs it.
struct Script {
    runs: PathBuf,
    file: PathBuf,
}

impl Script {
    fn of(runs: impl Into<PathBuf>, file: &str) -> Self {
        let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        Self { runs: runs.into(), file: here.join("benches/peers").join(file) }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.runs);
        command.arg(&self.file);
        command
    }
}

/// Python with aiohttp: that of `PEERS_PYTHON`, else `python3`. Says loudly where there is none.
fn python() -> Option<Script> {
    let runs = std::env::var("PEERS_PYTHON").unwrap_or_else(|_unset| "python3".to_owned());
    let there = works(Command::new(&runs).args(["-c", "import aiohttp"]));
    if !there {
        missing(&format!(
            "`{runs}` with aiohttp is not there: pip install -r benches/peers/requirements.txt into a venv, and name its Python in PEERS_PYTHON"
        ));
    }
    there.then(|| Script::of(runs, "sweep_aiohttp.py"))
}

fn node() -> Option<Script> {
    let there = works(Command::new("node").args(["-e", "if (typeof fetch !== 'function') process.exit(1)"]));
    if !there {
        missing("`node` with fetch (18 or later) is not there");
    }
    there.then(|| Script::of("node", "sweep_node.mjs"))
}

fn works(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

#[expect(clippy::print_stderr, reason = "a column of the table stays empty, and whoever runs it should know")]
fn missing(what: &str) {
    eprintln!("\n!!! {what}\n!!! its column stays empty\n");
}
