//! One stream of rows, written as a table, CSV, JSON or one record a line.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::cell::{Cell, Column};

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
pub const SCHEMA: &str = "1.0";

/// Writes one listing, row by row. Only the table keeps rows until the end, because its columns are as wide as the widest.
pub struct Listing<'a> {
    out: &'a mut dyn Write,
    format: Format,
    kind: &'static str,
    columns: &'static [Column],
    rows: Vec<Vec<String>>,
    written: usize,
    closed: bool,
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
        let mut listing = Self { out, format, kind, columns, rows: Vec::new(), written: 0, closed: false };
        match format {
            Format::Table => {}
            Format::Csv => {
                let names: Vec<String> = columns.iter().map(|column| column.name.to_owned()).collect();
                listing.csv(&names)?;
            }
            Format::Ndjson => writeln!(listing.out, "{header}")?,
            Format::Json => write!(listing.out, "{{\"header\":{header},\n\"rows\":[")?,
        }
        Ok(listing)
    }

    /// Writes one row. After a reader has gone (a closed pipe) rows are dropped quietly.
    pub fn row(&mut self, cells: &[Cell]) -> io::Result<()> {
        debug_assert_eq!(cells.len(), self.columns.len(), "a row has a cell per column");
        if self.closed {
            return Ok(());
        }
        let result = self.write_row(cells);
        self.quietly(result)
    }

    fn write_row(&mut self, cells: &[Cell]) -> io::Result<()> {
        match self.format {
            Format::Table => self.rows.push(
                cells
                    .iter()
                    .zip(self.columns)
                    .filter(|(_, column)| column.in_table)
                    .map(|(cell, _)| cell.for_terminal())
                    .collect(),
            ),
            Format::Csv => self.csv(&cells.iter().map(Cell::for_csv).collect::<Vec<_>>())?,
            Format::Ndjson => writeln!(self.out, "{}", record(self.kind, self.columns, cells))?,
            Format::Json => {
                let comma = if self.written == 0 { "\n" } else { ",\n" };
                write!(self.out, "{comma}{}", record(self.kind, self.columns, cells))?;
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
            Format::Ndjson => writeln!(self.out, "{summary}"),
            Format::Json => writeln!(self.out, "\n],\n\"summary\":{summary}}}"),
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

    fn csv(&mut self, cells: &[String]) -> io::Result<()> {
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        writer.write_record(cells).map_err(io::Error::other)?;
        let line = writer.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
        self.out.write_all(&line)
    }

    fn table(&mut self) -> io::Result<()> {
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        let shown: Vec<&Column> = self.columns.iter().filter(|column| column.in_table).collect();
        table.set_header(shown.iter().map(|column| column.name.replace('_', " ").to_uppercase()));
        table.add_rows(std::mem::take(&mut self.rows));
        if let Some(first) = table.column_mut(0) {
            first.set_padding((0, 1));
        }
        for line in table.lines() {
            writeln!(self.out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// Makes one record of a row.
pub fn record(kind: &str, columns: &[Column], cells: &[Cell]) -> Value {
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
