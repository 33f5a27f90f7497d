//! `[key_policy]`: what it can say, and every slip at its place.

use std::path::{Path, PathBuf};
use std::time::Duration;

use regex::Regex;

use super::*;
use crate::domain::Fleet;

fn load(policy: &str) -> Result<Fleet, crate::config::Problems> {
    let files = [(PathBuf::from("workspaces/a.toml"), b"name = \"a\"\nkey = { env = \"A\" }\n".to_vec())];
    let agency = format!("version = 1\n{policy}");
    crate::config::load::fleet(Path::new("/root"), agency.into_bytes(), files.into(), Vec::new())
}

fn policy(text: &str) -> KeyPolicy {
    load(text).unwrap().key_policy
}

fn told(text: &str) -> String {
    load(text).unwrap_err().to_string()
}

#[test]
fn everything_it_can_say_is_read() {
    let policy = policy(
        r#"
[key_policy]
max_age = "180d"
max_idle = "off"
allow_wildcards = true
naming = '^(?i)[\w-]+ — .+$'
commands = ["members", "keys audit", "members"]
[key_policy.severity]
key-age = "critical"
no-owner = "off"
[[key_policy.accept]]
code = "wildcard-scope"
workspace = "ac*"
key = "old bot"
reason = " the vendor's own tool needs it (ann) "
until = "2027-01-31"
[[key_policy.accept]]
code = "key-idle"
reason = "seasonal"
until = 2027-06-30
[key_policy.presets.reports]
scopes = ["campaigns:read", "leads:all", "campaigns:read"]
purpose = "weekly reports"
"#,
    );
    assert_eq!((policy.max_age, policy.max_idle), (Some(Duration::from_hours(180 * 24)), None));
    assert!(policy.allow_wildcards && Regex::new(policy.naming.as_deref().unwrap()).unwrap().is_match("ÄCME — x"));
    assert_eq!(policy.commands.as_deref().unwrap(), ["keys audit", "members"]);
    assert_eq!(policy.severity_of(FindingCode::KeyAge), Some(Severity::Critical));
    assert_eq!(policy.severity_of(FindingCode::NoOwner), None);
    assert_eq!(policy.severity_of(FindingCode::BadName), Some(Severity::Low));
    let [first, second] = &policy.accept[..] else { panic!() };
    assert_eq!(
        (first.code, first.reason.as_str()),
        (FindingCode::WildcardScope, "the vendor's own tool needs it (ann)")
    );
    assert_eq!((first.workspace.as_deref(), first.key.as_deref()), (Some("ac*"), Some("old bot")));
    assert_eq!((first.place.line, second.place.line, second.until.to_string()), (12, 18, "2027-06-30".to_owned()));
    assert_eq!(policy.presets[0].scopes, ["campaigns:read", "leads:all"]);
    assert_eq!(policy.presets[0].purpose.as_deref(), Some("weekly reports"));
}

#[test]
fn what_is_not_said_is_the_standard() {
    assert_eq!(policy(""), KeyPolicy::default());
    assert_eq!(policy("[key_policy]"), KeyPolicy::default());
    assert_eq!(KeyPolicy::default().max_idle, Some(Duration::from_hours(90 * 24)));
    let inline = policy("[key_policy]\naccept = [{ code = \"key-age\", reason = \"x\", until = \"2027-01-01\" }]");
    assert_eq!(inline.accept[0].code, FindingCode::KeyAge);
}

