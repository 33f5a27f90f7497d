//! Which rows of a list have come already.
//!
//! Owns what is remembered of rows: digests, never the rows. Of lists that can hold millions and are in the order of their moments only the last
//! rows are remembered, beside the span of the forgotten ones: memory is then the same however long the list, and a row that might be one of
//! those is told as such.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasher as _;

use foldhash::quality::RandomState;

use super::page::{Incomplete, Row, shown};

/// Whether a row came before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// It did not.
    New,
    /// It did not come lately, and may have before that.
    Perhaps,
    /// It came already, just the same.
    Before,
}

/// The rows that came.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Of each row the digests of its id and of all of it: sixteen bytes, for lists have millions. Two ids of one digest would be
    /// a row that changed, never one that is silently missing.
    rows: HashMap<u64, u64, RandomState>,
    last: Option<Last>,
}

/// How many times as many rows are remembered while they are all of one moment: what a bulk action writes down.
const OF_ONE_MOMENT: usize = 16;

/// What is kept to forget rows.
#[derive(Debug)]
struct Last {
    most: usize,
    order: VecDeque<(u64, Option<i64>)>,
    /// The earliest and the latest moment of the rows that were forgotten.
    forgotten: Option<(i64, i64)>,
}

impl Seen {
    /// Remembers the last so many rows.
    pub(super) fn of_the_last(most: usize) -> Self {
        Self { rows: HashMap::default(), last: Some(Last { most, order: VecDeque::new(), forgotten: None }) }
    }

    /// Makes room for so many rows.
    pub(super) fn reserve(&mut self, rows: usize) {
        if self.last.is_none() {
            self.rows.reserve(rows);
        }
    }

    /// Takes a row, and tells whether it came before. Come again and the same it is known; differing, it is a fault.
    pub(super) fn take(&mut self, row: &impl Row) -> Result<Known, Incomplete> {
        let Self { rows, last } = self;
        let id = row.id().ok_or(Incomplete::IdUnusable)?;
        let digest = rows.hasher().hash_one(row);
        let key = rows.hasher().hash_one(id);
        match rows.entry(key) {
            Entry::Vacant(place) => place.insert(digest),
            Entry::Occupied(seen) if *seen.get() == digest => return Ok(Known::Before),
            Entry::Occupied(_) => return Err(Incomplete::Changed { id: shown(id) }),
        };
        let Some(last) = last else { return Ok(Known::New) };
        let moment = row.moment();
        let known = if last.may_have_had(moment) { Known::Perhaps } else { Known::New };
        last.order.push_back((key, moment));
        while let Some(key) = last.too_many(moment) {
            rows.remove(&key);
        }
        Ok(known)
    }
}

impl Last {
    /// Tells whether a row of a moment could be one of those that were forgotten. In a list that is in order, whichever way, none could, unless
    /// more are of one moment than can be remembered.
    fn may_have_had(&self, moment: Option<i64>) -> bool {
        let within = |(from, to)| moment.is_none_or(|moment| from <= moment && moment <= to);
        self.forgotten.is_some_and(within)
    }

    /// Forgets the first row if there are too many now that one of this moment came. Rows of one moment are in no order among themselves, so
    /// those of the present one stay, within bounds.
    fn too_many(&mut self, now: Option<i64>) -> Option<u64> {
        let rows = self.order.len();
        let of_now = |first: &(u64, Option<i64>)| now.is_some() && first.1 == now;
        if rows <= self.most || rows <= self.most * OF_ONE_MOMENT && self.order.front().is_some_and(of_now) {
            return None;
        }
        let (key, moment) = self.order.pop_front()?;
        self.forget(moment);
        Some(key)
    }

    fn forget(&mut self, moment: Option<i64>) {
        let (from, to) = moment.map_or((i64::MIN, i64::MAX), |moment| (moment, moment));
        let span = self.forgotten.get_or_insert((from, to));
        *span = (span.0.min(from), span.1.max(to));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Hash)]
    struct At(String, i64);

    impl Row for At {
        fn id(&self) -> Option<&str> {
            Some(&self.0)
        }

        fn moment(&self) -> Option<i64> {
            Some(self.1)
        }
    }

    fn at(moment: i64) -> At {
        At(format!("row-{moment}"), moment)
    }

    #[test]
    fn a_list_in_order_is_new_to_its_end_whichever_way_it_goes_and_memory_stays_the_same() {
        for backwards in [false, true] {
            let mut seen = Seen::of_the_last(10);
            for place in 0..1000 {
                let row = at(if backwards { -place } else { place });
                assert_eq!(seen.take(&row), Ok(Known::New));
                assert_eq!(seen.take(&row), Ok(Known::Before));
                assert!(seen.rows.len() <= 10);
            }
        }
    }

    #[test]
    fn rows_of_one_moment_are_remembered_beyond_the_others_and_what_is_too_much_is_not_called_new() {
        let of_one = |number: i64| At(format!("one-{number}"), 7);
        let mut seen = Seen::of_the_last(10);
        assert!((20..60).all(|moment| seen.take(&at(100 - moment)) == Ok(Known::New)));
        assert!((0..160).all(|number| seen.take(&of_one(number)) == Ok(Known::New)));
        assert_eq!((seen.take(&of_one(0)), seen.rows.len()), (Ok(Known::Before), 160));
        // Once more than those came, nobody knows any longer which did.
        assert_eq!((seen.take(&of_one(160)), seen.take(&of_one(0))), (Ok(Known::New), Ok(Known::Perhaps)));
        assert_eq!(seen.rows.len(), 160);
        assert_eq!((seen.take(&at(6)), seen.rows.len()), (Ok(Known::New), 10));
    }

    #[test]
    fn a_row_that_may_have_been_forgotten_is_not_called_new() {
        let mut seen = Seen::of_the_last(10);
        for place in 0..100 {
            assert_eq!(seen.take(&at(1000 - place)), Ok(Known::New));
        }
        assert_eq!(seen.take(&at(950)), Ok(Known::Perhaps), "it was here, and nobody knows it any more");
        assert_eq!(seen.take(&at(1001)), Ok(Known::New), "written down while the list was read");
        assert_eq!(seen.take(&at(905)), Ok(Known::Before));
        assert_eq!(seen.take(&at(800)), Ok(Known::New));
        let other = At("row-800".to_owned(), 801);
        assert_eq!(seen.take(&other), Err(Incomplete::Changed { id: "row-800".to_owned() }));
    }
}
