//! What the world must look like, worked out from the rows before and the wish alone. Shares nothing with the planner.

use std::collections::{BTreeMap, BTreeSet};

use keyholder::domain::Outcome;
use keyholder::journal::{State, StepRow};
use keyholder::sim::{Op, SimMember, World};

use crate::goods::{Goods, Thing, goods, things_of};

/// What is wished for some people, everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// To be there with this role.
    Invite(&'static str),
    /// To have this role instead of the one they have.
    Role(&'static str),
    /// To be gone.
    Gone,
    /// To be invited anew, as they were.
    Anew,
    /// To be gone, and one thing of theirs with this operation: handed over to this heir, or revoked.
    Left(Op, &'static str),
}

/// The rows of every workspace, by its name.
pub(crate) type Rows = BTreeMap<String, Vec<SimMember>>;

/// Looks at the world.
pub(crate) fn rows(world: &World) -> Rows {
    world.names().into_iter().map(|name| (name.clone(), world.members(&name))).collect()
}

/// What a row is without what chance gave it.
type Bare = (String, String, Option<Vec<String>>, bool, Option<String>);

fn bare(row: &SimMember) -> Bare {
    let SimMember { email, role, permissions, accepted, nickname, .. } = row;
    (email.clone(), role.clone(), permissions.clone(), *accepted, nickname.clone())
}

/// What must come of a wish.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    wish: Wish,
    people: Vec<String>,
    before: Rows,
    goods: Goods,
    /// The keys of those who leave: each bears its maker's address as its name.
    keys: BTreeSet<Thing>,
    at_once: bool,
    /// Who accepted a new invitation while no run was going on: workspace and person.
    accepted: Vec<(String, String)>,
}

impl Model {
    /// Makes a model of a wish about some people in the world as it is. `at_once`: invitations are accepted at once.
    pub(crate) fn of(world: &World, wish: Wish, people: &[&str], at_once: bool) -> Self {
        let people: Vec<String> = people.iter().map(ToString::to_string).collect();
        let theirs = |lane: String| {
            let keys = world.api_keys(&lane).into_iter().filter(|key| people.contains(&key.name));
            keys.map(move |key| (lane.clone(), "key.revoke", key.id)).collect::<Vec<_>>()
        };
        let keys = world.names().into_iter().flat_map(theirs).collect();
        let (before, goods) = (rows(world), goods(world));
        Self { wish, people, before, goods, keys, at_once, accepted: Vec::new() }
    }

    /// Lets everyone accept who was invited.
    pub(crate) fn all_accept(&mut self, world: &World) {
        for lane in world.names() {
            for person in &self.people {
                if world.accept(&lane, person) {
                    self.accepted.push((lane.clone(), person.clone()));
                }
            }
        }
    }

    fn has_accepted(&self, lane: &str, person: &str) -> bool {
        self.at_once || self.accepted.iter().any(|(at, who)| at == lane && who == person)
    }

    fn concerns(&self, row: &SimMember) -> bool {
        self.people.contains(&row.email)
    }

    /// The rows a workspace must have in the end.
    fn after(&self, lane: &str) -> Vec<Bare> {
        let mut rows = Vec::new();
        for row in &self.before[lane] {
            let mut bare = bare(row);
            match self.wish {
                _ if !self.concerns(row) => {}
                Wish::Gone | Wish::Left(..) => continue,
                Wish::Role(role) => role.clone_into(&mut bare.1),
                Wish::Anew => bare.3 = self.has_accepted(lane, &row.email),
                Wish::Invite(_) => {}
            }
            rows.push(bare);
        }
        if let Wish::Invite(role) = self.wish {
            for person in &self.people {
                rows.push((person.clone(), role.to_owned(), None, self.has_accepted(lane, person), None));
            }
        }
        rows.sort();
        rows
    }

    /// How many writes of each operation must have taken effect in a workspace.
    fn effects(&self) -> BTreeMap<Op, usize> {
        let each = self.people.len();
        match self.wish {
            Wish::Invite(_) => [(Op::MemberCreate, each)].into(),
            Wish::Role(_) => [(Op::MemberPatch, each)].into(),
            Wish::Gone => [(Op::MemberDelete, each)].into(),
            Wish::Anew => [(Op::MemberCreate, each), (Op::MemberDelete, each)].into(),
            Wish::Left(op, _) => [(op, each), (Op::MemberDelete, each)].into(),
        }
    }

    /// Requires the end: the rows, nothing twice, nothing lost, nobody else touched.
    #[track_caller]
    pub(crate) fn require_end(&self, world: &World) {
        let now = rows(world);
        let log = world.requests();
        for (lane, rows) in &now {
            let mut seen: Vec<Bare> = rows.iter().map(bare).collect();
            seen.sort();
            assert_eq!(seen, self.after(lane), "the rows of {lane}");
            let untouched = |rows: &[SimMember]| -> Vec<SimMember> {
                rows.iter().filter(|row| !self.concerns(row)).cloned().collect()
            };
            assert_eq!(untouched(rows), untouched(&self.before[lane]), "somebody else was touched in {lane}");
            let mut effects: BTreeMap<Op, usize> = BTreeMap::new();
            for seen in log.iter().filter(|seen| seen.wrote && seen.workspace.as_deref() == Some(lane)) {
                *effects.entry(seen.operation.expect("what wrote has a route")).or_default() += 1;
            }
            if let Wish::Role(_) | Wish::Left(Op::LeadsAssign, _) = self.wish {
                // A role given twice is the same role, and so is an assignment; a change lost would show in the rows.
                for count in effects.values_mut() {
                    *count = (*count).min(self.people.len());
                }
            }
            assert_eq!(effects, self.effects(), "the writes that took effect in {lane}");
        }
        assert_eq!(goods(world), self.goods_after(world), "whose things are");
    }

    /// Whose everything must be in the end: the leavers' is the heir's, their keys are gone, and everybody else's is theirs.
    fn goods_after(&self, world: &World) -> Goods {
        let Wish::Left(_, heir) = self.wish else { return self.goods.clone() };
        let leavers: Vec<Option<String>> = self.people.iter().map(|person| world.user_id(person)).collect();
        let mut after = self.goods.clone();
        after.retain(|thing, _| !self.keys.contains(thing));
        for owner in after.values_mut().filter(|owner| owner.is_some() && leavers.contains(owner)) {
            *owner = world.user_id(heir);
        }
        after
    }

    /// Tells whether a step's effect is in the world.
    fn is_there(&self, world: &World, (now, goods): &(Rows, Goods), step: &StepRow) -> bool {
        let of = |rows: &Rows| -> Vec<SimMember> {
            rows[&step.workspace].iter().filter(|row| row.email == step.subject).cloned().collect()
        };
        let (before, now) = (of(&self.before), of(now));
        let old = |row: &&SimMember| before.iter().any(|old| old.id == row.id);
        match step.kind.as_str() {
            "member.invite" => now.iter().any(|row| !old(&row)),
            "member.set_role" => now.iter().zip(&before).any(|(now, before)| now.role != before.role),
            "member.remove" => !now.iter().any(|row| old(&row)),
            "key.revoke" => !goods.contains_key(&things_of(step)[0]),
            _ => {
                let Wish::Left(_, heir) = self.wish else { panic!("`{}` is no kind of this wish", step.kind) };
                let heir = world.user_id(heir);
                things_of(step).iter().all(|thing| goods.get(thing) == Some(&heir))
            }
        }
    }

    /// Requires of a ledger in the middle that nothing it says is untrue of the world.
    #[track_caller]
    pub(crate) fn require_honest(&self, world: &World, steps: &[StepRow]) {
        let now = (rows(world), goods(world));
        for step in steps {
            let there = self.is_there(world, &now, step);
            let says = match (step.state, step.state.outcome()) {
                (State::Planned, _) | (_, Some(Outcome::Failed | Outcome::Held)) => Some(false),
                (_, Some(Outcome::Done | Outcome::Waiting | Outcome::Already)) => Some(true),
                _ => None,
            };
            if let Some(says) = says {
                let (kind, lane) = (&step.kind, &step.workspace);
                let what = format!("{kind} of {} in {lane} stands as `{}`", step.subject, step.state);
                assert_eq!(says, there, "{what}, and its effect is {}there", if there { "" } else { "not " });
            }
        }
    }

    /// Requires of a ledger at the end that every step has the outcome the world shows.
    #[track_caller]
    pub(crate) fn require_truth(&self, world: &World, steps: &[StepRow]) {
        self.require_honest(world, steps);
        let planned: usize = self.effects().values().sum::<usize>() * self.before.len();
        assert_eq!(steps.len(), planned, "steps in the ledger");
        for step in steps {
            let waits = step.kind == "member.invite" && !self.at_once;
            let fits = match step.state.outcome() {
                Some(Outcome::Waiting) => waits,
                Some(Outcome::Done) => !waits || self.has_accepted(&step.workspace, &step.subject),
                _ => false,
            };
            assert!(fits, "{} of {} in {} stands as `{}`", step.kind, step.subject, step.workspace, step.state);
        }
    }
}
