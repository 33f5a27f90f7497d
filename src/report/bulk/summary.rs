//! The numbers of a report over all its workspaces, and its exit code.
//!
//! Owns when a number is a total and when it is a bound: a sum that lacks a workspace, or part of one, never passes for the whole. Rates are made
//! of sums, and say themselves when something was lacking.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;

use foldhash::fast::RandomState;
use serde::ser::SerializeMap as _;
use serde_json::{Map, Value, json};

use super::facts::{Facts, TableFact};
pub use super::sums::{Sum, sum};
use crate::domain::{Counts, Period, Rate, ReportKind, Severity, Table};
use crate::report::summary::{Coverage, Unreadable, meaning};

/// The version of `summary.json`; grows by minor for additions.
pub const SCHEMA: &str = "1.0";

/// What a report was asked for.
#[derive(Debug, Clone)]
pub struct Asked<'a> {
    /// The agency's name in our files.
    pub agency: Option<&'a str>,
    /// Its period.
    pub period: Period,
    /// Its kinds.
    pub kinds: &'a BTreeSet<ReportKind>,
}

/// A number that knows whether something is lacking from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// What was counted.
    pub count: u64,
    /// Whether that is all there is.
    pub exact: bool,
}

impl Bound {
    /// Writes it as a value.
    pub fn record(self) -> Value {
        let Self { count, exact } = self;
        json!({ "count": count, "exact": exact })
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at_least = if self.exact { "" } else { "≥ " };
        write!(f, "{at_least}{}", self.count)
    }
}

/// Returns what could be seen of a report, and what could not.
pub fn coverage(facts: &[Facts]) -> Coverage {
    let mut coverage = Coverage { asked: facts.len(), ..Coverage::default() };
    for one in facts {
        let workspace = one.workspace.clone();
        if let Some(trouble) = &one.trouble {
            coverage.unreadable.push(Unreadable {
                workspace,
                kind: Cow::Owned(trouble.kind.clone()),
                reason: trouble.reason.clone(),
                advice: trouble.advice.clone(),
                may_pass: trouble.may_pass,
            });
            continue;
        }
        match partial_in_short(one) {
            None => coverage.complete += 1,
            Some(why) => coverage.partial.push((workspace, why)),
        }
    }
    coverage
}

/// Says which tables of a workspace were not seen whole, and the first reason: what a person at a terminal reads of many workspaces.
fn partial_in_short(facts: &Facts) -> Option<String> {
    let parts = |why: &'_ str| why.split("; ").map(str::to_owned).collect::<Vec<_>>();
    let cut: Vec<_> =
        facts.tables.iter().filter_map(|(table, fact)| Some((table, fact.incomplete.as_ref()?))).collect();
    let mut reasons: Vec<String> = Vec::new();
    for reason in cut.iter().flat_map(|(_, why)| parts(why)) {
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    let first = reasons.first()?;
    let tables: Vec<&str> = cut.iter().map(|(table, _)| table.as_str()).collect();
    let more = match reasons.len() {
        1 => String::new(),
        several => format!("; {} more in summary.json", several - 1),
    };
    Some(format!("{} ({first}{more})", tables.join(", ")))
}

/// Says what of a workspace that was read was not seen whole, each reason once, with the tables it is about.
pub fn why_partial(facts: &Facts) -> Option<String> {
    let mut tables: Vec<(&str, Vec<&str>)> = Vec::new();
    for (table, fact) in &facts.tables {
        let Some(why) = &fact.incomplete else { continue };
        match tables.iter_mut().find(|(other, _)| other == why) {
            Some((_, names)) => names.push(table.as_str()),
            None => tables.push((why, vec![table.as_str()])),
        }
    }
    let said: Vec<String> = tables.iter().map(|(why, names)| format!("{} ({why})", names.join(", "))).collect();
    (!said.is_empty()).then(|| said.join("; "))
}

/// Returns the rows of a table over all workspaces.
pub fn rows(facts: &[Facts], table: Table) -> Bound {
    let of = |one: &Facts| one.tables.get(&table).map_or((0, false), |fact| (fact.rows, !fact.rows_unsure));
    fold(facts, of)
}

/// Adds up what is known of each workspace; one that could not be read lacks.
fn fold(facts: &[Facts], of: impl Fn(&Facts) -> (u64, bool)) -> Bound {
    let mut all = Bound { count: 0, exact: true };
    for one in facts {
        let (count, exact) = if one.trouble.is_some() { (0, false) } else { of(one) };
        all.count = all.count.saturating_add(count);
        all.exact &= exact;
    }
    all
}

/// Tells whether a table of a workspace was seen whole, with all that stands beside its rows.
fn is_whole(facts: &Facts, table: Table) -> bool {
    facts.tables.get(&table).is_some_and(|fact| fact.incomplete.is_none())
}

impl Sum {
    fn record(self) -> Value {
        let Self { counts, told: _, exact, automatic_exact, opened_exact } = self;
        let Counts { sent, contacted, opened, replied, replied_automatic, bounced, unsubscribed, opportunities } =
            counts;
        let bound = |count| Bound { count, exact }.record();
        let rate = |rate| percent(rate, exact);
        json!({
            "sent": bound(sent),
            "contacted": bound(contacted),
            "opened": Bound { count: opened, exact: opened_exact }.record(),
            "replied": bound(replied),
            "replied_automatic": Bound { count: replied_automatic.unwrap_or(0), exact: automatic_exact }.record(),
            "bounced": bound(bounced),
            "unsubscribed": bound(unsubscribed),
            "opportunities": bound(opportunities),
            "open_rate": percent(counts.open_rate(), opened_exact),
            "reply_rate": rate(counts.reply_rate()),
            "bounce_rate": rate(counts.bounce_rate()),
            "opportunity_rate": rate(counts.opportunity_rate()),
        })
    }
}

/// Writes a rate in percent; of what was seen, where that is not all. None of nothing.
fn percent(rate: Option<Rate>, exact: bool) -> Value {
    let percent = rate.map(|rate| f64::from(rate.hundredths()) / 100.0);
    json!({ "percent": percent, "exact": exact })
}

/// `summary.json`. How many requests it took is not in it: that differs from run to run.
///
/// Its workspaces are made one by one as they are written: as one value, those of ten thousand take more memory than what it is made of.
#[derive(Debug)]
pub struct Record<'a> {
    head: Map<String, Value>,
    facts: &'a [Facts],
}

