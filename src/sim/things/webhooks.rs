//! Webhooks: listed. They carry no creator, only the trail does.

use serde_json::{Value, json};

use super::Turn;
use super::page::{self, Span};
use crate::sim::name;
use crate::sim::paper::{Refusal, moment};
use crate::sim::state::State;

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Webhook {
    pub(crate) id: u128,
    pub(crate) name: Option<Box<str>>,
    pub(crate) target: Box<str>,
    pub(crate) event: Option<Box<str>>,
    pub(crate) status: i8,
    /// A header that is sent along, usually a secret.
    pub(crate) token: Option<Box<str>>,
    pub(crate) created: i64,
}

pub(crate) fn list(state: &State, turn: Turn<'_>) -> Result<Value, Refusal> {
    let Turn { ask, workspace, .. } = turn;
    let event = ask.query("event_type");
    let Some(span) = Span::of_query(ask, 100)? else { return Ok(page::none()) };
    let after = span.after_id()?;
    let rows = state.workspaces[workspace]
        .things
        .webhooks
        .iter()
        .filter(|webhook| after.is_none_or(|after| webhook.id > after))
        .filter(|webhook| event.is_none() || webhook.event.as_deref() == event.as_deref());
    let last = state.settings.last_page;
    Ok(span.page(rows, last, |webhook| show(state, workspace, webhook), |webhook| name::show(webhook.id)))
}

impl State {
    /// Puts a webhook in its place among the others.
    pub(super) fn insert_webhook(&mut self, workspace: usize, webhook: Webhook) {
        let webhooks = &mut self.workspaces[workspace].things.webhooks;
        let at = webhooks.partition_point(|other| other.id < webhook.id);
        webhooks.insert(at, webhook);
    }
}

fn show(state: &State, workspace: usize, webhook: &Webhook) -> Value {
    let stopped = webhook.status < 0;
    json!({
        "id": name::show(webhook.id),
        "organization": &*state.workspaces[workspace].id,
        "campaign": null,
        "name": webhook.name,
        "target_hook_url": webhook.target,
        "event_type": webhook.event,
        "custom_interest_value": if webhook.event.is_none() { json!(7) } else { Value::Null },
        "headers": webhook.token.as_ref().map(|token| json!({ "x-shared-token": token })),
        "timestamp_created": moment(webhook.created),
        "status": webhook.status,
        "timestamp_error": if stopped { moment(webhook.created).into() } else { Value::Null },
    })
}
