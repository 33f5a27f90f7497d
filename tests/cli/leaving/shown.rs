//! What is told of an offboarding afterwards: by `show`, `runs` and the evidence; and what is never told.

use std::fs;
use std::path::Path;

use keyholder::sim::put;

use super::{HEIR, LEE, agency, carried_out};

const WHOLE: [&str; 6] = ["offboard", LEE, "--hand-over-to", HEIR, "--revoke-keys", "--all"];

#[test]
fn a_hand_over_can_be_read_which_thing_and_to_whom() {
    let world = agency();
    carried_out(&world, &WHOLE).exits(0).done();
    let ended = world.run(&["show", "--format", "csv"]).exits(0);
    assert!(ended.stdout.starts_with("workspace,workspace_id,id,kind,subject,wanted,state,reason,"), "{ended}");
    let rows = ended.rows();
    let told = |kind: &str| {
        let row = rows.iter().find(|row| row["workspace"] == "acme" && row["kind"] == kind).unwrap();
        assert_eq!((row["subject"].as_str(), row["state"].as_str()), (LEE, "done"), "{ended}");
        row["wanted"].clone()
    };
    let campaign = told("campaign.hand_over");
    assert!(campaign.starts_with("campaign \"Spring") && campaign.ends_with("\" to heir@agency.example"), "{campaign}");
    assert_eq!(told("lead_list.hand_over"), "lead list \"Warm\" to heir@agency.example");
    assert_eq!(told("leads.reassign"), "3 leads to heir@agency.example");
    assert_eq!(told("key.revoke"), "key \"lees key\" revoked");
    assert_eq!(told("member.remove"), "absent");
    let runs = world.run(&["runs"]).exits(0).rows();
    assert_eq!((runs[0]["command"].as_str(), runs[0]["steps"].as_str()), ("offboard", "7 done, 1 already"));
}

#[test]
fn the_evidence_tells_what_the_closing_look_saw_of_each_kind() {
    let world = agency();
    carried_out(&world, &WHOLE).exits(0).done();
    world.run(&["evidence", "--out", "../proof"]).exits(0).done();
    let proof = world.folder().join("proof");
    let table = fs::read_to_string(proof.join("outcomes.csv")).unwrap();
    let page = fs::read_to_string(proof.join("index.html")).unwrap();
    for (kind, seen) in [
        ("campaign.hand_over", "heir@agency.example's"),
        ("lead_list.hand_over", "heir@agency.example's"),
        ("leads.reassign", "3 of 3 leads assigned"),
        ("key.revoke", "not in the key list"),
        ("member.remove", "absent"),
    ] {
        let row = table.lines().find(|line| line.starts_with("acme,") && line.contains(kind)).unwrap();
        assert!(row.contains(&format!(",done,{seen},")), "{kind}: {row}");
        assert!(page.contains(&seen.replace('\'', "&#39;")), "{kind}");
    }
    assert!(!page.contains("not looked"), "{page}");
}

#[test]
fn a_token_in_the_path_of_a_webhook_is_told_nowhere() {
    const TOKEN: &str = "t0ken-Canary-9f3b";
    let world = agency();
    let url = format!("https://chat.example/services/T01/{TOKEN}");
    let named = put::Webhook { name: Some("CRM".to_owned()), ..put::Webhook::of(LEE, &url) };
    world.sim.put("acme", named);
    world.sim.put("acme", put::Webhook { by: None, ..put::Webhook::of(LEE, &format!("{url}?x=1")) });
    for format in ["csv", "json", "table"] {
        let ended = world.run(&["person", LEE, "--format", format]).exits(0).never(TOKEN);
        ended.prints("CRM, to https://chat.example/… (w:").done();
    }
    carried_out(&world, &[&WHOLE[..], &["--events", "events.ndjson"]].concat()).exits(0).never(TOKEN).done();
    world.run(&["evidence", "--person", LEE, "--out", "../papers"]).exits(0).never(TOKEN).done();
    world.run(&["evidence", "--out", "../proof"]).exits(0).never(TOKEN).done();
    world.run(&["show", "--format", "json"]).exits(0).never(TOKEN).done();
    let mut searched = 0;
    none_below(world.folder(), TOKEN.as_bytes(), &mut searched);
    assert!(searched > 20, "ledger, certificates, evidence: {searched} files");
    let paper = fs::read_to_string(world.folder().join("papers").join(format!("{LEE}.html"))).unwrap();
    assert!(paper.contains("CRM, to https://chat.example/… (w:"), "what is to be done by hand is told");
}

fn none_below(folder: &Path, text: &[u8], searched: &mut usize) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            none_below(&path, text, searched);
        } else {
            *searched += 1;
            let bytes = fs::read(&path).unwrap();
            assert!(!bytes.windows(text.len()).any(|window| window == text), "{}", path.display());
        }
    }
}
