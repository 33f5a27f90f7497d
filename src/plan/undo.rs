//! The inverse of an earlier run: what gives back, step by step, what was there before.
//!
//! ```text
//! Earlier (step, how it ended) ─┐
//! Observed (as it is now) ──────┴─► inverse ─► order ─► guards ─► limits ─► Plan
//! ```
//!
//! Only what took effect is undone, and only where what the run made is still there as the run made it. What cannot be undone
//! stands in the plan as held, with the reason and what a person can do by hand. Nothing of an earlier run's judgement is taken
//! over: the guards and limits of now decide, as for any other plan.

mod hand_back;
mod inverse;
mod links;
mod made_key;
mod tags;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use super::draw::{Item, Note, Plan, Planned};
use super::earlier::{Earlier, Ending, successor};
use super::guard::Rules;
use super::observed::Observed;
use super::{limits, picture};
use crate::domain::{
    Change, Disposition, Email, Held, HeldReason, LinkChange, LinkStatus, Mode, RestsOn, Role, Step, StepId, Subject,
};

/// Draws the plan that undoes an earlier run: for every observed workspace the steps it had there, in the run's order.
/// `run` is the run's id, for remedies.
pub fn draw(seen: &[(Observed, Vec<Earlier>)], run: &str, rules: &Rules) -> Plan {
    let mut items = Vec::new();
    let mut workspaces = Vec::new();
    let mut remarks = Remarks::default();
    for (observed, steps) in seen {
        workspaces.push(Planned {
            name: observed.workspace.to_string(),
            id: observed.id.clone(),
            members: observed.members.len(),
        });
        items.extend(draw_workspace(observed, steps, run, rules, &mut remarks));
    }
    limits::apply(&mut items, rules);
    limits::follow(&mut items);
    Plan::of(workspaces, items, remarks.in_order())
}

/// Remarks by weight: only so many are shown, and who reviews the plan must not miss the first kind.
#[derive(Debug, Default)]
struct Remarks {
    /// More is taken than was given.
    grave: Vec<Note>,
    /// Something is left as it is.
    left: Vec<Note>,
    /// A person has to accept anew.
    anew: Vec<Note>,
}

impl Remarks {
    fn in_order(self) -> Vec<Note> {
        [self.grave, self.left, self.anew].concat()
    }
}

fn draw_workspace(
    observed: &Observed,
    steps: &[Earlier],
    run: &str,
    rules: &Rules,
    remarks: &mut Remarks,
) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    let mut ids: BTreeSet<StepId> = BTreeSet::new();
    let mut steps_left = Vec::new();
    for one in steps.iter().rev().filter(|one| one.may_have_changed()) {
        if links::took_nothing(one) {
            let text = "a refused link was removed; it gave nothing to anybody, and is not brought back";
            remarks.left.push(Note::new(observed, one.step.change.subject(), text.to_owned()));
        } else if is_half_of_a_whole(one, steps) {
            if let Change::Invite { email, .. } = &one.step.change {
                let text = "the invitation was withdrawn and sent again; a fresh invitation is no other state, so \
                            nothing is undone";
                remarks.left.push(Note::new(observed, email, text.to_owned()));
            }
        } else {
            steps_left.push(one);
        }
    }
    // What nobody has settled about a person blocks everything else about them.
    let open: BTreeSet<Subject<'_>> =
        steps.iter().filter(|one| one.ending == Ending::Unsettled).map(|one| one.step.change.subject()).collect();
    let chosen = chosen_rows(&steps_left);
    for one in steps_left {
        let instead = match &one.step.change {
            Change::Remove { email, .. } if one.is_applied() => {
                chosen.get(email).filter(|chosen| chosen.step.id != one.step.id)
            }
            _ => None,
        };
        let item = match instead {
            Some(chosen) if inverse::gives_the_same(one, chosen) => {
                let text = "more than one row of this address was taken; one invitation stands for them";
                remarks.left.push(Note::new(observed, one.step.change.subject(), text.to_owned()));
                continue;
            }
            Some(chosen) => inverse::second_row(one, chosen, observed),
            None if open.contains(&one.step.change.subject()) => inverse::unsettled(one, observed, run),
            None => inverse::of(one, steps, observed, run),
        };
        let item = tags::behind(item, &items);
        if ids.insert(item.step.id.clone()) {
            items.push(item);
        } else {
            merge(item, &mut items);
        }
    }
    items.sort_by_key(|item| !makes_an_admin(&item.step));
    judge(&mut items, observed, rules);
    for item in items.iter().filter(|item| item.sends()) {
        remark(item, observed, steps, remarks);
    }
    items
}

