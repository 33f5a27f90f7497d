//! Applying a drawn plan gives the wish, and drawing again gives nothing to send: on paper, and through the whole program.

use std::fmt::Write as _;

use keyholder::domain::{Change, Disposition, Member, MemberId, Outcome, PermissionWish, Role, Thing, UserId};
use keyholder::plan::{AccessWish, Belongings, Observed, Plan, Wish, draw};
use keyholder::sim::World;
use proptest::prelude::*;

use crate::generate::{PEOPLE, fleet, rules};
use crate::support::Stage;

/// What the API makes of a plan's steps, in a few lines that share nothing with the planner.
pub(crate) fn applied(observed: &Observed, plan: &Plan) -> Observed {
    let mut after = observed.clone();
    for (place, item) in plan.of_workspace(&observed.workspace).filter(|item| item.sends()).enumerate() {
        match &item.step.change {
            Change::Invite { email, role, permissions, nickname } => after.members.push(Member {
                id: MemberId::parse(&format!("new-{}-{place}", &plan.id.as_str()[..8])).unwrap(),
                email: email.clone(),
                user_id: None,
                user_email: None,
                role: role.clone(),
                permissions: permissions.clone(),
                accepted: false,
                nickname: nickname.clone(),
                name: None,
                issuer_id: None,
                timestamp_created: "2026-11-20T08:00:00Z".to_owned(),
                workspace_id: observed.id.clone(),
            }),
            Change::SetRole { member, role, .. } => {
                let row = after.members.iter_mut().find(|row| row.id == *member).unwrap();
                row.role = role.clone();
            }
            Change::Remove { member, .. } => after.members.retain(|row| row.id != *member),
            Change::HandOver { thing, to, .. } => give(after.belongings.as_mut().unwrap(), thing, to.as_ref()),
            Change::Revoke { key, .. } => after.belongings.as_mut().unwrap().keys.rows.retain(|row| row.id != *key),
            Change::CreateKey { .. } | Change::Retire { .. } => unreachable!("no person's wish makes a key"),
            Change::Tag(_) | Change::Group(_) | Change::Transfer { .. } => {
                unreachable!("no person's wish is about these")
            }
            Change::StayAbsent { .. } => unreachable!("an absence is never sent"),
        }
    }
    after
}

/// Gives a thing, which must be there, to somebody.
fn give(belongings: &mut Belongings, thing: &Thing, to: Option<&UserId>) {
    let owners: Vec<&mut Option<UserId>> = match thing {
        Thing::Campaign { id, .. } => {
            let rows = belongings.campaigns.rows.iter_mut();
            rows.filter(|row| row.id == *id).map(|row| &mut row.owned_by).collect()
        }
        Thing::LeadList { id, .. } => {
            let rows = belongings.lead_lists.rows.iter_mut();
            rows.filter(|row| row.id == *id).map(|row| &mut row.owned_by).collect()
        }
        Thing::Leads { ids } => {
            let rows = belongings.leads.rows.iter_mut();
            rows.filter(|row| ids.contains(&row.id)).map(|row| &mut row.assigned_to).collect()
        }
    };
    assert!(!owners.is_empty(), "{thing} is not there");
    for owner in owners {
        *owner = Some(to.expect("what is sent has an heir").clone());
    }
}

