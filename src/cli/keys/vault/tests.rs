//! The vault: each place a secret goes to, and that nothing it says or is shows one.

use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::ui::{Progress, Sink};

const OLD: &str = "canary-old-0123456789";
const NEW: &str = "canary-new-0123456789";

struct Bench {
    temp: tempfile::TempDir,
    out: Sink,
    err: Sink,
    vault: Vault,
}

fn bench(shows: bool) -> Bench {
    let temp = tempfile::tempdir().unwrap();
    let (out, err) = (Sink::memory(), Sink::memory());
    std::fs::write(temp.path().join("acme.key"), OLD).unwrap();
    std::fs::set_permissions(temp.path().join("acme.key"), std::fs::Permissions::from_mode(0o600)).unwrap();
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    let place = |reference: Option<KeyRef>, store: Result<Store, String>| Place { reference, store };
    let places = BTreeMap::from([
        (name("acme"), place(Some(KeyRef::File("acme.key".into())), Ok(Store::File("acme.key".into())))),
        (
            name("globex"),
            place(
                Some(KeyRef::Command(words(&["cat", "globex"]))),
                Ok(Store::Command(words(&["sh", "-c", "cat > globex"]))),
            ),
        ),
        (name("initech"), place(Some(KeyRef::Env("INITECH".into())), Err("it is in a variable".to_owned()))),
    ]);
    let vault = Vault {
        root: temp.path().to_owned(),
        places,
        env: BTreeMap::from([
            ("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned()),
            ("INITECH".to_owned(), OLD.to_owned()),
        ]),
        clock: Clock::starting_at("2026-11-22T09:00:00Z".parse().unwrap()),
        printer: Printer::new(true, false, Progress::new(false)).into(out.clone(), err.clone()),
        shows,
        helpers: Arc::new(Semaphore::new(AT_ONCE)),
    };
    Bench { temp, out, err, vault }
}

fn name(text: &str) -> WorkspaceName {
    WorkspaceName::parse(text).unwrap()
}

fn secret(workspace: &str, keep: Keep) -> Secret {
    let key = ApiKey::parse(NEW).unwrap();
    Secret { workspace: name(workspace), name: "bot\u{1b}[2J — 1a2b3c4d".to_owned(), keep, key }
}

fn configured(reference: &str) -> Keep {
    Keep::Configured(reference.to_owned())
}

fn refused(kept: Result<(), NotKept>) -> String {
    let not = kept.unwrap_err();
    assert!(not.surely && !format!("{not:?}").contains("canary"), "{not:?}");
    not.why
}

#[tokio::test]
async fn a_configured_key_is_replaced_by_the_switch_alone() {
    let Bench { temp, vault, out, err } = bench(true);
    let secret = secret("acme", configured("file acme.key"));
    let now = async || vault.configured(&name("acme")).await.unwrap().same_secret(&secret.key);
    vault.store(&secret).await.unwrap();
    assert!(!now().await);
    vault.switch(&secret).await.unwrap();
    assert!(now().await);
    vault.store(&secret).await.unwrap();
    vault.forget(&name("acme")).await.unwrap();
    assert_eq!(temp.path().read_dir().unwrap().count(), 1);
    assert_eq!(out.written() + &err.written(), "");
}

#[tokio::test]
async fn a_store_command_keeps_what_its_key_command_reads_back() {
    let Bench { temp: _kept, vault, .. } = bench(true);
    let store = vault.places[&name("globex")].store.clone().unwrap();
    let secret = secret("globex", configured(&store.to_string()));
    assert!(vault.configured(&name("globex")).await.is_err());
    vault.store(&secret).await.unwrap();
    vault.switch(&secret).await.unwrap();
    vault.forget(&name("globex")).await.unwrap();
    assert!(vault.configured(&name("globex")).await.unwrap().same_secret(&secret.key));
}

#[tokio::test]
async fn nothing_is_stored_elsewhere_than_where_the_plan_said() {
    let Bench { temp, vault, .. } = bench(true);
    let why = refused(vault.store(&secret("acme", configured("file other.key"))).await);
    assert!(why.contains("file other.key") && why.contains("file acme.key"), "{why}");
    assert!(refused(vault.switch(&secret("acme", configured("file other.key"))).await).contains("plan again"));
    assert!(refused(vault.store(&secret("initech", configured("variable INITECH"))).await).contains("variable"));
    assert!(refused(vault.store(&secret("hooli", configured("file x"))).await).contains("no workspace"));
    assert_eq!(temp.path().read_dir().unwrap().count(), 1);
}

#[tokio::test]
async fn a_secret_is_shown_once_to_a_person_and_never_to_a_pipe() {
    let Bench { temp: _kept, vault, out, err } = bench(true);
    vault.store(&secret("acme", Keep::Shown)).await.unwrap();
    let head = "acme: key \"bot[2J — 1a2b3c4d\", shown this once and kept nowhere:";
    assert_eq!(out.written(), format!("{head}\n{NEW}\n"), "even where only what must be seen is said");
    assert_eq!(err.written(), "");
    let Bench { temp: _kept, vault, out, err } = bench(false);
    assert!(refused(vault.store(&secret("acme", Keep::Shown)).await).contains("--key-out"));
    assert_eq!(out.written() + &err.written(), "");
}

#[tokio::test]
async fn a_folder_takes_a_file_for_each_workspace() {
    let Bench { temp, vault, .. } = bench(false);
    vault.store(&secret("globex", Keep::Folder("out".to_owned()))).await.unwrap();
    let written = std::fs::read_to_string(temp.path().join("out/globex.key")).unwrap();
    assert_eq!(written, format!("{NEW}\n"));
    let (key, keep) = (ApiKey::parse(NEW).unwrap(), Keep::Folder("out".to_owned()));
    assert!(vault.holds(&name("globex"), &keep, &key.fingerprint()).await);
    assert!(!vault.holds(&name("acme"), &keep, &key.fingerprint()).await);
    assert!(!vault.holds(&name("globex"), &Keep::Shown, &key.fingerprint()).await);
}

#[cfg(target_os = "linux")]
#[tokio::test(start_paused = true)]
async fn of_many_helpers_eight_run_at_a_time_and_the_others_wait_outside_their_time_limit() {
    let Bench { temp: _kept, mut vault, .. } = bench(true);
    let asleep: Vec<String> = ["sleep", "600"].map(str::to_owned).into();
    let names: Vec<WorkspaceName> = (0..20).map(|number| name(&format!("w{number}"))).collect();
    for one in &names {
        let reference = Some(KeyRef::Command(asleep.clone()));
        vault.places.insert(one.clone(), Place { reference, store: Ok(Store::Command(asleep.clone())) });
    }
    let keep = configured(&Store::Command(asleep).to_string());
    let secrets: Vec<Secret> = names[..10].iter().map(|one| secret(one.as_str(), keep.clone())).collect();
    let began = vault.clock.elapsed();
    let storing = futures::future::join_all(secrets.iter().map(|secret| vault.store(secret)));
    let reading = futures::future::join_all(names[10..].iter().map(|one| vault.configured(one)));
    let (stored, read) = futures::join!(storing, reading);
    assert!(stored.iter().all(|one| one.as_ref().is_err_and(|not| not.why.contains("within 10 s"))), "{stored:?}");
    assert!(read.iter().all(|one| one.as_ref().is_err_and(|why| why.contains("within 10 s"))));
    let took = vault.clock.elapsed().saturating_sub(began);
    assert_eq!(took.as_secs(), 30, "eight, eight and four, ten seconds each");
}

#[test]
fn the_vault_itself_shows_nothing() {
    let Bench { vault, .. } = bench(true);
    let told = format!("{vault:?} {:#?}", secret("acme", Keep::Shown));
    assert!(!told.contains("canary"), "{told}");
}
