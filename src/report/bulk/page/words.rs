//! How numbers are written on pages: whole or as bounds, rates of sums, and how two periods compare.

use std::fmt;

/// A number as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// All of it was seen.
    Exact(u64),
    /// So much was seen, and there may be more.
    AtLeast(u64),
    /// Nothing was seen.
    Unknown,
}

impl Known {
    /// Returns a number that may be a bound. That there are at least none says nothing.
    pub(super) fn of(number: u64, whole: bool) -> Self {
        match (number, whole) {
            (number, true) => Self::Exact(number),
            (0, false) => Self::Unknown,
            (number, false) => Self::AtLeast(number),
        }
    }
}

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(number) => f.pad(&grouped(*number)),
            Self::AtLeast(number) => write!(f, "≥ {}", grouped(*number)),
            Self::Unknown => f.pad("not known"),
        }
    }
}

/// A part of a whole, both of them sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rate {
    /// Of sums that were seen whole.
    Exact(u64, u64),
    /// Of what was seen: neither at least nor at most.
    InPart(u64, u64),
    /// Nothing was seen.
    Unknown,
}

impl Rate {
    /// Returns a part of what was sent or contacted. Where not all was seen, that none of it was seen says nothing: the count is not known either.
    pub(super) fn of(part: u64, of: u64, whole: bool) -> Self {
        match (part, of, whole) {
            (_, _, true) => Self::Exact(part, of),
            (0, _, false) | (_, 0, false) => Self::Unknown,
            (_, _, false) => Self::InPart(part, of),
        }
    }

    /// Returns it in tenths of a percent, rounded; none of nothing.
    pub(super) fn tenths(self) -> Option<u64> {
        match self {
            Self::Exact(part, whole) | Self::InPart(part, whole) => tenths(part, whole),
            Self::Unknown => None,
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.tenths()) {
            (Self::Unknown, _) => f.pad("not known"),
            (_, None) => f.pad("–"),
            (Self::Exact(..), Some(tenths)) => write!(f, "{}.{}%", grouped(tenths / 10), tenths % 10),
            (Self::InPart(..), Some(tenths)) => write!(f, "{}.{}% of what was seen", grouped(tenths / 10), tenths % 10),
        }
    }
}

/// Returns a part of a whole in tenths of a percent.
pub(super) fn tenths(part: u64, whole: u64) -> Option<u64> {
    let scaled = u128::from(part) * 1000 + u128::from(whole) / 2;
    scaled.checked_div(u128::from(whole)).map(|tenths| u64::try_from(tenths).unwrap_or(u64::MAX))
}

/// Writes a number in groups of three digits.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Writes a number with its noun: `1 key`, `1,204 keys`.
pub(super) fn count(number: u64, noun: &str) -> String {
    match noun {
        _ if number == 1 => format!("1 {noun}"),
        "person" => format!("{} people", grouped(number)),
        _ if noun.ends_with('y') && !noun.ends_with("ey") && !noun.ends_with("ay") => {
            format!("{} {}ies", grouped(number), &noun[..noun.len() - 1])
        }
        _ => format!("{} {noun}s", grouped(number)),
    }
}

/// Says in words how a number compares with the one of the period before; nothing where one of them is not known, which is said already.
pub(super) fn change(now: Known, before: Known) -> String {
    let (now, before) = match (now, before) {
        (Known::Exact(now), Known::Exact(before)) => (now, before),
        (Known::Unknown, _) | (_, Known::Unknown) => return String::new(),
        _ => return "not to be compared".to_owned(),
    };
    match (now, before) {
        (now, before) if now == before => "the same".to_owned(),
        (_, 0) => "none before".to_owned(),
        (now, before) => {
            let word = if now > before { "more" } else { "fewer" };
            match tenths(now.abs_diff(before), before) {
                Some(0) | None => format!("hardly {word}"),
                Some(tenths) if tenths < 100 => format!("{}.{}% {word}", tenths / 10, tenths % 10),
                Some(tenths) => format!("{}% {word}", grouped((tenths + 5) / 10)),
            }
        }
    }
}

/// Says in words how a rate compares with the one of the period before; nothing where one of them is not known, which is said already.
pub(super) fn rate_change(now: Rate, before: Rate) -> String {
    match (now, before) {
        (Rate::Exact(..), Rate::Exact(..)) => {}
        (Rate::Unknown, _) | (_, Rate::Unknown) => return String::new(),
        _ => return "not to be compared".to_owned(),
    }
    match (now.tenths(), before.tenths()) {
        (Some(now), Some(before)) if now == before => "the same".to_owned(),
        (Some(now), Some(before)) => {
            let word = if now > before { "higher" } else { "lower" };
            let by = now.abs_diff(before);
            format!("{}.{} points {word}", by / 10, by % 10)
        }
        (None, _) => "none sent".to_owned(),
        (_, None) => "none sent before".to_owned(),
    }
}

/// Writes a moment to the minute, as people read it; what is no moment stays as it is.
pub(super) fn moment(at: &str) -> String {
    match (at.get(..16), at.get(16..)) {
        (Some(short), Some(rest)) if rest.ends_with('Z') && short.as_bytes()[10] == b'T' => {
            format!("{} UTC", short.replace('T', " "))
        }
        _ => at.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lacks_something_is_a_bound_and_what_was_not_seen_is_no_number() {
        assert_eq!(Known::of(1_204_567, true).to_string(), "1,204,567");
        assert_eq!(Known::of(412, false).to_string(), "≥ 412");
        assert_eq!(Known::of(0, false).to_string(), "not known");
        assert_eq!(Rate::Exact(31, 1000).to_string(), "3.1%");
        assert_eq!(Rate::InPart(31, 1000).to_string(), "3.1% of what was seen");
        assert_eq!(Rate::Exact(0, 0).to_string(), "–");
        assert_eq!(Rate::Unknown.to_string(), "not known");
    }

    #[test]
    fn two_periods_compare_in_words_and_only_where_both_are_known() {
        let exact = Known::Exact;
        assert_eq!(change(exact(113), exact(100)), "13% more");
        assert_eq!(change(exact(1), exact(3)), "67% fewer");
        assert_eq!(change(exact(103), exact(100)), "3.0% more");
        assert_eq!(change(exact(100_001), exact(100_000)), "hardly more");
        assert_eq!(change(exact(5), exact(0)), "none before");
        assert_eq!(change(exact(0), exact(0)), "the same");
        assert_eq!(change(exact(5), Known::AtLeast(4)), "not to be compared");
        assert_eq!(change(exact(5), Known::Unknown), "");
        assert_eq!(rate_change(Rate::Exact(31, 1000), Rate::Exact(27, 1000)), "0.4 points higher");
        assert_eq!(rate_change(Rate::Exact(0, 0), Rate::Exact(27, 1000)), "none sent");
        assert_eq!(rate_change(Rate::InPart(1, 2), Rate::Exact(1, 2)), "not to be compared");
    }

    #[test]
    fn numbers_agree_with_their_nouns_and_moments_are_short() {
        assert_eq!((count(1, "person"), count(2, "person")), ("1 person".to_owned(), "2 people".to_owned()));
        assert_eq!((count(2, "day"), count(1204, "key")), ("2 days".to_owned(), "1,204 keys".to_owned()));
        assert_eq!(moment("2026-11-22T10:03:11Z"), "2026-11-22 10:03 UTC");
        assert_eq!(moment("yesterday, or so it says"), "yesterday, or so it says");
    }
}
