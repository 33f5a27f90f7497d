//! The world of the tests about keys: two workspaces with keys of their own, one that is reached through the first.

use keyholder::sim::Op;

use crate::world::{Ended, World};

/// How a listing shows secrets.
pub(crate) const SHOWN: [&str; 3] = ["whole", "masked", "absent"];

/// Two workspaces with keys that tell of all selectors.
pub(crate) fn world(shown: &str) -> World {
    let text = r#"
version = 1
begin = "2026-03-02T09:00:00Z"

[settings]
key_shown = "SHOWN"
key_record = "key_id"

[[workspace]]
name = "acme"
id = "0195b2aa-7c1e-7d00-8000-000000000001"
title = "Acme Corp"
owner = "founder@agency.example"
admin = ["ops@agency.example"]
editor = ["lee@agency.example"]
keys = [
  { name = "acme — keyholder", scopes = ["all:all"], created = "2026-03-03T00:00:00Z" },
  { name = "zapier", scopes = ["leads:all"], by = "lee@agency.example", record = "key_id", created = "2026-08-08T08:08:08Z" },
  { name = "make.com [old]", scopes = ["leads:read"], created = "2026-04-08T08:08:08Z" },
]

[[workspace]]
name = "globex"
id = "0195b2aa-7c1e-7d00-8000-000000000002"
title = "Globex Ltd"
owner = "founder@agency.example"
admin = ["ops@agency.example"]
keys = [
  { name = "globex — keyholder", scopes = ["all:all"], created = "2026-10-03T00:00:00Z" },
  { name = "zapier", scopes = ["leads:all"], created = "2026-08-08T08:08:08Z" },
]
"#;
    World::of(&text.replace("SHOWN", shown))
}

/// The names of a workspace's keys.
pub(crate) fn names(world: &World, workspace: &str) -> Vec<String> {
    world.sim.api_keys(workspace).into_iter().map(|key| key.name).collect()
}

/// What was asked of the API, in order.
pub(crate) fn asked(world: &World) -> Vec<Op> {
    world.sim.requests().into_iter().filter_map(|seen| seen.operation).collect()
}

/// The id of a workspace's key of a name.
pub(crate) fn id(world: &World, workspace: &str, name: &str) -> String {
    world.sim.api_keys(workspace).into_iter().find(|key| key.name == name).unwrap().id
}

/// Plans a command and applies exactly that plan.
#[track_caller]
pub(crate) fn confirmed(world: &World, args: &[&str]) -> Ended {
    let planned = world.run(&[args, &["--plan-only"]].concat());
    world.run(&[args, &["--confirm", &planned.plan_id()]].concat())
}

/// Keeps what the rows of a plan or of outcomes say: workspace, subject or name, and what became of it.
pub(crate) fn told(ended: &Ended, columns: [&str; 3]) -> Vec<String> {
    let cell =
        |row: &std::collections::BTreeMap<String, String>, name: &str| row.get(name).cloned().unwrap_or_default();
    ended.rows().iter().map(|row| columns.map(|name| cell(row, name)).join(" | ")).collect()
}
