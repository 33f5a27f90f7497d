//! `keyholder onboard` and `offboard`: the plan, the four ways to approve it, and what comes of it.

use keyholder::sim::{Fault, FaultKind, Hand, Op};

use crate::world::World;

const ONBOARD: [&str; 6] = ["onboard", "ana@agency.example", "--role", "view", "-l", "tier=gold"];
const OFFBOARD: [&str; 4] = ["offboard", "lee@agency.example", "-l", "tier=gold"];

fn with<'a>(command: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [command, more].concat()
}

#[test]
fn without_a_terminal_and_without_a_word_nothing_is_sent() {
    let world = World::three();
    for command in [&ONBOARD[..], &OFFBOARD[..]] {
        let ended = world.run(command).exits(32);
        let id = ended.plan_id();
        ended.says("nobody is there to approve").says(&format!("--confirm {id}")).done();
    }
    assert_eq!(world.writes(), 0);
}

#[test]
fn yes_applies_a_plan_that_only_adds() {
    let world = World::three();
    let ended = world.run(&with(&ONBOARD, &["--yes", "--reason", "new SDR"])).exits(0);
    let rows = ended.rows();
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row["outcome"] == "waiting" && row["kind"] == "member.invite"), "{ended}");
    assert_eq!(world.role("acme", "ana@agency.example").as_deref(), Some("view"));
    assert_eq!(world.role("initech", "ana@agency.example"), None);
    // Once more: nothing to send, and it is said so.
    let ended = world.run(&with(&ONBOARD, &["--yes"])).exits(0).says("2 already");
    assert!(ended.rows().iter().all(|row| row["outcome"] == "already"), "{ended}");
    assert_eq!(world.writes(), 2);
}

#[test]
fn yes_is_not_enough_for_a_plan_that_removes() {
    let world = World::three();
    world.run(&with(&OFFBOARD, &["--yes"])).exits(32).says("the plan has 2 removals").says("--confirm ").done();
    // Lowering an admin is a removal too.
    let lower = ["onboard", "second@agency.example", "--role", "view", "-w", "acme", "--yes"];
    world.run(&lower).exits(32).says("1 removal").done();
    assert_eq!(world.writes(), 0);
}

#[test]
fn confirm_applies_the_reviewed_plan_or_nothing() {
    let world = World::three();
    let id = world.run(&with(&OFFBOARD, &["--plan-only"])).exits(0).plan_id();
    world.run(&with(&OFFBOARD, &["--confirm", &id[..11]])).exits(2).says("at least 12 characters").done();
    world.run(&with(&OFFBOARD, &["--confirm", "0123456789ab"])).exits(31).says("nothing was sent").done();
    assert_eq!(world.writes(), 0);
    let ended = world.run(&with(&OFFBOARD, &["--confirm", &id])).exits(0);
    assert!(ended.rows().iter().all(|row| row["outcome"] == "done"), "{ended}");
    assert_eq!((world.role("acme", "lee@agency.example"), world.role("globex", "lee@agency.example")), (None, None));
    // The world moved by our own hand: the old id fits no more.
    world.run(&with(&OFFBOARD, &["--confirm", &id])).exits(31).done();
}

#[test]
fn the_world_that_moved_after_the_review_is_not_touched() {
    let world = World::three();
    let id = world.run(&with(&OFFBOARD, &["--plan-only"])).exits(0).plan_id();
    world.sim.hand("acme", &Hand::SetRole { email: "lee@agency.example".into(), role: "admin".into() });
    world.run(&with(&OFFBOARD, &["--confirm", &id])).exits(31).says("the world or the wish changed").done();
    assert_eq!(world.writes(), 0);
}

#[test]
fn plan_only_stops_and_says_changes_only_when_asked() {
    let world = World::three();
    let plain = world.run(&with(&ONBOARD, &["--plan-only"])).exits(0);
    let rows = plain.rows();
    assert!(rows.iter().all(|row| row["planned"] == "send" && row["rests_on"] == "absent"), "{plain}");
    let detailed = world.run(&with(&ONBOARD, &["--plan-only", "--detailed-exitcode"])).exits(10);
    assert_eq!(detailed.plan_id(), plain.plan_id(), "the same world and wish have the same id");
    assert_eq!(world.writes(), 0);
    world.run(&with(&ONBOARD, &["--yes"])).exits(0).done();
    world.run(&with(&ONBOARD, &["--plan-only", "--detailed-exitcode"])).exits(0).done();
    assert!(!world.run(&["runs"]).exits(0).rows().is_empty());
}

#[test]
fn ways_that_contradict_each_other_are_usage() {
    let world = World::three();
    for flags in [&["--yes", "--plan-only"][..], &["--yes", "-o", "p"], &["--confirm", "0123456789ab", "--yes"]] {
        world.run(&with(&ONBOARD, flags)).exits(2).says("cannot be used with").done();
    }
    assert_eq!(world.sim.request_count(), 0);
}

