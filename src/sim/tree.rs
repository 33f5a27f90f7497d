//! Strict reading of a script: every member is asked for by name, what is left over is an error with its line.

use std::ops::Range;

use toml_edit::{Document, Item, TableLike, Value};

/// Why a script was refused. Never quotes the line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct ScriptError {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

impl ScriptError {
    pub(super) fn at(line: usize, what: impl Into<String>) -> Self {
        Self { line, what: what.into() }
    }
}

/// A value with its line.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Text(String),
    Number(i64),
    Truth(bool),
    List(Vec<Node>),
    Table(Table),
    Other(&'static str),
}

/// A table whose members are taken out one by one.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) line: usize,
    members: Vec<(String, Node)>,
    asked: Vec<&'static str>,
}

/// Reads a whole document.
pub(super) fn read(text: &str) -> Result<Table, ScriptError> {
    let document = Document::parse(text).map_err(|err| {
        let line = err.span().map_or(1, |span| line_of(text, &span));
        ScriptError::at(line, format!("not TOML: {}", err.message()))
    })?;
    Ok(table(text, document.as_table(), 1))
}

fn line_of(text: &str, span: &Range<usize>) -> usize {
    text[..span.start.min(text.len())].matches('\n').count() + 1
}

fn table(text: &str, source: &dyn TableLike, line: usize) -> Table {
    let members = source
        .iter()
        .map(|(name, item)| {
            let key = source.key(name).and_then(toml_edit::Key::span).map(|span| line_of(text, &span));
            (name.to_owned(), item_node(text, item, key.unwrap_or(line)))
        })
        .collect();
    Table { line, members, asked: Vec::new() }
}

fn item_node(text: &str, item: &Item, near: usize) -> Node {
    let line = item.span().map_or(near, |span| line_of(text, &span));
    match item {
        Item::Value(value) => value_node(text, value, near),
        Item::Table(inner) => Node { line, kind: Kind::Table(table(text, inner, line)) },
        Item::ArrayOfTables(tables) => {
            let nodes = tables.iter().map(|inner| {
                let line = inner.span().map_or(near, |span| line_of(text, &span));
                Node { line, kind: Kind::Table(table(text, inner, line)) }
            });
            Node { line, kind: Kind::List(nodes.collect()) }
        }
        Item::None => Node { line, kind: Kind::Other("nothing") },
    }
}

fn value_node(text: &str, value: &Value, near: usize) -> Node {
    let line = value.span().map_or(near, |span| line_of(text, &span));
    let kind = match value {
        Value::String(word) => Kind::Text(word.value().clone()),
        Value::Integer(number) => Kind::Number(*number.value()),
        Value::Boolean(truth) => Kind::Truth(*truth.value()),
        Value::Array(values) => Kind::List(values.iter().map(|value| value_node(text, value, line)).collect()),
        Value::InlineTable(inner) => Kind::Table(table(text, inner, line)),
        Value::Float(_) => Kind::Other("a fraction"),
        Value::Datetime(_) => Kind::Other("a bare date; write it in quotes"),
    };
    Node { line, kind }
}

impl Node {
    fn what(&self) -> &'static str {
        match &self.kind {
            Kind::Text(_) => "a text",
            Kind::Number(_) => "a number",
            Kind::Truth(_) => "true or false",
            Kind::List(_) => "a list",
            Kind::Table(_) => "a table",
            Kind::Other(what) => what,
        }
    }

    fn wrong(&self, name: &str, wanted: &str) -> ScriptError {
        ScriptError::at(self.line, format!("`{name}` must be {wanted}, and is {}", self.what()))
    }

    pub(super) fn text(self, name: &str) -> Result<Spanned<String>, ScriptError> {
        match self.kind {
            Kind::Text(value) => Ok(Spanned { line: self.line, value }),
            _ => Err(self.wrong(name, "a text")),
        }
    }

    pub(super) fn table(self, name: &str) -> Result<Table, ScriptError> {
        match self.kind {
            Kind::Table(table) => Ok(table),
            _ => Err(self.wrong(name, "a table")),
        }
    }
}

/// A value and the line it stands on.
#[derive(Debug, Clone)]
pub(super) struct Spanned<T> {
    pub(super) line: usize,
    pub(super) value: T,
}

impl Table {
    /// Takes a member out, whatever it is.
    pub(super) fn take(&mut self, name: &'static str) -> Option<Node> {
        self.asked.push(name);
        let at = self.members.iter().position(|(member, _)| member == name)?;
        Some(self.members.remove(at).1)
    }

