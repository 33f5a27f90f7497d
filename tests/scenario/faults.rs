//! Answers that are wrong: what each means for its lane, and that no other lane notices.

use std::time::Duration;

use crate::{ONBOARD, three};

fn fault(operation: &str, kind: &str) -> String {
    format!("[[fault]]\nworkspace = \"acme\"\noperation = \"{operation}\"\n{kind}\n")
}

fn ignored() -> String {
    fault("member.create", "kind = \"ignore\"")
}

#[test]
fn an_acknowledged_change_that_nobody_can_see_is_unverified() {
    let stage = three(&ignored());
    let outcome = stage.run(ONBOARD).exits(22);
    assert_eq!(outcome.outcomes(), ["acme unverified", "birch done", "cedar done"]);
    assert_eq!(stage.rows_of("acme", "nia@agency.example"), 0);
    assert_eq!(stage.story("acme"), ["started", "answered acknowledged", "looked unclear", "settled unverified"]);
    let again = stage.run(ONBOARD).exits(30).says("keyholder resume");
    assert_eq!(again.outcomes(), ["acme held in_doubt", "birch already", "cedar already"]);
    // The resume settles it; what it advises then is what really goes on.
    let settled = stage.run("resume").exits(22).says("it is not waited for any more");
    assert!(!settled.stderr.contains("settle them with"), "{settled}");
    let anew = stage.run(ONBOARD).exits(0);
    assert_eq!(anew.outcomes(), ["acme done", "birch already", "cedar already"]);
}

#[test]
fn an_ignored_removal_and_an_ignored_role_are_unverified_too() {
    let stage = three(&fault("member.patch", "kind = \"ignore\""));
    let outcome = stage.run("onboard sam@agency.example --role view --all --yes").exits(22);
    assert_eq!(outcome.outcomes(), ["acme unverified", "birch done", "cedar done"]);

    let stage = three(&fault("member.delete", "kind = \"ignore\""));
    let plan = stage.run("offboard sam@agency.example --all --plan-only").exits(0).plan_id();
    let outcome = stage.run(&format!("offboard sam@agency.example --all --confirm {plan}")).exits(22);
    assert_eq!(outcome.outcomes(), ["acme unverified", "birch done", "cedar done"]);
    assert_eq!(stage.rows_of("acme", "sam@agency.example"), 1);
}

#[test]
fn a_listing_that_is_not_complete_holds_what_rests_on_it_and_fails_its_lane() {
    for kind in ["kind = \"cursor-loop\"\ntimes = \"always\"", "kind = \"foreign\"\ntimes = \"always\""] {
        let stage = three(&fault("member.list", kind));
        let outcome = stage.run(ONBOARD).exits(20).says("acme: read only in part").says("1 of 3 workspaces failed");
        assert_eq!(outcome.outcomes(), ["acme held incomplete_listing", "birch done", "cedar done"], "{kind}");
        assert_eq!(stage.world.writes("acme"), 0, "{kind}");
    }
}

#[test]
fn a_listing_that_becomes_incomplete_before_the_write_holds_it_too() {
    let stage = three(&fault("member.list", "kind = \"foreign\"\nskip = 1\ntimes = \"always\""));
    let outcome = stage.run(ONBOARD).exits(20);
    assert_eq!(outcome.outcomes(), ["acme held incomplete_listing", "birch done", "cedar done"]);
    assert_eq!(stage.world.writes("acme"), 0);
}

#[test]
fn what_passes_on_a_second_reading_is_no_trouble() {
    for kind in [
        "kind = \"truncate\"",
        "kind = \"html\"",
        "kind = \"oversized\"\nbytes = 2_000_000",
        "kind = \"lose-answer\"",
        "kind = \"not-sent\"",
        "kind = \"status\"\nstatus = 500",
        "kind = \"status\"\nstatus = 502\nbody = \"html\"",
        "kind = \"status\"\nstatus = 429",
        "kind = \"status\"\nstatus = 429\nretry_after = 3\ntimes = 2",
    ] {
        for operation in ["workspace.current", "member.list"] {
            let mut stage = three(&fault(operation, kind));
            stage.most_body = 1_000_000;
            let outcome = stage.run(ONBOARD).exits(0);
            assert_eq!(outcome.outcomes(), ["acme done", "birch done", "cedar done"], "{kind} at {operation}");
            assert_eq!(stage.world.writes("acme"), 1, "{kind} at {operation}");
        }
    }
}

