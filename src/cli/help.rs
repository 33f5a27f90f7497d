//! `keyholder help`, `completions`, `man`: pages that ship with the binary.

use std::io::Write as _;

use clap::{Args, CommandFactory as _};

use super::{Cli, tables};
use crate::config::preset::BUILT_IN;
use crate::domain::codes::ACTIVITY;
use crate::domain::{FindingCode, Permissions};
use crate::trouble::{Exit, Trouble};
use crate::ui::Printer;

pub mod findings;
mod scopes;

/// Explain a topic or a command.
#[derive(Debug, Args)]
pub struct Help {
    /// A topic, a finding's code or a command; without one, the list of them.
    #[arg(value_name = "TOPIC")]
    topic: Vec<String>,
}

/// Print a shell's completions.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell.
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

/// The topics: name, what it is about, the page.
pub const TOPICS: [(&str, &str, &str); 23] = [
    ("access", "roles, permissions and presets", include_str!("../help/access.md")),
    ("accounts", "sending accounts: health, bounces, owners", include_str!("../help/accounts.md")),
    ("approval", "plans, plan ids and the four ways to approve one", include_str!("../help/approval.md")),
    ("changes", "who gained or lost access, and by whom", include_str!("../help/changes.md")),
    ("evidence", "what proves a run, and to whom", include_str!("../help/evidence.md")),
    ("exit-codes", "what each exit code means", ""),
    ("fleet", "the files of a root, keys by reference, modes, pins", include_str!("../help/fleet.md")),
    (
        "groups",
        "admin workspaces over others: what `via` means, what must be accepted",
        include_str!("../help/groups.md"),
    ),
    ("guards", "what is never done", include_str!("../help/guards.md")),
    ("keys", "the register of keys, where secrets are kept, the key policy", include_str!("../help/keys.md")),
    ("ledger", "what is written down", include_str!("../help/ledger.md")),
    (
        "offboarding",
        "leavers: what is handed over, certificates, looking again",
        include_str!("../help/offboarding.md"),
    ),
    ("outcomes", "how a step can end", include_str!("../help/outcomes.md")),
    ("ownership", "who owns a workspace, and giving it to somebody else", include_str!("../help/ownership.md")),
    ("people", "people from a CSV file", include_str!("../help/people.md")),
    ("records", "the machine forms of all output", include_str!("../help/records.md")),
    ("reports", "tables, columns, periods and files of a report", include_str!("../help/reports.md")),
    ("resume", "going on with a run that was cut", include_str!("../help/resume.md")),
    ("scopes", "what a key may do, and what each command needs", include_str!("../help/scopes.md")),
    ("selection", "which workspaces a command works on", include_str!("../help/selection.md")),
    ("tags", "which tags there should be, what carries them, queries", include_str!("../help/tags.md")),
    ("trail", "the vendor's audit log: what it has and lacks, keeping it", include_str!("../help/trail.md")),
    ("undoing", "undoing a run, and what of it still holds", include_str!("../help/undoing.md")),
];

impl Help {
    /// Runs the command.
    pub fn run(self, printer: &Printer) -> Result<Exit, Trouble> {
        let text = match self.topic.as_slice() {
            [] => overview(),
            [topic] if TOPICS.iter().any(|(name, _, _)| name == topic) => page(topic),
            [code] if FindingCode::parse(code).is_some() => page(code),
            words => command(words)?,
        };
        print(printer, &text)
    }
}

impl Completions {
    /// Runs the command.
    pub fn run(self, printer: &Printer) -> Result<Exit, Trouble> {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "keyholder", &mut text);
        print(printer, &String::from_utf8_lossy(&text))
    }
}

/// Prints the manual page.
pub fn man(printer: &Printer) -> Result<Exit, Trouble> {
    let mut text = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut text).map_err(tables::unwritable)?;
    print(printer, &String::from_utf8_lossy(&text))
}

fn print(printer: &Printer, text: &str) -> Result<Exit, Trouble> {
    let mut out = printer.data();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(tables::unwritable(error)),
        _ => Ok(Exit::Complete),
    }
}

fn overview() -> String {
    let topics: Vec<String> = TOPICS.iter().map(|(name, about, _)| format!("  {name:<12} {about}\n")).collect();
    format!(
        "{}\nTopics (keyholder help TOPIC):\n{}\nFindings of an audit of keys (keyholder help CODE):\n{}",
        Cli::command().render_help(),
        topics.concat(),
        findings::overview()
    )
}

/// Returns the page of a topic, or of a finding's code.
pub fn page(topic: &str) -> String {
    if let Some(code) = FindingCode::parse(topic) {
        return findings::page(code);
    }
    match topic {
        "exit-codes" => exit_codes(),
        "access" => written(topic)
            .replace("{{presets}}", &presets())
            .replace("{{permissions}}", &wrapped(&Permissions::KNOWN, 18, "\n")),
        "scopes" => scopes::page(written(topic)),
        "trail" => written(topic).replace("{{activities}}", &activities()),
        _ => written(topic).to_owned(),
    }
}

