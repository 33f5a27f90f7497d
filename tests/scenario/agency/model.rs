//! The agency as it is, read from the simulated world itself, and the few rules by which it may change.

use std::collections::{BTreeMap, BTreeSet};

use keyholder::sim::KeyShown;
use serde_json::Value;

use super::draw::Case;
use crate::support::Stage;

/// A membership or invitation: the address invited, its role, whether it was accepted, the address its account signs in with.
type Row = (String, String, bool, Option<String>);

/// Whether a row is somebody's, by either address.
fn bears((invited, _, _, account): &Row, email: &str) -> bool {
    invited == email || account.as_deref() == Some(email)
}

/// Whose each thing is, by its id.
type Owners = BTreeMap<String, Option<String>>;

/// Everything in one workspace that could change.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    rows: BTreeMap<String, Row>,
    campaigns: Owners,
    lists: Owners,
    leads: Owners,
    keys: BTreeSet<String>,
    rest: String,
}

/// An agency.
#[derive(Debug, Clone)]
pub(super) struct Agency {
    places: BTreeMap<String, Place>,
    /// Who has which account.
    accounts: BTreeMap<String, String>,
}

/// What changed, and what of that should not have.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) handed_over: usize,
    pub(super) revoked: usize,
    pub(super) removed: usize,
    pub(super) wrong: Vec<String>,
}

impl Agency {
    /// Reads the world.
    pub(super) fn of(stage: &Stage) -> Self {
        let world = &stage.world;
        let place = |name: &str| Place {
            rows: world
                .members(name)
                .into_iter()
                .map(|row| (row.id, (row.email, row.role, row.accepted, row.user_email)))
                .collect(),
            campaigns: world.campaigns(name).into_iter().map(|one| (one.id, one.owned_by)).collect(),
            lists: world.lead_lists(name).into_iter().map(|one| (one.id, one.owned_by)).collect(),
            leads: world.leads(name).into_iter().map(|one| (one.id, one.assigned_to)).collect(),
            keys: world.api_keys(name).into_iter().map(|key| key.id).collect(),
            rest: format!("{:?} {:?} {:?}", world.accounts(name), world.webhooks(name), world.jobs(name)),
        };
        let people = super::draw::PEOPLE.iter().filter_map(|email| Some(((*email).to_owned(), world.user_id(email)?)));
        Self {
            places: world.names().into_iter().map(|name| (name.clone(), place(&name))).collect(),
            accounts: people.collect(),
        }
    }

    fn account(&self, email: &str) -> Option<&String> {
        self.accounts.get(email)
    }

    fn is_member(&self, name: &str, email: &str) -> bool {
        self.places[name].rows.values().any(|row| bears(row, email) && row.2)
    }

    /// Whether keyholder can know somebody's account here: a row bears it.
    fn is_known(&self, name: &str, email: &str) -> bool {
        self.places[name].rows.values().any(|row| bears(row, email))
    }

    /// Says where two agencies differ at all.
    pub(super) fn differences(&self, after: &Self) -> Vec<String> {
        let moved = self.places.iter().filter(|(name, place)| after.places[*name] != **place);
        moved.map(|(name, _)| format!("{name} changed without a run")).collect()
    }

    /// Compares with the agency after an offboarding: whatever changed must have been a leaver's and be what was asked.
    pub(super) fn changes(&self, after: &Self, case: &Case) -> Changes {
        let mut changes = Changes::default();
        for (name, place) in &self.places {
            let now = &after.places[name];
            Self::rows(name, place, now, case, &mut changes);
            for (what, before, now) in [
                ("campaign", &place.campaigns, &now.campaigns),
                ("lead list", &place.lists, &now.lists),
                ("lead", &place.leads, &now.leads),
            ] {
                self.owners(name, what, (before, now), case, &mut changes);
            }
            Self::keys(name, place, now, case, &mut changes);
            if place.rest != now.rest {
                changes.wrong.push(format!("{name}: sending accounts, webhooks or jobs changed"));
            }
            if (case.dead.contains(name) || case.read_only.contains(name)) && place != now {
                changes.wrong.push(format!("{name} changed and may not be written to"));
            }
        }
        changes
    }

