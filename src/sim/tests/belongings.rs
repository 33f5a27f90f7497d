//! What people own and make, held against the contract's samples: the same members in the same order, the same types, the same values where
//! the samples do not invent them.

use serde_json::{Value, json};

use super::Desk;
use super::contract::require_same;
use crate::api::transport::Method;
use crate::sim::{KeyShown, LastPage, World, put};

macro_rules! sample {
    ($name:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/contract/fixtures/",
            $name
        )))
        .unwrap()
    };
}

const NOOR: &str = "0198c4d5-10fe-7a6b-8e44-0000000e0003";
const TOMAS: &str = "0197b002-77aa-7f10-9d33-0000000e0002";

/// The workspace of the samples.
const WORLD: &str = r#"
[[workspace]]
name = "northwind"
id = "0197a1c3-5f60-7d11-9a21-00000000aa01"
owner = "owner@agency.example"
member = [{ email = "noor@agency.example", role = "admin" }]
campaigns = [
  { id = "0198b220-0a0a-7b0b-8c0c-00000000ca01", name = "Q4 dentists", owner = "0198c4d5-10fe-7a6b-8e44-0000000e0003" },
  { id = "0198b220-0a0a-7b0b-8c0c-00000000ca02", name = "Reactivation", owner = "0198c4d5-10fe-7a6b-8e44-0000000e0003", status = 2 },
  { id = "0198b220-0a0a-7b0b-8c0c-00000000ca03", name = "Bounced out", status = -2 },
]
lead_lists = [
  { id = "0198d330-1b1b-7c1c-8d1d-0000000001a1", name = "Dentists TX", owner = "0198c4d5-10fe-7a6b-8e44-0000000e0003", created = "2026-08-08T08:08:08.888Z" },
  { id = "0198d330-1b1b-7c1c-8d1d-0000000001a2", name = "Referrals", created = "2026-08-08T08:08:08.888Z" },
]
leads = [
  { campaign = "Q4 dentists", assigned = "0198c4d5-10fe-7a6b-8e44-0000000e0003", uploaded = "0198c4d5-10fe-7a6b-8e44-0000000e0003" },
  { list = "Dentists TX", uploaded = "0198c4d5-10fe-7a6b-8e44-0000000e0003" },
]
accounts = [
  { email = "noor@mail-one.example", added_by = "0198c4d5-10fe-7a6b-8e44-0000000e0003", created = "2026-04-08T10:11:12.131Z" },
  { email = "tomas+x@mail-two.example", added_by = "0197b002-77aa-7f10-9d33-0000000e0002", created = "2026-04-08T10:11:12.131Z", status = -1 },
]
webhooks = [{ name = "Replies to CRM", event = "reply_received", target = "https://hooks.agency.example/in/1", created = "2026-01-20T00:00:00Z" }]
jobs = [{ kind = "move-leads", by = "0197b002-77aa-7f10-9d33-0000000e0002", created = "2026-11-20T06:00:00Z" }]
"#;

/// Members whose values only the seed knows.
const OF_SEED: [&str; 5] =
    ["timestamp_created", "timestamp_updated", "timestamp_warmup_start", "next_starting_after", "entity_id"];
const OF_LEAD: [&str; 9] = [
    "id",
    "timestamp_created",
    "timestamp_updated",
    "email",
    "company_name",
    "company_domain",
    "next_starting_after",
    "payload",
    "status",
];

fn desk() -> Desk {
    Desk::script(WORLD)
}

async fn leads(desk: &Desk, body: &Value) -> Value {
    desk.ask("northwind", Method::Post, "leads/list", Some(body)).await.1
}

#[tokio::test(start_paused = true)]
async fn campaigns_are_the_samples() {
    let desk = desk();
    let (_, first) = desk.get("northwind", "campaigns?limit=2").await;
    require_same("page1", &sample!("campaigns.page1.json"), &first, &OF_SEED);
    let cursor = first["next_starting_after"].as_str().unwrap();
    let (_, last) = desk.get("northwind", &format!("campaigns?limit=2&starting_after={cursor}")).await;
    require_same("last", &sample!("campaigns.last.json"), &last, &OF_SEED);
    let id = "0198b220-0a0a-7b0b-8c0c-00000000ca01";
    let (_, one) = desk.get("northwind", &format!("campaigns/{id}")).await;
    require_same("get", &sample!("campaign.get.json"), &one, &OF_SEED);
    let path = format!("campaigns/{id}");
    let (status, patched) =
        desk.ask("northwind", Method::Patch, &path, Some(&json!({ "owned_by": TOMAS, "colour": 3 }))).await;
    assert_eq!(status, 200);
    require_same("patched", &sample!("campaign.patched-owner.json"), &patched, &OF_SEED);
    assert_eq!(desk.world.campaigns("northwind")[0].owned_by.as_deref(), Some(TOMAS));
}

