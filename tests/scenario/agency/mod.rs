//! The whole agency beside an independent model of it (people, memberships, ownerships, keys): after an offboarding nothing is another's
//! that was not the leavers', nothing is lost, and no certificate says more than is so.
//!
//! The model reads the simulated world itself, never what keyholder said of it, and judges by a few rules in plain words. A seed fixes the
//! agency, the leavers, the flags, the faults and the places where the process dies.

mod draw;
mod model;

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use serde_json::Value;

use crate::support::scalpel::{Scalpel, Target};
use crate::support::{Stage, flag};
use draw::Case;
use model::Agency;

/// What a seed came to.
#[derive(Debug, Default)]
struct Told {
    cuts: usize,
    handed_over: usize,
    revoked: usize,
    removed: usize,
    complete: usize,
    incomplete: usize,
    left: usize,
    wrong: Vec<String>,
}

/// How often a run is taken up again before it counts as one that cannot come to its end.
const PATIENCE: usize = 8;

/// Plays a seed.
fn play(seed: u64) -> Told {
    let mut chance = Rng::with_seed(seed);
    let (stage, case) = draw::agency(&mut chance);
    let mut told = Told::default();
    let before = Agency::of(&stage);
    let line = case.line();
    let drawn = stage.run(&format!("{line} --plan-only"));
    let Some(plan) = drawn.stderr.lines().find_map(|line| line.strip_prefix("plan ")?.split(':').next()) else {
        told.wrong.push(format!("no plan: {drawn}"));
        return told;
    };
    if !case.calm {
        draw::faults(&mut chance, &stage);
    }
    let mut exit = live(&stage, &mut chance, &mut told, &format!("{line} --confirm {plan}"), !case.calm);
    let runs = stage.ledger(async |ledger| ledger.runs(9).await.unwrap());
    let Some(run) = runs.first().map(|run| run.id.to_string()) else {
        // Cut before it began, or refused: then nothing may have changed.
        stage.world.land_all();
        told.wrong.extend(before.differences(&Agency::of(&stage)));
        return told;
    };
    for life in 0..PATIENCE {
        let open = stage.ledger(async |ledger| ledger.unfinished().await.unwrap());
        if open.is_empty() {
            break;
        }
        exit = live(&stage, &mut chance, &mut told, &format!("resume {run}"), !case.calm && life < 2);
    }
    stage.world.land_all();
    judge(&stage, &case, &before, &run, exit, &mut told);
    told
}

/// Runs a line, perhaps cut somewhere.
fn live(stage: &Stage, chance: &mut Rng, told: &mut Told, line: &str, may_be_cut: bool) -> Option<u8> {
    let cut = may_be_cut && chance.u8(0..100) < 50;
    let target = if cut { Target::Number(chance.usize(1..90)) } else { Target::Nowhere };
    let scalpel = Arc::new(Scalpel::new(stage, std::collections::HashMap::new(), target));
    stage.operate(Some(&scalpel));
    let outcome = stage.run_or_cut(&line.split_whitespace().collect::<Vec<_>>());
    stage.operate(None);
    stage.wait(Duration::from_secs(61));
    let Some(outcome) = outcome else {
        told.cuts += 1;
        return None;
    };
    if [1, 2, 74].contains(&outcome.exit) {
        told.wrong.push(format!("`{line}`\n{outcome}"));
    }
    Some(outcome.exit)
}

fn judge(stage: &Stage, case: &Case, before: &Agency, run: &str, exit: Option<u8>, told: &mut Told) {
    let line = case.line();
    let after = Agency::of(stage);
    let changed = before.changes(&after, case);
    told.handed_over += changed.handed_over;
    told.revoked += changed.revoked;
    told.removed += changed.removed;
    told.wrong.extend(changed.wrong);
    for leaver in &case.leavers {
        let made = stage.run(&format!("evidence {run} --person {leaver} --out paper-{leaver}"));
        let text =
            std::fs::read_to_string(stage.root.join(format!("paper-{leaver}/{leaver}.json"))).unwrap_or_default();
        let Ok(paper) = serde_json::from_str::<Value>(&text) else {
            told.wrong.push(format!("no certificate of {leaver}: {made}"));
            continue;
        };
        match paper["verdict"].as_str() {
            Some("no_access_left") => told.complete += 1,
            Some("access_left") => told.left += 1,
            _ => told.incomplete += 1,
        }
        let complete = paper["complete"] == true;
        if (made.exit == 33) == complete {
            told.wrong.push(format!("exit {} of a certificate that is complete: {complete}", made.exit));
        }
        if exit == Some(0) && !complete {
            told.wrong.push("exit 0 of a run whose certificate is incomplete".to_owned());
        }
        if flag("KEYHOLDER_SEED").is_some() {
            print_counts(&format!("{line}\n{text}\n{made}"));
        }
        told.wrong.extend(
            after.contradicts(before, &paper, leaver, case).into_iter().map(|what| format!("{leaver}: {what}")),
        );
    }
    if case.calm {
        told.wrong.extend(before.not_done(&after, case));
    }
}

/// Plays seeds and fails with all that find something wrong, five at most.
fn play_all(seeds: impl Iterator<Item = u64>) {
    let mut sum = Told::default();
    let mut count = 0;
    let mut found = Vec::new();
    for seed in seeds {
        let told = play(seed);
        count += 1;
        sum.cuts += told.cuts;
        sum.handed_over += told.handed_over;
        sum.revoked += told.revoked;
        sum.removed += told.removed;
        sum.complete += told.complete;
        sum.incomplete += told.incomplete;
        sum.left += told.left;
        if !told.wrong.is_empty() {
            found.push(format!(
                "seed {seed} (again: KEYHOLDER_SEED={seed} cargo test --test scenario whole_agency):\n  {}",
                told.wrong.join("\n  ")
            ));
        }
        if found.len() == 5 {
            break;
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    if count >= 20 {
        assert!(sum.cuts > 0 && sum.handed_over > 0 && sum.revoked > 0 && sum.removed > 0, "{sum:?}");
        assert!(sum.complete > 0 && sum.incomplete > 0 && sum.left > 0, "every verdict must come: {sum:?}");
    }
    print_counts(&format!(
        "whole agency: {count} agencies, {} things handed over, {} keys revoked, {} rows removed, {} crashes; certificates: {} of no access \
         left, {} of access left, {} incomplete; nothing wrong",
        sum.handed_over, sum.revoked, sum.removed, sum.cuts, sum.complete, sum.left, sum.incomplete
    ));
}

#[expect(clippy::print_stdout, reason = "the counts are published")]
fn print_counts(text: &str) {
    println!("{text}");
}

#[test]
fn whole_agency_against_its_model() {
    if let Some(seed) = flag("KEYHOLDER_SEED") {
        return play_all(std::iter::once(seed.parse().unwrap()));
    }
    let most = if flag("KEYHOLDER_TRIALS").is_some_and(|value| value == "full") { 1_000 } else { 60 };
    play_all(0..most);
}
