//! Whether what an earlier run left still holds: a comparison of its steps with a workspace read again. It judges nobody.

mod links;
mod owner;
mod tags;
mod things;

use std::collections::BTreeSet;

use super::earlier::{Earlier, Ending, successor};
use super::observed::Observed;
use super::person::{self, Person};
use crate::domain::{Change, Email, LinkChange, LinkStatus, Member, MemberId, Permissions, RestsOn, Role};

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    /// What it left is still there.
    Holds,
    /// Who had yet to accept is a member now: holds too.
    Accepted,
    /// Somebody has still to accept.
    Waiting,
    /// It is not as the run left it.
    Drifted,
    /// The run could not say that it took effect, and the effect is there now.
    Late,
    /// The workspace could not be read, or not whole.
    Unseen,
    /// It was not applied, and it is not there.
    NotApplied,
}

impl Word {
    /// All of them, in the order they are counted.
    pub const ALL: [Self; 7] =
        [Self::Holds, Self::Accepted, Self::Waiting, Self::Drifted, Self::Late, Self::Unseen, Self::NotApplied];

    /// Returns the word of every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Accepted => "accepted",
            Self::Waiting => "waiting",
            Self::Drifted => "drifted",
            Self::Late => "late",
            Self::Unseen => "unseen",
            Self::NotApplied => "not_applied",
        }
    }

    /// Tells whether somebody should look: the world is not what the run said it left.
    pub fn is_finding(self) -> bool {
        matches!(self, Self::Drifted | Self::Late)
    }
}

/// What became of a step, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// In a word.
    pub word: Word,
    /// What was seen, where that says more.
    pub how: Option<String>,
}

/// What is there of the effect of a step.
enum Effect {
    /// It is there; whether somebody has still to accept, and a remark.
    There { open: bool, remark: Option<String> },
    /// It is not there; what is.
    Gone(String),
    /// It can't be told.
    Unseen(String),
}

/// Compares every step of a run in one workspace with the workspace as it is now, in the order given.
pub fn compare(steps: &[Earlier], observed: &Observed) -> Vec<Finding> {
    let known = known_rows(steps);
    let told = |one: &Earlier| match &observed.incomplete {
        // A key that is nobody's does not rest on members.
        Some(why) if one.step.change.person().is_some() => unseen(why),
        _ => word(one, effect(one, steps, &known, observed)),
    };
    steps.iter().map(told).collect()
}

/// What is said of the steps of a workspace that could not be seen.
pub fn unseen(why: &str) -> Finding {
    Finding { word: Word::Unseen, how: Some(why.to_owned()) }
}

/// The rows the run knew of when it began, and those its last looks still showed: what was there beside a removed row is no return.
fn known_rows(steps: &[Earlier]) -> BTreeSet<&MemberId> {
    let before = steps.iter().filter_map(|one| one.step.rests_on.member());
    let after = steps.iter().flat_map(|one| &one.seen);
    before.chain(after).collect()
}

fn word(one: &Earlier, effect: Effect) -> Finding {
    let was_open = match one.ending {
        Ending::Applied { waiting } => waiting,
        _ => match &one.step.rests_on {
            RestsOn::Row { accepted, .. } => !accepted,
            RestsOn::Link { status, .. } => LinkStatus::observed(status) == LinkStatus::Pending,
            _ => false,
        },
    };
    let invites = matches!(one.step.change, Change::Invite { .. } | Change::Group(LinkChange::Invite { .. }));
    let (word, how) = match (one.ending, effect) {
        (_, Effect::Unseen(why)) => return unseen(&why),
        (Ending::Applied { .. } | Ending::Already, Effect::Gone(how)) => (Word::Drifted, Some(how)),
        (Ending::Applied { .. } | Ending::Already, Effect::There { open, remark }) => match (invites, was_open, open) {
            (true, true, false) => (Word::Accepted, remark),
            (true, true, true) => (Word::Waiting, remark),
            (true, false, true) => (Word::Drifted, Some("was a member, is only invited now".to_owned())),
            _ => (Word::Holds, remark),
        },
        (Ending::NotApplied | Ending::Unsettled, Effect::There { .. }) if was_there(one) => {
            (Word::NotApplied, Some("as it was before the run".to_owned()))
        }
        (Ending::NotApplied | Ending::Unsettled, Effect::There { remark, .. }) => (Word::Late, remark),
        (Ending::NotApplied | Ending::Unsettled, Effect::Gone(how)) => (Word::NotApplied, Some(how)),
    };
    Finding { word, how }
}

