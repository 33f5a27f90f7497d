//! Where a key just made is kept: beside and then in place of the configured key file, with a store command, or in a folder of its own.
//!
//! Owns how a secret reaches a disk or a program: never as an argument, never in the environment, never in an error. The key a reference leads
//! to is replaced in two moves, so that there is a working one at every instant: the new one is written aside and synced, then renamed over
//! the old one. It knows neither why a key is made nor when the old one goes.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use secrecy::zeroize::Zeroizing;
use sha2::{Digest as _, Sha256};

use super::command::{self, TIME_LIMIT, Unfed};
use super::file;
use crate::clock::Clock;
use crate::config::{whole, why};
use crate::domain::fleet::Reach;
use crate::domain::id::hex;
use crate::domain::{ApiKey, Fleet, KeyRef, Workspace, WorkspaceName};

/// What stands behind the name of a key file in the name of the file that is written aside.
pub const ASIDE: &str = ".keyholder-new";

/// Why a secret was not stored. Never quotes it, nor what a store command printed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct NotStored {
    /// Whether the place surely holds what it held before.
    pub surely: bool,
    /// Why, and what to do about it.
    pub why: String,
}

impl NotStored {
    fn surely(why: impl Into<String>) -> Self {
        Self { surely: true, why: why.into() }
    }
}

/// Where the key of a workspace is kept, as far as keyholder can write there.
#[derive(Clone, PartialEq, Eq)]
pub enum Store {
    /// A key file, as the reference has it; relative to the root.
    File(PathBuf),
    /// A store command.
    Command(Vec<String>),
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file {}", path.display()),
            // The arguments stay out: somebody will have put a secret there. A digest of them tells two places of one program apart.
            Self::Command(words) => {
                let program = words.first().map_or("", String::as_str);
                write!(f, "the store of command {program} ({})", digest(words))
            }
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Digits of the digest of a store command's words.
const DIGEST_DIGITS: usize = 8;

fn digest(words: &[String]) -> String {
    let mut all = Sha256::new();
    for word in words {
        // With its length before it, so that moving a blank from one word to the next is seen.
        all.update(word.len().to_be_bytes());
        all.update(word.as_bytes());
    }
    hex(&all.finalize())[..DIGEST_DIGITS].to_owned()
}

impl Store {
    /// Returns where the key of a workspace is kept, or why keyholder cannot keep another there and what to do.
    pub fn of(workspace: &Workspace) -> Result<Self, String> {
        match (&workspace.reach, &workspace.store) {
            (Reach::Own(KeyRef::File(path)), _) => Ok(Self::File(path.clone())),
            (Reach::Own(KeyRef::Command(_)), Some(words)) => Ok(Self::Command(words.clone())),
            (Reach::Own(KeyRef::Command(_)), None) => {
                Err("its key command only reads; add `store = […]` beside `command`, a program \
                 that keeps the key it reads on its standard input"
                    .to_owned())
            }
            (Reach::Own(KeyRef::Env(name)), _) => Err(format!(
                "its key is in variable {name}, which keyholder cannot set; name it by a file, or by a command with `store = […]`"
            )),
            (Reach::Via(admin), _) => {
                Err(format!("it is reached via `{admin}` and has no key of its own; rotate the key of `{admin}`"))
            }
        }
    }
}

/// Which of a fleet's keys can be stored anew, as far as that can be told before anything is sent.
#[derive(Debug)]
pub struct Stores<'f> {
    fleet: &'f Fleet,
    users: HashMap<Landing<'f>, Vec<&'f WorkspaceName>>,
}

/// What a reference leads to in the end; two workspaces that lead to the same would overwrite each other's key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Landing<'f> {
    File(u64, u64),
    Read(&'f [String]),
    Store(&'f [String]),
}

fn landings<'f>(fleet: &Fleet, workspace: &'f Workspace) -> Vec<Landing<'f>> {
    let mut landings: Vec<Landing<'f>> = workspace.store.as_deref().map(Landing::Store).into_iter().collect();
    match &workspace.reach {
        Reach::Own(KeyRef::File(path)) => {
            let found = fleet.root.join(path).metadata();
            landings.extend(found.ok().map(|found| Landing::File(found.dev(), found.ino())));
        }
        Reach::Own(KeyRef::Command(words)) => landings.push(Landing::Read(words)),
        Reach::Own(KeyRef::Env(_)) | Reach::Via(_) => {}
    }
    landings
}

