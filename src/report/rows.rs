//! The rows of every listing: columns and cells stand side by side, so they cannot drift apart.

use super::cell::{Cell, Column};
use super::member_rows;
use crate::domain::{Change, Disposition, Member, Outcome, Step, WorkspaceId};

/// Columns of `members`.
pub const MEMBER: &[Column] = &[
    Column::shown("workspace"),
    Column::detail("workspace_id"),
    Column::detail("observed_at"),
    Column::shown("email"),
    Column::shown("name"),
    Column::shown("role"),
    Column::shown("accepted"),
    Column::shown("external"),
    Column::shown("permissions"),
    Column::shown("since"),
    Column::detail("nickname"),
    Column::detail("user_email"),
    Column::detail("member_id"),
    Column::detail("user_id"),
    Column::detail("invited_by"),
];

/// Cells of one member.
pub fn member<'a>(
    workspace: &'a str,
    observed_at: &'a str,
    member: &'a Member,
    external: Option<bool>,
) -> Vec<Cell<'a>> {
    let (who, more) = member_rows::member(member, external);
    let mut cells = vec![Cell::text(workspace), Cell::text(member.workspace_id.as_str()), Cell::text(observed_at)];
    cells.extend(who.into_iter().chain(more));
    cells
}

/// Columns of a plan.
pub const PLANNED: &[Column] = &[
    Column::shown("workspace"),
    Column::detail("workspace_id"),
    Column::detail("id"),
    Column::shown("kind"),
    Column::shown("subject"),
    Column::shown("rests_on"),
    Column::shown("wanted"),
    Column::detail("permissions"),
    Column::shown("planned"),
    Column::detail("held"),
    Column::shown("reason"),
    Column::detail("resources"),
];

/// Says in a word what becomes of a step.
pub fn fate(disposition: &Disposition) -> &'static str {
    match disposition {
        Disposition::Send => "send",
        Disposition::Already(_) => "already",
        Disposition::Held(_) => "held",
    }
}

/// Cells of one planned step.
pub fn planned<'a>(step: &'a Step, disposition: &'a Disposition) -> Vec<Cell<'a>> {
    let (held, reason) = match disposition {
        Disposition::Send => (None, None),
        Disposition::Already(seen) => (None, Some(seen.clone())),
        Disposition::Held(held) => (Some(held.reason.as_str()), Some(held.to_string())),
    };
    let mut cells = about(step);
    cells.extend([
        Cell::text(step.rests_on.describe()),
        Cell::text(step.change.wanted()),
        permissions(step),
        Cell::text(fate(disposition)),
        Cell::maybe(held),
        Cell::maybe(reason),
        resources(step),
    ]);
    cells
}

/// Columns of outcomes.
pub const STEP: &[Column] = &[
    Column::shown("workspace"),
    Column::detail("workspace_id"),
    Column::detail("id"),
    Column::shown("kind"),
    Column::shown("subject"),
    Column::shown("before"),
    Column::shown("wanted"),
    Column::detail("permissions"),
    Column::shown("outcome"),
    Column::shown("reason"),
    Column::detail("attempts"),
    Column::detail("resources"),
];

/// Cells of one ended step.
pub fn step(step: &Step, outcome: Outcome, reason: Option<String>, attempts: u32) -> Vec<Cell<'_>> {
    let mut cells = about(step);
    cells.extend([
        Cell::text(step.rests_on.describe()),
        Cell::text(step.change.wanted()),
        permissions(step),
        Cell::text(outcome.as_str()),
        Cell::maybe(reason),
        Cell::Number(u64::from(attempts)),
        resources(step),
    ]);
    cells
}

/// What a tag is put on or taken off, every one of them; nothing for a step that is about none.
pub(super) fn resources(step: &Step) -> Cell<'static> {
    let list = if let Change::Tag(change) = &step.change { change.resources() } else { &[] };
    if list.is_empty() { Cell::Nothing } else { Cell::list(list.iter().map(ToString::to_string)) }
}

/// The permissions an invitation carries; nothing where it carries none.
fn permissions(step: &Step) -> Cell<'_> {
    match &step.change {
        Change::Invite { permissions: Some(permissions), .. } => Cell::list(permissions.0.iter().map(String::as_str)),
        _ => Cell::Nothing,
    }
}

/// Where a step is and whom it is about: how the rows of plan, outcomes and evidence begin.
pub(super) fn about(step: &Step) -> Vec<Cell<'_>> {
    vec![
        Cell::text(step.workspace.as_str()),
        Cell::text(step.workspace_id.as_str()),
        Cell::text(step.id.as_str()),
        Cell::text(step.kind().as_str()),
        Cell::text(step.change.subject().as_str()),
    ]
}

/// Columns of `check`.
pub const CHECK: &[Column] = &[
    Column::shown("workspace"),
    Column::shown("mode"),
    Column::shown("key"),
    Column::shown("identity"),
    Column::shown("name"),
    Column::shown("plan"),
    Column::shown("workspaces_read"),
    Column::shown("members_read"),
    Column::shown("members_write"),
    Column::shown("finding"),
    Column::detail("workspace_id"),
    Column::detail("advice"),
];

/// Columns of `pin`.
pub const PIN: &[Column] = &[
    Column::shown("workspace"),
    Column::shown("id"),
    Column::shown("name"),
    Column::shown("result"),
    Column::shown("reason"),
];

/// Cells of one pinned workspace.
pub fn pin<'a>(
    workspace: &'a str,
    id: Option<&'a WorkspaceId>,
    name: Option<&'a str>,
    result: &'a str,
    reason: Option<String>,
) -> Vec<Cell<'a>> {
    vec![
        Cell::text(workspace),
        Cell::maybe(id.map(WorkspaceId::as_str)),
        Cell::maybe(name),
        Cell::text(result),
        Cell::maybe(reason),
    ]
}

/// Columns of `runs`.
pub const RUN: &[Column] = &[
    Column::shown("run"),
    Column::shown("started_at"),
    Column::shown("command"),
    Column::shown("operator"),
    Column::shown("state"),
    Column::shown("steps"),
    Column::shown("exit"),
    Column::shown("reason"),
    Column::detail("ended_at"),
    Column::detail("plan"),
];
