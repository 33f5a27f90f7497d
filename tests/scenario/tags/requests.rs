//! How many requests it takes to tag a fleet, as the simulator counts them: at most a twentieth more than it could be done with, whatever
//! carries other tags already.

use keyholder::sim::{Op, put};

use super::*;

/// Workspaces of the test; `cargo bench --bench tags` takes a hundred.
const WORKSPACES: usize = 2;
const ACCOUNTS: usize = 5_000;

/// Two tags that are there before: one that is meant, and others.
const NORTH: &str = "{ label = \"north\" }, { label = \"warm\" }, { label = \"cold\" }";
/// Only others.
const OTHERS: &str = "{ label = \"warm\" }, { label = \"cold\" }";

/// A fleet whose accounts carry other tags: so many of them the first one, so many the second.
fn fleet(tags: &str, carried: [usize; 2]) -> Stage {
    let one = |number: usize| {
        format!(
            "[[workspace]]\nname = \"client-{number}\"\nowner = \"founder@agency.example\"\n\
             accounts = [{{ email = \"box@mail.example\", count = {ACCOUNTS} }}]\ntags = [{tags}]\n"
        )
    };
    let stage = Stage::script(&(0..WORKSPACES).map(one).collect::<String>());
    stage.searched_once.set(true);
    for workspace in stage.world.names() {
        for (tag, first) in ["warm", "cold"].into_iter().zip(carried).filter(|(_, first)| *first > 0) {
            let (accounts, campaigns) = (put::Which::First(first), put::Which::Named(Vec::new()));
            let _put = stage.world.put(&workspace, put::Mappings { tag: tag.to_owned(), accounts, campaigns });
        }
    }
    stage
}

/// The fewest requests it can be done with: who it is and which tags there are, twice; the accounts; what carries the tag before, unless
/// it is made; a hundred a call; and what carries it after. What carries tags takes a page for a hundred, read by the whole list or by
/// look-ups.
fn fewest(carried: usize, create: bool) -> usize {
    let pages = |rows: usize| rows.div_ceil(100).max(1);
    // The call that makes it, and the list of tags that shows it.
    let tag = if create { 2 } else { pages(carried) };
    WORKSPACES * (2 + 2 + tag + pages(ACCOUNTS) + ACCOUNTS.div_ceil(100) + pages(carried + ACCOUNTS))
}

/// Tags every account, where so many carry other tags.
#[track_caller]
fn tags_all(carried: [usize; 2], create: bool) {
    let stage = fleet(if create { OTHERS } else { NORTH }, carried);
    let line = ["tags", "assign", "north", "--accounts", "*", "--all", "--yes", "--quiet"];
    let outcome = stage.run_words(line.into_iter().chain(create.then_some("--create"))).exits(0);
    for workspace in stage.world.names() {
        let carried = stage.world.mappings(&workspace);
        assert_eq!(carried.iter().filter(|one| one.label == "north").count(), ACCOUNTS, "{workspace}");
    }
    let (requests, least) = (stage.world.request_count(), fewest(carried.iter().sum(), create));
    assert!(requests * 100 <= least * 105, "{requests} requests, the fewest are {least}\n{outcome}");
}

#[test]
fn five_thousand_accounts_in_each_workspace_are_tagged_with_the_fewest_requests() {
    tags_all([0, 0], false);
}

#[test]
fn a_tag_that_is_made_first_costs_no_more_than_that() {
    tags_all([0, 0], true);
}

#[test]
fn what_carries_other_tags_in_half_costs_no_more_than_reading_them() {
    tags_all([ACCOUNTS / 2, 0], false);
    tags_all([ACCOUNTS / 2, 0], true);
}

#[test]
fn what_carries_two_other_tags_costs_no_more_than_reading_them() {
    tags_all([ACCOUNTS, ACCOUNTS], false);
    tags_all([ACCOUNTS, ACCOUNTS], true);
}

#[test]
fn a_few_accounts_of_many_are_read_back_by_themselves() {
    let stage = fleet(NORTH, [ACCOUNTS, ACCOUNTS]);
    let some = &stage.world.mappings("client-0")[0].resource;
    let line = ["tags", "assign", "north", "--accounts", some, "--all", "--yes", "--quiet"];
    let _outcome = stage.run_words(line).exits(0);
    let looks = stage.world.requests().iter().filter(|one| one.operation == Some(Op::MappingList)).count();
    // The plan reads the whole list, for it does not know yet who is meant.
    assert_eq!(looks, WORKSPACES * (2 * ACCOUNTS / 100 + 1));
}
