//! What campaigns sent and got, how warm accounts are, what is paid for, and trails of any length.

use std::time::Duration;

use serde_json::{Value, json};

use super::Desk;
use super::contract::require_same;
use crate::api::transport::Method;
use crate::sim::{Fault, FaultKind, Op, put};

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

const WORLD: &str = r#"
[[workspace]]
name = "northwind"
id = "0197a1c3-5f60-7d11-9a21-00000000aa01"
title = "Northwind Dental"
owner = "founder@agency.example"
admin = ["noor@agency.example"]
campaigns = [
  { name = "Q4 dentists", sends = 200, created = "2026-09-02T09:00:00Z" },
  { name = "Reactivation", sends = 40, status = 2, created = "2026-10-20T09:00:00Z" },
  { name = "Idle" },
  { name = "Draft", sends = 40, status = 0 },
]
accounts = [
  { email = "noor@mail-one.example", created = "2026-11-16T10:00:00Z" },
  { email = "cold@mail-one.example", warmup = 0 },
  { email = "ill@mail-one.example", score = 40, warmup = 1 },
]
billing = { plan = "Hypergrowth", price = 97, leads = 50000, used = 12044, credits = 2000, credits_left = 1310, until = "2026-12-01T00:00:00Z" }

[[workspace]]
name = "gone"
billing = { cancelled = true }

[[workspace]]
name = "lapsed"
plan = "lapsed"
"#;

