//! Figures of the network: a members sweep beside its bound and beside a bare client, HTTP/1.1 beside HTTP/2, memory.
//!
//! `cargo bench --bench sweep`; a case alone: `cargo bench --bench sweep -- sweep|protocols|pace|memory`; what a change gained:
//! `cargo bench --bench sweep -- against PATH/OF/ANOTHER/BUILD/keyholder`.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::disallowed_methods, reason = "a benchmark is a program of its own")]

#[expect(clippy::allow_attributes, reason = "each bench uses a part of what they share")]
#[allow(dead_code, reason = "each bench uses a part of what they share")]
#[path = "support/mod.rs"]
mod support;

use std::process::Command;
use std::time::Duration;

use futures::StreamExt as _;
use serde::Deserialize;

use support::{Sim, Took, by_turns, cpu, measure, median, memory, ratio, wall};

/// Rounds of each figure.
const ROUNDS: usize = 7;
/// Requests in flight, here and there.
const IN_FLIGHT: usize = keyholder::api::breadth::MOST;
/// How far away the simulator is: as near as an API can be.
const NEAR: Duration = Duration::from_millis(50);
/// As far as an API on another continent is; also enough that two shared cores, which here also serve, are not what decides.
const FAR: Duration = Duration::from_millis(250);

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["--floor", base, root, protocol] => floor(base, root, protocol),
        [] => [sweep, protocols, pace, memory_of_ten_thousand].iter().for_each(|case| case()),
        ["against", other] => against(other),
        cases => cases.iter().for_each(|case| match *case {
            "sweep" => sweep(),
            "protocols" => protocols(),
            "pace" => pace(),
            "memory" => memory_of_ten_thousand(),
            other => panic!("no case `{other}`: sweep, protocols, pace, memory"),
        }),
    }
}

/// A sweep over a thousand workspaces, beside the least it can take and beside a bare client.
fn sweep() {
    for latency in [FAR, NEAR] {
        sweep_at(latency);
    }
}

fn sweep_at(latency: Duration) {
    let (workspaces, members) = (1_000, 50);
    let sim = Sim::start(workspaces, members, latency);
    let requests = requests(&sim);
    let [ours, bare] = by_turns(ROUNDS, [&mut || listing(&sim), &mut || bare(&sim, "h1")]);
    let bound = bound(requests, IN_FLIGHT, latency);
    println!("\n== members sweep: {workspaces} workspaces of {members} rows, {} ms away", latency.as_millis());
    println!("requests {requests}, {IN_FLIGHT} in flight; bound {:.0} ms", bound * 1e3);
    println!(
        "requests/s                 {:>8.0}   (bound {:.0})",
        whole(requests) / median(&ours, wall),
        whole(requests) / bound
    );
    compared(&ours, &bare, bound);
    println!("wall ÷ bare client         {}", spread(ratio(&ours, &bare, wall)));
    println!(
        "CPU per request            {:>8.0} µs (bare client {:.0} µs)",
        each(&ours, requests),
        each(&bare, requests)
    );
    println!("CPU ÷ bare client          {}", spread(ratio(&ours, &bare, cpu)));
}

/// Prints time against its bound, and memory.
fn compared(ours: &[Took], bare: &[Took], bound: f64) {
    let over = |rounds| median(rounds, wall) / bound;
    println!("wall ÷ bound               {:>8.2}   (bare client {:.2})", over(ours), over(bare));
    println!(
        "memory                     {:>8.1} MB (bare client {:.1} MB)",
        median(ours, memory),
        median(bare, memory)
    );
}

/// Two builds of keyholder beside each other: what a change gained.
fn against(other: &str) {
    let sim = Sim::start(1_000, 50, NEAR);
    let old = || measure(sim.command(other).args(["--quiet", "--format", "csv", "members"])).0;
    let [new, old] = by_turns(ROUNDS, [&mut || listing(&sim), &mut || old()]);
    println!("\n== this build ÷ `{other}`");
    println!("wall                       {}", spread(ratio(&new, &old, wall)));
    println!("CPU                        {}", spread(ratio(&new, &old, cpu)));
    println!("memory                     {}", spread(ratio(&new, &old, memory)));
}

/// The same requests over HTTP/1.1, a connection each in flight, and over HTTP/2, a hundred streams a connection.
fn protocols() {
    let (workspaces, members) = (1_000, 50);
    let sim = Sim::start(workspaces, members, NEAR);
    let requests = requests(&sim);
    let [one, two] = by_turns(ROUNDS, [&mut || bare(&sim, "h1"), &mut || bare(&sim, "h2")]);
    println!("\n== protocols, bare client: {workspaces} workspaces of {members} rows, {} ms away", NEAR.as_millis());
    println!(
        "CPU per request            {:>8.0} µs HTTP/1.1, {:.0} µs HTTP/2",
        each(&one, requests),
        each(&two, requests)
    );
    println!("HTTP/2 ÷ HTTP/1.1: wall    {}", spread(ratio(&two, &one, wall)));
    println!("HTTP/2 ÷ HTTP/1.1: CPU     {}", spread(ratio(&two, &one, cpu)));
    println!("HTTP/2 ÷ HTTP/1.1: memory  {}", spread(ratio(&two, &one, memory)));
}

