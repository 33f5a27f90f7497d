//! What earlier runs left without a known end: no plan goes on about the same person until that is settled.
//!
//! Owns what such a write may still do to what a plan says. It knows nothing of where doubts are kept.

use std::collections::{BTreeMap, BTreeSet};

use super::draw::Item;
use super::observed::Observed;
use super::{keys, person};
use crate::domain::{
    Change, Disposition, Email, Held, HeldReason, Member, RestsOn, RunId, Step, StepId, StepKind, TagChange,
    WorkspaceId,
};

/// A write that may have taken effect, or may still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// Where.
    pub workspace_id: WorkspaceId,
    /// About whom or what.
    pub subject: String,
    /// What it does; none is a kind this version does not know.
    pub kind: Option<StepKind>,
    /// The step.
    pub step: StepId,
    /// The run that sent it.
    pub run: RunId,
    /// Whether that run is being written now, so that its end may come by itself.
    pub running: bool,
}

/// All doubts of some workspaces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Doubts(BTreeMap<(WorkspaceId, String), Vec<Doubt>>);

impl FromIterator<Doubt> for Doubts {
    fn from_iter<T: IntoIterator<Item = Doubt>>(doubts: T) -> Self {
        let mut by_person: BTreeMap<_, Vec<Doubt>> = BTreeMap::new();
        for doubt in doubts {
            by_person.entry((doubt.workspace_id.clone(), folded(&doubt.subject))).or_default().push(doubt);
        }
        Self(by_person)
    }
}

impl Doubts {
    /// Tells whether nothing is in doubt.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Doubt> {
        self.0.values().flatten()
    }

    /// Returns why an item must not be sent, or not be called already so, if an earlier write may still change what it says.
    pub(super) fn judge(&self, item: &Item, observed: &Observed) -> Option<Held> {
        if self.is_empty() {
            return None;
        }
        let about = |address: &str| self.of(&item.step.workspace_id, address);
        let own = addresses(&item.step, observed);
        let may_change = own.into_iter().flat_map(about).find(|doubt| doubt.may_change(item, observed));
        let of_its_key = || self.of_its_key(item);
        // Who is to inherit may be gone any moment.
        let heirs = heirs(item, observed);
        let gone = || heirs.into_iter().flat_map(about).find(|doubt| doubt.may_end_a_membership());
        may_change.or_else(gone).or_else(of_its_key).or_else(|| self.of_its_owner(item)).map(Doubt::held)
    }

    /// Finds a key that may just be being made and that the item would delete, or that it would replace: its name is all that is known of it.
    fn of_its_key(&self, item: &Item) -> Option<&Doubt> {
        let (Disposition::Send, change) = (&item.disposition, &item.step.change) else { return None };
        let made = |doubt: &&Doubt| {
            doubt.workspace_id == item.step.workspace_id && matches!(doubt.kind, Some(StepKind::KeyCreate) | None)
        };
        match change {
            Change::Revoke { name, .. } | Change::Retire { name, .. } => {
                self.iter().filter(made).find(|doubt| keys::bears(name, &doubt.subject))
            }
            Change::CreateKey { replaces: Some(_), .. } => self.iter().find(made),
            _ => None,
        }
    }

    /// Finds a transfer of the same workspace to somebody else that may land any moment: a workspace has one owner.
    fn of_its_owner(&self, item: &Item) -> Option<&Doubt> {
        if !matches!(item.step.change, Change::Transfer { .. }) || item.is_held() {
            return None;
        }
        let another = |doubt: &&Doubt| {
            doubt.workspace_id == item.step.workspace_id
                && doubt.kind == Some(StepKind::OwnerTransfer)
                && doubt.step != item.step.id
        };
        self.iter().find(another)
    }

    /// Counts the accepted admins other than this step's own who may be gone, or no admins, any moment.
    pub(super) fn admins(&self, step: &Step, observed: &Observed) -> usize {
        if self.is_empty() {
            return 0;
        }
        let own = row_of(step, observed).map(|row| &row.id);
        let may_go = |row: &&Member| {
            let mut doubts = bears(row).flat_map(|email| self.of(&observed.id, email.as_str()));
            Some(&row.id) != own && row.is_acting_admin() && doubts.any(Doubt::may_lower)
        };
        observed.members.iter().filter(may_go).count()
    }

    fn of(&self, workspace: &WorkspaceId, subject: &str) -> &[Doubt] {
        self.0.get(&(workspace.clone(), folded(subject))).map_or(&[], Vec::as_slice)
    }
}

