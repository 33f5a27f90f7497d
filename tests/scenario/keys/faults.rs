//! What goes wrong while a key is made, kept or retired: answers, stores, the reference, other hands.

use std::collections::HashMap;

use keyholder::api::transport::Method;
use keyholder::sim::{Fault, FaultBody, FaultKind, Op};

use super::*;
use crate::support::keeper::Wrong;
use crate::support::scalpel::{Scalpel, Target};

fn status(status: u16) -> FaultKind {
    FaultKind::Status { status, body: FaultBody::Json, retry_after: None }
}

/// Requires that nothing of a new key is left, and the old one is stored and works.
#[track_caller]
fn require_as_before(bench: &Bench, old: &str) {
    assert_eq!(bench.keeper.stored("acme"), old);
    assert_eq!(bench.live(), [fingerprint(old)], "what was made was deleted again");
    assert!(bench.keeper.aside().is_empty());
}

/// Requires that the new key took the old one's place.
#[track_caller]
fn require_rotated(bench: &Bench, old: &str) {
    let stored = bench.keeper.stored("acme");
    assert_ne!(stored, old);
    assert_eq!(bench.live(), [fingerprint(&stored)]);
    assert!(bench.keeper.aside().is_empty());
}

#[test]
fn a_key_whose_answer_is_lost_is_found_by_its_name_deleted_and_made_once_more() {
    let late = FaultKind::Late { after: std::time::Duration::from_secs(20) };
    let after = FaultKind::StatusAfter { status: 500, body: FaultBody::Json };
    for kind in [FaultKind::LoseAnswer, late, FaultKind::Truncate, FaultKind::Html, after] {
        for bench in
            [Bench::creating(KeyShown::Absent, Keep::Shown), Bench::rotating(KeyShown::Masked, Kind::File, true)]
        {
            let old = bench.keeper.stored("acme");
            bench.stage.world.add_fault(Fault::once(kind.clone()).at(Op::KeyCreate));
            let outcome = bench.apply().exits(0);
            assert!(outcome.outcomes().iter().all(|end| end == "acme done"), "{kind:?}: {outcome}");
            assert_eq!(bench.did()[..3], ["discarding", "discarded", "made"], "{kind:?}");
            if bench.plan.items.len() == 2 {
                require_rotated(&bench, &old);
            } else {
                assert_eq!(bench.live().len(), 2, "{kind:?}");
                assert_eq!(bench.keeper.given().len(), 1);
            }
        }
    }
}

#[test]
fn a_creation_that_never_arrived_is_sent_once_more_and_one_that_is_lost_twice_leaves_nothing() {
    let bench = Bench::creating(KeyShown::Whole, Keep::Shown);
    bench.stage.world.add_fault(Fault::once(FaultKind::LoseRequest).at(Op::KeyCreate));
    let _outcome = bench.apply().exits(0);
    assert_eq!((bench.made().len(), bench.did()), (1, vec!["made".to_owned(), "stored".to_owned()]));

    let bench = Bench::rotating(KeyShown::Whole, Kind::File, true);
    let old = bench.keeper.stored("acme");
    for _ in 0..2 {
        bench.stage.world.add_fault(Fault::once(FaultKind::LoseAnswer).at(Op::KeyCreate));
    }
    let outcome = bench.apply().exits(21);
    assert_eq!(outcome.outcomes(), ["acme failed", "acme held after"], "{outcome}");
    require_as_before(&bench, &old);

    let bench = Bench::rotating(KeyShown::Whole, Kind::File, true);
    let old = bench.keeper.stored("acme");
    for _ in 0..2 {
        bench.stage.world.add_fault(Fault::once(FaultKind::LoseRequest).at(Op::KeyCreate));
    }
    let outcome = bench.apply().exits(22);
    assert_eq!(outcome.outcomes(), ["acme unknown", "acme held lane_ended"], "{outcome}");
    require_as_before(&bench, &old);
    let _resumed = bench.stage.run("resume").exits(0);
    require_rotated(&bench, &old);
}

