//! Selection: what is chosen, in which order, and what is told where nothing can be.

use super::*;
use crate::config::load;

fn fleet() -> Fleet {
    let workspace = |name: &str, rest: &str| {
        let text = format!("name = \"{name}\"\nkey = {{ env = \"K\" }}\ndisplay_name = \"The {name}\"\n{rest}\n");
        (std::path::PathBuf::from(format!("workspaces/{name}.toml")), text.into_bytes())
    };
    let files = [
        workspace("acme", "labels = { tier = \"gold\", region = \"emea\" }"),
        workspace("acme-eu", "labels = { tier = \"gold\" }"),
        workspace("globex", "labels = { tier = \"silver\" }"),
        workspace("sleepy", "mode = \"off\"\nlabels = { tier = \"gold\" }"),
    ];
    load::fleet(std::path::Path::new("/root"), b"version = 1".to_vec(), files.into(), Vec::new()).unwrap()
}

fn selection(workspaces: &[&str], labels: &[&str], exclude: &[&str], all: bool) -> Selection {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Selection { workspaces: owned(workspaces), labels: owned(labels), exclude: owned(exclude), all }
}

fn names(selection: &Selection, purpose: Purpose) -> Result<Vec<String>, (Exit, String)> {
    let fleet = fleet();
    match selection.choose(&fleet, purpose) {
        Ok(chosen) => Ok(chosen.iter().map(|workspace| workspace.name.to_string()).collect()),
        Err(error) => Err((error.exit(), [vec![error.to_string()], error.advice()].concat().join(" | "))),
    }
}

#[test]
fn reads_default_to_all_that_is_not_off_and_writes_demand_a_selection() {
    let nothing = Selection::default();
    assert_eq!(names(&nothing, Purpose::Read).unwrap(), ["acme-eu", "acme", "globex"]);
    let (exit, told) = names(&nothing, Purpose::Write).unwrap_err();
    assert_eq!(exit, Exit::Usage);
    assert!(told.starts_with("no workspaces are selected | say which"));
    assert_eq!(names(&selection(&[], &[], &["acme*"], false), Purpose::Write).unwrap_err().0, Exit::Usage);
    let all = selection(&[], &[], &[], true);
    assert_eq!(names(&all, Purpose::Read).unwrap(), ["acme-eu", "acme", "globex"]);
    let written = names(&all, Purpose::Write).unwrap();
    assert_eq!(written, ["acme-eu", "acme", "globex", "sleepy"], "what is off is held there, not left out in silence");
}

#[test]
fn names_widen_labels_narrow_and_exclusion_wins() {
    let chosen = |workspaces: &[&str], labels: &[&str], exclude: &[&str]| {
        names(&selection(workspaces, labels, exclude, false), Purpose::Write)
    };
    assert_eq!(chosen(&["globex", "acme*"], &[], &[]).unwrap(), ["acme-eu", "acme", "globex"], "config order");
    assert_eq!(chosen(&["*"], &["tier=gold"], &["acme"]).unwrap(), ["acme-eu", "sleepy"]);
    assert_eq!(chosen(&[], &["tier=gold", "region=emea"], &[]).unwrap(), ["acme"]);
    assert_eq!(chosen(&[], &["tier=gold"], &[]).unwrap(), ["acme-eu", "acme", "sleepy"]);
    let read = names(&selection(&[], &["tier=gold"], &[], false), Purpose::Read).unwrap();
    assert_eq!(read, ["acme-eu", "acme"], "a label does not wake what is off for a reading");
    assert_eq!(chosen(&["sleepy"], &[], &[]).unwrap(), ["sleepy"], "its name keeps it, for the caller to report");
    assert_eq!(chosen(&["acme"], &[], &["acm?"]).unwrap_err().0, Exit::Selection);
}

#[test]
fn what_matches_nothing_is_told_with_the_nearest() {
    let told = names(
        &selection(&["acmee", "The globex", "x*"], &["teir=gold", "tier=golt"], &["globx"], false),
        Purpose::Read,
    );
    assert_eq!(
        told.unwrap_err(),
        (
            Exit::Selection,
            "`-w acmee` matches no workspace; `-w The globex` matches no workspace; `-w x*` matches no workspace; \
             `-x globx` matches no workspace; `-l teir=gold` matches no workspace; `-l tier=golt` matches no workspace | \
             did you mean `acme`? | did you mean `globex`? | `keyholder check` lists the workspaces | \
             did you mean `globex`? | did you mean `tier=gold`? | did you mean `tier=gold`?"
                .to_owned()
        )
    );
}

#[test]
fn what_is_badly_put_is_usage() {
    for bad in [
        selection(&[], &["gold"], &[], false),
        selection(&[], &["=gold"], &[], false),
        selection(&["a["], &[], &[], false),
        selection(&["acme"], &[], &[], true),
        selection(&[], &["tier=gold"], &[], true),
        selection(&[""], &[], &[], false),
    ] {
        assert_eq!(names(&bad, Purpose::Read).unwrap_err().0, Exit::Usage, "{bad:?}");
    }
}

#[test]
fn a_selection_is_described_as_it_would_be_typed() {
    assert_eq!(Selection::default().describe(), "--all");
    assert_eq!(selection(&["a*"], &["t=g"], &["b"], false).describe(), "-w a* -l t=g -x b");
}
