//! Sending accounts: their address is their identity, and their cursor is made of two members.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::page::{self, Span, bad_cursor};
use super::who::Who;
use super::{Turn, holds};
use crate::sim::paper::{Refusal, moment};
use crate::sim::state::State;

/// A sending account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) email: Box<str>,
    pub(crate) created: i64,
    pub(crate) updated: i64,
    pub(crate) added_by: Option<Who>,
    pub(crate) modified_by: Option<Who>,
    pub(crate) status: i8,
}

pub(crate) fn list(state: &State, turn: Turn<'_>) -> Result<Value, Refusal> {
    let Turn { ask, workspace, .. } = turn;
    let search = ask.query("search").map(|text| text.to_lowercase());
    let status = ask.query("status").and_then(|text| text.parse::<i8>().ok());
    let Some(span) = Span::of_query(ask, 100)? else { return Ok(page::none()) };
    let after = span.after().map(cursor).transpose()?;
    let rows = state.workspaces[workspace]
        .things
        .accounts
        .iter()
        .filter(|account| match &after {
            None => true,
            Some((at, None)) => account.created > *at,
            Some((at, Some(email))) => (account.created, &*account.email) > (*at, email.as_str()),
        })
        .filter(|account| status.is_none_or(|status| account.status == status))
        .filter(|account| holds(&account.email, search.as_ref()));
    let show = |account: &&Account| show(state, workspace, account);
    Ok(span
        .page(rows, state.settings.last_page, show, |account| format!("{}&{}", moment(account.created), account.email)))
}

/// Reads a cursor: `timestamp_created&email`, or the older moment alone, which is still accepted.
fn cursor(text: &str) -> Result<(i64, Option<String>), Refusal> {
    let (at, email) = text.split_once('&').map_or((text, None), |(at, email)| (at, Some(email.to_owned())));
    let at = at.parse::<Timestamp>().map_err(|_no_moment| bad_cursor("timestamp&email"))?;
    Ok((at.as_millisecond(), email))
}

impl State {
    /// Puts an account in its place among the others.
    pub(super) fn insert_account(&mut self, workspace: usize, account: Account) {
        let accounts = &mut self.workspaces[workspace].things.accounts;
        let at = accounts.partition_point(|other| (other.created, &other.email) < (account.created, &account.email));
        accounts.insert(at, account);
    }
}

fn show(state: &State, workspace: usize, account: &Account) -> Value {
    let mut out = json!({
        "email": &*account.email,
        "timestamp_created": moment(account.created),
        "timestamp_updated": moment(account.updated),
        "first_name": "Noor",
        "last_name": "Haddad",
        "warmup": { "limit": 10 },
        "added_by": state.show_who(account.added_by),
        "daily_limit": 30,
        "daily_limit_max": null,
        "warmup_limit_max": null,
        "modified_by": state.show_who(account.modified_by),
        "tracking_domain_name": null,
        "tracking_domain_status": null,
        "status": account.status,
        "enable_slow_ramp": false,
        "inbox_placement_test_limit": null,
        "organization": &*state.workspaces[workspace].id,
        "warmup_status": i32::from(account.status > 0),
        "timestamp_warmup_start": moment(account.created),
        "provider_code": 2,
        "setup_pending": false,
        "is_managed_account": false,
        "stat_warmup_score": if account.status > 0 { json!(98) } else { Value::Null },
        "sending_gap": 10,
        "signature": null,
        "reply_to": null,
        "autofix_failed": if account.status > 0 { Value::Null } else { json!(true) },
    });
    if let (true, Some(members)) = (account.status < 0, out.as_object_mut()) {
        let failure = json!({
            "code": "EAUTH",
            "command": "AUTH PLAIN",
            "response": "535 authentication failed",
            "e_message": "error: invalid login",
            "responseCode": 535,
        });
        members.insert("status_message".into(), failure);
    }
    out
}
