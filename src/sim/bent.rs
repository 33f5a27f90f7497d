//! Answers that are bent: a lie about a write, a cursor that goes round, rows of another workspace, rows that are missing.

use serde_json::Value;

use super::name;
use super::op::Op;
use super::paper;
use super::routes::{self, Ask, Caller, Reply};
use super::state::State;
use super::things;

/// Answers a write in the right shape and puts everything back. A patch shows the thing as it is, which is how the lie can be seen.
pub(super) fn ignored(state: &mut State, ask: &Ask, now: i64) -> Reply {
    let Some(workspace) = Caller::of(state, ask).target else { return routes::answer(state, ask, now) };
    let rows = state.workspaces[workspace].rows.clone();
    let updated = state.workspaces[workspace].updated;
    let kept = state.keep(workspace);
    let mut reply = routes::answer(state, ask, now);
    state.workspaces[workspace].rows = rows;
    state.workspaces[workspace].updated = updated;
    state.put_back(workspace, kept);
    if let (200, Some((op, Some(id)))) = (reply.status, ask.route()) {
        let member = || name::read(id).and_then(|id| state.workspaces[workspace].find(id));
        let shown = match op {
            Op::MemberPatch => member().map(|at| routes::member(state, workspace, at)),
            Op::CampaignPatch => things::campaigns::as_it_is(state, workspace, id),
            Op::LeadListPatch => things::lead_lists::as_it_is(state, workspace, id),
            Op::TagPatch => things::tags::as_it_is(state, workspace, id),
            _ => None,
        };
        reply.body = shown.unwrap_or(reply.body);
    }
    reply
}

/// Answers the first page with its own last row's cursor, whatever cursor was asked for.
pub(super) fn looped(state: &mut State, ask: &Ask, now: i64) -> Reply {
    let mut first = ask.clone();
    first.path = ask.without("starting_after");
    if let Ok(Value::Object(mut body)) = serde_json::from_slice(&ask.body) {
        body.shift_remove("starting_after");
        first.body = Value::Object(body).to_string().into_bytes();
    }
    let mut reply = routes::answer(state, &first, now);
    let op = ask.route().map(|(op, _)| op);
    let last = reply.body["items"].as_array().and_then(|items| items.last()).map(|row| cursor(op, row));
    if let (Some(cursor), Some(page)) = (last, reply.body.as_object_mut()) {
        page.insert("next_starting_after".to_owned(), cursor);
    }
    reply
}

/// The cursor behind a row (contract section 3).
fn cursor(op: Option<Op>, row: &Value) -> Value {
    let text = |member: &str| row[member].as_str().unwrap_or("");
    match op {
        Some(Op::LeadListList) => row["timestamp_created"].clone(),
        Some(Op::AccountList) => format!("{}&{}", text("timestamp_created"), text("email")).into(),
        _ => row["id"].clone(),
    }
}

/// Answers a tagging that it did not succeed; whether it did is another matter.
pub(super) fn no_success(state: &mut State, ask: &Ask, now: i64, applied: bool) -> Reply {
    let mut reply = if applied { routes::answer(state, ask, now) } else { ignored(state, ask, now) };
    if reply.status == 200 {
        reply.body["success"] = false.into();
    }
    if !applied {
        reply.wrote = None;
    }
    reply
}

/// Answers so many rows of a page, with the page's own cursor; of an assignment only so many leads are assigned, of a tagging only so many
/// resources are tagged.
pub(super) fn partial(state: &mut State, ask: &Ask, now: i64, rows: usize) -> Reply {
    let leads = state.settings.assign_most.replace(rows);
    let resources = state.settings.toggle_most.replace(rows);
    let mut reply = routes::answer(state, ask, now);
    (state.settings.assign_most, state.settings.toggle_most) = (leads, resources);
    if let Some(items) = reply.body.get_mut("items").and_then(Value::as_array_mut) {
        items.truncate(rows);
    }
    reply
}

/// Every secret that a request could be about before it is answered: the caller's key, of keys those that are listed or deleted, and the
/// security token that was sent.
pub(super) fn secrets(state: &State, ask: &Ask, now: i64) -> Vec<String> {
    let mut secrets: Vec<String> = ask.key().map(str::to_owned).into_iter().collect();
    let (Some(workspace), Some((op, id))) = (Caller::of(state, ask).target, ask.route()) else { return secrets };
    let meant = |key: &&things::keys::Key| match op {
        Op::KeyList => true,
        Op::KeyDelete => id.and_then(name::read) == Some(key.id),
        _ => false,
    };
    if op == Op::OwnerChange {
        let body = serde_json::from_slice::<Value>(&ask.body).unwrap_or_default();
        secrets.extend(body["sec"].as_str().map(str::to_owned));
    }
    secrets.extend(state.shown_keys(workspace, now).into_iter().filter(meant).map(|key| key.secret.to_string()));
    secrets
}

/// Turns a good answer into another workspace's: its rows where there is one, else the same rows under an invented id.
pub(super) fn foreign(state: &State, ask: &Ask, now: i64, reply: &mut Reply) {
    let (Some(here), Some((op, _))) = (Caller::of(state, ask).target, ask.route()) else { return };
    if reply.status != 200 {
        return;
    }
    let other = (here + 1) % state.workspaces.len();
    let elsewhere = (other != here).then_some(other);
    let id = elsewhere.map_or_else(|| name::show(1), |other| state.workspaces[other].id.to_string());
    match (op, elsewhere) {
        (Op::MemberList, Some(other)) => {
            if let Ok(page) = routes::member_page(state, ask, other, now) {
                reply.body = page;
            }
        }
        (Op::WorkspaceCurrent | Op::OwnerChange, Some(other)) => {
            reply.body = paper::workspace(&state.workspaces[other], state.owner_of(other));
        }
        (Op::WorkspaceCurrent | Op::OwnerChange, None) => reply.body["id"] = id.into(),
        (op, _) => {
            let member = owner_member(op);
            match reply.body.get_mut("items").and_then(Value::as_array_mut) {
                Some(rows) => rows.iter_mut().for_each(|row| row[member] = id.as_str().into()),
                None => reply.body[member] = id.into(),
            }
        }
    }
}

/// The member that says whose a thing is; every resource has its own word.
fn owner_member(op: Op) -> &'static str {
    match op {
        Op::CampaignList | Op::CampaignGet | Op::CampaignPatch | Op::LeadsList | Op::AccountList | Op::WebhookList => {
            "organization"
        }
        Op::LeadListList
        | Op::LeadListPatch
        | Op::KeyList
        | Op::KeyCreate
        | Op::KeyDelete
        | Op::TrailList
        | Op::TagList
        | Op::TagGet
        | Op::TagCreate
        | Op::TagPatch
        | Op::TagDelete
        | Op::MappingList => "organization_id",
        _ => "workspace_id",
    }
}
