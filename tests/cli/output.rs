//! Where output goes and what it looks like: formats, closed pipes, full disks, colour, quiet.

use std::process::{Command, Stdio};
use std::time::Duration;

use keyholder::sim::Phase;
use rustix::process::Signal;

use crate::trial::draw::{Moment, Strike};
use crate::trial::life::{Striker, live};
use crate::world::{Ended, World};

const ONBOARD: [&str; 7] = ["onboard", "ana@agency.example", "--role", "view", "-l", "tier=gold", "--yes"];

/// Runs with a standard output whose reader has gone.
fn closed(world: &World, args: &[&str]) -> Ended {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = world.command(args);
    command.stdout(writer);
    world.finish(command)
}

fn full(world: &World, args: &[&str]) -> Ended {
    let mut command: Command = world.command(args);
    command.stdout(Stdio::from(std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap()));
    world.finish(command)
}

#[test]
fn a_table_is_for_people_and_a_pipe_gets_csv() {
    let world = World::three();
    let table = world.run(&["check", "--format", "table"]).exits(0).prints("WORKSPACE").prints("Acme Corp");
    let widths: Vec<usize> = table.stdout.lines().filter_map(|line| line.find("manage")).collect();
    assert!(widths.len() == 3 && widths.windows(2).all(|pair| pair[0] == pair[1]), "columns align\n{table}");
    assert!(world.run(&["check"]).exits(0).stdout.starts_with("workspace,mode,key,"));
    world.run(&["check", "--format", "xml"]).exits(2).says("table, csv, json, ndjson").done();
    let outcome = world.run(&[&ONBOARD[..], &["--format", "json"]].concat()).exits(0);
    let document: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(document["rows"][0]["outcome"], "waiting");
    assert_eq!(document["summary"]["exit"], 0);
    // The key of initech may not list keys, and Ana may have left one there.
    let plan = world.run(&["offboard", "ana@agency.example", "--all", "--plan-only", "--format", "ndjson"]).exits(33);
    let records = plan.records();
    assert_eq!((&records[1]["type"], &records[1]["removals"]), (&"plan".into(), &2.into()), "{plan}");
    assert_eq!((&records.last().unwrap()["exit"], &records.last().unwrap()["steps"]["send"]), (&33.into(), &2.into()));
    assert_eq!(records.iter().filter(|record| record["type"] == "planned").count(), 3);
}

#[test]
fn a_reader_that_goes_away_is_a_quiet_end() {
    let world = World::three();
    let formats = ["table", "csv", "json", "ndjson"];
    for format in formats {
        for command in [&["members"][..], &["check"], &["pin", "--dry-run"]] {
            closed(&world, &[command, &["--format", format]].concat()).exits(0).never("error:").done();
        }
    }
    for command in [&["help"][..], &["help", "access"], &["man"], &["completions", "bash"], &["--help"]] {
        closed(&world, command).exits(0).never("error:").done();
    }
    // What was to be done is done, whoever reads.
    closed(&world, &ONBOARD).exits(0).never("error:").done();
    assert_eq!(world.writes(), 2);
    for format in formats {
        closed(&world, &["runs", "--format", format]).exits(0).never("error:").done();
        closed(&world, &["show", "--format", format]).exits(0).never("error:").done();
    }
}

/// Runs with a standard error, or both, whose readers have gone.
fn unheard(world: &World, args: &[&str], both: bool) -> Ended {
    let gone = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        writer
    };
    let mut command = world.command(args);
    command.stderr(gone());
    if both {
        command.stdout(gone());
    }
    world.finish(command)
}

#[test]
fn a_reader_of_talk_that_goes_away_stops_no_run_and_no_resume() {
    for both in [false, true] {
        let world = World::three();
        let ended = unheard(&world, &ONBOARD, both).exits(0);
        assert_eq!((world.writes(), ended.stdout.contains("waiting")), (2, !both), "{ended}");
        world.run(&["show"]).exits(0).says("unbroken").done();
    }
}

