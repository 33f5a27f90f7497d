//! What a certificate claims, and what keeps it from claiming it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use keyholder::sim::{Fault, FaultBody, FaultKind, KeyRecord, Op, put};
use serde_json::json;

use super::{HEIR, LEE, agency, by_hand, carried_out, certificate, certificates, claim, outcomes};

const WHOLE: [&str; 6] = ["offboard", LEE, "--hand-over-to", HEIR, "--revoke-keys", "--all"];

fn scope_lacking(op: Op) -> Fault {
    Fault::always(FaultKind::Status { status: 403, body: FaultBody::Json, retry_after: None }).on("acme").at(op)
}

#[test]
fn everything_is_handed_over_revoked_and_removed_and_the_certificate_says_so() {
    let world = agency();
    let ended = carried_out(&world, &WHOLE).exits(0);
    let expected = [
        ("campaign.hand_over", "done"),
        ("campaign.hand_over", "done"),
        ("lead_list.hand_over", "done"),
        ("leads.reassign", "done"),
        ("key.revoke", "done"),
        ("member.remove", "done"),
    ];
    let expected = expected.map(|(kind, outcome)| (kind.to_owned(), outcome.to_owned()));
    assert_eq!(outcomes(&ended, "acme"), expected, "{ended}");
    let heir = world.sim.user_id(HEIR);
    let owners: Vec<_> = world.sim.campaigns("acme").into_iter().map(|one| (one.name, one.owned_by)).collect();
    assert!(
        owners.iter().filter(|(name, _)| name.starts_with("Spring")).all(|(_, owner)| *owner == heir),
        "{owners:?}"
    );
    assert!(world.sim.leads("acme").iter().all(|lead| lead.assigned_to == heir));
    assert!(!world.emails("acme").contains(&LEE.to_owned()) && !world.emails("globex").contains(&LEE.to_owned()));

    let paper = certificate(&world, LEE);
    assert_eq!(claim(&paper), ("no_access_left", true), "{paper:#}");
    let acme = &paper["workspaces"][0];
    assert_eq!(acme["before"]["memberships"][0]["role"], "editor");
    assert_eq!(acme["before"]["campaigns"].as_array().unwrap().len(), 2);
    assert_eq!(acme["before"]["leads"], json!({ "count": 3, "exact": true }));
    assert_eq!(acme["steps"][5]["outcome"], "done");
    assert_eq!((&paper["run"]["operator"], &paper["run"]["reason"]), (&json!("tester"), &json!("gone & <away>")));
    let tasks: Vec<String> = by_hand(&paper, "acme").into_iter().map(|(task, _)| task).collect();
    for task in ["mailbox_password", "webhook", "job", "campaign_made"] {
        assert!(tasks.iter().any(|one| one == task), "{task}: {tasks:?}");
    }
    assert!(!tasks.iter().any(|one| one == "not_handed_over" || one == "key"), "{tasks:?}");
    let initech = &paper["workspaces"][2]["before"];
    assert_eq!(initech["belongings_looked_for"], false, "nobody knows Lee in initech");
    assert_eq!(initech["keys_looked_for"], true, "Lee may have left a key there before keyholder came");
    assert_eq!(paper["workspaces_without_account"], 1);
    ended.says("lee@agency.example: no access left (3 of 3 workspaces seen whole)").says("by hand: ").done();
}

#[test]
fn the_page_escapes_what_it_names_runs_nothing_and_no_secret_stands_in_it() {
    let world = agency();
    carried_out(&world, &WHOLE).exits(0).done();
    let folder = certificates(&world);
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    for ending in ["html", "json"] {
        let path = folder.join(format!("{LEE}.{ending}"));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{ending}");
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains("canary"), "a webhook's query is a secret");
        for key in world.sim.keys() {
            assert!(!text.contains(&key));
        }
    }
    let page = fs::read_to_string(folder.join(format!("{LEE}.html"))).unwrap();
    assert!(page.contains("Spring &lt;b&gt;bold&lt;/b&gt;") && page.contains("gone &amp; &lt;away&gt;"), "{page}");
    assert!(!page.contains("<script") && !page.contains("<b>bold") && page.contains("names several clients"));
    let first = page.find("No access left").unwrap();
    assert!(
        first < page.find("What a person must still do").unwrap()
            && first < page.find("Workspace by workspace").unwrap()
    );
    assert!(page.contains("Nothing found") && !page.contains("unused"));
}

