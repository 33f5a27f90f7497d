//! `tags assign` and `tags unassign`: by query and by list.

use keyholder::sim::Op;

use crate::keys_world::{confirmed, told};
use crate::tags_world::{asked, carrying, labels, world};

#[test]
fn a_tag_is_put_on_what_a_query_means_and_made_where_the_taxonomy_names_it() {
    let world = world();
    let args = ["tags", "assign", "Team North", "--accounts", "*@north.example provider:google", "--all"];
    let ended = world.run(&[&args[..], &["--yes"]].concat()).exits(0);
    assert_eq!(
        told(&ended, ["workspace", "kind", "outcome"]),
        [
            "acme | tag.rename | done",
            "acme | tag.assign | done",
            "globex | tag.create | done",
            "globex | tag.assign | done"
        ]
    );
    assert_eq!(carrying(&world, "globex", "Team North"), ["cy@north.example"]);
    assert!(carrying(&world, "acme", "Team North").contains(&"Ann@north.example".to_owned()));
    let writes = world.writes();
    let again = world.run(&[&args[..], &["--yes"]].concat()).exits(0);
    assert!(again.rows().iter().all(|row| row["outcome"] == "already"), "{again}");
    assert_eq!(world.writes(), writes);
    world.run(&["verify"]).exits(0).done();
}

#[test]
fn what_is_taken_off_is_typed_and_only_what_carries_it_is_sent() {
    let world = world();
    let args = ["tags", "unassign", "North", "--campaigns", "*", "-w", "acme"];
    world.run(&[&args[..], &["--yes"]].concat()).exits(32).done();
    let ended = confirmed(&world, &args).exits(0);
    let ended = told(&ended, ["kind", "wanted", "outcome"]);
    assert!(ended.len() == 1 && ended[0].starts_with("tag.unassign | off campaign "), "{ended:?}");
    assert_eq!(carrying(&world, "acme", "North"), ["Ann@north.example"]);
    world.run(&["undo", "--yes"]).exits(0).done();
    assert_eq!(carrying(&world, "acme", "North").len(), 2);
}

#[test]
fn a_label_that_is_nowhere_is_made_only_where_that_is_said() {
    let world = world();
    let args = ["tags", "assign", "Fresh", "--accounts", "*", "--all"];
    let plan = |more: &[&str]| world.run(&[&args[..], more, &["--plan-only"]].concat());
    plan(&[]).exits(4).says("no tag \"Fresh\" is in the 2 workspaces").says("--create").done();
    let planned = plan(&["--create"]).exits(0);
    assert_eq!(
        told(&planned, ["workspace", "kind", "planned"]),
        [
            "acme | tag.create | send",
            "acme | tag.assign | send",
            "globex | tag.create | send",
            "globex | tag.assign | send"
        ]
    );
    // It is in one of the two and nothing makes it in the other.
    let held = world.run(&["tags", "assign", "Empty", "--accounts", "*", "--all", "--plan-only"]).exits(30);
    assert_eq!(told(&held, ["workspace", "planned", "held"]), ["acme | send | ", "globex | held | tag_missing"]);
    world.run(&["tags", "unassign", "Emtpy", "--accounts", "*", "--all"]).exits(4).says("did you mean `Empty`?").done();
    assert_eq!(world.writes(), 0);
}

#[test]
fn a_list_says_what_is_meant_and_where() {
    let world = world();
    let south = world.sim.mappings("acme").into_iter().find(|one| one.resource_type == 2).unwrap().resource;
    let text = format!("Resource,workspace\nann@NORTH.example,acme\n{south},\nCY@north.example,glo*\n");
    world.write("list.csv", &text);
    let args = ["tags", "assign", "VIP", "--from", "list.csv", "--all"];
    world.run(&[&args[..], &["--yes"]].concat()).exits(0).done();
    let mut both = vec!["Ann@north.example".to_owned(), south];
    both.sort();
    assert_eq!(carrying(&world, "acme", "VIP"), both);
    assert_eq!(carrying(&world, "globex", "VIP"), ["cy@north.example"]);
    assert_eq!(labels(&world, "globex"), ["VIP"]);
}

#[test]
fn a_list_with_slips_sends_nothing() {
    let world = world();
    let run = |text: &str| {
        world.write("list.csv", text);
        world.run(&["tags", "assign", "VIP", "--from", "list.csv", "--all", "--yes"])
    };
    run("adress\nann@north.example\n").exits(2).says("unknown column `adress`").done();
    run("account,workspace\nann@north.example,initech\n").exits(2).says("list.csv:2: workspace:").done();
    assert_eq!(asked(&world), [], "what is wrong with the list itself is told before anything is asked");
    run("account\nann@north.example\nnobody@north.example\n")
        .exits(2)
        .says("list.csv:3: no selected workspace has")
        .done();
    run("account,workspace\nann@north.example,globex\n").exits(2).says("list.csv:2: no selected workspace has").done();
    world.run(&["tags", "assign", "VIP", "--from", "none.csv", "--all"]).exits(2).says("`none.csv`").done();
    assert_eq!(world.writes(), 0);
}

#[test]
fn a_query_that_says_nothing_known_or_means_nothing_sends_nothing() {
    let world = world();
    let run = |args: &[&str]| world.run(&[&["tags", "assign", "VIP", "--all", "--yes"], args].concat());
    run(&["--campaigns", "stats:active"]).exits(2).says("did you mean `status`?").done();
    run(&["--accounts", ""]).exits(2).says("say `*`").done();
    run(&["--campaigns", "*", "--accounts", "*"]).exits(2).done();
    run(&[]).exits(2).done();
    assert_eq!(asked(&world), []);
    run(&["--campaigns", "Nrth*"]).exits(4).says("no campaign is all that the query says").done();
    assert_eq!(world.writes(), 0);
}

#[test]
fn as_few_requests_are_sent_as_there_are_hundreds() {
    let text = r#"
version = 1
begin = "2026-03-02T09:00:00Z"

[[workspace]]
name = "acme"
id = "0195b2aa-7c1e-7d00-8000-000000000001"
title = "Acme Corp"
owner = "founder@agency.example"
admin = ["ops@agency.example"]
accounts = [{ email = "a@mail.example", count = 250 }]
tags = [{ label = "VIP" }]
"#;
    let world = crate::world::World::of(text);
    world.run(&["tags", "assign", "VIP", "--accounts", "*", "--all", "--yes"]).exits(0).done();
    assert_eq!(carrying(&world, "acme", "VIP").len(), 250);
    let toggles = asked(&world).into_iter().filter(|op| *op == Op::TagToggle).count();
    assert_eq!(toggles, 3);
}
