//! Figures of an offboarding: three leavers out of hundreds of workspaces, with all that they own.
//!
//! `cargo bench --bench offboard`: how many requests it took beside the least it could have taken, as the run itself says, and how much
//! memory for a fifth of the fleet and for all of it.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[expect(clippy::allow_attributes, reason = "each bench uses a part of what they share")]
#[allow(dead_code, reason = "each bench uses a part of what they share")]
#[path = "support/mod.rs"]
mod support;

use std::fmt::Write as _;
use std::time::Duration;

use support::{Sim, measure, memory};

/// How far away the simulator is.
const AWAY: Duration = Duration::from_millis(20);
/// Who leaves, and who has it all afterwards.
const LEAVERS: [&str; 3] = ["bob@agency.example", "cleo@agency.example", "dan@agency.example"];
const HEIR: &str = "eve@agency.example";
/// Campaigns of a workspace.
const CAMPAIGNS: usize = 200;

fn main() {
    for (workspaces, theirs) in
        [(100, 20), (500, 20), (100, CAMPAIGNS / LEAVERS.len()), (500, CAMPAIGNS / LEAVERS.len())]
    {
        offboard(workspaces, theirs);
    }
}

/// Offboards the three, each of whom owns so many of the campaigns, besides lists, leads, a key and two sending accounts.
fn offboard(workspaces: usize, theirs: usize) {
    let sim = Sim::of_script(&world(workspaces, theirs), AWAY);
    let file = sim.root().join("keyholder.toml");
    let text = std::fs::read_to_string(&file).expect("the root has a file");
    let guards = "[guards]\nmin_admins = 0\nmax_removals = { per_workspace = 9, per_run = 9999, per_day = 9999 }\n";
    std::fs::write(&file, format!("{text}{guards}")).expect("it can be written");
    let mut line = vec!["--format", "csv", "offboard"];
    line.extend(LEAVERS);
    line.extend(["--hand-over-to", HEIR, "--revoke-keys", "--all"]);
    let (_, drawn) = measure(sim.keyholder().args(&line).arg("--plan-only"));
    let id = after(&drawn, "plan ").trim_end_matches(':').to_owned();
    let (took, said) = measure(sim.keyholder().args(&line).args(["--confirm", &id]));
    let summary = said.lines().find(|line| line.contains("the least it could have taken")).expect("it says so");
    let requests = before(summary, "requests");
    let least = after(summary, "taken: ").trim_end_matches(')').replace(',', "").parse::<f64>().expect("a number");
    let steps = said.lines().find_map(|line| line.strip_prefix("plan ")).expect("the plan is told");
    println!("\n== three leavers, {workspaces} workspaces of {CAMPAIGNS} campaigns, {theirs} of them each leaver's");
    println!("plan                       {}", steps.split_once(": ").map_or(steps, |(_, told)| told));
    println!("requests                   {requests:>8} (the least: {least})");
    println!("requests ÷ least           {:>8.3}", requests / least);
    println!("memory                     {:>8.1} MB", memory(&took));
}

fn world(workspaces: usize, theirs: usize) -> String {
    let mut script = "version = 1\n".to_owned();
    for number in 0..workspaces {
        let mut things = [const { String::new() }; 4];
        for (at, leaver) in LEAVERS.into_iter().enumerate() {
            let _infallible = write!(things[0], "{{ owner = \"{leaver}\", count = {theirs} }}, ");
            let _infallible = write!(things[1], "{{ owner = \"{leaver}\", count = 2 }}, ");
            let _infallible = write!(things[2], "{{ assigned = \"{leaver}\", count = 40 }}, ");
            let _infallible = write!(things[3], "{{ name = \"sync {at}\", by = \"{leaver}\", record = \"id\" }}, ");
        }
        let rest = CAMPAIGNS - theirs * LEAVERS.len();
        let [campaigns, lists, leads, keys] = things;
        let _infallible = write!(
            script,
            "[[workspace]]\nname = \"client-{number:03}\"\nowner = \"founder@agency.example\"\nadmin = [\"ops@agency.example\"]\n\
             editor = [\"{HEIR}\", \"{}\"]\ncampaigns = [{campaigns}{{ owner = \"ops@agency.example\", count = {rest} }}]\n\
             lead_lists = [{lists}]\nleads = [{leads}{{ count = 300 }}]\nkeys = [{{ name = \"main\" }}, {keys}]\n\
             accounts = [{{ added_by = \"{}\", count = 2 }}]\n",
            LEAVERS.join("\", \""),
            LEAVERS[0],
        );
    }
    script
}

/// The word after a text.
fn after<'a>(said: &'a str, text: &str) -> &'a str {
    let (_, rest) = said.split_once(text).unwrap_or_else(|| panic!("`{text}` is not in\n{said}"));
    rest.split_whitespace().next().expect("a word follows")
}

/// The number before a word.
fn before(said: &str, word: &str) -> f64 {
    let words: Vec<&str> = said.split_whitespace().collect();
    let at = words.iter().position(|one| *one == word).expect("the word is there");
    words[at - 1].replace(',', "").parse().expect("a number stands before it")
}