    pub(super) fn text(&mut self, name: &'static str) -> Result<Option<Spanned<String>>, ScriptError> {
        self.take(name).map(|node| node.text(name)).transpose()
    }

    pub(super) fn need_text(&mut self, name: &'static str) -> Result<Spanned<String>, ScriptError> {
        let line = self.line;
        self.text(name)?.ok_or_else(|| ScriptError::at(line, format!("`{name}` is missing")))
    }

    pub(super) fn number<T: TryFrom<i64>>(&mut self, name: &'static str) -> Result<Option<T>, ScriptError> {
        let Some(node) = self.take(name) else { return Ok(None) };
        match node.kind {
            Kind::Number(number) => T::try_from(number)
                .map(Some)
                .map_err(|_out_of_range| ScriptError::at(node.line, format!("`{name}` is out of range"))),
            _ => Err(node.wrong(name, "a number")),
        }
    }

    pub(super) fn truth(&mut self, name: &'static str) -> Result<Option<bool>, ScriptError> {
        match self.take(name) {
            None => Ok(None),
            Some(Node { kind: Kind::Truth(truth), .. }) => Ok(Some(truth)),
            Some(node) => Err(node.wrong(name, "true or false")),
        }
    }

    pub(super) fn list(&mut self, name: &'static str) -> Result<Option<Vec<Node>>, ScriptError> {
        match self.take(name) {
            None => Ok(None),
            Some(Node { kind: Kind::List(nodes), .. }) => Ok(Some(nodes)),
            Some(node) => Err(node.wrong(name, "a list")),
        }
    }

    pub(super) fn texts(&mut self, name: &'static str) -> Result<Option<Vec<Spanned<String>>>, ScriptError> {
        let Some(nodes) = self.list(name)? else { return Ok(None) };
        nodes.into_iter().map(|node| node.text(name)).collect::<Result<_, _>>().map(Some)
    }

    pub(super) fn tables(&mut self, name: &'static str) -> Result<Vec<Self>, ScriptError> {
        self.list(name)?.unwrap_or_default().into_iter().map(|node| node.table(name)).collect()
    }

    /// Takes a span of time such as `250ms` or `2s`.
    pub(super) fn duration(&mut self, name: &'static str) -> Result<Option<std::time::Duration>, ScriptError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let parsed = text.value.parse::<jiff::SignedDuration>().ok().and_then(|span| span.try_into().ok());
        let wrong = || ScriptError::at(text.line, format!("`{name}` must be a span of time such as `250ms` or `2s`"));
        parsed.map(Some).ok_or_else(wrong)
    }

    pub(super) fn need_duration(&mut self, name: &'static str) -> Result<std::time::Duration, ScriptError> {
        let line = self.line;
        self.duration(name)?.ok_or_else(|| ScriptError::at(line, format!("`{name}` is missing")))
    }

    /// Takes a moment and returns its Unix milliseconds.
    pub(super) fn moment(&mut self, name: &'static str) -> Result<Option<i64>, ScriptError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        match text.value.parse::<jiff::Timestamp>() {
            Ok(at) => Ok(Some(at.as_millisecond())),
            Err(_not_a_moment) => {
                Err(ScriptError::at(text.line, format!("`{name}` must be a moment such as `2026-03-01T09:00:00Z`")))
            }
        }
    }

    /// Takes one word of several.
    pub(super) fn choice<T: Copy>(
        &mut self,
        name: &'static str,
        words: &[(&str, T)],
    ) -> Result<Option<T>, ScriptError> {
        self.text(name)?.map(|text| choose(name, &text, words)).transpose()
    }

    /// Fails if anything is left that nobody asked for.
    pub(super) fn finish(self) -> Result<(), ScriptError> {
        let Some((name, node)) = self.members.first() else { return Ok(()) };
        let near = nearest(name, self.asked.iter().copied());
        Err(ScriptError::at(node.line, format!("`{name}` is not known here{near}")))
    }
}

/// Finds a word among those allowed.
pub(super) fn choose<T: Copy>(name: &str, text: &Spanned<String>, words: &[(&str, T)]) -> Result<T, ScriptError> {
    words.iter().find(|(word, _)| *word == text.value).map(|(_, value)| *value).ok_or_else(|| {
        let all: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
        ScriptError::at(text.line, format!("`{name}` must be one of {}", all.join(", ")))
    })
}

/// Offers the nearest known name.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let best = known.map(|word| (strsim::damerau_levenshtein(name, word), word)).min();
    best.filter(|(far, _)| *far <= 3).map_or_else(String::new, |(_, word)| format!("; did you mean `{word}`?"))
}
