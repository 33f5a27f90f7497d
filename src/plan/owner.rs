//! The plan about who owns a workspace: one transfer, to somebody who is an accepted member there.
//!
//! Pure. Owns what must be true of who owns it and of who is to; the guards ask it when a plan is drawn, and again at the moment of sending.

use std::collections::BTreeSet;

use super::draw::{Item, Note, Plan, of_each};
use super::guard::Rules;
use super::heir;
use super::observed::Observed;
use crate::domain::{Change, Disposition, Email, Held, HeldReason, Member, Mode, RestsOn, Role, Step};

/// Who should own a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerWish {
    /// The person.
    pub email: Email,
}

/// Draws the plan: for every observed workspace its wish, judged by the guards.
pub fn draw_owners(seen: &[(Observed, Vec<OwnerWish>)], rules: &Rules) -> Plan {
    of_each(seen, rules, draw_workspace)
}

fn draw_workspace(observed: &Observed, wishes: &[OwnerWish], rules: &Rules) -> (Vec<Item>, Vec<Note>) {
    let people: BTreeSet<&Email> = wishes.iter().map(|wish| &wish.email).collect();
    let contested = people.len() > 1;
    let mut items = Vec::new();
    for email in people {
        let mut item = transfer(observed, email);
        // Of a workspace that is `off` nothing is known, so not even an `already` may be said.
        if (item.sends() || observed.mode == Mode::Off)
            && let Some(held) = rules.judge(&item.step, observed, 0)
        {
            item.disposition = Disposition::Held(held);
        }
        if let Some(held) = rules.in_doubt.judge(&item, observed) {
            item.disposition = Disposition::Held(held);
        }
        if item.sends() && contested {
            let several = "several people are to own the workspace";
            item.disposition =
                Disposition::Held(Held::new(HeldReason::AmbiguousPerson, several, "name one of them alone"));
        }
        items.push(item);
    }
    let notes = items.iter().filter(|item| item.sends()).map(|item| hands(observed, &item.step)).collect();
    (items, notes)
}

/// Says from whom to whom it goes, by their addresses: the step itself knows accounts.
fn hands(observed: &Observed, step: &Step) -> Note {
    let to = step.change.subject().as_str();
    let is = owner_row(observed)
        .map_or_else(|| "somebody whom the member list does not show".to_owned(), |row| row.email.to_string());
    let account = if let RestsOn::Ownership { to, .. } = &step.rests_on { Some(to) } else { None };
    let heir = observed.members.iter().find(|row| row.accepted && row.user_id.as_ref() == account);
    let role = heir.map_or_else(String::new, |row| format!(", who is {} there", row.role));
    Note::new(observed, to, format!("owned by {is} now; it goes to {to}{role}, and nothing undoes that"))
}

fn transfer(observed: &Observed, email: &Email) -> Item {
    let step =
        |rests_on| Step::new(&observed.workspace, &observed.id, Change::Transfer { email: email.clone() }, rests_on);
    let nobody = || step(RestsOn::Absent);
    if let Some(why) = &observed.incomplete {
        return Item::held(nobody(), Held::incomplete(why));
    }
    let Some(is) = observed.owner.clone() else {
        return Item::held(nobody(), Held::new(HeldReason::Owner, UNSAID, "look at the workspace in the vendor's app"));
    };
    match heir::account(observed, email) {
        Err(why) => Item::held(nobody(), no_member(observed, email, why)),
        Ok(to) if to == is => Item::already(step(RestsOn::Ownership { is, to }), format!("{email} owns the workspace")),
        Ok(to) => Item::send(step(RestsOn::Ownership { is, to })),
    }
}

const UNSAID: &str = "the workspace does not say who owns it";

/// A transfer to somebody who cannot have it.
fn no_member(observed: &Observed, email: &Email, why: impl Into<String>) -> Held {
    let remedy = format!(
        "bring them in with `keyholder onboard {email} --role admin -w {}`, let them accept in the app, then run the command again",
        observed.workspace
    );
    Held::new(HeldReason::HeirNotMember, why, remedy)
}

