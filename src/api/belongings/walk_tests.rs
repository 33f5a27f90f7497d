//! Walking through lists: cursors, ends, bounds, refusals, and what an answer that holds secrets may say.

use std::time::Duration;

use serde_json::{Value, json};

use crate::api::script::{CANARY, Line, Seen, Setting, Stage};
use crate::api::{Error, Incomplete, LeadsQuery, MOST_LEAD_PAGES, Operation, Refusal};
use crate::domain::{CampaignId, LeadId, UserId, WorkspaceId};
use crate::trouble::Advise as _;

const HOME: &str = "0197a1c3-5f60-7d11-9a21-00000000aa01";
const NOOR: &str = "0198c4d5-10fe-7a6b-8e44-0000000e0003";
/// A key of somebody else's, as an answer may show it.
const SECRET: &str = "ZmFrZS1rZXktMDAxLW5vdC1hLXNlY3JldA==";

macro_rules! fixture {
    ($name:literal) => {
        Line::Answer(200, include_str!(concat!("../../../tests/contract/fixtures/", $name)).to_owned())
    };
}

fn home() -> WorkspaceId {
    WorkspaceId::parse(HOME).unwrap()
}

fn noor() -> UserId {
    UserId::parse(NOOR).unwrap()
}

fn page(ids: impl IntoIterator<Item = String>, cursor: Value) -> Line {
    let items: Vec<Value> = ids
        .into_iter()
        .map(|id| json!({"id": id, "organization": HOME, "organization_id": HOME, "workspace_id": HOME, "timestamp": "t", "activity_type": 1}))
        .collect();
    let mut page = json!({ "items": items });
    page["next_starting_after"] = cursor;
    Line::Answer(200, page.to_string())
}

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

fn lines(seen: &[Seen]) -> Vec<&str> {
    seen.iter().map(|seen| seen.line.as_str()).collect()
}

#[tokio::test(start_paused = true)]
async fn every_form_of_cursor_is_fed_back_whole() {
    let stage = Stage::playing([fixture!("lead-lists.page1.json"), fixture!("lead-lists.last.json")]);
    stage.client.lead_lists(&home(), |_| true).await.unwrap();
    assert_eq!(
        lines(&stage.ended()),
        [
            "GET /api/v2/lead-lists?limit=100",
            "GET /api/v2/lead-lists?limit=100&starting_after=2026-08-08T08%3A08%3A08.888Z"
        ]
    );
    let stage = Stage::playing([fixture!("accounts.page1.json"), fixture!("accounts.last.json")]);
    stage.client.sending_accounts(&home(), |_| true).await.unwrap();
    assert_eq!(
        stage.ended()[1].line,
        "GET /api/v2/accounts?limit=100&starting_after=2026-04-08T10%3A11%3A12.131Z%26tomas%2Bx%40mail-two.example"
    );
    let stage = Stage::playing([fixture!("background-jobs.page1.json"), fixture!("background-jobs.last.json")]);
    stage.client.jobs(&home(), |_| true).await.unwrap();
    assert_eq!(stage.ended()[1].line, "GET /api/v2/background-jobs?limit=100&starting_after=673da0f0a1b2c3d4e5f60001");
    let stage = Stage::playing([fixture!("audit-logs.page1.json"), fixture!("audit-logs.last.json")]);
    stage.client.trail(&home(), Some(37), |_| true).await.unwrap();
    assert_eq!(
        lines(&stage.ended()),
        [
            "GET /api/v2/audit-logs?limit=1000&activity_type=37",
            "GET /api/v2/audit-logs?limit=1000&activity_type=37&starting_after=019a4a00-9d9d-7e9e-8f9f-000000000002"
        ]
    );
    let stage = Stage::playing([fixture!("audit-logs.empty.json"), fixture!("webhooks.last.json")]);
    stage.client.trail(&home(), None, |_| true).await.unwrap();
    stage.client.webhooks(&home()).await.unwrap();
    assert_eq!(lines(&stage.ended()), ["GET /api/v2/audit-logs?limit=1000", "GET /api/v2/webhooks?limit=100"]);
}

