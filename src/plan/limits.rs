//! Removal limits, counted on the final list of steps: open invitations and lowered admins count too.

use std::collections::{BTreeMap, BTreeSet};

use super::draw::Item;
use crate::domain::fleet::RemovalLimits;
use crate::domain::{Disposition, Held, HeldReason, StepId, WorkspaceId};

/// Holds what exceeds the limits: above `per_workspace` that workspace's removals, above `per_run` every removal of the run.
pub fn apply(items: &mut [Item], limits: RemovalLimits) {
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
                format!("remove fewer people at once, or set `guards.max_removals.per_workspace = {count}`"),
            ));
        }
    }
    let in_run = items.iter().filter(|item| item.removes()).count();
    if in_run > limits.per_run {
        for item in items.iter_mut().filter(|item| item.removes()) {
            item.disposition = Disposition::Held(Held::new(
                HeldReason::LimitPerRun,
                format!("removals in this run: {in_run}, the limit is {}", limits.per_run),
                format!("select fewer workspaces, or set `guards.max_removals.per_run = {in_run}`"),
            ));
        }
    }
}

/// Holds every step whose forerunner is held: it would never be sent.
pub fn follow(items: &mut [Item]) {
    let held: BTreeSet<StepId> = items
        .iter()
        .filter(|item| matches!(item.disposition, Disposition::Held(_)))
        .map(|item| item.step.id.clone())
        .collect();
    for item in items.iter_mut().filter(|item| item.disposition == Disposition::Send) {
        if item.step.after.as_ref().is_some_and(|before| held.contains(before)) {
            item.disposition = Disposition::Held(Held::new(
                HeldReason::After,
                "the step it comes after is held",
                "see the reason of that step",
            ));
        }
    }
}
