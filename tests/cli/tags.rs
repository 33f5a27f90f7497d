//! `tags`, `tags sync`, `tags show` and `campaigns`.

use keyholder::sim::Op;

use crate::keys_world::{confirmed, told};
use crate::tags_world::{asked, carrying, labels, world};
use crate::world::World;

const SYNC: [&str; 3] = ["tags", "sync", "--all"];

#[test]
fn tags_are_made_renamed_and_described_and_a_second_sync_sends_nothing() {
    let world = world();
    let planned = world.run(&["tags", "sync", "--all", "--plan-only"]).exits(0);
    assert_eq!(
        told(&planned, ["workspace", "kind", "wanted"]),
        [
            "acme | tag.rename | renamed from \"North\", described",
            "acme | tag.create | there",
            "globex | tag.create | there",
            "globex | tag.create | there",
        ]
    );
    let ended = planned.says("2 tags in 1 workspace that no [[tags]] names").never("owner: noor");
    drop(ended);
    assert_eq!(world.writes(), 0);
    world.run(&["tags", "sync", "--all", "--yes"]).exits(0).done();
    assert_eq!(labels(&world, "acme"), ["=Used", "Empty", "Team North", "VIP", "owner: noor@agency.example"]);
    assert_eq!(labels(&world, "globex"), ["Team North", "VIP"]);
    assert_eq!(carrying(&world, "acme", "Team North").len(), 2, "what carried it goes on carrying it");
    let before = (world.writes(), asked(&world).len());
    let again = world.run(&["tags", "sync", "--all", "--yes"]).exits(0);
    assert!(again.rows().iter().all(|row| row["outcome"] == "already"), "{again}");
    assert_eq!(world.writes(), before.0, "a second sync writes nothing");
    // Who it is and its tags are asked side by side, in both workspaces: which of them comes first is nobody's promise.
    let asked = &asked(&world)[before.1..];
    let of = |operation| asked.iter().filter(|asked| **asked == operation).count();
    assert_eq!((asked.len(), of(Op::WorkspaceCurrent), of(Op::TagList)), (4, 2, 2), "{asked:?}");
    world.run(&["verify"]).exits(0).done();
}

#[test]
fn pruning_deletes_only_what_nobody_names_and_nothing_carries() {
    let world = world();
    let planned = world.run(&["tags", "sync", "--prune", "-w", "acme", "--plan-only"]).exits(0);
    assert_eq!(
        told(&planned, ["kind", "subject", "planned"]),
        ["tag.rename | Team North | send", "tag.create | VIP | send", "tag.delete | Empty | send",]
    );
    world.run(&["tags", "sync", "--prune", "-w", "acme", "--yes"]).exits(32).done();
    assert_eq!(world.writes(), 0, "what deletes is not applied with --yes");
    confirmed(&world, &["tags", "sync", "--prune", "-w", "acme"])
        .exits(0)
        .says("not deleted, for it is carried")
        .done();
    assert_eq!(labels(&world, "acme"), ["=Used", "Team North", "VIP", "owner: noor@agency.example"]);
}

#[test]
fn tags_of_owners_are_spared_by_the_prefix_that_the_files_name() {
    let world = world();
    world.edit("keyholder.toml", |text| format!("{text}\n[accounts]\ntag_prefix = \"Whose \"\n"));
    for label in ["whose noor@agency.example", "Whose Noor@agency.example", "Whose"] {
        let _made = world.sim.put("acme", keyholder::sim::put::Tag::of(label));
    }
    // The usual prefix is nobody's here, and the bare prefix names nobody.
    let listed = world.run(&["tags", "-w", "acme"]).exits(0).never("tag-near-duplicate");
    assert_eq!(
        told(&listed, ["workspace", "label", "named"]),
        [
            "acme | '=Used | no",
            "acme | Empty | no",
            "acme | North | former",
            "acme | Whose | no",
            "acme | Whose Noor@agency.example | owner",
            "acme | owner: noor@agency.example | no",
            "acme | whose noor@agency.example | owner",
        ]
    );
    let codes = world.run(&["tags", "-w", "acme", "--format", "ndjson"]).exits(0).records().pop().unwrap();
    assert_eq!(codes["codes"]["tag-unknown"], 4, "{codes}");
    let planned = world.run(&["tags", "sync", "--prune", "-w", "acme", "--plan-only"]).exits(0);
    assert_eq!(
        told(&planned, ["kind", "subject", "planned"]),
        [
            "tag.rename | Team North | send",
            "tag.create | VIP | send",
            "tag.delete | Empty | send",
            "tag.delete | Whose | send",
            "tag.delete | owner: noor@agency.example | send",
        ]
    );
    planned.says("4 tags in 1 workspace that no [[tags]] names").never("Whose Noor").never("whose noor").done();
}

#[test]
fn nothing_is_made_beside_what_is_nearly_the_same() {
    let world = world();
    world.edit("keyholder.toml", |text| {
        text.replace("former = [\"North\"]", "former = []").replace("Team North", "NORTH")
    });
    let planned = world.run(&["tags", "sync", "-w", "acme", "--plan-only"]).exits(30);
    assert_eq!(planned.rows()[0]["held"], "tag_ambiguous", "{planned}");
    planned.says("former = [\"North\"]").done();
}

