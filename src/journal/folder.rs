//! The state folder: made with mode 0700, its files with 0600, and never behind a symbolic link.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::error::LedgerError;

/// Makes the folder if it is not there, and takes away what others may do in it.
pub(super) fn secure_folder(path: &Path) -> Result<(), LedgerError> {
    let failed = |source| LedgerError::Folder { path: path.to_owned(), source };
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(failed(error)),
    }
    let found = fs::symlink_metadata(path).map_err(failed)?;
    if found.is_symlink() {
        return Err(LedgerError::Symlink { path: path.to_owned() });
    }
    if !found.is_dir() {
        return Err(LedgerError::WrongType { path: path.to_owned(), wanted: "folder" });
    }
    tighten(path, found.permissions().mode(), 0o700)
}

/// Opens a file of ours for reading and writing, made with mode 0600 if it is not there.
pub(super) fn secure_file(path: &Path) -> Result<File, LedgerError> {
    refuse_link(path)?;
    let failed = |source| LedgerError::Folder { path: path.to_owned(), source };
    let file = lock_file(path).map_err(failed)?;
    tighten(path, file.metadata().map_err(failed)?.permissions().mode(), 0o600)?;
    Ok(file)
}

/// Opens a file of ours in one call, as a lock is worth: made with mode 0600 if it is not there, never through a link.
pub(super) fn lock_file(path: &Path) -> io::Result<File> {
    // O_NOFOLLOW: a link that appears between a look and the opening is refused too.
    let no_follow = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0);
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(no_follow)
        .open(path)
}

/// Refuses a symbolic link, and anything else that is neither absent nor a plain file.
pub(super) fn refuse_link(path: &Path) -> Result<(), LedgerError> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => Err(LedgerError::Symlink { path: path.to_owned() }),
        Ok(found) if !found.is_file() => Err(LedgerError::WrongType { path: path.to_owned(), wanted: "file" }),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(LedgerError::Folder { path: path.to_owned(), source }),
    }
}

fn tighten(path: &Path, mode: u32, most: u32) -> Result<(), LedgerError> {
    if mode & 0o777 & !most == 0 {
        return Ok(());
    }
    fs::set_permissions(path, fs::Permissions::from_mode(most))
        .map_err(|source| LedgerError::Folder { path: path.to_owned(), source })
}

/// Returns the folder of the locks.
pub(super) fn locks(state_dir: &Path) -> PathBuf {
    state_dir.join("locks")
}

/// Returns the ledger's file.
pub(super) fn ledger_file(state_dir: &Path) -> PathBuf {
    state_dir.join("ledger.db")
}

/// Returns the ledger's file with something behind its name, as SQLite names its companions.
pub(super) fn companion(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
