//! One table of all workspaces: its own beginning, the rows of each workspace's file byte for byte and in config order, its own end.
//!
//! Every file is hashed once more on the way: what changed since it was written is not merged.

use std::fs::File;
use std::io::{self, BufWriter, Read as _, Write as _};
use std::panic;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::file::{Hashing, Written};
use super::finish::Whole;
use super::kept;
use super::lane::{header, unwritable};
use crate::domain::Table;
use crate::domain::id::hex;
use crate::report::Coverage;
use crate::report::bulk::columns;
use crate::report::bulk::summary as bulk;
use crate::run::Stop;
use crate::trouble::{Exit, Trouble};

/// Bytes that are copied at a time.
const PIECE: usize = 256 * 1024;

/// One merged table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The table.
    pub table: Table,
    /// Its file.
    pub file: Written,
    /// Its rows.
    pub rows: u64,
    /// Whether there may be more.
    pub exact: bool,
}

/// Merges every table on a thread of its own; none where somebody wants it to end first. If the caller stops waiting it goes on until then.
pub async fn beside(whole: &Arc<Whole>, stop: &Stop) -> Result<Option<Vec<Merged>>, Trouble> {
    let (whole, stop) = (Arc::clone(whole), stop.clone());
    let merging = tokio::task::spawn_blocking(move || {
        whole.asked.tables().map(|table| merge(&whole, table, || stop.is_draining())).collect()
    });
    merging.await.unwrap_or_else(|ended| match ended.try_into_panic() {
        Ok(panicked) => panic::resume_unwind(panicked),
        Err(ended) => Err(Trouble::new(Exit::Output, ended)),
    })
}

/// Merges one table of the lanes, in config order; none where `stopped` says so before a lane.
fn merge(whole: &Whole, table: Table, stopped: impl Fn() -> bool) -> Result<Option<Merged>, Trouble> {
    let Whole { staging, asked, facts, tables, coverage, .. } = whole;
    let target = staging.out().join(kept::table_name(asked, table));
    let failed = |error| unwritable(&target, error);
    let mut out = BufWriter::with_capacity(PIECE, Hashing::create(&target).map_err(failed)?);
    out.write_all(&asked.files.head(columns(table), &header(asked, table))).map_err(failed)?;
    let (mut rows, mut piece) = (0, vec![0; PIECE]);
    for (facts, tables) in facts.iter().zip(tables) {
        if stopped() {
            return Ok(None);
        }
        let Some(written) = tables.get(&table) else { continue };
        let path = kept::table_file(staging, asked, &facts.workspace, table);
        if rows > 0 && written.rows > 0 {
            out.write_all(asked.files.between()).map_err(failed)?;
        }
        let digest = copy(&path, (written.from, written.to), &mut piece, &mut out).map_err(|error| match error {
            Broken::Reading(error) => changed(&path).advise(error.to_string()),
            Broken::Writing(error) => failed(error),
        })?;
        if digest != written.file.sha256 {
            return Err(changed(&path));
        }
        rows += written.rows;
    }
    let exact = bulk::rows(facts, table).exact;
    out.write_all(&asked.files.tail(&summary(rows, exact, coverage))).map_err(failed)?;
    let file = out.into_inner().map_err(|error| failed(error.into_error()))?.end();
    Ok(Some(Merged { table, file, rows, exact }))
}

fn summary(rows: u64, exact: bool, coverage: &Coverage) -> Value {
    json!({ "type": "summary", "rows": { "count": rows, "exact": exact }, "coverage": coverage.record() })
}

fn changed(path: &Path) -> Trouble {
    let what = format!("`{}` is not what was written to it; the report is not put in its place", path.display());
    Trouble::new(Exit::Output, what)
}

enum Broken {
    Reading(io::Error),
    Writing(io::Error),
}

/// Copies the bytes of a file between two places, a piece at a time, and returns the hash of all of it.
fn copy(path: &PathBuf, (from, to): (u64, u64), piece: &mut [u8], out: &mut impl io::Write) -> Result<String, Broken> {
    let mut file = File::open(path).map_err(Broken::Reading)?;
    let (mut hash, mut at) = (Sha256::new(), 0_u64);
    loop {
        let read = file.read(piece).map_err(Broken::Reading)?;
        if read == 0 {
            return Ok(hex(&hash.finalize()));
        }
        hash.update(&piece[..read]);
        let within = |place: u64| usize::try_from(place.saturating_sub(at)).unwrap_or(usize::MAX).min(read);
        out.write_all(&piece[within(from)..within(to)]).map_err(Broken::Writing)?;
        at += read as u64;
    }
}
