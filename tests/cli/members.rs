//! `keyholder members` and `members reinvite`.

use keyholder::sim::{Fault, FaultKind, Op};

use crate::world::World;

fn emails(world: &World, more: &[&str]) -> Vec<String> {
    let ended = world.run(&[&["members", "-w", "acme"], more].concat()).exits(0);
    ended.rows().into_iter().map(|row| row["email"].clone()).collect()
}

#[test]
fn filters_choose_rows_and_join() {
    let world = World::three();
    assert_eq!(emails(&world, &[]).len(), 8);
    assert_eq!(emails(&world, &["--role", "admin"]), ["ops@agency.example", "second@agency.example"]);
    assert_eq!(
        emails(&world, &["--role", "owner", "--role", "client"]),
        ["boss@acme.example", "founder@agency.example"]
    );
    assert_eq!(emails(&world, &["--pending"]), ["fresh@agency.example", "old@agency.example"]);
    assert_eq!(emails(&world, &["--accepted"]).len(), 6);
    assert_eq!(emails(&world, &["--external"]), ["boss@acme.example"]);
    assert_eq!(
        emails(&world, &["--email", "*@acme.example", "--email", "LEE@agency.example"]),
        ["boss@acme.example", "lee@agency.example"]
    );
    assert_eq!(emails(&world, &["--pending", "--older-than", "14d"]), ["old@agency.example"]);
    world.run(&["members", "--pending", "--accepted"]).exits(2).done();
    world.run(&["members", "--older-than", "soon"]).exits(2).says("`soon` is not a duration").done();
}

#[test]
fn csv_is_read_back_as_it_was_and_does_not_run_in_a_spreadsheet() {
    let world = World::three();
    let ended = world.run(&["members", "-w", "acme", "--format", "csv"]).exits(0);
    let columns = "workspace,workspace_id,observed_at,email,name,role,accepted,external,permissions,since,nickname,\
                   user_email,member_id,user_id,invited_by\r\n";
    assert!(ended.stdout.starts_with(columns), "{ended}");
    let rows = ended.rows();
    let mia = rows.iter().find(|row| row["email"] == "mia@agency.example").unwrap();
    assert_eq!(mia["nickname"], "'=Mia, \"the\" M", "quotes survive, the formula is defused");
    assert_eq!((mia["permissions"].as_str(), mia["accepted"].as_str()), ("unibox.all", "yes"));
    assert_eq!(mia["workspace_id"], world.sim.workspace_id("acme").unwrap());
    let theirs = world.sim.members("acme");
    assert_eq!(rows.len(), theirs.len());
    assert!(rows.iter().all(|row| theirs.iter().any(|member| member.id == row["member_id"])));
    assert!(rows.iter().all(|row| row["observed_at"].starts_with("2026-11-02T09:00:")), "{ended}");
}

#[test]
fn json_is_one_document_and_ndjson_a_record_a_line_from_header_to_summary() {
    let world = World::three();
    let one = world.run(&["members", "--format", "json"]).exits(0);
    let document: serde_json::Value = serde_json::from_str(&one.stdout).unwrap();
    let lines = world.run(&["members", "--format", "ndjson"]).exits(0).records();
    assert_eq!((lines[0]["type"].as_str(), lines[0]["command"].as_str()), (Some("header"), Some("members")));
    assert_eq!(lines[0]["schema"], "1.2");
    let summary = lines.last().unwrap();
    assert_eq!((summary["type"].as_str(), summary["exit"].as_u64()), (Some("summary"), Some(0)));
    assert_eq!(summary["coverage"]["complete"], 3);
    let rows = &lines[1..lines.len() - 1];
    assert!(rows.iter().all(|row| row["type"] == "member"));
    assert_eq!(summary["rows"], serde_json::json!({ "count": rows.len(), "exact": true }));
    let key = |row: &serde_json::Value| (row["workspace"].to_string(), row["member_id"].to_string());
    let ids: Vec<_> = rows.iter().map(key).collect();
    assert_eq!(document["rows"].as_array().unwrap().iter().map(key).collect::<Vec<_>>(), ids);
    assert_eq!(document["header"]["command"], "members");
    // The nickname is not touched where no spreadsheet reads it.
    assert!(rows.iter().any(|row| row["nickname"] == "=Mia, \"the\" M"));
}

#[test]
fn what_could_not_be_read_makes_a_total_a_lower_bound() {
    let world = World::three();
    world.sim.revoke_keys("globex");
    let ended = world.run(&["members", "--format", "ndjson"]).exits(33).says("at least").says("globex: not read");
    let records = ended.records();
    let summary = records.last().unwrap();
    assert_eq!(summary["rows"]["exact"], false);
    assert_eq!(summary["coverage"]["unreadable"][0]["workspace"], "globex");
    assert!(records.iter().any(|row| row["workspace"] == "initech"), "the others are there");
}

#[test]
fn a_list_that_goes_round_for_ever_is_incomplete_and_nothing_is_removed_on_it() {
    let world = World::three();
    world.sim.add_fault(Fault::always(FaultKind::CursorLoop).on("acme").at(Op::MemberList));
    world.run(&["members", "-w", "acme"]).exits(33).says("acme: ").says("at least").done();
    let leave = ["offboard", "lee@agency.example", "-w", "acme", "--plan-only"];
    let ended = world.run(&leave);
    assert!(ended.rows().iter().all(|row| row["planned"] == "held" && row["held"] == "incomplete_listing"), "{ended}");
    assert_eq!(ended.code, Some(21), "{ended}");
    world.sim.require_all_faults_fired().unwrap();
}

#[test]
fn stale_invitations_are_withdrawn_and_sent_again() {
    let world = World::three();
    let command = ["members", "reinvite", "--older-than", "14d", "-w", "acme"];
    let plan = world.run(&[&command[..], &["--plan-only"]].concat()).exits(0);
    let kinds: Vec<(String, String)> =
        plan.rows().into_iter().map(|row| (row["kind"].clone(), row["subject"].clone())).collect();
    let old = "old@agency.example".to_owned();
    assert_eq!(kinds, [("member.remove".to_owned(), old.clone()), ("member.invite".to_owned(), old.clone())], "{plan}");
    let before = world.sim.members("acme").into_iter().find(|row| row.email == old).unwrap();
    world.run(&[&command[..], &["--yes"]].concat()).exits(32).says("1 removal").done();
    let ended = world.run(&[&command[..], &["--confirm", &plan.plan_id()]].concat()).exits(0);
    assert_eq!(ended.rows()[1]["outcome"], "waiting", "{ended}");
    let after = world.sim.members("acme").into_iter().find(|row| row.email == old).unwrap();
    assert_ne!(before.id, after.id, "a new invitation");
    assert_eq!((after.role, after.accepted), (before.role, false));
    assert_eq!(emails(&world, &["--pending", "--older-than", "14d"]), [""; 0]);
}
