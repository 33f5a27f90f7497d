//! Applying a plan and then its undoing gives the former world, but for fresh ids and who has to accept anew; an undoing of what is
//! undone sends nothing; and whatever another hand did meanwhile, only what the run itself changed is touched.

use std::collections::BTreeSet;

use keyholder::domain::fleet::RemovalLimits;
use keyholder::domain::{
    Change, Disposition, Email, Guards, Member, MemberId, Mode, Permissions, RestsOn, Role, Thing, UserId,
};
use keyholder::plan::{Earlier, Ending, Observed, Plan, Rules, draw, holds, quest_of, undo};

use crate::converge::applied;
use crate::generate::random;

/// Worlds that are drawn.
const CASES: u64 = 12_000;

/// Rules that refuse nothing, so that the undoing alone is looked at.
fn lenient() -> Rules {
    Rules::of(Guards {
        protected: [].into(),
        min_admins: 0,
        max_removals: RemovalLimits { per_workspace: 99, per_run: 99, per_day: 99 },
        ..Guards::default()
    })
}

/// The steps of a plan that was applied, as a ledger would tell them.
fn earlier(plan: &Plan, after: &Observed) -> Vec<Earlier> {
    let one = |item: &keyholder::plan::Item| {
        let ending = match &item.disposition {
            Disposition::Send => Ending::Applied { waiting: matches!(item.step.change, Change::Invite { .. }) },
            Disposition::Already(_) => Ending::Already,
            Disposition::Held(_) => Ending::NotApplied,
        };
        let subject = item.step.change.person().unwrap();
        let rows = after.members.iter().filter(|row| row.email == *subject || row.user_email.as_ref() == Some(subject));
        Earlier::new(item.step.clone(), ending, &rows.map(RestsOn::row).collect::<Vec<_>>())
    };
    plan.items.iter().map(one).collect()
}

/// What access is given in a workspace, whoever accepted it, whichever row gives it.
fn access(observed: &Observed) -> BTreeSet<(Email, Role, Option<Permissions>, Option<String>)> {
    let of = |row: &Member| (row.email.clone(), row.role.clone(), row.permissions.clone(), row.nickname.clone());
    observed.members.iter().map(of).collect()
}

fn is_held(plan: &Plan) -> bool {
    plan.items.iter().any(|item| matches!(item.disposition, Disposition::Held(_)))
}

#[test]
fn a_plan_and_its_undoing_give_the_former_world_and_undoing_again_sends_nothing() {
    let mut given_back = 0;
    for seed in 0..CASES {
        let (seen, rules) = random::one(seed);
        let before = &seen[0].0;
        let plan = draw(&seen, &rules);
        let after = Observed { mode: Mode::Manage, ..applied(before, &plan) };
        let steps = earlier(&plan, &after);

        let undoing = undo::draw(&[(after.clone(), steps.clone())], "a-run", &lenient());
        let restored = applied(&after, &undoing);
        if !is_held(&undoing) {
            assert_eq!(access(&restored), access(before), "seed {seed}\n{plan:#?}\n{undoing:#?}");
            given_back += usize::from(undoing.sends() > 0);
        }
        for item in &undoing.items {
            assert!(item.step.is_consistent(), "seed {seed}: {item:?}");
        }
        let again = undo::draw(&[(restored, steps)], "a-run", &lenient());
        assert_eq!(again.sends(), 0, "seed {seed}\n{plan:#?}\n{undoing:#?}\n{again:#?}");
    }
    assert!(given_back > 2_000, "the law looked at {given_back} worlds only");
}

#[test]
fn whatever_another_hand_did_only_what_the_run_changed_is_touched() {
    let mut touched = 0;
    for seed in 0..CASES {
        let (seen, rules) = random::one(seed);
        let plan = draw(&seen, &rules);
        let mut now = Observed { mode: Mode::Manage, ..applied(&seen[0].0, &plan) };
        let steps = earlier(&plan, &now);
        meddle(&mut fastrand::Rng::with_seed(seed), &mut now);

        let undoing = undo::draw(&[(now.clone(), steps.clone())], "a-run", &lenient());
        let mut ids = BTreeSet::new();
        for item in undoing.items.iter().filter(|item| item.sends()) {
            touched += 1;
            assert!(ids.insert(item.step.id.clone()), "seed {seed}: one step twice");
            let cause =
                steps.iter().filter(|one| one.is_applied()).any(|one| match (&one.step.change, &item.step.change) {
                    (Change::Invite { role, .. }, Change::Remove { member, .. }) => {
                        one.made.as_ref() == Some(member) && now.row(member).unwrap().role == *role
                    }
                    (Change::SetRole { member, role, .. }, Change::SetRole { member: row, .. }) => {
                        member == row && now.row(row).unwrap().role == *role
                    }
                    (Change::Remove { email, .. }, Change::Invite { email: again, .. }) => {
                        email == again && now.members.iter().all(|row| row.email != *email)
                    }
                    (
                        Change::HandOver { thing, email, heir, to },
                        Change::HandOver { thing: back, email: from, heir: former, to: again },
                    ) => {
                        let by = RestsOn::Owned { by: again.clone().unwrap(), back: false };
                        let same = (thing, email, heir) == (back, former, from) && one.step.rests_on == by;
                        let is_former = |row: &&Member| row.accepted && row.user_id == *again && bears(row, former);
                        same && is_all_of(&now, thing, to.as_ref()) && now.members.iter().any(|row| is_former(&row))
                    }
                    _ => false,
                });
            assert!(cause, "seed {seed}: {item:?} undoes nothing of {steps:#?}");
        }
    }
    assert!(touched > 2_000, "the law looked at {touched} steps only");
}

