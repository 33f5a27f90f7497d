//! Arrows between rooms point one way, and what only one place may do is done only there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::words::house;

/// Whom each room may know, beside itself. `tests` modules may know anybody.
const ARROWS: [(&str, &[&str]); 15] = [
    ("clock", &[]),
    ("env", &[]),
    ("trouble", &[]),
    ("domain", &[]),
    ("config", &["domain", "trouble", "clock"]),
    ("plan", &["domain", "trouble"]),
    ("audit", &["domain"]),
    ("journal", &["domain", "trouble", "clock"]),
    ("pace", &["domain", "trouble", "clock"]),
    ("api", &["pace", "domain", "trouble", "clock"]),
    ("run", &["plan", "api", "pace", "journal", "domain", "trouble", "clock"]),
    ("report", &["domain", "trouble"]),
    ("ui", &["trouble"]),
    ("sim", &["api", "domain", "clock"]),
    (
        "cli",
        &[
            "api", "audit", "clock", "config", "domain", "env", "journal", "pace", "plan", "report", "run", "sim",
            "trouble", "ui",
        ],
    ),
];

/// What the simulator may know of ours: the seam it stands behind, the clock, and how keys, ids and origins are written.
/// Nothing of the wire: a wrong name would then be wrong on both sides unseen.
const SIM_KNOWS: [&str; 4] =
    ["api::transport::", "clock::Clock", "domain::fleet::BaseUrl", "domain::{Access, ApiKey, WorkspaceId}"];

/// One file of the program, without its tests and comments.
struct Source {
    path: String,
    lines: usize,
    code: String,
}

fn sources() -> Vec<Source> {
    let src = house().join("src");
    let mut paths = Vec::new();
    gather(&src, &mut paths);
    let texts: Vec<(PathBuf, String)> =
        paths.into_iter().map(|path| (path.clone(), fs::read_to_string(&path).unwrap())).collect();
    let exempt: Vec<PathBuf> = texts.iter().flat_map(|(path, text)| test_modules(path, text)).collect();
    let is_test = |path: &Path| exempt.iter().any(|test| path.with_extension("") == *test || path.starts_with(test));
    texts
        .into_iter()
        .filter(|(path, _)| !is_test(path))
        .map(|(path, text)| Source {
            path: path.strip_prefix(&src).unwrap().display().to_string(),
            lines: text.lines().count(),
            code: code(&text),
        })
        .collect()
}

fn gather(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
    paths.sort();
}

/// Names the modules in files of their own that are there for tests alone.
fn test_modules(path: &Path, text: &str) -> Vec<PathBuf> {
    let own = match path.file_stem().unwrap().to_str().unwrap() {
        "mod" | "lib" | "main" => path.parent().unwrap().to_owned(),
        _ => path.with_extension(""),
    };
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines
        .windows(2)
        .filter(|pair| pair[0] == "#[cfg(test)]")
        .filter_map(|pair| pair[1].rsplit_once("mod ").and_then(|(_, rest)| rest.strip_suffix(';')))
        .map(|name| own.join(name))
        .collect()
}

/// Leaves out comments, and the tests at the foot of a file.
fn code(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let begins_tests = line.starts_with("#[cfg(test)]") && lines.peek().is_some_and(|next| next.ends_with('{'));
        if begins_tests {
            break;
        }
        if !line.trim_start().starts_with("//") {
            code.push_str(line);
            code.push('\n');
        }
    }
    code
}

/// Returns what stands behind each `crate::` of a file, `use crate::{…}` taken apart.
fn known_to(code: &str) -> Vec<String> {
    let mut known = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 0_usize;
            let mut from = 0;
            for (place, character) in list.char_indices() {
                match character {
                    '{' => depth += 1,
                    '}' if depth > 0 => depth -= 1,
                    ',' | '}' if depth == 0 => {
                        known.push(list[from..place].trim().to_owned());
                        from = place + 1;
                        if character == '}' {
                            break;
                        }
                    }
                    _ => {}
                }
            }
        } else {
            known.push(rest.chars().take(80).collect());
        }
    }
    known.retain(|path| !path.is_empty());
    known
}

fn room_of(path: &str) -> &str {
    path.split(['/', '.']).next().unwrap()
}

#[test]
fn arrows_between_rooms_point_one_way() {
    let mut seen = BTreeSet::new();
    for source in sources().iter().filter(|source| !["lib.rs", "main.rs"].contains(&source.path.as_str())) {
        let room = room_of(&source.path);
        let (_, allowed) =
            ARROWS.iter().find(|(name, _)| *name == room).unwrap_or_else(|| panic!("a new room: {room}"));
        for known in known_to(&source.code) {
            let other = known.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
            assert!(other == room || allowed.contains(&other), "src/{} knows `{other}`: crate::{known}", source.path);
            seen.insert((room.to_owned(), other.to_owned()));
        }
    }
    assert!(seen.contains(&("run".to_owned(), "journal".to_owned())), "the reader of sources reads nothing: {seen:?}");
    // Nothing but its own door opens the house: `main` uses the library as anybody would.
    assert!(!sources().iter().find(|source| source.path == "main.rs").unwrap().code.contains("crate::"));
}

#[test]
fn the_simulator_shares_no_wire_type_with_the_client() {
    for source in sources().iter().filter(|source| room_of(&source.path) == "sim") {
        for known in known_to(&source.code) {
            let fine = known.starts_with("sim::") || SIM_KNOWS.iter().any(|path| known.starts_with(path));
            assert!(fine, "src/{} knows crate::{known}", source.path);
        }
    }
}

#[test]
fn what_one_place_alone_may_do_is_done_there_alone() {
    let only = [
        ("Approval::grant", &["cli/approval.rs"][..]),
        ("Permit::issue", &["journal/"]),
        (".expose()", &["api/http.rs", "cli/keys/vault.rs", "config/key/", "domain/secret.rs", "sim/"]),
        ("expose_secret(", &["domain/secret.rs", "domain/token.rs", "config/key/mod.rs"]),
        (".reveal()", &["api/writer.rs", "domain/token.rs"]),
        (".bearer_auth(", &["api/http.rs"]),
        ("Approval {", &["domain/permit.rs"]),
        ("Permit {", &["domain/permit.rs"]),
    ];
    let sources = sources();
    for (word, places) in only {
        let users: Vec<&str> =
            sources.iter().filter(|source| source.code.contains(word)).map(|source| source.path.as_str()).collect();
        for user in &users {
            assert!(places.iter().any(|place| user.starts_with(place)), "`{word}` in src/{user}");
        }
        assert!(!users.is_empty(), "`{word}` is nowhere: the rule guards nothing");
    }
}

#[test]
fn only_the_printer_prints_and_no_file_outgrows_its_name() {
    for source in sources() {
        for word in ["println!", "eprintln!", "print!(", "eprint!(", "dbg!(", "todo!(", "unimplemented!("] {
            assert!(!source.code.contains(word), "`{word}` in src/{}", source.path);
        }
        assert!(source.lines <= 500, "src/{} has {} lines", source.path, source.lines);
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    for source in sources() {
        let text = fs::read_to_string(house().join("src").join(&source.path)).unwrap();
        assert!(text.starts_with("//! "), "src/{} has no head", source.path);
    }
}
