//! What happens where nothing goes wrong.

use super::*;

#[test]
fn a_key_is_made_with_a_name_of_its_own_and_its_secret_is_given_once() {
    for shown in SHOWN {
        for keep in [Keep::Shown, Keep::Folder("out".to_owned())] {
            let bench = Bench::creating(shown, keep);
            let outcome = bench.apply().exits(0);
            assert_eq!(outcome.outcomes(), ["acme done"], "{outcome}");
            let made = bench.made();
            assert_eq!(made.len(), 1);
            assert_eq!(made[0].scopes, SCOPES);
            let given = bench.keeper.given();
            assert_eq!(given.len(), 1);
            assert_eq!((given[0].0.as_str(), &given[0].1), ("acme", &made[0].name));
            assert!(bench.live().contains(&given[0].2));
            assert_eq!(bench.did(), ["made", "stored"]);
        }
    }
}

#[test]
fn a_rotation_proves_stores_switches_and_proves_again_before_the_old_key_goes() {
    for shown in SHOWN {
        for kind in [Kind::File, Kind::Command] {
            let bench = Bench::rotating(shown, kind, true);
            let old = bench.keeper.stored("acme");
            let outcome = bench.apply().exits(0);
            assert_eq!(outcome.outcomes(), ["acme done", "acme done"], "{outcome}");
            assert_eq!(bench.did(), ["made", "proven", "stored", "switched", "proven_stored"]);
            assert!(bench.stored_key_works() && bench.keeper.stored("acme") != old);
            assert_eq!(bench.stage.world.api_keys("acme").len(), 1, "the old one is gone");
            assert!(bench.keeper.aside().is_empty());
            // The next command speaks with the new key.
            let _listed = bench.stage.run("members").exits(0);
        }
    }
}

#[test]
fn where_nobody_knows_which_key_the_old_one_is_the_rotation_is_done_and_the_old_key_stays() {
    let bench = Bench::rotating(KeyShown::Absent, Kind::File, false);
    let old = bench.keeper.stored("acme");
    let outcome = bench.apply().exits(30);
    assert_eq!(outcome.outcomes(), ["acme done", "acme held key_in_use"], "{outcome}");
    assert!(bench.stored_key_works() && bench.keeper.stored("acme") != old);
    assert_eq!(bench.stage.world.api_keys("acme").len(), 2);
}
