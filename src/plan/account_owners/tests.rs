use super::*;
use crate::domain::{Guards, Mailbox, Member, Owners, SendingAccount, TagId};
use crate::plan::members::tests::{member, observed as with_members};

fn rule(mailbox: &str, owner: &str, line: usize) -> OwnerRule {
    OwnerRule {
        mailbox: Mailbox::parse(mailbox).unwrap(),
        owner: Email::parse(owner).unwrap(),
        workspace: None,
        place: crate::domain::fleet::Place { file: "keyholder.toml".into(), line, column: 1 },
    }
}

fn policy(rules: Vec<OwnerRule>) -> AccountPolicy {
    AccountPolicy { owners: Owners::of(rules).unwrap(), ..AccountPolicy::default() }
}

/// A workspace with these accounts, each with the labels it carries.
fn world(accounts: &[(&str, &[&str])]) -> Observed {
    let mut tagging = Tagging::default();
    for (email, labels) in accounts {
        tagging.accounts.rows.push(SendingAccount { email: (*email).to_owned(), ..SendingAccount::default() });
        for label in *labels {
            let known = tagging.tags.rows.iter().find(|tag| tag.label == *label).map(|tag| tag.id.clone());
            let id = known.unwrap_or_else(|| {
                let id = TagId::parse(&format!("t-{}", tagging.tags.rows.len())).unwrap();
                tagging.tags.rows.push(Tag { id: id.clone(), label: (*label).to_owned(), description: None });
                id
            });
            let resource = ResourceId::parse(email).unwrap();
            tagging.note(id, ResourceKind::Account, &resource);
        }
    }
    let members = vec![
        member("m1", "ana@agency.example", "editor"),
        member("m2", "ben@agency.example", "view"),
        Member { accepted: false, ..member("m3", "cleo@agency.example", "view") },
    ];
    Observed { tagging: Some(Box::new(tagging)), ..with_members(members) }
}

fn draw(world: Observed, policy: &AccountPolicy) -> Plan {
    draw_account_owners(vec![world], policy, &Rules::of(Guards::default())).0
}

fn told(plan: &Plan) -> Vec<String> {
    let one = |item: &Item| {
        let fate = match &item.disposition {
            Disposition::Send => "send",
            Disposition::Already(_) => "already",
            Disposition::Held(held) => held.reason.as_str(),
        };
        let resources = match &item.step.change {
            Change::Tag(TagChange::Assign { resources, .. }) => {
                resources.iter().map(ResourceId::as_str).collect::<Vec<_>>().join(",")
            }
            _ => String::new(),
        };
        let after = if item.step.after.is_some() { " after" } else { "" };
        format!("{} {} {resources}{after}: {fate}", item.step.kind(), item.step.change.subject())
    };
    plan.items.iter().map(one).collect()
}

#[test]
fn what_names_no_address_behind_the_prefix_is_nobodys_tag_and_stays() {
    let policy = AccountPolicy {
        tag_prefix: "of ".to_owned(),
        ..policy(vec![rule("*@north.example", "ana@agency.example", 1)])
    };
    let world = world(&[(
        "a@north.example",
        &["of ana@agency.example", "office", "of north", "offer@agency.example", "of ben@agency.example"],
    )]);
    assert_eq!(
        told(&draw(world, &policy)),
        [
            "tag.assign of ana@agency.example a@north.example: already",
            "tag.unassign of ben@agency.example a@north.example: send",
        ]
    );
}

#[test]
fn a_tag_is_made_put_on_and_only_then_the_former_owners_comes_off() {
    let policy = policy(vec![rule("*@north.example", "ana@agency.example", 7)]);
    let world = world(&[
        ("a@north.example", &["owner: ben@agency.example"]),
        ("b@south.example", &["owner: ben@agency.example"]),
    ]);
    let plan = draw(world, &policy);
    assert_eq!(
        told(&plan),
        [
            "tag.create owner: ana@agency.example : send",
            "tag.assign owner: ana@agency.example a@north.example after: send",
            "tag.unassign owner: ben@agency.example a@north.example after: send",
        ]
    );
    assert_eq!(plan.items[2].step.after.as_ref(), Some(&plan.items[1].step.id));
    assert!(plan.needs_typing());
    assert!(plan.notes.iter().any(|note| note.text.contains("1 account has no owner in the files")));
}

#[test]
fn what_is_so_already_sends_nothing_and_an_account_without_a_rule_keeps_what_it_carries() {
    let policy = policy(vec![rule("a@north.example", "ana@agency.example", 7)]);
    let world = world(&[
        ("A@North.example", &["Owner:Ana@agency.example", "north"]),
        ("b@north.example", &["owner: ana@agency.example", "owner: ben@agency.example"]),
    ]);
    let plan = draw(world, &policy);
    // The label as we write it is there as well: it is the one that is kept.
    assert_eq!(
        told(&plan),
        [
            "tag.assign owner: ana@agency.example A@North.example: send",
            "tag.unassign Owner:Ana@agency.example A@North.example after: send",
        ]
    );
    let world = self::world(&[("A@North.example", &["Owner:Ana@agency.example", "north"])]);
    assert_eq!(told(&draw(world, &policy)), ["tag.assign Owner:Ana@agency.example A@North.example: already"]);
}

