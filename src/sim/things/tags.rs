//! Tags: listed, read, made, renamed and described, deleted with their mappings (contract section 10).

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::mappings::{Carrier, Mappings};
use super::page::{self, Span};
use super::past::Was;
use super::{Turn, holds};
use crate::sim::name;
use crate::sim::op::Op;
use crate::sim::paper::{self, Refusal, moment};
use crate::sim::routes::{Done, Wrote, object};
use crate::sim::settings::Labels;
use crate::sim::state::State;

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag {
    /// By which mappings know it; never another's.
    pub(crate) number: u32,
    pub(crate) id: u128,
    pub(crate) label: Box<str>,
    pub(crate) description: Option<Box<str>>,
    pub(crate) created: i64,
    pub(crate) updated: i64,
}

/// The tags of a workspace, and what carries them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tags {
    /// In order of their ids.
    pub(super) live: Vec<Tag>,
    /// The id of every tag there ever was, by its number.
    ids: Vec<u128>,
    pub(super) mappings: Mappings,
    /// The campaigns that ever carried one, by their numbers.
    pub(super) campaigns: Vec<u128>,
    campaign_numbers: HashMap<u128, u32>,
}

impl Tags {
    /// The id of a tag, of a deleted one too.
    pub(super) fn id(&self, number: u32) -> u128 {
        self.ids[number as usize]
    }

    fn at(&self, id: u128) -> Result<usize, usize> {
        self.live.binary_search_by_key(&id, |tag| tag.id)
    }

    pub(super) fn with_id(&self, id: u128) -> Option<&Tag> {
        self.at(id).ok().map(|at| &self.live[at])
    }

    pub(super) fn campaign_number(&self, campaign: u128) -> Option<u32> {
        self.campaign_numbers.get(&campaign).copied()
    }

    /// Finds or makes the number of a campaign.
    pub(super) fn number_campaign(&mut self, campaign: u128) -> u32 {
        *self.campaign_numbers.entry(campaign).or_insert_with(|| {
            self.campaigns.push(campaign);
            u32::try_from(self.campaigns.len() - 1).expect("a workspace has fewer than four thousand million campaigns")
        })
    }

    fn insert(&mut self, tag: Tag) {
        match self.at(tag.id) {
            Ok(at) => self.live[at] = tag,
            Err(at) => self.live.insert(at, tag),
        }
    }
}

pub(crate) fn list(state: &State, turn: Turn<'_>) -> Result<Value, Refusal> {
    let Turn { ask, workspace, now, .. } = turn;
    let search = ask.query("search").map(|text| text.to_lowercase());
    let ids = ask.commas("tag_ids").map(|ids| ids.iter().filter_map(|id| name::read(id)).collect::<Vec<u128>>());
    let shown = state.shown_mappings(workspace, now);
    let carried: Option<Vec<u32>> = ask.commas("resource_ids").map(|resources| {
        let carriers = resources.iter().filter_map(|resource| state.carrier_called(workspace, resource));
        carriers.flat_map(|carrier| shown.of_carrier(carrier)).map(|((_, tag), _)| tag).collect()
    });
    let Some(span) = Span::of_query(ask, 100)? else { return Ok(page::none()) };
    let after = span.after_id()?;
    let tags = state.shown_tags(workspace, now);
    let rows = tags
        .iter()
        .filter(|tag| after.is_none_or(|after| tag.id > after))
        .filter(|tag| holds(&tag.label, search.as_ref()))
        .filter(|tag| ids.as_ref().is_none_or(|ids| ids.contains(&tag.id)))
        .filter(|tag| carried.as_ref().is_none_or(|carried| carried.contains(&tag.number)));
    let last = state.settings.last_page;
    Ok(span.page(rows, last, |tag| show(state, workspace, tag), |tag| name::show(tag.id)))
}

pub(crate) fn get(state: &State, turn: Turn<'_>) -> Result<Value, Refusal> {
    let id = turn.uuid()?;
    let tags = state.shown_tags(turn.workspace, turn.now);
    let tag = tags.iter().find(|tag| tag.id == id).ok_or_else(paper::not_found)?;
    Ok(show(state, turn.workspace, tag))
}

