//! Calls and listings that are refused: the lane goes on, for access goes first.

use keyholder::sim::{Fault, FaultKind, Op};

use crate::support::Stage;

use super::{KINDS, OFFBOARD, apply, ends, require_all, sent, stage, status};

#[test]
fn a_call_the_key_may_not_make_is_tried_once_and_the_membership_is_removed() {
    for refusal in [402, 403] {
        for (kind, op, count) in KINDS {
            let stage = stage();
            stage.world.add_fault(Fault::always(status(refusal)).on("acme").at(op));
            let outcome = apply(&stage).exits(20);
            let mut expected = vec!["failed"];
            expected.resize(count, "held lane_ended");
            assert_eq!(ends(&outcome, "acme", kind), expected, "{refusal} {kind}\n{outcome}");
            assert_eq!(sent(&stage, "acme", op), 1, "{refusal} {kind}");
            require_all(&outcome, "acme", "member.remove", "done");
        }
    }
}

#[test]
fn a_dead_key_ends_the_lane_all_the_same() {
    let stage = stage();
    stage.world.add_fault(Fault::always(status(401)).on("acme").at(Op::CampaignPatch));
    let outcome = apply(&stage).exits(20);
    assert_eq!(ends(&outcome, "acme", "campaign.hand_over"), ["failed", "held lane_ended", "held lane_ended"]);
    require_all(&outcome, "acme", "member.remove", "held lane_ended");
}

#[test]
fn a_write_that_is_not_accepted_fails_alone() {
    for (kind, op, count) in KINDS {
        let stage = stage();
        stage.world.add_fault(Fault::once(status(400)).on("acme").at(op));
        let outcome = apply(&stage).exits(20);
        let mut expected = vec!["failed"];
        expected.resize(count, "done");
        assert_eq!(ends(&outcome, "acme", kind), expected, "{kind}\n{outcome}");
        require_all(&outcome, "acme", "member.remove", "done");
    }
}

#[test]
fn what_rests_on_a_listing_that_cannot_be_read_is_held_and_the_rest_is_done() {
    let listings = [Op::CampaignList, Op::LeadListList, Op::LeadsList, Op::KeyList];
    for ((kind, op, _), listing) in KINDS.into_iter().zip(listings) {
        let stage = stage();
        let plan = stage.run(&format!("{OFFBOARD} -o plan.json")).exits(0).plan_id();
        stage.world.add_fault(Fault::always(status(403)).on("acme").at(listing));
        let outcome = stage.run(&format!("apply plan.json --confirm {plan}")).exits(20);
        require_all(&outcome, "acme", kind, "held incomplete_listing");
        assert_eq!(sent(&stage, "acme", op), 0, "{kind}");
        for (other, ..) in KINDS.iter().filter(|(other, ..)| *other != kind) {
            require_all(&outcome, "acme", other, "done");
        }
        require_all(&outcome, "acme", "member.remove", "done");
        require_all(&outcome, "birch", kind, "done");
    }
}

#[test]
fn what_rests_on_a_listing_that_was_cut_fails_its_lane_in_the_plan_as_in_the_run() {
    let cut = |stage: &Stage| {
        let cut = Fault::always(FaultKind::CursorLoop).at(Op::CampaignList);
        stage.world.add_fault(cut.on("acme"));
    };
    for (selection, exit) in [("--all", 20), ("-w acme", 21)] {
        let stage = stage();
        cut(&stage);
        let line = OFFBOARD.replace("--all", selection);
        let plan = stage.run(&format!("{line} --plan-only")).exits(exit).plan_id();
        let outcome = stage.run(&format!("{line} --confirm {plan}")).exits(exit);
        require_all(&outcome, "acme", "campaign.hand_over", "held incomplete_listing");
        require_all(&outcome, "acme", "member.remove", "done");
    }
}
