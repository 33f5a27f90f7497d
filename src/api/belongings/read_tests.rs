//! Every recorded row is read; what may be missing, odd or newer spoils nothing, and what decides must be there.

use serde_json::{Value, json};

use crate::api::script::{CANARY, Line, Stage};
use crate::api::{Error, Incomplete, LeadsQuery, Listing};
use crate::domain::{
    Campaign, CampaignId, Job, KeyInfo, Lead, LeadList, SendingAccount, TrailRecord, UserId, Webhook, WorkspaceId,
};

const HOME: &str = "0197a1c3-5f60-7d11-9a21-00000000aa01";
const NOOR: &str = "0198c4d5-10fe-7a6b-8e44-0000000e0003";
const TOMAS: &str = "0197b002-77aa-7f10-9d33-0000000e0002";

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../../tests/contract/fixtures/", $name))
    };
}

fn home() -> WorkspaceId {
    WorkspaceId::parse(HOME).unwrap()
}

fn user(id: &str) -> Option<UserId> {
    UserId::parse(id).ok()
}

fn query() -> LeadsQuery {
    LeadsQuery::AssignedTo(vec![UserId::parse(NOOR).unwrap()])
}

/// Defines a function that lists a resource over the given answers, every row kept.
macro_rules! lists {
    ($($name:ident: $of:ty = |$client:ident| $call:expr;)*) => {$(
        async fn $name(pages: &[&str]) -> Result<Listing<$of>, Error> {
            let stage = Stage::playing(pages.iter().map(|page| Line::Answer(200, (*page).to_owned())));
            let $client = &stage.client;
            let listing = $call.await;
            stage.ended();
            assert_eq!((stage.tally.writes(), stage.tally.requests()), (0, pages.len() as u64));
            listing
        }
    )*};
}

lists! {
    campaigns: Campaign = |client| client.campaigns(&home(), |_| true);
    lead_lists: LeadList = |client| client.lead_lists(&home(), |_| true);
    leads: Lead = |client| client.leads(&home(), &query(), |_| true);
    accounts: SendingAccount = |client| client.sending_accounts(&home(), |_| true);
    keys: KeyInfo = |client| client.keys(&home());
    webhooks: Webhook = |client| client.webhooks(&home());
    jobs: Job = |client| client.jobs(&home(), |_| true);
    trail: TrailRecord = |client| client.trail(&home(), None, |_| true);
}

/// Makes a page of one answer that shows a single thing.
fn page_of(single: &str) -> String {
    json!({ "items": [serde_json::from_str::<Value>(single).unwrap()] }).to_string()
}

fn whole<T>(listing: Result<Listing<T>, Error>) -> Vec<T> {
    let Listing { rows, complete, .. } = listing.unwrap();
    assert_eq!(complete, Ok(()));
    rows
}

#[tokio::test(start_paused = true)]
async fn every_recorded_campaign_is_read() {
    let rows = whole(campaigns(&[fixture!("campaigns.page1.json"), fixture!("campaigns.last.json")]).await);
    let seen: Vec<_> = rows.iter().map(|row| (row.name.as_str(), row.status, row.owned_by.clone())).collect();
    let expected = [("Q4 dentists", Some(1), user(NOOR)), ("Reactivation", Some(2), user(NOOR))];
    assert_eq!(seen[..2], expected);
    assert_eq!(seen[2], ("Bounced out", Some(-2), None));
    assert!(whole(campaigns(&[fixture!("campaigns.empty.json")]).await).is_empty());
    for single in [fixture!("campaign.get.json"), fixture!("campaign.paused.json"), fixture!("campaign.activated.json")]
    {
        assert_eq!(whole(campaigns(&[&page_of(single)]).await).len(), 1);
        let id = serde_json::from_str::<Value>(single).unwrap()["id"].as_str().unwrap().to_owned();
        let stage = Stage::playing([Line::Answer(200, single.to_owned())]);
        let campaign = stage.client.campaign(&home(), &CampaignId::parse(&id).unwrap()).await.unwrap();
        assert_eq!(campaign.id.as_str(), id);
        assert_eq!(stage.ended()[0].line, format!("GET /api/v2/campaigns/{id}"));
    }
}

