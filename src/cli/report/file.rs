//! The file of one table: written row by row, hashed and counted as it is written.
//!
//! Owns the bytes of a table in each format, and which of them are its rows: a merged file is its own beginning, then the rows of each
//! workspace's file byte for byte, then its own end. The bytes are those of [`report::listing`](crate::report::listing).

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::domain::id::hex;
use crate::report::Cell;
use crate::report::cell::Column;
use crate::report::csv_row::csv_row;
use crate::report::listing::record;

/// Bytes that are gathered before they are hashed and written.
pub const BUFFER: usize = 64 * 1024;

/// The shape of the tables of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// RFC 4180, for spreadsheets.
    Csv,
    /// One record a line.
    Ndjson,
    /// One document.
    Json,
}

impl Shape {
    /// Returns the word, which is also the ending of its files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
            Self::Json => "json",
        }
    }

    /// Returns what a file begins with, before its first row.
    pub fn head(self, columns: &[Column], header: &Value) -> Vec<u8> {
        match self {
            Self::Csv => {
                let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
                format!("{}\r\n", names.join(",")).into_bytes()
            }
            Self::Ndjson => format!("{header}\n").into_bytes(),
            Self::Json => format!("{{\"header\":{header},\n\"rows\":[").into_bytes(),
        }
    }

    /// Returns what a file ends with, after its last row.
    pub fn tail(self, summary: &Value) -> Vec<u8> {
        match self {
            Self::Csv => Vec::new(),
            Self::Ndjson => format!("{summary}\n").into_bytes(),
            Self::Json => format!("\n],\n\"summary\":{summary}}}\n").into_bytes(),
        }
    }

    /// Returns what stands between the rows of one file and those of the next.
    pub fn between(self) -> &'static [u8] {
        if self == Self::Json { b"," } else { b"" }
    }
}

/// A file as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// How many bytes it has.
    pub bytes: u64,
    /// Their SHA-256, in hexadecimal digits.
    pub sha256: String,
}

/// The file of a table as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenTable {
    /// The file.
    #[serde(flatten)]
    pub file: Written,
    /// Its rows.
    pub rows: u64,
    /// Where its rows begin.
    pub from: u64,
    /// Where they end.
    pub to: u64,
}

/// A file that is hashed and counted as it is written.
#[derive(Debug)]
pub struct Hashing {
    file: File,
    hash: Sha256,
    bytes: u64,
}

impl Hashing {
    /// Makes a new file that its owner alone may read.
    pub fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        Ok(Self { file, hash: Sha256::new(), bytes: 0 })
    }

    /// Says what was written.
    pub fn end(self) -> Written {
        Written { bytes: self.bytes, sha256: hex(&self.hash.finalize()) }
    }
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Writes a whole file at once.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<Written> {
    let mut file = Hashing::create(path)?;
    file.write_all(bytes)?;
    Ok(file.end())
}

/// Writes a record into a new file, in lines that a person can read.
pub fn write_record(path: &Path, record: &impl Serialize) -> io::Result<Written> {
    let mut out = BufWriter::with_capacity(BUFFER, Hashing::create(path)?);
    serde_json::to_writer_pretty(&mut out, record)?;
    out.write_all(b"\n")?;
    Ok(out.into_inner().map_err(io::IntoInnerError::into_error)?.end())
}

/// Reads a file and hashes it.
pub fn hash(path: &Path) -> io::Result<Written> {
    let (mut file, mut hash, mut bytes) = (File::open(path)?, Sha256::new(), 0);
    let mut buffer = vec![0; BUFFER];
    loop {
        match io::Read::read(&mut file, &mut buffer)? {
            0 => return Ok(Written { bytes, sha256: hex(&hash.finalize()) }),
            read => {
                hash.update(&buffer[..read]);
                bytes += read as u64;
            }
        }
    }
}

