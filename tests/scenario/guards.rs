//! Guards at the moment of planning; that they are asked again at the moment of sending is `moved`'s.

use std::time::Duration;

use crate::support::Stage;
use crate::{ONBOARD, THREE, three};

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

/// Twelve workspaces, each with a membership and an open invitation of the same leaver, as others' tools leave them.
fn with_open_invitations() -> Stage {
    let workspace = |number: usize| {
        format!(
            "[[workspace]]\nname = \"client-{number:02}\"\nowner = \"founder@agency.example\"\neditor = [\"sam@agency.example\"]\n\
             invited = [{{ email = \"new@agency.example\", role = \"view\" }}]\n"
        )
    };
    Stage::script(&(0..12).map(workspace).collect::<String>())
}

#[test]
fn open_invitations_exceed_a_limit_that_members_alone_would_not() {
    let stage = with_open_invitations();
    stage.add("keyholder.toml", "[guards]\nmax_removals = { per_workspace = 3, per_run = 15, per_day = 100 }");
    let both = "offboard sam@agency.example new@agency.example --all";
    // Twelve members would pass; the twelve open invitations are removals as well.
    let refused = stage.run(&format!("{both} --plan-only --format ndjson")).exits(30);
    let refused = refused
        .says("refused (limit_per_run): 24 removals in this run, the limit is 15")
        .says("the largest part that passes: 14 removals in 7 workspaces, planned with `-w client-00 -w client-01");
    let records = refused.records();
    let plan = records.iter().find(|record| record["type"] == "plan").unwrap();
    let refusal = &plan["refusals"][0];
    assert_eq!((refusal["limit"].as_str(), refusal["removals"].as_u64()), (Some("limit_per_run"), Some(24)));
    let part: Vec<&str> =
        refusal["passes"]["workspaces"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!((part.len(), refusal["passes"]["removals"].as_u64()), (7, Some(14)));
    assert_eq!(refusal["steps"].as_array().unwrap().len(), 24);

    // What is proposed passes, and is done.
    let part = format!("offboard sam@agency.example new@agency.example -w {}", part.join(" -w "));
    let plan = stage.run(&format!("{part} --plan-only")).exits(0).plan_id();
    let _done = stage.run(&format!("{part} --confirm {plan}")).exits(0);
    assert_eq!(stage.writes(), 14);
}

#[test]
fn above_the_limit_of_one_workspace_it_is_said_for_whom_it_would_pass() {
    let stage = Stage::script(THREE);
    stage.add("keyholder.toml", "[guards]\nmax_removals = { per_workspace = 1, per_run = 50, per_day = 100 }");
    let _refused = stage
        .run("offboard sam@agency.example priya@agency.example -w acme --plan-only")
        .exits(30)
        .says("2 removals in acme, the limit of a workspace is 1 (acme: priya@agency.example, sam@agency.example)")
        .says("the largest part that passes: 1 of them, for priya@agency.example");
}

#[test]
fn a_day_counts_the_removals_of_all_runs_and_has_room_again_when_they_are_a_day_old() {
    let stage = with_open_invitations();
    stage.add("keyholder.toml", "[guards]\nmax_removals = { per_workspace = 3, per_run = 50, per_day = 14 }");
    let apply = |stage: &Stage, who: &str, exit: u8| {
        let plan = stage.run(&format!("offboard {who} --plan-only")).plan_id();
        stage.run(&format!("offboard {who} --confirm {plan}")).exits(exit)
    };
    let _twelve = apply(&stage, "sam@agency.example --all", 0);
    let saved = stage.run("offboard new@agency.example -w client-00 -w client-01 -o plan.json").exits(0).plan_id();
    stage.wait(Duration::from_hours(1));
    let refused = apply(&stage, "new@agency.example --all", 30);
    assert!(refused.rows().iter().all(|row| row["reason"].starts_with("limit_per_day")), "{refused}");
    let refused = refused
        .says("12 removals in this run and 12 in the last 24 hours, the limit of a day is 14")
        .says("2 removals in 2 workspaces, planned with `-w client-00 -w client-01`")
        .says("the day has room for all of them from 2026-11-21T08:00:");
    assert_eq!(stage.writes(), 12, "{refused}");

    // A saved plan that fits passes, and is what uses the day up.
    let _two = stage.run(&format!("apply plan.json --confirm {saved}")).exits(0);
    let saved = stage.run("offboard new@agency.example -w client-02 --plan-only").exits(30);
    let _saved =
        saved.says("nothing of it can pass now").says("the day has room for all of them from 2026-11-21T08:00:");
    stage.wait(Duration::from_hours(23) + Duration::from_mins(1));
    let _rest = apply(&stage, "new@agency.example --all", 0);
    assert_eq!(stage.writes(), 24);
}

#[test]
fn a_saved_plan_is_held_against_the_day_as_it_is_when_it_is_applied() {
    let stage = with_open_invitations();
    stage.add("keyholder.toml", "[guards]\nmax_removals = { per_workspace = 3, per_run = 50, per_day = 12 }");
    let saved = stage.run("offboard new@agency.example --all -o plan.json").exits(0).plan_id();
    let plan = stage.run("offboard sam@agency.example -w client-00 --plan-only").exits(0).plan_id();
    let _one = stage.run(&format!("offboard sam@agency.example -w client-00 --confirm {plan}")).exits(0);
    let held = stage.run(&format!("apply plan.json --confirm {saved}")).exits(30);
    assert!(held.outcomes().iter().all(|outcome| outcome.ends_with("held limit_per_day")), "{held}");
    assert_eq!(stage.writes(), 1);
}

#[test]
fn a_failure_budget_on_the_command_line_stands_for_that_of_the_files() {
    let stage = Stage::script(THREE);
    stage.world.revoke_keys("acme");
    let held = stage.run(ONBOARD).exits(20);
    assert_eq!(held.outcomes(), ["birch held failure_budget", "cedar held failure_budget"], "a third is above 10%");
    for (budget, said) in [("some", "`some` is not a failure budget"), ("101%", "`101%`"), ("-1", "")] {
        let wrong = stage.run_words(ONBOARD.split(' ').chain([format!("--max-failures={budget}").as_str()])).exits(2);
        assert!(wrong.stderr.contains(said), "{wrong}");
    }
    let _warned =
        stage.run(&format!("{ONBOARD} --max-failures 0")).exits(20).says("more than `guards.max_failures` (0) allows");
    let done = stage.run(&format!("{ONBOARD} --max-failures 34%")).exits(20);
    assert_eq!(done.outcomes(), ["birch done", "cedar done"]);
    assert_eq!(stage.entries()[0]["settings"]["max_failures"], "34%");
    let saved = stage.run("onboard ben@agency.example --role view --all -o plan.json").exits(20).plan_id();
    let done = stage.run(&format!("apply plan.json --confirm {saved} --max-failures 1"));
    assert_eq!(done.outcomes(), ["birch done", "cedar done"], "{done}");
}
