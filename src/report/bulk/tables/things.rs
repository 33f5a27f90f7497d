//! What a workspace pays for, where it delivers to, its lead lists and its background jobs.

use std::io;

use jiff::Timestamp;

use super::{Take, put};
use crate::domain::codes::WEBHOOK_STATUS;
use crate::domain::{CampaignId, Inventory, Job, LeadList, Subscription, UserId, Webhook};
use crate::report::account_rows::coded;
use crate::report::bulk::context::{Context, People};
use crate::report::cell::{Cell, Column};

pub(super) const BILLING: &[Column] = columns![
    "product",
    "plan",
    "product_id",
    "state",
    "interval",
    "price_usd",
    "quantity",
    "period_end",
    "cancel_at",
    "limit",
    "used",
    "all_cancelled",
];

pub(super) const BILLING_NUMBERS: &[&str] = &["price_usd", "quantity", "limit", "used"];

pub(super) const WEBHOOKS: &[Column] =
    columns!["webhook_id", "name", "target", "event", "campaign_id", "status", "status_code", "created", "failed_at",];

pub(super) const WEBHOOK_NUMBERS: &[&str] = &["status_code"];

pub(super) const LISTS: &[Column] = columns!["list_id", "name", "owner", "owner_id", "enrichment", "created"];

pub(super) const JOBS: &[Column] = columns![
    "job_id",
    "kind",
    "status",
    "over",
    "progress",
    "created",
    "updated",
    "started_by",
    "user_id",
    "entity_kind",
    "entity_id",
];

pub(super) const JOB_NUMBERS: &[&str] = &["progress"];

pub(super) fn billing(inventory: &Inventory, context: &Context, take: Take<'_>) -> io::Result<()> {
    let Some(billing) = &inventory.billing else { return Ok(()) };
    let moment = |seconds: Option<i64>| {
        Cell::maybe(seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()).map(|at| at.to_string()))
    };
    let mut subscriptions: Vec<&Subscription> = billing.value.subscriptions.iter().collect();
    subscriptions.sort_by_key(|one| (&one.product, &one.product_id, one.period_end));
    for subscription in subscriptions {
        let Subscription { product, plan, product_id, interval, price_cents, .. } = subscription;
        let Subscription { quantity, period_end, cancel_at, limit, used, .. } = subscription;
        put(
            context,
            take,
            [
                Cell::text(product.as_str()),
                Cell::maybe(plan.as_deref()),
                Cell::maybe(product_id.as_deref()),
                Cell::text(subscription.paid(inventory.at).as_str()),
                Cell::maybe(interval.as_deref()),
                price_cents.map_or(Cell::Nothing, Cell::Hundredths),
                Cell::signed(*quantity),
                moment(*period_end),
                moment(*cancel_at),
                Cell::signed(*limit),
                Cell::signed(*used),
                billing.value.all_cancelled.map_or(Cell::Nothing, Cell::Flag),
            ],
        )?;
    }
    Ok(())
}

pub(super) fn webhooks(inventory: &Inventory, context: &Context, take: Take<'_>) -> io::Result<()> {
    let mut webhooks: Vec<&Webhook> = inventory.webhooks.iter().flat_map(|told| &told.value).collect();
    webhooks.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    webhooks.dedup_by(|a, b| a.id == b.id);
    for webhook in webhooks {
        let Webhook { id, name, target, event, status, campaign, created, failed } = webhook;
        let [word, code] = coded(WEBHOOK_STATUS, *status);
        put(
            context,
            take,
            [
                Cell::text(id.as_str()),
                Cell::maybe(name.as_deref()),
                Cell::text(target.as_str()),
                Cell::maybe(event.as_deref()),
                Cell::maybe(campaign.as_ref().map(CampaignId::as_str)),
                word,
                code,
                Cell::maybe(created.as_deref()),
                Cell::maybe(failed.as_deref()),
            ],
        )?;
    }
    Ok(())
}

pub(super) fn lists(inventory: &Inventory, context: &Context, take: Take<'_>) -> io::Result<()> {
    let people = People::of(inventory);
    let mut lists: Vec<&LeadList> = inventory.lists.iter().flat_map(|told| &told.value).collect();
    lists.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    lists.dedup_by(|a, b| a.id == b.id);
    for list in lists {
        let LeadList { id, name, owned_by, created, enrichment } = list;
        put(
            context,
            take,
            [
                Cell::text(id.as_str()),
                Cell::text(name.as_str()),
                Cell::maybe(people.address(owned_by.as_ref())),
                Cell::maybe(owned_by.as_ref().map(UserId::as_str)),
                enrichment.map_or(Cell::Nothing, Cell::Flag),
                Cell::maybe(created.as_deref()),
            ],
        )?;
    }
    Ok(())
}

pub(super) fn jobs(inventory: &Inventory, context: &Context, take: Take<'_>) -> io::Result<()> {
    let people = People::of(inventory);
    let mut jobs: Vec<&Job> = inventory.jobs.iter().flat_map(|told| &told.value).collect();
    jobs.sort_by(|a, b| (&a.created, &a.id).cmp(&(&b.created, &b.id)));
    jobs.dedup_by(|a, b| a.id == b.id);
    for job in jobs {
        let Job { id, user_id, kind, status, created, updated, progress, entity_kind, entity_id } = job;
        put(
            context,
            take,
            [
                Cell::text(id.as_str()),
                Cell::text(kind.as_str()),
                Cell::text(status.as_str()),
                Cell::Flag(job.is_over()),
                Cell::signed(*progress),
                Cell::text(created.as_str()),
                Cell::maybe(updated.as_deref()),
                Cell::maybe(people.address(user_id.as_ref())),
                Cell::maybe(user_id.as_ref().map(UserId::as_str)),
                Cell::maybe(entity_kind.as_deref()),
                Cell::maybe(entity_id.as_deref()),
            ],
        )?;
    }
    Ok(())
}
