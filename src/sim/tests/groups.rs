//! Groups made and ended, owners who change, and in whose name the world was spoken to.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::Desk;
use super::contract::require_same;
use crate::api::transport::Method;
use crate::sim::{Fault, FaultBody, FaultKind, Hand, Header, Op, Spoken};

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
[[person]]
email = "tomas@agency.example"
account = "tomas.reyes@agency.example"

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
owner = "owner@agency.example"
admin = ["tomas@agency.example"]
invited = [{ email = "new@agency.example", role = "view" }]

[[workspace]]
name = "asked"
id = "0198e7b2-0c55-7e92-b3d4-00000000cc01"

[[workspace]]
name = "declined"
id = "0198e7b9-4410-7c3f-8b1a-00000000dd01"
title = "Declined Ltd"

[[workspace]]
name = "rival"
id = "0198e7b9-4410-7c3f-8b1a-00000000ee01"

[[group]]
admin = "agency"
links = [
  { sub = "declined", status = "rejected", id = "019a3880-7b7b-7c7c-8d7d-000000006a04", created = "2026-09-01T08:00:00.000Z" },
  { sub = "northwind", status = "accepted" },
]
"#;

const NORTHWIND: &str = "0197a1c3-5f60-7d11-9a21-00000000aa01";
const ASKED: &str = "0198e7b2-0c55-7e92-b3d4-00000000cc01";
const RIVAL: &str = "0198e7b9-4410-7c3f-8b1a-00000000ee01";
const OF_LINK: [&str; 3] = ["id", "timestamp_created", "timestamp_updated"];

fn desk() -> Desk {
    Desk::script(WORLD)
}

impl Desk {
    async fn invite_sub(&self, admin: &str, sub: &str) -> (u16, Value) {
        let body = json!({ "sub_workspace_id": sub });
        self.ask(admin, Method::Post, "workspace-group-members", Some(&body)).await
    }

    async fn unlink(&self, side: &str, link: &Value) -> (u16, Value) {
        let path = format!("workspace-group-members/{}", link["id"].as_str().unwrap());
        self.ask(side, Method::Delete, &path, None).await
    }

    async fn hand_to(&self, email: &str, sec: &str) -> (u16, Value) {
        let body = json!({ "email": email, "sec": sec });
        self.ask("northwind", Method::Post, "workspaces/current/change-owner", Some(&body)).await
    }

    fn status_of(&self, sub: &str) -> Vec<String> {
        self.world.links().into_iter().filter(|link| link.sub == sub).map(|link| link.status).collect()
    }

    fn role(&self, email: &str) -> String {
        self.world.members("northwind").into_iter().find(|row| row.email == email).unwrap().role
    }
}

#[tokio::test(start_paused = true)]
async fn an_invitation_is_the_sample_and_waits_for_the_sub_workspaces_owner() {
    let desk = desk();
    let (status, link) = desk.invite_sub("agency", ASKED).await;
    assert_eq!(status, 200);
    require_same("created", &sample!("group-member.created-pending.json"), &link, &OF_LINK);
    assert_eq!(desk.get("asked", "workspace-group-members/admin").await.1, sample!("group-admin.none.json"));
    let (status, _) = desk.send_via("agency", ASKED, Method::Get, "workspaces/current").await;
    assert_eq!(status, 403, "not before it is accepted");
    assert!(desk.world.accept_link("asked") && !desk.world.accept_link("asked"));
    let (_, admin) = desk.get("asked", "workspace-group-members/admin").await;
    assert_eq!((&admin["has_admin_workspace"], &admin["workspace_group_member_id"]), (&true.into(), &link["id"]));
    assert_eq!(desk.send_via("agency", ASKED, Method::Get, "workspaces/current").await.0, 200);
    let (_, page) = desk.get("agency", "workspace-group-members").await;
    let told: Vec<_> = page["items"].as_array().unwrap().iter().map(|row| row["status"].as_str().unwrap()).collect();
    assert_eq!(told, ["rejected", "accepted", "accepted"], "in order of their ids");
    let effects = desk.world.effects("agency");
    assert_eq!((effects.len(), effects[0].operation, &*effects[0].email), (1, Op::GroupCreate, "asked"));
    assert_eq!(desk.world.trail("agency").len(), 0, "the trail knows no groups");
}

