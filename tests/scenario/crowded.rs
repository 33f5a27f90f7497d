//! A workspace whose other tools use up its limit: the lane takes what is left, nothing is lost, and what is free again is used again.

use std::collections::BTreeSet;
use std::time::Duration;

use keyholder::sim::{Rates, Window, World, put};

use crate::support::Stage;

const PAGES: u32 = 500;
/// What the workspace may be asked a second, and what others ask.
const LIMIT: u32 = 50;
const OTHERS: u32 = 30;

#[test]
fn beside_thirty_foreign_requests_a_second_nothing_is_lost_and_four_fifths_of_what_is_left_are_used() {
    // In fixed seconds and from a bucket it is less: a pause after a 429 costs the rest of a second.
    for (window, name, part) in [
        (Window::Sliding, "sliding", 0.8),
        (Window::Fixed, "fixed", 0.75),
        (Window::Bucket { burst: 10 }, "bucket", 0.0),
    ] {
        let world = World::generated(1, 3, 7);
        world.put(&world.names()[0], put::Jobs::of("founder@agency.example", PAGES * 100));
        world.configure(|settings| {
            settings.rates = Rates { per_second: LIMIT, per_minute: 60 * LIMIT, window };
            settings.foreign = OTHERS;
        });
        let mut stage = Stage::of(world);
        stage.road.latency = Duration::from_millis(10);
        stage.searched_once.set(true);
        let begun = stage.now();
        let ran = stage.run("report jobs --format ndjson --out one").exits(0).says("0 of them ours");
        let summary = ran.records().pop().unwrap();
        assert_eq!(summary["coverage"]["complete"], 1);
        let rows = std::fs::read_to_string(stage.root.join("one/jobs.ndjson")).unwrap();
        let ids = rows.lines().filter_map(|line| line.split("\"job_id\":\"").nth(1)?.split('"').next());
        let ids: BTreeSet<&str> = ids.collect();
        assert_eq!(ids.len(), (PAGES * 100) as usize, "every row is there once");
        let served = |from: f64, to: f64| {
            let requests = stage.world.requests();
            let within = requests.iter().filter(|seen| {
                let at = seen.moment.saturating_sub(begun).as_secs_f64();
                seen.status == Some(200) && from <= at && at < to
            });
            within.count()
        };
        let (from, end) = (5.0, ran.took.as_secs_f64());
        #[expect(clippy::cast_precision_loss, reason = "hundreds")]
        let rate = served(from, end) as f64 / (end - from);
        let left = f64::from(LIMIT - OTHERS);
        println!("{name}: {rate:.1} of {left} a second, {} answers 429", stage.world.throttled());
        assert!(rate >= part * left, "{name}: {rate} of {left} a second");
    }
}
