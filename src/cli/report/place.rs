//! Where a report is made and where it is put: the folder beside its place, and the one step that makes it appear.
//!
//! ```text
//! reports/november.unfinished/      made first, 0700, locked by its maker
//!     report.json                   what was asked, frozen
//!     lanes/acme.json               what is kept of a lane that ended, with the hashes of its files
//!     out/                          what becomes reports/november by one rename, when all is written
//! ```
//!
//! Owns folders, the lock and the rename. It knows no table.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::cli::held_folder;
use crate::config::whole;
use crate::trouble::{Exit, Trouble};

/// What the name of the folder ends with while its report is being made.
const UNFINISHED: &str = ".unfinished";

/// Where a report is to be.
#[derive(Debug, Clone)]
pub struct Place {
    target: PathBuf,
    staging: PathBuf,
}

/// What was found at a place.
#[derive(Debug)]
pub enum Found {
    /// Nothing that is in the way.
    Free,
    /// A report that was begun there and did not come to its end, now ours alone.
    Unfinished(Staging),
}

/// A folder in which a report is being made, ours alone for as long as this is kept.
#[derive(Debug)]
pub struct Staging {
    place: Place,
    _lock: File,
}

impl Place {
    /// Takes the folder a person named, made absolute.
    pub fn new(out: &Path) -> Result<Self, Trouble> {
        let unusable = |what: &str| {
            Trouble::new(Exit::Usage, format!("`{}` {what} (--out); nothing was sent", out.display()))
                .advise("name a folder that does not exist yet, in one that does")
        };
        let (Some(name), Some(parent)) = (out.file_name(), out.parent()) else {
            return Err(unusable("names no folder"));
        };
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        if !parent.is_dir() {
            return Err(unusable("is to be in a folder that does not exist"));
        }
        let mut staging = name.to_owned();
        staging.push(UNFINISHED);
        Ok(Self { target: parent.join(name), staging: parent.join(staging) })
    }

    /// Returns the folder of the finished report.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Returns the folder it is made in.
    pub fn staging(&self) -> &Path {
        &self.staging
    }

    /// Looks what is there: the place must be free, or hold nothing but an empty folder.
    pub fn look(&self) -> Result<Found, Trouble> {
        self.check_target()?;
        match fs::symlink_metadata(&self.staging) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Found::Free),
            Err(error) => Err(Self::unusable(&self.staging, error)),
            Ok(found) if found.is_symlink() || !found.is_dir() => {
                let what = format!("`{}` is in the way: it is no folder; nothing was sent", self.staging.display());
                Err(Trouble::new(Exit::Usage, what).advise("move it away, or name another folder with --out"))
            }
            Ok(_) => {
                let staging = Staging { place: self.clone(), _lock: self.lock()? };
                if staging.holds_nothing().map_err(|error| Self::unusable(&self.staging, error))? {
                    staging.abandon().map_err(|error| Self::unusable(&self.staging, error))?;
                    return Ok(Found::Free);
                }
                Ok(Found::Unfinished(staging))
            }
        }
    }

    fn check_target(&self) -> Result<(), Trouble> {
        let refused = |what: &str| {
            Trouble::new(Exit::Usage, format!("`{}` {what}; nothing was sent", self.target.display()))
                .advise("a report is never written over anything: name a folder that does not exist yet")
        };
        match fs::symlink_metadata(&self.target) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(Self::unusable(&self.target, error)),
            Ok(found) if found.is_symlink() => Err(refused("is a symbolic link")),
            Ok(found) if !found.is_dir() => Err(refused("is not a folder")),
            Ok(_) => match fs::read_dir(&self.target).map_err(|error| Self::unusable(&self.target, error))?.next() {
                None => Ok(()),
                Some(_) => Err(refused("is not empty")),
            },
        }
    }

    /// Makes the folder a report is made in.
    pub fn begin(&self) -> Result<Staging, Trouble> {
        match whole::create_private_folder(&self.staging) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(self.taken()),
            Err(error) => return Err(Self::unusable(&self.staging, error)),
        }
        let staging = Staging { place: self.clone(), _lock: self.lock()? };
        for folder in [staging.lanes(), staging.out()] {
            whole::create_private_folder(&folder).map_err(|error| Self::unusable(&folder, error))?;
        }
        Ok(staging)
    }

    /// Locks the folder itself: the lock dies with its holder, and leaves nothing behind.
    fn lock(&self) -> Result<File, Trouble> {
        held_folder::hold(&self.staging).map_err(|error| match error {
            TryLockError::WouldBlock => self.taken(),
            TryLockError::Error(error) => Self::unusable(&self.staging, error),
        })
    }

    fn taken(&self) -> Trouble {
        let what =
            format!("a report is being made for `{}` by another process; nothing was sent", self.target.display());
        Trouble::new(Exit::TryLater, what).advise("wait for it to end, or name another folder with --out")
    }

    fn unusable(path: &Path, error: io::Error) -> Trouble {
        Trouble::because(Exit::Output, format!("`{}` cannot be used; nothing was sent", path.display()), error)
            .advise("name a folder in one that exists and that you can write to")
    }
}

