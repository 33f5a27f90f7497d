//! The register: written and read back is equal, every bad line is told, and nobody's row is lost.

use std::os::unix::fs::PermissionsExt as _;

use proptest::prelude::*;

use super::*;

fn fleet(root: &Path, names: &[&str]) -> Fleet {
    let files = names.iter().map(|name| {
        let text = format!("name = \"{name}\"\nkey = {{ env = \"K\" }}\n");
        (PathBuf::from(format!("workspaces/{name}.toml")), text.into_bytes())
    });
    crate::config::load::fleet(root, b"version = 1".to_vec(), files.collect(), Vec::new()).unwrap()
}

fn entry(workspace: &str, key: &str) -> KeyEntry {
    KeyEntry::blank(workspace, KeyId::parse(key).unwrap())
}

fn told(text: &str) -> String {
    let told = parse(text.as_bytes()).unwrap_err().to_string();
    assert!(!told.contains("MDE5"), "{told}");
    told
}

fn text() -> impl Strategy<Value = Option<String>> {
    let filled = prop_oneof![
        "'{0,2}[=+@\t\r-][ -~]{0,8}",
        "[a-z,\"\r\n;' ]{1,12}",
        any::<String>(),
        Just("=HYPERLINK(\"http://x.example\",\"a\")".to_owned()),
    ];
    proptest::option::of(filled).prop_map(|text| text.map(|text| tame(&text)).filter(|text| !text.is_empty()))
}

