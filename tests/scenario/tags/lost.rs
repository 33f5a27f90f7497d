//! Answers that are lost, and answers that are not true.

use keyholder::sim::Op;

use super::*;

const WRITES: [(&str, Op); 4] = [
    ("tag.create", Op::TagCreate),
    ("tag.patch", Op::TagPatch),
    ("tag.delete", Op::TagDelete),
    ("tag.toggle", Op::TagToggle),
];

fn fault(kind: &str, operation: &str) -> String {
    format!("[[fault]]\n{kind}\nworkspace = \"acme\"\noperation = \"{operation}\"\n")
}

#[test]
fn a_lost_answer_of_any_write_leads_to_the_same_end_and_is_not_sent_again() {
    for (operation, call) in WRITES {
        for kind in [
            "kind = \"lose-answer\"",
            "kind = \"truncate\"",
            "kind = \"html\"",
            "kind = \"delay\"\nby = \"31s\"",
            "kind = \"status-after\"\nstatus = 500",
        ] {
            let bench = Bench::everything(&fault(kind, operation));
            let outcome = bench.apply().exits(0);
            assert_eq!(
                distinct(&outcome.rows(), "outcome"),
                ["done".to_owned()].into(),
                "{operation} {kind}: {outcome}"
            );
            assert_eq!(bench.world(), wanted(&bench.stage), "{operation} {kind}");
            let times = if call == Op::TagToggle { 3 } else { 1 };
            assert_eq!(bench.requests_to(call), times, "{operation} {kind}");
        }
    }
}

#[test]
fn a_lost_request_of_any_write_is_sent_once_more() {
    for (operation, call) in WRITES {
        for kind in ["kind = \"lose-request\"", "kind = \"status\"\nstatus = 503", "kind = \"hang\""] {
            let bench = Bench::everything(&fault(kind, operation));
            let outcome = bench.apply().exits(0);
            assert_eq!(
                distinct(&outcome.rows(), "outcome"),
                ["done".to_owned()].into(),
                "{operation} {kind}: {outcome}"
            );
            assert_eq!(bench.world(), wanted(&bench.stage), "{operation} {kind}");
            let times = if call == Op::TagToggle { 4 } else { 2 };
            assert_eq!(bench.requests_to(call), times, "{operation} {kind}");
        }
    }
}

#[test]
fn a_write_that_lands_late_is_seen_and_makes_no_second_tag() {
    for (operation, _) in WRITES {
        for after in ["10s", "50s"] {
            let bench = Bench::everything(&fault(&format!("kind = \"late\"\nafter = \"{after}\""), operation));
            let outcome = bench.apply().exits(0);
            assert_eq!(
                distinct(&outcome.rows(), "outcome"),
                ["done".to_owned()].into(),
                "{operation} {after}: {outcome}"
            );
            bench.stage.world.land_all();
            assert_eq!(bench.world(), wanted(&bench.stage), "{operation} {after}");
            // Whoever does not wait for it sends it again, and only the label's being taken keeps that from being a second tag.
            let calls = [Op::TagCreate, Op::TagPatch, Op::TagToggle, Op::TagDelete];
            assert_eq!(calls.map(|call| bench.requests_to(call)), [1, 1, 3, 1], "{operation} {after}");
        }
    }
}

#[test]
fn a_creation_that_is_never_seen_stays_unknown_and_resume_settles_it() {
    let faults = fault("kind = \"lose-request\"\ntimes = 2", "tag.create");
    let bench = Bench::everything(&faults);
    let outcome = bench.apply().exits(22);
    let told: Vec<_> = outcome.rows().iter().map(|row| format!("{} {}", row["kind"], row["outcome"])).collect();
    assert!(told.contains(&"tag.create unknown".to_owned()), "{outcome}");
    assert_eq!(bench.requests_to(Op::TagCreate), 2);
    let _done = bench.stage.run("resume").exits(0);
    assert_eq!(bench.world(), wanted(&bench.stage));
}

#[test]
fn a_200_that_changed_nothing_is_unverified() {
    for (operation, kind) in [("tag.patch", "tag.rename"), ("tag.delete", "tag.delete"), ("tag.toggle", "tag.assign")] {
        let bench = Bench::everything(&fault("kind = \"ignore\"", operation));
        let outcome = bench.apply().exits(22);
        let unverified: BTreeSet<String> =
            outcome.rows().iter().filter(|row| row["outcome"] == "unverified").map(|row| row["kind"].clone()).collect();
        assert_eq!(unverified, [kind.to_owned()].into(), "{outcome}");
        let _still = bench.stage.run("resume").exits(22);
    }
}

#[test]
fn an_answer_without_success_is_read_back() {
    for (applied, times) in [("true", 3), ("false", 4)] {
        let bench = Bench::everything(&fault(&format!("kind = \"no-success\"\napplied = {applied}"), "tag.toggle"));
        let outcome = bench.apply().exits(0);
        assert_eq!(distinct(&outcome.rows(), "outcome"), ["done".to_owned()].into(), "{applied}: {outcome}");
        assert_eq!((bench.world(), bench.requests_to(Op::TagToggle)), (wanted(&bench.stage), times), "{applied}");
    }
}
