//! The plan: every step with what becomes of it, and an id that stands for exactly that.

use super::claims::Claims;
use super::guard::Rules;
use super::observed::Observed;
use super::wish::Wish;
use super::{leave, limits, members};
use crate::domain::{Change, Disposition, Held, HeldReason, Mode, PlanId, Step, StepId, WorkspaceId, WorkspaceName};

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

    fn waits_for_last_day(&self) -> bool {
        matches!(&self.disposition, Disposition::Held(held) if held.reason == HeldReason::LastDay)
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
    /// About whom or what.
    pub subject: String,
    /// What.
    pub text: String,
}

impl Note {
    pub(super) fn new(observed: &Observed, subject: impl std::fmt::Display, text: String) -> Self {
        Self { workspace: observed.workspace.to_string(), subject: subject.to_string(), text }
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
        let id = Self::id_of(&workspaces, items.iter().map(|item| (&item.step, &item.disposition)));
        Self { id, workspaces, items, notes }
    }

    /// Returns the id of the plan as it is now: another than its own where something was held since it was reviewed.
    pub fn id_as_it_is(&self) -> PlanId {
        Self::id_of(&self.workspaces, self.items.iter().map(|item| (&item.step, &item.disposition)))
    }

    /// Returns the id of workspaces and steps: a hash of identities, steps, what they rest on and what becomes of them; names, order and time
    /// do not matter.
    pub fn id_of<'a>(workspaces: &[Planned], items: impl IntoIterator<Item = (&'a Step, &'a Disposition)>) -> PlanId {
        let mut identities: Vec<&WorkspaceId> = workspaces.iter().map(|planned| &planned.id).collect();
        identities.sort();
        let mut lines: Vec<_> = items
            .into_iter()
            .map(|(step, disposition)| {
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

    /// Counts the steps that will be sent.
    pub fn sends(&self) -> usize {
        self.items.iter().filter(|item| item.sends()).count()
    }

    /// Counts the steps that will be sent and count as removals.
    pub fn removals(&self) -> usize {
        self.items.iter().filter(|item| item.removes()).count()
    }

    /// Counts the steps that will be sent and give what is somebody's to somebody else.
    pub fn hand_overs(&self) -> usize {
        let hands_over = |item: &&Item| matches!(item.step.change, Change::HandOver { .. });
        self.items.iter().filter(|item| item.sends()).filter(hands_over).count()
    }

    /// Counts the keys that will be deleted because another one took their place.
    pub fn replaced_keys(&self) -> usize {
        let replaced = |item: &&Item| matches!(item.step.change, Change::Retire { .. });
        self.items.iter().filter(|item| item.sends()).filter(replaced).count()
    }

    /// Counts the workspaces that will be given another owner.
    pub fn transfers(&self) -> usize {
        let transfers = |item: &&Item| matches!(item.step.change, Change::Transfer { .. });
        self.items.iter().filter(|item| item.sends()).filter(transfers).count()
    }

    /// Tells whether `--yes` is not enough for it: something that will be sent removes, revokes or transfers.
    pub fn needs_typing(&self) -> bool {
        self.items.iter().any(|item| item.sends() && item.step.needs_typing())
    }

    /// Returns the items of one workspace, in order.
    pub fn of_workspace<'a>(&'a self, name: &'a WorkspaceName) -> impl Iterator<Item = &'a Item> {
        self.items.iter().filter(move |item| item.step.workspace == name.as_str())
    }
}

/// Draws the plan: for every observed workspace its wishes, in the order given, each step judged by the guards.
pub fn draw(seen: &[(Observed, Vec<Wish>)], rules: &Rules) -> Plan {
    of_each(seen, rules, draw_workspace)
}

/// Draws a plan workspace by workspace, and then holds what is over a limit, and what comes after a held step.
pub(super) fn of_each<W>(
    seen: &[(Observed, Vec<W>)],
    rules: &Rules,
    draw_workspace: impl Fn(&Observed, &[W], &Rules) -> (Vec<Item>, Vec<Note>),
) -> Plan {
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
    let leaving = leave::leaving(&wishes, observed);
    let mut items = Vec::new();
    let mut notes = Vec::new();
    let mut admins_gone = 0;
    let mut claims = Claims::default();
    for wish in wishes {
        let (mut drawn, remarks) = members::draw(wish, observed, &leaving);
        drawn.sort_by_key(|item| order(&item.step));
        drawn.retain(|item| claims.is_new(item, &mut items));
        for item in &mut drawn {
            claims.contest(item, wish.subject());
            // Of a workspace that is `off` nothing is known, so not even an `already` may be said. What would pass once somebody's last
            // day is over is judged too: who reviews the plan should not learn then what will still be in the way.
            if (item.sends() || item.waits_for_last_day() || observed.mode == Mode::Off)
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
    // Over all people: what is theirs goes while they are members, and access goes last of all.
    items.sort_by_key(|item| phase(&item.step.change));
    (items, notes)
}

/// When a step is sent within its workspace: hand-overs, then keys, then memberships.
fn phase(change: &Change) -> u8 {
    match change {
        Change::HandOver { .. } => 0,
        // What is about no person at all is drawn by itself, and its order is its own.
        Change::CreateKey { .. }
        | Change::Revoke { .. }
        | Change::Retire { .. }
        | Change::Tag(_)
        | Change::Group(_)
        | Change::Transfer { .. } => 1,
        Change::Invite { .. } | Change::SetRole { .. } | Change::Remove { .. } | Change::StayAbsent { .. } => 2,
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
    use crate::domain::Email;
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