/// Tells whether a step is one half of a re-invitation of which both halves took effect.
fn is_half_of_a_whole(one: &Earlier, steps: &[Earlier]) -> bool {
    let whole = |removal: &Earlier, invite: &Earlier| removal.is_applied() && invite.is_applied();
    match &one.step.change {
        Change::Remove { .. } => successor(&one.step.id, steps).is_some_and(|invite| whole(one, invite)),
        Change::Invite { .. } => one
            .step
            .after
            .as_ref()
            .and_then(|before| steps.iter().find(|other| other.step.id == *before))
            .is_some_and(|removal| whole(removal, one)),
        Change::SetRole { .. }
        | Change::StayAbsent { .. }
        | Change::HandOver { .. }
        | Change::CreateKey { .. }
        | Change::Revoke { .. }
        | Change::Retire { .. }
        | Change::Tag(_)
        | Change::Group(_)
        | Change::Transfer { .. } => false,
    }
}

/// Merges an item with the same step drawn from another: where one of the two cannot be sent, neither is.
fn merge(item: Item, items: &mut [Item]) {
    let first = items.iter_mut().find(|first| first.step.id == item.step.id);
    if let (Some(first), Disposition::Held(_)) = (first, &item.disposition) {
        first.disposition = item.disposition;
    }
}

/// Chooses, per address of which several rows were taken, the one whose access comes back: an address can be invited once, and a
/// membership says more than an invitation.
fn chosen_rows<'a>(steps: &[&'a Earlier]) -> BTreeMap<Email, &'a Earlier> {
    let mut chosen: BTreeMap<Email, &Earlier> = BTreeMap::new();
    let accepted = |one: &Earlier| matches!(one.step.rests_on, RestsOn::Row { accepted: true, .. });
    for one in steps.iter().filter(|one| one.is_applied()) {
        if let Change::Remove { email, .. } = &one.step.change {
            let first = chosen.entry(email.clone()).or_insert(one);
            if accepted(one) && !accepted(first) {
                *first = one;
            }
        }
    }
    chosen
}

/// Tells whether a step gives an accepted member the role admin: it goes first, so that another admin may be lowered after it.
fn makes_an_admin(step: &Step) -> bool {
    let raised = matches!(&step.change, Change::SetRole { role: Role::Admin, .. });
    raised && matches!(&step.rests_on, RestsOn::Row { role, accepted: true, .. } if *role != Role::Admin)
}

/// Asks the guards, each step in the picture that those before it leave.
fn judge(items: &mut [Item], observed: &Observed, rules: &Rules) {
    let mut picture = observed.clone();
    // Of a workspace that is `off`, or that was not seen whole, nothing may be said.
    let unread = observed.mode == Mode::Off || observed.incomplete.is_some();
    for item in items {
        let unseen = unread && (observed.mode == Mode::Off || item.step.change.person().is_some());
        let impossible = matches!(&item.disposition, Disposition::Held(held) if held.reason == HeldReason::NotUndoable);
        if (item.sends() || unseen && !impossible)
            && let Some(held) = rules.judge(&item.step, &picture, 0)
        {
            item.disposition = Disposition::Held(held);
        }
        if let (false, Some(held)) = (impossible, rules.in_doubt.judge(item, observed)) {
            item.disposition = Disposition::Held(held);
        }
        if item.sends() {
            picture::fold(&mut picture, &item.step);
        }
    }
}

fn remark(item: &Item, observed: &Observed, steps: &[Earlier], remarks: &mut Remarks) {
    let email = item.step.change.subject();
    match (&item.step.change, &item.step.rests_on) {
        (Change::Remove { .. }, RestsOn::Row { accepted: true, .. }) => {
            let waited = steps.iter().any(|one| {
                matches!(&one.step.change, Change::Invite { email: invited, .. } if email == *invited)
                    && one.ending == Ending::Applied { waiting: true }
            });
            if waited {
                let text = "accepted the invitation meanwhile: undoing it takes a membership, not an invitation";
                remarks.grave.push(Note::new(observed, email, text.to_owned()));
            }
        }
        (Change::Group(LinkChange::Remove { .. }), RestsOn::Link { status, .. })
            if LinkStatus::observed(status) == LinkStatus::Accepted =>
        {
            let text = "is in the group: undoing takes it out, and nothing reaches it over the group any more";
            remarks.grave.push(Note::new(observed, email, text.to_owned()));
        }
        (Change::Group(LinkChange::Invite { .. }), _) => {
            let text = "is invited again, and its owner has to accept anew in the app";
            remarks.anew.push(Note::new(observed, email, text.to_owned()));
        }
        (Change::Invite { .. }, _) => {
            let text = "is invited again and has to accept anew";
            remarks.anew.push(Note::new(observed, email, text.to_owned()));
        }
        _ => {}
    }
}

/// A step that cannot be undone: why, and what a person can do.
fn not_undoable(why: impl Into<String>, remedy: impl Into<String>) -> Held {
    Held::new(HeldReason::NotUndoable, why, remedy)
}
