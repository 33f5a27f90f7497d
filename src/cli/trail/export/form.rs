//! The two forms of an exported record: how one is written, and what of one that stands in a file must be read again.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};

use serde::Deserialize;

use crate::domain::Table;
use crate::report::bulk::tables::columns;
use crate::report::cell::{Cell, Column, for_csv};
use crate::report::csv_row::csv_row;

/// How much is written to a file at once.
const AT_ONCE: usize = 64 * 1024;

/// The form of an export's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// RFC 4180, for spreadsheets: a header in each file, and what a spreadsheet would run defused.
    Csv,
    /// One record a line, as the API told it.
    Ndjson,
}

/// What of a record in a file is read again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored<'a> {
    /// Its id, as the form writes it.
    pub id: Cow<'a, str>,
    /// When, as the API wrote it.
    pub at: Cow<'a, str>,
    /// Whose it is, as the form writes it.
    pub workspace_id: Cow<'a, str>,
}

fn trail() -> &'static [Column] {
    columns(Table::Trail)
}

impl Form {
    /// Returns its word, which is also the ending of its files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
        }
    }

    /// Reads [`Form::as_str`].
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Csv, Self::Ndjson].into_iter().find(|form| form.as_str() == word)
    }

    /// Returns what a file begins with.
    pub fn head(self) -> String {
        match self {
            Self::Csv => {
                let names: Vec<&str> = trail().iter().map(|column| column.name).collect();
                format!("{}\r\n", names.join(","))
            }
            Self::Ndjson => String::new(),
        }
    }

    /// Returns an id as the form writes it, by which it is known again.
    pub fn id(self, id: &str) -> Cow<'_, str> {
        match self {
            Self::Csv => for_csv(id),
            Self::Ndjson => Cow::Borrowed(id),
        }
    }

    /// Tells whether a record ends with this line; a CSV cell may hold line breaks.
    pub fn ends(self, record: &[u8]) -> bool {
        match self {
            Self::Csv => record.split(|byte| *byte == b'"').count() % 2 == 1,
            Self::Ndjson => true,
        }
    }

    /// Reads a record with its line's end; none where it is no whole record of ours.
    pub fn read(self, record: &[u8]) -> Option<Stored<'_>> {
        match self {
            Self::Csv => csv(std::str::from_utf8(record.strip_suffix(b"\r\n")?).ok()?),
            Self::Ndjson => {
                let line: Line<'_> = serde_json::from_slice(record.strip_suffix(b"\n")?).ok()?;
                (line.kind == KIND).then_some(Stored {
                    id: line.record_id,
                    at: line.at,
                    workspace_id: line.workspace_id,
                })
            }
        }
    }

    /// Writes records behind what a file holds.
    pub fn writer(self, file: File) -> Writer {
        Writer { form: self, out: BufWriter::with_capacity(AT_ONCE, file), line: Vec::new() }
    }
}

/// The word of a record in NDJSON.
const KIND: &str = "trail";

/// What of a line of NDJSON is read again.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    workspace_id: Cow<'a, str>,
    #[serde(borrow)]
    record_id: Cow<'a, str>,
    #[serde(borrow)]
    at: Cow<'a, str>,
}

/// Reads a record of CSV without its end.
fn csv(record: &str) -> Option<Stored<'_>> {
    let (mut id, mut at, mut workspace_id) = (None, None, None);
    let mut columns = trail().iter();
    let mut rest = Some(record);
    while let Some(text) = rest {
        let column = columns.next()?;
        let (cell, after) = cell(text)?;
        rest = after;
        match column.name {
            "record_id" => id = Some(cell),
            "at" => at = Some(cell),
            "workspace_id" => workspace_id = Some(cell),
            _ => {}
        }
    }
    let whole = columns.next().is_none();
    Some(Stored { id: id?, at: at?, workspace_id: workspace_id? }).filter(|_| whole)
}

/// Takes one cell off a record; what is behind its comma stays, where there is one.
fn cell(text: &str) -> Option<(Cow<'_, str>, Option<&str>)> {
    let Some(quoted) = text.strip_prefix('"') else {
        return Some(match text.split_once(',') {
            Some((cell, rest)) => (Cow::Borrowed(cell), Some(rest)),
            None => (Cow::Borrowed(text), None),
        });
    };
    let mut from = 0;
    loop {
        let end = from + quoted[from..].find('"')?;
        let after = &quoted[end + 1..];
        if after.starts_with('"') {
            from = end + 2;
            continue;
        }
        let cell = &quoted[..end];
        let cell = if cell.contains('"') { Cow::Owned(cell.replace("\"\"", "\"")) } else { Cow::Borrowed(cell) };
        return match after.strip_prefix(',') {
            Some(rest) => Some((cell, Some(rest))),
            None if after.is_empty() => Some((cell, None)),
            None => None,
        };
    }
}

