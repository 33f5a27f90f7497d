//! A rotation and a creation, cut at every point of the protocol and around every act of the keeper, resumed, and cut again there.
//!
//! At every point of every life it is asked of the world itself whether the key that the configured reference leads to opens the workspace.
//! `KEYHOLDER_TRIALS=full` cuts each resume at every point too, not at a sample.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;
use crate::support::flag;
use crate::support::keeper::Wrong;
use crate::support::scalpel::{Phase, Point, Scalpel, Target};

/// What is done in a trial's world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    /// The configured key is replaced.
    Rotate(Kind),
    /// A key is made and shown.
    Show,
    /// A key is made and written into a folder.
    Folder,
}

#[derive(Debug, Clone, Copy)]
struct Case {
    wish: Wish,
    shown: KeyShown,
    /// Whether it is known which of the listed keys the old one is.
    known: bool,
    /// How long reads lag behind writes.
    lag: u64,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { wish, shown, known, lag } = self;
        write!(f, "{wish:?}, secrets {shown:?}, old key {}, lag {lag} s", if *known { "known" } else { "unknown" })
    }
}

impl Case {
    fn bench(self) -> Bench {
        let bench = match self.wish {
            Wish::Rotate(kind) => Bench::rotating(self.shown, kind, self.known),
            Wish::Show => Bench::creating(self.shown, Keep::Shown),
            Wish::Folder => Bench::creating(self.shown, Keep::Folder("out".to_owned())),
        };
        bench.stage.world.configure(|settings| settings.lag = Duration::from_secs(self.lag));
        bench.stage.searched_once.set(true);
        bench
    }

    fn exit(self) -> u8 {
        match self.wish {
            Wish::Rotate(_) if !self.known => 30,
            _ => 0,
        }
    }
}

/// Which workspace each step of the plan belongs to.
fn steps_of(bench: &Bench) -> HashMap<String, String> {
    bench.plan.items.iter().map(|item| (item.step.id.to_string(), item.step.workspace.clone())).collect()
}

/// Runs it and cuts it at one point; tells whether it got there. What comes after is whole.
fn cut_once(bench: &Bench, point: Point) -> bool {
    let scalpel = Arc::new(Scalpel::new(&bench.stage, steps_of(bench), Target::At(point)));
    bench.stage.operate(Some(&scalpel));
    bench.keeper.operate(Some(&scalpel));
    let cut = bench.stage.run_until_cut(&bench.command());
    bench.stage.operate(None);
    bench.keeper.operate(None);
    cut
}

/// Cuts at these points, one life after the other, then goes on to the end. Returns the points of the last life.
fn trial(case: Case, cuts: &[Point]) -> Vec<Point> {
    let bench = case.bench();
    let name = format!("{case}: {}", cuts.iter().map(ToString::to_string).collect::<Vec<_>>().join(" + "));
    let command = bench.command();
    let old = fingerprint(&bench.keeper.stored("acme"));
    let broken = Arc::new(Mutex::new(Vec::<String>::new()));
    let operate = |target: Option<Target>| {
        let scalpel = target.map(|target| {
            let (keeper, world, broken) = (Arc::clone(&bench.keeper), bench.stage.world.clone(), Arc::clone(&broken));
            let scalpel = Scalpel::new(&bench.stage, steps_of(&bench), target).late(Duration::from_secs(20));
            Arc::new(scalpel.watches(move || {
                let stored = keeper.stored("acme");
                if !world.live_secrets("acme").contains(&stored) {
                    broken.lock().unwrap().push(fingerprint(&stored));
                }
            }))
        });
        bench.stage.operate(scalpel.as_ref());
        bench.keeper.operate(scalpel.as_ref());
        scalpel
    };
    let mut begun = false;
    for (life, cut) in cuts.iter().enumerate() {
        let _scalpel = operate(Some(Target::At(cut.clone())));
        let line = if begun { "resume" } else { &command };
        assert!(bench.stage.run_until_cut(line), "{name}: `{line}` came to its end before {cut}");
        operate(None);
        begun = !bench.stage.ledger(async |ledger| ledger.runs(1).await.unwrap()).is_empty();
        assert!(bench.stored_key_works(), "{name}: after the cut no working key is stored");
        bench.stage.wait(Duration::from_secs([0, 45][life % 2]));
    }
    let scalpel = operate(Some(Target::Nowhere)).unwrap();
    let outcome = bench.stage.run(if begun { "resume" } else { &command });
    operate(None);
    // Cut behind its very last word, the run has ended.
    let over = cuts.last().is_some_and(|cut| cut.what == "ended" && cut.phase == Phase::After);
    assert_eq!(outcome.exit, if over { 0 } else { case.exit() }, "{name}\n{outcome}");
    bench.stage.world.land_all();
    let broken = broken.lock().unwrap();
    assert!(broken.is_empty(), "{name}: a key that opens nothing was stored: {broken:?}");
    assert!(bench.stored_key_works(), "{name}");
    let live = bench.live();
    let stored = fingerprint(&bench.keeper.stored("acme"));
    match case.wish {
        Wish::Rotate(_) => {
            assert_ne!(stored, old, "{name}");
            let wanted = if case.known { vec![stored] } else { vec![old, stored] };
            assert_eq!(live, wanted, "{name}: the live keys");
            assert!(bench.keeper.aside().is_empty(), "{name}: something was left aside");
        }
        Wish::Show | Wish::Folder => {
            assert_eq!((live.len(), live.first()), (2, Some(&old)), "{name}: the live keys");
            let given = bench.keeper.given();
            assert!(given.iter().any(|(_, _, fingerprint)| *fingerprint == live[1]), "{name}: nobody has the key");
        }
    }
    let requests = bench.stage.world.request_count();
    let _nothing = bench.stage.run("resume").exits(0);
    assert_eq!(bench.stage.world.request_count(), requests, "{name}: a second resume sends nothing");
    let _proven = bench.stage.entries();
    scalpel.points()
}

