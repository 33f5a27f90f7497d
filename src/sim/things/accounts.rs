//! Sending accounts: their address is their identity, and their cursor is made of two members.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::days::Sending;
use super::mappings::Carrier;
use super::page::{self, Span, bad_cursor};
use super::tags::show_of;
use super::trail::{About, Actor};
use super::who::Who;
use super::{Turn, holds};
use crate::sim::name;
use crate::sim::paper::{self, Refusal, moment};
use crate::sim::routes::Ask;
use crate::sim::state::State;

/// A sending account. Kept small: there are worlds with half a million of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) email: Box<str>,
    pub(crate) created: i64,
    pub(crate) updated: i64,
    pub(crate) added_by: Option<Who>,
    pub(crate) modified_by: Option<Who>,
    pub(crate) status: i8,
    /// The raw status of its warm-up; none is as its status has it.
    pub(crate) warmup: Option<i8>,
    pub(crate) provider: u8,
    /// The score of its warm-up; none is as its status has it.
    pub(crate) score: Option<u8>,
    pub(crate) daily_limit: u32,
    pub(crate) sending: Option<Arc<Sending>>,
    /// Deleted: in no listing.
    pub(crate) gone: bool,
}

impl Account {
    /// The raw status of its warm-up, as listings show it.
    pub(super) fn warmup_status(&self) -> i8 {
        self.warmup.unwrap_or_else(|| i8::from(self.status > 0))
    }

    /// The score of its warm-up, as listings show it.
    pub(super) fn shown_score(&self) -> Option<u8> {
        self.score.or((self.status > 0).then_some(98))
    }
}

/// The accounts of a workspace. The number of one is its place in the order they were added, which never changes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Accounts {
    all: Vec<Account>,
    /// Numbers in the order of listings.
    order: Vec<u32>,
    /// Numbers in the order of addresses.
    by_email: Vec<u32>,
}

impl Accounts {
    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    /// Those that are there, in the order they were connected.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Account> {
        self.order.iter().map(|number| self.numbered(*number))
    }

    pub(crate) fn numbered(&self, number: u32) -> &Account {
        &self.all[number as usize]
    }

    /// Finds one by its address.
    pub(crate) fn number_of(&self, email: &str) -> Option<u32> {
        let at = self.by_email.partition_point(|number| &*self.numbered(*number).email < email);
        let number = *self.by_email.get(at)?;
        (&*self.numbered(number).email == email).then_some(number)
    }

    /// Puts one in its place among the others, or in the place of the one that has its address.
    fn insert(&mut self, account: Account) {
        if let Some(number) = self.number_of(&account.email) {
            self.take_out(number);
        }
        let number = u32::try_from(self.all.len()).expect("a workspace has fewer than four thousand million accounts");
        let (all, place) = (&self.all, (account.created, &account.email));
        let row = |number: &u32| &all[*number as usize];
        // Most are added behind all others.
        let before = |number: &u32| (row(number).created, &row(number).email) < place;
        let at =
            if self.order.last().is_none_or(before) { self.order.len() } else { self.order.partition_point(before) };
        self.order.insert(at, number);
        let at = self.by_email.partition_point(|number| row(number).email < account.email);
        self.by_email.insert(at, number);
        self.all.push(account);
    }

    /// Takes one out of the listings; its number stays its own.
    fn take_out(&mut self, number: u32) {
        self.order.retain(|other| *other != number);
        self.by_email.retain(|other| *other != number);
        self.all[number as usize].gone = true;
    }

    /// Those behind a cursor, with their numbers.
    fn behind(&self, after: Option<&(i64, Option<String>)>) -> impl Iterator<Item = (u32, &Account)> {
        let passed = |number: &u32| {
            let account = self.numbered(*number);
            match after {
                None => false,
                Some((at, None)) => account.created <= *at,
                Some((at, Some(email))) => (account.created, &*account.email) <= (*at, email.as_str()),
            }
        };
        let from = self.order.partition_point(passed);
        self.order[from..].iter().map(|number| (*number, self.numbered(*number)))
    }
}

