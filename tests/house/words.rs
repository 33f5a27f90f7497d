//! What the command line knows: every command, flag and topic; and what a text names.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;
use keyholder::cli::Cli;
use keyholder::cli::help::TOPICS;
use keyholder::domain::FindingCode;

/// Returns the folder of the project.
pub(crate) fn house() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// Reads a file of the project.
pub(crate) fn read(path: &str) -> String {
    std::fs::read_to_string(house().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Commands, and all of their flags with the dashes.
pub(crate) fn known() -> (BTreeSet<String>, BTreeSet<String>) {
    let mut root = Cli::command();
    root.build();
    let commands = root.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    let mut flags = BTreeSet::new();
    let mut open = vec![root];
    while let Some(command) = open.pop() {
        for argument in command.get_arguments() {
            flags.extend(argument.get_long().map(|long| format!("--{long}")));
            flags.extend(argument.get_short().map(|short| format!("-{short}")));
        }
        open.extend(command.get_subcommands().cloned());
    }
    (commands, flags)
}

/// Tells of every command, flag and topic that a text names and that is not there.
pub(crate) fn unknown_names(text: &str) -> Vec<String> {
    let (commands, flags) = known();
    let mut unknown = Vec::new();
    let mut in_block = false;
    for line in text.lines().filter(|line| !line.trim_start().starts_with("cargo ")) {
        in_block ^= line.starts_with("```");
        let words: Vec<&str> = line
            .split([' ', '`', '(', ')', ',', ';', '|', '[', ']', '/'])
            .map(|word| word.trim_end_matches(['.', ':', '=']))
            .filter(|word| !word.is_empty())
            .collect();
        for (at, word) in words.iter().enumerate() {
            let before = at.checked_sub(1).map_or("", |at| words[at]);
            let flag = word.split('=').next().unwrap_or(word);
            let is_flag = flag.len() > 1
                && flag.starts_with('-')
                && flag.trim_start_matches('-').starts_with(char::is_alphabetic);
            // "no --force" names what is not there on purpose.
            if is_flag && before != "no" && !flags.contains(flag) {
                unknown.push(format!("flag {flag} in: {line}"));
            }
            let in_code = line.contains(&format!("`keyholder {word}")) || (in_block && line.starts_with("keyholder "));
            if before == "keyholder" && in_code && !word.starts_with('-') && !commands.contains(*word) {
                unknown.push(format!("command {word} in: {line}"));
            }
            let asked = line.contains(&format!("`help {word}`")) || line.contains(&format!("keyholder help {word}"));
            let is_page = TOPICS.iter().any(|(topic, _, _)| topic == word) || FindingCode::parse(word).is_some();
            if before == "help" && asked && !["TOPIC", "CODE"].contains(word) && !is_page {
                unknown.push(format!("topic {word} in: {line}"));
            }
        }
    }
    unknown
}

#[test]
fn a_text_that_names_what_is_not_there_is_found_out() {
    let text =
        "`keyholder forget me` or `--forse`, see `help nothing`\nthere is no `--force`\n`keyholder check --all -x a`";
    let found = unknown_names(text);
    assert_eq!(found.len(), 3, "{found:?}");
}
