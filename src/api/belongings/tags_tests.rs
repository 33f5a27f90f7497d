//! Tags and mappings: what is asked for and sent byte for byte, what is taken of an answer, and what an answer proves.

use serde_json::{Value, json};

use crate::api::script::{Line, Seen, Stage};
use crate::api::{Error, Mappings, Operation, Refusal, Writer};
use crate::domain::permit::ApprovedBy;
use crate::domain::{Approval, Permit, PlanId, ResourceId, ResourceKind, StepId, Tag, TagId, TagMapping, WorkspaceId};

const HOME: &str = "0197a1c3-5f60-7d11-9a21-00000000aa01";
const TAG: &str = "0198a111-2222-7333-8444-00000000a001";

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../../tests/contract/fixtures/", $name)).to_owned()
    };
}

fn home() -> WorkspaceId {
    WorkspaceId::parse(HOME).unwrap()
}

fn tag_id() -> TagId {
    TagId::parse(TAG).unwrap()
}

fn id(text: &str) -> ResourceId {
    ResourceId::parse(text).unwrap()
}

fn played(bodies: impl IntoIterator<Item = String>) -> Stage {
    Stage::playing(bodies.into_iter().map(|body| Line::Answer(200, body)))
}

fn lines(seen: &[Seen]) -> Vec<&str> {
    seen.iter().map(|seen| seen.line.as_str()).collect()
}

fn mapping(number: usize, resource: &str) -> Value {
    json!({"id": format!("m-{number}"), "tag_id": TAG, "resource_id": resource, "resource_type": 1, "organization_id": HOME})
}

