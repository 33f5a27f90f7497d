//! Runs that were cut, and what a later one has dealt with since: a resume does not undo it.

use std::time::Duration;

use keyholder::journal::Moment;

use super::*;
use crate::resume::cut_at;

const TEAM: &str = "\n[[tags]]\nlabel = \"Team North\"\nformer = [\"North\"]\n";

/// Cuts a run after that many commits; returns its id.
fn cut(stage: &Stage, commits: usize, line: &str) -> String {
    cut_at(stage, Moment::After, commits);
    assert!(stage.run_until_cut(line), "the run was cut");
    *stage.probe.borrow_mut() = None;
    stage.wait(Duration::from_secs(5));
    stage.ledger(async |ledger| ledger.run("last").await.unwrap().id.to_string())
}

/// Adds to the agency's settings.
fn append(stage: &Stage, text: &str) {
    let path = stage.root.join("keyholder.toml");
    let before = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, before + text).unwrap();
}

fn labels(stage: &Stage) -> Vec<String> {
    stage.world.tags("acme").into_iter().map(|tag| tag.label).collect()
}

#[test]
fn a_label_that_may_just_have_been_made_is_not_given_up_for_another_before_that_is_settled() {
    let bench = Bench::of(Stage::script(ONE), |stage| vec![create(stage, "North")]);
    let first = cut(&bench.stage, 3, &bench.command());
    let _landed = bench.stage.world.put("acme", keyholder::sim::put::Tag::of("North"));
    append(&bench.stage, TEAM);
    let held = bench.stage.run("tags sync --all --yes").exits(30);
    assert_eq!(held.outcomes(), ["acme held in_doubt"], "{held}");
    // It is there, described otherwise.
    assert_eq!(bench.stage.run(&format!("resume {first}")).exits(22).outcomes(), ["acme unverified"]);
    assert_eq!(bench.stage.run("tags sync --all --yes").exits(0).outcomes(), ["acme done"]);
    assert!(labels(&bench.stage).contains(&"Team North".to_owned()) && bench.stage.writes() == 1);
}

#[test]
fn a_label_that_a_later_run_gave_up_for_another_is_not_made_again() {
    let bench = Bench::of(Stage::script(ONE), |stage| vec![create(stage, "North")]);
    let first = cut(&bench.stage, 1, &bench.command());
    let _made = bench.stage.world.put("acme", keyholder::sim::put::Tag::of("North"));
    append(&bench.stage, TEAM);
    assert_eq!(bench.stage.run("tags sync --all --yes").exits(0).outcomes(), ["acme done"]);
    let resumed = bench.stage.run(&format!("resume {first}")).exits(31);
    assert_eq!(resumed.outcomes(), ["acme held superseded"], "{resumed}");
    assert!(!labels(&bench.stage).contains(&"North".to_owned()));
}

/// A plan that puts a tag on every account, cut before anything was sent.
fn planned() -> (Bench, String) {
    let bench = Bench::of(Stage::script(ONE), |stage| vec![assign(stage, "stale", &ACCOUNTS)]);
    let run = cut(&bench.stage, 1, &bench.command());
    (bench, run)
}

fn put(bench: &Bench, accounts: &[&str]) {
    let _put = bench.stage.world.put("acme", keyholder::sim::put::Mappings::on_accounts("stale", accounts));
}

#[test]
fn what_another_hand_put_a_tag_on_before_a_resume_does_not_become_the_runs() {
    let (bench, run) = planned();
    put(&bench, &ACCOUNTS[..2]);
    let resumed = bench.stage.run(&format!("resume {run}")).exits(31);
    assert_eq!((resumed.outcomes(), bench.stage.writes()), (vec!["acme held stale".to_owned()], 0), "{resumed}");
    let (bench, run) = planned();
    put(&bench, &ACCOUNTS);
    let resumed = bench.stage.run(&format!("resume {run}")).exits(0);
    assert_eq!((resumed.outcomes(), bench.stage.writes()), (vec!["acme already".to_owned()], 0), "{resumed}");
    let (bench, run) = planned();
    assert_eq!(bench.stage.run(&format!("resume {run}")).exits(0).outcomes(), ["acme done"]);
}

