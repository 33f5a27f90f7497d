//! The goals of speed and fairness, measured side by side and in turn, as a table of Markdown.
//!
//! ```text
//! cargo bench --bench goals                       # all but `build`, in about ten minutes
//! cargo bench --bench goals -- sweep rejections   # cases alone: see CASES
//! cargo bench --bench goals -- --rounds 3 peers   # other than five rounds
//! ```
//!
//! `real` and what uses it (sweep, peers, report, memory, trail, binary) measures the release binary against a simulator in a process of its own;
//! `stage` and what uses it (skewed, limits, the schedule of report) runs in this process in virtual time, where only the schedule counts.
//! `benches/README.md` says how each figure is taken.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::disallowed_methods, reason = "a benchmark is a program of its own")]

mod fleet;
mod floor;
mod goal;
mod limits;
mod peers;
mod real;
mod report;
mod serve;
mod skewed;
mod small;
mod stage;
mod sweep;

#[expect(clippy::allow_attributes, reason = "each bench uses a part of what they share")]
#[allow(dead_code, reason = "each bench uses a part of what they share")]
#[path = "../support/mod.rs"]
mod support;

#[path = "../support/inside.rs"]
mod inside;

use std::path::Path;

use floor::Written;
use goal::Row;

/// Measures a case; how many rounds is told.
type Case = fn(usize) -> Vec<Row>;

/// The cases by name, in the order of the table. Those after `binary` are taken on request alone.
const CASES: [(&str, Case); 12] = [
    ("sweep", sweep::sweep),
    ("writes", |_| limits::writes()),
    ("rejections", |_| limits::rejections()),
    ("skewed", |_| skewed::skewed()),
    ("peers", peers::peers),
    ("memory", |_| small::memory()),
    ("trail", small::trail),
    ("firstrow", sweep::first),
    ("lost", |_| limits::lost()),
    ("report", |_| report::all()),
    ("binary", |_| small::binary()),
    ("build", |_| small::build()),
];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["--serve", fleet, latency, jitter, home] => serve::serve(fleet, latency, jitter, home),
        [floor @ ("--floor" | "--filing-floor"), base, root, in_flight, out] => {
            let written = if *floor == "--floor" { Written::Merged } else { Written::Filed };
            floor::floor(base, Path::new(root), in_flight.parse().expect("a number"), Path::new(out), written);
        }
        ["--rounds", rounds, cases @ ..] => measure(rounds.parse().expect("a number of rounds"), cases),
        cases => measure(5, cases),
    }
}

fn measure(rounds: usize, cases: &[&str]) {
    let chosen: Vec<&(&str, Case)> = if cases.is_empty() {
        CASES.iter().filter(|(name, _)| *name != "build").collect()
    } else {
        cases.iter().map(|case| named(case)).collect()
    };
    if let [(name, case)] = chosen[..] {
        println!("{}", goal::table(&taken(name, *case, rounds)));
        return;
    }
    let lines: Vec<String> = chosen.into_iter().flat_map(|(name, _)| alone(name, rounds)).collect();
    println!("{}{}", goal::table(&[]), lines.join("\n"));
}

fn taken(name: &str, case: Case, rounds: usize) -> Vec<Row> {
    let before = support::now();
    let taken = case(rounds);
    say(&format!("{name}: {:.0} s", before.elapsed().as_secs_f64()));
    for Row { goal, target, measured, how } in &taken {
        say(&format!("  {goal}: {measured} ({target})\n    {how}"));
    }
    taken
}

/// Takes a case in a process of its own, and returns its lines of the table: what a child is said to have taken of memory at most counts in what
/// its parent had when it was started, and a fleet that was simulated in here stays.
fn alone(name: &str, rounds: usize) -> Vec<String> {
    let this = std::env::current_exe().expect("this program has a path");
    let mut command = std::process::Command::new(this);
    let command = command.args(["--rounds", &rounds.to_string(), name]).stderr(std::process::Stdio::inherit());
    let output = command.output().expect("this program can be started");
    assert!(output.status.success(), "case `{name}` fails");
    let table = String::from_utf8(output.stdout).expect("UTF-8");
    table.lines().skip(2).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn named(case: &str) -> &'static (&'static str, Case) {
    let all = CASES.map(|(name, _)| name).join(", ");
    CASES.iter().find(|(name, _)| *name == case).unwrap_or_else(|| panic!("no case `{case}`: {all}"))
}

#[expect(clippy::print_stderr, reason = "the table alone goes to standard output")]
fn say(line: &str) {
    eprintln!("{line}");
}
