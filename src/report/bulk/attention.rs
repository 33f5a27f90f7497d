//! What a person should look at: made of one inventory, or of the trouble that kept it from being read; the gravest first.
//!
//! One entry tells of all things of one sort, the first few by name, so that a workspace of a hundred broken accounts does not hide that its
//! plan ends. All of them stand in the tables.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::context::Context;
use super::facts::gather::about_words;
use super::facts::{AttentionFact, TroubleFact};
use super::tables::{self, counts_of};
use crate::domain::analytics::Paid;
use crate::domain::codes::{ACCOUNT_STATUS, CAMPAIGN_STATUS};
use crate::domain::{Finding, FindingCode, Inventory, Rate, ReportKind, Severity};

/// How many things of one sort are named; the rest is counted.
const NAMED: usize = 5;

/// How long an invitation may wait before somebody should look at it, in days: two weeks have a holiday in them.
pub const OPEN_DAYS: i64 = 14;

/// The word of a lane's trouble whose key opens another workspace.
pub const OPENS_ANOTHER: &str = "identity";

/// Says what to look at in a workspace that was read.
pub fn of(inventory: &Inventory, context: &Context) -> Vec<AttentionFact> {
    let mut all = Vec::new();
    if let Some(at) = &inventory.identity.scheduled_for_removal_at {
        all.push(attention(
            "removal-scheduled",
            Severity::Critical,
            format!("it will be removed at {at}, with all that is in it, unless that is cancelled in the app"),
        ));
    }
    if !inventory.scopes_lacking.is_empty() {
        let scopes = inventory.scopes_lacking.join(", ");
        let text = format!("its key may not read all that was asked: it needs {scopes} too, so a new key with them");
        all.push(attention("scope-lacking", Severity::High, text));
    }
    billing(inventory, context, &mut all);
    campaigns(inventory, context, &mut all);
    accounts(inventory, context, &mut all);
    webhooks(inventory, context, &mut all);
    jobs(inventory, context, &mut all);
    invitations(inventory, context, &mut all);
    findings(context, &mut all);
    all.sort_by_key(|one| std::cmp::Reverse(one.severity));
    all
}

/// Says what kept a workspace from being read.
pub fn of_trouble(trouble: &TroubleFact) -> AttentionFact {
    let (what, severity, text) = match trouble.kind.as_str() {
        "key_refused" => ("key-dead", Severity::Critical, "its key is not accepted any more"),
        "key_missing" => ("key-missing", Severity::Critical, "its key could not be had"),
        "no_paid_plan" => ("plan-lapsed", Severity::Critical, "the API answers that it has no paid plan"),
        OPENS_ANOTHER => {
            ("key-opens-another", Severity::Critical, "its key opens another workspace than the pinned one")
        }
        "scope_lacking" => ("scope-lacking", Severity::High, "its key may not read what was asked"),
        _ if trouble.may_pass => ("unreachable", Severity::Medium, "it could not be reached"),
        _ => ("unreadable", Severity::High, "it could not be read"),
    };
    attention(what, severity, format!("{text}: nothing of it is in this report"))
}

fn attention(what: &str, severity: Severity, text: String) -> AttentionFact {
    AttentionFact { what: what.to_owned(), severity, text }
}

