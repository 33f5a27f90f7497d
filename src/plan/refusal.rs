//! What a removal limit refused, and the largest part of it that would pass.
//!
//! Owns the choice of that part. Whole workspaces where all removals of a run are held, people where those of one workspace are: what
//! can be asked for next time. Pure; it reads the plan as it stands.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::draw::{Item, Plan};
use super::guard::Rules;
use crate::domain::{Change, Disposition, Email, HeldReason, KeyId, RestsOn, Step};

/// The rolling day of `guards.max_removals.per_day`.
pub const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A limit that refused removals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal<'a> {
    /// Which.
    pub limit: HeldReason,
    /// Where, if it is one workspace's.
    pub workspace: Option<&'a str>,
    /// How many removals were asked for.
    pub count: usize,
    /// The limit.
    pub most: usize,
    /// How many were made before that count against it: those of the day, else none.
    pub before: usize,
    /// The steps it holds, in plan order.
    pub steps: Vec<&'a Step>,
    /// What would pass.
    pub part: Part<'a>,
    /// Removals that would pass, were they not bound to whole workspaces or people.
    pub room: usize,
    /// Where the day leaves too little room: from when on it has room for one, and for all of these.
    pub frees: Option<Frees>,
}

/// The largest part that would pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part<'a> {
    /// These workspaces whole, in config order.
    Workspaces {
        /// Their names.
        names: Vec<&'a str>,
        /// Their removals.
        removals: usize,
    },
    /// These keys of the one workspace, where it is about keys alone.
    Keys {
        /// Their ids.
        keys: Vec<&'a KeyId>,
        /// How many: each is one removal.
        removals: usize,
    },
    /// These people of the one workspace.
    People {
        /// The addresses of their rows.
        emails: Vec<&'a Email>,
        /// Their removals.
        removals: usize,
    },
}

impl Part<'_> {
    /// Returns how many removals it has.
    pub fn removals(&self) -> usize {
        match self {
            Self::Workspaces { removals, .. } | Self::Keys { removals, .. } | Self::People { removals, .. } => {
                *removals
            }
        }
    }
}

/// When the rolling day has room again, if nothing else is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frees {
    /// For one removal more than now.
    pub one: Timestamp,
    /// For all that were asked for; none where they are more than a day allows.
    pub all: Option<Timestamp>,
}

impl Plan {
    /// Returns what removal limits refused in this plan: one refusal for each workspace that exceeds its own, one for the run.
    pub fn refusals(&self, rules: &Rules) -> Vec<Refusal<'_>> {
        let limits = rules.guards.max_removals;
        let room = limits.per_run.min(rules.room_today());
        let mut refusals = Vec::new();
        let mut begin = 0;
        while begin < self.items.len() {
            let name = self.items[begin].step.workspace.as_str();
            let count = self.items[begin..].iter().take_while(|item| item.step.workspace == name).count();
            let items = &self.items[begin..begin + count];
            begin += count;
            let steps = held(items, &[HeldReason::LimitPerWorkspace]);
            if !steps.is_empty() {
                let room = room.min(limits.per_workspace);
                refusals.push(Refusal {
                    limit: HeldReason::LimitPerWorkspace,
                    workspace: Some(name),
                    count: steps.len(),
                    most: limits.per_workspace,
                    before: 0,
                    part: some(items, &steps, room),
                    steps,
                    room,
                    frees: None,
                });
            }
        }
        let steps = held(&self.items, &[HeldReason::LimitPerRun, HeldReason::LimitPerDay]);
        if !steps.is_empty() {
            let of_day = held(&self.items, &[HeldReason::LimitPerRun]).is_empty();
            refusals.push(Refusal {
                limit: if of_day { HeldReason::LimitPerDay } else { HeldReason::LimitPerRun },
                workspace: None,
                count: steps.len(),
                most: if of_day { limits.per_day } else { limits.per_run },
                before: if of_day { rules.removed.len() } else { 0 },
                part: workspaces(&steps, room),
                frees: if of_day { rules.frees(steps.len()) } else { None },
                steps,
                room,
            });
        }
        refusals
    }
}

impl Rules {
    /// Returns from when on the rolling day has room for so many removals more.
    fn frees(&self, wanted: usize) -> Option<Frees> {
        let from = |wanted: usize| {
            let too_many = (self.removed.len() + wanted).checked_sub(self.guards.max_removals.per_day)?;
            let last = self.removed.get(too_many.checked_sub(1)?)?;
            // A removal counts while it is not older than a day; the next whole second is past it.
            let passed = last.checked_add(DAY).ok()?.checked_add(SignedDuration::from_secs(1)).ok()?;
            Timestamp::from_second(passed.as_second()).ok()
        };
        Some(Frees { one: from(self.room_today() + 1)?, all: from(wanted) })
    }
}

fn held<'a>(items: &'a [Item], reasons: &[HeldReason]) -> Vec<&'a Step> {
    let is = |item: &&Item| matches!(&item.disposition, Disposition::Held(held) if reasons.contains(&held.reason));
    items.iter().filter(is).map(|item| &item.step).collect()
}

/// The whole workspaces with as many of these removals as there is room for.
fn workspaces<'a>(steps: &[&'a Step], room: usize) -> Part<'a> {
    let mut names: Vec<&str> = Vec::new();
    let mut weights = Vec::new();
    for step in steps {
        match (names.last(), weights.last_mut()) {
            (Some(last), Some(weight)) if *last == step.workspace => *weight += 1,
            _ => {
                names.push(&step.workspace);
                weights.push(1);
            }
        }
    }
    let chosen = largest(&weights, room);
    let removals = chosen.iter().map(|place| weights[*place]).sum();
    Part::Workspaces { names: chosen.into_iter().map(|place| names[place]).collect(), removals }
}

