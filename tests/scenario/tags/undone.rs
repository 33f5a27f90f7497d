//! A run about tags is compared with the world, and undone.

use super::*;

fn before() -> World {
    Bench::everything("").world()
}

#[test]
fn a_run_of_every_kind_holds_and_is_undone_to_what_was_there() {
    let bench = Bench::everything("");
    let _done = bench.apply().exits(0);
    let verified = bench.stage.run("verify last").exits(0);
    assert_eq!(distinct(&verified.rows(), "state"), ["holds".to_owned()].into(), "{verified}");
    let plan = bench.stage.run("undo last --plan-only").exits(0);
    assert_eq!(distinct(&plan.rows(), "planned"), ["send".to_owned()].into(), "{plan}");
    let undone = bench.stage.run(&format!("undo last --confirm {}", plan.plan_id())).exits(0);
    assert_eq!(distinct(&undone.rows(), "outcome"), ["done".to_owned()].into(), "{undone}");
    assert_eq!(bench.world(), before());
    let verified = bench.stage.run("verify last").exits(0);
    assert_eq!(distinct(&verified.rows(), "state"), ["holds".to_owned()].into(), "{verified}");
}

#[test]
fn only_what_is_as_the_run_left_it_is_undone() {
    let bench = Bench::everything("");
    let _done = bench.apply().exits(0);
    let world = &bench.stage.world;
    let id = |label: &str| world.tags("acme").into_iter().find(|tag| tag.label == label).unwrap().id;
    assert!(world.hand("acme", &keyholder::sim::Hand::RenameTag { tag: id("north"), to: "far north".to_owned() }));
    let campaign = world.campaigns("acme").remove(0).name.clone();
    let _put = world.put("acme", keyholder::sim::put::Mappings::on_campaigns("fresh", &[&campaign]));
    let drifted = bench.stage.run("verify last --detailed-exitcode").exits(10);
    assert_eq!(drifted.rows().iter().filter(|row| row["state"] == "drifted").count(), 2, "{drifted}");
    let plan = bench.stage.run("undo last --plan-only").exits(30);
    let mut held: Vec<String> = plan
        .rows()
        .iter()
        .filter(|row| !row["held"].is_empty())
        .map(|row| format!("{} {}", row["kind"], row["held"]))
        .collect();
    held.sort();
    assert_eq!(held, ["tag.delete tag_assigned", "tag.rename stale", "tag.unassign stale"], "{plan}");
}
