//! Many trials at once, and what they came to.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::draw::{Manner, REQUIRED};
use super::judge::{Class, Problem};
use super::story::{Report, tell};
use crate::knobs;

/// Trials at once where all are made. They wait far more than they work: for time limits, settle times and late effects.
const AT_ONCE: usize = 32;
/// Trials at once beside all other tests, with a binary that nobody optimized.
const A_FEW: usize = 12;

/// Failed trials that are told whole.
const TOLD: usize = 3;

/// What all trials came to.
#[derive(Debug)]
pub(crate) struct Proof {
    name: &'static str,
    pub(crate) trials: usize,
    pub(crate) hits: usize,
    pub(crate) resumes: usize,
    pub(crate) writes: usize,
    pub(crate) fired: BTreeMap<&'static str, usize>,
    failed: Vec<Report>,
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, trials, hits, resumes, writes, fired, failed } = self;
        let fired: Vec<String> = fired.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        write!(
            f,
            "{name}: {trials} trials, {hits} strikes that hit, {resumes} resumes, {writes} writes; faults fired: {};",
            fired.join(", ")
        )?;
        for (class, word) in Class::ALL {
            let count =
                failed.iter().flat_map(|report| &report.problems).filter(|problem| problem.class == class).count();
            write!(f, " {count} {word}")?;
        }
        Ok(())
    }
}

/// Makes the trials of some seeds.
pub(crate) fn prove(name: &'static str, manner: Manner, seeds: &[u64]) -> Proof {
    let next = AtomicUsize::new(0);
    let reports = Mutex::new(Vec::new());
    let at_once = if knobs::is_full() { AT_ONCE } else { A_FEW };
    thread::scope(|scope| {
        for _ in 0..at_once.min(seeds.len()) {
            scope.spawn(|| {
                while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let report = catch_unwind(AssertUnwindSafe(|| tell(*seed, manner)))
                        .unwrap_or_else(|panic| fell(*seed, &*panic));
                    reports.lock().unwrap().push(report);
                }
            });
        }
    });
    let reports = reports.into_inner().unwrap();
    let mut fired = BTreeMap::new();
    for (kind, count) in reports.iter().flat_map(|report| &report.fired) {
        *fired.entry(*kind).or_default() += count;
    }
    let sum = |number: fn(&Report) -> usize| reports.iter().map(number).sum();
    let (hits, resumes, writes) =
        (sum(|report| report.hits), sum(|report| report.resumes), sum(|report| report.writes));
    let mut failed: Vec<Report> = reports.into_iter().filter(|report| !report.problems.is_empty()).collect();
    failed.sort_by_key(|report| report.seed);
    Proof { name, trials: seeds.len(), hits, resumes, writes, fired, failed }
}

/// A trial that could not be told to its end.
fn fell(seed: u64, panic: &(dyn std::any::Any + Send)) -> Report {
    let text =
        panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    let what = text.unwrap_or_else(|| "the trial panicked".to_owned());
    Report { seed, problems: vec![Problem { class: Class::Misreported, what }], ..Report::default() }
}

impl Proof {
    /// Fails unless nothing is wrong; where all trials were made, every required fault must have fired and most strikes have hit.
    #[track_caller]
    pub(crate) fn holds(&self) {
        let mut text = String::new();
        for Report { seed, problems, story, .. } in self.failed.iter().take(TOLD) {
            let problems: Vec<String> =
                problems.iter().map(|problem| format!("{:?}: {}", problem.class, problem.what)).collect();
            writeln!(text, "\n=== trial {seed}\n{}\n{story}", problems.join("\n")).unwrap();
        }
        for Report { seed, .. } in &self.failed {
            writeln!(text, "KEYHOLDER_SEED={seed} cargo test --test cli {} -- --nocapture", self.name).unwrap();
        }
        assert!(self.failed.is_empty(), "{} of {} trials failed\n{text}\n{self}", self.failed.len(), self.trials);
        if self.trials >= REQUIRED.len() * 2 {
            for kind in REQUIRED {
                assert!(self.fired.get(kind).is_some_and(|count| *count > 0), "no `{kind}` fired: {self}");
            }
            assert!(self.hits * 2 > self.trials, "too few strikes hit a living process: {self}");
            assert!(self.writes > self.trials, "too little was written: {self}");
        }
    }
}
