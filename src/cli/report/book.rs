//! The workbook: a sheet for each merged table, written row by row from its file, and one that says what the report is.
//!
//! Rows pass through: a sheet that is finished lies in a file of its own until the workbook is put together. Every text is written as a text,
//! so nothing of it is ever run; columns of numbers hold numbers.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader};
use std::panic::AssertUnwindSafe;
use std::path::Path;

use futures::FutureExt as _;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet, XlsxError};
use serde_json::Value;

use super::file::{Hashing, Shape, Written};
use super::finish::Whole;
use super::hush::Hush;
use super::kept;
use super::lane::unwritable;
use crate::config::whole;
use crate::domain::Table;
use crate::report::bulk::{columns, is_number, summary};
use crate::report::cell::undefused;
use crate::trouble::Trouble;

/// The file.
pub const FILE: &str = "report.xlsx";

/// The most rows of a sheet below its head.
const MOST_ROWS: u32 = 1_048_575;

/// The longest text of a cell, in UTF-16 units, as spreadsheets count.
const LONGEST: usize = 32_767;

/// Rows between two looks whether somebody wants it to end.
const AT_ONCE: u64 = 10_000;

/// Why a workbook came to nothing.
enum Broken {
    Stopped(Trouble),
    Writing(XlsxError),
    Reading(io::Error),
}

impl From<XlsxError> for Broken {
    fn from(error: XlsxError) -> Self {
        Self::Writing(error)
    }
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Reading(error)
    }
}

/// Writes the workbook beside the merged tables.
pub async fn write(all: &Whole, between: impl AsyncFnMut() -> Result<(), Trouble>) -> Result<Written, Trouble> {
    let target = all.staging.out().join(FILE);
    let aside = all.staging.place().staging().join("workbook");
    let failed = |error| unwritable(&target, error);
    drop(fs::remove_dir_all(&aside));
    whole::create_private_folder(&aside).map_err(failed)?;
    // The writer of workbooks gives up with a panic where a disk is full.
    let hush = Hush::begin();
    let made = AssertUnwindSafe(book(all, &target, &aside, between)).catch_unwind().await;
    drop(hush);
    drop(fs::remove_dir_all(&aside));
    match made {
        Ok(Ok(written)) => Ok(written),
        Ok(Err(Broken::Stopped(trouble))) => Err(trouble),
        Ok(Err(Broken::Writing(error))) => Err(failed(io::Error::other(error))),
        Ok(Err(Broken::Reading(error))) => Err(failed(error)),
        Err(_panic) => {
            Err(failed(io::Error::other("the workbook's writer gave up: the disk may be full, or this is a bug")))
        }
    }
}

async fn book(
    all: &Whole,
    target: &Path,
    aside: &Path,
    mut between: impl AsyncFnMut() -> Result<(), Trouble>,
) -> Result<Written, Broken> {
    let mut book = Workbook::new();
    book.set_tempdir(aside)?;
    // Two workbooks of one period are the same: the day after the period stands for when it was made.
    let (_, after) = all.asked.period.to_ask();
    let made = ExcelDateTime::from_timestamp(after.as_second())?;
    book.set_properties(&DocProperties::new().set_author("keyholder").set_creation_datetime(&made));
    book.add_worksheet().set_name("about")?;
    let mut cut = Vec::new();
    for table in all.asked.tables() {
        let mut sheets = Sheets { book: &mut book, table, number: 0, row: MOST_ROWS, cut: 0, rows: 0 };
        let path = all.staging.out().join(kept::table_name(&all.asked, table));
        sheets.begin()?;
        match all.asked.files {
            Shape::Csv => sheets.csv(&path, &mut between).await?,
            Shape::Ndjson | Shape::Json => sheets.records(&path, &mut between).await?,
        }
        cut.push((table, sheets.cut));
    }
    about(book.worksheet_from_index(0)?, all, &cut)?;
    let mut file = Hashing::create(target)?;
    book.save_to_writer(&mut file)?;
    Ok(file.end())
}

/// The sheets of one table: a table that is longer than a sheet goes on in another.
struct Sheets<'a> {
    book: &'a mut Workbook,
    table: Table,
    number: u32,
    row: u32,
    cut: u64,
    rows: u64,
}

