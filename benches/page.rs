//! Figures of one page: a hundred members decoded and written as CSV, by our client and listing, beside plain serde and csv.
//!
//! `cargo bench --bench page`. The rows are those of the contract's sample, each with an id and address of its own. `ours` is all a listing does with
//! an answer: its pace, its rules of paging, its rows made nouns, its cells guarded against formulas. `plain` decodes into owned fields, `borrowed` into
//! fields that borrow; both write as many columns and check nothing.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use divan::{Bencher, counter::ItemsCount};
use futures::future::BoxFuture;
use keyholder::api::transport::{Answer, Failure, Request, Transport};
use keyholder::api::{Client, ClientSettings, Permits, Tally};
use keyholder::clock::Clock;
use keyholder::domain::fleet::BaseUrl;
use keyholder::domain::{Access, ApiKey, WorkspaceId};
use keyholder::pace::{Pace, Pacer};
use keyholder::report::listing::{Format, Listing};
use keyholder::report::rows;
use serde::Deserialize;
use serde_json::{Value, json};

const ROWS: usize = 100;
const WORKSPACE: &str = "0197a1c3-5f60-7d11-9a21-00000000aa01";
const OBSERVED: &str = "2026-11-22T08:00:00Z";

fn main() {
    divan::main();
}

/// A page as it comes: the sample's two rows, over and over.
fn page() -> bytes::Bytes {
    let sample = include_str!("../tests/contract/fixtures/members.page1.json");
    let mut page: Value = serde_json::from_str(sample).expect("the sample is JSON");
    let sample = page["items"].as_array().expect("it has rows").clone();
    let row = |at: usize| {
        let mut row = sample[at % sample.len()].clone();
        row["id"] = json!(format!("0199b770-5f5f-7a5a-8b5b-{at:012}"));
        row["email"] = json!(format!("staff.{at}@agency.example"));
        row["workspace_id"] = json!(WORKSPACE);
        row
    };
    page["items"] = (0..ROWS).map(row).collect();
    page.as_object_mut().expect("an object").remove("next_starting_after");
    serde_json::to_vec(&page).expect("it can be written").into()
}

/// Answers every request with the page, at once.
#[derive(Debug)]
struct Canned(bytes::Bytes);

impl Transport for Canned {
    fn send(&self, _request: Request) -> BoxFuture<'_, Result<Answer, Failure>> {
        let content_type = Some("application/json".to_owned());
        let body = self.0.clone();
        Box::pin(async { Ok(Answer { status: 200, content_type, retry_after: None, body }) })
    }
}

#[divan::bench]
fn ours(bencher: Bencher<'_, '_>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
    let clock = Clock::starting_at(OBSERVED.parse().expect("a moment"));
    let client = Client::new(ClientSettings {
        transport: Arc::new(Canned(page())),
        access: Access::Own(ApiKey::parse("fake-not-a-secret-key").expect("a key")),
        base: BaseUrl::parse("http://127.0.0.1:9").expect("an origin"),
        // More than are ever asked for: here nothing waits for its pace.
        pace: Pace::of(Pacer::new(clock, u32::MAX)),
        in_flight: Permits::fixed(1),
        clock,
        timeout: Duration::from_secs(30),
        deadline: None,
        seed: 7,
        tally: Arc::new(Tally::default()),
    });
    let id = WorkspaceId::parse(WORKSPACE).expect("an id");
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| {
        let seen = runtime.block_on(client.members(&id)).expect("it can be read");
        assert!(seen.complete.is_ok() && seen.rows.len() == ROWS);
        let mut out = Vec::with_capacity(64 * 1024);
        let mut listing =
            Listing::begin(&mut out, Format::Csv, "member", rows::MEMBER, &json!({})).expect("it can be written");
        for row in &seen.rows {
            listing.row(&rows::member("client-0001", OBSERVED, row, Some(false))).expect("it can be written");
        }
        listing.end(&json!({})).expect("it can be written");
        out
    });
}

#[derive(Deserialize)]
struct Name {
    first: Option<String>,
    last: Option<String>,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    email: String,
    user_id: Option<String>,
    user_email: Option<String>,
    nickname: Option<String>,
    name: Option<Name>,
    role: String,
    timestamp_created: String,
    workspace_id: String,
    accepted: bool,
    issuer_id: Option<String>,
    permissions: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Page<Row> {
    items: Vec<Row>,
}

#[divan::bench]
fn plain(bencher: Bencher<'_, '_>) {
    let body = page();
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| {
        let page: Page<Row> = serde_json::from_slice(&body).expect("a page");
        let mut out = csv::Writer::from_writer(Vec::with_capacity(64 * 1024));
        for row in &page.items {
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            let name = row.name.as_ref().map(|name| format!("{} {}", text(&name.first), text(&name.last)));
            let permissions = row.permissions.as_ref().map(|all| all.join(" ")).unwrap_or_default();
            out.write_record([
                "client-0001",
                &row.workspace_id,
                OBSERVED,
                &row.email,
                &name.unwrap_or_default(),
                &row.role,
                if row.accepted { "yes" } else { "no" },
                "no",
                &permissions,
                &row.timestamp_created,
                &text(&row.nickname),
                &text(&row.user_email),
                &row.id,
                &text(&row.user_id),
                &text(&row.issuer_id),
            ])
            .expect("it can be written");
        }
        out.into_inner().expect("it can be written")
    });
}

#[derive(Deserialize)]
struct BorrowedName<'a> {
    first: Option<&'a str>,
    last: Option<&'a str>,
}

/// The same row, borrowed. Only what nobody writes freely is known to have no escapes; these samples have none anywhere.
#[derive(Deserialize)]
struct BorrowedRow<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    email: Cow<'a, str>,
    user_id: Option<&'a str>,
    user_email: Option<&'a str>,
    nickname: Option<&'a str>,
    #[serde(borrow)]
    name: Option<BorrowedName<'a>>,
    #[serde(borrow)]
    role: Cow<'a, str>,
    #[serde(borrow)]
    timestamp_created: Cow<'a, str>,
    #[serde(borrow)]
    workspace_id: Cow<'a, str>,
    accepted: bool,
    issuer_id: Option<&'a str>,
    #[serde(borrow)]
    permissions: Option<Vec<&'a str>>,
}

#[divan::bench]
fn borrowed(bencher: Bencher<'_, '_>) {
    let body = page();
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| {
        let text = std::str::from_utf8(&body).expect("UTF-8");
        let page: Page<BorrowedRow<'_>> = serde_json::from_str(text).expect("a page");
        let mut out = csv::Writer::from_writer(Vec::with_capacity(64 * 1024));
        for row in &page.items {
            let name = row
                .name
                .as_ref()
                .map(|name| format!("{} {}", name.first.unwrap_or_default(), name.last.unwrap_or_default()));
            let permissions = row.permissions.as_ref().map(|all| all.join(" ")).unwrap_or_default();
            out.write_record([
                "client-0001",
                &row.workspace_id,
                OBSERVED,
                &row.email,
                &name.unwrap_or_default(),
                &row.role,
                if row.accepted { "yes" } else { "no" },
                "no",
                &permissions,
                &row.timestamp_created,
                row.nickname.unwrap_or_default(),
                row.user_email.unwrap_or_default(),
                &row.id,
                row.user_id.unwrap_or_default(),
                row.issuer_id.unwrap_or_default(),
            ])
            .expect("it can be written");
        }
        out.into_inner().expect("it can be written")
    });
}