fn entries() -> impl Strategy<Value = KeyEntry> {
    let ids = ("[a-z'=-]{0,2}[a-z]", proptest::option::of("[a-z0-9_-]{1,9}"), "[a-zA-Z0-9_-]{1,3}");
    let days = proptest::option::of((1900_i16..2200, 1_i8..13, 1_i8..29));
    let fingerprint = proptest::option::of("k:[0-9a-f]{8}");
    (ids, (text(), text(), text(), text()), days, fingerprint, any::<bool>()).prop_map(|drawn| {
        let (ids, texts, day, fingerprint, vouched) = drawn;
        let ((workspace, workspace_id, key), (name, owner, purpose, stored)) = (ids, texts);
        let workspace_id_is_there = workspace_id.is_some();
        KeyEntry {
            workspace,
            workspace_id: workspace_id.map(|id| WorkspaceId::parse(&id).unwrap()),
            key: KeyId::parse(&key).unwrap(),
            name: name.unwrap_or_default(),
            owner,
            purpose,
            stored,
            rotate_by: day.map(|(year, month, day)| Date::new(year, month, day).unwrap()),
            vouched: vouched && workspace_id_is_there && fingerprint.is_some(),
            fingerprint,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_register_written_and_read_back_is_equal_and_runs_in_no_spreadsheet(
        entries in proptest::collection::vec(entries(), 0..6),
    ) {
        let mut register = Register::default();
        for entry in entries {
            register.put(entry);
        }
        let fleet = fleet(Path::new("/root"), &["b", "a"]);
        let written = render(&register, &fleet);
        prop_assert_eq!(&parse(&written).unwrap(), &register);
        prop_assert_eq!(render(&parse(&written).unwrap(), &fleet), &written[..]);
        let mut reader = csv::ReaderBuilder::new().has_headers(true).from_reader(&written[..]);
        for record in reader.records() {
            for cell in &record.unwrap() {
                prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell:?} would run");
            }
        }
    }
}

/// A register as keyholder wrote it, of keys of two workspaces.
fn vouched() -> Register {
    let mut register = Register::default();
    for number in 0..6 {
        let (workspace, id) = if number < 4 { ("a", "id-a") } else { ("b", "id-b") };
        let mut row = entry(workspace, &format!("k{number}"));
        row.workspace_id = Some(WorkspaceId::parse(id).unwrap());
        row.name = format!("bot {}", number % 2);
        row.fingerprint = Some(format!("k:0000000{number}"));
        row.vouched = true;
        register.put(row);
    }
    register
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn however_cells_are_moved_no_row_is_believed_that_keyholder_did_not_write_so(
        columns in proptest::collection::btree_set(0_usize..10, 1..9), turn in 1_usize..6, sorted in any::<bool>(),
    ) {
        let fleet = fleet(Path::new("/root"), &["a", "b"]);
        let written = render(&vouched(), &fleet);
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&written[..]);
        let mut rows: Vec<Vec<String>> =
            reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
        for column in &columns {
            let mut cells: Vec<String> = rows[1..].iter().map(|row| row[*column].clone()).collect();
            if sorted { cells.sort_by(|a, b| b.cmp(a)) } else { cells.rotate_left(turn) }
            for (row, cell) in rows[1..].iter_mut().zip(cells) {
                row[*column] = cell;
            }
        }
        let text: String = rows.iter().map(|row| row.join(",") + "\n").collect();
        // Rows that name one key twice are refused whole, which believes nothing either.
        let Ok(register) = parse(text.as_bytes()) else { return Ok(()) };
        let true_ones = vouched();
        for entry in register.iter().filter(|entry| entry.vouched) {
            let same = |one: &KeyEntry| {
                (&one.workspace_id, &one.key, &one.fingerprint) == (&entry.workspace_id, &entry.key, &entry.fingerprint)
            };
            prop_assert!(true_ones.iter().any(same), "{entry:?}");
        }
    }
}

#[test]
fn what_would_stop_every_later_command_is_not_written() {
    let temp = tempfile::tempdir().unwrap();
    let fleet = fleet(temp.path(), &["acme"]);
    update(&fleet, temp.path(), |register| drop(register.put(entry("acme", "k1")))).unwrap();
    let before = fs::read(temp.path().join(FILE)).unwrap();
    let mut named = entry("acme", "k2");
    named.name = "MDE5NTAwMDAtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAxOmNhbmFyeS1jYW5hcnk=".to_owned();
    let refused = update(&fleet, temp.path(), |register| drop(register.put(named.clone()))).unwrap_err();
    assert!(matches!(refused, RegisterError::Unfit(_)) && !format!("{refused:?}").contains("MDE5"), "{refused}");
    assert_eq!(fs::read(temp.path().join(FILE)).unwrap(), before);
}

#[test]
fn columns_that_a_spreadsheet_left_empty_are_passed_over() {
    let register = parse(b"workspace,key_id,,owner,\nacme,k1,,ann,\nacme,k2\n").unwrap();
    assert_eq!(register.entry("acme", &KeyId::parse("k1").unwrap()).unwrap().owner.as_deref(), Some("ann"));
    insta::assert_snapshot!(told("workspace,key_id,\nacme,k1,\nacme,k2,x\n"), @r"
    1 problem in keys.csv
    keys.csv:1: unknown column the empty text
      hint: name the column or drop it
    ");
}

#[test]
fn every_bad_line_is_told_and_no_cell_that_may_be_a_key_is_quoted() {
    insta::assert_snapshot!(told(
        "workspace,key_id,ownr,rotate_by,fingerprint,workspace_id,purpose\n\
         acme,k1,,30.11.2026,k:12,two words,\n\
         ,k2,,,,,\n\
         acme,not an id,,,,,\n\
         acme,k9,,2026-02-30,,,MDE5NTAwMDAtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAxOmNhbmFyeS1jYW5hcnk=\n\
         globex,k1,,,k:00ff00ff,,\n\
         globex,k1,,,,,again\n"
    ), @r"
    9 problems in keys.csv
    keys.csv:1: unknown column `ownr`
      hint: did you mean `owner`?
    keys.csv:2: fingerprint: this is not a fingerprint
      hint: leave it to keyholder: `k:` and eight digits
    keys.csv:2: rotate_by: this is not a date
      hint: write it like 2026-11-30
    keys.csv:2: workspace_id: this is not the id of a workspace
      hint: copy it from `keyholder keys`
    keys.csv:3: workspace: the cell is empty
      hint: every line names a workspace and a key
    keys.csv:4: key_id: this is not the id of a key
      hint: copy it from `keyholder keys`
    keys.csv:5: purpose: something here looks like an API key
      hint: take it out, and replace the key: whoever read this file has it
    keys.csv:5: rotate_by: this is not a date
      hint: write it like 2026-11-30
    keys.csv:7: key_id: this key of `globex` stands in line 6 already
      hint: keep one of the two lines
    ");
    insta::assert_snapshot!(told("workspace,name\n"), @r"
    1 problem in keys.csv
    keys.csv:1: the column `key_id` is missing
      hint: the first line names the columns
    ");
}

#[test]
fn rows_stand_in_the_fleets_order_and_those_of_nobody_behind_them() {
    let temp = tempfile::tempdir().unwrap();
    let fleet = fleet(temp.path(), &["beta", "alpha"]);
    let state = temp.path().join(".keyholder");
    assert_eq!(load(temp.path()).unwrap(), Register::default(), "no file is an empty register");
    update(&fleet, &state, |_| ()).unwrap();
    assert!(!temp.path().join(FILE).exists(), "nothing is written where nothing changed");
    update(&fleet, &state, |register| {
        for (workspace, key) in [("gone", "k1"), ("beta", "k2"), ("alpha", "k1"), ("beta", "k1")] {
            register.put(entry(workspace, key));
        }
    })
    .unwrap();
    let text = fs::read_to_string(temp.path().join(FILE)).unwrap();
    let rows: Vec<&str> = text.lines().skip(1).map(|line| line.trim_end_matches(',')).collect();
    assert_eq!(rows, ["alpha,,k1", "beta,,k1", "beta,,k2", "gone,,k1"]);
    assert_eq!(temp.path().join(FILE).metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let kept = state.read_dir().unwrap().count();
    assert_eq!((kept, temp.path().read_dir().unwrap().count()), (1, 2), "nothing is left aside");
}

#[test]
fn what_a_person_saved_meanwhile_is_read_and_kept() {
    let temp = tempfile::tempdir().unwrap();
    let fleet = fleet(temp.path(), &["acme"]);
    let path = temp.path().join(FILE);
    fs::write(&path, "\u{feff}key_id;workspace\n").unwrap();
    assert!(matches!(update(&fleet, temp.path(), |_| ()), Err(RegisterError::Bad(_))));
    fs::write(&path, "\u{feff}Key_ID,Workspace,Owner\r\nk1,acme,ann\r\n\r\nk7,elsewhere,bob\r\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let mut calls = 0;
    let seen = update(&fleet, temp.path(), |register| {
        calls += 1;
        if calls == 1 {
            // A spreadsheet saves between our reading and our writing.
            fs::write(&path, "key_id,workspace,owner\nk1,acme,carol\nk7,elsewhere,bob\n").unwrap();
        }
        register.put(entry("acme", "k2"));
        register.entry("acme", &KeyId::parse("k1").unwrap()).unwrap().owner.clone()
    })
    .unwrap();
    assert_eq!((calls, seen.as_deref()), (2, Some("carol")));
    let register = load(temp.path()).unwrap();
    let owners: Vec<_> = register.iter().map(|entry| (entry.workspace.as_str(), entry.owner.as_deref())).collect();
    assert_eq!(owners, [("acme", Some("carol")), ("acme", None), ("elsewhere", Some("bob"))]);
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o640, "who may read it stays");
}

#[test]
fn a_register_that_is_a_link_or_never_still_is_not_written() {
    let temp = tempfile::tempdir().unwrap();
    let fleet = fleet(temp.path(), &["acme"]);
    let path = temp.path().join(FILE);
    let mut count = 0;
    let restless = update(&fleet, temp.path(), |register| {
        count += 1;
        fs::write(&path, format!("key_id,workspace,owner\nk1,acme,x{count}\n")).unwrap();
        register.put(entry("acme", "k2"));
    });
    assert!(matches!(restless, Err(RegisterError::Restless)));
    fs::remove_file(&path).unwrap();
    fs::write(temp.path().join("elsewhere.csv"), "key_id,workspace\n").unwrap();
    std::os::unix::fs::symlink("elsewhere.csv", &path).unwrap();
    let linked = update(&fleet, temp.path(), |register| drop(register.put(entry("acme", "k2"))));
    assert!(matches!(linked, Err(RegisterError::Unwritable(_))));
    assert_eq!(fs::read_to_string(temp.path().join("elsewhere.csv")).unwrap(), "key_id,workspace\n");
}

#[test]
fn two_writers_lose_nothing_of_each_other() {
    let temp = tempfile::tempdir().unwrap();
    let fleet = fleet(temp.path(), &["acme"]);
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let fleet = &fleet;
            scope.spawn(move || {
                for number in 0..5 {
                    let row = entry("acme", &format!("k{writer}-{number}"));
                    update(fleet, &fleet.root.join("state"), |register| drop(register.put(row.clone()))).unwrap();
                }
            });
        }
    });
    assert_eq!(load(temp.path()).unwrap().iter().count(), 20);
}
