//! The page about scopes: filled in from the table of what commands need, and from the presets of keys.

use super::wrapped;
use crate::api::needs::{self, Least};
use crate::domain::{COMMAND_NAMES, scope};

/// Where the scopes of a command begin on their line.
const BESIDE: usize = 22;
/// Where the scopes of a preset begin on their line.
const PRESET: usize = 22;

/// Fills in the page.
pub(super) fn page(text: &str) -> String {
    let look = needs::least(&["check"]);
    text.replace("{{look}}", &look.join(", ")).replace("{{least}}", &least(&look)).replace("{{presets}}", &presets())
}

/// Lists what each command needs beside what all need. Commands that need the same stand together.
fn least(look: &[String]) -> String {
    let mut lines: Vec<(Vec<String>, Vec<&str>)> = Vec::new();
    for command in COMMAND_NAMES {
        let told = beside(command, look);
        match lines.iter_mut().find(|(scopes, _)| *scopes == told) {
            _ if told.is_empty() => {}
            Some((_, commands)) => commands.push(command),
            None => lines.push((told, vec![command])),
        }
    }
    let said = lines.iter().flat_map(|(scopes, commands)| {
        let scopes = wrapped(scopes, 0, "\n");
        let rows = scopes.lines().count().max(commands.len());
        let mut scopes = scopes.lines().map(str::to_owned).collect::<Vec<_>>().into_iter();
        let mut commands = commands.iter();
        (0..rows)
            .map(|_| {
                let (command, scopes) = (commands.next().copied().unwrap_or(""), scopes.next().unwrap_or_default());
                format!("    {command:<BESIDE$}{scopes}").trim_end().to_owned()
            })
            .collect::<Vec<_>>()
    });
    said.collect::<Vec<_>>().join("\n")
}

/// Returns what a command needs beside what all need, the likely ones said to be that.
fn beside(command: &str, look: &[String]) -> Vec<String> {
    let Least { published, likely } = Least::of(needs::operations(&[command]));
    let likely = likely.into_iter().map(|scope| format!("{scope} (likely)"));
    scope::excess(&published, look).into_iter().chain(likely).collect()
}

/// Lists the built-in presets: name, what keys of it are for, scopes.
fn presets() -> String {
    let line = |preset: crate::domain::KeyPreset| {
        let turn = format!("\n    {:PRESET$}", "");
        let purpose = preset.purpose.unwrap_or_default();
        format!("    {:<PRESET$}{purpose}:{turn}{}", preset.name, wrapped(&preset.scopes, 0, &turn))
    };
    needs::presets().into_iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_and_preset_stands_on_the_page_with_its_scopes() {
        let page = super::super::page("scopes");
        let look = needs::least(&["check"]);
        for command in COMMAND_NAMES.into_iter().filter(|command| !beside(command, &look).is_empty()) {
            assert!(page.contains(&format!("\n    {command}")), "{command}\n{page}");
        }
        assert!(
            page.contains("leads:update (likely)") && page.contains("    workspaces:read, workspace_members:read\n")
        );
        for preset in needs::presets() {
            assert!(page.contains(&format!("\n    {:<PRESET$}", preset.name)), "{}\n{page}", preset.name);
            assert!(preset.scopes.iter().all(|scope| page.contains(scope)), "{}", preset.name);
        }
    }
}
