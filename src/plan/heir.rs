//! Who inherits, and whose it is: the guards of hand-overs and revocations.
//!
//! Owns what must be true of the two people and their accounts. Asked when a plan is drawn, and again at the moment of sending.

use std::collections::BTreeSet;

use super::observed::Observed;
use super::person::{self, Person};
use crate::domain::{Change, Email, Held, HeldReason, Member, RestsOn, Step, UserId};

/// Finds the account that is to inherit: that of the heir's accepted row. The error says why there is none.
pub(super) fn account(observed: &Observed, heir: &Email) -> Result<UserId, String> {
    let rows = match person::find(&observed.members, heir) {
        Person::Nobody => return Err(format!("{heir} is not in this workspace")),
        Person::Ambiguous(_) => return Err(format!("several accounts bear {heir} here")),
        Person::Rows(rows) => rows,
    };
    let accepted: Vec<&Member> = rows.into_iter().filter(|row| row.accepted).collect();
    let accounts: BTreeSet<Option<&UserId>> = accepted.iter().map(|row| row.user_id.as_ref()).collect();
    match (accounts.first(), accounts.len()) {
        (None, _) => Err(format!("{heir} has not accepted the invitation here")),
        (Some(Some(account)), 1) => Ok((*account).clone()),
        (Some(None), 1) => Err(format!("no account of {heir} is known here")),
        _ => Err(format!("{heir} has several accounts here")),
    }
}

/// A hand-over to somebody who cannot have it.
pub(super) fn no_heir(why: impl Into<String>) -> Held {
    Held::new(
        HeldReason::HeirNotMember,
        why,
        "invite who is to have it and let them accept, or name another person, or leave --hand-over-to out",
    )
}

/// Returns why a hand-over must not go to its heir, or nothing.
pub(super) fn judge(step: &Step, observed: &Observed) -> Option<Held> {
    let Change::HandOver { email, heir, to, .. } = &step.change else { return None };
    if heir == email {
        return Some(no_heir(format!("{heir} is who leaves it")));
    }
    let account = match account(observed, heir) {
        Ok(account) => account,
        Err(why) => return Some(no_heir(why)),
    };
    if to.as_ref() != Some(&account) {
        return Some(no_heir(format!("the account of {heir} is another than planned")));
    }
    let by_step = matches!(&step.rests_on, RestsOn::Owned { by, .. } if *by == account);
    let by_row =
        person::find(&observed.members, email).bearing().iter().any(|row| row.user_id.as_ref() == Some(&account));
    (by_step || by_row).then(|| no_heir(format!("{heir} and {email} share an account here")))
}

/// Returns why it cannot be told that what a step takes is its person's, or nothing: an account is nobody's alone that a row bears which
/// is not theirs.
pub(super) fn contested(step: &Step, observed: &Observed) -> Option<Held> {
    if !matches!(step.change, Change::HandOver { .. } | Change::Revoke { .. }) {
        return None;
    }
    let email = step.change.person()?;
    let own = match person::find(&observed.members, email) {
        Person::Nobody => Vec::new(),
        Person::Rows(rows) => rows,
        Person::Ambiguous(_) => return Some(ambiguous(format!("several accounts bear {email}"))),
    };
    let account = account_behind(step)?;
    let other = observed
        .members
        .iter()
        .filter(|row| row.user_id.as_ref() == Some(account))
        .filter(|row| own.iter().all(|own| own.id != row.id))
        // The order of a listing must not choose whom it names.
        .min_by(|a, b| a.id.cmp(&b.id))?;
    Some(ambiguous(format!("the account of {email} is {}'s as well (row {})", other.email, other.id)))
}

fn ambiguous(why: String) -> Held {
    Held::new(
        HeldReason::AmbiguousPerson,
        why,
        "look at these rows in the app and remove the one that is meant there; what is theirs can be handed over in the app",
    )
}

/// The account whose things a step takes: of a key, the one its record names.
pub(super) fn account_behind(step: &Step) -> Option<&UserId> {
    match (&step.change, &step.rests_on) {
        (Change::HandOver { .. }, RestsOn::Owned { by, .. }) => Some(by),
        (Change::Revoke { .. }, RestsOn::Key { by, .. }) => by.as_ref(),
        _ => None,
    }
}
