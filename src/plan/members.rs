//! The difference between a wish about a member and what was observed.

use std::collections::BTreeSet;

use super::draw::{Item, Note};
use super::leave;
use super::observed::Observed;
use super::person::{self, Person};
use super::wish::{AccessWish, Wish};
use crate::domain::{
    Change, Email, Held, HeldReason, Member, MemberId, PermissionWish, Permissions, RestsOn, Role, Step,
};

/// The items one wish needs in one workspace, before any guard was asked, and what is worth a remark. `leaving` are the rows of everybody
/// who is to leave the workspace.
pub(super) fn draw(wish: &Wish, observed: &Observed, leaving: &BTreeSet<&MemberId>) -> (Vec<Item>, Vec<Note>) {
    match wish {
        Wish::Present { email, access, nickname } => match resolve(access, observed) {
            Ok((role, permissions)) => {
                (present(email, &role, &permissions, nickname.as_deref(), observed), aliases(email, observed))
            }
            Err(why) => (Vec::new(), vec![Note::new(observed, email, why)]),
        },
        Wish::Absent { email } => (absent(email, observed), aliases(email, observed)),
        Wish::Left { email, leave } => {
            let (items, notes) = leave::draw(email, leave, observed, leaving);
            (items, [aliases(email, observed), notes].concat())
        }
        Wish::Reinvited { email } => reinvited(email, observed),
    }
}

/// Says which rows are a person's although they bear another address: who reviews a plan could not know why they stand in it.
fn aliases(email: &Email, observed: &Observed) -> Vec<Note> {
    let rows = observed.members.iter().filter(|row| row.email != *email && row.user_email.as_ref() == Some(email));
    rows.map(|row| {
        Note::new(observed, email, format!("the row of {} is theirs: it bears their account's address", row.email))
    })
    .collect()
}

/// Finds out which role and permissions a person is to have here; the error says why nothing is to be given.
fn resolve(access: &AccessWish, observed: &Observed) -> Result<(Role, PermissionWish), String> {
    let colleague = match access {
        AccessWish::Fixed { role, permissions } => return Ok((role.clone(), permissions.clone())),
        AccessWish::Like(colleague) => colleague,
    };
    match person::find(&observed.members, colleague) {
        Person::Nobody => Err(format!("{colleague} has no access here, so none is given")),
        Person::Ambiguous(_) => Err(format!("it cannot be told which row is {colleague}'s, so no access is given")),
        Person::Rows(rows) => {
            // A membership says more than an invitation that may never be accepted.
            let row = rows.iter().find(|row| row.accepted).or(rows.first()).expect("`Rows` is never empty");
            let permissions = row.permissions.clone().map_or(PermissionWish::RoleDefault, PermissionWish::Exactly);
            Ok((row.role.clone(), permissions))
        }
    }
}

fn step(observed: &Observed, change: Change, rests_on: RestsOn) -> Step {
    Step::new(&observed.workspace, &observed.id, change, rests_on)
}

fn invite(email: &Email, role: &Role, permissions: Option<&Permissions>, nickname: Option<&str>) -> Change {
    Change::Invite {
        email: email.clone(),
        role: role.clone(),
        permissions: permissions.cloned(),
        nickname: nickname.map(str::to_owned),
    }
}

fn present(
    email: &Email,
    role: &Role,
    permissions: &PermissionWish,
    nickname: Option<&str>,
    observed: &Observed,
) -> Vec<Item> {
    let asked = || invite(email, role, permissions.to_send(), nickname);
    match person::find(&observed.members, email) {
        Person::Nobody => vec![Item::send(step(observed, asked(), RestsOn::Absent))],
        Person::Ambiguous(rows) => {
            vec![Item::held(step(observed, asked(), RestsOn::row(rows[0])), ambiguous(email, &rows))]
        }
        Person::Rows(rows) => rows
            .into_iter()
            .map(|row| {
                let rests_on = RestsOn::row(row);
                let same_role = row.role == *role;
                if !permissions.allows(row.permissions.as_ref()) && row.role != Role::Owner {
                    Item::held(
                        step(observed, set_role(row, role), rests_on),
                        permissions_differ(row, role, permissions, observed),
                    )
                } else if same_role {
                    Item::already(step(observed, asked(), rests_on), describe(row))
                } else {
                    Item::send(step(observed, set_role(row, role), rests_on))
                }
            })
            .collect(),
    }
}

fn set_role(row: &Member, role: &Role) -> Change {
    Change::SetRole { member: row.id.clone(), email: row.email.clone(), role: role.clone() }
}

