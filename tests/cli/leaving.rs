//! A leaver who owns things: `offboard` with all its flags, the certificate, `person`, `leavers`.

mod certificates;
mod leavers;
mod lists;
mod person;
mod shown;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use keyholder::sim::{KeyRecord, put};
use serde_json::Value;

use crate::world::{Ended, World};

/// Two workspaces whose keys may do everything, and a third in which the leaver owns the place.
const AGENCY: &str = r#"
version = 1
begin = "2026-03-02T09:00:00Z"

[[workspace]]
name = "acme"
id = "0195b2aa-7c1e-7d00-8000-000000000001"
title = "Acme <Corp> & Sons"
owner = "founder@agency.example"
admin = ["ops@agency.example", "second@agency.example"]
editor = ["lee@agency.example", "heir@agency.example"]

[[workspace]]
name = "globex"
id = "0195b2aa-7c1e-7d00-8000-000000000002"
title = "Globex Ltd"
owner = "founder@agency.example"
admin = ["ops@agency.example", "second@agency.example"]
editor = ["lee@agency.example"]

[[workspace]]
name = "initech"
id = "0195b2aa-7c1e-7d00-8000-000000000003"
title = "Initech"
owner = "founder@agency.example"
admin = ["ops@agency.example"]
"#;

pub(crate) const LEE: &str = "lee@agency.example";
pub(crate) const HEIR: &str = "heir@agency.example";

/// A fleet in which Lee owns, made and added things in `acme`.
pub(crate) fn agency() -> World {
    let world = World::of(AGENCY);
    let put = |what: put::Put| drop(world.sim.put("acme", what));
    put(put::Campaigns::of(LEE, 2).named("Spring <b>bold</b>").into());
    put(put::Campaigns::of("ops@agency.example", 1).named("Theirs").made_by(LEE).into());
    put(put::LeadLists::of(LEE, 1).named("Warm").into());
    put(put::Leads::of(LEE, 3).into());
    put(put::Accounts { email: Some("box@acme.example".to_owned()), ..put::Accounts::of(LEE, 1) }.into());
    put(put::Key::of(LEE, "lees key").recorded(KeyRecord::Id("id".into())).into());
    put(put::Webhook::of(LEE, "https://hooks.example/in?token=canary").into());
    put(put::Jobs::of(LEE, 1).into());
    put(put::Records::of(LEE, 1, 2).at("2026-10-01T08:00:00Z".parse().unwrap()).into());
    put(put::Records::of(LEE, 31, 1).at("2026-10-02T08:00:00Z".parse().unwrap()).into());
    put(put::Records::of(LEE, 34, 1).at("2026-10-03T08:00:00Z".parse().unwrap()).into());
    world
}

/// Plans, confirms, and returns how it ended.
pub(crate) fn carried_out(world: &World, args: &[&str]) -> Ended {
    let plan = world.run(&[args, &["--plan-only"]].concat());
    world.run(&[args, &["--confirm", &plan.plan_id(), "--reason", "gone & <away>"]].concat())
}

/// The state folder's certificates of the only run that has some.
pub(crate) fn certificates(world: &World) -> PathBuf {
    let all = world.root().join(".keyholder/certificates");
    assert_eq!(fs::metadata(&all).unwrap().permissions().mode() & 0o777, 0o700);
    let mut runs: Vec<PathBuf> = fs::read_dir(&all).unwrap().map(|entry| entry.unwrap().path()).collect();
    runs.sort();
    runs.pop().unwrap()
}

/// A certificate of the last run.
pub(crate) fn certificate(world: &World, person: &str) -> Value {
    serde_json::from_slice(&fs::read(certificates(world).join(format!("{person}.json"))).unwrap()).unwrap()
}

/// The certificate's claim, and whether it is complete.
pub(crate) fn claim(certificate: &Value) -> (&str, bool) {
    (certificate["verdict"].as_str().unwrap(), certificate["complete"].as_bool().unwrap())
}

/// What stands to be done by hand in a workspace of a certificate: task and name.
pub(crate) fn by_hand(certificate: &Value, workspace: &str) -> Vec<(String, String)> {
    let places = certificate["workspaces"].as_array().unwrap();
    let place = places.iter().find(|place| place["workspace"] == workspace).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    place["by_hand"].as_array().unwrap().iter().map(|one| (text(&one["task"]), text(&one["name"]))).collect()
}

/// Kind and outcome of every step.
pub(crate) fn outcomes(ended: &Ended, workspace: &str) -> Vec<(String, String)> {
    let rows = ended.rows();
    let here = rows.iter().filter(|row| row["workspace"] == workspace);
    here.map(|row| (row["kind"].clone(), row["outcome"].clone())).collect()
}
