//! Faults, lags and other hands on what people own and make.

use std::time::Duration;

use serde_json::{Value, json};

use super::{ACME, Desk};
use crate::api::transport::Method;
use crate::sim::{Fault, FaultBody, FaultKind, Hand, LocalSettings, Op, When, World, put};

const ANA: &str = "ana@agency.example";
const BEN: &str = "ben@agency.example";

fn desk() -> Desk {
    let desk = Desk::script(&format!("{ACME}\n[[workspace]]\nname = \"other\"\nowner = \"boss@other.example\"\n"));
    fill(&desk.world, "acme");
    desk
}

/// Three of everything, all Ana's.
fn fill(world: &World, name: &str) {
    world.put(name, put::Campaigns::of(ANA, 3).named("Q4"));
    world.put(name, put::LeadLists::of(ANA, 3));
    world.put(name, put::Leads::of(ANA, 3));
    world.put(name, put::Accounts::of(ANA, 3));
    for number in 0..3 {
        world.put(name, put::Key::of(ANA, &format!("key {number}")));
        world.put(name, put::Webhook::of(ANA, "https://hooks.example/in"));
    }
    world.put(name, put::Jobs::of(ANA, 3));
}

/// Every listing of belongings: its operation, its path, and the member that says whose its rows are.
const LISTINGS: [(Op, &str, &str); 8] = [
    (Op::CampaignList, "campaigns", "organization"),
    (Op::LeadListList, "lead-lists", "organization_id"),
    (Op::LeadsList, "leads/list", "organization"),
    (Op::AccountList, "accounts", "organization"),
    (Op::KeyList, "api-keys", "organization_id"),
    (Op::WebhookList, "webhooks", "organization"),
    (Op::JobList, "background-jobs", "workspace_id"),
    (Op::TrailList, "audit-logs", "organization_id"),
];

impl Desk {
    fn ben(&self) -> String {
        self.world.put("other", put::Jobs::of(BEN, 1));
        self.world.user_id(BEN).unwrap()
    }

    /// Every write there is on belongings, each on a thing that is there.
    fn writes(&self) -> Vec<(Op, Method, String, Option<Value>)> {
        let ben = self.ben();
        let (campaign, list) = (&self.world.campaigns("acme")[0].id, &self.world.lead_lists("acme")[0].id);
        let key = &self.world.api_keys("acme")[1].id;
        vec![
            (Op::CampaignPatch, Method::Patch, format!("campaigns/{campaign}"), Some(json!({ "owned_by": ben }))),
            (Op::LeadListPatch, Method::Patch, format!("lead-lists/{list}"), Some(json!({ "owned_by": ben }))),
            (
                Op::LeadsAssign,
                Method::Post,
                "leads/bulk-assign".to_owned(),
                Some(json!({ "organization_user_ids": [ben] })),
            ),
            (
                Op::KeyCreate,
                Method::Post,
                "api-keys".to_owned(),
                Some(json!({ "name": "new", "scopes": ["all:read"] })),
            ),
            (Op::KeyDelete, Method::Delete, format!("api-keys/{key}"), None),
        ]
    }

    /// Everything of a workspace, as text.
    fn all(&self, name: &str) -> String {
        let world = &self.world;
        world.land_all();
        format!(
            "{:?}{:?}{:?}{:?}{:?}{:?}",
            world.campaigns(name),
            world.lead_lists(name),
            world.leads(name),
            world.api_keys(name),
            world.trail(name),
            world.members(name)
        )
    }

    async fn list(&self, path: &str, limit: usize, after: Option<&Value>) -> (u16, Value) {
        if path == "leads/list" {
            let mut body = json!({ "limit": limit });
            if let Some(after) = after {
                body["starting_after"] = after.clone();
            }
            return self.ask("acme", Method::Post, path, Some(&body)).await;
        }
        let mut query = url::form_urlencoded::Serializer::new(format!("limit={limit}&"));
        after.map(|after| query.append_pair("starting_after", after.as_str().unwrap()));
        self.get("acme", &format!("{path}?{}", query.finish())).await
    }
}

