use super::*;
use crate::domain::{HeldReason, LinkId, WorkspaceName};
use crate::plan::members::tests::observed as workspace;

pub(in crate::plan) fn id(text: &str) -> WorkspaceId {
    WorkspaceId::parse(text).unwrap()
}

pub(in crate::plan) fn link(link: &str, sub: &str, status: &str) -> Link {
    Link {
        id: LinkId::parse(link).unwrap(),
        admin: workspace(vec![]).id,
        sub: id(sub),
        status: LinkStatus::observed(status),
        sub_name: (status == "accepted").then(|| format!("{sub} at the API")),
        admin_name: None,
        created: "2026-08-01T00:00:00Z".to_owned(),
    }
}

pub(in crate::plan) fn group(rows: Vec<Link>) -> Observed {
    let links = Some(Box::new(Found { rows, incomplete: None }));
    Observed { incomplete: Some("the members were not read".to_owned()), links, ..workspace(vec![]) }
}

fn join(sub: &str) -> LinkWish {
    LinkWish::In { sub: id(sub), name: String::new() }
}

fn leave(sub: &str) -> LinkWish {
    LinkWish::Out { sub: id(sub), name: String::new() }
}

fn rules() -> Rules {
    Rules::of(Guards::default())
}

/// What becomes of each step, in a word.
fn told(plan: &Plan) -> Vec<String> {
    let word = |item: &Item| match &item.disposition {
        Disposition::Send => format!("{} {}", item.step.kind(), item.step.rests_on.describe()),
        Disposition::Already(_) => "already".to_owned(),
        Disposition::Held(held) => held.reason.to_string(),
    };
    plan.items.iter().map(word).collect()
}

fn drawn(seen: Observed, wish: LinkWish) -> Vec<String> {
    told(&draw_links(&[(seen, vec![wish])], &rules()))
}

#[test]
fn who_is_linked_or_invited_is_not_invited_again_and_who_is_not_is() {
    assert_eq!(drawn(group(vec![]), join("s")), ["group.invite no link"]);
    assert_eq!(drawn(group(vec![link("l", "other", "accepted")]), join("s")), ["group.invite no link"]);
    for status in ["accepted", "pending", "suspended"] {
        assert_eq!(drawn(group(vec![link("l", "s", status)]), join("s")), ["already"], "{status}");
    }
    let both = vec![link("a", "s", "rejected"), link("b", "s", "pending")];
    assert_eq!(drawn(group(both), join("s")), ["already"], "an older refusal beside an open invitation");
}

#[test]
fn a_refused_link_goes_before_its_workspace_is_invited_again() {
    let plan =
        draw_links(&[(group(vec![link("l", "s", "rejected"), link("k", "s", "rejected")]), vec![join("s")])], &rules());
    assert_eq!(told(&plan), ["group.remove rejected", "group.remove rejected", "group.invite no link"]);
    let after: Vec<_> = plan.items.iter().map(|item| item.step.after.clone()).collect();
    let ids: Vec<_> = plan.items.iter().map(|item| Some(item.step.id.clone())).collect();
    assert_eq!(after, [None, ids[0].clone(), ids[1].clone()]);
    assert_eq!((plan.notes.len(), plan.removals()), (1, 2));
    let timid = Observed { mode: Mode::AddOnly, ..group(vec![link("l", "s", "rejected")]) };
    assert_eq!(drawn(timid, join("s")), ["mode", "after"], "add-only removes nothing");
    let timid = Observed { mode: Mode::AddOnly, ..group(vec![]) };
    assert_eq!(drawn(timid, join("s")), ["group.invite no link"]);
}

#[test]
fn who_is_to_be_out_loses_every_link_by_its_own_id() {
    assert_eq!(drawn(group(vec![link("l", "other", "accepted")]), leave("s")), ["already"]);
    let two = vec![link("l", "s", "accepted"), link("k", "s", "rejected"), link("o", "other", "accepted")];
    let plan = draw_links(&[(group(two), vec![leave("s")])], &rules());
    assert_eq!(told(&plan), ["group.remove rejected", "group.remove accepted"]);
    assert!(plan.needs_typing() && plan.removals() == 2);
    assert!(plan.items[1].step.change.wanted().contains("s at the API"), "{}", plan.items[1].step.change.wanted());
}

