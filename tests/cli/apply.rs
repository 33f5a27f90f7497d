//! `keyholder apply FILE`: exactly the plan that was saved.

use keyholder::sim::Hand;

use crate::world::World;

const ONBOARD: [&str; 6] = ["onboard", "ana@agency.example", "--role", "view", "-l", "tier=gold"];
const OFFBOARD: [&str; 4] = ["offboard", "lee@agency.example", "-l", "tier=gold"];

#[test]
fn a_saved_plan_is_applied_with_the_same_approvals_and_once() {
    let world = World::three();
    let saved =
        world.run(&[&OFFBOARD[..], &["-o", "leaver.json"]].concat()).exits(0).says("keyholder apply leaver.json");
    assert_eq!(world.writes(), 0);
    world.run(&["apply", "leaver.json"]).exits(32).done();
    world.run(&["apply", "leaver.json", "--yes"]).exits(32).says("2 removals").done();
    assert_eq!(world.writes(), 0);
    let ended = world.run(&["apply", "leaver.json", "--confirm", &saved.plan_id()]).exits(0);
    assert!(ended.rows().iter().all(|row| row["outcome"] == "done"), "{ended}");
    assert_eq!(world.writes(), 2);
    let again = world.run(&["apply", "leaver.json", "--confirm", &saved.plan_id()]).exits(0);
    assert!(again.rows().iter().all(|row| row["outcome"] == "already"), "{again}");
    assert_eq!(world.writes(), 2, "a second time nothing is sent");
}

#[test]
fn a_plan_that_only_adds_is_applied_with_yes() {
    let world = World::three();
    world.run(&[&ONBOARD[..], &["-o", "new.json", "--detailed-exitcode"]].concat()).exits(10).done();
    world.run(&["apply", "new.json", "--yes"]).exits(0).done();
    assert_eq!(world.role("globex", "ana@agency.example").as_deref(), Some("view"));
}

#[test]
fn an_edited_cut_or_foreign_plan_is_refused_before_anything_is_sent() {
    let world = World::three();
    world.run(&[&OFFBOARD[..], &["-o", "plan.json"]].concat()).exits(0).done();
    let text = world.read("plan.json");
    let before = world.sim.request_count();
    for (from, to, says) in [
        ("lee@agency.example", "ops@agency.example", "changed after it was saved"),
        ("\"editor\"", "\"view\"", "changed after it was saved"),
        ("\"format\": 1", "\"format\": 9", "format"),
    ] {
        let edited = text.replace(from, to);
        assert_ne!(edited, text, "{from}");
        world.write("edited.json", &edited);
        world.run(&["apply", "edited.json", "--yes"]).exits(3).says(says).says("nothing was sent").done();
    }
    world.write("cut.json", &text[..text.len() / 2]);
    world.run(&["apply", "cut.json", "--yes"]).exits(3).says("not a plan file").done();
    world.run(&["apply", "none.json", "--yes"]).exits(3).says("`none.json` could not be read").done();
    let other = World::northwind();
    other.write("plan.json", &text);
    other.run(&["apply", "plan.json", "--yes"]).exits(3).says("this fleet has not").done();
    assert_eq!((world.sim.request_count(), other.sim.request_count()), (before, 0));
}

#[test]
fn what_moved_since_is_left_out_and_the_rest_goes_on() {
    let world = World::three();
    let saved = world.run(&[&OFFBOARD[..], &["-o", "plan.json"]].concat()).exits(0);
    world.sim.hand("acme", &Hand::SetRole { email: "lee@agency.example".into(), role: "view".into() });
    let ended = world.run(&["apply", "plan.json", "--confirm", &saved.plan_id()]).exits(31);
    let rows = ended.rows();
    assert_eq!((rows[0]["outcome"].as_str(), rows[1]["outcome"].as_str()), ("held", "done"), "{ended}");
    assert!(rows[0]["reason"].starts_with("stale"), "{ended}");
    assert_eq!(world.role("acme", "lee@agency.example").as_deref(), Some("view"));
    assert_eq!(world.role("globex", "lee@agency.example"), None);
}

#[test]
fn a_saved_plan_is_its_owners_alone_and_one_that_cannot_be_saved_is_exit_74() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::three();
    world.run(&[&OFFBOARD[..], &["-o", "plan.json"]].concat()).exits(0).done();
    assert_eq!(world.root().join("plan.json").metadata().unwrap().permissions().mode() & 0o777, 0o600);
    world.run(&[&OFFBOARD[..], &["-o", "no/folder/plan.json"]].concat()).exits(74).says("could not be saved").done();
}
