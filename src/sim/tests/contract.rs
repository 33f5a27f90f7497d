//! The world of the contract's samples, built from a script: its answers must be those samples.

use serde_json::{Value, json};

use super::Desk;
use crate::api::transport::Method;
use crate::sim::engine::{At, Door};
use crate::sim::paper;
use crate::sim::routes::Ask;
use crate::sim::wire::Fate;
use crate::sim::{Fault, FaultBody, FaultKind, LastPage, RetryAfter, World};

macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/contract/fixtures/", $name))
    };
}

macro_rules! sample_json {
    ($name:literal) => {
        serde_json::from_str::<Value>(sample!($name)).unwrap()
    };
}

const WORLD: &str = r#"
version = 1
[[person]]
email = "owner@agency.example"
first = "Ida"
last = "Lindqvist"
[[person]]
email = "ops@agency.example"
first = "Tomas"
last = "Reyes"
[[person]]
email = "sdr.one@agency.example"
account = "sdr.one+login@agency.example"
first = "Noor"
last = "Haddad"
[[person]]
email = "ceo@northwind.example"
first = "Pat"
last = "North"

[[workspace]]
name = "agency"
id = "0197a1c0-1d2e-7b44-8c10-00000000ad01"
title = "Example Agency"
owner = "owner@agency.example"

[[workspace]]
name = "northwind"
id = "0197a1c3-5f60-7d11-9a21-00000000aa01"
title = "Northwind Dental"
created = "2025-06-24T08:14:03.512Z"
updated = "2026-10-02T11:40:27.090Z"
invited = [{ id = "0199b770-5f5f-7a5a-8b5b-0000000b0004", email = "new.hire@agency.example", role = "view", created = "2026-11-19T13:55:02.118Z", permissions = ["dashboard.view", "analytics.view"] }]
member = [
  { id = "0199b770-5f5f-7a5a-8b5b-0000000b0001", email = "owner@agency.example", role = "owner", created = "2025-06-24T08:14:03.512Z" },
  { id = "0199b770-5f5f-7a5a-8b5b-0000000b0002", email = "ops@agency.example", role = "admin", nickname = "Ops lead", created = "2025-07-02T10:20:11.004Z" },
  { id = "0199b770-5f5f-7a5a-8b5b-0000000b0003", email = "sdr.one@agency.example", role = "editor", created = "2026-02-17T09:12:30.777Z", permissions = ["dashboard.view", "campaigns.view", "unibox.all", "analytics.view", "leadManagement.view"] },
  { id = "0199b770-5f5f-7a5a-8b5b-0000000b0005", email = "ceo@northwind.example", role = "client", created = "2026-03-01T00:00:00.000Z", permissions = ["dashboard.view", "unibox.all"] },
]

[[workspace]]
name = "old"
id = "5b1c2f0e-7a44-4d0b-8f7a-2f6c9f3b0b01"
title = "Old Client GmbH"
created = "2024-02-11T17:05:41.000Z"
owner = "owner@agency.example"
minimal = true

[[workspace]]
name = "asked"
id = "0198e7b2-0c55-7e92-b3d4-00000000cc01"

[[workspace]]
name = "declined"
id = "0198e7b9-4410-7c3f-8b1a-00000000dd01"
title = "Declined Ltd"

[[group]]
admin = "agency"
accepted = ["northwind", "old"]
pending = ["asked"]
rejected = ["declined"]
"#;

fn desk() -> Desk {
    Desk::at(World::from_script(WORLD, 7).unwrap())
}

/// Members whose values the samples invent, but whose type counts.
const INVENTED: [&str; 4] = ["user_id", "issuer_id", "org_logo_url", "org_client_domain"];
/// Members of a link that only the seed knows.
const OF_LINK: [&str; 3] = ["id", "timestamp_created", "timestamp_updated"];

