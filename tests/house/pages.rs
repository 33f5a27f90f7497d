//! The pages that ship with the binary.

use std::process::Command;

use keyholder::cli::help::{TOPICS, page};
use keyholder::domain::FindingCode;

use crate::words::{known, unknown_names};

/// Widest line of a page: what a terminal beside another window still shows whole.
const WIDEST: usize = 110;

/// The topics, and the codes of findings.
fn names() -> impl Iterator<Item = &'static str> {
    TOPICS.iter().map(|(topic, _, _)| *topic).chain(FindingCode::ALL.map(FindingCode::as_str))
}

#[test]
fn no_page_is_wider_than_a_terminal() {
    let wide: Vec<String> = names()
        .flat_map(|topic| {
            let long = |line: &String| line.chars().count() > WIDEST;
            page(topic)
                .lines()
                .map(str::to_owned)
                .filter(long)
                .map(|line| format!("{topic}: {line}"))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(wide.is_empty(), "{}", wide.join("\n"));
}

#[test]
fn pages_name_no_command_flag_or_topic_that_is_not_there() {
    for topic in names() {
        let unknown = unknown_names(&page(topic));
        assert!(unknown.is_empty(), "{topic}: {unknown:#?}");
    }
}

#[test]
fn no_two_pages_share_a_name() {
    let mut all: Vec<&str> = names().collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), names().count());
}

#[test]
fn every_finding_has_a_page_of_its_own_and_no_page_is_left_over() {
    let mut pages: Vec<String> = std::fs::read_dir(crate::words::house().join("src/help/findings"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    pages.sort();
    let mut codes: Vec<&str> = FindingCode::ALL.map(FindingCode::as_str).to_vec();
    codes.sort_unstable();
    assert_eq!(pages, codes);
}

#[test]
fn what_the_page_of_a_finding_shows_of_our_files_is_what_they_take() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("workspaces")).unwrap();
    std::fs::write(root.path().join("workspaces/acme.toml"), "name = \"acme\"\nkey = { env = \"ACME\" }\n").unwrap();
    for code in FindingCode::KEYS {
        let shown = page(code.as_str());
        let sample: Vec<&str> = shown.lines().filter_map(|line| line.strip_prefix("    ")).collect();
        std::fs::write(root.path().join("keyholder.toml"), format!("version = 1\n{}\n", sample.join("\n"))).unwrap();
        let policy = keyholder::config::load(root.path()).unwrap_or_else(|told| panic!("{code}: {told}")).key_policy;
        assert!(policy.severity.contains_key(&code), "{code}: {shown}");
        let accepted: Vec<FindingCode> = policy.accept.iter().map(|acceptance| acceptance.code).collect();
        let lapses = code == FindingCode::AcceptanceExpired;
        assert_eq!(accepted, if lapses { Vec::new() } else { vec![code] }, "{code}: {shown}");
    }
}

#[test]
fn every_flag_and_command_says_what_it_does() {
    use clap::CommandFactory as _;
    let mut root = keyholder::cli::Cli::command();
    root.build();
    let mut open = vec![root];
    while let Some(command) = open.pop() {
        assert!(command.get_about().is_some(), "{}", command.get_name());
        for argument in command.get_arguments() {
            let told = argument.get_help().is_some() || argument.is_hide_set();
            assert!(told, "{} {}", command.get_name(), argument.get_id());
        }
        open.extend(command.get_subcommands().cloned());
    }
    let (commands, flags) = known();
    assert!(commands.len() >= 14 && flags.len() > 30);
}

#[test]
fn the_first_page_is_what_it_was() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyholder"));
    command.arg("--help").env_clear().env("COLUMNS", "100");
    let output = command.output().unwrap();
    assert!(output.status.success());
    insta::assert_snapshot!("help", String::from_utf8(output.stdout).unwrap());
}
