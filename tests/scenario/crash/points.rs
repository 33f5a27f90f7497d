//! The tables of trials.

use super::*;
use crate::support::flag;

/// Whether more than the sample is tried.
fn is_full() -> bool {
    flag("KEYHOLDER_TRIALS").is_some_and(|value| value == "full" || value == "everything")
}

/// Whether all pairs of cuts and all cuts beside all faults are tried: tens of thousands, for a night.
fn is_everything() -> bool {
    flag("KEYHOLDER_TRIALS").is_some_and(|value| value == "everything")
}

/// Whether one trial alone was asked for, and is not of this table.
fn only() -> Option<(Case, Vec<Point>)> {
    let asked = flag("KEYHOLDER_TRIAL")?;
    let (case, points) = asked.split_once(':').unwrap_or((&asked, ""));
    let points = points.split('+').filter(|text| !text.is_empty()).map(|text| text.parse().unwrap()).collect();
    Some((Case::parse(case).unwrap_or_else(|| panic!("`{case}` is no case")), points))
}

/// Chooses, of all points, one for each thing that can happen at each phase, where `turn` says which: first, middle or last.
fn sample(points: &[Point], turn: usize) -> Vec<Point> {
    let kinds: BTreeSet<(&str, Phase)> = points.iter().map(|point| (point.what.as_str(), point.phase)).collect();
    let chosen = kinds.into_iter().enumerate().map(|(place, kind)| {
        let like: Vec<&Point> = points.iter().filter(|point| (point.what.as_str(), point.phase) == kind).collect();
        let at = [0, like.len() / 2, like.len() - 1][(place + turn) % 3];
        like[at].clone()
    });
    chosen.collect()
}

/// Requires that commits of these records were passed, before and after.
#[track_caller]
fn require_passed(points: &[Point], records: &[&str]) {
    for record in records {
        for phase in [Phase::Before, Phase::After] {
            let passed = points.iter().any(|point| point.what == *record && point.phase == phase);
            assert!(passed, "no run passed `{record}` {phase:?}");
        }
    }
}

/// How many people the sample's largest case is about: where each has two steps, two make a first, a middle and a last one.
fn most_people(kind: usize) -> usize {
    if Kind::ALL[kind].1.is_about_belongings() { 2 } else { 3 }
}

fn case(kind: usize, lanes: usize, people: usize) -> Case {
    Case { kind, lanes, people, trouble: 0, repeat: 0 }
}

#[test]
fn one_trial_by_name() {
    if let Some((case, points)) = only() {
        drop(Known::of(case).trial(&points));
    }
}

#[test]
fn cut_anywhere_a_run_is_resumed_to_the_same_end() {
    if only().is_some() {
        return;
    }
    let mut trials = 0;
    for kind in 0..Kind::ALL.len() {
        let known = Known::of(case(kind, 3, if is_full() { 3 } else { most_people(kind) }));
        require_passed(&known.points, &["begin", "identity", "started", "answered", "settled", "ended"]);
        let points = if is_full() { known.points.clone() } else { sample(&known.points, kind) };
        for point in points {
            drop(known.trial(&[point]));
            trials += 1;
        }
    }
    println!("crash anywhere, fresh: {trials} trials, nothing lost, nothing twice");
}

#[test]
fn cut_anywhere_beside_another_fault_a_run_is_resumed_to_the_same_end() {
    if only().is_some() {
        return;
    }
    let mut trials = 0;
    for kind in 0..Kind::ALL.len() {
        let invites = Kind::ALL[kind].1.ops().contains(&Op::MemberCreate);
        for (trouble, word) in TROUBLES.iter().enumerate().skip(1) {
            // What a repeated invitation answers matters where one may be repeated; the sample takes them in turn.
            let repeats = if invites { REPEATS.len() } else { 1 };
            for repeat in 0..repeats {
                if !is_everything() && repeat != (kind + trouble) % repeats {
                    continue;
                }
                // The kinds about belongings share their way through doubts: the sample lets each take its part of the troubles.
                if !is_full() && Kind::ALL[kind].1.is_about_belongings() && (kind + trouble) % 3 != 0 {
                    continue;
                }
                let known = Known::of(Case { trouble, repeat, ..case(kind, 1, 2) });
                if word.starts_with("lost") {
                    require_passed(&known.points, &["looked"]);
                }
                let late = |point: &&Point| point.phase != Phase::Late;
                let points: Vec<Point> = known.points.iter().filter(late).cloned().collect();
                let points = if is_everything() {
                    points
                } else {
                    let chosen = sample(&points, trouble);
                    let looks = chosen.iter().filter(|point| point.what == "looked");
                    let others = chosen.iter().filter(|point| point.what != "looked");
                    looks.chain(others.skip((kind + trouble) % 3).step_by(6)).cloned().collect()
                };
                for point in points {
                    drop(known.trial(&[point]));
                    trials += 1;
                }
            }
        }
    }
    println!("crash anywhere, beside another fault: {trials} trials, nothing lost, nothing twice");
}

/// Cuts a run of three lanes with three steps each as its middle step was written down, and the resume at every point of it: first, middle
/// and last step of first, middle and last lane.
fn at_every_point_of_a_resume(kind: usize) -> usize {
    let known = Known::of(case(kind, 3, 3));
    let started: Vec<&Point> =
        known.points.iter().filter(|point| point.what == "started" && point.phase == Phase::After).collect();
    let first = started[started.len() / 2];
    let seconds = known.trial(std::slice::from_ref(first));
    for second in &seconds {
        drop(known.trial(&[first.clone(), second.clone()]));
    }
    seconds.len()
}

#[test]
fn cut_anywhere_a_resume_is_resumed_to_the_same_end() {
    if only().is_some() {
        return;
    }
    let mut trials = 0;
    let mut tried_about_belongings = BTreeSet::new();
    for kind in 0..Kind::ALL.len() {
        let about_belongings = Kind::ALL[kind].1.is_about_belongings();
        let known = Known::of(case(kind, 1, if about_belongings && !is_full() { 1 } else { 2 }));
        let firsts = if is_everything() { known.points.clone() } else { sample(&known.points, kind + 1) };
        let mut tried = if about_belongings { std::mem::take(&mut tried_about_belongings) } else { BTreeSet::new() };
        for first in firsts {
            let points = known.trial(std::slice::from_ref(&first));
            if first.what == "started" {
                require_passed(&points, &["resumed"]);
            }
            let seconds = if is_everything() { points } else { sample(&points, kind) };
            for second in seconds {
                // The sample tries each thing once for each kind, and again beside what was first cut in doubt.
                if is_everything() || tried.insert((second.what.clone(), second.phase)) {
                    drop(known.trial(&[first.clone(), second]));
                    trials += 1;
                }
            }
        }
        if about_belongings && !is_full() {
            tried_about_belongings = tried;
        }
        if is_full() {
            trials += at_every_point_of_a_resume(kind);
        }
    }
    println!("crash anywhere, fresh and again while resuming: {trials} trials, nothing lost, nothing twice");
}