#[test]
fn a_workspace_or_a_listing_that_cannot_be_read_always_makes_it_incomplete() {
    let world = agency();
    world.sim.revoke_keys("globex");
    world.agency(|text| text);
    carried_out(&world, &WHOLE).exits(20).says("incomplete").done();
    let paper = certificate(&world, LEE);
    assert_eq!(claim(&paper), ("incomplete", false), "{paper:#}");
    assert_eq!(paper["unreadable"][0]["workspace"], "globex");

    for op in
        [Op::CampaignList, Op::LeadsList, Op::KeyList, Op::WebhookList, Op::TrailList, Op::JobList, Op::AccountList]
    {
        let world = agency();
        world.sim.add_fault(scope_lacking(op));
        let ended = carried_out(&world, &["offboard", LEE, "--all"]).exits(33);
        assert!(!world.emails("acme").contains(&LEE.to_owned()), "access goes first\n{ended}");
        let paper = certificate(&world, LEE);
        assert!(!paper["complete"].as_bool().unwrap() && paper["verdict"] != "no_access_left", "{op:?}\n{paper:#}");
        world.run(&["evidence", "--person", LEE]).exits(33).done();
    }
}

/// Somebody who was thrown out of every workspace in the app, before keyholder knew them.
const GONE: &str = "gone@agency.example";

#[test]
fn who_left_before_keyholder_knew_them_may_have_left_a_key_and_it_is_listed_by_hand() {
    let world = agency();
    let key = |by, name| put::Key::of(by, name).recorded(KeyRecord::Id("id".into()));
    world.sim.put("globex", key(GONE, "old sync"));
    world.sim.put("globex", key("ops@agency.example", "ops sync"));
    world.sim.put("initech", put::Key::of(GONE, "unrecorded").recorded(KeyRecord::Absent));
    let before = world.sim.request_count();
    let ended = carried_out(&world, &["offboard", GONE, "--all"]).exits(0);
    let reads = |op| world.sim.requests()[before..].iter().filter(|seen| seen.operation == Some(op)).count();
    assert_eq!(
        (reads(Op::KeyList), reads(Op::TrailList)),
        (2 * 3, 2 * 3),
        "once to plan, once to confirm, nowhere else"
    );
    assert_eq!(reads(Op::WebhookList) + reads(Op::CampaignList) + reads(Op::LeadsList), 0, "they cannot be told");
    let paper = certificate(&world, GONE);
    assert_eq!(claim(&paper), ("no_access_left", true), "{paper:#}");
    assert_eq!((&paper["workspaces_without_account"], paper["gaps"].as_array().unwrap().len()), (&json!(3), 0));
    let unknown = |workspace| {
        let hand = by_hand(&paper, workspace);
        hand.into_iter().filter(|(task, _)| task == "key_of_unknown_maker").map(|(_, name)| name).collect::<Vec<_>>()
    };
    assert_eq!((unknown("globex"), unknown("initech")), (vec!["old sync".to_owned()], vec!["unrecorded".to_owned()]));
    let page = fs::read_to_string(certificates(&world).join(format!("{GONE}.html"))).unwrap();
    assert!(page.contains("Workspaces in which no account of this person is known: 3."), "{page}");
    ended.says("no account of theirs is known in 3 workspaces").done();
}

