//! What is drawn of a transfer, and what holds it.

use super::*;
use crate::domain::{Guards, RunId, StepId, StepKind, UserId};
use crate::plan::Doubt;
use crate::plan::members::tests::{member, observed};

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

fn account(text: &str) -> UserId {
    UserId::parse(text).unwrap()
}

fn rules() -> Rules {
    Rules::of(Guards::default())
}

/// Olga owns it, Ada is a member, Ben was invited.
fn world() -> Observed {
    let invited = Member { accepted: false, ..member("ben", "ben@x.example", "admin") };
    let rows = vec![member("olga", "olga@x.example", "owner"), member("ada", "ada@x.example", "admin"), invited];
    Observed { owner: Some(account("u-olga")), ..observed(rows) }
}

fn plan(world: &Observed, to: &[&str], rules: &Rules) -> Plan {
    let wishes = to.iter().map(|to| OwnerWish { email: email(to) }).collect();
    draw_owners(&[(world.clone(), wishes)], rules)
}

fn held(plan: &Plan) -> Option<(HeldReason, String)> {
    match &plan.items[0].disposition {
        Disposition::Held(held) => Some((held.reason, format!("{}; {}", held.detail, held.remedy))),
        _ => None,
    }
}

#[test]
fn it_goes_to_an_accepted_member_and_wants_typing() {
    let plan = plan(&world(), &["Ada@x.example"], &rules());
    assert_eq!((plan.sends(), plan.removals(), plan.transfers(), plan.needs_typing()), (1, 0, 1, true));
    let rests_on = RestsOn::Ownership { is: account("u-olga"), to: account("u-ada") };
    assert_eq!(plan.items[0].step.rests_on, rests_on);
    let told = &plan.notes[0].text;
    assert!(told.contains("owned by olga@x.example now; it goes to ada@x.example, who is admin there"), "{told}");
}

#[test]
fn to_whom_it_is_already_nothing_is_sent() {
    let plan = plan(&world(), &["olga@x.example"], &rules());
    assert!(matches!(&plan.items[0].disposition, Disposition::Already(seen) if seen.contains("olga@x.example owns")));
    assert_eq!((plan.sends(), plan.needs_typing()), (0, false));
    assert!(is_owned_by(&world(), &email("olga@x.example")) && !is_owned_by(&world(), &email("ada@x.example")));
}

#[test]
fn who_is_no_accepted_member_cannot_have_it() {
    for (who, why) in [("nia@x.example", "is not in this workspace"), ("ben@x.example", "has not accepted")] {
        let (reason, text) = held(&plan(&world(), &[who], &rules())).unwrap();
        assert_eq!(reason, HeldReason::HeirNotMember);
        assert!(text.contains(why) && text.contains(&format!("keyholder onboard {who}")), "{text}");
    }
}

#[test]
fn a_mode_a_cut_listing_and_an_owner_that_is_not_said_hold_it() {
    let reason = |world: Observed| held(&plan(&world, &["ada@x.example"], &rules())).map(|(reason, _)| reason);
    for mode in [Mode::Off, Mode::Observe, Mode::AddOnly] {
        assert_eq!(reason(Observed { mode, ..world() }), Some(HeldReason::Mode), "{mode}");
    }
    let cut = Observed { incomplete: Some("a cursor came twice".to_owned()), ..world() };
    assert_eq!(reason(cut), Some(HeldReason::IncompleteListing));
    assert_eq!(reason(Observed { owner: None, ..world() }), Some(HeldReason::Owner));
    assert_eq!(reason(world()), None, "that somebody owns it is no reason not to transfer it");
}

#[test]
fn a_protected_owner_keeps_it_and_a_protected_person_may_have_it() {
    let protecting = |who: &str| Rules::of(Guards { protected: [email(who)].into(), ..Guards::default() });
    let reason =
        |world: &Observed, rules: Rules| held(&plan(world, &["ada@x.example"], &rules)).map(|(reason, _)| reason);
    assert_eq!(reason(&world(), protecting("olga@x.example")), Some(HeldReason::Protected));
    assert_eq!(reason(&world(), protecting("ada@x.example")), None);
    let mut alias = world();
    alias.members[0].user_email = Some(email("boss@x.example"));
    assert_eq!(reason(&alias, protecting("boss@x.example")), Some(HeldReason::Protected));
    // Whose row cannot be found may be anybody.
    let unseen = Observed { members: world().members.split_off(1), ..world() };
    assert_eq!(reason(&unseen, protecting("boss@x.example")), Some(HeldReason::Protected));
    assert_eq!(reason(&unseen, rules()), None);
}

#[test]
fn the_guards_ask_again_when_it_is_to_be_sent() {
    let drawn = plan(&world(), &["ada@x.example"], &rules());
    let again = |now: &Observed| rules().judge(&drawn.items[0].step, now, 0).map(|held| held.reason);
    assert_eq!(again(&world()), None);
    assert_eq!(again(&Observed { owner: Some(account("u-eve")), ..world() }), Some(HeldReason::Stale));
    let mut gone = world();
    gone.members.retain(|row| row.email != email("ada@x.example"));
    assert_eq!(again(&gone), Some(HeldReason::HeirNotMember));
    let mut other = world();
    other.members[1].user_id = Some(account("u-other"));
    assert_eq!(again(&other), Some(HeldReason::HeirNotMember));
    // A plan file that somebody edited rests on nothing.
    let edited = Step { rests_on: RestsOn::Absent, ..drawn.items[0].step.clone() };
    assert_eq!(rules().judge(&edited, &world(), 0).map(|held| held.reason), Some(HeldReason::Stale));
}

#[test]
fn no_transfer_is_planned_while_the_end_of_another_is_not_known() {
    let doubt = Doubt {
        workspace_id: world().id,
        subject: "eve@x.example".to_owned(),
        kind: Some(StepKind::OwnerTransfer),
        step: StepId::of(b"the other"),
        run: RunId::parse("20261119T080000Z-0001").unwrap(),
        running: false,
    };
    let rules = Rules { in_doubt: [doubt].into_iter().collect(), ..rules() };
    for who in ["ada@x.example", "olga@x.example"] {
        assert_eq!(held(&plan(&world(), &[who], &rules)).unwrap().0, HeldReason::InDoubt, "{who}");
    }
}

#[test]
fn two_people_cannot_own_it_and_order_does_not_matter() {
    let world =
        Observed { members: [world().members, vec![member("cai", "cai@x.example", "view")]].concat(), ..world() };
    let one = plan(&world, &["ada@x.example", "cai@x.example"], &rules());
    let two = plan(&world, &["cai@x.example", "ada@x.example", "ada@x.example"], &rules());
    assert_eq!((&one.id, one.sends(), one.items.len()), (&two.id, 0, 2));
}

#[test]
fn the_owner_is_found_by_account_and_by_role_alone_only_where_that_says_nothing_else() {
    let id = |world: &Observed| owner_row(world).map(|row| row.id.as_str().to_owned());
    assert_eq!(id(&world()).as_deref(), Some("olga"));
    let mut by_account = world();
    by_account.owner = Some(account("u-ada"));
    assert_eq!(id(&by_account).as_deref(), Some("ada"), "the workspace says who, whatever the role");
    assert_eq!(id(&Observed { owner: Some(account("u-eve")), ..world() }), None);
    assert_eq!(id(&Observed { owner: None, ..world() }).as_deref(), Some("olga"));
    let mut untold = Observed { owner: Some(account("u-eve")), ..world() };
    untold.members[0].user_id = None;
    assert_eq!(id(&untold).as_deref(), Some("olga"));
}
