//! The period of a report: whole UTC days, the first and the last of them meant.
//!
//! Owns the convention for end dates, which the API leaves open (contract section 11): what is typed and shown names the last day itself; what is
//! asked of the API as two moments begins at midnight UTC of the first day and ends at midnight UTC after the last. Every day of it is over: what
//! was counted on a day that is not would pass for all of that day, and a day to come for one on which nothing happened.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::Days;

/// The most days of a period: about a year, for the API tells days one by one.
pub const MOST_DAYS: i32 = 366;

/// The first day that can be asked for: long before anything the API tells of, and within what spreadsheets know as a date.
pub const EARLIEST: Date = jiff::civil::date(2000, 1, 1);

/// Days of a period where none is said.
const USUAL_DAYS: i32 = 30;

/// Whole days in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Period {
    first: Date,
    last: Date,
}

/// Why there is no such period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoPeriod {
    /// It ends before it begins.
    #[error("the period from {first} to {last} ends before it begins")]
    Backwards {
        /// The first day.
        first: Date,
        /// The last day.
        last: Date,
    },
    /// It is too long.
    #[error("the period from {first} to {last} has more than 366 days")]
    TooLong {
        /// The first day.
        first: Date,
        /// The last day.
        last: Date,
    },
    /// It begins before there was anything to tell of.
    #[error("a report can begin on {EARLIEST} at the earliest, not on {first}")]
    TooEarly {
        /// The first day.
        first: Date,
    },
    /// Its last day is not over.
    #[error("{day} is not over yet (in UTC): what was counted on it so far would pass for the whole day")]
    NotOver {
        /// The day that was said.
        day: Date,
        /// The last one that is over.
        yesterday: Date,
    },
}

impl Period {
    /// Makes a period.
    pub fn new(first: Date, last: Date) -> Result<Self, NoPeriod> {
        let days = (last - first).get_days();
        if days < 0 {
            return Err(NoPeriod::Backwards { first, last });
        }
        if days >= MOST_DAYS {
            return Err(NoPeriod::TooLong { first, last });
        }
        if first < EARLIEST {
            return Err(NoPeriod::TooEarly { first });
        }
        Ok(Self { first, last })
    }

    /// Returns the 30 whole days before the day of a moment: the newest that will not change any more.
    pub fn usual(now: Timestamp) -> Self {
        let today = now.to_zoned(TimeZone::UTC).date();
        let last = today.yesterday().unwrap_or(today);
        Self { first: last.saturating_sub((USUAL_DAYS - 1).days()), last }
    }

    /// Makes a period of what was said of it; what was not said is as in [`Period::usual`]. A day that is not over at `now` is refused.
    pub fn said(now: Timestamp, first: Option<Date>, last: Option<Date>) -> Result<Self, NoPeriod> {
        let usual = Self::usual(now);
        let yesterday = usual.last;
        if let Some(day) = [last, first].into_iter().flatten().find(|day| *day > yesterday) {
            return Err(NoPeriod::NotOver { day, yesterday });
        }
        match (first, last) {
            (None, None) => Ok(usual),
            (Some(first), last) => Self::new(first, last.unwrap_or(yesterday)),
            (None, Some(last)) => Self::new(last.saturating_sub((USUAL_DAYS - 1).days()), last),
        }
    }

    /// Returns the first day.
    pub fn first(self) -> Date {
        self.first
    }

    /// Returns the last day.
    pub fn last(self) -> Date {
        self.last
    }

    /// Returns how many days it has.
    pub fn days(self) -> i32 {
        (self.last - self.first).get_days() + 1
    }

    /// Returns the period of equal length right before it.
    #[must_use]
    pub fn prior(self) -> Self {
        let last = self.first.yesterday().unwrap_or(self.first);
        Self { first: last.saturating_sub((self.days() - 1).days()), last }
    }

    /// Tells whether a day is in it.
    pub fn holds(self, day: Date) -> bool {
        self.first <= day && day <= self.last
    }

    /// Returns the two moments to ask the API for: midnight of the first day, and midnight after the last.
    pub fn to_ask(self) -> (Timestamp, Timestamp) {
        let midnight = |day: Date| day.to_zoned(TimeZone::UTC).map_or(Timestamp::MAX, |zoned| zoned.timestamp());
        (midnight(self.first), midnight(self.last.tomorrow().unwrap_or(self.last)))
    }

