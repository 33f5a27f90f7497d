//! `keys revoke`: by each selector, and never the key in use.

use keyholder::sim::{Fault, FaultBody, FaultKind, Op};

use crate::keys_world::{SHOWN, asked, confirmed, id, names, world};

#[test]
fn keys_are_revoked_by_name_and_the_register_forgets_them() {
    let world = world("whole");
    let zapier = id(&world, "acme", "zapier");
    world.write("keys.csv", &format!("workspace,key_id,owner\nacme,{zapier},lee\nacme,other,ann\n"));
    confirmed(&world, &["keys", "revoke", "--name", "Zap*", "--all"]).exits(0).says("register keys.csv").done();
    assert_eq!(names(&world, "acme"), ["acme — keyholder", "make.com [old]"]);
    assert_eq!(names(&world, "globex"), ["globex — keyholder"]);
    let register = world.read("keys.csv");
    assert!(!register.contains(&zapier) && register.contains("ann"), "{register}");
    world.run(&["verify"]).exits(0).prints("holds").done();
    world.run(&["keys", "revoke", "--name", "zap*", "--all"]).exits(4).says("no key of name `zap*`").done();
}

#[test]
fn members_are_not_asked_for_where_nothing_is_about_people() {
    let world = world("whole");
    let ended = world.run(&["keys", "revoke", "--name", "zapier", "-w", "acme", "--plan-only"]).exits(0);
    assert!(ended.rows().iter().all(|row| row["kind"] == "key.revoke"), "{ended}");
    assert_eq!(asked(&world), [Op::WorkspaceCurrent, Op::KeyList]);
}

#[test]
fn by_id_in_the_workspace_that_has_it_and_as_already_gone_where_it_was() {
    let world = world("whole");
    let key = id(&world, "globex", "zapier");
    let args = ["keys", "revoke", "--id", key.as_str(), "--all"];
    confirmed(&world, &args).exits(0).done();
    assert_eq!((names(&world, "acme").len(), names(&world, "globex").len()), (3, 1));
    let again = world.run(&["keys", "revoke", "--id", &key, "-w", "globex", "--yes"]).exits(0);
    assert_eq!(again.rows()[0]["outcome"], "already", "{again}");
    world.run(&["keys", "revoke", "--id", "no/such", "--all"]).exits(2).says("(--id)").done();
    world.run(&["keys", "revoke", "--all"]).exits(2).says("--name <GLOB>").done();
}

#[test]
fn by_who_made_it_and_different_kinds_narrow_each_other() {
    let world = world("whole");
    let plan = |args: &[&str]| {
        let ended = world.run(&[&["keys", "revoke"], args, &["--all", "--plan-only"]].concat()).exits(0);
        ended.rows().len()
    };
    assert_eq!(plan(&["--created-by", "lee@agency.example"]), 1);
    let both = ["keys", "revoke", "--created-by", "lee@agency.example", "--name", "make*", "--all", "--plan-only"];
    world.run(&both).exits(4).says("no key is all that was asked for").done();
    assert_eq!(plan(&["--name", "make.com [old]", "--name", "zapier"]), 3, "brackets of its own");
    world
        .run(&["keys", "revoke", "--created-by", "nobody@agency.example", "--all", "--plan-only"])
        .exits(4)
        .says("no key that the audit log ties to nobody@agency.example")
        .done();
}

#[test]
fn an_id_that_nobody_ever_knew_is_an_error_and_one_that_is_gone_is_told_with_its_name() {
    let world = world("masked");
    let revoke = |id: &str, all: &str| world.run(&["keys", "revoke", "--id", id, all, "--yes"]);
    let typo = "0195b2aa-7c1e-7d00-8000-00000000dead";
    for all in ["--all", "-w=acme"] {
        revoke(typo, all).exits(4).says(&format!("no key {typo}")).says("nothing was sent").done();
    }
    // Where something was not read it may be there.
    let refused = FaultKind::Status { status: 403, body: FaultBody::Json, retry_after: None };
    world.sim.add_fault(Fault::once(refused).at(Op::KeyList));
    let unread = revoke(typo, "--all");
    assert_eq!(unread.code, Some(20), "{unread}");
    world.write("keys.csv", &format!("workspace,key_id,name\nacme,{typo},old zap\n"));
    let gone = revoke(typo, "--all").exits(0);
    assert_eq!(gone.rows().len(), 1, "{gone}");
    assert_eq!(
        (gone.rows()[0]["wanted"].as_str(), gone.rows()[0]["outcome"].as_str()),
        ("key \"old zap\" revoked", "already")
    );
    assert_eq!(world.writes(), 0);
}

#[test]
fn what_could_not_be_judged_is_told_and_counted() {
    let world = world("whole");
    let asked = ["keys", "revoke", "--finding", "maker-left", "--all", "--plan-only"];
    world.run(&asked).exits(33).says("could not be judged").done();
    // No key with a finding that can be judged is what was wanted.
    world.run(&["keys", "revoke", "--finding", "undocumented-scope", "--all", "--plan-only"]).exits(0).done();
}

#[test]
fn by_finding_with_the_evidence_and_never_by_a_code_that_is_none() {
    let world = world("whole");
    let ended = world.run(&["keys", "revoke", "--finding", "grants-access", "--all", "--plan-only"]);
    let rows = ended.rows();
    assert!(rows.iter().all(|row| row["reason"].contains("speaks with")), "{ended}");
    let wide = world.run(&["keys", "revoke", "--finding", "resource-wide", "--name", "zapier", "--all", "--plan-only"]);
    assert_eq!(wide.rows().len(), 2, "{wide}");
    wide.exits(0).says("resource-wide: ").done();
    world.run(&["keys", "revoke", "--finding", "too-old", "--all"]).exits(2).says("key-age").done();
}

#[test]
fn revoking_all_never_takes_the_key_in_use_however_the_list_shows_secrets() {
    for shown in SHOWN {
        let world = world(shown);
        world.agency(|text| {
            text.replace("[guards]", "[guards]\nmax_removals = { per_workspace = 9, per_run = 99, per_day = 99 }")
        });
        let ended = confirmed(&world, &["keys", "revoke", "--name", "*", "--all"]);
        let left = (names(&world, "acme"), names(&world, "globex"));
        if shown == "whole" {
            let own = (vec!["acme — keyholder".to_owned()], vec!["globex — keyholder".to_owned()]);
            assert_eq!(left, own, "{ended}");
        } else {
            assert_eq!((left.0.len(), left.1.len()), (3, 2), "{shown}: where it cannot be told, none goes\n{ended}");
            ended.clone().says("key_in_use").done();
        }
        ended.exits(30).done();
        world.run(&["check", "--all"]).exits(0).done();
    }
}

#[test]
fn a_yes_is_not_enough_and_a_saved_plan_is_applied_as_it_was() {
    let world = world("whole");
    let args = ["keys", "revoke", "--name", "zapier", "-w", "acme"];
    world.run(&[&args[..], &["--yes"]].concat()).exits(32).says("1 removal").done();
    let first = world.run(&[&args[..], &["-o", "plan.json"]].concat()).exits(0).plan_id();
    assert_eq!(world.run(&[&args[..], &["--plan-only"]].concat()).plan_id(), first);
    world.run(&["apply", "plan.json", "--confirm", &first]).exits(0).done();
    assert_eq!(names(&world, "acme").len(), 2);
    world.run(&["apply", "plan.json", "--confirm", &first]).exits(0).prints("already").done();
    world.run(&["undo", "--plan-only"]).exits(0).done();
}
