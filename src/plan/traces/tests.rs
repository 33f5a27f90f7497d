//! What one person is or left: whose it is, and how sure that is.

use super::*;
use crate::domain::{
    Campaign, CampaignId, KeyId, KeyInfo, Lead, LeadId, LeadList, LeadListId, SendingAccount, Webhook,
};
use crate::plan::members::tests::{member, observed};

pub(in crate::plan) fn user(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}

pub(in crate::plan) fn key(id: &str, in_use: Option<bool>) -> KeyInfo {
    KeyInfo {
        id: KeyId::parse(id).unwrap(),
        name: format!("key {id}"),
        scopes: vec!["all:all".to_owned()],
        created: "2026-08-01T00:00:00Z".to_owned(),
        in_use,
    }
}

/// A record of a made key that names some ids.
pub(in crate::plan) fn made_key(id: &str, by: Option<&str>, named: &[&str]) -> TrailRecord {
    TrailRecord {
        id: id.to_owned(),
        at: "2026-08-01T00:00:00Z".to_owned(),
        activity: activity::KEY_CREATED,
        user_id: by.map(user),
        api_key_id: None,
        webhook_id: None,
        affected: None,
        named: named.iter().map(|id| (*id).to_owned()).collect(),
        user_name: None,
        name: None,
    }
}

pub(in crate::plan) fn campaign(id: &str, owner: Option<&str>, maker: Option<&str>) -> Campaign {
    let name = format!("campaign {id}");
    Campaign {
        status: Some(1),
        owned_by: owner.map(user),
        created_by: maker.map(user),
        ..Campaign::of(CampaignId::parse(id).unwrap(), &name)
    }
}

pub(in crate::plan) fn list(id: &str, owner: &str) -> LeadList {
    let (id, name) = (LeadListId::parse(id).unwrap(), format!("list {id}"));
    LeadList { id, name, owned_by: Some(user(owner)), created: None, enrichment: None }
}

pub(in crate::plan) fn lead(id: &str, to: &str) -> Lead {
    Lead { id: LeadId::parse(id).unwrap(), assigned_to: Some(user(to)) }
}

pub(in crate::plan) fn found<T>(rows: Vec<T>) -> Found<T> {
    Found { rows, incomplete: None }
}

pub(in crate::plan) fn cut<T>(rows: Vec<T>) -> Found<T> {
    Found { rows, incomplete: Some("a cursor came twice".to_owned()) }
}

fn webhook(id: &str) -> Webhook {
    let id = WebhookId::parse(id).unwrap();
    Webhook {
        id,
        name: None,
        target: "https://hooks.client.example/… (w:1a2b3c4d)".to_owned(),
        event: None,
        status: Some(1),
        campaign: None,
        created: None,
        failed: None,
    }
}

fn made_webhook(record: &str, by: &str, webhook: &str) -> TrailRecord {
    TrailRecord {
        activity: activity::WEBHOOK_CREATED,
        webhook_id: Some(WebhookId::parse(webhook).unwrap()),
        ..made_key(record, Some(by), &[])
    }
}

fn did(record: &str, by: &str, at: &str, code: i64) -> TrailRecord {
    TrailRecord { at: at.to_owned(), activity: code, ..made_key(record, Some(by), &[]) }
}

/// What was looked for is Ann's account.
fn of_ann() -> Belongings {
    Belongings { accounts: [user("u-m1")].into(), ..Belongings::default() }
}

fn traces(belongings: Belongings) -> Traces {
    let rows = vec![member("m1", "ann@x.example", "editor"), member("m2", "bob@x.example", "editor")];
    let world = Observed { belongings: Some(Box::new(belongings)), ..observed(rows) };
    Traces::of(&world, &Email::parse("ann@x.example").unwrap(), &BTreeSet::new())
}

fn ids(traces: &[Trace]) -> Vec<&str> {
    traces.iter().map(|trace| trace.id.as_str()).collect()
}

fn keys_of(keys: Vec<KeyInfo>, trail: Vec<TrailRecord>) -> (Vec<String>, Vec<String>) {
    let told = traces(Belongings { keys: found(keys), trail: found(trail), ..of_ann() });
    let owned = |traces: &[Trace]| traces.iter().map(|trace| trace.id.clone()).collect();
    (owned(&told.keys), owned(&told.keys_of_unknown_maker))
}

