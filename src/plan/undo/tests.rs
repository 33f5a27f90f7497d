use super::*;
use crate::domain::fleet::RemovalLimits;
use crate::domain::{Guards, Member, MemberId, Permissions};
use crate::plan::earlier::Ending;
use crate::plan::members::tests::{member, observed};

const APPLIED: Ending = Ending::Applied { waiting: false };

fn rules() -> Rules {
    Rules::of(Guards { protected: [Email::parse("boss@x.example").unwrap()].into(), ..Guards::default() })
}

fn step(change: Change, rests_on: RestsOn) -> Step {
    let world = observed(vec![]);
    Step::new(&world.workspace, &world.id, change, rests_on)
}

fn invite(row: &Member) -> Step {
    let change = Change::Invite {
        email: row.email.clone(),
        role: row.role.clone(),
        permissions: row.permissions.clone(),
        nickname: row.nickname.clone(),
    };
    step(change, RestsOn::Absent)
}

fn remove(row: &Member) -> Step {
    step(Change::Remove { member: row.id.clone(), email: row.email.clone() }, RestsOn::row(row))
}

fn set_role(row: &Member, role: Role) -> Step {
    let change = Change::SetRole { member: row.id.clone(), email: row.email.clone(), role };
    step(change, RestsOn::row(row))
}

/// An invitation that made this row.
fn invited(row: &Member, waiting: bool) -> Earlier {
    Earlier::new(invite(row), Ending::Applied { waiting }, &[RestsOn::row(row)])
}

fn past(step: Step, ending: Ending) -> Earlier {
    Earlier::new(step, ending, &[])
}

fn undone(world: Vec<Member>, steps: Vec<Earlier>) -> Plan {
    draw(&[(observed(world), steps)], "20261120T080000Z-0007", &rules())
}

/// What becomes of each item: `send`, `already`, or why it is held.
fn fates(plan: &Plan) -> Vec<&'static str> {
    let fate = |item: &Item| match &item.disposition {
        Disposition::Send => "send",
        Disposition::Already(_) => "already",
        Disposition::Held(held) => held.reason.as_str(),
    };
    plan.items.iter().map(fate).collect()
}

#[test]
fn only_the_row_that_the_run_made_is_taken_back() {
    let row = member("m1", "a@x.example", "view");
    let with = |change: fn(&mut Member)| {
        let mut row = row.clone();
        change(&mut row);
        fates(&undone(vec![row.clone()], vec![invited(&member("m1", "a@x.example", "view"), true)])).concat()
    };
    assert_eq!(with(|_| {}), "send");
    assert_eq!(with(|row| row.role = Role::Admin), "stale");
    assert_eq!(with(|row| row.id = MemberId::parse("m9").unwrap()), "stale");
    let alias = |row: &mut Member| row.email = Email::parse("b@x.example").unwrap();
    assert_eq!(with(alias), "already", "who bears another address is another person");
    assert_eq!(fates(&undone(vec![], vec![invited(&row, true)])), ["already"]);
    let second = member("m2", "a@x.example", "view");
    assert_eq!(fates(&undone(vec![row.clone(), second], vec![invited(&row, true)])), ["stale"]);

    let narrowed = Member { permissions: Some(Permissions::of(["unibox.all"])), ..row.clone() };
    assert_eq!(fates(&undone(vec![narrowed.clone()], vec![invited(&narrowed, true)])), ["send"]);
    assert_eq!(fates(&undone(vec![row.clone()], vec![past(invite(&narrowed), APPLIED)])), ["stale"]);
    // Where no look told which row it was, what it is decides.
    assert_eq!(fates(&undone(vec![row.clone()], vec![past(invite(&row), APPLIED)])), ["send"]);
}

#[test]
fn a_membership_where_an_invitation_was_is_remarked_on() {
    let row = member("m1", "a@x.example", "view");
    let plan = undone(vec![row.clone()], vec![invited(&row, true)]);
    assert!(plan.notes[0].text.contains("a membership, not an invitation"), "{:?}", plan.notes);
    assert!(undone(vec![row.clone()], vec![invited(&row, false)]).notes.is_empty(), "it was one when the run ended");
    let open = Member { accepted: false, ..row };
    assert!(undone(vec![open.clone()], vec![invited(&open, true)]).notes.is_empty());
}

