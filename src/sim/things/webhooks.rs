//! Webhooks: listed. They carry no creator, only the trail does.

use serde::Serialize;

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

pub(crate) fn written(state: &State, turn: Turn<'_>) -> Result<String, Refusal> {
    let Turn { ask, workspace, .. } = turn;
    let event = ask.query("event_type");
    let Some(span) = Span::of_query(ask, 100)? else { return Ok(page::none().to_string()) };
    let after = span.after_id()?;
    let rows = state.workspaces[workspace]
        .things
        .webhooks
        .iter()
        .filter(|webhook| after.is_none_or(|after| webhook.id > after))
        .filter(|webhook| event.is_none() || webhook.event.as_deref() == event.as_deref());
    let last = state.settings.last_page;
    Ok(span.written(rows, last, |webhook| show(state, workspace, webhook), |webhook| name::show(webhook.id)))
}

impl State {
    /// Puts a webhook in its place among the others.
    pub(super) fn insert_webhook(&mut self, workspace: usize, webhook: Webhook) {
        let webhooks = &mut self.workspaces[workspace].things.webhooks;
        let at = webhooks.partition_point(|other| other.id < webhook.id);
        webhooks.insert(at, webhook);
    }
}

/// A webhook as it is sent.
#[derive(Serialize)]
struct Shown<'a> {
    id: String,
    organization: &'a str,
    campaign: Option<()>,
    name: Option<&'a str>,
    target_hook_url: &'a str,
    event_type: Option<&'a str>,
    custom_interest_value: Option<u8>,
    headers: Option<Headers<'a>>,
    timestamp_created: String,
    status: i8,
    timestamp_error: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Headers<'a> {
    x_shared_token: &'a str,
}

fn show<'a>(state: &'a State, workspace: usize, webhook: &'a Webhook) -> Shown<'a> {
    Shown {
        id: name::show(webhook.id),
        organization: &state.workspaces[workspace].id,
        campaign: None,
        name: webhook.name.as_deref(),
        target_hook_url: &webhook.target,
        event_type: webhook.event.as_deref(),
        custom_interest_value: webhook.event.is_none().then_some(7),
        headers: webhook.token.as_deref().map(|token| Headers { x_shared_token: token }),
        timestamp_created: moment(webhook.created),
        status: webhook.status,
        timestamp_error: (webhook.status < 0).then(|| moment(webhook.created)),
    }
}
