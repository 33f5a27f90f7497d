//! Lists people bring as CSV: a header that names columns, cells by name, and every bad line told at once.
//!
//! Tolerates what spreadsheets do (a byte order mark, CRLF, blank lines, empty columns, rows that are cut short); refuses what could be
//! misread (unknown columns, a column twice, too many cells).

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::nearest::did_you_mean;
use super::smell::shown;
use crate::trouble::Advise;

/// One thing that is wrong in a CSV file. Never quotes a cell that may be a key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CsvProblem {
    /// Line, from 1.
    pub line: usize,
    /// Column by its header; empty where the whole line is meant.
    pub column: String,
    /// What is wrong.
    pub message: String,
    /// What to do, most useful first.
    pub advice: Vec<String>,
}

/// Every problem of a CSV file, by line; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvProblems {
    source: PathBuf,
    list: Vec<CsvProblem>,
}

impl CsvProblems {
    pub(super) fn check(source: &Path, mut list: Vec<CsvProblem>) -> Result<(), Self> {
        list.sort();
        list.dedup();
        if list.is_empty() { Ok(()) } else { Err(Self { source: source.to_owned(), list }) }
    }

    /// Returns the problems by line.
    pub fn as_slice(&self) -> &[CsvProblem] {
        &self.list
    }
}

impl fmt::Display for CsvProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.list.len();
        write!(f, "{count} problem{} in {}", if count == 1 { "" } else { "s" }, self.source.display())?;
        for problem in &self.list {
            write!(f, "\n{}:{}: ", self.source.display(), problem.line)?;
            if !problem.column.is_empty() {
                write!(f, "{}: ", problem.column)?;
            }
            f.write_str(&problem.message)?;
            problem.advice.iter().try_for_each(|advice| write!(f, "\n  hint: {advice}"))?;
        }
        Ok(())
    }
}

impl std::error::Error for CsvProblems {}

impl Advise for CsvProblems {
    fn advice(&self) -> Vec<String> {
        vec!["nothing was sent or written; mend the lines and run it again".to_owned()]
    }
}

/// Which columns a list may have.
pub(super) struct Schema {
    /// Columns by name.
    pub(super) known: &'static [&'static str],
    /// Those that must be there.
    pub(super) required: &'static [&'static str],
    /// Those that may be there several times.
    pub(super) repeatable: &'static [&'static str],
    /// Beginnings of columns the user names: `label:tier`.
    pub(super) prefixes: &'static [&'static str],
}

/// A list read whole.
pub(super) struct Sheet {
    pub(super) rows: Vec<Row>,
    pub(super) problems: Vec<CsvProblem>,
    pub(super) source: Arc<Path>,
}

/// One line of a list.
pub(super) struct Row {
    pub(super) line: usize,
    header: Arc<Vec<String>>,
    cells: Vec<String>,
}

impl Row {
    /// Tells whether the list has a column; that it lacks one is told once, at the header.
    pub(super) fn has(&self, column: &str) -> bool {
        self.header.iter().any(|name| name == column)
    }

    /// Returns the cell of a column, trimmed; none where it is empty or not there.
    pub(super) fn get(&self, column: &str) -> Option<&str> {
        self.all(column).next()
    }

    /// Returns the filled cells of a column that may be repeated.
    pub(super) fn all<'r>(&'r self, column: &str) -> impl Iterator<Item = &'r str> {
        self.filled().filter(move |(name, _)| *name == column).map(|(_, cell)| cell)
    }

    /// Returns every filled cell with its column.
    pub(super) fn filled(&self) -> impl Iterator<Item = (&str, &str)> {
        self.header
            .iter()
            .zip(&self.cells)
            .map(|(name, cell)| (name.as_str(), cell.trim()))
            .filter(|(_, c)| !c.is_empty())
    }

    /// Makes a problem of this line.
    pub(super) fn problem<A: Into<String>>(
        &self,
        column: &str,
        message: impl Into<String>,
        advice: impl IntoIterator<Item = A>,
    ) -> CsvProblem {
        problem(self.line, column, message, advice)
    }
}

/// Makes a problem.
pub(super) fn problem<A: Into<String>>(
    line: usize,
    column: &str,
    message: impl Into<String>,
    advice: impl IntoIterator<Item = A>,
) -> CsvProblem {
    CsvProblem {
        line,
        column: column.to_owned(),
        message: message.into(),
        advice: advice.into_iter().map(Into::into).collect(),
    }
}

