//! The folder of an export: ours alone while we write to it, known to the ledger, of one form.
//!
//! ```text
//! DIR/export.json                     which export this is, and what it holds: appears whole
//! DIR/workspaces/acme/2026-11.csv     the records of one month of one workspace, appended to
//! ```

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::form::Form;
use super::store::private_folder;
use crate::cli::held_folder;
use crate::cli::session::{self, Session};
use crate::config::whole;
use crate::journal::Ledger;
use crate::report::cell::printable;
use crate::trouble::{Exit, Trouble};

/// The file that makes a folder an export.
const FILE: &str = "export.json";
/// What it says it is.
const WHAT: &str = "keyholder trail export";
/// The version of what stands in the files: columns and layout.
const VERSION: u64 = 1;

/// The folder, locked for as long as this is kept.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    id: String,
    form: Form,
    _lock: File,
}

impl Folder {
    /// Opens the folder, or makes it where nothing is yet. What is there and is no export of this ledger is left alone.
    pub async fn open(session: &Session<'_>, ledger: &Ledger, out: &Path, form: Option<Form>) -> Result<Self, Trouble> {
        let path = session.door.path(out);
        check(&path)?;
        // Two runs may be making it at once; the lock decides.
        private_folder(&path).map_err(|error| unusable(&path, error))?;
        let lock = lock(&path)?;
        let folder = match fs::symlink_metadata(path.join(FILE)) {
            Ok(_) => Self::known(ledger, path, form, lock).await?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Self::begin(session, ledger, path, form.unwrap_or(Form::Csv), lock).await?
            }
            Err(error) => return Err(unusable(&path, error)),
        };
        let workspaces = folder.workspaces();
        private_folder(&workspaces).map_err(|error| unusable(&workspaces, error))?;
        Ok(folder)
    }

    async fn known(ledger: &Ledger, path: PathBuf, form: Option<Form>, lock: File) -> Result<Self, Trouble> {
        let (id, said) = read(&path)?;
        let shown = path.display();
        let known = ledger.export_format(&id).await.map_err(|error| Trouble::advised(Exit::Output, error))?;
        if known.as_deref() != Some(said.as_str()) {
            let what = format!(
                "`{shown}` is an export of another root, or the ledger that knew it was lost; nothing was sent"
            );
            return Err(Trouble::new(Exit::Config, what)
                .advise("name another folder with --out: what is in this one stays as it is"));
        }
        if let Some(form) = form.filter(|form| *form != said) {
            let what =
                format!("`{shown}` holds {}, and {} was asked for; nothing was sent", said.as_str(), form.as_str());
            return Err(Trouble::new(Exit::Config, what)
                .advise(format!("go on with --format {}, or name another folder with --out", said.as_str())));
        }
        Ok(Self { path, id, form: said, _lock: lock })
    }

    async fn begin(
        session: &Session<'_>,
        ledger: &Ledger,
        path: PathBuf,
        form: Form,
        lock: File,
    ) -> Result<Self, Trouble> {
        let entries: io::Result<Vec<_>> = fs::read_dir(&path).and_then(Iterator::collect);
        let entries = entries.map_err(|error| unusable(&path, error))?;
        // An export that was killed while it wrote what it is has begun nothing.
        if entries.iter().any(|entry| !whole::is_left_of(&entry.file_name(), FILE)) {
            let what = format!("`{}` holds something else than an export; nothing was sent", path.display());
            return Err(Trouble::new(Exit::Config, what).advise("name an empty folder, or one that does not exist yet"));
        }
        let door = session.door;
        let seed = json!([path.display().to_string(), door.clock.now().to_string(), door.env.seed, std::process::id()]);
        let digest = Sha256::digest(seed.to_string().as_bytes());
        let id = crate::domain::id::hex(&digest[..16]);
        // The ledger first: a folder that says it is an export is known.
        let begun = ledger.begin_export(&id, form.as_str()).await;
        begun.map_err(|error| Trouble::advised(Exit::Output, error))?;
        let folder = Self { path, id, form, _lock: lock };
        folder.say(json!({})).map_err(|error| unusable(&folder.path, error))?;
        Ok(folder)
    }

    /// Returns its id, by which the ledger knows it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the form of its files.
    pub fn form(&self) -> Form {
        self.form
    }

    /// Returns the folder of the workspaces.
    pub fn workspaces(&self) -> PathBuf {
        self.path.join("workspaces")
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes what it is and holds.
    pub fn say(&self, holds: Value) -> io::Result<()> {
        let mut said = json!({ "what": WHAT, "version": VERSION, "id": self.id, "format": self.form.as_str() });
        if let (Value::Object(said), Value::Object(holds)) = (&mut said, holds) {
            said.extend(holds);
        }
        let text = serde_json::to_string_pretty(&said).map_err(io::Error::other)?;
        whole::put(&self.path.join(FILE), format!("{text}\n").as_bytes())
    }
}

/// Refuses what can be no folder of an export.
fn check(path: &Path) -> Result<(), Trouble> {
    let refused = |what: &str| {
        Trouble::new(Exit::Usage, format!("`{}` {what} (--out); nothing was sent", path.display()))
            .advise("name the folder of an export, or one that does not exist yet, in one that does")
    };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            if parent.is_dir() { Ok(()) } else { Err(refused("is to be in a folder that does not exist")) }
        }
        Err(error) => Err(unusable(path, error)),
        Ok(found) if found.is_symlink() => Err(refused("is a symbolic link")),
        Ok(found) if !found.is_dir() => Err(refused("is not a folder")),
        Ok(_) => Ok(()),
    }
}

/// Reads which export a folder is, and its form.
fn read(path: &Path) -> Result<(String, Form), Trouble> {
    let file = path.join(FILE);
    let strange = |why: &str| {
        Trouble::new(Exit::Config, format!("`{}` {why}; nothing was sent", file.display()))
            .advise("name another folder with --out: what is in this one stays as it is")
    };
    let is_plain = file.symlink_metadata().is_ok_and(|found| found.is_file());
    let bytes = if is_plain { session::read_bounded(&file).ok() } else { None };
    let said = bytes.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    let said = said.filter(|said| said["what"] == WHAT).ok_or_else(|| strange("is not what an export of ours says"))?;
    if said["version"].as_u64() != Some(VERSION) {
        let version = printable(&said["version"].to_string());
        return Err(strange(&format!("is of version {version}, and this keyholder writes version {VERSION}")));
    }
    let form = said["format"].as_str().and_then(Form::parse);
    match (said["id"].as_str(), form) {
        (Some(id), Some(form)) => Ok((id.to_owned(), form)),
        _ => Err(strange("does not say which export this is")),
    }
}

/// Locks the folder itself: the lock dies with its holder, and leaves nothing behind.
fn lock(path: &Path) -> Result<File, Trouble> {
    let taken = || {
        let what = format!("another export is writing to `{}`; nothing was sent", path.display());
        Trouble::new(Exit::TryLater, what).advise("wait for it to end: both would add the same records")
    };
    held_folder::hold(path).map_err(|error| match error {
        TryLockError::WouldBlock => taken(),
        TryLockError::Error(error) => unusable(path, error),
    })
}

fn unusable(path: &Path, error: io::Error) -> Trouble {
    Trouble::because(Exit::Output, format!("`{}` cannot be used; nothing was sent", path.display()), error)
        .advise("name a folder, with --out, in one that exists and that you can write to")
}
