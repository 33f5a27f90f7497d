//! The world moves between the plan and the write, by another hand.

use keyholder::sim::{Fault, FaultKind, Hand, KeyShown, Op, When};

use super::{LEAD, OFFBOARD, PRIYA, SAM, at, ends, require_all, sent, stage};
use crate::support::{Outcome, Stage};

/// Saves a plan, lets another hand act in acme, and applies the plan.
fn applied(stage: &Stage, hands: &[Hand]) -> Outcome {
    let plan = stage.run(&format!("{OFFBOARD} -o plan.json")).exits(0).plan_id();
    for hand in hands {
        assert!(stage.world.hand("acme", hand));
    }
    stage.run(&format!("apply plan.json --confirm {plan}"))
}

fn first_lead(stage: &Stage) -> String {
    let sam = stage.world.user_id(SAM);
    stage.world.leads("acme").into_iter().find(|lead| lead.assigned_to == sam).unwrap().id
}

#[test]
fn what_somebody_else_owns_by_now_is_left_to_them() {
    let stage = stage();
    let lead = first_lead(&stage);
    let hands = [
        Hand::GiveCampaign { campaign: "Spring 1".to_owned(), to: LEAD.to_owned() },
        Hand::DeleteCampaign { campaign: "Spring 2".to_owned() },
        Hand::GiveLeadList { list: "Fairs 1".to_owned(), to: LEAD.to_owned() },
        Hand::AssignLead { lead, to: LEAD.to_owned() },
    ];
    let outcome = applied(&stage, &hands).exits(31);
    let mut campaigns = ends(&outcome, "acme", "campaign.hand_over");
    campaigns.sort();
    assert_eq!(campaigns, ["done", "held stale", "held stale"], "{outcome}");
    let mut lists = ends(&outcome, "acme", "lead_list.hand_over");
    lists.sort();
    assert_eq!(lists, ["done", "held stale"], "{outcome}");
    let mut leads = ends(&outcome, "acme", "leads.reassign");
    leads.sort();
    assert_eq!(leads, ["done", "held stale"], "{outcome}");
    require_all(&outcome, "acme", "key.revoke", "done");
    require_all(&outcome, "acme", "member.remove", "done");
    let third = stage.world.user_id(LEAD);
    assert_eq!(stage.world.campaigns("acme").iter().filter(|campaign| campaign.owned_by == third).count(), 3);
}

/// The leads a page does not show stand for deleted ones: one of a hundred.
fn without_one_lead(stage: &Stage) {
    let partial = Fault::always(FaultKind::Partial { rows: 99 });
    stage.world.add_fault(partial.on("acme").at(Op::LeadsList));
}

fn leads_of(stage: &Stage, email: &str) -> usize {
    let user = stage.world.user_id(email);
    stage.world.leads("acme").iter().filter(|lead| lead.assigned_to == user).count()
}

#[test]
fn a_lead_that_is_gone_keeps_none_of_the_others_from_their_heir_and_is_not_sent() {
    let stage = stage();
    let plan = stage.run(&format!("{OFFBOARD} -o plan.json")).exits(0).plan_id();
    // One of those that are there is Priya's by now: it is not sent either.
    let lead = first_lead(&stage);
    assert!(stage.world.hand("acme", &Hand::AssignLead { lead, to: PRIYA.to_owned() }));
    without_one_lead(&stage);
    let outcome = stage.run(&format!("apply plan.json --confirm {plan}")).exits(0);
    require_all(&outcome, "acme", "leads.reassign", "done");
    stage.world.land_all();
    assert_eq!((leads_of(&stage, SAM), leads_of(&stage, PRIYA), leads_of(&stage, LEAD)), (1, 129, 20));
    assert_eq!(sent(&stage, "acme", Op::LeadsAssign), 2);
}

#[test]
fn leads_of_which_those_that_are_there_are_the_heirs_are_already_so() {
    let stage = stage();
    let plan = stage.run(&format!("{OFFBOARD} -o plan.json")).exits(0).plan_id();
    let sam = stage.world.user_id(SAM);
    for lead in stage.world.leads("acme").into_iter().filter(|lead| lead.assigned_to == sam) {
        assert!(stage.world.hand("acme", &Hand::AssignLead { lead: lead.id, to: PRIYA.to_owned() }));
    }
    without_one_lead(&stage);
    let outcome = stage.run(&format!("apply plan.json --confirm {plan}")).exits(0);
    require_all(&outcome, "acme", "leads.reassign", "already");
    assert_eq!(sent(&stage, "acme", Op::LeadsAssign), 0);
}