fn is_full() -> bool {
    flag("KEYHOLDER_TRIALS").is_some_and(|value| value == "full" || value == "everything")
}

/// Cuts a case at every point.
fn everywhere(case: Case) -> usize {
    let points = trial(case, &[]);
    let passed = |what: &str| points.iter().any(|point| point.what == what);
    let words: &[&str] = match case.wish {
        Wish::Rotate(_) => &["started", "answered", "key", "store", "switch", "post", "keys", "settled"],
        Wish::Show | Wish::Folder => &["started", "answered", "key", "store", "post", "keys", "settled"],
    };
    for what in words {
        assert!(passed(what), "{case}: no run passes `{what}`, so nothing is proven of it");
    }
    let mut trials = 0;
    for point in points {
        let _points = trial(case, &[point]);
        trials += 1;
    }
    trials
}

#[test]
fn a_rotation_cut_anywhere_is_resumed_and_a_working_key_is_stored_at_every_moment() {
    let mut trials = 0;
    for shown in SHOWN {
        for (kind, known) in [(Kind::File, true), (Kind::Command, true), (Kind::File, false)] {
            trials += everywhere(Case { wish: Wish::Rotate(kind), shown, known, lag: 0 });
        }
    }
    trials += everywhere(Case { wish: Wish::Rotate(Kind::File), shown: KeyShown::Masked, known: true, lag: 3 });
    println!("rotation cut anywhere: {trials} trials");
}

#[test]
fn a_creation_cut_anywhere_is_resumed_and_leaves_one_key_whose_secret_somebody_has() {
    let mut trials = 0;
    for shown in SHOWN {
        for wish in [Wish::Show, Wish::Folder] {
            trials += everywhere(Case { wish, shown, known: true, lag: 0 });
        }
    }
    trials += everywhere(Case { wish: Wish::Show, shown: KeyShown::Whole, known: true, lag: 3 });
    println!("creation cut anywhere: {trials} trials");
}

#[test]
fn a_resume_cut_anywhere_is_resumed_to_the_same_end() {
    let (mut pairs, mut trials) = (0, 0);
    for (at, wish) in [Wish::Rotate(Kind::File), Wish::Rotate(Kind::Command), Wish::Folder].into_iter().enumerate() {
        let case = Case { wish, shown: SHOWN[at], known: true, lag: 0 };
        let mut tried = BTreeSet::new();
        for first in trial(case, &[]) {
            let seconds = trial(case, std::slice::from_ref(&first));
            for second in seconds {
                // The sample has each thing of a resume behind each thing of a run, in turn over the three cases.
                let fresh = tried.insert((first.what.clone(), first.phase, second.what.clone(), second.phase));
                pairs += 1;
                if is_full() || fresh && (pairs + at) % 6 == 0 {
                    let _points = trial(case, &[first.clone(), second]);
                    trials += 1;
                }
            }
        }
    }
    println!("cut and cut again: {trials} of {pairs} pairs");
}

#[test]
fn a_resume_that_would_show_a_secret_into_a_pipe_sends_nothing_and_can_be_taken_up_on_a_terminal() {
    let case = Case { wish: Wish::Show, shown: KeyShown::Whole, known: true, lag: 0 };
    let points = trial(case, &[]);
    let lost = points.into_iter().find(|point| point.what == "post" && point.phase == Phase::Applied).unwrap();
    let bench = case.bench();
    assert!(cut_once(&bench, lost), "the answer that shows the secret is lost");
    let (requests, live) = (bench.stage.world.request_count(), bench.live());

    bench.stage.terminal.set(false);
    let _refused = bench.stage.run("resume").exits(2);
    assert_eq!((bench.stage.world.request_count(), bench.live()), (requests, live), "nothing was sent");

    bench.stage.terminal.set(true);
    let _done = bench.stage.run("resume").exits(0);
    assert_eq!((bench.live().len(), bench.keeper.given().len()), (2, 1), "the orphan is gone, the new one was shown");
}

#[test]
fn a_store_that_outlives_its_caller_and_the_settle_time_never_puts_a_deleted_key_in_place_of_a_good_one() {
    let case = Case { wish: Wish::Rotate(Kind::Command), shown: KeyShown::Whole, known: true, lag: 0 };
    let points = trial(case, &[]);
    let begun = points.into_iter().find(|point| point.what == "store" && point.phase == Phase::After).unwrap();
    let bench = case.bench();
    let old = bench.keeper.stored("acme");
    // Longer than the settle time, and no longer than a store command may take.
    bench.keeper.goes_wrong("store", Wrong::Late(90));
    bench.keeper.outlives(Duration::from_mins(2));
    assert!(cut_once(&bench, begun), "it is cut while the store command is at work");
    assert_eq!((bench.keeper.stored("acme"), bench.keeper.fired()), (old.clone(), 1), "it has not stored yet");

    let _done = bench.stage.run("resume").exits(0);
    bench.stage.wait(Duration::from_mins(10));
    assert!(bench.stored_key_works(), "what was stored late opens nothing");
    assert_ne!(bench.keeper.stored("acme"), old);
    assert_eq!(bench.live().len(), 1, "no orphan, and the old key is gone");
}