pub(crate) fn create(state: &mut State, turn: Turn<'_>) -> Done {
    let Turn { workspace, now, .. } = turn;
    let body = object(turn.ask)?;
    let label = label(&body)?.ok_or_else(|| paper::missing_property("label"))?;
    let description = described(None, &body)?;
    state.require_free(workspace, &label, None)?;
    let tag = state.make_tag(workspace, &label, description, None, now);
    state.will_change_thing(workspace, |_| Was::NoTag(tag.id), now);
    Ok((show(state, workspace, &tag), Some(Wrote::thing(Op::TagCreate, tag.id, &label))))
}

/// Changes label and description. A closed body, so members of other names are dropped first; nothing left is invalid.
pub(crate) fn patch(state: &mut State, turn: Turn<'_>) -> Done {
    let Turn { workspace, now, .. } = turn;
    let mut body = object(turn.ask)?;
    body.retain(|name, _| matches!(name.as_str(), "label" | "description"));
    if body.is_empty() {
        return Err(paper::invalid("body must NOT have fewer than 1 properties"));
    }
    let label = label(&body)?;
    let id = turn.uuid()?;
    let before = state.workspaces[workspace].things.tags.with_id(id).ok_or_else(paper::not_found)?.clone();
    let mut after = before.clone();
    after.description = described(after.description, &body)?;
    if let Some(label) = &label {
        state.require_free(workspace, label, Some(id))?;
    }
    after.label = label.unwrap_or(after.label);
    if after == before {
        return Ok((show(state, workspace, &after), None));
    }
    after.updated = now;
    let shown = show(state, workspace, &after);
    let wrote = Wrote::thing(Op::TagPatch, id, &after.label);
    state.change_tag(workspace, after, now);
    Ok((shown, Some(wrote)))
}

/// Deletes a tag, and with it its mappings.
pub(crate) fn delete(state: &mut State, turn: Turn<'_>) -> Done {
    let Turn { workspace, now, .. } = turn;
    let id = turn.uuid()?;
    let tag = state.workspaces[workspace].things.tags.with_id(id).ok_or_else(paper::not_found)?;
    let (shown, wrote) = (show(state, workspace, tag), Wrote::thing(Op::TagDelete, id, &tag.label));
    state.delete_tag(workspace, id, now);
    Ok((shown, Some(wrote)))
}

/// Shows a tag as it truly is.
pub(crate) fn as_it_is(state: &State, workspace: usize, id: &str) -> Option<Value> {
    let tag = state.workspaces[workspace].things.tags.with_id(name::read(id)?)?;
    Some(show(state, workspace, tag))
}

/// Reads a label, trimmed; a blank one is invalid.
fn label(body: &Map<String, Value>) -> Result<Option<Box<str>>, Refusal> {
    let Some(label) = super::text(body, "label")? else { return Ok(None) };
    match label.trim() {
        "" => Err(paper::invalid("body/label must match pattern \".*\\S.*\"")),
        label => Ok(Some(label.into())),
    }
}

/// Returns a description after a body was honoured: null takes it away.
fn described(before: Option<Box<str>>, body: &Map<String, Value>) -> Result<Option<Box<str>>, Refusal> {
    match body.get("description") {
        None => Ok(before),
        Some(Value::Null) => Ok(None),
        Some(_) => Ok(super::text(body, "description")?.map(Into::into)),
    }
}

impl State {
    /// Refuses a label that another tag of the workspace bears, as far as the settings say.
    fn require_free(&self, workspace: usize, label: &str, but: Option<u128>) -> Result<(), Refusal> {
        let same = |other: &str| match self.settings.labels {
            Labels::Exact => other.trim() == label,
            Labels::AnyCase => other.trim().to_lowercase() == label.to_lowercase(),
            Labels::Repeated => false,
        };
        let mut others = self.workspaces[workspace].things.tags.live.iter().filter(|tag| Some(tag.id) != but);
        if others.any(|tag| same(&tag.label)) { Err(paper::label_taken()) } else { Ok(()) }
    }

    /// Makes a tag, whatever other tags there are.
    pub(super) fn make_tag(
        &mut self,
        workspace: usize,
        label: &str,
        description: Option<Box<str>>,
        id: Option<u128>,
        created: i64,
    ) -> Tag {
        let id = id.unwrap_or_else(|| self.mint(workspace, created));
        let tags = &mut self.workspaces[workspace].things.tags;
        let number = u32::try_from(tags.ids.len()).expect("a workspace has fewer than four thousand million tags");
        tags.ids.push(id);
        let tag = Tag { number, id, label: label.into(), description, created, updated: created };
        tags.insert(tag.clone());
        tag
    }

