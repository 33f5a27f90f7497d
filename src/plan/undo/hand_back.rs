//! Undoing a hand-over: back to the account it was taken from.

use super::inverse::step;
use super::not_undoable;
use crate::domain::{Change, Held, HeldReason, RestsOn, Thing, UserId};
use crate::plan::draw::Item;
use crate::plan::earlier::Earlier;
use crate::plan::heir;
use crate::plan::leave::incomplete;
use crate::plan::observed::{Found, Observed};

/// Hands back what is still the heir's to who had it, if they are an accepted member here again with the same account.
pub(super) fn of(one: &Earlier, by: &UserId, observed: &Observed, run: &str) -> Item {
    let Change::HandOver { thing, email: former, heir: had, to: Some(to) } = &one.step.change else {
        let outline = step(observed, one.step.change.clone(), one.step.rests_on.clone());
        return Item::held(outline, not_undoable("the ledger does not say who has it", "look in the app"));
    };
    let change =
        Change::HandOver { thing: thing.clone(), email: had.clone(), heir: former.clone(), to: Some(by.clone()) };
    let back = step(observed, change, RestsOn::Owned { by: to.clone(), back: true });
    match whose(thing, by, to, observed) {
        Whose::Former => return Item::already(back, format!("it is {former}'s again")),
        Whose::Other(how) => return Item::held(back, moved(&how, thing)),
        Whose::Unseen(held) => return Item::held(back, held),
        Whose::Heir => {}
    }
    match heir::account(observed, former) {
        Ok(account) if account == *by => Item::send(back),
        Ok(_) => {
            let why = format!("{former} is here again with another account than they had");
            Item::held(back, not_undoable(why, format!("give {former} the {thing} in the app")))
        }
        Err(why) => {
            let remedy = format!("once {former} has accepted an invitation, run `keyholder undo {run}` again");
            Item::held(back, not_undoable(why, remedy))
        }
    }
}

/// The world moved by another hand: it is not ours to undo.
fn moved(how: &str, thing: &Thing) -> Held {
    let remedy = format!("give the {thing} in the app to whom it should belong");
    Held::new(HeldReason::Stale, format!("changed since the run: {how}"), remedy)
}

/// Whose a thing is now.
enum Whose {
    Former,
    Heir,
    Other(String),
    Unseen(Held),
}

fn whose(thing: &Thing, by: &UserId, to: &UserId, observed: &Observed) -> Whose {
    let Some(belongings) = observed.belongings.as_deref() else {
        return Whose::Unseen(incomplete(listing(thing), "it was not read"));
    };
    match thing {
        Thing::Campaign { id, .. } => {
            let row = belongings.campaigns.rows.iter().find(|row| row.id == *id);
            one(row, |row| row.owned_by.as_ref(), (by, to), &belongings.campaigns, thing)
        }
        Thing::LeadList { id, .. } => {
            let row = belongings.lead_lists.rows.iter().find(|row| row.id == *id);
            one(row, |row| row.owned_by.as_ref(), (by, to), &belongings.lead_lists, thing)
        }
        Thing::Leads { ids } => {
            // One step moves them all: where one of them is somebody else's by now, it is not ours to say whose all should be.
            let each = ids.iter().map(|id| {
                let row = belongings.leads.rows.iter().find(|row| row.id == *id);
                one(row, |row| row.assigned_to.as_ref(), (by, to), &belongings.leads, thing)
            });
            each.reduce(both).unwrap_or(Whose::Former)
        }
    }
}

fn one<T>(
    row: Option<&T>,
    owner: impl Fn(&T) -> Option<&UserId>,
    (by, to): (&UserId, &UserId),
    found: &Found<T>,
    thing: &Thing,
) -> Whose {
    match (row.map(owner), &found.incomplete) {
        (Some(Some(owner)), _) if owner == to => Whose::Heir,
        (Some(Some(owner)), _) if owner == by => Whose::Former,
        (Some(Some(_)), _) => Whose::Other("it is somebody else's now".to_owned()),
        (Some(None), _) => Whose::Other("it is nobody's now".to_owned()),
        (None, Some(why)) => Whose::Unseen(incomplete(listing(thing), why)),
        (None, None) => Whose::Other("it is somebody else's now, or deleted".to_owned()),
    }
}

