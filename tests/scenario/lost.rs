//! Answers that are lost: the write is looked for, and there is exactly one invitation in the end.

use std::time::Duration;

use crate::support::Stage;
use crate::{ONBOARD, THREE, three};

const NIA: &str = "nia@agency.example";

/// A fault at the invitation into acme.
fn at_invitation(fault: &str) -> String {
    format!("[[fault]]\n{fault}\nworkspace = \"acme\"\noperation = \"member.create\"\n")
}

fn invitations_sent(stage: &Stage, workspace: &str) -> usize {
    let posts = |seen: &&keyholder::sim::Seen| {
        seen.workspace.as_deref() == Some(workspace) && seen.operation == Some(keyholder::sim::Op::MemberCreate)
    };
    stage.world.requests().iter().filter(posts).count()
}

#[test]
fn an_answer_lost_after_the_invitation_took_effect_leads_to_one_invitation() {
    for (fault, class) in [
        ("kind = \"lose-answer\"", "ambiguous"),
        ("kind = \"truncate\"", "ambiguous"),
        ("kind = \"html\"", "ambiguous"),
        ("kind = \"delay\"\nby = \"31s\"", "ambiguous"),
    ] {
        let stage = three(&at_invitation(fault));
        let outcome = stage.run(ONBOARD).exits(0);
        assert_eq!(outcome.outcomes(), ["acme done", "birch done", "cedar done"], "{fault}");
        assert_eq!((stage.rows_of("acme", NIA), invitations_sent(&stage, "acme")), (1, 1), "{fault}");
        let story = ["started", &format!("answered {class}"), "looked there", "settled done"];
        assert_eq!(stage.story("acme"), story, "{fault}");
        assert_eq!(stage.story("birch"), ["started", "answered acknowledged", "settled done"]);
        assert!(outcome.took >= Duration::from_mins(1), "it was judged after the settle time: {:?}", outcome.took);
    }
}

#[test]
fn where_people_accept_later_a_lost_answer_ends_in_waiting() {
    let script = THREE.replace("at-once", "wait");
    let stage = Stage::script(&format!("{script}{}", at_invitation("kind = \"lose-answer\"")));
    let outcome = stage.run(ONBOARD).exits(0);
    assert_eq!(outcome.outcomes(), ["acme waiting", "birch waiting", "cedar waiting"]);
    assert_eq!(stage.story("acme").last().unwrap(), "settled waiting");
}

#[test]
fn an_invitation_that_never_arrived_is_sent_once_more_after_two_looks() {
    let stage = three(&at_invitation("kind = \"lose-request\""));
    let outcome = stage.run(ONBOARD).exits(0);
    assert_eq!(outcome.outcomes()[0], "acme done");
    assert_eq!((stage.rows_of("acme", NIA), invitations_sent(&stage, "acme")), (1, 2));
    let story = stage.story("acme");
    assert_eq!(
        story,
        ["started", "answered ambiguous", "looked absent", "started", "answered acknowledged", "settled done"]
    );
    assert!(outcome.took >= Duration::from_mins(2), "two settle times passed: {:?}", outcome.took);
    assert_eq!(outcome.rows()[0]["attempts"], "2");
}

#[test]
fn an_invitation_that_lands_late_is_seen_and_not_sent_again() {
    for after in ["20s", "59s", "90s"] {
        let stage = three(&at_invitation(&format!("kind = \"late\"\nafter = \"{after}\"")));
        let outcome = stage.run(ONBOARD).exits(0);
        assert_eq!(outcome.outcomes()[0], "acme done", "{after}");
        assert_eq!((stage.rows_of("acme", NIA), invitations_sent(&stage, "acme")), (1, 1), "{after}");
    }
}

#[test]
fn a_500_of_any_body_leads_to_one_invitation() {
    for body in ["json", "html", "empty"] {
        let stage = three(&at_invitation(&format!("kind = \"status\"\nstatus = 500\nbody = \"{body}\"")));
        let outcome = stage.run(ONBOARD).exits(0);
        assert_eq!(outcome.outcomes()[0], "acme done", "{body}");
        assert_eq!((stage.rows_of("acme", NIA), invitations_sent(&stage, "acme")), (1, 2), "{body}");
    }
}

