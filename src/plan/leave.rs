//! How somebody leaves a workspace: what is theirs is handed over, their keys are revoked, their rows go.
//!
//! Owns which steps that takes and what is told of the rest. Whether a step may be sent is for the guards, but for what only a listing or
//! another wish can tell.
//!
//! A campaign or lead list of a listing that is not complete is held: such a listing is broken, and one more look mends it. Leads that were
//! seen are handed over although the list was cut: in a large workspace it always is, each lead is named by its id and read again before it
//! is sent, and the next run takes the next ones. A remark then says that more may remain.

use std::collections::{BTreeMap, BTreeSet};

use super::draw::{Item, Note};
use super::observed::{Belongings, Found, Observed};
use super::traces::{Count, Traces, accounts_of};
use super::wish::{Leave, Wish};
use super::{heir, keys, members, person};
use crate::domain::{
    Change, Email, Held, HeldReason, KeyInfo, LeadId, MemberId, RestsOn, Step, Thing, TrailRecord, UserId,
};

/// The items one leaver needs in one workspace, before the guards were asked, and what is worth a remark. `leaving` are the rows of
/// everybody who is to leave the workspace.
pub(super) fn draw(
    email: &Email,
    leave: &Leave,
    observed: &Observed,
    leaving: &BTreeSet<&MemberId>,
) -> (Vec<Item>, Vec<Note>) {
    let leaver = Leaver { email, leave, observed, accounts: accounts_of(observed, email, &leave.known_accounts) };
    let mut items = Vec::new();
    if let Some(belongings) = observed.belongings.as_deref() {
        if let Some(heir) = &leave.heir {
            items.extend(leaver.hand_over(belongings, heir, leaving));
        }
        if leave.revoke_keys {
            items.extend(leaver.revoke(belongings));
        }
    }
    items.extend(members::absent(email, observed));
    if let Some(last_day) = leave.until {
        for item in items.iter_mut().filter(|item| item.sends()) {
            *item = Item::held(item.step.clone(), not_over(last_day));
        }
    }
    (items, leaver.remarks())
}

/// The rows of everybody who is to leave the workspace.
pub(super) fn leaving<'a>(wishes: &[&Wish], observed: &'a Observed) -> BTreeSet<&'a MemberId> {
    let leavers = wishes.iter().filter(|wish| matches!(wish, Wish::Absent { .. } | Wish::Left { .. }));
    leavers.flat_map(|wish| person::find(&observed.members, wish.subject()).bearing()).map(|row| &row.id).collect()
}

/// What rests on a listing of belongings that is not complete.
pub(super) fn incomplete(listing: &str, why: &str) -> Held {
    Held::new(
        HeldReason::IncompleteListing,
        format!("the listing `{listing}` could not be read completely: {why}"),
        "run the command again; if it stays, look at the workspace in the app",
    )
}

fn not_over(last_day: jiff::civil::Date) -> Held {
    let from = last_day.tomorrow().unwrap_or(last_day);
    Held::new(
        HeldReason::LastDay,
        format!("their last day is {last_day}"),
        format!("run the command again from {from} (UTC)"),
    )
}

struct Leaver<'a> {
    email: &'a Email,
    leave: &'a Leave,
    observed: &'a Observed,
    accounts: BTreeSet<UserId>,
}