/// What has no token cannot be sent: a plan and a ledger keep none.
pub fn without_token(step: &Step) -> Held {
    Held::new(
        HeldReason::TokenMissing,
        "there is no security token: no plan and no ledger keeps one, `keyholder owner transfer` alone takes one",
        format!(
            "run `keyholder owner transfer {} --to {} --security-token-file FILE` (see `keyholder help ownership`)",
            step.workspace,
            step.change.subject()
        ),
    )
}

/// Holds the transfers of a plan that is to be sent without a token. The plan keeps its id: it is the one that was reviewed.
pub fn hold_without_token(plan: &mut Plan) {
    let sends = |item: &&mut Item| item.sends() && matches!(item.step.change, Change::Transfer { .. });
    for item in plan.items.iter_mut().filter(sends) {
        item.disposition = Disposition::Held(without_token(&item.step));
    }
}

/// Returns why the ownership must not go to whom it is to go, or nothing.
pub(super) fn judge(step: &Step, observed: &Observed) -> Option<Held> {
    let (Change::Transfer { email }, RestsOn::Ownership { is, to }) = (&step.change, &step.rests_on) else {
        return None;
    };
    // Where it is as asked already, the lane tells.
    let moved = observed.owner.as_ref().is_none_or(|owner| owner != is && owner != to);
    if moved {
        let now =
            observed.owner.as_ref().map_or_else(|| UNSAID.to_owned(), |owner| format!("account {owner} owns it now"));
        let detail = format!("the world moved since the plan was drawn: {now}");
        return Some(Held::new(HeldReason::Stale, detail, "plan again"));
    }
    match heir::account(observed, email) {
        Ok(account) if account == *to => None,
        Ok(_) => Some(no_member(observed, email, format!("the account of {email} is another than planned"))),
        Err(why) => Some(no_member(observed, email, why)),
    }
}

/// Returns why a transfer would take a workspace from somebody whom nobody can tell to be unprotected, or nothing: `bears` tells whether an
/// address is protected, and there is at least one.
pub(super) fn protects(step: &Step, observed: &Observed, bears: impl Fn(&Email) -> bool) -> Option<Held> {
    let RestsOn::Ownership { is, .. } = &step.rests_on else { return None };
    let rows: Vec<&Member> = rows(observed).collect();
    let row = rows.iter().find(|row| bears(&row.email) || row.user_email.as_ref().is_some_and(&bears));
    let (detail, remedy) = match row {
        Some(row) => (
            format!("{}, who owns the workspace now, is protected", row.email),
            "take the address out of `guards.protected` in keyholder.toml, if that is meant",
        ),
        None if rows.is_empty() => (
            format!(
                "whether the owner, account {is}, is protected cannot be told: no row of the member list is theirs"
            ),
            "look at the workspace in the app, or transfer it there",
        ),
        None => return None,
    };
    Some(Held::new(HeldReason::Protected, detail, remedy))
}

/// The rows of who owns the workspace: those of the owner's account, and any with the role owner.
fn rows(observed: &Observed) -> impl Iterator<Item = &Member> {
    let owner = observed.owner.as_ref();
    observed
        .members
        .iter()
        .filter(move |row| row.role == Role::Owner || owner.is_some() && row.user_id.as_ref() == owner)
}

/// Finds the row of who owns the workspace: the accepted one of the owner's account; else any of theirs; where the workspace names nobody,
/// or nobody in the list, one with the role owner whose account is not another.
pub fn owner_row(observed: &Observed) -> Option<&Member> {
    let theirs = |row: &&Member| observed.owner.is_some() && row.user_id == observed.owner;
    let mut rows: Vec<&Member> = rows(observed).collect();
    // The order of a listing must not choose who is told of.
    rows.sort_by_key(|row| (!theirs(row), !row.accepted, row.id.clone()));
    let first = *rows.first()?;
    (theirs(&first) || observed.owner.is_none() || first.user_id.is_none()).then_some(first)
}

/// Tells whether a person owns the workspace.
pub(super) fn is_owned_by(observed: &Observed, email: &Email) -> bool {
    observed.owner.is_some() && heir::account(observed, email).ok() == observed.owner
}

#[cfg(test)]
mod tests;
