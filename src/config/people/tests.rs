//! Lists of people: what is taken, what is refused and where, and the law that a list written is read back.

use std::fmt::Write as _;
use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::domain::fleet::{Place, Reach, Share};
use crate::domain::{KeyRef, Mode, WorkspaceName};

fn taken(text: &str) -> Vec<PersonRow> {
    read(text.as_bytes(), Path::new("people.csv")).unwrap()
}

fn refused(text: &str) -> String {
    read(text.as_bytes(), Path::new("people.csv")).unwrap_err().to_string()
}

fn workspace(name: &str, labels: &[(&str, &str)]) -> Workspace {
    Workspace {
        name: WorkspaceName::parse(name).unwrap(),
        id: None,
        reach: Reach::Own(KeyRef::Env("K".into())),
        mode: Mode::Manage,
        labels: labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        store: None,
        display_name: Some(format!("{name} Corp")),
        share: Share::new(0.5).unwrap(),
        place: Place { file: PathBuf::from("x.toml"), line: 1, column: 1 },
    }
}

#[test]
fn a_full_line_is_understood() {
    let rows = taken(
        "Email,Role,Permissions,Nickname,Workspace,Workspace,Label,Hand_over_to,Last_day\r\n\
         Ida@Agency.example, editor ,unibox.all; accounts.view,\"Ida, SDR\",acme;globex,init*,tier=gold region=emea,bo@agency.example,2026-11-30\r\n",
    );
    let row = &rows[0];
    assert_eq!((row.line, row.email.as_str(), row.role.clone()), (2, "ida@agency.example", Some(Role::Editor)));
    assert_eq!(row.permissions, Some(Permissions::of(["accounts.view", "unibox.all"])));
    assert_eq!(row.nickname.as_deref(), Some("Ida, SDR"));
    assert_eq!(row.workspaces, ["acme", "globex", "init*"]);
    assert_eq!(row.labels, [("region".into(), "emea".into()), ("tier".into(), "gold".into())]);
    assert_eq!(row.hand_over_to.as_ref().unwrap().as_str(), "bo@agency.example");
    assert_eq!(row.last_day.unwrap().to_string(), "2026-11-30");
    let gold = [("tier", "gold"), ("region", "emea")];
    assert!(row.applies_to(&workspace("initech", &gold)) && row.applies_to(&workspace("acme", &gold)));
    assert!(!row.applies_to(&workspace("initech", &gold[..1])) && !row.applies_to(&workspace("umbrella", &gold)));
}

