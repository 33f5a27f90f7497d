//! Tags and what carries them, held against the contract's samples and against each other.

use std::time::Duration;

use serde_json::{Value, json};

use super::Desk;
use super::contract::require_same;
use crate::api::transport::Method;
use crate::sim::{Fault, FaultKind, Hand, Labels, Op, World, put};

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

/// The workspace of the samples.
const WORLD: &str = r#"
[[workspace]]
name = "northwind"
id = "0197a1c3-5f60-7d11-9a21-00000000aa01"
owner = "owner@agency.example"
campaigns = [{ id = "0198b220-0a0a-7b0b-8c0c-00000000ca01", name = "Q4 dentists" }, { name = "Spare" }]
accounts = [
  { email = "noor@mail-one.example", created = "2026-04-08T10:11:12.131Z", added_by = "0198c4d5-10fe-7a6b-8e44-0000000e0003" },
  { email = "tomas@mail-one.example", created = "2026-04-08T10:12:12.131Z" },
  { email = "tomas+x@mail-two.example", created = "2026-04-08T10:11:12.131Z", added_by = "0197b002-77aa-7f10-9d33-0000000e0002", status = -1, provider = 3, daily_limit = 30 },
]
tags = [
  { id = "0198a111-2222-7333-8444-00000000a001", label = "owner:noor", description = "Accounts handled by Noor", created = "2025-11-03T12:00:00Z", accounts = ["noor@mail-one.example"] },
  { id = "0198a111-2222-7333-8444-00000000a002", label = "tier-1", created = "2025-11-03T12:00:00Z", accounts = ["tomas@mail-one.example"], campaigns = ["Q4 dentists"] },
]
[[workspace]]
name = "other"
owner = "owner@agency.example"
tags = [{ label = "theirs" }]
"#;

const NOOR_TAG: &str = "0198a111-2222-7333-8444-00000000a001";
const TIER_TAG: &str = "0198a111-2222-7333-8444-00000000a002";
const CAMPAIGN: &str = "0198b220-0a0a-7b0b-8c0c-00000000ca01";
/// Members whose values only the seed knows.
const OF_SEED: [&str; 4] = ["id", "timestamp_created", "timestamp_updated", "next_starting_after"];

fn desk() -> Desk {
    Desk::script(WORLD)
}

impl Desk {
    async fn tag(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        self.ask("northwind", method, path, Some(body)).await
    }

    async fn toggle(&self, tags: &[&str], kind: u8, resources: &[&str], assign: bool) -> (u16, Value) {
        let body = json!({ "tag_ids": tags, "resource_type": kind, "resource_ids": resources, "assign": assign });
        self.tag(Method::Post, "custom-tags/toggle-resource", &body).await
    }

    /// What a listing shows: resource and tag.
    async fn mapped(&self, query: &str) -> Vec<(String, String)> {
        let (status, page) = self.get("northwind", &format!("custom-tag-mappings?limit=100&{query}")).await;
        assert_eq!(status, 200);
        let text = |row: &Value, member: &str| row[member].as_str().unwrap().to_owned();
        let rows = page["items"].as_array().unwrap().iter();
        let mut rows: Vec<_> = rows.map(|row| (text(row, "resource_id"), text(row, "tag_id"))).collect();
        rows.sort();
        rows
    }

    /// What is true: resource and label.
    fn carried(&self) -> Vec<(String, String)> {
        let all = self.world.mappings("northwind").into_iter();
        let mut all: Vec<_> = all.map(|mapping| (mapping.resource, mapping.label)).collect();
        all.sort();
        all
    }

    fn labels(&self) -> Vec<String> {
        self.world.tags("northwind").into_iter().map(|tag| tag.label).collect()
    }

