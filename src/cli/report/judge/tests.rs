use super::*;
use crate::domain::{
    FindingCode, Identity, KeyInfo, Link, LinkId, LinkStatus, SendingAccount, SentDaily, WorkspaceId, WorkspaceName,
};
use crate::run::{LaneTrouble, TroubleKind};

const AGENCY: &str = r#"
version = 1
[accounts]
max_bounces = "5%"
[accounts.owners]
"ann@mail.example" = "ana@agency.example"
"#;

/// Three workspaces; two of them are reached with one secret, and the third over the first.
const WORKSPACES: &str = r#"
[[workspace]]
name = "acme"
id = "w-acme"
key = { env = "SAME" }
[[workspace]]
name = "canary"
id = "w-canary"
key = { env = "SAME" }
[[workspace]]
name = "globex"
id = "w-globex"
via = "acme"
"#;

fn fleet() -> Fleet {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("keyholder.toml"), AGENCY).unwrap();
    std::fs::create_dir(root.path().join("workspaces")).unwrap();
    std::fs::write(root.path().join("workspaces/all.toml"), WORKSPACES).unwrap();
    crate::config::load(root.path()).unwrap()
}

fn now() -> Timestamp {
    "2026-11-22T10:00:00Z".parse().unwrap()
}

fn period() -> Period {
    Period::new("2026-11-01".parse().unwrap(), "2026-11-21".parse().unwrap()).unwrap()
}

fn id(text: &str) -> WorkspaceId {
    WorkspaceId::parse(text).unwrap()
}

fn inventory() -> Inventory {
    let identity = Identity {
        id: id("w-acme"),
        name: "Acme".to_owned(),
        owner: None,
        plan_id: None,
        scheduled_for_removal_at: None,
    };
    let key = KeyInfo {
        id: crate::domain::KeyId::parse("k-1").unwrap(),
        name: "zap".to_owned(),
        scopes: vec!["all:all".to_owned()],
        created: "2026-11-01T00:00:00.000Z".to_owned(),
        in_use: Some(true),
    };
    let account = |email: &str, status| SendingAccount {
        email: email.to_owned(),
        status: Some(status),
        ..SendingAccount::default()
    };
    let link = Link {
        id: LinkId::parse("l-1").unwrap(),
        admin: id("w-acme"),
        sub: id("w-new"),
        status: LinkStatus::Accepted,
        sub_name: Some("New".to_owned()),
        admin_name: None,
        created: "2026-10-01T00:00:00.000Z".to_owned(),
    };
    let sent = |day: &str, sent, bounced| (day.parse().unwrap(), Sent { sent, bounced });
    let days = [sent("2026-11-02", 100, 10), sent("2026-11-22", 1000, 0)];
    Inventory {
        keys: Some(Told::whole(vec![key])),
        tags: Some(Told::default()),
        carried: Some(Told::default()),
        accounts: Some(Told::whole(vec![account("Ann@mail.example", 1), account("bo@mail.example", -1)])),
        sent: Some(SentDaily {
            days: [(Email::observed("ann@mail.example"), days.into())].into(),
            ..SentDaily::default()
        }),
        links: Some(Told::whole(vec![link])),
        ..Inventory::of(identity, now(), false)
    }
}

fn said(fleet: &Fleet, inventory: &Inventory, kinds: &BTreeSet<ReportKind>) -> Said {
    let name = WorkspaceName::parse("acme").unwrap();
    let workspace = fleet.workspace(&name).unwrap();
    let target = Target {
        name,
        pinned: workspace.id.clone(),
        mode: workspace.mode,
        access: Err(LaneTrouble::new(TroubleKind::KeyMissing, "not asked", Vec::new())),
        key_id: None,
        pays: Vec::new(),
    };
    let seen = observed(workspace, inventory);
    let judging = Judging::new(fleet, now());
    judging.said((workspace, &target), inventory, &seen, &Remembered::default(), (kinds, period()))
}

#[test]
fn the_rules_of_the_audits_speak_of_one_workspace_and_of_no_other() {
    let said = said(&fleet(), &inventory(), &ReportKind::ALL.into());
    let codes: BTreeSet<FindingCode> = said.findings.iter().map(|finding| finding.code).collect();
    for code in [
        FindingCode::WildcardScope,
        FindingCode::AccountBounces,
        FindingCode::AccountDisconnected,
        FindingCode::GroupUnconfigured,
    ] {
        assert!(codes.contains(&code), "{code} is not among {codes:?}");
    }
    assert!(!codes.contains(&FindingCode::SharedSecret));
    let told = format!("{:?} {:?}", said.findings, said.not_judged);
    assert!(!told.contains("canary") && !told.contains("globex"), "{told}");
}

#[test]
fn bounces_are_those_of_the_period() {
    let said = said(&fleet(), &inventory(), &[ReportKind::Accounts].into());
    let bounces: Vec<&str> = said
        .findings
        .iter()
        .filter(|finding| finding.code == FindingCode::AccountBounces)
        .map(|finding| finding.evidence.as_str())
        .collect();
    assert_eq!(bounces, ["from 2026-11-01 to 2026-11-21 10 of 100 bounced (10%), more than max_bounces (5%)"]);
    let owner = &said.accounts[&Email::observed("ann@mail.example")];
    assert_eq!((owner.owner.as_str(), owner.source), ("ana@agency.example", "files"));
}

#[test]
fn only_what_is_asked_for_is_judged() {
    let nothing = said(&fleet(), &inventory(), &[ReportKind::Lists].into());
    assert_eq!((nothing.findings.len(), nothing.keys.len(), nothing.accounts.len()), (0, 0, 0));
    let keys = said(&fleet(), &inventory(), &[ReportKind::Keys].into());
    assert!(keys.findings.iter().all(|finding| finding.code.is_about_keys()));
    assert_eq!(keys.keys.len(), 1);
}

#[test]
fn what_was_not_read_is_not_judged_as_if_it_were_empty() {
    let unread = Inventory { tags: None, carried: None, ..inventory() };
    let seen = observed(fleet().workspace(&WorkspaceName::parse("acme").unwrap()).unwrap(), &unread);
    assert!(seen.incomplete.is_some(), "the members were not read");
    let tagging = seen.tagging.as_deref().unwrap();
    assert!(tagging.tags.incomplete.is_some() && tagging.carried_incomplete.is_some());
    assert!(seen.belongings.as_deref().unwrap().trail.incomplete.is_some());
    let said = said(&fleet(), &unread, &ReportKind::ALL.into());
    assert!(said.findings.iter().all(|finding| finding.code != FindingCode::AccountNoOwner), "tags are not known");
}