impl serde::Serialize for Record<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.head.len() + 1))?;
        for (name, value) in &self.head {
            map.serialize_entry(name, value)?;
        }
        map.serialize_entry("workspaces", &Workspaces(self.facts))?;
        map.end()
    }
}

struct Workspaces<'a>(&'a [Facts]);

impl serde::Serialize for Workspaces<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(workspace))
    }
}

/// Makes `summary.json`. `facts` are those of all workspaces, in config order.
pub fn record<'a>(asked: &Asked<'_>, facts: &'a [Facts]) -> Record<'a> {
    let coverage = coverage(facts);
    let exit = coverage.exit();
    let Asked { agency, period, kinds } = asked;
    let asks = |kind: ReportKind| kinds.contains(&kind);
    let numbers = [
        ("type", json!("report")),
        ("schema", json!(SCHEMA)),
        ("agency", json!(agency)),
        ("period", span(*period)),
        ("prior", span(period.prior())),
        ("kinds", json!(kinds)),
        ("exit", json!(exit.code())),
        ("outcome", json!(meaning(exit))),
        ("coverage", coverage.record()),
        ("tables", tables(facts, kinds)),
        ("findings", findings(facts, coverage.is_complete())),
        ("attention", attention(facts, coverage.is_complete())),
    ];
    let mut head: Map<String, Value> = numbers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let mut add = |name: &str, value: Value| drop(head.insert(name.to_owned(), value));
    if asks(ReportKind::Campaigns) {
        add("campaigns", json!({ "period": sum(facts, false).record(), "prior": sum(facts, true).record() }));
    }
    if asks(ReportKind::Accounts) {
        add("accounts", accounts(facts));
    }
    if asks(ReportKind::Members) {
        add("people", people(facts));
    }
    Record { head, facts }
}

fn span(period: Period) -> Value {
    json!({ "first": period.first().to_string(), "last": period.last().to_string(), "days": period.days() })
}

fn tables(facts: &[Facts], kinds: &BTreeSet<ReportKind>) -> Value {
    let asked = Table::ALL.into_iter().filter(|table| kinds.contains(&table.kind()));
    let of = |table: Table| {
        let whole = facts.iter().filter(|one| one.trouble.is_none() && is_whole(one, table)).count();
        json!({ "rows": rows(facts, table).record(), "workspaces_whole": whole })
    };
    asked.map(|table| (table.as_str().to_owned(), of(table))).collect()
}

