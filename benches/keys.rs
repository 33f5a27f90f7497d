//! Figures of an audit of keys: a thousand workspaces of fifty keys each.
//!
//! `cargo bench --bench keys`: how many requests it took beside the least that an answer to every question takes, how long, and how much
//! memory for a quarter of the fleet, for half of it and for all of it: that it grows only with what is known of the fleet itself.
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
/// Keys of a workspace, and how many of them somebody is known to have made.
const KEYS: usize = 50;
/// Who it is, who is there, which keys there are, who made them, when they were used: a page of each.
const LEAST: usize = 5;

fn main() {
    for workspaces in [250, 500, 1_000] {
        audit(workspaces);
    }
}

fn audit(workspaces: usize) {
    let sim = Sim::of_script(&world(workspaces), AWAY);
    // What is known of the fleet without asking anybody: its files, keys and places.
    let (resting, _) = measure(sim.keyholder().args(["--format", "csv", "runs"]));
    let (first, _) = measure(sim.keyholder().args(["--format", "csv", "keys", "audit"]));
    // The second time the ledger knows every key.
    let (took, said) = measure(sim.keyholder().args(["--format", "csv", "keys", "audit"]));
    let requests = requests(&said);
    let least = workspaces * LEAST;
    println!("\n== audit of {workspaces} workspaces of {KEYS} keys");
    println!("requests                   {requests:>8} (the least: {least})");
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    let ratio = requests as f64 / least as f64;
    println!("requests ÷ least           {ratio:>8.3}");
    println!("time, first and again      {:>8.1} s, {:.1} s", wall(&first), wall(&took));
    println!("memory, first and again    {:>8.1} MB, {:.1} MB", memory(&first), memory(&took));
    println!("memory at rest             {:>8.1} MB", memory(&resting));
}

fn world(workspaces: usize) -> String {
    let mut script = "version = 1\n".to_owned();
    for number in 0..workspaces {
        let _infallible = write!(
            script,
            "[[workspace]]\nname = \"client-{number:04}\"\nowner = \"founder@agency.example\"\nadmin = [\"ops@agency.example\"]\n\
             editor = [\"eve@agency.example\"]\nkeys = [{{ name = \"main\" }}, {{ name = \"sync\", count = {}, \
             scopes = [\"leads:all\"], by = \"eve@agency.example\", record = \"id\", created = \"2026-06-01T08:00:00Z\", \
             used = \"2026-11-02T08:00:00Z\" }}]\n",
            KEYS - 1
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
