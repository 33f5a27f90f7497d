//! Leavers who own things: hand-overs, keys, membership, in this order, whatever goes wrong on the way.

mod doubt;
mod lead_jobs;
mod moved;
mod refused;
mod requests;
mod resumed;

use keyholder::sim::put::{Campaigns, Key, LeadLists, Leads};
use keyholder::sim::{Fault, FaultBody, FaultKind, Hand, KeyRecord, Op, World};

use crate::support::{Outcome, Stage};
use crate::{THREE, TOLERANT};

/// Who leaves, who inherits, and a third one.
const SAM: &str = "sam@agency.example";
const PRIYA: &str = "priya@agency.example";
const LEAD: &str = "lead@agency.example";

const LANES: [&str; 3] = ["acme", "birch", "cedar"];

/// The whole of it.
const OFFBOARD: &str = "offboard sam@agency.example --hand-over-to priya@agency.example --revoke-keys --all";

/// The kinds of step that are about belongings, the call each is made with, and how many of each a lane has.
const KINDS: [(&str, Op, usize); 4] = [
    ("campaign.hand_over", Op::CampaignPatch, 3),
    ("lead_list.hand_over", Op::LeadListPatch, 2),
    ("leads.reassign", Op::LeadsAssign, 2),
    ("key.revoke", Op::KeyDelete, 1),
];

/// Gives Sam things in a workspace, beside others' things of the same kinds.
fn furnish(world: &World, lane: &str) {
    world.put(lane, Campaigns::of(SAM, 3).named("Spring"));
    world.put(lane, Campaigns::of(LEAD, 2).named("Autumn"));
    world.put(lane, LeadLists::of(SAM, 2).named("Fairs"));
    world.put(lane, LeadLists::of(LEAD, 1).named("Press"));
    world.put(lane, Leads::of(SAM, 130));
    world.put(lane, Leads::of(LEAD, 20));
    world.put(lane, Key::of(SAM, "sams").recorded(KeyRecord::Id("api_key_id".into())));
    world.put(lane, Key::of(LEAD, "leads").recorded(KeyRecord::Id("api_key_id".into())));
}

/// Makes a stage of three workspaces where Sam owns things.
fn stage() -> Stage {
    let stage = Stage::script(THREE);
    stage.add("keyholder.toml", TOLERANT);
    for lane in LANES {
        furnish(&stage.world, lane);
    }
    stage
}

/// Plans, confirms, applies.
fn apply(stage: &Stage) -> Outcome {
    let plan = stage.run(&format!("{OFFBOARD} --plan-only")).exits(0).plan_id();
    stage.run(&format!("{OFFBOARD} --confirm {plan}"))
}

/// Returns how the steps of a kind ended in a workspace: the outcome, and of a held one its reason.
fn ends(outcome: &Outcome, lane: &str, kind: &str) -> Vec<String> {
    let of = outcome.rows().into_iter().filter(|row| row["workspace"] == lane && row["kind"] == kind);
    let short = |row: std::collections::BTreeMap<String, String>| match row["reason"].split_once(':') {
        Some((code, _)) if row["outcome"] == "held" => format!("held {code}"),
        _ => row["outcome"].clone(),
    };
    of.map(short).collect()
}

/// Requires that all steps of a kind ended so.
#[track_caller]
fn require_all(outcome: &Outcome, lane: &str, kind: &str, end: &str) {
    let ends = ends(outcome, lane, kind);
    assert!(!ends.is_empty() && ends.iter().all(|one| one == end), "{kind} in {lane}: {ends:?}\n{outcome}");
}

/// Requires that nothing is Sam's in a workspace, everything that was is Priya's, and everybody else's is theirs.
#[track_caller]
fn require_left(stage: &Stage, lane: &str) {
    let world = &stage.world;
    world.land_all();
    assert_eq!(stage.rows_of(lane, SAM), 0, "{lane}");
    let owners = |of: Vec<Option<String>>| {
        let count = |email: &str| of.iter().filter(|owner| **owner == world.user_id(email)).count();
        [SAM, PRIYA, LEAD].map(count)
    };
    assert_eq!(owners(world.campaigns(lane).into_iter().map(|one| one.owned_by).collect()), [0, 3, 2], "{lane}");
    assert_eq!(owners(world.lead_lists(lane).into_iter().map(|one| one.owned_by).collect()), [0, 2, 1], "{lane}");
    assert_eq!(owners(world.leads(lane).into_iter().map(|one| one.assigned_to).collect()), [0, 130, 20], "{lane}");
    let keys: Vec<String> = world.api_keys(lane).into_iter().map(|key| key.name).collect();
    assert_eq!(keys, ["main", "leads"], "{lane}");
}

