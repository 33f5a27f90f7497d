//! `keys rotate`: the configured keys, into a key file and through a store command.

use keyholder::sim::{Fault, FaultBody, FaultKind, Op};

use crate::keys_world::{confirmed, id, names, told, world};

fn reference(world: &crate::world::World, workspace: &str, line: &str) {
    let path = format!("workspaces/{workspace}.toml");
    world.edit(&path, |text| {
        let before = text.lines().find(|line| line.starts_with("key")).unwrap().to_owned();
        text.replace(&before, line)
    });
}

#[test]
fn a_configured_key_gives_way_to_another_of_its_name_and_scopes() {
    let world = world("whole");
    let before = world.read("secrets/acme.key");
    let old = id(&world, "acme", "acme — keyholder");
    world.write("keys.csv", &format!("workspace,key_id,owner,rotate_by\nacme,{old},ann@agency.example,2026-06-01\n"));
    let args = ["keys", "rotate", "-w", "acme"];
    world.run(&[&args[..], &["--yes"]].concat()).exits(32).says("1 replaced key").done();
    confirmed(&world, &args).exits(0).says("1 key added, 1 key removed").done();
    assert_ne!(world.read("secrets/acme.key"), before);
    let names = names(&world, "acme");
    assert!(names.len() == 3 && names.iter().any(|name| name.starts_with("acme — keyholder [")), "{names:?}");
    world.run(&["check", "-w", "acme"]).exits(0).done();
    let register = world.read("keys.csv");
    assert!(register.contains("ann@agency.example") && register.contains("2027-01-31"), "90 days on:\n{register}");
    world.run(&["verify"]).exits(0).done();
    world.run(&["undo", "--plan-only"]).exits(30).says("keyholder keys rotate -w acme").done();
}

#[test]
fn where_no_list_tells_the_old_key_it_stays_until_the_register_does() {
    let world = world("absent");
    let args = ["keys", "rotate", "-w", "acme"];
    let held = world.run(&[&args[..], &["--plan-only"]].concat()).exits(30);
    assert_eq!(told(&held, ["kind", "plan", "plan"]).len(), 2, "{held}");
    held.says("key_scopes").says("--preset keyholder").done();
    confirmed(&world, &["keys", "rotate", "-w", "acme", "--preset", "keyholder"]).exits(30).says("key_unknown").done();
    world.run(&["check", "-w", "acme"]).exits(0).done();
    assert_eq!(names(&world, "acme").len(), 4, "the old one stays");
    // What the ledger knows of keys of our own making is known to readings too.
    std::fs::remove_file(world.root().join("keys.csv")).unwrap();
    assert_eq!(world.run(&["keys", "-w", "acme", "--in-use"]).exits(0).rows().len(), 1);
    world.run(&["keys", "adopt", "-w", "acme"]).exits(0).done();
    assert_eq!(world.read("keys.csv").matches(",k:").count(), 1, "{}", world.read("keys.csv"));
    confirmed(&world, &args).exits(0).done();
    assert_eq!(names(&world, "acme").len(), 4, "which one the run before made is known");
    world.run(&["check", "-w", "acme"]).exits(0).done();
}

#[test]
fn a_key_of_a_variable_is_not_replaced_and_one_by_age_or_finding_only_where_it_holds() {
    let world = world("whole");
    let plan = |args: &[&str]| world.run(&[&["keys", "rotate"], args, &["--all", "--plan-only"]].concat());
    let old = plan(&["--older-than", "90d"]).exits(0);
    assert!(old.rows().len() == 2 && old.rows().iter().all(|row| row["workspace"] == "acme"), "{old}");
    assert_eq!(plan(&["--finding", "wildcard-scope"]).exits(0).rows().len(), 4);
    plan(&["--older-than", "9000d"]).exits(0).says("no configured key").done();
    plan(&["--older-than", "soon"]).exits(2).done();
    reference(&world, "acme", "key = { env = \"ACME_KEY\" }");
    let mut command = world.command(&["keys", "rotate", "-w", "acme", "--plan-only"]);
    command.env("ACME_KEY", world.sim.key_of("acme").unwrap());
    world.finish(command).exits(30).says("key_storage").prints("variable ACME_KEY").done();
}

#[test]
fn a_store_command_reads_the_secret_and_the_key_command_finds_it() {
    let world = world("whole");
    let kept = world.root().join("secrets/kept");
    std::fs::rename(world.root().join("secrets/acme.key"), &kept).unwrap();
    let path = kept.display();
    reference(
        &world,
        "acme",
        &format!(
            "key = {{ command = [\"cat\", \"{path}\"], store = [\"sh\", \"-c\", \"umask 077; cat > {path}.new && mv {path}.new {path}\"] }}"
        ),
    );
    let before = std::fs::read_to_string(&kept).unwrap();
    confirmed(&world, &["keys", "rotate", "-w", "acme"]).exits(0).done();
    assert_ne!(std::fs::read_to_string(&kept).unwrap(), before);
    world.run(&["check", "-w", "acme"]).exits(0).done();
    assert_eq!(names(&world, "acme").len(), 3);
}

#[test]
fn a_new_key_that_could_not_delete_the_old_one_is_held_before_anything_is_made() {
    let world = world("whole");
    let plan = |scopes: &[&str]| {
        let said: Vec<&str> = scopes.iter().flat_map(|scope| ["--scope", scope]).collect();
        world.run(&[&["keys", "rotate", "-w", "acme", "--plan-only"], &said[..]].concat())
    };
    plan(&["leads:read"]).exits(30).says("key_scopes").prints("workspaces:read api_keys:read api_keys:delete").done();
    world.run(&["keys", "rotate", "-w", "acme", "--preset", "analytics", "--plan-only"]).exits(30).done();
    plan(&["workspaces:read", "api_keys:read", "api_keys:delete", "leads:read"]).exits(0).done();
}

