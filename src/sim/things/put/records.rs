//! Records of the trail that are put into a workspace: of what people did in the app, and keys over the API.

use std::time::Duration;

use jiff::Timestamp;

use super::{moments, usual};
use crate::sim::name;
use crate::sim::state::State;
use crate::sim::things::long_trail;
use crate::sim::things::trail::{About, Actor};

/// Records of the trail that are alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Records {
    /// How many.
    pub count: u32,
    /// The code: 1 login, 34 export …
    pub activity: i64,
    /// Who did it.
    pub by: Option<String>,
    /// The key that did it, by id or name, in place of a person; one that is not there leaves it to nobody.
    pub key: Option<String>,
    /// When the first was written down; the others follow a minute apart.
    pub at: Option<Timestamp>,
    /// How many things it says were affected.
    pub affected: Option<u32>,
}

impl Records {
    /// Makes so many records of what somebody did.
    pub fn of(somebody: &str, activity: i64, count: u32) -> Self {
        Self { count, activity, by: Some(somebody.to_owned()), key: None, at: None, affected: None }
    }

    /// Makes so many records of what a key did, named by its id or name.
    pub fn of_key(key: &str, activity: i64, count: u32) -> Self {
        Self { count, activity, by: None, key: Some(key.to_owned()), at: None, affected: None }
    }

    /// Says when the first was written down.
    #[must_use]
    pub fn at(mut self, at: Timestamp) -> Self {
        self.at = Some(at);
        self
    }
}

/// A trail of so many records beside those that are put there one by one: never stored, made page by page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LongTrail {
    /// How many records.
    pub rows: u64,
    /// The moment of the newest.
    pub newest: Timestamp,
    /// How long each is after the one before; at least a millisecond.
    pub apart: Duration,
}

impl State {
    pub(super) fn put_long_trail(&mut self, workspace: usize, what: &LongTrail) {
        let seed = self.seed_of_things(workspace);
        let LongTrail { rows, newest, apart } = *what;
        let apart = i64::try_from(apart.as_millis()).unwrap_or(i64::MAX).max(1);
        let made = long_trail::LongTrail { rows, newest: newest.as_millisecond(), apart, seed };
        self.workspaces[workspace].things.long_trail = Some(made);
    }

    pub(super) fn put_records(&mut self, workspace: usize, what: &Records, now: Option<i64>) -> Vec<String> {
        let key = what.key.as_ref().and_then(|key| self.key_called(workspace, key));
        let person = self.who_or_nobody(what.by.as_ref());
        let actor = key.map(Actor::Key).or(person.map(Actor::Person)).unwrap_or(Actor::Nobody);
        let there = self.workspaces[workspace].things.trail.len();
        let mut ids = Vec::new();
        for at in moments(what.count, what.at, usual(there, now)) {
            let id = self.write_down(workspace, at, what.activity, actor, About::Nothing);
            self.say_affected(workspace, id, what.affected);
            ids.push(name::show(id));
        }
        ids
    }
}
