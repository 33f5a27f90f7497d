//! The certificate for machines. Its schema is documented in `help offboarding`; it grows by additions alone.

use serde_json::{Value, json};

use super::{Asked, Before, ByHand, Certificate, Left, Place};
use crate::report::evidence::{RunFacts, StepFacts};

/// The name and version of the schema.
pub(super) const SCHEMA: &str = "keyholder-certificate/1";

/// Writes the document.
pub(super) fn document(certificate: &Certificate) -> Vec<u8> {
    let Certificate { person, run, chain, asked, places, unread, verdict } = certificate;
    let gap = |(workspace, what): &(Option<String>, String)| json!({ "workspace": workspace, "what": what });
    let value = json!({
        "schema": SCHEMA,
        "person": person,
        "verdict": verdict.word.as_str(),
        "found_anywhere": certificate.found_anywhere(),
        "complete": verdict.is_complete(),
        "gaps": verdict.gaps.iter().map(gap).collect::<Vec<_>>(),
        "run": of_run(run),
        "chain": { "entries": chain.0, "head": chain.1 },
        "asked": asked.iter().map(of_asked).collect::<Vec<_>>(),
        "workspaces": places.iter().map(of_place).collect::<Vec<_>>(),
        "workspaces_without_account": certificate.without_account(),
        "unreadable": unread.iter().map(|(name, why)| json!({ "workspace": name, "reason": why })).collect::<Vec<_>>(),
        "names_several_clients": places.len() + unread.len() > 1,
    });
    let mut bytes = serde_json::to_vec_pretty(&value).expect("a value serializes");
    bytes.push(b'\n');
    bytes
}

fn of_run(run: &RunFacts) -> Value {
    json!({
        "id": run.id,
        "command": run.command,
        "operator": run.operator,
        "reason": run.reason,
        "plan": run.plan,
        "approved_by": run.approved_by,
        "selection": run.selection,
        "began_at": run.began,
        "ended_at": run.ended,
        "state": run.stands.as_str(),
        "version": run.version,
        "resumed": run.resumed.iter().map(|(at, by, _)| json!({ "at": at, "operator": by })).collect::<Vec<_>>(),
    })
}

fn of_asked(asked: &Asked) -> Value {
    let Asked { heir, revoke_keys, last_day, workspaces } = asked;
    json!({ "hand_over_to": heir, "revoke_keys": revoke_keys, "last_day": last_day, "workspaces": workspaces })
}

fn of_place(place: &Place) -> Value {
    let Place { name, id, read_at, closing_look_at, before, steps, gaps, left, by_hand } = place;
    json!({
        "workspace": name,
        "workspace_id": id,
        "read_at": read_at,
        "closing_look_at": closing_look_at,
        "seen_at": {
            "memberships": closing_look_at.as_ref().or(read_at.as_ref()),
            "keys": read_at,
            "belongings": read_at,
        },
        "before": before.as_ref().map(of_before),
        "steps": steps.iter().map(of_step).collect::<Vec<_>>(),
        "gaps": gaps,
        "access_left": left.iter().map(of_left).collect::<Vec<_>>(),
        "by_hand": by_hand.iter().map(of_hand).collect::<Vec<_>>(),
    })
}

fn of_before(before: &Before) -> Value {
    let things = |things: &[super::Thing]| {
        things
            .iter()
            .map(|thing| json!({ "id": thing.id, "name": thing.name, "trail_record": thing.record }))
            .collect::<Vec<_>>()
    };
    let row = |row: &crate::domain::Member| {
        json!({
            "id": row.id,
            "email": row.email,
            "role": row.role,
            "permissions": row.permissions,
            "accepted": row.accepted,
            "invited_by": row.issuer_id,
            "since": row.timestamp_created,
        })
    };
    json!({
        "accounts": before.accounts,
        "memberships": before.rows.iter().map(row).collect::<Vec<_>>(),
        "same_account": before.same_account.iter().map(row).collect::<Vec<_>>(),
        "ambiguous": before.ambiguous,
        "belongings_looked_for": before.looked,
        "keys_looked_for": before.saw_keys(),
        "campaigns": things(&before.campaigns),
        "campaigns_made": things(&before.campaigns_created),
        "lead_lists": things(&before.lead_lists),
        "leads": { "count": before.leads.count, "exact": before.leads.exact },
        "sending_accounts": things(&before.sending_accounts),
        "keys": things(&before.keys),
        "keys_by_name": things(&before.keys_by_name),
        "keys_of_unknown_maker": things(&before.keys_of_unknown_maker),
        "key_in_use": things(before.key_in_use.as_slice()).pop(),
        "webhooks": things(&before.webhooks),
        "webhooks_of_unknown_maker": things(&before.webhooks_of_unknown_maker),
        "jobs": things(&before.jobs),
    })
}

fn of_step(facts: &StepFacts) -> Value {
    json!({
        "id": facts.step.id,
        "kind": facts.step.kind().as_str(),
        "before": facts.step.rests_on.describe(),
        "wanted": facts.step.change.wanted(),
        "outcome": facts.word(),
        "reason": facts.reason,
        "started_at": facts.started_at,
        "settled_at": facts.settled_at,
    })
}

fn of_left(left: &Left) -> Value {
    let Left { kind, id, name, why } = left;
    json!({ "kind": kind, "id": id, "name": name, "why": why })
}

fn of_hand(by_hand: &ByHand) -> Value {
    let ByHand { task, id, name, why } = by_hand;
    json!({ "task": task.as_str(), "id": id, "name": name, "why": why, "do": task.say() })
}
