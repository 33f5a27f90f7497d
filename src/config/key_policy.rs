//! `[key_policy]` of `keyholder.toml`: what an agency asks of its clients' keys, what it accepts, and its own presets.
//!
//! Owns how it is written. What makes a finding of it is judged where keys are audited.

use globset::Glob;
use jiff::civil::Date;
use regex::RegexBuilder;
use toml_edit::{Item, TableLike, Value};

use super::nearest::did_you_mean;
use super::register;
use super::smell::shown;
use super::toml::{Found, Section, text_of};
use crate::domain::command_names::{COMMAND_NAMES, is_command};
use crate::domain::{Acceptance, FindingCode, KeyPolicy, KeyPreset, Severity, scope};

/// The names of the presets that are built in.
pub const BUILT_IN: [&str; 5] = ["analytics", "campaigns", "webhook-handler", "keyholder-audit", "keyholder"];

/// The word that turns a threshold or a rule off.
const OFF: &str = "off";

/// Most bytes a compiled expression may have: a name is a line, and what judges it is asked for every key of a fleet.
const LARGEST_NAMING: usize = 1 << 20;

/// Reads the table.
pub(super) fn read(section: Section<'_>) -> KeyPolicy {
    let standard = KeyPolicy::default();
    let policy = KeyPolicy {
        max_age: threshold(&section, "max_age", standard.max_age),
        max_idle: threshold(&section, "max_idle", standard.max_idle),
        allow_wildcards: section.flag("allow_wildcards").map_or(standard.allow_wildcards, |found| found.value),
        naming: read_naming(&section),
        commands: read_commands(&section),
        severity: section.section("severity").map(|table| read_severity(&table)).unwrap_or_default(),
        accept: read_accept(&section),
        presets: section.section("presets").map(|table| read_presets(&table)).unwrap_or_default(),
    };
    section.close(&[]);
    policy
}

fn threshold(
    section: &Section<'_>,
    name: &'static str,
    standard: Option<std::time::Duration>,
) -> Option<std::time::Duration> {
    match section.item(name) {
        Some(item) if item.value.as_str() == Some(OFF) => None,
        _ => section.duration(name).map(|found| found.value).or(standard),
    }
}

fn read_naming(section: &Section<'_>) -> Option<String> {
    let text = section.text("naming")?;
    match RegexBuilder::new(text.value).size_limit(LARGEST_NAMING).build() {
        Ok(_) => Some(text.value.to_owned()),
        Err(error) => {
            // The message of a slip quotes the whole expression above its last line.
            let told = error.to_string();
            let why = told.rsplit_once("error: ").map_or("it is too large", |(_, why)| why.trim());
            let advice = "write it like \"^[a-z0-9-]+ — .+$\"; between ' and ' a backslash needs no second one";
            text.refuse(format!("this is not a regular expression: {why}"), advice);
            None
        }
    }
}

fn read_commands(section: &Section<'_>) -> Option<Vec<String>> {
    let list = section.texts("commands")?;
    for text in list.value.iter().filter(|text| !is_command(text.value)) {
        let hint = did_you_mean(text.value, COMMAND_NAMES)
            .unwrap_or_else(|| "write it as it is typed, such as \"members\" or \"keys audit\"".to_owned());
        text.refuse(format!("{} is no command that speaks with a client's key", shown(text.value)), hint);
    }
    if list.value.is_empty() {
        list.refuse("the list is empty", "leave `commands` out where all of them are used");
    }
    let mut commands: Vec<String> = list.value.iter().map(|text| text.value.to_owned()).collect();
    commands.sort();
    commands.dedup();
    Some(commands)
}

fn read_severity(table: &Section<'_>) -> std::collections::BTreeMap<FindingCode, Option<Severity>> {
    let words = Severity::ALL.map(Severity::as_str);
    let mut severity = std::collections::BTreeMap::new();
    for (name, item) in table.entries() {
        let code = FindingCode::parse(name.value).filter(|code| code.is_about_keys());
        if code.is_none() {
            name.refuse_with(format!("{} is no finding", shown(name.value)), Some(nearest_code(name.value)));
        }
        let Some(text) = text_of(&item) else { continue };
        let level = if text.value == OFF { Some(None) } else { Severity::parse(text.value).map(Some) };
        match (code, level) {
            (Some(code), Some(level)) => drop(severity.insert(code, level)),
            (_, Some(_)) => {}
            (_, None) => {
                let known = words.into_iter().chain([OFF]);
                let message = format!("{} is not one of: {}, {OFF}", shown(text.value), words.join(", "));
                text.refuse_with(message, did_you_mean(text.value, known));
            }
        }
    }
    severity
}

fn nearest_code(word: &str) -> String {
    let codes = FindingCode::KEYS.map(FindingCode::as_str);
    did_you_mean(word, codes).unwrap_or_else(|| format!("the findings are: {}", codes.join(", ")))
}

