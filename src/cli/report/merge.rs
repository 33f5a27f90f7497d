//! The merged tables: of each its own beginning, the rows of each workspace's file byte for byte and in config order, its own end.
//!
//! They grow while other workspaces are still read: a workspace's rows are added as soon as those of all before it are there, and what ended
//! early waits for its turn. Every file is hashed once more on the way: what changed since it was written is not merged. Where merging fails
//! the lanes go on all the same, for what they read is kept; it is said in the end.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::asked::Asked;
use super::file::{BUFFER, Hashing, Written, WrittenTable};
use super::kept::{self, Kept, Tables};
use super::lane::{header, unwritable};
use super::place::Staging;
use crate::domain::Table;
use crate::domain::id::hex;
use crate::report::Coverage;
use crate::report::bulk::summary as bulk;
use crate::report::bulk::{Facts, columns};
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

/// The workspaces that ended and are not merged yet. Whoever ends one says so here, and waits for nobody.
#[derive(Debug)]
pub struct Ended {
    places: BTreeMap<String, usize>,
    waiting: Mutex<BTreeMap<usize, Tables>>,
}

impl Ended {
    /// Knows the workspaces of a report, of which none ended.
    pub fn new(asked: &Asked) -> Self {
        let names = asked.workspaces.iter().map(|workspace| workspace.name.clone());
        Self { places: names.zip(0..).collect(), waiting: Mutex::default() }
    }

