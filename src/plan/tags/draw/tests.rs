use super::*;
use crate::domain::{Change, Guards, HeldReason, ResourceId, ResourceKind, RunId, Step, StepKind, Tag, TagId};
use crate::plan::members::tests::observed as with_members;
use crate::plan::{Carried, Doubt, Found, Tagging};

fn tag(id: &str, label: &str, description: Option<&str>) -> Tag {
    Tag { id: TagId::parse(id).unwrap(), label: label.to_owned(), description: description.map(str::to_owned) }
}

fn addresses(of: usize) -> Vec<ResourceId> {
    (0..of).map(|one| ResourceId::parse(&format!("a{one:04}@mail.example")).unwrap()).collect()
}

fn tagging(tags: Vec<Tag>) -> Tagging {
    let counts = tags.iter().map(|tag| (tag.id.clone(), Carried::default())).collect();
    Tagging { tags: Found { rows: tags, incomplete: None }, counts, ..Tagging::default() }
}

/// Read for its tags alone: of its members nothing is known.
fn world(tagging: Tagging) -> Observed {
    let incomplete = Some("the members were not read".to_owned());
    Observed { incomplete, tagging: Some(Box::new(tagging)), ..with_members(vec![]) }
}

fn drawn(tagging: Tagging, wishes: &[TagWish]) -> Plan {
    draw_tags(&[(world(tagging), wishes.to_vec())], &Rules::of(Guards::default()))
}

fn told(item: &Item) -> String {
    let fate = match &item.disposition {
        Disposition::Send => "send",
        Disposition::Already(_) => "already",
        Disposition::Held(held) => held.reason.as_str(),
    };
    format!("{} {} {}: {fate}", item.step.kind(), item.step.change.subject(), item.step.change.wanted())
}

fn all_told(plan: &Plan) -> Vec<String> {
    plan.items.iter().map(told).collect()
}

fn present(label: &str, description: Option<&str>, former: &[&str]) -> TagWish {
    TagWish::Present {
        label: label.to_owned(),
        description: description.map(str::to_owned),
        former: former.iter().map(|one| (*one).to_owned()).collect(),
    }
}

fn assigned(label: &str, resources: Vec<ResourceId>, assign: bool, make: bool) -> TagWish {
    let make = make.then_some(None);
    TagWish::Assigned { label: label.to_owned(), on: ResourceKind::Account, resources, assign, make }
}

fn carried(tagging: &mut Tagging, id: &str, resources: &[ResourceId]) {
    let carrying = tagging.carried.entry(TagId::parse(id).unwrap()).or_default();
    carrying.extend(resources.iter().map(|one| (ResourceKind::Account, one.clone())));
}

#[test]
fn a_tag_is_made_renamed_described_or_left_as_it_is() {
    let tags = || {
        tagging(vec![
            tag("t1", "Old", Some("what it was")),
            tag("t2", " Told ", None),
            tag("t3", "Right", Some(" as it is ")),
            tag("t4", "Somebody's", None),
        ])
    };
    let wishes = [
        present("New", Some("fresh"), &["Older"]),
        present("Newer", None, &["Older", "Old"]),
        present("Told", Some("more"), &[]),
        present("Right", Some("as it is"), &["Never"]),
    ];
    assert_eq!(
        all_told(&drawn(tags(), &wishes)),
        [
            "tag.create New there: send",
            "tag.rename Newer renamed from \"Old\": send",
            "tag.create Right there: already",
            "tag.describe Told described \"more\": send",
        ]
    );
    let renamed = drawn(tags(), &[present("Newer", Some("now so"), &["Old"])]);
    assert_eq!(all_told(&renamed), ["tag.rename Newer renamed from \"Old\", described: send"]);
}

#[test]
fn where_both_the_label_and_a_former_one_are_there_nothing_is_merged() {
    let plan = drawn(tagging(vec![tag("t1", "Old", None), tag("t2", "New", None)]), &[present("New", None, &["Old"])]);
    assert_eq!(all_told(&plan), ["tag.create New there: already"]);
    assert!(plan.notes[0].text.contains("\"Old\" is there too"), "{:?}", plan.notes);
    let wishes = [present("New", None, &["Old"]), TagWish::Pruned { tag: TagId::parse("t1").unwrap() }];
    let plan = drawn(tagging(vec![tag("t1", "Old", None), tag("t2", "New", None)]), &wishes);
    assert_eq!(all_told(&plan), ["tag.create New there: already", "tag.delete Old absent: send"]);
    assert!(plan.notes.is_empty(), "{:?}", plan.notes);
}

