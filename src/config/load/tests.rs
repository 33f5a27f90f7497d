//! Loading: each kind of problem at its exact place, all of them together, and never a key in any of it.

use super::*;
use crate::domain::fleet::{FailureBudget, Reach};
use crate::domain::{Colour, KeyRef, Mode, PermissionWish, Permissions, Role};

/// base64 of `01950000-0000-7000-8000-000000000001:canary-canary`.
pub(super) const KEY: &str = "MDE5NTAwMDAtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAxOmNhbmFyeS1jYW5hcnk=";
const ACME: &str = "name = \"acme\"\nkey = { env = \"ACME\" }\n";

fn read_all(agency: &str, files: &[(&str, &str)]) -> Result<Fleet, Problems> {
    let files = files.iter().map(|(file, text)| (Path::new(WORKSPACES).join(file), text.as_bytes().to_vec())).collect();
    fleet(Path::new("/root"), agency.into(), files, Vec::new())
}

fn told(agency: &str, files: &[(&str, &str)]) -> String {
    let problems = read_all(agency, files).unwrap_err();
    let told = problems.to_string();
    for text in [&told, &format!("{problems:?}")] {
        assert!(!text.contains("canary") && !text.contains("MDE5"), "{text}");
    }
    told
}

fn agency_told(agency: &str) -> String {
    told(agency, &[("acme.toml", ACME)])
}

fn workspace_told(workspace: &str) -> String {
    told("version = 1", &[("a.toml", workspace)])
}

#[test]
fn the_designs_own_example_loads() {
    let agency = r##"
version = 1
[agency]
name = "Northwind Outreach"
domains = ["Northwind.example"]
colour = "#0B57A4"
[defaults]
base_url = "https://api.instantly.ai"
mode = "add-only"
share = 1
timeout = "20s"
settle = "1m"
deadline = "2h"
[guards]
protected = ["Founder@northwind.example"]
min_admins = 2
max_removals = { per_workspace = 4, per_run = 60 }
max_failures = 7
[presets.inbox-only]
role = "editor"
permissions = ["unibox.all"]
[key_policy]
max_age = "180d"
allow_wildcards = false
naming = "^[a-z0-9-]+ — .+$"
"##;
    let group = r#"
[[workspace]]
name = "agency"
id = "0195b2aa-7c1e-7d00-8000-000000000001"
key = { file = "secrets/agency.key" }
[[workspace]]
name = "globex"
id = "0195b2aa-7c1e-7d00-8000-000000000002"
via = "agency"
mode = "manage"
share = 0.25
labels.tier = "gold"
display_name = "Globex Ltd"
"#;
    let fleet =
        read_all(agency, &[("group.toml", group), ("acme.toml", "name='acme'\nkey={command=['op','read']}")]).unwrap();
    let names: Vec<&str> = fleet.workspaces.iter().map(|workspace| workspace.name.as_str()).collect();
    assert_eq!(names, ["acme", "agency", "globex"]);
    let [acme, agency, globex] = &fleet.workspaces[..] else { panic!() };
    assert_eq!(acme.reach, Reach::Own(KeyRef::Command(vec!["op".into(), "read".into()])));
    assert_eq!((acme.mode, acme.share.places(), agency.place.line), (Mode::AddOnly, 100, 2));
    assert_eq!((globex.mode, globex.share.places(), globex.labels["tier"].as_str()), (Mode::Manage, 25, "gold"));
    assert!(matches!(&globex.reach, Reach::Via(admin) if *admin == agency.name));
    assert_eq!(fleet.guards.max_removals.per_day, 100);
    assert_eq!(fleet.guards.max_failures, FailureBudget::Lanes(7));
    assert!(fleet.domains.contains("northwind.example"));
    assert_eq!(fleet.colour, Colour::parse("#0b57a4"));
    let preset = &super::super::presets(&fleet)["inbox-only"];
    assert_eq!(preset.role, Role::Editor);
    assert_eq!(preset.permissions, PermissionWish::Exactly(Permissions::of(["unibox.all"])));
}

