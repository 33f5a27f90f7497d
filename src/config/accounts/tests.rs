//! `[accounts]` and the list of owners: what they can say, and every slip at its place.

use std::fs;

use super::*;
use crate::config::{Lists, Problems, load_with};
use crate::domain::Owned;

/// A root on disk, for the list is a file of its own.
fn root(accounts: &str, owners: Option<&str>) -> tempfile::TempDir {
    let temp = tempfile::tempdir().unwrap();
    fs::create_dir(temp.path().join("workspaces")).unwrap();
    for name in ["acme", "globex"] {
        let text = format!("name = \"{name}\"\nkey = {{ env = \"A\" }}\n");
        fs::write(temp.path().join(format!("workspaces/{name}.toml")), text).unwrap();
    }
    fs::write(temp.path().join("keyholder.toml"), format!("version = 1\n{accounts}")).unwrap();
    if let Some(text) = owners {
        fs::write(temp.path().join("owners.csv"), text).unwrap();
    }
    temp
}

fn load(accounts: &str, owners: Option<&str>) -> Result<Fleet, Problems> {
    crate::config::load(root(accounts, owners).path())
}

fn told(accounts: &str, owners: Option<&str>) -> String {
    load(accounts, owners).unwrap_err().to_string()
}

fn owner(fleet: &Fleet, workspace: &str, account: &str) -> String {
    match fleet.accounts.owners.of_account(&WorkspaceName::parse(workspace).unwrap(), &Email::observed(account)) {
        Owned::By(rule) => rule.owner.to_string(),
        other => format!("{other:?}"),
    }
}

const FILE: &str = "[accounts]\nowners_file = \"owners.csv\"\n";

#[test]
fn everything_it_can_say_is_read() {
    let fleet = load(
        r#"
[accounts]
owners_file = "owners.csv"
tag_prefix = "belongs to "
max_bounces = "2.5%"
bounce_sample = 50
[accounts.owners]
"Noor@mail-one.example" = "Noor@agency.example"
"*@north.example" = "ana@agency.example"
"#,
        Some("email,owner,workspace\r\n*@north.example,ben@agency.example,acme\r\n\r\n"),
    )
    .unwrap();
    let policy = &fleet.accounts;
    assert_eq!((policy.tag_prefix.as_str(), policy.bounce_sample), ("belongs to ", 50));
    assert_eq!(policy.max_bounces.to_string(), "2.5%");
    assert_eq!(owner(&fleet, "globex", "noor@mail-one.example"), "noor@agency.example");
    assert_eq!(owner(&fleet, "globex", "a@north.example"), "ana@agency.example");
    assert_eq!(owner(&fleet, "acme", "a@north.example"), "ben@agency.example", "a row about one workspace wins");
    assert_eq!(policy.owners.rules()[2].place.to_string(), "owners.csv:2:1");

    let standard = load("", None).unwrap().accounts;
    assert_eq!((standard.tag_prefix.as_str(), standard.bounce_sample), ("owner: ", 20));
    assert_eq!((standard.max_bounces.to_string(), standard.owners.rules().len()), ("5%".to_owned(), 0));
}

#[test]
fn every_slip_in_the_table_is_told_at_its_place() {
    let text = told(
        r#"[accounts]
max_bounces = 5
bounce_sample = 0
tag_prefix = " "
ownerfile = "x.csv"
[accounts.owners]
noor = "noor@agency.example"
"a@north.example" = "nobody"
"b@north.example" = "ana@agency.example"
"B@North.example" = "ben@agency.example"
"#,
        None,
    );
    insta::assert_snapshot!(text, @r#"
    7 problems in 1 configuration file
    keyholder.toml:3:15: accounts.max_bounces: this is an integer
      hint: write a text in quotes
    keyholder.toml:4:17: accounts.bounce_sample: of no mail at all no part can be told
      hint: write 1 or more; 20 is usual
    keyholder.toml:5:14: accounts.tag_prefix: this is not the beginning of a tag's label
      hint: write it like "owner: ": two letters or more, no comma and no line break
    keyholder.toml:6:1: accounts.ownerfile: unknown key `ownerfile`
      hint: did you mean `owners_file`?
    keyholder.toml:8:1: accounts.owners.noor: this is not an e-mail address: there is no `@`
      hint: write "noor@mail.example" = "PERSON", or a glob such as "*@north.example"
    keyholder.toml:9:21: accounts.owners.a@north.example: this is not an e-mail address: there is no `@`
      hint: name a person by address
    keyholder.toml:11:1: accounts.owners.B@North.example: this mailbox is ana@agency.example's at keyholder.toml:10
      hint: keep one of the two lines
    "#);
}

#[test]
fn a_prefix_of_one_letter_is_refused() {
    for (prefix, fits) in [("o", false), (" o ", false), ("o:", true), ("of ", true)] {
        let text = format!("[accounts]\ntag_prefix = \"{prefix}\"\n");
        assert_eq!(load(&text, None).is_ok(), fits, "{prefix:?}");
    }
}

#[test]
fn every_bad_line_of_the_list_is_told_with_its_number() {
    let accounts = format!("{FILE}[accounts.owners]\n\"a@north.example\" = \"ana@agency.example\"\n");
    let list = "email,owner,workspace\na@north.example,ben@agency.example,\nx,ana@agency.example,\nb@north.example,,\n\
                c@north.example,ana@agency.example,acmee\nd@north.example,ana@agency.example,acme\n\
                D@north.example,ben@agency.example,acme\nd@north.example,ben@agency.example,\n";
    insta::assert_snapshot!(told(&accounts, Some(list)), @r#"
    5 problems in 1 configuration file
    owners.csv:2:1: email: this mailbox is ana@agency.example's at keyholder.toml:5
      hint: keep one of the two lines
    owners.csv:3:1: email: this is not an e-mail address: there is no `@`
      hint: write it like noor@mail.example
    owners.csv:4:1: owner: the cell is empty
      hint: every line names a mailbox and its owner
    owners.csv:5:1: workspace: no workspace is named `acmee`
      hint: did you mean `acme`?
    owners.csv:7:1: email: this mailbox is ana@agency.example's at owners.csv:6
      hint: keep one of the two lines
    "#);
    insta::assert_snapshot!(told(FILE, Some("mail,owner\na@north.example,ana@agency.example\n")), @r#"
    2 problems in 1 configuration file
    owners.csv:1:1: the column `email` is missing
      hint: the first line names the columns
    owners.csv:1:1: unknown column `mail`
      hint: did you mean `email`?
    "#);
    insta::assert_snapshot!(told(FILE, None), @r#"
    1 problem in 1 configuration file
    keyholder.toml:3:15: accounts.owners_file: the list of owners `owners.csv` cannot be read: it does not exist
      hint: owners_file is relative to the root; leave it out where there is no list
    "#);
}

#[test]
fn a_bad_list_keeps_only_those_from_their_work_who_need_it() {
    let temp = root(FILE, Some("email,owner\nx,y\n"));
    let load = |owners| load_with(temp.path(), Lists { register: false, owners });
    let (fleet, unread, problems) = load(false).unwrap();
    assert_eq!((unread, fleet.accounts.owners.rules().len()), (Lists { register: false, owners: true }, 0));
    assert!(problems.unwrap().to_string().contains("owners.csv:2:1"));
    assert!(load(true).unwrap_err().to_string().contains("owners.csv:2:1"));
}