/// Splits a cell that holds several things.
pub(super) fn several(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(|c: char| c == ';' || c.is_whitespace()).filter(|word| !word.is_empty())
}

/// Reads a list. Its problems are kept for the caller to add to.
pub(super) fn read(bytes: &[u8], source: &Path, schema: &Schema) -> Sheet {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut sheet = Sheet { rows: Vec::new(), problems: Vec::new(), source: Arc::from(source) };
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let mut header: Option<Arc<Vec<String>>> = None;
    let mut unnamed: Vec<(usize, usize)> = Vec::new();
    let mut record = csv::ByteRecord::new();
    let mut lines = Lines { bytes, at: 0, line: 1 };
    // Reading from memory with flexible rows knows no errors; one would end the list like its end does.
    while reader.read_byte_record(&mut record).unwrap_or(false) {
        let start = record.position().map_or(0, csv::Position::byte);
        let line = lines.of_record(usize::try_from(start).unwrap_or(usize::MAX));
        let Some(cells) = texts(&record, line, &mut sheet.problems) else { continue };
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        match &header {
            None => {
                unnamed = cells
                    .iter()
                    .enumerate()
                    .filter(|(_, cell)| cell.trim().is_empty())
                    .map(|(at, _)| (line, at))
                    .collect();
                header = Some(Arc::new(read_header(&cells, line, schema, &mut sheet.problems)));
            }
            Some(header) => {
                if cells.iter().skip(header.len()).any(|cell| !cell.trim().is_empty()) {
                    let message = format!("the line has {} cells, the header {}", cells.len(), header.len());
                    sheet.problems.push(problem(
                        line,
                        "",
                        message,
                        ["put a cell with a comma in it into double quotes"],
                    ));
                }
                sheet.rows.push(Row { line, header: Arc::clone(header), cells });
            }
        }
    }
    if let Some(at) = unclosed(bytes) {
        let line = Lines { bytes, at: 0, line: 1 }.of_record(at);
        let advice = ["close it: what follows it, to the end of the file, would be one cell"];
        sheet.problems.push(problem(line, "", "a quote is opened and not closed", advice));
    }
    // A column without a name is passed over where nothing stands in it.
    let filled = |at: usize| sheet.rows.iter().any(|row| row.cells.get(at).is_some_and(|cell| !cell.trim().is_empty()));
    if let Some((line, _)) = unnamed.iter().copied().find(|(_, at)| filled(*at)) {
        sheet.problems.push(problem(line, "", format!("unknown column {}", shown("")), ["name the column or drop it"]));
    }
    if header.is_none() {
        let message = "there is no header line";
        let advice = [format!("begin with a line of column names: {}", schema.known.join(","))];
        sheet.problems.push(problem(1, "", message, advice));
    }
    sheet
}

/// Finds a quote that begins a cell and is closed nowhere; the reader takes it for closed by the end of the file.
fn unclosed(bytes: &[u8]) -> Option<usize> {
    let mut opened = None;
    let mut begins = true;
    let mut rest = bytes.iter().enumerate().peekable();
    while let Some((at, byte)) = rest.next() {
        if opened.is_some() {
            // A quote in a quoted cell is written twice.
            let ends = *byte == b'"' && rest.next_if(|(_, next)| **next == b'"').is_none();
            opened = opened.filter(|_| !ends);
        } else if *byte == b'"' && begins {
            (opened, begins) = (Some(at), false);
        } else {
            begins = matches!(byte, b',' | b'\r' | b'\n');
        }
    }
    opened
}

fn texts(record: &csv::ByteRecord, line: usize, problems: &mut Vec<CsvProblem>) -> Option<Vec<String>> {
    let cells: Result<Vec<String>, _> = record.iter().map(|cell| String::from_utf8(cell.to_vec())).collect();
    if cells.is_err() {
        problems.push(problem(line, "", "the line is not UTF-8 text", ["save the file as CSV in UTF-8"]));
    }
    cells.ok()
}

