//! Key files: regular, ours or the system's, closed to everyone else.
//!
//! A symbolic link is followed, because secret stores mount their files as links; all checks are made on the file that was
//! really opened, so nothing can be swapped in between.

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::path::Path;

use super::{KeyTrouble, MOST_BYTES};

/// Reads a key file; relative paths count from the root. Reads at most one byte more than a key may have.
pub(super) fn read(root: &Path, path: &Path) -> Result<Vec<u8>, KeyTrouble> {
    let unreadable =
        |error: io::Error| KeyTrouble::Unreadable { path: path.to_owned(), why: crate::config::why(&error) };
    let whole = root.join(path);
    // Asked before opening: opening a pipe would wait for a writer for ever.
    if !whole.metadata().map_err(unreadable)?.is_file() {
        return Err(KeyTrouble::NotAFile { path: path.to_owned() });
    }
    let opened = File::open(&whole).map_err(unreadable)?;
    let found = opened.metadata().map_err(unreadable)?;
    if !found.is_file() {
        return Err(KeyTrouble::NotAFile { path: path.to_owned() });
    }
    check_access(path, &found)?;
    let mut bytes = Vec::with_capacity(MOST_BYTES + 1);
    opened.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

#[cfg(unix)]
fn check_access(path: &Path, found: &Metadata) -> Result<(), KeyTrouble> {
    use std::os::unix::fs::MetadataExt as _;
    let mode = found.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(KeyTrouble::Open { path: path.to_owned(), mode });
    }
    let us = rustix::process::geteuid().as_raw();
    if !may_own(found.uid(), us) {
        return Err(KeyTrouble::Foreign { path: path.to_owned() });
    }
    Ok(())
}

/// Tells whether a key file of this owner is taken: our own, or one the system's administrator put there for us.
#[cfg(unix)]
fn may_own(owner: u32, us: u32) -> bool {
    owner == us || owner == 0
}

#[cfg(not(unix))]
fn check_access(_path: &Path, _found: &Metadata) -> Result<(), KeyTrouble> {
    // Without owner and mode bits, a file in the user's own profile is what the system protects.
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::may_own;

    #[test]
    fn a_key_file_is_ours_or_the_systems() {
        assert!(may_own(1000, 1000) && may_own(0, 1000) && may_own(0, 0));
        assert!(!may_own(1001, 1000) && !may_own(1000, 0));
    }
}
