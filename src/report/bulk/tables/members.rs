//! Members: one row a membership or open invitation, by address.

use std::io;

use super::{Take, put};
use crate::domain::{Inventory, Member};
use crate::report::bulk::context::{Context, People};
use crate::report::cell::{Cell, Column};
use crate::report::member_rows;

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
        let (who, more) = member_rows::member(member, context.is_external(&member.email));
        let rest = [Cell::maybe(last_login(inventory, member)), Cell::text(read), Cell::maybe(since.as_deref())];
        let inviter = Cell::maybe(people.address(member.issuer_id.as_ref()));
        put(context, take, who.into_iter().chain(rest).chain(more).chain([inviter]))?;
    }
    Ok(())
}
