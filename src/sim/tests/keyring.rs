//! Keys: made, listed, deleted; whom they let in, and how the trail tells who made them.

use std::time::Duration;

use serde_json::{Value, json};

use super::{ACME, Desk};
use crate::api::transport::Method;
use crate::domain::{Access, ApiKey, WorkspaceId};
use crate::sim::{Fault, FaultKind, KeyRecord, Op, World, put};

const ANA: &str = "ana@agency.example";

impl Desk {
    async fn make_key(&self, scopes: &[&str]) -> (u16, Value) {
        self.ask("acme", Method::Post, "api-keys", Some(&json!({ "name": "new", "scopes": scopes }))).await
    }

    async fn status_with(&self, secret: &str, method: Method, path: &str) -> u16 {
        let access = Access::Own(ApiKey::parse(secret).unwrap());
        self.send_as(access, method, path, None).await.unwrap().status
    }
}

#[tokio::test(start_paused = true)]
async fn a_made_key_does_what_its_scopes_say_until_it_is_deleted() {
    let desk = Desk::script(ACME);
    let (status, made) = desk.make_key(&["campaigns:read"]).await;
    assert_eq!(status, 200);
    let (id, secret) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    assert!(desk.world.keys().iter().any(|key| key == secret), "no output may contain it");
    assert_eq!(desk.status_with(secret, Method::Get, "campaigns").await, 200);
    assert_eq!(desk.status_with(secret, Method::Get, "lead-lists").await, 403);
    assert_eq!(desk.status_with(secret, Method::Get, "webhooks").await, 200, "no scope is published");
    assert_eq!(desk.ask("acme", Method::Delete, &format!("api-keys/{id}"), None).await.0, 200);
    assert_eq!(desk.status_with(secret, Method::Get, "campaigns").await, 401);
    assert_eq!(desk.ask("acme", Method::Delete, &format!("api-keys/{id}"), None).await.0, 404);
    let effects = desk.world.effects("acme");
    let told: Vec<_> = effects.iter().map(|effect| (effect.operation, effect.row.as_str(), &*effect.email)).collect();
    assert_eq!(told, [(Op::KeyCreate, id, "new"), (Op::KeyDelete, id, "new")]);
}

