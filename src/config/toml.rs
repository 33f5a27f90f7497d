//! A strict reader of TOML tables: asks for fields by name and type, and reports all that is wrong with its place.
//!
//! serde would stop at the first problem and quote what it met; this goes on and quotes nothing that may be a key.

use std::cell::RefCell;
use std::ops::Range;
use std::time::Duration;

use toml_edit::{Item, TableLike, Value};

use super::nearest::did_you_mean;
use super::smell::shown;
use super::source::Source;

/// Longest duration our files take. Longer ones are slips, and would overflow timers.
const LONGEST: Duration = Duration::from_hours(10 * 366 * 24);

/// A table of a file, and which of its fields were asked for.
pub(super) struct Section<'s> {
    source: &'s Source,
    table: &'s dyn TableLike,
    path: String,
    at: Range<usize>,
    asked: RefCell<Vec<&'static str>>,
}

/// A value with its place and path.
pub(super) struct Found<'s, T> {
    pub(super) value: T,
    pub(super) at: Range<usize>,
    pub(super) path: String,
    source: &'s Source,
}

impl<T> Found<'_, T> {
    /// Reports a problem at this value.
    pub(super) fn refuse(&self, message: impl Into<String>, advice: impl Into<String>) {
        self.source.report(self.at.clone(), &self.path, message, [advice.into()]);
    }

    /// Reports a problem at this value that needs no advice or several pieces.
    pub(super) fn refuse_with(&self, message: impl Into<String>, advice: impl IntoIterator<Item = String>) {
        self.source.report(self.at.clone(), &self.path, message, advice);
    }
}

impl<'s, T> Found<'s, T> {
    /// Puts another value in its place, of the same place and path.
    pub(super) fn with<U>(&self, value: U) -> Found<'s, U> {
        Found { value, at: self.at.clone(), path: self.path.clone(), source: self.source }
    }
}

impl<'s> Section<'s> {
    /// Opens a table; `at` is where it begins.
    pub(super) fn new(source: &'s Source, table: &'s dyn TableLike, path: impl Into<String>, at: Range<usize>) -> Self {
        Self { source, table, path: path.into(), at, asked: RefCell::default() }
    }

    /// Returns where the table begins.
    pub(super) fn at(&self) -> Range<usize> {
        self.at.clone()
    }

    /// Returns the file it stands in.
    pub(super) fn source(&self) -> &'s Source {
        self.source
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// Returns a field of any type.
    pub(super) fn item(&self, name: &'static str) -> Option<Found<'s, &'s Item>> {
        let mut asked = self.asked.borrow_mut();
        if !asked.contains(&name) {
            asked.push(name);
        }
        drop(asked);
        let (key, item) = self.table.get_key_value(name)?;
        let at = item.span().or_else(|| key.span()).unwrap_or_else(|| self.at());
        Some(Found { value: item, at, path: self.path_of(name), source: self.source })
    }

    /// Returns every field with its name: for tables whose keys are the user's own.
    pub(super) fn entries(&self) -> Vec<(Found<'s, &'s str>, Found<'s, &'s Item>)> {
        let found = |name: &'s str, item: &'s Item| {
            let key = self.table.key(name).and_then(toml_edit::Key::span).unwrap_or_else(|| self.at());
            let at = item.span().unwrap_or_else(|| key.clone());
            // A name that smells stays out of the path, which is shown.
            let shown = if shown(name) == format!("`{name}`") { name } else { "…" };
            let path = self.path_of(shown);
            let name = Found { value: name, at: key, path: path.clone(), source: self.source };
            (name, Found { value: item, at, path, source: self.source })
        };
        self.table.iter().map(|(name, item)| found(name, item)).collect()
    }

    /// Returns a text.
    pub(super) fn text(&self, name: &'static str) -> Option<Found<'s, &'s str>> {
        text_of(&self.item(name)?)
    }

    /// Returns a text that is read by `parse`; `what` names what it should be, `rule` says how to write it.
    pub(super) fn parsed<T>(
        &self,
        name: &'static str,
        what: &str,
        rule: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<Found<'s, T>> {
        let text = self.text(name)?;
        let Some(value) = parse(text.value) else {
            text.refuse(format!("this is not {what}"), format!("write {rule}"));
            return None;
        };
        Some(text.with(value))
    }