fn read_header(cells: &[String], line: usize, schema: &Schema, problems: &mut Vec<CsvProblem>) -> Vec<String> {
    let names: Vec<String> = cells.iter().map(|cell| cell.trim().to_ascii_lowercase()).collect();
    for (at, name) in names.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
        let prefixed =
            schema.prefixes.iter().any(|prefix| name.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty()));
        if !prefixed && !schema.known.contains(&name.as_str()) {
            let advice = match name.as_str() {
                name if name.contains([';', '\t']) => Some("separate columns by commas".to_owned()),
                name => did_you_mean(name, schema.known.iter().copied()),
            };
            problems.push(problem(line, "", format!("unknown column {}", shown(cells[at].trim())), advice));
        } else if names[..at].contains(name) && !schema.repeatable.contains(&name.as_str()) {
            problems.push(problem(line, name, "the column stands here twice", ["keep one of them"]));
        }
    }
    for required in schema.required {
        if !names.iter().any(|name| name == required) {
            let message = format!("the column `{required}` is missing");
            problems.push(problem(line, "", message, ["the first line names the columns"]));
        }
    }
    // `Label:Tier` keeps the case of what the user named.
    let kept = |(name, cell): (&String, &String)| {
        let prefix = schema.prefixes.iter().find(|prefix| name.starts_with(**prefix));
        prefix.map_or_else(|| name.clone(), |prefix| format!("{prefix}{}", cell.trim()[prefix.len()..].trim()))
    };
    names.iter().zip(cells).map(kept).collect()
}

/// Counts lines up to records, in one pass. The reader's own count names the blank line before a record.
struct Lines<'b> {
    bytes: &'b [u8],
    at: usize,
    line: usize,
}

impl Lines<'_> {
    fn of_record(&mut self, start: usize) -> usize {
        let mut end = start.min(self.bytes.len());
        end += self.bytes[end..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        while self.at < end {
            let newline = match self.bytes[self.at] {
                b'\n' => true,
                // An old line end of its own, unless a line feed follows.
                b'\r' => self.bytes.get(self.at + 1) != Some(&b'\n'),
                _ => false,
            };
            self.line += usize::from(newline);
            self.at += 1;
        }
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: Schema =
        Schema { known: &["email", "role"], required: &["email"], repeatable: &["role"], prefixes: &["label:"] };

    #[test]
    fn lines_are_counted_through_marks_blanks_and_quotes() {
        let text = "\u{feff}email,role\r\n\r\na,x\r\n,\r\n\"b\nc\",y\r\n\n\nd\r\n";
        let sheet = read(text.as_bytes(), Path::new("p.csv"), &SCHEMA);
        assert_eq!(sheet.problems, []);
        let seen: Vec<_> = sheet.rows.iter().map(|row| (row.line, row.get("email").unwrap())).collect();
        assert_eq!(seen, [(3, "a"), (5, "b\nc"), (9, "d")]);
    }

    #[test]
    fn a_quote_that_is_never_closed_is_refused_with_its_line() {
        for text in ["email,role\na,x\nb,\"y\nc,z\n", "email,role\na,x\nb,\"", "email,role\na,x\nb,\"y\"\"\nc,z"] {
            let told = read(text.as_bytes(), Path::new("p.csv"), &SCHEMA).problems;
            assert!(
                matches!(&told[..], [one] if one.line == 3 && one.message.contains("not closed")),
                "{text}: {told:?}"
            );
        }
        for text in ["email\n\"a\"\"b\"\n", "email\na\"b\n", "email\n\"a\nb\"\n\"\"\n", "email,role\n\"a\"b\",\"c\"\n"]
        {
            assert_eq!(read(text.as_bytes(), Path::new("p.csv"), &SCHEMA).problems, [], "{text}");
        }
    }

    #[test]
    fn a_header_that_could_be_misread_is_refused() {
        let told = |text: &str| {
            let sheet = read(text.as_bytes(), Path::new("p.csv"), &SCHEMA);
            CsvProblems::check(Path::new("p.csv"), sheet.problems).unwrap_err().to_string()
        };
        insta::assert_snapshot!(told("Email,rol,email,role,role,label:tier\n"), @r"
        2 problems in p.csv
        p.csv:1: unknown column `rol`
          hint: did you mean `role`?
        p.csv:1: email: the column stands here twice
          hint: keep one of them
        ");
        insta::assert_snapshot!(told("email;role\na;b\n"), @r"
        2 problems in p.csv
        p.csv:1: the column `email` is missing
          hint: the first line names the columns
        p.csv:1: unknown column `email;role`
          hint: separate columns by commas
        ");
        insta::assert_snapshot!(told("email\na,b\n"), @r"
        1 problem in p.csv
        p.csv:2: the line has 2 cells, the header 1
          hint: put a cell with a comma in it into double quotes
        ");
        insta::assert_snapshot!(told("\n\n"), @r"
        1 problem in p.csv
        p.csv:1: there is no header line
          hint: begin with a line of column names: email,role
        ");
    }
}