#[tokio::test(start_paused = true)]
async fn leads_are_asked_for_in_the_body_and_that_is_a_read() {
    let stage = Stage::playing([
        Line::Reset,
        fixture!("leads.list.page1.json"),
        Line::Answer(500, String::new()),
        fixture!("leads.list.last.json"),
    ]);
    let query = LeadsQuery::AssignedTo(vec![noor()]);
    let listing = stage.client.leads(&home(), &query, |_| true).await.unwrap();
    assert_eq!((listing.rows.len(), listing.complete), (2, Ok(())));
    let seen = stage.ended();
    assert!(seen.iter().all(|seen| seen.line == "POST /api/v2/leads/list"), "{seen:?}");
    let first = format!(r#"{{"organization_user_ids":["{NOOR}"],"limit":100}}"#);
    let second = format!(
        r#"{{"organization_user_ids":["{NOOR}"],"limit":100,"starting_after":"0199f440-2c2c-7d2d-8e2e-000000001ead"}}"#
    );
    let bodies: Vec<_> = seen.iter().map(|seen| seen.body.clone().unwrap()).collect();
    assert_eq!(bodies, [first.clone(), first, second.clone(), second], "repeated like any read");
    assert_eq!((stage.tally.requests(), stage.tally.writes()), (4, 0));

    let stage = Stage::playing([page(ids(&["a"]), json!(null))]);
    let query = LeadsQuery::Ids(vec![LeadId::parse("a").unwrap(), LeadId::parse("b").unwrap()]);
    stage.client.leads(&home(), &query, |_| true).await.unwrap();
    assert_eq!(stage.ended()[0].body.as_deref(), Some(r#"{"ids":["a","b"],"limit":100}"#));
}

#[tokio::test(start_paused = true)]
async fn nobodys_leads_are_not_asked_for() {
    let stage = Stage::playing([]);
    for query in [LeadsQuery::AssignedTo(Vec::new()), LeadsQuery::Ids(Vec::new())] {
        let listing = stage.client.leads(&home(), &query, |_| true).await.unwrap();
        assert_eq!((listing.rows.len(), listing.complete), (0, Ok(())));
    }
    assert!(stage.ended().is_empty());
}

#[tokio::test(start_paused = true)]
async fn too_many_leads_are_counted_as_at_least_so_many() {
    let full = |n: usize| (0..100).map(move |row| format!("l{n}-{row}"));
    let most = (0..MOST_LEAD_PAGES).map(|n| page(full(n), json!(format!("c{n}"))));
    let stage = Stage::set(Setting { places: 1000, ..Setting::default() }, most);
    let query = LeadsQuery::AssignedTo(vec![noor()]);
    let mut seen = 0;
    let listing = stage
        .client
        .leads(&home(), &query, |_| {
            seen += 1;
            seen % 100 == 0
        })
        .await
        .unwrap();
    assert_eq!((seen, listing.rows.len(), listing.complete.clone()), (10_000, 100, Err(Incomplete::TooManyLeads)));
    assert!(listing.complete.unwrap_err().to_string().contains("at least so many"));
    assert_eq!(stage.ended().len(), MOST_LEAD_PAGES);

    // As many, and no more behind them.
    let exact = (0..MOST_LEAD_PAGES).map(|n| {
        let cursor = if n + 1 == MOST_LEAD_PAGES { json!("") } else { json!(format!("c{n}")) };
        page(full(n), cursor)
    });
    let stage = Stage::set(Setting { places: 1000, ..Setting::default() }, exact);
    assert_eq!(stage.client.leads(&home(), &query, |_| false).await.unwrap().complete, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn other_lists_have_no_such_bound() {
    let pages =
        (0..=MOST_LEAD_PAGES).map(|n| page([format!("r{n}")], json!((n < MOST_LEAD_PAGES).then_some(n.to_string()))));
    let stage = Stage::set(Setting { places: 1000, ..Setting::default() }, pages);
    let listing = stage.client.trail(&home(), None, |_| true).await.unwrap();
    assert_eq!((listing.rows.len(), listing.complete), (MOST_LEAD_PAGES + 1, Ok(())));
    stage.ended();
}

#[tokio::test(start_paused = true)]
async fn every_list_ends_as_the_contract_says_and_a_row_is_seen_once() {
    for cursor in [json!(null), json!(""), json!({})] {
        let stage = Stage::playing([page(ids(&["a", "b"]), json!("c1")), page(ids(&["b", "c"]), cursor)]);
        let mut seen = Vec::new();
        let listing = stage
            .client
            .campaigns(&home(), |campaign| {
                seen.push(campaign.id.to_string());
                campaign.id.as_str() != "b"
            })
            .await
            .unwrap();
        assert_eq!((seen.join(","), listing.rows.len(), listing.complete), ("a,b,c".to_owned(), 2, Ok(())));
        stage.ended();
    }
    let stage = Stage::playing([page(ids(&["a"]), json!("c1")), page(ids(&[]), json!("c2"))]);
    assert_eq!(stage.client.keys(&home()).await.unwrap().complete, Ok(()));
    stage.ended();
    let stage = Stage::playing([page(ids(&["a"]), json!("c1")), page(ids(&["b"]), json!("c1"))]);
    let listing = stage.client.jobs(&home(), |_| true).await.unwrap();
    assert_eq!((listing.rows.len(), listing.complete), (2, Err(Incomplete::CursorRepeated)));
    stage.ended();
}

#[tokio::test(start_paused = true)]
async fn a_row_that_changed_hands_while_it_was_read_makes_the_listing_incomplete() {
    let owned = |owner: Value| {
        let row = json!({"id": "a", "organization": HOME, "owned_by": owner});
        Line::Answer(200, json!({"items": [row], "next_starting_after": "c1"}).to_string())
    };
    let stage = Stage::playing([owned(json!(NOOR)), owned(json!(null))]);
    let listing = stage.client.campaigns(&home(), |_| true).await.unwrap();
    assert_eq!((listing.rows.len(), listing.complete), (1, Err(Incomplete::Changed { id: "a".to_owned() })));
}

#[tokio::test(start_paused = true)]
async fn campaigns_of_sales_agents_are_asked_for_unless_the_parameter_is_refused() {
    let refusal = || Line::Answer(400, r#"{"statusCode":400,"error":"Bad Request","message":"unknown"}"#.to_owned());
    let stage = Stage::playing([refusal(), page(ids(&["a"]), json!("c1")), page(ids(&["b"]), json!(null))]);
    let listing = stage.client.campaigns(&home(), |_| true).await.unwrap();
    assert_eq!((listing.rows.len(), listing.complete), (2, Ok(())));
    assert_eq!(
        lines(&stage.ended()),
        [
            "GET /api/v2/campaigns?limit=100&include_ai_sales_agent_campaigns=true",
            "GET /api/v2/campaigns?limit=100",
            "GET /api/v2/campaigns?limit=100&starting_after=c1"
        ]
    );
    // A refusal later on is no word about the parameter.
    let stage = Stage::playing([page(ids(&["a"]), json!("c1")), refusal()]);
    let error = stage.client.campaigns(&home(), |_| true).await.unwrap_err();
    assert!(matches!(error, Error::Refused { status: 400, .. }));
    assert_eq!(
        stage.ended()[1].line,
        "GET /api/v2/campaigns?limit=100&include_ai_sales_agent_campaigns=true&starting_after=c1"
    );
    let stage = Stage::playing([refusal(), refusal()]);
    assert!(stage.client.campaigns(&home(), |_| true).await.is_err());
    stage.ended();
}

#[tokio::test(start_paused = true)]
async fn one_campaign_is_the_one_that_was_asked_for() {
    let id = CampaignId::parse("a").unwrap();
    for body in [json!({"id": "b"}), json!({"id": "a", "organization": "another"}), json!({"error": "NOPE"}), json!({})]
    {
        let stage = Stage::playing((0..4).map(|_| Line::Answer(200, body.to_string())));
        let error = stage.client.campaign(&home(), &id).await.unwrap_err();
        assert!(matches!(error, Error::Unreadable { .. }), "{body}: {error:?}");
        assert_eq!(stage.ended().len(), 4);
    }
    let missing = r#"{"statusCode":404,"error":"Not Found","message":"no"}"#.to_owned();
    let stage = Stage::playing([Line::Answer(404, missing)]);
    let error = stage.client.campaign(&home(), &id).await.unwrap_err();
    assert!(matches!(error, Error::Refused { refusal: Refusal::Missing, .. }));
}

#[tokio::test(start_paused = true)]
async fn a_key_without_the_scope_is_told_which_one_it_needs() {
    let refusals = (0..2).map(|_| Line::Answer(403, r#"{"message":"no"}"#.to_owned()));
    let stage = Stage::playing(refusals);
    let advice = stage.client.trail(&home(), None, |_| true).await.unwrap_err().advice().join("\n");
    assert!(advice.contains("to read the audit log, a key needs one of the scopes `audit_logs:read`"), "{advice}");
    let advice = stage.client.webhooks(&home()).await.unwrap_err().advice().join("\n");
    assert!(advice.contains("to list webhooks is unpublished: try a key with `webhooks:read`"), "{advice}");
}

/// Lists keys and webhooks over answers that hold secrets and cannot be taken; returns all that is told of it.
async fn told(status: u16, body: &str) -> String {
    let mut told = Vec::new();
    for operation in [Operation::KeyList, Operation::WebhookList] {
        let stage = Stage::playing((0..4).map(|_| Line::Answer(status, body.to_owned())));
        let incomplete = match operation {
            Operation::KeyList => stage.client.keys(&home()).await.map(|listing| listing.complete),
            _ => stage.client.webhooks(&home()).await.map(|listing| listing.complete),
        };
        told.push(match incomplete {
            Ok(complete) => complete.unwrap_err().to_string(),
            Err(error) => format!("{error} {error:?} {:?}", error.advice()),
        });
    }
    told.join("\n")
}

#[tokio::test(start_paused = true)]
async fn no_answer_makes_anybodys_secret_be_quoted() {
    let cut = format!(r#"{{"items": [{{"id": "a", "key": "{SECRET}""#);
    let wrong = json!({"items": {"key": SECRET}}).to_string();
    let only = json!({"error": format!("key {SECRET} and {CANARY} cannot be shown")}).to_string();
    let odd =
        json!({"items": [{"id": "a b", "key": SECRET, "organization_id": HOME, "headers": {"x": SECRET}}]}).to_string();
    let html = format!("<html>{SECRET}</html>");
    for body in [&cut, &wrong, &only, &odd, &html] {
        let told = told(200, body).await;
        assert!(!told.contains("ZmFrZS1r") && !told.contains("canary"), "{told}");
    }
    for status in [400, 401, 403, 409, 500, 503] {
        for hidden in
            [SECRET.to_owned(), SECRET.replace("ZmFr", "Zm\u{200b}Fr"), format!("{}{SECRET}", "to be ".repeat(32))]
        {
            let echo = json!({"message": format!("the key {hidden} and {CANARY} may not"), "key": SECRET}).to_string();
            let told = told(status, &echo).await;
            assert!(!told.contains("ZmFr") && !told.contains("canary"), "{told}");
            assert!(told.contains("the key") || hidden.len() > 100, "words are told: {told}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn listings_read_side_by_side_share_the_pace() {
    let stage = Stage::set(Setting { places: 1, ..Setting::default() }, (0..4).map(|_| page(ids(&[]), json!(null))));
    let home = home();
    let (keys, webhooks, jobs, trail) = futures::join!(
        stage.client.keys(&home),
        stage.client.webhooks(&home),
        stage.client.jobs(&home, |_| true),
        stage.client.trail(&home, None, |_| true),
    );
    assert!(keys.is_ok() && webhooks.is_ok() && jobs.is_ok() && trail.is_ok());
    for pair in stage.ended().windows(2) {
        assert!(pair[1].at >= pair[0].at + Duration::from_secs(1));
    }
}