#[tokio::test(start_paused = true)]
async fn a_workspace_has_one_parent_or_one_invitation_and_no_group_of_its_own() {
    let desk = desk();
    let taken = (409, sample!("error.409.group.json"));
    assert_eq!(desk.invite_sub("rival", NORTHWIND).await, taken, "it has a parent");
    assert_eq!(desk.invite_sub("agency", NORTHWIND).await, taken);
    assert_eq!(desk.invite_sub("agency", ASKED).await.0, 200);
    assert_eq!(desk.invite_sub("rival", ASKED).await, taken, "it has an open invitation");
    assert_eq!(desk.invite_sub("rival", "0197a1c0-1d2e-7b44-8c10-00000000ad01").await, taken, "it heads a group");
    assert_eq!(desk.invite_sub("northwind", RIVAL).await.0, 400, "a sub workspace heads none");
    assert_eq!(desk.invite_sub("rival", RIVAL).await.0, 400);
    assert_eq!(desk.invite_sub("rival", "not-an-id").await.0, 400);
    assert_eq!(
        desk.invite_sub("rival", "0198e7b9-4410-7c3f-8b1a-0000000000ff").await,
        (404, sample!("error.404.json"))
    );
    assert_eq!(desk.world.writes("rival"), 0);
    assert!(desk.world.reject_link("asked"));
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(desk.invite_sub("rival", ASKED).await.0, 200, "one that was refused is in nobody's way");
    assert_eq!(desk.status_of("asked"), ["rejected", "pending"]);
}