impl Sheets<'_> {
    /// Begins the next sheet.
    fn begin(&mut self) -> Result<(), Broken> {
        self.number += 1;
        let name = match self.number {
            1 => self.table.as_str().to_owned(),
            number => format!("{} ({number})", self.table.as_str()),
        };
        let bold = Format::new().set_bold();
        let sheet = self.book.add_worksheet_with_constant_memory()?;
        sheet.set_name(name)?.set_freeze_panes(1, 0)?;
        for (place, column) in (0..).zip(columns(self.table)) {
            sheet.write_string_with_format(0, place, column.name, &bold)?;
        }
        self.row = 0;
        Ok(())
    }

    /// Begins the next row; returns its sheet and place.
    fn next(&mut self) -> Result<(&mut Worksheet, u32), Broken> {
        if self.row == MOST_ROWS {
            self.begin()?;
        }
        self.row += 1;
        self.rows += 1;
        let (row, last) = (self.row, self.book.worksheets().len() - 1);
        Ok((self.book.worksheet_from_index(last)?, row))
    }

    async fn csv(&mut self, path: &Path, between: &mut impl AsyncFnMut() -> Result<(), Trouble>) -> Result<(), Broken> {
        let mut reader = csv::Reader::from_path(path).map_err(io::Error::other)?;
        let numbers: Vec<bool> = columns(self.table).iter().map(|column| is_number(self.table, column.name)).collect();
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record).map_err(io::Error::other)? {
            self.pause(between).await?;
            let mut cut = 0;
            let (sheet, row) = self.next()?;
            for ((place, text), number) in (0..).zip(&record).zip(&numbers) {
                match text.parse::<f64>() {
                    _ if text.is_empty() => {}
                    Ok(value) if *number => drop(sheet.write_number(row, place, value)?),
                    // Here a text is a text, and needs no apostrophe.
                    _ => cut += u64::from(write_text(sheet, row, place, undefused(text))?),
                }
            }
            self.cut += cut;
        }
        Ok(())
    }

    async fn records(
        &mut self,
        path: &Path,
        between: &mut impl AsyncFnMut() -> Result<(), Trouble>,
    ) -> Result<(), Broken> {
        let begins = format!("{{\"type\":\"{}\",", self.table.as_str());
        let mut lines = BufReader::new(File::open(path)?);
        let mut line = String::new();
        while lines.read_line(&mut line)? > 0 {
            // A row stands on a line of its own, in a document too.
            if line.starts_with(&begins) {
                self.pause(between).await?;
                let record: Value =
                    serde_json::from_str(line.trim_end().trim_end_matches(',')).map_err(io::Error::other)?;
                self.record(&record)?;
            }
            line.clear();
        }
        Ok(())
    }

    fn record(&mut self, record: &Value) -> Result<(), Broken> {
        let mut cut = 0;
        let table = self.table;
        let (sheet, row) = self.next()?;
        for (place, column) in (0..).zip(columns(table)) {
            let text = match &record[column.name] {
                Value::Null => continue,
                Value::Number(number) => {
                    sheet.write_number(row, place, number.as_f64().unwrap_or_default())?;
                    continue;
                }
                Value::Bool(flag) => if *flag { "yes" } else { "no" }.to_owned(),
                Value::Array(words) => words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
                Value::String(text) => text.replace(|c: char| c.is_control() && !matches!(c, '\t' | '\r' | '\n'), ""),
                Value::Object(_) => String::new(),
            };
            cut += u64::from(write_text(sheet, row, place, &text)?);
        }
        self.cut += cut;
        Ok(())
    }

    async fn pause(&mut self, between: &mut impl AsyncFnMut() -> Result<(), Trouble>) -> Result<(), Broken> {
        if self.rows.is_multiple_of(AT_ONCE) { between().await.map_err(Broken::Stopped) } else { Ok(()) }
    }
}

/// Writes a text, cut where it is too long; tells whether it was.
fn write_text(sheet: &mut Worksheet, row: u32, place: u16, text: &str) -> Result<bool, XlsxError> {
    // A text has at least as many bytes as UTF-16 units.
    if text.len() <= LONGEST || text.encode_utf16().count() <= LONGEST {
        sheet.write_string(row, place, text)?;
        return Ok(false);
    }
    let mut units = 0;
    let most = LONGEST - 1;
    let short: String = text
        .chars()
        .take_while(|c| {
            units += c.len_utf16();
            units <= most
        })
        .collect();
    sheet.write_string(row, place, format!("{short}…"))?;
    Ok(true)
}

/// Writes what the report is and what it lacks.
fn about(sheet: &mut Worksheet, all: &Whole, cut: &[(Table, u64)]) -> Result<(), XlsxError> {
    let (period, coverage) = (all.asked.period, &all.coverage);
    let mut lines: Vec<[String; 2]> = vec![
        ["agency".to_owned(), all.agency.clone().unwrap_or_default()],
        ["period".to_owned(), format!("{period}, whole days in UTC")],
        ["compared with".to_owned(), period.prior().to_string()],
        ["workspaces asked".to_owned(), coverage.asked.to_string()],
        ["seen whole".to_owned(), coverage.complete.to_string()],
    ];
    for (workspace, why) in &coverage.partial {
        lines.push(["seen in part".to_owned(), format!("{workspace}: {why}")]);
    }
    for lane in &coverage.unreadable {
        lines.push(["not read".to_owned(), format!("{}: {}", lane.workspace, lane.reason)]);
    }
    for table in all.asked.tables() {
        lines.push([format!("rows of {}", table.as_str()), summary::rows(&all.facts, table).to_string()]);
    }
    for (table, count) in cut.iter().filter(|(_, count)| *count > 0) {
        let file = kept::table_name(&all.asked, *table);
        lines.push([
            "cut".to_owned(),
            format!(
                "{count} texts of {} were too long for a cell and end with …; {file} has them whole",
                table.as_str()
            ),
        ]);
    }
    let bold = Format::new().set_bold();
    for (row, [name, text]) in (0..).zip(&lines) {
        sheet.write_string_with_format(row, 0, name, &bold)?;
        write_text(sheet, row, 1, text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_by_the_units_spreadsheets_count() {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        assert!(!write_text(sheet, 0, 0, &"x".repeat(LONGEST)).unwrap());
        assert!(write_text(sheet, 1, 0, &"x".repeat(LONGEST + 1)).unwrap());
        assert!(!write_text(sheet, 2, 0, &"ä".repeat(LONGEST)).unwrap());
        assert!(write_text(sheet, 3, 0, &"🦊".repeat(LONGEST / 2 + 1)).unwrap());
    }
}
