//! API keys: listed, made, deleted. They carry no creator, only the trail does; a deleted one opens nothing any more, at once.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::page::{self, Span};
use super::past::Was;
use super::trail::{About, Actor};
use super::{Turn, scopes};
use crate::sim::name;
use crate::sim::op::Op;
use crate::sim::paper::{self, Refusal, moment};
use crate::sim::routes::{Done, Wrote, object};
use crate::sim::settings::{KeyRecord, KeyShown};
use crate::sim::state::State;

/// A key of a workspace. The secret lives in the index alone and in here; there is no `Debug` to show it.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) id: u128,
    pub(crate) name: Box<str>,
    pub(crate) secret: Arc<str>,
    pub(crate) workspace: usize,
    pub(crate) scopes: Arc<[Box<str>]>,
    /// Revoked or deleted: in no listing, and it opens nothing.
    pub(crate) dead: bool,
    pub(crate) created: i64,
}

pub(crate) fn list(state: &State, turn: Turn<'_>) -> Result<Value, Refusal> {
    let Turn { ask, workspace, now, .. } = turn;
    let Some(span) = Span::of_query(ask, 100)? else { return Ok(page::none()) };
    let after = span.after_id()?;
    let own = state.shown_keys(workspace, now).into_iter().filter(|key| after.is_none_or(|after| key.id > after));
    let shown = state.settings.key_shown;
    Ok(span.page(own, state.settings.last_page, |key| show(state, key, shown), |key| name::show(key.id)))
}

pub(crate) fn create(state: &mut State, turn: Turn<'_>) -> Done {
    let Turn { workspace, now, .. } = turn;
    let body = object(turn.ask)?;
    let named = super::text(&body, "name")?.ok_or_else(|| paper::missing_property("name"))?;
    let scopes = scopes_of(&body)?;
    let made = state.make_key(workspace, &named, scopes, now);
    state.will_change_thing(workspace, |_| Was::NoKey(made), now);
    let (id, shown) = (state.keys[made].id, show(state, &state.keys[made], KeyShown::Whole));
    let record = state.settings.key_record.clone();
    if let Some(about) = About::key(&named, id, &record) {
        state.write_down(workspace, now, 37, Actor::Key(turn.key), about);
    }
    Ok((shown, Some(Wrote::thing(Op::KeyCreate, id, &named))))
}

fn scopes_of(body: &Map<String, Value>) -> Result<Arc<[Box<str>]>, Refusal> {
    let wanted = match body.get("scopes") {
        None => return Err(paper::missing_property("scopes")),
        Some(Value::Array(wanted)) => wanted,
        Some(_) => return Err(paper::invalid("body/scopes must be array")),
    };
    let known = |(at, scope): (usize, &Value)| match scope.as_str().filter(|scope| scopes::is_documented(scope)) {
        Some(scope) => Ok(scope.into()),
        None => Err(paper::invalid(&format!("body/scopes/{at} must be equal to one of the allowed values"))),
    };
    wanted.iter().enumerate().map(known).collect()
}

pub(crate) fn delete(state: &mut State, turn: Turn<'_>) -> Done {
    let Turn { workspace, now, .. } = turn;
    let id = turn.uuid()?;
    let mut own = state.workspaces[workspace].things.keys.iter().copied();
    let at = own.find(|at| state.keys[*at].id == id && !state.keys[*at].dead).ok_or_else(paper::not_found)?;
    if at == turn.key && state.settings.keep_own_key {
        return Err(paper::bad_request("The API key in use cannot be deleted"));
    }
    let shown = show(state, &state.keys[at], state.settings.key_shown);
    let wrote = Wrote::thing(Op::KeyDelete, id, &state.keys[at].name);
    state.delete_key(workspace, at, Actor::Key(turn.key), now);
    Ok((shown, Some(wrote)))
}

impl State {
    /// Adds a key as the world begins, made with its workspace; its secret comes from the seed and the two names.
    pub(crate) fn add_key(&mut self, workspace: usize, key: &str, scopes: Arc<[Box<str>]>, dead: bool) -> usize {
        let created = self.workspaces[workspace].created;
        let secret = name::key(self.seed, &["key", &self.workspaces[workspace].name, key]);
        let id = self.mint(workspace, created);
        self.keep_key(Key { id, name: key.into(), secret: secret.into(), workspace, scopes, dead, created })
    }

    /// Makes a key now; names need not be unique, so its secret comes from its id.
    pub(super) fn make_key(&mut self, workspace: usize, key: &str, scopes: Arc<[Box<str>]>, now: i64) -> usize {
        let id = self.mint(workspace, now);
        let secret = name::key(self.seed, &["made", &self.workspaces[workspace].name, &name::show(id)]);
        self.keep_key(Key { id, name: key.into(), secret: secret.into(), workspace, scopes, dead: false, created: now })
    }

    fn keep_key(&mut self, key: Key) -> usize {
        let at = self.keys.len();
        let place = &mut self.workspaces[key.workspace];
        place.key.get_or_insert(at);
        place.things.keys.push(at);
        self.remember_secret(&key.secret, at);
        self.keys.push(key);
        at
    }

    /// Ends a key.
    pub(crate) fn delete_key(&mut self, workspace: usize, at: usize, actor: Actor, now: i64) {
        self.will_change_thing(workspace, |_| Was::Key(at), now);
        self.keys[at].dead = true;
        let key = &self.keys[at];
        if let Some(about) = About::key(&key.name, key.id, &self.settings.key_record) {
            self.write_down(workspace, now, 38, actor, about);
        }
    }

    /// Finds a live key by id or name, as a person would say it.
    pub(crate) fn key_called(&self, workspace: usize, called: &str) -> Option<usize> {
        let id = name::read(called);
        let mut own = self.workspaces[workspace].things.keys.iter().copied();
        own.find(|at| {
            let key = &self.keys[*at];
            !key.dead && (Some(key.id) == id || &*key.name == called)
        })
    }

    pub(super) fn live_keys(&self, workspace: usize) -> impl Iterator<Item = &Key> {
        self.workspaces[workspace].things.keys.iter().map(|at| &self.keys[*at]).filter(|key| !key.dead)
    }

    /// Says who made a key in the app and when, and how the record is to name it.
    pub(crate) fn say_made(&mut self, at: usize, by: Option<&String>, record: &KeyRecord, created: Option<i64>) {
        let maker = self.who_or_nobody(by).map_or(Actor::Nobody, Actor::Person);
        let key = &mut self.keys[at];
        key.created = created.unwrap_or(key.created);
        let (workspace, created) = (key.workspace, key.created);
        if let Some(about) = About::key(&key.name, key.id, record) {
            self.write_down(workspace, created, 37, maker, about);
        }
    }
}

fn show(state: &State, key: &Key, shown: KeyShown) -> Value {
    let mut out = json!({
        "id": name::show(key.id),
        "name": key.name,
        "scopes": &*key.scopes,
        "key": &*key.secret,
        "organization_id": &*state.workspaces[key.workspace].id,
        "timestamp_created": moment(key.created),
        "timestamp_updated": moment(key.created),
    });
    match shown {
        KeyShown::Whole => {}
        KeyShown::Masked => out["key"] = format!("{}****", &key.secret[..4]).into(),
        KeyShown::Absent => drop(out.as_object_mut().expect("it was made an object").shift_remove("key")),
    }
    out
}
