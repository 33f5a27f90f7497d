//! Keys: every way they are had, and every way they are not.

use std::path::Path;
use std::time::Duration;

use super::*;
use crate::domain::WorkspaceId;
use crate::domain::fleet::{Defaults, Place, Share};

const CANARY: &str = "canary-key-0123456789";

fn workspace(name: &str, reach: Reach) -> Workspace {
    Workspace {
        name: WorkspaceName::parse(name).unwrap(),
        id: Some(WorkspaceId::parse(&format!("id-{name}")).unwrap()),
        reach,
        mode: Mode::Observe,
        labels: BTreeMap::new(),
        store: None,
        display_name: None,
        share: Share::new(0.5).unwrap(),
        place: Place { file: "workspaces/x.toml".into(), line: 1, column: 1 },
    }
}

fn fleet(root: &Path, workspaces: Vec<Workspace>) -> Fleet {
    Fleet {
        root: root.to_owned(),
        agency: None,
        colour: None,
        domains: std::collections::BTreeSet::new(),
        defaults: Defaults::default(),
        guards: crate::domain::Guards::default(),
        presets: BTreeMap::new(),
        key_policy: crate::domain::KeyPolicy::default(),
        register: crate::domain::Register::default(),
        tags: Vec::new(),
        accounts: crate::domain::AccountPolicy::default(),
        workspaces,
    }
}

/// The variables a key command needs to find its program.
fn env() -> BTreeMap<String, String> {
    BTreeMap::from([
        ("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into()),
        ("ACME_KEY".into(), CANARY.into()),
        ("EMPTY".into(), String::new()),
    ])
}

fn clock() -> Clock {
    Clock::starting_at("2026-11-22T09:00:00Z".parse().unwrap())
}

async fn one(root: &Path, reference: KeyRef) -> Result<ApiKey, KeyTrouble> {
    let found = resolve_one(root, &reference, &env(), clock()).await;
    if let Err(trouble) = &found {
        let told = format!("{trouble} {trouble:?} {:?}", trouble.advice());
        assert!(!told.contains("canary"), "{told}");
        assert!(!trouble.advice().is_empty());
    }
    found
}

fn sh(script: &str) -> KeyRef {
    KeyRef::Command(vec!["sh".into(), "-c".into(), script.into()])
}

fn write(path: &Path, text: &str, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn a_variable_holds_the_key_or_is_named() {
    let temp = tempfile::tempdir().unwrap();
    assert!(one(temp.path(), KeyRef::Env("ACME_KEY".into())).await.is_ok());
    for name in ["EMPTY", "MISSING"] {
        let trouble = one(temp.path(), KeyRef::Env(name.into())).await.unwrap_err();
        assert_eq!(trouble, KeyTrouble::NotSet { name: name.into() });
    }
}

#[tokio::test]
async fn a_file_is_taken_only_if_it_is_closed_to_others() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("acme.key");
    let reference = || KeyRef::File("acme.key".into());
    assert!(matches!(one(temp.path(), reference()).await, Err(KeyTrouble::Unreadable { .. })));
    for mode in [0o600, 0o400] {
        write(&path, &format!("{CANARY}\n"), mode);
        assert!(one(temp.path(), reference()).await.is_ok());
        std::fs::remove_file(&path).unwrap();
    }
    for mode in [0o640, 0o604, 0o620, 0o610] {
        write(&path, CANARY, mode);
        let trouble = one(temp.path(), reference()).await.unwrap_err();
        assert_eq!(trouble, KeyTrouble::Open { path: "acme.key".into(), mode });
    }
    assert_eq!(
        one(temp.path(), reference()).await.unwrap_err().to_string(),
        "key file `acme.key` is open to others (mode 0610)"
    );
}

#[tokio::test]
async fn a_link_is_judged_by_what_it_leads_to() {
    let temp = tempfile::tempdir().unwrap();
    write(&temp.path().join("target"), CANARY, 0o600);
    std::os::unix::fs::symlink("target", temp.path().join("link")).unwrap();
    assert!(one(temp.path(), KeyRef::File("link".into())).await.is_ok());
    write(&temp.path().join("target"), CANARY, 0o644);
    assert!(matches!(one(temp.path(), KeyRef::File("link".into())).await, Err(KeyTrouble::Open { .. })));
}

#[tokio::test]
async fn what_is_no_file_or_no_key_is_refused() {
    let temp = tempfile::tempdir().unwrap();
    assert!(matches!(one(temp.path(), KeyRef::File(".".into())).await, Err(KeyTrouble::NotAFile { .. })));
    let pipe = temp.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::from_raw_mode(0o600), 0)
        .unwrap();
    assert!(matches!(one(temp.path(), KeyRef::File("pipe".into())).await, Err(KeyTrouble::NotAFile { .. })));
    for (text, bad) in [
        (" \n".to_owned(), BadKey::Empty),
        (format!("{CANARY} {CANARY}"), BadKey::Unsendable),
        (CANARY.repeat(300), BadKey::TooLong),
        (CANARY.repeat(3000), BadKey::TooLong),
    ] {
        write(&temp.path().join("bad.key"), &text, 0o600);
        let trouble = one(temp.path(), KeyRef::File("bad.key".into())).await.unwrap_err();
        assert_eq!(trouble, KeyTrouble::Bad { from: "file bad.key".into(), bad });
    }
}