#[test]
fn a_new_key_that_does_not_open_the_pinned_workspace_is_never_stored() {
    for kind in [status(401), status(403), FaultKind::Foreign, FaultKind::Redirect] {
        let bench = Bench::rotating(KeyShown::Masked, Kind::File, true);
        let old = bench.keeper.stored("acme");
        // The plan asks who the workspace is, then the lane; then the new key is asked.
        bench.stage.world.add_fault(Fault::once(kind.clone()).at(Op::WorkspaceCurrent).skip(2));
        let outcome = bench.apply().exits(21);
        assert_eq!(outcome.outcomes(), ["acme failed", "acme held after"], "{kind:?}: {outcome}");
        assert!(outcome.stdout.contains("the new key was deleted again"), "{outcome}");
        assert_eq!(bench.did(), ["made", "discarding", "discarded"]);
        require_as_before(&bench, &old);
    }
}

#[test]
fn a_store_that_surely_did_not_take_the_key_leaves_the_old_one_and_no_orphan() {
    for kind in [Kind::File, Kind::Command] {
        for wrong in [Wrong::Refuses, Wrong::FailsBefore] {
            let bench = Bench::rotating(KeyShown::Masked, kind, true);
            let old = bench.keeper.stored("acme");
            bench.keeper.goes_wrong("store", wrong);
            let outcome = bench.apply().exits(21);
            assert_eq!(bench.keeper.fired(), 1);
            assert_eq!(outcome.outcomes(), ["acme failed", "acme held after"], "{kind:?} {wrong:?}: {outcome}");
            require_as_before(&bench, &old);
        }
    }
}

#[test]
fn a_store_or_switch_that_said_yes_and_shows_the_old_key_leaves_both_until_a_later_life() {
    for (kind, act) in [(Kind::File, "store"), (Kind::File, "switch"), (Kind::Command, "store")] {
        let bench = Bench::rotating(KeyShown::Masked, kind, true);
        let old = bench.keeper.stored("acme");
        bench.keeper.goes_wrong(act, Wrong::Lies);
        let outcome = bench.apply().exits(22);
        assert_eq!(outcome.outcomes(), ["acme unknown", "acme held lane_ended"], "{kind:?} {act}: {outcome}");
        assert!(outcome.stdout.contains("still leads to the old key"), "{outcome}");
        assert_eq!((bench.keeper.stored("acme"), bench.live().len()), (old.clone(), 2), "what is read may lag behind");
        let _resumed = bench.stage.run("resume").exits(0);
        require_rotated(&bench, &old);
    }
}

#[test]
fn a_key_command_that_answers_from_a_copy_does_not_cost_the_stored_key() {
    let bench = Bench::rotating(KeyShown::Masked, Kind::Command, true);
    let old = bench.keeper.stored("acme");
    bench.keeper.goes_wrong("store", Wrong::Cached(300));
    let outcome = bench.apply().exits(22);
    assert_eq!(outcome.outcomes(), ["acme unknown", "acme held lane_ended"], "{outcome}");
    assert!(bench.stored_key_works() && bench.keeper.stored("acme") != old, "{outcome}");
    bench.stage.wait(std::time::Duration::from_mins(5));
    let _resumed = bench.stage.run("resume").exits(0);
    require_rotated(&bench, &old);
    assert_eq!(bench.did(), ["made", "proven", "stored", "switched", "proven_stored"]);
}

/// Lets the deletion of a key be answered with 429 once, and says how long to wait.
fn throttled(bench: &Bench, seconds: u64) {
    bench.stage.world.add_fault(Fault::once(FaultKind::throttled(Some(seconds))).at(Op::KeyDelete));
}