#[test]
fn what_stays_wrong_fails_its_lane_with_a_word_for_it() {
    for (kind, word) in [
        ("kind = \"redirect\"", "edge_refusal"),
        ("kind = \"oversized\"\nbytes = 2_000_000\ntimes = \"always\"", "unreachable"),
        ("kind = \"html\"\ntimes = \"always\"", "unreadable"),
        ("kind = \"not-sent\"\ntimes = \"always\"", "unreachable"),
        ("kind = \"status\"\nstatus = 500\ntimes = \"always\"", "unreachable"),
        ("kind = \"status\"\nstatus = 401", "key_refused"),
        ("kind = \"status\"\nstatus = 402", "no_paid_plan"),
        ("kind = \"status\"\nstatus = 403", "scope_lacking"),
        ("kind = \"status\"\nstatus = 403\nbody = \"html\"", "edge_refusal"),
    ] {
        let mut stage = three(&fault("member.list", kind));
        stage.most_body = 1_000_000;
        let outcome = stage.run(&format!("{ONBOARD} --format ndjson")).exits(20);
        let records = outcome.records();
        let summary = records.last().unwrap();
        let unreadable = &summary["coverage"]["unreadable"];
        assert_eq!(
            (unreadable[0]["workspace"].as_str(), unreadable[0]["kind"].as_str()),
            (Some("acme"), Some(word)),
            "{kind}"
        );
        assert_eq!(summary["steps"]["done"], 2, "{kind}");
        assert_eq!(stage.world.writes("acme"), 0, "{kind}");
    }
}

#[test]
fn a_refused_write_fails_without_a_second_attempt() {
    for kind in [
        "kind = \"status\"\nstatus = 400",
        "kind = \"status\"\nstatus = 403",
        "kind = \"redirect\"",
        "kind = \"status\"\nstatus = 402",
    ] {
        let stage = three(&fault("member.create", kind));
        let outcome = stage.run(ONBOARD).exits(20);
        assert_eq!(outcome.outcomes(), ["acme failed", "birch done", "cedar done"], "{kind}");
        assert_eq!((stage.world.writes("acme"), outcome.rows()[0]["attempts"].as_str()), (0, "1"), "{kind}");
        assert_eq!(stage.story("acme"), ["started", "answered refused", "settled failed"], "{kind}");
    }
}

#[test]
fn an_error_that_repeats_the_key_is_shown_and_stored_without_it() {
    for operation in ["member.create", "member.list"] {
        let stage = three(&fault(operation, "kind = \"echo-key\"\nstatus = 400"));
        let outcome = stage.run(ONBOARD).exits(20);
        let fingerprint = keyholder::domain::ApiKey::parse(&stage.world.key_of("acme").unwrap()).unwrap().fingerprint();
        assert!(format!("{outcome}").contains(&fingerprint), "the key is named by its fingerprint\n{outcome}");
    }
}

#[test]
fn a_throttled_write_is_sent_again_when_the_answer_says_so_and_once_in_effect() {
    for (retry, least) in [("retry_after = 5", 5), ("retry_after_date = \"20s\"", 19), ("times = 3", 1)] {
        let stage = three(&fault("member.create", &format!("kind = \"status\"\nstatus = 429\n{retry}")));
        let outcome = stage.run(ONBOARD).exits(0);
        assert_eq!(outcome.outcomes(), ["acme done", "birch done", "cedar done"], "{retry}");
        assert_eq!(stage.rows_of("acme", "nia@agency.example"), 1);
        let took = outcome.took;
        assert!(took >= Duration::from_secs(least) && took < Duration::from_secs(least + 10), "{retry}: {took:?}");
    }
}

#[test]
fn a_lane_told_to_wait_beyond_the_deadline_is_parked_and_the_others_go_on() {
    for retry in ["retry_after = 3600", "retry_after_date = \"1h\""] {
        let stage = three(&fault("member.create", &format!("kind = \"status\"\nstatus = 429\n{retry}")));
        let outcome = stage.run(&format!("{ONBOARD} --deadline 5m")).exits(20);
        assert_eq!(outcome.outcomes(), ["acme held deadline", "birch done", "cedar done"], "{retry}");
        assert!(outcome.took < Duration::from_mins(5), "{:?}", outcome.took);

        let stage = three(&format!(
            "[[fault]]\nkind = \"status\"\nstatus = 429\n{retry}\noperation = \"workspace.current\"\ntimes = 3\n"
        ));
        let outcome = stage.run(&format!("{ONBOARD} --deadline 5m")).exits(75);
        assert!(outcome.took < Duration::from_mins(5), "{:?}", outcome.took);
        assert_eq!(stage.write_requests(), 0);
    }
}

#[test]
fn permissions_that_the_api_forgets_are_unverified() {
    let stage = three("");
    stage.world.configure(|settings| settings.drop_permissions = true);
    let ask = "onboard nia@agency.example --role editor --permissions unibox.all --all --yes";
    let outcome = stage.run(ask).exits(22);
    assert_eq!(outcome.outcomes(), ["acme unverified", "birch unverified", "cedar unverified"]);
}