pub(super) fn absent(email: &Email, observed: &Observed) -> Vec<Item> {
    let remove = |row: &Member| {
        let change = Change::Remove { member: row.id.clone(), email: row.email.clone() };
        step(observed, change, RestsOn::row(row))
    };
    match person::find(&observed.members, email) {
        Person::Nobody => {
            let nobody = step(observed, Change::StayAbsent { email: email.clone() }, RestsOn::Absent);
            if let Some(why) = &observed.incomplete {
                vec![Item::held(nobody, Held::incomplete(why))]
            } else {
                vec![Item::already(nobody, "no membership and no invitation".to_owned())]
            }
        }
        Person::Rows(rows) => rows.into_iter().map(|row| Item::send(remove(row))).collect(),
        Person::Ambiguous(rows) => rows.iter().map(|row| Item::held(remove(row), ambiguous(email, &rows))).collect(),
    }
}

fn reinvited(email: &Email, observed: &Observed) -> (Vec<Item>, Vec<Note>) {
    let rows = match person::find(&observed.members, email) {
        Person::Nobody => return (Vec::new(), Vec::new()),
        Person::Rows(rows) | Person::Ambiguous(rows) => rows,
    };
    let (open, taken): (Vec<&Member>, Vec<&Member>) = rows.iter().copied().partition(|row| !row.accepted);
    if open.is_empty() {
        return (Vec::new(), vec![Note::new(observed, email, "has accepted already".to_owned())]);
    }
    let mut items = Vec::new();
    for row in &open {
        let withdraw =
            step(observed, Change::Remove { member: row.id.clone(), email: row.email.clone() }, RestsOn::row(row));
        let again = invite(&row.email, &row.role, row.permissions.as_ref(), row.nickname.as_deref());
        let again = step(observed, again, RestsOn::Absent).after(&withdraw);
        // It is sent again to the address it went to, which may be found under the person's account alone: no other row may bear it.
        let bearing = person::find(&observed.members, &row.email).bearing();
        let alone = open.len() == 1 && taken.is_empty() && bearing.len() == 1;
        if alone && Role::grantable(row.role.as_str()).is_some() {
            items.push(Item::send(withdraw));
            items.push(Item::send(again));
        } else {
            // Withdrawing what cannot be sent again would take access away in the name of giving it.
            let (whose, rows) = if rows.len() > 1 { (email, &rows) } else { (&row.email, &bearing) };
            items.push(Item::held(withdraw, not_alone(whose, row, rows)));
        }
    }
    (items, Vec::new())
}

fn describe(row: &Member) -> String {
    if row.accepted { format!("{}, accepted", row.role) } else { format!("{}, invitation open", row.role) }
}

fn not_alone(email: &Email, row: &Member, rows: &[&Member]) -> Held {
    if rows.len() > 1 {
        Held::new(
            HeldReason::AmbiguousPerson,
            format!("{email} has {} rows here", rows.len()),
            "remove the rows that are not wanted in the app, then run the command again",
        )
    } else {
        Held::new(
            HeldReason::RoleNotGrantable,
            format!("the API could not grant the role `{}` again", row.role),
            "invite the person in the app",
        )
    }
}

fn ambiguous(email: &Email, rows: &[&Member]) -> Held {
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    Held::new(
        HeldReason::AmbiguousPerson,
        format!("several accounts bear {email} (rows {})", ids.join(", ")),
        "look at these rows in the app and remove the one that is meant there",
    )
}

fn permissions_differ(row: &Member, role: &Role, wanted: &PermissionWish, observed: &Observed) -> Held {
    let has = row.permissions.as_ref().map_or("what the role gives".to_owned(), listed);
    let asked = wanted.to_send().map_or("what the role gives".to_owned(), listed);
    let again = wanted.to_send().map_or(String::new(), |p| format!(" --permissions {}", p.join(",")));
    let (email, workspace) = (&row.email, &observed.workspace);
    Held::new(
        HeldReason::PermissionsDiffer,
        format!("the permissions are {has}; asked are {asked}; the API sets permissions at invitation only"),
        format!(
            "remove and invite again: `keyholder offboard {email} -w {workspace}`, then `keyholder onboard {email} \
             --role {role}{again} -w {workspace}`; or ask for --role alone"
        ),
    )
}

