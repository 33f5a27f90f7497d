//! The README: every command in it is run, everything it names is there.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};

use keyholder::cli::help::TOPICS;
use keyholder::clock::Clock;
use keyholder::sim::{LocalSettings, World, server};
use keyholder::trouble::Exit;

use crate::words::{known, read, unknown_names};

/// Returns the lines of the shell blocks, block by block, without remarks.
fn blocks() -> Vec<Vec<String>> {
    let text = read("README.md");
    let blocks = text.split("```sh\n").skip(1);
    blocks
        .map(|block| {
            let lines = block.split("```").next().unwrap().lines();
            let command = |line: &str| line.split("  #").next().unwrap().trim().to_owned();
            lines.map(command).filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
        })
        .collect()
}

#[test]
fn a_fresh_machine_needs_two_commands_and_ci_runs_both() {
    let set_up: Vec<String> = blocks().into_iter().flatten().filter(|line| line.starts_with("cargo ")).collect();
    assert_eq!(set_up, ["cargo run --release -- demo", "cargo test"]);
    let ci = read(".ci/run");
    for command in set_up {
        assert!(ci.lines().any(|line| line.starts_with(&command)), "{command}");
    }
}

#[test]
fn every_other_command_is_run_as_it_stands() {
    let world = World::from_script(
        "version = 1\n[[workspace]]\nname = \"example\"\nid = \"0195b2aa-7c1e-7d00-8000-000000000001\"\n\
         title = \"Example Ltd\"\nowner = \"founder@agency.example\"\n",
        3,
    )
    .unwrap();
    let clock = Clock::starting_at("2026-11-02T09:00:00Z".parse().unwrap());
    let running = server::start(world.clone(), clock, 0, LocalSettings::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut cwd = folder.path().to_owned();
    let mut ran = Vec::new();
    for line in blocks().into_iter().flatten().filter(|line| !line.starts_with("cargo ")) {
        let words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
        match words[0] {
            "cd" => cwd = cwd.join(words[1]),
            "$EDITOR" => {
                // What the person is told to do there: say where the key is. Besides: this test's server, a label, changes.
                let file = cwd.join(words[1]);
                let text = fs::read_to_string(&file).unwrap();
                let key = text.lines().find(|line| line.starts_with("key = ")).unwrap();
                let label = text.lines().find(|line| line.starts_with("labels = ")).unwrap();
                let edited = text
                    .replace(key, "key = { env = \"EXAMPLE_KEY\" }")
                    .replace(label, "labels = { tier = \"gold\" }")
                    .replace("mode = \"observe\"", "mode = \"manage\"");
                assert_ne!(edited, text);
                fs::write(&file, edited).unwrap();
                let agency = cwd.join("keyholder.toml");
                let text = fs::read_to_string(&agency).unwrap();
                fs::write(&agency, text.replace("https://api.instantly.ai", running.base_url())).unwrap();
            }
            "keyholder" => {
                let mut command = Command::new(env!("CARGO_BIN_EXE_keyholder"));
                command.args(&words[1..]).current_dir(&cwd).env_clear().stdin(Stdio::null());
                command.env("EXAMPLE_KEY", world.key_of("example").unwrap());
                let output = command.output().unwrap();
                assert!(
                    output.status.success(),
                    "{line}: {}\n{}",
                    output.status,
                    String::from_utf8_lossy(&output.stderr)
                );
                ran.push(words[1].to_owned());
            }
            other => panic!("the README types `{other}`, which this test cannot: {line}"),
        }
    }
    assert_eq!(
        ran,
        [
            "init", "check", "pin", "onboard", "keys", "keys", "tags", "accounts", "groups", "report", "report",
            "trail", "access", "owner"
        ]
    );
    let writes: usize = world.names().iter().map(|name| world.writes(name)).sum();
    assert_eq!(writes, 0, "the README's first commands change nothing");
}

#[test]
fn every_command_flag_and_topic_it_names_is_there() {
    let unknown = unknown_names(&read("README.md"));
    assert!(unknown.is_empty(), "{unknown:#?}");
}

#[test]
fn its_table_has_every_command_and_every_topic() {
    let text = read("README.md");
    let table = text.split("| command | does |").nth(1).unwrap().split("\n\n").next().unwrap();
    let (commands, _) = known();
    let first_cells: String = table.lines().filter_map(|line| line.split('|').nth(1)).collect();
    for command in &commands {
        assert!(first_cells.contains(&format!("`{command}")), "`{command}` is not in the README's table");
    }
    let named = first_cells.split('`').skip(1).step_by(2).map(|cell| cell.split(' ').next().unwrap());
    for name in named {
        assert!(commands.contains(name), "the README's table has `{name}`");
    }
    let topics = table.lines().find(|line| line.contains("`help TOPIC`")).unwrap();
    for (topic, _, _) in TOPICS {
        assert!(topics.contains(&format!("`{topic}`")) || topics.contains(&format!("`help {topic}`")), "{topic}");
    }
}

#[test]
fn its_exit_codes_are_the_programs() {
    let known: BTreeMap<u8, &str> = Exit::ALL.iter().map(|(exit, meaning)| (exit.code(), *meaning)).collect();
    let text = read("README.md");
    let table = text.split("| exit | meaning |").nth(1).unwrap().split("\n\n").next().unwrap();
    let mut codes = Vec::new();
    for line in table.lines().filter(|line| line.contains('|') && !line.contains("---")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let these: Vec<u8> = cells[1].split(", ").map(|code| code.parse().unwrap()).collect();
        assert_eq!(these.len(), cells[2].split(';').count(), "a meaning for each code: {line}");
        assert!(these.iter().all(|code| known.contains_key(code)), "{line}");
        codes.extend(these);
    }
    assert!(codes.is_sorted() && codes.len() >= 12, "{codes:?}");
    // The table of the binary is complete, and the README says where it is.
    assert!(text.contains("keyholder help exit-codes"));
}