/// What subjects are compared by: addresses mean the same in any case, and of two keys that differ in nothing else both wait.
fn folded(subject: &str) -> String {
    subject.to_ascii_lowercase()
}

impl Doubt {
    /// Tells whether this write, landing late, could make what the item says untrue. What would be sent always waits.
    fn may_change(&self, item: &Item, observed: &Observed) -> bool {
        match (&item.disposition, &item.step.change) {
            (Disposition::Held(_), _)
            | (
                Disposition::Already(_),
                Change::HandOver { .. }
                | Change::CreateKey { .. }
                | Change::Revoke { .. }
                | Change::Retire { .. }
                | Change::Transfer { .. },
            ) => false,
            // A rename or an assignment that lands late undoes what is already so.
            (Disposition::Already(_), Change::Tag(_) | Change::Group(_)) => self.step != item.step.id,
            (Disposition::Send, _) => true,
            // Of all that can land late only a lost invitation brings somebody back.
            (Disposition::Already(_), Change::StayAbsent { .. } | Change::Remove { .. }) => {
                matches!(self.kind, Some(StepKind::MemberInvite) | None)
            }
            // What is seen is what was in doubt: it has come about.
            (Disposition::Already(_), Change::Invite { .. } | Change::SetRole { .. }) => {
                let of_rows = matches!(
                    self.kind,
                    Some(StepKind::MemberInvite | StepKind::MemberSetRole | StepKind::MemberRemove) | None
                );
                of_rows && self.step != item.step.id && !self.gave_the_role(&item.step, observed)
            }
        }
    }

    /// Tells whether this write, landing late, could leave an accepted admin no admin.
    fn may_lower(&self) -> bool {
        matches!(self.kind, Some(StepKind::MemberRemove | StepKind::MemberSetRole) | None)
    }

    /// Tells whether this write, landing late, could end a membership.
    fn may_end_a_membership(&self) -> bool {
        matches!(self.kind, Some(StepKind::MemberRemove) | None)
    }

    /// Tells whether this was the change to the role that the step's row has by now; ids are derived from what is wanted.
    fn gave_the_role(&self, step: &Step, observed: &Observed) -> bool {
        row_of(step, observed).is_some_and(|row| {
            let change = Change::SetRole { member: row.id.clone(), email: row.email.clone(), role: row.role.clone() };
            Step::new(&observed.workspace, &step.workspace_id, change, RestsOn::row(row)).id == self.step
        })
    }

    fn held(&self) -> Held {
        let what = self.kind.map_or("a write", StepKind::as_str);
        let (subject, run) = (&self.subject, &self.run);
        if self.running {
            return Held::new(
                HeldReason::InDoubt,
                format!("run {run} is sending {what} about {subject} right now"),
                format!("wait until run {run} has ended, then run the command again"),
            );
        }
        Held::new(
            HeldReason::InDoubt,
            format!("run {run} sent {what} about {subject}, and its end is not known"),
            format!("run `keyholder resume {run}` first: it waits, looks and settles it"),
        )
    }
}

fn bears(row: &Member) -> impl Iterator<Item = &Email> {
    row.user_email.iter().chain([&row.email])
}

/// The addresses of whom something that would be sent is handed over to.
fn heirs<'a>(item: &'a Item, observed: &'a Observed) -> BTreeSet<&'a str> {
    match &item.step.change {
        Change::HandOver { heir, .. } if item.sends() => {
            let rows = person::find(&observed.members, heir).bearing();
            rows.into_iter().flat_map(bears).chain([heir]).map(Email::as_str).collect()
        }
        _ => BTreeSet::new(),
    }
}

fn row_of<'a>(step: &Step, observed: &'a Observed) -> Option<&'a Member> {
    observed.row(step.rests_on.member()?)
}

