//! Owners of sending accounts: a plan that was applied leaves what a reference says, drawing again gives nothing, the order of what was
//! listed does not matter, and what no rule is about is not touched.

use std::collections::{BTreeMap, BTreeSet};

use keyholder::domain::{
    AccountPolicy, Change, Email, Guards, Mailbox, Member, MemberId, Mode, Owned, OwnerRule, Owners, ResourceId,
    ResourceKind, Role, SendingAccount, Tag, TagChange, TagId, UserId, WorkspaceId, WorkspaceName, fleet::Place,
};
use keyholder::plan::{Found, Observed, Plan, Rules, Tagging, draw_account_owners};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

const PEOPLE: [&str; 4] =
    ["ana@agency.example", "ben@agency.example", "ann-lee@agency.example", "annlee@agency.example"];
const STRANGER: &str = "dora@agency.example";
const ACCOUNTS: [&str; 6] =
    ["a@north.example", "B@North.example", "c@north.example", "a@south.example", "b@south.example", "x@west.example"];
const MAILBOXES: [&str; 7] = [
    "a@north.example",
    "b@north.example",
    "A@south.example",
    "*@north.example",
    "a@*",
    "*@south.example",
    "?@*.example",
];
const LABELS: [&str; 6] = [
    "owner: ana@agency.example",
    "Owner:Ana@agency.example",
    "owner: ben@agency.example",
    "owner: noor",
    "north",
    "owner: ann-lee@agency.example",
];

fn rules() -> impl Strategy<Value = Vec<(&'static str, &'static str, bool)>> {
    let person = prop_oneof![9 => select(&PEOPLE[..]), 1 => Just(STRANGER)];
    proptest::collection::vec((select(&MAILBOXES[..]), person, any::<bool>()), 0..5)
}

type Carried = Vec<(&'static str, Vec<&'static str>)>;

fn carried() -> impl Strategy<Value = Carried> {
    subsequence(ACCOUNTS.to_vec(), 0..=6).prop_flat_map(|accounts| {
        let each: Vec<_> = accounts.into_iter().map(|one| (Just(one), subsequence(LABELS.to_vec(), 0..4))).collect();
        each
    })
}

fn policy(rules: &[(&str, &str, bool)]) -> AccountPolicy {
    let rule = |(line, (mailbox, owner, here)): (usize, &(&str, &str, bool))| OwnerRule {
        mailbox: Mailbox::parse(mailbox).unwrap(),
        owner: Email::parse(owner).unwrap(),
        workspace: here.then(|| WorkspaceName::parse("acme").unwrap()),
        place: Place { file: "owners.csv".into(), line: line + 2, column: 1 },
    };
    let rules = rules.iter().enumerate().map(rule).collect();
    AccountPolicy { owners: Owners::of(rules).unwrap(), ..AccountPolicy::default() }
}

fn world(carried: &Carried) -> Observed {
    let member = |(place, email): (usize, &&str)| Member {
        id: MemberId::parse(&format!("m-{place}")).unwrap(),
        email: Email::parse(email).unwrap(),
        user_id: UserId::parse(&format!("u-{place}")).ok(),
        user_email: None,
        role: Role::Editor,
        permissions: None,
        accepted: true,
        nickname: None,
        name: None,
        issuer_id: None,
        timestamp_created: String::new(),
        workspace_id: WorkspaceId::parse("w-1").unwrap(),
    };
    let mut tagging = Tagging::default();
    for (email, labels) in carried {
        tagging.accounts.rows.push(SendingAccount { email: (*email).to_owned(), ..SendingAccount::default() });
        for label in labels {
            let id = id_of(label);
            if tagging.tags.rows.iter().all(|tag| tag.id != id) {
                tagging.tags.rows.push(Tag { id: id.clone(), label: (*label).to_owned(), description: None });
            }
            tagging.note(id, ResourceKind::Account, &ResourceId::parse(email).unwrap());
        }
    }
    Observed {
        workspace: WorkspaceName::parse("acme").unwrap(),
        id: WorkspaceId::parse("w-1").unwrap(),
        mode: Mode::Manage,
        owner: None,
        members: PEOPLE.iter().enumerate().map(member).collect(),
        incomplete: None,
        acts_as: false,
        belongings: None,
        tagging: Some(Box::new(tagging)),
        links: None,
    }
}

fn id_of(label: &str) -> TagId {
    let hex: Vec<String> = label.bytes().map(|byte| format!("{byte:02x}")).collect();
    TagId::parse(&format!("t-{}", hex.concat())).unwrap()
}

fn draw(world: Observed, policy: &AccountPolicy) -> Plan {
    draw_account_owners(vec![world], policy, &Rules::of(Guards::default())).0
}