#[test]
fn a_key_is_hers_only_by_a_record_that_names_exactly_it() {
    let keys = || vec![key("k-1", None), key("k-10", None)];
    let told = |record| keys_of(keys(), vec![record]);
    let both_unknown = (vec![], vec!["k-1".to_owned(), "k-10".to_owned()]);
    let first_is_hers = (vec!["k-1".to_owned()], vec!["k-10".to_owned()]);
    assert_eq!(told(made_key("r", Some("u-m1"), &["k-1", "w1"])), first_is_hers);
    assert_eq!(told(made_key("r", Some("u-m1"), &["k-", "K-1", "xk-1"])), both_unknown, "nearly is not exactly");
    assert_eq!(told(made_key("r", None, &["k-1"])), both_unknown, "a record without a person");
    let acted = TrailRecord { api_key_id: Some(KeyId::parse("k-1").unwrap()), ..made_key("r", Some("u-m1"), &[]) };
    assert_eq!(told(acted.clone()), both_unknown, "the key that acted");
    let named_too = TrailRecord { named: vec!["k-1".to_owned()], ..acted };
    assert_eq!(told(named_too), both_unknown, "the key that acted, though named");
    let other_code = TrailRecord { activity: 38, ..made_key("r", Some("u-m1"), &["k-1"]) };
    assert_eq!(told(other_code), both_unknown, "a record of another kind");
    let bobs = told(made_key("r", Some("u-m2"), &["k-1"]));
    assert_eq!(bobs, (vec![], vec!["k-10".to_owned()]), "Bob's is neither hers nor unknown");
    let of_both = made_key("r", Some("u-m1"), &["k-1", "k-10"]);
    assert_eq!(told(of_both), both_unknown, "which of the two is the new one is not to be told");
}

#[test]
fn a_record_of_hers_that_bears_a_keys_name_alone_is_told_and_ties_it_to_nobody() {
    let by_name = |trail: Vec<TrailRecord>| {
        let keys = found(vec![key("k-1", None), key("k-2", None)]);
        let told = traces(Belongings { keys, trail: found(trail), ..of_ann() });
        let owned = |traces: &[Trace]| ids(traces).join(" ");
        [&told.keys, &told.keys_by_name, &told.keys_of_unknown_maker].map(|keys| owned(keys))
    };
    let named = |by, ids: &[&str]| TrailRecord { name: Some("key k-1".to_owned()), ..made_key("r", Some(by), ids) };
    assert_eq!(by_name(vec![named("u-m1", &[])]), ["", "k-1", "k-2"]);
    assert_eq!(by_name(vec![named("u-m2", &[])]), ["", "", "k-1 k-2"], "Bob's record says nothing of her");
    assert_eq!(by_name(vec![named("u-m1", &["k-1"])]), ["k-1", "", "k-2"], "the id says more");
    assert_eq!(by_name(vec![named("u-m1", &["k-2"])]), ["k-2", "", "k-1"], "the id says it is the other one");
    let bobs = made_key("b", Some("u-m2"), &["k-1"]);
    assert_eq!(by_name(vec![named("u-m1", &[]), bobs]), ["", "", "k-2"], "it is Bob's by its id");
}

#[test]
fn a_row_of_her_account_under_another_address_is_told_apart_from_hers() {
    let other = |account: &str| Member { user_id: Some(user(account)), ..member("m9", "ann@private.example", "view") };
    let told = |account| {
        let world = observed(vec![member("m1", "ann@x.example", "editor"), other(account)]);
        Traces::of(&world, &Email::parse("ann@x.example").unwrap(), &BTreeSet::new())
    };
    let (hers, bobs) = (told("u-m1"), told("u-m2"));
    assert_eq!((hers.rows.len(), hers.same_account), (1, vec![other("u-m1")]));
    assert_eq!(bobs.same_account, Vec::new());
}

