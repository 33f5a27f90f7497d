//! What is seen of keys, brought into the register: which rows are new, which cells are filled, which rows are about keys that are gone.
//!
//! Owns that decision, pure and repeatable: it is made again where somebody wrote the file meanwhile. What a person wrote stays, and a row is
//! called gone only where the list of keys was complete.

use std::collections::BTreeSet;

use globset::GlobSet;
use jiff::civil::Date;

use crate::config::register;
use crate::domain::fleet::Reach;
use crate::domain::{Access, KeyEntry, KeyId, KeyInfo, Register, Workspace, WorkspaceId};
use crate::plan::{Observed, keys};

/// What is asked of the register.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// Only these keys; empty: all.
    pub ids: Vec<KeyId>,
    /// Only keys whose name matches one; empty: all.
    pub names: GlobSet,
    /// Who answers for them.
    pub owner: Option<String>,
    /// What they are for.
    pub purpose: Option<String>,
    /// Where their secrets are kept.
    pub stored: Option<String>,
    /// When they are to be rotated.
    pub rotate_by: Option<Date>,
    /// Whether these are written over what stands there.
    pub replace: bool,
    /// Whether rows of keys that are gone are removed.
    pub prune: bool,
}

impl Terms {
    fn take(&self, id: &KeyId, name: &str) -> bool {
        (self.ids.is_empty() || self.ids.contains(id)) && (self.names.is_empty() || self.names.is_match(name))
    }
}

/// The keys of one workspace as they were seen.
#[derive(Debug)]
pub struct Seen<'a> {
    workspace: &'a str,
    id: &'a WorkspaceId,
    keys: Vec<Known<'a>>,
    complete: bool,
}

/// One key, and what is seen of it beside its name.
#[derive(Debug)]
struct Known<'a> {
    key: &'a KeyInfo,
    maker: Option<&'a str>,
    stored: Option<String>,
    fingerprint: Option<String>,
}

impl<'a> Seen<'a> {
    /// Takes what a look showed; nothing where no keys were looked for. `access` is what the workspace was reached with.
    pub fn of(observed: &'a Observed, own: &Workspace, access: Option<&Access>) -> Option<Self> {
        let belongings = observed.belongings.as_deref()?;
        let known = |key: &'a KeyInfo| {
            let account = keys::maker(key, belongings).and_then(|record| record.user_id.as_ref());
            // Only the workspace's own key is the one of its reference; with `via` it is another workspace's.
            let reference = match (&own.reach, key.in_use) {
                (Reach::Own(reference), Some(true)) => Some(reference.to_string()),
                _ => None,
            };
            let fingerprint = match access {
                Some(Access::Own(secret)) if reference.is_some() => Some(secret.fingerprint()),
                _ => None,
            };
            let maker = account.and_then(|account| {
                let rows = observed.members.iter().filter(|row| row.user_id.as_ref() == Some(account));
                let emails: BTreeSet<&str> = rows.map(|row| row.email.as_str()).collect();
                // Two addresses of one account tell nobody which is meant.
                emails.first().copied().filter(|_| emails.len() == 1)
            });
            Known { key, maker, stored: reference, fingerprint }
        };
        Some(Self {
            workspace: observed.workspace.as_str(),
            id: &observed.id,
            keys: belongings.keys.rows.iter().map(known).collect(),
            complete: belongings.keys.incomplete.is_none(),
        })
    }
}

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Added,
    /// Cells of it are filled or replaced.
    Changed,
    /// Its key is not there any more; it stays.
    Gone,
    /// Its key is not there any more, and it is removed.
    Removed,
}

impl Change {
    /// All.
    pub const ALL: [Self; 4] = [Self::Added, Self::Changed, Self::Gone, Self::Removed];

    /// Returns the word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Gone => "gone",
            Self::Removed => "removed",
        }
    }
}

/// A row that changes, or is about a key that is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The row as it is then.
    pub entry: KeyEntry,
    /// What becomes of it.
    pub change: Change,
}