#[test]
fn right_after_a_run_everything_it_did_holds_and_after_its_undoing_nothing_does() {
    let mut gone = 0;
    for seed in 0..CASES {
        let (seen, rules) = random::one(seed);
        let plan = draw(&seen, &rules);
        let mut after = Observed { mode: Mode::Manage, ..applied(&seen[0].0, &plan) };
        let steps = earlier(&plan, &after);
        if let Some(things) = &mut after.belongings {
            things.accounts = quest_of(&steps).unwrap_or_default();
        }
        if after.incomplete.is_some() {
            continue;
        }
        for (one, finding) in steps.iter().zip(holds::compare(&steps, &after)) {
            // A step that was `already` may have rested on what another wish of the same plan changed.
            assert!(!one.is_applied() || !finding.word.is_finding(), "seed {seed}: {one:#?} {finding:?}");
        }
        let undoing = undo::draw(&[(after.clone(), steps.clone())], "a-run", &lenient());
        // Where a row of the same access stood beside a removed one all the time, there is nothing to send.
        if undoing.sends() != steps.iter().filter(|one| one.is_applied()).count() {
            continue;
        }
        let restored = applied(&after, &undoing);
        for (one, finding) in steps.iter().zip(holds::compare(&steps, &restored)) {
            gone += usize::from(one.is_applied());
            assert!(!one.is_applied() || finding.word == holds::Word::Drifted, "seed {seed}: {one:#?} {finding:?}");
        }
    }
    assert!(gone > 2_000, "the law looked at {gone} steps only");
}

fn bears(row: &Member, email: &Email) -> bool {
    row.email == *email || row.user_email.as_ref() == Some(email)
}

/// Tells whether a thing is somebody's, every lead of it.
fn is_all_of(observed: &Observed, thing: &Thing, whose: Option<&UserId>) -> bool {
    let things = observed.belongings.as_ref().unwrap();
    let is = |owner: &Option<UserId>| owner.as_ref() == whose;
    match thing {
        Thing::Campaign { id, .. } => things.campaigns.rows.iter().any(|row| row.id == *id && is(&row.owned_by)),
        Thing::LeadList { id, .. } => things.lead_lists.rows.iter().any(|row| row.id == *id && is(&row.owned_by)),
        Thing::Leads { ids } => {
            ids.iter().all(|id| things.leads.rows.iter().any(|row| row.id == *id && is(&row.assigned_to)))
        }
    }
}

/// Another hand: rows go, get other roles, are accepted, or come.
fn meddle(chance: &mut fastrand::Rng, world: &mut Observed) {
    let roles = ["admin", "editor", "view"];
    world.members.retain(|_| chance.u8(0..6) > 0);
    for row in &mut world.members {
        match chance.u8(0..8) {
            0 => row.role = Role::observed(chance.choice(roles).unwrap()),
            1 => row.accepted = true,
            _ => {}
        }
    }
    if let Some(things) = &mut world.belongings {
        things.campaigns.rows.retain(|_| chance.u8(0..6) > 0);
        for row in things.leads.rows.iter_mut().filter(|_| chance.u8(0..6) == 0) {
            row.assigned_to = None;
        }
    }
    if chance.bool() {
        let person = chance.choice(crate::generate::PEOPLE).unwrap();
        let Some(pattern) = world.members.first().cloned() else { return };
        let id = MemberId::parse("another-hand").unwrap();
        let email = crate::generate::email(person);
        let role = Role::observed(chance.choice(roles).unwrap());
        world.members.push(Member { id, email, role, user_id: None, user_email: None, permissions: None, ..pattern });
    }
}
