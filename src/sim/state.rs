//! What is in the world: people, workspaces with their rows, keys, links of groups. A pure state machine.
//!
//! Knows no HTTP and no clock: moments come in as Unix milliseconds. Rows are kept small, for worlds of ten thousand workspaces.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::limit::{Busiest, Meter};
use super::name;
use super::settings::{Invitations, Settings};
use super::things::Things;
use super::things::assign::Assignment;
use super::things::keys::Key;
use super::things::links::Links;
use super::things::owner::Token;
use super::things::who::Users;

/// The 31 permissions the API takes (contract section 8, state of 2026-08).
pub(super) const PERMISSIONS: [&str; 31] = [
    "dashboard.view",
    "campaigns.view",
    "campaigns.create",
    "campaigns.edit",
    "campaigns.delete",
    "organization.manage",
    "organization.integrations",
    "organization.billing",
    "organization.users.manage",
    "leadFinder.view",
    "customLeadLabels.create",
    "customLeadLabels.edit",
    "customLeadLabels.delete",
    "unibox.all",
    "analytics.view",
    "websiteChat.view",
    "websiteChat.manage",
    "agency.manage",
    "accounts.view",
    "accounts.manage",
    "leadManagement.view",
    "leads.move",
    "crm.view",
    "websiteVisitors.view",
    "blocklist.manage",
    "preferences.manage",
    "inboxPlacement.view",
    "aiAgents.manage",
    "workspaceGroupMembers.invite",
    "workspaceGroupMembers.remove",
    "workspaceGroupMembers.leave",
];

/// A role or permission: a known word costs nothing, an unknown one is kept.
pub(super) type Word = Cow<'static, str>;

/// A role as a word that costs nothing where it is known.
pub(super) fn role_word(text: &str) -> Word {
    ["owner", "admin", "editor", "view", "client"]
        .into_iter()
        .find(|known| *known == text)
        .map_or_else(|| Cow::Owned(text.to_owned()), Cow::Borrowed)
}

/// Permissions as words that cost nothing where they are known.
pub(super) fn permission_words<'a>(names: impl IntoIterator<Item = &'a str>) -> Arc<[Word]> {
    names
        .into_iter()
        .map(|name| {
            PERMISSIONS
                .into_iter()
                .find(|known| *known == name)
                .map_or_else(|| Cow::Owned(name.to_owned()), Cow::Borrowed)
        })
        .collect()
}

/// A person's account.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) user_id: u128,
    pub(super) email: Arc<str>,
    pub(super) first: Arc<str>,
    pub(super) last: Arc<str>,
}

/// A membership, or an open invitation.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) id: u128,
    pub(super) email: Arc<str>,
    pub(super) person: usize,
    pub(super) role: Word,
    pub(super) accepted: bool,
    pub(super) created: i64,
    pub(super) issuer: Option<u128>,
    pub(super) permissions: Option<Arc<[Word]>>,
    pub(super) nickname: Option<Box<str>>,
}

/// A workspace's plan.
#[derive(Debug)]
pub(super) enum Plan {
    Active(Word),
    Lapsed,
}

/// A workspace with its rows in order of their ids, and what it has spent.
#[derive(Debug)]
pub(super) struct Workspace {
    pub(super) name: Arc<str>,
    pub(super) id: Arc<str>,
    pub(super) title: Box<str>,
    pub(super) plan: Plan,
    pub(super) minimal: bool,
    pub(super) removal: Option<i64>,
    pub(super) created: i64,
    pub(super) updated: i64,
    /// Its first key, for looking it up in large worlds.
    pub(super) key: Option<usize>,
    pub(super) rows: Vec<Row>,
    /// The rows before each change that reads may not show yet, with the change's moment, oldest first; empty without a lag.
    pub(super) past: VecDeque<(i64, Vec<Row>)>,
    pub(super) meter: Meter,
    pub(super) busiest: Busiest,
    pub(super) writes: usize,
    pub(super) things: Things,
}

