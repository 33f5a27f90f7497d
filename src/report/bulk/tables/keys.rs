//! Keys: one row a key, by name. Nothing secret is in reach here, and no fingerprint is shown.

use std::io;

use super::found::Found;
use super::{Take, put};
use crate::domain::belongings::Activity;
use crate::domain::{Inventory, KeyInfo, scope};
use crate::report::bulk::context::{Context, KeySaid};
use crate::report::cell::{Cell, Column};
use crate::report::key_rows::{CreatedBy, used};

pub(super) const COLUMNS: &[Column] = columns![
    "name",
    "key_id",
    "scopes",
    "created",
    "created_by",
    "created_by_source",
    "activity",
    "last_activity",
    "activity_since",
    "owner",
    "purpose",
    "in_use",
    "rotate_by",
    "findings",
    "evidence",
];

pub(super) fn rows(inventory: &Inventory, context: &Context, take: Take<'_>) -> io::Result<()> {
    let mut keys: Vec<&KeyInfo> = inventory.keys.iter().flat_map(|told| &told.value).collect();
    keys.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    keys.dedup_by(|a, b| a.id == b.id);
    let activity = inventory.trail.as_ref().and_then(|trail| trail.value.activity.as_ref());
    let unsaid =
        KeySaid { created_by: CreatedBy::NotReadable, owner: None, purpose: None, rotate_by: None, in_use: None };
    let found = Found::of(context, |about| about.key().map(|(id, _name)| id));
    for key in keys {
        let KeyInfo { id, name, scopes, created, in_use } = key;
        let said = context.said.keys.get(id).unwrap_or(&unsaid);
        let last = activity.and_then(|activity| activity.last.get(id)).map(String::as_str);
        let [findings, evidence] = found.cells(&id);
        put(
            context,
            take,
            [
                Cell::text(name.as_str()),
                Cell::text(id.as_str()),
                Cell::list(scope::fold(scopes)),
                Cell::maybe(Some(created.as_str()).filter(|created| !created.is_empty())),
                Cell::maybe(said.created_by.words()),
                Cell::text(said.created_by.source()),
                Cell::text(used(activity, last)),
                Cell::maybe(last),
                Cell::maybe(activity.map(|Activity { since, .. }| since.to_string())),
                Cell::maybe(said.owner.as_deref()),
                Cell::maybe(said.purpose.as_deref()),
                Cell::text(match in_use.or(said.in_use) {
                    Some(true) => "yes",
                    Some(false) => "no",
                    None => "unknown",
                }),
                Cell::maybe(said.rotate_by.map(|day| day.to_string())),
                findings,
                evidence,
            ],
        )?;
    }
    Ok(())
}
