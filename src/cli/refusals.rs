//! Refusals of the removal limits, shown: which, how much, and the largest part that would pass.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::domain::HeldReason;
use crate::plan::Refusal;
use crate::plan::refusal::Part;
use crate::ui::{Printer, words};

/// Steps up to which each is named.
const FEW: usize = 6;

/// Workspaces of a selection that are written out.
const WRITTEN_OUT: usize = 8;

/// Refusals that are told; the rest is counted.
const TOLD: usize = 10;

/// Says each refusal and the largest part that would pass.
pub fn talk(printer: &Printer, refusals: &[Refusal<'_>]) {
    for refusal in refusals.iter().take(TOLD) {
        printer.insist(&refused(refusal));
        printer.insist(&format!("  {}", passes(refusal)));
    }
    if refusals.len() > TOLD {
        printer.insist(&format!("… and {} more workspaces with too many removals", refusals.len() - TOLD));
    }
}

fn refused(refusal: &Refusal<'_>) -> String {
    let Refusal { limit, workspace, count, most, before, steps, .. } = refusal;
    let removals = words::count(*count, "removal");
    let what = match (workspace, limit) {
        (Some(workspace), _) => format!("{removals} in {workspace}, the limit of a workspace is {most}"),
        (None, HeldReason::LimitPerDay) => {
            format!("{removals} in this run and {before} in the last 24 hours, the limit of a day is {most}")
        }
        (None, _) => format!("{removals} in this run, the limit is {most}"),
    };
    let who = if steps.len() > FEW {
        String::new()
    } else {
        let mut where_who: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for step in steps {
            where_who.entry(&step.workspace).or_default().push(step.change.subject().to_string());
        }
        let each: Vec<String> = where_who.iter().map(|(place, who)| format!("{place}: {}", who.join(", "))).collect();
        format!(" ({})", each.join("; "))
    };
    format!("refused ({limit}): {what}{who}")
}

fn passes(refusal: &Refusal<'_>) -> String {
    let frees = refusal.frees.map_or(String::new(), |frees| match frees.all {
        Some(all) if all == frees.one => format!("; the day has room for all of them from {all} on"),
        Some(all) => format!("; the day has room for one more from {} on, for all of them from {all} on", frees.one),
        None => format!("; the day has room for one more from {} on", frees.one),
    });
    let part = match &refusal.part {
        _ if refusal.room == 0 && refusal.most == 0 => "nothing of it can pass: the limit is 0".to_owned(),
        _ if refusal.room == 0 => {
            "nothing of it can pass now: the removals of the run or the day are used up".to_owned()
        }
        Part::Workspaces { names, .. } if names.is_empty() => {
            format!("no whole workspace fits into the {} that may still go: ask for fewer at once", refusal.room)
        }
        Part::Workspaces { names, removals } => format!(
            "the largest part that passes: {} in {}, planned with {} instead of your selection",
            words::count(*removals, "removal"),
            words::count(names.len(), "workspace"),
            selection(names)
        ),
        Part::Keys { keys, removals } => {
            let keys: Vec<String> = keys.iter().map(|key| format!("--id {key}")).collect();
            format!("the largest part that passes: {removals} of them, with {}", words::some(&keys, FEW))
        }
        Part::People { emails, .. } if emails.is_empty() => format!(
            "nobody's removals fit into the {} that may go there: one person has more rows than that",
            refusal.room
        ),
        Part::People { emails, removals } => {
            let emails: Vec<String> = emails.iter().map(ToString::to_string).collect();
            format!("the largest part that passes: {removals} of them, for {}", words::some(&emails, FEW))
        }
    };
    format!("{part}{frees}")
}

fn selection(names: &[&str]) -> String {
    let flags: Vec<String> = names.iter().take(WRITTEN_OUT).map(|name| format!("-w {name}")).collect();
    let more = names.len().saturating_sub(WRITTEN_OUT);
    if more == 0 {
        return format!("`{}`", flags.join(" "));
    }
    format!("`{}` and {more} more (`refusals` in the plan record of --format json has them all)", flags.join(" "))
}

/// Writes the refusals for the `plan` record.
pub fn record(refusals: &[Refusal<'_>]) -> Value {
    let one = |refusal: &Refusal<'_>| {
        let Refusal { limit, workspace, count, most, before, steps, part, room, frees } = refusal;
        let part = match part {
            Part::Workspaces { names, removals } => json!({ "removals": removals, "workspaces": names }),
            Part::Keys { keys, removals } => json!({ "removals": removals, "keys": keys }),
            Part::People { emails, removals } => json!({ "removals": removals, "people": emails }),
        };
        json!({
            "limit": limit.as_str(),
            "workspace": workspace,
            "removals": count,
            "most": most,
            "before": before,
            "steps": steps.iter().map(|step| step.id.as_str()).collect::<Vec<_>>(),
            "passes": part,
            "room": room,
            "room_for_one_at": frees.map(|frees| frees.one.to_string()),
            "room_for_all_at": frees.and_then(|frees| frees.all).map(|all| all.to_string()),
        })
    };
    refusals.iter().map(one).collect()
}