#[test]
fn the_key_in_use_has_a_place_of_its_own_unless_it_is_hers() {
    let told = |record| {
        let keys = found(vec![key("own", Some(true)), key("k-1", Some(false))]);
        let told = traces(Belongings { keys, trail: found(record), ..of_ann() });
        let own = told.key_in_use.as_ref().map(|key| key.id.clone());
        (own, ids(&told.keys).len(), ids(&told.keys_of_unknown_maker) == ["k-1"], told.keys_read)
    };
    let own = Some("own".to_owned());
    assert_eq!(told(vec![]), (own.clone(), 0, true, true));
    assert_eq!(told(vec![made_key("r", Some("u-m2"), &["own"])]), (own, 0, true, true), "Ann may know Bob's");
    assert_eq!(told(vec![made_key("r", Some("u-m1"), &["own"])]), (None, 1, true, true), "it is hers");
}

#[test]
fn of_whom_no_account_is_known_may_have_made_every_key_whose_maker_is_no_member_today() {
    let keys = found(["k-1", "k-2", "k-3", "k-4"].map(|id| key(id, Some(false))).to_vec());
    let trail = found(vec![
        made_key("r1", Some("u-m2"), &["k-1"]),
        made_key("r2", Some("u-gone"), &["k-2"]),
        made_key("r3", Some("u-m1"), &["k-3"]),
    ]);
    let ann = Email::parse("ann@x.example").unwrap();
    let told = |rows: Vec<Member>| {
        let belongings = Belongings { keys: keys.clone(), trail: trail.clone(), ..Belongings::default() };
        let world = Observed { belongings: Some(Box::new(belongings)), ..observed(rows) };
        let told = Traces::of(&world, &ann, &BTreeSet::new());
        assert!(told.keys.is_empty() && told.keys_read && !told.looked && told.unseen.is_empty(), "{told:?}");
        ids(&told.keys_of_unknown_maker).join(" ")
    };
    let bob = || member("m2", "bob@x.example", "editor");
    assert_eq!(told(vec![bob()]), "k-2 k-3 k-4", "Bob is there today, and Ann is not Bob");
    assert_eq!(told(vec![bob(), member("m1", "cleo@x.example", "view")]), "k-2 k-4");
    // Two rows that cannot both be hers: whichever is, its key may be hers.
    let alias = Member { user_email: Some(ann.clone()), ..member("m1", "alias@x.example", "editor") };
    assert_eq!(told(vec![bob(), alias, member("m3", "ann@x.example", "view")]), "k-2 k-3 k-4");
}

#[test]
fn of_whom_no_account_is_known_only_keys_can_be_unseen() {
    let keys = cut(vec![key("k-1", None)]);
    let belongings = Belongings { keys, campaigns: cut(vec![]), webhooks: found(vec![webhook("h-1")]), ..of_ann() };
    let world =
        Observed { belongings: Some(Box::new(belongings)), ..observed(vec![member("m1", "ann@x.example", "view")]) };
    let told = |email| {
        let told = Traces::of(&world, &Email::parse(email).unwrap(), &BTreeSet::new());
        let unseen: Vec<String> = told.unseen.into_iter().map(|unseen| unseen.listing).collect();
        (unseen.join(" "), ids(&told.webhooks_of_unknown_maker).len())
    };
    assert_eq!(told("ann@x.example"), ("campaigns api-keys".to_owned(), 1));
    assert_eq!(told("gone@x.example"), ("api-keys".to_owned(), 0), "the rest was read for Ann's sake");
}

#[test]
fn two_records_by_two_people_tie_a_key_to_nobody_and_two_by_one_are_one() {
    let two = |by| vec![made_key("r2", Some("u-m1"), &["k-1"]), made_key("r1", by, &["k-1"])];
    let unknown = (vec![], vec!["k-1".to_owned()]);
    assert_eq!(keys_of(vec![key("k-1", None)], two(Some("u-m2"))), unknown);
    assert_eq!(keys_of(vec![key("k-1", None)], two(None)), unknown);
    let same = traces(Belongings { keys: found(vec![key("k-1", None)]), trail: found(two(Some("u-m1"))), ..of_ann() });
    assert_eq!(same.keys[0].record.as_deref(), Some("r1"), "the order of the listing does not choose the record");
}

