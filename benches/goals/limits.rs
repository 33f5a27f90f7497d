//! What the pace makes of the API's limits, in virtual time: writes at the rate, rejections of our own, nothing lost.

use std::fmt::Write as _;
use std::time::Duration;

use keyholder::sim::{Fault, FaultKind, Op, Rates, Window, World, put};

use crate::fleet::Fleet;
use crate::goal::{Bound, Row, Ways, count};
use crate::stage::Stage;

const AWAY: Duration = Duration::from_millis(50);
const LIMIT: u32 = 100;

/// A thousand invitations into one workspace, at the whole of its limit and at half of it.
pub(crate) fn writes() -> Vec<Row> {
    [(1.0, 100), (0.5, 50)].into_iter().map(|(share, places)| written(share, places)).collect()
}

fn written(share: f64, places: usize) -> Row {
    let steps = 1_000;
    let stage = Stage::new(World::generated(1, 3, 7), AWAY, Duration::ZERO, share);
    let people: Vec<String> = (0..steps).map(|at| format!("p{at}@agency.example")).collect();
    let mut words = vec!["onboard"];
    words.extend(people.iter().map(String::as_str));
    words.extend(["--role", "view", "--all", "--yes"]);
    let ended = stage.run(&words).well();
    assert_eq!(stage.world.writes("client-0001"), steps);
    let ways = Ways { in_flight: steps, places, latency: AWAY.as_secs_f64() };
    let bound = Bound::of(ended.requests, 1, ended.requests, ways).seconds();
    Row::new(
        format!("rate-bound writes, {steps} in one workspace ÷ bound, share {share}"),
        "≤ 1.08",
        format!("{:.3} ({:.1} s of {bound:.1} s)", ended.took / bound, ended.took),
        format!(
            "virtual time, 50 ms away, planning and looking included: {} requests at {places} a second; {} rejected",
            ended.requests, ended.rejected
        ),
    )
}

/// Rejections of our own, by servers that count differently, when arrivals shift: one admin key that speaks for twenty workspaces.
pub(crate) fn rejections() -> Vec<Row> {
    let windows = [
        ("sliding", Window::Sliding),
        ("fixed", Window::Fixed),
        ("bucket of 100", Window::Bucket { burst: LIMIT }),
        ("bucket of 20", Window::Bucket { burst: 20 }),
    ];
    let one = |(name, window)| {
        let mut all = 0;
        let mut told = Vec::new();
        for jitter in [0, 20, 50] {
            let (rejected, requests, busiest) = rejected(window, Duration::from_millis(jitter));
            all += rejected;
            told.push(format!("{jitter} ms: {rejected} of {requests} (busiest second {busiest})"));
        }
        let target = if name == "bucket of 20" { "as few as show it" } else { "0" };
        let how = format!("virtual time, share 1.0 of 100 a second, jitter {}", told.join("; "));
        Row::new(format!("429s of our own, {name}"), target, all.to_string(), how)
    };
    windows.into_iter().map(one).collect()
}

fn rejected(window: Window, jitter: Duration) -> (usize, usize, usize) {
    let world = group(20, 1_000);
    world.configure(|settings| settings.rates = Rates { per_second: LIMIT, per_minute: 60 * LIMIT, window });
    let stage = Stage::new(world, Duration::ZERO, jitter, 1.0);
    let read = stage.run(&["report", "members", "lists", "jobs", "--out", "one", "--all"]).well();
    let written = stage.run(&["onboard", "nia@agency.example", "--role", "view", "--all", "--yes"]).well();
    let requests = read.requests + written.requests;
    (read.rejected + written.rejected, requests, stage.world.busiest_second("agency"))
}

/// An agency whose key speaks for so many workspaces, each with so many lists and jobs.
fn group(subs: usize, things: u32) -> World {
    let mut script = "version = 1\n[[workspace]]\nname = \"agency\"\nowner = \"founder@agency.example\"\n".to_owned();
    let names: Vec<String> = (0..subs).map(|sub| format!("sub-{sub:02}")).collect();
    for name in &names {
        let _infallible =
            write!(script, "[[workspace]]\nname = \"{name}\"\nkeys = []\nowner = \"founder@agency.example\"\n");
    }
    let accepted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    let _infallible = write!(script, "[[group]]\nadmin = \"agency\"\naccepted = [{}]\n", accepted.join(", "));
    let world = World::from_script(&script, 7).expect("it is a script");
    for name in &names {
        drop(world.put(name, put::LeadLists::of("founder@agency.example", things)));
        drop(world.put(name, put::Jobs::of("founder@agency.example", things)));
    }
    world
}

/// Whether anything is lost where the API refuses and another tool takes thirty requests a second of every workspace.
pub(crate) fn lost() -> Vec<Row> {
    let (workspaces, people) = (4, 150);
    let fleet = Fleet { workspaces, members: 2_000, lists: 2_000, jobs: 2_000, ..Fleet::default() };
    let world = fleet.world();
    for operation in [Op::MemberCreate, Op::MemberList, Op::LeadListList] {
        world.add_fault(Fault::once(FaultKind::throttled(None)).at(operation).times(3));
    }
    let stage = Stage::new(world, Duration::from_millis(20), Duration::from_millis(20), 1.0);
    let read = stage.run_beside(&["report", "members", "lists", "jobs", "--out", "one", "--all"], 30).well();
    let rows_lost: usize = ["members", "lists", "jobs"]
        .into_iter()
        .map(|table| {
            let text = std::fs::read(stage.root.join(format!("one/{table}.csv"))).expect("it is there");
            let mut reader = csv::Reader::from_reader(text.as_slice());
            let rows = reader.records().collect::<Result<Vec<_>, _>>().expect("rows").len();
            (workspaces * 2_000).abs_diff(rows)
        })
        .sum();
    let people: Vec<String> = (0..people).map(|at| format!("p{at}@agency.example")).collect();
    let mut words = vec!["onboard"];
    words.extend(people.iter().map(String::as_str));
    words.extend(["--role", "view", "--all", "--yes"]);
    let written = stage.run_beside(&words, 30).well();
    let names = stage.world.names();
    let there = |name: &String| stage.world.members(name).len();
    let steps_lost = names.iter().map(|name| (2_000 + people.len()).abs_diff(there(name))).sum::<usize>();
    let share = |ended: &crate::stage::Ended| count(ended.requests) / count(workspaces) / ended.took;
    vec![Row::new(
        "lost or doubled under 429s and 30 foreign requests a second",
        "0",
        format!("{}", rows_lost + steps_lost),
        format!(
            "virtual time, share 1.0 where 100 a second are allowed, nine scripted 429s: {} rows and {} steps; {} of our {} requests rejected; {:.0} and {:.0} requests a second in each workspace",
            3 * workspaces * 2_000,
            workspaces * people.len(),
            read.rejected + written.rejected,
            read.requests + written.requests,
            share(&read),
            share(&written),
        ),
    )]
}
