//! `keyholder demo`: what a newcomer types first.

use crate::world::World;

#[test]
fn the_demo_runs_the_main_job_says_every_command_and_leaves_its_files() {
    // The world is only the place the demo is started in; the demo has its own simulator.
    let world = World::three();
    let ended = world.run(&["demo", "--dir", "shown"]).exits(0);
    let typed: Vec<&str> = ended.stderr.lines().filter(|line| line.starts_with("$ cd ")).collect();
    let commands: Vec<&str> = typed
        .iter()
        .map(|line| line.split("&& keyholder ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap())
        .collect();
    assert_eq!(
        commands,
        [
            "check", "onboard", "onboard", "offboard", "apply", "resume", "verify", "evidence", "keys", "accounts",
            "tags", "members", "report", "runs"
        ],
        "{ended}"
    );
    for file in [
        "members.csv",
        "leaver.plan.json",
        "keyholder.toml",
        "workspaces/agency.toml",
        "proof/CHECK.md",
        "report/index.html",
        "report/report.xlsx",
        "report/workspaces/amberfield/index.html",
        ".keyholder/ledger.db",
    ] {
        assert!(world.root().join("shown").join(file).exists(), "{file} is missing\n{ended}");
    }
    // Whose maker has left is found.
    assert!(ended.stdout.contains("maker-left"), "{ended}");
    // A mailbox of the leaver is nobody's now.
    assert!(ended.stdout.contains("owner-not-member"), "{ended}");
    // A second onboarding sends nothing.
    ended.clone().says("the simulator counted 0 writes in that run").done();
    let members = world.read("shown/members.csv");
    assert!(members.contains("nadia.new@northwind.example") && members.contains("omar.new@northwind.example"));
    assert!(!members.contains("marta.leaver@northwind.example,"), "the leaver is still listed");
    assert_eq!(world.sim.request_count(), 0, "the demo talks to its own simulator alone");
    // The commands can be repeated as they stand: the ledger is there and its chain holds.
    world.run(&["-C", "shown", "show", "last"]).exits(0).says("unbroken").done();
}

#[test]
fn the_demo_does_not_touch_a_folder_that_is_in_use() {
    let world = World::three();
    world.run(&["demo", "--dir", "workspaces"]).exits(3).says("is not empty; nothing was written").says("--dir").done();
    assert!(!world.root().join("workspaces/keyholder.toml").exists());
}
