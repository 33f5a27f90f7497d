//! The file of a security token: read as a key file is, by the same rules about who may read it.

use std::path::{Path, PathBuf};

use secrecy::zeroize::Zeroizing;

use super::{KeyTrouble, file};
use crate::domain::SecurityToken;
use crate::domain::token::BadToken;
use crate::trouble::Advise;

/// Why there is no token. Never quotes what the file holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenTrouble {
    /// It cannot be read.
    #[error("the file `{}` cannot be read: {why}", .path.display())]
    Unreadable {
        /// The path as typed.
        path: PathBuf,
        /// The system's reason.
        why: String,
    },
    /// A folder, a pipe or a device.
    #[error("`{}` is not a regular file", .path.display())]
    NotAFile {
        /// The path as typed.
        path: PathBuf,
    },
    /// Others may read or write it.
    #[error("the file `{}` is open to others (mode {mode:04o})", .path.display())]
    Open {
        /// The path as typed.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is neither ours nor the system's.
    #[error("the file `{}` belongs to another user", .path.display())]
    Foreign {
        /// The path as typed.
        path: PathBuf,
    },
    /// What it holds cannot be one.
    #[error("what `{}` holds is no security token: {bad}", .path.display())]
    Bad {
        /// The path as typed.
        path: PathBuf,
        /// Why.
        bad: BadToken,
    },
}

impl Advise for TokenTrouble {
    fn advice(&self) -> Vec<String> {
        let alone = "put the security token alone into the file, on one line, and close it to others with chmod 600";
        match self {
            Self::Unreadable { .. } | Self::NotAFile { .. } | Self::Bad { .. } => {
                vec![alone.to_owned(), "where it comes from: `keyholder help ownership`".to_owned()]
            }
            Self::Open { path, .. } => vec![
                format!("chmod 600 {}", path.display()),
                "if others could read it, let the owner ask the vendor's app for a new one".to_owned(),
            ],
            Self::Foreign { path } => vec![format!("make it yours: chown \"$(id -un)\" {}", path.display())],
        }
    }
}

/// Reads a security token from a file; a relative path counts from `base`.
pub fn read(base: &Path, path: &Path) -> Result<SecurityToken, TokenTrouble> {
    let path = path.to_owned();
    let bad = |bad| TokenTrouble::Bad { path: path.clone(), bad };
    let bytes = file::read(base, &path).map_err(|trouble| match trouble {
        KeyTrouble::NotAFile { path } => TokenTrouble::NotAFile { path },
        KeyTrouble::Open { path, mode } => TokenTrouble::Open { path, mode },
        KeyTrouble::Foreign { path } => TokenTrouble::Foreign { path },
        KeyTrouble::Unreadable { path, why } => TokenTrouble::Unreadable { path, why },
        other => TokenTrouble::Unreadable { path: path.clone(), why: other.to_string() },
    })?;
    let text = String::from_utf8(bytes).map_err(|_secret| bad(BadToken::Unreadable))?;
    SecurityToken::parse(&Zeroizing::new(text)).map_err(bad)
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn write(folder: &Path, text: &str, mode: u32) -> PathBuf {
        let path = folder.join("token");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn a_token_is_read_from_a_file_that_nobody_else_may_read() {
        let folder = tempfile::tempdir().unwrap();
        let _file = write(folder.path(), "canary-4711\n", 0o600);
        assert!(read(folder.path(), Path::new("token")).unwrap().stands_in("canary-4711"));
        for mode in [0o640, 0o604, 0o622] {
            let path = write(folder.path(), "canary-4711\n", mode);
            assert!(matches!(read(folder.path(), &path), Err(TokenTrouble::Open { .. })), "{mode:o}");
        }
    }

    #[test]
    fn what_is_no_token_is_told_with_what_to_do_and_not_quoted() {
        let folder = tempfile::tempdir().unwrap();
        let told = |path: &Path| {
            let trouble = read(folder.path(), path).unwrap_err();
            format!("{trouble} {}", trouble.advice().join(" "))
        };
        assert!(told(Path::new("nowhere")).contains("cannot be read"));
        assert!(told(Path::new(".")).contains("not a regular file"));
        for text in ["", "abc", "canary\ncanary", &"canary".repeat(2000)] {
            let told = told(&write(folder.path(), text, 0o600));
            assert!(told.contains("is no security token") && !told.contains("canary"), "{told}");
        }
    }
}