impl Workspace {
    pub(super) fn find(&self, id: u128) -> Option<usize> {
        self.rows.binary_search_by_key(&id, |row| row.id).ok()
    }

    fn insert(&mut self, row: Row) -> usize {
        let at = self.rows.binary_search_by_key(&row.id, |other| other.id).unwrap_or_else(|at| at);
        self.rows.insert(at, row);
        at
    }

    pub(super) fn acting_admins(&self) -> usize {
        self.rows.iter().filter(|row| row.accepted && row.role == "admin").count()
    }
}

/// An invitation as it was asked for, already valid.
#[derive(Debug)]
pub(super) struct Invitation {
    pub(super) email: Arc<str>,
    pub(super) account: Option<Arc<str>>,
    pub(super) role: Word,
    pub(super) nickname: Option<Box<str>>,
    pub(super) permissions: Option<Arc<[Word]>>,
}

/// Everything in the world but its faults and its log.
#[derive(Default)]
pub(super) struct State {
    pub(super) seed: u64,
    pub(super) settings: Settings,
    pub(super) people: Vec<Person>,
    pub(super) workspaces: Vec<Workspace>,
    pub(super) keys: Vec<Key>,
    pub(super) links: Links,
    /// Every security token that was handed out.
    pub(super) tokens: Vec<Token>,
    /// Everybody who owns or made something.
    pub(super) users: Users,
    /// Accepted and not done yet.
    pub(super) assignments: Vec<Assignment>,
    by_email: HashMap<Arc<str>, usize>,
    by_user: HashMap<u128, usize>,
    by_name: HashMap<Arc<str>, usize>,
    by_id: HashMap<Arc<str>, usize>,
    by_secret: HashMap<Arc<str>, usize>,
    born: u64,
}

impl State {
    pub(super) fn new(seed: u64, settings: Settings) -> Self {
        Self { seed, settings, ..Self::default() }
    }