#[test]
fn what_the_heir_owns_by_now_is_already_so() {
    let stage = stage();
    let hands = [
        Hand::GiveCampaign { campaign: "Spring 1".to_owned(), to: PRIYA.to_owned() },
        Hand::GiveLeadList { list: "Fairs 1".to_owned(), to: PRIYA.to_owned() },
        Hand::DeleteKey { key: "sams".to_owned() },
    ];
    let outcome = applied(&stage, &hands).exits(0);
    for (kind, count) in [("campaign.hand_over", 1), ("lead_list.hand_over", 1), ("key.revoke", 1)] {
        let already = ends(&outcome, "acme", kind).into_iter().filter(|end| end == "already").count();
        assert_eq!(already, count, "{kind}\n{outcome}");
    }
    assert_eq!((sent(&stage, "acme", Op::CampaignPatch), sent(&stage, "acme", Op::KeyDelete)), (2, 0));
}

#[test]
fn nothing_is_handed_to_who_is_no_member_any_more() {
    let stage = stage();
    let outcome = applied(&stage, &[Hand::Remove { email: PRIYA.to_owned() }]).exits(30);
    for kind in ["campaign.hand_over", "lead_list.hand_over", "leads.reassign"] {
        require_all(&outcome, "acme", kind, "held heir_not_member");
        require_all(&outcome, "birch", kind, "done");
    }
    require_all(&outcome, "acme", "key.revoke", "done");
    require_all(&outcome, "acme", "member.remove", "done");
}

#[test]
fn who_goes_just_before_a_hand_over_is_no_heir() {
    let stage = stage();
    let hand = Hand::Remove { email: PRIYA.to_owned() };
    stage.world.add_fault(at(Op::CampaignPatch, FaultKind::Meanwhile { when: When::After, hand }));
    // A minute later her row was read again.
    let slow = FaultKind::Delay { by: std::time::Duration::from_secs(25) };
    stage.world.add_fault(at(Op::CampaignPatch, slow.clone()).skip(1));
    stage.world.add_fault(at(Op::LeadListPatch, slow));
    let outcome = super::apply(&stage).exits(22);
    // What went to her before that was seen is told too.
    require_all(&outcome, "acme", "campaign.hand_over", "unverified");
    require_all(&outcome, "acme", "leads.reassign", "held heir_not_member");
    require_all(&outcome, "acme", "member.remove", "done");
}

#[test]
fn what_goes_between_the_last_look_and_the_write_is_held_or_already_so() {
    let stage = stage();
    let meanwhile = |hand| FaultKind::Meanwhile { when: When::Before, hand };
    let gone =
        ["Spring 1", "Spring 2", "Spring 3"].map(|campaign| Hand::DeleteCampaign { campaign: campaign.to_owned() });
    for hand in gone {
        stage.world.add_fault(at(Op::CampaignPatch, meanwhile(hand)));
    }
    stage.world.add_fault(at(Op::KeyDelete, meanwhile(Hand::DeleteKey { key: "sams".to_owned() })));
    let outcome = super::apply(&stage).exits(31);
    require_all(&outcome, "acme", "campaign.hand_over", "held stale");
    require_all(&outcome, "acme", "key.revoke", "already");
    require_all(&outcome, "acme", "member.remove", "done");
    assert!(stage.story("acme").windows(3).any(|told| told == ["answered refused", "looked absent", "settled held"]));
}

#[test]
fn a_key_that_may_be_the_one_in_use_by_now_is_not_revoked() {
    for shown in [KeyShown::Masked, KeyShown::Absent] {
        let stage = stage();
        let plan = stage.run(&format!("{OFFBOARD} -o plan.json")).exits(0).plan_id();
        stage.world.configure(|settings| settings.key_shown = shown);
        let outcome = stage.run(&format!("apply plan.json --confirm {plan}")).exits(30);
        for lane in super::LANES {
            require_all(&outcome, lane, "key.revoke", "held key_in_use");
            require_all(&outcome, lane, "member.remove", "done");
            assert_eq!(sent(&stage, lane, Op::KeyDelete), 0);
        }
    }
}

#[test]
fn an_heir_who_goes_while_things_are_handed_over_is_told_at_the_end_and_by_verify() {
    let stage = stage();
    let hand = Hand::Remove { email: PRIYA.to_owned() };
    let leaves = Fault::once(FaultKind::Meanwhile { when: When::After, hand });
    stage.world.add_fault(leaves.on("acme").at(Op::CampaignPatch));
    let plan = stage.run(&format!("{OFFBOARD} --plan-only")).plan_id();
    let outcome = stage.run(&format!("{OFFBOARD} --confirm {plan}")).exits(22);
    let things = ["campaign.hand_over", "lead_list.hand_over", "leads.reassign"];
    for kind in things {
        require_all(&outcome, "acme", kind, "unverified");
    }
    assert!(outcome.stdout.contains("is no accepted member here any more"), "{outcome}");
    require_all(&outcome, "acme", "member.remove", "done");
    let verified = stage.run("verify last --detailed-exitcode").exits(10);
    assert!(verified.stdout.contains("is no accepted member here any more"), "{verified}");
}