/// Tells whether what a step asks for was there, as far as it is compared here, before the run began: a step can be held because of
/// permissions alone.
fn was_there(one: &Earlier) -> bool {
    match (&one.step.change, &one.step.rests_on) {
        (Change::SetRole { role, .. }, RestsOn::Row { role: before, .. }) => before == role,
        (Change::Invite { .. }, rests_on) => *rests_on != RestsOn::Absent,
        (Change::CreateKey { .. }, rests_on) => matches!(rests_on, RestsOn::Key { .. }),
        (Change::Revoke { .. }, rests_on) => *rests_on == RestsOn::NoKey,
        (Change::Group(LinkChange::Invite { .. }), rests_on) => matches!(rests_on, RestsOn::Link { .. }),
        (Change::Group(LinkChange::Remove { .. } | LinkChange::StayOut { .. }), rests_on) => {
            *rests_on == RestsOn::NoLink
        }
        _ => false,
    }
}

fn effect(one: &Earlier, steps: &[Earlier], known: &BTreeSet<&MemberId>, observed: &Observed) -> Effect {
    match &one.step.change {
        Change::Invite { email, role, permissions, .. } => invited(one, email, role, permissions.as_ref(), observed),
        Change::SetRole { member, email, role } => has_role(member, email, role, observed),
        Change::Remove { member, email } => {
            let replaced = successor(&one.step.id, steps).is_some_and(Earlier::is_applied);
            removed(member, std::iter::once(email).chain(&one.people), replaced, known, observed)
        }
        Change::HandOver { thing, email, heir, to } => {
            things::handed_over(one, thing, (email, heir), to.as_ref(), observed)
        }
        Change::CreateKey { name, replaces, .. } => things::made(one, name, replaces.is_some(), observed),
        Change::Revoke { key, .. } | Change::Retire { key: Some(key), .. } => things::revoked(key, observed),
        Change::Retire { key: None, .. } => {
            Effect::Gone("which key it is was not known, so keyholder revoked none".to_owned())
        }
        Change::Tag(change) => tags::effect(one, change, observed),
        Change::Group(change) => links::effect(change, steps, observed),
        Change::Transfer { .. } => owner::effect(one, observed),
        Change::StayAbsent { email } => match person::find(&observed.members, email) {
            Person::Nobody => there(),
            Person::Rows(rows) | Person::Ambiguous(rows) => Effect::Gone(format!("is here: {}", told(&rows))),
        },
    }
}

fn there() -> Effect {
    Effect::There { open: false, remark: None }
}

fn invited(
    one: &Earlier,
    email: &Email,
    role: &Role,
    permissions: Option<&Permissions>,
    observed: &Observed,
) -> Effect {
    let rows = match person::find(&observed.members, email) {
        Person::Nobody => return Effect::Gone("gone: neither a member nor invited".to_owned()),
        Person::Ambiguous(rows) => {
            return Effect::Gone(format!("several accounts bear the address: {}", told(&rows)));
        }
        Person::Rows(rows) => rows,
    };
    let same_role = |row: &&&Member| row.role == *role;
    let as_asked =
        |row: &&&Member| same_role(row) && (permissions.is_none() || row.permissions.as_ref() == permissions);
    let own = |row: &&&Member| as_asked(row) && one.made.as_ref() == Some(&row.id);
    match rows.iter().find(own).or_else(|| rows.iter().find(as_asked)) {
        Some(row) => {
            let other = one.made.as_ref().is_some_and(|made| *made != row.id);
            let remark = other.then(|| "by another row than the run made".to_owned());
            Effect::There { open: !row.accepted, remark }
        }
        None if rows.iter().any(|row| same_role(&row)) => Effect::Gone("the permissions are others now".to_owned()),
        None => Effect::Gone(format!("role now {}", told(&rows))),
    }
}

fn has_role(member: &MemberId, email: &Email, role: &Role, observed: &Observed) -> Effect {
    match observed.row(member) {
        Some(row) if row.role == *role => there(),
        Some(row) => Effect::Gone(format!("role now {}", row.role)),
        None => match person::find(&observed.members, email) {
            Person::Nobody => Effect::Gone("gone: the row is not there any more".to_owned()),
            Person::Rows(rows) | Person::Ambiguous(rows) => {
                Effect::Gone(format!("the row is gone, another is here: {}", told(&rows)))
            }
        },
    }
}

