//! What accounts are and what they send, day by day.

use serde_json::{Value, json};

use super::Desk;
use super::contract::require_same;
use crate::sim::put;

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
accounts = [
  { email = "noor@mail-one.example", created = "2026-11-16T10:00:00Z", sent = 20, days = [{ date = "2026-11-18", sent = 28 }, { date = "2026-11-01", bounced = 3 }] },
  { email = "idle@mail-one.example" },
  { email = "sick@mail-one.example", status = -2, warmup = -1, provider = 11, daily_limit = 5, score = 40, sent = 10, bounced = 4 },
]
"#;

impl Desk {
    async fn daily(&self, query: &str) -> (u16, Value) {
        self.get("northwind", &format!("accounts/analytics/daily?{query}")).await
    }

    /// Dates and what was sent and bounced.
    async fn days(&self, query: &str) -> Vec<(String, u64, u64)> {
        let (status, rows) = self.daily(query).await;
        assert_eq!(status, 200, "{rows}");
        let rows = rows.as_array().unwrap().iter();
        rows.map(|row| {
            (row["date"].as_str().unwrap().to_owned(), row["sent"].as_u64().unwrap(), row["bounced"].as_u64().unwrap())
        })
        .collect()
    }
}

#[tokio::test(start_paused = true)]
async fn the_days_of_an_account_are_the_sample() {
    let desk = Desk::script(WORLD);
    let (_, rows) = desk.daily("emails=noor@mail-one.example&start_date=2026-11-18&end_date=2026-11-19").await;
    let loose = ["new_leads_contacted", "replies", "unique_replies"];
    require_same("daily", &sample!("accounts.analytics-daily.json"), &rows, &loose);
}

#[tokio::test(start_paused = true)]
async fn days_run_from_the_first_mail_to_today_and_the_last_date_is_its_midnight() {
    let desk = Desk::script(WORLD);
    let day = |date: &str, sent: u64, bounced: u64| (date.to_owned(), sent, bounced);
    let usual = desk.days("emails=noor@mail-one.example&emails=idle@mail-one.example&emails=nobody@x.example").await;
    let mut wanted = vec![day("2026-11-01", 0, 3), day("2026-11-16", 20, 0), day("2026-11-17", 20, 0)];
    wanted.extend([day("2026-11-18", 28, 0), day("2026-11-19", 20, 0), day("2026-11-20", 20, 0)]);
    assert_eq!(usual, wanted, "thirty days, today included; nothing of whoever sent nothing or is not there");
    let two = "emails=noor@mail-one.example&start_date=2026-11-17&end_date=2026-11-19";
    assert_eq!(desk.days(two).await, wanted[2..4]);
    desk.world.configure(|settings| settings.end_date_included = true);
    assert_eq!(desk.days(two).await, wanted[2..5]);
    let later = desk.days("emails=noor@mail-one.example&start_date=2026-11-20&end_date=2026-11-30").await;
    assert_eq!(later, wanted[5..], "nothing was sent tomorrow");
}

#[tokio::test(start_paused = true)]
async fn too_much_is_refused_with_413_and_what_is_wrong_with_a_message_alone() {
    let desk = Desk::script(WORLD);
    let large = (413, sample!("error.413.analytics.json"));
    assert_eq!(desk.daily("").await, large, "no filter");
    let days = "emails=a@x.example&start_date=2026-10-01&end_date=2026-11-01";
    assert_eq!(desk.daily(days).await, (200, json!([])), "31 days");
    assert_eq!(desk.daily(&days.replace("11-01", "11-02")).await, large, "32 days");
    let many = |count: usize| (0..count).map(|at| format!("emails={at}@x.example&")).collect::<String>();
    assert_eq!(desk.daily(&many(200)).await.0, 200);
    for wrong in [many(201), "emails=a@x.example&start_date=yesterday".to_owned()] {
        let (status, body) = desk.daily(&wrong).await;
        let members: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!((status, members), (400, vec!["message"]));
    }
}

#[tokio::test(start_paused = true)]
async fn an_account_shows_the_figures_it_was_given() {
    let desk = Desk::script(WORLD);
    let (_, page) = desk.get("northwind", "accounts?search=sick").await;
    let account = &page["items"][0];
    let shown = ["status", "warmup_status", "provider_code", "daily_limit", "stat_warmup_score"];
    let shown: Vec<i64> = shown.iter().map(|member| account[member].as_i64().unwrap()).collect();
    assert_eq!(shown, [-2, -1, 11, 5, 40]);
    let today = "2026-11-20".parse().unwrap();
    desk.world.put("northwind", put::Accounts::nobodys(3).at("x@mail.example").sending(5, 1).on(today, 50, 40));
    let now = desk.days("emails=2.x@mail.example&start_date=2026-11-19").await;
    assert_eq!(now, [("2026-11-19".to_owned(), 5, 1), ("2026-11-20".to_owned(), 50, 40)]);
    assert_eq!(desk.world.trail("northwind").len(), 0, "nobody's accounts leave no record");
}
