//! Every code has a rule, a sample on which it fires and one on which it keeps silent.

use super::{
    bad_name, duplicate_name, expired, grants_access, key_age, key_idle, key_too_wide, made_outside, maker_left,
    no_owner, opens_another, register_stale, replaced_left, resource_wide, rotate_by, shared_secret,
    undocumented_scope, wildcard_scope,
};
use crate::audit::bench::day;
use crate::audit::sample::World;
use crate::domain::FindingCode;

/// Returns the sample on which a rule fires, and the one on which it keeps silent.
pub(in crate::audit) fn of(code: FindingCode) -> (World, World) {
    macro_rules! both {
        ($rule:ident) => {
            ($rule::tests::fires(), $rule::tests::silent())
        };
    }
    match code {
        FindingCode::WildcardScope => both!(wildcard_scope),
        FindingCode::ResourceWide => both!(resource_wide),
        FindingCode::GrantsAccess => both!(grants_access),
        FindingCode::KeyAge => both!(key_age),
        FindingCode::KeyIdle => both!(key_idle),
        FindingCode::DuplicateName => both!(duplicate_name),
        FindingCode::BadName => both!(bad_name),
        FindingCode::NoOwner => both!(no_owner),
        FindingCode::MakerLeft => both!(maker_left),
        FindingCode::ReplacedLeft => both!(replaced_left),
        FindingCode::MadeOutside => both!(made_outside),
        FindingCode::SharedSecret => both!(shared_secret),
        FindingCode::OpensAnother => both!(opens_another),
        FindingCode::KeyTooWide => both!(key_too_wide),
        FindingCode::UndocumentedScope => both!(undocumented_scope),
        FindingCode::RotateBy => both!(rotate_by),
        FindingCode::RegisterStale => both!(register_stale),
        FindingCode::AcceptanceExpired => both!(expired),
        other => panic!("{other} is not about keys"),
    }
}

/// Counts what a code says of a sample.
fn fires(code: FindingCode, world: &World) -> usize {
    let over = super::expired(&world.policy, day(world.now));
    world.found(code).len() + over.iter().filter(|finding| finding.code == code).count()
}

#[test]
fn every_rule_fires_on_its_sample_and_keeps_silent_on_the_other() {
    let mut wrong = Vec::new();
    for code in FindingCode::KEYS {
        let (found, silent) = of(code);
        wrong.extend((fires(code, &found) == 0).then(|| format!("{code} says nothing")));
        wrong.extend((fires(code, &silent) > 0).then(|| format!("{code} accuses wrongly")));
        assert_eq!(super::of(code).is_none(), code == FindingCode::AcceptanceExpired, "{code}");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_is_off_is_neither_found_nor_told_as_not_judged() {
    for code in FindingCode::KEYS {
        let (mut found, mut silent) = of(code);
        for world in [&mut found, &mut silent] {
            world.policy.severity.insert(code, None);
            assert_eq!(fires(code, world), 0, "{code}");
            assert!(world.unjudged(code).is_empty(), "{code}");
        }
    }
}

#[test]
fn against_a_clean_workspace_nothing_is_said() {
    let judgement = World::clean().judge();
    assert_eq!((judgement.findings, judgement.not_judged), (Vec::new(), Vec::new()));
}
