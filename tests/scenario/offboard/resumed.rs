//! Offboardings that were stopped in the middle, and taken up again. The crash tables cut them everywhere.

use keyholder::api::transport::Method;
use keyholder::run::{Stop, Why};

use super::{LANES, OFFBOARD, require_left, stage};

#[test]
fn stopped_in_the_middle_it_goes_on_where_it_stood() {
    for (method, nth) in [(Method::Patch, 2), (Method::Patch, 7), (Method::Delete, 1), (Method::Delete, 4)] {
        for now in [false, true] {
            let mut stage = stage();
            let plan = stage.run(&format!("{OFFBOARD} --plan-only")).exits(0).plan_id();
            let stop = stage.stop.clone();
            stage.at_nth(
                method,
                nth,
                move || {
                    if now { stop.now(Why::Interrupted) } else { stop.drain(Why::Terminated) }
                },
            );
            let stopped = stage.run(&format!("{OFFBOARD} --confirm {plan}"));
            assert!([22, 130, 143].contains(&stopped.exit), "{stopped}");
            stage.at_request(|_| {});
            stage.stop = Stop::default();
            let _on = stage.run("resume").exits(0);
            for lane in LANES {
                require_left(&stage, lane);
            }
            let requests = stage.world.request_count();
            let _nothing = stage.run("resume").exits(0);
            assert_eq!(stage.world.request_count(), requests);
        }
    }
}