#[test]
fn a_link_that_a_workspace_is_reached_over_is_held_while_it_stands() {
    let admin = workspace(vec![]).id;
    let mut rules = rules();
    rules.guards.reached_over.insert((admin.clone(), id("s")), WorkspaceName::parse("globex").unwrap());
    let held = |status| told(&draw_links(&[(group(vec![link("l", "s", status)]), vec![leave("s")])], &rules));
    assert_eq!((held("accepted"), held("suspended")), (vec!["link_in_use".to_owned()], vec!["link_in_use".to_owned()]));
    assert_eq!(held("pending"), ["group.remove pending"], "nothing is reached over an invitation");
    let other = told(&draw_links(&[(group(vec![link("l", "t", "accepted")]), vec![leave("t")])], &rules));
    assert_eq!(other, ["group.remove accepted"]);
}

#[test]
fn who_heads_a_group_or_is_in_another_one_by_our_files_is_not_invited() {
    let mut rules = rules();
    rules.guards.reached_over.insert((id("their-admin"), id("s")), WorkspaceName::parse("globex").unwrap());
    let held = |seen: Observed, sub: &str| told(&draw_links(&[(seen, vec![join(sub)])], &rules));
    assert_eq!(held(group(vec![]), "s"), ["link_elsewhere"]);
    assert_eq!(held(group(vec![]), "their-admin"), ["link_elsewhere"]);
    assert_eq!(held(group(vec![]), workspace(vec![]).id.as_str()), ["link_elsewhere"]);
    assert_eq!(held(Observed { acts_as: true, ..group(vec![]) }, "t"), ["link_elsewhere"]);
    assert_eq!(held(group(vec![]), "t"), ["group.invite no link"]);
}

#[test]
fn nothing_rests_on_a_list_that_was_not_read_to_its_end() {
    let cut = || {
        let links = Found { rows: vec![link("l", "s", "accepted")], incomplete: Some("cut".to_owned()) };
        Observed { links: Some(Box::new(links)), ..group(vec![]) }
    };
    let unread = || Observed { links: None, ..group(vec![]) };
    for wish in [join("s"), join("t"), leave("s"), leave("t")] {
        assert_eq!(drawn(cut(), wish.clone()), ["incomplete_listing"]);
        assert_eq!(drawn(unread(), wish.clone()), ["incomplete_listing"]);
        let off = Observed { mode: Mode::Off, ..unread() };
        let held = drawn(off, wish.clone());
        assert!(held == ["mode"] || held == ["incomplete_listing"], "{wish:?} {held:?}");
    }
}

#[test]
fn the_order_of_wishes_and_of_rows_changes_nothing() {
    let rows = || vec![link("a", "s", "rejected"), link("b", "t", "accepted"), link("c", "t", "pending")];
    let wishes = || vec![join("s"), leave("t"), join("u"), join("s")];
    let one = draw_links(&[(group(rows()), wishes())], &rules());
    let back =
        draw_links(&[(group(rows().into_iter().rev().collect()), wishes().into_iter().rev().collect())], &rules());
    assert_eq!((one.id.clone(), told(&one)), (back.id.clone(), told(&back)));
    assert_eq!(one.sends(), 5);
}

#[test]
fn what_was_already_so_is_asked_again() {
    let plan = draw_links(&[(group(vec![link("l", "s", "pending")]), vec![join("s"), leave("t")])], &rules());
    assert_eq!(told(&plan), ["already", "already"]);
    let again = |rows| told(&plan.clone().again(&[group(rows)], &rules(), |_| None));
    assert_eq!(again(vec![link("l", "s", "accepted")]), ["already", "already"]);
    assert_eq!(again(vec![link("l", "s", "rejected"), link("k", "t", "pending")]), [HeldReason::Stale.as_str(); 2]);
}
