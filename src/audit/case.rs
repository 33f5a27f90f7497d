//! What is known of one workspace when its keys are judged.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::domain::belongings::Activity;
use crate::domain::{Email, KeyEntry, KeyId, KeyInfo, KeyPreset, RunId, UserId, WorkspaceId, WorkspaceName};

/// One workspace before the judge. Each `…_unknown` says why a thing is not, or not wholly, known; nothing is then concluded from its absence.
#[derive(Debug, Clone)]
pub struct Case<'a> {
    /// Its name in our files.
    pub workspace: &'a WorkspaceName,
    /// Its pinned identity; none where it is not pinned.
    pub workspace_id: Option<&'a WorkspaceId>,
    /// Its keys, as the API lists them.
    pub keys: &'a [KeyInfo],
    /// Why the list of keys is not complete.
    pub keys_unknown: Option<&'a str>,
    /// What the trail says of who made each key. A key that is not in here is one of which it says nothing.
    pub makers: BTreeMap<KeyId, Maker>,
    /// Why the trail could not be read for makers.
    pub makers_unknown: Option<&'a str>,
    /// Why the list of members is not complete.
    pub members_unknown: Option<&'a str>,
    /// When keys were last used; none where the trail was not read for it at all.
    pub activity: Option<&'a Activity>,
    /// The rows of the register that bear this workspace's name.
    pub register: Vec<&'a KeyEntry>,
    /// The keys that our own runs made here, by the ledger.
    pub ours: &'a BTreeSet<KeyId>,
    /// The keys that a rotation of ours put another one in the place of, and that no run of ours revoked, by the ledger; with
    /// the run that did.
    pub replaced_left: &'a BTreeMap<KeyId, RunId>,
    /// What the ledger remembers of earlier looks; none where it could not be asked.
    pub sighted: Option<Sighted<'a>>,
    /// The presets of keys there are: those that are built in, and the agency's own.
    pub presets: &'a [KeyPreset],
    /// The key that keyholder is configured to use here.
    pub configured: Configured<'a>,
}

/// Who made a key, as far as the trail tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Maker {
    /// The account.
    pub user_id: Option<UserId>,
    /// The name the record has.
    pub user_name: Option<String>,
    /// The address, where a member row or the ledger knows it.
    pub email: Option<Email>,
    /// Whether the account belongs to the workspace now, the owner's included. None where that cannot be told: the record names no
    /// account, the list of members is not complete, or an accepted row of it names no account and might be this one.
    pub member: Option<bool>,
    /// The record that says so.
    pub record: Option<String>,
}

/// What the ledger remembers of earlier looks at the keys of this workspace, this look not counted.
#[derive(Debug, Clone, Copy)]
pub struct Sighted<'a> {
    /// When the keys were first listed completely; none where this is the first time.
    pub first_look: Option<Timestamp>,
    /// When this look was taken; none: now.
    pub looked_at: Option<Timestamp>,
    /// When each key was first seen. A key that is not in here is seen for the first time now.
    pub first_seen: &'a BTreeMap<KeyId, Timestamp>,
    /// Why `ours` may lack a key that a run of ours made: a creation whose answer was lost and that is not settled yet.
    pub unsettled: Option<&'a str>,
}

/// The key that keyholder is configured to use for the workspace.
#[derive(Debug, Clone, Default)]
pub struct Configured<'a> {
    /// Which of the listed keys it is, by the ledger or the register. Where the list shows its secret whole, that is taken before this.
    pub id: Option<&'a KeyId>,
    /// `k:` and 8 hex digits of the secret's SHA-256.
    pub fingerprint: Option<&'a str>,
    /// The other workspaces that are configured with the same secret.
    pub shared_with: &'a [WorkspaceName],
    /// The other workspace it opens, where it opens another one than the pinned.
    pub opens: Option<Opened<'a>>,
    /// The least scopes that the configured commands need here; none where that cannot be told.
    pub least: Option<&'a [String]>,
    /// The least scopes that a rotation needs of the new key: it is proven, and deletes the old one.
    pub rotation: &'a [String],
    /// The workspace whose key is used, where this one has none of its own: then its key is not in this list.
    pub via: Option<&'a WorkspaceName>,
}

/// A workspace that a key opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened<'a> {
    /// Its identity.
    pub id: &'a WorkspaceId,
    /// Its name at the API.
    pub name: Option<&'a str>,
}