impl<'f> Stores<'f> {
    /// Looks where the references of all workspaces lead.
    pub fn of(fleet: &'f Fleet) -> Self {
        let mut users: HashMap<Landing<'f>, Vec<&'f WorkspaceName>> = HashMap::new();
        for workspace in &fleet.workspaces {
            for landing in landings(fleet, workspace) {
                users.entry(landing).or_default().push(&workspace.name);
            }
        }
        Self { fleet, users }
    }

    /// Returns the reference in words where another key can be kept there; else why not and what to do. Sends and changes nothing.
    pub fn can_store(&self, workspace: &Workspace) -> Result<String, String> {
        let store = Store::of(workspace)?;
        for landing in landings(self.fleet, workspace) {
            let other = self.users.get(&landing).into_iter().flatten().find(|name| ***name != workspace.name);
            if let Some(other) = other {
                return Err(format!("its key and that of `{other}` lead to one place; give each a place of its own"));
            }
        }
        if let Store::File(path) = &store {
            let refused = |why: &str, advice: &str| Err(format!("key file `{}` {why}; {advice}", path.display()));
            let target = match Target::of(&self.fleet.root, path) {
                Ok(target) => target,
                Err(error) => return refused(&format!("cannot be had: {}", why(&error)), "run `keyholder check`"),
            };
            if target.found.uid() != rustix::process::geteuid().as_raw() {
                return refused("belongs to another user", "run this as its owner");
            }
            if target.found.nlink() > 1 {
                return refused("has a second name (a hard link) that would keep the old key", "take one of them away");
            }
            let access = rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
            let flags = rustix::fs::AtFlags::EACCESS;
            if rustix::fs::accessat(rustix::fs::CWD, target.folder(), access, flags).is_err() {
                return refused("lies in a folder that cannot be written to", "make the folder yours: chmod u+wx");
            }
        }
        Ok(store.to_string())
    }
}

/// The file a reference really leads to.
struct Target {
    path: PathBuf,
    found: Metadata,
}

impl Target {
    fn of(root: &Path, path: &Path) -> io::Result<Self> {
        let path = root.join(path).canonicalize()?;
        let found = path.metadata()?;
        if !found.is_file() {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        Ok(Self { path, found })
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("/"))
    }

    fn aside(&self) -> PathBuf {
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(ASIDE);
        self.path.with_file_name(name)
    }
}

/// Writes a key beside the key file a reference leads to, for its owner alone, and syncs it. The key file stays as it is.
pub fn put_aside(root: &Path, path: &Path, key: &ApiKey) -> Result<(), NotStored> {
    let failed = |error: io::Error| {
        NotStored::surely(format!("nothing can be written beside `{}`: {}", path.display(), why(&error)))
    };
    let target = Target::of(root, path).map_err(failed)?;
    let aside = target.aside();
    remove(&aside).map_err(failed)?;
    let written = write_new(&aside, key).and_then(|()| sync(target.folder()));
    written.map_err(|error| {
        // A part of a secret is of no use to anybody.
        drop(fs::remove_file(&aside));
        failed(error)
    })
}

/// Puts what was written aside in place of the key file, to last. Once it is there, doing it again makes sure that it lasts.
pub fn switch(root: &Path, path: &Path, key: &ApiKey) -> Result<(), NotStored> {
    let failed =
        |error: io::Error| NotStored::surely(format!("`{}` cannot be replaced: {}", path.display(), why(&error)));
    let target = Target::of(root, path).map_err(failed)?;
    let aside = target.aside();
    if holds(&aside, |found| found.same_secret(key)) {
        sync(&aside).map_err(failed)?;
        fs::rename(&aside, &target.path).map_err(failed)?;
    } else if !holds(&target.path, |found| found.same_secret(key)) {
        let what = format!("beside `{}` the new key is not to be found any more", path.display());
        return Err(NotStored::surely(what));
    }
    sync(&target.path).and_then(|()| sync(target.folder())).map_err(|error| NotStored {
        surely: false,
        why: format!("`{}` was replaced, but may not last: {}", path.display(), why(&error)),
    })
}

