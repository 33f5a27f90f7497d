//! Storing keys: what is on disk at every moment, who may read it, and what never shows the secret.

use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::config::key::resolve_one;
use crate::config::key::tests::{runs, until};
use crate::domain::fleet::Share;
use crate::domain::{Mode, WorkspaceId};

const OLD: &str = "canary-old-0123456789";
const NEW: &str = "canary-new-0123456789";

fn key(text: &str) -> ApiKey {
    ApiKey::parse(text).unwrap()
}

fn clock() -> Clock {
    Clock::starting_at("2026-11-22T09:00:00Z".parse().unwrap())
}

fn env() -> BTreeMap<String, String> {
    BTreeMap::from([("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned())])
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o7777
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let names = folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

fn told_without_secret(trouble: &NotStored) -> String {
    let told = format!("{trouble} {trouble:?}");
    assert!(!told.contains("canary"), "{told}");
    trouble.to_string()
}

fn workspace(name: &str, reach: Reach, store: Option<&[&str]>) -> Workspace {
    Workspace {
        name: WorkspaceName::parse(name).unwrap(),
        id: Some(WorkspaceId::parse(&format!("id-{name}")).unwrap()),
        reach,
        mode: Mode::Manage,
        labels: BTreeMap::new(),
        store: store.map(|words| words.iter().map(|&word| word.to_owned()).collect()),
        display_name: None,
        share: Share::new(0.5).unwrap(),
        place: crate::domain::fleet::Place { file: "workspaces/x.toml".into(), line: 1, column: 1 },
    }
}

fn file(path: &str) -> Reach {
    Reach::Own(KeyRef::File(path.into()))
}

fn command(words: &[&str]) -> Reach {
    Reach::Own(KeyRef::Command(words.iter().map(|&word| word.to_owned()).collect()))
}

fn fleet(root: &Path, workspaces: Vec<Workspace>) -> Fleet {
    Fleet {
        root: root.to_owned(),
        agency: None,
        colour: None,
        domains: std::collections::BTreeSet::new(),
        defaults: crate::domain::fleet::Defaults::default(),
        guards: crate::domain::Guards::default(),
        presets: BTreeMap::new(),
        key_policy: crate::domain::KeyPolicy::default(),
        register: crate::domain::Register::default(),
        tags: Vec::new(),
        accounts: crate::domain::AccountPolicy::default(),
        workspaces,
    }
}

#[tokio::test]
async fn a_key_file_holds_a_whole_key_at_every_moment_of_a_switch() {
    let temp = tempfile::tempdir().unwrap();
    let (root, path) = (temp.path(), Path::new("acme.key"));
    write(&root.join(path), OLD);
    put_aside(root, path, &key(NEW)).unwrap();
    assert_eq!(text(&root.join(path)), OLD, "what is in use stays until the switch");
    let aside = root.join("acme.key.keyholder-new");
    assert_eq!((text(&aside), mode(&aside)), (format!("{NEW}\n"), 0o600));
    switch(root, path, &key(NEW)).unwrap();
    assert_eq!(mode(&root.join(path)), 0o600);
    let found = resolve_one(root, &KeyRef::File(path.into()), &env(), clock()).await.unwrap();
    assert!(found.same_secret(&key(NEW)));
    assert_eq!(names(root), ["acme.key"]);
    switch(root, path, &key(NEW)).unwrap();
    write(&aside, OLD);
    switch(root, path, &key(NEW)).unwrap();
    assert_eq!(text(&root.join(path)), format!("{NEW}\n"), "what else lies aside is not switched to");
}

#[test]
fn what_lies_aside_is_switched_to_only_if_it_is_the_key_meant_and_can_be_forgotten() {
    let temp = tempfile::tempdir().unwrap();
    let (root, path) = (temp.path(), Path::new("acme.key"));
    write(&root.join(path), OLD);
    let trouble = switch(root, path, &key(NEW)).unwrap_err();
    assert!(trouble.surely && told_without_secret(&trouble).contains("not to be found"));
    put_aside(root, path, &key("canary-of-a-killed-run")).unwrap();
    assert!(switch(root, path, &key(NEW)).unwrap_err().surely);
    assert_eq!(text(&root.join(path)), OLD);
    put_aside(root, path, &key(NEW)).unwrap();
    forget(root, path).unwrap();
    forget(root, path).unwrap();
    assert_eq!(names(root), ["acme.key"]);
}

#[test]
fn a_link_is_followed_to_the_file_it_leads_to_and_stays_a_link() {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path();
    fs::create_dir(root.join("vault")).unwrap();
    write(&root.join("vault/real"), OLD);
    std::os::unix::fs::symlink("vault/real", root.join("link")).unwrap();
    put_aside(root, Path::new("link"), &key(NEW)).unwrap();
    assert_eq!(names(&root.join("vault")), ["real", "real.keyholder-new"]);
    switch(root, Path::new("link"), &key(NEW)).unwrap();
    assert!(root.join("link").is_symlink());
    assert_eq!(text(&root.join("vault/real")), format!("{NEW}\n"));
}

#[test]
fn a_link_put_where_the_new_file_goes_is_not_written_through() {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path();
    write(&root.join("acme.key"), OLD);
    fs::write(root.join("elsewhere"), "theirs").unwrap();
    std::os::unix::fs::symlink("elsewhere", root.join("acme.key.keyholder-new")).unwrap();
    put_aside(root, Path::new("acme.key"), &key(NEW)).unwrap();
    assert_eq!(text(&root.join("elsewhere")), "theirs");
    assert!(!root.join("acme.key.keyholder-new").is_symlink());
}

#[test]
fn what_cannot_be_stored_is_told_before_anything_is_sent() {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path();
    for name in ["a.key", "shared.key", "twice.key"] {
        write(&root.join(name), OLD);
    }
    fs::hard_link(root.join("twice.key"), root.join("second-name")).unwrap();
    std::os::unix::fs::symlink("shared.key", root.join("other-way.key")).unwrap();
    let workspaces = vec![
        workspace("file", file("a.key"), None),
        workspace("one", file("shared.key"), None),
        workspace("two", file("other-way.key"), None),
        workspace("linked", file("twice.key"), None),
        workspace("gone", file("gone.key"), None),
        workspace("env", Reach::Own(KeyRef::Env("ACME".into())), None),
        workspace("via", Reach::Via(WorkspaceName::parse("file").unwrap()), None),
        workspace("reads", command(&["op", "read", "x"]), None),
        workspace("stores", command(&["op", "read", "y"]), Some(&["keep", "canary-argument"])),
        workspace("same-a", command(&["op", "read", "a"]), Some(&["keep", "same"])),
        workspace("same-b", command(&["op", "read", "b"]), Some(&["keep", "same"])),
    ];
    let fleet = fleet(root, workspaces);
    let stores = Stores::of(&fleet);
    let told: Vec<String> = fleet
        .workspaces
        .iter()
        .map(|workspace| match stores.can_store(workspace) {
            Ok(place) => format!("{}: yes, {place}", workspace.name),
            Err(why) => format!("{}: {why}", workspace.name),
        })
        .collect();
    let told = told.join("\n");
    assert!(!told.contains("canary"));
    insta::assert_snapshot!(told, @r"
    file: yes, file a.key
    one: its key and that of `two` lead to one place; give each a place of its own
    two: its key and that of `one` lead to one place; give each a place of its own
    linked: key file `twice.key` has a second name (a hard link) that would keep the old key; take one of them away
    gone: key file `gone.key` cannot be had: it does not exist; run `keyholder check`
    env: its key is in variable ACME, which keyholder cannot set; name it by a file, or by a command with `store = […]`
    via: it is reached via `file` and has no key of its own; rotate the key of `file`
    reads: its key command only reads; add `store = […]` beside `command`, a program that keeps the key it reads on its standard input
    stores: yes, the store of command keep (f8ed3bdb)
    same-a: its key and that of `same-b` lead to one place; give each a place of its own
    same-b: its key and that of `same-a` lead to one place; give each a place of its own
    ");
}

#[tokio::test]
async fn a_store_command_gets_the_key_on_its_standard_input_and_nowhere_else() {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path();
    let words = |script: &str| ["sh", "-c", script].map(str::to_owned);
    let script = "cat > kept; { env; cat /proc/$$/cmdline; } > seen; cat kept; cat kept >&2";
    feed(root, &words(script), &env(), clock(), &key(NEW)).await.unwrap();
    assert_eq!(text(&root.join("kept")), format!("{NEW}\n"));
    let seen = fs::read(root.join("seen")).unwrap();
    let seen = String::from_utf8_lossy(&seen);
    assert!(seen.contains("PATH=") && !seen.contains("canary"), "{seen}");
}

#[tokio::test]
async fn a_store_command_that_says_no_leaves_it_open_whether_the_key_is_kept() {
    let temp = tempfile::tempdir().unwrap();
    let fed = async |words: &[&str]| {
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        let trouble = feed(temp.path(), &words, &env(), clock(), &key(NEW)).await.unwrap_err();
        (trouble.surely, told_without_secret(&trouble))
    };
    let (surely, why) = fed(&["sh", "-c", "cat; exit 3", "canary-argument"]).await;
    assert!(!surely && why.contains("`sh`") && why.contains("exit code 3"), "{why}");
    let (surely, why) = fed(&["no-such-program-here", "canary-argument"]).await;
    assert!(surely && why.contains("does not exist"), "{why}");
    let (surely, why) = fed(&["true"]).await;
    assert!(!surely && why.contains("without reading"), "{why}");
    let (surely, why) = fed(&["sh", "-c", "cat; kill -9 $$"]).await;
    assert!(!surely && why.contains("signal 9"), "{why}");
}

#[cfg(target_os = "linux")]
#[tokio::test(start_paused = true)]
async fn a_store_command_that_waits_for_somebody_is_killed_with_all_it_started() {
    let temp = tempfile::tempdir().unwrap();
    let words = ["sh", "-c", "sleep 600 & echo $! > child; echo $$ > leader; wait"].map(str::to_owned);
    let (variables, key) = (env(), key(NEW));
    let read = |name: &str| fs::read_to_string(temp.path().join(name)).unwrap_or_default();
    let mut feeding = std::pin::pin!(feed(temp.path(), &words, &variables, clock(), &key));
    // Started by the first poll; the virtual clock stands still until the script has written both numbers.
    assert!(futures::poll!(&mut feeding).is_pending());
    until(|| read("leader").ends_with('\n') && read("child").ends_with('\n'));
    let trouble = feeding.await.unwrap_err();
    assert!(!trouble.surely && told_without_secret(&trouble).contains("did not end within 10 s"), "{trouble}");
    until(|| !runs(&read("child")) && !runs(&read("leader")));
}

#[test]
fn a_folder_of_keys_is_closed_to_others_and_no_file_in_it_is_ever_replaced() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().join("out");
    let acme = WorkspaceName::parse("acme").unwrap();
    check_folder(&folder).unwrap();
    let first = into_folder(&folder, &acme, &key(OLD)).unwrap();
    let second = into_folder(&folder, &acme, &key(NEW)).unwrap();
    assert_eq!((mode(&folder), mode(&first), mode(&second)), (0o700, 0o600, 0o600));
    assert_eq!((text(&first), text(&second)), (format!("{OLD}\n"), format!("{NEW}\n")));
    assert_eq!(names(&folder), ["acme-2.key", "acme.key"]);
    fs::remove_file(&first).unwrap();
    let is_there = |workspace: &str, text: &str| {
        is_in_folder(&folder, &WorkspaceName::parse(workspace).unwrap(), &key(text).fingerprint())
    };
    assert!(is_there("acme", NEW) && !is_there("acme", OLD) && !is_there("globex", NEW));
    write(&first, &OLD[..10]);
    assert!(!is_there("acme", OLD), "a part of a key is none");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o750)).unwrap();
    let why = check_folder(&folder).unwrap_err();
    assert!(why.contains("0750") && why.contains("chmod 700"), "{why}");
    assert!(told_without_secret(&into_folder(&folder, &acme, &key(NEW)).unwrap_err()).contains("chmod 700"));
    assert!(check_folder(&first).unwrap_err().contains("not a folder"));
    assert!(check_folder(&temp.path().join("no/where")).unwrap_err().contains("make it first"));
}

#[test]
fn nothing_that_names_a_store_shows_its_arguments() {
    let store = Store::Command(vec!["keep".to_owned(), "canary".to_owned()]);
    assert_eq!(
        format!("{store} {store:?}"),
        "the store of command keep (13511d3f) the store of command keep (13511d3f)"
    );
    let other = Store::Command(vec!["keep".to_owned(), "else".to_owned()]);
    assert_ne!(store.to_string(), other.to_string(), "two places of one program are two");
}
