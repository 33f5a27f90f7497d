//! The plan: every step with what becomes of it, and an id that stands for exactly that.

use super::guard::Rules;
use super::observed::Observed;
use super::wish::Wish;
use super::{limits, members};
use std::collections::{BTreeMap, BTreeSet};

use crate::domain::{
    Disposition, Email, Held, HeldReason, MemberId, Mode, PlanId, RestsOn, Step, StepId, WorkspaceId, WorkspaceName,
};

/// One step and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Item {
    /// The step.
    pub step: Step,
    /// Sent, already so, or held.
    pub disposition: Disposition,
}

impl Item {
    pub(super) fn send(step: Step) -> Self {
        Self { step, disposition: Disposition::Send }
    }

    pub(super) fn already(step: Step, seen: String) -> Self {
        Self { step, disposition: Disposition::Already(seen) }
    }

    pub(super) fn held(step: Step, held: Held) -> Self {
        Self { step, disposition: Disposition::Held(held) }
    }

    /// Tells whether it will be sent.
    pub fn sends(&self) -> bool {
        self.disposition == Disposition::Send
    }

    /// Tells whether it is held.
    pub fn is_held(&self) -> bool {
        matches!(self.disposition, Disposition::Held(_))
    }

    /// Tells whether it will be sent and counts as a removal.
    pub fn removes(&self) -> bool {
        self.sends() && self.step.is_removal()
    }
}

/// A remark about a workspace in which nothing is planned for somebody.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Note {
    /// Where.
    pub workspace: String,
    /// About whom.
    pub subject: Email,
    /// What.
    pub text: String,
}

impl Note {
    pub(super) fn new(observed: &Observed, subject: &Email, text: String) -> Self {
        Self { workspace: observed.workspace.to_string(), subject: subject.clone(), text }
    }
}

/// A workspace of a plan.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Planned {
    /// Its name in our files.
    pub name: String,
    /// Its identity.
    pub id: WorkspaceId,
    /// Rows its member list had: tells how many pages a listing takes.
    pub members: usize,
}

/// Ordered steps over all workspaces that could be observed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Stands for exactly these workspaces, steps and what they rest on.
    pub id: PlanId,
    /// The workspaces, in the order given.
    pub workspaces: Vec<Planned>,
    /// The items, workspace by workspace.
    pub items: Vec<Item>,
    /// Remarks.
    pub notes: Vec<Note>,
}

impl Plan {
    /// Puts a plan together and gives it its id.
    pub fn of(workspaces: Vec<Planned>, items: Vec<Item>, notes: Vec<Note>) -> Self {
        let id = identify(&workspaces, &items);
        Self { id, workspaces, items, notes }
    }

    /// Returns the id of the plan as it is now: another than its own where something was held since it was reviewed.
    pub fn id_as_it_is(&self) -> PlanId {
        identify(&self.workspaces, &self.items)
    }

    /// Counts the steps that will be sent.
    pub fn sends(&self) -> usize {
        self.items.iter().filter(|item| item.sends()).count()
    }

    /// Counts the steps that will be sent and count as removals.
    pub fn removals(&self) -> usize {
        self.items.iter().filter(|item| item.removes()).count()
    }

    /// Returns the items of one workspace, in order.
    pub fn of_workspace<'a>(&'a self, name: &'a WorkspaceName) -> impl Iterator<Item = &'a Item> {
        self.items.iter().filter(move |item| item.step.workspace == name.as_str())
    }
}