impl Staging {
    /// Returns the place the report is for.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Returns the file that says what was asked.
    pub fn asked(&self) -> PathBuf {
        self.place.staging.join("report.json")
    }

    /// Returns the folder of what is kept of each lane.
    pub fn lanes(&self) -> PathBuf {
        self.place.staging.join("lanes")
    }

    /// Returns the folder that becomes the report.
    pub fn out(&self) -> PathBuf {
        self.place.staging.join("out")
    }

    /// Returns the folder of the workspaces.
    pub fn workspaces(&self) -> PathBuf {
        self.out().join("workspaces")
    }

    /// Tells whether it was cut before it said what was asked: then nothing was sent for it, and there is nothing to go on with. Folders that
    /// are empty, and what was to become the file that says it, are nothing.
    fn holds_nothing(&self) -> io::Result<bool> {
        for entry in fs::read_dir(&self.place.staging)? {
            let entry = entry?;
            let name = entry.file_name();
            let is_ours = name == "lanes" || name == "out";
            let nothing = if entry.file_type()?.is_dir() {
                is_ours && fs::read_dir(entry.path())?.next().is_none()
            } else {
                whole::is_left_of(&name, "report.json")
            };
            if !nothing {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Puts the report in its place, whole and on disk, and removes what it was made from.
    pub fn finish(&self) -> io::Result<()> {
        let (out, target) = (self.out(), self.place.target.clone());
        on_disk(&out)?;
        fs::rename(&out, &target)?;
        // The report is where it belongs. Where the folder it stands in cannot be synced, a power cut may take the name back; then the report
        // is unfinished, as it was.
        if let Some(parent) = target.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            drop(File::open(parent).and_then(|parent| parent.sync_all()));
        }
        // What is left over is of no use to anybody, and of no harm either.
        drop(fs::remove_dir_all(&self.place.staging));
        Ok(())
    }

    /// Removes everything: there is nothing that is worth going on with.
    pub fn abandon(&self) -> io::Result<()> {
        fs::remove_dir_all(&self.place.staging)
    }
}

/// Makes sure that everything in a folder is on disk before its name is: one call for the whole file system instead of one for each of
/// thousands of files.
#[cfg(target_os = "linux")]
fn on_disk(folder: &Path) -> io::Result<()> {
    Ok(rustix::fs::syncfs(File::open(folder)?)?)
}

/// Makes sure that everything in a folder is on disk before its name is.
#[cfg(not(target_os = "linux"))]
fn on_disk(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            on_disk(&entry.path())?;
        } else {
            File::open(entry.path())?.sync_all()?;
        }
    }
    File::open(folder)?.sync_all()
}