pub(crate) fn list(state: &State, turn: Turn<'_>) -> Result<Value, Refusal> {
    let Turn { ask, workspace, now, .. } = turn;
    let search = ask.query("search").map(|text| text.to_lowercase());
    let status = ask.query("status").and_then(|text| text.parse::<i8>().ok());
    let provider = ask.query("provider_code").map(|text| text.parse::<u8>());
    let provider =
        provider.transpose().map_err(|_not_a_number| paper::invalid("querystring/provider_code must be integer"))?;
    let (any, all) = (tags(ask, "tag_ids"), tags(ask, "tag_ids_all"));
    let with_tags = ask.query("include_tags").as_deref() == Some("true") && !state.settings.untold_tags;
    let Some(span) = Span::of_query(ask, 100)? else { return Ok(page::none()) };
    let after = span.after().map(cursor).transpose()?;
    let (mappings, tags) = (state.shown_mappings(workspace, now), state.shown_tags(workspace, now));
    // A tag that nobody knows is on nothing.
    let number = |id: &u128| tags.iter().find(|tag| tag.id == *id).map(|tag| tag.number);
    let carries =
        |account: u32, id: &u128| number(id).is_some_and(|tag| mappings.carries((Carrier::Account(account), tag)));
    let rows = state.workspaces[workspace]
        .things
        .accounts
        .behind(after.as_ref())
        .filter(|(_, account)| status.is_none_or(|status| account.status == status))
        .filter(|(_, account)| provider.is_none_or(|provider| account.provider == provider))
        .filter(|(_, account)| holds(&account.email, search.as_ref()))
        .filter(|(number, _)| any.as_ref().is_none_or(|ids| ids.iter().any(|id| carries(*number, id))))
        .filter(|(number, _)| all.as_ref().is_none_or(|ids| ids.iter().all(|id| carries(*number, id))));
    let show = |(number, account): &(u32, &Account)| {
        let mut out = show(state, workspace, account);
        if let (true, Some(members)) = (with_tags, out.as_object_mut()) {
            members.insert("tags".into(), show_of(&tags, &mappings, Carrier::Account(*number)));
        }
        out
    };
    let cursor = |(_, account): &(u32, &Account)| format!("{}&{}", moment(account.created), account.email);
    Ok(span.page(rows, state.settings.last_page, show, cursor))
}

/// Reads ids of tags that are parted by commas; one in another form is of no tag.
pub(super) fn tags(ask: &Ask, member: &str) -> Option<Vec<u128>> {
    Some(ask.commas(member)?.iter().map(|id| name::read(id).unwrap_or(0)).collect())
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
        self.workspaces[workspace].things.accounts.insert(account);
    }

    /// Deletes an account and what it carried, as a person does in the app. Reads show it at once: accounts know no lag.
    pub(crate) fn delete_account(&mut self, workspace: usize, email: &str, now: i64) {
        let Some(number) = self.workspaces[workspace].things.accounts.number_of(email) else { return };
        self.drop_mappings(workspace, |(carrier, _)| *carrier == Carrier::Account(number), now);
        self.workspaces[workspace].things.accounts.take_out(number);
        self.write_down(workspace, now, 7, Actor::Owner, About::Nothing);
    }

    /// Gives an account another status, as it happens.
    pub(crate) fn set_account_status(&mut self, workspace: usize, email: &str, status: i8, now: i64) {
        let accounts = &mut self.workspaces[workspace].things.accounts;
        if let Some(number) = accounts.number_of(email) {
            let account = &mut accounts.all[number as usize];
            (account.status, account.updated) = (status, now);
        }
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
        "daily_limit": account.daily_limit,
        "daily_limit_max": null,
        "warmup_limit_max": null,
        "modified_by": state.show_who(account.modified_by),
        "tracking_domain_name": null,
        "tracking_domain_status": null,
        "status": account.status,
        "enable_slow_ramp": false,
        "inbox_placement_test_limit": null,
        "organization": &*state.workspaces[workspace].id,
        "warmup_status": account.warmup_status(),
        "timestamp_warmup_start": moment(account.created),
        "provider_code": account.provider,
        "setup_pending": false,
        "is_managed_account": false,
        "stat_warmup_score": account.shown_score(),
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
