//! Handing over and revoking: what is sent byte for byte, and what an answer proves.

use serde_json::{Value, json};

use crate::api::script::{CANARY, Line, Seen, Setting, Stage};
use crate::api::{Error, Operation, Refusal, Writer};
use crate::domain::permit::ApprovedBy;
use crate::domain::{
    Approval, Campaign, CampaignId, KeyId, LeadId, LeadList, LeadListId, Permit, PlanId, StepId, UserId, WorkspaceId,
};
use crate::trouble::Advise as _;

const HOME: &str = "0197a1c3-5f60-7d11-9a21-00000000aa01";
const CAMPAIGN: &str = "0198b220-0a0a-7b0b-8c0c-00000000ca01";
const LIST: &str = "0198d330-1b1b-7c1c-8d1d-0000000001a1";
const KEY: &str = "0198e550-3d3d-7e3e-8f3f-0000000ae002";
const HEIR: &str = "0197b002-77aa-7f10-9d33-0000000e0002";

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../../tests/contract/fixtures/", $name)).to_owned()
    };
}

/// A writer over a script, with a permit for one workspace.
struct Hand {
    stage: Stage,
    permit: &'static str,
}

impl Hand {
    fn over(line: Line) -> Self {
        Self { stage: Stage::playing([line]), permit: HOME }
    }

    fn answered(status: u16, body: impl Into<String>) -> Self {
        Self::over(Line::Answer(status, body.into()))
    }

    async fn parts(&self, operation: Operation) -> (Writer, crate::api::Slot, Permit, WorkspaceId, UserId) {
        let writer = Writer::new(self.stage.client.clone(), &Approval::grant(PlanId::of(b"plan"), ApprovedBy::Typed));
        let slot = self.stage.client.slot(operation).await.unwrap();
        let permit = Permit::issue(WorkspaceId::parse(self.permit).unwrap(), StepId::of(b"step"), 1);
        (writer, slot, permit, WorkspaceId::parse(HOME).unwrap(), UserId::parse(HEIR).unwrap())
    }

    async fn campaign(&self) -> Result<Campaign, Error> {
        let (writer, slot, permit, home, heir) = self.parts(Operation::CampaignPatch).await;
        writer.hand_over_campaign(slot, permit, &home, &CampaignId::parse(CAMPAIGN).unwrap(), &heir).await
    }

    async fn list(&self) -> Result<LeadList, Error> {
        let (writer, slot, permit, home, heir) = self.parts(Operation::LeadListPatch).await;
        writer.hand_over_list(slot, permit, &home, &LeadListId::parse(LIST).unwrap(), &heir).await
    }

    async fn leads(&self, ids: &[&str]) -> Result<(), Error> {
        let (writer, slot, permit, home, heir) = self.parts(Operation::LeadsAssign).await;
        let ids: Vec<LeadId> = ids.iter().map(|id| LeadId::parse(id).unwrap()).collect();
        writer.reassign_leads(slot, permit, &home, &ids, &UserId::parse("noor").unwrap(), &heir).await
    }

    async fn key(&self) -> Result<(), Error> {
        let (writer, slot, permit, home, _) = self.parts(Operation::KeyDelete).await;
        writer.revoke_key(slot, permit, &home, &KeyId::parse(KEY).unwrap()).await
    }

    /// Makes one of the four writes.
    async fn write(&self, operation: Operation) -> Result<(), Error> {
        match operation {
            Operation::CampaignPatch => self.campaign().await.map(drop),
            Operation::LeadListPatch => self.list().await.map(drop),
            Operation::LeadsAssign => self.leads(&["a"]).await,
            _ => self.key().await,
        }
    }

    /// Returns what was sent: exactly one request, counted as a write, with all given back.
    fn sent(&self) -> Seen {
        let mut seen = self.stage.ended();
        assert_eq!((seen.len(), self.stage.tally.writes(), self.stage.permits.available()), (1, 1, 4));
        seen.remove(0)
    }

