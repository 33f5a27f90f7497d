//! A thousand workspaces in one run, four of them broken, each in its own way.

use std::collections::BTreeMap;
use std::time::Duration;

use keyholder::domain::Outcome;
use keyholder::sim::{Fault, FaultKind, Invitations, World};

use crate::support::Stage;

const FLEET: usize = 1000;

fn onboarded(invitations: Invitations, outcome: Outcome) {
    let world = World::generated(FLEET, 3, 7);
    world.configure(|settings| settings.invitations = invitations);
    world.revoke_keys("client-0100");
    world.add_fault(Fault::always(FaultKind::throttled(None)).on("client-0200"));
    world.add_fault(Fault::always(FaultKind::Hang).on("client-0300"));
    world.add_fault(Fault::always(FaultKind::Html).on("client-0400"));
    let stage = Stage::of(world);

    let ran = stage.run("onboard nia@agency.example --role editor --all --yes --events run.ndjson --quiet").exits(20);

    let broken = ["client-0100", "client-0200", "client-0300", "client-0400"];
    let rows = ran.rows();
    assert_eq!(rows.len(), FLEET - broken.len());
    assert!(rows.iter().all(|row| row["outcome"] == outcome.as_str()), "{}", ran.stderr);
    for name in stage.world.names() {
        let wanted = usize::from(!broken.contains(&name.as_str()));
        assert_eq!((stage.rows_of(&name, "nia@agency.example"), stage.world.writes(&name)), (wanted, wanted), "{name}");
    }

    let events = std::fs::read_to_string(stage.root.join("run.ndjson")).unwrap();
    let summary: serde_json::Value = serde_json::from_str(events.lines().last().unwrap()).unwrap();
    assert_eq!((summary["type"].as_str(), summary["exit"].as_u64()), (Some("summary"), Some(20)));
    assert_eq!(summary["steps"][outcome.as_str()], 996);
    let others: u64 = summary["steps"].as_object().unwrap().values().filter_map(serde_json::Value::as_u64).sum();
    assert_eq!(others, 996, "no step is counted twice or as something else: {}", summary["steps"]);
    assert_eq!(summary["lanes"], serde_json::json!({ "selected": 1000, "failed": 4 }));
    assert_eq!(summary["coverage"]["complete"], 996);
    let unreadable: BTreeMap<&str, &str> = summary["coverage"]["unreadable"]
        .as_array()
        .unwrap()
        .iter()
        .map(|lane| (lane["workspace"].as_str().unwrap(), lane["kind"].as_str().unwrap()))
        .collect();
    let why = ["key_refused", "limited", "unreachable", "unreadable"];
    assert_eq!(unreadable, broken.into_iter().zip(why).collect::<BTreeMap<_, _>>());
    assert_eq!(summary["requests"].as_u64(), Some(stage.world.request_count() as u64), "every request is counted");

    let steps = stage.steps();
    assert_eq!(steps.len(), 996);
    assert!(steps.iter().all(|step| step.state.outcome() == Some(outcome)));
    let run = stage.ledger(async |ledger| ledger.run("last").await.unwrap());
    assert_eq!((run.counts, run.planned, run.in_doubt), (BTreeMap::from([(outcome, 996)]), 0, 0));
    assert_eq!(run.exit, Some(20));

    // A hanging read ends at its first time limit (30 s), a limited one after its last patience; the rest takes no time here.
    assert!(ran.took >= Duration::from_secs(30) && ran.took < Duration::from_secs(45), "{:?}", ran.took);
}

#[test]
fn of_a_thousand_workspaces_all_but_the_four_broken_ones_are_done() {
    onboarded(Invitations::AtOnce, Outcome::Done);
}

#[test]
fn of_a_thousand_workspaces_all_but_the_four_broken_ones_wait_for_a_person() {
    onboarded(Invitations::Wait, Outcome::Waiting);
}
