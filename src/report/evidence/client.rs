//! `workspaces/NAME.json`: one client's part alone. Nothing of another client is in it, not even a count.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::{Value, json};

use super::{Evidence, File, StepFacts, pretty};
use crate::domain::id::hex;
use crate::domain::{Disposition, HeldReason, Outcome, WorkspaceName};
use sha2::{Digest as _, Sha256};

/// What stands in the place of another client's name or identity.
const ANOTHER: &str = "[another workspace]";

/// Makes a file for every workspace of the plan and every one that was asked for and not seen whole.
pub(super) fn files(evidence: &Evidence) -> Vec<File> {
    let steps = by_workspace(evidence);
    let others = Others::of(evidence);
    let mut taken = BTreeSet::new();
    clients(evidence)
        .into_iter()
        .map(|(name, id)| {
            let steps = steps.get(name).map(Vec::as_slice).unwrap_or_default();
            let bytes = pretty(&client(evidence, &others, name, id, steps));
            File { path: format!("workspaces/{}.json", file_name(name, &mut taken)), bytes }
        })
        .collect()
}

/// Returns name and, where it is known, identity of every workspace there is anything to say of, in the order of the plan.
pub(super) fn clients(evidence: &Evidence) -> Vec<(&str, Option<&str>)> {
    let mut seen = HashSet::new();
    let planned = evidence.workspaces.iter().map(|(name, id)| (name.as_str(), Some(id.as_str())));
    let steps =
        evidence.steps.iter().map(|facts| (facts.step.workspace.as_str(), Some(facts.step.workspace_id.as_str())));
    let coverage = &evidence.coverage;
    let unseen = coverage.partial.iter().chain(&coverage.unreadable).map(|(name, _)| (name.as_str(), None));
    planned.chain(steps).chain(unseen).filter(|(name, _)| seen.insert(*name)).collect()
}

/// Returns the steps of every workspace, in plan order.
pub(super) fn by_workspace(evidence: &Evidence) -> BTreeMap<&str, Vec<&StepFacts>> {
    let mut steps: BTreeMap<&str, Vec<&StepFacts>> = BTreeMap::new();
    for facts in &evidence.steps {
        steps.entry(facts.step.workspace.as_str()).or_default().push(facts);
    }
    steps
}

/// Makes a file name out of a workspace's name: names of ours are safe, anything else becomes its hash.
fn file_name(name: &str, taken: &mut BTreeSet<String>) -> String {
    let hashed = || format!("workspace-{}", &hex(&Sha256::digest(name.as_bytes()))[..16]);
    let wanted = if WorkspaceName::parse(name).is_ok() { name.to_owned() } else { hashed() };
    let free = if taken.contains(&wanted) { hashed() } else { wanted };
    taken.insert(free.clone());
    free
}

fn client(evidence: &Evidence, others: &Others<'_>, name: &str, id: Option<&str>, steps: &[&StepFacts]) -> Value {
    let run = &evidence.run;
    let alone = |text: &str| others.hidden(text, name, id);
    let pairs = |pairs: &[(String, String)]| -> Vec<Value> {
        pairs.iter().filter(|(of, _)| of == name).map(|(_, why)| Value::from(alone(why))).collect()
    };
    let identity: Vec<Value> = evidence
        .identities
        .iter()
        .filter(|fact| Some(fact.workspace_id.as_str()) == id)
        .map(|fact| json!({ "at": fact.at, "matches": fact.matches }))
        .collect();
    let lanes: Vec<Value> = evidence
        .lanes
        .iter()
        .filter(|(_, of, _)| of == name)
        .map(|(at, _, why)| json!({ "at": at, "why": reason(why, &alone) }))
        .collect();
    let unsettled = steps.iter().filter(|facts| is_unsettled(facts)).count();
    json!({
        "workspace": name,
        "workspace_id": id,
        "run": run.id,
        "plan": run.plan,
        "command": alone(&run.command),
        "operator": run.operator,
        "reason": run.reason.as_deref().map(&alone),
        "approved_by": run.approved_by,
        "version": run.version,
        "began_at": run.began,
        "ended_at": run.ended,
        "state": run.stands.as_str(),
        "partly_seen": pairs(&evidence.coverage.partial),
        "not_seen": pairs(&evidence.coverage.unreadable),
        "identity_checks": identity,
        "could_not_go_on": lanes,
        "unsettled": unsettled,
        "people": people(steps),
        "steps": steps.iter().map(|facts| step(facts, &alone)).collect::<Vec<_>>(),
        "chain_head": evidence.chain.head,
    })
}

fn is_unsettled(facts: &StepFacts) -> bool {
    match facts.outcome {
        Some(outcome) => matches!(outcome, Outcome::Unknown | Outcome::Unverified),
        None => facts.attempts > 0,
    }
}

