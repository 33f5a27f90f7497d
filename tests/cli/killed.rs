//! Strikes at random moments, with faults: resumed, struck again, resumed to the end.

use crate::knobs;
use crate::trial::{Manner, prove};

#[test]
fn killed_anywhere_and_resumed_nothing_is_twice_lost_wrong_or_misreported() {
    let proof = prove("killed_anywhere", Manner::Killed, &knobs::seeds(40, 2000));
    println!("{proof}");
    proof.holds();
}

#[test]
fn stopped_anywhere_and_resumed_nothing_is_twice_lost_wrong_or_misreported() {
    let proof = prove("stopped_anywhere", Manner::Stopped, &knobs::seeds(16, 400));
    println!("{proof}");
    proof.holds();
}
