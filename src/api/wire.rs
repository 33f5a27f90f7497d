//! Tolerant pieces of wire structs: nothing optional may spoil a page (contract section 12).

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A text that may be null, missing or of another type. Numbers and truth values are kept as they read; objects and
/// arrays, which no text of the contract can become, count as missing. It stays in the body it came in unless it had escapes: a
/// page has a thousand of them, and most are copied anyway into what becomes of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Text<'a>(pub(crate) Option<Cow<'a, str>>);

impl Text<'_> {
    /// Returns the text unless it is missing or blank.
    pub(crate) fn filled(&self) -> Option<&str> {
        self.0.as_deref().filter(|text| !is_blank(text))
    }
}

/// Tells whether nothing stands in a text. Nearly every text begins with a letter or a digit, and needs no second look.
pub(crate) fn is_blank(text: &str) -> bool {
    !text.bytes().next().is_some_and(|first| first.is_ascii_graphic()) && text.trim().is_empty()
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor).map(Self)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or null")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text)))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(if value { "true" } else { "false" })))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(value.to_string())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(value.to_string())))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(value.to_string())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// A number, which may as well be written as a text. Of lists that have millions of rows none is made a text of to be read again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Number<'a> {
    /// Anything else than a whole number.
    Text(Text<'a>),
    /// A whole number.
    Positive(u64),
    /// A whole number below zero.
    Negative(i64),
}

impl Number<'_> {
    /// Returns the number; none where it is none that fits. The API may write integers as floats (contract section 12.12).
    pub(crate) fn read<T: FromStr + TryFrom<u64> + TryFrom<i64>>(&self) -> Option<T> {
        match self {
            Self::Text(text) => text.filled()?.parse().ok(),
            Self::Positive(number) => T::try_from(*number).ok(),
            Self::Negative(number) => T::try_from(*number).ok(),
        }
    }
}

impl Default for Number<'_> {
    fn default() -> Self {
        Self::Text(Text::default())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Number<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }
}

struct NumberVisitor;

impl<'de> Visitor<'de> for NumberVisitor {
    type Value = Number<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or null")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        TextVisitor.visit_borrowed_str(text).map(of_text)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        TextVisitor.visit_str(text).map(of_text)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        TextVisitor.visit_unit().map(of_text)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        TextVisitor.visit_bool(value).map(of_text)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(u64::try_from(value).map_or(Number::Negative(value), Number::Positive))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Number::Positive(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        TextVisitor.visit_f64(value).map(of_text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        TextVisitor.visit_seq(seq).map(of_text)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        TextVisitor.visit_map(map).map(of_text)
    }
}

fn of_text(text: Option<Cow<'_, str>>) -> Number<'_> {
    Number::Text(Text(text))
}

/// A text that moves by itself, as how far a job is: a row that comes again with another one has not changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Aside<'a>(#[serde(borrow)] pub(crate) Text<'a>);

impl Hash for Aside<'_> {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

/// Who or what a row refers to. Unlike a [`Text`] it tells what is missing from what cannot be read: an owner that is there and cannot
/// be read is not nobody.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) enum Reference<'a> {
    /// Missing or null.
    #[default]
    Nothing,
    /// A text.
    To(Cow<'a, str>),
    /// Something that can refer to nothing.
    Odd,
}

impl<'de: 'a, 'a> Deserialize<'de> for Reference<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReferenceVisitor)
    }
}

struct ReferenceVisitor;

impl<'de> Visitor<'de> for ReferenceVisitor {
    type Value = Reference<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id or null")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Reference::To(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Reference::To(Cow::Owned(text.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Reference::Nothing)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Reference::Odd)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Reference::Odd)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Reference::Odd)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Reference::Odd)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Reference::Odd)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Reference::Odd)
    }
}

/// Texts at any depth of a value: those that `fits`, at most `MOST` of them, no deeper than `DEEPEST`. What is beyond is passed over.
/// The second member is the text of the value's own `name`, where it has one.
/// A hostile or changed answer can name a thousand things; what is not among the first is then tied to nobody.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Words(pub(crate) Vec<String>, pub(crate) Option<String>);

