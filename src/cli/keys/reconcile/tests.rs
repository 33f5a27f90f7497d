//! The register meets what is seen: what is added, filled, kept, replaced, called gone.

use std::collections::BTreeMap;

use super::*;
use crate::domain::belongings::activity;
use crate::domain::fleet::{Place, Share};
use crate::domain::{ApiKey, Email, KeyRef, Member, MemberId, Mode, Role, TrailRecord, UserId, WorkspaceName};
use crate::plan::{Belongings, Found};

fn own() -> Workspace {
    Workspace {
        name: WorkspaceName::parse("acme").unwrap(),
        id: Some(WorkspaceId::parse("id-acme").unwrap()),
        reach: Reach::Own(KeyRef::File("secrets/acme.key".into())),
        mode: Mode::Observe,
        labels: BTreeMap::new(),
        store: None,
        display_name: None,
        share: Share::new(0.5).unwrap(),
        place: Place { file: "workspaces/acme.toml".into(), line: 1, column: 1 },
    }
}

fn key(id: &str, name: &str, in_use: Option<bool>) -> KeyInfo {
    let id = KeyId::parse(id).unwrap();
    KeyInfo { id, name: name.to_owned(), scopes: Vec::new(), created: "2026-08-01T00:00:00Z".to_owned(), in_use }
}

fn made(key: &str, by: &str) -> TrailRecord {
    TrailRecord {
        id: format!("r-{key}"),
        at: "2026-08-01T00:00:00Z".to_owned(),
        activity: activity::KEY_CREATED,
        user_id: Some(UserId::parse(by).unwrap()),
        user_name: None,
        api_key_id: None,
        webhook_id: None,
        affected: None,
        named: vec![key.to_owned()],
        name: None,
    }
}

fn member(email: &str, user: &str) -> Member {
    Member {
        id: MemberId::parse(&format!("m-{}", email.len())).unwrap(),
        workspace_id: WorkspaceId::parse("id-acme").unwrap(),
        email: Email::parse(email).unwrap(),
        user_id: Some(UserId::parse(user).unwrap()),
        user_email: None,
        role: Role::Editor,
        permissions: None,
        accepted: true,
        nickname: None,
        name: None,
        issuer_id: None,
        timestamp_created: "2026-08-01T00:00:00Z".to_owned(),
    }
}

fn observed(keys: Vec<KeyInfo>, trail: Vec<TrailRecord>, members: Vec<Member>) -> Observed {
    let found = Belongings {
        keys: Found { rows: keys, incomplete: None },
        trail: Found { rows: trail, incomplete: None },
        ..Belongings::default()
    };
    Observed {
        workspace: WorkspaceName::parse("acme").unwrap(),
        id: WorkspaceId::parse("id-acme").unwrap(),
        mode: Mode::Observe,
        owner: None,
        members,
        incomplete: None,
        acts_as: false,
        belongings: Some(Box::new(found)),
        tagging: None,
        links: None,
    }
}

fn meet(register: &mut Register, observed: &Observed, terms: &Terms) -> Vec<String> {
    let access = Access::Own(ApiKey::parse("canary-0123456789").unwrap());
    let own = own();
    let seen = [Seen::of(observed, &own, Some(&access)).unwrap()];
    let rows = reconcile(register, &seen, terms);
    rows.iter().map(|row| format!("{} {}", row.change.as_str(), row.entry.key)).collect()
}

fn entry<'r>(register: &'r Register, key: &str) -> &'r KeyEntry {
    register.entry("acme", &KeyId::parse(key).unwrap()).unwrap()
}

#[test]
fn what_is_seen_of_a_key_stands_in_its_row_and_nothing_is_guessed() {
    let keys = vec![key("k3", "theirs", Some(false)), key("k1", "own", Some(true)), key("k2", "sams", None)];
    let trail = vec![made("k2", "u1"), made("k3", "u2")];
    let members = vec![member("sam@a.example", "u1"), member("x@a.example", "u2"), member("xx@a.example", "u2")];
    let observed = observed(keys, trail, members);
    let mut register = Register::default();
    assert_eq!(meet(&mut register, &observed, &Terms::default()), ["added k1", "added k2", "added k3"]);
    let own = entry(&register, "k1");
    let fingerprint = ApiKey::parse("canary-0123456789").unwrap().fingerprint();
    assert_eq!((own.fingerprint.as_deref(), own.owner.as_deref()), (Some(fingerprint.as_str()), None));
    assert_eq!((own.stored.as_deref(), own.name.as_str()), (Some("file secrets/acme.key"), "own"));
    let sams = entry(&register, "k2");
    assert_eq!((sams.owner.as_deref(), &sams.stored, &sams.fingerprint), (Some("sam@a.example"), &None, &None));
    assert_eq!(entry(&register, "k3").owner, None, "two addresses of one account");
    assert!(meet(&mut register, &observed, &Terms::default()).is_empty(), "there is nothing to do twice");
}

#[test]
fn with_anothers_key_no_key_of_the_workspace_is_the_configured_one() {
    let observed = observed(vec![key("k1", "own", Some(true))], Vec::new(), Vec::new());
    let secret = ApiKey::parse("canary-0123456789").unwrap();
    let access = Access::As { key: secret, workspace: observed.id.clone() };
    let mut reached = own();
    reached.reach = Reach::Via(WorkspaceName::parse("admin").unwrap());
    let mut register = Register::default();
    let rows = reconcile(&mut register, &[Seen::of(&observed, &reached, Some(&access)).unwrap()], &Terms::default());
    assert_eq!((rows.len(), &rows[0].entry.fingerprint, &rows[0].entry.stored), (1, &None, &None));
}

