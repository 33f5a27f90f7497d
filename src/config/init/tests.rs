//! Starting a root: what is written loads, nothing is overwritten, and a failure leaves nothing behind.

use super::*;
use crate::domain::fleet::Reach;
use crate::domain::{Fleet, KeyRef, Mode};

fn tree(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            found.push(path.strip_prefix(dir).unwrap().display().to_string());
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    found.sort();
    found
}

fn taken(csv: &str) -> (tempfile::TempDir, Fleet) {
    let temp = tempfile::tempdir().unwrap();
    from_clients(temp.path(), csv.as_bytes(), Path::new("clients.csv")).unwrap();
    let fleet = load::load(temp.path()).unwrap();
    (temp, fleet)
}

fn refused(csv: &str) -> String {
    let temp = tempfile::tempdir().unwrap();
    let error = from_clients(temp.path(), csv.as_bytes(), Path::new("clients.csv")).unwrap_err();
    assert_eq!(tree(temp.path()), Vec::<String>::new(), "nothing is written");
    assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    error.to_string()
}

#[test]
fn a_starter_loads_and_is_closed_to_others() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("root");
    assert_eq!(starter(&dir).unwrap().len(), 6);
    assert_eq!(tree(&dir), [".gitignore", "keyholder.toml", "secrets", "workspaces", "workspaces/example.toml"]);
    let fleet = load::load(&dir).unwrap();
    assert_eq!(fleet.workspaces[0].reach, Reach::Own(KeyRef::File("secrets/example.key".into())));
    assert_eq!(fleet.workspaces[0].mode, Mode::Observe);
    assert_eq!((fleet.defaults, fleet.guards), Default::default());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &str| dir.join(path).metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("secrets"), mode("keyholder.toml")), (0o700, 0o600));
    }
}

#[test]
fn the_key_policy_of_the_starter_loads_once_the_marks_are_taken_off() {
    let (_, from) = AGENCY.split_once("# [key_policy]").unwrap();
    let (sample, _) = from.split_once("\n\n").unwrap();
    let open: Vec<&str> = sample.lines().map(|line| line.trim_start_matches("# ")).collect();
    let open = open.join("\n");
    let temp = tempfile::tempdir().unwrap();
    let _written = starter(temp.path()).unwrap();
    fs::write(temp.path().join(AGENCY_FILE), format!("{AGENCY}\n[key_policy]{open}")).unwrap();
    let policy = load::load(temp.path()).unwrap().key_policy;
    assert!(policy.max_age.is_some() && policy.naming.is_some() && policy.commands.is_some());
    assert_eq!(policy.accept.len(), 1);
}

#[test]
fn nothing_is_overwritten_and_nothing_left_behind() {
    let temp = tempfile::tempdir().unwrap();
    fs::create_dir(temp.path().join(WORKSPACES)).unwrap();
    fs::write(temp.path().join("workspaces/example.toml"), "mine").unwrap();
    let before = tree(temp.path());
    let error = starter(temp.path()).unwrap_err();
    assert!(matches!(&error, InitError::Exists(paths) if paths.len() == 1 && paths[0].ends_with("example.toml")));
    assert_eq!(tree(temp.path()), before);
    // A failure midway: `workspaces` is a file, found out after nothing else was in the way.
    let temp = tempfile::tempdir().unwrap();
    fs::write(temp.path().join(SECRETS), "").unwrap();
    assert!(matches!(starter(temp.path()), Err(InitError::Io { .. })));
    assert_eq!(tree(temp.path()), [SECRETS]);
}

#[test]
fn a_gitignore_that_covers_the_secrets_is_left_alone() {
    let temp = tempfile::tempdir().unwrap();
    fs::write(temp.path().join(".gitignore"), "target/\n/secrets/\n.keyholder/\n").unwrap();
    starter(temp.path()).unwrap();
    assert!(fs::read_to_string(temp.path().join(".gitignore")).unwrap().starts_with("target/"));
    let temp = tempfile::tempdir().unwrap();
    fs::write(temp.path().join(".gitignore"), "target/\n").unwrap();
    let error = starter(temp.path()).unwrap_err();
    assert_eq!(error.advice(), ["add these lines to it and run init again: secrets/ and .keyholder/"]);
}

