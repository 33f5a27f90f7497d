//! One stream of rows, written as a table, CSV, JSON or one record a line.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::cell::{Cell, Column, Place};

/// The shape of what goes to stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Format {
    /// Aligned columns for people.
    Table,
    /// RFC 4180, for spreadsheets.
    Csv,
    /// One document.
    Json,
    /// One record a line.
    Ndjson,
}

/// The version of the records; grows by minor for additions.
pub const SCHEMA: &str = "1.2";

/// Writes one listing, row by row. Only the table keeps rows until the end, because its columns are as wide as the widest.
pub struct Listing<'a> {
    out: Out<'a>,
    format: Format,
    kind: &'static str,
    columns: &'static [Column],
    rows: Vec<Vec<String>>,
    /// What stands beneath each row of the table.
    beneath: Vec<Vec<String>>,
    written: usize,
    closed: bool,
}

/// Where rows go. One CSV writer serves all of them: it has a buffer of its own.
enum Out<'a> {
    Csv(Box<csv::Writer<&'a mut dyn Write>>),
    Other(&'a mut dyn Write),
}

impl Out<'_> {
    /// Writes what is no CSV.
    fn plain(&mut self) -> &mut dyn Write {
        match self {
            Self::Other(out) => out,
            Self::Csv(_) => unreachable!("all of a CSV is rows"),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Csv(writer) => writer.flush(),
            Self::Other(out) => out.flush(),
        }
    }
}

impl std::fmt::Debug for Listing<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listing").field("kind", &self.kind).field("written", &self.written).finish_non_exhaustive()
    }
}

impl<'a> Listing<'a> {
    /// Begins a listing whose rows are records of the given type.
    pub fn begin(
        out: &'a mut dyn Write,
        format: Format,
        kind: &'static str,
        columns: &'static [Column],
        header: &Value,
    ) -> io::Result<Self> {
        Self::begin_with(out, format, kind, columns, header, None)
    }

    /// Begins a listing that has a record of its own between header and rows.
    pub fn begin_with(
        out: &'a mut dyn Write,
        format: Format,
        kind: &'static str,
        columns: &'static [Column],
        header: &Value,
        about: Option<(&str, &Value)>,
    ) -> io::Result<Self> {
        let out = match format {
            Format::Csv => {
                let writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
                Out::Csv(Box::new(writer))
            }
            Format::Table | Format::Json | Format::Ndjson => Out::Other(out),
        };
        let mut listing =
            Self { out, format, kind, columns, rows: Vec::new(), beneath: Vec::new(), written: 0, closed: false };
        match format {
            Format::Table => {}
            Format::Csv => listing.csv(columns.iter().map(|column| column.name))?,
            Format::Ndjson => {
                writeln!(listing.out.plain(), "{header}")?;
                if let Some((_, record)) = about {
                    writeln!(listing.out.plain(), "{record}")?;
                }
            }
            Format::Json => {
                writeln!(listing.out.plain(), "{{\"header\":{header},")?;
                if let Some((name, record)) = about {
                    writeln!(listing.out.plain(), "\"{name}\":{record},")?;
                }
                write!(listing.out.plain(), "\"rows\":[")?;
            }
        }
        Ok(listing)
    }

