//! What undoing one step comes to, in the workspace as it is now.

use super::{hand_back, links, made_key, not_undoable, tags};
use crate::domain::step::Undo;
use crate::domain::{Change, Email, Held, HeldReason, Member, MemberId, Permissions, RestsOn, Role, Step};
use crate::plan::draw::Item;
use crate::plan::earlier::{Earlier, Ending};
use crate::plan::observed::Observed;
use crate::plan::person::{self, Person};

/// Returns the item that undoes one of a run's steps, before any guard was asked.
pub(super) fn of(one: &Earlier, steps: &[Earlier], observed: &Observed, run: &str) -> Item {
    if let Undo::Impossible(why) = &one.step.undo {
        return Item::held(outline(one, observed), not_undoable(why, by_hand(one)));
    }
    match (&one.step.change, &one.step.rests_on, &one.step.undo) {
        (Change::Invite { email, role, permissions, .. }, ..) => {
            take_back(one, email, role, permissions.as_ref(), observed)
        }
        (Change::SetRole { member, email, role }, _, Undo::SetRole(former)) => {
            give_role_back(one, member, email, role, former, observed)
        }
        (Change::Remove { .. }, RestsOn::Row { email, role, permissions, .. }, Undo::Invite) => {
            invite_again(one, email, role, permissions.as_ref(), observed)
        }
        (Change::HandOver { .. }, RestsOn::Owned { by, .. }, Undo::HandBack) => hand_back::of(one, by, observed, run),
        (Change::CreateKey { name, .. }, _, Undo::RevokeKey) => made_key::of(one, name, observed, run),
        (Change::Group(change), _, Undo::RemoveLink | Undo::InviteSub) => links::of(one, change, observed),
        (Change::Tag(change), _, _) => tags::of(one, change, steps, observed),
        _ => {
            let why = "the ledger does not say what was there before";
            Item::held(outline(one, observed), not_undoable(why, by_hand(one)))
        }
    }
}

/// A step about somebody of whom nobody knows yet what the run did to them.
pub(super) fn unsettled(one: &Earlier, observed: &Observed, run: &str) -> Item {
    let whose = one.step.change.subject();
    let why = if one.ending == Ending::Unsettled {
        "nobody knows yet whether the step took effect".to_owned()
    } else {
        format!("nobody knows yet whether another step about {whose} took effect")
    };
    let remedy = format!("settle it with `keyholder resume {run}`, then undo the run");
    Item::held(outline(one, observed), not_undoable(why, remedy))
}

/// Tells whether one invitation would bring back both of two rows that were taken.
pub(super) fn gives_the_same(one: &Earlier, other: &Earlier) -> bool {
    invitation(&one.step.rests_on) == invitation(&other.step.rests_on)
}

/// A second row of an address that was taken: only one invitation can be sent, and it goes to the other one.
pub(super) fn second_row(one: &Earlier, chosen: &Earlier, observed: &Observed) -> Item {
    let step = outline(one, observed);
    let why = format!(
        "another row of this address was taken too ({}), and an address can be invited once",
        chosen.step.rests_on.describe()
    );
    Item::held(step, not_undoable(why, "look in the app which access the person should have"))
}

pub(super) fn step(observed: &Observed, change: Change, rests_on: RestsOn) -> Step {
    Step::new(&observed.workspace, &observed.id, change, rests_on)
}

/// The step that would undo another, as far as can be said without knowing what is there: for what is held.
fn outline(one: &Earlier, observed: &Observed) -> Step {
    let of_person = |email: &Email| match person::find(&observed.members, email) {
        Person::Nobody => RestsOn::Absent,
        Person::Rows(rows) | Person::Ambiguous(rows) => RestsOn::row(rows[0]),
    };
    match (&one.step.change, &one.step.rests_on) {
        (Change::SetRole { member, email, role }, before) => {
            let former = if let RestsOn::Row { role, .. } = before { role } else { role };
            let rests_on = observed.row(member).map_or(RestsOn::Absent, RestsOn::row);
            step(observed, set_role(member, email, former), rests_on)
        }
        (Change::Remove { .. }, RestsOn::Row { email, .. }) => {
            step(observed, invitation(&one.step.rests_on).expect("it rests on a row"), of_person(email))
        }
        // They exist once each: what stands for it is the step itself, held.
        (change, before) => match change.person() {
            Some(email) if !matches!(change, Change::HandOver { .. } | Change::Revoke { .. }) => {
                step(observed, Change::StayAbsent { email: email.clone() }, of_person(email))
            }
            _ => step(observed, change.clone(), before.clone()),
        },
    }
}

fn set_role(member: &MemberId, email: &Email, role: &Role) -> Change {
    Change::SetRole { member: member.clone(), email: email.clone(), role: role.clone() }
}

/// The invitation that gives back the access of a row.
fn invitation(row: &RestsOn) -> Option<Change> {
    let RestsOn::Row { email, role, permissions, nickname, .. } = row else { return None };
    let (email, role) = (email.clone(), role.clone());
    Some(Change::Invite { email, role, permissions: permissions.clone(), nickname: nickname.clone() })
}

