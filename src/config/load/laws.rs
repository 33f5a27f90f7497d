//! Loading: whatever the bytes, it does not panic and shows no key; and a large fleet is no burden.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::tests::KEY;
use super::*;

#[test]
fn ten_thousand_files_load() {
    let temp = tempfile::tempdir().unwrap();
    std::fs::create_dir(temp.path().join(WORKSPACES)).unwrap();
    std::fs::write(temp.path().join(AGENCY_FILE), "version = 1").unwrap();
    for at in 0..10_000 {
        let text = format!("name = \"w{at}\"\nid = \"id-{at}\"\nvia = \"w0x\"\nlabels = {{ tier = \"gold\" }}\n");
        std::fs::write(temp.path().join(format!("workspaces/w{at:05}.toml")), text).unwrap();
    }
    // All of them miss their admin workspace: the costliest fleet to judge.
    assert_eq!(load(temp.path()).unwrap_err().as_slice().len(), 10_000);
    std::fs::write(temp.path().join("workspaces/w0x.toml"), "name = \"w0x\"\nkey = { env = \"A\" }\n").unwrap();
    assert_eq!(load(temp.path()).unwrap().workspaces.len(), 10_001);
}

/// A root with something of everything, for mutation.
const SEED: &str = "version = 1\n[agency]\nname = \"N\"\ndomains = [\"a.example\"]\n[defaults]\nshare = 0.5\ntimeout = \"30s\"\n[guards]\nmax_removals = { per_run = 3 }\n[presets.x]\nrole = \"view\"\n[[workspace]]\nname = \"a\"\nid = \"b\"\nkey = { command = [\"x\"] }\nvia = \"q\"\nlabels.tier = \"g\"\nmode = \"off\"\n";

proptest! {
    #[test]
    fn loading_never_panics_on_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let files = BTreeMap::from([(PathBuf::from("workspaces/a.toml"), bytes.clone())]);
        drop(fleet(Path::new("/root"), bytes, files, Vec::new()));
    }

    #[test]
    fn loading_never_panics_on_mutated_toml_nor_shows_a_key(
        cuts in proptest::collection::vec((any::<proptest::sample::Index>(), 0usize..12, prop_oneof![
            "[\\[\\]{}=.,\"'#\n a-z0-9ß—]{0,6}", Just("\"canary-0123456789\"".to_owned()), Just("\"\"\"".to_owned()), Just(format!("\"{KEY}\""))
        ]), 0..6)
    ) {
        let mut text = SEED.to_owned();
        for (at, length, new) in cuts {
            let chars: Vec<(usize, char)> = text.char_indices().collect();
            if chars.is_empty() { break }
            let from = at.index(chars.len());
            let to = chars.get(from + length).map_or(text.len(), |(at, _)| *at);
            text.replace_range(chars[from].0..to, &new);
        }
        let files = BTreeMap::from([(PathBuf::from("workspaces/a.toml"), text.clone().into_bytes())]);
        if let Err(problems) = fleet(Path::new("/root"), text.clone().into_bytes(), files, Vec::new()) {
            let mut told = problems.to_string();
            write!(told, "{problems:?}").unwrap();
            prop_assert!(!told.contains("canary-0123456789") && !told.contains("MDE5"), "{}", told);
            let lines = text.matches('\n').count() + 1;
            for problem in problems.as_slice() {
                prop_assert!(problem.place.line <= lines, "{problem}");
            }
        }
    }
}
