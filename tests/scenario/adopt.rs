//! Keys are adopted: the register is filled from what is seen, and nothing is written anywhere else.

use std::collections::BTreeMap;

use keyholder::sim::put::Key;
use keyholder::sim::{Fault, FaultBody, FaultKind, Hand, KeyRecord, KeyShown, Op};

use crate::THREE;
use crate::support::Stage;

const ALL: &str = "keys adopt --all";

fn stage(settings: &str) -> Stage {
    let stage = Stage::script(&THREE.replacen("[settings]", &format!("[settings]\n{settings}"), 1));
    for lane in ["acme", "birch", "cedar"] {
        let sams = Key::of("sam@agency.example", "=sams");
        stage.world.put(lane, sams.recorded(KeyRecord::Id("api_key_id".into())));
    }
    stage
}

/// Reads the register: rows by workspace and name.
fn register(stage: &Stage) -> BTreeMap<(String, String), BTreeMap<String, String>> {
    let text = std::fs::read(stage.root.join("keys.csv")).unwrap();
    let rows = csv::Reader::from_reader(&text[..]).deserialize().collect::<Result<Vec<BTreeMap<_, _>>, _>>().unwrap();
    rows.into_iter()
        .map(|row: BTreeMap<String, String>| ((row["workspace"].clone(), row["name"].clone()), row))
        .collect()
}

fn row(stage: &Stage, workspace: &str, name: &str) -> BTreeMap<String, String> {
    register(stage)[&(workspace.to_owned(), name.to_owned())].clone()
}

#[test]
fn every_key_that_is_seen_gets_a_row_and_no_request_writes() {
    let stage = stage("");
    let shown = stage.run(&format!("{ALL} --plan-only")).exits(0).says("6 rows would be added");
    assert_eq!(shown.rows().len(), 6);
    assert!(!stage.root.join("keys.csv").exists());
    let _done = stage.run(&format!("{ALL} --purpose syncing --rotate-by 90d")).exits(0).says("6 rows were added");
    let main = row(&stage, "acme", "main");
    assert!(main["fingerprint"].starts_with("k:") && main["stored"].starts_with("file "), "{main:?}");
    assert_eq!((main["owner"].as_str(), main["purpose"].as_str()), ("", "syncing"));
    assert_eq!(main["rotate_by"], "2027-02-18");
    let sams = row(&stage, "birch", "'=sams");
    assert_eq!((sams["owner"].as_str(), sams["fingerprint"].as_str()), ("sam@agency.example", ""));
    let writes = stage.world.requests().iter().filter(|seen| seen.operation.is_some_and(Op::writes)).count();
    assert_eq!(writes, 0);
    let before = std::fs::read(stage.root.join("keys.csv")).unwrap();
    let again = stage.run(ALL).exits(0).says("0 rows were added");
    assert_eq!((again.rows().len(), std::fs::read(stage.root.join("keys.csv")).unwrap() == before), (0, true));
    let _checked = stage.run("members --all").exits(0);
}

#[test]
fn what_a_person_wrote_stays_and_rows_of_keys_that_are_gone_are_told() {
    let stage = stage("");
    let id = stage.world.api_keys("acme").into_iter().find(|key| key.name == "main").unwrap().id;
    let text = format!("key_id,workspace,owner\n{id},acme,carol\nk-gone,acme,dan\nk-else,nowhere,erin\n");
    std::fs::write(stage.root.join("keys.csv"), text).unwrap();
    let told = stage.run("keys adopt -w acme --owner ann").exits(0);
    let gone = told.says("1 row about keys that are not there").rows();
    let gone: Vec<_> = gone.iter().map(|row| (row["key_id"].as_str(), row["change"].as_str())).collect();
    assert!(gone.contains(&("k-gone", "gone")), "{gone:?}");
    assert_eq!(row(&stage, "acme", "main")["owner"], "carol");
    let _replaced = stage.run("keys adopt -w acme --owner ann --replace --prune --name main").exits(0);
    assert_eq!(row(&stage, "acme", "main")["owner"], "ann");
    assert_eq!(register(&stage).len(), 4, "the name leaves the others alone");
    let _pruned = stage.run("keys adopt -w acme --prune").exits(0).says("1 removed");
    let left: Vec<String> = register(&stage).into_values().map(|row| row["workspace"].clone()).collect();
    assert_eq!(left, ["acme", "acme", "nowhere"]);
}

#[test]
fn a_list_that_shows_no_secrets_gives_no_fingerprint() {
    for shown in ["masked", "absent"] {
        let stage = stage(&format!("key_shown = \"{shown}\""));
        let _done = stage.run(ALL).exits(0);
        let rows = register(&stage);
        assert!(rows.values().all(|row| row["fingerprint"].is_empty() && row["stored"].is_empty()), "{shown}");
    }
}