    /// Writes one row. After a reader has gone (a closed pipe) rows are dropped quietly.
    pub fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        debug_assert_eq!(cells.len(), self.columns.len(), "a row has a cell per column");
        if self.closed {
            return Ok(());
        }
        let result = self.write_row(cells);
        self.quietly(result)
    }

    fn write_row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        match self.format {
            Format::Table => {
                let shown = cells.iter().zip(self.columns).filter(|(_, column)| column.in_table());
                self.rows.push(shown.map(|(cell, column)| of_column(cell, *column)).collect());
                self.beneath.push(beneath(self.columns, cells));
            }
            Format::Csv => self.csv(cells.iter().map(Cell::for_csv))?,
            Format::Ndjson => writeln!(self.out.plain(), "{}", record(self.kind, self.columns, cells))?,
            Format::Json => {
                let comma = if self.written == 0 { "\n" } else { ",\n" };
                write!(self.out.plain(), "{comma}{}", record(self.kind, self.columns, cells))?;
            }
        }
        self.written += 1;
        Ok(())
    }

    /// Ends the listing with its summary.
    pub fn end(mut self, summary: &Value) -> io::Result<()> {
        if self.closed {
            return Ok(());
        }
        let result = match self.format {
            Format::Table => self.table(),
            Format::Csv => Ok(()),
            Format::Ndjson => writeln!(self.out.plain(), "{summary}"),
            Format::Json => writeln!(self.out.plain(), "\n],\n\"summary\":{summary}}}"),
        };
        let result = result.and_then(|()| self.out.flush());
        self.quietly(result)
    }

    fn quietly(&mut self, result: io::Result<()>) -> io::Result<()> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            other => other,
        }
    }

    fn csv<T: AsRef<str>>(&mut self, cells: impl Iterator<Item = T>) -> io::Result<()> {
        let Out::Csv(writer) = &mut self.out else { unreachable!("a CSV has a CSV writer") };
        for cell in cells {
            writer.write_field(cell.as_ref()).map_err(of_writing)?;
        }
        writer.write_record(None::<&[u8]>).map_err(of_writing)
    }

    fn table(&mut self) -> io::Result<()> {
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        let shown: Vec<&Column> = self.columns.iter().filter(|column| column.in_table()).collect();
        table.set_header(shown.iter().map(|column| column.name.replace('_', " ").to_uppercase()));
        table.add_rows(std::mem::take(&mut self.rows));
        if let Some(first) = table.column_mut(0) {
            first.set_padding((0, 1));
        }
        // No cell has a line break, so a row is a line.
        let mut lines = table.lines();
        if let Some(head) = lines.next() {
            writeln!(self.out.plain(), "{}", head.trim_end())?;
        }
        for (line, beneath) in lines.zip(std::mem::take(&mut self.beneath)) {
            writeln!(self.out.plain(), "{}", line.trim_end())?;
            for line in beneath {
                writeln!(self.out.plain(), "    {line}")?;
            }
        }
        Ok(())
    }
}

/// Columns of what other people named: the API bounds none of it, and one name would make every row wider than a terminal.
const NAMES: [&str; 7] = ["about", "description", "key_name", "label", "name", "subject", "tags"];

/// The longest name of a table, in characters.
const LONGEST: usize = 80;

/// How many characters of a name that is shortened stand at its end: names that begin alike are told apart there.
const TAIL: usize = 20;

/// Shortens a name in its middle.
fn shortened(text: String) -> String {
    let length = text.chars().count();
    if length <= LONGEST {
        return text;
    }
    let head = text.chars().take(LONGEST - TAIL - 1);
    head.chain(std::iter::once('…')).chain(text.chars().skip(length - TAIL)).collect()
}

/// Returns what a column of the table shows of a cell.
fn of_column(cell: &Cell<'_>, column: Column) -> String {
    let text = cell.for_terminal();
    match column.place {
        Place::Column if NAMES.contains(&column.name) => shortened(text),
        Place::Day => text.chars().take("2026-11-22".len()).collect(),
        Place::Column | Place::Beneath(_) | Place::Along(_) | Place::Nowhere => text,
    }
}

