use super::*;
use crate::domain::{FindingCode, Inventory, ReportKind};
use crate::report::bulk::Context;
use crate::report::bulk::sample::{self, context, inventory};

fn attention(inventory: &Inventory, context: &Context) -> Vec<String> {
    let facts = sample::facts(inventory, context);
    facts.attention.iter().map(|one| format!("{} {}: {}", one.severity, one.what, one.text)).collect()
}

#[test]
fn facts_are_what_a_page_needs_and_survive_being_written() {
    let facts = sample::facts(&inventory(), &context());
    insta::assert_snapshot!(serde_json::to_string_pretty(&facts).unwrap());
    let text = serde_json::to_string(&facts).unwrap();
    assert_eq!(serde_json::from_str::<Facts>(&text).unwrap(), facts);
}

#[test]
fn what_a_person_should_look_at_stands_with_the_gravest_first() {
    let mut seen = inventory();
    seen.identity.scheduled_for_removal_at = Some("2026-11-23T09:00:00.000Z".to_owned());
    seen.billing.as_mut().unwrap().value.all_cancelled = Some(true);
    seen.members.as_mut().unwrap().value.iter_mut().for_each(|member| {
        if !member.accepted {
            member.timestamp_created = "2026-11-08T09:59:59.000Z".to_owned();
        }
    });
    insta::assert_snapshot!(attention(&seen, &context()).join("\n"));
}

#[test]
fn nothing_is_to_be_looked_at_in_what_was_not_asked_for() {
    let context =
        Context { kinds: [ReportKind::Lists].into(), said: crate::report::bulk::Said::default(), ..context() };
    let facts = sample::facts(&inventory(), &context);
    assert_eq!(facts.attention, []);
    assert_eq!(facts.tables.keys().collect::<Vec<_>>(), [&Table::Lists]);
    assert_eq!((facts.people.len(), facts.campaigns.len(), facts.accounts.len()), (0, 0, 0));
    assert_eq!((facts.days, facts.keys, facts.subscriptions.len()), (None, None, 0));
}

#[test]
fn an_invitation_may_wait_two_weeks_and_a_failed_job_of_last_year_is_old() {
    let told = attention(&inventory(), &context());
    assert!(!told.iter().any(|one| one.contains("invitation")), "{told:?}");
    let jobs: Vec<&String> = told.iter().filter(|one| one.contains("job-failed")).collect();
    assert_eq!(jobs, ["medium job-failed: 1 background job failed since 2026-11-19: 1 × import-leads"]);
}

#[test]
fn many_things_of_one_sort_are_one_entry() {
    let mut seen = inventory();
    let broken = seen.accounts.as_ref().unwrap().value[0].clone();
    let many =
        (0..100).map(|at| crate::domain::SendingAccount { email: format!("a{at:03}@x.example"), ..broken.clone() });
    seen.accounts.as_mut().unwrap().value = many.collect();
    let told = attention(&seen, &context());
    let broken: Vec<&String> = told.iter().filter(|one| one.contains("account-disconnected")).collect();
    assert_eq!(broken.len(), 1, "{told:?}");
    assert!(
        broken[0].contains("100 sending accounts")
            && broken[0].ends_with("a004@x.example (connection-error) and 95 more")
    );
}

#[test]
fn what_stands_beside_the_rows_makes_a_table_incomplete_and_leaves_its_rows_sure() {
    let fact = |change: fn(&mut Inventory), table: Table| {
        let mut seen = inventory();
        change(&mut seen);
        let fact = sample::facts(&seen, &context()).tables.remove(&table).unwrap();
        (fact.incomplete, fact.rows_unsure)
    };
    let said = |text: &str| Some(text.to_owned());
    let cut = |text: &str| Some(text.to_owned());
    assert_eq!(fact(|_| {}, Table::Keys), (None, false));
    assert_eq!(fact(|_| {}, Table::Accounts), (said("accounts/analytics/daily: 413"), false));
    let trail = |seen: &mut Inventory| seen.trail.as_mut().unwrap().incomplete = Some("403".to_owned());
    assert_eq!(fact(trail, Table::Keys), (cut("audit-logs: 403"), false));
    assert_eq!(fact(trail, Table::Trail), (cut("audit-logs: 403"), true));
    let days = |seen: &mut Inventory| seen.daily.as_mut().unwrap().incomplete = Some("404".to_owned());
    assert_eq!(fact(days, Table::CampaignDays), (cut("campaigns/analytics/daily: 404"), false));
    let counts = |seen: &mut Inventory| seen.counts.as_mut().unwrap().incomplete = Some("404".to_owned());
    assert_eq!(fact(counts, Table::Campaigns), (cut("campaigns/analytics: 404"), true));
    let none = |seen: &mut Inventory| seen.lists = None;
    assert_eq!(fact(none, Table::Lists), (cut("lead-lists: it was not read"), true));
}

#[test]
fn whose_workspace_a_wrong_key_opens_is_told_to_nobody() {
    let trouble = |kind: &str| TroubleFact {
        kind: kind.to_owned(),
        reason: "pinned is w-1, its key opens w-2".to_owned(),
        advice: vec!["w-2".to_owned()],
        may_pass: false,
    };
    let facts = Facts::unreadable("acme", Some("w-1"), &BTreeMap::new(), "2026-11-22T10:00:00Z", trouble("identity"));
    assert!(!serde_json::to_string(&facts).unwrap().contains("w-2"), "{facts:?}");
    assert_eq!(facts.attention[0].what, "key-opens-another");
    let dead = Facts::unreadable("acme", None, &BTreeMap::new(), "2026-11-22T10:00:00Z", trouble("key_refused"));
    assert_eq!((dead.attention[0].what.as_str(), dead.attention[0].severity), ("key-dead", Severity::Critical));
    assert_eq!(dead.trouble.unwrap().reason, "pinned is w-1, its key opens w-2");
}

#[test]
fn a_grave_finding_is_told_once_whatever_it_is_about() {
    let mut context = context();
    let again = context.said.findings[0].clone();
    context.said.findings.push(crate::domain::Finding { about: crate::domain::About::Workspace, ..again });
    let told = attention(&inventory(), &context);
    let code = FindingCode::GrantsAccess.as_str();
    assert_eq!(told.iter().filter(|one| one.contains(code)).count(), 1, "{told:?}");
}
