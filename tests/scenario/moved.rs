//! The world moves between the plan and the write, by another hand: guards are asked again and stale steps are held.

use keyholder::sim::Hand;

use crate::support::Stage;
use crate::{ONBOARD, three};

/// Saves a plan, lets another hand act in acme, and applies the plan.
fn applied(stage: &Stage, command: &str, hand: &Hand) -> crate::support::Outcome {
    let plan = stage.run(&format!("{command} --all -o plan.json")).exits(0).plan_id();
    assert!(stage.world.hand("acme", hand));
    stage.run(&format!("apply plan.json --confirm {plan}"))
}

fn sam() -> String {
    "sam@agency.example".to_owned()
}

#[test]
fn a_row_with_another_role_is_stale_and_left_out() {
    let stage = three("");
    let hand = Hand::SetRole { email: sam(), role: "admin".into() };
    let outcome = applied(&stage, "offboard sam@agency.example", &hand).exits(31);
    assert_eq!(outcome.outcomes(), ["acme held stale", "birch done", "cedar done"]);
    assert_eq!(stage.role_of("acme", "sam@agency.example").as_deref(), Some("admin"));
    assert!(stage.story("acme").is_empty(), "held when the plan was held against the world, before its lane began");
}

#[test]
fn a_row_that_is_gone_is_already_so() {
    let stage = three("");
    let outcome = applied(&stage, "offboard sam@agency.example", &Hand::Remove { email: sam() }).exits(0);
    assert_eq!(outcome.outcomes(), ["acme already", "birch done", "cedar done"]);
}

#[test]
fn a_person_who_was_invited_meanwhile_is_already_there_or_stale() {
    for (role, exit, word) in [("editor", 0, "acme already"), ("view", 31, "acme held stale")] {
        let stage = three("");
        let hand = Hand::Add { email: "nia@agency.example".to_owned(), role: role.into(), accepted: false };
        let outcome = applied(&stage, "onboard nia@agency.example --role editor", &hand).exits(exit);
        assert_eq!(outcome.outcomes(), [word, "birch done", "cedar done"]);
        assert_eq!(stage.rows_of("acme", "nia@agency.example"), 1, "{role}");
    }
}

#[test]
fn the_role_that_somebody_else_set_is_already_so_and_another_is_stale() {
    for (role, exit, word) in [("view", 0, "acme already"), ("admin", 31, "acme held stale")] {
        let stage = three("");
        let hand = Hand::SetRole { email: sam(), role: role.into() };
        let outcome = applied(&stage, "onboard sam@agency.example --role view", &hand).exits(exit);
        assert_eq!(outcome.outcomes(), [word, "birch done", "cedar done"], "{role}");
    }
}

#[test]
fn an_admin_who_became_the_last_is_not_removed() {
    let stage = three("");
    let hand = Hand::Remove { email: "lead@agency.example".to_owned() };
    let outcome = applied(&stage, "offboard ops@agency.example", &hand).exits(30);
    assert_eq!(outcome.outcomes(), ["acme held last_admin", "birch done", "cedar done"]);
    assert_eq!(stage.rows_of("acme", "ops@agency.example"), 1);
}

#[test]
fn the_other_admin_going_just_before_the_write_is_seen_too() {
    // After identity and listing of the lane, at the very moment the row is read again.
    let stage = three(
        "[[fault]]\nkind = \"meanwhile\"\nworkspace = \"acme\"\noperation = \"member.get\"\nhand = \"remove\"\nemail = \"lead@agency.example\"\n",
    );
    let plan = stage.run("offboard ops@agency.example --all --plan-only").exits(0).plan_id();
    let outcome = stage.run(&format!("offboard ops@agency.example --all --confirm {plan}")).exits(30);
    assert_eq!(outcome.outcomes(), ["acme held last_admin", "birch done", "cedar done"]);
}

