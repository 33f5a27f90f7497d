//! Files that appear whole or not at all: written aside, synced, then put in their place.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Who may read a new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readers {
    /// The owner alone (0600): everything of ours by default.
    Owner,
    /// The same as of the file that is replaced.
    AsBefore,
}

/// A file written aside; removed again unless it is put in its place.
#[derive(Debug)]
struct Aside {
    path: PathBuf,
}

impl Drop for Aside {
    fn drop(&mut self) {
        // Gone already where it was renamed; nothing to do about a failure here.
        drop(fs::remove_file(&self.path));
    }
}

/// Opens the file to write aside; `create_new` follows no link put in its place.
fn open_aside(target: &Path, ending: &str) -> io::Result<(File, Aside)> {
    let name = target.file_name().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    // A dot file: the loader does not read it, should the machine die before it is renamed.
    let mut aside = std::ffi::OsString::from(".");
    aside.push(name);
    aside.push(ending);
    let path = target.with_file_name(aside);
    if ending == REPLACING {
        // One left by a run that died is ours to replace.
        drop(fs::remove_file(&path));
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    Ok((options.open(&path)?, Aside { path }))
}

/// The ending of what is written aside. Of what replaces a file it is the whole of it: whoever replaces a file has its lock.
const REPLACING: &str = ".new";

/// Tells whether a file's name is of what [`create`] or [`put`] leaves beside its target where its process is killed: nothing of anybody's.
pub fn is_left_of(name: &std::ffi::OsStr, target: &str) -> bool {
    let aside = name.to_str().and_then(|name| name.strip_prefix('.')?.strip_prefix(target)?.strip_suffix(REPLACING));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // Between them stands what tells those apart that make files of one name at once.
    let is_ours =
        |mark: &str| mark.split_once('-').is_some_and(|(process, number)| is_number(process) && is_number(number));
    aside.is_some_and(|aside| aside.is_empty() || aside.strip_prefix('.').is_some_and(is_ours))
}

/// How many files of one name a process may be making at once, and others of its number may have left.
const MOST_ASIDE: usize = 100;

/// Opens a file to write a new one aside. Two runs may be making files of one name in one folder: each has a name aside of its own.
fn open_new_aside(target: &Path) -> io::Result<(File, Aside)> {
    let process = std::process::id();
    for number in 0..MOST_ASIDE {
        match open_aside(target, &format!(".{process}-{number}{REPLACING}")) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            opened => return opened,
        }
    }
    Err(io::Error::other("too much lies beside it that was never put in its place"))
}

fn write_aside(target: &Path, bytes: &[u8], opened: (File, Aside), readers: Readers) -> io::Result<Aside> {
    let (mut file, aside) = opened;
    file.write_all(bytes)?;
    if readers == Readers::AsBefore {
        file.set_permissions(fs::metadata(target)?.permissions())?;
    }
    file.sync_all()?;
    Ok(aside)
}

/// Makes a new file; fails with `AlreadyExists` where anything is there, and then changes nothing.
pub fn create(target: &Path, bytes: &[u8]) -> io::Result<()> {
    if target.symlink_metadata().is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let aside = write_aside(target, bytes, open_new_aside(target)?, Readers::Owner)?;
    // A link refuses to replace what appeared meanwhile; a rename would not. Some file systems have no links.
    match fs::hard_link(&aside.path, target) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
        Err(_) => write_in_place(target, bytes)?,
    }
    drop(aside);
    sync_folder(target)
}

/// Makes a new file where it is to stand, for want of links: never over what appeared meanwhile. What could not be written whole is removed
/// again.
fn write_in_place(target: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(target)?;
    // From here on it is ours.
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    written.inspect_err(|_| drop(fs::remove_file(target)))
}

/// Makes or replaces a file of ours, for its owner alone; what is no plain file, a symbolic link too, is left alone.
pub fn put(target: &Path, bytes: &[u8]) -> io::Result<()> {
    match target.symlink_metadata() {
        Ok(found) if !found.is_file() => {
            return Err(io::Error::other(format!("`{}` is not a plain file", target.display())));
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(_) | Err(_) => {}
    }
    let aside = write_aside(target, bytes, open_aside(target, REPLACING)?, Readers::Owner)?;
    fs::rename(&aside.path, target)?;
    drop(aside);
    sync_folder(target)
}

/// Replaces a file, keeping its mode.
pub fn replace(target: &Path, bytes: &[u8]) -> io::Result<()> {
    let aside = write_aside(target, bytes, open_aside(target, REPLACING)?, Readers::AsBefore)?;
    fs::rename(&aside.path, target)?;
    drop(aside);
    sync_folder(target)
}

/// Makes the rename itself durable.
fn sync_folder(target: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(folder) = target.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Makes a folder that its owner alone may enter.
pub fn create_private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_left_is_known_by_its_name_and_nothing_else_is() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("report.json");
        let (_, new) = open_new_aside(&target).unwrap();
        let (_, other) = open_new_aside(&target).unwrap();
        let (_, replacing) = open_aside(&target, REPLACING).unwrap();
        for aside in [new, other, replacing] {
            assert!(is_left_of(aside.path.file_name().unwrap(), "report.json"), "{aside:?}");
        }
        for strange in ["report.json", ".report.json", ".report.json.old", ".report.json.new.new", ".report.json.7.new"]
        {
            assert!(!is_left_of(strange.as_ref(), "report.json"), "{strange}");
        }
        assert!(!is_left_of(".report.json.7-x.new".as_ref(), "report.json"));
        assert!(!is_left_of(".other.json.new".as_ref(), "report.json"));
    }

    #[test]
    fn where_there_are_no_links_what_appeared_meanwhile_stays_too() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("globex.toml");
        write_in_place(&target, b"ours").unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"ours");
        fs::write(&target, "theirs").unwrap();
        for make in [write_in_place, create] {
            assert_eq!(make(&target, b"ours").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        }
        assert_eq!(fs::read(&target).unwrap(), b"theirs");
    }
}