#[test]
fn nothing_is_made_beside_a_label_that_is_nearly_the_same() {
    let near = tagging(vec![tag("t1", "team-north", None)]);
    let plan = drawn(near.clone(), &[present("Team North", None, &[])]);
    assert_eq!(all_told(&plan), ["tag.create Team North there: tag_ambiguous"]);
    let Disposition::Held(held) = &plan.items[0].disposition else { panic!() };
    assert!(held.remedy.contains("former = [\"team-north\"]"), "{held:?}");
    let plan = drawn(near.clone(), &[present("Team North", None, &["team-north"])]);
    assert_eq!(all_told(&plan), ["tag.rename Team North renamed from \"team-north\": send"]);
    // Not by an assignment either, and what it would carry waits with it.
    let plan = drawn(near, &[assigned("Team North", addresses(1), true, true)]);
    assert_eq!(
        all_told(&plan),
        ["tag.create Team North there: tag_ambiguous", "tag.assign Team North on a0000@mail.example: after"]
    );
}

#[test]
fn of_two_tags_of_one_label_none_is_altered_and_none_is_put_on_anything() {
    let twice = tagging(vec![tag("t1", "VIP", None), tag("t2", "VIP", None)]);
    let wishes = [present("VIP", Some("x"), &[]), assigned("VIP", addresses(1), true, false)];
    let held = drawn(twice.clone(), &wishes);
    assert_eq!(
        all_told(&held),
        ["tag.describe VIP described \"x\": tag_ambiguous", "tag.assign VIP on a0000@mail.example: tag_ambiguous"]
    );
    assert_eq!(all_told(&drawn(twice, &[present("VIP", None, &[])])), ["tag.create VIP there: already"]);
    let formers = tagging(vec![tag("t1", "A", None), tag("t2", "B", None)]);
    assert_eq!(all_told(&drawn(formers, &[present("C", None, &["A", "B"])])), ["tag.create C there: tag_ambiguous"]);
}

#[test]
fn what_lacks_the_tag_gets_it_in_hundreds() {
    let mut tags = tagging(vec![tag("t1", "VIP", None)]);
    let all = addresses(305);
    carried(&mut tags, "t1", &all[..5]);
    let plan = drawn(tags.clone(), &[assigned("VIP", all.clone(), true, false)]);
    let sizes = |plan: &Plan| -> Vec<usize> {
        plan.items
            .iter()
            .map(|item| match &item.step.change {
                Change::Tag(TagChange::Assign { resources, .. }) => resources.len(),
                other => panic!("{other:?}"),
            })
            .collect()
    };
    assert_eq!(sizes(&plan), [100, 100, 100]);
    assert!(
        plan.items
            .iter()
            .all(|item| item.sends() && matches!(&item.step.rests_on, RestsOn::Tag { id, .. } if id.as_str() == "t1"))
    );
    assert_eq!(plan.notes[0].text, "5 of 305 accounts carry it already");
    let off = drawn(tags.clone(), &[assigned("VIP", all[..6].to_vec(), false, false)]);
    assert_eq!(all_told(&off), ["tag.unassign VIP off 5 accounts (a0000@mail.example to a0004@mail.example): send"]);
    let so = drawn(tags, &[assigned("VIP", all[..5].to_vec(), true, false)]);
    assert_eq!(so.items[0].disposition, Disposition::Already("5 of 5 accounts carry it already".to_owned()));
}

#[test]
fn a_missing_tag_is_made_first_where_that_is_asked_and_held_where_not() {
    let plan = drawn(tagging(vec![]), &[assigned("VIP", addresses(150), true, true)]);
    assert_eq!(
        all_told(&plan),
        [
            "tag.create VIP there: send",
            "tag.assign VIP on 100 accounts (a0000@mail.example to a0099@mail.example): send",
            "tag.assign VIP on 50 accounts (a0100@mail.example to a0149@mail.example): send"
        ]
    );
    assert!(plan.items[1..].iter().all(|item| item.step.after.as_ref() == Some(&plan.items[0].step.id)));
    assert!(plan.items[1..].iter().all(|item| item.step.rests_on == RestsOn::TagToCome));
    let held = drawn(tagging(vec![]), &[assigned("VIP", addresses(1), true, false)]);
    assert_eq!(all_told(&held), ["tag.assign VIP on a0000@mail.example: tag_missing"]);
    let off = drawn(tagging(vec![]), &[assigned("VIP", addresses(1), false, false)]);
    assert_eq!(all_told(&off), ["tag.unassign VIP off a0000@mail.example: already"]);
    // A rename of the same plan makes it too.
    let renamed = drawn(
        tagging(vec![tag("t1", "Old", None)]),
        &[assigned("VIP", addresses(1), true, false), present("VIP", None, &["Old"])],
    );
    assert_eq!(
        all_told(&renamed),
        ["tag.rename VIP renamed from \"Old\": send", "tag.assign VIP on a0000@mail.example: send"]
    );
    assert_eq!(renamed.items[1].step.after.as_ref(), Some(&renamed.items[0].step.id));
}

