//! A trail of any length that is never stored: each page of it is written when it is asked for, as text, for there are benches that read
//! millions of records and are not about this side.
//!
//! A record's number, its moment and its id come from each other, so a cursor finds its place without a search. What is in the trail besides
//! stands among these records where its moment is.

use std::fmt::Write as _;

use serde_json::Value;

use super::Turn;
use super::page::Span;
use super::trail::{self, Record};
use crate::sim::name;
use crate::sim::paper::{self, Refusal};
use crate::sim::settings::LastPage;
use crate::sim::state::State;

/// How the long trail of a workspace is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LongTrail {
    pub(crate) rows: u64,
    /// The moment of the newest record, Unix milliseconds.
    pub(crate) newest: i64,
    /// Milliseconds from each to the one before.
    pub(crate) apart: i64,
    pub(crate) seed: u64,
}

/// What people and keys do, in a week of this trail: codes, the frequent ones often.
const CODES: [i64; 16] = [1, 11, 9, 9, 9, 10, 11, 5, 9, 10, 34, 8, 9, 11, 36, 4];

const AGENTS: [&str; 3] = [
    "\"Mozilla/5.0 (X11; Linux x86_64)\"",
    "\"Mozilla/5.0 (Macintosh; Intel Mac OS X 14_6) AppleWebKit/605.1.15 (KHTML, like Gecko)\"",
    "null",
];

impl LongTrail {
    fn moment(&self, number: u64) -> i64 {
        self.newest - i64::try_from(number).unwrap_or(i64::MAX).saturating_mul(self.apart)
    }

    fn id(&self, number: u64) -> u128 {
        name::mixed(self.seed, self.moment(number), number)
    }

    /// The first record that is at or before a moment.
    fn place_of(&self, millis: i64) -> u64 {
        let before = self.newest.saturating_sub(millis);
        let number = if before <= 0 { 0 } else { before.unsigned_abs().div_ceil(self.apart.unsigned_abs()) };
        number.min(self.rows)
    }

    /// The first record behind a cursor.
    fn behind(&self, cursor: u128) -> u64 {
        let at = self.place_of(name::millis(cursor));
        if at < self.rows && self.id(at) >= cursor { at + 1 } else { at }
    }

    fn chance(&self, number: u64) -> u64 {
        name::scattered(self.seed ^ number)
    }

    fn code(&self, number: u64) -> i64 {
        CODES[usize::try_from(self.chance(number) % 16).unwrap_or(0)]
    }
}

/// What is the same in every record of a page.
struct Cast {
    workspace: String,
    people: Vec<(String, String)>,
    key: Option<String>,
}

impl Cast {
    fn of(state: &State, workspace: usize) -> Self {
        let place = &state.workspaces[workspace];
        let text = |text: &str| Value::from(text).to_string();
        let people = place.rows.iter().filter(|row| row.accepted).take(8).map(|row| {
            let person = &state.people[row.person];
            (text(&name::show(person.user_id)), text(&format!("{} {}", person.first, person.last)))
        });
        Self {
            workspace: text(&place.id),
            people: people.collect(),
            key: place.key.map(|key| text(&name::show(state.keys[key].id))),
        }
    }
}

/// Writes a page, the newest records first.
pub(crate) fn page(state: &State, turn: Turn<'_>, long: LongTrail, span: &Span) -> Result<String, Refusal> {
    let Turn { ask, workspace, .. } = turn;
    let activity = ask.query("activity_type").map(|text| text.parse::<i64>());
    let activity = activity.transpose().map_err(|_no| paper::invalid("querystring/activity_type must be integer"))?;
    let (from, to) = trail::bounds(ask)?;
    let search = ask.query("search").map(|text| text.to_lowercase());
    let after = span.after_id()?;
    let first = after.map_or(0, |after| long.behind(after)).max(to.map_or(0, |to| long.place_of(to)));
    let end = from.map_or(long.rows, |from| long.place_of(from.saturating_sub(1)));
    let stored = trail::stored(state, turn)?;
    let mut stored = stored.peekable();
    let cast = Cast::of(state, workspace);
    let found = |number: u64| {
        search
            .as_ref()
            .is_none_or(|text| cast.person(long, number).is_some_and(|(_, name)| name.to_lowercase().contains(text)))
    };
    let wanted = |number: &u64| activity.is_none_or(|code| code == long.code(*number)) && found(*number);
    let mut numbers = (first..end).filter(wanted).peekable();
    let mut out = String::with_capacity(span.limit() * 512);
    out.push_str("{\"items\":[");
    let (mut rows, mut last) = (0, None);
    while rows < span.limit() {
        let made = numbers.peek().map(|number| long.id(*number));
        let kept = stored.peek().map(|record: &&Record| record.id);
        if rows > 0 && (made.is_some() || kept.is_some()) {
            out.push(',');
        }
        match (made, kept) {
            (None, None) => break,
            (Some(id), kept) if kept.is_none_or(|kept| kept < id) => {
                cast.write(&mut out, long, numbers.next().unwrap_or_default(), id);
                last = Some(id);
            }
            _ => {
                let Some(record) = stored.next() else { break };
                let _infallible = write!(out, "{}", trail::show(state, workspace, record));
                last = Some(record.id);
            }
        }
        rows += 1;
    }
    out.push(']');
    let more = numbers.peek().is_some() || stored.peek().is_some();
    let next = match state.settings.last_page {
        LastPage::Cursor => last.map(|id| format!("\"{}\"", name::show(id))),
        _ if more => last.map(|id| format!("\"{}\"", name::show(id))),
        LastPage::Absent => None,
        LastPage::Null => Some("null".to_owned()),
        LastPage::Empty => Some("\"\"".to_owned()),
    };
    if let Some(next) = next {
        out.push_str(",\"next_starting_after\":");
        out.push_str(&next);
    }
    out.push('}');
    Ok(out)
}

