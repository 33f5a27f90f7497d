//! Guards at the moment of planning; that they are asked again at the moment of sending is `moved`'s.

use crate::support::Stage;
use crate::{THREE, three};

fn offboard(stage: &Stage, who: &str) -> Vec<String> {
    stage.run(&format!("offboard {who} -w acme --plan-only")).planned()
}

#[test]
fn owner_protected_and_last_admin_are_held_and_nothing_is_sent() {
    let stage = Stage::script(THREE);
    stage.add("keyholder.toml", "[guards]\nprotected = [\"sam@agency.example\"]\nmin_admins = 2");
    assert_eq!(offboard(&stage, "founder@agency.example"), ["acme member.remove held owner"]);
    assert_eq!(offboard(&stage, "sam@agency.example"), ["acme member.remove held protected"]);
    assert_eq!(offboard(&stage, "ops@agency.example"), ["acme member.remove held last_admin"]);

    let all = "offboard founder@agency.example sam@agency.example ops@agency.example --all";
    let plan = stage.run(&format!("{all} --plan-only")).exits(30).plan_id();
    let outcome = stage.run(&format!("{all} --confirm {plan}")).exits(30);
    assert_eq!(outcome.outcomes().len(), 9);
    assert!(outcome.rows().iter().all(|row| row["outcome"] == "held"), "{outcome}");
    assert_eq!(stage.write_requests(), 0);
}

#[test]
fn of_two_admins_one_may_go_and_lowering_counts_as_going() {
    let stage = Stage::script(THREE);
    let planned = offboard(&stage, "ops@agency.example lead@agency.example");
    assert_eq!(planned, ["acme member.remove send", "acme member.remove held last_admin"]);
    let lowered = stage.run("onboard ops@agency.example lead@agency.example --role view -w acme --plan-only").exits(30);
    assert_eq!(lowered.planned(), ["acme member.set_role send", "acme member.set_role held last_admin"]);
}

#[test]
fn a_mode_that_forbids_holds_and_says_which_would_do() {
    let stage = three("");
    stage.add("workspaces/acme.toml", "mode = \"observe\"");
    stage.add("workspaces/birch.toml", "mode = \"add-only\"");
    let plan = stage.run("offboard sam@agency.example --all --plan-only").exits(30).says("mode = \"manage\"");
    assert_eq!(
        plan.planned(),
        ["acme member.remove held mode", "birch member.remove held mode", "cedar member.remove send"]
    );
    let outcome = stage.run(crate::ONBOARD).exits(30);
    assert_eq!(outcome.outcomes(), ["acme held mode", "birch done", "cedar done"]);
    assert_eq!(stage.world.writes("acme"), 0);
}

#[test]
fn above_a_removal_limit_the_workspaces_or_all_removals_are_held_before_the_first_is_sent() {
    let stage = Stage::script(THREE);
    stage.add("keyholder.toml", "[guards]\nmax_removals = { per_workspace = 1, per_run = 50, per_day = 100 }");
    let two = "offboard sam@agency.example priya@agency.example";
    let held = stage.run(&format!("{two} -w acme --plan-only")).exits(30);
    assert_eq!(held.planned(), ["acme member.remove held limit_per_workspace"; 2]);

    stage.edit("keyholder.toml", "per_workspace = 1, per_run = 50", "per_workspace = 2, per_run = 5");
    let plan = stage.run(&format!("{two} --all --plan-only")).exits(30);
    assert!(plan.rows().iter().all(|row| row["held"] == "limit_per_run"), "{plan}");
    let outcome = stage.run(&format!("{two} --all --confirm {}", plan.plan_id())).exits(30);
    assert_eq!((outcome.rows().len(), stage.write_requests()), (6, 0));

    let plan = stage.run(&format!("{two} -w acme -w birch --plan-only")).exits(0);
    let _done = stage.run(&format!("{two} -w acme -w birch --confirm {}", plan.plan_id())).exits(0);
    assert_eq!(stage.writes(), 4);
}

#[test]
fn open_invitations_count_as_removals() {
    let stage = Stage::script(&format!(
        "{THREE}[[workspace]]\nname = \"delta\"\nowner = \"founder@agency.example\"\ninvited = [{{ email = \"a@agency.example\", role = \"view\" }}, {{ email = \"b@agency.example\", role = \"view\" }}]\n"
    ));
    stage.add("keyholder.toml", "[guards]\nmax_removals = { per_workspace = 1, per_run = 50, per_day = 100 }");
    let held = stage.run("offboard a@agency.example b@agency.example -w delta --plan-only").exits(30);
    assert_eq!(held.planned(), ["delta member.remove held limit_per_workspace"; 2]);
}
