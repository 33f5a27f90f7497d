//! Giving a workspace another owner: what is sent byte for byte, what an answer proves, and that nothing shows the token.

use serde_json::{Value, json};

use super::script::{Line, Stage};
use super::{Error, Operation, Refusal, Writer};
use crate::domain::permit::ApprovedBy;
use crate::domain::{Approval, Email, Identity, Permit, PlanId, SecurityToken, StepId, WorkspaceId};
use crate::trouble::Advise as _;

const TOKEN: &str = "canary \"token\" 4711";
const ANSWER: &str = include_str!("../../tests/contract/fixtures/workspace.change-owner.json");

fn home() -> WorkspaceId {
    let answer: Value = serde_json::from_str(ANSWER).unwrap();
    WorkspaceId::parse(answer["id"].as_str().unwrap()).unwrap()
}

async fn change(stage: &Stage, permit: &WorkspaceId) -> Result<Identity, Error> {
    let writer = Writer::new(stage.client.clone(), &Approval::grant(PlanId::of(b"plan"), ApprovedBy::Typed));
    let slot = stage.client.slot(Operation::OwnerChange).await.unwrap();
    let permit = Permit::issue(permit.clone(), StepId::of(b"step"), 1);
    let token = SecurityToken::parse(TOKEN).unwrap();
    writer.change_owner(slot, permit, &home(), &Email::parse("ada@x.example").unwrap(), &token).await
}

async fn answered(status: u16, body: &str) -> Result<Identity, Error> {
    let stage = Stage::playing([Line::Answer(status, body.to_owned())]);
    let changed = change(&stage, &home()).await;
    assert_eq!((stage.ended().len(), stage.tally.writes()), (1, 1), "sent once, whatever was answered");
    changed
}

#[tokio::test(start_paused = true)]
async fn the_address_and_the_token_travel_in_the_body_and_nothing_else_does() {
    let stage = Stage::playing([Line::Answer(200, ANSWER.to_owned())]);
    let identity = change(&stage, &home()).await.unwrap();
    assert_eq!(identity.id, home());
    let seen = stage.ended();
    assert_eq!(seen[0].line, "POST /api/v2/workspaces/current/change-owner");
    let body: Value = serde_json::from_str(seen[0].body.as_deref().unwrap()).unwrap();
    assert_eq!(body, json!({ "email": "ada@x.example", "sec": TOKEN }));
}

#[tokio::test(start_paused = true)]
async fn without_a_permit_for_the_workspace_nothing_leaves() {
    let stage = Stage::playing([]);
    let other = WorkspaceId::parse("another").unwrap();
    assert!(matches!(change(&stage, &other).await, Err(Error::NotSent { .. })));
    assert_eq!(stage.tally.requests(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_answer_about_another_workspace_or_of_another_shape_settles_nothing() {
    let other = ANSWER.replace(home().as_str(), "another");
    for (status, body) in [(200, other.as_str()), (200, "{}"), (200, "<html>"), (202, ANSWER), (500, ""), (408, "")] {
        assert!(matches!(answered(status, body).await, Err(Error::Ambiguous { .. })), "{status} {body}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_names_the_token_and_the_scope_and_no_answer_shows_the_token() {
    let echo = |error: &str| json!({ "error": error, "message": format!("wrong token {TOKEN}!"), "id": TOKEN });
    for status in [200, 400, 401, 402, 403, 404, 409, 500] {
        let escaped = echo("x").to_string().replace("4711", "\\u0034711");
        for body in [echo("x").to_string(), echo(TOKEN).to_string(), escaped, format!("<p>{TOKEN}</p>")] {
            let error = answered(status, &body).await.unwrap_err();
            let told = format!("{error} {error:?} {:?}", error.advice());
            assert!(!told.contains("canary") && !told.contains("4711"), "{status} {body}: {told}");
        }
    }
    let refused = answered(403, r#"{"message": "Invalid security token"}"#).await.unwrap_err();
    assert!(matches!(&refused, Error::Refused { refusal: Refusal::Scope, message, .. } if message.contains("Invalid")));
    let advice = refused.advice().join("\n");
    assert!(advice.contains("`workspaces:update`") && advice.contains("help ownership"), "{advice}");
}

#[test]
fn no_rendering_of_a_request_shows_its_body() {
    use super::transport::{Method, Request};
    use crate::domain::fleet::BaseUrl;
    use crate::domain::{Access, ApiKey};
    let request = Request {
        method: Method::Post,
        base: BaseUrl::parse("http://127.0.0.1:1").unwrap(),
        path: "/api/v2/x".to_owned(),
        access: Access::Own(ApiKey::parse("k").unwrap()),
        body: Some(TOKEN.to_owned()),
        timeout: std::time::Duration::from_secs(1),
    };
    assert!(!format!("{request:?}").contains("canary"));
}