    pub(super) fn named(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    pub(super) fn with_id(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    pub(super) fn key_with(&self, secret: &str) -> Option<usize> {
        self.by_secret.get(secret).copied()
    }

    pub(super) fn owner_of(&self, workspace: usize) -> Option<&Person> {
        let row = self.workspaces[workspace].rows.iter().find(|row| row.role == "owner")?;
        self.people.get(row.person)
    }

    /// Finds the person with an account.
    pub(super) fn person_with(&self, user_id: u128) -> Option<&Person> {
        self.by_user.get(&user_id).map(|at| &self.people[*at])
    }

    /// Finds the person of an address.
    pub(super) fn person_called(&self, email: &str) -> Option<&Person> {
        self.by_email.get(email.to_ascii_lowercase().as_str()).map(|at| &self.people[*at])
    }

    /// Finds or makes the person of an address. The id comes from seed and address, so it is one person in every workspace.
    pub(super) fn person(&mut self, email: &str) -> usize {
        let email = email.to_ascii_lowercase();
        if let Some(known) = self.by_email.get(email.as_str()) {
            return *known;
        }
        let email: Arc<str> = email.into();
        let words: Vec<String> =
            email.split(['@', '+']).next().unwrap_or("").split(['.', '-', '_']).map(capital).collect();
        let person = Person {
            user_id: name::uuid7(self.seed, 1_750_000_000_000, &["person", &email]),
            email: Arc::clone(&email),
            first: words.first().map_or("", String::as_str).into(),
            last: words.get(1).map_or("", String::as_str).into(),
        };
        self.by_user.insert(person.user_id, self.people.len());
        self.people.push(person);
        self.by_email.insert(email, self.people.len() - 1);
        self.people.len() - 1
    }

    /// Lets a second address mean a person that is there.
    pub(super) fn alias(&mut self, email: &str, person: usize) {
        self.by_email.insert(email.to_ascii_lowercase().into(), person);
    }

    /// Adds a workspace; tells whether its name and id were free.
    pub(super) fn add_workspace(&mut self, workspace: Workspace) -> bool {
        if self.by_name.contains_key(&workspace.name) || self.by_id.contains_key(&workspace.id) {
            return false;
        }
        self.by_name.insert(Arc::clone(&workspace.name), self.workspaces.len());
        self.by_id.insert(Arc::clone(&workspace.id), self.workspaces.len());
        self.workspaces.push(workspace);
        true
    }

    /// Lets a secret be found.
    pub(super) fn remember_secret(&mut self, secret: &Arc<str>, key: usize) {
        self.by_secret.insert(Arc::clone(secret), key);
    }

    /// Lets a secret be found no more.
    pub(super) fn forget_secret(&mut self, secret: &str) {
        self.by_secret.remove(secret);
    }

    /// Adds a row as the world begins.
    pub(super) fn settle(&mut self, workspace: usize, mut row: Row, id: Option<u128>) {
        let place = &self.workspaces[workspace];
        let number = place.rows.len().to_string();
        row.id = id.unwrap_or_else(|| name::uuid7(self.seed, row.created, &["row", &place.name, &row.email, &number]));
        self.workspaces[workspace].insert(row);
    }

    /// Makes a row for an invitation and returns its place.
    pub(super) fn invite(&mut self, workspace: usize, invitation: Invitation, now: i64) -> usize {
        let Invitation { email, account, role, nickname, permissions } = invitation;
        let person = self.person(account.as_deref().unwrap_or(&email));
        let issuer = self.owner_of(workspace).map(|owner| owner.user_id);
        self.will_change(workspace, now);
        self.born += 1;
        let place = &self.workspaces[workspace];
        let id = name::uuid7(self.seed, now, &["born", &place.name, &self.born.to_string()]);
        let accepted = self.settings.invitations == Invitations::AtOnce;
        let permissions = if self.settings.drop_permissions { None } else { permissions };
        let row = Row { id, email, person, role, accepted, created: now, issuer, permissions, nickname };
        self.workspaces[workspace].insert(row)
    }

    /// Keeps the rows as they are before a change, for as long as reads may not show it.
    pub(super) fn will_change(&mut self, workspace: usize, now: i64) {
        let lag = self.lag();
        if lag > 0 {
            let place = &mut self.workspaces[workspace];
            while place.past.front().is_some_and(|(changed, _)| changed.saturating_add(lag) <= now) {
                place.past.pop_front();
            }
            place.past.push_back((now, place.rows.clone()));
        }
    }

    /// Returns the rows that a read shows now: those before the oldest change that is younger than the lag.
    pub(super) fn shown(&self, workspace: usize, now: i64) -> &[Row] {
        let place = &self.workspaces[workspace];
        let hidden = place.past.iter().find(|(changed, _)| changed.saturating_add(self.lag()) > now);
        hidden.map_or(&place.rows, |(_, before)| before)
    }

    pub(super) fn lag(&self) -> i64 {
        i64::try_from(self.settings.lag.as_millis()).unwrap_or(i64::MAX)
    }

    /// Tells which row is an address's, by invited or by account address.
    pub(super) fn row_of(&self, workspace: usize, email: &str) -> Option<usize> {
        self.workspaces[workspace].rows.iter().position(|row| {
            row.email.eq_ignore_ascii_case(email)
                || (row.accepted && self.people[row.person].email.eq_ignore_ascii_case(email))
        })
    }

    /// Accepts the open invitations of an address; tells whether there was one.
    pub(super) fn accept(&mut self, workspace: usize, email: &str, now: i64) -> bool {
        if self.settings.invitations == Invitations::Never {
            return false;
        }
        self.will_change(workspace, now);
        let mut any = false;
        for row in &mut self.workspaces[workspace].rows {
            if !row.accepted && row.email.eq_ignore_ascii_case(email) {
                row.accepted = true;
                any = true;
            }
        }
        any
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
