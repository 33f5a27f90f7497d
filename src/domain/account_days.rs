//! What sending accounts sent and what of it bounced, day by day (contract section 11).
//!
//! Owns which days are meant. The API takes a date without a time for midnight UTC of it, so an end date ends before that day's own mail, or
//! does not: that is unpublished. Here a span of days names its first and its last, both meant whole; what is asked of the API ends a day
//! later, and days outside the span are passed over when they come. So both readings give the same.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Email;

/// Days in UTC, the first and the last of them whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    first: Date,
    last: Date,
}

impl Days {
    /// The most days that can be asked for: the API allows 31 between its two dates, and the later of them is a day after the last.
    pub const MOST: i32 = 31;

    /// Makes a span; none where it has no day, or too many.
    pub fn new(first: Date, last: Date) -> Option<Self> {
        let days = (last - first).get_days().checked_add(1)?;
        (1..=Self::MOST).contains(&days).then_some(Self { first, last })
    }

    /// The day of a moment and the six before it.
    pub fn week_to(now: Timestamp) -> Self {
        let last = now.to_zoned(TimeZone::UTC).date();
        let first = (1..7).fold(last, |day, _| day.yesterday().unwrap_or(day));
        Self { first, last }
    }

    /// Returns the first day.
    pub fn first(self) -> Date {
        self.first
    }

    /// Returns the last day.
    pub fn last(self) -> Date {
        self.last
    }

    /// Returns the two dates to ask the API for: the first day, and the one after the last.
    pub fn to_ask(self) -> (Date, Date) {
        (self.first, self.last.tomorrow().unwrap_or(self.last))
    }

    /// Tells whether a day is among them.
    pub fn holds(self, day: Date) -> bool {
        self.first <= day && day <= self.last
    }
}

/// Counters of one account on one day, or on several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sent {
    /// Mails sent.
    pub sent: u64,
    /// Of those, bounced.
    pub bounced: u64,
}

impl std::ops::AddAssign for Sent {
    fn add_assign(&mut self, other: Self) {
        self.sent = self.sent.saturating_add(other.sent);
        self.bounced = self.bounced.saturating_add(other.bounced);
    }
}

/// What was seen of some accounts' sending. A day of an account that was asked for and is not told was without mail: the API tells days on
/// which something was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SentDaily {
    /// Of each account, by day; of one on which nothing was sent there may be none.
    pub days: BTreeMap<Email, BTreeMap<Date, Sent>>,
    /// The accounts of which nothing can be said: never zero.
    pub unseen: BTreeSet<Email>,
    /// Why.
    pub incomplete: Option<String>,
}

/// What one account sent on the last day of a span, and over all of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sending {
    /// On the last day, so far.
    pub today: Sent,
    /// On the days before.
    pub before: Sent,
}

impl Sending {
    /// Returns both together.
    pub fn all(self) -> Sent {
        let mut all = self.before;
        all += self.today;
        all
    }
}

impl SentDaily {
    /// Returns what an account sent; none where that is not known.
    pub fn of(&self, account: &Email, days: Days) -> Option<Sending> {
        if self.unseen.contains(account) {
            return None;
        }
        let mut sending = Sending::default();
        for (day, sent) in self.days.get(account).into_iter().flatten() {
            if *day == days.last() {
                sending.today += *sent;
            } else if days.holds(*day) {
                sending.before += *sent;
            }
        }
        Some(sending)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_week_is_seven_days_of_utc_and_asked_for_to_the_day_after() {
        let days = Days::week_to("2026-03-02T00:30:00+02:00".parse().unwrap());
        assert_eq!((days.first(), days.last()), (date(2026, 2, 23), date(2026, 3, 1)), "in UTC it is still the first");
        assert_eq!(days.to_ask(), (date(2026, 2, 23), date(2026, 3, 2)));
        assert!(days.holds(date(2026, 2, 23)) && days.holds(date(2026, 3, 1)));
        assert!(!days.holds(date(2026, 3, 2)) && !days.holds(date(2026, 2, 22)));
    }

    #[test]
    fn a_span_has_one_to_thirty_one_days() {
        let first = date(2026, 1, 1);
        assert!(Days::new(first, first).is_some() && Days::new(first, date(2026, 1, 31)).is_some());
        assert!(Days::new(first, date(2026, 2, 1)).is_none() && Days::new(first, date(2025, 12, 31)).is_none());
    }

    #[test]
    fn what_was_not_seen_is_not_zero() {
        let days = Days::new(date(2026, 1, 1), date(2026, 1, 7)).unwrap();
        let (a, b, c) =
            (Email::observed("a@x.example"), Email::observed("b@x.example"), Email::observed("c@x.example"));
        let told = |sent, bounced| Sent { sent, bounced };
        let of_a = [(days.last(), told(5, 1)), (days.first(), told(7, 2)), (date(2026, 1, 8), told(99, 99))];
        let seen = SentDaily {
            days: [(a.clone(), of_a.into())].into(),
            unseen: [b.clone()].into(),
            incomplete: Some("413".to_owned()),
        };
        let sending = seen.of(&a, days).unwrap();
        assert_eq!((sending.today, sending.all()), (told(5, 1), told(12, 3)));
        assert_eq!(seen.of(&b, days), None);
        assert_eq!(seen.of(&c, days), Some(Sending::default()), "who was asked for and is not told sent nothing");
    }
}
