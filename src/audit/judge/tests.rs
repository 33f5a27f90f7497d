//! What holds for all rules together: policy, acceptances, order, totality.

use proptest::prelude::*;

use crate::audit::rules::samples;
use crate::audit::sample::{World, key_id};
use crate::domain::{About, FindingCode, KeyInfo, Severity};

fn accepted(world: &World, code: FindingCode) -> Vec<Option<String>> {
    let findings = world.judge().findings.into_iter().filter(|finding| finding.code == code);
    findings.map(|finding| finding.accepted.map(|accepted| accepted.until.to_string())).collect()
}

#[test]
fn the_policy_decides_how_grave_a_finding_is() {
    let (mut world, _) = samples::of(FindingCode::BadName);
    let grave = |world: &World| world.judge().findings.iter().map(|finding| finding.severity).collect::<Vec<_>>();
    assert_eq!(grave(&world), [Severity::Low]);
    world.policy.severity.insert(FindingCode::BadName, Some(Severity::Critical));
    assert_eq!(grave(&world), [Severity::Critical]);
}

#[test]
fn an_acceptance_holds_through_its_last_day_and_not_beyond() {
    const CODE: FindingCode = FindingCode::WildcardScope;
    for (until, holds) in [("2026-11-19", false), ("2026-11-20", true), ("2027-01-01", true)] {
        let (mut world, _) = samples::of(CODE);
        world.accept(CODE, Some("acme"), Some("job"), until);
        assert_eq!(accepted(&world, CODE), [holds.then(|| until.to_owned())], "{until}");
    }
}

#[test]
fn an_acceptance_fits_by_code_workspace_and_key() {
    const CODE: FindingCode = FindingCode::WildcardScope;
    let cases = [
        (CODE, None, None, true),
        (CODE, Some("ac*"), None, true),
        (CODE, Some("globex"), None, false),
        (CODE, None, Some("job"), true),
        (CODE, None, Some("acme — analytics"), true),
        (CODE, None, Some("acme — *"), true),
        (CODE, None, Some("analytics"), false),
        (CODE, None, Some("[unclosed"), false),
        (FindingCode::KeyAge, None, None, false),
    ];
    for (code, workspace, key, holds) in cases {
        let (mut world, _) = samples::of(CODE);
        world.accept(code, workspace, key, "2026-12-01");
        assert_eq!(accepted(&world, CODE)[0].is_some(), holds, "{code} {workspace:?} {key:?}");
    }
}

#[test]
fn a_name_with_the_signs_of_a_glob_is_accepted_as_it_is() {
    const CODE: FindingCode = FindingCode::WildcardScope;
    let (mut world, _) = samples::of(CODE);
    world.key("job").name = "acme — x [0123abcd]".to_owned();
    world.accept(CODE, None, Some("acme — x [0123abcd]"), "2026-12-01");
    assert!(accepted(&world, CODE)[0].is_some());
}

#[test]
fn an_acceptance_of_a_key_accepts_nothing_that_is_about_no_key_and_the_longest_is_told() {
    const CODE: FindingCode = FindingCode::SharedSecret;
    let (mut world, _) = samples::of(CODE);
    world.accept(CODE, None, Some("*"), "2026-12-01");
    assert_eq!(accepted(&world, CODE), [None]);
    world.accept(CODE, None, None, "2026-12-02");
    world.accept(CODE, None, None, "2026-12-03");
    world.accept(CODE, None, None, "2026-12-01");
    assert_eq!(accepted(&world, CODE), [Some("2026-12-03".to_owned())]);
}

#[test]
fn the_gravest_come_first_and_the_id_of_a_finding_stays() {
    let mut world = World::clean();
    world.key("job").scopes = vec!["all:all".to_owned(), "what:ever".to_owned()];
    world.key("job").name = "x".to_owned();
    let findings = world.judge().findings;
    let codes: Vec<FindingCode> = findings.iter().map(|finding| finding.code).collect();
    let expected =
        [FindingCode::WildcardScope, FindingCode::GrantsAccess, FindingCode::UndocumentedScope, FindingCode::BadName];
    assert_eq!(codes, expected);
    let mut later = world.clone();
    later.key("job").name = "y".to_owned();
    later.id = world.id.clone();
    let again = later.judge().findings;
    assert_eq!(findings[0].id(), again[0].id());
    let mut ids: Vec<String> = findings.iter().map(crate::domain::Finding::id).collect();
    assert!(ids.iter().all(|id| id.len() == 16));
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), findings.len());
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => any::<String>(),
        1 => Just("all:all".to_owned()),
        1 => Just("campaigns:all".to_owned()),
        1 => Just("acme — analytics".to_owned()),
        1 => Just("2026-01-01T00:00:00Z".to_owned()),
        1 => Just("-009999-01-02T00:00:00Z".to_owned()),
        1 => Just("9999-12-30T00:00:00Z".to_owned()),
    ]
}

prop_compose! {
    fn keys()(
        rows in proptest::collection::vec(
            ("[a-e]", text(), proptest::collection::vec(text(), 0..4), text(), any::<Option<bool>>()), 0..8)
    ) -> Vec<KeyInfo> {
        rows.into_iter()
            .map(|(id, name, scopes, created, in_use)| KeyInfo { id: key_id(&id), name, scopes, created, in_use })
            .collect()
    }
}

proptest! {
    #[test]
    fn judging_is_total_and_the_order_of_input_never_matters(
        keys in keys(),
        seed in any::<prop::sample::Index>(),
        flags in any::<[bool; 6]>(),
        last in text(),
        idle in any::<u64>(),
    ) {
        let mut world = World::clean();
        let row = world.register[0].clone();
        world.register.extend(keys.iter().take(2).map(|key| {
            let mut entry = row.clone();
            entry.key = key.id.clone();
            entry.rotate_by = Some("2026-01-01".parse().unwrap());
            entry
        }));
        world.activity.as_mut().unwrap().last.insert(key_id("a"), last);
        world.policy.max_idle = Some(std::time::Duration::from_secs(idle));
        world.policy.max_age = flags[0].then(|| std::time::Duration::from_secs(idle / 2));
        world.keys_unknown = flags[1].then(|| "cut".to_owned());
        world.remembered = flags[2];
        world.configured = flags[3].then(|| key_id("a"));
        world.least = flags[4].then(Vec::new);
        world.accept(FindingCode::NoOwner, None, Some("a*"), "2026-12-01");
        world.accept(FindingCode::NoOwner, Some("*"), None, "2026-12-01");
        if flags[5] { world.keys.clear(); }
        world.keys.extend(keys);
        let straight = world.judge();
        let mut turned = world.clone();
        turned.keys.reverse();
        turned.register.reverse();
        turned.policy.accept.reverse();
        if !turned.keys.is_empty() {
            let by = seed.index(turned.keys.len());
            turned.keys.rotate_left(by);
        }
        prop_assert_eq!(&straight, &turned.judge());
        // Each thing is said once, in the order that is promised.
        let mut said: Vec<(FindingCode, About)> =
            straight.findings.iter().map(|one| (one.code, one.about.clone())).collect();
        let all = said.len();
        said.sort();
        said.dedup();
        prop_assert_eq!(all, said.len());
        prop_assert!(straight.findings.is_sorted());
    }
}