impl Leaver<'_> {
    fn owns(&self, by: Option<&UserId>) -> Option<UserId> {
        by.filter(|by| self.accounts.contains(*by)).cloned()
    }

    fn step(&self, change: Change, rests_on: RestsOn) -> Step {
        Step::new(&self.observed.workspace, &self.observed.id, change, rests_on)
    }

    /// Campaigns, then lead lists, then leads; each in the order of their ids.
    fn hand_over(&self, belongings: &Belongings, heir: &Email, leaving: &BTreeSet<&MemberId>) -> Vec<Item> {
        let to = heir::account(self.observed, heir).ok();
        // The heir's row goes in this very plan, or would.
        let goes = heir != self.email
            && person::find(&self.observed.members, heir).bearing().iter().any(|row| leaving.contains(&row.id));
        let item = |thing: Thing, by: UserId, broken: Option<&Held>| {
            let (email, heir, to) = (self.email.clone(), heir.clone(), to.clone());
            let leaves = goes.then(|| heir::no_heir(format!("{heir} is to leave this workspace as well")));
            let step = self.step(Change::HandOver { thing, email, heir, to }, RestsOn::Owned { by, back: false });
            match leaves.as_ref().or(broken) {
                Some(held) => Item::held(step, held.clone()),
                None => Item::send(step),
            }
        };
        let mut things: BTreeMap<(u8, String), (Thing, UserId)> = BTreeMap::new();
        for campaign in &belongings.campaigns.rows {
            if let Some(by) = self.owns(campaign.owned_by.as_ref()) {
                let thing = Thing::Campaign { id: campaign.id.clone(), name: campaign.name.clone() };
                things.insert((0, campaign.id.to_string()), (thing, by));
            }
        }
        for list in &belongings.lead_lists.rows {
            if let Some(by) = self.owns(list.owned_by.as_ref()) {
                let thing = Thing::LeadList { id: list.id.clone(), name: list.name.clone() };
                things.insert((1, list.id.to_string()), (thing, by));
            }
        }
        let broken = [broken("campaigns", &belongings.campaigns), broken("lead-lists", &belongings.lead_lists)];
        let mut items: Vec<Item> = things
            .into_iter()
            .map(|((listing, _), (thing, by))| item(thing, by, broken[usize::from(listing)].as_ref()))
            .collect();
        let mut leads: BTreeMap<UserId, BTreeSet<LeadId>> = BTreeMap::new();
        for lead in &belongings.leads.rows {
            if let Some(by) = self.owns(lead.assigned_to.as_ref()) {
                leads.entry(by).or_default().insert(lead.id.clone());
            }
        }
        for (by, ids) in leads {
            let ids: Vec<LeadId> = ids.into_iter().collect();
            items
                .extend(ids.chunks(Thing::LEADS).map(|ids| item(Thing::Leads { ids: ids.to_vec() }, by.clone(), None)));
        }
        items
    }

    /// The keys that a record of the trail ties to them. Both listings must be complete: a second record could name another maker.
    fn revoke(&self, belongings: &Belongings) -> Vec<Item> {
        let broken = broken("api-keys", &belongings.keys).or(broken("audit-logs", &belongings.trail));
        let mut tied = BTreeMap::new();
        for key in &belongings.keys.rows {
            if let Some(record) = keys::maker(key, belongings)
                && let Some(by) = self.owns(record.user_id.as_ref())
            {
                tied.insert(&key.id, (key, record, by));
            }
        }
        let item = |(key, record, by): (&KeyInfo, &TrailRecord, UserId)| {
            let (id, name, record) = (key.id.clone(), key.name.clone(), record.id.clone());
            let change = Change::Revoke { key: id, name, email: Some(self.email.clone()), record: Some(record) };
            let step = self.step(change, RestsOn::Key { created: key.created.clone(), by: Some(by) });
            match &broken {
                Some(held) => Item::held(step, held.clone()),
                None => Item::send(step),
            }
        };
        tied.into_values().map(item).collect()
    }

    /// What is left of them, and what could not be seen.
    fn remarks(&self) -> Vec<Note> {
        let note = |text: String| Note::new(self.observed, self.email, text);
        let traces = Traces::of(self.observed, self.email, &self.leave.known_accounts);
        let asked = self.leave.heir.is_some() || self.leave.revoke_keys;
        let mut notes: Vec<Note> = self.left(&traces).map(note).into_iter().collect();
        if asked && traces.ambiguous {
            notes.push(note(
                "it cannot be told which account is theirs, so nothing is handed over or revoked".to_owned(),
            ));
        } else if asked && !traces.looked && !(traces.rows.is_empty() && self.accounts.is_empty()) {
            let why = if self.accounts.is_empty() { "no account of theirs is known here" } else { "it was not read" };
            notes.push(note(format!("what they own could not be looked for: {why}")));
        }
        notes.extend(self.unseen(&traces).map(note));
        notes
    }

    fn left(&self, traces: &Traces) -> Option<String> {
        let many = |things: usize, one: &str| (things > 0).then(|| words(&things.to_string(), things == 1, one));
        let mut owned = Vec::new();
        if self.leave.heir.is_none() {
            owned.extend(many(traces.campaigns.len(), "campaign"));
            owned.extend(many(traces.lead_lists.len(), "lead list"));
            let Count { count, exact } = traces.leads;
            owned.extend((count > 0).then(|| words(&traces.leads.to_string(), count == 1 && exact, "lead")));
        }
        let mut made = Vec::new();
        if !self.leave.revoke_keys {
            made.extend(many(traces.keys.len(), "key").map(|keys| format!("{keys} of theirs")));
        }
        let mut rest = Vec::new();
        // Where nothing is known of them, these are no trace of theirs; the certificate lists them all the same.
        let strangers = if traces.accounts.is_empty() { 0 } else { traces.keys_of_unknown_maker.len() };
        rest.extend(many(strangers, "key").map(|keys| format!("{keys} of unknown maker")));
        rest.extend(many(traces.webhooks.len(), "webhook"));
        rest.extend(many(traces.sending_accounts.len(), "sending account"));
        rest.extend(many(traces.jobs.len(), "background job"));
        let mut advice = String::new();
        if !owned.is_empty() {
            advice.push_str("; hand over with --hand-over-to");
        }
        if !made.is_empty() {
            advice.push_str(if owned.is_empty() {
                "; revoke with --revoke-keys"
            } else {
                ", revoke with --revoke-keys"
            });
        }
        let things = [owned, made, rest].concat();
        (!things.is_empty()).then(|| format!("leaves {}{advice}", things.join(", ")))
    }

    fn unseen(&self, traces: &Traces) -> Option<String> {
        if !traces.looked {
            return None;
        }
        let of_things = traces.unseen.iter().filter(|unseen| unseen.listing != "workspace-members");
        let mut told: Vec<String> = of_things.map(|unseen| format!("{} ({})", unseen.listing, unseen.reason)).collect();
        if told.is_empty() {
            return None;
        }
        let cut = traces.unseen.iter().any(|unseen| unseen.listing == "leads");
        if cut && self.leave.heir.is_some() && traces.leads.count > 0 {
            told.push("leads that were seen are handed over, more may remain: run the command again".to_owned());
        }
        Some(format!("not all of it could be seen: {}", told.join("; ")))
    }
}

fn broken<T>(listing: &str, found: &Found<T>) -> Option<Held> {
    found.incomplete.as_deref().map(|why| incomplete(listing, why))
}

fn words(number: &str, one: bool, thing: &str) -> String {
    if one { format!("{number} {thing}") } else { format!("{number} {thing}s") }
}

#[cfg(test)]
mod tests;
