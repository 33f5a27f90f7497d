//! Figures of starting: `keyholder --help` beside the least a process can do.
//!
//! `cargo bench --bench startup`
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[path = "support/mod.rs"]
#[expect(dead_code, reason = "the simulator is for the others")]
mod support;

use std::process::Command;

use support::{KEYHOLDER, by_turns, cpu, measure, median, ratio, wall};

fn main() {
    let [help, nothing] = by_turns(
        51,
        [&mut || measure(Command::new(KEYHOLDER).env_clear().arg("--help")).0, &mut || {
            measure(Command::new("true").env_clear()).0
        }],
    );
    let [_, times, _] = ratio(&help, &nothing, wall);
    println!("\n== start-up, median of {}", help.len());
    println!(
        "`keyholder --help` takes {:.1} ms more than `true`, {times:.1} times as long",
        (median(&help, wall) - median(&nothing, wall)) * 1e3
    );
    println!("of it CPU: {:.1} ms more", (median(&help, cpu) - median(&nothing, cpu)) * 1e3);
}
