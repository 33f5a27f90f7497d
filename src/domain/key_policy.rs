//! What an agency asks of its clients' keys (`[key_policy]`), and what it knows of them (the register).

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::Date;

use super::fleet::Place;
use super::{FindingCode, KeyId, Severity, WorkspaceId};

/// `[key_policy]` of keyholder.toml.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyPolicy {
    /// Oldest a key may be; none judges no age.
    pub max_age: Option<Duration>,
    /// Longest time without logged activity; none judges none.
    pub max_idle: Option<Duration>,
    /// Whether `all:…` scopes are allowed.
    pub allow_wildcards: bool,
    /// The regular expression a name must match; compiled once when the files were checked.
    pub naming: Option<String>,
    /// The commands of keyholder that are used here, such as `members` or `keys audit`; none: all that a workspace's mode allows.
    pub commands: Option<Vec<String>>,
    /// How grave findings are, where it is said otherwise; a rule that is `off` is none.
    pub severity: BTreeMap<FindingCode, Option<Severity>>,
    /// Findings that were looked at and accepted.
    pub accept: Vec<Acceptance>,
    /// Presets of the agency's own, beside the built-in ones.
    pub presets: Vec<KeyPreset>,
}

impl KeyPolicy {
    /// Longest time without logged activity, where the files do not say: a quarter.
    pub const MAX_IDLE: Duration = Duration::from_hours(90 * 24);

    /// Returns how grave a finding is here; none where its rule is off.
    pub fn severity_of(&self, code: FindingCode) -> Option<Severity> {
        self.severity.get(&code).copied().unwrap_or(Some(code.severity()))
    }
}

impl Default for KeyPolicy {
    fn default() -> Self {
        Self {
            max_age: None,
            max_idle: Some(Self::MAX_IDLE),
            allow_wildcards: false,
            naming: None,
            commands: None,
            severity: BTreeMap::new(),
            accept: Vec::new(),
            presets: Vec::new(),
        }
    }
}

/// A finding that is accepted for a time (`[[key_policy.accept]]`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    /// The rule.
    pub code: FindingCode,
    /// The workspace, by name or glob; none: any.
    pub workspace: Option<String>,
    /// The key, by id, name or a glob over names; none: any.
    pub key: Option<String>,
    /// Why.
    pub reason: String,
    /// The last day it holds, in UTC.
    pub until: Date,
    /// Where it stands in our files.
    pub place: Place,
}

/// A named set of scopes for a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPreset {
    /// Its name.
    pub name: String,
    /// The scopes, each one of the documented.
    pub scopes: Vec<String>,
    /// What keys of it are for.
    pub purpose: Option<String>,
}

/// What the agency knows of one key: a row of `keys.csv`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyEntry {
    /// The workspace's name in our files.
    pub workspace: String,
    /// The workspace's identity; none in a row a person wrote by hand without it.
    pub workspace_id: Option<WorkspaceId>,
    /// The key.
    pub key: KeyId,
    /// Its name when it was adopted or made.
    pub name: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// What it is for.
    pub purpose: Option<String>,
    /// Where its secret is kept, in words.
    pub stored: Option<String>,
    /// The day by which it is to be rotated.
    pub rotate_by: Option<Date>,
    /// `k:` and 8 hex digits of the secret's SHA-256, where keyholder saw the secret whole.
    pub fingerprint: Option<String>,
    /// Whether keyholder itself wrote that this id, name and fingerprint are of one key of this workspace, and none of them was changed
    /// since. A row that a person wrote or moved cells of is not; it says nothing about which key is the configured one.
    pub vouched: bool,
}

impl KeyEntry {
    /// A row of which nothing is known but whose key it is.
    pub fn blank(workspace: &str, key: KeyId) -> Self {
        Self {
            workspace: workspace.to_owned(),
            workspace_id: None,
            key,
            name: String::new(),
            owner: None,
            purpose: None,
            stored: None,
            rotate_by: None,
            fingerprint: None,
            vouched: false,
        }
    }
}

/// The register of keys (`keys.csv` beside keyholder.toml), by workspace name and key id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Register {
    entries: BTreeMap<String, BTreeMap<KeyId, KeyEntry>>,
}

impl Register {
    /// Adds or replaces an entry; returns the one that stood there.
    pub fn put(&mut self, entry: KeyEntry) -> Option<KeyEntry> {
        self.entries.entry(entry.workspace.clone()).or_default().insert(entry.key.clone(), entry)
    }

    /// Takes an entry out.
    pub fn remove(&mut self, workspace: &str, key: &KeyId) -> Option<KeyEntry> {
        self.entries.get_mut(workspace)?.remove(key)
    }

    /// Finds the entry of a key.
    pub fn entry(&self, workspace: &str, key: &KeyId) -> Option<&KeyEntry> {
        self.entries.get(workspace)?.get(key)
    }

    /// Returns the entries of a workspace, by key id.
    pub fn of_workspace(&self, workspace: &str) -> impl Iterator<Item = &KeyEntry> {
        self.entries.get(workspace).into_iter().flat_map(BTreeMap::values)
    }

    /// Returns all entries, by workspace name and key id.
    pub fn iter(&self) -> impl Iterator<Item = &KeyEntry> {
        self.entries.values().flat_map(BTreeMap::values)
    }

    /// Finds the one key of a workspace whose secret has a fingerprint; none where there is none, or two.
    pub fn by_fingerprint(&self, workspace: &str, fingerprint: &str) -> Option<&KeyEntry> {
        let mut found = self.of_workspace(workspace).filter(|entry| entry.fingerprint.as_deref() == Some(fingerprint));
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }
}
