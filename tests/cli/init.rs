//! `keyholder init`: a start that `check` accepts once keys are filled in.

use std::fs;

use crate::world::World;

#[test]
fn a_started_root_is_accepted_once_its_key_is_there() {
    let world = World::three();
    world.run(&["init", "fresh"]).exits(0).says("wrote fresh/keyholder.toml").says("keyholder check").done();
    let point = |text: String| text.replace("https://api.instantly.ai", world.base_url());
    world.edit("fresh/keyholder.toml", point);
    // Without the key: its own line, and what to do.
    let ended = world.run(&["-C", "fresh", "check"]).exits(3).says("secrets/example.key");
    assert_eq!(ended.rows()[0]["key"], "missing", "{ended}");
    assert_eq!(world.sim.request_count(), 0);
    world.write("fresh/secrets/example.key", &world.sim.key_of("acme").unwrap());
    world.chmod("fresh/secrets/example.key", 0o600);
    let ended = world.run(&["-C", "fresh", "check"]).exits(0);
    let row = &ended.rows()[0];
    assert_eq!((row["identity"].as_str(), row["name"].as_str()), ("unpinned", "Acme Corp"), "{ended}");
    assert!(row["finding"].contains("keyholder pin"), "{ended}");
}

#[test]
fn forty_clients_come_from_one_list() {
    let world = World::three();
    let mut list = vec!["name,labels,label:region,key_file,key_env".to_owned()];
    list.extend((1..=39).map(|number| format!("Client {number} Ltd,tier=gold,emea,,")));
    list.push("acme,,amer,,ACME_KEY".to_owned());
    world.write("clients.csv", &list.join("\n"));
    world.run(&["init", "forty", "--from", "clients.csv"]).exits(0).done();
    assert_eq!(fs::read_dir(world.root().join("forty/workspaces")).unwrap().count(), 40);
    let seven = world.read("forty/workspaces/client-7-ltd.toml");
    assert!(seven.contains("Client 7 Ltd") && seven.contains("secrets/client-7-ltd.key"), "{seven}");
    world.edit("forty/keyholder.toml", |text| text.replace("https://api.instantly.ai", world.base_url()));
    let mut command = world.command(&["-C", "forty", "check", "-l", "region=amer"]);
    command.env("ACME_KEY", world.sim.key_of("acme").unwrap());
    let ended = world.finish(command).exits(0);
    assert_eq!(ended.rows()[0]["name"], "Acme Corp", "{ended}");
}

#[test]
fn a_bad_list_of_clients_is_told_line_by_line_and_writes_nothing() {
    let world = World::three();
    world.write("clients.csv", "name,labels,via\nacme,tier,\nacme,,\nglobex,,nobody\n");
    let ended = world.run(&["init", "bad", "--from", "clients.csv"]).exits(3);
    for place in ["clients.csv:2", "clients.csv:3", "clients.csv:4"] {
        assert!(ended.stderr.contains(place), "no {place}:\n{ended}");
    }
    assert!(!world.root().join("bad").exists());
}

#[test]
fn what_is_there_is_never_overwritten() {
    let world = World::three();
    let before = world.read("keyholder.toml");
    world.run(&["init"]).exits(3).says("not overwritten").says("--from clients.csv").done();
    assert_eq!(world.read("keyholder.toml"), before);
    world.run(&["init", "x", "--from", "absent.csv"]).exits(2).says("`absent.csv` could not be read").done();
    assert!(!world.root().join("x").exists());
}
