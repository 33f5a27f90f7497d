//! Undoing a hand-over: back to the account it was taken from.

use super::inverse::step;
use super::not_undoable;
use crate::domain::{Change, Held, HeldReason, RestsOn, Thing, UserId};
use crate::plan::draw::Item;
use crate::plan::earlier::Earlier;
use crate::plan::heir;
use crate::plan::leave::incomplete;
use crate::plan::observed::{Found, Observed};

/// Hands back what is still the heir's to who had it, if they are an accepted member here again with the same account.
pub(super) fn of(one: &Earlier, by: &UserId, observed: &Observed, run: &str) -> Item {
    let Change::HandOver { thing, email: former, heir: had, to: Some(to) } = &one.step.change else {
        let outline = step(observed, one.step.change.clone(), one.step.rests_on.clone());
        return Item::held(outline, not_undoable("the ledger does not say who has it", "look in the app"));
    };
    let change =
        Change::HandOver { thing: thing.clone(), email: had.clone(), heir: former.clone(), to: Some(by.clone()) };
    let back = step(observed, change, RestsOn::Owned { by: to.clone() });
    match whose(thing, by, to, observed) {
        Whose::Former => return Item::already(back, format!("it is {former}'s again")),
        Whose::Other(how) => return Item::held(back, moved(&how, thing)),
        Whose::Unseen(held) => return Item::held(back, held),
        Whose::Heir => {}
    }
    match heir::account(observed, former) {
        Ok(account) if account == *by => Item::send(back),
        Ok(_) => {
            let why = format!("{former} is here again with another account than they had");
            Item::held(back, not_undoable(why, format!("give {former} the {thing} in the app")))
        }
        Err(why) => {
            let remedy = format!("once {former} has accepted an invitation, run `keyholder undo {run}` again");
            Item::held(back, not_undoable(why, remedy))
        }
    }
}

/// The world moved by another hand: it is not ours to undo.
fn moved(how: &str, thing: &Thing) -> Held {
    let remedy = format!("give the {thing} in the app to whom it should belong");
    Held::new(HeldReason::Stale, format!("changed since the run: {how}"), remedy)
}

/// Whose a thing is now.
enum Whose {
    Former,
    Heir,
    Other(String),
    Unseen(Held),
}

fn whose(thing: &Thing, by: &UserId, to: &UserId, observed: &Observed) -> Whose {
    let Some(belongings) = observed.belongings.as_deref() else {
        return Whose::Unseen(incomplete(listing(thing), "it was not read"));
    };
    match thing {
        Thing::Campaign { id, .. } => {
            let row = belongings.campaigns.rows.iter().find(|row| row.id == *id);
            one(row.map(|row| row.owned_by.as_ref()), by, to, &belongings.campaigns, thing)
        }
        Thing::LeadList { id, .. } => {
            let row = belongings.lead_lists.rows.iter().find(|row| row.id == *id);
            one(row.map(|row| row.owned_by.as_ref()), by, to, &belongings.lead_lists, thing)
        }
        Thing::Leads { ids } => {
            // One step moves them all: where one of them is somebody else's by now, it is not ours to say whose all should be.
            let each = ids.iter().map(|id| {
                let row = belongings.leads.rows.iter().find(|row| row.id == *id);
                one(row.map(|row| row.assigned_to.as_ref()), by, to, &belongings.leads, thing)
            });
            each.reduce(both).unwrap_or(Whose::Former)
        }
    }
}

fn one<T>(owner: Option<Option<&UserId>>, by: &UserId, to: &UserId, found: &Found<T>, thing: &Thing) -> Whose {
    match (owner, &found.incomplete) {
        (Some(Some(owner)), _) if owner == to => Whose::Heir,
        (Some(Some(owner)), _) if owner == by => Whose::Former,
        (Some(Some(_)), _) => Whose::Other("it is somebody else's now".to_owned()),
        (Some(None), _) => Whose::Other("it is nobody's now".to_owned()),
        (None, Some(why)) => Whose::Unseen(incomplete(listing(thing), why)),
        (None, None) => Whose::Other("it is somebody else's now, or deleted".to_owned()),
    }
}

fn both(one: Whose, other: Whose) -> Whose {
    match (one, other) {
        (Whose::Heir, Whose::Heir) => Whose::Heir,
        (Whose::Former, Whose::Former) => Whose::Former,
        (Whose::Other(how), _) | (_, Whose::Other(how)) => Whose::Other(how),
        (Whose::Unseen(held), _) | (_, Whose::Unseen(held)) => Whose::Unseen(held),
        (Whose::Heir, Whose::Former) | (Whose::Former, Whose::Heir) => {
            Whose::Other("some of them are back already".to_owned())
        }
    }
}

fn listing(thing: &Thing) -> &'static str {
    match thing {
        Thing::Campaign { .. } => "campaigns",
        Thing::LeadList { .. } => "lead-lists",
        Thing::Leads { .. } => "leads",
    }
}