#[test]
fn a_webhook_is_hers_by_its_record_and_a_strange_one_is_told_apart() {
    let named = Webhook { name: Some("CRM".to_owned()), ..webhook("h-3") };
    let webhooks = found(vec![webhook("h-1"), webhook("h-2"), named]);
    let trail = found(vec![made_webhook("r1", "u-m1", "h-1"), made_webhook("r2", "u-m2", "h-2")]);
    let told = traces(Belongings { webhooks, trail, ..of_ann() });
    assert_eq!((ids(&told.webhooks), ids(&told.webhooks_of_unknown_maker)), (vec!["h-1"], vec!["h-3"]));
    assert_eq!(told.webhooks[0].name, "https://hooks.client.example/… (w:1a2b3c4d)");
    assert_eq!(told.webhooks_of_unknown_maker[0].name, "CRM, to https://hooks.client.example/… (w:1a2b3c4d)");
    assert_eq!(told.webhooks[0].record.as_deref(), Some("r1"));
}

#[test]
fn what_is_anothers_is_never_counted_as_hers() {
    let told = traces(Belongings {
        campaigns: found(vec![
            campaign("c-1", Some("u-m1"), Some("u-m1")),
            campaign("c-2", Some("u-m2"), Some("u-m1")),
            campaign("c-3", Some("u-m2"), None),
            campaign("c-4", None, None),
        ]),
        lead_lists: found(vec![list("l-1", "u-m2"), list("l-2", "u-m1")]),
        leads: found(vec![lead("a", "u-m1"), lead("b", "u-m2"), lead("c", "u-m1")]),
        sending_accounts: found(vec![SendingAccount {
            email: "s@x.example".to_owned(),
            added_by: Some(user("u-m2")),
            ..SendingAccount::default()
        }]),
        ..of_ann()
    });
    assert_eq!((ids(&told.campaigns), ids(&told.campaigns_created)), (vec!["c-1"], vec!["c-1", "c-2"]));
    assert_eq!((ids(&told.lead_lists), told.leads), (vec!["l-2"], Count { count: 2, exact: true }));
    assert!(told.sending_accounts.is_empty() && told.looked && told.unseen.is_empty());
}

#[test]
fn a_listing_that_was_cut_makes_a_bound_and_is_named() {
    let told = traces(Belongings { leads: cut(vec![lead("a", "u-m1")]), jobs: cut(vec![]), ..of_ann() });
    assert_eq!(told.leads, Count { count: 1, exact: false });
    assert_eq!(told.leads.to_string(), "≥ 1");
    assert_eq!(format!("{:>5}|{:<5}|", told.leads, Count { count: 7, exact: true }), "  ≥ 1|7    |");
    let listings: Vec<&str> = told.unseen.iter().map(|unseen| unseen.listing.as_str()).collect();
    assert_eq!(listings, ["leads", "background-jobs"]);
}

#[test]
fn without_an_account_or_a_look_nothing_is_exact() {
    let email = Email::parse("ann@x.example").unwrap();
    let invited = Member { user_id: None, accepted: false, ..member("m1", "ann@x.example", "editor") };
    let world = Observed { belongings: Some(Box::new(of_ann())), ..observed(vec![invited]) };
    let told = Traces::of(&world, &email, &BTreeSet::new());
    assert!(!told.looked && !told.leads.exact && told.unseen.is_empty() && told.accounts.is_empty());

    // The ledger knows another account of hers, which nobody asked for.
    let world =
        Observed { belongings: Some(Box::new(of_ann())), ..observed(vec![member("m1", "ann@x.example", "view")]) };
    let told = Traces::of(&world, &email, &[user("u-old")].into());
    assert!(!told.looked && !told.leads.exact, "{told:?}");
    assert!(told.unseen[0].reason.contains("u-old"));

    let told = Traces::of(&observed(vec![member("m1", "ann@x.example", "view")]), &email, &BTreeSet::new());
    assert!(!told.looked && !told.leads.exact && told.rows.len() == 1);
}

#[test]
fn an_account_the_ledger_knows_finds_what_a_row_that_is_gone_left() {
    let campaigns = found(vec![campaign("c-1", Some("u-old"), None)]);
    let belongings = Belongings { accounts: [user("u-old")].into(), campaigns, ..Belongings::default() };
    let world = Observed { belongings: Some(Box::new(belongings)), ..observed(vec![]) };
    let told = Traces::of(&world, &Email::parse("ann@x.example").unwrap(), &[user("u-old")].into());
    assert_eq!(ids(&told.campaigns), ["c-1"]);
    assert!(told.looked && told.rows.is_empty() && told.keys.is_empty());
}

