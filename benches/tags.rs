//! Figures of tagging: five thousand accounts in each of a hundred workspaces.
//!
//! `cargo bench --bench tags`: how many requests it took beside the fewest that it takes, how long, and how much memory for a quarter of the
//! fleet, for half of it and for all of it: that it grows only with what is named in the plan.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[expect(clippy::allow_attributes, reason = "each bench uses a part of what they share")]
#[allow(dead_code, reason = "each bench uses a part of what they share")]
#[path = "support/mod.rs"]
mod support;

use std::fmt::Write as _;
use std::time::Duration;

use support::{Sim, measure, memory, wall};

/// How far away the simulator is.
const AWAY: Duration = Duration::from_millis(20);
const ACCOUNTS: usize = 5_000;
/// Who it is and which tags there are, twice; the accounts; what carries tags; a hundred a call, and a hundred a look-up.
const LEAST: usize = 2 + 2 + ACCOUNTS / 100 + 1 + 2 * (ACCOUNTS / 100);

fn main() {
    for workspaces in [25, 50, 100] {
        tag(workspaces);
    }
}

fn tag(workspaces: usize) {
    let sim = Sim::of_script(&world(workspaces), AWAY);
    let assign = ["--format", "csv", "tags", "assign", "north", "--accounts", "*", "--all"];
    let (planned, _) = measure(sim.keyholder().args(assign).arg("--plan-only"));
    let (took, said) = measure(sim.keyholder().args(assign).arg("--yes"));
    let requests = requests(&said);
    let least = workspaces * LEAST;
    println!("\n== tagging {ACCOUNTS} accounts in each of {workspaces} workspaces");
    println!("requests                   {requests:>8} (the fewest: {least})");
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    let ratio = requests as f64 / least as f64;
    println!("requests ÷ fewest          {ratio:>8.3}");
    println!("time, plan and all         {:>8.1} s, {:.1} s", wall(&planned), wall(&took));
    println!("memory, plan and all       {:>8.1} MB, {:.1} MB", memory(&planned), memory(&took));
    assert!(ratio <= 1.05, "more than a twentieth more than the fewest");
}

fn world(workspaces: usize) -> String {
    let mut script = "version = 1\n".to_owned();
    for number in 0..workspaces {
        let _infallible = write!(
            script,
            "[[workspace]]\nname = \"client-{number:04}\"\nowner = \"founder@agency.example\"\nadmin = [\"ops@agency.example\"]\n\
             accounts = [{{ email = \"box@mail-{number}.example\", count = {ACCOUNTS} }}]\ntags = [{{ label = \"north\" }}]\n"
        );
    }
    script
}

/// The number before the word `requests` in what was said last.
fn requests(said: &str) -> usize {
    let words: Vec<&str> = said.split_whitespace().collect();
    let at = words.iter().rposition(|word| word.starts_with("request")).expect("it says how many");
    words[at - 1].replace(',', "").parse().expect("a number stands before it")
}
