//! The moments of records: which month each belongs to, in UTC, and which of two is older.
//!
//! A trail has millions, nearly all of a few days and written alike: the usual form is read by its digits, and its day is worked out once.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// The month of a record, as its file is named: `2026-11`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month([u8; 7]);

impl Month {
    /// Returns the month of a moment; none before the year 0 and after 9999.
    pub fn of(at: Timestamp) -> Option<Self> {
        let date = at.to_zoned(TimeZone::UTC).date();
        let text = format!("{:04}-{:02}", date.year(), date.month());
        Some(Self(text.as_bytes().try_into().ok()?))
    }

    /// Reads what [`Month::as_str`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let first: Date = format!("{text}-01").parse().ok()?;
        let at = first.to_zoned(TimeZone::UTC).ok()?.timestamp();
        Self::of(at).filter(|month| month.as_str() == text)
    }

    /// Returns it as its files are named.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("it was made of digits and a dash")
    }
}

/// When a record was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Microseconds since 1970.
    pub micros: i64,
    /// Its month.
    pub month: Month,
}

/// Reads moments, knowing the day of the one before.
#[derive(Debug, Default)]
pub struct Reader {
    day: Option<([u8; 10], i64, Month)>,
}

const MICROS: i64 = 1_000_000;

impl Reader {
    /// Reads a moment as the API writes it; none where it is no moment.
    pub fn read(&mut self, text: &str) -> Option<Moment> {
        self.usual(text.as_bytes()).or_else(|| {
            let at: Timestamp = text.trim().parse().ok()?;
            Some(Moment { micros: at.as_microsecond(), month: Month::of(at)? })
        })
    }

    /// Reads `2026-11-20T07:00:00.120Z`, with up to six digits behind the seconds or none.
    fn usual(&mut self, text: &[u8]) -> Option<Moment> {
        let (day, clock) = text.split_first_chunk::<10>()?;
        let (midnight, month) = match &self.day {
            Some((known, midnight, month)) if known == day => (*midnight, *month),
            _ => self.midnight(*day)?,
        };
        let (clock, rest) = clock.split_first_chunk::<9>()?;
        let [b'T', hours @ .., b':', _, _, b':', _, _] = clock else { return None };
        let (minutes, seconds) = (&clock[4..6], &clock[7..9]);
        let two = |digits: &[u8]| match digits {
            [tens, ones, ..] if tens.is_ascii_digit() && ones.is_ascii_digit() => {
                Some(i64::from((tens - b'0') * 10 + (ones - b'0')))
            }
            _ => None,
        };
        let (hours, minutes, seconds) = (two(hours)?, two(minutes)?, two(seconds)?);
        if hours > 23 || minutes > 59 || seconds > 59 {
            return None;
        }
        let fraction = match rest {
            b"Z" => &[],
            [b'.', digits @ .., b'Z'] if (1..=6).contains(&digits.len()) => digits,
            _ => return None,
        };
        let mut micros = 0;
        for place in 0..6 {
            let digit = fraction.get(place).map_or(Some(0), |digit| digit.is_ascii_digit().then(|| digit - b'0'))?;
            micros = micros * 10 + i64::from(digit);
        }
        Some(Moment { micros: midnight + ((hours * 60 + minutes) * 60 + seconds) * MICROS + micros, month })
    }

    fn midnight(&mut self, day: [u8; 10]) -> Option<(i64, Month)> {
        let date: Date = std::str::from_utf8(&day).ok()?.parse().ok()?;
        let at = date.to_zoned(TimeZone::UTC).ok()?.timestamp();
        let (midnight, month) = (at.as_microsecond(), Month::of(at)?);
        self.day = Some((day, midnight, month));
        Some((midnight, month))
    }
}

/// Returns the moment from which on records are asked for again: the midnight (UTC) at least a day before. The API's own filter is asked for
/// the day before that, for which days it takes in is unpublished.
pub fn floor(since: Timestamp) -> Timestamp {
    let date = since.to_zoned(TimeZone::UTC).date().saturating_sub(1.day());
    date.to_zoned(TimeZone::UTC).map_or(Timestamp::MIN, |zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_form_is_read_as_any_other_is() {
        let mut reader = Reader::default();
        for text in [
            "2026-11-20T07:00:00.120Z",
            "2026-11-20T23:59:59Z",
            "2026-02-28T00:00:00.000001Z",
            "1999-12-31T23:59:59.9Z",
            "2026-11-30T23:30:00-02:00",
            "2026-11-20T07:00:00.1234567Z",
            "2026-11-20 07:00:00Z",
        ] {
            let at: Timestamp = text.parse().unwrap();
            let read = reader.read(text).unwrap();
            assert_eq!(read.micros, at.as_microsecond(), "{text}");
            assert_eq!(Some(read.month), Month::of(at), "{text}");
        }
        assert_eq!(reader.read("2026-11-30T23:30:00-02:00").unwrap().month.as_str(), "2026-12");
        for odd in ["", "t", "2026-11-20", "2026-13-20T07:00:00Z", "2026-11-20T27:00:00Z", "2026-11-20T07:00:00.x1Z"] {
            assert_eq!(reader.read(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_month_is_named_as_its_file_is() {
        assert_eq!(Month::parse("2026-11").unwrap().as_str(), "2026-11");
        for odd in ["2026-13", "2026-1", "26-11", "export", "2026-11-", "../../x"] {
            assert_eq!(Month::parse(odd), None, "{odd}");
        }
    }

    #[test]
    fn what_is_asked_for_again_begins_at_a_midnight_at_least_a_day_before() {
        let floor = floor("2026-11-20T07:00:00Z".parse().unwrap());
        assert_eq!(floor.to_string(), "2026-11-19T00:00:00Z");
    }
}