/// Brings what was seen into the register and returns the rows that changed, in the order it was seen in.
pub fn reconcile(register: &mut Register, seen: &[Seen<'_>], terms: &Terms) -> Vec<Row> {
    let mut rows = Vec::new();
    for seen in seen {
        let mut keys: Vec<&Known<'_>> =
            seen.keys.iter().filter(|known| terms.take(&known.key.id, &known.key.name)).collect();
        keys.sort_by(|a, b| a.key.id.cmp(&b.key.id));
        for known in keys {
            let was = register.entry(seen.workspace, &known.key.id);
            let entry = fill(was.cloned(), seen, known, terms);
            let change = match was {
                Some(was) if *was == entry => continue,
                Some(_) => Change::Changed,
                None => Change::Added,
            };
            register.put(entry.clone());
            rows.push(Row { entry, change });
        }
        if !seen.complete {
            continue;
        }
        let there: BTreeSet<&KeyId> = seen.keys.iter().map(|known| &known.key.id).collect();
        let gone: Vec<KeyEntry> = register
            .of_workspace(seen.workspace)
            .filter(|entry| !there.contains(&entry.key) && terms.take(&entry.key, &entry.name))
            .cloned()
            .collect();
        for entry in gone {
            if terms.prune {
                register.remove(seen.workspace, &entry.key);
            }
            rows.push(Row { entry, change: if terms.prune { Change::Removed } else { Change::Gone } });
        }
    }
    rows
}

/// Fills a row: what stands there, then what was asked for, then what is seen. With `replace` what was asked for comes first, and what is a
/// fact (the name, the workspace, the fingerprint of the key in use) is as it is seen.
fn fill(was: Option<KeyEntry>, seen: &Seen<'_>, known: &Known<'_>, terms: &Terms) -> KeyEntry {
    let was = was.unwrap_or_else(|| KeyEntry::blank(seen.workspace, known.key.id.clone()));
    let before = was.clone();
    let KeyEntry { workspace, workspace_id, key, name, owner, purpose, stored, rotate_by, fingerprint, vouched: _ } =
        was;
    let seen_first = |stands: Option<String>, shown: Option<String>| {
        if terms.replace { shown.or(stands) } else { stands.or(shown) }
    };
    let pick = |stands: Option<String>, asked: &Option<String>, shown: Option<&str>| {
        let asked = asked.clone();
        let first = if terms.replace { asked.or(stands) } else { stands.or(asked) };
        first.or_else(|| shown.map(str::to_owned))
    };
    let shown_name: String = known.key.name.chars().filter(|one| !one.is_control()).collect();
    // Somebody named a key by its secret: such a name is not written down a second time.
    let shown_name = if register::is_no_place_for(&shown_name) { String::new() } else { shown_name.trim().to_owned() };
    let mut entry = KeyEntry {
        workspace,
        workspace_id: if terms.replace {
            Some(seen.id.clone())
        } else {
            workspace_id.or_else(|| Some(seen.id.clone()))
        },
        key,
        name: if name.is_empty() || terms.replace { shown_name.clone() } else { name },
        owner: pick(owner, &terms.owner, known.maker),
        purpose: pick(purpose, &terms.purpose, None),
        stored: pick(stored, &terms.stored, known.stored.as_deref()),
        rotate_by: if terms.replace { terms.rotate_by.or(rotate_by) } else { rotate_by.or(terms.rotate_by) },
        fingerprint: seen_first(fingerprint, known.fingerprint.clone()),
        vouched: false,
    };
    // Vouched for is what was just seen, and what was vouched for and stands as it stood; never a cell that a person wrote beside it.
    let as_seen = known.fingerprint.is_some()
        && entry.fingerprint == known.fingerprint
        && entry.workspace_id.as_ref() == Some(seen.id)
        && entry.name == shown_name;
    let as_before = before.vouched
        && (&entry.workspace_id, &entry.name, &entry.fingerprint)
            == (&before.workspace_id, &before.name, &before.fingerprint);
    entry.vouched = as_seen || as_before;
    entry
}

#[cfg(test)]
mod tests;