/// Requires the same members in the same order with the same values; of those in `loose`, the same type or null.
pub(super) fn require_same(at: &str, sample: &Value, ours: &Value, loose: &[&str]) {
    match (sample, ours) {
        (Value::Object(sample), Value::Object(ours)) => {
            let ours: serde_json::Map<String, Value> = ours
                .iter()
                // The samples leave a null nickname out of one row of three.
                .filter(|(name, value)| !(value.is_null() && *name == "nickname" && !sample.contains_key("nickname")))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            assert_eq!(sample.keys().collect::<Vec<_>>(), ours.keys().collect::<Vec<_>>(), "members of {at}");
            for (name, value) in sample {
                let place = format!("{at}.{name}");
                if loose.contains(&name.as_str()) {
                    let (a, b) = (std::mem::discriminant(value), std::mem::discriminant(&ours[name]));
                    assert!(a == b || value.is_null() || ours[name].is_null(), "type of {place}");
                } else {
                    require_same(&place, value, &ours[name], loose);
                }
            }
        }
        (Value::Array(sample), Value::Array(ours)) => {
            assert_eq!(sample.len(), ours.len(), "length of {at}");
            for (place, (sample, ours)) in sample.iter().zip(ours).enumerate() {
                require_same(&format!("{at}[{place}]"), sample, ours, loose);
            }
        }
        (sample, ours) => assert_eq!(sample, ours, "{at}"),
    }
}

#[tokio::test(start_paused = true)]
async fn workspaces_are_the_samples() {
    let desk = desk();
    let (status, body) = desk.get("northwind", "workspaces/current").await;
    assert_eq!(status, 200);
    let mut sample = sample_json!("workspace.current.json");
    sample["plan_id_verification"]["timestamp_updated"] = body["plan_id_verification"]["timestamp_updated"].clone();
    let loose: Vec<&str> = INVENTED.into_iter().chain(["owner"]).collect();
    require_same("workspace", &sample, &body, &loose);
    let (_, body) = desk.get("old", "workspaces/current").await;
    require_same("minimal", &sample_json!("workspace.current.minimal.json"), &body, &["owner"]);
}

#[tokio::test(start_paused = true)]
async fn pages_of_members_are_the_samples_and_end_as_documented() {
    let desk = desk();
    let (_, first) = desk.get("northwind", "workspace-members?limit=2").await;
    require_same("page1", &sample_json!("members.page1.json"), &first, &INVENTED);
    let cursor = first["next_starting_after"].as_str().unwrap();
    let (_, last) = desk.get("northwind", &format!("workspace-members?limit=100&starting_after={cursor}")).await;
    require_same("last", &sample_json!("members.last.json"), &last, &INVENTED);
    let (_, none) = desk.get("asked", "workspace-members").await;
    assert_eq!(none, sample_json!("members.empty.json"));
}

#[tokio::test(start_paused = true)]
async fn the_last_page_says_what_the_setting_says() {
    let desk = desk();
    let path = "workspace-members?starting_after=0199b770-5f5f-7a5a-8b5b-0000000b0004";
    let cursors = [
        (LastPage::Absent, None),
        (LastPage::Null, Some(Value::Null)),
        (LastPage::Empty, Some(json!(""))),
        (LastPage::Cursor, Some(json!("0199b770-5f5f-7a5a-8b5b-0000000b0005"))),
    ];
    for (setting, cursor) in cursors {
        desk.world.configure(|settings| settings.last_page = setting);
        let (_, page) = desk.get("northwind", path).await;
        assert_eq!(page["items"].as_array().unwrap().len(), 1);
        assert_eq!(page.get("next_starting_after"), cursor.as_ref(), "{setting:?}");
    }
    let (_, beyond) =
        desk.get("northwind", "workspace-members?starting_after=0199b770-5f5f-7a5a-8b5b-0000000b0005").await;
    assert_eq!(beyond, json!({ "items": [] }), "the page behind the last cursor is empty and ends it");
}