#[test]
fn every_bad_line_is_told_at_once_with_its_number() {
    insta::assert_snapshot!(refused(
        "email,role,preset,permissions,nickname,workspace,label,hand_over_to,last_day\n\
         not-an-address,manager,,,,,,,\n\
         \n\
         a@b.example,editor,sdr,,,,,,\n\
         b@b.example,,,campaign.view,,,,,\n\
         c@b.example,owner,,,,[,gold,x,11/12/2026\n\
         ,editor,,,,,,,\n\
         d@b.example,,,,12345678901234567890123456789012345678901234567890123456789012345678901234567890x,,,d@b.example,\n\
         e@b.example,,sdr,unibox.all,,,,,\n"
    ), @r#"
    13 problems in people.csv
    people.csv:2: email: `not-an-address` is not an e-mail address: there is no `@`
      hint: one address a cell, like name@agency.example
    people.csv:2: role: `manager` is not a role the API can grant
      hint: for a manager use the preset `manager`, or role editor with permissions
      hint: the API grants the roles admin, editor and view
    people.csv:4: preset: `preset` and `role` both say what the person gets
      hint: keep one of them: a preset is a role with its permissions
    people.csv:5: permissions: `campaign.view` is not a permission the API knows
      hint: did you mean `campaigns.view`?
      hint: `keyholder help access` lists all of them
    people.csv:6: hand_over_to: `x` is not an e-mail address: there is no `@`
      hint: one address a cell, like name@agency.example
    people.csv:6: label: `gold` is not of the form KEY=VALUE
      hint: write it like tier=gold
    people.csv:6: last_day: this is not a date
      hint: write it like 2026-11-30
    people.csv:6: role: `owner` is not a role the API can grant
      hint: every workspace has its one owner; the role is handed over in the app, not granted
      hint: the API grants the roles admin, editor and view
    people.csv:6: workspace: `[` is not a name or glob
      hint: globs know `*`, `?`, `[abc]` and `{a,b}`
    people.csv:7: email: there is no address
      hint: every line names a person
    people.csv:8: hand_over_to: a person cannot take over from themselves
      hint: name a colleague
    people.csv:8: nickname: a nickname has at most 80 characters, on one line
      hint: shorten it
    people.csv:9: preset: `preset` and `permissions` both say what the person gets
      hint: keep one of them: a preset is a role with its permissions
    "#);
}

#[test]
fn two_lines_about_one_person_name_each_other() {
    insta::assert_snapshot!(refused("email,workspace\na@b.example,\nA@b.example,acme\n"), @r#"
    1 problem in people.csv
    people.csv:3: email: `a@b.example` already stands in line 2
      hint: keep one line, or narrow both by `workspace` or `label`
    "#);
    insta::assert_snapshot!(refused("email,workspace\na@b.example,x acme\na@b.example,acme;y\n"), @r#"
    1 problem in people.csv
    people.csv:3: email: `a@b.example` already stands in line 2
      hint: keep one line, or narrow both by `workspace` or `label`
    "#);
    assert_eq!(taken("email,workspace\na@b.example,acme\na@b.example,globex\n").len(), 2);
    assert_eq!(taken("email,workspace,label\na@b.example,acme,\na@b.example,,tier=gold\n").len(), 2);
}

#[test]
fn a_line_outside_of_the_selection_is_an_error_and_so_is_an_overlap() {
    let acme = workspace("acme", &[("tier", "gold")]);
    let globex = workspace("globex", &[]);
    let rows = taken(
        "email,workspace,label\na@b.example,acme,\na@b.example,,tier=gold\nb@b.example,Globex Corp,\n\
         c@b.example,globx,\nd@b.example,,tier=silver\ne@b.example,init*,\nf@b.example,globex,tier=gold\n",
    );
    insta::assert_snapshot!(check_scope(&rows, &[&acme, &globex]).unwrap_err(), @r#"
    7 problems in people.csv
    people.csv:3: email: `a@b.example` already stands in line 2, both for `acme`
      hint: keep one line, or narrow both by `workspace` or `label`
    people.csv:4: workspace: no selected workspace is `Corp`
      hint: or select it too: `-w`, `-l` or `--all`
    people.csv:4: workspace: no selected workspace is `Globex`
      hint: did you mean `globex`?
      hint: or select it too: `-w`, `-l` or `--all`
    people.csv:5: workspace: no selected workspace is `globx`
      hint: did you mean `globex`?
      hint: or select it too: `-w`, `-l` or `--all`
    people.csv:6: label: the line is about no selected workspace
      hint: widen the line or the selection; names and labels of a line must hold together
    people.csv:7: workspace: no selected workspace is `init*`
      hint: or select it too: `-w`, `-l` or `--all`
    people.csv:8: label: the line is about no selected workspace
      hint: widen the line or the selection; names and labels of a line must hold together
    "#);
    assert!(check_scope(&rows[..1], &[&acme]).is_ok());
    assert!(check_scope(&rows[..1], &[&globex]).is_err());
}

#[test]
fn a_preset_must_exist() {
    let rows = taken("email,preset\na@b.example,sdr\nb@b.example,sdrs\n");
    let presets = preset::BUILT_IN.iter().map(|known| (known.name.to_owned(), known.preset())).collect();
    insta::assert_snapshot!(check_presets(&rows, &presets).unwrap_err(), @r#"
    1 problem in people.csv
    people.csv:3: preset: there is no preset `sdrs`
      hint: did you mean `sdr`?
    "#);
}

#[test]
fn a_key_in_a_cell_is_not_quoted() {
    let key = "canary-0123456789-ABCDEFGHIJKLMNOP";
    for column in ["email", "role", "permissions", "label", "last_day", "hand_over_to", "preset"] {
        let text = format!("email,{column},workspace\n{key},{key},acme\n");
        assert!(!refused(&text).contains("canary"), "{column}");
    }
}

fn cell(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

proptest! {
    #[test]
    fn reading_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        drop(read(&bytes, Path::new("p.csv")));
        let with_header = [b"email,workspace,label,role\n".to_vec(), bytes].concat();
        drop(read(&with_header, Path::new("p.csv")));
    }

    #[test]
    fn a_list_written_is_read_back(
        people in proptest::collection::btree_map(
            "[a-z][a-z0-9+.]{0,8}",
            ("[^\u{0}-\u{1f}\u{7f}-\u{9f}]{0,60}", 0usize..3, proptest::option::of("[a-z][a-z0-9-]{0,9}"), any::<bool>()),
            1..12,
        )
    ) {
        let mut text = "\u{feff}workspace,nickname,email,role\n".to_owned();
        for (name, (nickname, role, workspace, crlf)) in &people {
            let end = if *crlf { "\r\n" } else { "\n\n" };
            let workspace = workspace.as_deref().unwrap_or_default();
            write!(text, "{workspace},{},{name}@agency.example,{}{end}", cell(nickname), Role::GRANTABLE[*role]).unwrap();
        }
        let rows = taken(&text);
        prop_assert_eq!(rows.len(), people.len());
        let mut line = 2;
        for (row, (name, (nickname, role, workspace, crlf))) in rows.iter().zip(&people) {
            prop_assert_eq!(row.email.as_str(), format!("{name}@agency.example"));
            prop_assert_eq!(row.nickname.as_deref().unwrap_or_default(), nickname.trim());
            prop_assert_eq!(row.role.as_ref().unwrap().as_str(), Role::GRANTABLE[*role]);
            prop_assert_eq!(&row.workspaces, &workspace.iter().cloned().collect::<Vec<_>>());
            prop_assert_eq!(row.line, line);
            line += if *crlf { 1 } else { 2 };
        }
    }
}