/// Undoes an invitation: whoever it brought goes, if it is still the row that the run made.
fn take_back(
    one: &Earlier,
    email: &Email,
    role: &Role,
    permissions: Option<&Permissions>,
    observed: &Observed,
) -> Item {
    let rows = match person::find(&observed.members, email) {
        Person::Nobody => {
            let nobody = step(observed, Change::StayAbsent { email: email.clone() }, RestsOn::Absent);
            return Item::already(nobody, "no membership and no invitation".to_owned());
        }
        Person::Ambiguous(_) => return Item::held(outline(one, observed), ambiguous(email)),
        Person::Rows(rows) => rows,
    };
    let row = match one.made.as_ref().and_then(|made| rows.iter().find(|row| row.id == *made)) {
        Some(row) => row,
        None => rows[0],
    };
    let remove = step(observed, Change::Remove { member: row.id.clone(), email: row.email.clone() }, RestsOn::row(row));
    let how = if rows.len() > 1 {
        Some(format!("{email} has {} rows here, the run made one", rows.len()))
    } else if one.made.as_ref().is_some_and(|made| row.id != *made) || row.email != *email {
        Some(format!("the row of {} is not the one the run made", row.email))
    } else if row.role != *role {
        Some(format!("the role is {} now, the run gave {role}", row.role))
    } else if permissions.is_some() && row.permissions.as_ref() != permissions {
        Some("the permissions are not those the run gave".to_owned())
    } else {
        None
    };
    match how {
        Some(how) => Item::held(remove, changed(&how, &format!("offboard {email}"), observed)),
        None => Item::send(remove),
    }
}

/// Undoes a change of role: the row gets its former one, if it still has the one the run gave.
fn give_role_back(
    one: &Earlier,
    member: &MemberId,
    email: &Email,
    given: &Role,
    former: &Role,
    observed: &Observed,
) -> Item {
    let again = format!("onboard {email} --role {former}");
    let Some(row) = observed.row(member) else {
        return Item::held(outline(one, observed), changed("the row is not there any more", &again, observed));
    };
    let back = step(observed, set_role(member, email, former), RestsOn::row(row));
    if row.email != *email {
        Item::held(back, changed(&format!("the row bears {} now", row.email), &again, observed))
    } else if row.role == *former {
        Item::already(back, format!("the role is {former} again"))
    } else if row.role != *given {
        let how = format!("the role is {} now, the run gave {given}", row.role);
        Item::held(back, changed(&how, &again, observed))
    } else {
        Item::send(back)
    }
}

/// Undoes a removal: the person is invited with the former access, and has to accept anew.
fn invite_again(
    one: &Earlier,
    email: &Email,
    role: &Role,
    permissions: Option<&Permissions>,
    observed: &Observed,
) -> Item {
    let invite = |rests_on| step(observed, invitation(&one.step.rests_on).expect("it rests on a row"), rests_on);
    let rows = match person::find(&observed.members, email) {
        Person::Nobody => return Item::send(invite(RestsOn::Absent)),
        Person::Ambiguous(rows) => return Item::held(invite(RestsOn::row(rows[0])), ambiguous(email)),
        Person::Rows(rows) => rows,
    };
    let alike = |row: &&&Member| row.email == *email && row.role == *role && row.permissions.as_ref() == permissions;
    if let Some(row) = rows.iter().find(alike) {
        let seen = if row.accepted { "is a member again" } else { "is invited again" };
        return Item::already(invite(RestsOn::row(row)), format!("{seen}, {role}"));
    }
    let row = rows[0];
    let how = if row.email == *email {
        format!("{email} is there with another access ({})", RestsOn::row(row).describe())
    } else {
        format!("the account of {email} is there under {}", row.email)
    };
    Item::held(invite(RestsOn::row(row)), changed(&how, &format!("onboard {email} --role {role}"), observed))
}

/// The world moved by another hand: it is not ours to undo.
pub(super) fn changed(how: &str, again: &str, observed: &Observed) -> Held {
    Held::new(
        HeldReason::Stale,
        format!("changed since the run: {how}"),
        format!("say yourself what should be: `keyholder {again} -w {}`", observed.workspace),
    )
}

fn ambiguous(email: &Email) -> Held {
    Held::new(
        HeldReason::AmbiguousPerson,
        format!("several accounts bear {email}"),
        "look at these rows in the app and change the one that is meant there",
    )
}

/// What a person can do where keyholder cannot.
fn by_hand(one: &Earlier) -> String {
    let subject = one.step.change.subject();
    match (&one.step.change, &one.step.rests_on) {
        (Change::SetRole { .. }, RestsOn::Row { role, .. }) => {
            format!("give {subject} the role `{role}` in the app")
        }
        (Change::Remove { .. }, RestsOn::Row { role, .. }) => {
            format!("bring {subject} back as `{role}` in the app")
        }
        (Change::HandOver { thing, .. }, _) => format!("give {subject} the {thing} in the app"),
        (Change::CreateKey { replaces: Some(_), .. }, _) => {
            format!("replace the key that is in its place now with `keyholder keys rotate -w {}`", one.step.workspace)
        }
        (Change::Revoke { name, .. } | Change::Retire { name, .. }, _) => {
            format!("make a new key in place of \"{name}\" in the app, where something still needs it")
        }
        _ => format!("look at {subject} in the app"),
    }
}
