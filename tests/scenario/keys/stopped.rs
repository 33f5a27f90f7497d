//! A rotation that is stopped, and one whose ledger cannot be written any more.

use keyholder::run::{Stop, Why};

use super::*;
use crate::support::scalpel::{Scalpel, Target};

#[test]
fn a_rotation_that_is_stopped_anywhere_ends_with_a_working_stored_key_and_is_resumed() {
    for now in [false, true] {
        let mut number = 0;
        loop {
            number += 1;
            let mut bench = Bench::rotating(SHOWN[number % 3], Kind::File, true);
            bench.stage.searched_once.set(true);
            let old = bench.keeper.stored("acme");
            let steps = bench.plan.items.iter().map(|item| (item.step.id.to_string(), "acme".to_owned())).collect();
            let halt = bench.stage.stop.clone();
            let stop = move || if now { halt.now(Why::Interrupted) } else { halt.drain(Why::Interrupted) };
            let scalpel = Arc::new(Scalpel::new(&bench.stage, steps, Target::Nowhere).stops(number, stop));
            bench.stage.operate(Some(&scalpel));
            bench.keeper.operate(Some(&scalpel));
            let outcome = bench.apply();
            let was_over = scalpel.points().len() < number;
            bench.stage.operate(None);
            bench.keeper.operate(None);
            if was_over {
                break;
            }
            assert!(bench.stored_key_works(), "stopped at {}: {outcome}", scalpel.points()[number - 1]);
            bench.stage.stop = Stop::default();
            let begun = !bench.stage.ledger(async |ledger| ledger.runs(1).await.unwrap()).is_empty();
            let again = if begun { bench.stage.run("resume") } else { bench.apply() };
            let at = scalpel.points()[number - 1].clone();
            assert_eq!(again.exit, 0, "stopped at {at}\n{outcome}\n{again}");
            let stored = bench.keeper.stored("acme");
            assert_ne!(stored, old, "stopped at {at}");
            assert_eq!(bench.live(), [fingerprint(&stored)], "stopped at {at}");
        }
        assert!(number > 30, "the stops came to {number} points only");
    }
}

#[test]
fn a_key_that_cannot_be_written_down_is_not_stored_and_its_orphan_is_found_later() {
    let mut bench = Bench::rotating(KeyShown::Masked, Kind::File, true);
    let old = bench.keeper.stored("acme");
    let state = bench.stage.root.join(".keyholder");
    let (from, to) = (state.join("ledger.db"), state.join("ledger.aside"));
    let hidden = (from.clone(), to.clone());
    bench.stage.at_nth(keyholder::api::transport::Method::Post, 1, move || {
        std::fs::rename(&hidden.0, &hidden.1).unwrap();
    });
    let outcome = bench.apply().exits(74);
    assert!(outcome.stdout.contains("unknown"), "{outcome}");
    assert_eq!((bench.keeper.stored("acme"), bench.live().len()), (old.clone(), 2));
    std::fs::rename(&to, &from).unwrap();
    bench.stage.at_request(|_| {});
    bench.stage.stop = Stop::default();
    let _resumed = bench.stage.run("resume").exits(0);
    let stored = bench.keeper.stored("acme");
    assert_ne!(stored, old);
    assert_eq!(bench.live(), [fingerprint(&stored)]);
}
