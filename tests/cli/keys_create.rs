//! `keys create`: what is asked before anything is sent, and where the secrets go.

use std::os::unix::fs::PermissionsExt as _;

use keyholder::sim::Op;

use crate::keys_world::{asked, confirmed, names, told, world};

const ANALYTICS: [&str; 4] = ["keys", "create", "--preset", "analytics"];

#[test]
fn a_secret_is_never_written_into_a_pipe() {
    let world = world("whole");
    world.run(&[&ANALYTICS[..], &["--all", "--yes"]].concat()).exits(2).says("--key-out").done();
    let plan = world.run(&[&ANALYTICS[..], &["--all", "-o", "plan.json"]].concat()).exits(0);
    world.run(&["apply", "plan.json", "--confirm", &plan.plan_id()]).exits(2).says("--key-out").done();
    assert_eq!((world.writes(), names(&world, "acme").len()), (0, 3));
}

#[test]
fn what_is_wrong_with_scopes_presets_names_and_folders_is_told_before_any_request() {
    let world = world("whole");
    let refused = |args: &[&str], says: &[&str]| {
        let ended = world.run(&[&["keys", "create"], args, &["--all", "--plan-only"]].concat()).exits(2);
        for text in says {
            assert!(ended.stderr.contains(text), "{text}\n{ended}");
        }
    };
    refused(&["--scope", "campaign:read", "--scope", "lead:al"], &["did you mean `campaigns:read`", "lead:al"]);
    refused(&["--preset", "analytisc"], &["no preset of keys", "webhook-handler"]);
    refused(&["--preset", "analytics", "--scope", "leads:read"], &["cannot be used with"]);
    refused(&[], &["--preset", "--scope"]);
    refused(&["--preset", "analytics", "--name", "{worksapce}"], &["`{worksapce}` is no placeholder"]);
    refused(
        &["--preset", "analytics", "--name", "{label.region}"],
        &["acme has no label `region`", "globex has no label"],
    );
    refused(&["--preset", "analytics", "--key-out", "keyholder.toml"], &["(--key-out)"]);
    world.agency(|text| format!("{text}\n[key_policy]\nnaming = \"^[a-z0-9-]+ — .+$\"\n"));
    refused(&["--preset", "analytics", "--name", "Key of {workspace}"], &["Key of acme [", "key_policy.naming"]);
    assert_eq!(world.sim.request_count(), 0);
    let named = world.run(&[&ANALYTICS[..], &["--all", "--plan-only"]].concat()).exits(0);
    assert!(
        told(&named, ["subject", "kind", "plan"])[0].starts_with("acme — analytics [{nonce}] | key.create"),
        "{named}"
    );
}

#[test]
fn the_plan_has_the_same_id_each_time_and_no_member_is_asked_for() {
    let world = world("whole");
    let plan = || world.run(&[&ANALYTICS[..], &["--all", "--plan-only"]].concat()).exits(0).plan_id();
    assert_eq!(plan(), plan());
    assert!(!asked(&world).contains(&Op::MemberList), "{:?}", asked(&world));
}

#[test]
fn keys_go_into_a_folder_one_file_a_workspace_and_the_register_has_them() {
    let world = world("masked");
    let args = [&ANALYTICS[..], &["--key-out", "secrets/new", "--owner", "ann@agency.example", "--all"]].concat();
    let first = confirmed(&world, &args).exits(0).says("register keys.csv: 2 keys added, 0 keys removed");
    let folder = world.root().join("secrets/new");
    assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    for name in ["acme", "globex"] {
        let path = folder.join(format!("{name}.key"));
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let secret = std::fs::read_to_string(path).unwrap();
        assert!(world.sim.keys().iter().any(|key| key == secret.trim()), "it opens something");
        assert!(!first.stdout.contains(secret.trim()) && !first.stderr.contains(secret.trim()));
    }
    let register = world.read("keys.csv");
    assert_eq!(register.matches("ann@agency.example,reading campaigns and sending accounts").count(), 2, "{register}");
    world.run(&["verify"]).exits(0).prints("holds").done();
    let again = world.run(&[&args[..], &["--yes"]].concat()).exits(0);
    assert!(again.rows().iter().all(|row| row["outcome"] == "already"), "{again}");
    let elsewhere = world.run(&[&ANALYTICS[..], &["--key-out", "secrets/out2", "--all", "--yes"]].concat()).exits(0);
    assert!(!elsewhere.stdout.contains("out2"), "nothing is there: {elsewhere}");
    elsewhere.prints("cannot be shown or written again").done();
    let undone = world.run(&["show", "last"]).exits(0);
    drop(undone);
}

#[test]
fn a_made_key_is_revoked_by_undoing_its_run_and_the_register_forgets_it() {
    let world = world("whole");
    let made = [&ANALYTICS[..], &["--key-out", "secrets/new", "-w", "acme"]].concat();
    confirmed(&world, &made).exits(0).done();
    assert_eq!(names(&world, "acme").len(), 4);
    confirmed(&world, &["undo"]).exits(0).says("0 keys added, 1 key removed").done();
    assert_eq!(names(&world, "acme").len(), 3);
    assert!(!world.read("keys.csv").contains("analytics"));
}