    async fn emails_of(&self, query: &str) -> Vec<String> {
        let (status, page) = self.get("northwind", &format!("accounts?limit=100&{query}")).await;
        assert_eq!(status, 200);
        page["items"].as_array().unwrap().iter().map(|row| row["email"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn tags_are_the_samples_listed_read_made_changed_and_deleted() {
    let desk = desk();
    let body = json!({ "label": " paused-by-ops ", "description": "Set by the orchestrator", "colour": "red" });
    let (status, made) = desk.tag(Method::Post, "custom-tags", &body).await;
    assert_eq!(status, 200);
    require_same("created", &sample!("custom-tag.created.json"), &made, &OF_SEED);
    let (_, page) = desk.get("northwind", "custom-tags?limit=2").await;
    require_same("page1", &sample!("custom-tags.page1.json"), &page, &[]);
    let cursor = page["next_starting_after"].as_str().unwrap();
    let (_, page) = desk.get("northwind", &format!("custom-tags?limit=2&starting_after={cursor}")).await;
    require_same("last", &sample!("custom-tags.last.json"), &page, &OF_SEED);
    let path = format!("custom-tags/{NOOR_TAG}");
    assert_eq!(desk.get("northwind", &path).await, (200, sample!("custom-tag.get.json")));
    let (status, patched) = desk.tag(Method::Patch, &path, &json!({ "label": "owner:tomas" })).await;
    assert_eq!(status, 200);
    require_same("patched", &sample!("custom-tag.patched.json"), &patched, &["timestamp_updated"]);
    assert_ne!(patched["timestamp_updated"], patched["timestamp_created"]);
    let path = format!("custom-tags/{TIER_TAG}");
    let (status, gone) = desk.ask("northwind", Method::Delete, &path, None).await;
    assert_eq!((status, gone), (200, sample!("custom-tag.deleted.json")));
    assert_eq!(desk.get("northwind", &path).await.0, 404);
    assert_eq!(desk.labels(), ["owner:tomas", "paused-by-ops"]);
    assert_eq!(desk.carried(), [("noor@mail-one.example".to_owned(), "owner:tomas".to_owned())], "the other's went");
    let written: Vec<Op> = desk.world.effects("northwind").into_iter().map(|effect| effect.operation).collect();
    assert_eq!(written, [Op::TagCreate, Op::TagPatch, Op::TagDelete]);
    assert_eq!(desk.get("other", "custom-tags?search=x").await.1, sample!("custom-tags.empty.json"));
}

#[tokio::test(start_paused = true)]
async fn a_label_is_unique_after_trimming_and_in_capitals_as_the_setting_says() {
    let desk = desk();
    let make = async |label: &str| desk.tag(Method::Post, "custom-tags", &json!({ "label": label })).await;
    assert_eq!(make(" tier-1\t").await, (409, sample!("error.409.tag-label.json")));
    assert_eq!(make("Tier-1").await.0, 200, "capitals tell them apart");
    desk.world.configure(|settings| settings.labels = Labels::AnyCase);
    assert_eq!(make("TIER-1").await.0, 409);
    let rename = async |id: &str, label: &str| {
        desk.tag(Method::Patch, &format!("custom-tags/{id}"), &json!({ "label": label })).await.0
    };
    assert_eq!(rename(NOOR_TAG, "tier-1").await, 409);
    assert_eq!(rename(NOOR_TAG, "OWNER:noor").await, 200, "its own label is no other tag's");
    desk.world.configure(|settings| settings.labels = Labels::Repeated);
    assert_eq!(make("tier-1").await.0, 200);
    let (_, page) = desk.get("northwind", &format!("custom-tags?search=tier-1&tag_ids={TIER_TAG}")).await;
    let rows = page["items"].as_array().unwrap();
    assert_eq!(rows.len(), 1);
    let sample = sample!("custom-tags.duplicate-labels.json")["items"][0].clone();
    require_same("duplicate", &sample, &rows[0], &[]);
    assert_eq!(desk.world.tags("northwind").iter().filter(|tag| tag.label == "tier-1").count(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_valid_about_a_tag_is_refused_and_changes_nothing() {
    let desk = desk();
    let before = desk.world.tags("northwind");
    for body in [json!({}), json!({ "label": " " }), json!({ "label": [] }), json!({ "label": "a", "description": [] })]
    {
        assert_eq!(desk.tag(Method::Post, "custom-tags", &body).await.0, 400, "{body}");
    }
    let path = format!("custom-tags/{NOOR_TAG}");
    for body in [json!({}), json!({ "colour": 1 }), json!({ "label": "\n" })] {
        assert_eq!(desk.tag(Method::Patch, &path, &body).await.0, 400, "{body}");
    }
    let theirs = format!("custom-tags/{}", desk.world.tags("other")[0].id);
    assert_eq!(desk.tag(Method::Patch, &theirs, &json!({ "label": "ours" })).await.0, 404);
    assert_eq!(desk.ask("northwind", Method::Delete, &theirs, None).await.0, 404);
    assert_eq!((desk.world.tags("northwind"), desk.world.writes("northwind")), (before, 0));
    let same = json!({ "label": "owner:noor", "description": "Accounts handled by Noor" });
    assert_eq!(desk.tag(Method::Patch, &path, &same).await.0, 200);
    assert_eq!(desk.world.writes("northwind"), 0, "what is so already is no write");
    let (_, cleared) = desk.tag(Method::Patch, &path, &json!({ "description": null })).await;
    assert_eq!((&cleared["description"], desk.world.writes("northwind")), (&Value::Null, 1));
}

#[tokio::test(start_paused = true)]
async fn mappings_are_the_samples_and_are_narrowed_by_what_carries_them() {
    let desk = desk();
    let (_, page) = desk.get("northwind", "custom-tag-mappings").await;
    let mut rows = page["items"].as_array().unwrap().clone();
    rows.sort_by_key(|row| (row["resource_type"].as_u64(), row["resource_id"].to_string()));
    let mut samples = sample!("custom-tag-mappings.page1.json")["items"].as_array().unwrap().clone();
    samples.push(sample!("custom-tag-mappings.last.json")["items"][0].clone());
    samples.sort_by_key(|row| (row["resource_type"].as_u64(), row["resource_id"].to_string()));
    require_same("mappings", &json!(samples), &json!(rows), &OF_SEED);
    let own = |resource: &str, tag: &str| (resource.to_owned(), tag.to_owned());
    let both = [own(CAMPAIGN, TIER_TAG), own("noor@mail-one.example", NOOR_TAG)];
    assert_eq!(desk.mapped(&format!("resource_ids=noor%40mail-one.example%2C{CAMPAIGN},nobody@x.example")).await, both);
    assert!(desk.mapped("resource_ids=nobody@x.example").await.is_empty(), "an unknown one carries nothing");
    assert_eq!(desk.mapped("resource_ids=").await.len(), 3, "a blank filter is none");
    let (_, tags) = desk.get("northwind", &format!("custom-tags?resource_ids={CAMPAIGN}")).await;
    assert_eq!(tags["items"][0]["id"], TIER_TAG);
    assert_eq!(tags["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_tagging_sets_and_a_repeated_one_changes_nothing() {
    let desk = desk();
    let all = ["noor@mail-one.example", "tomas@mail-one.example", "tomas+x@mail-two.example"];
    assert_eq!(desk.toggle(&[NOOR_TAG], 1, &all, true).await, (200, sample!("custom-tags.toggle-ok.json")));
    assert_eq!(desk.toggle(&[NOOR_TAG], 1, &all, true).await.0, 200);
    let effects = desk.world.effects("northwind");
    let told = |at: usize| (effects[at].row.clone(), effects[at].email.to_string(), effects[at].role.clone());
    assert_eq!((effects.len(), told(0)), (1, (NOOR_TAG.into(), "owner:noor".into(), "on".into())), "once");
    assert_eq!(desk.carried().iter().filter(|(_, label)| label == "owner:noor").count(), 3);
    assert_eq!(desk.toggle(&[NOOR_TAG, TIER_TAG], 1, &all[..2], false).await.0, 200);
    assert_eq!(desk.toggle(&[TIER_TAG], 2, &[CAMPAIGN], false).await.0, 200);
    assert_eq!(desk.carried(), [("tomas+x@mail-two.example".to_owned(), "owner:noor".to_owned())]);
    assert_eq!(desk.world.writes("northwind"), 3);
    assert_eq!(desk.world.trail("northwind").len(), 2, "only the accounts' own records: the trail knows no tags");
}

#[tokio::test(start_paused = true)]
async fn a_tagging_of_something_unknown_is_not_found_and_tags_nothing_unless_it_is_passed_over() {
    let desk = desk();
    let before = desk.carried();
    let some = ["tomas+x@mail-two.example", "nobody@x.example"];
    let theirs = desk.world.tags("other")[0].id.clone();
    assert_eq!(desk.toggle(&[NOOR_TAG], 1, &some, true).await, (404, sample!("error.404.json")));
    assert_eq!(desk.toggle(&[NOOR_TAG, &theirs], 1, &some[..1], true).await.0, 404);
    assert_eq!(desk.toggle(&[NOOR_TAG], 2, &some[..1], true).await.0, 404, "an account is no campaign");
    assert_eq!((desk.carried(), desk.world.writes("northwind")), (before.clone(), 0));
    desk.world.configure(|settings| settings.toggle_ignores_unknown = true);
    assert_eq!(desk.toggle(&[NOOR_TAG, &theirs], 1, &some, true).await, (200, json!({ "success": true })));
    assert_eq!(desk.carried().len(), before.len() + 1);
}

#[tokio::test(start_paused = true)]
async fn a_tagging_needs_tags_a_kind_resources_and_a_direction() {
    let desk = desk();
    let whole = json!({ "tag_ids": [NOOR_TAG], "resource_type": 1, "resource_ids": ["tomas@mail-one.example"], "assign": true });
    let path = "custom-tags/toggle-resource";
    for member in ["tag_ids", "resource_type", "resource_ids", "assign"] {
        let mut body = whole.clone();
        body.as_object_mut().unwrap().remove(member);
        assert_eq!(desk.tag(Method::Post, path, &body).await.0, 400, "without {member}");
        for odd in [json!([]), json!("often"), json!(3)] {
            body[member] = odd;
            assert_eq!(desk.tag(Method::Post, path, &body).await.0, 400, "{body}");
        }
    }
    assert_eq!(desk.world.writes("northwind"), 0);
    let all = json!({ "tag_ids": [NOOR_TAG], "resource_type": "1", "selected_all": true, "assign": true, "excluded_resource_ids": ["tomas@mail-one.example"] });
    assert_eq!(desk.tag(Method::Post, path, &all).await.0, 200);
    assert_eq!(desk.carried().iter().filter(|(_, label)| label == "owner:noor").count(), 2);
    let mut filtered = all.clone();
    filtered["filter"] = "ACC_FILTER_ERROR".into();
    assert_eq!(desk.tag(Method::Post, path, &filtered).await.0, 400, "never wider than what was asked");
}

#[tokio::test(start_paused = true)]
async fn accounts_and_campaigns_are_narrowed_by_tags_and_accounts_show_theirs() {
    let desk = desk();
    let (_, page) = desk.get("northwind", "accounts?include_tags=true&limit=2").await;
    let mut sample = sample!("accounts.with-tags.json");
    sample["items"][0]["tags"][0]["description"] = "Accounts handled by Noor".into();
    let page = json!({ "items": page["items"] });
    require_same("with tags", &sample, &page, &["timestamp_updated", "timestamp_warmup_start"]);
    assert_eq!(desk.emails_of(&format!("tag_ids={NOOR_TAG},{TIER_TAG}")).await.len(), 2, "any of them");
    assert!(desk.emails_of(&format!("tag_ids_all={NOOR_TAG}%2C{TIER_TAG}")).await.is_empty(), "all of them");
    desk.toggle(&[TIER_TAG], 1, &["noor@mail-one.example"], true).await;
    assert_eq!(desk.emails_of(&format!("tag_ids_all={NOOR_TAG},{TIER_TAG}")).await, ["noor@mail-one.example"]);
    assert!(desk.emails_of("tag_ids=0198a111-2222-7333-8444-00000000ffff").await.is_empty());
    assert_eq!(desk.emails_of("provider_code=3&status=-1").await, ["tomas+x@mail-two.example"]);
    let (_, campaigns) = desk.get("northwind", &format!("campaigns?tag_ids={TIER_TAG}")).await;
    assert_eq!(campaigns["items"].as_array().unwrap().len(), 1);
    assert_eq!(campaigns["items"][0]["id"], CAMPAIGN);
}

#[tokio::test(start_paused = true)]
async fn reads_show_tags_and_mappings_only_after_the_lag() {
    let desk = desk();
    desk.world.configure(|settings| settings.lag = Duration::from_secs(5));
    let label = async || desk.get("northwind", &format!("custom-tags/{NOOR_TAG}")).await.1["label"].clone();
    let before = desk.mapped("").await;
    let (_, made) = desk.tag(Method::Post, "custom-tags", &json!({ "label": "new" })).await;
    let made = made["id"].as_str().unwrap().to_owned();
    assert_eq!(desk.toggle(&[&made], 1, &["noor@mail-one.example"], true).await.0, 200, "writes act on what is true");
    desk.toggle(&[TIER_TAG], 2, &[CAMPAIGN], false).await;
    desk.toggle(&[TIER_TAG], 2, &[CAMPAIGN], true).await;
    desk.tag(Method::Patch, &format!("custom-tags/{NOOR_TAG}"), &json!({ "label": "owner:tomas" })).await;
    desk.ask("northwind", Method::Delete, &format!("custom-tags/{TIER_TAG}"), None).await;
    tokio::time::advance(Duration::from_secs(4)).await;
    assert_eq!(desk.mapped("").await, before);
    assert_eq!(desk.mapped(&format!("resource_ids={CAMPAIGN}")).await, [(CAMPAIGN.to_owned(), TIER_TAG.to_owned())]);
    assert_eq!(desk.get("northwind", &format!("custom-tags/{made}")).await.0, 404);
    assert_eq!((label().await, desk.emails_of(&format!("tag_ids={TIER_TAG}")).await.len()), ("owner:noor".into(), 1));
    let (_, shown) = desk.get("northwind", "custom-tags").await;
    assert_eq!(shown["items"].as_array().unwrap().len(), 2);
    tokio::time::advance(Duration::from_secs(2)).await;
    let noors = |tag: &str| ("noor@mail-one.example".to_owned(), tag.to_owned());
    assert_eq!(desk.mapped("").await, [noors(NOOR_TAG), noors(&made)]);
    assert_eq!(label().await, "owner:tomas");
    assert_eq!(desk.labels(), ["owner:tomas", "new"]);
}

#[tokio::test(start_paused = true)]
async fn faults_bend_the_writing_of_tags_and_what_they_say_is_not_what_is() {
    let desk = desk();
    let all = ["noor@mail-one.example", "tomas@mail-one.example", "tomas+x@mail-two.example"];
    let fault = |kind: FaultKind, op: Op| desk.world.add_fault(Fault::once(kind).at(op));
    let tagged = || desk.carried().iter().filter(|(_, label)| label == "owner:noor").count();
    fault(FaultKind::Partial { rows: 2 }, Op::TagToggle);
    assert_eq!(desk.toggle(&[NOOR_TAG], 1, &all, true).await, (200, json!({ "success": true })));
    assert_eq!(tagged(), 2, "only the first two");
    fault(FaultKind::NoSuccess { applied: false }, Op::TagToggle);
    fault(FaultKind::Ignore, Op::TagToggle);
    let refused = sample!("custom-tags.toggle-not-success.json");
    assert_eq!(desk.toggle(&[NOOR_TAG], 1, &all, true).await, (200, refused.clone()));
    assert_eq!(desk.toggle(&[NOOR_TAG], 1, &all, true).await, (200, json!({ "success": true })));
    assert_eq!((tagged(), desk.world.writes("northwind")), (2, 1));
    fault(FaultKind::NoSuccess { applied: true }, Op::TagToggle);
    assert_eq!(desk.toggle(&[NOOR_TAG], 1, &all, true).await, (200, refused));
    assert_eq!((tagged(), desk.world.writes("northwind")), (3, 2));
    fault(FaultKind::Ignore, Op::TagPatch);
    fault(FaultKind::Ignore, Op::TagDelete);
    let path = format!("custom-tags/{NOOR_TAG}");
    let (status, shown) = desk.tag(Method::Patch, &path, &json!({ "label": "x" })).await;
    assert_eq!((status, &shown["label"]), (200, &json!("owner:noor")), "as it is");
    assert_eq!(desk.ask("northwind", Method::Delete, &path, None).await.0, 200);
    assert_eq!((desk.labels().len(), tagged()), (2, 3));
    fault(FaultKind::LoseAnswer, Op::TagCreate);
    let body = json!({ "label": "lost" }).to_string();
    desk.send("northwind", Method::Post, "custom-tags", Some(&body)).await.unwrap_err();
    assert!(desk.labels().contains(&"lost".to_owned()), "applied, though nobody heard");
    fault(FaultKind::Foreign, Op::MappingList);
    let (_, page) = desk.get("northwind", "custom-tag-mappings").await;
    assert_eq!(page["items"][0]["organization_id"], desk.world.workspace_id("other").unwrap());
    desk.world.require_all_faults_fired().unwrap();
}

#[tokio::test(start_paused = true)]
async fn another_hand_changes_tags_in_the_middle_of_a_story() {
    let desk = desk();
    // Hands act at the moment of the last request.
    desk.get("northwind", "custom-tags").await;
    let hand = |hand: Hand| assert!(desk.world.hand("northwind", &hand));
    hand(Hand::Put(put::Tag::of("tier-1").described("the second of its label").into()));
    hand(Hand::RenameTag { tag: "owner:noor".into(), to: "Owner: Noor".into() });
    hand(Hand::DescribeTag { tag: "Owner: Noor".into(), to: None });
    assert_eq!(desk.labels(), ["Owner: Noor", "tier-1", "tier-1"]);
    hand(Hand::Untag { tag: "tier-1".into(), resource: "Q4 dentists".into() });
    hand(Hand::Put(put::Mappings::on_accounts("tier-1", &["noor@mail-one.example"]).into()));
    hand(Hand::DeleteAccount { email: "tomas@mail-one.example".into() });
    hand(Hand::SetAccountStatus { email: "noor@mail-one.example".into(), status: -3 });
    let own = |label: &str| ("noor@mail-one.example".to_owned(), label.to_owned());
    assert_eq!(desk.carried(), [own("Owner: Noor"), own("tier-1")]);
    assert_eq!(desk.emails_of("").await, ["noor@mail-one.example", "tomas+x@mail-two.example"]);
    assert_eq!(desk.toggle(&[NOOR_TAG], 1, &["tomas@mail-one.example"], true).await.0, 404, "it is gone");
    hand(Hand::DeleteTag { tag: "Owner: Noor".into() });
    assert_eq!(desk.carried(), [own("tier-1")]);
    desk.world.put("northwind", put::Accounts::nobodys(1).at("tomas@mail-one.example"));
    assert!(desk.mapped("resource_ids=tomas@mail-one.example").await.is_empty(), "connected anew, it carries nothing");
}

#[tokio::test(start_paused = true)]
async fn five_thousand_tagged_accounts_are_looked_up_by_the_hundred_and_paged_whole() {
    let world = World::generated(2, 1, 7);
    for name in world.names() {
        world.put(&name, put::Accounts::nobodys(5000));
        world.put(&name, put::Tag::of("all"));
        assert_eq!(world.put(&name, put::Mappings::on_all_accounts("all")).len(), 5000);
    }
    let desk = Desk::at(world);
    let emails: Vec<String> = desk.world.accounts("client-0002").into_iter().map(|account| account.email).collect();
    let mut found = 0;
    for hundred in emails.chunks(100) {
        let mut query = url::form_urlencoded::Serializer::new("limit=100&".to_owned());
        query.append_pair("resource_ids", &hundred.join(","));
        let (status, page) = desk.get("client-0002", &format!("custom-tag-mappings?{}", query.finish())).await;
        assert_eq!((status, page.get("next_starting_after")), (200, None));
        found += page["items"].as_array().unwrap().len();
    }
    let (mut after, mut paged, mut pages) = (String::new(), std::collections::BTreeSet::new(), 0);
    loop {
        let (_, page) = desk.get("client-0002", &format!("custom-tag-mappings?limit=100&{after}")).await;
        paged.extend(page["items"].as_array().unwrap().iter().map(|row| row["resource_id"].to_string()));
        pages += 1;
        match page["next_starting_after"].as_str() {
            Some(cursor) => after = format!("starting_after={cursor}"),
            None => break,
        }
    }
    assert_eq!((found, paged.len(), pages), (5000, 5000, 50));
    let tag = desk.world.tags("client-0002")[0].id.clone();
    assert_eq!(desk.world.mapping_count("client-0001"), 5000);
    // That were a hundred requests.
    tokio::time::advance(Duration::from_secs(1)).await;
    desk.ask("client-0002", Method::Delete, &format!("custom-tags/{tag}"), None).await;
    assert_eq!((desk.world.mapping_count("client-0001"), desk.world.mapping_count("client-0002")), (5000, 0));
}
