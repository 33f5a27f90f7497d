//! The test world itself: what it promises its tests.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::support::{Canaries, Stage};
use crate::{ONBOARD, THREE, three};

fn fails(work: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(work)).expect_err("it was to fail");
    panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "another panic".to_owned())
}

#[test]
fn a_key_in_a_file_or_in_part_of_an_output_is_found() {
    let stage = Stage::script(THREE);
    let key = stage.world.key_of("birch").unwrap();
    let canaries = Canaries::of(&stage.world);
    for leaked in [key.as_str(), &key[..key.len() / 2], &key[key.len() - 30..]] {
        let told = fails(|| canaries.require_absent("stdout", format!("x{leaked}y").as_bytes()));
        assert!(told.contains("a key stands in stdout"), "{told}");
    }
    canaries.require_absent("stdout", &key.as_bytes()[..20]);

    stage.add("keyholder.toml", &format!("# {key}"));
    let told = fails(|| drop(stage));
    assert!(told.contains("a key stands in keyholder.toml"), "{told}");
}

#[test]
fn a_fault_that_did_not_fire_fails_the_test() {
    let stage = three("[[fault]]\nkind = \"hang\"\nworkspace = \"acme\"\noperation = \"member.patch\"\n");
    let _done = stage.run(ONBOARD).exits(0);
    let told = fails(|| drop(stage));
    assert!(told.contains("hang on acme at member.patch: fired 0 of 1"), "{told}");
}
