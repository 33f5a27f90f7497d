//! A plan of every kind of step, cut at every point of the protocol, resumed, and cut again there.
//!
//! `KEYHOLDER_TRIALS=full` cuts each resume at every point too, not at a sample.

use std::sync::Arc;
use std::time::Duration;

use keyholder::sim::Op;

use super::*;
use crate::support::flag;
use crate::support::scalpel::{Phase, Point, Scalpel, Target};

/// Cuts at these points, one life after the other, then goes on to the end. Returns the points of the last life.
fn trial(lag: u64, cuts: &[Point]) -> Vec<Point> {
    let bench = Bench::everything("");
    bench.stage.world.configure(|settings| settings.lag = Duration::from_secs(lag));
    let name = format!("lag {lag}: {}", cuts.iter().map(ToString::to_string).collect::<Vec<_>>().join(" + "));
    let command = bench.command();
    let operate = |target: Target| {
        let scalpel = Arc::new(Scalpel::new(&bench.stage, bench.lanes(), target).late(Duration::from_secs(20)));
        bench.stage.operate(Some(&scalpel));
        scalpel
    };
    let mut begun = false;
    for (life, cut) in cuts.iter().enumerate() {
        let _scalpel = operate(Target::At(cut.clone()));
        let line = if begun { "resume" } else { &command };
        assert!(bench.stage.run_until_cut(line), "{name}: `{line}` came to its end before {cut}");
        bench.stage.operate(None);
        begun = !bench.stage.ledger(async |ledger| ledger.runs(1).await.unwrap()).is_empty();
        bench.stage.wait(Duration::from_secs([0, 45][life % 2]));
    }
    let scalpel = operate(Target::Nowhere);
    let outcome = bench.stage.run(if begun { "resume" } else { &command }).exits(0);
    bench.stage.operate(None);
    bench.stage.world.land_all();
    assert_eq!(bench.world(), wanted(&bench.stage), "{name}\n{outcome}");
    // What is not harmless to do twice took effect once.
    for call in [Op::TagCreate, Op::TagPatch, Op::TagDelete] {
        let effects = bench.stage.world.effects("acme");
        let times = effects.iter().filter(|effect| effect.operation == call).count();
        assert_eq!(times, 1, "{name}: {call:?}");
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

#[test]
fn a_run_cut_anywhere_is_resumed_to_the_same_tags() {
    let mut trials = 0;
    for lag in [0, 3] {
        let points = trial(lag, &[]);
        for what in ["started", "answered", "post", "patch", "delete", "tags", "mappings", "settled"] {
            assert!(
                points.iter().any(|point| point.what == what),
                "no run passes `{what}`, so nothing is proven of it"
            );
        }
        for point in points {
            let _points = trial(lag, &[point]);
            trials += 1;
        }
    }
    println!("tags cut anywhere: {trials} trials");
}

#[test]
fn a_resume_cut_anywhere_is_resumed_to_the_same_tags() {
    let (mut pairs, mut trials) = (0, 0);
    for first in trial(0, &[]) {
        let over = first.what == "ended" && first.phase == Phase::After;
        if over {
            continue;
        }
        let seconds = trial(0, std::slice::from_ref(&first));
        for second in seconds {
            pairs += 1;
            if is_full() || pairs % 40 == 0 {
                let _points = trial(0, &[first.clone(), second]);
                trials += 1;
            }
        }
    }
    println!("tags cut and cut again: {trials} of {pairs} pairs");
}