#[test]
fn only_a_tag_that_was_counted_and_that_nothing_carries_is_pruned() {
    let pruned = |id: &str| TagWish::Pruned { tag: TagId::parse(id).unwrap() };
    let mut tags = tagging(vec![tag("t1", "Empty", None), tag("t2", "Used", None), tag("t3", "Uncounted", None)]);
    tags.counts.insert(TagId::parse("t2").unwrap(), Carried { accounts: 0, campaigns: 0, others: 1 });
    tags.counts.remove(&TagId::parse("t3").unwrap());
    let wishes = [pruned("t1"), pruned("t2"), pruned("t3"), pruned("t4")];
    assert_eq!(
        all_told(&drawn(tags.clone(), &wishes)),
        [
            "tag.delete Empty absent: send",
            "tag.delete Uncounted absent: incomplete_listing",
            "tag.delete t4 absent: already",
        ]
    );
    let plan = drawn(tags.clone(), &wishes);
    assert!(plan.needs_typing() && plan.removals() == 0);
    let kept = [
        (present("Empty", None, &[]), false),
        (present("E", None, &["Empty"]), false),
        (present("em-pty", None, &[]), true),
    ];
    for (named, is_noted) in kept {
        let plan = drawn(tags.clone(), &[named, pruned("t1")]);
        assert!(plan.items.iter().all(|item| item.step.kind() != StepKind::TagDelete), "{:?}", plan.items);
        let noted = plan.notes.iter().any(|note| note.text.starts_with("left alone"));
        assert_eq!(noted, is_noted, "{:?}", plan.notes);
    }
    tags.carried_incomplete = Some("cut".to_owned());
    assert!(drawn(tags, &wishes).sends() == 0);
}

#[test]
fn of_several_tags_of_a_wanted_label_and_of_near_ones_the_right_one_stays() {
    let mut tags =
        tagging(vec![tag("t1", "VIP", None), tag("t2", "VIP", None), tag("t3", "vip", None), tag("t4", "VIP", None)]);
    tags.counts.insert(TagId::parse("t2").unwrap(), Carried { accounts: 3, campaigns: 0, others: 0 });
    tags.counts.insert(TagId::parse("t4").unwrap(), Carried { accounts: 1, campaigns: 0, others: 0 });
    let mut wishes = vec![present("VIP", None, &[])];
    wishes.extend(["t1", "t2", "t3", "t4"].map(|id| TagWish::Pruned { tag: TagId::parse(id).unwrap() }));
    assert_eq!(
        all_told(&drawn(tags, &wishes)),
        ["tag.create VIP there: already", "tag.delete VIP absent: send", "tag.delete vip absent: send",]
    );
    let same = drawn(tagging(vec![tag("t2", "VIP", None), tag("t1", "VIP", None)]), &wishes[..3]);
    assert_eq!(same.sends(), 1);
    assert!(matches!(&same.items[1].step.rests_on, RestsOn::Tag { id, .. } if id.as_str() == "t2"), "{same:?}");
}

#[test]
fn what_is_carried_is_left_alone_with_a_note_and_nothing_is_held() {
    let mut tags = tagging(vec![tag("t1", "Used", None)]);
    tags.counts.insert(TagId::parse("t1").unwrap(), Carried { accounts: 2, campaigns: 1, others: 0 });
    let plan = drawn(tags, &[TagWish::Pruned { tag: TagId::parse("t1").unwrap() }]);
    assert_eq!(all_told(&plan), [""; 0]);
    assert!(plan.notes[0].text.contains("carried: campaigns 1, accounts 2"), "{:?}", plan.notes);
}

#[test]
fn the_one_that_stays_of_a_label_is_described_after_the_others_are_deleted() {
    let mut tags = tagging(vec![tag("t1", "VIP", Some("x")), tag("t2", "VIP", None), tag("t3", "VIP", None)]);
    tags.counts.insert(TagId::parse("t2").unwrap(), Carried { accounts: 3, campaigns: 0, others: 0 });
    let wishes = |told| {
        let pruned = ["t1", "t2", "t3"].map(|id| TagWish::Pruned { tag: TagId::parse(id).unwrap() });
        [&[present("VIP", Some(told), &[])], &pruned[..]].concat()
    };
    let plan = drawn(tags.clone(), &wishes("x"));
    assert_eq!(
        all_told(&plan),
        ["tag.delete VIP absent: send", "tag.delete VIP absent: send", "tag.describe VIP described \"x\": send"]
    );
    assert_eq!(plan.items[2].step.after.as_ref(), Some(&plan.items[1].step.id));
    assert!(matches!(&plan.items[2].step.change, Change::Tag(TagChange::Alter { tag, .. }) if tag.as_str() == "t2"));
    // One that is carried too stays, and so does the doubt which is meant.
    tags.counts.insert(TagId::parse("t1").unwrap(), Carried { accounts: 1, campaigns: 0, others: 0 });
    let plan = drawn(tags, &wishes("y"));
    assert_eq!(all_told(&plan), ["tag.describe VIP described \"y\": tag_ambiguous", "tag.delete VIP absent: send"]);
}