/// Hashes workspace identities, steps, what they rest on and what becomes of them; names, order and time do not matter.
fn identify(workspaces: &[Planned], items: &[Item]) -> PlanId {
    let mut identities: Vec<&WorkspaceId> = workspaces.iter().map(|planned| &planned.id).collect();
    identities.sort();
    let mut lines: Vec<_> = items
        .iter()
        .map(|Item { step, disposition }| {
            let (fate, reason) = match disposition {
                Disposition::Send => ("send", None),
                Disposition::Already(_) => ("already", None),
                Disposition::Held(held) => ("held", Some(held.reason.as_str())),
            };
            let after = step.after.as_ref().map_or("", StepId::as_str);
            (&step.workspace_id, step.id.as_str(), after, fate, &step.rests_on, reason)
        })
        .collect();
    lines.sort_by_key(|line| (line.0, line.1));
    PlanId::of(&serde_json::to_vec(&(identities, lines)).expect("plain data serializes"))
}

/// Draws the plan: for every observed workspace its wishes, in the order given, each step judged by the guards.
pub fn draw(seen: &[(Observed, Vec<Wish>)], rules: &Rules) -> Plan {
    let mut items = Vec::new();
    let mut notes = Vec::new();
    let mut workspaces = Vec::new();
    for (observed, wishes) in seen {
        workspaces.push(Planned {
            name: observed.workspace.to_string(),
            id: observed.id.clone(),
            members: observed.members.len(),
        });
        let (drawn, remarks) = draw_workspace(observed, wishes, rules);
        items.extend(drawn);
        notes.extend(remarks);
    }
    limits::apply(&mut items, rules);
    limits::follow(&mut items);
    Plan::of(workspaces, items, notes)
}

fn draw_workspace(observed: &Observed, wishes: &[Wish], rules: &Rules) -> (Vec<Item>, Vec<Note>) {
    let mut wishes: Vec<&Wish> = wishes.iter().collect();
    wishes.sort_by_key(|wish| wish.subject());
    let mut items = Vec::new();
    let mut notes = Vec::new();
    let mut admins_gone = 0;
    // Which row an earlier wish is about: one row can be two people's, by its invited address and by its account's.
    let mut claimed: BTreeMap<MemberId, Email> = BTreeMap::new();
    let mut steps: BTreeSet<StepId> = BTreeSet::new();
    for wish in wishes {
        let (mut drawn, remarks) = members::draw(wish, observed);
        drawn.sort_by_key(|item| order(&item.step));
        // Two rows that are both as asked, or two addresses of one leaver, come to the same step: one is enough.
        drawn.retain(|item| {
            let new = steps.insert(item.step.id.clone());
            if !new {
                merge(item, &mut items);
            }
            new
        });
        for item in &mut drawn {
            contest(item, wish.subject(), &mut claimed);
            // Of a workspace that is `off` nothing is known, so not even an `already` may be said.
            if (item.sends() || observed.mode == Mode::Off)
                && let Some(held) = rules.judge(&item.step, observed, admins_gone)
            {
                item.disposition = Disposition::Held(held);
            }
            if let Some(held) = rules.in_doubt.judge(item, observed) {
                item.disposition = Disposition::Held(held);
            }
            if item.removes() && item.step.rests_on.is_acting_admin() {
                admins_gone += 1;
            }
        }
        items.extend(drawn);
        notes.extend(remarks);
    }
    (items, notes)
}

/// Merges an item with the one of the same step that stands in the plan already. Where one of the two wishes cannot be granted, the
/// step they share is held: it would grant half of what is asked.
fn merge(item: &Item, items: &mut [Item]) {
    let first = items.iter_mut().find(|first| first.step.id == item.step.id && first.sends());
    if let (Some(first), Disposition::Held(_)) = (first, &item.disposition) {
        first.disposition = item.disposition.clone();
    }
}

/// Holds a step whose row another wish is about already.
fn contest(item: &mut Item, subject: &Email, claimed: &mut BTreeMap<MemberId, Email>) {
    let RestsOn::Row { id, .. } = &item.step.rests_on else { return };
    let first = claimed.entry(id.clone()).or_insert_with(|| subject.clone());
    if first != subject {
        item.disposition = Disposition::Held(Held::new(
            HeldReason::AmbiguousPerson,
            format!("the row is {first}'s as well"),
            format!("ask for {first} and {subject} one after the other"),
        ));
    }
}

