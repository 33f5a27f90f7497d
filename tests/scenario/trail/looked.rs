//! `trail`: which records are shown, in which order, and what is said where there are none.

use super::*;

/// Three workspaces with logins of sam and exports of leads over a key, by moment.
fn stage() -> Stage {
    let stage = three("");
    logins(&stage, "acme", "2026-11-01T00:00:00Z", 3);
    let exports = Records {
        count: 2,
        activity: 34,
        by: Some("ops@agency.example".to_owned()),
        key: None,
        at: Some(at("2026-11-10T12:00:00Z")),
        affected: Some(842),
    };
    stage.world.put("acme", exports.clone());
    stage.world.put("birch", Records { by: None, key: Some("main".to_owned()), activity: 77, ..exports });
    stage
}

fn seen(outcome: &crate::support::Outcome) -> Vec<String> {
    outcome.rows().iter().map(|row| format!("{} {} {}", row["workspace"], row["at"], row["activity"])).collect()
}

#[test]
fn records_stand_in_config_order_the_newest_first_with_words_and_codes() {
    let stage = stage();
    let listed = stage.run("trail --all").exits(0).says("7 records in 3 of 3").says("no activity recorded: cedar");
    assert_eq!(
        seen(&listed),
        [
            "acme 2026-11-10T12:01:00.000Z leads-exported",
            "acme 2026-11-10T12:00:00.000Z leads-exported",
            "acme 2026-11-01T00:02:00.000Z login",
            "acme 2026-11-01T00:01:00.000Z login",
            "acme 2026-11-01T00:00:00.000Z login",
            "birch 2026-11-10T12:01:00.000Z unknown",
            "birch 2026-11-10T12:00:00.000Z unknown",
        ]
    );
    assert_eq!((listed.rows()[5]["activity_code"].as_str(), listed.rows()[0]["affected"].as_str()), ("77", "842"));
}

#[test]
fn each_filter_decides_by_the_record_itself() {
    let stage = stage();
    let count = |line: &str| stage.run(&format!("trail --all {line}")).exits(0).rows().len();
    assert_eq!(count("--type login"), 3);
    assert_eq!(count("--type login --type 77"), 5);
    assert_eq!(count("--since 2026-11-02"), 4);
    assert_eq!(count("--until 2026-11-01"), 3, "the last day is meant whole");
    assert_eq!(count("--since 2026-11-01 --until 2026-11-10 --type leads-exported"), 2);
    assert_eq!(count("--since 9d"), 0, "nine days before the 20th at 8 is the 11th");
    assert_eq!(count("--since 238h"), 2 + 2);
    let key = stage.world.trail("birch")[0].api_key_id.clone().unwrap();
    assert_eq!(count(&format!("--key {key}")), 2);
    // Nothing of what may not be at all is no news.
    let bogus = stage.run("trail --all --key bogus").exits(0).says("names the key bogus").says("`keyholder keys`");
    assert!(bogus.rows().is_empty());
    let other = stage.run(&format!("trail --all --type login --key {key}")).exits(0);
    assert!(other.stderr.contains(&format!("names the key {key}")), "its records were not asked for: {other}");
    let both = stage.run(&format!("trail --all --type 77 --key {key}")).exits(0).says("the code 77 has no word here");
    assert!(!both.stderr.contains("names the key"), "{both}");
    for none in ["0", "-3"] {
        let _ran = stage.run(&format!("trail --all --type={none}")).exits(2).says("its codes begin at 1");
    }
    let _ran = stage.run("trail --all --type logn").exits(2).says("login");
    let _ran = stage.run("trail --all --since 2026-11-02 --until 2026-11-01").exits(2);
    let _ran = stage.run("trail --all --since soon").exits(2);
}

#[test]
fn a_person_is_known_by_their_accounts_in_each_workspace_also_when_they_left() {
    let stage = stage();
    let mine =
        stage.run(&format!("trail --all --person {SAM}")).exits(0).says("nothing of that is recorded: birch, cedar");
    assert_eq!(mine.rows().len(), 3);
    let stranger = stage.run("trail --all --person nobody@agency.example").exits(0);
    assert!(stranger.rows().is_empty());
    let stranger = stranger.says("no account of nobody@agency.example is known in: acme, birch, cedar");
    assert!(!stranger.stderr.contains("no activity recorded"), "{stranger}");
    // Who left is known by what the run saw of them.
    let plan = stage.run(&format!("offboard {SAM} --all --plan-only")).exits(0).plan_id();
    let _ran = stage.run(&format!("offboard {SAM} --all --confirm {plan}")).exits(0);
    let left = stage.run(&format!("trail --all --person {SAM}")).exits(0);
    assert_eq!(left.rows().len(), 3, "{left}");
}

#[test]
fn workspaces_that_are_ahead_wait_for_their_turn_in_a_file_without_a_name() {
    let stage = three("");
    logins(&stage, "birch", "2026-11-01T00:00:00Z", 2_100);
    logins(&stage, "cedar", "2026-11-01T00:00:00Z", 2_100);
    logins(&stage, "acme", "2026-11-01T00:00:00Z", 1_100);
    // acme is slow, so that the others are ahead of it.
    stage.world.add_fault(Fault {
        times: Some(2),
        ..fault(Op::TrailList, FaultKind::Delay { by: std::time::Duration::from_secs(20) })
    });
    let listed = stage.run("trail --all").exits(0);
    let order: Vec<String> = listed.rows().into_iter().map(|row| row["workspace"].clone()).collect();
    let wanted = [vec!["acme"; 1_100], vec!["birch"; 2_100], vec!["cedar"; 2_100]].concat();
    assert_eq!(order, wanted);
    let ids: BTreeSet<String> = listed.rows().into_iter().map(|row| row["record_id"].clone()).collect();
    assert_eq!(ids.len(), 5_300);
}
