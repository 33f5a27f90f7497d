//! How long the list of what carries tags will be once a plan is performed, as far as planning saw it: the closing look goes by it to take
//! what is fewer requests, the whole list or look-ups of a hundred.

use std::collections::{BTreeSet, HashMap};

use crate::api::Mappings;
use crate::domain::{Change, ResourceId, ResourceKind, Step, TagChange};
use crate::plan::{Observed, Tagging};

/// How many rows a request shows.
const PAGE: usize = 100;

/// How many rows a look-up is made to have, at most: some room below a page, for not all resources carry as many tags as the others.
const ROOM: usize = 95;

/// How long the list of mappings of a workspace will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Length {
    /// Mappings of everything.
    all: usize,
    /// Mappings of what the steps put tags on, or take them off.
    named: usize,
    /// How many things that is.
    things: usize,
}

impl Length {
    /// Reckons it from what planning saw; none where it did not see enough of it, or where no step assigns anything.
    pub fn of<'a>(observed: &Observed, steps: impl Iterator<Item = &'a Step>) -> Option<Self> {
        Self::after(observed.tagging.as_deref()?, steps.map(|step| &step.change))
    }

    fn after<'a>(tagging: &Tagging, changes: impl Iterator<Item = &'a Change>) -> Option<Self> {
        let before = before(tagging)?;
        let (mut on, mut off) = (0, 0);
        let mut named: BTreeSet<(ResourceKind, &ResourceId)> = BTreeSet::new();
        for change in changes {
            let Change::Tag(TagChange::Assign { on: kind, resources, assign, .. }) = change else { continue };
            *(if *assign { &mut on } else { &mut off }) += resources.len();
            named.extend(resources.iter().map(|resource| (*kind, resource)));
        }
        if named.is_empty() {
            return None;
        }
        let told: HashMap<&str, usize> = tagging
            .accounts
            .rows
            .iter()
            .filter_map(|account| Some((account.email.as_str(), account.tags.as_ref()?.len())))
            .collect();
        // Of campaigns no list says how many tags each has: none, so that look-ups are never thought to be more than they are.
        let of = |(kind, resource): &(ResourceKind, &ResourceId)| match kind {
            ResourceKind::Account => told.get(resource.as_str()).copied().unwrap_or_default(),
            ResourceKind::Campaign => 0,
        };
        let carried: usize = named.iter().map(of).sum();
        let after = |rows: usize| (rows + on).saturating_sub(off);
        Some(Self { all: after(before), named: after(carried), things: named.len() })
    }

    /// Tells whether the whole list is fewer requests than look-ups about some resources of those that the steps name.
    pub(super) fn is_less_than_lookups(self, asked: &[ResourceId]) -> bool {
        self.all.div_ceil(PAGE).max(1) < self.lookups(asked)
    }

    fn lookups(self, asked: &[ResourceId]) -> usize {
        let full = Mappings::lookups(asked).count();
        if self.named <= self.things || full == 0 {
            return full;
        }
        // The first look-up shows how many rows they have, and the others are made so that each fits a page.
        let rows = |ids: usize| ids * self.named / self.things;
        let first = asked.len().min(TagChange::MOST);
        full.max(rows(first).div_ceil(PAGE) + rows(asked.len() - first).div_ceil(ROOM))
    }
}

/// How many mappings there are: as the whole list says, else as the accounts say of themselves, which are most of what carries tags.
fn before(tagging: &Tagging) -> Option<usize> {
    if !tagging.counts.is_empty() && tagging.carried_incomplete.is_none() {
        return Some(tagging.counts.values().map(|carried| carried.all()).sum());
    }
    let accounts = &tagging.accounts;
    if accounts.rows.is_empty() || accounts.incomplete.is_some() {
        return None;
    }
    accounts.rows.iter().map(|account| Some(account.tags.as_ref()?.len())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{SendingAccount, Tag, TagId};
    use crate::plan::{Carried, Found};

    fn address(number: usize) -> String {
        format!("box-{number:04}@mail.example")
    }

    fn tag(id: &str) -> Tag {
        Tag { id: TagId::parse(id).unwrap(), label: id.to_owned(), description: None }
    }

    /// A thousand accounts, of which each has so many tags.
    fn tagging(tags: impl Fn(usize) -> usize) -> Tagging {
        let account = |number| SendingAccount {
            email: address(number),
            tags: Some((0..tags(number)).map(|one| tag(&format!("t{one}"))).collect()),
            ..SendingAccount::default()
        };
        Tagging { accounts: Found { rows: (0..1_000).map(account).collect(), incomplete: None }, ..Tagging::default() }
    }

    fn some(range: std::ops::Range<usize>) -> Vec<ResourceId> {
        range.map(|number| ResourceId::parse(&address(number)).unwrap()).collect()
    }

    fn toggle(range: std::ops::Range<usize>, assign: bool) -> Change {
        let (label, on) = ("north".to_owned(), ResourceKind::Account);
        Change::Tag(TagChange::Assign { label, on, resources: some(range), assign })
    }

    #[test]
    fn what_carries_much_is_read_by_the_whole_list_and_what_is_little_is_looked_up() {
        let length = |tagging: &Tagging, change| Length::after(tagging, [&change].into_iter()).unwrap();
        let nothing_before = length(&tagging(|_| 0), toggle(0..1_000, true));
        assert_eq!(nothing_before, Length { all: 1_000, named: 1_000, things: 1_000 });
        assert!(
            !nothing_before.is_less_than_lookups(&some(0..1_000)),
            "as many, and look-ups show no more than was asked"
        );
        let half_before = length(&tagging(|number| number % 2), toggle(0..1_000, true));
        assert_eq!(half_before, Length { all: 1_500, named: 1_500, things: 1_000 });
        assert!(half_before.is_less_than_lookups(&some(0..1_000)));
        assert!(!half_before.is_less_than_lookups(&some(0..300)), "the last look, for what lagged behind");
        let few = length(&tagging(|_| 2), toggle(0..10, true));
        assert_eq!(few, Length { all: 2_010, named: 30, things: 10 });
        assert!(!few.is_less_than_lookups(&some(0..10)));
        let taken_off = length(&tagging(|_| 1), toggle(0..1_000, false));
        assert_eq!(taken_off, Length { all: 0, named: 0, things: 1_000 });
        assert!(taken_off.is_less_than_lookups(&some(0..1_000)), "one page that shows nothing");
    }

    #[test]
    fn what_was_counted_stands_above_what_accounts_say_and_without_either_nothing_is_known() {
        let mut world = tagging(|_| 1);
        let after = |world: &Tagging| Length::after(world, [&toggle(0..10, true)].into_iter()).map(|length| length.all);
        world.counts = [(TagId::parse("t0").unwrap(), Carried { campaigns: 500, accounts: 1_000, others: 7 })].into();
        assert_eq!(after(&world), Some(1_517));
        world.carried_incomplete = Some("cut".to_owned());
        assert_eq!(after(&world), Some(1_010), "the accounts were listed whole");
        world.accounts.rows[7].tags = None;
        assert_eq!(after(&world), None);
        assert_eq!(after(&Tagging::default()), None);
        let made = Change::Tag(TagChange::Create { label: "north".to_owned(), description: None });
        assert_eq!(Length::after(&tagging(|_| 1), [&made].into_iter()), None);
    }
}
