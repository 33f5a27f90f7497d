//! The four ways to approve, and plans as files.

use crate::support::Stage;
use crate::{ONBOARD, three};

const OFFBOARD: &str = "offboard sam@agency.example --all";

fn saved(stage: &Stage) -> String {
    let plan = stage.run(&format!("{OFFBOARD} -o plan.json")).exits(0).plan_id();
    assert_eq!(stage.write_requests(), 0);
    plan
}

#[test]
fn a_plan_with_removals_is_not_applied_by_yes() {
    let stage = three("");
    let refused =
        stage.run(&format!("{OFFBOARD} --yes")).exits(32).says("--yes is not enough: the plan has 3 removals");
    let _hint = refused.says("--confirm");
    assert_eq!(stage.write_requests(), 0);
    // Lowering an admin takes away as much as a removal does.
    let _lowered = stage.run("onboard ops@agency.example --role view --all --yes").exits(32);
    assert_eq!(stage.write_requests(), 0);
}

#[test]
fn nobody_there_to_approve_is_no_approval() {
    let stage = three("");
    let _refused = stage.run("onboard nia@agency.example --role editor --all").exits(32).says("nobody is there");
    assert_eq!(stage.write_requests(), 0);
}

#[test]
fn the_confirmed_plan_is_applied_and_no_other() {
    let stage = three("");
    let plan = stage.run(&format!("{OFFBOARD} --plan-only")).exits(0).plan_id();
    assert_eq!(stage.run(&format!("{OFFBOARD} --plan-only")).exits(0).plan_id(), plan, "the same at any time");
    let hand = keyholder::sim::Hand::SetRole { email: "sam@agency.example".to_owned(), role: "view".into() };
    assert!(stage.world.hand("birch", &hand));
    let _moved = stage.run(&format!("{OFFBOARD} --confirm {plan}")).exits(31).says("nothing was sent");
    assert_eq!(stage.write_requests(), 0);
    let now = stage.run(&format!("{OFFBOARD} --plan-only")).exits(0).plan_id();
    assert_ne!(now, plan);
    let _done = stage.run(&format!("{OFFBOARD} --confirm {now}")).exits(0);
    assert_eq!(stage.writes(), 3);
}

#[test]
fn a_confirmation_that_is_too_short_is_a_mistake_before_anything_is_asked() {
    let stage = three("");
    let _usage = stage.run(&format!("{OFFBOARD} --confirm 12345")).exits(2);
    assert_eq!(stage.world.request_count(), 0);
}

#[test]
fn a_saved_plan_applied_twice_is_all_already() {
    let stage = three("");
    let plan = saved(&stage);
    let first = stage.run(&format!("apply plan.json --confirm {plan}")).exits(0);
    assert_eq!(first.outcomes(), ["acme done", "birch done", "cedar done"]);
    let sent = stage.write_requests();
    let second = stage.run(&format!("apply plan.json --confirm {plan}")).exits(0);
    assert_eq!(second.outcomes(), ["acme already", "birch already", "cedar already"]);
    assert_eq!(stage.write_requests(), sent);

    let _saved = stage.run("onboard nia@agency.example --role view --all -o in.json").exits(0);
    let _first = stage.run("apply in.json --yes").exits(0);
    let second = stage.run("apply in.json --yes").exits(0);
    assert_eq!(second.outcomes(), ["acme already", "birch already", "cedar already"]);
    assert_eq!(stage.rows_of("acme", "nia@agency.example"), 1);
}

#[test]
fn an_edited_plan_or_one_of_another_fleet_is_refused_before_anything_is_asked() {
    let stage = three("");
    let plan = saved(&stage);
    let asked = stage.world.request_count();
    stage.edit("plan.json", "sam@agency.example", "priya@agency.example");
    let _edited = stage.run(&format!("apply plan.json --confirm {plan}")).exits(3).says("changed after it was saved");
    std::fs::write(stage.root.join("plan.json"), "{\"format\":1").unwrap();
    let _broken = stage.run("apply plan.json --yes").exits(3);
    let _missing = stage.run("apply nowhere.json --yes").exits(3);
    assert_eq!((stage.world.request_count(), stage.write_requests()), (asked, 0));

    let other = Stage::script(
        "[[workspace]]\nname = \"acme\"\nid = \"0195b2aa-7c1e-7d00-8000-00000000000f\"\nowner = \"founder@agency.example\"\n",
    );
    let plan = saved(&stage);
    std::fs::copy(stage.root.join("plan.json"), other.root.join("plan.json")).unwrap();
    let _foreign = other.run(&format!("apply plan.json --confirm {plan}")).exits(3).says("this fleet has not");
    assert_eq!(other.world.request_count(), 0);
}

#[test]
fn a_saved_plan_with_removals_needs_its_id_too() {
    let stage = three("");
    let _plan = saved(&stage);
    let _refused = stage.run("apply plan.json --yes").exits(32);
    let _other = stage.run("apply plan.json --confirm 0123456789ab").exits(31);
    assert_eq!(stage.write_requests(), 0);
}

#[test]
fn writes_need_a_selection() {
    let stage = three("");
    let none = stage.run("onboard nia@agency.example --role editor --yes");
    assert_eq!(none.exit, 2, "{none}");
    let _unknown = stage.run("onboard nia@agency.example --role editor --yes -w nowhere").exits(4);
    assert_eq!(stage.world.request_count(), 0);
}

#[test]
fn the_ledger_says_who_why_and_how_it_was_approved() {
    let stage = three("");
    let _done = stage.run_words(ONBOARD.split(' ').chain(["--reason", "new in the inbox team"])).exits(0);
    let run = stage.ledger(async |ledger| ledger.run("last").await.unwrap());
    assert_eq!((run.operator.as_str(), run.reason.as_deref()), ("ada", Some("new in the inbox team")));
    assert_eq!((run.command.as_str(), run.approved_by.as_str(), run.exit), ("onboard", "yes", Some(0)));
    let shown = stage.run("show last").exits(0).says("by ada, because: new in the inbox team").says("unbroken");
    assert_eq!(shown.rows().len(), 3);
    let runs = stage.run("runs").exits(0);
    assert_eq!(runs.rows()[0]["operator"], "ada");
}