#[test]
fn a_colour_is_hexadecimal_digits_or_a_problem_with_its_place() {
    insta::assert_snapshot!(agency_told("version = 1\n[agency]\ncolour = \"red;} body {\"\n"), @r##"
    1 problem in 1 configuration file
    keyholder.toml:3:10: agency.colour: this is not a colour
      hint: a colour is written "#0b57a4": `#` and six (or three) hexadecimal digits
    "##);
    insta::assert_snapshot!(agency_told("version = 1\n[agency]\ncolor = 7\n"), @r"
    1 problem in 1 configuration file
    keyholder.toml:3:1: agency.color: unknown key `color`
      hint: did you mean `colour`?
    ");
}

#[test]
fn problems_of_the_agency_file_have_their_places() {
    insta::assert_snapshot!(agency_told(r#"
[agency]
nam = "x"
domains = ["@north", 3]
[defaults]
tiemout = "30s"
timeout = "40s"
settle = "70s"
base_url = "http://api.instantly.ai"
mode = "manag"
share = 1.5
deadline = "soon"
[guards]
protected = ["founder"]
min_admins = -1
max_removals = { per_workspaces = 3 }
max_failures = "lots"
[[taggs]]
label = "x"
[mailboxes]
"#), @r#"
    16 problems in 1 configuration file
    keyholder.toml:1:1: version: `version` is missing
      hint: write version = 1 at the top
    keyholder.toml:3:1: agency.nam: unknown key `nam`
      hint: did you mean `name`?
    keyholder.toml:4:12: agency.domains: this is not a domain name
      hint: write it like "agency.example", without `@`
    keyholder.toml:4:22: agency.domains: this is an integer, not a text
      hint: write it in quotes
    keyholder.toml:6:1: defaults.tiemout: unknown key `tiemout`
      hint: did you mean `timeout`?
    keyholder.toml:8:10: defaults.settle: `settle` is shorter than twice `timeout`: a late request could land after it was judged
      hint: write settle = "80s" or more, or a shorter timeout
    keyholder.toml:9:12: defaults.base_url: http is allowed to this machine alone: the key would travel unencrypted
      hint: the published one is "https://api.instantly.ai"
    keyholder.toml:10:8: defaults.mode: `manag` is not one of: off, observe, add-only, manage
      hint: did you mean `manage`?
    keyholder.toml:11:9: defaults.share: a share is above 0 and at most 1
      hint: 0.5 leaves half of the limit to the client's other tools
    keyholder.toml:12:12: defaults.deadline: this is not a duration above zero
      hint: write it like "30s", "10m", "1h" or "180d"
    keyholder.toml:14:14: guards.protected: this is not an e-mail address: there is no `@`
      hint: name a person by address
    keyholder.toml:15:14: guards.min_admins: the number is below zero
      hint: write a whole number of zero or more
    keyholder.toml:16:18: guards.max_removals.per_workspaces: unknown key `per_workspaces`
      hint: did you mean `per_workspace`?
    keyholder.toml:17:16: guards.max_failures: this is not a failure budget
      hint: write a number of lanes (7) or a part ("10%")
    keyholder.toml:18:3: taggs: unknown key `taggs`
      hint: did you mean `tags`?
    keyholder.toml:20:2: mailboxes: unknown key `mailboxes`
      hint: known here: `version`, `accounts`, `agency`, `defaults`, `guards`, `presets`, `key_policy`, `tags`
    "#);
    insta::assert_snapshot!(agency_told("version = 2\n"), @r#"
    1 problem in 1 configuration file
    keyholder.toml:1:11: version: this version of the format is not known
      hint: write version = 1
    "#);
    insta::assert_snapshot!(agency_told("version = 1\n[key_policy]\nmax_age = \"180\"\nallow_wildcards = 1\n"), @r#"
    2 problems in 1 configuration file
    keyholder.toml:3:11: key_policy.max_age: this is not a duration above zero
      hint: write it like "30s", "10m", "1h" or "180d"
    keyholder.toml:4:19: key_policy.allow_wildcards: this is an integer
      hint: write true or false
    "#);
}

#[test]
fn presets_that_cannot_be_granted_get_the_real_names() {
    insta::assert_snapshot!(agency_told(r#"version = 1
[presets.SDR]
role = "editor"
[presets.boss]
role = "manager"
[presets.team]
role = "member"
permissions = ["campaign.view", "unibox.all"]
[presets.mine]
permissions = []
"#), @r#"
    6 problems in 1 configuration file
    keyholder.toml:2:10: presets.SDR: this preset is built in and cannot be redefined
      hint: give yours another name
    keyholder.toml:5:8: presets.boss.role: `manager` is not a role that can be granted
      hint: for a manager use the preset `manager`, or role editor with permissions
      hint: the API grants the roles admin, editor and view
    keyholder.toml:7:8: presets.team.role: `member` is not a role that can be granted
      hint: use role editor (or the preset `sdr` or `manager`); the API has no member
      hint: the API grants the roles admin, editor and view
    keyholder.toml:8:16: presets.team.permissions: unknown permission `campaign.view`
      hint: did you mean `campaigns.view`?
    keyholder.toml:9:1: presets.mine.role: `role` is missing
      hint: write role = "admin", "editor" or "view"
    keyholder.toml:10:15: presets.mine.permissions: the list is empty: nobody could use that
      hint: leave `permissions` out for all the role gives
    "#);
}

#[test]
fn problems_of_a_workspace_file_have_their_places() {
    insta::assert_snapshot!(workspace_told("name = \"Acme Corp\"\nid = \"a/b\"\nmode = 3\nlables = {}\nlabels = { \"a b\" = \"x\", tier = 1 }\nbase_url = \"https://x.example\"\n"), @r#"
    8 problems in 1 configuration file
    workspaces/a.toml:1:1: key: neither `key` nor `via` says how it is reached
      hint: key = { file = "secrets/NAME.key" }     a file only you can read, relative to the root
      hint: key = { env = "NAME_INSTANTLY_KEY" }    an environment variable
      hint: key = { command = ["op", "read", "…"] } a program that prints it, run without a shell
      hint: a key that was saved or shared in this file should be replaced in the vendor's app
    workspaces/a.toml:1:8: name: this is not a workspace name: 1 to 64 lower-case letters, digits, `-`, `_` and `.`, beginning with a letter or digit
      hint: write name = "acme-corp"; the name for people goes into `display_name`
    workspaces/a.toml:2:6: id: this is not a workspace id
      hint: write the workspace's id as `keyholder check` shows it, or leave it out and run `keyholder pin`
    workspaces/a.toml:3:8: mode: this is an integer
      hint: write a text in quotes
    workspaces/a.toml:4:1: lables: unknown key `lables`
      hint: did you mean `labels`?
    workspaces/a.toml:5:12: labels.a b: a label's name has no blanks and no `=`
      hint: `-l NAME=VALUE` must be able to say it
    workspaces/a.toml:5:32: labels.tier: this is an integer
      hint: write a text in quotes
    workspaces/a.toml:6:1: base_url: unknown key `base_url`
      hint: this belongs to [defaults] in keyholder.toml
    "#);
    insta::assert_snapshot!(workspace_told("key = { env = \"A\", file = \"b\" }\nvia = \"x\"\n"), @r#"
    3 problems in 1 configuration file
    workspaces/a.toml:1:1: name: `name` is missing
      hint: every workspace has a name of its own: name = "acme"
    workspaces/a.toml:1:7: key: a key is named by exactly one of `env`, `file` and `command`
      hint: key = { file = "secrets/NAME.key" }     a file only you can read, relative to the root
      hint: key = { env = "NAME_INSTANTLY_KEY" }    an environment variable
      hint: key = { command = ["op", "read", "…"] } a program that prints it, run without a shell
      hint: a key that was saved or shared in this file should be replaced in the vendor's app
    workspaces/a.toml:2:7: via: a workspace has a key of its own or is reached `via` another, not both
      hint: drop one of them
    "#);
    insta::assert_snapshot!(workspace_told("name = \"a\"\nkey = { evn = \"A\" }\n"), @r#"
    2 problems in 1 configuration file
    workspaces/a.toml:2:7: key: a key is named by exactly one of `env`, `file` and `command`
      hint: key = { file = "secrets/NAME.key" }     a file only you can read, relative to the root
      hint: key = { env = "NAME_INSTANTLY_KEY" }    an environment variable
      hint: key = { command = ["op", "read", "…"] } a program that prints it, run without a shell
      hint: a key that was saved or shared in this file should be replaced in the vendor's app
    workspaces/a.toml:2:9: key.evn: unknown key `evn`
      hint: did you mean `env`?
    "#);
    insta::assert_snapshot!(workspace_told("name = \"a\"\nkey = { command = \"op read x\" }\n"), @r#"
    1 problem in 1 configuration file
    workspaces/a.toml:2:19: key.command: a command is a list of words: it is run without a shell
      hint: command = ["op", "read", "…"]
    "#);
    assert!(workspace_told("name = \"a\"\nkey = { file = \"~/a.key\" }\n").contains("a.toml:2:16: key.file: `~`"));
    insta::assert_snapshot!(workspace_told("name = \"a\"\nworkspace = [{ name = \"b\" }]\n"), @r#"
    2 problems in 1 configuration file
    workspaces/a.toml:1:1: name: unknown key `name`
      hint: a file holds one workspace at the top or several [[workspace]], not both
    workspaces/a.toml:2:13: workspace: `workspace` is not a list of tables
      hint: begin each workspace with [[workspace]]
    "#);
}

#[test]
fn an_inline_key_is_refused_unquoted_wherever_it_stands() {
    insta::assert_snapshot!(workspace_told("name = \"a\"\nkey = \"canary-0123456789\"\n"), @r#"
    1 problem in 1 configuration file
    workspaces/a.toml:2:7: key: an API key must not stand in this file: name the key by reference
      hint: key = { file = "secrets/NAME.key" }     a file only you can read, relative to the root
      hint: key = { env = "NAME_INSTANTLY_KEY" }    an environment variable
      hint: key = { command = ["op", "read", "…"] } a program that prints it, run without a shell
      hint: a key that was saved or shared in this file should be replaced in the vendor's app
    "#);
    for text in [
        format!("name = \"a\"\nkey = \"{KEY}\"\n"),
        format!("name = \"{KEY}\"\nkey = {{ env = \"A\" }}\n"),
        format!("name = \"a\"\nkey = {{ env = \"{}\" }}\n", KEY.trim_end_matches('=')),
        format!("name = \"a\"\nkey = {{ file = \"{KEY}\" }}\n"),
        format!("name = \"a\"\nkey = {{ command = [\"echo\", \"{KEY}\"] }}\n"),
        format!("name = \"a\"\napi_key = \"{KEY}\"\n{KEY} = 1\n"),
        format!("name = \"a\"\nkey = {{ env = \"A\" }}\n# {KEY}\n"),
        format!("name = \"a\"\nkey = {{ env = \"A\" }}\nid = \"{KEY}\"\nmode = \"{KEY}\"\nvia = \"{KEY}\"\n"),
        format!("name = \"a\"\nkey = {KEY}\n"),
        "name = \"a\"\nkey = canary\n".to_owned(),
        "name = \"a\nkey = \"canary-0123456789\"\n".to_owned(),
        "name = \"a\"\nkey = { value = \"canary-0123456789\" }\n".to_owned(),
        "name = \"canary-0123456789 x\"\nmode = \"canary-0123456789\"\nvia = \"canary-0123456789\"\n".to_owned(),
    ] {
        workspace_told(&text);
    }
    agency_told(&format!("version = 1\n[agency]\nname = \"{KEY}\"\n"));
    agency_told("version = 1\n[presets.x]\nrole = \"canary-0123456789\"\npermissions = [\"canary-0123456789\"]\n");
}

#[test]
fn a_syntax_error_is_told_by_place_alone_and_the_other_files_go_on() {
    insta::assert_snapshot!(told("version = 1\nversion = 1\n", &[
        ("a.toml", "name = \"a\"\nkey = { env = \"canary\n"),
        ("b.toml", "name = \"b\"\n"),
    ]), @r#"
    3 problems in 3 configuration files
    keyholder.toml:2:1: this key or table stands here for the second time
      hint: keep one of them
    workspaces/a.toml:2:22: this is not valid TOML
      hint: look at the quotes, brackets and `=` here and just before; the line is not shown, it could hold a key
    workspaces/b.toml:1:1: key: neither `key` nor `via` says how it is reached
      hint: key = { file = "secrets/NAME.key" }     a file only you can read, relative to the root
      hint: key = { env = "NAME_INSTANTLY_KEY" }    an environment variable
      hint: key = { command = ["op", "read", "…"] } a program that prints it, run without a shell
      hint: a key that was saved or shared in this file should be replaced in the vendor's app
    "#);
}

#[test]
fn names_and_ids_are_unique_over_all_files() {
    insta::assert_snapshot!(told("version = 1", &[
        ("a.toml", "name = \"acme\"\nid = \"id-1\"\nkey = { env = \"A\" }\n"),
        ("b.toml", "[[workspace]]\nname = \"acme\"\nid = \"ID-1\"\nkey = { env = \"A\" }\n[[workspace]]\nname = \"acme\"\nkey = { env = \"B\" }\n"),
    ]), @r#"
    3 problems in 1 configuration file
    workspaces/b.toml:2:8: name: the name `acme` is taken at workspaces/a.toml:1:8
      hint: give every workspace a name of its own
    workspaces/b.toml:3:6: id: the same id stands at workspaces/a.toml:2:6
      hint: two tables for one workspace would change it twice: drop one of them
    workspaces/b.toml:6:8: name: the name `acme` is taken at workspaces/a.toml:1:8
      hint: give every workspace a name of its own
    "#);
}

#[test]
fn via_must_lead_to_a_key() {
    insta::assert_snapshot!(told("version = 1", &[
        ("a.toml", "name = \"agency\"\nkey = { env = \"A\" }\n"),
        ("b.toml", "name = \"b\"\nid = \"b\"\nvia = \"agencyy\"\n"),
        ("c.toml", "name = \"c\"\nid = \"c\"\nvia = \"c\"\n"),
        ("d.toml", "name = \"d\"\nid = \"d\"\nvia = \"b\"\n"),
        ("e.toml", "name = \"e\"\nvia = \"agency\"\n"),
        ("f.toml", "name = \"f\"\nkey = { env = \"A\" }\nmode = \"off\"\n"),
        ("g.toml", "name = \"g\"\nid = \"g\"\nvia = \"f\"\n"),
        ("h.toml", "name = \"h\"\nid = \"h\"\nvia = \"f\"\nmode = \"off\"\n"),
    ]), @r#"
    5 problems in 5 configuration files
    workspaces/b.toml:3:7: via: no workspace is named `agencyy`
      hint: did you mean `agency`?
    workspaces/c.toml:3:7: via: a workspace cannot be reached via itself
      hint: name the admin workspace whose key acts for this one
    workspaces/d.toml:3:7: via: `b` has no key of its own
      hint: `b` is itself reached via `agencyy`; name the workspace that has a key
    workspaces/e.toml:1:1: id: `id` is missing
      hint: a workspace reached `via` another is addressed by its id alone, so it must stand here
    workspaces/g.toml:3:7: via: `f` is off, so its key is not used
      hint: give `f` the mode "observe", or switch this one off too
    "#);
}

#[test]
fn files_that_are_no_text_or_no_files_are_told() {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path();
    let told = || load(root).unwrap_err().to_string();
    insta::assert_snapshot!(told(), @r#"
    2 problems in 2 configuration files
    keyholder.toml:1:1: the file cannot be read: it does not exist
    workspaces:1:1: the folder cannot be read: it does not exist
      hint: make the folder; it holds one TOML file per workspace
    "#);
    std::fs::write(root.join(AGENCY_FILE), b"version = 1\nx = \"\xff\"").unwrap();
    std::fs::create_dir(root.join(WORKSPACES)).unwrap();
    insta::assert_snapshot!(told(), @r#"
    2 problems in 2 configuration files
    keyholder.toml:2:6: the file is not UTF-8 text from here on
      hint: save it as UTF-8
    workspaces:1:1: the folder holds no workspace
      hint: add one workspaces/NAME.toml a client, or take a list: `keyholder init --from clients.csv`
    "#);
    std::fs::write(root.join(AGENCY_FILE), "version = 1").unwrap();
    insta::assert_snapshot!(told(), @r#"
    1 problem in 1 configuration file
    workspaces:1:1: the folder holds no workspace
      hint: add one workspaces/NAME.toml a client, or take a list: `keyholder init --from clients.csv`
    "#);
    std::fs::create_dir(root.join("workspaces/dir.toml")).unwrap();
    std::fs::write(root.join("workspaces/ACME.TOML"), ACME).unwrap();
    std::fs::write(root.join("workspaces/.#acme.toml"), "not ours").unwrap();
    std::fs::write(root.join("workspaces/README.md"), "not ours").unwrap();
    std::fs::write(root.join("workspaces/mark.toml"), format!("\u{feff}{ACME}")).unwrap();
    std::os::unix::fs::symlink("mark.toml", root.join("workspaces/link.toml")).unwrap();
    insta::assert_snapshot!(told(), @r#"
    3 problems in 3 configuration files
    workspaces/ACME.TOML:1:1: the file's ending is not `.toml` in lower case
      hint: rename it
    workspaces/dir.toml:1:1: this is not a file
      hint: only files with workspaces end in `.toml` here
    workspaces/link.toml:1:1: this is a symbolic link
      hint: put the file itself here: `pin` writes into it, and what it links to is not checked
    "#);
    std::fs::rename(root.join(WORKSPACES), root.join("real")).unwrap();
    std::os::unix::fs::symlink("real", root.join(WORKSPACES)).unwrap();
    insta::assert_snapshot!(told(), @r#"
    1 problem in 1 configuration file
    workspaces:1:1: `workspaces` is a symbolic link
      hint: symbolic links are not followed here: move the folder itself into the root
    "#);
}

#[test]
fn a_store_command_stands_beside_a_key_command_alone() {
    let read = |key: &str| read_all("version = 1", &[("a.toml", &format!("name = \"a\"\nkey = {key}\n"))]);
    let fleet = read(r#"{ command = ["pass", "show", "a"], store = ["pass", "insert", "-e", "a"] }"#).unwrap();
    assert_eq!(fleet.workspaces[0].store.as_deref().unwrap(), ["pass", "insert", "-e", "a"]);
    assert_eq!(read(r#"{ command = ["pass", "show", "a"] }"#).unwrap().workspaces[0].store, None);
    insta::assert_snapshot!(workspace_told("name = \"a\"\nkey = { file = \"a.key\", store = [\"x\"] }\n"), @r"
    1 problem in 1 configuration file
    workspaces/a.toml:2:33: key.store: keyholder writes a key file itself
      hint: drop `store`; it belongs beside `command`
    ");
    insta::assert_snapshot!(workspace_told("name = \"a\"\nkey = { env = \"A\", store = [\"x\"] }\n"), @r"
    1 problem in 1 configuration file
    workspaces/a.toml:2:28: key.store: what a store command keeps cannot be read back from a variable of this process
      hint: name the key by the command that reads it: key = { command = […], store = […] }
    ");
    insta::assert_snapshot!(workspace_told("name = \"a\"\nkey = { command = [\"x\"], store = \"pass insert\" }\n"), @r#"
    1 problem in 1 configuration file
    workspaces/a.toml:2:34: key.store: a command is a list of words: it is run without a shell
      hint: store = ["pass", "insert", "…"]
    "#);
    insta::assert_snapshot!(workspace_told("name = \"a\"\nkey = { command = [\"x\"], store = [] }\n"), @r#"
    1 problem in 1 configuration file
    workspaces/a.toml:2:34: key.store: this is not a command that stores a key
      hint: name a program that reads the key on its standard input: store = ["pass", "insert", "…"]
    "#);
    let smelly = format!("name = \"a\"\nkey = {{ command = [\"x\"], store = [\"put\", \"{KEY}\"] }}\n");
    assert!(workspace_told(&smelly).contains("not a command that stores a key"));
}

#[test]
fn the_register_beside_the_fleet_is_read_with_it_and_its_problems_are_told_with_the_others() {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path();
    std::fs::create_dir(root.join(WORKSPACES)).unwrap();
    std::fs::write(root.join(AGENCY_FILE), "version = 1\n").unwrap();
    std::fs::write(root.join("workspaces/acme.toml"), ACME).unwrap();
    std::fs::write(root.join("keys.csv"), "workspace,key_id,owner\nacme,k1,ann\ngone,k2,bob\n").unwrap();
    assert_eq!(load(root).unwrap().register.iter().count(), 2, "a workspace that is gone is no error");
    std::fs::write(root.join("keys.csv"), "workspace,key_id,owner\nacme,,ann\n").unwrap();
    let (fleet, _, problems) = load_with(root, Lists::default()).unwrap();
    assert!(fleet.workspaces.len() == 1 && fleet.register.iter().next().is_none());
    assert!(problems.unwrap().to_string().contains("keys.csv:2:1"));
    std::fs::write(root.join(AGENCY_FILE), "version = 2\n").unwrap();
    insta::assert_snapshot!(load(root).unwrap_err(), @r"
    2 problems in 2 configuration files
    keyholder.toml:1:11: version: this version of the format is not known
      hint: write version = 1
    keys.csv:2:1: key_id: the cell is empty
      hint: every line names a workspace and a key
    ");
}