/// Names the first few.
fn named(names: &[String]) -> String {
    let first = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

/// Says how many of something there are.
fn count(number: usize, one: &str, several: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {several}") }
}

fn day(seconds: Option<i64>) -> String {
    let at = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
    at.map_or_else(|| "a day that is not told".to_owned(), |at| at.to_zoned(TimeZone::UTC).date().to_string())
}

fn billing(inventory: &Inventory, context: &Context, all: &mut Vec<AttentionFact>) {
    let Some(billing) = inventory.billing.as_ref().filter(|_| context.asks(ReportKind::Billing)) else { return };
    let mut subscriptions: Vec<_> = billing.value.subscriptions.iter().collect();
    subscriptions.sort_by_key(|one| (&one.product, &one.product_id));
    for one in subscriptions {
        let name = one.plan.as_ref().map_or_else(|| one.product.clone(), |plan| format!("{} ({plan})", one.product));
        let said = match one.paid(inventory.at) {
            Paid::Lapsed => {
                Some(("plan-lapsed", Severity::Critical, format!("was paid until {}", day(one.period_end))))
            }
            Paid::Ended => Some(("plan-ended", Severity::Critical, format!("ended on {}", day(one.cancel_at)))),
            Paid::Ending => Some(("plan-ending", Severity::High, format!("ends on {}", day(one.cancel_at)))),
            Paid::Active | Paid::Nothing | Paid::Unknown => None,
        };
        if let Some((what, severity, text)) = said {
            all.push(attention(what, severity, format!("its subscription {name} {text}")));
        }
    }
    if billing.value.all_cancelled == Some(true) {
        all.push(attention("plan-cancelled", Severity::High, "all its subscriptions are cancelled".to_owned()));
    }
}

fn campaigns(inventory: &Inventory, context: &Context, all: &mut Vec<AttentionFact>) {
    if !context.asks(ReportKind::Campaigns) {
        return;
    }
    let listed = tables::campaigns_in_order(inventory);
    let name = |listed: &tables::Listed<'_>| {
        listed.campaign.map_or_else(|| listed.id.to_string(), |campaign| format!("\"{}\"", campaign.name))
    };
    let mut stopped: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    let mut bounced = Vec::new();
    for one in &listed {
        if let Some(code) = one.campaign.and_then(|campaign| campaign.status).filter(|code| *code < 0) {
            stopped.entry(code).or_default().push(name(one));
        }
        let Some(now) = counts_of(inventory.counts.as_ref(), one.id) else { continue };
        let policy = &context.accounts;
        if now.sent >= policy.bounce_sample && policy.max_bounces.is_exceeded(now.bounced, now.sent) {
            let part = Rate::of(now.bounced, now.sent).map_or_else(String::new, |rate| format!(", {rate}"));
            bounced.push(format!("{} ({} of {}{part})", name(one), now.bounced, now.sent));
        }
    }
    for (code, names) in stopped.into_iter().rev() {
        let word = CAMPAIGN_STATUS.word(code);
        // An unknown word is no name of what is wrong.
        let what = if word == "unknown" { "campaign-stopped" } else { word };
        let told = format!("{} by the vendor ({word}, {code}): {}", were(names.len(), "stopped"), named(&names));
        all.push(attention(what, Severity::High, told));
    }
    if !bounced.is_empty() {
        let told = format!(
            "{} bounced more than {}: {}",
            count(bounced.len(), "campaign", "campaigns"),
            context.accounts.max_bounces,
            named(&bounced)
        );
        all.push(attention("campaign-bounces", Severity::High, told));
    }
}

fn were(number: usize, what: &str) -> String {
    if number == 1 { format!("1 campaign is {what}") } else { format!("{number} campaigns are {what}") }
}

fn accounts(inventory: &Inventory, context: &Context, all: &mut Vec<AttentionFact>) {
    if !context.asks(ReportKind::Accounts) {
        return;
    }
    let broken: Vec<String> = tables::accounts_in_order(inventory)
        .into_iter()
        .filter_map(|(_, account)| {
            let code = account.status.filter(|code| *code < 0)?;
            Some(format!("{} ({})", account.email, ACCOUNT_STATUS.word(code)))
        })
        .collect();
    if !broken.is_empty() {
        let many = count(broken.len(), "sending account", "sending accounts");
        all.push(attention("account-disconnected", Severity::High, format!("{many} cannot send: {}", named(&broken))));
    }
    let bouncing: Vec<String> = of_code(context, FindingCode::AccountBounces);
    if !bouncing.is_empty() {
        let many = count(bouncing.len(), "sending account", "sending accounts");
        let told = format!("{many} bounced more than {}: {}", context.accounts.max_bounces, named(&bouncing));
        all.push(attention("account-bounces", Severity::High, told));
    }
}

