//! Assigning leads: accepted now, done later, and meaning everybody whom nothing narrows down.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::{ACME, Desk};
use crate::api::transport::Method;
use crate::sim::{Fault, FaultKind, Op, put};

const ANA: &str = "ana@agency.example";
const BEN: &str = "ben@agency.example";

/// Ana has five leads, nobody three.
fn desk() -> Desk {
    let desk = Desk::script(ACME);
    desk.world.put("acme", put::Campaigns::of(ANA, 1).named("Q4"));
    desk.world.put("acme", put::Leads { campaign: Some("Q4".to_owned()), ..put::Leads::of(ANA, 5) });
    desk.world.put("acme", put::Leads::nobodys(3));
    desk
}

impl Desk {
    fn user(&self, email: &str) -> String {
        self.world.user_id(email).unwrap_or_else(|| {
            // Known as soon as something of theirs is there.
            self.world.put("acme", put::Jobs::of(email, 1));
            self.world.user_id(email).unwrap()
        })
    }

    async fn assign(&self, to: &[&str], more: Value) -> u16 {
        let mut body = json!({ "organization_user_ids": to.iter().map(|email| self.user(email)).collect::<Vec<_>>() });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.ask("acme", Method::Post, "leads/bulk-assign", Some(&body)).await.0
    }

    /// Whose the leads are, as a listing shows it.
    async fn owners(&self) -> BTreeMap<String, usize> {
        let (_, page) = self.ask("acme", Method::Post, "leads/list", Some(&json!({ "limit": 100 }))).await;
        let mut count = BTreeMap::new();
        for lead in page["items"].as_array().unwrap() {
            let user = lead["assigned_to"].as_str().unwrap_or("nobody");
            let name =
                [ANA, BEN].into_iter().find(|email| self.world.user_id(email).as_deref() == Some(user)).unwrap_or(user);
            *count.entry(name.to_owned()).or_default() += 1;
        }
        count
    }

    async fn settled(&self) -> BTreeMap<String, usize> {
        self.clock.sleep(Duration::from_secs(2)).await;
        self.owners().await
    }
}

