//! The register of keys: `keys.csv` beside `keyholder.toml`, what the agency knows of its clients' keys.
//!
//! Owns the file's form and how it is written: whole, and never over what somebody else wrote meanwhile. People keep it in spreadsheets, so
//! a cell that a spreadsheet would run is written with an apostrophe before it, which reading takes away again. It holds no secret: what looks
//! like a key is refused. A row about a workspace that is not in the fleet stays as it is.
//!
//! Which key a fingerprint belongs to may decide which key is deleted, and one column sorted without the others makes every row lie. So
//! keyholder writes a check over the cells that say it; where it does not fit, the row is a note like any other and tells no key apart.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use sha2::{Digest as _, Sha256};

use super::cells::{self, CsvProblem, CsvProblems, Row, Schema};
use super::problem::Problem;
use super::{smell, whole};
use crate::domain::fleet::Place;
use crate::domain::id::hex;
use crate::domain::{Fleet, KeyEntry, KeyId, Register, WorkspaceId, defused, undefused};
use crate::trouble::Advise;

/// The file's name in the root.
pub const FILE: &str = "keys.csv";

/// The columns, in the order they are written.
pub const COLUMNS: [&str; 10] =
    ["workspace", "workspace_id", "key_id", "name", "owner", "purpose", "stored", "rotate_by", "fingerprint", "check"];

const SCHEMA: Schema = Schema { known: &COLUMNS, required: &["workspace", "key_id"], repeatable: &[], prefixes: &[] };

/// The lock's name in the state folder.
const LOCK: &str = "keys.csv.lock";

/// Largest file that is read: fifty keys in each of ten thousand workspaces are about 80 MB.
const MOST_BYTES: u64 = 256 * 1024 * 1024;

/// How often the file is read anew because somebody wrote it while it was being changed.
const TRIES: usize = 5;

