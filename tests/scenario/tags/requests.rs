//! How many requests it takes to tag a fleet, as the simulator counts them: at most a twentieth more than it could be done with, and where
//! half of what is tagged carries other tags too at most a seventh.

use super::*;

/// Workspaces of the test; `cargo bench --bench tags` takes a hundred.
const WORKSPACES: usize = 3;
const ACCOUNTS: usize = 5_000;

fn fleet(tags: &str) -> Stage {
    let one = |number: usize| {
        format!(
            "[[workspace]]\nname = \"client-{number}\"\nowner = \"founder@agency.example\"\n\
             accounts = [{{ email = \"box@mail.example\", count = {ACCOUNTS} }}]\ntags = [{tags}]\n"
        )
    };
    let stage = Stage::script(&(0..WORKSPACES).map(one).collect::<String>());
    stage.searched_once.set(true);
    stage
}

/// Who it is twice, the tags twice, the accounts, what carries tags before, a hundred a call, and what carries them after: by the whole list
/// or by look-ups of a hundred.
fn fewest(carried_before: usize) -> usize {
    let pages = |rows: usize| rows.div_ceil(100).max(1);
    let after = pages(carried_before + ACCOUNTS).min(ACCOUNTS.div_ceil(100) * pages((carried_before + ACCOUNTS) / 50));
    WORKSPACES * (2 + 2 + pages(ACCOUNTS) + pages(carried_before) + ACCOUNTS.div_ceil(100) + after)
}

/// Tags every account; it takes at most so many hundredths of the fewest requests.
#[track_caller]
fn tags_all(stage: &Stage, more: &[&str], least: usize, most: usize) {
    let line = ["tags", "assign", "north", "--accounts", "*", "--all", "--yes", "--quiet"];
    let outcome = stage.run_words(line.iter().chain(more).copied()).exits(0);
    for workspace in stage.world.names() {
        let carried = stage.world.mappings(&workspace);
        assert_eq!(carried.iter().filter(|one| one.label == "north").count(), ACCOUNTS, "{workspace}");
    }
    let requests = stage.world.request_count();
    println!("{requests} requests, the fewest are {least}");
    assert!(requests * 100 <= least * most, "{requests} requests, the fewest are {least}\n{outcome}");
}

#[test]
fn five_thousand_accounts_in_each_workspace_are_tagged_with_the_fewest_requests() {
    tags_all(&fleet("{ label = \"north\" }"), &[], fewest(0), 105);
}

#[test]
fn a_tag_that_is_made_first_costs_one_request_more() {
    // One that makes it, and the list of tags that shows it.
    tags_all(&fleet("{ label = \"south\" }"), &["--create"], fewest(0) + 2 * WORKSPACES, 105);
}

#[test]
fn what_carries_other_tags_too_costs_little_more() {
    let stage = fleet("{ label = \"north\" }, { label = \"warm\" }");
    for workspace in stage.world.names() {
        let on = keyholder::sim::put::Mappings {
            tag: "warm".to_owned(),
            accounts: keyholder::sim::put::Which::First(ACCOUNTS / 2),
            campaigns: keyholder::sim::put::Which::Named(Vec::new()),
        };
        let _put = stage.world.put(&workspace, on);
    }
    // Look-ups cannot know how many tags the next hundred have; the whole list would, and its length is not known to a lane.
    tags_all(&stage, &[], fewest(ACCOUNTS / 2), 115);
}
