//! What carries which tag: kept once by id and once by what carries it, so that a look-up of a hundred resources among thousands searches
//! nothing.
//!
//! Sixty bytes a mapping, for five thousand tagged accounts in each of a hundred workspaces: accounts, campaigns and tags are numbers.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Turn;
use super::page::{self, Span};
use super::past::Was;
use crate::sim::name;
use crate::sim::paper::{Refusal, moment};
use crate::sim::state::State;

/// What carries a tag: the number of an account, or of a campaign that ever carried one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Carrier {
    Account(u32),
    Campaign(u32),
}

/// A carrier, and the number of a tag it carries: there is one mapping of each.
pub(crate) type Pair = (Carrier, u32);

/// All mappings of a workspace.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mappings {
    by_id: BTreeMap<u128, Pair>,
    by_pair: BTreeMap<Pair, u128>,
}

impl Mappings {
    pub(super) fn id(&self, pair: Pair) -> Option<u128> {
        self.by_pair.get(&pair).copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u128, Pair)> + '_ {
        self.by_id.iter().map(|(id, pair)| (*id, *pair))
    }

    fn of_carrier(&self, carrier: Carrier) -> impl Iterator<Item = (Pair, u128)> + '_ {
        self.by_pair.range((carrier, 0)..=(carrier, u32::MAX)).map(|(pair, id)| (*pair, *id))
    }

    fn insert(&mut self, id: u128, pair: Pair) {
        self.by_id.insert(id, pair);
        self.by_pair.insert(pair, id);
    }

    fn remove(&mut self, pair: Pair) {
        if let Some(id) = self.by_pair.remove(&pair) {
            self.by_id.remove(&id);
        }
    }
}

/// The mappings as reads show them: those that are there, but for the pairs that changed too lately.
pub(super) struct Shown<'a> {
    there: &'a Mappings,
    /// What each of those pairs was.
    young: BTreeMap<Pair, Option<u128>>,
}

impl Shown<'_> {
    /// The tags of a carrier, with the mappings' ids.
    pub(super) fn of_carrier(&self, carrier: Carrier) -> Vec<(Pair, u128)> {
        let mut shown: Vec<(Pair, u128)> =
            self.there.of_carrier(carrier).filter(|(pair, _)| !self.young.contains_key(pair)).collect();
        let young = self.young.range((carrier, 0)..=(carrier, u32::MAX));
        shown.extend(young.filter_map(|(pair, id)| Some((*pair, (*id)?))));
        shown.sort_unstable();
        shown
    }

    pub(super) fn carries(&self, pair: Pair) -> bool {
        self.young.get(&pair).map_or_else(|| self.there.by_pair.contains_key(&pair), Option::is_some)
    }

    /// All behind a cursor, in order of their ids.
    fn behind(&self, after: Option<u128>) -> Box<dyn Iterator<Item = (u128, Pair)> + '_> {
        let from = after.map_or(0, |after| after.saturating_add(1));
        let rest = self.there.by_id.range(from..).map(|(id, pair)| (*id, *pair));
        if self.young.is_empty() {
            return Box::new(rest);
        }
        let mut rows: Vec<(u128, Pair)> = rest.filter(|(_, pair)| !self.young.contains_key(pair)).collect();
        let young = self.young.iter().filter_map(|(pair, id)| Some(((*id)?, *pair)));
        rows.extend(young.filter(|(id, _)| *id >= from));
        rows.sort_unstable();
        Box::new(rows.into_iter())
    }
}