    /// Takes the files of a workspace that ended.
    pub fn add(&self, kept: &Kept) {
        let place = self.places.get(&kept.facts.workspace);
        debug_assert!(place.is_some(), "lanes are of the workspaces that are asked");
        if let Some(place) = place {
            let tables = kept.tables.clone();
            self.waiting().insert(*place, tables);
        }
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<usize, Tables>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The merged tables while they grow.
#[derive(Debug)]
pub struct Merging {
    staging: Arc<Staging>,
    asked: Arc<Asked>,
    ended: Arc<Ended>,
    growing: Vec<Growing>,
    /// Workspaces whose turn it was.
    begun: usize,
    /// Those of them whose rows are all there.
    merged: usize,
    /// Why no more are added.
    failed: Option<Trouble>,
    piece: Vec<u8>,
}

/// One of them.
#[derive(Debug)]
struct Growing {
    table: Table,
    path: PathBuf,
    out: BufWriter<Hashing>,
    rows: u64,
}

impl Merging {
    /// Begins every table.
    pub fn begin(staging: &Arc<Staging>, asked: &Arc<Asked>, ended: &Arc<Ended>) -> Result<Self, Trouble> {
        let growing = asked.tables().map(|table| {
            let path = staging.out().join(kept::table_name(asked, table));
            Growing::begin(asked, table, &path).map_err(|error| unwritable(&path, error))
        });
        Ok(Self {
            growing: growing.collect::<Result<_, _>>()?,
            staging: Arc::clone(staging),
            asked: Arc::clone(asked),
            ended: Arc::clone(ended),
            begun: 0,
            merged: 0,
            failed: None,
            piece: vec![0; PIECE],
        })
    }

    /// Adds the rows of all whose turn it is; no more of them once `stopped` says so, and none after one that failed.
    pub fn go_on(&mut self, stopped: impl Fn() -> bool) {
        while self.failed.is_none() && self.begun == self.merged && !stopped() {
            let Some(tables) = self.ended.waiting().remove(&self.begun) else { return };
            // A panic in between leaves the two apart, and no report comes of it.
            self.begun += 1;
            match self.add(self.merged, &tables) {
                Ok(()) => self.merged += 1,
                Err(trouble) => self.failed = Some(trouble),
            }
        }
    }

    fn add(&mut self, place: usize, tables: &Tables) -> Result<(), Trouble> {
        let workspace = &self.asked.workspaces[place].name;
        for growing in &mut self.growing {
            if let Some(written) = tables.get(&growing.table) {
                let path = kept::table_file(&self.staging, &self.asked, workspace, growing.table);
                growing.add(&path, written, self.asked.files.between(), &mut self.piece)?;
            }
        }
        Ok(())
    }

    /// Ends every table, once; none where it was stopped before.
    pub fn end(
        &mut self,
        facts: &[Facts],
        coverage: &Coverage,
        stopped: impl Fn() -> bool,
    ) -> Result<Option<Vec<Merged>>, Trouble> {
        self.go_on(&stopped);
        if let Some(trouble) = self.failed.take() {
            return Err(trouble);
        }
        if stopped() {
            return Ok(None);
        }
        let asked = &self.asked.workspaces;
        if let Some(next) = asked.get(self.merged) {
            let what = format!("{} of {} workspaces were merged, `{}` was not", self.merged, asked.len(), next.name);
            return Err(Trouble::new(Exit::Bug, what));
        }
        let growing = std::mem::take(&mut self.growing);
        growing.into_iter().map(|table| table.end(&self.asked, facts, coverage).map(Some)).collect()
    }
}

impl Growing {
    fn begin(asked: &Asked, table: Table, path: &Path) -> io::Result<Self> {
        let mut out = BufWriter::with_capacity(BUFFER, Hashing::create(path)?);
        out.write_all(&asked.files.head(columns(table), &header(asked, table)))?;
        Ok(Self { table, path: path.to_owned(), out, rows: 0 })
    }

    /// Adds the rows of one workspace's file.
    fn add(&mut self, path: &Path, written: &WrittenTable, between: &[u8], piece: &mut [u8]) -> Result<(), Trouble> {
        let failed = |error| unwritable(&self.path, error);
        if self.rows > 0 && written.rows > 0 {
            self.out.write_all(between).map_err(failed)?;
        }
        let digest = copy(path, (written.from, written.to), piece, &mut self.out).map_err(|error| match error {
            Broken::Reading(error) => changed(path).advise(error.to_string()),
            Broken::Writing(error) => failed(error),
        })?;
        if digest != written.file.sha256 {
            return Err(changed(path));
        }
        self.rows += written.rows;
        Ok(())
    }

    fn end(self, asked: &Asked, facts: &[Facts], coverage: &Coverage) -> Result<Merged, Trouble> {
        let Self { table, path, mut out, rows } = self;
        let failed = |error| unwritable(&path, error);
        let exact = bulk::rows(facts, table).exact;
        out.write_all(&asked.files.tail(&summary(rows, exact, coverage))).map_err(failed)?;
        let file = out.into_inner().map_err(|error| failed(error.into_error()))?.end();
        Ok(Merged { table, file, rows, exact })
    }
}
fn summary(rows: u64, exact: bool, coverage: &Coverage) -> Value {
    json!({ "type": "summary", "rows": { "count": rows, "exact": exact }, "coverage": coverage.record() })
}

/// Says that a table is not what was written.
pub fn changed(path: &Path) -> Trouble {
    let what = format!("`{}` is not what was written to it; the report is not put in its place", path.display());
    Trouble::new(Exit::Output, what)
}

enum Broken {
    Reading(io::Error),
    Writing(io::Error),
}

/// Copies the bytes of a file between two places, a piece at a time, and returns the hash of all of it.
fn copy(path: &Path, (from, to): (u64, u64), piece: &mut [u8], out: &mut impl io::Write) -> Result<String, Broken> {
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

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;
    use serde_json::json;

    use super::super::asked::AskedOf;
    use super::super::file::{Shape, TableFile};
    use super::super::place::Place;
    use super::*;
    use crate::domain::{Period, ReportKind};
    use crate::report::Cell;

    const TABLE: Table = Table::Lists;

    /// A report that is being made, in a folder of its own.
    struct Report {
        dir: tempfile::TempDir,
        staging: Arc<Staging>,
        asked: Arc<Asked>,
        ended: Arc<Ended>,
        merging: Merging,
    }

    impl Report {
        fn begin(files: Shape, workspaces: usize) -> Self {
            let dir = tempfile::tempdir().unwrap();
            let staging = Arc::new(Place::new(&dir.path().join("report")).unwrap().begin().unwrap());
            let asked = Arc::new(Asked {
                version: 1,
                keyholder: String::new(),
                begun: jiff::Timestamp::UNIX_EPOCH,
                kinds: [ReportKind::Lists].into(),
                period: Period::new("2026-11-19".parse().unwrap(), "2026-11-21".parse().unwrap()).unwrap(),
                files,
                workbook: false,
                selection: Value::Null,
                workspaces: (0..workspaces).map(|at| AskedOf { name: name(at), id: None }).collect(),
            });
            let ended = Arc::new(Ended::new(&asked));
            let merging = Merging::begin(&staging, &asked, &ended).unwrap();
            Self { dir, staging, asked, ended, merging }
        }

        fn file(&self, at: usize) -> PathBuf {
            kept::table_file(&self.staging, &self.asked, &name(at), TABLE)
        }

        fn table(&self, path: &Path, rows: impl IntoIterator<Item = String>, summary: &Value) -> WrittenTable {
            let (files, columns) = (self.asked.files, columns(TABLE));
            let header = header(&self.asked, TABLE);
            let mut table = TableFile::create(path, files, TABLE.as_str(), columns, &header).unwrap();
            for row in rows {
                table.row(&vec![Cell::text(row); columns.len()]).unwrap();
            }
            table.end(summary).unwrap()
        }

        /// Ends a workspace with so many rows; none where it could not be read.
        fn end(&self, at: usize, rows: Option<usize>) {
            let mut kept = Kept::of(Facts { workspace: name(at), ..Facts::default() });
            if let Some(rows) = rows {
                let path = self.file(at);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                let written = self.table(&path, texts(at, rows), &json!({ "of": at }));
                kept.tables.insert(TABLE, written);
            }
            self.ended.add(&kept);
        }

        fn merged(&mut self) -> Result<Option<Vec<Merged>>, Trouble> {
            self.merging.end(&[], &Coverage::default(), || false)
        }
    }

    fn name(at: usize) -> String {
        format!("client-{at}")
    }

    fn texts(at: usize, rows: usize) -> impl Iterator<Item = String> {
        (0..rows).map(move |row| format!("{at}, row {row}"))
    }

    fn shapes() -> impl Strategy<Value = Shape> {
        prop::sample::select(vec![Shape::Csv, Shape::Ndjson, Shape::Json])
    }

    fn fleets() -> impl Strategy<Value = Vec<(usize, Option<usize>)>> {
        prop::collection::vec(prop::option::weighted(0.8, 0..4_usize), 0..7)
            .prop_map(|lanes| lanes.into_iter().enumerate().collect::<Vec<_>>())
            .prop_shuffle()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn whichever_workspace_ends_first_the_rows_stand_in_config_order(
            shape in shapes(), lanes in fleets(), stops in any::<[bool; 7]>(),
        ) {
            let mut report = Report::begin(shape, lanes.len());
            for ((at, rows), goes_on) in lanes.iter().zip(stops) {
                report.end(*at, *rows);
                // The writer goes on after each that it wrote, and not after one that somebody else ended.
                if goes_on {
                    report.merging.go_on(|| false);
                }
            }
            let merged = report.merged().unwrap().unwrap();
            let mut lanes = lanes;
            lanes.sort_unstable();
            let rows = lanes.iter().flat_map(|(at, rows)| texts(*at, rows.unwrap_or_default()));
            let alone = report.dir.path().join("alone");
            let whole = report.table(&alone, rows, &summary(merged[0].rows, merged[0].exact, &Coverage::default()));
            prop_assert_eq!(merged.len(), 1);
            prop_assert_eq!((&merged[0].file, merged[0].rows), (&whole.file, whole.rows));
            let path = report.staging.out().join(kept::table_name(&report.asked, TABLE));
            prop_assert_eq!(fs::read(path).unwrap(), fs::read(alone).unwrap());
        }
    }

    #[test]
    fn a_file_that_is_not_what_was_written_ends_the_report() {
        let mut report = Report::begin(Shape::Csv, 3);
        report.end(0, Some(1));
        report.end(1, Some(2));
        report.end(2, Some(2));
        let mut bytes = fs::read(report.file(1)).unwrap();
        let last = bytes.len() - 3;
        bytes[last] = b'x';
        fs::write(report.file(1), bytes).unwrap();
        // Whose turn it is then is no longer merged, and whoever wrote it hears nothing of it.
        report.merging.go_on(|| false);
        assert_eq!(report.merging.merged, 1);
        let trouble = report.merged().unwrap_err();
        assert_eq!(trouble.exit, Exit::Output);
        let said = trouble.to_string();
        assert!(said.contains("workspaces/client-1/lists.csv` is not what was written to it"), "{said}");
    }

    #[test]
    fn a_workspace_that_never_ended_is_no_merged_table_and_a_stop_is_none_either() {
        let mut report = Report::begin(Shape::Csv, 2);
        report.end(1, Some(1));
        assert_eq!(report.merging.end(&[], &Coverage::default(), || true).unwrap(), None);
        let trouble = report.merged().unwrap_err();
        assert_eq!(
            (trouble.exit, trouble.to_string().as_str()),
            (Exit::Bug, "0 of 2 workspaces were merged, `client-0` was not")
        );
    }
}