#[tokio::test(start_paused = true)]
async fn a_link_is_ended_at_once_by_either_of_its_sides_and_by_nobody_else() {
    let desk = desk();
    let (_, page) = desk.get("agency", "workspace-group-members").await;
    let rows = page["items"].as_array().unwrap();
    let (declined, northwind) = (&rows[0], &rows[1]);
    assert_eq!(desk.unlink("rival", declined).await.0, 404);
    let (status, gone) = desk.unlink("agency", declined).await;
    assert_eq!(status, 200);
    require_same("deleted", &sample!("group-member.deleted.json"), &gone, &["timestamp_updated"]);
    assert_eq!(desk.unlink("agency", declined).await, (404, sample!("error.404.json")));
    let workspace = json!({ "id": NORTHWIND });
    assert_eq!(desk.unlink("agency", &workspace).await.0, 404, "it is the link's id, not the workspace's");
    assert_eq!(desk.unlink("northwind", northwind).await.0, 200, "the sub side leaves");
    assert_eq!(desk.send_via("agency", NORTHWIND, Method::Get, "workspaces/current").await.0, 403);
    assert_eq!((desk.world.links().len(), desk.world.writes("agency"), desk.world.writes("northwind")), (0, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn reads_show_links_and_owners_only_after_the_lag_and_what_a_key_opens_follows_none() {
    let desk = desk();
    desk.world.configure(|settings| settings.lag = Duration::from_secs(5));
    let listed = async || desk.get("agency", "workspace-group-members").await.1["items"].as_array().unwrap().len();
    let owner = async || desk.get("northwind", "workspaces/current").await.1["owner"].clone();
    let before = owner().await;
    let (_, link) = desk.invite_sub("agency", ASKED).await;
    assert!(desk.world.accept_link("asked"));
    assert_eq!(desk.send_via("agency", ASKED, Method::Get, "workspaces/current").await.0, 200);
    assert_eq!(listed().await, 2);
    assert_eq!(desk.get("asked", "workspace-group-members/admin").await.1["has_admin_workspace"], false);
    let token = desk.world.security_token("northwind").unwrap();
    let (_, answer) = desk.hand_to("tomas@agency.example", &token).await;
    assert_ne!(answer["owner"], before, "the write's own answer is the truth");
    assert_eq!(owner().await, before);
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!((listed().await, owner().await), (3, answer["owner"].clone()));
    desk.unlink("agency", &link).await;
    assert_eq!(listed().await, 3);
    assert_eq!(desk.send_via("agency", ASKED, Method::Get, "workspaces/current").await.0, 403);
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!(listed().await, 2);
}

#[tokio::test(start_paused = true)]
async fn a_workspace_changes_hands_with_a_token_that_is_good_once() {
    let desk = desk();
    let token = desk.world.security_token("northwind").unwrap();
    let theirs = desk.world.security_token("asked").unwrap();
    let refused = (
        403,
        json!({ "statusCode": 403, "error": "Forbidden", "message": "The security token is invalid or expired" }),
    );
    assert_eq!(desk.hand_to("tomas@agency.example", "guess").await, refused);
    assert_eq!(desk.hand_to("tomas@agency.example", &theirs).await, refused, "another workspace's");
    assert_eq!(desk.hand_to("nobody@agency.example", &token).await.0, 400, "no member");
    assert_eq!(desk.hand_to("new@agency.example", &token).await.0, 400, "an invitation is no member");
    assert_eq!(desk.hand_to("not an address", &token).await.0, 400);
    for body in [json!({ "sec": token }), json!({ "email": "tomas@agency.example" })] {
        let path = "workspaces/current/change-owner";
        assert_eq!(desk.ask("northwind", Method::Post, path, Some(&body)).await.0, 400, "{body}");
    }
    assert_eq!(
        (desk.world.owner("northwind").unwrap().as_str(), desk.world.writes("northwind")),
        ("owner@agency.example", 0)
    );
    let (status, answer) = desk.hand_to("tomas@agency.example", &token).await;
    assert_eq!(status, 200);
    let loose = ["timestamp_updated", "owner", "org_logo_url", "org_client_domain"];
    require_same("changed", &sample!("workspace.change-owner.json"), &answer, &loose);
    let tomas = desk.world.user_id("tomas@agency.example").unwrap();
    assert_eq!(answer["owner"], tomas);
    assert_eq!(
        desk.world.owner("northwind").as_deref(),
        Some("tomas.reyes@agency.example"),
        "by the account's address"
    );
    assert_eq!(
        (desk.role("tomas@agency.example"), desk.role("owner@agency.example")),
        ("owner".into(), "admin".into())
    );
    let effect = desk.world.effects("northwind").pop().unwrap();
    assert_eq!((effect.operation, effect.role.as_str(), effect.to), (Op::OwnerChange, "owner", Some(tomas)));
    assert_eq!(effect.from, desk.world.user_id("owner@agency.example"));
    assert_eq!(desk.hand_to("owner@agency.example", &token).await, refused, "used");
    assert_eq!(desk.world.writes("northwind"), 1);
    assert_eq!(desk.world.security_tokens(), [token, theirs]);
}

#[tokio::test(start_paused = true)]
async fn faults_bend_what_is_said_of_links_and_owners() {
    let desk = desk();
    let fault = |kind: FaultKind, op: Op| desk.world.add_fault(Fault::once(kind).at(op));
    fault(FaultKind::Ignore, Op::GroupCreate);
    let (status, said) = desk.invite_sub("agency", ASKED).await;
    assert_eq!((status, &said["status"]), (200, &json!("pending")));
    assert!(desk.status_of("asked").is_empty(), "a lie");
    fault(FaultKind::LoseAnswer, Op::GroupCreate);
    let body = json!({ "sub_workspace_id": ASKED }).to_string();
    desk.send("agency", Method::Post, "workspace-group-members", Some(&body)).await.unwrap_err();
    assert_eq!(desk.status_of("asked"), ["pending"]);
    fault(FaultKind::Ignore, Op::OwnerChange);
    let token = desk.world.security_token("northwind").unwrap();
    let (status, said) = desk.hand_to("tomas@agency.example", &token).await;
    assert_eq!((status, &said["owner"]), (200, &json!(desk.world.user_id("tomas@agency.example"))));
    assert_eq!(desk.world.owner("northwind").as_deref(), Some("owner@agency.example"), "a lie");
    fault(FaultKind::EchoSecrets { status: 400 }, Op::OwnerChange);
    let (_, echoed) = desk.hand_to("tomas@agency.example", &token).await;
    assert!(echoed.to_string().contains(&token), "an API that repeats what it was sent");
    fault(FaultKind::StatusAfter { status: 502, body: FaultBody::Html }, Op::OwnerChange);
    assert_eq!(desk.hand_to("tomas@agency.example", &token).await.0, 502);
    assert_eq!(desk.world.owner("northwind").as_deref(), Some("tomas.reyes@agency.example"));
    desk.world.require_all_faults_fired().unwrap();
}

#[tokio::test(start_paused = true)]
async fn other_hands_accept_refuse_leave_and_make_owners() {
    let desk = desk();
    let hand = |name: &str, hand: Hand| assert!(desk.world.hand(name, &hand));
    desk.invite_sub("agency", ASKED).await;
    hand("asked", Hand::AcceptLink);
    assert_eq!(desk.status_of("asked"), ["accepted"]);
    hand("asked", Hand::LeaveGroup);
    assert!(desk.status_of("asked").is_empty());
    desk.invite_sub("agency", ASKED).await;
    hand("asked", Hand::RejectLink);
    assert_eq!(desk.status_of("asked"), ["rejected"]);
    hand("northwind", Hand::MakeOwner { email: "tomas@agency.example".into() });
    assert_eq!(desk.role("owner@agency.example"), "admin");
    assert!(desk.world.cut_link("agency", "northwind") && !desk.world.cut_link("agency", "northwind"));
    assert!(desk.world.put_link("agency", "nowhere", "accepted").is_none());
}

#[tokio::test(start_paused = true)]
async fn links_are_put_in_any_state_and_come_in_that_order() {
    let desk =
        Desk::script("[[workspace]]\nname = \"agency\"\n[[workspace]]\nname = \"one\"\n[[workspace]]\nname = \"two\"");
    for (sub, status) in [("two", "pending"), ("one", "accepted"), ("two", "paused")] {
        desk.world.put_link("agency", sub, status).unwrap();
    }
    let (_, page) = desk.get("agency", "workspace-group-members?limit=1").await;
    assert_eq!(
        (&page["items"][0]["status"], &page["items"][0]["sub_workspace_name"]),
        (&json!("pending"), &Value::Null)
    );
    let (_, page) = desk.get("agency", "workspace-group-members").await;
    let told: Vec<_> = page["items"].as_array().unwrap().iter().map(|row| row["status"].as_str().unwrap()).collect();
    assert_eq!(told, ["pending", "accepted", "paused"]);
}

#[tokio::test(start_paused = true)]
async fn the_world_counts_in_whose_name_it_was_spoken_to() {
    let desk = desk();
    desk.get("agency", "workspace-group-members").await;
    desk.get("agency", "workspace-group-members").await;
    desk.send_via("agency", NORTHWIND, Method::Get, "workspace-members").await;
    desk.send_via("agency", ASKED, Method::Get, "workspace-members").await;
    desk.send_via("agency", "0198e7b9-4410-7c3f-8b1a-0000000000ff", Method::Get, "workspace-members").await;
    desk.world.add_fault(Fault::once(FaultKind::throttled(None)));
    desk.send_via("agency", NORTHWIND, Method::Get, "workspace-members").await;
    desk.world.revoke_keys("northwind");
    desk.get("northwind", "workspaces/current").await;
    let names = |name: &str| Header::Workspace(Arc::from(name));
    let spoken = |key: &str, header: Header, operation: Op, let_in: bool| Spoken {
        key_of: Some(Arc::from(key)),
        header,
        operation: Some(operation),
        let_in,
    };
    let counts: Vec<(Spoken, usize)> = desk.world.spoken_as().into_iter().collect();
    assert_eq!(
        counts,
        [
            (spoken("agency", Header::Absent, Op::GroupList, true), 2),
            (spoken("agency", names("asked"), Op::MemberList, false), 1),
            (spoken("agency", names("northwind"), Op::MemberList, true), 2),
            (spoken("agency", Header::Nobody, Op::MemberList, false), 1),
            (spoken("northwind", Header::Absent, Op::WorkspaceCurrent, false), 1),
        ]
    );
    assert_eq!(counts.iter().map(|(_, count)| count).sum::<usize>(), desk.world.request_count());
}