#[test]
fn a_store_that_lands_while_a_deletion_waits_for_its_turn_saves_the_key_it_stored() {
    let bench = Bench::rotating(KeyShown::Masked, Kind::Command, true);
    let old = bench.keeper.stored("acme");
    // Later than the settle time, so that the new key is taken for not stored; and before the deletion may be sent again.
    bench.keeper.goes_wrong("store", Wrong::Late(90));
    throttled(&bench, 120);
    let outcome = bench.apply().exits(22);
    assert_eq!(outcome.outcomes(), ["acme unknown", "acme held lane_ended"], "{outcome}");
    assert!(outcome.stdout.contains("the configured reference leads to it"), "{outcome}");
    assert!(bench.stored_key_works() && bench.keeper.stored("acme") != old, "{outcome}");
    let _resumed = bench.stage.run("resume").exits(0);
    require_rotated(&bench, &old);
}

#[test]
fn a_store_that_lands_behind_the_deletion_of_its_key_is_undone_or_told_loudly() {
    for puts_back in [true, false] {
        let bench = Bench::rotating(KeyShown::Masked, Kind::Command, true);
        let old = bench.keeper.stored("acme");
        bench.keeper.goes_wrong("store", Wrong::Refuses);
        if !puts_back {
            bench.keeper.goes_wrong("store", Wrong::Refuses);
        }
        let (world, path, first) = (bench.stage.world.clone(), bench.stage.root.join("secrets/acme.key"), old.clone());
        bench.stage.at_request(move |request| {
            if request.method == Method::Delete {
                let new = world.live_secrets("acme").into_iter().find(|secret| *secret != first).unwrap();
                std::fs::write(&path, new).unwrap();
            }
        });
        let outcome = bench.apply().exits(21);
        assert_eq!(bench.live(), [fingerprint(&old)], "{outcome}");
        if puts_back {
            assert!(outcome.stdout.contains("was put back there, and works"), "{outcome}");
            require_as_before(&bench, &old);
        } else {
            assert!(outcome.stdout.contains("NOW THE CONFIGURED REFERENCE LEADS TO THAT DELETED KEY"), "{outcome}");
        }
    }
}

#[test]
fn a_key_that_the_list_does_not_show_yet_is_not_taken_for_gone_by_a_404() {
    let bench = Bench::rotating(KeyShown::Masked, Kind::File, true);
    let old = bench.keeper.stored("acme");
    bench.stage.world.configure(|settings| settings.lag = std::time::Duration::from_secs(40));
    bench.keeper.goes_wrong("store", Wrong::Refuses);
    bench.stage.world.add_fault(Fault::once(status(404)).at(Op::KeyDelete));
    let outcome = bench.apply().exits(21);
    assert_eq!(outcome.outcomes(), ["acme failed", "acme held after"], "{outcome}");
    bench.stage.world.land_all();
    require_as_before(&bench, &old);
}

#[test]
fn a_store_command_that_fails_and_did_it_all_the_same_is_read_back() {
    for wrong in [Wrong::FailsAfter, Wrong::Late(20)] {
        let bench = Bench::rotating(KeyShown::Masked, Kind::Command, true);
        let old = bench.keeper.stored("acme");
        bench.keeper.goes_wrong("store", wrong);
        let _outcome = bench.apply().exits(0);
        assert_eq!(bench.keeper.fired(), 1);
        require_rotated(&bench, &old);
    }
}

#[test]
fn a_switch_that_fails_is_read_back_and_goes_on_or_leaves_the_old_key() {
    for (wrong, exit) in [(Wrong::Refuses, 21), (Wrong::FailsBefore, 21), (Wrong::FailsAfter, 0)] {
        let bench = Bench::rotating(KeyShown::Absent, Kind::File, true);
        let old = bench.keeper.stored("acme");
        bench.keeper.goes_wrong("switch", wrong);
        let _outcome = bench.apply().exits(exit);
        assert_eq!(bench.keeper.fired(), 1);
        if exit == 0 {
            require_rotated(&bench, &old);
        } else {
            require_as_before(&bench, &old);
        }
    }
}

