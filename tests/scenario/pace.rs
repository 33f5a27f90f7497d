//! The share of a workspace's limit holds over all keyholders that use one root at the same time.

use std::time::Duration;

use keyholder::clock::Clock;
use keyholder::journal::PaceLocks;
use keyholder::sim::{Pays, World};

use crate::support::Stage;

/// A fleet whose listings take nine requests a workspace.
fn long_lists(share: &str) -> Stage {
    let mut stage = Stage::of(World::generated(3, 900, 7));
    stage.road.latency = Duration::from_millis(20);
    stage.add("keyholder.toml", &format!("share = {share}\ndeadline = \"20s\""));
    stage
}

/// An agency and two workspaces that are reached with its key.
fn group() -> Stage {
    let workspace = |name: &str, id: u8| {
        let keys = if name == "agency" { "" } else { "keys = []\n" };
        format!(
            "[[workspace]]\nname = \"{name}\"\nid = \"0195b2aa-7c1e-7d00-8000-00000000000{id}\"\n{keys}\
             owner = \"founder@agency.example\"\nadmin = [\"ops@agency.example\"]\n"
        )
    };
    let workspaces = [workspace("agency", 1), workspace("globex", 2), workspace("hooli", 3)].concat();
    let stage =
        Stage::script(&format!("{workspaces}[[group]]\nadmin = \"agency\"\naccepted = [\"globex\", \"hooli\"]\n"));
    stage.world.configure(|settings| settings.pays = Pays::Both);
    stage.add("keyholder.toml", "share = 0.02");
    stage
}

impl Stage {
    #[track_caller]
    fn require_at_most(&self, places: usize) {
        for name in self.world.names() {
            let busiest = self.world.busiest_second(&name);
            assert!(busiest <= places, "{name} saw {busiest} requests in a second, its share is {places}");
        }
        assert_eq!(self.world.throttled(), 0);
    }

    fn locks(&self) -> (PaceLocks, Clock) {
        let clock = Clock::starting_at("2026-11-20T08:00:00Z".parse().unwrap());
        (PaceLocks::open(&self.root.join(".keyholder"), "members", &clock).unwrap(), clock)
    }
}

#[test]
fn two_listings_at_once_keep_to_one_share() {
    let stage = long_lists("0.05");
    let [one, other] = stage.run_both("members --quiet", "members --quiet");
    assert_eq!(one.exits(0).rows().len(), other.exits(0).rows().len());
    stage.require_at_most(5);
}

#[test]
fn a_listing_beside_an_onboarding_keeps_to_one_share() {
    let stage = long_lists("0.05");
    let onboard = "onboard nia@agency.example --role editor --all --yes --quiet";
    let [onboarded, listed] = stage.run_both(onboard, "members --quiet");
    drop((onboarded.exits(0), listed.exits(0)));
    assert_eq!(stage.writes(), 3);
    stage.require_at_most(5);
}

#[test]
fn a_listing_right_after_another_begins_with_what_that_one_left_of_the_share() {
    let stage = long_lists("0.13");
    let first = stage.run("members --quiet").exits(0);
    assert!(first.took < Duration::from_secs(1), "nine requests are within the share: {:?}", first.took);
    let second = stage.run("members --quiet").exits(0);
    assert!(second.took > Duration::from_millis(700), "only four places were left: {:?}", second.took);
    stage.require_at_most(13);
    stage.wait(Duration::from_secs(2));
    assert_eq!(stage.run("members --quiet").exits(0).took, first.took, "nothing is left of it after a second");
}

#[test]
fn two_commands_at_once_in_one_group_keep_to_the_share_of_the_admin_workspace() {
    let stage = group();
    let [one, other] = stage.run_both("check -w globex", "check -w hooli");
    drop((one.exits(0), other.exits(0)));
    stage.require_at_most(2);
    assert_eq!(stage.world.busiest_second("agency"), 2, "the agency's quota was charged");
}

#[test]
fn lanes_of_one_command_in_one_group_do_not_wait_for_each_others_locks() {
    let stage = group();
    let ran = stage.run("onboard nia@agency.example --role editor --all --yes --quiet").exits(0);
    assert_eq!(stage.writes(), 3);
    stage.require_at_most(2);
    assert!(ran.took < Duration::from_secs(30), "{:?}", ran.took);
}

#[test]
fn after_a_keyholder_that_died_nothing_is_sent_for_as_long_as_a_request_counts() {
    let stage = long_lists("0.5");
    let (locks, clock) = stage.locks();
    for name in stage.world.names() {
        let id = stage.world.workspace_id(&name).unwrap();
        let taken = stage.block_on(locks.take(&id, Duration::ZERO, &clock, clock.instant()));
        drop(taken.unwrap());
    }
    let after_death = stage.run("members --quiet").exits(0).took;
    stage.wait(Duration::from_secs(2));
    let usual = stage.run("members --quiet").exits(0).took;
    assert_eq!(after_death, usual + Duration::from_millis(1_050));
}

#[test]
fn a_workspace_somebody_talks_to_beyond_the_deadline_is_not_read_and_the_reason_says_who() {
    let stage = long_lists("0.5");
    let (locks, clock) = stage.locks();
    let names = stage.world.names();
    let mut held = Vec::new();
    let mut talk_to = |name: &str| {
        let id = stage.world.workspace_id(name).unwrap();
        held.push(stage.block_on(locks.take(&id, Duration::ZERO, &clock, clock.instant())).unwrap());
    };
    talk_to(&names[0]);
    let who = format!("`keyholder members` (process {}) since 2026-11-20T08:00:00Z", std::process::id());
    drop(stage.run("members").exits(33).says(&format!("{}: not read", names[0])).says(&who));
    let planned = stage.run("onboard nia@agency.example --role editor --all --yes").exits(20).says(&who);
    assert_eq!(planned.rows().len(), 2);
    names[1..].iter().for_each(|name| talk_to(name));
    let before = stage.world.request_count();
    for command in ["members", "check", "pin", "offboard nia@agency.example --all --plan-only"] {
        let ended = stage.run(command).exits(75);
        assert!(ended.stdout.contains(&who) || ended.stderr.contains(&who), "{command}\n{ended}");
    }
    assert_eq!(stage.world.request_count(), before, "nothing was asked");
}

#[test]
fn where_the_state_folder_cannot_be_made_a_reading_goes_on_and_says_once_that_it_paces_itself_alone() {
    let stage = long_lists("0.5");
    std::fs::write(stage.root.join(".keyholder"), "not a folder").unwrap();
    let ran = stage.run("members").exits(0).says("not shared with others on this machine");
    assert_eq!((ran.rows().len(), ran.stderr.matches("not shared").count()), (2_700, 1));
    drop(stage.run("onboard nia@agency.example --role editor --all --yes").exits(74));
    assert_eq!(stage.writes(), 0);
}