fn counts(pairs: &[(&str, usize)]) -> BTreeMap<String, usize> {
    pairs.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

#[tokio::test(start_paused = true)]
async fn an_assignment_is_done_two_seconds_after_it_was_accepted() {
    let desk = desk();
    let ids: Vec<String> = desk.world.leads("acme").into_iter().take(2).map(|lead| lead.id).collect();
    assert_eq!(desk.assign(&[BEN], json!({ "ids": ids })).await, 202);
    desk.clock.sleep(Duration::from_millis(1999)).await;
    assert_eq!(desk.owners().await, counts(&[(ANA, 5), ("nobody", 3)]));
    assert_eq!((desk.world.writes("acme"), desk.world.effects("acme").len()), (1, 0), "accepted and not done");
    desk.clock.sleep(Duration::from_millis(1)).await;
    assert_eq!(desk.owners().await, counts(&[(ANA, 3), (BEN, 2), ("nobody", 3)]));
    let effects = desk.world.effects("acme");
    let told: Vec<_> = effects.iter().map(|effect| (effect.operation, effect.row.clone(), effect.moment)).collect();
    let when = Duration::from_secs(2);
    assert_eq!(told, [(Op::LeadsAssign, ids[0].clone(), when), (Op::LeadsAssign, ids[1].clone(), when)]);
    assert_eq!((effects[0].from.clone(), effects[0].to.clone()), (desk.world.user_id(ANA), desk.world.user_id(BEN)));
    assert_eq!(desk.world.writes("acme"), 1);
}

#[tokio::test(start_paused = true)]
async fn what_narrows_nothing_down_means_every_lead_of_the_workspace() {
    let everything = counts(&[(BEN, 8)]);
    let all = desk();
    all.assign(&[BEN], json!({})).await;
    assert_eq!(all.settled().await, everything);

    let dropped = desk();
    dropped.world.configure(|settings| settings.drop_filters = vec!["assigned_to".to_owned(), "ids".to_owned()]);
    let id = dropped.world.leads("acme")[0].id.clone();
    dropped.assign(&[BEN], json!({ "ids": [id], "assigned_to": dropped.user(ANA) })).await;
    assert_eq!(dropped.settled().await, everything, "dropped without a word, neither narrows anything down");
}

#[tokio::test(start_paused = true)]
async fn each_narrowing_member_holds() {
    let campaign = desk().world.campaigns("acme")[0].id.clone();
    let cases = [
        (json!({ "assigned_to": desk().user(ANA) }), counts(&[(BEN, 5), ("nobody", 3)])),
        (json!({ "campaign": campaign }), counts(&[(BEN, 5), ("nobody", 3)])),
        (json!({ "in_campaign": false }), counts(&[(ANA, 5), (BEN, 3)])),
        (json!({ "ids": [] }), counts(&[(ANA, 5), ("nobody", 3)])),
        (json!({ "limit": 6 }), counts(&[(BEN, 6), ("nobody", 2)])),
    ];
    for (more, wanted) in cases {
        let desk = desk();
        desk.assign(&[BEN], more.clone()).await;
        assert_eq!(desk.settled().await, wanted, "{more}");
    }
}

#[tokio::test(start_paused = true)]
async fn several_new_owners_take_turns() {
    let desk = desk();
    desk.assign(&[BEN, ANA], json!({})).await;
    assert_eq!(desk.settled().await, counts(&[(ANA, 4), (BEN, 4)]));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_valid_is_refused_with_nothing_but_a_message() {
    let desk = desk();
    for body in [json!({}), json!({ "organization_user_ids": [] }), json!({ "organization_user_ids": ["ben"] })] {
        let (status, said) = desk.ask("acme", Method::Post, "leads/bulk-assign", Some(&body)).await;
        assert_eq!(status, 400, "{body}");
        assert_eq!(said.as_object().unwrap().keys().collect::<Vec<_>>(), ["message"]);
    }
    desk.world.configure(|settings| settings.owners_are_members = true);
    assert_eq!(desk.assign(&[BEN], json!({})).await, 400, "Ben is no member");
    assert_eq!(desk.assign(&["sdr@agency.example"], json!({})).await, 202);
}

#[tokio::test(start_paused = true)]
async fn an_assignment_can_take_some_leads_alone_or_none() {
    let partial = desk();
    partial.world.add_fault(Fault::once(FaultKind::Partial { rows: 2 }).at(Op::LeadsAssign));
    assert_eq!(partial.assign(&[BEN], json!({ "assigned_to": partial.user(ANA) })).await, 202);
    assert_eq!(partial.settled().await, counts(&[(ANA, 3), (BEN, 2), ("nobody", 3)]));

    let ignored = desk();
    ignored.world.add_fault(Fault::once(FaultKind::Ignore).at(Op::LeadsAssign));
    assert_eq!(ignored.assign(&[BEN], json!({})).await, 202);
    assert_eq!(ignored.settled().await, counts(&[(ANA, 5), ("nobody", 3)]));
    assert!(ignored.world.effects("acme").is_empty());
    for desk in [partial, ignored] {
        desk.world.require_all_faults_fired().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_assignment_is_accepted_when_it_lands_and_done_after_that() {
    let desk = desk();
    desk.world.add_fault(Fault::once(FaultKind::Late { after: Duration::from_secs(10) }).at(Op::LeadsAssign));
    let body = json!({ "organization_user_ids": [desk.user(BEN)] }).to_string();
    desk.send("acme", Method::Post, "leads/bulk-assign", Some(&body)).await.unwrap_err();
    desk.clock.sleep(Duration::from_secs(11)).await;
    assert_eq!(desk.owners().await, counts(&[(ANA, 5), ("nobody", 3)]));
    assert_eq!(desk.settled().await, counts(&[(BEN, 8)]));
}

#[tokio::test(start_paused = true)]
async fn leads_are_listed_by_owner_id_campaign_and_list() {
    let desk = desk();
    desk.world.put("acme", put::LeadLists::of(ANA, 1).named("Texas"));
    desk.world.put("acme", put::Leads { list: Some("Texas".to_owned()), ..put::Leads::of(BEN, 2) });
    let all = desk.world.leads("acme");
    let list = desk.world.lead_lists("acme")[0].id.clone();
    let count = async |body: Value| {
        let (_, page) = desk.ask("acme", Method::Post, "leads/list", Some(&body)).await;
        page["items"].as_array().unwrap().len()
    };
    assert_eq!(count(json!({ "limit": 100 })).await, 10);
    assert_eq!(count(json!({ "organization_user_ids": [desk.user(ANA)] })).await, 5);
    assert_eq!(count(json!({ "organization_user_ids": [desk.user(ANA), desk.user(BEN)] })).await, 7);
    assert_eq!(count(json!({ "ids": [all[7].id, all[1].id, all[1].id] })).await, 2);
    assert_eq!(count(json!({ "ids": [all[7].id, all[1].id], "starting_after": all[1].id })).await, 1);
    assert_eq!(count(json!({ "campaign": desk.world.campaigns("acme")[0].id })).await, 5);
    assert_eq!(count(json!({ "list_id": list })).await, 2);
    assert_eq!(count(json!({ "excluded_ids": [all[0].id], "in_campaign": true })).await, 4);
    desk.world.configure(|settings| settings.drop_filters = vec!["organization_user_ids".to_owned()]);
    assert_eq!(
        count(json!({ "organization_user_ids": [desk.user(BEN)], "limit": 100 })).await,
        10,
        "dropped without a word"
    );
    assert!(all.windows(2).all(|pair| pair[0].id < pair[1].id), "ascending by id");
}