fn removed<'a>(
    member: &MemberId,
    emails: impl Iterator<Item = &'a Email>,
    replaced: bool,
    known: &BTreeSet<&MemberId>,
    observed: &Observed,
) -> Effect {
    if let Some(row) = observed.row(member) {
        return Effect::Gone(format!("the row is here: {}", told(&[row])));
    }
    if replaced {
        return there();
    }
    let mut news: Vec<&Member> = Vec::new();
    for email in emails {
        if let Person::Rows(rows) | Person::Ambiguous(rows) = person::find(&observed.members, email) {
            news.extend(rows.into_iter().filter(|row| !known.contains(&row.id)));
        }
    }
    news.sort_by(|a, b| a.id.cmp(&b.id));
    news.dedup_by(|a, b| a.id == b.id);
    if news.is_empty() {
        return there();
    }
    let again = if news.iter().any(|row| row.accepted) { "is a member again" } else { "is invited again" };
    Effect::Gone(format!("{again}: {}", told(&news)))
}

/// Says rows in a few words.
fn told(rows: &[&Member]) -> String {
    rows.iter().map(|row| RestsOn::row(row).describe()).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Step;
    use crate::plan::members::tests::{member, observed};

    const APPLIED: Ending = Ending::Applied { waiting: false };

    fn step(change: Change, rests_on: RestsOn) -> Step {
        let world = observed(vec![]);
        Step::new(&world.workspace, &world.id, change, rests_on)
    }

    fn invite(permissions: Option<Permissions>) -> Step {
        let email = Email::parse("a@x.example").unwrap();
        let change = Change::Invite { email, role: Role::View, permissions, nickname: None };
        step(change, RestsOn::Absent)
    }

    fn remove(row: &Member) -> Step {
        step(Change::Remove { member: row.id.clone(), email: row.email.clone() }, RestsOn::row(row))
    }

    fn set_role(row: &Member, role: Role) -> Step {
        let change = Change::SetRole { member: row.id.clone(), email: row.email.clone(), role };
        step(change, RestsOn::row(row))
    }

    fn open(id: &str, role: &str) -> Member {
        Member { accepted: false, ..member(id, "a@x.example", role) }
    }

    fn found(world: Vec<Member>, steps: &[Earlier]) -> Vec<(&'static str, String)> {
        let findings = compare(steps, &observed(world));
        findings.into_iter().map(|finding| (finding.word.as_str(), finding.how.unwrap_or_default())).collect()
    }

    #[track_caller]
    fn one(world: Vec<Member>, step: &Step, ending: Ending) -> (&'static str, String) {
        found(world, &[Earlier::new(step.clone(), ending, &[])]).remove(0)
    }

    #[test]
    fn an_invitation_waits_is_accepted_or_drifts() {
        let waiting = Ending::Applied { waiting: true };
        let word = |world, ending| one(world, &invite(None), ending).0;
        assert_eq!(word(vec![open("m1", "view")], waiting), "waiting");
        assert_eq!(word(vec![member("m1", "a@x.example", "view")], waiting), "accepted");
        assert_eq!(word(vec![member("m1", "a@x.example", "view")], APPLIED), "holds");
        assert_eq!(word(vec![open("m1", "view")], APPLIED), "drifted");
        assert_eq!(one(vec![open("m1", "admin")], &invite(None), waiting).1, "role now admin, invited");
        assert_eq!(word(vec![], waiting), "drifted");
        let narrowed = invite(Some(Permissions::of(["unibox.all"])));
        let others = one(vec![open("m1", "view")], &narrowed, waiting);
        assert_eq!(others, ("drifted", "the permissions are others now".to_owned()));
    }

    #[test]
    fn the_same_access_by_another_row_holds_and_is_remarked_on() {
        let made = open("m1", "view");
        let steps = [Earlier::new(invite(None), Ending::Applied { waiting: true }, &[RestsOn::row(&made)])];
        assert_eq!(found(vec![made], &steps), [("waiting", String::new())]);
        let other = found(vec![open("m2", "view")], &steps);
        assert_eq!(other, [("waiting", "by another row than the run made".to_owned())]);
    }

    #[test]
    fn a_role_holds_on_its_own_row_alone() {
        let raised = set_role(&member("m1", "a@x.example", "view"), Role::Editor);
        assert_eq!(one(vec![member("m1", "a@x.example", "editor")], &raised, APPLIED).0, "holds");
        let moved = one(vec![member("m1", "a@x.example", "admin")], &raised, APPLIED);
        assert_eq!(moved, ("drifted", "role now admin".to_owned()));
        assert!(one(vec![], &raised, APPLIED).1.starts_with("gone"));
        let other = one(vec![member("m2", "a@x.example", "editor")], &raised, APPLIED);
        assert_eq!(other, ("drifted", "the row is gone, another is here: editor".to_owned()));
    }

    #[test]
    fn a_removal_drifts_when_somebody_brings_the_person_back_and_not_by_what_was_there_beside() {
        let row = member("m1", "a@x.example", "view");
        assert_eq!(one(vec![], &remove(&row), APPLIED).0, "holds");
        assert_eq!(one(vec![row.clone()], &remove(&row), APPLIED).1, "the row is here: view");
        let again = one(vec![open("m2", "admin")], &remove(&row), APPLIED);
        assert_eq!(again, ("drifted", "is invited again: admin, invited".to_owned()));
        assert!(
            one(vec![member("m2", "a@x.example", "view")], &remove(&row), APPLIED).1.starts_with("is a member again")
        );

        let beside = member("m2", "a@x.example", "view");
        let held = Earlier::new(remove(&beside), Ending::NotApplied, &[]);
        let steps = [Earlier::new(remove(&row), APPLIED, &[]), held];
        let words: Vec<&str> = found(vec![beside.clone()], &steps).into_iter().map(|(word, _)| word).collect();
        assert_eq!(words, ["holds", "not_applied"]);
        let seen = [Earlier::new(remove(&row), APPLIED, &[RestsOn::row(&beside)])];
        assert_eq!(found(vec![beside], &seen)[0].0, "holds", "the last look showed it");
    }

    #[test]
    fn who_comes_back_by_the_address_they_were_asked_by_is_no_less_back() {
        let row = member("m1", "old@x.example", "view");
        let asked = Email::parse("a@x.example").unwrap();
        let removed = |people: &[&Email]| {
            let people = people.iter().map(|email| (*email).clone()).collect();
            [Earlier::new(remove(&row), APPLIED, &[]).of(people)]
        };
        let back = vec![open("m2", "admin")];
        assert_eq!(found(back.clone(), &removed(&[]))[0].0, "holds", "whose row it was is not known");
        let again = ("drifted", "is invited again: admin, invited".to_owned());
        assert_eq!(found(back, &removed(&[&asked])), [again]);
        assert_eq!(found(vec![], &removed(&[&asked]))[0].0, "holds");
    }

    #[test]
    fn a_reinvitation_is_no_return() {
        let old = open("m1", "view");
        let withdraw = remove(&old);
        let again = invite(None).after(&withdraw);
        let waiting = Ending::Applied { waiting: true };
        let steps = |ending| [Earlier::new(withdraw.clone(), APPLIED, &[]), Earlier::new(again.clone(), ending, &[])];
        let words = |ending| found(vec![open("m2", "view")], &steps(ending)).into_iter().map(|(word, _)| word);
        assert_eq!(words(waiting).collect::<Vec<_>>(), ["holds", "waiting"]);
        assert_eq!(words(Ending::NotApplied).collect::<Vec<_>>(), ["drifted", "late"]);
    }

    #[test]
    fn what_the_run_did_not_do_is_late_or_not_applied() {
        for ending in [Ending::NotApplied, Ending::Unsettled] {
            assert_eq!(one(vec![open("m1", "view")], &invite(None), ending).0, "late");
            assert_eq!(one(vec![], &invite(None), ending).0, "not_applied");
            let row = member("m1", "a@x.example", "view");
            assert_eq!(one(vec![], &remove(&row), ending).0, "late");
            assert_eq!(one(vec![row.clone()], &remove(&row), ending).0, "not_applied");
            // Held because of permissions: the role was there all the time.
            assert_eq!(one(vec![row.clone()], &set_role(&row, Role::View), ending).0, "not_applied");
        }
        let absent = step(Change::StayAbsent { email: Email::parse("a@x.example").unwrap() }, RestsOn::Absent);
        assert_eq!(one(vec![], &absent, Ending::Already).0, "holds");
        let back = one(vec![open("m1", "view")], &absent, Ending::Already);
        assert_eq!(back, ("drifted", "is here: view, invited".to_owned()));
    }

    #[test]
    fn of_a_workspace_that_was_not_seen_whole_nothing_is_said() {
        let world = Observed { incomplete: Some("a cursor came twice".to_owned()), ..observed(vec![]) };
        let steps = [Earlier::new(invite(None), APPLIED, &[])];
        assert_eq!(compare(&steps, &world), [unseen("a cursor came twice")]);
    }
}