#[test]
fn what_cannot_be_read_is_told_and_loses_no_row() {
    let stage = stage("");
    let _done = stage.run(ALL).exits(0);
    let refused = FaultKind::Status { status: 500, retry_after: None, body: FaultBody::Empty };
    stage.world.add_fault(Fault::always(refused).on("acme").at(Op::KeyList));
    assert!(stage.world.hand("birch", &Hand::Remove { email: "sam@agency.example".to_owned() }));
    let outcome = stage.run(&format!("{ALL} --prune"));
    assert_ne!(outcome.exit, 0, "{outcome}");
    assert_eq!(register(&stage).len(), 6);
}

#[test]
fn what_is_about_nobody_or_was_made_by_somebody_else_is_told() {
    let stage = stage("");
    std::fs::write(stage.root.join("keys.csv"), "key_id,workspace,owner,\nk-else,acmee,erin,\n").unwrap();
    let told = stage.run("keys adopt -w acme").exits(0);
    let told = told.says("`acmee`").says("2 keys of these made outside our runs: acme \"").says("acme \"main\"");
    let _told = told.says("1 row among them has no owner").says("`made-outside`");
    let quiet = stage.run("keys adopt -w acme").exits(0);
    assert!(!quiet.stderr.contains("made outside our runs"), "{quiet}");
    let _audited = stage.run("keys audit -w acme").says("`acmee`");
}

#[test]
fn a_register_whose_cells_were_moved_never_gives_away_the_key_in_use() {
    let two = r#"keys = [{ name = "main", scopes = ["all:all"] }, { name = "zapier", scopes = ["all:all"] }]"#;
    for shown in ["masked", "absent"] {
        for moved in ["nothing", "key_id", "fingerprint"] {
            let stage = Stage::script(&THREE.replacen("name = \"acme\"", &format!("name = \"acme\"\n{two}"), 1));
            let _adopted = stage.run(ALL).exits(0);
            let main = stage.world.api_keys("acme").into_iter().find(|key| key.name == "main").unwrap().id;
            let path = stage.root.join("keys.csv");
            let text = std::fs::read(&path).unwrap();
            let mut reader = csv::Reader::from_reader(&text[..]);
            let header = reader.headers().unwrap().clone();
            let mut rows: Vec<Vec<String>> =
                reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
            if let Some(at) = header.iter().position(|name| name == moved) {
                let ours: Vec<usize> = (0..rows.len()).filter(|row| rows[*row][0] == "acme").collect();
                assert_eq!(ours.len(), 2);
                let cell = std::mem::take(&mut rows[ours[0]][at]);
                rows[ours[0]][at] = std::mem::replace(&mut rows[ours[1]][at], cell);
            }
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(&header).unwrap();
            for row in rows {
                writer.write_record(row).unwrap();
            }
            std::fs::write(&path, writer.into_inner().unwrap()).unwrap();
            stage.world.configure(|settings| {
                settings.key_shown = if shown == "masked" { KeyShown::Masked } else { KeyShown::Absent };
            });
            let planned = stage.run("keys revoke -w acme --name * --plan-only");
            let rows = planned.rows();
            let held: Vec<&str> = rows
                .iter()
                .filter(|row| row.get("held").is_some_and(|held| held == "key_in_use"))
                .map(|row| row["subject"].as_str())
                .collect();
            assert_eq!(rows.len(), 2, "{planned}");
            if moved == "nothing" {
                assert!(held.len() == 1 && held[0] == main, "{shown}: {held:?}\n{planned}");
            } else {
                assert_eq!(held.len(), 2, "{shown}, {moved}\n{planned}");
            }
        }
    }
}

#[test]
fn a_register_that_cannot_be_read_stops_commands_about_keys_alone_and_is_left_alone() {
    let stage = stage("");
    std::fs::write(stage.root.join("keys.csv"), "workspace,key_id,ownr\nacme,k1,x\n").unwrap();
    let _refused = stage.run(ALL).exits(3).says("did you mean `owner`?");
    assert_eq!(stage.world.requests().len(), 0);
    let _refused = stage.run("check --all").exits(3).says("did you mean `owner`?");
    let _listed = stage.run("members --all").exits(0).says("keys.csv:1").says("`keyholder check`");
    for bad in [
        "--rotate-by soon",
        "--rotate-by 2020-01-31",
        "--owner=",
        "--stored=MDE5NTAwMDAtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAxOmNhbmFyeS1jYW5hcnk=",
    ] {
        let outcome = stage.run(&format!("{ALL} {bad}"));
        assert!([2, 3].contains(&outcome.exit) && !outcome.stderr.contains("MDE5"), "{outcome}");
    }
    assert!(std::fs::read_to_string(stage.root.join("keys.csv")).unwrap().contains("ownr"));
}