#[test]
fn a_switch_of_which_it_is_not_sure_that_it_lasts_is_done_again_until_it_is_also_by_a_resume() {
    let bench = Bench::rotating(KeyShown::Absent, Kind::File, true);
    let old = bench.keeper.stored("acme");
    for _ in 0..3 {
        bench.keeper.goes_wrong("switch", Wrong::FailsAfter);
    }
    let _outcome = bench.apply().exits(0);
    assert_eq!(bench.keeper.fired(), 3);
    require_rotated(&bench, &old);

    let bench = Bench::rotating(KeyShown::Absent, Kind::File, true);
    let old = bench.keeper.stored("acme");
    for _ in 0..5 {
        bench.keeper.goes_wrong("switch", Wrong::FailsAfter);
    }
    let outcome = bench.apply().exits(22);
    assert_eq!(outcome.outcomes(), ["acme unknown", "acme held lane_ended"], "{outcome}");
    assert!(outcome.stdout.contains("not sure that this lasts"), "{outcome}");
    assert_eq!((bench.keeper.fired(), bench.live().len(), bench.did().len()), (4, 2, 3));
    let _resumed = bench.stage.run("resume").exits(0);
    assert_eq!(bench.keeper.fired(), 5, "a resume switches once more before the old key may go");
    require_rotated(&bench, &old);
}

#[test]
fn a_store_that_left_nothing_usable_has_the_old_key_put_back_and_leaves_no_orphan() {
    for wrong in [Wrong::Garbles, Wrong::Empties] {
        let bench = Bench::rotating(KeyShown::Whole, Kind::Command, true);
        let old = bench.keeper.stored("acme");
        bench.keeper.goes_wrong("store", wrong);
        let outcome = bench.apply().exits(21);
        assert_eq!(outcome.outcomes(), ["acme failed", "acme held after"], "{wrong:?}: {outcome}");
        assert!(outcome.stdout.contains("the old key was put back there, and works"), "{outcome}");
        require_as_before(&bench, &old);
    }
}

#[test]
fn a_working_key_that_another_hand_stored_meanwhile_is_not_overwritten_and_ends_the_rotation() {
    let bench = Bench::rotating(KeyShown::Absent, Kind::Command, true);
    let (old, third) = (bench.keeper.stored("acme"), another_key(&bench));
    bench.keeper.goes_wrong("store", Wrong::Lies);
    let (path, text) = (bench.stage.root.join("secrets/acme.key"), third.clone());
    bench.stage.at_nth(Method::Post, 1, move || std::fs::write(&path, &text).unwrap());
    let outcome = bench.apply().exits(22);
    assert_eq!(outcome.outcomes(), ["acme unknown", "acme held lane_ended"], "{outcome}");
    assert!(
        outcome.stdout.contains("another hand put") && outcome.stdout.contains("then `keyholder resume`"),
        "{outcome}"
    );
    assert_eq!((bench.keeper.stored("acme"), bench.live().len()), (third.clone(), 3));
    bench.stage.at_request(|_| {});
    let _settled = bench.stage.run("resume --settle-only").exits(22);
    assert_eq!(bench.live().len(), 3, "to settle sends nothing");
    // What is stored works and is neither: the lane speaks with it, so the new key is surely not the stored one.
    let outcome = bench.stage.run("resume").exits(21);
    assert!(outcome.outcomes().contains(&"acme failed".to_owned()), "{outcome}");
    assert_eq!(bench.live(), [fingerprint(&old), fingerprint(&third)], "{outcome}");
    assert_eq!(bench.keeper.stored("acme"), third);
    let requests = bench.stage.world.request_count();
    let _nothing = bench.stage.run("resume");
    assert_eq!(bench.stage.world.request_count(), requests, "nothing is left to be settled");
}