/// A table that is being written.
pub struct TableFile {
    out: BufWriter<Hashing>,
    line: Vec<u8>,
    shape: Shape,
    kind: &'static str,
    columns: &'static [Column],
    rows: u64,
    from: u64,
}

impl std::fmt::Debug for TableFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TableFile").field("kind", &self.kind).field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl TableFile {
    /// Begins a new file.
    pub fn create(
        path: &Path,
        shape: Shape,
        kind: &'static str,
        columns: &'static [Column],
        header: &Value,
    ) -> io::Result<Self> {
        let mut file = Hashing::create(path)?;
        let head = shape.head(columns, header);
        file.write_all(&head)?;
        let out = BufWriter::with_capacity(BUFFER, file);
        Ok(Self { out, line: Vec::new(), shape, kind, columns, rows: 0, from: head.len() as u64 })
    }

    /// Writes one row.
    pub fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        debug_assert_eq!(cells.len(), self.columns.len(), "a row has a cell per column");
        match self.shape {
            Shape::Csv => {
                self.line.clear();
                csv_row(&mut self.line, cells);
                self.out.write_all(&self.line)?;
            }
            Shape::Ndjson | Shape::Json => {
                let record = record(self.kind, self.columns, cells);
                match (self.shape, self.rows) {
                    (Shape::Json, 0) => write!(self.out, "\n{record}")?,
                    (Shape::Json, _) => write!(self.out, ",\n{record}")?,
                    _ => writeln!(self.out, "{record}")?,
                }
            }
        }
        self.rows += 1;
        Ok(())
    }

    /// Returns how many rows were written.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Ends the file with its summary.
    pub fn end(self, summary: &Value) -> io::Result<WrittenTable> {
        let Self { out, shape, rows, from, .. } = self;
        let mut file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        let to = file.bytes;
        file.write_all(&shape.tail(summary))?;
        Ok(WrittenTable { file: file.end(), rows, from, to })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::report::listing::{Format, Listing};

    const COLUMNS: &[Column] = &[Column::shown("name"), Column::shown("count")];

    fn rows() -> Vec<[Cell<'static>; 2]> {
        vec![[Cell::text("=a, \"b\"\n"), Cell::Number(2)], [Cell::Nothing, Cell::Signed(-1)]]
    }

    #[test]
    fn a_table_has_the_bytes_of_a_listing_and_knows_where_its_rows_are() {
        let dir = tempfile::tempdir().unwrap();
        let (header, summary) = (json!({ "type": "header" }), json!({ "type": "summary" }));
        for (shape, format) in [(Shape::Csv, Format::Csv), (Shape::Ndjson, Format::Ndjson), (Shape::Json, Format::Json)]
        {
            for rows in [rows(), Vec::new()] {
                let mut listed = Vec::new();
                let mut listing = Listing::begin(&mut listed, format, "thing", COLUMNS, &header).unwrap();
                for row in &rows {
                    listing.row(row).unwrap();
                }
                listing.end(&summary).unwrap();
                let path = dir.path().join(format!("{}.{}", rows.len(), shape.as_str()));
                let mut table = TableFile::create(&path, shape, "thing", COLUMNS, &header).unwrap();
                for row in &rows {
                    table.row(row).unwrap();
                }
                let written = table.end(&summary).unwrap();
                let bytes = std::fs::read(&path).unwrap();
                assert_eq!(String::from_utf8_lossy(&bytes), String::from_utf8_lossy(&listed));
                assert_eq!(written.file, hash(&path).unwrap());
                assert_eq!((written.rows, written.file.bytes), (rows.len() as u64, bytes.len() as u64));
                let (from, to) = (usize::try_from(written.from).unwrap(), usize::try_from(written.to).unwrap());
                assert_eq!(bytes[..from], shape.head(COLUMNS, &header));
                assert_eq!(bytes[to..], shape.tail(&summary));
                assert_eq!(from == to, rows.is_empty());
            }
        }
    }
}
