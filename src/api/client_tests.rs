//! The client against scripts, in virtual time.

use std::time::Duration;

use futures::{FutureExt as _, StreamExt as _};
use serde_json::json;

use super::script::{CANARY, Line, Setting, Stage};
use super::{Error, Incomplete, Invite, MemberFilter, Operation, Refusal, Writer};
use crate::domain::permit::ApprovedBy;
use crate::domain::{Approval, Email, MemberId, Permissions, Permit, PlanId, Role, StepId, WorkspaceId};

const HOME: &str = "0197a1c3-5f60-7d11-9a21-00000000aa01";

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../tests/contract/fixtures/", $name)).to_owned()
    };
}

fn home() -> WorkspaceId {
    WorkspaceId::parse(HOME).unwrap()
}

fn identity() -> Line {
    Line::Answer(200, fixture!("workspace.current.json"))
}

fn row(id: &str) -> serde_json::Value {
    json!({"id": id, "email": format!("{id}@agency.example"), "role": "view", "accepted": true, "workspace_id": HOME})
}

fn page(ids: &[&str], cursor: Option<&str>) -> Line {
    let items: Vec<_> = ids.iter().map(|id| row(id)).collect();
    Line::Answer(200, json!({"items": items, "next_starting_after": cursor}).to_string())
}

fn writer(stage: &Stage) -> Writer {
    Writer::new(stage.client.clone(), &Approval::grant(PlanId::of(b"plan"), ApprovedBy::Typed))
}

fn permit(workspace: &str) -> Permit {
    Permit::issue(WorkspaceId::parse(workspace).unwrap(), StepId::of(b"step"), 1)
}

fn invite() -> Invite {
    Invite {
        email: Email::observed("new.hire@agency.example"),
        role: Role::View,
        permissions: Some(Permissions::of(["dashboard.view"])),
        nickname: None,
    }
}

async fn invited(stage: &Stage) -> Result<crate::domain::Member, Error> {
    let slot = stage.client.slot(Operation::MemberCreate).await?;
    writer(stage).invite(slot, permit(HOME), &home(), &invite()).await
}