    fn nothing_sent(&self) {
        assert_eq!((self.stage.tally.requests(), self.stage.permits.available()), (0, 4));
    }
}

const WRITES: [Operation; 4] =
    [Operation::CampaignPatch, Operation::LeadListPatch, Operation::LeadsAssign, Operation::KeyDelete];

/// The answer that says yes.
fn yes(operation: Operation) -> (u16, String) {
    match operation {
        Operation::CampaignPatch => (200, fixture!("campaign.patched-owner.json")),
        Operation::LeadListPatch => (200, fixture!("lead-list.patched-owner.json")),
        Operation::LeadsAssign => (202, fixture!("leads.bulk-assign.accepted.json")),
        _ => (200, fixture!("api-key.deleted.json")),
    }
}

fn ambiguous(result: &Result<(), Error>) -> bool {
    matches!(result, Err(Error::Ambiguous { timed_out: false, .. }))
}

#[tokio::test(start_paused = true)]
async fn a_campaign_and_a_list_are_handed_over_by_their_owner_alone() {
    let hand = Hand::answered(200, fixture!("campaign.patched-owner.json"));
    assert_eq!(hand.campaign().await.unwrap().owned_by.unwrap().as_str(), HEIR);
    let seen = hand.sent();
    assert_eq!(seen.line, format!("PATCH /api/v2/campaigns/{CAMPAIGN}"));
    assert_eq!(seen.body.unwrap(), format!(r#"{{"owned_by":"{HEIR}"}}"#));

    let hand = Hand::answered(200, fixture!("lead-list.patched-owner.json"));
    assert_eq!(hand.list().await.unwrap().owned_by.unwrap().as_str(), HEIR);
    let seen = hand.sent();
    assert_eq!(seen.line, format!("PATCH /api/v2/lead-lists/{LIST}"));
    assert_eq!(seen.body.unwrap(), format!(r#"{{"owned_by":"{HEIR}"}}"#));
}

#[tokio::test(start_paused = true)]
async fn an_owner_that_was_not_changed_is_returned_as_it_came() {
    let hand = Hand::answered(200, fixture!("campaign.get.json"));
    assert_ne!(hand.campaign().await.unwrap().owned_by.unwrap().as_str(), HEIR);
    let hand = Hand::answered(200, json!({"id": LIST, "organization_id": HOME, "owned_by": null}).to_string());
    assert_eq!(hand.list().await.unwrap().owned_by, None);
}

#[tokio::test(start_paused = true)]
async fn leads_are_assigned_by_name_and_nothing_else_stands_in_the_request() {
    let hand = Hand::answered(202, fixture!("leads.bulk-assign.accepted.json"));
    hand.leads(&["lead-1", "lead-2"]).await.unwrap();
    let seen = hand.sent();
    assert_eq!(seen.line, "POST /api/v2/leads/bulk-assign");
    assert_eq!(
        seen.body.unwrap(),
        format!(r#"{{"organization_user_ids":["{HEIR}"],"ids":["lead-1","lead-2"],"assigned_to":"noor"}}"#)
    );
    for body in ["{}", r#"{"status":"brand new"}"#, r#"{"error":null}"#] {
        Hand::answered(202, body).leads(&["a"]).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn an_assignment_that_names_no_lead_is_never_sent() {
    let hand = Hand { stage: Stage::playing([]), permit: HOME };
    let error = hand.leads(&[]).await.unwrap_err();
    assert!(
        matches!(&error, Error::NotSent { operation: Operation::LeadsAssign, detail } if detail.contains("every lead"))
    );
    hand.nothing_sent();
}

#[tokio::test(start_paused = true)]
async fn a_key_is_revoked_without_a_body_and_its_secret_goes_nowhere() {
    let hand = Hand::answered(200, fixture!("api-key.deleted.json"));
    hand.key().await.unwrap();
    let seen = hand.sent();
    assert_eq!((seen.line, seen.body), (format!("DELETE /api/v2/api-keys/{KEY}"), None));

    let secret = "ZmFrZS1rZXktMDAyLW5vdC1hLXNlY3JldA==";
    for (status, body) in [
        (200, fixture!("api-key.created.json")),
        (200, fixture!("api-key.deleted.json").replace(HOME, "another")),
        (200, fixture!("api-key.deleted.json").replace('}', "")),
        (200, json!({"error": format!("{secret} is needed"), "key": secret}).to_string()),
        (202, fixture!("api-key.deleted.json")),
        (400, json!({"message": format!("{secret} of {CANARY} is needed")}).to_string()),
        (500, json!({"message": format!("{secret} is needed")}).to_string()),
    ] {
        let error = Hand::answered(status, body).key().await.unwrap_err();
        let told = format!("{error} {error:?} {:?}", error.advice());
        assert!(!told.contains("ZmFr") && !told.contains("canary"), "{told}");
        assert_eq!(matches!(error, Error::Refused { .. }), status == 400, "{told}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_about_something_else_is_ambiguous() {
    let other = |mut row: Value, member: &str| {
        row[member] = json!("another");
        row.to_string()
    };
    for operation in [Operation::CampaignPatch, Operation::LeadListPatch, Operation::KeyDelete] {
        let row: Value = serde_json::from_str(&yes(operation).1).unwrap();
        let workspace = if operation == Operation::CampaignPatch { "organization" } else { "organization_id" };
        for body in [
            other(row.clone(), "id"),
            other(row.clone(), workspace),
            "{}".to_owned(),
            "[]".to_owned(),
            String::new(),
            fixture!("error.200-html.html"),
            fixture!("error.200-with-error-body.json"),
        ] {
            let result = Hand::answered(200, body.clone()).write(operation).await;
            assert!(ambiguous(&result), "{operation} {body}: {result:?}");
        }
    }
    for body in
        [fixture!("error.200-with-error-body.json"), r#"{"error":{}}"#.to_owned(), "[]".to_owned(), String::new()]
    {
        let result = Hand::answered(202, body.clone()).leads(&["a"]).await;
        assert!(ambiguous(&result), "{body}: {result:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_published_status_is_a_success() {
    for operation in WRITES {
        let (published, body) = yes(operation);
        for status in [200, 201, 202, 204] {
            let result = Hand::answered(status, body.clone()).write(operation).await;
            assert_eq!(result.is_ok(), status == published, "{operation} {status}: {result:?}");
            assert!(result.is_ok() || ambiguous(&result), "{operation} {status}: {result:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_answer_makes_any_of_these_writes_go_twice() {
    for operation in WRITES {
        for line in [
            Line::NotSent,
            Line::Reset,
            Line::Hang,
            Line::Throttle(Some("1")),
            Line::Answer(500, fixture!("error.500.json")),
            Line::Answer(404, fixture!("error.404.json")),
            Line::Answer(403, fixture!("error.403.scope.json")),
        ] {
            let hand = Hand::over(line);
            let error = hand.write(operation).await.unwrap_err();
            hand.sent();
            if let Error::Refused { status: 404, refusal, .. } = error {
                // Only a path that names it says that it is gone.
                let gone = operation != Operation::LeadsAssign;
                assert_eq!(refusal, if gone { Refusal::Missing } else { Refusal::Route }, "{operation}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_permit_or_an_access_for_another_workspace_sends_nothing() {
    for operation in WRITES {
        let elsewhere = Setting { acts_as: Some("another"), ..Setting::default() };
        for hand in [
            Hand { stage: Stage::playing([]), permit: "another" },
            Hand { stage: Stage::set(elsewhere, []), permit: HOME },
        ] {
            let error = hand.write(operation).await.unwrap_err();
            assert!(matches!(error, Error::NotSent { .. }), "{operation}: {error:?}");
            hand.nothing_sent();
        }
    }
}
