//! Nothing goes wrong, or the world moved before.

use keyholder::sim::Op;

use super::*;

#[test]
fn a_plan_of_every_kind_is_done_and_seen_with_the_fewest_requests() {
    let bench = Bench::everything("");
    let outcome = bench.apply().exits(0);
    assert_eq!(distinct(&outcome.rows(), "outcome"), ["done".to_owned()].into(), "{outcome}");
    assert_eq!(bench.world(), wanted(&bench.stage));
    // Identity, tags and what carries them to look at the plan; identity, tags and, for the deletion, all mappings; six writes; tags and mappings to close.
    let calls = [Op::WorkspaceCurrent, Op::TagList, Op::MappingList, Op::TagToggle, Op::MemberList];
    assert_eq!(calls.map(|call| bench.requests_to(call)), [2, 3, 3, 3, 0]);
    let _nothing = bench.stage.run("resume").exits(0);
}

#[test]
fn what_is_as_asked_by_now_is_not_sent_and_what_moved_is_held() {
    let bench = Bench::everything("");
    let id = |label: &str| bench.stage.world.tags("acme").into_iter().find(|tag| tag.label == label).unwrap().id;
    let command = bench.command();
    let world = &bench.stage.world;
    let hands = [
        keyholder::sim::Hand::Put(keyholder::sim::put::Tag::of("fresh").into()),
        keyholder::sim::Hand::DeleteTag { tag: id("stale") },
        keyholder::sim::Hand::RenameTag { tag: id("paused"), to: "resting".to_owned() },
    ];
    for hand in &hands {
        assert!(world.hand("acme", hand));
    }
    let outcome = bench.stage.run(&command).exits(31);
    let mut told: Vec<_> = outcome.rows().iter().map(|row| format!("{} {}", row["kind"], row["outcome"])).collect();
    told.sort();
    let expected = [
        "tag.assign done",
        "tag.assign done",
        "tag.create already",
        "tag.delete already",
        "tag.rename done",
        "tag.unassign held",
    ];
    assert_eq!(told, expected, "{outcome}");
}

#[test]
fn a_tag_that_something_carries_by_now_is_not_deleted() {
    let bench = Bench::of(Stage::script(ONE), |stage| vec![delete(stage, "stale")]);
    let command = bench.command();
    let _made =
        bench.stage.world.put("acme", keyholder::sim::put::Mappings::on_accounts("stale", &["one@mail.example"]));
    let outcome = bench.stage.run(&command).exits(30);
    assert_eq!(outcome.outcomes(), ["acme held tag_assigned"]);
    assert_eq!((bench.stage.writes(), bench.requests_to(Op::TagDelete)), (0, 0));
}

#[test]
fn two_tags_of_one_label_are_told_and_nothing_is_put_on_either() {
    let bench = Bench::of(Stage::script(ONE), |stage| vec![assign(stage, "stale", &["one@mail.example"])]);
    let command = bench.command();
    let _made = bench.stage.world.put("acme", keyholder::sim::put::Tag::of("stale"));
    let outcome = bench.stage.run(&command).exits(30);
    assert_eq!(outcome.outcomes(), ["acme held tag_ambiguous"]);
    assert_eq!(bench.stage.writes(), 0);
}

#[test]
fn a_label_that_another_tag_took_meanwhile_is_held_after_the_409() {
    let fault = "[[fault]]\nkind = \"meanwhile\"\nwhen = \"before\"\nhand = \"make-tag\"\nlabel = \"north\"\nworkspace = \"acme\"\n\
                 operation = \"tag.patch\"\n";
    let bench = Bench::of(Stage::script(&format!("{ONE}{fault}")), |stage| vec![rename(stage, "old north", "north")]);
    let outcome = bench.apply().exits(30);
    assert_eq!(outcome.outcomes(), ["acme held tag_ambiguous"]);
    let fault = fault.replace("north", "fresh").replace("tag.patch", "tag.create");
    let bench = Bench::of(Stage::script(&format!("{ONE}{fault}")), |stage| vec![create(stage, "fresh")]);
    let outcome = bench.apply().exits(0);
    assert_eq!(outcome.outcomes(), ["acme already"]);
    assert_eq!(bench.world().0.iter().filter(|(label, _)| label == "fresh").count(), 1);
}

#[test]
fn reads_that_lag_behind_writes_change_nothing() {
    for lag in [1, 4] {
        let bench = Bench::everything("");
        bench.stage.world.configure(|settings| settings.lag = std::time::Duration::from_secs(lag));
        let outcome = bench.apply().exits(0);
        assert_eq!(distinct(&outcome.rows(), "outcome"), ["done".to_owned()].into(), "lag {lag}: {outcome}");
        assert_eq!(bench.world(), wanted(&bench.stage), "lag {lag}");
    }
}