    /// Returns one of some words.
    pub(super) fn word<T: Copy>(&self, name: &'static str, words: &[(&'static str, T)]) -> Option<Found<'s, T>> {
        let text = self.text(name)?;
        let Some((_, value)) = words.iter().find(|(word, _)| *word == text.value) else {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let hint = did_you_mean(text.value, known.iter().copied());
            text.refuse_with(format!("{} is not one of: {}", shown(text.value), known.join(", ")), hint);
            return None;
        };
        Some(text.with(*value))
    }

    /// Returns a duration such as `30s`, `1h`, `180d`, above zero.
    pub(super) fn duration(&self, name: &'static str) -> Option<Found<'s, Duration>> {
        self.parsed(name, "a duration above zero", "it like \"30s\", \"10m\", \"1h\" or \"180d\"", |text| {
            let span: jiff::Span = text.parse().ok()?;
            let length = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok()?;
            let length = Duration::try_from(length).ok()?;
            (!length.is_zero() && length <= LONGEST).then_some(length)
        })
    }

    /// Returns a whole number of zero or more.
    pub(super) fn count(&self, name: &'static str) -> Option<Found<'s, usize>> {
        let item = self.item(name)?;
        match item.value.as_integer().map(usize::try_from) {
            Some(Ok(count)) => Some(item.with(count)),
            Some(Err(_negative)) => {
                item.refuse("the number is below zero", "write a whole number of zero or more");
                None
            }
            None => wrong_type(&item, "a whole number"),
        }
    }

    /// Returns a number, with or without a fraction.
    pub(super) fn number(&self, name: &'static str) -> Option<Found<'s, f64>> {
        let item = self.item(name)?;
        #[expect(clippy::cast_precision_loss, reason = "shares and percentages are small")]
        let number = item.value.as_float().or_else(|| item.value.as_integer().map(|whole| whole as f64));
        match number {
            Some(number) => Some(item.with(number)),
            None => wrong_type(&item, "a number"),
        }
    }

    /// Returns true or false.
    pub(super) fn flag(&self, name: &'static str) -> Option<Found<'s, bool>> {
        let item = self.item(name)?;
        match item.value.as_bool() {
            Some(flag) => Some(item.with(flag)),
            None => wrong_type(&item, "true or false"),
        }
    }

    /// Returns a list of texts, each with its own place.
    pub(super) fn texts(&self, name: &'static str) -> Option<Found<'s, Vec<Found<'s, &'s str>>>> {
        texts_of(&self.item(name)?)
    }

    /// Returns a table below this one.
    pub(super) fn section(&self, name: &'static str) -> Option<Self> {
        Self::of(&self.item(name)?)
    }

    /// Opens a value that must be a table.
    pub(super) fn of(item: &Found<'s, &'s Item>) -> Option<Self> {
        match item.value.as_table_like() {
            Some(table) => Some(Self::new(item.source, table, item.path.clone(), item.at.clone())),
            None => wrong_type(item, "a table"),
        }
    }

    /// Reports a field that must be there.
    pub(super) fn missing(&self, name: &str, advice: impl Into<String>) {
        let message = format!("`{name}` is missing");
        self.source.report(self.at(), &self.path_of(name), message, [advice.into()]);
    }

    /// Closes the table: every field nobody asked for is unknown. `foreign` knows fields that belong elsewhere.
    pub(super) fn close(self, foreign: &[(&str, &str)]) {
        let asked = self.asked.borrow();
        for (name, _) in self.entries() {
            if asked.contains(&name.value) {
                continue;
            }
            let advice = match foreign.iter().find(|(word, _)| *word == name.value) {
                Some((_, advice)) => Some((*advice).to_owned()),
                None => did_you_mean(name.value, asked.iter().copied()),
            };
            name.refuse_with(format!("unknown key {}", shown(name.value)), advice);
        }
    }
}

/// Reads a value that must be a text.
pub(super) fn text_of<'s>(item: &Found<'s, &'s Item>) -> Option<Found<'s, &'s str>> {
    match item.value.as_str() {
        Some(text) => Some(item.with(text)),
        None => wrong_type(item, "a text in quotes"),
    }
}

/// Reads a value that must be a list of texts.
pub(super) fn texts_of<'s>(item: &Found<'s, &'s Item>) -> Option<Found<'s, Vec<Found<'s, &'s str>>>> {
    let Some(array) = item.value.as_array() else { return wrong_type(item, "a list of texts") };
    let mut texts = Vec::with_capacity(array.len());
    for value in array {
        let found = Found {
            value: value.as_str().unwrap_or_default(),
            at: value.span().unwrap_or_else(|| item.at.clone()),
            path: item.path.clone(),
            source: item.source,
        };
        if matches!(value, Value::String(_)) {
            texts.push(found);
        } else {
            found.refuse(format!("this is {}, not a text", with_article(value.type_name())), "write it in quotes");
        }
    }
    Some(item.with(texts))
}

fn wrong_type<T>(item: &Found<'_, &Item>, wanted: &str) -> Option<T> {
    item.refuse(format!("this is {}", with_article(item.value.type_name())), format!("write {wanted}"));
    None
}

fn with_article(type_name: &str) -> String {
    let article = if type_name.starts_with(['a', 'i', 'o']) { "an" } else { "a" };
    format!("{article} {type_name}")
}