    fn rows(name: &str, before: &Place, now: &Place, case: &Case, changes: &mut Changes) {
        for (id, row) in &before.rows {
            match now.rows.get(id) {
                Some(same) if same == row => {}
                None if case.leavers.iter().any(|leaver| bears(row, leaver)) => changes.removed += 1,
                other => changes.wrong.push(format!("{name}: the row of {} became {other:?}", row.0)),
            }
        }
        let new = now.rows.keys().filter(|id| !before.rows.contains_key(*id)).count();
        if new > 0 {
            changes.wrong.push(format!("{name}: {new} new rows"));
        }
    }

    fn owners(&self, name: &str, what: &str, (before, now): (&Owners, &Owners), case: &Case, changes: &mut Changes) {
        if before.len() != now.len() {
            changes.wrong.push(format!("{name}: {} {what}s became {}", before.len(), now.len()));
        }
        let leaving: BTreeSet<&String> = case.leavers.iter().filter_map(|email| self.account(email)).collect();
        let heir = case.heir.and_then(|heir| self.account(heir));
        for (id, owner) in before {
            let new = now.get(id);
            if new == Some(owner) {
                continue;
            }
            let was_theirs = owner.as_ref().is_some_and(|owner| leaving.contains(owner));
            let is_the_heirs = new.is_some_and(|new| new.as_ref() == heir && heir.is_some());
            let may_inherit = case.heir.is_some_and(|heir| self.is_member(name, heir));
            if was_theirs && is_the_heirs && may_inherit {
                changes.handed_over += 1;
            } else {
                changes.wrong.push(format!("{name}: {what} {id} went from {owner:?} to {new:?}"));
            }
        }
    }

    fn keys(name: &str, before: &Place, now: &Place, case: &Case, changes: &mut Changes) {
        for id in before.keys.difference(&now.keys) {
            let theirs =
                case.tied.iter().any(|(place, key, maker)| place == name && key == id && case.leavers.contains(maker));
            if theirs && case.revokes && case.shown == KeyShown::Whole {
                changes.revoked += 1;
            } else {
                changes.wrong.push(format!("{name}: key {id} is gone"));
            }
        }
        if now.keys.difference(&before.keys).next().is_some() {
            changes.wrong.push(format!("{name}: a new key"));
        }
    }

    /// Where nothing went wrong on the way, everything that could be done is done: the handed-over equals what was owned.
    pub(super) fn not_done(&self, after: &Self, case: &Case) -> Vec<String> {
        let mut wrong = Vec::new();
        for name in self.places.keys().filter(|name| !case.dead.contains(name) && !case.read_only.contains(name)) {
            let now = &after.places[name];
            let blind = |listing: &str| case.blind.iter().any(|(place, blind)| place == name && *blind == listing);
            for leaver in case.leavers.iter().filter(|leaver| self.is_known(name, leaver)) {
                if after.is_known(name, leaver) {
                    wrong.push(format!("{name}: {leaver} is still there"));
                }
                let theirs = |owner: &Option<String>| owner.is_some() && owner.as_ref() == self.account(leaver);
                if case.heir.is_some_and(|heir| self.is_member(name, heir)) {
                    for (listing, owners) in
                        [("campaigns", &now.campaigns), ("lead-lists", &now.lists), ("leads", &now.leads)]
                    {
                        if !blind(listing) && owners.values().any(theirs) {
                            wrong.push(format!("{name}: {leaver} still has {listing}"));
                        }
                    }
                }
                let keys = case
                    .tied
                    .iter()
                    .filter(|(place, key, maker)| place == name && maker == leaver && now.keys.contains(key));
                let can_tell = case.shown == KeyShown::Whole && !blind("api-keys") && !blind("audit-logs");
                if case.revokes && can_tell && keys.count() > 0 {
                    wrong.push(format!("{name}: {leaver} still has keys"));
                }
            }
        }
        wrong
    }

