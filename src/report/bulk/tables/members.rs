//! Members: one row a membership or open invitation, by address.

use std::io;

use super::{Take, put};
use crate::domain::{Email, Inventory, Member, UserId};
use crate::report::bulk::context::{Context, People};
use crate::report::cell::{Cell, Column};

pub(super) const COLUMNS: &[Column] = columns![
    "email",
    "name",
    "role",
    "accepted",
    "external",
    "permissions",
    "since",
    "last_login",
    "logins_read",
    "logins_since",
    "nickname",
    "user_email",
    "member_id",
    "user_id",
    "invited_by",
    "invited_by_email",
];

/// Returns the rows in order; a row that a page repeated stands once.
pub(crate) fn in_order(inventory: &Inventory) -> Vec<&Member> {
    let mut members: Vec<&Member> = inventory.members.iter().flat_map(|told| &told.value).collect();
    members.sort_by(|a, b| (&a.email, &a.id).cmp(&(&b.email, &b.id)));
    members.dedup_by(|a, b| a.id == b.id);
    members
}

/// Returns when somebody logged in last, where the trail was read and says so.
pub(crate) fn last_login<'a>(inventory: &'a Inventory, member: &Member) -> Option<&'a str> {
    let trail = inventory.trail.as_ref()?;
    trail.value.logins.get(member.user_id.as_ref()?).map(String::as_str)
}

/// Says how much of the trail was read for logins.
fn logins_read(inventory: &Inventory) -> &'static str {
    match inventory.trail.as_ref().filter(|trail| trail.value.since.is_some()) {
        None => "no",
        Some(trail) if trail.incomplete.is_some() => "partly",
        Some(_) => "yes",
    }
}

pub(super) fn rows(inventory: &Inventory, context: &Context, take: Take<'_>) -> io::Result<()> {
    let people = People::of(inventory);
    let read = logins_read(inventory);
    let since = inventory.trail.as_ref().and_then(|trail| trail.value.since).map(|since| since.to_string());
    for member in in_order(inventory) {
        let Member {
            id,
            email,
            user_id,
            user_email,
            role,
            permissions,
            accepted,
            nickname,
            name,
            issuer_id,
            timestamp_created,
            // The lane's own id stands in front of every row.
            workspace_id: _,
        } = member;
        put(
            context,
            take,
            [
                Cell::text(email.as_str()),
                Cell::maybe(name.as_deref()),
                Cell::text(role.as_str()),
                Cell::Flag(*accepted),
                context.is_external(email).map_or(Cell::Nothing, Cell::Flag),
                permissions.as_ref().map_or(Cell::Nothing, |all| Cell::List(all.0.iter().cloned().collect())),
                Cell::text(timestamp_created.as_str()),
                Cell::maybe(last_login(inventory, member)),
                Cell::text(read),
                Cell::maybe(since.as_deref()),
                Cell::maybe(nickname.as_deref()),
                Cell::maybe(user_email.as_ref().map(Email::as_str)),
                Cell::text(id.as_str()),
                Cell::maybe(user_id.as_ref().map(UserId::as_str)),
                Cell::maybe(issuer_id.as_ref().map(UserId::as_str)),
                Cell::maybe(people.address(issuer_id.as_ref())),
            ],
        )?;
    }
    Ok(())
}