#[test]
fn a_list_of_clients_becomes_a_root_that_loads() {
    let (_temp, fleet) = taken(
        "\u{feff}Name,id,display_name,labels,label:Owner,key_env,key_command,via\r\n\
         agency,id-1,,,,AGENCY_KEY,,\r\n\
         \"Acme \"\"Corp\"\"\",id-2,,tier=gold;region=North America,Bo,,,agency\r\n\
         globex,,Globex Ltd,,,,op read op://Agency/globex,\r\n\
         initech,,,,,,\"[\"\"pass\"\", \"\"show\"\", \"\"initech key\"\"]\",\r\n\
         Hooli,,,,,,,\r\n",
    );
    let by_name = |name: &str| fleet.workspaces.iter().find(|w| w.name.as_str() == name).unwrap();
    let acme = by_name("acme-corp");
    assert_eq!(acme.display_name.as_deref(), Some("Acme \"Corp\""));
    assert_eq!(acme.labels["Owner"], "Bo");
    assert_eq!(acme.labels["region"], "North America");
    assert!(matches!(&acme.reach, Reach::Via(admin) if admin.as_str() == "agency"));
    assert_eq!(by_name("agency").reach, Reach::Own(KeyRef::Env("AGENCY_KEY".into())));
    let command = |words: &[&str]| Reach::Own(KeyRef::Command(words.iter().map(|w| (*w).to_owned()).collect()));
    assert_eq!(by_name("globex").reach, command(&["op", "read", "op://Agency/globex"]));
    assert_eq!(by_name("initech").reach, command(&["pass", "show", "initech key"]));
    assert_eq!(by_name("hooli").reach, Reach::Own(KeyRef::File("secrets/hooli.key".into())));
    assert_eq!(by_name("hooli").display_name.as_deref(), Some("Hooli"));
}

#[test]
fn clients_can_join_a_root_that_is_there() {
    let (temp, _) = taken("name\nacme\n");
    let more = from_clients(temp.path(), b"name,id,via\nGlobex,id-g,acme\n", Path::new("more.csv")).unwrap();
    assert_eq!(more, [temp.path().join("workspaces/globex.toml")]);
    assert_eq!(load::load(temp.path()).unwrap().workspaces.len(), 2);
    let again = from_clients(temp.path(), b"name\nglobex\n", Path::new("more.csv")).unwrap_err();
    insta::assert_snapshot!(again, @r#"
    1 problem in more.csv
    more.csv:2: name: the name `globex` already stands in workspaces/globex.toml:1:1
      hint: give each client a name of its own; the name for people goes into `display_name`
    "#);
}

#[test]
fn every_bad_line_of_clients_is_told_at_once() {
    insta::assert_snapshot!(refused(
        "name,id,labels,key_env,key_file,via\n\
         acme,,gold,,,\n\
         Acme,a/b,,X,y,\n\
         ,,,,,\n\
         ,,,X,,\n\
         株式会社,,,,,\n\
         globex,id-1,,,,acme\n\
         sub,,,,,globx\n\
         initech,ID-1,tier=a;tier=b,,,\n\
         \"acme!\",,,,,\n"
    ), @r#"
    11 problems in clients.csv
    clients.csv:2: labels: `gold` is not of the form KEY=VALUE
      hint: write them like tier=gold;region=emea
    clients.csv:3: id: this is not a workspace id
      hint: leave it empty and run `keyholder pin`
    clients.csv:3: key_file: a client is reached in one way, and here are key_env, key_file
      hint: keep one of them
    clients.csv:3: name: the name `acme` already stands in line 2
      hint: give each client a name of its own; the name for people goes into `display_name`
    clients.csv:5: name: there is no name
      hint: every line names a client
    clients.csv:6: name: no workspace name can be made of `株式会社`: no letter a to z and no digit is in it
      hint: write a short name in the column `name` and this one into `display_name`
    clients.csv:8: id: a workspace reached `via` another is addressed by its id alone
      hint: the vendor's app shows it under workspace groups
    clients.csv:8: via: no client is named `globx`
      hint: did you mean `globex`?
    clients.csv:9: id: the same id already stands in line 7
      hint: one workspace has one line
    clients.csv:9: labels: the label `tier` has two values
      hint: keep one
    clients.csv:10: name: the name `acme` already stands in line 2
      hint: give each client a name of its own; the name for people goes into `display_name`
    "#);
}

#[test]
fn a_key_in_a_cell_is_refused_and_not_quoted() {
    let key = "MDE5NTAwMDAtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAxOmNhbmFyeS1jYW5hcnk=";
    for column in ["key_env", "key_file", "key_command", "via", "id", "display_name"] {
        let told = refused(&format!("name,{column}\nacme,{key}\n"));
        assert!(told.contains(":2: ") && !told.contains("MDE5"), "{column}: {told}");
    }
    assert!(!refused(&format!("name\n{key}\n")).contains("MDE5"));
    assert!(!refused("name,key_env\nacme,canary 0123\n").contains("canary"));
}
