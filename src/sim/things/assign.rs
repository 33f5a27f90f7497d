//! Assigning leads: accepted now, done later, told by nothing but the leads themselves.

use serde_json::{Value, json};

use super::leads::Meant;
use super::past::Was;
use super::{Owner, Turn, uuids};
use crate::sim::op::Op;
use crate::sim::paper;
use crate::sim::routes::{Done, Wrote, object};
use crate::sim::state::State;

/// An assignment that was accepted.
#[derive(Debug, Clone)]
pub(crate) struct Assignment {
    /// Unix milliseconds.
    due: i64,
    workspace: usize,
    to: Vec<u128>,
    meant: Meant,
    /// The most leads it takes; none is all.
    most: Option<usize>,
}

/// A lead that changed hands.
pub(crate) struct Landed {
    pub(crate) workspace: usize,
    /// Unix milliseconds.
    pub(crate) when: i64,
    pub(crate) wrote: Wrote,
}

/// Accepts an assignment. Of what it refuses, it says no more than the message.
pub(crate) fn assign(state: &mut State, turn: Turn<'_>) -> Done {
    accept(state, turn).map_err(paper::message_alone)
}

/// What the body does not narrow down, it means: without any narrowing member every lead of the workspace.
fn accept(state: &mut State, turn: Turn<'_>) -> Done {
    let Turn { workspace, now, .. } = turn;
    let body = state.undropped(object(turn.ask)?);
    let to = uuids(&body, "organization_user_ids")?;
    let to = to.ok_or_else(|| paper::missing_property("organization_user_ids"))?;
    if to.is_empty() {
        return Err(paper::invalid("body/organization_user_ids must NOT have fewer than 1 items"));
    }
    for user in &to {
        state.check_owner(workspace, Owner::User(*user))?;
    }
    let mut meant = Meant::of_body(&body)?;
    meant.not_ids = Vec::new();
    meant.of =
        body.get("assigned_to").map(|value| super::uuid(value, "assigned_to")).transpose()?.map(|user| vec![user]);
    let limit = body.get("limit").and_then(Value::as_u64).and_then(|limit| usize::try_from(limit).ok());
    let most = [limit.filter(|limit| *limit > 0), state.settings.assign_most].into_iter().flatten().min();
    let lag = i64::try_from(state.settings.assign_lag.as_millis()).unwrap_or(i64::MAX);
    let assignment = Assignment { due: now.saturating_add(lag), workspace, to, meant, most };
    let any = !state.matching(&assignment).is_empty();
    state.assignments.push(assignment);
    let wrote = any.then(|| Wrote::thing(Op::LeadsAssign, 0, "").queued());
    Ok((json!({ "status": "accepted", "message": "queued" }), wrote))
}

impl State {
    /// Does the assignments that are due, in the order of their time; tells which leads changed hands.
    pub(crate) fn land_assignments(&mut self, now: i64) -> Vec<Landed> {
        if self.assignments.iter().all(|assignment| assignment.due > now) {
            return Vec::new();
        }
        self.assignments.sort_by_key(|assignment| assignment.due);
        let due = self.assignments.partition_point(|assignment| assignment.due <= now);
        let landing: Vec<Assignment> = self.assignments.drain(..due).collect();
        landing.iter().flat_map(|assignment| self.do_assignment(assignment)).collect()
    }

    fn do_assignment(&mut self, assignment: &Assignment) -> Vec<Landed> {
        let Assignment { due, workspace, to, .. } = assignment;
        let mut landed = Vec::new();
        // Several new owners take turns.
        for (number, user) in self.matching(assignment).into_iter().zip(to.iter().cycle()) {
            let from = self.workspaces[*workspace].things.leads.assigned(number).map(|who| self.users.id(who));
            if from == Some(*user) {
                continue;
            }
            landed.push(Landed {
                workspace: *workspace,
                when: *due,
                wrote: self.give_lead(*workspace, number, *user, *due),
            });
        }
        landed
    }

    /// Gives a lead to somebody.
    pub(crate) fn give_lead(&mut self, workspace: usize, number: u32, user: u128, now: i64) -> Wrote {
        self.will_change_thing(workspace, |things| Was::Lead(number, things.leads.assigned(number)), now);
        let seed = self.seed_of_things(workspace);
        let to = self.users.of(user);
        let leads = &mut self.workspaces[workspace].things.leads;
        let (id, from) = (leads.id(seed, number), leads.assigned(number));
        leads.assign(number, Some(to));
        let from = from.map(|who| self.users.id(who));
        Wrote::thing(Op::LeadsAssign, id, "").between(from, Some(user))
    }

    /// The leads an assignment means, as they are now.
    fn matching(&mut self, assignment: &Assignment) -> Vec<u32> {
        let Assignment { workspace, meant, most, .. } = assignment;
        let seed = self.seed_of_things(*workspace);
        let leads = &self.workspaces[*workspace].things.leads;
        let numbers: Vec<u32> = match &meant.ids {
            Some(ids) => {
                let mut named: Vec<u32> = ids.iter().filter_map(|id| leads.find(seed, *id)).collect();
                named.sort_unstable();
                named.dedup();
                named
            }
            None => (0..leads.len()).collect(),
        };
        let rest = Meant { ids: None, ..meant.clone() };
        let meant = numbers.into_iter().filter(|number| rest.matches(self, leads, seed, *number));
        meant.take(most.unwrap_or(usize::MAX)).collect()
    }
}