#[test]
fn every_slip_is_told_at_its_place() {
    insta::assert_snapshot!(told(r#"
[key_policy]
max_age = "old"
max_idel = "90d"
allow_wildcards = "no"
naming = "^(a-z"
commands = ["member", "dance the whole night"]
[key_policy.severity]
key-aeg = "high"
key-age = "hihg"
shredded-key = "off"
[[key_policy.accept]]
code = "key-ages"
reason = " "
until = "31.12.2026"
key = "[a"
[[key_policy.accept]]
workspace = ""
[key_policy.presets.analytics]
scopes = ["campaigns:read"]
[key_policy.presets.Mine]
scopes = ["campaign:read", "nothing like one", 7]
permissions = []
[key_policy.presets.empty]
purpose = "none"
"#), @r#"
    24 problems in 1 configuration file
    keyholder.toml:4:11: key_policy.max_age: this is not a duration above zero
      hint: write it like "30s", "10m", "1h" or "180d"
    keyholder.toml:5:1: key_policy.max_idel: unknown key `max_idel`
      hint: did you mean `max_idle`?
    keyholder.toml:6:19: key_policy.allow_wildcards: this is a string
      hint: write true or false
    keyholder.toml:7:10: key_policy.naming: this is not a regular expression: unclosed group
      hint: write it like "^[a-z0-9-]+ — .+$"; between ' and ' a backslash needs no second one
    keyholder.toml:8:13: key_policy.commands: `member` is no command that speaks with a client's key
      hint: did you mean `members`?
    keyholder.toml:8:23: key_policy.commands: `dance the whole night` is no command that speaks with a client's key
      hint: write it as it is typed, such as "members" or "keys audit"
    keyholder.toml:10:1: key_policy.severity.key-aeg: `key-aeg` is no finding
      hint: did you mean `key-age`?
    keyholder.toml:11:11: key_policy.severity.key-age: `hihg` is not one of: low, medium, high, critical, off
      hint: did you mean `high`?
    keyholder.toml:12:1: key_policy.severity.shredded-key: `shredded-key` is no finding
      hint: the findings are: opens-another, shared-secret, wildcard-scope, grants-access, key-too-wide, resource-wide, undocumented-scope, maker-left, replaced-left, made-outside, key-age, rotate-by, key-idle, no-owner, duplicate-name, bad-name, register-stale, acceptance-expired
    keyholder.toml:14:8: key_policy.accept.code: `key-ages` is no finding
      hint: did you mean `key-age`?
    keyholder.toml:15:10: key_policy.accept.reason: the reason is blank
      hint: say who accepts this and why
    keyholder.toml:16:9: key_policy.accept.until: this is not a date
      hint: write it like "2026-11-30"
    keyholder.toml:17:7: key_policy.accept.key: this is neither a name nor a glob
      hint: leave it out where any is meant
    keyholder.toml:18:1: key_policy.accept.code: `code` is missing
      hint: name the finding, such as code = "key-age"
    keyholder.toml:18:1: key_policy.accept.reason: `reason` is missing
      hint: say who accepts this and why
    keyholder.toml:18:1: key_policy.accept.until: `until` is missing
      hint: nothing is accepted for ever: until = "2027-06-30"
    keyholder.toml:19:13: key_policy.accept.workspace: this is neither a name nor a glob
      hint: leave it out where any is meant
    keyholder.toml:20:21: key_policy.presets.analytics: this preset is built in and cannot be redefined
      hint: give yours another name
    keyholder.toml:22:21: key_policy.presets.Mine: a preset's name is made of lower-case letters, digits, `-` and `_`
      hint: rename it
    keyholder.toml:23:11: key_policy.presets.Mine.scopes: `campaign:read` is not a scope the API documents
      hint: did you mean `campaigns:read`?
    keyholder.toml:23:28: key_policy.presets.Mine.scopes: `nothing like one` is not a scope the API documents
      hint: write it like "campaigns:read"; the API documents them all
    keyholder.toml:23:48: key_policy.presets.Mine.scopes: this is an integer, not a text
      hint: write it in quotes
    keyholder.toml:24:1: key_policy.presets.Mine.permissions: unknown key `permissions`
      hint: people have permissions; keys have `scopes`
    keyholder.toml:25:1: key_policy.presets.empty.scopes: `scopes` is missing
      hint: write scopes = ["campaigns:read", …]
    "#);
    insta::assert_snapshot!(told("[key_policy]\naccept = \"all\"\n[key_policy.presets]\nx = { scopes = [] }\n"), @r#"
    2 problems in 1 configuration file
    keyholder.toml:3:10: key_policy.accept: `accept` is not a list of tables
      hint: begin each acceptance with [[key_policy.accept]]
    keyholder.toml:5:16: key_policy.presets.x.scopes: the list is empty: such a key could do nothing
      hint: write scopes = ["campaigns:read", …]
    "#);
}

#[test]
fn an_expression_that_would_fill_the_memory_is_refused_unquoted() {
    let told = told("[key_policy]\nnaming = \"(canary{500}){500}\"\n");
    assert!(told.contains("too large") && !told.contains("canary"), "{told}");
}

#[test]
fn the_names_of_built_in_presets_are_those_the_client_knows() {
    let names: Vec<String> = crate::api::needs::presets().into_iter().map(|preset| preset.name).collect();
    assert_eq!(names, BUILT_IN);
}

#[test]
fn that_an_acceptance_is_over_is_never_accepted() {
    let told =
        told("[[key_policy.accept]]\ncode = \"acceptance-expired\"\nreason = \"later\"\nuntil = \"2027-01-31\"\n");
    assert!(told.contains("key_policy.accept.code: that an acceptance is over cannot be accepted"), "{told}");
    assert!(told.contains("take the expired entry out"), "{told}");
}
