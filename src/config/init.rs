//! Starting a root: a commented starter, or an agency's whole list of clients at once.
//!
//! Never overwrites anything: what exists is listed, and nothing is written then. A failure midway removes what was made.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::load::Gathered;
use super::{AGENCY_FILE, CsvProblems, Problems, SECRETS, WORKSPACES, clients, load, whole};
use crate::trouble::Advise;

pub use super::clients::COLUMNS as CLIENT_COLUMNS;

/// What must never enter a repository.
const IGNORED: [&str; 2] = ["secrets/", ".keyholder/"];

/// The starter's `keyholder.toml`.
const AGENCY: &str = r##"# keyholder: one agency, many client workspaces. This folder is the root.
# Every client has a file in workspaces/. `keyholder check` tests all of it and writes nothing.
version = 1

[agency]
# name = "Northwind Outreach"
# domains = ["northwind.example"]      # addresses outside these count as external
# colour = "#0b57a4"                   # of the pages that reports make for your clients

[defaults]
base_url = "https://api.instantly.ai"
mode = "observe"                       # off < observe < add-only < manage; a workspace may set its own
share = 0.5                            # of the published limit: 100 requests/s and 6,000/min per workspace
timeout = "30s"                        # of one request
settle = "60s"                         # wait before an ambiguous creation is judged; at least twice the timeout
deadline = "1h"                        # of a run

[guards]
# protected = ["founder@northwind.example"]    # people no command may touch
min_admins = 1                         # accepted admins that must remain in a workspace
max_removals = { per_workspace = 3, per_run = 50, per_day = 100 }
max_failures = "10%"                   # of the lanes; above it no new workspace is begun

# What you ask of your clients' API keys, for `keyholder keys audit` (`keyholder help keys`):
# [key_policy]
# max_age = "180d"
# max_idle = "90d"
# naming = '^[a-z0-9-]+ — .+$'         # a regular expression every name must match
# commands = ["members", "keys audit"] # what keyholder is used for; its own keys need be no wider
# [[key_policy.accept]]                # a finding that was looked at, until a day
# code = "wildcard-scope"
# workspace = "example"
# key = "zapier"
# reason = "the vendor's connector asks for it"
# until = "2027-03-31"

# Onboarding templates, beside the built-in admin, manager, sdr and viewer (`keyholder help access`):
# [presets.inbox-only]
# role = "editor"
# permissions = ["unibox.all"]
"##;

/// The starter's example workspace.
const EXAMPLE: &str = r#"# One client workspace. Copy this file for each client, or take a list: keyholder init --from clients.csv
name = "example"                       # unique; used on the command line and in reports

# The key by reference, never the key itself. Create it in the vendor's app (Settings, Integrations, API), then:
#   (umask 077; cat > secrets/example.key)      paste the key, Enter, Ctrl-D
key = { file = "secrets/example.key" }
# key = { env = "EXAMPLE_INSTANTLY_KEY" }
# key = { command = ["op", "read", "op://Agency/Example/key"] }

mode = "observe"                       # reads only; "manage" once `keyholder check` is green and `keyholder pin` wrote the id
labels = { tier = "standard" }         # for selections: -l tier=standard
# display_name = "Example Ltd"
"#;

