//! Reading analytics, warm-up and billing: the recorded answers, and what is odd in an answer.

use jiff::civil::Date;
use serde_json::{Value, json};

use crate::api::script::{Line, Setting, Stage};
use crate::domain::{
    Billing, CampaignCounts, CampaignId, Counts, DailyCounts, DayCounts, Email, Period, Sent, Subscription, Told, Warm,
    Warmups, WorkspaceId,
};

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../../tests/contract/fixtures/", $name))
    };
}

const HOME: &str = "0197a1c3-5f60-7d11-9a21-00000000aa01";

fn home() -> WorkspaceId {
    WorkspaceId::parse(HOME).unwrap()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn november() -> Period {
    Period::new(day("2026-11-01"), day("2026-11-30")).unwrap()
}

fn answer(body: &Value) -> Line {
    Line::Answer(200, body.to_string())
}

async fn counts(line: Line) -> Told<CampaignCounts> {
    let stage = Stage::playing([line]);
    let told = stage.client.campaign_counts(november()).await;
    let path = "GET /api/v2/campaigns/analytics?start_date=2026-11-01T00%3A00%3A00Z&end_date=2026-12-01T00%3A00%3A00Z\
                &exclude_total_leads_count=true";
    assert_eq!(stage.ended()[0].line, path);
    told
}

async fn days(line: Line) -> Told<DailyCounts> {
    let stage = Stage::playing([line]);
    let told = stage.client.campaign_days(november()).await;
    let path =
        "GET /api/v2/campaigns/analytics/daily?start_date=2026-11-01T00%3A00%3A00Z&end_date=2026-12-01T00%3A00%3A00Z";
    assert_eq!(stage.ended()[0].line, path);
    told
}

fn campaign(number: u8) -> CampaignId {
    CampaignId::parse(&format!("0198b220-0a0a-7b0b-8c0c-00000000ca0{number}")).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_recorded_analytics_of_campaigns_are_read() {
    let told = counts(Line::Answer(200, fixture!("analytics.campaigns.json").to_owned())).await;
    let first = Counts {
        sent: 1200,
        contacted: 400,
        opened: 0,
        replied: 27,
        replied_automatic: Some(2),
        bounced: 4,
        unsubscribed: 1,
        opportunities: 3,
    };
    assert_eq!((told.value.len(), told.value[&campaign(1)], told.incomplete), (2, first, None));
    let told = counts(Line::Answer(200, fixture!("analytics.campaigns.required-only.json").to_owned())).await;
    assert_eq!(told.value[&campaign(3)], Counts { replied_automatic: None, ..Counts::default() });
    let told = counts(Line::Answer(200, fixture!("analytics.campaigns.empty.json").to_owned())).await;
    assert_eq!(told, Told::whole(CampaignCounts::new()));
}

#[tokio::test(start_paused = true)]
async fn the_recorded_days_are_read_and_days_outside_of_the_period_count_for_nothing() {
    let told = days(Line::Answer(200, fixture!("analytics.daily.json").to_owned())).await;
    let first = DayCounts { sent: 120, contacted: 80, opened: 0, replied: 3, opportunities: 1 };
    assert_eq!(told.value, [(day("2026-11-18"), first), (day("2026-11-19"), DayCounts::default())].into());
    let at = |date: &str| {
        let mut row: Value = serde_json::from_str::<Value>(fixture!("analytics.daily.json")).unwrap()[0].take();
        row["date"] = date.into();
        row
    };
    let told = days(answer(&json!([at("2026-10-31"), at("2026-11-30T00:00:00.000Z"), at("2026-12-01")]))).await;
    assert_eq!((told.value.keys().copied().collect::<Vec<_>>(), told.incomplete), (vec![day("2026-11-30")], None));
}

#[tokio::test(start_paused = true)]
async fn numbers_may_be_floats_or_texts_and_unknown_members_are_ignored() {
    let rows: Vec<Value> = serde_json::from_str(fixture!("analytics.campaigns.required-only.json")).unwrap();
    let mut row = rows[0].clone();
    for (member, value) in [("emails_sent_count", json!(12.0)), ("reply_count", json!("4")), ("new", json!({"a": [1]}))]
    {
        row[member] = value;
    }
    let told = counts(answer(&json!([row]))).await;
    assert_eq!((told.value[&campaign(3)].sent, told.value[&campaign(3)].replied, told.incomplete), (12, 4, None));
}

#[tokio::test(start_paused = true)]
async fn a_campaign_or_day_that_cannot_be_read_is_not_told_and_never_zero() {
    let rows: Vec<Value> = serde_json::from_str(fixture!("analytics.campaigns.json")).unwrap();
    for (member, odd) in [
        ("emails_sent_count", Value::Null),
        ("contacted_count", json!("many")),
        ("bounced_count", json!(-1)),
        ("total_opportunities", json!([1])),
        ("unsubscribed_count", json!(true)),
    ] {
        let mut odd_one = rows[0].clone();
        odd_one[member] = odd;
        let told = counts(answer(&json!([odd_one, rows[1]]))).await;
        assert_eq!(told.value.keys().collect::<Vec<_>>(), [&campaign(2)], "{member}");
        assert!(told.incomplete.unwrap().contains(member));
    }
    let mut other = rows[0].clone();
    other["emails_sent_count"] = json!(7);
    let told = counts(answer(&json!([rows[0], other, rows[1], rows[1]]))).await;
    assert_eq!(told.value.len(), 1, "told twice and differently; told twice alike it counts once");
    assert!(told.incomplete.unwrap().contains("twice"));
    let mut nobody = rows[0].clone();
    nobody["campaign_id"] = json!("../etc");
    assert!(counts(answer(&json!([nobody]))).await.incomplete.is_some());
    let told = days(answer(&json!([{"date": "someday"}, {"date": "2026-11-02", "sent": 5}]))).await;
    assert!(told.value.is_empty() && told.incomplete.is_some());
}

#[tokio::test(start_paused = true)]
async fn why_analytics_cannot_be_read_is_told_by_status() {
    for (status, body, part) in [
        (402, fixture!("error.402.no-paid-plan.json"), "402"),
        (403, fixture!("error.403.scope.json"), "403"),
        (404, fixture!("error.404.route.json"), "404"),
        (413, fixture!("error.413.analytics.json"), "413"),
        (400, fixture!("error.400.message-only.json"), "400"),
    ] {
        let told = counts(Line::Answer(status, body.to_owned())).await;
        assert!(told.value.is_empty() && told.incomplete.as_deref().unwrap().contains(part), "{told:?}");
        let told = days(Line::Answer(status, body.to_owned())).await;
        assert!(told.value.is_empty() && told.incomplete.unwrap().contains(part));
    }
}

async fn warm(accounts: &[&str], lines: impl IntoIterator<Item = Line>) -> (Warmups, Vec<String>) {
    let stage = Stage::set(Setting::default(), lines);
    let told = stage.client.account_warmups(accounts, november()).await;
    let asked = stage.ended();
    assert!(asked.iter().all(|asked| asked.line == "POST /api/v2/accounts/warmup-analytics"));
    assert_eq!(stage.tally.writes(), 0, "it reads, in spite of its method");
    (told, asked.into_iter().map(|asked| asked.body.unwrap()).collect())
}

#[tokio::test(start_paused = true)]
async fn the_recorded_warm_up_is_read() {
    let noor = Email::observed("noor@mail-one.example");
    let line = Line::Answer(200, fixture!("accounts.warmup-analytics.json").to_owned());
    let (told, asked) = warm(&["Noor@mail-one.example", "new@mail-one.example"], [line]).await;
    assert_eq!(asked, [r#"{"emails":["Noor@mail-one.example","new@mail-one.example"]}"#]);
    let days = [
        (day("2026-11-18"), Warm { sent: 10, inbox: 9, spam: 1, received: 11 }),
        (day("2026-11-19"), Warm { sent: 10, ..Warm::default() }),
    ];
    assert_eq!(told.days, [(noor.clone(), days.into())].into(), "of the new one nothing is told, and nothing is zero");
    assert_eq!((told.scores, told.unseen.len(), told.incomplete), ([(noor, 97)].into(), 0, None));
}

#[tokio::test(start_paused = true)]
async fn warm_up_that_cannot_be_read_is_not_seen_and_a_hundred_are_asked_for_at_once() {
    let body = json!({
        "email_date_data": {
            "a@x.example": { "2026-11-02": { "sent": "ten" } },
            "b@x.example": { "someday": { "sent": 1 } },
            "c@x.example": { "2026-11-02": { "sent": 3.0, "landed_inbox": null } },
            "d@x.example": [1],
            "e@x.example": { "2026-10-31": { "sent": 9 }, "2026-12-01": { "sent": 9 } },
            "stranger@x.example": { "2026-11-02": { "sent": 9 } },
        },
        "aggregate_data": { "c@x.example": { "health_score": 96.6 }, "a@x.example": null },
    });
    let asked = ["a@x.example", "b@x.example", "c@x.example", "d@x.example", "e@x.example"];
    let (told, _) = warm(&asked, [answer(&body)]).await;
    let unseen: Vec<&str> = told.unseen.iter().map(Email::as_str).collect();
    assert_eq!(unseen, ["a@x.example", "b@x.example", "d@x.example"]);
    assert_eq!(told.days.len(), 1, "{told:?}");
    assert_eq!(told.days[&Email::observed("c@x.example")][&day("2026-11-02")].sent, 3);
    assert_eq!(told.scores[&Email::observed("c@x.example")], 97);
    assert!(told.incomplete.is_some());
    let (told, _) = warm(&["a@x.example"], [answer(&json!({ "aggregate_data": {} }))]).await;
    assert_eq!(told.unseen.len(), 1);

    let many: Vec<String> = (0..250).map(|n| format!("a{n:03}@x.example")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let empty = || answer(&json!({ "email_date_data": {}, "aggregate_data": {} }));
    let too_large = Line::Answer(413, r#"{"message": "too many"}"#.to_owned());
    let (told, asked) = warm(&many, [empty(), too_large, empty()]).await;
    assert_eq!((asked.len(), told.unseen.len()), (3, 100));
    assert!(told.incomplete.unwrap().contains("413"));
    let refused = Line::Answer(403, r#"{"message": "no"}"#.to_owned());
    let (told, asked) = warm(&many, [refused]).await;
    assert_eq!((asked.len(), told.unseen.len()), (1, 250), "after a refusal that ends all no more is asked");
    let (told, asked) = warm(&[], []).await;
    assert_eq!((asked.len(), told), (0, Warmups::default()));
}

#[tokio::test(start_paused = true)]
async fn a_long_period_of_sending_is_read_span_after_span() {
    let rows = |date: &str| answer(&json!([{"date": date, "email_account": "a@x.example", "sent": 5, "bounced": 1}]));
    let stage = Stage::playing([rows("2026-10-01"), rows("2026-11-30")]);
    let period = Period::new(day("2026-10-01"), day("2026-11-30")).unwrap();
    let told = stage.client.account_daily_over(&["a@x.example", "b@x.example"], period).await;
    let asked: Vec<String> = stage.ended().into_iter().map(|asked| asked.line).collect();
    assert!(asked[0].contains("start_date=2026-10-01&end_date=2026-11-01"), "{asked:?}");
    assert!(asked[1].contains("start_date=2026-11-01&end_date=2026-12-01"));
    let of_a = &told.days[&Email::observed("a@x.example")];
    assert_eq!((of_a.len(), of_a[&day("2026-11-30")]), (2, Sent { sent: 5, bounced: 1 }));
    assert_eq!((told.unseen.len(), told.incomplete), (0, None));

    let too_large = Line::Answer(413, r#"{"message": "too large"}"#.to_owned());
    let stage = Stage::playing([rows("2026-10-01"), too_large]);
    let told = stage.client.account_daily_over(&["a@x.example"], period).await;
    stage.ended();
    assert!(told.days.is_empty() && told.unseen.len() == 1, "half of what was sent is no sum: {told:?}");
}

async fn billing(plans: Line, subscriptions: Line) -> Told<Billing> {
    let stage = Stage::playing([plans, subscriptions]);
    let told = stage.client.billing(&home()).await;
    let asked: Vec<String> = stage.ended().into_iter().map(|asked| asked.line).collect();
    let paths = [
        "GET /api/v2/workspace-billing/plan-details".to_owned(),
        "GET /api/v2/workspace-billing/subscription-details".to_owned(),
    ];
    assert_eq!(asked, paths);
    told
}

fn recorded(text: &str) -> Line {
    Line::Answer(200, text.to_owned())
}

#[tokio::test(start_paused = true)]
async fn the_recorded_plans_and_subscriptions_become_one() {
    let told = billing(
        recorded(fixture!("billing.plan-details.json")),
        recorded(fixture!("billing.subscription-details.json")),
    )
    .await;
    assert_eq!((told.incomplete, told.value.all_cancelled), (None, Some(false)));
    let products: Vec<&str> = told.value.subscriptions.iter().map(|one| one.product.as_str()).collect();
    assert_eq!(products, ["credits", "inbox_placement", "outreach"], "what is not subscribed to is not told");
    let outreach = Subscription {
        product: "outreach".to_owned(),
        plan: Some("Hypergrowth".to_owned()),
        product_id: Some("pid_hg_v1".to_owned()),
        interval: Some("month".to_owned()),
        price_cents: Some(9700),
        quantity: Some(1),
        period_end: Some(1_796_083_200),
        cancel_at: None,
        limit: Some(50_000),
        used: Some(12_044),
    };
    assert_eq!(told.value.subscriptions[2], outreach);
    let credits = &told.value.subscriptions[0];
    assert_eq!((credits.limit, credits.used, credits.price_cents), (Some(2000), Some(690), Some(4700)));

    let told = billing(
        recorded(fixture!("billing.plan-details.json")),
        recorded(fixture!("billing.subscription-details.none.json")),
    )
    .await;
    assert_eq!((told.value.all_cancelled, told.value.subscriptions.len()), (Some(true), 3));
}

#[tokio::test(start_paused = true)]
async fn what_billing_lacks_is_not_known_and_what_is_of_another_workspace_is_not_told() {
    let none = || recorded(fixture!("billing.subscription-details.none.json"));
    let told = billing(recorded(fixture!("billing.plan-details.free.json")), none()).await;
    assert!(told.value.subscriptions.is_empty() && told.incomplete.unwrap().contains("another workspace"));
    let free = fixture!("billing.plan-details.free.json").replace("5b1c2f0e-7a44-4d0b-8f7a-2f6c9f3b0b01", HOME);
    let told = billing(recorded(&free), none()).await;
    let trial = &told.value.subscriptions[0];
    assert_eq!((trial.plan.as_deref(), trial.limit, trial.used), (Some("Free Trial"), Some(100), Some(100)));
    assert_eq!((trial.price_cents, trial.period_end, trial.quantity), (None, None, None));
    let told = billing(recorded(r#"{"plan_name": "Growth"}"#), none()).await;
    assert_eq!(told.value.subscriptions[0].plan.as_deref(), Some("Growth"), "as the vendor's own programs read it");
    let odd = json!({
        "subscriptions": {
            "outreach": { "plan_name": "Growth", "price_in_dollars": "37.50", "current_period_end": 1.796e9, "quantity": {} },
            "crm": 7,
        },
    });
    let told = billing(answer(&odd), none()).await;
    let growth = &told.value.subscriptions[0];
    assert_eq!((growth.price_cents, growth.period_end), (Some(3750), Some(1_796_000_000)));
    assert!(told.incomplete.unwrap().contains("crm"));
    let foreign = json!({ "subscriptions": [{ "workspace_id": "another", "product_type": "prt_outreach" }, 7] });
    let told = billing(recorded(fixture!("billing.plan-details.json")), answer(&foreign)).await;
    assert!(told.value.subscriptions.iter().all(|one| one.quantity.is_none()) && told.incomplete.is_some());
    let own = json!({ "subscriptions": [{ "product_id": "pid_ws", "product_type": "prt_website_visitors" }] });
    let told = billing(recorded(fixture!("billing.plan-details.json")), answer(&own)).await;
    assert_eq!(told.value.subscriptions.len(), 4, "one that no plan is of stands by itself");
}

#[tokio::test(start_paused = true)]
async fn one_of_two_answers_about_billing_is_better_than_none() {
    let lapsed = || Line::Answer(402, fixture!("error.402.no-paid-plan.json").to_owned());
    let told = billing(lapsed(), recorded(fixture!("billing.subscription-details.json"))).await;
    assert_eq!(told.value.subscriptions[0].product, "outreach");
    assert!(told.incomplete.unwrap().contains("402"));
    let gone = Line::Answer(404, fixture!("error.404.route.json").to_owned());
    let told = billing(recorded(fixture!("billing.plan-details.json")), gone).await;
    assert!(told.value.subscriptions.len() == 3 && told.incomplete.unwrap().contains("404"));
    assert_eq!(told.value.all_cancelled, None);
    let told = billing(lapsed(), lapsed()).await;
    assert!(told.value == Billing::default() && told.incomplete.is_some());
}
