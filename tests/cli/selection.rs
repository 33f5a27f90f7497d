//! Selection: the same in every command.

use crate::world::World;

const READS: [&[&str]; 3] = [&["check"], &["pin", "--dry-run"], &["members"]];
const WRITES: [&[&str]; 3] = [
    &["onboard", "ana@agency.example", "--role", "view", "--plan-only"],
    &["offboard", "lee@agency.example", "--plan-only"],
    &["members", "reinvite", "--plan-only"],
];

fn every() -> impl Iterator<Item = &'static [&'static str]> {
    READS.into_iter().chain(WRITES)
}

#[test]
fn a_name_that_matches_nothing_is_exit_4_with_the_nearest_name() {
    let world = World::three();
    for command in every() {
        let ended = world.run(&[command, &["-w", "globx"]].concat()).exits(4);
        ended.says("`-w globx` matches no workspace").says("did you mean `globex`?").done();
        world.run(&[command, &["-w", "acme", "-x", "initec"]].concat()).exits(4).says("`initech`").done();
        world.run(&[command, &["-l", "tier=glod"]].concat()).exits(4).says("did you mean `tier=gold`?").done();
        world.run(&[command, &["-w", "z*"]].concat()).exits(4).says("`-w z*` matches no workspace").done();
    }
    assert_eq!(world.sim.request_count(), 0, "nothing was sent");
}

#[test]
fn a_write_without_a_selection_is_a_mistake_and_a_read_means_all() {
    let world = World::three();
    for command in WRITES {
        world.run(command).exits(2).says("no workspaces are selected").says("--all").done();
    }
    assert_eq!(world.sim.request_count(), 0);
    for command in READS {
        let ended = world.run(command).exits(0);
        let mut names: Vec<String> = ended.rows().into_iter().map(|row| row["workspace"].clone()).collect();
        names.dedup();
        assert_eq!(names, ["acme", "globex", "initech"], "{command:?}\n{ended}");
    }
}

#[test]
fn names_labels_and_globs_narrow_and_an_exclusion_always_wins() {
    let world = World::three();
    let cases: [(&[&str], &[&str]); 6] = [
        (&["-w", "acme"], &["acme"]),
        (&["-w", "*e*", "-x", "acme"], &["globex", "initech"]),
        (&["-w", "acme", "-w", "globex", "-x", "acme"], &["globex"]),
        (&["-l", "tier=gold"], &["acme", "globex"]),
        (&["-l", "tier=gold", "-w", "{globex,initech}"], &["globex"]),
        (&["--all", "-x", "acme", "-x", "glo*"], &["initech"]),
    ];
    for (select, expected) in cases {
        for command in [READS[0], READS[2], WRITES[0]] {
            let ended = world.run(&[command, select].concat());
            let mut names: Vec<String> = ended.rows().into_iter().map(|row| row["workspace"].clone()).collect();
            names.dedup();
            assert_eq!(names, expected, "{command:?} {select:?}\n{ended}");
        }
    }
    // Not one request goes where an exclusion says no: the log of the simulator knows.
    assert!(world.sim.requests().iter().any(|seen| seen.workspace.as_deref() == Some("acme")));
    let before = world.sim.requests().len();
    world.run(&["members", "-w", "acme", "-w", "globex", "-x", "acme"]).exits(0).done();
    let after = world.sim.requests().split_off(before);
    assert!(!after.is_empty() && after.iter().all(|seen| seen.workspace.as_deref() == Some("globex")), "{after:?}");
}

#[test]
fn all_beside_a_name_is_a_contradiction_and_an_empty_rest_is_told() {
    let world = World::three();
    world.run(&["members", "--all", "-w", "acme"]).exits(2).says("`--all` contradicts `-w`").done();
    world.run(&["members", "-w", "acme", "-x", "acme"]).exits(4).says("the selection is empty").done();
    world.run(&["members", "-l", "gold"]).exits(2).says("-l tier=gold").done();
    assert_eq!(world.sim.request_count(), 0);
}

#[test]
fn a_workspace_that_is_off_is_not_asked_and_a_write_there_is_held() {
    let world = World::three();
    world.edit("workspaces/acme.toml", |text| format!("mode = \"off\"\n{text}"));
    let ended = world.run(&["members"]).exits(0);
    assert!(ended.rows().iter().all(|row| row["workspace"] != "acme"), "{ended}");
    let ended = world.run(&["onboard", "ana@agency.example", "--role", "view", "-w", "acme", "--yes"]).exits(30);
    assert_eq!((ended.rows()[0]["outcome"].as_str(), world.writes()), ("held", 0), "{ended}");
    ended.says("mode").done();
    assert!(world.sim.requests().iter().all(|seen| seen.workspace.as_deref() != Some("acme")));
}
