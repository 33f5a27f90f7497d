//! A folder that one process at a time writes to: held by a kernel lock on the folder itself, which dies with its holder.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Takes a folder for this process, for as long as the file is kept. `WouldBlock` where another process has it, or has moved or removed it
/// meanwhile: then what was locked is not what has the name.
pub fn hold(path: &Path) -> Result<File, TryLockError> {
    let folder = File::open(path).map_err(TryLockError::Error)?;
    folder.try_lock()?;
    let same = |named: &fs::Metadata, held: &fs::Metadata| (named.dev(), named.ino()) == (held.dev(), held.ino());
    match (fs::symlink_metadata(path), folder.metadata()) {
        (Ok(named), Ok(held)) if same(&named, &held) => Ok(folder),
        _ => Err(TryLockError::WouldBlock),
    }
}
