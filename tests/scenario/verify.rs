//! Verifying a run: what still holds, what has drifted, what could not be seen; and nothing but reads.

use keyholder::sim::{Fault, FaultKind, Hand, Op};

use crate::support::{Outcome, Stage};
use crate::{ONBOARD, THREE, three};

/// Reads `workspace state` or, with a remark, `workspace state: remark`.
#[track_caller]
fn states(outcome: &Outcome) -> Vec<String> {
    let line = |row: &std::collections::BTreeMap<String, String>| match row["how"].as_str() {
        "" => format!("{} {}", row["workspace"], row["state"]),
        how => format!("{} {}: {how}", row["workspace"], row["state"]),
    };
    outcome.rows().iter().map(line).collect()
}

#[test]
fn an_onboarding_holds_is_accepted_still_waits_or_has_drifted() {
    let stage = Stage::script(&THREE.replace("at-once", "wait"));
    let _onboarded = stage.run(ONBOARD).exits(0);
    let sent = stage.write_requests();
    assert_eq!(states(&stage.run("verify").exits(0)), ["acme waiting", "birch waiting", "cedar waiting"]);
    assert!(stage.world.accept("acme", "nia@agency.example"));
    let role = "view".into();
    stage.world.hand("birch", &Hand::SetRole { email: "nia@agency.example".into(), role });
    let drifted = stage.run("verify").exits(0).says("1 accepted, 1 waiting, 1 drifted");
    let wanted = ["acme accepted", "birch drifted: role now view, invited", "cedar waiting"];
    assert_eq!(states(&drifted), wanted);
    let _told = stage.run("verify --detailed-exitcode").exits(10);
    let _fine = stage.run("verify -x birch --detailed-exitcode").exits(0);
    stage.world.hand("cedar", &Hand::Remove { email: "nia@agency.example".into() });
    let gone = stage.run("verify -w cedar").exits(0);
    assert_eq!(states(&gone), ["cedar drifted: gone: neither a member nor invited"]);
    assert_eq!(stage.write_requests(), sent, "nothing but reads");
    assert_eq!(stage.ledger(async |ledger| ledger.runs(9).await.unwrap().len()), 1, "it is no run");
}

#[test]
fn a_leaver_who_was_invited_again_is_drift() {
    let stage = Stage::script(&THREE.replace("at-once", "wait"));
    let plan = stage.run("offboard sam@agency.example --all --plan-only").plan_id();
    let _gone = stage.run(&format!("offboard sam@agency.example --all --confirm {plan}")).exits(0);
    assert_eq!(states(&stage.run("verify").exits(0)), ["acme holds", "birch holds", "cedar holds"]);
    for (name, accepted) in [("acme", false), ("birch", true)] {
        let (email, role) = ("sam@agency.example".to_owned(), "view".into());
        stage.world.hand(name, &Hand::Add { email, role, accepted });
    }
    let verified = stage.run("verify --detailed-exitcode").exits(10);
    let wanted =
        ["acme drifted: is invited again: view, invited", "birch drifted: is a member again: view", "cedar holds"];
    assert_eq!(states(&verified), wanted);
}

#[test]
fn a_role_that_moved_again_is_drift_and_a_held_step_is_not_applied() {
    let stage = three("");
    let _raised = stage.run("onboard sam@agency.example founder@agency.example --role admin --all --yes").exits(30);
    let role = "view".into();
    stage.world.hand("acme", &Hand::SetRole { email: "sam@agency.example".into(), role });
    let verified = stage.run("verify -w acme -w birch").exits(0);
    let wanted = [
        "acme not_applied: role now owner",
        "acme drifted: role now view",
        "birch not_applied: role now owner",
        "birch holds",
    ];
    assert_eq!(states(&verified), wanted);
}

#[test]
fn a_late_effect_is_found() {
    let stage = three("[[fault]]\nkind = \"hang\"\noperation = \"member.create\"\nworkspace = \"birch\"\ntimes = 2\n");
    let _doubt = stage.run(ONBOARD).exits(22);
    let before = stage.run("verify -w birch").exits(0);
    assert_eq!(states(&before), ["birch not_applied: gone: neither a member nor invited"]);
    let (email, role) = ("nia@agency.example".to_owned(), "editor".into());
    stage.world.hand("birch", &Hand::Add { email, role, accepted: false });
    let verified = stage.run("verify --detailed-exitcode").exits(10).says("1 late");
    assert_eq!(states(&verified), ["acme holds", "birch late", "cedar holds"]);
}

#[test]
fn what_cannot_be_read_is_unseen_and_the_exit_says_so() {
    let stage = three("");
    let _onboarded = stage.run(ONBOARD).exits(0);
    stage.world.revoke_keys("birch");
    let verified = stage.run("verify --format ndjson").exits(33).says("birch: not read");
    let records = verified.records();
    let seen: Vec<&str> =
        records.iter().filter(|record| record["type"] == "verified").filter_map(|row| row["state"].as_str()).collect();
    assert_eq!(seen, ["holds", "unseen", "holds"]);
    let summary = records.last().unwrap();
    assert_eq!(summary["states"]["holds"]["count"], 2);
    assert_eq!(summary["states"]["holds"]["exact"], false, "a total that lacks a workspace is a bound");
    assert_eq!(summary["coverage"]["unreadable"][0]["workspace"], "birch");
    let _none = stage.run("verify -w birch").exits(21);
}

#[test]
fn a_listing_that_is_not_whole_proves_nothing() {
    let stage = three("");
    let _onboarded = stage.run(ONBOARD).exits(0);
    stage.world.add_fault(Fault::always(FaultKind::CursorLoop).on("acme").at(Op::MemberList));
    let verified = stage.run("verify").exits(33).says("acme: read only in part");
    assert_eq!(verified.rows()[0]["state"], "unseen");
}

#[test]
fn a_key_that_opens_another_workspace_is_refused() {
    let stage = three("");
    let _onboarded = stage.run(ONBOARD).exits(0);
    let key = std::fs::read(stage.root.join("secrets/acme.key")).unwrap();
    std::fs::write(stage.root.join("secrets/birch.key"), key).unwrap();
    let _stranger = stage.run("verify").exits(3).says("birch: pinned is");
}

#[test]
fn a_reinvitation_holds_although_the_row_is_another() {
    let stage = Stage::script(
        "[[workspace]]\nname = \"acme\"\nowner = \"founder@agency.example\"\nadmin = [\"ops@agency.example\"]\n\
         invited = [{ email = \"old@agency.example\", role = \"view\" }]\n",
    );
    let plan = stage.run("members reinvite --all --plan-only").plan_id();
    let _again = stage.run(&format!("members reinvite --all --confirm {plan}")).exits(0);
    assert_eq!(states(&stage.run("verify").exits(0)), ["acme holds", "acme waiting"]);
}