#[test]
fn a_new_key_that_another_hand_deleted_leaves_nothing_to_decide() {
    let bench = Bench::rotating(KeyShown::Whole, Kind::File, true);
    let old = bench.keeper.stored("acme");
    let keeper = Arc::clone(&bench.keeper);
    bench.stage.at_nth(Method::Post, 1, move || keeper.blind(true));
    let _outcome = bench.apply().exits(22);
    bench.stage.at_request(|_| {});
    let key = bench.made()[0].id.clone();
    assert!(bench.stage.world.hand("acme", &keyholder::sim::Hand::DeleteKey { key }));
    let outcome = bench.stage.run("resume").exits(21);
    assert!(outcome.stdout.contains("another hand deleted it"), "{outcome}");
    assert_eq!((bench.keeper.stored("acme"), bench.live()), (old.clone(), vec![fingerprint(&old)]));
}

/// Makes a key of the workspace by another hand, and returns its secret.
fn another_key(bench: &Bench) -> String {
    let before = bench.stage.world.live_secrets("acme");
    let key = keyholder::sim::put::Key::of("ops@agency.example", "by hand");
    let _ids = bench.stage.world.put("acme", keyholder::sim::put::Key { scopes: vec!["all:all".to_owned()], ..key });
    bench.stage.world.live_secrets("acme").into_iter().find(|secret| !before.contains(secret)).unwrap()
}

#[test]
fn where_the_reference_leads_to_neither_key_both_stay_and_a_resume_goes_on_once_it_is_mended() {
    let bench = Bench::rotating(KeyShown::Whole, Kind::Command, true);
    let old = bench.keeper.stored("acme");
    bench.keeper.goes_wrong("store", Wrong::Garbles);
    bench.keeper.goes_wrong("store", Wrong::Refuses);
    let outcome = bench.apply().exits(22);
    assert_eq!(outcome.outcomes(), ["acme unknown", "acme held lane_ended"], "{outcome}");
    assert_eq!(bench.live().len(), 2, "nothing is deleted where nobody knows what is stored");
    // The lane cannot be opened with what is stored now: nothing is decided, and nothing deleted.
    let _still = bench.stage.run("resume");
    assert_eq!(bench.live().len(), 2);
    // Somebody puts the old key back.
    std::fs::write(bench.stage.root.join("secrets/acme.key"), &old).unwrap();
    let _resumed = bench.stage.run("resume").exits(0);
    require_rotated(&bench, &old);
}

#[test]
fn a_reference_that_cannot_be_read_leaves_both_keys_until_it_can() {
    let bench = Bench::rotating(KeyShown::Whole, Kind::File, true);
    let old = bench.keeper.stored("acme");
    let keeper = Arc::clone(&bench.keeper);
    // From the moment the new key was made.
    bench.stage.at_nth(Method::Post, 1, move || keeper.blind(true));
    let outcome = bench.apply().exits(22);
    assert_eq!(outcome.outcomes(), ["acme unknown", "acme held lane_ended"], "{outcome}");
    assert!(bench.stored_key_works() && bench.live().len() == 2);
    bench.stage.at_request(|_| {});
    let _unread = bench.stage.run("resume").exits(22);
    assert!(bench.stored_key_works() && bench.live().len() == 2);
    bench.keeper.blind(false);
    let _resumed = bench.stage.run("resume").exits(0);
    require_rotated(&bench, &old);
}

#[test]
fn an_old_key_whose_deletion_is_lost_is_looked_for_and_one_that_may_not_be_deleted_stays() {
    let late = FaultKind::Late { after: std::time::Duration::from_secs(20) };
    for kind in [FaultKind::LoseAnswer, FaultKind::LoseRequest, late, FaultKind::Truncate, status(500)] {
        let bench = Bench::rotating(KeyShown::Absent, Kind::File, true);
        let old = bench.keeper.stored("acme");
        bench.stage.world.add_fault(Fault::once(kind.clone()).at(Op::KeyDelete));
        let outcome = bench.apply().exits(0);
        assert_eq!(outcome.outcomes(), ["acme done", "acme done"], "{kind:?}: {outcome}");
        require_rotated(&bench, &old);
    }
    let bench = Bench::rotating(KeyShown::Absent, Kind::File, true);
    bench.stage.world.add_fault(Fault::once(status(403)).at(Op::KeyDelete));
    let outcome = bench.apply().exits(21);
    assert_eq!(outcome.outcomes(), ["acme done", "acme failed"], "{outcome}");
    assert!(bench.stored_key_works() && bench.live().len() == 2);
}

