//! `keyholder pin`: the only command that writes into a user's files.

use crate::world::World;

/// Takes the pin out of a workspace file.
fn unpin(world: &World, name: &str) -> String {
    let path = format!("workspaces/{name}.toml");
    world.drop_line(&path, "id");
    world.read(&path)
}

#[test]
fn an_id_is_written_and_every_other_byte_stays() {
    let world = World::three();
    unpin(&world, "globex");
    world.edit("workspaces/globex.toml", |text| format!("# ünïcode   \n\n{text}\n# the end, without a line break"));
    let before = world.read("workspaces/globex.toml");
    let others = (world.read("workspaces/acme.toml"), world.read("keyholder.toml"));
    let ended = world.run(&["pin"]).exits(0).says("1 id pinned");
    assert_eq!(
        ended.rows().iter().map(|row| row["result"].as_str()).collect::<Vec<_>>(),
        ["already", "pinned", "already"]
    );
    let after = world.read("workspaces/globex.toml");
    let added: Vec<&str> = after.lines().filter(|line| !before.lines().any(|old| old == *line)).collect();
    assert_eq!(added.len(), 1, "one line more\n{after}");
    assert!(added[0].starts_with("id = \"0195b2aa-7c1e-7d00-8000-000000000002\""), "{after}");
    let kept = after.replace(&format!("{}\n", added[0]), "");
    assert_eq!(kept, before, "comments, blanks and order stay byte for byte");
    assert_eq!((world.read("workspaces/acme.toml"), world.read("keyholder.toml")), others);
    world.run(&["check"]).exits(0).says("0 findings").done();
}

#[test]
fn a_dry_run_writes_nothing() {
    let world = World::three();
    let before = unpin(&world, "globex");
    let ended = world.run(&["pin", "--dry-run"]).exits(0).says("1 id to pin");
    assert_eq!(ended.rows()[1]["result"], "would pin");
    assert_eq!(world.read("workspaces/globex.toml"), before);
}

#[test]
fn another_id_than_the_pinned_one_is_refused_and_left_alone() {
    let world = World::three();
    world.edit("workspaces/globex.toml", |text| text.replace("000000000002", "0000000000ff"));
    let before = world.read("workspaces/globex.toml");
    let ended = world.run(&["pin"]).exits(3).says("another workspace than the pinned one");
    assert_eq!(ended.rows()[1]["result"], "other", "{ended}");
    assert_eq!(world.read("workspaces/globex.toml"), before);
}

#[test]
fn two_files_whose_keys_open_one_workspace_are_not_pinned() {
    let world = World::three();
    let before = unpin(&world, "globex");
    world.write("secrets/globex.key", &world.sim.key_of("acme").unwrap());
    world.run(&["pin"]).exits(3).says("nothing was pinned").says("globex, acme").done();
    assert_eq!(world.read("workspaces/globex.toml"), before);
}

#[test]
fn nothing_is_written_without_a_pin() {
    let world = World::three();
    unpin(&world, "globex");
    world
        .run(&["onboard", "ana@agency.example", "--role", "view", "--all", "--yes"])
        .exits(3)
        .says("globex: no id is pinned")
        .says("keyholder pin")
        .done();
    assert_eq!(world.writes(), 0);
}