#[test]
fn a_role_is_given_back_to_the_same_row_alone() {
    let row = member("m1", "a@x.example", "view");
    let raised = past(set_role(&row, Role::Editor), APPLIED);
    let with_role = |role: &str| undone(vec![member("m1", "a@x.example", role)], vec![raised.clone()]);
    assert_eq!(fates(&with_role("editor")), ["send"]);
    assert!(matches!(&with_role("editor").items[0].step.change, Change::SetRole { role: Role::View, .. }));
    assert_eq!(fates(&with_role("view")), ["already"]);
    assert_eq!(fates(&with_role("admin")), ["stale"]);
    assert_eq!(fates(&undone(vec![], vec![raised.clone()])), ["stale"]);
    assert_eq!(fates(&undone(vec![member("m2", "a@x.example", "editor")], vec![raised])), ["stale"]);
    let from_client = past(set_role(&member("m1", "a@x.example", "client"), Role::View), APPLIED);
    assert_eq!(fates(&undone(vec![row], vec![from_client])), ["not_undoable"]);
}

#[test]
fn who_was_removed_is_invited_with_everything_that_can_be_given_back() {
    let row = Member {
        permissions: Some(Permissions::of(["unibox.all"])),
        nickname: Some("Ann".to_owned()),
        ..member("m1", "a@x.example", "editor")
    };
    let plan = undone(vec![], vec![past(remove(&row), APPLIED)]);
    assert_eq!(fates(&plan), ["send"]);
    assert_eq!(plan.items[0].step.change, invite(&row).change);
    assert!(plan.notes[0].text.contains("accept anew"));
    let editor = member("m1", "a@x.example", "editor");
    let back = |row: Member| fates(&undone(vec![row], vec![past(remove(&editor), APPLIED)])).concat();
    assert_eq!(back(member("m2", "a@x.example", "editor")), "already");
    assert_eq!(back(Member { accepted: false, ..member("m2", "a@x.example", "editor") }), "already");
    assert_eq!(back(member("m2", "a@x.example", "view")), "stale");
    let narrowed = Some(Permissions::of(["unibox.all"]));
    assert_eq!(back(Member { permissions: narrowed, ..member("m2", "a@x.example", "editor") }), "stale");
    let alias = Member { user_email: Some(editor.email.clone()), ..member("m2", "b@x.example", "editor") };
    assert_eq!(back(alias), "stale", "the account is there under another address");
    let client = member("m1", "c@x.example", "client");
    assert_eq!(fates(&undone(vec![], vec![past(remove(&client), APPLIED)])), ["not_undoable"]);
}

#[test]
fn of_several_rows_of_one_address_the_membership_comes_back() {
    let open = Member { accepted: false, ..member("m1", "a@x.example", "view") };
    let joined = member("m2", "a@x.example", "editor");
    let steps = vec![past(remove(&open), APPLIED), past(remove(&joined), APPLIED)];
    let plan = undone(vec![], steps);
    assert_eq!(fates(&plan), ["send", "not_undoable"]);
    assert!(matches!(&plan.items[0].step.change, Change::Invite { role: Role::Editor, .. }));
    let alike = member("m3", "a@x.example", "editor");
    let plan = undone(vec![], vec![past(remove(&joined), APPLIED), past(remove(&alike), APPLIED)]);
    assert_eq!(fates(&plan), ["send"]);
    assert!(plan.notes.iter().any(|note| note.text.contains("one invitation stands for them")), "{:?}", plan.notes);
    // Nobody knows whether the second is gone: then the invitation both would need is not sent.
    let plan = undone(vec![], vec![past(remove(&joined), APPLIED), past(remove(&alike), Ending::Unsettled)]);
    assert_eq!(fates(&plan), ["not_undoable"]);
}

