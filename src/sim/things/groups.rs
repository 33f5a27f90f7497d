//! Groups: links listed, read, made and ended. Only the app accepts and refuses one.

use serde_json::Value;

use super::Turn;
use super::links::{Link, LinkStatus};
use super::page::{self, Span};
use crate::sim::name;
use crate::sim::op::Op;
use crate::sim::paper::{self, Refusal};
use crate::sim::routes::{Done, Wrote, object};
use crate::sim::state::State;

pub(crate) fn list(state: &State, turn: Turn<'_>) -> Result<Value, Refusal> {
    let Turn { ask, workspace, now, .. } = turn;
    let Some(span) = Span::of_query(ask, 100)? else { return Ok(page::none()) };
    let after = span.after_id()?;
    let links = state.shown_links(now);
    let own = links.under(workspace).filter(|link| after.is_none_or(|after| link.id > after));
    Ok(span.page(own, state.settings.last_page, |link| show(state, link), |link| name::show(link.id)))
}

pub(crate) fn get(state: &State, turn: Turn<'_>) -> Result<Value, Refusal> {
    let links = state.shown_links(turn.now);
    let link = links.of_side(turn.workspace, turn.uuid()?).ok_or_else(paper::not_found)?;
    Ok(show(state, link))
}

/// The admin workspace above the one that is meant.
pub(crate) fn admin(state: &State, turn: Turn<'_>) -> Value {
    let links = state.shown_links(turn.now);
    let above = links.parent(turn.workspace);
    paper::group_admin(above.map(|link| (link, &state.workspaces[link.admin])))
}

/// Invites a sub workspace; its owner must accept in the app.
pub(crate) fn create(state: &mut State, turn: Turn<'_>) -> Done {
    let Turn { workspace, now, .. } = turn;
    let body = object(turn.ask)?;
    let sub = body.get("sub_workspace_id").ok_or_else(|| paper::missing_property("sub_workspace_id"))?;
    let bad = || paper::invalid("body/sub_workspace_id must match format \"uuid\"");
    let sub = sub.as_str().filter(|id| name::read(id).is_some()).ok_or_else(bad)?;
    let sub = state.with_id(sub).ok_or_else(paper::not_found)?;
    if sub == workspace {
        return Err(paper::bad_request("A workspace cannot be its own sub workspace"));
    }
    // A workspace is an admin or a sub workspace, never both (contract section 9); the refusal of the former is unpublished.
    if state.links.parent(workspace).is_some() {
        return Err(paper::bad_request("A sub workspace cannot head a group"));
    }
    let heads = state.links.under(sub).any(|link| link.status.binds());
    if heads || state.links.above(sub).any(|link| link.status.binds()) {
        return Err(paper::has_parent());
    }
    let id = state.mint_link(workspace, now);
    let link = Link { id, admin: workspace, sub, status: LinkStatus::Pending, created: now, updated: now };
    let shown = show(state, &link);
    state.set_link(link, now);
    Ok((shown, Some(Wrote::thing(Op::GroupCreate, id, &state.workspaces[sub].name))))
}

/// Ends a link at once, from either side; answers it as it was.
pub(crate) fn delete(state: &mut State, turn: Turn<'_>) -> Done {
    let Turn { workspace, now, .. } = turn;
    let link = state.links.of_side(workspace, turn.uuid()?).ok_or_else(paper::not_found)?.clone();
    let shown = show(state, &link);
    state.remove_link(link.id, now);
    Ok((shown, Some(Wrote::thing(Op::GroupDelete, link.id, &state.workspaces[link.sub].name))))
}

fn show(state: &State, link: &Link) -> Value {
    paper::link(link, &state.workspaces[link.admin], &state.workspaces[link.sub])
}
