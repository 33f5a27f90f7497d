//! Lead lists: listed by the moment they were made, given another owner or name.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::campaigns::Name;
use super::page::{self, Span, bad_cursor};
use super::past::Was;
use super::who::Who;
use super::{Turn, holds};
use crate::sim::name;
use crate::sim::op::Op;
use crate::sim::paper::{self, moment};
use crate::sim::routes::{Done, Wrote, object};
use crate::sim::state::State;

/// A lead list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LeadList {
    pub(crate) id: u128,
    pub(crate) name: Name,
    pub(crate) owner: Option<Who>,
    /// The cursor, so no two lists of a workspace have the same.
    pub(crate) created: i64,
    pub(crate) enrichment: Option<bool>,
}

pub(crate) fn written(state: &State, turn: Turn<'_>) -> Result<String, paper::Refusal> {
    let Turn { ask, workspace, now, .. } = turn;
    let search = ask.query("search").map(|text| text.to_lowercase());
    let enrichment = ask.query("has_enrichment_task").map(|text| text == "true");
    let Some(span) = Span::of_query(ask, 100)? else { return Ok(page::none().to_string()) };
    let after = span.after().map(|text| text.parse::<Timestamp>().map_err(|_no_moment| bad_cursor("date-time")));
    let after = after.transpose()?.map(Timestamp::as_millisecond);
    let lists = state.shown_lists(workspace, now);
    let rows = lists
        .iter()
        .filter(|list| after.is_none_or(|after| list.created > after))
        .filter(|list| enrichment.is_none_or(|wanted| list.enrichment.unwrap_or(false) == wanted))
        .filter(|list| search.is_none() || holds(&list.name.to_string(), search.as_ref()));
    let last = state.settings.last_page;
    Ok(span.written(rows, last, |list| show(state, workspace, list), |list| moment(list.created)))
}

/// Changes owner, name and the mark of an enrichment. A closed body, so members of other names are dropped first; nothing left is invalid.
pub(crate) fn patch(state: &mut State, turn: Turn<'_>) -> Done {
    let Turn { workspace, now, .. } = turn;
    let mut body = object(turn.ask)?;
    body.retain(|name, _| matches!(name.as_str(), "owned_by" | "name" | "has_enrichment_task"));
    if body.is_empty() {
        return Err(paper::invalid("body must NOT have fewer than 1 properties"));
    }
    let owner = super::owner(&body, "owned_by")?;
    let named = super::text(&body, "name")?;
    let enrichment = match body.get("has_enrichment_task") {
        None => None,
        Some(Value::Null) => Some(None),
        Some(Value::Bool(truth)) => Some(Some(*truth)),
        Some(_) => return Err(paper::invalid("body/has_enrichment_task must be boolean,null")),
    };
    let id = turn.uuid()?;
    let at = state.workspaces[workspace].things.lead_lists.iter().position(|list| list.id == id);
    let at = at.ok_or_else(paper::not_found)?;
    state.check_owner(workspace, owner)?;
    let before = state.workspaces[workspace].things.lead_lists[at].clone();
    let mut after = before.clone();
    after.owner = state.owned(before.owner, owner);
    if let Some(named) = named {
        after.name = Name::Given(named.into());
    }
    if let Some(enrichment) = enrichment {
        after.enrichment = enrichment;
    }
    let shown = json!(show(state, workspace, &after));
    if after == before {
        return Ok((shown, None));
    }
    let id = |who: Option<Who>| who.map(|who| state.users.id(who));
    let wrote =
        Wrote::thing(Op::LeadListPatch, after.id, &after.name.to_string()).between(id(before.owner), id(after.owner));
    // The vendor's log has no code for it.
    state.change_list(workspace, at, after, now);
    Ok((shown, Some(wrote)))
}

impl State {
    /// Finds a list by id or name, as a person would say it.
    pub(crate) fn list_called(&self, workspace: usize, called: &str) -> Option<usize> {
        let lists = &self.workspaces[workspace].things.lead_lists;
        let id = name::read(called);
        lists.iter().position(|list| Some(list.id) == id || list.name.to_string() == called)
    }

    /// Puts a list in its place among the others, a millisecond later for as long as another was made just then.
    pub(super) fn insert_list(&mut self, workspace: usize, mut list: LeadList) {
        let lists = &mut self.workspaces[workspace].things.lead_lists;
        let at = lists.partition_point(|other| other.created < list.created);
        let taken =
            lists[at..].iter().zip(list.created..).take_while(|(other, moment)| other.created == *moment).count();
        list.created += i64::try_from(taken).unwrap_or(0);
        lists.insert(at + taken, list);
    }

    pub(crate) fn change_list(&mut self, workspace: usize, at: usize, list: LeadList, now: i64) {
        self.will_change_thing(workspace, |things| Was::List(things.lead_lists[at].clone()), now);
        self.workspaces[workspace].things.lead_lists[at] = list;
    }
}

/// Shows a list as it truly is.
pub(crate) fn as_it_is(state: &State, workspace: usize, id: &str) -> Option<Value> {
    let id = name::read(id)?;
    let list = state.workspaces[workspace].things.lead_lists.iter().find(|list| list.id == id)?;
    Some(json!(show(state, workspace, list)))
}

/// A list as it is sent.
#[derive(Serialize)]
struct Shown<'a> {
    id: String,
    organization_id: &'a str,
    has_enrichment_task: Option<bool>,
    owned_by: Option<String>,
    name: String,
    timestamp_created: String,
}

fn show<'a>(state: &'a State, workspace: usize, list: &LeadList) -> Shown<'a> {
    Shown {
        id: name::show(list.id),
        organization_id: &state.workspaces[workspace].id,
        has_enrichment_task: list.enrichment,
        owned_by: list.owner.map(|who| name::show(state.users.id(who))),
        name: list.name.to_string(),
        timestamp_created: moment(list.created),
    }
}
