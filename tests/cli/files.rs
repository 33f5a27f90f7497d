//! Bad files: a clear error with place and advice, nothing sent, nothing lost.

use std::fs;

use crate::world::World;

/// base64 of a made-up `uuid:secret`: the vendor's form of a key.
const KEY: &str = "MDE5NTAwMDAtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAxOmNhbmFyeS1jYW5hcnk=";

/// Every command that loads a root refuses it with exit 3 and the given texts; nothing is sent.
fn refused(world: &World, texts: &[&str]) {
    for command in [
        &["check"][..],
        &["pin"],
        &["members"],
        &["runs"],
        &["onboard", "ana@agency.example", "--role", "view", "--all", "--yes"],
        &["offboard", "lee@agency.example", "--all", "--yes"],
        &["apply", "plan.json", "--yes"],
    ] {
        let ended = world.run(command).exits(3);
        for text in texts {
            assert!(ended.stderr.contains(text), "{command:?} lacks `{text}`\n{ended}");
        }
        assert!(ended.stdout.is_empty() && ended.stderr.contains("hint: "), "{ended}");
    }
    assert_eq!(world.sim.request_count(), 0);
}

#[test]
fn a_missing_root_says_how_to_start_one() {
    let world = World::three();
    let run = |args: &[&str]| {
        let mut command = world.command(args);
        command.current_dir(world.folder().join("home"));
        world.finish(command)
    };
    run(&["check"]).exits(3).says("no `keyholder.toml`").says("keyholder init").says("-C DIR").done();
    run(&["check", "-C", "../root"]).exits(0).done();
    run(&["check", "-C", "../nowhere"]).exits(3).says("is not a folder").done();
    run(&["check", "-C", "."]).exits(3).says("holds no `keyholder.toml`").done();
    // From a folder below, the root is found upward.
    let mut command = world.command(&["check"]);
    command.current_dir(world.root().join("workspaces"));
    world.finish(command).exits(0).done();
}

#[test]
fn a_syntax_error_has_its_place_and_does_not_quote_the_line() {
    let world = World::three();
    world.write("workspaces/globex.toml", "name = \"globex\"\nkey = { env = \"canary\n");
    refused(&world, &["workspaces/globex.toml:2:"]);
    world.run(&["check"]).exits(3).never("canary").done();
}

#[test]
fn an_unknown_key_gets_the_nearest_known_name() {
    let world = World::three();
    world.edit("workspaces/globex.toml", |text| format!("lables = {{}}\n{text}"));
    world.agency(|text| text.replace("timeout =", "timeot ="));
    refused(
        &world,
        &["workspaces/globex.toml:1:1", "did you mean `labels`?", "keyholder.toml:11:1", "did you mean `timeout`?"],
    );
}

#[test]
fn two_workspaces_of_one_name_or_one_id_are_refused_with_both_places() {
    let world = World::three();
    let acme = world.read("workspaces/acme.toml");
    world.write("workspaces/copy.toml", &acme);
    refused(&world, &["workspaces/acme.toml:", "workspaces/copy.toml:", "`acme`"]);
    world.write("workspaces/copy.toml", &acme.replace("name = \"acme\"", "name = \"twin\""));
    refused(&world, &["workspaces/acme.toml", "workspaces/copy.toml:", "id"]);
}

#[test]
fn a_key_written_into_a_file_is_refused_shows_the_three_ways_and_is_not_quoted() {
    let world = World::three();
    world.write("workspaces/globex.toml", &format!("name = \"globex\"\nkey = \"{KEY}\"\n"));
    refused(&world, &["workspaces/globex.toml:2:", "env = ", "file = ", "command = "]);
    world.run(&["check"]).exits(3).never("MDE5").never("canary").done();
    // In a comment, in another field, in keyholder.toml: nowhere.
    world.write("workspaces/globex.toml", &format!("# {KEY}\nname = \"globex\"\nkey = {{ env = \"GLOBEX\" }}\n"));
    refused(&world, &["workspaces/globex.toml:1:3"]);
    world.run(&["check"]).exits(3).never("MDE5").done();
    world.write("workspaces/globex.toml", "name = \"globex\"\nkey = { env = \"GLOBEX\" }\n");
    world.agency(|text| format!("{text}\n[agency2]\nkey = \"{KEY}\"\n"));
    refused(&world, &["keyholder.toml:"]);
    world.run(&["check"]).exits(3).never("MDE5").done();
}

#[test]
fn http_to_another_machine_is_refused() {
    let world = World::three();
    for url in ["http://api.instantly.ai", "http://10.0.0.1:8080", "http://127.0.0.1.evil.example", "ftp://127.0.0.1"] {
        world.agency(|text| text.replace(world.base_url(), url));
        refused(&world, &["keyholder.toml:8:12", "base_url"]);
    }
}

#[test]
fn all_problems_of_all_files_come_at_once() {
    let world = World::three();
    world.agency(|text| text.replace("mode = \"manage\"", "mode = \"manag\"").replace("share = 1", "share = 7"));
    world.edit("workspaces/acme.toml", |text| text.replace("key = ", "kee = "));
    world.write("workspaces/globex.toml", "name = \"Globex Ltd\"\n");
    let ended = world.run(&["check"]).exits(3).says("problems in 3 configuration files");
    for place in ["keyholder.toml:9:8", "keyholder.toml:10:9", "workspaces/acme.toml:", "workspaces/globex.toml:1:8"] {
        assert!(ended.stderr.contains(place), "no {place}\n{ended}");
    }
    assert_eq!(world.sim.request_count(), 0);
}

#[test]
fn a_root_without_workspaces_or_with_unreadable_ones_is_told() {
    let world = World::three();
    fs::write(world.root().join("workspaces/globex.toml"), b"name = \"\xff\xfe\"\n").unwrap();
    refused(&world, &["workspaces/globex.toml"]);
    fs::remove_dir_all(world.root().join("workspaces")).unwrap();
    refused(&world, &["workspaces"]);
    fs::create_dir(world.root().join("workspaces")).unwrap();
    refused(&world, &["the folder holds no workspace", "init --from clients.csv"]);
}

#[test]
fn a_damaged_or_foreign_ledger_stops_before_anything_is_sent() {
    let world = World::three();
    fs::create_dir(world.root().join(".keyholder")).unwrap();
    world.chmod(".keyholder", 0o700);
    world.write(
        ".keyholder/ledger.db",
        "this is not a database, but it is long enough to be taken for one's first page",
    );
    world.chmod(".keyholder/ledger.db", 0o600);
    world.run(&["onboard", "ana@agency.example", "--role", "view", "--all", "--yes"]).exits(74).says("hint: ").done();
    assert_eq!(world.sim.request_count(), 0);
    assert!(world.read(".keyholder/ledger.db").starts_with("this is not a database"), "nothing is lost");
}
