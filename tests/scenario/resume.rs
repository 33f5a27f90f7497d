//! Resuming: a run that was cut goes on to the end it would have had.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use keyholder::api::transport::Method;
use keyholder::journal::{Go, Moment, Probe, Record};
use keyholder::run::{Stop, Why};
use keyholder::sim::{Fault, FaultBody, FaultKind, Hand, Op};
use tokio::sync::Notify;

use crate::support::Stage;
use crate::{ONBOARD, THREE, three};

const NIA: &str = "nia@agency.example";

/// Ends the run at the commit of this number (from 1), before or after it.
#[derive(Debug)]
struct CutAt {
    moment: Moment,
    nth: usize,
    seen: Mutex<usize>,
    cut: Arc<Notify>,
}

impl Probe for CutAt {
    fn commit(&self, moment: Moment, _records: &[Record]) -> Go {
        let mut seen = self.seen.lock().unwrap();
        if moment == self.moment {
            *seen += 1;
            if *seen == self.nth {
                self.cut.notify_one();
                return Go::Halt;
            }
        }
        Go::On
    }
}

pub(crate) fn cut_at(stage: &Stage, moment: Moment, nth: usize) {
    *stage.probe.borrow_mut() = Some(Arc::new(CutAt { moment, nth, seen: Mutex::new(0), cut: Arc::clone(&stage.cut) }));
}

#[test]
fn a_run_that_is_cut_after_its_invitations_were_written_down_is_resumed_to_the_same_end() {
    let stage = three("");
    cut_at(&stage, Moment::After, 2);
    assert!(stage.run_until_cut(ONBOARD), "the run was cut");
    *stage.probe.borrow_mut() = None;
    let outcome = stage.run("resume").exits(0);
    assert_eq!(outcome.outcomes(), ["acme done", "birch done", "cedar done"], "{outcome}");
    for workspace in ["acme", "birch", "cedar"] {
        assert_eq!(stage.rows_of(workspace, NIA), 1);
    }
    assert_eq!(stage.writes(), 3);
    let again = stage.run("resume").exits(0).says("every run in the ledger is finished");
    assert_eq!(again.stdout, "");
}

#[test]
fn a_saved_plan_of_which_something_was_held_when_it_was_applied_can_be_resumed() {
    let stage = three("");
    let plan =
        stage.run("onboard sam@agency.example nia@agency.example --role admin --all -o plan.json").exits(0).plan_id();
    let moved = Hand::SetRole { email: "sam@agency.example".into(), role: "view".into() };
    assert!(stage.world.hand("birch", &moved));
    cut_at(&stage, Moment::After, 2);
    assert!(stage.run_until_cut(&format!("apply plan.json --confirm {plan}")));
    *stage.probe.borrow_mut() = None;
    let outcome = stage.run("resume").exits(31);
    let wanted = ["acme done", "acme done", "birch done", "birch held stale", "cedar done", "cedar done"];
    let mut outcomes = outcome.outcomes();
    outcomes.sort();
    assert_eq!(outcomes, wanted, "{outcome}");
    assert_eq!(stage.writes(), 5);
}

/// Cuts the usual onboarding after its attempts were written down: each is in doubt, none was sent.
fn in_doubt(more: &str) -> Stage {
    let stage = three(more);
    cut_at(&stage, Moment::After, 3);
    assert!(stage.run_until_cut(ONBOARD), "the run was cut");
    *stage.probe.borrow_mut() = None;
    assert!(stage.steps().iter().all(|step| step.state.attempts() == 1), "{:?}", stage.story("acme"));
    stage
}

/// Requires that a resume ends so and asks nobody anything that could change something.
#[track_caller]
fn refused(stage: &Stage, line: &str, exit: u8, says: &str) {
    let before = stage.write_requests();
    let _told = stage.run(line).exits(exit).says(says);
    assert_eq!(stage.write_requests(), before, "nothing was sent");
}

#[test]
fn the_settle_time_is_waited_once_for_all_and_before_any_look() {
    let stage = in_doubt("");
    let outcome = stage.run("resume").exits(0).says("waiting 1 min");
    // Once before the looks, and once between the two that prove an absence; the lanes wait beside each other.
    assert_eq!(outcome.took, Duration::from_mins(2), "{outcome}");
    let looks: Vec<Duration> = stage.world.requests().iter().map(|seen| seen.moment).collect();
    assert!(looks.iter().all(|at| [0, 60, 120].map(Duration::from_secs).contains(at)), "{looks:?}");
    assert_eq!(stage.writes(), 3);
}

