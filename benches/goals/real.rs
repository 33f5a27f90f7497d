//! The real binary over loopback, and what it is asked for.

use std::path::Path;
use std::process::Command;

use crate::floor::Written;
use crate::support::{Sim, Took, measure};

/// The days of the reports: those the generated trails have records of.
const DAYS: [&str; 4] = ["--since", "2026-10-21", "--until", "2026-11-19"];
/// The four lists that all contenders sweep.
pub(crate) const LISTS: [&str; 4] = ["members", "webhooks", "lists", "jobs"];

/// Returns the words that ask for so many requests in flight.
pub(crate) fn in_flight(wanted: usize) -> [String; 2] {
    ["--in-flight".to_owned(), wanted.to_string()]
}

/// One report: what it took, and how many requests it foretold and sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reported {
    pub(crate) took: Took,
    pub(crate) requests: usize,
    pub(crate) foretold: usize,
}

/// Reports once, into a folder that is gone afterwards.
pub(crate) fn report(sim: &Sim, kinds: &[&str], more: &[String]) -> Reported {
    let out = tempfile::tempdir_in(sim.folder()).expect("a folder can be made");
    let mut command = sim.keyholder();
    command.args(["--format", "csv", "report"]).args(kinds).args(DAYS).args(more);
    let (took, said) = measure(command.arg("--out").arg(out.path().join("report")));
    let line = said.lines().find(|line| line.contains(" foretold)")).unwrap_or_else(|| panic!("it counts:\n{said}"));
    Reported { took, requests: before(line, "request"), foretold: before(line, "foretold") }
}

/// Sweeps the same with the bare floor, which is this program in a process of its own.
pub(crate) fn floor(sim: &Sim, in_flight: usize, written: Written) -> Took {
    let this = std::env::current_exe().expect("this program has a path");
    let mut command = Command::new(this);
    let word = if written == Written::Merged { "--floor" } else { "--filing-floor" };
    contender(sim, command.arg(word), in_flight)
}

/// Lets a program sweep: told the origin, the root, how many in flight and where to write.
pub(crate) fn contender(sim: &Sim, command: &mut Command, in_flight: usize) -> Took {
    let out = tempfile::tempdir_in(sim.folder()).expect("a folder can be made");
    command.arg(sim.base()).arg(sim.root()).arg(in_flight.to_string()).arg(out.path());
    let (took, _said) = measure(command);
    for list in LISTS {
        let file = out.path().join(format!("{list}.csv"));
        assert!(file.metadata().is_ok_and(|file| file.len() > 0), "{command:?} wrote {list}");
    }
    took
}

/// Writes lines into `[defaults]` of a root.
pub(crate) fn set(root: &Path, lines: &str) {
    let file = root.join("keyholder.toml");
    let text = std::fs::read_to_string(&file).expect("the root has a file");
    std::fs::write(&file, format!("{text}{lines}\n")).expect("it can be written");
}

/// The number before the first word that begins so; `1,200 requests`, `12 foretold)`.
fn before(line: &str, word: &str) -> usize {
    let words: Vec<&str> = line.split_whitespace().collect();
    let at = words.iter().position(|found| found.starts_with(word)).unwrap_or_else(|| panic!("no `{word}`: {line}"));
    let number = words[at - 1].trim_start_matches('(').replace(',', "");
    number.parse().unwrap_or_else(|_| panic!("no number before `{word}`: {line}"))
}