/// Why a root could not be started. Nothing was left behind.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// Some of the files are there already.
    #[error("these exist already and are not overwritten: {}", list(.0))]
    Exists(Vec<PathBuf>),
    /// The list of clients has problems.
    #[error(transparent)]
    Clients(#[from] CsvProblems),
    /// The root that is there, or the one that would come of it, does not load.
    #[error("the root would not load")]
    Root(#[source] Problems),
    /// A file or folder could not be made.
    #[error("`{}` could not be made", .path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

impl Advise for InitError {
    fn advice(&self) -> Vec<String> {
        match self {
            Self::Exists(paths) if paths.iter().any(|path| path.ends_with(AGENCY_FILE)) => {
                vec!["this is a root already; add clients with `keyholder init --from clients.csv`".into()]
            }
            Self::Exists(paths) if paths.iter().all(|path| path.ends_with(".gitignore")) => {
                vec![format!("add these lines to it and run init again: {}", IGNORED.join(" and "))]
            }
            Self::Exists(_) => vec!["start in an empty folder, or move them away".into()],
            Self::Clients(problems) => problems.advice(),
            Self::Root(_) => vec!["nothing was written; run `keyholder check`".into()],
            Self::Io { .. } => vec!["what was made before was removed again".into()],
        }
    }
}

/// Starts a root with a commented `keyholder.toml`, an example workspace, a `.gitignore` and an empty `secrets/` (0700).
/// Returns what it made.
pub fn starter(dir: &Path) -> Result<Vec<PathBuf>, InitError> {
    let mut new = base(dir);
    new.push((dir.join(WORKSPACES).join("example.toml"), EXAMPLE.to_owned()));
    create(dir, new)
}

/// Takes a list of clients (see [`CLIENT_COLUMNS`]) into a root, which is started where there is none. One file a client.
/// Returns what it made. `source` is the list as the user named it.
pub fn from_clients(dir: &Path, csv: &[u8], source: &Path) -> Result<Vec<PathBuf>, InitError> {
    let is_root = dir.join(AGENCY_FILE).symlink_metadata().is_ok();
    let none = Gathered { agency: AGENCY.into(), files: BTreeMap::new(), problems: Vec::new() };
    let Gathered { agency, mut files, problems } = if is_root { load::gather(dir) } else { none };
    let existing = if files.is_empty() && problems.is_empty() {
        Vec::new()
    } else {
        load::fleet(dir, agency.clone(), files.clone(), problems).map_err(InitError::Root)?.workspaces
    };
    let clients = clients::files(csv, source, &existing)?;
    // A last look with the loader's own eyes, in memory, at the root as it would be: what is written is what loads.
    files.extend(clients.iter().map(|(file, text)| (file.clone(), text.clone().into_bytes())));
    load::fleet(dir, agency, files, Vec::new()).map_err(InitError::Root)?;
    let mut new = if is_root { Vec::new() } else { base(dir) };
    new.extend(clients.into_iter().map(|(file, text)| (dir.join(file), text)));
    create(dir, new)
}

/// The files of every new root.
fn base(dir: &Path) -> Vec<(PathBuf, String)> {
    let mut files = vec![(dir.join(AGENCY_FILE), AGENCY.to_owned())];
    let ignore = dir.join(".gitignore");
    let there = fs::read_to_string(&ignore).unwrap_or_default();
    let covered = IGNORED.iter().all(|line| there.lines().any(|l| l.trim().trim_start_matches('/') == *line));
    if !covered {
        files
            .push((ignore, format!("# keys and keyholder's own state stay on this machine\n{}\n", IGNORED.join("\n"))));
    }
    files
}

/// Makes the files and the folders they need, or nothing.
fn create(dir: &Path, files: Vec<(PathBuf, String)>) -> Result<Vec<PathBuf>, InitError> {
    let there: Vec<PathBuf> =
        files.iter().map(|(path, _)| path).filter(|path| path.symlink_metadata().is_ok()).cloned().collect();
    if !there.is_empty() {
        return Err(InitError::Exists(there));
    }
    let mut made = Made::default();
    for folder in [dir.to_owned(), dir.join(WORKSPACES), dir.join(SECRETS)] {
        made.folder(&folder)?;
    }
    for (path, text) in files {
        made.file(path, &text)?;
    }
    Ok(made.keep())
}

/// What was made so far; dropped before `keep`, it is removed again, newest first.
#[derive(Debug, Default)]
struct Made {
    paths: Vec<PathBuf>,
}

impl Made {
    fn folder(&mut self, path: &Path) -> Result<(), InitError> {
        if path.is_dir() {
            return Ok(());
        }
        let make = if path.ends_with(SECRETS) { whole::create_private_folder(path) } else { fs::create_dir(path) };
        make.map_err(|source| InitError::Io { path: path.to_owned(), source })?;
        self.paths.push(path.to_owned());
        Ok(())
    }

    fn file(&mut self, path: PathBuf, text: &str) -> Result<(), InitError> {
        match whole::create(&path, text.as_bytes()) {
            Ok(()) => {
                self.paths.push(path);
                Ok(())
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(InitError::Exists(vec![path])),
            Err(source) => Err(InitError::Io { path, source }),
        }
    }

    fn keep(mut self) -> Vec<PathBuf> {
        std::mem::take(&mut self.paths)
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        for path in self.paths.iter().rev() {
            // A folder somebody put something into meanwhile stays, which is right.
            let removed = if path.is_dir() { fs::remove_dir(path) } else { fs::remove_file(path) };
            drop(removed);
        }
    }
}

#[cfg(test)]
mod tests;