#[test]
fn lost_twice_it_is_unknown_and_nothing_is_sent_about_it_until_it_is_settled() {
    let stage = three(&at_invitation("kind = \"lose-request\"\ntimes = 2"));
    let outcome = stage.run(ONBOARD).exits(22).says("keyholder resume 20261120T080000Z-0007");
    assert_eq!(outcome.outcomes(), ["acme unknown", "birch done", "cedar done"]);
    assert_eq!((stage.rows_of("acme", NIA), invitations_sent(&stage, "acme")), (0, 2));
    assert_eq!(stage.story("acme").last().unwrap(), "settled unknown");

    let again = stage.run(ONBOARD).exits(30).says("run `keyholder resume 20261120T080000Z-0007` first");
    assert_eq!(again.outcomes(), ["acme held in_doubt", "birch already", "cedar already"]);
    assert!(again.took < Duration::from_secs(10), "a plan waits for nothing: {:?}", again.took);
    assert_eq!((stage.rows_of("acme", NIA), invitations_sent(&stage, "acme")), (0, 2));
    // What was held has settled nothing, and other people are nobody's doubt.
    let _still = stage.run(ONBOARD).exits(30);
    let _other = stage.run("onboard ben@agency.example --role view -w acme --yes").exits(0);
}

#[test]
fn an_unknown_invitation_that_lands_after_the_run_is_not_sent_by_the_next() {
    // Both attempts are answered by silence; the second lands half a minute after the run has given it up.
    let faults =
        format!("{}{}", at_invitation("kind = \"lose-request\""), at_invitation("kind = \"late\"\nafter = \"150s\""));
    let stage = three(&faults);
    let _unknown = stage.run(ONBOARD).exits(22);
    assert_eq!(stage.rows_of("acme", NIA), 0);
    // Meanwhile nobody may say that she is absent: she is about to be there.
    let leaves = stage.run("offboard nia@agency.example -w acme --plan-only").exits(30);
    assert_eq!(leaves.planned(), ["acme member.remove held in_doubt"]);
    stage.wait(Duration::from_mins(1));
    let again = stage.run(ONBOARD).exits(0);
    assert_eq!(again.outcomes()[0], "acme already");
    assert_eq!((stage.rows_of("acme", NIA), invitations_sent(&stage, "acme")), (1, 2));
}

#[test]
fn a_lost_role_change_or_removal_is_looked_for_and_repeated_only_where_it_did_not_take() {
    let faults = |operation: &str, kind: &str| {
        format!("[[fault]]\nkind = \"{kind}\"\nworkspace = \"acme\"\noperation = \"{operation}\"\n")
    };
    let sent = |stage: &Stage, method: &str| {
        let own =
            |seen: &&keyholder::sim::Seen| seen.method.as_str() == method && seen.workspace.as_deref() == Some("acme");
        stage.world.requests().iter().filter(own).count()
    };
    for (kind, attempts) in [("lose-answer", 1), ("lose-request", 2)] {
        let stage = three(&faults("member.patch", kind));
        let outcome = stage.run("onboard sam@agency.example --role view --all --yes").exits(0);
        assert_eq!(outcome.outcomes(), ["acme done", "birch done", "cedar done"]);
        assert_eq!(
            (sent(&stage, "PATCH"), stage.role_of("acme", "sam@agency.example")),
            (attempts, Some("view".into()))
        );

        let stage = three(&faults("member.delete", kind));
        let plan = stage.run("offboard sam@agency.example --all --plan-only").exits(0).plan_id();
        let outcome = stage.run(&format!("offboard sam@agency.example --all --confirm {plan}")).exits(0);
        assert_eq!(outcome.outcomes(), ["acme done", "birch done", "cedar done"]);
        assert_eq!((sent(&stage, "DELETE"), stage.rows_of("acme", "sam@agency.example")), (attempts, 0));
    }
}

#[test]
fn applying_a_saved_plan_again_holds_what_may_still_land_too() {
    let stage = three(&at_invitation("kind = \"lose-request\"\ntimes = 2"));
    let saved = stage.run("onboard nia@agency.example --role editor --all -o plan.json").exits(0).plan_id();
    let _unknown = stage.run("apply plan.json --yes").exits(22);
    let again = stage.run("apply plan.json --yes").exits(30).says("run `keyholder resume 20261120T080000Z-0007` first");
    assert_eq!(again.plan_id(), saved, "the plan keeps its id");
    assert_eq!(again.outcomes(), ["acme held in_doubt", "birch already", "cedar already"]);
    assert_eq!((stage.rows_of("acme", NIA), invitations_sent(&stage, "acme")), (0, 2));
}