#[test]
fn who_left_before_and_whose_keys_cannot_be_looked_at_has_no_complete_certificate() {
    for op in [Op::KeyList, Op::TrailList] {
        let world = agency();
        world.sim.add_fault(scope_lacking(op));
        carried_out(&world, &["offboard", GONE, "--all"]).exits(33).says("incomplete").done();
        let paper = certificate(&world, GONE);
        assert_eq!(claim(&paper), ("incomplete", false), "{op:?}\n{paper:#}");
        assert_eq!(paper["gaps"][0]["workspace"], "acme");
    }
}

#[test]
fn what_is_not_asked_for_is_left_and_listed() {
    let world = agency();
    let ended = carried_out(&world, &["offboard", LEE, "--all"]).exits(0);
    assert_eq!(outcomes(&ended, "acme"), [("member.remove".to_owned(), "done".to_owned())]);
    let paper = certificate(&world, LEE);
    assert_eq!(claim(&paper), ("access_left", true), "{paper:#}");
    let left = &paper["workspaces"][0]["access_left"];
    assert_eq!((&left[0]["kind"], &left[0]["name"]), (&json!("key"), &json!("lees key")));
    let hand = by_hand(&paper, "acme");
    let names: Vec<&str> =
        hand.iter().filter(|(task, _)| task == "not_handed_over").map(|(_, name)| name.as_str()).collect();
    assert_eq!(names.len(), 4, "{names:?}");
    assert!(names.contains(&"lead list \"Warm\"") && names.contains(&"3 leads assigned to them"), "{names:?}");
    world.run(&["evidence", "--person", LEE]).exits(0).says("access is left").done();
    world.run(&["evidence", "--person", LEE, "--detailed-exitcode"]).exits(10).done();
    ended.says("lee@agency.example: access is left").says("revoking was not asked for").done();
}

#[test]
fn an_owner_stays_and_is_a_thing_to_do_by_hand() {
    let world = agency();
    carried_out(&world, &["offboard", "founder@agency.example", "-w", "initech"]).exits(30).done();
    let paper = certificate(&world, "founder@agency.example");
    assert_eq!(claim(&paper), ("access_left", true), "{paper:#}");
    assert_eq!(by_hand(&paper, "initech")[0].0, "owner", "{paper:#}");
}

#[test]
fn an_heir_who_is_no_member_holds_the_hand_over_and_the_membership_goes_all_the_same() {
    let world = agency();
    world.sim.put("globex", keyholder::sim::put::Campaigns::of(LEE, 1).named("Solo"));
    let ended = carried_out(&world, &["offboard", LEE, "--hand-over-to", HEIR, "-w", "globex"]).exits(30);
    let expected = [("campaign.hand_over", "held"), ("member.remove", "done")];
    assert_eq!(outcomes(&ended, "globex"), expected.map(|(kind, end)| (kind.to_owned(), end.to_owned())), "{ended}");
    let paper = certificate(&world, LEE);
    assert_eq!(claim(&paper), ("no_access_left", true), "{paper:#}");
    let hand = by_hand(&paper, "globex");
    let solo = ("not_handed_over".to_owned(), "campaign \"Solo\"".to_owned());
    assert!(hand.contains(&solo), "{hand:?}");
    let own = ("key_in_use".to_owned(), "main".to_owned());
    assert_eq!(hand.last(), Some(&own), "the key this was done with may be known to the leaver too: {hand:?}");
    ended.says("by hand: Hand this over to a colleague").done();
}