/// Before and after of every person's membership, in plan order. What became of their belongings the steps tell.
fn people(steps: &[&StepFacts]) -> Vec<Value> {
    let mut people: Vec<(&str, Vec<String>, Option<String>)> = Vec::new();
    for facts in steps.iter().filter(|facts| !facts.is_about_belongings()) {
        let (person, before) = (facts.step.change.subject().as_str(), facts.step.rests_on.describe());
        match people.iter_mut().find(|(known, _, _)| *known == person) {
            Some((_, known, after)) => {
                if !known.contains(&before) && facts.step.after.is_none() {
                    known.push(before);
                }
                *after = facts.after().or(after.take());
            }
            None => people.push((person, vec![before], facts.after())),
        }
    }
    people
        .into_iter()
        .map(|(person, before, after)| json!({ "person": person, "before": before.join("; "), "after": after }))
        .collect()
}

fn step(facts: &StepFacts, alone: &impl Fn(&str) -> String) -> Value {
    let step = &facts.step;
    json!({
        "step": step.id,
        "kind": step.kind().as_str(),
        "subject": step.change.subject(),
        "before": step.rests_on.describe(),
        "wanted": step.change.wanted(),
        "outcome": facts.word(),
        "after": facts.after(),
        "reason": facts.reason.as_deref().map(|why| match &facts.disposition {
            Disposition::Held(held) => of_held(held.reason, why, alone),
            Disposition::Send | Disposition::Already(_) => reason(why, alone),
        }),
        "attempts": facts.attempts,
        "started_at": facts.started_at,
        "settled_at": facts.settled_at,
        "rests_on": step.rests_on,
        "seen": facts.seen,
    })
}

/// A reason as the ledger keeps it: a held step's begins with the word of its kind.
fn reason(why: &str, alone: &impl Fn(&str) -> String) -> String {
    let word = why.split_once(": ").map(|(word, _)| word);
    let held = word.and_then(|word| serde_json::from_value::<HeldReason>(Value::from(word)).ok());
    held.map_or_else(|| alone(why), |reason| of_held(reason, why, alone))
}

/// Says why a step was held, without what the run's other workspaces have to do with it: their number, their names.
fn of_held(reason: HeldReason, why: &str, alone: &impl Fn(&str) -> String) -> String {
    match reason {
        HeldReason::Owner
        | HeldReason::Protected
        | HeldReason::LastAdmin
        | HeldReason::Mode
        | HeldReason::IncompleteListing
        | HeldReason::AmbiguousPerson
        | HeldReason::PermissionsDiffer
        | HeldReason::RoleNotGrantable
        | HeldReason::HeirNotMember
        | HeldReason::KeyInUse
        | HeldReason::KeyUnknown
        | HeldReason::KeyDiffers
        | HeldReason::KeyScopes
        | HeldReason::TagMissing
        | HeldReason::TagAmbiguous
        | HeldReason::TagAssigned
        | HeldReason::TokenMissing
        | HeldReason::LastDay
        | HeldReason::LimitPerWorkspace
        | HeldReason::InDoubt
        | HeldReason::NotUndoable
        | HeldReason::Stale
        | HeldReason::Superseded
        | HeldReason::After
        | HeldReason::LaneEnded => alone(why),
        // A secret that two workspaces share: which one the other is, is another client's business.
        HeldReason::LinkInUse | HeldReason::LinkElsewhere => {
            format!("{reason}: the link is needed, or the workspace belongs to another group")
        }
        HeldReason::KeyStorage => format!("{reason}: there was no place to keep a key of this workspace alone"),
        // What is about the whole run says how the others fared. Spelled out, so that a kind that is added later is looked at.
        HeldReason::LimitPerRun
        | HeldReason::LimitPerDay
        | HeldReason::FailureBudget
        | HeldReason::Deadline
        | HeldReason::Stopped
        | HeldReason::SettleOnly
        | HeldReason::Identity
        | HeldReason::Ledger => {
            format!("{reason}: the run was held back as a whole, for a reason that is not this workspace's alone")
        }
    }
}

/// Names and identities of all workspaces of the run.
struct Others<'a>(HashSet<&'a str>);

impl<'a> Others<'a> {
    fn of(evidence: &'a Evidence) -> Self {
        Self(clients(evidence).into_iter().flat_map(|(name, id)| [Some(name), id]).flatten().collect())
    }

    /// Puts [`ANOTHER`] in the place of every other workspace's name and identity in a text.
    fn hidden(&self, text: &str, name: &str, id: Option<&str>) -> String {
        let in_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(from) = rest.find(in_name) {
            out.push_str(&rest[..from]);
            let word = &rest[from..];
            let word = &word[..word.find(|c| !in_name(c)).unwrap_or(word.len())];
            // A full stop behind a name ends the sentence.
            let bare = word.trim_end_matches('.');
            let known = |text: &str| self.0.contains(text) && text != name && Some(text) != id;
            if known(word) || known(bare) {
                out.push_str(ANOTHER);
                out.push_str(if known(word) { "" } else { &word[bare.len()..] });
            } else {
                out.push_str(word);
            }
            rest = &rest[from + word.len()..];
        }
        out.push_str(rest);
        out
    }
}
