//! The sample fleets.

use std::fs;

use keyholder::sim::World;

use crate::words::house;

#[test]
fn every_sample_fleet_loads_without_a_problem() {
    let mut fleets = 0;
    for entry in fs::read_dir(house().join("workspaces")).unwrap() {
        let root = entry.unwrap().path();
        let fleet = keyholder::config::load(&root).unwrap_or_else(|problems| panic!("{}: {problems}", root.display()));
        assert!(!fleet.workspaces.is_empty());
        fleets += 1;
    }
    assert!(fleets >= 1);
}

#[test]
fn the_sample_fleet_and_the_world_behind_it_are_of_the_same_workspaces() {
    let fleet = keyholder::config::load(&house().join("workspaces/northwind")).unwrap();
    let world = World::northwind(1);
    let ours: Vec<(String, String)> = fleet
        .workspaces
        .iter()
        .map(|workspace| (workspace.name.to_string(), workspace.id.as_ref().unwrap().to_string()))
        .collect();
    let mut theirs: Vec<(String, String)> =
        world.names().into_iter().map(|name| (name.clone(), world.workspace_id(&name).unwrap())).collect();
    let mut sorted = ours.clone();
    sorted.sort();
    theirs.sort();
    assert_eq!(sorted, theirs);
    assert!(world.faults().iter().all(|count| count.fault.workspace.is_some()));
}