#[tokio::test(start_paused = true)]
async fn every_write_takes_effect_once_and_says_so() {
    let desk = desk();
    for (op, method, path, body) in desk.writes() {
        let before = desk.all("acme");
        let (status, _) = desk.ask("acme", method, &path, body.as_ref()).await;
        assert_eq!(status, if op == Op::LeadsAssign { 202 } else { 200 }, "{op}");
        assert_ne!(desk.all("acme"), before, "{op}");
    }
    assert_eq!(desk.world.writes("acme"), 5);
    let seen = desk.world.requests();
    assert!(seen.iter().all(|seen| seen.wrote && seen.operation.is_some_and(Op::writes)));
    let ops: Vec<Op> = desk.world.effects("acme").iter().map(|effect| effect.operation).collect();
    let assigned = [Op::LeadsAssign; 3];
    assert_eq!(ops, [&[Op::CampaignPatch, Op::LeadListPatch][..], &assigned, &[Op::KeyCreate, Op::KeyDelete]].concat());
    let given = &desk.world.effects("acme")[0];
    assert_eq!((given.from.clone(), given.to.clone()), (desk.world.user_id(ANA), desk.world.user_id(BEN)));
    assert_eq!(&*given.email, "Q4 1");
}

#[tokio::test(start_paused = true)]
async fn a_write_that_changes_nothing_is_no_effect_and_leaves_no_record() {
    let desk = desk();
    let before = desk.all("acme");
    let ana = desk.world.user_id(ANA).unwrap();
    let (campaign, list) = (desk.world.campaigns("acme")[0].id.clone(), desk.world.lead_lists("acme")[0].id.clone());
    for path in [format!("campaigns/{campaign}"), format!("lead-lists/{list}")] {
        assert_eq!(desk.ask("acme", Method::Patch, &path, Some(&json!({ "owned_by": ana }))).await.0, 200);
    }
    assert_eq!((desk.all("acme"), desk.world.writes("acme")), (before, 0));
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_was_applied_and_a_lost_request_or_a_status_was_not() {
    let refused = FaultKind::Status { status: 500, body: FaultBody::Json, retry_after: None };
    let after = FaultKind::StatusAfter { status: 502, body: FaultBody::Html };
    let kinds = [
        (FaultKind::LoseAnswer, true),
        (after, true),
        (FaultKind::Truncate, true),
        (FaultKind::Html, true),
        (FaultKind::LoseRequest, false),
        (refused, false),
    ];
    for (kind, applied) in kinds {
        for number in 0..5 {
            let desk = desk();
            let (op, method, path, body) = desk.writes().remove(number);
            let before = desk.all("acme");
            desk.world.add_fault(Fault::once(kind.clone()).on("acme").at(op));
            // How it is answered is the same for every operation, and tested with members.
            drop(desk.send("acme", method, &path, body.map(|body| body.to_string()).as_deref()).await);
            assert_eq!(desk.all("acme") != before, applied, "{} at {op}", kind.as_str());
            assert_eq!(desk.world.writes("acme"), usize::from(applied), "{} at {op}", kind.as_str());
            desk.world.require_all_faults_fired().unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_write_lands_when_its_time_has_come() {
    for number in 0..5 {
        let desk = desk();
        let (op, method, path, body) = desk.writes().remove(number);
        desk.world.configure(|settings| settings.assign_lag = Duration::ZERO);
        desk.world.add_fault(Fault::once(FaultKind::Late { after: Duration::from_secs(20) }).at(op));
        desk.send("acme", method, &path, body.map(|body| body.to_string()).as_deref()).await.unwrap_err();
        let (campaigns, leads, keys) =
            (desk.world.campaigns("acme"), desk.world.leads("acme"), desk.world.api_keys("acme"));
        let lists = desk.world.lead_lists("acme");
        desk.clock.sleep(Duration::from_secs(20)).await;
        desk.get("acme", "workspaces/current").await;
        let same = (campaigns, leads, keys, lists)
            == (
                desk.world.campaigns("acme"),
                desk.world.leads("acme"),
                desk.world.api_keys("acme"),
                desk.world.lead_lists("acme"),
            );
        assert!(!same, "{op}");
        assert!(desk.world.requests()[0].wrote, "{op}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_ignored_write_answers_in_the_right_shape_and_changes_nothing() {
    let desk = desk();
    desk.world.add_fault(Fault::always(FaultKind::Ignore));
    let before = desk.all("acme");
    let secrets = desk.world.keys();
    for (op, method, path, body) in desk.writes() {
        let (status, said) = desk.ask("acme", method, &path, body.as_ref()).await;
        assert_eq!(status, if op == Op::LeadsAssign { 202 } else { 200 }, "{op}");
        if matches!(op, Op::CampaignPatch | Op::LeadListPatch) {
            assert_eq!(said["owned_by"], desk.world.user_id(ANA).unwrap(), "{op}: the lie can be seen");
        }
        assert_eq!(desk.all("acme"), before, "{op}");
    }
    assert_eq!((desk.world.writes("acme"), desk.world.keys()), (0, secrets));
}

#[tokio::test(start_paused = true)]
async fn a_cursor_loop_goes_round_in_every_listing() {
    let desk = desk();
    desk.world.add_fault(Fault::always(FaultKind::CursorLoop));
    for (op, path, _) in LISTINGS {
        let (_, first) = desk.list(path, 2, None).await;
        let cursor = &first["next_starting_after"];
        assert!(first["items"].as_array().unwrap().len() == 2 && cursor.is_string(), "{op}");
        assert_eq!(desk.list(path, 2, Some(cursor)).await.1, first, "{op}");
    }
}

#[tokio::test(start_paused = true)]
async fn foreign_rows_say_so_in_their_own_word() {
    let desk = desk();
    let (own, other) = (desk.world.workspace_id("acme").unwrap(), desk.world.workspace_id("other").unwrap());
    for (op, path, member) in LISTINGS {
        let says =
            |page: &Value| page["items"].as_array().unwrap().iter().map(|row| row[member].clone()).collect::<Vec<_>>();
        let (_, page) = desk.list(path, 2, None).await;
        assert_eq!(says(&page), [own.as_str(), &own], "{op}");
        desk.world.add_fault(Fault::once(FaultKind::Foreign).at(op));
        let (_, page) = desk.list(path, 2, None).await;
        assert_eq!(says(&page), [other.as_str(), &other], "{op}");
    }
    desk.world.require_all_faults_fired().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_partial_page_misses_rows_without_a_word() {
    let desk = desk();
    for (op, path, _) in LISTINGS {
        let (_, whole) = desk.list(path, 2, None).await;
        desk.world.add_fault(Fault::once(FaultKind::Partial { rows: 1 }).at(op));
        let (status, page) = desk.list(path, 2, None).await;
        assert_eq!((status, page["items"].as_array().unwrap().len()), (200, 1), "{op}");
        assert_eq!(page["next_starting_after"], whole["next_starting_after"], "{op}");
    }
}

#[tokio::test(start_paused = true)]
async fn with_a_lag_reads_show_what_was_until_its_time_has_come() {
    let (lag, nearly) = (Duration::from_secs(10), Duration::from_millis(9_999));
    let desk = desk();
    desk.world.configure(|settings| (settings.lag, settings.assign_lag) = (lag, Duration::ZERO));
    let seen = async || {
        let mut all = Vec::new();
        for (op, path, _) in LISTINGS {
            if op != Op::TrailList {
                all.push(desk.list(path, 100, None).await.1["items"].clone());
            }
        }
        let campaign = desk.world.campaigns("acme")[0].id.clone();
        all.push(desk.get("acme", &format!("campaigns/{campaign}")).await.1);
        all
    };
    let before = seen().await;
    for (op, method, path, body) in desk.writes() {
        let (_, said) = desk.ask("acme", method, &path, body.as_ref()).await;
        if op == Op::CampaignPatch {
            assert_eq!(said["owned_by"], desk.ben(), "writes act on the true state and answer it");
        }
    }
    assert_eq!(desk.world.campaigns("acme")[0].owned_by, desk.world.user_id(BEN));
    assert_eq!(seen().await, before);
    desk.clock.sleep(nearly).await;
    assert_eq!(seen().await, before);
    desk.clock.sleep(lag.saturating_sub(nearly)).await;
    let after = seen().await;
    let changed: Vec<bool> = before.iter().zip(&after).map(|(before, after)| before != after).collect();
    // campaigns, lists, leads, accounts, keys, webhooks, jobs, one campaign
    assert_eq!(changed, [true, true, true, false, true, false, false, true]);
}

#[tokio::test(start_paused = true)]
async fn other_hands_give_delete_and_make_things_meanwhile() {
    let desk = desk();
    let lead = desk.world.leads("acme")[1].id.clone();
    let hands = [
        Hand::GiveCampaign { campaign: "Q4 1".to_owned(), to: BEN.to_owned() },
        Hand::DeleteCampaign { campaign: "Q4 2".to_owned() },
        Hand::GiveLeadList { list: desk.world.lead_lists("acme")[0].id.clone(), to: BEN.to_owned() },
        Hand::AssignLead { lead, to: BEN.to_owned() },
        Hand::DeleteKey { key: "key 0".to_owned() },
        Hand::Put(put::Key::of(BEN, "another").into()),
    ];
    for hand in hands {
        desk.world.add_fault(Fault::once(FaultKind::Meanwhile { when: When::Before, hand }));
    }
    desk.clock.sleep(Duration::from_mins(1)).await;
    desk.get("acme", "workspaces/current").await;
    desk.world.require_all_faults_fired().unwrap();
    let ben = desk.world.user_id(BEN);
    let campaigns = desk.world.campaigns("acme");
    let names: Vec<_> = campaigns.iter().map(|campaign| campaign.name.as_str()).collect();
    assert_eq!((names, campaigns[0].owned_by.clone()), (vec!["Q4 1", "Q4 3"], ben.clone()));
    assert_eq!(desk.world.lead_lists("acme")[0].owned_by, ben);
    assert_eq!(desk.world.leads("acme").iter().filter(|lead| lead.assigned_to == ben).count(), 1);
    let keys = desk.world.api_keys("acme");
    let names: Vec<_> = keys.iter().map(|key| key.name.as_str()).collect();
    assert_eq!(names, ["main", "key 1", "key 2", "another"]);
    assert_eq!(keys[3].timestamp_created, "2026-11-20T08:01:00.000Z", "made now");
    let mut codes: Vec<_> = desk.world.trail("acme").iter().rev().take(4).map(|record| record.activity).collect();
    codes.sort_unstable();
    assert_eq!(codes, [3, 11, 37, 38]);
    assert_eq!(desk.world.writes("acme"), 0, "no request wrote");
}

#[tokio::test(start_paused = true)]
async fn a_dead_key_a_lapsed_plan_and_a_spent_limit_refuse_them_like_everything_else() {
    let desk = Desk::script(
        "[settings]\nper_second = 1\n[[workspace]]\nname = \"dead\"\nkeys = [{ dead = true }]\n\
         [[workspace]]\nname = \"lapsed\"\nplan = \"lapsed\"\n[[workspace]]\nname = \"busy\"\n\
         [[workspace]]\nname = \"narrow\"\nkeys = [{ scopes = [\"workspaces:read\"] }]\n",
    );
    for (_, path, _) in LISTINGS {
        desk.clock.sleep(Duration::from_secs(2)).await;
        let ask = async |name: &str| {
            let (method, body) =
                if path == "leads/list" { (Method::Post, Some(json!({}))) } else { (Method::Get, None) };
            desk.ask(name, method, path, body.as_ref()).await.0
        };
        assert_eq!((ask("dead").await, ask("lapsed").await), (401, 402), "{path}");
        assert_eq!(ask("narrow").await, if path == "webhooks" { 200 } else { 403 }, "{path}");
        assert_eq!((ask("busy").await, ask("busy").await), (200, 429), "{path}");
    }
}

#[test]
fn the_same_seed_makes_the_same_things_and_another_workspace_renames_none() {
    let made = |workspaces: usize, seed: u64| {
        let desk = Desk::at(World::generated(workspaces, 3, seed));
        for name in desk.world.names() {
            fill(&desk.world, &name);
        }
        let mut secrets = desk.world.keys();
        secrets.sort();
        let accounts =
            (desk.world.accounts("client-0002"), desk.world.jobs("client-0002"), desk.world.webhooks("client-0002"));
        (format!("{}{accounts:?}", desk.all("client-0002")), secrets.len())
    };
    assert_eq!(made(3, 5), made(3, 5));
    assert_eq!(made(3, 5).0, made(9, 5).0);
    assert_ne!(made(3, 5).0, made(3, 6).0);
    assert_eq!(made(3, 5).1, 12);
}

#[tokio::test(start_paused = true)]
async fn a_large_fleet_is_made_at_once_and_a_page_costs_what_is_on_it() {
    let desk = Desk::with(World::generated(500, 3, 1), LocalSettings::default());
    for name in desk.world.names() {
        desk.world.put(&name, put::Campaigns::of("ops.lead@agency.example", 200));
        desk.world.put(&name, put::Leads::nobodys(3000));
    }
    let (mut after, mut pages) = (None::<Value>, 0);
    loop {
        let mut body = json!({ "limit": 100 });
        if let Some(after) = after.take() {
            body["starting_after"] = after;
        }
        let (_, page) = desk.ask("client-0500", Method::Post, "leads/list", Some(&body)).await;
        pages += 1;
        match page.get("next_starting_after") {
            Some(cursor) => after = Some(cursor.clone()),
            None => break,
        }
    }
    assert_eq!(pages, 30);
    assert_eq!(desk.get("client-0250", "campaigns?limit=100").await.1["items"].as_array().unwrap().len(), 100);
}
