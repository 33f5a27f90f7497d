//! Laws of the ledger as a whole: what it accepts is what an independent model accepts, and the fold agrees with the rows.

use proptest::prelude::*;

use super::state::Model;
use super::*;

/// A move that is sometimes next in line, so that sequences get far, and sometimes anything.
#[derive(Debug, Clone)]
enum Wish {
    Start { skip: bool },
    Answer { stale: bool, class: Class },
    Look(Effect),
    Settle(Outcome),
}

fn wishes() -> impl Strategy<Value = Wish> {
    prop_oneof![
        3 => prop::bool::weighted(0.1).prop_map(|skip| Wish::Start { skip }),
        3 => (prop::bool::weighted(0.1), prop::sample::select(Class::ALL)).prop_map(|(stale, class)| Wish::Answer { stale, class }),
        2 => prop::sample::select(Effect::ALL).prop_map(Wish::Look),
        1 => prop::sample::select(Outcome::ALL.to_vec()).prop_map(Wish::Settle),
    ]
}

fn spelled(wish: &Wish, step: &StepId, attempts: u32) -> (Record, Move) {
    match wish {
        Wish::Start { skip } => {
            let attempt = attempts + 1 + u32::from(*skip);
            (started(step, attempt), Move::Start { attempt })
        }
        Wish::Answer { stale, class } => {
            let attempt = attempts + u32::from(*stale);
            (answered(step, attempt, *class), Move::Answer { attempt, class: *class })
        }
        Wish::Look(effect) => (looked(step, *effect), Move::Look(*effect)),
        Wish::Settle(outcome) => (settled(step, *outcome), Move::Settle(*outcome)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn the_ledger_accepts_exactly_what_the_model_accepts(wishes in prop::collection::vec((0..3_usize, wishes()), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let world = World::new();
            let ledger = world.open().await;
            let run = run_id(1);
            let steps: Vec<Step> = (0..3).map(|n| invite(n, "ida@agency.example")).collect();
            let ids: Vec<StepId> = steps.iter().map(|step| step.id.clone()).collect();
            ledger.begin(header(&run, steps)).await.unwrap();
            let mut models = vec![(Model::planned(), 0); 3];
            let mut accepted = 0;
            for (which, wish) in &wishes {
                let (model, attempts) = &mut models[*which];
                let (record, step) = spelled(wish, &ids[*which], *attempts);
                let by_model = model.take(step);
                let by_ledger = ledger.append(&run, vec![record]).await;
                assert_eq!(by_ledger.is_ok(), by_model, "{wish:?}: {by_ledger:?}");
                if let Ok(permits) = by_ledger {
                    accepted += 1;
                    assert_eq!(permits[0].is_some(), matches!(step, Move::Start { .. }));
                    if let Move::Start { attempt } = step {
                        *attempts = attempt;
                    }
                }
            }
            let entries = ledger.entries(&run).await.unwrap();
            assert_eq!(entries.len(), 1 + 3 + accepted);
            let values: Vec<_> = entries.iter().map(|entry| (entry.seq, entry.value().unwrap())).collect();
            let folded = replay(values.iter().map(|(seq, value)| (*seq, value))).unwrap();
            for row in ledger.steps(&run).await.unwrap() {
                assert_eq!(folded.steps[&row.id].state, row.state);
            }
            ledger.verify_chain(&run).await.unwrap();

            // Cut anywhere, the fold still tells a possible story.
            for cut in 0..values.len() {
                replay(values[..cut].iter().map(|(seq, value)| (*seq, value))).unwrap();
            }
        });
    }

    #[test]
    fn a_fold_over_left_out_entries_never_panics(left_out in prop::collection::vec(any::<bool>(), 8)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let world = World::new();
            let ledger = world.open().await;
            let run = finished_run(&ledger, 1).await;
            let entries = ledger.entries(&run).await.unwrap();
            let kept: Vec<_> = entries.iter().zip(&left_out).filter(|(_, out)| !**out).map(|(entry, _)| (entry.seq, entry.value().unwrap())).collect();
            drop(replay(kept.iter().map(|(seq, value)| (*seq, value))));
        });
    }
}
