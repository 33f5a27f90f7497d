//! What comes late, or is changed by another hand between two lives of a run or between two requests.

use std::collections::HashMap;
use std::time::Duration;

use keyholder::api::transport::Method;
use keyholder::sim::{Fault, FaultKind, Op};

use super::*;
use crate::support::keeper::Wrong;
use crate::support::scalpel::{Point, Scalpel, Target};

/// Lets a command be cut at a point, which it must pass.
#[track_caller]
fn cut(bench: &Bench, point: &str) {
    let steps: HashMap<String, String> =
        bench.plan.items.iter().map(|item| (item.step.id.to_string(), item.step.workspace.clone())).collect();
    let target = Target::At(point.parse::<Point>().unwrap());
    let scalpel = Arc::new(Scalpel::new(&bench.stage, steps, target));
    bench.stage.operate(Some(&scalpel));
    bench.keeper.operate(Some(&scalpel));
    assert!(bench.stage.run_until_cut(&bench.command()), "the run came to its end before {point}");
    bench.stage.operate(None);
    bench.keeper.operate(None);
}

#[test]
fn a_key_of_an_earlier_attempt_that_comes_after_the_one_that_was_kept_is_told_and_deleted_by_a_resume() {
    let bench = Bench::rotating(KeyShown::Masked, Kind::Command, true);
    let old = bench.keeper.stored("acme");
    // Two looks a settle time apart see nothing of the first attempt; it lands while the store of the second one is waited for.
    let late = FaultKind::Late { after: Duration::from_secs(150) };
    bench.stage.world.add_fault(Fault::once(late).at(Op::KeyCreate));
    bench.keeper.goes_wrong("store", Wrong::Late(30));
    let outcome = bench.apply().exits(22);
    assert_eq!(outcome.outcomes(), ["acme unverified", "acme done"], "{outcome}");
    let stored = bench.keeper.stored("acme");
    assert!(bench.stored_key_works() && stored != old);
    assert_eq!(bench.live().len(), 2, "{outcome}");
    let orphan =
        bench.made().into_iter().map(|key| key.id).find(|id| outcome.stdout.contains(&format!("nobody has: {id}")));
    assert!(orphan.is_some(), "the orphan is named: {outcome}");
    let outcome = bench.stage.run("resume").exits(0);
    assert_eq!(outcome.outcomes(), ["acme done", "acme done"], "{outcome}");
    assert_eq!((bench.live(), bench.keeper.stored("acme")), (vec![fingerprint(&stored)], stored));
}

#[test]
fn what_is_stored_is_read_again_before_a_resume_goes_on_with_a_rotation_that_was_proven() {
    let bench = Bench::rotating(KeyShown::Masked, Kind::File, true);
    let old = bench.keeper.stored("acme");
    cut(&bench, "acme.key.after.5");
    assert_eq!(bench.did().last().unwrap(), "proven_stored");
    // Between the two lives somebody puts the old key back.
    std::fs::write(bench.stage.root.join("secrets/acme.key"), &old).unwrap();
    let outcome = bench.stage.run("resume").exits(22);
    assert_eq!(outcome.outcomes(), ["acme unverified", "acme held lane_ended"], "{outcome}");
    let made = &bench.made()[0].id;
    assert!(outcome.stdout.contains(&format!("keys revoke -w acme --id {made}")), "{outcome}");
    assert!(bench.stored_key_works() && bench.live().len() == 2, "{outcome}");
}

#[test]
fn a_key_file_that_a_kill_left_whole_in_its_folder_is_kept() {
    let bench = Bench::creating(KeyShown::Absent, Keep::Folder("out".to_owned()));
    cut(&bench, "acme.store.after.1");
    assert_eq!(bench.did(), ["made"]);
    let outcome = bench.stage.run("resume").exits(0);
    assert_eq!(outcome.outcomes(), ["acme done"], "{outcome}");
    assert_eq!((bench.did(), bench.keeper.given().len()), (vec!["made".to_owned(), "stored".to_owned()], 1));
    assert_eq!(bench.live()[1], bench.keeper.given()[0].2);
}

