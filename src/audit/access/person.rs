//! What is known of each person of a workspace, gathered once: the looks that matter for them, and our own steps about them.
//!
//! A year of daily looks at many people is walked through once for each of them and never once for each of their rows: what a person is seen
//! in is found by its moment.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::standing::Row;
use super::walk::{Seen, Write};
use super::{Look, Past, Stretch};
use crate::domain::Email;

/// What is kept of one person.
#[derive(Debug, Default)]
pub(super) struct Person<'a> {
    spans: Vec<&'a Stretch>,
    glimpses: Vec<&'a Stretch>,
    writes: Vec<&'a Write>,
}

/// Gathers everybody who was ever seen, or written about.
pub(super) fn people(past: &Past) -> BTreeMap<&Email, Person<'_>> {
    let mut people: BTreeMap<&Email, Person<'_>> = BTreeMap::new();
    for span in &past.spans {
        people.entry(&span.email).or_default().spans.push(span);
    }
    for glimpse in &past.glimpses {
        people.entry(&glimpse.email).or_default().glimpses.push(glimpse);
    }
    for (email, write) in &past.writes {
        people.entry(email).or_default().writes.push(write);
    }
    people
}

impl Person<'_> {
    /// Returns our own steps about them that ended at a moment or later.
    pub(super) fn writes(&self, base: Option<Timestamp>) -> Vec<Write> {
        let late = |write: &&&Write| base.is_none_or(|base| write.to >= base);
        self.writes.iter().filter(late).map(|write| (*write).clone()).collect()
    }
}

/// The looks at a workspace, by their moments.
#[derive(Debug)]
pub(super) struct Looks<'a> {
    all: &'a [Look],
    /// The complete ones, oldest first.
    pub whole: Vec<&'a Look>,
    /// When the earliest of each of these and all later ones was begun.
    begun: Vec<Timestamp>,
}

impl<'a> Looks<'a> {
    /// Takes the looks, oldest first.
    pub(super) fn of(all: &'a [Look]) -> Self {
        let whole: Vec<&Look> = all.iter().filter(|look| look.complete).collect();
        let mut begun: Vec<Timestamp> = whole.iter().map(|look| look.began).collect();
        for place in (1..begun.len()).rev() {
            begun[place - 1] = begun[place - 1].min(begun[place]);
        }
        Self { all, whole, begun }
    }

    /// Returns the last complete look that ended at a moment or before it.
    pub(super) fn base(&self, moment: Timestamp) -> Option<Timestamp> {
        self.whole.iter().rfind(|look| look.at <= moment).map(|look| look.at)
    }

    /// Returns the place of the complete look of a moment, or else of the first one after it.
    fn at(&self, moment: Timestamp) -> Result<usize, usize> {
        self.whole.binary_search_by(|look| look.at.cmp(&moment))
    }

    /// Returns the places of the complete looks around a time.
    fn around(&self, from: Timestamp, to: Timestamp) -> [usize; 4] {
        let before = self.at(from).unwrap_or_else(|next| next);
        let behind = self.at(to).unwrap_or_else(|next| next.saturating_sub(1));
        [before.saturating_sub(1), before, behind, behind + 1]
    }

    /// Returns the places of the complete looks that were going on at some moment of a time.
    fn overlaps(&self, from: Timestamp, to: Timestamp) -> impl Iterator<Item = usize> {
        let first = self.whole.partition_point(|look| look.at < from);
        let some = (first..self.whole.len()).take_while(move |place| self.begun[*place] <= to);
        some.filter(move |place| self.whole[*place].began <= to)
    }

    /// Returns when the look that ended at a moment was begun.
    fn began(&self, at: Timestamp) -> Timestamp {
        let place = self.all.partition_point(|look| look.at < at);
        self.all.get(place).filter(|look| look.at == at).map_or(at, |look| look.began)
    }

    /// Says what the looks that matter for one person showed of them: those at the ends of what was alike, those around our own steps, and
    /// every incomplete one that showed them.
    pub(super) fn seen(&self, person: &Person<'_>, base: Option<Timestamp>) -> Vec<Seen> {
        let mut places: BTreeSet<usize> = BTreeSet::new();
        for stretch in person.spans.iter().chain(&person.glimpses) {
            places.extend(self.around(stretch.from, stretch.until));
        }
        for write in &person.writes {
            places.extend(self.around(write.from, write.to));
            places.extend(self.overlaps(write.from, write.to));
        }
        places.extend(base.and_then(|base| self.at(base).ok()));
        let mut there = There::of(&person.spans);
        let mut seen: Vec<Seen> = places
            .into_iter()
            .filter_map(|place| self.whole.get(place))
            .filter(|look| base.is_none_or(|base| look.at >= base))
            .map(|look| Seen { began: look.began, at: look.at, whole: true, rows: there.at(look.at) })
            .collect();
        let mut by_look: BTreeMap<Timestamp, Vec<Row>> = BTreeMap::new();
        for glimpse in person.glimpses.iter().filter(|glimpse| base.is_none_or(|base| glimpse.from >= base)) {
            by_look.entry(glimpse.from).or_default().push(glimpse.row.clone());
        }
        for (at, rows) in by_look {
            seen.push(Seen { began: self.began(at), at, whole: false, rows });
        }
        seen.sort_by_key(|seen| seen.at);
        seen
    }
}

/// Which rows of somebody stand at a moment; asked for one moment after another.
struct There<'a> {
    /// What is still to come, the latest first, with its place among the rows.
    coming: Vec<(usize, &'a Stretch)>,
    /// What stands, in the order of the rows.
    here: BTreeMap<usize, &'a Stretch>,
}

impl<'a> There<'a> {
    fn of(spans: &[&'a Stretch]) -> Self {
        let mut coming: Vec<(usize, &Stretch)> = spans.iter().copied().enumerate().collect();
        coming.sort_by_key(|(_, span)| std::cmp::Reverse(span.from));
        Self { coming, here: BTreeMap::new() }
    }

    fn at(&mut self, moment: Timestamp) -> Vec<Row> {
        while let Some((place, span)) = self.coming.pop_if(|(_, span)| span.from <= moment) {
            self.here.insert(place, span);
        }
        self.here.retain(|_, span| moment <= span.until);
        self.here.values().map(|span| span.row.clone()).collect()
    }
}

#[cfg(test)]
mod tests;
