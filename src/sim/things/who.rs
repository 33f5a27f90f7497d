//! Accounts as small numbers: what everything that carries a user id keeps.

use std::collections::HashMap;
use std::num::NonZeroU32;

use crate::sim::state::State;

/// A user id that occurs in the world, a member's or nobody's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Who(NonZeroU32);

/// All user ids that occur.
#[derive(Debug, Default)]
pub(crate) struct Users {
    ids: Vec<u128>,
    at: HashMap<u128, Who>,
}

impl Users {
    /// Finds or makes the number of an id.
    pub(crate) fn of(&mut self, id: u128) -> Who {
        *self.at.entry(id).or_insert_with(|| {
            self.ids.push(id);
            let number = u32::try_from(self.ids.len()).expect("a world has fewer than four thousand million people");
            Who(NonZeroU32::new(number).expect("one was just added"))
        })
    }

    /// Returns the id of a number.
    pub(crate) fn id(&self, who: Who) -> u128 {
        self.ids[who.0.get() as usize - 1]
    }
}

impl State {
    /// Finds or makes somebody by address, or by the user id itself where it is written like one.
    pub(crate) fn who(&mut self, somebody: &str) -> Who {
        let id = super::name::read(somebody).unwrap_or_else(|| {
            let person = self.person(somebody);
            self.people[person].user_id
        });
        self.users.of(id)
    }

    pub(super) fn who_or_nobody(&mut self, somebody: Option<&String>) -> Option<Who> {
        somebody.map(|somebody| self.who(somebody))
    }

    /// Tells whether an account is a member of a workspace.
    pub(super) fn is_member(&self, workspace: usize, user: u128) -> bool {
        let mut rows = self.workspaces[workspace].rows.iter();
        rows.any(|row| row.accepted && self.people[row.person].user_id == user)
    }
}
