//! Help, completions, the manual page.

use keyholder::cli::help::TOPICS;

use crate::world::World;

#[test]
fn every_topic_and_every_command_has_its_page() {
    let world = World::three();
    for (topic, _, _) in TOPICS {
        let ended = world.run(&["help", topic]).exits(0).prints("# ");
        assert!(ended.stdout.lines().count() > 5 && ended.stderr.is_empty(), "{ended}");
    }
    let commands = [
        "demo", "init", "check", "pin", "onboard", "offboard", "members", "apply", "runs", "show", "undo", "verify",
        "sim",
    ];
    for command in commands {
        let page = world.run(&["help", command]).exits(0).prints("Usage: keyholder ");
        let flag = world.run(&[command, "--help"]).exits(0);
        assert_eq!(page.stdout.split("Usage").nth(1), flag.stdout.split("Usage").nth(1), "{command}");
    }
    world.run(&["help", "members", "reinvite"]).exits(0).prints("--older-than").done();
    let overview = world.run(&["help"]).exits(0);
    assert!(TOPICS.iter().all(|(topic, about, _)| overview.stdout.contains(topic) && overview.stdout.contains(about)));
}

#[test]
fn an_unknown_topic_gets_the_nearest_one() {
    let world = World::three();
    world.run(&["help", "acess"]).exits(2).says("`acess`").says("did you mean `access`?").done();
    world.run(&["help", "exit-code"]).exits(2).says("did you mean `exit-codes`?").done();
    world.run(&["help", "members", "nothing"]).exits(2).done();
}

#[test]
fn completions_name_every_command_for_each_shell() {
    let world = World::three();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = world.run(&["completions", shell]).exits(0);
        assert!(
            ["onboard", "offboard", "--detailed-exitcode"]
                .iter()
                .all(|word| { ended.stdout.contains(word) || ended.stdout.contains(word.trim_start_matches("--")) }),
            "{shell}"
        );
    }
    world.run(&["completions", "tcsh"]).exits(2).done();
}

#[test]
fn the_manual_page_is_one() {
    let world = World::three();
    world.run(&["man"]).exits(0).prints(".TH keyholder").prints("onboard").done();
}

#[test]
fn no_key_can_be_given_on_the_command_line() {
    let world = World::three();
    world.run(&["check", "--key", "x"]).exits(2).says("unexpected argument").done();
    world.run(&["check", "--base-url", "https://elsewhere.example"]).exits(2).says("unexpected argument").done();
    world.run(&[]).exits(2).done();
    world.run(&["--version"]).exits(0).prints(concat!("keyholder ", env!("CARGO_PKG_VERSION"))).done();
}