/// Whether a wish holds, in plain words: somebody is there with the role, or nobody is there.
fn holds(wish: &Wish, observed: &Observed) -> bool {
    let rows: Vec<&Member> = observed
        .members
        .iter()
        .filter(|row| row.email == *wish.subject() || row.user_email.as_ref() == Some(wish.subject()))
        .collect();
    match wish {
        Wish::Absent { .. } | Wish::Left { .. } => rows.is_empty(),
        Wish::Present { access: AccessWish::Fixed { role, permissions }, .. } => {
            !rows.is_empty() && rows.iter().all(|row| row.role == *role && permissions.allows(row.permissions.as_ref()))
        }
        // Whom it is like may have changed with the same plan; what it came to is checked by the steps.
        Wish::Present { access: AccessWish::Like(_), .. } | Wish::Reinvited { .. } => true,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn applying_a_plan_gives_the_wish_and_drawing_again_gives_nothing(seen in fleet(), rules in rules()) {
        // A re-invitation and "like a colleague" are wishes about a moment, not about a state.
        let lasting = |wish: &Wish| {
            !matches!(wish, Wish::Reinvited { .. } | Wish::Present { access: AccessWish::Like(_), .. })
        };
        let seen: Vec<_> = seen.into_iter()
            .map(|(observed, wishes)| (observed, wishes.into_iter().filter(|wish| lasting(wish)).collect::<Vec<_>>()))
            .collect();
        let plan = draw(&seen, &rules);
        let after: Vec<_> =
            seen.iter().map(|(observed, wishes)| (applied(observed, &plan), wishes.clone())).collect();

        for (observed, wishes) in &after {
            for wish in wishes {
                let own = plan.of_workspace(&observed.workspace).filter(|item| {
                    // A row can be found by its account's address too, and then bears another.
                    let rows = seen.iter().find(|(before, _)| before.id == observed.id).unwrap().0.members.iter();
                    let aliases: Vec<_> = rows
                        .filter(|row| row.user_email.as_ref() == Some(wish.subject()))
                        .map(|row| &row.email)
                        .collect();
                    let email = item.step.change.person().unwrap();
                    email == wish.subject() || aliases.contains(&email)
                });
                let none_held = own.into_iter().all(|item| !matches!(item.disposition, Disposition::Held(_)));
                if none_held {
                    prop_assert!(holds(wish, observed), "{wish:?} does not hold in {observed:#?}\n{plan:#?}");
                }
            }
        }

        // What was held before may pass now (a limit is free again); what was sent is never sent again.
        let again = draw(&after, &rules);
        let names: std::collections::BTreeMap<String, _> =
            seen.iter().map(|(observed, _)| (observed.workspace.to_string(), observed.workspace.clone())).collect();
        for item in again.items.iter().filter(|item| item.sends()) {
            // Or there were two wishes about one row, of which only one could be granted.
            let held = plan.of_workspace(&names[&item.step.workspace]).any(|before| match &before.disposition {
                Disposition::Held(held) => {
                    before.step.change.subject() == item.step.change.subject()
                        || held.reason == keyholder::domain::HeldReason::AmbiguousPerson
                }
                _ => false,
            });
            prop_assert!(held, "sent again: {:?}\n{plan:#?}", item.step);
        }
        if plan.items.iter().all(|item| !matches!(item.disposition, Disposition::Held(_))) {
            prop_assert_eq!(again.sends(), 0);
        }
    }
}

/// Workspaces as a script: for each person a role, an open invitation, or nothing.
fn script() -> impl Strategy<Value = String> {
    let place = proptest::sample::select(&["", "admin", "editor", "view", "client", "invited"][..]);
    let workspace = proptest::collection::vec(place, PEOPLE.len() - 1);
    proptest::collection::vec(workspace, 1..4).prop_map(|workspaces| {
        let mut text = String::from("[settings]\ninvitations = \"at-once\"\n");
        for (number, places) in workspaces.iter().enumerate() {
            let of = |role: &str| -> String {
                let here = PEOPLE[1..].iter().zip(places).filter(|(_, place)| **place == role);
                here.map(|(person, _)| match role {
                    "invited" => format!("{{ email = \"{person}\", role = \"view\" }}, "),
                    _ => format!("\"{person}\", "),
                })
                .collect()
            };
            write!(
                text,
                "[[workspace]]\nname = \"client-{number}\"\nowner = \"{}\"\nadmin = [\"root@agency.example\", {}]\n\
                 editor = [{}]\nview = [{}]\nclient = [{}]\ninvited = [{}]\n",
                PEOPLE[0],
                of("admin"),
                of("editor"),
                of("view"),
                of("client"),
                of("invited"),
            )
            .unwrap();
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn through_the_whole_program_everyone_comes_and_goes_and_nobody_else_is_touched(
        script in script(),
        who in 1..PEOPLE.len(),
        role in proptest::sample::select(&["admin", "editor", "view"][..]),
    ) {
        let who = PEOPLE[who];
        let stage = Stage::of(World::from_script(&format!("version = 1\n{script}"), 3).unwrap());
        let others = || -> Vec<_> {
            let of = |name: &String| stage.world.members(name).into_iter().filter(|row| row.email != who);
            stage.world.names().iter().flat_map(of).collect()
        };
        let before = others();

        let joined = format!("onboard {who} --role {role} --all");
        let plan = stage.run(&format!("{joined} --plan-only")).plan_id();
        let ran = stage.run(&format!("{joined} --confirm {plan}"));
        for row in ran.rows() {
            let good = Outcome::parse(&row["outcome"]).unwrap().is_settled_well();
            prop_assert_eq!(good, stage.role_of(&row["workspace"], who).as_deref() == Some(role), "{}", ran);
        }
        let sent = stage.write_requests();
        let again = stage.run(&format!("{joined} --yes"));
        prop_assert_eq!((stage.write_requests(), again.exit), (sent, ran.exit), "{}", again);

        let gone = format!("offboard {who} --all");
        let plan = stage.run(&format!("{gone} --plan-only")).plan_id();
        let ran = stage.run(&format!("{gone} --confirm {plan}")).exits(0);
        prop_assert!(stage.world.names().iter().all(|name| stage.rows_of(name, who) == 0), "{}", ran);
        prop_assert_eq!(others(), before, "nobody else was touched");
    }
}

#[test]
fn permission_wishes_mean_what_the_law_takes_them_for() {
    // The law leans on `allows`; it is three lines, said here in another way.
    let some = keyholder::domain::Permissions::of(["unibox.all"]);
    let other = keyholder::domain::Permissions::of(["crm.view"]);
    for seen in [None, Some(&some), Some(&other)] {
        assert!(PermissionWish::Any.allows(seen));
        assert_eq!(PermissionWish::RoleDefault.allows(seen), seen.is_none());
        assert_eq!(PermissionWish::Exactly(some.clone()).allows(seen), seen == Some(&some));
    }
    assert_eq!(Role::observed("supervisor").as_str(), "supervisor");
}