#[test]
fn the_certificate_is_made_again_from_the_ledger_alone_with_the_same_bytes() {
    let world = agency();
    carried_out(&world, &[&WHOLE[..], &["--certificates", "../papers"]].concat()).exits(0).done();
    let kept = fs::read(certificates(&world).join(format!("{LEE}.html"))).unwrap();
    assert_eq!(fs::read(world.folder().join("papers").join(format!("{LEE}.html"))).unwrap(), kept);
    let asked = world.sim.request_count();
    let ended = world.run(&["evidence", "last", "--person", LEE, "--out", "../again"]).exits(0);
    assert_eq!(fs::read(world.folder().join("again").join(format!("{LEE}.html"))).unwrap(), kept);
    assert_eq!(world.sim.request_count(), asked, "no network");
    assert_eq!(ended.rows().len(), 2, "{ended}");
    let full = ["evidence", "last", "--person", LEE, "--out", "../papers"];
    world.run(&full).exits(74).says("is not empty").done();
    world.run(&["evidence", "--person", "nobody@agency.example"]).exits(2).says("was not about nobody@").done();
    world.run(&["evidence"]).exits(2).says("--out").done();
}

#[test]
fn a_folder_that_cannot_take_certificates_is_refused_before_anything_is_sent() {
    let world = agency();
    world.write("notes.txt", "mine");
    let args = [&WHOLE[..], &["--certificates", "."]].concat();
    world.run(&args).exits(2).says("nothing was sent").done();
    world.run(&[&WHOLE[..], &["--certificates", "x", "-o", "plan.json"]].concat()).exits(2).done();
    assert_eq!(world.sim.request_count(), 0);
}

#[test]
fn a_link_in_the_place_of_a_certificate_is_refused_and_not_followed() {
    let world = agency();
    carried_out(&world, &WHOLE).exits(0).done();
    let path = certificates(&world).join(format!("{LEE}.json"));
    world.write("victim", "mine");
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink(world.root().join("victim"), &path).unwrap();
    world.run(&["evidence", "--person", LEE]).exits(74).says("is not a plain file").done();
    assert_eq!(world.read("victim"), "mine");
}

#[test]
fn a_saved_plan_keeps_who_leaves_and_its_run_is_certified_too() {
    let world = agency();
    let plan = world.run(&[&WHOLE[..], &["-o", "plan.json"]].concat()).exits(0).plan_id();
    world.run(&["apply", "plan.json", "--confirm", &plan]).exits(0).says("no access left").done();
    let paper = certificate(&world, LEE);
    assert_eq!(claim(&paper), ("no_access_left", true), "{paper:#}");
    assert_eq!(paper["asked"][0]["hand_over_to"], HEIR);
    assert_eq!(paper["run"]["command"], "apply");
}

#[test]
fn a_later_offboarding_still_finds_what_somebody_left_who_is_no_member_any_more() {
    let world = agency();
    carried_out(&world, &["offboard", LEE, "-w", "acme"]).exits(0).done();
    let ended = carried_out(&world, &["offboard", LEE, "--hand-over-to", HEIR, "--revoke-keys", "-w", "acme"]);
    let kinds: Vec<(String, String)> = outcomes(&ended, "acme");
    assert_eq!(kinds.len(), 6, "{ended}");
    assert!(kinds[..5].iter().all(|(_, outcome)| outcome == "done"), "{ended}");
    assert_eq!(kinds[5], ("member.remove".to_owned(), "already".to_owned()));
    assert_eq!(claim(&certificate(&world, LEE)), ("no_access_left", true));
    ended.exits(0).done();
}

#[test]
fn a_run_that_only_revoked_keys_can_be_verified() {
    let world = agency();
    carried_out(&world, &["offboard", LEE, "-w", "acme"]).exits(0).done();
    let ended = carried_out(&world, &["offboard", LEE, "--revoke-keys", "-w", "acme"]).exits(0);
    let expected = [("key.revoke", "done"), ("member.remove", "already")];
    assert_eq!(outcomes(&ended, "acme"), expected.map(|(kind, end)| (kind.to_owned(), end.to_owned())), "{ended}");
    let ended = world.run(&["verify", "last"]).exits(0);
    assert_eq!((&ended.rows()[0]["kind"][..], &ended.rows()[0]["state"][..]), ("key.revoke", "holds"), "{ended}");
    world.sim.add_fault(scope_lacking(Op::KeyList));
    world.run(&["verify", "last"]).exits(33).says("1 unseen").done();
}
