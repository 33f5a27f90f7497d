use super::*;
use crate::report::bulk::facts::TroubleFact;
use crate::report::bulk::sample::{context, inventory, period};
use crate::report::bulk::{Context, Stamp};
use crate::trouble::Exit;

/// A workspace seen whole.
fn whole(name: &str) -> Facts {
    let mut seen = inventory();
    seen.sent.as_mut().unwrap().unseen.clear();
    seen.sent.as_mut().unwrap().incomplete = None;
    let stamp = Stamp { workspace: name.to_owned(), workspace_id: format!("w-{name}"), ..context().stamp };
    crate::report::bulk::sample::facts(&seen, &Context { stamp, ..context() })
}

fn dead(name: &str, may_pass: bool) -> Facts {
    let kind = if may_pass { "unreachable" } else { "key_refused" };
    let trouble = TroubleFact { kind: kind.to_owned(), reason: "gone".to_owned(), advice: Vec::new(), may_pass };
    Facts::unreadable(name, None, &BTreeMap::new(), "2026-11-22T10:00:00Z", trouble)
}

fn partial(name: &str) -> Facts {
    let mut facts = whole(name);
    let fact = facts.tables.get_mut(&Table::Members).unwrap();
    (fact.incomplete, fact.rows_unsure) = (Some("workspace-members: cut".to_owned()), true);
    facts
}

fn asked(kinds: &BTreeSet<ReportKind>) -> Asked<'_> {
    Asked { agency: Some("Northwind"), period: period(), kinds }
}

/// Reads it as who opens the file does.
fn written(record: &Record<'_>) -> Value {
    serde_json::from_str(&serde_json::to_string(record).unwrap()).unwrap()
}

#[test]
fn a_total_that_lacks_a_workspace_is_a_bound() {
    let (both, one) = ([whole("a"), whole("b")], [whole("a"), dead("b", false)]);
    assert_eq!(rows(&both, Table::Members).to_string(), "6");
    assert_eq!(rows(&one, Table::Members).to_string(), "≥ 3");
    assert_eq!(rows(&[whole("a"), partial("b")], Table::Members).to_string(), "≥ 6");
    assert_eq!(rows(&[whole("a"), partial("b")], Table::Keys).to_string(), "4", "its keys were seen whole");
    assert_eq!((sum(&both, false).counts.sent, sum(&both, false).exact), (2616, true));
    assert_eq!((sum(&one, false).counts.sent, sum(&one, false).exact), (1308, false));
}

#[test]
fn automatic_replies_that_the_api_did_not_tell_make_a_bound_of_their_own() {
    let all = sum(&[whole("a")], false);
    assert_eq!((all.exact, all.automatic_exact), (true, false), "one campaign tells none");
    let before = sum(&[whole("a")], true);
    assert_eq!((before.exact, before.automatic_exact, before.counts.sent), (true, true, 1000));
}

#[test]
fn rates_are_of_the_sums() {
    let all = sum(&[whole("a"), whole("b")], false);
    assert_eq!(Rate::of(all.counts.bounced, all.counts.sent), all.counts.bounce_rate());
    let record = all.record();
    assert_eq!(record["bounce_rate"], json!({ "percent": 1.22, "exact": true }));
    assert_eq!(record["sent"], json!({ "count": 2616, "exact": true }));
}

#[test]
fn the_exit_code_says_what_could_be_seen() {
    let exit = |facts: &[Facts]| coverage(facts).exit();
    assert_eq!(exit(&[whole("a"), whole("b")]), Exit::Complete);
    assert_eq!(exit(&[whole("a"), partial("b")]), Exit::Incomplete);
    assert_eq!(exit(&[whole("a"), dead("b", true)]), Exit::Incomplete);
    assert_eq!(exit(&[partial("a")]), Exit::Incomplete);
    assert_eq!(exit(&[dead("a", false), dead("b", true)]), Exit::AllFailed);
    assert_eq!(exit(&[dead("a", true), dead("b", true)]), Exit::TryLater);
}

#[test]
fn the_summary_of_three_workspaces_is_as_it_was() {
    let kinds: BTreeSet<ReportKind> = ReportKind::ALL.into();
    let facts = [whole("a"), partial("b"), dead("c", false)];
    let mut record = written(&record(&asked(&kinds), &facts));
    // Of the lines of workspaces one of each sort is enough to see how they look.
    record["workspaces"][1] = json!("…");
    insta::assert_snapshot!(serde_json::to_string_pretty(&record).unwrap());
}

#[test]
fn kinds_that_were_not_asked_for_have_no_numbers() {
    let kinds: BTreeSet<ReportKind> = [ReportKind::Keys].into();
    let record = written(&record(&asked(&kinds), &[whole("a")]));
    for name in ["campaigns", "accounts", "people"] {
        assert!(record[name].is_null(), "{name}");
    }
    assert_eq!(record["tables"].as_object().unwrap().keys().collect::<Vec<_>>(), ["keys"]);
}

#[test]
fn one_reason_is_told_once_with_all_the_tables_it_is_about() {
    let mut facts = whole("a");
    for table in [Table::Tags, Table::Campaigns] {
        facts.tables.get_mut(&table).unwrap().incomplete = Some("custom-tags: 403".to_owned());
    }
    assert_eq!(why_partial(&facts).unwrap(), "tags, campaigns (custom-tags: 403)");
    assert_eq!(coverage(std::slice::from_ref(&facts)).partial[0].1, "tags, campaigns (custom-tags: 403)");
    facts.tables.get_mut(&Table::Keys).unwrap().incomplete = Some("api-keys: 403; audit-logs: 403".to_owned());
    let short = coverage(std::slice::from_ref(&facts)).partial.remove(0).1;
    assert_eq!(short, "keys, tags, campaigns (api-keys: 403; 2 more in summary.json)");
}
