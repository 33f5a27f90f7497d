//! What a rule has before it, and how it speaks.
//!
//! Owns the questions several rules ask: which keys there are, which of them is the configured one, what the register says of one, how
//! old one is, and what its scopes let it do.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use regex::Regex;

use super::Case;
use crate::domain::{About, KeyEntry, KeyId, KeyInfo, KeyPolicy, scope};

/// One workspace, the policy and the moment.
#[derive(Debug)]
pub(super) struct Bench<'a> {
    /// The workspace.
    pub(super) case: &'a Case<'a>,
    /// What the agency asks of keys.
    pub(super) policy: &'a KeyPolicy,
    /// What names must look like; the error of an expression that cannot be read.
    pub(super) naming: Result<Option<&'a Regex>, &'a str>,
    /// Now.
    pub(super) now: Timestamp,
    /// The keys by id, each once: a page may repeat a row (contract section 12).
    keys: BTreeMap<&'a KeyId, &'a KeyInfo>,
}

/// What a rule says.
#[derive(Debug)]
pub(super) enum Said {
    /// There is something to be said.
    Finding {
        /// About what.
        about: About,
        /// The facts.
        evidence: String,
        /// What to do next.
        advice: String,
    },
    /// It could not be told.
    NotJudged {
        /// About what.
        about: About,
        /// Why.
        why: String,
    },
}

impl Said {
    /// Says something against a key.
    pub(super) fn of(key: &KeyInfo, evidence: String, advice: String) -> Self {
        Self::Finding { about: about(key), evidence, advice }
    }

    /// Says that a rule could not judge the workspace.
    pub(super) fn unjudged(why: impl Into<String>) -> Self {
        Self::NotJudged { about: About::Workspace, why: why.into() }
    }

    /// Says that a rule could not judge a key.
    pub(super) fn unjudged_key(key: &KeyInfo, why: impl Into<String>) -> Self {
        Self::NotJudged { about: about(key), why: why.into() }
    }
}

/// All that a row says of a key, for an order over rows.
fn shown(key: &KeyInfo) -> (&str, &str, &[String], Option<bool>) {
    (&key.name, &key.created, &key.scopes, key.in_use)
}

fn about(key: &KeyInfo) -> About {
    About::Key { id: key.id.clone(), name: key.name.clone() }
}

/// Returns the day of a moment, in UTC.
pub(super) fn day(moment: Timestamp) -> Date {
    moment.to_zoned(TimeZone::UTC).date()
}

impl<'a> Bench<'a> {
    /// Lays a case before the rules.
    pub(super) fn new(
        case: &'a Case<'a>,
        policy: &'a KeyPolicy,
        naming: Result<Option<&'a Regex>, &'a str>,
        now: Timestamp,
    ) -> Self {
        let mut keys: BTreeMap<&KeyId, &KeyInfo> = BTreeMap::new();
        for key in case.keys {
            // Which of two rows of one id is taken must not hang on their order.
            let taken = keys.entry(&key.id).or_insert(key);
            if shown(key) < shown(taken) {
                *taken = key;
            }
        }
        Self { case, policy, naming, now, keys }
    }