impl Words {
    /// Most texts that are kept.
    pub(crate) const MOST: usize = 256;
    /// Deepest place they are taken from.
    pub(crate) const DEEPEST: usize = 8;
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut words = Self::default();
        Gather { words: &mut words, depth: 0 }.deserialize(deserializer)?;
        Ok(words)
    }
}

/// Gathers the texts of one value.
struct Gather<'w> {
    words: &'w mut Words,
    depth: usize,
}

impl Gather<'_> {
    fn deeper(&mut self) -> Gather<'_> {
        Gather { words: self.words, depth: self.depth + 1 }
    }

    fn take(self, text: &str) {
        if self.depth <= Words::DEEPEST && self.words.0.len() < Words::MOST {
            self.words.0.push(text.to_owned());
        }
    }
}

impl<'de> DeserializeSeed<'de> for Gather<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Gather<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.take(text);
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(self.deeper())?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Cow<'_, str>>()? {
            let before = self.words.0.len();
            map.next_value_seed(self.deeper())?;
            if self.depth == 0 && key == "name" {
                self.words.1 = self.words.0.get(before).cloned();
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_any_type_spoils_nothing() {
        let read = |json| serde_json::from_str::<Text<'static>>(json).unwrap().0;
        assert_eq!(read("\"a\"").as_deref(), Some("a"));
        assert_eq!(read("null"), None);
        assert_eq!(read("2.5").as_deref(), Some("2.5"));
        assert_eq!(read("{\"a\": [1]}"), None);
        assert_eq!(read("[1, {}]"), None);
    }

    #[test]
    fn a_number_is_read_as_its_text_would_be() {
        for json in [
            "7", "-7", "0", "2.0", "2.5", "-0", "1e3", "\"7\"", "\"-7\"", "\" 7\"", "\"\"", "null", "true", "{}", "[7]",
        ]
        .into_iter()
        .chain(["18446744073709551615", "-9223372036854775808", "18446744073709551616"])
        {
            let text = serde_json::from_str::<Text<'_>>(json).unwrap();
            let number = serde_json::from_str::<Number<'_>>(json).unwrap();
            assert_eq!(number.read::<i64>(), text.filled().and_then(|text| text.parse().ok()), "{json}");
            assert_eq!(number.read::<u64>(), text.filled().and_then(|text| text.parse().ok()), "{json}");
        }
    }

    #[test]
    fn a_reference_that_cannot_be_read_is_not_one_that_is_missing() {
        let read = |json| serde_json::from_str::<Reference<'static>>(json).unwrap();
        assert_eq!(read("null"), Reference::Nothing);
        assert_eq!(read("\"a\""), Reference::To("a".into()));
        assert_eq!(read("\"\""), Reference::To("".into()));
        for odd in ["7", "-7", "2.5", "true", "{\"id\": [1]}", "[\"a\"]"] {
            assert_eq!(read(odd), Reference::Odd, "{odd}");
        }
    }

    #[test]
    fn the_words_of_a_value_are_gathered_within_bounds() {
        let read = |json: &str| serde_json::from_str::<Words>(json).unwrap().0;
        assert_eq!(read(r#"{"a": "1", "b": ["2", {"c": "3"}], "d": 4, "e": null}"#), ["1", "2", "3"]);
        assert!(read("7").is_empty() && read("null").is_empty());
        let name = |json: &str| serde_json::from_str::<Words>(json).unwrap().1;
        assert_eq!(name(r#"{"a": "1", "name": "zapier noor", "b": {"name": "2"}}"#).as_deref(), Some("zapier noor"));
        assert_eq!((name(r#"{"name": 7, "a": "1"}"#), name(r#"[{"name": "2"}]"#)), (None, None));
        let many = format!("[{}\"last\"]", "\"w\",".repeat(1000));
        assert_eq!(read(&many).len(), Words::MOST);
        let nested = |depth: usize| format!("{}\"w\"{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!((read(&nested(8)).len(), read(&nested(9)).len()), (1, 0));
    }
}