/// Plans the revocation of a key that another hand made; returns its secret too.
fn revoking() -> (Bench, String) {
    let (stage, keeper) = stage(KeyShown::Whole, Kind::File);
    let first = stage.world.key_of("acme").unwrap();
    let key = keyholder::sim::put::Key::of("ops@agency.example", "crm");
    let _ids = stage.world.put("acme", keyholder::sim::put::Key { scopes: vec!["all:all".to_owned()], ..key });
    let secret = stage.world.live_secrets("acme").into_iter().find(|secret| *secret != first).unwrap();
    let key = stage.world.api_keys("acme").into_iter().find(|key| key.name == "crm").unwrap();
    let change = Change::Revoke { key: KeyId::parse(&key.id).unwrap(), name: key.name, email: None, record: None };
    let step = step(&stage, change, RestsOn::Key { created: key.timestamp_created, by: None });
    let plan = plan(&stage, vec![(step, Disposition::Send)]);
    (Bench { stage, keeper, plan }, secret)
}

#[test]
fn a_key_that_another_hand_stored_since_the_plan_is_not_revoked() {
    let (bench, secret) = revoking();
    let path = bench.stage.root.join("secrets/acme.key");
    // The lane speaks with the key it was given when the command began; then the list is read that the revocation rests on.
    bench.stage.at_request(move |request| {
        if request.path.starts_with("/api/v2/api-keys") && request.method == Method::Get {
            std::fs::write(&path, &secret).unwrap();
        }
    });
    let outcome = bench.apply().exits(31);
    assert_eq!(outcome.outcomes(), ["acme held stale"], "{outcome}");
    assert!(bench.stored_key_works() && bench.live().len() == 2, "{outcome}");
}

#[test]
fn a_revocation_whose_reference_cannot_be_read_now_waits_for_a_resume() {
    let (bench, _secret) = revoking();
    bench.keeper.blind(true);
    let outcome = bench.apply().exits(20);
    assert_eq!(outcome.outcomes(), ["acme held lane_ended"], "{outcome}");
    bench.keeper.blind(false);
    let _resumed = bench.stage.run("resume").exits(0);
    assert_eq!(bench.live().len(), 1);
}

#[test]
fn what_is_said_of_a_made_key_names_it_and_of_an_old_key_that_stays_how_it_may_go() {
    let bench = Bench::creating(KeyShown::Absent, Keep::Folder("out".to_owned()));
    let outcome = bench.apply().exits(0);
    let made = &bench.made()[0];
    let said = &outcome.rows()[0]["reason"];
    assert!(said.contains(&made.name) && said.contains(&made.id) && said.contains("written to "), "{said}");

    // The old key cannot be deleted: another rotation would never touch it.
    let bench = Bench::rotating(KeyShown::Absent, Kind::File, true);
    let old = bench.stage.world.api_keys("acme").remove(0).id;
    let status = FaultKind::Status { status: 400, body: keyholder::sim::FaultBody::Json, retry_after: None };
    bench.stage.world.add_fault(Fault::once(status).at(Op::KeyDelete));
    let outcome = bench.apply().exits(21);
    assert_eq!(outcome.outcomes(), ["acme done", "acme failed"], "{outcome}");
    assert!(outcome.stdout.contains(&format!("`keyholder keys revoke -w acme --id {old}`")), "{outcome}");

    // The old key is stored again, by another hand.
    let bench = Bench::rotating(KeyShown::Whole, Kind::File, true);
    let (path, first) = (bench.stage.root.join("secrets/acme.key"), bench.keeper.stored("acme"));
    let (old, keeper) = (bench.stage.world.api_keys("acme").remove(0).id, Arc::clone(&bench.keeper));
    bench.stage.at_request(move |request| {
        if request.path.starts_with("/api/v2/api-keys")
            && request.method == Method::Get
            && keeper.stored("acme") != first
        {
            std::fs::write(&path, &first).unwrap();
        }
    });
    let outcome = bench.apply().exits(31);
    assert_eq!(outcome.outcomes(), ["acme done", "acme held stale"], "{outcome}");
    assert!(outcome.stdout.contains(&format!("`keyholder keys revoke -w acme --id {old}`")), "{outcome}");
}