pub(crate) fn list(state: &State, turn: Turn<'_>) -> Result<Value, Refusal> {
    let Turn { ask, workspace, now, .. } = turn;
    let wanted = ask.commas("resource_ids");
    let Some(span) = Span::of_query(ask, 100)? else { return Ok(page::none()) };
    let after = span.after_id()?;
    let shown = state.shown_mappings(workspace, now);
    let rows = match wanted {
        None => shown.behind(after),
        Some(resources) => {
            let carriers = resources.iter().filter_map(|resource| state.carrier_called(workspace, resource));
            let all = carriers.flat_map(|carrier| shown.of_carrier(carrier)).map(|(pair, id)| (id, pair));
            let mut rows: Vec<(u128, Pair)> = all.filter(|(id, _)| after.is_none_or(|after| *id > after)).collect();
            rows.sort_unstable();
            rows.dedup();
            Box::new(rows.into_iter())
        }
    };
    let last = state.settings.last_page;
    Ok(span.page(rows, last, |(id, pair)| show(state, workspace, *id, *pair), |(id, _)| name::show(*id)))
}

fn show(state: &State, workspace: usize, id: u128, (carrier, tag): Pair) -> Value {
    let things = &state.workspaces[workspace].things;
    json!({
        "id": name::show(id),
        "tag_id": name::show(things.tags.id(tag)),
        "resource_id": things.carrier_name(carrier),
        "resource_type": match carrier {
            Carrier::Account(_) => 1,
            Carrier::Campaign(_) => 2,
        },
        "timestamp_created": moment(name::millis(id)),
        "organization_id": &*state.workspaces[workspace].id,
    })
}

impl super::Things {
    /// How the API names what carries a tag: an address, or a campaign's id.
    pub(super) fn carrier_name(&self, carrier: Carrier) -> String {
        match carrier {
            Carrier::Account(number) => self.accounts.numbered(number).email.to_string(),
            Carrier::Campaign(number) => name::show(self.tags.campaigns[number as usize]),
        }
    }
}

impl State {
    pub(super) fn shown_mappings(&self, workspace: usize, now: i64) -> Shown<'_> {
        let mut young = BTreeMap::new();
        // The youngest comes first, so the oldest is what stays.
        for was in self.young(workspace, now) {
            if let Was::Mapping(pair, before) = was {
                young.insert(*pair, *before);
            }
        }
        Shown { there: &self.workspaces[workspace].things.tags.mappings, young }
    }

    /// Finds what carries tags by an address or a campaign's id, for reading.
    pub(super) fn carrier_called(&self, workspace: usize, resource: &str) -> Option<Carrier> {
        let things = &self.workspaces[workspace].things;
        match name::read(resource) {
            Some(campaign) => things.tags.campaign_number(campaign).map(Carrier::Campaign),
            None => things.accounts.number_of(resource).map(Carrier::Account),
        }
    }

    /// Puts a tag on something or takes it off; tells whether that changed anything.
    pub(super) fn set_mapping(&mut self, workspace: usize, pair: Pair, assign: bool, now: i64) -> bool {
        let before = self.workspaces[workspace].things.tags.mappings.id(pair);
        if before.is_some() == assign {
            return false;
        }
        self.will_change_thing(workspace, |_| Was::Mapping(pair, before), now);
        if assign {
            self.settle_mapping(workspace, pair, now);
        } else {
            self.workspaces[workspace].things.tags.mappings.remove(pair);
        }
        true
    }

    /// Puts a tag on something; what carries it already keeps its mapping.
    pub(super) fn settle_mapping(&mut self, workspace: usize, pair: Pair, created: i64) {
        if self.workspaces[workspace].things.tags.mappings.id(pair).is_none() {
            let id = self.mint(workspace, created);
            self.workspaces[workspace].things.tags.mappings.insert(id, pair);
        }
    }

    /// Takes off whatever mappings somebody means.
    pub(super) fn drop_mappings(&mut self, workspace: usize, meant: impl Fn(&Pair) -> bool, now: i64) {
        let all = self.workspaces[workspace].things.tags.mappings.iter().map(|(_, pair)| pair);
        let gone: Vec<Pair> = all.filter(|pair| meant(pair)).collect();
        for pair in gone {
            self.set_mapping(workspace, pair, false, now);
        }
    }
}