/// What a step's subject is known by in a workspace: the address or key it is about, and of a person the addresses of their rows, of a tag
/// that gets another label the one it has.
fn addresses<'a>(step: &'a Step, observed: &'a Observed) -> BTreeSet<&'a str> {
    let found = person::of_change(&observed.members, &step.change).bearing();
    let rows = found.into_iter().chain(row_of(step, observed));
    let former = match &step.change {
        Change::Tag(TagChange::Alter { from, .. }) => from.as_deref(),
        _ => None,
    };
    rows.flat_map(bears).map(Email::as_str).chain([step.change.subject().as_str()]).chain(former).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Guards, PermissionWish, Role};
    use crate::plan::members::tests::{member, observed};
    use crate::plan::{AccessWish, Plan, Rules, Wish, draw};

    fn email(text: &str) -> Email {
        Email::parse(text).unwrap()
    }

    fn rules(doubts: &[(&str, Option<StepKind>, StepId)]) -> Rules {
        let doubt = |(subject, kind, step): &(&str, Option<StepKind>, StepId)| Doubt {
            workspace_id: WorkspaceId::parse("w1").unwrap(),
            subject: (*subject).to_owned(),
            kind: *kind,
            step: step.clone(),
            run: RunId::parse("20261119T080000Z-0001").unwrap(),
            running: false,
        };
        Rules { in_doubt: doubts.iter().map(doubt).collect(), ..Rules::of(Guards::default()) }
    }

    fn some_step() -> StepId {
        StepId::of(b"another step")
    }

    fn absent(who: &str) -> Wish {
        Wish::Absent { email: email(who) }
    }

    fn present(who: &str, role: Role) -> Wish {
        let access = AccessWish::Fixed { role, permissions: PermissionWish::Any };
        Wish::Present { email: email(who), access, nickname: None }
    }

    fn reasons(plan: &Plan) -> Vec<Option<HeldReason>> {
        let reason = |item: &Item| match &item.disposition {
            Disposition::Held(held) => Some(held.reason),
            _ => None,
        };
        plan.items.iter().map(reason).collect()
    }

    const A: &str = "a@x.example";

    #[test]
    fn nothing_is_sent_about_who_is_in_doubt_whatever_the_doubt() {
        let world = || observed(vec![member("m1", A, "view"), member("m2", "b@x.example", "view")]);
        for kind in StepKind::ALL.into_iter().map(Some).chain([None]) {
            let rules = rules(&[("A@X.example", kind, some_step())]);
            let plan = draw(&[(world(), vec![absent(A), absent("b@x.example")])], &rules);
            assert_eq!(reasons(&plan), [Some(HeldReason::InDoubt), None]);
            let Disposition::Held(held) = &plan.items[0].disposition else { panic!() };
            assert!(held.remedy.contains("keyholder resume 20261119T080000Z-0001"), "{}", held.remedy);
        }
    }

    #[test]
    fn a_row_is_in_doubt_under_every_address_of_its_person() {
        let row = Member { user_email: Some(email("account@x.example")), ..member("m1", A, "view") };
        for doubted in [A, "account@x.example"] {
            let rules = rules(&[(doubted, Some(StepKind::MemberRemove), some_step())]);
            for asked in [A, "account@x.example"] {
                let plan = draw(&[(observed(vec![row.clone()]), vec![absent(asked)])], &rules);
                assert_eq!(reasons(&plan), [Some(HeldReason::InDoubt)], "{doubted} {asked}");
            }
        }
    }

    #[test]
    fn nobody_is_called_absent_who_may_still_be_invited_and_a_late_removal_changes_no_absence() {
        let held = |kind| {
            let rules = rules(&[(A, kind, some_step())]);
            let plan = draw(&[(observed(vec![]), vec![absent(A)])], &rules);
            reasons(&plan)[0]
        };
        assert_eq!(held(Some(StepKind::MemberInvite)), Some(HeldReason::InDoubt));
        assert_eq!(held(None), Some(HeldReason::InDoubt), "of a kind of tomorrow nothing is known");
        assert_eq!(held(Some(StepKind::MemberRemove)), None);
        assert_eq!(held(Some(StepKind::MemberSetRole)), None);
    }

    #[test]
    fn who_is_there_as_the_doubt_would_have_it_is_already_there_and_nobody_else() {
        let wish = || vec![present(A, Role::View)];
        let asked = draw(&[(observed(vec![]), wish())], &rules(&[]));
        let raised = draw(&[(observed(vec![member("m1", A, "editor")]), wish())], &rules(&[]));
        let world = || observed(vec![member("m1", A, "view")]);
        let held =
            |kind, step: &StepId| reasons(&draw(&[(world(), wish())], &rules(&[(A, Some(kind), step.clone())])))[0];
        assert_eq!(held(StepKind::MemberInvite, &asked.items[0].step.id), None);
        assert_eq!(held(StepKind::MemberSetRole, &raised.items[0].step.id), None);
        assert_eq!(held(StepKind::MemberSetRole, &some_step()), Some(HeldReason::InDoubt));
        assert_eq!(held(StepKind::MemberRemove, &some_step()), Some(HeldReason::InDoubt));
    }

    #[test]
    fn an_admin_who_may_be_gone_any_moment_does_not_count_as_one_who_remains() {
        let world = || observed(vec![member("m1", A, "admin"), member("m2", "b@x.example", "admin")]);
        let draw = |kind| {
            let rules = rules(&[(A, Some(kind), some_step())]);
            reasons(&draw(&[(world(), vec![absent("b@x.example")])], &rules))[0]
        };
        assert_eq!(draw(StepKind::MemberRemove), Some(HeldReason::LastAdmin));
        assert_eq!(draw(StepKind::MemberSetRole), Some(HeldReason::LastAdmin));
        assert_eq!(draw(StepKind::MemberInvite), None);
    }

    #[test]
    fn a_saved_plan_is_held_against_the_doubts_of_today_and_keeps_its_id() {
        let world = || observed(vec![member("m1", A, "view")]);
        let plan = draw(&[(world(), vec![absent(A), absent("c@x.example")])], &rules(&[]));
        let id = plan.id.clone();
        let invited = Some(StepKind::MemberInvite);
        let rules = rules(&[(A, invited, some_step()), ("c@x.example", invited, some_step())]);
        let again = plan.again(&[world()], &rules, |_| None);
        assert_eq!((reasons(&again), again.id), (vec![Some(HeldReason::InDoubt); 2], id));
    }

    #[test]
    fn nothing_is_handed_over_to_somebody_who_may_be_gone_any_moment() {
        use crate::plan::traces::tests::{campaign, found, user};
        use crate::plan::{Belongings, Leave};
        let heirs = Member { user_email: Some(email("account@x.example")), ..member("m2", "h@x.example", "view") };
        let world = || {
            let campaigns = found(vec![campaign("c-1", Some("u-m1"), None)]);
            let belongings = Belongings { accounts: [user("u-m1")].into(), campaigns, ..Belongings::default() };
            Observed {
                belongings: Some(Box::new(belongings)),
                ..observed(vec![member("m1", A, "view"), heirs.clone()])
            }
        };
        let leave = Leave { heir: Some(email("h@x.example")), ..Leave::default() };
        let wish = || vec![Wish::Left { email: email(A), leave: leave.clone() }];
        let held = |about, kind| reasons(&draw(&[(world(), wish())], &rules(&[(about, kind, some_step())])));
        for about in ["h@x.example", "account@x.example"] {
            assert_eq!(held(about, Some(StepKind::MemberRemove)), [Some(HeldReason::InDoubt), None]);
            assert_eq!(held(about, None), [Some(HeldReason::InDoubt), None]);
            assert_eq!(held(about, Some(StepKind::CampaignHandOver)), [None, None]);
        }
    }

    #[test]
    fn a_hand_over_or_a_revocation_that_lands_late_changes_no_membership() {
        for kind in [StepKind::CampaignHandOver, StepKind::LeadsReassign, StepKind::KeyRevoke] {
            let rules = rules(&[(A, Some(kind), some_step())]);
            assert_eq!(reasons(&draw(&[(observed(vec![]), vec![absent(A)])], &rules)), [None]);
            let there = || observed(vec![member("m1", A, "view")]);
            assert_eq!(reasons(&draw(&[(there(), vec![present(A, Role::View)])], &rules)), [None]);
            let admins = || observed(vec![member("m1", A, "admin"), member("m2", "b@x.example", "admin")]);
            assert_eq!(reasons(&draw(&[(admins(), vec![absent("b@x.example")])], &rules)), [None]);
        }
    }
}
