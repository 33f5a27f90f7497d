//! Loading a root: every file is read, every problem is told, and only a root without any becomes a fleet.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::problem::{Problem, Problems};
use super::source::Source;
use super::{AGENCY_FILE, WORKSPACES, accounts, agency, cross, register, workspace};
use crate::domain::fleet::Place;
use crate::domain::{AccountPolicy, Fleet, Register};

/// The lists beside the files that a command cannot do without.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lists {
    /// The register of keys.
    pub register: bool,
    /// The list of the owners of sending accounts.
    pub owners: bool,
}

impl Lists {
    /// All of them.
    pub const ALL: Self = Self { register: true, owners: true };
}

/// Loads a root as [`load`] does, for a command that needs only some of the lists: what is wrong with another one is handed back beside a
/// fleet that knows of nothing in it. An accident in a spreadsheet must not keep anybody from taking a leaver's access away.
pub fn load_with(root: &Path, needed: Lists) -> Result<(Fleet, Lists, Option<Problems>), Problems> {
    let Gathered { agency, files, problems } = gather(root);
    let (mut fatal, mut beside) = (Vec::new(), Vec::new());
    let register = register::gather(root, if needed.register { &mut fatal } else { &mut beside });
    let mut unread = Lists { register: !beside.is_empty(), owners: false };
    let fleet = match fleet(root, agency, files, problems) {
        Ok(fleet) => fleet,
        Err(problems) => {
            fatal.extend_from_slice(problems.as_slice());
            return Err(Problems::of(fatal).unwrap_or(problems));
        }
    };
    let before = beside.len();
    let owners = accounts::gather(root, &fleet, if needed.owners { &mut fatal } else { &mut beside });
    unread.owners = beside.len() > before;
    if let Some(problems) = Problems::of(fatal) {
        return Err(problems);
    }
    let accounts = AccountPolicy { owners, ..fleet.accounts };
    Ok((Fleet { register, accounts, ..fleet }, unread, Problems::of(beside)))
}

/// Loads a root: `keyholder.toml`, `workspaces/*.toml` in the order of their names, `keys.csv` where it is there, and the list of owners
/// where one is named.
///
/// Strict: one bad file fails the whole load, so that nothing is silently missing from a run. Symbolic links below
/// `workspaces/` are refused: `pin` would replace them, and a client's file must not come from elsewhere unseen.
pub fn load(root: &Path) -> Result<Fleet, Problems> {
    load_with(root, Lists::ALL).map(|(fleet, _, _)| fleet)
}

/// What a root's files hold, and what could not be read.
pub(super) struct Gathered {
    pub(super) agency: Vec<u8>,
    pub(super) files: BTreeMap<PathBuf, Vec<u8>>,
    pub(super) problems: Vec<Problem>,
}

/// Reads a root's files.
pub(super) fn gather(root: &Path) -> Gathered {
    let mut problems = Vec::new();
    // Where it cannot be read that is told once, and the workspaces are judged by the defaults.
    let agency = read(root, Path::new(AGENCY_FILE), &mut problems).unwrap_or_else(|| b"version = 1".to_vec());
    let mut files = BTreeMap::new();
    for file in workspace_files(root, &mut problems) {
        if let Some(bytes) = read(root, &file, &mut problems) {
            files.insert(file, bytes);
        }
    }
    Gathered { agency, files, problems }
}

/// Makes a fleet of files' bytes, by their paths relative to the root; `problems` are those of reading them.
pub(super) fn fleet(
    root: &Path,
    agency: Vec<u8>,
    files: BTreeMap<PathBuf, Vec<u8>>,
    mut problems: Vec<Problem>,
) -> Result<Fleet, Problems> {
    if files.is_empty() && problems.is_empty() {
        let advice = "add one workspaces/NAME.toml a client, or take a list: `keyholder init --from clients.csv`";
        problems.push(whole_file(Path::new(WORKSPACES), "the folder holds no workspace", advice));
    }
    let agency = with_source(Path::new(AGENCY_FILE), agency, &mut problems, agency::read).unwrap_or_default();
    let mut drafts = Vec::with_capacity(files.len());
    for (file, bytes) in files {
        drafts.extend(with_source(&file, bytes, &mut problems, workspace::read).unwrap_or_default());
    }
    let workspaces = cross::join(drafts, &agency.defaults, &mut problems);
    let agency::Agency { name, colour, domains, defaults, guards, presets, key_policy, tags, accounts } = agency;
    match Problems::of(problems) {
        Some(problems) => Err(problems),
        None => Ok(Fleet {
            root: root.to_owned(),
            agency: name,
            colour,
            domains,
            defaults,
            guards,
            presets,
            key_policy,
            register: Register::default(),
            tags,
            accounts,
            workspaces,
        }),
    }
}