/// Why the register could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// It is not as it should be.
    #[error(transparent)]
    Bad(#[from] CsvProblems),
    /// It could not be read.
    #[error("the register `{FILE}` cannot be read")]
    Unreadable(#[source] io::Error),
    /// What was to be written could not be read again; it is as it was.
    #[error("what was to be written into the register `{FILE}` could not be read again, so it stays as it was")]
    Unfit(#[source] CsvProblems),
    /// It could not be written; it is as it was.
    #[error("the register `{FILE}` cannot be written")]
    Unwritable(#[source] io::Error),
    /// The lock on it could not be taken.
    #[error("the lock on the register, `{}`, cannot be taken", .path.display())]
    Locked {
        /// The lock's file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Somebody writes it all the time.
    #[error("the register `{FILE}` changed each time it was to be written")]
    Restless,
}

impl Advise for RegisterError {
    fn advice(&self) -> Vec<String> {
        match self {
            Self::Bad(problems) => problems.advice(),
            Self::Unfit(_) => {
                vec!["look for a name or a word that looks like an API key, and change it where it stands".to_owned()]
            }
            Self::Unreadable(_) | Self::Unwritable(_) => {
                vec!["it is a plain file in the root, of which you must be the owner".to_owned()]
            }
            Self::Locked { .. } => vec!["keep the root on a local disk that supports file locks".to_owned()],
            Self::Restless => vec!["close it in other programs and run the command again".to_owned()],
        }
    }
}

/// Reads the register of a root. Where there is none it is empty.
pub fn load(root: &Path) -> Result<Register, RegisterError> {
    let bytes = bytes(root).map_err(RegisterError::Unreadable)?;
    Ok(bytes.map_or_else(|| Ok(Register::default()), |bytes| parse(&bytes))?)
}

/// Reads the register of a root for its fleet; what is wrong is added to the problems of the other files.
pub(super) fn gather(root: &Path, problems: &mut Vec<Problem>) -> Register {
    let placed = |line, field: String, message, advice| {
        let place = Place { file: PathBuf::from(FILE), line, column: 1 };
        Problem { place, field, message, advice }
    };
    match load(root) {
        Ok(register) => return register,
        Err(RegisterError::Bad(bad)) => problems.extend(bad.as_slice().iter().map(|problem| {
            let CsvProblem { line, column, message, advice } = problem.clone();
            placed(line, column, message, advice)
        })),
        Err(RegisterError::Unreadable(error)) => {
            let message = format!("the file cannot be read: {}", super::why(&error));
            problems.push(placed(1, String::new(), message, Vec::new()));
        }
        Err(error) => problems.push(placed(1, String::new(), error.to_string(), error.advice())),
    }
    Register::default()
}

/// Returns the workspaces that rows are about and that are not in the fleet, by name: a row under a name that was changed or mistyped is
/// known to no command.
pub fn strangers(fleet: &Fleet) -> BTreeSet<&str> {
    let known: BTreeSet<&str> = fleet.workspaces.iter().map(|workspace| workspace.name.as_str()).collect();
    fleet.register.iter().map(|entry| entry.workspace.as_str()).filter(|name| !known.contains(name)).collect()
}

/// Changes the register as it stands in the root now, and writes it whole unless nothing changed. `change` is called again where somebody
/// else wrote the file meanwhile, so it must change rows by what it finds in them.
pub fn update<T>(
    fleet: &Fleet,
    state_dir: &Path,
    mut change: impl FnMut(&mut Register) -> T,
) -> Result<T, RegisterError> {
    let _lock = lock(state_dir)?;
    let root = &fleet.root;
    for _ in 0..TRIES {
        let before = bytes(root).map_err(RegisterError::Unreadable)?;
        let was = before.as_deref().map_or_else(|| Ok(Register::default()), parse)?;
        let mut register = was.clone();
        let changed = change(&mut register);
        if register == was {
            return Ok(changed);
        }
        let after = render(&register, fleet);
        // One cell that is refused when it is read would stop every command about keys from then on.
        parse(&after).map_err(RegisterError::Unfit)?;
        // A person with a spreadsheet asks for no lock: what was saved while we wrote is looked for just before.
        if bytes(root).map_err(RegisterError::Unreadable)? == before {
            put(&root.join(FILE), before.is_some(), &after).map_err(RegisterError::Unwritable)?;
            return Ok(changed);
        }
    }
    Err(RegisterError::Restless)
}

fn put(path: &Path, is_there: bool, bytes: &[u8]) -> io::Result<()> {
    if !is_there {
        return whole::create(path, bytes);
    }
    if !path.symlink_metadata()?.is_file() {
        return Err(io::Error::other("it is not a plain file"));
    }
    whole::replace(path, bytes)
}

fn bytes(root: &Path) -> io::Result<Option<Vec<u8>>> {
    let path = root.join(FILE);
    match path.metadata() {
        Ok(found) if !found.is_file() => Err(io::Error::other("it is not a regular file")),
        Ok(found) if found.size() > MOST_BYTES => Err(io::Error::other("it is too large to be a register")),
        Ok(_) => fs::read(path).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound && path.symlink_metadata().is_err() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Waits for the lock. Whoever has it reads and writes one file, and loses it with its process.
fn lock(state_dir: &Path) -> Result<File, RegisterError> {
    let path = state_dir.join(LOCK);
    let taken = || {
        match whole::create_private_folder(state_dir) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let no_follow = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(no_follow);
        let file = options.open(&path)?;
        file.lock()?;
        Ok(file)
    };
    taken().map_err(|source| RegisterError::Locked { path: path.clone(), source })
}

/// Reads a register's bytes; every bad line is told.
pub(super) fn parse(bytes: &[u8]) -> Result<Register, CsvProblems> {
    let source = Path::new(FILE);
    let sheet = cells::read(bytes, source, &SCHEMA);
    let mut problems = sheet.problems;
    let mut register = Register::default();
    let mut lines: BTreeMap<(String, KeyId), usize> = BTreeMap::new();
    for row in &sheet.rows {
        let Some(entry) = read_row(row, &mut problems) else { continue };
        let subject = (entry.workspace.clone(), entry.key.clone());
        if let Some(first) = lines.get(&subject) {
            let message = format!("this key of `{}` stands in line {first} already", tame(&entry.workspace));
            problems.push(row.problem("key_id", message, ["keep one of the two lines"]));
            continue;
        }
        lines.insert(subject, row.line);
        register.put(entry);
    }
    CsvProblems::check(source, problems).map(|()| register)
}

fn read_row(row: &Row, problems: &mut Vec<CsvProblem>) -> Option<KeyEntry> {
    let before = problems.len();
    let mut seen = BTreeSet::new();
    for (column, cell) in row.filled() {
        if !smell::find(cell).is_empty() && seen.insert(column) {
            let advice = ["take it out, and replace the key: whoever read this file has it"];
            problems.push(row.problem(column, "something here looks like an API key", advice));
        }
    }
    let text = |column: &str| row.get(column).map(bare).filter(|text| !text.is_empty());
    let mut required = |column: &'static str| {
        let found = text(column);
        if found.is_none() && row.has(column) {
            problems.push(row.problem(column, "the cell is empty", ["every line names a workspace and a key"]));
        }
        found
    };
    let (workspace, key_id) = (required("workspace"), required("key_id"));
    let mut parsed = |column: &str, what: &str, advice: &str, fits: bool| {
        if !fits {
            problems.push(row.problem(column, format!("this is not {what}"), [advice]));
        }
    };
    let key = key_id.and_then(|text| KeyId::parse(&text).ok());
    let as_shown = "copy it from `keyholder keys`";
    parsed("key_id", "the id of a key", as_shown, key.is_some() || row.get("key_id").is_none());
    let workspace_id = text("workspace_id").map(|text| WorkspaceId::parse(&text).ok());
    parsed("workspace_id", "the id of a workspace", as_shown, workspace_id != Some(None));
    let rotate_by = text("rotate_by").map(|text| date(&text));
    parsed("rotate_by", "a date", "write it like 2026-11-30", rotate_by != Some(None));
    let fingerprint = text("fingerprint");
    let fits = fingerprint.as_deref().is_none_or(is_fingerprint);
    parsed("fingerprint", "a fingerprint", "leave it to keyholder: `k:` and eight digits", fits);
    (problems.len() == before).then_some(())?;
    let mut entry = KeyEntry {
        workspace: workspace?,
        workspace_id: workspace_id.flatten(),
        key: key?,
        name: text("name").unwrap_or_default(),
        owner: text("owner"),
        purpose: text("purpose"),
        stored: text("stored"),
        rotate_by: rotate_by.flatten(),
        fingerprint,
        vouched: false,
    };
    entry.vouched = check(&entry).is_some_and(|check| row.get("check") == Some(&check));
    Some(entry)
}

/// Digits of a row's check.
const CHECK_DIGITS: usize = 8;

/// Returns the check over what a row says about which key is which; none where it does not say it.
fn check(entry: &KeyEntry) -> Option<String> {
    let (id, fingerprint) = (entry.workspace_id.as_ref()?, entry.fingerprint.as_ref()?);
    let name = tame(&entry.name);
    let mut all = Sha256::new();
    for cell in [id.as_str(), entry.key.as_str(), &name, fingerprint] {
        all.update(cell.len().to_be_bytes());
        all.update(cell.as_bytes());
    }
    // With a letter before it: a spreadsheet would make a number of some digits.
    Some(format!("c:{}", &hex(&all.finalize())[..CHECK_DIGITS]))
}

/// Tells whether a text that is meant for the register looks like a key; the register is no place for one.
pub fn is_no_place_for(text: &str) -> bool {
    smell::smells(text)
}

/// Reads a day. Only the one form: 11/12/2026 is two different days to two colleagues.
pub fn date(text: &str) -> Option<Date> {
    (text.len() == 10 && text.is_ascii()).then(|| text.parse().ok()).flatten()
}

fn is_fingerprint(text: &str) -> bool {
    text.strip_prefix("k:").is_some_and(|hex| hex.len() == 8 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Renders a register: rows of the fleet's workspaces in its order, the others behind them by name; in each by key id.
pub(super) fn render(register: &Register, fleet: &Fleet) -> Vec<u8> {
    let names: BTreeSet<&str> = fleet.workspaces.iter().map(|workspace| workspace.name.as_str()).collect();
    let ours = fleet.workspaces.iter().flat_map(|workspace| register.of_workspace(workspace.name.as_str()));
    let others = register.iter().filter(|entry| !names.contains(entry.workspace.as_str()));
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    // Writing to memory knows no errors.
    let mut line = |cells: [String; 10]| drop(writer.write_record(cells));
    line(COLUMNS.map(str::to_owned));
    for entry in ours.chain(others) {
        let check = check(entry).filter(|_| entry.vouched);
        let KeyEntry { workspace, workspace_id, key, name, owner, purpose, stored, rotate_by, fingerprint, vouched: _ } =
            entry;
        let text = |text: Option<&String>| text.map(|text| guarded(tame(text))).unwrap_or_default();
        line([
            text(Some(workspace)),
            workspace_id.as_ref().map(|id| guarded(id.to_string())).unwrap_or_default(),
            guarded(key.to_string()),
            text(Some(name)),
            text(owner.as_ref()),
            text(purpose.as_ref()),
            text(stored.as_ref()),
            rotate_by.map(|date| date.to_string()).unwrap_or_default(),
            text(fingerprint.as_ref()),
            check.unwrap_or_default(),
        ]);
    }
    writer.into_inner().unwrap_or_default()
}

/// Takes out the control characters that no cell needs, and the blanks around it.
fn tame(text: &str) -> String {
    let kept: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\t' | '\r' | '\n')).collect();
    kept.trim().to_owned()
}

/// Puts an apostrophe before a cell that a spreadsheet would run.
fn guarded(text: String) -> String {
    defused(text.into()).into_owned()
}

/// Takes the apostrophe away again.
fn bare(cell: &str) -> String {
    undefused(&tame(cell)).to_owned()
}

#[cfg(test)]
mod tests;