    /// Parts it into spans that are short enough for what the API tells of accounts day by day.
    pub fn spans(self) -> Vec<Days> {
        let mut spans = Vec::new();
        let mut first = self.first;
        while first <= self.last {
            let last = first.saturating_add((Days::MOST - 1).days()).min(self.last);
            spans.extend(Days::new(first, last));
            match last.tomorrow() {
                Ok(next) => first = next,
                Err(_the_end_of_time) => break,
            }
        }
        spans
    }
}

impl std::fmt::Display for Period {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} to {}", self.first, self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn period(first: &str, last: &str) -> Period {
        Period::new(day(first), day(last)).unwrap()
    }

    #[test]
    fn the_usual_period_is_thirty_whole_days_and_ends_yesterday() {
        let usual = Period::usual("2026-11-22T00:00:00Z".parse().unwrap());
        assert_eq!(usual, period("2026-10-23", "2026-11-21"));
        assert_eq!(usual.days(), 30);
        assert_eq!(usual.to_string(), "2026-10-23 to 2026-11-21");
    }

    #[test]
    fn the_period_before_is_as_long_and_ends_the_day_before() {
        let month = period("2026-11-01", "2026-11-30");
        assert_eq!(month.prior(), period("2026-10-02", "2026-10-31"));
        assert_eq!(month.prior().days(), month.days());
    }

    #[test]
    fn the_api_is_asked_from_midnight_to_midnight() {
        let (from, to) = period("2026-11-01", "2026-11-30").to_ask();
        assert_eq!((from.to_string(), to.to_string()), ("2026-11-01T00:00:00Z".into(), "2026-12-01T00:00:00Z".into()));
    }

    #[test]
    fn spans_cover_every_day_once_and_none_is_too_long() {
        for (first, last) in [("2026-11-01", "2026-11-01"), ("2026-10-01", "2026-10-31"), ("2026-01-01", "2026-12-31")]
        {
            let whole = period(first, last);
            let spans = whole.spans();
            assert_eq!(spans.first().unwrap().first(), whole.first());
            assert_eq!(spans.last().unwrap().last(), whole.last());
            assert!(spans.windows(2).all(|two| two[0].last().tomorrow().unwrap() == two[1].first()));
        }
    }

    #[test]
    fn what_is_not_said_is_as_usual_and_nonsense_is_refused() {
        let now = "2026-11-22T10:00:00Z".parse().unwrap();
        assert_eq!(Period::said(now, None, Some(day("2026-10-31"))), Ok(period("2026-10-02", "2026-10-31")));
        assert_eq!(Period::said(now, Some(day("2026-11-01")), None), Ok(period("2026-11-01", "2026-11-21")));
        assert!(matches!(Period::new(day("2026-11-02"), day("2026-11-01")), Err(NoPeriod::Backwards { .. })));
        assert!(matches!(Period::new(day("2025-01-01"), day("2026-11-01")), Err(NoPeriod::TooLong { .. })));
        assert!(matches!(Period::new(day("1999-12-31"), day("2000-01-31")), Err(NoPeriod::TooEarly { .. })));
        assert!(Period::said(now, None, Some(Date::MIN)).is_err());
    }

    #[test]
    fn a_day_that_is_not_over_is_in_no_period() {
        let now = "2026-11-22T23:59:59Z".parse().unwrap();
        let refused = |first, last| Period::said(now, first, last);
        let not_over = |text| Err(NoPeriod::NotOver { day: day(text), yesterday: day("2026-11-21") });
        assert_eq!(refused(None, Some(day("2026-11-22"))), not_over("2026-11-22"));
        assert_eq!(refused(Some(day("2026-11-01")), Some(day("2027-01-01"))), not_over("2027-01-01"));
        assert_eq!(refused(Some(day("2026-11-22")), None), not_over("2026-11-22"));
        assert_eq!(refused(Some(Date::MAX), None), not_over("9999-12-31"));
        assert_eq!(refused(Some(day("2026-11-21")), None), Ok(period("2026-11-21", "2026-11-21")));
    }
}