#[tokio::test(start_paused = true)]
async fn every_recorded_tag_is_read() {
    let stage = played([fixture!("custom-tags.page1.json"), fixture!("custom-tags.last.json")]);
    let listing = stage.client.tags(&home(), |_| true).await.unwrap();
    let labels: Vec<_> = listing.rows.iter().map(|tag| (tag.label.as_str(), tag.description.as_deref())).collect();
    let expected = [
        ("owner:noor", Some("Accounts handled by Noor")),
        ("tier-1", None),
        ("paused-by-ops", Some("Set by the orchestrator")),
    ];
    assert_eq!((labels, listing.complete), (expected.to_vec(), Ok(())));
    assert_eq!(
        lines(&stage.ended()),
        [
            "GET /api/v2/custom-tags?limit=100",
            "GET /api/v2/custom-tags?limit=100&starting_after=0198a111-2222-7333-8444-00000000a002"
        ]
    );
    let stage = played([fixture!("custom-tags.duplicate-labels.json")]);
    assert_eq!(stage.client.tags(&home(), |_| true).await.unwrap().rows.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_tag_or_a_mapping_that_cannot_be_told_makes_its_list_incomplete() {
    let tag = json!({"id": TAG, "label": "a", "organization_id": HOME});
    for (member, value) in [("id", json!("a/b")), ("label", json!(" ")), ("organization_id", json!("another"))] {
        let mut row = tag.clone();
        row[member] = value;
        let stage = played([json!({ "items": [row] }).to_string()]);
        let listing = stage.client.tags(&home(), |_| true).await.unwrap();
        assert!(listing.rows.is_empty() && listing.complete.is_err(), "{member}");
    }
    for member in ["id", "tag_id", "resource_id", "organization_id"] {
        let mut row = mapping(1, "a@x.example");
        row[member] = json!(null);
        let stage = played([json!({ "items": [row] }).to_string()]);
        let listing = stage.client.mappings(&home(), Mappings::All, |_| true).await.unwrap();
        assert!(listing.rows.is_empty() && listing.complete.is_err(), "{member}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_whole_list_of_mappings_keeps_only_what_is_wanted_and_knows_kinds_of_tomorrow() {
    let stage = played([fixture!("custom-tag-mappings.page1.json"), fixture!("custom-tag-mappings.last.json")]);
    let mut seen = 0;
    let keep = |found: &TagMapping| {
        seen += 1;
        found.kind == Some(ResourceKind::Campaign)
    };
    let listing = stage.client.mappings(&home(), Mappings::All, keep).await.unwrap();
    assert_eq!((seen, listing.rows.len(), listing.complete), (3, 1, Ok(())));
    assert_eq!(stage.ended()[0].line, "GET /api/v2/custom-tag-mappings?limit=100");
    let mut row = mapping(1, "a");
    row["resource_type"] = json!(7);
    let stage = played([json!({ "items": [row] }).to_string()]);
    let listing = stage.client.mappings(&home(), Mappings::All, |_| true).await.unwrap();
    assert_eq!((listing.rows[0].kind, listing.complete), (None, Ok(())));
}

#[tokio::test(start_paused = true)]
async fn resources_are_looked_up_a_hundred_at_a_time_and_encoded_whole() {
    let stage =
        played([json!({"items": [mapping(1, "Noor+X@mail.example"), mapping(2, "else@mail.example")]}).to_string()]);
    let asked = [id("noor+x@mail.example"), id("b@mail.example")];
    let listing = stage.client.mappings(&home(), Mappings::Of(&asked), |_| true).await.unwrap();
    assert_eq!(listing.rows.len(), 1, "the filter narrows, it never decides, and addresses compare without case");
    let line = "GET /api/v2/custom-tag-mappings?limit=100&resource_ids=noor%2Bx%40mail.example%2Cb%40mail.example";
    assert_eq!(stage.ended()[0].line, line);

    let many: Vec<ResourceId> = (0..250).map(|number| id(&format!("a{number}@mail.example"))).collect();
    let stage = played(std::iter::repeat_n(json!({"items": []}).to_string(), 3));
    stage.client.mappings(&home(), Mappings::Of(&many), |_| true).await.unwrap();
    let commas: Vec<usize> = stage.ended().iter().map(|seen| seen.line.matches("%2C").count() + 1).collect();
    assert_eq!(commas, [100, 100, 50]);

    let long: Vec<ResourceId> =
        (0..100).map(|number| id(&format!("{}{number}@mail.example", "a".repeat(200)))).collect();
    let sizes: Vec<usize> = Mappings::lookups(&long).map(<[_]>::len).collect();
    assert_eq!((sizes.iter().sum::<usize>(), sizes.iter().all(|size| *size <= 35)), (100, true), "{sizes:?}");

    let stage = played([]);
    let listing = stage.client.mappings(&home(), Mappings::Of(&[]), |_| true).await.unwrap();
    assert_eq!((listing.rows.len(), stage.ended().len()), (0, 0), "nothing is asked about nothing");
}

#[tokio::test(start_paused = true)]
async fn look_ups_of_what_carries_several_tags_are_made_smaller() {
    let many: Vec<ResourceId> = (0..200).map(|number| id(&format!("a{number}@mail.example"))).collect();
    // Two tags each: the first look-up takes two pages.
    let rows = |from: usize| -> Vec<Value> {
        (from..from + 50)
            .flat_map(|n| [n * 2, n * 2 + 1].map(|row| mapping(row, &format!("a{n}@mail.example"))))
            .collect()
    };
    let none = json!({"items": []}).to_string();
    let pages =
        [json!({"items": rows(0), "next_starting_after": "c"}).to_string(), json!({"items": rows(50)}).to_string()];
    let stage = played(pages.into_iter().chain(std::iter::repeat_n(none, 2)));
    stage.client.mappings(&home(), Mappings::Of(&many), |_| false).await.unwrap();
    let sizes: Vec<usize> = stage.ended().iter().map(|seen| seen.line.matches("%2C").count() + 1).collect();
    assert_eq!(sizes, [100, 100, 47, 53]);
}

#[tokio::test(start_paused = true)]
async fn accounts_show_their_figures_and_their_tags_and_what_cannot_be_read_is_not_told() {
    let stage = played([fixture!("accounts.with-tags.json")]);
    let rows = stage.client.tagged_accounts(&home(), |_| true).await.unwrap().rows;
    assert_eq!(stage.ended()[0].line, "GET /api/v2/accounts?limit=100&include_tags=true");
    let noor = &rows[0];
    let figures = (noor.status, noor.provider, noor.warmup_status, noor.daily_limit, noor.warmup_score);
    assert_eq!(figures, (Some(1), Some(2), Some(1), Some(30), Some(98)));
    let tag = Tag { id: tag_id(), label: "owner:noor".to_owned(), description: None };
    assert_eq!((noor.tags.clone(), rows[1].tags.clone()), (Some(vec![tag]), Some(Vec::new())));
    for odd in [json!("x"), json!([7]), json!([{"id": "a/b", "label": "l"}]), json!({"a": []}), json!(7)] {
        let row = json!({"email": "a@x.example", "organization": HOME, "stat_warmup_score": 97.6, "tags": odd});
        let stage = played([json!({ "items": [row] }).to_string()]);
        let listing = stage.client.tagged_accounts(&home(), |_| true).await.unwrap();
        assert_eq!(
            (listing.rows[0].tags.clone(), listing.rows[0].warmup_score, listing.complete),
            (None, Some(98), Ok(()))
        );
    }
}

/// A writer over one answer.
struct Hand {
    stage: Stage,
}

impl Hand {
    fn answered(status: u16, body: impl Into<String>) -> Self {
        Self { stage: Stage::playing([Line::Answer(status, body.into())]) }
    }

    async fn parts(&self, operation: Operation) -> (Writer, crate::api::Slot, Permit) {
        let writer = Writer::new(self.stage.client.clone(), &Approval::grant(PlanId::of(b"plan"), ApprovedBy::Typed));
        let slot = self.stage.client.slot(operation).await.unwrap();
        (writer, slot, Permit::issue(home(), StepId::of(b"step"), 1))
    }

    async fn create(&self, label: &str) -> Result<Tag, Error> {
        let (writer, slot, permit) = self.parts(Operation::TagCreate).await;
        writer.create_tag(slot, permit, &home(), label, Some("Set by the orchestrator")).await
    }

    async fn patch(&self, label: Option<&str>, description: Option<&str>) -> Result<Tag, Error> {
        let (writer, slot, permit) = self.parts(Operation::TagPatch).await;
        writer.patch_tag(slot, permit, &home(), &tag_id(), label, description).await
    }

    async fn toggle(&self, resources: &[ResourceId]) -> Result<(), Error> {
        let (writer, slot, permit) = self.parts(Operation::TagToggle).await;
        writer.toggle_tag(slot, permit, &home(), &tag_id(), (ResourceKind::Account, resources), true).await
    }

    fn sent(&self) -> (String, Value) {
        let seen = self.stage.ended().remove(0);
        (seen.line, serde_json::from_str(&seen.body.unwrap_or_else(|| "null".to_owned())).unwrap())
    }
}

#[tokio::test(start_paused = true)]
async fn a_tag_is_made_altered_and_deleted_by_exactly_these_requests() {
    let hand = Hand::answered(200, fixture!("custom-tag.created.json"));
    assert_eq!(hand.create("paused-by-ops").await.unwrap().label, "paused-by-ops");
    let body = json!({"label": "paused-by-ops", "description": "Set by the orchestrator"});
    assert_eq!(hand.sent(), ("POST /api/v2/custom-tags".to_owned(), body));

    let hand = Hand::answered(200, fixture!("custom-tag.patched.json"));
    assert_eq!(hand.patch(Some("owner:tomas"), None).await.unwrap().label, "owner:tomas");
    assert_eq!(hand.sent(), (format!("PATCH /api/v2/custom-tags/{TAG}"), json!({"label": "owner:tomas"})));
    let nothing = Hand { stage: played([]) };
    assert!(matches!(nothing.patch(None, None).await, Err(Error::NotSent { .. })));

    let gone = "0198a111-2222-7333-8444-00000000a002";
    let hand = Hand::answered(200, fixture!("custom-tag.deleted.json"));
    let (writer, slot, permit) = hand.parts(Operation::TagDelete).await;
    let deleted = writer.delete_tag(slot, permit, &home(), &TagId::parse(gone).unwrap()).await.unwrap();
    assert_eq!(
        (deleted.label.as_str(), hand.sent()),
        ("tier-1", (format!("DELETE /api/v2/custom-tags/{gone}"), Value::Null))
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_about_another_tag_proves_nothing() {
    let other = Hand::answered(200, fixture!("custom-tag.created.json")).create("something else").await;
    assert!(matches!(other, Err(Error::Ambiguous { .. })), "{other:?}");
    let other = Hand::answered(200, fixture!("custom-tag.created.json")).patch(Some("a"), None).await;
    assert!(matches!(other, Err(Error::Ambiguous { .. })), "{other:?}");
    let taken = Hand::answered(409, fixture!("error.409.tag-label.json")).create("paused-by-ops").await;
    assert!(matches!(taken, Err(Error::Refused { refusal: Refusal::Conflict, .. })), "{taken:?}");
}

#[tokio::test(start_paused = true)]
async fn a_tag_is_put_on_named_resources_and_nothing_else_can_be_said() {
    let resources = [id("noor@mail-one.example"), id("tomas@mail-one.example")];
    let hand = Hand::answered(200, fixture!("custom-tags.toggle-ok.json"));
    hand.toggle(&resources).await.unwrap();
    let body = json!({
        "tag_ids": [TAG], "resource_type": 1, "resource_ids": ["noor@mail-one.example", "tomas@mail-one.example"], "assign": true,
    });
    assert_eq!(hand.sent(), ("POST /api/v2/custom-tags/toggle-resource".to_owned(), body));

    let nothing = Hand { stage: played([]) };
    assert!(matches!(nothing.toggle(&[]).await, Err(Error::NotSent { .. })), "nothing named could mean all there are");
    assert!(nothing.stage.ended().is_empty());
    for body in [fixture!("custom-tags.toggle-not-success.json"), "{}".to_owned(), r#"{"error": "x"}"#.to_owned()] {
        let told = Hand::answered(200, body).toggle(&resources).await;
        assert!(matches!(told, Err(Error::Ambiguous { .. })), "{told:?}");
    }
    let unknown = Hand::answered(404, fixture!("error.404.json")).toggle(&resources).await;
    assert!(matches!(unknown, Err(Error::Refused { refusal: Refusal::Missing, .. })), "an address it does not know");
}