#[tokio::test(start_paused = true)]
async fn every_recorded_lead_list_and_lead_is_read() {
    let rows = whole(lead_lists(&[fixture!("lead-lists.page1.json"), fixture!("lead-lists.last.json")]).await);
    assert_eq!((rows[0].name.as_str(), &rows[0].owned_by), ("Dentists TX", &user(NOOR)));
    assert_eq!((rows[1].name.as_str(), &rows[1].owned_by), ("Referrals", &None));
    let rows = whole(lead_lists(&[&page_of(fixture!("lead-list.patched-owner.json"))]).await);
    assert_eq!(rows[0].owned_by, user(TOMAS));
    let rows = whole(leads(&[fixture!("leads.list.page1.json"), fixture!("leads.list.last.json")]).await);
    assert_eq!((&rows[0].assigned_to, &rows[1].assigned_to), (&user(NOOR), &None));
}

#[tokio::test(start_paused = true)]
async fn every_recorded_sending_account_is_read() {
    let rows = whole(accounts(&[fixture!("accounts.page1.json"), fixture!("accounts.last.json")]).await);
    let seen: Vec<_> = rows.iter().map(|row| (row.email.as_str(), row.added_by.clone())).collect();
    assert_eq!(seen[0], ("noor@mail-one.example", user(NOOR)));
    assert_eq!(seen[1], ("tomas+x@mail-two.example", user(TOMAS)));
    assert_eq!(seen[2], ("noor@mail-three.example", user(NOOR)));
    assert_eq!(whole(accounts(&[fixture!("accounts.with-tags.json")]).await).len(), 2);
    assert!(whole(accounts(&[fixture!("accounts.empty.json")]).await).is_empty());
    for single in [fixture!("account.get.json"), fixture!("account.paused.json")] {
        assert_eq!(whole(accounts(&[&page_of(single)]).await).len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn every_recorded_key_is_read_and_none_shows_its_secret() {
    let rows = whole(keys(&[fixture!("api-keys.page1.json"), fixture!("api-keys.last.json")]).await);
    let names: Vec<_> = rows.iter().map(|row| (row.name.as_str(), row.in_use)).collect();
    assert_eq!(
        names,
        [("Zapier sync", Some(false)), ("old full access", Some(false)), ("reporting", Some(false))],
        "shown whole, and another than the one that asks"
    );
    assert_eq!(
        (rows[0].scopes.join(","), rows[0].created.as_str()),
        ("leads:all,campaigns:read".to_owned(), "2025-09-10T06:30:00.000Z")
    );
    assert!(!format!("{rows:?}").contains("ZmFrZS1r"));
    assert!(!serde_json::to_string(&rows).unwrap().contains("ZmFrZS1r"));
    let rows = whole(keys(&[fixture!("api-keys.masked.json")]).await);
    assert_eq!(rows.iter().map(|row| row.in_use).collect::<Vec<_>>(), [None, None]);
    let rows = whole(keys(&[fixture!("api-keys.unknown-scope.json")]).await);
    assert_eq!(rows[0].scopes, ["supersearch_enrichments:read", "analytics:read", "brand_new:all"]);
    for single in [fixture!("api-key.created.json"), fixture!("api-key.deleted.json")] {
        assert_eq!(whole(keys(&[&page_of(single)]).await).len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn every_recorded_webhook_is_read_without_its_headers() {
    let rows = whole(webhooks(&[fixture!("webhooks.page1.json"), fixture!("webhooks.last.json")]).await);
    assert_eq!(
        (rows[0].name.as_deref(), rows[0].target.as_str()),
        (Some("Replies to CRM"), "https://hooks.agency.example/… (w:30cc8f4e)")
    );
    assert_eq!((rows[0].event.as_deref(), rows[0].status), (Some("reply_received"), Some(1)));
    assert_eq!((rows[1].name.as_deref(), rows[1].event.as_deref(), rows[1].status), (None, None, Some(-1)));
    assert!(!format!("{rows:?}").contains("fake-not-a-secret"));
    for single in [
        fixture!("webhook.get.json"),
        fixture!("webhook.created.json"),
        fixture!("webhook.patched.json"),
        fixture!("webhook.deleted.json"),
        fixture!("webhook.resumed.json"),
    ] {
        assert_eq!(whole(webhooks(&[&page_of(single)]).await).len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn every_recorded_job_is_read_and_an_unknown_state_has_not_ended() {
    let rows = whole(jobs(&[fixture!("background-jobs.page1.json"), fixture!("background-jobs.last.json")]).await);
    let seen: Vec<_> = rows.iter().map(|row| (row.kind.as_str(), row.status.as_str(), row.is_over())).collect();
    assert_eq!(
        seen,
        [
            ("move-leads", "in-progress", false),
            ("import-leads", "failed", true),
            ("update-warmup-accounts", "success", true)
        ]
    );
    assert_eq!((rows[0].user_id.clone(), rows[2].user_id.clone()), (user(TOMAS), None));
    for (single, over) in [
        (fixture!("background-job.pending.json"), false),
        (fixture!("background-job.success.json"), true),
        (fixture!("background-job.failed.json"), true),
        (fixture!("background-job.unknown-status.json"), false),
    ] {
        assert_eq!(whole(jobs(&[&page_of(single)]).await)[0].is_over(), over);
    }
}

#[tokio::test(start_paused = true)]
async fn every_recorded_record_of_the_trail_is_read() {
    let rows = whole(trail(&[fixture!("audit-logs.page1.json"), fixture!("audit-logs.last.json")]).await);
    assert_eq!(
        (rows[0].activity, rows[0].user_id.clone(), rows[0].named.join(",")),
        (37, user(TOMAS), "reporting".to_owned())
    );
    // The key that acted is no tie: it stands apart from what the record names.
    assert_eq!(
        (rows[1].api_key_id.as_ref().unwrap().as_str(), rows[1].affected),
        ("0198e550-3d3d-7e3e-8f3f-0000000ae001", Some(1))
    );
    assert!(rows[1].named.is_empty());
    assert_eq!((rows[2].activity, rows[2].at.as_str()), (1, "2026-11-19T22:10:45.900Z"));
    assert_eq!(rows[3].affected, Some(842));
    assert!(whole(trail(&[fixture!("audit-logs.empty.json")]).await).is_empty());
    let rows = whole(trail(&[fixture!("audit-logs.minimal-and-unknown.json")]).await);
    assert_eq!((rows[0].activity, rows[0].user_id.clone(), rows[0].named.len()), (41, None, 0));
}

/// The least a row must say.
fn minimal(resource: &str) -> Value {
    match resource {
        "campaigns" => json!({"id": "a"}),
        "lead_lists" | "keys" => json!({"id": "a", "organization_id": HOME}),
        "leads" | "webhooks" => json!({"id": "a", "organization": HOME}),
        "accounts" => json!({"email": "a@mail.example", "organization": HOME}),
        "jobs" => json!({"id": "a", "workspace_id": HOME}),
        "trail" => json!({"id": "a", "organization_id": HOME, "timestamp": "2026-01-01", "activity_type": 1}),
        other => panic!("{other}"),
    }
}

const RESOURCES: [&str; 8] = ["campaigns", "lead_lists", "leads", "accounts", "keys", "webhooks", "jobs", "trail"];

/// Lists one row: how many were taken, and what was wrong.
async fn judged(resource: &str, row: &Value) -> (usize, Result<(), Incomplete>) {
    fn of<T>(listing: Result<Listing<T>, Error>) -> (usize, Result<(), Incomplete>) {
        let Listing { rows, complete, .. } = listing.unwrap();
        (rows.len(), complete)
    }
    let page = json!({ "items": [row] }).to_string();
    let pages = [page.as_str()];
    match resource {
        "campaigns" => of(campaigns(&pages).await),
        "lead_lists" => of(lead_lists(&pages).await),
        "leads" => of(leads(&pages).await),
        "accounts" => of(accounts(&pages).await),
        "keys" => of(keys(&pages).await),
        "webhooks" => of(webhooks(&pages).await),
        "jobs" => of(jobs(&pages).await),
        "trail" => of(trail(&pages).await),
        other => panic!("{other}"),
    }
}

fn with(resource: &str, member: &str, value: Value) -> Value {
    let mut row = minimal(resource);
    row[member] = value;
    row
}

fn id_of(resource: &str) -> (&'static str, String) {
    if resource == "accounts" { ("email", "a@mail.example".to_owned()) } else { ("id", "a".to_owned()) }
}

#[tokio::test(start_paused = true)]
async fn a_row_needs_no_more_than_what_decides() {
    for resource in RESOURCES {
        assert_eq!(judged(resource, &minimal(resource)).await, (1, Ok(())), "{resource}");
        let odd = with(resource, "brand_new", json!({"deep": [1, {"x": null}]}));
        assert_eq!(judged(resource, &odd).await, (1, Ok(())), "{resource}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_row_without_a_usable_id_makes_the_listing_incomplete() {
    for resource in RESOURCES {
        let (member, _) = id_of(resource);
        for odd in [json!(null), json!(""), json!(" "), json!({}), json!(["a"]), json!("../x")] {
            let seen = judged(resource, &with(resource, member, odd.clone())).await;
            assert_eq!(seen, (0, Err(Incomplete::IdUnusable)), "{resource} {odd}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_row_of_another_workspace_makes_the_listing_incomplete() {
    for (resource, member) in [
        ("campaigns", "organization"),
        ("lead_lists", "organization_id"),
        ("leads", "organization"),
        ("accounts", "organization"),
        ("keys", "organization_id"),
        ("webhooks", "organization"),
        ("jobs", "workspace_id"),
        ("trail", "organization_id"),
    ] {
        let id = id_of(resource).1;
        for odd in [json!("another"), json!(""), json!({"id": HOME}), json!([HOME])] {
            let seen = judged(resource, &with(resource, member, odd.clone())).await;
            assert_eq!(seen, (0, Err(Incomplete::OtherWorkspace { id: id.clone() })), "{resource} {odd}");
        }
        let silent = judged(resource, &with(resource, member, json!(null))).await;
        let expected = if resource == "campaigns" { Ok(()) } else { Err(Incomplete::OtherWorkspace { id }) };
        assert_eq!(silent, (usize::from(expected.is_ok()), expected), "{resource}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_owner_who_cannot_be_read_is_not_nobody() {
    for (resource, member) in [
        ("campaigns", "owned_by"),
        ("lead_lists", "owned_by"),
        ("leads", "assigned_to"),
        ("accounts", "added_by"),
        ("jobs", "user_id"),
        ("trail", "user_id"),
    ] {
        let id = id_of(resource).1;
        for odd in [json!(""), json!("a b"), json!("../x"), json!(7), json!(true), json!({"id": NOOR}), json!([NOOR])] {
            let seen = judged(resource, &with(resource, member, odd.clone())).await;
            assert_eq!(seen, (0, Err(Incomplete::Lacks { id: id.clone(), field: member })), "{resource} {odd}");
        }
        for fine in [json!(null), json!(NOOR)] {
            assert_eq!(judged(resource, &with(resource, member, fine)).await, (1, Ok(())), "{resource}");
        }
    }
    // By this one nothing is decided.
    assert_eq!(judged("campaigns", &with("campaigns", "created_by", json!({"id": NOOR}))).await, (1, Ok(())));
}

#[tokio::test(start_paused = true)]
async fn a_record_that_does_not_say_what_was_done_or_when_makes_the_trail_incomplete() {
    for member in ["timestamp", "activity_type"] {
        for odd in [json!(null), json!(""), json!({})] {
            let seen = judged("trail", &with("trail", member, odd)).await;
            assert_eq!(seen, (0, Err(Incomplete::Lacks { id: "a".to_owned(), field: member })));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn numbers_may_be_floats_and_unknown_values_are_kept() {
    let row = with("campaigns", "status", json!(-99.0)).to_string();
    assert_eq!(whole(campaigns(&[&page_of(&row)]).await)[0].status, Some(-99));
    for (odd, status) in [(json!(777), Some(777)), (json!("soon"), None), (json!(1.5), None), (json!(null), None)] {
        let row = with("campaigns", "status", odd).to_string();
        assert_eq!(whole(campaigns(&[&page_of(&row)]).await)[0].status, status);
    }
    let row =
        json!({"id": "a", "organization_id": HOME, "timestamp": "t", "activity_type": 37.0, "affected_count": 2.0});
    let row = whole(trail(&[&page_of(&row.to_string())]).await).remove(0);
    assert_eq!((row.activity, row.affected), (37, Some(2)));
    let row = with("webhooks", "event_type", json!("brand_new_event")).to_string();
    assert_eq!(whole(webhooks(&[&page_of(&row)]).await)[0].event.as_deref(), Some("brand_new_event"));
}

#[tokio::test(start_paused = true)]
async fn the_key_in_use_is_known_by_its_secret_and_a_masked_one_by_nothing() {
    let listed = |shown: Value| {
        let own = json!({"id": "own", "name": format!("it is {CANARY}"), "key": CANARY, "organization_id": HOME});
        let other = json!({"id": "other", "name": "n", "key": shown, "organization_id": HOME});
        json!({ "items": [own, other] }).to_string()
    };
    for (shown, in_use) in [
        (json!("ZmFrZS1rZXktMDAxLW5vdC1hLXNlY3JldA=="), Some(false)),
        (json!("ZmFrZS1r••••"), None),
        (json!("ZmFrZS1rZXktMDAxLW5vd C1hLXNlY3JldA=="), None),
        (json!("****************************"), None),
        (json!(""), None),
        (json!(null), None),
        (json!({"secret": "ZmFrZS1rZXktMDAxLW5vdC1hLXNlY3JldA=="}), None),
    ] {
        let rows = whole(keys(&[&listed(shown.clone())]).await);
        assert_eq!((rows[0].in_use, rows[1].in_use), (Some(true), in_use), "{shown}");
        assert!(!format!("{rows:?}").contains("canary"));
    }
    // An answer may spell a character of the key as an escape.
    let escaped = listed(json!(null)).replace("canary-5f", r"canary\u002d5f");
    assert_eq!(whole(keys(&[&escaped]).await)[0].in_use, Some(true));
    let named = "ZmFrZS1rZXktMDAxLW5vdC1hLXNlY3JldA==";
    let row = json!({"id": "a", "name": format!("for {named}"), "key": named, "organization_id": HOME}).to_string();
    let rows = whole(keys(&[&page_of(&row)]).await);
    assert!(!rows[0].name.contains(named) && rows[0].name.starts_with("for k:"), "{}", rows[0].name);
}

#[tokio::test(start_paused = true)]
async fn of_a_webhooks_target_only_scheme_and_host_are_shown_and_a_fingerprint_of_the_rest() {
    for (url, target) in [
        (
            "https://name:secret@hooks.example:8443/in/1?token=secret#secret",
            "https://hooks.example:8443/… (w:f11550c1)",
        ),
        ("https://hooks.example/services/T0/B0/secret", "https://hooks.example/… (w:9e3b0d3f)"),
        ("https://hooks.example/services/T0/B0/secret2", "https://hooks.example/… (w:462b3951)"),
        ("https://secret@hooks.example", "https://hooks.example/… (w:f0643c00)"),
        ("http://hooks.example", "http://hooks.example/"),
        ("hooks.example/in?token=secret", "not a URL"),
        ("mailto:secret@hooks.example", "not a URL"),
        ("", "not a URL"),
    ] {
        let row = json!({"id": "a", "organization": HOME, "target_hook_url": url, "headers": {"x-token": "secret"}});
        let row = whole(webhooks(&[&page_of(&row.to_string())]).await).remove(0);
        assert_eq!(row.target, target);
        assert!(!format!("{row:?}").contains("secret"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_record_names_every_text_of_its_metadata_that_could_be_an_id_within_bounds() {
    let named = async |metadata: Value| {
        let row = with("trail", "audit_metadata", metadata).to_string();
        whole(trail(&[&page_of(&row)]).await).remove(0).named
    };
    let deep =
        json!({"key": {"id": "k-1"}, "name": "a name", "list": ["k_2", 7, null, ["k3", {"x": "k4"}]], "k5": true});
    assert_eq!(named(deep).await, ["k-1", "k_2", "k3", "k4"]);
    assert_eq!(named(json!("k-1")).await, ["k-1"]);
    assert!(named(json!(null)).await.is_empty());
    let many: Vec<String> = (0..1000).map(|n| format!("k{n}")).collect();
    assert_eq!(named(json!(many)).await, many[..64]);
    let nested = |depth: usize| (0..depth).fold(json!("k"), |inner, _| json!([inner]));
    assert_eq!((named(nested(8)).await.len(), named(nested(9)).await.len()), (1, 0));
}