#[tokio::test(start_paused = true)]
async fn lead_lists_are_the_samples_and_no_two_have_the_same_cursor() {
    let desk = desk();
    let (_, first) = desk.get("northwind", "lead-lists?limit=1").await;
    require_same("page1", &sample!("lead-lists.page1.json"), &first, &[]);
    let (_, last) = desk.get("northwind", "lead-lists?limit=1&starting_after=2026-08-08T08:08:08.888Z").await;
    require_same("last", &sample!("lead-lists.last.json"), &last, &["timestamp_created"]);
    assert_eq!(
        last["items"][0]["timestamp_created"], "2026-08-08T08:08:08.889Z",
        "the sample's own twin is a millisecond later"
    );
    let path = "lead-lists/0198d330-1b1b-7c1c-8d1d-0000000001a1";
    let (status, patched) = desk.ask("northwind", Method::Patch, path, Some(&json!({ "owned_by": TOMAS }))).await;
    assert_eq!(status, 200);
    require_same("patched", &sample!("lead-list.patched-owner.json"), &patched, &[]);
    let (status, _) = desk.ask("northwind", Method::Patch, path, Some(&json!({ "colour": 3 }))).await;
    assert_eq!(status, 400, "a closed body has nothing left without its unknown members");
}

#[tokio::test(start_paused = true)]
async fn leads_are_the_samples_and_page_in_the_body() {
    let desk = desk();
    let first = leads(&desk, &json!({ "limit": 1 })).await;
    require_same("page1", &sample!("leads.list.page1.json"), &first, &OF_LEAD);
    let last = leads(&desk, &json!({ "limit": 1, "starting_after": first["next_starting_after"] })).await;
    require_same(
        "last",
        &sample!("leads.list.last.json"),
        &last,
        &[OF_LEAD.as_slice(), &["verification_status"]].concat(),
    );
    let (status, accepted) = desk
        .ask("northwind", Method::Post, "leads/bulk-assign", Some(&json!({ "organization_user_ids": [TOMAS] })))
        .await;
    assert_eq!((status, accepted), (202, sample!("leads.bulk-assign.accepted.json")));
}

#[tokio::test(start_paused = true)]
async fn accounts_are_the_samples_and_their_cursor_is_of_two_members() {
    let desk = desk();
    desk.world.configure(|settings| settings.last_page = LastPage::Cursor);
    let (_, page) = desk.get("northwind", "accounts?limit=2").await;
    let loose = [OF_SEED.as_slice(), &["first_name", "last_name", "provider_code", "warmup_status"]].concat();
    require_same("page1", &sample!("accounts.page1.json"), &page, &loose);
    assert_eq!(page["next_starting_after"], sample!("accounts.page1.json")["next_starting_after"]);
    let behind = async |cursor: &str| {
        let (_, page) = desk.get("northwind", &format!("accounts?starting_after={cursor}")).await;
        page["items"].as_array().unwrap().len()
    };
    assert_eq!(behind("2026-04-08T10%3A11%3A12.131Z%26noor%40mail-one.example").await, 1);
    assert_eq!(behind("2026-04-08T10%3A11%3A12.131Z%26tomas%2Bx%40mail-two.example").await, 0);
    assert_eq!(behind("2026-04-08T10%3A11%3A12.131Z").await, 0, "the older form is behind all of its moment");
    assert_eq!(
        behind("2026-04-08T10:11:12.131Z&noor@mail-one.example").await,
        0,
        "unescaped, it is cut at the ampersand"
    );
}

