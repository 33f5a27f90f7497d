//! Keys that open another workspace, none, or one that nobody pinned.

use std::sync::Mutex;

use crate::support::Stage;
use crate::{ONBOARD, three};

/// Gives a workspace the key of another.
fn swap_key(stage: &Stage, workspace: &str, other: &str) {
    let from = stage.root.join(format!("secrets/{other}.key"));
    std::fs::copy(from, stage.root.join(format!("secrets/{workspace}.key"))).unwrap();
}

#[test]
fn a_key_that_opens_another_workspace_stops_everything_before_the_first_write() {
    let stage = three("[[workspace]]\nname = \"stranger\"\nowner = \"who@else.example\"\n");
    swap_key(&stage, "birch", "stranger");
    let outcome = stage.run(ONBOARD).exits(3).says("nothing was written anywhere").says("birch: pinned is");
    assert!(outcome.stdout.is_empty(), "{outcome}");
    assert_eq!(stage.write_requests(), 0);
    assert!(stage.world.names().iter().all(|name| stage.world.writes(name) == 0));
}

#[test]
fn a_dead_key_fails_its_own_lane_alone() {
    let stage = three("");
    stage.world.revoke_keys("birch");
    let outcome = stage.run(ONBOARD).exits(20).says("birch: not read").says("1 of 3 workspaces failed");
    assert_eq!(outcome.outcomes(), ["acme done", "cedar done"]);
    assert_eq!(stage.world.writes("birch"), 0);
}

#[test]
fn a_workspace_that_nobody_pinned_is_not_written_to_and_no_other_is() {
    let stage = three("");
    let id = stage.world.workspace_id("cedar").unwrap();
    stage.edit("workspaces/cedar.toml", &format!("id = \"{id}\"\n"), "");
    let _refused = stage.run(ONBOARD).exits(3).says("cedar: no id is pinned").says("keyholder pin");
    assert_eq!(stage.write_requests(), 0);

    let _pinned = stage.run("pin -w cedar").exits(0);
    let _done = stage.run(ONBOARD).exits(0);
    assert_eq!(stage.writes(), 3);
}

#[test]
fn another_workspace_between_plan_and_apply_is_found_with_the_very_key_that_writes() {
    // The keys are read once, so only the API itself can answer with another identity: from the second question on.
    let stage =
        three("[[fault]]\nkind = \"foreign\"\nworkspace = \"birch\"\noperation = \"workspace.current\"\nskip = 1\n");
    let outcome = stage.run(ONBOARD).says("opened");
    assert_eq!(stage.world.writes("birch"), 0, "{outcome}");
    assert!(outcome.outcomes().contains(&"birch held identity".to_owned()), "{outcome}");
    let sent = stage.writes();
    assert_eq!(outcome.exit, if sent == 0 { 3 } else { 20 }, "{outcome}");
    assert!(stage.story("birch").is_empty(), "its step was never started");
}

#[test]
fn a_workspace_left_out_hears_not_one_request() {
    let stage = three("");
    let _done = stage.run(&format!("{ONBOARD} -x birch")).exits(0);
    assert!(stage.world.requests().iter().all(|seen| seen.workspace.as_deref() != Some("birch")));

    stage.add("workspaces/acme.toml", "mode = \"off\"");
    let before = stage.world.request_count();
    let outcome = stage.run("onboard ola@agency.example --role view -w acme --yes").exits(30);
    assert_eq!(outcome.outcomes(), ["acme held mode"]);
    assert_eq!(stage.world.request_count(), before);
}

#[test]
fn a_workspace_behind_an_admin_key_is_spoken_to_with_the_header_alone() {
    let stage = Stage::script(
        r#"
        [settings]
        invitations = "at-once"

        [[workspace]]
        name = "agency"
        owner = "founder@agency.example"
        admin = ["ops@agency.example", "lead@agency.example"]
        editor = ["sam@agency.example"]

        [[workspace]]
        name = "globex"
        keys = []
        owner = "boss@globex.example"
        admin = ["ops@agency.example", "lead@agency.example"]
        editor = ["sam@agency.example"]

        [[workspace]]
        name = "initech"
        keys = []
        owner = "boss@initech.example"
        admin = ["ops@agency.example"]
        editor = ["sam@agency.example"]

        [[group]]
        admin = "agency"
        accepted = ["globex", "initech"]
        "#,
    );
    let headers = std::sync::Arc::new(Mutex::new(Vec::new()));
    let kept = std::sync::Arc::clone(&headers);
    stage.at_request(move |request| {
        kept.lock().unwrap().push(request.access.acts_as().map(ToString::to_string));
    });
    let before = stage.world.members("agency");
    let _done = stage.run("onboard nia@agency.example --role view -w globex -w initech --yes").exits(0);
    let plan = stage.run("offboard sam@agency.example -w globex -w initech --plan-only").exits(0).plan_id();
    let _gone = stage.run(&format!("offboard sam@agency.example -w globex -w initech --confirm {plan}")).exits(0);

    let headers = headers.lock().unwrap();
    let subs = ["globex", "initech"].map(|name| stage.world.workspace_id(name));
    assert!(headers.iter().all(|header| header.is_some() && subs.contains(header)), "{headers:?}");
    assert_eq!(stage.write_requests(), 4);
    assert!(stage.world.requests().iter().all(|seen| seen.acted_as));
    assert_eq!(stage.world.members("agency"), before, "the admin's own workspace was never touched");
    assert_eq!(stage.world.writes("agency"), 0);
    assert_eq!((stage.world.writes("globex"), stage.world.writes("initech")), (2, 2));
}