#[test]
fn one_lane_that_fails_is_exit_20_and_the_others_are_done() {
    let world = World::three();
    let all = ["onboard", "ana@agency.example", "--role", "view", "--all", "--yes"];
    let ended = world.run(&all).exits(20);
    let outcomes: Vec<(String, String)> =
        ended.rows().into_iter().map(|row| (row["workspace"].clone(), row["outcome"].clone())).collect();
    let expected = [("acme", "waiting"), ("globex", "waiting"), ("initech", "failed")];
    assert_eq!(outcomes, expected.map(|(name, outcome)| (name.to_owned(), outcome.to_owned())), "{ended}");
    ended.says("initech: ").says("workspace_members:create").says("1 of 3 workspaces failed").done();
}

#[test]
fn every_lane_that_fails_is_exit_21() {
    let world = World::three();
    world.run(&["onboard", "ana@agency.example", "--role", "view", "-w", "initech", "--yes"]).exits(21).done();
}

#[test]
fn a_key_that_opens_another_workspace_stops_everything_before_the_first_write() {
    let world = World::three();
    world.write("secrets/globex.key", &world.sim.key_of("acme").unwrap());
    world
        .run(&with(&ONBOARD, &["--yes"]))
        .exits(3)
        .says("globex: pinned is")
        .says("nothing was written anywhere")
        .done();
    assert_eq!(world.writes(), 0);
}

#[test]
fn a_lost_answer_leads_to_one_invitation() {
    let world = World::three();
    world.sim.add_fault(Fault::once(FaultKind::LoseAnswer).on("acme").at(Op::MemberCreate));
    let ended = world.run(&["onboard", "ana@agency.example", "--role", "view", "-w", "acme", "--yes"]).exits(0);
    assert_eq!(ended.rows()[0]["outcome"], "waiting", "{ended}");
    assert_eq!(world.emails("acme").iter().filter(|email| *email == "ana@agency.example").count(), 1);
    world.sim.require_all_faults_fired().unwrap();
}

#[test]
fn an_answer_that_claims_what_a_second_look_does_not_see_is_exit_22() {
    let world = World::three();
    world.sim.add_fault(Fault::always(FaultKind::Ignore).on("acme").at(Op::MemberDelete));
    let command = ["offboard", "lee@agency.example", "-w", "acme"];
    let id = world.run(&with(&command, &["--plan-only"])).exits(0).plan_id();
    let ended = world.run(&with(&command, &["--confirm", &id])).exits(22).says("settle them with `keyholder resume");
    assert!(["unverified", "unknown"].contains(&ended.rows()[0]["outcome"].as_str()), "{ended}");
    assert!(world.role("acme", "lee@agency.example").is_some());
}

#[test]
fn guards_hold_the_owner_the_protected_and_the_last_admin_with_their_remedies() {
    let world = World::three();
    world.agency(|text| text.replace("[guards]\n", "[guards]\nprotected = [\"mia@agency.example\"]\n"));
    let cases = [
        ("founder@agency.example", "globex", "owner"),
        ("mia@agency.example", "acme", "protected"),
        ("ops@agency.example", "globex", "last_admin"),
    ];
    for (email, workspace, reason) in cases {
        let ended = world.run(&["offboard", email, "-w", workspace, "--yes"]).exits(30);
        assert_eq!(ended.rows()[0]["outcome"], "held", "{ended}");
        assert!(ended.rows()[0]["reason"].starts_with(reason), "{ended}");
        ended.says("to let it pass").done();
    }
    assert_eq!(world.writes(), 0);
}

#[test]
fn removals_above_the_limit_are_all_held() {
    let world = World::three();
    world.agency(|text| text.replace("[guards]\n", "[guards]\nmax_removals = { per_workspace = 1 }\n"));
    let ended =
        world.run(&["offboard", "lee@agency.example", "mia@agency.example", "-w", "acme", "--plan-only"]).exits(30);
    assert!(ended.rows().iter().all(|row| row["held"] == "limit_per_workspace"), "{ended}");
}

#[test]
fn somebody_with_another_role_gets_the_new_one_and_other_permissions_are_held() {
    let world = World::three();
    let ended = world.run(&["onboard", "lee@agency.example", "--role", "admin", "-w", "acme", "--yes"]).exits(0);
    assert_eq!((ended.rows()[0]["kind"].as_str(), ended.rows()[0]["outcome"].as_str()), ("member.set_role", "done"));
    assert_eq!(world.role("acme", "lee@agency.example").as_deref(), Some("admin"));
    let narrowed =
        ["onboard", "mia@agency.example", "--role", "editor", "--permissions", "analytics.view", "-w", "acme", "--yes"];
    let ended = world.run(&narrowed).exits(30).says("invite");
    assert!(ended.rows()[0]["reason"].starts_with("permissions_differ"), "{ended}");
}

#[test]
fn an_offboarding_withdraws_open_invitations_too() {
    let world = World::three();
    let command = ["offboard", "old@agency.example", "-w", "acme"];
    let id = world.run(&with(&command, &["--plan-only"])).exits(0).plan_id();
    world.run(&with(&command, &["--confirm", &id])).exits(0).done();
    assert!(!world.emails("acme").contains(&"old@agency.example".to_owned()));
}

#[test]
fn somebody_who_is_nowhere_needs_no_request_that_writes() {
    let world = World::three();
    // The key of initech may not list keys: whether one of theirs is there is not known.
    let ended = world.run(&["offboard", "nobody@agency.example", "--all", "--yes"]).exits(33);
    assert!(ended.rows().iter().all(|row| row["outcome"] == "already"), "{ended}");
    assert_eq!(world.writes(), 0);
}