/// Writes records into one file, each in one piece.
#[derive(Debug)]
pub struct Writer {
    form: Form,
    out: BufWriter<File>,
    line: Vec<u8>,
}

impl Writer {
    /// Writes the head of a new file.
    pub fn head(&mut self) -> io::Result<()> {
        self.out.write_all(self.form.head().as_bytes())
    }

    /// Writes one record.
    pub fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        self.line.clear();
        match self.form {
            Form::Csv => csv_row(&mut self.line, cells),
            Form::Ndjson => json_row(&mut self.line, cells)?,
        }
        self.out.write_all(&self.line)
    }

    /// Hands all that was written to the system, and waits until it is on disk. Returns how long the file is.
    pub fn close(self) -> io::Result<u64> {
        let file = self.out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        Ok(file.metadata()?.len())
    }
}

/// Adds a record of NDJSON with its line's end.
fn json_row(out: &mut Vec<u8>, cells: &[Cell<'_>]) -> io::Result<()> {
    write!(out, "{{\"type\":\"{KIND}\"")?;
    for (cell, column) in cells.iter().zip(trail()) {
        out.extend_from_slice(b",\"");
        out.extend_from_slice(column.name.as_bytes());
        out.extend_from_slice(b"\":");
        match cell {
            Cell::Text(text) => serde_json::to_writer(&mut *out, &**text)?,
            Cell::Nothing => out.extend_from_slice(b"null"),
            other => serde_json::to_writer(&mut *out, &other.for_json())?,
        }
    }
    out.extend_from_slice(b"}\n");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells<'a>(id: &'a str, at: &'a str, noise: &'a str) -> Vec<Cell<'a>> {
        let text = |column: &Column| match column.name {
            "record_id" => Cell::text(id),
            "at" => Cell::text(at),
            "workspace_id" => Cell::text("w-1"),
            "affected" => Cell::Number(7),
            "from_api" => Cell::Flag(true),
            "webhook_id" => Cell::Nothing,
            _ => Cell::text(noise),
        };
        trail().iter().map(text).collect()
    }

    fn written(form: Form, rows: &[Vec<Cell<'_>>]) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        let mut writer = form.writer(File::create(&path).unwrap());
        writer.head().unwrap();
        for row in rows {
            writer.row(row).unwrap();
        }
        let length = writer.close().unwrap();
        let bytes = std::fs::read(path).unwrap();
        assert_eq!(bytes.len() as u64, length);
        bytes
    }

    #[test]
    fn what_was_written_is_read_again_whatever_is_in_it() {
        for noise in ["", "plain", "a,b", "a\"b", "\"", "a\r\nb\nc", "=1+1", "{\"a\":\"b,\\\"c\"}", "\u{1f511},\"\""] {
            for (form, id) in [(Form::Csv, "-id"), (Form::Ndjson, "-id")] {
                let row = cells(id, "2026-11-20T07:00:00Z", noise);
                let bytes = written(form, &[row.clone(), row]);
                let body = bytes.strip_prefix(form.head().as_bytes()).unwrap();
                let (one, two) = body.split_at(body.len() / 2);
                assert_eq!(one, two);
                let stored = form.read(one).unwrap();
                assert_eq!((&*stored.id, &*stored.at), (&*form.id(id), "2026-11-20T07:00:00Z"));
                assert_eq!(stored.workspace_id, "w-1");
                assert!(form.ends(one));
                // Cut anywhere, it is no record any more.
                for end in 0..one.len() {
                    assert_eq!(form.read(&one[..end]), None, "{noise:?} {end}");
                }
            }
        }
    }

    #[test]
    fn csv_is_read_again_as_any_reader_does() {
        let row = cells("i", "t", "=\"x\", y\r\n");
        let bytes = written(Form::Csv, &[row]);
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let record = reader.records().next().unwrap().unwrap();
        assert_eq!(record.len(), trail().len());
        assert_eq!(record.get(0), Some("'=\"x\", y\r\n"));
        assert_eq!(Form::Csv.head(), String::from_utf8(written(Form::Csv, &[])).unwrap());
    }
}
