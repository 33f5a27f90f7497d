//! Putting tags on accounts and campaigns and taking them off: in spite of its name, the call sets (contract section 10).

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::mappings::Carrier;
use super::{Turn, holds, uuids};
use crate::sim::name;
use crate::sim::op::Op;
use crate::sim::paper::{self, Refusal};
use crate::sim::routes::{Done, Wrote, object};
use crate::sim::state::State;

/// What is tagged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Account,
    Campaign,
}

/// Sets it; of what it refuses nothing is done. A call that changes nothing succeeds.
pub(crate) fn toggle(state: &mut State, turn: Turn<'_>) -> Done {
    let Turn { workspace, now, .. } = turn;
    let body = object(turn.ask)?;
    let tags = uuids(&body, "tag_ids")?.ok_or_else(|| paper::missing_property("tag_ids"))?;
    if tags.is_empty() {
        return Err(paper::invalid("body/tag_ids must NOT have fewer than 1 items"));
    }
    let kind = kind(&body)?;
    let assign = match body.get("assign") {
        None => return Err(paper::missing_property("assign")),
        Some(Value::Bool(assign)) => *assign,
        Some(_) => return Err(paper::invalid("body/assign must be boolean")),
    };
    let named = names(&body, "resource_ids")?;
    let carriers = if body.get("selected_all").and_then(Value::as_bool) == Some(true) {
        all_but(state, workspace, kind, &body)?
    } else {
        named_ones(state, workspace, kind, &named.ok_or_else(|| paper::missing_property("resource_ids"))?)?
    };
    let mut meant = Vec::with_capacity(tags.len());
    for id in tags {
        match state.workspaces[workspace].things.tags.with_id(id) {
            Some(tag) => meant.push((tag.number, id, tag.label.clone())),
            None if state.settings.toggle_ignores_unknown => {}
            None => return Err(paper::not_found()),
        }
    }
    let most = state.settings.toggle_most.unwrap_or(usize::MAX);
    let mut wrote = None;
    for (number, id, label) in meant {
        for carrier in carriers.iter().take(most) {
            if state.set_mapping(workspace, (*carrier, number), assign, now) {
                let word = if assign { "on" } else { "off" };
                wrote.get_or_insert_with(|| Wrote { role: word.into(), ..Wrote::thing(Op::TagToggle, id, &label) });
            }
        }
    }
    Ok((json!({ "success": true }), wrote))
}

/// Reads the kind; a number in quotes is coerced, as the framework does by default.
fn kind(body: &Map<String, Value>) -> Result<Kind, Refusal> {
    let value = body.get("resource_type").ok_or_else(|| paper::missing_property("resource_type"))?;
    let number = value.as_i64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
    match number {
        Some(1) => Ok(Kind::Account),
        Some(2) => Ok(Kind::Campaign),
        _ => Err(paper::invalid("body/resource_type must be equal to one of the allowed values")),
    }
}

fn names(body: &Map<String, Value>, member: &str) -> Result<Option<Vec<String>>, Refusal> {
    let rows = match body.get(member) {
        None => return Ok(None),
        Some(Value::Array(rows)) if rows.is_empty() => {
            return Err(paper::invalid(&format!("body/{member} must NOT have fewer than 1 items")));
        }
        Some(Value::Array(rows)) => rows,
        Some(_) => return Err(paper::invalid(&format!("body/{member} must be array"))),
    };
    let text = |row: &Value| row.as_str().map(str::to_owned);
    let texts: Option<Vec<String>> = rows.iter().map(text).collect();
    texts.map(Some).ok_or_else(|| paper::invalid(&format!("body/{member}/0 must be string")))
}

/// Finds the resources that are named. An unknown address was seen to answer "not found" (contract section 10).
fn named_ones(state: &mut State, workspace: usize, kind: Kind, names: &[String]) -> Result<Vec<Carrier>, Refusal> {
    let mut carriers = Vec::with_capacity(names.len());
    for called in names {
        match state.carrier(workspace, kind, called) {
            Some(carrier) => carriers.push(carrier),
            None if state.settings.toggle_ignores_unknown => {}
            None => return Err(paper::not_found()),
        }
    }
    Ok(carriers)
}

/// Finds every resource of a kind but those that are excluded or hold another text than is searched for.
fn all_but(
    state: &mut State,
    workspace: usize,
    kind: Kind,
    body: &Map<String, Value>,
) -> Result<Vec<Carrier>, Refusal> {
    if body.contains_key("filter") {
        // Dropping it would widen what is meant, so what is not simulated is refused.
        return Err(paper::invalid("body/filter is not simulated"));
    }
    let excluded: BTreeSet<String> = names(body, "excluded_resource_ids")?.unwrap_or_default().into_iter().collect();
    let search = super::text(body, "search")?.map(|text| text.to_lowercase());
    let things = &state.workspaces[workspace].things;
    let all: Vec<(String, String)> = match kind {
        Kind::Account => {
            things.accounts.iter().map(|account| account.email.to_string()).map(|of| (of.clone(), of)).collect()
        }
        Kind::Campaign => {
            things.campaigns.iter().map(|campaign| (name::show(campaign.id), campaign.name.to_string())).collect()
        }
    };
    let meant = all.into_iter().filter(|(id, called)| !excluded.contains(id) && holds(called, search.as_ref()));
    let meant: Vec<String> = meant.map(|(id, _)| id).collect();
    Ok(meant.iter().filter_map(|id| state.carrier(workspace, kind, id)).collect())
}

impl State {
    /// Finds something of a kind by its address or id, for tagging.
    fn carrier(&mut self, workspace: usize, kind: Kind, called: &str) -> Option<Carrier> {
        match kind {
            Kind::Account => self.account_carrier(workspace, called),
            Kind::Campaign => self.campaign_carrier(workspace, name::read(called)?),
        }
    }

    pub(crate) fn account_carrier(&self, workspace: usize, email: &str) -> Option<Carrier> {
        self.workspaces[workspace].things.accounts.number_of(email).map(Carrier::Account)
    }

    pub(crate) fn campaign_carrier(&mut self, workspace: usize, id: u128) -> Option<Carrier> {
        let things = &mut self.workspaces[workspace].things;
        things.campaigns.binary_search_by_key(&id, |campaign| campaign.id).ok()?;
        Some(Carrier::Campaign(things.tags.number_campaign(id)))
    }
}