#[tokio::test]
async fn a_command_prints_the_key_and_its_failure_shows_no_output() {
    let temp = tempfile::tempdir().unwrap();
    assert!(one(temp.path(), sh("printf %s \"$ACME_KEY\"")).await.is_ok());
    let trouble = one(temp.path(), sh("echo $ACME_KEY; echo $ACME_KEY >&2; exit 3")).await.unwrap_err();
    assert_eq!(trouble.to_string(), "key command `sh` failed (exit code 3)");
    let trouble = one(temp.path(), sh("kill -9 $$")).await.unwrap_err();
    assert_eq!(trouble.to_string(), "key command `sh` failed (signal 9)");
    let trouble = one(temp.path(), KeyRef::Command(vec!["no-such-helper".into()])).await.unwrap_err();
    assert_eq!(trouble.to_string(), "key command `no-such-helper` cannot be run: it does not exist");
    let trouble = one(temp.path(), sh("while :; do echo $ACME_KEY; done")).await.unwrap_err();
    assert_eq!(trouble, KeyTrouble::Bad { from: "command sh".into(), bad: BadKey::TooLong });
    assert!(matches!(one(temp.path(), sh("true")).await, Err(KeyTrouble::Bad { bad: BadKey::Empty, .. })));
}

#[tokio::test]
async fn a_command_runs_from_the_root_and_by_a_path_from_the_root() {
    let temp = tempfile::tempdir().unwrap();
    std::fs::create_dir(temp.path().join("bin")).unwrap();
    // A link: a program just written can be busy, while another test's child still holds it open.
    std::os::unix::fs::symlink("/bin/cat", temp.path().join("bin/helper")).unwrap();
    write(&temp.path().join("bin/key"), CANARY, 0o600);
    assert!(one(temp.path(), KeyRef::Command(vec!["bin/helper".into(), "bin/key".into()])).await.is_ok());
}

/// Tells whether a process still runs; a zombie does not.
pub(super) fn runs(pid: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z'))
}

/// Waits, by yielding to the system, until a file has a line or a process is gone.
pub(super) fn until(mut what: impl FnMut() -> bool) {
    for _ in 0..2_000_000 {
        if what() {
            return;
        }
        std::thread::yield_now();
    }
    panic!("it did not happen");
}

#[cfg(target_os = "linux")]
#[tokio::test(start_paused = true)]
async fn a_slow_command_is_killed_with_all_it_started() {
    let temp = tempfile::tempdir().unwrap();
    // The grandchild holds the pipe open after its parent has ended, and must die all the same.
    let words: Vec<String> =
        ["sh", "-c", "sleep 600 & echo $! > child; echo $$ > leader; wait"].map(String::from).into();
    let variables = env();
    let run = command::run(&words, temp.path(), &variables, clock(), Duration::from_secs(10));
    let read = |name: &str| std::fs::read_to_string(temp.path().join(name)).unwrap_or_default();
    let mut run = std::pin::pin!(run);
    // Started by the first poll; the virtual clock stands still until the script has written both numbers.
    assert!(futures::poll!(&mut run).is_pending());
    until(|| read("leader").ends_with('\n') && read("child").ends_with('\n'));
    let trouble = run.await.unwrap_err();
    assert_eq!(trouble, KeyTrouble::TooSlow { program: "sh".into(), seconds: 10 });
    until(|| !runs(&read("child")) && !runs(&read("leader")));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_command_that_is_given_up_is_killed_with_all_it_started() {
    let temp = tempfile::tempdir().unwrap();
    let words: Vec<String> = ["sh", "-c", "sleep 600 & echo $! > child; wait"].map(String::from).into();
    let variables = env();
    let read = || std::fs::read_to_string(temp.path().join("child")).unwrap_or_default();
    {
        let mut run = Box::pin(command::run(&words, temp.path(), &variables, clock(), Duration::from_secs(10)));
        assert!(futures::poll!(&mut run).is_pending());
        until(|| read().ends_with('\n'));
    }
    until(|| !runs(&read()));
}

#[tokio::test]
async fn each_command_runs_once_and_an_admins_failure_is_its_subs() {
    let temp = tempfile::tempdir().unwrap();
    let counted = || sh("echo x >> runs; printf %s \"$ACME_KEY\"");
    let named = |name: &str| WorkspaceName::parse(name).unwrap();
    let mut asleep = workspace("asleep", Reach::Own(sh("echo x >> runs")));
    asleep.mode = Mode::Off;
    let fleet = fleet(
        temp.path(),
        vec![
            workspace("acme", Reach::Own(counted())),
            workspace("twin", Reach::Own(counted())),
            workspace("other", Reach::Own(KeyRef::Env("ACME_KEY".into()))),
            workspace("dead", Reach::Own(KeyRef::Env("MISSING".into()))),
            workspace("sub", Reach::Via(named("acme"))),
            workspace("orphan", Reach::Via(named("dead"))),
            asleep,
        ],
    );
    let all: Vec<&Workspace> = fleet.workspaces.iter().collect();
    let resolved = resolve(&fleet, &all, &env(), clock()).await;
    assert_eq!(std::fs::read_to_string(temp.path().join("runs")).unwrap(), "x\n");
    assert_eq!(resolved.len(), 6, "what is off is not asked for");
    assert_eq!(resolved[&named("sub")].as_ref().unwrap().acts_as().unwrap().as_str(), "id-sub");
    let orphan = resolved[&named("orphan")].as_ref().unwrap_err();
    assert_eq!(
        orphan.to_string(),
        "the key of `dead`, through which it is reached, failed: variable `MISSING` is not set or empty"
    );
    assert_eq!(shared_secrets(&resolved), [[named("acme"), named("other"), named("twin")]]);
    assert!(!format!("{resolved:?}").contains("canary"));
    // A sub alone brings its admin's key along.
    let sub = resolve(&fleet, &all[4..5], &env(), clock()).await;
    assert!(sub.len() == 1 && sub[&named("sub")].is_ok());
}