#[tokio::test(start_paused = true)]
async fn a_key_with_a_scope_nobody_documents_is_refused() {
    let desk = Desk::script(ACME);
    for scope in ["supersearch_enrichments:read", "campaigns:activate", "email_verifications:delete", "all", ""] {
        assert_eq!(desk.make_key(&[scope]).await.0, 400, "{scope}");
    }
    assert_eq!(desk.make_key(&["email_verifications:all", "lead-labels:update", "all:read"]).await.0, 200);
    for body in [json!({ "name": "x" }), json!({ "scopes": ["all:all"] }), json!({ "name": "x", "scopes": "all:all" })]
    {
        assert_eq!(desk.ask("acme", Method::Post, "api-keys", Some(&body)).await.0, 400, "{body}");
    }
    assert_eq!(desk.world.api_keys("acme").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_key_in_use_can_be_deleted_and_then_opens_nothing() {
    let desk = Desk::script(ACME);
    let own = format!("api-keys/{}", desk.world.api_keys("acme")[0].id);
    desk.world.configure(|settings| settings.keep_own_key = true);
    assert_eq!(desk.ask("acme", Method::Delete, &own, None).await.0, 400);
    desk.world.configure(|settings| settings.keep_own_key = false);
    assert_eq!(desk.ask("acme", Method::Delete, &own, None).await.0, 200);
    assert_eq!(desk.get("acme", "workspaces/current").await.0, 401);
    assert!(desk.world.api_keys("acme").is_empty());
    assert_eq!(desk.world.trail("acme").last().unwrap().activity, 38);
}

#[tokio::test(start_paused = true)]
async fn the_trail_names_a_made_key_the_way_it_was_told_to() {
    let cases = [
        (KeyRecord::Name, Some(json!({ "name": "CRM" }))),
        (KeyRecord::Id("api_key_id".into()), None),
        (KeyRecord::Id("id".into()), None),
        (KeyRecord::Absent, Some(Value::Null)),
    ];
    for (record, wanted) in cases {
        let desk = Desk::script(ACME);
        let id = desk.world.put("acme", put::Key::of(ANA, "CRM").recorded(record.clone())).remove(0);
        let (_, page) = desk.get("acme", "audit-logs?activity_type=37").await;
        let named = page["items"].get(0).map_or(Value::Null, |row| row["audit_metadata"].clone());
        let wanted = match &record {
            KeyRecord::Id(member) => json!({ "name": "CRM", (member.as_ref()): id }),
            KeyRecord::Name | KeyRecord::Absent => wanted.unwrap(),
        };
        assert_eq!(named, wanted, "{record:?}");
        if record != KeyRecord::Absent {
            let row = &page["items"][0];
            assert_eq!(row["user_id"], desk.world.user_id(ANA).unwrap());
            assert_eq!(
                (&row["from_api"], &row["api_key_id"]),
                (&json!(false), &Value::Null),
                "a person made it in the app"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn over_the_api_the_trail_names_the_key_that_acted_and_no_person() {
    let desk = Desk::script(ACME);
    desk.world.configure(|settings| settings.key_record = KeyRecord::Id("key_id".into()));
    let (_, made) = desk.make_key(&["all:read"]).await;
    desk.ask("acme", Method::Delete, &format!("api-keys/{}", made["id"].as_str().unwrap()), None).await;
    let acted = desk.world.api_keys("acme")[0].id.clone();
    let (_, page) = desk.get("acme", "audit-logs").await;
    let rows = page["items"].as_array().unwrap();
    let codes: Vec<_> = rows.iter().map(|row| row["activity_type"].as_i64().unwrap()).collect();
    assert!(codes == [38, 37] || codes == [37, 38], "both at one moment: {codes:?}");
    for row in rows {
        assert_eq!((&row["user_id"], &row["from_api"]), (&Value::Null, &json!(true)));
        assert_eq!(row["api_key_id"], acted);
        assert_eq!(row["audit_metadata"]["key_id"], made["id"]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_admins_key_lists_the_sub_workspaces_keys_and_is_not_among_them() {
    let desk = Desk::script(&format!(
        "{ACME}\n[[workspace]]\nname = \"agency\"\nowner = \"boss@agency.example\"\n[[group]]\nadmin = \"agency\"\naccepted = [\"acme\"]\n"
    ));
    desk.world.put("acme", put::Key::of(ANA, "CRM"));
    let id = desk.world.workspace_id("acme").unwrap();
    let (status, page) = desk.send_via("agency", &id, Method::Get, "api-keys").await;
    let names: Vec<_> = page["items"].as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap()).collect();
    assert_eq!((status, names), (200, vec!["main", "CRM"]));
    let admins = desk.world.key_of("agency").unwrap();
    assert!(!page.to_string().contains(&admins));
    let key = ApiKey::parse(&admins).unwrap();
    let access = Access::As { key, workspace: WorkspaceId::parse(&id).unwrap() };
    let path = format!("api-keys/{}", page["items"][1]["id"].as_str().unwrap());
    assert_eq!(desk.send_as(access, Method::Delete, &path, None).await.unwrap().status, 200);
    let record = desk.world.trail("acme").pop().unwrap();
    assert_eq!((record.activity, record.api_key_id), (38, Some(desk.world.api_keys("agency")[0].id.clone())));
}

#[tokio::test(start_paused = true)]
async fn an_error_can_repeat_every_secret_it_could_be_about() {
    let desk = Desk::script(ACME);
    let id = desk.world.put("acme", put::Key::of(ANA, "CRM")).remove(0);
    let (own, crm) = (desk.world.keys()[0].clone(), desk.world.keys()[1].clone());
    let path = format!("api-keys/{id}");
    let wanted = json!({ "name": "new", "scopes": ["all:read"] });
    let said = |body: Value| body["message"].as_str().unwrap().to_owned();
    let echo = |status, op| desk.world.add_fault(Fault::once(FaultKind::EchoSecrets { status }).at(op));

    echo(403, Op::KeyList);
    let (status, body) = desk.get("acme", "api-keys").await;
    let message = said(body);
    assert!(status == 403 && message.contains(&own) && message.contains(&crm), "{message}");

    echo(400, Op::KeyDelete);
    let (status, body) = desk.ask("acme", Method::Delete, &path, None).await;
    assert!(status == 400 && said(body).contains(&crm) && desk.world.writes("acme") == 0);
    echo(500, Op::KeyDelete);
    let (status, body) = desk.ask("acme", Method::Delete, &path, None).await;
    assert!(status == 500 && said(body).contains(&crm) && desk.world.writes("acme") == 1, "after its work was done");

    echo(502, Op::KeyCreate);
    let (status, body) = desk.ask("acme", Method::Post, "api-keys", Some(&wanted)).await;
    let new = desk.world.keys().pop().unwrap();
    assert!(status == 502 && new != crm && said(body).contains(&new));
    echo(422, Op::KeyCreate);
    assert_eq!(desk.ask("acme", Method::Post, "api-keys", Some(&wanted)).await.0, 422);
    assert_eq!(desk.world.keys().len(), 3, "before its work was done");
    desk.world.require_all_faults_fired().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_late_key_is_listed_when_it_has_landed_and_the_lag_is_over_and_counted_once() {
    let desk = Desk::script(ACME);
    let seconds = Duration::from_secs;
    desk.world.configure(|settings| settings.lag = seconds(5));
    desk.world.add_fault(Fault::once(FaultKind::Late { after: seconds(20) }).at(Op::KeyCreate));
    let body = json!({ "name": "new", "scopes": ["all:read"] }).to_string();
    desk.send("acme", Method::Post, "api-keys", Some(&body)).await.unwrap_err();
    let listed = || async { desk.get("acme", "api-keys").await.1["items"].as_array().unwrap().len() };
    for (wait, keys) in [(19, 1), (3, 1), (4, 2)] {
        desk.clock.sleep(seconds(wait)).await;
        assert_eq!(listed().await, keys, "{wait} seconds later");
    }
    let id = desk.world.api_keys("acme")[1].id.clone();
    let secret = desk.world.keys().pop().unwrap();
    desk.world.add_fault(Fault::once(FaultKind::Late { after: seconds(20) }).at(Op::KeyDelete));
    desk.send("acme", Method::Delete, &format!("api-keys/{id}"), None).await.unwrap_err();
    for (wait, keys, opens) in [(19, 2, 200), (3, 2, 401), (4, 1, 401)] {
        desk.clock.sleep(seconds(wait)).await;
        let opened = desk.status_with(&secret, Method::Get, "workspaces/current").await;
        assert_eq!((listed().await, opened), (keys, opens), "what a key opens follows no lag: {wait} seconds later");
    }
    let effects: Vec<_> =
        desk.world.effects("acme").iter().map(|one| (one.operation, one.row.clone(), one.late)).collect();
    assert_eq!(effects, [(Op::KeyCreate, id.clone(), true), (Op::KeyDelete, id, true)]);
    assert_eq!(desk.world.writes("acme"), 2);
}

#[tokio::test(start_paused = true)]
async fn keys_are_put_with_their_scopes_their_age_their_maker_and_their_last_use() {
    let desk = Desk::script(ACME);
    let (made, used) = ("2026-03-01T09:00:00Z".parse().unwrap(), "2026-08-01T09:00:00Z".parse().unwrap());
    let key = put::Key::of(ANA, "sync").recorded(KeyRecord::Id("id".into())).scoped(&["leads:all"]);
    let ids = desk.world.put("acme", key.times(2).at(made).used(used));
    desk.world.put("acme", put::Key::nobodys("old").used(used));
    desk.world.put("acme", put::Records::of_key("sync 1", 2, 3).at("2026-09-01T09:00:00Z".parse().unwrap()));
    let keys = desk.world.api_keys("acme");
    assert_eq!((&*keys[1].name, &*keys[2].name, &*keys[3].name), ("sync 1", "sync 2", "old"));
    assert_eq!(
        (keys[1].scopes.as_slice(), &*keys[2].timestamp_created),
        (["leads:all".to_owned()].as_slice(), "2026-03-01T09:01:00.000Z")
    );
    let last = |id: &str| {
        let trail = desk.world.trail("acme").into_iter().filter(|record| record.api_key_id.as_deref() == Some(id));
        trail.map(|record| (record.timestamp, record.activity)).max()
    };
    assert_eq!(last(&ids[0]), Some(("2026-09-01T09:02:00.000Z".to_owned(), 2)));
    assert_eq!(last(&ids[1]), Some(("2026-08-01T09:01:00.000Z".to_owned(), 11)));
    assert_eq!(desk.get("acme", "audit-logs?activity_type=37").await.1["items"].as_array().unwrap().len(), 2);
}

#[test]
fn a_script_says_keys_in_numbers_of_one_name_and_when_they_were_used() {
    let script = ACME.replace(
        "name = \"acme\"",
        "name = \"acme\"\nkeys = [{ name = \"main\" }, { name = \"main\", dead = true }, { name = \"main\", used = \"2026-08-01T09:00:00Z\" }, { name = \"k\", count = 2 }]\ntrail = [{ activity = 5, key = \"k 2\" }]",
    );
    let world = World::from_script(&format!("version = 1\n{script}"), 1).unwrap();
    let names: Vec<String> = world.api_keys("acme").into_iter().map(|key| key.name).collect();
    assert_eq!(names, ["main", "main", "k 1", "k 2"], "the dead one is not among them");
    let mut keys = world.keys();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 5, "one secret each");
    let acted: Vec<_> = world.trail("acme").into_iter().filter_map(|record| record.api_key_id).collect();
    assert_eq!(acted.len(), 2);
    let dead = "version = 1\n[[workspace]]\nname = \"acme\"\nkeys = [{ count = 2, dead = true }]\n";
    assert!(World::from_script(dead, 1).unwrap_err().to_string().contains("only one key at a time"));
}