/// Counts the findings by how grave they are, and by their codes.
fn findings(facts: &[Facts], exact: bool) -> Value {
    let mut codes: BTreeMap<&str, u64> = BTreeMap::new();
    let mut severities: BTreeMap<Severity, u64> = Severity::ALL.into_iter().map(|severity| (severity, 0)).collect();
    for finding in facts.iter().flat_map(|one| &one.findings) {
        *codes.entry(&finding.code).or_default() += 1;
        *severities.entry(finding.severity).or_default() += 1;
    }
    let bound = |count| Bound { count, exact }.record();
    let severities: Map<String, Value> =
        severities.into_iter().map(|(severity, count)| (severity.to_string(), bound(count))).collect();
    let codes: Map<String, Value> = codes.into_iter().map(|(code, count)| (code.to_owned(), bound(count))).collect();
    json!({ "severity": severities, "codes": codes })
}

/// Counts the workspaces in which somebody should look at something, by what it is.
fn attention(facts: &[Facts], exact: bool) -> Value {
    let mut counts: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for one in facts {
        for attention in &one.attention {
            counts.entry(&attention.what).or_default().insert(&one.workspace);
        }
    }
    let bound = |names: BTreeSet<&str>| Bound { count: number(names.len()), exact }.record();
    counts.into_iter().map(|(what, names)| (what.to_owned(), bound(names))).collect::<Map<_, _>>().into()
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn accounts(facts: &[Facts]) -> Value {
    let whole = |one: &Facts| is_whole(one, Table::Accounts);
    let unsure = |one: &Facts| one.tables.get(&Table::Accounts).is_none_or(|fact| fact.rows_unsure);
    let ill = fold(facts, |one| (number(one.accounts.iter().filter(|account| account.ill).count()), whole(one)));
    let count = fold(facts, |one| (number(one.accounts.len()), !unsure(one)));
    let add = |of: fn(&super::facts::AccountFact) -> Option<u64>| {
        fold(facts, |one| {
            let told = one.accounts.iter().filter_map(of).fold(0, u64::saturating_add);
            (told, !unsure(one) && one.accounts.iter().all(|account| of(account).is_some()))
        })
    };
    let (sent, bounced) = (add(|account| account.sent), add(|account| account.bounced));
    json!({
        "accounts": count.record(),
        "ill": ill.record(),
        "sent": sent.record(),
        "bounced": bounced.record(),
        "bounce_rate": percent(Rate::of(bounced.count, sent.count), sent.exact && bounced.exact),
    })
}

/// Counts people by their addresses: one who is in several workspaces is one person.
fn people(facts: &[Facts]) -> Value {
    let exact = fold(facts, |one| (0, one.tables.get(&Table::Members).is_some_and(|fact| !fact.rows_unsure))).exact;
    let all = || facts.iter().flat_map(|one| &one.people);
    let count = |emails: HashSet<&str, RandomState>| Bound { count: number(emails.len()), exact }.record();
    // Where the agency names no domain, nobody is external, nor is anybody not.
    let named = all().all(|person| person.external.is_some());
    let external = all().filter(|person| person.external == Some(true)).map(|person| person.email.as_str()).collect();
    json!({
        "people": count(all().map(|person| person.email.as_str()).collect()),
        "external": if named { count(external) } else { Value::Null },
        "open_invitations": Bound { count: number(all().filter(|person| !person.accepted).count()), exact }.record(),
    })
}

fn workspace(facts: &Facts) -> Value {
    let partial = why_partial(facts);
    let state = match (&facts.trouble, &partial) {
        (Some(_), _) => "unreadable",
        (None, Some(_)) => "partial",
        (None, None) => "complete",
    };
    let table = |(table, TableFact { rows, incomplete, rows_unsure }): (&Table, &TableFact)| {
        let rows = Bound { count: *rows, exact: !rows_unsure }.record();
        (table.as_str().to_owned(), json!({ "rows": rows, "incomplete": incomplete }))
    };
    let mut severities: BTreeMap<&str, u64> = BTreeMap::new();
    for finding in &facts.findings {
        *severities.entry(finding.severity.as_str()).or_default() += 1;
    }
    json!({
        "workspace": facts.workspace,
        "workspace_id": facts.workspace_id,
        "title": facts.title,
        "labels": facts.labels,
        "observed_at": facts.observed_at,
        "state": state,
        "trouble": facts.trouble.as_ref().map(|trouble| json!({ "kind": trouble.kind, "reason": trouble.reason, "advice": trouble.advice })),
        "tables": facts.tables.iter().map(table).collect::<Map<_, _>>(),
        "findings": severities,
        "attention": facts.attention,
    })
}

#[cfg(test)]
mod tests;