#[test]
fn a_taxonomy_with_slips_and_none_at_all_are_told_before_anything_is_asked() {
    let world = world();
    world.edit("keyholder.toml", |text| text.replace("label = \"VIP\"", "label = \"team-north\""));
    world.run(&SYNC).exits(3).says("nearly the same label stands at keyholder.toml:").done();
    world.agency(|text| text);
    world.run(&SYNC).exits(3).says("has no [[tags]]").done();
    assert_eq!(asked(&world), []);
    world.agency(|text| format!("{text}\n[[tags]]\nlabel = \"x\"\nworkspaces = {{ tier = \"glod\" }}\n"));
    world.run(&["tags", "sync", "--all", "--plan-only"]).exits(0).says("no workspace has the labels").done();
    world.run(&["tags", "sync"]).exits(2).done();
}

#[test]
fn tags_are_listed_with_what_carries_them_and_what_is_to_be_said_against_them() {
    let world = world();
    let ended = world.run(&["tags"]).exits(0).says("low tag-unknown acme: \"=Used\"").says("2 low");
    let row = |row: &std::collections::BTreeMap<String, String>| {
        ["workspace", "label", "campaigns", "accounts", "named"].map(|name| row[name].clone()).join(" | ")
    };
    let rows: Vec<String> = ended.rows().iter().map(row).collect();
    assert_eq!(
        rows,
        [
            "acme | '=Used | 0 | 1 | no",
            "acme | Empty | 0 | 0 | no",
            "acme | North | 1 | 1 | former",
            "acme | owner: noor@agency.example | 0 | 0 | owner",
        ]
    );
    world.run(&["tags", "--detailed-exitcode"]).exits(10).done();
    world.run(&["tags", "-w", "globex", "--detailed-exitcode"]).exits(0).says("no findings").done();
    let summary = world.run(&["tags", "--format", "ndjson"]).exits(0).records().pop().unwrap();
    assert_eq!(summary["codes"]["tag-unknown"], 2, "{summary}");
    assert_eq!(summary["found"][0]["about"], "=Used", "{summary}");
    let audit = world.run(&["tags", "audit", "--detailed-exitcode"]).exits(10).says("2 findings: 2 low");
    assert_eq!(
        told(&audit, ["code", "workspace", "about"]),
        ["tag-unknown | acme | '=Used", "tag-unknown | acme | Empty"]
    );
    world.run(&["tags", "audit", "-w", "globex", "--detailed-exitcode"]).exits(0).says("no findings").done();
    confirmed(&world, &SYNC).exits(0).done();
    let by = world.run(&["tags", "--by", "label"]).exits(0);
    assert_eq!(
        told(&by, ["label", "workspaces", "accounts"]),
        ["'=Used | 1 | 1", "Empty | 1 | 0", "Team North | 2 | 1", "VIP | 2 | 0", "owner: noor@agency.example | 1 | 0"]
    );
}

#[test]
fn what_carries_a_tag_is_shown_and_a_label_that_is_nowhere_is_an_error() {
    let world = world();
    let shown = world.run(&["tags", "show", "North"]).exits(0);
    assert_eq!(told(&shown, ["workspace", "kind", "name"]), ["acme | campaign | South", "acme | account | "]);
    assert_eq!(shown.rows()[1]["id"], "ann@north.example");
    world.run(&["tags", "show", "Nroth"]).exits(4).says("no tag \"Nroth\"").says("did you mean `North`?").done();
    world.run(&["tags", "show", "Empty"]).exits(0).done();
    world.run(&["tags", "show", " "]).exits(2).done();
}

#[test]
fn campaigns_are_listed_and_narrowed() {
    let world = world();
    let names = |args: &[&str]| {
        let ended = world.run(&[&["campaigns"], args].concat()).exits(0);
        told(&ended, ["name", "status", "tags"])
    };
    let all = [
        "North: Q4, launch | active | ",
        "South | paused | North",
        "north again | unknown | ",
        "North launch | active | ",
    ];
    assert_eq!(names(&[]), all);
    assert_eq!(names(&["--tag", "North"]), ["South | paused | North"]);
    assert_eq!(names(&["--status", "active|77", "--name", "north*", "-w", "acme"]), [all[0], all[2]]);
    assert_eq!(names(&["\"North: Q4, launch\""]), [all[0]]);
    let ended = world.run(&["campaigns", "-w", "acme"]).exits(0);
    assert_eq!(
        told(&ended, ["owner", "status_code", "status"])[..2],
        ["ops@agency.example | 1 | active", " | 2 | paused"]
    );
    world.run(&["campaigns", "--status", "actve"]).exits(2).says("did you mean `active`?").done();
    world.run(&["campaigns", "nmae:x"]).exits(2).says("did you mean `name`?").done();
}

#[test]
fn a_workspace_whose_tags_cannot_be_read_stands_in_the_coverage() {
    let world = World::three();
    world.agency(|text| format!("{text}\n[[tags]]\nlabel = \"VIP\"\n"));
    world.run(&["tags"]).exits(33).says("initech: not read").done();
    let ended = world.run(&["tags", "sync", "--all", "--yes"]).exits(20);
    assert_eq!(told(&ended, ["workspace", "outcome", "subject"]), ["acme | done | VIP", "globex | done | VIP"]);
}
