//! What the network does: hosts that are not there, hang, redirect or throttle.

use keyholder::sim::{Fault, FaultKind, Op};

use crate::world::World;

/// Points the root at a port where nobody listens.
fn unplug(world: &World) {
    // A port that was free a moment ago may be another test's a moment later; this one is nobody's.
    world.agency(|text| {
        text.replace(world.base_url(), "http://127.0.0.1:1").replace("deadline = \"20s\"", "deadline = \"3s\"")
    });
}

#[test]
fn where_nobody_can_be_reached_the_advice_is_to_try_again_later() {
    let world = World::three();
    unplug(&world);
    for command in [
        &["members"][..],
        &["check"],
        &["onboard", "ana@agency.example", "--role", "view", "--all", "--yes"],
        &["offboard", "lee@agency.example", "--all", "--plan-only"],
    ] {
        let ended = world.run(command).exits(75);
        assert!(ended.stdout.contains("connect") || ended.stderr.contains("connect"), "{ended}");
    }
    assert_eq!(world.sim.request_count(), 0);
}

#[test]
fn a_redirect_is_not_followed() {
    let world = World::three();
    world.sim.add_fault(Fault::always(FaultKind::Redirect).on("acme"));
    let ended = world.run(&["members", "-w", "acme"]).exits(21).says("redirect");
    assert!(ended.rows().is_empty());
    world.sim.require_all_faults_fired().unwrap();
}

#[test]
fn a_page_of_html_a_cut_body_and_a_hang_end_their_lane_alone() {
    for kind in [FaultKind::Html, FaultKind::Truncate, FaultKind::Hang] {
        let world = World::three();
        world.agency(|text| text.replace("deadline = \"20s\"", "deadline = \"3s\""));
        world.sim.add_fault(Fault::always(kind.clone()).on("globex").at(Op::MemberList));
        let ended = world.run(&["members"]).exits(33).says("globex: not read").never("<html");
        let rows = ended.rows();
        assert!(rows.iter().any(|row| row["workspace"] == "acme"), "{kind:?}\n{ended}");
        assert!(rows.iter().all(|row| row["workspace"] != "globex"), "{kind:?}\n{ended}");
        world.sim.require_all_faults_fired().unwrap();
    }
}

#[test]
fn a_hiccup_on_a_read_is_not_noticed() {
    let world = World::three();
    world.sim.add_fault(Fault::once(FaultKind::LoseRequest).on("acme").at(Op::MemberList));
    world.sim.add_fault(Fault::once(FaultKind::throttled(None)).on("globex").at(Op::MemberList));
    world.run(&["members"]).exits(0).done();
    world.sim.require_all_faults_fired().unwrap();
}

#[test]
fn no_proxy_of_the_environment_is_used() {
    let world = World::three();
    let mut command = world.command(&["check"]);
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env(name, "http://127.0.0.1:9");
    }
    world.finish(command).exits(0).done();
}

#[test]
fn two_listings_at_once_on_one_root_keep_to_one_share_of_each_workspace() {
    let world = World::of(&many());
    world.agency(|text| {
        // Long enough for a machine that has much else to do.
        let patient =
            text.replace("timeout = \"1s\"", "timeout = \"20s\"").replace("settle = \"2s\"", "settle = \"40s\"");
        patient.replace("share = 1", "share = 0.1").replace("deadline = \"20s\"", "deadline = \"5m\"")
    });
    let listing = || {
        let mut command = world.command(&["members", "--quiet"]);
        // The two go by the machine's clock, as they would outside of a test.
        command.env_remove("KEYHOLDER_TEST_START");
        command.spawn().unwrap()
    };
    // Both are read from at once: one whose reader lets it wait holds the pace of what it is still reading, and the other would wait with it.
    let ended = std::thread::scope(|scope| {
        let reads = |child: std::process::Child| scope.spawn(move || child.wait_with_output().unwrap());
        [listing(), listing()].map(reads).map(|reader| reader.join().unwrap())
    });
    let [one, other] = ended.map(|output| world.end(output).exits(0).rows().len());
    assert_eq!((one, other), (2_402, 2_402));
    for name in world.sim.names() {
        let busiest = world.sim.busiest_second(&name);
        // Ten, and on a busy machine some that arrived later than the pacers allow for; without the lock it is twenty.
        assert!(busiest <= 14, "{name} saw {busiest} requests in a second");
    }
    assert_eq!(world.sim.throttled(), 0);
}

/// Two workspaces of thirteen pages each, whose limit is less than two shares.
fn many() -> String {
    let editors = (0..1_200).map(|number| format!("\"staff.{number}@agency.example\"")).collect::<Vec<_>>().join(", ");
    let workspace = |name: &str, id: u8| {
        format!(
            "[[workspace]]\nname = \"{name}\"\nid = \"0195b2aa-7c1e-7d00-8000-00000000000{id}\"\n\
             owner = \"founder@agency.example\"\neditor = [{editors}]\n"
        )
    };
    format!("version = 1\n[settings]\nper_second = 14\n{}{}", workspace("acme", 1), workspace("globex", 2))
}