#[tokio::test(start_paused = true)]
async fn a_read_is_repeated_until_it_comes() {
    let stage =
        Stage::playing([Line::NotSent, Line::Reset, Line::Answer(200, fixture!("error.200-html.html")), identity()]);
    assert_eq!(stage.client.current().await.unwrap().name, "Northwind Dental");
    assert_eq!(stage.ended().len(), 4);
    assert_eq!((stage.tally.requests(), stage.tally.writes()), (4, 0));
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_again_is_counted_once_among_what_was_taken() {
    let error = || Line::Answer(502, fixture!("error.502.html.html"));
    let stage = Stage::playing([error(), error(), Line::Throttle(Some("1")), identity(), identity()]);
    stage.client.current().await.unwrap();
    assert_eq!((stage.tally.requests(), stage.tally.taken()), (4, 1));
    stage.client.current().await.unwrap();
    assert_eq!((stage.tally.requests(), stage.tally.taken()), (5, 1), "the same question, asked once too often");
    stage.ended();
}

#[tokio::test(start_paused = true)]
async fn a_read_gives_up_after_four_attempts() {
    let stage = Stage::playing((0..4).map(|_| Line::Answer(502, fixture!("error.502.html.html"))));
    assert!(matches!(stage.client.current().await, Err(Error::Ambiguous { timed_out: false, .. })));
    assert_eq!(stage.ended().len(), 4);
    assert!(stage.clock.elapsed() < Duration::from_secs(4));
}

#[tokio::test(start_paused = true)]
async fn a_hanging_workspace_fails_at_its_first_timeout() {
    let stage = Stage::playing([Line::Hang]);
    assert!(matches!(stage.client.current().await, Err(Error::Ambiguous { timed_out: true, .. })));
    assert_eq!(stage.clock.elapsed(), Duration::from_secs(30));
    assert_eq!(stage.permits.available(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_asked_once() {
    let stage = Stage::playing([Line::Answer(402, fixture!("error.402.no-paid-plan.json"))]);
    let error = stage.client.current().await.unwrap_err();
    assert!(matches!(error, Error::Refused { refusal: Refusal::Plan, .. }) && error.ends_lane());
    assert_eq!(stage.ended().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_read_waits_as_told_and_holds_no_permit_meanwhile() {
    let stage = Stage::set(Setting { permits: 1, ..Setting::default() }, [Line::Throttle(Some("90")), identity()]);
    let ((), identity) = tokio::join!(
        async {
            stage.clock.sleep(Duration::from_secs(45)).await;
            assert_eq!(stage.permits.available(), 1, "who waits for the pace keeps nobody from sending");
            assert!(stage.pacer.next_free().is_some());
        },
        stage.client.current()
    );
    identity.unwrap();
    let seen = stage.ended();
    assert!(seen[1].at >= Duration::from_secs(90) && seen[1].at < Duration::from_secs(91), "{:?}", seen[1].at);
    assert!(seen.iter().all(|seen| seen.permits_left == 0));
    assert_eq!(stage.tally.throttled(), 1);
    assert!(stage.tally.limited() >= Duration::from_secs(89));
}

#[tokio::test(start_paused = true)]
async fn a_workspace_limited_for_ever_ends_after_six_attempts() {
    let stage = Stage::playing((0..6).map(|_| Line::Throttle(None)));
    assert!(matches!(stage.client.current().await, Err(Error::Throttled { .. })));
    stage.ended();
    assert!(stage.clock.elapsed() > Duration::from_secs(15), "the pauses must have a chance to outlast the limit");
}

#[tokio::test(start_paused = true)]
async fn every_attempt_pays_the_pacer() {
    let stage = Stage::set(Setting { places: 1, ..Setting::default() }, [Line::Reset, Line::Reset, identity()]);
    stage.client.current().await.unwrap();
    let seen = stage.ended();
    for pair in seen.windows(2) {
        assert!(pair[1].at >= pair[0].at + Duration::from_secs(1), "{seen:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn all_pages_are_read_and_each_renews_the_budget() {
    let mut lines = Vec::new();
    for (ids, cursor) in [(["a", "b"], Some("c1")), (["b", "c"], Some("c2")), (["d", "e"], None)] {
        lines.extend([Line::Reset, Line::Reset, Line::Reset, page(&ids, cursor)]);
    }
    let stage = Stage::playing(lines);
    let listing = stage.client.members(&home()).await.unwrap();
    let ids: Vec<_> = listing.rows.iter().map(|member| member.id.as_str()).collect();
    assert_eq!((ids, listing.complete), (vec!["a", "b", "c", "d", "e"], Ok(())));
    let seen = stage.ended();
    assert_eq!(seen[0].line, "GET /api/v2/workspace-members?limit=100");
    assert_eq!(seen[11].line, "GET /api/v2/workspace-members?limit=100&starting_after=c2");
}

#[tokio::test(start_paused = true)]
async fn a_listing_that_turns_in_circles_ends_incomplete() {
    let stage = Stage::playing([page(&["a"], Some("c1")), page(&["b"], Some("c1"))]);
    let listing = stage.client.members(&home()).await.unwrap();
    assert_eq!((listing.rows.len(), listing.complete), (2, Err(Incomplete::CursorRepeated)));
    stage.ended();
}

#[tokio::test(start_paused = true)]
async fn a_listing_whose_page_does_not_come_is_an_error() {
    let stage = Stage::playing([page(&["a"], Some("c1")), Line::Answer(403, fixture!("error.403.scope.json"))]);
    let pages: Vec<_> = stage.client.member_pages(&home(), &MemberFilter::default()).collect().await;
    assert!(pages[0].is_ok() && pages[1].is_err() && pages.len() == 2);
}

#[tokio::test(start_paused = true)]
async fn one_member_is_read_again_by_id() {
    let id = MemberId::parse("0199b770-5f5f-7a5a-8b5b-0000000b0003").unwrap();
    let stage =
        Stage::playing([Line::Answer(200, fixture!("member.get.json")), Line::Answer(404, fixture!("error.404.json"))]);
    assert_eq!(stage.client.member(&id).await.unwrap().role, Role::Editor);
    let gone = stage.client.member(&id).await.unwrap_err();
    assert!(matches!(gone, Error::Refused { refusal: Refusal::Missing, .. }) && !gone.ends_lane());
    assert_eq!(stage.ended()[0].line, format!("GET /api/v2/workspace-members/{id}"));
}

#[tokio::test(start_paused = true)]
async fn no_answer_makes_a_write_go_twice() {
    for line in [
        Line::NotSent,
        Line::Reset,
        Line::Hang,
        Line::Throttle(Some("1")),
        Line::Answer(500, fixture!("error.500.json")),
        Line::Answer(200, fixture!("error.200-html.html")),
        Line::Answer(409, fixture!("error.409.tag-label.json")),
    ] {
        let stage = Stage::playing([line]);
        assert!(invited(&stage).await.is_err());
        let seen = stage.ended();
        assert_eq!((seen.len(), stage.tally.writes()), (1, 1));
        assert_eq!(stage.permits.available(), 4);
    }
}

#[tokio::test(start_paused = true)]
async fn an_invitation_carries_what_was_asked_and_returns_the_row() {
    let stage = Stage::playing([Line::Answer(200, fixture!("member.created-pending.json"))]);
    let member = invited(&stage).await.unwrap();
    // The echo grants more than was asked: the caller compares.
    assert_eq!(member.permissions.unwrap().0.len(), 2);
    let seen = stage.ended();
    assert_eq!(seen[0].line, "POST /api/v2/workspace-members");
    assert_eq!(
        seen[0].body.as_deref(),
        Some(r#"{"email":"new.hire@agency.example","role":"view","permissions":["dashboard.view"]}"#)
    );
}

#[tokio::test(start_paused = true)]
async fn an_echo_about_somebody_or_somewhere_else_is_ambiguous() {
    let mut elsewhere = row("a");
    elsewhere["email"] = json!("new.hire@agency.example");
    elsewhere["workspace_id"] = json!("another");
    for body in [fixture!("member.get.json"), fixture!("error.200-with-error-body.json"), elsewhere.to_string()] {
        let stage = Stage::playing([Line::Answer(200, body)]);
        assert!(matches!(invited(&stage).await, Err(Error::Ambiguous { timed_out: false, .. })));
    }
    let stage = Stage::playing([
        Line::Answer(200, fixture!("member.patched.json")),
        Line::Answer(200, fixture!("member.deleted.json")),
    ]);
    let (writer, other) = (writer(&stage), MemberId::parse("another").unwrap());
    let slot = stage.client.slot(Operation::MemberCreate).await.unwrap();
    assert!(matches!(
        writer.set_role(slot, permit(HOME), &home(), &other, &Role::View).await,
        Err(Error::Ambiguous { .. })
    ));
    let slot = stage.client.slot(Operation::MemberCreate).await.unwrap();
    assert!(matches!(writer.remove(slot, permit(HOME), &home(), &other).await, Err(Error::Ambiguous { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_role_that_was_not_honoured_is_returned_as_it_came() {
    let id = MemberId::parse("0199b770-5f5f-7a5a-8b5b-0000000b0003").unwrap();
    let stage = Stage::playing([
        Line::Answer(200, fixture!("member.patched-unchanged.json")),
        Line::Answer(200, fixture!("member.deleted.json")),
    ]);
    let slot = stage.client.slot(Operation::MemberCreate).await.unwrap();
    let row = writer(&stage).set_role(slot, permit(HOME), &home(), &id, &Role::View).await.unwrap();
    assert_eq!(row.role, Role::Editor);
    let slot = stage.client.slot(Operation::MemberCreate).await.unwrap();
    writer(&stage).remove(slot, permit(HOME), &home(), &id).await.unwrap();
    let seen = stage.ended();
    assert_eq!(
        (seen[0].line.as_str(), seen[0].body.as_deref()),
        ("PATCH /api/v2/workspace-members/0199b770-5f5f-7a5a-8b5b-0000000b0003", Some(r#"{"role":"view"}"#))
    );
    assert_eq!(
        (seen[1].line.as_str(), seen[1].body.as_deref()),
        ("DELETE /api/v2/workspace-members/0199b770-5f5f-7a5a-8b5b-0000000b0003", None)
    );
}

#[tokio::test(start_paused = true)]
async fn a_permit_for_another_workspace_sends_nothing() {
    let stage = Stage::playing([]);
    let slot = stage.client.slot(Operation::MemberCreate).await.unwrap();
    let error = writer(&stage).invite(slot, permit("another"), &home(), &invite()).await.unwrap_err();
    assert!(matches!(error, Error::NotSent { .. }));
    let stage = Stage::set(Setting { acts_as: Some("another"), ..Setting::default() }, []);
    let slot = stage.client.slot(Operation::MemberCreate).await.unwrap();
    let error = writer(&stage).invite(slot, permit(HOME), &home(), &invite()).await.unwrap_err();
    assert!(matches!(error, Error::NotSent { .. }));
    assert_eq!((stage.tally.requests(), stage.permits.available()), (0, 4));
}

#[tokio::test(start_paused = true)]
async fn what_would_wait_beyond_the_deadline_is_known_at_once() {
    let setting = || Setting { deadline: Some(Duration::from_mins(1)), ..Setting::default() };
    let stage = Stage::set(setting(), [Line::Throttle(Some("3600"))]);
    assert!(matches!(stage.client.current().await, Err(Error::BeyondDeadline { .. })));
    assert!(stage.clock.elapsed() < Duration::from_secs(1));

    let stage = Stage::set(Setting { permits: 1, ..setting() }, []);
    let _out = stage.permits.acquire(0).await;
    assert!(matches!(stage.client.slot(Operation::MemberCreate).await, Err(Error::BeyondDeadline { .. })));
    assert_eq!(stage.clock.elapsed(), Duration::from_mins(1));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_wait_and_a_dropped_request_give_everything_back() {
    let stage = Stage::set(Setting { places: 1, permits: 1, ..Setting::default() }, [Line::Hang, identity()]);
    assert!(stage.client.current().now_or_never().is_none());
    assert_eq!(stage.permits.available(), 1);
    assert!(stage.client.slot(Operation::MemberCreate).now_or_never().is_none(), "its place is held for the full time");
    stage.client.current().await.unwrap();
    assert_eq!(stage.ended()[1].at, Duration::from_millis(1050));
    let blocked = stage.permits.acquire(0).await;
    stage.clock.sleep(Duration::from_secs(2)).await;
    assert!(stage.client.slot(Operation::MemberCreate).now_or_never().is_none());
    assert!(stage.pacer.admit().now_or_never().is_some(), "the place is free again at once");
    drop(blocked);
}

#[tokio::test(start_paused = true)]
async fn a_slot_that_waited_through_a_429_queues_anew() {
    let stage = Stage::set(Setting { permits: 1, ..Setting::default() }, [Line::Throttle(Some("5")), identity()]);
    let (identity, (slot, when)) = tokio::join!(stage.client.current(), async {
        let slot = stage.client.slot(Operation::MemberCreate).await.unwrap();
        let when = stage.clock.elapsed();
        drop(slot);
        ((), when)
    });
    identity.unwrap();
    let () = slot;
    assert!(when >= Duration::from_secs(5), "{when:?}");
}

#[tokio::test(start_paused = true)]
async fn an_echoed_key_is_nowhere() {
    let echo = json!({"statusCode": 401, "message": format!("key {CANARY} is wrong")}).to_string();
    let named = json!({"id": HOME, "name": format!("of {CANARY}")}).to_string();
    let stage = Stage::playing([Line::Answer(401, echo), Line::Answer(200, named)]);
    let error = stage.client.current().await.unwrap_err();
    assert!(!format!("{error} {error:?} {:?}", stage.client).contains("canary"));
    let identity = stage.client.current().await.unwrap();
    assert!(!identity.name.contains("canary") && identity.name.contains("k:"));
}