#[tokio::test(start_paused = true)]
async fn a_member_is_read_changed_and_removed_in_the_samples_words() {
    let desk = desk();
    let id = "0199b770-5f5f-7a5a-8b5b-0000000b0003";
    let (_, body) = desk.get("northwind", &format!("workspace-members/{id}")).await;
    require_same("get", &sample_json!("member.get.json"), &body, &INVENTED);
    desk.world.add_fault(Fault::once(FaultKind::Ignore));
    let (_, body) = desk.patch("northwind", id, r#"{"role":"view","nickname":"On notice"}"#).await;
    require_same("unchanged", &sample_json!("member.patched-unchanged.json"), &body, &INVENTED);
    let (_, body) = desk.patch("northwind", id, r#"{"role":"view","nickname":"On notice"}"#).await;
    require_same("patched", &sample_json!("member.patched.json"), &body, &INVENTED);
    desk.patch("northwind", id, r#"{"role":"editor","nickname":null}"#).await;
    let (status, body) = desk.delete("northwind", id).await;
    assert_eq!(status, 200);
    require_same("deleted", &sample_json!("member.deleted.json"), &body, &INVENTED);
    assert_eq!(desk.delete("northwind", id).await, (404, sample_json!("error.404.json")));
}

#[tokio::test(start_paused = true)]
async fn an_invitation_is_answered_like_the_sample() {
    let desk = desk();
    let id = "0199b770-5f5f-7a5a-8b5b-0000000b0004";
    desk.delete("northwind", id).await;
    let sent = r#"{"email":"new.hire@agency.example","role":"view","permissions":["dashboard.view","analytics.view"]}"#;
    let (status, body) = desk.post("northwind", sent).await;
    assert_eq!(status, 200);
    let loose: Vec<&str> = INVENTED.into_iter().chain(["id", "timestamp_created"]).collect();
    require_same("created", &sample_json!("member.created-pending.json"), &body, &loose);
    assert_eq!(body["timestamp_created"], "2026-11-20T08:00:00.000Z");
}

#[tokio::test(start_paused = true)]
async fn groups_are_the_samples() {
    let desk = desk();
    let (_, all) = desk.get("agency", "workspace-group-members?limit=2").await;
    let loose: Vec<&str> = OF_LINK.into_iter().chain(["next_starting_after"]).collect();
    require_same("page1", &sample_json!("group-members.page1.json"), &all, &loose);
    let cursor = all["next_starting_after"].as_str().unwrap();
    let (_, last) = desk.get("agency", &format!("workspace-group-members?starting_after={cursor}")).await;
    require_same("last", &sample_json!("group-members.last.json"), &last, &OF_LINK);
    let id = all["items"][0]["id"].as_str().unwrap();
    let (_, link) = desk.get("northwind", &format!("workspace-group-members/{id}")).await;
    require_same("link", &sample_json!("group-member.get.json"), &link, &OF_LINK);
    let (_, empty) = desk.get("northwind", "workspace-group-members").await;
    assert_eq!(empty, sample_json!("group-members.empty.json"));
    let (_, admin) = desk.get("northwind", "workspace-group-members/admin").await;
    require_same("admin", &sample_json!("group-admin.has.json"), &admin, &["workspace_group_member_id"]);
    assert_eq!(admin["workspace_group_member_id"], id);
    for alone in ["agency", "asked", "declined"] {
        let (_, none) = desk.get(alone, "workspace-group-members/admin").await;
        assert_eq!(none, sample_json!("group-admin.none.json"), "{alone}");
    }
}

#[test]
fn every_refusal_has_the_samples_body() {
    let table = [
        (paper::missing_property("sub_workspace_id"), sample_json!("error.400.missing-property.json")),
        (
            paper::invalid("body/role must be equal to one of the allowed values"),
            sample_json!("error.400.with-code.json"),
        ),
        (paper::empty_json_body(), sample_json!("error.400.empty-json-body.json")),
        (paper::missing_header(), sample_json!("error.401.missing-header.json")),
        (paper::invalid_key(), sample_json!("error.401.invalid-key.json")),
        (paper::no_paid_plan(), sample_json!("error.402.no-paid-plan.json")),
        (paper::missing_scope(), sample_json!("error.403.scope.json")),
        (paper::may_not_act(), sample_json!("error.403.message-only.json")),
        (paper::not_found(), sample_json!("error.404.json")),
        (paper::no_route("POST", "/api/v2/workspaces/create"), sample_json!("error.404.route.json")),
        (paper::throttled(), sample_json!("error.429.json")),
    ];
    for ((status, body), sample) in table {
        assert_eq!(body.to_string(), sample.to_string(), "members in the sample's order");
        if let Some(said) = sample.get("statusCode") {
            assert_eq!(*said, status);
        }
    }
    assert_eq!(paper::of_status(500), sample_json!("error.500.json"));
    let pages = [
        (200, sample!("error.200-html.html")),
        (403, sample!("error.403.edge.html")),
        (502, sample!("error.502.html.html")),
        (503, sample!("error.503.html.html")),
    ];
    for (status, page) in pages {
        assert_eq!(paper::html(status), page.trim_end());
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_come_where_the_samples_say() {
    let desk = desk();
    let ask = |authorization: Option<&str>| Ask {
        method: Method::Get,
        path: "/api/v2/workspaces/current".to_owned(),
        authorization: authorization.map(str::to_owned),
        acts_as: None,
        json: false,
        body: Vec::new(),
    };
    let refused = |ask: Ask| match desk.world.handle(&ask, At::of(desk.clock), Door::Loopback).0 {
        Fate::Answer(sent, _) => (sent.status, serde_json::from_slice::<Value>(&sent.body).unwrap()),
        other => panic!("{other:?}"),
    };
    let invalid = sample_json!("error.401.invalid-key.json");
    assert_eq!(refused(ask(None)), (401, sample_json!("error.401.missing-header.json")));
    assert_eq!(refused(ask(Some("Bearer nobody"))), (401, invalid.clone()));
    let key = desk.world.key_of("northwind").unwrap();
    assert_eq!(refused(ask(Some(&key))), (401, invalid), "the key alone is no bearer token");
    let mut unknown = ask(Some(&format!("Bearer {key}")));
    (unknown.method, unknown.path) = (Method::Post, "/api/v2/workspaces/create?x=1".to_owned());
    assert_eq!(refused(unknown), (404, sample_json!("error.404.route.json")));
    let mut bodyless = ask(Some(&format!("Bearer {key}")));
    (bodyless.method, bodyless.json) = (Method::Delete, true);
    bodyless.path = "/api/v2/workspace-members/0199b770-5f5f-7a5a-8b5b-0000000b0003".to_owned();
    assert_eq!(refused(bodyless), (400, sample_json!("error.400.empty-json-body.json")));
    assert_eq!(desk.emails("northwind").len(), 5, "nothing was removed");
}

#[tokio::test(start_paused = true)]
async fn scripted_statuses_carry_the_samples_and_both_forms_of_retry_after() {
    let desk = desk();
    let forms = [
        (RetryAfter::Seconds(7), "7"),
        (RetryAfter::Date(std::time::Duration::from_secs(90)), "Fri, 20 Nov 2026 08:01:30 GMT"),
    ];
    for (form, header) in forms {
        let kind = FaultKind::Status { status: 429, body: FaultBody::Json, retry_after: Some(form) };
        desk.world.add_fault(Fault::once(kind));
        let answer = desk.send("old", Method::Get, "workspaces/current", None).await.unwrap();
        assert_eq!(answer.status, 429);
        assert_eq!(answer.retry_after.as_deref(), Some(header));
        assert_eq!(super::json(&answer), sample_json!("error.429.with-retry-after.json"));
    }
    desk.world.add_fault(Fault::once(FaultKind::Status { status: 504, body: FaultBody::Empty, retry_after: None }));
    let answer = desk.send("old", Method::Get, "workspaces/current", None).await.unwrap();
    assert_eq!((answer.status, &*answer.body), (504, sample!("error.504.empty.txt").as_bytes()));
}