#[test]
fn what_a_person_wrote_stays_unless_it_is_to_be_replaced() {
    let observed = observed(vec![key("k1", "new name", Some(true)), key("k2", "two", None)], Vec::new(), Vec::new());
    let mut register = Register::default();
    meet(&mut register, &observed, &Terms::default());
    let mut row = entry(&register, "k1").clone();
    row.owner = Some("carol".to_owned());
    row.name = "old name".to_owned();
    row.fingerprint = Some("k:00000000".to_owned());
    register.put(row.clone());
    let text = |text: &str| Some(text.to_owned());
    let date = Date::new(2027, 1, 31).ok();
    let terms = Terms { owner: text("ann"), purpose: text("reports"), rotate_by: date, ..Terms::default() };
    assert_eq!(meet(&mut register, &observed, &terms), ["changed k1", "changed k2"], "blank cells are filled");
    let filled = KeyEntry { purpose: text("reports"), rotate_by: date, ..row };
    assert_eq!(entry(&register, "k1"), &filled);
    assert_eq!(entry(&register, "k2").owner.as_deref(), Some("ann"));
    let terms = Terms { replace: true, ..terms };
    assert_eq!(meet(&mut register, &observed, &terms), ["changed k1"]);
    let row = entry(&register, "k1");
    assert_eq!((row.owner.as_deref(), row.name.as_str()), (Some("ann"), "new name"));
    assert_ne!(row.fingerprint.as_deref(), Some("k:00000000"));
    assert_eq!(row.stored.as_deref(), Some("file secrets/acme.key"), "what is not asked for stays");
}

#[test]
fn a_row_is_gone_only_where_the_list_was_complete_and_goes_only_when_asked() {
    let mut observed = observed(vec![key("k1", "own", None)], Vec::new(), Vec::new());
    let mut register = Register::default();
    let row = KeyEntry { key: KeyId::parse("k9").unwrap(), ..gone_row() };
    register.put(row.clone());
    register.put(KeyEntry { workspace: "elsewhere".to_owned(), ..row });
    assert_eq!(meet(&mut register, &observed, &Terms::default()), ["added k1", "gone k9"]);
    let prune = Terms { prune: true, ..Terms::default() };
    observed.belongings.as_mut().unwrap().keys.incomplete = Some("cut".to_owned());
    assert!(meet(&mut register, &observed, &prune).is_empty());
    observed.belongings.as_mut().unwrap().keys.incomplete = None;
    let others = Terms { ids: vec![KeyId::parse("k1").unwrap()], ..prune.clone() };
    assert!(meet(&mut register, &observed, &others).is_empty(), "it is about other keys");
    assert_eq!(meet(&mut register, &observed, &prune), ["removed k9"]);
    assert_eq!(register.iter().count(), 2, "rows of other workspaces stay");
}

fn gone_row() -> KeyEntry {
    KeyEntry {
        workspace: "acme".to_owned(),
        workspace_id: None,
        key: KeyId::parse("k9").unwrap(),
        name: "old".to_owned(),
        owner: None,
        purpose: None,
        stored: None,
        rotate_by: None,
        fingerprint: None,
        vouched: false,
    }
}

#[test]
fn only_what_was_seen_together_is_vouched_for() {
    let observed = observed(vec![key("k1", "own", Some(true)), key("k2", "two", None)], Vec::new(), Vec::new());
    let mut register = Register::default();
    meet(&mut register, &observed, &Terms::default());
    assert!(entry(&register, "k1").vouched && !entry(&register, "k2").vouched);
    // A person moved fingerprints; what stands there is kept, and not signed as keyholder's.
    let seen = entry(&register, "k1").clone();
    register.put(KeyEntry { fingerprint: Some("k:00000000".to_owned()), vouched: false, ..seen.clone() });
    register.put(KeyEntry { fingerprint: seen.fingerprint.clone(), ..entry(&register, "k2").clone() });
    meet(&mut register, &observed, &Terms::default());
    assert!(!entry(&register, "k1").vouched && !entry(&register, "k2").vouched);
    meet(&mut register, &observed, &Terms { replace: true, ..Terms::default() });
    assert!(entry(&register, "k1").vouched && !entry(&register, "k2").vouched);
}

#[test]
fn a_key_that_is_named_by_a_secret_gets_a_row_without_a_name() {
    let secret = "MDE5NTAwMDAtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAxOmNhbmFyeS1jYW5hcnk=";
    let observed = observed(vec![key("k1", secret, None)], Vec::new(), Vec::new());
    let mut register = Register::default();
    meet(&mut register, &observed, &Terms::default());
    assert_eq!(entry(&register, "k1").name, "");
}

#[test]
fn only_the_keys_that_were_named_are_taken() {
    let observed = observed(
        vec![key("k1", "bot a", None), key("k2", "bot b", None), key("k3", "main", None)],
        Vec::new(),
        Vec::new(),
    );
    let names = |pattern: &str| {
        let glob = globset::Glob::new(pattern).unwrap();
        globset::GlobSetBuilder::new().add(glob).build().unwrap()
    };
    let by_name = Terms { names: names("bot *"), ..Terms::default() };
    assert_eq!(meet(&mut Register::default(), &observed, &by_name), ["added k1", "added k2"]);
    let both = Terms { ids: vec![KeyId::parse("k2").unwrap(), KeyId::parse("k3").unwrap()], ..by_name };
    assert_eq!(meet(&mut Register::default(), &observed, &both), ["added k2"]);
}
