//! Keys by reference: env, file, command.

use crate::world::World;

fn refer(world: &World, reference: &str) {
    world.edit("workspaces/acme.toml", |text| {
        let line = text.lines().find(|line| line.starts_with("key")).unwrap().to_owned();
        text.replace(&line, &format!("key = {reference}"))
    });
}

const CHECK: [&str; 3] = ["check", "-w", "acme"];

#[test]
fn a_variable_holds_a_key_and_one_that_is_missing_is_named() {
    let world = World::three();
    refer(&world, "{ env = \"ACME_KEY\" }");
    for value in [None, Some("")] {
        let mut command = world.command(&CHECK);
        value.map(|value| command.env("ACME_KEY", value));
        world.finish(command).exits(3).prints("variable `ACME_KEY` is not set or empty").done();
    }
    world
        .run(&["onboard", "ana@agency.example", "--role", "view", "-l", "tier=gold", "--yes"])
        .exits(3)
        .says("acme: variable `ACME_KEY`")
        .says("--exclude")
        .done();
    assert_eq!(world.sim.request_count(), 0, "not a request anywhere, globex included");
    let mut command = world.command(&CHECK);
    command.env("ACME_KEY", world.sim.key_of("acme").unwrap());
    world.finish(command).exits(0).done();
}

#[test]
fn a_key_file_that_others_can_read_is_refused() {
    let world = World::three();
    for mode in [0o644, 0o640, 0o604, 0o622] {
        world.chmod("secrets/acme.key", mode);
        let ended = world.run(&CHECK).exits(3);
        ended.prints(&format!("is open to others (mode {mode:04o})")).says("chmod 600 secrets/acme.key").done();
    }
    assert_eq!(world.sim.request_count(), 0);
    world.chmod("secrets/acme.key", 0o400);
    world.run(&CHECK).exits(0).done();
}

#[test]
fn a_key_file_that_is_missing_empty_or_no_key_is_told_without_its_contents() {
    let world = World::three();
    let path = "secrets/acme.key";
    for (contents, says) in [
        ("", "the key is empty"),
        ("\n \n", "the key is empty"),
        ("canary one two", "a blank, a line break"),
        (&"canary".repeat(2000), "longer than"),
    ] {
        world.write(path, contents);
        world.run(&CHECK).exits(3).prints(says).never("canary").done();
    }
    std::fs::remove_file(world.root().join(path)).unwrap();
    world.run(&CHECK).exits(3).prints("cannot be read").says("chmod 600 secrets/acme.key").done();
    std::fs::create_dir(world.root().join(path)).unwrap();
    world.run(&CHECK).exits(3).prints("is not a regular file").done();
    assert_eq!(world.sim.request_count(), 0);
}

#[test]
fn a_command_prints_a_key_and_is_run_without_a_shell() {
    let world = World::three();
    refer(&world, "{ command = [\"cat\", \"secrets/acme.key\"] }");
    world.run(&CHECK).exits(0).done();
    refer(&world, "{ command = [\"cat\", \"secrets/acme.key; touch made\"] }");
    world.run(&CHECK).exits(3).done();
    assert!(!world.root().join("made").exists());
}

#[test]
fn a_command_that_says_no_is_told_without_what_it_printed() {
    let world = World::three();
    refer(&world, "{ command = [\"sh\", \"-c\", \"echo canary; echo canary >&2; exit 7\"] }");
    world.run(&CHECK).exits(3).prints("key command `sh` failed (exit code 7)").never("canary").done();
    refer(&world, "{ command = [\"no-such-helper\", \"--vault\", \"private\"] }");
    world.run(&CHECK).exits(3).prints("`no-such-helper` cannot be run").never("private").done();
    refer(&world, "{ command = [\"true\"] }");
    world.run(&CHECK).exits(3).prints("the key is empty").done();
    assert_eq!(world.sim.request_count(), 0);
}

#[test]
fn a_command_is_run_once_for_all_that_name_it() {
    let world = World::northwind();
    // Two sub workspaces are reached through the agency's key.
    world.edit("workspaces/agency.toml", |text| {
        let helper = "{ command = [\"sh\", \"-c\", \"echo run >> ran; cat secrets/agency.key\"] }";
        text.replace("{ file = \"secrets/agency.key\" }", helper)
    });
    world.run(&["check", "-w", "agency", "-w", "larkspur", "-w", "tidewater"]).exits(0).done();
    assert_eq!(world.read("ran"), "run\n");
}