#[test]
fn what_another_hand_put_a_tag_on_before_a_plan_is_applied_does_not_become_the_runs() {
    let plan = || {
        let bench = Bench::of(Stage::script(ONE), |stage| vec![assign(stage, "stale", &ACCOUNTS)]);
        let command = bench.command();
        (bench, command)
    };
    let (bench, command) = plan();
    put(&bench, &ACCOUNTS[..2]);
    let applied = bench.stage.run(&command).exits(31);
    assert_eq!((applied.outcomes(), bench.stage.writes()), (vec!["acme held stale".to_owned()], 0), "{applied}");
    let (bench, command) = plan();
    put(&bench, &ACCOUNTS);
    let applied = bench.stage.run(&command).exits(0);
    assert_eq!(bench.stage.writes(), 0, "{applied}");
    assert_eq!(bench.world().1.iter().filter(|(label, _)| label == "stale").count(), 4);
}

#[test]
fn an_assignment_that_is_refused_after_its_lost_attempt_was_proven_without_effect_has_failed() {
    let bench = Bench::of(Stage::script(ONE), |stage| vec![assign(stage, "stale", &ACCOUNTS[..1])]);
    let run = cut(&bench.stage, 3, &bench.command());
    let gone = keyholder::sim::Hand::DeleteAccount { email: ACCOUNTS[0].to_owned() };
    assert!(bench.stage.world.hand("acme", &gone));
    let resumed = bench.stage.run(&format!("resume {run}")).exits(21);
    assert_eq!(resumed.outcomes(), ["acme failed"], "{resumed}");
    let _ended = bench.stage.run("resume").exits(0).says("every run in the ledger is finished");
}

#[test]
fn a_tag_that_the_lane_made_and_another_hand_renamed_meanwhile_is_put_on_nothing() {
    for (wait, told) in [(3, "done"), (45, "held stale")] {
        let late = format!(
            "[[fault]]\nkind = \"status\"\nstatus = 429\nretry_after = {wait}\nworkspace = \"acme\"\noperation = \"tag.toggle\"\n"
        );
        let bench = Bench::of(Stage::script(&format!("{ONE}{late}")), |stage| {
            let create = create(stage, "fresh");
            let put_on = step(stage, toggle("fresh", &ACCOUNTS, true), RestsOn::TagToCome).after(&create);
            vec![create, put_on]
        });
        let world = bench.stage.world.clone();
        bench.stage.at_nth(keyholder::api::transport::Method::Post, 2, move || {
            let id = world.tags("acme").into_iter().find(|tag| tag.label == "fresh").unwrap().id;
            assert!(world.hand("acme", &keyholder::sim::Hand::RenameTag { tag: id, to: "other".to_owned() }));
        });
        let outcome = bench.apply();
        assert_eq!(outcome.outcomes(), ["acme unverified".to_owned(), format!("acme {told}")], "{wait}: {outcome}");
    }
}

#[test]
fn a_list_of_tags_that_is_not_whole_is_not_read_again_for_each_step() {
    let broken =
        "[[fault]]\nkind = \"cursor-loop\"\nworkspace = \"acme\"\noperation = \"tag.list\"\nskip = 1\ntimes = 2\n";
    let bench = Bench::of(Stage::script(&format!("{ONE}{broken}")), |stage| {
        ACCOUNTS.iter().map(|one| assign(stage, "stale", &[one])).collect()
    });
    let outcome = bench.apply();
    assert!(outcome.outcomes().iter().all(|told| told == "acme held incomplete_listing"), "{outcome}");
    assert!(bench.requests_to(keyholder::sim::Op::TagList) <= 3, "{}", bench.requests_to(keyholder::sim::Op::TagList));
}

#[test]
fn an_owner_that_a_later_run_gave_an_account_is_not_replaced_by_an_earlier_one() {
    let bench = Bench::of(Stage::script(ONE), |_| Vec::new());
    let stage = &bench.stage;
    append(stage, "\n[accounts.owners]\n\"*@mail.example\" = \"ops@agency.example\"\n");
    let first = cut(stage, 1, "accounts owners sync --all --yes");
    stage.edit("keyholder.toml", "ops@agency.example\"\n", "founder@agency.example\"\n");
    let _later = stage.run("accounts owners sync --all --yes").exits(0);
    let resumed = stage.run(&format!("resume {first}")).exits(31);
    assert!(resumed.outcomes().contains(&"acme held superseded".to_owned()), "{resumed}");
    assert!(bench.world().1.iter().all(|(label, _)| label != "owner: ops@agency.example"), "{:?}", bench.world());
}
