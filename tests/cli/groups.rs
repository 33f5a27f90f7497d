//! `groups` and `discover` as a person meets them, on the sample fleet.

use crate::world::World;

#[test]
fn the_sample_group_is_listed_and_held_against_the_files() {
    let world = World::northwind();
    let listed = world.run(&["groups", "-w", "agency"]).exits(0);
    let statuses: Vec<String> = listed.rows().iter().map(|row| row["status"].clone()).collect();
    assert_eq!(statuses.len(), 4, "{listed}");
    let found = world.run(&["groups", "coverage", "-w", "agency", "--detailed-exitcode"]).exits(10);
    let codes: Vec<String> = found.rows().iter().map(|row| row["code"].clone()).collect();
    assert!(codes.contains(&"group-pending".to_owned()) && codes.contains(&"group-rejected".to_owned()), "{found}");
    world.run(&["help", "groups"]).exits(0).prints("What must be accepted in the app").done();
    world.run(&["help", "group-pending"]).exits(0).prints("# group-pending").done();
}

#[test]
fn what_was_taken_out_of_the_files_is_found_again_and_passes_the_check() {
    let world = World::northwind();
    // It is the last table of its file.
    world.edit("workspaces/agency.toml", |text| {
        let at = text.find("[[workspace]]\nname = \"tidewater\"").unwrap();
        text[..at].to_owned()
    });
    let dry = world.run(&["discover", "--via", "agency", "--dry-run"]).exits(0);
    assert!(dry.rows().iter().any(|row| row["outcome"] == "would write"), "{dry}");
    let found = world.run(&["discover", "--via", "agency"]).exits(0).says("1 file written");
    let row = found.rows().into_iter().find(|row| row["outcome"] == "written").unwrap();
    let text = world.read(&row["file"]);
    assert!(text.contains("via = \"agency\"") && text.contains("mode = \"observe\""), "{text}");
    world.run(&["check", "-w", &row["workspace"]]).exits(0).done();
    world.run(&["discover", "--via", "agency"]).exits(0).says("0 files written").done();
    assert_eq!(world.read(&row["file"]), text);
}

#[test]
fn who_is_not_named_rightly_is_told_before_anything_is_sent() {
    let world = World::northwind();
    world.run(&["discover"]).exits(2).says("--via").done();
    world.run(&["groups", "invite", "--via", "agency"]).exits(2).done();
    world
        .run(&["groups", "remove", "nobody-here", "--via", "agency", "--yes"])
        .exits(4)
        .says("nothing was sent")
        .done();
    world.run(&["groups", "remove", "tidewater", "--via", "nobody", "--yes"]).exits(4).says("--via").done();
    world.run(&["groups", "--status", "acepted"]).exits(2).says("did you mean `accepted`?").done();
    world.run(&["groups", "--status", "accepted|pending"]).exits(2).says("no status that is known").done();
    assert_eq!(world.sim.request_count(), 0);
}