#[test]
fn what_changed_nothing_is_no_row_and_what_nobody_settled_is_held() {
    let row = member("m1", "a@x.example", "view");
    for ending in [Ending::Already, Ending::NotApplied] {
        assert!(undone(vec![row.clone()], vec![past(invite(&row), ending)]).items.is_empty(), "{ending:?}");
    }
    for change in [invite(&row), remove(&row), set_role(&row, Role::Editor)] {
        let plan = undone(vec![row.clone()], vec![past(change, Ending::Unsettled)]);
        let Disposition::Held(held) = &plan.items[0].disposition else { panic!("{plan:?}") };
        assert_eq!(held.reason, HeldReason::NotUndoable);
        assert!(held.remedy.contains("keyholder resume 20261120T080000Z-0007"), "{held}");
    }
}

#[test]
fn a_reinvitation_is_undone_only_as_far_as_it_came() {
    let open = Member { accepted: false, ..member("m1", "a@x.example", "view") };
    let withdraw = remove(&open);
    let again = invite(&open).after(&withdraw);
    let fresh = Member { accepted: false, ..member("m2", "a@x.example", "view") };
    let pair = |first, second| vec![past(withdraw.clone(), first), past(again.clone(), second)];
    let waiting = Ending::Applied { waiting: true };
    let whole = undone(vec![fresh.clone()], pair(APPLIED, waiting));
    assert!(whole.items.is_empty() && whole.notes.len() == 1, "{whole:?}");
    let half = undone(vec![], pair(APPLIED, Ending::NotApplied));
    assert_eq!((fates(&half), half.items[0].step.kind()), (vec!["send"], crate::domain::StepKind::MemberInvite));
    // Sending another one now could invite twice.
    assert_eq!(fates(&undone(vec![], pair(APPLIED, Ending::Unsettled))), ["not_undoable"; 2]);
    // The row was gone before: the run alone brought the person.
    let taken = undone(vec![fresh], pair(Ending::Already, waiting));
    assert_eq!((fates(&taken), taken.removals()), (vec!["send"], 1));
}

#[test]
fn the_guards_limits_and_modes_of_now_hold() {
    let boss = member("m1", "boss@x.example", "view");
    assert_eq!(fates(&undone(vec![boss.clone()], vec![invited(&boss, false)])), ["protected"]);
    let row = member("m1", "a@x.example", "view");
    let world = |mode, incomplete| Observed { mode, incomplete, ..observed(vec![row.clone()]) };
    let steps = || vec![invited(&row, false), invited(&member("m2", "gone@x.example", "view"), false)];
    let drawn = |world: Observed| draw(&[(world, steps())], "r", &rules());
    assert_eq!(fates(&drawn(world(Mode::AddOnly, None))), ["already", "mode"]);
    assert_eq!(fates(&drawn(world(Mode::Off, None))), ["mode"; 2], "nothing may be said");
    let cut = Some("a cursor came twice".to_owned());
    assert_eq!(fates(&drawn(world(Mode::Manage, cut))), ["incomplete_listing"; 2]);
    let mut none = rules();
    none.guards.max_removals = RemovalLimits { per_workspace: 9, per_run: 0, per_day: 9 };
    let plan = draw(&[(world(Mode::Manage, None), steps())], "r", &none);
    assert_eq!(fates(&plan), ["already", "limit_per_run"]);
}

#[test]
fn the_order_is_the_reverse_but_an_admin_is_restored_before_one_is_lowered() {
    let (ann, zoe) = (member("m1", "ann@x.example", "admin"), member("m2", "zoe@x.example", "editor"));
    let lowered = past(set_role(&ann, Role::Editor), APPLIED);
    let raised = past(set_role(&zoe, Role::Admin), APPLIED);
    let new = member("m3", "new@x.example", "view");
    let now = vec![member("m1", "ann@x.example", "editor"), member("m2", "zoe@x.example", "admin"), new.clone()];
    let plan = undone(now, vec![lowered, raised.clone(), invited(&new, false)]);
    let subjects: Vec<&str> = plan.items.iter().map(|item| item.step.change.subject().as_str()).collect();
    assert_eq!(subjects, ["ann@x.example", "new@x.example", "zoe@x.example"]);
    assert_eq!(fates(&plan), ["send"; 3]);
    // Without the restored one she is the last.
    assert_eq!(fates(&undone(vec![member("m2", "zoe@x.example", "admin")], vec![raised])), ["last_admin"]);
}
