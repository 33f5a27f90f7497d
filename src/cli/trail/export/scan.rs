//! Reading back what stands in a file of an export: which records, and up to where they are whole.
//!
//! An export that was cut leaves whole records behind what the ledger knows of, and perhaps the beginning of one. The whole ones are the
//! vendor's word and stay; the beginning goes.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::Path;

use super::form::Form;
use super::moment::{Moment, Month, Reader};

/// The longest record that is one of ours; the API's own answers are no larger.
const LONGEST: u64 = 32 * 1024 * 1024;

/// What was found in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scanned {
    /// Up to where it is whole.
    pub whole: u64,
    /// How long it is.
    pub length: u64,
    /// Whether what is behind that is no more than the beginning of a record, as a cut leaves it.
    pub torn: bool,
    /// Whether what is behind that is a whole record, of another workspace or month.
    pub strange: bool,
}

/// Whose records a file should hold.
#[derive(Debug, Clone, Copy)]
pub struct Whose<'a> {
    /// The form.
    pub form: Form,
    /// The workspace.
    pub workspace_id: &'a str,
    /// The month; none in the file of those whose moment cannot be read.
    pub month: Option<Month>,
}

/// Reads a file and hands on each record until something is none that the file should hold.
pub fn scan(path: &Path, of: Whose<'_>, mut take: impl FnMut(&str, Option<Moment>)) -> io::Result<Scanned> {
    let Whose { form, workspace_id, month } = of;
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut lines = BufReader::with_capacity(64 * 1024, file);
    let mut record = Vec::new();
    let workspace_id = form.id(workspace_id);
    let head = form.head();
    lines.by_ref().take(head.len() as u64).read_to_end(&mut record)?;
    if record != head.as_bytes() {
        return Ok(Scanned { whole: 0, length, torn: head.as_bytes().starts_with(&record), strange: false });
    }
    let mut whole = head.len() as u64;
    let mut clock = Reader::default();
    loop {
        record.clear();
        loop {
            let room = LONGEST.saturating_sub(record.len() as u64);
            if lines.by_ref().take(room).read_until(b'\n', &mut record)? == 0 || form.ends(&record) {
                break;
            }
        }
        let stored = form.read(&record);
        let readable = stored.is_some();
        let stored = stored.filter(|stored| stored.workspace_id == workspace_id);
        let moment = stored.as_ref().and_then(|stored| clock.read(&stored.at));
        let ours = stored.filter(|_| moment.map(|moment| moment.month) == month);
        let Some(stored) = ours else {
            let last = whole + record.len() as u64 == length;
            let torn = last && !(record.ends_with(b"\n") && form.ends(&record));
            return Ok(Scanned { whole, length, torn, strange: readable });
        };
        take(&stored.id, moment);
        whole += record.len() as u64;
    }
}