fn with_source<T>(
    file: &Path,
    bytes: Vec<u8>,
    problems: &mut Vec<Problem>,
    read: impl FnOnce(&Source) -> T,
) -> Option<T> {
    match Source::new(file, bytes) {
        Ok(source) => {
            let read = read(&source);
            problems.extend(source.finish());
            Some(read)
        }
        Err(problem) => {
            problems.push(*problem);
            None
        }
    }
}

fn whole_file(file: &Path, message: impl Into<String>, advice: &str) -> Problem {
    Problem {
        place: Place { file: file.to_owned(), line: 1, column: 1 },
        field: String::new(),
        message: message.into(),
        advice: if advice.is_empty() { Vec::new() } else { vec![advice.to_owned()] },
    }
}

/// Names the workspace files by their paths relative to the root, sorted.
fn workspace_files(root: &Path, problems: &mut Vec<Problem>) -> Vec<PathBuf> {
    let folder = Path::new(WORKSPACES);
    match root.join(folder).symlink_metadata() {
        Ok(found) if found.is_dir() => {}
        Ok(found) if found.is_symlink() => {
            let advice = "symbolic links are not followed here: move the folder itself into the root";
            problems.push(whole_file(folder, "`workspaces` is a symbolic link", advice));
            return Vec::new();
        }
        Ok(_) => {
            problems.push(whole_file(folder, "`workspaces` is not a folder", "it holds one TOML file per workspace"));
            return Vec::new();
        }
        Err(error) => {
            let advice = "make the folder; it holds one TOML file per workspace";
            problems.push(whole_file(folder, format!("the folder cannot be read: {}", super::why(&error)), advice));
            return Vec::new();
        }
    }
    match list(root, folder, problems) {
        Ok(files) => files,
        Err(error) => {
            problems.push(whole_file(folder, format!("the folder cannot be read: {}", super::why(&error)), ""));
            Vec::new()
        }
    }
}

fn list(root: &Path, folder: &Path, problems: &mut Vec<Problem>) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in root.join(folder).read_dir()? {
        let entry = entry?;
        let name = entry.file_name();
        let file = folder.join(&name);
        let extension = file.extension().unwrap_or_default();
        // Dot files are editors' locks and backups, not workspaces.
        if name.as_encoded_bytes().starts_with(b".") || !extension.eq_ignore_ascii_case("toml") {
            continue;
        }
        let kind = entry.file_type()?;
        if extension != "toml" {
            problems.push(whole_file(&file, "the file's ending is not `.toml` in lower case", "rename it"));
        } else if name.to_str().is_none() {
            problems.push(whole_file(&file, "the file's name is not UTF-8", "rename it"));
        } else if kind.is_symlink() {
            let advice = "put the file itself here: `pin` writes into it, and what it links to is not checked";
            problems.push(whole_file(&file, "this is a symbolic link", advice));
        } else if kind.is_file() {
            files.push(file);
        } else {
            problems.push(whole_file(&file, "this is not a file", "only files with workspaces end in `.toml` here"));
        }
    }
    files.sort();
    Ok(files)
}

fn read(root: &Path, file: &Path, problems: &mut Vec<Problem>) -> Option<Vec<u8>> {
    let path = root.join(file);
    let regular = path.metadata().map(|found| found.is_file());
    let read = match regular {
        // Asked first: opening a pipe would wait for ever.
        Ok(false) => {
            problems.push(whole_file(file, "this is not a regular file", ""));
            return None;
        }
        Ok(true) => std::fs::read(path),
        Err(error) => Err(error),
    };
    match read {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            problems.push(whole_file(file, format!("the file cannot be read: {}", super::why(&error)), ""));
            None
        }
    }
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