#[test]
fn a_listing_that_was_cut_proves_nothing() {
    let mut cut = tagging(vec![tag("t1", "VIP", None)]);
    cut.tags.incomplete = Some("a cursor came twice".to_owned());
    let wishes = [
        present("New", None, &[]),
        present("VIP", None, &[]),
        assigned("VIP", addresses(1), true, false),
        TagWish::Pruned { tag: TagId::parse("t1").unwrap() },
    ];
    let plan = drawn(cut, &wishes);
    assert!(plan.items.iter().all(|item| told(item).ends_with("incomplete_listing")), "{:?}", all_told(&plan));
    assert!(!plan.items.is_empty());
    let mut mappings = tagging(vec![tag("t1", "VIP", None)]);
    mappings.carried_incomplete = Some("a page did not come".to_owned());
    let plan = drawn(mappings, &wishes);
    assert_eq!(
        all_told(&plan)[..3],
        [
            "tag.create New there: send",
            "tag.create VIP there: already",
            "tag.assign VIP on a0000@mail.example: incomplete_listing"
        ]
    );
    let unread = Observed { tagging: None, ..world(tagging(vec![])) };
    let plan = draw_tags(&[(unread, wishes.to_vec())], &Rules::of(Guards::default()));
    assert!(plan.items.iter().all(|item| told(item).ends_with("incomplete_listing")), "{:?}", all_told(&plan));
}

#[test]
fn a_mode_that_only_adds_lets_tags_be_made_and_put_on_and_nothing_else() {
    let mut tags = tagging(vec![tag("t1", "VIP", None), tag("t2", "Old", None), tag("t3", "Gone", None)]);
    carried(&mut tags, "t1", &addresses(1));
    let two = addresses(2);
    let wishes = [
        present("New", None, &[]),
        present("Newer", None, &["Old"]),
        assigned("VIP", two[1..].to_vec(), true, false),
        assigned("VIP", two[..1].to_vec(), false, false),
        TagWish::Pruned { tag: TagId::parse("t3").unwrap() },
    ];
    let observed = Observed { mode: Mode::AddOnly, ..world(tags) };
    let plan = draw_tags(&[(observed, wishes.to_vec())], &Rules::of(Guards::default()));
    assert_eq!(
        all_told(&plan),
        [
            "tag.create New there: send",
            "tag.rename Newer renamed from \"Old\": mode",
            "tag.assign VIP on a0001@mail.example: send",
            "tag.unassign VIP off a0000@mail.example: mode",
            "tag.delete Gone absent: mode",
        ]
    );
}

#[test]
fn what_one_wish_puts_on_no_other_takes_off() {
    let mut tags = tagging(vec![tag("t1", "VIP", None)]);
    carried(&mut tags, "t1", &addresses(2));
    let wishes = [assigned("VIP", addresses(1), true, false), assigned("VIP", addresses(2), false, false)];
    let plan = drawn(tags, &wishes);
    assert_eq!(
        all_told(&plan),
        ["tag.assign VIP on a0000@mail.example: already", "tag.unassign VIP off a0001@mail.example: send"]
    );
}

#[test]
fn what_an_earlier_run_left_in_doubt_is_not_done_beside_it() {
    let doubt = |label: &str, kind| Doubt {
        workspace_id: crate::domain::WorkspaceId::parse("w1").unwrap(),
        subject: label.to_owned(),
        kind: Some(kind),
        step: Step::new(
            &with_members(vec![]).workspace,
            &with_members(vec![]).id,
            Change::Tag(TagChange::Create { label: "another".to_owned(), description: None }),
            RestsOn::NoTag,
        )
        .id,
        run: RunId::parse("20261119T080000Z-0001").unwrap(),
        running: false,
    };
    for (subject, kind) in [("New", StepKind::TagCreate), ("Old", StepKind::TagCreate)] {
        let rules = Rules { in_doubt: [doubt(subject, kind)].into_iter().collect(), ..Rules::of(Guards::default()) };
        let plan = draw_tags(&[(world(tagging(vec![])), vec![present("New", None, &["Old"])])], &rules);
        assert_eq!(all_told(&plan), [format!("tag.create New there: {}", HeldReason::InDoubt)], "{subject}");
    }
}
