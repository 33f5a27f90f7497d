//! Whatever pages an API hands out, a listing ends, sees each row once, and calls itself complete only if it is.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use keyholder::api::transport::{Answer, Failure, Request, Transport};
use keyholder::api::{Client, ClientSettings, Error, LeadsQuery, Listing, Tally};
use keyholder::clock::Clock;
use keyholder::domain::fleet::BaseUrl;
use keyholder::domain::{Access, ApiKey, UserId, WorkspaceId};
use keyholder::pace::{Pace, Pacer};
use keyholder::trouble::Advise as _;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

const HOME: &str = "0197a1c3-5f60-7d11-9a21-00000000aa01";
const RESOURCES: [&str; 8] = ["campaigns", "lead_lists", "leads", "accounts", "keys", "webhooks", "jobs", "trail"];

/// What is wrong with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    Sound,
    Nameless,
    Foreign,
    /// Its owner cannot be read.
    Owner,
}

#[derive(Debug, Clone)]
struct Row {
    id: u8,
    /// Which of two versions of it comes.
    version: bool,
    flaw: Flaw,
}

#[derive(Debug, Clone)]
struct Page {
    rows: Vec<Row>,
    cursor: Option<u8>,
}

fn row() -> impl Strategy<Value = Row> {
    let flaw = prop_oneof![
        12 => Just(Flaw::Sound),
        1 => Just(Flaw::Nameless),
        1 => Just(Flaw::Foreign),
        1 => Just(Flaw::Owner),
    ];
    (0..20_u8, prop::bool::weighted(0.1), flaw).prop_map(|(id, version, flaw)| Row { id, version, flaw })
}

fn pages() -> impl Strategy<Value = Vec<Page>> {
    let page = (prop::collection::vec(row(), 0..5), prop::option::weighted(0.85, 0..30_u8))
        .prop_map(|(rows, cursor)| Page { rows, cursor });
    prop::collection::vec(page, 1..8)
}

impl Row {
    fn name(&self) -> String {
        format!("row-{}@mail.example", self.id)
    }

    /// The row with every member that any resource reads.
    fn json(&self) -> Value {
        let home = if self.flaw == Flaw::Foreign { "another" } else { HOME };
        let (owner, other) = if self.version { ("noor", "1") } else { ("tomas", "2") };
        let owner = if self.flaw == Flaw::Owner { json!({"odd": 1}) } else { json!(owner) };
        let mut row = json!({
            "organization": home, "organization_id": home, "workspace_id": home, "timestamp": "t", "activity_type": 1,
            "owned_by": owner, "assigned_to": owner, "added_by": owner, "user_id": owner, "name": other,
            "status": other, "affected_count": other,
        });
        if self.flaw != Flaw::Nameless {
            row["id"] = json!(format!("row-{}", self.id));
            row["email"] = json!(self.name());
        }
        row
    }

    /// Whether the resource reads an owner at all.
    fn flaw_in(&self, resource: &str) -> Flaw {
        match self.flaw {
            Flaw::Owner if matches!(resource, "keys" | "webhooks") => Flaw::Sound,
            flaw => flaw,
        }
    }
}

/// What a listing of these pages must come to: rows in order, completeness, requests.
fn expected(resource: &str, pages: &[Page]) -> (Vec<u8>, bool, usize) {
    let (mut seen, mut cursors) = (HashMap::new(), HashSet::new());
    let (mut rows, mut complete, mut requests) = (Vec::new(), true, 0);
    for page in pages.iter().chain([&Page { rows: Vec::new(), cursor: None }]) {
        requests += 1;
        for row in &page.rows {
            let flaw = row.flaw_in(resource);
            if flaw == Flaw::Nameless {
                complete = false;
            } else if let Some(known) = seen.get(&row.id) {
                complete &= *known == (row.version, flaw);
            } else {
                seen.insert(row.id, (row.version, flaw));
                if flaw == Flaw::Sound { rows.push(row.id) } else { complete = false }
            }
        }
        match page.cursor.filter(|_| !page.rows.is_empty()) {
            None => break,
            Some(cursor) if !cursors.insert(cursor) => {
                complete = false;
                break;
            }
            Some(_) => {}
        }
    }
    (rows, complete, requests)
}

/// Hands out bodies in their order, whatever is asked; then the last one for ever.
#[derive(Debug)]
struct Pages {
    status: u16,
    bodies: Vec<String>,
    asked: AtomicUsize,
    /// The cursors that came back.
    cursors: Mutex<Vec<String>>,
}

impl Transport for Pages {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, Failure>> {
        let turn = self.asked.fetch_add(1, Ordering::Relaxed);
        self.cursors.lock().unwrap().push(format!("{}{}", request.path, request.body.unwrap_or_default()));
        let body = self.bodies[turn.min(self.bodies.len() - 1)].clone().into();
        async move { Ok(Answer { status: self.status, content_type: None, retry_after: None, body }) }.boxed()
    }
}

