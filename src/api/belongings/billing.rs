//! What a workspace pays for, on the wire (contract section 11): plans by product, and subscriptions. Every member may be missing.
//!
//! Owns how the two answers become one. What a subscription costs is kept in cents, so that no sum of prices is a little off.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::row;
use crate::api::classify::{decode, only_error};
use crate::api::client::Client;
use crate::api::operation::Operation;
use crate::domain::{Billing, Subscription, Told, WorkspaceId};

/// Where plans, limits and credits are told.
const PLANS: &str = "/api/v2/workspace-billing/plan-details";
/// Where subscriptions are told.
const SUBSCRIPTIONS: &str = "/api/v2/workspace-billing/subscription-details";

impl Client {
    /// Reads what a workspace pays for. What cannot be read is told as incomplete: one of the two answers is better than none.
    pub async fn billing(&self, expected: &WorkspaceId) -> Told<Billing> {
        let (plans, subscriptions) = futures::join!(
            self.one(Operation::PlanDetails, PLANS.to_owned(), |body| plans(body, expected)),
            self.one(Operation::SubscriptionDetails, SUBSCRIPTIONS.to_owned(), |body| subscriptions(body, expected)),
        );
        let mut told = Told::<Billing>::default();
        match plans {
            Ok(plans) => told = plans,
            Err(error) => told.incomplete = Some(error.to_string()),
        }
        match subscriptions {
            Ok(Told { value, incomplete }) => {
                told.value.all_cancelled = value.all_cancelled;
                value.subscriptions.into_iter().for_each(|one| add(&mut told.value.subscriptions, one));
                told.incomplete = told.incomplete.or(incomplete);
            }
            Err(error) => drop(told.incomplete.get_or_insert_with(|| error.to_string())),
        }
        told.value.subscriptions.sort_by(|one, other| order(one).cmp(&order(other)));
        told
    }
}

fn order(one: &Subscription) -> (&str, Option<&str>, Option<&str>, Option<i64>) {
    (&one.product, one.product_id.as_deref(), one.plan.as_deref(), one.period_end)
}

/// Adds a subscription to the plans: to the one it is the subscription of, else as one of its own.
fn add(plans: &mut Vec<Subscription>, one: Subscription) {
    let untaken = |plan: &Subscription| plan.quantity.is_none();
    let same_id = |plan: &Subscription| plan.product_id.is_some() && plan.product_id == one.product_id;
    let by_id = plans.iter().position(|plan| untaken(plan) && same_id(plan));
    let unnamed = |plan: &Subscription| plan.product_id.is_none() || one.product_id.is_none();
    let by_product = || plans.iter().position(|plan| untaken(plan) && unnamed(plan) && plan.product == one.product);
    let Some(at) = by_id.or_else(by_product) else { return plans.push(one) };
    let plan = &mut plans[at];
    let Subscription { product: _, plan: name, product_id, interval, price_cents, quantity, .. } = one;
    plan.plan = plan.plan.take().or(name);
    plan.product_id = plan.product_id.take().or(product_id);
    plan.interval = plan.interval.take().or(interval);
    plan.price_cents = plan.price_cents.or(price_cents);
    // One that is there counts as one even where its number is not told.
    plan.quantity = quantity;
    plan.period_end = plan.period_end.or(one.period_end);
    plan.cancel_at = plan.cancel_at.or(one.cancel_at);
}

/// The plans, as they came.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Plans {
    organization_id: Value,
    /// Not in the document, read by the vendor's own programs (contract section 11).
    plan_name: Value,
    subscriptions: Value,
}

