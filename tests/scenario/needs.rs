//! What each command needs of a key: enough with it, and too little without any part of it.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;

use keyholder::api::Operation;
use keyholder::api::needs::{self, Least};
use keyholder::domain::COMMAND_NAMES;
use keyholder::sim::put::{Campaigns, Key, LeadLists, Leads};
use keyholder::sim::{Fault, FaultKind, KeyRecord, Op};

use crate::support::Stage;

const WORLD: &str = r#"
[settings]
invitations = "at-once"

[[workspace]]
name = "acme"
owner = "founder@agency.example"
admin = ["ops@agency.example"]
editor = ["sam@agency.example", "priya@agency.example"]
invited = [{ email = "late@agency.example", role = "view", created = "2026-01-05T09:00:00Z" }]
keys = [{ name = "main" }, { name = "narrow", scopes = [SCOPES] }]
accounts = [{ email = "one@mail.example" }, { email = "two@mail.example" }]
tags = [
  { label = "old north" },
  { label = "stale" },
  { label = "vip", accounts = ["one@mail.example"] },
]
"#;

/// The group that acme heads, where a way is about groups.
const GROUP: &str = r#"
[[workspace]]
name = "globex"
id = "0198e7b2-0c55-7e92-b3d4-00000000cc01"
keys = []
owner = "boss@globex.example"

[[workspace]]
name = "hooli"
id = "0198e7b2-0c55-7e92-b3d4-00000000cc03"
keys = []
owner = "boss@hooli.example"

[[workspace]]
name = "initech"
id = "0198e7b2-0c55-7e92-b3d4-00000000cc02"
owner = "founder@agency.example"
admin = ["ops@agency.example"]

[[group]]
admin = "acme"
links = [{ sub = "globex", status = "accepted" }, { sub = "hooli", status = "pending" }]
"#;

/// What the files say of tags and of accounts.
const FILES: &str = r#"
[[tags]]
label = "north"
former = ["old north"]

[[tags]]
label = "fresh"

[[tags]]
label = "vip"
description = "who matters"

[accounts.owners]
"*@mail.example" = "priya@agency.example"
"#;

const OFFBOARD: &str = "offboard sam@agency.example --hand-over-to priya@agency.example --revoke-keys --all";
/// Brings somebody in, and raises somebody's role.
const ONBOARD: &str = "onboard nia@agency.example priya@agency.example --role admin --all";
/// Undoes the first run there was.
const UNDO: &str = "undo FIRST --all";
/// Takes the pinned id away, so that the workspace is asked who it is.
const UNPIN: &str = "(unpin)";
/// Makes keys.
const CREATE: &str = "keys create --preset analytics --key-out secrets/new --all";
/// Gives the workspace away.
const TRANSFER: &str = "owner transfer acme --to ops@agency.example --security-token-file secrets/token";
/// Makes a tag, renames one, describes one and deletes one.
const SYNC: &str = "tags sync --prune --all";
/// Makes a tag and puts it on accounts.
const ASSIGN: &str = "tags assign fresh --accounts * --all";
const ASSIGN_CAMPAIGNS: &str = "tags assign vip --campaigns * --all";
const OWNERS: &str = "accounts owners sync --all";
const INVITE: &str = "groups invite initech --via acme";
const REMOVE: &str = "groups remove 0198e7b2-0c55-7e92-b3d4-00000000cc03 --via acme";
/// Takes the file of the sub workspace away.
const UNDISCOVERED: &str = "(undiscovered)";
const DISCOVER: &str = "discover --via acme";
const VERIFY: &str = "verify last";
/// Loses the answer to the next making of a key, so that it is deleted and made again.
const LOST: &str = "(lost)";

/// The ways a command is asked for all that it can do: in each the last line is the command, and those before it have a key that may do
/// everything.
fn ways(command: &str) -> &'static [&'static [&'static str]] {
    match command {
        "check" => &[&["check"]],
        "pin" => &[&["pin"]],
        "members" => &[&[UNPIN, "members"]],
        "access" => &[&["access"]],
        "person" => &[&["person sam@agency.example"]],
        "leavers" => &[&[OFFBOARD, "leavers"]],
        "verify" => &[&[OFFBOARD, VERIFY], &[SYNC, VERIFY], &[ASSIGN, VERIFY], &[INVITE, VERIFY]],
        "keys" => &[&["keys"]],
        "keys audit" => &[&["keys audit"]],
        "onboard" => &[&[ONBOARD]],
        "offboard" => &[&[OFFBOARD]],
        "members reinvite" => &[&["members reinvite --older-than 1d --all"]],
        // What is handed back goes to somebody who has accepted again, so it takes a second run.
        "undo" => &[
            &[ONBOARD, UNDO],
            &[OFFBOARD, UNDO],
            &[OFFBOARD, UNDO, UNDO],
            &[CREATE, UNDO],
            &[SYNC, UNDO],
            &[ASSIGN, UNDO],
            &[ASSIGN_CAMPAIGNS, UNDO],
            &[OWNERS, UNDO],
            &[INVITE, UNDO],
            &[REMOVE, UNDO],
        ],
        "keys adopt" => &[&["keys adopt"]],
        "keys create" => &[&[CREATE], &[LOST, CREATE]],
        "keys revoke" => &[&["keys revoke --created-by sam@agency.example --all"]],
        // The new key may do more: what the old one may not, it does not do.
        "keys rotate" => {
            &[&["keys rotate --scope all:all --finding bad-name --all"], &[LOST, "keys rotate --scope all:all --all"]]
        }
        "owner show" => &[&["owner show"]],
        "owner transfer" => &[&[TRANSFER]],
        "tags" => &[&["tags"]],
        "tags audit" => &[&["tags audit"]],
        "tags show" => &[&["tags show vip"]],
        "tags sync" => &[&[SYNC]],
        "tags assign" => &[&[ASSIGN], &[ASSIGN_CAMPAIGNS]],
        "tags unassign" => {
            &[&["tags unassign vip --accounts * --all"], &[ASSIGN_CAMPAIGNS, "tags unassign vip --campaigns * --all"]]
        }
        "campaigns" => &[&["campaigns"]],
        "accounts" => &[&["accounts"]],
        "accounts owners audit" => &[&["accounts owners audit"]],
        "accounts owners sync" => &[&[OWNERS]],
        "groups" => &[&["groups"]],
        "groups coverage" => &[&["groups coverage"]],
        "groups invite" => &[&[INVITE]],
        "groups remove" => &[&[REMOVE]],
        "discover" => &[&[UNDISCOVERED, DISCOVER]],
        // What these need is what the other commands need.
        "apply" | "resume" => &[],
        "trail" => &[&["trail --person sam@agency.example"]],
        "trail export" => &[&["trail export --out kept"]],
        "report" => &[&["report all --out out"]],
        other => panic!("nobody says how `{other}` is asked"),
    }
}

