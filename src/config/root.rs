//! Finding the root: the folder with `keyholder.toml`.

use std::path::{Path, PathBuf};

use super::AGENCY_FILE;
use crate::trouble::Advise;

/// Why there is no root.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Neither the current folder nor one above it is a root.
    #[error("no `keyholder.toml` in `{}` or above it", .from.display())]
    NotFound {
        /// Where the search began.
        from: PathBuf,
    },
    /// The folder named with `-C` is none.
    #[error("`{}` holds no `keyholder.toml`", .folder.display())]
    NotARoot {
        /// The folder as resolved.
        folder: PathBuf,
    },
    /// What was named with `-C` is not a folder.
    #[error("`{}` is not a folder", .path.display())]
    NotAFolder {
        /// The path as resolved.
        path: PathBuf,
    },
}

impl Advise for ConfigError {
    fn advice(&self) -> Vec<String> {
        match self {
            Self::NotFound { .. } => vec![
                "run `keyholder init` to start a root here, or `keyholder demo` to look around without an account"
                    .into(),
                "name an existing root with `-C DIR`".into(),
            ],
            Self::NotARoot { .. } => {
                vec!["run `keyholder init` in it, or name the folder that holds `keyholder.toml`".into()]
            }
            Self::NotAFolder { path } if path.file_name().is_some_and(|name| name == AGENCY_FILE) => {
                vec!["name the folder that holds the file".into()]
            }
            Self::NotAFolder { .. } => vec!["`-C` names the folder that holds `keyholder.toml`".into()],
        }
    }
}

/// Finds the root: the named folder, which must be one, or the nearest one upward from the current folder.
pub fn find_root(cwd: &Path, named: Option<&Path>) -> Result<PathBuf, ConfigError> {
    let is_root = |folder: &Path| folder.join(AGENCY_FILE).symlink_metadata().is_ok_and(|found| !found.is_dir());
    if let Some(named) = named {
        let folder = cwd.join(named);
        return match folder.is_dir() {
            false => Err(ConfigError::NotAFolder { path: folder }),
            true if is_root(&folder) => Ok(folder),
            true => Err(ConfigError::NotARoot { folder }),
        };
    }
    let root = cwd.ancestors().find(|folder| is_root(folder));
    root.map(Path::to_owned).ok_or_else(|| ConfigError::NotFound { from: cwd.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_found_upward_or_where_it_is_named() {
        let temp = tempfile::tempdir().unwrap();
        let below = temp.path().join("a/b");
        std::fs::create_dir_all(&below).unwrap();
        assert_eq!(find_root(&below, None), Err(ConfigError::NotFound { from: below.clone() }));
        std::fs::write(temp.path().join(AGENCY_FILE), "version = 1").unwrap();
        assert_eq!(find_root(&below, None).unwrap(), temp.path());
        assert_eq!(
            find_root(temp.path(), Some(Path::new("a"))),
            Err(ConfigError::NotARoot { folder: temp.path().join("a") })
        );
        let file = Path::new(AGENCY_FILE);
        assert_eq!(find_root(temp.path(), Some(file)), Err(ConfigError::NotAFolder { path: temp.path().join(file) }));
        assert_eq!(find_root(&below, Some(temp.path())).unwrap(), temp.path());
    }
}
