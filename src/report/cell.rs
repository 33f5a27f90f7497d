//! Cells: what stands in a row, and how each face writes it without harm.

use std::borrow::Cow;

use serde_json::Value;

pub use crate::domain::spreadsheet::{RUNS, defused, undefused};

/// A column of a listing. Names and order are stable; scripts depend on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name in CSV, JSON and the table's head.
    pub name: &'static str,
    /// Where the table for people shows it; the other faces show all.
    pub place: Place,
}

/// Where a table shows a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// As a column of its own.
    Column,
    /// As a column of its own that has no more of a moment than its day.
    Day,
    /// On an indented line beneath the row, after these words; long texts would make every row wider than a terminal.
    Beneath(&'static str),
    /// On the line beneath that the one before it is on, after these words.
    Along(&'static str),
    /// Nowhere.
    Nowhere,
}

impl Column {
    /// Tells whether the table has a column for it.
    pub(super) fn in_table(&self) -> bool {
        matches!(self.place, Place::Column | Place::Day)
    }

    /// A column every face shows.
    pub const fn shown(name: &'static str) -> Self {
        Self { name, place: Place::Column }
    }

    /// A column of moments, of which the table shows the day.
    pub const fn day(name: &'static str) -> Self {
        Self { name, place: Place::Day }
    }

    /// A column for machines.
    pub const fn detail(name: &'static str) -> Self {
        Self { name, place: Place::Nowhere }
    }

    /// A column that the table shows on a line of its own beneath the row, after these words.
    pub const fn beneath(name: &'static str, words: &'static str) -> Self {
        Self { name, place: Place::Beneath(words) }
    }

    /// A column that the table shows on the same line beneath the row as the one before it, after these words.
    pub const fn along(name: &'static str, words: &'static str) -> Self {
        Self { name, place: Place::Along(words) }
    }
}

/// One value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell<'a> {
    /// Text of any origin, borrowed where the row is only passing through.
    Text(Cow<'a, str>),
    /// A number; never defused.
    Number(u64),
    /// A number that may be below zero, such as a raw code; never defused.
    Signed(i64),
    /// A number to the hundredth, in hundredths: percents, prices. Never defused.
    Hundredths(i64),
    /// Yes or no.
    Flag(bool),
    /// Several words.
    List(Vec<Cow<'a, str>>),
    /// Not there, not known.
    Nothing,
}

impl<'a> Cell<'a> {
    /// Makes a text cell.
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }

    /// Makes a cell of a count, or nothing where it is not known.
    pub fn count(count: Option<u64>) -> Self {
        count.map_or(Self::Nothing, Self::Number)
    }

    /// Makes a cell of a number that may be below zero, or nothing.
    pub fn signed(number: Option<i64>) -> Self {
        number.map_or(Self::Nothing, Self::Signed)
    }

    /// Makes a text cell, or nothing.
    pub fn maybe(text: Option<impl Into<Cow<'a, str>>>) -> Self {
        text.map_or(Self::Nothing, |text| Self::Text(text.into()))
    }

    /// Makes a cell of several words.
    pub fn list<T: Into<Cow<'a, str>>>(words: impl IntoIterator<Item = T>) -> Self {
        Self::List(words.into_iter().map(Into::into).collect())
    }

    /// Writes it for a person at a terminal: no control character gets through.
    pub fn for_terminal(&self) -> String {
        printable(&self.plain())
    }

    /// Writes it for a spreadsheet: a text that would run as a formula gets an apostrophe before it. Numbers stay numbers.
    pub fn for_csv(&self) -> Cow<'_, str> {
        match self {
            Self::Number(_) | Self::Signed(_) | Self::Hundredths(_) | Self::Flag(_) | Self::Nothing => self.plain(),
            Self::Text(text) => for_csv(text),
            Self::List(_) => defused(tame(self.plain())),
        }
    }

    /// Writes it as JSON.
    pub fn for_json(&self) -> Value {
        match self {
            Self::Text(text) => Value::from(&**text),
            Self::Number(number) => Value::from(*number),
            Self::Signed(number) => Value::from(*number),
            Self::Hundredths(_) => serde_json::from_str(&self.plain()).unwrap_or_default(),
            Self::Flag(flag) => Value::from(*flag),
            Self::List(words) => words.iter().map(|word| Value::from(&**word)).collect(),
            Self::Nothing => Value::Null,
        }
    }

    fn plain(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Number(number) => Cow::Owned(number.to_string()),
            Self::Signed(number) => Cow::Owned(number.to_string()),
            Self::Hundredths(number) => {
                let sign = if *number < 0 { "-" } else { "" };
                let number = number.unsigned_abs();
                Cow::Owned(format!("{sign}{}.{:02}", number / 100, number % 100))
            }
            Self::Flag(true) => Cow::Borrowed("yes"),
            Self::Flag(false) => Cow::Borrowed("no"),
            Self::List(words) => Cow::Owned(words.join(" ")),
            Self::Nothing => Cow::Borrowed(""),
        }
    }
}

/// Takes out what could move a terminal's cursor, change its colours or hide text: control characters and the marks that
/// reorder writing direction.
pub fn printable(text: &str) -> String {
    text.chars()
        .filter(|c| {
            !c.is_control() && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        })
        .collect()
}

/// Writes a text of any origin as a cell of CSV: as [`Cell::for_csv`] does.
pub fn for_csv(text: &str) -> Cow<'_, str> {
    defused(tame(Cow::Borrowed(text)))
}

/// Takes out the control characters that no cell needs; CSV too may end on a terminal. Tabs and line breaks belong to RFC 4180.
fn tame(text: Cow<'_, str>) -> Cow<'_, str> {
    // Nearly every cell is printable ASCII, which is seen byte by byte and many at once.
    if text.bytes().fold(true, |plain, byte| plain & (byte.wrapping_sub(b' ') <= b'~' - b' ')) {
        return text;
    }
    let wild = |c: char| c.is_control() && !matches!(c, '\t' | '\r' | '\n');
    if text.contains(wild) { Cow::Owned(text.replace(wild, "")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_defused_and_numbers_are_not() {
        for text in ["=1+1", "+1", "-1", "@x", "\tx", "\rx"] {
            assert_eq!(Cell::text(text).for_csv(), format!("'{text}"));
        }
        assert_eq!(Cell::text("a=b").for_csv(), "a=b");
        assert_eq!(Cell::text("'=1").for_csv(), "''=1", "else nobody could tell it from a defused `=1`");
        assert_eq!(Cell::Number(7).for_csv(), "7");
        assert_eq!(Cell::Signed(-1).for_csv(), "-1");
        assert_eq!(Cell::text("\u{1b}=1+1").for_csv(), "'=1+1", "what is taken out first hides no formula");
    }

    #[test]
    fn hundredths_are_written_to_the_last_one_below_zero_too() {
        let written = |number: i64| Cell::Hundredths(number).for_csv().into_owned();
        assert_eq!([9_700, 5, -5, -1_250, 0].map(written), ["97.00", "0.05", "-0.05", "-12.50", "0.00"]);
        assert_eq!(Cell::Hundredths(-5).for_json(), serde_json::json!(-0.05));
        assert_eq!(Cell::Hundredths(250).for_json(), serde_json::json!(2.5));
    }

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(Cell::text("a\u{1b}[31mb\r\n\u{202e}c").for_terminal(), "a[31mbc");
    }
}
