//! Writes a root that is ready to run against a simulated world: `keyholder.toml`, `workspaces/`, and a key file for every key.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::state::State;
use super::world::World;

/// The origin that stands in the sample fleet's own file, and gives way to the server's.
const PLACEHOLDER: &str = "http://127.0.0.1:8787";

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The root.
    pub root: PathBuf,
    /// Every file, relative to the root, in the order written.
    pub files: Vec<PathBuf>,
    /// How many workspaces the root names.
    pub workspaces: usize,
}

/// Writes a root. The sample fleet's own files are copied; for any other world they are made from it: one file a workspace, or one for all
/// above a hundred. Folders are 0700, key files 0600.
///
/// # Errors
/// When the folder is there and not empty, a symbolic link is in the way, or something cannot be written.
pub fn write(world: &World, dir: &Path, base_url: &str) -> io::Result<Written> {
    require_empty(dir)?;
    let texts = if world.files.is_empty() {
        world.with_state(|state| made(state, base_url))
    } else {
        let own = world.files.iter();
        own.map(|(path, text)| (PathBuf::from(path), text.replace(PLACEHOLDER, base_url))).collect()
    };
    folder(dir)?;
    folder(&dir.join("workspaces"))?;
    folder(&dir.join("secrets"))?;
    let mut files = Vec::new();
    for (path, text) in texts {
        file(&dir.join(&path), &text, 0o644)?;
        files.push(path);
    }
    let names = world.names();
    for name in &names {
        if let Some(key) = world.key_of(name) {
            let path = PathBuf::from(format!("secrets/{name}.key"));
            file(&dir.join(&path), &format!("{key}\n"), 0o600)?;
            files.push(path);
        }
    }
    Ok(Written { root: dir.to_owned(), files, workspaces: names.len() })
}

fn require_empty(dir: &Path) -> io::Result<()> {
    match fs::symlink_metadata(dir) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(err) => return Err(err),
        Ok(meta) if !meta.is_dir() => {
            return Err(io::Error::new(io::ErrorKind::NotADirectory, format!("`{}` is not a folder", dir.display())));
        }
        Ok(_) => {}
    }
    if fs::read_dir(dir)?.next().is_some() {
        let what = format!("`{}` is not empty; nothing was written", dir.display());
        return Err(io::Error::new(io::ErrorKind::DirectoryNotEmpty, what));
    }
    Ok(())
}

fn folder(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Writes a new file; one that is there is never overwritten, nor followed where it is a link.
fn file(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?.write_all(text.as_bytes())
}

/// Makes the agency's files from a world that has none.
fn made(state: &State, base_url: &str) -> Vec<(PathBuf, String)> {
    let head = format!(
        "# Written by the simulator.\nversion = 1\n\n[agency]\nname = \"Simulated Agency\"\ndomains = [\"agency.example\"]\n\n\
         [defaults]\nbase_url = \"{base_url}\"\nmode = \"manage\"\n"
    );
    let mut files = vec![(PathBuf::from("keyholder.toml"), head)];
    let tables = (0..state.workspaces.len()).filter_map(|at| table(state, at).map(|text| (at, text)));
    if state.workspaces.len() > 100 {
        let all: Vec<String> = tables.map(|(_, text)| format!("[[workspace]]\n{text}")).collect();
        files.push((PathBuf::from("workspaces/fleet.toml"), all.join("\n")));
    } else {
        files.extend(
            tables.map(|(at, text)| (PathBuf::from(format!("workspaces/{}.toml", state.workspaces[at].name)), text)),
        );
    }
    files
}

/// Writes one workspace's table; one that neither has a key nor a way through an admin workspace is nobody's to configure.
fn table(state: &State, at: usize) -> Option<String> {
    let workspace = &state.workspaces[at];
    let mut out = String::new();
    let mut line = |name: &str, value: &str| {
        writeln!(out, "{name} = {value}").expect("writing to a String cannot fail");
    };
    let quoted = |text: &str| toml_edit::Value::from(text).to_string();
    line("name", &quoted(&workspace.name));
    line("id", &quoted(&workspace.id));
    if workspace.key.is_some() {
        line("key", &format!("{{ file = {} }}", quoted(&format!("secrets/{}.key", workspace.name))));
    } else {
        let above = state.links.parent(at)?;
        line("via", &quoted(&state.workspaces[above.admin].name));
    }
    line("display_name", &quoted(&workspace.title));
    Some(out)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_sample_root_names_its_server_and_keeps_its_keys_to_its_owner() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        let world = World::northwind(7);
        let written = write(&world, &root, "http://127.0.0.1:40123").unwrap();
        assert_eq!(written.workspaces, 24);
        let config = fs::read_to_string(root.join("keyholder.toml")).unwrap();
        assert!(config.contains("base_url = \"http://127.0.0.1:40123\"") && !config.contains(PLACEHOLDER));
        let key = root.join("secrets/amberfield.key");
        assert_eq!(fs::read_to_string(&key).unwrap().trim(), world.key_of("amberfield").unwrap());
        assert_eq!((mode(&key), mode(&root.join("secrets")), mode(&root)), (0o600, 0o700, 0o700));
        assert!(!root.join("secrets/tidewater.key").exists(), "it is reached through the agency's key");
        for path in &written.files {
            if !path.starts_with("secrets") {
                let text = fs::read_to_string(root.join(path)).unwrap();
                assert!(world.keys().iter().all(|key| !text.contains(key)), "{}", path.display());
            }
        }
    }

    #[test]
    fn a_folder_that_is_not_empty_is_refused_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("mine.txt"), "mine").unwrap();
        let err = write(&World::generated(1, 1, 1), dir.path(), "http://127.0.0.1:1").unwrap_err();
        assert_eq!(err.kind(), io::ErrorKind::DirectoryNotEmpty);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_large_fleet_is_one_file_and_a_small_one_is_a_file_each() {
        for (workspaces, files) in [(3, 3), (101, 1)] {
            let dir = tempfile::tempdir().unwrap();
            let written = write(&World::generated(workspaces, 2, 1), dir.path(), "http://127.0.0.1:1").unwrap();
            assert_eq!(fs::read_dir(dir.path().join("workspaces")).unwrap().count(), files);
            assert_eq!(written.files.len(), 1 + files + workspaces);
        }
    }
}
