//! Keys that are put into a workspace, as somebody would have made them in the app.

use std::sync::Arc;

use jiff::Timestamp;

use super::{moments, usual};
use crate::sim::name;
use crate::sim::settings::KeyRecord;
use crate::sim::state::State;
use crate::sim::things::BEGIN;
use crate::sim::things::trail::{About, Actor};

/// A campaign was updated: what a used key did.
const USE: i64 = 11;

/// Keys that were made in the app and are alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// How many.
    pub count: u32,
    /// The name, need not be unique; of several, a number follows it.
    pub name: String,
    /// Their scopes, any words.
    pub scopes: Vec<String>,
    /// Who made them.
    pub by: Option<String>,
    /// How the trail's record of its making names one.
    pub record: KeyRecord,
    /// When the first was made; the others follow a minute apart.
    pub created: Option<Timestamp>,
    /// When the first was last used, as the trail tells; the others follow a minute apart.
    pub used: Option<Timestamp>,
}

impl Key {
    /// Makes a key of all scopes that somebody made, recorded by its name alone.
    pub fn of(somebody: &str, name: &str) -> Self {
        Self { by: Some(somebody.to_owned()), record: KeyRecord::Name, ..Self::nobodys(name) }
    }

    /// Makes a key of all scopes that no record speaks of.
    pub fn nobodys(name: &str) -> Self {
        Self {
            count: 1,
            name: name.to_owned(),
            scopes: vec!["all:all".to_owned()],
            by: None,
            record: KeyRecord::Absent,
            created: None,
            used: None,
        }
    }

    /// Makes so many of them.
    #[must_use]
    pub fn times(mut self, count: u32) -> Self {
        self.count = count;
        self
    }

    /// Says what they may do.
    #[must_use]
    pub fn scoped(mut self, scopes: &[&str]) -> Self {
        self.scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        self
    }

    /// Says how the trail's record names it.
    #[must_use]
    pub fn recorded(mut self, record: KeyRecord) -> Self {
        self.record = record;
        self
    }

    /// Says when it was made.
    #[must_use]
    pub fn at(mut self, created: Timestamp) -> Self {
        self.created = Some(created);
        self
    }

    /// Says when it was last used.
    #[must_use]
    pub fn used(mut self, used: Timestamp) -> Self {
        self.used = Some(used);
        self
    }
}

impl State {
    pub(super) fn put_keys(&mut self, workspace: usize, what: &Key, now: Option<i64>) -> Vec<String> {
        let there = self.workspaces[workspace].things.keys.len();
        let scopes: Arc<[Box<str>]> = what.scopes.iter().map(|scope| scope.as_str().into()).collect();
        let mut ids = Vec::new();
        let mut used = moments(what.count, what.used, BEGIN);
        for (created, number) in moments(what.count, what.created, usual(there, now)).zip(1..) {
            let called = if what.count == 1 { what.name.clone() } else { format!("{} {number}", what.name) };
            let at = self.make_key(workspace, &called, Arc::clone(&scopes), created);
            self.say_made(at, what.by.as_ref(), &what.record, None);
            self.say_used(at, used.next().filter(|_| what.used.is_some()));
            ids.push(name::show(self.keys[at].id));
        }
        ids
    }

    /// Writes down when a key was last used.
    pub(crate) fn say_used(&mut self, at: usize, used: Option<i64>) {
        if let Some(used) = used {
            let workspace = self.keys[at].workspace;
            self.write_down(workspace, used, USE, Actor::Key(at), About::Nothing);
        }
    }
}
