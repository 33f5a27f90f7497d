//! A plan that was saved, held against the world as it is now.

use std::collections::BTreeMap;

use super::draw::{Item, Plan};
use super::guard::Rules;
use super::observed::Observed;
use super::person::{self, Person};
use super::{keys, limits, links, owner, picture, tags};
use crate::domain::{Change, Disposition, Held, HeldReason, KeyInfo, PermissionWish, RestsOn};

impl Plan {
    /// Returns the plan with what no longer holds, held: guards, limits and doubts of today, what was already so and is not any more,
    /// and every step of a workspace that could not be read, for which `unread` gives the reason. It keeps its id, for it is
    /// the one that was reviewed; rows are read again before each write anyway.
    #[must_use]
    pub fn again(mut self, observed: &[Observed], rules: &Rules, unread: impl Fn(&str) -> Option<String>) -> Self {
        let seen: BTreeMap<&str, &Observed> =
            observed.iter().map(|observed| (observed.workspace.as_str(), observed)).collect();
        // The workspace at hand, as the steps before this one leave it: an admin may go once another one is there.
        let mut picture: Option<Observed> = None;
        let mut workspace = None;
        for item in &mut self.items {
            if workspace.as_ref() != Some(&item.step.workspace) {
                workspace = Some(item.step.workspace.clone());
                picture = seen.get(item.step.workspace.as_str()).map(|observed| (*observed).clone());
            }
            let as_asked = |observed: &&Observed| item.sends() && tags::is_as_asked(&item.step, observed);
            if seen.get(item.step.workspace.as_str()).is_some_and(as_asked) {
                item.disposition = Disposition::Already("it is as asked by now".to_owned());
            }
            let refused = match (seen.get(item.step.workspace.as_str()), &picture) {
                (Some(observed), Some(picture)) => {
                    judge(item, observed, picture, rules).or_else(|| rules.in_doubt.judge(item, observed))
                }
                _ => Some(Held::new(
                    HeldReason::LaneEnded,
                    format!("not sent: {}", unread(&item.step.workspace).unwrap_or_default()),
                    "mend it, then apply the plan again",
                )),
            };
            if let Some(held) = refused {
                item.disposition = Disposition::Held(held);
            }
            if let (true, Some(picture)) = (item.sends(), &mut picture) {
                picture::fold(picture, &item.step);
            }
        }
        limits::apply(&mut self.items, rules);
        limits::follow(&mut self.items);
        self
    }
}

fn judge(item: &Item, observed: &Observed, picture: &Observed, rules: &Rules) -> Option<Held> {
    match &item.disposition {
        Disposition::Held(_) => None,
        Disposition::Send => moved(item, observed).or_else(|| rules.judge(&item.step, picture, 0)),
        Disposition::Already(_)
            if observed.incomplete.is_some() && item.step.change.person().is_some()
                || observed.mode == crate::domain::Mode::Off =>
        {
            rules.judge(&item.step, picture, 0)
        }
        Disposition::Already(_) => (!still_so(&item.step.change, observed)).then(|| {
            Held::new(
                HeldReason::Stale,
                "the world moved since the plan was drawn: what was already so is not any more",
                "plan again",
            )
        }),
    }
}

/// Holds a step whose row is another than it was. A row that is gone, or as asked by now, is for the lane to tell.
fn moved(item: &Item, observed: &Observed) -> Option<Held> {
    if let Some(how) = tags::partly_as_asked(&item.step, observed) {
        return Some(stale(&how));
    }
    let RestsOn::Row { id, email, user_id, role, .. } = &item.step.rests_on else { return None };
    let row = observed.row(id)?;
    let as_asked = matches!(&item.step.change, Change::SetRole { role: wanted, .. } if row.role == *wanted);
    let same = row.email == *email && row.user_id == *user_id && (row.role == *role || as_asked);
    (!same).then(|| {
        let how = format!("the row of {email} is another than it was (role {} instead of {role})", row.role);
        stale(&how)
    })
}

fn stale(how: &str) -> Held {
    Held::new(HeldReason::Stale, format!("the world moved since the plan was drawn: {how}"), "plan again")
}

