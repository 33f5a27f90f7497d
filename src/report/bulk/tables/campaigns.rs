//! Campaigns with what they sent and got in the period and in the one before, and all of them day by day.

use std::collections::BTreeMap;
use std::io;

use jiff::civil::Date;

use super::carrying::Carrying;
use super::{Take, put};
use crate::domain::analytics::CampaignCounts;
use crate::domain::codes::{CAMPAIGN_STATUS, NOT_SENDING};
use crate::domain::{Campaign, CampaignId, Counts, DayCounts, Inventory, Period, Rate, ResourceKind, Told, UserId};
use crate::report::account_rows::coded;
use crate::report::bulk::context::{Context, People};
use crate::report::cell::{Cell, Column};

/// Makes a count or a rate stand side by side: of the period, of the one before, and by how much it changed.
pub(super) const CAMPAIGNS: &[Column] = columns![
    "campaign_id",
    "name",
    "status",
    "status_code",
    "owner",
    "owner_id",
    "tags",
    "created",
    "daily_limit",
    "not_sending",
    "not_sending_code",
    "open_tracking",
    "period_first",
    "period_last",
    "prior_first",
    "prior_last",
    "sent",
    "sent_prior",
    "sent_change",
    "contacted",
    "contacted_prior",
    "contacted_change",
    "opened",
    "opened_prior",
    "opened_change",
    "replied",
    "replied_prior",
    "replied_change",
    "replied_automatic",
    "replied_automatic_prior",
    "replied_automatic_change",
    "bounced",
    "bounced_prior",
    "bounced_change",
    "unsubscribed",
    "unsubscribed_prior",
    "unsubscribed_change",
    "opportunities",
    "opportunities_prior",
    "opportunities_change",
    "open_rate",
    "open_rate_prior",
    "open_rate_change",
    "reply_rate",
    "reply_rate_prior",
    "reply_rate_change",
    "bounce_rate",
    "bounce_rate_prior",
    "bounce_rate_change",
    "opportunity_rate",
    "opportunity_rate_prior",
    "opportunity_rate_change",
];

/// Where the numbers begin.
const FIRST_NUMBER: &str = "sent";

pub(super) fn is_number(column: &str) -> bool {
    let mut numbers = CAMPAIGNS.iter().skip_while(|one| one.name != FIRST_NUMBER);
    matches!(column, "status_code" | "not_sending_code" | "daily_limit") || numbers.any(|one| one.name == column)
}

pub(super) const DAYS: &[Column] =
    columns!["day", "sent", "contacted", "opened", "replied", "opportunities", "open_rate", "reply_rate"];

pub(super) const DAY_NUMBERS: &[&str] =
    &["sent", "contacted", "opened", "replied", "opportunities", "open_rate", "reply_rate"];

/// A campaign of the list, or one that only the analytics tell of: it is in no list any more, and what it sent counts all the same.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listed<'a> {
    /// Its id.
    pub id: &'a CampaignId,
    /// What the list says of it.
    pub campaign: Option<&'a Campaign>,
}

/// Returns the campaigns in order, by name; those that are in no list stand last, by id.
pub(crate) fn in_order(inventory: &Inventory) -> Vec<Listed<'_>> {
    let mut listed: BTreeMap<&CampaignId, &Campaign> = BTreeMap::new();
    for campaign in inventory.campaigns.iter().flat_map(|told| &told.value) {
        listed.entry(&campaign.id).or_insert(campaign);
    }
    let mut all: Vec<Listed<'_>> =
        listed.iter().map(|(id, campaign)| Listed { id, campaign: Some(campaign) }).collect();
    all.sort_by(|a, b| (a.campaign.map(|one| &one.name), a.id).cmp(&(b.campaign.map(|one| &one.name), b.id)));
    let mut others: Vec<&CampaignId> = [&inventory.counts, &inventory.prior_counts]
        .into_iter()
        .flatten()
        .flat_map(|told| told.value.keys())
        .filter(|id| !listed.contains_key(id))
        .collect();
    others.sort_unstable();
    others.dedup();
    all.extend(others.into_iter().map(|id| Listed { id, campaign: None }));
    all
}

/// Returns what a campaign sent and got. One of which nothing is told never sent, where all was told; else it is not known.
pub fn counts_of(told: Option<&Told<CampaignCounts>>, id: &CampaignId) -> Option<Counts> {
    let Told { value, incomplete } = told?;
    value.get(id).copied().or_else(|| incomplete.is_none().then_some(Counts::NOTHING))
}

/// Returns the address of whoever owns a campaign, where it is known.
pub(crate) fn owner<'a>(people: &People<'a>, listed: Listed<'_>) -> Option<&'a str> {
    people.address(listed.campaign.and_then(|campaign| campaign.owned_by.as_ref()))
}

