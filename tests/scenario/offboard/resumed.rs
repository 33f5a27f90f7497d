//! Offboardings that were stopped in the middle, and taken up again. The crash tables cut them everywhere.

use keyholder::api::transport::Method;
use keyholder::run::{Stop, Why};
use keyholder::sim::{Hand, Op};

use super::{KINDS, LANES, LEAD, OFFBOARD, SAM, apply, at, ends, require_all, require_left, sent, stage, status};

#[test]
fn stopped_in_the_middle_it_goes_on_where_it_stood() {
    for (method, nth) in [(Method::Patch, 2), (Method::Patch, 7), (Method::Delete, 1), (Method::Delete, 4)] {
        for now in [false, true] {
            let mut stage = stage();
            let plan = stage.run(&format!("{OFFBOARD} --plan-only")).exits(0).plan_id();
            let stop = stage.stop.clone();
            stage.at_nth(
                method,
                nth,
                move || {
                    if now { stop.now(Why::Interrupted) } else { stop.drain(Why::Terminated) }
                },
            );
            let stopped = stage.run(&format!("{OFFBOARD} --confirm {plan}"));
            assert!([22, 130, 143].contains(&stopped.exit), "{stopped}");
            stage.at_request(|_| {});
            stage.stop = Stop::default();
            let _on = stage.run("resume").exits(0);
            for lane in LANES {
                require_left(&stage, lane);
            }
            let requests = stage.world.request_count();
            let _nothing = stage.run("resume").exits(0);
            assert_eq!(stage.world.request_count(), requests);
        }
    }
}

#[test]
fn what_a_later_run_gave_to_another_heir_is_not_handed_over_by_an_earlier_one() {
    let stage = stage();
    // The lane ends before it sends anything: the plan asks twice who it is.
    stage.world.add_fault(at(Op::WorkspaceCurrent, status(403)).skip(2));
    let cut = apply(&stage).exits(20);
    assert_eq!(ends(&cut, "acme", "campaign.hand_over"), ["held lane_ended"; 3], "{cut}");
    let first = stage.ledger(async |ledger| ledger.run("last").await.unwrap().id.to_string());
    let to_lead = "offboard sam@agency.example --hand-over-to lead@agency.example -w acme";
    let plan = stage.run(&format!("{to_lead} --plan-only")).exits(0).plan_id();
    let _later = stage.run(&format!("{to_lead} --confirm {plan}")).exits(0);
    let back = Hand::Add { email: SAM.into(), role: "editor".into(), accepted: true };
    let campaign = Hand::GiveCampaign { campaign: "Spring 1".to_owned(), to: SAM.to_owned() };
    assert!(stage.world.hand("acme", &back) && stage.world.hand("acme", &campaign));
    let resumed = stage.run(&format!("resume {first}")).exits(31);
    assert_eq!(ends(&resumed, "acme", "campaign.hand_over"), ["held superseded"; 3], "{resumed}");
    assert_eq!(ends(&resumed, "acme", "key.revoke"), ["done"], "no later run had to do with the key");
    assert_eq!(sent(&stage, "acme", Op::CampaignPatch), 3);
    let lead = stage.world.user_id(LEAD);
    assert_eq!(stage.world.campaigns("acme").iter().filter(|campaign| campaign.owned_by == lead).count(), 4);
}

#[test]
fn a_limit_of_today_that_keeps_somebody_keeps_what_is_theirs() {
    let stage = stage();
    stage.world.add_fault(at(Op::WorkspaceCurrent, status(403)).skip(2));
    let _cut = apply(&stage).exits(20);
    stage.edit("keyholder.toml", "max_failures", "max_removals = { per_workspace = 0 }\nmax_failures");
    let resumed = stage.run("resume").exits(30);
    for (kind, op, _) in KINDS {
        require_all(&resumed, "acme", kind, "held limit_per_workspace");
        assert_eq!(sent(&stage, "acme", op), 0, "{kind}");
    }
    stage.edit("keyholder.toml", "max_removals = { per_workspace = 0 }", "");
    let on = stage.run("resume").exits(0).says("those of this resume alone");
    let _told = on.says("1 certificate: .keyholder/certificates/").says("elsewhere with --certificates are of before");
    require_left(&stage, "acme");
}