#[test]
fn an_orphan_that_cannot_be_deleted_is_told_and_deleted_by_a_resume() {
    for kind in [status(403), FaultKind::LoseRequest] {
        let bench = Bench::rotating(KeyShown::Masked, Kind::File, true);
        let old = bench.keeper.stored("acme");
        bench.keeper.goes_wrong("store", Wrong::Refuses);
        let times = if kind == FaultKind::LoseRequest { 3 } else { 1 };
        for _ in 0..times {
            bench.stage.world.add_fault(Fault::once(kind.clone()).at(Op::KeyDelete));
        }
        let outcome = bench.apply().exits(22);
        assert_eq!(outcome.outcomes(), ["acme unknown", "acme held lane_ended"], "{kind:?}: {outcome}");
        assert!(outcome.stdout.contains("still there"), "{outcome}");
        assert_eq!(bench.live().len(), 2);
        let _settled = bench.stage.run("resume --settle-only").exits(22);
        assert_eq!(bench.live().len(), 2, "to settle sends nothing");
        let _resumed = bench.stage.run("resume").exits(0);
        require_rotated(&bench, &old);
    }
}

#[test]
fn a_key_that_was_made_with_other_scopes_is_not_switched_to() {
    let bench = Bench::rotating(KeyShown::Whole, Kind::File, true);
    let old = bench.keeper.stored("acme");
    let scalpel = Scalpel::new(&bench.stage, HashMap::new(), Target::Nowhere).mangles("post", "all:all", "all:read");
    bench.stage.operate(Some(&Arc::new(scalpel)));
    let outcome = bench.apply().exits(21);
    assert_eq!(outcome.outcomes(), ["acme failed", "acme held after"], "{outcome}");
    assert!(outcome.stdout.contains("other scopes"), "{outcome}");
    bench.stage.operate(None);
    require_as_before(&bench, &old);
}

#[test]
fn nothing_is_made_where_the_reference_leads_elsewhere_since_the_plan() {
    let bench = Bench::rotating(KeyShown::Whole, Kind::File, true);
    let path = bench.stage.root.join("secrets/acme.key");
    // The plan asks who the workspace is and who is in it; then the lane asks, and just before it sends another hand changes the file.
    bench.stage.at_nth(Method::Get, 3, move || {
        std::fs::write(&path, "b3RoZXI6b3RoZXItc2VjcmV0LW9mLXRoZS13b3JsZA==").unwrap();
    });
    let outcome = bench.apply().exits(31);
    assert_eq!(outcome.outcomes(), ["acme held stale", "acme held after"], "{outcome}");
    assert!(bench.made().is_empty());
}

#[test]
fn the_old_key_stays_where_another_hand_changed_the_reference_after_the_switch() {
    let bench = Bench::rotating(KeyShown::Whole, Kind::File, true);
    let (path, keeper) = (bench.stage.root.join("secrets/acme.key"), Arc::clone(&bench.keeper));
    let first = bench.keeper.stored("acme");
    // The list that the deletion rests on is read behind the switch: the next request after it.
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
    assert!(bench.stored_key_works() && bench.live().len() == 2, "{outcome}");
}

#[test]
fn a_name_that_somebody_gave_a_key_meanwhile_makes_none() {
    let bench = Bench::creating(KeyShown::Absent, Keep::Shown);
    let taken = keyholder::sim::put::Key {
        scopes: SCOPES.map(str::to_owned).to_vec(),
        ..keyholder::sim::put::Key::of("ops@agency.example", "agency — reports [0123abcd]")
    };
    let _ids = bench.stage.world.put("acme", taken);
    let outcome = bench.apply().exits(0);
    assert_eq!(outcome.outcomes(), ["acme already"], "{outcome}");
    let bench = Bench::creating(KeyShown::Absent, Keep::Shown);
    let _ids = bench
        .stage
        .world
        .put("acme", keyholder::sim::put::Key::of("ops@agency.example", "agency — reports [0123abcd]"));
    let outcome = bench.apply().exits(31);
    assert_eq!(outcome.outcomes(), ["acme held stale"], "{outcome}");
    assert_eq!(bench.keeper.given().len(), 0);
}

