//! How many requests an offboarding took beside the least it could have taken, as its own summary says.

use std::fmt::Write as _;

use keyholder::sim::put::Campaigns;
use keyholder::sim::{Fault, FaultKind, Op};

use super::{OFFBOARD, at, stage, status};
use crate::support::{Outcome, Stage};

/// Runs it with its events written down, and returns the requests it took and the least.
fn counted(stage: &Stage, line: &str, plan: &str) -> (u64, u64) {
    let before = stage.world.request_count();
    let _outcome = stage.run(&format!("{line} --confirm {plan} --events run.ndjson --quiet")).exits(0);
    let events = std::fs::read_to_string(stage.root.join("run.ndjson")).unwrap();
    let summary: serde_json::Value = serde_json::from_str(events.lines().last().unwrap()).unwrap();
    let number = |name: &str| summary[name].as_u64().unwrap_or_else(|| panic!("no {name} in {summary}"));
    assert_eq!(number("requests"), (stage.world.request_count() - before) as u64, "every request is counted");
    (number("requests"), number("requests_least"))
}

fn plan(stage: &Stage, line: &str) -> String {
    let planned: Outcome = stage.run(&format!("{line} --plan-only"));
    planned.exits(0).plan_id()
}

#[test]
fn what_had_to_be_read_again_was_not_needed() {
    let taken = |faults: Vec<Fault>| {
        let stage = stage();
        let plan = plan(&stage, OFFBOARD);
        for fault in faults {
            stage.world.add_fault(fault);
        }
        counted(&stage, OFFBOARD, &plan)
    };
    let (requests, least) = taken(Vec::new());
    let faults = vec![
        at(Op::CampaignList, status(500)),
        at(Op::MemberList, status(500)),
        at(Op::KeyList, FaultKind::throttled(Some(2))),
    ];
    assert_eq!(taken(faults), (requests + 3, least));
}

/// Offboards three out of twenty workspaces of two hundred campaigns, of which each of them owns so many, and returns how many times as
/// many requests it took as the least.
fn ratio(shares: [u32; 3]) -> f64 {
    const LEAVERS: [&str; 3] = ["bob@agency.example", "cleo@agency.example", "dan@agency.example"];
    let mut script = String::new();
    for number in 0..20 {
        let _infallible = write!(
            script,
            "[[workspace]]\nname = \"client-{number:02}\"\nowner = \"founder@agency.example\"\n\
             admin = [\"ops@agency.example\", \"lead@agency.example\"]\neditor = [\"eve@agency.example\", \"{}\"]\n",
            LEAVERS.join("\", \"")
        );
    }
    let stage = Stage::script(&script);
    stage.add("keyholder.toml", "[guards]\nmax_removals = { per_workspace = 9, per_run = 99, per_day = 99 }");
    for lane in stage.world.names() {
        for (leaver, count) in LEAVERS.into_iter().zip(shares) {
            stage.world.put(&lane, Campaigns::of(leaver, count));
        }
        let rest = 200 - shares.iter().sum::<u32>();
        if rest > 0 {
            stage.world.put(&lane, Campaigns::of("ops@agency.example", rest));
        }
    }
    let line = format!("offboard {} --hand-over-to eve@agency.example --all", LEAVERS.join(" "));
    let plan = plan(&stage, &line);
    let (requests, least) = counted(&stage, &line, &plan);
    let written = 20 * (u64::from(shares.iter().sum::<u32>()) + 3);
    assert!(least > written && requests > least, "{requests} requests, {least} the least, {written} of them writes");
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    let ratio = requests as f64 / least as f64;
    ratio
}

#[test]
fn three_leavers_take_at_most_fifteen_hundredths_more_requests_than_the_least() {
    for shares in [[20, 20, 20], [67, 67, 66]] {
        let ratio = ratio(shares);
        assert!(ratio <= 1.15, "{shares:?}: {ratio}");
    }
}