/// Counts the requests of an operation for a workspace.
fn sent(stage: &Stage, lane: &str, op: Op) -> usize {
    let own = |seen: &&keyholder::sim::Seen| seen.operation == Some(op) && seen.workspace.as_deref() == Some(lane);
    stage.world.requests().iter().filter(own).count()
}

#[test]
fn what_they_own_is_handed_over_then_their_keys_are_revoked_then_they_are_removed() {
    let stage = stage();
    let outcome = apply(&stage).exits(0);
    for lane in LANES {
        for (kind, op, count) in KINDS {
            assert_eq!(ends(&outcome, lane, kind), vec!["done"; count], "{lane} {kind}\n{outcome}");
            assert_eq!(sent(&stage, lane, op), count, "{lane} {kind}");
        }
        require_all(&outcome, lane, "member.remove", "done");
        require_left(&stage, lane);
        let writes: Vec<Op> = stage
            .world
            .requests()
            .iter()
            .filter(|seen| seen.workspace.as_deref() == Some(lane))
            .filter_map(|seen| seen.operation)
            .filter(|op| op.writes())
            .collect();
        let order: Vec<usize> = writes
            .iter()
            .map(|op| usize::from(*op == Op::KeyDelete) + 2 * usize::from(*op == Op::MemberDelete))
            .collect();
        assert!(order.is_sorted(), "hand-overs, keys, membership: {writes:?}");
    }
    let again = stage.run(&format!("{OFFBOARD} --plan-only")).exits(0);
    assert!(again.planned().iter().all(|line| !line.contains(" send")), "{again}");
}

#[test]
fn a_lane_reads_each_listing_a_few_times_and_not_once_for_each_thing() {
    let stage = Stage::script(THREE);
    stage.world.put("acme", Campaigns::of(SAM, 200));
    let plan = stage.run(&format!("{OFFBOARD} --plan-only")).exits(0).plan_id();
    let before = stage.world.request_count();
    let outcome = stage.run(&format!("{OFFBOARD} --confirm {plan}")).exits(0);
    assert_eq!(ends(&outcome, "acme", "campaign.hand_over").len(), 200);
    assert_eq!(sent(&stage, "acme", Op::CampaignPatch), 200);
    assert_eq!(sent(&stage, "acme", Op::CampaignGet), 0);
    // Two pages while planning, twice for the command (it plans again), once for the steps and once for the closing look.
    assert!(sent(&stage, "acme", Op::CampaignList) <= 10, "{}", sent(&stage, "acme", Op::CampaignList));
    let took = stage.world.request_count() - before;
    // What the run needs in the least: who, members and belongings of three workspaces, 203 writes, a look at what was written.
    assert!(took < 230 + 30, "{took} requests");
}

#[test]
fn the_owner_can_inherit_and_gives_it_back_when_the_run_is_undone() {
    const FOUNDER: &str = "founder@agency.example";
    let stage = stage();
    let line = "offboard sam@agency.example --hand-over-to founder@agency.example -w acme";
    let plan = stage.run(&format!("{line} --plan-only")).exits(0).plan_id();
    let outcome = stage.run(&format!("{line} --confirm {plan}")).exits(0);
    let handed = &KINDS[..3];
    let owned = |email: &str| {
        let user = stage.world.user_id(email);
        let campaigns = stage.world.campaigns("acme").into_iter().map(|one| one.owned_by);
        let leads = stage.world.leads("acme").into_iter().map(|one| one.assigned_to);
        campaigns.chain(leads).filter(|owner| *owner == user).count()
    };
    for (kind, ..) in handed {
        require_all(&outcome, "acme", kind, "done");
    }
    assert_eq!((owned(SAM), owned(FOUNDER)), (0, 133));

    let back = Hand::Add { email: SAM.into(), role: "editor".into(), accepted: true };
    assert!(stage.world.hand("acme", &back));
    let plan = stage.run("undo --plan-only").exits(0).plan_id();
    let undone = stage.run(&format!("undo --confirm {plan}")).exits(0);
    for (kind, ..) in handed {
        require_all(&undone, "acme", kind, "done");
    }
    stage.world.land_all();
    assert_eq!((owned(SAM), owned(FOUNDER)), (133, 0));
}

/// A fault at a call in acme.
fn at(op: Op, kind: FaultKind) -> Fault {
    Fault::once(kind).on("acme").at(op)
}

fn status(status: u16) -> FaultKind {
    FaultKind::Status { status, body: FaultBody::Json, retry_after: None }
}