/// Sorts the steps of one person: by row, and an invitation after the withdrawal it follows.
fn order(step: &Step) -> (bool, String) {
    let row = step.rests_on.member().map_or_else(String::new, ToString::to_string);
    (step.after.is_some(), row)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fleet::RemovalLimits;
    use crate::domain::{Guards, Member, PermissionWish, Role};
    use crate::plan::AccessWish;
    use crate::plan::members::tests::{member, observed};

    fn email(text: &str) -> Email {
        Email::parse(text).unwrap()
    }

    fn rules() -> Rules {
        Rules::of(Guards { protected: [email("boss@x.example")].into(), ..Guards::default() })
    }

    fn absent(address: &str) -> Wish {
        Wish::Absent { email: email(address) }
    }

    fn held(plan: &Plan) -> Vec<HeldReason> {
        plan.items
            .iter()
            .filter_map(|item| match &item.disposition {
                Disposition::Held(held) => Some(held.reason),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn owner_protected_and_last_admin_are_held() {
        let world = observed(vec![
            member("m1", "owner@x.example", "owner"),
            member("m2", "boss@x.example", "editor"),
            member("m3", "admin@x.example", "admin"),
        ]);
        let wishes = vec![absent("owner@x.example"), absent("boss@x.example"), absent("admin@x.example")];
        let plan = draw(&[(world, wishes)], &rules());
        assert_eq!(plan.sends(), 0);
        assert_eq!(held(&plan), [HeldReason::LastAdmin, HeldReason::Protected, HeldReason::Owner]);
    }

    #[test]
    fn of_two_admins_only_one_may_go() {
        let world = observed(vec![member("m1", "a@x.example", "admin"), member("m2", "b@x.example", "admin")]);
        let plan = draw(&[(world, vec![absent("b@x.example"), absent("a@x.example")])], &rules());
        assert_eq!(plan.removals(), 1);
        assert_eq!(held(&plan), [HeldReason::LastAdmin]);
    }

    #[test]
    fn an_open_admin_invitation_does_not_count_as_an_admin() {
        let invited = Member { accepted: false, ..member("m2", "b@x.example", "admin") };
        let world = observed(vec![member("m1", "a@x.example", "admin"), invited]);
        let plan = draw(&[(world, vec![absent("a@x.example")])], &rules());
        assert_eq!(held(&plan), [HeldReason::LastAdmin]);
    }

    #[test]
    fn a_mode_that_forbids_holds_and_add_only_still_invites() {
        let world = |mode| Observed { mode, ..observed(vec![member("m1", "a@x.example", "view")]) };
        let plan = draw(&[(world(Mode::AddOnly), vec![absent("a@x.example")])], &rules());
        assert_eq!(held(&plan), [HeldReason::Mode]);
        let raise = Wish::Present {
            email: email("a@x.example"),
            access: AccessWish::Fixed { role: Role::Admin, permissions: PermissionWish::Any },
            nickname: None,
        };
        assert_eq!(draw(&[(world(Mode::AddOnly), vec![raise.clone()])], &rules()).sends(), 1);
        assert_eq!(held(&draw(&[(world(Mode::Observe), vec![raise])], &rules())), [HeldReason::Mode]);
    }

    #[test]
    fn nothing_is_said_of_a_workspace_that_is_off() {
        let world = Observed { mode: Mode::Off, ..observed(vec![]) };
        assert_eq!(held(&draw(&[(world, vec![absent("a@x.example")])], &rules())), [HeldReason::Mode]);
    }

    #[test]
    fn limits_hold_a_workspace_or_the_whole_run() {
        let people = ["a@x.example", "b@x.example", "c@x.example", "d@x.example"];
        let rows = || people.iter().enumerate().map(|(i, p)| member(&format!("m{i}"), p, "view")).collect::<Vec<_>>();
        let wishes: Vec<Wish> = people.iter().map(|p| absent(p)).collect();
        let plan = draw(&[(observed(rows()), wishes.clone())], &rules());
        assert_eq!(held(&plan), [HeldReason::LimitPerWorkspace; 4]);

        let mut narrow = rules();
        narrow.guards.max_removals = RemovalLimits { per_workspace: 9, per_run: 3, per_day: 9 };
        assert_eq!(held(&draw(&[(observed(rows()), wishes)], &narrow)), [HeldReason::LimitPerRun; 4]);
    }

    #[test]
    fn a_reinvitation_is_held_whole_when_its_withdrawal_is() {
        let invited = Member { accepted: false, ..member("m1", "a@x.example", "view") };
        let world = Observed { mode: Mode::AddOnly, ..observed(vec![invited]) };
        let plan = draw(&[(world, vec![Wish::Reinvited { email: email("a@x.example") }])], &rules());
        assert_eq!(held(&plan), [HeldReason::Mode, HeldReason::After]);
    }

    #[test]
    fn nothing_rests_on_an_incomplete_listing() {
        let world = Observed {
            incomplete: Some("a cursor came twice".to_owned()),
            ..observed(vec![member("m1", "a@x.example", "view")])
        };
        let plan = draw(&[(world, vec![absent("a@x.example"), absent("nobody@x.example")])], &rules());
        assert_eq!(held(&plan), [HeldReason::IncompleteListing; 2]);
    }

    #[test]
    fn one_row_that_is_two_peoples_is_touched_once() {
        let row = Member { user_email: Some(email("b@x.example")), ..member("m1", "a@x.example", "view") };
        let both_leave = vec![absent("a@x.example"), absent("b@x.example")];
        let plan = draw(&[(observed(vec![row.clone()]), both_leave)], &rules());
        assert_eq!((plan.items.len(), plan.removals()), (1, 1), "two addresses of one leaver are one step");
        let stays = Wish::Present {
            email: email("b@x.example"),
            access: AccessWish::Fixed { role: Role::Editor, permissions: PermissionWish::Any },
            nickname: None,
        };
        let plan = draw(&[(observed(vec![row]), vec![absent("a@x.example"), stays])], &rules());
        assert_eq!((plan.removals(), held(&plan)), (1, vec![HeldReason::AmbiguousPerson]));
    }

    #[test]
    fn a_step_that_would_grant_half_of_what_is_asked_is_held() {
        let row = Member { user_email: Some(email("b@x.example")), ..member("m1", "a@x.example", "editor") };
        let view = |who: &str, permissions| Wish::Present {
            email: email(who),
            access: AccessWish::Fixed { role: Role::View, permissions },
            nickname: None,
        };
        let none = PermissionWish::Exactly(crate::domain::Permissions::default());
        let wishes = vec![view("a@x.example", PermissionWish::Any), view("b@x.example", none)];
        let plan = draw(&[(observed(vec![row]), wishes)], &rules());
        assert_eq!((plan.items.len(), held(&plan)), (1, vec![HeldReason::PermissionsDiffer]));
    }

    #[test]
    fn the_id_forgets_order_and_remembers_the_rows() {
        let a = || observed(vec![member("m1", "a@x.example", "view")]);
        let mut b = observed(vec![]);
        b.id = WorkspaceId::parse("w2").unwrap();
        b.workspace = WorkspaceName::parse("beta").unwrap();
        let wishes = vec![absent("a@x.example")];
        let one = draw(&[(a(), wishes.clone()), (b.clone(), wishes.clone())], &rules());
        let two = draw(&[(b.clone(), wishes.clone()), (a(), wishes.clone())], &rules());
        assert_eq!(one.id, two.id);
        let moved = observed(vec![member("m1", "a@x.example", "editor")]);
        assert_ne!(draw(&[(moved, wishes.clone()), (b, wishes)], &rules()).id, one.id);
    }
}
