//! Bulk reports as folders: whole or not there, gone on with to the same bytes, the same twice, told where they lack something.

mod foretold;
mod resumed;
mod written;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::support::Stage;

/// Returns every file of a folder by its path in it.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn gather(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                gather(root, &path, files);
            } else {
                files.insert(path.strip_prefix(root).unwrap().display().to_string(), fs::read(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    gather(folder, folder, &mut found);
    found
}

/// Takes the moments of looking out of a text: every `2026-11-…T…Z`, and as pages show them.
fn timeless(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let moment = regex::Regex::new(r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d+)?Z| \d{2}:\d{2} UTC)").unwrap();
    moment.replace_all(&text, "<moment>").into_owned()
}

/// Returns the files of a report without the moments of looking, and without the manifest, which has hashes of them.
fn without_moments(folder: &Path) -> BTreeMap<String, String> {
    let mut files = files(folder);
    files.remove("MANIFEST.sha256");
    files.into_iter().map(|(path, bytes)| (path, timeless(&bytes))).collect()
}

/// Requires that two reports are the same but for when they were made; names what differs, not all there is.
#[track_caller]
fn same(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>, when: &str) {
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>(), "{when}");
    for (path, text) in one {
        let differ = text.lines().zip(other[path].lines()).find(|(one, other)| one != other);
        assert!(*text == other[path], "{path} differs, {when}: {differ:?}");
    }
}

/// Requires that a manifest names every file of its folder with its hash.
#[track_caller]
fn manifest_holds(folder: &Path) {
    let mut files = files(folder);
    let manifest = String::from_utf8(files.remove("MANIFEST.sha256").unwrap()).unwrap();
    let listed: BTreeMap<String, String> = manifest
        .lines()
        .map(|line| line.split_once("  ").unwrap())
        .map(|(digest, path)| (path.to_owned(), digest.to_owned()))
        .collect();
    let hex = |bytes: &[u8]| keyholder::domain::id::hex(&Sha256::digest(bytes));
    let found: BTreeMap<String, String> = files.iter().map(|(path, bytes)| (path.clone(), hex(bytes))).collect();
    assert_eq!(listed, found);
}

/// Returns where a report is, and where it is made.
fn places(stage: &Stage, name: &str) -> (PathBuf, PathBuf) {
    (stage.root.join(name), stage.root.join(format!("{name}.unfinished")))
}