/// The words of what the vendor's audit log records, with their codes, three in a line.
fn activities() -> String {
    let words: Vec<String> =
        ACTIVITY.words().map(|word| format!("{:>4} {word:<27}", ACTIVITY.parse(word).unwrap_or_default())).collect();
    words.chunks(3).map(|line| line.concat().trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// Returns a topic's page as it is written, before it is filled in.
fn written(topic: &str) -> &'static str {
    TOPICS.iter().find(|(name, _, _)| *name == topic).map_or("", |(_, _, page)| page)
}

/// Lists the built-in presets: name, role, permissions.
fn presets() -> String {
    let mut lines = vec![format!("    {:<9}{:<8}permissions", "preset", "role")];
    for preset in &BUILT_IN {
        let permissions = match preset.preset().permissions.to_send() {
            None => "what the role gives: everything".to_owned(),
            Some(permissions) => wrapped(&permissions.0.iter().collect::<Vec<_>>(), 0, &format!("\n{:21}", "")),
        };
        lines.push(format!("    {:<9}{:<8}{permissions}", preset.name, preset.role));
    }
    lines.join("\n")
}

/// Joins words by commas, and begins another line with `turn` before one grows too long; the first has `before` characters already.
fn wrapped(words: &[impl AsRef<str>], before: usize, turn: &str) -> String {
    let mut text = String::new();
    let mut width = before;
    for (place, word) in words.iter().map(AsRef::as_ref).enumerate() {
        width += word.len() + 2;
        if place > 0 {
            text.push(',');
            if width > 80 {
                text.push_str(turn);
                width = word.len() + 2;
            } else {
                text.push(' ');
            }
        }
        text.push_str(word);
    }
    text
}

fn exit_codes() -> String {
    let mut text = String::from("# Exit codes\n\n| code | meaning |\n| --- | --- |\n");
    for (exit, meaning) in Exit::ALL {
        text.push_str("| ");
        text.push_str(&exit.code().to_string());
        text.push_str(" | ");
        text.push_str(meaning);
        text.push_str(" |\n");
    }
    text.push_str(
        "\nWhen several hold: 1, 74, 22, 130/143, 21, 20, 31, 30, 33, 10, 0, in this order; 2, 3, 4, 32 and 75\n\
         occur alone, before any write. Reading commands: complete 0, incomplete 33, nothing readable at all 21\n\
         (75 where every workspace was unreachable or limited). A certificate that could not see everything, and a\n\
         run that leaves one behind, is 33 where nothing graver holds.\n",
    );
    text
}

/// Renders the help of a command, `members reinvite` included.
fn command(words: &[String]) -> Result<String, Trouble> {
    let mut found = Cli::command();
    found.build();
    for word in words {
        let next = found.find_subcommand(word).cloned().ok_or_else(|| unknown(&words.join(" ")))?;
        found = next;
    }
    Ok(found.render_long_help().to_string())
}

fn unknown(asked: &str) -> Trouble {
    let command = Cli::command();
    let names: Vec<&str> = TOPICS
        .iter()
        .map(|(name, _, _)| *name)
        .chain(command.get_subcommands().map(clap::Command::get_name))
        .chain(FindingCode::ALL.map(FindingCode::as_str))
        .collect();
    let near = |name: &&str| strsim::jaro_winkler(name, asked) > 0.85;
    let nearest = names
        .into_iter()
        .filter(near)
        .max_by(|a, b| strsim::jaro_winkler(a, asked).total_cmp(&strsim::jaro_winkler(b, asked)));
    let guess = nearest.map_or(String::new(), |name| format!("did you mean `{name}`? "));
    Trouble::new(Exit::Usage, format!("there is no topic or command `{asked}`"))
        .advise(format!("{guess}`keyholder help` lists all of them"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Table;
    use crate::report::bulk;

    #[test]
    fn every_column_of_every_table_of_a_report_is_explained_and_no_other() {
        let page = page("reports");
        let explained = |heading: &str| -> Vec<String> {
            let section = page.split("\n## ").find(|section| section.starts_with(heading)).unwrap_or_default();
            let items = section.lines().filter_map(|line| line.strip_prefix("- ")?.split_once(": "));
            items.flat_map(|(names, _)| names.split(", ").map(|name| name.trim_matches('`').to_owned())).collect()
        };
        let common = explained("Every table begins with\n");
        for table in Table::ALL {
            let columns: Vec<&str> = bulk::columns(table).iter().map(|column| column.name).collect();
            let own = explained(&format!("Table {}\n", table.as_str()));
            assert_eq!([common.as_slice(), &own].concat(), columns, "{}", table.as_str());
        }
        assert_eq!(page.matches("\n## Table ").count(), Table::ALL.len());
    }

    #[test]
    fn every_topic_has_a_page_without_a_gap() {
        for (name, _, _) in TOPICS {
            let page = page(name);
            assert!(page.starts_with("# ") && !page.contains("{{"), "{name}");
        }
        assert!(page("access").contains("sdr      editor  accounts.view, "));
        for (exit, _) in Exit::ALL {
            assert!(page("exit-codes").contains(&format!("| {} |", exit.code())));
        }
    }
}