/// The members of an object, in order.
fn members(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// Adds a member up over rows.
fn sum(rows: &Value, member: &str) -> u64 {
    rows.as_array().unwrap().iter().map(|row| row[member].as_u64().unwrap()).sum()
}

impl Desk {
    async fn figures(&self, query: &str) -> Value {
        let (status, rows) = self.get("northwind", &format!("campaigns/analytics{query}")).await;
        assert_eq!(status, 200, "{rows}");
        rows
    }
}

#[tokio::test(start_paused = true)]
async fn rows_of_campaigns_and_days_have_the_members_of_the_samples() {
    let desk = Desk::script(WORLD);
    let rows = desk.figures("").await;
    assert_eq!(rows.as_array().unwrap().len(), 2, "of what never sent nothing is told");
    assert_eq!(members(&rows[0]), members(&sample!("analytics.campaigns.json")[0]));
    let days = desk.figures("/daily?start_date=2026-11-18&end_date=2026-11-20").await;
    assert_eq!(members(&days[0]), members(&sample!("analytics.daily.json")[0]));
    assert_eq!(days.as_array().unwrap().len(), 2, "the last date is its midnight");
    desk.world.configure(|settings| settings.end_date_included = true);
    assert_eq!(desk.figures("/daily?start_date=2026-11-18&end_date=2026-11-20").await.as_array().unwrap().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn sums_over_campaigns_and_over_days_agree_and_a_period_is_the_sum_of_its_parts() {
    let desk = Desk::script(WORLD);
    let of = |from: &str, to: &str| format!("?start_date={from}T00:00:00Z&end_date={to}T00:00:00Z");
    let names = [
        ("emails_sent_count", "sent"),
        ("contacted_count", "contacted"),
        ("open_count_unique", "unique_opened"),
        ("reply_count_unique", "unique_replies"),
        ("reply_count_automatic_unique", "unique_replies_automatic"),
        ("total_opportunities", "opportunities"),
    ];
    for (from, to) in [("2026-09-01", "2026-10-01"), ("2026-10-01", "2026-11-01"), ("2026-11-01", "2026-12-01")] {
        let rows = desk.figures(&of(from, to)).await;
        let days = desk.figures(&format!("/daily{}", of(from, to))).await;
        for (of_campaign, of_day) in names {
            assert_eq!(sum(&rows, of_campaign), sum(&days, of_day), "{from} {of_campaign}");
        }
        assert!(sum(&rows, "emails_sent_count") > 1000);
    }
    let whole = desk.figures(&of("2026-09-01", "2026-12-01")).await;
    let parts =
        [desk.figures(&of("2026-09-01", "2026-10-15")).await, desk.figures(&of("2026-10-15", "2026-12-01")).await];
    for member in ["emails_sent_count", "bounced_count", "total_opportunities", "unsubscribed_count"] {
        assert_eq!(sum(&whole, member), parts.iter().map(|part| sum(part, member)).sum::<u64>(), "{member}");
    }
    let again = Desk::script(WORLD);
    assert_eq!(again.figures("").await, desk.figures("").await, "the seed decides");
}

#[tokio::test(start_paused = true)]
async fn a_campaign_can_be_asked_for_alone_and_nonsense_is_refused_with_a_message_alone() {
    let desk = Desk::script(WORLD);
    let all = desk.figures("").await;
    let id = all[1]["campaign_id"].as_str().unwrap().to_owned();
    assert_eq!(desk.figures(&format!("?ids={id}")).await[0], all[1]);
    let sent = sum(&desk.figures(&format!("/daily?campaign_id={id}&start_date=2026-09-01")).await, "sent");
    assert_eq!(sent, all[1]["emails_sent_count"].as_u64().unwrap());
    for wrong in ["?start_date=yesterday", "?start_date=2026-11-02&end_date=2026-11-01", "/daily?end_date=2026"] {
        let (status, body) = desk.get("northwind", &format!("campaigns/analytics{wrong}")).await;
        assert_eq!((status, members(&body)), (400, vec!["message"]), "{wrong}");
    }
}

#[tokio::test(start_paused = true)]
async fn warm_up_is_told_of_accounts_that_warm_up() {
    let desk = Desk::script(WORLD);
    let warm = async |emails: &Value| {
        desk.ask("northwind", Method::Post, "accounts/warmup-analytics", Some(&json!({ "emails": emails }))).await
    };
    let asked = json!(["noor@mail-one.example", "cold@mail-one.example", "ill@mail-one.example", "nobody@x.example"]);
    let (status, told) = warm(&asked).await;
    let sample = sample!("accounts.warmup-analytics.json");
    assert_eq!((status, members(&told)), (200, members(&sample)));
    assert_eq!(members(&told["email_date_data"]), ["noor@mail-one.example", "ill@mail-one.example"]);
    let (noor, of) =
        ("noor@mail-one.example", |value: &Value, part: &str| value[part]["noor@mail-one.example"].clone());
    assert_eq!(members(&of(&told, "aggregate_data")), members(&of(&sample, "aggregate_data")), "{noor}");
    let days = of(&told, "email_date_data");
    assert_eq!(members(&days), ["2026-11-16", "2026-11-17", "2026-11-18", "2026-11-19"]);
    assert_eq!(members(&days["2026-11-18"]), members(&of(&sample, "email_date_data")["2026-11-18"]));
    let sent: u64 = days.as_object().unwrap().values().map(|day| day["sent"].as_u64().unwrap()).sum();
    assert_eq!(of(&told, "aggregate_data")["sent"], sent);
    let ill = &told["aggregate_data"]["ill@mail-one.example"];
    assert!(ill["landed_spam"].as_u64() > ill["landed_inbox"].as_u64(), "{ill}");
    for wrong in [json!([]), json!("x"), json!(vec!["a@x.example"; 101])] {
        assert_eq!(warm(&wrong).await.0, 400, "{wrong}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_paid_for_is_the_samples() {
    let desk = Desk::script(WORLD);
    let (_, plans) = desk.get("northwind", "workspace-billing/plan-details").await;
    let loose = ["plan_name", "price_in_dollars", "product_id", "addons_qty", "base_lead_limit", "available_credits"];
    require_same("plans", &sample!("billing.plan-details.json"), &plans, &loose);
    let (_, paid) = desk.get("northwind", "workspace-billing/subscription-details").await;
    let sample = sample!("billing.subscription-details.json");
    require_same("subscription", &sample["subscriptions"][0], &paid["subscriptions"][0], &[]);
    assert_eq!((paid["subscriptions"].as_array().unwrap().len(), members(&paid)), (2, members(&sample)));
    let (_, none) = desk.get("gone", "workspace-billing/subscription-details").await;
    assert_eq!(none, sample!("billing.subscription-details.none.json"));
    let (status, _) = desk.get("lapsed", "workspace-billing/plan-details").await;
    assert_eq!(status, 402);
}

/// Every record of a trail, page by page.
async fn trail(desk: &Desk, query: &str) -> Vec<Value> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let (status, page) = desk.get("northwind", &format!("audit-logs?limit=70{query}{after}")).await;
        assert_eq!(status, 200, "{page}");
        all.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next_starting_after"].as_str() {
            Some(cursor) => after = format!("&starting_after={cursor}"),
            None => return all,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_trail_is_whole_in_order_and_among_the_other_records() {
    let desk = Desk::script(WORLD);
    let newest = "2026-11-19T00:00:00Z".parse().unwrap();
    desk.world.put("northwind", put::LongTrail { rows: 1000, newest, apart: Duration::from_mins(1) });
    desk.world
        .put("northwind", put::Records::of("noor@agency.example", 34, 3).at("2026-11-18T20:00:30Z".parse().unwrap()));
    let all = trail(&desk, "").await;
    assert_eq!(all.len(), 1003);
    assert!(all.windows(2).all(|two| two[0]["id"].as_str() > two[1]["id"].as_str()), "newest first, none twice");
    assert!(all.windows(2).all(|two| two[0]["timestamp"].as_str() >= two[1]["timestamp"].as_str()));
    let sample = sample!("audit-logs.page1.json");
    assert!(all.iter().all(|row| members(row) == members(&sample["items"][0])));
    assert!(all.iter().any(|row| row["from_api"] == true && row["api_key_id"].is_string()));
    assert!(all.iter().any(|row| row["user_name"].is_string() && row["audit_metadata"]["name"].is_string()));
    let exports = trail(&desk, "&activity_type=34").await;
    assert_eq!(exports.len(), all.iter().filter(|row| row["activity_type"] == 34).count());
    let days = trail(&desk, "&start_date=2026-11-18T20:00:00Z&end_date=2026-11-18T21:00:00Z").await;
    assert_eq!(days.len(), 61 + 3);
    let by_name = trail(&desk, "&search=founder").await;
    assert!(!by_name.is_empty() && by_name.len() < all.len());
    assert_eq!(trail(&desk, "&start_date=2026-11-20").await.len(), 0);
    desk.world.add_fault(Fault::once(FaultKind::CursorLoop).at(Op::TrailList));
    let (_, page) = desk.get("northwind", "audit-logs?limit=70").await;
    assert_eq!(page["items"].as_array().unwrap().len(), 70, "faults work on it too");
}

#[tokio::test(start_paused = true)]
async fn every_workspace_can_be_given_a_long_trail_at_once() {
    let desk = Desk::script(WORLD);
    desk.world.trail_rows(150);
    let all = trail(&desk, "").await;
    assert_eq!((all.len(), all[0]["timestamp"].as_str()), (150, Some("2026-11-20T00:00:00.000Z")));
    let narrow = super::super::World::from_script(
        "version = 1\n[[workspace]]\nname = \"n\"\nkeys = [{ name = \"main\", scopes = [\"campaigns:read\"] }]",
        7,
    );
    let desk = Desk::at(narrow.unwrap());
    desk.world.trail_rows(5);
    for path in ["audit-logs", "workspace-billing/plan-details", "workspace-billing/subscription-details"] {
        assert_eq!(desk.get("n", path).await.0, 403, "{path}");
    }
    assert_eq!(
        desk.ask("n", Method::Post, "accounts/warmup-analytics", Some(&json!({ "emails": ["a"] }))).await.0,
        403
    );
    assert_eq!(desk.get("n", "campaigns/analytics").await.0, 200, "no scope is published");
}
