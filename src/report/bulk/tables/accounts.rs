//! Sending accounts with what they sent in the period and how warm they are, and each of them day by day.

use std::collections::HashMap;
use std::io;

use jiff::civil::Date;

use super::campaigns::{days_of, rate};
use super::carrying::Carrying;
use super::{Take, put};
use crate::domain::analytics::Warm;
use crate::domain::codes::{ACCOUNT_STATUS, PROVIDER, WARMUP_STATUS};
use crate::domain::{About, Email, Finding, Inventory, Period, Rate, ResourceKind, SendingAccount, Sent, UserId};
use crate::report::account_rows::coded;
use crate::report::bulk::context::{Context, People};
use crate::report::cell::{Cell, Column};

pub(super) const ACCOUNTS: &[Column] = columns![
    "email",
    "status",
    "status_code",
    "warmup",
    "warmup_code",
    "provider",
    "provider_code",
    "daily_limit",
    "period_first",
    "period_last",
    "sent",
    "bounced",
    "bounce_rate",
    "warmup_sent",
    "warmup_inbox",
    "warmup_spam",
    "warmup_received",
    "warmup_score",
    "owner",
    "owner_source",
    "added_by",
    "added_by_id",
    "created",
    "tags",
    "findings",
    "evidence",
];

pub(super) const ACCOUNT_NUMBERS: &[&str] = &[
    "status_code",
    "warmup_code",
    "provider_code",
    "daily_limit",
    "sent",
    "bounced",
    "bounce_rate",
    "warmup_sent",
    "warmup_inbox",
    "warmup_spam",
    "warmup_received",
    "warmup_score",
];

pub(super) const DAYS: &[Column] = columns![
    "email",
    "day",
    "sent",
    "bounced",
    "bounce_rate",
    "warmup_sent",
    "warmup_inbox",
    "warmup_spam",
    "warmup_received",
];

pub(super) const DAY_NUMBERS: &[&str] =
    &["sent", "bounced", "bounce_rate", "warmup_sent", "warmup_inbox", "warmup_spam", "warmup_received"];

/// Returns the accounts in order, by address; one that a page repeated stands once.
pub(crate) fn in_order(inventory: &Inventory) -> Vec<(Email, &SendingAccount)> {
    let rows = inventory.accounts.iter().flat_map(|told| &told.value);
    let mut accounts: Vec<_> = rows.map(|account| (Email::observed(&account.email), account)).collect();
    accounts.sort_by(|(a, one), (b, other)| (a, &one.email).cmp(&(b, &other.email)));
    accounts.dedup_by(|(a, _), (b, _)| a == b);
    accounts
}

/// Which labels the sending accounts carry.
pub(super) fn labels(inventory: &Inventory) -> Carrying<'_> {
    Carrying::of(inventory, ResourceKind::Account)
}

/// Returns what an account sent on a day; none where that is not known.
fn sent_on(inventory: &Inventory, account: &Email, day: Date) -> Option<Sent> {
    let sent = inventory.sent.as_ref().filter(|sent| !sent.unseen.contains(account))?;
    Some(sent.days.get(account).and_then(|days| days.get(&day)).copied().unwrap_or_default())
}

/// Returns what an account sent on each day of a period, and all of it; none where that is not known.
pub(crate) fn sent_over(inventory: &Inventory, account: &Email, period: Period) -> Option<(Vec<u64>, Sent)> {
    let mut all = Sent::default();
    let mut days = Vec::new();
    for day in days_of(period) {
        let sent = sent_on(inventory, account, day)?;
        days.push(sent.sent);
        all += sent;
    }
    Some((days, all))
}

/// Returns the warm-up of an account on a day, where the API tells of that day.
fn warm_on(inventory: &Inventory, account: &Email, day: Date) -> Option<Warm> {
    let warm = inventory.warmups.as_ref().filter(|warm| !warm.unseen.contains(account))?;
    warm.days.get(account)?.get(&day).copied()
}

/// Adds up the warm-up of the days that the API tells of.
fn warm_over(inventory: &Inventory, account: &Email, period: Period) -> Option<Warm> {
    let told = days_of(period).filter_map(|day| warm_on(inventory, account, day));
    told.reduce(|a, b| Warm {
        sent: a.sent.saturating_add(b.sent),
        inbox: a.inbox.saturating_add(b.inbox),
        spam: a.spam.saturating_add(b.spam),
        received: a.received.saturating_add(b.received),
    })
}

