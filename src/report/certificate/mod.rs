//! The certificate of one leaver: what was before, what was done, what remains, and what could not be seen.
//!
//! Pure: from what the ledger holds of one offboarding run ([`Evidence`]) to one page and one document. The same run gives the same
//! bytes. "No access left" is said only where every workspace that was asked for was read whole, every row of the person ended well, and
//! no key of theirs is left; whatever is not known is said before anything else.

mod before;
mod json;
mod page;
mod place;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::evidence::{Evidence, RunFacts};
use crate::domain::Email;

pub use before::{Before, Thing, Unseen};
pub use place::{ByHand, Left, Place, Task};
pub use verdict::{Verdict, Word};

/// What is said where no workspace showed anything of the address.
pub const NOTHING_FOUND: &str = "Nothing of this address was found anywhere: is it right?";

/// What the ledger says of one person's leaving in one run.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// Who.
    pub person: Email,
    /// The run: who, when, why, under which plan.
    pub run: RunFacts,
    /// Entries of its chain, and the newest hash.
    pub chain: (u64, String),
    /// How they were to leave; several where it was asked for in different ways. Empty: the ledger does not tell.
    pub asked: Vec<Asked>,
    /// Workspace by workspace, in the order of the plan.
    pub places: Vec<Place>,
    /// Workspaces that were asked for and could not be read: name, why.
    pub unread: Vec<(String, String)>,
    /// What is claimed.
    pub verdict: Verdict,
}

/// How somebody was to leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Who was to have what they left.
    pub heir: Option<Email>,
    /// Whether keys of theirs were to be revoked.
    pub revoke_keys: bool,
    /// Their last day.
    pub last_day: Option<String>,
    /// In which workspaces; none: in all that were selected.
    pub workspaces: Option<BTreeSet<String>>,
}

impl Asked {
    fn read(value: &Value) -> Self {
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        Self {
            heir: value["hand_over_to"].as_str().map(Email::observed),
            revoke_keys: value["revoke_keys"] == true,
            last_day: text("last_day"),
            workspaces: value["workspaces"]
                .as_array()
                .map(|names| names.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
        }
    }
}

/// Returns who was to leave in a run: as it was asked, and in runs that did not write that down, whoever was to be removed.
pub fn leavers(evidence: &Evidence) -> BTreeSet<Email> {
    let asked = evidence.leaving["people"].as_array().into_iter().flatten();
    let asked: BTreeSet<Email> = asked.filter_map(|one| one["email"].as_str()).map(Email::observed).collect();
    if !asked.is_empty() {
        return asked;
    }
    let removed = evidence.steps.iter().filter(|facts| facts.step.kind().as_str() == "member.remove");
    removed.filter_map(|facts| facts.step.change.person().cloned()).collect()
}

impl Certificate {
    /// Makes the certificate of a person; none where the run was not about their leaving.
    pub fn of(evidence: &Evidence, person: &Email) -> Option<Self> {
        if !leavers(evidence).contains(person) {
            return None;
        }
        let asked: Vec<Asked> = evidence.leaving["people"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|one| one["email"].as_str().map(Email::observed).as_ref() == Some(person))
            .map(Asked::read)
            .collect();
        let about = |name: &str| {
            asked.is_empty() || asked.iter().any(|one| one.workspaces.as_ref().is_none_or(|names| names.contains(name)))
        };
        let mut steps: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for facts in &evidence.steps {
            steps.entry(facts.step.workspace_id.as_str()).or_default().push(facts);
        }
        let mut sighted: BTreeMap<&str, (&str, &Value)> = BTreeMap::new();
        for one in evidence.sighted.iter().filter(|one| one.subject == *person) {
            sighted.insert(one.workspace_id.as_str(), (&one.read_at, &one.traces));
        }
        let mut unread: Vec<(String, String)> =
            evidence.coverage.unreadable.iter().filter(|(name, _)| about(name)).cloned().collect();
        let mut places = Vec::new();
        for (name, id) in evidence.workspaces.iter().filter(|(name, _)| about(name)) {
            if unread.iter().any(|(other, _)| other == name) {
                continue;
            }
            let own = steps.get(id.as_str()).map(Vec::as_slice).unwrap_or_default();
            let sighted = sighted.get(id.as_str()).copied();
            places.push(Place::of(&evidence.run.id, (name, id), person, sighted, own, &asked));
        }
        for (name, why) in evidence.coverage.partial.iter().filter(|(name, _)| about(name)) {
            // One that the plan does not hold at all is told here, or nowhere.
            if !evidence.workspaces.iter().any(|(other, _)| other == name) {
                unread.push((name.clone(), why.clone()));
            }
        }
        let chain = (evidence.chain.count, evidence.chain.head.clone());
        let verdict = Verdict::of(evidence, &places, &unread);
        Some(Self { person: person.clone(), run: evidence.run.clone(), chain, asked, places, unread, verdict })
    }

    /// Writes the page for people.
    pub fn html(&self) -> String {
        page::page(self)
    }

    /// Writes the document for machines.
    pub fn json(&self) -> Vec<u8> {
        json::document(self)
    }

    /// Counts the workspaces in which no account of the person was known, so that only memberships and keys without a maker could be told.
    pub fn without_account(&self) -> usize {
        self.places.iter().filter_map(|place| place.before.as_ref()).filter(|before| before.accounts.is_empty()).count()
    }

    /// Says what is claimed; that no access is left says where, unless the run was about all there is.
    pub fn headline(&self) -> String {
        let word = self.verdict.word.say();
        let selection = self.run.selection.as_str().unwrap_or_default();
        let narrowed = self.asked.iter().all(|one| one.workspaces.is_some()) && !self.asked.is_empty();
        if self.verdict.word != Word::NoAccessLeft || selection == "--all" && !narrowed {
            return word.to_owned();
        }
        let count = self.places.len() + self.unread.len();
        let workspaces = if count == 1 { "workspace" } else { "workspaces" };
        let asked = if selection.is_empty() { String::new() } else { format!(" ({selection})") };
        format!("{word} in the {count} {workspaces} asked for{asked}")
    }

    /// Tells whether a row or an account of the person was found in any workspace; if not, the address may be mistyped.
    pub fn found_anywhere(&self) -> bool {
        let found = |before: &Before| !before.accounts.is_empty() || !before.rows.is_empty();
        self.places.iter().any(|place| place.before.as_ref().is_some_and(found) || !place.left.is_empty())
    }

    /// Returns what a person must still do, workspace by workspace.
    pub fn by_hand(&self) -> impl Iterator<Item = (&Place, &ByHand)> {
        self.places.iter().flat_map(|place| place.by_hand.iter().map(move |one| (place, one)))
    }
}

#[cfg(test)]
mod tests;
