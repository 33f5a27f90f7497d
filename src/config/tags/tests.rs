//! `[[tags]]`: what it can say, and every slip at its place.

use std::path::{Path, PathBuf};

use super::*;
use crate::domain::Fleet;

fn load(tags: &str) -> Result<Fleet, crate::config::Problems> {
    let files = [(PathBuf::from("workspaces/a.toml"), b"name = \"a\"\nkey = { env = \"A\" }\n".to_vec())];
    let agency = format!("version = 1\n{tags}");
    crate::config::load::fleet(Path::new("/root"), agency.into_bytes(), files.into(), Vec::new())
}

fn told(text: &str) -> String {
    load(text).unwrap_err().to_string()
}

#[test]
fn everything_it_can_say_is_read() {
    let fleet = load(
        r#"
[[tags]]
label = " Team North "
description = "who answers in the north"
former = ["team-north", "North"]
workspaces = { tier = "gold" }
[[tags]]
label = "VIP"
"#,
    )
    .unwrap();
    let [north, vip] = &fleet.tags[..] else { panic!() };
    assert_eq!((north.label.as_str(), north.description.as_deref()), ("Team North", Some("who answers in the north")));
    assert_eq!(north.former, ["team-north", "North"]);
    let gold = BTreeMap::from([("tier".to_owned(), "gold".to_owned())]);
    assert!(north.is_for(&gold) && !north.is_for(&BTreeMap::new()) && vip.is_for(&BTreeMap::new()));
    assert_eq!((vip.description.as_deref(), vip.former.len(), vip.place.line), (None, 0, 8));
}

#[test]
fn no_tags_at_all_are_no_problem_and_an_inline_list_is_read_too() {
    assert!(load("").unwrap().tags.is_empty());
    assert_eq!(load("tags = [{ label = \"VIP\" }]").unwrap().tags.len(), 1);
}

#[test]
fn a_slip_is_told_at_its_line_with_what_to_do() {
    for (text, line, words) in [
        ("tags = 7", 2, "begin each tag with [[tags]]"),
        ("[[tags]]\ndescription = \"x\"", 2, "write label ="),
        ("[[tags]]\nlabel = \" \"", 3, "blank"),
        ("[[tags]]\nlabel = \"a\\tb\"", 3, "control character"),
        ("[[tags]]\nlabel = \"a\"\nformer = [\"\"]", 4, "blank"),
        ("[[tags]]\nlabel = \"a\"\nformer = [\"b\", \"a\"]", 4, "not a former one"),
        ("[[tags]]\nlabel = \"a\"\nlabls = 1", 4, "unknown key `labls`"),
        ("[[tags]]\nlabel = \"a\"\nworkspaces = { \"a b\" = \"x\" }", 4, "no blanks"),
        ("[[tags]]\nlabel = \"Owner: ada@x.example\"", 3, "accounts owners sync"),
        ("[[tags]]\nlabel = \"a\"\nformer = [\"owner:ada@x.example\"]", 4, "accounts owners sync"),
        ("[[tags]]\nlabel = \"mailbox of ada\"\n[accounts]\ntag_prefix = \"Mailbox of \"", 3, "accounts owners sync"),
        ("[[tags]]\nlabel = \"a\"\ndescription = \"\"", 4, "leave `description` out"),
    ] {
        let told = told(text);
        assert!(told.contains(&format!("keyholder.toml:{line}:")) && told.contains(words), "{text}\n{told}");
    }
}

#[test]
fn two_that_would_be_one_tag_in_one_workspace_are_refused() {
    for (one, other, words) in [
        ("label = \"VIP\"", "label = \"VIP\"", "the same label stands at keyholder.toml:2"),
        ("label = \"Team North\"", "label = \"team-north\"", "nearly the same label"),
        ("label = \"a\"", "label = \"b\"\nformer = [\"A\"]", "is the label of the tag at"),
        ("label = \"a\"\nformer = [\"b\"]", "label = \"b\"", "is a former label of the tag at"),
        ("label = \"a\"\nformer = [\"x\"]", "label = \"b\"\nformer = [\"X\"]", "is a former label of the tag at"),
        ("label = \"VIP\"\nworkspaces = { tier = \"gold\" }", "label = \"VIP\"", "the same label"),
        (
            "label = \"VIP\"\nworkspaces = { tier = \"gold\" }",
            "label = \"VIP\"\nworkspaces = { region = \"emea\" }",
            "the same label",
        ),
    ] {
        let text = format!("[[tags]]\n{one}\n[[tags]]\n{other}\n");
        assert!(told(&text).contains(words), "{}", told(&text));
    }
}

#[test]
fn one_label_may_mean_two_things_where_no_workspace_has_both() {
    let text = "[[tags]]\nlabel = \"VIP\"\ndescription = \"one\"\nworkspaces = { tier = \"gold\" }\n\
                [[tags]]\nlabel = \"VIP\"\ndescription = \"two\"\nworkspaces = { tier = \"silver\" }\n";
    assert_eq!(load(text).unwrap().tags.len(), 2);
}
