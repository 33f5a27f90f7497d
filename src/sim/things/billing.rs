//! What a workspace pays for (contract section 11): plans by product, and subscriptions. Times are Unix seconds, prices dollars.

use serde_json::{Value, json};

use super::Turn;
use crate::sim::state::{Plan, State};

/// Seconds of a day.
const DAY: i64 = 86_400;
/// Days of a paid period.
const PERIOD: i64 = 30;

/// What a workspace pays for, as it was put there. What is left out is usual.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Paid {
    pub(crate) plan: Option<Box<str>>,
    /// Dollars a period.
    pub(crate) price: Option<u32>,
    pub(crate) leads: Option<u32>,
    pub(crate) used: Option<u32>,
    /// Credits of a plan for them, and how many are left; none has no such plan.
    pub(crate) credits: Option<(u32, u32)>,
    /// Unix milliseconds.
    pub(crate) until: Option<i64>,
    pub(crate) cancel_at: Option<i64>,
    /// Whether it is all cancelled: there is no subscription any more.
    pub(crate) cancelled: bool,
}

/// The plan of a product id, with its usual price and leads.
fn usual(product: &str) -> (&'static str, u32, u32) {
    match product {
        "pid_g_v1" => ("Growth", 37, 1000),
        "pid_ls_v1" => ("Light Speed", 358, 500_000),
        _ => ("Hypergrowth", 97, 25_000),
    }
}

/// The facts of a workspace: product id, plan, price, leads, leads used, end of the paid period.
struct Facts<'a> {
    product: &'a str,
    plan: &'a str,
    price: u32,
    leads: u32,
    used: u32,
    until: i64,
    cancel_at: Option<i64>,
}

fn facts(state: &State, workspace: usize, now: i64) -> Facts<'_> {
    let place = &state.workspaces[workspace];
    let paid = place.things.paid.as_deref();
    let product = match &place.plan {
        Plan::Active(product) => product.as_ref(),
        Plan::Lapsed => "pid_hg_v1",
    };
    let (plan, price, leads) = usual(product);
    // From its making on, a period follows the other.
    let periods = (now - place.created).div_euclid(1000 * DAY * PERIOD) + 1;
    let until = place.created.div_euclid(1000) + periods * DAY * PERIOD;
    let leads = paid.and_then(|paid| paid.leads).unwrap_or(leads);
    Facts {
        product,
        plan: paid.and_then(|paid| paid.plan.as_deref()).unwrap_or(plan),
        price: paid.and_then(|paid| paid.price).unwrap_or(price),
        leads,
        used: paid.and_then(|paid| paid.used).unwrap_or(leads / 2),
        until: paid.and_then(|paid| paid.until).map_or(until, |until| until.div_euclid(1000)),
        cancel_at: paid.and_then(|paid| paid.cancel_at).map(|at| at.div_euclid(1000)),
    }
}

pub(crate) fn plans(state: &State, turn: Turn<'_>) -> Value {
    let place = &state.workspaces[turn.workspace];
    let Facts { product, plan, price, leads, used, until, cancel_at } = facts(state, turn.workspace, turn.now);
    let paid = place.things.paid.as_deref();
    let nothing = json!({
        "plan_name": null,
        "interval": "month",
        "current_period_end": until,
        "cancel_at_time": null,
        "price_in_dollars": null,
        "product_id": null,
        "available_credits": null,
        "plan_limit": null,
    });
    let credits = paid.and_then(|paid| paid.credits);
    let credits = json!({
        "plan_name": credits.map(|_| "Growth Credits"),
        "interval": "month",
        "current_period_end": until,
        "cancel_at_time": null,
        "price_in_dollars": credits.map(|_| 47),
        "product_id": credits.map(|_| "pid_gic_v1"),
        "total_credits": credits.map_or(0, |(all, _)| all),
        "available_credits": credits.map_or(0, |(_, left)| left),
        "price_option_id": null,
    });
    let gone = paid.is_some_and(|paid| paid.cancelled);
    let outreach = json!({
        "plan_name": if gone { "Free Trial" } else { plan },
        "interval": "month",
        "current_period_end": until,
        "cancel_at_time": cancel_at,
        "price_in_dollars": if gone { Value::Null } else { price.into() },
        "product_id": if gone { Value::Null } else { product.into() },
        "addons_qty": 0,
        "total_lead_limit": leads,
        "current_lead_count": used,
        "base_lead_limit": leads,
    });
    json!({
        "organization_id": &*place.id,
        "organization_name": &*place.title,
        "subscriptions": {
            "outreach": outreach,
            "credits": credits,
            "crm": nothing,
            "website_visitors": nothing,
            "inbox_placement": nothing,
        },
        "addons": {},
    })
}

pub(crate) fn subscriptions(state: &State, turn: Turn<'_>) -> Value {
    let place = &state.workspaces[turn.workspace];
    let Facts { product, price, until, cancel_at, .. } = facts(state, turn.workspace, turn.now);
    let paid = place.things.paid.as_deref();
    if paid.is_some_and(|paid| paid.cancelled) {
        return json!({ "subscriptions": [], "all_subs_cancelled": true });
    }
    let one = |product: &str, kind: &str, price: u32, cancel_at: Option<i64>, number: u32| {
        json!({
            "workspace_id": &*place.id,
            "interval": "month",
            "quantity": 1,
            "product_id": product,
            "product_type": kind,
            "plan_type": "plt_primary",
            "current_period_end": until,
            "cancel_at_time": cancel_at,
            "price_in_dollars": price,
            "price_id": format!("price_FAKE{number:012}"),
        })
    };
    let mut all = vec![one(product, "prt_outreach", price, cancel_at, 1)];
    if paid.is_some_and(|paid| paid.credits.is_some()) {
        all.push(one("pid_gic_v1", "prt_credits", 47, None, 2));
    }
    json!({ "subscriptions": all, "all_subs_cancelled": false })
}