/// Takes away what was written aside and never switched to.
pub fn forget(root: &Path, path: &Path) -> Result<(), String> {
    let failed = |error: io::Error| format!("what lies beside `{}` cannot be removed: {}", path.display(), why(&error));
    let target = Target::of(root, path).map_err(failed)?;
    remove(&target.aside()).and_then(|()| sync(target.folder())).map_err(failed)
}

/// Hands a key to a store command on its standard input.
pub async fn feed(
    root: &Path,
    words: &[String],
    env: &BTreeMap<String, String>,
    clock: Clock,
    key: &ApiKey,
) -> Result<(), NotStored> {
    let program = words.first().map_or("", String::as_str);
    command::feed(words, root, env, clock, TIME_LIMIT, key).await.map_err(|unfed| match unfed {
        Unfed::NotRun(why) => NotStored::surely(format!(
            "store command `{program}` cannot be run: {why}; check that it is installed and on PATH"
        )),
        Unfed::Failed(why) => {
            NotStored { surely: false, why: format!("store command `{program}`: {why}; is it signed in?") }
        }
    })
}

/// Says why a folder cannot take secrets, and what to do: it must be ours and closed to others, or be made.
pub fn check_folder(folder: &Path) -> Result<(), String> {
    let shown = folder.display();
    let found = match folder.metadata() {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let above = folder.parent().unwrap_or(Path::new("/"));
            return match above.metadata() {
                Ok(found) if found.is_dir() => Ok(()),
                _ => Err(format!("folder `{}` is not there; make it first", above.display())),
            };
        }
        Err(error) => return Err(format!("`{shown}` cannot be had: {}", why(&error))),
    };
    if !found.is_dir() {
        return Err(format!("`{shown}` is not a folder; name another"));
    }
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Err(format!("folder `{shown}` belongs to another user; name one of your own"));
    }
    if found.mode() & 0o077 != 0 {
        return Err(format!("folder `{shown}` is open to others (mode {:04o}); chmod 700 it", found.mode() & 0o7777));
    }
    Ok(())
}

/// The most files of one workspace in a folder.
const MOST_FILES: usize = 99;

/// Writes a key into a file of its own, `NAME.key`, or `NAME-2.key` and so on where there is one already: no file is ever replaced. Makes the
/// folder where it is not there.
pub fn into_folder(folder: &Path, workspace: &WorkspaceName, key: &ApiKey) -> Result<PathBuf, NotStored> {
    let failed = |error: &io::Error| {
        NotStored::surely(format!("nothing can be written into `{}`: {}", folder.display(), why(error)))
    };
    check_folder(folder).map_err(NotStored::surely)?;
    match whole::create_private_folder(folder) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            check_folder(folder).map_err(NotStored::surely)?;
        }
        Err(error) => return Err(failed(&error)),
    }
    let text = Zeroizing::new(format!("{}\n", key.expose()));
    for path in files_of(folder, workspace) {
        match whole::create(&path, text.as_bytes()) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed(&error)),
        }
    }
    Err(NotStored::surely(format!("`{}` holds too many keys of `{workspace}`; move them away", folder.display())))
}

/// Tells whether one of a workspace's files in a folder holds a key of this fingerprint, whole and to last.
pub fn is_in_folder(folder: &Path, workspace: &WorkspaceName, fingerprint: &str) -> bool {
    files_of(folder, workspace).any(|path| {
        holds(&path, |found| found.fingerprint() == fingerprint) && sync(&path).and_then(|()| sync(folder)).is_ok()
    })
}

/// The files of a workspace in a folder, in the order they are tried.
fn files_of(folder: &Path, workspace: &WorkspaceName) -> impl Iterator<Item = PathBuf> {
    (1..=MOST_FILES).map(move |number| match number {
        1 => folder.join(format!("{workspace}.key")),
        _ => folder.join(format!("{workspace}-{number}.key")),
    })
}

fn holds(path: &Path, wanted: impl FnOnce(&ApiKey) -> bool) -> bool {
    let Ok(bytes) = file::read(Path::new("/"), path) else { return false };
    let text = Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned());
    let _wiped = Zeroizing::new(bytes);
    ApiKey::parse(&text).is_ok_and(|found| wanted(&found))
}

fn write_new(path: &Path, key: &ApiKey) -> io::Result<()> {
    // `create_new` follows no link put in its place, and the mode holds from the first byte.
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(key.expose().as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes a file, or the names in a folder, outlast a crash.
fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests;