impl Cast {
    fn by_key(&self, long: LongTrail, number: u64) -> bool {
        self.key.is_some() && (long.chance(number) >> 8).is_multiple_of(3)
    }

    fn person(&self, long: LongTrail, number: u64) -> Option<&(String, String)> {
        let at = usize::try_from((long.chance(number) >> 16) % 64).unwrap_or(0);
        if self.by_key(long, number) { None } else { self.people.get(at % self.people.len().max(1)) }
    }

    fn write(&self, out: &mut String, long: LongTrail, number: u64, id: u128) {
        let (chance, by_key) = (long.chance(number), self.by_key(long, number));
        let (user, called) = self.person(long, number).map_or(("null", "null"), |(id, name)| (id, name));
        out.push_str("{\"id\":\"");
        hex(out, id);
        out.push_str("\",\"timestamp\":\"");
        moment(out, name::millis(id));
        out.push_str("\",\"organization_id\":");
        out.push_str(&self.workspace);
        out.push_str(",\"activity_type\":");
        let _infallible = write!(out, "{}", long.code(number));
        out.push_str(",\"user_agent\":");
        let agent = usize::try_from((chance >> 24) % 2).unwrap_or(0);
        out.push_str(AGENTS[if by_key { 2 } else { agent }]);
        out.push_str(",\"user_id\":");
        out.push_str(user);
        out.push_str(",\"ip_address\":\"");
        out.push_str(if by_key { "198.51.100.7" } else { "203.0.113.24" });
        out.push_str("\",\"from_api\":");
        out.push_str(if by_key { "true" } else { "false" });
        out.push_str(",\"api_key_id\":");
        out.push_str(self.key.as_deref().filter(|_| by_key).unwrap_or("null"));
        out.push_str(",\"affected_count\":");
        let _infallible = write!(out, "{}", (chance >> 32) % 500);
        out.push_str(",\"campaign_id\":\"");
        hex(out, name::mixed(long.seed, long.newest, (chance >> 40) % 16));
        out.push_str("\",\"webhook_id\":null,\"subsequence_id\":null,\"list_id\":null,\"audit_metadata\":");
        if (chance >> 48).is_multiple_of(4) {
            let _infallible = write!(out, "{{\"name\":\"import {}\",\"source\":\"csv\"}}", (chance >> 50) % 100);
        } else {
            out.push_str("{}");
        }
        out.push_str(",\"user_name\":");
        out.push_str(called);
        out.push('}');
    }
}

fn hex(out: &mut String, id: u128) {
    for (at, byte) in id.to_be_bytes().into_iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        for digit in [byte >> 4, byte & 15] {
            out.push(char::from(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 }));
        }
    }
}

/// Writes a moment as the API does, without asking a calendar twice: days since 1970 to a date by the usual sums.
fn moment(out: &mut String, millis: i64) {
    let (days, rest) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000));
    // Counted from the first of March of year 0, so that leap days come last; in eras of 400 years.
    let shifted = days + 719_468;
    let (era, day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let within = day - (365 * year + year / 4 - year / 100);
    let month = (5 * within + 2) / 153;
    let date = within - (153 * month + 2) / 5 + 1;
    let (year, month) = (year + era * 400 + i64::from(month >= 10), if month < 10 { month + 3 } else { month - 9 });
    let mut digits = |number: i64, width: u32, behind: char| {
        for place in (0..width).rev() {
            let digit = u8::try_from(number / 10_i64.pow(place) % 10).unwrap_or(0);
            out.push(char::from(b'0' + digit));
        }
        out.push(behind);
    };
    digits(year, 4, '-');
    digits(month, 2, '-');
    digits(date, 2, 'T');
    digits(rest / 3_600_000, 2, ':');
    digits(rest / 60_000 % 60, 2, ':');
    digits(rest / 1000 % 60, 2, '.');
    digits(rest % 1000, 3, 'Z');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_ids_are_written_as_everywhere_else() {
        for millis in [0, 951_782_399_999, 951_782_400_000, 1_709_164_800_123, 1_770_022_800_000, 4_102_444_799_999] {
            let mut out = String::new();
            moment(&mut out, millis);
            assert_eq!(out, paper::moment(millis));
            let (id, mut out) = (name::mixed(7, millis, 3), String::new());
            hex(&mut out, id);
            assert_eq!(out, name::show(id));
        }
    }

    #[test]
    fn a_cursor_finds_the_record_behind_it() {
        let long = LongTrail { rows: 1000, newest: 1_770_022_800_000, apart: 1500, seed: 7 };
        for number in [0, 1, 500, 999] {
            assert_eq!(long.behind(long.id(number)), number + 1);
            assert_eq!(long.behind(long.id(number) + 1), number);
            assert_eq!(long.place_of(long.moment(number)), number);
            assert_eq!(long.place_of(long.moment(number) - 1), (number + 1).min(1000));
        }
        assert_eq!(long.behind(u128::MAX >> 1), 0);
    }
}