fn read_accept(section: &Section<'_>) -> Vec<Acceptance> {
    let Some(item) = section.item("accept") else { return Vec::new() };
    let Some(tables) = tables_of(item.value) else {
        item.refuse("`accept` is not a list of tables", "begin each acceptance with [[key_policy.accept]]");
        return Vec::new();
    };
    let source = section.source();
    let opened = |(table, at): (_, Option<_>)| {
        Section::new(source, table, item.path.clone(), at.unwrap_or_else(|| item.at.clone()))
    };
    tables.into_iter().map(opened).filter_map(read_acceptance).collect()
}

pub(super) type Span = std::ops::Range<usize>;

/// Returns the tables of a list, as it is written in either way, with their places.
pub(super) fn tables_of(item: &Item) -> Option<Vec<(&dyn TableLike, Option<Span>)>> {
    if let Some(tables) = item.as_array_of_tables() {
        return Some(tables.iter().map(|table| (table as &dyn TableLike, table.span())).collect());
    }
    item.as_array()?.iter().map(inline).collect()
}

fn inline(value: &Value) -> Option<(&dyn TableLike, Option<Span>)> {
    let table = value.as_inline_table()?;
    Some((table, table.span()))
}

fn read_acceptance(section: Section<'_>) -> Option<Acceptance> {
    let place = section.source().place(section.at().start);
    let code = section.text("code").and_then(|text| {
        let code = FindingCode::parse(text.value).filter(|code| code.is_about_keys());
        if code.is_none() {
            text.refuse(format!("{} is no finding", shown(text.value)), nearest_code(text.value));
        }
        if code == Some(FindingCode::AcceptanceExpired) {
            let advice =
                "take the expired entry out, or give it another day; [key_policy.severity] can turn the rule off";
            text.refuse("that an acceptance is over cannot be accepted", advice);
        }
        code
    });
    let reason = section.text("reason").map(|text| {
        if text.value.trim().is_empty() {
            text.refuse("the reason is blank", "say who accepts this and why");
        }
        text.value.trim().to_owned()
    });
    let until = section.item("until").and_then(|item| read_date(&item));
    for (name, advice) in [
        ("code", "name the finding, such as code = \"key-age\""),
        ("reason", "say who accepts this and why"),
        ("until", "nothing is accepted for ever: until = \"2027-06-30\""),
    ] {
        if section.item(name).is_none() {
            section.missing(name, advice);
        }
    }
    let workspace = pattern(&section, "workspace");
    let key = pattern(&section, "key");
    section.close(&[]);
    Some(Acceptance { code: code?, workspace, key, reason: reason?, until: until?, place })
}

fn read_date(item: &Found<'_, &Item>) -> Option<Date> {
    let text = match item.value.as_datetime() {
        Some(moment) => moment.to_string(),
        None => text_of(item)?.value.to_owned(),
    };
    let date = register::date(&text);
    if date.is_none() {
        item.refuse("this is not a date", "write it like \"2026-11-30\"");
    }
    date
}

fn pattern(section: &Section<'_>, name: &'static str) -> Option<String> {
    let text = section.text(name)?;
    if text.value.trim().is_empty() || Glob::new(text.value).is_err() {
        text.refuse("this is neither a name nor a glob", "leave it out where any is meant");
    }
    Some(text.value.to_owned())
}

fn read_presets(table: &Section<'_>) -> Vec<KeyPreset> {
    let mut presets = Vec::new();
    for (name, item) in table.entries() {
        let fits = !name.value.is_empty()
            && name.value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
        if BUILT_IN.contains(&name.value) {
            name.refuse("this preset is built in and cannot be redefined", "give yours another name");
        } else if !fits {
            name.refuse("a preset's name is made of lower-case letters, digits, `-` and `_`", "rename it");
        }
        let Some(section) = Section::of(&item) else { continue };
        let scopes = section.texts("scopes").map(|list| read_scopes(&list)).unwrap_or_default();
        if section.item("scopes").is_none() {
            section.missing("scopes", "write scopes = [\"campaigns:read\", …]");
        }
        let purpose = section.text("purpose").map(|text| text.value.trim().to_owned());
        section.close(&[("permissions", "people have permissions; keys have `scopes`")]);
        presets.push(KeyPreset { name: name.value.to_owned(), scopes, purpose });
    }
    presets
}

fn read_scopes(list: &Found<'_, Vec<Found<'_, &str>>>) -> Vec<String> {
    if list.value.is_empty() {
        list.refuse("the list is empty: such a key could do nothing", "write scopes = [\"campaigns:read\", …]");
    }
    for text in list.value.iter().filter(|text| !scope::is_documented(text.value)) {
        let known: Vec<&str> = scope::documented().collect();
        let hint = did_you_mean(text.value, known.iter().copied())
            .unwrap_or_else(|| "write it like \"campaigns:read\"; the API documents them all".to_owned());
        text.refuse(format!("{} is not a scope the API documents", shown(text.value)), hint);
    }
    let mut scopes: Vec<String> = Vec::with_capacity(list.value.len());
    for text in &list.value {
        if !scopes.iter().any(|scope| scope == text.value) {
            scopes.push(text.value.to_owned());
        }
    }
    scopes
}

#[cfg(test)]
mod tests;