#[test]
fn a_run_that_was_stopped_is_resumed() {
    for now in [false, true] {
        let mut stage = three("");
        let stop = stage.stop.clone();
        stage.at_nth(Method::Post, 1, move || {
            stop.drain(Why::Interrupted);
            if now {
                stop.now(Why::Interrupted);
            }
        });
        let stopped = stage.run(ONBOARD);
        assert_eq!(stopped.exit, if now { 22 } else { 130 }, "{stopped}");
        stage.stop = Stop::default();
        let outcome = stage.run("resume").exits(0);
        assert_eq!(outcome.outcomes(), ["acme done", "birch done", "cedar done"], "{outcome}");
        assert_eq!(stage.writes(), 3);
    }
}

#[test]
fn lanes_parked_at_the_deadline_and_held_by_the_budget_go_on_in_a_resume() {
    let late = "[[fault]]\nkind = \"status\"\nstatus = 429\nretry_after = 50\nworkspace = \"acme\"\noperation = \"member.create\"\n";
    let stage = three(late);
    let parked = stage.run(&format!("{ONBOARD} --deadline 40s")).exits(20);
    assert_eq!(parked.outcomes()[0], "acme held deadline");
    stage.wait(Duration::from_mins(1));
    assert_eq!(stage.run("resume").exits(0).outcomes(), ["acme done", "birch done", "cedar done"]);

    let stage = three("");
    stage.edit("keyholder.toml", "max_failures = \"50%\"", "max_failures = \"0%\"");
    let once = Fault::once(FaultKind::Status { status: 500, body: FaultBody::Json, retry_after: None });
    stage.world.add_fault(once.on("acme").at(Op::WorkspaceCurrent).times(50));
    let _held = stage.run(ONBOARD).exits(20);
    assert_eq!(stage.writes(), 0);
    refused(&stage, "resume", 20, "failure_budget");
    stage.edit("keyholder.toml", "max_failures = \"0%\"", "max_failures = \"50%\"");
    let outcome = stage.run("resume").exits(20);
    assert_eq!(outcome.outcomes(), ["birch done", "cedar done"], "what was never planned is not resumed\n{outcome}");
    stage.forgive_unfired_faults();
}

#[test]
fn a_lane_that_cannot_be_read_stays_as_it_stood_and_the_others_go_on() {
    let stage = in_doubt("");
    let broken = FaultKind::Status { status: 502, body: FaultBody::Html, retry_after: None };
    stage.world.add_fault(Fault::always(broken).on("acme"));
    let outcome = stage.run("resume").exits(22);
    assert_eq!(outcome.outcomes(), ["acme unknown", "birch done", "cedar done"], "{outcome}");
    assert_eq!(stage.writes(), 2);
}

#[test]
fn a_lane_whose_key_cannot_be_had_stays_as_it_stood_and_the_others_go_on() {
    let stage = in_doubt("");
    let acme = stage.root.join("secrets/acme.key");
    let own = std::fs::read(&acme).unwrap();
    std::fs::write(&acme, "\n").unwrap();
    let outcome = stage.run("resume").exits(22).says("the key is empty");
    assert_eq!(outcome.outcomes(), ["acme unknown", "birch done", "cedar done"], "{outcome}");
    assert_eq!(stage.writes(), 2);
    std::fs::write(&acme, own).unwrap();
    assert_eq!(stage.run("resume").exits(0).outcomes(), ["acme done", "birch done", "cedar done"]);
    assert_eq!(stage.writes(), 3);
}

#[test]
fn without_a_run_the_newest_unfinished_one_is_resumed_and_a_finished_one_sends_nothing() {
    let stage = in_doubt("");
    let first = stage.ledger(async |ledger| ledger.run("last").await.unwrap().id.to_string());
    stage.wait(Duration::from_secs(5));
    let _other = stage.run("onboard nox@agency.example --role view --all --yes").exits(0);
    let finished = stage.ledger(async |ledger| ledger.run("last").await.unwrap().id.to_string());
    let requests = stage.world.request_count();
    let _nothing = stage.run(&format!("resume {finished}")).exits(0).says("is finished; nothing was sent");
    assert_eq!(stage.world.request_count(), requests);
    let outcome = stage.run("resume").exits(0).says(&first);
    assert_eq!(outcome.outcomes(), ["acme done", "birch done", "cedar done"]);
}

#[test]
fn a_run_that_is_going_on_is_left_alone() {
    let stage = in_doubt("");
    let run = stage.ledger(async |ledger| ledger.run("last").await.unwrap().id.to_string());
    let lock = std::fs::File::open(stage.root.join(format!(".keyholder/locks/run-{run}.lock"))).unwrap();
    lock.try_lock().unwrap();
    refused(&stage, "resume", 75, "still going on");
    refused(&stage, &format!("resume {run}"), 75, "still going on");
    drop(lock);
    let _done = stage.run("resume").exits(0);
}

