//! Whole runs, in virtual time, against the in-process simulator, faults included.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[expect(clippy::allow_attributes, reason = "each test binary uses a part of the test world")]
#[allow(dead_code, reason = "each test binary uses a part of the test world")]
#[path = "../support/mod.rs"]
mod support;

mod access;
mod adopt;
mod agency;
mod approvals;
mod crash;
mod crowded;
mod doubt;
mod faults;
mod fleet;
mod foretime;
mod goods;
mod groups;
mod guards;
mod identity;
mod inventory;
mod key_audit;
mod key_findings;
mod key_list;
mod keys;
mod lost;
mod moved;
mod needs;
mod offboard;
mod owner;
mod pace;
mod repeat;
mod report;
mod resume;
mod resumed;
mod seeds;
mod skewed;
mod stops;
mod strangers;
mod tags;
mod trail;
mod undo;
mod verify;
mod via;
mod volleys;
mod width;
mod words;
mod world;

/// Three workspaces with the same people; invitations are accepted at once.
const THREE: &str = r#"
[settings]
invitations = "at-once"

[[workspace]]
name = "acme"
owner = "founder@agency.example"
admin = ["ops@agency.example", "lead@agency.example"]
editor = ["sam@agency.example"]
view = ["priya@agency.example"]

[[workspace]]
name = "birch"
owner = "founder@agency.example"
admin = ["ops@agency.example", "lead@agency.example"]
editor = ["sam@agency.example"]
view = ["priya@agency.example"]

[[workspace]]
name = "cedar"
owner = "founder@agency.example"
admin = ["ops@agency.example", "lead@agency.example"]
editor = ["sam@agency.example"]
view = ["priya@agency.example"]
"#;

/// Guards that let a third of three lanes fail.
const TOLERANT: &str = "[guards]\nmax_failures = \"50%\"";

/// The usual onboarding.
const ONBOARD: &str = "onboard nia@agency.example --role editor --all --yes";

/// Makes a stage of [`THREE`] with faults or other tables behind it, and tolerant guards.
#[track_caller]
fn three(more: &str) -> support::Stage {
    let stage = support::Stage::script(&format!("{THREE}{more}"));
    stage.add("keyholder.toml", TOLERANT);
    stage
}