#[test]
fn ambiguous_rows_tell_no_account() {
    let alias = Member {
        user_email: Some(Email::parse("ann@x.example").unwrap()),
        ..member("m1", "alias@x.example", "editor")
    };
    let rows = vec![alias, member("m2", "ann@x.example", "editor")];
    let campaigns = found(vec![campaign("c-1", Some("u-m1"), None)]);
    let world = Observed { belongings: Some(Box::new(Belongings { campaigns, ..of_ann() })), ..observed(rows) };
    let told = Traces::of(&world, &Email::parse("ann@x.example").unwrap(), &BTreeSet::new());
    assert!(told.ambiguous && told.rows.len() == 2 && told.accounts.is_empty());
    assert!(told.campaigns.is_empty() && !told.looked);
}

#[test]
fn her_jobs_are_told_until_they_have_ended_and_what_word_that_is_is_not_guessed() {
    let job = |id: &str, by: &str, status: &str| Job {
        id: id.to_owned(),
        user_id: Some(user(by)),
        kind: "import".to_owned(),
        status: status.to_owned(),
        created: String::new(),
        updated: None,
        progress: None,
        entity_kind: None,
        entity_id: None,
    };
    let rows = ["pending", "in-progress", "draining", "paused", "reticulating", "success", "failed", "cancelled"];
    let mut jobs: Vec<Job> = rows.iter().map(|status| job(status, "u-m1", status)).collect();
    jobs.push(job("bobs", "u-m2", "pending"));
    let told = traces(Belongings { jobs: found(jobs), ..of_ann() });
    assert_eq!(ids(&told.jobs), ["pending", "in-progress", "draining", "paused", "reticulating"]);
    assert_eq!(told.jobs[0].name, "import, pending");
}

#[test]
fn the_trail_tells_her_last_doings_by_time_and_not_by_text() {
    let trail = || {
        found(vec![
            did("r1", "u-m1", "2026-11-01T10:00:00.500Z", activity::LOGIN),
            did("r2", "u-m1", "2026-11-01T10:00:00Z", activity::LOGIN),
            did("r3", "u-m2", "2026-11-20T10:00:00Z", activity::LOGIN),
            did("r4", "u-m1", "2026-10-01T10:00:00Z", activity::TOTP_ENABLED),
            did("r5", "u-m1", "2026-10-02T10:00:00+05:00", activity::LEADS_EXPORTED),
            TrailRecord { affected: Some(842), ..did("r6", "u-m1", "2026-09-02T10:00:00Z", activity::LEADS_EXPORTED) },
        ])
    };
    let told = traces(Belongings { trail: trail(), whole_trail: true, ..of_ann() }).activity.unwrap();
    assert_eq!((told.logins, told.exports, told.leads_exported), (2, 2, 842));
    assert_eq!(told.last_login.as_deref(), Some("2026-11-01T10:00:00.500Z"));
    assert_eq!(told.last.unwrap().0, "2026-11-01T10:00:00.500Z");
    assert_eq!(told.last_mfa, Some(("2026-10-01T10:00:00Z".to_owned(), activity::TOTP_ENABLED)));
    assert_eq!(
        traces(Belongings { trail: trail(), ..of_ann() }).activity,
        None,
        "where it was not asked, nothing is said"
    );
}

#[test]
fn traces_come_back_from_the_ledger_as_they_were_written() {
    let told = traces(Belongings {
        campaigns: found(vec![campaign("c-1", Some("u-m1"), None)]),
        leads: cut(vec![lead("a", "u-m1")]),
        keys: found(vec![key("k-1", Some(false)), key("k-2", None)]),
        trail: found(vec![
            made_key("r1", Some("u-m1"), &["k-1"]),
            did("r2", "u-m1", "2026-10-01T10:00:00Z", activity::LOGIN),
        ]),
        whole_trail: true,
        ..of_ann()
    });
    let text = serde_json::to_string(&told).unwrap();
    assert_eq!(serde_json::from_str::<Traces>(&text).unwrap(), told);
}