#[test]
fn an_account_of_somebody_who_is_no_accepted_member_is_left_as_it_is_and_told() {
    let policy = policy(vec![
        rule("a@north.example", "dora@agency.example", 7),
        rule("b@north.example", "cleo@agency.example", 8),
        rule("c@north.example", "dora@agency.example", 9),
    ]);
    let world = world(&[
        ("a@north.example", &["owner: ben@agency.example"]),
        ("b@north.example", &[]),
        ("c@north.example", &["owner: dora@agency.example", "owner: ben@agency.example"]),
    ]);
    let plan = draw(world, &policy);
    assert_eq!(
        told(&plan),
        [
            "tag.assign owner: dora@agency.example c@north.example: already",
            "tag.unassign owner: ben@agency.example c@north.example: send",
            "tag.assign owner: cleo@agency.example b@north.example: heir_not_member",
            "tag.assign owner: dora@agency.example a@north.example: heir_not_member",
        ]
    );
    let held: Vec<&str> = plan
        .items
        .iter()
        .filter_map(|item| match &item.disposition {
            Disposition::Held(held) => Some(held.detail.as_str()),
            _ => None,
        })
        .collect();
    assert!(held[0].contains("has not accepted yet (keyholder.toml:8"), "{held:?}");
    assert!(held[1].contains("is no member of the workspace (keyholder.toml:7"), "{held:?}");
}

#[test]
fn two_globs_that_say_different_people_hold_the_account_and_both_lines_are_told() {
    let policy = policy(vec![
        rule("*@north.example", "ana@agency.example", 7),
        rule("sales*", "ben@agency.example", 8),
        rule("sales1@north.example", "ben@agency.example", 9),
    ]);
    let world = world(&[("sales1@north.example", &[]), ("sales2@north.example", &["owner: ana@agency.example"])]);
    let plan = draw(world, &policy);
    let held = plan.items.iter().find(|item| item.is_held()).unwrap();
    let Disposition::Held(why) = &held.disposition else { panic!() };
    assert_eq!(why.reason, HeldReason::AmbiguousPerson);
    assert!(why.detail.contains("keyholder.toml:7 says ana") && why.detail.contains("keyholder.toml:8 says ben"));
    assert_eq!(plan.sends(), 2, "the one that is named by itself is tagged: {:?}", told(&plan));
}

#[test]
fn nothing_comes_off_where_the_right_tag_cannot_be_put_on() {
    let policy = policy(vec![rule("a@north.example", "ana@agency.example", 7)]);
    let mut world = world(&[("a@north.example", &["owner: ben@agency.example"])]);
    let tags = &mut world.tagging.as_mut().unwrap().tags.rows;
    for id in ["t-8", "t-9"] {
        tags.push(Tag {
            id: TagId::parse(id).unwrap(),
            label: "owner: ana@agency.example".to_owned(),
            description: None,
        });
    }
    assert_eq!(
        told(&draw(world, &policy)),
        [
            "tag.assign owner: ana@agency.example a@north.example: tag_ambiguous",
            "tag.unassign owner: ben@agency.example a@north.example after: after",
        ]
    );
}

#[test]
fn nothing_rests_on_a_list_that_is_not_whole() {
    let policy = policy(vec![rule("*", "ana@agency.example", 7)]);
    let cut = || Some("a cursor came twice".to_owned());
    let whole = || world(&[("a@north.example", &["owner: ben@agency.example"])]);
    let mut tags = whole();
    tags.tagging.as_mut().unwrap().tags.incomplete = cut();
    let mut carried = whole();
    carried.tagging.as_mut().unwrap().carried_incomplete = cut();
    let mut members = whole();
    (members.members, members.incomplete) = (Vec::new(), cut());
    for world in [tags, members] {
        let plan = draw(world, &policy);
        assert!(plan.sends() == 0 && plan.items.iter().any(crate::plan::Item::is_held), "{:?}", told(&plan));
    }
    let plan = draw(carried, &policy);
    assert!(
        plan.items
            .iter()
            .all(|item| !matches!(item.step.change, Change::Tag(TagChange::Assign { .. })) || item.is_held())
    );
}

#[test]
fn a_workspace_that_forbids_it_holds_every_step() {
    let policy = policy(vec![rule("*", "ana@agency.example", 7)]);
    let observe = Observed { mode: Mode::Observe, ..world(&[("a@north.example", &["owner: ben@agency.example"])]) };
    assert_eq!(draw(observe, &policy).sends(), 0);
    let add_only = Observed { mode: Mode::AddOnly, ..world(&[("a@north.example", &["owner: ben@agency.example"])]) };
    let plan = draw(add_only, &policy);
    assert!(!plan.needs_typing(), "nothing is taken off: {:?}", told(&plan));
}

#[test]
fn of_many_accounts_each_step_that_takes_off_waits_for_the_one_that_puts_on() {
    let policy = policy(vec![rule("*", "ana@agency.example", 7)]);
    let names: Vec<String> = (0..250).map(|n| format!("a{n:03}@north.example")).collect();
    let accounts: Vec<(&str, &[&str])> =
        names.iter().map(|name| (name.as_str(), &["owner: ben@agency.example"] as &[&str])).collect();
    let plan = draw(world(&accounts), &policy);
    let steps: Vec<(&str, usize)> = plan
        .items
        .iter()
        .map(|item| match &item.step.change {
            Change::Tag(TagChange::Assign { resources, assign, .. }) => {
                (if *assign { "on" } else { "off" }, resources.len())
            }
            _ => ("make", 0),
        })
        .collect();
    assert_eq!(steps, [("make", 0), ("on", 100), ("on", 100), ("on", 50), ("off", 100), ("off", 100), ("off", 50)]);
    for (on, off) in [(1, 4), (2, 5), (3, 6)] {
        let resources = |at: usize| match &plan.items[at].step.change {
            Change::Tag(TagChange::Assign { resources, .. }) => resources.clone(),
            _ => panic!(),
        };
        let before = plan.items[off].step.after.as_ref().unwrap();
        let matching = plan.items.iter().position(|item| item.step.id == *before).unwrap();
        assert_eq!(resources(off), resources(matching), "{on}");
    }
}