fn of_code(context: &Context, code: FindingCode) -> Vec<String> {
    let mut of: Vec<&Finding> = context.said.findings.iter().filter(|finding| finding.code == code).collect();
    of.sort();
    of.into_iter().map(|finding| about_words(&finding.about)).collect()
}

fn webhooks(inventory: &Inventory, context: &Context, all: &mut Vec<AttentionFact>) {
    let Some(webhooks) = inventory.webhooks.as_ref().filter(|_| context.asks(ReportKind::Webhooks)) else { return };
    let stopped = webhooks.value.iter().filter(|webhook| webhook.status.is_some_and(|status| status < 0));
    let mut stopped: Vec<String> = stopped.map(|one| one.name.clone().unwrap_or_else(|| one.target.clone())).collect();
    stopped.sort();
    if !stopped.is_empty() {
        let many = count(stopped.len(), "webhook", "webhooks");
        let told = format!("{many} stopped after failures: {}", named(&stopped));
        all.push(attention("webhook-stopped", Severity::High, told));
    }
}

fn jobs(inventory: &Inventory, context: &Context, all: &mut Vec<AttentionFact>) {
    let Some(jobs) = inventory.jobs.as_ref().filter(|_| context.asks(ReportKind::Jobs)) else { return };
    let (since, _) = context.period.to_ask();
    // One whose moment cannot be read may be new.
    let is_new = |created: &str| created.parse::<Timestamp>().map_or(true, |at| at >= since);
    let failed = jobs.value.iter().filter(|job| job.status == "failed" && is_new(&job.created));
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    failed.for_each(|job| *kinds.entry(job.kind.as_str()).or_default() += 1);
    if !kinds.is_empty() {
        let told: Vec<String> = kinds.iter().map(|(kind, count)| format!("{count} × {kind}")).collect();
        let many = count(kinds.values().sum(), "background job", "background jobs");
        let told = format!("{many} failed since {}: {}", context.period.first(), named(&told));
        all.push(attention("job-failed", Severity::Medium, told));
    }
}

fn invitations(inventory: &Inventory, context: &Context, all: &mut Vec<AttentionFact>) {
    if !context.asks(ReportKind::Members) {
        return;
    }
    let oldest = inventory.at.checked_sub(SignedDuration::from_hours(OPEN_DAYS * 24)).unwrap_or(Timestamp::MIN);
    let open = tables::members_in_order(inventory).into_iter().filter(|member| {
        !member.accepted && member.timestamp_created.parse::<Timestamp>().is_ok_and(|since| since < oldest)
    });
    let open: Vec<String> = open.map(|member| member.email.to_string()).collect();
    if !open.is_empty() {
        let many = count(open.len(), "invitation waits", "invitations wait");
        let told = format!("{many} for more than {OPEN_DAYS} days: {}", named(&open));
        all.push(attention("invitation-open", Severity::Low, told));
    }
}

/// Findings that somebody should mend soon, by their codes; what has an entry of its own is not told twice.
fn findings(context: &Context, all: &mut Vec<AttentionFact>) {
    let mut grave: Vec<&Finding> = context
        .said
        .findings
        .iter()
        .filter(|finding| finding.severity >= Severity::High)
        .filter(|finding| !matches!(finding.code, FindingCode::AccountDisconnected | FindingCode::AccountBounces))
        .collect();
    grave.sort();
    let mut codes: Vec<(FindingCode, Severity, Vec<String>)> = Vec::new();
    for finding in grave {
        let name = about_words(&finding.about);
        match codes.last_mut().filter(|(code, severity, _)| (*code, *severity) == (finding.code, finding.severity)) {
            Some((_, _, names)) => names.push(name),
            None => codes.push((finding.code, finding.severity, vec![name])),
        }
    }
    for (code, severity, names) in codes {
        all.push(attention(
            code.as_str(),
            severity,
            format!("{} {code}: {}", count(names.len(), "finding", "findings"), named(&names)),
        ));
    }
}