    /// Says where a certificate claims more than is so. `before` is the agency as keyholder found it.
    pub(super) fn contradicts(&self, before: &Self, paper: &Value, leaver: &str, case: &Case) -> Vec<String> {
        let mut wrong = Vec::new();
        let none_left = paper["verdict"] == "no_access_left";
        let told: BTreeMap<&str, &Value> = paper["workspaces"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|place| (place["workspace"].as_str().unwrap_or_default(), place))
            .collect();
        for (name, place) in &self.places {
            let is_there = self.is_known(name, leaver);
            let keys: Vec<&str> = case
                .tied
                .iter()
                .filter(|(at, key, maker)| at == name && *maker == leaver && place.keys.contains(key))
                .map(|(_, key, _)| key.as_str())
                .collect();
            // Without an account only memberships and keys can be told.
            let was_known = before.is_known(name, leaver);
            let unreadable = case.dead.contains(name);
            let blind = case
                .blind
                .iter()
                .any(|(at, listing)| at == name && (was_known || ["api-keys", "audit-logs"].contains(listing)));
            if none_left && (is_there || unreadable || was_known && !keys.is_empty()) {
                wrong.push(format!(
                    "no access left is claimed, and {name}: there {is_there}, keys {keys:?}, unreadable {unreadable}"
                ));
            }
            if unreadable && paper["complete"] == true {
                wrong.push(format!("complete, and {name} could not be read"));
            }
            let Some(told) = told.get(name.as_str()) else {
                if !unreadable {
                    wrong.push(format!("says nothing of {name}"));
                }
                continue;
            };
            if blind && paper["complete"] == true {
                wrong.push(format!("complete, and a listing of {name} could not be read"));
            }
            let has_gaps = told["gaps"].as_array().is_none_or(|gaps| !gaps.is_empty());
            // A record that bears a key's name and not its id tells that there may be one, and not which.
            let by_name = case.named.iter().any(|(at, maker)| at == name && *maker == leaver);
            if none_left && by_name && told["before"]["belongings_looked_for"] == true {
                wrong.push(format!("no access left is claimed, and {name} may have a key of theirs by its name"));
            }
            if has_gaps && case.calm && !blind && !by_name {
                wrong.push(format!("says that something is not known in {name}: {}", told["gaps"]));
            }
            // Whose account is known has made them; where none is, they may have, and a person must look.
            let (list, of_keys) = if was_known {
                ("access_left", ("kind", "key"))
            } else {
                ("by_hand", ("task", "key_of_unknown_maker"))
            };
            let listed: BTreeSet<&str> = told[list]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|one| one[of_keys.0] == of_keys.1)
                .filter_map(|one| one["id"].as_str())
                .collect();
            if !has_gaps && keys.iter().any(|key| !listed.contains(key)) {
                wrong.push(format!("{list} of {name} has not all keys of theirs: {keys:?}"));
            }
            if is_there && !has_gaps && told["access_left"].as_array().is_none_or(Vec::is_empty) {
                wrong.push(format!("says that nothing is left in {name}, and a row is"));
            }
            if !has_gaps && was_known != (told["before"]["belongings_looked_for"] == true) {
                wrong.push(format!("an account is known in {name}: {was_known}, and the certificate has it otherwise"));
            }
            if !has_gaps && was_known {
                self.leftovers(name, place, told, leaver, &mut wrong);
            }
        }
        wrong
    }

    /// What is still theirs must stand in the list of what a person must do.
    fn leftovers(&self, name: &str, place: &Place, told: &Value, leaver: &str, wrong: &mut Vec<String>) {
        let theirs = |owner: &Option<String>| owner.is_some() && owner.as_ref() == self.account(leaver);
        let not_handed_over: BTreeMap<&str, &str> = told["by_hand"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|one| one["task"] == "not_handed_over")
            .filter_map(|one| Some((one["id"].as_str()?, one["name"].as_str()?)))
            .collect();
        for (id, _) in place.campaigns.iter().chain(&place.lists).filter(|(_, owner)| theirs(owner)) {
            if !not_handed_over.contains_key(id.as_str()) {
                wrong.push(format!("{name}: {id} is still theirs, and the certificate does not say so"));
            }
        }
        // All leads are one line, which begins with how many they are.
        let leads = place.leads.values().filter(|owner| theirs(owner)).count();
        let told = not_handed_over.get("").and_then(|name| name.split(' ').next()?.parse().ok()).unwrap_or(0_usize);
        if told < leads {
            wrong.push(format!("{name}: {leads} leads are still theirs, and the certificate tells of {told}"));
        }
    }
}