#[test]
fn another_api_another_name_another_id_and_a_strangers_key_are_refused() {
    let stage = in_doubt("");
    stage.edit("keyholder.toml", "http://127.0.0.1:9", "http://127.0.0.1:8");
    refused(&stage, "resume", 3, "nothing was sent");
    stage.edit("keyholder.toml", "http://127.0.0.1:8", "http://127.0.0.1:9");

    stage.edit("workspaces/acme.toml", "name = \"acme\"", "name = \"apex\"");
    refused(&stage, "resume", 3, "this fleet has not");
    stage.edit("workspaces/acme.toml", "name = \"apex\"", "name = \"acme\"");

    let id = stage.world.workspace_id("acme").unwrap();
    stage.edit("workspaces/acme.toml", &id, "0195b2aa-7c1e-7d00-8000-00000000ffff");
    refused(&stage, "resume", 3, "this fleet has not");
    stage.edit("workspaces/acme.toml", "0195b2aa-7c1e-7d00-8000-00000000ffff", &id);

    let (acme, birch) = (stage.root.join("secrets/acme.key"), stage.root.join("secrets/birch.key"));
    let own = std::fs::read(&acme).unwrap();
    std::fs::write(&acme, std::fs::read(birch).unwrap()).unwrap();
    refused(&stage, "resume", 3, "nothing was written anywhere");
    std::fs::write(&acme, own).unwrap();
    assert_eq!(stage.run("resume").exits(0).outcomes().len(), 3);
    assert_eq!(stage.writes(), 3);
}

#[test]
fn a_broken_chain_is_not_gone_on_with() {
    let stage = in_doubt("");
    stage.sql("UPDATE runs SET head_hash = zeroblob(32)");
    refused(&stage, "resume", 74, "the run ends at another entry than the ledger says");
}

#[test]
fn guards_and_modes_of_today_hold_what_is_not_sent_yet() {
    let protected = "[guards]\nprotected = [\"nia@agency.example\"]";
    for (from, to, reason) in
        [("[guards]", protected, "protected"), ("mode = \"manage\"", "mode = \"observe\"", "mode")]
    {
        let stage = in_doubt("");
        stage.edit("keyholder.toml", from, to);
        let outcome = stage.run("resume");
        // It was in doubt, and is looked for; it is not there, and may not be sent any more.
        assert_eq!(stage.writes(), 0, "{reason}\n{outcome}");
        assert!(outcome.stdout.contains(reason), "{outcome}");
        assert_eq!(
            outcome.outcomes(),
            ["acme", "birch", "cedar"].map(|lane| format!("{lane} held {reason}")),
            "{outcome}"
        );
        let again = stage.run("resume").exits(0).says("nothing to resume");
        assert_eq!(stage.writes(), 0, "{again}");
    }
}

#[test]
fn only_settling_sends_nothing() {
    let stage = in_doubt("");
    let outcome = stage.run("resume --settle-only");
    assert_eq!(stage.write_requests(), 0, "{outcome}");
    assert_eq!(outcome.outcomes(), ["acme failed", "birch failed", "cedar failed"], "{outcome}");

    let stage = in_doubt("");
    let here = Hand::Add { email: NIA.into(), role: "editor".into(), accepted: true };
    assert!(stage.world.hand("acme", &here));
    let outcome = stage.run("resume --settle-only");
    assert_eq!(outcome.outcomes(), ["acme done", "birch failed", "cedar failed"], "{outcome}");
    assert_eq!(stage.write_requests(), 0);
}

#[test]
fn what_a_later_run_has_dealt_with_is_not_sent_any_more() {
    let stage = three("");
    cut_at(&stage, Moment::After, 1);
    assert!(stage.run_until_cut(ONBOARD), "the run was cut before anything was sent");
    *stage.probe.borrow_mut() = None;
    let first = stage.ledger(async |ledger| ledger.run("last").await.unwrap().id.to_string());
    stage.wait(Duration::from_secs(5));
    let _later = stage.run("onboard nia@agency.example --role view -w acme --yes").exits(0);
    let outcome = stage.run(&format!("resume {first}")).exits(31);
    assert_eq!(outcome.outcomes(), ["acme held superseded", "birch done", "cedar done"], "{outcome}");
    assert_eq!((stage.role_of("acme", NIA).as_deref(), stage.writes()), (Some("view"), 3));
}