#[test]
fn revoking_every_key_never_takes_the_one_in_use() {
    for shown in SHOWN {
        let (stage, keeper) = stage(shown, Kind::File);
        for name in ["crm", "reports"] {
            let _ids = stage.world.put("acme", keyholder::sim::put::Key::of("ops@agency.example", name));
        }
        let revoke = |key: SimKey| {
            let change =
                Change::Revoke { key: KeyId::parse(&key.id).unwrap(), name: key.name, email: None, record: None };
            (step(&stage, change, RestsOn::Key { created: key.timestamp_created, by: None }), Disposition::Send)
        };
        let plan = plan(&stage, stage.world.api_keys("acme").into_iter().map(revoke).collect());
        let bench = Bench { stage, keeper, plan };
        let outcome = bench.apply().exits(30);
        assert!(bench.stored_key_works(), "{outcome}");
        let wanted = if shown == KeyShown::Whole { 1 } else { 3 };
        assert_eq!(bench.live().len(), wanted, "where it cannot be told apart, none goes: {outcome}");
        assert!(outcome.stdout.contains("key_in_use"), "{outcome}");
    }
}

#[test]
fn the_ledger_knows_which_keys_runs_made_and_which_are_gone() {
    let bench = Bench::rotating(KeyShown::Absent, Kind::File, true);
    bench.stage.world.add_fault(Fault::once(status(401)).at(Op::WorkspaceCurrent).skip(2));
    let _failed = bench.apply().exits(21);
    let _done = bench.apply().exits(0);
    let ids = [workspace_id(&bench.stage)];
    let made = bench.stage.ledger(async |ledger| ledger.made_keys(&ids).await.unwrap());
    assert_eq!(made.len(), 2, "{made:#?}");
    let stored = fingerprint(&bench.keeper.stored("acme"));
    assert!(made[0].gone_at.is_some() && made[0].stored.is_none());
    assert_eq!((made[1].gone_at, made[1].fingerprint.as_deref()), (None, Some(stored.as_str())));
    assert_eq!(made[1].stored.as_deref(), Some("stored in secrets/acme.key"));
    assert_eq!(made[1].key.as_str(), bench.stage.world.api_keys("acme")[0].id);
}

#[test]
fn a_key_is_not_made_again_where_its_secret_has_no_place_any_more() {
    let bench = Bench::creating(KeyShown::Masked, Keep::Folder("out".to_owned()));
    let out = bench.stage.root.join("out");
    let keep = Keep::Folder(out.to_str().unwrap().to_owned());
    let change = Change::CreateKey {
        name: TEMPLATE.to_owned(),
        scopes: SCOPES.map(str::to_owned).to_vec(),
        keep,
        replaces: None,
    };
    let step = step(&bench.stage, change, RestsOn::NoKey);
    let bench = Bench { plan: plan(&bench.stage, vec![(step, Disposition::Send)]), ..bench };
    for _ in 0..2 {
        bench.stage.world.add_fault(Fault::once(FaultKind::LoseRequest).at(Op::KeyCreate));
    }
    let _unknown = bench.apply().exits(22);
    std::fs::write(&out, "no folder").unwrap();
    let asked = bench.stage.world.requests().len();
    let refused = bench.stage.run("resume").exits(2);
    assert!(refused.stderr.contains("(--key-out)"), "{refused}");
    assert_eq!(bench.stage.world.requests().len(), asked, "nothing was sent");
    std::fs::remove_file(&out).unwrap();
    let _resumed = bench.stage.run("resume").exits(0);
    assert_eq!(bench.made().len(), 1);
}
