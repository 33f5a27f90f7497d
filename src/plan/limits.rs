//! Removal limits, counted on the final list of steps: open invitations and lowered admins count too.

use std::collections::{BTreeMap, BTreeSet};

use super::draw::Item;
use super::guard::Rules;
use crate::domain::{Change, Disposition, Email, Held, HeldReason, RestsOn, Step, StepId, WorkspaceId};

impl Rules {
    /// Returns how many removals the rolling day has room for.
    pub fn room_today(&self) -> usize {
        self.guards.max_removals.per_day.saturating_sub(self.removed.len())
    }

    /// Returns why so many removals must not be sent today, or nothing.
    pub fn over_today(&self, removals: usize) -> Option<Held> {
        (removals > self.room_today()).then(|| self.over_day(removals))
    }

    fn over_day(&self, removals: usize) -> Held {
        let (before, limit) = (self.removed.len(), self.guards.max_removals.per_day);
        Held::new(
            HeldReason::LimitPerDay,
            format!("removals in this run: {removals}, in the last 24 hours: {before}, the limit of a day is {limit}"),
            format!(
                "select fewer workspaces, wait until the day has room, or set `guards.max_removals.per_day = {}`",
                before.saturating_add(removals)
            ),
        )
    }
}

/// Holds what exceeds the limits: above `per_workspace` that workspace's removals; above `per_run`, or above what the rolling day has
/// room for, every removal of the run. Of these two the one that leaves less room is the reason. Who stays for it keeps what is theirs.
pub fn apply(items: &mut [Item], rules: &Rules) {
    removals(items, rules);
    belongings(items);
}

fn removals(items: &mut [Item], rules: &Rules) {
    let limits = rules.guards.max_removals;
    let mut removals: BTreeMap<WorkspaceId, usize> = BTreeMap::new();
    for item in items.iter().filter(|item| item.removes()) {
        *removals.entry(item.step.workspace_id.clone()).or_default() += 1;
    }
    for item in items.iter_mut().filter(|item| item.removes()) {
        let count = removals[&item.step.workspace_id];
        if count > limits.per_workspace {
            item.disposition = Disposition::Held(Held::new(
                HeldReason::LimitPerWorkspace,
                format!("removals in this workspace: {count}, the limit is {}", limits.per_workspace),
                format!("remove fewer at once, or set `guards.max_removals.per_workspace = {count}`"),
            ));
        }
    }
    let in_run = items.iter().filter(|item| item.removes()).count();
    let held = if in_run <= limits.per_run.min(rules.room_today()) {
        return;
    } else if limits.per_run <= rules.room_today() {
        Held::new(
            HeldReason::LimitPerRun,
            format!("removals in this run: {in_run}, the limit is {}", limits.per_run),
            format!("select fewer workspaces, or set `guards.max_removals.per_run = {in_run}`"),
        )
    } else {
        rules.over_day(in_run)
    };
    for item in items.iter_mut().filter(|item| item.removes()) {
        item.disposition = Disposition::Held(held.clone());
    }
}

/// Holds what would be handed over of people whose membership in the same workspace a limit holds: a mistake en masse must not take
/// everybody's things while they stay. Whose membership stands in the plan as anything else is none of them; of a hand-over whose person
/// no membership step names, by address or account, it cannot be told.
fn belongings(items: &mut [Item]) {
    let mut limited: BTreeMap<WorkspaceId, Vec<(Step, Held)>> = BTreeMap::new();
    let mut others: BTreeSet<(WorkspaceId, Email)> = BTreeSet::new();
    for Item { step, disposition } in &*items {
        match (&step.change, disposition) {
            (Change::Remove { .. }, Disposition::Held(held)) if is_limit(held.reason) => {
                limited.entry(step.workspace_id.clone()).or_default().push((step.clone(), held.clone()));
            }
            (Change::Remove { email, .. } | Change::StayAbsent { email }, _) => {
                others.insert((step.workspace_id.clone(), email.clone()));
            }
            _ => {}
        }
    }
    for item in items.iter_mut().filter(|item| item.sends()) {
        let (Change::HandOver { email, .. }, RestsOn::Owned { by, .. }) = (&item.step.change, &item.step.rests_on)
        else {
            continue;
        };
        let Some(limited) = limited.get(&item.step.workspace_id) else { continue };
        let theirs = |(removal, _): &&(Step, Held)| {
            let account = if let RestsOn::Row { user_id, .. } = &removal.rests_on { user_id.as_ref() } else { None };
            removal.change.person() == Some(email) || account == Some(by)
        };
        let unnamed = || !others.contains(&(item.step.workspace_id.clone(), email.clone()));
        let held = limited.iter().find(theirs).or_else(|| limited.first().filter(|_| unnamed()));
        if let Some((_, held)) = held {
            item.disposition = Disposition::Held(held.clone());
        }
    }
}

fn is_limit(reason: HeldReason) -> bool {
    matches!(reason, HeldReason::LimitPerWorkspace | HeldReason::LimitPerRun | HeldReason::LimitPerDay)
}

/// Judges what is left of a run that was approved and begun, by the limits of now: `steps` are all that took or may have taken effect and
/// all that are still `open` to be sent, in plan order. Returns why an open one must not be sent. What stands behind a held step is held
/// with it.
pub fn of_the_rest(steps: &[&Step], open: &BTreeSet<StepId>, rules: &Rules) -> BTreeMap<StepId, Held> {
    let mut items: Vec<Item> = steps.iter().map(|step| Item::send((*step).clone())).collect();
    let is_open = |item: &Item| open.contains(&item.step.id);
    // Of the day only what is still to come counts: what the run did today is among the day's removals already.
    let mut but_the_day = rules.clone();
    but_the_day.guards.max_removals.per_day = usize::MAX;
    removals(&mut items, &but_the_day);
    for item in items.iter_mut().filter(|item| !is_open(item)) {
        item.disposition = Disposition::Send;
    }
    let to_come = items.iter().filter(|item| item.removes() && is_open(item)).count();
    if let Some(held) = rules.over_today(to_come) {
        for item in items.iter_mut().filter(|item| item.removes() && is_open(item)) {
            item.disposition = Disposition::Held(held.clone());
        }
    }
    belongings(&mut items);
    for item in items.iter_mut().filter(|item| !is_open(item)) {
        item.disposition = Disposition::Send;
    }
    follow(&mut items);
    let held = items.into_iter().filter_map(|item| match item.disposition {
        Disposition::Held(held) => Some((item.step.id, held)),
        Disposition::Send | Disposition::Already(_) => None,
    });
    held.collect()
}

/// Holds every step whose forerunner is held: it would never be sent.
pub fn follow(items: &mut [Item]) {
    let mut held: BTreeSet<StepId> = items
        .iter()
        .filter(|item| matches!(item.disposition, Disposition::Held(_)))
        .map(|item| item.step.id.clone())
        .collect();
    for item in items.iter_mut().filter(|item| item.disposition == Disposition::Send) {
        if item.step.after.as_ref().is_some_and(|before| held.contains(before)) {
            item.disposition = Disposition::Held(held_before());
            // What comes after this one is not sent either; forerunners stand first.
            held.insert(item.step.id.clone());
        }
    }
}

/// Why a step is held that comes after one that is.
pub(super) fn held_before() -> Held {
    Held::new(HeldReason::After, "the step it comes after is held", "see the reason of that step")
}
