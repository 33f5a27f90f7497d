//! The pages that ship with the binary.

use std::process::Command;

use keyholder::cli::help::{TOPICS, page};

use crate::words::{known, unknown_names};

/// Widest line of a page: what a terminal beside another window still shows whole.
const WIDEST: usize = 110;

#[test]
fn no_page_is_wider_than_a_terminal() {
    let wide: Vec<String> = TOPICS
        .iter()
        .flat_map(|(topic, _, _)| {
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
    for (topic, _, _) in TOPICS {
        let unknown = unknown_names(&page(topic));
        assert!(unknown.is_empty(), "{topic}: {unknown:#?}");
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
