//! The part that a refusal proposes passes when it is planned alone, and nothing larger does: found out by planning, not by counting.

use std::collections::BTreeSet;

use keyholder::domain::{Disposition, HeldReason};
use keyholder::plan::refusal::Part;
use keyholder::plan::{Observed, Plan, Wish, draw};
use proptest::prelude::*;

use crate::generate::{fleet, rules};

/// Tells whether a limit holds anything, but for the limits of single workspaces where those are not asked about.
fn is_refused(plan: &Plan, reasons: &[HeldReason]) -> bool {
    let refused =
        |disposition: &Disposition| matches!(disposition, Disposition::Held(held) if reasons.contains(&held.reason));
    plan.items.iter().any(|item| refused(&item.disposition))
}

fn of_these(seen: &[(Observed, Vec<Wish>)], names: &BTreeSet<&str>) -> Vec<(Observed, Vec<Wish>)> {
    seen.iter().filter(|(observed, _)| names.contains(observed.workspace.as_str())).cloned().collect()
}

const OF_THE_RUN: [HeldReason; 2] = [HeldReason::LimitPerRun, HeldReason::LimitPerDay];

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_proposed_part_planned_alone_passes_and_no_larger_one_does(seen in fleet(), rules in rules()) {
        let plan = draw(&seen, &rules);
        for refusal in plan.refusals(&rules) {
            match &refusal.part {
                Part::Keys { .. } => prop_assert!(false, "nobody wished anything about keys alone"),
                Part::Workspaces { names, removals } => {
                    let names: BTreeSet<&str> = names.iter().copied().collect();
                    let alone = draw(&of_these(&seen, &names), &rules);
                    prop_assert!(!is_refused(&alone, &OF_THE_RUN), "{refusal:#?}\n{alone:#?}");
                    prop_assert_eq!(alone.removals(), *removals);
                    let offending: BTreeSet<&str> = refusal.steps.iter().map(|step| step.workspace.as_str()).collect();
                    for more in offending.difference(&names) {
                        let larger = names.iter().chain([more]).copied().collect();
                        let larger = draw(&of_these(&seen, &larger), &rules);
                        prop_assert!(is_refused(&larger, &OF_THE_RUN), "{more} would fit too: {refusal:#?}");
                    }
                    // Three workspaces at most: every other choice can be tried.
                    let offending: Vec<&str> = offending.into_iter().collect();
                    for choice in 0..1_usize << offending.len() {
                        let chosen = offending.iter().enumerate().filter(|(place, _)| choice >> place & 1 == 1);
                        let other = draw(&of_these(&seen, &chosen.map(|(_, name)| *name).collect()), &rules);
                        prop_assert!(other.removals() <= *removals, "{refusal:#?}\n{other:#?}");
                    }
                }
                Part::People { emails, .. } => {
                    let here = refusal.workspace.unwrap();
                    let mut alone = of_these(&seen, &[here].into());
                    alone[0].1.retain(|wish| emails.contains(&wish.subject()));
                    let alone = draw(&alone, &rules);
                    let limits = [&OF_THE_RUN[..], &[HeldReason::LimitPerWorkspace]].concat();
                    prop_assert!(!is_refused(&alone, &limits), "{refusal:#?}\n{alone:#?}");
                }
            }
        }
    }
}