/// What of one workspace's removals would pass: keys where they are about no person, else people.
fn some<'a>(items: &'a [Item], steps: &[&'a Step], room: usize) -> Part<'a> {
    if steps.iter().any(|step| step.change.person().is_some()) {
        return people(items, steps, room);
    }
    let mut keys: Vec<&KeyId> = steps.iter().filter_map(|step| step.change.deleted_key()).collect();
    keys.sort();
    keys.truncate(room);
    Part::Keys { removals: keys.len(), keys }
}

/// The people of one workspace with as many of these removals as there is room for. Whoever shares an address or an account with
/// somebody goes with them, and what is held for another reason counts too: asked for alone it might pass.
fn people<'a>(items: &'a [Item], steps: &[&'a Step], room: usize) -> Part<'a> {
    let strangers = strangers(items);
    let same = |one: &Step, other: &Step| {
        let of_stranger =
            |step: &Step| step.change.person().is_some_and(|email| strangers.contains(email)) && is_revocation(step);
        same_person(one, other) || of_stranger(one) || of_stranger(other)
    };
    let mut groups: Vec<Vec<&'a Step>> = Vec::new();
    for item in items.iter().filter(|item| item.step.is_removal()) {
        let (mut own, others): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|group| group.iter().any(|other| same(other, &item.step)));
        let mut group = own.drain(..).flatten().collect::<Vec<_>>();
        group.push(&item.step);
        groups = others;
        groups.push(group);
    }
    let refused: BTreeSet<&str> = steps.iter().map(|step| step.id.as_str()).collect();
    groups.retain(|group| group.iter().any(|step| refused.contains(step.id.as_str())));
    groups.sort_by_key(|group| group[0].change.subject());
    let weights: Vec<usize> = groups.iter().map(Vec::len).collect();
    let taken: Vec<&Step> = largest(&weights, room)
        .into_iter()
        .flat_map(|place| &groups[place])
        .copied()
        .filter(|step| refused.contains(step.id.as_str()))
        .collect();
    let emails: BTreeSet<&Email> = taken.iter().filter_map(|step| step.change.person()).collect();
    Part::People { emails: emails.into_iter().collect(), removals: taken.len() }
}

fn is_revocation(step: &Step) -> bool {
    matches!(step.change, Change::Revoke { .. })
}

/// Whose keys are revoked and whose rows bear other addresses than the one they were asked for by: a plan does not say which, so they may be
/// anybody's, and nobody is asked for without them.
fn strangers(items: &[Item]) -> BTreeSet<&Email> {
    let of_rows = |item: &&Item| matches!(item.step.change, Change::Remove { .. } | Change::StayAbsent { .. });
    let known: BTreeSet<&Email> = items.iter().filter(of_rows).filter_map(|item| item.step.change.person()).collect();
    let revoked = items.iter().filter(|item| is_revocation(&item.step)).filter_map(|item| item.step.change.person());
    revoked.filter(|subject| !known.contains(subject)).collect()
}

fn same_person(one: &Step, other: &Step) -> bool {
    let account = |step: &Step| match &step.rests_on {
        RestsOn::Row { user_id, .. } => user_id.clone(),
        _ => None,
    };
    one.change.subject() == other.change.subject() || account(one).is_some_and(|id| account(other) == Some(id))
}

/// Chooses places whose weights come as near to the room as can be without passing it; of several ways the one that takes the
/// first places.
fn largest(weights: &[usize], room: usize) -> Vec<usize> {
    let room = room.min(weights.iter().sum());
    // sums[place]: which sums up to the room the weights from that place on can make.
    let mut sums = vec![Sums::zero(room); weights.len() + 1];
    for (place, weight) in weights.iter().enumerate().rev() {
        sums[place] = sums[place + 1].with(*weight);
    }
    let mut left = (0..=room).rev().find(|sum| sums[0].has(*sum)).unwrap_or(0);
    let mut chosen = Vec::new();
    for (place, weight) in weights.iter().enumerate() {
        if left >= *weight && sums[place + 1].has(left - weight) {
            chosen.push(place);
            left -= weight;
        }
    }
    chosen
}

/// A set of sums, one bit each: ten thousand workspaces under a limit of as many removals take megabytes, not hundreds of them.
#[derive(Debug, Clone)]
struct Sums(Vec<u64>);

impl Sums {
    /// The sum 0 alone, in a set that can hold sums up to the room.
    fn zero(room: usize) -> Self {
        let mut bits = vec![0; room / 64 + 1];
        bits[0] = 1;
        Self(bits)
    }

    fn has(&self, sum: usize) -> bool {
        self.0[sum / 64] >> (sum % 64) & 1 == 1
    }

    /// Adds to the sums those with this weight more, as far as there is room.
    fn with(&self, weight: usize) -> Self {
        let (words, bits) = (weight / 64, weight % 64);
        let mut with = self.0.clone();
        for (place, word) in with.iter_mut().enumerate().skip(words) {
            *word |= self.0[place - words] << bits;
            if bits > 0 && place > words {
                *word |= self.0[place - words - 1] >> (64 - bits);
            }
        }
        Self(with)
    }
}

#[cfg(test)]
mod tests;