/// Returns the lines that stand beneath a row of a table; what is not known is left out.
fn beneath(columns: &[Column], cells: &[Cell<'_>]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut begins = true;
    for (cell, column) in cells.iter().zip(columns) {
        let words = match column.place {
            Place::Beneath(words) => {
                begins = true;
                words
            }
            Place::Along(words) => words,
            Place::Column | Place::Day | Place::Nowhere => continue,
        };
        let text = cell.for_terminal();
        if text.is_empty() {
            continue;
        }
        match lines.last_mut().filter(|_| !begins) {
            Some(line) => *line = format!("{line} · {words}{text}"),
            None => lines.push(format!("{words}{text}")),
        }
        begins = false;
    }
    lines
}

/// Returns what went wrong with the writing itself: whether the reader has gone is told by its kind.
fn of_writing(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// Makes one record of a row.
pub fn record(kind: &str, columns: &[Column], cells: &[Cell<'_>]) -> Value {
    let mut object = Map::new();
    object.insert("type".to_owned(), Value::from(kind));
    for (column, cell) in columns.iter().zip(cells) {
        object.insert(column.name.to_owned(), cell.for_json());
    }
    Value::Object(object)
}

/// Makes the header record.
pub fn header(run: Option<&str>, command: &str, selection: &Value) -> Value {
    json!({ "type": "header", "schema": SCHEMA, "run": run, "command": command, "selection": selection })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reader that has gone.
    struct Gone;

    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn rows_after_the_reader_has_gone_are_dropped_quietly() {
        for format in [Format::Csv, Format::Ndjson] {
            let mut gone = Gone;
            let mut out = io::BufWriter::new(&mut gone);
            let mut listing = Listing::begin(&mut out, format, "thing", COLUMNS, &Value::Null).unwrap();
            for _ in 0..10_000 {
                listing.row(&[Cell::text("a"), Cell::text("b"), Cell::Number(1)]).unwrap();
            }
            listing.end(&Value::Null).unwrap();
        }
    }

    const COLUMNS: &[Column] = &[Column::shown("name"), Column::detail("id"), Column::shown("count")];

    fn write(format: Format) -> String {
        let mut out = Vec::new();
        let header = header(None, "test", &Value::Null);
        let mut listing = Listing::begin(&mut out, format, "thing", COLUMNS, &header).unwrap();
        listing.row(&[Cell::text("=a, \"b\""), Cell::text("1"), Cell::Number(2)]).unwrap();
        listing.row(&[Cell::text("c"), Cell::Nothing, Cell::Number(30)]).unwrap();
        listing.end(&json!({ "type": "summary" })).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_table_shows_people_what_they_need() {
        assert_eq!(write(Format::Table), "NAME     COUNT\n=a, \"b\"  2\nc        30\n");
    }

    #[test]
    fn long_texts_stand_beneath_their_row_and_unknown_ones_nowhere() {
        const COLUMNS: &[Column] = &[
            Column::day("name"),
            Column::beneath("scopes", ""),
            Column::along("owner", "owner "),
            Column::along("purpose", "for "),
            Column::beneath("advice", "-> "),
        ];
        let mut out = Vec::new();
        let mut listing = Listing::begin(&mut out, Format::Table, "thing", COLUMNS, &Value::Null).unwrap();
        let text = |text: &'static str| Cell::text(text);
        listing.row(&[text("a\nb"), text("leads:read"), Cell::Nothing, text("x\ny"), text("do it")]).unwrap();
        listing.row(&[text("c"), Cell::Nothing, text("ann"), Cell::Nothing, Cell::Nothing]).unwrap();
        listing
            .row(&[text("2026-11-22T10:00:00Z"), Cell::Nothing, Cell::Nothing, Cell::Nothing, Cell::Nothing])
            .unwrap();
        listing.end(&Value::Null).unwrap();
        let told = String::from_utf8(out).unwrap();
        assert_eq!(told, "NAME\nab\n    leads:read · for xy\n    -> do it\nc\n    owner ann\n2026-11-22\n");
    }

    #[test]
    fn a_long_name_is_shortened_in_the_table_alone() {
        let long = format!("a{}z", "x".repeat(300));
        let write = |format| {
            let mut out = Vec::new();
            let mut listing = Listing::begin(&mut out, format, "thing", COLUMNS, &Value::Null).unwrap();
            listing.row(&[Cell::text(long.as_str()), Cell::text("1"), Cell::Number(2)]).unwrap();
            listing.end(&Value::Null).unwrap();
            String::from_utf8(out).unwrap()
        };
        let table = write(Format::Table);
        assert!(table.lines().all(|line| line.chars().count() < 100), "{table}");
        assert!(table.contains("\na") && table.contains('…') && table.contains("xz "), "{table}");
        for format in [Format::Csv, Format::Json, Format::Ndjson] {
            assert!(write(format).contains(&long));
        }
    }

    #[test]
    fn csv_is_rfc_4180_and_defused() {
        assert_eq!(write(Format::Csv), "name,id,count\r\n\"'=a, \"\"b\"\"\",1,2\r\nc,,30\r\n");
    }

    #[test]
    fn ndjson_begins_with_a_header_and_ends_with_a_summary() {
        let text = write(Format::Ndjson);
        let types: Vec<String> = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["type"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(types, ["header", "thing", "thing", "summary"]);
    }

    #[test]
    fn json_is_the_same_as_one_document() {
        let document: Value = serde_json::from_str(&write(Format::Json)).unwrap();
        assert_eq!(document["rows"][0]["name"], "=a, \"b\"");
        assert_eq!(document["rows"][1]["id"], Value::Null);
        assert_eq!(document["summary"]["type"], "summary");
    }
}