/// One workspace whose pace decides: ten places a second, forty pages.
fn pace() {
    let (members, places) = (4_000, 10);
    let sim = Sim::start(1, members, Duration::ZERO);
    let file = sim.root().join("keyholder.toml");
    let text = std::fs::read_to_string(&file).expect("the root has a file");
    std::fs::write(&file, text.replace("[defaults]", "[defaults]\nshare = 0.1")).expect("it can be written");
    let requests = requests(&sim);
    let [ours] = by_turns(3, [&mut || listing(&sim)]);
    // The first ten go at once, each ten after them a second after the answers to those before.
    let bound = whole(requests.div_ceil(places) - 1);
    println!("\n== one workspace at its pace: {members} rows, {places} requests a second, no latency");
    println!("requests {requests}, bound {bound:.1} s; wall ÷ bound {:.2}", median(&ours, wall) / bound);
}

/// Memory of a sweep over ten thousand workspaces.
fn memory_of_ten_thousand() {
    let (workspaces, members) = (10_000, 10);
    let sim = Sim::start(workspaces, members, NEAR);
    let requests = requests(&sim);
    let [ours, bare] = by_turns(3, [&mut || listing(&sim), &mut || bare(&sim, "h1")]);
    let bound = bound(requests, IN_FLIGHT, NEAR);
    println!("\n== members sweep: {workspaces} workspaces of {members} rows, {} ms away", NEAR.as_millis());
    compared(&ours, &bare, bound);
    println!("CPU ÷ bare client          {}", spread(ratio(&ours, &bare, cpu)));
}

/// Lists all members as CSV with the real binary.
fn listing(sim: &Sim) -> Took {
    measure(sim.keyholder().args(["--quiet", "--format", "csv", "members"])).0
}

/// Asks the same of a bare client, which is this program in a process of its own.
fn bare(sim: &Sim, protocol: &str) -> Took {
    let this = std::env::current_exe().expect("this program has a path");
    measure(Command::new(this).args(["--floor", sim.base()]).arg(sim.root()).arg(protocol)).0
}

/// Returns how many requests a listing sends, as it says itself.
fn requests(sim: &Sim) -> usize {
    let (_, said) = measure(sim.keyholder().args(["--format", "csv", "members"]));
    let words: Vec<&str> = said.split_whitespace().collect();
    let at = words.iter().position(|word| word.starts_with("request")).expect("the summary counts requests");
    words[at - 1].replace(',', "").parse().expect("a number stands before it")
}

/// The least time so many requests can take: full flights, one after another.
fn bound(requests: usize, in_flight: usize, latency: Duration) -> f64 {
    whole(requests.div_ceil(in_flight)) * latency.as_secs_f64()
}

/// Microseconds of processor time a request.
fn each(rounds: &[Took], requests: usize) -> f64 {
    median(rounds, cpu) * 1e6 / whole(requests)
}

fn spread([least, median, most]: [f64; 3]) -> String {
    format!("{median:>8.2}   ({least:.2} to {most:.2} over the rounds)")
}

#[expect(clippy::cast_precision_loss, reason = "counts here are small")]
fn whole(count: usize) -> f64 {
    count as f64
}

/// A row as a bare client would read it.
#[derive(Deserialize)]
#[expect(dead_code, reason = "decoding them is the work")]
struct Row {
    id: String,
    email: String,
    role: String,
    accepted: bool,
    workspace_id: String,
    timestamp_created: String,
    user_id: Option<String>,
    permissions: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Body {
    items: Vec<Row>,
    next_starting_after: Option<String>,
}

/// The bare client: every key's members at once, without pacing, order, checks or anything written.
fn floor(base: &str, root: &str, protocol: &str) {
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = || {
        let builder = reqwest::Client::builder().no_proxy().tls_certs_only([]).pool_max_idle_per_host(IN_FLIGHT);
        match protocol {
            "h1" => builder.http1_only(),
            "h2" => builder.http2_prior_knowledge(),
            other => panic!("no protocol `{other}`"),
        }
        .build()
        .expect("a client can be made")
    };
    // One client speaking HTTP/2 is one connection of about a hundred streams.
    let clients: Vec<_> = (0..if protocol == "h2" { IN_FLIGHT.div_ceil(100) } else { 1 }).map(|_| client()).collect();
    let keys = support::keys(std::path::Path::new(root));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
    let rows: usize = runtime.block_on(async {
        let lanes = keys.iter().enumerate().map(|(at, key)| {
            let client = &clients[at % clients.len()];
            async move {
                let first = format!("{base}/api/v2/workspace-members?limit=100");
                let (mut rows, mut next) = (0, Some(first.clone()));
                while let Some(url) = next {
                    let answer = client.get(url).bearer_auth(key).send().await.expect("it answers");
                    assert!(answer.status().is_success(), "{}", answer.status());
                    let body: Body = serde_json::from_slice(&answer.bytes().await.expect("whole")).expect("JSON");
                    rows += body.items.len();
                    next = body.next_starting_after.map(|cursor| format!("{first}&starting_after={cursor}"));
                }
                rows
            }
        });
        futures::stream::iter(lanes).buffer_unordered(IN_FLIGHT).fold(0, |all, rows| async move { all + rows }).await
    });
    assert!(rows > 0, "it read rows");
}