    fn change_tag(&mut self, workspace: usize, tag: Tag, now: i64) {
        let before = self.workspaces[workspace].things.tags.with_id(tag.id).cloned();
        if let Some(before) = before {
            self.will_change_thing(workspace, |_| Was::Tag(Box::new(before)), now);
        }
        self.workspaces[workspace].things.tags.insert(tag);
    }

    fn delete_tag(&mut self, workspace: usize, id: u128, now: i64) {
        let tags = &mut self.workspaces[workspace].things.tags;
        let Ok(at) = tags.at(id) else { return };
        let tag = tags.live.remove(at);
        self.drop_mappings(workspace, |(_, number)| *number == tag.number, now);
        self.will_change_thing(workspace, |_| Was::Tag(Box::new(tag)), now);
    }

    /// Finds a tag by id or label, as a person would say it: the oldest of those that bear one label.
    pub(crate) fn tag_called(&self, workspace: usize, called: &str) -> Option<u128> {
        let id = name::read(called);
        let mut live = self.workspaces[workspace].things.tags.live.iter();
        live.find(|tag| Some(tag.id) == id || &*tag.label == called).map(|tag| tag.id)
    }

    /// Gives a tag another label or description, as a person does in the app.
    pub(crate) fn hand_tag(&mut self, workspace: usize, called: &str, change: impl FnOnce(&mut Tag), now: i64) {
        let id = self.tag_called(workspace, called);
        let tag = id.and_then(|id| self.workspaces[workspace].things.tags.with_id(id)).cloned();
        if let Some(mut tag) = tag {
            change(&mut tag);
            tag.updated = now;
            self.change_tag(workspace, tag, now);
        }
    }

    /// Deletes a tag, as a person does in the app.
    pub(crate) fn hand_off_tag(&mut self, workspace: usize, called: &str, now: i64) {
        if let Some(id) = self.tag_called(workspace, called) {
            self.delete_tag(workspace, id, now);
        }
    }

    /// Takes a tag off something, as a person does in the app.
    pub(crate) fn untag(&mut self, workspace: usize, called: &str, resource: &str, now: i64) {
        let id = self.tag_called(workspace, called);
        let tag = id.and_then(|id| self.workspaces[workspace].things.tags.with_id(id)).map(|tag| tag.number);
        let campaign = self.campaign_called(workspace, resource);
        let campaign = campaign.map(|at| self.workspaces[workspace].things.campaigns[at].id);
        let carrier = match campaign {
            Some(id) => self.campaign_carrier(workspace, id),
            None => self.account_carrier(workspace, resource),
        };
        if let Some(pair) = carrier.zip(tag) {
            self.set_mapping(workspace, pair, false, now);
        }
    }

    /// The tags as reads show them, in order of their ids.
    pub(super) fn shown_tags(&self, workspace: usize, now: i64) -> Cow<'_, [Tag]> {
        let mut shown = Cow::Borrowed(self.workspaces[workspace].things.tags.live.as_slice());
        for was in self.young(workspace, now) {
            let (id, before) = match was {
                Was::Tag(before) => (before.id, Some(before)),
                Was::NoTag(id) => (*id, None),
                _ => continue,
            };
            let rows = shown.to_mut();
            match (rows.binary_search_by_key(&id, |tag| tag.id), before) {
                (Ok(at), Some(before)) => rows[at] = (**before).clone(),
                (Ok(at), None) => drop(rows.remove(at)),
                (Err(at), Some(before)) => rows.insert(at, (**before).clone()),
                (Err(_), None) => {}
            }
        }
        shown
    }
}

/// Writes the tags of an account, as listings that ask for them have them; none is null.
pub(super) fn show_of(tags: &[Tag], shown: &super::mappings::Shown<'_>, carrier: Carrier) -> Value {
    let own = shown.of_carrier(carrier);
    let tag = |number: u32| tags.iter().find(|tag| tag.number == number);
    let rows: Vec<Value> = own
        .into_iter()
        .filter_map(|((_, number), _)| tag(number))
        .map(|tag| json!({ "id": name::show(tag.id), "label": &*tag.label, "description": tag.description }))
        .collect();
    if rows.is_empty() { Value::Null } else { rows.into() }
}

fn show(state: &State, workspace: usize, tag: &Tag) -> Value {
    json!({
        "id": name::show(tag.id),
        "timestamp_created": moment(tag.created),
        "timestamp_updated": moment(tag.updated),
        "organization_id": &*state.workspaces[workspace].id,
        "label": &*tag.label,
        "description": tag.description,
    })
}
