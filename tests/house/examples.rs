//! The programs under `examples/` run, not only compile: each one's `print` is called here.

use keyholder::clock::Clock;
use keyholder::env::Env;
use keyholder::sim::{LocalSettings, World, root, server};

#[expect(dead_code, reason = "its `main` is for `cargo run --example`")]
#[path = "../../examples/rehearse.rs"]
mod rehearse;
#[expect(dead_code, reason = "its `main` is for `cargo run --example`")]
#[path = "../../examples/roster.rs"]
mod roster;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn the_roster_tells_who_has_access_where_and_what_could_not_be_read() {
    let world = World::northwind(1);
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("root");
    let env = Env {
        args: Vec::new(),
        vars: std::collections::BTreeMap::new(),
        cwd: dir.clone(),
        stdin_is_terminal: false,
        stdout_is_terminal: false,
        stderr_is_terminal: false,
        width: None,
        start: "2026-11-02T09:00:00Z".parse().unwrap(),
        seed: 1,
    };
    let running = server::start(world.clone(), Clock::starting_at(env.start), 0, LocalSettings::default()).unwrap();
    root::write(&world, &dir, running.base_url()).unwrap();
    // The workspace that is over its limit for ever would take the whole deadline.
    let agency = std::fs::read_to_string(dir.join("keyholder.toml")).unwrap();
    std::fs::write(dir.join("keyholder.toml"), agency.replace("deadline = \"5m\"", "deadline = \"1s\"")).unwrap();

    let mut out = Vec::new();
    runtime().block_on(roster::print(&dir, &env, &mut out)).unwrap();
    let text = String::from_utf8(out).unwrap();
    let line =
        |begin: &str| text.lines().find(|line| line.starts_with(begin)).unwrap_or_else(|| panic!("{begin}\n{text}"));
    let marta = line("marta.leaver@northwind.example: ");
    assert!(marta.contains("delmar (admin)") && marta.contains("goldcrest (editor, invited)"), "{marta}");
    assert!(marta.contains("tidewater (view)"), "through the agency's key: {marta}");
    for gap in ["harrow-lane", "old-mill", "quickstep"] {
        assert!(line(&format!("not read: {gap}: ")).len() > 30);
    }
    assert_eq!(text.lines().filter(|line| line.starts_with("not read")).count(), 3, "{text}");
    assert!(world.keys().iter().all(|key| !text.contains(key)));
    assert!(world.names().iter().all(|name| world.writes(name) == 0));
}

#[test]
fn the_rehearsal_draws_the_same_plan_every_time() {
    let draw = |seed| {
        let mut out = Vec::new();
        let world = World::generated(3, 8, seed);
        runtime().block_on(rehearse::print(&world, &mut out)).unwrap();
        assert!(world.names().iter().all(|name| world.writes(name) == 0));
        String::from_utf8(out).unwrap()
    };
    let plan = draw(1);
    let changes =
        plan.lines().filter(|line| line.contains("member.set_role staff.002@agency.example: editor -> admin (send)"));
    assert_eq!(changes.count(), 3, "{plan}");
    let id = plan.lines().last().unwrap();
    assert!(id.starts_with("plan ") && id.ends_with(": 3 to send"), "{plan}");
    assert_eq!(draw(1), plan);
    assert_ne!(draw(2).lines().last(), Some(id), "another fleet, another plan");
}