/// Does something with a client over these answers, in virtual time.
fn with_client<T>(status: u16, bodies: Vec<String>, work: impl AsyncFnOnce(&Client) -> T) -> (T, Arc<Pages>) {
    let pages = Arc::new(Pages { status, bodies, asked: AtomicUsize::default(), cursors: Mutex::default() });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let out = runtime.block_on(async {
        let clock = Clock::starting_at(jiff::Timestamp::UNIX_EPOCH);
        let client = Client::new(ClientSettings {
            transport: Arc::clone(&pages) as Arc<dyn Transport>,
            access: Access::Own(ApiKey::parse("own-key-of-this-client-0123456789").unwrap()),
            base: BaseUrl::parse("http://127.0.0.1:9").unwrap(),
            pace: Pace::of(Pacer::new(clock, 100)),
            in_flight: keyholder::api::Permits::fixed(8),
            clock,
            timeout: Duration::from_secs(30),
            deadline: None,
            seed: 7,
            tally: Arc::new(Tally::default()),
        });
        work(&client).await
    });
    (out, pages)
}

/// Lists a resource: the rows it came to, and whether that is all.
async fn list(client: &Client, resource: &str, seen: &mut usize) -> Result<(usize, bool), Error> {
    fn of<T>(listing: Result<Listing<T>, Error>) -> Result<(usize, bool), Error> {
        listing.map(|listing| (listing.rows.len(), listing.complete.is_ok()))
    }
    let home = WorkspaceId::parse(HOME).unwrap();
    let query = LeadsQuery::AssignedTo(vec![UserId::parse("noor").unwrap()]);
    // Every second row is kept, whatever it is.
    let mut every_second = || {
        *seen += 1;
        seen.is_multiple_of(2)
    };
    match resource {
        "campaigns" => of(client.campaigns(&home, |_| every_second()).await),
        "lead_lists" => of(client.lead_lists(&home, |_| every_second()).await),
        "leads" => of(client.leads(&home, &query, |_| every_second()).await),
        "accounts" => of(client.sending_accounts(&home, |_| every_second()).await),
        "jobs" => of(client.jobs(&home, |_| every_second()).await),
        "trail" => of(client.trail(&home, None, |_| every_second()).await),
        "keys" => of(client.keys(&home).await),
        _ => of(client.webhooks(&home).await),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_listing_ends_sees_each_row_once_and_is_complete_only_if_it_is(
        resource in select(&RESOURCES[..]), pages in pages(),
    ) {
        let mut bodies: Vec<String> = pages
            .iter()
            .map(|page| {
                let items: Vec<Value> = page.rows.iter().map(Row::json).collect();
                json!({"items": items, "next_starting_after": page.cursor.map(|n| format!("c&{n}+@"))}).to_string()
            })
            .collect();
        bodies.push(r#"{"items": []}"#.to_owned());
        let (rows, complete, requests) = expected(resource, &pages);
        let mut seen = 0;
        let (listed, asked) = with_client(200, bodies, async |client| list(client, resource, &mut seen).await);
        let (kept, whole) = listed.unwrap();
        prop_assert_eq!(whole, complete);
        prop_assert_eq!(asked.asked.load(Ordering::Relaxed), requests);
        if matches!(resource, "keys" | "webhooks") {
            prop_assert_eq!(kept, rows.len());
        } else {
            prop_assert_eq!((seen, kept), (rows.len(), rows.len() / 2));
        }
        let asked = asked.cursors.lock().unwrap();
        let fed = if resource == "leads" { "\"starting_after\":\"c&" } else { "&starting_after=c%26" };
        prop_assert!(asked.iter().skip(1).all(|path| path.contains(fed)), "{asked:?}");
    }

    #[test]
    fn no_answer_about_keys_or_webhooks_makes_a_secret_be_told(
        secret in "[A-Za-z0-9+/=_.~-]{24,80}",
        before in "[a-z \"'(]{0,40}",
        after in "[a-z \"'),.]{0,220}",
        shape in 0..6_usize,
        status in select(&[200, 201, 400, 401, 402, 403, 404, 409, 422, 500, 503][..]),
        resource in select(&["keys", "webhooks"][..]),
    ) {
        let words = format!("{before} {secret} {after}");
        let body = match shape {
            0 => json!({"message": words, "key": secret}).to_string(),
            1 => json!({"error": words}).to_string(),
            2 => words,
            3 => format!(r#"{{"items": [{{"id": "a", "key": {}"#, json!(secret)),
            4 => json!({"items": [{"id": "a b", "key": secret, "headers": {"x": secret}, "name": {"x": secret}}]}).to_string(),
            _ => json!({"items": [{"id": "a", "organization": "b", "organization_id": "b", "key": secret, "target_hook_url": format!("https://h.example/?{secret}")}]}).to_string(),
        };
        let told = with_client(status, vec![body], async |client| {
            let home = WorkspaceId::parse(HOME).unwrap();
            let tell = |error: Error| format!("{error} {error:?} {:?}", error.advice());
            if resource == "keys" {
                client.keys(&home).await.map_or_else(tell, |listing| format!("{listing:?}"))
            } else {
                client.webhooks(&home).await.map_or_else(tell, |listing| format!("{listing:?}"))
            }
        }).0;
        prop_assert!(secret.as_bytes().windows(12).all(|part| !told.contains(std::str::from_utf8(part).unwrap())), "{told}");
    }
}
