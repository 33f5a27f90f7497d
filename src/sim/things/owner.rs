//! Handing a workspace to another owner, and the security token that it takes.
//!
//! No public endpoint issues such a token (contract section 7): the world hands one out, as the app does. What a wrong one answers is
//! unpublished; here it is 403 with the common envelope, before anything else of the body is looked at.

use std::sync::Arc;

use serde_json::Value;

use super::Turn;
use crate::sim::name;
use crate::sim::op::Op;
use crate::sim::paper;
use crate::sim::routes::{self, Done, Wrote, object};
use crate::sim::state::{Person, State, role_word};

/// A security token. It changes hands once: there is no `Debug` to show it.
#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) secret: Arc<str>,
    workspace: usize,
    used: bool,
}

/// Makes a member the owner; the former owner stays as an admin.
pub(crate) fn change(state: &mut State, turn: Turn<'_>) -> Done {
    let Turn { workspace, now, .. } = turn;
    let body = object(turn.ask)?;
    let need = |member: &'static str| body.get(member).ok_or_else(|| paper::missing_property(member));
    let (email, sec) = (need("email")?, need("sec")?);
    let email = routes::address(email, "email")?;
    let sec = sec.as_str().ok_or_else(|| paper::invalid("body/sec must be string"))?;
    let fits = |token: &Token| token.workspace == workspace && !token.used && *token.secret == *sec;
    let token = state.tokens.iter().position(fits).ok_or_else(paper::wrong_token)?;
    let row = state.row_of(workspace, &email).filter(|at| state.workspaces[workspace].rows[*at].accepted);
    let row = row.ok_or_else(|| paper::bad_request("The new owner must be a member of the workspace"))?;
    state.tokens[token].used = true;
    if state.workspaces[workspace].rows[row].role == "owner" {
        return Ok((routes::workspace(state, workspace), None));
    }
    let from = state.owner_of(workspace).map(|person| person.user_id);
    state.make_owner(workspace, row, now);
    let new = &state.workspaces[workspace].rows[row];
    let to = state.people[new.person].user_id;
    let wrote = Wrote::of(Op::OwnerChange, new).between(from, Some(to));
    Ok((routes::workspace(state, workspace), Some(wrote)))
}

impl State {
    /// Makes a member the owner.
    pub(crate) fn make_owner(&mut self, workspace: usize, row: usize, now: i64) {
        self.will_change(workspace, now);
        let place = &mut self.workspaces[workspace];
        for other in &mut place.rows {
            if other.role == "owner" {
                other.role = role_word("admin");
            }
        }
        place.rows[row].role = role_word("owner");
        place.updated = now;
    }

    /// Returns the owner that a read shows now.
    pub(crate) fn shown_owner(&self, workspace: usize, now: i64) -> Option<&Person> {
        let row = self.shown(workspace, now).iter().find(|row| row.role == "owner")?;
        self.people.get(row.person)
    }

    /// Hands out a security token of a workspace, good once.
    pub(crate) fn hand_out_token(&mut self, workspace: usize) -> String {
        let number = self.tokens.len().to_string();
        let secret = name::key(self.seed, &["token", &self.workspaces[workspace].name, &number]);
        self.tokens.push(Token { secret: secret.as_str().into(), workspace, used: false });
        secret
    }
}

/// Shows a workspace as a read does.
pub(crate) fn shown(state: &State, turn: Turn<'_>) -> Value {
    paper::workspace(&state.workspaces[turn.workspace], state.shown_owner(turn.workspace, turn.now))
}