fn both(one: Whose, other: Whose) -> Whose {
    match (one, other) {
        (Whose::Heir, Whose::Heir) => Whose::Heir,
        (Whose::Former, Whose::Former) => Whose::Former,
        (Whose::Other(how), _) | (_, Whose::Other(how)) => Whose::Other(how),
        (Whose::Unseen(held), _) | (_, Whose::Unseen(held)) => Whose::Unseen(held),
        (Whose::Heir, Whose::Former) | (Whose::Former, Whose::Heir) => {
            Whose::Other("some of them are back already".to_owned())
        }
    }
}

fn listing(thing: &Thing) -> &'static str {
    match thing {
        Thing::Campaign { .. } => "campaigns",
        Thing::LeadList { .. } => "lead-lists",
        Thing::Leads { .. } => "leads",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Disposition, Email, Guards, KeyId, LeadId, Member, Role, Step};
    use crate::plan::earlier::Ending;
    use crate::plan::members::tests::{member, observed};
    use crate::plan::traces::tests::{campaign, cut, found, key, lead, user};
    use crate::plan::{Belongings, Plan, Rules, quest_of, undo};

    const RUN: &str = "20261120T080000Z-0007";

    fn email(text: &str) -> Email {
        Email::parse(text).unwrap()
    }

    fn done(change: Change, rests_on: RestsOn) -> Earlier {
        let world = observed(vec![]);
        let step = Step::new(&world.workspace, &world.id, change, rests_on);
        Earlier::new(step, Ending::Applied { waiting: false }, &[])
    }

    fn handed_over(thing: Thing) -> Earlier {
        let (email, heir) = (email("a@x.example"), email("h@x.example"));
        let change = Change::HandOver { thing, email, heir, to: Some(user("u-m2")) };
        done(change, RestsOn::Owned { by: user("u-m1"), back: false })
    }

    fn a_campaign() -> Thing {
        Thing::Campaign { id: campaign("c-1", None, None).id, name: "Spring".to_owned() }
    }

    fn rows() -> Vec<Member> {
        vec![member("m1", "a@x.example", "view"), member("m2", "h@x.example", "view")]
    }

    fn of_heir() -> Belongings {
        Belongings {
            accounts: [user("u-m1"), user("u-m2")].into(),
            campaigns: found(vec![campaign("c-1", Some("u-m2"), None)]),
            ..Belongings::default()
        }
    }

    fn undone(rows: Vec<Member>, belongings: Option<Belongings>, steps: Vec<Earlier>) -> Plan {
        let world = Observed { belongings: belongings.map(Box::new), ..observed(rows) };
        undo::draw(&[(world, steps)], RUN, &Rules::of(Guards::default()))
    }

    fn fate(rows: Vec<Member>, belongings: Option<Belongings>) -> (&'static str, String) {
        let plan = undone(rows, belongings, vec![handed_over(a_campaign())]);
        assert_eq!(plan.items.len(), 1);
        match &plan.items[0].disposition {
            Disposition::Send => ("send", String::new()),
            Disposition::Already(seen) => ("already", seen.clone()),
            Disposition::Held(held) => (held.reason.as_str(), format!("{held} ({})", held.remedy)),
        }
    }

    #[test]
    fn what_is_still_the_heirs_goes_back_to_who_is_a_member_again() {
        let plan = undone(rows(), Some(of_heir()), vec![handed_over(a_campaign())]);
        let step = &plan.items[0].step;
        let Change::HandOver { email: from, heir, to, .. } = &step.change else { panic!("{step:?}") };
        assert_eq!((from.as_str(), heir.as_str(), to.as_ref()), ("h@x.example", "a@x.example", Some(&user("u-m1"))));
        assert_eq!(step.rests_on, RestsOn::Owned { by: user("u-m2"), back: true });
        assert!(plan.needs_typing() && plan.sends() == 1);
    }

    #[test]
    fn the_owner_and_who_is_protected_give_back_what_they_were_handed() {
        let mut heir = rows();
        heir[1].role = Role::Owner;
        let world = Observed { belongings: Some(Box::new(of_heir())), owner: Some(user("u-m2")), ..observed(heir) };
        let rules = Rules::of(Guards { protected: [email("h@x.example")].into(), ..Guards::default() });
        let steps = vec![handed_over(a_campaign())];
        let plan = undo::draw(&[(world.clone(), steps)], RUN, &rules);
        assert_eq!(plan.sends(), 1, "{:?}", plan.items);
        // What is simply theirs is never taken, at the moment of sending neither.
        let RestsOn::Owned { by, .. } = plan.items[0].step.rests_on.clone() else { panic!() };
        let taken = Step { rests_on: RestsOn::Owned { by, back: false }, ..plan.items[0].step.clone() };
        assert_eq!(rules.judge(&taken, &world, 0).map(|held| held.reason), Some(HeldReason::Owner));
        assert_eq!(rules.judge(&plan.items[0].step, &world, 0), None);
    }

    #[test]
    fn who_is_not_a_member_again_gets_nothing_back_and_it_is_said_what_to_do() {
        let (reason, text) = fate(rows()[1..].to_vec(), Some(of_heir()));
        assert_eq!(reason, "not_undoable");
        assert!(text.contains("is not in this workspace") && text.contains(&format!("undo {RUN}")), "{text}");
        let invited = Member { accepted: false, ..member("m1", "a@x.example", "view") };
        assert_eq!(fate(vec![invited, rows()[1].clone()], Some(of_heir())).0, "not_undoable");
        let other = Member { user_id: Some(user("u-new")), ..member("m1", "a@x.example", "view") };
        let (reason, text) = fate(vec![other, rows()[1].clone()], Some(of_heir()));
        assert!(reason == "not_undoable" && text.contains("another account"), "{text}");
    }

    #[test]
    fn what_another_hand_moved_is_not_ours_to_undo() {
        let told = |owner| {
            let campaigns = found(vec![campaign("c-1", owner, Some("u-m1"))]);
            fate(rows(), Some(Belongings { campaigns, ..of_heir() })).0
        };
        assert_eq!([told(Some("u-m1")), told(Some("u-z")), told(None)], ["already", "stale", "stale"]);
        assert_eq!(fate(rows(), Some(Belongings { campaigns: found(vec![]), ..of_heir() })).0, "stale");
        let unseen = fate(rows(), Some(Belongings { campaigns: cut(vec![]), ..of_heir() }));
        assert_eq!(unseen.0, "incomplete_listing");
        assert_eq!(fate(rows(), None).0, "incomplete_listing");
    }

    #[test]
    fn leads_go_back_all_together_or_not_at_all() {
        let ids = ["l-1", "l-2"].map(|id| LeadId::parse(id).unwrap()).to_vec();
        let told = |one: &str, other: &str| {
            let belongings = Belongings { leads: found(vec![lead("l-1", one), lead("l-2", other)]), ..of_heir() };
            let plan = undone(rows(), Some(belongings), vec![handed_over(Thing::Leads { ids: ids.clone() })]);
            match &plan.items[0].disposition {
                Disposition::Send => "send",
                Disposition::Already(_) => "already",
                Disposition::Held(held) => held.reason.as_str(),
            }
        };
        assert_eq!(told("u-m2", "u-m2"), "send");
        assert_eq!(told("u-m1", "u-m1"), "already");
        assert_eq!([told("u-m1", "u-m2"), told("u-z", "u-m2")], ["stale"; 2]);
    }

    #[test]
    fn every_revoked_key_is_told_as_gone_for_good() {
        let revoked = |id: &str| {
            let change = Change::Revoke {
                key: KeyId::parse(id).unwrap(),
                name: id.to_owned(),
                email: Some(email("a@x.example")),
                record: Some("r".to_owned()),
            };
            done(change, RestsOn::Key { created: key(id, None).created, by: Some(user("u-m1")) })
        };
        let plan = undone(rows(), Some(of_heir()), vec![revoked("k-1"), revoked("k-2")]);
        assert_eq!((plan.items.len(), plan.sends()), (2, 0));
        for item in &plan.items {
            let Disposition::Held(held) = &item.disposition else { panic!("{item:?}") };
            assert!(held.detail.contains("cannot be brought back") && held.remedy.contains("make a new key"), "{held}");
        }
    }

    #[test]
    fn a_quest_names_who_left_and_who_inherited_and_for_keys_nobody() {
        let removed =
            |row: &Member| done(Change::Remove { member: row.id.clone(), email: row.email.clone() }, RestsOn::row(row));
        let row = member("m7", "a@x.example", "view");
        assert_eq!(quest_of(&[removed(&row)]), None, "a membership needs no belongings");
        assert_eq!(quest_of(&[handed_over(a_campaign())]), Some([user("u-m1"), user("u-m2")].into()));
        let change = Change::Revoke {
            key: KeyId::parse("k-1").unwrap(),
            name: "k".to_owned(),
            email: Some(email("a@x.example")),
            record: Some("r".to_owned()),
        };
        let revoked = done(change, RestsOn::Key { created: String::new(), by: Some(user("u-m1")) });
        assert_eq!(quest_of(&[revoked]), Some([].into()), "the keys alone");
    }
}