fn listed(permissions: &Permissions) -> String {
    if permissions.0.is_empty() { "none".to_owned() } else { permissions.join(" ") }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::{Disposition, Mode, UserId, WorkspaceId, WorkspaceName};

    pub(in crate::plan) fn member(id: &str, email: &str, role: &str) -> Member {
        Member {
            id: MemberId::parse(id).unwrap(),
            email: Email::parse(email).unwrap(),
            user_id: Some(UserId::parse(&format!("u-{id}")).unwrap()),
            user_email: None,
            role: Role::observed(role),
            permissions: None,
            accepted: true,
            nickname: None,
            name: None,
            issuer_id: None,
            timestamp_created: "2026-01-01T00:00:00Z".to_owned(),
            workspace_id: WorkspaceId::parse("w1").unwrap(),
        }
    }

    pub(in crate::plan) fn observed(members: Vec<Member>) -> Observed {
        Observed {
            workspace: WorkspaceName::parse("acme").unwrap(),
            id: WorkspaceId::parse("w1").unwrap(),
            mode: Mode::Manage,
            owner: None,
            members,
            incomplete: None,
            acts_as: false,
            belongings: None,
            tagging: None,
            links: None,
        }
    }

    fn wish(email: &str, role: &str, permissions: PermissionWish) -> Wish {
        Wish::Present {
            email: Email::parse(email).unwrap(),
            access: AccessWish::Fixed { role: Role::observed(role), permissions },
            nickname: None,
        }
    }

    fn alone(wish: &Wish, observed: &Observed) -> (Vec<Item>, Vec<Note>) {
        draw(wish, observed, &BTreeSet::new())
    }

    fn only(items: (Vec<Item>, Vec<Note>)) -> Item {
        assert_eq!(items.0.len(), 1, "{items:?}");
        items.0.into_iter().next().unwrap()
    }

    #[test]
    fn who_is_not_there_is_invited() {
        let item = only(alone(&wish("a@x.example", "editor", PermissionWish::Any), &observed(vec![])));
        assert!(matches!(item.step.change, Change::Invite { .. }));
        assert_eq!(item.disposition, Disposition::Send);
    }

    #[test]
    fn the_same_role_is_already_there_even_when_only_invited() {
        let row = Member { accepted: false, ..member("m1", "a@x.example", "editor") };
        let item = only(alone(&wish("A@X.example", "editor", PermissionWish::Any), &observed(vec![row])));
        assert_eq!(item.disposition, Disposition::Already("editor, invitation open".to_owned()));
    }

    #[test]
    fn another_role_is_a_set_role() {
        let row = member("m1", "a@x.example", "view");
        let item = only(alone(&wish("a@x.example", "editor", PermissionWish::Any), &observed(vec![row])));
        assert!(matches!(item.step.change, Change::SetRole { .. }));
    }

    #[test]
    fn other_permissions_are_held_with_the_remedy() {
        let row =
            Member { permissions: Some(Permissions::of(["unibox.all"])), ..member("m1", "a@x.example", "editor") };
        let asked = PermissionWish::Exactly(Permissions::of(["crm.view"]));
        let item = only(alone(&wish("a@x.example", "editor", asked), &observed(vec![row])));
        let Disposition::Held(held) = item.disposition else { panic!("{:?}", item.disposition) };
        assert_eq!(held.reason, HeldReason::PermissionsDiffer);
        assert!(held.remedy.contains("invite again"));
    }

    #[test]
    fn a_colleagues_access_is_copied_and_nothing_is_given_where_there_is_none() {
        let row =
            Member { permissions: Some(Permissions::of(["unibox.all"])), ..member("m1", "c@x.example", "editor") };
        let like = Wish::Present {
            email: Email::parse("a@x.example").unwrap(),
            access: AccessWish::Like(Email::parse("c@x.example").unwrap()),
            nickname: None,
        };
        let item = only(alone(&like, &observed(vec![row])));
        assert!(
            matches!(&item.step.change, Change::Invite { role: Role::Editor, permissions: Some(p), .. } if p.0.len() == 1)
        );
        let (items, notes) = alone(&like, &observed(vec![]));
        assert!(items.is_empty() && notes.len() == 1);
    }

    #[test]
    fn an_open_invitation_is_withdrawn_and_then_sent_again() {
        let row = Member { accepted: false, ..member("m1", "a@x.example", "view") };
        let (items, _) = alone(&Wish::Reinvited { email: row.email.clone() }, &observed(vec![row]));
        assert!(matches!(items[0].step.change, Change::Remove { .. }));
        assert_eq!(items[1].step.after.as_ref(), Some(&items[0].step.id));
    }

    #[test]
    fn an_invitation_whose_address_another_row_bears_is_not_withdrawn() {
        // Found by the account's address; sent again to the invited one, it would be refused.
        let open = Member {
            accepted: false,
            user_email: Some(Email::parse("a@x.example").unwrap()),
            ..member("m1", "alias@x.example", "view")
        };
        let taken = member("m2", "alias@x.example", "view");
        let wish = Wish::Reinvited { email: Email::parse("a@x.example").unwrap() };
        let item = only(alone(&wish, &observed(vec![open, taken])));
        assert!(matches!(item.disposition, Disposition::Held(Held { reason: HeldReason::AmbiguousPerson, .. })));
    }

    #[test]
    fn a_person_who_is_nowhere_is_already_absent() {
        let item = only(alone(&Wish::Absent { email: Email::parse("a@x.example").unwrap() }, &observed(vec![])));
        assert!(matches!(item.disposition, Disposition::Already(_)));
    }
}
