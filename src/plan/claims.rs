//! What two wishes of one workspace share: a row, a thing or a key that is two people's, by two addresses of one of them.
//!
//! Owns that nothing is touched twice, and that a step which would grant half of what is asked is held.

use std::collections::{BTreeMap, BTreeSet};

use super::draw::Item;
use crate::domain::{Change, Disposition, Email, Held, HeldReason, MemberId, RestsOn, StepId, Thing, UserId};

/// What a campaign, a lead list, a lead or a key is known by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Campaign(String),
    LeadList(String),
    Lead(String),
    Key(String),
}

/// Who claimed a thing first, with which step, and for whom.
#[derive(Debug)]
struct Claim {
    subject: Email,
    step: StepId,
    to: Option<UserId>,
}

/// What earlier wishes of a workspace are about.
#[derive(Debug, Default)]
pub(super) struct Claims {
    rows: BTreeMap<MemberId, Email>,
    things: BTreeMap<Place, Claim>,
    steps: BTreeSet<StepId>,
}

impl Claims {
    /// Tells whether an item is new. One that is not is merged with the one that stands in the plan already: two rows that are both as
    /// asked, or two addresses of one leaver, come to the same step or to the same thing, and one is enough.
    pub(super) fn is_new(&mut self, item: &Item, items: &mut [Item]) -> bool {
        if !self.steps.insert(item.step.id.clone()) {
            merge(item, &item.step.id, items);
            return false;
        }
        let Some(first) = self.same_thing(item) else { return true };
        // What is not sent stands for nobody else's wish: where one of the two is held, both are, and both are told.
        merge(item, &first, items);
        !items.iter().any(|other| other.step.id == first && other.sends())
    }

    /// Holds a step whose row, thing or key another wish is about already.
    pub(super) fn contest(&mut self, item: &mut Item, subject: &Email) {
        let first = match &item.step.rests_on {
            RestsOn::Row { id, .. } => self.rows.entry(id.clone()).or_insert_with(|| subject.clone()).clone(),
            RestsOn::Absent
            | RestsOn::NoKey
            | RestsOn::Speaking { .. }
            | RestsOn::NoTag
            | RestsOn::Tag { .. }
            | RestsOn::TagToCome
            | RestsOn::NoLink
            | RestsOn::Link { .. }
            | RestsOn::Ownership { .. } => return,
            RestsOn::Owned { .. } | RestsOn::Key { .. } => self.claim(item, subject),
        };
        if first != *subject {
            item.disposition = Disposition::Held(Held::new(
                HeldReason::AmbiguousPerson,
                format!("it is {first}'s as well"),
                format!("ask for {first} and {subject} one after the other"),
            ));
        }
    }

    /// Claims what a step takes; returns whose some of it is already, or else who claims it.
    fn claim(&mut self, item: &Item, subject: &Email) -> Email {
        let to = to(&item.step.change);
        let mut first = subject.clone();
        for place in places(&item.step.change) {
            let claim = || Claim { subject: subject.clone(), step: item.step.id.clone(), to: to.cloned() };
            let holder = &self.things.entry(place).or_insert_with(claim).subject;
            if holder != subject {
                first = holder.clone();
            }
        }
        first
    }

    /// Finds the step that takes all that an item takes, for the same person.
    fn same_thing(&self, item: &Item) -> Option<StepId> {
        let to = to(&item.step.change);
        let places = places(&item.step.change);
        let first = self.things.get(places.first()?)?;
        let same = |place: &Place| {
            self.things.get(place).is_some_and(|claim| claim.step == first.step && claim.to.as_ref() == to)
        };
        places.iter().all(same).then(|| first.step.clone())
    }
}

/// Merges an item with a step that stands in the plan already. Where one of the two wishes cannot be granted, the step they share is
/// held: it would grant half of what is asked.
fn merge(item: &Item, first: &StepId, items: &mut [Item]) {
    let first = items.iter_mut().find(|other| other.step.id == *first && other.sends());
    if let (Some(first), Disposition::Held(_)) = (first, &item.disposition) {
        first.disposition = item.disposition.clone();
    }
}

fn to(change: &Change) -> Option<&UserId> {
    if let Change::HandOver { to, .. } = change { to.as_ref() } else { None }
}

fn places(change: &Change) -> Vec<Place> {
    match change {
        Change::HandOver { thing: Thing::Campaign { id, .. }, .. } => vec![Place::Campaign(id.to_string())],
        Change::HandOver { thing: Thing::LeadList { id, .. }, .. } => vec![Place::LeadList(id.to_string())],
        Change::HandOver { thing: Thing::Leads { ids }, .. } => {
            ids.iter().map(|id| Place::Lead(id.to_string())).collect()
        }
        Change::Revoke { key, .. } | Change::Retire { key: Some(key), .. } => vec![Place::Key(key.to_string())],
        Change::Invite { .. }
        | Change::SetRole { .. }
        | Change::Remove { .. }
        | Change::CreateKey { .. }
        | Change::Retire { key: None, .. }
        | Change::Tag(_)
        | Change::Group(_)
        | Change::Transfer { .. }
        | Change::StayAbsent { .. } => Vec::new(),
    }
}