pub(super) fn rows(inventory: &Inventory, context: &Context, take: Take<'_>) -> io::Result<()> {
    let people = People::of(inventory);
    let carrying = Carrying::of(inventory, ResourceKind::Campaign);
    let day = |day: Date| Cell::text(day.to_string());
    let (period, prior) = (context.period, context.period.prior());
    for listed in in_order(inventory) {
        let now = counts_of(inventory.counts.as_ref(), listed.id);
        let before = counts_of(inventory.prior_counts.as_ref(), listed.id);
        let campaign = listed.campaign;
        let [status, status_code] = coded(CAMPAIGN_STATUS, campaign.and_then(|campaign| campaign.status));
        let [not_sending, not_sending_code] = coded(NOT_SENDING, campaign.and_then(|campaign| campaign.not_sending));
        let labels = campaign.and_then(|_| carrying.labels(listed.id.as_str()));
        let about = [
            Cell::text(listed.id.as_str()),
            Cell::maybe(campaign.map(|campaign| campaign.name.as_str())),
            status,
            status_code,
            Cell::maybe(owner(&people, listed)),
            Cell::maybe(campaign.and_then(|campaign| campaign.owned_by.as_ref()).map(UserId::as_str)),
            Cell::maybe(labels.map(|labels| labels.join("; "))),
            Cell::maybe(campaign.and_then(|campaign| campaign.created.as_deref())),
            Cell::signed(campaign.and_then(|campaign| campaign.daily_limit)),
            not_sending,
            not_sending_code,
            campaign.and_then(|campaign| campaign.open_tracking).map_or(Cell::Nothing, Cell::Flag),
            day(period.first()),
            day(period.last()),
            day(prior.first()),
            day(prior.last()),
        ];
        let (now, before) =
            (now.map(|counts| Shown::of(listed, counts)), before.map(|counts| Shown::of(listed, counts)));
        let counts = COUNTS.iter().flat_map(|count| numbers(now.and_then(count), before.and_then(count)));
        let rates = RATES.iter().flat_map(|rate| parts(now.and_then(rate), before.and_then(rate)));
        put(context, take, about.into_iter().chain(counts).chain(rates))?;
    }
    Ok(())
}

/// Tells whether opened mails were counted: where nobody counts them, that none is told is no zero.
pub(crate) fn counts_opens(campaign: Option<&Campaign>, counts: Counts) -> bool {
    counts.opened > 0 || campaign.and_then(|campaign| campaign.open_tracking) != Some(false)
}

/// Counts as they are shown.
#[derive(Debug, Clone, Copy)]
struct Shown {
    counts: Counts,
    /// Whether opened mails were counted.
    opens: bool,
}

impl Shown {
    fn of(listed: Listed<'_>, counts: Counts) -> Self {
        Self { counts, opens: counts_opens(listed.campaign, counts) }
    }
}

/// The counts, in the order of their columns.
const COUNTS: [fn(Shown) -> Option<u64>; 8] = [
    |shown| Some(shown.counts.sent),
    |shown| Some(shown.counts.contacted),
    |shown| shown.opens.then_some(shown.counts.opened),
    |shown| Some(shown.counts.replied),
    |shown| shown.counts.replied_automatic,
    |shown| Some(shown.counts.bounced),
    |shown| Some(shown.counts.unsubscribed),
    |shown| Some(shown.counts.opportunities),
];

/// The rates, in the order of their columns.
const RATES: [fn(Shown) -> Option<Rate>; 4] = [
    |shown| shown.counts.open_rate().filter(|_| shown.opens),
    |shown| shown.counts.reply_rate(),
    |shown| shown.counts.bounce_rate(),
    |shown| shown.counts.opportunity_rate(),
];

fn numbers(now: Option<u64>, before: Option<u64>) -> [Cell<'static>; 3] {
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let change = now.zip(before).map(|(now, before)| number(now).saturating_sub(number(before)));
    [Cell::count(now), Cell::count(before), Cell::signed(change)]
}

fn parts(now: Option<Rate>, before: Option<Rate>) -> [Cell<'static>; 3] {
    let number = |rate: Rate| i64::from(rate.hundredths());
    let change = now.zip(before).map(|(now, before)| number(now) - number(before));
    [rate(now), rate(before), change.map_or(Cell::Nothing, Cell::Hundredths)]
}

/// Writes a rate in percent.
pub(super) fn rate(rate: Option<Rate>) -> Cell<'static> {
    rate.map_or(Cell::Nothing, |rate| Cell::Hundredths(i64::from(rate.hundredths())))
}

/// Returns the days of a period.
pub(super) fn days_of(period: Period) -> impl Iterator<Item = Date> {
    std::iter::successors(Some(period.first()), |day| day.tomorrow().ok()).take_while(move |day| *day <= period.last())
}

/// Returns what was sent and got on a day; none where that is not known.
fn on(inventory: &Inventory, day: Date) -> Option<DayCounts> {
    let Told { value, incomplete } = inventory.daily.as_ref()?;
    value.get(&day).copied().or_else(|| incomplete.is_none().then(DayCounts::default))
}

/// Returns every day of the period, where they were told whole.
pub(crate) fn whole_days(inventory: &Inventory, period: Period) -> Option<BTreeMap<Date, DayCounts>> {
    inventory.daily.as_ref().filter(|told| told.incomplete.is_none())?;
    days_of(period).map(|day| Some((day, on(inventory, day)?))).collect()
}

pub(super) fn days(inventory: &Inventory, context: &Context, take: Take<'_>) -> io::Result<()> {
    if inventory.daily.is_none() {
        return Ok(());
    }
    for day in days_of(context.period) {
        let counts = on(inventory, day);
        let count = |of: fn(DayCounts) -> u64| Cell::count(counts.map(of));
        put(
            context,
            take,
            [
                Cell::text(day.to_string()),
                count(|day| day.sent),
                count(|day| day.contacted),
                count(|day| day.opened),
                count(|day| day.replied),
                count(|day| day.opportunities),
                rate(counts.and_then(|day| day.open_rate())),
                rate(counts.and_then(|day| day.reply_rate())),
            ],
        )?;
    }
    Ok(())
}