#[test]
fn a_removal_in_doubt_is_settled_each_way() {
    for (gone, writes) in [(true, 0), (false, 1)] {
        let stage = three("");
        let plan = stage.run("offboard sam@agency.example -w acme --plan-only").exits(0).plan_id();
        cut_at(&stage, Moment::After, 3);
        assert!(stage.run_until_cut(&format!("offboard sam@agency.example -w acme --confirm {plan}")));
        *stage.probe.borrow_mut() = None;
        if gone {
            assert!(stage.world.hand("acme", &Hand::Remove { email: "sam@agency.example".into() }));
        }
        assert_eq!(stage.run("resume").exits(0).outcomes(), ["acme done"]);
        assert_eq!((stage.writes(), stage.rows_of("acme", "sam@agency.example")), (writes, 0));
    }
}

#[test]
fn a_ledger_that_vanishes_in_the_middle_stops_the_run_before_the_next_write() {
    let stage = three("");
    let file = stage.root.join(".keyholder/ledger.db");
    stage.at_nth(Method::Get, 7, move || {
        for suffix in ["", "-wal", "-shm"] {
            drop(std::fs::remove_file(format!("{}{suffix}", file.display())));
        }
    });
    let _stopped = stage.run(ONBOARD).exits(74);
    assert_eq!(stage.write_requests(), 0);
}

#[test]
fn a_ledger_that_was_lost_is_noticed_and_the_next_plan_holds_only_what_is_missing() {
    let stage = three("");
    let cut = Arc::clone(&stage.cut);
    stage.at_nth(Method::Post, 2, move || cut.notify_one());
    assert!(stage.run_until_cut(ONBOARD));
    stage.at_request(|_| {});
    let there = stage.writes();
    for suffix in ["", "-wal", "-shm"] {
        drop(std::fs::remove_file(stage.root.join(format!(".keyholder/ledger.db{suffix}"))));
    }
    refused(&stage, "resume", 74, "nothing else remembers");
    let plan = stage.run(&ONBOARD.replace("--yes", "--plan-only")).exits(0).says("was removed or replaced; waiting");
    assert!(plan.took >= Duration::from_mins(1), "it waits for what the lost run may have sent: {:?}", plan.took);
    let _now = stage.run("resume").exits(0).says("holds no run");
    let missing = plan.planned().iter().filter(|line| line.ends_with("send")).count();
    assert_eq!(missing + there, 3, "{plan}");
    let _done = stage.run(ONBOARD).exits(0);
    assert_eq!(stage.writes(), 3);
}

#[test]
fn killed_while_it_waits_to_settle_a_resume_can_be_resumed() {
    let stage = in_doubt("");
    let requests = stage.world.request_count();
    let cut = Arc::clone(&stage.cut);
    // The identities and listings of the three are read first; then it waits, and reads nothing.
    stage.at_nth(Method::Get, 6, move || cut.notify_one());
    assert!(stage.run_until_cut("resume"));
    stage.at_request(|_| {});
    assert!(stage.world.request_count() <= requests + 6);
    let outcome = stage.run("resume").exits(0);
    assert_eq!(outcome.outcomes(), ["acme done", "birch done", "cedar done"]);
    assert_eq!(stage.writes(), 3);
}

#[test]
fn the_second_half_of_a_reinvitation_is_sent_after_a_cut_between_the_halves() {
    let stage = Stage::script(&THREE.replace("at-once", "wait"));
    let _told = stage.run("onboard nia@agency.example --role view --nickname Ni -w acme --yes").exits(0);
    stage.wait(Duration::from_secs(5));
    let plan = stage.run("members reinvite nia@agency.example -w acme --plan-only").exits(0).plan_id();
    let cut = Arc::clone(&stage.cut);
    stage.at_nth(Method::Post, 1, move || cut.notify_one());
    assert!(stage.run_until_cut(&format!("members reinvite nia@agency.example -w acme --confirm {plan}")));
    stage.at_request(|_| {});
    let outcome = stage.run("resume").exits(0);
    assert_eq!(outcome.outcomes(), ["acme done", "acme waiting"], "{outcome}");
    let row = stage.world.members("acme").into_iter().find(|row| row.email == NIA).unwrap();
    assert_eq!((row.role.as_str(), row.nickname.as_deref(), row.accepted), ("view", Some("Ni"), false));
}

#[test]
fn a_role_in_doubt_of_somebody_who_is_gone_by_now_is_settled() {
    let stage = three("");
    cut_at(&stage, Moment::After, 3);
    assert!(stage.run_until_cut("onboard priya@agency.example --role editor -w acme --yes"));
    *stage.probe.borrow_mut() = None;
    assert!(stage.world.hand("acme", &Hand::Remove { email: "priya@agency.example".into() }));
    let outcome = stage.run("resume").exits(31);
    assert_eq!(outcome.outcomes(), ["acme held stale"], "{outcome}");
    let _finished = stage.run("resume").exits(0).says("nothing to resume");
}