#[test]
fn the_least_scopes_of_a_rotation_bring_it_to_its_end() {
    let world = world("masked");
    let scopes = ["--scope", "workspaces:read", "--scope", "api_keys:read", "--scope", "api_keys:delete"];
    world.run(&["keys", "rotate", "-w", "acme", "--preset", "keyholder", "--plan-only"]).exits(30).done();
    confirmed(&world, &["keys", "rotate", "-w", "acme", "--preset", "keyholder"]).exits(30).done();
    confirmed(&world, &[&["keys", "rotate", "-w", "acme"], &scopes[..]].concat()).exits(0).done();
    assert_eq!(names(&world, "acme").len(), 4);
}

#[test]
fn a_replaced_key_whose_deletion_failed_is_deleted_by_the_same_command_and_nothing_is_rotated_anew() {
    for more in [&[][..], &["--older-than", "90d"]] {
        let world = world("whole");
        let old = id(&world, "acme", "acme — keyholder");
        let args = [&["keys", "rotate", "-w", "acme"], more].concat();
        let status = FaultKind::Status { status: 400, body: FaultBody::Json, retry_after: None };
        world.sim.add_fault(Fault::once(status).at(Op::KeyDelete));
        confirmed(&world, &args).exits(21).done();
        let stored = world.read("secrets/acme.key");
        assert_eq!(names(&world, "acme").len(), 4, "the old one is left");
        let planned = world.run(&[&args[..], &["--plan-only"]].concat()).exits(0).says("did not delete it");
        let rows = planned.rows();
        assert_eq!(
            (rows.len(), rows[0]["kind"].as_str(), rows[0]["subject"].as_str()),
            (1, "key.revoke", old.as_str())
        );
        confirmed(&world, &args).exits(0).done();
        assert_eq!((names(&world, "acme").len(), world.read("secrets/acme.key")), (3, stored), "nothing is made anew");
        if more.is_empty() {
            assert_eq!(
                world.run(&[&args[..], &["--plan-only"]].concat()).exits(0).rows().len(),
                2,
                "then it rotates again"
            );
        }
    }
}

#[test]
fn where_the_configured_key_is_not_known_its_age_and_findings_are_held_and_not_passed_over() {
    let world = world("masked");
    for filter in [["--older-than", "90d"], ["--finding", "wildcard-scope"]] {
        let ended = world.run(&[&["keys", "rotate"], &filter[..], &["--all", "--plan-only"]].concat()).exits(30);
        let told = told(&ended, ["workspace", "planned", "kind"]);
        assert_eq!(told, ["acme | held | key.create", "globex | held | key.create"], "{ended}");
        ended.says("key_unknown").done();
    }
}

#[test]
fn a_finding_about_another_key_or_none_rotates_nothing() {
    let world = world("whole");
    let plan = |code: &str| world.run(&["keys", "rotate", "--finding", code, "--all", "--plan-only"]);
    plan("resource-wide").exits(0).says("no configured key").done();
    std::fs::copy(world.root().join("secrets/acme.key"), world.root().join("secrets/other.key")).unwrap();
    plan("shared-secret").exits(0).says("no configured key").done();
}

#[test]
fn names_nobody_gets_are_not_held_against_the_naming() {
    let world = world("whole");
    world.agency(|text| format!("{text}\n[key_policy]\nnaming = \"^ops-.+$\"\n"));
    world.run(&["keys", "rotate", "-w", "acme", "--plan-only"]).exits(0).done();
    world.run(&["keys", "rotate", "-w", "acme", "--name", "Key of {workspace}", "--plan-only"]).exits(2).done();
}

#[test]
fn a_store_command_whose_caller_is_killed_as_it_begins_still_stores_the_whole_key() {
    let world = world("whole");
    let kept = world.root().join("secrets/kept");
    std::fs::rename(world.root().join("secrets/acme.key"), &kept).unwrap();
    let (path, before) = (kept.display(), std::fs::read_to_string(&kept).unwrap());
    // Killed while the program begins; it goes on, and says on a pipe of the test's that it has come to its end.
    let done = world.root().join("done");
    let script = format!(
        "[ -e {0} ] || kill -9 $PPID; umask 077; cat > {path}.new && mv {path}.new {path}; : > {0}",
        done.display()
    );
    let line = format!("key = {{ command = [\"cat\", \"{path}\"], store = [\"sh\", \"-c\", \"{script}\"] }}");
    reference(&world, "acme", &line);
    let args = ["keys", "rotate", "-w", "acme"];
    let plan = world.run(&[&args[..], &["--plan-only"]].concat()).plan_id();
    let cut = world.run(&[&args[..], &["--confirm", &plan]].concat());
    assert_eq!(cut.code, None, "{cut}");
    while !done.exists() {
        std::thread::yield_now();
    }
    let stored = std::fs::read_to_string(&kept).unwrap();
    assert!(stored != before && stored.trim().len() == before.trim().len(), "a whole other key is stored");
    world.run(&["check", "-w", "acme"]).exits(0).done();
    world.run(&["resume"]).exits(0).done();
    world.run(&["check", "-w", "acme"]).exits(0).done();
    assert_eq!(names(&world, "acme").len(), 3);
}