#[tokio::test(start_paused = true)]
async fn keys_webhooks_and_jobs_are_the_samples() {
    let desk = desk();
    let (_, page) = desk.get("northwind", "webhooks").await;
    let sample = json!({ "items": sample!("webhooks.page1.json")["items"] });
    require_same("webhooks", &sample, &page, &["id"]);
    let (_, page) = desk.get("northwind", "background-jobs").await;
    let sample = json!({ "items": sample!("background-jobs.page1.json")["items"] });
    require_same("jobs", &sample, &page, &["id", "entity_id"]);
    let id = page["items"][0]["id"].as_str().unwrap();
    assert!(id.len() == 24 && id.starts_with("6a0c") || id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");

    let body = json!({ "name": "reporting", "scopes": ["campaigns:read", "accounts:read", "audit_logs:read", "workspace_members:read"] });
    let (status, made) = desk.ask("northwind", Method::Post, "api-keys", Some(&body)).await;
    assert_eq!(status, 200);
    require_same(
        "created",
        &sample!("api-key.created.json"),
        &made,
        &["id", "key", "timestamp_created", "timestamp_updated"],
    );
    let (status, gone) =
        desk.ask("northwind", Method::Delete, &format!("api-keys/{}", made["id"].as_str().unwrap()), None).await;
    assert_eq!((status, gone), (200, made), "the deleted object, whole");
    let members = |page: &Value| page["items"][0].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let listed = async |shown: KeyShown| {
        desk.world.configure(|settings| settings.key_shown = shown);
        desk.get("northwind", "api-keys").await.1
    };
    assert_eq!(members(&listed(KeyShown::Whole).await), members(&sample!("api-keys.page1.json")));
    let masked = listed(KeyShown::Masked).await;
    assert_eq!(members(&masked), members(&sample!("api-keys.masked.json")));
    let key = masked["items"][0]["key"].as_str().unwrap();
    assert!(key.len() == 8 && key.ends_with("****"), "{key}");
    assert!(listed(KeyShown::Absent).await["items"][0].get("key").is_none());
}

#[tokio::test(start_paused = true)]
async fn the_trail_is_the_sample() {
    let desk = Desk::at(
        World::from_script(
            r#"
version = 1
[[person]]
email = "tomas@agency.example"
first = "Tomas"
last = "Reyes"
[[workspace]]
name = "northwind"
id = "0197a1c3-5f60-7d11-9a21-00000000aa01"
owner = "owner@agency.example"
keys = [{ name = "main" }, { name = "reporting", by = "tomas@agency.example", created = "2026-11-20T07:00:00.120Z" }]
"#,
            7,
        )
        .unwrap(),
    );
    let (_, page) = desk.get("northwind", "audit-logs").await;
    let sample = json!({ "items": [sample!("audit-logs.page1.json")["items"][0]] });
    require_same("made", &sample, &page, &["id", "user_id"]);
    assert_eq!(page["items"][0]["user_id"], desk.world.user_id("tomas@agency.example").unwrap());

    desk.world.put("northwind", put::Records::of("tomas@agency.example", 1, 1));
    let (_, page) = desk.get("northwind", "audit-logs?activity_type=1").await;
    let mut login = sample!("audit-logs.last.json")["items"][0].clone();
    login["ip_address"] = "203.0.113.24".into();
    login["user_name"] = "Tomas Reyes".into();
    require_same("login", &json!({ "items": [login] }), &page, &["id", "user_id", "timestamp"]);

    desk.world.put("northwind", put::Campaigns::of("tomas@agency.example", 1));
    let id = desk.world.campaigns("northwind")[0].id.clone();
    desk.ask("northwind", Method::Patch, &format!("campaigns/{id}"), Some(&json!({ "name": "New" }))).await;
    let (_, page) = desk.get("northwind", "audit-logs?limit=1").await;
    let mut updated = sample!("audit-logs.page1.json")["items"][1].clone();
    (updated["activity_type"], updated["affected_count"]) = (11.into(), Value::Null);
    require_same("updated", &updated, &page["items"][0], &["id", "timestamp", "api_key_id", "campaign_id"]);
    assert_eq!(page["items"][0]["campaign_id"], id);
    assert_eq!(page["items"][0]["api_key_id"], desk.world.api_keys("northwind")[0].id);
}

#[tokio::test(start_paused = true)]
async fn every_listing_pages_by_ten_and_above_its_highest_limit_answers_nothing() {
    let desk = desk();
    let somebody = "noor@agency.example";
    desk.world.put("northwind", put::Campaigns::of(somebody, 120));
    desk.world.put("northwind", put::LeadLists::of(somebody, 120));
    desk.world.put("northwind", put::Leads::of(somebody, 120));
    desk.world.put("northwind", put::Accounts::of(somebody, 120));
    desk.world.put("northwind", put::Jobs::of(somebody, 120));
    desk.world.put("northwind", put::Records::of(somebody, 1, 1200));
    for number in 0..120 {
        desk.world.put("northwind", put::Key::of(somebody, &format!("key {number}")));
        desk.world.put("northwind", put::Webhook::of(somebody, "https://hooks.example/in"));
    }
    let paths =
        ["campaigns", "lead-lists", "leads/list", "accounts", "api-keys", "webhooks", "background-jobs", "audit-logs"];
    for path in paths {
        let most = if path == "audit-logs" { 1000 } else { 100 };
        let page = async |limit: Option<usize>, after: Option<&Value>| {
            if path == "leads/list" {
                let mut body = json!({});
                let members = [("limit", limit.map(Value::from)), ("starting_after", after.cloned())];
                for (member, value) in members.into_iter().filter_map(|(member, value)| Some((member, value?))) {
                    body[member] = value;
                }
                return leads(&desk, &body).await;
            }
            let limit = limit.map(|limit| format!("limit={limit}&")).unwrap_or_default();
            let mut query = url::form_urlencoded::Serializer::new(limit);
            after.map(|after| query.append_pair("starting_after", after.as_str().unwrap()));
            desk.get("northwind", &format!("{path}?{}", query.finish())).await.1
        };
        let rows = |page: &Value| page["items"].as_array().unwrap().clone();
        assert_eq!(rows(&page(None, None).await).len(), 10, "{path}");
        assert_eq!(page(Some(most + 1), None).await, json!({ "items": [] }), "{path}");
        // Followed to the end, every row comes exactly once.
        let (mut seen, mut after, mut pages) = (Vec::new(), None, 0);
        loop {
            let page = page(Some(most), after.as_ref()).await;
            seen.extend(rows(&page));
            pages += 1;
            match page.get("next_starting_after") {
                Some(cursor) => after = Some(cursor.clone()),
                None => break,
            }
        }
        let mut unique: Vec<String> = seen.iter().map(ToString::to_string).collect();
        unique.sort();
        unique.dedup();
        assert_eq!((pages, unique.len()), (2, seen.len()), "{path}");
        assert!(seen.len() >= 120, "{path}: {}", seen.len());
    }
}

#[tokio::test(start_paused = true)]
async fn campaigns_of_sales_agents_are_left_out_unless_asked_for() {
    let desk = desk();
    desk.world.put("northwind", put::Campaigns { by_agent: true, ..put::Campaigns::of(NOOR, 2) });
    let count = async |query: &str| {
        let (_, page) = desk.get("northwind", &format!("campaigns?limit=100&{query}")).await;
        page["items"].as_array().unwrap().len()
    };
    assert_eq!(count("").await, 3);
    assert_eq!(count("include_ai_sales_agent_campaigns=true").await, 5);
    assert_eq!(count("status=2").await, 1);
    assert_eq!(count("exclude_status=2").await, 2);
    assert_eq!(count("search=dent").await, 1);
}

#[tokio::test(start_paused = true)]
async fn the_trail_is_filtered_by_code_moment_and_text() {
    let desk = desk();
    let begin = "2026-11-01T00:00:00Z".parse().unwrap();
    desk.world.put("northwind", put::Records::of("noor@agency.example", 1, 3).at(begin));
    desk.world
        .put("northwind", put::Records::of("tomas@agency.example", 34, 1).at("2026-11-05T12:00:00Z".parse().unwrap()));
    let moments = async |query: &str| -> Vec<String> {
        let (_, page) = desk.get("northwind", &format!("audit-logs?limit=1000&{query}")).await;
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["timestamp"].as_str().unwrap()[..16].to_owned())
            .collect()
    };
    assert_eq!(
        moments("activity_type=1").await,
        ["2026-11-01T00:02", "2026-11-01T00:01", "2026-11-01T00:00"],
        "newest first"
    );
    assert_eq!(moments("start_date=2026-11-02").await, ["2026-11-05T12:00"]);
    assert_eq!(moments("start_date=2026-11-01&end_date=2026-11-01T00:01:00Z&activity_type=1").await.len(), 2);
    assert!(moments("start_date=2026-11-02&end_date=2026-11-05").await.is_empty(), "a date is its midnight");
    assert_eq!(moments("search=tomas").await, ["2026-11-05T12:00"]);
    let (status, _) = desk.get("northwind", "audit-logs?activity_type=login").await;
    assert_eq!(status, 400);
}

#[tokio::test(start_paused = true)]
async fn members_tags_lists_and_leads_leave_no_record() {
    let desk = desk();
    let before = desk.world.trail("northwind").len();
    desk.post("northwind", r#"{"email":"new@agency.example","role":"view"}"#).await;
    let id = desk.id("northwind", "new@agency.example");
    desk.patch("northwind", &id, r#"{"role":"editor"}"#).await;
    desk.delete("northwind", &id).await;
    let list = "lead-lists/0198d330-1b1b-7c1c-8d1d-0000000001a1";
    desk.ask("northwind", Method::Patch, list, Some(&json!({ "owned_by": TOMAS }))).await;
    desk.ask("northwind", Method::Post, "leads/bulk-assign", Some(&json!({ "organization_user_ids": [TOMAS] }))).await;
    assert_eq!(desk.world.writes("northwind"), 5);
    assert_eq!(desk.world.trail("northwind").len(), before);
}