/// Tells whether what a plan found already so still is.
fn still_so(change: &Change, observed: &Observed) -> bool {
    match (change, person::of_change(&observed.members, change)) {
        (Change::StayAbsent { .. } | Change::Remove { .. }, person) => person == Person::Nobody,
        (Change::Invite { role, permissions, .. }, Person::Rows(rows)) => rows.iter().any(|row| {
            let wish = permissions.clone().map_or(PermissionWish::Any, PermissionWish::Exactly);
            row.role == *role && wish.allows(row.permissions.as_ref())
        }),
        (Change::SetRole { role, .. }, Person::Rows(rows)) => rows.iter().any(|row| row.role == *role),
        // Only ever sent or held.
        (Change::HandOver { .. } | Change::Retire { .. }, _) => true,
        (Change::Transfer { email }, _) => owner::is_owned_by(observed, email),
        (Change::Tag(change), _) => tags::still_so(change, observed),
        (Change::Group(change), _) => links::still_so(change, observed),
        // Where no list of keys was read, nothing is said: the lane reads it just before it sends.
        (Change::Revoke { key, .. }, _) => {
            keys_of(observed).is_none_or(|keys| keys.iter().all(|listed| listed.id != *key))
        }
        (Change::CreateKey { name, scopes, .. }, _) => keys_of(observed).is_none_or(|keys| {
            keys.iter().any(|key| keys::bears(&key.name, name) && keys::same_power(&key.scopes, scopes))
        }),
        (Change::Invite { .. } | Change::SetRole { .. }, Person::Nobody | Person::Ambiguous(_)) => false,
    }
}

fn keys_of(observed: &Observed) -> Option<&[KeyInfo]> {
    observed.belongings.as_deref().map(|belongings| belongings.keys.rows.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Email, Guards};
    use crate::plan::members::tests::{member, observed};
    use crate::plan::{Wish, draw};

    fn offboard(world: Observed) -> Plan {
        let wish = Wish::Absent { email: Email::parse("a@x.example").unwrap() };
        draw(&[(world, vec![wish])], &rules())
    }

    fn rules() -> Rules {
        Rules::of(Guards::default())
    }

    fn reason(plan: &Plan) -> Option<HeldReason> {
        match &plan.items[0].disposition {
            Disposition::Held(held) => Some(held.reason),
            _ => None,
        }
    }

    #[test]
    fn who_was_absent_and_is_back_is_stale_and_not_already_absent() {
        let plan = offboard(observed(vec![]));
        let id = plan.id.clone();
        let back = observed(vec![member("m1", "a@x.example", "view")]);
        let again = plan.clone().again(&[back], &rules(), |_| None);
        assert_eq!((reason(&again), again.id.clone()), (Some(HeldReason::Stale), id));
        assert_eq!(reason(&plan.again(&[observed(vec![])], &rules(), |_| None)), None);
    }

    #[test]
    fn the_guards_and_limits_of_today_hold() {
        let rows = || observed(vec![member("m1", "a@x.example", "view")]);
        let plan = offboard(rows());
        let mut stricter = rules();
        stricter.guards.protected.insert(Email::parse("a@x.example").unwrap());
        assert_eq!(reason(&plan.clone().again(&[rows()], &stricter, |_| None)), Some(HeldReason::Protected));
        let mut fewer = rules();
        fewer.guards.max_removals.per_run = 0;
        assert_eq!(reason(&plan.clone().again(&[rows()], &fewer, |_| None)), Some(HeldReason::LimitPerRun));
        let unread = |_: &str| Some("its key is dead".to_owned());
        assert_eq!(reason(&plan.again(&[], &rules(), unread)), Some(HeldReason::LaneEnded));
    }

    #[test]
    fn who_was_to_inherit_must_still_be_a_member_with_that_account() {
        use crate::plan::traces::tests::{campaign, found, user};
        use crate::plan::{Belongings, Leave};
        let world = |heirs: Vec<crate::domain::Member>| {
            let campaigns = found(vec![campaign("c-1", Some("u-m1"), None)]);
            let belongings = Belongings { accounts: [user("u-m1")].into(), campaigns, ..Belongings::default() };
            let rows = [vec![member("m1", "a@x.example", "view")], heirs].concat();
            Observed { belongings: Some(Box::new(belongings)), ..observed(rows) }
        };
        let heir = || member("m2", "h@x.example", "view");
        let leave = Leave { heir: Some(heir().email), ..Leave::default() };
        let wish = Wish::Left { email: Email::parse("a@x.example").unwrap(), leave };
        let plan = draw(&[(world(vec![heir()]), vec![wish])], &rules());
        let again = |world: Observed| plan.clone().again(&[world], &rules(), |_| None);
        assert_eq!((reason(&again(world(vec![heir()]))), again(world(vec![heir()])).sends()), (None, 2));
        // Read without belongings, as it is where nobody asked for them: the lane reads them itself.
        assert_eq!(again(Observed { belongings: None, ..world(vec![heir()]) }).sends(), 2);
        let gone = again(world(vec![]));
        assert_eq!((reason(&gone), gone.sends()), (Some(HeldReason::HeirNotMember), 1), "access goes all the same");
        let other = crate::domain::Member { user_id: Some(user("u-new")), ..heir() };
        assert_eq!(reason(&again(world(vec![other]))), Some(HeldReason::HeirNotMember));
    }
}
