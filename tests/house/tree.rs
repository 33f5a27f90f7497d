//! The tree: what stands at the top, and what stands nowhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::words::{house, read};

/// What may stand at the top, besides dot files and what cargo makes.
const TOP: [&str; 10] = [
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "benches",
    "examples",
    "src",
    "tests",
    "workspaces",
];

#[test]
fn the_top_of_the_tree_is_as_agreed() {
    let there: BTreeSet<String> = fs::read_dir(house())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "target" && !name.starts_with('.'))
        .collect();
    let agreed: BTreeSet<String> = TOP.iter().map(|name| (*name).to_owned()).collect();
    let strange: Vec<_> = there.difference(&agreed).collect();
    assert!(strange.is_empty(), "{strange:?}");
    let missing: Vec<_> = agreed.difference(&there).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_licence_is_the_one_the_manifest_names_and_the_changelog_knows_the_version() {
    assert!(read("LICENSE").contains("Apache License") && read("Cargo.toml").contains("license = \"Apache-2.0\""));
    assert!(read("CHANGELOG.md").contains(&format!("## {}", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn each_dependency_says_what_it_is_for() {
    let manifest = read("Cargo.toml");
    let mut section = "";
    let mut above = "";
    let mut count = 0;
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        } else if section.ends_with("dependencies]") && line.contains('=') && !line.starts_with('#') {
            assert!(above.starts_with("# "), "no comment above: {line}");
            count += 1;
        }
        above = line;
    }
    assert!(count > 25, "{count}");
}

#[test]
fn nothing_in_the_tree_names_a_place_on_somebodys_machine() {
    // Put together, so that this file does not name them either.
    let places = ["work", "tmp/wt", "home", "Users", "mnt"].map(|place| format!("/{place}/"));
    let mut files = Vec::new();
    gather(&house(), &mut files);
    assert!(files.len() > 150);
    for file in files {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        for place in &places {
            let named = text.lines().find(|line| {
                line.match_indices(place.as_str()).any(|(at, _)| {
                    // A path of a URL or of a file in the tree has something before its slash.
                    !line[..at].ends_with(|c: char| c.is_alphanumeric() || ".-_~}".contains(c))
                })
            });
            assert!(named.is_none(), "{}: {}", file.display(), named.unwrap_or_default());
        }
    }
}

fn gather(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if [".git", "target"].contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() { gather(&path, files) } else { files.push(path) }
    }
}

#[test]
fn ci_runs_what_the_readme_says() {
    let ci = read(".ci/run");
    for command in ["cargo fmt --check", "-D warnings", "\ncargo test\n", "\ncargo run --release -- demo"] {
        assert!(ci.contains(command), "`{command}` is not in .ci/run");
    }
}
