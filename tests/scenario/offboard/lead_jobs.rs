//! Reassignments of leads: accepted, done some time later, told by nothing but the leads.

use std::time::Duration;

use super::{SAM, apply, ends, require_all, require_left, sent, stage};
use keyholder::sim::Op;

#[test]
fn a_reassignment_is_read_until_it_is_done() {
    for lag in [0, 1, 4, 20, 50] {
        let stage = stage();
        stage.world.configure(|settings| settings.assign_lag = Duration::from_secs(lag));
        let outcome = apply(&stage).exits(0);
        require_all(&outcome, "acme", "leads.reassign", "done");
        assert_eq!(sent(&stage, "acme", Op::LeadsAssign), 2, "after {lag} s");
        require_left(&stage, "acme");
    }
}

#[test]
fn a_reassignment_that_takes_longer_than_the_settle_time_is_unverified_and_a_resume_finds_it() {
    let stage = stage();
    stage.world.configure(|settings| settings.assign_lag = Duration::from_mins(3));
    let outcome = apply(&stage).exits(22);
    require_all(&outcome, "acme", "leads.reassign", "unverified");
    require_all(&outcome, "acme", "campaign.hand_over", "done");
    require_all(&outcome, "acme", "member.remove", "done");
    stage.wait(Duration::from_mins(3));
    let outcome = stage.run("resume").exits(0);
    require_all(&outcome, "acme", "leads.reassign", "done");
    assert_eq!(sent(&stage, "acme", Op::LeadsAssign), 2);
    require_left(&stage, "acme");
}

#[test]
fn a_reassignment_that_takes_only_some_is_unverified_with_the_numbers() {
    let stage = stage();
    stage.world.configure(|settings| settings.assign_most = Some(40));
    let outcome = apply(&stage).exits(22);
    assert_eq!(ends(&outcome, "acme", "leads.reassign"), ["unverified", "done"], "{outcome}");
    assert!(outcome.stdout.contains("only 40 of 100 leads show the new assignment"), "{outcome}");
}

#[test]
fn filters_that_an_api_drops_reassign_nobody_elses_leads() {
    let stage = stage();
    let dropped = ["assigned_to", "filter", "organization_user_ids"];
    // What narrows a listing to a leaver is dropped: the client keeps what is theirs, and names each lead.
    stage.world.configure(|settings| settings.drop_filters = vec![dropped[0].to_owned(), dropped[1].to_owned()]);
    let outcome = apply(&stage).exits(0);
    require_all(&outcome, "acme", "leads.reassign", "done");
    require_left(&stage, "acme");
}

#[test]
fn an_api_that_drops_the_names_of_leads_still_moves_nobody_elses() {
    let stage = stage();
    let others = |stage: &crate::support::Stage| {
        let leads = stage.world.leads("acme");
        let theirs = stage.world.user_id(SAM);
        leads.into_iter().filter(|lead| lead.assigned_to != theirs).collect::<Vec<_>>()
    };
    let before = others(&stage);
    assert!(!before.is_empty(), "there are leads of others");
    stage.world.configure(|settings| settings.drop_filters = vec!["ids".to_owned()]);
    let _moved_at_once = apply(&stage);
    let after = stage.world.leads("acme");
    for lead in before {
        let now = after.iter().find(|now| now.id == lead.id).unwrap();
        assert_eq!(now.assigned_to, lead.assigned_to, "lead {} was another's", lead.id);
    }
}
