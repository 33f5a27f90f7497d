//! The world of the tests about tags: two workspaces of one taxonomy, each with campaigns and sending accounts.

use keyholder::sim::Op;

use crate::world::World;

/// What keyholder.toml says of tags.
pub(crate) const TAXONOMY: &str = r#"
[[tags]]
label = "Team North"
description = "who answers in the north"
former = ["North"]

[[tags]]
label = "VIP"
workspaces = { tier = "gold" }
"#;

/// Two workspaces: one whose tags grew wild, one without any.
pub(crate) fn world() -> World {
    let text = r#"
version = 1
begin = "2026-03-02T09:00:00Z"

[[workspace]]
name = "acme"
id = "0195b2aa-7c1e-7d00-8000-000000000001"
title = "Acme Corp"
owner = "founder@agency.example"
admin = ["ops@agency.example"]
campaigns = [
  { name = "North: Q4, launch", status = 1, owner = "ops@agency.example" },
  { name = "South", status = 2 },
  { name = "north again", status = 77 },
]
accounts = [
  { email = "Ann@north.example", provider = 2 },
  { email = "bo@south.example", status = -1, provider = 3 },
]
tags = [
  { label = "North", description = "old", campaigns = ["South"], accounts = ["Ann@north.example"] },
  { label = "=Used", accounts = ["bo@south.example"] },
  { label = "Empty" },
  { label = "owner: noor@agency.example" },
]

[[workspace]]
name = "globex"
id = "0195b2aa-7c1e-7d00-8000-000000000002"
title = "Globex Ltd"
owner = "founder@agency.example"
admin = ["ops@agency.example"]
campaigns = [{ name = "North launch", status = 1 }]
accounts = [{ email = "cy@north.example", provider = 2, count = 1 }]
"#;
    let world = World::of(text);
    world.agency(|text| format!("{text}{TAXONOMY}"));
    world
}

/// The labels of a workspace's tags, sorted.
pub(crate) fn labels(world: &World, workspace: &str) -> Vec<String> {
    let mut labels: Vec<String> = world.sim.tags(workspace).into_iter().map(|tag| tag.label).collect();
    labels.sort();
    labels
}

/// What carries a label in a workspace: addresses as they are, campaigns by id.
pub(crate) fn carrying(world: &World, workspace: &str, label: &str) -> Vec<String> {
    let of = world.sim.mappings(workspace).into_iter().filter(|mapping| mapping.label == label);
    let mut all: Vec<String> = of.map(|mapping| mapping.resource).collect();
    all.sort();
    all
}

/// What was asked of the API since, in order.
pub(crate) fn asked(world: &World) -> Vec<Op> {
    world.sim.requests().into_iter().filter_map(|seen| seen.operation).collect()
}