/// Returns the score of an account's warm-up, of 100: what its analytics say, else its row.
pub(crate) fn score(inventory: &Inventory, address: &Email, account: &SendingAccount) -> Option<i64> {
    let told = inventory.warmups.as_ref().and_then(|warm| warm.scores.get(address));
    told.and_then(|score| i64::try_from(*score).ok()).or(account.warmup_score)
}

fn warm_cells(warm: Option<Warm>) -> [Cell<'static>; 4] {
    let count = |of: fn(Warm) -> u64| Cell::count(warm.map(of));
    [count(|warm| warm.sent), count(|warm| warm.inbox), count(|warm| warm.spam), count(|warm| warm.received)]
}

fn bounce_rate(sent: Option<Sent>) -> Cell<'static> {
    rate(sent.and_then(|sent| Rate::of(sent.bounced, sent.sent)))
}

/// The findings about each account: of tens of thousands none is looked for twice.
fn findings(context: &Context) -> HashMap<&str, Vec<&Finding>> {
    let mut of: HashMap<&str, Vec<&Finding>> = HashMap::new();
    for finding in &context.said.findings {
        if let About::Account { email } = &finding.about {
            of.entry(email.as_str()).or_default().push(finding);
        }
    }
    of
}

pub(super) fn rows(inventory: &Inventory, context: &Context, take: Take<'_>) -> io::Result<()> {
    let people = People::of(inventory);
    let labels = labels(inventory);
    let findings = findings(context);
    let period = context.period;
    for (address, account) in in_order(inventory) {
        let SendingAccount { email, added_by, status, provider, warmup_status, daily_limit, created, .. } = account;
        let sent = sent_over(inventory, &address, period).map(|(_, sent)| sent);
        let found = findings.get(email.as_str()).map_or(&[][..], Vec::as_slice);
        let evidence: Vec<&str> = found.iter().map(|finding| finding.evidence.as_str()).collect();
        let owner = context.said.accounts.get(&address);
        let carried = labels.labels(address.as_str());
        let cells = [Cell::text(email.as_str())]
            .into_iter()
            .chain(coded(ACCOUNT_STATUS, *status))
            .chain(coded(WARMUP_STATUS, *warmup_status))
            .chain(coded(PROVIDER, *provider))
            .chain([
                Cell::signed(*daily_limit),
                Cell::text(period.first().to_string()),
                Cell::text(period.last().to_string()),
                Cell::count(sent.map(|sent| sent.sent)),
                Cell::count(sent.map(|sent| sent.bounced)),
                bounce_rate(sent),
            ])
            .chain(warm_cells(warm_over(inventory, &address, period)))
            .chain([
                Cell::signed(score(inventory, &address, account)),
                Cell::maybe(owner.map(|owner| owner.owner.as_str())),
                Cell::maybe(owner.map(|owner| owner.source)),
                Cell::maybe(people.address(added_by.as_ref())),
                Cell::maybe(added_by.as_ref().map(UserId::as_str)),
                Cell::maybe(created.as_deref()),
                // A label may hold a blank, so that blanks part nothing.
                Cell::maybe(carried.map(|carried| carried.join("; "))),
                if found.is_empty() {
                    Cell::Nothing
                } else {
                    Cell::list(found.iter().map(|finding| finding.code.as_str()))
                },
                Cell::maybe(Some(evidence.join("; ")).filter(|evidence| !evidence.is_empty())),
            ]);
        put(context, take, cells)?;
    }
    Ok(())
}

pub(super) fn days(inventory: &Inventory, context: &Context, take: Take<'_>) -> io::Result<()> {
    let days: Vec<(Date, String)> = days_of(context.period).map(|day| (day, day.to_string())).collect();
    for (address, account) in in_order(inventory) {
        for (day, written) in &days {
            let sent = sent_on(inventory, &address, *day);
            let cells = [
                Cell::text(account.email.as_str()),
                Cell::text(written.as_str()),
                Cell::count(sent.map(|sent| sent.sent)),
                Cell::count(sent.map(|sent| sent.bounced)),
                bounce_rate(sent),
            ];
            let mut row = Vec::with_capacity(DAYS.len());
            row.extend(context.stamp.cells());
            row.extend(cells);
            row.extend(warm_cells(warm_on(inventory, &address, *day)));
            take(&row)?;
        }
    }
    Ok(())
}
