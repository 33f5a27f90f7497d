//! Every kind of fault does what it says, and is counted.

use std::time::Duration;

use serde_json::Value;

use super::{ACME, Desk, json};
use crate::api::transport::{Failure, Method};
use crate::sim::{Fault, FaultBody, FaultKind, Hand, Op, When};

const INVITE: &str = r#"{"email":"new@agency.example","role":"view"}"#;

fn reset() -> Failure {
    Failure::Lost { detail: "connection reset by peer".to_owned(), timed_out: false }
}

fn desk(fault: Fault) -> Desk {
    let desk = Desk::script(&format!("{ACME}\n[[workspace]]\nname = \"other\"\nowner = \"boss@other.example\"\n"));
    desk.world.add_fault(fault);
    assert!(desk.world.require_all_faults_fired().is_err(), "nothing fired yet");
    desk
}

impl Desk {
    fn has_new(&self) -> bool {
        self.emails("acme").iter().any(|email| email == "new@agency.example")
    }

    /// Requires that every fault fired, and that the last request was settled by the kind.
    fn require_fired(&self, kind: &str) {
        self.world.require_all_faults_fired().unwrap();
        assert!(self.world.requests().iter().any(|seen| seen.fault == Some(kind)), "{kind} is in the log");
    }

    async fn invite(&self) -> Result<crate::api::transport::Answer, Failure> {
        self.send("acme", Method::Post, "workspace-members", Some(INVITE)).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_status_answers_and_applies_nothing() {
    for (body, starts) in
        [(FaultBody::Json, "{\"statusCode\":500"), (FaultBody::Html, "<html>"), (FaultBody::Empty, "")]
    {
        let desk = desk(Fault::once(FaultKind::Status { status: 500, body, retry_after: None }).times(2));
        for _ in 0..2 {
            let answer = desk.invite().await.unwrap();
            let text = String::from_utf8(answer.body.to_vec()).unwrap();
            assert_eq!(answer.status, 500);
            assert!(text.starts_with(starts) && text.is_empty() == starts.is_empty(), "{text}");
        }
        assert!(!desk.has_new());
        assert_eq!(desk.invite().await.unwrap().status, 200, "the third passes");
        desk.require_fired("status");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_was_applied_and_a_lost_request_was_not() {
    for (kind, applied) in [(FaultKind::LoseAnswer, true), (FaultKind::LoseRequest, false)] {
        let word = kind.as_str();
        let desk = desk(Fault::once(kind).on("acme").at(Op::MemberCreate));
        assert_eq!(desk.invite().await.unwrap_err(), reset());
        assert_eq!((desk.has_new(), desk.world.writes("acme")), (applied, usize::from(applied)));
        let seen = desk.world.requests();
        assert_eq!((seen[0].status, seen[0].wrote), (None, applied));
        desk.require_fired(word);
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_effect_lands_when_its_time_has_come() {
    let desk = desk(Fault::once(FaultKind::Late { after: Duration::from_secs(20) }));
    assert_eq!(desk.invite().await.unwrap_err(), reset());
    desk.clock.sleep(Duration::from_secs(19)).await;
    let rows = async || desk.get("acme", "workspace-members").await.1["items"].as_array().unwrap().len();
    assert_eq!(rows().await, 3);
    assert!(!desk.world.requests()[0].wrote);
    desk.clock.sleep(Duration::from_secs(1)).await;
    assert_eq!(rows().await, 4);
    assert!(desk.world.requests()[0].wrote, "the log is told when it lands");
    assert_eq!(desk.world.writes("acme"), 1);
    desk.require_fired("late");
}

#[tokio::test(start_paused = true)]
async fn what_is_still_late_at_the_end_can_be_landed() {
    let desk = desk(Fault::once(FaultKind::Late { after: Duration::from_hours(1) }));
    desk.invite().await.unwrap_err();
    desk.world.land_all();
    assert!(desk.has_new());
}

#[tokio::test(start_paused = true)]
async fn a_delay_is_virtual_and_ends_at_the_time_limit() {
    let mut desk = desk(Fault::once(FaultKind::Delay { by: Duration::from_secs(10) }).times(2));
    assert_eq!(desk.get("acme", "workspaces/current").await.0, 200);
    assert_eq!(desk.clock.elapsed(), Duration::from_secs(10));
    desk.timeout = Duration::from_secs(3);
    let lost = desk.invite().await.unwrap_err();
    assert!(matches!(lost, Failure::Lost { timed_out: true, .. }));
    assert_eq!(desk.clock.elapsed(), Duration::from_secs(13));
    assert!(desk.has_new(), "it was applied before the limit");
    desk.world.require_all_faults_fired().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_hang_ends_at_the_time_limit_and_applies_nothing() {
    let desk = desk(Fault::always(FaultKind::Hang).on("acme"));
    let lost = desk.invite().await.unwrap_err();
    assert!(matches!(lost, Failure::Lost { timed_out: true, .. }));
    assert_eq!(desk.clock.elapsed(), Duration::from_secs(30));
    assert!(!desk.has_new());
    assert_eq!(desk.get("other", "workspaces/current").await.0, 200, "nobody else waits");
    desk.require_fired("hang");
}

#[tokio::test(start_paused = true)]
async fn truncated_html_and_oversized_answers_hide_what_was_applied() {
    for kind in [FaultKind::Truncate, FaultKind::Html, FaultKind::Oversized { bytes: 1000 }] {
        let word = kind.as_str();
        let desk = desk(Fault::once(kind.clone()));
        let answer = desk.invite().await.unwrap();
        assert_eq!(answer.status, 200);
        assert!(json(&answer).get("email").is_none(), "{word}");
        assert_eq!(json(&answer).is_null(), word != "oversized", "{word} is JSON only where it is too long");
        assert!(desk.has_new());
        desk.require_fired(word);
    }
    let desk = desk(Fault::once(FaultKind::Oversized { bytes: 2 * 1024 * 1024 }));
    let lost = desk.invite().await.unwrap_err();
    assert!(matches!(lost, Failure::Lost { timed_out: false, .. }), "above the transport's own limit");
}

#[tokio::test(start_paused = true)]
async fn a_cursor_loop_never_ends_by_itself() {
    let desk = desk(Fault::always(FaultKind::CursorLoop));
    let (_, first) = desk.get("acme", "workspace-members?limit=2").await;
    let cursor = first["next_starting_after"].as_str().unwrap();
    let (_, second) = desk.get("acme", &format!("workspace-members?limit=2&starting_after={cursor}")).await;
    assert_eq!(first, second);
    desk.require_fired("cursor-loop");
}

#[tokio::test(start_paused = true)]
async fn an_ignored_write_answers_200_and_changes_nothing() {
    let desk = desk(Fault::once(FaultKind::Ignore).times(3));
    let before = desk.world.members("acme");
    let id = desk.id("acme", "sdr@agency.example");
    assert_eq!(desk.get("acme", "workspaces/current").await.0, 200, "a read does not spend it");
    let (status, body) = desk.patch("acme", &id, r#"{"role":"admin"}"#).await;
    assert_eq!((status, &body["role"]), (200, &Value::from("editor")));
    assert_eq!(desk.delete("acme", &id).await.0, 200);
    assert_eq!(desk.post("acme", INVITE).await.1["email"], "new@agency.example");
    assert_eq!((desk.world.members("acme"), desk.world.writes("acme")), (before, 0));
    desk.require_fired("ignore");
}

#[tokio::test(start_paused = true)]
async fn an_echoed_key_stands_in_the_message() {
    let desk = desk(Fault::once(FaultKind::EchoKey { status: 400 }));
    let (status, body) = desk.get("acme", "workspaces/current").await;
    assert_eq!(status, 400);
    assert!(body["message"].as_str().unwrap().contains(&desk.world.key_of("acme").unwrap()));
    desk.require_fired("echo-key");
}

#[tokio::test(start_paused = true)]
async fn foreign_rows_say_whose_they_are() {
    let desk = desk(Fault::once(FaultKind::Foreign).times(3));
    let other = desk.world.workspace_id("other").unwrap();
    let (_, page) = desk.get("acme", "workspace-members").await;
    assert_eq!(page["items"][0]["workspace_id"], *other);
    assert_eq!(page["items"][0]["email"], "boss@other.example");
    assert_eq!(desk.get("acme", "workspaces/current").await.1["id"], *other);
    assert_eq!(desk.post("acme", INVITE).await.1["workspace_id"], *other);
    desk.require_fired("foreign");
}

#[tokio::test(start_paused = true)]
async fn another_hand_acts_before_or_after_the_matching_request() {
    let add = Hand::Add { email: "early@agency.example".into(), role: "admin".into(), accepted: true };
    let desk = desk(Fault::once(FaultKind::Meanwhile { when: When::Before, hand: add }).at(Op::MemberList));
    let after = |hand| Fault::once(FaultKind::Meanwhile { when: When::After, hand }).at(Op::MemberList).on("acme");
    desk.world.add_fault(after(Hand::Remove { email: "sdr@agency.example".into() }));
    desk.world.add_fault(after(Hand::SetRole { email: "ops@agency.example".into(), role: "view".into() }));
    let roles = async || {
        let (_, page) = desk.get("acme", "workspace-members").await;
        let rows = page["items"].as_array().unwrap().iter();
        let mut rows: Vec<String> =
            rows.map(|row| format!("{} {}", row["email"].as_str().unwrap(), row["role"].as_str().unwrap())).collect();
        rows.sort();
        rows
    };
    let before = roles().await;
    assert!(before.contains(&"early@agency.example admin".to_owned()));
    assert!(
        before.contains(&"sdr@agency.example editor".to_owned())
            && before.contains(&"ops@agency.example admin".to_owned())
    );
    let later = roles().await;
    assert!(later.contains(&"ops@agency.example view".to_owned()) && later.len() == before.len() - 1);
    assert_eq!(desk.world.writes("acme"), 0, "another hand's changes are not the client's writes");
    desk.world.require_all_faults_fired().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_redirect_and_a_refused_connection_apply_nothing() {
    let desk = desk(Fault::once(FaultKind::Redirect));
    assert_eq!(desk.invite().await.unwrap().status, 302);
    desk.require_fired("redirect");
    desk.world.add_fault(Fault::once(FaultKind::NotSent));
    let seen = desk.world.request_count();
    assert!(matches!(desk.invite().await.unwrap_err(), Failure::NotSent { .. }));
    assert_eq!(desk.world.request_count(), seen, "it never arrived");
    assert!(!desk.has_new());
    desk.world.require_all_faults_fired().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_time_limit_before_the_arrival_applies_nothing() {
    let mut desk = Desk::with(
        crate::sim::World::generated(1, 2, 1),
        crate::sim::LocalSettings { latency: Duration::from_secs(10), ..Default::default() },
    );
    desk.timeout = Duration::from_secs(4);
    let lost = desk.send("client-0001", Method::Post, "workspace-members", Some(INVITE)).await.unwrap_err();
    assert!(matches!(lost, Failure::Lost { timed_out: true, .. }));
    assert_eq!((desk.world.request_count(), desk.world.members("client-0001").len()), (0, 2));
}

#[tokio::test(start_paused = true)]
async fn faults_of_a_script_fire_like_those_of_a_test() {
    let desk = Desk::script(&format!(
        "{ACME}
[[fault]]
kind = \"status\"
status = 429
retry_after_date = \"30s\"
workspace = \"acme\"
operation = \"member.list\"
skip = 1
[[fault]]
kind = \"meanwhile\"
when = \"after\"
hand = \"remove\"
email = \"sdr@agency.example\"
"
    ));
    assert_eq!(desk.get("acme", "workspace-members").await.0, 200);
    assert_eq!(desk.emails("acme").len(), 2);
    let answer = desk.send("acme", Method::Get, "workspace-members", None).await.unwrap();
    assert_eq!(answer.retry_after.as_deref(), Some("Fri, 20 Nov 2026 08:00:30 GMT"));
    assert_eq!(desk.world.throttled(), 1);
    desk.world.require_all_faults_fired().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_status_after_the_effect_answers_it_and_applied_all_the_same() {
    let fault = "[[fault]]\nkind = \"status-after\"\nstatus = 503\nbody = \"html\"\noperation = \"member.create\"\n";
    let desk = Desk::script(&format!("{ACME}{fault}"));
    let answer = desk.invite().await.unwrap();
    assert_eq!((answer.status, answer.body.starts_with(b"<html>")), (503, true));
    assert_eq!((desk.has_new(), desk.world.writes("acme")), (true, 1));
    assert!(desk.world.requests()[0].wrote);
    desk.require_fired("status-after");
}