    /// Returns the keys, by id.
    pub(super) fn keys(&self) -> impl Iterator<Item = &'a KeyInfo> {
        self.keys.values().copied()
    }

    /// Finds a key.
    pub(super) fn key(&self, id: &KeyId) -> Option<&'a KeyInfo> {
        self.keys.get(id).copied()
    }

    /// Finds what the register says of a key. A row that names another identity is about another workspace.
    pub(super) fn entry(&self, key: &KeyInfo) -> Option<&'a KeyEntry> {
        self.case.register.iter().copied().find(|entry| entry.key == key.id && self.is_here(entry))
    }

    /// Tells whether the register says who answers for a key.
    pub(super) fn has_owner(&self, key: &KeyInfo) -> bool {
        let owner = self.entry(key).and_then(|entry| entry.owner.as_deref());
        owner.is_some_and(|owner| !owner.trim().is_empty())
    }

    /// Finds the preset whose scopes a key has, neither more nor fewer.
    pub(super) fn preset(&self, key: &KeyInfo) -> Option<&'a str> {
        self.preset_of(&key.scopes)
    }

    fn preset_of(&self, scopes: &[String]) -> Option<&'a str> {
        let held = scope::fold(scopes);
        self.case.presets.iter().find(|preset| scope::fold(&preset.scopes) == held).map(|preset| preset.name.as_str())
    }

    /// Tells whether a row of the register is about this very workspace.
    pub(super) fn is_here(&self, entry: &KeyEntry) -> bool {
        match (&entry.workspace_id, self.case.workspace_id) {
            (Some(its), Some(ours)) => its == ours,
            _ => true,
        }
    }

    /// Finds the configured key in the list: the one whose secret was shown whole and is ours, else the one the ledger or the register
    /// tells, unless the list shows that it is another.
    pub(super) fn configured(&self) -> Option<&'a KeyInfo> {
        if self.case.configured.via.is_some() {
            return None;
        }
        let mut shown = self.keys().filter(|key| key.in_use == Some(true));
        match (shown.next(), shown.next()) {
            (Some(key), None) => Some(key),
            (Some(_), Some(_)) => None,
            (None, _) => self.key(self.case.configured.id?).filter(|key| key.in_use.is_none()),
        }
    }

    /// Tells whether a key is the configured one, or may be: none of the list is known to be, and this one is not known not to be.
    pub(super) fn may_be_configured(&self, key: &KeyInfo) -> bool {
        match self.configured() {
            Some(configured) => configured.id == key.id,
            None => self.case.configured.via.is_none() && key.in_use != Some(false),
        }
    }

    /// Tells whether a key is the configured one.
    pub(super) fn is_configured(&self, key: &KeyInfo) -> bool {
        self.configured().is_some_and(|configured| configured.id == key.id)
    }

    /// Returns the day, in UTC.
    pub(super) fn today(&self) -> Date {
        day(self.now)
    }

    /// Returns the moment a key was made, or why it is not known.
    pub(super) fn made(&self, key: &KeyInfo) -> Result<Timestamp, String> {
        let made: Timestamp = key.created.trim().parse().map_err(|_no_moment| {
            let shown: String = key.created.chars().take(40).collect();
            format!("when it was made cannot be read: `{shown}`")
        })?;
        // A day covers every difference between two clocks that are kept at all.
        if made.duration_since(self.now) > SignedDuration::from_hours(24) {
            return Err(format!("it is said to be made in the future: {made}"));
        }
        Ok(made)
    }

    /// Tells whether a moment is more than so long ago.
    pub(super) fn is_past(&self, moment: Timestamp, limit: std::time::Duration) -> bool {
        let limit = SignedDuration::try_from(limit).unwrap_or(SignedDuration::MAX);
        self.now.duration_since(moment) > limit
    }

    /// Advises to put a narrower key in the place of one, or to accept it where no narrower one does its work.
    pub(super) fn narrow(&self, key: &KeyInfo) -> String {
        let (workspace, id) = (self.case.workspace, &key.id);
        if !self.is_configured(key) {
            return format!(
                "make one with no more than its job needs (`keyholder keys create -w {workspace} --scope …`), hand it to whoever \
                 uses this one, then `keyholder keys revoke -w {workspace} --id {id}`"
            );
        }
        match self.case.configured.least {
            Some(least) if !least.is_empty() && scope::excess(&key.scopes, least).is_empty() => {
                "the configured commands need all of it: accept this in `[key_policy]` with a reason, or name fewer in `commands` there"
                    .to_owned()
            }
            _ => format!("{}, or accept this in `[key_policy]` with a reason", self.rotate_to_least()),
        }
    }

    /// Advises to put a new key in the place of one.
    pub(super) fn renew(&self, key: &KeyInfo) -> String {
        let (workspace, id) = (self.case.workspace, &key.id);
        if self.is_configured(key) {
            format!("`keyholder keys rotate -w {workspace}`")
        } else {
            format!(
                "make a new one (`keyholder keys create -w {workspace} --scope …`), hand it to whoever uses this one, then \
                 `keyholder keys revoke -w {workspace} --id {id}`"
            )
        }
    }

    /// Returns the scopes of a new key that a rotation puts in the place of the configured one: the least, and what a rotation needs of
    /// it, folded. None where the least are not known.
    pub(super) fn rotated(&self) -> Option<Vec<String>> {
        let least = self.case.configured.least.filter(|least| !least.is_empty())?;
        Some(scope::fold(&[least, self.case.configured.rotation].concat()))
    }

    /// Advises to rotate the configured key to the least scopes.
    pub(super) fn rotate_to_least(&self) -> String {
        let workspace = self.case.workspace;
        let scopes = match self.rotated() {
            None => "--scope …".to_owned(),
            Some(scopes) => match self.preset_of(&scopes) {
                Some(preset) => format!("--preset {preset}"),
                None => format!("--scope {}", scopes.join(",")),
            },
        };
        format!("`keyholder keys rotate -w {workspace} {scopes}`")
    }
}