fn plans(body: &[u8], expected: &WorkspaceId) -> Result<Told<Billing>, String> {
    let Plans { organization_id, plan_name, subscriptions } = decode(body)?;
    if organization_id.as_str().is_some_and(|id| id != expected.as_str()) {
        let incomplete = Some("its plans are told of another workspace".to_owned());
        return Ok(Told { value: Billing::default(), incomplete });
    }
    if let Some(error) = subscriptions.is_null().then(|| only_error(body)).flatten() {
        return Err(error);
    }
    let mut told = Told::<Billing>::default();
    match subscriptions {
        Value::Object(products) => {
            for (product, members) in &products {
                match members {
                    Value::Object(members) => told.value.subscriptions.extend(plan(product, members)),
                    Value::Null => {}
                    _ => drop(told.incomplete.get_or_insert_with(|| format!("the plan of `{product}` cannot be read"))),
                }
            }
        }
        Value::Null => {}
        _ => told.incomplete = Some("its plans are not told by product".to_owned()),
    }
    let named = told.value.subscriptions.iter().any(|one| one.plan.is_some());
    if let Some(name) = text(&plan_name).filter(|_| !named) {
        let all = &mut told.value.subscriptions;
        if let Some(outreach) = all.iter_mut().find(|one| one.product == OUTREACH) {
            outreach.plan = Some(name);
        } else {
            all.push(Subscription { product: OUTREACH.to_owned(), plan: Some(name), ..Subscription::default() });
        }
    }
    Ok(told)
}

/// The product every workspace is about: sending mail.
const OUTREACH: &str = "outreach";

/// Takes the plan of a product; one that has neither name nor price nor id is not subscribed to.
fn plan(product: &str, members: &Map<String, Value>) -> Option<Subscription> {
    let get = |name: &str| members.get(name).unwrap_or(&Value::Null);
    let plan = Subscription {
        product: product.to_owned(),
        plan: text(get("plan_name")),
        product_id: text(get("product_id")),
        interval: text(get("interval")),
        price_cents: cents(get("price_in_dollars")),
        quantity: None,
        period_end: whole(get("current_period_end")),
        cancel_at: whole(get("cancel_at_time")),
        limit: ["total_lead_limit", "total_credits", "plan_limit"].into_iter().find_map(|name| whole(get(name))),
        used: None,
    };
    let available = whole(get("available_credits"));
    let used = whole(get("current_lead_count")).or_else(|| Some(plan.limit?.saturating_sub(available?)));
    let subscribed = plan.plan.is_some() || plan.product_id.is_some() || plan.price_cents.is_some();
    subscribed.then_some(Subscription { used, ..plan })
}

/// The subscriptions, as they came.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Subscriptions {
    subscriptions: Value,
    all_subs_cancelled: Value,
}

fn subscriptions(body: &[u8], expected: &WorkspaceId) -> Result<Told<Billing>, String> {
    let Subscriptions { subscriptions, all_subs_cancelled } = decode(body)?;
    if let Some(error) = subscriptions.is_null().then(|| only_error(body)).flatten() {
        return Err(error);
    }
    let mut told = Told::whole(Billing { subscriptions: Vec::new(), all_cancelled: all_subs_cancelled.as_bool() });
    let rows = match subscriptions {
        Value::Array(rows) => rows,
        Value::Null => Vec::new(),
        _ => {
            told.incomplete = Some("its subscriptions are no list".to_owned());
            Vec::new()
        }
    };
    for row in rows {
        match subscription(&row, expected) {
            Ok(one) => told.value.subscriptions.push(one),
            Err(why) => drop(told.incomplete.get_or_insert(why)),
        }
    }
    Ok(told)
}

fn subscription(row: &Value, expected: &WorkspaceId) -> Result<Subscription, String> {
    let row = row.as_object().ok_or("a subscription cannot be read")?;
    let get = |name: &str| row.get(name).unwrap_or(&Value::Null);
    if get("workspace_id").as_str().is_some_and(|id| id != expected.as_str()) {
        return Err("a subscription is of another workspace".to_owned());
    }
    let product = text(get("product_type")).unwrap_or_default();
    Ok(Subscription {
        product: product.strip_prefix("prt_").unwrap_or(&product).to_owned(),
        plan: None,
        product_id: text(get("product_id")),
        interval: text(get("interval")),
        price_cents: cents(get("price_in_dollars")),
        quantity: whole(get("quantity")).or(Some(1)),
        period_end: whole(get("current_period_end")),
        cancel_at: whole(get("cancel_at_time")),
        limit: None,
        used: None,
    })
}

fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned)
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
}

fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| number(value).and_then(row::rounded))
}

fn cents(value: &Value) -> Option<i64> {
    number(value).and_then(|dollars| row::rounded(dollars * 100.0))
}