#[test]
fn a_role_changed_just_before_the_write_is_stale() {
    let stage = three(
        "[[fault]]\nkind = \"meanwhile\"\nworkspace = \"acme\"\noperation = \"member.get\"\nhand = \"set-role\"\nemail = \"sam@agency.example\"\nrole = \"view\"\n",
    );
    let plan = stage.run("offboard sam@agency.example --all --plan-only").exits(0).plan_id();
    let outcome = stage.run(&format!("offboard sam@agency.example --all --confirm {plan}")).exits(31);
    assert_eq!(outcome.outcomes(), ["acme held stale", "birch done", "cedar done"]);
}

#[test]
fn a_row_that_goes_between_the_last_look_and_the_delete_is_already_so() {
    let stage = three(
        "[[fault]]\nkind = \"meanwhile\"\nworkspace = \"acme\"\noperation = \"member.delete\"\nhand = \"remove\"\nemail = \"sam@agency.example\"\n",
    );
    let plan = stage.run("offboard sam@agency.example --all --plan-only").exits(0).plan_id();
    let outcome = stage.run(&format!("offboard sam@agency.example --all --confirm {plan}")).exits(0);
    assert_eq!(outcome.outcomes(), ["acme already", "birch done", "cedar done"]);
    assert_eq!(stage.story("acme"), ["started", "answered refused", "settled already"]);
}

#[test]
fn a_person_who_is_added_between_the_last_look_and_the_invitation_is_not_added_twice() {
    for (role, exit, word) in [("editor", 0, "acme already"), ("view", 20, "acme failed")] {
        let stage = three(&format!(
            "[[fault]]\nkind = \"meanwhile\"\nworkspace = \"acme\"\noperation = \"member.create\"\nhand = \"add\"\nemail = \"nia@agency.example\"\nrole = \"{role}\"\n"
        ));
        let outcome = stage.run(ONBOARD).exits(exit);
        assert_eq!(outcome.outcomes(), [word, "birch done", "cedar done"]);
        assert_eq!(stage.rows_of("acme", "nia@agency.example"), 1);
    }
}

#[test]
fn who_became_the_owner_meanwhile_is_not_touched() {
    let stage = three("");
    let hand = Hand::SetRole { email: sam(), role: "owner".into() };
    let outcome = applied(&stage, "offboard sam@agency.example", &hand).exits(31);
    assert_eq!(outcome.outcomes(), ["acme held stale", "birch done", "cedar done"]);
}

#[test]
fn who_became_protected_between_plan_and_apply_is_held() {
    let stage = three("");
    let plan = stage.run("offboard sam@agency.example --all -o plan.json").exits(0).plan_id();
    stage.add("keyholder.toml", "protected = [\"sam@agency.example\"]");
    let outcome = stage.run(&format!("apply plan.json --confirm {plan}")).exits(30);
    assert_eq!(outcome.outcomes(), ["acme held protected", "birch held protected", "cedar held protected"]);
    assert_eq!(stage.write_requests(), 0);
}

#[test]
fn a_mode_that_was_lowered_between_plan_and_apply_is_obeyed() {
    let stage = three("");
    let plan = stage.run("offboard sam@agency.example --all -o plan.json").exits(0).plan_id();
    stage.add("workspaces/acme.toml", "mode = \"observe\"");
    let outcome = stage.run(&format!("apply plan.json --confirm {plan}")).exits(30);
    assert_eq!(outcome.outcomes(), ["acme held mode", "birch done", "cedar done"]);
}

#[test]
fn a_saved_plan_does_not_forget_the_workspaces_that_could_not_be_read_when_it_was_drawn() {
    let stage = three("[[fault]]\nkind = \"status\"\nstatus = 401\nworkspace = \"birch\"\ntimes = 1\n");
    let plan = stage.run("offboard sam@agency.example --all -o plan.json").exits(20).plan_id();
    let outcome = stage
        .run(&format!("apply plan.json --confirm {plan}"))
        .exits(20)
        .says("birch: not read: when the plan was drawn");
    assert_eq!(outcome.outcomes(), ["acme done", "cedar done"]);
    let strict = format!("apply plan.json --confirm {plan} --max-failures 0");
    let _over = stage.run(&strict).exits(20).says("more than");
}
