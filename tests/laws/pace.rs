//! In no window does a workspace see more than its share: through the whole program, under jitter, and with a shared admin key.

use std::fmt::Write as _;
use std::time::Duration;

use keyholder::sim::{Fault, FaultKind, LocalSettings, Op, Rates, Window, World};
use proptest::prelude::*;
use proptest::sample::select;

use crate::support::Stage;

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_second_sees_more_than_the_share(
        seed in any::<u64>(),
        share in select(&[(0.02, 2), (0.05, 5), (0.1, 10), (0.5, 50)][..]),
        people in 2..40_usize,
        latency in 0..400_u64,
        // Arrival times shift by less than the pacer's cap of 50 ms: what it promises (design section 5).
        jitter in 0..50_u64,
        throttled in 0..3_usize,
    ) {
        let (share, places) = share;
        let world = World::generated(2, 30, seed);
        world.configure(|settings| {
            // The API's own limit is the share: what the pacer lets through must never be turned away.
            settings.rates = Rates { per_second: places, per_minute: 60 * places, window: Window::Sliding };
        });
        world.add_fault(Fault::once(FaultKind::throttled(None)).at(Op::MemberCreate).times(throttled));
        let mut stage = Stage::of(world);
        stage.road = LocalSettings {
            latency: Duration::from_millis(latency),
            jitter: Duration::from_millis(jitter) / 2,
            seed,
            ..LocalSettings::default()
        };
        stage.add("keyholder.toml", &format!("share = {share}\ndeadline = \"2h\""));
        let emails: Vec<String> = (0..people).map(|person| format!("p{person}@agency.example")).collect();
        let outcome = stage.run(&format!("onboard {} --role view --all --yes", emails.join(" "))).exits(0);
        prop_assert_eq!(outcome.rows().len(), 2 * people);
        prop_assert_eq!(stage.world.throttled(), throttled, "only the scripted ones were turned away");
        for name in stage.world.names() {
            prop_assert!(stage.world.busiest_second(&name) <= places as usize, "{name}");
        }
        let busiest = stage.world.busiest_second("client-0001");
        // After a 429 the lane wins its share back over seconds, so only an undisturbed one must use all of it.
        prop_assert!(throttled > 0 || people < 20 || latency > 20 || places > 10 || busiest + 1 >= places as usize, "the share is used: {busiest}");
    }

    #[test]
    fn an_admin_workspace_sees_no_more_than_its_share_over_all_that_it_speaks_for(
        seed in any::<u64>(),
        subs in 2..12_usize,
        jitter in 0..50_u64,
    ) {
        let names: Vec<String> = (0..subs).map(|sub| format!("sub-{sub}")).collect();
        let mut script = String::from("version = 1\n[[workspace]]\nname = \"agency\"\nowner = \"founder@agency.example\"\n");
        for name in &names {
            write!(script, "[[workspace]]\nname = \"{name}\"\nkeys = []\nowner = \"founder@agency.example\"\n").unwrap();
        }
        let accepted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
        write!(script, "[[group]]\nadmin = \"agency\"\naccepted = [{}]\n", accepted.join(", ")).unwrap();
        let world = World::from_script(&script, seed).unwrap();
        world.configure(|settings| settings.rates = Rates { per_second: 5, per_minute: 300, window: Window::Sliding });
        let mut stage = Stage::of(world);
        stage.road = LocalSettings { jitter: Duration::from_millis(jitter) / 2, seed, ..LocalSettings::default() };
        stage.add("keyholder.toml", "share = 0.05");
        let _done = stage.run("onboard nia@agency.example --role view -w sub-* --yes").exits(0);
        prop_assert_eq!(stage.world.throttled(), 0);
        for name in stage.world.names() {
            prop_assert!(stage.world.busiest_second(&name) <= 5, "{name}");
        }
        prop_assert!(stage.world.busiest_second("agency") >= 4, "and it uses its share");
    }
}