/// Does what a plan says, step by step; fails on a step that could not be done as it stands.
fn apply(world: &Observed, plan: &Plan) -> Observed {
    let mut world = world.clone();
    let mut done = BTreeSet::new();
    for item in plan.items.iter().filter(|item| item.sends()) {
        assert!(item.step.after.as_ref().is_none_or(|before| done.contains(before)), "{item:?}");
        done.insert(item.step.id.clone());
        let tagging = world.tagging.as_mut().unwrap();
        match &item.step.change {
            Change::Tag(TagChange::Create { label, .. }) => {
                assert_eq!(tagging.called(label).count(), 0, "{label}");
                tagging.tags.rows.push(Tag { id: id_of(label), label: label.clone(), description: None });
            }
            Change::Tag(TagChange::Assign { label, resources, assign, .. }) => {
                assert!((1..=TagChange::MOST).contains(&resources.len()));
                let tag = tagging.called(label).next().unwrap().id.clone();
                let carrying = tagging.carried.entry(tag).or_default();
                for one in resources {
                    let one = (ResourceKind::Account, one.folded(ResourceKind::Account));
                    let changed = if *assign { carrying.insert(one) } else { carrying.remove(&one) };
                    assert!(changed, "only what lacks the wanted state: {item:?}");
                }
            }
            other => panic!("{other:?}"),
        }
    }
    world
}

/// What every account carries.
fn labels(world: &Observed) -> BTreeMap<String, BTreeSet<String>> {
    let tagging = world.tagging.as_deref().unwrap();
    let of = |account: &SendingAccount| {
        let resource = ResourceId::parse(&account.email).unwrap();
        let carried = tagging.tags.rows.iter().filter(|tag| tagging.carries(&tag.id, ResourceKind::Account, &resource));
        (account.email.clone(), carried.map(|tag| tag.label.clone()).collect())
    };
    tagging.accounts.rows.iter().map(of).collect()
}

/// What should come of it: of each account whose owner is a member one owner's tag, the rest as it was.
fn reference(world: &Observed, policy: &AccountPolicy) -> BTreeMap<String, BTreeSet<String>> {
    // What is no address is somebody's own words.
    let is_owners = |label: &str| label.to_lowercase().starts_with("owner:") && label.contains('@');
    let says = |label: &str, owner: &Email| is_owners(label) && label[6..].trim().eq_ignore_ascii_case(owner.as_str());
    let there: BTreeSet<&str> =
        world.tagging.as_ref().unwrap().tags.rows.iter().map(|tag| tag.label.as_str()).collect();
    let mut all = labels(world);
    for (account, carries) in &mut all {
        let Owned::By(rule) = policy.owners.of_account(&world.workspace, &Email::observed(account)) else { continue };
        let ours = format!("owner: {}", rule.owner);
        let label = if there.contains(ours.as_str()) {
            ours
        } else {
            there.iter().find(|label| says(label, &rule.owner)).map_or(ours, |label| (*label).to_owned())
        };
        let is_member = world.members.iter().any(|member| member.email == rule.owner);
        if is_member || carries.contains(&label) {
            carries.retain(|other| !is_owners(other));
            carries.insert(label);
        }
    }
    all
}

proptest! {
    #[test]
    fn what_was_applied_is_as_the_files_say_and_drawing_again_gives_nothing(rules in rules(), carried in carried()) {
        let (policy, before) = (policy(&rules), world(&carried));
        let plan = draw(before.clone(), &policy);
        let after = apply(&before, &plan);
        prop_assert_eq!(labels(&after), reference(&before, &policy));
        prop_assert_eq!(draw(after, &policy).sends(), 0);
    }

    #[test]
    fn the_order_of_what_was_listed_does_not_matter(rules in rules(), carried in carried().prop_shuffle(), seed in any::<u64>()) {
        let (policy, one) = (policy(&rules), world(&carried));
        let mut other = one.clone();
        let tagging = other.tagging.as_mut().unwrap();
        tagging.accounts.rows.reverse();
        let turn = usize::try_from(seed % 7).unwrap() % tagging.tags.rows.len().max(1);
        tagging.tags.rows.rotate_left(turn);
        other.members.reverse();
        prop_assert_eq!(draw(one, &policy).id, draw(other, &policy).id);
    }

    #[test]
    fn nothing_is_sent_where_a_list_was_cut(rules in rules(), carried in carried(), which in 0_usize..3) {
        let (policy, mut cut) = (policy(&rules), world(&carried));
        let why = Some("a cursor came twice".to_owned());
        let tagging = cut.tagging.as_mut().unwrap();
        match which {
            0 => tagging.tags.incomplete = why,
            1 => tagging.carried_incomplete = why,
            _ => (cut.members, cut.incomplete) = (Vec::new(), why),
        }
        let plan = draw(cut, &policy);
        let assigns = plan.items.iter().filter(|item| item.sends()).filter(|item| {
            matches!(&item.step.change, Change::Tag(TagChange::Assign { assign: true, .. }))
        });
        prop_assert_eq!(assigns.count(), 0);
        if which < 2 {
            let taken = plan.items.iter().filter(|item| item.sends() && item.step.needs_typing());
            prop_assert_eq!(taken.count(), 0);
        }
    }
}

#[test]
fn a_listing_that_shows_an_account_twice_is_one_account() {
    let policy = policy(&[("*@north.example", PEOPLE[0], false)]);
    let mut twice = world(&vec![("a@north.example", vec![])]);
    let rows: &mut Found<SendingAccount> = &mut twice.tagging.as_mut().unwrap().accounts;
    rows.rows.push(rows.rows[0].clone());
    assert_eq!(draw(twice, &policy).sends(), 2);
}
