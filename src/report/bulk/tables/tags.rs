//! Tags, by label, and the links of the group a workspace heads, by the sub workspace's name.

use std::io;

use super::found::Found;
use super::{Take, put};
use crate::domain::{About, Inventory, Link, ResourceKind, Tag};
use crate::report::bulk::context::Context;
use crate::report::cell::{Cell, Column};

pub(super) const TAGS: &[Column] =
    columns!["label", "tag_id", "campaigns", "accounts", "named", "description", "findings", "evidence"];

pub(super) const TAG_NUMBERS: &[&str] = &["campaigns", "accounts"];

pub(super) const GROUPS: &[Column] =
    columns!["sub_workspace_id", "sub_name", "status", "since", "link_id", "findings", "evidence"];

pub(super) fn tags(inventory: &Inventory, context: &Context, take: Take<'_>) -> io::Result<()> {
    let mut tags: Vec<&Tag> = inventory.tags.iter().flat_map(|told| &told.value).collect();
    tags.sort_by(|a, b| (&a.label, &a.id).cmp(&(&b.label, &b.id)));
    tags.dedup_by(|a, b| a.id == b.id);
    let carried = inventory.carried.as_ref().filter(|carried| carried.incomplete.is_none());
    let found = Found::of(context, |about| match about {
        About::Tag { label } => Some(label.trim()),
        _ => None,
    });
    for tag in tags {
        let Tag { id, label, description } = tag;
        let count = |kind: ResourceKind| {
            let all = carried?.value.get(id).map_or(&[][..], Vec::as_slice);
            let mut of: Vec<_> =
                all.iter().filter(|(of, _)| *of == kind).map(|(_, resource)| resource.folded(kind)).collect();
            of.sort_unstable();
            of.dedup();
            u64::try_from(of.len()).ok()
        };
        let [findings, evidence] = found.cells(&label.trim());
        put(
            context,
            take,
            [
                Cell::text(label.as_str()),
                Cell::text(id.as_str()),
                Cell::count(count(ResourceKind::Campaign)),
                Cell::count(count(ResourceKind::Account)),
                Cell::maybe(context.said.tags.get(id).copied()),
                Cell::maybe(description.as_deref()),
                findings,
                evidence,
            ],
        )?;
    }
    Ok(())
}

pub(super) fn links(inventory: &Inventory, context: &Context, take: Take<'_>) -> io::Result<()> {
    let mut links: Vec<&Link> = inventory.links.iter().flat_map(|told| &told.value).collect();
    links.sort_by(|a, b| (&a.sub_name, &a.sub, &a.id).cmp(&(&b.sub_name, &b.sub, &b.id)));
    links.dedup_by(|a, b| a.id == b.id);
    let found = Found::of(context, |about| match about {
        About::Sub { id, .. } => Some(id),
        _ => None,
    });
    for link in links {
        let Link { id, admin: _, sub, status, sub_name, admin_name: _, created } = link;
        let [findings, evidence] = found.cells(&sub);
        put(
            context,
            take,
            [
                Cell::text(sub.as_str()),
                Cell::maybe(sub_name.as_deref()),
                Cell::text(status.as_str()),
                Cell::text(created.as_str()),
                Cell::text(id.as_str()),
                findings,
                evidence,
            ],
        )?;
    }
    Ok(())
}
