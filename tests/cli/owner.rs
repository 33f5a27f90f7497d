//! `keyholder owner`: who owns what, and giving a workspace to somebody else, at a terminal and without one.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;

use keyholder::sim::{Fault, FaultBody, FaultKind, Op, Phase};
use rustix::process::{Pid, Signal, kill_process};

use crate::world::{Ended, World};

const TO: &str = "second@agency.example";
const TRANSFER: [&str; 5] = ["owner", "transfer", "acme", "--to", TO];

/// Puts a security token of acme where only we may read it, and returns the flags that name it.
fn with_token(world: &World) -> Vec<&'static str> {
    world.write("secrets/token", &format!("{}\n", world.sim.security_token("acme").unwrap()));
    world.chmod("secrets/token", 0o600);
    [&TRANSFER[..], &["--security-token-file", "secrets/token"]].concat()
}

fn protect(world: &World, who: &str) {
    world.edit("keyholder.toml", |text| text.replace("[guards]\n", &format!("[guards]\nprotected = [\"{who}\"]\n")));
}

fn plan_id(world: &World) -> String {
    world.run(&[&TRANSFER[..], &["--plan-only"]].concat()).exits(0).plan_id()
}

fn sent(world: &World) -> usize {
    world.sim.requests().iter().filter(|seen| seen.operation == Some(Op::OwnerChange)).count()
}

fn owner(world: &World) -> String {
    world.sim.owner("acme").unwrap()
}

/// Runs a command at a terminal of its own, on which something is typed.
fn at_a_terminal(world: &World, args: &[&str], typed: &str) -> Ended {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap();
    let theirs = || File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    let mut ours = File::from(ours);
    // It waits in the terminal until it is asked for.
    let keeps = theirs();
    writeln!(ours, "{typed}").unwrap();
    let mut command = world.command(args);
    command.stdin(theirs()).stderr(theirs());
    let child = command.spawn().unwrap();
    drop(command);
    let output = child.wait_with_output().unwrap();
    // What was shown is still in the terminal, as long as somebody has its other end.
    let stderr = read_what_is_there(&ours);
    drop(keeps);
    world.checked(Ended { code: output.status.code(), stdout: String::from_utf8(output.stdout).unwrap(), stderr })
}

fn read_what_is_there(terminal: &File) -> String {
    use rustix::fs::{OFlags, fcntl_setfl};
    fcntl_setfl(terminal, OFlags::NONBLOCK).unwrap();
    let (mut shown, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(read @ 1..) = rustix::io::read(terminal, &mut buffer) {
        shown.extend_from_slice(&buffer[..read]);
    }
    String::from_utf8(shown).unwrap()
}

#[test]
fn who_owns_what_is_told_of_every_workspace_that_can_be_read() {
    let world = World::three();
    protect(&world, "founder@agency.example");
    let shown = world.run(&["owner", "show"]).exits(0).says("the owners of 3 of 3 workspaces");
    let rows = shown.rows();
    let told: Vec<[&str; 5]> = rows
        .iter()
        .map(|row| ["workspace", "email", "external", "protected", "listed"].map(|name| row[name].as_str()))
        .collect();
    assert_eq!(told[0], ["acme", "founder@agency.example", "no", "yes", "yes"], "{shown}");
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[0]["owner_id"], world.sim.user_id("founder@agency.example").unwrap());
    // One that cannot be read is told, and the others are shown.
    let refused = FaultKind::Status { status: 402, body: FaultBody::Json, retry_after: None };
    world.sim.add_fault(Fault::once(refused).at(Op::WorkspaceCurrent));
    let cut = world.run(&["owner", "show", "--format", "ndjson"]).exits(33);
    let records = cut.records();
    assert_eq!(records.iter().filter(|record| record["type"] == "owner").count(), 2, "{cut}");
    assert_eq!(records.last().unwrap()["rows"]["exact"], false);
    assert_eq!(world.writes(), 0);
}

#[test]
fn a_workspace_is_given_away_by_typing_its_name_and_by_nothing_else() {
    let world = World::three();
    let line = with_token(&world);
    let id = plan_id(&world);
    for typed in ["yes", &id[..6], "Acme", "globex", ""] {
        let ended = at_a_terminal(&world, &line, typed).exits(32);
        ended.says("Type the workspace's name").says("not approved; nothing was sent").done();
    }
    assert_eq!((sent(&world), owner(&world).as_str()), (0, "founder@agency.example"));
    let done = at_a_terminal(&world, &line, "acme").exits(0);
    assert_eq!(done.rows()[0]["outcome"], "done", "{done}");
    assert_eq!((sent(&world), owner(&world).as_str()), (1, TO));
    world.run(&["verify", "last"]).exits(0).prints("holds").done();
    world.run(&["undo", "--plan-only"]).exits(30).prints("only who owns the workspace now").done();
}

#[test]
fn without_a_terminal_it_takes_the_plans_id_and_yes_is_never_enough() {
    let world = World::three();
    let line = with_token(&world);
    world.run(&line).exits(32).says("--confirm").done();
    world.run(&[&line[..], &["--yes"]].concat()).exits(32).says("a transfer of ownership").done();
    assert_eq!(sent(&world), 0);
    let id = plan_id(&world);
    world.run(&[&line[..], &["--confirm", &id]].concat()).exits(0).prints("done").done();
    assert_eq!(owner(&world), TO);
    // The token was good once, and the world is as asked.
    world.run(&[&line[..], &["--yes"]].concat()).exits(0).prints("already").done();
    assert_eq!(sent(&world), 1);
}