/// What became of a command with a narrow key.
struct Ended {
    exit: u8,
    refused: bool,
    ops: BTreeSet<Op>,
}

/// Goes one way, its last line with a key of these scopes.
fn go(way: &[&str], scopes: &[String]) -> Ended {
    let is_about_groups = way.iter().any(|line| line.starts_with("groups") || line.starts_with("discover"));
    let world = WORLD.replace("SCOPES", &format!("\"{}\"", scopes.join("\", \"")));
    let stage = Stage::script(&(world + if is_about_groups { GROUP } else { "" }));
    stage.add("keyholder.toml", FILES);
    let (world, sam) = (&stage.world, "sam@agency.example");
    world.put("acme", Campaigns::of(sam, 2));
    world.put("acme", LeadLists::of(sam, 2));
    world.put("acme", Leads::of(sam, 3));
    world.put("acme", Key::of(sam, "sams").recorded(KeyRecord::Id("id".into())));
    let narrow = world.keys()[1].clone();
    let (last, before) = way.split_last().unwrap();
    for line in before {
        if *line == LOST {
            world.add_fault(Fault::once(FaultKind::LoseAnswer).at(Op::KeyCreate));
        } else if *line == UNDISCOVERED {
            std::fs::remove_file(stage.root.join("workspaces/globex.toml")).unwrap();
        } else if *line == UNPIN {
            let id = world.workspace_id("acme").unwrap();
            stage.edit("workspaces/acme.toml", &format!("id = \"{id}\""), "");
        } else {
            assert!(run(&stage, line) == 0 || *line == UNDO, "{line}");
        }
    }
    std::fs::write(stage.root.join("secrets/acme.key"), narrow).unwrap();
    let token = stage.root.join("secrets/token");
    std::fs::write(&token, world.security_token("acme").unwrap()).unwrap();
    std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o600)).unwrap();
    let seen = stage.world.requests().len();
    let exit = run(&stage, last);
    let requests = stage.world.requests().split_off(seen);
    let refused = requests.iter().any(|seen| seen.status == Some(403));
    Ended { exit, refused, ops: requests.iter().filter_map(|seen| seen.operation).collect() }
}

/// Runs a command, a writing one by its plan.
fn run(stage: &Stage, line: &str) -> u8 {
    if !line.contains("--all") && ![TRANSFER, INVITE, REMOVE].contains(&line) {
        return stage.run(line).exit;
    }
    let first = stage.run("runs --format csv").rows().pop().map_or_else(String::new, |row| row["run"].clone());
    let line = line.replace("FIRST", &first);
    let planned = stage.run(&format!("{line} --plan-only"));
    if planned.exit != 0 && !planned.stderr.contains("plan ") {
        return planned.exit;
    }
    let plan = planned.plan_id();
    stage.run(&format!("{line} --confirm {plan}")).exit
}

#[test]
fn with_the_least_scopes_every_command_does_all_it_can_and_without_any_of_them_something_is_refused() {
    for command in COMMAND_NAMES {
        let calls = needs::operations(&[command]);
        let least = needs::least(&[command]);
        let mut ops = BTreeSet::new();
        for way in ways(command) {
            let ended = go(way, &least);
            assert!(!ended.refused, "{way:?} with {least:?}");
            // A key that was revoked stays revoked: undoing that is held.
            assert!(ended.exit == 0 || command == "undo", "{way:?} ended with {}", ended.exit);
            ops.extend(ended.ops);
        }
        if ways(command).is_empty() {
            continue;
        }
        // For these no scope is published, so nothing can be refused.
        for (op, call) in [
            (Op::WebhookList, Operation::WebhookList),
            (Op::LeadsAssign, Operation::LeadsAssign),
            (Op::TagToggle, Operation::TagToggle),
            (Op::GroupAdmin, Operation::LinkAdmin),
        ] {
            assert_eq!(ops.contains(&op), calls.contains(&call), "{call} by {command}");
        }
        let published = Least::of(calls).published;
        for dropped in &published {
            let fewer: Vec<String> = least.iter().filter(|scope| *scope != dropped).cloned().collect();
            assert!(ways(command).iter().any(|way| go(way, &fewer).refused), "{command} does without {dropped}");
        }
    }
}
