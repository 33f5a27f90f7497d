//! What people own and make in a workspace besides their membership (contract sections 10 and 11), one file a resource: how it is kept, who may
//! change it, and its JSON in the words of the contract's samples.
//!
//! Kept small, for five hundred workspaces with hundreds of campaigns and thousands of leads each: people are numbers, names and ids of what
//! comes in numbers are derived from a seed and a number, and a lead is four bytes.

pub(super) mod accounts;
pub(super) mod assign;
pub(super) mod billing;
pub(super) mod campaigns;
pub(super) mod days;
pub(super) mod effect;
pub(super) mod figures;
pub(super) mod groups;
pub(super) mod jobs;
pub(super) mod keys;
pub(super) mod lead_lists;
pub(super) mod leads;
pub(super) mod links;
pub(super) mod long_trail;
pub(super) mod look;
pub(super) mod mappings;
pub(super) mod owner;
pub(super) mod page;
pub(super) mod past;
pub mod put;
pub(super) mod scopes;
pub(super) mod tagged;
pub(super) mod tags;
pub(super) mod toggle;
pub(super) mod trail;
pub(super) mod warm;
pub(super) mod webhooks;
pub(super) mod who;

use std::collections::VecDeque;

use serde_json::{Map, Value};

use super::name;
use super::paper::{self, Refusal};
use super::routes::Ask;
use super::state::State;
use who::Who;

/// 2026-02-02T09:00:00Z: what is put into a world without a moment of its own was made from then on.
const BEGIN: i64 = 1_770_022_800_000;
const MINUTE: i64 = 60_000;

/// Everything of one workspace but its rows.
#[derive(Debug, Clone, Default)]
pub(super) struct Things {
    /// What its ids come from; none until the first is made.
    seed: Option<u64>,
    born: u64,
    pub(super) campaigns: Vec<campaigns::Campaign>,
    pub(super) lead_lists: Vec<lead_lists::LeadList>,
    pub(super) leads: leads::Leads,
    pub(super) accounts: accounts::Accounts,
    pub(super) tags: tags::Tags,
    /// Places in the world's keys, in the order they were made.
    pub(super) keys: Vec<usize>,
    pub(super) webhooks: Vec<webhooks::Webhook>,
    pub(super) jobs: Vec<jobs::Job>,
    /// In order of their ids, so the oldest first.
    pub(super) trail: Vec<trail::Record>,
    /// Records beside those, made when they are asked for.
    pub(super) long_trail: Option<long_trail::LongTrail>,
    /// What it pays for, where it is not the usual.
    pub(super) paid: Option<Box<billing::Paid>>,
    /// What was before each change that reads may not show yet, with the change's moment, oldest first; empty without a lag.
    past: VecDeque<(i64, past::Was)>,
}

/// A request that was let in: whose key, in which workspace, when.
#[derive(Clone, Copy)]
pub(super) struct Turn<'a> {
    pub(super) ask: &'a Ask,
    /// The id in the path.
    pub(super) id: Option<&'a str>,
    pub(super) workspace: usize,
    /// Place of the key in the world's keys.
    pub(super) key: usize,
    /// Unix milliseconds.
    pub(super) now: i64,
}

impl Turn<'_> {
    /// Reads the id in the path; one in another form is of nothing that is here.
    fn uuid(&self) -> Result<u128, Refusal> {
        self.id.and_then(name::read).ok_or_else(paper::not_found)
    }
}

impl State {
    /// Makes an id for a thing of a workspace, of the moment it was made.
    pub(super) fn mint(&mut self, workspace: usize, millis: i64) -> u128 {
        let seed = self.seed_of_things(workspace);
        let things = &mut self.workspaces[workspace].things;
        things.born += 1;
        name::mixed(seed, millis, things.born)
    }

    /// The seed of a workspace's things: of its own, so that another workspace renames nothing here.
    pub(super) fn seed_of_things(&mut self, workspace: usize) -> u64 {
        let place = &mut self.workspaces[workspace];
        *place.things.seed.get_or_insert_with(|| name::seed_of(self.seed, &["things", &place.name]))
    }

    /// Writes who somebody is, or null.
    fn show_who(&self, who: Option<Who>) -> Value {
        who.map_or(Value::Null, |who| name::show(self.users.id(who)).into())
    }
}

/// What a body says about whose a thing is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Unsaid,
    Nobody,
    User(u128),
}

/// Reads a user id or null out of a body.
fn owner(body: &Map<String, Value>, member: &'static str) -> Result<Owner, Refusal> {
    match body.get(member) {
        None => Ok(Owner::Unsaid),
        Some(Value::Null) => Ok(Owner::Nobody),
        Some(value) => uuid(value, member).map(Owner::User),
    }
}

impl State {
    /// Returns whose a thing is after a body was honoured.
    fn owned(&mut self, before: Option<Who>, owner: Owner) -> Option<Who> {
        match owner {
            Owner::Unsaid => before,
            Owner::Nobody => None,
            Owner::User(id) => Some(self.users.of(id)),
        }
    }

    /// Refuses an owner who is no member, where the settings say so; the contract is silent.
    fn check_owner(&self, workspace: usize, owner: Owner) -> Result<(), Refusal> {
        match owner {
            Owner::User(id) if self.settings.owners_are_members && !self.is_member(workspace, id) => {
                Err(paper::bad_request("The owner is not a member of the workspace"))
            }
            _ => Ok(()),
        }
    }
}

fn uuid(value: &Value, member: &str) -> Result<u128, Refusal> {
    value
        .as_str()
        .and_then(name::read)
        .ok_or_else(|| paper::invalid(&format!("body/{member} must match format \"uuid\"")))
}

/// Reads a list of ids out of a body; absent is none.
fn uuids(body: &Map<String, Value>, member: &'static str) -> Result<Option<Vec<u128>>, Refusal> {
    match body.get(member) {
        None => Ok(None),
        Some(Value::Array(values)) => {
            values.iter().map(|value| uuid(value, member)).collect::<Result<_, _>>().map(Some)
        }
        Some(_) => Err(paper::invalid(&format!("body/{member} must be array"))),
    }
}

/// Reads a text out of a body; other plain values are coerced, as the framework does by default.
fn text(body: &Map<String, Value>, member: &'static str) -> Result<Option<String>, Refusal> {
    match body.get(member) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(plain @ (Value::Number(_) | Value::Bool(_))) => Ok(Some(plain.to_string())),
        Some(_) => Err(paper::invalid(&format!("body/{member} must be string"))),
    }
}

/// Tells whether a name holds the text that is searched for.
fn holds(name: &str, search: Option<&String>) -> bool {
    search.is_none_or(|text| name.to_lowercase().contains(text))
}