#[test]
fn exactly_one_workspace_of_the_fleet_is_named() {
    let world = World::three();
    let _line = with_token(&world);
    let run = |words: &[&str]| {
        world.run(&[&["owner", "transfer"], words, &["--security-token-file", "secrets/token"]].concat())
    };
    for name in ["acm*", "*", "Acme", "acme,globex"] {
        run(&[name, "--to", TO]).exits(2).says("nothing was sent").done();
    }
    run(&["acme", "globex", "--to", TO]).exits(2).says("unexpected argument").done();
    run(&["nowhere", "--to", TO]).exits(4).done();
    run(&["acme", "--to", "nobody"]).exits(2).says("--to").done();
    run(&["acme"]).exits(2).says("--to <EMAIL>").done();
    world.run(&TRANSFER).exits(2).says("--security-token-file").says("keyholder help ownership").done();
    assert_eq!(world.sim.request_count(), 0);
}

#[test]
fn a_token_that_others_may_read_or_that_is_none_is_refused_before_anything_is_asked() {
    let world = World::three();
    let line = with_token(&world);
    world.chmod("secrets/token", 0o644);
    world.run(&line).exits(3).says("is open to others (mode 0644)").says("chmod 600").done();
    world.chmod("secrets/token", 0o600);
    for text in ["", "abc", "canary one\ncanary two\n"] {
        world.write("secrets/token", text);
        world.run(&line).exits(3).says("is no security token").never("canary").done();
    }
    std::fs::remove_file(world.root().join("secrets/token")).unwrap();
    world.run(&line).exits(3).says("cannot be read").done();
    assert_eq!(world.sim.request_count(), 0);
}

#[test]
fn who_is_no_member_is_named_with_the_command_that_brings_them_in() {
    let world = World::three();
    let transfer = |to: &str| {
        let words = ["owner", "transfer", "acme", "--to", to, "--plan-only"];
        world.run(&words).exits(30).rows()[0]["held"].clone()
    };
    assert_eq!(transfer("nobody@agency.example"), "heir_not_member");
    assert_eq!(transfer("fresh@agency.example"), "heir_not_member", "an open invitation is no membership");
    let words = ["owner", "transfer", "acme", "--to", "fresh@agency.example", "--plan-only"];
    world.run(&words).exits(30).says("keyholder onboard fresh@agency.example --role admin -w acme").done();
    protect(&world, "founder@agency.example");
    assert_eq!(transfer(TO), "protected");
}

#[test]
fn a_wrong_token_is_told_as_what_it_may_be_and_shown_nowhere() {
    let world = World::three();
    let line = with_token(&world);
    let id = plan_id(&world);
    world.write("secrets/token", "wrong-canary-4711\n");
    let ended = world.run(&[&line[..], &["--confirm", &id]].concat()).exits(21);
    ended.says("keyholder help ownership").says("workspaces:update").never("wrong-canary").done();
    assert_eq!((sent(&world), owner(&world).as_str()), (1, "founder@agency.example"));
    for file in ["ledger.db", "ledger.db-wal"] {
        let bytes = std::fs::read(world.root().join(".keyholder").join(file)).unwrap_or_default();
        assert!(!bytes.windows(12).any(|part| part == b"wrong-canary"), "{file}");
    }
}

#[test]
fn a_saved_plan_has_no_token_and_apply_holds_it() {
    let world = World::three();
    let line = with_token(&world);
    let saved = world.run(&[&line[..], &["-o", "plan.json"]].concat()).exits(0);
    let id = saved.says("a saved plan keeps no security token").plan_id();
    let held = world.run(&["apply", "plan.json", "--confirm", &id]).exits(30);
    held.says("owner transfer acme --to second@agency.example --security-token-file FILE")
        .prints("token_missing")
        .done();
    assert_eq!(sent(&world), 0);
}

#[test]
fn killed_while_it_was_sent_it_is_settled_by_a_resume_without_a_token() {
    for phase in [Phase::Arrived, Phase::Handled] {
        let world = World::three();
        let line = with_token(&world);
        let id = plan_id(&world);
        let mut command = world.command(&[&line[..], &["--confirm", &id]].concat());
        let pid: std::sync::Arc<std::sync::Mutex<Option<Pid>>> = std::sync::Arc::default();
        let victim = std::sync::Arc::clone(&pid);
        world.sim.at_request(move |seen, at| {
            if at == phase && seen.operation == Some(Op::OwnerChange) {
                let pid = victim.lock().unwrap().take().expect("it was started before it sent");
                kill_process(pid, Signal::KILL).unwrap();
            }
        });
        let mut slot = pid.lock().unwrap();
        let mut child = command.spawn().unwrap();
        *slot = Pid::from_raw(i32::try_from(child.id()).unwrap());
        drop(slot);
        assert_eq!(child.wait().unwrap().signal(), Some(Signal::KILL.as_raw()));
        std::fs::remove_file(world.root().join("secrets/token")).unwrap();
        // The request had arrived, so it takes effect whoever is alive to hear of it.
        let resumed = world.run(&["resume"]).exits(0);
        assert_eq!(resumed.rows()[0]["outcome"], "done", "{resumed}");
        assert_eq!((sent(&world), owner(&world).as_str()), (1, TO));
        world.run(&["resume"]).exits(0).says("nothing to resume").done();
    }
}
