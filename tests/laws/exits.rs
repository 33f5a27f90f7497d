//! The exit code of a run, against the table of the design written down a second time.

use keyholder::domain::{HeldReason, Outcome};
use keyholder::report::summary::{StepTally, Stopped};
use keyholder::report::{Coverage, Summary, Unreadable};
use proptest::prelude::*;
use proptest::sample::select;

const REASONS: [HeldReason; 18] = [
    HeldReason::Owner,
    HeldReason::Protected,
    HeldReason::LastAdmin,
    HeldReason::Mode,
    HeldReason::IncompleteListing,
    HeldReason::AmbiguousPerson,
    HeldReason::PermissionsDiffer,
    HeldReason::RoleNotGrantable,
    HeldReason::LimitPerWorkspace,
    HeldReason::LimitPerRun,
    HeldReason::Stale,
    HeldReason::After,
    HeldReason::LaneEnded,
    HeldReason::FailureBudget,
    HeldReason::Deadline,
    HeldReason::Stopped,
    HeldReason::Identity,
    HeldReason::Ledger,
];

fn step() -> impl Strategy<Value = StepTally> {
    prop_oneof![
        select(&Outcome::ALL[..])
            .prop_filter("held has a reason", |outcome| *outcome != Outcome::Held)
            .prop_map(|outcome| StepTally { outcome, held: None }),
        select(&REASONS[..]).prop_map(|reason| StepTally { outcome: Outcome::Held, held: Some(reason) }),
    ]
}

fn summary() -> impl Strategy<Value = Summary> {
    let stopped = prop_oneof![
        4 => Just(None),
        1 => select(&[Stopped::Interrupted, Stopped::Terminated, Stopped::Ledger][..]).prop_map(Some),
    ];
    let unreadable = proptest::collection::vec(any::<bool>(), 0..3);
    (
        proptest::collection::vec(step(), 0..5),
        0..3_usize,
        0..3_usize,
        proptest::bool::weighted(0.1),
        stopped,
        unreadable,
    )
        .prop_map(|(steps, good, failed, bug, stopped, unreadable)| {
            let lane = |may_pass: &bool| Unreadable {
                workspace: "a".to_owned(),
                kind: "x".into(),
                reason: String::new(),
                advice: Vec::new(),
                may_pass: *may_pass,
            };
            let unreadable: Vec<Unreadable> = unreadable.iter().map(lane).collect();
            // A step that did not end well fails its lane.
            let bad =
                |step: &StepTally| matches!(step.outcome, Outcome::Failed | Outcome::Unknown | Outcome::Unverified);
            let failed = if steps.iter().any(bad) { failed.max(1) } else { failed };
            let lanes_failed = failed + unreadable.len();
            let lanes = good + lanes_failed;
            let coverage =
                Coverage { asked: lanes, complete: lanes - unreadable.len(), unreadable, ..Coverage::default() };
            // A run that reads nothing has no steps.
            let steps = if coverage.complete == 0 { Vec::new() } else { steps };
            Summary { steps, lanes, lanes_failed, bug, stopped, coverage, ..Summary::default() }
        })
}

/// Every code that holds, by the words of the design: "1, 74, 22, 130/143, 21, 20, 31, 30, 33, 10, 0, in this order".
fn by_the_table(summary: &Summary) -> u8 {
    let outcome = |wanted: &[&str]| summary.steps.iter().any(|step| wanted.contains(&step.outcome.as_str()));
    let held = |wanted: &[&str]| {
        summary.steps.iter().any(|step| step.held.is_some_and(|reason| wanted.contains(&reason.as_str())))
    };
    let guard = [
        "owner",
        "protected",
        "last_admin",
        "mode",
        "ambiguous_person",
        "permissions_differ",
        "role_not_grantable",
        "limit_per_workspace",
        "limit_per_run",
        "after",
    ];
    let all_failed = summary.lanes > 0 && summary.lanes_failed == summary.lanes;
    let unreadable = &summary.coverage.unreadable;
    let nothing_but_later =
        all_failed && unreadable.len() == summary.lanes && unreadable.iter().all(|lane| lane.may_pass);
    let sent = outcome(&["done", "waiting", "unverified", "unknown"]);
    let parked = held(&["deadline"])
        && summary.steps.iter().all(|step| {
            step.outcome == Outcome::Already || step.held.is_some_and(|reason| reason == HeldReason::Deadline)
        });
    let order = [
        (1, summary.bug),
        (74, summary.stopped == Some(Stopped::Ledger)),
        (22, outcome(&["unknown", "unverified"])),
        (130, summary.stopped == Some(Stopped::Interrupted)),
        (143, summary.stopped == Some(Stopped::Terminated)),
        (21, all_failed && !nothing_but_later),
        // "A lane parked at the deadline: 20 if anything was sent, else 75. Failure-budget holds: 20."
        (20, summary.lanes_failed > 0 && !all_failed),
        (
            20,
            held(&["lane_ended", "failure_budget", "incomplete_listing"]) || (held(&["deadline"]) && (sent || !parked)),
        ),
        // What was stopped in a run that was not: whatever the reason, it was not sent.
        (20, summary.stopped.is_none() && held(&["stopped", "identity", "ledger"])),
        (31, held(&["stale"])),
        (30, held(&guard)),
        (75, nothing_but_later || parked),
    ];
    order.into_iter().find(|(_, holds)| *holds).map_or(0, |(code, _)| code)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn of_all_codes_that_hold_the_first_of_the_table_wins(summary in summary()) {
        prop_assert_eq!(summary.exit().code(), by_the_table(&summary), "{:#?}", summary);
    }

    #[test]
    fn nothing_that_went_wrong_ends_in_zero(summary in summary()) {
        let well = summary.steps.iter().all(|step| step.outcome.is_settled_well())
            && summary.lanes_failed == 0 && !summary.bug && summary.stopped.is_none();
        let stopped_holds = summary.steps.iter().any(|step| {
            step.held.is_some_and(|reason| ["stopped", "identity", "ledger"].contains(&reason.as_str()))
        });
        // A hold because of a stop without a stop cannot happen; the summary of a run always has both.
        if !(stopped_holds && summary.stopped.is_none()) {
            prop_assert_eq!(summary.exit().code() == 0, well, "{:#?}", summary);
        }
    }
}