#[test]
fn a_resume_whose_readers_go_away_goes_on_to_its_end() {
    for which in ["out", "err", "both"] {
        let world = World::three();
        let striker = Striker::watch(&world);
        let strike = Strike {
            moment: Moment::Request { nth: 1, writes: true, phase: Phase::Arrived },
            signals: vec![Signal::KILL],
            gap: Duration::ZERO,
        };
        let life = live(&world, &striker, &ONBOARD.map(str::to_owned), Some(&strike), 0);
        assert!(life.killed, "{}", life.ended);
        let ended = match which {
            "out" => closed(&world, &["resume"]),
            which => unheard(&world, &["resume"], which == "both"),
        };
        ended.exits(0).never("error:").done();
        assert_eq!(world.writes(), 2, "{which}");
        world.run(&["show"]).exits(0).says("unbroken").prints("waiting").done();
    }
}

#[test]
fn a_standard_output_that_cannot_be_written_is_exit_74() {
    let world = World::three();
    for command in [
        &["members"][..],
        &["check"],
        &["check", "--format", "table"],
        &["pin", "--dry-run"],
        &["help", "guards"],
        &["man"],
        &["--help"],
        &["completions", "zsh"],
        &["onboard", "ana@agency.example", "--role", "view", "--all", "--plan-only"],
    ] {
        full(&world, command).exits(74).done();
    }
    assert_eq!(world.writes(), 0);
    full(&world, &ONBOARD).exits(74).says("standard output").done();
    // The run itself was written down.
    assert_eq!(world.run(&["runs"]).exits(0).rows()[0]["steps"], "2 waiting");
}

#[test]
fn colour_comes_only_where_it_is_wanted() {
    let world = World::three();
    let always = ["offboard", "lee@agency.example", "-w", "acme", "--plan-only", "--color", "always"];
    assert!(world.run(&always).exits(0).stderr.contains('\u{1b}'));
    for args in [&always[..5], &[&always[..5], &["--color", "never"]].concat()] {
        let mut command = world.command(args);
        command.env("NO_COLOR", "1");
        world.finish(command).exits(0).never("\u{1b}").done();
    }
    world.run(&["members", "-w", "nowhere"]).exits(4).never("\u{1b}").done();
}

#[test]
fn quiet_leaves_errors_and_nothing_else() {
    let world = World::three();
    let ended = world.run(&["members", "-q"]).exits(0);
    assert!(ended.stderr.is_empty() && !ended.stdout.is_empty(), "{ended}");
    let ended = world.run(&["check", "--quiet"]).exits(0);
    assert!(ended.stderr.is_empty(), "{ended}");
    world.run(&["members", "-q", "-w", "nowhere"]).exits(4).says("error: ").says("hint: ").done();
    let refused = world.run(&["offboard", "lee@agency.example", "--all", "-q"]).exits(32);
    refused.says("plan ").says("error: ").done();
}

#[test]
fn control_characters_of_the_api_do_not_reach_a_terminal() {
    let world = World::of(
        "version = 1\n[[workspace]]\nname = \"acme\"\nid = \"0195b2aa-7c1e-7d00-8000-000000000001\"\n\
         title = \"Ac\\u001b[2Jme\"\nowner = \"founder@agency.example\"\n\
         member = [{ email = \"mia@agency.example\", role = \"editor\", nickname = \"\\u001b]0;x\\u0007\" }]\n",
    );
    world.run(&["check", "--format", "table"]).exits(0).never("\u{1b}").done();
    // Names of members are among the details; the table of a plan is talk.
    let plan = ["offboard", "mia@agency.example", "--all", "--plan-only", "--format", "table"];
    world.run(&plan).exits(0).never("\u{1b}").done();
    world.run(&["pin", "--format", "table"]).exits(0).never("\u{1b}").done();
}
